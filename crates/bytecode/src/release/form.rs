//! How a number of a row is made of its columns, as far as it limits what one of them can pick of another.
//!
//! What picks is a number that whoever writes the program has put between columns: of `income + 1000 * age` the largest is
//! the income of the oldest, and `income / (1000 * (age - 65) + 1)` is the income of who is 65. The sum of two columns
//! as they were given, or their quotient, is a number of the row like others.

/// The forms that are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// Any formula.
    #[default]
    Other,
    /// One column, as it was given.
    Column,
    /// A sum or difference of different columns as they were given, and of what everyone knows.
    Total,
    /// A multiple of a total, as everyone knows it.
    Multiple,
    /// A product of different columns as they were given, and of what everyone knows.
    Product,
    /// The same of columns of which one may be there several times.
    Power,
}

impl Form {
    /// Of a sum or difference. `apart`: whether no column is in both.
    #[must_use]
    pub fn plus(self, other: Form, apart: bool) -> Form {
        match (self, other) {
            (Form::Column | Form::Total, Form::Column | Form::Total) if apart => Form::Total,
            _ => Form::Other,
        }
    }

    /// Of a sum with what everyone knows.
    #[must_use]
    pub fn shifted(self) -> Form {
        match self {
            Form::Column | Form::Total => Form::Total,
            _ => Form::Other,
        }
    }

    /// Of a product. `apart`: whether no column is in both.
    #[must_use]
    pub fn times(self, other: Form, apart: bool) -> Form {
        let is_product = |form| matches!(form, Form::Column | Form::Product);
        match (self, other) {
            (Form::Power, Form::Column | Form::Product | Form::Power)
            | (Form::Column | Form::Product, Form::Power) => Form::Power,
            _ if !is_product(self) || !is_product(other) => Form::Other,
            _ if apart => Form::Product,
            _ => Form::Power,
        }
    }

    /// Of a product with what everyone knows.
    #[must_use]
    pub fn scaled(self) -> Form {
        match self {
            Form::Column | Form::Product => Form::Product,
            Form::Total | Form::Multiple => Form::Multiple,
            Form::Power => Form::Power,
            Form::Other => Form::Other,
        }
    }

    /// Whether each column counts in it as it was given: an order by it is no order by one of several columns unless these
    /// were given so.
    #[must_use]
    pub fn is_even(self) -> bool {
        !matches!(self, Form::Power | Form::Other)
    }

    /// Whether it may divide another column, where it is never 0: it is small for no row of the program's choice.
    #[must_use]
    pub fn divides(self) -> bool {
        self != Form::Other
    }
}

#[cfg(test)]
mod tests {
    use super::Form;

    #[test]
    fn a_factor_ends_a_total_and_a_summand_a_product() {
        let column = Form::Column;
        assert_eq!(column.plus(column, true), Form::Total);
        assert_eq!(column.shifted(), Form::Total);
        assert_eq!(column.scaled(), Form::Product);
        assert_eq!(column.times(column, true), Form::Product);
        assert_eq!(column.times(column, false), Form::Power);
        // Twice a column, a multiple beside another, and a difference as a factor.
        assert_eq!(column.plus(column, false), Form::Other);
        assert_eq!(column.scaled().plus(column, true), Form::Other);
        assert_eq!(column.scaled().shifted(), Form::Other);
        let multiple = column.shifted().scaled();
        assert_eq!(multiple, Form::Multiple);
        assert_eq!(multiple.shifted(), Form::Other);
        assert_eq!(multiple.plus(column, true), Form::Other);
        assert_eq!(multiple.times(column, true), Form::Other);
        assert_eq!(column.shifted().times(column, true), Form::Other);
        assert_eq!(column.times(column, false).times(column, true), Form::Power);
        assert!(!Form::Power.is_even() && Form::Power.divides());
    }
}
