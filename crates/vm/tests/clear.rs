//! The planner's templates against plain integers, and the two plaintext back ends against each
//! other: a plan run with values in place of shares does what the macro-operations say.

mod common;

use common::{
    EDGE, Pick, arithmetic, choices, comparisons, contract, firsts, out, quotient, ranking, survey,
};
use enigma_bytecode::model::{Contract, Op, Order, S};
use enigma_bytecode::plan::{self, Limit, PlanError, Sizes};
use enigma_bytecode::ranges::RangeError;
use enigma_field::{Committee, Levels, M61};
use enigma_vm::clear::{self, ClearError, Shown};
use proptest::prelude::*;

/// A committee that compares over bits.
fn three() -> Committee {
    Committee::new(3).expect("an odd size")
}

/// A committee that compares over digits.
fn five() -> Committee {
    Committee::new(5).expect("an odd size")
}

fn sizes(inputs: &[Vec<i64>]) -> Sizes {
    let rows = inputs.iter().map(|rows| rows.len() as u32).collect();
    Sizes { rows }
}

fn elements(inputs: &[Vec<i64>]) -> Vec<(u16, Vec<M61>)> {
    let rows = |rows: &Vec<i64>| rows.iter().map(|x| M61::from_i64(*x)).collect();
    (0u16..).zip(inputs.iter().map(rows)).collect()
}

/// What the plan shows, run in the clear; the macro semantics must show the same.
fn shown(contract: &Contract, inputs: &[Vec<i64>]) -> Vec<Vec<i64>> {
    let meaning = clear::run(contract, 0, inputs).expect("the entry runs");
    let as_elements = |shown: &Shown| {
        let values = shown.values.iter().map(|x| M61::from_i64(*x));
        (shown.reveal, values.collect::<Vec<M61>>())
    };
    let expected: Vec<_> = meaning.iter().map(as_elements).collect();
    for committee in [three(), five()] {
        let plan = plan::main(contract, 0, &sizes(inputs), committee).expect("a plan");
        let mut pick = Pick(7);
        let outputs = clear::run_plan(&plan, &elements(inputs), || pick.bit()).outputs;
        assert_eq!(outputs, expected);
    }
    meaning.into_iter().map(|shown| shown.values).collect()
}

fn validity(low: i64, high: i64, rows: Vec<M61>) -> Vec<bool> {
    let contract = ranking(low, high, 1 << 20, Order::Ascending);
    let sizes = Sizes {
        rows: vec![rows.len() as u32],
    };
    let [over_bits, over_digits] = [three(), five()].map(|committee| {
        let plan = plan::prologue(&contract, 0, &sizes, committee).expect("a plan");
        let mut pick = Pick(9);
        let mut opened = clear::run_plan(&plan, &[(0, rows.clone())], || pick.bit()).opened;
        let (collection, bits) = opened.pop().expect("one collection");
        assert_eq!((collection, opened.len()), (0, 0));
        bits
    });
    assert_eq!(over_bits, over_digits);
    over_bits
}

#[test]
fn a_survey_shows_average_and_ranks_with_ties() {
    let contract = survey(0, 100_000_000, 1_000, Order::Descending);
    let shown = shown(&contract, &[vec![3000, 5000, 4000, 4000, 4000]]);
    assert_eq!(shown, [vec![4000], vec![5, 1, 2, 2, 2]]);
}

#[test]
fn ranks_at_the_edges_of_the_range() {
    let values = vec![EDGE, -EDGE, 0, EDGE - 1, 1 - EDGE, 0, -1, 1, EDGE, -EDGE];
    for order in [Order::Ascending, Order::Descending] {
        shown(
            &ranking(-EDGE, EDGE, 100, order),
            std::slice::from_ref(&values),
        );
    }
}

#[test]
fn one_row_and_all_equal() {
    let contract = survey(-5, 100, 100, Order::Descending);
    assert_eq!(shown(&contract, &[vec![-3]]), [vec![-3], vec![1]]);
    assert_eq!(shown(&contract, &[vec![42; 17]]), [vec![42], vec![1; 17]]);
}

#[test]
fn ranks_over_several_tiles() {
    let mut pick = Pick(1);
    let values: Vec<i64> = (0..300).map(|_| pick.between(0, 120)).collect();
    let contract = ranking(0, 120, 300, Order::Descending);
    let rows = Sizes { rows: vec![300] };
    let plan = plan::main(&contract, 0, &rows, five()).expect("a plan");
    // 44,850 pairs in three tiles: a strand for masks, one for their verification, one for the
    // comparisons. Sum and output; and products are verified after two tiles and at the end.
    assert_eq!(plan.strands.len(), 3 * 3 + 2 + 2);
    // Three parties need no masks, and verify products and gates at the end.
    let plan = plan::main(&contract, 0, &rows, three()).expect("a plan");
    assert_eq!(plan.strands.len(), 3 + 2 + 2);
    shown(&contract, &[values]);
}

#[test]
fn arithmetic_repeats_scalars() {
    let contract = arithmetic(50);
    shown(&contract, &[vec![-50, 0, 1_000, 7], vec![200, -3, 0]]);
    shown(&contract, &[vec![12], vec![-3]]);
    shown(&contract, &[vec![12, 13], vec![5]]);
}

#[test]
fn choices_roots_and_places_of_rows() {
    let inputs = [vec![12, -50, 1_000, 0, 7], vec![3, -3, 5]];
    let expected = vec![
        vec![2, -10, 200, 0, 1],
        vec![12, 50, 1_000, 0, 7],
        vec![12, 5, 1_000, 0, 7],
        vec![7],
        vec![1],
    ];
    assert_eq!(shown(&choices(50, 3), &inputs), expected);
    let by_zero = shown(&choices(50, 9), &[vec![5, -2], vec![3, -3]]);
    assert_eq!(by_zero[0], vec![0, 0]);
    assert_eq!(by_zero[3], vec![5]);
}

#[test]
fn quotients_truncate_toward_zero() {
    let values = vec![-EDGE, -17, -16, -15, -1, 0, 1, 15, 16, 17, 1 << 40, EDGE];
    for divisor in [
        1,
        -1,
        2,
        -2,
        3,
        16,
        255,
        256,
        257,
        1 << 58,
        -(1 << 58),
        EDGE,
        -EDGE,
    ] {
        let contract = quotient(-EDGE, EDGE, 100, divisor);
        let quotients = &shown(&contract, std::slice::from_ref(&values))[0];
        for (x, q) in values.iter().zip(quotients) {
            assert_eq!(*q, x / divisor, "{x} / {divisor}");
        }
    }
    assert_eq!(shown(&quotient(-9, 9, 10, 0), &[vec![5, -5]]), [vec![0, 0]]);
    // All dividends at most zero: no comparison for the sign.
    let negative = quotient(-1_000, 0, 10, 7);
    assert_eq!(
        shown(&negative, &[vec![-1_000, 0, -6, -7]]),
        [[-142, 0, 0, -1]]
    );
    // Too small to reach the divisor: nothing is compared.
    let small = plan::main(
        &quotient(-9, 9, 10, 10),
        0,
        &Sizes { rows: vec![3] },
        three(),
    );
    assert_eq!(small.expect("a plan").cost.random_bits, 0);
}

#[test]
fn quotients_of_many_rows_go_in_tiles() {
    let mut pick = Pick(3);
    let values: Vec<i64> = (0..700)
        .map(|_| pick.between(-1_000_000, 1_000_000))
        .collect();
    let contract = quotient(-1_000_000, 1_000_000, 700, 13);
    let plan = plan::main(&contract, 0, &Sizes { rows: vec![700] }, five()).expect("a plan");
    assert!(plan.strands.len() > 8);
    shown(&contract, &[values]);
}

#[test]
fn firsts_and_the_earliest_of_equals() {
    let contract = firsts(-EDGE, EDGE, 100);
    let of = |values: &[i64]| shown(&contract, &[values.to_vec()]);
    assert_eq!(of(&[7]), [[7], [0], [7], [0]]);
    assert_eq!(of(&[2, 5, 5, 2, 3]), [[5], [1], [2], [0]]);
    assert_eq!(of(&[4; 6]), [[4], [0], [4], [0]]);
    assert_eq!(of(&[0, 1, 2, 3, 4, 5, 6]), [[6], [6], [0], [0]]);
    assert_eq!(of(&[-EDGE, EDGE, EDGE]), [[EDGE], [1], [-EDGE], [0]]);
}

#[test]
fn firsts_over_several_tiles() {
    // 16,500 pairs in the first level: two tiles, and a row without partner.
    let mut pick = Pick(6);
    let mut values: Vec<i64> = (0..33_001).map(|_| pick.between(-1_000, 1_000)).collect();
    values[33_000] = 2_000;
    let contract = firsts(-1_000, 2_000, 40_000);
    assert_eq!(shown(&contract, &[values])[..2], [[2_000], [33_000]]);
}

#[test]
fn comparisons_of_many_rows_go_in_tiles() {
    let mut pick = Pick(8);
    let values: Vec<i64> = (0..17_000).map(|_| pick.between(-9_000, 9_000)).collect();
    let contract = comparisons(-9_000, 9_000, 20_000, 17);
    shown(&contract, &[values, vec![4, -9, 8]]);
}

#[test]
fn rows_outside_the_range_are_found() {
    let rows = [-1, 0, 1, 99, 100, 101, -EDGE, EDGE, i64::MAX, i64::MIN];
    let rows = rows.map(M61::from_i64).to_vec();
    let expected: Vec<bool> = rows
        .iter()
        .map(|x| (0..=100).contains(&x.to_i64()))
        .collect();
    assert_eq!(validity(0, 100, rows), expected);
}

#[test]
fn wild_elements_never_pass_the_range_check() {
    let half = (M61::MODULUS - 1) / 2;
    let mut rows: Vec<M61> = Vec::new();
    for centre in [0, half, half + 1, M61::MODULUS - 1, 1 << 59, 1 << 60] {
        rows.extend((0..5).map(|k| M61::new(centre + k) - M61::new(2)));
    }
    let mut pick = Pick(5);
    rows.extend((0..500).map(|_| M61::new(pick.word())));
    for (low, high) in [
        (-EDGE, EDGE),
        (0, EDGE),
        (-EDGE, 0),
        (EDGE, EDGE),
        (-3, 100),
    ] {
        let expected: Vec<bool> = rows
            .iter()
            .map(|x| (low..=high).contains(&x.to_i64()))
            .collect();
        assert_eq!(
            validity(low, high, rows.clone()),
            expected,
            "{low}..={high}"
        );
    }
}

#[test]
fn a_range_check_of_many_rows_is_one_list() {
    let rows: Vec<M61> = (0..20_000).map(M61::new).collect();
    let valid = validity(0, 9_999, rows);
    assert_eq!(valid.len(), 20_000);
    assert!(
        valid
            .iter()
            .enumerate()
            .all(|(k, bit)| *bit == (k < 10_000))
    );
}

/// Rounds of verifying a claim of this length: checkpoint, opening and acceptance, a coin for the
/// weights, for each level and for the end, and a dealing before each of those but the first.
fn verification(len: usize) -> u64 {
    3 + 2 * Levels::new(len).coins() as u64 - 1
}

/// The same for a claim about so many words of 64 gates.
fn verification_of_gates(words: usize) -> u64 {
    2 + 2 * Levels::of_bits(words).coins() as u64
}

#[test]
fn costs_of_three_parties_are_the_published_counts() {
    // Four people: 6 pairs with both results; each 296 gates, and two products for each result.
    let ranks = ranking(0, 100, 10, Order::Descending);
    let cost = plan::main(&ranks, 0, &Sizes { rows: vec![4] }, three())
        .expect("a plan")
        .cost;
    assert_eq!((cost.multiplications, cost.reshares), (6 * 4, 4));
    assert_eq!(
        (cost.gates, cost.random_bits, cost.openings),
        (6 * 296, 0, 6)
    );
    let (gates, values) = (verification_of_gates(296), verification(6 * 4 + 1));
    assert_eq!(cost.rounds, 9 + 2 + gates.max(1 + values));
    assert_eq!(cost.verifications, 2);
    // The input check: two less-only comparisons and a product for each row.
    let check = plan::prologue(&ranks, 0, &Sizes { rows: vec![4] }, three())
        .expect("a plan")
        .cost;
    assert_eq!(check.multiplications, 4 * (2 * 2 + 1));
    assert_eq!((check.gates, check.openings), (8 * 236, 8 + 4));
    let (gates, values) = (verification_of_gates(236), verification(4 * 5));
    assert_eq!(check.rounds, 9 + 2 + 1 + gates.max(values) + 1);
    // Three rows, each with a public and a shared number: less, equal, greater.
    let contract = comparisons(-1_000, 1_000, 10, 3);
    let plan = plan::main(&contract, 0, &Sizes { rows: vec![3, 2] }, three());
    let cost = plan.expect("a plan").cost;
    assert_eq!(cost.gates, 3 * 2 * (236 + 182 + 236));
    assert_eq!((cost.multiplications, cost.openings), (3 * 2 * 3 * 2, 18));
}

#[test]
fn costs_are_the_published_counts() {
    // Four people: 6 pairs with both results; each 61 bits and 30 + 60 + 1 products; then 4 ranks
    // are re-randomised.
    let ranks = ranking(0, 100, 10, Order::Descending);
    let cost = plan::main(&ranks, 0, &Sizes { rows: vec![4] }, five())
        .expect("a plan")
        .cost;
    assert_eq!((cost.multiplications, cost.reshares), (6 * 91, 4));
    assert_eq!((cost.random_bits, cost.openings), (6 * 61, 6));
    assert_eq!(
        cost.rounds,
        2 + 1 + verification(6 * 91) + 1 + 5 + 1 + 1 + verification(6 * 61 + 1)
    );
    assert_eq!(cost.verifications, 2);
    // The input check: two less-only comparisons and a product for each row.
    let check = plan::prologue(&ranks, 0, &Sizes { rows: vec![4] }, five())
        .expect("a plan")
        .cost;
    assert_eq!(check.multiplications, 4 * (2 * 86 + 1));
    assert_eq!((check.random_bits, check.openings), (8 * 61, 8 + 4));
    let (masks, values) = (verification(8 * 91), verification(8 * 56 + 4));
    assert_eq!(check.rounds, 2 + 1 + masks + 1 + 5 + 1 + 1 + values + 1);
    // A quotient below 256: at most two digits; masks are made at once, before.
    let division = quotient(0, 255 * 3, 10, 3);
    let cost = plan::main(&division, 0, &Sizes { rows: vec![1] }, five())
        .expect("a plan")
        .cost;
    assert_eq!((cost.multiplications, cost.reshares), (30 * 86, 1));
    let (masks, values) = (verification(30 * 91), verification(30 * 56 + 1));
    assert_eq!(cost.rounds, 2 + 1 + masks + 2 * 7 + 1 + values);
}

#[test]
fn firsts_and_comparisons_cost_the_published_counts() {
    // Two tournaments of six: 3 + 1 + 1 pairs in three levels, each pair one comparison without
    // equality and two selected numbers; then 4 results are re-randomised.
    let plan = plan::main(&firsts(0, 100, 10), 0, &Sizes { rows: vec![6] }, five());
    let cost = plan.expect("a plan").cost;
    assert_eq!(cost.multiplications, 2 * 5 * (86 + 2));
    assert_eq!((cost.random_bits, cost.openings), (2 * 5 * 61, 2 * 5));
    // Masks of each tournament are verified together, all results at the end.
    let (masks, values) = (verification(5 * 91), verification(10 * 58 + 4));
    assert_eq!((cost.reshares, cost.verifications), (4, 3));
    assert_eq!(cost.rounds, 3 + masks + 3 * 8 + 1 + values);
    // Without the member there is one product less, however often the value is asked for.
    let mut values = firsts(0, 100, 10);
    let is_member = |op: &Op| matches!(op, Op::FirstMember { .. } | Op::Out { .. });
    values.entries[0].code.retain(|op| !is_member(op));
    values.entries[0].code[2] = Op::First {
        dst: S(2),
        a: S(0),
        order: Order::Descending,
    };
    values.entries[0].code.push(out(0, S(2)));
    let plan = plan::main(&values, 0, &Sizes { rows: vec![6] }, five());
    assert_eq!(plan.expect("a plan").cost.multiplications, 5 * (86 + 1));
    // Three rows, each with a public and a shared number: less, equal, greater.
    let contract = comparisons(-1_000, 1_000, 10, 3);
    let plan = plan::main(&contract, 0, &Sizes { rows: vec![3, 2] }, five());
    let cost = plan.expect("a plan").cost;
    assert_eq!(cost.multiplications, 3 * 2 * (86 + 91 + 86));
    assert_eq!((cost.openings, cost.reshares), (18, 18));
    let (masks, values) = (verification(3 * 91), verification(6 * (56 + 61 + 56) + 6));
    assert_eq!(cost.rounds, 3 + masks + 7 + 1 + values);
}

#[test]
fn a_quote_is_the_sum_of_its_parts_and_setup() {
    let contract = survey(0, 100_000_000, 1_000, Order::Descending);
    let sizes = Sizes { rows: vec![20] };
    let quote = plan::quote(&contract, 0, &sizes, five()).expect("a quote");
    let check = plan::prologue(&contract, 0, &sizes, five())
        .expect("a plan")
        .cost;
    let main = plan::main(&contract, 0, &sizes, five())
        .expect("a plan")
        .cost;
    assert_eq!(
        quote.multiplications,
        check.multiplications + main.multiplications
    );
    assert_eq!(quote.rounds, 2 + check.rounds + main.rounds);
    assert!(quote.bytes_per_party > check.bytes_per_party + main.bytes_per_party);
}

#[test]
fn runs_over_a_limit_are_refused_early() {
    let contract = ranking(0, 100, 1 << 20, Order::Descending);
    let refused = plan::main(
        &contract,
        0,
        &Sizes {
            rows: vec![1 << 20],
        },
        three(),
    );
    assert!(matches!(
        refused,
        Err(PlanError::OverLimit {
            limit: Limit::Multiplications | Limit::BytesPerParty,
            ..
        })
    ));
    let wide = ranking(0, 100, 1 << 21, Order::Descending);
    assert_eq!(
        plan::prologue(
            &wide,
            0,
            &Sizes {
                rows: vec![(1 << 20) + 1]
            },
            three()
        )
        .map(|plan| plan.cost),
        Err(PlanError::OverLimit {
            limit: Limit::VectorLength,
            allowed: 1 << 20,
            needed: (1 << 20) + 1
        })
    );
}

#[test]
fn wrong_sizes_are_refused() {
    let mut contract = ranking(0, 100, 10, Order::Descending);
    contract.groups[0].min = 5;
    for rows in [4, 11] {
        let sizes = Sizes { rows: vec![rows] };
        let expected = Err(PlanError::Range(RangeError::RowsOutside {
            collection: 0,
            rows,
            minimum: 5,
            maximum: 10,
        }));
        assert_eq!(
            plan::main(&contract, 0, &sizes, five()).map(|plan| plan.cost),
            expected
        );
        assert_eq!(
            plan::prologue(&contract, 0, &sizes, five()).map(|plan| plan.cost),
            expected
        );
        assert_eq!(plan::quote(&contract, 0, &sizes, five()), expected);
        let error = clear::run(&contract, 0, &[vec![1; rows as usize]]);
        assert!(matches!(error, Err(ClearError::Range(_))));
    }
    let none = Sizes { rows: Vec::new() };
    assert!(plan::main(&contract, 0, &none, five()).is_err());
    assert!(plan::main(&contract, 7, &Sizes { rows: vec![5] }, five()).is_err());
}

#[test]
fn a_foreign_manifest_line_is_refused() {
    let mut contract = ranking(0, 100, 10, Order::Descending);
    contract.entries[0].code.push(out(1, S(0)));
    assert!(matches!(
        plan::main(&contract, 0, &Sizes { rows: vec![5] }, five()),
        Err(PlanError::UnknownReveal { op: 3, reveal: 1 })
    ));
}

#[test]
fn the_clear_back_end_refuses_rows_out_of_range() {
    let contract = survey(0, 100, 10, Order::Ascending);
    assert_eq!(
        clear::run(&contract, 0, &[vec![5, 101, -1]]),
        Err(ClearError::OutOfRange {
            collection: 0,
            row: 1
        })
    );
}

#[test]
fn an_entry_without_inputs_has_an_empty_plan() {
    let contract = contract(10, &[(0, 1)], Vec::new(), 0);
    let plan = plan::main(&contract, 0, &Sizes { rows: vec![3] }, five()).expect("a plan");
    assert_eq!((plan.strands.len(), plan.cost.rounds), (0, 0));
}

fn any_value() -> impl Strategy<Value = i64> {
    prop_oneof![
        -EDGE..=EDGE,
        -20i64..=20,
        Just(0),
        Just(EDGE),
        Just(-EDGE),
        (0u32..59).prop_map(|k| 1i64 << k),
        (0u32..59).prop_map(|k| -(1i64 << k)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn ranks_of_any_values(values in prop::collection::vec(any_value(), 1..12), descending: bool) {
        let order = if descending { Order::Descending } else { Order::Ascending };
        shown(&ranking(-EDGE, EDGE, 12, order), &[values]);
    }

    #[test]
    fn firsts_of_any_values(values in prop::collection::vec(any_value(), 1..20)) {
        shown(&firsts(-EDGE, EDGE, 20), &[values]);
    }

    #[test]
    fn comparisons_of_any_values(
        values in prop::collection::vec(any_value(), 1..8),
        with in any_value(),
        sum in any_value(),
    ) {
        let sum = sum / 1_000;
        shown(&comparisons(-EDGE, EDGE, 12, with), &[values, vec![sum]]);
    }

    #[test]
    fn quotients_of_any_values(
        values in prop::collection::vec(any_value(), 1..4),
        divisor in any_value(),
    ) {
        let quotients = &shown(&quotient(-EDGE, EDGE, 12, divisor), std::slice::from_ref(&values))[0];
        for (x, q) in values.iter().zip(quotients) {
            prop_assert_eq!(*q, if divisor == 0 { 0 } else { x / divisor });
        }
    }

    #[test]
    fn quotients_in_any_range(a in any_value(), b in any_value(), divisor in 1i64..1_000, at: u64) {
        let (low, high) = (a.min(b), a.max(b));
        let x = Pick(at).between(low, high);
        let quotients = &shown(&quotient(low, high, 12, divisor), &[vec![x, low, high]])[0];
        prop_assert_eq!(quotients, &vec![x / divisor, low / divisor, high / divisor]);
    }

    #[test]
    fn validity_of_any_element(a in any_value(), b in any_value(), words in prop::collection::vec(any::<u64>(), 1..8)) {
        let (low, high) = (a.min(b), a.max(b));
        let mut rows: Vec<M61> = words.into_iter().map(M61::new).collect();
        rows.extend([low, high, low - 1, high + 1].map(M61::from_i64));
        let expected: Vec<bool> = rows.iter().map(|x| (low..=high).contains(&x.to_i64())).collect();
        prop_assert_eq!(validity(low, high, rows), expected);
    }
}
