//! Noise and its budget: how often a committee draws it for the same rows.

use enigma_core::Fact;
use enigma_wire::api::JobPhase;
use enigma_wire::controller::FailureReason;
use enigma_wire::id::JobId;
use enigma_wire::ledger::JobState;
use enigma_wire::output::PublicValue;

use crate::committee::{PAST_ANY_FEE, PRICES, Setting, Survey};

/// Room for two runs, whether they end or not.
const SOURCE: &str = "
contract Budgeted version 1 {
  group people min 3 max 50;
  privacy { epsilon_total: 2.0; runs_per_input: 9; }
  collect v: private u64 from each people range 0..=1_000 allow aggregate(3) to public;
  entry count() {
    reveal many = v.map(|x| x > 500).count_true() to public with noise(laplace(epsilon: 1.0));
  }
}";

const BUDGETED: Setting<'_> = Setting {
    source: SOURCE,
    parties: 0,
    bound: &[],
};
const VALUES: [i64; 5] = [400, 600, 700, 100, 900];
/// Noise of epsilon 1 on a count is at most six bits long.
const REACH: i64 = 63;

/// Refused by every member alike, for what is left of the budget.
fn refused(survey: &mut Survey, job: JobId, why: &str) {
    let failure = survey.fail(job);
    assert_eq!(
        (failure.culprits, failure.reason),
        (0, FailureReason::Refused)
    );
    let said = survey.given_up(job);
    assert!(said.iter().any(|(.., text)| text.contains(why)), "{said:?}");
    survey.assert_phase(job, JobPhase::Failed);
}

fn settled(survey: &mut Survey, job: JobId) {
    survey.settle(job);
    let public = survey.public(job).expect("it is shown");
    let [PublicValue::Number(many)] = public["many"].columns[0][..] else {
        panic!("one number: {public:?}")
    };
    let exact = VALUES.iter().filter(|value| **value > 500).count() as i64;
    assert!((many - exact).abs() <= REACH, "{many}");
}

#[test]
fn noise_is_drawn_as_often_as_the_budget_allows() {
    let mut survey = Survey::sealed_in(BUDGETED, 3, &VALUES, 70);
    let job = survey.request(PAST_ANY_FEE);
    settled(&mut survey, job);
    // What fails before its start draws nothing, and costs nothing.
    let job = survey.request(PRICES.base);
    refused(&mut survey, job, "the fee in escrow is");
    let job = survey.request(PAST_ANY_FEE);
    settled(&mut survey, job);
    let job = survey.request(PAST_ANY_FEE);
    let why = "a run of count costs who gave to v 1 of it, and of 2 only 0 is left";
    refused(&mut survey, job, why);
}

/// Gaussian noise spends delta beside epsilon, of which there would be more.
#[test]
fn delta_is_used_up_as_epsilon_is() {
    let source = SOURCE
        .replace(
            "epsilon_total: 2.0;",
            "epsilon_total: 9.0; delta_total: 0.000002;",
        )
        .replace(
            "laplace(epsilon: 1.0)",
            "gaussian(epsilon: 2.0, delta: 0.000001)",
        );
    let setting = Setting {
        source: &source,
        ..BUDGETED
    };
    let mut survey = Survey::sealed_in(setting, 3, &VALUES, 73);
    for _ in 0..2 {
        let job = survey.request(PAST_ANY_FEE);
        settled(&mut survey, job);
    }
    let job = survey.request(PAST_ANY_FEE);
    let why = "the budget delta_total is used up: a run of count costs who gave to v 0.000001 of it, and of 0.000002 \
               only 0 is left";
    refused(&mut survey, job, why);
}

/// A member that breaks off after the start, and after it has seen what was drawn, gets one draw of the budget for it.
#[test]
fn a_run_that_is_broken_off_is_paid_for() {
    for (seed, drawn) in [(71, false), (72, true)] {
        let mut survey = Survey::sealed_in(BUDGETED, 3, &VALUES, seed);
        for _ in 0..2 {
            let job = survey.request(PAST_ANY_FEE);
            let victim = survey.committee()[0];
            survey.world.run_until("the start", 60_000, |world| {
                world.chain.ledger().jobs[&job].started.is_some()
            });
            if drawn {
                let phase = "publishing";
                let opened = Fact::JobPhase { job, phase };
                survey.world.run_until("the results", 60_000, |world| {
                    world.nodes[victim].reports.contains(&opened)
                });
            }
            survey.world.kill(victim);
            assert!(matches!(survey.finish(job), JobState::Failed(_)));
            survey.world.restart(victim);
            survey.world.settle_down();
        }
        let job = survey.request(PAST_ANY_FEE);
        refused(&mut survey, job, "the budget epsilon_total is used up");
    }
}
