//! What everyone sees of a run.
//!
//! Two runs whose public inputs, revealed values and outputs agree must have equal transcripts: this is the language's promise,
//! and how `--leak` tests it.

use crate::span::Span;
use crate::value::Value;

/// Events kept; of a longer run only how many there were.
const EVENTS_MAX: usize = 1 << 18;

/// What everyone sees of a run, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    /// The first 2^18.
    pub events: Vec<Event>,
    /// How many there were.
    pub len: u64,
}

impl Transcript {
    pub(super) fn push(&mut self, event: Event) {
        self.len += 1;
        if self.events.len() < EVENTS_MAX {
            self.events.push(event);
        }
    }
}

/// Something that everyone sees.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// How many rows of a collection count.
    Rows {
        /// The collection, by index.
        collection: usize,
        /// How many.
        rows: usize,
    },
    /// The caller has paid.
    Pays(i128),
    /// A public value.
    Public {
        /// Where it is computed.
        span: Span,
        /// The value.
        value: Value,
    },
    /// A branch on a public condition.
    Branch {
        /// The condition.
        span: Span,
        /// Which way.
        taken: bool,
    },
    /// A loop; one with a private condition runs as often as its `max`.
    Loop {
        /// The loop.
        span: Span,
        /// How often.
        times: i128,
    },
    /// An element at a public place.
    Index {
        /// Where.
        span: Span,
        /// The place.
        place: i128,
    },
    /// A slot is written.
    Write {
        /// The slot, by index.
        slot: usize,
        /// The key of a map.
        key: Option<Value>,
        /// The value, if it is not secret-shared.
        value: Option<Value>,
    },
    /// Something is revealed.
    Reveal {
        /// Its name.
        name: String,
        /// The value, if it is shown to everyone.
        value: Option<Value>,
    },
    /// The ledger moves an amount.
    Transfer(super::world::Transfer),
}
