//! Replays the cases that are kept.

mod common;

use common::checked;

#[test]
fn kept_cases_break_no_rule() {
    let kept = enigma_sim::cases(include_str!("../regressions.txt")).expect("lines are cases");
    for case in kept {
        checked(&case.to_string());
    }
}
