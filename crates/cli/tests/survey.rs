//! The survey end to end: real chain, real node processes, real keys; results equal plain arithmetic.

mod support;

use support::{csv, expected, people, survey};

#[track_caller]
fn check(values: &[i64], nodes: u8) {
    let folder = tempfile::tempdir().expect("temporary folder");
    let people = people(values);
    let result = survey(&csv(folder.path(), &people), nodes, &[]);
    let (average, expected) = expected(&people);
    assert_eq!(result["average"], average);
    assert_eq!(result["people"], serde_json::Value::from(expected));
    assert_eq!(result["nodes"], nodes);
    assert_eq!(result["security"], "malicious-abort");
    assert!(result["rounds"].as_u64().is_some_and(|rounds| rounds > 0));
    assert!(
        result["bytes_per_node"]
            .as_u64()
            .is_some_and(|bytes| bytes > 0)
    );
    assert!(
        result["fee"]
            .as_str()
            .is_some_and(|fee| fee.parse::<u128>().is_ok_and(|fee| fee > 0))
    );
    for phase in ["setup", "share", "compute", "collect"] {
        assert!(
            result["seconds"][phase]
                .as_f64()
                .is_some_and(|seconds| seconds > 0.0),
            "{phase}"
        );
    }
}

#[test]
fn five_people_with_ties_on_three_nodes() {
    check(&[3_000, 5_000, 4_000, 4_000, 4_001], 3);
}

#[test]
fn edges_of_the_range_on_five_nodes() {
    check(&[0, 100_000_000, 100_000_000, 0, 99_999_999, 1], 5);
}

#[test]
fn seven_nodes() {
    check(&[7, 7, 7, 7, 7, 8], 7);
}

#[test]
fn nine_nodes() {
    check(&[100_000_000, 3, 3, 0, 12], 9);
}

/// The larger cases of the figures: `cargo test --release -p enigma-cli --test survey -- --ignored`.
#[test]
#[ignore = "larger; a separate command"]
fn larger_surveys() {
    // Few different values, so that there are many ties.
    let values = |people: i64| {
        (0..people)
            .map(|i| 250_000 + i * i % 97 * 1_000)
            .collect::<Vec<i64>>()
    };
    check(&values(300), 3);
    check(&values(20), 5);
    check(&values(20), 7);
    check(&values(300), 7);
}

#[test]
fn the_sample_in_a_table() {
    let output = support::run(&["demo", "salaries"]);
    let (text, errors) = (support::stdout(&output), support::stderr(&output));
    assert!(output.status.success(), "{errors}");
    for word in [
        "Ada",
        "Tara",
        "average learned",
        "own rank learned",
        "malicious-abort",
        "fee",
        "rounds",
    ] {
        assert!(text.contains(word), "{word} is missing in:\n{text}");
    }
    // Nobody's value is printed anywhere, only what was learned.
    for value in ["845000", "1250000", "267000"] {
        assert!(!text.contains(value) && !errors.contains(value), "{value}");
    }
}

#[test]
fn nothing_of_the_network_is_left_running() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = csv(folder.path(), &people(&[1, 2, 3, 4, 5]));
    let keep = folder.path().join("kept");
    let result = survey(&path, 3, &["--keep", &keep.display().to_string()]);
    assert_eq!(result["average"], 3);
    for number in 1..=3 {
        let config = keep.join(format!("node-{number}/node.toml"));
        let config = std::fs::read_to_string(config).expect("kept");
        let marker = keep.join(format!("node-{number}"));
        assert!(config.contains("chain_url"));
        assert!(
            !runs_with(&marker.display().to_string()),
            "node {number} still runs"
        );
    }
}

/// Does any process have this text in its command line?
fn runs_with(text: &str) -> bool {
    let Ok(processes) = std::fs::read_dir("/proc") else {
        return false;
    };
    processes.flatten().any(|process| {
        let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(text)
    })
}
