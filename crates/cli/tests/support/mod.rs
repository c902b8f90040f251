//! Runs the real binary, as a person would.
#![allow(dead_code)] // Every test file uses its own part of the harness.

pub(crate) mod devnet;
pub(crate) mod redact;

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};

/// A command line of the binary under test.
pub(crate) fn enigma(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_enigma"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Runs a command line to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    enigma(arguments).output().expect("the binary starts")
}

/// Standard error as text.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Standard output as text.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Writes a survey file.
pub(crate) fn csv(folder: &Path, people: &[(String, i64)]) -> PathBuf {
    let rows: String = people
        .iter()
        .map(|(name, value)| format!("{name},{value}\n"))
        .collect();
    let path = folder.join("people.csv");
    std::fs::write(&path, format!("name,salary\n{rows}")).expect("write");
    path
}

/// People with values.
pub(crate) fn people(values: &[i64]) -> Vec<(String, i64)> {
    values
        .iter()
        .enumerate()
        .map(|(at, value)| (format!("p{at}"), *value))
        .collect()
}

/// Runs the survey and gives its JSON object.
#[track_caller]
pub(crate) fn survey(path: &Path, nodes: u8, more: &[&str]) -> serde_json::Value {
    let (path, nodes) = (path.display().to_string(), nodes.to_string());
    let arguments = [
        "demo", "salaries", "--json", "--input", &path, "--nodes", &nodes,
    ];
    let output = run(&[&arguments, more].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

/// What plain arithmetic says.
pub(crate) fn expected(people: &[(String, i64)]) -> (i64, Vec<serde_json::Value>) {
    let sum: i64 = people.iter().map(|(_, value)| value).sum();
    let average = sum / people.len() as i64;
    let rank = |value: i64| 1 + people.iter().filter(|(_, other)| *other > value).count();
    let person = |(name, value): &(String, i64)| serde_json::json!({"name": name, "average": average, "rank": rank(*value)});
    (average, people.iter().map(person).collect())
}

/// A survey that is still running: its nodes' process ids by node number, and its standard error from
/// the moment the job was requested.
pub(crate) struct Running {
    /// The demo's process.
    pub(crate) child: Child,
    /// (node number, process id).
    pub(crate) nodes: Vec<(u32, u32)>,
    /// The rest of its standard error.
    pub(crate) errors: BufReader<ChildStderr>,
}

/// Starts a survey and returns once its job is being computed.
pub(crate) fn start_until_computing(path: &Path, nodes: u8) -> Running {
    let (path, nodes) = (path.display().to_string(), nodes.to_string());
    let mut child = enigma(&[
        "demo", "salaries", "--json", "--input", &path, "--nodes", &nodes,
    ])
    .stdout(Stdio::piped())
    .stderr(Stdio::piped())
    .spawn()
    .expect("the binary starts");
    let mut errors = BufReader::new(child.stderr.take().expect("piped"));
    let mut processes = Vec::new();
    loop {
        let mut line = String::new();
        assert!(
            errors.read_line(&mut line).expect("readable") > 0,
            "the demo ended before it computed"
        );
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["node", number, "process", process] => {
                let number = number.parse().expect("a node's number");
                processes.push((number, process.parse().expect("a process id")));
            }
            ["computing", ..] => {
                return Running {
                    child,
                    nodes: processes,
                    errors,
                };
            }
            _ => {}
        }
    }
}
