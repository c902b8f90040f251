//! The chain of a network on this machine: embedded in this process, or a running chain the user names.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use enigma_chain::dev::{DevChain, DevConfig, DevError};
use enigma_chain::{Chain, Wallet};
use enigma_wire::controller::Amount;
use enigma_wire::id::Address;
use enigma_wire::sign::SecretKey;
use zeroize::Zeroizing;

use crate::report::Problem;

/// The embedded chain's id.
const CHAIN_ID: u64 = 24_601;

/// A running chain and an account with coins on it.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct ExternalChain {
    /// Use this running chain (such as anvil) instead of the embedded one.
    #[arg(long, value_name = "URL", requires = "funder")]
    pub(crate) chain: Option<String>,
    /// File with the secret key (hexadecimal) of an account with coins on that chain.
    #[arg(long, value_name = "FILE", requires = "chain")]
    pub(crate) funder: Option<PathBuf>,
}

/// A chain with funded accounts.
pub(crate) enum Host {
    Embedded(DevChain),
    External { url: String },
}

impl Host {
    /// Starts or continues the embedded chain in `folder`, or connects to the named one. On the embedded
    /// chain every account has `funds` in the first block; on another, accounts with less are topped up.
    pub(crate) async fn start(
        external: &ExternalChain,
        folder: &Path,
        listen: SocketAddr,
        accounts: &[Address],
        funds: Amount,
    ) -> Result<Self, Problem> {
        let (Some(url), Some(funder)) = (&external.chain, &external.funder) else {
            let config = DevConfig {
                dir: folder.to_owned(),
                chain_id: CHAIN_ID,
                listen,
                funded: accounts.iter().map(|account| (*account, funds)).collect(),
            };
            return DevChain::start(config)
                .await
                .map(Self::Embedded)
                .map_err(not_started);
        };
        let funder = Wallet::new(read_key(funder)?);
        let chain = Chain::connect(url, None).await?;
        for account in accounts {
            let held = chain.balance_of(*account).await?;
            if held < funds / 2 {
                chain.transfer(&funder, *account, funds - held).await?;
            }
        }
        Ok(Self::External { url: url.clone() })
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Self::Embedded(chain) => chain.url(),
            Self::External { url } => url.clone(),
        }
    }

    pub(crate) async fn stop(self) {
        if let Self::Embedded(chain) = self {
            chain.stop().await;
        }
    }
}

fn not_started(error: DevError) -> Problem {
    let problem = Problem::failed(format!("the embedded chain did not start: {error}"));
    match error {
        DevError::Listen { .. } | DevError::PortInUse { .. } => {
            problem.hint("another program uses this port; choose another with --port")
        }
        DevError::InUse { .. } => problem.hint("a network in this folder is running already"),
        DevError::OtherChain { .. } | DevError::Damaged { .. } => {
            problem.hint("name another folder, or remove this one to begin anew")
        }
        _ => problem,
    }
}

/// Reads a secret key in hexadecimal.
pub(crate) fn read_key(path: &Path) -> Result<SecretKey, Problem> {
    let malformed = || {
        Problem::new(format!("{}: does not hold a secret key", path.display()))
            .hint("write 64 hexadecimal digits")
    };
    let text = std::fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(|error| Problem::new(format!("{}: cannot be read: {error}", path.display())))?;
    let digits = text.trim().trim_start_matches("0x");
    let mut bytes = Zeroizing::new([0u8; 32]);
    hex::decode_to_slice(digits, &mut bytes[..]).map_err(|_| malformed())?;
    SecretKey::from_bytes(&bytes).ok_or_else(malformed)
}
