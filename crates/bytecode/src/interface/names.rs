//! What the places in a contract are called. Places that do not exist are called `?`, so that any contract
//! that decodes can be shown.

use crate::model::{Contract, Kind, Profile, Provider, Recipient, Shape, Source};

/// The names of a contract.
#[derive(Clone, Copy)]
pub(crate) struct Names<'a>(pub(crate) &'a Contract);

/// What the data of an entry's reveal is called; `?` if there is none.
#[must_use]
pub fn source_name(contract: &Contract, entry: u16, source: Source) -> &str {
    Names(contract).source(entry, source)
}

impl<'a> Names<'a> {
    pub(crate) fn group(self, index: u16) -> &'a str {
        name(&self.0.groups, index, |group| &group.name)
    }

    pub(crate) fn party(self, index: u16) -> &'a str {
        name(&self.0.parties, index, |party| party)
    }

    pub(crate) fn enumeration(self, index: u16) -> &'a str {
        name(&self.0.enums, index, |one| &one.name)
    }

    pub(crate) fn collection(self, index: u16) -> &'a str {
        name(&self.0.collections, index, |collection| &collection.name)
    }

    pub(crate) fn slot(self, index: u16) -> &'a str {
        name(&self.0.slots, index, |slot| &slot.name)
    }

    pub(crate) fn entry(self, index: u16) -> &'a str {
        name(&self.0.entries, index, |entry| &entry.name)
    }

    /// A parameter of an entry.
    pub(crate) fn param(self, entry: u16, index: u16) -> &'a str {
        let entry = self.0.entries.get(usize::from(entry));
        entry.map_or("?", |entry| name(&entry.params, index, |param| &param.name))
    }

    /// What the data of an entry's reveal is called.
    pub(crate) fn source(self, entry: u16, source: Source) -> &'a str {
        match source {
            Source::Collection(index) => self.collection(index),
            Source::Slot(index) => self.slot(index),
            Source::Param(index) => self.param(entry, index),
        }
    }

    /// A recipient as it is written in a contract.
    pub(crate) fn recipient(self, recipient: Recipient) -> String {
        match recipient {
            Recipient::EachOf(group) => format!("each {}", self.group(group)),
            Recipient::OwnerOf(collection) => format!("owner({})", self.collection(collection)),
            Recipient::Party(party) => self.party(party).to_owned(),
            Recipient::Caller => "caller".to_owned(),
            Recipient::Public => "public".to_owned(),
        }
    }

    /// Recipients as they are written in a contract.
    pub(crate) fn recipients(self, recipients: &[Recipient]) -> String {
        let each: Vec<String> = recipients.iter().map(|r| self.recipient(*r)).collect();
        each.join(", ")
    }

    /// Who gives rows, as it is written in a contract.
    pub(crate) fn provider(self, provider: Provider) -> String {
        match provider {
            Provider::Each(group) => format!("each {}", self.group(group)),
            Provider::Party(party) => self.party(party).to_owned(),
        }
    }

    /// A kind of values in a word or two.
    pub(crate) fn kind(self, kind: Kind) -> String {
        match kind {
            Kind::Integer => "integer".to_owned(),
            Kind::Bool => "bool".to_owned(),
            Kind::Fixed(bits) => format!("fixed({bits})"),
            Kind::Enum(index) => format!("enum {}", self.enumeration(index)),
            Kind::Bytes(most) => format!("bytes({most})"),
            Kind::Limb => "limb".to_owned(),
            Kind::Account => "account".to_owned(),
            Kind::MemberOf(collection) => format!("member of {}", self.collection(collection)),
        }
    }
}

/// A shape as it is written in a contract.
pub(crate) fn shape(shape: Shape) -> String {
    match shape {
        Shape::Aggregate(k) => format!("aggregate({k})"),
        Shape::Member => "member".to_owned(),
        Shape::Bit => "bit".to_owned(),
        Shape::PerOwner => "per_owner".to_owned(),
        Shape::Any => "any".to_owned(),
    }
}

/// A profile, as tools name it.
pub(crate) fn profile(profile: Profile) -> &'static str {
    match profile {
        Profile::ShamirM61V1 => "shamir-m61-v1",
        Profile::ShamirM127V1 => "shamir-m127-v1",
    }
}

/// Bytes as `0x` and hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
    format!("0x{}", digits.collect::<String>())
}

/// A number of millionths in decimal digits.
#[must_use]
pub fn millionths(number: u64) -> String {
    decimal(number, 6)
}

/// A number in units of 10^-12 in decimal digits.
#[must_use]
pub fn trillionths(number: u64) -> String {
    decimal(number, 12)
}

fn decimal(number: u64, decimals: usize) -> String {
    let digits = format!("{number:0width$}", width = decimals + 1);
    let (whole, rest) = digits.split_at(digits.len() - decimals);
    match rest.trim_end_matches('0') {
        "" => whole.to_owned(),
        rest => format!("{whole}.{rest}"),
    }
}

fn name<T>(all: &[T], index: u16, of: impl Fn(&T) -> &str) -> &str {
    all.get(usize::from(index)).map_or("?", of)
}
