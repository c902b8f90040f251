//! Whole vectors in another order, and sums up to each element.

use enigma_bytecode::model::{Op, Order, S};
use enigma_bytecode::ranges::{MAX_LEN, MAX_MOVED};

use super::super::statement::Execution;
use super::super::value::{Secret, Value};
use super::super::{Done, stop};
use super::Call;
use crate::hir::{BinaryOp, Builtin, Type};
use crate::span::Span;

/// Rows that are moved as they are: one vector for each part.
struct Table {
    columns: Vec<S>,
    /// The rows, as these vectors.
    like: Value,
    /// How many rows, if that is known now.
    len: Option<u32>,
}

impl Execution<'_> {
    pub(super) fn reordered(&mut self, call: &Call) -> Done<Value> {
        use Builtin as B;
        match (call.builtin, &call.values[..]) {
            (B::Sort, [all]) => self.sorted(call, all, all, Order::Ascending),
            (B::SortDesc, [all]) => self.sorted(call, all, all, Order::Descending),
            (B::SortBy, [all, keys]) => self.sorted(call, all, keys, Order::Ascending),
            (B::Top, [all, Value::Known(count)]) => self.largest(call, all, *count),
            (B::PrefixSums, [all]) => self.prefix_sums(call, all),
            (B::Shuffle, [all]) => self.shuffled(call, all),
            _ => self.unknown(call),
        }
    }

    /// The rows of `all` in the stable order of as many keys.
    fn sorted(&mut self, call: &Call, all: &Value, keys: &Value, order: Order) -> Done<Value> {
        let span = call.span;
        if let (Value::Many(keys), Value::Many(rows)) = (keys, all)
            && let Some(places) = known_order(keys, order)
            && rows.len() == places.len()
        {
            let sorted = places.iter().map(|place| rows[*place].clone());
            return Ok(Value::Many(sorted.collect()));
        }
        let table = self.table(call, all)?;
        let keys = self.vector(keys, span)?.register;
        let register = self
            .registers
            .secrets(table.columns.len(), |dst| Op::Sort {
                dst,
                keys,
                order,
                columns: table.columns.clone(),
            })?;
        self.rows_of_table(&table, register)
    }

    /// The largest of all, descending; zeros where there are fewer.
    fn largest(&mut self, call: &Call, all: &Value, count: i64) -> Done<Value> {
        let span = call.span;
        let len = u32::try_from(count).ok().filter(|len| *len <= MAX_LEN);
        let Some(len) = len else {
            return stop(span, "so long a list");
        };
        if len == 0 {
            return Ok(Value::Many(Vec::new()));
        }
        let a = self.vector(all, span)?.register;
        let register = self.registers.secret(|dst| Op::Top { dst, a, len })?;
        self.listed(register, len)
    }

    /// The sums up to each element.
    fn prefix_sums(&mut self, call: &Call, all: &Value) -> Done<Value> {
        let span = call.span;
        if let Value::Many(parts) = all {
            let mut sums: Vec<Value> = Vec::new();
            for part in parts {
                let sum = match sums.last() {
                    Some(before) => self.arithmetic(span).number(BinaryOp::Add, before, part)?,
                    None => part.clone(),
                };
                sums.push(sum);
            }
            return Ok(Value::Many(sums));
        }
        let rows = self.vector(all, span)?;
        let a = rows.register;
        (self.arithmetic(span)).mapped(rows, |dst| Op::PrefixSums { dst, a })
    }

    /// The rows in an order that nobody knows: each call has its own.
    fn shuffled(&mut self, call: &Call, all: &Value) -> Done<Value> {
        if matches!(all, Value::Many(rows) if rows.len() < 2) && is_list(&call.args[0].ty) {
            return Ok(all.clone());
        }
        if self.mapping.is_some() {
            // What does not depend on a row is computed once for all of them.
            return stop(call.span, "a shuffle for each row");
        }
        let table = self.table(call, all)?;
        let columns = table.columns.clone();
        let count = columns.len();
        let register = (self.registers).fresh_secrets(count, |dst| Op::Shuffle { dst, columns })?;
        self.rows_of_table(&table, register)
    }

    /// The vectors of which the first argument is made.
    fn table(&mut self, call: &Call, all: &Value) -> Done<Table> {
        let span = call.span;
        let (like, len) = self.side_by_side(all, &call.args[0].ty, span)?;
        let mut columns = Vec::new();
        for part in parts(&like) {
            columns.push(self.vector(&part, span)?.register);
        }
        if !(1..=MAX_MOVED).contains(&columns.len()) {
            return stop(span, &format!("rows of more than {MAX_MOVED} numbers"));
        }
        Ok(Table { columns, like, len })
    }

    /// The rows whose parts an operation gave, in consecutive registers.
    fn rows_of_table(&mut self, table: &Table, first: S) -> Done<Value> {
        let rows = with_parts(&table.like, |part| {
            Value::Secret(Secret {
                register: S(first.0.saturating_add(part as u16)),
                vector: true,
                lifted: false,
            })
        });
        self.one_after_the_other(rows, table.len)
    }

    /// A list of constant length as what rows are, one vector for each part of its elements, and its length. Rows stay.
    pub(super) fn side_by_side(
        &mut self,
        value: &Value,
        ty: &Type,
        span: Span,
    ) -> Done<(Value, Option<u32>)> {
        let (Value::Many(elements), true) = (value, is_list(ty)) else {
            return Ok((value.clone(), None));
        };
        let parts: Vec<Vec<Value>> = elements.iter().map(parts).collect();
        let Some((like, width)) = elements.first().zip(parts.first().map(Vec::len)) else {
            return stop(span, "an empty list");
        };
        if parts.iter().any(|parts| parts.len() != width) {
            return stop(span, "a list of values of different forms");
        }
        let mut vectors = Vec::new();
        for part in 0..width {
            let column = parts.iter().map(|parts| parts[part].clone()).collect();
            vectors.push(Value::Secret(self.vector(&Value::Many(column), span)?));
        }
        let value = with_parts(like, |part| vectors[part].clone());
        Ok((value, u32::try_from(elements.len()).ok()))
    }

    /// What vectors hold as a list, if they have come from one.
    pub(super) fn one_after_the_other(&mut self, value: Value, len: Option<u32>) -> Done<Value> {
        let Some(len) = len else {
            return Ok(value);
        };
        let mut lists = Vec::new();
        for part in parts(&value) {
            match part {
                Value::Secret(vector) => match self.listed(vector.register, len)? {
                    Value::Many(list) => lists.push(list),
                    single => lists.push(vec![single; len as usize]),
                },
                part => lists.push(vec![part; len as usize]),
            }
        }
        let element = |at: usize| with_parts(&value, |part| lists[part][at].clone());
        Ok(Value::Many((0..len as usize).map(element).collect()))
    }
}

/// Whether it is a list of constant length.
fn is_list(ty: &Type) -> bool {
    matches!(ty, Type::List(_, length) if length.constant().is_some())
}

/// The numbers of which a value is made.
fn parts(value: &Value) -> Vec<Value> {
    let mut parts = Vec::new();
    value.clone().leaves(&mut |part| {
        parts.push(part.clone());
        part
    });
    parts
}

/// A value of the same form, with other numbers.
fn with_parts(like: &Value, part: impl Fn(usize) -> Value) -> Value {
    let mut next = 0;
    like.clone().leaves(&mut |_| {
        next += 1;
        part(next - 1)
    })
}

/// The stable order of a list of numbers that are all known now.
pub(super) fn known_order(keys: &[Value], order: Order) -> Option<Vec<usize>> {
    let keys = keys.iter().map(|key| match key {
        Value::Known(key) => Some(*key),
        _ => None,
    });
    let keys = keys.collect::<Option<Vec<i64>>>()?;
    let mut places: Vec<usize> = (0..keys.len()).collect();
    places.sort_by(|a, b| match order {
        Order::Ascending => keys[*a].cmp(&keys[*b]),
        Order::Descending => keys[*b].cmp(&keys[*a]),
    });
    Some(places)
}
