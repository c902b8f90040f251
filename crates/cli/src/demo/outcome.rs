//! Prints a survey's results: a table for people, one JSON object for programs.

use comfy_table::{CellAlignment, Table, presets};
use serde_json::{Map, Value, json};

use super::Seconds;
use super::survey::Outcome;
use crate::report;

/// Prints the outcome to standard output.
pub(crate) fn print(outcome: &Outcome, seconds: Seconds, as_json: bool) {
    if as_json {
        report::data(&object(outcome, seconds).to_string());
    } else {
        report::data(&table(outcome));
        report::data(&account(outcome, seconds));
    }
}

fn table(outcome: &Outcome) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    let headings = outcome.names.iter().map(|name| {
        let own = if outcome.common.contains(name) {
            ""
        } else {
            "own "
        };
        format!("{own}{name} learned")
    });
    table.set_header([String::from("name")].into_iter().chain(headings));
    for (name, results) in &outcome.people {
        let value = |key: &String| match results {
            Some(results) => results
                .get(key)
                .map_or_else(|| "-".to_owned(), ToString::to_string),
            None => "dropped".to_owned(),
        };
        table.add_row(
            [name.clone()]
                .into_iter()
                .chain(outcome.names.iter().map(value)),
        );
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

fn account(outcome: &Outcome, seconds: Seconds) -> String {
    let certificate = &outcome.certificate;
    let nodes: Vec<String> = outcome.committee.iter().map(ToString::to_string).collect();
    let n = outcome.committee.len();
    [
        format!("contract   {}", outcome.contract),
        format!(
            "committee  nodes {} (n = {n}, t = {})",
            nodes.join(", "),
            (n - 1) / 2
        ),
        format!("security   {}", outcome.security),
        format!(
            "job        {} over {} rows, settled on chain after {} blocks",
            certificate.job, certificate.rows, outcome.blocks
        ),
        format!(
            "work       {} multiplications, {} rounds, {} bytes sent per node",
            certificate.multiplications,
            certificate.rounds,
            bytes_per_node(outcome)
        ),
        format!(
            "uploads    {} bytes from {} people",
            outcome.upload_bytes,
            outcome.people.len()
        ),
        format!(
            "seconds    set-up {:.2}, share {:.2}, compute {:.2}, collect {:.2}",
            seconds.setup, seconds.share, seconds.compute, seconds.collect
        ),
        format!(
            "fee        {} ({})",
            report::amount(outcome.fee),
            outcome.fee
        ),
    ]
    .join("\n")
}

fn object(outcome: &Outcome, seconds: Seconds) -> Value {
    let first = outcome
        .people
        .iter()
        .find_map(|(_, results)| results.as_ref());
    let mut object = Map::new();
    for name in &outcome.common {
        object.insert(
            name.clone(),
            json!(first.and_then(|results| results.get(name))),
        );
    }
    let person = |(name, results): &(String, Option<enigma_client::Results>)| {
        let mut person = Map::from_iter([("name".to_owned(), json!(name))]);
        for key in &outcome.names {
            person.insert(
                key.clone(),
                json!(results.as_ref().and_then(|results| results.get(key))),
            );
        }
        Value::Object(person)
    };
    object.insert(
        "people".to_owned(),
        outcome.people.iter().map(person).collect(),
    );
    object.insert("nodes".to_owned(), json!(outcome.committee.len()));
    object.insert("security".to_owned(), json!(outcome.security));
    object.insert("job".to_owned(), json!(outcome.certificate.job.to_string()));
    object.insert("rounds".to_owned(), json!(outcome.certificate.rounds));
    object.insert("bytes_per_node".to_owned(), json!(bytes_per_node(outcome)));
    let seconds = json!({
        "setup": seconds.setup, "share": seconds.share, "compute": seconds.compute, "collect": seconds.collect,
    });
    object.insert("seconds".to_owned(), seconds);
    object.insert("fee".to_owned(), json!(outcome.fee.to_string()));
    Value::Object(object)
}

fn bytes_per_node(outcome: &Outcome) -> u64 {
    outcome.certificate.bytes / outcome.committee.len() as u64
}
