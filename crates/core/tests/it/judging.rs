//! Whether jobs may run is judged one at a time, in turns of local work: to judge one may take seconds.

use enigma_core::controller::Call;
use enigma_wire::controller::{Consent, Event, RightKey};
use enigma_wire::id::JobId;

use crate::committee::{Disk, FOREVER, PAST_ANY_FEE, Setting, Survey};

const SOURCE: &str = "
contract Sums version 1 {
  state L { left: map<id, bool>; }
  group people min 3 max 50 admit |who| !L.left[who] && L.height > 0;
  collect pay: private u64 from each people range 0..=1000
    allow aggregate(3) to public
    allow per_owner to owner(pay);
  entry total() { reveal sum = pay.sum() to public; }
  entry largest() { reveal most = pay.max() to public; }
  entry own() { reveal mine = pay.map(|p| p / 2) to owner(pay); }
}";
const ENTRIES: [u16; 3] = [0, 1, 2];
const PAY: [i64; 4] = [100, 200, 300, 400];

const SUMS: Setting<'_> = Setting {
    source: SOURCE,
    parties: 0,
    bound: &[],
};

/// Everybody has given, and lets every entry be run.
fn given(committee: u8, seed: u64) -> Survey {
    let mut survey = Survey::ready_in(SUMS, committee, PAY.len(), seed);
    for (member, pay) in PAY.iter().enumerate() {
        survey.contribute(member, *pay);
    }
    let requester = survey.requester;
    for entry in ENTRIES {
        let grants = survey.owners.iter().enumerate().map(|(member, owner)| {
            let consent = Consent {
                right: RightKey {
                    entry,
                    ..survey.right(member, requester)
                },
                instance: survey.instance,
                owner: owner.address(),
                uses: 9,
                expiry: FOREVER,
                min_group: 1,
                nonce: 1,
            };
            let signature = owner.key.sign(&survey.domain().digest(&consent));
            (consent, signature)
        });
        let call = Call::Grant(grants.collect());
        let granted = survey.world.call(requester, 0, &call);
        granted.expect("good consents");
    }
    survey.seal();
    survey.world.settle_down();
    survey
}

/// A run of each entry, asked for in one block.
fn ask_for_all(survey: &mut Survey) -> Vec<JobId> {
    let calls = ENTRIES.map(|entry| Call::RequestJob(survey.job_request(entry)));
    let requester = survey.requester;
    let events = survey.world.calls(requester, PAST_ANY_FEE, &calls);
    let events = events.expect("the chain takes them").into_iter();
    let jobs = events.map(|event| match event {
        Event::JobRequested { job, .. } => job,
        other => panic!("no job: {other:?}"),
    });
    jobs.collect()
}

/// All members have judged these jobs, in their order, each in a turn of its own.
fn one_by_one(survey: &Survey, jobs: &[JobId]) {
    let each: Vec<(bool, Vec<JobId>)> = jobs.iter().map(|job| (true, vec![*job])).collect();
    for node in survey.committee() {
        assert_eq!(survey.world.nodes[node].judged, each, "node {node}");
    }
}

#[test]
fn the_jobs_of_a_block_are_judged_one_a_turn() {
    for (committee, seed) in [(3, 1), (5, 2), (3, 3)] {
        let mut survey = given(committee, seed);
        let jobs = ask_for_all(&mut survey);
        for job in &jobs {
            survey.settle(*job);
        }
        one_by_one(&survey, &jobs);
        assert_eq!(survey.world.trouble(), Vec::<String>::new());
    }
}

/// The first reads the program anew, and those behind it wait for it, also when somebody brings the program meanwhile.
#[test]
fn jobs_are_judged_in_order_however_slow_a_disk_is() {
    let mut survey = given(3, 4);
    let slow = survey.committee()[1];
    survey.world.kill(slow);
    survey.world.restart(slow);
    survey.world.settle_down();
    survey.world.nodes[slow].disk_mode = Disk::ReadsWait;
    let mut jobs = ask_for_all(&mut survey);
    survey.world.settle_down();
    assert_eq!(survey.world.nodes[slow].judged, []);
    let bytecode = survey.bytecode.clone();
    survey.put_contract(slow, bytecode);
    survey.world.settle_down();
    assert_eq!(survey.world.nodes[slow].judged, []);
    survey.world.release(slow);
    for job in &jobs {
        survey.settle(*job);
    }
    one_by_one(&survey, &jobs);
    // One that comes later has the program at once.
    jobs.extend(ask_for_all(&mut survey));
    for job in &jobs {
        survey.settle(*job);
    }
    one_by_one(&survey, &jobs);
    assert_eq!(survey.world.trouble(), Vec::<String>::new());
}

/// What was not judged when a process ended is judged by the next one.
#[test]
fn nothing_that_waits_is_lost_with_a_process() {
    let mut survey = given(3, 5);
    let committee = survey.committee();
    let dies = committee[2];
    survey.world.kill(dies);
    survey.world.restart(dies);
    // Until the other two reach each other nothing starts.
    survey.world.cut(committee[0], committee[1]);
    survey.world.settle_down();
    survey.world.nodes[dies].disk_mode = Disk::ReadsWait;
    let jobs = ask_for_all(&mut survey);
    survey.world.settle_down();
    assert_eq!(survey.world.nodes[dies].judged, []);
    // The others hear of it: nobody starts with a member that is gone.
    survey.world.kill(dies);
    survey.world.settle_down();
    survey.world.restart(dies);
    survey.world.heal();
    for job in &jobs {
        survey.settle(*job);
    }
    one_by_one(&survey, &jobs);
    assert_eq!(survey.world.trouble(), Vec::<String>::new());
}

/// A job that is over before its turn has come does not keep the others waiting.
#[test]
fn a_job_that_is_over_is_not_waited_for() {
    let mut survey = given(3, 6);
    let slow = survey.committee()[0];
    survey.world.kill(slow);
    survey.world.restart(slow);
    survey.world.settle_down();
    survey.world.nodes[slow].disk_mode = Disk::ReadsWait;
    let jobs = ask_for_all(&mut survey);
    survey.world.settle_down();
    let requester = survey.requester;
    let cancelled = survey.world.call(requester, 0, &Call::CancelJob(jobs[0]));
    cancelled.expect("it has not started");
    survey.world.settle_down();
    survey.world.release(slow);
    for job in &jobs[1..] {
        survey.settle(*job);
    }
    let judged = &survey.world.nodes[slow].judged;
    assert_eq!(judged[..], [(true, vec![jobs[1]]), (true, vec![jobs[2]])]);
    assert_eq!(survey.world.trouble(), Vec::<String>::new());
}
