//! The public bank, order and effects.

use super::scope::{Kind, Misplaced};
use super::{Pass, PublicRange, RangeError, Step};
use crate::interval::{Interval, Wide};
use crate::model::{self, C, Op, PublicOp, Slot};

impl Pass<'_> {
    pub(super) fn public_value(&mut self, code: &Op) -> Step {
        let missing = RangeError::BadIndex { op: self.op };
        match *code {
            Op::Const { dst, value } => self.define_number(dst, Wide::exactly(value)),
            Op::ConstBytes { dst, ref value } => {
                let len = u32::try_from(value.len()).ok();
                let len = len.filter(|len| *len <= crate::verify::MAX_VALUE_BYTES);
                let len = len.ok_or(RangeError::BadParameter { op: self.op })?;
                let bytes = PublicRange::Bytes {
                    least: len,
                    most: len,
                };
                self.define_public(dst, bytes)
            }
            Op::Rows { dst, collection } => {
                let (low, high) = self.rows_of(collection)?;
                let rows = Wide {
                    low: low.into(),
                    high: high.into(),
                };
                self.define_number(dst, rows)
            }
            Op::Param { dst, param, column } => {
                let entry = self.entry;
                let param = entry.params.get(usize::from(param));
                let param = param.filter(|param| !param.private).ok_or(missing)?;
                let value = of_column(self.column(&param.columns, column)?);
                self.define_public(dst, value)
            }
            Op::Caller { dst } => self.define_public(dst, PublicRange::ACCOUNT),
            Op::PartyAccount { dst, party } => {
                let parties = self.contract.parties.len();
                if usize::from(party) >= parties {
                    return Err(missing);
                }
                self.define_public(dst, PublicRange::ACCOUNT)
            }
            Op::Height { dst } | Op::Time { dst } => {
                let counted = Wide {
                    low: 0,
                    high: i64::MAX.into(),
                };
                self.define_number(dst, counted)
            }
            Op::Load {
                dst,
                slot,
                column,
                key,
            } => {
                let slot = self.known_slot(slot, key)?;
                let value = of_column(self.column(&slot.columns, column)?);
                self.define_public(dst, value)
            }
            Op::LoadAt {
                dst,
                slot,
                column,
                key,
                height,
            } => {
                self.public_number(height)?;
                let slot = self.known_slot(slot, key)?;
                if slot.store != model::Store::Ledger {
                    return Err(missing);
                }
                let value = of_column(self.column(&slot.columns, column)?);
                self.define_public(dst, value)
            }
            Op::Public { dst, op, a, b } => self.public_operation(dst, op, a, b),
            Op::Choose {
                dst,
                condition,
                then,
                otherwise,
            } => {
                self.public_number(condition)?;
                let (a, b) = (self.public(then)?, self.public(otherwise)?);
                self.either(dst, a, b)
            }
            Op::MergePublic {
                dst,
                condition,
                then,
                otherwise,
            } => {
                self.public_number(condition)?;
                let scopes = &self.scopes;
                if !scopes.public_is_mergeable(then.0, condition, true)
                    || !scopes.public_is_mergeable(otherwise.0, condition, false)
                {
                    return Err(RangeError::Undefined { op: self.op });
                }
                let both = self.ranges.public(then).zip(self.ranges.public(otherwise));
                let (a, b) = both.ok_or(RangeError::Undefined { op: self.op })?;
                self.either(dst, a, b)
            }
            _ => unreachable!("sorted by `step`"),
        }
    }

    pub(super) fn effect(&mut self, code: &Op) -> Step {
        let misplaced = RangeError::BadNesting { op: self.op };
        let placed = |result: Result<(), Misplaced>| result.map_err(|Misplaced| misplaced);
        match *code {
            Op::Require { condition, ref why } => {
                if why.len() > crate::verify::MAX_TEXT {
                    return Err(RangeError::BadParameter { op: self.op });
                }
                self.public_number(condition).map(|_| ())
            }
            Op::Pays { amount } => self.public_number(amount).map(|_| ()),
            Op::Store {
                slot,
                column,
                key,
                src,
            } => {
                let slot = self.known_slot(slot, key)?;
                let column = of_column(self.column(&slot.columns, column)?);
                match (self.public(src)?, column) {
                    // Where it lies is checked when it is stored.
                    (PublicRange::Number(_), PublicRange::Number(_)) => Ok(()),
                    (
                        PublicRange::Bytes { least, most },
                        PublicRange::Bytes {
                            least: fewest,
                            most: longest,
                        },
                    ) if fewest <= least && most <= longest => Ok(()),
                    _ => Err(RangeError::NotANumber { op: self.op }),
                }
            }
            Op::Transfer { from, to, amount } => {
                for account in from.into_iter().chain([to]) {
                    if self.public(account)? != PublicRange::ACCOUNT {
                        return Err(RangeError::NotAnAccount { op: self.op });
                    }
                }
                self.public_number(amount).map(|_| ())
            }
            Op::If { condition } => {
                self.public_number(condition)?;
                placed(self.scopes.begin(Kind::Side {
                    condition,
                    taken: true,
                }))
            }
            Op::Else => placed(self.scopes.otherwise()),
            Op::End => placed(self.scopes.end()),
            Op::EachMember { dst, group } => {
                if usize::from(group) >= self.contract.groups.len() {
                    return Err(RangeError::BadIndex { op: self.op });
                }
                placed(self.scopes.begin(Kind::EachMember))?;
                self.define_public(dst, PublicRange::ACCOUNT)
            }
            _ => unreachable!("sorted by `step`"),
        }
    }

    fn public_operation(&mut self, dst: C, op: PublicOp, a: C, b: C) -> Step {
        if op == PublicOp::Equal {
            let pair = (self.public(a)?, self.public(b)?);
            if let (PublicRange::Bytes { .. }, PublicRange::Bytes { .. }) = pair {
                return self.define_number(dst, super::BIT);
            }
        }
        let (x, y) = (self.public_number(a)?, self.public_number(b)?);
        let value = match op {
            PublicOp::Add => x.plus(y),
            PublicOp::Sub if a == b => Wide::exactly(0),
            PublicOp::Sub => x.minus(y),
            PublicOp::Mul if a == b => x.square(),
            PublicOp::Mul => x.times(y),
            PublicOp::Div => x.divided_by(y),
            PublicOp::Rem => x.modulo(y),
            PublicOp::Smaller => x.smaller(y),
            PublicOp::Larger => x.larger(y),
            PublicOp::Less | PublicOp::Equal => super::BIT,
        };
        self.define_number(dst, value)
    }

    fn either(&mut self, dst: C, a: PublicRange, b: PublicRange) -> Step {
        let both = a.union(b);
        let both = both.ok_or(RangeError::NotANumber { op: self.op })?;
        self.define_public(dst, both)
    }

    /// A slot that everyone knows who runs. A map has a key, which may be any public value that is short.
    fn known_slot(&self, slot: u16, key: Option<C>) -> Step<&Slot> {
        let missing = RangeError::BadIndex { op: self.op };
        if let Some(key) = key
            && let PublicRange::Bytes { most, .. } = self.public(key)?
            && most > crate::verify::MAX_KEY_BYTES
        {
            return Err(RangeError::BadParameter { op: self.op });
        }
        let found = self.contract.slots.get(usize::from(slot)).ok_or(missing)?;
        if !found.store.is_public() || found.key.is_some() != key.is_some() {
            return Err(missing);
        }
        Ok(found)
    }
}

/// What a public column holds.
fn of_column(column: &model::Column) -> PublicRange {
    match column.kind {
        model::Kind::Bytes(most) => PublicRange::Bytes { least: 0, most },
        model::Kind::Account => PublicRange::ACCOUNT,
        _ => PublicRange::Number(Interval {
            low: column.low,
            high: column.high.max(column.low),
        }),
    }
}
