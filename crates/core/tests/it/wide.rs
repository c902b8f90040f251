//! Contracts over 2^127 - 1: committees run them as they run others, on values of 63 bits and on products of numbers with a
//! point, a regression; rows of another field are refused, values that no honest owner deals are dropped.

use std::collections::BTreeMap;

use enigma_bytecode::model::Profile;
use enigma_core::{Response, Table};
use enigma_field::{M61, M127};
use enigma_wire::api::{Deposit, ErrorCode};
use enigma_wire::id::{CollectionId, JobId, MemberIndex};
use enigma_wire::output::{PublicLine, PublicValue, Recipient};

use crate::committee::{PAST_ANY_FEE, Seen, Setting, Survey};

const SOURCE: &str = "
contract Wide version 1 {
  group people min 3 max 50;
  party host;
  struct Row {
    dose: fix range -1_000..=1_000;
    weight: fix range 0..=500;
    big: i64 range -9_223_372_036_854_775_807..=9_223_372_036_854_775_807;
  }
  collect r: private Row from each people
    allow aggregate(3) to public, host, each people
    allow per_owner to owner;
  entry run() {
    reveal mean  = r.dose.mean()         to public;
    reveal total = dot(r.dose, r.weight) to host;
    reveal most  = r.big.max()           to each people;
    reveal rank  = r.big.rank_desc()     to owner(r);
    reveal own   = r.big                 to owner(r);
  }
}";

const WIDE: Setting<'_> = Setting {
    source: SOURCE,
    parties: 1,
    bound: &[0],
};

/// The same over the small field.
const SMALL: Setting<'_> = Setting {
    source: "
contract Small version 1 {
  group people min 3 max 50;
  party host;
  struct Row { dose: u64 range 0..=1_000; weight: u64 range 0..=500; big: u64 range 0..=9; }
  collect r: private Row from each people allow aggregate(3) to host;
  entry run() { reveal mean = r.dose.mean() to host; }
}",
    parties: 1,
    bound: &[0],
};

/// Numbers with a point, and a regression over them.
const LINE: Setting<'_> = Setting {
    source: include_str!("../../../../examples/pay_line/pay_line.enigma"),
    parties: 0,
    bound: &[],
};
const SAMPLE: &str = include_str!("../../../../examples/pay_line/rows.csv");

const HOST: Recipient = Recipient::Party(0);
/// One, in fixed point.
const ONE: i64 = 1 << 16;
const LARGEST: i64 = i64::MAX;

/// Doses have a fraction, weights have none: their products are exact.
fn rows() -> Vec<[i64; 3]> {
    vec![
        [1_000 * ONE, 500 * ONE, LARGEST],
        [-1_000 * ONE, 499 * ONE, -LARGEST],
        [3 * ONE + 1, 70 * ONE, LARGEST - 1],
        [-7 * ONE - 5, 80 * ONE, 0],
        [250 * ONE + 77, 2 * ONE, 1 << 62],
        [12_345, 0, LARGEST],
        [-1, 3 * ONE, -(1 << 61) - 1],
    ]
}

fn elements(row: [i64; 3]) -> [M127; 3] {
    row.map(M127::from_i64)
}

fn member(number: usize) -> Recipient {
    Recipient::Member {
        collection: CollectionId(1),
        member: MemberIndex(number as u32),
    }
}

/// Everybody gives what they are said to give, and consents.
fn sealed(committee: u8, rows: &[[M127; 3]], seed: u64) -> Survey {
    let mut survey = Survey::ready_in(WIDE, committee, rows.len(), seed);
    assert_eq!(survey.contract.profile, Profile::ShamirM127V1);
    for (member, row) in rows.iter().enumerate() {
        let deposits = survey.deal_elements(member, row);
        survey.contribute_dealt(&deposits);
        survey.consent(member);
    }
    survey.seal();
    survey
}

fn seen(value: i64) -> Seen {
    Seen {
        columns: vec![vec![value]],
        there: vec![],
    }
}

/// Everybody learns what plain arithmetic says of the rows of `used`.
fn assert_right(survey: &mut Survey, job: JobId, used: &[(usize, [i64; 3])]) {
    let doses: i64 = used.iter().map(|(_, row)| row[0]).sum();
    let mean = PublicLine {
        reveal: 0,
        columns: vec![vec![PublicValue::Number(
            doses.div_euclid(used.len() as i64),
        )]],
        there: vec![],
    };
    let public = survey.public(job);
    assert_eq!(public, Ok(BTreeMap::from([("mean".to_owned(), mean)])));
    let total: i64 = used.iter().map(|(_, row)| row[0] * (row[1] / ONE)).sum();
    let host = survey.seen(job, HOST);
    assert_eq!(
        host,
        Ok(BTreeMap::from([("total".to_owned(), seen(total))]))
    );
    let most = used.iter().map(|(_, row)| row[2]).max().expect("some");
    for (number, row) in used {
        let above = used.iter().filter(|(_, other)| other[2] > row[2]).count();
        let own = [("most", most), ("rank", 1 + above as i64), ("own", row[2])];
        let own = own.map(|(name, value)| (name.to_owned(), seen(value)));
        assert_eq!(survey.seen(job, member(*number)), Ok(BTreeMap::from(own)));
    }
}

#[test]
fn committees_run_contracts_over_the_wide_field() {
    for (committee, seed) in [(3, 1), (5, 2)] {
        let all: Vec<_> = rows().into_iter().map(elements).collect();
        let mut survey = sealed(committee, &all, seed);
        // What they hold is on their disks: t+1 elements of 16 bytes for each column.
        for node in survey.committee() {
            survey.world.kill(node);
            survey.world.restart(node);
            let stored = survey.world.nodes[node].load(Table::Rows, &[]);
            let len = 3 * usize::from(committee).div_ceil(2) * 16;
            assert!(stored.iter().all(|(_, row)| row.len() == len));
        }
        survey.world.settle_down();
        let price = survey.price(all.len());
        let job = survey.request(price);
        let certificate = survey.settle(job);
        let quote = survey.quote(all.len());
        assert_eq!(certificate.multiplications, quote.multiplications);
        assert_eq!(certificate.bytes, quote.bytes_total);
        let used: Vec<_> = rows().into_iter().enumerate().collect();
        assert_right(&mut survey, job, &used);
        assert_eq!(survey.world.trouble(), Vec::<String>::new());
    }
}

/// Just outside of a range, where 64 bits end, and far out in the field: all are dropped, whatever column it is.
#[test]
fn values_that_no_honest_owner_deals_are_dropped() {
    let (dose, big) = (1_000 * ONE, M127::from_i64(LARGEST));
    let bad = [
        (0, M127::from_i64(dose + 1)),
        (0, M127::from_i64(-dose - 1)),
        (1, M127::from_i64(-1)),
        (2, big + M127::ONE),
        (2, -big - M127::ONE),
        (2, M127::new(1 << 64)),
        (0, M127::new(1 << 126)),
        (1, M127::new(M127::MODULUS / 2)),
        (2, M127::new(M127::MODULUS / 2 + 1)),
    ];
    for (committee, seed) in [(3, 3), (5, 4)] {
        let mut all: Vec<_> = rows().into_iter().map(elements).collect();
        for (column, value) in bad {
            let mut row = elements(rows()[0]);
            row[column] = value;
            all.push(row);
        }
        let mut survey = sealed(committee, &all, seed);
        let job = survey.request(PAST_ANY_FEE);
        assert_eq!(survey.settle(job).rows as usize, rows().len());
        let dropped: Vec<MemberIndex> = (rows().len()..all.len())
            .map(|number| MemberIndex(number as u32))
            .collect();
        for node in survey.committee() {
            assert_eq!(survey.dropped(node, job), dropped);
        }
        let used: Vec<_> = rows().into_iter().enumerate().collect();
        assert_right(&mut survey, job, &used);
    }
}

fn refused(survey: &mut Survey, deposit: Deposit, why: &str) {
    let node = survey.committee()[0];
    let before = survey.world.nodes[node].written.len();
    match survey.deposit(0, deposit) {
        Response::Error(error) => {
            assert_eq!(error.code, ErrorCode::BadDealing, "{}", error.message);
            assert!(error.message.contains(why), "{}", error.message);
        }
        other => panic!("not refused: {other:?}"),
    }
    assert_eq!(survey.world.nodes[node].written.len(), before);
}

/// The contract alone decides the field of rows. A dealing over the other one is refused and its dealer named, also where it is
/// as long as a good one.
#[test]
fn rows_over_another_field_than_the_contracts_are_refused() {
    let row = [ONE, ONE, 5];
    let mut survey = Survey::ready_in(WIDE, 3, 5, 5);
    let small = survey.deal_over::<M61>(0, &row).remove(0);
    let why =
        "the row package is over the field of 61 bits, the contract computes over that of 127";
    refused(&mut survey, small, why);
    let as_long = survey.deal_over::<M61>(0, &[row, row].concat()).remove(0);
    refused(&mut survey, as_long, why);
    let short = survey.deal_over::<M127>(0, &row[..2]).remove(0);
    refused(&mut survey, short, "expected 3 values, found 2");
    let good = survey.deal_row(0, &row);
    survey.contribute_dealt(&good);

    let mut survey = Survey::ready_in(SMALL, 3, 5, 6);
    assert_eq!(survey.contract.profile, Profile::ShamirM61V1);
    let wide = survey.deal_over::<M127>(0, &[1, 2, 3]).remove(0);
    let why =
        "the row package is over the field of 127 bits, the contract computes over that of 61";
    refused(&mut survey, wide, why);
    let good = survey.deal_row(0, &[1, 2, 3]);
    survey.contribute_dealt(&good);
}

/// The example with a regression, on its sample: close to what plain arithmetic says, for everyone and for each person.
#[test]
fn a_line_through_the_sample() {
    let people: Vec<(f64, f64)> = SAMPLE
        .lines()
        .skip(1)
        .map(|line| {
            let mut fields = line.split(',').skip(1);
            let mut next = || fields.next().and_then(|field| field.parse().ok());
            (next().expect("years"), next().expect("pay"))
        })
        .collect();
    let fixed = |number: f64| (number * ONE as f64).round() as i64;
    let rows: Vec<Vec<i64>> = people
        .iter()
        .map(|(years, pay)| vec![fixed(*years), fixed(*pay)])
        .collect();
    let mut survey = Survey::sealed_rows(LINE, 3, &rows, 7);
    assert_eq!(survey.contract.profile, Profile::ShamirM127V1);
    let price = survey.price(rows.len());
    let job = survey.request(price);
    assert_eq!(survey.settle(job).rows as usize, rows.len());

    let n = people.len() as f64;
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| people.iter().map(of).sum::<f64>() / n;
    let (years, pay) = (mean(&|one| one.0), mean(&|one| one.1));
    let slope = mean(&|one| (one.0 - years) * (one.1 - pay))
        / mean(&|one| (one.0 - years) * (one.0 - years));
    let start = pay - slope * years;
    let close = |found: i64, expected: f64, by: f64| {
        let found = found as f64 / ONE as f64;
        assert!((found - expected).abs() < by, "{found}, not {expected}");
    };
    let public = survey.public(job).expect("settled");
    let number = |name: &str| match public[name].columns[0][0] {
        PublicValue::Number(number) => number,
        PublicValue::Bytes(_) => panic!("{name} is a number"),
    };
    close(number("start"), start, 0.01);
    close(number("per_year"), slope, 0.001);
    let exact = rows.iter().map(|row| row[1]).sum::<i64>();
    assert_eq!(number("mean_pay"), exact.div_euclid(rows.len() as i64));
    for (at, (years, pay)) in people.iter().enumerate() {
        let own = survey.seen(job, member(at)).expect("settled");
        close(
            own["above"].columns[0][0],
            pay - start - slope * years,
            0.05,
        );
    }
}
