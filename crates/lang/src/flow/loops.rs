//! Loops: what holds in every pass.
//!
//! A loop's variables are those that its body changes and that exist before it. At the head of a pass each is what it was before the
//! loop or what an earlier pass has made of it. Labels and sources only grow, so they are iterated until nothing changes. For ranges
//! there are two proofs:
//!
//! - *Affine*: the body leaves x + d, with d in [l, h] whatever x is ([`Leaf::base`]). By induction x lies in x0 + k [l, h] after k
//!   passes, and so at the head of any of n passes in x0 + [min(0, (n - 1) l), max(0, (n - 1) h)].
//! - *Inductive*: x lies in R before the loop, and the body leaves a number of R whenever all variables lie where they are assumed.
//!
//! Where neither holds after some rounds and there are few passes, they are followed one by one; else the variable may have any value
//! of its type, and if that does not fit, the error is at the operation that makes it grow.

use std::collections::BTreeMap;
use std::rc::Rc;

use enigma_bytecode::interval::Wide;

use super::expression::scalar;
use super::operator::limits;
use super::sources::Combination;
use super::statement::keyword;
use super::value::{Leaf, Value, around, natural, same_flow};
use super::walk::{Changes, Condition, Frame, Walk};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, grouped};
use crate::hir::{Expr, LocalId, Stmt, StmtKind, Type};
use crate::span::Span;

/// Rounds of the inductive proof before variables are widened.
const MAX_ROUNDS: u32 = 6;
/// Rounds for labels and sources: one for each variable is enough, and no contract needs many.
const MAX_FLOW_ROUNDS: u32 = 64;
/// Loops of so few passes are followed pass by pass where needed.
const MAX_FOLLOWED: i128 = 128;
/// Sequential rounds of a loop that are worth a word.
const LONG_WAY: u64 = 1_000;
/// Stands before what a loop's variable costs in rounds, to tell a chain through it from work beside it.
const CHAIN: u64 = 1 << 20;

type Variables = BTreeMap<LocalId, Rc<Value>>;

/// How often a loop runs, fewest and most.
#[derive(Clone, Copy, Debug)]
struct Passes {
    low: i128,
    high: i128,
}

impl<'a> Walk<'a> {
    pub(super) fn loops(&mut self, stmt: &'a Stmt) {
        match &stmt.kind {
            StmtKind::For {
                counter,
                from,
                to,
                body,
            } => {
                let (first, last) = (self.eval(from), self.eval(to));
                self.bound(from, &first);
                self.bound(to, &last);
                let first = first.leaf().and_then(|leaf| leaf.range);
                let last = last.leaf().and_then(|leaf| leaf.range);
                let (passes, range) = counted(first, last);
                let counter = *counter;
                self.looped(keyword(stmt.span, 3), passes, &mut |walk| {
                    let number = walk.numbers.fresh();
                    let value = Value::Leaf(Leaf::public(range, number));
                    walk.set(counter, Rc::new(value));
                    walk.block(body);
                });
            }
            StmtKind::ForEach {
                element,
                over,
                body,
            } => {
                let vector = self.eval(over);
                let count = self.elements(&over.ty);
                let passes = Passes {
                    low: count.low,
                    high: count.high,
                };
                let element = *element;
                self.looped(keyword(stmt.span, 3), passes, &mut |walk| {
                    let mut value = walk.left_vector(&vector, &over.ty, None);
                    value.each_leaf(&mut |leaf| leaf.base = None);
                    walk.set(element, Rc::new(value));
                    walk.block(body);
                });
            }
            StmtKind::ForMembers {
                member,
                group,
                body,
            } => {
                let members = self.hir.groups.get(*group);
                let passes = Passes {
                    low: members.map_or(0, |g| g.min.into()),
                    high: members.map_or(0, |g| g.max.into()),
                };
                let member = *member;
                self.looped(keyword(stmt.span, 3), passes, &mut |walk| {
                    let value = walk.public(&Type::Id);
                    walk.set(member, Rc::new(value));
                    walk.block(body);
                });
            }
            StmtKind::While {
                condition,
                max,
                body,
            } => {
                let most = self.eval(max);
                self.bound(max, &most);
                let most = most.leaf().and_then(|leaf| leaf.range);
                let passes = Passes {
                    low: 0,
                    high: most.map_or(i128::from(u32::MAX), |r| r.high.max(0)),
                };
                self.looped(keyword(stmt.span, 5), passes, &mut |walk| {
                    let value = walk.eval(condition);
                    let leaf = value.whole(Combination::Truth, &mut walk.numbers);
                    if !leaf.private {
                        walk.block(body);
                        return;
                    }
                    walk.conditions.push(Condition {
                        leaf: leaf.clone(),
                        span: condition.span,
                    });
                    let changes = walk.tried(|walk| walk.block(body));
                    walk.conditions.pop();
                    let unchanged = Changes {
                        ends: true,
                        ..Changes::default()
                    };
                    walk.choose(&leaf, condition.span, &changes, &unchanged);
                });
            }
            _ => {}
        }
    }

    fn bound(&mut self, expr: &'a Expr, value: &Value) {
        let text = "everyone would see how often the loop runs, and learn it";
        let leaves = value.leaves();
        if let Some(leaf) = leaves.into_iter().find(|leaf| leaf.private) {
            let diagnostic =
                Diagnostic::error(Code::E0306, expr.span, "a private loop bound").because(text);
            let diagnostic = self.because(diagnostic, leaf);
            self.report(diagnostic.help(
                "take a public bound, or `while condition max N`, which always runs N times when the condition is private",
            ));
        }
    }

    /// The innermost loop is left here.
    pub(super) fn leave_loop(&mut self) {
        if let Some(mark) = self.frames.last().map(|frame| frame.mark) {
            let values = self.changed_since(mark);
            if let Some(frame) = self.frames.last_mut() {
                frame.breaks.push(values);
            }
        }
        self.ends = false;
    }

    fn looped(&mut self, span: Span, passes: Passes, pass: &mut dyn FnMut(&mut Self)) {
        let outer = self.passes;
        let most = u64::try_from(passes.high.max(0)).unwrap_or(u64::MAX);
        self.passes = outer.saturating_mul(most.max(1));
        let before = self.cost;
        self.run_loop(span, passes, pass);
        let once = self.cost - before;
        self.cost = before;
        self.spend(once, most);
        self.passes = outer;
    }

    fn run_loop(&mut self, span: Span, passes: Passes, pass: &mut dyn FnMut(&mut Self)) {
        let start = self.starting_values(pass);
        let head = self.heads(span, &start, passes, pass);
        // The pass that counts: what holds in every one of them is reported and written down.
        let head = self.at_head(&start, &head);
        let ids = self.rebased(&head);
        let (after, breaks) = self.passed(&ids, pass);
        self.warn(span, passes, &ids, &after.values);
        let mut exits = Vec::new();
        if after.ends {
            exits.push(self.exit_values(&start, &ids, passes, &after.values, breaks.is_empty()));
        } else if passes.low <= 0 {
            exits.push(start.clone());
        }
        for values in breaks {
            let mut all: Variables = ids.clone();
            all.extend(values);
            // What such a value was at the head of the pass is over.
            for value in all.values_mut() {
                let mut left = (**value).clone();
                left.each_leaf(&mut |leaf| leaf.base = None);
                *value = Rc::new(left);
            }
            exits.push(all);
        }
        self.ends = !exits.is_empty();
        for local in start.keys() {
            let mut joined: Option<Value> = None;
            for exit in &exits {
                let Some(value) = exit.get(local) else {
                    continue;
                };
                joined = Some(match joined {
                    None => (**value).clone(),
                    Some(so_far) => so_far.join(value, &mut self.numbers),
                });
            }
            if let Some(value) = joined {
                self.set(*local, Rc::new(value));
            }
        }
    }

    /// The loop's variables with their values before it.
    fn starting_values(&mut self, pass: &mut dyn FnMut(&mut Self)) -> Variables {
        self.muted += 1;
        let (changes, breaks) = self.passed(&Variables::new(), pass);
        self.muted -= 1;
        let mut start = Variables::new();
        let changed = changes
            .values
            .keys()
            .chain(breaks.iter().flat_map(BTreeMap::keys));
        for local in changed {
            if let Some(value) = self.get(*local) {
                start.insert(*local, value);
            }
        }
        start
    }

    /// One pass, from these values; the changes are taken back.
    fn passed(
        &mut self,
        head: &Variables,
        pass: &mut dyn FnMut(&mut Self),
    ) -> (Changes, Vec<Variables>) {
        let mut breaks = Vec::new();
        let changes = self.tried(|walk| {
            for (local, value) in head {
                walk.set(*local, Rc::clone(value));
            }
            let mark = walk.mark();
            walk.frames.push(Frame {
                mark,
                breaks: Vec::new(),
            });
            pass(walk);
            if let Some(frame) = walk.frames.pop() {
                breaks = frame.breaks;
            }
        });
        (changes, breaks)
    }

    /// What the variables may be at the head of any pass.
    fn heads(
        &mut self,
        span: Span,
        start: &Variables,
        passes: Passes,
        pass: &mut dyn FnMut(&mut Self),
    ) -> Variables {
        let mut head = start.clone();
        if start.is_empty() {
            return head;
        }
        self.muted += 1;
        let mut widened = false;
        let mut stable = false;
        for round in 0..MAX_FLOW_ROUNDS {
            if self.is_exhausted() {
                break;
            }
            head = self.at_head(start, &head);
            let ids = self.rebased(&head);
            let (after, _) = self.passed(&ids, pass);
            if !after.ends {
                stable = true;
                break;
            }
            let next = self.grown_head(start, &ids, passes, &after.values);
            let (flows, ranges) = compare(&head, &next);
            if flows && ranges {
                stable = true;
                break;
            }
            head = next;
            if ranges || !flows && round < MAX_ROUNDS {
                continue;
            }
            if round >= MAX_ROUNDS && !widened {
                let followed = passes.high <= MAX_FOLLOWED;
                if followed && let Some(values) = self.follow(start, &head, passes, pass) {
                    head = values;
                    stable = true;
                    break;
                }
                widened = true;
            }
            if widened {
                self.widen(&mut head);
            }
        }
        self.muted -= 1;
        if !stable {
            let text = "the variables of this loop depend on each other in too long a chain";
            let diagnostic = Diagnostic::error(Code::E0601, span, text)
                .help("take fewer variables, or a list of them");
            self.report(diagnostic);
        }
        head
    }

    /// The join of what was before the loop and what a pass may leave.
    fn grown_head(
        &mut self,
        start: &Variables,
        head: &Variables,
        passes: Passes,
        after: &Variables,
    ) -> Variables {
        let earlier = (passes.high - 1).max(0);
        let mut next = Variables::new();
        for (local, before) in start {
            let (Some(at), Some(left)) = (head.get(local), after.get(local)) else {
                continue;
            };
            let growth = growths(at, left);
            let joined = at.join(left, &mut self.numbers);
            let mut value = joined;
            let starts: Vec<Option<Wide>> = before.leaves().iter().map(|l| l.range).collect();
            let heads: Vec<Option<Wide>> = at.leaves().iter().map(|l| l.range).collect();
            let mut i = 0;
            value.each_leaf(&mut |leaf| {
                let first = starts.get(i).copied().flatten();
                if let (Some(Some(growth)), Some(first)) = (growth.get(i), first) {
                    let far = growth.times(Wide {
                        low: 0,
                        high: earlier,
                    });
                    let reach = around(first, first.plus(far));
                    leaf.range = Some(match heads.get(i).copied().flatten() {
                        Some(head) => around(head, reach),
                        None => reach,
                    });
                }
                i += 1;
            });
            next.insert(*local, Rc::new(value));
        }
        next
    }

    /// Variables with numbers of their own and no memory of what they were: a pass may not take one pass for another.
    fn at_head(&mut self, start: &Variables, head: &Variables) -> Variables {
        let mut values = Variables::new();
        for (local, value) in head {
            let mut value = (**value).clone();
            let before = start.get(local);
            let rounds: Vec<u64> = before.map_or_else(Vec::new, |v| {
                v.leaves().iter().map(|leaf| leaf.rounds).collect()
            });
            let depth = u32::try_from(self.frames.len()).unwrap_or(u32::MAX).min(7);
            let mut i = 0;
            value.each_leaf(&mut |leaf| {
                leaf.number = self.numbers.fresh();
                leaf.counts = None;
                leaf.sums = None;
                leaf.at_most = None;
                leaf.base = None;
                let before = rounds.get(i).copied().unwrap_or(0);
                leaf.rounds = match leaf.private {
                    true => before.saturating_add(CHAIN << (5 * depth)),
                    false => 0,
                };
                i += 1;
            });
            values.insert(*local, Rc::new(value));
        }
        values
    }

    /// Variables that know that they are at the head of this loop.
    fn rebased(&mut self, head: &Variables) -> Variables {
        let mut values = Variables::new();
        for (local, value) in head {
            let mut value = (**value).clone();
            value.each_leaf(&mut |leaf| {
                let id = u32::try_from(self.bases.len()).unwrap_or(u32::MAX);
                self.bases.push(*local);
                leaf.base = Some((id, Wide::exactly(0)));
            });
            values.insert(*local, Rc::new(value));
        }
        values
    }

    /// Variables may have any value of their types.
    fn widen(&self, head: &mut Variables) {
        for (local, value) in head {
            let Some(declared) = self.local(*local) else {
                continue;
            };
            let ty = scalar(&declared.ty);
            let all = match ty {
                Type::Int(_) | Type::Fix(_) => Some(limits(ty, self.hir)),
                _ => natural(ty, self.hir),
            };
            let mut wide = (**value).clone();
            wide.each_leaf(&mut |leaf| {
                if let (Some(range), Some(all)) = (leaf.range, all) {
                    leaf.range = Some(around(range, all));
                }
            });
            *value = Rc::new(wide);
        }
    }

    /// Passes one behind the other: the union of what the variables are at their heads.
    fn follow(
        &mut self,
        start: &Variables,
        head: &Variables,
        passes: Passes,
        pass: &mut dyn FnMut(&mut Self),
    ) -> Option<Variables> {
        let with_ranges = |of: &Variables, like: &Variables| -> Variables {
            let pairs = like.iter().map(|(local, value)| {
                let ranges: Vec<Option<Wide>> = of.get(local).map_or_else(Vec::new, |v| {
                    v.leaves().iter().map(|leaf| leaf.range).collect()
                });
                let mut value = (**value).clone();
                let mut i = 0;
                value.each_leaf(&mut |leaf| {
                    leaf.range = ranges.get(i).copied().flatten();
                    i += 1;
                });
                (*local, Rc::new(value))
            });
            pairs.collect()
        };
        let mut now = with_ranges(start, head);
        let mut all = now.clone();
        for _ in 1..passes.high {
            if self.is_exhausted() {
                return None;
            }
            let begun = self.at_head(start, &now);
            let (after, _) = self.passed(&begun, pass);
            let mut next = begun;
            next.extend(
                after
                    .values
                    .into_iter()
                    .filter(|(local, _)| start.contains_key(local)),
            );
            let next = with_ranges(&next, head);
            all = start
                .keys()
                .filter_map(|local| {
                    let joined = all.get(local)?.join(next.get(local)?, &mut self.numbers);
                    Some((*local, Rc::new(joined)))
                })
                .collect();
            let (_, same) = compare(&now, &next);
            if same {
                break;
            }
            now = next;
        }
        Some(with_ranges(&all, head))
    }

    /// Variables after the last pass, if the loop is not left before.
    fn exit_values(
        &mut self,
        start: &Variables,
        head: &Variables,
        passes: Passes,
        after: &Variables,
        to_the_end: bool,
    ) -> Variables {
        let fewest = if to_the_end { passes.low.max(0) } else { 0 };
        let mut exits = Variables::new();
        for (local, before) in start {
            let (Some(at), Some(left)) = (head.get(local), after.get(local)) else {
                continue;
            };
            let growth = growths(at, left);
            let chain = chains(at, left);
            let mut value = if fewest > 0 {
                (**left).clone()
            } else {
                before.join(left, &mut self.numbers)
            };
            let firsts = before.leaves();
            let mut i = 0;
            value.each_leaf(&mut |leaf| {
                leaf.number = self.numbers.fresh();
                leaf.base = None;
                leaf.at_most = None;
                let Some(first) = firsts.get(i) else { return };
                if let (Some(Some(growth)), Some(range)) = (growth.get(i), first.range) {
                    let far = growth.times(Wide {
                        low: fewest,
                        high: passes.high.max(fewest),
                    });
                    leaf.range = Some(range.plus(far));
                    leaf.base = first.base.map(|(base, offset)| (base, offset.plus(far)));
                }
                let count = u64::try_from(passes.high.max(0)).unwrap_or(u64::MAX);
                if let Some(Some(rounds)) = chain.get(i) {
                    leaf.rounds = first.rounds.saturating_add(rounds.saturating_mul(count));
                }
                i += 1;
            });
            exits.insert(*local, Rc::new(value));
        }
        exits
    }

    /// Passes that wait for each other.
    fn warn(&mut self, span: Span, passes: Passes, head: &Variables, after: &Variables) {
        let count = u64::try_from(passes.high.max(0)).unwrap_or(u64::MAX);
        let mut longest: Option<(u64, LocalId)> = None;
        for (local, at) in head {
            let Some(left) = after.get(local) else {
                continue;
            };
            let most = chains(at, left).into_iter().flatten().max();
            if let Some(rounds) = most.filter(|r| longest.is_none_or(|(l, _)| *r > l)) {
                longest = Some((rounds, *local));
            }
        }
        let Some((rounds, local)) = longest.filter(|(r, _)| r.saturating_mul(count) >= LONG_WAY)
        else {
            return;
        };
        let total = rounds.saturating_mul(count);
        let grouped = |n: u64| grouped(n.into());
        let message = format!("a loop of {} rounds in sequence", grouped(total));
        let mut diagnostic = Diagnostic::warning(Code::W0410, span, message).because(format!(
            "each pass waits for the one before: {} passes of about {} rounds, about {} s at 50 ms",
            grouped(count),
            grouped(rounds),
            grouped(total / 20)
        ));
        if let Some(declared) = self.local(local) {
            let text = format!("`{}` goes from pass to pass", declared.name);
            diagnostic = diagnostic.also(declared.span, text);
        }
        self.report(diagnostic.help(
            "a function of the library on the whole vector, like `max()` or `top2()`, takes a few rounds",
        ));
    }
}

/// How often `for i in from..to` runs, and where i lies.
fn counted(from: Option<Wide>, to: Option<Wide>) -> (Passes, Option<Wide>) {
    let (Some(from), Some(to)) = (from, to) else {
        let passes = Passes {
            low: 0,
            high: i128::from(u32::MAX),
        };
        return (passes, None);
    };
    let passes = Passes {
        low: to.low.saturating_sub(from.high).max(0),
        high: to.high.saturating_sub(from.low).max(0),
    };
    let last = to.high.saturating_sub(1).max(from.low);
    let range = Wide {
        low: from.low,
        high: last,
    };
    (passes, Some(range))
}

/// By how much each leaf grows in a pass, where that does not depend on what it was.
fn growths(head: &Value, after: &Value) -> Vec<Option<Wide>> {
    let (head, after) = (head.leaves(), after.leaves());
    let growth = |(at, left): (&&Leaf, &&Leaf)| match (at.base, left.base) {
        (Some((id, _)), Some((base, offset))) if id == base => Some(offset),
        _ => None,
    };
    head.iter().zip(&after).map(growth).collect()
}

/// By how many rounds the way to each leaf grows in a pass, where it goes through the loop's variables.
fn chains(head: &Value, after: &Value) -> Vec<Option<u64>> {
    let (head, after) = (head.leaves(), after.leaves());
    let chain = |(at, left): (&&Leaf, &&Leaf)| left.rounds.checked_sub(at.rounds);
    head.iter().zip(&after).map(chain).collect()
}

/// Whether labels and sources are the same, and whether all ranges of `next` are within those of `head`.
fn compare(head: &Variables, next: &Variables) -> (bool, bool) {
    let mut flows = true;
    let mut ranges = true;
    for (local, value) in next {
        let Some(before) = head.get(local) else {
            continue;
        };
        flows &= same_flow(before, value);
        let (a, b) = (before.leaves(), value.leaves());
        ranges &= a.len() == b.len()
            && a.iter().zip(&b).all(|(x, y)| match (x.range, y.range) {
                (Some(x), Some(y)) => y.within(x),
                (x, y) => x.is_some() == y.is_some(),
            });
    }
    (flows, ranges)
}
