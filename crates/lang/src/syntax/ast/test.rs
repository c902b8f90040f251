//! `test` blocks and their statements.

use super::{Arg, Expr, Name, args_of, child_after, expressions_of, name_of, tokens_of};
use crate::span::Span;
use crate::syntax::kind::{SyntaxKind as K, SyntaxNode};

nodes! {
    /// `test "..." { ... }`.
    Test,
    /// `given NAME = expr;`.
    Given,
    /// `set place = expr count expr;`.
    Set,
    /// `run NAME(...) as expr;`.
    Run,
    /// `expect expr;`.
    Expect,
    /// `expect fail run NAME(...) as expr;`.
    ExpectFail,
}

named!(Given, Run, ExpectFail);

/// A statement of a test.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "named after their nodes")]
pub enum TestStmt {
    Given(Given),
    Set(Set),
    Run(Run),
    Expect(Expect),
    ExpectFail(ExpectFail),
}

impl TestStmt {
    /// The node as a statement of a test, if it is one.
    #[must_use]
    pub fn cast(node: SyntaxNode) -> Option<TestStmt> {
        Some(match node.kind() {
            K::Given => TestStmt::Given(Given(node)),
            K::Set => TestStmt::Set(Set(node)),
            K::Run => TestStmt::Run(Run(node)),
            K::Expect => TestStmt::Expect(Expect(node)),
            K::ExpectFail => TestStmt::ExpectFail(ExpectFail(node)),
            _ => return None,
        })
    }
}

impl Test {
    /// Its title, without the quotes, and where it stands, with them.
    #[must_use]
    pub fn title(&self) -> Option<Name> {
        let title = tokens_of(&self.0).find(|token| token.kind() == K::Str)?;
        Some(Name {
            text: title.text().trim_matches('"').to_owned(),
            span: title.text_range().into(),
        })
    }

    /// Its statements.
    pub fn statements(&self) -> impl Iterator<Item = TestStmt> {
        self.0.children().filter_map(TestStmt::cast)
    }
}

impl Given {
    /// The values.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        expressions_of(&self.0).next()
    }
}

impl Set {
    /// What is set.
    #[must_use]
    pub fn place(&self) -> Option<Expr> {
        expressions_of(&self.0).next()
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        expressions_of(&self.0).nth(1)
    }

    /// How many contributions it stands for.
    #[must_use]
    pub fn count(&self) -> Option<Expr> {
        child_after(&self.0, "count", Expr::cast)
    }
}

impl Expect {
    /// The condition.
    #[must_use]
    pub fn value(&self) -> Option<Expr> {
        expressions_of(&self.0).next()
    }
}

macro_rules! calls {
    ($($node:ident),*) => {$(
        impl $node {
            /// The arguments of the entry.
            #[must_use]
            pub fn args(&self) -> Vec<Arg> {
                args_of(&self.0)
            }

            /// The call, without who calls.
            #[must_use]
            pub fn call_span(&self) -> Span {
                let list = self.0.children().find(|child| child.kind() == K::ArgList);
                list.map_or(self.span(), |list| Span {
                    start: self.span().start,
                    end: Span::from(list.text_range()).end,
                })
            }

            /// Who calls, `as WHO`.
            #[must_use]
            pub fn caller(&self) -> Option<Expr> {
                expressions_of(&self.0).next()
            }
        }
    )*};
}
calls!(Run, ExpectFail);
