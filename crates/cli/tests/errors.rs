//! What can go wrong on a network: each time one clear error with a hint, the documented exit code, and
//! nothing half done.

mod support;

use std::net::TcpListener;

use support::devnet::{Devnet, PASSWORD};
use support::{people, run, stderr};

const SURVEY: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../examples/salaries/salaries.enigma"
);

/// A network with a collection of five people that is open, everybody's value given.
fn with_collection() -> (Devnet, String) {
    let devnet = Devnet::start();
    let rows: String = people(&[1, 2, 3, 4, 5])
        .iter()
        .map(|(name, value)| format!("{name},{value}\n"))
        .collect();
    let csv = devnet.write("people.csv", &format!("name,salary\n{rows}"));
    let collection = devnet.open(SURVEY, &csv, &[]).to_string();
    let team = devnet.path("people");
    devnet.json(&["give", &collection, "--csv", &csv, "--keys", &team]);
    (devnet, collection)
}

#[track_caller]
fn says(errors: &str, what: &str) {
    assert!(errors.contains(what), "{errors}");
    assert!(errors.contains("\nhint: "), "{errors}");
}

#[test]
fn what_is_named_must_exist() {
    let (devnet, collection) = with_collection();
    says(
        &devnet.refused(2, &["collect", "open", "Nothing", "--keys", "people"]),
        "there is no instance \"Nothing\"",
    );
    says(
        &devnet.refused(2, &["collect", "open", "0xdeadbeef", "--keys", "people"]),
        "there is no instance 0xdeadbeef",
    );
    says(
        &devnet.refused(2, &["quote", "9"]),
        "there is no collection 9",
    );
    says(
        &devnet.refused(2, &["quote", &collection, "--entry", "nope"]),
        "there is no entry \"nope\"",
    );
    says(&devnet.refused(2, &["result", "7"]), "there is no job 7");
    says(&devnet.refused(2, &["cancel", "7"]), "there is no job 7");
    says(
        &devnet.refused(2, &["give", &collection, "5", "--key", "nobody"]),
        "there is no key \"nobody\"",
    );
    says(
        &devnet.refused(2, &["deploy", "missing.enigma"]),
        "missing.enigma: cannot be read",
    );
    let garbage = devnet.write("garbage.enb", "not bytecode");
    assert!(
        devnet
            .refused(2, &["deploy", &garbage])
            .contains("not a usable contract")
    );
}

#[test]
fn only_members_give_and_only_valid_values() {
    let (devnet, collection) = with_collection();
    says(
        &devnet.refused(2, &["give", &collection, "5", "--key", "dev-2"]),
        "is not a member of collection",
    );
    let p0 = devnet.path("people/p0.json");
    says(
        &devnet.refused(2, &["give", &collection, "-1", "--key", &p0]),
        "-1 is negative",
    );
    says(
        &devnet.refused(2, &["give", &collection, "100000001", "--key", &p0]),
        "above 100000000",
    );
    let csv = devnet.write("other.csv", "name,salary\nzed,5\n");
    says(
        &devnet.refused(2, &["give", &collection, "--csv", &csv, "--keys", "people"]),
        "there is no key \"zed\"",
    );
    says(
        &devnet.refused(
            2,
            &["grant", &collection, "--to", "dev-1", "--key", "dev-3"],
        ),
        "has given nothing",
    );
    let status = devnet.json(&["collect", "status", &collection]);
    assert_eq!(status["rows"], 5);
    devnet.json(&["collect", "close", &collection]);
    says(
        &devnet.refused(2, &["give", &collection, "5", "--key", &p0]),
        "is closed",
    );
}

#[test]
fn consent_ends() {
    let (devnet, collection) = with_collection();
    let team = devnet.path("people");
    devnet.json(&["collect", "close", &collection]);
    let grant = |more: &[&str]| {
        let arguments = ["grant", &collection, "--to", "dev-1", "--keys", &team];
        devnet.json(&[&arguments[..], more].concat());
    };
    says(
        &devnet.refused(2, &["run", &collection]),
        "0 of 5 owners let",
    );
    grant(&[]);
    // Somebody else's consent is not mine.
    says(
        &devnet.refused(2, &["run", &collection, "--key", "dev-2"]),
        "0 of 5 owners let",
    );
    // One owner less is too few.
    let one = devnet.path("people/p2.json");
    devnet.json(&["revoke", &collection, "--from", "dev-1", "--key", &one]);
    let errors = devnet.refused(2, &["run", &collection]);
    says(&errors, "0 of 5 owners let");
    assert!(
        errors.contains("1 consent is revoked, 4 consents are for larger groups only"),
        "{errors}"
    );
    grant(&[]);
    devnet.json(&["run", &collection]);
    let errors = devnet.refused(2, &["run", &collection]);
    says(&errors, "0 of 5 owners let");
    assert!(errors.contains("5 consents are used up"), "{errors}");
    grant(&["--uses", "5", "--for", "1s"]);
    std::thread::sleep(std::time::Duration::from_secs(2));
    // A block later than the consents' end.
    devnet.json(&["deploy", SURVEY]);
    let errors = devnet.refused(2, &["run", &collection]);
    assert!(errors.contains("5 consents are expired"), "{errors}");
    assert_eq!(
        devnet.json(&["jobs"])["jobs"].as_array().map(Vec::len),
        Some(1),
        "nothing was requested in vain"
    );
}

#[test]
fn consent_withdrawn_before_it_was_ever_posted_cannot_be_granted_with_its_old_nonce() {
    let (devnet, collection) = with_collection();
    let one = devnet.path("people/p2.json");
    let revoked = devnet.json(&["revoke", &collection, "--from", "dev-1", "--key", &one]);
    assert_eq!(revoked["revoked"], 1);
    // A new consent gets a later nonce and counts.
    let granted = devnet.json(&["grant", &collection, "--to", "dev-1", "--key", &one]);
    assert_eq!(granted["consents"], 1);
    assert_eq!(
        devnet.json(&["collect", "status", &collection])["consents"],
        1
    );
}

#[test]
fn the_wrong_chain_and_no_chain() {
    let mut devnet = Devnet::start();
    let file = devnet.path("net/network.toml");
    let text = std::fs::read_to_string(&file).expect("written");
    let network = |text: String| devnet.write("other.toml", &text);
    let other = network(text.replace("chain_id = 24601", "chain_id = 1"));
    says(
        &devnet.refused(1, &["status", "--network", &other]),
        "has the id 24601",
    );
    let controller = devnet.ready["controller"].as_str().expect("an address");
    let other = network(text.replace(controller, "0x000000000000000000000000000000000000dead"));
    says(
        &devnet.refused(1, &["status", "--network", &other]),
        "0x000000000000000000000000000000000000dead",
    );
    let other = network(text.replace("controller = ", "contrroller = "));
    says(
        &devnet.refused(2, &["status", "--network", &other]),
        "contrroller",
    );
    says(
        &devnet.refused(2, &["status", "--network", "nowhere.toml"]),
        "nowhere.toml: cannot be read",
    );
    devnet.stop();
    says(&devnet.refused(1, &["status"]), "cannot be reached");
    // The chain comes back, and so does everything else.
    devnet.go_on();
    devnet.json(&["status"]);
}

#[test]
fn without_a_network_the_hint_says_how_to_get_one() {
    let home = tempfile::tempdir().expect("temporary folder");
    let output = support::enigma(&["status"])
        .env("ENIGMA_HOME", home.path())
        .output()
        .expect("the binary starts");
    assert_eq!(output.status.code(), Some(2));
    says(&stderr(&output), "no network is configured");
}

#[test]
fn an_account_without_coins_is_told_so() {
    let (devnet, collection) = with_collection();
    devnet.json(&["keys", "new", "poor", "--light"]);
    devnet.json(&["grant", &collection, "--to", "poor", "--keys", "people"]);
    devnet.json(&["collect", "close", &collection]);
    let errors = devnet.refused(1, &["run", &collection, "--key", "poor"]);
    says(&errors, "has 0 but needs");
    assert_eq!(
        devnet.json(&["jobs"])["jobs"].as_array().map(Vec::len),
        Some(0)
    );
}

#[test]
fn passwords_are_checked() {
    let devnet = Devnet::start();
    devnet.json(&["keys", "new", "ada", "--light"]);
    let deploy = ["deploy", SURVEY, "--key", "ada"];
    let output = devnet
        .command(&deploy)
        .env("ENIGMA_PASSWORD", "wrong")
        .output()
        .expect("starts");
    assert_eq!(output.status.code(), Some(2));
    says(&stderr(&output), "wrong password");
    let output = devnet
        .command(&deploy)
        .env_remove("ENIGMA_PASSWORD")
        .output()
        .expect("starts");
    assert_eq!(output.status.code(), Some(2));
    says(&stderr(&output), "a password is needed for key ada");
    let file = devnet.write("password.txt", &format!("{PASSWORD}\n"));
    let output = devnet
        .command(&["deploy", SURVEY, "--key", "ada", "--password-file", &file])
        .env_remove("ENIGMA_PASSWORD")
        .output()
        .expect("starts");
    assert!(output.status.success(), "{}", stderr(&output));
    let empty = devnet
        .command(&["keys", "new", "bob"])
        .env("ENIGMA_PASSWORD", "")
        .output()
        .expect("starts");
    assert_eq!(empty.status.code(), Some(2));
}

#[test]
fn two_devnets_in_one_folder_and_folders_of_others() {
    let devnet = Devnet::start();
    let net = devnet.path("net");
    says(&devnet.refused(1, &["devnet", "--dir", &net]), "runs in");
    let thesis = devnet.path("thesis");
    std::fs::create_dir(&thesis).expect("made");
    std::fs::write(format!("{thesis}/chapter-1.txt"), "x").expect("written");
    says(
        &devnet.refused(2, &["devnet", "--dir", &thesis]),
        "is not a devnet's folder",
    );
    // The running one is not disturbed.
    devnet.json(&["status"]);
}

#[test]
fn a_devnets_port_in_use_is_named() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("bound").port().to_string();
    let dir = folder.path().join("net").display().to_string();
    let output = run(&["devnet", "--dir", &dir, "--port", &port]);
    assert_eq!(output.status.code(), Some(1));
    says(&stderr(&output), &format!("port {port} cannot be used"));
    assert!(
        !folder.path().join("net").exists(),
        "nothing is left behind"
    );
}

#[test]
fn a_devnets_ports_taken_later_are_named() {
    let mut devnet = Devnet::start();
    let chain = devnet.ready["chain"].as_str().expect("a URL").to_owned();
    devnet.stop();
    let address = chain.strip_prefix("http://").expect("a URL");
    let _taken = TcpListener::bind(address).expect("free by now");
    let net = devnet.path("net");
    says(
        &devnet.refused(1, &["devnet", "--dir", &net]),
        "the embedded chain did not start",
    );
}
