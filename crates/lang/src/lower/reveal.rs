//! `reveal`: the only way out for private values, its recipients and its guards.

use enigma_bytecode::model::DELTA_END;
use enigma_bytecode::verify::MAX_REVEALS;

use super::Body;
use super::coerce::maybe;
use super::names::Bound;
use super::vector::list;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, grouped};
use crate::hir::{Expr, ExprKind, Guard, IntType, Local, Noise, Recipient, Reveal, StmtKind, Type};
use crate::suggest::nearest;
use crate::syntax::ast::{self, Name, RecipientKind};

impl Body<'_> {
    pub(super) fn reveal(&mut self, statement: &ast::Reveal) -> Option<StmtKind> {
        let name = statement.name()?;
        self.effect(statement.span(), "`reveal`")?;
        let value = self.expression(&statement.value()?, None);
        let value = self.settled(value);
        self.no_place(&value);
        let mut recipients = Vec::new();
        for recipient in statement.recipients() {
            if let Some(found) = self.recipient(&recipient, &value) {
                recipients.push((found, recipient.span()));
            }
        }
        let guards: Vec<Guard> = statement
            .guards()
            .filter_map(|guard| self.guard(&guard))
            .collect();
        for guard in &guards {
            self.one_count_each(&value, guard);
        }
        let is_public = recipients.iter().any(|(to, _)| *to == Recipient::Public);
        let local = is_public.then(|| {
            let ty = self.shown(&value.ty, &guards);
            let local = Local {
                name: name.text.clone(),
                ty,
                mutable: false,
                label: None,
                like: Vec::new(),
                range: None,
                span: name.span,
            };
            let local = self.add_local(local, false);
            self.note_public(local);
            local
        });
        self.bind_result(&name, local.map_or(Bound::Revealed, Bound::Local));
        if self.reveals.len() == MAX_REVEALS + 1 {
            let message = format!("an entry reveals at most {MAX_REVEALS} values");
            self.report(Diagnostic::error(Code::E0601, statement.span(), message));
        }
        let (name, name_span) = (name.text, name.span);
        Some(StmtKind::Reveal(Reveal {
            name,
            name_span,
            value,
            recipients,
            guards,
            local,
        }))
    }

    /// What everyone sees of a value: with a guard on a count that may be private, it may be missing.
    fn shown(&self, ty: &Type, guards: &[Guard]) -> Type {
        let hides = guards.iter().any(|guard| match guard {
            Guard::MinGroup { count, .. } => self.may_be_private(count),
            Guard::Noise { .. } => false,
        });
        match ty {
            ty if !hides => ty.clone(),
            Type::List(element, length) => list(maybe((**element).clone()), length.clone()),
            ty => maybe(ty.clone()),
        }
    }

    fn no_place(&mut self, value: &Expr) {
        let Type::Place(of) = value.ty else { return };
        let message = "a place among the rows is no result";
        let diagnostic = Diagnostic::error(Code::E0211, value.span, message)
            .because("rows are counted anew in every run")
            .help(format!(
                "reveal who stands there: `{}.owner_at(...)`",
                self.collection_name(of)
            ));
        self.report(diagnostic);
    }

    /// Checks `owner` against the index space of the value.
    fn recipient(&mut self, recipient: &ast::Recipient, value: &Expr) -> Option<Recipient> {
        let kind = recipient.kind()?;
        if let (RecipientKind::Owner(None), Type::Rows(_, index)) = (&kind, &value.ty) {
            return Some(Recipient::OwnerOf(*index));
        }
        let found = self.scope.recipient(&kind, self.diagnostics);
        let owners = match (&kind, found) {
            (RecipientKind::Owner(None), _) => None,
            (_, Some(Recipient::OwnerOf(index))) => Some(index),
            _ => return found,
        };
        let why = match &value.ty {
            Type::Unknown => return found,
            Type::Rows(_, index) if Some(*index) == owners => return found,
            Type::Rows(_, index) => {
                format!(
                    "this has one value per row of `{}`",
                    self.collection_name(*index)
                )
            }
            Type::List(..) => "this is a list, whose elements belong to nobody".to_owned(),
            _ => "this is one value".to_owned(),
        };
        let message = "owners get one value each, and there is not one value for each of them";
        let diagnostic = Diagnostic::error(Code::E0309, recipient.span(), message)
            .also(value.span, why)
            .help("to show one value to all members of a group, write `to each GROUP`");
        self.report(diagnostic);
        None
    }

    fn guard(&mut self, guard: &ast::Guard) -> Option<Guard> {
        if guard.word()?.text() == "noise" {
            return self.noise_guard(guard);
        }
        let args = guard.args().into_iter().filter_map(|arg| arg.value);
        let args: Vec<ast::Expr> = args.collect();
        let [count, least] = &args[..] else {
            let message = "`min_group` takes a number of rows and the fewest there may be";
            let diagnostic = Diagnostic::error(Code::E0204, guard.span(), message)
                .help("write `with min_group(COLLECTION.len(), NUMBER)`");
            self.report(diagnostic);
            return None;
        };
        let count = self.count(count);
        let generics = self.frame.generics.clone();
        let least_span = least.span();
        let wanted = Type::Int(IntType::U64);
        let (ty, least) = match self.scope.constant(least, Some(&wanted), &generics) {
            Ok(found) => found,
            Err(diagnostic) => {
                self.report(diagnostic);
                return None;
            }
        };
        let least = self.constant(&ty, &least, least_span);
        self.possible(&count, &least);
        let span = guard.span();
        Some(Guard::MinGroup { count, least, span })
    }

    /// One count, or one per element.
    fn count(&mut self, count: &ast::Expr) -> Expr {
        let count = self.expression(count, None);
        let count = self.settled(count);
        let number = match &count.ty {
            Type::List(element, _) => element,
            ty => ty,
        };
        if matches!(number, Type::Int(_) | Type::Unknown) {
            return count;
        }
        let found = self.describe(&count.ty);
        let message = "what `min_group` counts is a whole number, or a list of them";
        let diagnostic =
            Diagnostic::error(Code::E0206, count.span, message).because(format!("this is {found}"));
        self.wrong(diagnostic)
    }

    /// A list of counts is for a list of as many values.
    fn one_count_each(&mut self, value: &Expr, guard: &Guard) {
        let Guard::MinGroup { count, .. } = guard else {
            return;
        };
        let Type::List(_, counts) = &count.ty else {
            return;
        };
        let fits = match &value.ty {
            Type::Unknown => true,
            Type::List(_, values) => values == counts,
            _ => false,
        };
        if fits {
            return;
        }
        let found = self.describe(&value.ty);
        let message = "this counts for each element of a list, and there is no such list";
        let diagnostic = Diagnostic::error(Code::E0206, count.span, message)
            .also(value.span, format!("this is {found}"))
            .help("take one count, or reveal a list of as many values");
        self.report(diagnostic);
    }

    /// Whether there can be as many rows as the guard asks for.
    fn possible(&mut self, count: &Expr, least: &Expr) {
        let ExprKind::Int(number) = least.kind else {
            return;
        };
        let most = match count.kind {
            ExprKind::RowCount(index) => {
                let collection = self.scope.hir.collections.get(index);
                collection.map(|c| i128::from(c.max_rows(&self.scope.hir.groups)))
            }
            _ => None,
        };
        let message = match most {
            Some(most) if !(1..=most).contains(&number) => format!(
                "`min_group` takes a number from 1 to {}, the most rows there can be",
                grouped(most)
            ),
            None if number < 1 => "`min_group` takes a number above 0".to_owned(),
            _ => return,
        };
        self.report(Diagnostic::error(Code::E0212, least.span, message));
    }

    /// `noise(laplace(epsilon: e))` or `noise(gaussian(epsilon: e, delta: d))`.
    fn noise_guard(&mut self, guard: &ast::Guard) -> Option<Guard> {
        let args = guard.args();
        let call = match &args[..] {
            [arg] => arg.value.as_ref().map(ast::Expr::kind),
            _ => None,
        };
        let Some(ast::ExprKind::Call(name, args)) = call else {
            let message = "`noise` takes how it is distributed";
            let diagnostic = Diagnostic::error(Code::E0204, guard.span(), message)
                .help("write `with noise(laplace(epsilon: 0.5))`");
            self.report(diagnostic);
            return None;
        };
        let noise = match name.text.as_str() {
            "laplace" => {
                let values = self.arranged(&name, &args, &["epsilon"], guard.span())?;
                let epsilon = self.positive(values.first()?, 6, "epsilon")?;
                Noise::Laplace { epsilon }
            }
            "gaussian" => {
                let values = self.arranged(&name, &args, &["epsilon", "delta"], guard.span())?;
                let epsilon = self.positive(values.first()?, 6, "epsilon");
                let delta = self.positive(values.get(1)?, 12, "delta");
                let (epsilon, delta) = (epsilon?, delta?);
                if delta >= DELTA_END {
                    let span = values.get(1)?.value.as_ref()?.span();
                    let message = "delta is a number below 1";
                    let diagnostic = Diagnostic::error(Code::E0212, span, message)
                        .because("with this probability the noise may hide nothing");
                    self.report(diagnostic.help("take a very small one, like 0.000001"));
                    return None;
                }
                Noise::Gaussian { epsilon, delta }
            }
            _ => {
                self.report(unknown_noise(&name));
                return None;
            }
        };
        let span = guard.span();
        Some(Guard::Noise { noise, span })
    }

    /// A constant above 0 in units of 10^-decimals.
    fn positive(&mut self, arg: &ast::Arg, decimals: u32, what: &str) -> Option<u64> {
        let value = arg.value.as_ref()?;
        let generics = self.frame.generics.clone();
        let diagnostic = match self.scope.decimal(value, decimals, &generics) {
            Ok(0) => {
                let message = format!("{what} is a number above 0, of at most {decimals} decimals");
                Diagnostic::error(Code::E0212, value.span(), message)
            }
            Ok(units) => return Some(units),
            Err(diagnostic) => diagnostic,
        };
        self.report(diagnostic);
        None
    }
}

fn unknown_noise(name: &Name) -> Diagnostic {
    let message = format!("there is no noise `{}`", name.text);
    let diagnostic = Diagnostic::error(Code::E0203, name.span, message);
    match nearest(&name.text, ["laplace", "gaussian"].into_iter()) {
        Some(near) => diagnostic.did_you_mean(near),
        None => {
            diagnostic.help("there is `laplace(epsilon: e)` and `gaussian(epsilon: e, delta: d)`")
        }
    }
}
