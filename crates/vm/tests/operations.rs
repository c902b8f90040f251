//! Every operation on secrets, by a live committee over both fields, against its meaning on plain integers.

#[path = "common/calls.rs"]
mod calls;
mod common;
#[path = "common/committee.rs"]
mod network;

use calls::{Code, Together, check, environment, given, shown};
use enigma_bytecode::model::{BitOp, C, Op, Order, PublicOp, Recipient, Relation, RowCount, S};
use enigma_bytecode::plan::{self, PlanError, Sizes};
use enigma_bytecode::ranges;
use enigma_field::{Committee, M61, M127};
use enigma_vm::clear::Inputs;

/// Over both fields, by committees of three and, where `five`, of five.
fn everywhere(code: &Code, inputs: &Inputs, five: bool) -> Together {
    let environment = environment(inputs);
    let contract = &code.contract;
    let found = check::<M61>(3, contract, &environment, inputs, 1).expect("it runs");
    assert_eq!(
        check::<M127>(3, contract, &environment, inputs, 2).as_ref(),
        Ok(&found)
    );
    if five {
        assert_eq!(
            check::<M61>(5, contract, &environment, inputs, 3).as_ref(),
            Ok(&found)
        );
        assert_eq!(
            check::<M127>(5, contract, &environment, inputs, 4).as_ref(),
            Ok(&found)
        );
    }
    found
}

#[test]
fn arithmetic() {
    let mut code = Code::over(&[&[(-50, 1_000), (-3, 20), (0, 1)]]);
    let (x, y, bit) = (code.input(0, 0), code.input(0, 1), code.input(0, 2));
    let (five, zero) = (code.number(-5), code.number(0));
    let scalar = code.sum(y);
    let mut all = vec![scalar];
    for (a, b) in [(x, y), (x, scalar), (scalar, y), (x, x)] {
        all.push(code.secret(|dst| Op::Add { dst, a, b }));
        all.push(code.secret(|dst| Op::Sub { dst, a, b }));
        all.push(code.secret(|dst| Op::Mul { dst, a, b }));
        all.push(code.secret(|dst| Op::Dot { dst, a, b }));
        all.push(code.secret(|dst| Op::Div { dst, a, b }));
        all.push(code.secret(|dst| Op::Modulo { dst, a, b }));
        all.push(code.secret(|dst| Op::Smaller { dst, a, b }));
        all.push(code.secret(|dst| Op::Larger { dst, a, b }));
    }
    let square = code.secret(|dst| Op::Mul { dst, a: x, b: x });
    for b in [five, zero] {
        all.push(code.secret(|dst| Op::AddPublic { dst, a: x, b }));
        all.push(code.secret(|dst| Op::MulPublic { dst, a: x, b }));
        all.push(code.secret(|dst| Op::DivPublic { dst, a: x, b }));
        all.push(code.secret(|dst| Op::ModuloPublic { dst, a: x, b }));
    }
    all.push(code.secret(|dst| Op::SquareRoot { dst, a: square }));
    all.push(code.secret(|dst| Op::Absolute { dst, a: x }));
    all.push(code.secret(|dst| Op::Select {
        dst,
        bit,
        then: scalar,
        otherwise: x,
    }));
    all.push(code.secret(|dst| Op::Hide { dst, a: five }));
    for value in all {
        code.show(&[value]);
    }
    let rows = vec![
        vec![12, -50, 1_000, 0, 7],
        vec![3, -3, 20, 0, 5],
        vec![1, 0, 0, 1, 1],
    ];
    everywhere(&code, &given(vec![rows]), true);
    // One row, which is not a scalar for all that.
    everywhere(&code, &given(vec![vec![vec![-7], vec![0], vec![1]]]), false);
    // No rows at all.
    everywhere(&code, &given(vec![vec![Vec::new(); 3]]), false);
}

/// Columns, and rows for them.
fn numbers() -> (Code, [S; 4], Vec<Vec<i64>>) {
    let most = i64::from(u32::MAX);
    let mut code = Code::over(&[&[(0, 1_000), (0, 77), (-900, 900), (0, most)]]);
    let columns = [0, 1, 2, 3].map(|column| code.input(0, column));
    let rows = vec![
        vec![0, 1, 77, 1_000, 682],
        vec![77, 0, 76, 5, 42],
        vec![-900, -1, 0, 900, -16],
        vec![0, most, 1 << 31, 0x5555_5555, 12],
    ];
    (code, columns, rows)
}

#[test]
fn numbers_bit_by_bit() {
    let (mut code, [x, y, _, long], rows) = numbers();
    let scalar = code.sum(y);
    let masks = [0, 1, 6, 77, 1 << 33].map(|number| code.number(number));
    for op in [BitOp::And, BitOp::Or, BitOp::Xor] {
        for (a, b) in [(x, y), (y, scalar), (long, long), (long, x)] {
            let value = code.secret(|dst| Op::Bitwise { dst, op, a, b });
            code.show(&[value]);
        }
        for b in masks {
            let value = code.secret(|dst| Op::BitwisePublic { dst, op, a: x, b });
            code.show(&[value]);
        }
    }
    everywhere(&code, &given(vec![rows]), true);
    everywhere(&code, &given(vec![vec![Vec::new(); 4]]), false);
}

#[test]
fn a_quote_takes_public_numbers_to_lie_where_runs_find_them() {
    // An opened number lies where the secret does, whatever its manifest line's column could hold, and its square is
    // not negative: so neither is what it is added to, and sums of it stay small.
    let (mut code, [x, y, signed, _], rows) = numbers();
    let (least, total) = (code.sum(signed), code.sum(y));
    let [least, opened] = [least, total].map(|value| code.open(value));
    let square = code.computed(PublicOp::Mul, least, least);
    let nothing = code.computed(PublicOp::Sub, least, least);
    for number in [opened, square, nothing] {
        let more = code.secret(|dst| Op::AddPublic {
            dst,
            a: x,
            b: number,
        });
        for (a, b) in [(x, number), (more, opened)] {
            let op = BitOp::Or;
            let keys = code.secret(|dst| Op::BitwisePublic { dst, op, a, b });
            let sorted = code.secret(|dst| Op::Sort {
                dst,
                keys,
                order: Order::Ascending,
                columns: vec![keys],
            });
            let sum = code.sum(sorted);
            code.show(&[sum]);
        }
    }
    // So is what a secret leaves that is taken from itself.
    let zero = code.secret(|dst| Op::Sub { dst, a: x, b: x });
    let (op, a, b) = (BitOp::Xor, zero, opened);
    let all = code.secret(|dst| Op::BitwisePublic { dst, op, a, b });
    code.show(&[all]);
    everywhere(&code, &given(vec![rows]), true);
}

#[test]
fn a_quote_waits_for_both_sides_of_a_merge() {
    let mut code = Code::over(&[&[(0, 100)]]);
    let x = code.input(0, 0);
    let total = code.sum(x);
    let condition = code.open(total);
    code.push(Op::If { condition });
    let then = code.secret(|dst| Op::Hide { dst, a: condition });
    code.push(Op::Else);
    let mut otherwise = total;
    for number in [7, 5] {
        let a = otherwise;
        let b = code.number(number);
        otherwise = code.secret(|dst| Op::DivPublic { dst, a, b });
    }
    code.push(Op::End);
    let merged = code.secret(|dst| Op::Merge {
        dst,
        condition,
        then,
        otherwise,
    });
    let bit = code.exceeds(merged, 50);
    code.show(&[bit]);
    for rows in [vec![0, 0, 0], vec![5, 9, 100]] {
        everywhere(&code, &given(vec![vec![rows]]), true);
    }
}

#[test]
fn bits_and_what_is_left_of_numbers() {
    let (mut code, [x, y, signed, long], rows) = numbers();
    let scalar = code.sum(y);
    for a in [x, signed, long] {
        for bits in [0, 1, 4, 31, 59] {
            let low = code.secret(|dst| Op::Remainder { dst, a, bits });
            let high = code.secret(|dst| Op::ShiftRight { dst, a, bits });
            code.show(&[low]);
            code.show(&[high]);
        }
    }
    for (a, width) in [(y, 7), (long, 3), (scalar, 1), (y, 12)] {
        let S(first) = code.secrets(width.into(), |dst| Op::Bits { dst, a, width });
        for place in 0..u16::from(width) {
            code.show(&[S(first + place)]);
        }
    }
    everywhere(&code, &given(vec![rows]), true);
    everywhere(&code, &given(vec![vec![Vec::new(); 4]]), false);
}

/// With what a verifier accepts, whose quote is checked, and with the most and the least number there is, which have none.
#[test]
fn comparisons_and_orders() {
    for (numbers, quoted) in [
        (&[3, 0, -1_000][..], true),
        (&[3, 0, i64::MAX, i64::MIN, -1_000], false),
    ] {
        compared_and_ordered(numbers, quoted);
    }
}

fn compared_and_ordered(numbers: &[i64], quoted: bool) {
    let mut code = Code::over(&[&[(-1_000, 1_000), (-9, 9)]]);
    let (x, y) = (code.input(0, 0), code.input(0, 1));
    let numbers: Vec<C> = numbers.iter().map(|number| code.number(*number)).collect();
    let scalar = code.sum(y);
    let mut all = Vec::new();
    for relation in [Relation::Less, Relation::Equal, Relation::Greater] {
        for (a, b) in [(x, y), (scalar, x)] {
            all.push(code.secret(|dst| Op::Compare {
                dst,
                relation,
                a,
                b,
            }));
        }
        for &b in &numbers {
            all.push(code.secret(|dst| Op::ComparePublic {
                dst,
                relation,
                a: x,
                b,
            }));
        }
    }
    for place in numbers {
        all.push(code.secret(|dst| Op::Quantile { dst, a: x, place }));
    }
    for a in [x, y] {
        for order in [Order::Ascending, Order::Descending] {
            all.push(code.secret(|dst| Op::Rank { dst, a, order }));
            all.push(code.secret(|dst| Op::First { dst, a, order }));
            all.push(code.secret(|dst| Op::Second { dst, a, order }));
            if a == x {
                all.push(code.secret(|dst| Op::FirstMember { dst, a, order }));
            }
        }
    }
    for value in all {
        code.show(&[value]);
    }
    for rows in [
        vec![vec![3, -1_000, 1_000, 1_000, 0], vec![9, 3, -9, 0, 0]],
        vec![vec![4, 4], vec![2, 1]],
        vec![vec![-7], vec![9]],
        vec![Vec::new(); 2],
    ] {
        let length = rows[0].len();
        let sound = ranges::actual(&code.contract, 0, &[length as u32]).is_ok();
        assert_eq!(sound, quoted, "{length}");
        everywhere(&code, &given(vec![rows]), length == 5);
    }
}

#[test]
fn a_first_and_a_second_are_found_together() {
    // With a second, the first costs nothing; without a member there are no numbers to carry.
    let cost = |ops: &[fn(S) -> Op]| {
        let mut code = Code::over(&[&[(0, 100)]]);
        code.input(0, 0);
        for op in ops {
            let value = code.secret(*op);
            code.show(&[value]);
        }
        let inputs = given(vec![vec![vec![5, 9, 9, 1, 30]]]);
        let contract = std::sync::Arc::new(code.contract);
        let committee = enigma_field::Committee::new(5).expect("an odd size");
        let mut parties =
            calls::Parties::<M61>::new(committee, &contract, &environment(&inputs), &inputs, 1);
        let parties = parties.as_mut().expect("it begins");
        parties.run(|_| {});
        parties.outcomes()[0].cost.multiplications
    };
    let first: fn(S) -> Op = |dst| Op::First {
        dst,
        a: S(0),
        order: Order::Descending,
    };
    let second: fn(S) -> Op = |dst| Op::Second {
        dst,
        a: S(0),
        order: Order::Descending,
    };
    let member: fn(S) -> Op = |dst| Op::FirstMember {
        dst,
        a: S(0),
        order: Order::Descending,
    };
    assert_eq!(cost(&[first, second]), cost(&[second]));
    assert_eq!(cost(&[first, member]), cost(&[member]));
    assert_eq!(cost(&[first, first]), cost(&[first]));
    assert!(cost(&[first]) < cost(&[member]));
}

#[test]
fn fixed_point() {
    let one = 1i64 << 16;
    let mut code = Code::over(&[&[(-9 * one, 9 * one), (0, 9 * one)]]);
    let (x, y) = (code.input(0, 0), code.input(0, 1));
    let (a, b, bits) = (x, y, 16);
    let all = [
        code.secret(|dst| Op::MulFixed { dst, a, b, bits }),
        code.secret(|dst| Op::DotFixed { dst, a, b, bits }),
        code.secret(|dst| Op::DivFixed { dst, a, b, bits }),
        code.secret(|dst| Op::SquareRootFixed { dst, a: y, bits }),
        code.secret(|dst| Op::MeanSquare { dst, a, bits }),
        code.secret(|dst| Op::Covariance { dst, a, b, bits }),
        code.secret(|dst| Op::Covariance { dst, a, b: a, bits }),
        code.secret(|dst| Op::Correlation { dst, a, b, bits }),
    ];
    for value in all {
        code.show(&[value]);
    }
    let rows = vec![
        vec![one, -9 * one, 12_345, 0, 3],
        vec![9 * one, 1, 77_777, 0, one / 3],
    ];
    let wide = |rows: Vec<Vec<i64>>| {
        let inputs = given(vec![rows]);
        check::<M127>(3, &code.contract, &environment(&inputs), &inputs, 5).expect("it runs");
    };
    wide(rows.clone());
    wide(vec![vec![-one], vec![3 * one]]);
    wide(vec![Vec::new(); 2]);
    // The smaller field has room for shorter numbers.
    let mut code = Code::over(&[&[(-900, 900), (0, 900)]]);
    let (x, y) = (code.input(0, 0), code.input(0, 1));
    let (a, b, bits) = (x, y, 8);
    let all = [
        code.secret(|dst| Op::MulFixed { dst, a, b, bits }),
        code.secret(|dst| Op::DotFixed { dst, a, b, bits }),
        code.secret(|dst| Op::DivFixed { dst, a, b, bits }),
        code.secret(|dst| Op::SquareRootFixed { dst, a: y, bits }),
        code.secret(|dst| Op::MeanSquare { dst, a, bits: 0 }),
        code.secret(|dst| Op::Covariance { dst, a, b, bits: 0 }),
    ];
    for value in all {
        code.show(&[value]);
    }
    let rows = vec![vec![-900, 256, 3], vec![128, 0, 900]];
    everywhere(&code, &given(vec![rows]), true);
}

#[test]
fn functions_of_numbers() {
    let one = 1i64 << 16;
    let mut code = Code::over(&[&[(-9 * one, 9 * one)]]);
    let (a, bits) = (code.input(0, 0), 16);
    let all = [
        code.secret(|dst| Op::Logistic { dst, a, bits }),
        code.secret(|dst| Op::Exp { dst, a, bits }),
        code.secret(|dst| Op::Ln { dst, a, bits }),
    ];
    for value in all {
        code.show(&[value]);
    }
    let inputs = given(vec![vec![vec![0, one, -3 * one, 9 * one, 12_345]]]);
    check::<M127>(3, &code.contract, &environment(&inputs), &inputs, 6).expect("it runs");
}

#[test]
fn vectors_of_constant_length() {
    let mut code = Code::over(&[&[(-9, 90), (0, 3)]]);
    let (x, index) = (code.input(0, 0), code.input(0, 1));
    let total = code.sum(x);
    let number = code.number(7);
    let hidden = code.secret(|dst| Op::Hide { dst, a: number });
    let parts = vec![total, hidden, total, hidden];
    let table = code.secret(|dst| Op::Gather { dst, parts });
    let alone = code.secret(|dst| Op::Gather {
        dst,
        parts: vec![hidden],
    });
    let element = code.secret(|dst| Op::Element {
        dst,
        a: table,
        at: 2,
    });
    let found = code.secret(|dst| Op::Lookup { dst, table, index });
    let bands = code.secret(|dst| Op::Histogram {
        dst,
        a: x,
        bounds: vec![-5, 0, 44],
    });
    // Elements that are none of the numbers are not counted.
    let counts = [(index, 4), (x, 3), (index, 2)]
        .map(|(a, len)| code.secret(|dst| Op::CountEach { dst, a, len }));
    let doubled = code.secret(|dst| Op::Add {
        dst,
        a: table,
        b: table,
    });
    let all = [table, alone, element, found, bands, doubled];
    for value in all.into_iter().chain(counts) {
        code.show(&[value]);
    }
    let rows = vec![vec![-9, 90, 0, 2, 2], vec![3, 0, 1, 1, 2]];
    everywhere(&code, &given(vec![rows]), true);
    everywhere(&code, &given(vec![vec![Vec::new(); 2]]), false);
}

#[test]
fn cells() {
    let mut code = Code::over(&[&[(-2, 5), (-100, 1_000)]]);
    let (keys, a) = (code.input(0, 0), code.input(0, 1));
    let (one, len) = (code.number(1), 3);
    let shifted = code.secret(|dst| Op::AddPublic {
        dst,
        a: keys,
        b: one,
    });
    let mut all = Vec::new();
    for keys in [keys, shifted] {
        all.push(code.secret(|dst| Op::CountEach { dst, a: keys, len }));
        all.push(code.secret(|dst| Op::CellSum { dst, keys, a, len }));
        for (numerator, denominator) in [(1, 2), (1, 1), (1, 10)] {
            all.push(code.secret(|dst| Op::CellQuantile {
                dst,
                keys,
                a,
                len,
                numerator,
                denominator,
            }));
        }
    }
    for value in &all {
        code.show(&[*value]);
    }
    let rows = vec![vec![0, 2, 2, -2, 5, 0, 2], vec![7, -100, 1_000, 5, 6, 7, 0]];
    let found = everywhere(&code, &given(vec![rows]), true);
    assert_eq!(shown(&found, 0), [2, 0, 3]);
    assert_eq!(shown(&found, 1), [14, 0, 900]);
    assert_eq!(shown(&found, 2), [7, 0, 0]);
    everywhere(&code, &given(vec![vec![vec![1], vec![50]]]), false);
    everywhere(&code, &given(vec![vec![Vec::new(); 2]]), false);
}

/// Rows in the order of two of their columns, up and down, and a list of scalars.
fn sorted_in_all_ways(code: &mut Code) -> Vec<S> {
    let (x, y) = (code.input(0, 0), code.input(0, 1));
    let (many, few) = (code.sum(x), code.sum(y));
    let list = code.secret(|dst| Op::Gather {
        dst,
        parts: vec![many, few, many],
    });
    let mut all = Vec::new();
    for order in [Order::Ascending, Order::Descending] {
        for (keys, columns) in [(y, vec![x, y]), (x, vec![x]), (list, vec![list])] {
            let count = columns.len() as u16;
            let first = code.secrets(count, |dst| Op::Sort {
                dst,
                keys,
                order,
                columns,
            });
            all.extend((0..count).map(|k| S(first.0 + k)));
        }
    }
    all
}

#[test]
fn rows_are_sorted_stably() {
    let mut code = Code::over(&[&[(-1_000, 1_000), (-2, 2)]]);
    for value in sorted_in_all_ways(&mut code) {
        code.show(&[value]);
    }
    let rows = vec![vec![3, -1_000, 7, 1_000, 7, 0], vec![1, -2, 1, 2, -2, 1]];
    let found = everywhere(&code, &given(vec![rows]), true);
    assert_eq!(shown(&found, 0), [-1_000, 7, 3, 7, 0, 1_000]);
    assert_eq!(shown(&found, 1), [-2, -2, 1, 1, 1, 2]);
    assert_eq!(shown(&found, 3), [1, 17, 17]);
    assert_eq!(shown(&found, 4), [1_000, 3, 7, 0, -1_000, 7]);
    everywhere(&code, &given(vec![vec![vec![-7], vec![0]]]), false);
    everywhere(&code, &given(vec![vec![Vec::new(); 2]]), false);
}

/// Of so many rows that they go by bits.
#[test]
fn many_rows_are_sorted_stably() {
    let mut code = Code::over(&[&[(-1_000, 1_000), (-2, 2)]]);
    for value in sorted_in_all_ways(&mut code) {
        code.show(&[value]);
    }
    code.contract.groups[0].max = 200;
    let rows = (0..70).map(|k| (k * 37 % 101 - 50, k % 5 - 2)).unzip();
    let (x, y): (Vec<i64>, Vec<i64>) = rows;
    everywhere(&code, &given(vec![vec![x, y]]), false);
}

/// Of one to more than there are, over rows and of a list.
#[test]
fn the_largest_and_sums_up_to_each() {
    let mut code = Code::over(&[&[(-1_000, 1_000), (-2, 2)]]);
    let (x, y) = (code.input(0, 0), code.input(0, 1));
    let (many, few) = (code.sum(x), code.sum(y));
    let list = code.secret(|dst| Op::Gather {
        dst,
        parts: vec![few, many, few],
    });
    let mut all = Vec::new();
    for (a, len) in [(x, 1), (x, 2), (x, 3), (x, 7), (y, 3), (list, 2), (list, 5)] {
        all.push(code.secret(|dst| Op::Top { dst, a, len }));
    }
    for a in [x, list] {
        all.push(code.secret(|dst| Op::PrefixSums { dst, a }));
    }
    for value in all {
        code.show(&[value]);
    }
    let rows = vec![vec![3, -1_000, 7, 1_000, 7, 0], vec![1, -2, 1, 2, -2, 1]];
    let found = everywhere(&code, &given(vec![rows]), true);
    assert_eq!(shown(&found, 1), [1_000, 7]);
    assert_eq!(shown(&found, 3), [1_000, 7, 7, 3, 0, -1_000, 0]);
    assert_eq!(shown(&found, 6), [17, 1, 1, 0, 0]);
    assert_eq!(shown(&found, 7), [3, -997, -990, 10, 17, 17]);
    assert_eq!(shown(&found, 8), [1, 18, 19]);
    everywhere(&code, &given(vec![vec![vec![-7], vec![0]]]), false);
    everywhere(&code, &given(vec![vec![Vec::new(); 2]]), false);
    code.contract.groups[0].max = 200;
    let rows = (0..200).map(|k| (k * 37 % 101 - 50, k % 5 - 2)).unzip();
    let (x, y): (Vec<i64>, Vec<i64>) = rows;
    everywhere(&code, &given(vec![vec![x, y]]), false);
}

#[test]
fn a_shuffle_keeps_rows_together() {
    let mut code = Code::over(&[&[(0, 1_000), (0, 1_000)]]);
    let (x, y) = (code.input(0, 0), code.input(0, 1));
    for _ in 0..2 {
        let first = code.secrets(2, |dst| Op::Shuffle {
            dst,
            columns: vec![x, y],
        });
        code.show(&[first]);
        code.show(&[S(first.0 + 1)]);
    }
    let rows: Vec<i64> = (0..30).collect();
    let squares: Vec<i64> = rows.iter().map(|x| x * x).collect();
    for (nodes, inputs) in [
        (3, given(vec![vec![rows.clone(), squares.clone()]])),
        (5, given(vec![vec![rows.clone(), squares]])),
        (3, given(vec![vec![vec![4], vec![16]]])),
        (3, given(vec![vec![Vec::new(); 2]])),
    ] {
        let environment = environment(&inputs);
        let found = calls::by_committee::<M61>(nodes, &code.contract, &environment, &inputs, 1);
        let found = found.expect("it runs");
        let (once, again) = (shown(&found, 0), shown(&found, 2));
        for (first, line) in [(once, 1), (again, 3)] {
            let squares: Vec<i64> = first.iter().map(|x| x * x).collect();
            assert_eq!(shown(&found, line), squares);
            let mut sorted = first.to_vec();
            sorted.sort_unstable();
            assert_eq!(sorted, inputs.collections[0][0]);
            assert!(first.len() < 2 || first != rows);
        }
        assert!(once.len() < 2 || once != again);
    }
}

#[test]
fn nine_parties_do_not_sort() {
    let mut code = Code::over(&[&[(0, 9)]]);
    let a = code.input(0, 0);
    let largest = code.secret(|dst| Op::Top { dst, a, len: 3 });
    code.show(&[largest]);
    let quote = |code: &Code| {
        let sizes = Sizes { rows: vec![6] };
        let committee = Committee::new(9).expect("an odd size");
        plan::quote(&code.contract, 0, &sizes, committee)
    };
    assert!(quote(&code).is_ok());
    let ops: [fn(S, S) -> Op; 2] = [
        |dst, a| Op::Sort {
            dst,
            keys: a,
            order: Order::Ascending,
            columns: vec![a],
        },
        |dst, a| Op::Shuffle {
            dst,
            columns: vec![a],
        },
    ];
    for op in ops {
        let mut code = Code::over(&[&[(0, 9)]]);
        let a = code.input(0, 0);
        let moved = code.secret(|dst| op(dst, a));
        code.show(&[moved]);
        let refused = quote(&code).expect_err("too many");
        assert_eq!(refused, PlanError::ShuffleCommittee { n: 9 });
        assert!(
            refused
                .to_string()
                .contains("too many to shuffle or to sort")
        );
    }
}

#[test]
fn keys_and_joins() {
    let key = (0, (1 << 52) - 1);
    let mut code = Code::over(&[&[key, key], &[key, key, (0, 1), (-9, 9)]]);
    let (a, b) = (code.input(0, 0), code.input(0, 1));
    let (c, d) = (code.input(1, 0), code.input(1, 1));
    let (valid, column) = (code.input(1, 2), code.input(1, 3));
    let first = code.secret(|dst| Op::Distinct {
        dst,
        keys: vec![a, b],
    });
    let equal = code.secret(|dst| Op::EqualKeys {
        dst,
        a: vec![a],
        b: vec![b],
    });
    let join = code.secrets(2, |dst| Op::Join {
        dst,
        left: vec![a, b],
        right: vec![c, d],
        valid,
        columns: vec![column],
    });
    let matched = code.secrets(1, |dst| Op::Join {
        dst,
        left: vec![a, b],
        right: vec![c, d],
        valid,
        columns: vec![],
    });
    for value in [first, equal, join, S(join.0 + 1), matched] {
        code.show_to(Recipient::OwnerOf(0), &[value]);
    }
    let high = key.1;
    let left = vec![vec![1, high, 1, 5, 0], vec![2, high, 2, 6, 0]];
    let right = vec![
        vec![high, 1, 0, 1],
        vec![high, 2, 0, 2],
        vec![1, 0, 1, 1],
        vec![-9, 8, 7, 3],
    ];
    let found = everywhere(&code, &given(vec![left.clone(), right.clone()]), true);
    assert_eq!(shown(&found, 0), [1, 1, 0, 1, 1]);
    assert_eq!(shown(&found, 2), [1, 1, 1, 0, 1]);
    assert_eq!(shown(&found, 3), [3, -9, 3, 0, 7]);
    let none = vec![Vec::new(); 4];
    everywhere(&code, &given(vec![left, none.clone()]), false);
    everywhere(&code, &given(vec![vec![Vec::new(); 2], right]), false);
    everywhere(&code, &given(vec![vec![Vec::new(); 2], none]), false);
}

#[test]
fn regression() {
    let one = 1i64 << 16;
    let mut code = Code::over(&[&[(0, 120 * one), (0, 100 * one), (0, one)]]);
    let (age, dose, y) = (code.input(0, 0), code.input(0, 1), code.input(0, 2));
    // A range that planning derives, and a branch before.
    let total = code.sum(y);
    let some = code.exceeds(total, 0);
    let condition = code.open(some);
    code.push(Op::If { condition });
    let twice = code.secret(|dst| Op::Add {
        dst,
        a: dose,
        b: dose,
    });
    let w = code.secret(|dst| Op::Regression {
        dst,
        columns: vec![age, twice],
        y,
        bits: 16,
        ridge: 0,
        most: 1 << 40,
    });
    code.show(&[w]);
    code.push(Op::End);
    let rows = vec![
        vec![10 * one, 20 * one, 10 * one, 40 * one],
        vec![one, one, 2 * one, 3 * one],
        [0.2, 0.3, 0.3, 0.7]
            .map(|x| (x * one as f64) as i64)
            .to_vec(),
    ];
    let inputs = given(vec![rows]);
    let found = check::<M127>(3, &code.contract, &environment(&inputs), &inputs, 7);
    assert_eq!(shown(&found.expect("it runs"), 1).len(), 3);
    let nobody = given(vec![vec![Vec::new(); 3]]);
    check::<M127>(3, &code.contract, &environment(&nobody), &nobody, 8).expect("it runs");
}

#[test]
fn random_numbers_are_below_their_end() {
    let mut code = Code::over(&[]);
    let many = code.secret(|dst| Op::Random {
        dst,
        len: 20,
        end: 6,
    });
    code.show(&[many]);
    let inputs = given(Vec::new());
    let environment = environment(&inputs);
    let found = calls::by_committee::<M61>(3, &code.contract, &environment, &inputs, 1);
    let found = found.expect("it runs");
    let numbers = shown(&found, 0);
    assert_eq!(numbers.len(), 20);
    assert!(numbers.iter().all(|x| (0..6).contains(x)));
    assert!(numbers.iter().any(|x| *x != numbers[0]));
    // One for each row, also of none.
    let mut code = Code::over(&[&[(0, 9)]]);
    let like = code.input(0, 0);
    let each = code.secret(|dst| Op::RandomLike { dst, like, end: 6 });
    code.show(&[each]);
    for rows in [20, 1, 0] {
        let inputs = given(vec![vec![vec![7; rows]]]);
        let environment = self::environment(&inputs);
        let found = calls::by_committee::<M61>(3, &code.contract, &environment, &inputs, 1);
        let found = found.expect("it runs");
        let numbers = shown(&found, 0);
        assert_eq!(numbers.len(), rows);
        assert!(numbers.iter().all(|x| (0..6).contains(x)));
        assert!(rows < 20 || numbers.iter().any(|x| *x != numbers[0]));
    }
}

/// A party's single value is a scalar, and its rows are as many as it gives.
#[test]
fn values_of_a_party() {
    let mut code = Code::over(&[&[(0, 9)]]);
    let single = code.of_party(RowCount::One, &[(0, 100), (-5, 5)]);
    let list = code.of_party(RowCount::UpTo(10), &[(0, 100)]);
    let rows = code.input(0, 0);
    let (a, b) = (code.input(single, 0), code.input(single, 1));
    let many = code.input(list, 0);
    let scaled = code.secret(|dst| Op::Mul { dst, a: rows, b: a });
    let both = code.secret(|dst| Op::Mul { dst, a: many, b });
    for value in [scaled, both, a] {
        code.show(&[value]);
    }
    let inputs = given(vec![
        vec![vec![1, 2, 3]],
        vec![vec![50], vec![-5]],
        vec![vec![7, 8]],
    ]);
    let found = everywhere(&code, &inputs, true);
    assert_eq!(shown(&found, 0), [50, 100, 150]);
    assert_eq!(shown(&found, 1), [-35, -40]);
}
