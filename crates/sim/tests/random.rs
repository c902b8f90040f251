//! Random contracts, the compiler's own, with random adversaries.

mod common;
#[path = "../../lang/tests/random/mod.rs"]
mod random;

use enigma_sim::{AdversaryChoice, Campaign, Coverage, Program, check};
use proptest::collection::vec;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;

/// Contracts with two collections of different groups; the same ones every time.
fn programs(count: usize) -> Vec<Program> {
    let mut runner = TestRunner::deterministic();
    let bodies = vec(random::private(), 1..3).prop_map(|drawn| random::body(&drawn));
    let draw = || {
        bodies
            .new_tree(&mut runner)
            .expect("nothing is filtered")
            .current()
    };
    let sources = std::iter::repeat_with(draw).map(|body| {
        format!(
            "contract Random version 1 {{
               group g min 1 max 20;
               group h min 1 max 20;
               collect a: private i64 from each g range -9..=9 allow aggregate(1) to each g allow per_owner to owner allow member to each g;
               collect b: private i64 from each h range -5..=30 allow aggregate(1) to each g;
               {}
               entry e() {{ {body} }}
             }}",
            random::FUNCTIONS
        )
    });
    // Some bodies leave the range of numbers or show what is not allowed.
    let compiled = sources.filter_map(|source| Program::compile("random", &source).ok());
    let numbered = compiled
        .flatten()
        .enumerate()
        .map(|(number, program)| Program {
            name: format!("random{number}"),
            ..program
        });
    numbered.take(count).collect()
}

fn run(count: usize, cases: u64) -> Coverage {
    let campaign = Campaign {
        programs: programs(count),
        seed: 3,
        parties: Some(3),
        adversary: AdversaryChoice::Random,
    };
    let mut coverage = Coverage::default();
    for number in 0..cases {
        let case = campaign
            .case(number)
            .expect("campaigns draw cases that fit");
        let program = campaign.program(&case.program).expect("it was drawn");
        let verdict = check(&case, program).expect("the case fits");
        assert!(
            verdict.violations.is_empty(),
            "{case}\n{:?}\n{}",
            verdict.violations,
            enigma_bytecode::disasm::disassemble(&program.contract)
        );
        coverage.note(&case, &verdict);
    }
    coverage
}

#[test]
fn random_contracts_break_no_rule() {
    let coverage = run(20, 40);
    assert!(coverage.frames > 0);
}

#[test]
#[ignore = "takes many minutes"]
fn many_random_contracts_break_no_rule() {
    run(1000, 10_000);
}
