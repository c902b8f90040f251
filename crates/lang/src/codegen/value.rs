//! What the execution of an entry knows of a value.

use enigma_bytecode::model::{C, Order, S};

/// Where a value is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// It is known now: a number, or a truth value as 1 or 0.
    Known(i64),
    /// A public number that depends on the sizes of a run.
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
    /// The parts of a list, a tuple or a struct.
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
    /// Whether a part of it comes from the element of the `map` that is being computed.
    pub(super) fn is_lifted(&self) -> bool {
        match self {
            Value::Secret(secret) => secret.lifted,
            Value::Many(parts) => parts.iter().any(Value::is_lifted),
            Value::Known(_) | Value::Public(_) | Value::Place { .. } => false,
        }
    }

    /// The same with another mark: set inside a `map`, cleared behind it.
    pub(super) fn with_lifted(self, lifted: bool) -> Value {
        match self {
            Value::Secret(secret) => Value::Secret(Secret { lifted, ..secret }),
            Value::Many(parts) => {
                let parts = parts.into_iter().map(|part| part.with_lifted(lifted));
                Value::Many(parts.collect())
            }
            other => other,
        }
    }
}
