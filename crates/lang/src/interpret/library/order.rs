//! Orders: one value per element.

use super::Call;
use crate::hir::Builtin;
use crate::value::Value;

pub(super) fn apply(builtin: Builtin, call: &Call) -> Option<Value> {
    use Builtin as B;
    let results: Vec<Value> = match builtin {
        B::Rank | B::RankDesc => ranks(&call.numbers(0)?, builtin == B::RankDesc),
        B::PrefixSums => {
            let mut sum = 0_i128;
            let mut prefix = |x: i128| {
                sum = sum.checked_add(x)?;
                Some(call.of_result(sum))
            };
            call.numbers(0)?
                .into_iter()
                .map(&mut prefix)
                .collect::<Option<_>>()?
        }
        B::Sort | B::SortDesc | B::Top => {
            let mut numbers = call.numbers(0)?;
            numbers.sort_unstable();
            if builtin != B::Sort {
                numbers.reverse();
            }
            if builtin == B::Top {
                numbers.resize(call.size(1)?, 0);
            }
            numbers.into_iter().map(|x| call.of_result(x)).collect()
        }
        B::SortBy => {
            let (elements, keys) = (call.elements(0)?, call.numbers(1)?);
            if elements.len() != keys.len() {
                return None;
            }
            let mut keyed: Vec<(i128, &Value)> = keys.into_iter().zip(elements).collect();
            keyed.sort_by_key(|(key, _)| *key);
            keyed
                .into_iter()
                .map(|(_, element)| element.clone())
                .collect()
        }
        _ => return None,
    };
    Some(Value::list(results))
}

/// 1 + how many come strictly before: ties share a rank, and the next rank is left out.
fn ranks(numbers: &[i128], descending: bool) -> Vec<Value> {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable();
    let rank = |number: &i128| {
        let before = if descending {
            sorted.len() - sorted.partition_point(|other| other <= number)
        } else {
            sorted.partition_point(|other| other < number)
        };
        Value::Number(before as i128 + 1)
    };
    numbers.iter().map(rank).collect()
}
