//! Functions of the source, put in place where they are called.

use std::collections::BTreeSet;

use super::names::{Bound, Frame, FrameKind};
use super::vector::{length_of, meet};
use super::{Body, MAX_CALLS};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hir::{Block, Expr, ExprKind, Label, Local, LocalId, Place, Root, Stmt, StmtKind, Type};
use crate::resolve::label_names;
use crate::scope::{Generics, Scope};
use crate::span::Span;
use crate::syntax::ast::{self, Arg, Generic, GenericKind, Name, Otherwise, TypeArg, TypeKind};

/// Functions that no entry calls are checked too, with parameters that are only declared.
pub(super) fn check_uncalled(
    scope: &mut Scope,
    called: &BTreeSet<usize>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    for (index, function) in scope.functions.clone().iter().enumerate() {
        let Some(name) = function.name().filter(|_| !called.contains(&index)) else {
            continue;
        };
        // Of labels all are private; types and sizes follow from arguments alone.
        let declared = function.generics();
        if declared
            .iter()
            .any(|generic| generic.kind != GenericKind::Label)
        {
            continue;
        }
        let generics = Generics {
            labels: all_labels(&declared),
            ..Generics::default()
        };
        let mut body = Body::new(scope, diagnostics, FrameKind::Entry);
        let mut args = Vec::new();
        // Errors in the types are reported where the function is put in place.
        for param in function.params() {
            let (mut private, mut ty) = (false, Type::Unknown);
            if let Some(written) = param.ty() {
                let (label, found) = body.scope.ty(&written, &generics, &mut Vec::new());
                private = label == Some(Label::Private) || !label_names(&written).is_empty();
                ty = found;
            }
            let local = body.hidden_local("argument", ty, private, function.span());
            args.push(body.local_value(local, function.span()));
        }
        body.put_in_place(index, function, &name, args, generics, name.span);
    }
}

impl Body<'_> {
    /// `name(args)` of a function of the source.
    pub(super) fn call_function(
        &mut self,
        index: usize,
        name: &Name,
        args: &[Arg],
        span: Span,
    ) -> Expr {
        let Some(function) = self.scope.functions.get(index).cloned() else {
            return self.poisoned(span);
        };
        if let Some(diagnostic) = self.recursion(index, name, span) {
            return self.wrong(diagnostic);
        }
        let params = function.params();
        let names: Vec<String> = params
            .iter()
            .map(|param| param.name().map(|name| name.text).unwrap_or_default())
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let Some(args) = self.arranged(name, args, &names, span) else {
            return self.poisoned(span);
        };
        let declared = function.generics();
        let mut generics = Generics {
            labels: all_labels(&declared),
            ..Generics::default()
        };
        let mut values = Vec::new();
        for (arg, param) in args.iter().zip(&params) {
            let (Some(value), Some(written)) = (&arg.value, param.ty()) else {
                return self.poisoned(span);
            };
            if declared.is_empty() {
                // Errors in the type are reported below.
                let (_, want) = self.scope.ty(&written, &generics, &mut Vec::new());
                values.push(self.expression(value, Some(&want)));
                continue;
            }
            let value = self.expression(value, None);
            let value = self.settled(value);
            infer(
                self.scope,
                &mut Wanted::new(&declared, &mut generics),
                &written,
                &value.ty,
            );
            values.push(value);
        }
        generics.labels = stated_labels(&declared, &params);
        if !self.all_found(&declared, &generics, span) {
            return self.poisoned(span);
        }
        self.put_in_place(index, &function, name, values, generics, span)
    }

    /// Whether a call would never end, or go too deep.
    fn recursion(&self, index: usize, name: &Name, span: Span) -> Option<Diagnostic> {
        if let Some(first) = self.calls.iter().position(|(called, _)| *called == index) {
            let way = self.calls.iter().skip(first).map(|(_, name)| name.as_str());
            let way: Vec<&str> = way.chain([name.text.as_str()]).collect();
            let message = format!("`{}` calls itself", name.text);
            return Some(
                Diagnostic::error(Code::E0320, span, message)
                    .because(way.join(" calls "))
                    .help("use a loop with a public bound, or `while condition max N`"),
            );
        }
        (self.calls.len() >= MAX_CALLS).then(|| {
            let message = format!("calls of functions are nested more than {MAX_CALLS} deep");
            Diagnostic::error(Code::E0104, span, message)
        })
    }

    /// Whether each generic parameter has been found from the arguments.
    pub(super) fn all_found(&mut self, declared: &[Generic], found: &Generics, span: Span) -> bool {
        for generic in declared {
            let name = &generic.name;
            let known = match generic.kind {
                GenericKind::Type => found.types.contains_key(&name.text),
                GenericKind::Size => found.sizes.contains_key(&name.text),
                GenericKind::Label => found.labels.contains(&name.text),
            };
            if !known {
                let message = format!("`{}` does not follow from the arguments", name.text);
                let diagnostic = Diagnostic::error(Code::E0206, span, message)
                    .also(name.span, "declared here")
                    .help("a generic parameter is the type of a parameter, or the known length of a list");
                self.report(diagnostic);
                return false;
            }
        }
        true
    }

    /// The body of the function, with parameters bound to the arguments.
    fn put_in_place(
        &mut self,
        index: usize,
        function: &ast::Fn,
        name: &Name,
        args: Vec<Expr>,
        generics: Generics,
        span: Span,
    ) -> Expr {
        self.called.insert(index);
        let Some(written) = function.result() else {
            let message = format!("`{}` returns nothing", name.text);
            let diagnostic = Diagnostic::error(Code::E0205, name.span, message)
                .help("state what it returns: `fn NAME(...) -> TYPE`; functions have no effects");
            return self.wrong(diagnostic);
        };
        if self.calls.is_empty() {
            self.call_span = span;
        }
        self.calls.push((index, name.text.clone()));
        let outer = std::mem::replace(&mut self.frame, Frame::new(FrameKind::Function, generics));
        let generics = self.frame.generics.clone();
        let mut stmts = Vec::new();
        for (param, arg) in function.params().iter().zip(args) {
            if let Some(stmt) = self.parameter(param, arg) {
                stmts.push(stmt);
            }
        }
        let (mut label, ty) = {
            let mut found = Vec::new();
            let result = self.scope.ty(&written, &generics, &mut found);
            found
                .into_iter()
                .for_each(|diagnostic| self.report(diagnostic));
            result
        };
        let like = match label {
            None => self.frame.like(&written),
            Some(_) => Vec::new(),
        };
        if like.is_empty() {
            label = label.or(Some(Label::Public));
        }
        let result = self.add_local(
            Local {
                name: format!("<{}>", name.text),
                ty: ty.clone(),
                mutable: true,
                label,
                like,
                range: None,
                span: written.span(),
            },
            false,
        );
        self.frame.result = Some(result);
        let returned = match function.block() {
            Some(block) => self.function_body(&block, &mut stmts),
            None => true,
        };
        if !returned && !self.is_full() {
            let at = function.name().map_or(span, |name| name.span);
            let message = format!("`{}` does not return on every way", name.text);
            let diagnostic = Diagnostic::error(Code::E0209, at, message)
                .also(written.span(), "it must return this")
                .help(
                    "end it with `return`, also in both branches of an `if` where it ends in one",
                );
            self.report(diagnostic);
        }
        self.frame = outer;
        self.calls.pop();
        let (function, block) = (name.text.clone(), Block { stmts });
        self.expr(
            ExprKind::Inline {
                function,
                block,
                result,
            },
            ty,
            span,
        )
    }

    fn parameter(&mut self, param: &ast::Param, arg: Expr) -> Option<Stmt> {
        let (name, written) = (param.name()?, param.ty()?);
        let generics = self.frame.generics.clone();
        let mut found = Vec::new();
        let (label, ty) = self.scope.ty(&written, &generics, &mut found);
        if let Some(provider) = param.provider() {
            let message = "parameters of functions come from whoever calls them";
            found.push(
                Diagnostic::error(Code::E0204, provider.span(), message)
                    .help("`from` belongs to the parameters of entries"),
            );
        }
        let range = param.range();
        let range = range.and_then(|range| self.scope.range(&range, &ty, &mut found));
        found
            .into_iter()
            .for_each(|diagnostic| self.report(diagnostic));
        let arg = self.coerce(arg, &ty, Some(written.span()));
        let span = arg.span;
        let hidden = self.may_be_private(&arg);
        let of_labels = match label {
            None => label_names(&written),
            Some(_) => Vec::new(),
        };
        let local = Local {
            name: name.text.clone(),
            ty,
            mutable: false,
            label: match of_labels.is_empty() {
                true => label.or(Some(Label::Public)),
                false => None,
            },
            like: Vec::new(),
            range,
            span: name.span,
        };
        let local = self.add_local(local, hidden);
        for label in of_labels {
            let labelled = self.frame.labelled.entry(label.text);
            labelled.or_default().push(local);
        }
        self.bind_parameter(&name, Bound::Local(local));
        Some(Stmt {
            kind: StmtKind::Let(local, arg),
            span,
        })
    }

    /// Lowers a body that ends in `return`; whether it does on every way.
    fn function_body(&mut self, block: &ast::Block, out: &mut Vec<Stmt>) -> bool {
        let statements: Vec<ast::Stmt> = block.statements().collect();
        let returned = self.deeper(block.span(), |body| {
            body.in_block(|body| body.tail(&statements, out))
        });
        returned.unwrap_or(true)
    }

    fn tail(&mut self, statements: &[ast::Stmt], out: &mut Vec<Stmt>) -> bool {
        for (i, statement) in statements.iter().enumerate() {
            let rest = statements.get(i + 1..).unwrap_or_default();
            match statement {
                ast::Stmt::Return(statement) => {
                    self.unreachable(rest);
                    self.put_result(statement, out);
                    return true;
                }
                ast::Stmt::If(nested) if has_return(nested) => {
                    return self.tail_if(nested, rest, out);
                }
                statement => self.statement(statement, out),
            }
        }
        false
    }

    /// An `if` with a `return`. Where one branch returns, what follows the `if` belongs to the other one.
    fn tail_if(&mut self, statement: &ast::If, rest: &[ast::Stmt], out: &mut Vec<Stmt>) -> bool {
        let (then, otherwise) = (branch(statement.then()), else_statements(statement));
        let (first, second) = (always_returns(&then), always_returns(&otherwise));
        let mut rests: [&[ast::Stmt]; 2] = [&[], &[]];
        match (first, second) {
            (true, true) => self.unreachable(rest),
            (true, false) if !otherwise.iter().any(returns) || rest.is_empty() => rests[1] = rest,
            (false, true) if !then.iter().any(returns) || rest.is_empty() => rests[0] = rest,
            // Those that cannot be put at an end are reported.
            _ => {
                self.statement(&ast::Stmt::If(statement.clone()), out);
                return rest.is_empty() || self.tail(rest, out);
            }
        }
        let Some(condition) = statement.condition() else {
            return true;
        };
        let span = statement.span();
        let deep = self.deeper(span, |body| {
            body.under(&condition, "the condition of `if`", |body| {
                [(then, rests[0]), (otherwise, rests[1])].map(|(branch, rest)| {
                    let mut out = Vec::new();
                    let mut returned = body.in_block(|body| body.tail(&branch, &mut out));
                    if !returned {
                        returned = body.in_block(|body| body.tail(rest, &mut out));
                    }
                    (returned, Block { stmts: out })
                })
            })
        });
        let Some((condition, [(first, then), (second, otherwise)])) = deep else {
            return true;
        };
        out.push(Stmt {
            kind: StmtKind::If {
                condition,
                then,
                otherwise,
            },
            span,
        });
        first && second
    }

    fn unreachable(&mut self, rest: &[ast::Stmt]) {
        if let Some(extra) = rest.first() {
            let message = "this is never reached";
            let diagnostic = Diagnostic::error(Code::E0209, extra.word_span(), message)
                .because("the function has returned before");
            self.report(diagnostic);
        }
    }

    fn put_result(&mut self, statement: &ast::Return, out: &mut Vec<Stmt>) {
        let Some(result) = self.frame.result else {
            return;
        };
        let Some(value) = statement.value() else {
            let message = "this function returns a value";
            let diagnostic = Diagnostic::error(Code::E0206, statement.span(), message)
                .because("there is none behind `return`");
            self.report(diagnostic);
            return;
        };
        let declared = self
            .local(result)
            .map(|local| (local.ty.clone(), local.span));
        let (ty, at) = declared.unwrap_or((Type::Unknown, statement.span()));
        let value = self.expression(&value, Some(&ty));
        let value = self.coerce(value, &ty, Some(at));
        let hidden = self.may_be_private(&value);
        self.note_assigned(result, hidden);
        let span = statement.span();
        out.push(Stmt {
            kind: StmtKind::Assign(local_place(result, span), value),
            span,
        });
    }

    /// A `return` where the function cannot end.
    pub(super) fn early_return(&mut self, statement: &ast::Return) {
        let message = "a function cannot return here";
        let diagnostic = Diagnostic::error(Code::E0209, statement.span(), message)
            .because("inside a loop, or with code behind it on some way")
            .help("put the result into a variable, and return it at the end");
        self.report(diagnostic);
    }
}

fn local_place(local: LocalId, span: Span) -> Place {
    let path = Vec::new();
    let root = Root::Local(local);
    Place { root, path, span }
}

fn branch(block: Option<ast::Block>) -> Vec<ast::Stmt> {
    block
        .map(|block| block.statements().collect())
        .unwrap_or_default()
}

fn else_statements(statement: &ast::If) -> Vec<ast::Stmt> {
    match statement.otherwise() {
        None => Vec::new(),
        Some(Otherwise::Block(block)) => block.statements().collect(),
        Some(Otherwise::If(nested)) => vec![ast::Stmt::If(nested)],
    }
}

/// Whether the statement is or holds a `return`.
fn returns(statement: &ast::Stmt) -> bool {
    match statement {
        ast::Stmt::Return(_) => true,
        ast::Stmt::If(nested) => has_return(nested),
        ast::Stmt::For(nested) => branch(nested.body()).iter().any(returns),
        ast::Stmt::While(nested) => branch(nested.body()).iter().any(returns),
        _ => false,
    }
}

fn has_return(statement: &ast::If) -> bool {
    branch(statement.then()).iter().any(returns) || else_statements(statement).iter().any(returns)
}

/// Whether the statements return on every way.
fn always_returns(statements: &[ast::Stmt]) -> bool {
    statements.iter().any(|statement| match statement {
        ast::Stmt::Return(_) => true,
        ast::Stmt::If(nested) => {
            always_returns(&branch(nested.then())) && always_returns(&else_statements(nested))
        }
        _ => false,
    })
}

/// Generic parameters, and what has been found for them.
pub(super) struct Wanted<'a> {
    declared: &'a [Generic],
    found: &'a mut Generics,
}

impl<'a> Wanted<'a> {
    pub(super) fn new(declared: &'a [Generic], found: &'a mut Generics) -> Wanted<'a> {
        Wanted { declared, found }
    }

    fn declares(&self, name: &str, kind: GenericKind) -> bool {
        let mut declared = self.declared.iter();
        declared.any(|generic| generic.kind == kind && generic.name.text == name)
    }

    fn size(&mut self, name: &str, size: u64) {
        if self.declares(name, GenericKind::Size) {
            self.found.sizes.entry(name.to_owned()).or_insert(size);
        }
    }
}

/// What generic parameters stand for where a value of type `found` is given for the written type. What does not match is
/// reported later, when the written type is known.
fn all_labels(declared: &[Generic]) -> BTreeSet<String> {
    let is_label = |generic: &&Generic| generic.kind == GenericKind::Label;
    let labels = declared.iter().filter(is_label);
    labels.map(|generic| generic.name.text.clone()).collect()
}

/// Those that a parameter is of: what is given for it says which label it is.
fn stated_labels(declared: &[Generic], params: &[ast::Param]) -> BTreeSet<String> {
    let stated = |name: &str| {
        let mut types = params.iter().filter_map(ast::Param::ty);
        types.any(|ty| {
            let labels = label_names(&ty);
            labels.iter().any(|label| label.text == name)
        })
    };
    let mut labels = all_labels(declared);
    labels.retain(|name| stated(name));
    labels
}

pub(super) fn infer(scope: &Scope, wanted: &mut Wanted<'_>, written: &ast::Type, found: &Type) {
    match (written.kind(), found) {
        (TypeKind::Named(name, args), _)
            if args.is_empty() && wanted.declares(&name.text, GenericKind::Type) =>
        {
            let known = wanted.found.types.get(&name.text);
            let both = known.map_or(Some(found.clone()), |known| meet(known, found));
            if let Some(both) = both {
                wanted.found.types.insert(name.text, both);
            }
        }
        (TypeKind::Named(name, args), Type::Bytes(len) | Type::Text(len))
            if matches!(name.text.as_str(), "bytes" | "text") =>
        {
            if let [TypeArg::Type(size)] = &args[..] {
                infer_size(wanted, size, u64::from(*len));
            }
        }
        (TypeKind::Named(_, args), Type::Maybe(inner)) => {
            if let [TypeArg::Type(arg)] = &args[..] {
                infer(scope, wanted, arg, inner);
            }
        }
        (TypeKind::Named(_, args), Type::Struct(index)) => {
            let mut instances = scope.instances.iter();
            let Some(((item, generics), _)) = instances.find(|(_, made)| *made == index) else {
                return;
            };
            let declared = scope.struct_items.get(*item).map(ast::Struct::generics);
            for (generic, arg) in declared.unwrap_or_default().iter().zip(&args) {
                let TypeArg::Type(arg) = arg else { continue };
                if let Some(size) = generics.sizes.get(&generic.name.text) {
                    infer_size(wanted, arg, *size);
                } else if let Some(ty) = generics.types.get(&generic.name.text) {
                    infer(scope, wanted, arg, ty);
                }
            }
        }
        (
            TypeKind::List {
                element, length, ..
            },
            found,
        ) => {
            if let Some(inner) = found.element() {
                infer(scope, wanted, &element, inner);
            }
            let known = length_of(found).and_then(|length| length.constant());
            if let (Some(known), ast::ExprKind::Name(name)) = (known, length.kind()) {
                wanted.size(&name.text, known);
            }
        }
        (TypeKind::Tuple(parts), Type::Tuple(found)) => {
            for (part, found) in parts.iter().zip(found) {
                infer(scope, wanted, part, found);
            }
        }
        _ => {}
    }
}

fn infer_size(wanted: &mut Wanted<'_>, written: &ast::Type, size: u64) {
    if let TypeKind::Named(name, _) = written.kind() {
        wanted.size(&name.text, size);
    }
}
