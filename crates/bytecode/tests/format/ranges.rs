//! Derived ranges hold for every value that can occur.

use crate::common::{auction, survey};
use enigma_bytecode::interval::{Interval, Wide};
use enigma_bytecode::model::{C, S};
use enigma_bytecode::ranges::{Extent, RangeError, SecretRange, actual, declared};
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
    assert_eq!(
        ranges.public(C(0)),
        Some(Interval {
            low: 5,
            high: 1_000
        })
    );
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
}
