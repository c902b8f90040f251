//! Statements.

use super::{Arg, Expr, ExprKind, Name, Recipient, Type, args_of, child, expressions_of};
use super::{has_word, name_of, names_of, recipients_of, tokens_of};
use crate::span::Span;
use crate::syntax::kind::{SyntaxKind as K, SyntaxNode, SyntaxToken};

nodes! {
    /// `{ ... }`.
    Block,
    /// `let NAME = expr;`.
    Let,
    /// `place = expr;` and the like.
    Assign,
    /// `if expr { ... } else { ... }`.
    If,
    /// `for NAME in expr { ... }`.
    For,
    /// `while expr max expr { ... }`.
    While,
    /// `reveal NAME = expr to recipients;`.
    Reveal,
    /// `with min_group(...)` or `with noise(...)`.
    Guard,
    /// `require expr, "why";`.
    Require,
    /// `return expr;`.
    Return,
    /// `break;`.
    Break,
    /// `expr;`.
    ExprStmt,
}

/// A statement.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "named after their nodes")]
pub enum Stmt {
    Let(Let),
    Assign(Assign),
    If(If),
    For(For),
    While(While),
    Reveal(Reveal),
    Require(Require),
    Return(Return),
    Break(Break),
    Expr(ExprStmt),
}

impl Stmt {
    /// The node as a statement, if it is one.
    #[must_use]
    pub fn cast(node: SyntaxNode) -> Option<Stmt> {
        Some(match node.kind() {
            K::Let => Stmt::Let(Let(node)),
            K::Assign => Stmt::Assign(Assign(node)),
            K::If => Stmt::If(If(node)),
            K::For => Stmt::For(For(node)),
            K::While => Stmt::While(While(node)),
            K::Reveal => Stmt::Reveal(Reveal(node)),
            K::Require => Stmt::Require(Require(node)),
            K::Return => Stmt::Return(Return(node)),
            K::Break => Stmt::Break(Break(node)),
            K::ExprStmt => Stmt::Expr(ExprStmt(node)),
            _ => return None,
        })
    }

    /// The tree below.
    #[must_use]
    pub fn syntax(&self) -> &SyntaxNode {
        match self {
            Stmt::Let(Let(node))
            | Stmt::Assign(Assign(node))
            | Stmt::If(If(node))
            | Stmt::For(For(node))
            | Stmt::While(While(node))
            | Stmt::Reveal(Reveal(node))
            | Stmt::Require(Require(node))
            | Stmt::Return(Return(node))
            | Stmt::Break(Break(node))
            | Stmt::Expr(ExprStmt(node)) => node,
        }
    }

    /// Where it stands.
    #[must_use]
    pub fn span(&self) -> Span {
        self.syntax().text_range().into()
    }

    /// Its first word: what a message about the whole statement marks.
    #[must_use]
    pub fn word_span(&self) -> Span {
        let first = self.syntax().first_token();
        first.map_or(self.span(), |token| token.text_range().into())
    }
}

impl Block {
    /// Its statements.
    pub fn statements(&self) -> impl Iterator<Item = Stmt> {
        self.0.children().filter_map(Stmt::cast)
    }
}

fn pattern_names(node: &SyntaxNode) -> Vec<Name> {
    let patterns = node.children().filter(|child| child.kind() == K::Pattern);
    patterns
        .flat_map(|pattern| names_of(&pattern).collect::<Vec<_>>())
        .collect()
}

impl Let {
    /// The names it binds: one, or several for a tuple.
    #[must_use]
    pub fn names(&self) -> Vec<Name> {
        pattern_names(&self.0)
    }

    /// Where the names stand.
    #[must_use]
    pub fn pattern_span(&self) -> Span {
        let pattern = self.0.children().find(|child| child.kind() == K::Pattern);
        pattern.map_or(self.span(), |pattern| pattern.text_range().into())
    }

    /// Whether the pattern is a tuple's, also one of a single name.
    #[must_use]
    pub fn is_tuple(&self) -> bool {
        let pattern = self.0.children().find(|child| child.kind() == K::Pattern);
        pattern.is_some_and(|pattern| tokens_of(&pattern).any(|token| token.kind() == K::LParen))
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

impl Assign {
    /// What is assigned.
    #[must_use]
    pub fn place(&self) -> Option<Expr> {
        expressions_of(&self.0).next()
    }

    /// `=`, `+=`, `-=` or `*=`.
    #[must_use]
    pub fn operator(&self) -> Option<SyntaxToken> {
        tokens_of(&self.0)
            .find(|token| matches!(token.kind(), K::Eq | K::PlusEq | K::MinusEq | K::StarEq))
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        expressions_of(&self.0).nth(1)
    }
}

/// What stands behind `else`.
#[derive(Clone, Debug)]
pub enum Otherwise {
    /// `else if`.
    If(If),
    /// `else { ... }`.
    Block(Block),
}

impl If {
    /// The condition.
    #[must_use]
    pub fn condition(&self) -> Option<Expr> {
        expressions_of(&self.0).next()
    }

    /// What is done when it holds.
    #[must_use]
    pub fn then(&self) -> Option<Block> {
        child(&self.0, Block::cast)
    }

    /// What is done when it does not.
    #[must_use]
    pub fn otherwise(&self) -> Option<Otherwise> {
        let nested = child(&self.0, If::cast).map(Otherwise::If);
        nested.or_else(|| {
            let mut blocks = self.0.children().filter_map(Block::cast);
            blocks.nth(1).map(Otherwise::Block)
        })
    }
}

/// What a `for` goes over.
#[derive(Clone, Debug)]
pub enum ForOver {
    /// `from..to`.
    Range(Expr, Expr),
    /// The elements of a vector, or the members of a group.
    Each(Expr),
}

impl For {
    /// The names it binds: one, or several for a tuple.
    #[must_use]
    pub fn names(&self) -> Vec<Name> {
        pattern_names(&self.0)
    }

    /// What it goes over.
    #[must_use]
    pub fn over(&self) -> Option<ForOver> {
        let mut expressions = expressions_of(&self.0);
        let first = expressions.next()?;
        if tokens_of(&self.0).any(|token| token.kind() == K::DotDot) {
            return Some(ForOver::Range(first, expressions.next()?));
        }
        Some(ForOver::Each(first))
    }

    /// What is done each time.
    #[must_use]
    pub fn body(&self) -> Option<Block> {
        child(&self.0, Block::cast)
    }
}

impl While {
    /// The condition.
    #[must_use]
    pub fn condition(&self) -> Option<Expr> {
        expressions_of(&self.0).next()
    }

    /// How often at most.
    #[must_use]
    pub fn max(&self) -> Option<Expr> {
        expressions_of(&self.0).nth(1)
    }

    /// What is done each time.
    #[must_use]
    pub fn body(&self) -> Option<Block> {
        child(&self.0, Block::cast)
    }
}

impl Reveal {
    /// Its name in the results.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        name_of(&self.0)
    }

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

impl Require {
    /// What must hold.
    #[must_use]
    pub fn condition(&self) -> Option<Expr> {
        expressions_of(&self.0).next()
    }

    /// The text for whoever is refused, without the quotes.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        let text = tokens_of(&self.0).find(|token| token.kind() == K::Str)?;
        Some(super::expr::unquoted(text.text()))
    }
}

impl Return {
    /// What is returned.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        expressions_of(&self.0).next()
    }
}

impl ExprStmt {
    /// The expression.
    #[must_use]
    pub fn expr(&self) -> Option<Expr> {
        expressions_of(&self.0)
            .next()
            .filter(|expr| !matches!(expr.kind(), ExprKind::Missing))
    }
}
