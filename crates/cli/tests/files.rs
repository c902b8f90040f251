//! Contracts that use other files, through the real binary.

mod support;

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;
use support::{enigma, stderr, stdout};

const MAIN: &str = "use lib::rates::tax;

contract Taxes version 1 {
  group staff min 3 max 9;
  collect pay: private u64 from each staff range 0..=1_000 allow aggregate(3) to public;
  entry look() { reveal total = pay.map(|p| tax(p)).sum() to public; }

  test \"three\" {
    given pay = [10, 20, 30];
    run look();
    expect total == 30;
  }
}
";
const RATES: &str = "use parts::half;

fn tax(x: private u64) -> private u64 { return half(x); }
";
const PARTS: &str = "fn half(x: private u64) -> private u64 { return x / 2; }\n";

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("temporary folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }
    folder
}

fn project() -> tempfile::TempDir {
    folder(&[
        ("pay/taxes.enigma", MAIN),
        ("pay/lib/rates.enigma", RATES),
        ("pay/lib/parts.enigma", PARTS),
    ])
}

fn at(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = enigma(arguments);
    command.current_dir(folder);
    command.output().expect("the binary starts")
}

#[track_caller]
fn json(folder: &Path, arguments: &[&str]) -> Value {
    let output = at(folder, arguments);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", stderr(&output)))
}

/// From wherever it is called, and with whatever beside it, a contract has one hash.
#[test]
fn files_are_found_beside_the_contract_and_leave_no_trace() {
    let (first, second) = (project(), project());
    fs::write(
        second.path().join("pay/other.enigma"),
        "contract B version 2 { }",
    )
    .expect("written");
    let inside = second.path().join("pay");
    let built = json(first.path(), &["--json", "build", "pay/taxes.enigma"]);
    let again = json(&inside, &["--json", "build", "taxes.enigma"]);
    let bytes = |folder: &Path| fs::read(folder.join("taxes.enb")).expect("built");
    assert_eq!(built["contract"], again["contract"]);
    assert_eq!(bytes(&first.path().join("pay")), bytes(&inside));
    let alone = folder(&[(
        "taxes.enigma",
        &format!(
            "{}{PARTS}{}",
            MAIN.replace("use lib::rates::tax;", ""),
            RATES.replace("use parts::half;", "")
        ),
    )]);
    let built = json(alone.path(), &["--json", "build", "taxes.enigma"]);
    assert_eq!(built["contract"], again["contract"]);
    let verified = at(
        &inside,
        &["verify", "taxes.enb", "--source", "taxes.enigma"],
    );
    assert_eq!(verified.status.code(), Some(0), "{}", stderr(&verified));
}

#[test]
fn every_command_reads_used_files() {
    let project = project();
    for arguments in [
        &["check", "pay/taxes.enigma"][..],
        &["manifest", "pay/taxes.enigma"],
        &["cost", "pay/taxes.enigma"],
        &["test", "pay/taxes.enigma"],
        &["fmt", "pay/lib/rates.enigma"],
        &["check", "pay/lib/rates.enigma"],
    ] {
        let output = at(project.path(), arguments);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{arguments:?}: {}",
            stderr(&output)
        );
    }
    let all = json(project.path(), &["--json", "test"]);
    assert_eq!(all["passed"], 1);
    assert_eq!(all["files"].as_array().map(Vec::len), Some(3), "{all}");
    let library = at(project.path(), &["build", "pay/lib/rates.enigma"]);
    assert_eq!(library.status.code(), Some(2));
    assert!(stderr(&library).contains("E0108"), "{}", stderr(&library));
}

#[test]
fn findings_say_which_file_they_are_in() {
    let project = project();
    let rates = project.path().join("pay/lib/rates.enigma");
    fs::write(&rates, RATES.replace("half(x)", "halves(x)")).expect("written");
    let shown = at(project.path(), &["check", "pay/taxes.enigma"]);
    assert_eq!(shown.status.code(), Some(2));
    let text = stderr(&shown);
    assert!(text.contains("pay/lib/rates.enigma:3:48"), "{text}");
    let found = json(project.path(), &["--json", "check", "pay/taxes.enigma"]);
    let mut all = found["diagnostics"].as_array().into_iter().flatten();
    let found = all.find(|found| found["code"] == "E0203").expect("found");
    assert_eq!(found["file"], "pay/lib/rates.enigma");
    assert_eq!(found["start"], 65);
    fs::remove_file(&rates).expect("removed");
    let shown = at(project.path(), &["check", "pay/taxes.enigma"]);
    assert!(stderr(&shown).contains("there is no file `lib/rates.enigma`"));
    assert_eq!(stdout(&shown), "");
}
