//! The example contracts of the repository.

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
