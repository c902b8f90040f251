//! Walks through all expressions of a piece of code, whatever way a run takes.

use super::{Block, Entry, Expr, ExprKind, Guard, Place, PlaceStep, Root, Stmt, StmtKind};

/// Visits all statements of a block, those of blocks inside too; not those of functions put in place, which have no effects.
pub(crate) fn statements<'a>(block: &'a Block, visit: &mut dyn FnMut(&'a Stmt)) {
    for stmt in &block.stmts {
        visit(stmt);
        for inner in blocks(&stmt.kind) {
            statements(inner, visit);
        }
    }
}

/// The blocks right inside of a statement.
pub(crate) fn blocks(stmt: &StmtKind) -> Vec<&Block> {
    match stmt {
        StmtKind::If {
            then, otherwise, ..
        } => vec![then, otherwise],
        StmtKind::For { body, .. }
        | StmtKind::ForEach { body, .. }
        | StmtKind::ForMembers { body, .. }
        | StmtKind::While { body, .. } => vec![body],
        _ => Vec::new(),
    }
}

/// The same, to be changed.
pub(crate) fn blocks_mut(stmt: &mut StmtKind) -> Vec<&mut Block> {
    match stmt {
        StmtKind::If {
            then, otherwise, ..
        } => vec![then, otherwise],
        StmtKind::For { body, .. }
        | StmtKind::ForEach { body, .. }
        | StmtKind::ForMembers { body, .. }
        | StmtKind::While { body, .. } => vec![body],
        _ => Vec::new(),
    }
}

/// Visits all expressions of an entry, its conditions too.
pub(crate) fn in_entry<'a>(entry: &'a Entry, visit: &mut dyn FnMut(&'a Expr)) {
    for expr in entry.when.iter().chain(&entry.pays) {
        in_expr(expr, visit);
    }
    in_block(&entry.body, visit);
}

/// Visits all expressions of a block, whole ones before their parts.
pub(crate) fn in_block<'a>(block: &'a Block, visit: &mut dyn FnMut(&'a Expr)) {
    for stmt in &block.stmts {
        in_stmt(&stmt.kind, visit);
        for inner in blocks(&stmt.kind) {
            in_block(inner, visit);
        }
    }
}

/// Visits the expressions of a statement, without the blocks inside of it.
pub(crate) fn in_stmt<'a>(stmt: &'a StmtKind, visit: &mut dyn FnMut(&'a Expr)) {
    match stmt {
        StmtKind::Let(_, expr) | StmtKind::LetTuple(_, expr) | StmtKind::Require(expr, _) => {
            in_expr(expr, visit);
        }
        StmtKind::Assign(place, expr) | StmtKind::Accumulate(place, expr) => {
            in_place(place, visit);
            in_expr(expr, visit);
        }
        StmtKind::If { condition, .. } => in_expr(condition, visit),
        StmtKind::For { from, to, .. } => {
            in_expr(from, visit);
            in_expr(to, visit);
        }
        StmtKind::ForEach { over, .. } => in_expr(over, visit),
        StmtKind::While { condition, max, .. } => {
            in_expr(condition, visit);
            in_expr(max, visit);
        }
        StmtKind::Reveal(reveal) => {
            in_expr(&reveal.value, visit);
            for guard in &reveal.guards {
                if let Guard::MinGroup { count, least, .. } = guard {
                    in_expr(count, visit);
                    in_expr(least, visit);
                }
            }
        }
        StmtKind::Transfer { from, to, amount } => {
            for expr in from.iter().chain([to, amount]) {
                in_expr(expr, visit);
            }
        }
        StmtKind::ForMembers { .. } | StmtKind::Break | StmtKind::Return => {}
    }
}

fn in_place<'a>(place: &'a Place, visit: &mut dyn FnMut(&'a Expr)) {
    if let Root::Slot(_, Some(key)) = &place.root {
        in_expr(key, visit);
    }
    for step in &place.path {
        if let PlaceStep::Index(index) = step {
            in_expr(index, visit);
        }
    }
}

/// Visits an expression and its parts.
pub(crate) fn in_expr<'a>(expr: &'a Expr, visit: &mut dyn FnMut(&'a Expr)) {
    visit(expr);
    match &expr.kind {
        ExprKind::Something(a)
        | ExprKind::Unary(_, a)
        | ExprKind::Cast(a)
        | ExprKind::Field(a, _)
        | ExprKind::Repeat(a, _) => in_expr(a, visit),
        ExprKind::Binary(_, a, b) | ExprKind::Index(a, b) => {
            in_expr(a, visit);
            in_expr(b, visit);
        }
        ExprKind::Select(c, a, b) => {
            for part in [c, a, b] {
                in_expr(part, visit);
            }
        }
        ExprKind::Load { key, height, .. } => {
            for part in key.iter().chain(height) {
                in_expr(part, visit);
            }
        }
        ExprKind::Struct(parts)
        | ExprKind::Tuple(parts)
        | ExprKind::List(parts)
        | ExprKind::Call(_, parts) => {
            for part in parts {
                in_expr(part, visit);
            }
        }
        ExprKind::Map { over, body, .. } => {
            in_expr(over, visit);
            in_expr(body, visit);
        }
        ExprKind::Inline { block, .. } => in_block(block, visit),
        ExprKind::Bool(_)
        | ExprKind::Int(_)
        | ExprKind::Fix(_)
        | ExprKind::Variant(_)
        | ExprKind::Bytes(_)
        | ExprKind::Text(_)
        | ExprKind::Nothing
        | ExprKind::Local(_)
        | ExprKind::Collection(_)
        | ExprKind::RowCount(_)
        | ExprKind::MemberCount(_)
        | ExprKind::Caller
        | ExprKind::Party(_)
        | ExprKind::Height
        | ExprKind::Time
        | ExprKind::Error => {}
    }
}
