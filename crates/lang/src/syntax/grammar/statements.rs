//! Blocks and statements.

use super::K;
use super::expressions::expression;
use super::types::annotated_type;
use crate::syntax::parser::Parser;

pub(super) fn block(p: &mut Parser<'_>) {
    p.nested(|p| {
        p.open(K::Block);
        if p.expect(K::LBrace) {
            while !p.at(K::RBrace) && !p.at_end() {
                statement(p);
            }
            p.expect(K::RBrace);
        }
        p.close();
    });
}

const STARTS: &[&str] = &[
    "let", "if", "for", "while", "reveal", "require", "return", "break",
];

fn statement(p: &mut Parser<'_>) {
    match p.text() {
        "let" => let_statement(p),
        "if" => if_statement(p),
        "for" => for_statement(p),
        "while" => while_statement(p),
        "reveal" => reveal(p),
        "require" => {
            p.open(K::Require);
            p.bump();
            expression(p);
            if p.eat(K::Comma) {
                p.expect(K::Str);
            }
            end(p);
        }
        "return" => {
            p.open(K::Return);
            p.bump();
            if !p.at(K::Semicolon) {
                expression(p);
            }
            end(p);
        }
        "break" => {
            p.open(K::Break);
            p.bump();
            end(p);
        }
        _ => place_or_expression(p),
    }
}

/// The `;` of a statement, and the node's end. What fits nowhere before it is one error node.
fn end(p: &mut Parser<'_>) {
    if p.at_foreign_operator() {
        let help = "`&&` is true where both are, `||` where one is";
        p.slip("there is no such operator", help, |p| {
            p.bump();
            expression(p);
        });
    }
    if !p.expect(K::Semicolon) {
        let next = |p: &Parser<'_>| STARTS.iter().any(|word| p.at_word(word));
        p.skip_until(|p| p.at(K::Semicolon) || p.at(K::RBrace) || next(p));
        p.eat(K::Semicolon);
    }
    p.close();
}

fn let_statement(p: &mut Parser<'_>) {
    p.open(K::Let);
    p.bump();
    p.eat_word("mut");
    pattern(p);
    if p.eat(K::Colon) {
        annotated_type(p);
    }
    p.expect(K::Eq);
    expression(p);
    end(p);
}

fn pattern(p: &mut Parser<'_>) {
    p.open(K::Pattern);
    if p.eat(K::LParen) {
        p.expect_name("a name");
        while p.eat(K::Comma) {
            p.expect_name("a name");
        }
        p.expect(K::RParen);
    } else {
        p.expect_name("a name");
    }
    p.close();
}

fn if_statement(p: &mut Parser<'_>) {
    p.nested(|p| {
        p.open(K::If);
        p.bump();
        expression(p);
        block(p);
        if p.eat_word("else") {
            if p.at_word("if") {
                if_statement(p);
            } else {
                block(p);
            }
        }
        p.close();
    });
}

fn for_statement(p: &mut Parser<'_>) {
    p.open(K::For);
    p.bump();
    pattern(p);
    p.expect_word("in");
    expression(p);
    if p.eat(K::DotDot) {
        if p.at(K::Eq) {
            let help = "the last number is not counted: `1..11` is 1 to 10";
            p.slip("`..=` belongs to a `range`", help, Parser::bump);
        }
        expression(p);
    }
    block(p);
    p.close();
}

fn while_statement(p: &mut Parser<'_>) {
    p.open(K::While);
    p.bump();
    expression(p);
    p.expect_word("max");
    expression(p);
    block(p);
    p.close();
}

fn reveal(p: &mut Parser<'_>) {
    p.open(K::Reveal);
    p.bump();
    if p.at(K::Word) && p.nth(1) != K::Eq {
        let help = "write `reveal NAME = ...`";
        p.slip("this result has no name", help, |_| {});
    } else {
        p.expect_name("the name of the result");
        p.expect(K::Eq);
    }
    expression(p);
    p.expect_word("to");
    recipients(p);
    while p.at_word("with") {
        p.open(K::Guard);
        p.bump();
        match p.text() {
            "min_group" | "noise" => {
                p.bump();
                super::expressions::arguments(p);
            }
            _ => p.error_missing("`min_group(...)` or `noise(...)`"),
        }
        p.close();
    }
    end(p);
}

/// `recipient { "," recipient }`.
pub(super) fn recipients(p: &mut Parser<'_>) {
    p.open(K::RecipientList);
    loop {
        p.open(K::Recipient);
        if p.eat_word("each") {
            p.expect_name("a group");
        } else if p.eat_word("owner") {
            if p.eat(K::LParen) {
                p.expect_name("a collection");
                p.expect(K::RParen);
            }
        } else if !(p.eat_word("public") || p.eat_word("caller")) {
            p.expect_name("a recipient: `public`, `caller`, `owner`, `each GROUP` or a party");
        }
        p.close();
        if !p.eat(K::Comma) {
            break;
        }
    }
    p.close();
}

/// Whatever does not begin like a statement is read as an expression, whose errors then tell what
/// was expected; [`end`] takes the rest.
fn place_or_expression(p: &mut Parser<'_>) {
    let start = p.checkpoint();
    expression(p);
    if matches!(p.current(), K::Eq | K::PlusEq | K::MinusEq | K::StarEq) {
        p.open_at(start, K::Assign);
        p.bump();
        expression(p);
    } else {
        p.open_at(start, K::ExprStmt);
    }
    end(p);
}
