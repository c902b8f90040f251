//! What a node refuses to keep, and that it says so before anything reaches its disk; receipts come
//! after the disk.

use enigma_core::{ClientRequest, Fact, ReplyId, Response, Table};
use enigma_field::M61;
use enigma_wire::api::{Deposit, ErrorCode};
use enigma_wire::dealing;
use enigma_wire::id::{CollectionId, Hash, MemberIndex};
use enigma_wire::seal::OVERHEAD_BYTES;

use crate::committee::{Disk, Owner, Survey, row_purpose};

/// The node at this position of the committee refuses, and neither writes nor sends anything.
fn refused(survey: &mut Survey, position: usize, deposit: Deposit) -> (ErrorCode, String) {
    let node = survey.committee()[position];
    refused_by(survey, node, deposit)
}

fn refused_by(survey: &mut Survey, node: usize, deposit: Deposit) -> (ErrorCode, String) {
    let before = survey.world.nodes[node].written.len();
    let request = ClientRequest::Deposit(Box::new(deposit));
    let response = survey.world.answer(node, request);
    survey.world.settle_down();
    let record = &survey.world.nodes[node];
    assert_eq!(record.written.len(), before, "nothing is written");
    assert_eq!(record.waiting_writes.len(), 0);
    match response {
        Response::Error(error) => (error.code, error.message),
        other => panic!("not refused: {other:?}"),
    }
}

fn not_allowed(survey: &mut Survey, deposit: Deposit, why: &str) {
    let (code, message) = refused(survey, 0, deposit);
    assert_eq!(code, ErrorCode::NotAllowed, "{message}");
    assert!(message.contains(why), "{message}");
}

/// Refused as a bad dealing of this owner, who is named in answer and report.
fn bad_dealing(survey: &mut Survey, position: usize, deposit: Deposit) -> String {
    let by = deposit.contribution.owner;
    let (code, message) = refused(survey, position, deposit);
    assert_eq!(code, ErrorCode::BadDealing, "{message}");
    assert!(message.contains(&by.to_string()), "{message}");
    let node = survey.committee()[position];
    let named = survey.world.nodes[node].reports.iter().any(|fact| {
        matches!(fact, Fact::DealingRefused { owner, why, .. } if *owner == by && *why == message)
    });
    assert!(named, "the dealer is not reported");
    message
}

fn accepted(survey: &mut Survey, position: usize, deposit: Deposit) {
    let receipt = survey.receipt(&deposit.contribution);
    match survey.deposit(position, deposit) {
        Response::DepositAccepted(accepted) => {
            let node = survey.committee()[position];
            assert_eq!(survey.world.index(accepted.node), node);
            let signer = survey.world.nodes[node].signer().address();
            assert_eq!(accepted.receipt.signer(&receipt), Some(signer));
        }
        other => panic!("not accepted: {other:?}"),
    }
}

/// Signs a contribution again after it was changed.
fn sign_again(survey: &Survey, deposit: &mut Deposit, by: &Owner) {
    let digest = survey.domain().digest(&deposit.contribution);
    deposit.signature = by.key.sign(&digest);
}

#[test]
fn an_unknown_collection() {
    let mut survey = Survey::ready(3, 5, 1);
    let mut deposit = survey.deal(0, 1_000).remove(0);
    deposit.contribution.collection = CollectionId(99);
    let owner = Owner::new(0, 1);
    sign_again(&survey, &mut deposit, &owner);
    not_allowed(&mut survey, deposit, "collection 99 is not open");
}

#[test]
fn a_sealed_collection() {
    let mut survey = Survey::ready(3, 5, 1);
    survey.contribute(0, 1_000);
    let deposit = survey.deal(1, 2_000).remove(0);
    survey.seal();
    not_allowed(&mut survey, deposit, "is sealed");
}

#[test]
fn somebody_who_is_not_a_member() {
    let mut survey = Survey::ready(3, 5, 1);
    let stranger = Owner::new(77, 1);
    let mut deposit = survey.deal(0, 1_000).remove(0);
    deposit.contribution.owner = stranger.address();
    sign_again(&survey, &mut deposit, &stranger);
    not_allowed(&mut survey, deposit, "is not member 0");
}

#[test]
fn a_member_under_another_number() {
    let mut survey = Survey::ready(3, 5, 1);
    let mut deposit = survey.deal(0, 1_000).remove(0);
    deposit.contribution.member = MemberIndex(1);
    let owner = Owner::new(0, 1);
    sign_again(&survey, &mut deposit, &owner);
    not_allowed(&mut survey, deposit, "is not member 1");
}

#[test]
fn a_missing_or_foreign_proof_of_membership() {
    let mut survey = Survey::ready(3, 5, 1);
    let good = survey.deal(0, 1_000).remove(0);
    let mut without = good.clone();
    without.member_proof.clear();
    not_allowed(&mut survey, without, "is not member 0");
    let mut foreign = good.clone();
    foreign.member_proof = survey.tree.proof(1).expect("a member");
    not_allowed(&mut survey, foreign, "is not member 0");
    accepted(&mut survey, 0, good);
}

#[test]
fn a_contribution_somebody_else_signed_or_changed() {
    let mut survey = Survey::ready(3, 5, 1);
    let good = survey.deal(0, 1_000).remove(0);
    let mut forged = good.clone();
    let owner = Owner::new(1, 1);
    sign_again(&survey, &mut forged, &owner);
    not_allowed(&mut survey, forged, "is not signed by");
    let mut changed = good.clone();
    changed.contribution.seal_key.0[0] ^= 1;
    not_allowed(&mut survey, changed, "is not signed by");
    let mut broken = good.clone();
    broken.signature.0 = [0; 65];
    not_allowed(&mut survey, broken, "is not signed by");
    let mut elsewhere = good.clone();
    let mut domain = survey.domain();
    domain.chain_id += 1;
    let digest = domain.digest(&elsewhere.contribution);
    elsewhere.signature = survey.owners[0].key.sign(&digest);
    not_allowed(&mut survey, elsewhere, "is not signed by");
    accepted(&mut survey, 0, good);
}

#[test]
fn another_revision_than_the_next() {
    let mut survey = Survey::ready(3, 5, 1);
    let mut early = survey.deal(0, 1_000).remove(0);
    early.contribution.revision = 1;
    let owner = Owner::new(0, 1);
    sign_again(&survey, &mut early, &owner);
    not_allowed(&mut survey, early, "revision 0 is expected, not 1");
    let again = survey.deal(0, 3_000).remove(0);
    survey.contribute(0, 2_000);
    not_allowed(&mut survey, again, "revision 1 is expected, not 0");
}

#[test]
fn a_node_that_is_not_on_the_committee() {
    let mut survey = Survey::open(5, 3, 5, 1);
    let deposit = survey.deal(0, 1_000).remove(0);
    let committee = survey.committee();
    let outside = (0..5).find(|node| !committee.contains(node)).expect("two");
    let (code, message) = refused_by(&mut survey, outside, deposit);
    assert_eq!(code, ErrorCode::NotAllowed);
    assert!(message.contains("does not serve collection"), "{message}");
}

/// Protocols S3: rows cannot be used under another owner's name, not even with a node's help.
#[test]
fn a_row_under_another_owners_contribution() {
    let mut survey = Survey::ready(3, 5, 1);
    let victim = survey.deal(0, 1_000);
    let node = survey.nodes()[0];
    let thief = survey.contribution(1, victim[0].contribution.root);
    let mut relayed = victim[0].clone();
    relayed.contribution = thief.clone();
    relayed.member_proof = survey.tree.proof(1).expect("a member");
    let owner = Owner::new(1, 1);
    sign_again(&survey, &mut relayed, &owner);
    bad_dealing(&mut survey, 0, relayed.clone());
    // A corrupt node opened the row for the thief, who seals it again.
    let at = survey.world.index(node);
    let opened = survey.world.nodes[at]
        .seal()
        .open(
            &victim[0].sealed_row,
            &row_purpose(&victim[0].contribution, node),
        )
        .expect("it is for this node");
    relayed.sealed_row = survey.seal_row(&thief, node, &opened);
    let message = bad_dealing(&mut survey, 0, relayed);
    assert!(message.contains("the commitments hash to"), "{message}");
    accepted(&mut survey, 0, victim[0].clone());
}

#[test]
fn a_row_for_another_node() {
    let mut survey = Survey::ready(3, 5, 1);
    let deposits = survey.deal(0, 1_000);
    bad_dealing(&mut survey, 0, deposits[1].clone());
    // The dealer swaps two nodes' rows before sealing.
    let context = survey.context(0);
    let dealing =
        dealing::deal(&context, &[M61::new(1_000)], &mut survey.random).expect("a good context");
    let mut rows: Vec<Vec<u8>> = dealing
        .rows
        .iter()
        .map(|row| row.encode().to_vec())
        .collect();
    rows.swap(0, 1);
    let swapped = survey.pack_rows(0, dealing.root, &rows);
    bad_dealing(&mut survey, 0, swapped[0].clone());
    bad_dealing(&mut survey, 1, swapped[1].clone());
    accepted(&mut survey, 2, swapped[2].clone());
}

#[test]
fn a_wrong_row_for_one_node() {
    let mut survey = Survey::ready(3, 5, 1);
    let context = survey.context(0);
    let mut deal = |value| {
        dealing::deal(&context, &[M61::new(value)], &mut survey.random).expect("a good context")
    };
    let (dealing, other) = (deal(1_000), deal(2_000));
    let rows = |other_at: usize| {
        let of = |at: usize| if at == other_at { &other } else { &dealing };
        (0..3)
            .map(|at| of(at).rows[at].encode().to_vec())
            .collect::<Vec<_>>()
    };
    // Every position in turn; the others accept.
    for wrong_at in 0..3 {
        let deposits = survey.pack_rows(0, dealing.root, &rows(wrong_at));
        for (position, deposit) in deposits.into_iter().enumerate() {
            if position == wrong_at {
                bad_dealing(&mut survey, position, deposit);
            } else {
                accepted(&mut survey, position, deposit);
            }
        }
    }
}

#[test]
fn a_row_with_any_one_byte_changed() {
    let mut survey = Survey::ready(3, 5, 1);
    let context = survey.context(0);
    let dealing =
        dealing::deal(&context, &[M61::new(1_000)], &mut survey.random).expect("a good context");
    let honest = dealing.rows[0].encode().to_vec();
    for at in (0..honest.len()).step_by(7) {
        let mut row = honest.clone();
        row[at] ^= 4;
        let deposit = survey.pack_rows(0, dealing.root, &[row]).remove(0);
        bad_dealing(&mut survey, 0, deposit);
    }
}

#[test]
fn rows_of_any_other_length() {
    let mut survey = Survey::ready(3, 5, 1);
    let context = survey.context(0);
    let dealing =
        dealing::deal(&context, &[M61::new(1_000)], &mut survey.random).expect("a good context");
    let honest = dealing.rows[0].encode().to_vec();
    let longer = [&honest[..], &[0]].concat();
    let huge = [&honest[..], &vec![0; 3 << 20]].concat();
    for row in [
        &[],
        &honest[..1],
        &honest[..honest.len() - 1],
        &longer,
        &huge,
    ] {
        let deposit = survey.pack_rows(0, dealing.root, &[row.to_vec()]).remove(0);
        bad_dealing(&mut survey, 0, deposit);
    }
    let good = survey.pack_rows(0, dealing.root, &[honest]).remove(0);
    for len in [0, 1, 31, 32, OVERHEAD_BYTES, good.sealed_row.len() - 1] {
        let mut cut = good.clone();
        cut.sealed_row.truncate(len);
        bad_dealing(&mut survey, 0, cut);
    }
    let twice = dealing::deal(&context, &[M61::new(1), M61::new(2)], &mut survey.random)
        .expect("a good context");
    let two_values = Deposit {
        sealed_row: survey.pack(0, &twice)[0].sealed_row.clone(),
        ..good
    };
    bad_dealing(&mut survey, 0, two_values);
}

#[test]
fn the_receipt_waits_for_the_disk() {
    let mut survey = Survey::ready(3, 5, 1);
    let deposit = survey.deal(0, 1_000).remove(0);
    let receipt = survey.receipt(&deposit.contribution);
    let node = survey.committee()[0];
    survey.world.nodes[node].disk_mode = Disk::Waits;
    let request = ClientRequest::Deposit(Box::new(deposit));
    let reply: ReplyId = survey.world.ask(node, request);
    survey.world.settle_down();
    for _ in 0..100 {
        survey.world.step();
    }
    assert!(!survey.world.replies.contains_key(&reply));
    assert_eq!(survey.world.nodes[node].count(Table::Rows), 0);
    survey.world.release(node);
    survey.world.settle_down();
    assert_eq!(survey.world.nodes[node].count(Table::Rows), 1);
    match survey.world.replies.remove(&reply) {
        Some(Response::DepositAccepted(accepted)) => {
            let signer = survey.world.nodes[node].signer().address();
            assert_eq!(accepted.receipt.signer(&receipt), Some(signer));
        }
        other => panic!("no receipt: {other:?}"),
    }
}

#[test]
fn a_failing_disk_gives_no_receipt() {
    let mut survey = Survey::ready(3, 5, 1);
    let deposit = survey.deal(0, 1_000).remove(0);
    let node = survey.committee()[0];
    survey.world.nodes[node].disk_mode = Disk::Fails;
    let (code, _) = refused(&mut survey, 0, deposit.clone());
    assert_eq!(code, ErrorCode::Internal);
    assert!(survey.world.trouble()[0].contains("the disk is full"));
    survey.world.nodes[node].disk_mode = Disk::Works;
    accepted(&mut survey, 0, deposit);
}

#[test]
fn a_crash_before_the_write_leaves_neither_row_nor_receipt() {
    let mut survey = Survey::ready(3, 5, 1);
    let deposit = survey.deal(0, 1_000).remove(0);
    let node = survey.committee()[0];
    survey.world.nodes[node].disk_mode = Disk::Waits;
    let request = ClientRequest::Deposit(Box::new(deposit.clone()));
    let reply = survey.world.ask(node, request);
    survey.world.settle_down();
    survey.world.kill(node);
    survey.world.restart(node);
    survey.world.settle_down();
    assert!(!survey.world.replies.contains_key(&reply));
    assert_eq!(survey.world.nodes[node].count(Table::Rows), 0);
    accepted(&mut survey, 0, deposit);
}

#[test]
fn a_member_cannot_fill_the_disk_with_dealings() {
    let mut survey = Survey::ready(3, 5, 1);
    let mut dealings: Vec<Vec<Deposit>> = (0..5).map(|value| survey.deal(0, value)).collect();
    let last = dealings.pop().expect("five");
    for dealing in &dealings {
        accepted(&mut survey, 0, dealing[0].clone());
        // Saying it again is no new dealing.
        accepted(&mut survey, 0, dealing[0].clone());
    }
    let (code, message) = refused(&mut survey, 0, last[0].clone());
    assert_eq!(code, ErrorCode::Unavailable, "{message}");
    // Each of them may still be recorded, so their rows stay until one is; then none of the others can be.
    let node = survey.committee()[0];
    assert_eq!(survey.world.nodes[node].count(Table::Rows), 4);
    survey.contribute_dealt(&dealings[2]);
    let only = |survey: &Survey, root: Hash| {
        let rows = survey.world.nodes[node].load(Table::Rows, &[]);
        assert_eq!(rows.len(), 1);
        assert!(rows[0].0.ends_with(&root.0), "the recorded one is kept");
    };
    only(&survey, dealings[2][0].contribution.root);
    // Corrections are welcome until the seal, however many were made.
    for value in 5..12 {
        let correction = survey.deal(0, value);
        survey.contribute_dealt(&correction);
        only(&survey, correction[0].contribution.root);
    }
    // A dealing that was never recorded goes with the seal.
    let abandoned = survey.deal(0, 12).remove(0);
    accepted(&mut survey, 0, abandoned);
    assert_eq!(survey.world.nodes[node].count(Table::Rows), 2);
    let recorded = survey.record().contributions[&MemberIndex(0)].root;
    survey.seal();
    survey.world.settle_down();
    only(&survey, recorded);
}

/// Shares that nobody needs are not kept because a node was down at the wrong time.
#[test]
fn unrecorded_dealings_are_erased_by_a_node_that_restarted() {
    let mut survey = Survey::ready(3, 5, 1);
    let (recorded, other) = (survey.deal(0, 1_000), survey.deal(0, 2_000));
    for (position, deposit) in other.iter().enumerate() {
        accepted(&mut survey, position, deposit.clone());
    }
    survey.contribute_dealt(&recorded);
    let committee = survey.committee();
    // One restarts before the sealing, one is down meanwhile.
    survey.world.kill(committee[1]);
    survey.world.restart(committee[1]);
    survey.world.settle_down();
    survey.world.kill(committee[2]);
    survey.seal();
    survey.world.settle_down();
    survey.world.restart(committee[2]);
    survey.world.settle_down();
    let root = recorded[0].contribution.root;
    for node in committee {
        let rows = survey.world.nodes[node].load(Table::Rows, &[]);
        assert_eq!(rows.len(), 1, "node {node}");
        assert!(rows[0].0.ends_with(&root.0), "the recorded one is kept");
    }
}

#[test]
fn refused_dealings_leave_the_room_to_good_ones() {
    let mut survey = Survey::ready(3, 5, 1);
    for value in 0..10 {
        let mut deposit = survey.deal(0, value).remove(0);
        deposit.sealed_row[40] ^= 1;
        bad_dealing(&mut survey, 0, deposit);
    }
    let good = survey.deal(0, 11).remove(0);
    accepted(&mut survey, 0, good);
}

#[test]
fn a_request_waits_for_its_block_but_not_forever() {
    let mut survey = Survey::ready(3, 5, 1);
    let node = survey.committee()[0];
    let next = survey.world.chain.height() + 1;
    let reply = survey.world.ask_after(node, ClientRequest::Status, next);
    survey.world.settle_down();
    assert!(!survey.world.replies.contains_key(&reply));
    survey.world.idle_blocks(1);
    survey.world.settle_down();
    assert!(matches!(
        survey.world.replies.remove(&reply),
        Some(Response::Status(status)) if status.block == next
    ));
    let reply = survey
        .world
        .ask_after(node, ClientRequest::Status, next + 50);
    survey.world.run_until("refusal", 15_000, |world| {
        world.replies.contains_key(&reply)
    });
    assert!(matches!(
        survey.world.replies.remove(&reply),
        Some(Response::Error(error)) if error.code == ErrorCode::Unavailable
    ));
}
