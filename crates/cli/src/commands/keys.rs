//! `enigma keys`: make, list, show, back up and restore keys.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use enigma_client::Keystore;
use enigma_client::keystore::{self, Strength};
use enigma_wire::sign::SecretKey;
use serde_json::json;

use crate::context::Context;
use crate::keys::{self, PasswordOption};
use crate::report::{self, Problem};

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Make keys, each an encrypted file.
    New(NewOptions),
    /// List keys and their accounts.
    List(ListOptions),
    /// Show one key's account.
    Show(ShowOptions),
    /// Copy a key's encrypted file to another place.
    Backup(BackupOptions),
    /// Take a key from a backup, or from another wallet's key file.
    Restore(RestoreOptions),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  enigma keys new ada
  enigma keys new ada bob cleo --dir people --password-file password.txt
  enigma keys new --csv people.csv --dir people --password-file password.txt")]
pub(crate) struct NewOptions {
    /// Names of the keys.
    #[arg(value_name = "NAME", required_unless_present = "csv")]
    names: Vec<String>,
    /// A key for each line of this file: its column `name` gives the names.
    #[arg(long, value_name = "FILE.csv")]
    csv: Option<PathBuf>,
    #[command(flatten)]
    place: Place,
    /// Weaker protection of the password, faster to open: for development networks only.
    #[arg(long)]
    light: bool,
    #[command(flatten)]
    password: PasswordOption,
}

/// Which folder of keys.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Folder of the key files [default: keys in the folder of --home].
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Place {
    fn keystore(&self, context: &Context) -> Result<Keystore, Problem> {
        match &self.dir {
            Some(folder) => Ok(Keystore::new(folder)),
            None => keys::own(context),
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  enigma keys list
  enigma keys list --dir people --json")]
pub(crate) struct ListOptions {
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  enigma keys show ada
  enigma keys show people/ada.json")]
pub(crate) struct ShowOptions {
    /// A key's name or file.
    #[arg(value_name = "NAME")]
    name: String,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:
  enigma keys backup ada --to /media/stick/ada.json")]
pub(crate) struct BackupOptions {
    /// A key's name.
    #[arg(value_name = "NAME")]
    name: String,
    /// The new file; the key stays encrypted with the same password.
    #[arg(long, value_name = "FILE")]
    to: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "Example:
  enigma keys restore ada --from /media/stick/ada.json")]
pub(crate) struct RestoreOptions {
    /// The key's name here.
    #[arg(value_name = "NAME")]
    name: String,
    /// An encrypted key file (Web3 Secret Storage, version 3).
    #[arg(long, value_name = "FILE")]
    from: PathBuf,
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    password: PasswordOption,
}

/// Runs one of them.
pub(crate) fn run(context: &Context, command: &KeysCommand) -> Result<(), Problem> {
    match command {
        KeysCommand::New(options) => new(context, options),
        KeysCommand::List(options) => list(context, options),
        KeysCommand::Show(options) => show(context, options),
        KeysCommand::Backup(options) => backup(context, options),
        KeysCommand::Restore(options) => restore(context, options),
    }
}

fn new(context: &Context, options: &NewOptions) -> Result<(), Problem> {
    let mut names = options.names.clone();
    if let Some(path) = &options.csv {
        names.extend(crate::people::names(path)?);
    }
    let store = options.place.keystore(context)?;
    // All or nothing: a taken or unusable name is found before any key is made.
    let taken: Vec<String> = store.list()?.into_iter().map(|key| key.name).collect();
    for (at, name) in names.iter().enumerate() {
        store.path(name)?;
        if taken.contains(name) || names[..at].contains(name) {
            let folder = store.folder().to_owned();
            let name = name.clone();
            return Err(keystore::KeystoreError::Exists { name, folder }.into());
        }
    }
    let password = options.password.choose()?;
    let strength = if options.light {
        Strength::Light
    } else {
        Strength::Standard
    };
    let progress = report::Progress::start(names.len(), "keys");
    let mut made = Vec::new();
    for name in &names {
        let key = SecretKey::random(&mut rand::rng());
        let path = store.store(name, &key, &password, strength, &mut rand::rng())?;
        made.push((name, key.address(), path));
        progress.set(made.len());
    }
    progress.finish();
    if context.json {
        let made = made.iter();
        let object = made
            .map(|(name, account, path)| json!({"name": name, "account": account, "file": path}));
        report::data(&json!({ "keys": object.collect::<Vec<_>>() }).to_string());
    } else {
        for (name, account, path) in &made {
            report::data(&format!("{name}  {account}  {}", path.display()));
        }
        report::progress(
            "Back the files up: without file and password a key, and what it may open, is lost.",
        );
    }
    Ok(())
}

fn list(context: &Context, options: &ListOptions) -> Result<(), Problem> {
    let mut listed = options.place.keystore(context)?.list()?;
    if options.place.dir.is_none()
        && let Ok(selected) = context.selected()
        && let Some(folder) = selected.development_keys()
    {
        listed.extend(Keystore::new(folder).list()?);
    }
    if context.json {
        let keys = listed.iter();
        let keys =
            keys.map(|key| json!({"name": key.name, "account": key.account, "file": key.path}));
        report::data(&json!({ "keys": keys.collect::<Vec<_>>() }).to_string());
    } else if listed.is_empty() {
        report::progress("There are no keys yet; `enigma keys new NAME` makes one.");
    } else {
        let rows = listed.iter().map(|key| {
            let account = key
                .account
                .map_or("unknown".to_owned(), |account| account.to_string());
            vec![key.name.clone(), account, key.path.display().to_string()]
        });
        report::table(&["name", "account", "file"], rows);
    }
    Ok(())
}

fn show(context: &Context, options: &ShowOptions) -> Result<(), Problem> {
    let selected = context.selected().ok();
    let account = keys::account(context, selected.as_ref(), &options.name)?;
    if context.json {
        report::data(&json!({"name": options.name, "account": account}).to_string());
    } else {
        report::data(&format!("account  {account}"));
    }
    Ok(())
}

fn backup(context: &Context, options: &BackupOptions) -> Result<(), Problem> {
    let store = keys::own(context)?;
    let from = store.path(&options.name)?;
    // Says whether there is such a key, and that it is whole.
    let account = keys::account(context, None, &options.name)?;
    copy_new(&from, &options.to)?;
    if context.json {
        report::data(
            &json!({"name": options.name, "account": account, "file": options.to}).to_string(),
        );
    } else {
        report::data(&format!(
            "{}  {account}  {}",
            options.name,
            options.to.display()
        ));
    }
    Ok(())
}

fn copy_new(from: &Path, to: &Path) -> Result<(), Problem> {
    let failed = |error: std::io::Error| {
        Problem::new(format!("{}: cannot be written: {error}", to.display()))
            .hint("name a new file in a folder that exists")
    };
    if to.exists() {
        return Err(
            Problem::new(format!("{} exists already", to.display())).hint("name a new file")
        );
    }
    // Copying keeps the permissions: readable by the owner only.
    std::fs::copy(from, to).map_err(failed)?;
    std::fs::File::open(to)
        .and_then(|file| file.sync_all())
        .map_err(failed)
}

fn restore(context: &Context, options: &RestoreOptions) -> Result<(), Problem> {
    let store = options.place.keystore(context)?;
    let password = options.password.read(&options.from.display().to_string())?;
    let account = store.restore(&options.name, &options.from, &password)?;
    if context.json {
        report::data(&json!({"name": options.name, "account": account}).to_string());
    } else {
        report::data(&format!("{}  {account}", options.name));
    }
    Ok(())
}
