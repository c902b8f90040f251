//! A call of the library with its values, and what is the same for many functions.

use enigma_bytecode::interval::Wide;

use crate::flow::expression::scalar;
use crate::flow::numbers::Op;
use crate::flow::operator::{COMPARISON_ROUNDS, shifted_down};
use crate::flow::sources::Combination;
use crate::flow::value::{Leaf, Value, weighted};
use crate::flow::walk::Walk;
use crate::hir::{Builtin, Expr, Type};

/// A call with its values.
pub(super) struct Call<'c> {
    pub(super) expr: &'c Expr,
    pub(super) builtin: Builtin,
    pub(super) args: &'c [Expr],
    pub(super) values: &'c [Value],
}

impl Call<'_> {
    /// All of an argument as one leaf.
    pub(super) fn whole(&self, index: usize, walk: &mut Walk<'_>) -> Leaf {
        match self.values.get(index) {
            Some(value) => {
                let how = Combination::Number;
                value.whole(how, &mut walk.numbers)
            }
            None => {
                let number = walk.numbers.fresh();
                Leaf::public(None, number)
            }
        }
    }

    /// All arguments as one leaf, with the number of the call. Some functions, like `saturating_add`, depend on their type.
    pub(super) fn combined(&self, how: Combination, walk: &mut Walk<'_>) -> Leaf {
        let mut key = vec![self.builtin as u32, type_word(&self.expr.ty)];
        let mut all: Option<Leaf> = None;
        for index in 0..self.values.len() {
            let next = self.whole(index, walk);
            key.push(next.number);
            all = Some(match all {
                None => next,
                Some(so_far) => {
                    let (moves, range) = (weighted(&so_far.moves, 1, &next.moves, 1), so_far.range);
                    let mut both = so_far.combine(&next, how, next.number);
                    both.moves = moves;
                    both.range = range;
                    both
                }
            });
        }
        let number = walk.numbers.of(Op::Call, &key);
        match all {
            Some(leaf) => Leaf { number, ..leaf },
            None => Leaf::public(None, number),
        }
    }

    /// Whether a reduction that is not linear lets one column of a row pick another. A sum of products with truth values is a
    /// sum of those that are picked.
    pub(super) fn picks_in_all_rows(&self, walk: &mut Walk<'_>) -> bool {
        use Builtin as B;
        let (a, b) = (self.whole(0, walk), self.whole(1, walk));
        match self.builtin {
            B::Sum | B::Mean | B::CountTrue | B::Any | B::All | B::SumWhere | B::MeanWhere => false,
            B::Dot => a.picks(&b) && !(a.is_bit() && b.is_bit()),
            B::Min | B::Max | B::Median | B::Quantile | B::Highest | B::Top2 => {
                self.compares_columns(&a) || a.orders_itself()
            }
            _ => a.combine(&b, Combination::Number, a.number).picks_itself(),
        }
    }

    /// Whether the elements of a list that the function compares are several columns of a row: of those it lets one through.
    pub(super) fn compares_columns(&self, whole: &Leaf) -> bool {
        let of_rows = matches!(self.args.first().map(|a| &a.ty), Some(Type::Rows(..)));
        !of_rows && whole.columns.len() > 1
    }

    /// The same of a function of elements; `whole` is made of its arguments. The smaller, larger and cut number, and the
    /// magnitude, are a comparison and a selection in one.
    pub(super) fn picks_in_each_row(&self, whole: &Leaf, walk: &mut Walk<'_>) -> bool {
        let is_selection = computes(self.builtin) || self.builtin == Builtin::Lookup;
        let mut places = 0..self.values.len();
        let is_decided = places.any(|place| !self.whole(place, walk).deciding.is_empty());
        whole.columns.len() > 1 && (is_selection || is_decided)
    }

    /// The index spaces of the first arguments.
    pub(super) fn spaces(&self, arguments: usize) -> Vec<usize> {
        let types = self.args.iter().take(arguments).map(|a| &a.ty);
        let spaces = types.filter_map(|ty| match ty {
            Type::Rows(_, collection) => Some(*collection),
            _ => None,
        });
        spaces.collect()
    }

    /// Bits behind the point, of `fix`.
    pub(super) fn fraction(&self) -> Option<u32> {
        match scalar(&self.expr.ty) {
            Type::Fix(fix) => Some(fix.fraction),
            _ => None,
        }
    }
}

/// Stands for a scalar type in a number.
fn type_word(ty: &Type) -> u32 {
    match scalar(ty) {
        Type::Int(int) => 1 + *int as u32,
        Type::Fix(fix) => 1 << 16 | fix.integer << 8 | fix.fraction,
        Type::Maybe(inner) => 1 << 17 | type_word(inner),
        _ => 0,
    }
}

/// Whether it makes a number of numbers, by other than sums and products.
fn computes(builtin: Builtin) -> bool {
    use Builtin as B;
    matches!(
        builtin,
        B::Max2
            | B::Min2
            | B::Clamp
            | B::Abs
            | B::Sqrt
            | B::Exp
            | B::Ln
            | B::Sigmoid
            | B::CheckedDiv
            | B::WrappingAdd
            | B::WrappingSub
            | B::WrappingMul
            | B::SaturatingAdd
            | B::SaturatingSub
            | B::SaturatingMul
    )
}

/// Whether element i of the result is made of elements i, so that what counts the rows of a cell still does.
pub(super) fn keeps_places(builtin: Builtin) -> bool {
    use Builtin as B;
    match builtin {
        B::IsSome | B::Or => true,
        // These make cells, in whose order their values are.
        B::Histogram
        | B::HistogramEnum
        | B::CellCount
        | B::CellSum
        | B::CellMean
        | B::CellMedian
        | B::CellMin
        | B::CellMax => true,
        _ => computes(builtin),
    }
}

/// The collections of which these hold all rows: columns, lists of columns, and lists as long as a collection, which are made of
/// all its rows only.
pub(super) fn whole_spaces(types: &[&Type]) -> Vec<usize> {
    let mut spaces = Vec::new();
    for ty in types {
        match ty {
            Type::Rows(_, collection) => spaces.push(*collection),
            Type::List(element, length) => {
                spaces.extend(&length.rows);
                spaces.extend(whole_spaces(&[element]));
            }
            _ => {}
        }
    }
    spaces
}

/// The collections of which these are columns, or lists of columns.
pub(super) fn column_spaces(types: &[&Type]) -> Vec<usize> {
    let mut spaces = Vec::new();
    for ty in types {
        match ty {
            Type::Rows(_, collection) => spaces.push(*collection),
            Type::List(element, _) => spaces.extend(column_spaces(&[element])),
            _ => {}
        }
    }
    spaces
}

/// Whether elements stand at the places of rows, or in a whole list of them.
pub(super) fn has_space(ty: &Type) -> bool {
    match ty {
        Type::Rows(..) => true,
        Type::List(element, length) => !length.rows.is_empty() || has_space(element),
        _ => false,
    }
}

pub(super) fn bigger(a: Wide, b: Wide) -> Wide {
    Wide {
        low: a.low.max(b.low),
        high: a.high.max(b.high),
    }
}

pub(super) fn smaller(a: Wide, b: Wide) -> Wide {
    Wide {
        low: a.low.min(b.low),
        high: a.high.min(b.high),
    }
}

/// |mean((x - mean x)(y - mean y))| <= width(x) width(y), and a little for rounding.
pub(super) fn spread(x: Wide, y: Wide, fraction: Option<u32>) -> Wide {
    let width = |w: Wide| Wide {
        low: 0,
        high: w.high.saturating_sub(w.low),
    };
    let product = width(x).times(width(y));
    let scaled = fraction.map_or(product, |f| shifted_down(product, f));
    scaled.plus(Wide { low: 0, high: 2 })
}

/// The square root, rounded down.
pub(super) fn root(x: i128) -> i128 {
    x.max(0).isqrt()
}

/// Rounds one behind the other, roughly.
pub(super) fn rounds(builtin: Builtin) -> u64 {
    use Builtin as B;
    match builtin {
        B::Sum | B::CountTrue | B::PrefixSums | B::OwnerAt | B::Random | B::RandomBits => 0,
        B::SumWhere | B::Dot | B::Distance2 | B::MeanSquare | B::Lookup => 2,
        B::Min | B::Max | B::ArgMin | B::ArgMax | B::Top2 => 8 * COMPARISON_ROUNDS,
        B::Top
        | B::Sort
        | B::SortDesc
        | B::SortBy
        | B::Median
        | B::Quantile
        | B::Highest
        | B::Distinct
        | B::Psi
        | B::PsiCount
        | B::Join => 16 * COMPARISON_ROUNDS,
        _ => COMPARISON_ROUNDS,
    }
}
