//! What a committee keeps secret between runs, on a real network, through the commands: votes that nobody sees are counted, of those
//! whom the contract's condition admits, also when the nodes were killed in between.

mod support;

use serde_json::json;
use support::devnet::Devnet;

const BALLOT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../examples/ballot/ballot.enigma"
);

const LOCK: &str = "
contract Lock version 1 {
  party owner;
  state MPC { pin: private u64 allow bit to caller; }
  entry set(pin: private u64 from caller range 0..=9_999) by owner { MPC.pin = pin; }
  entry guess(pin: private u64 from caller range 0..=9_999) { reveal right = pin == MPC.pin to caller; }
}
";

/// A command that calls an entry over no collection.
fn run<'a>(instance: &'a str, entry: &'a str, key: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let call = [
        "run",
        "--instance",
        instance,
        "--entry",
        entry,
        "--key",
        key,
    ];
    let arguments = more.iter().flat_map(|argument| ["--arg", *argument]);
    call.into_iter().chain(arguments).collect()
}

#[test]
fn votes_are_counted_that_nobody_sees() {
    let mut devnet = Devnet::start();
    devnet.json(&["deploy", BALLOT, "--party", "registrar=dev-1"]);
    for key in ["dev-1", "dev-2", "dev-3"] {
        let keys = devnet.ready["keys"].as_array().expect("a list");
        let known = keys.iter().find(|known| known["name"] == key);
        let account = &known.expect("a key of the network")["account"];
        let who = format!("who={}", account.as_str().expect("an account"));
        if key == "dev-3" {
            let errors = devnet.refused(2, &run("Ballot", "vote", key, &["choice=Yes"]));
            assert!(
                errors.contains("members of voters by its condition"),
                "{errors}"
            );
        }
        devnet.json(&run("Ballot", "list", "dev-1", &[&who]));
    }
    let errors = devnet.refused(2, &run("Ballot", "list", "dev-2", &["who=0x00"]));
    assert!(errors.contains("\nhint: "), "{errors}");

    let voted = devnet.json(&run("Ballot", "vote", "dev-1", &["choice=Yes"]));
    assert_eq!(
        (&voted["results"], &voted["public"]),
        (&json!(null), &json!(null))
    );
    devnet.json(&run("Ballot", "vote", "dev-2", &["choice=No"]));
    let errors = devnet.refused(1, &run("Ballot", "vote", "dev-2", &["choice=Yes"]));
    assert!(errors.contains("already voted"), "{errors}");
    let errors = devnet.refused(1, &run("Ballot", "count", "dev-1", &[]));
    assert!(
        errors.contains("`tally` has 2 contributions; this entry needs 3"),
        "{errors}"
    );
    devnet.kill();
    devnet.go_on();
    devnet.json(&run("Ballot", "vote", "dev-3", &["choice=Yes"]));
    assert_eq!(devnet.json(&["state", "Ballot"])["state"]["votes"], 3);
    devnet.json(&run("Ballot", "close", "dev-1", &[]));
    let counted = devnet.json(&run("Ballot", "count", "dev-2", &[]));
    assert_eq!(counted["public"]["result"], json!([1, 2, 0]));
    let errors = devnet.refused(1, &run("Ballot", "count", "dev-2", &[]));
    assert!(
        errors.contains("`tally` has 0 contributions; this entry needs 3"),
        "{errors}"
    );
}

#[test]
fn a_secret_is_compared_with_and_never_shown() {
    let devnet = Devnet::start();
    let source = devnet.write("lock.enigma", LOCK);
    devnet.json(&["deploy", &source, "--party", "owner=dev-1"]);
    devnet.json(&run("Lock", "set", "dev-1", &["pin=1234"]));
    for (pin, right) in [("pin=1233", false), ("pin=1234", true)] {
        let ran = devnet.json(&run("Lock", "guess", "dev-2", &[pin]));
        assert_eq!(ran["results"]["right"], right);
    }
}

const NOTES: &str = "
contract Notes version 1 {
  enum Topic { Work, Home }
  state DHT {
    notes: map<id, text<40>> access |who, key| who == key;
    counts: map<Topic, u64> access |who, key| key == Topic::Work;
  }
  entry write(note: text<40> from caller, topic: Topic from caller) {
    DHT.notes[caller] = note;
    DHT.counts[topic] += 1;
  }
}
";

#[test]
fn what_is_beside_the_chain_is_for_those_whom_the_contract_lets_read() {
    let mut devnet = Devnet::start();
    let source = devnet.write("notes.enigma", NOTES);
    devnet.json(&["deploy", &source]);
    let note = |text: &str| [format!("note={text}"), "topic=Work".to_owned()];
    for (key, text) in [("dev-1", "milk and bread"), ("dev-2", "call the clinic")] {
        let [note, topic] = note(text);
        devnet.json(&run("Notes", "write", key, &[&note, &topic]));
    }
    devnet.kill();
    devnet.go_on();
    let read = |slot: &'static str, key: &'static str, more: &[&'static str]| {
        let call = ["read", slot, "--instance", "Notes", "--key", key];
        call.into_iter()
            .chain(more.iter().copied())
            .collect::<Vec<_>>()
    };
    let own = devnet.json(&read("notes", "dev-2", &[]));
    assert_eq!(own["value"], "call the clinic");
    let other = own["at"].as_str().expect("an account").to_owned();
    let errors = devnet.refused(
        1,
        &[&read("notes", "dev-1", &[])[..], &["--at", &other]].concat(),
    );
    assert!(
        errors.contains("the condition of `notes` does not let"),
        "{errors}"
    );
    let counted = devnet.json(&read("counts", "dev-3", &["--at", "Work"]));
    assert_eq!(counted["value"], 2);
    let errors = devnet.refused(1, &read("counts", "dev-3", &["--at", "Home"]));
    assert!(errors.contains("does not let"), "{errors}");
    // What never was written is as at first; what there is not is named.
    let blank = devnet.json(&read("notes", "dev-3", &[]));
    assert_eq!(blank["value"], "");
    let errors = devnet.refused(2, &read("note", "dev-3", &[]));
    assert!(errors.contains("notes, counts"), "{errors}");
    let errors = devnet.refused(2, &read("counts", "dev-3", &[]));
    assert!(errors.contains("at which key"), "{errors}");
    let errors = devnet.refused(2, &read("counts", "dev-3", &["--at", "Play"]));
    assert!(
        errors.contains("Work") && errors.contains("Home"),
        "{errors}"
    );
    // The chain has hashes alone.
    let state = devnet.json(&["state", "Notes"]);
    assert_eq!(state["state"], json!({}));
}
