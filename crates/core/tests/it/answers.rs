//! Right answers: exact average and ranks for every committee size, under many interleavings, at
//! exactly the predicted cost.

use enigma_core::{ClientRequest, Fact, Response, Table};
use enigma_wire::api::{ErrorCode, JobPhase};
use enigma_wire::id::{CollectionId, JobId, MemberIndex, SealKey};
use enigma_wire::output::Recipient;
use enigma_wire::peer::{self, Frame};

use crate::committee::{Disk, PAST_ANY_FEE, Survey, expected};

const VALUES: [i64; 7] = [3_000, 5_001, 4_000, 0, 4_000, 100_000_000, 4_000];

/// Bytes of set-up and computation frames that each committee member sent for a job.
fn bytes_sent(survey: &Survey, job: JobId) -> Vec<u64> {
    let of = |node: usize| {
        let sent = survey.world.nodes[node].sent.iter();
        let lengths = sent.filter_map(|(_, frame)| match peer::decode(frame) {
            Ok(Frame::Compute(run, ..) | Frame::Setup(run, _)) if run.job == job => {
                Some(frame.len() as u64)
            }
            _ => None,
        });
        lengths.sum()
    };
    survey.committee().into_iter().map(of).collect()
}

fn runs_right(n: u8, values: &[i64], seed: u64) {
    let mut survey = Survey::sealed(n, values, seed);
    let quote = survey.quote(values.len());
    let fee = survey.price(values.len());
    let job = survey.request(fee);
    let certificate = survey.settle(job);
    assert_eq!(certificate.rows as usize, values.len());
    assert_eq!(certificate.multiplications, quote.multiplications);
    assert_eq!(certificate.rounds, quote.rounds);
    assert_eq!(certificate.bytes, quote.bytes_total);
    assert_eq!(bytes_sent(&survey, job), quote.bytes_sent);
    survey.assert_phase(job, JobPhase::Settled);
    for (node, bytes) in survey.committee().into_iter().zip(quote.bytes_sent) {
        let status = survey.status(node, job);
        assert_eq!(status.bytes_sent, bytes);
        assert_eq!(status.dropped, []);
        assert_eq!(status.security, "malicious-abort");
        assert_eq!(status.reason, None);
    }
    let everybody: Vec<usize> = (0..values.len()).collect();
    survey.assert_right(job, &everybody, values);
    assert_eq!(survey.given_up(job), []);
    assert_eq!(survey.world.trouble(), Vec::<String>::new());
}

#[test]
fn three_nodes() {
    for seed in 0..12 {
        runs_right(3, &VALUES, seed);
    }
}

#[test]
fn five_nodes() {
    for seed in 0..4 {
        runs_right(5, &VALUES, seed);
    }
}

#[test]
fn seven_nodes() {
    for seed in 0..3 {
        runs_right(7, &VALUES[..6], seed);
    }
}

#[test]
fn values_at_the_edges_and_all_equal() {
    runs_right(3, &[0; 5], 1);
    runs_right(3, &[100_000_000; 8], 2);
    runs_right(3, &[100_000_000, 0, 100_000_000, 0, 1], 3);
}

#[test]
fn the_average_is_the_truncated_quotient() {
    runs_right(3, &[1, 1, 1, 1, 0], 1);
    runs_right(3, &[2, 2, 2, 2, 1, 1, 1, 1], 2);
    runs_right(3, &[7, 0, 0, 0, 0, 0, 0, 0], 3);
}

#[test]
fn one_seed_gives_one_run() {
    let run = |seed| {
        let mut survey = Survey::sealed(3, &VALUES, seed);
        let job = survey.request(PAST_ANY_FEE);
        survey.settle(job);
        (survey.world.effects, survey.world.trace())
    };
    assert_eq!(run(5), run(5));
    assert_ne!(run(5).1, run(6).1);
}

#[test]
fn a_committee_among_more_nodes_leaves_the_others_out() {
    let mut survey = Survey::open(6, 3, 5, 9);
    survey.upload();
    for member in 0..5 {
        survey.contribute(member, 100 + member as i64);
        survey.consent(member);
    }
    survey.seal();
    let job = survey.request(PAST_ANY_FEE);
    survey.settle(job);
    survey.assert_right(job, &[0, 1, 2, 3, 4], &[100, 101, 102, 103, 104]);
    let committee = survey.committee();
    for (number, node) in survey.world.nodes.iter().enumerate() {
        if !committee.contains(&number) {
            assert_eq!((node.sent.len(), node.received.len()), (0, 0));
            assert_eq!(node.count(Table::Rows), 0);
            assert_eq!(node.reports, []);
        }
    }
}

#[test]
fn a_correction_replaces_the_value_and_its_row() {
    let mut survey = Survey::ready(3, 5, 4);
    for member in 0..5 {
        survey.contribute(member, 1_000 * member as i64);
        survey.consent(member);
    }
    survey.contribute(2, 90_000);
    survey.contribute(2, 80_000);
    survey.seal();
    survey.world.settle_down();
    for node in &survey.world.nodes {
        assert_eq!(node.count(Table::Rows), 5, "the corrected rows are gone");
    }
    let job = survey.request(PAST_ANY_FEE);
    survey.settle(job);
    survey.assert_right(job, &[0, 1, 2, 3, 4], &[0, 1_000, 80_000, 3_000, 4_000]);
}

#[test]
fn one_collection_serves_many_jobs() {
    let mut survey = Survey::sealed(3, &VALUES, 8);
    let everybody: Vec<usize> = (0..VALUES.len()).collect();
    for _ in 0..3 {
        let job = survey.request(PAST_ANY_FEE);
        survey.settle(job);
        survey.assert_right(job, &everybody, &VALUES);
    }
}

#[test]
fn the_fee_goes_to_the_committee() {
    let mut survey = Survey::sealed(5, &VALUES, 8);
    let fee = survey.price(VALUES.len());
    let job = survey.request(fee);
    survey.settle(job);
    let credits = survey.committee().into_iter().map(|node| {
        let operator = survey.world.nodes[node].operator();
        survey.world.chain.controller.credit(operator)
    });
    assert_eq!(credits.sum::<u128>(), fee);
    assert_eq!(survey.world.chain.controller.credit(survey.requester), 0);
}

/// Nothing can be sealed to such a key; that is its owner's loss and nobody else's.
#[test]
fn an_owner_with_an_unusable_sealing_key() {
    let mut survey = Survey::ready(3, 5, 10);
    for (member, value) in VALUES[..5].iter().enumerate() {
        let mut deposits = survey.deal(member, *value);
        if member == 2 {
            let signer = survey.owners[2].key.clone();
            let mut contribution = deposits[0].contribution.clone();
            contribution.seal_key = SealKey([0; 32]);
            let signature = signer.sign(&survey.domain().digest(&contribution));
            for deposit in &mut deposits {
                deposit.contribution = contribution.clone();
                deposit.signature = signature;
            }
        }
        survey.contribute_dealt(&deposits);
        survey.consent(member);
    }
    survey.seal();
    let job = survey.request(PAST_ANY_FEE);
    survey.settle(job);
    assert!(survey.collect(job, 2).is_err());
    for (member, right) in expected(&VALUES[..5]).into_iter().enumerate() {
        if member != 2 {
            assert_eq!(survey.collect(job, member), Ok(right));
        }
    }
}

/// Outputs leave only when the job is settled: before, it could still be refunded.
#[test]
fn outputs_before_the_settlement() {
    let mut survey = Survey::sealed(3, &VALUES, 11);
    let job = survey.request(PAST_ANY_FEE);
    let publishing = Fact::JobPhase {
        job,
        phase: "publishing",
    };
    survey.world.run_until("outputs", 60_000, |world| {
        world.nodes[1].reports.contains(&publishing)
    });
    // The others wait a little for this member's signature.
    survey.world.nodes[1].disk_mode = Disk::Waits;
    survey.world.run_until("stored outputs", 60_000, |world| {
        world.nodes[0].count(Table::Outputs) > 0
    });
    let request = ClientRequest::Output {
        job,
        recipient: Recipient::Member {
            collection: CollectionId(1),
            member: MemberIndex(0),
        },
    };
    match survey.world.answer(0, request) {
        Response::Error(error) => assert_eq!(error.code, ErrorCode::NotAllowed),
        other => panic!("an output: {other:?}"),
    }
    survey.world.release(1);
    survey.settle(job);
    let everybody: Vec<usize> = (0..VALUES.len()).collect();
    survey.assert_right(job, &everybody, &VALUES);
}

/// A log with a gap or a second truth: nothing is decided from it any more.
#[test]
fn a_chain_that_contradicts_itself() {
    let mut survey = Survey::sealed(3, &VALUES, 12);
    survey.world.settle_down();
    survey.world.repeat_block(1);
    survey.world.settle_down();
    match survey.world.answer(1, ClientRequest::Status) {
        Response::Error(error) => assert_eq!(error.code, ErrorCode::Internal),
        other => panic!("a status: {other:?}"),
    }
    survey.world.kill(1);
    survey.world.restart(1);
    survey.world.settle_down();
    let job = survey.request(PAST_ANY_FEE);
    survey.settle(job);
}
