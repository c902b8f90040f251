//! Who may ask a node for what, with a real job: each request by everybody who might try.

use enigma_core::{ClientRequest, Response};
use enigma_wire::api::ErrorCode;
use enigma_wire::id::{Address, CollectionId, Hash, JobId, MemberIndex};
use enigma_wire::output::Recipient;

use crate::committee::Survey;

const VALUES: [i64; 5] = [1, 2, 3, 4, 5];
const STRANGER: Address = Address([0xee; 20]);

fn settled() -> (Survey, JobId) {
    let mut survey = Survey::sealed(3, &VALUES, 11);
    let job = survey.request(survey.price(VALUES.len()));
    survey.settle(job);
    (survey, job)
}

#[track_caller]
fn refused(survey: &mut Survey, caller: Option<Address>, request: ClientRequest) {
    let expected = match caller {
        None => ErrorCode::Unauthenticated,
        Some(_) => ErrorCode::NotAllowed,
    };
    match survey.world.answer_as(0, caller, request) {
        Response::Error(error) => assert_eq!(error.code, expected, "{}", error.message),
        other => panic!("answered: {other:?}"),
    }
}

#[test]
fn an_output_is_for_its_recipient_alone() {
    let (mut survey, job) = settled();
    let output = |member| ClientRequest::Output {
        job,
        recipient: Recipient::Member {
            collection: CollectionId(1),
            member: MemberIndex(member),
        },
    };
    let owner = |survey: &Survey, at: usize| Some(survey.owners[at].address());
    for caller in [
        None,
        Some(STRANGER),
        Some(survey.requester),
        owner(&survey, 1),
    ] {
        refused(&mut survey, caller, output(0));
    }
    let caller = owner(&survey, 0);
    assert!(matches!(
        survey.world.answer_as(0, caller, output(0)),
        Response::Output(_)
    ));
    refused(&mut survey, caller, output(99));
}

#[test]
fn how_a_job_stands_is_for_those_it_concerns() {
    let (mut survey, job) = settled();
    refused(&mut survey, None, ClientRequest::Job(job));
    refused(&mut survey, Some(STRANGER), ClientRequest::Job(job));
    for caller in [survey.requester, survey.owners[3].address()] {
        let answer = survey
            .world
            .answer_as(0, Some(caller), ClientRequest::Job(job));
        assert!(matches!(answer, Response::Job(_)), "{answer:?}");
    }
}

#[test]
fn a_contract_is_uploaded_by_its_deployer_and_read_by_everybody() {
    let (mut survey, _) = settled();
    let upload = |survey: &Survey| ClientRequest::PutContract {
        contract: survey.hash,
        bytecode: Vec::new(),
    };
    for caller in [None, Some(STRANGER), Some(survey.owners[0].address())] {
        let request = upload(&survey);
        refused(&mut survey, caller, request);
    }
    let contract = survey.hash;
    let Response::Contract(bytecode) =
        survey
            .world
            .answer_as(0, None, ClientRequest::Contract(contract))
    else {
        panic!("a contract")
    };
    assert_eq!(
        enigma_bytecode::container::contract_hash(&bytecode),
        contract
    );
    let unknown = ClientRequest::Contract(Hash([9; 32]));
    match survey.world.answer_as(0, None, unknown) {
        Response::Error(error) => assert_eq!(error.code, ErrorCode::NotFound),
        other => panic!("answered: {other:?}"),
    }
}
