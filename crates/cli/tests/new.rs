//! `enigma new` and `enigma init`: what they make checks, passes its tests, and runs on a network as its
//! README says.

mod support;

use std::fs;
use std::path::Path;
use std::process::Output;

use support::devnet::Devnet;
use support::{enigma, stderr, stdout};

fn at(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = enigma(arguments);
    command
        .current_dir(folder)
        .output()
        .expect("the binary starts")
}

fn files(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("an entry").file_name();
    let mut names: Vec<String> = entries
        .map(|entry| name(entry).to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn a_new_contract_checks_and_passes_its_tests() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let output = at(folder.path(), &["new", "team-survey"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).starts_with("made  team-survey/team-survey.enigma\n"));
    assert!(stderr(&output).contains("`cd team-survey`, then `enigma check team-survey.enigma`"));
    let made = folder.path().join("team-survey");
    assert_eq!(
        files(&made),
        ["README.md", "team-survey.enigma", "values.csv"]
    );
    let check = at(&made, &["check", "team-survey.enigma", "--json"]);
    assert!(check.status.success(), "{}", stderr(&check));
    let object: serde_json::Value = serde_json::from_slice(&check.stdout).expect("JSON");
    assert_eq!(object["contract"]["name"], "TeamSurvey");
    assert_eq!(object["diagnostics"], serde_json::json!([]));
    let tests = object["tests"].as_array().expect("tests");
    assert_eq!(tests.len(), 2);
    assert!(tests.iter().all(|test| test["failure"].is_null()));
    assert!(at(&made, &["fmt", "--check"]).status.success());
}

#[test]
fn init_takes_the_folders_name_and_writes_over_nothing() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let votes = folder.path().join("votes");
    fs::create_dir(&votes).expect("made");
    let output = at(&votes, &["init", "--json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let object: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(object["files"][0], "votes.enigma");
    assert!(at(&votes, &["check", "votes.enigma"]).status.success());

    let other = folder.path().join("other");
    fs::create_dir(&other).expect("made");
    fs::write(other.join("README.md"), "mine").expect("written");
    for name in ["init", "init"] {
        let output = at(&other, &[name, "ballot"]);
        assert_eq!(output.status.code(), Some(2));
        let errors = stderr(&output);
        assert!(
            errors.starts_with("error: README.md exists already\nhint: "),
            "{errors}"
        );
    }
    assert_eq!(files(&other), ["README.md"], "nothing half done");
    assert_eq!(
        fs::read_to_string(other.join("README.md")).expect("there"),
        "mine"
    );
}

#[test]
fn names_that_cannot_be_and_folders_that_are_there() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let refused = |arguments: &[&str], what: &str| {
        let output = at(folder.path(), arguments);
        let errors = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(
            errors.contains(what) && errors.contains("\nhint: "),
            "{errors}"
        );
        assert_eq!(stdout(&output), "");
    };
    let long = "a".repeat(65);
    for name in [
        "",
        "1st",
        "../up",
        "a/b",
        "a b",
        "\u{e9}t\u{e9}",
        "_",
        &long,
    ] {
        refused(&["new", name], "cannot be the name of a contract");
        refused(&["init", name], "cannot be the name of a contract");
    }
    assert_eq!(files(folder.path()), [""; 0]);
    fs::create_dir(folder.path().join("taken")).expect("made");
    refused(&["new", "taken"], "taken exists already");
    assert_eq!(files(&folder.path().join("taken")), [""; 0]);
}

#[test]
fn the_readme_of_a_new_contract_is_true() {
    let devnet = Devnet::start();
    let made = devnet.run(&["new", "team-survey"]);
    assert!(made.status.success(), "{}", stderr(&made));
    let folder = devnet.folder.path().join("team-survey");
    let readme = fs::read_to_string(folder.join("README.md")).expect("readable");
    let mut shell = String::from("set -eu\n");
    for block in readme.split("```sh\n").skip(1) {
        shell.push_str(block.split("```").next().expect("a block"));
    }
    assert!(shell.lines().count() >= 12, "{shell}");
    // The values are 35, 10, 80, 25 and 50.
    let text = devnet.shell(&shell, &folder);
    for (name, place) in [
        ("ada", "3"),
        ("bob", "5"),
        ("cleo", "1"),
        ("dan", "4"),
        ("eve", "2"),
    ] {
        let line = text
            .lines()
            .rfind(|line| line.starts_with(name))
            .expect("a line for everyone");
        let words: Vec<&str> = line.split_whitespace().collect();
        assert_eq!(words, [name, "40", place]);
    }
}
