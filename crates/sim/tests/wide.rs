//! Contracts over 2^127 - 1: values of 63 bits, products of numbers with a point, rows that lie far outside of every range; under
//! faulty networks and with corrupt parties.

use enigma_bytecode::model::Profile;
use enigma_sim::{AdversaryChoice, Campaign, Case, Coverage, Ending, Program, Run, check};

const SOURCE: &str = "
contract Wide version 1 {
  group people min 3 max 20;
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
    if mean > 0.0 {
      reveal most = r.big.max()       to each people;
    } else {
      reveal rank = r.big.rank_desc() to owner(r);
    }
  }
}";

fn program() -> Program {
    let programs = Program::compile("wide", SOURCE);
    let program = programs.expect("it compiles").remove(0);
    assert_eq!(program.contract.profile, Profile::ShamirM127V1);
    program
}

fn checked(line: &str) -> Run {
    let case: Case = line.parse().expect("is a case");
    let verdict = check(&case, &program()).expect("the case fits");
    let broken: Vec<String> = verdict.violations.iter().map(ToString::to_string).collect();
    assert!(broken.is_empty(), "{case}\n{}", broken.join("\n"));
    verdict.run.expect("nothing panicked")
}

#[test]
fn honest_committees_finish_with_the_right_results() {
    for (parties, seed, network) in [
        (3, 1, "fair"),
        (3, 2, "unordered:1000"),
        (5, 3, "slow:200"),
        (3, 4, "partition:1@0-900,unordered:100"),
    ] {
        let run = checked(&format!(
            "program=wide parties={parties} rows=4 invalid=2 seed={seed} network={network} adversary=none"
        ));
        assert!(run.endings.iter().all(Ending::is_finished));
    }
}

#[test]
fn no_case_breaks_a_rule() {
    let campaign = Campaign {
        programs: vec![program()],
        seed: 127,
        parties: None,
        adversary: AdversaryChoice::Random,
    };
    let mut coverage = Coverage::default();
    for number in 0..40 {
        let case = campaign.case(number);
        let case = case.expect("campaigns draw cases that fit");
        let verdict = check(&case, &program()).expect("the case fits");
        let broken: Vec<String> = verdict.violations.iter().map(ToString::to_string).collect();
        assert!(broken.is_empty(), "{case}\n{}", broken.join("\n"));
        coverage.note(&case, &verdict);
    }
    assert!(coverage.kinds().len() > 8, "{:?}", coverage.kinds());
    assert!((4..38).contains(&coverage.aborts), "{}", coverage.aborts);
}
