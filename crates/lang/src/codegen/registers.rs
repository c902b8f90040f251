//! The operations of an entry so far; equal ones are not repeated.

use std::collections::BTreeMap;

use enigma_bytecode::model::{C, Op, S};

use super::{Done, Stop};

#[derive(Clone, Copy)]
enum Register {
    Public(C),
    Secret(S),
}

/// Code under construction.
#[derive(Default)]
pub(super) struct Registers {
    code: Vec<Op>,
    public_len: u32,
    secret_len: u32,
    /// Operations so far, with their destination set to register 0.
    known: BTreeMap<Op, Register>,
    constants: BTreeMap<C, i64>,
}

impl Registers {
    /// All operations, in order.
    pub(super) fn into_code(self) -> Vec<Op> {
        self.code
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
        if let Some(Register::Public(register)) = self.known.get(&key) {
            return Ok(*register);
        }
        let dst = C(u16::try_from(self.public_len).map_err(|_| Stop::TooLong)?);
        self.public_len += 1;
        self.code.push(op(dst));
        self.known.insert(key, Register::Public(dst));
        Ok(dst)
    }

    /// The register of an operation with a secret result.
    pub(super) fn secret(&mut self, op: impl Fn(S) -> Op) -> Done<S> {
        let key = op(S(0));
        if let Some(Register::Secret(register)) = self.known.get(&key) {
            return Ok(*register);
        }
        let dst = S(u16::try_from(self.secret_len).map_err(|_| Stop::TooLong)?);
        self.secret_len += 1;
        self.code.push(op(dst));
        self.known.insert(key, Register::Secret(dst));
        Ok(dst)
    }

    /// Hands a register out.
    pub(super) fn out(&mut self, reveal: u16, src: S) {
        self.code.push(Op::Out { reveal, src });
    }
}
