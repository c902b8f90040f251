//! Splits text into tokens that cover every byte of it.

use logos::Logos;

use super::kind::SyntaxKind;
use crate::span::Span;

/// A token and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: SyntaxKind,
    /// Its bytes in the source.
    pub span: Span,
}

/// The tokens of a source, in order, without gaps. Runs of characters that begin no token become
/// one [`SyntaxKind::Unknown`].
#[must_use]
pub fn tokenize(source: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    for (result, range) in SyntaxKind::lexer(source).spanned() {
        let kind = result.unwrap_or(SyntaxKind::Unknown);
        let span = Span::new(range.start, range.end);
        match tokens.last_mut() {
            Some(last) if kind == SyntaxKind::Unknown && last.kind == SyntaxKind::Unknown => {
                last.span.end = span.end;
            }
            _ => tokens.push(Token { kind, span }),
        }
    }
    tokens
}
