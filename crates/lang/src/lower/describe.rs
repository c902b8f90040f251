//! Types in words.

use super::Body;
use crate::hir::Type;

impl Body<'_> {
    /// One value of the type, in words.
    pub(super) fn describe(&self, ty: &Type) -> String {
        match ty {
            Type::Bool => "a truth value".to_owned(),
            Type::Int(_) => "a number".to_owned(),
            Type::Fix(_) => "a number in fixed point".to_owned(),
            Type::Id => "an account".to_owned(),
            Type::Bytes(32) => "a hash".to_owned(),
            Type::Text(_) | Type::Str => "a text".to_owned(),
            Type::Key(_) => "a key".to_owned(),
            Type::Maybe(_) => "a value that may be missing".to_owned(),
            Type::Place(_) => "a place among the rows".to_owned(),
            Type::Rows(_, index) => {
                format!("one value per row of `{}`", self.collection_name(*index))
            }
            Type::Unknown => "unknown".to_owned(),
            Type::Enum(_) | Type::Struct(_) => format!("a `{}`", self.scope.hir.type_name(ty)),
            Type::List(..) => format!("a list `{}`", self.scope.hir.type_name(ty)),
            _ => format!("`{}`", self.scope.hir.type_name(ty)),
        }
    }

    /// Two types that are not the same, in words that tell them apart.
    pub(super) fn told_apart(&self, a: &Type, b: &Type) -> (String, String) {
        let words = (self.describe(a), self.describe(b));
        if words.0 != words.1 {
            return words;
        }
        (
            format!("`{}`", self.scope.hir.type_name(a)),
            format!("`{}`", self.scope.hir.type_name(b)),
        )
    }

    pub(super) fn collection_name(&self, index: usize) -> &str {
        let collection = self.scope.hir.collections.get(index);
        collection.map_or("?", |collection| &collection.name)
    }
}

/// `2 arguments`, `1 argument`, `no arguments`.
pub(super) fn counted(count: usize, what: &str) -> String {
    match count {
        0 => format!("no {what}s"),
        1 => format!("one {what}"),
        n => format!("{n} {what}s"),
    }
}
