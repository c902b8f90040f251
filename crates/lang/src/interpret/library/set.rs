//! Sets: what is in both, what belongs to what.

use std::collections::{BTreeMap, BTreeSet};

use super::Call;
use crate::hir::Builtin;
use crate::value::Value;

pub(super) fn apply(builtin: Builtin, call: &Call) -> Option<Value> {
    use Builtin as B;
    match builtin {
        B::Distinct => {
            let mut seen = BTreeSet::new();
            let once = |element: &Value| match known(element) {
                Some(value) if seen.insert(value.clone()) => Value::some(value.clone()),
                _ => Value::Maybe(None),
            };
            Some(Value::list(call.elements(0)?.iter().map(once).collect()))
        }
        B::Psi => {
            let shared = shared(call)?.into_iter().map(Value::Truth);
            Some(Value::list(shared.collect()))
        }
        B::PsiCount => {
            let count = shared(call)?.into_iter().filter(|is| *is).count();
            Some(Value::Number(count as i128))
        }
        B::Join => {
            let (a, b, values) = (call.elements(0)?, call.elements(1)?, call.elements(2)?);
            if b.len() != values.len() {
                return None;
            }
            let mut first = BTreeMap::new();
            for (key, value) in b.iter().zip(values) {
                if let Some(key) = known(key) {
                    first.entry(key).or_insert(value);
                }
            }
            let joined = a.iter().map(|key| {
                let found = known(key).and_then(|key| first.get(key));
                found.map_or(Value::Maybe(None), |value| Value::some((*value).clone()))
            });
            Some(Value::list(joined.collect()))
        }
        _ => None,
    }
}

/// What a `maybe` holds; other values as they are.
fn known(element: &Value) -> Option<&Value> {
    match element {
        Value::Maybe(value) => value.as_deref(),
        value => Some(value),
    }
}

/// Of each element of the first vector whether it is in the second.
fn shared(call: &Call) -> Option<Vec<bool>> {
    let b: BTreeSet<&Value> = call.elements(1)?.iter().filter_map(known).collect();
    let is = |element: &Value| known(element).is_some_and(|value| b.contains(value));
    Some(call.elements(0)?.iter().map(is).collect())
}
