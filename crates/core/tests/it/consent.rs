//! Whose rows a job uses: those of owners whose consent is in force at the request, and no others.

use enigma_core::{ClientRequest, Response};
use enigma_wire::api::ErrorCode;
use enigma_wire::controller::FailureReason;
use enigma_wire::id::{Address, CollectionId, JobId, MemberIndex};
use enigma_wire::output::Recipient;

use crate::committee::{Consented, FOREVER, PAST_ANY_FEE, PRICES, Setting, Survey};

/// Nothing that mixes rows is shown, so that runs may be over nearly the same members, and consents alone decide.
const OWN: Setting<'_> = Setting {
    source: "
contract Own version 1 {
  group workers min 5 max 1_000;
  collect salary: private u64 from each workers range 0..=100_000_000 allow per_owner to owner;
  entry compute() { reveal more = salary.map(|s| s + 1) to owner(salary); }
}",
    parties: 0,
    bound: &[],
};
const VALUES: [i64; 7] = [30, 50, 40, 70, 40, 20, 60];

/// A survey in which nobody has consented yet.
fn shared(seed: u64) -> Survey {
    let mut survey = Survey::ready_in(OWN, 3, VALUES.len(), seed);
    for (member, value) in VALUES.iter().enumerate() {
        survey.contribute(member, *value);
    }
    survey.seal();
    survey
}

/// The job runs over exactly these members' rows, and only they can fetch results.
fn runs_over(survey: &mut Survey, job: JobId, members: &[usize]) {
    let certificate = survey.settle(job);
    assert_eq!(certificate.rows as usize, members.len());
    for member in members {
        let results = survey.results(job, survey.member(*member as u32));
        let expected = [("more".to_owned(), VALUES[*member] + 1)].into();
        assert_eq!(results, Ok(expected), "member {member}");
    }
    for outsider in (0..VALUES.len()).filter(|member| !members.contains(member)) {
        let request = ClientRequest::Output {
            job,
            recipient: Recipient::Member {
                collection: CollectionId(1),
                member: MemberIndex(outsider as u32),
            },
        };
        match survey.world.answer(survey.committee()[0], request) {
            Response::Error(error) => assert_eq!(error.code, ErrorCode::NotFound),
            other => panic!("member {outsider} has an output: {other:?}"),
        }
    }
}

/// The job ends refunded and without blame, and no row was used: nothing was computed.
fn refused(survey: &mut Survey, job: JobId) {
    let before: usize = survey.world.nodes.iter().map(|node| node.sent.len()).sum();
    let failure = survey.fail(job);
    assert_eq!(
        (failure.culprits, failure.reason),
        (0, FailureReason::Refused)
    );
    let after: usize = survey.world.nodes.iter().map(|node| node.sent.len()).sum();
    let nodes = survey.world.nodes.len();
    assert!(
        after - before <= 2 * nodes * (nodes - 1),
        "more was sent than two statements each"
    );
    for (_, culprits, why) in survey.given_up(job) {
        assert_eq!(culprits, Vec::<usize>::new(), "{why}");
    }
}

#[test]
fn rows_without_consent_are_not_used() {
    let mut survey = shared(1);
    for member in [0, 2, 3, 4, 6] {
        survey.consent(member);
    }
    let job = survey.request(PAST_ANY_FEE);
    runs_over(&mut survey, job, &[0, 2, 3, 4, 6]);
}

#[test]
fn the_price_is_for_the_rows_that_may_be_used() {
    let mut survey = shared(2);
    for member in 0..5 {
        survey.consent(member);
    }
    let price = survey.price(5);
    assert!(price < survey.price(7));
    let job = survey.request(price);
    runs_over(&mut survey, job, &[0, 1, 2, 3, 4]);
}

#[test]
fn consent_after_the_request_comes_too_late() {
    let mut survey = shared(3);
    for member in 0..6 {
        survey.consent(member);
    }
    let job = survey.request(PAST_ANY_FEE);
    survey.consent(6);
    runs_over(&mut survey, job, &[0, 1, 2, 3, 4, 5]);
    let job = survey.request(PAST_ANY_FEE);
    runs_over(&mut survey, job, &[0, 1, 2, 3, 4, 5, 6]);
}

#[test]
fn consent_expires() {
    let mut survey = shared(4);
    for member in 0..6 {
        survey.consent(member);
    }
    // The next block holds this consent, the one after it the request.
    let in_time = survey.world.chain.time() + 11;
    let limited = Consented {
        expiry: in_time,
        ..survey.wide()
    };
    survey.consent_to(6, limited);
    let job = survey.request(PAST_ANY_FEE);
    runs_over(&mut survey, job, &[0, 1, 2, 3, 4, 5, 6]);
    let job = survey.request(PAST_ANY_FEE);
    runs_over(&mut survey, job, &[0, 1, 2, 3, 4, 5]);
}

#[test]
fn consent_is_over_at_its_expiry_exactly() {
    let mut survey = shared(5);
    for member in 0..6 {
        survey.consent(member);
    }
    let limited = Consented {
        expiry: survey.world.chain.time() + 10,
        ..survey.wide()
    };
    survey.consent_to(6, limited);
    let job = survey.request(PAST_ANY_FEE);
    runs_over(&mut survey, job, &[0, 1, 2, 3, 4, 5]);
}

#[test]
fn consent_is_used_up() {
    let mut survey = shared(6);
    for member in 0..7 {
        let uses = if member < 2 { 1 } else { 2 };
        let limited = Consented {
            uses,
            ..survey.wide()
        };
        survey.consent_to(member, limited);
    }
    let job = survey.request(PAST_ANY_FEE);
    runs_over(&mut survey, job, &[0, 1, 2, 3, 4, 5, 6]);
    let job = survey.request(PAST_ANY_FEE);
    runs_over(&mut survey, job, &[2, 3, 4, 5, 6]);
    let job = survey.request(PAST_ANY_FEE);
    refused(&mut survey, job);
}

#[test]
fn a_job_that_fails_before_its_start_uses_nothing_up() {
    let mut survey = shared(7);
    for member in 0..7 {
        let once = Consented {
            uses: 1,
            ..survey.wide()
        };
        survey.consent_to(member, once);
    }
    let job = survey.request(PRICES.base);
    refused(&mut survey, job);
    let job = survey.request(PAST_ANY_FEE);
    runs_over(&mut survey, job, &[0, 1, 2, 3, 4, 5, 6]);
}

#[test]
fn revoked_consent_is_over() {
    let mut survey = shared(8);
    for member in 0..7 {
        survey.consent(member);
    }
    survey.revoke(3, 2);
    let job = survey.request(PAST_ANY_FEE);
    // Too late for this job, in time for the next.
    survey.revoke(0, 2);
    runs_over(&mut survey, job, &[0, 1, 2, 4, 5, 6]);
    let job = survey.request(PAST_ANY_FEE);
    runs_over(&mut survey, job, &[1, 2, 4, 5, 6]);
    let again = Consented {
        nonce: 3,
        ..survey.wide()
    };
    survey.consent_to(3, again);
    let job = survey.request(PAST_ANY_FEE);
    runs_over(&mut survey, job, &[1, 2, 3, 4, 5, 6]);
}

#[test]
fn consent_is_to_one_requester() {
    let mut survey = shared(9);
    let other = Address([0xbb; 20]);
    for member in 0..7 {
        survey.consent(member);
    }
    let job = survey
        .request_entry(other, 0, PAST_ANY_FEE)
        .expect("anybody may ask");
    let before = survey.world.chain.controller.credit(other);
    let state = survey.finish(job);
    assert!(
        matches!(&state, enigma_wire::ledger::JobState::Failed(failure)
            if failure.culprits == 0 && failure.reason == FailureReason::Refused),
        "{state:?}"
    );
    let after = survey.world.chain.controller.credit(other);
    assert_eq!(after - before, PAST_ANY_FEE);
}

#[test]
fn a_member_who_asks_for_a_larger_group_is_left_out() {
    let mut survey = shared(10);
    for member in 0..7 {
        let min_group = if member == 2 { 8 } else { 1 };
        let terms = Consented {
            min_group,
            ..survey.wide()
        };
        survey.consent_to(member, terms);
    }
    let job = survey.request(PAST_ANY_FEE);
    runs_over(&mut survey, job, &[0, 1, 3, 4, 5, 6]);
}

#[test]
fn leaving_one_out_may_leave_out_others() {
    let mut survey = shared(11);
    for member in 0..7 {
        let min_group = [1, 1, 8, 7, 5, 5, 5][member];
        let terms = Consented {
            min_group,
            ..survey.wide()
        };
        survey.consent_to(member, terms);
    }
    let job = survey.request(PAST_ANY_FEE);
    runs_over(&mut survey, job, &[0, 1, 4, 5, 6]);
}

#[test]
fn too_few_rows_are_refused() {
    let mut survey = shared(12);
    for member in 0..4 {
        survey.consent(member);
    }
    let job = survey.request(PAST_ANY_FEE);
    refused(&mut survey, job);
    let why = &survey.given_up(job)[0].2;
    assert!(why.contains('5'), "the minimum is not named: {why}");
}

#[test]
fn nobody_consented() {
    let mut survey = shared(13);
    let job = survey.request(PAST_ANY_FEE);
    refused(&mut survey, job);
}

#[test]
fn consent_to_more_than_the_job_asks() {
    let mut survey = shared(14);
    for member in 0..7 {
        let terms = Consented {
            expiry: FOREVER,
            min_group: 7,
            uses: u32::MAX,
            nonce: u64::MAX,
            ..survey.wide()
        };
        survey.consent_to(member, terms);
    }
    let job = survey.request(PAST_ANY_FEE);
    runs_over(&mut survey, job, &[0, 1, 2, 3, 4, 5, 6]);
}
