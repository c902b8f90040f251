//! What the names of a contract and of the files that it uses stand for. `resolve` fills it, `lower` reads it.

use std::collections::{BTreeMap, BTreeSet};

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hir::{Constant, Hir, Recipient, Store, Type};
use crate::span::Span;
use crate::suggest::nearest;
use crate::syntax::ast::{self, Name, RecipientKind};

/// What a name of a contract stands for. Names of slots are behind their store: see [`Scope::slot`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Symbol {
    /// Index into [`Hir::enums`].
    Enum(usize),
    /// Index into [`Scope::struct_items`].
    Struct(usize),
    /// Index into [`Hir::groups`].
    Group(usize),
    /// Index into [`Hir::parties`].
    Party(usize),
    /// Index into [`Hir::collections`].
    Collection(usize),
    /// Index into [`Hir::entries`].
    Entry(usize),
    /// Index into [`Scope::constants`].
    Constant(usize),
    /// Index into [`Scope::functions`].
    Function(usize),
    /// Its declaration has an error, which has been reported: whoever uses it says nothing.
    Broken,
}

impl Symbol {
    /// With its article, for messages: "`g` is a group".
    pub(crate) fn describe(self) -> &'static str {
        match self {
            Symbol::Enum(_) => "an enumeration",
            Symbol::Struct(_) => "a struct",
            Symbol::Group(_) => "a group",
            Symbol::Party(_) => "a party",
            Symbol::Collection(_) => "a collection",
            Symbol::Entry(_) => "an entry",
            Symbol::Constant(_) => "a constant",
            Symbol::Function(_) => "a function",
            Symbol::Broken => "broken",
        }
    }
}

/// What generic parameters stand for in one instance of a function or struct.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Generics {
    /// `NAME`.
    pub(crate) types: BTreeMap<String, Type>,
    /// `const NAME`.
    pub(crate) sizes: BTreeMap<String, u64>,
    /// `label NAME`.
    pub(crate) labels: BTreeSet<String>,
}

/// The names that can be used in one file: those that it declares, those of its contract, and those that it uses of other files.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Where the file begins.
    pub(crate) start: u32,
    pub(crate) symbols: BTreeMap<String, (Symbol, Span)>,
}

/// All declarations. `hir` holds those that are settled; entries have names, roles and spans only until `lower`
/// is done.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    pub(crate) hir: Hir,
    /// Of a constant that is broken, `Type::Unknown`.
    pub(crate) constants: Vec<(Type, Constant)>,
    pub(crate) struct_items: Vec<ast::Struct>,
    pub(crate) functions: Vec<ast::Fn>,
    /// As many as `hir.entries`.
    pub(crate) entries: Vec<ast::Entry>,
    pub(crate) tests: Vec<ast::Test>,
    /// Instances of structs that exist: which item with which generics is which of `hir.structs`.
    pub(crate) instances: BTreeMap<(usize, Generics), usize>,
    /// Of each file of the program.
    pub(crate) modules: Vec<Names>,
    pub(crate) slots: BTreeMap<(Store, String), usize>,
    /// What the instances of structs are being made of: a struct among them that is asked for contains itself.
    pub(crate) making: Vec<usize>,
    /// Of each of `hir.structs`, how many single values it holds.
    pub(crate) struct_widths: Vec<u64>,
}

impl Scope {
    /// The file that a place is in.
    fn module(&self, at: Span) -> usize {
        let after = self.modules.partition_point(|m| m.start <= at.start);
        after.saturating_sub(1)
    }

    /// Whether the place is in a file that the contract uses, which knows nothing of the contract.
    pub(crate) fn is_used_file(&self, at: Span) -> bool {
        self.module(at) > 0
    }

    /// The names of the file that a place is in.
    pub(crate) fn names_at(&self, at: Span) -> impl Iterator<Item = (&str, Symbol)> {
        let names = self.modules.get(self.module(at)).into_iter();
        let names = names.flat_map(|names| &names.symbols);
        names.map(|(name, (symbol, _))| (name.as_str(), *symbol))
    }

    fn declaration(&self, name: &Name) -> Option<&(Symbol, Span)> {
        let names = self.modules.get(self.module(name.span))?;
        names.symbols.get(&name.text)
    }

    /// What a name stands for in the file where it is written.
    pub(crate) fn symbol(&self, name: &Name) -> Option<Symbol> {
        self.declaration(name).map(|(symbol, _)| *symbol)
    }

    /// Where a name is declared.
    pub(crate) fn declared_at(&self, name: &Name) -> Option<Span> {
        self.declaration(name).map(|(_, span)| *span)
    }

    /// The slot of a store, as an index into [`Hir::slots`].
    pub(crate) fn slot(&self, store: Store, name: &str) -> Option<usize> {
        self.slots.get(&(store, name.to_owned())).copied()
    }

    /// "Unknown name", with the nearest of the file's names and of `more`.
    pub(crate) fn unknown<'a>(
        &'a self,
        name: &Name,
        what: &str,
        more: impl Iterator<Item = &'a str>,
    ) -> Diagnostic {
        let message = format!("there is no {what} `{}`", name.text);
        let diagnostic = Diagnostic::error(Code::E0201, name.span, message);
        let known = self.names_at(name.span).map(|(known, _)| known);
        match nearest(&name.text, known.chain(more)) {
            Some(near) => diagnostic.did_you_mean(near),
            None => diagnostic,
        }
    }

    /// "Another kind of thing is needed": a name that is declared as something else.
    pub(crate) fn misused(&self, name: &Name, message: String) -> Diagnostic {
        let diagnostic = Diagnostic::error(Code::E0205, name.span, message);
        match self.declaration(name) {
            Some((symbol, span)) if *symbol != Symbol::Broken => {
                diagnostic.also(*span, format!("{} is declared here", symbol.describe()))
            }
            _ => diagnostic,
        }
    }

    /// Declares a name, once, in the file where it is written.
    pub(crate) fn declare(
        &mut self,
        name: &Name,
        symbol: Symbol,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        if let Some(first) = self.declared_at(name) {
            diagnostics.push(duplicate(name, first));
            return;
        }
        let module = self.module(name.span);
        if let Some(names) = self.modules.get_mut(module) {
            let place = (symbol, name.span);
            names.symbols.insert(name.text.clone(), place);
        }
    }

    /// A recipient by its name; wrong names are reported. `owner` without a name is `None`.
    pub(crate) fn recipient(
        &self,
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
        let diagnostic = match (kind, self.symbol(name)) {
            (RecipientKind::Owner(_), Some(Symbol::Collection(i))) => {
                return Some(Recipient::OwnerOf(i));
            }
            (RecipientKind::Each(_), Some(Symbol::Group(i))) => return Some(Recipient::EachOf(i)),
            (RecipientKind::Party(_), Some(Symbol::Party(i))) => return Some(Recipient::Party(i)),
            (_, Some(Symbol::Broken)) => return None,
            (RecipientKind::Party(_), Some(Symbol::Group(_))) => self
                .misused(name, format!("`{}` is a group", name.text))
                .help(format!(
                    "write `each {}`: every member gets the value",
                    name.text
                )),
            (_, Some(_)) => self.misused(name, format!("`{}` is not a {what}", name.text)),
            (_, None) => self.unknown(name, what, ["public", "caller", "owner"].into_iter()),
        };
        diagnostics.push(diagnostic);
        None
    }
}

/// "The name is taken".
pub(crate) fn duplicate(name: &Name, first: Span) -> Diagnostic {
    let message = format!("`{}` is declared twice", name.text);
    Diagnostic::error(Code::E0202, name.span, message).also(first, "declared here first")
}

/// "Not supported yet".
pub(crate) fn unsupported(span: Span, what: &str) -> Diagnostic {
    Diagnostic::error(Code::E0900, span, format!("{what}: not supported yet"))
        .because("this version of the compiler does not build it")
}
