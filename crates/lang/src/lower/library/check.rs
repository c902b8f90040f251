//! Calls of the library: which function is meant, and whether its arguments are what it takes.

use enigma_bytecode::plan::reference;

use super::give::public_key_bytes;
use super::{Form, Function, Give, Take, functions};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hir::{Builtin, Expr, ExprKind, FixType, IntType, Type};
use crate::lower::coerce::{retype, scaled, settle};
use crate::lower::operator::is_comparable;
use crate::lower::vector::{Mismatch, base, each, length_of, meet, numbers, with_base};
use crate::lower::{Body, has_unknown};
use crate::scope::unsupported;
use crate::span::Span;
use crate::syntax::ast::{self, Arg, Name};

impl Body<'_> {
    /// `name(args)`, or `of.name(args)`.
    pub(in crate::lower) fn library_call(
        &mut self,
        name: &Name,
        of: Option<&ast::Expr>,
        args: &[Arg],
        want: Option<&Type>,
        span: Span,
    ) -> Expr {
        let form = if of.is_some() {
            Form::Method
        } else {
            Form::Function
        };
        let named =
            |function: &&'static Function| function.name == name.text && function.form == form;
        let on_elements = functions().filter(named).any(|function| {
            function
                .takes
                .get(1)
                .is_some_and(|(_, take)| take.is_lambda())
        });
        let mut values: Vec<Expr> = Vec::new();
        let mut rest = args;
        if let Some(of) = of {
            let widen = want.filter(|ty| matches!(ty, Type::Fix(_)));
            let mut first = self.expression(of, widen);
            if let [
                Arg {
                    lambda: Some(lambda),
                    ..
                },
                others @ ..,
            ] = args
                && !on_elements
            {
                // `rows.median(|r| r.income)` is the median of the mapped rows.
                first = self.settled(first);
                first = self.map(first, lambda, lambda.span());
                rest = others;
            }
            values.push(first);
        }
        let count = values.len() + rest.len();
        let fitting = functions().filter(named).find(|f| f.takes.len() == count);
        let Some(function) = fitting else {
            return self.wrong_count(name, form, rest, span);
        };
        let takes = function.takes.get(values.len()..).unwrap_or_default();
        let rest = if rest.iter().any(|arg| arg.lambda.is_some()) {
            Some(rest.to_vec())
        } else {
            let names: Vec<&str> = takes.iter().map(|(name, _)| *name).collect();
            self.arranged(name, rest, &names, span)
        };
        let Some(rest) = rest else {
            return self.poisoned(span);
        };
        for (arg, (_, take)) in rest.iter().zip(takes) {
            let value = self.argument(arg, *take, of, &values, name);
            values.push(value);
        }
        if values.iter().any(|value| has_unknown(&value.ty)) {
            return self.poisoned(span);
        }
        if function.gives == Give::OwnMet {
            take_wanted(&mut values, want);
        }
        if let Err(diagnostic) = self.arguments(function, &mut values, name) {
            return self.wrong(*diagnostic);
        }
        if let (Builtin::LinReg, [columns, _]) = (function.builtin, &values[..]) {
            let mut none = self.expr(ExprKind::Int(0), Type::Int(IntType::Literal), span);
            retype(&mut none, base(&columns.ty));
            values.push(none);
        }
        let ty = self.given(function.gives, &values, want);
        self.expr(ExprKind::Call(function.builtin, values), ty, span)
    }

    fn wrong_count(&mut self, name: &Name, form: Form, args: &[Arg], span: Span) -> Expr {
        let mut functions = functions();
        let first = functions.find(|function| function.name == name.text && function.form == form);
        let takes = first.map(|function| function.takes).unwrap_or_default();
        let is_method = form == Form::Method;
        let takes = takes.get(usize::from(is_method)..).unwrap_or_default();
        let at = if is_method { name.span } else { span };
        if let ([], [arg, ..]) = (takes, args) {
            return self.no_arguments(name, arg);
        }
        let words: Vec<&str> = takes.iter().map(|(_, take)| take.words()).collect();
        let message = match &words[..] {
            [] => format!("`{}` takes no arguments", name.text),
            words => format!("`{}` takes {}", name.text, words.join(", and ")),
        };
        let diagnostic = Diagnostic::error(Code::E0204, at, message);
        let diagnostic = match name.text.as_str() {
            "owner_at" => diagnostic.help("for example `x.owner_at(x.argmax())`"),
            _ => diagnostic,
        };
        self.wrong(diagnostic)
    }

    /// An argument as it stands; whether it is what the function takes is seen later.
    fn argument(
        &mut self,
        arg: &Arg,
        take: Take,
        of: Option<&ast::Expr>,
        before: &[Expr],
        name: &Name,
    ) -> Expr {
        if let Some(lambda) = &arg.lambda {
            let Some(of) = of.filter(|_| take.is_lambda()) else {
                let message = format!("`{}` takes {}, not a lambda", name.text, take.words());
                return self.wrong(Diagnostic::error(Code::E0204, lambda.span(), message));
            };
            let over = self.expression(of, None);
            let over = self.settled(over);
            return self.map(over, lambda, lambda.span());
        }
        let Some(value) = &arg.value else {
            return self.poisoned(arg.span);
        };
        if take.is_constant() {
            let generics = self.frame.generics.clone();
            let wanted = Type::Int(IntType::U64);
            return match self.scope.constant(value, Some(&wanted), &generics) {
                Ok((ty, constant)) => self.constant(&ty, &constant, value.span()),
                Err(diagnostic) => self.wrong(diagnostic),
            };
        }
        let first = before.first().map(|first| &first.ty);
        let want = match (take, first) {
            (Take::Element, Some(ty)) => ty.element().cloned(),
            (Take::Default, Some(ty)) => match base(ty) {
                Type::Maybe(inner) => Some((**inner).clone()),
                _ => None,
            },
            (Take::Fixed, None) => Some(Type::Fix(FixType::DEFAULT)),
            (_, Some(ty)) if matches!(base(ty), Type::Fix(_)) => Some(base(ty).clone()),
            _ => None,
        };
        self.expression(value, want.as_ref())
    }

    /// Whether all arguments are what the function takes; literals get their types.
    fn arguments(
        &mut self,
        function: &'static Function,
        values: &mut [Expr],
        name: &Name,
    ) -> Result<(), Box<Diagnostic>> {
        for place in 0..values.len() {
            let Some((before, [value, ..])) = values.split_at_mut_checked(place) else {
                break;
            };
            let Some((_, take)) = function.takes.get(place) else {
                break;
            };
            self.prepare(*take, value, before);
            if !take.accepts(&value.ty) {
                let is_receiver = place == 0 && function.form == Form::Method;
                let mut diagnostic = self.not_taken(name, *take, value);
                if !is_receiver && diagnostic.primary.span == name.span {
                    diagnostic.code = Code::E0206;
                    diagnostic.primary.span = value.span;
                    diagnostic
                        .secondary
                        .retain(|label| label.span != value.span);
                }
                return Err(Box::new(diagnostic));
            }
            self.goes_with(*take, value, before, name)?;
        }
        // All of them may have been literals.
        values.iter_mut().for_each(settle);
        if function.builtin == Builtin::Quantile {
            return quantile(values).map_err(Box::new);
        }
        Ok(())
    }

    /// Gives literals the type that is taken.
    fn prepare(&mut self, take: Take, value: &mut Expr, before: &mut [Expr]) {
        match (take, before.first_mut()) {
            (Take::SameNumber | Take::SameWhole | Take::SameNumbers, Some(first)) => {
                self.align(first, value);
            }
            (Take::Number | Take::Whole, _) => {}
            (Take::Fixed, _) => {
                if let Type::Int(IntType::Literal) = base(&value.ty) {
                    let fix = with_base(&value.ty, &Type::Fix(FixType::DEFAULT));
                    retype(value, &fix);
                }
            }
            (Take::Element, Some(first)) => {
                if let Some(element) = first.ty.element().cloned() {
                    retype(value, &element);
                }
            }
            (Take::Edges, Some(first)) => {
                if let Some(element) = first.ty.element() {
                    let edges = with_base(&value.ty, element);
                    retype(value, &edges);
                    scale(value, base(element));
                }
            }
            (Take::Penalty, Some(first)) => {
                let fix = base(&first.ty).clone();
                retype(value, &fix);
                scale(value, &fix);
            }
            (Take::Default, Some(first)) => {
                if let Type::Maybe(inner) = base(&first.ty).clone() {
                    retype(value, &inner);
                }
            }
            _ => settle(value),
        }
    }

    /// What else is asked of an argument beside the others.
    fn goes_with(
        &mut self,
        take: Take,
        value: &Expr,
        before: &[Expr],
        name: &Name,
    ) -> Result<(), Box<Diagnostic>> {
        if matches!(
            take,
            Take::Count | Take::Share | Take::Steps | Take::Edges | Take::Penalty
        ) {
            constant(take, value)?;
            return is_of_its_kind(take, value, before).map_err(Box::new);
        }
        let Some(first) = before.first() else {
            return Ok(());
        };
        let found = match take {
            Take::SameNumbers => same_space(&first.ty, &value.ty)
                .and_then(|()| each(&first.ty, &value.ty, &numbers).map(|_| ())),
            Take::Mask | Take::SortKeys => same_space(&first.ty, &value.ty),
            Take::PerKey => same_space(&before.last().unwrap_or(first).ty, &value.ty),
            Take::SameNumber | Take::SameWhole => before
                .iter()
                .try_for_each(|other| each(&other.ty, &value.ty, &numbers).map(|_| ())),
            Take::SameValues => {
                let elements = first.ty.element().zip(value.ty.element());
                let both = elements.and_then(|(a, b)| meet(present(a), present(b)));
                match both {
                    Some(ty) if is_comparable(&ty) => Ok(()),
                    _ => Err(Mismatch::Elements),
                }
            }
            Take::Element => match first.ty.element().map(|element| meet(element, &value.ty)) {
                Some(Some(_)) => Ok(()),
                _ => Err(Mismatch::Elements),
            },
            Take::Default => each(&first.ty, &value.ty, &|maybe, value| {
                matches!(maybe, Type::Maybe(inner) if self.fits(value, inner))
                    .then(|| value.clone())
            })
            .map(|_| ()),
            Take::Matrix => {
                let width = first.ty.element().and_then(length_of);
                if base(&first.ty) != base(&value.ty) {
                    Err(Mismatch::Elements)
                } else if width == length_of(&value.ty) {
                    Ok(())
                } else {
                    Err(Mismatch::Lengths)
                }
            }
            Take::Column => match first.ty.element() {
                Some(column) if base(column) != base(&value.ty) => Err(Mismatch::Elements),
                Some(column) => same_space(column, &value.ty),
                None => Ok(()),
            },
            Take::Place => return self.place_of(first, value),
            Take::PublicKey => match (&first.ty, &value.ty) {
                (Type::Key(curve), Type::Bytes(len)) if public_key_bytes(*curve) == *len => Ok(()),
                _ => return Err(Box::new(self.not_taken(name, take, value))),
            },
            _ => Ok(()),
        };
        match found {
            Ok(()) => Ok(()),
            Err(why) => {
                let needs = format!("`{}` needs {}", name.text, take.words());
                let mut diagnostic = self.mismatched(why, (first, value), value.span, &needs);
                if diagnostic.code == Code::E0211 {
                    diagnostic.code = Code::E0206;
                }
                diagnostic
                    .secondary
                    .retain(|label| label.span != value.span);
                Err(Box::new(diagnostic))
            }
        }
    }

    fn not_taken(&self, name: &Name, take: Take, value: &Expr) -> Diagnostic {
        if take == Take::Place {
            return self.no_place_here(value);
        }
        if take.is_vector() && value.ty.element().is_none() {
            return self.no_vector(name, value);
        }
        let found = match &value.ty {
            Type::Rows(element, _) => format!("{} per row", one_of(&self.describe(element))),
            Type::List(element, _) => {
                format!("a list, of {} each", one_of(&self.describe(element)))
            }
            ty => self.describe(ty),
        };
        let message = format!("`{}` needs {}", name.text, take.words());
        let diagnostic = Diagnostic::error(Code::E0211, name.span, message)
            .also(value.span, format!("this is {found}"));
        match (take, base(&value.ty)) {
            (Take::Numbers | Take::Number, Type::Bool) => {
                diagnostic.help("`count_true()` counts how many are true")
            }
            (Take::Truths, Type::Int(_) | Type::Fix(_)) => {
                diagnostic.help("compare first, for example `(x > 0).count_true()`")
            }
            (Take::Fixed | Take::Matrix | Take::Columns | Take::Column, Type::Int(_)) => {
                diagnostic.help("write `as fix` behind it")
            }
            (Take::Numbers | Take::Number, Type::Maybe(_)) => {
                diagnostic.help("`x.or(DEFAULT)` gives a value where one is missing")
            }
            _ => diagnostic,
        }
    }

    /// A place among the rows, of `owner_at`.
    fn place_of(&self, of: &Expr, place: &Expr) -> Result<(), Box<Diagnostic>> {
        let (Type::Rows(_, own), Type::Place(other)) = (&of.ty, &place.ty) else {
            return Err(Box::new(self.no_place_here(place)));
        };
        if own == other {
            return Ok(());
        }
        let message = "this is a place among other rows";
        let diagnostic = Diagnostic::error(Code::E0308, place.span, message)
            .because(format!("among those of `{}`", self.collection_name(*other)))
            .also(
                of.span,
                format!("one value per row of `{}`", self.collection_name(*own)),
            );
        Err(Box::new(diagnostic))
    }

    fn no_place_here(&self, place: &Expr) -> Diagnostic {
        let help = "a place is what `argmax()` and `argmin()` give";
        if matches!(place.ty, Type::Int(_)) {
            return unsupported(place.span, "the owner at a number").help(help);
        }
        let found = match &place.ty {
            Type::Rows(element, _) => self.describe(element),
            ty => self.describe(ty),
        };
        let message = format!("{found} is not a place among the rows");
        Diagnostic::error(Code::E0211, place.span, message).help(help)
    }
}

/// What a value is where it is not missing.
fn present(ty: &Type) -> &Type {
    match ty {
        Type::Maybe(inner) => inner,
        ty => ty,
    }
}

/// Whether two vectors have one value for each other's.
fn same_space(a: &Type, b: &Type) -> Result<(), Mismatch> {
    match (a, b) {
        (Type::Rows(_, i), Type::Rows(_, j)) if i != j => Err(Mismatch::Spaces(*i, *j)),
        (Type::Rows(..), Type::Rows(..)) => Ok(()),
        (Type::List(_, m), Type::List(_, n)) if m == n => Ok(()),
        _ => Err(Mismatch::Lengths),
    }
}

/// Beside whole numbers a constant is whole, and beside others it has as many bits behind the point.
fn is_of_its_kind(take: Take, value: &Expr, before: &[Expr]) -> Result<(), Diagnostic> {
    let (Take::Edges | Take::Penalty, Some(first)) = (take, before.first()) else {
        return Ok(());
    };
    let (message, help) = match (base(&first.ty), base(&value.ty)) {
        (Type::Int(_), Type::Int(_)) => return Ok(()),
        (Type::Fix(wanted), Type::Fix(found)) if wanted.fraction == found.fraction => return Ok(()),
        (Type::Int(_), _) => (
            "beside whole numbers this is whole",
            "write whole numbers here, or the others `as fix`",
        ),
        _ => (
            "this has another number of bits behind the point than the numbers beside it",
            "write the number itself here, or give the constant their type",
        ),
    };
    let diagnostic = Diagnostic::error(Code::E0206, value.span, message);
    Err(diagnostic.also(first.span, "these").help(help))
}

/// Makes constants numbers of this type, if it has a point and as many bits behind it as they have.
fn scale(value: &mut Expr, to: &Type) {
    let Type::Fix(fix) = to else { return };
    match &mut value.kind {
        ExprKind::Int(number) => {
            value.kind = ExprKind::Fix(scaled(*number, *fix));
            value.ty = to.clone();
        }
        ExprKind::Fix(number) => {
            let Type::Fix(own) = value.ty else { return };
            if let Some(fraction) = fix.fraction.checked_sub(own.fraction) {
                let missing = FixType { fraction, ..*fix };
                value.kind = ExprKind::Fix(scaled(*number, missing));
                value.ty = to.clone();
            }
        }
        ExprKind::List(parts) => {
            parts.iter_mut().for_each(|part| scale(part, to));
            if parts.iter().all(|part| part.ty == *to) {
                value.ty = with_base(&value.ty, to);
            }
        }
        _ => {}
    }
}

/// Whether an argument that must be known when the contract is compiled is what it must be.
fn constant(take: Take, value: &Expr) -> Result<(), Diagnostic> {
    let number = |expr: &Expr| match expr.kind {
        ExprKind::Int(value) | ExprKind::Fix(value) => Some(value),
        _ => None,
    };
    let wrong = |message: &str| Err(Diagnostic::error(Code::E0212, value.span, message));
    match (take, &value.kind) {
        (Take::Edges, ExprKind::List(edges)) => {
            let unknown = edges.iter().find(|edge| number(edge).is_none());
            if let Some(edge) = unknown {
                let message = "edges are known when the contract is compiled";
                return Err(Diagnostic::error(Code::E0212, edge.span, message));
            }
            match (edges.first(), edges.last()) {
                (Some(first), Some(last)) if !edges.is_sorted_by(|a, b| number(a) < number(b)) => {
                    let message = "edges are ascending, each one once";
                    let span = first.span.to(last.span);
                    Err(Diagnostic::error(Code::E0212, span, message))
                }
                (None, _) => wrong("a histogram has at least one edge"),
                _ => Ok(()),
            }
        }
        (Take::Edges, _) => wrong("edges are known when the contract is compiled"),
        (Take::Count, _) => match number(value) {
            Some(value) if (1..=1 << 20).contains(&value) => Ok(()),
            _ => wrong("this is a number from 1 to 1_048_576"),
        },
        (Take::Steps, _) => match number(value) {
            Some(value) if (1..=reference::MOST_LOGISTIC_STEPS.into()).contains(&value) => Ok(()),
            _ => wrong("this is a number from 1 to 1_000, known when the contract is compiled"),
        },
        (Take::Penalty, _) => match number(value) {
            Some(value) if value >= 0 => Ok(()),
            Some(_) => wrong("this is not negative"),
            None => wrong("this is known when the contract is compiled"),
        },
        _ => Ok(()),
    }
}

/// `quantile(a, b)`: a part of the whole.
fn quantile(values: &[Expr]) -> Result<(), Diagnostic> {
    let [_, part, whole] = values else {
        return Ok(());
    };
    match (&part.kind, &whole.kind) {
        (ExprKind::Int(a), ExprKind::Int(b)) if a > b => {
            let message = "the part of a quantile is at most the whole";
            Err(
                Diagnostic::error(Code::E0212, part.span.to(whole.span), message)
                    .help("for example `quantile(9, 10)`: nine tenths lie below it"),
            )
        }
        _ => Ok(()),
    }
}

fn one_of(described: &str) -> String {
    match described.strip_prefix("a ") {
        Some(what) => format!("one {what}"),
        None => described.to_owned(),
    }
}

/// Literals have the type that is asked for, if all arguments are.
fn take_wanted(values: &mut [Expr], want: Option<&Type>) {
    let is_literal = |value: &Expr| matches!(base(&value.ty), Type::Int(IntType::Literal));
    if let Some(wanted @ Type::Int(_)) = want.map(base)
        && values.iter().all(is_literal)
    {
        for value in values {
            let ty = with_base(&value.ty, wanted);
            retype(value, &ty);
        }
    }
}
