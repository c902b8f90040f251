//! What people and client programs need to know of a contract: the `.enj` file, and the manifest in
//! plain sentences for those who own the data.

use serde_json::{Value, json};

use crate::container;
use crate::model::{Contract, Recipient, Reveal, Shape};

/// The interface as JSON text, keys in alphabetical order.
#[must_use]
pub fn to_json(contract: &Contract) -> String {
    let bytes = container::encode(contract);
    let collections: Vec<Value> = contract
        .collections
        .iter()
        .map(|collection| {
            let allows = collection.allows.iter().map(|allow| {
                let to: Vec<String> = allow
                    .recipients
                    .iter()
                    .map(|&r| recipient(contract, r))
                    .collect();
                json!({ "shape": shape(allow.shape), "to": to })
            });
            json!({
                "name": collection.name,
                "group": group_name(contract, collection.group),
                "low": collection.low,
                "high": collection.high,
                "allows": allows.collect::<Vec<_>>(),
            })
        })
        .collect();
    let groups = contract.groups.iter();
    let entries = (0..contract.entries.len()).map(|index| entry(contract, index));
    let interface = json!({
        "contract": contract.name,
        "version": contract.version,
        "profile": "shamir-m61-v1",
        "hash": container::contract_hash(&bytes).to_string(),
        "manifest_hash": container::manifest_hash(contract).to_string(),
        "groups": groups
            .map(|g| json!({ "name": g.name, "min": g.min, "max": g.max }))
            .collect::<Vec<_>>(),
        "collections": collections,
        "entries": entries.collect::<Vec<_>>(),
        "manifest": sentences(contract),
    });
    format!("{interface:#}\n")
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
    }
}

/// A shape as it is written in a contract.
pub(crate) fn shape(shape: Shape) -> String {
    match shape {
        Shape::Aggregate(k) => format!("aggregate({k})"),
        Shape::PerOwner => "per_owner".to_owned(),
        Shape::Any => "any".to_owned(),
    }
}

fn entry(contract: &Contract, index: usize) -> Value {
    let inputs = contract
        .collections_used(index)
        .into_iter()
        .map(|collection| {
            json!({
                "collection": collection_name(contract, collection),
                "minimum_rows": contract.minimum_rows(index, usize::from(collection)),
                "maximum_rows": contract.maximum_rows(usize::from(collection)),
            })
        });
    let lines = contract
        .manifest
        .iter()
        .filter(|reveal| usize::from(reveal.entry) == index);
    let results = lines.map(|reveal| {
        let sources = reveal.sources.iter().map(|&(collection, s)| {
            json!({ "collection": collection_name(contract, collection), "shape": shape(s) })
        });
        json!({
            "name": reveal.name,
            "to": recipient(contract, reveal.recipient),
            "type": match reveal.recipient {
                Recipient::EachOf(_) => "integer",
                Recipient::OwnerOf(_) => "integer per owner",
            },
            "sources": sources.collect::<Vec<_>>(),
        })
    });
    json!({
        "name": contract.entries.get(index).map_or("", |entry| &entry.name),
        "inputs": inputs.collect::<Vec<_>>(),
        "results": results.collect::<Vec<_>>(),
    })
}

fn sentence(contract: &Contract, reveal: &Reveal) -> String {
    let entry = usize::from(reveal.entry);
    let who = match reveal.recipient {
        Recipient::EachOf(group) => {
            format!(
                "Each of `{}` learns `{}`, the same number for all",
                group_name(contract, group),
                reveal.name
            )
        }
        Recipient::OwnerOf(collection) => {
            let of = collection_name(contract, collection);
            format!(
                "Each person who gives a value to `{of}` learns their own `{}`, and nobody else's",
                reveal.name
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
                Shape::Aggregate(_) => format!("all values of `{name}` together, at least {rows} of them"),
                Shape::PerOwner => {
                    format!("their own value of `{name}` compared or combined with the others, at least {rows} in all")
                }
                Shape::Any => format!("values of `{name}`, which their owners allow to be shown in any form"),
            }
        })
        .collect();
    let name = contract.entries.get(entry).map_or("?", |entry| &entry.name);
    format!(
        "{who}. It is computed by `{name}` from {}.",
        sources.join(" and from ")
    )
}

fn group_name(contract: &Contract, index: u16) -> &str {
    contract
        .groups
        .get(usize::from(index))
        .map_or("?", |group| &group.name)
}

fn collection_name(contract: &Contract, index: u16) -> &str {
    contract
        .collections
        .get(usize::from(index))
        .map_or("?", |collection| &collection.name)
}
