//! What an instance's committee keeps beside the chain: the chain has hashes, runs read and change it, and those whom the contract lets
//! read get it.

use enigma_core::{ClientRequest, KEYS_AT_ONCE, Response, Table};
use enigma_wire::api::ErrorCode;
use enigma_wire::arguments::{self, Arguments};
use enigma_wire::controller::JobRequest;
use enigma_wire::effects::{StatePlace, kept_hash};
use enigma_wire::id::{Address, JobId};
use enigma_wire::ledger::JobState;
use enigma_wire::output::PublicValue;

use crate::committee::{Disk, Owner, PAST_ANY_FEE, Setting, Survey};

const SOURCE: &str = "
contract Board version 1 {
  group people min 3 max 50;
  collect pay: private u64 from each people range 0..=1000 allow aggregate(3) to public;
  state L { open: bool = false; }
  state DHT {
    notes: map<id, bytes<8>> access |who, key| who == key || L.open;
    motto: [u64; 2] access |who| L.open;
  }
  entry write(note: bytes<8> from caller) { DHT.notes[caller] = note; }
  entry copy(source: id from caller) { DHT.notes[caller] = DHT.notes[source]; }
  entry praise(n: u64 from caller range 0..=9) { DHT.motto[0] = n; }
  entry open() { L.open = true; }
  entry close(n: u64 from caller range 0..=9) { L.open = false; DHT.motto[0] = n; }
  entry total() { reveal sum = pay.sum() to public; }
}";

const BOARD: Setting<'_> = Setting {
    source: SOURCE,
    parties: 0,
    bound: &[],
};
const WRITE: u16 = 0;
const COPY: u16 = 1;
const PRAISE: u16 = 2;
const OPEN: u16 = 3;
const CLOSE: u16 = 4;
/// Of the contract's slots, in order.
const NOTES: u16 = 1;
const MOTTO: u16 = 2;

fn person(number: usize) -> Owner {
    Owner::new(600 + number, 1)
}

fn note(text: &str) -> PublicValue {
    PublicValue::Bytes(text.as_bytes().to_vec())
}

fn account(of: &Owner) -> PublicValue {
    PublicValue::Bytes(of.address().0.to_vec())
}

fn request(survey: &mut Survey, by: &Owner, entry: u16, given: Option<PublicValue>) -> JobId {
    let values = given.into_iter().map(|value| vec![value]).collect();
    let dealt = None;
    let request = JobRequest {
        collections: Vec::new(),
        arguments: arguments::encode(&Arguments { values, dealt }),
        seal_key: None,
        ..survey.job_request(entry)
    };
    let job = survey.request_job(by.address(), &request, PAST_ANY_FEE);
    job.expect("the chain takes it")
}

fn settle(survey: &mut Survey, by: &Owner, entry: u16, given: Option<PublicValue>) -> JobId {
    let job = request(survey, by, entry, given);
    survey.settle(job);
    job
}

fn write(survey: &mut Survey, by: &Owner, text: &str) {
    settle(survey, by, WRITE, Some(note(text)));
}

/// What a member says to somebody who asks.
fn ask(
    survey: &mut Survey,
    node: usize,
    who: Option<Address>,
    (slot, key): (u16, Option<PublicValue>),
) -> Response {
    let instance = survey.instance;
    let request = ClientRequest::Kept {
        instance,
        slot,
        key,
    };
    survey.world.answer_as(node, who, request)
}

/// The columns that a member gives, each with the hash that the chain has.
fn read(
    survey: &mut Survey,
    node: usize,
    who: &Owner,
    at: (u16, Option<PublicValue>),
) -> Vec<(u16, PublicValue)> {
    let Response::Kept(values) = ask(survey, node, Some(who.address()), at.clone()) else {
        panic!("nothing was given");
    };
    let state = survey.world.chain.ledger().instances[&survey.instance]
        .state
        .clone();
    let columns = values.columns.into_iter().map(|given| {
        let bytes = hex::decode(given.value).expect("hexadecimal");
        let value: PublicValue = borsh::from_slice(&bytes).expect("a value");
        let (slot, key) = at.clone();
        let column = given.column;
        let place = StatePlace { slot, key, column };
        let hash = kept_hash(survey.instance, &place, &value);
        assert_eq!(state.values[&place], PublicValue::Bytes(hash.0.to_vec()));
        (column, value)
    });
    columns.collect()
}

fn refusal(response: Response) -> ErrorCode {
    match response {
        Response::Error(error) => error.code,
        other => panic!("not refused: {other:?}"),
    }
}

/// How many values each member keeps.
fn kept(survey: &Survey) -> Vec<usize> {
    let nodes = survey.committee().into_iter();
    let count = |node: usize| survey.world.nodes[node].count(Table::Kept);
    nodes.map(count).collect()
}

#[test]
fn those_whom_the_contract_lets_read_get_what_runs_have_written() {
    for (committee, seed) in [(3, 1), (5, 2)] {
        let mut survey = Survey::ready_in(BOARD, committee, 3, seed);
        let (ada, bob) = (person(0), person(1));
        let (of_ada, of_bob) = ((NOTES, Some(account(&ada))), (NOTES, Some(account(&bob))));
        write(&mut survey, &ada, "one two ");
        write(&mut survey, &bob, "three 4 ");
        write(&mut survey, &ada, "five six");
        // What was there before is gone, at every member.
        assert_eq!(kept(&survey), vec![2; committee.into()]);
        for node in survey.committee() {
            let own = read(&mut survey, node, &ada, of_ada.clone());
            assert_eq!(own, [(0, note("five six"))]);
            let foreign = ask(&mut survey, node, Some(bob.address()), of_ada.clone());
            assert_eq!(refusal(foreign), ErrorCode::NotAllowed);
            let stranger = ask(&mut survey, node, None, of_ada.clone());
            assert_eq!(refusal(stranger), ErrorCode::Unauthenticated);
            // Keys that the map cannot have, and slots that there are not.
            for nowhere in [
                (NOTES, None),
                (NOTES, Some(PublicValue::Number(1))),
                (MOTTO, Some(note("x"))),
            ] {
                let answer = ask(&mut survey, node, Some(ada.address()), nowhere);
                assert_eq!(refusal(answer), ErrorCode::NotAllowed);
            }
            for slot in [0, 9] {
                let answer = ask(&mut survey, node, Some(ada.address()), (slot, None));
                assert_eq!(refusal(answer), ErrorCode::NotFound);
            }
        }
        // Runs read it, too, after a restart of everybody.
        for node in survey.committee() {
            survey.world.kill(node);
            survey.world.restart(node);
        }
        survey.world.settle_down();
        settle(&mut survey, &bob, COPY, Some(account(&ada)));
        let node = survey.committee()[0];
        assert_eq!(
            read(&mut survey, node, &bob, of_bob),
            [(0, note("five six"))]
        );
        // The condition is judged as the ledger stands now.
        settle(&mut survey, &ada, PRAISE, Some(PublicValue::Number(7)));
        let motto = ask(&mut survey, node, Some(ada.address()), (MOTTO, None));
        assert_eq!(refusal(motto), ErrorCode::NotAllowed);
        settle(&mut survey, &ada, OPEN, None);
        let motto = read(&mut survey, node, &ada, (MOTTO, None));
        assert_eq!(motto, [(0, PublicValue::Number(7))]);
        let other = read(&mut survey, node, &person(9), of_ada);
        assert_eq!(other, [(0, note("five six"))]);
        // Nothing was written there: it is as the contract says.
        let blank = read(&mut survey, node, &ada, (NOTES, Some(account(&person(5)))));
        assert_eq!(blank, []);
        assert_eq!(survey.world.trouble(), Vec::<String>::new());
    }
}

#[test]
fn the_chain_has_hashes_alone() {
    let mut survey = Survey::ready_in(BOARD, 3, 3, 3);
    let ada = person(0);
    let job = settle(&mut survey, &ada, PRAISE, Some(PublicValue::Number(7)));
    let ledger = survey.world.chain.ledger();
    assert!(matches!(ledger.jobs[&job].state, JobState::Settled(_)));
    let state = &ledger.instances[&survey.instance].state;
    // Of the column that was written alone.
    let lengths: Vec<(u16, usize)> = (state.values.iter())
        .map(|(place, value)| match value {
            PublicValue::Bytes(bytes) => (place.column, bytes.len()),
            PublicValue::Number(_) => panic!("a value in the clear"),
        })
        .collect();
    assert_eq!(lengths, [(0, 32)]);
}

/// Whoever hears that a member has ended knows that it keeps what was written.
#[test]
fn values_are_durable_before_the_run_is_over_and_gone_if_it_fails() {
    let mut survey = Survey::ready_in(BOARD, 3, 3, 4);
    let (ada, node) = (person(0), survey.committee()[0]);
    write(&mut survey, &ada, "one two ");
    survey.world.nodes[node].disk_mode = Disk::Waits;
    let job = request(&mut survey, &ada, WRITE, Some(note("three 4 ")));
    survey.world.run_until("the attempt", 60_000, |world| {
        !world.nodes[node].waiting_writes.is_empty()
    });
    survey.world.release(node);
    survey.world.nodes[node].disk_mode = Disk::Waits;
    survey.world.run_until("the values", 60_000, |world| {
        !world.nodes[node].waiting_writes.is_empty()
    });
    for _ in 0..60 {
        survey.world.step();
    }
    assert_eq!(survey.state(job), JobState::Open);
    survey.world.kill(node);
    let state = survey.finish(job);
    assert!(matches!(state, JobState::Failed(_)), "{state:?}");
    survey.world.restart(node);
    survey.world.settle_down();
    assert_eq!(kept(&survey), [1, 1, 1]);
    let at = (NOTES, Some(account(&ada)));
    assert_eq!(read(&mut survey, node, &ada, at), [(0, note("one two "))]);
}

#[test]
fn a_member_that_has_lost_a_value_says_so() {
    let mut survey = Survey::ready_in(BOARD, 3, 3, 5);
    let (ada, node) = (person(0), survey.committee()[1]);
    write(&mut survey, &ada, "one two ");
    let disk = &mut survey.world.nodes[node].disk;
    disk.retain(|(table, _), _| *table != Table::Kept);
    let at = (NOTES, Some(account(&ada)));
    let answer = ask(&mut survey, node, Some(ada.address()), at);
    assert_eq!(refusal(answer), ErrorCode::Unavailable);
    let job = request(&mut survey, &person(1), COPY, Some(account(&ada)));
    let state = survey.finish(job);
    assert!(matches!(state, JobState::Failed(_)), "{state:?}");
    let said = survey.given_up(job);
    let why = "no longer has all that the instance keeps";
    assert!(said.iter().any(|(.., said)| said.contains(why)), "{said:?}");
}

/// Also where the disk fails for a while, with pages that could be read in between.
#[test]
fn what_could_not_be_erased_is_erased_later() {
    let mut survey = Survey::ready_in(BOARD, 3, 3, 9);
    let ada = person(0);
    let first = settle(&mut survey, &ada, PRAISE, Some(PublicValue::Number(7)));
    let later = settle(&mut survey, &ada, WRITE, Some(note("one two ")));
    let (node, other) = (survey.committee()[0], survey.committee()[1]);
    survey.world.kill(node);
    let before = survey.world.nodes[node].count(Table::Kept);
    for place in 0..KEYS_AT_ONCE as u32 {
        for job in [first, later] {
            let place = [&survey.instance.0[..], &[0; 30], &place.to_be_bytes()].concat();
            let key = [place, job.0.to_be_bytes().to_vec()].concat();
            let disk = &mut survey.world.nodes[node].disk;
            disk.insert((Table::Kept, key), Vec::new());
        }
    }
    survey.world.restart(node);
    survey.world.nodes[node].disk_mode = Disk::Fails;
    survey.world.settle_down();
    let count = |survey: &Survey| survey.world.nodes[node].count(Table::Kept);
    assert_eq!(count(&survey), before + 2 * KEYS_AT_ONCE);
    survey.world.nodes[node].disk_mode = Disk::Works;
    // A block, and a run that does not end soon.
    survey.world.kill(other);
    request(&mut survey, &ada, OPEN, None);
    survey.world.run_until("the sweep", 5_000, |world| {
        world.nodes[node].count(Table::Kept) == before + KEYS_AT_ONCE
    });
}

/// Between the question and the answer a run may change the values and who may read them.
#[test]
fn nobody_gets_later_values_by_an_earlier_condition() {
    let mut survey = Survey::ready_in(BOARD, 3, 3, 6);
    let (ada, node) = (person(0), survey.committee()[0]);
    settle(&mut survey, &ada, PRAISE, Some(PublicValue::Number(7)));
    settle(&mut survey, &ada, OPEN, None);
    let height = survey.world.chain.height();
    let question = ClientRequest::Kept {
        instance: survey.instance,
        slot: MOTTO,
        key: None,
    };
    survey.world.nodes[node].disk_mode = Disk::ReadsWait;
    let who = Some(ada.address());
    let reply = survey.world.ask_as(node, who, question, height);
    survey.world.run_until("the read", 60_000, |world| {
        !world.nodes[node].waiting_reads.is_empty()
    });
    survey.world.nodes[node].disk_mode = Disk::Works;
    settle(&mut survey, &ada, CLOSE, Some(PublicValue::Number(3)));
    survey.world.release(node);
    let answer = survey.world.await_answer(reply);
    assert_eq!(refusal(answer), ErrorCode::NotAllowed);
}

/// What is over is looked for by its keys, a page at a time; nobody reads the values, which here are none.
#[test]
fn however_much_was_left_goes_at_the_next_start() {
    let mut survey = Survey::ready_in(BOARD, 3, 3, 7);
    let ada = person(0);
    let first = settle(&mut survey, &ada, PRAISE, Some(PublicValue::Number(7)));
    let later = settle(&mut survey, &ada, WRITE, Some(note("one two ")));
    let (node, other) = (survey.committee()[0], survey.committee()[1]);
    let disk = &mut survey.world.nodes[other].disk;
    disk.retain(|(table, _), _| *table != Table::Kept);
    let failed = request(&mut survey, &ada, COPY, Some(account(&ada)));
    let state = survey.finish(failed);
    assert!(matches!(state, JobState::Failed(_)), "{state:?}");

    survey.world.kill(node);
    let places = 2 * KEYS_AT_ONCE as u32 + 3;
    let of_job = |job: JobId, places: &[u32]| {
        let key = |place: &u32| {
            let place = [&survey.instance.0[..], &[0; 30], &place.to_be_bytes()].concat();
            (Table::Kept, [place, job.0.to_be_bytes().to_vec()].concat())
        };
        places.iter().map(key).collect::<Vec<_>>()
    };
    let all: Vec<u32> = (0..places).collect();
    let replaced = [0, KEYS_AT_ONCE as u32, places - 1];
    // What the ledger does not know may be of a run that is still to come.
    let unknown = JobId(failed.0 + 7);
    let before = survey.world.nodes[node].count(Table::Kept);
    let keys = [
        of_job(first, &all),
        of_job(later, &replaced),
        of_job(failed, &all),
        of_job(unknown, &[5]),
    ];
    let disk = &mut survey.world.nodes[node].disk;
    disk.extend(keys.concat().into_iter().map(|key| (key, vec![1, 2, 3])));
    survey.world.restart(node);
    survey.world.settle_down();
    let count = survey.world.nodes[node].count(Table::Kept);
    assert_eq!(count, before + all.len() + 1);
    let disk = &survey.world.nodes[node].disk;
    for (key, stays) in [
        (of_job(first, &replaced), false),
        (of_job(later, &replaced), true),
        (of_job(first, &[1, 4_095, 4_097]), true),
        (of_job(unknown, &[5]), true),
    ] {
        assert!(key.iter().all(|key| disk.contains_key(key) == stays));
    }
}
