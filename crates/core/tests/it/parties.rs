//! Results for parties: each party learns exactly its lines, members learn none of them, nobody else
//! can open them, and a job whose party cannot receive is refused before any row is touched.

use std::collections::BTreeMap;

use enigma_core::{ClientRequest, Response};
use enigma_wire::api::{ErrorCode, OutputShares, SealedOutput};
use enigma_wire::controller::FailureReason;
use enigma_wire::id::{Address, CollectionId, JobId, MemberIndex};
use enigma_wire::output::{self, Recipient};
use enigma_wire::seal::Purpose;

use crate::committee::{Owner, PAST_ANY_FEE, Setting, Survey};

const SOURCE: &str = "
contract Mixed version 1 {
  party seller;
  party auditor;
  group g min 3 max 50;
  group h min 3 max 50;
  collect v: private u64 from each g range 0..=1_000_000
    allow aggregate(3) to each g, each h, auditor
    allow member to seller
    allow per_owner to owner;
  entry run() {
    reveal total = v.sum()                  to auditor;
    reveal who   = v.owner_at(v.argmax())   to seller;
    reveal most  = v.max()                  to each g;
    reveal mean  = v.mean()                 to auditor;
    reveal rank  = v.rank_desc()            to owner(v);
  }
  entry strangers() { reveal most = v.max() to each h; }
}";

/// The first is out of range and dropped; the third is the earliest of the largest.
const VALUES: [i64; 5] = [1_000_001, 5, 900, 900, 1];
const SELLER: Recipient = Recipient::Party(0);
const AUDITOR: Recipient = Recipient::Party(1);

const BOUND: Setting<'_> = Setting {
    source: SOURCE,
    parties: 2,
    bound: &[1, 0],
};

fn member(number: u32) -> Recipient {
    Recipient::Member {
        collection: CollectionId(1),
        member: MemberIndex(number),
    }
}

fn named(results: &[(&str, i64)]) -> BTreeMap<String, i64> {
    let results = results.iter();
    results
        .map(|(name, value)| ((*name).to_owned(), *value))
        .collect()
}

fn settled(committee: u8, seed: u64) -> (Survey, JobId) {
    let mut survey = Survey::sealed_in(BOUND, committee, &VALUES, seed);
    let job = survey.request(PAST_ANY_FEE);
    let certificate = survey.settle(job);
    assert_eq!(certificate.rows, 4);
    (survey, job)
}

fn sealed_output(survey: &mut Survey, position: usize, job: JobId, to: Recipient) -> SealedOutput {
    let node = survey.committee()[position];
    let request = ClientRequest::Output { job, recipient: to };
    match survey.world.answer(node, request) {
        Response::Output(sealed) => sealed,
        other => panic!("no output: {other:?}"),
    }
}

#[test]
fn everybody_learns_exactly_their_lines() {
    for (committee, seed) in [(3, 1), (3, 2), (5, 3)] {
        let (mut survey, job) = settled(committee, seed);
        let auditor = named(&[("total", 1_806), ("mean", 451)]);
        assert_eq!(survey.results(job, AUDITOR), Ok(auditor));
        // The member's number in the list, whoever was dropped before.
        assert_eq!(survey.results(job, SELLER), Ok(named(&[("who", 2)])));
        for (number, rank) in [(1, 3), (2, 1), (3, 1), (4, 4)] {
            let own = named(&[("most", 900), ("rank", rank)]);
            assert_eq!(survey.results(job, member(number)), Ok(own));
        }
        assert!(survey.results(job, member(0)).is_err());
        assert!(survey.results(job, Recipient::Party(2)).is_err());
        assert_eq!(survey.world.trouble(), Vec::<String>::new());
    }
}

#[test]
fn recipients_stand_in_one_tree_members_first() {
    let (mut survey, job) = settled(3, 4);
    let recipients = [member(1), member(2), member(3), member(4), SELLER, AUDITOR];
    for position in 0..3 {
        let sealed = recipients.map(|to| sealed_output(&mut survey, position, job, to));
        let places: Vec<u32> = sealed.iter().map(|output| output.index).collect();
        assert_eq!(places, [0, 1, 2, 3, 4, 5]);
        let ciphertexts: Vec<Vec<u8>> = sealed
            .iter()
            .map(|output| hex::decode(&output.ciphertext).expect("hexadecimal"))
            .collect();
        let tree = output::ciphertext_tree(ciphertexts.iter().map(Vec::as_slice));
        assert!(
            sealed
                .iter()
                .all(|output| output.roots[position] == tree.root())
        );
    }
}

/// No other key opens a recipient's output, for whatever purpose it is said to be.
#[test]
fn nobody_else_can_open_a_partys_output() {
    let (mut survey, job) = settled(3, 5);
    let everybody = [
        member(0),
        member(1),
        member(2),
        member(3),
        member(4),
        SELLER,
        AUDITOR,
    ];
    for to in [SELLER, AUDITOR, member(1)] {
        let sealed = sealed_output(&mut survey, 0, job, to);
        let ciphertext = hex::decode(&sealed.ciphertext).expect("hexadecimal");
        let purposes: Vec<Purpose> = everybody
            .iter()
            .map(|who| survey.purpose(job, 0, *who))
            .collect();
        for who in everybody {
            for purpose in &purposes {
                let opened = survey.keys(who).seal.open(&ciphertext, purpose);
                let meant = who == to && *purpose == survey.purpose(job, 0, to);
                assert_eq!(opened.is_ok(), meant, "{who} opens what is for {to}");
            }
        }
    }
}

/// Not only the names: the message holds no share of another line.
#[test]
fn a_message_holds_the_lines_of_its_recipient_alone() {
    let (mut survey, job) = settled(3, 6);
    for (to, lines) in [
        (SELLER, vec![1]),
        (AUDITOR, vec![0, 3]),
        (member(1), vec![2, 4]),
    ] {
        let sealed = sealed_output(&mut survey, 1, job, to);
        let ciphertext = hex::decode(&sealed.ciphertext).expect("hexadecimal");
        let purpose = survey.purpose(job, 1, to);
        let message = survey.keys(to).seal.open(&ciphertext, &purpose);
        let shares: OutputShares =
            borsh::from_slice(&message.expect("its own key")).expect("an honest message");
        let found: Vec<u16> = shares.lines.iter().map(|line| line.reveal).collect();
        assert_eq!(found, lines, "{to}");
    }
}

/// Refused without blame, before anything is computed.
fn refused(survey: &mut Survey, entry: u16, why: &str) {
    let job = survey
        .request_entry(survey.requester, entry, PAST_ANY_FEE)
        .expect("the controller does not judge this");
    let failure = survey.fail(job);
    assert_eq!(
        (failure.culprits, failure.reason),
        (0, FailureReason::Refused)
    );
    let said = survey.given_up(job);
    assert!(said.iter().any(|(.., text)| text.contains(why)), "{said:?}");
}

#[test]
fn a_party_that_was_not_bound_when_the_collection_was_opened() {
    let unbound = Setting {
        bound: &[0],
        ..BOUND
    };
    let mut survey = Survey::sealed_in(unbound, 3, &VALUES, 7);
    refused(
        &mut survey,
        0,
        "the party auditor, which had not bound its key",
    );
    // A key that comes later does not count: owners did not know it when they gave.
    survey.bind(1);
    refused(
        &mut survey,
        0,
        "the party auditor, which had not bound its key",
    );
}

#[test]
fn an_instance_with_another_number_of_parties() {
    for (parties, seed) in [(0, 8), (1, 9), (3, 10)] {
        let wrong = Setting {
            parties,
            bound: &[],
            ..BOUND
        };
        let mut survey = Survey::sealed_in(wrong, 3, &VALUES, seed);
        let why = format!("the instance names {parties} parties, and contract Mixed has 2");
        refused(&mut survey, 0, &why);
    }
}

/// What is for the members of a group goes to no members of another.
#[test]
fn results_for_people_who_do_not_give_to_the_collection() {
    let strangers = SOURCE.lines().find(|line| line.contains("strangers"));
    let strangers = strangers.expect("the entry is there");
    let source = SOURCE.replace(strangers, "");
    let first = format!("{strangers}\n  entry run()");
    let source = source.replace("  entry run()", &first);
    let swapped = Setting {
        source: &source,
        ..BOUND
    };
    let mut survey = Survey::sealed_in(swapped, 3, &VALUES, 11);
    refused(
        &mut survey,
        0,
        "the entry reveals most to people who do not give",
    );
}

#[test]
fn an_output_that_does_not_exist() {
    let (mut survey, job) = settled(3, 12);
    // A row that was dropped has none.
    let request = ClientRequest::Output {
        job,
        recipient: member(0),
    };
    match survey.world.answer(0, request) {
        Response::Error(error) => assert_eq!(error.code, ErrorCode::NotFound),
        other => panic!("an output: {other:?}"),
    }
}

#[test]
fn an_output_is_for_its_party_alone() {
    let (mut survey, job) = settled(3, 13);
    let accounts: Vec<Address> = survey.parties.iter().map(Owner::address).collect();
    let owner = survey.owners[1].address();
    let mut ask = |caller, party| {
        let recipient = Recipient::Party(party);
        let request = ClientRequest::Output { job, recipient };
        match survey.world.answer_as(0, caller, request) {
            Response::Output(_) => None,
            Response::Error(error) => Some(error.code),
            other => panic!("neither output nor error: {other:?}"),
        }
    };
    for party in [0, 1, 2, u16::MAX] {
        assert_eq!(ask(None, party), Some(ErrorCode::Unauthenticated));
        assert_eq!(ask(Some(owner), party), Some(ErrorCode::NotAllowed));
        for (own, account) in (0..).zip(&accounts) {
            let expected = (own != party).then_some(ErrorCode::NotAllowed);
            assert_eq!(ask(Some(*account), party), expected);
        }
    }
    for account in accounts {
        let status = survey
            .world
            .answer_as(0, Some(account), ClientRequest::Job(job));
        assert!(matches!(status, Response::Job(_)), "{status:?}");
    }
}
