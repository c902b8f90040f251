//! The types of values: kind, label, index space and range.

use enigma_bytecode::interval::Wide;

/// An integer type of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "named after the types of the language")]
pub enum IntType {
    U8,
    U16,
    U32,
    U64,
    I8,
    I16,
    I32,
    I64,
    /// A number as written, which takes the type of what it meets.
    Literal,
}

impl IntType {
    /// All types that can be written.
    pub const ALL: [IntType; 8] = [
        IntType::U8,
        IntType::U16,
        IntType::U32,
        IntType::U64,
        IntType::I8,
        IntType::I16,
        IntType::I32,
        IntType::I64,
    ];

    /// The type of a name, like `u8`.
    #[must_use]
    pub fn named(name: &str) -> Option<IntType> {
        IntType::ALL.into_iter().find(|int| int.name() == name)
    }

    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            IntType::U8 => "u8",
            IntType::U16 => "u16",
            IntType::U32 => "u32",
            IntType::U64 => "u64",
            IntType::I8 => "i8",
            IntType::I16 => "i16",
            IntType::I32 => "i32",
            IntType::I64 => "i64",
            IntType::Literal => "a number",
        }
    }

    /// The values of the type.
    #[must_use]
    pub fn range(self) -> Wide {
        let unsigned = |bits: u32| Wide {
            low: 0,
            high: (1_i128 << bits) - 1,
        };
        let signed = |bits: u32| Wide {
            low: -(1_i128 << (bits - 1)),
            high: (1_i128 << (bits - 1)) - 1,
        };
        match self {
            IntType::U8 => unsigned(8),
            IntType::U16 => unsigned(16),
            IntType::U32 => unsigned(32),
            IntType::U64 => unsigned(64),
            IntType::I8 => signed(8),
            IntType::I16 => signed(16),
            IntType::I32 => signed(32),
            IntType::I64 => signed(64),
            IntType::Literal => Wide {
                low: i128::from(i64::MIN),
                high: i128::from(u64::MAX),
            },
        }
    }

    /// Whether every known value fits; nothing is known after an error, so nothing is said twice.
    #[must_use]
    pub fn holds(self, interval: Option<Wide>) -> bool {
        interval.is_none_or(|interval| interval.within(self.range()))
    }

    /// The type in which two operands meet: the wider of the two, or the signed one, if both
    /// provably fit in it; else `i64`, which holds every number below 2^59.
    #[must_use]
    pub fn common(a: (IntType, Option<Wide>), b: (IntType, Option<Wide>)) -> IntType {
        let written = [a.0, b.0]
            .into_iter()
            .filter(|int| *int != IntType::Literal);
        match written.max_by_key(|int| int.preference()) {
            None => IntType::Literal,
            Some(int) if int.holds(a.1) && int.holds(b.1) => int,
            Some(_) => IntType::I64,
        }
    }

    /// Wider first, then signed.
    fn preference(self) -> (i128, bool) {
        let range = self.range();
        (range.high - range.low, range.low < 0)
    }
}

/// Who knows a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    /// Everyone.
    Public,
    /// Nobody.
    Private,
}

/// What a value is indexed by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Space {
    /// One value.
    Scalar,
    /// One value per row of a collection, by index.
    Over(usize),
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole number.
    Int(IntType),
    /// A truth value: 1 is true, 0 is false.
    Bool,
    /// A place among the rows of a collection, by index.
    Place(usize),
    /// Who gave a row of a collection, by index.
    Member(usize),
}

impl Kind {
    /// In words.
    #[must_use]
    pub fn describe(self) -> &'static str {
        match self {
            Kind::Int(_) => "a number",
            Kind::Bool => "a truth value",
            Kind::Place(_) => "a place among the rows",
            Kind::Member(_) => "a member",
        }
    }
}

/// What is known of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ty {
    /// Who knows it.
    pub label: Label,
    /// What it is.
    pub kind: Kind,
    /// One or many.
    pub space: Space,
    /// Where it lies, truth values from 0 to 1; `None` after a range error, so that one error does not cause others.
    pub interval: Option<Wide>,
}

impl Ty {
    /// Where truth values lie.
    pub const BITS: Wide = Wide { low: 0, high: 1 };

    /// Its integer type, if it is a number.
    #[must_use]
    pub fn int(self) -> Option<IntType> {
        match self.kind {
            Kind::Int(int) => Some(int),
            Kind::Bool | Kind::Place(_) | Kind::Member(_) => None,
        }
    }
}
