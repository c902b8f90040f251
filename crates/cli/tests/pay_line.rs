//! A contract over 2^127 - 1 on a real network, through the commands: a regression and a mean of numbers with a point, close to
//! plain arithmetic; each person's own distance from the line.

mod support;

use serde_json::{Value, json};
use support::devnet::Devnet;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/pay_line");
/// Of `fix`.
const ONE: f64 = 65_536.0;

/// Names, years and pay, as contracts have them: in units of 2^-16.
fn sample() -> Vec<(String, f64, f64)> {
    let text = std::fs::read_to_string(format!("{FOLDER}/rows.csv")).expect("readable");
    let fix = |text: &str| (text.parse::<f64>().expect("a number") * ONE + 0.5).floor() / ONE;
    let rows = text.lines().skip(1).map(|line| {
        let fields: Vec<&str> = line.split(',').collect();
        let [name, years, pay] = fields[..] else {
            panic!("three fields")
        };
        (name.to_owned(), fix(years), fix(pay))
    });
    rows.collect()
}

/// Where the line of least squares starts, and how steep it is.
fn line(rows: &[(String, f64, f64)]) -> (f64, f64) {
    let n = rows.len() as f64;
    let mean = |of: &dyn Fn(&(String, f64, f64)) -> f64| rows.iter().map(of).sum::<f64>() / n;
    let (years, pay) = (mean(&|row| row.1), mean(&|row| row.2));
    let together = mean(&|row| (row.1 - years) * (row.2 - pay));
    let slope = together / mean(&|row| (row.1 - years) * (row.1 - years));
    (pay - slope * years, slope)
}

#[track_caller]
fn close(found: &Value, expected: f64, by: f64) {
    let found = found.as_f64().expect("a number");
    assert!((found - expected).abs() < by, "{found}, not {expected}");
}

#[test]
fn a_line_for_everyone_and_each_persons_distance_from_it() {
    let devnet = Devnet::start();
    let csv = format!("{FOLDER}/rows.csv");
    let source = format!("{FOLDER}/pay_line.enigma");
    let built = devnet.path("built");
    devnet.run(&["build", &source, "--output-dir", &built]);
    let interface = std::fs::read_to_string(format!("{built}/pay_line.enj")).expect("readable");
    let interface: Value = serde_json::from_str(&interface).expect("JSON");
    assert_eq!(interface["profile"], "shamir-m127-v1");

    let collection = devnet.open(&source, &csv, &[]).to_string();
    let team = devnet.path("people");
    let rows = sample();
    let key = format!("{team}/{}.json", rows[0].0);
    // One row by hand, wrong at first; the file corrects it and gives the rest.
    devnet.json(&[
        "give",
        &collection,
        "--row",
        "years=1",
        "--row",
        "pay=2.5",
        "--key",
        &key,
    ]);
    let given = devnet.json(&["give", &collection, "--csv", &csv, "--keys", &team]);
    let given = (&given["corrected"], &given["given"]);
    assert_eq!(given, (&json!(1), &json!(rows.len() - 1)));
    let again = devnet.json(&["give", &collection, "--csv", &csv, "--keys", &team]);
    assert_eq!(again["unchanged"], json!(rows.len()));
    let errors = devnet.refused(
        2,
        &[
            "give",
            &collection,
            "--row",
            "years=51",
            "--row",
            "pay=1",
            "--key",
            &key,
        ],
    );
    assert!(errors.contains("51 is above 50"), "{errors}");

    devnet.json(&["grant", &collection, "--to", "dev-1", "--keys", &team]);
    devnet.json(&["collect", "close", &collection]);
    let quote = devnet.json(&["quote", &collection]);
    let run = devnet.json(&["run", &collection]);
    assert_eq!(run["price"], quote["price"], "the bill equals the quote");
    let (start, per_year) = line(&rows);
    let public = &run["public"];
    close(&public["start"], start, 0.01);
    close(&public["per_year"], per_year, 0.001);
    let mean = rows.iter().map(|row| row.2 * ONE).sum::<f64>() / rows.len() as f64;
    close(&public["mean_pay"], mean.floor() / ONE, 0.5 / ONE);

    let job = run["job"].to_string();
    let all = devnet.json(&["result", &job, "--keys", &team]);
    assert_eq!(all["public"], *public);
    let people = all["results"].as_object().expect("an object");
    assert_eq!(people.len(), rows.len());
    for (name, years, pay) in &rows {
        close(&people[name]["above"], pay - start - per_year * years, 0.05);
    }
    let text = devnet.text(&["result", &job, "--public"]);
    assert!(text.contains("mean_pay"), "{text}");
}
