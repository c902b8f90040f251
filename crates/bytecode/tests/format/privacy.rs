//! How far one giver moves values, and whether noise is as wide as its epsilon says.

use crate::common::{HALF, blur};
use crate::verify::refused;
use crate::world::{Code, HERS, HIS, PEOPLE, PIN, SECRET, Shown, check, contract, guarded, to};
use enigma_bytecode::model::{
    Blur, C, Contract, DELTA_END, Noise, Op, Recipient, S, Source, Width,
};
use enigma_bytecode::plan::{Demand, gaussian_width, noise_reach};
use enigma_bytecode::privacy::{Fault, Moved};
use enigma_bytecode::ranges::{RangeError, declared};
use enigma_bytecode::verify::VerifyError;
use proptest::prelude::*;

/// By how much one giver moves what is written, all of it together.
fn moved(write: impl FnOnce(&mut Code) -> Vec<S>) -> Option<i128> {
    let mut values = Vec::new();
    let contract = contract(|code| {
        values = write(code);
        None
    });
    let ranges = declared(&contract, 0).expect("well-formed code");
    Moved::new(&contract, &contract.entries[0], &ranges).together(&values)
}

/// Of one value.
fn one(write: impl FnOnce(&mut Code) -> S) -> Option<i128> {
    moved(|code| vec![write(code)])
}

fn total(code: &mut Code) -> S {
    let income = code.input(PEOPLE, 1);
    code.sum(income)
}

fn cells(code: &mut Code) -> (S, Vec<S>) {
    let dept = code.input(PEOPLE, 0);
    let counts = code.count_each(dept, 3);
    let cells = (0..3).map(|at| code.element(counts, at)).collect();
    (counts, cells)
}

#[test]
fn sums_and_counts_move_by_a_row() {
    assert_eq!(one(total), Some(1_000));
    let count = |code: &mut Code| {
        let flag = code.input(PEOPLE, 2);
        code.sum(flag)
    };
    assert_eq!(one(count), Some(1));
    let above = |code: &mut Code| {
        let income = code.input(PEOPLE, 1);
        let above = code.greater_than(income, 500);
        code.sum(above)
    };
    assert_eq!(one(above), Some(1));
    // Of a filter value and condition change together.
    let filtered = |code: &mut Code| {
        let (flag, income) = (code.input(PEOPLE, 2), code.input(PEOPLE, 1));
        code.dot(flag, income)
    };
    assert_eq!(one(filtered), Some(1_000));
    // A row that is dropped takes all of it away, not what it could differ by.
    let shifted = |code: &mut Code| {
        let (income, base) = (code.input(PEOPLE, 1), code.hide(5_000));
        let raised = code.add(income, base);
        code.sum(raised)
    };
    assert_eq!(one(shifted), Some(6_000));
    // A mean of at least five, rounded.
    let mean = |code: &mut Code| {
        let sum = total(code);
        let rows = code.c(|dst| Op::Rows {
            dst,
            collection: PEOPLE,
        });
        code.s(|dst| Op::DivPublic {
            dst,
            a: sum,
            b: rows,
        })
    };
    assert_eq!(one(mean), Some(202));
    // A mean lies among what it is of, whatever a quotient of the two could be; and only that of just these.
    let hidden_mean = |same: bool| {
        one(|code| {
            let (flag, income) = (code.input(PEOPLE, 2), code.input(PEOPLE, 1));
            let other = code.greater_than(income, 500);
            let sum = code.dot(income, flag);
            let count = code.sum(if same { flag } else { other });
            code.div(sum, count)
        })
    };
    assert_eq!(hidden_mean(true), Some(1_000));
    assert_eq!(hidden_mean(false), Some(100_000));
    assert_eq!(one(|code| code.hide(7)), Some(0));
    assert_eq!(one(Code::param), Some(0));
}

#[test]
fn who_gives_many_rows_moves_them_all() {
    let hers = |code: &mut Code| {
        let amounts = code.input(HERS, 1);
        code.sum(amounts)
    };
    assert_eq!(one(hers), Some(5_000));
    // All that a party gives moves at once; what others give does not.
    let both = |code: &mut Code| {
        let (sum, own) = (hers(code), code.input(SECRET, 0));
        vec![sum, own]
    };
    assert_eq!(moved(both), Some(5_100));
    let theirs = |code: &mut Code| {
        let (sum, others) = (hers(code), code.input(HIS, 1));
        let others = code.sum(others);
        vec![code.add(sum, others)]
    };
    assert_eq!(moved(theirs), Some(5_000));
}

#[test]
fn a_row_leaves_one_cell_and_enters_another() {
    assert_eq!(moved(|code| cells(code).1), Some(2));
    assert_eq!(moved(|code| cells(code).1[..1].to_vec()), Some(1));
    // Shown twice, all of it moves twice.
    let twice = |code: &mut Code| {
        let cells = cells(code).1;
        [&cells[..], &cells[..]].concat()
    };
    assert_eq!(moved(twice), Some(4));
    // Weighted, as far as the heaviest.
    let weighted = |code: &mut Code| {
        let cells = cells(code).1;
        let factors = [3, -5, 2].map(|factor| code.constant(factor));
        let weigh = |(a, b): (&S, C)| code.s(|dst| Op::MulPublic { dst, a: *a, b });
        cells.iter().zip(factors).map(weigh).collect()
    };
    assert_eq!(moved(weighted), Some(10));
    // In a vector again they still move together.
    let again = |code: &mut Code| {
        let cells = cells(code).1;
        let vector = code.gather(&cells);
        vec![code.sum(vector)]
    };
    assert_eq!(moved(again), Some(2));
    // What is no element any more moves for itself.
    let squares = |code: &mut Code| {
        let cells = cells(code).1;
        cells.iter().map(|cell| code.mul(*cell, *cell)).collect()
    };
    assert_eq!(moved(squares), Some(600));
    // An element that is repeated in a vector is there several times.
    let spread = |code: &mut Code| {
        let cells = cells(code).1;
        let (a, zero) = (code.hide(0), code.hide(0));
        let zeros = code.gather(&[a, zero, a, zero]);
        let spread = code.add(cells[0], zeros);
        vec![code.sum(spread)]
    };
    assert_eq!(moved(spread), Some(4));
}

#[test]
fn what_is_computed_of_others_moves_everywhere() {
    // The largest value is somebody's.
    let largest = |code: &mut Code| {
        let income = code.input(PEOPLE, 1);
        code.first(income)
    };
    assert_eq!(one(largest), Some(1_000));
    // One person can change how everybody stands to the largest.
    let below = |code: &mut Code| {
        let income = code.input(PEOPLE, 1);
        let largest = code.first(income);
        let below = code.greater(largest, income);
        code.sum(below)
    };
    assert_eq!(one(below), Some(100));
    // Nor do counts of such conditions move by one.
    let counted = |code: &mut Code| {
        let income = code.input(PEOPLE, 1);
        let largest = code.first(income);
        let below = code.greater(largest, income);
        let counts = code.count_each(below, 2);
        vec![code.element(counts, 0), code.element(counts, 1)]
    };
    assert_eq!(moved(counted), Some(200));
    let first = |code: &mut Code| {
        let income = code.input(PEOPLE, 1);
        code.element(income, 0)
    };
    assert_eq!(one(first), Some(1_000));
    // A selection by what moves moves by all that lies between.
    let selected = |code: &mut Code| {
        let sum = total(code);
        let (rich, small, large) = (code.greater_than(sum, 9), code.hide(3), code.hide(50));
        code.select(rich, large, small)
    };
    assert_eq!(one(selected), Some(47));
}

#[test]
fn what_comes_from_a_slot_is_not_bounded() {
    let stored = |code: &mut Code| {
        let (sum, pin) = (total(code), code.load(PIN));
        code.add(sum, pin)
    };
    assert_eq!(one(stored), None);
    let mut noisy = contract(|code| Some(to(Recipient::Caller, [stored(code)])));
    noisy.manifest[0].noise = Some(blur(HALF));
    noisy.manifest[0].columns[0].low = 1 - (1 << 59);
    noisy.manifest[0].columns[0].high = (1 << 59) - 1;
    let fault = Fault::Unbounded;
    assert_eq!(check(noisy), Err(VerifyError::Noise { reveal: 0, fault }));
}

fn noisy(epsilon: u64, write: impl FnOnce(&mut Code) -> Vec<S>) -> Result<(), VerifyError> {
    let noise = Blur {
        epsilon,
        ..blur(HALF)
    };
    let shown = contract(|code| {
        Some(Shown {
            noise: Some(noise),
            ..to(Recipient::Public, write(code))
        })
    });
    check(shown).map(|_| ())
}

/// Noise that halves at each number costs ln 2 = 0.6931471806 for each number by which one giver moves.
#[test]
fn noise_is_as_wide_as_its_epsilon_says() {
    let narrow = |moved| {
        let fault = Fault::Narrow { moved };
        Err(VerifyError::Noise { reveal: 0, fault })
    };
    assert_eq!(noisy(693_147_181, |code| vec![total(code)]), Ok(()));
    assert_eq!(noisy(693_147_180, |code| vec![total(code)]), narrow(1_000));
    assert_eq!(noisy(1_386_295, |code| cells(code).1), Ok(()));
    assert_eq!(noisy(1_386_294, |code| cells(code).1), narrow(2));
    // What no giver moves may cost nothing.
    assert_eq!(noisy(0, |code| vec![code.hide(7)]), Ok(()));
}

/// Of a line with Gaussian noise, over what is written.
fn gaussian(
    (epsilon, delta): (u64, u64),
    width: Width,
    write: impl FnOnce(&mut Code) -> Vec<S>,
) -> Result<(), VerifyError> {
    let noise = Blur {
        epsilon,
        delta,
        ..blur(Noise::Gaussian(width))
    };
    let shown = contract(|code| {
        Some(Shown {
            noise: Some(noise),
            ..to(Recipient::Public, write(code))
        })
    });
    check(shown).map(|_| ())
}

/// Just narrower.
fn below(width: Width) -> Width {
    Width {
        decay: width.decay - 1,
        ..width
    }
}

#[test]
fn gaussian_noise_is_as_wide_as_its_price_says() {
    let narrow = |moved| {
        let fault = Fault::Narrow { moved };
        Err(VerifyError::Noise { reveal: 0, fault })
    };
    let count = |code: &mut Code| {
        let flag = code.input(PEOPLE, 2);
        vec![code.sum(flag)]
    };
    let all = |code: &mut Code| cells(code).1;
    for (epsilon, delta) in [
        (200_000, 1_000),
        (500_000, 1_000_000),
        (1_000_000, 1),
        (2_000_000, 1_000_000_000),
        (10_000_000, 999_999_999_999),
    ] {
        let price = (epsilon, delta);
        let width = |numbers, moved| {
            let demand = Demand {
                epsilon,
                delta,
                numbers,
                moved,
            };
            gaussian_width(&demand).expect("in range")
        };
        assert_eq!(gaussian(price, width(1, 1), count), Ok(()), "{price:?}");
        assert_eq!(gaussian(price, below(width(1, 1)), count), narrow(1));
        // Three numbers are off by more than one, and move by two together.
        assert_eq!(gaussian(price, width(3, 2), all), Ok(()), "{price:?}");
        assert_eq!(gaussian(price, below(width(3, 2)), all), narrow(2));
        if delta < 1_000 {
            assert_eq!(gaussian(price, width(1, 2), all), narrow(2));
        }
    }
    // What no giver moves may cost next to nothing; what draws alone are off by is too much of this.
    let half = Width::table(1 << 63);
    assert_eq!(gaussian((0, 1), half, |code| vec![code.hide(7)]), Ok(()));
    assert_eq!(gaussian((6_000_000, 1), half, count), narrow(1));
}

/// One giver moves a sum of salaries by 100,000,000, which no table hides.
#[test]
fn noise_of_too_few_steps_is_refused() {
    let moved = 100_000_000;
    let price = (500_000, 1_000_000);
    let total = |code: &mut Code| weighted(code, moved);
    let width = gaussian_width(&Demand {
        epsilon: price.0,
        delta: price.1,
        numbers: 1,
        moved: moved.into(),
    });
    let width = width.expect("in range");
    assert_eq!(width.steps, 13);
    let fault = Fault::Narrow {
        moved: moved.into(),
    };
    let narrow = Err(VerifyError::Noise { reveal: 0, fault });
    let wider = |steps| Width { steps, ..width };
    assert_eq!(gaussian(price, width, total), Ok(()));
    assert_eq!(gaussian(price, wider(14), total), Ok(()));
    assert_eq!(gaussian(price, below(width), total), narrow);
    assert_eq!(gaussian(price, wider(12), total), narrow);
    assert_eq!(
        gaussian(price, Width::table(u64::MAX - (1 << 51)), total),
        narrow
    );
    // So much noise as goes beyond what numbers of this field may be.
    let large = gaussian(price, wider(27), total);
    let too_large = |error: &VerifyError| match error {
        VerifyError::Code { error, .. } => matches!(error, RangeError::TooLarge { .. }),
        _ => false,
    };
    assert!(large.is_err_and(|error| too_large(&error)));
}

/// A count, of which each counts so much.
fn weighted(code: &mut Code, weight: i64) -> Vec<S> {
    let flag = code.input(PEOPLE, 2);
    let (count, weight) = (code.sum(flag), code.constant(weight));
    vec![code.s(|dst| Op::MulPublic {
        dst,
        a: count,
        b: weight,
    })]
}

proptest! {
    /// The narrowest noise is accepted that the compiler takes, and nothing narrower, wherever it can be drawn.
    #[test]
    fn compiler_and_node_ask_for_the_same_noise(
        epsilon in 100_000_u64..12_000_000,
        delta in 1_000..DELTA_END,
        moved in prop_oneof![1_i64..40, 1_i64..1 << 40],
    ) {
        let demand = Demand { epsilon, delta, numbers: 1, moved: moved.into() };
        // What is off is at most half of the smallest delta for epsilons below 4.
        prop_assume!(epsilon < 4_000_000 || delta > 1_000_000);
        let width = gaussian_width(&demand).expect("in range");
        let drawn = |width| noise_reach(Noise::Gaussian(width)).is_some();
        prop_assert!(drawn(width));
        let price = (epsilon, delta);
        let weighted = |code: &mut Code| weighted(code, moved);
        prop_assert_eq!(gaussian(price, width, weighted), Ok(()));
        // The narrowest of two steps is also what hides a little less.
        prop_assume!(drawn(below(width)));
        let fault = Fault::Narrow { moved: moved.into() };
        let narrow = Err(VerifyError::Noise { reveal: 0, fault });
        prop_assert_eq!(gaussian(price, below(width), weighted), narrow.clone());
        prop_assert_eq!(gaussian((epsilon - 1, delta), below(width), weighted), narrow);
    }
}

#[test]
fn only_gaussian_noise_has_a_delta() {
    let line = |values, counts, delta| {
        let noise = Some(Blur {
            values,
            counts,
            epsilon: 30_000_000,
            delta,
        });
        let shown = contract(|code| {
            let flag = code.input(PEOPLE, 2);
            let count = code.sum(flag);
            Some(match counts {
                None => Shown {
                    noise,
                    ..to(Recipient::Public, [count])
                },
                Some(_) => Shown {
                    noise,
                    ..guarded(Recipient::Public, count, count, 5)
                },
            })
        });
        check(shown).map(|_| ())
    };
    let gauss = Noise::Gaussian(Width::table(1 << 63));
    let fault = Fault::Delta;
    let unfit = Err(VerifyError::Noise { reveal: 0, fault });
    for (values, counts) in [
        (gauss, None),
        (gauss, Some(gauss)),
        (gauss, Some(HALF)),
        (HALF, Some(gauss)),
    ] {
        for delta in [0, DELTA_END, u64::MAX] {
            assert_eq!(line(values, counts, delta), unfit, "{values:?} {counts:?}");
        }
        for delta in [DELTA_END / 2, DELTA_END - 1] {
            assert_eq!(line(values, counts, delta), Ok(()), "{values:?} {counts:?}");
        }
    }
    for counts in [None, Some(HALF)] {
        assert_eq!(line(HALF, counts, 0), Ok(()));
        assert_eq!(line(HALF, counts, 1), unfit);
    }
}

/// A count is blurred where the value behind it is, and only there.
#[test]
fn counts_are_blurred_with_values() {
    let line = |counts: Option<Noise>, epsilon| {
        contract(|code| {
            let flag = code.input(PEOPLE, 2);
            let count = code.sum(flag);
            Some(Shown {
                noise: Some(Blur {
                    counts,
                    epsilon,
                    ..blur(HALF)
                }),
                ..guarded(Recipient::Public, count, count, 5)
            })
        })
    };
    assert!(check(line(Some(HALF), 693_148)).is_ok());
    let bare = VerifyError::CountsNotBlurred { reveal: 0 };
    assert_eq!(check(line(None, 693_148)), Err(bare.clone()));
    let mut open = contract(|code| Some(to(Recipient::Public, [total(code)])));
    open.manifest[0].sources = check(open.clone()).expect("allowed");
    let noise = Some(Blur {
        counts: Some(HALF),
        ..blur(HALF)
    });
    assert_eq!(refused(open, |c| c.manifest[0].noise = noise), bare);
    // Counts that decay faster are too narrow, though the values are not.
    let steep = Some(Noise::Laplace { decay: 1 << 62 });
    let fault = Fault::Narrow { moved: 1 };
    let narrow = VerifyError::Noise { reveal: 0, fault };
    assert_eq!(check(line(steep, 693_148)), Err(narrow));
    let undrawn = Some(Noise::Laplace { decay: 0 });
    let found = check(line(undrawn, u64::MAX));
    assert!(matches!(found, Err(VerifyError::Code { .. })), "{found:?}");
}

/// All lines on the same givers' rows cost them, twice where counts are blurred, too.
#[test]
fn a_run_costs_what_its_lines_cost() {
    let mut contract = contract(|code| Some(to(Recipient::Public, [total(code)])));
    contract.manifest[0].sources = check(contract.clone()).expect("allowed");
    let line = contract.manifest[0].clone();
    let costs = |contract: &Contract| {
        [PEOPLE, HERS, SECRET, HIS].map(|of| contract.epsilon(0, usize::from(of)))
    };
    assert_eq!(costs(&contract), [0; 4]);
    contract.manifest[0].noise = Some(Blur {
        epsilon: 30,
        ..blur(HALF)
    });
    let mut both = line.clone();
    both.noise = Some(Blur {
        counts: Some(HALF),
        epsilon: 100,
        ..blur(HALF)
    });
    contract.manifest.push(both);
    assert_eq!(costs(&contract), [230, 0, 0, 0]);
    // Alice has given the list and the number.
    let mut hers = line;
    hers.sources[0].0 = Source::Collection(HERS);
    hers.noise = Some(Blur {
        epsilon: u64::MAX,
        ..blur(HALF)
    });
    contract.manifest.extend([hers.clone(), hers]);
    assert_eq!(costs(&contract), [230, u64::MAX, u64::MAX, 0]);
    assert_eq!(contract.epsilon(1, 0), 0);
    assert_eq!(contract.epsilon(0, 9), 0);
    // Deltas add up in the same way.
    assert_eq!(contract.delta(0, 0), 0);
    for (line, delta) in [(0, 3), (1, 10), (2, u64::MAX), (3, 1)] {
        let noise = contract.manifest[line].noise.as_mut();
        noise.expect("it has noise").delta = delta;
    }
    let deltas = [PEOPLE, HERS, SECRET, HIS].map(|of| contract.delta(0, usize::from(of)));
    assert_eq!(deltas, [23, u64::MAX, u64::MAX, 0]);
    assert_eq!((contract.delta(1, 0), contract.delta(0, 9)), (0, 0));
}
