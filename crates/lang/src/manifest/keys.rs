//! Which results are made with signing keys. Keys have no policy: what `flow` says of whose data a value is made from does not name
//! them.

use std::collections::BTreeSet;

use crate::hir::visit::in_expr;
use crate::hir::{Block, Builtin, Entry, Expr, ExprKind, Hir, LocalId, Root, StmtKind};

/// Results that may be made with a key, by entry and name; more rather than fewer: whatever is computed from what a key gives, or
/// assigned where that decides, and whatever is in a slot into which such a value goes.
pub(super) fn made_with_keys(hir: &Hir) -> BTreeSet<(usize, &str)> {
    let mut slots = BTreeSet::new();
    loop {
        let before = slots.len();
        let mut results = BTreeSet::new();
        for (index, entry) in hir.entries.iter().enumerate() {
            let mut taint = Taint {
                slots: &mut slots,
                locals: BTreeSet::new(),
                results: BTreeSet::new(),
            };
            taint.entry(entry);
            results.extend(taint.results.into_iter().map(|name| (index, name)));
        }
        if slots.len() == before {
            return results;
        }
    }
}

/// What may be made with a key, in one entry.
struct Taint<'h, 's> {
    slots: &'s mut BTreeSet<usize>,
    locals: BTreeSet<LocalId>,
    results: BTreeSet<&'h str>,
}

impl<'h> Taint<'h, '_> {
    /// Until nothing is added: loops may carry a value back.
    fn entry(&mut self, entry: &'h Entry) {
        loop {
            let before = (self.locals.len(), self.slots.len());
            self.block(&entry.body, false);
            if before == (self.locals.len(), self.slots.len()) {
                return;
            }
        }
    }

    /// `decided`: whether it runs, or how often, may depend on what a key gives.
    fn block(&mut self, block: &'h Block, decided: bool) {
        for stmt in &block.stmts {
            self.stmt(&stmt.kind, decided);
        }
    }

    fn stmt(&mut self, stmt: &'h StmtKind, decided: bool) {
        match stmt {
            StmtKind::Let(local, value) => {
                if self.expr(value) || decided {
                    self.locals.insert(*local);
                }
            }
            StmtKind::LetTuple(locals, value) => {
                if self.expr(value) || decided {
                    self.locals.extend(locals);
                }
            }
            StmtKind::Assign(place, value) | StmtKind::Accumulate(place, value) => {
                if self.expr(value) || decided {
                    match place.root {
                        Root::Local(local) => drop(self.locals.insert(local)),
                        Root::Slot(slot, _) => drop(self.slots.insert(slot)),
                    }
                }
            }
            StmtKind::If {
                condition,
                then,
                otherwise,
            } => {
                let decided = self.expr(condition) || decided;
                self.block(then, decided);
                self.block(otherwise, decided);
            }
            StmtKind::ForEach {
                element,
                over,
                body,
            } => {
                if self.expr(over) {
                    self.locals.insert(*element);
                }
                self.block(body, decided);
            }
            StmtKind::While {
                condition, body, ..
            } => {
                let decided = self.expr(condition) || decided;
                self.block(body, decided);
            }
            StmtKind::For { body, .. } | StmtKind::ForMembers { body, .. } => {
                self.block(body, decided);
            }
            StmtKind::Reveal(reveal) => {
                let guarded = reveal.guards.iter().any(|guard| match guard {
                    crate::hir::Guard::MinGroup { count, .. } => self.expr(count),
                    crate::hir::Guard::Noise { .. } => false,
                });
                if self.expr(&reveal.value) || guarded {
                    self.results.insert(&reveal.name);
                }
            }
            // Public, or without a value.
            StmtKind::Require(..)
            | StmtKind::Transfer { .. }
            | StmtKind::Break
            | StmtKind::Return => {}
        }
    }

    fn expr(&mut self, expr: &'h Expr) -> bool {
        let mut parts = Vec::new();
        in_expr(expr, &mut |part| parts.push(part));
        let mut tainted = false;
        for part in parts {
            tainted |= match &part.kind {
                ExprKind::Call(Builtin::PublicKey | Builtin::Sign | Builtin::Ecdh, _) => true,
                ExprKind::Local(local) => self.locals.contains(local),
                ExprKind::Load { slot, .. } => self.slots.contains(slot),
                ExprKind::Map { over, element, .. } => {
                    let over = self.expr(over);
                    if over {
                        self.locals.insert(*element);
                    }
                    over
                }
                ExprKind::Inline { block, result, .. } => {
                    self.block(block, false);
                    self.locals.contains(result)
                }
                _ => false,
            };
        }
        tainted
    }
}
