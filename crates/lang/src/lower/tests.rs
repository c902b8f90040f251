//! `test` blocks: what they set, run and expect.

use std::collections::BTreeSet;

use crate::code::Code;
use crate::constant;
use crate::diagnostic::Diagnostic;
use crate::hir::{Entry, Test, TestExpr, TestStep};
use crate::resolve::{Scope, Symbol, unsupported};
use crate::span::Span;
use crate::syntax::ast::{self, Arg, ExprKind, Name};
use crate::syntax::{SyntaxKind as K, SyntaxNode};
use crate::types::Kind;

/// Settles the names of all tests.
pub(super) fn lower(
    scope: &Scope,
    entries: &[Entry],
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Test> {
    let reveals = entries.iter().flat_map(|entry| &entry.reveals);
    let results: BTreeSet<&str> = reveals.map(|reveal| reveal.name.as_str()).collect();
    let mut pass = Pass {
        scope,
        results,
        diagnostics,
    };
    scope.tests.iter().map(|test| pass.test(test)).collect()
}

struct Pass<'a> {
    scope: &'a Scope,
    results: BTreeSet<&'a str>,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Pass<'_> {
    fn test(&mut self, test: &ast::Test) -> Test {
        Test {
            title: test.title().unwrap_or_default(),
            span: test.span(),
            steps: test
                .statements()
                .filter_map(|node| self.step(&node))
                .collect(),
        }
    }

    fn step(&mut self, node: &SyntaxNode) -> Option<TestStep> {
        if let Some(given) = ast::Given::cast(node.clone()) {
            return self.given(&given);
        }
        if let Some(run) = ast::Run::cast(node.clone()) {
            let entry = self.entry(run.name(), &run.args(), run.caller())?;
            return Some(TestStep::Run(entry, run.span()));
        }
        if let Some(run) = ast::ExpectFail::cast(node.clone()) {
            let entry = self.entry(run.name(), &run.args(), run.caller())?;
            return Some(TestStep::ExpectFail(entry, run.span()));
        }
        if let Some(expect) = ast::Expect::cast(node.clone()) {
            let value = self.expression(&expect.value()?)?;
            return Some(TestStep::Expect(value, expect.span()));
        }
        if node.kind() == K::Set {
            self.diagnostics
                .push(unsupported(node.text_range().into(), "`set`"));
        }
        None
    }

    fn given(&mut self, given: &ast::Given) -> Option<TestStep> {
        let (name, value) = (given.name()?, given.value()?);
        let collection = match self.scope.symbol(&name.text) {
            Some(Symbol::Collection(index)) => Some(index),
            Some(_) => {
                let message = format!("`{}` is not a collection", name.text);
                self.diagnostics
                    .push(Diagnostic::error(Code::E0205, name.span, message));
                None
            }
            None => {
                self.diagnostics
                    .push(self.scope.unknown(&name, "collection", std::iter::empty()));
                None
            }
        };
        let kind = collection
            .and_then(|index| self.scope.collections.get(index))
            .map(|collection| collection.kind);
        let ExprKind::List(items) = value.kind() else {
            let message = match kind {
                Some(Kind::Bool) => "`given` needs a list of truth values, like `[true, false]`",
                _ => "`given` needs a list of whole numbers, like `[1, 2, 3]`",
            };
            self.diagnostics
                .push(Diagnostic::error(Code::E0701, value.span(), message));
            return None;
        };
        let values = items
            .iter()
            .filter_map(|item| self.given_value(item, kind?));
        let values = values.collect();
        Some(TestStep::Given(collection?, values))
    }

    /// One value of a collection; what is wrong has been reported.
    fn given_value(&mut self, item: &ast::Expr, kind: Kind) -> Option<i64> {
        let wrong = |what: &str| {
            let message = format!("the values of this collection are {what}");
            Diagnostic::error(Code::E0701, item.span(), message)
        };
        match (kind, item.kind()) {
            (Kind::Bool, ExprKind::Bool(value)) => Some(value.into()),
            (Kind::Bool, _) => {
                self.diagnostics.push(wrong("`true` or `false`"));
                None
            }
            (_, ExprKind::Bool(_)) => {
                self.diagnostics.push(wrong("whole numbers"));
                None
            }
            _ => match constant::evaluate(item, &self.scope.constants) {
                Ok(value) => value,
                Err(diagnostic) => {
                    self.diagnostics.push(diagnostic);
                    None
                }
            },
        }
    }

    /// `GROUP[NUMBER]`: the member with this number.
    fn member(&mut self, of: &ast::Expr, number: &ast::Expr, span: Span) -> Option<TestExpr> {
        let ExprKind::Name(name) = of.kind() else {
            return self.unsupported(span, "an index");
        };
        match self.scope.symbol(&name.text) {
            Some(Symbol::Group(_)) => {}
            Some(Symbol::Unsupported) => return None,
            Some(_) => return self.unsupported(span, "an index"),
            None => {
                let diagnostic = self.scope.unknown(&name, "group", std::iter::empty());
                return self.wrong(diagnostic);
            }
        }
        match constant::evaluate(number, &self.scope.constants) {
            Ok(number) => number.map(TestExpr::Member),
            Err(diagnostic) => self.wrong(diagnostic),
        }
    }

    fn entry(
        &mut self,
        name: Option<Name>,
        args: &[Arg],
        caller: Option<ast::Expr>,
    ) -> Option<usize> {
        let name = name?;
        if let Some(caller) = caller {
            self.diagnostics.push(unsupported(caller.span(), "`as`"));
        }
        if let Some(arg) = args.first() {
            let message = format!("`{}` takes no arguments", name.text);
            self.diagnostics
                .push(Diagnostic::error(Code::E0204, arg.span, message));
        }
        let diagnostic = match self.scope.symbol(&name.text) {
            Some(Symbol::Entry(index)) => return Some(index),
            Some(_) => Diagnostic::error(
                Code::E0205,
                name.span,
                format!("`{}` is not an entry", name.text),
            ),
            None => self.scope.unknown(&name, "entry", std::iter::empty()),
        };
        self.diagnostics.push(diagnostic);
        None
    }

    fn expression(&mut self, expr: &ast::Expr) -> Option<TestExpr> {
        let span = expr.span();
        Some(match expr.kind() {
            ExprKind::Int(text) => match constant::number(&text, span) {
                Ok(value) => TestExpr::Int(value),
                Err(diagnostic) => return self.wrong(diagnostic),
            },
            ExprKind::Bool(value) => TestExpr::Bool(value),
            ExprKind::Name(name) => return self.name(&name),
            ExprKind::List(items) => {
                let items: Vec<Option<TestExpr>> =
                    items.iter().map(|i| self.expression(i)).collect();
                TestExpr::List(items.into_iter().collect::<Option<_>>()?)
            }
            ExprKind::Unary(operator, operand) => {
                let operand = Box::new(self.expression(&operand)?);
                if operator == "-" {
                    TestExpr::Negate(operand)
                } else {
                    TestExpr::Not(operand)
                }
            }
            ExprKind::Binary(a, operator, b) => {
                if !OPERATORS.contains(&operator.as_str()) {
                    return self.unsupported(span, &format!("`{operator}`"));
                }
                let (a, b) = (self.expression(&a), self.expression(&b));
                TestExpr::Binary(operator, Box::new(a?), Box::new(b?))
            }
            ExprKind::Index(of, number) => return self.member(&of, &number, span),
            ExprKind::Cast(..) => return self.unsupported(span, "a cast"),
            ExprKind::Method(..) => return self.unsupported(span, "a method call"),
            ExprKind::Other(what) => return self.unsupported(span, what),
            ExprKind::Missing => return None,
        })
    }

    fn name(&mut self, name: &Name) -> Option<TestExpr> {
        if self.results.contains(name.text.as_str()) {
            return Some(TestExpr::Result(name.text.clone()));
        }
        match self.scope.symbol(&name.text) {
            Some(Symbol::Constant(value, _)) => Some(TestExpr::Int(value)),
            Some(Symbol::Unsupported) => None,
            _ => {
                let results = self.results.iter().copied();
                let diagnostic = self.scope.unknown(name, "result", results);
                self.wrong(diagnostic)
            }
        }
    }

    fn unsupported(&mut self, span: Span, what: &str) -> Option<TestExpr> {
        self.wrong(unsupported(span, &format!("{what} in a test")))
    }

    fn wrong(&mut self, diagnostic: Diagnostic) -> Option<TestExpr> {
        self.diagnostics.push(diagnostic);
        None
    }
}

/// What [`crate::testing`] computes.
const OPERATORS: &[&str] = &[
    "+", "-", "*", "/", "==", "!=", "<", "<=", ">", ">=", "&&", "||",
];
