//! Values of a type: its zero, a constant, and what a test or a client gives for it.

use std::sync::Arc;

use super::{Account, Value};
use crate::hir::{Constant, FixType, Hir, Length, Type};

/// Longest list: the language's limit for vectors.
pub(crate) const ELEMENTS_MAX: u64 = 1 << 20;

/// How many rows each collection has in a run.
#[derive(Clone, Debug, Default)]
pub struct Lengths(pub Vec<usize>);

impl Lengths {
    /// Of a list, in this run.
    pub(crate) fn of(&self, length: &Length) -> u64 {
        let rows = length.rows.iter().map(|c| self.rows(*c) as u64);
        rows.fold(length.fixed, u64::saturating_add)
    }

    /// Of a collection.
    pub(crate) fn rows(&self, collection: usize) -> usize {
        self.0.get(collection).copied().unwrap_or(0)
    }
}

impl Value {
    /// What there is when nothing is: 0, `false`, the first name, no account, nothing. `None` for types with errors
    /// and for lists over the limit.
    #[must_use]
    pub fn zero(ty: &Type, hir: &Hir, lengths: &Lengths) -> Option<Value> {
        let zero = |ty| Value::zero(ty, hir, lengths);
        let repeated = |ty, times: u64| {
            let times = usize::try_from(times.min(ELEMENTS_MAX + 1)).ok()?;
            if times as u64 > ELEMENTS_MAX {
                return None;
            }
            Some(Value::list(vec![zero(ty)?; times]))
        };
        Some(match ty {
            Type::Bool => Value::Truth(false),
            Type::Int(_) => Value::Number(0),
            Type::Fix(fix) => Value::Fixed {
                fraction: fix.fraction,
                scaled: 0,
            },
            Type::Enum(of) => Value::Variant { of: *of, place: 0 },
            Type::Id => Value::Account(Account::Nobody),
            Type::Bytes(len) => Value::bytes(&vec![0; usize::try_from(*len).ok()?]),
            Type::Text(_) | Type::Str => Value::text(&[]),
            Type::Key(_) => Value::Key(None),
            Type::Maybe(_) => Value::Maybe(None),
            Type::Tuple(parts) => {
                Value::Tuple(Arc::new(parts.iter().map(zero).collect::<Option<_>>()?))
            }
            Type::Struct(index) => {
                let fields = &hir.structs.get(*index)?.fields;
                let fields = fields.iter().map(|field| zero(&field.ty));
                Value::Struct(*index, Arc::new(fields.collect::<Option<_>>()?))
            }
            Type::List(element, length) => repeated(element, lengths.of(length))?,
            Type::Rows(element, collection) => repeated(element, lengths.rows(*collection) as u64)?,
            Type::Place(_) => Value::Place(0),
            Type::Unknown => return None,
        })
    }

    /// A constant as a value of its type.
    #[must_use]
    pub fn constant(constant: &Constant, ty: &Type, hir: &Hir) -> Option<Value> {
        let none = Lengths::default();
        let pairwise = |types: &mut dyn Iterator<Item = &Type>| -> Option<Arc<Vec<Value>>> {
            let Constant::Many(parts) = constant else {
                return None;
            };
            let parts = parts.iter().zip(types);
            let parts = parts.map(|(part, ty)| Value::constant(part, ty, hir));
            Some(Arc::new(parts.collect::<Option<_>>()?))
        };
        Some(match (constant, ty) {
            (Constant::Int(place), Type::Enum(of)) => Value::Variant {
                of: *of,
                place: u32::try_from(*place).ok()?,
            },
            (Constant::Int(number), Type::Fix(fix)) => Value::Fixed {
                fraction: fix.fraction,
                scaled: number.checked_mul(1_i128.checked_shl(fix.fraction)?)?,
            },
            (Constant::Int(number), _) => Value::Number(*number),
            (Constant::Bool(truth), _) => Value::Truth(*truth),
            (Constant::Fix(scaled), Type::Fix(fix)) => Value::Fixed {
                fraction: fix.fraction,
                scaled: *scaled,
            },
            (Constant::Bytes(bytes), Type::Text(_) | Type::Str) => Value::text(bytes),
            (Constant::Bytes(bytes), _) => Value::bytes(bytes),
            (Constant::Text(text), _) => Value::text(text.as_bytes()),
            (Constant::NoAccount, _) => Value::Account(Account::Nobody),
            (Constant::NoKey, _) => Value::Key(None),
            (Constant::Maybe(None), _) => Value::Maybe(None),
            (Constant::Maybe(Some(value)), Type::Maybe(ty)) => {
                Value::some(Value::constant(value, ty, hir)?)
            }
            (Constant::Many(_), Type::List(element, _)) => {
                Value::List(pairwise(&mut std::iter::repeat(&**element))?)
            }
            (Constant::Many(_), Type::Tuple(parts)) => Value::Tuple(pairwise(&mut parts.iter())?),
            (Constant::Many(_), Type::Struct(index)) => {
                let fields = &hir.structs.get(*index)?.fields;
                Value::Struct(*index, pairwise(&mut fields.iter().map(|f| &f.ty))?)
            }
            _ => return Value::zero(ty, hir, &none),
        })
    }

    /// This value as one of the type, from what a test or a client writes for it: numbers become `fix`, enums and truth values, and
    /// bytes (big-endian); texts become `text`. What does not fit the type's range keeps its number. `None` if it is something else.
    #[must_use]
    pub fn typed(&self, ty: &Type, hir: &Hir) -> Option<Value> {
        let each = |parts: &[Value], types: &mut dyn Iterator<Item = &Type>| {
            let parts = parts
                .iter()
                .zip(types)
                .map(|(part, ty)| part.typed(ty, hir));
            Some(Arc::new(parts.collect::<Option<Vec<Value>>>()?))
        };
        match (self, ty) {
            (Value::Truth(_), Type::Bool)
            | (Value::Number(_), Type::Int(_))
            | (Value::Account(_), Type::Id)
            | (Value::Text(_), Type::Str)
            | (Value::Key(_), Type::Key(_))
            | (Value::Maybe(None), Type::Maybe(_)) => Some(self.clone()),
            (Value::Number(number), Type::Bool) => match number {
                0 => Some(Value::Truth(false)),
                1 => Some(Value::Truth(true)),
                _ => None,
            },
            (Value::Number(number), Type::Enum(of)) => {
                let place = u32::try_from(*number).ok()?;
                let known = hir.enums.get(*of)?.variants.len() as u64;
                (u64::from(place) < known).then_some(Value::Variant { of: *of, place })
            }
            (Value::Number(_) | Value::Decimal { .. }, Type::Fix(fix)) => self.as_fix(*fix),
            (Value::Fixed { fraction, .. }, Type::Fix(fix)) => {
                (*fraction == fix.fraction).then(|| self.clone())
            }
            (Value::Number(number), Type::Bytes(len)) => big_endian(*number, *len),
            (Value::Variant { of, .. }, Type::Enum(ty)) => (of == ty).then(|| self.clone()),
            (Value::Bytes(bytes), Type::Bytes(len)) => {
                (bytes.len() as u64 == u64::from(*len)).then(|| self.clone())
            }
            (Value::Text(text), Type::Text(len)) => {
                (text.len() as u64 <= u64::from(*len)).then(|| self.clone())
            }
            (Value::Text(text), Type::Bytes(len)) => {
                let mut bytes = text.as_bytes().to_vec();
                let len = usize::try_from(*len).ok()?;
                if bytes.len() > len {
                    return None;
                }
                bytes.resize(len, 0);
                Some(Value::bytes(&bytes))
            }
            (Value::Maybe(Some(value)), Type::Maybe(ty)) => {
                Some(Value::some(value.typed(ty, hir)?))
            }
            (_, Type::Maybe(ty)) => Some(Value::some(self.typed(ty, hir)?)),
            (Value::List(items), Type::List(element, length)) => {
                let fits = length.constant().is_none_or(|n| n == items.len() as u64);
                let items = each(items, &mut std::iter::repeat(&**element))?;
                fits.then_some(Value::List(items))
            }
            (Value::List(items), Type::Rows(element, _)) => Some(Value::List(each(
                items,
                &mut std::iter::repeat(&**element),
            )?)),
            (Value::Tuple(parts), Type::Tuple(types)) => {
                let same = parts.len() == types.len();
                let parts = each(parts, &mut types.iter())?;
                same.then_some(Value::Tuple(parts))
            }
            (Value::Struct(of, fields), Type::Struct(index)) => {
                let declared = &hir.structs.get(*index)?.fields;
                let same = of == index && fields.len() == declared.len();
                let fields = each(fields, &mut declared.iter().map(|f| &f.ty))?;
                same.then_some(Value::Struct(*index, fields))
            }
            _ => None,
        }
    }

    /// A number as the nearest one in fixed point, ties up.
    pub(crate) fn as_fix(&self, fix: FixType) -> Option<Value> {
        let one = 1_i128.checked_shl(fix.fraction)?;
        let scaled = match self {
            Value::Number(number) => number.checked_mul(one)?,
            Value::Decimal { units, decimals } => {
                let ten = 10_i128.checked_pow(*decimals)?;
                let twice = units.checked_mul(one)?.checked_mul(2)?.checked_add(ten)?;
                twice.div_euclid(ten.checked_mul(2)?)
            }
            _ => return None,
        };
        Some(Value::Fixed {
            fraction: fix.fraction,
            scaled,
        })
    }
}

fn big_endian(number: i128, len: u32) -> Option<Value> {
    let number = u128::try_from(number).ok()?.to_be_bytes();
    let len = usize::try_from(len).ok()?;
    let mut bytes = vec![0; len];
    let shared = len.min(number.len());
    let (dropped, kept) = number.split_at_checked(number.len() - shared)?;
    if dropped.iter().any(|b| *b != 0) {
        return None;
    }
    bytes.get_mut(len - shared..)?.copy_from_slice(kept);
    Some(Value::bytes(&bytes))
}
