//! Types.

use super::{
    Expr, Name, cast_name, child, child_after, expressions_of, has_word, name_of, tokens_of,
};
use crate::span::Span;
use crate::syntax::kind::{SyntaxKind as K, SyntaxNode, SyntaxToken};

nodes! {
    /// A type.
    Type,
}

/// A type taken apart, without its label and its `per`.
#[derive(Clone, Debug)]
pub enum TypeKind {
    /// `NAME`, `NAME<ARGS>`.
    Named(Name, Vec<TypeArg>),
    /// `[ELEMENT; LENGTH]`, or `[ELEMENT; max LENGTH]`.
    List {
        /// What it holds.
        element: Type,
        /// How much of it.
        length: Expr,
        /// Whether `max` stands before the length.
        max: bool,
    },
    /// `(A, B)`.
    Tuple(Vec<Type>),
    /// The parser has reported an error here.
    Missing,
}

/// What stands between `<` and `>` of a type.
#[derive(Clone, Debug)]
pub enum TypeArg {
    /// A number, as written.
    Int(String, Span),
    /// A type, or the name of a size.
    Type(Type),
}

impl TypeArg {
    /// Where it stands.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            TypeArg::Int(_, span) => *span,
            TypeArg::Type(ty) => ty.span(),
        }
    }
}

impl Type {
    /// `private` or `public` before the type, if stated.
    #[must_use]
    pub fn label(&self) -> Option<SyntaxToken> {
        tokens_of(&self.0).find(|token| matches!(token.text(), "private" | "public"))
    }

    /// The label parameter before the type, if one is stated.
    #[must_use]
    pub fn label_name(&self) -> Option<Name> {
        let label = self
            .0
            .children()
            .find(|child| child.kind() == K::TypeLabel)?;
        name_of(&label)
    }

    /// The types that it is made of, as they are written.
    pub fn parts(&self) -> impl Iterator<Item = Type> {
        let parts = self.0.children().flat_map(|child| match child.kind() {
            K::TypeArg => child.children().find_map(Type::cast),
            _ => Type::cast(child),
        });
        parts.collect::<Vec<_>>().into_iter()
    }

    /// Where it stands, without its label.
    #[must_use]
    pub fn base_span(&self) -> Span {
        let word = self.label().map(|label| label.text_range().end().into());
        let name = self.label_name().map(|name| name.span.end);
        let label: Option<u32> = word.or(name);
        let parts = self.0.children_with_tokens();
        let mut behind = parts.filter(|part| {
            let start: u32 = part.text_range().start().into();
            !part.kind().is_trivia() && label.is_none_or(|label| start >= label)
        });
        let first = behind.next();
        first.map_or(self.span(), |first| Span {
            start: first.text_range().start().into(),
            end: self.span().end,
        })
    }

    /// Whose rows it is one value for each of: the name behind `per`.
    #[must_use]
    pub fn per(&self) -> Option<Name> {
        child_after(&self.0, "per", cast_name)
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> TypeKind {
        self.taken_apart().unwrap_or(TypeKind::Missing)
    }

    fn taken_apart(&self) -> Option<TypeKind> {
        let node = &self.0;
        let opening = tokens_of(node).find(|token| matches!(token.kind(), K::LBracket | K::LParen));
        Some(match opening.map(|token| token.kind()) {
            Some(K::LBracket) => TypeKind::List {
                element: child(node, Type::cast)?,
                length: expressions_of(node).next()?,
                max: has_word(node, "max"),
            },
            Some(_) => {
                let mut parts: Vec<Type> = node.children().filter_map(Type::cast).collect();
                match parts.len() {
                    0 => return None,
                    // Parentheses around one type, as behind `as`.
                    1 => parts.remove(0).kind(),
                    _ => TypeKind::Tuple(parts),
                }
            }
            None => TypeKind::Named(name_of(node)?, args_of(node)),
        })
    }
}

fn args_of(node: &SyntaxNode) -> Vec<TypeArg> {
    let args = node.children().filter(|child| child.kind() == K::TypeArg);
    args.filter_map(|arg| match child(&arg, Type::cast) {
        Some(ty) => Some(TypeArg::Type(ty)),
        None => {
            let number = tokens_of(&arg).next()?;
            Some(TypeArg::Int(
                number.text().to_owned(),
                arg.text_range().into(),
            ))
        }
    })
    .collect()
}
