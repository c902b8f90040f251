//! Expressions, and arguments of calls.

use super::{Name, Type, child, expressions_of, name_of, names_of, tokens_of};
use crate::span::Span;
use crate::syntax::kind::{SyntaxKind as K, SyntaxNode};

/// One argument of a call.
#[derive(Clone, Debug)]
pub struct Arg {
    /// The name before `:`.
    pub name: Option<Name>,
    /// The value; a lambda is none.
    pub value: Option<Expr>,
    /// The lambda, if it is one.
    pub lambda: Option<Lambda>,
    /// Where.
    pub span: Span,
}

pub(super) fn args_of(node: &SyntaxNode) -> Vec<Arg> {
    let lists = node.children().filter(|child| child.kind() == K::ArgList);
    let args = lists.flat_map(|list| list.children().filter(|arg| arg.kind() == K::Arg));
    args.map(|arg| Arg {
        name: name_of(&arg),
        value: expressions_of(&arg).next(),
        lambda: child(&arg, Lambda::cast),
        span: arg.text_range().into(),
    })
    .collect()
}

/// The text between the quotes.
pub(super) fn unquoted(text: &str) -> String {
    text.trim_matches('"').to_owned()
}

/// `|a, b| expr`.
#[derive(Clone, Debug)]
pub struct Lambda(SyntaxNode);

impl Lambda {
    /// The node as a lambda, if it is one.
    #[must_use]
    pub fn cast(node: SyntaxNode) -> Option<Lambda> {
        (node.kind() == K::Lambda).then_some(Lambda(node))
    }

    /// Where it stands.
    #[must_use]
    pub fn span(&self) -> Span {
        self.0.text_range().into()
    }

    /// Its parameters.
    #[must_use]
    pub fn params(&self) -> Vec<Name> {
        names_of(&self.0).collect()
    }

    /// What it computes.
    #[must_use]
    pub fn body(&self) -> Option<Expr> {
        expressions_of(&self.0).next()
    }
}

/// An expression of any kind.
#[derive(Clone, Debug)]
pub struct Expr(SyntaxNode);

/// An expression taken apart.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A whole number, as written.
    Int(String),
    /// A number with a point, as written.
    Decimal(String),
    /// A text, without its quotes.
    Text(String),
    /// `true` or `false`.
    Bool(bool),
    /// A name.
    Name(Name),
    /// `caller`.
    Caller,
    /// `A::b`, and `A::b(args)`.
    Path(Name, Name, Option<Vec<Arg>>),
    /// `a op b`; the operator as written.
    Binary(Expr, String, Expr),
    /// `-a` or `!a`.
    Unary(String, Expr),
    /// `a as TYPE`.
    Cast(Expr, Type),
    /// `c ? a : b`.
    Ternary(Expr, Expr, Expr),
    /// `name(args)`.
    Call(Name, Vec<Arg>),
    /// `a.name(args)`.
    Method(Expr, Name, Vec<Arg>),
    /// `a.name`.
    Field(Expr, Name),
    /// `a[i]`.
    Index(Expr, Expr),
    /// `(a, b)`.
    Tuple(Vec<Expr>),
    /// `[a, b]`.
    List(Vec<Expr>),
    /// `[a; n]`.
    Repeat(Expr, Expr),
    /// The parser has reported an error here.
    Missing,
}

impl Expr {
    /// The node as an expression. Parentheses are looked through.
    #[must_use]
    pub fn cast(node: SyntaxNode) -> Option<Expr> {
        let known = matches!(
            node.kind(),
            K::Ternary
                | K::Binary
                | K::Unary
                | K::Cast
                | K::Call
                | K::MethodCall
                | K::FieldAccess
                | K::Index
                | K::NameRef
                | K::PathExpr
                | K::Literal
                | K::Paren
                | K::Tuple
                | K::List
                | K::Repeat
        );
        known.then_some(Expr(node))
    }

    /// Where it stands.
    #[must_use]
    pub fn span(&self) -> Span {
        self.0.text_range().into()
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> ExprKind {
        self.parts().unwrap_or(ExprKind::Missing)
    }

    fn parts(&self) -> Option<ExprKind> {
        let node = &self.0;
        let mut operands = expressions_of(node);
        Some(match node.kind() {
            K::Paren => return operands.next()?.parts(),
            K::Literal => {
                let token = tokens_of(node).next()?;
                match token.kind() {
                    K::Int => ExprKind::Int(token.text().to_owned()),
                    K::Word => ExprKind::Bool(token.text() == "true"),
                    K::Dec => ExprKind::Decimal(token.text().to_owned()),
                    K::Str => ExprKind::Text(unquoted(token.text())),
                    _ => ExprKind::Missing,
                }
            }
            K::NameRef => match name_of(node) {
                Some(name) => ExprKind::Name(name),
                None if tokens_of(node).any(|token| token.text() == "caller") => ExprKind::Caller,
                None => ExprKind::Missing,
            },
            K::Binary => {
                let operator: String = tokens_of(node).map(|t| t.text().to_owned()).collect();
                ExprKind::Binary(operands.next()?, operator, operands.next()?)
            }
            K::Unary => {
                ExprKind::Unary(tokens_of(node).next()?.text().to_owned(), operands.next()?)
            }
            K::Cast => ExprKind::Cast(operands.next()?, child(node, Type::cast)?),
            K::MethodCall => ExprKind::Method(operands.next()?, name_of(node)?, args_of(node)),
            K::List => ExprKind::List(operands.collect()),
            K::Call => ExprKind::Call(name_of(node)?, args_of(node)),
            K::Ternary => ExprKind::Ternary(operands.next()?, operands.next()?, operands.next()?),
            K::FieldAccess => ExprKind::Field(operands.next()?, name_of(node)?),
            K::Index => ExprKind::Index(operands.next()?, operands.next()?),
            K::PathExpr => {
                let mut names = names_of(node);
                let called = node.children().any(|child| child.kind() == K::ArgList);
                let args = called.then(|| args_of(node));
                ExprKind::Path(names.next()?, names.next()?, args)
            }
            K::Tuple => ExprKind::Tuple(operands.collect()),
            K::Repeat => ExprKind::Repeat(operands.next()?, operands.next()?),
            _ => return None,
        })
    }
}
