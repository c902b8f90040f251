//! A compiled contract as plain data. `container` gives its bytes, `verify` its rules, `plan` its cost.

/// Which field, protocol family and template versions a contract was compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Profile {
    /// Shamir over 2^61-1, templates version 1.
    ShamirM61V1,
}

/// A compiled contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contract {
    /// Name in the source.
    pub name: String,
    /// `version` in the source.
    pub version: u32,
    /// Field and protocol.
    pub profile: Profile,
    /// Groups in source order.
    pub groups: Vec<Group>,
    /// Collections in source order.
    pub collections: Vec<Collection>,
    /// Everything the contract ever shows, in source order.
    pub manifest: Vec<Reveal>,
    /// Entries in source order.
    pub entries: Vec<Entry>,
}

/// A group of members with bounds on how many take part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Name in the source.
    pub name: String,
    /// Fewer contributors than this: no computation.
    pub min: u32,
    /// Most members.
    pub max: u32,
}

/// One private value from each member of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    /// Name in the source.
    pub name: String,
    /// Index into [`Contract::groups`].
    pub group: u16,
    /// Smallest valid value.
    pub low: i64,
    /// Largest valid value.
    pub high: i64,
    /// What the owners allow to be shown.
    pub allows: Vec<Allow>,
}

/// One `allow` clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allow {
    /// How far the value must be mixed with others.
    pub shape: Shape,
    /// Who may see it.
    pub recipients: Vec<Recipient>,
}

/// How a value depends on the rows of a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// Mixes at least this many rows.
    Aggregate(u32),
    /// One value for each owner, to that owner.
    PerOwner,
    /// Anything.
    Any,
}

/// Who receives a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recipient {
    /// Every member of the group (index into [`Contract::groups`]) gets the same value.
    EachOf(u16),
    /// The owner of row i of the collection (index into [`Contract::collections`]) gets value i.
    OwnerOf(u16),
}

/// One disclosure: the manifest's unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reveal {
    /// Name in the source and in results.
    pub name: String,
    /// Index into [`Contract::entries`].
    pub entry: u16,
    /// Who learns it.
    pub recipient: Recipient,
    /// From which collections it is computed, and how far each is mixed.
    pub sources: Vec<(u16, Shape)>,
}

/// An entry's code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Name in the source.
    pub name: String,
    /// Straight-line macro-operations; each register is assigned once, in order from 0.
    pub code: Vec<Op>,
}

/// A secret register: a scalar, or a vector over a collection's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct S(pub u16);

/// A public register: a scalar integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct C(pub u16);

/// Which way ranks count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Order {
    /// The smallest value has rank 1.
    Ascending,
    /// The largest value has rank 1.
    Descending,
}

/// A macro-operation. `dst` is always the next unused register of its bank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op {
    /// A public constant.
    Const { dst: C, value: i64 },
    /// The number of rows of a collection in this run.
    Rows { dst: C, collection: u16 },
    /// The rows of a collection, as a vector over its rows. Rows outside the declared range are
    /// dropped before (decisions 15).
    Input { dst: S, collection: u16 },
    /// Element-wise sum; a scalar operand is repeated.
    Add { dst: S, a: S, b: S },
    /// Element-wise difference; a scalar operand is repeated.
    Sub { dst: S, a: S, b: S },
    /// Adds a public value to each element.
    AddPublic { dst: S, a: S, b: C },
    /// Multiplies each element by a public value.
    MulPublic { dst: S, a: S, b: C },
    /// Element-wise product; a scalar operand is repeated.
    Mul { dst: S, a: S, b: S },
    /// Sum of a vector's elements: a scalar.
    Sum { dst: S, a: S },
    /// Each element divided by a public value, truncating toward zero; 0 when the divisor is 0.
    DivPublic { dst: S, a: S, b: C },
    /// Rank of each element among all (1 + how many come strictly before it): ties share a rank.
    Rank { dst: S, a: S, order: Order },
    /// Sends `src` to the recipients of manifest line `reveal`, re-randomised and sealed.
    Out { reveal: u16, src: S },
}
