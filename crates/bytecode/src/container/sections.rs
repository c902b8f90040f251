//! The six sections of a container.

use super::part::Part;
use super::reader::Reader;
use super::writer::Writer;
use super::{DecodeError, MAGIC};
use crate::model::{Contract, Entry, Op, Profile};

pub(super) fn encode(contract: &Contract) -> Vec<u8> {
    let constants = constants(contract);
    let mut out = Writer::default();
    out.bytes.extend_from_slice(&MAGIC);
    contract.profile.write(&mut out);
    for section in [
        alone(|out| contract.enums.write(out)),
        alone(|out| interface(contract, out)),
        manifest(contract),
        alone(|out| constants.write(out)),
        code(contract, constants),
        alone(|out| limits(contract, out)),
    ] {
        out.bytes(&section);
    }
    out.bytes
}

pub(super) fn manifest(contract: &Contract) -> Vec<u8> {
    alone(|out| contract.manifest.write(out))
}

pub(super) fn decode(bytes: &[u8]) -> Result<Contract, DecodeError> {
    let rest = bytes.strip_prefix(&MAGIC).ok_or(DecodeError::BadMagic)?;
    let mut input = Reader::new(rest, bytes.len());
    let profile = Profile::read(&mut input)?;
    let enums = input.section(&[], Part::read)?;
    let mut contract = input.section(&[], |input| {
        Ok(Contract {
            name: Part::read(input)?,
            version: Part::read(input)?,
            profile,
            groups: Part::read(input)?,
            parties: Part::read(input)?,
            enums,
            collections: Part::read(input)?,
            slots: Part::read(input)?,
            budget: Part::read(input)?,
            manifest: Vec::new(),
            entries: input.list(entry)?,
        })
    })?;
    contract.manifest = input.section(&[], Part::read)?;
    let constants: Vec<i64> = input.section(&[], Part::read)?;
    input.section(&constants, |input| {
        let admits = contract.groups.iter_mut();
        let admits = admits.filter_map(|group| group.admit.as_mut());
        let checks = contract.collections.iter_mut();
        let checks = checks.filter_map(|collection| collection.check.as_mut());
        let accesses = contract.slots.iter_mut();
        let accesses = accesses.filter_map(|slot| slot.access.as_mut());
        let entries = contract.entries.iter_mut().map(|entry| &mut entry.code);
        let conditions = admits.chain(checks).chain(accesses);
        conditions.chain(entries).try_for_each(|code| {
            *code = Part::read(input)?;
            Ok(())
        })
    })?;
    // Register counts follow from the code; encoding again compares them.
    let parts = codes(&contract).count();
    input.section(&[], |input| {
        (0..2 * parts).try_for_each(|_| input.number().map(|_| ()))
    })?;
    input.end()?;
    Ok(contract)
}

fn alone(write: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut out = Writer::default();
    write(&mut out);
    out.bytes
}

fn interface(contract: &Contract, out: &mut Writer) {
    contract.name.write(out);
    contract.version.write(out);
    contract.groups.write(out);
    contract.parties.write(out);
    contract.collections.write(out);
    contract.slots.write(out);
    contract.budget.write(out);
    out.length(contract.entries.len());
    for entry in &contract.entries {
        entry.name.write(out);
        entry.by.write(out);
        entry.params.write(out);
    }
}

/// What the interface says of an entry; its code is in a section of its own.
fn entry(input: &mut Reader<'_>) -> Result<Entry, DecodeError> {
    Ok(Entry {
        name: Part::read(input)?,
        by: Part::read(input)?,
        params: Part::read(input)?,
        code: Vec::new(),
    })
}

/// All code: the conditions of groups, those on rows, those on who reads, then the entries.
fn codes(contract: &Contract) -> impl Iterator<Item = &Vec<Op>> {
    let admits = contract
        .groups
        .iter()
        .filter_map(|group| group.admit.as_ref());
    let checks = contract.collections.iter();
    let checks = checks.filter_map(|collection| collection.check.as_ref());
    let accesses = contract.slots.iter();
    let accesses = accesses.filter_map(|slot| slot.access.as_ref());
    admits
        .chain(checks)
        .chain(accesses)
        .chain(contract.entries.iter().map(|entry| &entry.code))
}

fn constants(contract: &Contract) -> Vec<i64> {
    let ops = codes(contract).flatten();
    let mut constants: Vec<i64> = ops
        .filter_map(|op| match op {
            Op::Const { value, .. } => Some(*value),
            _ => None,
        })
        .collect();
    constants.sort_unstable();
    constants.dedup();
    constants
}

fn code(contract: &Contract, constants: Vec<i64>) -> Vec<u8> {
    let mut out = Writer::of_code(constants);
    codes(contract).for_each(|code| code.write(&mut out));
    out.bytes
}

fn limits(contract: &Contract, out: &mut Writer) {
    for code in codes(contract) {
        let (mut public, mut secret) = (0, 0);
        for op in code {
            let (more_public, more_secret) = op.defines();
            public += more_public;
            secret += more_secret;
        }
        out.length(public);
        out.length(secret);
    }
}
