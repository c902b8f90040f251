//! The controller's vocabulary: the records, calls' payloads and events of the on-chain contract.
//! The Solidity source, the reference model in `core` and the chain client all speak exactly this.

use borsh::{BorshDeserialize, BorshSerialize};

use crate::effects::Effects;
use crate::eip712::Words;
use crate::id::{Address, CollectionId, Hash, JobId, MemberIndex, NodeId, PeerKey, SealKey};

/// An amount in the chain's smallest unit.
pub type Amount = u128;

/// What a node publishes about itself when it registers.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct NodeInfo {
    /// Transport identity.
    pub peer_key: PeerKey,
    /// Key to which owners seal rows.
    pub seal_key: SealKey,
    /// Account whose secp256k1 key signs receipts, certificates and failures.
    pub signer: Address,
    /// `host:port` where committee members connect.
    pub peer_address: String,
    /// Base URL of the public HTTP API.
    pub api_address: String,
}

/// What a job costs: `base + per_multiplication * m + per_round * r + per_kilobyte * ceil(bytes / 1000)`,
/// with `bytes` summed over all nodes of the committee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Prices {
    /// Paid for every job.
    pub base: Amount,
    /// For each secret multiplication.
    pub per_multiplication: Amount,
    /// For each round of communication.
    pub per_round: Amount,
    /// For each kilobyte sent by the whole committee.
    pub per_kilobyte: Amount,
}

/// A party's key, signed by the party's account (EIP-712 type `PartyBinding`).
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct PartyBinding {
    /// The instance that names the party.
    pub instance: Hash,
    /// Which of the instance's parties, counted from 0 in source order.
    pub party: u16,
    /// Key to which what the party receives is sealed.
    pub seal_key: SealKey,
}

/// A new collection's terms.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CollectionTerms {
    /// The instance the collection belongs to.
    pub instance: Hash,
    /// Which `collect` of the contract, counted from 0 in source order.
    pub slot: u16,
    /// Merkle root over the members ([`crate::merkle`], leaf = index and account).
    pub member_root: Hash,
    /// How many members the list has.
    pub member_count: u32,
    /// Fewest contributions, however many rows each has, with which the collection may be sealed.
    pub min_rows: u32,
}

/// An owner's contribution, signed by the owner (EIP-712 type `Contribution`).
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Contribution {
    /// Where it goes.
    pub collection: CollectionId,
    /// The owner's place in the member list.
    pub member: MemberIndex,
    /// The owner's account.
    pub owner: Address,
    /// Root of the dealing (ROOT of protocols E.1).
    pub root: Hash,
    /// Key to which the owner's outputs are sealed.
    pub seal_key: SealKey,
    /// 0 for the first contribution, one more for each correction before sealing.
    pub revision: u32,
    /// How many rows were dealt, at least 1.
    pub rows: u32,
}

/// Identifies a right: who lets whom run what on which collection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct RightKey {
    /// The data.
    pub collection: CollectionId,
    /// The owner's place in the member list.
    pub member: MemberIndex,
    /// The program.
    pub contract: Hash,
    /// The entry, counted from 0 in source order.
    pub entry: u16,
    /// Who may request the job.
    pub requester: Address,
}

/// An owner's consent, signed by the owner (EIP-712 type `Consent`).
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Consent {
    /// What is allowed.
    pub right: RightKey,
    /// The instance, stated again so that the signature names it.
    pub instance: Hash,
    /// The owner's account.
    pub owner: Address,
    /// How many runs of the entry may be started on the collection in all.
    pub uses: u32,
    /// Unix seconds after which the right is over.
    pub expiry: u64,
    /// Fewest members of whom the entry may use rows.
    pub min_group: u32,
    /// Greater than the nonce of every earlier grant or revocation of this right.
    pub nonce: u64,
}

/// An owner's withdrawal of a right (EIP-712 type `Revocation`).
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Revocation {
    /// What is no longer allowed.
    pub right: RightKey,
    /// The owner's account.
    pub owner: Address,
    /// Greater than the nonce of every earlier grant or revocation of this right.
    pub nonce: u64,
}

/// A node's statement that its row of a contribution is checked and durable (EIP-712 type `Receipt`). It
/// holds for exactly this contribution: another revision or another key needs receipts of its own.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Receipt {
    /// What the owner signed.
    pub contribution: Contribution,
}

/// What a requester asks for.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct JobRequest {
    /// The program, as it was deployed.
    pub instance: Hash,
    /// The entry, counted from 0 in source order.
    pub entry: u16,
    /// Sealed collections of the instance, one of each `collect` that the entry computes from, in source order.
    pub collections: Vec<CollectionId>,
    /// The entry's public parameters ([`crate::arguments`]).
    pub arguments: Vec<u8>,
    /// Key to which results for the requester are sealed, if it expects any.
    pub seal_key: Option<SealKey>,
    /// Whether the entry may change the instance's state and move its money; such jobs wait for each other.
    pub changes: bool,
    /// The most that the requester pays into the instance's funds, in escrow beside the fee.
    pub pays: Amount,
    /// Unix seconds after which anybody may have the job refunded.
    pub deadline: u64,
}

/// The committee's statement about a finished job (EIP-712 type `Certificate`).
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Certificate {
    /// The job.
    pub job: JobId,
    /// The program that ran.
    pub contract: Hash,
    /// Hash over the terms roots of the job's collections ([`inputs`]).
    pub inputs: Hash,
    /// Hash over all members' roots of sealed output shares.
    pub outputs: Hash,
    /// Hash of what the run changes ([`Effects::hash`]).
    pub effects: Hash,
    /// Rows used, after invalid rows were dropped.
    pub rows: u32,
    /// Secret multiplications performed.
    pub multiplications: u64,
    /// Rounds of communication.
    pub rounds: u64,
    /// Bytes sent by all members together.
    pub bytes: u64,
}

/// The committee's statement that a job cannot be finished (EIP-712 type `Failure`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub struct Failure {
    /// The job.
    pub job: JobId,
    /// Bit i is set when the committee's member i (counted from 0) is named.
    pub culprits: u32,
    /// Why.
    pub reason: FailureReason,
}

/// Why a job failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
#[borsh(use_discriminant = true)]
#[repr(u8)]
pub enum FailureReason {
    /// A member stopped answering.
    Unresponsive = 0,
    /// A member broke the protocol.
    Misbehaved = 1,
    /// Nobody is named: the request cannot be served (consent, guard, fee or program), or the members
    /// do not agree who broke off.
    Refused = 2,
}

/// A certificate's `inputs`: hash over the terms roots of a job's collections, in the request's order.
pub fn inputs(terms_roots: impl IntoIterator<Item = Hash>) -> Hash {
    let words = terms_roots.into_iter();
    words.fold(Words::plain(), Words::hash).finish()
}

/// Everything the controller reports, one event for each step. An observer who applies all of them
/// in order knows the controller's state.
#[allow(missing_docs)] // The fields' names and types say what they are.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Event {
    /// The controller was deployed with these prices and this minimum deposit.
    Configured {
        prices: Prices,
        min_deposit: Amount,
        unbonding_seconds: u64,
    },
    /// A node joined.
    NodeRegistered {
        node: NodeId,
        operator: Address,
        info: NodeInfo,
        deposit: Amount,
    },
    /// A node will take no new committees.
    NodeRetired { node: NodeId, releasable_at: u64 },
    /// A retired node took its deposit back.
    DepositReleased { node: NodeId, amount: Amount },
    /// A contract's bytecode hash was published.
    ContractPublished {
        contract: Hash,
        manifest: Hash,
        publisher: Address,
    },
    /// An instance was created; the accounts of its parties are fixed. Its committee follows from a later block.
    InstanceDeployed {
        instance: Hash,
        contract: Hash,
        deployer: Address,
        nonce: u64,
        committee_size: u8,
        parties: Vec<Address>,
        draw_block: u64,
    },
    /// A party of an instance bound its key.
    PartyBound { binding: PartyBinding },
    /// Nobody drew while the chain still gave the draw block's hash: a new block seeds the committee.
    DrawPostponed { instance: Hash, draw_block: u64 },
    /// An instance's committee is fixed, in drawn order.
    CommitteeDrawn {
        instance: Hash,
        seed: Hash,
        nodes: Vec<NodeId>,
    },
    /// A collection was opened.
    CollectionOpened {
        collection: CollectionId,
        opener: Address,
        terms: CollectionTerms,
    },
    /// A contribution with all receipts is on record.
    Contributed { contribution: Contribution },
    /// A right began.
    ConsentGranted { consent: Consent },
    /// A right ended.
    ConsentRevoked { revocation: Revocation },
    /// No more contributions, of which there are `rows`; the terms root covers all contributions and consents so far.
    CollectionSealed {
        collection: CollectionId,
        rows: u32,
        terms_root: Hash,
    },
    /// A job was requested and its fee escrowed.
    JobRequested {
        job: JobId,
        requester: Address,
        request: JobRequest,
        fee: Amount,
        /// How many runs of the entry were started on each of the collections before.
        use_indexes: Vec<u32>,
    },
    /// The committee began to compute; the requester can no longer cancel.
    JobStarted { job: JobId },
    /// A requester cancelled a job before its start and was refunded.
    JobCancelled { job: JobId, refund: Amount },
    /// A job was finished and paid.
    JobSettled {
        certificate: Certificate,
        digest: Hash,
        effects: Effects,
    },
    /// An account put money into an instance.
    PutIn {
        instance: Hash,
        account: Address,
        amount: Amount,
    },
    /// An account took money out of an instance, to its credit.
    TakenOut {
        instance: Hash,
        account: Address,
        amount: Amount,
    },
    /// A job failed and was refunded.
    JobFailed { failure: Failure, refund: Amount },
    /// A job's deadline passed and it was refunded.
    JobExpired { job: JobId, refund: Amount },
    /// A balance was paid out.
    Withdrawn { account: Address, amount: Amount },
}

/// A block's events, in order, with the block's number and time.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct BlockEvents {
    /// Block number.
    pub number: u64,
    /// Unix seconds.
    pub time: u64,
    /// Block hash.
    pub hash: Hash,
    /// The controller's events in log order.
    pub events: Vec<Event>,
}
