//! What the execution of an entry knows of a value.

use enigma_bytecode::model::{C, Order, S};

/// Where a value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// It is known now: a number, of `fix` scaled, or a truth value as 1 or 0, or the place of an enum's name.
    Known(i64),
    /// Bytes, a text or an account that is known now.
    Bytes(Vec<u8>),
    /// A public value that is known in a run: a number or bytes.
    Public(C),
    /// Shared.
    Secret(Secret),
    /// The place of the first of a vector in an order.
    Place {
        /// The vector.
        of: S,
        /// Its order.
        order: Order,
    },
    /// A value that may be missing: whether it is there, and what it is then.
    Maybe(Box<Value>, Box<Value>),
    /// The parts of a list of constant length, a tuple or a struct; of rows, the columns of all.
    Many(Vec<Value>),
}

/// A secret register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Secret {
    /// The register.
    pub(super) register: S,
    /// Whether it has one value for each row of a collection.
    pub(super) vector: bool,
    /// Whether it stands for *one* row at a time: it comes from the element of the `map` that is being
    /// computed, for all rows at once.
    pub(super) lifted: bool,
}

impl Value {
    /// A scalar in a secret register.
    pub(super) fn scalar(register: S) -> Value {
        Value::Secret(Secret {
            register,
            vector: false,
            lifted: false,
        })
    }

    /// The same value with every leaf changed.
    pub(super) fn leaves(self, change: &mut impl FnMut(Value) -> Value) -> Value {
        match self {
            Value::Many(parts) => {
                let parts = parts.into_iter().map(|part| part.leaves(change));
                Value::Many(parts.collect())
            }
            Value::Maybe(there, value) => {
                let there = there.leaves(change);
                Value::Maybe(Box::new(there), Box::new(value.leaves(change)))
            }
            leaf => change(leaf),
        }
    }

    /// Whether a leaf of it is so.
    pub(super) fn any(&self, is: &impl Fn(&Value) -> bool) -> bool {
        match self {
            Value::Many(parts) => parts.iter().any(|part| part.any(is)),
            Value::Maybe(there, value) => there.any(is) || value.any(is),
            leaf => is(leaf),
        }
    }

    /// Whether a part of it comes from the element of the `map` that is being computed.
    pub(super) fn is_lifted(&self) -> bool {
        self.any(&|leaf| matches!(leaf, Value::Secret(secret) if secret.lifted))
    }

    /// Whether a part of it is shared.
    pub(super) fn is_secret(&self) -> bool {
        self.any(&|leaf| matches!(leaf, Value::Secret(_) | Value::Place { .. }))
    }

    /// The same with another mark: set inside a `map`, cleared behind it.
    pub(super) fn with_lifted(self, lifted: bool) -> Value {
        self.leaves(&mut |leaf| match leaf {
            Value::Secret(secret) => Value::Secret(Secret { lifted, ..secret }),
            other => other,
        })
    }
}
