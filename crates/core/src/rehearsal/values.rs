//! What a rehearsal is given and gives, in the clear: only whoever asks for it has that.

use std::collections::BTreeMap;
use std::fmt;

use enigma_bytecode::plan::{Ended, Sink};
use enigma_field::{Committee, PrimeField, Shares, shamir};
use enigma_vm::{Called, Given};
use rand_core::CryptoRng;

/// A call in the clear.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// By collection and column: the submitted rows.
    pub collections: Vec<Vec<Vec<i64>>>,
    /// By parameter and column: the values of private ones; empty for public ones.
    pub params: Vec<Vec<i64>>,
    /// What is in columns of secret slots.
    pub slots: BTreeMap<(u16, u16), i64>,
}

/// What came of a call, put together from all parties' shares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opened {
    /// What recipients get and what is stored, by where it goes.
    pub outputs: BTreeMap<Sink, Vec<i64>>,
    /// Effects, and what everyone sees. The same at all parties.
    pub ended: Ended,
}

/// What parties hold does not fit together.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unopened {
    /// They saw different results, or one has none.
    Different,
    /// Their shares lie on no polynomial, or hold what is no number of the language.
    Shares(Sink),
}

impl fmt::Display for Unopened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unopened::Different => f.write_str("the parties saw different results"),
            Unopened::Shares(sink) => {
                write!(f, "the parties' shares of {sink:?} do not fit together")
            }
        }
    }
}

impl std::error::Error for Unopened {}

/// Shares of all values, by party.
pub fn deal<F: PrimeField, R: CryptoRng + ?Sized>(
    committee: &Committee,
    values: &Values,
    rng: &mut R,
) -> Vec<Given<F>> {
    let mut given: Vec<Given<F>> = committee
        .parties()
        .map(|_| Given {
            collections: Vec::new(),
            params: Vec::new(),
            slots: BTreeMap::new(),
        })
        .collect();
    let mut share = |values: &[i64]| -> Vec<Shares<F>> {
        let mut parties = vec![Vec::with_capacity(values.len()); committee.len()];
        for value in values {
            let shares = shamir::share(F::from_i64(*value), committee, rng);
            for (party, share) in parties.iter_mut().zip(shares) {
                party.push(share);
            }
        }
        parties.into_iter().map(Shares::from).collect()
    };
    for columns in &values.collections {
        given
            .iter_mut()
            .for_each(|given| given.collections.push(Vec::new()));
        for rows in columns {
            for (given, shares) in given.iter_mut().zip(share(rows)) {
                given
                    .collections
                    .last_mut()
                    .expect("just pushed")
                    .push(shares);
            }
        }
    }
    for columns in &values.params {
        given
            .iter_mut()
            .for_each(|given| given.params.push(Vec::new()));
        for value in columns {
            for (given, shares) in given.iter_mut().zip(share(&[*value])) {
                given.params.last_mut().expect("just pushed").push(shares);
            }
        }
    }
    for (place, value) in &values.slots {
        for (given, shares) in given.iter_mut().zip(share(&[*value])) {
            given.slots.insert(*place, shares);
        }
    }
    given
}

/// Puts all parties' results together.
///
/// # Errors
/// [`Unopened`] if they do not fit.
pub fn open<F: PrimeField>(
    committee: &Committee,
    called: Vec<Called<F>>,
) -> Result<Opened, Unopened> {
    let ended = called.first().ok_or(Unopened::Different)?.ended.clone();
    if called.iter().any(|other| other.ended != ended) {
        return Err(Unopened::Different);
    }
    let mut held: BTreeMap<Sink, Vec<Shares<F>>> = BTreeMap::new();
    for party in called {
        let slots = party.slots.into_iter();
        let slots = slots.map(|((slot, column), shares)| (Sink::Slot { slot, column }, shares));
        for (sink, shares) in party.shown.into_iter().chain(slots) {
            held.entry(sink).or_default().push(shares);
        }
    }
    let opened = held.into_iter().map(|(sink, parties)| {
        let len = parties.first().map_or(0, |shares| shares.len());
        let value = |place: usize| {
            let all = parties.iter().map(|shares| shares.get(place).copied());
            let all: Vec<F> = all.collect::<Option<_>>()?;
            let value = shamir::reconstruct_checked(committee, &all).ok()?;
            i64::try_from(value.to_i128()).ok()
        };
        let values: Option<Vec<i64>> = (0..len).map(value).collect();
        Ok((sink, values.ok_or(Unopened::Shares(sink))?))
    });
    Ok(Opened {
        outputs: opened.collect::<Result<_, _>>()?,
        ended,
    })
}
