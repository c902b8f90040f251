//! The whole command set against a network: a collection's life from key to result, its text pinned, and a
//! devnet that is stopped, killed and started again in the middle of it.

mod support;

use serde_json::Value;
use support::devnet::Devnet;
use support::redact::redact;
use support::{expected, people, stderr, stdout};

const SURVEY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../examples/salaries/salaries.enigma"
);

/// Runs a command and pins what it says, data and otherwise.
macro_rules! pinned {
    ($devnet:expr, $name:literal, $arguments:expr) => {{
        let output = $devnet.run($arguments);
        let folder = $devnet.folder.path().display().to_string();
        let text = format!(
            "$ enigma {}\n{}--- {}\n{}",
            $arguments.join(" "),
            stdout(&output),
            output.status.code().expect("an exit code"),
            stderr(&output)
        );
        insta::assert_snapshot!($name, redact(&text, &folder));
    }};
}

fn csv(devnet: &Devnet, values: &[i64]) -> String {
    let people = people(values);
    let rows: String = people
        .iter()
        .map(|(name, value)| format!("{name},{value}\n"))
        .collect();
    devnet.write("people.csv", &format!("name,salary\n{rows}"))
}

/// What everybody learned, as the survey's test states it.
fn learned(results: &Value) -> Vec<Value> {
    let results = results["results"].as_object().expect("an object").iter();
    results
        .map(|(name, values)| {
            let mut person = values.clone();
            person["name"] = Value::from(name.clone());
            person
        })
        .collect()
}

#[test]
fn a_collections_life_in_words() {
    let devnet = Devnet::start();
    let csv = csv(&devnet, &[3_000, 5_000, 4_000, 4_000, 4_001]);
    let team = devnet.path("people");
    pinned!(
        devnet,
        "keys-new",
        &["keys", "new", "--csv", &csv, "--dir", &team, "--light"]
    );
    pinned!(devnet, "keys-list", &["keys", "list", "--dir", &team]);
    pinned!(devnet, "keys-show", &["keys", "show", "dev-1"]);
    pinned!(devnet, "deploy", &["deploy", SURVEY]);
    pinned!(
        devnet,
        "collect-open",
        &["collect", "open", "Salaries", "--keys", &team]
    );
    pinned!(
        devnet,
        "give-one",
        &["give", "1", "3000", "--key", &format!("{team}/p0.json")]
    );
    pinned!(devnet, "collect-status-open", &["collect", "status", "1"]);
    pinned!(
        devnet,
        "give-all",
        &["give", "1", "--csv", &csv, "--keys", &team]
    );
    pinned!(
        devnet,
        "give-again",
        &["give", "1", "--csv", &csv, "--keys", &team]
    );
    pinned!(devnet, "quote-open", &["quote", "1"]);
    pinned!(devnet, "collect-close", &["collect", "close", "1"]);
    pinned!(devnet, "quote-no-consent", &["quote", "1"]);
    pinned!(
        devnet,
        "grant",
        &[
            "grant", "1", "--to", "dev-1", "--uses", "2", "--keys", &team
        ]
    );
    pinned!(devnet, "collect-status-closed", &["collect", "status", "1"]);
    pinned!(devnet, "quote", &["quote", "1"]);
    pinned!(devnet, "run-too-dear", &["run", "1", "--max-fee", "0.0001"]);
    pinned!(devnet, "run", &["run", "1"]);
    pinned!(devnet, "result-all", &["result", "1", "--keys", &team]);
    pinned!(
        devnet,
        "result-one",
        &["result", "1", "--key", &format!("{team}/p1.json")]
    );
    pinned!(
        devnet,
        "revoke",
        &["revoke", "1", "--from", "dev-1", "--keys", &team]
    );
    pinned!(devnet, "run-revoked", &["run", "1"]);
    pinned!(devnet, "jobs", &["jobs"]);
    pinned!(devnet, "cancel-ended", &["cancel", "1"]);
    pinned!(devnet, "log-jobs", &["log", "--kind", "job"]);
    pinned!(
        devnet,
        "log-consents",
        &["log", "--kind", "consent", "--collection", "1"]
    );

    let status = devnet.json(&["status"]);
    assert_eq!(status["nodes"].as_array().map(Vec::len), Some(3));
    assert!(
        status["nodes"]
            .as_array()
            .expect("a list")
            .iter()
            .all(|node| node["up"] == true)
    );
    for part in ["chain ", "controller ", "Salaries", "up, block"] {
        assert!(devnet.text(&["status"]).contains(part), "{part}");
    }
}

#[test]
fn a_devnet_goes_on_where_it_stopped() {
    let mut devnet = Devnet::start();
    let values = [3_000, 5_000, 4_000, 4_000, 4_001, 7];
    let csv = csv(&devnet, &values);
    let collection = devnet.open(SURVEY, &csv, &[]).to_string();
    let key = |at: usize| devnet.path(&format!("people/p{at}.json"));
    for (at, value) in values.iter().enumerate().take(3) {
        devnet.json(&["give", &collection, &value.to_string(), "--key", &key(at)]);
    }
    // A value that will be corrected after the restart.
    devnet.json(&["give", &collection, "999", "--key", &key(3)]);
    let before = devnet.ready.clone();
    devnet.stop();
    devnet.go_on();
    assert_eq!(devnet.ready["controller"], before["controller"]);
    let team = devnet.path("people");
    let given = devnet.json(&["give", &collection, "--csv", &csv, "--keys", &team]);
    assert_eq!(
        (&given["unchanged"], &given["corrected"], &given["given"]),
        (&3.into(), &1.into(), &2.into())
    );

    // And once more without warning, with the collection still open.
    devnet.kill();
    devnet.go_on();
    devnet.json(&["grant", &collection, "--to", "dev-1", "--keys", &team]);
    devnet.json(&["collect", "close", &collection]);
    let run = devnet.json(&["run", &collection]);
    devnet.stop();
    devnet.go_on();
    let results = devnet.json(&["result", &run["job"].to_string(), "--keys", &team]);
    assert_eq!(learned(&results), expected(&people(&values)).1);
}

#[test]
fn nodes_are_stopped_killed_and_started_alone() {
    let devnet = Devnet::start();
    let csv = csv(&devnet, &[1, 2, 3, 4, 5]);
    let collection = devnet.open(SURVEY, &csv, &[]).to_string();
    let (team, net) = (devnet.path("people"), devnet.path("net"));
    devnet.json(&["give", &collection, "--csv", &csv, "--keys", &team]);
    devnet.json(&["grant", &collection, "--to", "dev-1", "--keys", &team]);
    for (how, state) in [("stop", "stopped"), ("kill", "killed")] {
        assert_eq!(
            devnet.json(&["devnet", how, "2", "--dir", &net])["state"],
            state
        );
        let status = devnet.json(&["status"]);
        let up = status["nodes"]
            .as_array()
            .expect("a list")
            .iter()
            .filter(|node| node["up"] == true);
        assert_eq!(up.count(), 2);
        let errors = devnet.refused(1, &["devnet", "kill", "2", "--dir", &net]);
        assert!(errors.contains("node 2 is not running"), "{errors}");
        assert_eq!(
            devnet.json(&["devnet", "start", "2", "--dir", &net])["state"],
            "running"
        );
    }
    let errors = devnet.refused(1, &["devnet", "start", "4", "--dir", &net]);
    assert!(errors.contains("there is no node 4"), "{errors}");
    devnet.json(&["collect", "close", &collection]);
    let run = devnet.json(&["run", &collection]);
    assert_eq!(run["results"], Value::Null);
    let results = devnet.json(&["result", &run["job"].to_string(), "--keys", &team]);
    assert_eq!(learned(&results), expected(&people(&[1, 2, 3, 4, 5])).1);
}

#[test]
fn a_job_that_cannot_start_is_cancelled_and_refunded() {
    let devnet = Devnet::start();
    let csv = csv(&devnet, &[1, 2, 3, 4, 5]);
    let collection = devnet.open(SURVEY, &csv, &[]).to_string();
    let (team, net) = (devnet.path("people"), devnet.path("net"));
    devnet.json(&["give", &collection, "--csv", &csv, "--keys", &team]);
    devnet.json(&["grant", &collection, "--to", "dev-2", "--keys", &team]);
    devnet.json(&["collect", "close", &collection]);
    for node in ["1", "2", "3"] {
        devnet.json(&["devnet", "stop", node, "--dir", &net]);
    }
    // Nobody is there to start it; who asked is not kept waiting for its end.
    let asking = devnet
        .command(&["run", &collection, "--key", "dev-2"])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the binary starts");
    while devnet.json(&["jobs", "--open"])["jobs"]
        .as_array()
        .is_none_or(Vec::is_empty)
    {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let errors = devnet.refused(2, &["cancel", "1", "--key", "dev-1"]);
    assert!(
        errors.contains("only its requester can cancel it"),
        "{errors}"
    );
    let cancelled = devnet.json(&["cancel", "1", "--key", "dev-2"]);
    assert_eq!(cancelled["state"], "cancelled");
    let jobs = devnet.json(&["jobs"]);
    let asked = asking.wait_with_output().expect("ended");
    let told = String::from_utf8_lossy(&asked.stderr);
    assert_eq!(asked.status.code(), Some(1), "{told}");
    assert!(told.contains("job 1 was cancelled"), "{told}");
    // Both commands want the refund; one of them gets it, and the other says so.
    if cancelled["refund"].is_null() {
        assert!(told.contains(" refunded"), "{told}");
    } else {
        assert_eq!(cancelled["refund"], jobs["jobs"][0]["fee"]);
        assert!(told.contains("the refund was already taken"), "{told}");
    }
}

#[test]
fn keys_are_backed_up_and_restored() {
    let devnet = Devnet::start();
    let made = devnet.json(&["keys", "new", "ada", "--light"]);
    let copy = devnet.path("ada-backup.json");
    devnet.json(&["keys", "backup", "ada", "--to", &copy]);
    let restored = devnet.json(&["keys", "restore", "ada2", "--from", &copy]);
    assert_eq!(restored["account"], made["keys"][0]["account"]);
    let errors = devnet.refused(2, &["keys", "backup", "ada", "--to", &copy]);
    assert!(errors.contains("exists already"), "{errors}");
}

#[test]
fn completions_name_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let output = support::run(&["completions", shell]);
        assert!(output.status.success());
        assert!(stdout(&output).contains("collect"), "{shell}");
    }
}
