//! One column of a row picks another where nothing is compared: beside a large multiple of one column, whatever is flat
//! here and steep there lets the other one through, or does not.

use crate::common::column;
use crate::picks::{EVERYONE, ROWS, Shapes, mixed, plus, times, unguarded};
use crate::world::{Code, HERS, HIS, PEOPLE, Shown, check, guarded, show, shows, to, world};
use enigma_bytecode::model::{BitOp, Kind, Op, Order, Profile, Recipient, S, Shape, Source};

/// And of a caller's number.
fn with_the_caller() -> Shapes {
    Ok(vec![
        (ROWS, Shape::Aggregate(5)),
        (Source::Param(0), Shape::Any),
    ])
}

/// Of a contract in the larger field: what is shown of departments, from 0 to 2, and incomes, from 0 to 1,000. Beside them
/// there is a bonus.
fn of_both(write: impl FnOnce(&mut Code, S, S) -> Shown) -> Shapes {
    let mut code = Code::default();
    let (departments, income) = (code.input(PEOPLE, 0), code.input(PEOPLE, 1));
    let shown = write(&mut code, departments, income);
    let mut contract = world();
    contract.profile = Profile::ShamirM127V1;
    contract.collections[0].columns[2] = column("bonus", Kind::Integer, 0, 300);
    contract.entries[0].code = code.ops;
    show(&mut contract, shown);
    check(contract)
}

fn bonus(code: &mut Code) -> S {
    code.input(PEOPLE, 2)
}

/// The sum of such a number of each row.
fn sum_of(write: impl FnOnce(&mut Code, S, S) -> S) -> Shapes {
    of_both(|code, departments, income| {
        let a = write(code, departments, income);
        to(EVERYONE, [code.sum(a)])
    })
}

/// Much for every department but the first, where it is 0.
fn beyond_the_first(code: &mut Code, departments: S) -> S {
    times(code, departments, 2_000)
}

/// Income in the first department, and much below 0 elsewhere.
fn in_the_first(code: &mut Code, departments: S, income: S) -> S {
    let much = beyond_the_first(code, departments);
    code.sub(income, much)
}

#[test]
fn quotients_by_a_formula() {
    let bits = 4;
    let by_formula: [fn(&mut Code, S, S) -> S; 4] = [
        |code, much, income| {
            let divisor = plus(code, much, 1);
            code.div(income, divisor)
        },
        |code, much, income| {
            let b = plus(code, much, 1);
            code.s(|dst| Op::DivFixed {
                dst,
                a: income,
                b,
                bits: 4,
            })
        },
        |code, b, a| code.s(|dst| Op::Modulo { dst, a, b }),
        // Of a number that is of no row, the divisor is all that counts.
        |code, much, income| {
            let all = code.hide(1_000_000);
            let divisor = code.add(much, income);
            let divisor = plus(code, divisor, 1);
            code.div(all, divisor)
        },
    ];
    for (at, write) in by_formula.into_iter().enumerate() {
        let shown = sum_of(|code, departments, income| {
            let much = beyond_the_first(code, departments);
            write(code, much, income)
        });
        assert_eq!(shown, unguarded(), "{at}");
    }
    // Where a column is 0, so is the quotient; and what a column leaves is all of what is less.
    let by_column = |code: &mut Code, departments, income| code.div(income, departments);
    assert_eq!(sum_of(by_column), unguarded());
    let left = sum_of(|code, departments, income| {
        let b = plus(code, departments, 1);
        code.s(|dst| Op::Modulo { dst, a: income, b })
    });
    assert_eq!(left, unguarded());
    // By a column that is never 0, by a sum or product of them, it is a number of the row.
    let by_one = sum_of(|code, departments, income| {
        let b = plus(code, departments, 1);
        code.div(income, b)
    });
    assert_eq!(by_one, mixed());
    let share = sum_of(|code, _, income| {
        let bonus = bonus(code);
        let all = code.add(bonus, income);
        let b = plus(code, all, 1);
        code.s(|dst| Op::DivFixed {
            dst,
            a: income,
            b,
            bits,
        })
    });
    assert_eq!(share, mixed());
    // A power is next to nothing for all but one, if it may be so large.
    let by_power = |power: u32| {
        sum_of(|code, departments, income| {
            let factor = plus(code, departments, 1);
            let mut b = factor;
            for _ in 1..power {
                b = code.mul(b, factor);
            }
            code.div(income, b)
        })
    };
    assert_eq!(by_power(3), mixed());
    assert_eq!(by_power(4), unguarded());
    // But it is a step, and decides what becomes of others.
    let picked = sum_of(|code, departments, income| {
        let b = plus(code, departments, 1);
        let quotient = code.div(income, b);
        code.mul(quotient, departments)
    });
    assert_eq!(picked, unguarded());
}

/// Income and bonus.
fn all_pay(code: &mut Code, _: S, income: S) -> S {
    let bonus = bonus(code);
    code.add(bonus, income)
}

/// Makes something of a vector.
type Made<'a> = &'a dyn Fn(&mut Code, S) -> S;

#[test]
fn orders_by_a_formula() {
    let place = |code: &mut Code, a| {
        let place = code.constant(3);
        code.s(|dst| Op::Quantile { dst, a, place })
    };
    let second = |code: &mut Code, a| {
        let order = Order::Ascending;
        code.s(|dst| Op::Second { dst, a, order })
    };
    let orders: [Made<'_>; 3] = [&Code::first, &second, &place];
    for order in orders {
        let of = |write: fn(&mut Code, S, S) -> S| {
            of_both(|code, departments, income| {
                let a = write(code, departments, income);
                to(EVERYONE, [order(code, a)])
            })
        };
        assert_eq!(of(in_the_first), unguarded());
        // Twice as much of one, by adding it again.
        let twice = |code: &mut Code, _, income| {
            let bonus = bonus(code);
            let both = code.add(bonus, income);
            code.add(both, bonus)
        };
        assert_eq!(of(twice), unguarded());
        // A number that says who it is, and one of which it is a divisor.
        assert_eq!(of(|code, a, b| code.add(a, b)), unguarded());
        assert_eq!(of(|code, a, b| code.mul(a, b)), unguarded());
        assert_eq!(of(all_pay), mixed());
        let less = |code: &mut Code, _, income| {
            let bonus = bonus(code);
            code.sub(income, bonus)
        };
        assert_eq!(of(less), mixed());
        let missing = |code: &mut Code, departments, income| {
            let pay = all_pay(code, departments, income);
            let negated = times(code, pay, -1);
            let most = code.param();
            code.add(negated, most)
        };
        assert_eq!(of(missing), with_the_caller());
        let rounded = |code: &mut Code, departments, income| {
            let (rate, bits) = (code.hide(300), 8);
            let (a, b) = (all_pay(code, departments, income), rate);
            code.s(|dst| Op::MulFixed { dst, a, b, bits })
        };
        assert_eq!(of(rounded), mixed());
        assert_eq!(of(|code, a, _| times(code, a, 2_000)), mixed());
    }
    let member = |write: fn(&mut Code, S, S) -> S| {
        of_both(|code, departments, income| {
            let a = write(code, departments, income);
            to(crate::world::ALICE, [code.first_member(a)])
        })
    };
    assert!(member(in_the_first).is_err());
    assert_eq!(member(all_pay), Ok(vec![(ROWS, Shape::Member)]));
    let cells = |write: fn(&mut Code, S, S) -> S| {
        of_both(|code, departments, income| {
            let a = write(code, departments, income);
            let cells = code.s(|dst| Op::CellQuantile {
                dst,
                keys: departments,
                a,
                len: 3,
                numerator: 1,
                denominator: 1,
            });
            let counts = code.count_each(departments, 3);
            let (value, count) = (code.element(cells, 1), code.element(counts, 1));
            guarded(EVERYONE, value, count, 5)
        })
    };
    assert_eq!(cells(in_the_first), unguarded());
    assert_eq!(cells(all_pay), mixed());
}

/// As the score of a questionnaire.
#[test]
fn a_total_of_many_columns() {
    let shown = |multiple: bool| {
        let mut contract = world();
        let mut code = Code::default();
        let mut total = code.input(PEOPLE, 3);
        for at in 1..20 {
            let answer = code.input(PEOPLE, 3 + at);
            let answer = match multiple && at == 10 {
                true => times(&mut code, answer, 100),
                false => answer,
            };
            total = code.add(total, answer);
        }
        let most = code.first(total);
        let answers = (0..20).map(|at| column(&format!("answer{at}"), Kind::Integer, 1, 5));
        contract.collections[0].columns.extend(answers);
        contract.entries[0].code = code.ops;
        show(&mut contract, to(EVERYONE, [most]));
        check(contract)
    };
    assert_eq!(shown(false), mixed());
    assert_eq!(shown(true), unguarded());
}

#[test]
fn functions_of_a_formula() {
    let functions: [fn(S, S) -> Op; 5] = [
        |dst, a| Op::Ln { dst, a, bits: 8 },
        |dst, a| Op::Exp { dst, a, bits: 8 },
        |dst, a| Op::Logistic { dst, a, bits: 8 },
        |dst, a| Op::SquareRoot { dst, a },
        |dst, a| Op::SquareRootFixed { dst, a, bits: 8 },
    ];
    for (at, function) in functions.into_iter().enumerate() {
        let of = |write: fn(&mut Code, S, S) -> S| {
            sum_of(|code, departments, income| {
                let a = write(code, departments, income);
                code.s(|dst| function(dst, a))
            })
        };
        let formula = |code: &mut Code, departments, income| {
            let much = beyond_the_first(code, departments);
            code.add(income, much)
        };
        assert_eq!(of(formula), unguarded(), "{at}");
        assert_eq!(of(|code, a, b| code.mul(a, b)), unguarded(), "{at}");
        assert_eq!(of(|_, _, income| income), mixed(), "{at}");
    }
    // Ones let bits through.
    let and = sum_of(|code, departments, a| {
        let (op, b) = (BitOp::And, beyond_the_first(code, departments));
        code.s(|dst| Op::Bitwise { dst, op, a, b })
    });
    assert_eq!(and, unguarded());
}

/// In a step after the first, who is far on one side of 0 counts with what is likely, and who is on the other does not.
#[test]
fn a_logistic_model_of_several_columns() {
    let shown = |columns: fn(S, S) -> Vec<S>| {
        of_both(|code, departments, income| {
            let (columns, y) = (columns(departments, income), income);
            let a = code.s(|dst| Op::LogisticRegression {
                dst,
                columns,
                y,
                bits: 8,
                rate: 1 << 8,
                steps: 2,
                most: 1 << 13,
            });
            to(EVERYONE, [code.element(a, 1)])
        })
    };
    assert_eq!(shown(|departments, _| vec![departments]), unguarded());
    assert_eq!(shown(|_, income| vec![income]), mixed());
}

/// Of rows with equal keys the first: of a key that all have, it is one row.
#[test]
fn the_first_of_equal_rows() {
    let shown = |write: &dyn Fn(&mut Code, S, S) -> Shown| {
        of_both(|code, _, income| {
            let all = code.greater_than(income, -1);
            let first = code.distinct(&[all]);
            write(code, first, income)
        })
    };
    let ways: [fn(&mut Code, S, S) -> S; 5] = [
        |code, first, income| code.dot(first, income),
        |code, first, income| {
            let chosen = code.mul(first, income);
            code.first(chosen)
        },
        |code, first, income| {
            let zero = code.hide(0);
            let chosen = code.select(first, income, zero);
            code.sum(chosen)
        },
        |code, first, income| {
            let twice = times(code, first, 2);
            code.dot(twice, income)
        },
        |code, first, income| {
            let high = code.greater_than(income, 500);
            let both = code.mul(first, high);
            code.dot(both, income)
        },
    ];
    for (at, way) in ways.into_iter().enumerate() {
        let line = |code: &mut Code, first, income| to(EVERYONE, [way(code, first, income)]);
        assert_eq!(shown(&line), unguarded(), "{at}");
    }
    assert_eq!(
        shown(&|code, first, _| to(EVERYONE, [code.sum(first)])),
        mixed()
    );
    let behind_its_count = shown(&|code, first, income| {
        let (sum, count) = (code.dot(first, income), code.sum(first));
        guarded(EVERYONE, sum, count, 5)
    });
    assert_eq!(behind_its_count, mixed());
    // So is what is found among first rows only, unless they are the first of those that are looked for.
    let size = |of_all: bool| {
        shows(|code| {
            let (a, b) = (code.input(HERS, 0), code.input(HIS, 0));
            let keys = if of_all { code.greater_than(b, -1) } else { b };
            let (first, other) = (code.distinct(&[a]), code.distinct(&[keys]));
            let found = code.intersect(a, b, other);
            let both = code.mul(first, found);
            let size = code.sum(both);
            guarded(crate::world::ALICE, size, size, 3)
        })
    };
    assert!(size(false).is_ok());
    assert!(size(true).is_err());
}

/// A mask that is 1 everywhere counts all rows, whatever has chosen some of them before or chooses some behind it.
#[test]
fn masks_name_no_rows_that_something_else_has_chosen() {
    let shown = |write: &dyn Fn(&mut Code, S, S) -> S| {
        of_both(|code, departments, income| {
            let mask = code.greater_than(departments, -1);
            let a = write(code, mask, income);
            let (sum, count) = (code.sum(a), code.sum(mask));
            guarded(EVERYONE, sum, count, 5)
        })
    };
    let twice_the_bonus_row = |code: &mut Code| {
        let bonus = bonus(code);
        let flag = code.greater_than(bonus, 299);
        times(code, flag, 2)
    };
    let steep = |code: &mut Code| {
        let bonus = bonus(code);
        let much = times(code, bonus, 2_000);
        plus(code, much, 1)
    };
    // Chosen, and then masked.
    let picked = |code: &mut Code, income| {
        let flags = twice_the_bonus_row(code);
        code.mul(flags, income)
    };
    let rounded = |code: &mut Code, income| {
        let (a, b) = (twice_the_bonus_row(code), income);
        code.s(|dst| Op::MulFixed { dst, a, b, bits: 0 })
    };
    let divided = |code: &mut Code, income| {
        let divisor = steep(code);
        code.div(income, divisor)
    };
    let first = |code: &mut Code, income| {
        let all = code.greater_than(income, -1);
        let first = code.distinct(&[all]);
        times(code, first, 5)
    };
    let before: [Made<'_>; 4] = [&picked, &rounded, &divided, &first];
    for (at, way) in before.into_iter().enumerate() {
        let product = shown(&|code, mask, income| {
            let a = way(code, income);
            code.mul(mask, a)
        });
        assert_eq!(product, unguarded(), "{at}");
        let selected = shown(&|code, mask, income| {
            let (a, zero) = (way(code, income), code.hide(0));
            code.select(mask, a, zero)
        });
        assert_eq!(selected, unguarded(), "{at}");
    }
    let fixed = of_both(|code, departments, income| {
        let mask = code.greater_than(departments, -1);
        let (a, b) = (picked(code, income), times(code, mask, 1 << 4));
        let sum = code.s(|dst| Op::DotFixed { dst, a, b, bits: 4 });
        let count = code.sum(mask);
        guarded(EVERYONE, sum, count, 5)
    });
    assert_eq!(fixed, unguarded());
    // Masked, and then chosen.
    let behind: [Made<'_>; 5] = [
        &|code, masked| {
            let flags = twice_the_bonus_row(code);
            code.mul(masked, flags)
        },
        &|code, masked| {
            let (a, b) = (twice_the_bonus_row(code), masked);
            code.s(|dst| Op::MulFixed { dst, a, b, bits: 0 })
        },
        &|code, masked| {
            let divisor = steep(code);
            code.div(masked, divisor)
        },
        &|code, masked| {
            let flags = twice_the_bonus_row(code);
            let flags = times(code, flags, 1_000);
            let both = code.sub(masked, flags);
            code.s(|dst| Op::Absolute { dst, a: both })
        },
        &|code, masked| {
            let flags = twice_the_bonus_row(code);
            let a = code.mul(flags, masked);
            code.s(|dst| Op::Larger { dst, a, b: a })
        },
    ];
    for (at, way) in behind.into_iter().enumerate() {
        let chosen = shown(&|code, mask, income| {
            let masked = code.mul(mask, income);
            way(code, masked)
        });
        assert_eq!(chosen, unguarded(), "{at}");
    }
    // By a caller's number, which is more than all but one, say.
    let of_caller = |is_divided: bool| {
        of_both(|code, _, income| {
            let k = code.param();
            let mask = code.greater(income, k);
            let masked = code.mul(mask, income);
            let a = if is_divided {
                code.div(masked, k)
            } else {
                masked
            };
            let (sum, count) = (code.sum(a), code.sum(mask));
            guarded(Recipient::Caller, sum, count, 5)
        })
    };
    assert_eq!(of_caller(true), unguarded());
    assert_eq!(of_caller(false), with_the_caller());
    // A mask alone names its rows.
    let masked = |code: &mut Code, mask, income| code.mul(mask, income);
    assert_eq!(shown(&masked), mixed());
    let multiple = shown(&|code, mask, income| {
        let masked = code.mul(mask, income);
        times(code, masked, 3)
    });
    assert_eq!(multiple, mixed());
}
