//! How values lie in columns: structs, lists and bytes are several numbers.

use enigma_bytecode::interval::{Interval, Wide};
use enigma_bytecode::model::{Column, Kind, Known};
use enigma_bytecode::values::{limb_bits, limbs};

use super::value::Value;
use crate::hir::{Hir, Slot, Type};
use crate::value::{Lengths, Value as Plain};

/// Most columns of one value.
const MOST_COLUMNS: usize = 4096;

/// Whether bytes are one public value or pieces that can be shared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Of the ledger, of public parameters and of what everyone sees.
    Public,
    /// Of rows, private parameters, secret slots and of what is computed from them.
    Secret,
}

/// The columns of a value of this type, in order. `range`: where its numbers lie, where the type does not say
/// it. `limit`: magnitudes stay below.
///
/// # Errors
/// What about the type has no columns, in words.
pub(crate) fn columns(
    ty: &Type,
    range: Option<Wide>,
    side: Side,
    hir: &Hir,
    limit: i128,
) -> Result<Vec<Column>, String> {
    let mut layout = Layout {
        hir,
        side,
        limit,
        columns: Vec::new(),
    };
    layout.add("", ty, range)?;
    Ok(layout.columns)
}

struct Layout<'a> {
    hir: &'a Hir,
    side: Side,
    limit: i128,
    columns: Vec<Column>,
}

impl Layout<'_> {
    fn add(&mut self, name: &str, ty: &Type, range: Option<Wide>) -> Result<(), String> {
        let below = |part: &str| {
            if name.is_empty() {
                part.to_owned()
            } else {
                format!("{name}.{part}")
            }
        };
        match ty {
            Type::Bool => self.push(name, Kind::Bool, Wide { low: 0, high: 1 }),
            Type::Int(int) => {
                let whole = range.unwrap_or(int.range());
                self.push(name, Kind::Integer, self.cut(whole))
            }
            Type::Fix(fix) => {
                let kind = Kind::Fixed(u8::try_from(fix.fraction).map_err(|_| "this type")?);
                let whole = range.unwrap_or(fix.range());
                self.push(name, kind, self.cut(whole))
            }
            Type::Enum(index) => {
                let variants = self.hir.enums.get(*index).map_or(1, |e| e.variants.len());
                let high = variants.saturating_sub(1) as i128;
                let kind = Kind::Enum(u16::try_from(*index).map_err(|_| "so many enumerations")?);
                self.push(name, kind, Wide { low: 0, high })
            }
            Type::Bytes(len) | Type::Text(len) => self.bytes(name, *len, &below),
            Type::Id if self.side == Side::Public => {
                self.push(name, Kind::Account, Wide::exactly(0))
            }
            Type::List(element, length) => {
                let len = length.constant().ok_or("a list as long as rows are many")?;
                for place in 0..len {
                    self.add(&below(&place.to_string()), element, range)?;
                }
                Ok(())
            }
            Type::Tuple(parts) => {
                for (place, part) in parts.iter().enumerate() {
                    self.add(&below(&place.to_string()), part, range)?;
                }
                Ok(())
            }
            Type::Struct(index) => {
                let hir = self.hir;
                let fields = hir.structs.get(*index).map_or(&[][..], |s| &s.fields);
                for field in fields {
                    self.add(&below(&field.name), &field.ty, field.range)?;
                }
                Ok(())
            }
            Type::Maybe(value) => {
                self.push(&below("some"), Kind::Bool, Wide { low: 0, high: 1 })?;
                self.add(&below("value"), value, range)
            }
            Type::Id => Err("a private account".to_owned()),
            Type::Key(_) => Err("a key".to_owned()),
            Type::Str | Type::Rows(..) | Type::Place(_) | Type::Unknown => {
                Err("a value of this type".to_owned())
            }
        }
    }

    fn bytes(
        &mut self,
        name: &str,
        len: u32,
        below: &impl Fn(&str) -> String,
    ) -> Result<(), String> {
        if self.side == Side::Public {
            return self.push(name, Kind::Bytes(len), Wide::exactly(0));
        }
        for (place, bits) in limb_bits(len).enumerate() {
            let high = (1 << bits) - 1;
            self.push(
                &below(&place.to_string()),
                Kind::Limb,
                Wide { low: 0, high },
            )?;
        }
        Ok(())
    }

    /// A type's whole range, cut to what a register can hold.
    fn cut(&self, range: Wide) -> Wide {
        let most = self.limit - 1;
        Wide {
            low: range.low.clamp(-most, most),
            high: range.high.clamp(-most, most),
        }
    }

    fn push(&mut self, name: &str, kind: Kind, range: Wide) -> Result<(), String> {
        if self.columns.len() >= MOST_COLUMNS {
            return Err(format!("a value of more than {MOST_COLUMNS} numbers"));
        }
        let Interval { low, high } = range.narrow_to(1 << 63).ok_or("this range")?;
        self.columns.push(Column {
            name: name.to_owned(),
            kind,
            low,
            high,
        });
        Ok(())
    }
}

/// The columns of a value of this type, in order. `None` if it is none, or holds what has no columns.
pub(crate) fn of_value(value: &Plain, ty: &Type, side: Side, hir: &Hir) -> Option<Vec<Known>> {
    let mut columns = Vec::new();
    flatten(value, ty, side, hir, &mut columns)?;
    Some(columns)
}

/// The same of a private value, whose columns are numbers.
pub(crate) fn numbers(value: &Plain, ty: &Type, hir: &Hir) -> Option<Vec<i64>> {
    let number = |known: Known| match known {
        Known::Number(number) => Some(number),
        Known::Bytes(_) => None,
    };
    let columns = of_value(value, ty, Side::Secret, hir)?;
    columns.into_iter().map(number).collect()
}

fn flatten(
    value: &Plain,
    ty: &Type,
    side: Side,
    hir: &Hir,
    columns: &mut Vec<Known>,
) -> Option<()> {
    match (value, ty) {
        (Plain::Bytes(bytes), Type::Bytes(len) | Type::Text(len)) => {
            push_bytes(bytes, *len, side, columns);
        }
        (Plain::Text(text), Type::Bytes(len) | Type::Text(len)) => {
            push_bytes(text.as_bytes(), *len, side, columns);
        }
        (Plain::List(parts), Type::List(element, _)) => {
            for part in parts.iter() {
                flatten(part, element, side, hir, columns)?;
            }
        }
        (Plain::Tuple(parts), Type::Tuple(types)) => {
            for (part, ty) in parts.iter().zip(types) {
                flatten(part, ty, side, hir, columns)?;
            }
        }
        (Plain::Struct(_, parts), Type::Struct(index)) => {
            let fields = &hir.structs.get(*index)?.fields;
            for (part, field) in parts.iter().zip(fields) {
                flatten(part, &field.ty, side, hir, columns)?;
            }
        }
        (Plain::Maybe(inside), Type::Maybe(inner)) => {
            columns.push(Known::Number(inside.is_some().into()));
            let zero = Plain::zero(inner, hir, &Lengths::default());
            let inside = inside.as_deref().cloned().or(zero)?;
            flatten(&inside, inner, side, hir, columns)?;
        }
        (Plain::Number(_) | Plain::Fixed { .. }, _) => {
            let number = value.number().and_then(|x| i64::try_from(x).ok())?;
            columns.push(Known::Number(number));
        }
        (Plain::Truth(truth), _) => columns.push(Known::Number((*truth).into())),
        (Plain::Variant { place, .. }, _) => columns.push(Known::Number((*place).into())),
        (Plain::Account(who), _) => columns.push(Known::Bytes(who.address())),
        _ => return None,
    }
    Some(())
}

/// Bytes, padded with zeros.
fn push_bytes(bytes: &[u8], len: u32, side: Side, columns: &mut Vec<Known>) {
    let mut padded = bytes.to_vec();
    padded.resize(len as usize, 0);
    match side {
        Side::Public => columns.push(Known::Bytes(padded)),
        Side::Secret => {
            let limbs = limbs(&padded, len).into_iter();
            columns.extend(limbs.map(Known::Number));
        }
    }
}

/// The slots that bytecode knows, with their places among all, in its order: it has none that is left out.
pub(crate) fn slots(hir: &Hir) -> impl Iterator<Item = (usize, &Slot)> {
    let slots = hir.slots.iter().enumerate();
    slots.filter(|(_, slot)| !slot.left_out)
}

/// A value of this type whose leaves come in order of its columns.
pub(super) fn value(ty: &Type, side: Side, hir: &Hir, leaf: &mut impl FnMut() -> Value) -> Value {
    match ty {
        Type::Bytes(len) | Type::Text(len) if side == Side::Secret => {
            Value::Many(limb_bits(*len).map(|_| leaf()).collect())
        }
        Type::List(element, length) => {
            let len = length.constant().unwrap_or(0);
            Value::Many((0..len).map(|_| value(element, side, hir, leaf)).collect())
        }
        Type::Tuple(parts) => {
            Value::Many(parts.iter().map(|ty| value(ty, side, hir, leaf)).collect())
        }
        Type::Struct(index) => {
            let fields = hir.structs.get(*index).map_or(&[][..], |s| &s.fields);
            let fields = fields.iter().map(|field| value(&field.ty, side, hir, leaf));
            Value::Many(fields.collect())
        }
        Type::Maybe(inner) => {
            let there = leaf();
            Value::Maybe(Box::new(there), Box::new(value(inner, side, hir, leaf)))
        }
        _ => leaf(),
    }
}
