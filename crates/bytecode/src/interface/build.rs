//! The interface of a contract.

use super::names::{Names, hex, profile, shape};
use super::{
    AccountsInterface, AllowInterface, BudgetInterface, CollectionInterface, ColumnInterface,
    EntryInterface, EnumInterface, GroupInterface, GuardInterface, InputInterface, Interface,
    KnownInterface, NoiseInterface, ParamInterface, RecipientInterface, ResultInterface,
    SlotInterface, SourceInterface, SourceName, StoreInterface, ValueKind, sentences,
};
use crate::container;
use crate::model::{
    Allow, Column, Contract, Entry, Kind, Known, Noise, Provider, Recipient, Reveal, Role,
    RowCount, Slot, Source, Store,
};

impl Interface {
    /// The interface of a contract.
    #[must_use]
    pub fn of(contract: &Contract) -> Interface {
        let bytes = container::encode(contract);
        let groups = contract.groups.iter().map(|group| GroupInterface {
            name: group.name.clone(),
            min: group.min,
            max: group.max,
            admits: group.admit.is_some(),
        });
        let enums = contract.enums.iter().map(|one| EnumInterface {
            name: one.name.clone(),
            variants: one.variants.clone(),
        });
        let names = Names(contract);
        let collections = contract.collections.iter().map(|c| CollectionInterface {
            name: c.name.clone(),
            from: match c.provider {
                Provider::Each(group) => AccountsInterface::Each(names.group(group).to_owned()),
                Provider::Party(party) => AccountsInterface::Party(names.party(party).to_owned()),
            },
            checks: c.check.is_some(),
            max_rows: match c.rows {
                RowCount::One => None,
                RowCount::UpTo(most) => Some(most),
            },
            columns: columns(names, &c.columns),
            allows: allows(names, &c.allows),
        });
        let entries = contract.entries.iter().enumerate();
        Interface {
            contract: contract.name.clone(),
            version: contract.version,
            profile: profile(contract.profile).to_owned(),
            hash: container::contract_hash(&bytes).to_string(),
            manifest_hash: container::manifest_hash(contract).to_string(),
            groups: groups.collect(),
            parties: contract.parties.clone(),
            enums: enums.collect(),
            collections: collections.collect(),
            slots: contract.slots.iter().map(|s| slot(names, s)).collect(),
            budget: contract.budget.map(|budget| BudgetInterface {
                epsilon_total_millionths: budget.epsilon_total,
                delta_total_trillionths: budget.delta_total,
                runs_per_input: budget.runs_per_input,
            }),
            entries: entries.map(|(i, e)| entry(names, i, e)).collect(),
            manifest: sentences(contract),
        }
    }
}

fn columns(names: Names<'_>, columns: &[Column]) -> Vec<ColumnInterface> {
    let columns = columns.iter().map(|column| ColumnInterface {
        name: column.name.clone(),
        kind: kind(names, column.kind),
        low: column.low,
        high: column.high,
    });
    columns.collect()
}

fn kind(names: Names<'_>, kind: Kind) -> ValueKind {
    match kind {
        Kind::Integer => ValueKind::Integer,
        Kind::Bool => ValueKind::Bool,
        Kind::Fixed(bits) => ValueKind::Fixed(bits),
        Kind::Enum(index) => ValueKind::Enum(names.enumeration(index).to_owned()),
        Kind::Bytes(most) => ValueKind::Bytes(most),
        Kind::Limb => ValueKind::Limb,
        Kind::Account => ValueKind::Account,
        Kind::MemberOf(collection) => ValueKind::MemberOf(names.collection(collection).to_owned()),
    }
}

fn allows(names: Names<'_>, allows: &[Allow]) -> Vec<AllowInterface> {
    let allows = allows.iter().map(|allow| AllowInterface {
        shape: shape(allow.shape),
        to: allow
            .recipients
            .iter()
            .map(|r| names.recipient(*r))
            .collect(),
    });
    allows.collect()
}

fn slot(names: Names<'_>, slot: &Slot) -> SlotInterface {
    let initial = slot.initial.iter().map(|value| match value {
        Known::Number(value) => KnownInterface::Number(*value),
        Known::Bytes(bytes) => KnownInterface::Bytes(hex(bytes)),
    });
    SlotInterface {
        name: slot.name.clone(),
        store: match slot.store {
            Store::Ledger => StoreInterface::Ledger,
            Store::Secret => StoreInterface::Secret,
            Store::Dht => StoreInterface::Dht,
        },
        keyed: slot.key.is_some(),
        accumulator: slot.accumulator,
        columns: columns(names, &slot.columns),
        initial: initial.collect(),
        allows: allows(names, &slot.allows),
    }
}

fn entry(names: Names<'_>, index: usize, entry: &Entry) -> EntryInterface {
    let contract = names.0;
    let used = contract.collections_used(index).into_iter();
    let inputs = used.map(|collection| InputInterface {
        collection: names.collection(collection).to_owned(),
        minimum_rows: contract.minimum_rows(index, usize::from(collection)),
        maximum_rows: contract.maximum_rows(usize::from(collection)),
    });
    let params = entry.params.iter().map(|param| ParamInterface {
        name: param.name.clone(),
        private: param.private,
        columns: columns(names, &param.columns),
    });
    let lines = contract.manifest.iter();
    let results = lines.filter(|reveal| usize::from(reveal.entry) == index);
    EntryInterface {
        name: entry.name.clone(),
        by: entry.by.map(|role| match role {
            Role::Party(party) => AccountsInterface::Party(names.party(party).to_owned()),
            Role::Member(group) => AccountsInterface::Each(names.group(group).to_owned()),
        }),
        params: params.collect(),
        inputs: inputs.collect(),
        results: results.map(|reveal| result(names, reveal)).collect(),
    }
}

fn result(names: Names<'_>, reveal: &Reveal) -> ResultInterface {
    let recipients = reveal.recipients.iter().map(|recipient| match *recipient {
        Recipient::EachOf(group) => RecipientInterface::Each(names.group(group).to_owned()),
        Recipient::OwnerOf(of) => RecipientInterface::Owner(names.collection(of).to_owned()),
        Recipient::Party(party) => RecipientInterface::Party(names.party(party).to_owned()),
        Recipient::Caller => RecipientInterface::Caller,
        Recipient::Public => RecipientInterface::Public,
    });
    let sources = reveal.sources.iter().map(|&(source, s)| {
        let name = names.source(reveal.entry, source).to_owned();
        SourceInterface {
            from: match source {
                Source::Collection(_) => SourceName::Collection(name),
                Source::Slot(_) => SourceName::Slot(name),
                Source::Param(_) => SourceName::Param(name),
            },
            shape: shape(s),
        }
    });
    let guards = reveal
        .min_groups
        .iter()
        .map(|&(collection, rows)| GuardInterface {
            collection: names.collection(collection).to_owned(),
            rows,
        });
    ResultInterface {
        name: reveal.name.clone(),
        to: names.recipients(&reveal.recipients),
        recipients: recipients.collect(),
        columns: columns(names, &reveal.columns),
        sources: sources.collect(),
        min_groups: guards.collect(),
        hidden_below: reveal.hidden_below,
        noise: reveal.noise.map(|noise| drawn(noise.values)),
        noise_of_counts: reveal.noise.and_then(|noise| noise.counts).map(drawn),
        epsilon_millionths: reveal.noise.map(|noise| noise.cost()),
        delta_trillionths: (reveal.noise.map(|noise| noise.delta_cost()))
            .filter(|delta| *delta > 0),
    }
}

fn drawn(noise: Noise) -> NoiseInterface {
    match noise {
        Noise::Laplace { decay } => NoiseInterface::Laplace(decay.to_string()),
        Noise::Gaussian(width) => NoiseInterface::Gaussian {
            decay: width.decay.to_string(),
            steps: width.steps,
        },
    }
}
