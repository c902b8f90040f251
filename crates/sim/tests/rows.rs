//! Several rows from each member and rows of a party, some of them invalid; under faulty networks and with corrupt parties.

use enigma_sim::{AdversaryChoice, Campaign, Case, Coverage, Ending, Program, Run, check};

const TABLE: &str = "
contract Table version 1 {
  group hospitals min 2 max 4;
  party office;
  struct Visit { age: u64 range 0..=120; days: u64 range 0..=30; }
  collect visits: private table<Visit> from each hospitals max_rows 4
    allow aggregate(3) to public, office, each hospitals
    allow per_owner to owner
    allow member to public;
  entry run() {
    reveal ages   = visits.age.sum()                           to public;
    reveal oldest = visits.age.max()                           to office, each hospitals;
    reveal whose  = visits.age.owner_at(visits.age.argmax())   to public;
    reveal rank   = visits.age.rank_desc()                     to owner(visits);
  }
}";

const LIST: &str = "
contract List version 1 {
  party shop;
  collect stock: private [u64; max 9] from shop range 0..=1_000
    allow aggregate(2) to public
    allow per_owner to owner;
  entry run() {
    reveal total = stock.sum()       to public;
    reveal rank  = stock.rank_desc() to owner(stock);
  }
}";

fn program(name: &str) -> Program {
    let source = if name == "table" { TABLE } else { LIST };
    let programs = Program::compile(name, source);
    programs.expect("it compiles").remove(0)
}

fn checked(name: &str, sizes: &str, more: &str) -> Run {
    let case: Case = format!("program={name} {sizes} {more}")
        .parse()
        .expect("is a case");
    let verdict = check(&case, &program(name)).expect("the case fits");
    let broken: Vec<String> = verdict.violations.iter().map(ToString::to_string).collect();
    assert!(broken.is_empty(), "{case}\n{}", broken.join("\n"));
    verdict.run.expect("nothing panicked")
}

/// More rows than members could give one by one: members give several, up to as many as there may be.
#[test]
fn honest_committees_finish() {
    for (name, sizes) in [
        ("table", "parties=3 rows=7 invalid=2"),
        ("table", "parties=5 rows=16 invalid=0"),
        ("table", "parties=3 rows=3 invalid=1"),
        ("list", "parties=3 rows=6 invalid=3"),
        ("list", "parties=3 rows=2 invalid=0"),
    ] {
        for (seed, network) in [(1, "fair"), (2, "unordered:1000")] {
            let more = format!("seed={seed} network={network} adversary=none");
            let run = checked(name, sizes, &more);
            assert!(run.endings.iter().all(Ending::is_finished));
        }
    }
}

#[test]
fn no_case_breaks_a_rule() {
    for (name, seed) in [("table", 51), ("list", 52)] {
        let campaign = Campaign {
            programs: vec![program(name)],
            seed,
            parties: None,
            adversary: AdversaryChoice::Random,
        };
        let mut coverage = Coverage::default();
        for number in 0..20 {
            let case = campaign.case(number);
            let case = case.expect("campaigns draw cases that fit");
            let verdict = check(&case, &program(name)).expect("the case fits");
            let broken: Vec<String> = verdict.violations.iter().map(ToString::to_string).collect();
            assert!(broken.is_empty(), "{case}\n{}", broken.join("\n"));
            coverage.note(&case, &verdict);
        }
        assert!(coverage.aborts < 20, "{}", coverage.aborts);
    }
}
