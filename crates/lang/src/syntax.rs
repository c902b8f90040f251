//! Text to tree: lexer, lossless tree and parser. Nothing here knows what a name means.

pub mod ast;
mod grammar;
mod kind;
mod lexer;
mod parser;

pub use grammar::RESERVED;
pub use kind::{Enigma, SyntaxKind, SyntaxNode, SyntaxToken};
pub use lexer::{Token, tokenize};
pub use parser::{MAX_EXPRESSION_HEIGHT, MAX_NAME_LEN, MAX_NESTING, Parse, parse};
