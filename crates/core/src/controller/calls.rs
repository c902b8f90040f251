//! The controller's calls and the reasons it refuses them, named as in the Solidity source.

use enigma_wire::controller::{
    Amount, Certificate, CollectionTerms, Consent, Contribution, Failure, JobRequest, NodeInfo,
    PartyBinding, Revocation,
};
use enigma_wire::effects::Effects;
use enigma_wire::id::{Address, CollectionId, Hash, JobId};
use enigma_wire::sign::Signature;

/// A call to the controller.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // The fields' names and types say what they are.
pub enum Call {
    RegisterNode {
        info: NodeInfo,
        proof: Signature,
    },
    RetireNode,
    ReleaseDeposit,
    Publish {
        contract: Hash,
        manifest: Hash,
    },
    Deploy {
        contract: Hash,
        committee_size: u8,
        parties: Vec<Address>,
    },
    BindParty {
        binding: PartyBinding,
        signature: Option<Signature>,
    },
    OpenCollection(CollectionTerms),
    DrawCommittee(Hash),
    Contribute(Vec<SignedContribution>),
    Grant(Vec<(Consent, Signature)>),
    Revoke {
        revocation: Revocation,
        signature: Option<Signature>,
    },
    SealCollection(CollectionId),
    RequestJob(JobRequest),
    StartJob(JobId),
    CancelJob(JobId),
    PutIn(Hash),
    TakeOut {
        instance: Hash,
        amount: Amount,
    },
    Settle {
        certificate: Certificate,
        effects: Effects,
        members: Vec<u8>,
        signatures: Vec<Signature>,
    },
    FailJob {
        failure: Failure,
        members: Vec<u8>,
        signatures: Vec<Signature>,
    },
    ExpireJob(JobId),
    Withdraw,
}

/// A contribution with everything that must come with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedContribution {
    /// What the owner signed.
    pub contribution: Contribution,
    /// The owner's signature.
    pub signature: Signature,
    /// Proof that the owner is on the member list.
    pub member_proof: Vec<Hash>,
    /// One receipt from each committee node, in committee order.
    pub receipts: Vec<Signature>,
}

/// The rule a call breaks. The names are the Solidity source's custom errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
#[allow(missing_docs)] // The names say it; the Solidity source has the long form.
pub enum Revert {
    DepositTooSmall,
    EmptyKey,
    EmptyHash,
    AddressTooLong,
    AlreadyRegistered,
    BadSignature,
    NotRegistered,
    NotRetired,
    DepositLocked,
    AlreadyPublished,
    UnknownContract,
    UnknownInstance,
    TooManyParties,
    EmptyAccount,
    UnknownParty,
    AlreadyBound,
    BadCommitteeSize,
    NotEnoughNodes,
    AlreadyDrawn,
    TooEarly,
    NotDrawn,
    NotDeployer,
    CommitteeRetired,
    MemberListMissing,
    BadSize,
    UnknownCollection,
    AlreadySealed,
    LengthMismatch,
    NotMember,
    MemberTaken,
    WrongRevision,
    NoRows,
    BadReceipt,
    WrongInstance,
    WrongContract,
    NotContributor,
    StaleNonce,
    NotOpener,
    TooFewRows,
    NotSealed,
    ArgumentsTooLong,
    SlotOutOfOrder,
    DeadlineTooFar,
    ChangePending,
    BalanceTooSmall,
    EmptyAmount,
    EffectsTooLarge,
    WrongEffects,
    DeadlinePassed,
    JobPending,
    FeeTooLow,
    UnknownJob,
    JobNotOpen,
    AlreadyStarted,
    NotStarted,
    NotOnCommittee,
    NotRequester,
    WrongInputs,
    NotEnoughSignatures,
    SignerOutOfOrder,
    BadCulprits,
    DeadlineNotReached,
    NothingToWithdraw,
}
