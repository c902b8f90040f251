//! The controller's state as any observer rebuilds it from the events: what exists, who may do what,
//! since when. Nodes check permission against it, clients quote from it, auditors re-check with it,
//! and the reference model in `core` keeps its state in it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::controller::{
    Amount, BlockEvents, Certificate, CollectionTerms, Consent, Contribution, Event, Failure,
    JobRequest, NodeInfo, Prices, RightKey, inputs,
};
use crate::effects::InstanceState;
use crate::id::{Address, CollectionId, Hash, JobId, MemberIndex, NodeId, SealKey};
use crate::past::Past;

/// Everything the events said so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// The last block applied.
    pub head: Head,
    /// Prices and deposits, once the controller's first event was seen.
    pub config: Option<Config>,
    /// Nodes by number.
    pub nodes: BTreeMap<NodeId, NodeRecord>,
    /// Published contracts: manifest hash by bytecode hash.
    pub contracts: BTreeMap<Hash, Hash>,
    /// Instances by id.
    pub instances: BTreeMap<Hash, InstanceRecord>,
    /// Collections by number.
    pub collections: BTreeMap<CollectionId, CollectionRecord>,
    /// Rights, current and ended.
    pub rights: BTreeMap<RightKey, RightRecord>,
    /// Jobs by number.
    pub jobs: BTreeMap<JobId, JobRecord>,
    /// Runs of (collection, contract, entry) that were started, however they ended: one that broke off may have shown
    /// something before.
    pub uses: BTreeMap<(CollectionId, Hash, u16), u32>,
}

/// A block's number, time and hash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Block number.
    pub number: u64,
    /// Unix seconds.
    pub time: u64,
    /// Block hash.
    pub hash: Hash,
}

/// The controller's constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// What jobs cost.
    pub prices: Prices,
    /// Smallest deposit of a node.
    pub min_deposit: Amount,
    /// How long a retired node's deposit stays locked.
    pub unbonding_seconds: u64,
}

/// A registered node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRecord {
    /// The account that pays and is paid.
    pub operator: Address,
    /// Keys and addresses.
    pub info: NodeInfo,
    /// What it loses when it provably cheats.
    pub deposit: Amount,
    /// Block of registration.
    pub since: u64,
    /// Block of retirement.
    pub until: Option<u64>,
    /// When a retired node's deposit may be taken back (Unix seconds).
    pub releasable_at: Option<u64>,
}

/// A deployed instance of a contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceRecord {
    /// The program.
    pub contract: Hash,
    /// Who deployed it.
    pub deployer: Address,
    /// The block in which it was deployed.
    pub deployed: u64,
    /// Committee size n = 2t+1.
    pub committee_size: u8,
    /// The block whose hash seeds the committee.
    pub draw_block: u64,
    /// The committee of all its collections and jobs in drawn order; empty until drawn. Its order fixes the
    /// nodes' numbers.
    pub committee: Vec<NodeId>,
    /// Its parties, in the order in which the contract's source names them.
    pub parties: Vec<PartyRecord>,
    /// What it has on the chain. Jobs keep what they found.
    pub state: Arc<InstanceState>,
    /// What it had there before.
    pub past: Past,
}

/// A party of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartyRecord {
    /// Who it is.
    pub account: Address,
    /// Its key and the block in which it was bound, once it is.
    pub key: Option<(SealKey, u64)>,
}

/// A party that can receive something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BoundParty {
    /// Who it is.
    pub account: Address,
    /// The key to which what it receives is sealed.
    pub seal_key: SealKey,
}

/// A collection and what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectionRecord {
    /// Who opened it and may seal it.
    pub opener: Address,
    /// Its terms.
    pub terms: CollectionTerms,
    /// The block in which it was opened.
    pub opened: u64,
    /// The latest contribution of each member.
    pub contributions: BTreeMap<MemberIndex, Contribution>,
    /// The terms root, once sealed.
    pub sealed: Option<Hash>,
}

/// A right's current state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RightRecord {
    /// The latest grant; none when the right was revoked before any.
    pub grant: Option<GrantRecord>,
    /// Nonce of the latest grant or revocation.
    pub nonce: u64,
}

/// A consent on record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantRecord {
    /// As signed.
    pub consent: Consent,
    /// Block in which it began.
    pub since: u64,
    /// Block in which it was revoked.
    pub until: Option<u64>,
}

impl GrantRecord {
    /// Has it begun, and not been revoked, at that block, and is it not over at that time (Unix seconds)?
    pub fn is_in_force(&self, at_block: u64, at_time: u64) -> bool {
        self.since <= at_block
            && self.until.is_none_or(|until| until > at_block)
            && self.consent.expiry > at_time
    }
}

/// A job's current state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRecord {
    /// What was asked for.
    pub request: JobRequest,
    /// The program.
    pub contract: Hash,
    /// Who pays.
    pub requester: Address,
    /// What is in escrow.
    pub fee: Amount,
    /// How many runs of the entry were started before on each of the request's collections.
    pub use_indexes: Vec<u32>,
    /// The block in which it was requested.
    pub requested: u64,
    /// That block's time: the moment for which rights are judged.
    pub requested_at: u64,
    /// The block in which the committee started it.
    pub started: Option<u64>,
    /// The block in which it was settled, failed, expired or was cancelled.
    pub ended: Option<u64>,
    /// How it stands.
    pub state: JobState,
}

/// How a job stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobState {
    /// Not over: the committee is to start it, or is at it.
    Open,
    /// Finished and paid.
    Settled(Certificate),
    /// Given up and refunded.
    Failed(Failure),
    /// Timed out and refunded.
    Expired,
    /// Cancelled by its requester before its start, and refunded.
    Cancelled,
}

/// The events contradict each other: not the log of one controller, or with a gap.
#[allow(missing_docs)] // The fields' names and types say what they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LedgerError {
    /// A block older than the last one applied.
    OutOfOrder { head: u64, block: u64 },
    /// An event names something no earlier event made.
    Unknown { event: Box<Event> },
}

impl std::fmt::Display for LedgerError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OutOfOrder { head, block } => {
                write!(f, "block {block} arrived after block {head}")
            }
            Self::Unknown { event } => write!(f, "an event refers to something unknown: {event:?}"),
        }
    }
}

impl std::error::Error for LedgerError {}

impl JobRecord {
    /// The collections with what decides whose rows of each the job may use, judged at its request's block.
    pub fn questions(&self) -> impl Iterator<Item = RightQuestion> {
        let collections = self.request.collections.iter().zip(&self.use_indexes);
        collections.map(|(collection, use_index)| RightQuestion {
            collection: *collection,
            contract: self.contract,
            entry: self.request.entry,
            requester: self.requester,
            use_index: *use_index,
            at_block: self.requested,
            at_time: self.requested_at,
        })
    }
}

impl Ledger {
    /// Applies a block's events. Blocks without events may be skipped.
    ///
    /// # Errors
    /// When the block is not newer than the head or an event refers to something unknown; the ledger
    /// must not be used afterwards.
    pub fn apply_block(&mut self, block: &BlockEvents) -> Result<(), LedgerError> {
        if self.config.is_some() && block.number <= self.head.number {
            return Err(LedgerError::OutOfOrder {
                head: self.head.number,
                block: block.number,
            });
        }
        self.head = Head {
            number: block.number,
            time: block.time,
            hash: block.hash,
        };
        block.events.iter().try_for_each(|event| self.apply(event))
    }

    /// Applies one event at the current head.
    ///
    /// # Errors
    /// When it refers to something unknown.
    pub fn apply(&mut self, event: &Event) -> Result<(), LedgerError> {
        self.try_apply(event).ok_or_else(|| LedgerError::Unknown {
            event: Box::new(event.clone()),
        })
    }

    fn try_apply(&mut self, event: &Event) -> Option<()> {
        let block = self.head.number;
        match event {
            Event::Configured {
                prices,
                min_deposit,
                unbonding_seconds,
            } => {
                self.config = Some(Config {
                    prices: *prices,
                    min_deposit: *min_deposit,
                    unbonding_seconds: *unbonding_seconds,
                });
            }
            Event::NodeRegistered {
                node,
                operator,
                info,
                deposit,
            } => {
                let record = NodeRecord {
                    operator: *operator,
                    info: info.clone(),
                    deposit: *deposit,
                    since: block,
                    until: None,
                    releasable_at: None,
                };
                self.nodes.insert(*node, record);
            }
            Event::NodeRetired {
                node,
                releasable_at,
            } => {
                let record = self.nodes.get_mut(node)?;
                record.until = Some(block);
                record.releasable_at = Some(*releasable_at);
            }
            Event::DepositReleased { node, .. } => self.nodes.get_mut(node)?.deposit = 0,
            Event::ContractPublished {
                contract, manifest, ..
            } => {
                self.contracts.insert(*contract, *manifest);
            }
            Event::InstanceDeployed {
                instance,
                contract,
                deployer,
                committee_size,
                parties,
                draw_block,
                ..
            } => {
                let party = |account: &Address| PartyRecord {
                    account: *account,
                    key: None,
                };
                let record = InstanceRecord {
                    contract: *contract,
                    deployer: *deployer,
                    deployed: block,
                    committee_size: *committee_size,
                    draw_block: *draw_block,
                    committee: Vec::new(),
                    parties: parties.iter().map(party).collect(),
                    state: Arc::default(),
                    past: Past::default(),
                };
                self.instances.insert(*instance, record);
            }
            Event::PartyBound { binding } => {
                let record = self.instances.get_mut(&binding.instance)?;
                let party = record.parties.get_mut(usize::from(binding.party))?;
                party.key = Some((binding.seal_key, block));
            }
            Event::DrawPostponed {
                instance,
                draw_block,
            } => self.instances.get_mut(instance)?.draw_block = *draw_block,
            Event::CommitteeDrawn {
                instance, nodes, ..
            } => {
                let record = self.instances.get_mut(instance)?;
                record.committee.clone_from(nodes);
            }
            Event::CollectionOpened {
                collection,
                opener,
                terms,
            } => {
                self.instances.get(&terms.instance)?;
                let record = CollectionRecord {
                    opener: *opener,
                    terms: terms.clone(),
                    opened: block,
                    contributions: BTreeMap::new(),
                    sealed: None,
                };
                self.collections.insert(*collection, record);
            }
            Event::Contributed { contribution } => {
                let record = self.collections.get_mut(&contribution.collection)?;
                record
                    .contributions
                    .insert(contribution.member, contribution.clone());
            }
            Event::ConsentGranted { consent } => {
                let grant = GrantRecord {
                    consent: consent.clone(),
                    since: block,
                    until: None,
                };
                let record = RightRecord {
                    grant: Some(grant),
                    nonce: consent.nonce,
                };
                self.rights.insert(consent.right.clone(), record);
            }
            Event::ConsentRevoked { revocation } => {
                let right = &revocation.right;
                let collection = self.collections.get(&right.collection)?;
                collection.contributions.get(&right.member)?;
                let record = self.rights.entry(right.clone()).or_default();
                if let Some(grant) = &mut record.grant {
                    // What ended before keeps its end.
                    grant.until.get_or_insert(block);
                }
                record.nonce = revocation.nonce;
            }
            Event::CollectionSealed {
                collection,
                terms_root,
                ..
            } => {
                self.collections.get_mut(collection)?.sealed = Some(*terms_root);
            }
            Event::JobRequested {
                job,
                requester,
                request,
                fee,
                use_indexes,
            } => {
                let is_known = |collection| self.collections.contains_key(collection);
                request.collections.iter().all(is_known).then_some(())?;
                let counts_fit = request.collections.len() == use_indexes.len();
                counts_fit.then_some(())?;
                let record = JobRecord {
                    contract: self.instances.get(&request.instance)?.contract,
                    request: request.clone(),
                    requester: *requester,
                    fee: *fee,
                    use_indexes: use_indexes.clone(),
                    requested: block,
                    requested_at: self.head.time,
                    started: None,
                    ended: None,
                    state: JobState::Open,
                };
                self.jobs.insert(*job, record);
            }
            Event::JobStarted { job } => {
                let job = self.jobs.get_mut(job)?;
                job.started = Some(block);
                for collection in &job.request.collections {
                    let key = (*collection, job.contract, job.request.entry);
                    *self.uses.entry(key).or_default() += 1;
                }
            }
            Event::JobCancelled { job, .. } => self.end(*job, JobState::Cancelled)?,
            Event::JobSettled {
                certificate,
                effects,
                ..
            } => {
                self.end(certificate.job, JobState::Settled(certificate.clone()))?;
                let job = self.jobs.get(&certificate.job)?;
                let instance = self.instances.get_mut(&job.request.instance)?;
                let replaced = Arc::make_mut(&mut instance.state).apply(effects).ok()?;
                for (place, before) in replaced {
                    instance.past.replace(self.head.number, place, before);
                }
            }
            Event::PutIn {
                instance,
                account,
                amount,
            } => {
                let record = self.instances.get_mut(instance)?;
                Arc::make_mut(&mut record.state).put_in(*account, *amount);
            }
            Event::TakenOut {
                instance,
                account,
                amount,
            } => {
                let record = self.instances.get_mut(instance)?;
                let state = Arc::make_mut(&mut record.state);
                state.take_out(*account, *amount).ok()?;
            }
            Event::JobFailed { failure, .. } => {
                self.end(failure.job, JobState::Failed(failure.clone()))?;
            }
            Event::JobExpired { job, .. } => self.end(*job, JobState::Expired)?,
            Event::Withdrawn { .. } => {}
        }
        Some(())
    }

    fn end(&mut self, job: JobId, state: JobState) -> Option<()> {
        let ended = self.head.number;
        let job = self.jobs.get_mut(&job)?;
        job.state = state;
        job.ended = Some(ended);
        Some(())
    }

    /// The jobs that count as uses when this one is judged: those asked for before it that were started, or that could
    /// still be when it was asked for. The same in every ledger that knows the job, whatever it has seen since; and
    /// of any jobs that were started, the last one counted all others. A job that ended without a start in the very
    /// block of the request counts, too.
    pub fn uses_before(&self, id: JobId) -> impl Iterator<Item = &JobRecord> {
        let requested = self.jobs.get(&id).map_or(0, |job| job.requested);
        let earlier = self.jobs.range(..id).map(|(_, job)| job);
        earlier.filter(move |job| {
            job.started.is_some() || job.ended.is_none_or(|ended| ended >= requested)
        })
    }

    /// Has this account done something on the chain for which its holder paid: deployed, opened, given, asked for a job; or is it a party?
    pub fn knows(&self, account: Address) -> bool {
        let is_of = |instance: &InstanceRecord| {
            let mut parties = instance.parties.iter();
            instance.deployer == account || parties.any(|party| party.account == account)
        };
        let gave = |collection: &CollectionRecord| {
            let mut given = collection.contributions.values();
            collection.opener == account || given.any(|given| given.owner == account)
        };
        self.jobs.values().any(|job| job.requester == account)
            || self.instances.values().any(is_of)
            || self.collections.values().any(gave)
    }

    /// The committee that serves a collection, in drawn order; none when there is no such collection.
    pub fn committee(&self, collection: CollectionId) -> Option<&[NodeId]> {
        let terms = &self.collections.get(&collection)?.terms;
        Some(&self.instances.get(&terms.instance)?.committee)
    }

    /// The committee that serves a job, in drawn order; none when there is no such job.
    pub fn job_committee(&self, job: JobId) -> Option<&[NodeId]> {
        let request = &self.jobs.get(&job)?.request;
        Some(&self.instances.get(&request.instance)?.committee)
    }

    /// A job's inputs as its certificate names them; none when there is no such job or a collection is not sealed.
    pub fn job_inputs(&self, job: JobId) -> Option<Hash> {
        let collections = &self.jobs.get(&job)?.request.collections;
        let sealed = |collection| self.collections.get(collection)?.sealed;
        let roots: Option<Vec<Hash>> = collections.iter().map(sealed).collect();
        Some(inputs(roots?))
    }

    /// A party of an instance whose key was bound before a block. What a collection's results reveal to a
    /// party counts on a key that stood when the collection was opened, so that owners knew before they
    /// gave who would learn what: ask with the block of the opening.
    pub fn party(&self, instance: Hash, party: u16, before_block: u64) -> Option<BoundParty> {
        let record = self
            .instances
            .get(&instance)?
            .parties
            .get(usize::from(party))?;
        let (seal_key, bound) = record.key?;
        (bound < before_block).then_some(BoundParty {
            account: record.account,
            seal_key,
        })
    }

    /// The members whose rows a job may use, in member order: those who contributed and whose consent
    /// to this contract, entry and requester is in force at `at_block`, not expired at `at_time`, not
    /// used up, and content with the size of the group that results.
    pub fn eligible_members(&self, question: &RightQuestion) -> Vec<MemberIndex> {
        self.eligible_members_of(question, |_| true)
    }

    /// The same of those members alone whose accounts are admitted.
    pub fn eligible_members_of(
        &self,
        question: &RightQuestion,
        mut admits: impl FnMut(Address) -> bool,
    ) -> Vec<MemberIndex> {
        let Some(collection) = self.collections.get(&question.collection) else {
            return Vec::new();
        };
        let mut members: Vec<(MemberIndex, u32)> = collection
            .contributions
            .iter()
            .filter(|(_, given)| admits(given.owner))
            .map(|(member, _)| member)
            .filter_map(|member| Some((*member, self.right_in_force(question, *member)?.min_group)))
            .collect();
        // Dropping a member makes the group smaller, which may drop others: repeat until it stands.
        loop {
            let size = members.len() as u32;
            members.retain(|(_, min_group)| *min_group <= size);
            if members.len() as u32 == size {
                return members.into_iter().map(|(member, _)| member).collect();
            }
        }
    }

    fn right_in_force(&self, question: &RightQuestion, member: MemberIndex) -> Option<&Consent> {
        let record = self.rights.get(&question.key(member))?;
        let grant = record.grant.as_ref()?;
        let usable = grant.is_in_force(question.at_block, question.at_time)
            && grant.consent.uses > question.use_index;
        usable.then_some(&grant.consent)
    }
}

/// What one wants to know of the owners' rights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RightQuestion {
    /// The data.
    pub collection: CollectionId,
    /// The program.
    pub contract: Hash,
    /// The entry.
    pub entry: u16,
    /// Who asks.
    pub requester: Address,
    /// How many runs were started before.
    pub use_index: u32,
    /// The block for which rights are judged.
    pub at_block: u64,
    /// The time for which expiry is judged (Unix seconds).
    pub at_time: u64,
}

impl RightQuestion {
    /// What one member must have granted.
    pub fn key(&self, member: MemberIndex) -> RightKey {
        RightKey {
            collection: self.collection,
            member,
            contract: self.contract,
            entry: self.entry,
            requester: self.requester,
        }
    }
}
