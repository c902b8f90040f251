//! A node's configuration file.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use enigma_wire::id::Address;
use serde::{Deserialize, Serialize};

/// Everything a node must be told, read once at start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeConfig {
    /// Where keys and data are; relative paths are taken from the configuration file's folder.
    pub data_dir: PathBuf,
    /// The chain's JSON-RPC endpoint.
    pub chain_url: String,
    /// The controller contract.
    pub controller: Address,
    /// Where committee members connect; port 0 takes a free one.
    pub listen_peer: SocketAddr,
    /// Where the public HTTP API listens; port 0 takes a free one.
    pub listen_api: SocketAddr,
    /// `host:port` that other members are told; the listening address when absent.
    #[serde(default)]
    pub public_peer: Option<String>,
    /// Base URL that clients are told; made from the listening address when absent.
    #[serde(default)]
    pub public_api: Option<String>,
    /// Deposit put down at registration, in the chain's smallest unit; the controller's minimum when
    /// absent.
    #[serde(default)]
    pub deposit: Option<u64>,
}

/// A configuration file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// It cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// It is not what was expected.
    #[error("{}: {error}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// Where and why.
        error: Box<toml::de::Error>,
    },
}

impl NodeConfig {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// When it cannot be read or a line is wrong; the message names it.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::Unreadable {
            path: path.to_owned(),
            error,
        })?;
        let mut config: Self = toml::from_str(&text).map_err(|error| ConfigError::Malformed {
            path: path.to_owned(),
            error: Box::new(error),
        })?;
        if let Some(folder) = path.parent() {
            config.data_dir = folder.join(&config.data_dir);
        }
        Ok(config)
    }

    /// The file's text.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).expect("plain values always have a text form")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> NodeConfig {
        NodeConfig {
            data_dir: "data".into(),
            chain_url: "http://127.0.0.1:8545".into(),
            controller: Address([7; 20]),
            listen_peer: "127.0.0.1:0".parse().expect("address"),
            listen_api: "127.0.0.1:0".parse().expect("address"),
            public_peer: None,
            public_api: Some("https://node.example".into()),
            deposit: None,
        }
    }

    #[test]
    fn file_round_trips_and_paths_are_taken_from_its_folder() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("node.toml");
        std::fs::write(&path, sample().to_toml()).expect("write");
        let loaded = NodeConfig::load(&path).expect("loads");
        assert_eq!(loaded.data_dir, folder.path().join("data"));
        assert_eq!(
            NodeConfig {
                data_dir: "data".into(),
                ..loaded
            },
            sample()
        );
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("node.toml");
        std::fs::write(&path, sample().to_toml() + "colour = 1\n").expect("write");
        let message = NodeConfig::load(&path)
            .expect_err("unknown key")
            .to_string();
        assert!(message.contains("colour"), "{message}");
        let missing = NodeConfig::load(&folder.path().join("none.toml")).expect_err("no file");
        assert!(missing.to_string().contains("none.toml"));
    }
}
