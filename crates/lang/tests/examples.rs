//! The example contracts of the repository.

use std::collections::BTreeMap;
use std::path::Path;

use enigma_bytecode::container::{contract_hash, encode};
use enigma_bytecode::disasm::disassemble;
use enigma_bytecode::interface::{sentences, to_json};
use enigma_bytecode::model::{Op, Recipient, Shape, Source};
use enigma_lang::{Account, Color, Severity, Shown, Value, compile, interpret, render};

const SALARIES: &str = include_str!("../../../examples/salaries/salaries.enigma");

#[test]
fn salaries_compiles_to_the_code_one_would_write() {
    let compilation = compile(SALARIES);
    let shown = render(
        &compilation.diagnostics,
        "salaries.enigma",
        SALARIES,
        Color::Never,
    );
    assert_eq!(shown, "");
    let contract = compilation.contract.expect("no diagnostics");
    assert_eq!(contract.groups.len(), 1);
    let reveals: Vec<_> = contract
        .manifest
        .iter()
        .map(|r| (r.name.as_str(), &r.recipients[..], r.sources.clone()))
        .collect();
    assert_eq!(
        reveals,
        [
            (
                "average",
                &[Recipient::EachOf(0)][..],
                vec![(Source::Collection(0), Shape::Aggregate(5))]
            ),
            (
                "rank",
                &[Recipient::OwnerOf(0)][..],
                vec![(Source::Collection(0), Shape::PerOwner)]
            ),
        ]
    );
    let [entry] = &contract.entries[..] else {
        panic!("one entry")
    };
    assert!(matches!(
        entry.code[..],
        [
            Op::Input { .. },
            Op::Sum { .. },
            Op::Rows { .. },
            Op::DivPublic { .. },
            Op::Out { reveal: 0, .. },
            Op::Rank { .. },
            Op::Out { reveal: 1, .. },
        ]
    ));
}

#[test]
fn salaries_passes_its_own_tests() {
    for outcome in compile(SALARIES).run_tests() {
        assert!(outcome.passed(), "{outcome:?}");
    }
    assert_eq!(compile(SALARIES).run_tests().len(), 2);
}

#[test]
fn the_same_source_gives_the_same_bytes() {
    let bytes = |source: &str| encode(&compile(source).contract.expect("no errors"));
    let once = bytes(SALARIES);
    assert_eq!(once, bytes(SALARIES));
    let spaced: String = SALARIES
        .lines()
        .map(|line| format!("\t {line} // and a comment on every line\r\n\n"))
        .collect();
    assert_eq!(once, bytes(&spaced));
    // Tests are not part of the contract.
    let start = SALARIES.find("  test").expect("has tests");
    assert_eq!(once, bytes(&format!("{}}}", &SALARIES[..start])));
    // What matters changes the hash.
    for (from, to) in [
        ("min 5", "min 6"),
        ("Salaries", "Wages"),
        ("rank_desc", "rank"),
        ("version 1", "version 2"),
    ] {
        assert_ne!(
            contract_hash(&once),
            contract_hash(&bytes(&SALARIES.replace(from, to)))
        );
    }
}

/// The hash under which the example is known everywhere. It changes only with the contract or with
/// the profile.
#[test]
fn the_hash_of_the_example_is_pinned() {
    let contract = compile(SALARIES).contract.expect("no errors");
    insta::assert_snapshot!(contract_hash(&encode(&contract)), @"0x9d50df52cd2cc44d1b8c796a3e37c6a779235bdca816b41070a6b215e1ebb33f");
}

/// Every example but the first, with its sample.
const EXAMPLES: [(&str, &str); 3] = [
    ("payroll_total", "payroll.csv"),
    ("highest_bid", "bids.csv"),
    ("yes_no_vote", "votes.csv"),
];

fn example(name: &str, file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    std::fs::read_to_string(folder.join(name).join(file)).expect("readable")
}

#[test]
fn examples_compile_and_pass_their_own_tests() {
    for (name, _) in EXAMPLES {
        let source = example(name, &format!("{name}.enigma"));
        let compilation = compile(&source);
        let shown = render(&compilation.diagnostics, name, &source, Color::Never);
        assert_eq!(shown, "");
        let outcomes = compilation.run_tests();
        assert!(outcomes.len() >= 3);
        for outcome in outcomes {
            assert!(outcome.passed(), "{name}: {outcome:?}");
        }
    }
}

/// The samples give what `expected.json` says: the meaning that a run on a network is held to.
#[test]
fn samples_give_the_expected_results() {
    for (name, sample) in EXAMPLES {
        let compilation = compile(&example(name, &format!("{name}.enigma")));
        let checked = compilation.checked.expect("no errors");
        let expected: serde_json::Value =
            serde_json::from_str(&example(name, "expected.json")).expect("JSON");
        let entry = expected["entry"].as_str().expect("an entry");
        let (people, inputs) = sample_of(&example(name, sample));
        let results = interpret(&checked, entry, &inputs).expect("runs");
        let results: serde_json::Map<String, serde_json::Value> = results
            .into_iter()
            .map(|(name, value)| (name, json(value, &people)))
            .collect();
        assert_eq!(
            serde_json::Value::from(results),
            expected["results"],
            "{name}"
        );
    }
}

/// The names in the first column, and the collection of the second.
fn sample_of(text: &str) -> (Vec<String>, BTreeMap<String, Vec<i64>>) {
    let mut lines = text.lines();
    let (_, collection) = lines
        .next()
        .and_then(|l| l.split_once(','))
        .expect("two columns");
    let rows = lines.map(|line| {
        let (name, value) = line.split_once(',').expect("two columns");
        let value = match value {
            "yes" | "true" => 1,
            "no" | "false" => 0,
            number => number.parse().expect("a number"),
        };
        (name.to_owned(), value)
    });
    let (people, values) = rows.unzip();
    (people, BTreeMap::from([(collection.to_owned(), values)]))
}

fn json(value: Shown, people: &[String]) -> serde_json::Value {
    let one = |value: Value| match value {
        Value::Number(number) => i64::try_from(number).expect("small").into(),
        Value::Truth(value) => value.into(),
        Value::Account(Account::Member(_, number)) => people[number as usize].clone().into(),
        other => panic!("{other:?}"),
    };
    match value {
        Shown::One(value) => one(value),
        Shown::PerOwner(rows) => {
            let named = people.iter().cloned().zip(rows);
            let shown = named.filter_map(|(name, row)| Some((name, one(row?))));
            serde_json::Value::Object(shown.collect())
        }
    }
}

#[test]
fn manifests_of_the_examples_read_well() {
    let mut all = String::new();
    for (name, _) in EXAMPLES {
        let contract = compile(&example(name, &format!("{name}.enigma"))).contract;
        let contract = contract.expect("no errors");
        let (lines, listing) = (sentences(&contract), disassemble(&contract));
        all.push_str(&format!("{}\n\n{listing}\n", lines.join("\n")));
    }
    insta::assert_snapshot!("examples.manifest", all);
}

#[test]
fn the_interface_tells_clients_and_owners_what_they_need() {
    let contract = compile(SALARIES).contract.expect("no errors");
    insta::assert_snapshot!("salaries.enj", to_json(&contract));
    insta::assert_snapshot!("salaries.manifest", sentences(&contract).join("\n"));
    insta::assert_snapshot!("salaries.listing", disassemble(&contract));
}

/// The contracts of the specification, with how many tests each has.
const CONTRACTS: [(&str, usize); 9] = [
    ("salaries", 2),
    ("auction", 3),
    ("voting", 2),
    ("ballot", 2),
    ("overlap", 2),
    ("risk_model", 1),
    ("income_by_department", 1),
    ("vault", 1),
    ("data_market", 1),
];

#[test]
fn contracts_of_the_specification_pass_their_own_tests() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut faults = Vec::new();
    for (name, tests) in CONTRACTS {
        let path = folder.join(name).join(format!("{name}.enigma"));
        let source = std::fs::read_to_string(path).expect("readable");
        let compilation = compile(&source);
        let errors = compilation
            .diagnostics
            .iter()
            .filter(|d| d.severity == Severity::Error);
        let errors: Vec<_> = errors.cloned().collect();
        if !errors.is_empty() {
            faults.push(render(&errors, name, &source, Color::Never));
        }
        let outcomes = compilation.run_tests();
        if outcomes.len() != tests {
            faults.push(format!("{name}: {} tests ran", outcomes.len()));
        }
        for outcome in outcomes.into_iter().filter(|outcome| !outcome.passed()) {
            faults.push(format!("{name}: {outcome:?}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
