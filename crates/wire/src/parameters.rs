//! Private parameters: what a caller keeps with an instance's committee before it asks for a run with them.
//!
//! They are dealt as rows are ([`crate::dealing`]) and receipted by every member. The request names the dealing and carries the
//! receipts ([`crate::arguments`]), so that all members judge alike, from the chain, whether all of them have what the run needs.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::eip712::{Typed, Words};
use crate::id::{Address, Hash};
use crate::sign::Signature;

/// Longest time between a dealing and the request for a run with it, in seconds of the chain's time.
pub const KEPT_SECONDS: u64 = 3_600;

/// A caller's dealing of an entry's private parameters, signed by the caller (EIP-712 type `Parameters`).
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Parameters {
    /// The program, as it was deployed.
    pub instance: Hash,
    /// The entry, counted from 0 in source order.
    pub entry: u16,
    /// Who calls.
    pub caller: Address,
    /// Root of the dealing: all columns of the entry's private parameters, in source order.
    pub root: Hash,
    /// Unix seconds until which the run may be requested, at most [`KEPT_SECONDS`] after the dealing.
    pub until: u64,
}

/// A node's statement that its part of a dealing of parameters is checked and durable (EIP-712 type `ParametersReceipt`).
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ParametersReceipt {
    /// What the caller signed.
    pub parameters: Parameters,
}

/// What a request says of the private parameters of its run; instance, entry and caller are the request's.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct DealtParameters {
    /// Root of the dealing.
    pub root: Hash,
    /// Unix seconds until which the run may be requested.
    pub until: u64,
    /// One receipt from each member, in committee order.
    pub receipts: Vec<Signature>,
}

const PARAMETERS: &str =
    "Parameters(bytes32 instance,uint16 entry,address caller,bytes32 root,uint64 until)";

impl Typed for Parameters {
    fn struct_hash(&self) -> Hash {
        Words::new(PARAMETERS)
            .hash(self.instance)
            .uint(u128::from(self.entry))
            .address(self.caller)
            .hash(self.root)
            .uint(u128::from(self.until))
            .finish()
    }
}

impl Typed for ParametersReceipt {
    fn struct_hash(&self) -> Hash {
        Words::new(&format!(
            "ParametersReceipt(Parameters parameters){PARAMETERS}"
        ))
        .hash(self.parameters.struct_hash())
        .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::eip712::Domain;

    /// Pins both digests: wallets and other clients sign the same.
    #[test]
    fn digests_are_pinned() {
        let domain = Domain {
            chain_id: 31337,
            controller: Address([7; 20]),
        };
        let parameters = Parameters {
            instance: Hash([1; 32]),
            entry: 2,
            caller: Address([3; 20]),
            root: Hash([4; 32]),
            until: 5,
        };
        let receipt = ParametersReceipt {
            parameters: parameters.clone(),
        };
        let digests = [domain.digest(&parameters), domain.digest(&receipt)];
        assert_eq!(
            digests.map(|digest| digest.to_string()),
            [
                "0xb079c24405f9557b6a4e0b79906f7d445ea93408a8f3573d4316edcae9da836c",
                "0xfc50b7fab83eb59ca6a93acefa3b51436474bc1ad6fd3e49c03e09b8aa4010bd",
            ]
        );
        let changed = [
            Parameters {
                instance: Hash([9; 32]),
                ..parameters.clone()
            },
            Parameters {
                entry: 9,
                ..parameters.clone()
            },
            Parameters {
                caller: Address([9; 20]),
                ..parameters.clone()
            },
            Parameters {
                root: Hash([9; 32]),
                ..parameters.clone()
            },
            Parameters {
                until: 9,
                ..parameters
            },
        ];
        for other in changed {
            assert_ne!(domain.digest(&other), digests[0], "{other:?}");
        }
    }
}
