//! A call of several columns and stages: hidden cells, a branch on what was shown, everyone's results; under faulty networks and
//! with corrupt parties, who so reach later stages.

use std::collections::BTreeSet;

use enigma_sim::{AdversaryChoice, Campaign, Case, Coverage, Ending, Program, Run, check};

const SOURCE: &str = "
contract Staged version 1 {
  group people min 3 max 20;
  party host;
  enum Blood { A, B }
  struct Row { blood: Blood; age: u64 range 0..=120; card: hash; }
  collect r: private Row from each people
    allow aggregate(3) to public, host, each people
    allow per_owner to owner
    allow member to public;
  entry run() {
    let cells = r.group_by(|row| row.blood);
    reveal ages  = cells.sum(|row| row.age) to public with min_group(cells.count(), 3);
    reveal total = r.age.sum()              to public;
    if total > 260 {
      reveal oldest = r.age.max()                      to host, each people;
      reveal who    = r.age.owner_at(r.age.argmax())   to public;
    } else {
      reveal rank = r.age.rank_desc() to owner(r);
    }
    reveal card = r.card to owner(r);
  }
}";

fn program() -> Program {
    let programs = Program::compile("staged", SOURCE);
    programs.expect("it compiles").remove(0)
}

fn checked(line: &str) -> Run {
    let case: Case = line.parse().expect("is a case");
    let verdict = check(&case, &program()).expect("the case fits");
    let broken: Vec<String> = verdict.violations.iter().map(ToString::to_string).collect();
    assert!(broken.is_empty(), "{case}\n{}", broken.join("\n"));
    verdict.run.expect("nothing panicked")
}

/// Both sides of the branch, every network that loses nothing.
#[test]
fn honest_committees_finish_on_both_sides() {
    let mut sides = BTreeSet::new();
    for (seed, network) in (0..12).zip(
        [
            "fair",
            "unordered:1000",
            "slow:200",
            "partition:1@0-900,unordered:100",
        ]
        .into_iter()
        .cycle(),
    ) {
        let parties = if seed % 6 == 5 { 5 } else { 3 };
        let run = checked(&format!(
            "program=staged parties={parties} rows=4 invalid=1 seed={seed} network={network} adversary=none"
        ));
        assert!(run.endings.iter().all(Ending::is_finished));
        sides.insert(run.expected.ended.skipped.clone());
    }
    assert_eq!(sides.len(), 2, "{sides:?}");
}

#[test]
fn no_case_breaks_a_rule() {
    let campaign = Campaign {
        programs: vec![program()],
        seed: 44,
        parties: None,
        adversary: AdversaryChoice::Random,
    };
    let mut coverage = Coverage::default();
    for number in 0..60 {
        let case = campaign.case(number);
        let case = case.expect("campaigns draw cases that fit");
        let verdict = check(&case, &program()).expect("the case fits");
        let broken: Vec<String> = verdict.violations.iter().map(ToString::to_string).collect();
        assert!(broken.is_empty(), "{case}\n{}", broken.join("\n"));
        coverage.note(&case, &verdict);
    }
    assert!(coverage.kinds().len() > 8, "{:?}", coverage.kinds());
    assert!((6..58).contains(&coverage.aborts), "{}", coverage.aborts);
}
