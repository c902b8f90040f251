//! `enigma bench`, small: real processes, right results, the promised keys, clear refusals.

mod support;

use support::{run, stderr, stdout};

#[test]
fn a_bench_measures_real_processes_and_says_the_promised_keys() {
    for (operation, count, nodes) in [
        ("mul", "1000", "3"),
        ("lt", "20", "5"),
        ("rank", "30", "3"),
        ("shuffle", "100", "3"),
        ("sort", "70", "3"),
        ("dot", "1000", "9"),
        ("matmul", "12", "3"),
        ("depth", "10", "3"),
        ("eq", "20", "3"),
        ("div", "5", "3"),
        ("histogram", "20", "3"),
    ] {
        let output = run(&[
            "bench", operation, "--count", count, "--nodes", nodes, "--runs", "2", "--json",
        ]);
        assert!(output.status.success(), "{}", stderr(&output));
        assert_eq!(stderr(&output), "");
        let result: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let object = result.as_object().expect("one object");
        let mut keys: Vec<&str> = object.keys().map(String::as_str).collect();
        keys.sort_unstable();
        let promised = [
            "bytes_per_party",
            "count",
            "cpu_seconds",
            "field",
            "nodes",
            "op",
            "ops_per_second",
            "peak_memory_bytes",
            "rounds",
            "runs",
            "security",
            "wall_seconds",
        ];
        assert_eq!(keys, promised);
        assert_eq!(result["op"], operation);
        assert_eq!(result["security"], "malicious");
        assert_eq!(result["nodes"].to_string(), nodes);
        assert_eq!(result["count"].to_string(), count);
        assert_eq!(result["runs"], 2);
        let positive = |key: &str| result[key].as_f64().is_some_and(|value| value > 0.0);
        for key in [
            "wall_seconds",
            "ops_per_second",
            "cpu_seconds",
            "bytes_per_party",
            "rounds",
        ] {
            assert!(positive(key), "{key}: {result}");
        }
    }
}

#[test]
fn verification_can_be_left_out_to_see_what_it_costs() {
    let measure = |more: &[&str]| -> serde_json::Value {
        let arguments = ["bench", "lt", "--count", "20", "--runs", "1", "--json"];
        let output = run(&[&arguments, more].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        serde_json::from_slice(&output.stdout).expect("JSON")
    };
    let (without, with) = (measure(&["--semi-honest"]), measure(&[]));
    assert_eq!(without["security"], "semi-honest");
    assert_eq!(with["security"], "malicious");
    for key in ["rounds", "bytes_per_party"] {
        assert!(without[key].as_u64() < with[key].as_u64(), "{key}");
    }
}

#[test]
fn people_get_a_table() {
    let output = run(&["bench", "mul", "--count", "10", "--runs", "1"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.contains("wall time"), "{text}");
    assert!(text.contains("results checked"), "{text}");
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let refused = |arguments: &[&str], what: &str| {
        let output = run(&[&["bench"], arguments].concat());
        let errors = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(errors.contains(what), "{errors}");
        assert_eq!(stdout(&output), "");
    };
    refused(&["mul", "--count", "0"], "at least one element");
    refused(&["mul", "--count", "1100000"], "the network allows 1048576");
    refused(&["rank", "--count", "100000"], "the network allows");
    refused(&["mul", "--count", "5000000000"], "--count");
    refused(
        &["mul", "--count", "10", "--nodes", "4"],
        "odd number of nodes from 3 to 31",
    );
    refused(
        &["mul", "--count", "10", "--field", "m89"],
        "the fields are m61 and m127",
    );
    refused(
        &["transpose", "--count", "10"],
        "mul, dot, matmul, depth, lt, eq, rank",
    );
    refused(&["mul", "--count", "10", "--runs", "0"], "--runs");
    refused(&["mul"], "--count");
}
