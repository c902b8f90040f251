//! Where registers may be read: each belongs to the side or body that defines it.

use crate::model::C;

/// Deepest nesting of sides and bodies.
pub const MAX_NESTING: usize = 64;

/// The blocks of an entry: number 0 is all of it, every side of an `If` and every body of an `EachMember` is one
/// more, in the order in which they begin.
pub(super) struct Scopes {
    blocks: Vec<Block>,
    /// Those that have begun and not ended, the innermost last.
    open: Vec<usize>,
    /// The block of each register.
    public: Vec<usize>,
    secret: Vec<usize>,
}

struct Block {
    parent: usize,
    kind: Kind,
    is_open: bool,
}

/// What a block is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Entry,
    Side { condition: C, taken: bool },
    EachMember,
}

/// A block cannot begin or end here.
pub(super) struct Misplaced;

impl Scopes {
    pub(super) fn new() -> Scopes {
        Scopes {
            blocks: vec![Block {
                parent: 0,
                kind: Kind::Entry,
                is_open: true,
            }],
            open: vec![0],
            public: Vec::new(),
            secret: Vec::new(),
        }
    }

    /// What the innermost open block is.
    pub(super) fn kind(&self) -> Kind {
        let block = self.blocks.get(self.innermost());
        block.map_or(Kind::Entry, |block| block.kind)
    }

    pub(super) fn begin(&mut self, kind: Kind) -> Result<(), Misplaced> {
        if self.open.len() > MAX_NESTING {
            return Err(Misplaced);
        }
        self.open.push(self.blocks.len());
        self.blocks.push(Block {
            parent: self.open.iter().rev().nth(1).copied().unwrap_or(0),
            kind,
            is_open: true,
        });
        Ok(())
    }

    /// The second side of an `If` begins.
    pub(super) fn otherwise(&mut self) -> Result<(), Misplaced> {
        let Kind::Side {
            condition,
            taken: true,
        } = self.kind()
        else {
            return Err(Misplaced);
        };
        self.end()?;
        self.begin(Kind::Side {
            condition,
            taken: false,
        })
    }

    pub(super) fn end(&mut self) -> Result<(), Misplaced> {
        if self.open.len() < 2 {
            return Err(Misplaced);
        }
        let ended = self.open.pop().and_then(|block| self.blocks.get_mut(block));
        if let Some(block) = ended {
            block.is_open = false;
        }
        Ok(())
    }

    /// Whether all blocks but the entry itself have ended.
    pub(super) fn is_complete(&self) -> bool {
        self.open.len() == 1
    }

    pub(super) fn define_public(&mut self) {
        self.public.push(self.innermost());
    }

    pub(super) fn define_secret(&mut self) {
        self.secret.push(self.innermost());
    }

    pub(super) fn public_is_readable(&self, register: u16) -> bool {
        let block = self.public.get(usize::from(register));
        block.is_some_and(|block| self.is_open(*block))
    }

    pub(super) fn secret_is_readable(&self, register: u16) -> bool {
        let block = self.secret.get(usize::from(register));
        block.is_some_and(|block| self.is_open(*block))
    }

    /// Whether a merge on a condition may read a public register as that of the side that was `taken`.
    pub(super) fn public_is_mergeable(&self, register: u16, condition: C, taken: bool) -> bool {
        let block = self.public.get(usize::from(register));
        block.is_some_and(|block| self.is_mergeable(*block, condition, taken))
    }

    /// The same of a secret register.
    pub(super) fn secret_is_mergeable(&self, register: u16, condition: C, taken: bool) -> bool {
        let block = self.secret.get(usize::from(register));
        block.is_some_and(|block| self.is_mergeable(*block, condition, taken))
    }

    fn is_mergeable(&self, block: usize, condition: C, taken: bool) -> bool {
        let side = Kind::Side { condition, taken };
        let ended = self.blocks.get(block).is_some_and(|block| {
            block.kind == side && !block.is_open && self.is_open(block.parent)
        });
        ended || self.is_open(block)
    }

    fn is_open(&self, block: usize) -> bool {
        self.blocks.get(block).is_some_and(|block| block.is_open)
    }

    fn innermost(&self) -> usize {
        self.open.last().copied().unwrap_or(0)
    }
}
