//! Types and generic parameters.

use super::K;
use super::expressions::expression;
use crate::syntax::parser::Parser;

/// `[ "private" | "public" | NAME ] base [ "per" NAME ]`; the name is that of a label.
pub(super) fn annotated_type(p: &mut Parser<'_>) {
    p.nested(|p| {
        p.open(K::Type);
        if !p.eat_word("private") && !p.eat_word("public") && at_label(p) {
            p.open(K::TypeLabel);
            p.expect_name("a label");
            p.close();
        }
        base(p);
        if p.eat_word("per") {
            p.expect_name("a group");
        }
        p.close();
    });
}

/// Words that may stand behind a type.
const BEHIND: [&str; 8] = [
    "per",
    "from",
    "range",
    "allow",
    "access",
    "accumulator",
    "max_rows",
    "check",
];

/// Whether a type stands behind this word, which then is a label.
fn at_label(p: &Parser<'_>) -> bool {
    let behind = || BEHIND.iter().any(|word| p.next_is_word(word));
    p.at(K::Word) && matches!(p.nth(1), K::Word | K::LBracket | K::LParen) && !behind()
}

fn base(p: &mut Parser<'_>) {
    match p.current() {
        K::LBracket => {
            p.bump();
            annotated_type(p);
            p.expect(K::Semicolon);
            if p.at_word("max") && matches!(p.nth(1), K::Word | K::Int) {
                p.bump();
            }
            expression(p);
            p.expect(K::RBracket);
        }
        K::LParen => {
            p.bump();
            annotated_type(p);
            while p.eat(K::Comma) {
                annotated_type(p);
            }
            p.expect(K::RParen);
        }
        _ => {
            if p.expect_name("a type") && p.eat(K::Less) {
                loop {
                    p.open(K::TypeArg);
                    if !p.eat(K::Int) {
                        annotated_type(p);
                    }
                    p.close();
                    if !p.eat(K::Comma) {
                        break;
                    }
                }
                p.expect(K::Greater);
            }
        }
    }
}

/// What may stand after `as`: a type without `<`, so that `x as u8 < y` is a comparison.
pub(super) fn cast_type(p: &mut Parser<'_>) {
    p.open(K::Type);
    if p.eat(K::LParen) {
        annotated_type(p);
        p.expect(K::RParen);
    } else {
        p.expect_name("a type");
    }
    p.close();
}

/// `[ "<" generic { "," generic } ">" ]`.
pub(super) fn generics(p: &mut Parser<'_>) {
    if !p.at(K::Less) {
        return;
    }
    p.open(K::Generics);
    p.bump();
    loop {
        if p.eat_word("const") || p.at_word("label") && p.nth(1) == K::Word && p.eat_word("label") {
            p.expect_name("a name");
        } else {
            p.expect_name("a name");
            if p.eat(K::Colon) {
                p.expect_name("a name");
            }
        }
        if !p.eat(K::Comma) {
            break;
        }
    }
    p.expect(K::Greater);
    p.close();
}
