//! Fee, entry and program: what else a job needs before any row is touched.

use enigma_core::{ClientRequest, Response, Table};
use enigma_wire::api::{ErrorCode, JobPhase};
use enigma_wire::controller::FailureReason;
use enigma_wire::id::{CollectionId, Hash, JobId, MemberIndex};
use enigma_wire::output::Recipient;

use crate::committee::{PAST_ANY_FEE, Setting, Survey};

const VALUES: [i64; 5] = [3_000, 5_000, 4_000, 4_000, 4_000];
const EVERYBODY: [usize; 5] = [0, 1, 2, 3, 4];

/// Refused without blame; some node says why.
fn refused(survey: &mut Survey, job: JobId, why: &str) {
    let failure = survey.fail(job);
    assert_eq!(
        (failure.culprits, failure.reason),
        (0, FailureReason::Refused)
    );
    let said = survey.given_up(job);
    assert!(said.iter().any(|(.., text)| text.contains(why)), "{said:?}");
    survey.assert_phase(job, JobPhase::Failed);
    let by = said[0].0;
    assert!(survey.status(by, job).reason.is_some());
}

#[test]
fn a_fee_of_one_less_than_the_price() {
    let mut survey = Survey::sealed(3, &VALUES, 1);
    let price = survey.price(VALUES.len());
    let job = survey.request(price - 1);
    refused(&mut survey, job, "the fee in escrow is");
    let job = survey.request(price);
    survey.settle(job);
    survey.assert_right(job, &EVERYBODY, &VALUES);
}

#[test]
fn an_entry_the_contract_does_not_have() {
    let mut survey = Survey::sealed(3, &VALUES, 2);
    for entry in [1, u16::MAX] {
        let job = survey
            .request_entry(survey.requester, entry, PAST_ANY_FEE)
            .expect("the controller does not know the entries");
        refused(&mut survey, job, "has no entry number");
    }
}

/// Nodes do not keep what they cannot run, and say what it needs.
#[test]
fn a_contract_that_committees_do_not_run_yet() {
    let source = "
contract Raffle version 1 {
  group g min 3 max 50;
  collect v: private u64 from each g range 0..=9 allow aggregate(3) to public;
  entry run() { reveal total = v.sum() + random(6) to public; }
}";
    let setting = Setting {
        source,
        parties: 0,
        bound: &[],
    };
    let mut survey = Survey::open_in(setting, 3, 3, VALUES.len(), 4);
    for node in survey.committee() {
        let bytes = survey.bytecode.clone();
        match survey.put_contract(node, bytes) {
            Response::Error(error) => {
                assert_eq!(error.code, ErrorCode::Malformed);
                let needs = "the entry run needs random numbers beside results for everyone; show the results of this \
                             entry to members or parties, who see them once the run is over";
                assert!(error.message.ends_with(needs), "{}", error.message);
            }
            other => panic!("not refused: {other:?}"),
        }
    }
}

#[test]
fn a_node_that_has_lost_the_program() {
    let mut survey = Survey::sealed(3, &VALUES, 3);
    let committee = survey.committee();
    survey.world.kill(committee[2]);
    let disk = &mut survey.world.nodes[committee[2]].disk;
    disk.retain(|(table, _), _| *table != Table::Contracts);
    survey.world.restart(committee[2]);
    survey.world.settle_down();
    let job = survey.request(PAST_ANY_FEE);
    refused(&mut survey, job, "does not have the bytecode");
    let bytes = survey.bytecode.clone();
    let accepted = survey.put_contract(committee[2], bytes);
    assert_eq!(accepted, Response::ContractAccepted);
    let job = survey.request(PAST_ANY_FEE);
    survey.settle(job);
    survey.assert_right(job, &EVERYBODY, &VALUES);
}

#[test]
fn a_program_that_is_not_the_published_one() {
    let mut survey = Survey::open(3, 3, VALUES.len(), 4);
    let honest = survey.bytecode.clone();
    let refused = |survey: &mut Survey, bytes: Vec<u8>| match survey.put_contract(0, bytes) {
        Response::Error(error) => {
            assert_eq!(error.code, ErrorCode::Malformed, "{}", error.message);
            assert_eq!(survey.world.nodes[0].written.len(), 0);
        }
        other => panic!("not refused: {other:?}"),
    };
    for at in 0..honest.len() {
        let mut bytes = honest.clone();
        bytes[at] ^= 1;
        refused(&mut survey, bytes);
    }
    for len in [0, 1, honest.len() - 1] {
        refused(&mut survey, honest[..len].to_vec());
    }
    refused(&mut survey, [&honest[..], &[0]].concat());
    assert_eq!(survey.put_contract(0, honest), Response::ContractAccepted);
}

#[test]
fn a_program_that_nobody_published() {
    let mut survey = Survey::open(3, 3, VALUES.len(), 5);
    let request = ClientRequest::PutContract {
        contract: Hash([5; 32]),
        bytecode: survey.bytecode.clone(),
    };
    match survey.world.answer(0, request) {
        Response::Error(error) => assert_eq!(error.code, ErrorCode::NotAllowed),
        other => panic!("not refused: {other:?}"),
    }
    assert_eq!(survey.world.nodes[0].written.len(), 0);
}

#[test]
fn a_node_that_serves_no_collection_of_the_program() {
    let mut survey = Survey::open(4, 3, VALUES.len(), 5);
    let committee = survey.committee();
    let outside = (0..4).find(|node| !committee.contains(node)).expect("one");
    let bytes = survey.bytecode.clone();
    match survey.put_contract(outside, bytes) {
        Response::Error(error) => assert_eq!(error.code, ErrorCode::NotAllowed),
        other => panic!("not refused: {other:?}"),
    }
    assert_eq!(survey.world.nodes[outside].written.len(), 0);
}

#[test]
fn the_program_on_a_damaged_disk() {
    let mut survey = Survey::sealed(3, &VALUES, 6);
    let node = survey.committee()[1];
    survey.world.settle_down();
    survey.world.kill(node);
    for ((table, _), value) in &mut survey.world.nodes[node].disk {
        if *table == enigma_core::Table::Contracts {
            value[20] ^= 1;
        }
    }
    survey.world.restart(node);
    survey.world.settle_down();
    let job = survey.request(PAST_ANY_FEE);
    refused(&mut survey, job, "this is another contract");
}

#[test]
fn an_unknown_job_and_a_stranger_without_output() {
    let mut survey = Survey::sealed(3, &VALUES, 7);
    match survey.world.answer(0, ClientRequest::Job(JobId(44))) {
        Response::Error(error) => assert_eq!(error.code, ErrorCode::NotFound),
        other => panic!("a status: {other:?}"),
    }
    let job = survey.request(PAST_ANY_FEE);
    survey.settle(job);
    assert!(survey.collect(JobId(44), 0).is_err());
    let request = ClientRequest::Output {
        job,
        recipient: Recipient::Member {
            collection: CollectionId(1),
            member: MemberIndex(5),
        },
    };
    // There is no such member, so nobody may ask.
    match survey.world.answer(0, request) {
        Response::Error(error) => assert_eq!(error.code, ErrorCode::NotAllowed),
        other => panic!("an output: {other:?}"),
    }
}
