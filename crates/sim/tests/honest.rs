//! Committees of honest parties: right results on every network, and one case, one trace.

mod common;

use common::{checked, program};
use enigma_sim::{Case, Twin, simulate};

#[test]
fn honest_committees_of_every_size_finish_with_the_right_results() {
    for (parties, name) in [
        (3, "salaries"),
        (5, "highest_bid"),
        (7, "yes_no_vote"),
        (9, "payroll_total"),
    ] {
        let verdict = checked(&format!(
            "program={name} parties={parties} rows=5 invalid=2 seed=4 network=fair adversary=none"
        ));
        let run = verdict.run.expect("nothing panicked");
        assert_eq!(run.endings.len(), parties);
        assert!(run.endings.iter().all(enigma_sim::Ending::is_finished));
    }
}

#[test]
fn delays_and_partitions_change_when_and_not_what() {
    for network in [
        "unordered:1000",
        "delay:500,unordered:500",
        "slow:200",
        "partition:1@0-900",
        "partition:2+3@50-4000,unordered:100",
    ] {
        for name in ["salaries", "highest_bid"] {
            checked(&format!(
                "program={name} parties=5 rows=6 invalid=1 seed=8 network={network} adversary=none"
            ));
        }
    }
}

#[test]
fn lost_and_repeated_frames_end_no_run_with_a_wrong_result() {
    for network in ["drop:20", "duplicate:20", "drop:5,duplicate:5"] {
        for seed in 0..4 {
            checked(&format!(
                "program=yes_no_vote parties=3 rows=5 invalid=0 seed={seed} network={network} adversary=none"
            ));
        }
    }
}

#[test]
fn one_case_has_one_trace() {
    let line = "program=highest_bid parties=5 rows=4 invalid=1 seed=3 \
                network=slow:100,unordered:100 adversary=2:in/opening:swap@1,3:root:add@0";
    let case: Case = line.parse().expect("is a case");
    let run =
        |case: &Case, twin| simulate(case, &program("highest_bid"), twin).expect("the case fits");
    let first = run(&case, Twin::First);
    assert_eq!(first.trace, run(&case, Twin::First).trace);
    // Other values: the same traffic with other contents. Another seed: another trace.
    let twin = run(&case, Twin::Second);
    assert_ne!(first.trace, twin.trace);
    assert_eq!(first.traffic, twin.traffic);
    let other = Case { seed: 4, ..case };
    assert_ne!(first.trace, run(&other, Twin::First).trace);
}

/// The trace of an honest run for each committee size. A new value here means that what parties send
/// has changed: then sessions of old and new versions do not fit together.
#[test]
fn traces_are_the_same_on_every_machine() {
    let traces: Vec<String> = [3, 5, 7]
        .into_iter()
        .map(|parties| {
            let line = format!(
                "program=payroll_total parties={parties} rows=3 invalid=1 seed=1 network=fair adversary=none"
            );
            let case: Case = line.parse().expect("is a case");
            let run = simulate(&case, &program("payroll_total"), Twin::First);
            let trace = run.expect("the case fits").trace;
            let hex: String = trace.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{parties} parties: {hex}")
        })
        .collect();
    insta::assert_snapshot!(traces.join("\n"));
}
