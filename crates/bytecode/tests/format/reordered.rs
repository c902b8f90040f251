//! Whole vectors in another order: their ranges, and that no element stands for its row any more.

use crate::common::allow;
use crate::world::{
    ALICE, BOB, Code, HERS, OWNERS, PEOPLE, SECRET, check, contract, guarded, ranges_of, shows, to,
};
use enigma_bytecode::model::{Op, Order, Recipient, Relation, S, Shape, Source};
use enigma_bytecode::ranges::{Extent, MAX_LEN, MAX_MOVED, RangeError, SecretRange};
use enigma_bytecode::release::Refusal;
use enigma_bytecode::verify::VerifyError;

const EVERYONE: Recipient = Recipient::Public;
const ROWS: Source = Source::Collection(PEOPLE);

fn sort(code: &mut Code, keys: S, column: S) -> S {
    code.s(|dst| Op::Sort {
        dst,
        keys,
        order: Order::Ascending,
        columns: vec![column],
    })
}

/// Where the last registers lie, and how long they are.
fn last<const N: usize>(
    write: impl FnOnce(&mut Code),
) -> Result<[(i64, i64, Extent); N], RangeError> {
    let ranges = ranges_of(write)?;
    let known = |known: &SecretRange| (known.interval.low, known.interval.high, known.extent);
    let last = ranges.secret.last_chunk::<N>().expect("so many registers");
    Ok(last.each_ref().map(known))
}

fn not_allowed(source: Source) -> VerifyError {
    let refusal = Refusal::NotAllowed { source };
    VerifyError::NotAllowed { reveal: 0, refusal }
}

/// Of a value that everyone is shown: refused under any clause, since a row goes to its owner only. Whether it is more than 9
/// is one truth value, and is shown where the rows' owners allow anything.
fn is_of_single_rows(write: impl Fn(&mut Code) -> S) {
    let open = |write: &dyn Fn(&mut Code) -> S| {
        let mut contract = contract(|code| Some(to(EVERYONE, [write(code)])));
        let allows = &mut contract.collections[usize::from(PEOPLE)].allows;
        allows.push(allow(Shape::Any, EVERYONE));
        check(contract)
    };
    let bit = |code: &mut Code| {
        let value = write(code);
        code.greater_than(value, 9)
    };
    let refused = Err(not_allowed(ROWS));
    assert_eq!(shows(|code| to(EVERYONE, [write(code)])), refused);
    assert_eq!(open(&write), refused);
    assert_eq!(shows(|code| to(EVERYONE, [bit(code)])), refused);
    assert_eq!(open(&bit), Ok(vec![(ROWS, Shape::Any)]));
}

#[test]
fn a_sort_keeps_ranges_and_length() {
    let rows = Extent::Over(PEOPLE);
    let columns = last(|code| {
        let (dept, income) = (code.input(PEOPLE, 0), code.input(PEOPLE, 1));
        code.emit(Op::Sort {
            dst: S(2),
            keys: income,
            order: Order::Descending,
            columns: vec![dept, income],
        });
    });
    assert_eq!(columns, Ok([(0, 2, rows), (0, 1_000, rows)]));
    let list = last(|code| {
        let (one, k) = (code.input(SECRET, 0), code.param());
        let (all, keys) = (code.gather(&[one, k, one]), code.gather(&[k, k, one]));
        sort(code, keys, all);
    });
    assert_eq!(list, Ok([(0, 100, Extent::Fixed(3))]));
}

#[test]
fn what_is_sorted_are_rows_of_one_collection() {
    let sorted = |keys: u16, columns: Vec<u16>| {
        let result = ranges_of(|code| {
            code.input(PEOPLE, 1);
            code.input(HERS, 1);
            code.input(SECRET, 0);
            let rows = S(0);
            code.first_member(rows);
            code.emit(Op::Sort {
                dst: S(4),
                keys: S(keys),
                order: Order::Ascending,
                columns: columns.into_iter().map(S).collect(),
            });
        });
        result.map(|_| ())
    };
    assert_eq!(sorted(0, vec![0; MAX_MOVED]), Ok(()));
    let wrong = Err(RangeError::BadParameter { op: 4 });
    assert_eq!(sorted(0, vec![]), wrong);
    assert_eq!(sorted(0, vec![0; MAX_MOVED + 1]), wrong);
    let mixed = Err(RangeError::MixedSpaces { op: 4 });
    for (keys, columns) in [(0, vec![1]), (0, vec![0, 1]), (2, vec![0]), (0, vec![0, 2])] {
        assert_eq!(sorted(keys, columns), mixed);
    }
    assert_eq!(sorted(2, vec![2]), Err(RangeError::NotAVector { op: 4 }));
    // A member's number is no number.
    let not = Err(RangeError::NotANumber { op: 4 });
    assert_eq!(sorted(3, vec![0]), not);
    assert_eq!(sorted(0, vec![3]), not);
    assert_eq!(sorted(0, vec![9]), Err(RangeError::Undefined { op: 4 }));
}

#[test]
fn sorted_rows_belong_to_nobody() {
    let to_owners = |code: &mut Code| {
        let a = code.input(PEOPLE, 1);
        to(OWNERS, [sort(code, a, a)])
    };
    assert_eq!(shows(to_owners), Err(not_allowed(ROWS)));
    // Whatever owners may see, it is their own row.
    let mut any = contract(|code| Some(to_owners(code)));
    any.collections[usize::from(PEOPLE)].allows = vec![allow(Shape::Any, OWNERS)];
    assert_eq!(check(any), Err(not_allowed(ROWS)));
}

#[test]
fn what_is_made_of_sorted_rows_is_made_of_single_rows() {
    let reductions: [fn(&mut Code, S, S) -> S; 5] = [
        |code, sorted, _| code.sum(sorted),
        |code, sorted, _| code.first(sorted),
        |code, sorted, rows| code.dot(sorted, rows),
        |code, sorted, rows| {
            let difference = code.sub(sorted, rows);
            code.sum(difference)
        },
        |code, sorted, rows| {
            let mask = code.greater_than(sorted, 9);
            let zero = code.hide(0);
            let chosen = code.select(mask, rows, zero);
            code.sum(chosen)
        },
    ];
    for reduce in reductions {
        is_of_single_rows(|code| {
            let a = code.input(PEOPLE, 1);
            let sorted = sort(code, a, a);
            reduce(code, sorted, a)
        });
    }
}

#[test]
fn keys_are_a_source_of_what_they_sort() {
    // What a caller gives stands where other private numbers put it.
    let moved = shows(|code| {
        let (one, k, zero) = (code.input(SECRET, 0), code.param(), code.hide(0));
        let (keys, all) = (code.gather(&[one, k]), code.gather(&[k, zero]));
        let sorted = sort(code, keys, all);
        to(BOB, [code.element(sorted, 0)])
    });
    assert_eq!(moved, Err(not_allowed(Source::Collection(SECRET))));
    let own = shows(|code| {
        let (k, zero) = (code.param(), code.hide(0));
        let all = code.gather(&[k, zero]);
        let sorted = sort(code, all, all);
        to(BOB, [code.element(sorted, 0)])
    });
    assert_eq!(own, Ok(vec![(Source::Param(0), Shape::Any)]));
}

#[test]
fn counts_that_are_sorted_guard_nothing() {
    let cells = |is_sorted: bool| {
        shows(|code| {
            let (dept, income) = (code.input(PEOPLE, 0), code.input(PEOPLE, 1));
            let sums = code.s(|dst| Op::CellSum {
                dst,
                keys: dept,
                a: income,
                len: 3,
            });
            let counts = code.count_each(dept, 3);
            let counts = if is_sorted {
                sort(code, counts, counts)
            } else {
                counts
            };
            let (sum, count) = (code.element(sums, 1), code.element(counts, 1));
            guarded(EVERYONE, sum, count, 5)
        })
    };
    assert_eq!(cells(false), Ok(vec![(ROWS, Shape::Aggregate(5))]));
    let refusal = Refusal::Unguarded { source: ROWS };
    assert_eq!(
        cells(true),
        Err(VerifyError::NotAllowed { reveal: 0, refusal })
    );
}

#[test]
fn of_aggregates_an_order_is_an_aggregate() {
    let sorted = shows(|code| {
        let income = code.input(PEOPLE, 1);
        let (sum, most) = (code.sum(income), code.first(income));
        let all = code.gather(&[sum, most]);
        let sorted = sort(code, all, all);
        to(EVERYONE, [code.element(sorted, 0), code.element(sorted, 1)])
    });
    assert_eq!(sorted, Ok(vec![(ROWS, Shape::Aggregate(5))]));
    let to_alice = shows(|code| {
        let a = code.input(HERS, 1);
        let sorted = sort(code, a, a);
        to(ALICE, [code.sum(sorted)])
    });
    assert_eq!(to_alice, Err(not_allowed(Source::Collection(HERS))));
}

#[test]
fn ranges_of_the_largest_and_of_sums() {
    let rows = Extent::Over(PEOPLE);
    let top = |collection, len| {
        last(|code| {
            let a = code.input(collection, 1);
            let negative = code.constant(-1);
            let below = code.s(|dst| Op::AddPublic {
                dst,
                a,
                b: negative,
            });
            let scaled = code.s(|dst| Op::MulPublic {
                dst,
                a: below,
                b: negative,
            });
            code.s(|dst| Op::Top {
                dst,
                a: scaled,
                len,
            });
        })
    };
    // Where there are fewer, there are zeros.
    assert_eq!(top(PEOPLE, 5), Ok([(-999, 1, Extent::Fixed(5))]));
    let none = last(|code| {
        let (a, c) = (code.input(HERS, 1), code.constant(7));
        let raised = code.s(|dst| Op::AddPublic { dst, a, b: c });
        code.s(|dst| Op::Top {
            dst,
            a: raised,
            len: 1,
        });
    });
    assert_eq!(none, Ok([(0, 107, Extent::Fixed(1))]));
    for len in [0, MAX_LEN + 1] {
        assert_eq!(top(PEOPLE, len), Err(RangeError::BadParameter { op: 4 }));
    }
    let sums = last(|code| {
        let (a, c) = (code.input(PEOPLE, 1), code.constant(-400));
        let around = code.s(|dst| Op::AddPublic { dst, a, b: c });
        code.s(|dst| Op::PrefixSums { dst, a: around });
    });
    assert_eq!(sums, Ok([(-40_000, 60_000, rows)]));
    let scalar = last::<1>(|code| {
        let a = code.input(SECRET, 0);
        code.s(|dst| Op::PrefixSums { dst, a });
    });
    assert_eq!(scalar, Err(RangeError::NotAVector { op: 1 }));
    let shuffled = |columns: Vec<u16>| {
        last::<1>(|code| {
            code.input(PEOPLE, 1);
            code.input(HERS, 1);
            code.emit(Op::Shuffle {
                dst: S(2),
                columns: columns.into_iter().map(S).collect(),
            });
        })
    };
    assert_eq!(shuffled(vec![0]), Ok([(0, 1_000, rows)]));
    assert_eq!(shuffled(vec![0, 1]), Err(RangeError::MixedSpaces { op: 2 }));
    assert_eq!(shuffled(vec![]), Err(RangeError::BadParameter { op: 2 }));
}

#[test]
fn the_largest_sums_and_shuffled_rows_are_single_rows() {
    let ops: [fn(S, S) -> Op; 3] = [
        |dst, a| Op::Top { dst, a, len: 3 },
        |dst, a| Op::PrefixSums { dst, a },
        |dst, a| Op::Shuffle {
            dst,
            columns: vec![a],
        },
    ];
    for op in ops {
        is_of_single_rows(|code| {
            let a = code.input(PEOPLE, 1);
            let moved = code.s(|dst| op(dst, a));
            code.sum(moved)
        });
        // Of truth values, each is one of several.
        is_of_single_rows(|code| {
            let a = code.input(PEOPLE, 1);
            let bits = code.greater_than(a, 9);
            let moved = code.s(|dst| op(dst, bits));
            code.sum(moved)
        });
    }
    // The sum up to each of ones is where each stands.
    let places = shows(|code| {
        let (a, zero) = (code.input(PEOPLE, 1), code.constant(0));
        let none = code.s(|dst| Op::MulPublic { dst, a, b: zero });
        let one = code.constant(1);
        let ones = code.s(|dst| Op::AddPublic {
            dst,
            a: none,
            b: one,
        });
        let places = code.s(|dst| Op::PrefixSums { dst, a: ones });
        let third = code.s(|dst| Op::ComparePublic {
            dst,
            relation: Relation::Equal,
            a: places,
            b: one,
        });
        to(EVERYONE, [code.dot(third, a)])
    });
    assert_eq!(places, Err(not_allowed(ROWS)));
}

#[test]
fn a_row_at_a_place_is_a_single_row() {
    let element = |collection, at| {
        last(|code| {
            let (a, seven) = (code.input(collection, 1), code.constant(7));
            let raised = code.s(|dst| Op::AddPublic { dst, a, b: seven });
            code.element(raised, at);
        })
    };
    let scalar = Extent::Scalar;
    // Five people give rows at least.
    assert_eq!(element(PEOPLE, 4), Ok([(7, 1_007, scalar)]));
    assert_eq!(element(PEOPLE, 5), Ok([(0, 1_007, scalar)]));
    assert_eq!(element(HERS, 0), Ok([(0, 107, scalar)]));
    let wrong = Err(RangeError::BadParameter { op: 3 });
    assert_eq!(element(HERS, MAX_LEN), wrong);
    is_of_single_rows(|code| {
        let a = code.input(PEOPLE, 1);
        code.element(a, 3)
    });
    is_of_single_rows(|code| {
        let a = code.input(PEOPLE, 1);
        let sorted = sort(code, a, a);
        code.element(sorted, 2)
    });
    // A count is of all cells or of one, and of no row.
    let part = shows(|code| {
        let (dept, income) = (code.input(PEOPLE, 0), code.input(PEOPLE, 1));
        let mask = code.greater_than(dept, 0);
        let (sum, first) = (code.dot(mask, income), code.element(mask, 0));
        guarded(EVERYONE, sum, first, 5)
    });
    let refusal = Refusal::Unguarded { source: ROWS };
    let none = not_allowed(ROWS);
    let unguarded = VerifyError::NotAllowed { reveal: 0, refusal };
    assert!(part == Err(none) || part == Err(unguarded), "{part:?}");
}
