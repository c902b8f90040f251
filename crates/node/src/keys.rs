//! A node's key files: made once, readable by the operator alone.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use enigma_net::Identity;
use enigma_wire::seal::SealSecret;
use enigma_wire::sign::SecretKey;
use rand_core::CryptoRng;
use zeroize::Zeroizing;

/// All secrets of a node.
pub struct NodeKeys {
    /// Pays for transactions and receives fees.
    pub operator: SecretKey,
    /// Signs receipts, certificates, failures and session keys.
    pub signer: SecretKey,
    /// Opens rows sealed to this node.
    pub seal: SealSecret,
    /// Identity on committee links.
    pub identity: Identity,
}

/// A key file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// It cannot be read or written.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// It does not hold a key.
    #[error("{} does not hold a key of its kind", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
}

const OPERATOR: &str = "operator.key";
const SIGNER: &str = "signer.key";
const SEAL: &str = "seal.key";
const PEER: &str = "peer.key";

impl NodeKeys {
    /// Makes new keys in `folder`, which is created if need be. Existing keys are never overwritten.
    ///
    /// # Errors
    /// When a file exists already or cannot be written.
    pub fn generate(folder: &Path, rng: &mut impl CryptoRng) -> Result<Self, KeyError> {
        create_private_folder(folder).map_err(|error| KeyError::File {
            path: folder.to_owned(),
            error,
        })?;
        let keys = Self {
            operator: SecretKey::random(rng),
            signer: SecretKey::random(rng),
            seal: SealSecret::random(rng),
            identity: Identity::generate(rng),
        };
        write_secret(&folder.join(OPERATOR), &keys.operator.to_bytes()[..])?;
        write_secret(&folder.join(SIGNER), &keys.signer.to_bytes()[..])?;
        write_secret(&folder.join(SEAL), &keys.seal.to_bytes()[..])?;
        write_secret(&folder.join(PEER), &keys.identity.to_pkcs8())?;
        Ok(keys)
    }

    /// A second copy of the sealing key, for the party.
    pub(crate) fn seal_copy(&self) -> SealSecret {
        SealSecret::from_bytes(&self.seal.to_bytes())
    }

    /// Reads the keys that [`NodeKeys::generate`] wrote.
    ///
    /// # Errors
    /// When a file is missing or does not hold a key.
    pub fn load(folder: &Path) -> Result<Self, KeyError> {
        let account = |name: &str| {
            let path = folder.join(name);
            let bytes = read_secret(&path)?;
            let key = <&[u8; 32]>::try_from(&bytes[..])
                .ok()
                .and_then(SecretKey::from_bytes);
            key.ok_or(KeyError::Malformed { path })
        };
        let (operator, signer) = (account(OPERATOR)?, account(SIGNER)?);
        let path = folder.join(SEAL);
        let bytes = read_secret(&path)?;
        let seal = <&[u8; 32]>::try_from(&bytes[..]).map(SealSecret::from_bytes);
        let seal = seal.map_err(|_| KeyError::Malformed { path })?;
        let path = folder.join(PEER);
        let identity =
            Identity::from_pkcs8(&read_secret(&path)?).map_err(|_| KeyError::Malformed { path })?;
        Ok(Self {
            operator,
            signer,
            seal,
            identity,
        })
    }
}

/// Key files hold hexadecimal text, so that a stray byte shows.
fn write_secret(path: &Path, secret: &[u8]) -> Result<(), KeyError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let text = Zeroizing::new(hex::encode(secret));
    let write = || {
        let mut file = options.open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()
    };
    write().map_err(|error| KeyError::File {
        path: path.to_owned(),
        error,
    })
}

fn read_secret(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let text = std::fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(|error| KeyError::File {
            path: path.to_owned(),
            error,
        })?;
    let bytes = hex::decode(text.trim()).map_err(|_| KeyError::Malformed {
        path: path.to_owned(),
    })?;
    Ok(Zeroizing::new(bytes))
}

fn create_private_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_survive_and_are_never_overwritten() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let keys = NodeKeys::generate(folder.path(), &mut rand::rng()).expect("made");
        let loaded = NodeKeys::load(folder.path()).expect("read");
        assert_eq!(loaded.operator.address(), keys.operator.address());
        assert_eq!(loaded.signer.address(), keys.signer.address());
        assert_eq!(loaded.seal.public(), keys.seal.public());
        assert_eq!(loaded.identity.peer_key(), keys.identity.peer_key());
        assert!(matches!(
            NodeKeys::generate(folder.path(), &mut rand::rng()),
            Err(KeyError::File { .. })
        ));
    }

    #[cfg(unix)]
    #[test]
    fn only_the_operator_can_read_them() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().expect("temporary folder");
        NodeKeys::generate(folder.path(), &mut rand::rng()).expect("made");
        for name in [OPERATOR, SIGNER, SEAL, PEER] {
            let mode = std::fs::metadata(folder.path().join(name))
                .expect("exists")
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn a_damaged_file_is_named() {
        let folder = tempfile::tempdir().expect("temporary folder");
        NodeKeys::generate(folder.path(), &mut rand::rng()).expect("made");
        std::fs::write(folder.path().join(SEAL), "not hexadecimal").expect("write");
        let error = NodeKeys::load(folder.path()).err().expect("refused");
        assert!(error.to_string().contains(SEAL), "{error}");
    }
}
