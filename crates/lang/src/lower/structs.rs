//! Structs built with their name, like `Row(dept: d, income: x)`.

use super::Body;
use super::function::{Wanted, infer};
use crate::hir::{Expr, ExprKind, Type};
use crate::scope::Generics;
use crate::span::Span;
use crate::syntax::ast::{Arg, Name};

impl Body<'_> {
    /// A value of the struct whose declaration has this index.
    pub(super) fn build(
        &mut self,
        item: usize,
        name: &Name,
        args: &[Arg],
        want: Option<&Type>,
        span: Span,
    ) -> Expr {
        let Some(declared) = self.scope.struct_items.get(item).cloned() else {
            return self.poisoned(span);
        };
        let fields: Vec<_> = declared.fields().collect();
        let names: Vec<String> = fields
            .iter()
            .map(|field| field.name().map(|name| name.text).unwrap_or_default())
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let Some(args) = self.arranged(name, args, &names, span) else {
            return self.poisoned(span);
        };
        let generics = declared.generics();
        let (instance, values) = if generics.is_empty() {
            (Generics::default(), None)
        } else if let Some(known) = self.generics_of(item, want) {
            (known, None)
        } else {
            let mut found = Generics::default();
            let mut values = Vec::new();
            for (arg, field) in args.iter().zip(&fields) {
                let value = arg.value.as_ref().map(|value| self.expression(value, None));
                let Some(value) = value else {
                    return self.poisoned(span);
                };
                let value = self.settled(value);
                if let Some(ty) = field.ty() {
                    infer(
                        self.scope,
                        &mut Wanted::new(&generics, &mut found),
                        &ty,
                        &value.ty,
                    );
                }
                values.push(value);
            }
            if !self.all_found(&generics, &found, span) {
                return self.poisoned(span);
            }
            (found, Some(values))
        };
        let ty = self.scope.instance(item, instance, span, self.diagnostics);
        let Type::Struct(index) = ty else {
            return self.poisoned(span);
        };
        let types: Vec<Type> = match self.scope.hir.structs.get(index) {
            Some(made) => made.fields.iter().map(|field| field.ty.clone()).collect(),
            None => return self.poisoned(span),
        };
        let mut parts = Vec::new();
        let mut known = values.map(Vec::into_iter);
        for (i, (arg, ty)) in args.iter().zip(&types).enumerate() {
            let value = match (&mut known, &arg.value) {
                (Some(values), _) => values.next(),
                (None, Some(value)) => Some(self.expression(value, Some(ty))),
                (None, None) => None,
            };
            let Some(value) = value else {
                return self.poisoned(span);
            };
            let at = fields
                .get(i)
                .and_then(|field| field.name())
                .map(|name| name.span);
            parts.push(self.coerce(value, ty, at));
        }
        self.expr(ExprKind::Struct(parts), Type::Struct(index), span)
    }

    /// The generics of the wanted type, if it is an instance of the struct.
    fn generics_of(&self, item: usize, want: Option<&Type>) -> Option<Generics> {
        let Some(Type::Struct(wanted)) = want else {
            return None;
        };
        let mut instances = self.scope.instances.iter();
        let found = instances.find(|((of, _), index)| *of == item && *index == wanted);
        found.map(|((_, generics), _)| generics.clone())
    }
}
