//! Several rows from each member, and rows that a party gives: what nodes take of whom, what is dropped, what counts for
//! groups, and who is shown what.

use std::collections::BTreeMap;

use enigma_core::Response;
use enigma_core::controller::Call;
use enigma_wire::api::{Deposit, ErrorCode};
use enigma_wire::controller::{CollectionTerms, Event, FailureReason};
use enigma_wire::id::{CollectionId, MemberIndex};
use enigma_wire::merkle::Tree;
use enigma_wire::output::{PublicValue, Recipient};

use crate::committee::{Consented, Owner, PAST_ANY_FEE, Seen, Setting, Survey};

const VISITS: Setting<'_> = Setting {
    source: "
contract Visits version 1 {
  group hospitals min 2 max 4;
  party office;
  struct Visit { age: u64 range 0..=120; days: u64 range 0..=30; }
  collect visits: private table<Visit> from each hospitals max_rows 4
    allow aggregate(3) to public, office
    allow per_owner to owner;
  entry run() {
    reveal ages = visits.age.sum() to public;
    reveal days = visits.days.sum() to office;
    reveal rank = visits.age.rank_desc() to owner(visits);
  }
}",
    parties: 1,
    bound: &[0],
};

const LIST: Setting<'_> = Setting {
    source: "
contract Stock version 1 {
  party shop;
  party office;
  collect stock: private [u64; max 5] from shop range 0..=1_000
    allow aggregate(3) to public, office
    allow per_owner to owner;
  entry run() by office {
    reveal total = stock.sum() to public;
    reveal most  = stock.max() to office;
    reveal own   = stock.rank_desc() to owner(stock);
  }
}",
    parties: 2,
    bound: &[0, 1],
};

/// A row, by its age.
fn visit(age: i64) -> Vec<i64> {
    vec![age, age % 30]
}

fn visits(ages: &[i64]) -> Vec<Vec<i64>> {
    ages.iter().map(|age| visit(*age)).collect()
}

/// Each hospital has given its visits and consented to a group of so many.
fn sealed(hospitals: &[&[i64]], min_group: u32, seed: u64) -> Survey {
    let mut survey = Survey::ready_in(VISITS, 3, hospitals.len(), seed);
    for (member, ages) in hospitals.iter().enumerate() {
        let deposits = survey.deal_rows(member, &visits(ages));
        survey.contribute_dealt(&deposits);
        let terms = Consented {
            min_group,
            ..survey.wide()
        };
        survey.consent_to(member, terms);
    }
    survey.seal();
    survey
}

fn member(number: u32) -> Recipient {
    Recipient::Member {
        collection: CollectionId(1),
        member: MemberIndex(number),
    }
}

fn number(name: &str, values: &[i64]) -> (String, Seen) {
    let seen = Seen {
        columns: vec![values.to_vec()],
        there: Vec::new(),
    };
    (name.to_owned(), seen)
}

fn public_number(survey: &mut Survey, job: enigma_wire::id::JobId, name: &str) -> PublicValue {
    let public = survey.public(job).expect("settled");
    public[name].columns[0][0].clone()
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

/// Rows are dropped one by one; a member without a valid one is not used, the others see results for each row they have left.
#[test]
fn rows_of_members_are_used_one_by_one() {
    let mut survey = sealed(&[&[30, 50, 40], &[121], &[20, 130, 60, 999]], 2, 1);
    let job = survey.request(PAST_ANY_FEE);
    let certificate = survey.settle(job);
    assert_eq!(certificate.rows, 5);
    let ages = PublicValue::Number(30 + 50 + 40 + 20 + 60);
    assert_eq!(public_number(&mut survey, job, "ages"), ages);
    // A visit's days are its age modulo 30.
    let days = BTreeMap::from([number("days", &[20 + 10 + 20])]);
    assert_eq!(survey.seen(job, Recipient::Party(0)), Ok(days));
    for (number_of, ranks) in [(0, &[4, 2, 3][..]), (2, &[5, 1])] {
        let own = BTreeMap::from([number("rank", ranks)]);
        assert_eq!(survey.seen(job, member(number_of)), Ok(own), "{number_of}");
    }
    assert!(survey.seen(job, member(1)).is_err());
    for node in survey.committee() {
        let status = survey.status(node, job);
        let of: Vec<MemberIndex> = status.dropped.iter().map(|row| row.member).collect();
        assert_eq!(of, [MemberIndex(1), MemberIndex(2)]);
        assert_eq!(status.dropped_rows, 3);
    }
    assert_eq!(survey.world.trouble(), Vec::<String>::new());
}

/// An owner's smallest group counts members of whom a row is used, however many rows there are.
#[test]
fn an_owners_smallest_group_counts_members() {
    let hospitals: &[&[i64]] = &[&[30, 50, 40], &[121, 122], &[20, 60]];
    let mut survey = sealed(hospitals, 3, 2);
    let job = survey.request(PAST_ANY_FEE);
    let failure = survey.fail(job);
    assert_eq!(failure.reason, FailureReason::Refused);
    let said = survey.given_up(job);
    let why = "the group is smaller than an owner allows";
    assert!(said.iter().any(|(.., text)| text.contains(why)), "{said:?}");
    let mut survey = sealed(hospitals, 2, 2);
    let job = survey.request(PAST_ANY_FEE);
    assert_eq!(survey.settle(job).rows, 5);
}

/// One hospital alone has rows enough, and is no group.
#[test]
fn a_groups_size_counts_members() {
    let mut survey = Survey::ready_in(VISITS, 3, 2, 3);
    for member in 0..2 {
        let deposits = survey.deal_rows(member, &visits(&[30, 40, 50, 60]));
        survey.contribute_dealt(&deposits);
    }
    survey.consent(0);
    survey.seal();
    let job = survey.request(PAST_ANY_FEE);
    assert_eq!(survey.fail(job).reason, FailureReason::Refused);
    let said = survey.given_up(job);
    let why = "rows of 1 members may be used, and the group hospitals has from 2 to 4";
    assert!(said.iter().any(|(.., text)| text == why), "{said:?}");
}

#[test]
fn as_many_rows_as_the_contract_says() {
    let mut survey = Survey::ready_in(VISITS, 3, 2, 4);
    for rows in [5, 400] {
        let deposit = survey.deal_rows(0, &visits(&vec![30; rows])).remove(0);
        let why = format!("visits takes from 1 to 4 rows from each member, and {rows} are given");
        refused(&mut survey, deposit, ErrorCode::NotAllowed, &why);
    }
    // The number that is signed is the one that was dealt.
    let good = survey.deal_rows(0, &visits(&[30, 40, 50])).remove(0);
    for (rows, code, why) in [
        (0, ErrorCode::NotAllowed, "and 0 are given"),
        (u32::MAX, ErrorCode::NotAllowed, "and 4294967295 are given"),
        (2, ErrorCode::BadDealing, "expected 4 values, found 6"),
        (4, ErrorCode::BadDealing, "expected 8 values, found 6"),
    ] {
        let mut wrong = good.clone();
        survey.claim_rows(0, &mut wrong, rows);
        refused(&mut survey, wrong, code, why);
    }
    let most = survey.deal_rows(0, &visits(&[1, 2, 3, 4]));
    survey.contribute_dealt(&most);
}

#[test]
fn one_row_where_the_contract_says_one() {
    let mut survey = Survey::ready(3, 5, 5);
    let deposit = survey.deal_rows(0, &[vec![1], vec![2]]).remove(0);
    let why = "takes one row from each member, and 2 are given";
    refused(&mut survey, deposit, ErrorCode::NotAllowed, why);
}

/// A correction may have another number of rows.
#[test]
fn a_correction_counts() {
    let mut survey = Survey::ready_in(VISITS, 3, 2, 6);
    for (member, ages) in [(0, &[30, 40, 50][..]), (1, &[60]), (0, &[20, 10])] {
        let deposits = survey.deal_rows(member, &visits(ages));
        survey.contribute_dealt(&deposits);
    }
    for member in 0..2 {
        survey.consent(member);
    }
    survey.seal();
    let job = survey.request(PAST_ANY_FEE);
    assert_eq!(survey.settle(job).rows, 3);
    assert_eq!(
        public_number(&mut survey, job, "ages"),
        PublicValue::Number(90)
    );
}

/// A collection of the shop's, whose list names these people; its owners are they.
fn shop_with(owners: Vec<Owner>, seed: u64) -> Survey {
    let mut survey = Survey::ready_in(LIST, 3, 1, seed);
    survey.owners = owners;
    let accounts: Vec<_> = survey.owners.iter().map(Owner::address).collect();
    survey.tree = Tree::of_members(&accounts);
    let terms = CollectionTerms {
        instance: survey.instance,
        slot: 0,
        member_root: survey.tree.root(),
        member_count: accounts.len() as u32,
        min_rows: 1,
    };
    let opener = survey.requester;
    let opened = survey.world.call(opener, 0, &Call::OpenCollection(terms));
    match opened.as_deref() {
        Ok([Event::CollectionOpened { collection, .. }]) => survey.collection = *collection,
        other => panic!("not opened: {other:?}"),
    }
    survey.collections = vec![survey.collection];
    survey.world.settle_down();
    survey
}

#[test]
fn a_party_gives_rows() {
    let mut survey = shop_with(vec![Owner::of_party(0, 7)], 7);
    let rows: Vec<Vec<i64>> = [7, 9, 1_001, 8].map(|units| vec![units]).to_vec();
    let deposits = survey.deal_rows(0, &rows);
    survey.contribute_dealt(&deposits);
    let office = survey.parties[1].address();
    let terms = Consented {
        requester: office,
        ..survey.wide()
    };
    survey.consent_to(0, terms);
    survey.seal();
    let job = survey.request_entry(office, 0, PAST_ANY_FEE);
    let job = job.expect("a good request");
    assert_eq!(survey.settle(job).rows, 3);
    assert_eq!(
        public_number(&mut survey, job, "total"),
        PublicValue::Number(24)
    );
    let most = BTreeMap::from([number("most", &[9])]);
    assert_eq!(survey.seen(job, Recipient::Party(1)), Ok(most));
    let own = BTreeMap::from([number("own", &[3, 1, 2])]);
    let owner = survey.member(0);
    assert_eq!(survey.seen(job, owner), Ok(own));
}

/// Whoever opens a party's collection can list anybody: nodes take rows of the party alone, and under one number.
#[test]
fn nobody_gives_rows_for_a_party() {
    let listed = vec![
        Owner::new(5, 8),
        Owner::of_party(1, 8),
        Owner::of_party(0, 8),
    ];
    let mut survey = shop_with(listed, 8);
    for member in 0..3 {
        let deposit = survey.deal_rows(member, &[vec![3], vec![4]]).remove(0);
        let who = survey.owners[member].address();
        let why = format!(
            "stock is given by the party shop alone, as member 0, and {who} is member {member} of the list"
        );
        refused(&mut survey, deposit, ErrorCode::NotAllowed, &why);
    }
}
