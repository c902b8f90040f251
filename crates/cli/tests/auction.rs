//! A contract that keeps public state and moves money, on a real network, through the commands: a sealed-bid auction whose winner
//! pays the second price; and a contract over two collections with parameters and results for who calls.

mod support;

use serde_json::{Value, json};
use support::devnet::Devnet;

const AUCTION: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../examples/auction/auction.enigma"
);
/// Bids in the chain's smallest unit; the second one wins, and pays the first.
const BIDS: [(&str, &str); 2] = [("dev-2", "700"), ("dev-3", "900")];
/// 1000 of the smallest units, in coins.
const THOUSAND: &str = "0.000000000000001";

/// The account of one of the devnet's keys.
fn account(devnet: &Devnet, name: &str) -> Value {
    let keys = devnet.ready["keys"].as_array().expect("a list");
    let key = keys.iter().find(|key| key["name"] == name);
    key.expect("a key of the network")["account"].clone()
}

#[test]
fn the_winner_pays_the_second_price_and_everyone_sees_what_was_written() {
    let devnet = Devnet::start();
    let deployed = devnet.json(&["deploy", AUCTION, "--party", "seller=dev-1"]);
    let instance = deployed["instance"]
        .as_str()
        .expect("an instance")
        .to_owned();
    let mut members = "name,account\n".to_owned();
    for (name, _) in BIDS {
        members += &format!(
            "{name},{}\n",
            account(&devnet, name).as_str().expect("text")
        );
    }
    let members = devnet.write("members.csv", &members);
    let opened = devnet.json(&["collect", "open", &instance, "--members", &members]);
    let collection = opened["collection"].to_string();
    for (name, bid) in BIDS {
        devnet.json(&["give", &collection, bid, "--key", name]);
        devnet.json(&["grant", &collection, "--to", "dev-1", "--key", name]);
    }
    devnet.json(&["collect", "close", &collection]);
    let fresh = devnet.json(&["state", "Auction"]);
    assert_eq!(fresh["state"]["reserve"], 100);
    assert_eq!(
        (&fresh["state"]["done"], &fresh["funds"]),
        (&json!(false), &json!("0"))
    );

    // The winner has put nothing in: nothing happens, and nobody learns who it was.
    let errors = devnet.refused(1, &["run", &collection]);
    assert!(
        errors.contains("an account has less in the instance"),
        "{errors}"
    );
    let winner = account(&devnet, "dev-3");
    let winner = winner.as_str().expect("text");
    assert!(
        !errors.contains(winner) && !errors.contains("700"),
        "{errors}"
    );
    assert_eq!(devnet.json(&["state", &instance])["state"], fresh["state"]);

    // The consents were for one run, and it was started.
    for (name, _) in BIDS {
        let uses = ["--uses", "2", "--key", name];
        let grant = ["grant", &collection, "--to", "dev-1"];
        devnet.json(&[&grant[..], &uses].concat());
    }
    let put = devnet.json(&["money", "put", "Auction", THOUSAND, "--key", "dev-3"]);
    assert_eq!(put["balance"], "1000");
    let run = devnet.json(&["run", &collection]);
    let winner = account(&devnet, "dev-3");
    assert_eq!(run["public"]["sold"], true);
    assert_eq!(run["public"]["price"], 700);
    assert_eq!(run["public"]["winner"]["account"], winner);
    let after = devnet.json(&["state", "Auction"]);
    let state = &after["state"];
    assert_eq!(
        (&state["price"], &state["done"]),
        (&json!(700), &json!(true))
    );
    assert_eq!(state["winner"], winner);
    let balances = json!({winner.as_str().expect("text"): "300"});
    assert_eq!(
        (&after["funds"], &after["balances"]),
        (&json!("0"), &balances)
    );

    // What is left is taken back; the seller is paid.
    let left = "0.0000000000000003";
    let taken = devnet.json(&["money", "take", &instance, left, "--key", "dev-3"]);
    assert_eq!(taken["balance"], "0");
    let paid = devnet.json(&["money", "withdraw", "--key", "dev-3"]);
    assert_eq!(paid["paid"], "300");
    assert_eq!(devnet.json(&["money", "withdraw"])["paid"], "700");
    assert_eq!(devnet.json(&["money", "withdraw"])["paid"], "0");
    let errors = devnet.refused(1, &["money", "take", &instance, left, "--key", "dev-3"]);
    assert!(errors.contains("less in the instance"), "{errors}");
    let log = devnet.text(&["log", "--kind", "payment"]);
    assert!(log.contains("put 0.000000000000001"), "{log}");
}

const BUDGET: &str = "
contract Budget version 1 {
  group people min 3 max 50;
  collect earned: private u64 from each people range 0..=1000 allow aggregate(3) to caller;
  collect spent: private u64 from each people range 0..=1000 allow aggregate(3) to caller, each people;
  struct Limits { low: u64 range 0..=1000; high: u64 range 0..=1000; }
  entry compare(least: u64 range 3..=50, add: Limits) {
    require earned.len() >= least, \"too few\";
    reveal saved = earned.sum() as i64 - spent.sum() as i64 + add.low as i64 + add.high as i64 to caller;
    reveal spent_all = spent.sum() to each people;
  }
}";

#[test]
fn a_run_over_two_collections_takes_parameters_and_answers_who_called() {
    let devnet = Devnet::start();
    let source = devnet.write("budget.enigma", BUDGET);
    let csv = devnet.write("people.csv", "name\nada\nbob\ncleo\n");
    devnet.json(&["deploy", &source]);
    let people = devnet.path("people");
    devnet.json(&["keys", "new", "--csv", &csv, "--dir", &people, "--light"]);
    let open = |slot: &str| {
        let opened = devnet.json(&[
            "collect",
            "open",
            "Budget",
            "--collection",
            slot,
            "--keys",
            &people,
        ]);
        opened["collection"].to_string()
    };
    let (earned, spent) = (open("earned"), open("spent"));
    for (collection, amounts) in [(&earned, [100, 200, 300]), (&spent, [10, 20, 30])] {
        for (name, amount) in ["ada", "bob", "cleo"].iter().zip(amounts) {
            let key = format!("{people}/{name}.json");
            devnet.json(&["give", collection, &amount.to_string(), "--key", &key]);
        }
        devnet.json(&["grant", collection, "--to", "dev-2", "--keys", &people]);
        devnet.json(&["collect", "close", collection]);
    }
    let run = |more: &[&str]| {
        let mut line = vec!["run", &spent, &earned, "--key", "dev-2"];
        line.extend(more);
        line.iter()
            .map(|word| (*word).to_owned())
            .collect::<Vec<_>>()
    };
    let refused = |more: &[&str]| {
        let line = run(more);
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        devnet.refused(2, &line)
    };
    let good = [
        "--arg",
        "least=3",
        "--arg",
        "add.low=5",
        "--arg",
        "add.high=7",
    ];
    assert!(refused(&good[..4]).contains("\"high\" is missing"));
    assert!(refused(&[&good[..], &["--arg", "most=1"]].concat()).contains("no parameter \"most\""));
    assert!(
        refused(&[
            "--arg",
            "least=2",
            "--arg",
            "add.low=5",
            "--arg",
            "add.high=7"
        ])
        .contains("2 is below 3")
    );
    let one = devnet.refused(2, &["run", &earned, "--key", "dev-2"]);
    assert!(one.contains("is missing"), "{one}");
    let one = devnet.refused(2, &["quote", &earned, "--key", "dev-2"]);
    assert!(one.contains("computes from earned and spent"), "{one}");
    let twice = devnet.refused(2, &["quote", &earned, &earned, "--key", "dev-2"]);
    assert!(twice.contains("of the same kind"), "{twice}");

    let line = run(&good);
    let line: Vec<&str> = line.iter().map(String::as_str).collect();
    let ended = devnet.json(&line);
    assert_eq!(ended["results"], json!({"saved": 600 - 60 + 12}));
    assert_eq!(ended["rows"], 6);
    let job = ended["job"].to_string();
    let caller = devnet.json(&["result", &job, "--key", "dev-2"]);
    assert_eq!(caller["results"]["dev-2"], json!({"saved": 552}));
    let all = devnet.json(&["result", &job, "--keys", &people]);
    assert_eq!(all["results"]["ada"], json!({"spent_all": 60}));
    // Nobody else reads what the caller is shown.
    let errors = devnet.refused(2, &["result", &job, "--key", "dev-1"]);
    assert!(errors.contains("has no result for key dev-1"), "{errors}");
}
