//! Declarations of a contract: who and what exists, with types, constants, bounds and ranges settled.
//! Bodies come later, in [`crate::lower`], when all names are known.
//!
//! In this order, so that each step finds what it needs: all names, of all files; constants and structs, those first that others
//! are made of; groups, collections, stores; conditions of declarations, which may read all of these.

mod allow;
mod collection;
mod import;
mod order;
mod party;
mod predicate;
mod privacy;
mod state;
mod structs;
#[cfg(test)]
mod tests;
mod ty;

use std::collections::BTreeMap;

use enigma_bytecode::verify::{MAX_DECLARATIONS, MAX_PARTIES};

use crate::code::Code;
use crate::diagnostic::{Diagnostic, grouped};
use crate::hir::{self, Constant, Type};
use crate::program::Program;
use crate::scope::{Generics, Scope, Symbol, duplicate};
use crate::span::Span;
use crate::syntax::ast::{self, Item, Name};

pub(crate) use ty::{MAX_WIDTH, label_names};

/// Most names of an enumeration: each is a case that private code computes.
const MAX_VARIANTS: usize = 256;
/// Most single values in all constants together: each use of a constant is a copy.
const MAX_CONSTANTS: u64 = 4_096;

/// What the first file of a program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Root {
    /// One with a contract.
    Contract,
    /// One that others use.
    Library,
}

/// The declarations of a contract, with those of the files that it uses; `None` if there is not exactly one contract where one
/// should be.
pub(crate) fn resolve(
    program: &Program,
    root: Root,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Scope> {
    let file = &program.modules.first()?.file;
    let contracts: Vec<ast::Contract> = file.contracts().collect();
    let contract = match (&contracts[..], root) {
        ([contract], _) => Some(contract),
        ([], Root::Library) => None,
        _ => {
            diagnostics.push(not_one(file, &contracts));
            return None;
        }
    };
    let mut pass = Pass {
        scope: Scope::default(),
        diagnostics,
    };
    if let Some(contract) = contract {
        pass.header(contract);
    }
    let members = pass.names(program, contract);
    pass.enums(&members);
    pass.constants_and_structs(&members);
    pass.groups(&members);
    pass.collections(&members);
    pass.stores(&members);
    pass.entries();
    pass.functions();
    pass.privacy(&members);
    pass.predicates(&members);
    if let Some(contract) = contract {
        pass.limits(contract);
    }
    Some(pass.scope)
}

fn not_one(file: &ast::File, contracts: &[ast::Contract]) -> Diagnostic {
    let first = file.other_items().next();
    let span = contracts
        .get(1)
        .map(ast::Contract::span)
        .or_else(|| first.map(|item| item.span()))
        .unwrap_or_default();
    let found = if contracts.is_empty() {
        "no contract"
    } else {
        "more than one contract"
    };
    Diagnostic::error(Code::E0108, span, format!("{found} in this file"))
        .help("a file holds one `contract NAME version 1 { ... }`")
}

struct Pass<'a> {
    scope: Scope,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Pass<'_> {
    fn error(&mut self, code: Code, span: Span, message: impl Into<String>) {
        self.diagnostics
            .push(Diagnostic::error(code, span, message));
    }

    /// What is known; `None` if it is not, which is reported.
    fn known<T>(&mut self, result: Result<T, Diagnostic>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(diagnostic) => {
                self.diagnostics.push(diagnostic);
                None
            }
        }
    }

    fn integer(&mut self, expr: &ast::Expr) -> Option<i128> {
        let value = self.scope.integer(expr, &Generics::default());
        self.known(value).flatten()
    }

    fn header(&mut self, contract: &ast::Contract) {
        if let Some(name) = contract.name() {
            self.scope.hir.name = name.text;
        }
        if let Some(version) = contract.version() {
            let digits: String = version.text().chars().filter(|c| *c != '_').collect();
            match digits.parse() {
                Ok(version) => self.scope.hir.version = version,
                Err(_) => self.error(
                    Code::E0212,
                    version.text_range().into(),
                    "a version is a number below 2^32",
                ),
            }
        }
    }

    /// The name, with a place for what it stands for.
    fn declare(&mut self, item: &Item) {
        let (name, symbol) = match item {
            Item::Struct(item) => (item.name(), Symbol::Struct(self.scope.struct_items.len())),
            Item::Enum(item) => (item.name(), Symbol::Enum(self.scope.hir.enums.len())),
            Item::Const(item) => (item.name(), Symbol::Constant(self.scope.constants.len())),
            Item::Fn(item) => (item.name(), Symbol::Function(self.scope.functions.len())),
            Item::Party(item) => (item.name(), Symbol::Party(self.scope.hir.parties.len())),
            Item::Group(item) => (item.name(), Symbol::Group(self.scope.hir.groups.len())),
            Item::Collect(item) => {
                let index = self.scope.hir.collections.len();
                (item.name(), Symbol::Collection(index))
            }
            Item::Entry(item) => (item.name(), Symbol::Entry(self.scope.hir.entries.len())),
            Item::State(state) => return self.slots(state),
            Item::Test(test) => return self.scope.tests.push(test.clone()),
            // All declarations come first: see `import`.
            Item::Use(_) | Item::Privacy(_) => return,
        };
        let Some(name) = name else { return };
        self.check_name(&name, symbol);
        self.scope.declare(&name, symbol, self.diagnostics);
        self.reserve(item, name);
    }

    fn check_name(&mut self, name: &Name, symbol: Symbol) {
        if let Some(what) = taken(symbol, &name.text) {
            let message = format!("`{}` is {what} of the language", name.text);
            self.error(Code::E0202, name.span, message);
        }
    }

    /// A place for what a name stands for, filled later.
    fn reserve(&mut self, item: &Item, name: Name) {
        let scope = &mut self.scope;
        let Name { text: name, span } = name;
        match item {
            Item::Struct(item) => scope.struct_items.push(item.clone()),
            Item::Enum(_) => scope.hir.enums.push(hir::Enum {
                name,
                variants: Vec::new(),
                span,
            }),
            Item::Const(_) => scope.constants.push((Type::Unknown, Constant::Int(0))),
            Item::Fn(item) => scope.functions.push(item.clone()),
            Item::Party(_) => scope.hir.parties.push(hir::Party { name, span }),
            Item::Group(_) => scope.hir.groups.push(party::narrowest(name, span)),
            Item::Collect(_) => scope.hir.collections.push(collection::unknown(name, span)),
            Item::Entry(item) => {
                scope.entries.push(item.clone());
                scope.hir.entries.push(hir::Entry {
                    name,
                    params: Vec::new(),
                    by: None,
                    when: None,
                    pays: None,
                    locals: Vec::new(),
                    body: hir::Block::default(),
                    span,
                });
            }
            Item::State(_) | Item::Test(_) | Item::Use(_) | Item::Privacy(_) => {}
        }
    }

    fn enums(&mut self, members: &[Item]) {
        let enums = members.iter().filter_map(|item| match item {
            Item::Enum(item) => Some(item),
            _ => None,
        });
        for (index, item) in enums.filter(|item| item.name().is_some()).enumerate() {
            let mut seen = BTreeMap::new();
            let mut variants = Vec::new();
            for name in item.variants() {
                match seen.insert(name.text.clone(), name.span) {
                    Some(first) => self.diagnostics.push(duplicate(&name, first)),
                    None => variants.push(name.text),
                }
            }
            let span = item.name().map_or(item.span(), |name| name.span);
            if variants.is_empty() {
                self.error(Code::E0101, span, "an enumeration has at least one name");
            }
            if variants.len() > MAX_VARIANTS {
                let message = format!("an enumeration has at most {MAX_VARIANTS} names");
                self.error(Code::E0601, span, message);
            }
            if let Some(declared) = self.scope.hir.enums.get_mut(index) {
                declared.variants = variants;
            }
        }
    }

    fn constants_and_structs(&mut self, members: &[Item]) {
        let mut values = 0;
        for step in order::order(members, &self.scope, self.diagnostics) {
            match step {
                order::Step::Struct(index) => self.structure(index),
                order::Step::Constant(index, item) => {
                    self.constant(index, &item);
                    let ty = self.scope.constants.get(index).map(|(ty, _)| ty);
                    values += ty.map_or(0, |ty| self.scope.width(ty));
                    if values > MAX_CONSTANTS {
                        let message = format!(
                            "constants hold at most {} single values together",
                            grouped(MAX_CONSTANTS.into())
                        );
                        self.error(Code::E0601, item.span(), message);
                        break;
                    }
                }
            }
        }
    }

    fn structure(&mut self, index: usize) {
        let Some(item) = self.scope.struct_items.get(index).cloned() else {
            return;
        };
        let generics = item.generics();
        structs::check_generics(&generics, false, self.diagnostics);
        let span = item.name().map_or(item.span(), |name| name.span);
        if item.fields().next().is_none() {
            self.error(Code::E0101, span, "a struct has at least one field");
        }
        if generics.is_empty() {
            self.scope
                .instance(index, Generics::default(), span, self.diagnostics);
        }
    }

    fn constant(&mut self, index: usize, item: &ast::Const) {
        let (Some(written), Some(expr)) = (item.ty(), item.value()) else {
            return;
        };
        let generics = Generics::default();
        let (label, ty) = self.scope.ty(&written, &generics, self.diagnostics);
        if label == Some(hir::Label::Private) {
            let diagnostic = Diagnostic::error(
                Code::E0301,
                written.span(),
                "a constant is part of the contract, which everyone can read",
            );
            let help =
                "leave out `private`; what nobody may know is collected or drawn with `random`";
            self.diagnostics.push(diagnostic.help(help));
        }
        let value = self.scope.constant(&expr, Some(&ty), &generics);
        let value = self.known(value);
        if let (Some(value), Some(place)) = (value, self.scope.constants.get_mut(index)) {
            *place = value;
        }
    }

    fn functions(&mut self) {
        for function in &self.scope.functions {
            structs::check_generics(&function.generics(), true, self.diagnostics);
        }
    }

    fn limits(&mut self, contract: &ast::Contract) {
        let hir = &self.scope.hir;
        let counts = [
            (hir.groups.len(), MAX_DECLARATIONS, "groups"),
            (hir.parties.len(), MAX_PARTIES, "parties"),
            (hir.collections.len(), MAX_DECLARATIONS, "collections"),
            (hir.slots.len(), MAX_DECLARATIONS, "slots of state"),
            (hir.entries.len(), MAX_DECLARATIONS, "entries"),
        ];
        for (_, most, what) in counts.into_iter().filter(|(count, most, _)| count > most) {
            let span = contract.name().map_or(contract.span(), |name| name.span);
            self.error(
                Code::E0601,
                span,
                format!("a contract has at most {most} {what}"),
            );
        }
    }
}

/// What a word is that this declaration cannot have as its name.
fn taken(symbol: Symbol, name: &str) -> Option<&'static str> {
    let is_type = matches!(symbol, Symbol::Struct(_) | Symbol::Enum(_));
    if is_type && (ty::BUILT_IN.contains(&name) || name == "table") {
        Some("a type")
    } else if hir::Store::named(name).is_some() {
        Some("a store")
    } else {
        None
    }
}
