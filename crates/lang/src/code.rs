//! The codes of all diagnostics, each with its long text for `enigma explain`.
//!
//! E01: text and syntax. E02: names and types. E03: secrecy and policy. E05: ranges.
//! E06: limits. E07: tests. E09: the compiler itself.

use std::fmt;

macro_rules! codes {
    ($($code:ident $title:literal $text:literal)*) => {
        /// A rule of the language.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $title] $code,)*
        }

        impl Code {
            /// All codes, ascending.
            pub const ALL: &[Code] = &[$(Code::$code,)*];

            /// As it is written, like `E0310`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Code::$code => stringify!($code),)* }
            }

            /// What the rule is and why, and how a program that breaks it is put right.
            #[must_use]
            pub fn explanation(self) -> &'static str {
                match self { $(Code::$code => concat!($title, "\n\n", $text),)* }
            }
        }
    };
}

codes! {
    E0101 "The text does not follow the grammar."
        "The place marked is the first that cannot be understood; the cause may stand just before \
         it, often a missing `;` or `}`."
    E0102 "A character that the language does not use."
        "Names are made of the letters a to z, A to Z, digits and `_`. Other characters may stand \
         in comments and in texts between quotes only."
    E0103 "A text without its closing quote."
        "A text stands between two `\"` on one line."
    E0104 "Nested too deeply."
        "Blocks, parentheses and types may be nested 64 deep, and one expression may have 256 \
         operations inside each other. Give a name to a part with `let`."
    E0105 "The source is too large."
        "A source file has at most 256 KiB, so that checking a contract stays cheap for everyone."
    E0106 "The name is too long."
        "Names have at most 64 characters, so that manifests and messages stay readable."
    E0107 "Not a number of the language."
        "Whole numbers are written with digits and `_` between them, like `1_000_000`; numbers with \
         a point have digits on both sides of it, like `0.5`. There are no suffixes and no exponents."
    E0108 "Not exactly one contract."
        "A file holds one contract, `contract NAME version 1 { ... }`, and may hold types, constants \
         and functions beside it."
    E0201 "Unknown name."
        "Nothing of this name is declared where it is used. Declarations of a contract are visible \
         everywhere in it; a `let` is visible below its line, in its block."
    E0202 "The name is taken."
        "Two declarations of a contract, two reveals of an entry, or two locals of a block cannot \
         have the same name, and a word of the language cannot be a name."
    E0203 "Unknown method."
        "Private vectors of numbers have `sum()`, `mean()`, `max()`, `min()`, `argmax()`, `argmin()`, \
         `rank()` and `rank_desc()`; those of truth values have `count_true()`; all have `len()` and \
         `owner_at(PLACE)`."
    E0204 "Wrong arguments."
        "The call has too many or too few arguments, or one whose name the callee does not have."
    E0205 "The name is not a value here."
        "A group, an entry, or a value revealed to others than `public` cannot be used in an \
         expression. A value that was revealed to some people is known to them and not to the nodes, \
         so the computation cannot go on with it; use the private expression itself."
    E0211 "The operation does not apply."
        "For example `sum()` needs one value per member, and one number has nothing to add up; `+` \
         needs numbers and `&&` truth values; a place among the rows, as `argmax()` gives, is only \
         for `owner_at`."
    E0212 "Not a usable constant."
        "Bounds, ranges and thresholds are known when the contract is compiled: numbers, constants \
         and arithmetic on them, with the smaller bound first."
    E0301 "A private value where everyone would see it."
        "Public places hold public values only. There is a silent step from public to private and \
         none back: a private value is opened by `reveal`, to the recipients it names and under the \
         policy of its sources, and by nothing else."
    E0308 "Two index spaces do not mix."
        "A value collected `from each` member is a vector over that collection. Value i belongs to \
         member i, so vectors over different collections cannot be combined element by element. \
         Reduce one of them first, for example with `sum()`."
    E0309 "One value for many, or many values for one."
        "`to owner(x)` sends value i to the owner of row i of `x`, so it needs one value per row. \
         `to each g` sends the same value to everyone, so it needs exactly one value."
    E0310 "No `allow` covers this reveal."
        "Every input says what may be shown of it and to whom. A reveal is legal if for every \
         source of the value some `allow` covers its shape and every recipient. A value per row \
         may go only to the row's owner; a sum over the whole collection is an aggregate. \
         Without an `allow` nothing is ever shown."
    E0311 "Nothing private in this reveal."
        "The value is known to everyone already, for example the number of rows. A reveal would \
         promise protection where there is none."
    E0313 "`per_owner` values go to their owner only."
        "`allow per_owner to owner` is the consent that each owner learns one value of their own. \
         To show rows to others there is `allow any`."
    E0501 "The value may not fit."
        "Every private number has a range, and ranges are carried through arithmetic. Overflow of a \
         private number could not be reported without telling something about it, so it must be \
         excluded. Operands of different types meet in the wider type if both provably fit, else in \
         i64. To put it right, narrow the input's `range`, or write \
         `as i64` behind an operand. Whatever the type, numbers \
         stay below 2^59 in magnitude."
    E0502 "Division by zero."
        "Private code cannot fail, so a division by 0 gives 0. Here the divisor is always 0."
    E0601 "A limit of the network is exceeded."
        "Contracts are bounded so that every node can check and run them: groups of at most \
         1_048_576 members, 16 parties, 64 reveals per entry, 65_536 registers, 1 MiB of bytecode."
    E0701 "The test cannot be run."
        "`given` sets the values of a collection, as a list of whole numbers or truth values; `run` calls an entry; \
         `expect` compares what was revealed by the last run."
    E0900 "Not supported yet."
        "The construct belongs to the language, but this version of the compiler does not build it."
    E0999 "The compiler made a mistake."
        "The compiled contract did not pass the check that nodes make. Please report the source."
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The long text for a code as written, like `E0310`; `None` for a code that does not exist.
#[must_use]
pub fn explain(code: &str) -> Option<&'static str> {
    let found = Code::ALL
        .iter()
        .find(|c| c.as_str().eq_ignore_ascii_case(code));
    found.map(|c| c.explanation())
}
