//! Declarations of a contract: who and what exists, with constants, bounds and ranges settled.
//! Bodies of entries come later, in [`crate::lower`], when all names are known.

mod collection;

use std::collections::BTreeMap;

use enigma_bytecode::interval::Wide;
use enigma_bytecode::verify::{MAX_DECLARATIONS, MAX_GROUP, MAX_PARTIES};

use crate::code::Code;
use crate::constant::{self, Constants};
use crate::diagnostic::{Diagnostic, grouped};
use crate::hir::{Collection, Group, Recipient};
use crate::span::Span;
use crate::suggest::nearest;
use crate::syntax::ast::{self, Expr, Name, RecipientKind};
use crate::syntax::{SyntaxKind as K, SyntaxNode};
use crate::types::{IntType, Kind};

/// What a name of the contract stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Symbol {
    Group(usize),
    Party(usize),
    Collection(usize),
    Entry(usize),
    Constant(i64, IntType),
    /// Declared by a construct that is not supported yet, which has been reported.
    Unsupported,
}

/// All declarations.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    pub(crate) name: String,
    pub(crate) version: u32,
    pub(crate) groups: Vec<Group>,
    pub(crate) parties: Vec<String>,
    pub(crate) collections: Vec<Collection>,
    pub(crate) entries: Vec<ast::Entry>,
    pub(crate) tests: Vec<ast::Test>,
    symbols: BTreeMap<String, (Symbol, Span)>,
    pub(crate) constants: Constants,
}

impl Scope {
    pub(crate) fn symbol(&self, name: &str) -> Option<Symbol> {
        self.symbols.get(name).map(|(symbol, _)| *symbol)
    }

    pub(crate) fn declared_at(&self, name: &str) -> Option<Span> {
        self.symbols.get(name).map(|(_, span)| *span)
    }

    /// "Unknown name", with the nearest of the contract's names and of `more`.
    pub(crate) fn unknown<'a>(
        &'a self,
        name: &Name,
        what: &str,
        more: impl Iterator<Item = &'a str>,
    ) -> Diagnostic {
        let message = format!("there is no {what} `{}`", name.text);
        let diagnostic = Diagnostic::error(Code::E0201, name.span, message);
        let known = self.symbols.keys().map(String::as_str);
        match nearest(&name.text, known.chain(more)) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
            None => diagnostic,
        }
    }

    fn declare(&mut self, name: &Name, symbol: Symbol, diagnostics: &mut Vec<Diagnostic>) {
        if let Some((_, first)) = self.symbols.get(&name.text) {
            diagnostics.push(duplicate(name, *first));
        } else {
            self.symbols.insert(name.text.clone(), (symbol, name.span));
        }
    }
}

/// "The name is taken".
pub(crate) fn duplicate(name: &Name, first: Span) -> Diagnostic {
    Diagnostic::error(
        Code::E0202,
        name.span,
        format!("`{}` is declared twice", name.text),
    )
    .also(first, "declared here first")
}

/// "Not supported yet".
pub(crate) fn unsupported(span: Span, what: &str) -> Diagnostic {
    Diagnostic::error(Code::E0900, span, format!("{what}: not supported yet"))
        .because("this version of the compiler does not build it")
}

/// The declarations of the one contract of a file; `None` if there is not exactly one.
pub(crate) fn resolve(file: &ast::File, diagnostics: &mut Vec<Diagnostic>) -> Option<Scope> {
    let contracts: Vec<ast::Contract> = file.contracts().collect();
    let [contract] = &contracts[..] else {
        let first = file.other_items().next();
        let span = contracts
            .get(1)
            .map(ast::Contract::span)
            .or_else(|| first.map(|node| node.text_range().into()))
            .unwrap_or_default();
        let found = if contracts.is_empty() {
            "no contract"
        } else {
            "more than one contract"
        };
        let diagnostic = Diagnostic::error(Code::E0108, span, format!("{found} in this file"))
            .help("a file holds one `contract NAME version 1 { ... }`");
        diagnostics.push(diagnostic);
        return None;
    };
    let mut pass = Pass {
        scope: Scope::default(),
        diagnostics,
    };
    pass.header(contract);
    let members: Vec<SyntaxNode> = file.other_items().chain(contract.members()).collect();
    // Names first, so that declarations may refer to each other in any order; constants at once,
    // in order, since bounds need their values.
    members.iter().for_each(|node| pass.declare(node));
    members.iter().for_each(|node| pass.collection(node));
    pass.limits(contract);
    Some(pass.scope)
}

struct Pass<'a> {
    scope: Scope,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Pass<'_> {
    fn header(&mut self, contract: &ast::Contract) {
        if let Some(name) = contract.name() {
            self.scope.name = name.text;
        }
        if let Some(version) = contract.version() {
            let span = version.text_range().into();
            match constant::number(version.text(), span).map(u32::try_from) {
                Ok(Ok(version)) => self.scope.version = version,
                _ => self.diagnostics.push(Diagnostic::error(
                    Code::E0212,
                    span,
                    "a version is a number below 2^32",
                )),
            }
        }
    }

    fn limits(&mut self, contract: &ast::Contract) {
        let Scope {
            groups,
            parties,
            collections,
            entries,
            ..
        } = &self.scope;
        let counts = [
            (groups.len(), MAX_DECLARATIONS, "groups"),
            (parties.len(), MAX_PARTIES, "parties"),
            (collections.len(), MAX_DECLARATIONS, "collections"),
            (entries.len(), MAX_DECLARATIONS, "entries"),
        ];
        for (_, most, what) in counts.into_iter().filter(|(count, most, _)| count > most) {
            let span = contract.name().map_or(contract.span(), |name| name.span);
            let message = format!("a contract has at most {most} {what}");
            self.diagnostics
                .push(Diagnostic::error(Code::E0601, span, message));
        }
    }

    fn declare(&mut self, node: &SyntaxNode) {
        if let Some(group) = ast::Group::cast(node.clone()) {
            self.group(&group);
        } else if let Some(item) = ast::Const::cast(node.clone()) {
            self.constant(&item);
        } else if let Some(collect) = ast::Collect::cast(node.clone()) {
            // The index is that of the collection if the second pass accepts all before it.
            let index = self.scope.collections.len();
            if let Some(name) = collect.name() {
                self.scope
                    .declare(&name, Symbol::Collection(index), self.diagnostics);
                self.scope.collections.push(Collection {
                    name: name.text,
                    span: name.span,
                    group: 0,
                    kind: Kind::Int(IntType::U64),
                    range: None,
                    allows: Vec::new(),
                });
            }
        } else if let Some(entry) = ast::Entry::cast(node.clone()) {
            if let Some(name) = entry.name() {
                let index = self.scope.entries.len();
                self.scope
                    .declare(&name, Symbol::Entry(index), self.diagnostics);
                self.scope.entries.push(entry);
            }
        } else if let Some(test) = ast::Test::cast(node.clone()) {
            self.scope.tests.push(test);
        } else if let Some(party) = ast::Party::cast(node.clone()) {
            if let Some(name) = party.name() {
                let index = self.scope.parties.len();
                self.scope
                    .declare(&name, Symbol::Party(index), self.diagnostics);
                self.scope.parties.push(name.text);
            }
        } else {
            self.other(node);
        }
    }

    fn other(&mut self, node: &SyntaxNode) {
        let what = match node.kind() {
            K::State => "stored state",
            K::Struct => "a struct",
            K::Enum => "an enum",
            K::Fn => "a function",
            K::Use => "`use`",
            K::Privacy => "a privacy budget",
            _ => return,
        };
        let named = node.children().find(|child| child.kind() == K::Name);
        if let Some(name) = named.filter(|_| node.kind() != K::Use) {
            let name = Name {
                text: name.text().to_string(),
                span: name.text_range().into(),
            };
            self.scope
                .declare(&name, Symbol::Unsupported, self.diagnostics);
        }
        self.unsupported(node, what);
    }

    /// Marks the first line of the construct.
    fn unsupported(&mut self, node: &SyntaxNode, what: &str) {
        let first = node
            .first_token()
            .map_or(node.text_range(), |token| token.text_range());
        self.diagnostics.push(unsupported(first.into(), what));
    }

    fn constant_of(&mut self, expr: &Expr) -> Option<i64> {
        match constant::evaluate(expr, &self.scope.constants) {
            Ok(value) => value,
            Err(diagnostic) => {
                self.diagnostics.push(diagnostic);
                None
            }
        }
    }

    fn constant(&mut self, item: &ast::Const) {
        let (Some(name), Some(expr)) = (item.name(), item.value()) else {
            return;
        };
        let int = item.ty().and_then(|ty| self.int_type(&ty));
        let value = self.constant_of(&expr);
        let (Some(int), Some(value)) = (int, value) else {
            self.scope
                .declare(&name, Symbol::Unsupported, self.diagnostics);
            return;
        };
        if !int.holds(Some(Wide::exactly(value))) {
            let message = format!("{value} does not fit in {}", int.name());
            self.diagnostics
                .push(Diagnostic::error(Code::E0501, expr.span(), message));
        }
        self.scope
            .declare(&name, Symbol::Constant(value, int), self.diagnostics);
        self.scope.constants.entry(name.text).or_insert(value);
    }

    /// A whole number or `bool`; others are reported.
    fn value_type(&mut self, ty: &ast::Type) -> Option<Kind> {
        let kind = named_kind(ty);
        if kind.is_none() {
            let diagnostic = unknown_type(ty, &self.scope);
            self.diagnostics.push(diagnostic);
        }
        kind
    }

    /// An integer type; others are reported.
    fn int_type(&mut self, ty: &ast::Type) -> Option<IntType> {
        let kind = self.value_type(ty)?;
        if let Kind::Int(int) = kind {
            return Some(int);
        }
        self.diagnostics
            .push(unsupported(ty.span(), "a constant truth value"));
        None
    }

    fn group(&mut self, group: &ast::Group) {
        if let Some(admit) = group.admit() {
            self.unsupported(&admit, "`admit`");
        }
        let Some(name) = group.name() else { return };
        let index = self.scope.groups.len();
        self.scope
            .declare(&name, Symbol::Group(index), self.diagnostics);
        // A group with wrong bounds gets the narrowest ones: they cause no further errors.
        let (min, max) = group
            .bounds()
            .and_then(|b| self.bounds(&b))
            .unwrap_or((1, 1));
        self.scope.groups.push(Group {
            name: name.text,
            min,
            max,
        });
    }

    fn bounds(&mut self, (min_expr, max_expr): &(Expr, Expr)) -> Option<(u32, u32)> {
        let (min, max) = (self.constant_of(min_expr)?, self.constant_of(max_expr)?);
        let size = |value: i64| {
            u32::try_from(value)
                .ok()
                .filter(|v| (1..=MAX_GROUP).contains(v))
        };
        if size(max).is_none() {
            let message = format!("a group has 1 to {} members", grouped(MAX_GROUP.into()));
            self.diagnostics
                .push(Diagnostic::error(Code::E0601, max_expr.span(), message));
        } else if size(min).is_none() || min > max {
            let message = format!("`min` must be between 1 and `max`, which is {max}");
            self.diagnostics
                .push(Diagnostic::error(Code::E0212, min_expr.span(), message));
        }
        size(min).zip(size(max)).filter(|(min, max)| min <= max)
    }
}

/// A recipient by its name; wrong names are reported. `owner` without a name is `None`.
pub(crate) fn recipient_named(
    scope: &Scope,
    kind: &RecipientKind,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Recipient> {
    let (name, what) = match kind {
        RecipientKind::Public => return Some(Recipient::Public),
        RecipientKind::Caller => return Some(Recipient::Caller),
        RecipientKind::Owner(None) => return None,
        RecipientKind::Owner(Some(name)) => (name, "collection"),
        RecipientKind::Each(name) => (name, "group"),
        RecipientKind::Party(name) => (name, "party"),
    };
    let diagnostic = match (kind, scope.symbol(&name.text)) {
        (RecipientKind::Owner(_), Some(Symbol::Collection(i))) => {
            return Some(Recipient::OwnerOf(i));
        }
        (RecipientKind::Each(_), Some(Symbol::Group(i))) => return Some(Recipient::EachOf(i)),
        (RecipientKind::Party(_), Some(Symbol::Party(i))) => return Some(Recipient::Party(i)),
        (RecipientKind::Party(_), Some(Symbol::Group(_))) => Diagnostic::error(
            Code::E0205,
            name.span,
            format!("`{}` is a group", name.text),
        )
        .help(format!(
            "write `each {}`: every member gets the value",
            name.text
        )),
        (_, Some(_)) => Diagnostic::error(
            Code::E0205,
            name.span,
            format!("`{}` is not a {what}", name.text),
        ),
        (_, None) => scope.unknown(name, what, ["public", "caller", "owner"].into_iter()),
    };
    diagnostics.push(diagnostic);
    None
}

/// The kind of value that a plain type names: a whole number or a truth value.
pub(crate) fn named_kind(ty: &ast::Type) -> Option<Kind> {
    let name = ty.name().filter(|_| ty.is_plain())?;
    match name.text.as_str() {
        "bool" => Some(Kind::Bool),
        other => IntType::named(other).map(Kind::Int),
    }
}

/// A type that is neither a number nor `bool`: unknown, or known and not supported.
pub(crate) fn unknown_type(ty: &ast::Type, scope: &Scope) -> Diagnostic {
    const LATER: &[&str] = &[
        "fix", "id", "hash", "string", "bytes", "text", "key", "maybe", "map", "table",
    ];
    let name = ty.name();
    let declared = |name: &str| scope.symbol(name) == Some(Symbol::Unsupported);
    let known = name
        .as_ref()
        .is_none_or(|n| LATER.contains(&n.text.as_str()) || declared(&n.text));
    match name {
        Some(name) if !known && ty.is_plain() => {
            let types = IntType::ALL.iter().map(|int| int.name());
            let near = nearest(&name.text, types.chain(["bool"]));
            let diagnostic = Diagnostic::error(
                Code::E0201,
                name.span,
                format!("there is no type `{}`", name.text),
            );
            match near {
                Some(near) => diagnostic.help(format!("did you mean `{near}`?")),
                None => diagnostic.help(
                    "whole numbers are u8, u16, u32, u64, i8, i16, i32 and i64; truth values are bool",
                ),
            }
        }
        _ => unsupported(ty.span(), "a type other than whole numbers and `bool`"),
    }
}
