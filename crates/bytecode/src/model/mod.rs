//! A compiled contract as plain data. `container` gives its bytes, `verify` its rules, `plan` its cost.

mod conditions;
mod noise;
mod op;
mod registers;
mod support;

use std::collections::BTreeSet;

/// A public value.
pub use enigma_wire::output::PublicValue as Known;
pub use noise::{Blur, Budget, DELTA_END, Noise, Width};
pub use op::Op;
pub use registers::Register;
pub use support::{Need, Place, Unsupported, unsupported};

/// Which field, protocol family and template versions a contract was compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Profile {
    /// Shamir over 2^61-1: values below 2^59 in magnitude. Templates version 1.
    ShamirM61V1,
    /// Shamir over 2^127-1: values below 2^63 in magnitude. Templates version 1.
    ShamirM127V1,
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
    /// Enumerations that columns are of. The compiler orders them by their first column.
    pub enums: Vec<Enum>,
    /// Collections in source order.
    pub collections: Vec<Collection>,
    /// Stored state, in source order.
    pub slots: Vec<Slot>,
    /// How much of what each contributor gave may be used up.
    pub budget: Option<Budget>,
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
        let guards = self.reveals_of(entry).flat_map(|reveal| &reveal.min_groups);
        read.chain(guards.map(|(collection, _)| *collection))
            .collect()
    }

    /// Whether an entry can change what its instance has on the chain, public state or money, or depends on what nodes keep secret
    /// for it: of such runs there is one at a time. False for an entry that does not exist.
    #[must_use]
    pub fn changes_instance(&self, entry: usize) -> bool {
        let code = self.entries.get(entry).map_or(&[][..], |e| &e.code[..]);
        let changes =
            |op: &Op| matches!(op, Op::Store { .. } | Op::Transfer { .. } | Op::Pays { .. });
        code.iter().any(changes) || self.uses_secrets(entry) || self.uses_dht(entry)
    }

    /// Whether an entry reads or changes what nodes keep secret between calls. False for an entry that does not exist.
    #[must_use]
    pub fn uses_secrets(&self, entry: usize) -> bool {
        let code = self.entries.get(entry).map_or(&[][..], |e| &e.code[..]);
        let loads = |op: &Op| matches!(op, Op::LoadSecret { .. });
        code.iter().any(loads) || self.changes_secrets(entry)
    }

    /// Whether an entry reads or changes what nodes keep beside the chain. False for an entry that does not exist.
    #[must_use]
    pub fn uses_dht(&self, entry: usize) -> bool {
        let code = self.entries.get(entry).map_or(&[][..], |e| &e.code[..]);
        code.iter().any(|op| match op {
            Op::Load { slot, .. } | Op::Store { slot, .. } => self.is_in(*slot, Store::Dht),
            _ => false,
        })
    }

    /// The slots of the ledger that an entry reads as they were before; none of an entry that does not exist.
    #[must_use]
    pub fn slots_read_back(&self, entry: usize) -> BTreeSet<u16> {
        let code = self.entries.get(entry).map_or(&[][..], |e| &e.code[..]);
        let back = code.iter().filter_map(|op| match op {
            Op::LoadAt { slot, .. } => Some(*slot),
            _ => None,
        });
        back.collect()
    }

    /// Whether this is a slot of that store.
    #[must_use]
    pub fn is_in(&self, slot: u16, store: Store) -> bool {
        let slot = self.slots.get(usize::from(slot));
        slot.is_some_and(|slot| slot.store == store)
    }

    /// Whether an entry changes what nodes keep secret between calls: secret slots, or how many have contributed to an accumulator,
    /// which begin anew when it is shown. False for an entry that does not exist.
    #[must_use]
    pub fn changes_secrets(&self, entry: usize) -> bool {
        let code = self.entries.get(entry).map_or(&[][..], |e| &e.code[..]);
        let stores = |op: &Op| matches!(op, Op::StoreSecret { .. } | Op::Accumulate { .. });
        let mut slots = 0..self.slots.len();
        code.iter().any(stores) || slots.any(|slot| self.minimum_contributions(entry, slot) > 0)
    }

    /// The groups for whose members an entry does something.
    #[must_use]
    pub fn groups_walked(&self, entry: usize) -> BTreeSet<u16> {
        let code = self.entries.get(entry).map_or(&[][..], |e| &e.code[..]);
        let walked = code.iter().filter_map(|op| match op {
            Op::EachMember { group, .. } => Some(*group),
            _ => None,
        });
        walked.collect()
    }

    /// Whether a condition says who belongs to a group. False for a group that does not exist.
    #[must_use]
    pub fn admits(&self, group: usize) -> bool {
        let group = self.groups.get(group);
        group.is_some_and(|group| group.admit.is_some())
    }

    /// The manifest lines of an entry.
    fn reveals_of(&self, entry: usize) -> impl Iterator<Item = &Reveal> {
        let reveals = self.manifest.iter();
        reveals.filter(move |reveal| usize::from(reveal.entry) == entry)
    }

    /// How many valid rows of `collection` an entry needs before it may compute anything: the
    /// group's `min`, raised by every `aggregate(k)` under which the entry shows the collection or
    /// stores what it computes from it, and by every guard of its reveals. Nodes and clients both call this, so that they agree. 0 for a
    /// collection that does not exist.
    ///
    /// `aggregate(k)` counts rows of a party's collection, and of a group's members rows too: each gives at
    /// least one, and who gives none is not counted.
    #[must_use]
    pub fn minimum_rows(&self, entry: usize, collection: usize) -> u32 {
        let least = match self
            .collections
            .get(collection)
            .map(|c| (c.provider, c.rows))
        {
            Some((Provider::Each(group), _)) => {
                self.groups.get(usize::from(group)).map_or(0, |g| g.min)
            }
            Some((Provider::Party(_), RowCount::One)) => 1,
            Some((Provider::Party(_), RowCount::UpTo(_))) | None => 0,
        };
        let asked = |reveal: &Reveal| {
            let thresholds =
                reveal
                    .sources
                    .iter()
                    .filter_map(|(source, shape)| match (source, shape) {
                        (Source::Collection(source), Shape::Aggregate(k)) => Some((*source, *k)),
                        _ => None,
                    });
            let guards = reveal.min_groups.iter().copied();
            thresholds
                .chain(guards)
                .filter(|(source, _)| usize::from(*source) == collection)
                .fold(0, |most, (_, k)| most.max(k))
        };
        let shown = self.reveals_of(entry).map(asked).fold(least, u32::max);
        shown.max(self.rows_to_store(entry, collection))
    }

    /// How many rows of a collection are mixed in what a run of an entry shows or stores, without noise: the largest `aggregate(k)`
    /// under which it does. 0 if it mixes none, or the noise on what it shows is what covers them.
    #[must_use]
    pub fn mixes(&self, entry: usize, collection: usize) -> u32 {
        let plain = self.reveals_of(entry).filter(|line| line.noise.is_none());
        let sources = plain.flat_map(|line| &line.sources);
        let mixed = sources.filter_map(|(source, shape)| match (source, shape) {
            (Source::Collection(of), Shape::Aggregate(k)) if usize::from(*of) == collection => {
                Some(*k)
            }
            _ => None,
        });
        let asked = self.rows_to_store(entry, collection);
        mixed.fold(asked.max(self.rows_to_rank(entry, collection)), u32::max)
    }

    /// Whether an entry shows, without noise, sums over parts of a collection's rows that private data chose: of two such runs nobody knows
    /// in how many rows the parts differ.
    #[must_use]
    pub fn shows_parts(&self, entry: usize, collection: usize) -> bool {
        let mut plain = self.reveals_of(entry).filter(|line| line.noise.is_none());
        let is_mixed = |(source, shape): &(Source, Shape)| match (source, shape) {
            (Source::Collection(of), Shape::Aggregate(_)) => usize::from(*of) == collection,
            _ => false,
        };
        plain.any(|line| line.hidden_below.is_some() && line.sources.iter().any(is_mixed))
    }

    /// Where a row stands among all, and whether it is the first of equal ones, goes to its owner as a value of the row, and says something
    /// of the others: as `aggregate(k)` to owners. An entry that computes it takes that k of each collection that it reads.
    fn rows_to_rank(&self, entry: usize, collection: usize) -> u32 {
        let (Some(declared), Ok(own)) =
            (self.collections.get(collection), u16::try_from(collection))
        else {
            return 0;
        };
        let code = self.entries.get(entry).map_or(&[][..], |e| &e.code[..]);
        let reads = |op: &Op| matches!(op, Op::Input { collection, .. } if *collection == own);
        let ranks = |op: &Op| matches!(op, Op::Rank { .. } | Op::Distinct { .. });
        if !code.iter().any(ranks) || !code.iter().any(reads) {
            return 0;
        }
        let to_owners = |recipient: &Recipient| match recipient {
            Recipient::Public => true,
            Recipient::OwnerOf(of) => *of == own,
            Recipient::EachOf(group) => declared.group() == Some(*group),
            Recipient::Party(_) | Recipient::Caller => false,
        };
        let clauses = declared.allows.iter();
        let clauses = clauses.filter(|allow| allow.recipients.iter().any(to_owners));
        let thresholds = clauses.filter_map(|allow| match allow.shape {
            Shape::Aggregate(k) => Some(k),
            _ => None,
        });
        thresholds.min().unwrap_or(0)
    }

    /// What an entry stores under `aggregate(k)` mixes as many rows of every collection that it reads, since nobody
    /// counts them again when it is shown. A single value is never mixed.
    fn rows_to_store(&self, entry: usize, collection: usize) -> u32 {
        let declared = self.collections.get(collection);
        if declared.is_none_or(Collection::is_single) {
            return 0;
        }
        let code = self.entries.get(entry).map_or(&[][..], |e| &e.code[..]);
        let reads = |op: &Op| match op {
            Op::Input {
                collection: read, ..
            } => usize::from(*read) == collection,
            _ => false,
        };
        if !code.iter().any(reads) {
            return 0;
        }
        let slots = code.iter().filter_map(|op| match op {
            Op::StoreSecret { slot, .. } | Op::Accumulate { slot, .. } => {
                self.slots.get(usize::from(*slot))
            }
            _ => None,
        });
        let allows = slots.flat_map(|slot| &slot.allows);
        let thresholds = allows.filter_map(|allow| match allow.shape {
            Shape::Aggregate(k) => Some(k),
            _ => None,
        });
        thresholds.max().unwrap_or(0)
    }

    /// How many accounts must have contributed to each number of an `accumulator` slot, since it was shown last, before an
    /// entry may compute anything: the largest `aggregate(k)` under which the entry shows it. 0 for other slots.
    #[must_use]
    pub fn minimum_contributions(&self, entry: usize, slot: usize) -> u32 {
        if !self.slots.get(slot).is_some_and(|slot| slot.accumulator) {
            return 0;
        }
        let sources = self.reveals_of(entry).flat_map(|reveal| &reveal.sources);
        let thresholds = sources.filter_map(|(source, shape)| match (source, shape) {
            (Source::Slot(source), Shape::Aggregate(k)) if usize::from(*source) == slot => Some(*k),
            _ => None,
        });
        thresholds.max().unwrap_or(0)
    }

    /// The parties to whom an entry reveals something, ascending.
    #[must_use]
    pub fn parties_used(&self, entry: usize) -> BTreeSet<u16> {
        let recipients = self.reveals_of(entry).flat_map(|reveal| &reveal.recipients);
        recipients
            .filter_map(|recipient| match recipient {
                Recipient::Party(party) => Some(*party),
                _ => None,
            })
            .collect()
    }

    /// Whether an entry has a manifest line that everyone sees, in any branch.
    #[must_use]
    pub fn shows_everyone(&self, entry: usize) -> bool {
        let mut reveals = self.reveals_of(entry);
        reveals.any(|reveal| reveal.recipients.contains(&Recipient::Public))
    }

    /// The most rows `collection` can have.
    #[must_use]
    pub fn maximum_rows(&self, collection: usize) -> u32 {
        let each = self.collections.get(collection);
        let each = each.map_or(0, Collection::rows_each);
        self.maximum_givers(collection).saturating_mul(each)
    }

    /// Fewest givers of `collection` with whom an entry may compute anything: the group's `min`, and as many as it takes for
    /// [`Contract::minimum_rows`]. At least 1.
    #[must_use]
    pub fn minimum_givers(&self, entry: usize, collection: usize) -> u32 {
        let Some(declared) = self.collections.get(collection) else {
            return 1;
        };
        let group = match declared.provider {
            Provider::Each(group) => self.groups.get(usize::from(group)).map_or(1, |g| g.min),
            Provider::Party(_) => 1,
        };
        let rows = self.minimum_rows(entry, collection);
        let givers = rows.div_ceil(declared.rows_each().max(1));
        givers.max(group).max(1)
    }

    /// The most givers of `collection`.
    #[must_use]
    pub fn maximum_givers(&self, collection: usize) -> u32 {
        match self.collections.get(collection).map(|c| c.provider) {
            Some(Provider::Each(group)) => self.groups.get(usize::from(group)).map_or(0, |g| g.max),
            Some(Provider::Party(_)) => 1,
            None => 0,
        }
    }
}

impl Collection {
    /// The group whose members give the rows, if they are not a party's.
    #[must_use]
    pub fn group(&self) -> Option<u16> {
        match self.provider {
            Provider::Each(group) => Some(group),
            Provider::Party(_) => None,
        }
    }

    /// Whether its columns are scalars: a party's single value.
    #[must_use]
    pub fn is_single(&self) -> bool {
        matches!(
            (self.provider, self.rows),
            (Provider::Party(_), RowCount::One)
        )
    }

    /// The most rows that one giver gives.
    #[must_use]
    pub fn rows_each(&self) -> u32 {
        match self.rows {
            RowCount::One => 1,
            RowCount::UpTo(most) => most,
        }
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
    /// Who belongs to it, if not everybody who gives: public code that reads the ledger, in which the caller is who is asked about. It
    /// ends with its one `Require`.
    pub admit: Option<Vec<Op>>,
}

/// `enum NAME { A, B }`: a value is the place of its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enum {
    /// Name in the source.
    pub name: String,
    /// What its values are called, at least one.
    pub variants: Vec<String>,
}

/// Who gives the rows of a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Provider {
    /// Each member of a group (index into [`Contract::groups`]).
    Each(u16),
    /// A party (index into [`Contract::parties`]).
    Party(u16),
}

/// How many rows one giver gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RowCount {
    /// Exactly one. Of a party, the collection is a single value: its columns are scalars.
    One,
    /// From none to so many. What is dealt to a committee has at least one.
    UpTo(u32),
}

/// Private rows from the members of a group or from a party. They are numbered by giver and then in the
/// giver's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    /// Name in the source.
    pub name: String,
    /// Who gives them.
    pub provider: Provider,
    /// How many each gives.
    pub rows: RowCount,
    /// What a row consists of, at least one.
    pub columns: Vec<Column>,
    /// What the owners allow to be shown.
    pub allows: Vec<Allow>,
    /// What rows in their ranges must fulfil to count, if anything: code of each row alone, that reads this collection. It ends with
    /// its one `Out`, of a truth value for each row.
    pub check: Option<Vec<Op>>,
}

/// One number of a row, a parameter, a slot or a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// The way to it from the whole, like `age` or `face.0`; empty when it is the whole.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// Smallest valid value.
    pub low: i64,
    /// Largest valid value.
    pub high: i64,
}

impl Column {
    /// Of what says whether a value is there that may be missing, as the compiler lays out a `maybe`: the way to both, empty or with a
    /// point behind it. The value's own columns stand behind this one, and are called `value` there.
    #[must_use]
    pub fn way_to_optional(&self) -> Option<&str> {
        let way = self.name.strip_suffix("some")?;
        let is_way = way.is_empty() || way.ends_with('.');
        (self.kind == Kind::Bool && is_way).then_some(way)
    }
}

/// A parameter of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Param {
    /// Name in the source.
    pub name: String,
    /// Whether the caller deals it; else it is public.
    pub private: bool,
    /// What it consists of, at least one. Public bytes are one column of [`Kind::Bytes`].
    pub columns: Vec<Column>,
}

/// Where a slot is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Store {
    /// On the chain, for everyone.
    Ledger,
    /// Secret-shared, at the committee.
    Secret,
    /// As it is at the committee, for whoever fulfils a condition; the chain has hashes.
    Dht,
}

impl Store {
    /// Whether runs know what is in it.
    #[must_use]
    pub fn is_public(self) -> bool {
        match self {
            Store::Ledger | Store::Dht => true,
            Store::Secret => false,
        }
    }
}

/// Stored state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Name in the source.
    pub name: String,
    /// Where it is kept.
    pub store: Store,
    /// Of a map what its keys are, public values. Not of secret slots.
    pub key: Option<Column>,
    /// Whether entries only add to it. Only secret ones.
    pub accumulator: bool,
    /// What it consists of, at least one.
    pub columns: Vec<Column>,
    /// What is in each column at first, of a map at every key.
    pub initial: Vec<Known>,
    /// What may be shown of it; only of secret slots something is stated.
    pub allows: Vec<Allow>,
    /// Who may read it, of [`Store::Dht`] alone: code that knows the ledger, who asks as the caller, and of a map at which key as the one
    /// parameter. It ends with its one `Require`, of what must hold.
    pub access: Option<Vec<Op>>,
}

/// What a value means to people; registers hold numbers whatever they mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A whole number.
    Integer,
    /// A truth value: 1 is true, 0 is false.
    Bool,
    /// A number in fixed point, with so many bits behind the point.
    Fixed(u8),
    /// The place of a name of an enumeration (index into [`Contract::enums`]).
    Enum(u16),
    /// Public bytes, so many at most. No private column is of this kind.
    Bytes(u32),
    /// A piece of private bytes: 52 bits of them, the lowest piece first, as a number.
    Limb,
    /// An account: public, 20 bytes.
    Account,
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
    /// One truth value.
    Bit,
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
    /// Who calls the entry.
    Caller,
    /// Everyone, on the ledger.
    Public,
}

/// Private data that a value is computed from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The rows of a collection (index into [`Contract::collections`]).
    Collection(u16),
    /// A secret slot (index into [`Contract::slots`]).
    Slot(u16),
    /// A private parameter (index into [`Entry::params`]). Its caller dealt it and allows no more than the
    /// caller's own result shows.
    Param(u16),
}

/// One disclosure: the manifest's unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reveal {
    /// Name in the source and in results.
    pub name: String,
    /// Index into [`Contract::entries`].
    pub entry: u16,
    /// Who learns it, ascending, at least one. [`Recipient::OwnerOf`] stands alone.
    pub recipients: Vec<Recipient>,
    /// What it consists of, at least one. Ranges are those of what is shown.
    pub columns: Vec<Column>,
    /// From what it is computed, and how far each is mixed; ascending.
    pub sources: Vec<(Source, Shape)>,
    /// Guards on public sizes: (collection, fewest rows), ascending. With fewer the entry does not
    /// run.
    pub min_groups: Vec<(u16, u32)>,
    /// A guard on private counts: what counts fewer than this is not shown.
    pub hidden_below: Option<u32>,
    /// What blurs it.
    pub noise: Option<Blur>,
}

/// Who may call an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// A party (index into [`Contract::parties`]).
    Party(u16),
    /// A member of a group (index into [`Contract::groups`]).
    Member(u16),
}

/// An entry's code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Name in the source.
    pub name: String,
    /// Who may call it; anyone when nothing is stated.
    pub by: Option<Role>,
    /// Its parameters.
    pub params: Vec<Param>,
    /// Macro-operations, in order; each register is assigned once, in order from 0.
    pub code: Vec<Op>,
}

impl Entry {
    /// The columns of its private parameters, in source order.
    pub fn private_columns(&self) -> impl Iterator<Item = &Column> {
        let private = self.params.iter().filter(|param| param.private);
        private.flat_map(|param| &param.columns)
    }
}

/// A secret register: a scalar, or a vector over a collection's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct S(pub u16);

/// A public register: a [`Known`].
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

/// What becomes of two bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BitOp {
    /// 1 where both are.
    And,
    /// 1 where one is.
    Or,
    /// 1 where exactly one is.
    Xor,
}

impl BitOp {
    /// Of two numbers, bit by bit.
    #[must_use]
    pub fn apply(self, a: i64, b: i64) -> i64 {
        match self {
            BitOp::And => a & b,
            BitOp::Or => a | b,
            BitOp::Xor => a ^ b,
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
    /// `a - (a / b) b`, 0 when `b` is 0.
    Rem,
    /// The smaller of both.
    Smaller,
    /// The larger of both.
    Larger,
    /// 1 if `a < b`, else 0.
    Less,
    /// 1 if both are equal, else 0: of numbers or of bytes.
    Equal,
}

impl PublicOp {
    /// The result of numbers, unless it leaves `i64`.
    #[must_use]
    pub fn apply(self, a: i64, b: i64) -> Option<i64> {
        match self {
            PublicOp::Add => a.checked_add(b),
            PublicOp::Sub => a.checked_sub(b),
            PublicOp::Mul => a.checked_mul(b),
            PublicOp::Div | PublicOp::Rem if b == 0 => Some(0),
            PublicOp::Div => a.checked_div(b),
            // Of the lowest number by -1 nothing is left, though the quotient leaves `i64`.
            PublicOp::Rem => Some(a.wrapping_rem(b)),
            PublicOp::Smaller => Some(a.min(b)),
            PublicOp::Larger => Some(a.max(b)),
            PublicOp::Less => Some(i64::from(a < b)),
            PublicOp::Equal => Some(i64::from(a == b)),
        }
    }
}
