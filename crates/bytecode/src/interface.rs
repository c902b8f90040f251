//! What people and client programs need to know of a contract: the `.enj` file ([`Interface`] as
//! JSON), and the manifest in plain sentences for those who own the data.

mod build;
mod names;
mod sentences;

use serde::{Deserialize, Serialize};

use crate::model::Contract;

pub use sentences::sentences;

pub(crate) use names::{Names, hex, profile, shape};
pub use names::{millionths, source_name, trillionths};

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
    /// Enumerations that columns are of.
    pub enums: Vec<EnumInterface>,
    /// Collections, in source order.
    pub collections: Vec<CollectionInterface>,
    /// Stored state, in source order.
    pub slots: Vec<SlotInterface>,
    /// How much of what each contributor gave may be used up.
    pub budget: Option<BudgetInterface>,
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
    /// Whether a condition decides from the ledger who belongs to it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub admits: bool,
}

/// An enumeration: a value is the place of its name, counted from 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnumInterface {
    /// Its name.
    pub name: String,
    /// What its values are called.
    pub variants: Vec<String>,
}

/// A collection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionInterface {
    /// Its name.
    pub name: String,
    /// Who gives rows.
    pub from: AccountsInterface,
    /// Whether rows have to fulfil a condition to count.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub checks: bool,
    /// The most rows that one gives; nothing when each gives exactly one.
    pub max_rows: Option<u32>,
    /// What a row consists of.
    pub columns: Vec<ColumnInterface>,
    /// What the owners allow.
    pub allows: Vec<AllowInterface>,
}

/// The members of a group, or a party.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountsInterface {
    /// Any member of this group, each on their own.
    Each(String),
    /// This party.
    Party(String),
}

/// One number of a row, a parameter, a slot or a result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnInterface {
    /// The way to it from the whole, like `age` or `face.0`; empty when it is the whole.
    pub name: String,
    /// What a value is.
    pub kind: ValueKind,
    /// Smallest valid value; of truth values 0, which is `false`.
    pub low: i64,
    /// Largest valid value; of truth values 1, which is `true`.
    pub high: i64,
}

/// One `allow` clause, as written in the source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowInterface {
    /// What may be shown.
    pub shape: String,
    /// To whom.
    pub to: Vec<String>,
}

/// Stored state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotInterface {
    /// Its name.
    pub name: String,
    /// Where it is kept.
    pub store: StoreInterface,
    /// Whether it is a map.
    pub keyed: bool,
    /// Whether entries only add to it.
    pub accumulator: bool,
    /// What it consists of.
    pub columns: Vec<ColumnInterface>,
    /// What is in each column at first, of a map at every key.
    pub initial: Vec<KnownInterface>,
    /// What may be shown of it.
    pub allows: Vec<AllowInterface>,
}

/// Where a slot is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoreInterface {
    /// On the chain, for everyone.
    Ledger,
    /// Secret-shared, at the committee.
    Secret,
    /// At the committee, for whoever fulfils a condition.
    Dht,
}

/// How much of what each contributor gave may be used up: what would pass it is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BudgetInterface {
    /// What all noise on one contributor's data may cost together, in millionths of epsilon.
    pub epsilon_total_millionths: Option<u64>,
    /// The same in units of 10^-12 of delta: the probability with which it may tell more.
    #[serde(default)]
    pub delta_total_trillionths: Option<u64>,
    /// In how many runs one input may take part.
    pub runs_per_input: Option<u32>,
}

/// A public value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum KnownInterface {
    /// A number, or a truth value as 1 or 0.
    Number(i64),
    /// Bytes, as `0x` and hexadecimal digits.
    Bytes(String),
}

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryInterface {
    /// Its name.
    pub name: String,
    /// Who may call it; anyone when nothing is stated.
    pub by: Option<AccountsInterface>,
    /// What the caller gives.
    pub params: Vec<ParamInterface>,
    /// What it reads.
    pub inputs: Vec<InputInterface>,
    /// What it reveals, in order.
    pub results: Vec<ResultInterface>,
}

/// A parameter of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParamInterface {
    /// Its name.
    pub name: String,
    /// Whether the caller deals it to the nodes; else everyone sees it.
    pub private: bool,
    /// What it consists of.
    pub columns: Vec<ColumnInterface>,
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
    pub recipients: Vec<RecipientInterface>,
    /// What it consists of.
    pub columns: Vec<ColumnInterface>,
    /// From what it is computed.
    pub sources: Vec<SourceInterface>,
    /// Sizes below which the entry does not run.
    pub min_groups: Vec<GuardInterface>,
    /// A value is shown only where so many are counted, and whether it is is shown, too.
    pub hidden_below: Option<u32>,
    /// What is added to each value before it is shown.
    pub noise: Option<NoiseInterface>,
    /// What is added to each count before it is compared with `hidden_below`.
    #[serde(default)]
    pub noise_of_counts: Option<NoiseInterface>,
    /// What one run's noise of this result costs each giver of the privacy budget, in millionths of epsilon.
    #[serde(default)]
    pub epsilon_millionths: Option<u64>,
    /// The same in units of 10^-12 of delta, of noise that has one.
    #[serde(default)]
    pub delta_trillionths: Option<u64>,
}

/// Private data a result is computed from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceInterface {
    /// Which.
    #[serde(flatten)]
    pub from: SourceName,
    /// Under which shape it is released, as written in the source.
    pub shape: String,
}

/// Names private data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceName {
    /// The rows of this collection.
    Collection(String),
    /// What is stored in this slot.
    Slot(String),
    /// This private parameter of the entry.
    Param(String),
}

/// A guard on the size of a collection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GuardInterface {
    /// The collection's name.
    pub collection: String,
    /// Fewest rows.
    pub rows: u32,
}

/// A distribution of noise on whole numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoiseInterface {
    /// Discrete Laplace: x has probability proportional to (decay / 2^64)^|x|. In decimal digits.
    Laplace(String),
    /// Discrete Gaussian.
    Gaussian {
        /// Of 0 steps, x has probability proportional to (decay / 2^64)^(x^2); else it is Y's, in decimal digits.
        decay: String,
        /// How often a number of variance 77 was added to four times what was there before, at first Y.
        steps: u8,
    },
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
    /// Who calls the entry.
    Caller,
    /// Everyone.
    Public,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueKind {
    /// A whole number.
    Integer,
    /// A truth value, 0 or 1.
    Bool,
    /// A number in fixed point, with so many bits behind the point.
    Fixed(u8),
    /// The place of a name of this enumeration, counted from 0.
    Enum(String),
    /// Public bytes, so many at most.
    Bytes(u32),
    /// 52 bits of private bytes, the lowest piece first, as a number.
    Limb,
    /// An account.
    Account,
    /// The number of a member in the list of members of this collection; the ledger has the account.
    MemberOf(String),
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
