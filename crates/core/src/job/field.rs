//! The field that a job computes over, which its contract alone decides: what knows shares is here, behind one type for both,
//! and what does not is written once.

use std::collections::BTreeMap;
use std::sync::Arc;

use enigma_bytecode::model::{Contract, Profile};
use enigma_bytecode::plan::{Environment, Limits};
use enigma_field::{Committee, M61, M127, Party as PartyNumber, PrimeField, Shares};
use enigma_mpc::{Engine, Outgoing, SessionSeeds, Slot};
use enigma_vm::{Given, Session, SessionError, Turn};
use enigma_wire::dealing::{Dealt, Row, by_column};
use enigma_wire::effects::Effects;
use enigma_wire::id::MemberIndex;

use super::Job;
use super::outputs::Output;
use crate::party::Shared;

/// This member's shares of the admitted rows: by collection of the contract and its columns, in member order.
pub(super) enum Columns {
    Small(BTreeMap<u16, Vec<Shares<M61>>>),
    Wide(BTreeMap<u16, Vec<Shares<M127>>>),
}

impl Default for Columns {
    fn default() -> Self {
        Self::Small(BTreeMap::new())
    }
}

impl Columns {
    /// Of no collection yet.
    pub(super) fn new(profile: Profile) -> Self {
        match profile {
            Profile::ShamirM61V1 => Self::Small(BTreeMap::new()),
            Profile::ShamirM127V1 => Self::Wide(BTreeMap::new()),
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
            Self::Small(all) => {
                all.insert(slot, decode(committee, columns_len, given)?);
            }
            Self::Wide(all) => {
                all.insert(slot, decode(committee, columns_len, given)?);
            }
        }
        Ok(())
    }

    /// Begins the call on them.
    ///
    /// # Errors
    /// In plain words, what does not fit.
    pub(super) fn call(self, terms: Terms) -> Result<Box<dyn Call>, String> {
        match self {
            Self::Small(columns) => terms.begin(columns),
            Self::Wide(columns) => terms.begin(columns),
        }
    }
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
    fn begin<F: PrimeField>(
        self,
        columns: BTreeMap<u16, Vec<Shares<F>>>,
    ) -> Result<Box<dyn Call>, String> {
        let mut given = Given {
            collections: vec![Vec::new(); self.program.collections.len()],
            params: Vec::new(),
            slots: BTreeMap::new(),
        };
        for (slot, columns) in columns {
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
            Ok(session) => Ok(Box::new(session)),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// Outputs and effects of a call.
pub(super) type CallResult = (Vec<Output>, Effects);

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

    /// Each recipient's output of the call, in the order of the tree, and what the call changes: once, when the call is
    /// over.
    fn result(&mut self, job: &Job, shared: &mut Shared) -> Option<Result<CallResult, String>>;
}

impl<F: PrimeField> Call for Session<F> {
    fn handle(
        &mut self,
        from: PartyNumber,
        slot: Slot,
        payload: &[u8],
    ) -> Result<(), SessionError> {
        self.handle(from, slot, payload)
    }

    fn run(&mut self) -> Result<Turn, SessionError> {
        self.run()
    }

    fn valid(&self) -> &BTreeMap<u16, Vec<bool>> {
        self.valid()
    }

    fn go_on(&mut self) -> Result<(), SessionError> {
        self.go_on()
    }

    fn next_send(&mut self) -> Option<Outgoing> {
        self.next_send()
    }

    fn waiting_for(&self) -> Vec<PartyNumber> {
        self.waiting_for()
    }

    fn paid(&self) -> u64 {
        self.paid()
    }

    fn result(&mut self, job: &Job, shared: &mut Shared) -> Option<Result<CallResult, String>> {
        let called = self.outcome()?;
        // Effects that cannot take place refuse the call before anybody is handed a result.
        let effects = job.effects(&called.ended.effects);
        Some(effects.and_then(|effects| Ok((job.outputs(shared, &called)?, effects))))
    }
}
