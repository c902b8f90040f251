//! One column of a row picks another: what a comparison has decided keeps deciding, whatever is done with it in between.

use crate::picks::{EVERYONE, ROWS, Shapes, mixed, times, unguarded};
use crate::world::{BOB, Code, PEOPLE, Shown, check, contract, guarded, show, shows, to, world};
use enigma_bytecode::model::{BitOp, Op, Order, Profile, Recipient, S, Shape, Source};

/// What is shown of flags and incomes, to everyone and without a guard.
fn of_rows(write: impl FnOnce(&mut Code, S, S) -> S) -> Shapes {
    shows(|code| {
        let (flags, income) = (code.input(PEOPLE, 2), code.input(PEOPLE, 1));
        to(EVERYONE, [write(code, flags, income)])
    })
}

fn smaller(code: &mut Code, a: S, b: S) -> S {
    code.s(|dst| Op::Smaller { dst, a, b })
}

/// 1 where the department is b: a condition on the first column.
fn in_b(code: &mut Code) -> S {
    let departments = code.input(PEOPLE, 0);
    let (above, below) = (
        code.greater_than(departments, 0),
        code.greater_than(departments, 1),
    );
    code.sub(above, below)
}

#[test]
fn a_condition_that_names_the_column_that_it_lets_through() {
    // The flag, and what every income is.
    let both = |code: &mut Code, flags, income| {
        let all = code.greater_than(income, -1);
        code.mul(flags, all)
    };
    assert_eq!(
        of_rows(|code, flags, income| {
            let mask = both(code, flags, income);
            code.dot(mask, income)
        }),
        unguarded()
    );
    assert_eq!(
        of_rows(|code, flags, income| {
            let (mask, zero) = (both(code, flags, income), code.hide(0));
            let chosen = code.select(mask, income, zero);
            code.sum(chosen)
        }),
        unguarded()
    );
    // Its count is a count, and guards the sum.
    let count = of_rows(|code, flags, income| {
        let mask = both(code, flags, income);
        code.sum(mask)
    });
    assert_eq!(count, mixed());
    let behind_it = shows(|code| {
        let (flags, income) = (code.input(PEOPLE, 2), code.input(PEOPLE, 1));
        let mask = both(code, flags, income);
        let (sum, count) = (code.dot(mask, income), code.sum(mask));
        guarded(EVERYONE, sum, count, 5)
    });
    assert_eq!(behind_it, mixed());
}

#[test]
fn a_condition_that_is_no_truth_value_any_more() {
    let factors = [-1, 2, 1_000];
    for factor in factors {
        let product = of_rows(|code, flags, income| {
            let weights = times(code, flags, factor);
            code.dot(weights, income)
        });
        assert_eq!(product, unguarded(), "{factor}");
    }
    // One more or less than a condition.
    let shifted = of_rows(|code, flags, income| {
        let b = code.constant(3);
        let weights = code.s(|dst| Op::AddPublic { dst, a: flags, b });
        let products = code.mul(weights, income);
        code.sum(products)
    });
    assert_eq!(shifted, unguarded());
    // Of a column that is none, by a comparison or by what rounds.
    let compared = of_rows(|code, _, income| {
        let flags = in_b(code);
        code.dot(flags, income)
    });
    assert_eq!(compared, unguarded());
    let rounded = of_rows(|code, _, income| {
        let (departments, b) = (code.input(PEOPLE, 0), code.constant(2));
        let halves = code.s(|dst| Op::DivPublic {
            dst,
            a: departments,
            b,
        });
        let twice = times(code, halves, 2);
        code.dot(twice, income)
    });
    assert_eq!(rounded, unguarded());
    let in_fixed_point = of_rows(|code, flags, income| {
        let ones = times(code, flags, 1 << 4);
        code.s(|dst| Op::DotFixed {
            dst,
            a: ones,
            b: income,
            bits: 4,
        })
    });
    assert_eq!(in_fixed_point, unguarded());
    // Many times a count, and a number of each column beside the other, pick nothing.
    let counted = of_rows(|code, flags, income| {
        let above = code.greater_than(income, 500);
        let both = code.mul(flags, above);
        let all = times(code, both, 7);
        code.sum(all)
    });
    assert_eq!(counted, mixed());
    let beside = of_rows(|code, flags, income| {
        let flags = times(code, flags, 1_000);
        let both = code.add(flags, income);
        code.sum(both)
    });
    assert_eq!(beside, mixed());
}

#[test]
fn what_compares_and_selects_at_once() {
    let much = |code: &mut Code, flags| times(code, flags, 100_000);
    let kept = of_rows(|code, flags, income| {
        let most = much(code, flags);
        let kept = smaller(code, most, income);
        code.sum(kept)
    });
    assert_eq!(kept, unguarded());
    let largest = of_rows(|code, flags, income| {
        let most = much(code, flags);
        let a = code.add(most, income);
        code.first(a)
    });
    assert_eq!(largest, unguarded());
    let magnitude = of_rows(|code, flags, income| {
        let most = much(code, flags);
        let a = code.sub(income, most);
        let a = code.s(|dst| Op::Absolute { dst, a });
        code.sum(a)
    });
    assert_eq!(magnitude, unguarded());
    let squares = of_rows(|code, flags, income| {
        let most = times(code, flags, 1_000);
        let a = code.add(most, income);
        code.s(|dst| Op::MeanSquare { dst, a, bits: 0 })
    });
    assert_eq!(squares, unguarded());
    let together = of_rows(|code, flags, income| {
        code.s(|dst| Op::Covariance {
            dst,
            a: flags,
            b: income,
            bits: 0,
        })
    });
    assert_eq!(together, unguarded());
    let alike = of_rows(|code, flags, income| {
        let (a, b) = (flags, income);
        code.s(|dst| Op::Correlation { dst, a, b, bits: 0 })
    });
    assert_eq!(alike, unguarded());
    let quotient = of_rows(|code, flags, income| {
        let (most, b) = (much(code, flags), code.constant(1));
        let divisor = code.s(|dst| Op::AddPublic { dst, a: most, b });
        let quotients = code.div(income, divisor);
        code.sum(quotients)
    });
    assert_eq!(quotient, unguarded());
    let looked_up = of_rows(|code, flags, income| {
        let bit = code.greater_than(income, 500);
        let twice = times(code, flags, 2);
        let index = code.add(twice, bit);
        let parts = [0, 0, 7, 900].map(|value| code.hide(value));
        let table = code.gather(&parts);
        let found = code.s(|dst| Op::Lookup { dst, table, index });
        code.sum(found)
    });
    assert_eq!(looked_up, unguarded());
    // Of one column alone all of this is a formula.
    let capped = of_rows(|code, _, income| {
        let most = code.hide(600);
        let capped = smaller(code, income, most);
        code.sum(capped)
    });
    assert_eq!(capped, mixed());
    let own = of_rows(|code, _, income| {
        let high = code.greater_than(income, 500);
        let weights = times(code, high, 3);
        code.dot(weights, income)
    });
    assert_eq!(own, mixed());
}

/// Makes a model of columns.
type Model = fn(S, Vec<S>, S) -> Op;

/// The mean income of those with a flag is what the line through flags and incomes has at 1.
#[test]
fn a_model_of_a_condition_is_of_those_who_fulfil_it() {
    let least_squares = |dst, columns, y| Op::Regression {
        dst,
        columns,
        y,
        bits: 8,
        ridge: 0,
        most: 1 << 20,
    };
    let logistic = |dst, columns, y| Op::LogisticRegression {
        dst,
        columns,
        y,
        bits: 8,
        rate: 1 << 8,
        steps: 3,
        most: 1 << 13,
    };
    let models: [Model; 2] = [least_squares, logistic];
    for model in models {
        let shown = |columns: fn(S, S) -> (Vec<S>, S)| {
            let mut code = Code::default();
            let (flags, income) = (code.input(PEOPLE, 2), code.input(PEOPLE, 1));
            let (columns, y) = columns(flags, income);
            let a = code.s(|dst| model(dst, columns, y));
            let value = code.s(|dst| Op::Element { dst, a, at: 1 });
            let mut contract = world();
            contract.profile = Profile::ShamirM127V1;
            contract.entries[0].code = code.ops;
            show(&mut contract, to(EVERYONE, [value]));
            check(contract)
        };
        assert_eq!(shown(|flags, income| (vec![flags], income)), unguarded());
        assert_eq!(
            shown(|flags, income| (vec![income, flags], income)),
            unguarded()
        );
        assert_eq!(shown(|flags, income| (vec![income], flags)), unguarded());
        assert_eq!(shown(|_, income| (vec![income], income)), mixed());
    }
}

/// An and with ones or zeros lets a number through or not, and so does what carries into its higher bits.
#[test]
fn bits_of_what_one_column_picks() {
    let and = |code: &mut Code, a, b| {
        let op = BitOp::And;
        code.s(|dst| Op::Bitwise { dst, op, a, b })
    };
    let masked = of_rows(|code, flags, income| {
        let mask = times(code, flags, (1 << 20) - 1);
        let let_through = and(code, mask, income);
        code.sum(let_through)
    });
    assert_eq!(masked, unguarded());
    for shift in [false, true] {
        let carried = of_rows(|code, flags, income| {
            let most = times(code, flags, 1 << 20);
            let a = code.add(most, income);
            let part = code.s(|dst| match shift {
                true => Op::ShiftRight { dst, a, bits: 2 },
                false => Op::Remainder { dst, a, bits: 2 },
            });
            code.sum(part)
        });
        assert_eq!(carried, unguarded());
    }
    let of_others = shows(|code| {
        let (income, k) = (code.input(PEOPLE, 1), code.param());
        let part = and(code, income, k);
        let sum = code.sum(part);
        to(Recipient::Caller, [sum])
    });
    assert_eq!(of_others, unguarded());
    // Of one column, and a number that everyone knows, it is a formula.
    let own = of_rows(|code, _, income| {
        let (op, b) = (BitOp::And, code.constant(7));
        let low = code.s(|dst| Op::BitwisePublic {
            dst,
            op,
            a: income,
            b,
        });
        code.sum(low)
    });
    assert_eq!(own, mixed());
}

#[test]
fn cells_of_what_one_column_picks() {
    let cells = |picks: bool, counted: bool| {
        shows(|code| {
            let (keys, flags, income) = (
                code.input(PEOPLE, 0),
                code.input(PEOPLE, 2),
                code.input(PEOPLE, 1),
            );
            let most = times(code, flags, 100_000);
            let a = if picks {
                code.add(most, income)
            } else {
                income
            };
            let cells = code.s(|dst| Op::CellQuantile {
                dst,
                keys,
                a,
                len: 3,
                numerator: 1,
                denominator: 1,
            });
            let counts = code.count_each(keys, 3);
            let (value, count) = (code.element(cells, 0), code.element(counts, 0));
            if counted {
                guarded(EVERYONE, value, count, 5)
            } else {
                to(EVERYONE, [value])
            }
        })
    };
    assert_eq!(cells(false, true), mixed());
    assert_eq!(cells(false, false), unguarded());
    assert_eq!(cells(true, true), unguarded());
}

#[test]
fn what_all_rows_mix_is_no_column_of_one() {
    // Products of what each row is beyond the means of both columns.
    let centred = of_rows(|code, _, income| {
        let departments = code.input(PEOPLE, 0);
        let mut beyond = |column| {
            let (sum, rows) = (
                code.sum(column),
                code.c(|dst| Op::Rows {
                    dst,
                    collection: PEOPLE,
                }),
            );
            let mean = code.s(|dst| Op::DivPublic {
                dst,
                a: sum,
                b: rows,
            });
            code.sub(column, mean)
        };
        let (a, b) = (beyond(income), beyond(departments));
        code.dot(a, b)
    });
    assert_eq!(centred, mixed());
    let above_the_largest_department = of_rows(|code, _, income| {
        let departments = code.input(PEOPLE, 0);
        let order = Order::Descending;
        let most = code.s(|dst| Op::First {
            dst,
            a: departments,
            order,
        });
        let above = code.greater(income, most);
        code.dot(above, income)
    });
    assert_eq!(above_the_largest_department, mixed());
}

#[test]
fn sums_over_two_parts_are_shown_side_by_side_only() {
    let two = |write: fn(&mut Code, S, S) -> Vec<S>| {
        shows(|code| {
            let (rows, k) = (code.input(PEOPLE, 1), code.param());
            let mask = code.greater(rows, k);
            let flags = code.input(PEOPLE, 2);
            let other = code.mul(mask, flags);
            let (a, b) = (code.dot(mask, rows), code.dot(other, rows));
            let (m, n) = (code.sum(mask), code.sum(other));
            let fewer = smaller(code, m, n);
            let values = write(code, a, b);
            Shown {
                counts: vec![fewer],
                hidden_below: Some(5),
                ..to(Recipient::Caller, values)
            }
        })
    };
    let guarded = Ok(vec![
        (ROWS, Shape::Aggregate(5)),
        (Source::Param(0), Shape::Any),
    ]);
    assert_eq!(two(|_, a, b| vec![a, b]), guarded);
    // Their difference can be the income of one.
    assert_eq!(two(|code, a, b| vec![code.sub(a, b)]), unguarded());
    assert_eq!(two(|code, a, b| vec![code.add(a, b)]), unguarded());
    assert_eq!(two(|code, a, b| vec![code.div(a, b)]), unguarded());
    assert_eq!(two(|code, a, _| vec![code.add(a, a)]), guarded);
}

#[test]
fn owners_see_what_their_own_columns_make() {
    // A row's own value may be any formula of it.
    let mut own = contract(|code| {
        let (flags, income) = (code.input(PEOPLE, 2), code.input(PEOPLE, 1));
        let product = code.mul(flags, income);
        Some(to(Recipient::OwnerOf(PEOPLE), [product]))
    });
    assert_eq!(check(own.clone()), Ok(vec![(ROWS, Shape::PerOwner)]));
    own.manifest[0].recipients = vec![BOB];
    assert!(check(own).is_err());
}
