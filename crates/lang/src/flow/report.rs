//! What is said about private values: where they come from, and what would be learned.

use enigma_bytecode::interval::Wide;

use super::facts::Source;
use super::value::{Leaf, Value, magnitude};
use super::walk::Walk;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, grouped};
use crate::hir::{Builtin, Expr, ExprKind, Hir, Provider, Recipient, Rows, Type};
use crate::span::Span;

/// Most sources that one message marks.
const MAX_MARKED: usize = 3;

impl<'a> Walk<'a> {
    /// Marks why a value is private.
    pub(super) fn because(&self, diagnostic: Diagnostic, leaf: &Leaf) -> Diagnostic {
        let mut diagnostic = diagnostic;
        for (source, _) in leaf.sources.iter().take(MAX_MARKED) {
            if let Some((span, text)) = self.origin(source) {
                diagnostic = diagnostic.also(span, text);
            }
        }
        if let Some(span) = leaf.because {
            diagnostic = diagnostic.also(span, "it depends on this private condition");
        }
        diagnostic
    }

    fn origin(&self, source: Source) -> Option<(Span, String)> {
        let private = |name: &str| format!("it comes from `{name}`, which is private");
        match source {
            Source::Collection(i) => self
                .hir
                .collections
                .get(i)
                .map(|c| (c.span, private(&c.name))),
            Source::Slot(i) => self.hir.slots.get(i).map(|s| (s.span, private(&s.name))),
            Source::Param(i) => {
                let local = self.locals.get(i)?;
                Some((local.span, private(&local.name)))
            }
            Source::Random => None,
        }
    }

    /// Values of this place must be public. `what`: which place it is.
    pub(super) fn needs_public(&mut self, span: Span, value: &Value, what: &str) {
        self.shown(
            Code::E0301,
            span,
            value,
            &format!("{what} would show a private value"),
            None,
        );
    }

    /// Reports that a private value would be shown.
    pub(super) fn shown(
        &mut self,
        code: Code,
        span: Span,
        value: &Value,
        message: &str,
        learned: Option<&str>,
    ) {
        let leaves = value.leaves();
        let Some(leaf) = leaves.into_iter().find(|leaf| leaf.private) else {
            return;
        };
        let text = learned.unwrap_or("this is private, and everyone would see it");
        let diagnostic = Diagnostic::error(code, span, message).because(text);
        let diagnostic = self.because(diagnostic, leaf).help(
            "open it first: `reveal NAME = ... to public;`, if its owners allow that, and use NAME",
        );
        self.report(diagnostic);
    }

    /// Says of a number that may be too large which input makes it so.
    pub(super) fn why_large(
        &self,
        diagnostic: Diagnostic,
        expr: &Expr,
        operands: &[&Expr],
        leaf: &Leaf,
        limits: Wide,
    ) -> Diagnostic {
        let mut diagnostic = diagnostic;
        if let Some(grown) = self.grown(operands) {
            diagnostic = diagnostic.also(
                grown.1,
                format!("`{}` grows in every pass of a loop", grown.0),
            );
        }
        let summed = match &expr.kind {
            ExprKind::Call(Builtin::Sum | Builtin::SumWhere, _) => {
                operands.first().and_then(|arg| collection_of(arg))
            }
            _ => None,
        };
        if let Some((index, field)) = summed
            && let Some(collection) = self.hir.collections.get(index)
        {
            let most = collection.max_rows(&self.hir.groups);
            let range = field_range(self.hir, &collection.row, collection.range, field);
            let each =
                range.map_or_else(String::new, |r| format!("up to {} each, ", grouped(r.high)));
            let who = match (collection.provider, collection.rows) {
                (Provider::Each(_), Rows::One) => "from up to",
                _ => "up to",
            };
            let count = grouped(most.into());
            let unit = if matches!(collection.rows, Rows::One) {
                "members"
            } else {
                "rows"
            };
            let name = &collection.name;
            let least = limits.high / i128::from(most.max(1));
            let diagnostic =
                diagnostic.also(collection.span, format!("{each}{who} {count} {unit}"));
            if range.is_some_and(|range| least <= range.low.max(0)) {
                return diagnostic;
            }
            let help = format!("values of at most {} in `{name}` fit", grouped(least));
            return diagnostic.help(help);
        }
        if let Some(diagnostic) = self.widest(&diagnostic, operands) {
            return diagnostic;
        }
        let inputs: Vec<String> = leaf
            .sources
            .iter()
            .filter_map(|(source, _)| self.name(source))
            .take(MAX_MARKED)
            .map(|name| format!("`{name}`"))
            .collect();
        if inputs.is_empty() {
            diagnostic
        } else {
            diagnostic.help(format!("narrow the `range` of {}", inputs.join(", ")))
        }
    }

    /// If none of what it is computed with is wider than a number from a slot, which takes no `range`, or than one that everyone knows.
    fn widest(&self, diagnostic: &Diagnostic, operands: &[&Expr]) -> Option<Diagnostic> {
        let facts = |expr: &Expr| self.facts.exprs.get(expr.id.0 as usize).copied();
        let wide = |expr: &&&Expr| facts(expr)?.range.map(magnitude);
        let mut widest = *operands.iter().max_by_key(wide)?;
        while let ExprKind::Cast(inner) | ExprKind::Field(inner, _) | ExprKind::Index(inner, _) =
            &widest.kind
        {
            widest = inner;
        }
        let (name, help) = match widest.kind {
            ExprKind::Load { slot, .. } => {
                let name = &self.hir.slots.get(slot)?.name;
                (name, format!("take `min` or `clamp` of `{name}`"))
            }
            ExprKind::Local(id) if !facts(widest)?.private => {
                let name = &self.local(id)?.name;
                let help = format!("take `min` or `clamp` of `{name}`, or narrow its `range`");
                (name, help)
            }
            _ => return None,
        };
        let range = facts(widest)?.range?;
        let (low, high) = (grouped(range.low), grouped(range.high));
        let text = format!("`{name}` lies from {low} to {high}");
        Some(diagnostic.clone().also(widest.span, text).help(help))
    }

    /// The variable of a loop that is an operand.
    fn grown(&self, operands: &[&Expr]) -> Option<(&'a str, Span)> {
        operands.iter().find_map(|operand| {
            let ExprKind::Local(id) = operand.kind else {
                return None;
            };
            let value = self.get(id)?;
            let base = value.leaf()?.base?;
            let local = self.bases.get(usize::try_from(base.0).ok()?)?;
            (*local == id).then_some(())?;
            self.local(id).map(|l| (l.name.as_str(), l.span))
        })
    }

    /// What a source is called.
    pub(super) fn name(&self, source: Source) -> Option<&'a str> {
        match source {
            Source::Collection(i) => self.hir.collections.get(i).map(|c| c.name.as_str()),
            Source::Slot(i) => self.hir.slots.get(i).map(|s| s.name.as_str()),
            Source::Param(i) => self.locals.get(i).map(|l| l.name.as_str()),
            Source::Random => None,
        }
    }
}

impl Hir {
    /// Who that is, for messages.
    #[must_use]
    pub fn describe(&self, recipient: Recipient) -> String {
        let name = |name: Option<&String>| name.map_or("?", String::as_str).to_owned();
        match recipient {
            Recipient::Public => "everyone".to_owned(),
            Recipient::Caller => "the caller".to_owned(),
            Recipient::Party(i) => {
                format!("`{}`", name(self.parties.get(i).map(|p| &p.name)))
            }
            Recipient::EachOf(i) => {
                format!("each of `{}`", name(self.groups.get(i).map(|g| &g.name)))
            }
            Recipient::OwnerOf(i) => {
                let collection = self.collections.get(i).map(|c| &c.name);
                format!("the owners of `{}`", name(collection))
            }
        }
    }
}

/// The collection, and perhaps its column, that an expression is.
fn collection_of(expr: &Expr) -> Option<(usize, Option<usize>)> {
    match &expr.kind {
        ExprKind::Collection(index) => Some((*index, None)),
        ExprKind::Field(of, field) => match of.kind {
            ExprKind::Collection(index) => Some((index, Some(*field))),
            _ => None,
        },
        _ => None,
    }
}

fn field_range(hir: &Hir, row: &Type, stated: Option<Wide>, field: Option<usize>) -> Option<Wide> {
    let own = |ty: &Type, range: Option<Wide>| match ty {
        Type::Int(int) => Some(range.unwrap_or(int.range())),
        Type::Fix(_) => None,
        _ => None,
    };
    match (field, row) {
        (None, ty) => own(ty, stated),
        (Some(field), Type::Struct(index)) => {
            let field = hir.structs.get(*index)?.fields.get(field)?;
            own(&field.ty, field.range)
        }
        _ => None,
    }
}
