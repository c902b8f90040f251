//! A node's settings: read once at start, from a file, then the environment, then the command line.

mod layers;
mod settings;

use std::net::SocketAddr;
use std::path::PathBuf;

use enigma_wire::api::MAX_BODY_BYTES;
use enigma_wire::id::Address;
use serde::{Deserialize, Serialize};

pub use layers::{ConfigError, ENVIRONMENT_PREFIX, Place};
pub use settings::{SETTINGS, Setting};

/// Everything a node must be told. [`SETTINGS`] says what each setting means; a test holds the two
/// together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct NodeConfig {
    pub chain_url: String,
    pub controller: Address,
    #[serde(default)]
    pub confirmations: Option<u32>,
    #[serde(default = "here")]
    pub data_dir: PathBuf,
    #[serde(default = "loopback")]
    pub listen_peer: SocketAddr,
    #[serde(default = "loopback")]
    pub listen_api: SocketAddr,
    #[serde(default)]
    pub listen_metrics: Option<SocketAddr>,
    #[serde(default)]
    pub public_peer: Option<String>,
    #[serde(default)]
    pub public_api: Option<String>,
    #[serde(default = "yes")]
    pub register: bool,
    #[serde(default)]
    pub deposit: Option<u64>,
    #[serde(default)]
    pub log_format: LogFormat,
    #[serde(default)]
    pub log_level: LogLevel,
    #[serde(default = "clock_skew_seconds")]
    pub clock_skew_seconds: u32,
    #[serde(default = "api_rate")]
    pub api_rate: u32,
    #[serde(default = "api_burst")]
    pub api_burst: u32,
    #[serde(default = "api_body_bytes")]
    pub api_body_bytes: u32,
    #[serde(default = "api_requests")]
    pub api_requests: u32,
    #[serde(default = "api_connections")]
    pub api_connections: u32,
    #[serde(default = "api_connections_per_address")]
    pub api_connections_per_address: u32,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    #[default]
    Json,
    /// For people.
    Text,
}

/// The least important lines that are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)] // The usual names.
pub enum LogLevel {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
}

impl NodeConfig {
    /// The usual settings for a node of a controller: everything on loopback at free ports, data beside
    /// the configuration file.
    pub fn new(chain_url: String, controller: Address) -> Self {
        Self {
            chain_url,
            controller,
            confirmations: None,
            data_dir: here(),
            listen_peer: loopback(),
            listen_api: loopback(),
            listen_metrics: None,
            public_peer: None,
            public_api: None,
            register: yes(),
            deposit: None,
            log_format: LogFormat::default(),
            log_level: LogLevel::default(),
            clock_skew_seconds: clock_skew_seconds(),
            api_rate: api_rate(),
            api_burst: api_burst(),
            api_body_bytes: api_body_bytes(),
            api_requests: api_requests(),
            api_connections: api_connections(),
            api_connections_per_address: api_connections_per_address(),
        }
    }

    /// The file's text: every setting with its meaning; those without a value are commented out.
    pub fn to_toml(&self) -> String {
        let values = toml::Table::try_from(self).expect("plain values always have a text form");
        let mut text = String::new();
        for setting in SETTINGS {
            let line = match values.get(setting.key) {
                Some(value) => format!("{} = {value}", setting.key),
                None => format!("# {} =", setting.key),
            };
            text += &format!("# {}\n{line}\n\n", setting.meaning);
        }
        text
    }
}

fn here() -> PathBuf {
    ".".into()
}

fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

fn yes() -> bool {
    true
}

fn clock_skew_seconds() -> u32 {
    30
}

fn api_rate() -> u32 {
    2_000
}

fn api_burst() -> u32 {
    4_000
}

fn api_body_bytes() -> u32 {
    MAX_BODY_BYTES as u32
}

fn api_requests() -> u32 {
    64
}

fn api_connections() -> u32 {
    1_024
}

fn api_connections_per_address() -> u32 {
    256
}
