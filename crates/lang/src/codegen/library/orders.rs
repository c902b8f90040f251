//! What depends on the order of a vector's elements.

use enigma_bytecode::model::{Op, Order, S};

use super::super::statement::Execution;
use super::super::value::Value;
use super::super::{Done, index, stop};
use super::Call;
use crate::hir::{BinaryOp, Builtin, Type};

impl Execution<'_> {
    pub(super) fn orders(&mut self, call: &Call) -> Done<Value> {
        use Builtin as B;
        let span = call.span;
        if call.builtin == B::OwnerAt {
            return self.owner_at(call);
        }
        let Some(value) = call.values.first() else {
            return self.unknown(call);
        };
        let all = self.vector(value, span)?;
        let a = all.register;
        let order = match call.builtin {
            B::Min | B::Rank | B::ArgMin => Order::Ascending,
            _ => Order::Descending,
        };
        match call.builtin {
            B::Min | B::Max => self.reduced(|dst| Op::First { dst, a, order }),
            B::ArgMin | B::ArgMax => Ok(Value::Place { of: a, order }),
            B::Top2 => {
                let place = Value::Place { of: a, order };
                let first = self.reduced(|dst| Op::First { dst, a, order })?;
                let second = self.reduced(|dst| Op::Second { dst, a, order })?;
                Ok(Value::Many(vec![place, first, second]))
            }
            B::Rank | B::RankDesc => {
                let ranks = self.registers.secret(|dst| Op::Rank { dst, a, order })?;
                match value {
                    Value::Many(parts) => self.listed(ranks, parts.len() as u32),
                    _ => Ok(Value::Secret(super::Secret {
                        register: ranks,
                        ..all
                    })),
                }
            }
            B::Median => {
                let len = self.len((value, &call.args[0]), span)?;
                let mut arithmetic = self.arithmetic(span);
                let up = arithmetic.number(BinaryOp::Add, &len, &Value::Known(1))?;
                let place = arithmetic.number(BinaryOp::Div, &up, &Value::Known(2))?;
                self.quantile(a, &place, call)
            }
            B::Quantile => {
                let [_, Value::Known(part), Value::Known(of)] = call.values[..] else {
                    return self.unknown(call);
                };
                // ceil(n part / of); the opcode takes 1 for 0.
                let len = self.len((value, &call.args[0]), span)?;
                let mut arithmetic = self.arithmetic(span);
                let scaled = arithmetic.number(BinaryOp::Mul, &len, &Value::Known(part))?;
                let up = arithmetic.number(BinaryOp::Add, &scaled, &Value::Known(of - 1))?;
                let place = arithmetic.number(BinaryOp::Div, &up, &Value::Known(of))?;
                self.quantile(a, &place, call)
            }
            B::Highest => {
                // Whoever calls could else have the sorted vector, place by place.
                let Value::Known(from_above) = call.values[1] else {
                    return stop(span, "a place that a run decides");
                };
                let from_above = Value::Known(from_above.clamp(0, 1 << 32));
                let len = self.len((value, &call.args[0]), span)?;
                let mut arithmetic = self.arithmetic(span);
                let behind = arithmetic.number(BinaryOp::Add, &len, &Value::Known(1))?;
                let place = arithmetic.number(BinaryOp::Sub, &behind, &from_above)?;
                self.quantile(a, &place, call)
            }
            _ => self.unknown(call),
        }
    }

    fn quantile(&mut self, a: S, place: &Value, call: &Call) -> Done<Value> {
        let place = self.place(place, call.span)?;
        self.reduced(|dst| Op::Quantile { dst, a, place })
    }

    /// Who gave the row in which the first of a vector stands.
    fn owner_at(&mut self, call: &Call) -> Done<Value> {
        let (Type::Rows(_, collection), [_, Value::Place { of, order }]) =
            (&call.args[0].ty, &call.values[..])
        else {
            return self.unknown(call);
        };
        let (a, order) = (*of, *order);
        let register = (self.registers).secret(|dst| Op::FirstMember { dst, a, order })?;
        self.members.insert(register, index(*collection)?);
        Ok(Value::scalar(register))
    }
}
