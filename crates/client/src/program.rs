//! A compiled contract as a client holds it: verified bytecode, looked up by the names of its source.

use std::sync::Arc;

use enigma_bytecode::container;
use enigma_bytecode::model::Contract;
use enigma_bytecode::plan::{self, Cost, Sizes};
use enigma_bytecode::verify;
use enigma_wire::id::Hash;

use crate::ClientError;
use crate::request::committee;

/// Verified bytecode.
#[derive(Clone, Debug)]
pub struct Program {
    contract: Arc<Contract>,
    bytecode: Vec<u8>,
    hash: Hash,
    manifest: Hash,
}

impl Program {
    /// Takes bytecode that keeps all rules; with `expected`, only the bytecode of that hash.
    ///
    /// # Errors
    /// When it does not decode, breaks a rule, or is another contract.
    pub fn load(bytecode: Vec<u8>, expected: Option<Hash>) -> Result<Self, ClientError> {
        let verified = verify::load(&bytecode, expected)
            .map_err(|error| ClientError::Misuse(format!("not a usable contract: {error}")))?;
        Ok(Self {
            contract: Arc::new(verified.contract().clone()),
            hash: verified.hash(),
            manifest: verified.manifest_hash(),
            bytecode,
        })
    }

    /// The bytecode of a contract that was just compiled.
    ///
    /// # Errors
    /// When the compiler broke a rule of the verifier.
    pub fn of(contract: &Contract) -> Result<Self, ClientError> {
        Self::load(container::encode(contract), None)
    }

    /// The contract as data.
    pub fn contract(&self) -> &Arc<Contract> {
        &self.contract
    }

    /// Its bytes.
    pub fn bytecode(&self) -> &[u8] {
        &self.bytecode
    }

    /// Its hash, by which the chain knows it.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// The hash of its disclosure manifest.
    pub fn manifest(&self) -> Hash {
        self.manifest
    }

    /// The number of an entry.
    ///
    /// # Errors
    /// When there is none of that name; the message lists those there are.
    pub fn entry(&self, name: &str) -> Result<usize, ClientError> {
        let names = self
            .contract
            .entries
            .iter()
            .map(|entry| entry.name.as_str());
        self.place("entry", name, names)
    }

    /// The number of a `collect`.
    ///
    /// # Errors
    /// When there is none of that name; the message lists those there are.
    pub fn collection(&self, name: &str) -> Result<usize, ClientError> {
        let names = self
            .contract
            .collections
            .iter()
            .map(|item| item.name.as_str());
        self.place("collection", name, names)
    }

    /// What running an entry costs on a committee of so many nodes. `rows`: one count for each collection, in order.
    ///
    /// # Errors
    /// When there is no such committee, the sizes are not allowed or the run would pass a limit.
    pub fn cost(&self, entry: usize, rows: Vec<u32>, nodes: u8) -> Result<Cost, ClientError> {
        let committee = committee(usize::from(nodes))?;
        plan::quote(&self.contract, entry, &Sizes { rows }, committee)
            .map_err(|error| ClientError::Misuse(error.to_string()))
    }

    fn place<'a>(
        &self,
        what: &str,
        name: &str,
        mut names: impl Iterator<Item = &'a str> + Clone,
    ) -> Result<usize, ClientError> {
        let all = names.clone();
        names.position(|known| known == name).ok_or_else(|| {
            let known: Vec<&str> = all.collect();
            ClientError::Unknown {
                what: format!("{what} {name:?} in contract {}", self.contract.name),
                known: known.join(", "),
            }
        })
    }
}
