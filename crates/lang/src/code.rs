//! The codes of all diagnostics, each with its long text for `enigma explain`.
//!
//! E01: text and syntax. E02: names and types. E03: secrecy and policy. E05: ranges.
//! E06: limits. E07: tests. E08: noise and its budget. E09: the compiler itself. W: warnings.

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
    E0109 "A used file cannot be read."
        "`use lib::geo::Point;` means `Point` of the file `lib/geo.enigma`, from the folder of the file where it is written. There \
         is no way out of the contract's folder: what a contract needs lies beside it or below."
    E0110 "The used file does not declare this."
        "A file gives the structs, enumerations, constants and functions that it declares itself, and not those that it \
         uses of other files. Use a name from the file where it is declared."
    E0111 "Files use each other in a circle."
        "Each file can be understood from those that it uses, so the last one uses none. Put what both need into a file of \
         its own."
    E0112 "A contract in a used file."
        "A used file holds types, constants and functions, which mean the same for every contract. Groups, collections, stores \
         and entries belong to one contract: a function gets what it needs of them as parameters."
    E0113 "Not a path to a name."
        "A path has a file and a name in it, `use geo::Point;`, with the folders of the file before it, `use lib::geo::Point;`. \
         Each name that is used is named."
    E0114 "Not UTF-8 text."
        "Sources are UTF-8 text without exception, so that everyone reads the same."
    E0201 "Unknown name."
        "Nothing of this name is declared where it is used. Declarations of a contract are visible \
         everywhere in it; a `let` is visible below its line, in its block."
    E0202 "The name is taken."
        "Two declarations of a contract, two reveals of an entry, or two locals of a block cannot \
         have the same name, and a word of the language cannot be a name."
    E0203 "Unknown method or function."
        "The library has no method or function of this name for this value. The reference of the library lists \
         all of them."
    E0204 "Wrong arguments."
        "The call has too many or too few arguments, or one whose name the callee does not have."
    E0205 "The name is not a value here."
        "A group, an entry, or a value revealed to others than `public` cannot be used in an \
         expression. A value that was revealed to some people is known to them and not to the nodes, \
         so the computation cannot go on with it; use the private expression itself."
    E0206 "Another type is needed."
        "Types are not converted silently where something could get lost: `as` converts numbers, a struct is built \
         with its name, like `Row(dept: d, income: x)`, and a missing value is taken apart with `or` or `is_some()`."
    E0207 "Not something that can be assigned."
        "Only `let mut` variables, their parts, and stored state can be assigned. An `accumulator` is added to, with \
         `+=`, and never set, so that the order of the calls does not matter."
    E0208 "No such field."
        "The struct, tuple or enumeration has no part of this name."
    E0209 "The function does not return on every way."
        "A function with a result ends in `return`, in both branches of an `if` where it ends in one. A `return` \
         inside a loop is not built: put the result into a variable."
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
    E0302 "A private condition in `require`."
        "Everyone sees whether a call is refused, and would learn the condition. Make validity a part of the result, \
         for example a `maybe`, or reveal the condition first under the policy of its sources."
    E0303 "A public effect under a private condition."
        "Everyone would see whether the ledger or an owner's record changed or money moved, and so learn the \
         condition. Reveal the condition first, or let the effect happen in both cases."
    E0304 "A reveal under a private condition."
        "Everyone would see whether the line ran, and so learn the condition. Reveal the condition first, or reveal a \
         value that is selected by it, as `c ? a : b`."
    E0305 "An effect inside a function."
        "Functions only compute: `reveal`, writes to stores, `require`, transfers and calls of entries belong to \
         entries, so that an entry shows all that it does."
    E0306 "A private loop bound."
        "Everyone sees how often a loop runs. Take a public bound: a constant, a length, or `while condition max N`, \
         which always runs N times when the condition is private."
    E0307 "A private index."
        "Everyone sees which memory is read. `lookup(index)` reads a list at a private place without showing it, and \
         a private place cannot be written to."
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
    E0312 "A hidden part of the rows without a guard."
        "The value mixes rows that private data chose, and how many there are is hidden: it may be the value of one \
         person. Put a guard behind the reveal, as `with min_group(count, 10)`, where `count` is how many were chosen."
    E0313 "`per_owner` values go to their owner only."
        "`allow per_owner to owner` is the consent that each owner learns one value of their own. \
         To show rows to others there is `allow any`."
    E0314 "Stored under a wider policy."
        "A slot of `state MPC` may be shown to those that its own `allow` names. What is put into it must allow at \
         least that: every `allow` of the slot must be covered by one of each source of the value."
    E0315 "Ends under a private condition."
        "Everyone would see that a loop or an entry ended early, and so learn the condition. Let the loop run on and \
         select what it changes, or write `while condition max N`."
    E0316 "A key that would be shown."
        "A `key` has no value that a program can see: it has `public_key()`, `sign()` and `ecdh()` only, and is kept \
         in `state MPC`."
    E0317 "A second bit of one source."
        "`allow bit` is the consent to one truth value for each call. An entry that shows a second one of the same source can \
         choose it by the first, and finds any number by halving. Make one truth value of both, with `&&` or `||`."
    E0318 "An accumulator that is shown by an entry that adds to it."
        "`allow aggregate(k)` of an accumulator is the promise that k callers stand behind whatever is shown of it. An entry \
         that shows it before and after a contribution shows that contribution. Add to it in one entry, and show it in another."
    E0320 "Recursion."
        "A function may not call itself, directly or through others: all code has an end that is known when it is \
         compiled."
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
         1_048_576 members, 16 parties, 64 reveals per entry, 65_536 registers, 1 MiB of bytecode, and loops over members \
         that do 1_048_576 operations in all."
    E0701 "The test cannot be run."
        "`given` sets the values of a collection, as a list of whole numbers or truth values; `run` calls an entry; \
         `expect` compares what was revealed by the last run."
    E0801 "Noise that hides too little."
        "How much noise is needed follows from how far one person can move the value: from ranges and shapes, found by \
         the compiler. Where that cannot be bounded there is no right amount of noise. Narrow the input's `range`, or \
         clip values with `clamp`."
    E0802 "The privacy budget."
        "All noise that is drawn from one person's data is paid from `epsilon_total` of the contract's `privacy`. A \
         contract with `noise` needs one, and a single run must not cost more than it."
    E0803 "The budget of delta."
        "Gaussian noise hides what its epsilon says but for a probability of delta. The deltas of all noise on one person's \
         data add up, run by run, and are paid from `delta_total` of the contract's `privacy`, beside `epsilon_total`. A \
         contract with `gaussian` needs one, below 1, and a single run must not cost more than it. `laplace` has no delta."
    E0900 "Not supported yet."
        "The construct belongs to the language, but this version of the compiler does not build it."
    W0201 "Used nowhere."
        "The file does not need the name that it uses of another file. What a contract does not need is not part of it, and \
         its hash does not depend on it."
    W0401 "Both branches run."
        "A private condition hides which branch counts, so both are computed and one result is selected. Here the \
         branches cost much: see whether the work can move out of them."
    W0410 "A long way of rounds."
        "Each pass of the loop waits for the messages of the one before. A function of the library that does the same for a \
         whole vector at once, or a sum of independent parts, takes a few rounds."
    W0901 "Checked, and not built yet."
        "The contract follows all rules and its tests can be run, but this version does not compile the construct to \
         bytecode, so the contract cannot be published yet."
    W0902 "Not supported by this network."
        "The contract follows all rules and its tests can be run on plain numbers, but no committee has what it asks for: today \
         those are signing keys, with `keygen`, `public_key`, `sign` and `ecdh`. So the contract cannot be published. `enigma test \
         --mpc` runs what does not depend on a key, and says which lines it leaves out."
    E0999 "The compiler made a mistake."
        "The compiled contract did not pass the check that nodes make. Please report the source."
}

impl Code {
    /// Whether it is about what keeps a contract that follows all rules from being compiled.
    #[must_use]
    pub fn is_unbuilt(self) -> bool {
        matches!(self, Code::W0901 | Code::W0902)
    }
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
