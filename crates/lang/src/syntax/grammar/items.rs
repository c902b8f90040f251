//! Declarations: contracts and what stands in them.

use super::expressions::expression;
use super::statements::{block, recipients};
use super::types::{annotated_type, generics};
use super::{K, comma_list, lambda};
use crate::syntax::parser::Parser;

pub(in crate::syntax) fn file(p: &mut Parser<'_>) {
    while !p.at_end() {
        match p.text() {
            "use" => use_item(p),
            "contract" => contract(p),
            "struct" => struct_item(p),
            "enum" => enum_item(p),
            "const" => const_item(p),
            "fn" => fn_item(p),
            _ => {
                p.error_here("expected `contract`, `use`, `struct`, `enum`, `const` or `fn`");
                p.skip_until(|p| {
                    let item = ["use", "contract", "struct", "enum", "const", "fn"];
                    item.iter().any(|word| p.at_word(word))
                });
            }
        }
    }
}

fn use_item(p: &mut Parser<'_>) {
    p.open(K::Use);
    p.expect_word("use");
    p.expect_name("a name");
    while p.eat(K::ColonColon) {
        p.expect_name("a name");
    }
    if p.eat_word("as") {
        p.expect_name("a name");
    }
    p.expect(K::Semicolon);
    p.close();
}

fn contract(p: &mut Parser<'_>) {
    p.open(K::Contract);
    p.expect_word("contract");
    p.expect_name("the contract's name");
    p.expect_word("version");
    p.expect(K::Int);
    if p.expect(K::LBrace) {
        while !p.at(K::RBrace) && !p.at_end() {
            member(p);
        }
        p.expect(K::RBrace);
    }
    p.close();
}

const MEMBERS: &[&str] = &[
    "party", "group", "collect", "state", "privacy", "struct", "enum", "const", "fn", "entry",
    "test",
];

fn member(p: &mut Parser<'_>) {
    match p.text() {
        "party" => party(p),
        "group" => group(p),
        "collect" => collect(p),
        "state" => state(p),
        "privacy" => privacy(p),
        "struct" => struct_item(p),
        "enum" => enum_item(p),
        "const" => const_item(p),
        "fn" => fn_item(p),
        "entry" => entry(p),
        "test" => test(p),
        _ => {
            p.error_here("expected a declaration, like `group`, `collect` or `entry`");
            p.skip_until(|p| p.at(K::RBrace) || MEMBERS.iter().any(|word| p.at_word(word)));
        }
    }
}

fn party(p: &mut Parser<'_>) {
    p.open(K::Party);
    p.expect_word("party");
    p.expect_name("the party's name");
    p.expect(K::Semicolon);
    p.close();
}

fn group(p: &mut Parser<'_>) {
    p.open(K::Group);
    p.expect_word("group");
    p.expect_name("the group's name");
    p.expect_word("min");
    expression(p);
    p.expect_word("max");
    expression(p);
    if p.eat_word("admit") {
        lambda(p);
    }
    end_of_member(p);
    p.close();
}

fn collect(p: &mut Parser<'_>) {
    p.open(K::Collect);
    p.expect_word("collect");
    p.expect_name("the collection's name");
    p.expect(K::Colon);
    annotated_type(p);
    p.expect_word("from");
    provider(p);
    if p.at_word("max_rows") {
        p.open(K::MaxRows);
        p.bump();
        expression(p);
        p.close();
    }
    if p.at_word("range") {
        range(p);
    }
    if p.at_word("check") {
        p.open(K::Check);
        p.bump();
        lambda(p);
        p.close();
    }
    allows(p);
    end_of_member(p);
    p.close();
}

/// The `;` of a long declaration. Whatever stands before it and fits nowhere is one error.
fn end_of_member(p: &mut Parser<'_>) {
    if !p.expect(K::Semicolon) {
        let next = |p: &Parser<'_>| MEMBERS.iter().any(|word| p.at_word(word));
        p.skip_until(|p| p.at(K::Semicolon) || p.at(K::RBrace) || next(p));
        p.eat(K::Semicolon);
    }
}

fn provider(p: &mut Parser<'_>) {
    p.open(K::Provider);
    if p.eat_word("each") {
        p.expect_name("a group");
    } else if !p.eat_word("caller") {
        p.expect_name("`each GROUP`, a party or `caller`");
    }
    p.close();
}

fn range(p: &mut Parser<'_>) {
    p.open(K::Range);
    p.expect_word("range");
    expression(p);
    if p.expect(K::DotDot) && !p.eat(K::Eq) {
        let help = "both ends belong to a range: write `..=`";
        p.slip("an end of a range is missing `=`", help, |_| {});
    }
    expression(p);
    p.close();
}

fn allows(p: &mut Parser<'_>) {
    while p.at_word("allow") {
        p.open(K::Allow);
        p.bump();
        p.open(K::ShapeClause);
        match p.text() {
            "aggregate" => {
                p.bump();
                p.expect(K::LParen);
                expression(p);
                p.expect(K::RParen);
            }
            "member" | "bit" | "per_owner" | "any" => p.bump(),
            _ => p.error_missing("`aggregate(N)`, `member`, `bit`, `per_owner` or `any`"),
        }
        p.close();
        p.expect_word("to");
        recipients(p);
        p.close();
    }
}

fn state(p: &mut Parser<'_>) {
    p.open(K::State);
    p.expect_word("state");
    if !(p.eat_word("L") || p.eat_word("DHT") || p.eat_word("MPC")) {
        p.error_missing("`L`, `DHT` or `MPC`");
    }
    braced(p, |p| {
        p.open(K::Slot);
        p.expect_name("the slot's name");
        p.expect(K::Colon);
        annotated_type(p);
        if p.at_word("range") {
            let help = "fields of a struct do, as in `struct S { n: u64 range 0..=9; }`";
            p.slip("slots state no `range`", help, range);
        }
        p.eat_word("accumulator");
        if p.eat(K::Eq) {
            expression(p);
        }
        if p.at_word("access") {
            p.open(K::Access);
            p.bump();
            lambda(p);
            p.close();
        }
        allows(p);
        p.expect(K::Semicolon);
        p.close();
    });
    p.close();
}

fn privacy(p: &mut Parser<'_>) {
    p.open(K::Privacy);
    p.expect_word("privacy");
    braced(p, |p| {
        p.open(K::PrivacyItem);
        p.expect_name("a setting, like `epsilon_total`");
        p.expect(K::Colon);
        expression(p);
        p.expect(K::Semicolon);
        p.close();
    });
    p.close();
}

fn struct_item(p: &mut Parser<'_>) {
    p.open(K::Struct);
    p.expect_word("struct");
    p.expect_name("the struct's name");
    generics(p);
    braced(p, |p| {
        p.open(K::Field);
        p.expect_name("the field's name");
        p.expect(K::Colon);
        annotated_type(p);
        if p.at_word("range") {
            range(p);
        }
        p.expect(K::Semicolon);
        p.close();
    });
    p.close();
}

fn enum_item(p: &mut Parser<'_>) {
    p.open(K::Enum);
    p.expect_word("enum");
    p.expect_name("the enum's name");
    if p.expect(K::LBrace) {
        comma_list(p, K::RBrace, |p| {
            p.expect_name("a name");
        });
        p.expect(K::RBrace);
    }
    p.close();
}

fn const_item(p: &mut Parser<'_>) {
    p.open(K::Const);
    p.expect_word("const");
    p.expect_name("the constant's name");
    p.expect(K::Colon);
    annotated_type(p);
    p.expect(K::Eq);
    expression(p);
    p.expect(K::Semicolon);
    p.close();
}

fn fn_item(p: &mut Parser<'_>) {
    p.open(K::Fn);
    p.expect_word("fn");
    p.expect_name("the function's name");
    generics(p);
    params(p);
    if p.eat(K::Arrow) {
        annotated_type(p);
    }
    block(p);
    p.close();
}

fn params(p: &mut Parser<'_>) {
    p.open(K::ParamList);
    if p.expect(K::LParen) {
        comma_list(p, K::RParen, |p| {
            p.open(K::Param);
            p.expect_name("the parameter's name");
            p.expect(K::Colon);
            annotated_type(p);
            if p.eat_word("from") {
                provider(p);
            }
            if p.at_word("range") {
                range(p);
            }
            p.close();
        });
        p.expect(K::RParen);
    }
    p.close();
}

fn entry(p: &mut Parser<'_>) {
    p.open(K::Entry);
    p.expect_word("entry");
    p.expect_name("the entry's name");
    params(p);
    if p.eat_word("by") {
        p.expect_name("a party or a group");
        if p.at(K::Comma) || p.at(K::Or) {
            let help = "leave `by` out, and write `when caller == a || caller == b`";
            p.slip("one party or group calls an entry", help, |p| {
                while p.eat(K::Comma) || p.eat(K::Or) {
                    p.expect_name("a party or a group");
                }
            });
        }
    }
    if p.eat_word("when") {
        expression(p);
    }
    if p.eat_word("pays") {
        expression(p);
        if p.at_word("when") {
            let help = "the order is `by`, `when`, `pays`";
            p.slip("`when` stands before `pays`", help, |p| {
                p.bump();
                expression(p);
            });
        }
    }
    block(p);
    p.close();
}

fn test(p: &mut Parser<'_>) {
    p.open(K::Test);
    p.expect_word("test");
    p.expect(K::Str);
    braced(p, test_statement);
    p.close();
}

fn test_statement(p: &mut Parser<'_>) {
    let start = p.checkpoint();
    match p.text() {
        "given" => {
            p.open(K::Given);
            p.bump();
            p.expect_name("a collection");
            p.expect(K::Eq);
            expression(p);
        }
        "set" => {
            p.open(K::Set);
            p.bump();
            expression(p);
            p.expect(K::Eq);
            expression(p);
            if p.eat_word("count") {
                expression(p);
            }
        }
        "run" => {
            p.open(K::Run);
            run(p);
        }
        "expect" => {
            p.bump();
            if p.at_word("fail") && p.nth(1) == K::Word {
                p.open_at(start, K::ExpectFail);
                p.bump();
                run(p);
            } else {
                p.open_at(start, K::Expect);
                expression(p);
            }
        }
        _ => {
            p.open(K::Error);
            p.error_missing("`given`, `set`, `run` or `expect`");
            p.skip_until(|p| p.at(K::Semicolon) || p.at(K::RBrace));
        }
    }
    p.expect(K::Semicolon);
    p.close();
}

fn run(p: &mut Parser<'_>) {
    p.expect_word("run");
    p.expect_name("an entry");
    super::expressions::arguments(p);
    if p.eat_word("as") {
        expression(p);
    }
}

/// `{ one one ... }`, where each `one` ends in `;` and recovery goes to the next `;`.
fn braced(p: &mut Parser<'_>, one: impl Fn(&mut Parser<'_>)) {
    if !p.expect(K::LBrace) {
        return;
    }
    while !p.at(K::RBrace) && !p.at_end() {
        if p.at(K::Word) {
            one(p);
        } else {
            p.error_missing("a name");
            p.skip_until(|p| p.at(K::Semicolon) || p.at(K::RBrace));
            p.eat(K::Semicolon);
        }
    }
    p.expect(K::RBrace);
}
