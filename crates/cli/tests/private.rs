//! A caller's private parameters on a real network, through the commands: what is asked is known to who asks alone.

mod support;

use serde_json::json;
use support::devnet::Devnet;

const MARKET: &str = "
contract Market version 1 {
  group sellers min 3 max 50;
  enum City { Bern, Basel, Chur }
  struct Profile { age: u8 range 0..=120; city: City; spend: u64 range 0..=1_000; }
  collect profile: private Profile from each sellers
    allow aggregate(3) to caller;
  entry ask(youngest: private u8 from caller range 0..=120,
            fee: u64 range 0..=100,
            where_: private City from caller) {
    let hit = profile.map(|r| r.age >= youngest && r.city == where_);
    reveal spent = profile.spend.sum_where(hit) + fee to caller with min_group(hit.count_true(), 3);
  }
}
";

const PEOPLE: &str = "name,age,city,spend
ada,30,Bern,100
bob,40,Bern,200
cleo,50,Bern,300
dora,20,Bern,50
emil,45,Chur,900
";

#[test]
fn a_question_that_nobody_else_reads() {
    let devnet = Devnet::start();
    let source = devnet.write("market.enigma", MARKET);
    let csv = devnet.write("people.csv", PEOPLE);
    let collection = devnet.open(&source, &csv, &[]).to_string();
    let people = devnet.path("people");
    devnet.json(&["give", &collection, "--csv", &csv, "--keys", &people]);
    let grant = [
        "grant",
        &collection,
        "--to",
        "dev-2",
        "--keys",
        &people,
        "--uses",
        "2",
    ];
    devnet.json(&grant);
    devnet.json(&["collect", "close", &collection]);

    let ask = |more: &[&str]| -> Vec<String> {
        let all = ["run", &collection, "--key", "dev-2"];
        all.iter().chain(more).map(ToString::to_string).collect()
    };
    let refused = |more: &[&str]| {
        let arguments = ask(more);
        devnet.refused(2, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let run = |more: &[&str]| {
        let arguments = ask(more);
        devnet.json(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let errors = refused(&["--arg", "fee=7"]);
    assert!(
        errors.contains("the parameter \"youngest\" is missing"),
        "{errors}"
    );
    let errors = refused(&["--arg", "youngest=121", "--arg", "fee=7"]);
    let said =
        "the private parameter \"youngest\" is not what it may be\nhint: youngest must be a whole";
    assert!(errors.contains(said) && !errors.contains("121"), "{errors}");
    let broken = devnet.write("broken.txt", "youngest=25\n\nwhere_ Bern\n");
    let errors = refused(&["--arg", "fee=7", "--args", &broken]);
    assert!(
        errors.contains("broken.txt, line 3: write NAME=VALUE"),
        "{errors}"
    );
    let errors = refused(&["--args", &devnet.path("none.txt")]);
    assert!(
        errors.contains("cannot read") && errors.contains("\nhint: "),
        "{errors}"
    );

    let question = devnet.write("question.txt", "youngest=25\nwhere_=Bern\n");
    let ran = run(&["--arg", "fee=7", "--args", &question]);
    assert_eq!(ran["results"], json!({"spent": 100 + 200 + 300 + 7}));
    // One seller is hidden, and so is who that would be.
    let ran = run(&[
        "--arg",
        "fee=7",
        "--arg",
        "youngest=25",
        "--arg",
        "where_=Chur",
    ]);
    assert_eq!(ran["results"], json!({"spent": null}));
    assert_eq!(ran["rows"], json!(5));
    // The chain has what is public, and the root and receipts of the rest.
    let jobs = devnet.json(&["jobs"]);
    let jobs = jobs["jobs"].as_array().expect("a list");
    assert_eq!(jobs.len(), 2);
    let lengths = jobs
        .iter()
        .map(|job| job["arguments"].as_str().expect("hexadecimal").len());
    let lengths: Vec<usize> = lengths.collect();
    assert_eq!(lengths[0], lengths[1], "the question shows in the length");
}
