//! What calls hide and blur: small counts, members, noise; by a live committee against its meaning on plain integers.

#[path = "common/calls.rs"]
mod calls;
mod common;
#[path = "common/committee.rs"]
mod network;

use calls::{Code, account, by_committee, check, environment, given, meant, shown};
use enigma_bytecode::model::{Kind, Known, Noise, Op, Order, Recipient, S, Width};
use enigma_bytecode::plan::{PlanError, Sink};
use enigma_field::{M61, M127};
use enigma_vm::SessionError;
use enigma_vm::clear::Inputs;

fn bids(rows: &[i64]) -> Inputs {
    given(vec![vec![rows.to_vec()]])
}

/// Median and size of two cells, those of fewer than three hidden.
fn guarded(recipient: Recipient, each: bool) -> Code {
    let mut code = Code::over(&[&[(0, 1), (0, 100)]]);
    let (keys, a) = (code.input(0, 0), code.input(0, 1));
    let counts = code.secret(|dst| Op::CountEach {
        dst,
        a: keys,
        len: 2,
    });
    let sums = code.secret(|dst| Op::CellSum {
        dst,
        keys,
        a,
        len: 2,
    });
    let mut split = |of: S| [0, 1].map(|at| code.secret(|dst| Op::Element { dst, a: of, at }));
    let (counts, sums) = (split(counts), split(sums));
    let counts = if each { &counts[..] } else { &counts[..1] };
    if recipient == Recipient::Public {
        code.open_all(&sums, counts, Some(3), None);
    } else {
        let reveal = code.line(recipient, 2, Some(3), None);
        code.push(Op::Out {
            reveal,
            values: sums.to_vec(),
            counts: counts.to_vec(),
            public: None,
        });
    }
    code
}

#[test]
fn small_counts_hide_values() {
    let rows = vec![vec![0, 0, 1, 1, 0], vec![10, 20, 30, 40, 0]];
    let inputs = given(vec![rows]);
    let environment = environment(&inputs);
    let to_party = |each| {
        let contract = guarded(Recipient::Party(0), each).contract;
        check::<M61>(3, &contract, &environment, &inputs, 9).expect("it runs")
    };
    let column = |column| Sink::Shown { reveal: 0, column };
    let bit = |count| Sink::Bit { reveal: 0, count };
    assert_eq!(
        to_party(true).shown,
        [
            (column(0), vec![30]),
            (column(1), vec![0]),
            (bit(0), vec![1]),
            (bit(1), vec![0])
        ]
    );
    assert_eq!(
        to_party(false).shown,
        [
            (column(0), vec![30]),
            (column(1), vec![70]),
            (bit(0), vec![1])
        ]
    );
    let contract = guarded(Recipient::Public, true).contract;
    let found = check::<M127>(5, &contract, &environment, &inputs, 9).expect("it runs");
    let public = &found.ended.public[&0];
    let number = |number| vec![Known::Number(number)];
    assert_eq!(public.columns, [number(30), number(0)]);
    assert_eq!(public.there, [[true], [false]]);
}

#[test]
fn a_guard_without_counts_is_no_guard() {
    let mut code = Code::over(&[&[(0, 9)]]);
    let x = code.input(0, 0);
    let sum = code.sum(x);
    let reveal = code.line(Recipient::Party(0), 1, Some(3), None);
    code.push(Op::Out {
        reveal,
        values: vec![sum],
        counts: Vec::new(),
        public: None,
    });
    let inputs = bids(&[1, 2]);
    let found = by_committee::<M61>(3, &code.contract, &environment(&inputs), &inputs, 1);
    assert!(matches!(
        found,
        Err(SessionError::Plan(PlanError::Gate { gate: 2, .. }))
    ));
}

#[test]
fn a_hidden_member_is_nobody() {
    let mut code = Code::over(&[&[(0, 9)]]);
    let (a, order) = (code.input(0, 0), Order::Descending);
    let winner = code.secret(|dst| Op::FirstMember { dst, a, order });
    let count = code.sum(a);
    code.open_all(&[winner], &[count], Some(10), None);
    code.contract.manifest[0].columns[0].kind = Kind::MemberOf(0);
    for (rows, expected) in [(vec![1, 9], account(2)), (vec![2, 7], account(0))] {
        let inputs = bids(&rows);
        let found = check::<M61>(3, &code.contract, &environment(&inputs), &inputs, 3);
        let found = found.expect("it runs").ended;
        assert_eq!(found.public[&0].columns, [[Known::Bytes(expected)]]);
    }
}

fn noisy(noise: Noise) -> Code {
    let mut code = Code::over(&[&[(0, 100)]]);
    let a = code.input(0, 0);
    let bands = code.secret(|dst| Op::CountEach { dst, a, len: 30 });
    let total = code.sum(a);
    let reveal = code.line(Recipient::Party(0), 2, None, Some(noise));
    code.push(Op::Out {
        reveal,
        values: vec![bands, total],
        counts: Vec::new(),
        public: None,
    });
    code.open_all(&[total], &[], None, Some(noise));
    code
}

/// How often each of 16 numbers occurs, where it occurs three times.
fn counted(recipient: Recipient, noise: Noise) -> Code {
    let mut code = Code::over(&[&[(0, 100)]]);
    let a = code.input(0, 0);
    let counts = code.secret(|dst| Op::CountEach { dst, a, len: 16 });
    let cells: Vec<S> = (0..16)
        .map(|at| code.secret(|dst| Op::Element { dst, a: counts, at }))
        .collect();
    if recipient == Recipient::Public {
        code.open_all(&cells, &cells, Some(3), Some(noise));
    } else {
        let reveal = code.line(recipient, 16, Some(3), Some(noise));
        code.push(Op::Out {
            reveal,
            values: cells.clone(),
            counts: cells,
            public: None,
        });
    }
    code
}

/// Whether a count is large enough is shown: where values are blurred it is no more exact than they are.
#[test]
fn counts_beside_noise_are_compared_with_noise_of_their_own() {
    let rows: Vec<i64> = (0..48).map(|row| row % 16).collect();
    let inputs = bids(&rows);
    let environment = environment(&inputs);
    let none = Noise::Laplace { decay: 16 };
    for to in [Recipient::Public, Recipient::Party(0)] {
        let contract = counted(to, none).contract;
        let found = check::<M61>(3, &contract, &environment, &inputs, 12).expect("it runs");
        let there = found.ended.public.get(&0).map(|shown| &shown.there[..]);
        assert!(there.is_none_or(|there| there.iter().all(|bits| bits == &[true])));
    }
    let noise = Noise::Laplace { decay: 1 << 63 };
    let contract = counted(Recipient::Public, noise).contract;
    let found = by_committee::<M61>(3, &contract, &environment, &inputs, 13).expect("it runs");
    let shown = &found.ended.public[&0];
    let there: Vec<bool> = shown.there.iter().flatten().copied().collect();
    // A third of all draws is below 0.
    assert!(there.contains(&true) && there.contains(&false), "{there:?}");
    let values: Vec<&Known> = shown.columns.iter().flatten().collect();
    let hidden = |(value, there): (&&Known, &bool)| *there || **value == Known::Number(0);
    assert!(values.iter().zip(&there).all(hidden), "{shown:?}");
    // The draws of values are others: of those that are shown some are below three.
    let below = |(value, there): (&&Known, &bool)| *there && **value < Known::Number(3);
    assert!(values.iter().zip(&there).any(below), "{shown:?}");
}

/// Columns of one count stand or fall together: it is drawn for once.
#[test]
fn one_count_of_several_columns_is_one_draw() {
    let mut code = Code::over(&[&[(0, 100)]]);
    let a = code.input(0, 0);
    let count = code.sum(a);
    let values = [count; 24];
    code.open_all(
        &values,
        &values,
        Some(3),
        Some(Noise::Laplace { decay: 1 << 63 }),
    );
    let inputs = bids(&[1, 1, 1]);
    let environment = environment(&inputs);
    for seed in 0..4 {
        let found = by_committee::<M61>(3, &code.contract, &environment, &inputs, seed);
        let ended = found.expect("it runs").ended;
        let there: Vec<bool> = ended.public[&0].there.iter().flatten().copied().collect();
        assert!(there.iter().all(|bit| *bit == there[0]), "{there:?}");
    }
}

#[test]
fn noise_is_added_to_every_element() {
    let inputs = bids(&[3, 3, 29, 100]);
    let environment = environment(&inputs);
    // So little that there is none.
    let (laplace, gaussian) = (
        Noise::Laplace { decay: 16 },
        Noise::Gaussian(Width::table(1 << 16)),
    );
    for none in [laplace, gaussian] {
        check::<M61>(3, &noisy(none).contract, &environment, &inputs, 10).expect("it runs");
    }
    let half = 1 << 63;
    for noise in [
        Noise::Laplace { decay: half },
        Noise::Gaussian(Width::table(half)),
    ] {
        let contract = noisy(noise).contract;
        let exact = meant(&contract, &environment, &inputs).expect("it runs");
        let found = by_committee::<M61>(3, &contract, &environment, &inputs, 11).expect("it runs");
        let differences: Vec<i64> = shown(&found, 0)
            .iter()
            .zip(shown(&exact, 0))
            .map(|(found, exact)| found - exact)
            .collect();
        assert_eq!(differences.len(), 30);
        assert!(differences.iter().all(|noise| noise.abs() < 64));
        assert!(differences.iter().any(|noise| *noise > 0));
        assert!(differences.iter().any(|noise| *noise < 0));
    }
}
