//! What a source consists of, as a tree.

use super::Analysis;
use super::hover::{describe, one_line};
use super::scope::SymbolKind;
use crate::span::Span;
use crate::syntax::{SyntaxKind as K, SyntaxNode};

/// A declaration with those inside of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// Its name, or a test's title.
    pub name: String,
    /// What it is, in a word or two.
    pub detail: String,
    /// The whole declaration.
    pub span: Span,
    /// Its name.
    pub name_span: Span,
    /// What is declared inside.
    pub children: Vec<Outline>,
}

impl Analysis {
    /// The declarations of the source: contracts, their members, and fields, slots and reveals inside of
    /// those.
    #[must_use]
    pub fn symbols(&self) -> Vec<Outline> {
        self.root
            .first_child()
            .as_ref()
            .map_or_else(Vec::new, below)
    }
}

fn below(node: &SyntaxNode) -> Vec<Outline> {
    node.children().flat_map(|child| of(&child)).collect()
}

fn of(node: &SyntaxNode) -> Vec<Outline> {
    let kind = match node.kind() {
        K::Contract => SymbolKind::Contract,
        K::Party => SymbolKind::Party,
        K::Group => SymbolKind::Group,
        K::Collect => SymbolKind::Collection,
        K::Slot => SymbolKind::Slot,
        K::Struct => SymbolKind::Struct,
        K::Field => SymbolKind::Field,
        K::Enum => SymbolKind::Enum,
        K::Const => SymbolKind::Constant,
        K::Fn => SymbolKind::Function,
        K::Entry => SymbolKind::Entry,
        K::Reveal => SymbolKind::Reveal,
        K::State => return vec![named(node, first_words(node), "state")],
        K::Test => return vec![leaf(node, test_title(node), "test")],
        // Reveals stand in blocks and branches.
        K::Block | K::If | K::For | K::While => return below(node),
        _ => return Vec::new(),
    };
    let Some(name) = node.children().find(|child| child.kind() == K::Name) else {
        return Vec::new();
    };
    let variants = node
        .children()
        .filter(|child| child.kind() == K::Name)
        .skip(1);
    let variants = variants.map(|variant| Outline {
        name: variant.text().to_string(),
        detail: describe(SymbolKind::Variant).to_owned(),
        span: variant.text_range().into(),
        name_span: variant.text_range().into(),
        children: Vec::new(),
    });
    let children = match kind {
        SymbolKind::Enum => variants.collect(),
        _ => below(node),
    };
    let ty = node.children().find(|child| child.kind() == K::Type);
    let detail = match ty {
        Some(ty) if kind != SymbolKind::Function => one_line(&ty.text().to_string()),
        _ => describe(kind).to_owned(),
    };
    vec![Outline {
        name: name.text().to_string(),
        detail,
        span: node.text_range().into(),
        name_span: name.text_range().into(),
        children,
    }]
}

fn named(node: &SyntaxNode, name: String, detail: &str) -> Outline {
    Outline {
        children: below(node),
        ..leaf(node, name, detail)
    }
}

fn leaf(node: &SyntaxNode, name: String, detail: &str) -> Outline {
    let first = node.first_token();
    let name_span = first.map_or(node.text_range(), |token| token.text_range());
    Outline {
        name,
        detail: detail.to_owned(),
        span: node.text_range().into(),
        name_span: name_span.into(),
        children: Vec::new(),
    }
}

/// `state L`.
fn first_words(node: &SyntaxNode) -> String {
    let tokens = node
        .children_with_tokens()
        .filter_map(rowan::NodeOrToken::into_token);
    let words = tokens.filter(|token| token.kind() == K::Word);
    let words: Vec<String> = words.map(|token| token.text().to_owned()).collect();
    words.join(" ")
}

/// Never empty: editors refuse nameless symbols.
fn test_title(node: &SyntaxNode) -> String {
    let tokens = node
        .children_with_tokens()
        .filter_map(rowan::NodeOrToken::into_token);
    let title = tokens
        .filter(|token| token.kind() == K::Str)
        .map(|token| token.text().to_owned());
    title.last().unwrap_or_else(|| "test".to_owned())
}
