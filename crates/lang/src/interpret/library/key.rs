//! Keys and hashes. Hashes are real. Keys are not: a model of them gives, for the same key and text, always the same bytes, of the
//! right length, which verify nowhere. No key exists outside of a committee.

use super::Call;
use crate::hir::{Builtin, Type};
use crate::value::Value;

pub(super) fn apply(builtin: Builtin, call: &Call) -> Option<Value> {
    use Builtin as B;
    if builtin == B::Digest {
        return Some(Value::bytes(blake3::hash(&bytes(call.arg(0)?)?).as_bytes()));
    }
    let Value::Key(key) = call.arg(0)? else {
        return None;
    };
    let Type::Bytes(len) = call.ty else {
        return None;
    };
    let len = usize::try_from(*len).ok()?;
    // There is no key yet: zeros.
    let Some(key) = key else {
        return Some(Value::bytes(&vec![0; len]));
    };
    let mut hasher =
        blake3::Hasher::new_derive_key("enigma plaintext interpreter: model of keys, version 1");
    hasher.update(builtin.name().as_bytes());
    hasher.update(&key.to_be_bytes());
    if let Some(text) = call.arg(1) {
        hasher.update(&bytes(text)?);
    }
    let mut output = vec![0; len];
    hasher.finalize_xof().fill(&mut output);
    Some(Value::bytes(&output))
}

fn bytes(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::Bytes(bytes) => Some(bytes.to_vec()),
        Value::Text(text) => Some(text.as_bytes().to_vec()),
        _ => None,
    }
}
