//! Which key a command uses, and where its password comes from.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use clap::Args;
use enigma_chain::Wallet;
use enigma_client::keystore::{self, KeystoreError};
use enigma_client::{Keystore, Owner};
use enigma_wire::id::Address;
use enigma_wire::sign::SecretKey;
use zeroize::Zeroizing;

use crate::context::{Context, Selected};
use crate::report::Problem;

/// Folder of keys in the home folder.
const KEYS_FOLDER: &str = "keys";
/// The password when no file is named. Not an option: command lines are for everybody to see.
const PASSWORD_VARIABLE: &str = "ENIGMA_PASSWORD";

/// Where a password comes from.
#[derive(Clone, Debug, Args)]
pub(crate) struct PasswordOption {
    /// File whose first line is the keys' password [default: ENIGMA_PASSWORD, or asked for].
    #[arg(long, value_name = "FILE", env = "ENIGMA_PASSWORD_FILE")]
    pub(crate) password_file: Option<PathBuf>,
}

/// Which key acts.
#[derive(Clone, Debug, Args)]
pub(crate) struct KeyOption {
    /// The key that acts: a name (see `enigma keys list`) or a key file [default: the devnet's first].
    #[arg(long, value_name = "NAME", env = "ENIGMA_KEY")]
    pub(crate) key: Option<String>,
    #[command(flatten)]
    pub(crate) password: PasswordOption,
}

/// A key that was opened.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    pub(crate) name: String,
    pub(crate) secret: SecretKey,
}

impl Opened {
    pub(crate) fn account(&self) -> Address {
        self.secret.address()
    }

    pub(crate) fn wallet(&self) -> Wallet {
        Wallet::new(self.secret.clone())
    }

    pub(crate) fn owner(&self) -> Owner {
        Owner::new(self.secret.clone())
    }
}

impl PasswordOption {
    /// The password for a key file.
    ///
    /// # Errors
    /// When there is none and nobody to ask.
    pub(crate) fn read(&self, what: &str) -> Result<Zeroizing<String>, Problem> {
        if let Ok(password) = std::env::var(PASSWORD_VARIABLE) {
            return Ok(Zeroizing::new(password));
        }
        if let Some(path) = &self.password_file {
            let text = std::fs::read_to_string(path)
                .map(Zeroizing::new)
                .map_err(|error| {
                    Problem::new(format!("{}: cannot be read: {error}", path.display()))
                        .hint("--password-file names a file whose first line is the password")
                })?;
            return Ok(Zeroizing::new(text.lines().next().unwrap_or("").to_owned()));
        }
        if !std::io::stdin().is_terminal() {
            return Err(Problem::new(format!("a password is needed for {what}"))
                .hint("name a file with --password-file, or set ENIGMA_PASSWORD"));
        }
        rpassword::prompt_password(format!("Password for {what}: "))
            .map(Zeroizing::new)
            .map_err(|error| Problem::failed(format!("the password cannot be read: {error}")))
    }

    /// A new password, asked for twice when it is typed.
    pub(crate) fn choose(&self) -> Result<Zeroizing<String>, Problem> {
        let typed = std::env::var_os(PASSWORD_VARIABLE).is_none() && self.password_file.is_none();
        let password = self.read("the new key")?;
        if typed {
            let again = rpassword::prompt_password("Again: ").map(Zeroizing::new);
            if !again.is_ok_and(|again| *again == *password) {
                return Err(Problem::new("the two passwords differ").hint("try again"));
            }
        }
        if password.is_empty() {
            return Err(
                Problem::new("the password is empty").hint("choose one that is hard to guess")
            );
        }
        Ok(password)
    }
}

impl KeyOption {
    /// Opens the key that acts.
    pub(crate) fn open(&self, context: &Context, network: &Selected) -> Result<Opened, Problem> {
        let default = network
            .file
            .development
            .as_ref()
            .map(|dev| dev.default_key.clone());
        let name = self.key.clone().or(default).ok_or_else(|| {
            Problem::new("no key is named")
                .hint("name one with --key; `enigma keys new NAME` makes one")
        })?;
        open(context, Some(network), &name, &self.password)
    }

    /// Who pays for what owners sign when nobody is named: a development network's funded key, elsewhere
    /// the first owner.
    pub(crate) fn payer(
        &self,
        context: &Context,
        network: &Selected,
        owner: Option<&Opened>,
    ) -> Result<Opened, Problem> {
        match (&network.file.development, owner) {
            (Some(development), _) => open(
                context,
                Some(network),
                &development.default_key,
                &self.password,
            ),
            (None, Some(owner)) => Ok(owner.clone()),
            (None, None) => self.open(context, network),
        }
    }
}

/// The keys in the home folder.
pub(crate) fn own(context: &Context) -> Result<Keystore, Problem> {
    Ok(Keystore::new(context.home()?.join(KEYS_FOLDER)))
}

/// Finds a key by name, in the home folder and then among the devnet's, or by its file's path, and opens
/// it.
pub(crate) fn open(
    context: &Context,
    network: Option<&Selected>,
    name: &str,
    password: &PasswordOption,
) -> Result<Opened, Problem> {
    let path = find(context, network, name)?;
    let guards_nothing = network
        .and_then(|network| {
            Some((
                network.development_keys()?,
                network.file.development.as_ref()?,
            ))
        })
        .filter(|(folder, _)| path.starts_with(folder));
    let secret = match guards_nothing {
        Some((_, development)) => keystore::open_file(&path, &development.password)?,
        None => keystore::open_file(&path, &password.read(&format!("key {name}"))?)?,
    };
    Ok(Opened {
        name: stem(&path, name),
        secret,
    })
}

/// The account of a name, a key file, or an address itself; nothing is opened.
pub(crate) fn account(
    context: &Context,
    network: Option<&Selected>,
    name: &str,
) -> Result<Address, Problem> {
    if let Ok(address) = name.parse() {
        return Ok(address);
    }
    let path = find(context, network, name)?;
    keystore::stated_account(&path)?.ok_or_else(|| {
        Problem::new(format!("{}: does not state its account", path.display()))
            .hint("give the account's address instead")
    })
}

/// Opens every key of a folder, by name.
pub(crate) fn open_folder(
    folder: &Path,
    password: &PasswordOption,
) -> Result<BTreeMap<String, Opened>, Problem> {
    let listed = list_folder(folder)?;
    let secret = password.read(&format!("the keys in {}", folder.display()))?;
    // Opening is slow on purpose; the machine's cores share it.
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let share = listed.len().div_ceil(workers).max(1);
    let open_one = |key: &keystore::Listed| {
        let secret = keystore::open_file(&key.path, &secret)?;
        Ok::<_, KeystoreError>(Opened {
            name: key.name.clone(),
            secret,
        })
    };
    let opened: Result<Vec<Vec<Opened>>, KeystoreError> = std::thread::scope(|scope| {
        let threads: Vec<_> = listed
            .chunks(share)
            .map(|keys| scope.spawn(move || keys.iter().map(open_one).collect()))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("opening a key does not panic"))
            .collect()
    });
    let opened = opened?.into_iter().flatten();
    Ok(opened.map(|key| (key.name.clone(), key)).collect())
}

/// The key files of a folder that must hold some.
pub(crate) fn list_folder(folder: &Path) -> Result<Vec<keystore::Listed>, Problem> {
    let listed = Keystore::new(folder).list()?;
    if listed.is_empty() {
        return Err(
            Problem::new(format!("{}: holds no key files", folder.display()))
                .hint("`enigma keys new NAME... --dir DIR` makes some"),
        );
    }
    Ok(listed)
}

fn find(context: &Context, network: Option<&Selected>, name: &str) -> Result<PathBuf, Problem> {
    // A plain name never means a file that happens to lie in the current folder.
    let as_path = Path::new(name);
    if name.ends_with(".json") || as_path.components().count() > 1 {
        return Ok(as_path.to_owned());
    }
    let own = own(context)?;
    let development = network
        .and_then(Selected::development_keys)
        .map(Keystore::new);
    for store in [Some(&own), development.as_ref()].into_iter().flatten() {
        let path = store.path(name)?;
        if path.is_file() {
            return Ok(path);
        }
    }
    Err(KeystoreError::Missing {
        name: name.to_owned(),
        folder: own.folder().to_owned(),
    }
    .into())
}

fn stem(path: &Path, name: &str) -> String {
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    stem.unwrap_or(name).to_owned()
}

impl From<KeystoreError> for Problem {
    fn from(error: KeystoreError) -> Self {
        let hint = match &error {
            KeystoreError::Name(_) => return Self::new(error.to_string()),
            KeystoreError::Missing { .. } => {
                "`enigma keys list` shows the keys there are; `enigma keys new` makes one"
            }
            KeystoreError::Exists { .. } => "choose another name; keys are never overwritten",
            KeystoreError::File { .. } => "check the path and who may read it",
            KeystoreError::Malformed { .. } => {
                "an encrypted key file holds JSON of Web3 Secret Storage, version 3"
            }
            KeystoreError::WrongPassword { .. } => {
                "passwords cannot be recovered; try again, or restore the key from a backup"
            }
            _ => return Self::failed(error.to_string()),
        };
        Self::new(error.to_string()).hint(hint)
    }
}
