//! The example contracts of the repository.

use enigma_bytecode::container::{contract_hash, encode};
use enigma_bytecode::disasm::disassemble;
use enigma_bytecode::interface::{sentences, to_json};
use enigma_bytecode::model::{Op, Recipient, Shape};
use enigma_lang::{Color, compile, render};

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
        .map(|r| (r.name.as_str(), r.recipient, r.sources.clone()))
        .collect();
    assert_eq!(
        reveals,
        [
            (
                "average",
                Recipient::EachOf(0),
                vec![(0, Shape::Aggregate(5))]
            ),
            ("rank", Recipient::OwnerOf(0), vec![(0, Shape::PerOwner)]),
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
    insta::assert_snapshot!(contract_hash(&encode(&contract)), @"0xbd318f77e76d6063db814fc20f12ad43e8f7ca5f5b94fa8f43df41053f107d8d");
}

#[test]
fn the_interface_tells_clients_and_owners_what_they_need() {
    let contract = compile(SALARIES).contract.expect("no errors");
    insta::assert_snapshot!("salaries.enj", to_json(&contract));
    insta::assert_snapshot!("salaries.manifest", sentences(&contract).join("\n"));
    insta::assert_snapshot!("salaries.listing", disassemble(&contract));
}
