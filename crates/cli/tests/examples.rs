//! Every example contract on a real network, through the commands, with its sample input: the results are
//! those that its folder expects, and nobody else has any.

mod support;

use std::path::{Path, PathBuf};

use serde_json::Value;
use support::devnet::{Devnet, On};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../examples")
        .join(name)
}

/// Who may read an example's results.
enum Reader {
    /// Everybody who gave.
    Members,
    /// A party of the contract.
    Party(&'static str),
}

/// The example's one file with an ending.
fn file(folder: &Path, ending: &str) -> String {
    let entries = std::fs::read_dir(folder).expect("an example").flatten();
    let mut found = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == ending));
    found.next().expect("such a file").display().to_string()
}

/// Runs an example and holds what each reader learns against `expected.json`: there a name stands for the
/// account of the member of that name.
fn check(devnet: &Devnet, name: &str, readers: &[Reader]) {
    let folder = folder(name);
    let (source, csv) = (file(&folder, "enigma"), file(&folder, "csv"));
    let expected = std::fs::read_to_string(folder.join("expected.json")).expect("readable");
    let expected: Value = serde_json::from_str(&expected).expect("JSON");
    let people = devnet.path(&format!("{name}-people"));
    devnet.json(&["keys", "new", "--csv", &csv, "--dir", &people, "--light"]);
    let keys = devnet.json(&["keys", "list", "--dir", &people]);
    let accounts: Vec<(&str, &str)> = keys["keys"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|key| {
            (
                key["name"].as_str().expect("a name"),
                key["account"].as_str().expect("an account"),
            )
        })
        .collect();

    // The parties are somebody else than who deploys and runs.
    let mut deploy = vec!["deploy".to_owned(), source];
    for reader in readers {
        if let Reader::Party(party) = reader {
            devnet.json(&["keys", "new", party, "--light"]);
            deploy.extend(["--party".to_owned(), format!("{party}={party}")]);
        }
    }
    let deploy: Vec<&str> = deploy.iter().map(String::as_str).collect();
    let instance = devnet.json(&deploy)["instance"].clone();
    let instance = instance.as_str().expect("an instance");
    let opened = devnet.json(&["collect", "open", instance, "--keys", &people]);
    let collection = opened["collection"].to_string();
    devnet.json(&["give", &collection, "--csv", &csv, "--keys", &people]);
    devnet.json(&["grant", &collection, "--to", "dev-1", "--keys", &people]);
    devnet.json(&["collect", "close", &collection]);
    let entry = expected["entry"].as_str().expect("an entry");
    let quote = devnet.json(&["quote", &collection, "--entry", entry]);
    let run = devnet.json(&["run", &collection, "--entry", entry]);
    assert_eq!(run["price"], quote["price"], "the bill equals the quote");
    assert_eq!(
        run["results"],
        Value::Null,
        "who pays learns nothing by paying"
    );

    let job = run["job"].to_string();
    let mut learned = serde_json::Map::new();
    for reader in readers {
        let all = match reader {
            Reader::Members => devnet.json(&["result", &job, "--keys", &people]),
            Reader::Party(party) => devnet.json(&["result", &job, "--key", party]),
        };
        for results in all["results"].as_object().expect("an object").values() {
            for (name, value) in results.as_object().expect("an object") {
                let person = accounts
                    .iter()
                    .find(|(_, account)| Some(*account) == value["account"].as_str());
                let value = person.map_or(value.clone(), |(name, _)| Value::from(*name));
                let before = learned.insert(name.clone(), value.clone());
                assert!(
                    before.is_none_or(|before| before == value),
                    "all who learn {name} learn the same"
                );
            }
        }
    }
    assert_eq!(Value::Object(learned), expected["results"]);

    // A key that is no recipient learns nothing.
    let errors = devnet.refused(2, &["result", &job, "--key", "dev-2"]);
    assert!(errors.contains("has no result for key dev-2"), "{errors}");
}

#[test]
fn every_example() {
    let devnet = Devnet::start();
    check(&devnet, "payroll_total", &[Reader::Party("auditor")]);
    check(
        &devnet,
        "highest_bid",
        &[Reader::Members, Reader::Party("seller")],
    );
    check(&devnet, "yes_no_vote", &[Reader::Members]);
}

#[test]
fn an_example_on_a_real_chain_client() {
    if let Some(devnet) = Devnet::start_on(On::Anvil) {
        check(
            &devnet,
            "highest_bid",
            &[Reader::Members, Reader::Party("seller")],
        );
    }
}
