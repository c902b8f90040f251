//! Commands and bad input through the real binary: one clear error, a hint, the documented exit code,
//! and nothing started.

mod support;

use support::{run, stderr, stdout};

#[track_caller]
fn refused(text: impl AsRef<[u8]>, place: &str, what: &str) {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("people.csv");
    std::fs::write(&path, text).expect("write");
    let output = run(&["demo", "salaries", "--input", &path.display().to_string()]);
    let errors = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(
        errors.starts_with(&format!("error: {}{place}: ", path.display())),
        "{errors}"
    );
    assert!(errors.contains(what), "{errors}");
    assert!(errors.contains("\nhint: "), "{errors}");
    assert_eq!(
        errors.lines().count(),
        2,
        "one error and one hint, and no network was started: {errors}"
    );
    assert_eq!(stdout(&output), "");
}

const GOOD: &str = "name,salary\nAda,1\nBob,2\nCleo,3\nDan,4\nEve,5\n";

#[test]
fn bad_survey_files_are_refused_before_anything_starts() {
    let with = |value: &str| GOOD.replace("Cleo,3", &format!("Cleo,{value}"));
    refused(with("many"), ":4", "not a whole number");
    refused(with("12.5"), ":4", "not a whole number");
    refused(with("-7"), ":4", "negative");
    refused(with("100000001"), ":4", "above 100000000");
    refused(
        GOOD.replace("salary", "wage"),
        ":1",
        "column \"salary\" is missing",
    );
    refused(
        GOOD.replace("Cleo,3", "Cleo"),
        ":4",
        "1 fields, but the header has 2",
    );
    refused(GOOD.replace("Cleo", "Ada"), ":4", "already on line 2");
    refused("", "", "is empty");
    refused("name,salary\n", "", "no people");
    refused("name,salary\nAda,1\nBob,2\n", "", "needs at least 5");
    refused(b"name,salary\nAd\xe9,1\n", ":2", "not UTF-8");
    let many: String = (0..1_000_000).map(|i| format!("p{i},{i}\n")).collect();
    refused(
        format!("name,salary\n{many}"),
        ":1002",
        "more than 1000 people",
    );
}

#[test]
fn a_missing_file_is_named() {
    let output = run(&["demo", "salaries", "--input", "no/such/file.csv"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("no/such/file.csv: cannot be read"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn committee_sizes_are_checked() {
    for size in ["1", "2", "4", "6", "8"] {
        let output = run(&["demo", "salaries", "--nodes", size]);
        assert_eq!(output.status.code(), Some(2));
        assert!(
            stderr(&output).contains("odd number of nodes from 3 to 31"),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn help_shows_examples() {
    for arguments in [
        &["--help"][..],
        &["demo", "--help"],
        &["check", "--help"],
        &["build", "--help"],
        &["fmt", "--help"],
        &["test", "--help"],
        &["manifest", "--help"],
        &["cost", "--help"],
        &["verify", "--help"],
        &["new", "--help"],
        &["init", "--help"],
        &["explain", "--help"],
        &["lsp", "--help"],
        &["simulate", "--help"],
    ] {
        let output = run(arguments);
        assert!(output.status.success());
        assert!(stdout(&output).contains("enigma"), "{arguments:?}");
    }
    assert!(stdout(&run(&["demo", "--help"])).contains("enigma demo salaries --json"));
}

const CONTRACT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../examples/salaries/salaries.enigma"
);

#[test]
fn check_says_who_learns_what_and_runs_the_tests() {
    let output = run(&["check", CONTRACT]);
    let text = stdout(&output);
    assert!(output.status.success(), "{}", stderr(&output));
    for word in [
        "Salaries version 1",
        "average",
        "rank",
        "five workers, one tie",
        "ok",
    ] {
        assert!(text.contains(word), "{word} is missing in:\n{text}");
    }
    let object: serde_json::Value =
        serde_json::from_slice(&run(&["check", "--json", CONTRACT]).stdout)
            .expect("one JSON object");
    assert_eq!(object["tests"].as_array().map(Vec::len), Some(2));
    assert_eq!(object["tests"][0]["failure"], serde_json::Value::Null);
}

#[test]
fn build_writes_the_same_bytes_every_time() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let build = |name: &str| {
        let out = folder.path().join(name).display().to_string();
        let output = run(&["build", CONTRACT, "--output-dir", &out]);
        assert!(output.status.success(), "{}", stderr(&output));
        let read =
            |file: &str| std::fs::read(folder.path().join(name).join(file)).expect("written");
        (read("salaries.enb"), read("salaries.enj"))
    };
    let (first, second) = (build("a"), build("b"));
    assert_eq!(first, second);
    assert!(first.0.starts_with(b"ENB8"));
    serde_json::from_slice::<serde_json::Value>(&first.1).expect("the interface is JSON");
}

/// Before a key or a network is asked for.
#[test]
fn a_contract_that_committees_do_not_run_yet_is_not_deployed() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("open.enigma");
    let source = std::fs::read_to_string(CONTRACT).expect("readable");
    let open = source.replace(
        "  group workers",
        "  group others min 1 max 5;\n  state L { runs: u64 = 0; }\n  entry note() by others { L.runs += 1; }\n  group workers",
    );
    assert_ne!(open, source);
    std::fs::write(&path, open).expect("write");
    let output = run(&["deploy", &path.display().to_string()]);
    assert_eq!(output.status.code(), Some(2));
    let errors = stderr(&output);
    assert!(
        errors.contains(
            "cannot run this contract yet: the entry note needs members of a group that gives to no collection"
        ),
        "{errors}"
    );
    assert!(errors.contains("\nhint: "), "{errors}");
}

#[test]
fn a_contract_that_leaks_is_refused_with_a_caret() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("leak.enigma");
    let source = std::fs::read_to_string(CONTRACT).expect("readable");
    let leak = source.replace(
        "reveal average = salary.sum() / salary.len()",
        "reveal average = salary",
    );
    assert_ne!(leak, source);
    std::fs::write(&path, leak).expect("write");
    for command in ["check", "build"] {
        let output = run(&[command, &path.display().to_string()]);
        assert_eq!(output.status.code(), Some(2));
        let errors = stderr(&output);
        assert!(
            errors.contains("error[E0310]") && errors.contains('^'),
            "{errors}"
        );
        assert!(errors.contains("not compiled"), "{errors}");
    }
    assert!(!folder.path().join("leak.enb").exists());
}

#[test]
fn codes_are_explained() {
    let output = run(&["explain", "e0310"]);
    assert!(output.status.success());
    assert!(
        stdout(&output).starts_with("No `allow` covers this reveal.\n\n"),
        "{}",
        stdout(&output)
    );
    let output = run(&["explain", "E9999"]);
    assert_eq!(output.status.code(), Some(2));
    let errors = stderr(&output);
    assert!(
        errors.starts_with("error: there is no code \"E9999\"\nhint: the codes are E0101, "),
        "{errors}"
    );
}
