//! What the tests of the simulator share: the example contracts, and runs of one case.
#![allow(dead_code)] // Each test binary uses its part.

use enigma_sim::{Case, Program, Verdict, check};

const EXAMPLES: [(&str, &str); 4] = [
    (
        "salaries",
        include_str!("../../../../examples/salaries/salaries.enigma"),
    ),
    (
        "highest_bid",
        include_str!("../../../../examples/highest_bid/highest_bid.enigma"),
    ),
    (
        "payroll_total",
        include_str!("../../../../examples/payroll_total/payroll_total.enigma"),
    ),
    (
        "yes_no_vote",
        include_str!("../../../../examples/yes_no_vote/yes_no_vote.enigma"),
    ),
];

/// The example contracts.
pub(crate) fn programs() -> Vec<Program> {
    let compile = |(name, source): (&str, &str)| Program::compile(name, source);
    let programs = EXAMPLES.into_iter().map(compile);
    programs
        .flat_map(|entries| entries.expect("examples compile"))
        .collect()
}

/// One of them.
pub(crate) fn program(name: &str) -> Program {
    let mut programs = programs().into_iter();
    programs
        .find(|program| program.name == name)
        .expect("an example")
}

/// The case of this line, checked; it breaks no rule.
pub(crate) fn checked(line: &str) -> Verdict {
    let case: Case = line.parse().expect("is a case");
    let verdict = check(&case, &program(&case.program)).expect("the case fits");
    let broken: Vec<String> = verdict.violations.iter().map(ToString::to_string).collect();
    assert!(broken.is_empty(), "{case}\n{}", broken.join("\n"));
    verdict
}
