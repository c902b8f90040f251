//! Noise within a budget on a real network, through the commands: medians of departments as plain arithmetic has them, blurred
//! counts beside them, and no second run.

mod support;

use serde_json::{Value, json};
use support::devnet::Devnet;

const FOLDER: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../examples/income_by_department"
);
const DEPARTMENTS: [&str; 4] = ["Eng", "Sales", "Ops", "Hr"];
const BOUNDS: [i64; 4] = [0, 30_000, 60_000, 120_000];
/// Fewer people in a department are hidden.
const CELL: usize = 10;
/// Noise of epsilon 0.5 on counts of which one person moves two is eight bits long, and never longer.
const REACH: i64 = 255;

fn sample() -> Vec<(String, i64)> {
    let text = std::fs::read_to_string(format!("{FOLDER}/rows.csv")).expect("readable");
    let rows = text.lines().skip(1).map(|line| {
        let fields: Vec<&str> = line.split(',').collect();
        let [_, dept, income] = fields[..] else {
            panic!("three fields")
        };
        (dept.to_owned(), income.parse().expect("a number"))
    });
    rows.collect()
}

#[track_caller]
fn near(found: &Value, exact: usize) {
    let found = found.as_i64().expect("a number");
    assert!((found - exact as i64).abs() <= REACH, "{found}, {exact}");
}

#[test]
fn medians_beside_blurred_counts_once() {
    let devnet = Devnet::start();
    let csv = format!("{FOLDER}/rows.csv");
    let source = format!("{FOLDER}/income_by_department.enigma");
    let collection = devnet.open(&source, &csv, &["--party", "controller=dev-2"]);
    let collection = collection.to_string();
    let team = devnet.path("people");
    devnet.json(&["give", &collection, "--csv", &csv, "--keys", &team]);
    devnet.json(&[
        "grant",
        &collection,
        "--to",
        "dev-2",
        "--keys",
        &team,
        "--uses",
        "5",
    ]);
    devnet.json(&["collect", "close", &collection]);
    let quote = devnet.json(&["quote", &collection, "--key", "dev-2"]);
    let run = devnet.json(&["run", &collection, "--key", "dev-2"]);
    assert_eq!(run["price"], quote["price"], "the bill equals the quote");

    let rows = sample();
    let cells: Vec<Vec<i64>> = DEPARTMENTS
        .iter()
        .map(|dept| {
            let own = rows.iter().filter(|(other, _)| other == dept);
            let mut incomes: Vec<i64> = own.map(|(_, income)| *income).collect();
            incomes.sort_unstable();
            incomes
        })
        .collect();
    let median = |cell: &Vec<i64>| (cell.len() >= CELL).then(|| cell[(cell.len() - 1) / 2]);
    let medians: Vec<Option<i64>> = cells.iter().map(median).collect();
    let shown = medians.iter().map(Option::is_some).collect::<Vec<_>>();
    assert_eq!(shown, [true, true, false, false]);
    assert_eq!(run["public"]["median"], json!(medians));
    // Whether a blurred count is large enough is blurred, too: each is there or is not.
    let counts = run["public"]["headcount"].as_array().expect("a list");
    assert_eq!(counts.len(), cells.len());
    for (count, cell) in counts.iter().zip(&cells) {
        if !count.is_null() {
            near(count, cell.len());
        }
    }
    let bands = run["public"]["bands"].as_array().expect("a list");
    assert_eq!(bands.len(), BOUNDS.len() + 1);
    for (place, band) in bands.iter().enumerate() {
        let low = place.checked_sub(1).map(|place| BOUNDS[place]);
        let high = BOUNDS.get(place);
        let inside = |income: &i64| {
            low.is_none_or(|low| low <= *income) && high.is_none_or(|high| income < high)
        };
        near(
            band,
            rows.iter().filter(|(_, income)| inside(income)).count(),
        );
    }

    // A second draw would halve the noise: the owners were promised one run.
    let errors = devnet.refused(1, &["run", &collection, "--key", "dev-2"]);
    assert!(
        errors.contains("the budget runs_per_input is used up"),
        "{errors}"
    );
}
