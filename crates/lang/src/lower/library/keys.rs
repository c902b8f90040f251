//! Random values, keys and hashes.

use super::{Form, Function, Give, Take};
use crate::hir::Builtin;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "random",
        form: Form::Function,
        builtin: Builtin::Random,
        takes: &[("n", Take::Count)],
        gives: Give::Count,
        meaning: "a number from 0 to n - 1 that nobody knows",
    },
    Function {
        name: "random_bits",
        form: Form::Function,
        builtin: Builtin::RandomBits,
        takes: &[("n", Take::Count)],
        gives: Give::Bits,
        meaning: "n truth values that nobody knows",
    },
    Function {
        name: "keygen",
        form: Form::Function,
        builtin: Builtin::Keygen,
        takes: &[],
        gives: Give::Key,
        meaning: "a key that nobody knows",
    },
    Function {
        name: "public_key",
        form: Form::Method,
        builtin: Builtin::PublicKey,
        takes: &[("key", Take::Key)],
        gives: Give::PublicKey,
        meaning: "its public key",
    },
    Function {
        name: "sign",
        form: Form::Method,
        builtin: Builtin::Sign,
        takes: &[("key", Take::Key), ("digest", Take::Hash)],
        gives: Give::Signature,
        meaning: "a signature on a hash",
    },
    Function {
        name: "ecdh",
        form: Form::Method,
        builtin: Builtin::Ecdh,
        takes: &[("key", Take::Key), ("public_key", Take::PublicKey)],
        gives: Give::Hash,
        meaning: "what it shares with the owner of a public key",
    },
    Function {
        name: "digest",
        form: Form::Function,
        builtin: Builtin::Digest,
        takes: &[("bytes", Take::Bytes)],
        gives: Give::Hash,
        meaning: "the hash of public bytes",
    },
];
