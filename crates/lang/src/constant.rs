//! Values that are known when the contract is compiled.

mod arithmetic;
mod number;

use enigma_bytecode::interval::Wide;

use crate::code::Code;
use crate::diagnostic::{Diagnostic, grouped};
use crate::hir::{Constant, FixType, IntType, Length, Type};
use crate::resolve::MAX_WIDTH;
use crate::scope::{Generics, Scope, Symbol};
use crate::span::Span;
use crate::syntax::ast::{Arg, Expr, ExprKind, Name, Range};

pub(crate) use number::{decimal as units, whole};

/// Numbers of the language stay below this in magnitude.
pub(crate) const NUMBER_LIMIT: i128 = 1 << 63;
/// For `decimal`: exact to more digits than it gives.
const FINE: FixType = FixType {
    integer: 20,
    fraction: 60,
};

type Known = Result<(Type, Constant), Diagnostic>;

/// A part whose error has been reported.
const UNKNOWN: (Type, Constant) = (Type::Unknown, Constant::Int(0));

impl Scope {
    /// The value of a constant expression, as `want` if a type is wanted. A part whose error has been reported
    /// gives `Type::Unknown`.
    ///
    /// # Errors
    ///
    /// It is not known, does not fit `want`, or is too large.
    pub(crate) fn constant(
        &self,
        expr: &Expr,
        want: Option<&Type>,
        generics: &Generics,
    ) -> Result<(Type, Constant), Diagnostic> {
        let evaluation = Evaluation {
            scope: self,
            generics,
        };
        evaluation.value(expr, want)
    }

    /// A whole number; `None` if an error has been reported for it.
    pub(crate) fn integer(
        &self,
        expr: &Expr,
        generics: &Generics,
    ) -> Result<Option<i128>, Diagnostic> {
        match self.constant(expr, None, generics)? {
            (Type::Int(_), Constant::Int(value)) => Ok(Some(value)),
            (Type::Unknown, _) => Ok(None),
            (ty, _) => {
                let message = format!(
                    "a whole number is needed here, and this is `{}`",
                    self.hir.type_name(&ty)
                );
                Err(Diagnostic::error(Code::E0206, expr.span(), message))
            }
        }
    }

    /// A whole number that is not negative. One whose error has been reported is 1.
    ///
    /// # Errors
    ///
    /// It is not known, or no such number.
    pub(crate) fn size(&self, expr: &Expr, generics: &Generics) -> Result<u64, Diagnostic> {
        let value = self.integer(expr, generics)?.unwrap_or(1);
        u64::try_from(value).map_err(|_| negative(expr.span()))
    }

    /// A size by its name.
    pub(crate) fn named_size(&self, name: &Name, generics: &Generics) -> Result<u64, Diagnostic> {
        let evaluation = Evaluation {
            scope: self,
            generics,
        };
        match evaluation.name(name)? {
            (Type::Int(_), Constant::Int(value)) => {
                u64::try_from(value).map_err(|_| negative(name.span))
            }
            (Type::Unknown, _) => Ok(1),
            _ => {
                let message = "a whole number is needed here";
                Err(Diagnostic::error(Code::E0206, name.span, message))
            }
        }
    }

    /// A size as written.
    pub(crate) fn written_size(&self, text: &str, span: Span) -> Result<u64, Diagnostic> {
        let value = number::whole(text, span)?;
        u64::try_from(value).map_err(|_| number::too_large(span))
    }

    /// A number with a point in units of 10^-decimals, to the nearest one; not negative. At most 12 decimals.
    ///
    /// # Errors
    ///
    /// It is not known, or no such number.
    pub(crate) fn decimal(
        &self,
        expr: &Expr,
        decimals: u32,
        generics: &Generics,
    ) -> Result<u64, Diagnostic> {
        let scaled = match self.constant(expr, Some(&Type::Fix(FINE)), generics)? {
            (Type::Fix(_), Constant::Fix(scaled)) => scaled,
            _ => return Ok(1),
        };
        let units = 10_i128
            .checked_pow(decimals)
            .and_then(|unit| scaled.checked_mul(unit))
            .map(|units| number::halved(units, FINE.fraction))
            .ok_or_else(|| number::too_large(expr.span()))?;
        u64::try_from(units).map_err(|_| negative(expr.span()))
    }

    /// A stated range of numbers of a type, or of the numbers in a list or `maybe`; of `fix` scaled.
    pub(crate) fn range(
        &self,
        range: &Range,
        ty: &Type,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Wide> {
        match self.checked_range(range, ty) {
            Ok(range) => range,
            Err(diagnostic) => {
                diagnostics.push(diagnostic);
                None
            }
        }
    }

    fn checked_range(&self, range: &Range, ty: &Type) -> Result<Option<Wide>, Diagnostic> {
        let wrong = |code, message: String| Diagnostic::error(code, range.span(), message);
        let whole = match ty {
            Type::List(inner, _) => return self.checked_range(range, inner),
            Type::Maybe(inner) => {
                let stated = self.checked_range(range, inner)?;
                return match stated.is_some_and(lacks_zero) {
                    true => Err(without_zero(range.span())),
                    false => Ok(stated),
                };
            }
            Type::Unknown => return Ok(None),
            Type::Int(int) => int.range(),
            Type::Fix(fix) => fix.range(),
            Type::Bool => {
                let message = "a truth value has no range: it is true or false".to_owned();
                let help = "leave the range out, or collect a whole number";
                return Err(wrong(Code::E0212, message).help(help));
            }
            Type::Struct(_) => {
                let message = "a struct has no range of its own".to_owned();
                let help =
                    "state ranges at the fields, as in `struct Row { age: u8 range 0..=120; }`";
                return Err(wrong(Code::E0212, message).help(help));
            }
            _ => {
                let name = self.hir.type_name(ty);
                return Err(wrong(Code::E0212, format!("`{name}` has no range")));
            }
        };
        let Some((low, high)) = range.bounds() else {
            return Ok(None);
        };
        let (Some(low), Some(high)) = (self.end(&low, ty)?, self.end(&high, ty)?) else {
            return Ok(None);
        };
        let stated = Wide { low, high };
        if low > high {
            let message = "the range is empty: its first number is the larger one";
            Err(wrong(Code::E0212, message.to_owned()))
        } else if !stated.within(whole) {
            let name = self.hir.type_name(ty);
            Err(wrong(
                Code::E0501,
                format!("the range does not fit in {name}"),
            ))
        } else if low <= -NUMBER_LIMIT || high >= NUMBER_LIMIT {
            let message = "numbers must stay below 2^63 in magnitude";
            Err(wrong(Code::E0501, message.to_owned()))
        } else {
            Ok(Some(stated))
        }
    }

    fn end(&self, expr: &Expr, ty: &Type) -> Result<Option<i128>, Diagnostic> {
        let generics = Generics::default();
        if !matches!(ty, Type::Fix(_)) {
            return self.integer(expr, &generics);
        }
        match self.constant(expr, Some(ty), &generics)? {
            (_, Constant::Fix(scaled)) => Ok(Some(scaled)),
            _ => Ok(None),
        }
    }
}

/// What may be missing cannot have such a range: 0 stands for nothing.
pub(crate) fn lacks_zero(range: Wide) -> bool {
    !Wide::exactly(0).within(range)
}

/// What stands for nothing must be in the range, too.
pub(crate) fn without_zero(span: Span) -> Diagnostic {
    let message = "the range of what may be missing has no 0, which stands for nothing";
    Diagnostic::error(Code::E0212, span, message).help("let the range begin, or end, at 0")
}

struct Evaluation<'a> {
    scope: &'a Scope,
    generics: &'a Generics,
}

impl Evaluation<'_> {
    fn value(&self, expr: &Expr, want: Option<&Type>) -> Known {
        let span = expr.span();
        let value = match expr.kind() {
            ExprKind::Int(text) => (
                Type::Int(IntType::Literal),
                Constant::Int(number::whole(&text, span)?),
            ),
            ExprKind::Decimal(text) => {
                let fix = match want {
                    Some(Type::Fix(fix)) => *fix,
                    _ => FixType::DEFAULT,
                };
                let scaled = number::scaled(&text, fix, span)?;
                (Type::Fix(fix), Constant::Fix(scaled))
            }
            ExprKind::Text(text) => (Type::Str, Constant::Text(text)),
            ExprKind::Bool(value) => (Type::Bool, Constant::Bool(value)),
            ExprKind::Name(name) => self.name(&name)?,
            ExprKind::Path(first, second, None) => self.variant(&first, &second)?,
            ExprKind::Unary(operator, operand) => {
                let operand = self.value(&operand, numeric(want))?;
                arithmetic::unary(&operator, operand, span)?
            }
            ExprKind::Binary(a, operator, b) => {
                let numbers = arithmetic::makes_numbers(&operator);
                let inner = numeric(want).filter(|_| numbers);
                let (a, b) = (self.value(&a, inner)?, self.value(&b, inner)?);
                arithmetic::binary(&operator, a, b, span)?
            }
            ExprKind::Ternary(condition, a, b) => {
                let (a, b) = (self.value(&a, want)?, self.value(&b, want)?);
                match self.value(&condition, Some(&Type::Bool))?.1 {
                    Constant::Bool(true) => a,
                    Constant::Bool(false) => b,
                    _ => UNKNOWN,
                }
            }
            ExprKind::Cast(operand, ty) => {
                let Some(target) = self.cast_type(&ty) else {
                    return Err(not_constant(span));
                };
                arithmetic::cast(self.value(&operand, None)?, &target, span)?
            }
            ExprKind::List(items) => self.list(&items, want, span)?,
            ExprKind::Repeat(item, count) => self.repeat(&item, &count, want, span)?,
            ExprKind::Tuple(items) => self.tuple(&items, want)?,
            ExprKind::Index(list, place) => self.element(&list, &place, span)?,
            ExprKind::Field(of, field) => self.field(&of, &field)?,
            ExprKind::Call(name, args) => self.call(&name, &args, want, span)?,
            ExprKind::Missing => return Ok(UNKNOWN),
            _ => return Err(not_constant(span)),
        };
        match want {
            Some(want) => self.fitted(value, want, span),
            None => Ok(value),
        }
    }

    fn name(&self, name: &Name) -> Known {
        if let Some(size) = self.generics.sizes.get(&name.text) {
            return Ok((
                Type::Int(IntType::Literal),
                Constant::Int(i128::from(*size)),
            ));
        }
        match self.scope.symbol(name) {
            Some(Symbol::Constant(index)) => {
                let known = self.scope.constants.get(index);
                Ok(known.cloned().unwrap_or(UNKNOWN))
            }
            Some(Symbol::Broken) => Ok(UNKNOWN),
            _ => Err(not_constant(name.span).because(format!("`{}` is not a constant", name.text))),
        }
    }

    fn variant(&self, first: &Name, second: &Name) -> Known {
        let scope = self.scope;
        let index = match scope.symbol(first) {
            Some(Symbol::Enum(index)) => index,
            Some(Symbol::Broken) => return Ok(UNKNOWN),
            Some(_) => {
                let message = format!("`{}` is not an enumeration", first.text);
                return Err(scope.misused(first, message));
            }
            None => return Err(scope.unknown(first, "enumeration", std::iter::empty())),
        };
        let place = scope.variant(index, second)?;
        Ok((Type::Enum(index), Constant::Int(i128::from(place))))
    }

    fn cast_type(&self, ty: &crate::syntax::ast::Type) -> Option<Type> {
        let crate::syntax::ast::TypeKind::Named(name, args) = ty.kind() else {
            return None;
        };
        match name.text.as_str() {
            _ if !args.is_empty() => None,
            "fix" => Some(Type::Fix(FixType::DEFAULT)),
            other => IntType::named(other).map(Type::Int),
        }
    }

    fn list(&self, items: &[Expr], want: Option<&Type>, span: Span) -> Known {
        if let Some(Type::Bytes(len)) = want {
            let bytes: Result<Vec<i128>, Diagnostic> =
                items.iter().map(|item| self.byte(item)).collect();
            return self.bytes(bytes?, *len, span);
        }
        let mut element = match want {
            Some(Type::List(element, _)) => Some((**element).clone()),
            _ => None,
        };
        let (mut values, mut width) = (Vec::new(), 0_u64);
        for item in items {
            let (ty, value) = self.value(item, element.as_ref())?;
            if ty == Type::Unknown {
                return Ok(UNKNOWN);
            }
            width = width.saturating_add(self.scope.width(&ty));
            if width > MAX_WIDTH {
                return Err(too_long(span));
            }
            // The first one says what all are.
            element.get_or_insert(ty);
            values.push(value);
        }
        let element = element.unwrap_or(Type::Int(IntType::Literal));
        let length = Length::known(values.len() as u64);
        Ok((
            Type::List(Box::new(element), length),
            Constant::Many(values),
        ))
    }

    fn byte(&self, item: &Expr) -> Result<i128, Diagnostic> {
        match self.value(item, Some(&Type::Int(IntType::U8)))? {
            (_, Constant::Int(value)) => Ok(value),
            _ => Ok(0),
        }
    }

    fn bytes(&self, values: Vec<i128>, len: u32, span: Span) -> Known {
        if values.len() as u64 != u64::from(len) {
            let message = format!(
                "{len} bytes are needed here, and these are {}",
                values.len()
            );
            return Err(Diagnostic::error(Code::E0206, span, message));
        }
        let bytes = values.into_iter().filter_map(|v| u8::try_from(v).ok());
        Ok((Type::Bytes(len), Constant::Bytes(bytes.collect())))
    }

    fn repeat(&self, item: &Expr, count: &Expr, want: Option<&Type>, span: Span) -> Known {
        let count = self.scope.size(count, self.generics)?;
        let times = usize::try_from(count).ok();
        if let Some(Type::Bytes(len)) = want {
            let Some(times) = times.filter(|times| *times as u64 <= MAX_WIDTH) else {
                return Err(too_long(span));
            };
            return self.bytes(vec![self.byte(item)?; times], *len, span);
        }
        let element = match want {
            Some(Type::List(element, _)) => Some(&**element),
            _ => None,
        };
        let (ty, value) = self.value(item, element)?;
        if ty == Type::Unknown {
            return Ok(UNKNOWN);
        }
        let width = self.scope.width(&ty).max(1).saturating_mul(count);
        let Some(times) = times.filter(|_| width <= MAX_WIDTH) else {
            return Err(too_long(span));
        };
        Ok((
            Type::List(Box::new(ty), Length::known(count)),
            Constant::Many(vec![value; times]),
        ))
    }

    fn tuple(&self, items: &[Expr], want: Option<&Type>) -> Known {
        let wanted = |place: usize| match want {
            Some(Type::Tuple(parts)) => parts.get(place),
            _ => None,
        };
        let mut types = Vec::new();
        let mut values = Vec::new();
        for (place, item) in items.iter().enumerate() {
            let (ty, value) = self.value(item, wanted(place))?;
            if ty == Type::Unknown {
                return Ok(UNKNOWN);
            }
            types.push(ty);
            values.push(value);
        }
        Ok((Type::Tuple(types), Constant::Many(values)))
    }

    /// The whole of which a part is taken; what is no constant is marked with the part.
    fn whole(&self, of: &Expr, span: Span) -> Known {
        match of.kind() {
            ExprKind::Name(name) => self.name(&name).map_err(|_| not_constant(span)),
            _ => self.value(of, None),
        }
    }

    fn element(&self, list: &Expr, place: &Expr, span: Span) -> Known {
        let (ty, value) = self.whole(list, span)?;
        let place = self.scope.size(place, self.generics)?;
        let Type::List(element, _) = ty else {
            return match ty {
                Type::Unknown => Ok(UNKNOWN),
                _ => Err(not_constant(span)),
            };
        };
        let Constant::Many(values) = value else {
            return Ok(UNKNOWN);
        };
        let found = usize::try_from(place).ok().and_then(|at| values.get(at));
        match found {
            Some(value) => Ok((*element, value.clone())),
            None => {
                let message = format!("the list has {} elements", values.len());
                Err(Diagnostic::error(Code::E0212, span, message).because("outside of the list"))
            }
        }
    }

    fn field(&self, of: &Expr, field: &Name) -> Known {
        let (ty, value) = self.whole(of, of.span().to(field.span))?;
        let (Type::Struct(index), Constant::Many(values)) = (&ty, value) else {
            return match ty {
                Type::Unknown => Ok(UNKNOWN),
                _ => Err(not_constant(of.span().to(field.span))),
            };
        };
        let place = self.scope.field(*index, field)?;
        let declared = self.scope.hir.structs.get(*index);
        let ty = declared
            .and_then(|s| s.fields.get(place))
            .map(|f| f.ty.clone());
        Ok(match (ty, values.into_iter().nth(place)) {
            (Some(ty), Some(value)) => (ty, value),
            _ => UNKNOWN,
        })
    }

    fn call(&self, name: &Name, args: &[Arg], want: Option<&Type>, span: Span) -> Known {
        match (name.text.as_str(), args) {
            ("none", []) => match want {
                Some(Type::Maybe(_)) => Ok((
                    want.cloned().unwrap_or(Type::Unknown),
                    Constant::Maybe(None),
                )),
                _ => Err(not_constant(span).because("what is missing here has no type")),
            },
            ("some", [arg]) => {
                let inner = match want {
                    Some(Type::Maybe(value)) => Some(&**value),
                    _ => None,
                };
                let Some(value) = &arg.value else {
                    return Err(not_constant(span));
                };
                let (ty, value) = self.value(value, inner)?;
                let value = Constant::Maybe(Some(Box::new(value)));
                Ok((Type::Maybe(Box::new(ty)), value))
            }
            _ => match self.scope.symbol(name) {
                Some(Symbol::Struct(item)) => self.structure(item, name, args, want, span),
                Some(Symbol::Broken) => Ok(UNKNOWN),
                _ => Err(not_constant(span)),
            },
        }
    }

    fn structure(
        &self,
        item: usize,
        name: &Name,
        args: &[Arg],
        want: Option<&Type>,
        span: Span,
    ) -> Known {
        let scope = self.scope;
        let instances = scope.instances.iter();
        let of_item: Vec<usize> = instances
            .filter(|((of, _), _)| *of == item)
            .map(|(_, index)| *index)
            .collect();
        let wanted = match want {
            Some(Type::Struct(index)) if of_item.contains(index) => Some(*index),
            _ => None,
        };
        let plain = || scope.instances.get(&(item, Generics::default())).copied();
        let Some(index) = wanted.or_else(plain) else {
            let generic = scope.struct_items.get(item);
            if generic.is_some_and(|item| item.generics().is_empty()) {
                return Ok(UNKNOWN);
            }
            let message = format!("which `{}` this is cannot be seen here", name.text);
            return Err(Diagnostic::error(Code::E0206, name.span, message)
                .help("state its type, as in `const ORIGIN: Point<u64> = ...;`"));
        };
        let Some(declared) = scope.hir.structs.get(index) else {
            return Ok(UNKNOWN);
        };
        let order = scope.field_order(index, args, span)?;
        let mut values = Vec::new();
        for (field, at) in declared.fields.iter().zip(order) {
            let Some(value) = args.get(at).and_then(|arg| arg.value.as_ref()) else {
                return Err(not_constant(span));
            };
            let (ty, value) = self.value(value, Some(&field.ty))?;
            if ty == Type::Unknown {
                return Ok(UNKNOWN);
            }
            values.push(value);
        }
        Ok((Type::Struct(index), Constant::Many(values)))
    }

    /// A value as one of the wanted type, if nothing gets lost.
    fn fitted(&self, value: (Type, Constant), want: &Type, span: Span) -> Known {
        let hir = &self.scope.hir;
        let misfit = |value: i128| {
            let name = hir.type_name(want);
            let message = format!("{} does not fit in {name}", grouped(value));
            Diagnostic::error(Code::E0501, span, message)
        };
        let constant = match (&value.0, &value.1, want) {
            (Type::Unknown, ..) | (_, _, Type::Unknown) => return Ok(UNKNOWN),
            (Type::Int(_), Constant::Int(v), Type::Int(int)) => {
                let range = int.range();
                if *v < range.low || *v > range.high {
                    return Err(misfit(*v));
                }
                Constant::Int(*v)
            }
            (Type::Int(IntType::Literal), Constant::Int(v), Type::Fix(fix)) => {
                let scaled = number::shifted(*v, fix.fraction).filter(|s| number::fits(*s, *fix));
                Constant::Fix(scaled.ok_or_else(|| misfit(*v))?)
            }
            (Type::Fix(from), Constant::Fix(v), Type::Fix(to)) if from.fraction <= to.fraction => {
                let scaled = number::shifted(*v, to.fraction - from.fraction);
                match scaled.filter(|s| number::fits(*s, *to)) {
                    Some(scaled) => Constant::Fix(scaled),
                    None => return Err(misfit(number::halved(*v, from.fraction))),
                }
            }
            (Type::Str, Constant::Text(text), Type::Text(len)) => {
                let most = usize::try_from(*len).unwrap_or(usize::MAX);
                if text.len() > most {
                    let message = format!("the text has {} bytes, more than {len}", text.len());
                    return Err(Diagnostic::error(Code::E0501, span, message));
                }
                let mut bytes = text.clone().into_bytes();
                bytes.resize(most, 0);
                Constant::Bytes(bytes)
            }
            (Type::List(_, is), Constant::Many(_), Type::List(_, needed)) if is != needed => {
                let words = |length: &Length| match length.fixed {
                    1 => "one element".to_owned(),
                    n => format!("{} elements", grouped(n.into())),
                };
                let message = format!(
                    "a list of {} is needed, and this one has {}",
                    words(needed),
                    words(is)
                );
                return Err(Diagnostic::error(Code::E0206, span, message));
            }
            (ty, ..) if *ty == *want => return Ok(value),
            (ty, ..) => {
                let (is, needed) = (hir.type_name(ty), hir.type_name(want));
                let message = format!("`{needed}` is needed here, and this is `{is}`");
                return Err(Diagnostic::error(Code::E0206, span, message));
            }
        };
        Ok((want.clone(), constant))
    }
}

/// What the operands of arithmetic should be: only a number with a point has to be known before it is read.
fn numeric(want: Option<&Type>) -> Option<&Type> {
    want.filter(|ty| matches!(ty, Type::Fix(_)))
}

/// "A constant is needed".
pub(crate) fn not_constant(span: Span) -> Diagnostic {
    Diagnostic::error(Code::E0212, span, "a constant is needed here")
        .help("write a number, or declare `const NAME: u64 = ...;`")
}

fn negative(span: Span) -> Diagnostic {
    Diagnostic::error(
        Code::E0212,
        span,
        "a number that is not negative is needed here",
    )
}

fn too_long(span: Span) -> Diagnostic {
    let most = grouped(MAX_WIDTH.into());
    let message = format!("a value holds at most {most} single values");
    Diagnostic::error(Code::E0601, span, message)
}
