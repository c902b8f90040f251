//! Types as they are written.

use super::{Curve, FixType, Hir, Length, Type};

impl Hir {
    /// A type as it is written in a source, for messages.
    #[must_use]
    pub fn type_name(&self, ty: &Type) -> String {
        let of = |name: Option<&String>| name.cloned().unwrap_or_default();
        match ty {
            Type::Bool => "bool".to_owned(),
            Type::Int(int) => int.name().to_owned(),
            Type::Fix(FixType::DEFAULT) => "fix".to_owned(),
            Type::Fix(fix) => format!("fix<{}, {}>", fix.integer, fix.fraction),
            Type::Enum(index) => of(self.enums.get(*index).map(|e| &e.name)),
            Type::Struct(index) => of(self.structs.get(*index).map(|s| &s.name)),
            Type::Id => "id".to_owned(),
            Type::Bytes(32) => "hash".to_owned(),
            Type::Bytes(len) => format!("bytes<{len}>"),
            Type::Text(len) => format!("text<{len}>"),
            Type::Str => "string".to_owned(),
            Type::Key(Curve::Secp256k1) => "key<secp256k1>".to_owned(),
            Type::Key(Curve::Ed25519) => "key<ed25519>".to_owned(),
            Type::Maybe(value) => format!("maybe<{}>", self.type_name(value)),
            Type::Tuple(parts) => {
                let parts: Vec<String> = parts.iter().map(|part| self.type_name(part)).collect();
                format!("({})", parts.join(", "))
            }
            Type::List(element, length) => {
                format!(
                    "[{}; {}]",
                    self.type_name(element),
                    self.length_name(length)
                )
            }
            Type::Rows(element, index) => {
                let name = of(self.collections.get(*index).map(|c| &c.name));
                format!("{} per {name}", self.type_name(element))
            }
            Type::Place(_) => "a place among the rows".to_owned(),
            Type::Unknown => "?".to_owned(),
        }
    }

    fn length_name(&self, length: &Length) -> String {
        let collections = length
            .rows
            .iter()
            .filter_map(|index| self.collections.get(*index));
        let mut terms: Vec<String> = collections.map(|c| format!("{}.len()", c.name)).collect();
        if length.fixed > 0 || terms.is_empty() {
            terms.push(length.fixed.to_string());
        }
        terms.join(" + ")
    }
}
