//! What a committee's members hold for one recipient, put together: every member's shares must say the same about
//! what there is, and fit one polynomial.
//!
//! What is there, and what is not since its branch was not taken, is what at least t+1 members say: one of them is
//! honest. A member that says something else is named. So is one whose shares the contract does not allow.

use std::collections::BTreeMap;

use enigma_bytecode::model::{self, Contract, Profile, Provider, Reveal, RowCount};
use enigma_field::{Committee, M61, M127, PrimeField, shamir};
use enigma_wire::api::{LineShares, OutputShares, Share};
use enigma_wire::id::NodeId;
use enigma_wire::output::{PublicLine, PublicResults, PublicValue, Recipient};
use zeroize::Zeroizing;

use crate::ClientError;
use crate::values::{Cell, Layout, Member, Results, Value};

/// Which job's results are read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading<'a> {
    pub(crate) program: &'a Contract,
    pub(crate) entry: u16,
    /// Of a member, the contract's number of its collection.
    pub(crate) slot: Option<u16>,
    pub(crate) recipient: Recipient,
    /// How many rows the recipient gave; fewer may be used.
    pub(crate) given: u32,
}

/// What a line shows of how much.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Extent {
    /// Elements, by column.
    columns: Vec<usize>,
    /// The same, by count.
    there: Vec<usize>,
}

impl Reading<'_> {
    /// The lines that can be shown to the recipient.
    fn lines(&self) -> BTreeMap<u16, &Reveal> {
        let lines = (0..).zip(&self.program.manifest);
        let own = lines.filter(|(_, line)| line.entry == self.entry && self.receives(line));
        own.collect()
    }

    /// Whether there is any.
    pub(crate) fn shows(&self) -> bool {
        !self.lines().is_empty()
    }

    fn receives(&self, line: &Reveal) -> bool {
        let public = line.recipients.contains(&model::Recipient::Public);
        let collection = self.slot.and_then(|slot| {
            let collections = &self.program.collections;
            collections.get(usize::from(slot))
        });
        let group = collection.map(|collection| collection.provider);
        let to = |to: &model::Recipient| match (*to, self.recipient) {
            (model::Recipient::EachOf(to), Recipient::Member { .. }) => {
                group == Some(Provider::Each(to))
            }
            (model::Recipient::OwnerOf(of), Recipient::Member { .. }) => Some(of) == self.slot,
            (model::Recipient::Caller, Recipient::Caller) => true,
            (model::Recipient::Party(to), Recipient::Party(party)) => to == party,
            _ => false,
        };
        match self.recipient {
            Recipient::Public => public,
            // What everyone sees is sealed to nobody.
            _ => !public && line.recipients.iter().any(to),
        }
    }

    /// Results from what all members sealed to the recipient, in committee order: shares over the contract's field.
    pub(crate) fn combine(
        &self,
        committee: Committee,
        messages: &[(NodeId, Zeroizing<Vec<u8>>)],
        who: &dyn Fn(u16, &Cell) -> Option<Member>,
    ) -> Result<Results, ClientError> {
        match self.program.profile {
            Profile::ShamirM61V1 => self.combine_over::<M61>(committee, messages, who),
            Profile::ShamirM127V1 => self.combine_over::<M127>(committee, messages, who),
        }
    }

    fn combine_over<F: PrimeField>(
        &self,
        committee: Committee,
        messages: &[(NodeId, Zeroizing<Vec<u8>>)],
        who: &dyn Fn(u16, &Cell) -> Option<Member>,
    ) -> Result<Results, ClientError> {
        let lines = self.lines();
        let mut members = Vec::with_capacity(messages.len());
        let mut extents = Vec::with_capacity(messages.len());
        for (node, message) in messages {
            let misbehaved = |why: String| ClientError::Misbehaved { node: *node, why };
            let shares: OutputShares<F> = borsh::from_slice(message)
                .map_err(|error| misbehaved(format!("its output does not decode: {error}")))?;
            extents.push((*node, self.extents(&lines, &shares).map_err(misbehaved)?));
            members.push(shares);
        }
        let agreed = agreed(&extents, committee.degree())?;
        for (node, extent) in &extents {
            if let Some(why) = difference(&lines, extent, agreed) {
                return Err(ClientError::Misbehaved { node: *node, why });
            }
        }
        let mut results = Results::new();
        for (place, reveal) in agreed.keys().enumerate() {
            let line = lines[reveal];
            let parts: Vec<&LineShares<F>> =
                members.iter().map(|shares| &shares.lines[place]).collect();
            let opened = Opened {
                columns: open(&committee, &parts, |line| &line.columns)
                    .ok_or_else(|| inconsistent(line))?,
                there: open(&committee, &parts, |line| &line.there)
                    .ok_or_else(|| inconsistent(line))?,
            };
            results.insert(line.name.clone(), self.value(line, &opened, who)?);
        }
        Ok(results)
    }

    /// What everyone is shown, from what the committee committed to.
    pub(crate) fn public(
        &self,
        results: &PublicResults,
        who: &dyn Fn(u16, &Cell) -> Option<Member>,
    ) -> Result<Results, ClientError> {
        let lines = self.lines();
        let mut found = Results::new();
        let mut last = None;
        for shown in &results.lines {
            let line = lines
                .get(&shown.reveal)
                .filter(|_| last < Some(shown.reveal));
            last = Some(shown.reveal);
            let line = line.ok_or_else(|| {
                ClientError::Misuse(
                    "the public results have a line that the contract does not show".to_owned(),
                )
            })?;
            let extent = extent_of_public(shown);
            if let Err(why) = self.check(line, &extent) {
                return Err(ClientError::Misuse(format!("the public results: {why}")));
            }
            let cell = |value: &PublicValue| match value {
                PublicValue::Number(number) => Cell::Number(*number),
                PublicValue::Bytes(bytes) => Cell::Bytes(bytes.clone()),
            };
            let columns = shown.columns.iter();
            let there = shown.there.iter();
            let opened = Opened {
                columns: columns
                    .map(|column| column.iter().map(cell).collect())
                    .collect(),
                there: there
                    .map(|bits| {
                        bits.iter()
                            .map(|bit| Cell::Number(i64::from(*bit)))
                            .collect()
                    })
                    .collect(),
            };
            found.insert(line.name.clone(), self.value(line, &opened, who)?);
        }
        Ok(found)
    }

    /// How much a member has of each line; what is wrong with it, if the contract does not allow it.
    fn extents<F: PrimeField>(
        &self,
        lines: &BTreeMap<u16, &Reveal>,
        shares: &OutputShares<F>,
    ) -> Result<BTreeMap<u16, Extent>, String> {
        let mut extents = BTreeMap::new();
        for shown in &shares.lines {
            let line = lines.get(&shown.reveal).ok_or_else(|| {
                format!(
                    "it adds a line {} that is not for {}",
                    shown.reveal, self.recipient
                )
            })?;
            if extents.keys().next_back() >= Some(&shown.reveal) {
                return Err(format!("its line {:?} is out of order", line.name));
            }
            let extent = Extent {
                columns: shown.columns.iter().map(Vec::len).collect(),
                there: shown.there.iter().map(Vec::len).collect(),
            };
            self.check(line, &extent)?;
            extents.insert(shown.reveal, extent);
        }
        Ok(extents)
    }

    /// Whether a line can show so much.
    fn check(&self, line: &Reveal, extent: &Extent) -> Result<(), String> {
        let (found, needed) = (extent.columns.len(), line.columns.len());
        if found != needed {
            return Err(format!(
                "{:?} has {found} columns instead of {needed}",
                line.name
            ));
        }
        let elements = extent.columns.first().copied().unwrap_or(0);
        let own = line
            .recipients
            .iter()
            .any(|to| matches!(to, model::Recipient::OwnerOf(_)));
        let given = 1..=self.given as usize;
        if extent.columns.iter().any(|len| *len != elements) || (own && !given.contains(&elements))
        {
            return Err(format!("{:?} has a wrong number of elements", line.name));
        }
        let counts = extent.there.len();
        let possible = match line.hidden_below {
            None => counts == 0,
            Some(_) => counts == 1 || counts == needed,
        };
        // One count stands for all elements, or there is one for each.
        let each = |len: &usize| *len == elements || *len == 1;
        if !possible || !extent.there.iter().all(each) {
            return Err(format!("{:?} has a wrong number of counts", line.name));
        }
        Ok(())
    }

    /// What a line says: one value, or a list of as many as there are elements. Of who may give several rows always a list,
    /// whatever number is used.
    fn value(
        &self,
        line: &Reveal,
        opened: &Opened,
        who: &dyn Fn(u16, &Cell) -> Option<Member>,
    ) -> Result<Value, ClientError> {
        let layout = Layout::of_result(self.program, line);
        let elements = opened.columns.first().map_or(0, Vec::len);
        let mut values = Vec::with_capacity(elements);
        for element in 0..elements {
            let (cells, shown) = opened.element(element).ok_or_else(|| inconsistent(line))?;
            let value = if shown {
                layout.value(&cells, who).map_err(|_| inconsistent(line))?
            } else {
                Value::Hidden
            };
            values.push(value);
        }
        let of_rows = |to: &model::Recipient| match *to {
            model::Recipient::OwnerOf(of) => {
                let of = self.program.collections.get(usize::from(of));
                of.is_some_and(|of| of.rows != RowCount::One)
            }
            _ => false,
        };
        if line.recipients.iter().any(of_rows) {
            return Ok(Value::List(values));
        }
        match <[Value; 1]>::try_from(values) {
            Ok([only]) => Ok(only),
            Err(values) => Ok(Value::List(values)),
        }
    }
}

/// A line in the clear.
struct Opened {
    columns: Vec<Vec<Cell>>,
    there: Vec<Vec<Cell>>,
}

impl Opened {
    /// The cells of an element, and whether the one count of the line lets it be seen. `None` if a count is neither
    /// 0 nor 1.
    fn element(&self, element: usize) -> Option<(Vec<Cell>, bool)> {
        let bits = self
            .there
            .iter()
            .map(|bits| match bits.get(element).or(bits.first())? {
                Cell::Number(bit @ (0 | 1)) => Some(*bit == 1),
                _ => None,
            });
        let bits: Vec<bool> = bits.collect::<Option<_>>()?;
        let whole = match bits[..] {
            [one] => one,
            _ => true,
        };
        let cells = self.columns.iter().enumerate().map(|(column, cells)| {
            let shown = bits.get(column).or(bits.first()).is_none_or(|bit| *bit);
            if shown {
                cells.get(element).cloned()
            } else {
                Some(Cell::Hidden)
            }
        });
        Some((cells.collect::<Option<_>>()?, whole))
    }
}

fn extent_of_public(line: &PublicLine) -> Extent {
    Extent {
        columns: line.columns.iter().map(Vec::len).collect(),
        there: line.there.iter().map(Vec::len).collect(),
    }
}

/// What more than `threshold` members say.
fn agreed(
    extents: &[(NodeId, BTreeMap<u16, Extent>)],
    threshold: usize,
) -> Result<&BTreeMap<u16, Extent>, ClientError> {
    let same =
        |one: &BTreeMap<u16, Extent>| extents.iter().filter(|(_, other)| other == one).count();
    let mut all = extents.iter().map(|(_, extent)| extent);
    all.find(|extent| same(extent) > threshold).ok_or_else(|| {
        ClientError::Misuse(
            "the members of the committee do not agree on what there is to read".to_owned(),
        )
    })
}

/// In what a member differs from what the committee agrees on.
fn difference(
    lines: &BTreeMap<u16, &Reveal>,
    extent: &BTreeMap<u16, Extent>,
    agreed: &BTreeMap<u16, Extent>,
) -> Option<String> {
    let name = |reveal: &u16| lines.get(reveal).map_or("?", |line| line.name.as_str());
    for (reveal, wanted) in agreed {
        match extent.get(reveal) {
            None => return Some(format!("it left out its share of {:?}", name(reveal))),
            Some(found) if found != wanted => {
                return Some(format!(
                    "its share of {:?} has a wrong number of elements",
                    name(reveal)
                ));
            }
            Some(_) => {}
        }
    }
    let added = extent.keys().find(|reveal| !agreed.contains_key(reveal));
    added.map(|reveal| format!("it adds {:?}, which the others do not show", name(reveal)))
}

/// Opens what all members hold alike; `None` if shares lie on no polynomial, or what they share is longer than any value.
fn open<F: PrimeField>(
    committee: &Committee,
    parts: &[&LineShares<F>],
    of: impl Fn(&LineShares<F>) -> &Vec<Vec<Share<F>>>,
) -> Option<Vec<Vec<Cell>>> {
    let first = of(parts.first()?);
    let columns = first.iter().enumerate().map(|(column, elements)| {
        let elements = (0..elements.len()).map(|element| {
            let shares = parts
                .iter()
                .map(|line| Some(of(line).get(column)?.get(element)?.0));
            let shares: Vec<F> = shares.collect::<Option<_>>()?;
            let value = shamir::reconstruct_checked(committee, &shares).ok()?;
            Some(Cell::Number(i64::try_from(value.to_i128()).ok()?))
        });
        elements.collect::<Option<Vec<Cell>>>()
    });
    columns.collect()
}

fn inconsistent(line: &Reveal) -> ClientError {
    ClientError::Inconsistent {
        name: line.name.clone(),
    }
}

#[cfg(test)]
mod tests;
