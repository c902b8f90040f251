//! The library: what [`Builtin`] says, one family per module. Families are pure functions of values; only what needs the run itself
//! is done here.

mod count;
mod element;
mod key;
mod matrix;
mod moments;
mod order;
mod reduce;
mod set;

use super::machine::Machine;
use super::operator::{depth, fits, scalar};
use super::refusal::{Run, internal};
use crate::hir::{Builtin, Expr, Hir, Type};
use crate::value::Value;

/// A call with its arguments known.
struct Call<'c> {
    hir: &'c Hir,
    /// What it gives.
    ty: &'c Type,
    /// Of the arguments.
    types: Vec<&'c Type>,
    args: Vec<Value>,
}

impl Call<'_> {
    fn arg(&self, place: usize) -> Option<&Value> {
        self.args.get(place)
    }

    /// The elements of a vector.
    fn elements(&self, place: usize) -> Option<&[Value]> {
        self.arg(place)?.elements()
    }

    /// The numbers of a vector, of `fix` scaled.
    fn numbers(&self, place: usize) -> Option<Vec<i128>> {
        self.elements(place)?.iter().map(Value::number).collect()
    }

    /// The truth values of a vector.
    fn truths(&self, place: usize) -> Option<Vec<bool>> {
        self.elements(place)?.iter().map(Value::truth).collect()
    }

    /// A public whole number.
    fn known(&self, place: usize) -> Option<i128> {
        match self.arg(place)? {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// A public whole number that is not negative.
    fn size(&self, place: usize) -> Option<usize> {
        usize::try_from(self.known(place)?).ok()
    }

    /// A number as one of the type, or of the elements of the type, that the call gives.
    fn of_result(&self, number: i128) -> Value {
        of_type(number, scalar(self.ty))
    }

    /// How many names the enumeration of an argument has.
    fn variants(&self, place: usize) -> Option<usize> {
        match scalar(self.types.get(place)?) {
            Type::Enum(of) => Some(self.hir.enums.get(*of)?.variants.len()),
            _ => None,
        }
    }
}

/// A number as one of the type, of `fix` scaled.
fn of_type(number: i128, ty: &Type) -> Value {
    match ty {
        Type::Fix(fix) => Value::Fixed {
            fraction: fix.fraction,
            scaled: number,
        },
        _ => Value::Number(number),
    }
}

/// The element type of a number, with a `maybe` around it taken away.
fn inner(ty: &Type) -> &Type {
    match scalar(ty) {
        Type::Maybe(ty) => scalar(ty),
        ty => ty,
    }
}

/// The sum of numbers, divided as `/` divides.
fn quotient(sum: i128, count: i128, ty: &Type) -> Option<i128> {
    match ty {
        Type::Fix(_) => super::operator::nearest(sum, count),
        _ if count == 0 => Some(0),
        _ => sum.checked_div(count),
    }
}

impl Machine<'_> {
    /// A function of the library.
    pub(super) fn call(&mut self, expr: &Expr, builtin: Builtin, args: &[Expr]) -> Run<Value> {
        use Builtin as B;
        let values = self.values(args)?;
        let elements = values
            .iter()
            .filter_map(Value::elements)
            .map(<[Value]>::len)
            .sum();
        self.work(elements)?;
        let call = Call {
            hir: self.hir,
            ty: &expr.ty,
            types: args.iter().map(|arg| &arg.ty).collect(),
            args: values,
        };
        let value = match builtin {
            B::Lookup => self.lookup(&call)?,
            B::LogReg => {
                let columns = call.elements(0).map_or(0, <[Value]>::len);
                let steps = call.size(3).unwrap_or(0);
                self.work(elements.saturating_mul(columns + 1).saturating_mul(steps))?;
                pure(builtin, &call)
            }
            B::OwnerAt => self.owner_at(args, &call),
            B::Keygen => {
                self.keys += 1;
                Some(Value::Key(Some(self.world.keys + self.keys)))
            }
            B::Random => Some(Value::Number(0)),
            B::RandomBits => {
                let len = self.length(call.size(0).unwrap_or(0) as u64)?;
                Some(Value::list(vec![Value::Truth(false); len]))
            }
            B::Top => {
                self.length(call.size(1).unwrap_or(0) as u64)?;
                pure(builtin, &call)
            }
            _ => pure(builtin, &call),
        };
        match value {
            Some(value) if all_fit(&value, &expr.ty) => Ok(value),
            Some(_) => self.overflow(expr),
            None => internal(
                expr.span,
                format!("`{}` cannot be applied to this", builtin.name()),
            ),
        }
    }

    fn lookup(&mut self, call: &Call) -> Run<Option<Value>> {
        let [vector, _] = call.types[..] else {
            return Ok(None);
        };
        let Some(element) = vector.element() else {
            return Ok(None);
        };
        let zero = self.zero(element, crate::Span::default())?;
        Ok(element::lookup(call, &zero))
    }

    fn owner_at(&self, args: &[Expr], call: &Call) -> Option<Value> {
        let Type::Rows(_, collection) = &args.first()?.ty else {
            return None;
        };
        let Value::Place(place) = call.arg(1)? else {
            return None;
        };
        let giver = self.rows.get(collection)?.givers.get(*place).cloned();
        Some(Value::Account(
            giver.unwrap_or(crate::value::Account::Nobody),
        ))
    }
}

fn all_fit(value: &Value, ty: &Type) -> bool {
    match (value, ty) {
        (Value::List(items), Type::List(element, _) | Type::Rows(element, _)) => {
            !element.is_numeric() || items.iter().all(|item| all_fit(item, element))
        }
        (Value::Tuple(parts), Type::Tuple(types)) => {
            parts.iter().zip(types).all(|(part, ty)| all_fit(part, ty))
        }
        (Value::Maybe(Some(value)), Type::Maybe(ty)) => all_fit(value, ty),
        _ => fits(value, ty),
    }
}

fn pure(builtin: Builtin, call: &Call) -> Option<Value> {
    use Builtin as B;
    match builtin {
        B::Sum
        | B::Mean
        | B::Min
        | B::Max
        | B::ArgMin
        | B::ArgMax
        | B::Top2
        | B::Median
        | B::Quantile
        | B::Highest => reduce::numbers(builtin, call),
        B::CountTrue | B::Any | B::All | B::SumWhere | B::MeanWhere | B::Contains => {
            reduce::truths(builtin, call)
        }
        B::Variance
        | B::StdDev
        | B::Covariance
        | B::Corr
        | B::MeanSquare
        | B::Dot
        | B::Distance2 => moments::apply(builtin, call),
        B::Rank | B::RankDesc | B::PrefixSums | B::Sort | B::SortDesc | B::SortBy | B::Top => {
            order::apply(builtin, call)
        }
        B::Shuffle => call.arg(0).cloned(),
        B::Histogram | B::HistogramEnum => count::histogram(call),
        B::CellCount | B::CellSum | B::CellMean | B::CellMedian | B::CellMin | B::CellMax => {
            count::cells(builtin, call)
        }
        B::Distinct | B::Psi | B::PsiCount | B::Join => set::apply(builtin, call),
        B::MatMul => matrix::product(call),
        B::LinReg => matrix::regression(call),
        B::LogReg => matrix::logistic_regression(call),
        B::PublicKey | B::Sign | B::Ecdh | B::Digest => key::apply(builtin, call),
        _ => element::apply(builtin, call, depth(call.ty)),
    }
}
