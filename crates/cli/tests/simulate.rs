//! `enigma simulate`: one seed, one answer; what it says of many cases and of one; clear refusals.

mod support;

use support::{run, stderr, stdout};

const CASE: &str = "program=yes_no_vote parties=3 rows=5 invalid=1 seed=9 network=fair \
                    adversary=2:product:noncanonical@0.1";

#[test]
fn a_seed_decides_everything() {
    let arguments = [
        "simulate",
        "--seed",
        "5",
        "--cases",
        "6",
        "--parties",
        "3",
        "--json",
    ];
    let output = run(&arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(result["seed"], 5);
    assert_eq!(result["cases"], 6);
    assert_eq!(result["broken"], 0);
    assert_eq!(result["violations"], serde_json::json!([]));
    assert!(result["frames"].as_u64() > Some(0), "{result}");
    assert_eq!(stdout(&run(&arguments)), stdout(&output));
}

#[test]
fn one_case_is_told_party_by_party() {
    let output = run(&["simulate", "--case", CASE]);
    let text = stdout(&output);
    assert!(output.status.success(), "{}", stderr(&output));
    for word in [
        "1 cases, 1 aborted, 0 broke a rule",
        "product",
        "honest",
        "corrupt",
        "element 1 that party 2 sent",
        "is not canonical",
    ] {
        assert!(text.contains(word), "{word}: {text}");
    }
    let output = run(&["simulate", "--case", CASE, "--json"]);
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(result["parties"][0]["names"], serde_json::json!([2]));
    assert_eq!(result["parties"][1]["is"], "corrupt");
    assert_eq!(result["kinds"]["product"]["aborted"], 1);
}

#[test]
fn what_cannot_be_simulated_is_refused() {
    for (arguments, says) in [
        (&["--adversary", "2:produce:add"][..], "no kind of message"),
        (
            &["--adversary", "1:coin:drop,2:coin:drop", "--parties", "3"],
            "at most 1 may be",
        ),
        (&["--parties", "4"], "3, 5, 7, 9 or 11"),
        (&["--cases", "0"], "--cases"),
        (&["no/such.enigma"], "cannot be read"),
        (&["--case", "program=a"], "`network` is missing"),
        (
            &[
                "--case",
                "program=a parties=3 rows=1 invalid=0 seed=1 network=fair adversary=none",
            ],
            "there is no program a",
        ),
        (&["--case", CASE, "--seed", "3"], "cannot be used with"),
    ] {
        let output = run(&[&["simulate"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        assert!(stderr(&output).contains(says), "{}", stderr(&output));
    }
}
