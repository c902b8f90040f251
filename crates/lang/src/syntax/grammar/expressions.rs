//! Expressions, by precedence climbing. Each function returns the height of the tree it built, so
//! that the parser can refuse trees that are too high for the passes that follow.

use super::types::cast_type;
use super::{K, comma_list, lambda};
use crate::syntax::parser::Parser;

/// A whole expression.
pub(super) fn expression(p: &mut Parser<'_>) -> usize {
    p.nested(|p| {
        let start = p.checkpoint();
        let mut height = binary(p, 0);
        if p.at(K::Question) {
            p.open_at(start, K::Ternary);
            p.bump();
            height = height.max(expression(p));
            p.expect(K::Colon);
            height = height.max(expression(p)) + 1;
            p.close();
        }
        p.bound_height(height);
        height
    })
}

/// `( arg { "," arg } )`.
pub(super) fn arguments(p: &mut Parser<'_>) -> usize {
    p.open(K::ArgList);
    let mut height = 0;
    if p.expect(K::LParen) {
        comma_list(p, K::RParen, |p| {
            p.open(K::Arg);
            if p.at(K::Word) && p.nth(1) == K::Colon {
                p.expect_name("a name");
                p.bump();
            }
            let arg = if p.at(K::Or) {
                lambda(p)
            } else {
                expression(p)
            };
            height = height.max(arg);
            p.close();
        });
        p.expect(K::RParen);
    }
    p.close();
    height
}

/// The binding power of the operator at the cursor, and how many tokens it has.
fn operator(p: &Parser<'_>) -> Option<(u8, usize)> {
    let power = match p.current() {
        K::Greater if p.at_joined(K::Greater, K::Greater) => return Some((7, 2)),
        K::OrOr => 1,
        K::AndAnd => 2,
        K::EqEq | K::NotEq | K::Less | K::LessEq | K::Greater | K::GreaterEq => 3,
        K::Or => 4,
        K::Caret => 5,
        K::And => 6,
        K::Shl => 7,
        K::Plus | K::Minus => 8,
        K::Star | K::Slash | K::Percent => 9,
        _ => return None,
    };
    Some((power, 1))
}

const COMPARISON: u8 = 3;

/// Operators that bind tighter than `floor`.
fn binary(p: &mut Parser<'_>, floor: u8) -> usize {
    let start = p.checkpoint();
    let mut height = cast(p);
    let mut compared = false;
    while let Some((power, tokens)) = operator(p) {
        if power <= floor {
            break;
        }
        if power == COMPARISON && std::mem::replace(&mut compared, true) {
            p.error_here("comparisons do not chain: write `a < b && b < c`");
        }
        p.open_at(start, K::Binary);
        for _ in 0..tokens {
            p.bump();
        }
        height = height.max(binary(p, power)) + 1;
        p.close();
        p.bound_height(height);
    }
    height
}

fn cast(p: &mut Parser<'_>) -> usize {
    let start = p.checkpoint();
    let mut height = unary(p);
    while p.at_word("as") {
        p.open_at(start, K::Cast);
        p.bump();
        cast_type(p);
        p.close();
        height += 1;
        p.bound_height(height);
    }
    height
}

fn unary(p: &mut Parser<'_>) -> usize {
    if !matches!(p.current(), K::Not | K::Minus) {
        return postfix(p);
    }
    p.nested(|p| {
        p.open(K::Unary);
        p.bump();
        let height = unary(p) + 1;
        p.close();
        height
    })
}

fn postfix(p: &mut Parser<'_>) -> usize {
    let start = p.checkpoint();
    let mut height = atom(p);
    loop {
        match p.current() {
            K::Dot => {
                let call = p.nth(2) == K::LParen;
                p.open_at(start, if call { K::MethodCall } else { K::FieldAccess });
                p.bump();
                p.expect_name("a method or a field");
                if p.at(K::LParen) {
                    height = height.max(arguments(p));
                }
                p.close();
            }
            K::LBracket => {
                p.open_at(start, K::Index);
                p.bump();
                height = height.max(expression(p));
                p.expect(K::RBracket);
                p.close();
            }
            _ => return height,
        }
        height += 1;
        p.bound_height(height);
    }
}

fn atom(p: &mut Parser<'_>) -> usize {
    match p.current() {
        K::Int | K::Dec | K::Str | K::OpenStr | K::BadNumber => {
            p.open(K::Literal);
            p.bump();
            p.close();
            1
        }
        K::Word if p.at_word("true") || p.at_word("false") => {
            p.open(K::Literal);
            p.bump();
            p.close();
            1
        }
        K::Word if p.at_word("caller") => {
            p.open(K::NameRef);
            p.bump();
            p.close();
            1
        }
        K::Word if !super::is_reserved(p.text()) => name(p),
        K::LParen => parenthesised(p),
        K::LBracket => list(p),
        K::Word if p.at_word("if") => {
            let help = "write `c ? a : b`";
            p.slip("`if` has no value", help, skip_if);
            0
        }
        _ => {
            p.error_missing("an expression");
            0
        }
    }
}

/// `if c { a } else { b }`, whatever is in the braces.
fn skip_if(p: &mut Parser<'_>) {
    while p.eat_word("if") {
        expression(p);
        p.skip_braces();
        if p.eat_word("else") {
            p.skip_braces();
        }
    }
}

fn name(p: &mut Parser<'_>) -> usize {
    match p.nth(1) {
        K::LParen => {
            p.open(K::Call);
            p.expect_name("a name");
            let height = arguments(p) + 1;
            p.close();
            height
        }
        K::ColonColon => {
            p.open(K::PathExpr);
            p.expect_name("a name");
            p.bump();
            p.expect_name("a name");
            // `auction::second_price(...)`: a function of a library module.
            let height = if p.at(K::LParen) { arguments(p) } else { 0 };
            p.close();
            height + 1
        }
        _ => {
            p.open(K::NameRef);
            p.expect_name("a name");
            p.close();
            1
        }
    }
}

fn parenthesised(p: &mut Parser<'_>) -> usize {
    let start = p.checkpoint();
    p.bump();
    let mut height = expression(p);
    let mut kind = K::Paren;
    while p.eat(K::Comma) {
        kind = K::Tuple;
        height = height.max(expression(p));
    }
    p.expect(K::RParen);
    p.open_at(start, kind);
    p.close();
    height + 1
}

fn list(p: &mut Parser<'_>) -> usize {
    let start = p.checkpoint();
    p.bump();
    let mut height = 0;
    let mut kind = K::List;
    if !p.at(K::RBracket) {
        height = expression(p);
        if p.eat(K::Semicolon) {
            kind = K::Repeat;
            height = height.max(expression(p));
        } else {
            while p.eat(K::Comma) && !p.at(K::RBracket) {
                height = height.max(expression(p));
            }
        }
    }
    p.expect(K::RBracket);
    p.open_at(start, kind);
    p.close();
    height + 1
}
