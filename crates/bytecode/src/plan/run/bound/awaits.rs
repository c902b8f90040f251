//! What a run may still wait for at each place of its code, on any path: which opened values are not known yet, and whether that is sure.
//!
//! A value is awaited because of operations that open something: those that it is of, or that it is computed from, or behind which it
//! waits in order. Such an operation is *open* from its place to the next end of a stage. The quote ends a stage wherever a run may. Where
//! a run surely does, everything is known then. Where it only may, because it has come by another path or had nothing to wait for, what
//! else it awaits stays awaited: else the quote would miss a later end of a stage that the run has.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::C;

/// Operations that open something, by bit in the order of the code. All from the last bit on share it, and nothing about them is sure.
type Opens = u128;
const SHARED: Opens = 1 << (Opens::BITS - 1);

/// Because of which operations something is awaited.
#[derive(Clone, Copy, Default)]
pub(super) struct Because {
    /// It is awaited only if one of these is open.
    any: Opens,
    /// It is awaited if one of these is open.
    sure: Opens,
}

impl Because {
    fn or(self, other: Because) -> Because {
        Because {
            any: self.any | other.any,
            sure: self.sure | other.sure,
        }
    }

    /// Where one of two sides was taken, which have opened these themselves: what a side has opened says that it was taken.
    fn either([a, b]: [Because; 2], [of_a, of_b]: [Opens; 2]) -> Because {
        Because {
            any: a.any | b.any,
            sure: (a.sure & b.sure) | (a.sure & of_a) | (b.sure & of_b),
        }
    }
}

/// What is awaited at a place of the code.
pub(super) struct Awaits {
    /// Registers that were awaited somewhere.
    because: BTreeMap<C, Because>,
    /// How many operations have opened something.
    count: u32,
    here: Here,
    /// The branches in which the place is; none for a loop over members.
    blocks: Vec<Option<Branch>>,
    last: Ended,
}

/// The branch that ended last.
#[derive(Default)]
struct Ended {
    condition: Option<C>,
    /// What each side has opened.
    own: [Opens; 2],
    /// What is open at the end of each on all its paths, until a stage may end.
    open: [Opens; 2],
}

/// What depends on the path.
#[derive(Clone)]
struct Here {
    /// Operations that are open on no path.
    over: Opens,
    /// Those that are open on all.
    open: Opens,
    /// Those of the innermost side.
    own: Opens,
    /// Whether anything waits for opened values, so that what is done in order waits behind it.
    waits: Because,
    /// Registers that had to be known.
    known: BTreeSet<C>,
}

struct Branch {
    condition: C,
    before: Here,
    /// Where its first side ended, if the second has begun.
    first: Option<Here>,
}

impl Awaits {
    pub(super) fn nothing() -> Awaits {
        Awaits {
            because: BTreeMap::new(),
            count: 0,
            here: Here {
                over: Opens::MAX,
                open: 0,
                own: 0,
                waits: Because::default(),
                known: BTreeSet::new(),
            },
            blocks: Vec::new(),
            last: Ended::default(),
        }
    }

    /// Because of what any of these registers is awaited.
    pub(super) fn of(&self, registers: &[C]) -> Because {
        let unknown = registers.iter().filter(|c| !self.here.known.contains(c));
        let because = unknown.filter_map(|c| self.because.get(c));
        let because = because.fold(Because::default(), |all, one| all.or(*one));
        self.here.still(because)
    }

    /// Because of what an operation waits that is done in order.
    pub(super) fn in_order(&self, operands: Because) -> Because {
        operands.or(self.here.still(self.here.waits))
    }

    /// An operation opens these registers at the end of the stage.
    pub(super) fn opens(&mut self, registers: impl IntoIterator<Item = C>) {
        let because = self.opened();
        self.because
            .extend(registers.into_iter().map(|c| (c, because)));
    }

    /// Something that is open from here.
    fn opened(&mut self) -> Because {
        let any = 1_u128.checked_shl(self.count).unwrap_or(SHARED);
        self.count = self.count.saturating_add(1);
        let sure = if any == SHARED { 0 } else { any };
        self.here.over &= !any;
        self.here.open |= sure;
        self.here.own |= sure;
        Because { any, sure }
    }

    /// A public operation waits for its operands, and with it its result.
    pub(super) fn wait(&mut self, because: Because, dst: Option<C>) {
        if because.any != 0 {
            self.here.waits = self.here.waits.or(because);
            self.because.extend(dst.map(|dst| (dst, because)));
        }
    }

    /// The result is one of two sides', of which at most one was defined.
    pub(super) fn merged(&mut self, [condition, then, otherwise]: [C; 3]) -> Because {
        let sides = [self.of(&[then]), self.of(&[otherwise])];
        let merged = Because::either(sides, self.last.own).or(self.of(&[condition]));
        let mut each = sides.iter().zip(self.last.open);
        if self.last.condition == Some(condition) && each.all(|(side, open)| side.sure & open != 0)
        {
            // On each path for another reason, hence on all: as if it was opened here.
            return merged.or(self.opened());
        }
        merged
    }

    /// These registers must be known now. Whether a run may end its stage for that.
    pub(super) fn need(&mut self, registers: &[C]) -> bool {
        self.ends(self.of(registers), registers)
    }

    /// A loop over members begins, in which these registers are read. Nothing may wait. Whether a run may end its stage for that.
    pub(super) fn begin_loop(&mut self, read: &[C]) -> bool {
        self.blocks.push(None);
        let ends = self.ends(self.in_order(self.of(read)), read);
        self.here.waits = Because::default();
        ends
    }

    fn ends(&mut self, because: Because, registers: &[C]) -> bool {
        let here = &mut self.here;
        if because.any == 0 {
            return false;
        }
        if because.sure & here.open != 0 {
            here.over = Opens::MAX;
            here.waits = Because::default();
        } else {
            // If one of these was open the stage has ended, and none is.
            here.over |= because.sure;
        }
        here.known.extend(registers);
        here.open = 0;
        self.last.open = [0; 2];
        true
    }

    pub(super) fn begin_branch(&mut self, condition: C) {
        let mut side = self.here.clone();
        side.own = 0;
        let before = std::mem::replace(&mut self.here, side);
        self.blocks.push(Some(Branch {
            condition,
            before,
            first: None,
        }));
    }

    /// The second side of a branch begins; none if there is no branch.
    pub(super) fn otherwise(&mut self) -> Option<()> {
        let Branch { before, first, .. } = self.blocks.last_mut()?.as_mut()?;
        let mut side = before.clone();
        side.own = 0;
        *first = Some(std::mem::replace(&mut self.here, side));
        Some(())
    }

    /// A branch or a loop ends; none if there is neither.
    pub(super) fn end(&mut self) -> Option<()> {
        let Some(Branch {
            condition,
            before,
            first,
        }) = self.blocks.pop()?
        else {
            return Some(());
        };
        let last = self.here.clone();
        let (a, b) = match first {
            Some(first) => (first, last),
            None => (
                last,
                Here {
                    own: 0,
                    ..before.clone()
                },
            ),
        };
        self.last = Ended {
            condition: Some(condition),
            own: [a.own, b.own],
            open: [a.open, b.open],
        };
        self.here = Here {
            over: a.over & b.over,
            open: a.open & b.open,
            own: before.own | a.own | b.own,
            waits: Because::either([a.still(a.waits), b.still(b.waits)], self.last.own),
            known: a.known.intersection(&b.known).copied().collect(),
        };
        Some(())
    }
}

impl Here {
    /// Without what is open on no path.
    fn still(&self, because: Because) -> Because {
        Because {
            any: because.any & !self.over,
            sure: because.sure & !self.over,
        }
    }
}
