//! How a number of a row is made of its columns, as far as it limits what one of them can pick of another.
//!
//! What picks is a number that whoever writes the program has put between columns: of `income + 1000 * age` the largest is
//! the income of the oldest, and `income / (1000 * (age - 65) + 1)` is the income of who is 65. The sum of two columns
//! as they were given, or their quotient, is a number of the row like others.

use crate::interval::Wide;

/// Of the columns of a total none is declared more than so many times as wide as another: a wider one has room for names beside
/// the other, and what stands at a place in the order of the totals would be somebody's.
const ALIKE: i128 = 4;
/// The most that the largest value of a product that divides is of the smallest: what is divided by it is nowhere
/// as good as nothing.
const STEEPEST: i128 = 32;

/// The forms that are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// Any formula.
    #[default]
    Other,
    /// A sum or difference of different columns as they were given, and of what is the same for all rows; or one column.
    Total(Widths),
    /// One of these times what is the same for all rows.
    Multiple,
    /// A product of any of them.
    Product,
}

/// How wide the ranges of columns are, as they are declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Widths {
    least: i128,
    most: i128,
}

impl Form {
    /// A column whose numbers lie in this range.
    #[must_use]
    pub fn column(range: Wide) -> Form {
        let width = range.high.saturating_sub(range.low);
        Form::Total(Widths {
            least: width,
            most: width,
        })
    }

    /// Of a sum or difference. `apart`: whether no column is in both.
    #[must_use]
    pub fn plus(self, other: Form, apart: bool) -> Form {
        let (Form::Total(a), Form::Total(b)) = (self, other) else {
            return Form::Other;
        };
        let both = Widths {
            least: a.least.min(b.least),
            most: a.most.max(b.most),
        };
        let alike = both.most <= both.least.saturating_mul(ALIKE);
        match apart && alike {
            true => Form::Total(both),
            false => Form::Other,
        }
    }

    /// Of a sum with what is the same for all rows.
    #[must_use]
    pub fn shifted(self) -> Form {
        match self {
            Form::Total(_) => self,
            Form::Multiple | Form::Product | Form::Other => Form::Other,
        }
    }

    /// Of a product.
    #[must_use]
    pub fn times(self, other: Form) -> Form {
        match (self, other) {
            (Form::Other, _) | (_, Form::Other) => Form::Other,
            _ => Form::Product,
        }
    }

    /// Of a product with what is the same for all rows.
    #[must_use]
    pub fn scaled(self) -> Form {
        match self {
            Form::Total(_) | Form::Multiple => Form::Multiple,
            Form::Product => Form::Product,
            Form::Other => Form::Other,
        }
    }

    /// Whether each column counts in it as it was given, so that an order by it is no order by one of several.
    #[must_use]
    pub fn is_even(self) -> bool {
        matches!(self, Form::Total(_) | Form::Multiple)
    }

    /// Whether a number that lies in `range` may divide another column: it is near 0, or next to nothing of what it is
    /// elsewhere, for no rows of the program's choice.
    #[must_use]
    pub fn divides(self, range: Wide) -> bool {
        let (least, most) = match range.low > 0 {
            true => (range.low, range.high),
            false => (range.high.saturating_neg(), range.low.saturating_neg()),
        };
        match self {
            Form::Other => false,
            Form::Total(_) | Form::Multiple => least > 0,
            Form::Product => least > 0 && most <= least.saturating_mul(STEEPEST),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Form;
    use crate::interval::Wide;

    fn upto(high: i128) -> Wide {
        Wide { low: 1, high }
    }

    #[test]
    fn a_factor_ends_a_total_and_a_summand_a_product() {
        let (small, large) = (Form::column(upto(10)), Form::column(upto(37)));
        let both = small.plus(large, true);
        assert!(both.is_even() && both.shifted() == both);
        // Twice a column, a multiple beside another.
        assert_eq!(small.plus(small, false), Form::Other);
        let multiple = both.shifted().scaled();
        assert_eq!(multiple, Form::Multiple);
        assert_eq!(multiple.shifted(), Form::Other);
        assert_eq!(multiple.plus(small, true), Form::Other);
        assert_eq!(multiple.times(small), Form::Product);
        assert_eq!(small.times(small).plus(small, true), Form::Other);
        assert_eq!(small.times(small).shifted(), Form::Other);
        assert_eq!(both.times(Form::Other), Form::Other);
    }

    #[test]
    fn a_number_that_is_a_name_ends_a_total() {
        let (score, name) = (Form::column(upto(10)), Form::column(upto(1_000)));
        assert_eq!(score.plus(name, true), Form::Other);
        assert_eq!(name.plus(score, true), Form::Other);
        // Others between them, and many of one kind, do not change how wide they are.
        let between = score.plus(Form::column(upto(37)), true);
        assert_eq!(between.plus(name, true), Form::Other);
        let many = (0..100).fold(score, |total, _| total.plus(score, true));
        assert_eq!(many, score);
    }

    #[test]
    fn what_divides_is_never_near_nothing() {
        let below = Wide { low: -9, high: -1 };
        let total = Form::column(upto(10));
        assert!(total.divides(upto(1_000)) && Form::Multiple.divides(below));
        assert!(!total.divides(Wide { low: 0, high: 9 }));
        assert!(!total.divides(Wide { low: -9, high: 0 }));
        assert!(!total.divides(Wide { low: -1, high: 1 }));
        assert!(Form::Product.divides(upto(32)) && !Form::Product.divides(upto(33)));
        assert!(Form::Product.divides(below) && !Form::Other.divides(upto(2)));
    }
}
