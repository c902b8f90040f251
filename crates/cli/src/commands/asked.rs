//! What a requester asks for: an entry on collections. Finds them, refuses what every node would refuse, and says what it costs.

use std::collections::BTreeMap;
use std::sync::Arc;

use clap::Args;
use enigma_bytecode::model::{Contract, Role, RowCount};
use enigma_bytecode::plan::Sizes;
use enigma_client::{Network, Program, Quote, Records};
use enigma_wire::id::{Address, CollectionId, Hash, MemberIndex};
use enigma_wire::ledger::CollectionRecord;

use super::lookup;
use crate::keys::KeyOption;
use crate::report::Problem;

/// Which entry on which data, by whom.
#[derive(Debug, Args)]
pub(crate) struct What {
    /// The numbers of the collections: one of each kind that the entry computes from, in any order.
    #[arg(value_name = "COLLECTION", required_unless_present = "instance")]
    collections: Vec<u64>,
    /// The instance, for an entry that computes from no collection.
    #[arg(long, value_name = "INSTANCE", conflicts_with = "collections")]
    instance: Option<String>,
    /// The contract's entry, when it has several.
    #[arg(long, value_name = "NAME")]
    entry: Option<String>,
    #[command(flatten)]
    pub(crate) key: KeyOption,
}

/// What a job is to run.
pub(crate) struct Asked {
    pub(crate) instance: Hash,
    pub(crate) program: Program,
    pub(crate) entry: usize,
    /// In the contract's order.
    pub(crate) collections: Vec<(CollectionId, CollectionRecord)>,
}

/// What it would run over now, and for how much.
pub(crate) struct Priced {
    /// By collection: the rows that may be used.
    pub(crate) rows: Vec<u32>,
    pub(crate) quote: Quote,
}

impl Priced {
    /// Rows of all collections.
    pub(crate) fn all_rows(&self) -> u32 {
        self.rows.iter().sum()
    }
}

/// Finds what is asked for.
pub(crate) async fn find(
    network: &Network,
    records: &Records,
    what: &What,
) -> Result<Asked, Problem> {
    let mut by_slot: BTreeMap<u16, (CollectionId, CollectionRecord)> = BTreeMap::new();
    let mut instance = None;
    for number in &what.collections {
        let id = CollectionId(*number);
        let record = lookup::record(network, id)?.clone();
        let (first, of) = *instance.get_or_insert((id, record.terms.instance));
        if of != record.terms.instance {
            return Err(Problem::new(format!(
                "collections {first} and {id} belong to different instances"
            ))
            .hint("a job runs on collections of one instance: `enigma status` lists them"));
        }
        if let Some((other, _)) = by_slot.insert(record.terms.slot, (id, record)) {
            return Err(
                Problem::new(format!("collections {other} and {id} are of the same kind"))
                    .hint("name one collection of each kind that the entry computes from"),
            );
        }
    }
    let instance = match (instance, &what.instance) {
        (Some((_, instance)), _) => instance,
        (None, Some(named)) => lookup::instance(network, records, named)?,
        (None, None) => {
            return Err(Problem::new("on which collections?").hint("name them by number"));
        }
    };
    let program = lookup::program_of(network, records, instance).await?;
    let entry = lookup::entry(&program, what.entry.as_deref())?;
    Ok(Asked {
        instance,
        program,
        entry,
        collections: by_slot.into_values().collect(),
    })
}

impl Asked {
    pub(crate) fn contract(&self) -> &Arc<Contract> {
        self.program.contract()
    }

    /// The entry's name.
    pub(crate) fn name(&self) -> &str {
        &self.contract().entries[self.entry].name
    }

    /// The rows that this requester may use now, and the price for them. Refuses what every node would refuse.
    pub(crate) fn price(&self, network: &Network, requester: Address) -> Result<Priced, Problem> {
        self.check_collections()?;
        let mut rows = Vec::with_capacity(self.collections.len());
        let mut sizes = vec![0; self.contract().collections.len()];
        let mut gives = Vec::new();
        for (id, record) in &self.collections {
            let (eligible, count) = self.eligible(network, (*id, record), requester)?;
            let owner = |member: &MemberIndex| Some(record.contributions.get(member)?.owner);
            if eligible
                .iter()
                .any(|member| owner(member) == Some(requester))
            {
                gives.push(record.terms.slot);
            }
            if let Some(size) = sizes.get_mut(usize::from(record.terms.slot)) {
                *size = count;
            }
            rows.push(count);
        }
        self.check_caller(network, requester, &gives)?;
        let sizes = Sizes { rows: sizes };
        let quote = network.quote(self.contract(), self.instance, self.entry, &sizes)?;
        Ok(Priced { rows, quote })
    }

    /// Whose rows of a collection may be used, and how many rows those are: not too few.
    fn eligible(
        &self,
        network: &Network,
        (id, record): (CollectionId, &CollectionRecord),
        requester: Address,
    ) -> Result<(Vec<MemberIndex>, u32), Problem> {
        if record.sealed.is_none() {
            return Err(
                Problem::new(format!("collection {id} is still open")).hint(format!(
                    "jobs run on closed collections: enigma collect close {id}"
                )),
            );
        }
        let question = network.right_question(id, &self.program, self.entry, requester);
        let mut admission = match self.gives_as(record.terms.slot) {
            Some(group) => network.admission(self.contract(), self.instance, group.into())?,
            None => None,
        };
        let others = match &admission {
            Some(_) => "for larger groups only, or of somebody who does not belong",
            None => "for larger groups only",
        };
        let admits = |owner: Address| {
            let admission = admission.as_mut();
            admission.is_none_or(|admission| admission.admits(&owner.0))
        };
        let eligible = network.ledger().eligible_members_of(&question, admits);
        let members = eligible.len() as u32;
        let given = eligible
            .iter()
            .filter_map(|member| record.contributions.get(member));
        let rows = given.map(|given| given.rows).fold(0, u32::saturating_add);
        let (contract, slot) = (self.contract(), usize::from(record.terms.slot));
        let needed = contract.minimum_rows(self.entry, slot).max(1);
        let givers = contract.minimum_givers(self.entry, slot);
        if rows >= needed && members >= givers {
            return Ok((eligible, rows));
        }
        let collection = contract.collections.get(slot);
        let takes_several = collection.is_some_and(|of| of.rows != RowCount::One);
        let (have, from) = match takes_several {
            true => (
                format!(", with {rows} rows"),
                format!(" of {givers} members"),
            ),
            false => Default::default(),
        };
        let of = match self.collections.len() {
            1 => String::new(),
            _ => format!(" of collection {id}"),
        };
        Err(Problem::new(format!(
            "{members} of {} owners{of} let {requester} run {} now{have}; it needs at least {needed} rows{from}",
            record.contributions.len(),
            self.name()
        ))
        .hint(self.why_not(network, id, requester, (members, others))))
    }

    /// Whether the entry computes from these collections and no others.
    fn check_collections(&self) -> Result<(), Problem> {
        let contract = self.contract();
        let used = contract.collections_used(self.entry);
        let given = self.collections.iter().map(|(_, record)| record.terms.slot);
        if used.iter().copied().eq(given) {
            return Ok(());
        }
        let name = |slot: u16| {
            let collection = contract.collections.get(usize::from(slot));
            collection.map_or("?", |collection| collection.name.as_str())
        };
        let given = self
            .collections
            .iter()
            .map(|(id, record)| format!("collection {id} has rows of {}", name(record.terms.slot)));
        let names: Vec<&str> = used.iter().map(|slot| name(*slot)).collect();
        let given: Vec<String> = given.collect();
        Err(Problem::new(format!(
            "{}, and {} computes from {}",
            match given.is_empty() {
                true => "no collection is named".to_owned(),
                false => given.join(", "),
            },
            self.name(),
            match names.is_empty() {
                true => "none".to_owned(),
                false => names.join(" and "),
            }
        ))
        .hint("`enigma collect status` and `enigma manifest` show what belongs together"))
    }

    /// Whether the requester may call the entry. `gives`: the collections of which a row that is used is the requester's.
    fn check_caller(
        &self,
        network: &Network,
        requester: Address,
        gives: &[u16],
    ) -> Result<(), Problem> {
        let contract = self.contract();
        let (may, who) = match contract.entries[self.entry].by {
            None => return Ok(()),
            Some(Role::Party(party)) => {
                let at = usize::from(party);
                let instance = network.ledger().instances.get(&self.instance);
                let bound = instance.and_then(|instance| instance.parties.get(at));
                let name = contract.parties.get(at).map_or("?", |name| name);
                let who = bound.map_or_else(String::new, |party| format!(" ({})", party.account));
                (
                    bound.is_some_and(|party| party.account == requester),
                    format!("the party {name}{who}"),
                )
            }
            Some(Role::Member(group)) => {
                let at = usize::from(group);
                let name = contract.groups.get(at).map_or("?", |group| &group.name);
                let gives_as = |slot: &u16| self.gives_as(*slot) == Some(group);
                let mut used = self.collections.iter().map(|(_, record)| record.terms.slot);
                let admission = network.admission(contract, self.instance, at)?;
                match (admission, used.any(|slot| gives_as(&slot))) {
                    (Some(mut admission), _) => (
                        admission.admits(&requester.0),
                        format!("members of {name} by its condition"),
                    ),
                    (None, true) => (
                        gives.iter().any(gives_as),
                        format!("members of {name} whose rows are used"),
                    ),
                    (None, false) => (
                        self.has_given(network, requester, gives_as),
                        format!("members of {name} who have given"),
                    ),
                }
            }
        };
        if may {
            return Ok(());
        }
        Err(Problem::new(format!(
            "{requester} may not call {}: it is for {who}",
            self.name()
        ))
        .hint("act with the right key: --key"))
    }

    /// The group whose members give to a collection of the contract.
    fn gives_as(&self, slot: u16) -> Option<u16> {
        self.contract().collections.get(usize::from(slot))?.group()
    }

    /// Whether an account has given to one of these collections of the instance.
    fn has_given(&self, network: &Network, account: Address, of: impl Fn(&u16) -> bool) -> bool {
        let collections = network.ledger().collections.values();
        let mut own = collections
            .filter(|record| record.terms.instance == self.instance && of(&record.terms.slot));
        own.any(|record| lookup::place_on_chain(record, account).is_some())
    }

    /// What most of the missing consents lack.
    fn why_not(
        &self,
        network: &Network,
        collection: CollectionId,
        requester: Address,
        (members, others): (u32, &'static str),
    ) -> String {
        let ledger = network.ledger();
        let (contract, entry) = (self.program.hash(), self.entry as u16);
        let uses = ledger.uses.get(&(collection, contract, entry));
        let uses = uses.copied().unwrap_or(0);
        let rights = ledger.rights.iter().filter(|(key, _)| {
            key.collection == collection
                && key.contract == contract
                && key.entry == entry
                && key.requester == requester
        });
        let (mut revoked, mut expired, mut used_up, mut in_force) = (0u32, 0u32, 0u32, 0u32);
        for grant in rights.filter_map(|(_, right)| right.grant.as_ref()) {
            if grant.until.is_some() {
                revoked += 1;
            } else if grant.consent.expiry <= ledger.head.time {
                expired += 1;
            } else if grant.consent.uses <= uses {
                used_up += 1;
            } else {
                in_force += 1;
            }
        }
        let counts = [
            (revoked, "revoked"),
            (expired, "expired"),
            (used_up, "used up"),
            (in_force - members, others),
        ];
        let said = counts.iter().filter_map(|(count, what)| match count {
            0 => None,
            1 => Some(format!("1 consent is {what}")),
            more => Some(format!("{more} consents are {what}")),
        });
        let said: Vec<String> = said.collect();
        let grant = format!("enigma grant {collection} --to {requester}");
        match said.is_empty() {
            true => format!("owners consent with: {grant}"),
            false => format!("{}; owners consent anew with: {grant}", said.join(", ")),
        }
    }
}
