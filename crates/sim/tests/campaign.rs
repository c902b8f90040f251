//! Campaigns: many cases from one seed, none of which breaks a rule.

mod common;

use enigma_sim::{AdversaryChoice, Campaign, Coverage, check};

/// Runs cases of a campaign, and says what they covered.
fn run(seed: u64, cases: std::ops::Range<u64>) -> Coverage {
    let campaign = Campaign {
        programs: common::programs(),
        seed,
        parties: None,
        adversary: AdversaryChoice::Random,
    };
    let mut coverage = Coverage::default();
    for number in cases {
        let case = campaign
            .case(number)
            .expect("campaigns draw cases that fit");
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
    let coverage = run(1, 0..150);
    assert!(coverage.kinds().len() > 8, "{:?}", coverage.kinds());
    assert!((20..140).contains(&coverage.aborts), "{}", coverage.aborts);
}

// The same campaign, further on: test runners start both at once.
#[test]
fn no_later_case_breaks_a_rule() {
    run(1, 150..300);
}

#[test]
#[ignore = "takes many minutes"]
fn no_case_of_a_long_campaign_breaks_a_rule() {
    let coverage = run(2, 0..20_000);
    assert_eq!(coverage.kinds(), enigma_sim::Kind::ALL);
}
