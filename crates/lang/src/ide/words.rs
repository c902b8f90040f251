//! The words of the language, each with one line for people. Those of its library are in [`crate::library`].

/// Where a word of the grammar stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// At the beginning of a declaration.
    Declaration,
    /// Inside of a declaration.
    Clause,
    /// At the beginning of a statement, or inside of one.
    Statement,
    /// In a `test`.
    Test,
    /// Behind `allow`.
    Shape,
    /// Who gives or gets values.
    Person,
    /// A store.
    Store,
    /// A type, or before one.
    Type,
    /// A value.
    Value,
}

/// A word of the grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word {
    /// As it is written.
    pub text: &'static str,
    /// Where it stands.
    pub place: Place,
    /// What it is for, in one line.
    pub about: &'static str,
}

macro_rules! words {
    ($($place:ident { $($text:literal $about:literal)* })*) => {
        /// Every word of the grammar, once.
        pub const WORDS: &[Word] = &[$($(
            Word { text: $text, place: Place::$place, about: $about },
        )*)*];
    };
}

words! {
    Declaration {
        "use" "Brings in a library: `use lib::math as m;`."
        "contract" "What is deployed: who gives which data, what is stored, and what is revealed to whom."
        "party" "One account with a role, named when an instance is made."
        "group" "Many accounts with the same role; fewer than `min` of them, and nothing is computed."
        "collect" "Values that people give as shares, with what may be shown of them."
        "state" "Values that outlive a run, in the store `L`, `DHT` or `MPC`."
        "privacy" "Budgets for noise and for runs, counted for every person in the ledger."
        "struct" "A record of named fields."
        "enum" "One of several names; private ones are small numbers inside."
        "const" "A value that is known when the contract is compiled."
        "fn" "A pure function: no reveal, no writes to stores."
        "entry" "What can be run: the only place with reveals and writes, all of them or none."
        "test" "A test in plain numbers, run by `enigma test`."
    }
    Clause {
        "version" "The contract's version, a whole number."
        "min" "The fewest members with whom anything is computed."
        "max" "The most: members of a group, elements of a vector, passes of a `while`."
        "admit" "Who belongs to a group, decided from the ledger alone: `admit |who| L.members[who]`."
        "from" "Who gives the values."
        "max_rows" "The most rows that one member gives."
        "range" "The smallest and the largest value: `range 0..=100`. Values outside are refused to their sender, and narrow ranges compute faster."
        "check" "A condition on every value, computed before it is used."
        "allow" "What the owners permit to be shown, and to whom. Without an `allow` nothing is ever shown."
        "accumulator" "A slot that is only added to."
        "access" "Who may read from the store: a public predicate over `who`, `key` and `L`."
        "by" "Who may call the entry."
        "when" "A public condition; the entry refuses without it."
        "pays" "What the caller pays."
        "as" "A conversion, `x as u64`; another name of a library; or who calls in a test."
        "label" "A generic secrecy label: private or public."
    }
    Statement {
        "let" "Names a value; `let mut` one that changes."
        "mut" "The local may be assigned to."
        "if" "A choice. On a private condition both branches run and the results are selected."
        "else" "The other branch."
        "for" "A loop over a public range or a vector."
        "in" "What a `for` goes over."
        "while" "A loop with a stated bound: `while c max N`. On a private condition it runs N times."
        "reveal" "Opens a value to the named people, under the policy of its sources. The only way out of secrecy."
        "to" "Who learns it."
        "with" "A guard on a reveal: `with min_group(n, k)` or `with noise(...)`."
        "min_group" "Nothing is shown of fewer than k: `with min_group(n, k)`."
        "noise" "Noise drawn inside the computation: `with noise(laplace(epsilon: 0.5))`."
        "require" "A public condition; the entry refuses without it."
        "return" "Ends a function with its value."
        "break" "Ends a loop on a public condition."
    }
    Test {
        "given" "Sets the values of a collection: `given bid = [1, 2, 3];`."
        "set" "Sets a store: `set L.price = 3;`."
        "count" "Of how many records the stored value is made."
        "run" "Calls an entry: `run close() as seller;`."
        "expect" "What must hold after the last run."
        "fail" "The run must be refused: `expect fail run close();`."
    }
    Shape {
        "aggregate" "A value that mixes all records, of at least k: `aggregate(5)`."
        "member" "A value that points at a member, like who bid most."
        "bit" "A single truth value about a record."
        "per_owner" "One value for each owner, to that owner."
        "any" "Anything, also the record itself."
    }
    Person {
        "each" "Every member of a group."
        "owner" "The owner of each record; with a name, of that collection's records."
        "caller" "Who calls the entry."
    }
    Store {
        "L" "The public ledger: everyone reads it; an entry's writes are one transaction."
        "DHT" "The store beside the chain: who passes `access` may read, the chain has the hash."
        "MPC" "The secret-shared store: nobody reads it but through `reveal`."
    }
    Type {
        "private" "Secret-shared: no node sees it, and nothing but `reveal` opens it."
        "public" "Known to everyone."
        "per" "One value for each member of a group."
        "bool" "A truth value."
        "u8" "A whole number from 0 to 255."
        "u16" "A whole number from 0 to 65_535."
        "u32" "A whole number from 0 to 4_294_967_295."
        "u64" "A whole number from 0 to 2^64 - 1."
        "i8" "A whole number from -128 to 127."
        "i16" "A whole number from -32_768 to 32_767."
        "i32" "A whole number from -2_147_483_648 to 2_147_483_647."
        "i64" "A whole number from -2^63 to 2^63 - 1."
        "fix" "A number with a fixed point; `fix` is `fix<32, 16>`: integer bits and fraction bits."
        "id" "An account."
        "hash" "A hash of 32 bytes."
        "string" "A public text."
        "bytes" "So many bytes: `bytes<32>`."
        "text" "A private text of at most so many bytes: `text<32>`."
        "key" "A key that no machine holds: `key<secp256k1>`."
        "maybe" "A value that may be missing: `maybe<u64>`."
        "map" "A value for each public key, in stores: `map<id, u64>`."
        "table" "Many records, one vector for each field: `table<Visit>`."
    }
    Value {
        "true" "A truth value."
        "false" "A truth value."
    }
}

/// The word of the grammar that is written like this.
pub(super) fn word(text: &str) -> Option<&'static Word> {
    WORDS.iter().find(|word| word.text == text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::syntax::RESERVED;

    #[test]
    fn every_reserved_word_is_explained_and_every_word_once() {
        let texts: BTreeSet<&str> = WORDS.iter().map(|word| word.text).collect();
        assert_eq!(texts.len(), WORDS.len());
        for word in RESERVED {
            assert!(texts.contains(word), "{word}");
        }
    }

    /// The parser's sources are where words are compared; none is forgotten here.
    #[test]
    fn every_word_of_the_grammar_is_explained() {
        let sources = [
            include_str!("../syntax/grammar/expressions.rs"),
            include_str!("../syntax/grammar/items.rs"),
            include_str!("../syntax/grammar/statements.rs"),
            include_str!("../syntax/grammar/types.rs"),
        ];
        let mut found = 0;
        for source in sources {
            for text in source.split('"').skip(1).step_by(2) {
                if !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
                {
                    assert!(word(text).is_some(), "{text}");
                    found += 1;
                }
            }
        }
        assert!(found > 60, "{found}");
    }
}
