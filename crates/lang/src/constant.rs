//! Evaluates expressions that must be known when the contract is compiled.

use std::collections::BTreeMap;

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::span::Span;
use crate::syntax::ast::{Expr, ExprKind};

/// Named constants that are known so far.
pub(crate) type Constants = BTreeMap<String, i64>;

/// The value of a constant expression; `None` if the parser has reported the error.
pub(crate) fn evaluate(expr: &Expr, known: &Constants) -> Result<Option<i64>, Diagnostic> {
    let span = expr.span();
    match expr.kind() {
        ExprKind::Int(text) => number(&text, span).map(Some),
        ExprKind::Name(name) => match known.get(&name.text) {
            Some(value) => Ok(Some(*value)),
            None => Err(not_constant(span).because(format!(
                "`{}` is not a constant that is declared above",
                name.text
            ))),
        },
        ExprKind::Unary(operator, operand) if operator == "-" => {
            let Some(value) = evaluate(&operand, known)? else {
                return Ok(None);
            };
            value.checked_neg().map(Some).ok_or_else(|| too_large(span))
        }
        ExprKind::Binary(a, operator, b) => {
            let (Some(a), Some(b)) = (evaluate(&a, known)?, evaluate(&b, known)?) else {
                return Ok(None);
            };
            let value = match operator.as_str() {
                "+" => a.checked_add(b),
                "-" => a.checked_sub(b),
                "*" => a.checked_mul(b),
                "/" if b != 0 => a.checked_div(b),
                "/" => return Err(not_constant(span).because("division by zero")),
                _ => {
                    return Err(not_constant(span)
                        .because(format!("`{operator}` is not supported in constants yet")));
                }
            };
            value.map(Some).ok_or_else(|| too_large(span))
        }
        ExprKind::Missing => Ok(None),
        _ => Err(not_constant(span)),
    }
}

/// A whole number as written.
pub(crate) fn number(text: &str, span: Span) -> Result<i64, Diagnostic> {
    let digits: String = text.chars().filter(|c| *c != '_').collect();
    digits.parse().map_err(|_| too_large(span))
}

fn not_constant(span: Span) -> Diagnostic {
    Diagnostic::error(Code::E0212, span, "a constant is needed here")
        .help("write a number, or declare `const NAME: u64 = ...;`")
}

fn too_large(span: Span) -> Diagnostic {
    Diagnostic::error(Code::E0501, span, "this number does not fit in 64 bits")
}
