//! The demo's chain: embedded in this process, or a running development chain the user names.

use std::path::Path;

use enigma_chain::dev::{DevChain, DevConfig};
use enigma_chain::{Chain, Wallet};
use enigma_wire::controller::Amount;
use enigma_wire::id::Address;
use enigma_wire::sign::SecretKey;
use zeroize::Zeroizing;

use super::network::loopback;
use crate::args::DemoOptions;
use crate::report::Problem;

const CHAIN_ID: u64 = 24_601;

/// A chain with funded accounts.
pub(super) enum Host {
    Embedded(DevChain),
    External { url: String },
}

impl Host {
    /// Starts the embedded chain, or connects to the named one; either way every account has `funds`.
    pub(super) async fn start(
        options: &DemoOptions,
        folder: &Path,
        accounts: Vec<Address>,
        funds: Amount,
    ) -> Result<Self, Problem> {
        let Some(url) = &options.chain else {
            let config = DevConfig {
                dir: folder.join("chain"),
                chain_id: CHAIN_ID,
                listen: loopback(),
                funded: accounts
                    .into_iter()
                    .map(|account| (account, funds))
                    .collect(),
            };
            let chain = DevChain::start(config).await;
            return chain.map(Self::Embedded).map_err(|error| {
                Problem::failed(format!("the embedded chain did not start: {error}"))
            });
        };
        let path = options.funder.as_deref().ok_or_else(|| {
            Problem::new("--chain needs --funder")
                .hint("name a file with the secret key of an account with coins")
        })?;
        let funder = Wallet::new(read_key(path)?);
        let chain = Chain::connect(url, None).await?;
        for account in accounts {
            chain.transfer(&funder, account, funds).await?;
        }
        Ok(Self::External { url: url.clone() })
    }

    pub(super) fn url(&self) -> String {
        match self {
            Self::Embedded(chain) => chain.url(),
            Self::External { url } => url.clone(),
        }
    }

    pub(super) async fn stop(self) {
        if let Self::Embedded(chain) = self {
            chain.stop().await;
        }
    }
}

fn read_key(path: &Path) -> Result<SecretKey, Problem> {
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
