//! `collect` declarations: who gives which values in which range, and what may be shown of them.

use std::collections::BTreeSet;

use super::Pass;
use super::allow::Source;
use super::ty::{MAX_WIDTH, label};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, grouped};
use crate::hir::{Collection, Label, Provider, Rows, Type};
use crate::scope::{Generics, Scope, Symbol, unsupported};
use crate::span::Span;
use crate::syntax::ast::{self, Collect, Expr, Item, Name, TypeArg, TypeKind};

/// Before its declaration is settled.
pub(super) fn unknown(name: String, span: Span) -> Collection {
    Collection {
        name,
        row: Type::Unknown,
        provider: Provider::Each(0),
        rows: Rows::One,
        range: None,
        check: None,
        allows: Vec::new(),
        span,
    }
}

impl Pass<'_> {
    pub(super) fn collections(&mut self, members: &[Item]) {
        let collections: Vec<&Collect> = members
            .iter()
            .filter_map(|item| match item {
                Item::Collect(item) if item.name().is_some() => Some(item),
                _ => None,
            })
            .collect();
        // Givers first: `per` looks for them.
        for (index, item) in collections.iter().enumerate() {
            let provider = self.provider(item);
            if let Some(collection) = self.scope.hir.collections.get_mut(index) {
                collection.provider = provider.unwrap_or(Provider::Each(0));
            }
            self.collection(index, item, provider);
        }
    }

    fn collection(&mut self, index: usize, item: &Collect, provider: Option<Provider>) {
        let (row, rows) = match item.ty() {
            Some(ty) => self.collected(item, &ty),
            None => (Type::Unknown, None),
        };
        let range = item
            .range()
            .and_then(|range| self.scope.range(&range, &row, self.diagnostics));
        let Some(collection) = self.scope.hir.collections.get_mut(index) else {
            return;
        };
        // Without a giver there is no index space; an unknown row keeps later passes quiet.
        collection.row = match provider {
            Some(_) => row,
            None => Type::Unknown,
        };
        collection.rows = rows.unwrap_or(Rows::One);
        collection.range = range;
        let collection = collection.clone();
        let most = collection.max_rows(&self.scope.hir.groups);
        if most > MAX_WIDTH {
            let message = format!(
                "a collection has at most {} rows, and this one may have {}",
                grouped(MAX_WIDTH.into()),
                grouped(most.into())
            );
            let number = item.max_rows().and_then(|(_, number)| number);
            let span = number.map_or(collection.span, |number| number.span());
            self.error(Code::E0601, span, message);
        }
        let source = Source {
            collection: Some(index),
            provider,
            most: match (provider, rows) {
                (Some(_), Some(_)) => most.min(MAX_WIDTH),
                _ => MAX_WIDTH,
            },
        };
        let allows = item
            .allows()
            .filter_map(|allow| self.allow(&allow, source))
            .collect();
        if let Some(collection) = self.scope.hir.collections.get_mut(index) {
            collection.allows = allows;
        }
    }

    fn provider(&mut self, item: &Collect) -> Option<Provider> {
        let provider = item.provider()?;
        if provider.caller() {
            let diagnostic = unsupported(provider.span(), "collecting from `caller`").help(
                "what the caller gives is a parameter: `entry e(x: private u64 from caller) { ... }`",
            );
            self.diagnostics.push(diagnostic);
            return None;
        }
        let name = provider.name()?;
        let what = if provider.each() { "group" } else { "party" };
        let diagnostic = match (provider.each(), self.scope.symbol(&name)) {
            (true, Some(Symbol::Group(index))) => return Some(Provider::Each(index)),
            (false, Some(Symbol::Party(index))) => return Some(Provider::Party(index)),
            (_, Some(Symbol::Broken)) => return None,
            (false, Some(Symbol::Group(_))) => self.misused(&name, what).help(format!(
                "write `from each {}`: every member gives its own",
                name.text
            )),
            (true, Some(Symbol::Party(_))) => self
                .misused(&name, what)
                .help(format!("write `from {}`", name.text)),
            (_, Some(_)) => self.misused(&name, what),
            (_, None) => self.scope.unknown(&name, what, std::iter::empty()),
        };
        self.diagnostics.push(diagnostic);
        None
    }

    fn misused(&self, name: &Name, what: &str) -> Diagnostic {
        let message = format!("`{}` is not a {what}", name.text);
        self.scope.misused(name, message)
    }

    /// What a row is and how many each giver has; `None` if that is not known.
    fn collected(&mut self, item: &Collect, ty: &ast::Type) -> (Type, Option<Rows>) {
        if label(ty) != Some(Label::Private) {
            let message = "what people give is private";
            let diagnostic = Diagnostic::error(Code::E0206, ty.span(), message)
                .help("write `private` before the type");
            self.diagnostics.push(diagnostic);
        }
        if let Some(name) = ty.per() {
            let diagnostic = unsupported(name.span, "`per` in a collection")
                .help("leave it out: there is one value, or one table, per giver");
            self.diagnostics.push(diagnostic);
        }
        let max_rows = item.max_rows();
        let generics = Generics::default();
        let (row, rows) = match ty.kind() {
            TypeKind::Named(name, args) if name.text == "table" => {
                let row = self.table_row(&name, &args);
                let rows = match &max_rows {
                    Some((_, number)) => number.as_ref().and_then(|n| self.row_count(n)),
                    None => {
                        let message = "a table needs `max_rows`";
                        let diagnostic = Diagnostic::error(Code::E0206, ty.span(), message)
                            .because("every giver has at most so many rows")
                            .help("write, for example, `max_rows 100` behind the giver");
                        self.diagnostics.push(diagnostic);
                        None
                    }
                };
                (row, rows.map(Rows::UpTo))
            }
            TypeKind::List {
                element,
                length,
                max: true,
            } => {
                let row = self.scope.part(&element, &generics, self.diagnostics);
                self.no_max_rows(&max_rows);
                (row, self.row_count(&length).map(Rows::UpTo))
            }
            _ => {
                self.no_max_rows(&max_rows);
                let row = self.scope.unlabelled(ty, &generics, self.diagnostics);
                (row, Some(Rows::One))
            }
        };
        (self.private_value(row, ty.span()), rows)
    }

    fn table_row(&mut self, name: &Name, args: &[TypeArg]) -> Type {
        match args {
            [TypeArg::Type(row)] => {
                let row_type = self.scope.part(row, &Generics::default(), self.diagnostics);
                if matches!(row_type, Type::Struct(_) | Type::Unknown) {
                    return row_type;
                }
                let message = "the rows of a table are structs";
                let diagnostic = Diagnostic::error(Code::E0206, row.span(), message)
                    .help("a list needs no struct: `private [u64; max 100]`");
                self.diagnostics.push(diagnostic);
            }
            _ => {
                let message = "`table` takes one struct between `<` and `>`";
                self.error(Code::E0204, name.span, message);
            }
        }
        Type::Unknown
    }

    fn no_max_rows(&mut self, max_rows: &Option<(Span, Option<Expr>)>) {
        if let Some((clause, number)) = max_rows {
            let span = number.as_ref().map_or(*clause, Expr::span);
            let diagnostic = Diagnostic::error(Code::E0212, span, "`max_rows` is for tables")
                .help("write `private table<Row>` for many rows per giver");
            self.diagnostics.push(diagnostic);
        }
    }

    fn row_count(&mut self, expr: &Expr) -> Option<u32> {
        let value = self.integer(expr)?;
        let count = u32::try_from(value).ok();
        let count = count.filter(|count| (1..=MAX_WIDTH).contains(&u64::from(*count)));
        if count.is_none() {
            let message = format!(
                "a number of rows from 1 to {} is needed here",
                grouped(MAX_WIDTH.into())
            );
            self.error(Code::E0601, expr.span(), message);
        }
        count
    }

    /// The type, if values of it can be private and are no keys.
    pub(super) fn private_value(&mut self, ty: Type, span: Span) -> Type {
        if let Some(part) = self.scope.part_that(&ty, |t| matches!(t, Type::Str)) {
            let name = self.scope.hir.type_name(&part);
            let message = format!("a `{name}` is always public");
            let diagnostic = Diagnostic::error(Code::E0206, span, message)
                .because("its length would be seen")
                .help("a private text has a greatest length: `text<32>`");
            self.diagnostics.push(diagnostic);
            return Type::Unknown;
        }
        self.no_key(ty, span)
    }

    /// The type, if it has no key in it.
    pub(super) fn no_key(&mut self, ty: Type, span: Span) -> Type {
        let key = self.scope.part_that(&ty, |t| matches!(t, Type::Key(_)));
        if key.is_some() {
            let message = "a key is a slot of `state MPC`, and nothing else";
            let diagnostic = Diagnostic::error(Code::E0316, span, message)
                .because("whoever gives or reads a key knows it")
                .help("declare `state MPC { sk: private key<secp256k1>; }` and fill it with `keygen()`");
            self.diagnostics.push(diagnostic);
            return Type::Unknown;
        }
        ty
    }
}

impl Scope {
    /// The first part of a type for which something holds, itself included.
    pub(super) fn part_that(&self, ty: &Type, holds: fn(&Type) -> bool) -> Option<Type> {
        let mut seen = BTreeSet::new();
        let mut open = vec![ty];
        while let Some(ty) = open.pop() {
            if holds(ty) {
                return Some(ty.clone());
            }
            match ty {
                Type::Maybe(part) | Type::List(part, _) | Type::Rows(part, _) => open.push(part),
                Type::Tuple(parts) => open.extend(parts),
                Type::Struct(index) if seen.insert(*index) => {
                    let declared = self.hir.structs.get(*index);
                    open.extend(declared.iter().flat_map(|s| &s.fields).map(|f| &f.ty));
                }
                _ => {}
            }
        }
        None
    }
}
