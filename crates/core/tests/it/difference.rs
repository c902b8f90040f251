//! Two runs over nearly the same people: the second one is refused before it counts as a use, at every member alike.

use enigma_core::controller::Call;
use enigma_wire::arguments::{self, Arguments};
use enigma_wire::controller::{Consent, JobRequest, RightKey};
use enigma_wire::id::JobId;
use enigma_wire::ledger::JobState;
use enigma_wire::output::PublicValue;

use crate::committee::{FOREVER, PAST_ANY_FEE, Setting, Survey};

const SOURCE: &str = "
contract Sums version 1 {
  privacy { epsilon_total: 100.0; }
  group people min 3 max 50;
  collect pay: private u64 from each people range 0..=1000
    allow aggregate(3) to public
    allow per_owner to owner(pay);
  entry total() { reveal sum = pay.sum() to public; }
  entry largest() { reveal most = pay.max() to public; }
  entry blurred() { reveal about = pay.sum() to public with noise(laplace(epsilon: 1.0)); }
  entry own() { reveal mine = pay.map(|p| p / 2) to owner(pay); }
  entry ranks() { reveal rank = pay.rank() to owner(pay); }
  entry above(least: u64 from caller) {
    let mask = pay.map(|p| p > least);
    reveal high = pay.sum_where(mask) to public with min_group(mask.count_true(), 3);
  }
}";
const TOTAL: u16 = 0;
const LARGEST: u16 = 1;
const BLURRED: u16 = 2;
const OWN: u16 = 3;
const RANKS: u16 = 4;
const HIGH: u16 = 5;
const PAY: [i64; 8] = [100, 200, 300, 400, 500, 600, 700, 800];

const SUMS: Setting<'_> = Setting {
    source: SOURCE,
    parties: 0,
    bound: &[],
};

/// All have given; nobody has consented to anything.
fn given(committee: u8, seed: u64) -> Survey {
    given_as(PAY, committee, seed)
}

fn given_as(pay: [i64; 8], committee: u8, seed: u64) -> Survey {
    let mut survey = Survey::ready_in(SUMS, committee, PAY.len(), seed);
    for (member, pay) in pay.iter().enumerate() {
        let deposits = survey.deal(member, *pay);
        survey.contribute_dealt(&deposits);
    }
    survey
}

/// These let the requester run an entry until so many runs of it were started.
fn consent(survey: &mut Survey, entry: u16, members: &[usize], uses: u32) {
    let requester = survey.requester;
    // Blocks only become more.
    let nonce = survey.world.chain.height();
    let grants = members.iter().map(|member| {
        let owner = &survey.owners[*member];
        let consent = Consent {
            right: RightKey {
                entry,
                ..survey.right(*member, requester)
            },
            instance: survey.instance,
            owner: owner.address(),
            uses,
            expiry: FOREVER,
            min_group: 1,
            nonce,
        };
        let signature = owner.key.sign(&survey.domain().digest(&consent));
        (consent, signature)
    });
    let call = Call::Grant(grants.collect());
    let granted = survey.world.call(requester, 0, &call);
    granted.expect("good consents");
}

fn run(survey: &mut Survey, entry: u16) -> JobId {
    let job = survey.request_entry(survey.requester, entry, PAST_ANY_FEE);
    let job = job.expect("the chain takes it");
    survey.finish(job);
    job
}

fn sum(survey: &mut Survey, job: JobId) -> PublicValue {
    let public = survey.public(job);
    let public = public.unwrap_or_else(|why| panic!("{why}: {:#?}", survey.given_up(job)));
    public["sum"].columns[0][0].clone()
}

/// Refused before the start by every member that has said why, for this reason.
fn refused(survey: &mut Survey, job: JobId, differ: usize) {
    let state = survey.state(job);
    assert!(matches!(state, JobState::Failed(_)), "{state:?}");
    assert_eq!(survey.world.chain.ledger().jobs[&job].started, None);
    let said = survey.given_up(job);
    let why = format!("by {differ} people, and what both runs show");
    assert!(
        said.iter().any(|(.., said)| said.contains(&why)),
        "{said:?}"
    );
}

/// Consents that are used up leave out whose they are: whom a sum misses next time is not to be worked out.
#[test]
fn a_run_over_all_but_a_few_is_refused() {
    for (committee, seed) in [(3, 1), (5, 2)] {
        let mut survey = given(committee, seed);
        consent(&mut survey, TOTAL, &[0, 1, 2, 3, 4, 5], 5);
        consent(&mut survey, TOTAL, &[6, 7], 1);
        survey.seal();
        let job = run(&mut survey, TOTAL);
        assert_eq!(sum(&mut survey, job), PublicValue::Number(3_600));
        // The consents of two were for one run.
        for _ in 0..2 {
            let job = run(&mut survey, TOTAL);
            refused(&mut survey, job, 2);
        }
        assert_eq!(survey.world.trouble(), Vec::<String>::new());
    }
}

/// As many as are mixed may go, and the same people may be asked again, also for something else.
#[test]
fn a_run_over_the_same_or_over_others_is_not() {
    let mut survey = given(3, 3);
    consent(&mut survey, TOTAL, &[0, 1, 2, 3, 4], 9);
    consent(&mut survey, TOTAL, &[5, 6, 7], 2);
    consent(&mut survey, LARGEST, &[0, 1, 2, 3, 4, 5, 6, 7], 9);
    survey.seal();
    for _ in 0..2 {
        let job = run(&mut survey, TOTAL);
        assert_eq!(sum(&mut survey, job), PublicValue::Number(3_600));
    }
    let job = run(&mut survey, LARGEST);
    assert!(survey.public(job).is_ok());
    // Three are gone.
    let job = run(&mut survey, TOTAL);
    assert_eq!(sum(&mut survey, job), PublicValue::Number(1_500));
}

/// Every earlier run is compared with, of every entry that mixes, by whomever: not only the last one.
#[test]
fn all_earlier_runs_count() {
    let mut survey = given(3, 4);
    consent(&mut survey, TOTAL, &[0, 1, 2, 3, 4, 5, 6, 7], 1);
    consent(&mut survey, LARGEST, &[0, 1, 2, 3], 9);
    survey.seal();
    run(&mut survey, TOTAL);
    run(&mut survey, LARGEST);
    // All but one of the first run's.
    consent(&mut survey, TOTAL, &[0, 1, 2, 3, 4, 5, 6], 9);
    let job = run(&mut survey, TOTAL);
    refused(&mut survey, job, 1);
    // One more than the second run's.
    consent(&mut survey, TOTAL, &[5, 6], 1);
    let job = run(&mut survey, TOTAL);
    refused(&mut survey, job, 1);
    consent(&mut survey, TOTAL, &[4], 1);
    let job = run(&mut survey, TOTAL);
    assert_eq!(sum(&mut survey, job), PublicValue::Number(1_000));
}

/// What noise covers the budget counts, and what owners alone are shown of their own mixes nobody's.
#[test]
fn noise_and_ones_own_are_not_compared() {
    let mut survey = given(3, 5);
    for entry in [BLURRED, OWN] {
        consent(&mut survey, entry, &[0, 1, 2, 3, 4, 5, 6], 9);
        consent(&mut survey, entry, &[7], 1);
    }
    consent(&mut survey, TOTAL, &[0, 1, 2, 3, 4, 5, 6, 7], 9);
    survey.seal();
    for entry in [BLURRED, OWN, TOTAL, BLURRED, OWN, TOTAL] {
        let job = run(&mut survey, entry);
        survey.settle(job);
    }
}

/// A run that was started and broken off may have shown its sum. What was asked for meanwhile is compared with it, too, and members
/// that were restarted know it from the disk.
#[test]
fn runs_that_broke_off_and_restarts_change_nothing() {
    let mut survey = given(3, 6);
    consent(&mut survey, TOTAL, &[0, 1, 2, 3, 4, 5, 6], 9);
    consent(&mut survey, TOTAL, &[7], 1);
    survey.seal();
    let job = survey.request_entry(survey.requester, TOTAL, PAST_ANY_FEE);
    let job = job.expect("the chain takes it");
    survey.world.run_until("the start", 60_000, |world| {
        world.chain.ledger().jobs[&job].started.is_some()
    });
    let victim = survey.committee()[1];
    survey.world.kill(victim);
    let state = survey.finish(job);
    assert!(matches!(state, JobState::Failed(_)), "{state:?}");
    for node in survey.committee() {
        survey.world.kill(node);
        survey.world.restart(node);
    }
    survey.world.settle_down();
    let again = run(&mut survey, TOTAL);
    refused(&mut survey, again, 1);
    assert!(survey.world.chain.ledger().jobs[&job].started.is_some());
}

/// Of two that are asked for at once the second one is compared with the first, whoever starts sooner.
#[test]
fn what_is_asked_for_at_once_is_compared() {
    let mut survey = given(3, 7);
    consent(&mut survey, TOTAL, &[0, 1, 2, 3, 4, 5, 6, 7], 9);
    consent(&mut survey, LARGEST, &[0, 1, 2, 3, 4, 5, 6], 9);
    survey.seal();
    let ask = |survey: &mut Survey, entry| {
        let job = survey.request_entry(survey.requester, entry, PAST_ANY_FEE);
        job.expect("the chain takes it")
    };
    let (first, second) = (ask(&mut survey, TOTAL), ask(&mut survey, LARGEST));
    survey.finish(second);
    survey.settle(first);
    refused(&mut survey, second, 1);
}

/// Where a row stands among all says something of the others, too.
#[test]
fn ranks_of_all_but_one_are_refused() {
    let mut survey = given(3, 8);
    consent(&mut survey, RANKS, &[0, 1, 2, 3, 4, 5, 6], 9);
    consent(&mut survey, RANKS, &[7], 1);
    survey.seal();
    let job = run(&mut survey, RANKS);
    survey.settle(job);
    let job = run(&mut survey, RANKS);
    refused(&mut survey, job, 1);
}

/// Everybody knows whose rows were dropped, and that nothing of them is in any sum: who is gone beside them is counted alone. Members that
/// were restarted know it from the disk.
#[test]
fn those_of_whom_no_row_is_left_hide_nobody() {
    let mut survey = given_as([100, 200, 300, 400, 500, 2_000, 3_000, 800], 3, 9);
    consent(&mut survey, TOTAL, &[0, 1, 2, 3, 4], 9);
    consent(&mut survey, TOTAL, &[5, 6, 7], 1);
    survey.seal();
    let job = run(&mut survey, TOTAL);
    assert_eq!(sum(&mut survey, job), PublicValue::Number(2_300));
    for restarts in [false, true] {
        if restarts {
            for node in survey.committee() {
                survey.world.kill(node);
                survey.world.restart(node);
            }
            survey.world.settle_down();
        }
        let job = run(&mut survey, TOTAL);
        refused(&mut survey, job, 1);
    }
}

/// Three may be gone of whom one alone is in the part that is shown.
#[test]
fn parts_are_shown_of_the_same_people_alone() {
    let mut survey = given(3, 10);
    consent(&mut survey, HIGH, &[2, 3, 4, 5, 6], 9);
    consent(&mut survey, HIGH, &[0, 1, 7], 2);
    consent(&mut survey, TOTAL, &[2, 3, 4, 5, 6], 9);
    survey.seal();
    let high = |survey: &mut Survey, least: i64| {
        let request = JobRequest {
            arguments: arguments::encode(&Arguments {
                values: vec![vec![PublicValue::Number(least)]],
                dealt: None,
            }),
            ..survey.job_request(HIGH)
        };
        let job = survey.request_job(survey.requester, &request, PAST_ANY_FEE);
        let job = job.expect("the chain takes it");
        survey.finish(job);
        job
    };
    for (least, shown) in [(550, 2_100), (450, 2_600)] {
        let job = high(&mut survey, least);
        let public = survey.public(job).expect("settled");
        assert_eq!(public["high"].columns[0][0], PublicValue::Number(shown));
    }
    let job = high(&mut survey, 450);
    refused(&mut survey, job, 3);
    // A sum over all of the three is mixed enough.
    let job = run(&mut survey, TOTAL);
    assert_eq!(sum(&mut survey, job), PublicValue::Number(2_500));
}
