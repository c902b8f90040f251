//! Parameters, stored state and transfers.

use enigma_bytecode::model::{C, Op};
use enigma_bytecode::values::limbs;

use super::columns::{self, Side};
use super::statement::{Execution, Variable, part_mut};
use super::value::Value;
use super::{Done, index, stop};
use crate::hir::{Expr, ExprKind, Place, Root, Store, Type};
use crate::span::Span;

impl Execution<'_> {
    /// Puts the parameters into their variables.
    pub(super) fn parameters(&mut self) -> Done<()> {
        for (place, param) in self.entry.params.iter().enumerate() {
            let place = index(place)?;
            let ty = self.entry.locals[param.local.0 as usize].ty.clone();
            let value = if param.private {
                self.columns(&ty, Side::Secret, |this, column| {
                    let register = this.registers.secret(|dst| Op::SecretParam {
                        dst,
                        param: place,
                        column,
                    })?;
                    Ok(Value::scalar(register))
                })?
            } else {
                self.columns(&ty, Side::Public, |this, column| {
                    let register = this.registers.public(|dst| Op::Param {
                        dst,
                        param: place,
                        column,
                    })?;
                    Ok(Value::Public(register))
                })?
            };
            self.set(param.local, value);
        }
        Ok(())
    }

    /// Reads all secret slots but accumulators: what is not used falls away.
    pub(super) fn load_slots(&mut self) -> Done<()> {
        let checked = self.checked;
        for (slot, declared) in columns::slots(&checked.hir) {
            if declared.store == Store::Mpc && !declared.accumulator {
                let value = self.load_secret(slot)?;
                self.memory.slots.insert(slot, value);
            }
        }
        Ok(())
    }

    fn load_secret(&mut self, slot: usize) -> Done<Value> {
        let ty = self.checked.hir.slots[slot].ty.clone();
        let slot = self.slot_index(slot)?;
        self.columns(&ty, Side::Secret, |this, column| {
            let register =
                (this.registers).fresh_secret(|dst| Op::LoadSecret { dst, slot, column })?;
            Ok(Value::scalar(register))
        })
    }

    /// Stores what the entry has put into secret slots.
    pub(super) fn store_slots(&mut self) -> Done<()> {
        let written = self.memory.written.clone();
        for variable in written {
            let Variable::Slot(slot) = variable else {
                continue;
            };
            let declared = &self.checked.hir.slots[slot];
            let (span, ty) = (declared.span, declared.ty.clone());
            let Some(value) = self.memory.get(variable).cloned() else {
                continue;
            };
            let slot = self.slot_index(slot)?;
            let shaped = self.shaped(&value, &ty, span)?;
            for (column, leaf) in (0..).zip(leaves(&shaped)) {
                let src = self.arithmetic(span).secret(&leaf)?.register;
                self.registers.emit(Op::StoreSecret { slot, column, src });
            }
        }
        Ok(())
    }

    /// A slot that is a variable of the entry until its end.
    pub(super) fn slot_variable(&self, slot: usize) -> Option<Variable> {
        self.memory
            .slots
            .contains_key(&slot)
            .then_some(Variable::Slot(slot))
    }

    /// What is in a slot, or was there after a block.
    pub(super) fn load(
        &mut self,
        slot: usize,
        key: Option<&Expr>,
        height: Option<&Expr>,
        span: Span,
    ) -> Done<Value> {
        let checked = self.checked;
        let Some(declared) = checked.hir.slots.get(slot) else {
            return stop(span, "this slot");
        };
        if let Some(value) = self.memory.slots.get(&slot) {
            return Ok(value.clone());
        }
        match declared.store {
            Store::Mpc if declared.accumulator => self.load_secret(slot),
            Store::Mpc => stop(span, "a key"),
            Store::Ledger | Store::Dht => {
                let (key, height) = (self.key(key)?, self.key(height)?);
                let slot = self.slot_index(slot)?;
                self.columns(&declared.ty, Side::Public, |this, column| {
                    let register = this.registers.fresh(|dst| match height {
                        None => Op::Load {
                            dst,
                            slot,
                            column,
                            key,
                        },
                        Some(height) => Op::LoadAt {
                            dst,
                            slot,
                            column,
                            key,
                            height,
                        },
                    })?;
                    Ok(Value::Public(register))
                })
            }
        }
    }

    /// The number of a slot in bytecode.
    pub(super) fn slot_index(&self, slot: usize) -> Done<u16> {
        let before = columns::slots(&self.checked.hir).take_while(|(place, _)| *place < slot);
        index(before.count())
    }

    /// A public value that says where or when.
    fn key(&mut self, key: Option<&Expr>) -> Done<Option<C>> {
        let Some(key) = key else { return Ok(None) };
        let value = self.expression(key)?;
        Ok(Some(self.arithmetic(key.span).public(&value)?))
    }

    /// Stores a public value, in a part of a slot.
    pub(super) fn store(
        &mut self,
        slot: usize,
        key: Option<&Expr>,
        way: &[usize],
        value: &Value,
        span: Span,
    ) -> Done<()> {
        let checked = self.checked;
        let Some(declared) = checked.hir.slots.get(slot) else {
            return stop(span, "this slot");
        };
        if declared.store == Store::Mpc {
            return stop(span, "this store");
        }
        let key = self.key(key)?;
        let mut numbers = (0..).map(Value::Known);
        let mut whole = columns::value(&declared.ty, Side::Public, &checked.hir, &mut || {
            numbers.next().unwrap_or(Value::Known(0))
        });
        let Some(part) = part_mut(&mut whole, way, span)? else {
            return Ok(());
        };
        let slot = self.slot_index(slot)?;
        let (places, values) = (leaves(part), leaves(value));
        if places.len() != values.len() {
            return stop(span, "storing this value");
        }
        for (place, value) in places.iter().zip(&values) {
            let Value::Known(column) = place else {
                continue;
            };
            let column = index(usize::try_from(*column).unwrap_or(usize::MAX))?;
            let src = self.arithmetic(span).public(value)?;
            self.registers.emit(Op::Store {
                slot,
                column,
                key,
                src,
            });
        }
        Ok(())
    }

    /// Adds to an accumulator: nothing where a private condition around does not hold.
    pub(super) fn accumulate(&mut self, place: &Place, value: &Value) -> Done<()> {
        let span = place.span;
        let way = self.way(place)?;
        let Root::Slot(slot, _) = place.root else {
            return stop(span, "this accumulator");
        };
        let checked = self.checked;
        let Some(declared) = checked.hir.slots.get(slot) else {
            return stop(span, "this accumulator");
        };
        let mut numbers = (0..).map(Value::Known);
        let mut whole = columns::value(&declared.ty, Side::Secret, &checked.hir, &mut || {
            numbers.next().unwrap_or(Value::Known(0))
        });
        let Some(part) = part_mut(&mut whole, &way, span)? else {
            return Ok(());
        };
        let active = self.all_active(span)?;
        let slot = self.slot_index(slot)?;
        let (places, values) = (leaves(part), leaves(value));
        if places.len() != values.len() {
            return stop(span, "adding this value");
        }
        for (place, value) in places.iter().zip(&values) {
            let Value::Known(column) = place else {
                continue;
            };
            let column = index(usize::try_from(*column).unwrap_or(usize::MAX))?;
            let added = match &active {
                Some(bit) => (self.arithmetic(span)).select(bit, value, &Value::Known(0))?,
                None => value.clone(),
            };
            let src = self.arithmetic(span).secret(&added)?.register;
            self.registers.emit(Op::Accumulate { slot, column, src });
        }
        Ok(())
    }

    pub(super) fn transfer(&mut self, from: Option<&Expr>, to: &Expr, amount: &Expr) -> Done<()> {
        let mut public = |expr: &Expr| {
            if matches!(expr.kind, ExprKind::Error) {
                return stop(expr.span, "this value");
            }
            let value = self.expression(expr)?;
            self.arithmetic(expr.span).public(&value)
        };
        let from = from.map(&mut public).transpose()?;
        let (to, amount) = (public(to)?, public(amount)?);
        self.registers.emit(Op::Transfer { from, to, amount });
        Ok(())
    }

    /// A value in the shape of its type's private columns: known bytes in pieces.
    pub(super) fn shaped(&mut self, value: &Value, ty: &Type, span: Span) -> Done<Value> {
        match (value, ty) {
            (Value::Bytes(bytes), Type::Bytes(len) | Type::Text(len)) => {
                let limbs = limbs(bytes, *len).into_iter().map(Value::Known);
                Ok(Value::Many(limbs.collect()))
            }
            (Value::Public(_), Type::Bytes(_) | Type::Text(_)) => {
                stop(span, "public bytes among private ones")
            }
            (Value::Many(parts), _) => {
                let mut shaped = Vec::new();
                for (place, part) in parts.iter().enumerate() {
                    let ty = self.part_type(ty, place);
                    shaped.push(self.shaped(part, &ty, span)?);
                }
                Ok(Value::Many(shaped))
            }
            (Value::Maybe(there, value), Type::Maybe(inner)) => {
                let value = self.shaped(value, inner, span)?;
                Ok(Value::Maybe(there.clone(), Box::new(value)))
            }
            (Value::Bytes(_) | Value::Place { .. }, _) => stop(span, "this value"),
            _ => Ok(value.clone()),
        }
    }
}

/// The leaves of a value, in order.
pub(super) fn leaves(value: &Value) -> Vec<Value> {
    let mut leaves = Vec::new();
    value.clone().leaves(&mut |leaf| {
        leaves.push(leaf.clone());
        leaf
    });
    leaves
}
