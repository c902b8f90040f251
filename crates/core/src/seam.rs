//! The one seam between rules and effects: a party takes inputs and yields effects.
//!
//! Every effect that can fail comes back as [`Input::Done`]; a lost message comes back as a lost link.
//! Rows, frames and stored values hold shares, so `Debug` says only how long they are.

mod debug;

use std::collections::BTreeMap;

use enigma_wire::api::{
    ApiError, Deposit, DepositAccepted, JobStatus, KeptValues, ParametersDeposit, SealedOutput,
};
use enigma_wire::controller::{BlockEvents, Certificate, Failure};
use enigma_wire::effects::Effects;
use enigma_wire::id::{Address, CollectionId, Hash, JobId, MemberIndex, NodeId, PeerKey};
use enigma_wire::output::{PublicValue, Recipient};
use enigma_wire::sign::Signature;

/// Milliseconds since an arbitrary start, never going back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millis(pub u64);

impl Millis {
    /// How long ago `earlier` was.
    pub fn since(self, earlier: Millis) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Names a pending effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EffectId(pub u64);

/// Names a client that waits for a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReplyId(pub u64);

/// What reaches a party.
#[allow(missing_docs)] // The fields' names and types say what they are.
pub enum Input {
    /// A frame from an authenticated peer.
    Peer { from: PeerKey, frame: Vec<u8> },
    /// A link to a peer came up or went down. Going down ends the sessions that use it.
    Link { peer: PeerKey, up: bool },
    /// A request over the public API, by an account that has proven itself or by a stranger; judged and
    /// served once the party has seen block `min_block`.
    Client {
        reply: ReplyId,
        request: ClientRequest,
        caller: Option<Address>,
        min_block: u64,
    },
    /// The next block, in order. `caught_up` says that the chain has no later one yet.
    Chain { block: BlockEvents, caught_up: bool },
    /// An effect's outcome.
    Done { id: EffectId, outcome: Outcome },
    /// Go on with a job's local work, as asked by [`Effect::Compute`].
    Compute { job: JobId },
    /// Time passes; expected several times a second.
    Tick,
}

/// Most keys that are listed at once.
pub const KEYS_AT_ONCE: usize = 4_096;

/// How an effect ended.
pub enum Outcome {
    /// The batch is durable.
    Persisted,
    /// The pairs whose keys begin with the prefix, in key order.
    Loaded(Vec<(Vec<u8>, Vec<u8>)>),
    /// Keys that begin with the prefix, in order: [`KEYS_AT_ONCE`] of them, or all that are left.
    Keys(Vec<Vec<u8>>),
    /// The controller accepted the call.
    Submitted,
    /// The controller refused the call because somebody else's came first, which the ledger will tell.
    Overtaken,
    /// It failed; the text is for the operator.
    Failed(String),
}

/// What clients may ask.
#[derive(Debug)]
#[allow(missing_docs)] // The fields' names and types say what they are.
pub enum ClientRequest {
    /// Keep this row.
    Deposit(Box<Deposit>),
    /// Keep these private parameters.
    DepositParameters(Box<ParametersDeposit>),
    /// Keep this compiled contract, whose hash is published.
    PutContract { contract: Hash, bytecode: Vec<u8> },
    /// A compiled contract that is kept here.
    Contract(Hash),
    /// How does a job stand?
    Job(JobId),
    /// A recipient's sealed output.
    Output { job: JobId, recipient: Recipient },
    /// What is kept beside the chain in a slot, of a map at a key.
    Kept {
        instance: Hash,
        slot: u16,
        key: Option<PublicValue>,
    },
    /// How is the node?
    Status,
}

/// What clients hear.
#[derive(Debug, PartialEq)]
#[allow(missing_docs)] // The fields' names and types say what they are.
pub enum Response {
    DepositAccepted(DepositAccepted),
    ContractAccepted,
    Contract(Vec<u8>),
    Job(JobStatus),
    Output(SealedOutput),
    Kept(KeptValues),
    Status(Standing),
    Error(ApiError),
}

/// What a party says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Its number in the registry, once registered.
    pub node: Option<NodeId>,
    /// The software's version.
    pub version: String,
    /// The last block it has seen.
    pub block: u64,
    /// Jobs it is working on.
    pub jobs: u32,
    /// Committee links that are up.
    pub links: u32,
}

/// Where durable data is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// Compiled contracts by hash.
    Contracts,
    /// Rows by collection, member and root.
    Rows,
    /// Attempts by job.
    Jobs,
    /// Sealed outputs by job and recipient.
    Outputs,
    /// Private parameters by the root of their dealing.
    Parameters,
    /// Whose rows of a collection a job may use, by both.
    Admitted,
    /// What committees keep secret between runs, by instance and the job that has left it.
    Secrets,
    /// What committees keep beside the chain, by instance, place and the job that has left it.
    Kept,
}

/// One change of durable data.
#[derive(Clone, PartialEq, Eq)]
#[allow(missing_docs)] // The fields' names and types say what they are.
pub enum Write {
    Put {
        table: Table,
        key: Vec<u8>,
        value: Vec<u8>,
    },
    Delete {
        table: Table,
        key: Vec<u8>,
    },
}

/// A call to the controller, signed by the node's operator.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // The fields' names and types say what they are.
pub enum Call {
    StartJob(JobId),
    Settle {
        certificate: Box<Certificate>,
        effects: Effects,
        members: Vec<u8>,
        signatures: Vec<Signature>,
    },
    FailJob {
        failure: Failure,
        members: Vec<u8>,
        signatures: Vec<Signature>,
    },
}

/// What a party wants done.
#[allow(missing_docs)] // The fields' names and types say what they are.
pub enum Effect {
    /// Send a frame; when that is impossible the link goes down.
    Send { to: PeerKey, frame: Vec<u8> },
    /// Make all writes durable, or none.
    Persist { id: EffectId, batch: Vec<Write> },
    /// Read the pairs whose keys begin with `prefix`.
    Load {
        id: EffectId,
        table: Table,
        prefix: Vec<u8>,
    },
    /// List the keys that begin with `prefix` and come after `after`, of values that are not read: they may be large, or damaged.
    ListKeys {
        id: EffectId,
        table: Table,
        prefix: Vec<u8>,
        after: Option<Vec<u8>>,
    },
    /// Come back with [`Input::Compute`] once earlier effects are performed and no outgoing queue to
    /// the job's committee ([`Party::committee_peers`](crate::Party::committee_peers)) is crowded. Frames
    /// are handed in meanwhile. Long local work is so done in pieces, which overlap with sending and
    /// receiving and go no faster than the network takes what they make.
    Compute { job: JobId },
    /// Call the controller.
    Submit { id: EffectId, call: Call },
    /// Answer a client.
    Reply { to: ReplyId, response: Response },
    /// Keep links to exactly these peers.
    Peers(BTreeMap<PeerKey, String>),
    /// Something an operator or auditor wants to know.
    Report(Fact),
}

/// What happened, with names.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // The fields' names and types say what they are.
pub enum Fact {
    /// A row was checked and stored.
    RowStored {
        collection: CollectionId,
        member: MemberIndex,
    },
    /// A caller's private parameters were checked and stored.
    ParametersStored { caller: Address, instance: Hash },
    /// A caller's dealing of private parameters was refused.
    ParametersRefused {
        caller: Address,
        instance: Hash,
        why: String,
    },
    /// An owner's dealing was refused.
    DealingRefused {
        owner: Address,
        collection: CollectionId,
        why: String,
    },
    /// A job moved on.
    JobPhase { job: JobId, phase: &'static str },
    /// A job was given up; the culprits are named.
    JobGivenUp {
        job: JobId,
        culprits: Vec<NodeId>,
        why: String,
    },
    /// A peer sent something that is not of the protocol.
    PeerMisbehaved { peer: PeerKey, why: String },
    /// Our own disk, chain or configuration failed.
    Trouble { why: String },
}
