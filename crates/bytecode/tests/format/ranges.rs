//! Derived ranges hold for every value that can occur.

use crate::common::{auction, input, survey};
use crate::world::{Code, PEOPLE, last_of, ranges_of, world};
use enigma_bytecode::interval::{Interval, Wide};
use enigma_bytecode::model::{BitOp, C, Op, Order, Profile, PublicOp, S};
use enigma_bytecode::ranges::{Extent, PublicRange, RangeError, SecretRange, actual, declared};
use proptest::prelude::*;

#[test]
fn of_the_survey() {
    let ranges = declared(&survey(), 0).expect("valid");
    let at = |low, high, extent| {
        Some(SecretRange {
            interval: Interval { low, high },
            extent,
            member_of: None,
        })
    };
    let rows = Interval {
        low: 5,
        high: 1_000,
    };
    assert_eq!(ranges.public(C(0)), Some(PublicRange::Number(rows)));
    assert_eq!(ranges.secret(S(0)), at(0, 100_000_000, Extent::Over(0)));
    assert_eq!(ranges.secret(S(1)), at(0, 100_000_000_000, Extent::Scalar));
    assert_eq!(ranges.secret(S(2)), at(0, 20_000_000_000, Extent::Scalar));
    assert_eq!(ranges.secret(S(3)), at(1, 1_000, Extent::Over(0)));
    assert_eq!(ranges.secret(S(4)), None);
}

#[test]
fn of_firsts_and_comparisons() {
    let ranges = declared(&auction(), 0).expect("valid");
    let of = |register| {
        let found = ranges.secret(register).expect("defined");
        (found.interval.low, found.interval.high, found.member_of)
    };
    assert_eq!(of(S(1)), (0, 100_000_000, None));
    assert_eq!(of(S(2)), (0, i64::from(u32::MAX), Some(0)));
    assert_eq!(of(S(3)), (0, 1, None));
    assert_eq!(of(S(7)), (0, 1, None));
}

#[test]
fn of_one_run_are_narrower() {
    let ranges = actual(&survey(), 0, &[20]).expect("valid");
    let of = |register| {
        ranges
            .secret(register)
            .map(|s| (s.interval.low, s.interval.high))
    };
    assert_eq!(of(S(1)), Some((0, 2_000_000_000)));
    assert_eq!(of(S(2)), Some((0, 100_000_000)));
    assert_eq!(of(S(3)), Some((1, 20)));
}

#[test]
fn sizes_of_a_run_are_checked() {
    let outside = |rows| RangeError::RowsOutside {
        collection: 0,
        rows,
        minimum: 5,
        maximum: 1_000,
    };
    assert_eq!(actual(&survey(), 0, &[4]), Err(outside(4)));
    assert_eq!(actual(&survey(), 0, &[1_001]), Err(outside(1_001)));
    assert_eq!(actual(&survey(), 0, &[]), Err(RangeError::WrongSizes));
    assert_eq!(actual(&survey(), 1, &[5]), Err(RangeError::UnknownEntry));
}

/// A vector of two numbers from -10 to 10.
fn two(code: &mut Code) -> S {
    let ends = [code.hide(-10), code.hide(10)];
    code.gather(&ends)
}

#[test]
fn of_arithmetic() {
    let (scalar, rows) = (Extent::Scalar, Extent::Over(PEOPLE));
    let of = |f: fn(&mut Code, S, S) -> S| {
        last_of(|code| {
            let (a, b) = (code.input(PEOPLE, 1), code.hide(-3));
            f(code, a, b);
        })
    };
    assert_eq!(of(|code, a, b| code.add(a, b)), Ok((-3, 997, rows)));
    assert_eq!(of(|code, a, b| code.sub(a, b)), Ok((3, 1_003, rows)));
    assert_eq!(of(|code, a, _| code.sub(a, a)), Ok((0, 0, rows)));
    assert_eq!(of(|code, a, b| code.mul(a, b)), Ok((-3_000, 0, rows)));
    assert_eq!(of(|code, a, b| code.div(a, b)), Ok((-333, 0, rows)));
    assert_eq!(of(|code, a, _| code.sum(a)), Ok((0, 100_000, scalar)));
    assert_eq!(
        of(|code, a, _| code.dot(a, a)),
        Ok((0, 100_000_000, scalar))
    );
    assert_eq!(of(|code, a, b| code.greater(a, b)), Ok((0, 1, rows)));
    let single = |op: fn(S, S) -> Op| {
        last_of(|code| {
            let a = two(code);
            code.s(|dst| op(dst, a));
        })
    };
    let pair = Extent::Fixed(2);
    assert_eq!(single(|dst, a| Op::Absolute { dst, a }), Ok((0, 10, pair)));
    assert_eq!(
        single(|dst, a| Op::Mul { dst, a, b: a }),
        Ok((0, 100, pair))
    );
    assert_eq!(
        single(|dst, a| Op::MulFixed {
            dst,
            a,
            b: a,
            bits: 2
        }),
        Ok((0, 25, pair))
    );
    assert_eq!(
        single(|dst, a| Op::DotFixed {
            dst,
            a,
            b: a,
            bits: 3
        }),
        Ok((0, 25, scalar))
    );
    assert_eq!(
        single(|dst, a| Op::DivFixed {
            dst,
            a,
            b: a,
            bits: 4
        }),
        Ok((-161, 161, pair))
    );
    assert_eq!(
        single(|dst, a| Op::MeanSquare { dst, a, bits: 0 }),
        Ok((0, 100, scalar))
    );
    assert_eq!(
        single(|dst, a| Op::Covariance {
            dst,
            a,
            b: a,
            bits: 0
        }),
        Ok((0, 101, scalar))
    );
    assert_eq!(
        single(|dst, a| Op::Correlation {
            dst,
            a,
            b: a,
            bits: 3
        }),
        Ok((-8, 8, scalar))
    );
    assert_eq!(
        single(|dst, a| Op::Correlation {
            dst,
            a,
            b: a,
            bits: 41
        }),
        Err(RangeError::BadParameter { op: 5 })
    );
    let raised = single(|dst, a| Op::Correlation {
        dst,
        a,
        b: a,
        bits: 40,
    });
    assert!(
        matches!(raised, Err(RangeError::TooLarge { op: 5, .. })),
        "{raised:?}"
    );
    // Of no negative number.
    assert_eq!(
        single(|dst, a| Op::SquareRoot { dst, a }),
        Err(RangeError::WrongOperand { op: 5 })
    );
    assert_eq!(
        single(|dst, a| Op::SquareRootFixed { dst, a, bits: 2 }),
        Err(RangeError::WrongOperand { op: 5 })
    );
}

#[test]
fn of_bits() {
    let of = |low: i64, high: i64, op: &dyn Fn(S, S) -> Op| {
        let mut contract = survey();
        let column = &mut contract.collections[0].columns[0];
        (column.low, column.high) = (low, high);
        contract.entries[0].code = vec![input(0, 0, 0), op(S(1), S(0))];
        let found = declared(&contract, 0)?
            .secret
            .last()
            .map(|found| found.interval);
        Ok(found.map(|interval| (interval.low, interval.high)))
    };
    let remainder = |bits| move |dst, a| Op::Remainder { dst, a, bits };
    let shifted = |bits| move |dst, a| Op::ShiftRight { dst, a, bits };
    let bitwise = |op| move |dst, a| Op::Bitwise { dst, op, a, b: a };
    let bits = |width| move |dst, a| Op::Bits { dst, a, width };
    assert_eq!(of(3, 100, &remainder(8)), Ok(Some((0, 100))));
    assert_eq!(of(-3, 100, &remainder(8)), Ok(Some((0, 255))));
    assert_eq!(of(3, 1_000, &remainder(8)), Ok(Some((0, 255))));
    assert_eq!(of(-5, 1_000, &shifted(3)), Ok(Some((-1, 125))));
    assert_eq!(of(-5, 1_000, &shifted(59)), Ok(Some((-1, 0))));
    assert_eq!(of(5, 1_000, &bitwise(BitOp::And)), Ok(Some((0, 1_000))));
    assert_eq!(of(5, 1_000, &bitwise(BitOp::Or)), Ok(Some((5, 1_023))));
    assert_eq!(of(5, 1_000, &bitwise(BitOp::Xor)), Ok(Some((0, 1_023))));
    assert_eq!(of(0, 1_000, &bits(59)), Ok(Some((0, 1))));
    // More than values have, and bits of negative numbers.
    let (parameter, operand) = (
        Err(RangeError::BadParameter { op: 1 }),
        Err(RangeError::WrongOperand { op: 1 }),
    );
    assert_eq!(of(0, 9, &remainder(60)), parameter);
    assert_eq!(of(0, 9, &shifted(60)), parameter);
    assert_eq!(of(0, 9, &bits(0)), parameter);
    assert_eq!(of(0, 9, &bits(60)), parameter);
    assert_eq!(of(-1, 9, &bits(3)), operand);
    assert_eq!(of(-1, 9, &bitwise(BitOp::And)), operand);
}

#[test]
fn of_vectors_and_cells() {
    let (scalar, rows) = (Extent::Scalar, Extent::Over(PEOPLE));
    let of = |op: fn(S, S) -> Op| {
        last_of(|code| {
            let income = code.input(PEOPLE, 1);
            code.input(PEOPLE, 0);
            code.s(|dst| op(dst, income));
        })
    };
    let order = Order::Ascending;
    assert_eq!(
        of(|dst, a| Op::Rank {
            dst,
            a,
            order: Order::Ascending
        }),
        Ok((1, 100, rows))
    );
    assert_eq!(
        of(|dst, a| Op::First {
            dst,
            a,
            order: Order::Ascending
        }),
        Ok((0, 1_000, scalar))
    );
    assert_eq!(
        of(|dst, a| Op::Second {
            dst,
            a,
            order: Order::Ascending
        }),
        Ok((0, 1_000, scalar))
    );
    assert_eq!(
        of(|dst, a| Op::Histogram {
            dst,
            a,
            bounds: vec![10, 20]
        }),
        Ok((0, 100, Extent::Fixed(3)))
    );
    assert_eq!(
        of(|dst, a| Op::CountEach { dst, a, len: 7 }),
        Ok((0, 100, Extent::Fixed(7)))
    );
    assert_eq!(
        of(|dst, a| Op::CellSum {
            dst,
            keys: S(1),
            a,
            len: 3
        }),
        Ok((0, 100_000, Extent::Fixed(3)))
    );
    let quantile = |numerator, denominator| {
        last_of(|code| {
            let (a, keys) = (code.input(PEOPLE, 1), code.input(PEOPLE, 0));
            code.s(|dst| Op::CellQuantile {
                dst,
                keys,
                a,
                len: 3,
                numerator,
                denominator,
            });
        })
    };
    assert_eq!(quantile(1, 2), Ok((0, 1_000, Extent::Fixed(3))));
    for (numerator, denominator) in [(0, 2), (3, 2), (1, 0), (1, 1_001)] {
        let wrong = RangeError::BadParameter { op: 2 };
        assert_eq!(quantile(numerator, denominator), Err(wrong));
    }
    // One of no elements is 0.
    let list = last_of(|code| {
        let a = code.input(1, 0);
        let a = code.s(|dst| Op::AddPublic { dst, a, b: C(0) });
        code.s(|dst| Op::First { dst, a, order });
    });
    assert_eq!(list, Err(RangeError::Undefined { op: 1 }));
    let list = last_of(|code| {
        let (b, a) = (code.constant(5), code.input(1, 1));
        let a = code.s(|dst| Op::AddPublic { dst, a, b });
        code.s(|dst| Op::First { dst, a, order });
    });
    assert_eq!(list, Ok((0, 105, scalar)));
    let random = |len, end| {
        last_of(|code| {
            code.s(|dst| Op::Random { dst, len, end });
        })
    };
    assert_eq!(random(1, 6), Ok((0, 5, scalar)));
    assert_eq!(random(9, 1 << 30), Ok((0, (1 << 30) - 1, Extent::Fixed(9))));
    let wrong = Err(RangeError::BadParameter { op: 0 });
    for (len, end) in [(0, 6), (1 << 21, 6), (1, 0), (1, (1 << 30) + 1)] {
        assert_eq!(random(len, end), wrong);
    }
    let each = |end| {
        last_of(|code| {
            let like = code.input(1, 1);
            code.s(|dst| Op::RandomLike { dst, like, end });
        })
    };
    assert_eq!(each(6), Ok((0, 5, Extent::Over(1))));
    for end in [0, (1 << 30) + 1] {
        assert_eq!(each(end), Err(RangeError::BadParameter { op: 1 }));
    }
}

#[test]
fn of_keys() {
    let (found, bit) = (Extent::Over(1), Extent::Over(2));
    let result = ranges_of(|code| {
        let (a, b, amount) = (code.input(1, 0), code.input(2, 0), code.input(2, 1));
        let valid = code.distinct(&[b]);
        code.join(a, b, valid, amount);
        code.s(|dst| Op::EqualKeys {
            dst,
            a: vec![a],
            b: vec![a],
        });
    });
    let result = result.expect("well-formed");
    let of = |s: u16| {
        let known = result.secret(S(s)).expect("defined");
        (known.interval.low, known.interval.high, known.extent)
    };
    assert_eq!(of(3), (0, 1, bit));
    assert_eq!(of(4), (0, 1, found));
    assert_eq!(of(5), (0, 100, found));
    assert_eq!(of(6), (0, 1, found));
    let joined = |left: Vec<u16>, right: Vec<u16>, valid: u16, columns: Vec<u16>| {
        let all = |registers: Vec<u16>| registers.into_iter().map(S).collect::<Vec<_>>();
        let result = ranges_of(|code| {
            let (_, b) = (code.input(1, 0), code.input(2, 0));
            code.distinct(&[b]);
            code.emit(Op::Join {
                dst: S(3),
                left: all(left),
                right: all(right),
                valid: S(valid),
                columns: all(columns),
            });
        });
        result.map(|_| ())
    };
    assert_eq!(joined(vec![0], vec![1], 2, vec![1, 2]), Ok(()));
    let mixed = Err(RangeError::MixedSpaces { op: 3 });
    assert_eq!(joined(vec![0], vec![1], 2, vec![0]), mixed);
    assert_eq!(joined(vec![0, 1], vec![1, 1], 2, vec![]), mixed);
    let wrong = RangeError::BadParameter { op: 3 };
    assert_eq!(joined(vec![0], vec![1, 1], 2, vec![]), Err(wrong));
    assert_eq!(joined(vec![], vec![], 2, vec![]), Err(wrong));
    assert_eq!(joined(vec![0; 65], vec![1; 65], 2, vec![]), Err(wrong));
    // What says which rows count is a truth value.
    let wrong = Err(RangeError::WrongOperand { op: 3 });
    assert_eq!(joined(vec![0], vec![1], 1, vec![]), wrong);
}

#[test]
fn of_models_and_functions() {
    let wide = |write: &dyn Fn(&mut Code)| {
        let mut contract = world();
        contract.profile = Profile::ShamirM127V1;
        let mut code = Code::default();
        write(&mut code);
        contract.entries[0].code = code.ops;
        declared(&contract, 0).map(|ranges| {
            let last = ranges.secret.last().expect("a register");
            (last.interval.low, last.interval.high, last.extent)
        })
    };
    let fitted = wide(&|code: &mut Code| {
        let (x, y) = (code.input(PEOPLE, 1), code.input(PEOPLE, 2));
        code.s(|dst| Op::Regression {
            dst,
            columns: vec![x],
            y,
            bits: 8,
            ridge: 0,
            most: 1 << 20,
        });
    });
    assert_eq!(fitted, Ok((-(1 << 20), 1 << 20, Extent::Fixed(2))));
    for (bits, ridge, most) in [(33, 0, 1), (8, -1, 1), (8, 0, 0)] {
        let refused = ranges_of(|code| {
            let x = code.input(PEOPLE, 1);
            code.s(|dst| Op::Regression {
                dst,
                columns: vec![x],
                y: x,
                bits,
                ridge,
                most,
            });
        });
        assert_eq!(refused.map(|_| ()), Err(RangeError::BadParameter { op: 1 }));
    }
    let trained = |bits, rate, steps, most| {
        wide(&|code: &mut Code| {
            let (x, y) = (code.input(PEOPLE, 1), code.input(PEOPLE, 2));
            code.s(|dst| Op::LogisticRegression {
                dst,
                columns: vec![x],
                y,
                bits,
                rate,
                steps,
                most,
            });
        })
    };
    assert_eq!(
        trained(8, 1, 1, 1 << 13),
        Ok((-(1 << 13), 1 << 13, Extent::Fixed(2)))
    );
    for (bits, rate, steps, most) in [
        (7, 1, 1, 1),
        (21, 1, 1, 1),
        (8, -1, 1, 1),
        (8, 1, 0, 1),
        (8, 1, 1_001, 1),
        (8, 1, 1, 0),
    ] {
        let refused = trained(bits, rate, steps, most);
        assert_eq!(refused, Err(RangeError::BadParameter { op: 2 }));
    }
    // Scores of more than 62 bits.
    let refused = trained(20, 1, 1, i64::MAX);
    assert_eq!(refused, Err(RangeError::WrongOperand { op: 2 }));
    let logistic = wide(&|code: &mut Code| {
        let a = code.input(PEOPLE, 1);
        code.s(|dst| Op::Logistic { dst, a, bits: 16 });
    });
    assert_eq!(logistic, Ok((0, 1 << 16, Extent::Over(PEOPLE))));
    // 16 bits behind the point do not fit the small field; 7 and 21 are too few and too many.
    for (bits, large) in [(16, false), (7, true), (21, true)] {
        let mut contract = world();
        if large {
            contract.profile = Profile::ShamirM127V1;
        }
        let mut code = Code::default();
        let a = code.input(PEOPLE, 1);
        code.s(|dst| Op::Ln { dst, a, bits });
        contract.entries[0].code = code.ops;
        let wrong = RangeError::WrongOperand { op: 1 };
        assert_eq!(declared(&contract, 0), Err(wrong));
    }
}

/// Public numbers end where i64 does; a run that leaves it is refused.
#[test]
fn of_public_numbers() {
    let ranges = ranges_of(|code| {
        let (least, two) = (code.constant(i64::MIN), code.constant(-2));
        for op in [
            PublicOp::Add,
            PublicOp::Sub,
            PublicOp::Mul,
            PublicOp::Div,
            PublicOp::Rem,
            PublicOp::Smaller,
            PublicOp::Larger,
            PublicOp::Less,
            PublicOp::Equal,
        ] {
            code.public(op, least, two);
        }
    });
    let found: Vec<_> = ranges.expect("well-formed").public[2..]
        .iter()
        .map(|known| known.number().map(|n| (n.low, n.high)))
        .collect();
    let wanted = [
        (i64::MIN, i64::MIN),
        (i64::MIN + 2, i64::MIN + 2),
        (i64::MAX, i64::MAX),
        (1 << 62, 1 << 62),
        (-1, 0),
        (i64::MIN, i64::MIN),
        (-2, -2),
        (0, 1),
        (0, 1),
    ];
    assert_eq!(found, wanted.map(Some));
    // Nothing is left, though the quotient is too large.
    assert_eq!(PublicOp::Rem.apply(i64::MIN, -1), Some(0));
    assert_eq!(PublicOp::Div.apply(i64::MIN, -1), None);
    // Where they meet private ones, they keep the field's bound.
    let hidden = |value| {
        ranges_of(|code| {
            code.hide(value);
        })
        .map(|_| ())
    };
    assert_eq!(hidden((1 << 59) - 1), Ok(()));
    assert!(matches!(
        hidden(1 << 59),
        Err(RangeError::TooLarge { op: 1, .. })
    ));
    let compared = last_of(|code| {
        let a = code.input(PEOPLE, 1);
        code.greater_than(a, 1 << 60);
    });
    assert!(matches!(compared, Err(RangeError::TooLarge { op: 2, .. })));
}

fn interval() -> impl Strategy<Value = (i64, i64)> {
    let end = prop_oneof![-20_i64..20, -(1_i64 << 59)..(1_i64 << 59)];
    (end.clone(), end).prop_map(|(a, b)| (a.min(b), a.max(b)))
}

/// A value of an interval: an end, next to 0, or anything between.
fn pick((low, high): (i64, i64), choice: u8, between: u64) -> i128 {
    let inside = |v: i64| i128::from(v.clamp(low, high));
    match choice % 6 {
        0 => low.into(),
        1 => high.into(),
        2 => inside(0),
        3 => inside(1),
        4 => inside(-1),
        _ => i128::from(low) + i128::from(between) % (i128::from(high) - i128::from(low) + 1),
    }
}

proptest! {
    #[test]
    fn arithmetic_stays_inside(
        x in interval(),
        y in interval(),
        choices in any::<(u8, u8, u64, u64)>(),
    ) {
        let wide = |(low, high): (i64, i64)| Wide { low: low.into(), high: high.into() };
        let (a, b) = (pick(x, choices.0, choices.2), pick(y, choices.1, choices.3));
        let (x, y) = (wide(x), wide(y));
        let inside = |value: i128, range: Wide| range.low <= value && value <= range.high;
        prop_assert!(inside(a + b, x.plus(y)));
        prop_assert!(inside(a - b, x.minus(y)));
        prop_assert!(inside(a * b, x.times(y)));
        prop_assert!(inside(a * a, x.square()));
        let quotient = if b == 0 { 0 } else { a / b };
        prop_assert!(inside(quotient, x.divided_by(y)));
        prop_assert!(inside(a, x.union(y)) && inside(b, x.union(y)));
    }

    /// Not only true, but the narrowest: both ends of a quotient occur.
    #[test]
    fn quotients_reach_their_ends(x in (-30_i64..30, 0_i64..20), y in (-6_i64..6, 0_i64..6)) {
        let (x, y) = ((x.0, x.0 + x.1), (y.0, y.0 + y.1));
        let all: Vec<i64> = (x.0..=x.1)
            .flat_map(|a| (y.0..=y.1).map(move |b| if b == 0 { 0 } else { a / b }))
            .collect();
        let wide = |(low, high): (i64, i64)| Wide { low: low.into(), high: high.into() };
        let range = wide(x).divided_by(wide(y));
        prop_assert_eq!(all.iter().min().map(|&v| i128::from(v)), Some(range.low));
        prop_assert_eq!(all.iter().max().map(|&v| i128::from(v)), Some(range.high));
    }

    /// Of public operations on numbers from an interval, the result lies in the derived one.
    #[test]
    fn public_results_lie_in_their_ranges(x in interval(), y in interval(), choices in any::<(u8, u8, u64, u64)>()) {
        let (a, b) = (pick(x, choices.0, choices.2), pick(y, choices.1, choices.3));
        let (a, b) = (i64::try_from(a).expect("inside"), i64::try_from(b).expect("inside"));
        for op in [PublicOp::Add, PublicOp::Sub, PublicOp::Mul, PublicOp::Div, PublicOp::Rem, PublicOp::Smaller, PublicOp::Larger, PublicOp::Less, PublicOp::Equal] {
            let mut contract = world();
            let ends = [x.0, x.1, y.0, y.1];
            let mut code = Code::default();
            let ends = ends.map(|end| code.constant(end));
            let condition = code.c(|dst| Op::Param { dst, param: 1, column: 0 });
            let mut choose = |then, otherwise| code.c(|dst| Op::Choose { dst, condition, then, otherwise });
            let (left, right) = (choose(ends[0], ends[1]), choose(ends[2], ends[3]));
            let result = code.public(op, left, right);
            contract.entries[0].code = code.ops;
            let ranges = declared(&contract, 0).expect("well-formed");
            let known = ranges.public(result).and_then(PublicRange::number).expect("a number");
            if let Some(value) = op.apply(a, b) {
                prop_assert!(known.low <= value && value <= known.high, "{op:?} {a} {b} {value} {known:?}");
            }
        }
    }
}
