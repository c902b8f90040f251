//! Private parameters: dealt to the committee before the request, receipted by all, used once, and kept from everyone.

use std::collections::BTreeMap;

use enigma_core::{Response, Table, Write};
use enigma_wire::api::{ErrorCode, ParametersDeposit};
use enigma_wire::arguments::{self, Arguments};
use enigma_wire::controller::{FailureReason, JobRequest};
use enigma_wire::id::{Address, JobId};
use enigma_wire::ledger::JobState;
use enigma_wire::output::{PublicValue, Recipient};
use enigma_wire::parameters::{DealtParameters, KEPT_SECONDS};
use enigma_wire::seal::SealSecret;

use crate::committee::{Consented, Disk, Owner, PAST_ANY_FEE, Setting, Survey};

/// A caller asks what people earn in the measure it has in mind.
const SOURCE: &str = "
contract Measured version 1 {
  group people min 3 max 50;
  collect pay: private u64 from each people range 0..=1000
    allow aggregate(3) to caller;
  entry scaled(weight: private u64 from caller range 0..=9,
               bonus: u64 range 0..=9,
               least: private u64 from caller range 0..=1000) {
    reveal total = pay.sum() * weight + least + bonus to caller;
  }
  state L { n: u64 = 0; }
  entry plain() { L.n += 1; }
}";

const MEASURED: Setting<'_> = Setting {
    source: SOURCE,
    parties: 0,
    bound: &[],
};
const PAY: [i64; 4] = [100, 200, 300, 400];
const SCALED: u16 = 0;
const PLAIN: u16 = 1;

/// Everybody has given and lets the caller run everything.
fn sealed(committee: u8, seed: u64) -> Survey {
    let mut survey = Survey::ready_in(MEASURED, committee, PAY.len(), seed);
    let caller = Owner::new(500, seed);
    for (member, pay) in PAY.iter().enumerate() {
        let deposits = survey.deal(member, *pay);
        survey.contribute_dealt(&deposits);
        let terms = Consented {
            requester: caller.address(),
            ..survey.wide()
        };
        survey.consent_to(member, terms);
    }
    survey.seal();
    // The opener has sealed the collection; who calls is somebody else.
    survey.requester = caller.address();
    survey.caller = Some(caller);
    survey
}

/// What `by` brings to the committee's nodes, in their order.
fn deal(survey: &mut Survey, by: &Owner, until: u64, values: &[i64]) -> Vec<ParametersDeposit> {
    survey.deal_parameters(by, (SCALED, until), values)
}

fn caller(survey: &Survey) -> Owner {
    let known = survey.caller.as_ref().expect("set");
    Owner {
        key: known.key.clone(),
        seal: SealSecret::from_bytes(&known.seal.to_bytes()),
    }
}

/// Deals these for the caller, for as long as may be.
fn kept(survey: &mut Survey, values: &[i64]) -> DealtParameters {
    let (by, until) = (caller(survey), survey.world.chain.time() + KEPT_SECONDS / 2);
    let deposits = deal(survey, &by, until, values);
    survey.keep_parameters(&deposits)
}

fn asked(survey: &Survey, bonus: i64, dealt: Option<DealtParameters>) -> JobRequest {
    let values = vec![vec![], vec![PublicValue::Number(bonus)], vec![]];
    JobRequest {
        arguments: arguments::encode(&Arguments { values, dealt }),
        ..survey.job_request(SCALED)
    }
}

fn request(survey: &mut Survey, by: Address, request: &JobRequest) -> JobId {
    let job = survey.request_job(by, request, PAST_ANY_FEE);
    job.expect("the chain takes it")
}

fn stored(survey: &Survey) -> Vec<usize> {
    let nodes = survey.committee().into_iter();
    let count = |node: usize| survey.world.nodes[node].count(Table::Parameters);
    nodes.map(count).collect()
}

#[test]
fn a_caller_computes_with_what_it_alone_knows() {
    for (committee, seed) in [(3, 1), (5, 2)] {
        let mut survey = sealed(committee, seed);
        let dealt = kept(&mut survey, &[3, 77]);
        assert_eq!(stored(&survey), vec![1; committee.into()]);
        let wanted = asked(&survey, 5, Some(dealt));
        let by = survey.requester;
        let job = request(&mut survey, by, &wanted);
        survey.settle(job);
        let total = PAY.iter().sum::<i64>() * 3 + 77 + 5;
        let expected = BTreeMap::from([("total".to_owned(), total)]);
        assert_eq!(survey.results(job, Recipient::Caller), Ok(expected));
        // Shares of secrets are not kept longer than they are needed.
        assert_eq!(stored(&survey), vec![0; committee.into()]);
        assert_eq!(survey.world.trouble(), Vec::<String>::new());
    }
}

/// A value that breaks its range is found by the committee, and nobody is shown anything.
#[test]
fn parameters_out_of_range_are_refused() {
    let mut survey = sealed(3, 3);
    for values in [[10, 77], [3, 1_001], [-1, 0]] {
        let dealt = kept(&mut survey, &values);
        let wanted = asked(&survey, 5, Some(dealt));
        let by = survey.requester;
        let job = request(&mut survey, by, &wanted);
        let failure = survey.fail(job);
        assert_eq!(failure.reason, FailureReason::Refused);
        assert_eq!(failure.culprits, 0);
        assert!(survey.results(job, Recipient::Caller).is_err());
        assert_eq!(stored(&survey), [0, 0, 0]);
    }
}

/// Each of these fails at the committee, names nobody, costs no owner a use, and says why.
#[test]
fn requests_without_the_right_dealing_are_refused_before_a_use_counts() {
    let mut survey = sealed(3, 4);
    let good = kept(&mut survey, &[3, 77]);
    let spoilt = |change: fn(&mut DealtParameters)| {
        let mut dealt = good.clone();
        change(&mut dealt);
        Some(dealt)
    };
    let (by, missing) = (survey.requester, "are not receipted by every member");
    let plain = JobRequest {
        arguments: arguments::encode(&Arguments {
            values: Vec::new(),
            dealt: Some(good.clone()),
        }),
        collections: Vec::new(),
        ..survey.job_request(PLAIN)
    };
    let shown = JobRequest {
        arguments: arguments::encode(&Arguments {
            values: vec![
                vec![PublicValue::Number(3)],
                vec![PublicValue::Number(5)],
                vec![],
            ],
            dealt: Some(good.clone()),
        }),
        ..survey.job_request(SCALED)
    };
    let cases = [
        (
            asked(&survey, 5, None),
            "the request names none that were dealt",
        ),
        (shown, "gives a value of the private parameter weight"),
        (
            plain,
            "takes no private parameters, and the request names some",
        ),
        (asked(&survey, 5, spoilt(|d| d.root.0[0] ^= 1)), missing),
        (asked(&survey, 5, spoilt(|d| d.until += 1)), missing),
        (
            asked(&survey, 5, spoilt(|d| d.receipts.swap(0, 1))),
            missing,
        ),
        (
            asked(&survey, 5, spoilt(|d| d.receipts.truncate(2))),
            missing,
        ),
        (
            asked(&survey, 5, spoilt(|d| d.receipts.push(d.receipts[0]))),
            missing,
        ),
        (
            asked(&survey, 5, spoilt(|d| d.until = 1)),
            "were to be used until 1",
        ),
    ];
    for (wanted, why) in cases {
        let job = request(&mut survey, by, &wanted);
        let failure = survey.fail(job);
        assert_eq!(failure.reason, FailureReason::Refused, "{why}");
        assert_eq!(failure.culprits, 0, "{why}");
        let said = survey.given_up(job);
        let found = said.iter().any(|(_, _, said)| said.contains(why));
        assert!(found, "{why}: {said:?}");
        assert!(survey.world.chain.ledger().uses.is_empty(), "{why}");
    }
}

/// What the log shows of a request is of no use to another account.
#[test]
fn nobody_else_runs_with_a_callers_parameters() {
    let mut survey = sealed(3, 5);
    let thief = survey.owners[0].address();
    for member in 0..PAY.len() {
        let terms = Consented {
            requester: thief,
            ..survey.wide()
        };
        survey.consent_to(member, terms);
    }
    let dealt = kept(&mut survey, &[3, 77]);
    let wanted = asked(&survey, 5, Some(dealt));
    let job = survey
        .request_job(thief, &wanted, PAST_ANY_FEE)
        .expect("the chain takes it");
    survey.finish(job);
    let said = survey.given_up(job);
    assert!(
        said.iter()
            .any(|(_, _, why)| why.contains("for this caller and entry")),
        "{said:?}"
    );
    assert!(survey.world.chain.ledger().uses.is_empty());
    // Nor has the thief's request erased them: the caller's runs, and one dealing serves one request.
    assert_eq!(stored(&survey), [1, 1, 1]);
    let by = survey.requester;
    let job = request(&mut survey, by, &wanted);
    survey.settle(job);
    let again = request(&mut survey, by, &wanted);
    survey.finish(again);
    let said = survey.given_up(again);
    let why = "an earlier request named these private parameters";
    assert!(said.iter().any(|(.., said)| said.contains(why)), "{said:?}");
}

#[test]
fn deposits_that_nobody_should_keep_are_refused() {
    let mut survey = sealed(3, 6);
    let (by, now) = (caller(&survey), survey.world.chain.time());
    let good = deal(&mut survey, &by, now + 60, &[3, 77]);
    let changed = |change: fn(&mut ParametersDeposit)| {
        let mut deposit = good[0].clone();
        change(&mut deposit);
        deposit
    };
    let late = deal(&mut survey, &by, now - 60, &[3, 77])[0].clone();
    let long = deal(&mut survey, &by, now + 2 * KEPT_SECONDS, &[3, 77])[0].clone();
    let other = Owner::new(501, 6);
    let forged = {
        let mut deposit = deal(&mut survey, &other, now + 60, &[3, 77])[0].clone();
        deposit.parameters.caller = by.address();
        deposit
    };
    let few = deal(&mut survey, &by, now + 60, &[3])[0].clone();
    let cases = [
        (changed(|d| d.sealed[40] ^= 1), ErrorCode::BadDealing),
        (
            changed(|d| d.parameters.entry = PLAIN),
            ErrorCode::NotAllowed,
        ),
        (
            changed(|d| d.parameters.root.0[0] ^= 1),
            ErrorCode::NotAllowed,
        ),
        (
            changed(|d| d.parameters.instance.0[0] ^= 1),
            ErrorCode::NotAllowed,
        ),
        // Sealed to another node.
        (good[1].clone(), ErrorCode::BadDealing),
        (late, ErrorCode::NotAllowed),
        (long, ErrorCode::NotAllowed),
        (forged, ErrorCode::NotAllowed),
        (few, ErrorCode::BadDealing),
    ];
    for (number, (bad, code)) in cases.iter().enumerate() {
        match survey.deposit_parameters(0, bad) {
            Response::Error(error) => assert_eq!(error.code, *code, "{number}: {error:?}"),
            other => panic!("{number}: {other:?}"),
        }
    }
    assert_eq!(stored(&survey), [0, 0, 0]);
    survey.keep_parameters(&good);
    // Again is the same, and takes no more room.
    survey.keep_parameters(&good);
    assert_eq!(stored(&survey), [1, 1, 1]);
}

/// One account has room for a few dealings at a time, until they are out of time: also across a restart.
#[test]
fn what_is_not_used_goes() {
    let mut survey = sealed(3, 7);
    let (by, until) = (caller(&survey), survey.world.chain.time() + 60);
    for _ in 0..16 {
        let deposits = deal(&mut survey, &by, until, &[3, 77]);
        survey.keep_parameters(&deposits);
    }
    let node = survey.committee()[0];
    survey.world.kill(node);
    survey.world.restart(node);
    survey.world.settle_down();
    let further = deal(&mut survey, &by, until, &[3, 77]);
    for (position, of) in further.iter().enumerate() {
        match survey.deposit_parameters(position, of) {
            Response::Error(error) => {
                assert_eq!(error.code, ErrorCode::Unavailable);
                assert!(
                    error.message.contains("has 16 dealings of parameters here"),
                    "{error:?}"
                );
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(stored(&survey), [16, 16, 16]);
    survey.world.chain.pass(120);
    survey.world.idle_blocks(1);
    survey.world.settle_down();
    assert_eq!(stored(&survey), [0, 0, 0]);
    let dealt = kept(&mut survey, &[3, 77]);
    let (by, wanted) = (survey.requester, asked(&survey, 5, Some(dealt)));
    let job = request(&mut survey, by, &wanted);
    survey.settle(job);
}

/// A receipt says that the disk has it: a node that was killed in between still takes part.
#[test]
fn parameters_survive_a_restart() {
    let mut survey = sealed(3, 8);
    let dealt = kept(&mut survey, &[3, 77]);
    let node = survey.committee()[1];
    survey.world.kill(node);
    survey.world.restart(node);
    survey.world.settle_down();
    let (by, wanted) = (survey.requester, asked(&survey, 5, Some(dealt)));
    let job = request(&mut survey, by, &wanted);
    survey.settle(job);
    let expected = BTreeMap::from([("total".to_owned(), 3_082)]);
    assert_eq!(survey.results(job, Recipient::Caller), Ok(expected));
}

/// A disk that refuses is asked again: nothing is forgotten that is there, and nothing stays that is to go.
#[test]
fn a_disk_that_failed_is_looked_through_again() {
    let mut survey = sealed(3, 9);
    let node = survey.committee()[0];
    let (by, until) = (caller(&survey), survey.world.chain.time() + 60);
    let deposits = deal(&mut survey, &by, until, &[3, 77]);
    survey.keep_parameters(&deposits);
    let further = deal(&mut survey, &by, until, &[4, 78]);
    survey.world.nodes[node].disk_mode = Disk::Fails;
    match survey.deposit_parameters(0, &further[0]) {
        Response::Error(error) => assert_eq!(error.code, ErrorCode::Internal),
        other => panic!("{other:?}"),
    }
    survey.world.chain.pass(120);
    survey.world.idle_blocks(1);
    survey.world.settle_down();
    // The erasure failed at this node.
    assert_eq!(stored(&survey), [1, 0, 0]);
    survey.world.nodes[node].disk_mode = Disk::Works;
    for _ in 0..2 {
        survey.world.idle_blocks(1);
        survey.world.settle_down();
    }
    assert_eq!(stored(&survey), [0, 0, 0]);
    let dealt = kept(&mut survey, &[3, 77]);
    let (by, wanted) = (survey.requester, asked(&survey, 5, Some(dealt)));
    let job = request(&mut survey, by, &wanted);
    survey.settle(job);
}

/// A dealing whose job is over goes, whenever the node comes back, and does not come again.
#[test]
fn a_used_dealing_is_not_kept_by_who_missed_the_end() {
    let mut survey = sealed(3, 10);
    let (by, until) = (
        caller(&survey),
        survey.world.chain.time() + KEPT_SECONDS / 2,
    );
    let deposits = deal(&mut survey, &by, until, &[3, 77]);
    let dealt = survey.keep_parameters(&deposits);
    let wanted = asked(&survey, 5, Some(dealt));
    let requester = survey.requester;
    let job = request(&mut survey, requester, &wanted);
    survey.settle(job);
    // As if the node had been killed before it erased its part.
    let node = survey.committee()[0];
    survey.world.kill(node);
    let key = deposits[0].parameters.root.0.to_vec();
    let value = borsh::to_vec(&(by.address(), until)).expect("memory");
    let table = Table::Parameters;
    survey.world.nodes[node].apply(vec![Write::Put { table, key, value }]);
    assert_eq!(stored(&survey), [1, 0, 0]);
    survey.world.restart(node);
    survey.world.settle_down();
    assert_eq!(stored(&survey), [0, 0, 0]);
    for (position, of) in deposits.iter().enumerate() {
        match survey.deposit_parameters(position, of) {
            Response::Error(error) => {
                assert_eq!(error.code, ErrorCode::NotAllowed);
                assert!(
                    error
                        .message
                        .contains("named these private parameters already"),
                    "{error:?}"
                );
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(stored(&survey), [0, 0, 0]);
}

/// A job that nobody calls off is of no use after its deadline, and so are its parameters.
#[test]
fn a_job_out_of_time_keeps_nothing() {
    let mut survey = sealed(3, 11);
    let dealt = kept(&mut survey, &[3, 77]);
    let wanted = JobRequest {
        deadline: survey.world.chain.time() + 2 * KEPT_SECONDS,
        ..asked(&survey, 5, Some(dealt))
    };
    let committee = survey.committee();
    committee[1..]
        .iter()
        .for_each(|node| survey.world.kill(*node));
    let by = survey.requester;
    let job = request(&mut survey, by, &wanted);
    for (seconds, kept) in [(KEPT_SECONDS, 1), (2 * KEPT_SECONDS, 0)] {
        survey.world.chain.pass(seconds);
        survey.world.idle_blocks(1);
        survey.world.settle_down();
        assert_eq!(survey.state(job), JobState::Open);
        assert_eq!(stored(&survey)[0], kept, "after {seconds} s");
    }
}
