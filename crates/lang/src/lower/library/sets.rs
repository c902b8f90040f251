//! Sets and tables: what two vectors have in common.

use super::{Form, Function, Give, Take};
use crate::hir::Builtin;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "psi",
        form: Form::Function,
        builtin: Builtin::Psi,
        takes: &[("a", Take::Values), ("b", Take::SameValues)],
        gives: Give::TruthVector,
        meaning: "for each of the first, whether it is among the second",
    },
    Function {
        name: "psi_count",
        form: Form::Function,
        builtin: Builtin::PsiCount,
        takes: &[("a", Take::Values), ("b", Take::SameValues)],
        gives: Give::Count,
        meaning: "how many both have; elements of each are different from each other, see `distinct`",
    },
    Function {
        name: "join",
        form: Form::Function,
        builtin: Builtin::Join,
        takes: &[
            ("a_keys", Take::Values),
            ("b_keys", Take::SameValues),
            ("b_values", Take::PerKey),
        ],
        gives: Give::Joined,
        meaning: "for each key of the first, the value at the first equal key of the second, or nothing",
    },
    Function {
        name: "left_join",
        form: Form::Function,
        builtin: Builtin::Join,
        takes: &[
            ("a_keys", Take::Values),
            ("b_keys", Take::SameValues),
            ("b_values", Take::PerKey),
        ],
        gives: Give::Joined,
        meaning: "the same as `join`, which keeps all rows of the first",
    },
    Function {
        name: "contains",
        form: Form::Method,
        builtin: Builtin::Contains,
        takes: &[("values", Take::Values), ("value", Take::Element)],
        gives: Give::Truth,
        meaning: "whether the value is among them",
    },
    Function {
        name: "lookup",
        form: Form::Method,
        builtin: Builtin::Lookup,
        takes: &[("values", Take::Vector), ("place", Take::Index)],
        gives: Give::Picked,
        meaning: "the value at a place that nobody sees, zero outside",
    },
    Function {
        name: "owner_at",
        form: Form::Method,
        builtin: Builtin::OwnerAt,
        takes: &[("rows", Take::Rows), ("place", Take::Place)],
        gives: Give::Account,
        meaning: "who gave the row at this place",
    },
];
