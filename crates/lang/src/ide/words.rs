//! The words of the language, and its library, each with one line for people.

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

/// A method or function of the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: &'static str,
    /// How it is called.
    pub call: &'static str,
    /// What it gives, in one line.
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

macro_rules! functions {
    ($(#[$doc:meta])* $list:ident { $($name:literal $call:literal $about:literal)* }) => {
        $(#[$doc])*
        pub const $list: &[Function] = &[$(
            Function { name: $name, call: $call, about: $about },
        )*];
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
        "test" "A test in plain numbers, run by `enigma check`."
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

functions! {
    /// Methods of vectors, collections and stored values.
    METHODS {
        "len" "xs.len()" "How many there are; always public."
        "sum" "xs.sum()" "The sum of all. Free."
        "mean" "xs.mean()" "The sum over the number, rounded toward zero. One division."
        "count" "xs.count()" "How many there are in each cell."
        "count_true" "xs.count_true()" "How many are true. Free."
        "sum_where" "xs.sum_where(flags)" "The sum of those whose flag is true. One multiplication each."
        "mean_where" "xs.mean_where(flags)" "The mean of those whose flag is true."
        "dot" "xs.dot(ys)" "The sum of products. One round."
        "min" "xs.min()" "The smallest. About one comparison each, log n levels."
        "max" "xs.max()" "The largest. About one comparison each, log n levels."
        "argmin" "xs.argmin()" "Where the smallest is; of equal ones the first."
        "argmax" "xs.argmax()" "Where the largest is; of equal ones the first."
        "owner_at" "xs.owner_at(place)" "Whose value is at a place."
        "top2" "xs.top2()" "Where the largest is, the largest, and the second largest."
        "top" "xs.top(k)" "The k largest."
        "rank" "xs.rank()" "For each its place from below; equal ones share it. n^2/2 comparisons at once, or a sort."
        "rank_desc" "xs.rank_desc()" "For each its place from above; equal ones share it. n^2/2 comparisons at once, or a sort."
        "sort" "xs.sort()" "In ascending order. A secret shuffle, then about n log n comparisons."
        "sort_by" "xs.sort_by(|x| key)" "In ascending order of a key."
        "median" "xs.median()" "The one in the middle."
        "quantile" "xs.quantile(q)" "The one below which the share q of all are."
        "distinct" "xs.distinct()" "Each value once."
        "histogram" "xs.histogram(edges)" "How many are between each two edges."
        "group_by" "xs.group_by(|x| x.kind)" "One hidden cell for each value of an enum."
        "map" "xs.map(|x| y)" "Something for each."
        "lookup" "xs.lookup(i)" "The element at a private place; outside of the vector the default."
        "clamp" "x.clamp(low, high)" "The value, moved between the bounds."
        "abs" "x.abs()" "The magnitude."
        "bits" "x.bits()" "The bits, the lowest first."
        "variance" "xs.variance()" "The mean of squares of the distance from the mean."
        "stddev" "xs.stddev()" "The square root of the variance."
        "checked_div" "x.checked_div(y)" "The quotient, or nothing where `y` is 0."
        "wrapping_add" "x.wrapping_add(y)" "The sum modulo the type's size."
        "get" "L.get(slot)" "The stored value, the same as `L.slot`."
        "set" "L.set(slot, value)" "Stores a value, the same as `L.slot = value`."
        "public_key" "key.public_key()" "The key's public half."
        "sign" "key.sign(digest)" "A signature."
        "ecdh" "key.ecdh(point)" "A shared secret."
    }
}

functions! {
    /// Functions that are called by themselves.
    FUNCTIONS {
        "psi" "psi(a, b)" "For each of one list, whether it is in the other."
        "psi_count" "psi_count(a, b)" "How many two lists have in common."
        "join" "join(a, b)" "Rows of two tables with the same key."
        "left_join" "left_join(a, b)" "Every row of the first table, with its match if there is one."
        "linreg" "linreg(x: columns, y: column, ridge: 0.0)" "Coefficients of a linear regression, the constant first."
        "ridge" "ridge(x: columns, y: column, lambda: 0.1)" "Coefficients of a ridge regression."
        "logistic" "logistic(score)" "The logistic function of a score."
        "logreg_train" "logreg_train(x: columns, y: column, iters: 10)" "Coefficients of a logistic regression."
        "sigmoid" "sigmoid(x)" "1 / (1 + exp(-x))."
        "exp" "exp(x)" "e to the power of x."
        "ln" "ln(x)" "The natural logarithm."
        "sqrt" "sqrt(x)" "The square root."
        "matmul" "matmul(a, b)" "The product of two matrices."
        "corr" "corr(a, b)" "The correlation of two vectors."
        "covariance" "covariance(a, b)" "The covariance of two vectors."
        "mean_square" "mean_square(xs)" "The mean of squares."
        "distance2" "distance2(a, b)" "The square of the distance of two vectors."
        "select" "select(c, a, b)" "`a` where `c` is true, else `b`, the same as `c ? a : b`."
        "min" "min(a, b)" "The smaller of two."
        "max" "max(a, b)" "The larger of two."
        "clamp" "clamp(x, low, high)" "The value, moved between the bounds."
        "shuffle" "shuffle(xs)" "The same in an order that nobody knows."
        "random" "random(n)" "A secret number below n."
        "random_bits" "random_bits(n)" "So many secret bits."
        "keygen" "keygen()" "A key that no machine holds."
        "digest" "digest(x)" "The hash of a secret value."
        "commit" "commit(x)" "A commitment to a secret value."
        "laplace" "laplace(epsilon: 0.5)" "Noise of the Laplace distribution."
        "gaussian" "gaussian(epsilon: 0.5, delta: 0.00001)" "Noise of the normal distribution."
        "clip" "clip(xs, low, high)" "Each value moved between the bounds, which bounds its influence."
        "transfer" "transfer(from: a, to: b, amount: n)" "Moves coins between two accounts."
        "transfer_out" "transfer_out(to: a, amount: n)" "Pays coins out of the contract."
        "some" "some(x)" "In a test: there is a value."
        "none" "none()" "In a test: there is none."
        "fill" "fill(n, x)" "In a test: n times the same value."
        "iota" "iota(a, b)" "In a test: a, a + 1 and so on, up to b."
        "concat" "concat(a, b)" "In a test: the lists one after another."
        "digest_of" "digest_of(\"text\")" "In a test: the hash of a text."
    }
}

/// The word of the grammar that is written like this.
pub(super) fn word(text: &str) -> Option<&'static Word> {
    WORDS.iter().find(|word| word.text == text)
}

pub(super) fn function(list: &'static [Function], name: &str) -> Option<&'static Function> {
    list.iter().find(|function| function.name == name)
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

    #[test]
    fn functions_are_listed_once_and_called_by_their_names() {
        for list in [METHODS, FUNCTIONS] {
            let names: BTreeSet<&str> = list.iter().map(|function| function.name).collect();
            assert_eq!(names.len(), list.len());
            for function in list {
                assert!(function.call.contains(&format!("{}(", function.name)));
            }
        }
    }
}
