//! What the owners of a collection, or the author of a slot, allow to be shown.

use super::Pass;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, grouped};
use crate::hir::{Allow, AllowShape, Provider, Recipient};
use crate::span::Span;
use crate::syntax::ast::{self, RecipientKind};

/// What an `allow` is about.
#[derive(Clone, Copy)]
pub(super) struct Source {
    /// The collection, by index; `None` for a slot.
    pub(super) collection: Option<usize>,
    /// Who gives its rows, if that is known.
    pub(super) provider: Option<Provider>,
    /// Most rows it can have.
    pub(super) most: u64,
}

impl Pass<'_> {
    pub(super) fn allow(&mut self, allow: &ast::Allow, source: Source) -> Option<Allow> {
        let clause = allow.shape()?;
        let shape = match clause.word()?.as_str() {
            "aggregate" => self.aggregate(&clause.number()?, source),
            "per_owner" => Some(AllowShape::PerOwner),
            "any" => Some(AllowShape::Any),
            "member" => Some(AllowShape::Member),
            "bit" => Some(AllowShape::Bit),
            _ => return None,
        };
        let mut recipients = Vec::new();
        for recipient in allow.recipients() {
            let Some(found) = self.allowed(&recipient, source) else {
                continue;
            };
            if let Some(shape) = shape {
                self.suits(shape, found, recipient.span(), &clause, source);
            }
            recipients.push((found, recipient.span()));
        }
        Some(Allow {
            shape: shape?,
            recipients,
            span: allow.span(),
        })
    }

    fn aggregate(&mut self, expr: &ast::Expr, source: Source) -> Option<AllowShape> {
        let number = self.integer(expr)?;
        let most = i128::from(source.most);
        match u32::try_from(number) {
            Ok(k) if (1..=most).contains(&number) => Some(AllowShape::Aggregate(k)),
            _ => {
                let why = match source.collection {
                    Some(_) => ", the most rows there can be",
                    None => "",
                };
                let most = grouped(most);
                let message = format!("`aggregate` takes a number from 1 to {most}{why}");
                self.error(Code::E0212, expr.span(), message);
                None
            }
        }
    }

    fn suits(
        &mut self,
        shape: AllowShape,
        recipient: Recipient,
        span: Span,
        clause: &ast::ShapeClause,
        source: Source,
    ) {
        match shape {
            AllowShape::PerOwner
                if source.collection.map(Recipient::OwnerOf) != Some(recipient) =>
            {
                let message = "`per_owner` values go to their owner only";
                let diagnostic = Diagnostic::error(Code::E0313, span, message);
                self.diagnostics.push(match source.collection {
                    Some(_) => diagnostic.help("write `allow per_owner to owner`"),
                    None => diagnostic.help("a slot has no owners: write `allow any`"),
                });
            }
            AllowShape::Aggregate(k) if recipient == Recipient::Public => {
                let least = self.least_to_public(source.provider);
                if k < least {
                    let message =
                        format!("what everyone sees mixes at least {least} rows, and this is {k}");
                    let diagnostic = Diagnostic::error(Code::E0212, clause.span(), message)
                        .because("whoever gave one row could work out the others")
                        .also(span, "for everyone")
                        .help(format!(
                            "write `aggregate({least})`, or `any` where owners want single rows to be shown"
                        ));
                    self.diagnostics.push(diagnostic);
                }
            }
            _ => {}
        }
    }

    /// How many rows a public aggregate mixes: three, but two where only two people may take part, since then no
    /// third one learns about them more than they agreed to.
    fn least_to_public(&self, provider: Option<Provider>) -> u32 {
        let groups = &self.scope.hir.groups;
        let fewest = match provider {
            Some(Provider::Each(group)) => groups.get(group).map(|group| group.min),
            _ => groups.iter().map(|group| group.min).min(),
        };
        let parties = self.scope.hir.parties.len();
        let fewest = fewest.unwrap_or_else(|| u32::try_from(parties).unwrap_or(u32::MAX));
        fewest.clamp(2, 3)
    }

    /// In an `allow`, `owner` means the owner of the collection's own rows.
    fn allowed(&mut self, recipient: &ast::Recipient, source: Source) -> Option<Recipient> {
        match (recipient.kind()?, source.collection) {
            (RecipientKind::Owner(None), Some(own)) => Some(Recipient::OwnerOf(own)),
            (RecipientKind::Owner(None), None) => {
                let diagnostic =
                    Diagnostic::error(Code::E0205, recipient.span(), "a slot has no owners")
                        .because("values from many people may lie in it")
                        .help("name the recipients: `caller`, a party, or `each` of a group");
                self.diagnostics.push(diagnostic);
                None
            }
            (kind, _) => self.scope.recipient(&kind, self.diagnostics),
        }
    }
}
