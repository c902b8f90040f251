//! A devnet's folder: what it is made of, made whole or not at all, and held by one process at a time.

use std::fs::{self, File, TryLockError};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};

use enigma_client::Keystore;
use enigma_client::keystore::{self, Strength};
use enigma_node::{KEYS_FOLDER, NodeKeys};
use enigma_wire::sign::SecretKey;
use rand::RngExt as _;
use serde::{Deserialize, Serialize};

use crate::report::Problem;

/// Says that a folder is a devnet's, and with which settings it was made.
const SETTINGS_FILE: &str = "devnet.toml";
/// Held while the devnet runs.
const LOCK_FILE: &str = "devnet.lock";
/// Of the folder; another format is refused.
const FORMAT: u32 = 1;
/// Folder with the funded keys.
pub(super) const KEYS: &str = "keys";
/// Their password: they guard nothing.
pub(super) const PASSWORD: &str = "devnet";
/// How many funded keys there are.
const FUNDED_KEYS: usize = 3;
/// Where free ports are looked for, and how often.
const FREE_PORTS: std::ops::Range<u16> = 10_000..30_000;
const FREE_PORTS_TRIES: usize = 50;

/// What a devnet was made with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    format: u32,
    /// The embedded chain's port; none on another chain.
    pub(super) chain_port: Option<u16>,
    /// The other chain's endpoint.
    pub(super) external: Option<String>,
    pub(super) nodes: Vec<Ports>,
}

/// Where a node listens: registered on the chain, so it stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ports {
    pub(super) api: u16,
    pub(super) peer: u16,
}

/// A devnet's folder, locked.
pub(super) struct Layout {
    pub(super) folder: PathBuf,
    pub(super) settings: Settings,
    /// Unlocks when dropped.
    _lock: File,
}

/// How a new devnet is to be.
pub(super) struct Wanted<'a> {
    pub(super) nodes: Option<u8>,
    pub(super) port: Option<u16>,
    pub(super) external: Option<&'a str>,
}

impl Layout {
    /// Opens the folder, or makes it.
    pub(super) fn open(folder: &Path, wanted: &Wanted<'_>) -> Result<Self, Problem> {
        let settings_path = folder.join(SETTINGS_FILE);
        if !settings_path.exists() {
            refuse_foreign(folder)?;
            make(folder, wanted)?;
        }
        let lock = lock(folder)?;
        let text =
            fs::read_to_string(&settings_path).map_err(|error| unusable(&settings_path, error))?;
        let settings: Settings = toml::from_str(&text).map_err(|error| {
            Problem::failed(format!("{}: {}", settings_path.display(), error.message()))
                .hint("the folder is damaged; name another, or remove it to begin anew")
        })?;
        if settings.format != FORMAT {
            return Err(Problem::failed(format!(
                "{}: format {} is not {FORMAT}",
                settings_path.display(),
                settings.format
            ))
            .hint("another version of enigma made it; name another folder"));
        }
        let layout = Self {
            folder: folder.to_owned(),
            settings,
            _lock: lock,
        };
        layout.refuse_changes(wanted)?;
        Ok(layout)
    }

    /// The folder of the embedded chain.
    pub(super) fn chain_folder(&self) -> PathBuf {
        self.folder.join("chain")
    }

    /// A node's folder; nodes are counted from 1.
    pub(super) fn node_folder(&self, number: usize) -> PathBuf {
        self.folder.join(format!("node-{number}"))
    }

    /// The funded keys, opened, by name.
    pub(super) fn funded_keys(&self) -> Result<Vec<(String, SecretKey)>, Problem> {
        let store = Keystore::new(self.folder.join(KEYS));
        let keys = store.list()?.into_iter();
        keys.map(|key| Ok((key.name, keystore::open_file(&key.path, PASSWORD)?)))
            .collect()
    }

    /// A node's keys.
    pub(super) fn node_keys(&self, number: usize) -> Result<NodeKeys, Problem> {
        NodeKeys::load(&self.node_folder(number).join(KEYS_FOLDER))
            .map_err(|error| Problem::failed(error.to_string()))
    }

    /// The settings were chosen when the devnet was made.
    fn refuse_changes(&self, wanted: &Wanted<'_>) -> Result<(), Problem> {
        let made = |what: String| {
            Problem::new(format!("the devnet in {} {what}", self.folder.display()))
                .hint("name another folder with --dir, or remove this one to begin anew")
        };
        let nodes = self.settings.nodes.len();
        if wanted
            .nodes
            .is_some_and(|wanted| usize::from(wanted) != nodes)
        {
            return Err(made(format!("has {nodes} nodes")));
        }
        if wanted
            .port
            .is_some_and(|port| port != 0 && Some(port) != self.settings.chain_port)
        {
            let port = self.settings.chain_port.unwrap_or(0);
            return Err(made(format!("has its chain at port {port}")));
        }
        if wanted
            .external
            .is_some_and(|url| Some(url) != self.settings.external.as_deref())
        {
            return Err(made("lives on another chain".to_owned()));
        }
        Ok(())
    }
}

/// A folder with other things in it is not ours to fill.
fn refuse_foreign(folder: &Path) -> Result<(), Problem> {
    let holds_something = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => false,
        Err(error) => return Err(unusable(folder, error)),
    };
    if holds_something {
        return Err(
            Problem::new(format!("{} is not a devnet's folder", folder.display()))
                .hint("name a new folder with --dir"),
        );
    }
    Ok(())
}

/// Makes the folder beside its place and moves it there, so that an interrupted start leaves nothing half
/// done.
fn make(folder: &Path, wanted: &Wanted<'_>) -> Result<(), Problem> {
    let parent = match folder.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(parent).map_err(|error| unusable(parent, error))?;
    let making = tempfile::Builder::new()
        .prefix(".devnet-")
        .tempdir_in(parent);
    let making = making.map_err(|error| unusable(parent, error))?;
    let store = Keystore::new(making.path().join(KEYS));
    for number in 1..=FUNDED_KEYS {
        let key = SecretKey::random(&mut rand::rng());
        store.store(
            &format!("dev-{number}"),
            &key,
            PASSWORD,
            Strength::Light,
            &mut rand::rng(),
        )?;
    }
    let nodes = wanted.nodes.unwrap_or(3);
    for number in 1..=nodes {
        let keys = making
            .path()
            .join(format!("node-{number}"))
            .join(KEYS_FOLDER);
        NodeKeys::generate(&keys, &mut rand::rng())
            .map_err(|error| Problem::failed(error.to_string()))?;
    }
    let settings = Settings {
        format: FORMAT,
        chain_port: None,
        external: wanted.external.map(str::to_owned),
        nodes: Vec::new(),
    };
    let settings = with_ports(settings, nodes, wanted.port.unwrap_or(super::DEFAULT_PORT))?;
    let text = toml::to_string(&settings).expect("plain values always have a text form");
    let path = making.path().join(SETTINGS_FILE);
    fs::write(&path, text).map_err(|error| unusable(&path, error))?;
    // An empty folder may be in the way; anything else was refused before.
    let _ = fs::remove_dir(folder);
    fs::rename(making.path(), folder).map_err(|error| unusable(folder, error))?;
    // It is no longer where its guard would remove it.
    let _ = making.keep();
    Ok(())
}

/// Chooses every port: consecutive from `base`, or from a base of our choice when that is 0.
fn with_ports(settings: Settings, nodes: u8, base: u16) -> Result<Settings, Problem> {
    let count = 1 + 2 * usize::from(nodes);
    let ports = match base {
        0 => free_ports(count)?,
        base => consecutive(base, count)?,
    };
    let nodes = ports[1..].chunks(2).map(|pair| Ports {
        api: pair[0],
        peer: pair[1],
    });
    Ok(Settings {
        chain_port: settings.external.is_none().then_some(ports[0]),
        nodes: nodes.collect(),
        ..settings
    })
}

/// Free ports outside the range from which systems give ports to outgoing connections: one of those could be
/// taken while the devnet is stopped.
fn free_ports(count: usize) -> Result<Vec<u16>, Problem> {
    let mut outcome = consecutive(rand::rng().random_range(FREE_PORTS), count);
    for _ in 0..FREE_PORTS_TRIES {
        if outcome.is_ok() {
            break;
        }
        outcome = consecutive(rand::rng().random_range(FREE_PORTS), count);
    }
    outcome
}

fn consecutive(base: u16, count: usize) -> Result<Vec<u16>, Problem> {
    let port = |at: usize| {
        let port = u16::try_from(usize::from(base) + at).map_err(|_| {
            Problem::new(format!("port {base} leaves no room for {count} ports"))
                .hint("choose a lower --port")
        })?;
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| {
            Problem::failed(format!("port {port} cannot be used: {error}"))
                .hint("another program uses it; choose others with --port, or any free ones with --port 0")
        })?;
        Ok(port)
    };
    (0..count).map(port).collect()
}

fn lock(folder: &Path) -> Result<File, Problem> {
    let path = folder.join(LOCK_FILE);
    let mut options = File::options();
    let file = options.create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(|error| unusable(&path, error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Problem::failed(format!(
            "a devnet runs in {} already",
            folder.display()
        ))
        .hint("use it, stop it first, or name another folder with --dir")),
        Err(TryLockError::Error(error)) => Err(unusable(&path, error)),
    }
}

fn unusable(path: &Path, error: std::io::Error) -> Problem {
    Problem::failed(format!("{}: {error}", path.display()))
        .hint("check the path and who may write there")
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: Wanted<'static> = Wanted {
        nodes: Some(3),
        port: Some(0),
        external: None,
    };

    #[test]
    fn a_folder_is_made_once_and_held_by_one() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("net");
        let layout = Layout::open(&path, &WANTED)
            .map_err(|problem| problem.to_string())
            .expect("made");
        let (settings, keys) = (layout.settings.clone(), layout.funded_keys().expect("keys"));
        assert_eq!((settings.nodes.len(), keys.len()), (3, FUNDED_KEYS));
        let second = Layout::open(&path, &WANTED)
            .err()
            .expect("held")
            .to_string();
        assert!(
            second.contains("runs in") && second.contains("already"),
            "{second}"
        );
        drop(layout);
        let again = Layout::open(
            &path,
            &Wanted {
                nodes: None,
                ..WANTED
            },
        )
        .map_err(|problem| problem.to_string())
        .expect("continued");
        assert_eq!(again.settings, settings);
        let same =
            |(a, b): (&(String, SecretKey), &(String, SecretKey))| a.1.address() == b.1.address();
        assert!(
            again
                .funded_keys()
                .expect("keys")
                .iter()
                .zip(&keys)
                .all(same)
        );
    }

    #[test]
    fn changed_settings_and_foreign_folders_are_refused() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("net");
        drop(
            Layout::open(&path, &WANTED)
                .map_err(|problem| problem.to_string())
                .expect("made"),
        );
        for wanted in [
            Wanted {
                nodes: Some(5),
                ..WANTED
            },
            Wanted {
                port: Some(1),
                ..WANTED
            },
            Wanted {
                external: Some("http://127.0.0.1:1"),
                ..WANTED
            },
        ] {
            let problem = Layout::open(&path, &wanted)
                .err()
                .expect("refused")
                .to_string();
            assert!(problem.contains("hint: "), "{problem}");
        }
        let foreign = folder.path().join("other");
        fs::create_dir(&foreign).expect("made");
        fs::write(foreign.join("thesis.txt"), "x").expect("write");
        let problem = Layout::open(&foreign, &WANTED)
            .err()
            .expect("refused")
            .to_string();
        assert!(problem.contains("is not a devnet's folder"), "{problem}");
        assert_eq!(fs::read_dir(&foreign).expect("there").count(), 1);
    }

    #[test]
    fn a_port_in_use_is_named_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("net");
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = taken.local_addr().expect("bound").port();
        let wanted = Wanted {
            port: Some(port),
            ..WANTED
        };
        let problem = Layout::open(&path, &wanted)
            .err()
            .expect("refused")
            .to_string();
        assert!(
            problem.contains(&format!("port {port} cannot be used")),
            "{problem}"
        );
        assert_eq!(fs::read_dir(folder.path()).expect("there").count(), 0);
    }
}
