//! Who belongs to a group is decided by the contract's condition, from the ledger at the end of the request's block, alike at all
//! members.

use enigma_bytecode::model::Contract;
use enigma_wire::arguments::{self, Arguments};
use enigma_wire::controller::JobRequest;
use enigma_wire::id::JobId;
use enigma_wire::ledger::JobState;
use enigma_wire::output::PublicValue;

use crate::committee::{Owner, PAST_ANY_FEE, Setting, Survey};

const SOURCE: &str = "
contract Club version 1 {
  party chair;
  state L { member: map<id, bool>; from: u64 = 0; notes: u64 = 0; }
  group people min 3 max 50 admit |who| L.member[who] && L.height >= L.from;
  collect pay: private u64 from each people range 0..=1000 allow aggregate(3) to public;
  entry total() { reveal sum = pay.sum() to public; }
  entry admits(who: id, yes: bool) by chair { L.member[who] = yes; }
  entry opens(from: u64) by chair { L.from = from; }
  entry note() by people { L.notes += 1; }
}";
const TOTAL: u16 = 0;
const ADMITS: u16 = 1;
const OPENS: u16 = 2;
const NOTE: u16 = 3;
const PAY: [i64; 5] = [100, 200, 300, 400, 500];

const CLUB: Setting<'_> = Setting {
    source: SOURCE,
    parties: 1,
    bound: &[0],
};

fn sealed(committee: u8, seed: u64) -> Survey {
    Survey::sealed_in(CLUB, committee, &PAY, seed)
}

/// Runs an entry over no collection.
fn call(survey: &mut Survey, by: &Owner, entry: u16, values: Vec<Vec<PublicValue>>) -> JobState {
    let request = JobRequest {
        collections: Vec::new(),
        arguments: arguments::encode(&Arguments {
            values,
            dealt: None,
        }),
        ..survey.job_request(entry)
    };
    let job = survey.request_job(by.address(), &request, PAST_ANY_FEE);
    let job = job.expect("the chain takes it");
    survey.finish(job)
}

fn admit(survey: &mut Survey, member: usize, yes: bool, seed: u64) {
    let account = survey.owners[member].address();
    let chair = Owner::of_party(0, seed);
    let values = vec![
        vec![PublicValue::Bytes(account.0.to_vec())],
        vec![PublicValue::Number(yes.into())],
    ];
    let state = call(survey, &chair, ADMITS, values);
    assert!(matches!(state, JobState::Settled(_)), "{state:?}");
}

fn total(survey: &mut Survey) -> JobId {
    let job = survey.request_entry(survey.requester, TOTAL, PAST_ANY_FEE);
    let job = job.expect("the chain takes it");
    survey.finish(job);
    job
}

fn sum(survey: &mut Survey, job: JobId) -> PublicValue {
    survey.public(job).expect("settled")["sum"].columns[0][0].clone()
}

fn said(survey: &Survey, job: JobId, why: &str) {
    let said = survey.given_up(job);
    assert!(said.iter().any(|(.., said)| said.contains(why)), "{said:?}");
    assert_eq!(survey.world.chain.ledger().jobs[&job].started, None);
}

#[test]
fn rows_of_strangers_are_not_used() {
    for (committee, seed) in [(3, 1), (5, 2)] {
        let mut survey = sealed(committee, seed);
        let job = total(&mut survey);
        said(&survey, job, "nobody who gave to collection");
        for member in [0, 2] {
            admit(&mut survey, member, true, seed);
        }
        let job = total(&mut survey);
        said(&survey, job, "");
        admit(&mut survey, 3, true, seed);
        let job = total(&mut survey);
        assert_eq!(sum(&mut survey, job), PublicValue::Number(100 + 300 + 400));
        for (member, yes) in [(0, false), (1, true), (4, true)] {
            admit(&mut survey, member, yes, seed);
        }
        let job = total(&mut survey);
        assert_eq!(
            sum(&mut survey, job),
            PublicValue::Number(200 + 300 + 400 + 500)
        );
        assert_eq!(survey.world.trouble(), Vec::<String>::new());
    }
}

/// The block that counts is that of the request, at members that look later, too.
#[test]
fn the_ledger_is_that_of_the_requests_block() {
    let mut survey = sealed(3, 3);
    for member in 0..3 {
        admit(&mut survey, member, true, 3);
    }
    let chair = Owner::of_party(0, 3);
    let height = survey.world.chain.height() as i64 + 20;
    let values = vec![vec![PublicValue::Number(height)]];
    let state = call(&mut survey, &chair, OPENS, values);
    assert!(matches!(state, JobState::Settled(_)), "{state:?}");
    let job = total(&mut survey);
    said(&survey, job, "nobody who gave to collection");
    survey.world.idle_blocks(25);
    survey.world.settle_down();
    let job = total(&mut survey);
    assert_eq!(sum(&mut survey, job), PublicValue::Number(600));
}

#[test]
fn who_belongs_may_call() {
    let mut survey = sealed(3, 4);
    let seed = 4;
    let (member, stranger) = (Owner::new(1, seed), Owner::new(77, seed));
    assert_eq!(member.address(), survey.owners[1].address());
    for by in [&member, &stranger] {
        let state = call(&mut survey, by, NOTE, Vec::new());
        assert!(matches!(state, JobState::Failed(_)), "{state:?}");
    }
    admit(&mut survey, 1, true, seed);
    let state = call(&mut survey, &member, NOTE, Vec::new());
    assert!(matches!(state, JobState::Settled(_)), "{state:?}");
    let state = call(&mut survey, &stranger, NOTE, Vec::new());
    assert!(matches!(state, JobState::Failed(_)), "{state:?}");
}

/// Nobody has to give to be known.
#[test]
fn a_group_that_gives_nothing_is_known_by_its_condition() {
    let source = "
contract Votes version 1 {
  state L { count: u64 = 0; }
  group voters min 1 max 50 admit |who| who == who && L.count < 9;
  entry vote() by voters { L.count += 1; }
}";
    let compiled = enigma_lang::compile(source);
    let contract: Contract = compiled
        .contract
        .unwrap_or_else(|| panic!("{:?}", compiled.diagnostics));
    assert_eq!(enigma_bytecode::model::unsupported(&contract), None);
}
