//! Where settings come from: the file, then the environment, then the command line; the last one that
//! names a setting wins. What is wrong is named with its place.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize as _;
use toml::{Spanned, Table, Value};

use super::{NodeConfig, SETTINGS};

/// Environment variables that begin so are settings.
pub const ENVIRONMENT_PREFIX: &str = "ENIGMA_NODE_";

/// Where a setting was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The configuration file.
    File {
        /// Its path.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
    },
    /// An environment variable.
    Variable(String),
    /// The command line.
    Flag(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::Flag(key) => write!(f, "--set {key}"),
        }
    }
}

/// A configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{place}: {why}")]
    Malformed {
        /// Where.
        place: Place,
        /// What is wrong.
        why: String,
    },
    /// There is no such setting.
    #[error("{place}: there is no setting {key:?}{}", did_you_mean(.suggestion))]
    Unknown {
        /// Where it is named.
        place: Place,
        /// The name.
        key: String,
        /// The setting with the most similar name.
        suggestion: Option<&'static str>,
    },
    /// A setting has a value it cannot have.
    #[error("{place}: {key}: {why}")]
    Value {
        /// Where it is set.
        place: Place,
        /// The setting.
        key: String,
        /// What is wrong.
        why: String,
    },
    /// A setting that has no default is set nowhere.
    #[error("{}: {key} is not set", path.display())]
    Missing {
        /// The file it could be set in.
        path: PathBuf,
        /// The setting.
        key: &'static str,
    },
}

fn did_you_mean(suggestion: &Option<&'static str>) -> String {
    suggestion.map_or_else(String::new, |key| format!("; did you mean {key:?}?"))
}

impl NodeConfig {
    /// Reads the file, and what `environment` and `flags` (key and value) say otherwise. Variables
    /// without the prefix are not looked at.
    ///
    /// # Errors
    /// When the file cannot be read, a setting does not exist, has a value it cannot have or is missing;
    /// the message names the place.
    pub fn load(
        path: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
        flags: &[(String, String)],
    ) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::Unreadable {
            path: path.to_owned(),
            error,
        })?;
        let mut settings = from_file(path, &text)?;
        for (name, text) in environment {
            if let Some(key) = name.strip_prefix(ENVIRONMENT_PREFIX) {
                let key = key.to_lowercase();
                let value = from_text(&key, &text, Place::Variable(name))?;
                settings.insert(key, value);
            }
        }
        for (key, text) in flags {
            let value = from_text(key, text, Place::Flag(key.clone()))?;
            settings.insert(key.clone(), value);
        }
        for key in ["chain_url", "controller"] {
            if !settings.contains_key(key) {
                let path = path.to_owned();
                return Err(ConfigError::Missing { path, key });
            }
        }
        let mut config = Self::deserialize(settings).map_err(|error| ConfigError::Malformed {
            place: Place::File {
                path: path.to_owned(),
                line: 1,
            },
            why: error.message().to_owned(),
        })?;
        if let Some(folder) = path.parent() {
            config.data_dir = folder.join(&config.data_dir);
        }
        Ok(config)
    }
}

fn from_file(path: &Path, text: &str) -> Result<Table, ConfigError> {
    let place = |at: usize| Place::File {
        path: path.to_owned(),
        line: 1 + text[..at.min(text.len())].matches('\n').count(),
    };
    let entries: BTreeMap<String, Spanned<Value>> =
        toml::from_str(text).map_err(|error| ConfigError::Malformed {
            place: place(error.span().map_or(0, |span| span.start)),
            why: error.message().to_owned(),
        })?;
    let mut settings = Table::new();
    for (key, value) in entries {
        let at = value.span().start;
        let value = value.into_inner();
        judge(&key, &value, || place(at))?;
        settings.insert(key, value);
    }
    Ok(settings)
}

/// A value written without quotes: what it is as TOML if the setting takes that, otherwise a text.
fn from_text(key: &str, text: &str, place: Place) -> Result<Value, ConfigError> {
    let parsed = format!("v = {text}").parse::<Table>();
    let parsed = parsed.ok().and_then(|mut table| table.remove("v"));
    if let Some(value) = parsed
        && judge(key, &value, || place.clone()).is_ok()
    {
        return Ok(value);
    }
    let value = Value::String(text.to_owned());
    judge(key, &value, || place)?;
    Ok(value)
}

/// Does the setting exist, and can it have this value? Asked of the one description there is: a
/// configuration with nothing else in it.
fn judge(key: &str, value: &Value, place: impl FnOnce() -> Place) -> Result<(), ConfigError> {
    if !SETTINGS.iter().any(|setting| setting.key == key) {
        return Err(ConfigError::Unknown {
            place: place(),
            key: key.to_owned(),
            suggestion: similar(key),
        });
    }
    let mut alone = Table::new();
    alone.insert("chain_url".to_owned(), Value::String(String::new()));
    alone.insert("controller".to_owned(), Value::String("00".repeat(20)));
    alone.insert(key.to_owned(), value.clone());
    match NodeConfig::deserialize(alone) {
        Ok(_) => Ok(()),
        Err(error) => Err(ConfigError::Value {
            place: place(),
            key: key.to_owned(),
            why: error.message().trim().to_owned(),
        }),
    }
}

fn similar(key: &str) -> Option<&'static str> {
    let distance = |setting: &&str| strsim::damerau_levenshtein(setting, key);
    let keys = SETTINGS.iter().map(|setting| setting.key);
    keys.min_by_key(distance)
        .filter(|best| distance(best) <= 1 + best.len() / 3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use enigma_wire::id::Address;

    fn sample() -> NodeConfig {
        NodeConfig {
            data_dir: "data".into(),
            public_api: Some("https://node.example".into()),
            ..NodeConfig::new("http://127.0.0.1:8545".into(), Address([7; 20]))
        }
    }

    fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("node.toml");
        std::fs::write(&path, text).expect("write");
        (folder, path)
    }

    fn pair(key: &str, value: &str) -> (String, String) {
        (key.to_owned(), value.to_owned())
    }

    #[track_caller]
    fn refused(text: &str, variable: Option<(&str, &str)>, flag: Option<(&str, &str)>) -> String {
        let (_folder, path) = file(text);
        let variable = variable.map(|(key, value)| pair(key, value));
        let flag: Vec<_> = flag
            .map(|(key, value)| pair(key, value))
            .into_iter()
            .collect();
        NodeConfig::load(&path, variable, &flag)
            .expect_err("refused")
            .to_string()
    }

    #[test]
    fn every_setting_is_described_and_every_description_is_a_setting() {
        let all = NodeConfig {
            confirmations: Some(1),
            listen_metrics: Some(([127, 0, 0, 1], 1).into()),
            public_peer: Some(String::new()),
            deposit: Some(1),
            ..sample()
        };
        let fields = Table::try_from(&all).expect("plain values");
        let mut described: Vec<&str> = SETTINGS.iter().map(|setting| setting.key).collect();
        described.sort_unstable();
        assert_eq!(fields.keys().collect::<Vec<_>>(), described);
    }

    #[test]
    fn file_round_trips_and_paths_are_taken_from_its_folder() {
        let (folder, path) = file(&sample().to_toml());
        let loaded = NodeConfig::load(&path, [], &[]).expect("loads");
        assert_eq!(loaded.data_dir, folder.path().join("data"));
        let data_dir = "data".into();
        assert_eq!(NodeConfig { data_dir, ..loaded }, sample());
    }

    #[test]
    fn the_environment_overrides_the_file_and_flags_override_both() {
        let (_folder, path) = file(&sample().to_toml());
        let variables = [
            pair("ENIGMA_NODE_API_RATE", "7"),
            pair("ENIGMA_NODE_LOG_LEVEL", "debug"),
            pair("ENIGMA_NODE_CHAIN_URL", "http://127.0.0.1:1"),
            pair("PATH", "/bin"),
        ];
        let flags = [pair("api_rate", "9"), pair("register", "false")];
        let loaded = NodeConfig::load(&path, variables, &flags).expect("loads");
        assert_eq!(loaded.api_rate, 9);
        assert_eq!(loaded.log_level, super::super::LogLevel::Debug);
        assert_eq!(loaded.chain_url, "http://127.0.0.1:1");
        assert!(!loaded.register);
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        let good = "chain_url = \"http://a\"\ncontroller = \"0x0707070707070707070707070707070707070707\"\n";
        let message = refused(&format!("{good}api_rat = 1\n"), None, None);
        assert!(message.contains("node.toml:3"), "{message}");
        assert!(message.contains("did you mean \"api_rate\"?"), "{message}");
        let message = refused(&format!("{good}\napi_rate = \"many\"\n"), None, None);
        assert!(message.contains("node.toml:4: api_rate: "), "{message}");
        let message = refused(&format!("{good}api_rate = \n"), None, None);
        assert!(message.contains("node.toml:3: "), "{message}");
        let message = refused(good, Some(("ENIGMA_NODE_LOG_LEVEL", "loud")), None);
        assert!(
            message.contains("variable ENIGMA_NODE_LOG_LEVEL: log_level: "),
            "{message}"
        );
        let message = refused(good, Some(("ENIGMA_NODE_COLOUR", "1")), None);
        assert!(message.contains("ENIGMA_NODE_COLOUR"), "{message}");
        let message = refused(good, None, Some(("listen_api", "nowhere")));
        assert!(message.contains("--set listen_api"), "{message}");
        let message = refused("chain_url = \"http://a\"\n", None, None);
        assert!(message.contains("controller is not set"), "{message}");
        let missing = NodeConfig::load(Path::new("/no/such/node.toml"), [], &[]);
        let message = missing.expect_err("no file").to_string();
        assert!(message.contains("/no/such/node.toml"), "{message}");
    }
}
