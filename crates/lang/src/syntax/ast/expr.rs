//! Expressions, and arguments of calls.

use super::{Name, Type, child, expressions_of, name_of, tokens_of};
use crate::span::Span;
use crate::syntax::kind::{SyntaxKind as K, SyntaxNode};

/// One argument of a call.
#[derive(Clone, Debug)]
pub struct Arg {
    /// The name before `:`.
    pub name: Option<Name>,
    /// The value; a lambda is none.
    pub value: Option<Expr>,
    /// Where.
    pub span: Span,
}

pub(super) fn args_of(node: &SyntaxNode) -> Vec<Arg> {
    let lists = node.children().filter(|child| child.kind() == K::ArgList);
    let args = lists.flat_map(|list| list.children().filter(|arg| arg.kind() == K::Arg));
    args.map(|arg| Arg {
        name: name_of(&arg),
        value: expressions_of(&arg).next(),
        span: arg.text_range().into(),
    })
    .collect()
}

/// An expression of any kind.
#[derive(Clone, Debug)]
pub struct Expr(SyntaxNode);

/// An expression taken apart, as far as later passes look into it.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A whole number, as written.
    Int(String),
    /// `true` or `false`.
    Bool(bool),
    /// A name.
    Name(Name),
    /// `a op b`; the operator as written.
    Binary(Expr, String, Expr),
    /// `-a` or `!a`.
    Unary(String, Expr),
    /// `a as TYPE`.
    Cast(Expr, Type),
    /// `a.name(args)`.
    Method(Expr, Name, Vec<Arg>),
    /// `[a, b]`.
    List(Vec<Expr>),
    /// `a[i]`.
    Index(Expr, Expr),
    /// A construct that no later pass knows yet, with its name for messages.
    Other(&'static str),
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
                    K::Dec => ExprKind::Other("a number with a point"),
                    K::Str => ExprKind::Other("a text value"),
                    _ => ExprKind::Missing,
                }
            }
            K::NameRef => match name_of(node) {
                Some(name) => ExprKind::Name(name),
                None => ExprKind::Other("`caller`"),
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
            K::Call => ExprKind::Other("a function call"),
            K::Ternary => ExprKind::Other("`? :`"),
            K::FieldAccess => ExprKind::Other("a field or a stored value"),
            K::Index => ExprKind::Index(operands.next()?, operands.next()?),
            K::PathExpr => ExprKind::Other("a path"),
            K::Tuple => ExprKind::Other("a tuple"),
            K::Repeat => ExprKind::Other("a repeated list"),
            _ => return None,
        })
    }
}
