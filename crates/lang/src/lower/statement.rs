//! Statements of entries and functions.

use super::names::{Bound, FrameKind};
use super::store::word;
use super::{Body, describe, has_unknown};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hir::{BinaryOp, Block, Expr, Label, Local, LocalId, Stmt, StmtKind, Type};
use crate::scope::{Symbol, unsupported};
use crate::span::Span;
use crate::syntax::ast::{self, ForOver, Name, Otherwise};

impl Body<'_> {
    /// A block with names of its own.
    pub(super) fn block(&mut self, block: &ast::Block) -> Block {
        let lowered = self.deeper(block.span(), |body| {
            body.in_block(|body| {
                let mut out = Vec::new();
                for statement in block.statements() {
                    body.statement(&statement, &mut out);
                }
                Block { stmts: out }
            })
        });
        lowered.unwrap_or_default()
    }

    pub(super) fn statement(&mut self, statement: &ast::Stmt, out: &mut Vec<Stmt>) {
        if self.is_full() {
            return;
        }
        let span = statement.span();
        let kind = match statement {
            ast::Stmt::Let(statement) => return self.let_statement(statement, out),
            ast::Stmt::Assign(statement) => self.assign(statement),
            ast::Stmt::If(statement) => self.if_statement(statement),
            ast::Stmt::For(statement) => self.for_statement(statement),
            ast::Stmt::While(statement) => self.while_statement(statement),
            ast::Stmt::Reveal(statement) => self.reveal(statement),
            ast::Stmt::Require(statement) => self.require(statement),
            ast::Stmt::Return(statement) => self.return_statement(statement),
            ast::Stmt::Break(_) => self.break_statement(span),
            ast::Stmt::Expr(statement) => self.expression_statement(statement),
        };
        out.extend(kind.map(|kind| Stmt { kind, span }));
    }

    fn let_statement(&mut self, statement: &ast::Let, out: &mut Vec<Stmt>) {
        let (names, span) = (statement.names(), statement.span());
        let Some(value) = statement.value() else {
            return;
        };
        if let [name] = &names[..]
            && self.let_cells(name, &value, statement, out)
        {
            return;
        }
        let stated = statement.ty().map(|written| {
            let generics = self.frame.generics.clone();
            let (label, ty) = self.scope.ty(&written, &generics, self.diagnostics);
            (label, ty, written)
        });
        let want = stated.as_ref().map(|(_, ty, _)| ty);
        let value = self.expression(&value, want);
        let value = match &stated {
            Some((_, ty, written)) => self.coerce(value, ty, Some(written.span())),
            None => self.settled(value),
        };
        let label = stated.as_ref().and_then(|(label, ..)| *label);
        let like = match &stated {
            Some((None, _, written)) => self.frame.like(written),
            _ => Vec::new(),
        };
        let ty = stated.map_or_else(|| value.ty.clone(), |(_, ty, _)| ty);
        let hidden = self.may_be_private(&value);
        let of = Declared {
            mutable: statement.mutable(),
            label,
            like,
            hidden,
        };
        let kind = match &names[..] {
            [name] if !statement.is_tuple() => StmtKind::Let(self.declare(name, ty, &of), value),
            names => {
                let types = self.parts(&ty, names.len(), statement.pattern_span());
                let locals = names
                    .iter()
                    .zip(types)
                    .map(|(name, ty)| self.declare(name, ty, &of));
                StmtKind::LetTuple(locals.collect(), value)
            }
        };
        out.push(Stmt { kind, span });
    }

    fn declare(&mut self, name: &Name, ty: Type, of: &Declared) -> LocalId {
        let local = Local {
            name: name.text.clone(),
            ty,
            mutable: of.mutable,
            label: of.label,
            like: of.like.clone(),
            range: None,
            span: name.span,
        };
        let local = self.add_local(local, of.hidden);
        self.bind(name, Bound::Local(local));
        local
    }

    /// The types of the parts of a tuple that has so many.
    fn parts(&mut self, ty: &Type, count: usize, span: Span) -> Vec<Type> {
        match ty {
            Type::Tuple(parts) if parts.len() == count => return parts.clone(),
            Type::Unknown => {}
            Type::Tuple(parts) => {
                let message = format!(
                    "this has {}, and there are {}",
                    describe::counted(parts.len(), "part"),
                    describe::counted(count, "name")
                );
                self.report(Diagnostic::error(Code::E0206, span, message));
            }
            other => {
                let message = format!("this is {}, not a tuple", self.describe(other));
                self.report(Diagnostic::error(Code::E0206, span, message));
            }
        }
        vec![Type::Unknown; count]
    }

    fn assign(&mut self, statement: &ast::Assign) -> Option<StmtKind> {
        let (target, operator) = (statement.place()?, statement.operator()?);
        if let Some(store) = self.store_written(&target) {
            self.effect(statement.span(), &format!("a write to `{}`", word(store)))?;
        }
        let (place, ty) = self.place(&target)?;
        let value = statement.value()?;
        let accumulator = self.is_accumulator(&place);
        let op = match operator.text() {
            "+=" if accumulator => {
                let value = self.expression(&value, Some(&ty));
                let value = self.coerce(value, &ty, Some(target.span()));
                return Some(StmtKind::Accumulate(place, value));
            }
            _ if accumulator => {
                let message = "an `accumulator` can only be added to";
                let diagnostic = Diagnostic::error(Code::E0207, target.span(), message)
                    .because("so that the order of the calls does not matter")
                    .help("write `+=`");
                self.report(diagnostic);
                return None;
            }
            "=" => {
                let value = self.expression(&value, Some(&ty));
                let value = self.coerce(value, &ty, Some(target.span()));
                return self.write(place, value);
            }
            "+=" => BinaryOp::Add,
            "-=" => BinaryOp::Sub,
            _ => BinaryOp::Mul,
        };
        let old = self.expression(&target, None);
        let beside = Some(ty.clone()).filter(|ty| matches!(super::vector::base(ty), Type::Fix(_)));
        let value = self.expression(&value, beside.as_ref());
        let value = self.operation(op, old, value, Some(&ty), statement.span());
        let value = self.coerce(value, &ty, Some(target.span()));
        self.write(place, value)
    }

    /// `place = value`.
    pub(super) fn write(&mut self, place: crate::hir::Place, value: Expr) -> Option<StmtKind> {
        if let crate::hir::Root::Local(local) = place.root {
            let hidden = self.may_be_private(&value);
            self.note_assigned(local, hidden);
        }
        Some(StmtKind::Assign(place, value))
    }

    /// A condition, and what runs under it.
    pub(super) fn under<T>(
        &mut self,
        condition: &ast::Expr,
        what: &str,
        inside: impl FnOnce(&mut Self) -> T,
    ) -> (Expr, T) {
        let condition = self.condition(condition, what);
        let before = self.under_private;
        self.under_private |= self.may_be_private(&condition);
        let result = inside(self);
        self.under_private = before;
        (condition, result)
    }

    fn if_statement(&mut self, statement: &ast::If) -> Option<StmtKind> {
        let (condition, (then, otherwise)) =
            self.under(&statement.condition()?, "the condition of `if`", |body| {
                let then = statement.then().map(|block| body.block(&block));
                (then.unwrap_or_default(), body.otherwise(statement))
            });
        Some(StmtKind::If {
            condition,
            then,
            otherwise,
        })
    }

    fn otherwise(&mut self, statement: &ast::If) -> Block {
        match statement.otherwise() {
            None => Block::default(),
            Some(Otherwise::Block(block)) => self.block(&block),
            Some(Otherwise::If(nested)) => {
                let span = nested.span();
                let kind = self
                    .deeper(span, |body| body.if_statement(&nested))
                    .flatten();
                let stmts = kind.map(|kind| Stmt { kind, span });
                Block {
                    stmts: stmts.into_iter().collect(),
                }
            }
        }
    }

    fn loop_body(&mut self, block: Option<ast::Block>) -> Block {
        self.frame.loops += 1;
        let lowered = block.map(|block| self.block(&block));
        self.frame.loops -= 1;
        lowered.unwrap_or_default()
    }

    fn for_statement(&mut self, statement: &ast::For) -> Option<StmtKind> {
        let names = statement.names();
        let over = statement.over()?;
        let [name] = &names[..] else {
            self.report(unsupported(
                statement.span(),
                "taking a tuple apart in `for`",
            ));
            return None;
        };
        match over {
            ForOver::Range(from, to) => {
                let mut from = self.whole_bound(&from);
                let mut to = self.whole_bound(&to);
                let ty = self.unify(&mut from, &mut to).unwrap_or(Type::Unknown);
                let ty = super::coerce::settled_type(&ty);
                let (from, to) = (self.settled(from), self.settled(to));
                let (counter, body) = self.each_time(name, ty, false, statement.body());
                Some(StmtKind::For {
                    counter,
                    from,
                    to,
                    body,
                })
            }
            ForOver::Each(over) => {
                if let ast::ExprKind::Name(of) = over.kind()
                    && let Some(Symbol::Group(group)) = self.symbol(&of)
                {
                    let (member, body) = self.each_time(name, Type::Id, false, statement.body());
                    return Some(StmtKind::ForMembers {
                        member,
                        group,
                        body,
                    });
                }
                let over = self.expression(&over, None);
                let over = self.settled(over);
                let element = match over.ty.element() {
                    Some(element) => element.clone(),
                    None => {
                        if !has_unknown(&over.ty) {
                            let found = self.describe(&over.ty);
                            let message = "`for` goes over a range, a list, rows or a group";
                            let diagnostic = Diagnostic::error(Code::E0206, over.span, message)
                                .because(format!("this is {found}"))
                                .help("a range is written `0..n`");
                            self.report(diagnostic);
                        }
                        Type::Unknown
                    }
                };
                let hidden = self.may_be_private(&over);
                let (element, body) = self.each_time(name, element, hidden, statement.body());
                Some(StmtKind::ForEach {
                    element,
                    over,
                    body,
                })
            }
        }
    }

    /// A bound of a loop, which may still be a literal.
    fn whole_bound(&mut self, bound: &ast::Expr) -> Expr {
        let bound = self.expression(bound, None);
        if matches!(bound.ty, Type::Int(_) | Type::Unknown) {
            return bound;
        }
        let found = self.describe(&bound.ty);
        let message = "the bound of a loop is one whole number";
        let diagnostic =
            Diagnostic::error(Code::E0206, bound.span, message).because(format!("this is {found}"));
        self.wrong(diagnostic)
    }

    /// The body of a loop with its variable.
    fn each_time(
        &mut self,
        name: &Name,
        ty: Type,
        hidden: bool,
        block: Option<ast::Block>,
    ) -> (LocalId, Block) {
        self.in_block(|body| {
            let local = body.new_local(name, ty, hidden);
            body.bind(name, Bound::Local(local));
            (local, body.loop_body(block))
        })
    }

    fn while_statement(&mut self, statement: &ast::While) -> Option<StmtKind> {
        let max = self.whole(&statement.max()?, "the bound behind `max`");
        let (condition, body) = self.under(
            &statement.condition()?,
            "the condition of `while`",
            |body| body.loop_body(statement.body()),
        );
        Some(StmtKind::While {
            condition,
            max,
            body,
        })
    }

    fn require(&mut self, statement: &ast::Require) -> Option<StmtKind> {
        self.effect(statement.span(), "`require`")?;
        let condition = self.condition(&statement.condition()?, "what `require` asks for");
        Some(StmtKind::Require(condition, statement.reason()))
    }

    fn return_statement(&mut self, statement: &ast::Return) -> Option<StmtKind> {
        if self.frame.kind == FrameKind::Function {
            self.early_return(statement);
            return None;
        }
        if let Some(value) = statement.value() {
            let message = "an entry returns nothing";
            let diagnostic = Diagnostic::error(Code::E0206, value.span(), message)
                .help("`reveal NAME = ... to ...;` gives a result to whom it names");
            self.report(diagnostic);
        }
        Some(StmtKind::Return)
    }

    fn break_statement(&mut self, span: Span) -> Option<StmtKind> {
        if self.frame.loops == 0 {
            let message = "`break` outside of a loop";
            self.report(Diagnostic::error(Code::E0211, span, message));
            return None;
        }
        Some(StmtKind::Break)
    }

    /// What only entries do: refused in a function.
    pub(super) fn effect(&mut self, span: Span, what: &str) -> Option<()> {
        if self.frame.kind == FrameKind::Entry {
            return Some(());
        }
        let name = self.calls.last().map_or("", |(_, name)| name.as_str());
        let message = format!("{what} inside a function");
        let diagnostic = Diagnostic::error(Code::E0305, span, message)
            .because(format!("`{name}` may only compute"))
            .help("return the value, and do this in the entry: an entry shows all that it does");
        self.report(diagnostic);
        None
    }
}

/// What a `let` says about its locals.
struct Declared {
    mutable: bool,
    label: Option<Label>,
    like: Vec<LocalId>,
    hidden: bool,
}
