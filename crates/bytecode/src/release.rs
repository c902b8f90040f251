//! Release policy on bytecode: from whose data each register comes and how far it is mixed, and whether what the
//! owners allow covers who sees it. A node's half of rule C in section 3.4 of the language; the compiler has its own,
//! by other code but for [`Form`], and this one is never more permissive.
//!
//! **Sources** are the rows of a collection, what is in a secret slot, a private parameter. Of each source a value has
//! a set of mixes (`value::Value`); all of them count, since `row - row + sum` shows the sum, however little of the
//! row is left in it.
//!
//! - A vector over the rows of a collection has its rows *aligned*: element i depends on row i. Only a reduction over
//!   that whole vector mixes them. What is taken from its place, or moved to another, is of a *single row*.
//! - Where private data of *another* source decides what becomes of a row (a comparison, a selection, a quotient), the
//!   rows are *chosen*: a sum over them is one over a hidden part, and so are statistics of cells and what a join brings.
//!   Such a value needs `hidden_below` of at least the `k` of `aggregate(k)`, on a count of just the rows behind it
//!   (`subset`); a count of other rows is no guard. So does one where a condition on one column of the rows themselves
//!   lets through another column: what a comparison or a rounding has decided stays a condition through sums and products
//!   (`Value::deciding`), and meets another column in whatever is not linear. Or where a divisor, an order, or a function that
//!   is flat here and steep there is of several columns that do not count as they were given ([`Form`], 0061). Sums, products
//!   and counts that need neither are not found (0043). Noise is none either: owners were promised k rows, and not an epsilon.
//! - A scalar that is 0 or 1 is one truth value. Two truth values of one source in one value are more than a bit, and so
//!   are two lines of one entry, or two that it stores: a run in stages asks the second question when it knows the answer to the
//!   first, and what is stored is shown by other runs.
//! - What is read from a slot has the slot as its source, in every mix that any entry has ever put into it
//!   (`stored`); the slot's own clauses decide. A truth value is one still where the slot has room for no more. What goes into a
//!   slot must come from sources that allow all that the slot allows. An accumulator's `aggregate(k)` counts its own contributions,
//!   which are not known of a copy; so no other slot with such a clause takes it over. Where other private data than its caller's
//!   has a say in a contribution, sums are over a hidden part of those who are counted.
//! - A private parameter's caller agrees to the manifest by calling.
//!
//! Time and memory are linear in the code: a value's mixes are sets of fixed size.

mod form;
mod policy;
mod set;
mod stored;
mod subset;
mod value;
mod walk;

pub use form::Form;
pub use policy::Refusal;
pub(crate) use policy::named;

use crate::model::{Contract, Op, Reveal, S, Shape, Source};
use crate::ranges::{self, Ranges};
use stored::Stored;
use value::Value;

/// The sources of every manifest line whose value the owners allow to be shown, for who writes the manifest. Empty if
/// the code is not well formed.
#[must_use]
pub fn derived(contract: &Contract) -> Vec<(usize, Vec<(Source, Shape)>)> {
    let ranges = (0..contract.entries.len()).map(|entry| ranges::declared(contract, entry));
    let Ok(ranges) = ranges.collect::<Result<Vec<Ranges>, _>>() else {
        return Vec::new();
    };
    let release = Release::new(contract, &ranges);
    let mut lines = Vec::new();
    for (index, entry) in contract.entries.iter().enumerate() {
        let flow = release.flow(index);
        for op in &entry.code {
            let Op::Out {
                reveal,
                values,
                counts,
                ..
            } = op
            else {
                continue;
            };
            let line = usize::from(*reveal);
            let shown = contract.manifest.get(line);
            let sources = shown.and_then(|shown| flow.shown(shown, values, counts).ok());
            lines.extend(sources.map(|sources| (line, sources)));
        }
    }
    lines
}

/// The sources of all values of a contract.
#[derive(Debug)]
pub struct Release<'a> {
    contract: &'a Contract,
    ranges: &'a [Ranges],
    stored: Stored,
}

/// The sources of the values of one entry.
#[derive(Debug)]
pub struct Flow<'a> {
    contract: &'a Contract,
    values: Vec<Value>,
}

impl<'a> Release<'a> {
    /// Of a contract with the ranges of its entries, in order, which also say that the code is well formed.
    #[must_use]
    pub fn new(contract: &'a Contract, ranges: &'a [Ranges]) -> Release<'a> {
        Release {
            contract,
            ranges,
            stored: Stored::by_all(contract, ranges),
        }
    }

    /// Of one entry; without values if there is no such entry.
    #[must_use]
    pub fn flow(&self, entry: usize) -> Flow<'a> {
        let code = self.contract.entries.get(entry).zip(self.ranges.get(entry));
        let values = code.map_or_else(Vec::new, |(entry, ranges)| {
            walk::values(self.contract, entry, ranges, &self.stored)
        });
        Flow {
            contract: self.contract,
            values,
        }
    }
}

impl Flow<'_> {
    /// From what a manifest line is computed and under which shape each source releases it: the most demanding of
    /// those that its recipients and mixes need. `values` and `counts` are those of its `Out`.
    ///
    /// # Errors
    /// [`Refusal`]: something that it shows is not allowed to one of the recipients, or needs a guard.
    pub fn shown(
        &self,
        line: &Reveal,
        values: &[S],
        counts: &[S],
    ) -> Result<Vec<(Source, Shape)>, Refusal> {
        let of = |registers: &[S]| registers.iter().map(|&r| self.value(r)).collect::<Vec<_>>();
        policy::shown(self.contract, line, &of(values), &of(counts))
    }

    /// Of which sources a manifest line shows one truth value under `allow bit`. An entry shows or stores one of each source.
    #[must_use]
    pub fn bits(&self, line: &Reveal, values: &[S], counts: &[S]) -> Vec<Source> {
        let of = |registers: &[S]| registers.iter().map(|&r| self.value(r)).collect::<Vec<_>>();
        policy::bits(self.contract, line, &of(values), &of(counts))
    }

    /// Of which sources one truth value under `allow bit` goes into a slot.
    #[must_use]
    pub fn bits_stored(&self, slot: u16, value: S) -> Vec<Source> {
        policy::bits_stored(self.contract, slot, &self.value(value))
    }

    /// Whether a value may be stored in a slot, or added to what is in it.
    ///
    /// # Errors
    /// [`Refusal`]: the slot may be shown in a way that a source of the value may not.
    pub fn stored(&self, slot: u16, value: S) -> Result<(), Refusal> {
        policy::stored(self.contract, slot, &self.value(value))
    }

    fn value(&self, register: S) -> Value {
        let value = self.values.get(usize::from(register.0)).cloned();
        value.unwrap_or_default().settled()
    }
}
