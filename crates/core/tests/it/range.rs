//! Rows outside the declared range: dealt by owners who cheat, found by the range check, dropped, and
//! their members named; the others get right results.

use enigma_wire::controller::FailureReason;
use enigma_wire::id::MemberIndex;

use crate::committee::{PAST_ANY_FEE, Survey};

/// Every value outside 0..=100 000 000 is dropped; the rest learn what they should.
fn drops(values: &[i64], seed: u64) {
    let mut survey = Survey::sealed(3, values, seed);
    let price = survey.price(values.len());
    let job = survey.request(price);
    let certificate = survey.settle(job);
    let valid = |member: &usize| (0..=100_000_000).contains(&values[*member]);
    let (good, bad): (Vec<usize>, Vec<usize>) = (0..values.len()).partition(valid);
    assert_eq!(certificate.rows as usize, good.len());
    let kept: Vec<i64> = good.iter().map(|member| values[*member]).collect();
    survey.assert_right(job, &good, &kept);
    let dropped: Vec<MemberIndex> = bad.iter().map(|at| MemberIndex(*at as u32)).collect();
    for node in survey.committee() {
        assert_eq!(survey.dropped(node, job), dropped);
    }
    for member in bad {
        assert!(survey.collect(job, member).is_err());
    }
    // Work is paid as quoted for the submitted rows.
    assert_eq!(
        certificate.multiplications,
        survey.quote(values.len()).multiplications
    );
}

#[test]
fn just_outside() {
    drops(&[10, -1, 30, 40, 40, 60], 1);
    drops(&[10, 20, 100_000_001, 40, 40, 60], 2);
}

#[test]
fn far_outside() {
    let half = 1 << 60;
    drops(&[10, half - 1, 30, 40, 40, 60, -half + 1], 3);
    drops(&[10, 1 << 59, 30, 40, 40, 60, -(1 << 59)], 4);
    drops(&[10, 1 << 32, 30, 40, 40, 60, -100_000_000], 5);
}

#[test]
fn first_and_last() {
    drops(&[-5, 20, 30, 40, 40, 60, 100_000_001], 6);
}

/// Dropped rows do not count for the smallest group an owner agreed to.
#[test]
fn too_few_are_left_for_one_owner() {
    let values = [10, 20, -7, 40, 40, 60, 70];
    for (min_group, settles) in [(6, true), (7, false)] {
        let mut survey = Survey::ready(3, values.len(), 8);
        for (member, value) in values.iter().enumerate() {
            survey.contribute(member, *value);
            let mut terms = survey.wide();
            if member == 5 {
                terms.min_group = min_group;
            }
            survey.consent_to(member, terms);
        }
        survey.seal();
        let job = survey.request(PAST_ANY_FEE);
        if settles {
            survey.settle(job);
            survey.assert_right(job, &[0, 1, 3, 4, 5, 6], &[10, 20, 40, 40, 60, 70]);
        } else {
            let failure = survey.fail(job);
            assert_eq!(
                (failure.culprits, failure.reason),
                (0, FailureReason::Refused)
            );
        }
    }
}

#[test]
fn too_few_are_left() {
    let mut survey = Survey::sealed(3, &[-5, 20, 30, 40, 40, 100_000_001], 7);
    let job = survey.request(PAST_ANY_FEE);
    let failure = survey.fail(job);
    assert_eq!(
        (failure.culprits, failure.reason),
        (0, FailureReason::Refused)
    );
}
