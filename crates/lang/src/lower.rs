//! Bodies of entries: names, types, labels, index spaces and ranges of every expression. What comes
//! out refers to declarations by index and carries a type on each node.

mod arithmetic;
mod expression;
mod guard;
mod method;
mod tests;

use std::collections::BTreeMap;

use enigma_bytecode::verify::MAX_REVEALS;

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hir::{Entry, Expr, Hir, Recipient, Reveal};
use crate::resolve::{Scope, duplicate, named_kind, recipient_named, unknown_type, unsupported};
use crate::span::Span;
use crate::syntax::{SyntaxKind as K, SyntaxNode, ast};
use crate::types::{Kind, Label, Space, Ty};

/// Far more than are shown: there is no use in looking for others.
const ENOUGH_DIAGNOSTICS: usize = 1_000;

/// Settles everything below the declarations.
pub(crate) fn lower(scope: Scope, diagnostics: &mut Vec<Diagnostic>) -> Hir {
    let entries: Vec<Entry> = scope
        .entries
        .iter()
        .map(|entry| {
            let mut body = Body {
                scope: &scope,
                diagnostics,
                locals: Vec::new(),
                names: BTreeMap::new(),
                reveals: Vec::new(),
            };
            body.entry(entry)
        })
        .collect();
    // Tests of what is not built yet would only repeat that, in other words.
    let tests = if diagnostics.iter().any(|d| d.code == Code::E0900) {
        Vec::new()
    } else {
        tests::lower(&scope, &entries, diagnostics)
    };
    Hir {
        name: scope.name,
        version: scope.version,
        groups: scope.groups,
        parties: scope.parties,
        collections: scope.collections,
        entries,
        tests,
    }
}

/// What a name of a body stands for.
#[derive(Clone, Copy)]
enum Bound {
    Local(usize),
    Revealed,
}

struct Body<'a> {
    scope: &'a Scope,
    diagnostics: &'a mut Vec<Diagnostic>,
    locals: Vec<Expr>,
    names: BTreeMap<String, (Bound, Span)>,
    reveals: Vec<Reveal>,
}

impl Body<'_> {
    fn entry(&mut self, entry: &ast::Entry) -> Entry {
        for param in entry.params() {
            self.report(unsupported(param.span(), "a parameter of an entry"));
        }
        for word in entry.conditions() {
            let what = format!("`{}`", word.text());
            self.report(unsupported(word.text_range().into(), &what));
        }
        if let Some(block) = entry.block() {
            block.statements().for_each(|node| self.statement(&node));
        }
        if let Some(extra) = self.reveals.get(MAX_REVEALS) {
            let message = format!("an entry reveals at most {MAX_REVEALS} values");
            self.diagnostics
                .push(Diagnostic::error(Code::E0601, extra.span, message));
        }
        Entry {
            name: entry.name().map(|name| name.text).unwrap_or_default(),
            locals: std::mem::take(&mut self.locals),
            reveals: std::mem::take(&mut self.reveals),
        }
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn statement(&mut self, node: &SyntaxNode) {
        if self.diagnostics.len() >= ENOUGH_DIAGNOSTICS {
            return;
        }
        if let Some(statement) = ast::Let::cast(node.clone()) {
            self.let_statement(&statement);
        } else if let Some(statement) = ast::Reveal::cast(node.clone()) {
            self.reveal(&statement);
        } else {
            let what = match node.kind() {
                K::If => "`if`",
                K::For => "`for`",
                K::While => "`while`",
                K::Require => "`require`",
                K::Return => "`return`",
                K::Break => "`break`",
                K::Assign => "an assignment",
                K::ExprStmt => "a call as a statement",
                _ => return,
            };
            let first = node
                .first_token()
                .map_or(node.text_range(), |token| token.text_range());
            self.report(unsupported(first.into(), what));
        }
    }

    fn bind(&mut self, name: &ast::Name, bound: Bound) {
        let taken = self.names.get(&name.text).map(|(_, span)| *span);
        match taken.or_else(|| self.scope.declared_at(&name.text)) {
            Some(first) => self.report(duplicate(name, first)),
            None => {
                self.names.insert(name.text.clone(), (bound, name.span));
            }
        }
    }

    fn let_statement(&mut self, statement: &ast::Let) {
        let names = statement.names();
        if statement.mutable() {
            self.report(unsupported(statement.span(), "`let mut`"));
        }
        let stated = statement.ty();
        let kind = stated.as_ref().and_then(|ty| self.stated_type(ty));
        let Some(value) = statement.value() else {
            return;
        };
        let int = match kind {
            Some(Kind::Int(int)) => Some(int),
            _ => None,
        };
        let mut value = self.expression(&value, int);
        if let (Some(ty), Some(stated)) = (value.ty, &stated) {
            if let Some(kind) = kind {
                value.ty = Some(self.meets_stated(ty, kind, value.span));
            }
            let label = stated.label().map(|word| word.text().to_owned());
            match (label.as_deref(), ty.label) {
                (Some("public"), Label::Private) => {
                    let message = "a private value cannot become public by a `let`";
                    let diagnostic = Diagnostic::error(Code::E0301, value.span, message)
                        .because("this is private")
                        .also(stated.span(), "everyone would know this")
                        .help("only `reveal` opens a value, to the recipients it names");
                    self.diagnostics.push(diagnostic);
                }
                (Some("private"), Label::Public) => {
                    self.diagnostics
                        .push(unsupported(stated.span(), "making a public value private"));
                }
                _ => {}
            }
        }
        match &names[..] {
            [name] => {
                self.bind(name, Bound::Local(self.locals.len()));
                self.locals.push(value);
            }
            [] => {}
            _ => self.report(unsupported(statement.span(), "taking a tuple apart")),
        }
    }

    fn stated_type(&mut self, ty: &ast::Type) -> Option<Kind> {
        let kind = named_kind(ty);
        if kind.is_none() {
            self.report(unknown_type(ty, self.scope));
        }
        kind
    }

    /// The type of a value for which a `let` states a kind: a number takes the stated integer type
    /// if it provably fits.
    fn meets_stated(&mut self, ty: Ty, stated: Kind, span: Span) -> Ty {
        match (stated, ty.kind) {
            (Kind::Int(int), Kind::Int(_)) if int.holds(ty.interval) => Ty { kind: stated, ..ty },
            (Kind::Int(int), Kind::Int(_)) => {
                let message = format!("this value may not fit in {}", int.name());
                let diagnostic = Diagnostic::error(Code::E0501, span, message);
                self.report(arithmetic::with_interval(diagnostic, ty.interval));
                ty
            }
            (stated, found) if stated == found => ty,
            (stated, found) => {
                let message = format!("this is {}, not {}", found.describe(), stated.describe());
                self.report(Diagnostic::error(Code::E0211, span, message));
                ty
            }
        }
    }

    fn reveal(&mut self, statement: &ast::Reveal) {
        let min_groups = self.guards(statement);
        let (Some(name), Some(value)) = (statement.name(), statement.value()) else {
            return;
        };
        let value = self.expression(&value, None);
        self.bind(&name, Bound::Revealed);
        if value.ty.is_some_and(|ty| ty.label == Label::Public) {
            let diagnostic =
                Diagnostic::error(Code::E0311, value.span, "nothing private in this reveal")
                    .because("everyone knows this value already")
                    .help("leave this line out, or combine the value with a private one");
            self.report(diagnostic);
        }
        if let Some(Kind::Place(of)) = value.ty.map(|ty| ty.kind) {
            let of = self.collection_name(of).to_owned();
            let message = "a place among the rows is no result";
            let diagnostic = Diagnostic::error(Code::E0211, value.span, message)
                .because("rows are counted anew in every run")
                .help(format!("reveal who stands there: `{of}.owner_at(...)`"));
            self.report(diagnostic);
        }
        let mut recipients = Vec::new();
        for recipient in statement.recipients() {
            if let Some(found) = self.recipient(&recipient, &value) {
                recipients.push((found, recipient.span()));
            }
        }
        let (name, span) = (name.text, statement.span());
        self.reveals.push(Reveal {
            name,
            span,
            value,
            recipients,
            released: Vec::new(),
            min_groups,
        });
    }

    /// Checks `owner` against the index space of the value.
    fn recipient(&mut self, recipient: &ast::Recipient, value: &Expr) -> Option<Recipient> {
        let kind = recipient.kind()?;
        let space = value.ty.map(|ty| ty.space);
        if let (ast::RecipientKind::Owner(None), Some(Space::Over(index))) = (&kind, space) {
            return Some(Recipient::OwnerOf(index));
        }
        let found = recipient_named(self.scope, &kind, self.diagnostics);
        let wrong = match (found, space) {
            (Some(Recipient::OwnerOf(index)), Some(Space::Over(other))) if index != other => {
                let of = self.collection_name(other);
                Some(format!("this has one value per row of `{of}`"))
            }
            (Some(Recipient::OwnerOf(_)), Some(Space::Scalar)) => {
                Some("this is one value".to_owned())
            }
            (None, Some(Space::Scalar)) if matches!(kind, ast::RecipientKind::Owner(None)) => {
                Some("this is one value".to_owned())
            }
            _ => None,
        };
        let Some(why) = wrong else { return found };
        let message = "owners get one value each, and there is not one value for each of them";
        let diagnostic = Diagnostic::error(Code::E0309, recipient.span(), message)
            .also(value.span, why)
            .help("to show one value to all members of a group, write `to each GROUP`");
        self.report(diagnostic);
        None
    }

    fn collection_name(&self, index: usize) -> &str {
        self.scope
            .collections
            .get(index)
            .map_or("?", |collection| &collection.name)
    }
}
