//! Declarations: contracts and what stands in them and beside them.

use super::{Block, Expr, Lambda, Name, Test, Type, cast_name, child, child_after};
use super::{expressions_of, has_word, name_of, names_of, recipients_of, tokens_of};
use crate::hir::Store;
use crate::span::Span;
use crate::syntax::kind::{SyntaxKind as K, SyntaxNode, SyntaxToken};

nodes! {
    /// The whole source.
    File,
    /// `contract NAME version INT { ... }`.
    Contract,
    /// `use FILE::NAME;`.
    Use,
    /// `struct NAME { ... }`.
    Struct,
    /// `NAME: type range;` of a struct.
    Field,
    /// `enum NAME { ... }`.
    Enum,
    /// `const NAME: type = expr;`.
    Const,
    /// `fn NAME(...) -> type { ... }`.
    Fn,
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
    /// `state STORE { ... }`.
    State,
    /// `NAME: type ...;` of a store.
    Slot,
    /// `privacy { ... }`.
    Privacy,
    /// `NAME: expr;` of `privacy`.
    PrivacyItem,
    /// `entry NAME(...) { ... }`.
    Entry,
    /// One parameter.
    Param,
}

named!(
    Contract,
    Struct,
    Field,
    Enum,
    Const,
    Fn,
    Party,
    Group,
    Collect,
    Provider,
    Recipient,
    Slot,
    PrivacyItem,
    Entry,
    Param,
);

/// A declaration.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "named after their nodes")]
pub enum Item {
    Use(Use),
    Struct(Struct),
    Enum(Enum),
    Const(Const),
    Fn(Fn),
    Party(Party),
    Group(Group),
    Collect(Collect),
    State(State),
    Privacy(Privacy),
    Entry(Entry),
    Test(Test),
}

impl Item {
    /// The node as a declaration, if it is one.
    #[must_use]
    pub fn cast(node: SyntaxNode) -> Option<Item> {
        Some(match node.kind() {
            K::Use => Item::Use(Use(node)),
            K::Struct => Item::Struct(Struct(node)),
            K::Enum => Item::Enum(Enum(node)),
            K::Const => Item::Const(Const(node)),
            K::Fn => Item::Fn(Fn(node)),
            K::Party => Item::Party(Party(node)),
            K::Group => Item::Group(Group(node)),
            K::Collect => Item::Collect(Collect(node)),
            K::State => Item::State(State(node)),
            K::Privacy => Item::Privacy(Privacy(node)),
            K::Entry => Item::Entry(Entry(node)),
            K::Test => Item::Test(Test::cast(node)?),
            _ => return None,
        })
    }

    /// Where it stands.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Item::Use(item) => item.span(),
            Item::Struct(item) => item.span(),
            Item::Enum(item) => item.span(),
            Item::Const(item) => item.span(),
            Item::Fn(item) => item.span(),
            Item::Party(item) => item.span(),
            Item::Group(item) => item.span(),
            Item::Collect(item) => item.span(),
            Item::State(item) => item.span(),
            Item::Privacy(item) => item.span(),
            Item::Entry(item) => item.span(),
            Item::Test(item) => item.span(),
        }
    }
}

impl File {
    /// Contracts, of which there should be one.
    pub fn contracts(&self) -> impl Iterator<Item = Contract> {
        self.0.children().filter_map(Contract::cast)
    }

    /// Everything beside contracts.
    pub fn other_items(&self) -> impl Iterator<Item = Item> {
        self.0.children().filter_map(Item::cast)
    }
}

impl Use {
    /// The path: files, and the name in the last of them.
    #[must_use]
    pub fn path(&self) -> Vec<Name> {
        let mut names: Vec<Name> = names_of(&self.0).collect();
        if self.has_alias() {
            names.pop();
        }
        names
    }

    /// What the name is called where it is used: its own, or the one behind `as`.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        names_of(&self.0).last()
    }

    /// Whether it gives the name another one.
    #[must_use]
    pub fn has_alias(&self) -> bool {
        has_word(&self.0, "as")
    }
}

impl Contract {
    /// Its version.
    #[must_use]
    pub fn version(&self) -> Option<SyntaxToken> {
        tokens_of(&self.0).find(|token| token.kind() == K::Int)
    }

    /// What is declared in it.
    pub fn members(&self) -> impl Iterator<Item = Item> {
        self.0.children().filter_map(Item::cast)
    }
}

impl Privacy {
    /// The word `privacy`.
    #[must_use]
    pub fn word_span(&self) -> Span {
        let first = self.0.first_token();
        first.map_or(self.span(), |token| token.text_range().into())
    }
}

/// A parameter between `<` and `>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generic {
    /// The word before it and its name.
    pub span: Span,
    /// What it stands for.
    pub kind: GenericKind,
    /// Its name.
    pub name: Name,
    /// What stands behind `:`.
    pub bound: Option<Name>,
}

/// What a generic parameter stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GenericKind {
    /// `NAME`: a type.
    Type,
    /// `const NAME`: a size.
    Size,
    /// `label NAME`: who knows a value.
    Label,
}

fn generics_of(node: &SyntaxNode) -> Vec<Generic> {
    let mut found: Vec<Generic> = Vec::new();
    let Some(list) = node.children().find(|child| child.kind() == K::Generics) else {
        return found;
    };
    let (mut kind, mut bound, mut start) = (GenericKind::Type, false, None);
    for part in list.children_with_tokens() {
        match part {
            rowan::NodeOrToken::Token(token) => match (token.kind(), token.text()) {
                (K::Comma, _) => (kind, bound, start) = (GenericKind::Type, false, None),
                (K::Colon, _) => bound = true,
                (K::Word, word) => {
                    start = Some(Span::from(token.text_range()));
                    kind = if word == "const" {
                        GenericKind::Size
                    } else {
                        GenericKind::Label
                    };
                }
                _ => {}
            },
            rowan::NodeOrToken::Node(node) => match (cast_name(node), found.last_mut()) {
                (Some(name), Some(last)) if bound => last.bound = Some(name),
                (Some(name), _) if !bound => found.push(Generic {
                    span: start.unwrap_or(name.span).to(name.span),
                    kind,
                    name,
                    bound: None,
                }),
                _ => {}
            },
        }
    }
    found
}

impl Struct {
    /// Its generic parameters.
    #[must_use]
    pub fn generics(&self) -> Vec<Generic> {
        generics_of(&self.0)
    }

    /// Its fields.
    pub fn fields(&self) -> impl Iterator<Item = Field> {
        self.0.children().filter_map(Field::cast)
    }
}

impl Enum {
    /// The names of its values.
    pub fn variants(&self) -> impl Iterator<Item = Name> {
        names_of(&self.0).skip(1)
    }
}

macro_rules! typed {
    ($($node:ident),*) => {$(
        impl $node {
            /// The stated type.
            #[must_use]
            pub fn ty(&self) -> Option<Type> {
                child(&self.0, Type::cast)
            }
        }
    )*};
}
typed!(Field, Const, Collect, Slot, Param);

macro_rules! ranged {
    ($($node:ident),*) => {$(
        impl $node {
            /// The stated range.
            #[must_use]
            pub fn range(&self) -> Option<Range> {
                child(&self.0, Range::cast)
            }
        }
    )*};
}
ranged!(Field, Collect, Param);

macro_rules! valued {
    ($($node:ident),*) => {$(
        impl $node {
            /// The value behind `=` or `:`.
            #[must_use]
            pub fn value(&self) -> Option<Expr> {
                expressions_of(&self.0).next()
            }
        }
    )*};
}
valued!(Const, Slot, PrivacyItem);

macro_rules! allowing {
    ($($node:ident),*) => {$(
        impl $node {
            /// What the owners allow.
            pub fn allows(&self) -> impl Iterator<Item = Allow> {
                self.0.children().filter_map(Allow::cast)
            }
        }
    )*};
}
allowing!(Collect, Slot);

macro_rules! called {
    ($($node:ident),*) => {$(
        impl $node {
            /// Its parameters.
            #[must_use]
            pub fn params(&self) -> Vec<Param> {
                let lists = self.0.children().filter(|child| child.kind() == K::ParamList);
                lists
                    .flat_map(|list| list.children().filter_map(Param::cast))
                    .collect()
            }

            /// Its code.
            #[must_use]
            pub fn block(&self) -> Option<Block> {
                child(&self.0, Block::cast)
            }
        }
    )*};
}
called!(Fn, Entry);

impl Fn {
    /// Its generic parameters.
    #[must_use]
    pub fn generics(&self) -> Vec<Generic> {
        generics_of(&self.0)
    }

    /// What it returns.
    #[must_use]
    pub fn result(&self) -> Option<Type> {
        child(&self.0, Type::cast)
    }
}

impl Entry {
    /// Who may call it.
    #[must_use]
    pub fn by(&self) -> Option<Name> {
        child_after(&self.0, "by", cast_name)
    }

    /// What must hold before anything is computed.
    #[must_use]
    pub fn when(&self) -> Option<Expr> {
        child_after(&self.0, "when", Expr::cast)
    }

    /// What the caller pays.
    #[must_use]
    pub fn pays(&self) -> Option<Expr> {
        child_after(&self.0, "pays", Expr::cast)
    }
}

impl Param {
    /// Who gives it.
    #[must_use]
    pub fn provider(&self) -> Option<Provider> {
        child(&self.0, Provider::cast)
    }
}

impl Group {
    /// `min` and `max`.
    #[must_use]
    pub fn bounds(&self) -> Option<(Expr, Expr)> {
        let mut bounds = expressions_of(&self.0);
        Some((bounds.next()?, bounds.next()?))
    }

    /// Who belongs to it.
    #[must_use]
    pub fn admit(&self) -> Option<Lambda> {
        child(&self.0, Lambda::cast)
    }
}

impl Collect {
    /// Who gives the values.
    #[must_use]
    pub fn provider(&self) -> Option<Provider> {
        child(&self.0, Provider::cast)
    }

    /// `max_rows`: the whole clause, and its number.
    #[must_use]
    pub fn max_rows(&self) -> Option<(Span, Option<Expr>)> {
        let clause = self.0.children().find(|node| node.kind() == K::MaxRows)?;
        let number = expressions_of(&clause).next();
        Some((clause.text_range().into(), number))
    }

    /// What a row must be like to be counted.
    #[must_use]
    pub fn check(&self) -> Option<Lambda> {
        let clause = self.0.children().find(|node| node.kind() == K::Check)?;
        child(&clause, Lambda::cast)
    }
}

impl Provider {
    /// Whether it is `each NAME`.
    #[must_use]
    pub fn each(&self) -> bool {
        has_word(&self.0, "each")
    }

    /// Whether it is `caller`.
    #[must_use]
    pub fn caller(&self) -> bool {
        has_word(&self.0, "caller")
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

impl State {
    /// Which store.
    #[must_use]
    pub fn store(&self) -> Option<Store> {
        tokens_of(&self.0).find_map(|token| Store::named(token.text()))
    }

    /// What is in it.
    pub fn slots(&self) -> impl Iterator<Item = Slot> {
        self.0.children().filter_map(Slot::cast)
    }
}

impl Slot {
    /// The word `accumulator`.
    #[must_use]
    pub fn accumulator(&self) -> Option<Span> {
        let word = tokens_of(&self.0).find(|token| token.text() == "accumulator")?;
        Some(word.text_range().into())
    }

    /// Who may read it.
    #[must_use]
    pub fn access(&self) -> Option<Lambda> {
        let clause = self.0.children().find(|node| node.kind() == K::Access)?;
        child(&clause, Lambda::cast)
    }
}

impl Privacy {
    /// Its settings.
    pub fn items(&self) -> impl Iterator<Item = PrivacyItem> {
        self.0.children().filter_map(PrivacyItem::cast)
    }
}
