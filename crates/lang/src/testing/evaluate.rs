//! Expressions of tests: values are typed when they meet others.

use std::sync::Arc;

use super::{Checkpoint, Session};
use crate::hir::{BinaryOp, Clock, FixType, TestCaller, TestExpr, TestFunction, Type, UnaryOp};
use crate::interpret::{Shown, binary, cast, unary};
use crate::value::{Account, ELEMENTS_MAX, Value};

impl Session<'_> {
    /// The value of an expression.
    pub(super) fn evaluate(&self, expr: &TestExpr) -> Checkpoint<Value> {
        Ok(match expr {
            TestExpr::Int(number) => Value::Number(*number),
            TestExpr::Decimal { units, decimals } => Value::Decimal {
                units: *units,
                decimals: *decimals,
            },
            TestExpr::Bool(truth) => Value::Truth(*truth),
            TestExpr::Text(text) => Value::text(text.as_bytes()),
            TestExpr::Variant(of, place) => Value::Variant {
                of: *of,
                place: *place,
            },
            TestExpr::Struct(index, fields) => {
                let fields = Arc::new(self.all(fields)?);
                let value = Value::Struct(*index, fields);
                let typed = value.typed(&Type::Struct(*index), &self.checked.hir);
                typed.ok_or_else(|| format!("{} has fields of other types", self.show(&value)))?
            }
            TestExpr::List(items) => Value::list(self.all(items)?),
            TestExpr::Repeat(value, times) => {
                let value = self.evaluate(value)?;
                Value::list(vec![value; self.length(times)?])
            }
            TestExpr::Result(name) => self.result(name)?,
            TestExpr::Slot(slot, key) => {
                let key = self.key(*slot, key.as_deref())?;
                self.stored(*slot, key.as_ref())?
            }
            TestExpr::Account(caller) => Value::Account(self.account(caller)?),
            TestExpr::Index(list, place) => {
                let (list, place) = (self.evaluate(list)?, self.place(place)?);
                let items = self.elements(&list)?;
                let found = items.get(place).cloned();
                found.ok_or_else(|| {
                    format!("there is no element {place}: there are {}", items.len())
                })?
            }
            TestExpr::Field(of, name) => {
                let of = self.evaluate(of)?;
                self.field(&of, name)?
            }
            TestExpr::Clock(Clock::Height) => Value::Number(self.world.height),
            TestExpr::Clock(Clock::Time) => Value::Number(self.world.time),
            TestExpr::Choose(parts) => {
                let [condition, then, otherwise] = &**parts;
                match self.evaluate(condition)? {
                    Value::Truth(true) => self.evaluate(then)?,
                    Value::Truth(false) => self.evaluate(otherwise)?,
                    other => return Err(format!("{} is no condition", self.show(&other))),
                }
            }
            TestExpr::Call(function, args) => self.call(*function, args)?,
            TestExpr::Cast(value, ty) => {
                let value = self.evaluate(value)?;
                self.cast(&value, ty)?
            }
            TestExpr::Unary(op, operand) => {
                let operand = self.evaluate(operand)?;
                let sign = match op {
                    UnaryOp::Negate => "-",
                    UnaryOp::Not => "!",
                };
                let value = match (op, &operand) {
                    (UnaryOp::Negate, Value::Decimal { units, decimals }) => {
                        let negated = units.checked_neg();
                        negated.map(|units| Value::Decimal {
                            units,
                            decimals: *decimals,
                        })
                    }
                    _ => unary(*op, &operand),
                };
                value
                    .ok_or_else(|| format!("`{sign}` does not apply to {}", self.show(&operand)))?
            }
            TestExpr::Binary(op, a, b) => {
                let (a, b) = self.sides(a, b)?;
                let value = operate(*op, &a, &b);
                value.ok_or_else(|| {
                    let (a, b) = (self.show(&a), self.show(&b));
                    format!("`{}` does not apply to {a} and {b}", op.sign())
                })?
            }
        })
    }

    /// Two operands, each in the type of the other.
    pub(super) fn sides(&self, a: &TestExpr, b: &TestExpr) -> Checkpoint<(Value, Value)> {
        let (a, b) = (self.evaluate(a)?, self.evaluate(b)?);
        Ok((meet(&a, &b), meet(&b, &a)))
    }

    /// A place in a list, or a count.
    pub(super) fn place(&self, expr: &TestExpr) -> Checkpoint<usize> {
        let value = self.evaluate(expr)?;
        let place = match value {
            Value::Number(number) => usize::try_from(number).ok(),
            _ => None,
        };
        place.ok_or_else(|| format!("{} is no place in a list", self.show(&value)))
    }

    /// An account.
    pub(super) fn account(&self, caller: &TestCaller) -> Checkpoint<Account> {
        Ok(match caller {
            TestCaller::Party(party) => Account::Party(*party),
            TestCaller::Member(group, k) => {
                let k = self.place(k)?;
                let declared = self.checked.hir.groups.get(*group);
                match declared {
                    Some(declared) if (k as u64) < u64::from(declared.max) => {
                        Account::Member(*group, u32::try_from(k).unwrap_or(u32::MAX))
                    }
                    Some(declared) => {
                        return Err(format!(
                            "`{}` has at most {} members",
                            declared.name, declared.max
                        ));
                    }
                    None => return Err("there is no such group".to_owned()),
                }
            }
            TestCaller::Other(name) => Account::Other(Arc::from(name.as_str())),
        })
    }

    /// The key of a map, as its type.
    pub(super) fn key(&self, slot: usize, key: Option<&TestExpr>) -> Checkpoint<Option<Value>> {
        let hir = &self.checked.hir;
        let ty = hir.slots.get(slot).and_then(|slot| slot.key.as_ref());
        match (key, ty) {
            (Some(key), Some(ty)) => {
                let key = self.evaluate(key)?;
                let typed = key.typed(ty, hir);
                typed
                    .map(Some)
                    .ok_or_else(|| format!("{} is no key of this map", self.show(&key)))
            }
            (None, None) => Ok(None),
            (None, Some(_)) => Err("this is a map: say which key".to_owned()),
            (Some(_), None) => Err("this is no map".to_owned()),
        }
    }

    /// What is in a slot.
    pub(super) fn stored(&self, slot: usize, key: Option<&Value>) -> Checkpoint<Value> {
        let stored = self.world.stored(slot, key);
        stored.ok_or_else(|| "there is nothing in this slot".to_owned())
    }

    fn show(&self, value: &Value) -> String {
        value.show(&self.checked.hir)
    }

    fn all(&self, exprs: &[TestExpr]) -> Checkpoint<Vec<Value>> {
        exprs.iter().map(|expr| self.evaluate(expr)).collect()
    }

    fn elements<'v>(&self, value: &'v Value) -> Checkpoint<&'v [Value]> {
        value
            .elements()
            .ok_or_else(|| format!("{} is no list", self.show(value)))
    }

    fn field(&self, of: &Value, name: &str) -> Checkpoint<Value> {
        let found = match of {
            Value::Struct(index, parts) => {
                let declared = self.checked.hir.structs.get(*index).into_iter();
                let mut fields = declared.flat_map(|s| &s.fields).zip(parts.iter());
                fields.find(|(field, _)| field.name == name)
            }
            _ => None,
        };
        let found = found.map(|(_, value)| value.clone());
        found.ok_or_else(|| format!("{} has no field `{name}`", self.show(of)))
    }

    fn length(&self, expr: &TestExpr) -> Checkpoint<usize> {
        let len = self.place(expr)?;
        if len as u64 > ELEMENTS_MAX {
            return Err(format!("a list of {len} elements is too long"));
        }
        Ok(len)
    }

    /// Rows that were refused have no value.
    fn result(&self, name: &str) -> Checkpoint<Value> {
        match self.results.get(name) {
            Some(Shown::One(value)) => Ok(value.clone()),
            Some(Shown::PerOwner(rows)) => {
                let row = |row: &Option<Value>| row.clone().unwrap_or(Value::Maybe(None));
                Ok(Value::list(rows.iter().map(row).collect()))
            }
            None if self.results.is_empty() => Err(format!("the last run did not reveal `{name}`")),
            None => {
                let names: Vec<String> = self
                    .results
                    .keys()
                    .map(|name| format!("`{name}`"))
                    .collect();
                let names = names.join(", ");
                Err(format!(
                    "the last run did not reveal `{name}`, it revealed {names}"
                ))
            }
        }
    }

    fn cast(&self, value: &Value, ty: &Type) -> Checkpoint<Value> {
        let hir = &self.checked.hir;
        let fits = || format!("{} cannot be that type", self.show(value));
        match (value, ty) {
            (Value::Decimal { .. }, Type::Int(_)) => {
                let fix = value.as_fix(FixType {
                    integer: 64,
                    fraction: 32,
                });
                fix.and_then(|fix| cast(&fix, ty)).ok_or_else(fits)
            }
            (Value::Decimal { .. }, _) => value.typed(ty, hir).ok_or_else(fits),
            (Value::List(items), Type::List(element, _)) => {
                let items = items.iter().map(|item| self.cast(item, element));
                Ok(Value::list(items.collect::<Result<_, _>>()?))
            }
            _ => cast(value, ty)
                .or_else(|| value.typed(ty, hir))
                .ok_or_else(fits),
        }
    }

    fn call(&self, function: TestFunction, args: &[TestExpr]) -> Checkpoint<Value> {
        use TestFunction as F;
        let values = || self.all(args);
        match (function, args) {
            (F::Iota, [from, to]) => {
                let ends = (self.evaluate(from)?, self.evaluate(to)?);
                let (Value::Number(from), Value::Number(to)) = ends else {
                    return Err("`iota` is from one whole number to another".to_owned());
                };
                let len = to.checked_sub(from).unwrap_or(i128::MAX);
                if len > i128::from(ELEMENTS_MAX) {
                    return Err(format!("a list of {len} elements is too long"));
                }
                Ok(Value::list((from..to).map(Value::Number).collect()))
            }
            (F::Fill, [times, value]) => {
                let value = self.evaluate(value)?;
                Ok(Value::list(vec![value; self.length(times)?]))
            }
            (F::Concat, _) => {
                let mut items = Vec::new();
                for list in values()? {
                    items.extend_from_slice(self.elements(&list)?);
                    if items.len() as u64 > ELEMENTS_MAX {
                        return Err("the list is too long".to_owned());
                    }
                }
                Ok(Value::list(items))
            }
            (F::Some, [value]) => Ok(Value::some(self.evaluate(value)?)),
            (F::None, []) => Ok(Value::Maybe(None)),
            (F::DigestOf, [text]) => match self.evaluate(text)? {
                Value::Text(text) => Ok(Value::bytes(blake3::hash(text.as_bytes()).as_bytes())),
                other => Err(format!(
                    "`digest_of` is of a text, not of {}",
                    self.show(&other)
                )),
            },
            (F::Abs, [value]) => {
                let value = self.evaluate(value)?;
                let abs = match &value {
                    Value::Number(number) => number.checked_abs().map(Value::Number),
                    Value::Fixed { fraction, scaled } => {
                        scaled.checked_abs().map(|scaled| Value::Fixed {
                            fraction: *fraction,
                            scaled,
                        })
                    }
                    Value::Decimal { decimals, units } => {
                        units.checked_abs().map(|units| Value::Decimal {
                            decimals: *decimals,
                            units,
                        })
                    }
                    _ => None,
                };
                abs.ok_or_else(|| format!("`abs` is of a number, not of {}", self.show(&value)))
            }
            (F::Len, [list]) => {
                let list = self.evaluate(list)?;
                Ok(Value::Number(self.elements(&list)?.len() as i128))
            }
            _ => Err("a function with other arguments".to_owned()),
        }
    }
}

/// A value in the type of what it meets: numbers as written become fixed point, as they do in entries, part by part.
fn meet(value: &Value, other: &Value) -> Value {
    let pairwise = |values: &[Value], others: &[Value]| {
        let same = values.len() == others.len();
        let met = values
            .iter()
            .zip(others)
            .map(|(value, other)| meet(value, other));
        same.then(|| met.collect::<Vec<Value>>())
    };
    let met = match (value, other) {
        (Value::Number(_) | Value::Decimal { .. }, Value::Fixed { fraction, .. }) => {
            let fraction = *fraction;
            value.as_fix(FixType {
                integer: 64,
                fraction,
            })
        }
        (Value::Number(number), Value::Decimal { .. }) => Some(Value::Decimal {
            units: *number,
            decimals: 0,
        }),
        (Value::Maybe(Some(value)), Value::Maybe(Some(other))) => {
            Some(Value::some(meet(value, other)))
        }
        (Value::List(values), Value::List(others)) => pairwise(values, others).map(Value::list),
        (Value::Tuple(values), Value::Tuple(others)) => {
            pairwise(values, others).map(|parts| Value::Tuple(Arc::new(parts)))
        }
        (Value::Number(_), Value::Bytes(bytes)) => {
            let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            value.typed(&Type::Bytes(len), &crate::Hir::default())
        }
        _ => None,
    };
    met.unwrap_or_else(|| value.clone())
}

/// `a op b` of values that have met.
fn operate(op: BinaryOp, a: &Value, b: &Value) -> Option<Value> {
    let (
        Value::Decimal {
            units: x,
            decimals: p,
        },
        Value::Decimal {
            units: y,
            decimals: q,
        },
    ) = (a, b)
    else {
        return binary(op, a, b);
    };
    let decimals = (*p).max(*q);
    let scaled = |units: i128, from: u32| units.checked_mul(10_i128.checked_pow(decimals - from)?);
    let (x, y) = (scaled(*x, *p)?, scaled(*y, *q)?);
    let decimal = |units: i128| Some(Value::Decimal { units, decimals });
    match op {
        BinaryOp::Add => decimal(x.checked_add(y)?),
        BinaryOp::Sub => decimal(x.checked_sub(y)?),
        op if op.is_comparison() => binary(op, &Value::Number(x), &Value::Number(y)),
        _ => None,
    }
}
