//! Value numbers: equal numbers mean equal values, whatever the inputs. They show that `x - x` is 0, and that a count
//! counts the very rows over which a sum runs.
//!
//! So the key of a number holds all on which the value depends: of a list its length, too, and of a call its type.

use std::collections::{BTreeMap, BTreeSet};

/// The number of a value.
pub(super) type Number = u32;

/// The numbers given so far. A key is an operation with the numbers of its operands.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    known: BTreeMap<Vec<u32>, Number>,
    next: Number,
    /// Those that stand for cells: in a vector, the rows of the cell at each place. See [`Numbers::cells`].
    cells: BTreeSet<Number>,
}

/// What the first word of a key stands for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Op {
    Binary,
    Unary,
    Call,
    Field,
    Index,
    Element,
    List,
    Cells,
    Map,
    Collection,
    Constant,
    Select,
    Count,
}

impl Numbers {
    /// A number that no other value has.
    pub(super) fn fresh(&mut self) -> Number {
        self.next = self.next.saturating_add(1);
        self.next
    }

    /// The number of what an operation gives for these operands.
    pub(super) fn of(&mut self, op: Op, operands: &[u32]) -> Number {
        let key = [&[op as u32], operands].concat();
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let number = self.fresh();
        self.known.insert(key, number);
        number
    }

    /// The mark of cells that these make. It holds for a vector whose element i mixes the rows of cell i, and so is lost
    /// when an element leaves its place.
    pub(super) fn cells(&mut self, operands: &[u32]) -> Number {
        let number = self.of(Op::Cells, operands);
        self.cells.insert(number);
        number
    }

    pub(super) fn is_cells(&self, number: Number) -> bool {
        self.cells.contains(&number)
    }

    /// The mark of cells inside a lambda of this level, whose elements stand at the places of a vector.
    pub(super) fn entering(&mut self, mark: Number, level: u32) -> Number {
        let number = self.of(Op::Element, &[u32::MAX, level, mark]);
        self.cells.insert(number);
        number
    }

    /// Of a value known when the contract is compiled.
    pub(super) fn constant(&mut self, value: i128) -> Number {
        let words = value.to_le_bytes();
        let words: Vec<u32> = words
            .chunks_exact(4)
            .map(|c| {
                c.iter()
                    .rev()
                    .fold(0, |word, byte| word << 8 | u32::from(*byte))
            })
            .collect();
        self.of(Op::Constant, &words)
    }
}
