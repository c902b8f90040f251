//! What may be written at a place.

use std::collections::BTreeSet;

use super::Analysis;
use super::hover::{describe, one_line};
use super::scope::{STORES, Space, Symbol, SymbolId, SymbolKind};
use super::words::{Place, WORDS};
use crate::lower::{LibraryKind, library};
use crate::span::Span;
use crate::syntax::{SyntaxKind as K, SyntaxToken};

/// Something that may be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// What is written.
    pub text: String,
    /// What kind of thing it is.
    pub kind: CompletionKind,
    /// A few words about it.
    pub detail: String,
    /// What it takes the place of: the part of a word before the place, and nothing behind it.
    pub span: Span,
}

/// What kind of thing a completion is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CompletionKind {
    /// A word of the language.
    Word,
    /// A type.
    Type,
    /// Something that the source declares.
    Name,
    /// A stored value or a field.
    Field,
    /// A value of an enum.
    Variant,
    /// A method.
    Method,
    /// A function.
    Function,
}

use CompletionKind as C;

impl Analysis {
    /// What may be written at `offset`, by the words before it. The caller filters by what is typed.
    #[must_use]
    pub fn completions(&self, offset: usize) -> Vec<Completion> {
        let offset = self.inside(offset);
        let Some((start, before)) = self.before(offset) else {
            return Vec::new();
        };
        let mut list = List {
            analysis: self,
            offset,
            span: Span::new(start, offset),
            in_test: before.first().is_some_and(in_test),
            seen: BTreeSet::new(),
            out: Vec::new(),
        };
        list.fill(&before);
        list.out
    }

    /// Where the word begins that is being written at `offset`, and the two tokens before it, the nearest
    /// first; `None` inside of comments, texts and numbers, where there is nothing to choose from.
    fn before(&self, offset: usize) -> Option<(usize, Vec<SyntaxToken>)> {
        let end: u32 = self.root.text_range().end().into();
        let at = u32::try_from(offset).unwrap_or(end).min(end);
        let here = self.root.token_at_offset(at.into()).left_biased();
        let (start, last) = match here.map(|here| (here.kind(), here.text_range(), here)) {
            Some((kind, range, here)) if range.start() < at.into() => match kind {
                K::Comment | K::OpenStr | K::Int | K::Dec | K::BadNumber => return None,
                K::Str if at < range.end().into() => return None,
                K::Word => (usize::from(range.start()), here.prev_token()),
                _ => (offset, Some(here)),
            },
            // The beginning of the source.
            _ => (offset, None),
        };
        let tokens = std::iter::successors(last, SyntaxToken::prev_token);
        let tokens = tokens.filter(|token| !token.kind().is_trivia());
        Some((start, tokens.take(2).collect()))
    }
}

struct List<'a> {
    analysis: &'a Analysis,
    offset: usize,
    span: Span,
    /// Whether a test is being written.
    in_test: bool,
    seen: BTreeSet<(CompletionKind, String)>,
    out: Vec<Completion>,
}

impl List<'_> {
    fn fill(&mut self, before: &[SyntaxToken]) {
        let last = before.first().map(|token| (token.kind(), token.text()));
        let second = before.get(1).map(|token| (token.kind(), token.text()));
        match (last, second) {
            (Some((K::Dot, _)), Some((K::Word, store))) if STORES.contains(&store) => {
                self.names(C::Field, |symbol| {
                    symbol.space == Space::Store(store.to_owned())
                });
                self.functions(C::Method, LibraryKind::StoreMethod);
            }
            (Some((K::Dot, _)), _) => {
                self.names(C::Field, |symbol| symbol.kind == SymbolKind::Field);
                self.functions(C::Method, LibraryKind::Method);
            }
            (Some((K::ColonColon, _)), Some((_, name))) => self.variants(name),
            (Some((K::Word, word)), second) if !self.is_name(&before[0]) => {
                self.after_word(word, second.map(|(_, text)| text), &before[0]);
            }
            (Some((K::Comma, _)), _)
                if self.within(&before[0], &[K::RecipientList, K::Allow, K::Reveal]) =>
            {
                self.recipients();
            }
            (Some((K::Colon, _)), _) if self.declares_type(&before[0]) => self.types(),
            (Some((K::Less, _)), _) if self.within(&before[0], &[K::Type]) => self.types(),
            (None, _) => self.words(&[Place::Declaration]),
            (Some((K::Semicolon | K::LBrace | K::RBrace, _)), _) => self.beginning(&before[0]),
            (Some((K::RParen, _)), _) if self.within(&before[0], &[K::ParamList]) => {
                self.some_words(&["by", "when", "pays"]);
            }
            _ => self.expression(),
        }
    }

    /// Behind a word of the grammar.
    fn after_word(&mut self, word: &str, second: Option<&str>, token: &SyntaxToken) {
        match word {
            "allow" => self.words(&[Place::Shape]),
            "to" => self.recipients(),
            "from" => {
                self.some_words(&["each", "caller"]);
                self.names(C::Name, |symbol| symbol.kind == SymbolKind::Party);
            }
            "each" | "per" => self.names(C::Name, |symbol| symbol.kind == SymbolKind::Group),
            "by" => self.names(C::Name, |symbol| {
                matches!(symbol.kind, SymbolKind::Party | SymbolKind::Group)
            }),
            "with" => self.some_words(&["min_group", "noise"]),
            "state" => self.words(&[Place::Store]),
            "given" => self.names(C::Name, |symbol| symbol.kind == SymbolKind::Collection),
            "run" => self.names(C::Name, |symbol| symbol.kind == SymbolKind::Entry),
            "expect" => {
                self.some_words(&["fail"]);
                self.expression();
            }
            "fail" if second == Some("expect") => self.some_words(&["run"]),
            "private" | "public" if !self.within(token, &[K::Recipient]) => self.types(),
            "as" if self.in_test => self.expression(),
            "as" => self.types(),
            "member" | "bit" | "per_owner" | "any" => self.some_words(&["to"]),
            "L" | "DHT" | "MPC" | "true" | "false" => {}
            "let" => self.some_words(&["mut"]),
            "else" => self.some_words(&["if"]),
            "contract" | "party" | "group" | "collect" | "struct" | "enum" | "const" | "fn"
            | "entry" | "mut" | "test" | "use" | "version" | "reveal" => {}
            _ => self.expression(),
        }
    }

    /// Where a declaration or a statement may begin.
    fn beginning(&mut self, token: &SyntaxToken) {
        // A `}` ends its node: what follows belongs to the one around it. A `;` may do either.
        let ended = token.parent().filter(|_| token.kind() != K::LBrace);
        let around = match ended {
            Some(ended) => ended.parent(),
            None => token.parent(),
        };
        let places = [
            K::File,
            K::Contract,
            K::Block,
            K::Test,
            K::State,
            K::Struct,
            K::Privacy,
        ];
        let place = around.and_then(|node| {
            let mut around = node.ancestors().map(|node| node.kind());
            around.find(|kind| places.contains(kind))
        });
        match place {
            Some(K::Block) => {
                let begin = [
                    "let", "if", "for", "while", "reveal", "require", "return", "break",
                ];
                self.some_words(&begin);
                self.expression();
            }
            Some(K::Test) => self.some_words(&["given", "set", "run", "expect"]),
            Some(K::Contract) => {
                let begin = WORDS.iter().filter(|word| word.place == Place::Declaration);
                let begin: Vec<&str> = begin.map(|word| word.text).collect();
                self.some_words(&begin);
            }
            Some(K::State | K::Struct | K::Privacy) => {}
            _ => self.some_words(&["contract", "use", "struct", "enum", "const", "fn"]),
        }
    }

    /// Names and functions that have values.
    fn expression(&mut self) {
        let at = self.offset;
        let values = |symbol: &Symbol| {
            symbol.space == Space::Scope
                && symbol.scope.range().start < at
                && at <= symbol.scope.range().end
                && !matches!(symbol.kind, SymbolKind::Entry | SymbolKind::Contract)
        };
        self.names(C::Name, values);
        if self.in_test {
            self.names(C::Name, |symbol| symbol.kind == SymbolKind::Reveal);
        }
        let kind = match self.in_test {
            true => LibraryKind::Test,
            false => LibraryKind::Function,
        };
        self.functions(C::Function, kind);
        self.words(&[Place::Store, Place::Value]);
        self.some_words(&["caller"]);
    }

    fn recipients(&mut self) {
        self.some_words(&["public", "caller", "owner", "each"]);
        self.names(C::Name, |symbol| symbol.kind == SymbolKind::Party);
    }

    fn types(&mut self) {
        let words = WORDS.iter().filter(|word| word.place == Place::Type);
        for word in words {
            self.push(C::Type, word.text, word.about);
        }
        self.names(C::Type, |symbol| {
            matches!(
                symbol.kind,
                SymbolKind::Struct | SymbolKind::Enum | SymbolKind::Generic
            )
        });
    }

    fn variants(&mut self, name: &str) {
        let names = &self.analysis.names;
        if let Some(id) = names.visible(name, self.offset) {
            let of = names.stands_for(id);
            self.names(C::Variant, |symbol| symbol.space == Space::Of(of));
        }
    }

    fn names(&mut self, kind: CompletionKind, wanted: impl Fn(&Symbol) -> bool) {
        let analysis = self.analysis;
        for id in analysis.names.ids() {
            let Some(symbol) = self.seen_as(id).filter(|symbol| wanted(symbol)) else {
                continue;
            };
            // What is being written here is no suggestion.
            if symbol.name_span != Span::new(self.span.range().start, symbol.name_span.range().end)
            {
                self.push(kind, &symbol.name, describe(symbol.kind));
            }
        }
    }

    /// A declaration as the file at hand sees it, if it does: one of its own, one that it uses of another file, or a part of
    /// something.
    fn seen_as(&self, id: SymbolId) -> Option<Symbol> {
        let names = &self.analysis.names;
        let (own, meant) = (names.symbol(id), names.symbol(names.stands_for(id)));
        let sources = self.analysis.sources();
        let here = sources.place(self.span).file;
        let is_part = matches!(own.space, Space::Of(_));
        let seen = is_part || sources.place(own.name_span).file == here;
        seen.then(|| Symbol {
            kind: meant.kind,
            ..own.clone()
        })
    }

    fn functions(&mut self, kind: CompletionKind, of: LibraryKind) {
        for function in library().iter().filter(|function| function.kind == of) {
            self.push(kind, function.name, function.meaning);
        }
    }

    fn words(&mut self, places: &[Place]) {
        for word in WORDS.iter().filter(|word| places.contains(&word.place)) {
            self.push(C::Word, word.text, word.about);
        }
    }

    fn some_words(&mut self, texts: &[&str]) {
        for word in WORDS.iter().filter(|word| texts.contains(&word.text)) {
            self.push(C::Word, word.text, word.about);
        }
    }

    fn push(&mut self, kind: CompletionKind, text: &str, detail: &str) {
        if self.seen.insert((kind, text.to_owned())) {
            self.out.push(Completion {
                text: text.to_owned(),
                kind,
                detail: one_line(detail),
                span: self.span,
            });
        }
    }

    /// Whether a word is a name here, not a word of the grammar.
    fn is_name(&self, token: &SyntaxToken) -> bool {
        self.within(token, &[K::Name]) || super::words::word(token.text()).is_none()
    }

    /// Whether a token stands in a node of one of these kinds, or a little deeper.
    fn within(&self, token: &SyntaxToken, kinds: &[K]) -> bool {
        let around = token.parent_ancestors().take(3);
        around
            .map(|node| node.kind())
            .any(|kind| kinds.contains(&kind))
    }

    /// Whether a type stands behind this `:`.
    fn declares_type(&self, token: &SyntaxToken) -> bool {
        let parent = token.parent().map(|node| node.kind());
        matches!(
            parent,
            Some(K::Collect | K::Slot | K::Field | K::Const | K::Param | K::Let)
        )
    }
}

fn in_test(token: &SyntaxToken) -> bool {
    token.parent_ancestors().any(|node| node.kind() == K::Test)
}
