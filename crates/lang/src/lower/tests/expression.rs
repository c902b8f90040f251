//! Expressions of tests. The wanted type only says what a name is that nobody declared: an account where one is
//! wanted.

use super::{Pass, store_named};
use crate::code::Code;
use crate::constant;
use crate::diagnostic::Diagnostic;
use crate::hir::{
    BinaryOp, Constant, FixType, IntType, Store, TestCaller, TestExpr, TestFunction, Type, UnaryOp,
};
use crate::scope::{Symbol, unsupported};
use crate::span::Span;
use crate::syntax::ast::{self, Arg, Expr, ExprKind, Name, TypeKind};

/// Most values of constants that are put in place in all tests.
const MAX_COPIED: u64 = 1 << 18;

/// Functions that only tests have, with a call of each and what it is.
pub(crate) const FUNCTIONS: [(&str, &str, &str); 8] = [
    (
        "iota",
        "iota(from, to)",
        "the numbers from `from` to `to` - 1; as `hash` or `bytes` big-endian",
    ),
    ("fill", "fill(n, value)", "n times the value"),
    ("concat", "concat(list, list)", "lists one behind the other"),
    ("some", "some(value)", "a value that is there"),
    ("none", "none()", "a value that is missing"),
    (
        "digest_of",
        "digest_of(\"text\")",
        "the BLAKE3 hash of a text",
    ),
    ("abs", "abs(number)", "the magnitude"),
    ("len", "len(list)", "how many elements there are"),
];

impl Pass<'_> {
    pub(super) fn expression(&mut self, expr: &Expr, want: Option<&Type>) -> Option<TestExpr> {
        let span = expr.span();
        Some(match expr.kind() {
            ExprKind::Int(text) => TestExpr::Int(self.known(constant::whole(&text, span))?),
            ExprKind::Decimal(text) => {
                let (units, decimals) = self.known(constant::units(&text, span))?;
                TestExpr::Decimal { units, decimals }
            }
            ExprKind::Bool(value) => TestExpr::Bool(value),
            ExprKind::Text(text) => TestExpr::Text(text),
            ExprKind::Name(name) => return self.name(&name, want),
            ExprKind::Path(first, second, None) => return self.variant(&first, &second),
            ExprKind::List(items) | ExprKind::Tuple(items) => {
                let items: Vec<Option<TestExpr>> = items
                    .iter()
                    .enumerate()
                    .map(|(place, item)| self.expression(item, part(want, place)))
                    .collect();
                TestExpr::List(items.into_iter().collect::<Option<_>>()?)
            }
            ExprKind::Repeat(item, count) => {
                let item = self.expression(&item, part(want, 0));
                let count = self.expression(&count, None);
                TestExpr::Repeat(Box::new(item?), Box::new(count?))
            }
            ExprKind::Unary(operator, operand) => {
                let operand = Box::new(self.expression(&operand, want)?);
                let operator = match operator.as_str() {
                    "-" => UnaryOp::Negate,
                    _ => UnaryOp::Not,
                };
                TestExpr::Unary(operator, operand)
            }
            ExprKind::Binary(a, operator, b) => return self.binary(&a, &operator, &b, span),
            ExprKind::Index(of, at) => return self.index(&of, &at, span),
            ExprKind::Field(of, field) => return self.field(&of, &field, span),
            ExprKind::Cast(operand, ty) => {
                let operand = self.expression(&operand, None);
                let Some(ty) = self.cast_type(&ty) else {
                    return self.wrong(unsupported(ty.span(), "a cast to this type in a test"));
                };
                TestExpr::Cast(Box::new(operand?), ty)
            }
            ExprKind::Call(name, args) => return self.call(&name, &args, want, span),
            ExprKind::Method(of, name, args) if name.text == "len" && args.is_empty() => {
                let of = self.expression(&of, None)?;
                TestExpr::Call(TestFunction::Len, vec![of])
            }
            ExprKind::Method(..) | ExprKind::Path(..) | ExprKind::Caller => {
                let message = "a test looks at what was revealed and at what is stored";
                let diagnostic = Diagnostic::error(Code::E0701, span, message)
                    .because("nothing is computed in a test")
                    .help("reveal the value in an entry, and compare the result");
                return self.wrong(diagnostic);
            }
            ExprKind::Ternary(condition, then, otherwise) => {
                let condition = self.expression(&condition, None);
                let (then, otherwise) = (
                    self.expression(&then, want),
                    self.expression(&otherwise, want),
                );
                TestExpr::Choose(Box::new([condition?, then?, otherwise?]))
            }
            ExprKind::Missing => return None,
        })
    }

    fn known<T>(&mut self, result: Result<T, Diagnostic>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(diagnostic) => self.wrong(diagnostic),
        }
    }

    fn name(&mut self, name: &Name, want: Option<&Type>) -> Option<TestExpr> {
        let last = self.last.and_then(|(entry, _)| self.results.get(entry));
        if last.is_some_and(|results| results.contains_key(&name.text)) {
            return Some(TestExpr::Result(name.text.clone()));
        }
        match self.scope.symbol(name) {
            Some(Symbol::Constant(index)) => {
                let (ty, value) = self.scope.constants.get(index)?;
                if *ty == Type::Unknown {
                    return None;
                }
                self.copied = self.copied.saturating_add(self.scope.width(ty));
                if self.copied > MAX_COPIED {
                    let message = "the tests use too many large constants";
                    return self.error(Code::E0601, name.span, message);
                }
                Some(self.constant(ty, value))
            }
            Some(Symbol::Party(index)) => Some(TestExpr::Account(TestCaller::Party(index))),
            Some(Symbol::Broken) => None,
            Some(Symbol::Group(_)) => {
                let message = format!("`{}` is a group, not an account", name.text);
                let help = format!("write `{}[0]` for its first member", name.text);
                self.wrong(self.scope.misused(name, message).help(help))
            }
            Some(symbol) => {
                let what = symbol.describe();
                let message = format!("`{}` is {what}, not a result", name.text);
                self.error(Code::E0701, name.span, message)
            }
            None if want == Some(&Type::Id) => {
                Some(TestExpr::Account(TestCaller::Other(name.text.clone())))
            }
            None => self.no_result(name),
        }
    }

    fn no_result(&mut self, name: &Name) -> Option<TestExpr> {
        let entries = self.scope.hir.entries.iter();
        let mut with = entries.zip(&self.results);
        let by = with.find(|(_, results)| results.contains_key(&name.text));
        let by = by.map(|(entry, _)| entry.name.clone());
        let diagnostic = match (self.last, by) {
            (Some((_, run)), Some(entry)) => {
                let message = format!("the last run revealed no `{}`", name.text);
                Diagnostic::error(Code::E0701, name.span, message)
                    .because(format!("`{entry}` reveals it"))
                    .also(run, "this ran last")
            }
            (None, Some(entry)) => {
                let message = format!("nothing was run before, so there is no `{}`", name.text);
                Diagnostic::error(Code::E0701, name.span, message)
                    .help(format!("write `run {entry}(...);` first"))
            }
            (_, None) => {
                let message = format!("there is no result `{}`", name.text);
                let diagnostic = Diagnostic::error(Code::E0701, name.span, message);
                let known = self.results.iter().flat_map(|results| results.keys());
                match crate::suggest::nearest(&name.text, known.map(String::as_str)) {
                    Some(near) => diagnostic.did_you_mean(near),
                    None => diagnostic,
                }
            }
        };
        self.wrong(diagnostic)
    }

    fn variant(&mut self, first: &Name, second: &Name) -> Option<TestExpr> {
        let scope = self.scope;
        match scope.symbol(first) {
            Some(Symbol::Enum(index)) => {
                let place = self.known(scope.variant(index, second))?;
                Some(TestExpr::Variant(index, place))
            }
            Some(Symbol::Broken) => None,
            Some(_) => {
                let message = format!("`{}` is not an enumeration", first.text);
                self.wrong(scope.misused(first, message))
            }
            None => self.wrong(scope.unknown(first, "enumeration", std::iter::empty())),
        }
    }

    fn binary(&mut self, a: &Expr, operator: &str, b: &Expr, span: Span) -> Option<TestExpr> {
        let Some(op) = BinaryOp::written(operator) else {
            return self.wrong(unsupported(span, &format!("`{operator}` in a test")));
        };
        // The side that can be read alone says what the other one is.
        let (a, b) = if undeclared(a, self) {
            let b = self.expression(b, None);
            let ty = b.as_ref().and_then(|b| self.type_of(b));
            (self.expression(a, ty.as_ref()), b)
        } else {
            let a = self.expression(a, None);
            let ty = a.as_ref().and_then(|a| self.type_of(a));
            let b = self.expression(b, ty.as_ref());
            (a, b)
        };
        Some(TestExpr::Binary(op, Box::new(a?), Box::new(b?)))
    }

    /// As far as accounts are concerned.
    fn type_of(&self, expr: &TestExpr) -> Option<Type> {
        match expr {
            TestExpr::Account(_) => Some(Type::Id),
            TestExpr::Result(name) => {
                let (entry, _) = self.last?;
                self.results.get(entry)?.get(name).cloned()
            }
            TestExpr::Slot(slot, _) => Some(self.scope.hir.slots.get(*slot)?.ty.clone()),
            TestExpr::Index(of, _) => self.type_of(of)?.element().cloned(),
            TestExpr::Field(of, name) => {
                let hir = &self.scope.hir;
                let Type::Struct(index) = self.type_of(of)? else {
                    return None;
                };
                let mut fields = hir.structs.get(index)?.fields.iter();
                Some(fields.find(|field| field.name == *name)?.ty.clone())
            }
            TestExpr::Choose(parts) => self.type_of(&parts[1]).or_else(|| self.type_of(&parts[2])),
            _ => None,
        }
    }

    /// `GROUP[k]`: a member; else a value at a key, or a part of a list.
    fn index(&mut self, of: &Expr, at: &Expr, span: Span) -> Option<TestExpr> {
        if let ExprKind::Name(name) = of.kind() {
            match self.scope.symbol(&name) {
                Some(Symbol::Group(group)) => {
                    let at = Box::new(self.expression(at, None)?);
                    return Some(TestExpr::Account(TestCaller::Member(group, at)));
                }
                None if !self.is_result(&name) => {
                    let none = std::iter::empty();
                    return self.wrong(self.scope.unknown(&name, "group", none));
                }
                _ => {}
            }
        }
        if let ExprKind::Field(store, name) = of.kind()
            && let Some(store) = store_named(&store)
        {
            let slot = self.readable(store, &name, of.span())?;
            let key = self.scope.hir.slots.get(slot)?.key.clone();
            let at = self.expression(at, key.as_ref())?;
            return Some(match key {
                Some(_) => TestExpr::Slot(slot, Some(Box::new(at))),
                None => TestExpr::Index(Box::new(TestExpr::Slot(slot, None)), Box::new(at)),
            });
        }
        let of = self.expression(of, None);
        let at = self.expression(at, None);
        let (of, at) = (of?, at?);
        if matches!(of, TestExpr::Account(_)) {
            return self.error(Code::E0701, span, "an account has no parts");
        }
        Some(TestExpr::Index(Box::new(of), Box::new(at)))
    }

    fn is_result(&self, name: &Name) -> bool {
        let mut results = self.results.iter();
        results.any(|results| results.contains_key(&name.text))
    }

    /// `STORE.slot`, or a field of a value.
    fn field(&mut self, of: &Expr, field: &Name, span: Span) -> Option<TestExpr> {
        let Some(store) = store_named(of) else {
            let of = self.expression(of, None)?;
            if let Some(ty) = self.type_of(&of) {
                self.place_of(&ty, field)?;
            }
            return Some(TestExpr::Field(Box::new(of), field.text.clone()));
        };
        if let Some(clock) = self.clock(store, &field.text) {
            return Some(TestExpr::Clock(clock));
        }
        let slot = self.readable(store, field, span)?;
        if self.scope.hir.slots.get(slot)?.key.is_some() {
            let message = format!("`{}` is a map: say at which key", field.text);
            return self.error(Code::E0701, span, message);
        }
        Some(TestExpr::Slot(slot, None))
    }

    fn readable(&mut self, store: Store, name: &Name, span: Span) -> Option<usize> {
        let slot = self.slot(store, name)?;
        if store == Store::Mpc {
            let message = format!("nobody sees `MPC.{}`, and no test does", name.text);
            let diagnostic = Diagnostic::error(Code::E0701, span, message)
                .help("compare what an entry reveals of it");
            return self.wrong(diagnostic);
        }
        Some(slot)
    }

    fn cast_type(&self, ty: &ast::Type) -> Option<Type> {
        let TypeKind::Named(name, args) = ty.kind() else {
            return None;
        };
        match name.text.as_str() {
            _ if !args.is_empty() => None,
            "fix" => Some(Type::Fix(FixType::DEFAULT)),
            other => IntType::named(other).map(Type::Int),
        }
    }

    fn call(
        &mut self,
        name: &Name,
        args: &[Arg],
        want: Option<&Type>,
        span: Span,
    ) -> Option<TestExpr> {
        use TestFunction as F;
        let scope = self.scope;
        match scope.symbol(name) {
            Some(Symbol::Struct(item)) => return self.structure(item, name, args, want, span),
            Some(Symbol::Broken) => return None,
            _ => {}
        }
        // How many arguments, and which of them are values of the wanted type.
        let value = part(want, 0);
        let (function, count, wanted): (F, usize, [Option<&Type>; 2]) = match name.text.as_str() {
            "iota" => (F::Iota, 2, [None, None]),
            "fill" => (F::Fill, 2, [None, value]),
            "concat" => (F::Concat, args.len(), [want, want]),
            "some" => (F::Some, 1, [value, None]),
            "none" => (F::None, 0, [None, None]),
            "digest_of" => (F::DigestOf, 1, [None, None]),
            "abs" => (F::Abs, 1, [None, None]),
            "len" => (F::Len, 1, [None, None]),
            _ => {
                let known = || FUNCTIONS.iter().map(|(name, ..)| *name);
                let message = format!("tests have no function `{}`", name.text);
                let diagnostic = Diagnostic::error(Code::E0203, name.span, message);
                let near = crate::suggest::nearest(&name.text, known());
                return self.wrong(match near {
                    Some(near) => diagnostic.did_you_mean(near),
                    None => {
                        let known: Vec<&str> = known().collect();
                        diagnostic.help(format!("they have {}", known.join(", ")))
                    }
                });
            }
        };
        if args.len() != count {
            let takes = match count {
                0 => "no arguments".to_owned(),
                1 => "one argument".to_owned(),
                n => format!("{n} arguments"),
            };
            let message = format!("`{}` takes {takes}", name.text);
            return self.error(Code::E0204, span, message);
        }
        let mut values = Vec::new();
        for (at, arg) in args.iter().enumerate() {
            let Some(value) = arg.value.as_ref().filter(|_| arg.name.is_none()) else {
                let message = format!("`{}` takes values without names", name.text);
                return self.error(Code::E0204, arg.span, message);
            };
            values.push(self.expression(value, wanted[at.min(1)])?);
        }
        Some(TestExpr::Call(function, values))
    }

    fn structure(
        &mut self,
        item: usize,
        name: &Name,
        args: &[Arg],
        want: Option<&Type>,
        span: Span,
    ) -> Option<TestExpr> {
        let scope = self.scope;
        let instances = scope.instances.iter().filter(|((of, _), _)| *of == item);
        let instances: Vec<usize> = instances.map(|(_, index)| *index).collect();
        let index = match (want, &instances[..]) {
            (_, [only]) => *only,
            (Some(Type::Struct(index)), all) if all.contains(index) => *index,
            (_, []) if scope.struct_items.get(item)?.generics().is_empty() => return None,
            _ => {
                let message = format!("which `{}` this is cannot be seen here", name.text);
                return self.error(Code::E0701, name.span, message);
            }
        };
        let order = self.known(scope.field_order(index, args, span))?;
        let fields = &scope.hir.structs.get(index)?.fields;
        let mut values = Vec::new();
        for (field, at) in fields.iter().zip(order) {
            let value = args.get(at)?.value.as_ref()?;
            values.push(self.fitting(value, &field.ty));
        }
        let values: Option<Vec<TestExpr>> = values.into_iter().collect();
        Some(TestExpr::Struct(index, values?))
    }

    /// A constant, written out.
    fn constant(&self, ty: &Type, value: &Constant) -> TestExpr {
        match (ty, value) {
            (Type::Enum(index), Constant::Int(place)) => {
                TestExpr::Variant(*index, u32::try_from(*place).unwrap_or(0))
            }
            (Type::Fix(fix), Constant::Fix(scaled)) => decimal(*scaled, *fix),
            (Type::Text(_), Constant::Bytes(bytes)) => {
                let text = String::from_utf8_lossy(bytes);
                TestExpr::Text(text.trim_end_matches('\0').to_owned())
            }
            (Type::Struct(index), Constant::Many(values)) => {
                let declared = self.scope.hir.structs.get(*index);
                let fields = declared.iter().flat_map(|s| &s.fields);
                let values = fields
                    .zip(values)
                    .map(|(field, value)| self.constant(&field.ty, value));
                TestExpr::Struct(*index, values.collect())
            }
            (Type::Tuple(parts), Constant::Many(values)) => {
                let values = parts.iter().zip(values);
                TestExpr::List(values.map(|(ty, value)| self.constant(ty, value)).collect())
            }
            (Type::List(element, _), Constant::Many(values)) => {
                let values = values.iter().map(|value| self.constant(element, value));
                TestExpr::List(values.collect())
            }
            (Type::Maybe(_), Constant::Maybe(None)) => {
                TestExpr::Call(TestFunction::None, Vec::new())
            }
            (Type::Maybe(ty), Constant::Maybe(Some(value))) => {
                TestExpr::Call(TestFunction::Some, vec![self.constant(ty, value)])
            }
            (_, Constant::Bytes(bytes)) => {
                let bytes = bytes.iter().map(|byte| TestExpr::Int(i128::from(*byte)));
                TestExpr::List(bytes.collect())
            }
            (_, Constant::Bool(value)) => TestExpr::Bool(*value),
            (_, Constant::Text(text)) => TestExpr::Text(text.clone()),
            (_, Constant::Int(value) | Constant::Fix(value)) => TestExpr::Int(*value),
            // No constant can be written that is one of these.
            (_, Constant::NoAccount | Constant::NoKey | Constant::Many(_) | Constant::Maybe(_)) => {
                TestExpr::Int(0)
            }
        }
    }
}

/// k / 2^f = k 5^f / 10^f. Beyond 24 bits the digits are more than any test compares.
fn decimal(scaled: i128, fix: FixType) -> TestExpr {
    let decimals = fix.fraction.min(24);
    let kept = scaled >> (fix.fraction - decimals);
    TestExpr::Decimal {
        units: kept.saturating_mul(5_i128.pow(decimals)),
        decimals,
    }
}

/// The type of a part of the wanted one.
fn part(want: Option<&Type>, place: usize) -> Option<&Type> {
    match want? {
        Type::List(element, _) | Type::Rows(element, _) | Type::Maybe(element) => Some(element),
        Type::Tuple(parts) => parts.get(place),
        _ => None,
    }
}

/// A name that only its place can explain.
fn undeclared(expr: &Expr, pass: &Pass<'_>) -> bool {
    match expr.kind() {
        ExprKind::Name(name) => pass.scope.symbol(&name).is_none() && !pass.is_result(&name),
        _ => false,
    }
}
