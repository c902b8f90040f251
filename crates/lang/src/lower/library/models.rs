//! Matrices and models.

use super::{Form, Function, Give, Take};
use crate::hir::Builtin;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "matmul",
        form: Form::Function,
        builtin: Builtin::MatMul,
        takes: &[("a", Take::Matrix), ("b", Take::Matrix)],
        gives: Give::Product,
        meaning: "the product of two matrices",
    },
    Function {
        name: "linreg",
        form: Form::Function,
        builtin: Builtin::LinReg,
        takes: &[
            ("x", Take::Columns),
            ("y", Take::Column),
            ("ridge", Take::Penalty),
        ],
        gives: Give::Coefficients,
        meaning: "intercept and coefficients that minimise the squared error, with a penalty on large ones",
    },
    Function {
        name: "linreg",
        form: Form::Function,
        builtin: Builtin::LinReg,
        takes: &[("x", Take::Columns), ("y", Take::Column)],
        gives: Give::Coefficients,
        meaning: "intercept and coefficients that minimise the squared error",
    },
    Function {
        name: "ridge",
        form: Form::Function,
        builtin: Builtin::LinReg,
        takes: &[
            ("x", Take::Columns),
            ("y", Take::Column),
            ("penalty", Take::Penalty),
        ],
        gives: Give::Coefficients,
        meaning: "the same as `linreg` with a penalty on large coefficients",
    },
    Function {
        name: "logreg_train",
        form: Form::Function,
        builtin: Builtin::LogReg,
        takes: &[
            ("x", Take::Columns),
            ("y", Take::Column),
            ("rate", Take::Penalty),
            ("steps", Take::Steps),
        ],
        gives: Give::Coefficients,
        meaning: "intercept and weights of a logistic regression, by gradient descent",
    },
];
