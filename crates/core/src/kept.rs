//! Values that an instance's committee keeps as they are, beside the chain, which has their hashes (`state DHT`): where they are kept, and
//! who may read them.
//!
//! Who asks has proven an account. The contract's condition is judged as of the block whose values are given, the last one that this node
//! knows; what it gives, the one who asks compares with the hash on the chain.

use std::sync::Arc;

use enigma_bytecode::model::{Contract, Store};
use enigma_bytecode::plan::{Environment, may_read};
use enigma_bytecode::stored::Values;
use enigma_wire::api::{ErrorCode, KeptValue, KeptValues};
use enigma_wire::effects::{InstanceState, StatePlace, kept_hash};
use enigma_wire::id::{Address, Hash, JobId};
use enigma_wire::ledger::InstanceRecord;
use enigma_wire::output::PublicValue;

use crate::party::{Party, Pending, Shared};
use crate::seam::{ReplyId, Response, Table};

/// Somebody asks for what is kept in a slot.
pub(crate) struct Asks {
    pub(crate) reply: ReplyId,
    pub(crate) who: Address,
    pub(crate) instance: Hash,
    pub(crate) slot: u16,
    /// Of a map at which key.
    pub(crate) key: Option<PublicValue>,
}

/// Where a slot's values begin, of a map those at a key.
fn slot_prefix(instance: Hash, slot: u16, key: Option<&PublicValue>) -> Vec<u8> {
    let mut hasher = blake3::Hasher::new_derive_key("enigma kept place v1");
    hasher.update(&borsh::to_vec(&(slot, key)).expect("writing to memory cannot fail"));
    [&instance.0[..], hasher.finalize().as_bytes()].concat()
}

/// Where the value is kept that a job has left at a place.
pub(crate) fn kept_key(instance: Hash, place: &StatePlace, job: JobId) -> Vec<u8> {
    let mut key = slot_prefix(instance, place.slot, place.key.as_ref());
    key.extend(place.column.to_be_bytes());
    key.extend(job.0.to_be_bytes());
    key
}

/// What is kept at a place, as it is on the disk.
pub(crate) fn encode(place: &StatePlace, value: &PublicValue) -> Vec<u8> {
    borsh::to_vec(&(place, value)).expect("writing to memory cannot fail")
}

/// Of what is on the disk that of which the chain has the hash, by place.
pub(crate) fn current(
    instance: Hash,
    state: &InstanceState,
    pairs: &[(Vec<u8>, Vec<u8>)],
) -> Values {
    let values = pairs
        .iter()
        .filter_map(|(_, value)| borsh::from_slice::<(StatePlace, PublicValue)>(value).ok());
    let is_current = |(place, value): &(StatePlace, PublicValue)| {
        let hash = PublicValue::Bytes(kept_hash(instance, place, value).0.to_vec());
        state.values.get(place) == Some(&hash)
    };
    values.filter(is_current).collect()
}

/// Judges what is asked. If the contract is not in memory it is read first.
pub(crate) fn ask(party: &mut Party, asks: Asks) {
    let shared = &mut party.shared;
    // Who may read may have changed in blocks that it has not seen yet.
    if !shared.caught_up {
        let message = "this node is still reading the chain; ask another member of the committee";
        return shared.refuse(asks.reply, ErrorCode::Unavailable, message);
    }
    let Some(record) = served(shared, &asks) else {
        return not_served(shared, &asks);
    };
    let contract = record.contract;
    match shared.programs.get(&contract).cloned() {
        Some(program) => look(shared, asks, &program),
        None => {
            let pending = Pending::KeptProgram(asks);
            shared.load(pending, Table::Contracts, contract.0.to_vec());
        }
    }
}

fn not_served(shared: &mut Shared, asks: &Asks) {
    let message = format!("this node does not serve instance {}", asks.instance);
    shared.refuse(asks.reply, ErrorCode::NotFound, message);
}

/// The instance, if this node is of its committee.
fn served<'a>(shared: &'a Shared, asks: &Asks) -> Option<&'a InstanceRecord> {
    let record = shared.ledger.instances.get(&asks.instance)?;
    let own = shared.node()?;
    record.committee.contains(&own).then_some(record)
}

/// The contract was looked for on the disk.
pub(crate) fn on_program(party: &mut Party, asks: Asks, pairs: &[(Vec<u8>, Vec<u8>)]) {
    let shared = &mut party.shared;
    let contract = served(shared, &asks).map(|record| record.contract);
    match crate::job::stored_program(shared, contract.unwrap_or_default(), pairs) {
        Ok(program) => look(shared, asks, &program),
        Err(why) => shared.refuse(asks.reply, ErrorCode::Unavailable, why),
    }
}

/// Looks for what is asked, if it may be read.
fn look(shared: &mut Shared, asks: Asks, program: &Arc<Contract>) {
    let slot = program.slots.get(usize::from(asks.slot));
    let Some(slot) = slot.filter(|slot| slot.store == Store::Dht) else {
        let message = format!("slot {} is not kept beside the chain", asks.slot);
        return shared.refuse(asks.reply, ErrorCode::NotFound, message);
    };
    if let Err((code, why)) = check_reader(shared, &asks, program, &slot.name) {
        return shared.refuse(asks.reply, code, why);
    }
    let prefix = slot_prefix(asks.instance, asks.slot, asks.key.as_ref());
    let pending = Pending::Kept(asks, Arc::clone(program));
    shared.load(pending, Table::Kept, prefix);
}

/// Whether the condition of the slot of this name lets who asks read.
fn check_reader(
    shared: &Shared,
    asks: &Asks,
    program: &Arc<Contract>,
    name: &str,
) -> Result<(), (ErrorCode, String)> {
    match is_reader(shared, asks, program) {
        Ok(true) => Ok(()),
        Ok(false) => {
            let who = asks.who;
            let why = format!("the condition of `{name}` does not let {who} read this");
            Err((ErrorCode::NotAllowed, why))
        }
        Err(why) => Err((ErrorCode::Internal, why)),
    }
}

fn is_reader(shared: &Shared, asks: &Asks, program: &Arc<Contract>) -> Result<bool, String> {
    let Some(record) = served(shared, asks) else {
        return Ok(false);
    };
    let head = &shared.ledger.head;
    let environment = Environment::on_ledger(record, head.number, head.time);
    let place = (asks.slot, asks.key.as_ref());
    may_read(program, place, &environment, &asks.who.0).map_err(|error| error.to_string())
}

/// What is kept was read. Meanwhile there may have been a block: with new values, and new readers.
pub(crate) fn answer(
    party: &mut Party,
    asks: Asks,
    program: &Arc<Contract>,
    pairs: &[(Vec<u8>, Vec<u8>)],
) {
    let shared = &mut party.shared;
    let name = program.slots.get(usize::from(asks.slot));
    let name = name.map_or("", |slot| &slot.name);
    if let Err((code, why)) = check_reader(shared, &asks, program, name) {
        return shared.refuse(asks.reply, code, why);
    }
    let Some(record) = served(shared, &asks) else {
        return not_served(shared, &asks);
    };
    let found = current(asks.instance, &record.state, pairs);
    let written = record.state.written(asks.slot, &asks.key);
    let columns = written.map(|(place, _)| {
        let value = borsh::to_vec(found.get(place)?).expect("writing to memory cannot fail");
        Some(KeptValue {
            column: place.column,
            value: hex::encode(value),
        })
    });
    match columns.collect::<Option<Vec<KeptValue>>>() {
        Some(columns) => {
            let values = KeptValues { columns };
            shared.reply(asks.reply, Response::Kept(values));
        }
        None => {
            let message = "this node does not have what the chain has the hash of; ask another member of the committee";
            shared.refuse(asks.reply, ErrorCode::Unavailable, message);
        }
    }
}
