//! Leaving a loop, a function or the entry under a condition that only a run knows: what stands behind runs on the side of
//! a branch on which nothing was left.

use enigma_bytecode::model::C;

use super::Done;
use super::statement::Execution;
use super::value::Value;
use crate::hir::{BinaryOp, Stmt};
use crate::span::Span;

/// Whether the statements behind run.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Next {
    Goes,
    Breaks,
    Returns,
    /// A run decides.
    May(Left),
}

/// What has been left: truth values that everyone knows.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Left {
    /// The innermost loop.
    breaks: Value,
    /// The function, or the entry.
    returns: Value,
}

impl Left {
    fn of(next: &Next) -> Left {
        let (breaks, returns) = match next {
            Next::Goes => (0, 0),
            Next::Breaks => (1, 0),
            Next::Returns => (0, 1),
            Next::May(left) => return left.clone(),
        };
        Left {
            breaks: Value::Known(breaks),
            returns: Value::Known(returns),
        }
    }

    fn next(self) -> Next {
        match (&self.breaks, &self.returns) {
            (Value::Known(0), Value::Known(0)) => Next::Goes,
            (Value::Known(1), Value::Known(0)) => Next::Breaks,
            (Value::Known(0), Value::Known(1)) => Next::Returns,
            _ => Next::May(self),
        }
    }

    /// Both parts of both.
    pub(super) fn pairs(first: &Next, second: &Next) -> [(Value, Value); 2] {
        let (a, b) = (Left::of(first), Left::of(second));
        [(a.breaks, b.breaks), (a.returns, b.returns)]
    }

    /// See [`Left::pairs`].
    pub(super) fn joined([breaks, returns]: [Value; 2]) -> Next {
        Left { breaks, returns }.next()
    }
}

impl Next {
    /// Behind a loop: it is left for good.
    pub(super) fn behind_loop(self) -> Next {
        let Left { returns, .. } = Left::of(&self);
        let breaks = Value::Known(0);
        Left { breaks, returns }.next()
    }

    /// Whether nothing behind runs.
    pub(super) fn ends(&self) -> bool {
        matches!(self, Next::Breaks | Next::Returns)
    }
}

impl Execution<'_> {
    /// Statements, up to where one of them leaves.
    pub(super) fn statements(&mut self, stmts: &[Stmt]) -> Done<Next> {
        for (place, stmt) in stmts.iter().enumerate() {
            let next = self.statement(stmt)?;
            let rest = stmts.get(place + 1..).unwrap_or_default();
            match next {
                Next::Goes => {}
                Next::May(_) if !rest.is_empty() => {
                    return self.unless_left(next, stmt.span, |this| this.statements(rest));
                }
                next => return Ok(next),
            }
        }
        Ok(Next::Goes)
    }

    /// What runs unless something was left before.
    pub(super) fn unless_left(
        &mut self,
        so_far: Next,
        span: Span,
        run: impl FnOnce(&mut Self) -> Done<Next>,
    ) -> Done<Next> {
        let left = match &so_far {
            Next::Goes => return run(self),
            Next::Breaks | Next::Returns => return Ok(so_far),
            Next::May(left) => left.clone(),
        };
        let gone = match (&left.breaks, &left.returns) {
            (Value::Known(0), flag) | (flag, Value::Known(0)) => flag.clone(),
            (a, b) => self.arithmetic(span).truth(BinaryOp::Or, a, b)?,
        };
        let gone: C = self.arithmetic(span).public(&gone)?;
        self.sides(gone, |_| Ok(so_far), run, span)
    }
}
