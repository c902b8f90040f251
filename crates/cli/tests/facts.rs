//! `enigma manifest`, `cost`, `verify` and what `check` says, through the real binary.

mod support;

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::Value;
use support::{enigma, stderr, stdout};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");

/// In a folder with a copy of the example.
fn at(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = enigma(arguments);
    command.current_dir(folder);
    command.output().expect("the binary starts")
}

fn with(example: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("temporary folder");
    let name = format!("{example}.enigma");
    let source = Path::new(EXAMPLES).join(example).join(&name);
    fs::copy(source, folder.path().join(name)).expect("copied");
    folder
}

fn pinned(output: &Output) -> String {
    let code = output.status.code().expect("an exit code");
    format!("{}--- {code}\n{}", stdout(output), stderr(output))
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", stderr(output));
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

#[test]
fn check_tells_who_learns_what_and_the_cost() {
    let folder = with("salaries");
    let output = at(folder.path(), &["check", "salaries.enigma"]);
    insta::assert_snapshot!("check", pinned(&output));
    let object = json(&at(folder.path(), &["check", "salaries.enigma", "--json"]));
    assert_eq!(object["cost"][0]["rows"]["salary"], 5);
    assert_eq!(object["cost"][1]["rows"]["salary"], 1_000);
    assert_eq!(object["manifest"].as_array().map(Vec::len), Some(3));
}

#[test]
fn manifests_are_for_what_has_no_bytecode_too() {
    let folder = with("auction");
    let output = at(folder.path(), &["manifest", "auction.enigma"]);
    insta::assert_snapshot!("manifest", pinned(&output));
    let object = json(&at(
        folder.path(),
        &["manifest", "auction.enigma", "--json"],
    ));
    let bid = &object["data"][0];
    assert_eq!(
        (&bid["name"], &bid["kind"]),
        (&"bid".into(), &"collection".into())
    );
    assert_eq!(bid["learned"][2]["reveal"], "winner");
    assert_eq!(bid["learned"][2]["exposures"][0], "member");
    assert_eq!(
        object["entries"][0]["callers"]
            .as_str()
            .map(|text| text.starts_with("Only `seller`")),
        Some(true)
    );
    fs::write(folder.path().join("bad.enigma"), "contract X version 1 {").expect("written");
    let output = at(folder.path(), &["manifest", "bad.enigma"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("error[E0101]"));
}

#[test]
fn costs_are_those_of_the_plan() {
    let folder = with("salaries");
    let ends = at(folder.path(), &["cost", "salaries.enigma"]);
    insta::assert_snapshot!("cost", pinned(&ends));
    let object = json(&at(
        folder.path(),
        &[
            "cost",
            "salaries.enigma",
            "--n",
            "100",
            "--nodes",
            "5",
            "--latency",
            "20ms",
            "--json",
        ],
    ));
    let entry = &object["entries"][0];
    assert_eq!(
        (&entry["entry"], &entry["rows"]["salary"]),
        (&"compute".into(), &100.into())
    );
    let rounds = entry["cost"]["rounds"].as_u64().expect("a number");
    assert_eq!(entry["cost"]["latency_total_ms"], rounds * 20);
    assert_eq!(object["nodes"], 5);
    // Compiled, at the same size, by name.
    assert!(
        at(folder.path(), &["build", "salaries.enigma"])
            .status
            .success()
    );
    let named = [
        "--rows",
        "salary=100",
        "--nodes",
        "5",
        "--latency",
        "20ms",
        "--json",
    ];
    let compiled = at(
        folder.path(),
        &[&["cost", "salaries.enb"][..], &named].concat(),
    );
    assert_eq!(json(&compiled)["entries"][0], *entry);
}

#[test]
fn sizes_that_cannot_be_are_said() {
    let folder = with("salaries");
    let output = at(folder.path(), &["cost", "salaries.enigma", "--n", "4"]);
    assert!(output.status.success());
    assert!(
        stdout(&output).contains("compute with salary=4 rows: "),
        "{}",
        stdout(&output)
    );
    for (arguments, what) in [
        (&["--rows", "wage=4"][..], "there is no collection \"wage\""),
        (&["--rows", "salary"], "like salary=1000"),
        (&["--nodes", "4"], "odd number of nodes"),
        (&["--latency", "soon"], "a length of time"),
    ] {
        let output = at(
            folder.path(),
            &[&["cost", "salaries.enigma"], arguments].concat(),
        );
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(what), "{}", stderr(&output));
    }
}

#[test]
fn entries_without_bytecode_are_named_with_the_reason() {
    let folder = tempfile::tempdir().expect("temporary folder");
    // Nothing here comes to bytecode soon: keys are not supported by this network.
    let source = "contract K version 1 {
  state MPC { sk: private key<secp256k1>; }
  entry make() { MPC.sk = keygen(); }
}
";
    fs::write(folder.path().join("k.enigma"), source).expect("written");
    let output = at(folder.path(), &["cost", "k.enigma"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(
        text.contains("no bytecode, so no cost: ") && text.contains("(line "),
        "{text}"
    );
    let object = json(&at(folder.path(), &["cost", "k.enigma", "--json"]));
    assert_eq!(object["entries"], Value::Array(Vec::new()));
    assert!(object["not_compiled"][0]["line"].as_u64() > Some(0));
}

#[test]
fn bytecode_is_verified_against_its_source() {
    let folder = with("salaries");
    let path = folder.path();
    assert!(at(path, &["build", "salaries.enigma"]).status.success());
    let same = at(
        path,
        &["verify", "salaries.enb", "--source", "salaries.enigma"],
    );
    insta::assert_snapshot!("verify", pinned(&same));
    let object = json(&at(path, &["verify", "salaries.enb", "--json"]));
    assert_eq!(object["name"], "Salaries");

    let source = fs::read_to_string(path.join("salaries.enigma")).expect("readable");
    // Without the tests, which are no part of the bytecode.
    let source = format!("{}}}\n", source.split("  test").next().expect("a part"));
    let other = |from: &str, to: &str| {
        assert!(source.contains(from));
        fs::write(path.join("other.enigma"), source.replace(from, to)).expect("written");
        let output = at(
            path,
            &["verify", "salaries.enb", "--source", "other.enigma"],
        );
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(stdout(&output), "");
        stderr(&output)
    };
    let text = other("salary.sum() / salary.len()", "salary.sum()");
    assert!(
        text.contains("error: other.enigma makes another contract: 0x"),
        "{text}"
    );
    assert!(
        text.contains("hint: both show the same things to the same people"),
        "{text}"
    );
    let text = other("reveal rank = salary.rank_desc() to owner(salary);", "");
    assert!(
        text.starts_with("only the bytecode: Each person who gives"),
        "{text}"
    );
    assert!(text.contains("hint: they do not show the same"), "{text}");
    let text = other("version 1", "version 2");
    assert!(
        text.contains("of Salaries version 2, the bytecode of Salaries version 1"),
        "{text}"
    );

    let mut bytes = fs::read(path.join("salaries.enb")).expect("readable");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(path.join("spoilt.enb"), bytes).expect("written");
    let output = at(path, &["verify", "spoilt.enb"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).starts_with("error: spoilt.enb: not a usable contract"),
        "{}",
        stderr(&output)
    );
}
