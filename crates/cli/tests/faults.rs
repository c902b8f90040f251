//! A node that dies in the middle of a job: named, the job failed on chain, the fee refunded.
#![cfg(unix)]

mod support;

use std::io::Read as _;
use std::process::Command;
use std::time::Duration;

use support::{csv, people, start_until_computing};

#[track_caller]
fn kill_one(nodes: u8, people_count: i64, into_the_job: Duration) {
    let folder = tempfile::tempdir().expect("temporary folder");
    let values: Vec<i64> = (0..people_count)
        .map(|i| 1_000_000 + i * 7_919 % 500_000)
        .collect();
    let mut running = start_until_computing(&csv(folder.path(), &people(&values)), nodes);
    assert_eq!(running.nodes.len(), usize::from(nodes));
    let (victim, process) = running.nodes[1];
    std::thread::sleep(into_the_job);
    let killed = Command::new("kill")
        .args(["-9", &process.to_string()])
        .status()
        .expect("kill runs");
    assert!(killed.success());
    let mut errors = String::new();
    running.errors.read_to_string(&mut errors).expect("text");
    let status = running.child.wait().expect("ends");
    assert_eq!(status.code(), Some(1), "{errors}");
    assert!(
        errors.contains(&format!("the committee names node {victim}")),
        "{errors}"
    );
    assert!(errors.contains("is refunded"), "{errors}");
    assert!(errors.contains("hint:"), "{errors}");
}

#[test]
fn a_node_killed_as_the_job_begins_is_named_and_the_fee_refunded() {
    kill_one(3, 20, Duration::ZERO);
}

#[test]
fn a_node_killed_while_it_computes_is_named_and_the_fee_refunded() {
    // The ranks of 400 people keep the nodes busy for well over a second.
    kill_one(3, 400, Duration::from_millis(150));
}

#[test]
fn the_same_with_five_nodes() {
    kill_one(5, 20, Duration::ZERO);
}
