//! What functions of the library take.

use crate::hir::Type;
use crate::lower::operator::is_comparable;
use crate::lower::vector::base;

/// What an argument must be. "As many" is: in the index space of the first argument, or as long a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Take {
    // First arguments: a vector.
    /// Of numbers.
    Numbers,
    /// Of truth values.
    Truths,
    /// Of names of an enumeration.
    Names,
    /// Of anything.
    Vector,
    /// Of anything that can be compared with `==`.
    Values,
    /// Of rows of a collection.
    Rows,
    // Arguments that go with the first.
    /// As many numbers of its kind.
    SameNumbers,
    /// As many truth values, or a lambda on the first.
    Mask,
    /// As many numbers, or a lambda on the first.
    SortKeys,
    /// A vector of what can be compared with elements of the first.
    SameValues,
    /// As many values as the argument before has.
    PerKey,
    /// A value like the elements of the first.
    Element,
    /// A place among the rows of the first.
    Place,
    // Single values, and vectors element by element.
    /// A number.
    Number,
    /// A number that goes with the first.
    SameNumber,
    /// A number in fixed point.
    Fixed,
    /// A whole number.
    Whole,
    /// A whole number that goes with the first.
    SameWhole,
    /// A place in a list.
    Index,
    /// A value that may be missing.
    Missing,
    /// What stands for it where it is missing.
    Default,
    /// A text of a stated length.
    Text,
    // Constants.
    /// A whole number above 0.
    Count,
    /// A whole number that is not negative.
    Share,
    /// A whole number from 1 to as many steps as training may take.
    Steps,
    /// A list of numbers like the elements of the first, ascending.
    Edges,
    /// A number in fixed point, not negative.
    Penalty,
    /// A text.
    Prefix,
    // Matrices.
    /// A list of lists of numbers in fixed point.
    Matrix,
    /// A list of columns of numbers in fixed point.
    Columns,
    /// A column like those.
    Column,
    // Keys and bytes.
    /// A key.
    Key,
    /// A hash.
    Hash,
    /// A public key that goes with the first.
    PublicKey,
    /// Bytes or a text.
    Bytes,
}

impl Take {
    /// In words, as in "`sum` needs ...".
    pub(crate) fn words(self) -> &'static str {
        match self {
            Take::Numbers | Take::Number => "numbers",
            Take::Truths => "truth values",
            Take::Names => "names of an enumeration, or edges of numbers",
            Take::Vector => "a vector",
            Take::Values => "values that can be compared",
            Take::Rows => "rows of a collection",
            Take::SameNumbers => "as many numbers of one kind",
            Take::Mask => "as many truth values",
            Take::SortKeys => "as many numbers as keys",
            Take::SameValues => "a vector of values of one type",
            Take::PerKey => "as many values as keys",
            Take::Element => "a value like those of the vector",
            Take::Place => "one place among the rows",
            Take::SameNumber => "numbers of one kind",
            Take::Fixed => "numbers in fixed point",
            Take::Whole | Take::SameWhole => "whole numbers",
            Take::Index => "a place in the list",
            Take::Missing => "a value that may be missing",
            Take::Default => "a value in its place",
            Take::Text => "a text of a stated length",
            Take::Count => "a constant above 0",
            Take::Share => "a constant",
            Take::Steps => "a constant number of steps",
            Take::Edges => "a constant list of ascending edges",
            Take::Penalty => "a constant that is not negative",
            Take::Prefix => "a public text",
            Take::Matrix => "a list of lists of numbers in fixed point",
            Take::Columns => "a list of columns of numbers in fixed point",
            Take::Column => "one more such column",
            Take::Key => "a key",
            Take::Hash => "a hash",
            Take::PublicKey => "a public key of its curve",
            Take::Bytes => "bytes or a text",
        }
    }

    /// Whether it is a vector whatever its elements are.
    pub(crate) fn is_vector(self) -> bool {
        matches!(
            self,
            Take::Numbers
                | Take::Truths
                | Take::Names
                | Take::Vector
                | Take::Values
                | Take::Rows
                | Take::SameNumbers
                | Take::Mask
                | Take::SortKeys
                | Take::SameValues
                | Take::PerKey
                | Take::Matrix
                | Take::Columns
                | Take::Column
        )
    }

    /// Whether a lambda in its place is one on the elements of the first argument.
    pub(crate) fn is_lambda(self) -> bool {
        matches!(self, Take::Mask | Take::SortKeys)
    }

    /// Whether it is known when the contract is compiled.
    pub(crate) fn is_constant(self) -> bool {
        matches!(self, Take::Count | Take::Share)
    }

    /// Whether a value of the type can be it, looking at nothing else.
    pub(crate) fn accepts(self, ty: &Type) -> bool {
        let element = ty.element();
        let of = |is: fn(&Type) -> bool| element.is_some_and(is);
        let is_number = |ty: &Type| matches!(ty, Type::Int(_) | Type::Fix(_));
        let is_fix = |ty: &Type| matches!(ty, Type::Fix(_));
        match self {
            Take::Numbers | Take::SameNumbers | Take::SortKeys => of(is_number),
            Take::Truths | Take::Mask => of(|ty| *ty == Type::Bool),
            Take::Names => of(|ty| matches!(ty, Type::Enum(_))),
            Take::Vector | Take::PerKey => element.is_some(),
            Take::Values | Take::SameValues => of(is_comparable),
            Take::Rows => matches!(ty, Type::Rows(..)),
            Take::Number | Take::SameNumber => is_number(base(ty)),
            Take::Fixed => is_fix(base(ty)),
            Take::Whole | Take::SameWhole | Take::Index => matches!(base(ty), Type::Int(_)),
            Take::Missing => matches!(base(ty), Type::Maybe(_)),
            Take::Text => matches!(base(ty), Type::Text(_)),
            Take::Count | Take::Share | Take::Steps => matches!(ty, Type::Int(_)),
            Take::Edges => of(is_number),
            Take::Penalty => matches!(ty, Type::Fix(_) | Type::Int(_)),
            Take::Prefix => *ty == Type::Str,
            Take::Matrix => element.and_then(Type::element).is_some_and(is_fix),
            Take::Columns => {
                matches!(ty, Type::List(..)) && element.and_then(Type::element).is_some_and(is_fix)
            }
            Take::Column => of(is_fix),
            Take::Key => matches!(ty, Type::Key(_)),
            Take::Hash => *ty == Type::Bytes(32),
            Take::PublicKey => matches!(ty, Type::Bytes(_)),
            Take::Bytes => matches!(ty, Type::Bytes(_) | Type::Text(_) | Type::Str),
            Take::Place => matches!(ty, Type::Place(_)),
            Take::Element | Take::Default => true,
        }
    }
}
