//! Types of values, without labels, ranges and sources: those are found by `flow`.

use enigma_bytecode::interval::Wide;

/// What a value is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Type {
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Int(IntType),
    /// A number in fixed point.
    Fix(FixType),
    /// A name of an enumeration, by index.
    Enum(usize),
    /// An account.
    Id,
    /// So many bytes; `hash` has 32.
    Bytes(u32),
    /// A text of at most so many bytes, padded with zeros.
    Text(u32),
    /// A public text.
    Str,
    /// A signing key. Nothing shows it.
    Key(Curve),
    /// A value that may be missing.
    Maybe(Box<Type>),
    /// Several values side by side.
    Tuple(Vec<Type>),
    /// An instance of a struct, by index.
    Struct(usize),
    /// A list. Its length is public.
    List(Box<Type>, Length),
    /// One value per row of a collection, by index: its index space. Value i belongs to row i.
    Rows(Box<Type>, usize),
    /// A place among the rows of a collection, by index; only `owner_at` reads it.
    Place(usize),
    /// An error has been reported for this value or a part of it; nothing more is said about it.
    Unknown,
}

/// How long a list is: a number, and the rows of collections. `max N` lists and what is made of whole collections
/// are as long as their rows are many in a run.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Length {
    /// The part that is known when the contract is compiled.
    pub fixed: u64,
    /// Collections whose rows are counted, ascending; one that is counted twice stands twice.
    pub rows: Vec<usize>,
}

impl Length {
    /// A known length.
    #[must_use]
    pub fn known(fixed: u64) -> Length {
        let rows = Vec::new();
        Length { fixed, rows }
    }

    /// As many as a collection has rows.
    #[must_use]
    pub fn rows_of(collection: usize) -> Length {
        let rows = vec![collection];
        Length { fixed: 0, rows }
    }

    /// Of both lists, one behind the other.
    #[must_use]
    pub fn plus(&self, other: &Length) -> Length {
        let mut rows = [&self.rows[..], &other.rows].concat();
        rows.sort_unstable();
        Length {
            fixed: self.fixed.saturating_add(other.fixed),
            rows,
        }
    }

    /// The length, if it is known when the contract is compiled.
    #[must_use]
    pub fn constant(&self) -> Option<u64> {
        self.rows.is_empty().then_some(self.fixed)
    }
}

/// `fix<INTEGER, FRACTION>`: numbers k / 2^FRACTION with -2^(INTEGER + FRACTION - 1) <= k < 2^(INTEGER + FRACTION - 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FixType {
    /// Bits before the point, with the sign.
    pub integer: u32,
    /// Bits behind the point.
    pub fraction: u32,
}

impl FixType {
    /// What `fix` alone means.
    pub const DEFAULT: FixType = FixType {
        integer: 32,
        fraction: 16,
    };

    /// Of the scaled numbers k.
    #[must_use]
    pub fn range(self) -> Wide {
        let end = 1_i128 << (self.integer + self.fraction - 1).min(120);
        Wide {
            low: -end,
            high: end - 1,
        }
    }
}

/// The curve of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Curve {
    /// Of ECDSA on most chains.
    Secp256k1,
    /// Of Ed25519.
    Ed25519,
}

impl Type {
    /// What one row, or one element of a list, is.
    #[must_use]
    pub fn element(&self) -> Option<&Type> {
        match self {
            Type::List(element, _) | Type::Rows(element, _) => Some(element),
            _ => None,
        }
    }

    /// Whether it is a number or a truth value, or a vector of them at any depth.
    #[must_use]
    pub fn is_numeric(&self) -> bool {
        match self {
            Type::Int(_) | Type::Fix(_) => true,
            Type::List(element, _) | Type::Rows(element, _) => element.is_numeric(),
            _ => false,
        }
    }
}

/// An integer type of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
    /// A number as written, which takes the type of what it meets; a local that starts with one is an `i64`.
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

    /// The type in which two operands meet: the wider one of two with one sign, else the smallest signed type that
    /// holds both, `i64` at most.
    #[must_use]
    pub fn common(self, other: IntType) -> IntType {
        match (self, other) {
            (IntType::Literal, int) | (int, IntType::Literal) => int,
            (a, b) if (a.range().low < 0) == (b.range().low < 0) => {
                if a.range().high >= b.range().high {
                    a
                } else {
                    b
                }
            }
            (a, b) => {
                let both = Wide {
                    low: a.range().low.min(b.range().low),
                    high: a.range().high.max(b.range().high),
                };
                let signed = [IntType::I8, IntType::I16, IntType::I32];
                let fitting = signed.into_iter().find(|int| both.within(int.range()));
                fitting.unwrap_or(IntType::I64)
            }
        }
    }
}
