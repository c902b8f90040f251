//! `enigma test` through the real binary.

mod support;

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;
use support::{enigma, run, stderr, stdout};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");

const FAILING: &str = "contract Pay version 1 {
  group staff min 2 max 9;

  collect pay: private u64 from each staff range 0..=1_000
    allow aggregate(2) to public
    allow per_owner to owner;

  entry look() {
    reveal total = pay.sum() to public;
    reveal rank = pay.rank() to owner(pay);
  }

  test \"total and ranks\" {
    given pay = [10, 30, 20];
    run look();
    expect total == 60 && rank == [1, 2, 3];
  }

  test \"total\" {
    given pay = [10, 30];
    run look();
    expect total == 40;
  }
}
";

fn at(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = enigma(&["test"]);
    command.args(arguments).current_dir(folder);
    command.output().expect("the binary starts")
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("temporary folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }
    folder
}

fn pinned(output: &Output) -> String {
    let code = output.status.code().expect("an exit code");
    format!("{}--- {code}\n{}", stdout(output), stderr(output))
}

#[test]
fn a_failure_shows_the_expectation_and_both_sides() {
    let folder = folder(&[("pay.enigma", FAILING)]);
    insta::assert_snapshot!("failing", pinned(&at(folder.path(), &[])));
    let output = at(folder.path(), &["--json"]);
    assert_eq!(output.status.code(), Some(1));
    let object: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!(
        (&object["passed"], &object["failed"]),
        (&1.into(), &1.into())
    );
    let test = &object["files"][0]["tests"][0];
    assert_eq!(test["name"], "total and ranks");
    assert_eq!(test["failure"]["line"], 16);
    assert_eq!(test["failure"]["results"]["rank"], "[1, 3, 2]");
    assert_eq!(test["leak"], Value::Null);
    assert_eq!(object["files"][0]["tests"][1]["failure"], Value::Null);
    assert_eq!(object["files"][0]["contract"], "Pay");
}

#[test]
fn all_examples_pass_and_none_leaks() {
    let output = run(&["test", EXAMPLES, "--leak", "--json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let object: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    let files = object["files"].as_array().expect("files");
    assert!(files.len() >= 8);
    let tests = || {
        files
            .iter()
            .flat_map(|file| file["tests"].as_array().expect("tests"))
    };
    assert_eq!(object["passed"], tests().count());
    assert!(tests().all(|test| test["failure"].is_null() && test["leak"]["difference"].is_null()));
    let compared = tests()
        .filter(|test| test["leak"]["compared"].as_u64() > Some(0))
        .count();
    assert!(
        compared >= 8,
        "only {compared} tests have other inputs with the same results"
    );
}

#[test]
fn some_tests_of_some_files() {
    let folder = folder(&[("a/pay.enigma", FAILING), ("b/pay.enigma", FAILING)]);
    let output = at(folder.path(), &["b", "--filter", "ranks", "--leak"]);
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    assert!(
        text.starts_with("Pay  b/pay.enigma\n  FAILED  total and ranks"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(stderr(&output).ends_with("error: 1 of 1 test failed\n"));
    let output = at(folder.path(), &["a/pay.enigma", "--filter", "median"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).starts_with("error: no test has \"median\" in its title\nhint: "),
        "{}",
        stderr(&output)
    );
}

#[test]
fn errors_in_a_source_are_no_failed_tests() {
    let broken = FAILING.replace("pay.sum()", "pay.sun()");
    let folder = folder(&[("good.enigma", FAILING), ("broken.enigma", &broken)]);
    let output = at(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(2));
    let errors = stderr(&output);
    assert!(errors.contains("error[E0203]"), "{errors}");
    assert!(
        errors.contains(
            "error: 1 contract has errors and cannot be tested; of the others 1 test failed"
        ),
        "{errors}"
    );
    let missing = at(folder.path(), &["nothing.enigma"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(stderr(&missing).starts_with("error: nothing.enigma: cannot be read: "));
}

#[test]
fn examples_pass_on_a_committee_with_encrypted_links() {
    for (example, nodes) in [
        ("salaries/salaries", "3"),
        ("auction/auction", "5"),
        ("voting/voting", "3"),
        ("data_market/data_market", "3"),
    ] {
        let file = format!("{EXAMPLES}/{example}.enigma");
        let output = run(&["test", &file, "--mpc", "--nodes", nodes, "--json"]);
        assert!(output.status.success(), "{example}: {}", stderr(&output));
        let object: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
        assert!(object["passed"].as_u64() > Some(0), "{example}");
    }
}

#[test]
fn a_failure_on_a_committee_is_one_of_the_test() {
    let folder = folder(&[("pay.enigma", FAILING)]);
    let output = at(folder.path(), &["--mpc"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).ends_with("error: 1 of 2 tests failed\n"));
    assert!(stdout(&output).contains("FAILED  total and ranks"));
}

/// The vault signs, which no network can: the committee runs the rest, and what it leaves out is said once.
#[test]
fn what_needs_a_key_is_left_out_and_named() {
    let vault = format!("{EXAMPLES}/vault/vault.enigma");
    let output = run(&["test", &vault, "--mpc"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output).replace(&vault, "vault.enigma");
    insta::assert_snapshot!("keyless", text);
    let output = run(&["test", &vault, "--mpc", "--json"]);
    let object: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    let left_out = object["files"][0]["left_out"].as_array().expect("a list");
    let lines: Vec<_> = left_out.iter().map(|one| one["line"].as_u64()).collect();
    assert_eq!(lines, [10, 18, 29, 30, 31, 46].map(Some));
    assert_eq!(left_out[0]["file"], Value::from(vault.clone()));
    // On plain numbers nothing is left out.
    let output = run(&["test", &vault, "--json"]);
    let object: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!(object["files"][0]["left_out"], Value::Array(Vec::new()));
    let built = run(&["build", &vault]);
    assert_eq!(built.status.code(), Some(2));
    let errors = stderr(&built);
    assert!(errors.contains("warning[W0902]: `keygen`"), "{errors}");
    assert!(
        errors.contains("what no network supports: signing keys"),
        "{errors}"
    );
}

#[test]
fn what_no_committee_runs_is_refused_with_the_place() {
    let decides = "contract Decides version 1 {
  state L { n: u64 = 0; }
  state MPC { sk: private key<secp256k1>; }
  entry e(d: bytes<33>) {
    reveal p = MPC.sk.public_key() to public;
    if p == d { L.n = 1; }
  }
  test \"none\" { expect L.n == 0; }
}
";
    let folder = folder(&[("decides.enigma", decides)]);
    let output = at(folder.path(), &["--mpc"]);
    assert_eq!(output.status.code(), Some(2));
    let errors = stderr(&output);
    assert!(
        errors.contains("warning[W0902]: a branch that depends on a key: not supported"),
        "{errors}"
    );
    assert!(errors.contains("cannot run on a committee yet"), "{errors}");
    let salaries = format!("{EXAMPLES}/salaries/salaries.enigma");
    let even = run(&["test", &salaries, "--mpc", "--nodes", "4"]);
    assert_eq!(even.status.code(), Some(2), "{}", stderr(&even));
    let alone = run(&["test", &salaries, "--nodes", "5"]);
    assert_eq!(alone.status.code(), Some(2));
}
