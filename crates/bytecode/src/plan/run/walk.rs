//! The public part of an entry: where the walk stands, what public registers hold, what takes place.
//!
//! An opened value can be awaited: its register is defined and has no value yet. What only passes such a value on, in
//! the public bank or to the ledger, waits in order until it is known; what must know it stops the walk.

mod ledger;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ledger::check_givers;
pub(super) use ledger::fits;

use super::{Ended, Environment, Shown};
use crate::model::{C, Column, Contract, Kind, Known, Op, Param, PublicOp, Register, Reveal, S};
use crate::plan::cost::Limits;
use crate::plan::error::{GateProblem, Limit, PlanError};
use crate::ranges::allowed_rows;
use crate::stored::Values;

/// Bytes of an account.
const ACCOUNT_BYTES: usize = 20;
/// What an element takes that everyone is shown, beside its bytes.
const SHOWN_BYTES: u64 = 24;

/// A walk through the code of an entry. [`Walk::advance`] does what is public; what is secret is its caller's.
#[derive(Clone, Debug)]
pub struct Walk {
    contract: Arc<Contract>,
    part: Part,
    environment: Environment,
    limits: Limits,
    /// Of `If` its `Else` or `End`, of `Else` and `EachMember` their `End`; else 0.
    jumps: Vec<usize>,
    next: usize,
    /// Operations done for members so far.
    member_steps: u64,
    /// Without a value: opened, and not known yet.
    registers: BTreeMap<C, Option<Known>>,
    /// Bytes of public values held: see [`Limit::PublicBytes`].
    held: u64,
    /// Operations that wait for opened values, in order.
    waiting: Vec<usize>,
    /// What it has stored.
    stored: Values,
    /// Manifest lines that are shown, or will be when the stage has run.
    lines: BTreeSet<u16>,
    /// The secret registers that depend on private parameters.
    given: BTreeSet<S>,
    ended: Ended,
}

/// Whose code a walk goes through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// An entry's.
    Entry(usize),
    /// The condition on who belongs to a group.
    Admits(usize),
    /// The condition on who may read a slot.
    Reads(usize),
}

impl Part {
    fn code(self, contract: &Contract) -> Option<&[Op]> {
        let code = match self {
            Part::Entry(entry) => contract.entries.get(entry).map(|entry| &entry.code),
            Part::Admits(group) => contract.groups.get(group)?.admit.as_ref(),
            Part::Reads(slot) => contract.slots.get(slot)?.access.as_ref(),
        };
        code.map(Vec::as_slice)
    }
}

/// Where a walk stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    /// At an operation on secrets, of this place in the code.
    Secret(usize),
    /// Where an opened value must be known.
    Waiting,
    /// At the end.
    End,
}

impl Walk {
    /// At the beginning.
    ///
    /// # Errors
    /// [`PlanError::Range`] if the numbers of rows are not allowed, [`PlanError::Refused`] if a public parameter is not
    /// what the entry takes, [`PlanError::Gate`] if the code is not sound.
    pub fn new(
        contract: Arc<Contract>,
        entry: usize,
        environment: Environment,
        limits: Limits,
    ) -> Result<Walk, PlanError> {
        allowed_rows(&contract, entry, &environment.rows)?;
        environment.check_params(&contract, entry)?;
        environment.check_contributions(&contract, entry)?;
        check_givers(&contract, entry, &environment)?;
        Walk::unasked(contract, entry, environment, limits)
    }

    /// The same for numbers of rows alone.
    pub(super) fn unasked(
        contract: Arc<Contract>,
        entry: usize,
        environment: Environment,
        limits: Limits,
    ) -> Result<Walk, PlanError> {
        allowed_rows(&contract, entry, &environment.rows)?;
        Walk::through(contract, Part::Entry(entry), environment, limits)
    }

    /// At the beginning of any code.
    pub(super) fn through(
        contract: Arc<Contract>,
        part: Part,
        environment: Environment,
        limits: Limits,
    ) -> Result<Walk, PlanError> {
        let code = part.code(&contract).ok_or_else(|| unsound(0))?;
        let (jumps, given) = (jumps(code)?, given(code));
        Ok(Walk {
            contract,
            part,
            environment,
            limits,
            jumps,
            next: 0,
            member_steps: 0,
            registers: BTreeMap::new(),
            held: 0,
            waiting: Vec::new(),
            stored: Values::new(),
            lines: BTreeSet::new(),
            given,
            ended: Ended::default(),
        })
    }

    /// At the beginning once more, as another caller.
    pub(super) fn begin_again(&mut self, caller: &[u8]) {
        self.environment.caller = caller.to_vec();
        self.next = 0;
        self.registers.clear();
        self.held = 0;
    }

    /// The contract.
    #[must_use]
    pub fn contract(&self) -> &Arc<Contract> {
        &self.contract
    }

    /// The parameters of an entry; a condition's are never private.
    pub(super) fn params(&self) -> &[Param] {
        match self.part {
            Part::Entry(entry) => self.contract.entries.get(entry).map(|entry| &entry.params),
            Part::Admits(_) | Part::Reads(_) => None,
        }
        .map_or(&[], Vec::as_slice)
    }

    /// Whether this is a line of the entry.
    fn is_own(&self, line: &Reveal) -> bool {
        self.part == Part::Entry(line.entry.into())
    }

    /// What everyone knew at the beginning.
    #[must_use]
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The code that it goes through.
    #[must_use]
    pub fn code(&self) -> &[Op] {
        self.part.code(&self.contract).unwrap_or_default()
    }

    /// The place of the next operation.
    #[must_use]
    pub fn place(&self) -> usize {
        self.next
    }

    /// Goes on to the next operation on secrets, to where a value is needed, or to the end.
    ///
    /// # Errors
    /// [`PlanError::Refused`], [`PlanError::PublicOverflow`], [`PlanError::Gate`] if the code is not sound.
    pub fn advance(&mut self) -> Result<At, PlanError> {
        let contract = Arc::clone(&self.contract);
        let code = self.part.code(&contract).unwrap_or_default();
        loop {
            let place = self.next;
            let Some(op) = code.get(place) else {
                return Ok(if self.waiting.is_empty() {
                    At::End
                } else {
                    At::Waiting
                });
            };
            self.next = match op {
                Op::If { condition } => match self.number(*condition, place)? {
                    None => return Ok(At::Waiting),
                    Some(0) => self.jumps[place] + 1,
                    Some(_) => place + 1,
                },
                Op::Else => self.jumps[place] + 1,
                Op::End => place + 1,
                Op::Require { condition, why } => match self.number(*condition, place)? {
                    None => return Ok(At::Waiting),
                    Some(0) => return Err(PlanError::Refused { why: why.clone() }),
                    Some(_) => place + 1,
                },
                Op::EachMember { dst, group } => {
                    let body = place + 1..self.jumps[place];
                    if !self.waiting.is_empty() || self.awaits(&code[body.clone()]) {
                        return Ok(At::Waiting);
                    }
                    self.each_member(&code[body.clone()], (*dst, *group), place)?;
                    body.end + 1
                }
                op if is_public(op) => {
                    let ordered = has_order(op) && !self.waiting.is_empty();
                    if ordered || self.awaits(std::slice::from_ref(op)) {
                        self.wait(op, place)?;
                    } else {
                        self.step(op, place)?;
                    }
                    place + 1
                }
                _ => return Ok(At::Secret(place)),
            };
        }
    }

    /// Stands at an operation, however it got there.
    pub(super) fn go_to(&mut self, place: usize) {
        self.next = place;
    }

    /// Takes a register to hold a number.
    pub(super) fn assume(&mut self, register: C, number: i64) {
        self.registers.insert(register, Some(Known::Number(number)));
    }

    /// Lets a line be shown once more: on another path.
    pub(super) fn forget_line(&mut self, reveal: u16) {
        self.lines.remove(&reveal);
    }

    /// Goes past the operation on secrets at which it stopped, and which has been done.
    pub fn pass(&mut self) {
        if let Some(Op::Accumulate { slot, column, src }) = self.code().get(self.next)
            && self.given.contains(src)
        {
            let number = (*slot, *column);
            self.ended.contributed.insert(number);
        }
        self.next += 1;
    }

    /// The number in a register; none if it is not known yet.
    ///
    /// # Errors
    /// [`PlanError::Gate`] if it is not defined or holds bytes.
    pub fn number(&self, register: C, place: usize) -> Result<Option<i64>, PlanError> {
        match self.registers.get(&register) {
            Some(None) => Ok(None),
            Some(Some(Known::Number(number))) => Ok(Some(*number)),
            _ => Err(unsound(place)),
        }
    }

    /// The manifest line of an [`Op::Out`] at this place, which is shown now.
    ///
    /// # Errors
    /// [`PlanError::UnknownReveal`] if it is none of the entry, [`PlanError::Gate`] if it was shown before.
    pub fn line(&mut self, reveal: u16, place: usize) -> Result<Reveal, PlanError> {
        let line = self.contract.manifest.get(usize::from(reveal));
        let line = line.filter(|line| self.is_own(line));
        let line = line.ok_or(PlanError::UnknownReveal { op: place, reveal })?;
        if !self.lines.insert(reveal) {
            return Err(unsound(place));
        }
        self.limits.check(Limit::Reveals, self.lines.len() as u64)?;
        Ok(line.clone())
    }

    /// Defines so many public registers, from one on, whose values will be known when they are opened.
    ///
    /// # Errors
    /// [`PlanError::Gate`] if they are defined already, or cannot be numbered.
    pub fn expect(&mut self, first: C, count: usize, place: usize) -> Result<(), PlanError> {
        for at in 0..count {
            let register = nth(first, at).ok_or_else(|| unsound(place))?;
            self.define(register, None, place)?;
        }
        Ok(())
    }

    /// Counts what a line will show to everyone, whose columns have so many elements each: they stay until the run is over.
    ///
    /// # Errors
    /// [`PlanError::OverLimit`].
    pub fn will_show(
        &mut self,
        line: &Reveal,
        lengths: impl IntoIterator<Item = usize>,
    ) -> Result<(), PlanError> {
        for (column, len) in line.columns.iter().zip(lengths) {
            let each = match column.kind {
                Kind::MemberOf(_) => SHOWN_BYTES + ACCOUNT_BYTES as u64,
                _ => SHOWN_BYTES,
            };
            self.hold(each.saturating_mul(len as u64))?;
        }
        Ok(())
    }

    /// Takes in what the [`Op::Out`] at this place shows to everyone: the elements of each column, then of each count
    /// which are there. Registers that were awaited get their values.
    ///
    /// # Errors
    /// [`PlanError::Gate`] if the line has not so many columns.
    pub fn show(
        &mut self,
        place: usize,
        columns: &[Vec<i64>],
        there: Vec<Vec<bool>>,
    ) -> Result<(), PlanError> {
        let contract = Arc::clone(&self.contract);
        let code = self.part.code(&contract).unwrap_or_default();
        let Some(Op::Out { reveal, public, .. }) = code.get(place) else {
            return Err(unsound(place));
        };
        let line = contract.manifest.get(usize::from(*reveal));
        let line = line.ok_or_else(|| unsound(place))?;
        let mut shown = Vec::new();
        for (at, (column, numbers)) in line.columns.iter().zip(columns).enumerate() {
            let bits = there.get(at).or_else(|| there.first());
            let element = |(k, number): (usize, &i64)| {
                let hidden = bits.is_some_and(|bits| !at_or_only(bits, k).unwrap_or(false));
                self.meaning(column, *number, hidden)
            };
            shown.push(
                numbers
                    .iter()
                    .enumerate()
                    .map(element)
                    .collect::<Vec<Known>>(),
            );
        }
        if let Some(first) = public {
            let bits = there.iter().map(|bits| {
                let bit = bits.first().copied().unwrap_or(false);
                Some(Known::Number(bit.into()))
            });
            let values = shown.iter().map(|column| column.first().cloned());
            for (at, value) in values.chain(bits).enumerate() {
                let register = nth(*first, at).ok_or_else(|| unsound(place))?;
                self.registers.insert(register, value);
            }
        }
        let shown = Shown {
            columns: shown,
            there,
        };
        self.ended.public.insert(*reveal, shown);
        Ok(())
    }

    /// Does what waited for opened values.
    ///
    /// # Errors
    /// As [`Walk::advance`].
    pub fn resume(&mut self) -> Result<(), PlanError> {
        let contract = Arc::clone(&self.contract);
        let code = self.part.code(&contract).unwrap_or_default();
        for place in std::mem::take(&mut self.waiting) {
            if let Some(op) = code.get(place) {
                self.step(op, place)?;
            }
        }
        Ok(())
    }

    /// What the entry came to.
    #[must_use]
    pub fn end(&mut self) -> Ended {
        let manifest = (0..).zip(&self.contract.manifest);
        let own = manifest.filter(|(_, line)| self.is_own(line));
        let skipped = own.map(|(reveal, _)| reveal);
        self.ended.skipped = skipped.filter(|line| !self.lines.contains(line)).collect();
        std::mem::take(&mut self.ended)
    }

    /// What an opened number says.
    fn meaning(&self, column: &Column, number: i64, hidden: bool) -> Known {
        let Kind::MemberOf(collection) = column.kind else {
            return Known::Number(if hidden { 0 } else { number });
        };
        let collection = usize::from(collection);
        let members = self.environment.row_members.get(collection);
        let row = match members.filter(|members| !members.is_empty()) {
            Some(members) => members
                .iter()
                .position(|member| i64::from(*member) == number),
            None => usize::try_from(number).ok(),
        };
        let accounts = self.environment.row_accounts.get(collection);
        let account = accounts.and_then(|accounts| accounts.get(row?));
        let account = account.filter(|_| !hidden).cloned();
        Known::Bytes(account.unwrap_or_else(|| vec![0; ACCOUNT_BYTES]))
    }

    /// Whether any of these operations reads a register whose value is not known yet.
    fn awaits(&self, ops: &[Op]) -> bool {
        let read = ops.iter().flat_map(|op| reads(op).0);
        read.into_iter()
            .any(|register| matches!(self.registers.get(&register), Some(None)))
    }

    fn wait(&mut self, op: &Op, place: usize) -> Result<(), PlanError> {
        if let Some(Register::Public(dst)) = op.clone().destination() {
            self.define(*dst, None, place)?;
        }
        self.waiting.push(place);
        Ok(())
    }

    fn each_member(
        &mut self,
        body: &[Op],
        (dst, group): (C, u16),
        place: usize,
    ) -> Result<(), PlanError> {
        let accounts = self.environment.groups.get(usize::from(group));
        let accounts = accounts.ok_or_else(|| unsound(place))?.clone();
        self.charge_members(accounts.len() as u64, place)?;
        for account in accounts {
            self.define(dst, Some(Known::Bytes(account)), place)?;
            for (op, place) in body.iter().zip(place + 1..) {
                if !is_public(op) {
                    return Err(unsound(place));
                }
                self.step(op, place)?;
            }
            // What the body defines is not there outside: registers are numbered as they come.
            let gone = self.registers.split_off(&dst);
            let bytes = gone.values().flatten().map(bytes_of);
            self.held = self.held.saturating_sub(bytes.sum());
        }
        Ok(())
    }

    /// Counts what the loop at this place does for so many members.
    pub(super) fn charge_members(&mut self, members: u64, place: usize) -> Result<(), PlanError> {
        let each = self.jumps[place].saturating_sub(place) as u64;
        let steps = members.saturating_mul(each);
        self.member_steps = self.member_steps.saturating_add(steps);
        self.limits.check(Limit::MemberSteps, self.member_steps)
    }

    /// Does an operation of the public bank whose operands are known.
    fn step(&mut self, op: &Op, place: usize) -> Result<(), PlanError> {
        let (dst, value) = match op {
            Op::Const { dst, value } => (dst, Known::Number(*value)),
            Op::ConstBytes { dst, value } => (dst, Known::Bytes(value.clone())),
            Op::Rows { dst, collection } => {
                let rows = self.environment.rows.get(usize::from(*collection));
                let rows = rows.ok_or_else(|| unsound(place))?;
                (dst, Known::Number(i64::from(*rows)))
            }
            Op::Param { dst, param, column } => {
                let columns = self.environment.params.get(usize::from(*param));
                let value = columns.and_then(|columns| columns.get(usize::from(*column)));
                (dst, value.ok_or_else(|| unsound(place))?.clone())
            }
            Op::Caller { dst } => (dst, Known::Bytes(self.environment.caller.clone())),
            Op::PartyAccount { dst, party } => {
                let account = self.environment.parties.get(usize::from(*party));
                let account = account.ok_or_else(|| unsound(place))?;
                (dst, Known::Bytes(account.clone()))
            }
            Op::Height { dst } => (dst, Known::Number(self.environment.height)),
            Op::Time { dst } => (dst, Known::Number(self.environment.time)),
            Op::Load {
                dst,
                slot,
                column,
                key,
            } => (dst, self.load((*slot, *column), *key, None, place)?),
            Op::LoadAt {
                dst,
                slot,
                column,
                key,
                height,
            } => (
                dst,
                self.load((*slot, *column), *key, Some(*height), place)?,
            ),
            Op::Public { dst, op, a, b } => {
                let operands = (self.known(*a, place)?, self.known(*b, place)?);
                (dst, computed(*op, operands, place)?)
            }
            Op::Choose {
                dst,
                condition,
                then,
                otherwise,
            } => {
                let (then, otherwise) = (self.known(*then, place)?, self.known(*otherwise, place)?);
                let chosen = if self.is_set(*condition, place)? {
                    then
                } else {
                    otherwise
                };
                (dst, chosen.clone())
            }
            Op::MergePublic {
                dst,
                condition,
                then,
                otherwise,
            } => {
                let taken = if self.is_set(*condition, place)? {
                    then
                } else {
                    otherwise
                };
                (dst, self.known(*taken, place)?.clone())
            }
            _ => return self.effect(op, place),
        };
        // A register that was awaited has its place already.
        if let Some(Some(_)) = self.registers.get(dst) {
            return Err(unsound(place));
        }
        self.hold(bytes_of(&value))?;
        self.registers.insert(*dst, Some(value));
        Ok(())
    }

    /// How many bytes of public values are held.
    pub(super) fn held(&self) -> u64 {
        self.held
    }

    /// Holds so many again: on another path, or on the one that holds more.
    pub(super) fn hold_again(&mut self, bytes: u64) {
        self.held = bytes;
    }

    /// Counts so many bytes more.
    pub(super) fn hold(&mut self, bytes: u64) -> Result<(), PlanError> {
        self.held = self.held.saturating_add(bytes);
        self.limits.check(Limit::PublicBytes, self.held)
    }

    fn known(&self, register: C, place: usize) -> Result<&Known, PlanError> {
        let known = self.registers.get(&register).and_then(Option::as_ref);
        known.ok_or_else(|| unsound(place))
    }

    fn is_set(&self, register: C, place: usize) -> Result<bool, PlanError> {
        match self.known(register, place)? {
            Known::Number(number) => Ok(*number != 0),
            Known::Bytes(_) => Err(unsound(place)),
        }
    }

    fn define(&mut self, register: C, value: Option<Known>, place: usize) -> Result<(), PlanError> {
        self.hold(value.as_ref().map_or(0, bytes_of))?;
        if self.registers.insert(register, value).is_some() {
            return Err(unsound(place));
        }
        Ok(())
    }
}

/// What a value takes beside its place.
fn bytes_of(value: &Known) -> u64 {
    match value {
        Known::Number(_) => 0,
        Known::Bytes(bytes) => bytes.len() as u64,
    }
}

/// The registers that an operation reads.
pub(super) fn reads(op: &Op) -> (Vec<C>, Vec<S>) {
    let (mut public, mut secret) = (Vec::new(), Vec::new());
    op.clone()
        .each_register(|register, defined| match register {
            Register::Public(register) if !defined => public.push(*register),
            Register::Secret(register) if !defined => secret.push(*register),
            _ => {}
        });
    (public, secret)
}

/// Code that no compiler makes and no verifier accepts.
pub(super) fn unsound(place: usize) -> PlanError {
    PlanError::Gate {
        gate: place,
        problem: GateProblem::Operand,
    }
}

/// The register so many places behind.
pub(super) fn nth(first: C, at: usize) -> Option<C> {
    let at = u16::try_from(at).ok()?;
    first.0.checked_add(at).map(C)
}

/// Element `k`, or the only one.
fn at_or_only<T: Copy>(elements: &[T], k: usize) -> Option<T> {
    match elements {
        [only] => Some(*only),
        elements => elements.get(k).copied(),
    }
}

/// Operations that read and write public registers, or change the ledger.
pub(super) fn is_public(op: &Op) -> bool {
    has_order(op)
        || matches!(
            op,
            Op::Const { .. }
                | Op::ConstBytes { .. }
                | Op::Rows { .. }
                | Op::Param { .. }
                | Op::Caller { .. }
                | Op::PartyAccount { .. }
                | Op::Height { .. }
                | Op::Time { .. }
                | Op::LoadAt { .. }
                | Op::Public { .. }
                | Op::Choose { .. }
                | Op::MergePublic { .. }
        )
}

/// Those that must be done in order.
pub(super) fn has_order(op: &Op) -> bool {
    matches!(
        op,
        Op::Load { .. } | Op::Store { .. } | Op::Transfer { .. } | Op::Pays { .. }
    )
}

/// Of `If` its `Else` or `End`, of `Else` and `EachMember` their `End`.
fn jumps(code: &[Op]) -> Result<Vec<usize>, PlanError> {
    let mut jumps = vec![0; code.len()];
    let mut open: Vec<usize> = Vec::new();
    for (place, op) in code.iter().enumerate() {
        match op {
            Op::If { .. } | Op::EachMember { .. } => open.push(place),
            Op::Else => {
                let begun = open.pop().ok_or_else(|| unsound(place))?;
                if !matches!(code[begun], Op::If { .. }) {
                    return Err(unsound(place));
                }
                jumps[begun] = place;
                open.push(place);
            }
            Op::End => {
                let begun = open.pop().ok_or_else(|| unsound(place))?;
                jumps[begun] = place;
            }
            _ => {}
        }
    }
    match open.last() {
        Some(begun) => Err(unsound(*begun)),
        None => Ok(jumps),
    }
}

/// The secret registers that depend on private parameters; none if the code adds to no accumulator.
fn given(code: &[Op]) -> BTreeSet<S> {
    let mut given = BTreeSet::new();
    if !code.iter().any(|op| matches!(op, Op::Accumulate { .. })) {
        return given;
    }
    for op in code {
        let reads = reads(op).1;
        let depends = reads.iter().any(|register| given.contains(register));
        if (depends || matches!(op, Op::SecretParam { .. }))
            && let Some(Register::Secret(first)) = op.clone().destination()
        {
            let defined = (0..=u16::MAX).map_while(|at| first.0.checked_add(at).map(S));
            given.extend(defined.take(op.defines().1));
        }
    }
    given
}

fn computed(op: PublicOp, operands: (&Known, &Known), place: usize) -> Result<Known, PlanError> {
    let value = match operands {
        (Known::Number(a), Known::Number(b)) => {
            let value = op.apply(*a, *b);
            value.ok_or(PlanError::PublicOverflow { op: place })?
        }
        (a, b) if op == PublicOp::Equal => i64::from(a == b),
        _ => return Err(unsound(place)),
    };
    Ok(Known::Number(value))
}
