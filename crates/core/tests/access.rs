//! Who may ask a node for what, with a real job: each request by everybody who might try.

mod harness;

use enigma_core::{ClientRequest, Response};
use enigma_wire::api::ErrorCode;
use enigma_wire::id::{Address, Hash, JobId, MemberIndex};
use enigma_wire::sign::keccak256;
use harness::World;

const VALUES: [i64; 5] = [1, 2, 3, 4, 5];
const STRANGER: Address = Address([0xee; 20]);

fn settled() -> (World, JobId) {
    let mut world = World::new(3, VALUES.len(), 11);
    world.share(&VALUES);
    let job = world.request(VALUES.len() as u32);
    world.run();
    (world, job)
}

#[track_caller]
fn refused(world: &mut World, caller: Option<Address>, request: ClientRequest) {
    let expected = match caller {
        None => ErrorCode::Unauthenticated,
        Some(_) => ErrorCode::NotAllowed,
    };
    match world.ask_as(caller, 0, request) {
        Response::Error(error) => assert_eq!(error.code, expected, "{}", error.message),
        other => panic!("answered: {other:?}"),
    }
}

#[test]
fn an_output_is_for_its_recipient_alone() {
    let (mut world, job) = settled();
    let output = |member| ClientRequest::Output {
        job,
        member: MemberIndex(member),
    };
    let owner = |world: &World, at: usize| Some(world.owners[at].key.address());
    for caller in [
        None,
        Some(STRANGER),
        Some(world.organiser()),
        owner(&world, 1),
    ] {
        refused(&mut world, caller, output(0));
    }
    let caller = owner(&world, 0);
    assert!(matches!(
        world.ask_as(caller, 0, output(0)),
        Response::Output(_)
    ));
    refused(&mut world, caller, output(99));
}

#[test]
fn how_a_job_stands_is_for_those_it_concerns() {
    let (mut world, job) = settled();
    refused(&mut world, None, ClientRequest::Job(job));
    refused(&mut world, Some(STRANGER), ClientRequest::Job(job));
    for caller in [world.organiser(), world.owners[3].key.address()] {
        let answer = world.ask_as(Some(caller), 0, ClientRequest::Job(job));
        assert!(matches!(answer, Response::Job(_)), "{answer:?}");
    }
}

#[test]
fn a_contract_is_uploaded_by_its_deployer_and_read_by_everybody() {
    let (mut world, _) = settled();
    let upload = |world: &World| ClientRequest::PutContract {
        contract: world.contract,
        bytecode: Vec::new(),
    };
    for caller in [None, Some(STRANGER), Some(world.owners[0].key.address())] {
        let request = upload(&world);
        refused(&mut world, caller, request);
    }
    let contract = world.contract;
    let Response::Contract(bytecode) = world.ask_as(None, 0, ClientRequest::Contract(contract))
    else {
        panic!("a contract")
    };
    assert_eq!(
        enigma_bytecode::container::contract_hash(&bytecode),
        contract
    );
    let unknown = ClientRequest::Contract(Hash(keccak256(b"nothing").0));
    match world.ask_as(None, 0, unknown) {
        Response::Error(error) => assert_eq!(error.code, ErrorCode::NotFound),
        other => panic!("answered: {other:?}"),
    }
}
