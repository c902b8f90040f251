//! What names mean, as far as the tree alone tells: declarations with where they are visible, and uses.
//!
//! Deliberately not the compiler's resolver: that one refuses, this one guesses on, and gives a place for
//! everything that is written.

use std::collections::{BTreeMap, BTreeSet};

use crate::program::Program;
use crate::span::Span;
use crate::syntax::{SyntaxKind as K, SyntaxNode};

/// The stores.
pub(super) const STORES: [&str; 3] = ["L", "DHT", "MPC"];

/// How many declarations are kept for a use that may mean any of them.
const MAX_MEANINGS: usize = 16;

/// An index into the symbols of one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SymbolId(usize);

/// What was declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SymbolKind {
    Import,
    Contract,
    Party,
    Group,
    Collection,
    Slot,
    Struct,
    Field,
    Enum,
    Variant,
    Constant,
    Function,
    Generic,
    Entry,
    Parameter,
    Local,
    Reveal,
}

/// Among which names a name is looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Space {
    /// By itself, where it is visible.
    Scope,
    /// Behind a store: `L.name`.
    Store(String),
    /// Behind a struct's value or an enum: `row.name`, `Choice::Name`.
    Of(SymbolId),
}

/// A declaration.
#[derive(Clone, Debug)]
pub(super) struct Symbol {
    pub(super) name: String,
    pub(super) kind: SymbolKind,
    /// The name where it is declared.
    pub(super) name_span: Span,
    /// The whole declaration.
    pub(super) span: Span,
    /// Where it can be used.
    pub(super) scope: Span,
    pub(super) space: Space,
    /// The entry, function, struct or enum that it is a part of.
    pub(super) owner: Option<SymbolId>,
}

/// A name where it is used.
#[derive(Clone, Copy, Debug)]
struct Use {
    span: Span,
    of: SymbolId,
    /// Whether nothing else can be meant.
    sure: bool,
}

/// All declarations and uses of a source.
#[derive(Debug, Default)]
pub(super) struct Names {
    symbols: Vec<Symbol>,
    by_name: BTreeMap<String, Vec<SymbolId>>,
    /// Where the declared names begin.
    declared: BTreeSet<u32>,
    uses: Vec<Use>,
    /// Of names that are used of other files under their own name: what they stand for.
    meant: BTreeMap<SymbolId, SymbolId>,
    /// What names stand for that have another one here.
    renamed: BTreeMap<SymbolId, SymbolId>,
}

impl Names {
    /// Reads the files of a program.
    pub(super) fn of(program: &Program) -> Names {
        let (mut names, root) = (Names::default(), &program.root);
        names.declare_in(root, root.text_range().into(), None);
        names.import(program);
        for name in root.descendants().filter(|node| node.kind() == K::Name) {
            let span = Span::from(name.text_range());
            if !names.declared.contains(&span.start) {
                names.resolve(&name, span);
            }
        }
        names.uses.sort_by_key(|used| used.span);
        names
    }

    pub(super) fn symbol(&self, id: SymbolId) -> &Symbol {
        &self.symbols[id.0]
    }

    pub(super) fn symbols(&self) -> impl Iterator<Item = &Symbol> {
        self.symbols.iter()
    }

    /// Settles what names stand for that are used of other files.
    fn import(&mut self, program: &Program) {
        let imports = program.modules.iter().flat_map(|module| &module.imports);
        for import in imports {
            let Some(from) = import.from else { continue };
            let file = program.sources.span(from);
            let mut declared = self.named(&import.item.text).iter().copied();
            let Some(of) = declared.find(|id| is_item_of(self.symbol(*id), file)) else {
                continue;
            };
            let span = import.item.span;
            let sure = true;
            self.uses.push(Use { span, of, sure });
            let named = self.named(&import.name.text).iter().copied();
            let mut here = named.filter(|id| self.symbol(*id).name_span == import.name.span);
            let Some(here) = here.next() else { continue };
            match import.item.span == import.name.span {
                true => self.meant.insert(here, of),
                false => self.renamed.insert(here, of),
            };
        }
    }

    /// What a name stands for in the end, also if it has another name where it is declared.
    pub(super) fn stands_for(&self, id: SymbolId) -> SymbolId {
        let renamed = self.renamed.get(&id).copied();
        renamed.unwrap_or_else(|| self.meant(id))
    }

    /// What a declaration stands for: itself, or what is declared in another file.
    pub(super) fn meant(&self, id: SymbolId) -> SymbolId {
        self.meant.get(&id).copied().unwrap_or(id)
    }

    /// Where other files use the declaration under its own name.
    pub(super) fn imports_of(&self, id: SymbolId) -> impl Iterator<Item = &Symbol> {
        let imports = self.meant.iter().filter(move |(_, of)| **of == id);
        imports.map(|(import, _)| self.symbol(*import))
    }

    /// What the name at an offset means; its ends belong to it.
    pub(super) fn at(&self, offset: usize) -> impl Iterator<Item = SymbolId> {
        let touches = move |span: Span| span.range().start <= offset && offset <= span.range().end;
        let declared = self
            .ids()
            .filter(move |id| touches(self.symbol(*id).name_span))
            .filter(|id| !self.meant.contains_key(id));
        let used = self.uses.iter().filter(move |used| touches(used.span));
        declared.chain(used.map(|used| used.of))
    }

    /// Where a symbol is declared and used.
    pub(super) fn places(&self, id: SymbolId) -> impl Iterator<Item = Span> {
        let uses = self.uses.iter().filter(move |used| used.of == id);
        std::iter::once(self.symbol(id).name_span).chain(uses.map(|used| used.span))
    }

    /// Whether every use of the symbol is known to be one.
    pub(super) fn is_sure(&self, id: SymbolId) -> bool {
        self.uses.iter().all(|used| used.of != id || used.sure)
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = SymbolId> + use<> {
        (0..self.symbols.len()).map(SymbolId)
    }

    fn named(&self, name: &str) -> &[SymbolId] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    // Declarations.

    fn declare(&mut self, name: &SyntaxNode, declaration: Declaration<'_>) -> SymbolId {
        let id = SymbolId(self.symbols.len());
        let text = name.text().to_string();
        self.by_name.entry(text.clone()).or_default().push(id);
        self.declared.insert(name.text_range().start().into());
        self.symbols.push(Symbol {
            name: text,
            kind: declaration.kind,
            name_span: name.text_range().into(),
            span: declaration.node.text_range().into(),
            scope: declaration.scope,
            space: declaration.space,
            owner: declaration.owner,
        });
        id
    }

    /// Declares what stands in a node and below. `scope` is where its declarations are visible, `owner` the
    /// entry, function, struct or enum around it.
    fn declare_in(&mut self, node: &SyntaxNode, scope: Span, owner: Option<SymbolId>) {
        let inside = Span::from(node.text_range());
        let plain = |kind| Declaration {
            kind,
            node,
            scope,
            space: Space::Scope,
            owner,
        };
        let mut inner = (scope, owner);
        match node.kind() {
            K::Use => {
                if let Some(name) = names(node).last() {
                    self.declare(&name, plain(SymbolKind::Import));
                }
            }
            K::File => inner = (inside, None),
            K::Contract => {
                self.declare_first(node, plain(SymbolKind::Contract));
                inner = (inside, None);
            }
            K::Party => drop(self.declare_first(node, plain(SymbolKind::Party))),
            K::Group => drop(self.declare_first(node, plain(SymbolKind::Group))),
            K::Collect => drop(self.declare_first(node, plain(SymbolKind::Collection))),
            K::Const => drop(self.declare_first(node, plain(SymbolKind::Constant))),
            K::Slot => {
                let space = node.parent().and_then(|state| store_of(&state));
                let space = Space::Store(space.unwrap_or_default());
                let slot = plain(SymbolKind::Slot);
                self.declare_first(node, Declaration { space, ..slot });
            }
            K::Struct => {
                inner = (inside, self.declare_first(node, plain(SymbolKind::Struct)));
            }
            K::Field => {
                let space = owner.map_or(Space::Scope, Space::Of);
                let field = plain(SymbolKind::Field);
                self.declare_first(node, Declaration { space, ..field });
            }
            K::Enum => self.declare_enum(node, plain(SymbolKind::Enum)),
            K::Fn => {
                inner = (
                    inside,
                    self.declare_first(node, plain(SymbolKind::Function)),
                )
            }
            K::Entry => inner = (inside, self.declare_first(node, plain(SymbolKind::Entry))),
            K::Generics => {
                for name in names(node).filter(|name| !follows(name, K::Colon)) {
                    self.declare(&name, plain(SymbolKind::Generic));
                }
            }
            K::Param => drop(self.declare_first(node, plain(SymbolKind::Parameter))),
            K::Lambda => {
                for name in names(node) {
                    let local = plain(SymbolKind::Local);
                    self.declare(
                        &name,
                        Declaration {
                            scope: inside,
                            ..local
                        },
                    );
                }
            }
            K::Block | K::Test => inner = (inside, owner),
            K::Pattern => self.declare_pattern(node, plain(SymbolKind::Local)),
            K::Reveal => {
                // Visible below, to the end of the block.
                let scope = Span::new(inside.range().end, scope.range().end);
                let reveal = plain(SymbolKind::Reveal);
                self.declare_first(node, Declaration { scope, ..reveal });
            }
            _ => {}
        }
        for child in node.children() {
            self.declare_in(&child, inner.0, inner.1);
        }
    }

    fn declare_first(
        &mut self,
        node: &SyntaxNode,
        declaration: Declaration<'_>,
    ) -> Option<SymbolId> {
        let name = names(node).next()?;
        Some(self.declare(&name, declaration))
    }

    fn declare_enum(&mut self, node: &SyntaxNode, declaration: Declaration<'_>) {
        let scope = declaration.scope;
        let mut names = names(node);
        let Some(name) = names.next() else { return };
        let id = self.declare(&name, declaration);
        for variant in names {
            let declaration = Declaration {
                kind: SymbolKind::Variant,
                node: &variant,
                scope,
                space: Space::Of(id),
                owner: Some(id),
            };
            self.declare(&variant, declaration);
        }
    }

    /// The names of a `let` are visible below it, to the end of the block; those of a `for` in its block.
    fn declare_pattern(&mut self, node: &SyntaxNode, declaration: Declaration<'_>) {
        let Some(statement) = node.parent() else {
            return;
        };
        let block = statement.children().find(|child| child.kind() == K::Block);
        let around = declaration.scope.range();
        let scope = match block {
            Some(block) => block.text_range().into(),
            None => Span::new(statement.text_range().end().into(), around.end),
        };
        for name in names(node) {
            let declaration = Declaration {
                node: &statement,
                scope,
                ..declaration.clone()
            };
            self.declare(&name, declaration);
        }
    }

    // Uses.

    fn resolve(&mut self, name: &SyntaxNode, span: Span) {
        let text = name.text().to_string();
        let found = match name.parent() {
            Some(parent) => self.meanings(name, &text, &parent),
            None => Vec::new(),
        };
        let sure = found.len() == 1;
        let uses = found.into_iter().map(|of| Use { span, of, sure });
        self.uses.extend(uses);
    }

    fn meanings(&self, name: &SyntaxNode, text: &str, parent: &SyntaxNode) -> Vec<SymbolId> {
        let at = usize::from(name.text_range().start());
        match parent.kind() {
            K::FieldAccess => self.field(parent, text),
            K::MethodCall | K::PrivacyItem | K::Use => Vec::new(),
            K::PathExpr if follows(name, K::ColonColon) => {
                let path = names(parent).next();
                let path = path.and_then(|path| self.visible(&path.text().to_string(), at));
                let of = path.map(|path| Space::Of(self.stands_for(path)));
                self.in_space(text, |space| Some(space) == of.as_ref())
            }
            K::Arg => self.argument(parent, text, at),
            _ => match store_call(parent) {
                Some(store) => self.in_space(text, |space| *space == Space::Store(store.clone())),
                None => self.lookup(name, text, at).into_iter().collect(),
            },
        }
    }

    /// What a name by itself means at a place. In a test, also what the entry run last has revealed.
    fn lookup(&self, name: &SyntaxNode, text: &str, at: usize) -> Option<SymbolId> {
        self.visible(text, at).or_else(|| {
            let test = name.ancestors().find(|node| node.kind() == K::Test)?;
            let runs = test.children().filter(|node| {
                matches!(node.kind(), K::Run | K::ExpectFail)
                    && usize::from(node.text_range().start()) <= at
            });
            let run = runs.last().and_then(|run| names(&run).next());
            let entry = run.and_then(|run| self.visible(&run.text().to_string(), at));
            let reveals = self.named(text).iter().copied();
            let mut reveals = reveals.filter(|id| self.symbol(*id).kind == SymbolKind::Reveal);
            let first = reveals.clone().next();
            reveals.find(|id| self.symbol(*id).owner == entry).or(first)
        })
    }

    /// The innermost declaration of a name that is visible at a place.
    pub(super) fn visible(&self, name: &str, at: usize) -> Option<SymbolId> {
        let sees = |id: &&SymbolId| {
            let symbol = self.symbol(**id);
            symbol.space == Space::Scope
                && symbol.scope.range().start <= at
                && at <= symbol.scope.range().end
        };
        let same = self.named(name);
        // Scopes are nested, so the last that is declared above is the innermost. Members may also be
        // declared below.
        let above = same.partition_point(|id| self.symbol(*id).name_span.range().start <= at);
        let (above, below) = same.split_at(above);
        above
            .iter()
            .rev()
            .find(sees)
            .or_else(|| below.iter().find(sees))
            .map(|id| self.meant(*id))
    }

    fn in_space(&self, name: &str, space: impl Fn(&Space) -> bool) -> Vec<SymbolId> {
        let same = self.named(name).iter().copied();
        same.filter(|id| space(&self.symbol(*id).space)).collect()
    }

    /// `L.name`, or a field: without types, that of any struct that has one of the name.
    fn field(&self, access: &SyntaxNode, text: &str) -> Vec<SymbolId> {
        let store = access
            .children()
            .next()
            .and_then(|receiver| store_name(&receiver));
        match store {
            Some(store) => self.in_space(text, |space| *space == Space::Store(store.clone())),
            None => {
                let same = self.named(text).iter().copied();
                let fields = same.filter(|id| self.symbol(*id).kind == SymbolKind::Field);
                fields.take(MAX_MEANINGS).collect()
            }
        }
    }

    /// The name before `:` of an argument: a parameter of what is called, or a field of what is built.
    fn argument(&self, arg: &SyntaxNode, text: &str, at: usize) -> Vec<SymbolId> {
        let call = arg.parent().and_then(|list| list.parent());
        let called = call
            .filter(|call| matches!(call.kind(), K::Call | K::Run | K::ExpectFail))
            .and_then(|call| names(&call).next())
            .and_then(|name| self.visible(&name.text().to_string(), at))
            .map(|called| self.stands_for(called));
        let Some(called) = called else {
            return Vec::new();
        };
        let same = self.named(text).iter().copied();
        same.filter(|id| {
            let symbol = self.symbol(*id);
            symbol.owner == Some(called)
                && matches!(symbol.kind, SymbolKind::Parameter | SymbolKind::Field)
        })
        .collect()
    }
}

/// Whether others can use the declaration of a file.
fn is_item_of(symbol: &Symbol, file: Span) -> bool {
    let kind = matches!(
        symbol.kind,
        SymbolKind::Struct | SymbolKind::Enum | SymbolKind::Constant | SymbolKind::Function
    );
    kind && symbol.scope == file
}

#[derive(Clone)]
struct Declaration<'a> {
    kind: SymbolKind,
    node: &'a SyntaxNode,
    scope: Span,
    space: Space,
    owner: Option<SymbolId>,
}

/// The names that stand in a node itself.
fn names(node: &SyntaxNode) -> impl Iterator<Item = SyntaxNode> + use<> {
    node.children().filter(|child| child.kind() == K::Name)
}

/// Whether a token of this kind stands before a node, trivia not counted.
fn follows(node: &SyntaxNode, kind: K) -> bool {
    let mut before = node.prev_sibling_or_token();
    while let Some(part) = before {
        if !part.kind().is_trivia() {
            return part.kind() == kind;
        }
        before = part.prev_sibling_or_token();
    }
    false
}

/// The store of `state STORE { ... }`.
fn store_of(state: &SyntaxNode) -> Option<String> {
    let words = state
        .children_with_tokens()
        .filter_map(rowan::NodeOrToken::into_token);
    let mut words = words.filter(|token| token.kind() == K::Word);
    words.nth(1).map(|token| token.text().to_owned())
}

/// The store that an expression is, if it is one.
fn store_name(expression: &SyntaxNode) -> Option<String> {
    let text = (expression.kind() == K::NameRef).then(|| expression.text().to_string())?;
    STORES.contains(&text.as_str()).then_some(text)
}

/// The store of `L.get(name)` and `L.set(name, value)`, for the name.
fn store_call(name: &SyntaxNode) -> Option<String> {
    let arg = name.parent().filter(|arg| arg.kind() == K::Arg)?;
    let list = arg.parent()?;
    let first = list.children().next()? == arg;
    let call = list
        .parent()
        .filter(|call| first && call.kind() == K::MethodCall)?;
    let method = names(&call).next()?.text().to_string();
    let store = store_name(&call.children().next()?)?;
    matches!(method.as_str(), "get" | "set").then_some(store)
}
