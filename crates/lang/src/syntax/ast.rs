//! Typed view of the lossless tree: each struct is a node of one kind, each method finds a part by
//! its place. Parts are optional, since the tree may hold errors.

use super::kind::{SyntaxKind as K, SyntaxNode, SyntaxToken};
use crate::span::Span;

macro_rules! nodes {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub struct $name(SyntaxNode);

        impl $name {
            /// The node as this kind, if it is one.
            #[must_use]
            pub fn cast(node: SyntaxNode) -> Option<$name> {
                (node.kind() == K::$name).then_some($name(node))
            }

            /// The tree below.
            #[must_use]
            pub fn syntax(&self) -> &SyntaxNode {
                &self.0
            }

            /// Where it stands.
            #[must_use]
            pub fn span(&self) -> Span {
                self.0.text_range().into()
            }
        }
    )*};
}

macro_rules! named {
    ($($node:ident),* $(,)?) => {$(
        impl $node {
            /// Its name.
            #[must_use]
            pub fn name(&self) -> Option<Name> {
                name_of(&self.0)
            }
        }
    )*};
}

mod expr;
mod item;
mod stmt;
mod test;
mod ty;

use expr::args_of;
pub use expr::{Arg, Expr, ExprKind, Lambda};
pub use item::{
    Allow, Collect, Const, Contract, Entry, Enum, Field, File, Fn, Generic, GenericKind, Group,
    Item, Param, Party, Privacy, PrivacyItem, Provider, Range, Recipient, RecipientKind,
    ShapeClause, Slot, State, Struct, Use,
};
pub use stmt::{
    Assign, Block, Break, ExprStmt, For, ForOver, Guard, If, Let, Otherwise, Require, Return,
    Reveal, Stmt, While,
};
pub use test::{Expect, ExpectFail, Given, Run, Set, Test, TestStmt};
pub use ty::{Type, TypeArg, TypeKind};

/// A name where it is declared or used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// As written.
    pub text: String,
    /// Where.
    pub span: Span,
}

fn name_of(node: &SyntaxNode) -> Option<Name> {
    names_of(node).next()
}

fn names_of(node: &SyntaxNode) -> impl Iterator<Item = Name> {
    node.children().filter_map(cast_name)
}

fn child<T>(node: &SyntaxNode, cast: impl FnMut(SyntaxNode) -> Option<T>) -> Option<T> {
    node.children().find_map(cast)
}

fn expressions_of(node: &SyntaxNode) -> impl Iterator<Item = Expr> {
    node.children().filter_map(Expr::cast)
}

fn tokens_of(node: &SyntaxNode) -> impl Iterator<Item = SyntaxToken> {
    let tokens = node
        .children_with_tokens()
        .filter_map(rowan::NodeOrToken::into_token);
    tokens.filter(|token| !token.kind().is_trivia())
}

fn has_word(node: &SyntaxNode, word: &str) -> bool {
    tokens_of(node).any(|token| token.kind() == K::Word && token.text() == word)
}

fn recipients_of(node: &SyntaxNode) -> Vec<Recipient> {
    let lists = node
        .children()
        .filter(|child| child.kind() == K::RecipientList);
    lists
        .flat_map(|list| list.children().filter_map(Recipient::cast))
        .collect()
}

/// The first node of a kind behind a word.
fn child_after<T>(
    node: &SyntaxNode,
    word: &str,
    cast: impl FnMut(SyntaxNode) -> Option<T>,
) -> Option<T> {
    let parts = node.children_with_tokens();
    let mut behind = parts.skip_while(|part| {
        let token = part.as_token();
        token.is_none_or(|token| token.kind() != K::Word || token.text() != word)
    });
    behind.next()?;
    behind
        .filter_map(rowan::NodeOrToken::into_node)
        .find_map(cast)
}

pub(crate) fn cast_name(node: SyntaxNode) -> Option<Name> {
    (node.kind() == K::Name).then(|| Name {
        text: node.text().to_string(),
        span: node.text_range().into(),
    })
}
