//! What the owners allow: whether their clauses cover what a value shows, and to whom.

use std::fmt;

use super::set::{Origin, Set};
use super::value::Value;
use crate::model::{Allow, Contract, Provider, Recipient, Reveal, Shape, Source};

/// Why a value may not be shown or stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// No clause of this source covers it for one of the recipients.
    NotAllowed {
        /// Whose data.
        source: Source,
    },
    /// It mixes a hidden part of this source's rows, without a guard on the count of just those rows that is at least
    /// what `aggregate(k)` asks for.
    Unguarded {
        /// Whose data.
        source: Source,
    },
    /// It comes from what the contract does not have.
    UnknownSource,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NotAllowed { source } => {
                write!(f, "{} does not allow it", named(*source))
            }
            Refusal::Unguarded { source } => write!(
                f,
                "it mixes a hidden part of {}, whose size no guard bounds",
                named(*source)
            ),
            Refusal::UnknownSource => f.write_str("it comes from what does not exist"),
        }
    }
}

/// What a source is called in messages.
pub(crate) fn named(source: Source) -> String {
    match source {
        Source::Collection(index) => format!("collection {index}"),
        Source::Slot(index) => format!("slot {index}"),
        Source::Param(index) => format!("parameter {index}"),
    }
}

/// What a value shows of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    /// Nobody has stored anything in the slot yet.
    Nothing,
    Aggregate,
    Hidden,
    Bit,
    Member,
    /// One value for each row, at its place.
    Own,
    /// Single rows, anywhere.
    Row,
}

/// The sources of a manifest line, each with the shape under which it is released. `counts` are shown as far as they
/// reach the guard, which is one truth value each.
pub(super) fn shown(
    contract: &Contract,
    line: &Reveal,
    values: &[Value],
    counts: &[Value],
) -> Result<Vec<(Source, Shape)>, Refusal> {
    let whole = whole(contract, line, values, counts);
    let mut released = Vec::new();
    for origin in whole.present.iter() {
        let source = match origin {
            Origin::Source(source) => source,
            Origin::Random => continue,
            Origin::Strange => return Err(Refusal::UnknownSource),
        };
        let needs = needs(&whole, source);
        let mut shape: Option<Shape> = None;
        for recipient in &line.recipients {
            for need in &needs {
                let found = covering(contract, source, *need, *recipient);
                let found = found.ok_or(Refusal::NotAllowed { source })?;
                shape = Some(shape.map_or(found, |shape| stricter(shape, found)));
            }
            // A rank says something of all rows. What is shown is one value for each owner all the same.
            if whole.ranked.meets(Set::source(source)) {
                let aggregate = covering(contract, source, Need::Aggregate, *recipient);
                aggregate.ok_or(Refusal::NotAllowed { source })?;
            }
        }
        let shape = shape.ok_or(Refusal::NotAllowed { source })?;
        if let Shape::Aggregate(k) = shape {
            let guard = line.hidden_below.unwrap_or(0);
            if !is_guarded(source, guard >= k, values, counts) {
                return Err(Refusal::Unguarded { source });
            }
        }
        released.push((source, shape));
    }
    Ok(released)
}

/// All that a line shows, as one value.
fn whole(contract: &Contract, line: &Reveal, values: &[Value], counts: &[Value]) -> Value {
    let bits = counts.iter().map(|count| count.clone().truth());
    let all = values.iter().cloned().chain(bits);
    let mut whole = all.reduce(|all, next| all.with(&next)).unwrap_or_default();
    let to_owners = line.recipients.iter().any(|recipient| match recipient {
        Recipient::OwnerOf(index) => {
            let collection = contract.collections.get(usize::from(*index));
            !collection.is_some_and(|c| c.is_single())
        }
        _ => false,
    });
    if to_owners {
        // One truth value for each of them.
        whole.row.add(whole.bit);
    }
    whole
}

/// The sources of which a line shows a truth value that nothing but `allow bit` covers, for some recipient.
pub(super) fn bits(
    contract: &Contract,
    line: &Reveal,
    values: &[Value],
    counts: &[Value],
) -> Vec<Source> {
    let whole = whole(contract, line, values, counts);
    truths(contract, whole.bit, &line.recipients)
}

/// The sources of which a slot gets a truth value that nothing but `allow bit` covers, for some recipient of the slot: who sees
/// what is in the slot, in whatever call, sees that.
pub(super) fn bits_stored(contract: &Contract, slot: u16, value: &Value) -> Vec<Source> {
    let declared = contract.slots.get(usize::from(slot));
    let allows = declared.map_or(&[][..], |slot| &slot.allows);
    let recipients: Vec<Recipient> = allows
        .iter()
        .flat_map(|allow| allow.recipients.iter().copied())
        .collect();
    let mut sources = truths(contract, value.bit, &recipients);
    sources.retain(|source| *source != Source::Slot(slot));
    sources
}

/// The sources of which nothing but `allow bit` covers a truth value, for some of the recipients.
fn truths(contract: &Contract, bits: Set, recipients: &[Recipient]) -> Vec<Source> {
    let is_bit = |source: &Source| {
        recipients.iter().any(|recipient| {
            let shapes = shapes(contract, *source, Need::Bit, *recipient);
            shapes.is_some_and(|shapes| shapes.iter().all(|shape| *shape == Shape::Bit))
        })
    };
    let sources = bits.iter().filter_map(|origin| match origin {
        // What a caller deals is shown as the manifest says.
        Origin::Source(Source::Param(_)) | Origin::Random | Origin::Strange => None,
        Origin::Source(source) => Some(source),
    });
    sources.filter(is_bit).collect()
}

/// Whether every value over a hidden part of a source's rows has a count of that part, and so has every count.
fn is_guarded(source: Source, is_high: bool, values: &[Value], counts: &[Value]) -> bool {
    let rows = Set::source(source);
    let values = values.iter().enumerate().map(|(place, value)| {
        let count = match counts {
            [one] => Some(one),
            all => all.get(place),
        };
        (value, count)
    });
    let counts = counts.iter().map(|count| (count, Some(count)));
    let mut hidden = values
        .chain(counts)
        .filter(|(value, _)| value.hidden.meets(rows));
    hidden.all(|(value, count)| {
        is_high
            && !value.uncounted.meets(rows)
            && count.is_some_and(|count| value.parts.are_counted_by(&count.counts))
    })
}

fn needs(value: &Value, source: Source) -> Vec<Need> {
    let own = Set::source(source);
    let all = [
        (value.aggregate, Need::Aggregate),
        (value.hidden, Need::Hidden),
        (value.bit, Need::Bit),
        (value.member, Need::Member),
        (value.aligned, Need::Own),
        (value.row.or(value.joined).or(value.matched), Need::Row),
    ];
    let found = all.into_iter().filter(|(set, _)| set.meets(own));
    let needs: Vec<Need> = found.map(|(_, need)| need).collect();
    if needs.is_empty() {
        return vec![Need::Nothing];
    }
    needs
}

/// The least demanding of the shapes whose clause covers a need for a recipient.
fn covering(
    contract: &Contract,
    source: Source,
    need: Need,
    recipient: Recipient,
) -> Option<Shape> {
    let shapes = shapes(contract, source, need, recipient)?;
    shapes.into_iter().min_by_key(|shape| demand(*shape))
}

/// The shapes whose clause covers a need for a recipient; `None` if there is no such source.
fn shapes(
    contract: &Contract,
    source: Source,
    need: Need,
    recipient: Recipient,
) -> Option<Vec<Shape>> {
    let policy = Policy::of(contract, source)?;
    let Some(allows) = policy.allows else {
        // By calling, the caller agrees to what the manifest says.
        return Some(vec![match need {
            Need::Bit => Shape::Bit,
            _ => Shape::Any,
        }]);
    };
    let to_owner = policy.is_owner(recipient);
    let is_slot = matches!(source, Source::Slot(_));
    let single = policy.party.is_some();
    let named = allows
        .iter()
        .filter(|allow| policy.names(contract, allow, recipient));
    let covering = named
        .map(|allow| allow.shape)
        .filter(|shape| match (shape, need) {
            (_, Need::Nothing) => true,
            (Shape::Any, Need::Own) => to_owner || is_slot,
            // A row goes to its owner only, whatever is allowed.
            (Shape::Any, Need::Row) => single || is_slot,
            (Shape::Any, Need::Bit) => !to_owner || single,
            (Shape::Any, _) => true,
            (Shape::Aggregate(_), Need::Aggregate | Need::Hidden) => true,
            (Shape::Member, Need::Member) => true,
            (Shape::Bit, Need::Bit) => true,
            (Shape::PerOwner, Need::Own) => to_owner,
            (Shape::PerOwner, Need::Row | Need::Bit) => to_owner && single,
            _ => false,
        });
    Some(covering.collect())
}

/// Whether a value may go into a slot: every clause of the slot is one of each source, too.
pub(super) fn stored(contract: &Contract, slot: u16, value: &Value) -> Result<(), Refusal> {
    let Some(declared) = contract.slots.get(usize::from(slot)) else {
        return Err(Refusal::UnknownSource);
    };
    for origin in value.present.iter() {
        let source = match origin {
            Origin::Source(source) if source == Source::Slot(slot) => continue,
            Origin::Source(source) => source,
            Origin::Random => continue,
            Origin::Strange => return Err(Refusal::UnknownSource),
        };
        let policy = Policy::of(contract, source).ok_or(Refusal::UnknownSource)?;
        let wanted = declared.allows.iter().flat_map(|allow| {
            let recipients = allow.recipients.iter();
            recipients.map(|recipient| (allow.shape, *recipient))
        });
        // A whole value in slots of its own would give one truth value of each.
        let whole = needs(value, source);
        let whole = whole.contains(&Need::Row) || whole.contains(&Need::Own);
        for (shape, recipient) in wanted {
            if !policy.is_as_wide(contract, (shape, whole), recipient) {
                return Err(Refusal::NotAllowed { source });
            }
        }
    }
    Ok(())
}

/// What the owners of a source say.
struct Policy<'a> {
    source: Source,
    /// `None`: they have agreed.
    allows: Option<&'a [Allow]>,
    /// The party that gave a single value.
    party: Option<u16>,
    /// Whether an `aggregate(k)` is about contributions of calls.
    accumulates: bool,
}

impl<'a> Policy<'a> {
    fn of(contract: &'a Contract, source: Source) -> Option<Policy<'a>> {
        Some(match source {
            Source::Collection(index) => {
                let collection = contract.collections.get(usize::from(index))?;
                Policy {
                    source,
                    allows: Some(&collection.allows),
                    party: match collection.provider {
                        Provider::Party(party) if collection.is_single() => Some(party),
                        _ => None,
                    },
                    accumulates: false,
                }
            }
            Source::Slot(index) => {
                let slot = contract.slots.get(usize::from(index))?;
                Policy {
                    source,
                    allows: Some(&slot.allows),
                    party: None,
                    accumulates: slot.accumulator,
                }
            }
            Source::Param(_) => Policy {
                source,
                allows: None,
                party: None,
                accumulates: false,
            },
        })
    }

    fn is_owner(&self, recipient: Recipient) -> bool {
        match (self.source, recipient) {
            (Source::Collection(own), Recipient::OwnerOf(index)) => index == own,
            (_, Recipient::Party(party)) => self.party == Some(party),
            _ => false,
        }
    }

    /// Whether a clause lets a recipient see what it is about.
    fn names(&self, contract: &Contract, allow: &Allow, wanted: Recipient) -> bool {
        let provider = match wanted {
            Recipient::OwnerOf(index) => {
                let collection = contract.collections.get(usize::from(index));
                collection.map(|collection| collection.provider)
            }
            _ => None,
        };
        let mut allowed = allow.recipients.iter();
        allowed.any(|&allowed| {
            if allowed == Recipient::Public || allowed == wanted {
                return true;
            }
            match (allowed, provider) {
                (Recipient::EachOf(group), Some(Provider::Each(own))) => group == own,
                (Recipient::Party(party), Some(Provider::Party(own))) => party == own,
                (Recipient::OwnerOf(index), _) => {
                    let owns = Source::Collection(index) == self.source;
                    owns && self.party.map(Recipient::Party) == Some(wanted)
                }
                _ => false,
            }
        })
    }

    /// Whether all that may be shown to a recipient under a clause of a slot may be shown under one of these. `whole`: more than a truth
    /// value goes into the slot.
    fn is_as_wide(
        &self,
        contract: &Contract,
        (shape, whole): (Shape, bool),
        recipient: Recipient,
    ) -> bool {
        let Some(allows) = self.allows else {
            return true;
        };
        let mut named = allows
            .iter()
            .filter(|allow| self.names(contract, allow, recipient));
        named.any(|allow| match (allow.shape, shape) {
            (Shape::Any, _) => true,
            (Shape::Aggregate(own), Shape::Aggregate(k)) => own <= k && !self.accumulates,
            (Shape::Bit, Shape::Bit) => !whole,
            (own, wanted) => own == wanted,
        })
    }
}

/// How much a shape demands of a run: what was agreed to by name, then nothing, then more and more rows.
fn demand(shape: Shape) -> (u8, u32) {
    match shape {
        Shape::PerOwner | Shape::Member | Shape::Bit => (0, 0),
        Shape::Any => (1, 0),
        Shape::Aggregate(k) => (2, k),
    }
}

fn stricter(a: Shape, b: Shape) -> Shape {
    if demand(a) >= demand(b) { a } else { b }
}
