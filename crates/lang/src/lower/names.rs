//! What names of a body stand for: locals in their blocks, results of the entry, and declarations.

use std::collections::BTreeMap;

use super::Body;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hir::{Constant, Expr, ExprKind, IntType, LocalId, Store, Type};
use crate::scope::{Generics, Symbol, duplicate, unsupported};
use crate::span::Span;
use crate::syntax::ast::{self, Name};

/// What a name of a body stands for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Bound {
    Local(LocalId),
    /// Revealed to others than `public`.
    Revealed,
    /// The cells of `group_by`: the vector of keys, and the rows.
    Cells(LocalId, LocalId),
    /// An error has been reported for it.
    Broken,
}

/// Where a body stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FrameKind {
    Entry,
    Function,
    Predicate,
}

/// The names that are visible in an entry, a predicate or a function.
pub(super) struct Frame {
    pub(super) kind: FrameKind,
    /// Of each block, the innermost last.
    names: Vec<BTreeMap<String, (Bound, Span)>>,
    pub(super) generics: Generics,
    /// Of a function, its parameters by label parameter.
    pub(super) labelled: BTreeMap<String, Vec<LocalId>>,
    /// How many loops the statement stands in.
    pub(super) loops: u32,
    /// Of a function, where its result goes.
    pub(super) result: Option<LocalId>,
}

impl Frame {
    pub(super) fn new(kind: FrameKind, generics: Generics) -> Frame {
        Frame {
            kind,
            names: vec![BTreeMap::new()],
            generics,
            labelled: BTreeMap::new(),
            loops: 0,
            result: None,
        }
    }

    /// The parameters of the labels that a type names.
    pub(super) fn like(&self, ty: &ast::Type) -> Vec<LocalId> {
        let names = crate::resolve::label_names(ty).into_iter();
        let labelled = names.filter_map(|name| self.labelled.get(&name.text));
        labelled.flatten().copied().collect()
    }

    fn find(&self, name: &str) -> Option<(Bound, Span)> {
        let mut blocks = self.names.iter().rev();
        blocks.find_map(|names| names.get(name)).copied()
    }

    pub(super) fn find_cells(&self, name: &str) -> Option<(LocalId, LocalId)> {
        match self.find(name)? {
            (Bound::Cells(keys, rows), _) => Some((keys, rows)),
            _ => None,
        }
    }
}

impl Body<'_> {
    /// Lets a name stand for something until its block ends. It hides an earlier one, but no declaration.
    pub(super) fn bind(&mut self, name: &Name, bound: Bound) {
        if let Some(first) = self.scope.declared_at(name) {
            self.report(duplicate(name, first));
        } else if let Some(names) = self.frame.names.last_mut() {
            names.insert(name.text.clone(), (bound, name.span));
        }
    }

    /// Lets the parameter of a function or lambda stand for its argument. It may hide a declaration: whoever
    /// writes a function need not know all names of a contract.
    pub(super) fn bind_parameter(&mut self, name: &Name, bound: Bound) {
        let names = self.frame.names.last_mut();
        let first = names.and_then(|names| names.insert(name.text.clone(), (bound, name.span)));
        if let Some((_, first)) = first {
            self.report(duplicate(name, first));
        }
    }

    /// The name of a result, which no other result of the entry has.
    pub(super) fn bind_result(&mut self, name: &Name, bound: Bound) {
        if let Some(first) = self.reveals.get(&name.text) {
            let diagnostic = duplicate(name, *first);
            self.report(diagnostic);
            return;
        }
        self.reveals.insert(name.text.clone(), name.span);
        self.bind(name, bound);
    }

    /// Names that are bound inside end with it.
    pub(super) fn in_block<T>(&mut self, inside: impl FnOnce(&mut Self) -> T) -> T {
        self.frame.names.push(BTreeMap::new());
        let result = inside(self);
        self.frame.names.pop();
        result
    }

    /// Whether the name is bound or declared, so that `L.x` would not mean the store.
    pub(super) fn is_taken(&self, name: &Name) -> bool {
        self.frame.find(&name.text).is_some() || self.scope.symbol(name).is_some()
    }

    pub(super) fn bound(&self, name: &str) -> Option<(Bound, Span)> {
        self.frame.find(name)
    }

    /// What the name stands for, unless a local hides it.
    pub(super) fn symbol(&self, name: &Name) -> Option<Symbol> {
        match self.frame.find(&name.text) {
            Some(_) => None,
            None => self.scope.symbol(name),
        }
    }

    /// A name as a value.
    pub(super) fn name(&mut self, name: &Name) -> Expr {
        let span = name.span;
        match self.frame.find(&name.text) {
            Some((Bound::Local(local), _)) => return self.local_value(local, span),
            Some((Bound::Broken, _)) => return self.poisoned(span),
            Some((Bound::Cells(..), at)) => {
                let message = format!("`{}` are cells, not a value", name.text);
                let diagnostic = Diagnostic::error(Code::E0205, span, message)
                    .also(
                        at,
                        "one hidden part of the rows for each name of the enumeration",
                    )
                    .help(format!(
                        "`{0}.count()` and `{0}.mean(|r| ...)` give one value per cell",
                        name.text
                    ));
                return self.wrong(diagnostic);
            }
            Some((Bound::Revealed, at)) => {
                let message = format!(
                    "`{}` was revealed, and is no value to compute with",
                    name.text
                );
                let diagnostic = Diagnostic::error(Code::E0205, span, message)
                    .also(at, "its recipients learn it here; the nodes do not")
                    .help("keep the private value under a name of its own, and use that: `let x = ...; reveal NAME = x to ...;`");
                return self.wrong(diagnostic);
            }
            None => {}
        }
        if let Some(size) = self.frame.generics.sizes.get(&name.text) {
            let kind = ExprKind::Int((*size).into());
            return self.expr(kind, Type::Int(IntType::U64), span);
        }
        match self.scope.symbol(name) {
            Some(Symbol::Collection(index)) => self.collection(index, span),
            Some(Symbol::Constant(index)) => {
                let Some((ty, value)) = self.scope.constants.get(index).cloned() else {
                    return self.poisoned(span);
                };
                self.constant(&ty, &value, span)
            }
            Some(Symbol::Party(index)) => self.expr(ExprKind::Party(index), Type::Id, span),
            Some(Symbol::Broken) => self.poisoned(span),
            Some(symbol) => {
                let diagnostic = not_a_value(name, symbol);
                self.wrong(diagnostic)
            }
            None if Store::named(&name.text).is_some() => {
                let message = format!("`{}` is a store, not a value", name.text);
                let diagnostic = Diagnostic::error(Code::E0205, span, message)
                    .help(format!("name what is in it: `{}.NAME`", name.text));
                self.wrong(diagnostic)
            }
            None => {
                let locals = self.frame.names.iter().flat_map(BTreeMap::keys);
                let diagnostic = self
                    .scope
                    .unknown(name, "value", locals.map(String::as_str));
                self.wrong(diagnostic)
            }
        }
    }

    fn collection(&mut self, index: usize, span: Span) -> Expr {
        if self.in_predicate {
            let message = "the condition of a declaration cannot read a collection";
            let diagnostic = Diagnostic::error(Code::E0205, span, message)
                .help("it is about its parameters, and what is in `L`");
            return self.wrong(diagnostic);
        }
        let Some(collection) = self.scope.hir.collections.get(index) else {
            return self.poisoned(span);
        };
        let row = collection.row.clone();
        let ty = if collection.is_single() {
            row
        } else {
            Type::Rows(Box::new(row), index)
        };
        self.expr(ExprKind::Collection(index), ty, span)
    }

    /// A value known when the contract is compiled.
    pub(super) fn constant(&mut self, ty: &Type, value: &Constant, span: Span) -> Expr {
        let kind = match (value, ty) {
            (Constant::Bool(value), _) => ExprKind::Bool(*value),
            (Constant::Int(place), Type::Enum(_)) => {
                ExprKind::Variant(u32::try_from(*place).unwrap_or_default())
            }
            (Constant::Int(value), _) => ExprKind::Int(*value),
            (Constant::Fix(scaled), _) => ExprKind::Fix(*scaled),
            (Constant::Bytes(bytes), _) => ExprKind::Bytes(bytes.clone()),
            (Constant::Text(text), _) => ExprKind::Text(text.clone()),
            (Constant::Maybe(None), _) => ExprKind::Nothing,
            (Constant::Maybe(Some(inner)), Type::Maybe(ty)) => {
                ExprKind::Something(Box::new(self.constant(ty, inner, span)))
            }
            (Constant::Many(parts), Type::List(element, _)) => {
                let parts = parts.iter().map(|part| self.constant(element, part, span));
                ExprKind::List(parts.collect())
            }
            (Constant::Many(parts), Type::Tuple(types)) => {
                let parts = parts.iter().zip(types);
                ExprKind::Tuple(parts.map(|(p, ty)| self.constant(ty, p, span)).collect())
            }
            (Constant::Many(parts), Type::Struct(index)) => {
                let fields = self.scope.hir.structs.get(*index).map(|s| s.fields.clone());
                let fields = fields.unwrap_or_default();
                let parts = parts.iter().zip(&fields);
                ExprKind::Struct(
                    parts
                        .map(|(p, field)| self.constant(&field.ty, p, span))
                        .collect(),
                )
            }
            _ => return self.wrong(unsupported(span, "a constant of this type")),
        };
        self.expr(kind, ty.clone(), span)
    }
}

fn not_a_value(name: &Name, symbol: Symbol) -> Diagnostic {
    let help = match symbol {
        Symbol::Group(_) => Some(format!(
            "`{0}.len()` is how many take part, and `for who in {0}` goes through them",
            name.text
        )),
        Symbol::Enum(_) => Some(format!("name one of its values: `{}::NAME`", name.text)),
        Symbol::Struct(_) => Some(format!("build one: `{}(field: ...)`", name.text)),
        Symbol::Function(_) => Some(format!("call it: `{}(...)`", name.text)),
        _ => None,
    };
    let what = symbol.describe();
    let message = format!("`{}` is {what}, not a value", name.text);
    let diagnostic = Diagnostic::error(Code::E0205, name.span, message);
    match help {
        Some(help) => diagnostic.help(help),
        None => diagnostic,
    }
}
