//! Bodies of entries, functions and lambdas: names and types of every expression. What comes out refers to
//! declarations by index and carries a type on each node; functions are put in place where they are called.
//!
//! Secrecy and ranges are not judged here: see `flow`.

mod call;
mod cells;
mod coerce;
mod describe;
mod entry;
mod expression;
mod function;
mod hidden;
mod lambda;
mod library;
mod method;
mod names;
mod operator;
mod part;
mod place;
mod reveal;
mod statement;
mod store;
mod structs;
mod tests;
mod vector;

pub use library::{LibraryFunction, LibraryKind, library};

use std::collections::{BTreeMap, BTreeSet};

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hir::{Expr, ExprId, ExprKind, Hir, Label, Local, LocalId, Predicate, Type};
use crate::scope::{Generics, Scope};
use crate::span::Span;
use crate::syntax::ast;
use names::{Bound, Frame, FrameKind};

/// Far more than are shown: there is no use in looking for others.
const ENOUGH_DIAGNOSTICS: usize = 1_000;
/// Most expressions of a contract, with functions put in place.
const MAX_EXPRESSIONS: u32 = 200_000;
/// How deep expressions and blocks may stand in each other, with functions put in place: the passes that follow
/// descend as deep. One expression of the source may be 256 high.
const MAX_DEPTH: u32 = 300;
/// How deep calls of functions may stand in each other.
const MAX_CALLS: usize = 32;

/// Settles everything below the declarations.
pub(crate) fn lower(mut scope: Scope, diagnostics: &mut Vec<Diagnostic>) -> Hir {
    let mut called = BTreeSet::new();
    for (index, entry) in scope.entries.clone().iter().enumerate() {
        let mut body = Body::new(&mut scope, diagnostics, FrameKind::Entry);
        body.entry(index, entry);
        called.append(&mut body.called);
    }
    function::check_uncalled(&mut scope, &called, diagnostics);
    // Tests of what is not built yet would only repeat that, in other words.
    if !diagnostics.iter().any(|d| d.code == Code::E0900) {
        scope.hir.tests = tests::lower(&scope, diagnostics);
    }
    scope.hir
}

/// A lambda of a declaration, whose parameters have these types: what it says about them and the ledger.
pub(crate) fn predicate(
    scope: &mut Scope,
    lambda: &ast::Lambda,
    parameters: &[Type],
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Predicate> {
    Body::new(scope, diagnostics, FrameKind::Predicate).predicate(lambda, parameters)
}

/// What is being lowered: an entry or a predicate, with the functions that are put in place in it.
struct Body<'a> {
    scope: &'a mut Scope,
    diagnostics: &'a mut Vec<Diagnostic>,
    locals: Vec<Local>,
    /// For each local whether what it holds so far may be private. See [`Body::may_be_private`].
    hidden: Vec<bool>,
    /// Whether what is lowered runs under a condition that may be private.
    under_private: bool,
    frame: Frame,
    /// The names of the results, and where they stand.
    reveals: BTreeMap<String, Span>,
    /// The functions that are being put in place, outermost first.
    calls: Vec<(usize, String)>,
    /// Where the outermost of them is called.
    call_span: Span,
    /// All functions that were put in place.
    called: BTreeSet<usize>,
    /// How deep the expression or block stands.
    depth: u32,
    /// Whether this is the body of a predicate.
    in_predicate: bool,
}

impl<'a> Body<'a> {
    fn new(
        scope: &'a mut Scope,
        diagnostics: &'a mut Vec<Diagnostic>,
        kind: FrameKind,
    ) -> Body<'a> {
        Body {
            scope,
            diagnostics,
            locals: Vec::new(),
            hidden: Vec::new(),
            under_private: false,
            frame: Frame::new(kind, Generics::default()),
            reveals: BTreeMap::new(),
            calls: Vec::new(),
            call_span: Span::default(),
            called: BTreeSet::new(),
            depth: 0,
            in_predicate: kind == FrameKind::Predicate,
        }
    }

    /// Each call of a function lowers its body again: the same is said once.
    fn report(&mut self, diagnostic: Diagnostic) {
        if self.calls.is_empty() || !self.diagnostics.contains(&diagnostic) {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Whether there is no use in going on.
    fn is_full(&self) -> bool {
        self.diagnostics.len() >= ENOUGH_DIAGNOSTICS || self.scope.hir.exprs >= MAX_EXPRESSIONS
    }

    /// A new expression.
    fn expr(&mut self, kind: ExprKind, ty: Type, span: Span) -> Expr {
        let id = ExprId(self.scope.hir.exprs);
        if id.0 < MAX_EXPRESSIONS {
            self.scope.hir.exprs += 1;
            if self.scope.hir.exprs == MAX_EXPRESSIONS {
                let message = "the contract is too large when its functions are put in place";
                let span = if self.calls.is_empty() {
                    span
                } else {
                    self.call_span
                };
                let diagnostic = Diagnostic::error(Code::E0601, span, message)
                    .because(format!("{MAX_EXPRESSIONS} expressions end here"))
                    .help("use loops and `map` instead of many calls");
                self.diagnostics.push(diagnostic);
            }
        }
        let ty = if has_unknown(&ty) { Type::Unknown } else { ty };
        Expr { kind, ty, span, id }
    }

    /// An expression for which an error has been reported.
    fn poisoned(&mut self, span: Span) -> Expr {
        self.expr(ExprKind::Error, Type::Unknown, span)
    }

    fn wrong(&mut self, diagnostic: Diagnostic) -> Expr {
        let span = diagnostic.primary.span;
        self.report(diagnostic);
        self.poisoned(span)
    }

    /// Goes one level down, if it is not too deep.
    fn deeper<T>(&mut self, span: Span, inside: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth >= MAX_DEPTH {
            let message = "nested too deeply when its functions are put in place";
            let diagnostic = Diagnostic::error(Code::E0104, span, message)
                .help("give a name to a part with `let`");
            self.report(diagnostic);
            return None;
        }
        self.depth += 1;
        let result = inside(self);
        self.depth -= 1;
        Some(result)
    }

    /// A new local. `hidden`: whether its first value may be private.
    fn new_local(&mut self, name: &ast::Name, ty: Type, hidden: bool) -> LocalId {
        self.add_local(
            Local {
                name: name.text.clone(),
                ty,
                mutable: false,
                label: None,
                like: Vec::new(),
                range: None,
                span: name.span,
            },
            hidden,
        )
    }

    fn add_local(&mut self, local: Local, hidden: bool) -> LocalId {
        let id = LocalId(u32::try_from(self.locals.len()).unwrap_or(u32::MAX));
        self.hidden.push(match local.label {
            Some(label) => label == Label::Private,
            None => hidden || self.under_private,
        });
        self.locals.push(local);
        id
    }

    /// A local that the compiler adds.
    fn hidden_local(&mut self, name: &str, ty: Type, hidden: bool, span: Span) -> LocalId {
        let local = Local {
            name: format!("<{name}>"),
            ty,
            mutable: false,
            label: None,
            like: Vec::new(),
            range: None,
            span,
        };
        self.add_local(local, hidden)
    }

    fn local(&self, id: LocalId) -> Option<&Local> {
        self.locals.get(id.0 as usize)
    }

    fn local_value(&mut self, id: LocalId, span: Span) -> Expr {
        let ty = self
            .local(id)
            .map_or(Type::Unknown, |local| local.ty.clone());
        self.expr(ExprKind::Local(id), ty, span)
    }

    fn predicate(&mut self, lambda: &ast::Lambda, parameters: &[Type]) -> Option<Predicate> {
        let names = lambda.params();
        if names.len() != parameters.len() {
            let message = format!(
                "this takes {}",
                describe::counted(parameters.len(), "parameter")
            );
            self.report(Diagnostic::error(Code::E0204, lambda.span(), message));
            return None;
        }
        for (name, ty) in names.iter().zip(parameters) {
            let local = self.new_local(name, ty.clone(), true);
            self.bind_parameter(name, Bound::Local(local));
        }
        let condition = self.condition(&lambda.body()?, "a condition");
        Some(Predicate {
            locals: std::mem::take(&mut self.locals),
            parameters: parameters.len(),
            condition,
        })
    }
}

/// Whether an error has been reported for the type or a part of it. `maybe` of unknown is `none()`, of which nothing
/// is known yet.
fn has_unknown(ty: &Type) -> bool {
    match ty {
        Type::Unknown => true,
        Type::Maybe(inner) => **inner != Type::Unknown && has_unknown(inner),
        Type::List(inner, _) | Type::Rows(inner, _) => has_unknown(inner),
        Type::Tuple(parts) => parts.iter().any(has_unknown),
        _ => false,
    }
}
