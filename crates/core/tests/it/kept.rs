//! What an instance keeps for everyone to see, and money: read and changed by runs, as a whole or not at all.

use enigma_core::controller::Call;
use enigma_wire::arguments::{self, Arguments};
use enigma_wire::controller::{Amount, FailureReason, JobRequest};
use enigma_wire::effects::InstanceState;
use enigma_wire::id::{Address, JobId};
use enigma_wire::output::PublicValue;

use crate::committee::{Consented, PAST_ANY_FEE, PRICES, Setting, Survey};

/// The sealed-bid auction, with a jar for tips beside it.
const SOURCE: &str = "
contract Auction version 1 {
  party seller;
  group bidders min 2 max 500;
  state L {
    reserve: u64 = 100;
    done:    bool = false;
    winner:  id;
    price:   u64 = 0;
    tip:     u64 = 0;
    tipped:  u64 = 0;
    block:   u64 = 0;
    seen:    map<id, u64>;
  }
  collect bid: private u64 from each bidders range 1..=1_000_000_000
    allow aggregate(2) to public
    allow member       to public;
  entry close() by seller when !L.done {
    let (first, top, second) = bid.top2();
    reveal sold = top >= L.reserve to public;
    if sold {
      reveal price  = max(second, L.reserve) to public;
      reveal winner = bid.owner_at(first)    to public;
      L.price  = price;
      L.winner = winner;
      transfer(from: winner, to: seller, amount: price);
    }
    for b in bidders { L.seen[b] = 1; }
    L.done = true;
  }
  entry give_tip(n: u64 range 0..=50) by bidders pays n {
    L.tip = n;
    L.tipped = L.time;
    L.block = L.height;
  }
  entry empty_jar(n: u64 range 0..=500) by seller { transfer_out(to: caller, amount: n); }
}";

const AUCTION: Setting<'_> = Setting {
    source: SOURCE,
    parties: 1,
    bound: &[0],
};
const BIDS: [i64; 4] = [300, 900, 2_000_000_000, 700];
const CLOSE: u16 = 0;
const TIP: u16 = 1;
const JAR: u16 = 2;

/// Everybody has bid and lets the seller close; the third bid is out of range.
fn sealed(committee: u8, seed: u64) -> (Survey, Address) {
    let mut survey = Survey::ready_in(AUCTION, committee, BIDS.len(), seed);
    let seller = survey.parties[0].address();
    for (member, bid) in BIDS.iter().enumerate() {
        let deposits = survey.deal(member, *bid);
        survey.contribute_dealt(&deposits);
        let terms = Consented {
            requester: seller,
            ..survey.wide()
        };
        survey.consent_to(member, terms);
    }
    survey.seal();
    (survey, seller)
}

fn state(survey: &Survey) -> InstanceState {
    let ledger = survey.world.chain.ledger();
    (*ledger.instances[&survey.instance].state).clone()
}

/// What is written in a slot that is no map.
fn written(survey: &Survey, slot: &str) -> Option<PublicValue> {
    let at = survey.contract.slots.iter().position(|of| of.name == slot);
    let at = at.expect("declared") as u16;
    let state = state(survey);
    let mut values = state.values.iter();
    let found = values.find(|(place, _)| place.slot == at && place.key.is_none());
    found.map(|(_, value)| value.clone())
}

fn put_in(survey: &mut Survey, account: Address, amount: Amount) {
    let call = Call::PutIn(survey.instance);
    survey
        .world
        .call(account, amount, &call)
        .expect("an amount");
}

fn credit(survey: &Survey, account: Address) -> Amount {
    survey.world.chain.controller.credit(account)
}

/// A request of one of the entries without rows.
fn asked(survey: &Survey, entry: u16, number: i64, pays: Amount) -> JobRequest {
    JobRequest {
        collections: Vec::new(),
        arguments: arguments::encode(&Arguments {
            values: vec![vec![PublicValue::Number(number)]],
            dealt: None,
        }),
        pays,
        ..survey.job_request(entry)
    }
}

fn ask(survey: &mut Survey, by: Address, request: &JobRequest) -> JobId {
    let job = survey.request_job(by, request, PAST_ANY_FEE);
    job.expect("the chain takes it")
}

fn close(survey: &mut Survey, seller: Address) -> JobId {
    let request = survey.job_request(CLOSE);
    ask(survey, seller, &request)
}

/// The job is refused, nobody is named, and a reason is this.
fn refused(survey: &mut Survey, job: JobId, why: &str) {
    let failure = survey.fail(job);
    assert_eq!(
        (failure.reason, failure.culprits),
        (FailureReason::Refused, 0)
    );
    let said = survey.given_up(job);
    assert!(
        said.iter().any(|(_, _, said)| said.contains(why)),
        "{why}: {said:?}"
    );
}

#[test]
fn an_auction_writes_its_state_and_moves_the_price_once() {
    for (committee, seed) in [(3, 1), (5, 2)] {
        let (mut survey, seller) = sealed(committee, seed);
        let winner = survey.owners[1].address();
        put_in(&mut survey, winner, 1_000);
        let job = close(&mut survey, seller);
        survey.settle(job);
        let public = survey.public(job).expect("settled");
        assert_eq!(public["price"].columns, [[PublicValue::Number(700)]]);
        assert_eq!(written(&survey, "price"), Some(PublicValue::Number(700)));
        assert_eq!(written(&survey, "done"), Some(PublicValue::Number(1)));
        let account = PublicValue::Bytes(winner.0.to_vec());
        assert_eq!(written(&survey, "winner"), Some(account));
        assert_eq!(written(&survey, "reserve"), None);
        // Only those whose bids counted have been seen.
        let state = state(&survey);
        let seen: Vec<&PublicValue> = state
            .values
            .keys()
            .filter_map(|place| place.key.as_ref())
            .collect();
        assert_eq!(seen.len(), 3);
        let left_out = PublicValue::Bytes(survey.owners[2].address().0.to_vec());
        assert!(!seen.contains(&&left_out));
        assert_eq!(state.balance(Some(winner)), 300);
        assert_eq!(credit(&survey, seller), 700);
        // A later run finds what this one wrote.
        let again = close(&mut survey, seller);
        survey.fail(again);
        assert_eq!(credit(&survey, seller), 700 + PAST_ANY_FEE - PRICES.base);
    }
}

/// Of a run whose effects cannot take place nothing does, and nobody is shown a result.
#[test]
fn a_price_that_cannot_be_paid_stops_the_whole_run() {
    let (mut survey, seller) = sealed(3, 3);
    let winner = survey.owners[1].address();
    put_in(&mut survey, winner, 699);
    let job = close(&mut survey, seller);
    // What comes after the request does not count, so that all nodes find the same.
    put_in(&mut survey, winner, 1);
    refused(
        &mut survey,
        job,
        "an account has less in the instance than the run transfers from it",
    );
    assert!(survey.public(job).is_err());
    assert!(state(&survey).values.is_empty());
    assert_eq!(state(&survey).balance(Some(winner)), 700);
    let job = close(&mut survey, seller);
    survey.settle(job);
    assert_eq!(state(&survey).balance(Some(winner)), 0);
}

#[test]
fn entries_without_rows_take_payments_and_pay_out() {
    let (mut survey, seller) = sealed(3, 4);
    let (bidder, stranger) = (survey.owners[0].address(), Address([0x77; 20]));
    let wanted = asked(&survey, TIP, 7, 60);
    let job = ask(&mut survey, stranger, &wanted);
    refused(
        &mut survey,
        job,
        "members of the group bidders who have given",
    );
    let short = asked(&survey, TIP, 7, 6);
    let job = ask(&mut survey, bidder, &short);
    refused(
        &mut survey,
        job,
        "takes a payment of 7, and the request pays 6",
    );
    // The fee and what would have been paid came back, but for the base price.
    let back = PAST_ANY_FEE - PRICES.base;
    assert_eq!(credit(&survey, bidder), back);
    let job = ask(&mut survey, bidder, &wanted);
    survey.settle(job);
    assert_eq!(credit(&survey, bidder), back + 53);
    assert_eq!(written(&survey, "tip"), Some(PublicValue::Number(7)));
    // Judged by the block of the request, whenever the run ended.
    let record = &survey.world.chain.ledger().jobs[&job];
    let said = |number: u64| Some(PublicValue::Number(number as i64));
    assert_eq!(written(&survey, "tipped"), said(record.requested_at));
    assert_eq!(written(&survey, "block"), said(record.requested));
    let much = asked(&survey, JAR, 8, 0);
    let job = ask(&mut survey, seller, &much);
    refused(
        &mut survey,
        job,
        "the instance has less funds than the run transfers",
    );
    let right = asked(&survey, JAR, 7, 0);
    let job = ask(&mut survey, seller, &right);
    survey.settle(job);
    assert_eq!(credit(&survey, seller), back + 7);
    assert_eq!(state(&survey).balances.len(), 0);
}

/// A request that hides that it changes something would not wait for others that do; one that claims it would stop them.
#[test]
fn requests_say_whether_they_change_the_instance() {
    let (mut survey, seller) = sealed(3, 5);
    let silent = JobRequest {
        changes: false,
        ..survey.job_request(CLOSE)
    };
    let job = ask(&mut survey, seller, &silent);
    refused(
        &mut survey,
        job,
        "the entry changes its instance, and the request does not say so",
    );
    assert!(survey.world.chain.ledger().uses.is_empty());
}
