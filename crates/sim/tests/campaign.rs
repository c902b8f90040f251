//! Campaigns: many cases from one seed, none of which breaks a rule.

mod common;

use enigma_sim::{AdversaryChoice, Campaign, Coverage, check};

/// One case in how many of the long campaign is run: all, unless this variable says otherwise.
const EVERY: &str = "ENIGMA_CAMPAIGN_EVERY";

/// Runs one in `every` of these cases of a campaign, and says what they covered. How many can be seen with
/// `--no-capture`.
fn run(seed: u64, cases: std::ops::Range<u64>, every: usize) -> Coverage {
    let campaign = Campaign {
        programs: common::programs(),
        seed,
        parties: None,
        adversary: AdversaryChoice::Random,
    };
    let mut coverage = Coverage::default();
    let mut count = 0;
    for number in cases.step_by(every) {
        count += 1;
        let case = campaign
            .case(number)
            .expect("campaigns draw cases that fit");
        let program = campaign.program(&case.program).expect("it was drawn");
        let verdict = check(&case, program).expect("the case fits");
        let broken: Vec<String> = verdict.violations.iter().map(ToString::to_string).collect();
        assert!(broken.is_empty(), "{case}\n{}", broken.join("\n"));
        coverage.note(&case, &verdict);
    }
    let mut out = std::io::stdout().lock();
    let line = format_args!(
        "simulator: {count} cases, {} of them aborted\n",
        coverage.aborts
    );
    std::io::Write::write_fmt(&mut out, line).expect("standard output");
    coverage
}

#[test]
fn no_case_breaks_a_rule() {
    let coverage = run(1, 0..150, 1);
    assert!(coverage.kinds().len() > 8, "{:?}", coverage.kinds());
    assert!((20..140).contains(&coverage.aborts), "{}", coverage.aborts);
}

// The same campaign, further on: test runners start both at once.
#[test]
fn no_later_case_breaks_a_rule() {
    run(1, 150..300, 1);
}

#[test]
#[ignore = "takes many minutes"]
fn no_case_of_a_long_campaign_breaks_a_rule() {
    let every = std::env::var(EVERY).map_or(1, |text| text.parse().expect("a number"));
    let coverage = run(2, 0..20_000, every);
    assert_eq!(coverage.kinds(), enigma_sim::Kind::ALL);
}
