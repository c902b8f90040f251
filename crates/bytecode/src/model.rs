//! A compiled contract as plain data. `container` gives its bytes, `verify` its rules, `plan` its cost.

use std::collections::BTreeSet;

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
    /// Names of parties in source order. An instance binds each to an account.
    pub parties: Vec<String>,
    /// Collections in source order.
    pub collections: Vec<Collection>,
    /// Everything the contract ever shows, in source order.
    pub manifest: Vec<Reveal>,
    /// Entries in source order.
    pub entries: Vec<Entry>,
}

impl Contract {
    /// The collections an entry reads or whose rows its guards count, ascending. Empty for an entry
    /// that does not exist.
    #[must_use]
    pub fn collections_used(&self, entry: usize) -> BTreeSet<u16> {
        let code = self.entries.get(entry).map_or(&[][..], |e| &e.code[..]);
        let read = code.iter().filter_map(|op| match op {
            Op::Input { collection, .. } | Op::Rows { collection, .. } => Some(*collection),
            _ => None,
        });
        let reveals = self.manifest.iter();
        let guards = reveals
            .filter(|reveal| usize::from(reveal.entry) == entry)
            .flat_map(|reveal| &reveal.min_groups)
            .map(|(collection, _)| *collection);
        read.chain(guards).collect()
    }

    /// How many valid rows of `collection` an entry needs before it may compute anything: the
    /// group's `min`, raised by every `aggregate(k)` under which the entry shows the collection and
    /// by every guard of its reveals. Nodes and clients both call this, so that they agree. 0 for a
    /// collection that does not exist.
    #[must_use]
    pub fn minimum_rows(&self, entry: usize, collection: usize) -> u32 {
        let group_min = self
            .collections
            .get(collection)
            .and_then(|c| self.groups.get(usize::from(c.group)))
            .map_or(0, |g| g.min);
        let asked = |reveal: &Reveal| {
            let thresholds = reveal
                .sources
                .iter()
                .filter_map(|(source, shape)| match shape {
                    Shape::Aggregate(k) => Some((*source, *k)),
                    _ => None,
                });
            let guards = reveal.min_groups.iter().copied();
            thresholds
                .chain(guards)
                .filter(|(source, _)| usize::from(*source) == collection)
                .fold(0, |most, (_, k)| most.max(k))
        };
        let reveals = self
            .manifest
            .iter()
            .filter(|r| usize::from(r.entry) == entry);
        reveals.map(asked).fold(group_min, u32::max)
    }

    /// The parties to whom an entry reveals something, ascending.
    #[must_use]
    pub fn parties_used(&self, entry: usize) -> BTreeSet<u16> {
        let reveals = self.manifest.iter();
        reveals
            .filter(|reveal| usize::from(reveal.entry) == entry)
            .filter_map(|reveal| match reveal.recipient {
                Recipient::Party(party) => Some(party),
                Recipient::EachOf(_) | Recipient::OwnerOf(_) => None,
            })
            .collect()
    }

    /// The most rows `collection` can have: its group's `max`.
    #[must_use]
    pub fn maximum_rows(&self, collection: usize) -> u32 {
        self.collections
            .get(collection)
            .and_then(|c| self.groups.get(usize::from(c.group)))
            .map_or(0, |g| g.max)
    }
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
    /// What a value is: an integer or a truth value.
    pub kind: Kind,
    /// Smallest valid value.
    pub low: i64,
    /// Largest valid value.
    pub high: i64,
    /// What the owners allow to be shown.
    pub allows: Vec<Allow>,
}

/// What a value means to people; registers hold numbers whatever they mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A whole number.
    Integer,
    /// A truth value: 1 is true, 0 is false.
    Bool,
    /// Which member gave a row of this collection (index into [`Contract::collections`]): the
    /// member's number in the collection's list of members.
    MemberOf(u16),
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
    /// Points at a member.
    Member,
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
    /// A party (index into [`Contract::parties`]).
    Party(u16),
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
    /// What it is.
    pub kind: Kind,
    /// From which collections it is computed, and how far each is mixed.
    pub sources: Vec<(u16, Shape)>,
    /// Guards on public sizes: (collection, fewest rows), ascending. With fewer the entry does not
    /// run.
    pub min_groups: Vec<(u16, u32)>,
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

/// How two numbers stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// `a < b`.
    Less,
    /// `a == b`.
    Equal,
    /// `a > b`.
    Greater,
}

impl Relation {
    /// Whether it holds.
    #[must_use]
    pub fn holds(self, a: i64, b: i64) -> bool {
        match self {
            Relation::Less => a < b,
            Relation::Equal => a == b,
            Relation::Greater => a > b,
        }
    }
}

/// Arithmetic on public registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PublicOp {
    /// `a + b`.
    Add,
    /// `a - b`.
    Sub,
    /// `a * b`.
    Mul,
    /// `a / b`, truncating toward zero; 0 when `b` is 0.
    Div,
}

impl PublicOp {
    /// The result, unless it leaves `i64` (excluded by range derivation in a verified contract).
    #[must_use]
    pub fn apply(self, a: i64, b: i64) -> Option<i64> {
        match self {
            PublicOp::Add => a.checked_add(b),
            PublicOp::Sub => a.checked_sub(b),
            PublicOp::Mul => a.checked_mul(b),
            PublicOp::Div if b == 0 => Some(0),
            PublicOp::Div => a.checked_div(b),
        }
    }
}

/// A macro-operation. `dst` is always the next unused register of its bank.
#[allow(missing_docs)] // The fields' names and types say what they are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Op {
    /// A public constant.
    Const { dst: C, value: i64 },
    /// The number of rows of a collection in this run.
    Rows { dst: C, collection: u16 },
    /// Arithmetic on public values; known to everyone once the sizes are.
    Public { dst: C, op: PublicOp, a: C, b: C },
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
    /// Each element of `a` divided by that of `b`, truncating toward zero; 0 when the divisor is 0. A scalar
    /// operand is repeated.
    Div { dst: S, a: S, b: S },
    /// The largest integer whose square is not above the element, which is not negative.
    SquareRoot { dst: S, a: S },
    /// `then` where `bit`, which is 0 or 1, is 1, else `otherwise`; element by element, a scalar is
    /// repeated.
    Select {
        dst: S,
        bit: S,
        then: S,
        otherwise: S,
    },
    /// The element of a vector that stands at a public place, counted from 1, when they ascend; the first or
    /// the last when the place is none.
    Quantile { dst: S, a: S, place: C },
    /// Rank of each element among all (1 + how many come strictly before it): ties share a rank.
    Rank { dst: S, a: S, order: Order },
    /// 1 where `a` stands to `b` in this relation, else 0; element by element, a scalar is repeated.
    Compare {
        dst: S,
        relation: Relation,
        a: S,
        b: S,
    },
    /// 1 where an element stands to a public value in this relation, else 0.
    ComparePublic {
        dst: S,
        relation: Relation,
        a: S,
        b: C,
    },
    /// The element of a vector that ranks first: the smallest (ascending) or largest (descending).
    First { dst: S, a: S, order: Order },
    /// Who gave the row in which [`Op::First`] stands: the member's number. Of equal elements that
    /// of the earliest row counts. Nothing is computed with the result.
    FirstMember { dst: S, a: S, order: Order },
    /// Sends `src` to the recipients of manifest line `reveal`, re-randomised and sealed.
    Out { reveal: u16, src: S },
}
