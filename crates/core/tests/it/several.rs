//! Jobs over several collections, with public parameters and results for who calls: what goes in, who learns what, and which
//! requests a committee refuses before a use is counted.

use std::collections::BTreeMap;

use enigma_wire::arguments::{self, Arguments};
use enigma_wire::controller::{FailureReason, JobRequest};
use enigma_wire::id::{CollectionId, JobId, MemberIndex};
use enigma_wire::output::{PublicValue, Recipient};

use crate::committee::{Consented, Owner, PAST_ANY_FEE, Setting, Survey};

/// People give what they earn and, apart from that, what they spend; `spent` is about those alone who gave both.
const SOURCE: &str = "
contract Budget version 1 {
  group people min 3 max 50;
  group shops min 2 max 50;
  collect earned: private u64 from each people range 0..=1000
    allow aggregate(3) to caller, each people
    allow per_owner to owner;
  collect spent: private u64 from each shops range 0..=1000
    allow aggregate(3) to caller, each people;
  entry above(limit: u64 range 0..=1000, least: u64 range 3..=50) {
    require earned.len() >= least, \"too few\";
    reveal total = earned.sum() + spent.sum() + limit to each people;
    reveal both  = earned.sum() as i64 - spent.sum() as i64 to caller;
    reveal rank  = earned.rank_desc()                 to owner(earned);
  }
}";

const BUDGET: Setting<'_> = Setting {
    source: SOURCE,
    parties: 0,
    bound: &[],
};
const EARNED: [i64; 4] = [100, 200, 1_001, 400];
const SPENT: [i64; 4] = [10, 20, 30, 40];

/// Everybody has given to both collections, to the first also a row out of range, and lets the caller run everything.
fn sealed(committee: u8, seed: u64) -> Survey {
    let mut survey = Survey::ready_in(BUDGET, committee, EARNED.len(), seed);
    survey.caller = Some(Owner::new(500, seed));
    let caller = survey.caller.as_ref().map(Owner::address);
    fill(&mut survey, &EARNED, 1);
    survey.open_next();
    fill(&mut survey, &SPENT, 2);
    // The opener has sealed both; who calls is somebody else.
    survey.requester = caller.expect("just set");
    survey
}

fn fill(survey: &mut Survey, values: &[i64], min_group: u32) {
    let requester = survey.caller.as_ref().map(Owner::address);
    for (member, value) in values.iter().enumerate() {
        let deposits = survey.deal(member, *value);
        survey.contribute_dealt(&deposits);
        let terms = Consented {
            requester: requester.expect("a caller"),
            min_group,
            ..survey.wide()
        };
        survey.consent_to(member, terms);
    }
    survey.seal();
}

fn arguments_of(numbers: &[i64]) -> Vec<u8> {
    let columns = numbers
        .iter()
        .map(|number| vec![PublicValue::Number(*number)]);
    arguments::encode(&Arguments {
        values: columns.collect(),
        dealt: None,
    })
}

fn asked(survey: &Survey, numbers: &[i64]) -> JobRequest {
    JobRequest {
        arguments: arguments_of(numbers),
        ..survey.job_request(0)
    }
}

fn request(survey: &mut Survey, request: &JobRequest) -> JobId {
    let job = survey.request_job(survey.requester, request, PAST_ANY_FEE);
    job.expect("the chain takes it")
}

fn of(collection: u64, member: u32) -> Recipient {
    Recipient::Member {
        collection: CollectionId(collection),
        member: MemberIndex(member),
    }
}

fn named<const N: usize>(all: [(&str, i64); N]) -> BTreeMap<String, i64> {
    all.map(|(name, value)| (name.to_owned(), value)).into()
}

#[test]
fn a_run_over_two_collections_with_parameters_tells_each_what_is_theirs() {
    for (committee, seed) in [(3, 1), (5, 2)] {
        let mut survey = sealed(committee, seed);
        let wanted = asked(&survey, &[7, 3]);
        let job = request(&mut survey, &wanted);
        let certificate = survey.settle(job);
        // The row that breaks the range is left out of one collection, and counts in neither's sum.
        assert_eq!(certificate.rows, 7);
        let inputs = survey.world.chain.ledger().job_inputs(job);
        assert_eq!(Some(certificate.inputs), inputs);
        let (earned, spent): (i64, i64) = (100 + 200 + 400, 10 + 20 + 30 + 40);
        let total = earned + spent + 7;
        for (member, rank) in [(0, 3), (1, 2), (3, 1)] {
            let results = survey.results(job, of(1, member));
            assert_eq!(results, Ok(named([("rank", rank), ("total", total)])));
        }
        // Who was left out of one collection is in the other one, whose group is shown nothing.
        assert!(survey.results(job, of(1, 2)).is_err());
        assert_eq!(survey.results(job, of(2, 2)), Ok(BTreeMap::new()));
        let results = survey.results(job, Recipient::Caller);
        assert_eq!(results, Ok(named([("both", earned - spent)])));
        // Both collections were used once.
        let uses = survey.world.chain.ledger().uses.values();
        assert_eq!(uses.copied().collect::<Vec<u32>>(), [1, 1]);
    }
}

/// Each of these fails at the committee, names nobody, costs no owner a use, and says why.
#[test]
fn requests_that_do_not_fit_the_entry_are_refused_before_a_use_counts() {
    let mut survey = sealed(3, 3);
    let good = asked(&survey, &[7, 3]);
    let cases: [(JobRequest, &str); 8] = [
        (asked(&survey, &[1_001, 3]), "limit"),
        (asked(&survey, &[7, 2]), "least"),
        (
            asked(&survey, &[7]),
            "has 2 parameters, and the request gives 1",
        ),
        (
            asked(&survey, &[7, 3, 3]),
            "has 2 parameters, and the request gives 3",
        ),
        (
            JobRequest {
                arguments: vec![1, 2, 3],
                ..good.clone()
            },
            "the arguments do not decode",
        ),
        (
            JobRequest {
                collections: vec![CollectionId(1)],
                ..good.clone()
            },
            "computes from the collection earned and spent, and the job is over earned",
        ),
        (
            JobRequest {
                collections: Vec::new(),
                ..good.clone()
            },
            "and the job is over none",
        ),
        (
            JobRequest {
                seal_key: None,
                ..good.clone()
            },
            "the entry reveals both to who calls, and the request names no key",
        ),
    ];
    for (wanted, why) in cases {
        let job = request(&mut survey, &wanted);
        let failure = survey.fail(job);
        assert_eq!(failure.reason, FailureReason::Refused, "{why}");
        assert_eq!(failure.culprits, 0, "{why}");
        let said = survey.given_up(job);
        assert!(
            said.iter().any(|(_, _, said)| said.contains(why)),
            "{why}: {said:?}"
        );
        assert!(survey.world.chain.ledger().uses.is_empty(), "{why}");
    }
    // After all of that the right request runs.
    let job = request(&mut survey, &good);
    survey.settle(job);
}

/// An owner's smallest group is about the rows of the owner's own collection.
#[test]
fn groups_are_counted_in_each_collection() {
    let mut survey = Survey::ready_in(BUDGET, 3, EARNED.len(), 4);
    survey.caller = Some(Owner::new(500, 4));
    // Four give, and one row is out of range: three are too few for those who want four.
    fill(&mut survey, &EARNED, 4);
    survey.open_next();
    fill(&mut survey, &SPENT, 4);
    survey.requester = survey.caller.as_ref().map(Owner::address).expect("set");
    let wanted = asked(&survey, &[7, 3]);
    let job = request(&mut survey, &wanted);
    survey.fail(job);
    let why = "after invalid rows were dropped the group is smaller than an owner allows";
    let said = survey.given_up(job);
    assert!(
        said.iter().all(|(_, _, said)| said.contains(why)),
        "{said:?}"
    );
}

/// Who belongs to one group now may belong to the other when it is that one's turn: noise covers what an account gives in one role.
#[test]
fn who_gives_in_two_roles_is_found_where_conditions_take_turns() {
    let turns = Setting {
        source: "
contract Turns version 1 {
  privacy { epsilon_total: 1.0; }
  group first min 3 max 50 admit |who| L.turn == 0;
  group second min 3 max 50 admit |who| L.turn == 1;
  state L { turn: u64 = 0; }
  collect x: private u64 from each first range 0..=9 allow aggregate(3) to caller;
  collect y: private u64 from each second range 0..=9 allow aggregate(3) to caller;
  entry of_x() { reveal sum = x.sum() to caller with noise(laplace(epsilon: 1.0)); }
  entry of_y() { reveal total = y.sum() to caller with noise(laplace(epsilon: 1.0)); }
  entry next() { L.turn = 1; }
}",
        parties: 0,
        bound: &[],
    };
    let mut survey = Survey::ready_in(turns, 3, 4, 21);
    survey.caller = Some(Owner::new(500, 21));
    let caller = survey.caller.as_ref().map(Owner::address);
    fill(&mut survey, &[1, 2, 3, 4], 1);
    survey.open_next();
    fill(&mut survey, &[5, 6, 7, 8], 1);
    survey.requester = caller.expect("just set");
    let of_first = JobRequest {
        collections: survey.collections[..1].to_vec(),
        ..survey.job_request(0)
    };
    let job = request(&mut survey, &of_first);
    survey.finish(job);
    let said = survey.given_up(job);
    let why = "gives in two roles";
    assert!(said.iter().any(|(.., said)| said.contains(why)), "{said:?}");
}
