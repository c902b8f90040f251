//! Private parameters: kept from a caller's dealing until the run with them is over, or its request is out of time.
//!
//! Anybody may call an entry, so anybody may deposit: what one account has here at a time, and what all have, is bounded, and
//! nothing stays longer than [`KEPT_SECONDS`] without a request. Which dealing a job uses says its request, on the chain; the disk is
//! asked for it when the job starts.
//!
//! What is known here of the disk is what was last asked of it. Once it refuses anything, it is looked through again before anything
//! else is written, so that nothing is forgotten that is there, and nothing is promised that is not.

use std::collections::BTreeMap;

use enigma_bytecode::model::Contract;
use enigma_field::Committee;
use enigma_wire::abi;
use enigma_wire::api::{ApiError, ErrorCode, ParametersDeposit};
use enigma_wire::arguments;
use enigma_wire::dealing::{self, Subject};
use enigma_wire::eip712::Domain;
use enigma_wire::id::{Address, Hash, JobId, NodeId};
use enigma_wire::ledger::{JobRecord, JobState, Ledger};
use enigma_wire::parameters::{KEPT_SECONDS, Parameters, ParametersReceipt};
use enigma_wire::seal::Purpose;

use crate::deposit::Sealed;
use crate::party::{Party, Pending, Shared};
use crate::seam::{Effect, Fact, ReplyId, Table, Write};

/// Dealings that one account may have here at a time.
const KEPT_OF_ONE_MAX: usize = 16;
/// What those may take on the disk together; a single one may take more.
const KEPT_BYTES_OF_ONE_MAX: usize = 4 << 20;
/// Dealings that are kept here at a time.
const KEPT_MAX: usize = 4_096;
/// What they may take on the disk together.
const KEPT_BYTES_MAX: usize = 64 << 20;
/// Accounts that have done nothing on the chain have one part of so many of the room between them: new ones cost nothing.
const ANYBODYS_SHARE: usize = 2;

/// What is kept on the disk, by root; the values are there alone.
#[derive(Default)]
pub(crate) struct KeptParameters {
    /// None before the disk has been looked through: an earlier process may have kept some, and a write may have failed.
    known: Option<BTreeMap<Hash, Kept>>,
    /// The disk is being looked through.
    looking: bool,
}

struct Kept {
    caller: Address,
    until: u64,
    bytes: usize,
}

/// What is stored with the values, before them.
#[derive(borsh::BorshSerialize, borsh::BorshDeserialize)]
struct Head {
    caller: Address,
    until: u64,
}

/// What the ledger says about a deposit that may be given.
struct Granted {
    context: dealing::Context,
    node: NodeId,
    contract: Hash,
}

fn refused(code: ErrorCode, message: impl Into<String>) -> ApiError {
    let message = message.into();
    ApiError { code, message }
}

/// The dealing context of a caller's parameters; `None` when the ledger has no such instance, or it cannot compute.
pub(crate) fn dealing_context(
    ledger: &Ledger,
    domain: &Domain,
    parameters: &Parameters,
) -> Option<dealing::Context> {
    let instance = ledger.instances.get(&parameters.instance)?;
    Some(dealing::Context {
        committee: Committee::new(u8::try_from(instance.committee.len()).ok()?).ok()?,
        nodes: instance.committee.clone(),
        owner: parameters.caller,
        subject: Subject::Parameters {
            entry: parameters.entry,
            until: parameters.until,
        },
        epoch: 0,
        policy: abi::policy(domain, parameters.instance, instance.contract),
    })
}

/// Handles a deposit up to the write; the receipt follows in [`acknowledge`]. If the contract is not in memory it is read first.
pub(crate) fn accept(party: &mut Party, reply: ReplyId, deposit: Box<ParametersDeposit>) {
    match permitted(party, &deposit) {
        Ok(granted) => match party.shared.programs.get(&granted.contract).cloned() {
            Some(program) => keep(party, reply, &deposit, &granted, &program),
            None => {
                let key = granted.contract.0.to_vec();
                let pending = Pending::ParametersProgram { reply, deposit };
                party.shared.load(pending, Table::Contracts, key);
            }
        },
        Err(error) => refuse(&mut party.shared, reply, &deposit.parameters, error),
    }
}

/// The contract of a deposit was looked for on the disk. The deposit is judged anew: the ledger may have gone on.
pub(crate) fn on_program(
    party: &mut Party,
    reply: ReplyId,
    deposit: Box<ParametersDeposit>,
    pairs: &[(Vec<u8>, Vec<u8>)],
) {
    let found = permitted(party, &deposit).and_then(|granted| {
        let program = crate::job::stored_program(&mut party.shared, granted.contract, pairs);
        let program = program.map_err(|why| refused(ErrorCode::Unavailable, why))?;
        Ok((granted, program))
    });
    match found {
        Ok((granted, program)) => keep(party, reply, &deposit, &granted, &program),
        Err(error) => refuse(&mut party.shared, reply, &deposit.parameters, error),
    }
}

/// Checks the parameters, and writes them.
fn keep(
    party: &mut Party,
    reply: ReplyId,
    deposit: &ParametersDeposit,
    granted: &Granted,
    program: &Contract,
) {
    let parameters = &deposit.parameters;
    match checked(&party.shared, program, deposit, granted) {
        Ok(row) => {
            let head = Head {
                caller: parameters.caller,
                until: parameters.until,
            };
            if let Some(known) = &mut party.parameters.known {
                let kept = Kept {
                    caller: head.caller,
                    until: head.until,
                    bytes: row.len(),
                };
                known.insert(parameters.root, kept);
            }
            let mut value = borsh::to_vec(&head).expect("writing to memory cannot fail");
            value.extend_from_slice(&row);
            let write = Write::Put {
                table: Table::Parameters,
                key: parameters.root.0.to_vec(),
                value,
            };
            let receipt = ParametersReceipt {
                parameters: parameters.clone(),
            };
            let pending = Pending::Parameters { reply, receipt };
            party.shared.persist(pending, vec![write]);
        }
        Err(error) => refuse(&mut party.shared, reply, parameters, error),
    }
}

/// May this account keep parameters here now? Decided from the ledger and the room there is, before any work is done for it.
fn permitted(party: &Party, deposit: &ParametersDeposit) -> Result<Granted, ApiError> {
    let (shared, parameters) = (&party.shared, &deposit.parameters);
    let refuse = |message: String| Err(refused(ErrorCode::NotAllowed, message));
    let instance = shared.ledger.instances.get(&parameters.instance);
    let context = dealing_context(&shared.ledger, &shared.config.domain, parameters);
    let (Some(instance), Some(context)) = (instance, context) else {
        return refuse(format!(
            "there is no instance {} with a committee",
            parameters.instance
        ));
    };
    let Some(node) = shared.node().filter(|node| context.nodes.contains(node)) else {
        return refuse(format!(
            "this node does not serve instance {}",
            parameters.instance
        ));
    };
    let now = shared.ledger.head.time;
    if parameters.until <= now || parameters.until > now.saturating_add(KEPT_SECONDS) {
        return refuse(format!(
            "parameters are kept for up to {KEPT_SECONDS} seconds: until {} is not within them, it is {now}",
            parameters.until
        ));
    }
    let digest = shared.config.domain.digest(parameters);
    if deposit.signature.signer(&digest) != Some(parameters.caller) {
        return refuse(format!(
            "the parameters are not signed by {}",
            parameters.caller
        ));
    }
    // They are erased with the job that names them first.
    if names(
        shared.ledger.jobs.values(),
        parameters.caller,
        parameters.root,
    )
    .next()
    .is_some()
    {
        return refuse(
            "a request named these private parameters already; deal them again".to_owned(),
        );
    }
    party.parameters.check_room(&shared.ledger, deposit)?;
    Ok(Granted {
        context,
        node,
        contract: instance.contract,
    })
}

/// The row's bytes for the disk.
fn checked(
    shared: &Shared,
    program: &Contract,
    deposit: &ParametersDeposit,
    granted: &Granted,
) -> Result<Vec<u8>, ApiError> {
    let parameters = &deposit.parameters;
    let entry = program.entries.get(usize::from(parameters.entry));
    let values_len = entry.map_or(0, |entry| entry.private_columns().count());
    if values_len == 0 {
        let message = format!(
            "contract {} takes no private parameters at entry number {}",
            program.name, parameters.entry
        );
        return Err(refused(ErrorCode::NotAllowed, message));
    }
    let sealed = Sealed {
        context: &granted.context,
        node: granted.node,
        root: parameters.root,
        purpose: Purpose::Parameters {
            parameters: parameters.clone(),
            node: granted.node,
        },
        bytes: &deposit.sealed,
    };
    let row = sealed.checked(shared, program.profile, values_len);
    row.map_err(|why| {
        let message = format!("caller {}: {why}", parameters.caller);
        refused(ErrorCode::BadDealing, message)
    })
}

impl KeptParameters {
    /// Is there room for a deposit? What is here already takes no more.
    fn check_room(&self, ledger: &Ledger, deposit: &ParametersDeposit) -> Result<(), ApiError> {
        let busy = |message: String| Err(refused(ErrorCode::Unavailable, message));
        let Some(known) = &self.known else {
            return busy("this node reads what it has; ask again in a moment".to_owned());
        };
        let Parameters { caller, root, .. } = deposit.parameters;
        if known.contains_key(&root) {
            return Ok(());
        }
        let size = deposit.sealed.len();
        let own: Vec<usize> = known
            .values()
            .filter(|kept| kept.caller == caller)
            .map(|kept| kept.bytes)
            .collect();
        let own_bytes = own.iter().sum::<usize>().saturating_add(size);
        let is_too_much = own_bytes > KEPT_BYTES_OF_ONE_MAX && !own.is_empty();
        if own.len() >= KEPT_OF_ONE_MAX || is_too_much {
            return busy(format!(
                "{caller} has {} dealings of parameters here; run with them, or wait until they are out of time",
                own.len()
            ));
        }
        let bytes: usize = known.values().map(|kept| kept.bytes).sum();
        let bytes = bytes.saturating_add(size);
        let is_within =
            |share: usize| known.len() < KEPT_MAX / share && bytes <= KEPT_BYTES_MAX / share;
        if is_within(ANYBODYS_SHARE) || (is_within(1) && ledger.knows(caller)) {
            return Ok(());
        }
        busy("too many parameters wait for their runs here; ask again later".to_owned())
    }

    /// Are exactly these parameters kept, and not about to be erased?
    fn has(&self, parameters: &Parameters) -> bool {
        let kept = self
            .known
            .as_ref()
            .and_then(|known| known.get(&parameters.root));
        kept.is_some_and(|kept| (kept.caller, kept.until) == (parameters.caller, parameters.until))
    }
}

fn refuse(shared: &mut Shared, reply: ReplyId, of: &Parameters, error: ApiError) {
    let ApiError { code, message } = error;
    if code == ErrorCode::BadDealing {
        shared.push(Effect::Report(Fact::ParametersRefused {
            caller: of.caller,
            instance: of.instance,
            why: message.clone(),
        }));
    }
    shared.refuse(reply, code, message);
}

/// The parameters are durable: sign the receipt, unless they are to be erased again.
pub(crate) fn acknowledge(party: &mut Party, reply: ReplyId, receipt: &ParametersReceipt) {
    if !party.parameters.has(&receipt.parameters) {
        let message = "these private parameters are not kept any more; deal them again";
        return party.shared.refuse(reply, ErrorCode::Unavailable, message);
    }
    let Parameters {
        caller, instance, ..
    } = receipt.parameters;
    party
        .shared
        .push(Effect::Report(Fact::ParametersStored { caller, instance }));
    party.shared.sign_receipt(reply, receipt);
}

/// A write or an erasure failed, so what is on the disk is not known: it is looked through again.
pub(crate) fn on_failed_write(party: &mut Party) {
    party.parameters = KeptParameters::default();
}

/// Looks through the disk if need be, then erases what no run can use any more: called when the ledger is up to date.
pub(crate) fn sweep(party: &mut Party) {
    let Some(known) = &party.parameters.known else {
        if !std::mem::replace(&mut party.parameters.looking, true) {
            let pending = Pending::KeptParameters;
            party.shared.load(pending, Table::Parameters, Vec::new());
        }
        return;
    };
    let ledger = &party.shared.ledger;
    let now = ledger.head.time;
    // Of a job whose time is over nothing more comes, also while nobody has had it refunded.
    let is_running = |job: &JobRecord| job.state == JobState::Open && job.request.deadline >= now;
    let late = known.iter().filter(|(_, kept)| kept.until < now);
    let gone = late
        .filter(|(root, kept)| !names(ledger.jobs.values(), kept.caller, **root).any(is_running));
    let gone: Vec<Hash> = gone.map(|(root, _)| *root).collect();
    erase(party, &gone);
}

/// A job is over: its parameters go. What another account's request names is not touched: anybody can name any root.
pub(crate) fn job_over(party: &mut Party, job: JobId) {
    let job = party.shared.ledger.jobs.get(&job);
    let Some((caller, root)) = job.and_then(|job| Some((job.requester, root_of(job)?))) else {
        return;
    };
    // Before the disk has been looked through nothing is known; what jobs of the past named goes then.
    let kept = party
        .parameters
        .known
        .as_ref()
        .and_then(|known| known.get(&root));
    if kept.is_some_and(|kept| kept.caller == caller) {
        erase(party, &[root]);
    }
}

/// What the disk has. Of it, what a job that is over named was about to be erased.
pub(crate) fn found(party: &mut Party, pairs: &[(Vec<u8>, Vec<u8>)]) {
    // Once is enough: nothing was written since it was asked for.
    if party.parameters.known.is_some() {
        return;
    }
    let kept = pairs.iter().filter_map(|(key, value)| {
        let root = <[u8; 32]>::try_from(&key[..]).ok()?;
        let (head, row) = split(value)?;
        let kept = Kept {
            caller: head.caller,
            until: head.until,
            bytes: row.len(),
        };
        Some((Hash(root), kept))
    });
    let known: BTreeMap<Hash, Kept> = kept.collect();
    let ledger = &party.shared.ledger;
    let is_over = |job: &JobRecord| job.state != JobState::Open;
    let used = known
        .iter()
        .filter(|(root, kept)| names(ledger.jobs.values(), kept.caller, **root).any(is_over));
    let used: Vec<Hash> = used.map(|(root, _)| *root).collect();
    party.parameters.known = Some(known);
    erase(party, &used);
}

/// The disk could not be looked through: later, again.
pub(crate) fn not_found(party: &mut Party) {
    party.parameters.looking = false;
}

/// Head and values of what is stored.
fn split(value: &[u8]) -> Option<(Head, &[u8])> {
    let mut rest = value;
    let head = <Head as borsh::BorshDeserialize>::deserialize(&mut rest).ok()?;
    Some((head, rest))
}

/// The values of what is stored under a root.
pub(crate) fn values(pairs: &[(Vec<u8>, Vec<u8>)]) -> Option<&[u8]> {
    let (_, value) = pairs.first()?;
    Some(split(value)?.1)
}

/// The dealing that a job uses.
fn root_of(job: &JobRecord) -> Option<Hash> {
    let arguments = arguments::decode(&job.request.arguments).ok()?;
    Some(arguments.dealt?.root)
}

/// Those jobs whose requests name a dealing of their requester's.
pub(crate) fn names<'a>(
    jobs: impl IntoIterator<Item = &'a JobRecord>,
    caller: Address,
    root: Hash,
) -> impl Iterator<Item = &'a JobRecord> {
    let own = jobs.into_iter().filter(move |job| job.requester == caller);
    own.filter(move |job| root_of(job) == Some(root))
}

fn erase(party: &mut Party, roots: &[Hash]) {
    if roots.is_empty() {
        return;
    }
    if let Some(known) = &mut party.parameters.known {
        known.retain(|root, _| !roots.contains(root));
    }
    let erase = |root: &Hash| Write::Delete {
        table: Table::Parameters,
        key: root.0.to_vec(),
    };
    let batch = roots.iter().map(erase).collect();
    party.shared.persist(Pending::ParametersErased, batch);
}
