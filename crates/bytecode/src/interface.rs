//! What people and client programs need to know of a contract: the `.enj` file ([`Interface`] as
//! JSON), and the manifest in plain sentences for those who own the data.

use serde::{Deserialize, Serialize};

use crate::container;
use crate::model::{Contract, Kind, Recipient, Reveal, Shape};

/// A contract as its clients see it, without code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// The contract's name.
    pub contract: String,
    /// Its version.
    pub version: u32,
    /// Field, protocol family and templates it was compiled for.
    pub profile: String,
    /// By which the chain knows it, as `0x` and hexadecimal digits.
    pub hash: String,
    /// By which consents name what it shows.
    pub manifest_hash: String,
    /// Groups, in source order.
    pub groups: Vec<GroupInterface>,
    /// Names of parties, in source order: an instance binds them in this order.
    pub parties: Vec<String>,
    /// Collections, in source order.
    pub collections: Vec<CollectionInterface>,
    /// Entries, in source order.
    pub entries: Vec<EntryInterface>,
    /// Who learns what, in sentences.
    pub manifest: Vec<String>,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupInterface {
    /// Its name.
    pub name: String,
    /// Fewest contributors.
    pub min: u32,
    /// Most members.
    pub max: u32,
}

/// A collection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionInterface {
    /// Its name.
    pub name: String,
    /// Name of the group whose members give values.
    pub group: String,
    /// What a value is.
    pub kind: ValueKind,
    /// Smallest valid value; of truth values 0, which is `false`.
    pub low: i64,
    /// Largest valid value; of truth values 1, which is `true`.
    pub high: i64,
    /// What the owners allow.
    pub allows: Vec<AllowInterface>,
}

/// One `allow` clause, as written in the source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowInterface {
    /// What may be shown.
    pub shape: String,
    /// To whom.
    pub to: Vec<String>,
}

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryInterface {
    /// Its name.
    pub name: String,
    /// What it reads.
    pub inputs: Vec<InputInterface>,
    /// What it reveals, in order.
    pub results: Vec<ResultInterface>,
}

/// A collection that an entry reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputInterface {
    /// Its name.
    pub collection: String,
    /// Fewest valid rows.
    pub minimum_rows: u32,
    /// Most rows.
    pub maximum_rows: u32,
}

/// A result of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultInterface {
    /// Its name.
    pub name: String,
    /// Who receives it, as written in the source.
    pub to: String,
    /// Who receives it, for programs.
    pub recipient: RecipientInterface,
    /// What the value is.
    pub kind: ValueKind,
    /// From what it is computed.
    pub sources: Vec<SourceInterface>,
}

/// A collection a result is computed from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceInterface {
    /// The collection's name.
    pub collection: String,
    /// Under which shape it is released, as written in the source.
    pub shape: String,
}

/// Who receives a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecipientInterface {
    /// Every member of this group gets the same value.
    Each(String),
    /// Every member whose value of this collection is used gets a value of their own.
    Owner(String),
    /// This party.
    Party(String),
}

/// What a value is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueKind {
    /// A whole number.
    Integer,
    /// A truth value, 0 or 1.
    Bool,
    /// The number of a member in the list of members of this collection; the ledger has the account.
    MemberOf(String),
}

impl Interface {
    /// The interface of a contract.
    #[must_use]
    pub fn of(contract: &Contract) -> Interface {
        let bytes = container::encode(contract);
        let groups = contract.groups.iter().map(|group| GroupInterface {
            name: group.name.clone(),
            min: group.min,
            max: group.max,
        });
        let collections = contract.collections.iter().map(|c| CollectionInterface {
            name: c.name.clone(),
            group: group_name(contract, c.group).to_owned(),
            kind: kind(contract, c.kind),
            low: c.low,
            high: c.high,
            allows: c
                .allows
                .iter()
                .map(|allow| AllowInterface {
                    shape: shape(allow.shape),
                    to: allow
                        .recipients
                        .iter()
                        .map(|&r| recipient(contract, r))
                        .collect(),
                })
                .collect(),
        });
        Interface {
            contract: contract.name.clone(),
            version: contract.version,
            profile: "shamir-m61-v1".to_owned(),
            hash: container::contract_hash(&bytes).to_string(),
            manifest_hash: container::manifest_hash(contract).to_string(),
            groups: groups.collect(),
            parties: contract.parties.clone(),
            collections: collections.collect(),
            entries: (0..contract.entries.len())
                .map(|index| entry(contract, index))
                .collect(),
            manifest: sentences(contract),
        }
    }
}

/// The interface as JSON text.
#[must_use]
pub fn to_json(contract: &Contract) -> String {
    let text = serde_json::to_string_pretty(&Interface::of(contract));
    format!(
        "{}\n",
        text.expect("a structure of texts and numbers is JSON")
    )
}

/// Who learns what, one sentence per reveal, and that nobody learns anything else.
#[must_use]
pub fn sentences(contract: &Contract) -> Vec<String> {
    let mut out: Vec<String> = contract
        .manifest
        .iter()
        .map(|r| sentence(contract, r))
        .collect();
    out.push(if out.is_empty() {
        "Nobody learns anything.".to_owned()
    } else {
        "Nobody learns anything else.".to_owned()
    });
    out
}

/// A recipient as it is written in a contract.
pub(crate) fn recipient(contract: &Contract, recipient: Recipient) -> String {
    match recipient {
        Recipient::EachOf(group) => format!("each {}", group_name(contract, group)),
        Recipient::OwnerOf(collection) => {
            format!("owner({})", collection_name(contract, collection))
        }
        Recipient::Party(party) => party_name(contract, party).to_owned(),
    }
}

/// A shape as it is written in a contract.
pub(crate) fn shape(shape: Shape) -> String {
    match shape {
        Shape::Aggregate(k) => format!("aggregate({k})"),
        Shape::Member => "member".to_owned(),
        Shape::PerOwner => "per_owner".to_owned(),
        Shape::Any => "any".to_owned(),
    }
}

fn kind(contract: &Contract, kind: Kind) -> ValueKind {
    match kind {
        Kind::Integer => ValueKind::Integer,
        Kind::Bool => ValueKind::Bool,
        Kind::MemberOf(collection) => {
            ValueKind::MemberOf(collection_name(contract, collection).to_owned())
        }
    }
}

fn entry(contract: &Contract, index: usize) -> EntryInterface {
    let used = contract.collections_used(index).into_iter();
    let inputs = used.map(|collection| InputInterface {
        collection: collection_name(contract, collection).to_owned(),
        minimum_rows: contract.minimum_rows(index, usize::from(collection)),
        maximum_rows: contract.maximum_rows(usize::from(collection)),
    });
    let lines = contract
        .manifest
        .iter()
        .filter(|reveal| usize::from(reveal.entry) == index);
    let results = lines.map(|reveal| ResultInterface {
        name: reveal.name.clone(),
        to: recipient(contract, reveal.recipient),
        recipient: match reveal.recipient {
            Recipient::EachOf(group) => {
                RecipientInterface::Each(group_name(contract, group).to_owned())
            }
            Recipient::OwnerOf(collection) => {
                RecipientInterface::Owner(collection_name(contract, collection).to_owned())
            }
            Recipient::Party(party) => {
                RecipientInterface::Party(party_name(contract, party).to_owned())
            }
        },
        kind: kind(contract, reveal.kind),
        sources: reveal
            .sources
            .iter()
            .map(|&(collection, s)| SourceInterface {
                collection: collection_name(contract, collection).to_owned(),
                shape: shape(s),
            })
            .collect(),
    });
    EntryInterface {
        name: entry_name(contract, index).to_owned(),
        inputs: inputs.collect(),
        results: results.collect(),
    }
}

fn sentence(contract: &Contract, reveal: &Reveal) -> String {
    let entry = usize::from(reveal.entry);
    let name = &reveal.name;
    let person = match reveal.kind {
        Kind::MemberOf(of) => collection_name(contract, of),
        Kind::Integer | Kind::Bool => "?",
    };
    let who = match (reveal.recipient, reveal.kind) {
        (Recipient::EachOf(group), kind) => {
            let what = match kind {
                Kind::Integer => "the same number for all".to_owned(),
                Kind::Bool => "the same for all, yes or no".to_owned(),
                Kind::MemberOf(_) => {
                    format!("the same for all: who gave one of the values of `{person}`")
                }
            };
            format!(
                "Each of `{}` learns `{name}`, {what}",
                group_name(contract, group)
            )
        }
        (Recipient::OwnerOf(collection), _) => {
            let of = collection_name(contract, collection);
            format!(
                "Each person who gives a value to `{of}` learns their own `{name}`, and nobody else's"
            )
        }
        (Recipient::Party(party), kind) => {
            let what = match kind {
                Kind::Integer => "a number".to_owned(),
                Kind::Bool => "yes or no".to_owned(),
                Kind::MemberOf(_) => format!("who gave one of the values of `{person}`"),
            };
            format!(
                "The party `{}` learns `{name}`, {what}",
                party_name(contract, party)
            )
        }
    };
    let sources: Vec<String> = reveal
        .sources
        .iter()
        .map(|&(collection, s)| {
            let name = collection_name(contract, collection);
            let rows = contract.minimum_rows(entry, usize::from(collection));
            match s {
                Shape::Aggregate(_) | Shape::Member => {
                    format!("all values of `{name}` together, at least {rows} of them")
                }
                Shape::PerOwner => {
                    format!("their own value of `{name}` compared or combined with the others, at least {rows} in all")
                }
                Shape::Any => format!("values of `{name}`, which their owners allow to be shown in any form"),
            }
        })
        .collect();
    format!(
        "{who}. It is computed by `{}` from {}.",
        entry_name(contract, entry),
        sources.join(" and from ")
    )
}

fn entry_name(contract: &Contract, index: usize) -> &str {
    contract.entries.get(index).map_or("?", |entry| &entry.name)
}

fn group_name(contract: &Contract, index: u16) -> &str {
    contract
        .groups
        .get(usize::from(index))
        .map_or("?", |group| &group.name)
}

fn party_name(contract: &Contract, index: u16) -> &str {
    contract
        .parties
        .get(usize::from(index))
        .map_or("?", String::as_str)
}

fn collection_name(contract: &Contract, index: u16) -> &str {
    contract
        .collections
        .get(usize::from(index))
        .map_or("?", |collection| &collection.name)
}
