//! The operations of an entry so far; equal ones are not repeated.

use std::collections::BTreeMap;

use enigma_bytecode::model::{C, Op, S};
use enigma_bytecode::ranges::MAX_OPS;

use super::{Done, Stop};

#[derive(Clone, Copy)]
enum Register {
    Public(C),
    Secret(S),
}

/// Code under construction. Registers are numbered as they come; `prune` numbers them in order of the code.
pub(super) struct Registers {
    /// The code outside of all `If`s, then that of the sides that are being made, innermost last.
    sides: Vec<Side>,
    public_len: u32,
    secret_len: u32,
    constants: BTreeMap<C, i64>,
}

#[derive(Default)]
struct Side {
    code: Vec<Op>,
    /// Operations of this side, with their destination set to register 0.
    known: BTreeMap<Op, Register>,
}

impl Default for Registers {
    fn default() -> Registers {
        Registers {
            sides: vec![Side::default()],
            public_len: 0,
            secret_len: 0,
            constants: BTreeMap::new(),
        }
    }
}

impl Registers {
    /// All operations, in order.
    pub(super) fn into_code(mut self) -> Vec<Op> {
        self.end_side()
    }

    /// How many sides and bodies are open.
    pub(super) fn depth(&self) -> usize {
        self.sides.len().saturating_sub(1)
    }

    /// Begins a side of an `If`, or a body: what it defines is not known outside.
    pub(super) fn begin_side(&mut self) {
        self.sides.push(Side::default());
    }

    /// Goes on with a side that had ended.
    pub(super) fn resume_side(&mut self, code: Vec<Op>) {
        let known = BTreeMap::new();
        self.sides.push(Side { code, known });
    }

    /// Ends the innermost side and takes its operations.
    pub(super) fn end_side(&mut self) -> Vec<Op> {
        self.sides.pop().map(|side| side.code).unwrap_or_default()
    }

    /// The register of a constant.
    pub(super) fn constant(&mut self, value: i64) -> Done<C> {
        let register = self.public(|dst| Op::Const { dst, value })?;
        self.constants.insert(register, value);
        Ok(register)
    }

    /// The constant that a register holds, if it does.
    pub(super) fn constant_in(&self, register: C) -> Option<i64> {
        self.constants.get(&register).copied()
    }

    /// The register of an operation on public values.
    pub(super) fn public(&mut self, op: impl Fn(C) -> Op) -> Done<C> {
        let key = op(C(0));
        if let Some(Register::Public(register)) = self.found(&key) {
            return Ok(register);
        }
        let dst = self.new_public(1)?;
        self.emit(op(dst));
        self.remember(key, Register::Public(dst));
        Ok(dst)
    }

    /// The register of an operation with a secret result.
    pub(super) fn secret(&mut self, op: impl Fn(S) -> Op) -> Done<S> {
        self.secrets(1, op)
    }

    /// The first of several registers of an operation with as many secret results.
    pub(super) fn secrets(&mut self, count: usize, op: impl Fn(S) -> Op) -> Done<S> {
        let key = op(S(0));
        if let Some(Register::Secret(register)) = self.found(&key) {
            return Ok(register);
        }
        let dst = self.new_secret(count)?;
        self.emit(op(dst));
        self.remember(key, Register::Secret(dst));
        Ok(dst)
    }

    /// The register of a public value that may change: what is stored is read again.
    pub(super) fn fresh(&mut self, op: impl Fn(C) -> Op) -> Done<C> {
        let dst = self.new_public(1)?;
        self.emit(op(dst));
        Ok(dst)
    }

    /// The same of a secret one.
    pub(super) fn fresh_secret(&mut self, op: impl Fn(S) -> Op) -> Done<S> {
        self.fresh_secrets(1, op)
    }

    /// The first of several registers of an operation whose results are new each time.
    pub(super) fn fresh_secrets(&mut self, count: usize, op: impl FnOnce(S) -> Op) -> Done<S> {
        let dst = self.new_secret(count)?;
        self.emit(op(dst));
        Ok(dst)
    }

    fn new_secret(&mut self, count: usize) -> Done<S> {
        let dst = S(u16::try_from(self.secret_len).map_err(|_| Stop::TooLong)?);
        self.secret_len += u32::try_from(count).map_err(|_| Stop::TooLong)?;
        Ok(dst)
    }

    /// The first of so many new public registers.
    pub(super) fn new_public(&mut self, count: usize) -> Done<C> {
        let dst = C(u16::try_from(self.public_len).map_err(|_| Stop::TooLong)?);
        self.public_len += u32::try_from(count).map_err(|_| Stop::TooLong)?;
        Ok(dst)
    }

    /// Whether there are more operations than an entry may have.
    pub(super) fn is_full(&self) -> bool {
        let operations: usize = self.sides.iter().map(|side| side.code.len()).sum();
        operations > 4 * MAX_OPS
    }

    /// Adds an operation that is not a value.
    pub(super) fn emit(&mut self, op: Op) {
        if let Some(side) = self.sides.last_mut() {
            side.code.push(op);
        }
    }

    fn found(&self, key: &Op) -> Option<Register> {
        let mut sides = self.sides.iter();
        sides.find_map(|side| side.known.get(key).copied())
    }

    fn remember(&mut self, key: Op, register: Register) {
        if let Some(side) = self.sides.last_mut() {
            side.known.insert(key, register);
        }
    }
}
