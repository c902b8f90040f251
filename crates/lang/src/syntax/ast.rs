//! Typed view of the lossless tree: each struct is a node of one kind, each method finds a part by
//! its place. Parts are optional, since the tree may hold errors.

mod expr;

use expr::args_of;
pub use expr::{Arg, Expr, ExprKind};

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

nodes! {
    /// The whole source.
    File,
    /// `contract NAME version INT { ... }`.
    Contract,
    /// `const NAME: type = expr;`.
    Const,
    /// `party NAME;`.
    Party,
    /// `group NAME min expr max expr`.
    Group,
    /// `collect NAME: type from provider ...`.
    Collect,
    /// Who gives a collection's values.
    Provider,
    /// `range expr ..= expr`.
    Range,
    /// `allow shape to recipients`.
    Allow,
    /// What an `allow` is about.
    ShapeClause,
    /// One recipient.
    Recipient,
    /// `entry NAME(...) { ... }`.
    Entry,
    /// One parameter.
    Param,
    /// `{ ... }`.
    Block,
    /// `let NAME = expr;`.
    Let,
    /// `reveal NAME = expr to recipients;`.
    Reveal,
    /// `with min_group(...)` or `with noise(...)`.
    Guard,
    /// A type.
    Type,
    /// `test "..." { ... }`.
    Test,
    /// `given NAME = expr;`.
    Given,
    /// `run NAME(...);`.
    Run,
    /// `expect expr;`.
    Expect,
    /// `expect fail run NAME(...);`.
    ExpectFail,
}

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
    let names = node.children().filter(|child| child.kind() == K::Name);
    names.map(|name| Name {
        text: name.text().to_string(),
        span: name.text_range().into(),
    })
}

fn child<T>(node: &SyntaxNode, cast: impl Fn(SyntaxNode) -> Option<T>) -> Option<T> {
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

impl File {
    /// Contracts, of which there should be one.
    pub fn contracts(&self) -> impl Iterator<Item = Contract> {
        self.0.children().filter_map(Contract::cast)
    }

    /// Everything beside contracts.
    pub fn other_items(&self) -> impl Iterator<Item = SyntaxNode> {
        self.0.children().filter(|node| node.kind() != K::Contract)
    }
}

impl Contract {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        name_of(&self.0)
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> Option<SyntaxToken> {
        tokens_of(&self.0).find(|token| token.kind() == K::Int)
    }

    /// What is declared in it.
    pub fn members(&self) -> impl Iterator<Item = SyntaxNode> {
        self.0.children().filter(|node| node.kind() != K::Name)
    }
}

macro_rules! named {
    ($($node:ident),*) => {$(
        impl $node {
            /// Its name.
            #[must_use]
            pub fn name(&self) -> Option<Name> {
                name_of(&self.0)
            }
        }
    )*};
}
named!(
    Const, Party, Group, Collect, Entry, Reveal, Given, Run, ExpectFail, Type, Provider, Recipient
);

impl Const {
    /// Its type.
    #[must_use]
    pub fn ty(&self) -> Option<Type> {
        child(&self.0, Type::cast)
    }

    /// Its value.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        expressions_of(&self.0).next()
    }
}

impl Group {
    /// `min` and `max`.
    #[must_use]
    pub fn bounds(&self) -> Option<(Expr, Expr)> {
        let mut bounds = expressions_of(&self.0);
        Some((bounds.next()?, bounds.next()?))
    }

    /// `admit`, if it is there.
    #[must_use]
    pub fn admit(&self) -> Option<SyntaxNode> {
        self.0.children().find(|node| node.kind() == K::Lambda)
    }
}

impl Collect {
    /// The type of a value.
    #[must_use]
    pub fn ty(&self) -> Option<Type> {
        child(&self.0, Type::cast)
    }

    /// Who gives the values.
    #[must_use]
    pub fn provider(&self) -> Option<Provider> {
        child(&self.0, Provider::cast)
    }

    /// The declared range.
    #[must_use]
    pub fn range(&self) -> Option<Range> {
        child(&self.0, Range::cast)
    }

    /// `max_rows` or `check`, if they are there.
    pub fn extras(&self) -> impl Iterator<Item = SyntaxNode> {
        self.0
            .children()
            .filter(|node| matches!(node.kind(), K::MaxRows | K::Check))
    }

    /// What the owners allow.
    pub fn allows(&self) -> impl Iterator<Item = Allow> {
        self.0.children().filter_map(Allow::cast)
    }
}

impl Provider {
    /// Whether it is `each NAME`.
    #[must_use]
    pub fn each(&self) -> bool {
        has_word(&self.0, "each")
    }
}

impl Range {
    /// Both ends.
    #[must_use]
    pub fn bounds(&self) -> Option<(Expr, Expr)> {
        let mut bounds = expressions_of(&self.0);
        Some((bounds.next()?, bounds.next()?))
    }
}

impl Allow {
    /// What it is about.
    #[must_use]
    pub fn shape(&self) -> Option<ShapeClause> {
        child(&self.0, ShapeClause::cast)
    }

    /// To whom.
    #[must_use]
    pub fn recipients(&self) -> Vec<Recipient> {
        recipients_of(&self.0)
    }
}

impl ShapeClause {
    /// `aggregate`, `member`, `bit`, `per_owner` or `any`.
    #[must_use]
    pub fn word(&self) -> Option<String> {
        tokens_of(&self.0)
            .next()
            .map(|token| token.text().to_owned())
    }

    /// The number of `aggregate`.
    #[must_use]
    pub fn number(&self) -> Option<Expr> {
        expressions_of(&self.0).next()
    }
}

/// Who is meant by a [`Recipient`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecipientKind {
    /// Everyone.
    Public,
    /// Who calls the entry.
    Caller,
    /// The owner of each row; of the named collection, if there is a name.
    Owner(Option<Name>),
    /// Every member of a group.
    Each(Name),
    /// A party.
    Party(Name),
}

impl Recipient {
    /// Who is meant.
    #[must_use]
    pub fn kind(&self) -> Option<RecipientKind> {
        let name = self.name();
        let word = tokens_of(&self.0).next();
        Some(match (word.as_ref().map(SyntaxToken::text), name) {
            (Some("public"), _) => RecipientKind::Public,
            (Some("caller"), _) => RecipientKind::Caller,
            (Some("owner"), name) => RecipientKind::Owner(name),
            (Some("each"), Some(name)) => RecipientKind::Each(name),
            (None, Some(name)) => RecipientKind::Party(name),
            _ => return None,
        })
    }
}

fn recipients_of(node: &SyntaxNode) -> Vec<Recipient> {
    let lists = node
        .children()
        .filter(|child| child.kind() == K::RecipientList);
    lists
        .flat_map(|list| list.children().filter_map(Recipient::cast))
        .collect()
}

impl Entry {
    /// Its parameters.
    #[must_use]
    pub fn params(&self) -> Vec<Param> {
        let lists = self
            .0
            .children()
            .filter(|child| child.kind() == K::ParamList);
        lists
            .flat_map(|list| list.children().filter_map(Param::cast))
            .collect()
    }

    /// The words `by`, `when` and `pays`, where they are there.
    pub fn conditions(&self) -> impl Iterator<Item = SyntaxToken> {
        tokens_of(&self.0).filter(|token| matches!(token.text(), "by" | "when" | "pays"))
    }

    /// Its code.
    #[must_use]
    pub fn block(&self) -> Option<Block> {
        child(&self.0, Block::cast)
    }
}

impl Block {
    /// Its statements.
    pub fn statements(&self) -> impl Iterator<Item = SyntaxNode> {
        self.0.children()
    }
}

impl Let {
    /// The names it binds: one, or several for a tuple.
    #[must_use]
    pub fn names(&self) -> Vec<Name> {
        let patterns = self.0.children().filter(|child| child.kind() == K::Pattern);
        patterns
            .flat_map(|pattern| names_of(&pattern).collect::<Vec<_>>())
            .collect()
    }

    /// Whether it is `let mut`.
    #[must_use]
    pub fn mutable(&self) -> bool {
        has_word(&self.0, "mut")
    }

    /// The stated type.
    #[must_use]
    pub fn ty(&self) -> Option<Type> {
        child(&self.0, Type::cast)
    }

    /// Its value.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        expressions_of(&self.0).next()
    }
}

impl Reveal {
    /// What is revealed.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        expressions_of(&self.0).next()
    }

    /// To whom.
    #[must_use]
    pub fn recipients(&self) -> Vec<Recipient> {
        recipients_of(&self.0)
    }

    /// Its guards.
    pub fn guards(&self) -> impl Iterator<Item = Guard> {
        self.0.children().filter_map(Guard::cast)
    }
}

impl Guard {
    /// `min_group` or `noise`.
    #[must_use]
    pub fn word(&self) -> Option<SyntaxToken> {
        tokens_of(&self.0).nth(1)
    }

    /// What stands in its parentheses.
    #[must_use]
    pub fn args(&self) -> Vec<Arg> {
        args_of(&self.0)
    }
}

impl Type {
    /// `private` or `public`, if stated.
    #[must_use]
    pub fn label(&self) -> Option<SyntaxToken> {
        tokens_of(&self.0).find(|token| matches!(token.text(), "private" | "public"))
    }

    /// Whether it is just a name, perhaps with a label: no list, tuple, parameters or `per`.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        let others = tokens_of(&self.0).filter(|t| !matches!(t.text(), "private" | "public"));
        others.count() == 0 && names_of(&self.0).count() == 1
    }
}

impl Test {
    /// Its title, without the quotes.
    #[must_use]
    pub fn title(&self) -> Option<String> {
        let title = tokens_of(&self.0).find(|token| token.kind() == K::Str)?;
        Some(title.text().trim_matches('"').to_owned())
    }

    /// Its statements.
    pub fn statements(&self) -> impl Iterator<Item = SyntaxNode> {
        self.0.children()
    }
}

impl Given {
    /// The values.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        expressions_of(&self.0).next()
    }
}

impl Expect {
    /// The condition.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        expressions_of(&self.0).next()
    }
}

macro_rules! calls {
    ($($node:ident),*) => {$(
        impl $node {
            /// The arguments of the entry.
            #[must_use]
            pub fn args(&self) -> Vec<Arg> {
                args_of(&self.0)
            }

            /// Who calls, `as WHO`.
            #[must_use]
            pub fn caller(&self) -> Option<Expr> {
                expressions_of(&self.0).next()
            }
        }
    )*};
}
calls!(Run, ExpectFail);
