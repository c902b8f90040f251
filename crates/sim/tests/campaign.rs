//! Campaigns: many cases from one seed, none of which breaks a rule.

mod common;

use enigma_sim::{AdversaryChoice, Campaign, Coverage, check};

/// Runs a campaign, and shows what it covered.
fn run(seed: u64, cases: u64) -> Coverage {
    let campaign = Campaign {
        programs: common::programs(),
        seed,
        parties: None,
        adversary: AdversaryChoice::Random,
    };
    let mut coverage = Coverage::default();
    for number in 0..cases {
        let case = campaign.case(number).expect("campaigns draw cases that fit");
        let program = campaign.program(&case.program).expect("it was drawn");
        let verdict = check(&case, program).expect("the case fits");
        let broken: Vec<String> = verdict.violations.iter().map(ToString::to_string).collect();
        assert!(broken.is_empty(), "{case}\n{}", broken.join("\n"));
        coverage.note(&case, &verdict);
    }
    coverage
}

#[test]
fn no_case_breaks_a_rule() {
    let coverage = run(1, 300);
    println!("{coverage:?}");
}
