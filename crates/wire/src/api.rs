//! What clients and nodes say to each other over the public HTTP API. Deposits and programs travel as
//! canonical bytes; everything else is JSON.

use borsh::{BorshDeserialize, BorshSerialize, io};
use enigma_field::{M61, PrimeField};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::controller::Contribution;
use crate::id::{CollectionId, Hash, JobId, MemberIndex, NodeId, PeerKey};
use crate::parameters::Parameters;
use crate::sign::Signature;

pub mod signed;

/// Version of the API; a path prefix.
pub const VERSION: &str = "v1";
/// Largest body a node accepts: what bounds how many rows one member gives.
pub const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;
/// What a deposit has beside its package at most: contribution, signature, a proof of 32 hashes, what sealing adds.
pub const DEPOSIT_EXTRA_BYTES: usize = 4_096;

/// An owner's package of rows for one node, with everything the node needs to check that it may keep it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Deposit {
    /// The contribution as the owner signed it.
    pub contribution: Contribution,
    /// The owner's EIP-712 signature.
    pub signature: Signature,
    /// Merkle proof that the owner is on the member list.
    pub member_proof: Vec<Hash>,
    /// The package, sealed to the node.
    pub sealed_row: Vec<u8>,
}

/// A caller's package of private parameters for one node.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ParametersDeposit {
    /// What they are, as the caller signed it.
    pub parameters: Parameters,
    /// The caller's EIP-712 signature.
    pub signature: Signature,
    /// The package, sealed to the node.
    pub sealed: Vec<u8>,
}

/// A node's answer to a deposit it has checked and stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepositAccepted {
    /// The node.
    pub node: NodeId,
    /// Its EIP-712 signature over the `Receipt` or `ParametersReceipt`, in hexadecimal.
    #[serde(with = "hex_signature")]
    pub receipt: Signature,
}

/// How a job stands at one node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobStatus {
    /// The job.
    pub job: JobId,
    /// What the node is doing.
    pub phase: JobPhase,
    /// Why it was refused or given up, in plain words.
    pub reason: Option<String>,
    /// Of whom rows were dropped because they broke the declared range.
    pub dropped: Vec<DroppedRow>,
    /// How many rows that were.
    pub dropped_rows: u32,
    /// `malicious-abort`: nothing is shown that was not verified; who cheated may stay unknown.
    pub security: String,
    /// Bytes this node sent for the job.
    pub bytes_sent: u64,
}

/// Whose rows were dropped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DroppedRow {
    /// The collection.
    pub collection: CollectionId,
    /// Its member.
    pub member: MemberIndex,
}

/// What a node is doing about a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum JobPhase {
    /// Waiting for committee members or its own disk.
    Starting,
    /// Computing.
    Running,
    /// Outputs are sealed and stored; the certificate is being signed.
    Certifying,
    /// Settled on chain; outputs can be fetched.
    Settled,
    /// Given up.
    Failed,
}

/// One recipient's output at one node: sealed shares, or in the clear what everyone is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedOutput {
    /// The ciphertext in hexadecimal; for everyone, borsh of [`PublicResults`](crate::output::PublicResults).
    pub ciphertext: String,
    /// Merkle proof to this node's root.
    pub proof: Vec<Hash>,
    /// This ciphertext's place in the node's list.
    pub index: u32,
    /// All members' roots, in committee order; their hash is in the certificate.
    pub roots: Vec<Hash>,
}

/// What a node keeps beside the chain at one key of a slot, or in one that is no map: every column that was ever written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptValues {
    /// By column, ascending.
    pub columns: Vec<KeptValue>,
}

/// The value of one column. The chain has its hash, see [`kept_hash`](crate::effects::kept_hash).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptValue {
    /// Which column of the slot.
    pub column: u16,
    /// Borsh of a [`PublicValue`](crate::output::PublicValue), in hexadecimal.
    pub value: String,
}

/// What a node says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeStatus {
    /// Its number in the registry, once registered.
    pub node: Option<NodeId>,
    /// The software's version.
    pub version: String,
    /// The version of the protocol on committee links; members with another one cannot work with it.
    pub protocol: u32,
    /// The last block it has seen.
    pub block: u64,
    /// Its clock, in Unix seconds.
    pub time: u64,
    /// Jobs it is working on.
    pub jobs: u32,
    /// Committee links that are up.
    pub links: u32,
    /// The members it shares committees with.
    pub peers: Vec<PeerReport>,
}

/// A committee link as a node sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PeerReport {
    /// The member's transport key.
    pub peer: PeerKey,
    /// The link is up.
    pub connected: bool,
    /// The version of the software there, once it has told it.
    pub version: Option<String>,
    /// Its clock less this node's in seconds, when the link began.
    pub clock_offset_seconds: Option<i64>,
}

/// An error of the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiError {
    /// Stable code.
    pub code: ErrorCode,
    /// What happened, in plain words.
    pub message: String,
}

/// Stable codes of API errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorCode {
    /// The request does not decode.
    Malformed,
    /// The request is not signed, or its signature, time or nonce does not hold.
    Unauthenticated,
    /// The chain does not allow it, or not to this account.
    NotAllowed,
    /// The dealing is inconsistent; the owner who signed it is named in the message.
    BadDealing,
    /// No such thing here.
    NotFound,
    /// The node has not yet seen the block the request refers to, or is too busy.
    Unavailable,
    /// The node's disk or chain failed.
    Internal,
}

/// A recipient's shares inside a sealed output, of the manifest lines that it is shown, in manifest order. Lines in
/// branches that were not taken are not there.
#[derive(Clone, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct OutputShares<F: PrimeField = M61> {
    /// One for each line.
    #[borsh(bound(serialize = "", deserialize = ""))]
    pub lines: Vec<LineShares<F>>,
}

/// Shares of what a manifest line shows one recipient.
#[derive(Clone, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct LineShares<F: PrimeField = M61> {
    /// The manifest line.
    pub reveal: u16,
    /// By column of the line, its elements: a row's owner has the row's alone, others have all.
    #[borsh(bound(serialize = "", deserialize = ""))]
    pub columns: Vec<Vec<Share<F>>>,
    /// By count of a line that hides what counts too few: of each element 1 if it is shown, else 0. Empty for
    /// other lines.
    #[borsh(bound(serialize = "", deserialize = ""))]
    pub there: Vec<Vec<Share<F>>>,
}

/// Shares are secrets: t+1 nodes' give the value.
impl<F: PrimeField> Drop for LineShares<F> {
    fn drop(&mut self) {
        let elements = self.columns.iter_mut().chain(&mut self.there).flatten();
        elements.for_each(|share| share.0.zeroize());
    }
}

/// An element of the field that the contract computes over, in its canonical encoding: 8 bytes over 2^61 - 1, 16 over 2^127 - 1.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Share<F: PrimeField = M61>(pub F);

impl<F: PrimeField> BorshSerialize for Share<F> {
    fn serialize<W: io::Write>(&self, writer: &mut W) -> io::Result<()> {
        let mut bytes = Zeroizing::new([0; MAX_SHARE_BYTES]);
        let bytes = &mut bytes[..F::BYTES];
        self.0.put(bytes);
        writer.write_all(bytes)
    }
}

impl<F: PrimeField> BorshDeserialize for Share<F> {
    fn deserialize_reader<R: io::Read>(reader: &mut R) -> io::Result<Self> {
        let mut bytes = Zeroizing::new([0; MAX_SHARE_BYTES]);
        let bytes = &mut bytes[..F::BYTES];
        reader.read_exact(bytes)?;
        let element = F::read_from(bytes);
        let malformed = || io::Error::new(io::ErrorKind::InvalidData, "a share is not canonical");
        element.map(Share).ok_or_else(malformed)
    }
}

/// The widest share.
const MAX_SHARE_BYTES: usize = 16;

mod hex_signature {
    use super::Signature;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        value: &Signature,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(value.0))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Signature, D::Error> {
        let text = <String as Deserialize>::deserialize(deserializer)?;
        let mut bytes = [0u8; 65];
        hex::decode_to_slice(text, &mut bytes).map_err(serde::de::Error::custom)?;
        Ok(Signature(bytes))
    }
}

#[cfg(test)]
mod tests {
    use enigma_field::M127;

    use super::*;

    fn shares<F: PrimeField>() -> OutputShares<F> {
        let share = |number: i64| Share(F::from_i64(number));
        let line = |reveal, there| LineShares {
            reveal,
            columns: vec![vec![share(258), share(-1)], vec![share(0), share(7)]],
            there,
        };
        OutputShares {
            lines: vec![line(1, vec![]), line(515, vec![vec![share(1)]])],
        }
    }

    /// The bytes of `shares`, of which each share but -1 ends with these zeros.
    fn golden(zeros: &str, minus_one: &str) -> String {
        let [two, nought, seven, one] =
            ["0201", "0000", "0700", "0100"].map(|low| format!("{low}000000000000{zeros}"));
        let columns = format!("02000000 02000000 {two} {minus_one} 02000000 {nought} {seven}");
        let golden =
            format!("02000000 0100 {columns} 00000000 0302 {columns} 01000000 01000000 {one}");
        golden.replace(' ', "")
    }

    fn check<F: PrimeField>(expected: &str) {
        let shares = shares::<F>();
        let bytes = borsh::to_vec(&shares).expect("writing to memory cannot fail");
        assert_eq!(hex::encode(&bytes), expected);
        assert!(borsh::from_slice::<OutputShares<F>>(&bytes).is_ok_and(|read| read == shares));
        for len in 0..bytes.len() {
            assert!(borsh::from_slice::<OutputShares<F>>(&bytes[..len]).is_err());
        }
    }

    #[test]
    fn shares_are_as_long_as_the_field_is_wide() {
        check::<M61>(&golden("", "feffffffffffff1f"));
        check::<M127>(&golden(
            "0000000000000000",
            "feffffffffffffffffffffffffffff7f",
        ));
    }

    #[test]
    fn shares_of_the_other_field_and_malformed_ones_are_refused() {
        let small = borsh::to_vec(&shares::<M61>()).expect("writing to memory cannot fail");
        let wide = borsh::to_vec(&shares::<M127>()).expect("writing to memory cannot fail");
        assert!(borsh::from_slice::<OutputShares<M127>>(&small).is_err());
        assert!(borsh::from_slice::<OutputShares<M61>>(&wide).is_err());
        let modulus = M61::MODULUS.to_le_bytes();
        assert!(borsh::from_slice::<Share<M61>>(&modulus).is_err());
        let modulus = M127::MODULUS.to_le_bytes();
        assert!(borsh::from_slice::<Share<M127>>(&modulus).is_err());
    }
}
