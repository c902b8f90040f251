//! Whether a value may be private, as far as the type of what follows depends on it: a result to `public` with a guard on a
//! private count may be missing. `flow` judges secrecy; this looks at statements once, in order.

use super::Body;
use crate::hir::{Builtin, Expr, ExprKind, LocalId, Store};

impl Body<'_> {
    /// Whether the value may be private. In doubt it may.
    pub(super) fn may_be_private(&self, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Local(local) | ExprKind::Inline { result: local, .. } => {
                self.is_hidden(*local)
            }
            ExprKind::Collection(_) => true,
            ExprKind::Call(Builtin::Random | Builtin::RandomBits | Builtin::Keygen, _) => true,
            ExprKind::Load { slot, .. } => {
                let slot = self.scope.hir.slots.get(*slot);
                slot.is_some_and(|slot| slot.store == Store::Mpc)
            }
            kind => children(kind).any(|child| self.may_be_private(child)),
        }
    }

    fn is_hidden(&self, local: LocalId) -> bool {
        self.hidden.get(local.0 as usize).copied().unwrap_or(true)
    }

    /// What the local holds was opened.
    pub(super) fn note_public(&mut self, local: LocalId) {
        if let Some(known) = self.hidden.get_mut(local.0 as usize) {
            *known = false;
        }
    }

    /// A value is put into the local or a part of it.
    pub(super) fn note_assigned(&mut self, local: LocalId, hidden: bool) {
        let hidden = hidden || self.under_private;
        if let Some(known) = self.hidden.get_mut(local.0 as usize) {
            *known |= hidden;
        }
    }
}

/// The expressions directly inside.
fn children(kind: &ExprKind) -> Box<dyn Iterator<Item = &Expr> + '_> {
    match kind {
        ExprKind::Something(a)
        | ExprKind::Unary(_, a)
        | ExprKind::Cast(a)
        | ExprKind::Field(a, _)
        | ExprKind::Repeat(a, _) => Box::new(std::iter::once(&**a)),
        ExprKind::Binary(_, a, b) | ExprKind::Index(a, b) => Box::new([&**a, &**b].into_iter()),
        ExprKind::Map { over, body, .. } => Box::new([&**over, &**body].into_iter()),
        ExprKind::Select(a, b, c) => Box::new([&**a, &**b, &**c].into_iter()),
        ExprKind::Struct(parts)
        | ExprKind::Tuple(parts)
        | ExprKind::List(parts)
        | ExprKind::Call(_, parts) => Box::new(parts.iter()),
        ExprKind::Load { key, height, .. } => {
            Box::new([key, height].into_iter().flatten().map(|part| &**part))
        }
        _ => Box::new(std::iter::empty()),
    }
}
