//! Hostile contracts: ways in which a compiler that is not ours could try to show single rows, and random code.

use crate::common::allow;
use crate::random::{contract as any_contract, op as any_op};
use crate::world::{
    ALICE, BOB, COPY, Code, HERS, HIS, MODEL, OWNERS, PEOPLE, PIN, SECRET, SHUT, Shown, TALLY,
    check, contract, guarded, ranges_of, show, shows, to, world,
};
use enigma_bytecode::model::{
    C, Contract, Entry, Op, Order, Recipient, Register, S, Shape, Source,
};
use enigma_bytecode::ranges::declared;
use enigma_bytecode::release::{Refusal, derived};
use enigma_bytecode::verify::{VerifyError, verify};
use proptest::prelude::*;

const EVERYONE: Recipient = Recipient::Public;

/// What is refused because of the policy.
fn is_refused(result: &Result<Vec<(Source, Shape)>, VerifyError>) -> bool {
    matches!(
        result,
        Err(VerifyError::NotAllowed { .. } | VerifyError::NotStorable { .. })
    )
}

fn launders(write: impl FnOnce(&mut Code) -> Shown) {
    let result = shows(write);
    assert!(is_refused(&result), "{result:?}");
}

#[test]
fn through_lists_of_scalars() {
    let secret = |code: &mut Code| code.input(SECRET, 0);
    launders(|code| {
        let one = secret(code);
        let list = code.gather(&[one]);
        to(EVERYONE, [code.sum(list)])
    });
    launders(|code| {
        let (one, zero) = (secret(code), code.hide(0));
        let list = code.gather(&[zero, one]);
        to(EVERYONE, [code.element(list, 1)])
    });
    // Of a list, an element that owes nothing to the secret is free of it.
    let clean = shows(|code| {
        let (one, zero) = (secret(code), code.hide(0));
        let list = code.gather(&[zero, one]);
        to(EVERYONE, [code.element(list, 0)])
    });
    assert_eq!(clean, Ok(vec![]));
    launders(|code| {
        let (table, index) = (secret(code), code.hide(0));
        let table = code.gather(&[table, index]);
        to(EVERYONE, [code.s(|dst| Op::Lookup { dst, table, index })])
    });
    // A secret index, too, shows what stands there.
    launders(|code| {
        let (index, ends) = (
            secret(code),
            (0..=100).map(|k| code.hide(k)).collect::<Vec<_>>(),
        );
        let table = code.gather(&ends);
        to(EVERYONE, [code.s(|dst| Op::Lookup { dst, table, index })])
    });
    launders(|code| {
        let one = secret(code);
        let list = code.gather(&[one, one]);
        let counts = code.count_each(list, 101);
        to(EVERYONE, [code.element(counts, 7), code.element(counts, 8)])
    });
}

#[test]
fn through_choices() {
    launders(|code| {
        let (one, zero, bit) = (code.input(SECRET, 0), code.hide(0), code.hide(1));
        to(EVERYONE, [code.select(bit, one, zero)])
    });
    launders(|code| {
        let (sum, one) = (code.hide(0), code.input(SECRET, 0));
        let condition = code.constant(0);
        code.emit(Op::If { condition });
        let then = code.add(sum, sum);
        code.emit(Op::Else);
        let otherwise = code.add(one, sum);
        code.emit(Op::End);
        to(
            EVERYONE,
            [code.s(|dst| Op::Merge {
                dst,
                condition,
                then,
                otherwise,
            })],
        )
    });
    // A secret that decides which sum is shown shows more than the sum.
    launders(|code| {
        let (rows, one) = (code.input(PEOPLE, 1), code.input(SECRET, 0));
        let (bit, other) = (code.greater_than(one, 9), code.greater_than(one, 50));
        let (sum, zero) = (code.sum(rows), code.hide(0));
        let chosen = code.select(bit, sum, zero);
        to(EVERYONE, [code.select(other, chosen, zero)])
    });
    // Bit by bit in one number.
    launders(|code| {
        let one = code.input(SECRET, 0);
        let mut all = code.hide(0);
        for bound in [12, 25, 50] {
            let bit = code.greater_than(one, bound);
            let twice = code.add(all, all);
            all = code.add(twice, bit);
        }
        to(EVERYONE, [all])
    });
}

#[test]
fn through_hidden_parts() {
    // A number that nobody knows chooses rows as well as a caller does.
    launders(|code| {
        let rows = code.input(PEOPLE, 1);
        let die = code.s(|dst| Op::Random {
            dst,
            len: 1,
            end: 1_000,
        });
        let mask = code.greater(rows, die);
        to(EVERYONE, [code.dot(mask, rows)])
    });
    // So do several, one for each row, which say nothing of a row by themselves.
    let drawn = |like, end| move |dst| Op::RandomLike { dst, like, end };
    launders(|code| {
        let rows = code.input(PEOPLE, 1);
        let mask = code.s(drawn(rows, 2));
        to(EVERYONE, [code.dot(mask, rows)])
    });
    launders(|code| {
        let rows = code.input(PEOPLE, 1);
        let blur = code.s(drawn(rows, 1_000));
        let blurred = code.add(rows, blur);
        to(EVERYONE, [code.first(blurred)])
    });
    // Like a vector of which nothing is known, because it is 0 for all, or drawn like one.
    for again in [false, true] {
        launders(|code| {
            let (rows, zero) = (code.input(PEOPLE, 1), code.constant(0));
            let none = code.s(|dst| Op::MulPublic {
                dst,
                a: rows,
                b: zero,
            });
            let mut mask = code.s(drawn(none, 2));
            if again {
                mask = code.s(drawn(mask, 2));
            }
            to(EVERYONE, [code.dot(mask, rows)])
        });
    }
    // Bit by bit, each of them a count; and as a histogram.
    launders(|code| {
        let (rows, flags) = (code.input(PEOPLE, 1), code.input(PEOPLE, 2));
        let mask = code.s(drawn(rows, 2));
        to(EVERYONE, [code.dot(mask, flags)])
    });
    launders(|code| {
        let rows = code.input(PEOPLE, 1);
        let far = code.s(drawn(rows, 2));
        let b = code.constant(1_000);
        let far = code.s(|dst| Op::MulPublic { dst, a: far, b });
        let a = code.add(rows, far);
        let bounds = vec![1_000];
        let counts = code.s(|dst| Op::Histogram { dst, a, bounds });
        to(EVERYONE, [code.element(counts, 1)])
    });
    let all = shows(|code| {
        let rows = code.input(PEOPLE, 1);
        let blur = code.s(drawn(rows, 1_000));
        let blurred = code.add(rows, blur);
        to(EVERYONE, [code.sum(blurred)])
    });
    assert_eq!(
        all,
        Ok(vec![(Source::Collection(PEOPLE), Shape::Aggregate(5))])
    );
    // So does what is in a slot, or another list's sum.
    launders(|code| {
        let (rows, kept) = (code.input(PEOPLE, 1), code.load(MODEL));
        let mask = code.greater(rows, kept);
        to(Recipient::Caller, [code.dot(mask, rows)])
    });
    launders(|code| {
        let (rows, list) = (code.input(HERS, 1), code.input(HIS, 1));
        let sum = code.sum(list);
        let mask = code.greater(rows, sum);
        to(ALICE, [code.dot(mask, rows)])
    });
    // Quotients choose: dividing by what is large leaves nothing.
    launders(|code| {
        let (rows, k) = (code.input(PEOPLE, 1), code.param());
        let quotients = code.div(rows, k);
        to(EVERYONE, [code.sum(quotients)])
    });
    // The guard is on the rows that are wanted, and the value on one of them.
    launders(|code| {
        let (rows, k) = (code.input(PEOPLE, 1), code.param());
        let mask = code.greater(rows, k);
        let (chosen, count) = (code.mul(rows, mask), code.sum(mask));
        guarded(Recipient::Caller, code.first(chosen), count, 5)
    });
    // Two masks whose product has one row.
    launders(|code| {
        let (rows, k, flags) = (code.input(PEOPLE, 1), code.param(), code.input(PEOPLE, 2));
        let (mask, small) = (code.greater(rows, k), code.greater(k, flags));
        let once = code.mul(rows, mask);
        let twice = code.mul(once, small);
        let count = code.sum(mask);
        guarded(Recipient::Caller, code.sum(twice), count, 5)
    });
    // Everything but a hidden part.
    launders(|code| {
        let (rows, k) = (code.input(PEOPLE, 1), code.param());
        let mask = code.greater(rows, k);
        let chosen = code.mul(rows, mask);
        let rest = code.sub(rows, chosen);
        let count = code.sum(mask);
        guarded(Recipient::Caller, code.sum(rest), count, 5)
    });
    // One count for two values, of which it counts one.
    launders(|code| {
        let (rows, k) = (code.input(PEOPLE, 1), code.param());
        let (mask, other) = (code.greater(rows, k), code.greater(k, rows));
        let (a, b, count) = (code.dot(mask, rows), code.dot(other, rows), code.sum(mask));
        Shown {
            counts: vec![count],
            hidden_below: Some(5),
            ..to(Recipient::Caller, [a, b])
        }
    });
}

#[test]
fn through_joins() {
    // One key, and what stands beside it.
    launders(|code| {
        let (key, b, amounts) = (code.hide(7), code.input(HIS, 0), code.input(HIS, 1));
        let one = code.hide(1);
        let (_, brought) = code.join(key, b, one, amounts);
        to(ALICE, [brought])
    });
    // Rows of Bob's for the owner of rows of Alice's.
    let looked_up = shows(|code| {
        let (a, b, amounts) = (code.input(HERS, 0), code.input(HIS, 0), code.input(HIS, 1));
        let one = code.hide(1);
        let (_, brought) = code.join(a, b, one, amounts);
        to(Recipient::OwnerOf(HERS), [brought])
    });
    assert!(is_refused(&looked_up), "{looked_up:?}");
    // A list of known keys.
    launders(|code| {
        let keys = [1, 2, 3].map(|key| code.hide(key));
        let keys = code.gather(&keys);
        let (b, amounts, one) = (code.input(HIS, 0), code.input(HIS, 1), code.hide(1));
        let (_, brought) = code.join(keys, b, one, amounts);
        to(ALICE, [code.element(brought, 0)])
    });
    // How often what a list asks for is there, and who is asked for once has as many as are asked for.
    launders(|code| {
        let keys = [1, 2, 2].map(|key| code.hide(key));
        let keys = code.gather(&keys);
        let (b, one) = (code.input(HIS, 0), code.hide(1));
        let found = code.intersect(keys, b, one);
        let size = code.sum(found);
        guarded(ALICE, size, size, 10)
    });
    // Truth values beside the keys of a list choose among those that it has.
    launders(|code| {
        let keys = [code.param(), code.hide(2), code.hide(3)];
        let flags = [0, 1, 0].map(|flag| code.hide(flag));
        let (keys, flags) = (code.gather(&keys), code.gather(&flags));
        let (a, amounts, one) = (code.input(HERS, 0), code.input(HERS, 1), code.hide(1));
        let (found, flag) = code.join(a, keys, one, flags);
        let (sum, size) = (code.dot(amounts, flag), code.sum(found));
        guarded(ALICE, sum, size, 10)
    });
    // Which of hers are his, behind her own flags.
    launders(|code| {
        let (a, b, amounts) = (code.input(HERS, 0), code.input(HIS, 0), code.input(HERS, 1));
        let one = code.hide(1);
        let found = code.intersect(a, b, one);
        let small = code.greater_than(amounts, 99);
        let both = code.mul(found, small);
        to(ALICE, [code.sum(both)])
    });
    // With rows of his that a caller chooses.
    launders(|code| {
        let (a, b, amounts, k) = (
            code.input(HERS, 0),
            code.input(HIS, 0),
            code.input(HIS, 1),
            code.param(),
        );
        let valid = code.greater(amounts, k);
        let found = code.intersect(a, b, valid);
        to(ALICE, [code.sum(found)])
    });
}

/// The first row, as the first of equal keys that do not depend on rows: behind a mask that all fulfil it is one.
#[test]
fn through_the_first_of_equal_rows() {
    let first_behind_all = |code: &mut Code| {
        let (kind, amounts) = (code.input(PEOPLE, 0), code.input(PEOPLE, 1));
        let zero = code.constant(0);
        let same = code.s(|dst| Op::MulPublic {
            dst,
            a: amounts,
            b: zero,
        });
        let first = code.distinct(&[same]);
        let all = code.greater_than(kind, -1);
        (first, all, code.mul(all, amounts))
    };
    let products: [fn(&mut Code, S, S) -> S; 3] = [
        |code, a, b| {
            let product = code.s(|dst| Op::MulFixed { dst, a, b, bits: 0 });
            code.sum(product)
        },
        |code, a, b| code.s(|dst| Op::DotFixed { dst, a, b, bits: 0 }),
        |code, a, b| {
            let other = code.add(a, a);
            code.dot(other, b)
        },
    ];
    for product in products {
        launders(|code| {
            let (first, all, amounts) = first_behind_all(code);
            let sum = product(code, first, amounts);
            let count = code.sum(all);
            guarded(ALICE, sum, count, 10)
        });
    }
    // The owners of rows that are not alone learn of others, too.
    let mut owners = contract(|code| {
        let keys = code.input(PEOPLE, 1);
        Some(to(OWNERS, [code.distinct(&[keys])]))
    });
    assert!(check(owners.clone()).is_ok());
    owners.collections[0].allows.remove(0);
    assert!(is_refused(&check(owners)));
}

/// One of two sums and the other, whichever is which: their difference can be one row.
#[test]
fn through_two_parts_in_two_orders() {
    launders(|code| {
        let (amounts, k) = (code.input(PEOPLE, 1), code.param());
        let (small, large) = (
            code.greater_than(amounts, 20),
            code.greater_than(amounts, 30),
        );
        let others = code.input(PEOPLE, 0);
        let (a, b) = (code.dot(others, small), code.dot(others, large));
        let limit = code.hide(50);
        let bit = code.greater(k, limit);
        let (one, other) = (code.select(bit, a, b), code.select(bit, b, a));
        let difference = code.sub(one, other);
        let (a, b) = (code.sum(small), code.sum(large));
        let fewest = code.s(|dst| Op::Smaller { dst, a, b });
        guarded(ALICE, difference, fewest, 10)
    });
}

#[test]
fn through_members() {
    // The member behind what a caller chose.
    launders(|code| {
        let (rows, k, zero) = (code.input(PEOPLE, 1), code.param(), code.hide(0));
        let mask = code.greater(rows, k);
        let chosen = code.select(mask, rows, zero);
        to(ALICE, [code.first_member(chosen)])
    });
    launders(|code| {
        let rows = code.input(PEOPLE, 1);
        to(EVERYONE, [code.first_member(rows)])
    });
}

#[test]
fn through_guards_and_counts() {
    // The count is what Bob wants to know.
    let mut hidden = contract(|code| {
        let (one, sum) = (code.input(SECRET, 0), code.input(HERS, 1));
        let sum = code.sum(sum);
        Some(guarded(BOB, sum, one, 3))
    });
    let bit = Recipient::Public;
    // One truth value of it may be shown to everyone.
    let shapes = vec![
        (Source::Collection(HERS), Shape::Aggregate(3)),
        (Source::Collection(SECRET), Shape::Bit),
    ];
    assert_eq!(check(hidden.clone()), Ok(shapes));
    hidden.collections[usize::from(SECRET)].allows[0].recipients = vec![Recipient::Caller];
    assert!(is_refused(&check(hidden)));
    // A value and a count of one source are two bits.
    launders(|code| {
        let one = code.input(SECRET, 0);
        let above = code.greater_than(one, 50);
        guarded(bit, above, one, 20)
    });
}

/// Another entry.
fn and(mut contract: Contract, write: impl FnOnce(&mut Code) -> Option<Shown>) -> Contract {
    let mut code = Code::default();
    let shown = write(&mut code);
    let name = format!("more_{}", contract.entries.len());
    let params = contract.entries[0].params.clone();
    contract.entries.push(Entry {
        name,
        by: None,
        params,
        code: code.ops,
    });
    if let Some(shown) = shown {
        show(&mut contract, shown);
    }
    contract
}

#[test]
fn through_slots() {
    // From a slot that is never shown into one that is.
    let moved = contract(|code| {
        let kept = code.load(SHUT);
        code.store(MODEL, kept);
        None
    });
    let moved = and(moved, |code| {
        let one = code.input(SECRET, 0);
        code.store(SHUT, one);
        None
    });
    assert!(is_refused(&check(moved)));
    // Shown before it is stored: entries can be called in any order.
    let early = contract(|code| Some(to(Recipient::Caller, [code.load(MODEL)])));
    let early = and(early, |code| {
        let k = code.param();
        code.store(MODEL, k);
        None
    });
    assert!(is_refused(&check(early)));
    // A single contribution in place of many: the accumulator's threshold does not hold of a copy.
    let copied = contract(|code| {
        let kept = code.load(TALLY);
        code.store(COPY, kept);
        Some(to(EVERYONE, [code.load(COPY)]))
    });
    assert!(is_refused(&check(copied)));
    // What was hidden when it was stored has no count any more.
    let hidden = contract(|code| {
        let (rows, k) = (code.input(PEOPLE, 1), code.param());
        let mask = code.greater(rows, k);
        let (sum, count) = (code.dot(mask, rows), code.sum(mask));
        code.store(MODEL, sum);
        let kept = code.load(MODEL);
        Some(guarded(Recipient::Caller, kept, count, 5))
    });
    assert!(is_refused(&check(hidden)));
}

#[test]
fn through_slots_bit_by_bit() {
    let secret = Source::Collection(SECRET);
    let bit = |code: &mut Code, bound| {
        let one = code.input(SECRET, 0);
        code.greater_than(one, bound)
    };
    let keeps = |high: i64, write: fn(&mut Code, S)| {
        let mut kept = contract(|code| {
            let above = bit(code, 50);
            write(code, above);
            None
        });
        for slot in [MODEL, COPY] {
            let slot = &mut kept.slots[usize::from(slot)];
            slot.columns[0].high = high;
            slot.allows = vec![allow(Shape::Bit, EVERYONE)];
        }
        kept
    };
    let shows_model = |kept| and(kept, |code| Some(to(EVERYONE, [code.load(MODEL)])));
    let once: fn(&mut Code, S) = |code, bit| code.store(MODEL, bit);
    let of_model = Ok(vec![(Source::Slot(MODEL), Shape::Bit)]);
    assert_eq!(check(shows_model(keeps(1, once))), of_model);
    // What has room for the bits of many calls is not one.
    let gathered: fn(&mut Code, S) = |code, bit| {
        let kept = code.load(MODEL);
        let doubled = code.add(kept, kept);
        let (a, b) = (code.add(doubled, bit), code.hide(1_000_000));
        let kept = code.s(|dst| Op::Smaller { dst, a, b });
        code.store(MODEL, kept);
    };
    let all = keeps(1_000_000, gathered);
    assert_eq!(check(all.clone()), Ok(vec![]));
    assert!(is_refused(&check(shows_model(all))));
    assert!(is_refused(&check(shows_model(keeps(2, once)))));
    // One of them for each call, to be shown or kept: the same twice is one.
    let twice: fn(&mut Code, S) = |code, bit| {
        code.store(MODEL, bit);
        code.store(COPY, bit);
    };
    assert_eq!(check(keeps(1, twice)), Ok(vec![]));
    let two: fn(&mut Code, S) = |code, bit| {
        let one = code.input(SECRET, 0);
        let other = code.greater_than(one, 20);
        code.store(MODEL, bit);
        code.store(COPY, other);
    };
    let second = VerifyError::SecondBit {
        entry: 0,
        source: secret,
    };
    assert_eq!(check(keeps(1, two)), Err(second.clone()));
    let mut beside = keeps(1, once);
    let mut code = Code::default();
    let (above, other) = (bit(&mut code, 50), bit(&mut code, 20));
    code.store(MODEL, above);
    beside.entries[0].code = code.ops;
    show(&mut beside, to(EVERYONE, [other]));
    assert_eq!(check(beside.clone()), Err(second));
    // Of a slot that is never shown nothing is counted.
    beside.slots[usize::from(MODEL)].allows.clear();
    assert_eq!(check(beside), Ok(vec![(secret, Shape::Bit)]));
}

/// Each would give one truth value in one call.
#[test]
fn through_copies_of_a_whole_value() {
    let copies = |bound: Option<i64>| {
        let mut kept = contract(|code| {
            let one = code.input(SECRET, 0);
            let kept = bound.map_or(one, |bound| code.greater_than(one, bound));
            code.store(MODEL, kept);
            None
        });
        kept.slots[usize::from(MODEL)].allows = vec![allow(Shape::Bit, EVERYONE)];
        check(kept)
    };
    assert_eq!(copies(Some(50)), Ok(vec![]));
    assert!(is_refused(&copies(None)));
    // From slot to slot, too.
    let mut moved = contract(|code| {
        let pin = code.load(PIN);
        code.store(MODEL, pin);
        None
    });
    moved = and(moved, |code| {
        let k = code.param();
        code.store(PIN, k);
        None
    });
    moved.slots[usize::from(MODEL)].allows = vec![allow(Shape::Bit, EVERYONE)];
    assert!(is_refused(&check(moved)));
}

#[test]
fn through_long_ways_over_slots() {
    // A single value wanders through all slots, one step for each call.
    let mut contract = world();
    let template = contract.slots[usize::from(MODEL)].clone();
    let first = contract.slots.len() as u16;
    for step in 0..40 {
        let mut slot = template.clone();
        slot.name = format!("step_{step}");
        contract.slots.push(slot);
    }
    // Backwards, so that each walk through the code carries it by one step.
    let mut code = Code::default();
    for step in (1..40).rev() {
        let kept = code.load(first + step - 1);
        code.store(first + step, kept);
    }
    let k = code.param();
    code.store(first, k);
    contract.entries[0].code = code.ops;
    let contract = and(contract, |code| {
        Some(to(Recipient::Caller, [code.load(first + 39)]))
    });
    assert!(is_refused(&check(contract)));
}

#[test]
fn through_the_manifest() {
    let honest = contract(|code| {
        let rows = code.input(PEOPLE, 1);
        Some(to(EVERYONE, [code.sum(rows)]))
    });
    let with = |sources: Vec<(Source, Shape)>| {
        let mut contract = honest.clone();
        contract.manifest[0].sources = sources;
        verify(&contract)
    };
    let rows = Source::Collection(PEOPLE);
    assert_eq!(with(vec![(rows, Shape::Aggregate(5))]), Ok(()));
    let wrong = Err(VerifyError::ManifestSources { reveal: 0 });
    for sources in [
        vec![],
        vec![(rows, Shape::Aggregate(3))],
        vec![(rows, Shape::Any)],
        vec![(rows, Shape::Aggregate(5)), (Source::Slot(3), Shape::Any)],
    ] {
        assert_eq!(with(sources), wrong);
    }
}

#[test]
fn many_values_of_many_sources_are_followed_in_bounded_memory() {
    // Sums of everything that there is, as many as registers can be numbered.
    let ranges = ranges_of(|code| {
        let mut all = code.param();
        for source in [code.load(MODEL), code.load(SHUT), code.input(SECRET, 0)] {
            all = code.add(all, source);
        }
        let zero = code.hide(0);
        for _ in 0..60_000 {
            all = code.add(all, zero);
        }
    });
    assert!(ranges.is_ok());
    let contract = contract(|code| {
        let (mut all, zero) = (code.input(SECRET, 0), code.hide(0));
        for _ in 0..60_000 {
            all = code.add(all, zero);
        }
        Some(to(EVERYONE, [all]))
    });
    let source = Source::Collection(SECRET);
    let refusal = Refusal::NotAllowed { source };
    assert_eq!(
        check(contract),
        Err(VerifyError::NotAllowed { reveal: 0, refusal })
    );
}

/// Gives an operation registers that exist, and the next ones to define.
fn fitted(op: &Op, public: u16, secret: u16) -> Op {
    let mut op = op.clone();
    op.each_register(|register, defined| match register {
        Register::Public(C(number)) if defined => *number = public,
        Register::Secret(S(number)) if defined => *number = secret,
        Register::Public(C(number)) => *number %= public.max(1),
        Register::Secret(S(number)) => *number %= secret.max(1),
    });
    match &mut op {
        Op::Input {
            collection, column, ..
        } => (*collection, *column) = (*collection % 4, *column % 2),
        Op::SecretParam { param, column, .. } => (*param, *column) = (0, 0),
        Op::LoadSecret { slot, column, .. }
        | Op::StoreSecret { slot, column, .. }
        | Op::Accumulate { slot, column, .. } => (*slot, *column) = (3 + *slot % 5, 0),
        Op::CountEach { len, .. } | Op::CellSum { len, .. } => *len = 1 + *len % 5,
        Op::Random { len, end, .. } => (*len, *end) = (1 + *len % 3, 1 + *end % 2),
        Op::Element { at, .. } => *at %= 3,
        _ => {}
    }
    op
}

/// The world with as much of random code as is well-formed, and lines that show its last registers.
fn woven(ops: &[Op], shown: &[(u16, u8)]) -> Contract {
    let mut contract = world();
    let (mut public, mut secret) = (0, 0);
    for (dst, op) in [(0, 0), (1, 1), (2, 3)].into_iter().zip([
        Op::Input {
            dst: S(0),
            collection: PEOPLE,
            column: 1,
        },
        Op::Input {
            dst: S(1),
            collection: HERS,
            column: 0,
        },
        Op::SecretParam {
            dst: S(2),
            param: 0,
            column: 0,
        },
    ]) {
        debug_assert!(dst.0 <= 2);
        contract.entries[0].code.push(op);
        secret += 1;
    }
    for op in ops {
        let op = fitted(op, public, secret);
        if matches!(op, Op::Out { .. } | Op::If { .. } | Op::EachMember { .. }) {
            continue;
        }
        contract.entries[0].code.push(op.clone());
        if declared(&contract, 0).is_err() {
            contract.entries[0].code.pop();
            continue;
        }
        let (more_public, more_secret) = op.defines();
        public += more_public as u16;
        secret += more_secret as u16;
    }
    for (register, recipient) in shown {
        let recipient = match recipient % 5 {
            0 => EVERYONE,
            1 => Recipient::Caller,
            2 => ALICE,
            3 => OWNERS,
            _ => Recipient::OwnerOf(HERS),
        };
        show(&mut contract, to(recipient, [S(register % secret)]));
    }
    contract
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Nothing fails; and the few random contracts that are accepted (most of them have entries without code)
    /// say in their manifest what their code shows.
    #[test]
    fn no_contract_makes_a_node_fail(contract in any_contract()) {
        for entry in 0..contract.entries.len() {
            let _ = declared(&contract, entry);
        }
        let shown = derived(&contract);
        if verify(&contract).is_ok() {
            for (line, sources) in shown {
                prop_assert_eq!(&contract.manifest[line].sources, &sources);
            }
        }
    }

    /// Well-formed code: nothing fails, and what is accepted shows nothing of a row to anybody but its owner.
    #[test]
    fn random_code_is_followed(
        ops in prop::collection::vec(any_op(), 0..60),
        shown in prop::collection::vec((any::<u16>(), any::<u8>()), 1..3),
    ) {
        let contract = woven(&ops, &shown);
        let mut said = contract.clone();
        for (line, sources) in derived(&contract) {
            said.manifest[line].sources = sources;
        }
        if verify(&said).is_ok() {
            for line in &said.manifest {
                for (source, shape) in &line.sources {
                    let fits = match (source, shape) {
                        (Source::Collection(c), Shape::PerOwner) => {
                            line.recipients == [Recipient::OwnerOf(*c)] || *c == SECRET
                        }
                        (Source::Collection(PEOPLE), Shape::Member) => line.recipients == [ALICE],
                        (Source::Collection(_) | Source::Slot(_), Shape::Any) => false,
                        _ => true,
                    };
                    prop_assert!(fits, "{line:?}");
                }
            }
            // Whoever knows less of the manifest than the code shows is told so.
            for line in 0..said.manifest.len() {
                if !said.manifest[line].sources.is_empty() {
                    let mut silent = said.clone();
                    silent.manifest[line].sources.clear();
                    let refused = VerifyError::ManifestSources { reveal: line };
                    prop_assert_eq!(verify(&silent), Err(refused));
                }
            }
        }
    }
}

#[test]
fn ranks_stay_with_their_owners() {
    let order = Order::Ascending;
    launders(|code| {
        let a = code.input(HERS, 1);
        let ranks = code.s(|dst| Op::Rank { dst, a, order });
        to(Recipient::OwnerOf(HERS), [ranks])
    });
}
