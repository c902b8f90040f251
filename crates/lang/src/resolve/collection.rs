//! `collect` declarations: who gives which values in which range, and what may be shown of them.

use enigma_bytecode::interval::{MAGNITUDE_LIMIT, Wide};
use enigma_bytecode::verify::MAX_GROUP;

use super::{Pass, Symbol, recipient_named, unsupported};
use crate::code::Code;
use crate::diagnostic::{Diagnostic, grouped};
use crate::hir::{Allow, AllowShape, Recipient};
use crate::syntax::ast::{self, Name, RecipientKind};
use crate::syntax::{SyntaxKind as K, SyntaxNode};
use crate::types::{IntType, Kind, Ty};

impl Pass<'_> {
    pub(super) fn collection(&mut self, node: &SyntaxNode) {
        let Some(collect) = ast::Collect::cast(node.clone()) else {
            return;
        };
        let Some(name) = collect.name() else { return };
        let own = self
            .scope
            .collections
            .iter()
            .position(|c| c.span == name.span);
        let Some(index) = own else { return };
        for extra in collect.extras() {
            let what = if extra.kind() == K::Check {
                "`check`"
            } else {
                "`max_rows`"
            };
            self.unsupported(&extra, what);
        }
        let group = self.provider(&collect);
        let kind = collect.ty().and_then(|ty| self.collected_type(&ty));
        let range = match kind {
            Some(Kind::Int(int)) => self.range(&collect, int),
            Some(_) => self.range_of_bool(&collect),
            None => None,
        };
        let rows_max = group
            .and_then(|group| self.scope.groups.get(group))
            .map_or(MAX_GROUP, |g| g.max);
        let allows = collect
            .allows()
            .filter_map(|allow| self.allow(&allow, index, rows_max))
            .collect();
        if let Some(collection) = self.scope.collections.get_mut(index) {
            collection.group = group.unwrap_or(0);
            collection.kind = kind.unwrap_or(Kind::Int(IntType::U64));
            // Without a group there is no index space; a poisoned range keeps later passes quiet.
            collection.range = group.and(range);
            collection.allows = allows;
        }
    }

    fn provider(&mut self, collect: &ast::Collect) -> Option<usize> {
        let provider = collect.provider()?;
        let Some(name) = provider.name().filter(|_| provider.each()) else {
            if !provider.syntax().text().is_empty() {
                self.diagnostics
                    .push(unsupported(provider.span(), "values from one party"));
            }
            return None;
        };
        self.group_named(&name)
    }

    fn group_named(&mut self, name: &Name) -> Option<usize> {
        let diagnostic = match self.scope.symbol(&name.text) {
            Some(Symbol::Group(index)) => return Some(index),
            Some(_) => Diagnostic::error(
                Code::E0205,
                name.span,
                format!("`{}` is not a group", name.text),
            ),
            None => self.scope.unknown(name, "group", std::iter::empty()),
        };
        self.diagnostics.push(diagnostic);
        None
    }

    fn collected_type(&mut self, ty: &ast::Type) -> Option<Kind> {
        if ty.label().is_none_or(|label| label.text() != "private") {
            let diagnostic = unsupported(ty.span(), "a public collection")
                .help("write `private` before the type: values given by people are private");
            self.diagnostics.push(diagnostic);
        }
        self.value_type(ty)
    }

    /// Truth values have no range to state.
    fn range_of_bool(&mut self, collect: &ast::Collect) -> Option<Wide> {
        if let Some(range) = collect.range() {
            let message = "a truth value has no range: it is true or false";
            let diagnostic = Diagnostic::error(Code::E0212, range.span(), message)
                .help("leave the range out, or collect a whole number");
            self.diagnostics.push(diagnostic);
            return None;
        }
        Some(Ty::BITS)
    }

    fn range(&mut self, collect: &ast::Collect, int: IntType) -> Option<Wide> {
        let largest = grouped(i128::from(MAGNITUDE_LIMIT) - 1);
        let Some(range) = collect.range() else {
            let whole = int.range();
            if whole.narrow().is_none() {
                let span = collect.ty().map_or(collect.span(), |ty| ty.span());
                let what = format!("the whole range of {}", int.name());
                let diagnostic = unsupported(span, &what).help(format!(
                    "add a range, as narrow as you can: `range 0..={largest}` at most"
                ));
                self.diagnostics.push(diagnostic);
                return None;
            }
            return Some(whole);
        };
        let (low_expr, high_expr) = range.bounds()?;
        let (low, high) = (self.constant_of(&low_expr)?, self.constant_of(&high_expr)?);
        let wide = Wide {
            low: low.into(),
            high: high.into(),
        };
        let wrong = if low > high {
            Some((
                Code::E0212,
                "the range is empty: its first number is the larger one".to_owned(),
            ))
        } else if !wide.within(int.range()) {
            Some((
                Code::E0501,
                format!("the range does not fit in {}", int.name()),
            ))
        } else if wide.narrow().is_none() {
            Some((
                Code::E0501,
                "private numbers must stay below 2^59 in magnitude".to_owned(),
            ))
        } else {
            None
        };
        match wrong {
            None => Some(wide),
            Some((code, message)) => {
                self.diagnostics
                    .push(Diagnostic::error(code, range.span(), message));
                None
            }
        }
    }

    fn allow(&mut self, allow: &ast::Allow, collection: usize, rows_max: u32) -> Option<Allow> {
        let clause = allow.shape()?;
        let shape = match clause.word()?.as_str() {
            "aggregate" => {
                let expr = clause.number()?;
                let number = self.constant_of(&expr)?;
                match u32::try_from(number)
                    .ok()
                    .filter(|k| (1..=rows_max).contains(k))
                {
                    Some(k) => AllowShape::Aggregate(k),
                    None => {
                        let message = format!(
                            "`aggregate` takes a number from 1 to {}, the most rows there can be",
                            grouped(rows_max.into())
                        );
                        self.diagnostics
                            .push(Diagnostic::error(Code::E0212, expr.span(), message));
                        return None;
                    }
                }
            }
            "per_owner" => AllowShape::PerOwner,
            "any" => AllowShape::Any,
            "member" => AllowShape::Member,
            "bit" => AllowShape::Bit,
            _ => return None,
        };
        let mut recipients = Vec::new();
        for recipient in allow.recipients() {
            let Some(found) = self.allowed_recipient(&recipient, collection) else {
                continue;
            };
            if shape == AllowShape::PerOwner && !matches!(found, Recipient::OwnerOf(_)) {
                let message = "`per_owner` values go to their owner only";
                let diagnostic = Diagnostic::error(Code::E0313, recipient.span(), message)
                    .help("write `allow per_owner to owner`");
                self.diagnostics.push(diagnostic);
            }
            recipients.push((found, recipient.span()));
        }
        Some(Allow {
            shape,
            recipients,
            span: allow.span(),
        })
    }

    /// In an `allow`, `owner` means the owner of the collection's own rows.
    fn allowed_recipient(&mut self, recipient: &ast::Recipient, own: usize) -> Option<Recipient> {
        match recipient.kind()? {
            RecipientKind::Owner(None) => Some(Recipient::OwnerOf(own)),
            kind => recipient_named(&self.scope, &kind, self.diagnostics),
        }
    }
}
