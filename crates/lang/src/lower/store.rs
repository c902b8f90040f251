//! Stored state: `L.x`, `L.get(x)`, `L.get(x, height)`, `L.set(x, v)`, `L.map[key]`, and the same for `DHT` and `MPC`.

use super::Body;
use super::expression::one_of;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hir::{Expr, ExprKind, IntType, Place, Root, StmtKind, Store, Type};
use crate::scope::unsupported;
use crate::span::Span;
use crate::syntax::ast::{self, Arg, Name};

/// What `L` has beside slots.
const BUILT_IN: [&str; 2] = ["height", "time"];

/// Methods of stores, with a call of each and what it is.
pub(crate) const METHODS: [(&str, &str, &str); 2] = [
    (
        "get",
        "L.get(NAME)",
        "what is in a slot, as `L.NAME`; of the ledger also at an earlier block, `L.get(NAME, height)`",
    ),
    (
        "set",
        "L.set(NAME, value);",
        "stores a value, as `L.NAME = value;`",
    ),
];

impl Body<'_> {
    /// The store that the expression names.
    pub(super) fn store_of(&self, expr: &ast::Expr) -> Option<Store> {
        match expr.kind() {
            ast::ExprKind::Name(name) if !self.is_taken(&name) => Store::named(&name.text),
            _ => None,
        }
    }

    /// The store in which the place lies.
    pub(super) fn store_written(&self, place: &ast::Expr) -> Option<Store> {
        match place.kind() {
            ast::ExprKind::Field(of, _) | ast::ExprKind::Index(of, _) => {
                self.store_of(&of).or_else(|| self.store_written(&of))
            }
            _ => None,
        }
    }

    /// `STORE.map`, of which a key is taken.
    pub(super) fn map_named(&self, expr: &ast::Expr) -> Option<(Store, Name)> {
        let ast::ExprKind::Field(of, name) = expr.kind() else {
            return None;
        };
        let store = self.store_of(&of)?;
        let slot = self.scope.slot(store, &name.text)?;
        let slot = self.scope.hir.slots.get(slot)?;
        slot.key.is_some().then_some((store, name))
    }

    /// The slot of a name; an unknown one is reported.
    fn slot(&mut self, store: Store, name: &Name) -> Option<usize> {
        if self.scope.is_used_file(name.span) {
            let message = format!("a used file does not know what is in `{}`", word(store));
            let diagnostic = Diagnostic::error(Code::E0112, name.span, message)
                .because("stores belong to the contract")
                .help("let the function take the value as a parameter");
            self.report(diagnostic);
            return None;
        }
        if let Some(slot) = self.scope.slot(store, &name.text) {
            return Some(slot);
        }
        let names = self.scope.slots.keys();
        let known = names
            .filter(|(of, _)| *of == store)
            .map(|(_, name)| name.as_str());
        let known: Vec<&str> = match store {
            Store::Ledger => known.chain(BUILT_IN).collect(),
            _ => known.collect(),
        };
        let message = format!(
            "there is nothing called `{}` in `{}`",
            name.text,
            word(store)
        );
        let help = match &known[..] {
            [] => format!(
                "declare it: `state {} {{ {}: TYPE; }}`",
                word(store),
                name.text
            ),
            known => one_of(&name.text, known.iter().copied()),
        };
        self.report(Diagnostic::error(Code::E0201, name.span, message).help(help));
        None
    }

    /// The key of a slot: given exactly where it is a map.
    fn key(
        &mut self,
        slot: usize,
        key: Option<&ast::Expr>,
        name: &Name,
        span: Span,
    ) -> Result<Option<Expr>, ()> {
        let wanted = self
            .scope
            .hir
            .slots
            .get(slot)
            .and_then(|slot| slot.key.clone());
        match (wanted, key) {
            (Some(wanted), Some(key)) => {
                let key = self.expression(key, Some(&wanted));
                Ok(Some(self.coerce(key, &wanted, None)))
            }
            (None, None) => Ok(None),
            (Some(_), None) => {
                let message = format!("`{}` is a map", name.text);
                let diagnostic = Diagnostic::error(Code::E0205, span, message)
                    .because("it has a value for each key")
                    .help(format!("take one of them: `{}[key]`", name.text));
                self.report(diagnostic);
                Err(())
            }
            (None, Some(key)) => {
                let message = format!("`{}` is not a map", name.text);
                self.report(Diagnostic::error(Code::E0206, key.span(), message));
                Err(())
            }
        }
    }

    /// `STORE.name`.
    pub(super) fn load(&mut self, store: Store, name: &Name, span: Span) -> Expr {
        if store == Store::Ledger && self.scope.slot(store, &name.text).is_none() {
            let kind = match name.text.as_str() {
                "height" => Some(ExprKind::Height),
                "time" => Some(ExprKind::Time),
                _ => None,
            };
            if let Some(kind) = kind {
                return self.expr(kind, Type::Int(IntType::U64), span);
            }
        }
        self.load_at(store, name, None, None, span)
    }

    /// What is in a slot, at a key of a map and at an earlier height if they are given.
    pub(super) fn load_at(
        &mut self,
        store: Store,
        name: &Name,
        key: Option<&ast::Expr>,
        height: Option<&ast::Expr>,
        span: Span,
    ) -> Expr {
        if self.in_predicate && store != Store::Ledger {
            let message = format!(
                "the condition of a declaration cannot read `{}`",
                word(store)
            );
            let diagnostic = Diagnostic::error(Code::E0205, span, message)
                .help("it is about its parameters, and what is in `L`");
            return self.wrong(diagnostic);
        }
        let Some(slot) = self.slot(store, name) else {
            return self.poisoned(span);
        };
        let Ok(key) = self.key(slot, key, name, span) else {
            return self.poisoned(span);
        };
        let height = height.map(|height| {
            if store != Store::Ledger {
                let what = format!("an earlier value of `{}`", word(store));
                self.report(unsupported(height.span(), &what));
            }
            self.whole(height, "the height")
        });
        let ty = self
            .scope
            .hir
            .slots
            .get(slot)
            .map_or(Type::Unknown, |slot| slot.ty.clone());
        let (key, height) = (key.map(Box::new), height.map(Box::new));
        self.expr(ExprKind::Load { slot, key, height }, ty, span)
    }

    /// A slot as a place.
    pub(super) fn slot_place(
        &mut self,
        store: Store,
        name: &Name,
        key: Option<&ast::Expr>,
        span: Span,
    ) -> Option<(Place, Type)> {
        let is_slot = self.scope.slot(store, &name.text).is_some();
        if store == Store::Ledger && !is_slot && BUILT_IN.contains(&name.text.as_str()) {
            let message = format!("`L.{}` is read only", name.text);
            self.report(Diagnostic::error(Code::E0207, span, message));
            return None;
        }
        let slot = self.slot(store, name)?;
        let key = self.key(slot, key, name, span).ok()?;
        let ty = self.scope.hir.slots.get(slot)?.ty.clone();
        let root = Root::Slot(slot, key.map(Box::new));
        let path = Vec::new();
        Some((Place { root, path, span }, ty))
    }

    /// `STORE.get(...)`, also where `set` has no place.
    pub(super) fn store_method(
        &mut self,
        store: Store,
        name: &Name,
        args: &[Arg],
        span: Span,
    ) -> Expr {
        match name.text.as_str() {
            "get" => {}
            "set" => {
                let message = "`set` gives no value";
                return self.wrong(Diagnostic::error(Code::E0205, span, message));
            }
            _ => {
                let message = format!("`{}` has no method `{}`", word(store), name.text);
                let diagnostic = Diagnostic::error(Code::E0203, name.span, message)
                    .help("there is `get(NAME)` and `set(NAME, value)`");
                return self.wrong(diagnostic);
            }
        }
        let Some((slot, key, rest)) = self.named_slot(store, name, args) else {
            return self.poisoned(span);
        };
        match &rest[..] {
            [] => self.load_at(store, &slot, key.as_ref(), None, span),
            [height] => self.load_at(store, &slot, key.as_ref(), Some(height), span),
            [_, extra, ..] => {
                let message = "`get` takes a name, and perhaps a height";
                self.wrong(Diagnostic::error(Code::E0204, extra.span(), message))
            }
        }
    }

    /// `STORE.set(NAME, value)` as a statement.
    pub(super) fn store_set(
        &mut self,
        store: Store,
        name: &Name,
        args: &[Arg],
        span: Span,
    ) -> Option<StmtKind> {
        let (slot, key, rest) = self.named_slot(store, name, args)?;
        let [value] = &rest[..] else {
            let message = "`set` takes a name and a value";
            self.report(Diagnostic::error(Code::E0204, span, message));
            return None;
        };
        let (place, ty) = self.slot_place(store, &slot, key.as_ref(), slot.span)?;
        let value = self.expression(value, Some(&ty));
        let value = self.coerce(value, &ty, Some(slot.span));
        if self.is_accumulator(&place) {
            let message = "an `accumulator` can only be added to";
            let diagnostic = Diagnostic::error(Code::E0207, slot.span, message).help(format!(
                "write `{}.{} += ...`",
                word(store),
                slot.text
            ));
            self.report(diagnostic);
            return None;
        }
        self.write(place, value)
    }

    /// The first argument as the name of a slot, `NAME` or `NAME[key]`; a map's key may also be the second one.
    fn named_slot(
        &mut self,
        store: Store,
        method: &Name,
        args: &[Arg],
    ) -> Option<(Name, Option<ast::Expr>, Vec<ast::Expr>)> {
        let mut values = args.iter().filter_map(|arg| arg.value.clone());
        let first = values.next();
        let (name, mut key) = match first.as_ref().map(ast::Expr::kind) {
            Some(ast::ExprKind::Name(name)) => (name, None),
            Some(ast::ExprKind::Index(of, key)) => match of.kind() {
                ast::ExprKind::Name(name) => (name, Some(key)),
                _ => return self.no_slot(store, method),
            },
            _ => return self.no_slot(store, method),
        };
        let slot = self.slot(store, &name)?;
        let is_map = self
            .scope
            .hir
            .slots
            .get(slot)
            .is_some_and(|slot| slot.key.is_some());
        if is_map && key.is_none() {
            key = values.next();
        }
        Some((name, key, values.collect()))
    }

    fn no_slot<T>(&mut self, store: Store, method: &Name) -> Option<T> {
        let message = format!("`{}` takes the name of what is stored", method.text);
        let diagnostic = Diagnostic::error(Code::E0204, method.span, message).help(format!(
            "for example `{}.{}(NAME)`",
            word(store),
            method.text
        ));
        self.report(diagnostic);
        None
    }
}

pub(super) fn word(store: Store) -> &'static str {
    match store {
        Store::Ledger => "L",
        Store::Dht => "DHT",
        Store::Mpc => "MPC",
    }
}
