//! The contract after names and types are settled: every function call is put in place, every generic is
//! given its types, every method is one [`Builtin`]. The passes behind it (`flow`, the interpreter,
//! code generation) read this and never look at the tree again.
//!
//! What is *not* settled here: who knows a value, where it lies, and whose data it comes from. Those follow
//! from the order of statements, and `flow` derives them.

mod builtin;
mod expr;
mod names;
mod stmt;
mod testing;
mod types;
pub(crate) mod visit;

pub use builtin::Builtin;
pub use expr::{BinaryOp, Expr, ExprId, ExprKind, UnaryOp};
pub use stmt::{Block, Guard, LocalId, Noise, Place, PlaceStep, Reveal, Root, Stmt, StmtKind};
pub use testing::{
    Clock, Test, TestCaller, TestExpr, TestFunction, TestPart, TestRun, TestStep, TestTarget,
};
pub use types::{Curve, FixType, IntType, Length, Type};

use enigma_bytecode::interval::Wide;

use crate::span::Span;

/// A contract whose names and types are settled. Everything is numbered in source order.
#[derive(Clone, Debug, Default)]
pub struct Hir {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: u32,
    /// Enumerations.
    pub enums: Vec<Enum>,
    /// Structs; of generic ones, each instance that is used.
    pub structs: Vec<Struct>,
    /// Groups.
    pub groups: Vec<Group>,
    /// Parties.
    pub parties: Vec<Party>,
    /// Collections.
    pub collections: Vec<Collection>,
    /// Stored state, of all stores.
    pub slots: Vec<Slot>,
    /// `privacy { ... }`.
    pub budget: Option<Budget>,
    /// Entries.
    pub entries: Vec<Entry>,
    /// Tests.
    pub tests: Vec<Test>,
    /// How many [`ExprId`]s there are: they are numbered from 0.
    pub exprs: u32,
}

/// `enum NAME { A, B }`. A value is the place of its name.
#[derive(Clone, Debug)]
pub struct Enum {
    /// Its name.
    pub name: String,
    /// What its values are called.
    pub variants: Vec<String>,
    /// Where the name stands.
    pub span: Span,
}

/// `struct NAME { ... }`.
#[derive(Clone, Debug)]
pub struct Struct {
    /// Its name.
    pub name: String,
    /// Its fields.
    pub fields: Vec<Field>,
    /// Where the name stands.
    pub span: Span,
}

/// `NAME: TYPE range LOW..=HIGH`.
#[derive(Clone, Debug)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// Where its numbers lie, of `fix` scaled as the type says; the whole type when nothing is stated.
    pub range: Option<Wide>,
    /// Where the name stands.
    pub span: Span,
}

/// `group NAME min MIN max MAX admit |who| ...`.
#[derive(Clone, Debug)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Fewest contributors.
    pub min: u32,
    /// Most members.
    pub max: u32,
    /// Who belongs to it: a parameter of type `id`, and a public condition that reads `L` only.
    pub admit: Option<Predicate>,
    /// Where the name stands.
    pub span: Span,
}

/// A lambda of a declaration. It has its own locals, parameters first.
#[derive(Clone, Debug)]
pub struct Predicate {
    /// Its locals; the first `parameters` of them are its parameters.
    pub locals: Vec<Local>,
    /// How many parameters it has.
    pub parameters: usize,
    /// What must hold.
    pub condition: Expr,
}

/// `party NAME;`.
#[derive(Clone, Debug)]
pub struct Party {
    /// Its name.
    pub name: String,
    /// Where the name stands.
    pub span: Span,
}

/// Who gives the rows of a collection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Provider {
    /// Each member of a group, by index.
    Each(usize),
    /// One party, by index.
    Party(usize),
}

/// How many rows one giver gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// `private T`: exactly one.
    One,
    /// `private table<T>` with `max_rows`, or `private [T; max N]`: from none to so many.
    UpTo(u32),
}

/// `collect NAME: private TYPE from PROVIDER ...`.
///
/// Its rows are numbered by giver and then in the giver's order. The expression that names it has the type
/// `Type::Rows(row, index)`, except that a single value of a party (`Rows::One` from a party) is one `row`.
#[derive(Clone, Debug)]
pub struct Collection {
    /// Its name.
    pub name: String,
    /// What a row is.
    pub row: Type,
    /// Who gives them.
    pub provider: Provider,
    /// How many each gives.
    pub rows: Rows,
    /// Where numbers of a row lie, when the row is a number or a list of numbers and a range is stated. Structs have
    /// theirs at their fields.
    pub range: Option<Wide>,
    /// `check |row| ...`: a row for which it is false is refused to its giver and never counted.
    pub check: Option<Predicate>,
    /// What the owners allow.
    pub allows: Vec<Allow>,
    /// Where the name stands.
    pub span: Span,
}

impl Collection {
    /// Most rows there can be.
    #[must_use]
    pub fn max_rows(&self, groups: &[Group]) -> u64 {
        let givers = match self.provider {
            Provider::Each(group) => groups.get(group).map_or(0, |group| group.max.into()),
            Provider::Party(_) => 1,
        };
        match self.rows {
            Rows::One => givers,
            Rows::UpTo(each) => givers * u64::from(each),
        }
    }

    /// Whether its name stands for one value, not for a vector.
    #[must_use]
    pub fn is_single(&self) -> bool {
        matches!((self.provider, self.rows), (Provider::Party(_), Rows::One))
    }
}

/// `allow SHAPE to RECIPIENTS`.
#[derive(Clone, Debug)]
pub struct Allow {
    /// What may be shown.
    pub shape: AllowShape,
    /// To whom.
    pub recipients: Vec<(Recipient, Span)>,
    /// The whole clause.
    pub span: Span,
}

/// What an `allow` is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AllowShape {
    /// Values that mix at least so many rows.
    Aggregate(u32),
    /// Which member.
    Member,
    /// One truth value.
    Bit,
    /// One value per row, to its owner.
    PerOwner,
    /// Anything.
    Any,
}

/// Who sees a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Recipient {
    /// Everyone.
    Public,
    /// Who calls the entry.
    Caller,
    /// A party, by index.
    Party(usize),
    /// Every member of a group, by index.
    EachOf(usize),
    /// The owner of each row of a collection, by index.
    OwnerOf(usize),
}

/// Where a slot is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Store {
    /// On the chain, for everyone.
    Ledger,
    /// At the nodes, for whom `access` admits.
    Dht,
    /// Secret-shared.
    Mpc,
}

impl Store {
    /// The store of a word, like `L`.
    #[must_use]
    pub fn named(word: &str) -> Option<Store> {
        let stores = [Store::Ledger, Store::Dht, Store::Mpc];
        stores.into_iter().find(|store| store.name() == word)
    }

    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Store::Ledger => "L",
            Store::Dht => "DHT",
            Store::Mpc => "MPC",
        }
    }
}

/// A declaration inside `state STORE { ... }`.
#[derive(Clone, Debug)]
pub struct Slot {
    /// Its name.
    pub name: String,
    /// Where it is kept.
    pub store: Store,
    /// Its type; of a map, that of its values.
    pub ty: Type,
    /// Of a map, the type of its keys.
    pub key: Option<Type>,
    /// `accumulator`: numbers to which entries only add.
    pub accumulator: bool,
    /// What is in it at first; of a map, at every key: zero, `false`, the empty text, no account, when nothing
    /// is stated.
    pub initial: Constant,
    /// `access |who, key| ...`.
    pub access: Option<Predicate>,
    /// What may be shown of it.
    pub allows: Vec<Allow>,
    /// Whether a committee that runs tests is without it, since it depends on a key ([`crate::testing::Keyless`]). Bytecode does not
    /// know such slots; nothing of the contract reads or sets them.
    pub left_out: bool,
    /// Where the name stands.
    pub span: Span,
}

impl Slot {
    /// Whether a signing key is in it.
    #[must_use]
    pub fn is_key(&self) -> bool {
        matches!(self.ty, Type::Key(_))
    }
}

/// A value known when the contract is compiled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Constant {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number, or the place of an enum's name.
    Int(i128),
    /// A number of a `fix` type, scaled by 2^fraction.
    Fix(i128),
    /// Bytes, of `bytes`, `hash` and `text`.
    Bytes(Vec<u8>),
    /// A public text.
    Text(String),
    /// No account: the zero of `id`.
    NoAccount,
    /// A list, a tuple or a struct.
    Many(Vec<Constant>),
    /// `none()`, or a value that is there.
    Maybe(Option<Box<Constant>>),
    /// No key yet.
    NoKey,
}

/// `privacy { epsilon_total: 2.0; delta_total: 0.000001; runs_per_input: 1; }`.
#[derive(Clone, Debug)]
pub struct Budget {
    /// What all noise on one contributor's data may cost together, in millionths.
    pub epsilon_total: Option<u64>,
    /// The same of delta, in units of 10^-12.
    pub delta_total: Option<u64>,
    /// In how many runs one input may take part.
    pub runs_per_input: Option<u32>,
    /// The declaration.
    pub span: Span,
}

/// `entry NAME(...) by WHO when CONDITION pays AMOUNT { ... }`.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Its parameters.
    pub params: Vec<Param>,
    /// Who may call it; anyone when nothing is stated.
    pub by: Option<Role>,
    /// A public condition before anything is computed.
    pub when: Option<Expr>,
    /// What the caller pays, a public number.
    pub pays: Option<Expr>,
    /// All its locals, those of functions put in place too; [`LocalId`]s are places in it.
    pub locals: Vec<Local>,
    /// What it does.
    pub body: Block,
    /// Where the name stands.
    pub span: Span,
}

/// Who may call an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A party, by index.
    Party(usize),
    /// A member of a group, by index.
    Member(usize),
}

/// A parameter of an entry. Private ones are dealt by the caller, with the call.
#[derive(Clone, Debug)]
pub struct Param {
    /// Where its value is.
    pub local: LocalId,
    /// Whether it is `private`.
    pub private: bool,
    /// Where its numbers lie, if a range is stated.
    pub range: Option<Wide>,
}

/// A variable of an entry or of a predicate.
#[derive(Clone, Debug)]
pub struct Local {
    /// Its name in the source; of what the compiler added, a word in angle brackets.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// `let mut`.
    pub mutable: bool,
    /// Whether its declaration says who knows it: `public` (parameters of functions without a word too), `private`, or
    /// nothing, so that it follows from what is put into it.
    pub label: Option<Label>,
    /// If its declaration names a label parameter of the function: the parameters of that label. It is private only if one of
    /// these is.
    pub like: Vec<LocalId>,
    /// Of a parameter of a function, where its numbers must lie, if a range is stated.
    pub range: Option<Wide>,
    /// Where the name stands.
    pub span: Span,
}

/// Who knows a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    /// Everyone.
    Public,
    /// Nobody.
    Private,
}
