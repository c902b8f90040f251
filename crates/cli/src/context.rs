//! What every command is told: where things are kept, which network, how to speak. The one place that
//! reads the environment, through the options' declarations.

use std::path::{Path, PathBuf};

use clap::Args;
use enigma_client::{Network, Records};
use enigma_wire::id::Address;
use serde::{Deserialize, Serialize};

use crate::report::Problem;

/// The network file's name in a devnet's folder.
pub(crate) const NETWORK_FILE: &str = "network.toml";
/// The devnet's folder when none is named, in the home folder.
const DEVNET_FOLDER: &str = "devnet";

/// Options of every command.
#[derive(Clone, Debug, Args)]
pub(crate) struct Context {
    /// Print one JSON object to standard output instead of text.
    #[arg(long, global = true, help_heading = "Everywhere")]
    pub(crate) json: bool,
    /// Where keys and records are kept [default: .enigma in the user's home folder].
    #[arg(
        long,
        global = true,
        env = "ENIGMA_HOME",
        value_name = "DIR",
        help_heading = "Everywhere"
    )]
    home: Option<PathBuf>,
    /// Which network: a network file, or a devnet's folder [default: devnet in the folder of --home].
    #[arg(
        long,
        global = true,
        env = "ENIGMA_NETWORK",
        value_name = "PATH",
        help_heading = "Everywhere"
    )]
    network: Option<PathBuf>,
}

/// A network file: which controller on which chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NetworkFile {
    /// The chain's JSON-RPC endpoint.
    pub(crate) chain: String,
    /// The chain's id, so that another chain at the same address is noticed.
    pub(crate) chain_id: u64,
    /// The controller contract.
    pub(crate) controller: Address,
    /// What a development network adds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) development: Option<Development>,
}

/// Keys that guard nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Development {
    /// Folder with funded keys; a relative path is taken from the network file's folder.
    pub(crate) keys: PathBuf,
    /// Their password.
    pub(crate) password: String,
    /// The key that is used when none is named.
    pub(crate) default_key: String,
}

/// The network a command works with.
#[derive(Clone, Debug)]
pub(crate) struct Selected {
    pub(crate) path: PathBuf,
    pub(crate) file: NetworkFile,
}

impl Context {
    /// Where keys and records are kept.
    pub(crate) fn home(&self) -> Result<PathBuf, Problem> {
        if let Some(home) = &self.home {
            return Ok(home.clone());
        }
        let user = std::env::home_dir().filter(|home| !home.as_os_str().is_empty());
        user.map(|home| home.join(".enigma")).ok_or_else(|| {
            Problem::new("there is no home folder").hint("name a folder with --home")
        })
    }

    /// The devnet's folder when none is named.
    pub(crate) fn devnet_folder(&self) -> Result<PathBuf, Problem> {
        Ok(self.home()?.join(DEVNET_FOLDER))
    }

    /// The network file, read.
    pub(crate) fn selected(&self) -> Result<Selected, Problem> {
        let named = match &self.network {
            Some(path) => path.clone(),
            None => self.devnet_folder()?,
        };
        let path = if named.is_dir() {
            named.join(NETWORK_FILE)
        } else {
            named
        };
        if self.network.is_none() && !path.exists() {
            return Err(Problem::new("no network is configured")
                .hint("start one with `enigma devnet`, or name a network file with --network"));
        }
        let file = NetworkFile::read(&path)?;
        Ok(Selected { path, file })
    }

    /// Connects to the network.
    pub(crate) async fn connect(&self) -> Result<(Selected, Network), Problem> {
        let selected = self.selected()?;
        let network = selected.connect().await?;
        Ok((selected, network))
    }

    /// The records kept for a network.
    pub(crate) fn records(&self, network: &NetworkFile) -> Result<Records, Problem> {
        let name = format!("{}-{}", network.chain_id, network.controller);
        Ok(Records::new(self.home()?.join("networks").join(name)))
    }
}

impl Selected {
    /// Connects, and makes sure that it is this chain.
    pub(crate) async fn connect(&self) -> Result<Network, Problem> {
        let network = Network::connect(&self.file.chain, self.file.controller).await?;
        let found = network.domain().chain_id;
        if found != self.file.chain_id {
            return Err(Problem::failed(format!(
                "the chain at {} has the id {found}; {} says {}",
                self.file.chain,
                self.path.display(),
                self.file.chain_id
            ))
            .hint("another chain runs at this address; start the right one or correct the network file"));
        }
        Ok(network)
    }

    /// The folder with a development network's funded keys.
    pub(crate) fn development_keys(&self) -> Option<PathBuf> {
        let development = self.file.development.as_ref()?;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        Some(folder.join(&development.keys))
    }
}

impl NetworkFile {
    /// Reads a network file.
    pub(crate) fn read(path: &Path) -> Result<Self, Problem> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Problem::new(format!("{}: cannot be read: {error}", path.display()))
                .hint("name a network file, or the folder of a devnet")
        })?;
        toml::from_str(&text).map_err(|error| {
            let line = error
                .span()
                .map(|span| text[..span.start].matches('\n').count() + 1);
            let place = line.map_or(String::new(), |line| format!(":{line}"));
            Problem::new(format!(
                "{}{place}: {}",
                path.display(),
                error.message().trim()
            ))
            .hint("a network file has the lines chain, chain_id and controller")
        })
    }

    /// The file's text.
    pub(crate) fn to_toml(&self) -> String {
        toml::to_string(self).expect("plain values always have a text form")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn network_files_come_back_and_bad_lines_are_named() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join(NETWORK_FILE);
        let file = NetworkFile {
            chain: "http://127.0.0.1:8545".into(),
            chain_id: 7,
            controller: Address([9; 20]),
            development: Some(Development {
                keys: "keys".into(),
                password: "devnet".into(),
                default_key: "dev-1".into(),
            }),
        };
        std::fs::write(&path, file.to_toml()).expect("write");
        assert_eq!(NetworkFile::read(&path), Ok(file.clone()));
        std::fs::write(
            &path,
            file.to_toml().replace("chain_id = 7", "chain_id = \"x\""),
        )
        .expect("write");
        let problem = NetworkFile::read(&path).expect_err("refused").to_string();
        assert!(problem.contains("network.toml:2: "), "{problem}");
        std::fs::write(&path, file.to_toml().replace("chain_id", "chainid")).expect("write");
        let problem = NetworkFile::read(&path).expect_err("refused").to_string();
        assert!(problem.contains("chainid"), "{problem}");
    }
}
