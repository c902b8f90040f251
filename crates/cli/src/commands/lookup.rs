//! Finds what commands name: instances, collections, programs, entries, members.

use std::path::Path;
use std::time::Duration;

use enigma_bytecode::model::{Contract, Provider};
use enigma_client::records::{Member, member_tree};
use enigma_client::{Network, Program, Records};
use enigma_wire::id::{Address, CollectionId, Hash, MemberIndex, NodeId};
use enigma_wire::ledger::CollectionRecord;

use crate::report::Problem;

/// Fewest digits of a shortened instance.
const PREFIX_MIN: usize = 4;

/// A collection with everything that commands need to work with it.
pub(crate) struct Found {
    pub(crate) id: CollectionId,
    pub(crate) record: CollectionRecord,
    pub(crate) program: Program,
}

/// An instance by its id or the beginning of it, or by its contract's name: then the one deployed last
/// from here.
pub(crate) fn instance(network: &Network, records: &Records, text: &str) -> Result<Hash, Problem> {
    let by_name = enigma_bytecode::container::is_name(text)
        .then(|| records.instance(text))
        .flatten();
    if let Some(known) = by_name.filter(|known| network.ledger().instances.contains_key(known)) {
        return Ok(known);
    }
    let digits = text.strip_prefix("0x").unwrap_or(text).to_lowercase();
    if digits.len() < PREFIX_MIN || !digits.chars().all(|c| c.is_ascii_hexdigit()) {
        return Err(Problem::new(format!("there is no instance {text:?}"))
            .hint("name a contract that was deployed from here, or the first digits of an instance that `enigma status` lists"));
    }
    let instances = network.ledger().instances.keys();
    let mut matching = instances.filter(|known| hex::encode(known.0).starts_with(&digits));
    match (matching.next(), matching.next()) {
        (Some(one), None) => Ok(*one),
        (None, _) => Err(Problem::new(format!("there is no instance {text}"))
            .hint("`enigma status` lists the instances; `enigma deploy` makes one")),
        (Some(_), Some(_)) => Err(Problem::new(format!(
            "more than one instance begins with {text}"
        ))
        .hint("give more digits")),
    }
}

/// A collection's state on the chain.
pub(crate) fn record(network: &Network, id: CollectionId) -> Result<&CollectionRecord, Problem> {
    network.ledger().collections.get(&id).ok_or_else(|| {
        let known = network.ledger().collections.len();
        Problem::new(format!("there is no collection {id}")).hint(match known {
            0 => "no collection was opened yet; `enigma collect open` opens one".to_owned(),
            known => format!("collections are numbered from 1 to {known}"),
        })
    })
}

/// How many rows were given to a collection.
pub(crate) fn rows(record: &CollectionRecord) -> u64 {
    let given = record.contributions.values();
    given.map(|given| u64::from(given.rows)).sum()
}

/// The nodes that serve a collection, in drawn order.
pub(crate) fn committee(network: &Network, id: CollectionId) -> &[NodeId] {
    network.ledger().committee(id).unwrap_or_default()
}

/// A collection and the program it was opened for.
pub(crate) async fn collection(
    network: &Network,
    records: &Records,
    id: u64,
) -> Result<Found, Problem> {
    let id = CollectionId(id);
    let record = record(network, id)?.clone();
    let program = program(network, records, id).await?;
    Ok(Found {
        id,
        record,
        program,
    })
}

/// The program of a collection.
pub(crate) async fn program(
    network: &Network,
    records: &Records,
    id: CollectionId,
) -> Result<Program, Problem> {
    program_of(network, records, record(network, id)?.terms.instance).await
}

/// The program of an instance: from the records, or from the instance's nodes.
pub(crate) async fn program_of(
    network: &Network,
    records: &Records,
    instance: Hash,
) -> Result<Program, Problem> {
    let record = network.ledger().instances.get(&instance);
    let hash = record.map(|instance| instance.contract);
    if let Some(program) = hash.and_then(|hash| records.program(hash)) {
        return Ok(program);
    }
    let program = network.fetch_program(instance).await?;
    records.keep_program(&program)?;
    Ok(program)
}

/// An entry by name; when the contract has only one, it need not be named.
pub(crate) fn entry(program: &Program, name: Option<&str>) -> Result<usize, Problem> {
    match (name, &program.contract().entries[..]) {
        (Some(name), _) => Ok(program.entry(name)?),
        (None, [_]) => Ok(0),
        (None, entries) => {
            let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
            Err(Problem::new("which entry?")
                .hint(format!("name one with --entry: {}", names.join(", "))))
        }
    }
}

/// The member list of a collection that a party gives: the party alone. None if a group gives it.
pub(crate) fn party_list(
    network: &Network,
    contract: &Contract,
    instance: Hash,
    collection: usize,
) -> Option<Vec<Member>> {
    let declared = contract.collections.get(collection)?;
    let Provider::Party(party) = declared.provider else {
        return None;
    };
    let instance = network.ledger().instances.get(&instance)?;
    let member = Member {
        name: contract.parties.get(usize::from(party))?.clone(),
        account: instance.parties.get(usize::from(party))?.account,
    };
    Some(vec![member])
}

/// A collection's member list: from a file, or as it was recorded when the collection was opened here. A party's is known.
pub(crate) fn members(
    network: &Network,
    records: &Records,
    found: &Found,
    file: Option<&Path>,
) -> Result<Vec<Member>, Problem> {
    let terms = &found.record.terms;
    let (root, contract) = (terms.member_root, found.program.contract());
    let party = party_list(network, contract, terms.instance, usize::from(terms.slot));
    if let (Some(members), None) = (&party, file) {
        if member_tree(members).root() != root {
            return Err(Problem::new(format!(
                "collection {} was not opened for the party {} alone",
                found.id, members[0].name
            ))
            .hint("nodes take rows of the party only: ask the opener for another collection"));
        }
        return Ok(members.clone());
    }
    if let Some(path) = file {
        let members = crate::people::members(path)?;
        if member_tree(&members).root() != root {
            return Err(Problem::new(format!(
                "{}: is not the member list of collection {}",
                path.display(),
                found.id
            ))
            .hint("same members, same order: ask the collection's opener for the file"));
        }
        records.keep_members(found.id, &members)?;
        return Ok(members);
    }
    records.members(found.id, root).ok_or_else(|| {
        Problem::new(format!(
            "the member list of collection {} is not known here",
            found.id
        ))
        .hint("name the opener's list with --members FILE")
    })
}

/// Where an account stands in a member list.
pub(crate) fn place(
    members: &[Member],
    account: Address,
    id: CollectionId,
) -> Result<MemberIndex, Problem> {
    let at = members.iter().position(|member| member.account == account);
    at.map(|at| MemberIndex(at as u32)).ok_or_else(|| {
        Problem::new(format!(
            "account {account} is not a member of collection {id}"
        ))
        .hint("only those on the opener's list may give; check --key")
    })
}

/// The place of an account that has given, as the chain knows it.
pub(crate) fn place_on_chain(record: &CollectionRecord, account: Address) -> Option<MemberIndex> {
    let mut given = record.contributions.values();
    given
        .find(|given| given.owner == account)
        .map(|given| given.member)
}

/// A length of time such as `90s`, `10m`, `1h`, `30d`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text)
        .map_err(|_| "give a length of time such as 90s, 10m, 1h or 30d".to_owned())?;
    if duration.is_zero() || duration > Duration::from_secs(100 * 365 * 86_400) {
        return Err("give a length of time between a second and a hundred years".to_owned());
    }
    Ok(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("1h 30m"), Ok(Duration::from_secs(5_400)));
        for text in [
            "",
            "5",
            "-1h",
            "soon",
            "0s",
            "1000000y",
            "99999999999999999999s",
        ] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
