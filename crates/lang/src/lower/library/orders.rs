//! Orders and counts: vectors of what a vector holds.

use super::{Form, Function, Give, Take};
use crate::hir::Builtin;

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "rank",
        form: Form::Method,
        builtin: Builtin::Rank,
        takes: &[("values", Take::Numbers)],
        gives: Give::Ranks,
        meaning: "for each, 1 and how many are smaller",
    },
    Function {
        name: "rank_desc",
        form: Form::Method,
        builtin: Builtin::RankDesc,
        takes: &[("values", Take::Numbers)],
        gives: Give::Ranks,
        meaning: "for each, 1 and how many are larger",
    },
    Function {
        name: "sort",
        form: Form::Method,
        builtin: Builtin::Sort,
        takes: &[("values", Take::Numbers)],
        gives: Give::SameList,
        meaning: "a list of them, ascending",
    },
    Function {
        name: "sort_desc",
        form: Form::Method,
        builtin: Builtin::SortDesc,
        takes: &[("values", Take::Numbers)],
        gives: Give::SameList,
        meaning: "a list of them, descending",
    },
    Function {
        name: "sort_by",
        form: Form::Method,
        builtin: Builtin::SortBy,
        takes: &[("values", Take::Vector), ("keys", Take::SortKeys)],
        gives: Give::SameList,
        meaning: "a list of them, keys ascending",
    },
    Function {
        name: "distinct",
        form: Form::Method,
        builtin: Builtin::Distinct,
        takes: &[("values", Take::Values)],
        gives: Give::MissingList,
        meaning: "a list of them, each value once, missing where it stood before",
    },
    Function {
        name: "shuffle",
        form: Form::Method,
        builtin: Builtin::Shuffle,
        takes: &[("values", Take::Vector)],
        gives: Give::SameList,
        meaning: "a list of them, in an order that nobody knows",
    },
    Function {
        name: "prefix_sums",
        form: Form::Method,
        builtin: Builtin::PrefixSums,
        takes: &[("values", Take::Numbers)],
        gives: Give::SumList,
        meaning: "a list of the sums up to each element",
    },
    Function {
        name: "histogram",
        form: Form::Method,
        builtin: Builtin::Histogram,
        takes: &[("values", Take::Numbers), ("edges", Take::Edges)],
        gives: Give::Bands,
        meaning: "how many lie below the first edge, from each edge to the next, and from the last on",
    },
    Function {
        name: "histogram",
        form: Form::Method,
        builtin: Builtin::HistogramEnum,
        takes: &[("names", Take::Names)],
        gives: Give::PerName,
        meaning: "how often each name occurs",
    },
];
