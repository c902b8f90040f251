//! Rows of several columns of all kinds: deposits as long as the contract says, cells that hide what too few are in, results
//! for everyone, a party, each member and each owner.

use std::collections::BTreeMap;

use enigma_bytecode::verify::MAX_COLUMNS;
use enigma_core::{ClientRequest, Response};
use enigma_field::{Committee, M61, M127};
use enigma_wire::api::{DEPOSIT_EXTRA_BYTES, Deposit, ErrorCode, MAX_BODY_BYTES};
use enigma_wire::controller::FailureReason;
use enigma_wire::dealing::RowPackage;
use enigma_wire::id::{Address, CollectionId, JobId, MemberIndex};
use enigma_wire::output::{PublicLine, PublicValue, Recipient};
use enigma_wire::seal::OVERHEAD_BYTES;

use crate::committee::{Consented, PAST_ANY_FEE, Seen, Setting, Survey};

const SOURCE: &str = "
contract Clinic version 1 {
  group people min 3 max 50;
  party clinic;
  enum Blood { A, B, AB }
  struct Row {
    blood: Blood;
    age: u64 range 0..=120;
    smokes: bool;
    dose: fix range 0..=10;
    card: hash;
    other: hash;
  }
  collect r: private Row from each people
    allow aggregate(3) to public, clinic, each people
    allow per_owner to owner;
  entry run() by clinic {
    let cells = r.group_by(|row| row.blood);
    let size = cells.count();
    reveal ages   = cells.sum(|row| row.age)          to public with min_group(size, 3);
    reveal oldest = cells.max(|row| row.age)          to clinic, each people with min_group(size, 3);
    reveal dose   = r.dose.sum()                      to clinic;
    reveal same   = (r.card == r.other).count_true()  to public;
    reveal rank   = r.age.rank_desc()                 to owner(r);
    reveal card   = r.card                            to owner(r);
  }
}";

const CLINIC: Setting<'_> = Setting {
    source: SOURCE,
    parties: 1,
    bound: &[0],
};
const PARTY: Recipient = Recipient::Party(0);

/// Columns of a row: blood, age, smokes, dose, and the pieces of two hashes.
const COLUMNS: usize = 4 + 5 + 5;
const A: i64 = 0;
const B: i64 = 1;
const AB: i64 = 2;
/// One, in fixed point.
const ONE: i64 = 1 << 16;

/// A row whose hashes are made of these numbers.
fn row(blood: i64, age: i64, card: i64, other: i64) -> Vec<i64> {
    let mut row = vec![blood, age, age % 2, ONE + age];
    for hash in [card, other] {
        row.extend([hash, hash + 1, (1 << 52) - 1 - hash, 0, hash % 7]);
    }
    assert_eq!(row.len(), COLUMNS);
    row
}

/// Three of A are left, one of B, three of AB; four rows break a range, each in another column.
fn rows() -> Vec<Vec<i64>> {
    let mut rows = vec![
        row(A, 30, 1, 1),
        row(A, 40, 2, 3),
        row(B, 50, 4, 4),
        row(A, 121, 5, 5),
        row(AB, 60, 6, 7),
        row(A, 35, 8, 8),
        row(AB, 70, 9, 9),
        row(AB, 20, 10, 10),
        row(AB, 90, 11, 12),
        row(B, 51, 13, 13),
        row(A, 41, 14, 14),
    ];
    rows[6][2] = 2;
    rows[9][8] = 1 << 52;
    rows[10][3] = -1;
    rows
}

const DROPPED: [u32; 4] = [3, 6, 9, 10];

fn member(number: u32) -> Recipient {
    Recipient::Member {
        collection: CollectionId(1),
        member: MemberIndex(number),
    }
}

/// Everybody has given a row and consented to the party's jobs.
fn sealed(committee: u8, rows: &[Vec<i64>], seed: u64) -> (Survey, Address) {
    let mut survey = Survey::ready_in(CLINIC, committee, rows.len(), seed);
    let clinic = survey.parties[0].address();
    for (member, row) in rows.iter().enumerate() {
        let deposits = survey.deal_row(member, row);
        survey.contribute_dealt(&deposits);
        let terms = Consented {
            requester: clinic,
            ..survey.wide()
        };
        survey.consent_to(member, terms);
    }
    survey.seal();
    (survey, clinic)
}

fn settled(committee: u8, seed: u64) -> (Survey, JobId) {
    let (mut survey, clinic) = sealed(committee, &rows(), seed);
    let job = survey.request_entry(clinic, 0, PAST_ANY_FEE);
    let job = job.expect("a good request");
    let certificate = survey.settle(job);
    assert_eq!(certificate.rows as usize, rows().len() - DROPPED.len());
    (survey, job)
}

fn seen(columns: Vec<Vec<i64>>, there: Vec<Vec<i64>>) -> Seen {
    Seen { columns, there }
}

fn named<T, const N: usize>(all: [(&str, T); N]) -> BTreeMap<String, T> {
    all.map(|(name, value)| (name.to_owned(), value)).into()
}

/// Cells under a guard to everyone, to a party and each member; fixed point, hashes and ranks beside them.
#[test]
fn everybody_sees_exactly_their_columns() {
    for (committee, seed) in [(3, 1), (5, 2)] {
        let (mut survey, job) = settled(committee, seed);
        let oldest = seen(
            vec![vec![40], vec![0], vec![90]],
            vec![vec![1], vec![0], vec![1]],
        );
        let dose = 7 * ONE + 30 + 40 + 50 + 60 + 35 + 20 + 90;
        let clinic = named([
            ("oldest", oldest.clone()),
            ("dose", seen(vec![vec![dose]], vec![])),
        ]);
        assert_eq!(survey.seen(job, PARTY), Ok(clinic));
        for (number, rank) in [(0, 6), (1, 4), (2, 3), (4, 2), (5, 5), (7, 7), (8, 1)] {
            let card = &rows()[number as usize][4..9];
            let card = card.iter().map(|piece| vec![*piece]).collect();
            let own = named([
                ("oldest", oldest.clone()),
                ("rank", seen(vec![vec![rank]], vec![])),
                ("card", seen(card, vec![])),
            ]);
            assert_eq!(survey.seen(job, member(number)), Ok(own), "{number}");
        }
        let numbers = |numbers: &[i64]| numbers.iter().map(|x| PublicValue::Number(*x)).collect();
        let public = named([
            (
                "ages",
                PublicLine {
                    reveal: 0,
                    columns: vec![numbers(&[105]), numbers(&[0]), numbers(&[170])],
                    there: vec![vec![true], vec![false], vec![true]],
                },
            ),
            (
                "same",
                PublicLine {
                    reveal: 3,
                    columns: vec![numbers(&[4])],
                    there: vec![],
                },
            ),
        ]);
        assert_eq!(survey.public(job), Ok(public));
        let dropped: Vec<MemberIndex> = DROPPED.map(MemberIndex).to_vec();
        for node in survey.committee() {
            assert_eq!(survey.dropped(node, job), dropped);
        }
        assert!(survey.seen(job, member(3)).is_err());
        assert_eq!(survey.world.trouble(), Vec::<String>::new());
    }
}

/// What everyone sees stands last in the tree, and nobody has to sign to ask for it.
#[test]
fn public_results_are_for_everybody_and_last_in_the_tree() {
    let (mut survey, job) = settled(3, 3);
    let stranger = Some(Address([0x77; 20]));
    for caller in [None, stranger] {
        let recipient = Recipient::Public;
        let request = ClientRequest::Output { job, recipient };
        match survey.world.answer_as(0, caller, request) {
            Response::Output(sealed) => assert_eq!(sealed.index as usize, 7 + 1),
            other => panic!("no output: {other:?}"),
        }
    }
}

/// A cell of fewer than three is hidden from everyone, whoever calls; with the dropped rows counted it would not be.
#[test]
fn dropped_rows_do_not_count_for_a_guard() {
    let mut three = vec![row(A, 30, 1, 1), row(A, 40, 1, 1), row(A, 50, 1, 1)];
    three.extend([row(B, 1, 1, 1), row(B, 2, 1, 1), row(B, 130, 1, 1)]);
    let (mut survey, clinic) = sealed(3, &three, 4);
    let job = survey.request_entry(clinic, 0, PAST_ANY_FEE);
    let job = job.expect("a good request");
    survey.settle(job);
    let public = survey.public(job).expect("settled");
    assert_eq!(public["ages"].there, [[true], [false], [false]]);
    let ages = [120, 0, 0].map(|age| [PublicValue::Number(age)]);
    assert_eq!(public["ages"].columns, ages);
}

#[test]
fn only_the_party_that_an_entry_names_may_call_it() {
    let (mut survey, _) = sealed(3, &rows(), 5);
    let stranger = survey.requester;
    for member in 0..rows().len() {
        survey.consent(member);
    }
    let job = survey.request(PAST_ANY_FEE);
    let failure = survey.fail(job);
    assert_eq!(
        (failure.culprits, failure.reason),
        (0, FailureReason::Refused)
    );
    let why =
        format!("the entry run may be called by the party clinic alone, and {stranger} is not");
    let said = survey.given_up(job);
    assert!(said.iter().any(|(.., text)| *text == why), "{said:?}");
}

#[test]
fn a_row_of_another_length() {
    let mut survey = Survey::ready_in(CLINIC, 3, 5, 6);
    let good = row(A, 30, 1, 1);
    let mut long = good.clone();
    long.push(0);
    for wrong in [&good[..1], &good[..COLUMNS - 1], &long] {
        let deposit = survey.deal_row(0, wrong).remove(0);
        let why = format!("expected {COLUMNS} values, found {}", wrong.len());
        refused(&mut survey, deposit, ErrorCode::BadDealing, &why);
    }
    let deposits = survey.deal_row(0, &good);
    survey.contribute_dealt(&deposits);
}

fn refused(survey: &mut Survey, deposit: Deposit, code: ErrorCode, why: &str) {
    let node = survey.committee()[0];
    let before = survey.world.nodes[node].written.len();
    match survey.deposit(0, deposit) {
        Response::Error(error) => {
            assert_eq!(error.code, code, "{}", error.message);
            assert!(error.message.contains(why), "{}", error.message);
        }
        other => panic!("not refused: {other:?}"),
    }
    assert_eq!(survey.world.nodes[node].written.len(), before);
}

/// A node cannot know how long a row is before it has the contract; then it does, also when it starts again.
#[test]
fn rows_are_taken_once_the_contract_is_there() {
    let mut survey = Survey::open_in(CLINIC, 3, 3, 5, 7);
    let deposits = survey.deal_row(0, &row(A, 30, 1, 1));
    let why = "does not have the bytecode of contract";
    refused(
        &mut survey,
        deposits[0].clone(),
        ErrorCode::Unavailable,
        why,
    );
    survey.upload();
    survey.contribute_dealt(&deposits);
    for node in survey.committee() {
        survey.world.kill(node);
        survey.world.restart(node);
    }
    survey.world.settle_down();
    let deposits = survey.deal_row(1, &row(B, 30, 1, 1));
    survey.contribute_dealt(&deposits);
    let short = survey.deal_row(2, &[1]).remove(0);
    refused(
        &mut survey,
        short,
        ErrorCode::BadDealing,
        "expected 14 values, found 1",
    );
}

/// Requests that come while the contract is being read are all served.
#[test]
fn deposits_at_once_after_a_restart() {
    let mut survey = Survey::ready_in(CLINIC, 3, 5, 8);
    let node = survey.committee()[0];
    survey.world.kill(node);
    survey.world.restart(node);
    survey.world.settle_down();
    let mut replies = Vec::new();
    for member in 0..5 {
        let deposit = survey.deal_row(member, &row(A, 30, 1, 1)).remove(0);
        let request = ClientRequest::Deposit(Box::new(deposit));
        replies.push(survey.world.ask(node, request));
    }
    survey.world.settle_down();
    for reply in replies {
        let response = survey.world.replies.remove(&reply);
        assert!(
            matches!(response, Some(Response::DepositAccepted(_))),
            "{response:?}"
        );
    }
}

/// The widest row that a contract may have fits into a request, for every committee and field.
#[test]
fn the_widest_row_fits_into_a_request() {
    let largest = (1..=u8::MAX).rev().find_map(|n| Committee::new(n).ok());
    let largest = largest.expect("there are committees");
    for package in [
        RowPackage::<M61>::encoded_len(&largest, MAX_COLUMNS),
        RowPackage::<M127>::encoded_len(&largest, MAX_COLUMNS),
    ] {
        let deposit = package + DEPOSIT_EXTRA_BYTES;
        assert!(deposit <= MAX_BODY_BYTES, "{deposit} bytes");
    }
    // Lists and tables as the language's specification has them, for committees as they are.
    let committee = Committee::new(9).expect("a committee");
    for values in [4_096 * 5, 2_000 * 16] {
        let deposit = RowPackage::<M127>::encoded_len(&committee, values) + DEPOSIT_EXTRA_BYTES;
        assert!(deposit <= MAX_BODY_BYTES, "{deposit} bytes");
    }
    const { assert!(DEPOSIT_EXTRA_BYTES > 104 + 65 + 4 + 32 * 32 + 4 + OVERHEAD_BYTES) };
}
