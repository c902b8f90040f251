//! What is written down in the repository about the node is what the code says: the API's description,
//! the example configuration, and the operator's tables. `ENIGMA_UPDATE=1 cargo test -p enigma-node written`
//! writes the generated files anew.

use std::path::{Path, PathBuf};

use enigma_wire::id::Address;

use crate::telemetry::Telemetry;
use crate::{NodeConfig, SETTINGS, openapi};

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(path(name)).unwrap_or_default()
}

#[track_caller]
fn current(name: &str, text: &str) {
    if std::env::var_os("ENIGMA_UPDATE").is_some() {
        std::fs::write(path(name), text).expect("written");
    }
    assert!(
        read(name) == text,
        "{name} is not current; write it anew with ENIGMA_UPDATE=1 cargo test -p enigma-node written"
    );
}

#[test]
fn the_api_description_is_current() {
    current("docs/api/openapi.json", &openapi());
}

#[test]
fn the_example_configuration_is_current() {
    let config = NodeConfig {
        listen_peer: ([0, 0, 0, 0], 7000).into(),
        listen_api: ([127, 0, 0, 1], 7001).into(),
        listen_metrics: Some(([127, 0, 0, 1], 7002).into()),
        public_peer: Some("node.example.org:7000".to_owned()),
        public_api: Some("https://node.example.org".to_owned()),
        ..NodeConfig::new("http://127.0.0.1:8545".to_owned(), Address([0x11; 20]))
    };
    current("packaging/node.toml", &config.to_toml());
}

#[test]
fn the_operators_page_lists_every_setting_and_every_metric() {
    let page = read("docs/operator.md");
    for setting in SETTINGS {
        let (key, default, meaning) = (setting.key, setting.default, setting.meaning);
        let row = format!("| `{key}` | {default} | {meaning} |");
        assert!(
            page.lines().any(|line| line == row),
            "missing or different:\n{row}"
        );
    }
    let settings = page
        .lines()
        .filter(|line| line.starts_with("| `") && !line.starts_with("| `enigma_"));
    let keys: Vec<&str> = settings.filter_map(|line| line.split('`').nth(1)).collect();
    assert_eq!(
        keys.len(),
        SETTINGS.len(),
        "settings that do not exist: {keys:?}"
    );
    let metrics = Telemetry::default().page();
    let mut families = 0;
    for line in metrics.lines() {
        let Some(help) = line.strip_prefix("# HELP ") else {
            continue;
        };
        families += 1;
        let (name, meaning) = help.split_once(' ').expect("a name and a meaning");
        let row = format!("| `{name}` | {meaning} |");
        assert!(
            page.lines().any(|line| line == row),
            "missing or different:\n{row}"
        );
    }
    let rows = page.lines().filter(|line| line.starts_with("| `enigma_"));
    assert_eq!(
        rows.count(),
        families,
        "metrics that do not exist are listed"
    );
}
