//! Private parameters: kept from a caller's dealing until the run with them is over, or its request is out of time.
//!
//! Anybody may call an entry, so anybody may deposit: what one account has here at a time, and what all have, is bounded, and
//! nothing stays longer than [`KEPT_SECONDS`] without a request. Which dealing a job uses says its request, on the chain; the disk is
//! asked for it when the job starts.

use std::collections::{BTreeMap, BTreeSet};

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
const KEPT_OF_ONE_MAX: usize = 4;
/// Dealings that are kept here at a time.
const KEPT_MAX: usize = 4_096;
/// What they may take on the disk together.
const KEPT_BYTES_MAX: usize = 64 << 20;

/// What is kept on the disk, by root; the values are there alone.
#[derive(Default)]
pub(crate) struct KeptParameters {
    /// None before the disk has been looked through: an earlier process may have kept some.
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
    match permitted(&party.shared, &deposit) {
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
    let shared = &mut party.shared;
    let found = permitted(shared, &deposit).and_then(|granted| {
        let program = crate::job::stored_program(shared, granted.contract, pairs);
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
    let checked = checked(&party.shared, program, deposit, granted)
        .and_then(|row| make_room(party, parameters, row.len()).map(|()| row));
    match checked {
        Ok(row) => {
            let head = Head {
                caller: parameters.caller,
                until: parameters.until,
            };
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

/// May this account keep parameters here now? Decided from the ledger alone.
fn permitted(shared: &Shared, deposit: &ParametersDeposit) -> Result<Granted, ApiError> {
    let parameters = &deposit.parameters;
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

/// Notes what is about to be written, if it may be.
fn make_room(party: &mut Party, parameters: &Parameters, bytes: usize) -> Result<(), ApiError> {
    let busy = |message: String| Err(refused(ErrorCode::Unavailable, message));
    let Some(known) = &mut party.parameters.known else {
        return busy("this node is starting; ask again in a moment".to_owned());
    };
    if known.contains_key(&parameters.root) {
        return Ok(());
    }
    let own = known
        .values()
        .filter(|kept| kept.caller == parameters.caller);
    if own.count() >= KEPT_OF_ONE_MAX {
        return busy(format!(
            "{} has {KEPT_OF_ONE_MAX} dealings of parameters here; run with them, or wait up to {KEPT_SECONDS} seconds",
            parameters.caller
        ));
    }
    let all: usize = known.values().map(|kept| kept.bytes).sum();
    if known.len() >= KEPT_MAX || all.saturating_add(bytes) > KEPT_BYTES_MAX {
        return busy("too many parameters wait for their runs here; ask again later".to_owned());
    }
    let kept = Kept {
        caller: parameters.caller,
        until: parameters.until,
        bytes,
    };
    known.insert(parameters.root, kept);
    Ok(())
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

/// The parameters are durable: sign the receipt.
pub(crate) fn acknowledge(shared: &mut Shared, reply: ReplyId, receipt: &ParametersReceipt) {
    let Parameters {
        caller, instance, ..
    } = receipt.parameters;
    shared.push(Effect::Report(Fact::ParametersStored { caller, instance }));
    shared.sign_receipt(reply, receipt);
}

/// The write of a dealing failed: it is not kept.
pub(crate) fn not_kept(party: &mut Party, root: Hash) {
    if let Some(known) = &mut party.parameters.known {
        known.remove(&root);
    }
}

/// Looks through the disk once, then erases what no run can use any more: called when the ledger is up to date.
pub(crate) fn sweep(party: &mut Party) {
    let Some(known) = &mut party.parameters.known else {
        if !std::mem::replace(&mut party.parameters.looking, true) {
            let pending = Pending::KeptParameters;
            party.shared.load(pending, Table::Parameters, Vec::new());
        }
        return;
    };
    let ledger = &party.shared.ledger;
    let now = ledger.head.time;
    let late = known.values().any(|kept| kept.until < now);
    if !late {
        return;
    }
    let open = ledger
        .jobs
        .values()
        .filter(|job| job.state == JobState::Open);
    let named = open.filter_map(|job| Some((job.requester, root_of(job)?)));
    let used: BTreeSet<(Address, Hash)> = named.collect();
    let gone = known.extract_if(.., |root, kept| {
        kept.until < now && !used.contains(&(kept.caller, *root))
    });
    let gone: Vec<Write> = gone.map(|(root, _)| erase(root)).collect();
    if !gone.is_empty() {
        party.shared.persist(Pending::Cleanup, gone);
    }
}

/// A job is over: its parameters go. What another account's request names is not touched: anybody can name any root.
pub(crate) fn job_over(party: &mut Party, job: JobId) {
    // Before the disk has been looked through, jobs are those of the past.
    let Some(known) = &mut party.parameters.known else {
        return;
    };
    let job = party.shared.ledger.jobs.get(&job);
    let Some((job, root)) = job.and_then(|job| Some((job, root_of(job)?))) else {
        return;
    };
    let own = known
        .get(&root)
        .is_some_and(|kept| kept.caller == job.requester);
    if own {
        known.remove(&root);
        party.shared.persist(Pending::Cleanup, vec![erase(root)]);
    }
}

/// What an earlier process has kept.
pub(crate) fn found(party: &mut Party, pairs: &[(Vec<u8>, Vec<u8>)]) {
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
    party.parameters.known = Some(kept.collect());
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
pub(crate) fn root_of(job: &JobRecord) -> Option<Hash> {
    let arguments = arguments::decode(&job.request.arguments).ok()?;
    Some(arguments.dealt?.root)
}

fn erase(root: Hash) -> Write {
    Write::Delete {
        table: Table::Parameters,
        key: root.0.to_vec(),
    }
}
