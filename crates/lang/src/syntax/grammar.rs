//! The grammar of section 3.2 of the language's specification, as recursive descent. Each function
//! takes one production and leaves the cursor behind it.

mod expressions;
mod items;
mod statements;
mod types;

pub(super) use items::file;

use super::kind::SyntaxKind as K;
use super::parser::Parser;

pub(crate) fn is_reserved(word: &str) -> bool {
    RESERVED.contains(&word)
}

/// Words that begin a statement or have a fixed meaning in expressions and cannot be names. All
/// other words of the grammar mean something only in their place.
pub const RESERVED: &[&str] = &[
    "as", "break", "caller", "const", "contract", "else", "entry", "enum", "false", "fn", "for",
    "if", "in", "let", "mut", "private", "public", "require", "return", "reveal", "state",
    "struct", "true", "use", "while",
];

/// `one { "," one } [ "," ]` up to `close`, which is not taken.
fn comma_list(p: &mut Parser<'_>, close: K, mut one: impl FnMut(&mut Parser<'_>)) {
    while !p.at(close) && !p.at_end() {
        one(p);
        if !p.eat(K::Comma) {
            break;
        }
    }
}

/// `|a, b| expr`; the caller is at the first `|`. Returns the height of the body.
fn lambda(p: &mut Parser<'_>) -> usize {
    p.open(K::Lambda);
    p.expect(K::Or);
    loop {
        p.expect_name("a name");
        if !p.eat(K::Comma) {
            break;
        }
    }
    p.expect(K::Or);
    let height = expressions::expression(p);
    p.close();
    height + 1
}
