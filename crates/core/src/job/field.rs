//! The field that a job computes over, which its contract alone decides: what knows shares is here, behind one type for both,
//! and what does not is written once.

use std::collections::BTreeMap;
use std::sync::Arc;

use enigma_bytecode::model::{Contract, Param, Profile};
use enigma_bytecode::plan::{Environment, Limits};
use enigma_field::{Committee, M61, M127, Party as PartyNumber, PrimeField, Shares};
use enigma_mpc::{Engine, Outgoing, SessionSeeds, Slot};
use enigma_vm::{Called, Given, Session, SessionError, Turn};
use enigma_wire::dealing::{Dealt, Row, by_column};
use enigma_wire::effects::Effects;
use enigma_wire::id::MemberIndex;
use zeroize::Zeroizing;

use super::Job;
use super::contributions::Contributions;
use super::outputs::Output;
use super::secrets::{self, Slots};
use crate::party::Shared;
use crate::seam::Write;

/// This member's shares of what a call is given.
pub(super) enum Columns {
    Small(Held<M61>),
    Wide(Held<M127>),
}

/// The same over one field.
pub(super) struct Held<F: PrimeField> {
    /// The admitted rows: by collection of the contract and its columns, in member order.
    rows: BTreeMap<u16, Vec<Shares<F>>>,
    /// The caller's private parameters: one element for each of their columns, in the entry's order.
    params: Shares<F>,
    /// What the committee keeps secret for the instance.
    slots: Slots<F>,
}

impl<F: PrimeField> Default for Held<F> {
    fn default() -> Self {
        Self {
            rows: BTreeMap::new(),
            params: Shares::from(Vec::new()),
            slots: Slots::new(),
        }
    }
}

impl Default for Columns {
    fn default() -> Self {
        Self::Small(Held::default())
    }
}

impl Columns {
    /// Of no collection yet.
    pub(super) fn new(profile: Profile) -> Self {
        match profile {
            Profile::ShamirM61V1 => Self::Small(Held::default()),
            Profile::ShamirM127V1 => Self::Wide(Held::default()),
        }
    }

    /// Adds a collection's rows as they are stored: of each member so many, one after the other, checked against their root
    /// before they were.
    ///
    /// # Errors
    /// In plain words, whose rows are not so many of so many columns over the contract's field.
    pub(super) fn add(
        &mut self,
        committee: &Committee,
        (slot, columns_len): (u16, usize),
        given: &[(MemberIndex, u32, &[u8])],
    ) -> Result<(), String> {
        match self {
            Self::Small(held) => {
                let columns = decode(committee, columns_len, given)?;
                held.rows.insert(slot, columns);
            }
            Self::Wide(held) => {
                let columns = decode(committee, columns_len, given)?;
                held.rows.insert(slot, columns);
            }
        }
        Ok(())
    }

    /// Adds the caller's private parameters as they are stored, checked against their root before they were: so many values.
    ///
    /// # Errors
    /// In plain words, when they are not so many over the contract's field.
    pub(super) fn add_params(
        &mut self,
        committee: &Committee,
        values_len: usize,
        bytes: &[u8],
    ) -> Result<(), String> {
        match self {
            Self::Small(held) => held.params = params(committee, values_len, bytes)?,
            Self::Wide(held) => held.params = params(committee, values_len, bytes)?,
        }
        Ok(())
    }

    /// Adds what the committee keeps secret, as it is stored, and gives who has contributed to it.
    ///
    /// # Errors
    /// In plain words, when it is not over the contract's field.
    pub(super) fn add_slots(&mut self, stored: &[u8]) -> Result<Contributions, String> {
        let contributions;
        match self {
            Self::Small(held) => (contributions, held.slots) = secrets::decode(stored)?,
            Self::Wide(held) => (contributions, held.slots) = secrets::decode(stored)?,
        }
        Ok(contributions)
    }

    /// Begins the call on them.
    ///
    /// # Errors
    /// In plain words, what does not fit.
    pub(super) fn call(self, terms: Terms) -> Result<Box<dyn Call>, String> {
        match self {
            Self::Small(held) => terms.begin(held),
            Self::Wide(held) => terms.begin(held),
        }
    }
}

fn params<F: Dealt>(
    committee: &Committee,
    values_len: usize,
    bytes: &[u8],
) -> Result<Shares<F>, String> {
    let dealt = Row::<F>::decode(committee, values_len, bytes)
        .map_err(|error| format!("the private parameters are damaged: {error}"))?;
    Ok(dealt.shares())
}

fn decode<F: Dealt>(
    committee: &Committee,
    columns_len: usize,
    given: &[(MemberIndex, u32, &[u8])],
) -> Result<Vec<Shares<F>>, String> {
    let rows_len = given.iter().map(|(_, rows, _)| *rows as usize).sum();
    // The capacity is exact, so no copy of a share stays behind in a smaller buffer.
    let column = |_| Vec::with_capacity(rows_len);
    let mut columns: Vec<Vec<F>> = (0..columns_len).map(column).collect();
    for (member, rows, bytes) in given {
        let values_len = columns_len.saturating_mul(*rows as usize);
        let dealt = Row::<F>::decode(committee, values_len, bytes)
            .map_err(|error| format!("the row of member {member} is damaged: {error}"))?;
        let shares = dealt.shares();
        for (column, own) in columns.iter_mut().zip(by_column(&shares[..], columns_len)) {
            column.extend(own);
        }
    }
    Ok(columns.into_iter().map(Shares::from).collect())
}

/// What a call needs beside rows.
pub(super) struct Terms {
    pub(super) program: Arc<Contract>,
    pub(super) entry: usize,
    pub(super) environment: Environment,
    pub(super) committee: Committee,
    pub(super) me: PartyNumber,
    pub(super) seeds: SessionSeeds,
}

impl Terms {
    fn begin<F: PrimeField>(self, held: Held<F>) -> Result<Box<dyn Call>, String> {
        let mut given = Given {
            collections: vec![Vec::new(); self.program.collections.len()],
            params: self.by_parameter(&held.params),
            slots: held.slots.clone(),
        };
        for (slot, columns) in held.rows {
            if let Some(of_slot) = given.collections.get_mut(usize::from(slot)) {
                *of_slot = columns;
            }
        }
        let engine = Engine::<F>::new(self.committee, self.me, self.seeds);
        let session = Session::new(
            self.program,
            self.entry,
            self.environment,
            given,
            Limits::default(),
            engine,
        );
        match session {
            Ok(session) => Ok(Box::new(Running {
                session,
                slots: held.slots,
            })),
            Err(error) => Err(error.to_string()),
        }
    }
}

impl Terms {
    /// By parameter of the entry, one element for each column of private ones.
    fn by_parameter<F: PrimeField>(&self, dealt: &Shares<F>) -> Vec<Vec<Shares<F>>> {
        let params = self
            .program
            .entries
            .get(self.entry)
            .map_or(&[][..], |e| &e.params);
        let mut dealt = dealt.iter().copied();
        let columns = |param: &Param| {
            let columns_len = if param.private {
                param.columns.len()
            } else {
                0
            };
            let own = dealt.by_ref().take(columns_len);
            own.map(|share| Shares::from(vec![share])).collect()
        };
        params.iter().map(columns).collect()
    }
}

/// What a call came to.
pub(super) struct CallResult {
    /// By recipient, in the order of the tree.
    pub(super) outputs: Vec<Output>,
    /// What it changes on the chain.
    pub(super) effects: Effects,
    /// What this member keeps secret from now on, if the call changes that.
    pub(super) secrets: Option<Zeroizing<Vec<u8>>>,
    /// What it changes of what this member keeps beside the chain.
    pub(super) kept: Vec<Write>,
}

/// A session with what the committee kept before it.
struct Running<F: PrimeField> {
    session: Session<F>,
    slots: Slots<F>,
}

/// A session over some field, as a job drives it.
pub(super) trait Call: Send {
    /// See [`Session::handle`].
    fn handle(&mut self, from: PartyNumber, slot: Slot, payload: &[u8])
    -> Result<(), SessionError>;

    /// See [`Session::run`].
    fn run(&mut self) -> Result<Turn, SessionError>;

    /// See [`Session::valid`].
    fn valid(&self) -> &BTreeMap<u16, Vec<bool>>;

    /// See [`Session::go_on`].
    fn go_on(&mut self) -> Result<(), SessionError>;

    /// See [`Session::next_send`].
    fn next_send(&mut self) -> Option<Outgoing>;

    /// See [`Session::waiting_for`].
    fn waiting_for(&self) -> Vec<PartyNumber>;

    /// See [`Session::paid`].
    fn paid(&self) -> u64;

    /// What the call came to: once, when it is over.
    fn result(&mut self, job: &Job, shared: &mut Shared) -> Option<Result<CallResult, String>>;
}

impl<F: PrimeField> Call for Running<F> {
    fn handle(
        &mut self,
        from: PartyNumber,
        slot: Slot,
        payload: &[u8],
    ) -> Result<(), SessionError> {
        self.session.handle(from, slot, payload)
    }

    fn run(&mut self) -> Result<Turn, SessionError> {
        self.session.run()
    }

    fn valid(&self) -> &BTreeMap<u16, Vec<bool>> {
        self.session.valid()
    }

    fn go_on(&mut self) -> Result<(), SessionError> {
        self.session.go_on()
    }

    fn next_send(&mut self) -> Option<Outgoing> {
        self.session.next_send()
    }

    fn waiting_for(&self) -> Vec<PartyNumber> {
        self.session.waiting_for()
    }

    fn paid(&self) -> u64 {
        self.session.paid()
    }

    fn result(&mut self, job: &Job, shared: &mut Shared) -> Option<Result<CallResult, String>> {
        let called = self.session.outcome()?;
        let slots = std::mem::take(&mut self.slots);
        Some(result(job, shared, &called, slots))
    }
}

fn result<F: PrimeField>(
    job: &Job,
    shared: &mut Shared,
    called: &Called<F>,
    slots: Slots<F>,
) -> Result<CallResult, String> {
    Ok(CallResult {
        // Effects that cannot take place refuse the call before anybody is handed a result.
        effects: job.effects(&called.ended.effects)?,
        secrets: job.secrets_after(shared, called, slots)?,
        kept: job.kept_after(&called.ended.effects)?,
        outputs: job.outputs(shared, called)?,
    })
}
