//! EIP-712 digests of everything that is signed for the controller. The type strings are those of
//! the Solidity source; a test in `chain` holds the two together.

use sha3::{Digest, Keccak256};

use crate::controller::{
    Certificate, Consent, Contribution, Failure, NodeInfo, PartyBinding, Receipt, Revocation,
    RightKey,
};
use crate::id::{Address, Hash};
use crate::sign::keccak256;

/// Which controller on which chain a signature is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Domain {
    /// The chain's id.
    pub chain_id: u64,
    /// The controller's address.
    pub controller: Address,
}

impl Domain {
    /// The digest to sign: `keccak256(0x1901 || domain separator || struct hash)`.
    pub fn digest(&self, message: &impl Typed) -> Hash {
        let mut hasher = Keccak256::new();
        hasher.update([0x19, 0x01]);
        hasher.update(self.separator().0);
        hasher.update(message.struct_hash().0);
        Hash(hasher.finalize().into())
    }

    /// The domain separator the contract computes for itself.
    pub fn separator(&self) -> Hash {
        Words::new(
            "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)",
        )
        .hash(keccak256(b"Enigma"))
        .hash(keccak256(b"1"))
        .uint(u128::from(self.chain_id))
        .address(self.controller)
        .finish()
    }
}

/// A message with an EIP-712 struct hash.
pub trait Typed {
    /// `keccak256(type hash || encoded members)`.
    fn struct_hash(&self) -> Hash;
}

/// The binding of a node's keys to its operator; signed by the node's signer key when it registers,
/// so that nobody can register a key they do not hold.
pub struct NodeBinding<'a> {
    /// The account that registers.
    pub operator: Address,
    /// The node's keys.
    pub info: &'a NodeInfo,
}

impl Typed for NodeBinding<'_> {
    fn struct_hash(&self) -> Hash {
        Words::new("NodeBinding(address operator,bytes32 peerKey,bytes32 sealKey)")
            .address(self.operator)
            .word(self.info.peer_key.0)
            .word(self.info.seal_key.0)
            .finish()
    }
}

impl Typed for PartyBinding {
    fn struct_hash(&self) -> Hash {
        Words::new("PartyBinding(bytes32 instance,uint16 party,bytes32 sealKey)")
            .hash(self.instance)
            .uint(u128::from(self.party))
            .word(self.seal_key.0)
            .finish()
    }
}

const CONTRIBUTION: &str = "Contribution(uint64 collection,uint32 member,address owner,bytes32 root,bytes32 sealKey,uint32 revision,uint32 rows)";

impl Typed for Contribution {
    fn struct_hash(&self) -> Hash {
        Words::new(CONTRIBUTION)
            .uint(u128::from(self.collection.0))
            .uint(u128::from(self.member.0))
            .address(self.owner)
            .hash(self.root)
            .word(self.seal_key.0)
            .uint(u128::from(self.revision))
            .uint(u128::from(self.rows))
            .finish()
    }
}

impl Typed for Consent {
    fn struct_hash(&self) -> Hash {
        Words::new(
            "Consent(uint64 collection,uint32 member,bytes32 contractHash,uint16 entry,address requester,bytes32 instance,address owner,uint32 uses,uint64 expiry,uint32 minGroup,uint64 nonce)",
        )
        .right(&self.right)
        .hash(self.instance)
        .address(self.owner)
        .uint(u128::from(self.uses))
        .uint(u128::from(self.expiry))
        .uint(u128::from(self.min_group))
        .uint(u128::from(self.nonce))
        .finish()
    }
}

impl Typed for Revocation {
    fn struct_hash(&self) -> Hash {
        Words::new(
            "Revocation(uint64 collection,uint32 member,bytes32 contractHash,uint16 entry,address requester,address owner,uint64 nonce)",
        )
        .right(&self.right)
        .address(self.owner)
        .uint(u128::from(self.nonce))
        .finish()
    }
}

impl Typed for Receipt {
    fn struct_hash(&self) -> Hash {
        // EIP-712 appends the types that a type refers to.
        Words::new(&format!("Receipt(Contribution contribution){CONTRIBUTION}"))
            .hash(self.contribution.struct_hash())
            .finish()
    }
}

impl Typed for Certificate {
    fn struct_hash(&self) -> Hash {
        Words::new(
            "Certificate(uint64 job,bytes32 contractHash,bytes32 inputs,bytes32 outputs,bytes32 effects,uint32 rows,uint64 multiplications,uint64 rounds,uint64 bytesSent)",
        )
        .uint(u128::from(self.job.0))
        .hash(self.contract)
        .hash(self.inputs)
        .hash(self.outputs)
        .hash(self.effects)
        .uint(u128::from(self.rows))
        .uint(u128::from(self.multiplications))
        .uint(u128::from(self.rounds))
        .uint(u128::from(self.bytes))
        .finish()
    }
}

impl Typed for Failure {
    fn struct_hash(&self) -> Hash {
        Words::new("Failure(uint64 job,uint32 culprits,uint8 reason)")
            .uint(u128::from(self.job.0))
            .uint(u128::from(self.culprits))
            .uint(u128::from(self.reason as u8))
            .finish()
    }
}

/// ABI words (32 bytes each) hashed in order.
pub(crate) struct Words(Keccak256);

impl Words {
    /// Starts a struct hash with its type hash.
    pub(crate) fn new(type_string: &str) -> Self {
        Self::plain().hash(keccak256(type_string.as_bytes()))
    }

    /// Starts a plain `abi.encode` hash.
    pub(crate) fn plain() -> Self {
        Self(Keccak256::new())
    }

    pub(crate) fn word(mut self, word: [u8; 32]) -> Self {
        self.0.update(word);
        self
    }

    pub(crate) fn hash(self, hash: Hash) -> Self {
        self.word(hash.0)
    }

    pub(crate) fn uint(self, value: u128) -> Self {
        let mut word = [0u8; 32];
        word[16..].copy_from_slice(&value.to_be_bytes());
        self.word(word)
    }

    pub(crate) fn address(self, address: Address) -> Self {
        let mut word = [0u8; 32];
        word[12..].copy_from_slice(&address.0);
        self.word(word)
    }

    fn right(self, right: &RightKey) -> Self {
        self.uint(u128::from(right.collection.0))
            .uint(u128::from(right.member.0))
            .hash(right.contract)
            .uint(u128::from(right.entry))
            .address(right.requester)
    }

    pub(crate) fn finish(self) -> Hash {
        Hash(self.0.finalize().into())
    }
}
