//! Encrypted key files: Web3 Secret Storage, version 3, as every Ethereum wallet reads and writes them
//! (AES-128-CTR under a key from scrypt, or PBKDF2 when reading; Keccak-256 over key and ciphertext).
//!
//! The secret in a file is a secp256k1 key. It is all that an owner must keep: the key that opens
//! results is derived from it ([`enigma_wire::seal::SealSecret::of_account`]).

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use aes::cipher::{KeyIvInit as _, StreamCipher as _};
use enigma_wire::id::Address;
use enigma_wire::sign::{SecretKey, keccak256};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// File name ending of a keystore.
const EXTENSION: &str = "json";
/// Bytes of the derived key: 16 encrypt, 16 authenticate.
const KEY_BYTES: usize = 32;
/// Largest scrypt cost a file may ask for (2^20 blocks of 1 KiB at r = 8: 1 GiB): a hostile file must
/// not take the machine's memory.
const LOG_N_MAX: u8 = 20;
/// Most memory in bytes and most work (blocks times parallelism) a file may ask for.
const MEMORY_MAX: u64 = 1 << 30;
/// Most PBKDF2 rounds a file may ask for.
const ROUNDS_MAX: u32 = 10_000_000;
/// Largest keystore file in bytes.
const FILE_MAX: u64 = 64 * 1024;
/// Longest name of a key.
const NAME_MAX: usize = 64;

/// How hard a password is to guess from a stolen file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// scrypt with N = 2^17, r = 8, p = 1 (128 MiB, a good part of a second).
    Standard,
    /// scrypt with N = 2^12: for development networks and tests, where keys guard nothing.
    Light,
}

impl Strength {
    fn log_n(self) -> u8 {
        match self {
            Self::Standard => 17,
            Self::Light => 12,
        }
    }
}

/// What can be wrong with a key file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeystoreError {
    /// A name that cannot be a file's.
    #[error("{0:?} cannot be a key's name: it is a file's name, at most 64 characters")]
    Name(String),
    /// No key of that name.
    #[error("there is no key {name:?} in {}", folder.display())]
    Missing {
        /// The name asked for.
        name: String,
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// A key of that name exists; keys are never overwritten.
    #[error("a key {name:?} exists already in {}", folder.display())]
    Exists {
        /// The name.
        name: String,
        /// Where it is.
        folder: PathBuf,
    },
    /// The file cannot be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The file is not a keystore that we read.
    #[error("{}: is not an encrypted key file: {why}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The password does not open it.
    #[error("{}: wrong password", path.display())]
    WrongPassword {
        /// The file.
        path: PathBuf,
    },
}

/// A folder of key files, one `NAME.json` for each key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keystore {
    folder: PathBuf,
}

/// A key file as it can be listed without its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The file's name without its ending.
    pub name: String,
    /// The account the file states. Only opening the file proves it.
    pub account: Option<Address>,
    /// The file.
    pub path: PathBuf,
}

impl Keystore {
    /// The key files of a folder, which need not exist yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Where the key of this name is, or would be.
    ///
    /// # Errors
    /// When the name cannot be a file's.
    pub fn path(&self, name: &str) -> Result<PathBuf, KeystoreError> {
        // What no file system takes, or what would lead elsewhere.
        let bad = |c: char| c.is_control() || r#"/\:*?"<>|"#.contains(c);
        let usable = !name.is_empty()
            && name.chars().count() <= NAME_MAX
            && !name.starts_with(['.', ' '])
            && !name.ends_with(['.', ' '])
            && !name.chars().any(bad);
        if !usable {
            return Err(KeystoreError::Name(name.to_owned()));
        }
        Ok(self.folder.join(format!("{name}.{EXTENSION}")))
    }

    /// Writes a key under a new name; the folder is made when it is missing, for its owner only.
    ///
    /// # Errors
    /// When the name is taken or unusable, or the file cannot be written.
    pub fn store(
        &self,
        name: &str,
        key: &SecretKey,
        password: &str,
        strength: Strength,
        rng: &mut impl CryptoRng,
    ) -> Result<PathBuf, KeystoreError> {
        let path = self.path(name)?;
        let text = encrypt(key, password, strength, rng);
        self.write_new(name, &path, text.as_bytes())?;
        Ok(path)
    }

    /// Copies an existing key file into the folder, once the password has proved it.
    ///
    /// # Errors
    /// When the file is not a keystore, the password is wrong, or the name is taken.
    pub fn restore(
        &self,
        name: &str,
        from: &Path,
        password: &str,
    ) -> Result<Address, KeystoreError> {
        let key = open_file(from, password)?;
        let text = read_text(from)?;
        let path = self.path(name)?;
        self.write_new(name, &path, text.as_bytes())?;
        Ok(key.address())
    }

    /// Opens a key.
    ///
    /// # Errors
    /// When there is no such key, it is not a keystore, or the password is wrong.
    pub fn open(&self, name: &str, password: &str) -> Result<SecretKey, KeystoreError> {
        let path = self.path(name)?;
        if !path.exists() {
            return Err(KeystoreError::Missing {
                name: name.to_owned(),
                folder: self.folder.clone(),
            });
        }
        open_file(&path, password)
    }

    /// All key files, by name. Other files are left out.
    ///
    /// # Errors
    /// When the folder exists and cannot be read.
    pub fn list(&self) -> Result<Vec<Listed>, KeystoreError> {
        let failed = |error| KeystoreError::File {
            path: self.folder.clone(),
            error,
        };
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let path = entry.map_err(failed)?.path();
            let is_json = path.extension().is_some_and(|ending| ending == EXTENSION);
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            if let (true, Some(name)) = (is_json, stem)
                && let Ok(file) = parse(&path)
            {
                found.push(Listed {
                    name: name.to_owned(),
                    account: file.account(),
                    path,
                });
            }
        }
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    fn write_new(&self, name: &str, path: &Path, text: &[u8]) -> Result<(), KeystoreError> {
        private_folder(&self.folder).map_err(|error| KeystoreError::File {
            path: self.folder.clone(),
            error,
        })?;
        match write_private(path, text) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                Err(KeystoreError::Exists {
                    name: name.to_owned(),
                    folder: self.folder.clone(),
                })
            }
            Err(error) => Err(KeystoreError::File {
                path: path.to_owned(),
                error,
            }),
        }
    }
}

/// Opens a key file wherever it is.
///
/// # Errors
/// When it cannot be read, is not a keystore, or the password is wrong.
pub fn open_file(path: &Path, password: &str) -> Result<SecretKey, KeystoreError> {
    let file = parse(path)?;
    let malformed = |why: &str| KeystoreError::Malformed {
        path: path.to_owned(),
        why: why.to_owned(),
    };
    let stated = file.account();
    let derived = file
        .crypto
        .derive(password)
        .map_err(|why| malformed(&why))?;
    let mac = mac(&derived, &file.crypto.ciphertext);
    if !bool::from(mac.ct_eq(&file.crypto.mac[..])) {
        return Err(KeystoreError::WrongPassword {
            path: path.to_owned(),
        });
    }
    let mut secret = Zeroizing::new(file.crypto.ciphertext);
    apply_cipher(&derived, &file.crypto.cipherparams.iv, &mut secret);
    let secret = <&[u8; 32]>::try_from(&secret[..]).map_err(|_| malformed("not a 32-byte key"))?;
    let key = SecretKey::from_bytes(secret).ok_or_else(|| malformed("not a secp256k1 key"))?;
    if stated.is_some_and(|stated| stated != key.address()) {
        return Err(malformed("the account it states is another key's"));
    }
    Ok(key)
}

/// The account a key file states, without opening it.
///
/// # Errors
/// When it cannot be read or is not a keystore.
pub fn stated_account(path: &Path) -> Result<Option<Address>, KeystoreError> {
    Ok(parse(path)?.account())
}

/// Version 3 of the format. Unknown fields are other wallets' business.
#[derive(Serialize, Deserialize)]
struct File {
    version: u32,
    id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(alias = "Crypto")]
    crypto: Crypto,
}

#[derive(Serialize, Deserialize)]
struct Crypto {
    cipher: String,
    cipherparams: CipherParams,
    #[serde(with = "hex::serde")]
    ciphertext: Vec<u8>,
    kdf: String,
    kdfparams: KdfParams,
    #[serde(with = "hex::serde")]
    mac: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct CipherParams {
    #[serde(with = "hex::serde")]
    iv: [u8; 16],
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum KdfParams {
    Scrypt {
        dklen: usize,
        n: u64,
        r: u32,
        p: u32,
        #[serde(with = "hex::serde")]
        salt: Vec<u8>,
    },
    Pbkdf2 {
        dklen: usize,
        c: u32,
        prf: String,
        #[serde(with = "hex::serde")]
        salt: Vec<u8>,
    },
}

impl File {
    fn account(&self) -> Option<Address> {
        self.address.as_ref()?.parse().ok()
    }
}

impl Crypto {
    /// The derived key, or what this file asks for that we do not do.
    fn derive(&self, password: &str) -> Result<Zeroizing<[u8; KEY_BYTES]>, String> {
        if self.cipher != "aes-128-ctr" {
            return Err(format!("unknown cipher {:?}", self.cipher));
        }
        let mut key = Zeroizing::new([0u8; KEY_BYTES]);
        match (self.kdf.as_str(), &self.kdfparams) {
            (
                "scrypt",
                KdfParams::Scrypt {
                    dklen,
                    n,
                    r,
                    p,
                    salt,
                },
            ) => {
                let log_n = n.checked_ilog2().filter(|log| 1 << log == *n);
                let log_n = log_n.and_then(|log| u8::try_from(log).ok());
                let log_n = log_n.filter(|log| (1..=LOG_N_MAX).contains(log));
                let memory = n.saturating_mul(u64::from(*r)).saturating_mul(128);
                let work = memory.saturating_mul(u64::from(*p));
                let sound = *dklen == KEY_BYTES && work <= MEMORY_MAX;
                let log_n = log_n
                    .filter(|_| sound)
                    .ok_or("scrypt parameters out of bounds")?;
                let params = scrypt::Params::new(log_n, *r, *p)
                    .map_err(|_| "scrypt parameters out of bounds")?;
                scrypt::scrypt(password.as_bytes(), salt, &params, &mut key[..])
                    .map_err(|_| "scrypt parameters out of bounds")?;
            }
            (
                "pbkdf2",
                KdfParams::Pbkdf2 {
                    dklen,
                    c,
                    prf,
                    salt,
                },
            ) => {
                let sound = *dklen == KEY_BYTES && (1..=ROUNDS_MAX).contains(c);
                if prf != "hmac-sha256" || !sound {
                    return Err("PBKDF2 parameters out of bounds".to_owned());
                }
                pbkdf2::pbkdf2_hmac::<sha2::Sha256>(password.as_bytes(), salt, *c, &mut key[..]);
            }
            (other, _) => return Err(format!("unknown key derivation {other:?}")),
        }
        Ok(key)
    }
}

fn parse(path: &Path) -> Result<File, KeystoreError> {
    let malformed = |why: String| KeystoreError::Malformed {
        path: path.to_owned(),
        why,
    };
    let text = read_text(path)?;
    let file: File = serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?;
    if file.version != 3 {
        return Err(malformed(format!(
            "version {} of the format; version 3 is read",
            file.version
        )));
    }
    Ok(file)
}

fn read_text(path: &Path) -> Result<String, KeystoreError> {
    let failed = |error| KeystoreError::File {
        path: path.to_owned(),
        error,
    };
    if fs::metadata(path).map_err(failed)?.len() > FILE_MAX {
        return Err(KeystoreError::Malformed {
            path: path.to_owned(),
            why: "the file is too large".to_owned(),
        });
    }
    fs::read_to_string(path).map_err(failed)
}

fn encrypt(
    key: &SecretKey,
    password: &str,
    strength: Strength,
    rng: &mut impl CryptoRng,
) -> String {
    let (mut salt, mut iv, mut id) = ([0u8; 32], [0u8; 16], [0u8; 16]);
    rng.fill_bytes(&mut salt);
    rng.fill_bytes(&mut iv);
    rng.fill_bytes(&mut id);
    let mut ciphertext = Zeroizing::new(key.to_bytes().to_vec());
    let mut crypto = Crypto {
        cipher: "aes-128-ctr".to_owned(),
        cipherparams: CipherParams { iv },
        ciphertext: Vec::new(),
        kdf: "scrypt".to_owned(),
        kdfparams: KdfParams::Scrypt {
            dklen: KEY_BYTES,
            n: 1 << strength.log_n(),
            r: 8,
            p: 1,
            salt: salt.to_vec(),
        },
        mac: Vec::new(),
    };
    let derived = crypto
        .derive(password)
        .expect("our own parameters are in bounds");
    apply_cipher(&derived, &iv, &mut ciphertext);
    crypto.mac = mac(&derived, &ciphertext).to_vec();
    crypto.ciphertext = ciphertext.to_vec();
    let file = File {
        version: 3,
        id: uuid(id),
        address: Some(hex::encode(key.address().0)),
        crypto,
    };
    serde_json::to_string(&file).expect("plain values always have a text form") + "\n"
}

/// A random (version 4) UUID, which the format asks for.
fn uuid(mut bytes: [u8; 16]) -> String {
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let text = hex::encode(bytes);
    [
        &text[..8],
        &text[8..12],
        &text[12..16],
        &text[16..20],
        &text[20..],
    ]
    .join("-")
}

fn mac(derived: &[u8; KEY_BYTES], ciphertext: &[u8]) -> [u8; 32] {
    let message = Zeroizing::new([&derived[16..], ciphertext].concat());
    keccak256(&message).0
}

fn apply_cipher(derived: &[u8; KEY_BYTES], iv: &[u8; 16], bytes: &mut [u8]) {
    let mut key = Zeroizing::new([0u8; 16]);
    key.copy_from_slice(&derived[..16]);
    ctr::Ctr128BE::<aes::Aes128>::new((&*key).into(), iv.into()).apply_keystream(bytes);
}

/// Makes a folder that only its owner may enter.
pub(crate) fn private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Writes a new file that only its owner may read, durably.
fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        // A half-written file must not look like a key.
        let _ = fs::remove_file(path);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("temporary folder")
    }

    fn key() -> SecretKey {
        SecretKey::random(&mut rand::rng())
    }

    /// The vectors published with the format, for both key derivations.
    #[test]
    fn published_vectors_open() {
        let scrypt = r#"{"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"83dbcc02d8ccb40e466191a123791e0e"},
            "ciphertext":"d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c","kdf":"scrypt",
            "kdfparams":{"dklen":32,"n":262144,"p":8,"r":1,"salt":"ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19"},
            "mac":"2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097"},
            "id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3}"#;
        let pbkdf2 = r#"{"crypto":{"cipher":"aes-128-ctr","cipherparams":{"iv":"6087dab2f9fdbbfaddc31a909735c1e6"},
            "ciphertext":"5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46","kdf":"pbkdf2",
            "kdfparams":{"c":262144,"dklen":32,"prf":"hmac-sha256","salt":"ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd"},
            "mac":"517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2"},
            "id":"3198bc9c-6672-5ab3-d995-4942343ae5b6","version":3}"#;
        let folder = folder();
        for (name, text) in [("scrypt", scrypt), ("pbkdf2", pbkdf2)] {
            let path = folder.path().join(name);
            fs::write(&path, text).expect("write");
            let key = open_file(&path, "testpassword").expect("opens");
            assert_eq!(
                hex::encode(&key.to_bytes()[..]),
                "7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d"
            );
            let wrong = open_file(&path, "testpasswore").expect_err("refused");
            assert!(
                matches!(wrong, KeystoreError::WrongPassword { .. }),
                "{wrong}"
            );
        }
    }

    #[test]
    fn keys_come_back_and_are_never_overwritten() {
        let folder = folder();
        let store = Keystore::new(folder.path().join("keys"));
        assert_eq!(store.list().expect("an absent folder is empty"), Vec::new());
        let key = key();
        let rng = &mut rand::rng();
        let path = store
            .store("ada", &key, "pässword", Strength::Light, rng)
            .expect("stored");
        let opened = store.open("ada", "pässword").expect("opens");
        assert_eq!(opened.address(), key.address());
        assert_eq!(
            stated_account(&path).expect("a keystore"),
            Some(key.address())
        );
        let listed = store.list().expect("a folder");
        assert_eq!((listed.len(), listed[0].name.as_str()), (1, "ada"));
        let before = fs::read(&path).expect("readable");
        let again = store.store("ada", &self::key(), "x", Strength::Light, rng);
        assert!(matches!(again, Err(KeystoreError::Exists { .. })));
        assert_eq!(fs::read(&path).expect("readable"), before);
        assert!(matches!(
            store.open("bob", ""),
            Err(KeystoreError::Missing { .. })
        ));
    }

    #[test]
    fn a_backup_is_restored_only_with_its_password() {
        let folder = folder();
        let (from, to) = (
            Keystore::new(folder.path().join("a")),
            Keystore::new(folder.path().join("b")),
        );
        let key = key();
        let path = from
            .store("ada", &key, "secret", Strength::Light, &mut rand::rng())
            .expect("stored");
        assert!(to.restore("ada", &path, "other").is_err());
        assert_eq!(to.list().expect("empty"), Vec::new());
        assert_eq!(
            to.restore("ada", &path, "secret").expect("restored"),
            key.address()
        );
        assert_eq!(
            to.open("ada", "secret").expect("opens").address(),
            key.address()
        );
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_them() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = folder();
        let store = Keystore::new(folder.path().join("keys"));
        let path = store
            .store("a", &key(), "", Strength::Light, &mut rand::rng())
            .expect("stored");
        let mode = |path: &Path| fs::metadata(path).expect("exists").permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(store.folder())), (0o600, 0o700));
    }

    #[test]
    fn names_cannot_leave_the_folder() {
        let store = Keystore::new("keys");
        for name in [
            "",
            "..",
            "../x",
            "a/b",
            "a\\b",
            ".hidden",
            " a",
            "a\0",
            "a\n",
            &"x".repeat(65),
        ] {
            assert!(
                matches!(store.path(name), Err(KeystoreError::Name(_))),
                "{name:?}"
            );
        }
        for name in ["ada", "Zoë", "node-1_x.y", "Alder & Sons"] {
            assert!(store.path(name).is_ok(), "{name:?}");
        }
    }

    #[test]
    fn malformed_files_are_errors_and_ask_for_no_resources() {
        let folder = folder();
        let path = folder.path().join("k.json");
        let sound = encrypt(&key(), "x", Strength::Light, &mut rand::rng());
        let changes: [(&str, &str); 9] = [
            ("\"version\":3", "\"version\":1"),
            ("aes-128-ctr", "aes-128-cbc"),
            ("\"scrypt\"", "\"argon2\""),
            ("\"n\":4096", "\"n\":4097"),
            ("\"n\":4096", "\"n\":1099511627776"),
            ("\"p\":1", "\"p\":4000000000"),
            ("\"r\":8", "\"r\":0"),
            ("\"dklen\":32", "\"dklen\":1"),
            ("\"iv\":\"", "\"iv\":\"00"),
        ];
        for (from, to) in changes {
            let text = sound.replace(from, to);
            assert_ne!(text, sound, "{from}");
            fs::write(&path, text).expect("write");
            let error = open_file(&path, "x").expect_err("refused");
            assert!(
                matches!(error, KeystoreError::Malformed { .. }),
                "{to}: {error}"
            );
        }
        for text in ["", "{}", "[1]", "not json", &"x".repeat(100_000)] {
            fs::write(&path, text).expect("write");
            let error = open_file(&path, "x").expect_err("refused");
            assert!(matches!(error, KeystoreError::Malformed { .. }), "{error}");
        }
    }
}
