//! Tests once more with other secrets: where everybody is shown the same, everyone must see the same.
//!
//! A test is run as it is written, then with a few of its private numbers changed: rows of collections, private arguments, what
//! it sets in `state MPC`. Changes that balance each other are tried among others, since sums and orders often survive them. Calls whose rows that
//! count and whose results for all recipients agree with those of the written test must have the same transcript, and be refused or
//! not refused alike, unless what everyone was shown before may be the reason. A call that shows something else ends a comparison: from
//! there on both may differ in public.
//!
//! This tests the checker's promise on the author's own numbers; it proves nothing. What committees send is outside of it: plans
//! know sizes only.

use std::collections::BTreeMap;

use enigma_bytecode::interval::Wide;

use super::{Checkpoint, Session};
use crate::Checked;
use crate::diagnostic::{Color, render_marked};
use crate::hir::{Hir, Recipient, StmtKind, Test, TestStep, Type, visit};
use crate::interpret::{Event, Outcome, Refusal, Transcript};
use crate::sources::Sources;
use crate::span::Span;
use crate::value::Value;

/// Other secrets tried for one test, at most, and of tests with many secrets at least.
const TRIES: (u32, u32) = (8, 256);
/// Secrets set in all tries for one test, about.
const SECRETS_SET: usize = 1 << 18;
/// Tries that showed the same, after which it is enough.
const ENOUGH: u32 = 32;

/// What came of one test with other secrets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeakOutcome {
    /// The test's title.
    pub title: String,
    /// Private numbers that the test sets.
    pub secrets: usize,
    /// How often it was run with others.
    pub tried: u32,
    /// How often at least one call that depends on changed secrets showed the same to all recipients, so that what everyone sees could be compared.
    pub compared: u32,
    /// Where something differed that must not.
    pub difference: Option<LeakDifference>,
}

/// Something that tells secrets apart, and that no recipient was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeakDifference {
    /// Where everyone sees it.
    pub span: Span,
    /// What everyone sees, in one line.
    pub message: String,
}

impl LeakOutcome {
    /// The difference as text for a person, with its place in the source; nothing if there is none.
    #[must_use]
    pub fn render(&self, file_name: &str, sources: &Sources, color: Color) -> String {
        let Some(difference) = &self.difference else {
            return String::new();
        };
        let message = format!("test {:?} leaks", self.title);
        let mark = (difference.span, difference.message.as_str());
        let note = "the checker must exclude this: please report the source".to_owned();
        render_marked(&message, mark, &[note], file_name, sources, color)
    }
}

/// Runs one of the contract's tests with other secrets, which are the same every time.
#[must_use]
pub fn test_leak(checked: &Checked, test: &Test) -> LeakOutcome {
    let mut outcome = LeakOutcome {
        title: test.title.clone(),
        secrets: 0,
        tried: 0,
        compared: 0,
        difference: None,
    };
    let (written, secrets) = trace(checked, test, BTreeMap::new());
    outcome.secrets = secrets.found.len();
    let tries = u32::try_from(SECRETS_SET / outcome.secrets.max(1)).unwrap_or(u32::MAX);
    let tries = tries.clamp(TRIES.0, TRIES.1);
    let mut choice = Choice(0);
    while outcome.tried < tries && outcome.compared < ENOUGH && !secrets.found.is_empty() {
        outcome.tried += 1;
        let changes = choice.changes(&secrets.found);
        let first = changes.keys().next().copied().unwrap_or(usize::MAX);
        let (other, _) = trace(checked, test, changes);
        match compare(&written, &other, first) {
            Ok(0) => {}
            Ok(_) => outcome.compared += 1,
            Err(difference) => {
                outcome.difference = Some(difference);
                break;
            }
        }
    }
    outcome
}

/// A call, and how many secrets were set before it.
struct Call {
    span: Span,
    secrets: usize,
    /// Whether its entry shows everyone something.
    is_open: bool,
    done: Result<Outcome, Refusal>,
}

/// All calls of a test up to the first step that cannot be done, with some secrets changed.
fn trace(checked: &Checked, test: &Test, changes: BTreeMap<usize, Value>) -> (Vec<Call>, Secrets) {
    let mut session = Session::new(checked);
    session.secrets = Some(Secrets {
        found: Vec::new(),
        changes,
    });
    let mut calls = Vec::new();
    for step in &test.steps {
        let done: Checkpoint<()> = match step {
            TestStep::Given(collection, value, _) => session.give(*collection, value),
            TestStep::Set {
                target,
                value,
                count,
                ..
            } => session.set(target, value, count.as_ref()),
            TestStep::SetClock(clock, value, _) => session.set_clock(*clock, value),
            TestStep::Run(run) | TestStep::ExpectFail(run) => session.run(run).map(|done| {
                if let (TestStep::Run(_), Ok(outcome)) = (step, &done) {
                    session.results.clone_from(&outcome.results);
                }
                let secrets = session.secrets.as_ref().map_or(0, |s| s.found.len());
                let span = run.span;
                calls.push(Call {
                    span,
                    secrets,
                    is_open: shows_everyone(&checked.hir, run.entry),
                    done,
                });
            }),
            TestStep::Expect(..) => Ok(()),
        };
        if done.is_err() {
            break;
        }
    }
    (calls, session.secrets.unwrap_or_default())
}

/// How many calls after the first changed secret showed the same to all recipients.
fn compare(written: &[Call], other: &[Call], first: usize) -> Result<u32, LeakDifference> {
    let mut compared = 0;
    for (a, b) in written.iter().zip(other) {
        let refused = |refusal: &Refusal| {
            Err(LeakDifference {
                span: a.span,
                message: format!("of two runs that show nothing one is refused: {refusal}"),
            })
        };
        match (&a.done, &b.done) {
            (Ok(x), Ok(y)) => {
                let same = rows(&x.transcript).eq(rows(&y.transcript)) && x.results == y.results;
                if !same {
                    return Ok(compared);
                }
                if let Some(difference) = difference(&x.transcript, &y.transcript, a.span) {
                    return Err(difference);
                }
            }
            (Err(x), Err(y)) if x == y => {}
            // What is refused shows no results: only a run without any agrees with it.
            (Ok(run), Err(refusal)) | (Err(refusal), Ok(run)) => {
                if run.results.is_empty() && !is_of_inputs(refusal) {
                    return refused(refusal);
                }
                return Ok(compared);
            }
            (Err(x), Err(y)) => {
                // What everyone was shown before may be the reason of one of them.
                if !is_of_inputs(x) && !is_of_inputs(y) && !a.is_open {
                    return refused(y);
                }
                return Ok(compared);
            }
        }
        compared += u32::from(first < a.secrets);
    }
    Ok(compared)
}

/// Whether an entry has a result for everyone.
fn shows_everyone(hir: &Hir, entry: usize) -> bool {
    let mut shows = false;
    if let Some(entry) = hir.entries.get(entry) {
        visit::statements(&entry.body, &mut |stmt| {
            if let StmtKind::Reveal(reveal) = &stmt.kind {
                let mut recipients = reveal.recipients.iter();
                shows |= recipients.any(|(to, _)| *to == Recipient::Public);
            }
        });
    }
    shows
}

/// How many rows of each collection count: everyone knows, and other rows may be other ones that are refused.
fn rows(transcript: &Transcript) -> impl Iterator<Item = &Event> {
    let events = transcript.events.iter();
    events.filter(|event| matches!(event, Event::Rows { .. }))
}

/// Whether rows or arguments were refused, or the interpreter gave up: no other secret of a test is compared with that.
fn is_of_inputs(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::TooFewRows { .. }
            | Refusal::TooFewMembers { .. }
            | Refusal::TooManyRows { .. }
            | Refusal::NoInput { .. }
            | Refusal::OutOfRange { .. }
            | Refusal::Arguments { .. }
            | Refusal::TooLong
            | Refusal::TooMuchWork
            | Refusal::Internal { .. }
    )
}

/// The first event that differs.
fn difference(a: &Transcript, b: &Transcript, call: Span) -> Option<LeakDifference> {
    if a == b {
        return None;
    }
    let pairs = a.events.iter().zip(&b.events);
    let found = pairs.into_iter().find(|(x, y)| x != y).map(|(x, _)| x);
    let behind = a
        .events
        .get(b.events.len())
        .or(b.events.get(a.events.len()));
    let (span, what) = match found.or(behind) {
        Some(Event::Branch { span, .. }) => (*span, "which way this goes"),
        Some(Event::Loop { span, .. }) => (*span, "how often this runs"),
        Some(Event::Public { span, .. }) => (*span, "this value"),
        Some(Event::Index { span, .. }) => (*span, "this place"),
        Some(Event::Pays(_)) => (call, "what the caller pays"),
        Some(Event::Write { .. }) => (call, "what is written to a store"),
        Some(Event::Reveal { .. }) => (call, "what is revealed, and when"),
        Some(Event::Transfer(_)) => (call, "what the ledger moves"),
        Some(Event::Rows { .. }) | None => (call, "how long it takes"),
    };
    Some(LeakDifference {
        span,
        message: format!(
            "everyone sees {what}, and it differs between secrets with the same results"
        ),
    })
}

/// A private number of a test, with what it may be instead.
#[derive(Clone, Debug)]
struct Secret {
    value: Value,
    /// Of numbers and of names by their places.
    range: Wide,
}

/// The secrets of a test, in the order in which it sets them.
#[derive(Clone, Debug, Default)]
pub(super) struct Secrets {
    found: Vec<Secret>,
    /// What is taken instead, by place.
    changes: BTreeMap<usize, Value>,
}

impl Secrets {
    /// Notes the secret parts of a value and changes those that are to be changed. `stated`: where its numbers lie. What lies
    /// elsewhere, so that everyone sees it refused, stays.
    pub(super) fn take(
        &mut self,
        value: Value,
        ty: &Type,
        stated: Option<Wide>,
        hir: &Hir,
    ) -> Value {
        let range = match (&value, ty) {
            (Value::Truth(_), _) => Some(Wide { low: 0, high: 1 }),
            (Value::Number(_), Type::Int(int)) => Some(stated.unwrap_or(int.range())),
            (Value::Fixed { .. }, Type::Fix(fix)) => Some(stated.unwrap_or(fix.range())),
            (Value::Variant { of, .. }, _) => hir.enums.get(*of).map(|of| Wide {
                low: 0,
                high: of.variants.len() as i128 - 1,
            }),
            (Value::Bytes(_), _) => Some(Wide { low: 0, high: 0 }),
            _ => None,
        };
        if let Some(range) = range {
            return self.scalar(value, range);
        }
        let mut whole = value;
        let types: Vec<(&Type, Option<Wide>)> = match (&whole, ty) {
            (Value::List(items), Type::List(element, _) | Type::Rows(element, _)) => {
                vec![(&**element, stated); items.len()]
            }
            (Value::Tuple(_), Type::Tuple(types)) => types.iter().map(|ty| (ty, None)).collect(),
            (Value::Struct(..), Type::Struct(index)) => {
                let fields = hir.structs.get(*index).map_or(&[][..], |s| &s.fields);
                fields
                    .iter()
                    .map(|field| (&field.ty, field.range))
                    .collect()
            }
            (Value::Maybe(Some(inner)), Type::Maybe(ty)) => {
                return Value::some(self.take((**inner).clone(), ty, stated, hir));
            }
            _ => return whole,
        };
        if let Some(parts) = whole.parts_mut() {
            for (part, (ty, range)) in parts.iter_mut().zip(types) {
                *part = self.take(part.clone(), ty, range, hir);
            }
        }
        whole
    }

    fn scalar(&mut self, value: Value, range: Wide) -> Value {
        let inside = number(&value).is_none_or(|n| (range.low..=range.high).contains(&n));
        if !inside {
            return value;
        }
        let place = self.found.len();
        let instead = self.changes.get(&place).cloned();
        let taken = instead.unwrap_or_else(|| value.clone());
        self.found.push(Secret { value, range });
        taken
    }
}

/// The number behind a scalar; `None` of bytes.
fn number(value: &Value) -> Option<i128> {
    match value {
        Value::Truth(truth) => Some((*truth).into()),
        Value::Number(n) | Value::Fixed { scaled: n, .. } => Some(*n),
        Value::Variant { place, .. } => Some((*place).into()),
        _ => None,
    }
}

/// The same kind of scalar with another number; of bytes, with other ones.
fn with_number(value: &Value, n: i128) -> Option<Value> {
    Some(match value {
        Value::Truth(_) => Value::Truth(n != 0),
        Value::Number(_) => Value::Number(n),
        Value::Fixed { fraction, .. } => Value::Fixed {
            fraction: *fraction,
            scaled: n,
        },
        Value::Variant { of, .. } => Value::Variant {
            of: *of,
            place: u32::try_from(n).ok()?,
        },
        Value::Bytes(bytes) => {
            let mut bytes = bytes.to_vec();
            let added = n.to_le_bytes();
            bytes
                .iter_mut()
                .zip(added)
                .for_each(|(byte, add)| *byte ^= add);
            Value::bytes(&bytes)
        }
        _ => return None,
    })
}

/// Which secrets are changed to what: the same sequence every time.
struct Choice(u64);

impl Choice {
    /// Below `end`, which is greater than 0. Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014.
    fn below(&mut self, end: u128) -> u128 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        u128::from(z ^ (z >> 31)) % end.max(1)
    }

    /// One secret becomes another one, is moved a little, or two of a kind change places or move against each other.
    fn changes(&mut self, found: &[Secret]) -> BTreeMap<usize, Value> {
        let mut changes = BTreeMap::new();
        // A few draws that change nothing are no loss.
        for _ in 0..16 {
            let (i, j) = (self.place(found), self.place(found));
            let (Some(a), Some(b)) = (found.get(i), found.get(j)) else {
                break;
            };
            let wide = a.range.high.saturating_sub(a.range.low).saturating_add(1);
            // Small steps keep orders, large ones pass thresholds.
            let bits = self.below(u128::from(127 - wide.leading_zeros().min(126)));
            let step = 1 + self.below(1 << bits.min(126)).cast_signed();
            let anything = a.range.low + self.below(wide.cast_unsigned()).cast_signed();
            let (x, y) = match (number(&a.value), number(&b.value), self.below(4)) {
                (None, ..) => (Some(1 + self.below(u128::MAX).cast_signed()), None),
                (Some(_), _, 0) => (Some(anything), None),
                (Some(x), _, 1) => (
                    x.checked_add(if step % 2 == 0 { step } else { -step }),
                    None,
                ),
                (Some(x), Some(y), 2) if a.range == b.range => (Some(y), Some(x)),
                (Some(x), Some(y), _) if a.range == b.range => {
                    (x.checked_add(step), y.checked_sub(step))
                }
                _ => (Some(anything), None),
            };
            let mut change = |place: usize, secret: &Secret, to: Option<i128>| {
                let inside = |n: &i128| {
                    number(&secret.value).is_none()
                        || (secret.range.low..=secret.range.high).contains(n)
                };
                let value = to
                    .filter(inside)
                    .and_then(|n| with_number(&secret.value, n));
                if let Some(value) = value.filter(|value| *value != secret.value) {
                    changes.insert(place, value);
                }
            };
            change(i, a, x);
            if i != j {
                change(j, b, y);
            }
            if !changes.is_empty() {
                break;
            }
        }
        changes
    }

    fn place(&mut self, found: &[Secret]) -> usize {
        let place = self.below(found.len() as u128);
        usize::try_from(place).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Call, LeakOutcome, compare, test_leak};
    use crate::interpret::{Outcome, Refusal};
    use crate::span::Span;
    use crate::{Checked, compile};

    const SOURCE: &str = "contract T version 1 {
      group g min 2 max 9;
      state L { seen: u64 = 0; }
      state MPC { last: private u64 allow aggregate(2) to public; }
      collect a: private u64 from each g range 0..=100 allow aggregate(2) to public;
      entry e() {
        let mut big = 0;
        if a.max() > 55 { big = 1; }
        reveal total = a.sum() to public;
        MPC.last = a.sum();
        L.seen = total;
      }
      test \"sums\" { given a = [10, 20, 60, 40]; run e(); expect total == 130; }
      test \"one row\" { given a = [10]; expect fail run e(); }
    }";

    fn test_leaks(checked: &Checked) -> Vec<LeakOutcome> {
        let tests = checked.hir.tests.iter();
        tests.map(|test| test_leak(checked, test)).collect()
    }

    #[test]
    fn other_secrets_with_the_same_results_look_the_same() {
        let checked = compile(SOURCE).checked.expect("no errors");
        let [sums, one] = &test_leaks(&checked)[..] else {
            panic!("two tests")
        };
        assert_eq!((sums.secrets, sums.compared), (4, super::ENOUGH));
        assert_eq!(sums.difference, None);
        assert_eq!(one.difference, None);
        assert_eq!(test_leaks(&checked)[0], *sums, "the same every time");
    }

    /// A checker that takes everything for public lets the interpreter tell everyone everything.
    #[test]
    fn a_branch_on_a_secret_is_found() {
        let mut checked = compile(SOURCE).checked.expect("no errors");
        checked.facts.forget_labels();
        let found = test_leaks(&checked);
        let difference = found[0].difference.as_ref().expect("a difference");
        assert!(difference.message.starts_with("everyone sees "));
        let at = &SOURCE[difference.span.range()];
        assert!(["a.max() > 55", "a.sum()", "1"].contains(&at), "{at}");
    }

    /// Runs that show nothing must be refused alike.
    #[test]
    fn a_refusal_by_a_secret_is_found() {
        let call = |done| Call {
            span: Span::new(3, 5),
            secrets: 1,
            is_open: false,
            done,
        };
        let ran = || call(Ok(Outcome::default()));
        let refused = |why| call(Err(why));
        let found = compare(&[ran()], &[refused(Refusal::Condition)], 0);
        let found = found.expect_err("a difference");
        assert_eq!(
            (found.span, found.message.as_str()),
            (
                Span::new(3, 5),
                "of two runs that show nothing one is refused: its `when` does not hold"
            )
        );
        assert!(compare(&[refused(Refusal::Condition)], &[ran()], 0).is_err());
        // Refused for other reasons: only what everyone was shown before may decide that.
        let poor = || Refusal::NotAllowed {
            by: "`p`".to_owned(),
        };
        assert!(compare(&[refused(Refusal::Condition)], &[refused(poor())], 0).is_err());
        let open = |why| Call {
            is_open: true,
            ..refused(why)
        };
        assert_eq!(
            compare(&[open(Refusal::Condition)], &[open(poor())], 0),
            Ok(0)
        );
        // Other rows are refused: everyone knows how many count.
        let few = || Refusal::OutOfRange {
            parameter: "k".to_owned(),
        };
        assert_eq!(compare(&[ran()], &[refused(few())], 0), Ok(0));
        assert_eq!(compare(&[refused(few())], &[refused(few())], 0), Ok(1));
        assert_eq!(compare(&[ran()], &[ran()], 0), Ok(1));
        assert_eq!(
            compare(&[ran()], &[ran()], 1),
            Ok(0),
            "nothing secret before it differs"
        );
    }
}
