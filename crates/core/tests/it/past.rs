//! Runs that read the ledger as it was.

use enigma_wire::arguments::{self, Arguments};
use enigma_wire::controller::JobRequest;
use enigma_wire::effects::StatePlace;
use enigma_wire::id::JobId;
use enigma_wire::output::PublicValue;

use crate::committee::{Owner, PAST_ANY_FEE, Setting, Survey};

const SOURCE: &str = "
contract Prices version 1 {
  group people min 3 max 50 admit |who| L.get(banned[who], L.height - 1) == false;
  collect pay: private u64 from each people range 0..=1000 allow aggregate(3) to public;
  state L { price: u64 = 5; seen: u64; banned: map<id, bool>; }
  entry set(n: u64 from caller range 0..=999) { L.price = n; }
  entry look(at: u64 from caller) { L.seen = L.get(price, at); }
  entry total() { reveal sum = pay.sum() to public; }
}";

const PRICES: Setting<'_> = Setting {
    source: SOURCE,
    parties: 0,
    bound: &[],
};
const SET: u16 = 0;
const LOOK: u16 = 1;
const SEEN: StatePlace = StatePlace {
    slot: 1,
    key: None,
    column: 0,
};

fn ask(survey: &mut Survey, entry: u16, number: u64) -> JobId {
    let number = i64::try_from(number).expect("small");
    let (values, dealt) = (vec![vec![PublicValue::Number(number)]], None);
    let request = JobRequest {
        collections: Vec::new(),
        arguments: arguments::encode(&Arguments { values, dealt }),
        seal_key: None,
        ..survey.job_request(entry)
    };
    let by = Owner::new(700, 1).address();
    let job = survey.request_job(by, &request, PAST_ANY_FEE);
    job.expect("the chain takes it")
}

/// The block in which the run was settled.
fn settle(survey: &mut Survey, entry: u16, number: u64) -> u64 {
    let job = ask(survey, entry, number);
    survey.settle(job);
    let past = &survey.world.chain.ledger().instances[&survey.instance];
    assert!(!past.state.values.is_empty());
    survey.world.chain.height()
}

fn seen(survey: &mut Survey, height: u64) -> i64 {
    settle(survey, LOOK, height);
    let state = &survey.world.chain.ledger().instances[&survey.instance].state;
    match state.values[&SEEN] {
        PublicValue::Number(number) => number,
        PublicValue::Bytes(_) => panic!("a number"),
    }
}

/// By all members alike, also by one that has read the whole chain anew.
#[test]
fn runs_read_what_was_there_after_a_block() {
    for (committee, seed) in [(3, 1), (5, 2)] {
        let mut survey = Survey::ready_in(PRICES, committee, 3, seed);
        let start = survey.world.chain.height();
        let first = settle(&mut survey, SET, 10);
        let second = settle(&mut survey, SET, 20);
        let node = survey.committee()[1];
        survey.world.kill(node);
        survey.world.restart(node);
        survey.world.settle_down();
        let later = survey.world.chain.height() + 1_000;
        for (height, price) in [(0, 5), (start, 5), (first, 10), (second, 20), (later, 20)] {
            assert_eq!(seen(&mut survey, height), price, "after {height}");
        }
        // Between two blocks that changed it.
        let third = settle(&mut survey, SET, 30);
        assert_eq!(seen(&mut survey, third - 1), 20);
        assert_eq!(seen(&mut survey, third), 30);
        assert_eq!(survey.world.trouble(), Vec::<String>::new());
    }
}
