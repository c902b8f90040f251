//! Statements: what happens in order, and what everyone sees of it.

use std::collections::BTreeMap;
use std::rc::Rc;

use enigma_bytecode::interval::Wide;

use super::expression::{scalar, selected, selection, stored};
use super::facts::Source;
use super::numbers::Number;
use super::operator::parts_of;
use super::release::{exposures, has_key};
use super::sources::{Combination, Mixes, Sources};
use super::value::{Leaf, Value, natural};
use super::walk::{Changes, Condition, MAX_DEPTH, Walk};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hir::{
    AllowShape, Block, Entry, Expr, ExprKind, IntType, Label, LocalId, Place, PlaceStep, Root,
    Slot, Stmt, StmtKind, Store, Type,
};
use crate::span::Span;

/// A contribution to an accumulator stays within this magnitude: an instance takes fewer than 2^31 calls, so that the sum stays
/// below 2^59.
const CONTRIBUTION_LIMIT: i128 = 1 << 28;
/// Private `if`s whose branches cost more multiplications than this together are worth a word.
const COSTLY_BRANCHES: u64 = 1_000_000;

impl<'a> Walk<'a> {
    /// Walks through an entry, from its parameters on.
    pub(super) fn entry(&mut self, entry: &'a Entry) {
        self.enter(&entry.locals);
        for param in &entry.params {
            let value = self.parameter(entry, param);
            self.set(param.local, Rc::new(value));
        }
        if let Some(when) = &entry.when {
            let value = self.eval(when);
            let text = "everyone would see whether the call is refused, and learn the condition";
            self.shown(
                Code::E0302,
                when.span,
                &value,
                "a private condition in `when`",
                Some(text),
            );
        }
        if let Some(pays) = &entry.pays {
            let value = self.eval(pays);
            self.needs_public(pays.span, &value, "what the caller pays");
        }
        self.block(&entry.body);
        self.shows_or_adds();
    }

    /// Of an accumulator that is shown under `aggregate(k)` no caller's contribution comes between two reveals: their difference
    /// would be of that one.
    fn shows_or_adds(&mut self) {
        let is_shown = |slot: usize| {
            let sources = self.entry.reveals.iter().flat_map(|reveal| &reveal.sources);
            let of_slot = |(source, shape): &(Source, AllowShape)| {
                *source == Source::Slot(slot) && matches!(shape, AllowShape::Aggregate(_))
            };
            sources.copied().any(|shown| of_slot(&shown))
        };
        let added = self.entry.added.iter();
        let both = added.filter(|(slot, _)| is_shown(**slot));
        let both: Vec<(usize, Span)> = both.map(|(slot, span)| (*slot, *span)).collect();
        for (slot, span) in both {
            let Some(declared) = self.hir.slots.get(slot) else {
                continue;
            };
            let name = &declared.name;
            let message = format!("this entry shows `{name}` and adds to it");
            let diagnostic = Diagnostic::error(Code::E0318, span, message)
                .because(
                    "what is shown before and after would differ by this caller's contribution",
                )
                .also(declared.span, "it is shown under an `allow aggregate(N)`")
                .help("add to it in one entry, and show it in another");
            self.report(diagnostic);
        }
    }

    fn parameter(&mut self, entry: &'a Entry, param: &crate::hir::Param) -> Value {
        let place = usize::try_from(param.local.0).unwrap_or(usize::MAX);
        let Some(local) = entry.locals.get(place) else {
            return self.unknown();
        };
        let number = self.numbers.fresh();
        let leaf = if param.private {
            let mixes = Mixes::only(super::sources::Mix::Row);
            Leaf::private(None, Sources::of(Source::Param(place), mixes), number)
        } else {
            Leaf::public(None, number)
        };
        let stated = (&local.ty, param.range);
        Value::within(&leaf, stated, self.hir, &mut self.numbers)
    }

    pub(super) fn block(&mut self, block: &'a Block) {
        // After too much work nothing is looked at any more, so that loops inside loops end at once.
        if self.depth > MAX_DEPTH || self.is_exhausted() {
            return;
        }
        self.depth += 1;
        for stmt in &block.stmts {
            self.stmt(stmt);
        }
        self.depth -= 1;
    }

    fn stmt(&mut self, stmt: &'a Stmt) {
        match &stmt.kind {
            StmtKind::Let(local, value) => {
                let bound = self.eval(value);
                self.bind(*local, bound, &value.ty, (value.span, stmt.span));
            }
            StmtKind::LetTuple(locals, value) => {
                let bound = self.eval(value);
                for (i, local) in locals.iter().enumerate() {
                    let ty = match &value.ty {
                        Type::Tuple(types) => types.get(i).cloned().unwrap_or(Type::Unknown),
                        _ => Type::Unknown,
                    };
                    self.bind(*local, bound.part(i), &ty, (value.span, stmt.span));
                }
            }
            StmtKind::Assign(place, value) => self.assign(stmt.span, place, value),
            StmtKind::Accumulate(place, value) => self.accumulate(place, value),
            StmtKind::If {
                condition,
                then,
                otherwise,
            } => self.branches(keyword(stmt.span, 2), condition, then, otherwise),
            StmtKind::For { .. }
            | StmtKind::ForEach { .. }
            | StmtKind::ForMembers { .. }
            | StmtKind::While { .. } => self.loops(stmt),
            StmtKind::Break => {
                self.not_hidden(
                    Code::E0315,
                    stmt.span,
                    "the loop would end under a private condition",
                );
                self.leave_loop();
            }
            StmtKind::Return => {
                self.not_hidden(
                    Code::E0315,
                    stmt.span,
                    "the entry would end under a private condition",
                );
                self.ends = false;
            }
            StmtKind::Require(condition, _) => {
                let value = self.eval(condition);
                let text =
                    "everyone would see whether the call is refused, and learn the condition";
                let message = "a private condition in `require`";
                self.shown(Code::E0302, condition.span, &value, message, Some(text));
                self.not_hidden(
                    Code::E0302,
                    stmt.span,
                    "`require` under a private condition",
                );
            }
            StmtKind::Reveal(reveal) => self.reveal(reveal, stmt.span),
            StmtKind::Transfer { from, to, amount } => {
                for part in from.iter().chain([to, amount]) {
                    let value = self.eval(part);
                    self.needs_public(part.span, &value, "a transfer");
                }
                self.not_hidden(
                    Code::E0303,
                    stmt.span,
                    "a transfer under a private condition",
                );
            }
        }
    }

    /// What everyone sees must not depend on a private condition.
    pub(super) fn not_hidden(&mut self, code: Code, span: Span, message: &str) {
        let Some(condition) = self.conditions.last().cloned() else {
            return;
        };
        let learned = "everyone would see whether this line ran, and so learn the condition";
        let diagnostic = Diagnostic::error(code, span, message)
            .because(learned)
            .also(condition.span, "this condition is private");
        let diagnostic = self.because(diagnostic, &condition.leaf);
        let help = match code {
            Code::E0304 => {
                "open the condition first: `reveal NAME = ... to public;`, or reveal a value that it selects: `c ? a : b`"
            }
            Code::E0315 => {
                "let it run on and select what changes, or write `while condition max N`"
            }
            _ => {
                "open the condition first: `reveal NAME = ... to public;`, or do this in both cases"
            }
        };
        self.report(diagnostic.help(help));
    }

    /// A local gets its first value.
    fn bind(&mut self, local: LocalId, value: Value, from: &Type, (span, stmt): (Span, Span)) {
        let value = self.declared(local, value, from, (span, stmt));
        self.assigned.insert(local, span);
        self.set(local, Rc::new(value));
    }

    /// What becomes of a value that is put into a local: it fits its type, and its label is as written.
    fn declared(
        &mut self,
        local: LocalId,
        value: Value,
        from: &Type,
        (span, stmt): (Span, Span),
    ) -> Value {
        let Some(declared) = self.local(local) else {
            return value;
        };
        let what = match scalar(&declared.ty) {
            Type::Int(int) => int.name().to_owned(),
            _ => format!("`{}`", declared.name),
        };
        let mut value = self.fits(span, value, from, &declared.ty, &what);
        if let Some(range) = declared.range {
            let what = format!("the range of `{}`", declared.name);
            value = self.fits_limits(span, value, &Type::Unknown, range, &what);
        }
        match self.stated(local) {
            Some(Label::Public) => {
                let own = stmt.start <= declared.span.start && declared.span.end <= stmt.end;
                value = self.check_public(local, value, span, own);
            }
            Some(Label::Private) => value.each_leaf(&mut |leaf| leaf.private = true),
            None => {}
        }
        value
    }

    /// What a local's declaration says who knows it. A label parameter is public where all that is given for it is.
    fn stated(&self, local: LocalId) -> Option<Label> {
        let declared = self.local(local)?;
        if declared.like.is_empty() {
            return declared.label;
        }
        let is_private = |given: &LocalId| {
            let value = self.get(*given);
            value.is_none_or(|value| value.leaves().iter().any(|leaf| leaf.private))
        };
        let is_public = !declared.like.iter().any(is_private);
        is_public.then_some(Label::Public)
    }

    /// The value as it is declared; what is wrong about it is said once.
    fn check_public(&mut self, local: LocalId, value: Value, span: Span, by_let: bool) -> Value {
        let leaves = value.leaves();
        let (Some(leaf), Some(declared)) =
            (leaves.into_iter().find(|l| l.private), self.local(local))
        else {
            return value;
        };
        let function = declared.name.trim_matches(['<', '>']);
        let result = function.len() < declared.name.len();
        let (message, help) = if by_let {
            let message = "a private value cannot become public by a `let`".to_owned();
            (
                message,
                "leave out `public`, or reveal the value first".to_owned(),
            )
        } else if result {
            let message = format!("`{function}` would return a private value as a public one");
            let help = match declared.like.is_empty() {
                true => format!("write `-> private ...` at `{function}`"),
                false => "all that is given for this label here is public".to_owned(),
            };
            (message, help)
        } else {
            let name = &declared.name;
            let message = format!("a private value in `{name}`, which is public");
            (message, format!("write `{name}: private ...`"))
        };
        let diagnostic = Diagnostic::error(Code::E0301, span, message)
            .because("this is private")
            .also(declared.span, "declared without `private`");
        let diagnostic = self.because(diagnostic, leaf);
        self.report(diagnostic.help(help));
        let mut value = value;
        value.each_leaf(&mut |leaf| leaf.private = false);
        value
    }

    fn assign(&mut self, stmt: Span, place: &'a Place, value: &'a Expr) {
        let reports = self.reports();
        let new = self.eval(value);
        match &place.root {
            Root::Local(local) => {
                let declared = self.local(*local).map(|l| &l.ty);
                let ty = declared.map_or(Type::Unknown, |ty| self.place_type(ty, &place.path));
                let what = match scalar(&ty) {
                    Type::Int(int) => int.name().to_owned(),
                    _ => "its place".to_owned(),
                };
                let new = self.fits(value.span, new, &value.ty, &ty, &what);
                let new = match declared {
                    Some(declared) => self.fits_place(value, new, declared, &place.path),
                    None => new,
                };
                // What a function returns has no value before.
                let mut whole = match self.get(*local) {
                    Some(old) => self.updated(&old, declared, &place.path, new),
                    None => new,
                };
                match self.stated(*local) {
                    Some(Label::Public) => {
                        whole = self.check_public(*local, whole, value.span, false);
                    }
                    Some(Label::Private) => whole.each_leaf(&mut |leaf| leaf.private = true),
                    None => {}
                }
                self.assigned.insert(*local, value.span);
                self.set(*local, Rc::new(whole));
            }
            Root::Slot(slot, key) => {
                self.write_path(key.as_deref(), &place.path);
                let Some(declared) = self.hir.slots.get(*slot) else {
                    return;
                };
                let ty = self.place_type(&declared.ty, &place.path);
                match declared.store {
                    Store::Mpc => {
                        let new = self.fits_place(value, new, &declared.ty, &place.path);
                        let new = self.fits_slot(value.span, new, &ty, declared);
                        self.store(*slot, declared, &new, value.span);
                    }
                    Store::Ledger | Store::Dht => {
                        let new = self.fits(value.span, new, &value.ty, &ty, "what is stored");
                        if new.is_private() {
                            self.forget_ranges(reports, value.span);
                        }
                        let name = &declared.name;
                        let at = written_out(value, *slot, stmt);
                        let message = format!("a private value in `{name}`, which is public");
                        self.shown(Code::E0301, at, &new, &message, None);
                        let message = format!("a write to `{name}` under a private condition");
                        self.not_hidden(Code::E0303, stmt, &message);
                    }
                }
            }
        }
    }

    /// Keys and places of what is written.
    fn write_path(&mut self, key: Option<&'a Expr>, path: &'a [PlaceStep]) {
        if let Some(key) = key {
            let value = self.eval(key);
            self.public_key(key, &value);
        }
        for step in path {
            if let PlaceStep::Index(index) = step {
                let value = self.eval(index);
                self.public_index(index, &value);
            }
        }
    }

    /// The type of a part.
    fn place_type(&self, ty: &Type, path: &[PlaceStep]) -> Type {
        let mut ty = ty.clone();
        for step in path {
            ty = match (step, &ty) {
                (PlaceStep::Index(_), _) => ty.element().cloned().unwrap_or(Type::Unknown),
                (PlaceStep::Field(i), Type::Tuple(types)) => {
                    types.get(*i).cloned().unwrap_or(Type::Unknown)
                }
                (PlaceStep::Field(i), Type::Struct(index)) => {
                    let fields = self.hir.structs.get(*index).map(|s| &s.fields);
                    let field = fields.and_then(|fields| fields.get(*i));
                    field.map_or(Type::Unknown, |field| field.ty.clone())
                }
                _ => Type::Unknown,
            };
        }
        ty
    }

    /// A value with a part replaced. Of a vector, one element stands for all, so the new one is joined to it; and a vector of rows
    /// with a strange element is whole no more.
    fn updated(
        &mut self,
        old: &Value,
        ty: Option<&Type>,
        path: &'a [PlaceStep],
        new: Value,
    ) -> Value {
        let Some((step, rest)) = path.split_first() else {
            return new;
        };
        match step {
            PlaceStep::Field(index) => {
                let Value::Parts(parts) = old else {
                    return old.join(&new, &mut self.numbers);
                };
                let mut parts = parts.clone();
                if let Some(part) = parts.get_mut(*index) {
                    let inner = ty.map(|ty| self.place_type(ty, &[]));
                    let inner = inner.and_then(|ty| match ty {
                        Type::Tuple(types) => types.get(*index).cloned(),
                        Type::Struct(s) => self.field_type(s, *index),
                        _ => None,
                    });
                    *part = self.updated(part, inner.as_ref(), rest, new);
                }
                Value::Parts(parts)
            }
            PlaceStep::Index(index) => {
                let place = self.eval(index);
                self.public_index(index, &place);
                let mut element = old.element();
                let inner = ty.and_then(Type::element).cloned();
                let changed = self.updated(&element, inner.as_ref(), rest, new);
                element = element.join(&changed, &mut self.numbers);
                element.each_leaf(&mut |leaf| {
                    let base = leaf.base;
                    let number = self.numbers.fresh();
                    *leaf = leaf.loosened(number, &mut self.numbers);
                    leaf.base = base;
                });
                Value::Many(Box::new(element))
            }
        }
    }

    fn field_type(&self, index: usize, field: usize) -> Option<Type> {
        let fields = &self.hir.structs.get(index)?.fields;
        fields.get(field).map(|field| field.ty.clone())
    }

    /// Proves that a part of a struct that is assigned lies where its declaration says.
    fn fits_place(
        &mut self,
        expr: &'a Expr,
        value: Value,
        root: &Type,
        path: &'a [PlaceStep],
    ) -> Value {
        let fields = path.iter().enumerate().rev();
        let mut fields = fields.filter_map(|(at, step)| match step {
            PlaceStep::Field(index) => Some((at, *index)),
            PlaceStep::Index(_) => None,
        });
        let Some((at, index)) = fields.next() else {
            return value;
        };
        let owner = self.place_type(root, path.get(..at).unwrap_or_default());
        self.fits_field(expr, value, &owner, index)
    }

    /// Proves that all numbers fit where they are stored.
    fn fits_slot(&mut self, span: Span, value: Value, ty: &Type, slot: &Slot) -> Value {
        let hir = self.hir;
        let inner = scalar(ty);
        let types: Vec<&Type> = match inner {
            Type::Tuple(types) => types.iter().collect(),
            Type::Maybe(content) => vec![&Type::Bool, content],
            Type::Struct(index) => hir.structs.get(*index).map_or_else(Vec::new, |s| {
                s.fields.iter().map(|field| &field.ty).collect()
            }),
            _ => Vec::new(),
        };
        let mut value = value;
        if !types.is_empty() {
            if let Some(parts) = parts_of(&mut value) {
                for (part, ty) in parts.iter_mut().zip(types) {
                    *part = self.fits_slot(span, part.clone(), ty, slot);
                }
            }
            return value;
        }
        let Some(range) = natural(inner, hir) else {
            return value;
        };
        let what = match inner {
            Type::Int(int) => format!("{} in `state MPC`", int.name()),
            _ => format!("`{}`", slot.name),
        };
        // A type that is wider would not help: slots end where they end.
        self.fits_limits(span, value, &Type::Unknown, stored(slot, range), &what)
    }

    /// `MPC.slot += e`: of what entries contribute, the slot holds the sum.
    fn accumulate(&mut self, place: &'a Place, value: &'a Expr) {
        let new = self.eval(value);
        let Root::Slot(slot, key) = &place.root else {
            return;
        };
        self.write_path(key.as_deref(), &place.path);
        let Some(declared) = self.hir.slots.get(*slot) else {
            return;
        };
        let inner = scalar(&declared.ty);
        let unsigned = natural(inner, self.hir).is_some_and(|range| range.low >= 0);
        let limits = Wide {
            low: if unsigned { 0 } else { -CONTRIBUTION_LIMIT },
            high: CONTRIBUTION_LIMIT,
        };
        let narrow = match inner {
            Type::Int(int) => !matches!(int, IntType::U64 | IntType::I64),
            _ => false,
        };
        if narrow {
            let message = format!(
                "the sum of all contributions to `{}` may not fit",
                declared.name
            );
            let diagnostic = Diagnostic::error(Code::E0501, place.span, message)
                .also(declared.span, "any number of calls add to it")
                .help("declare it as u64 or i64");
            self.report(diagnostic);
        }
        let what = format!("a contribution to `{}`", declared.name);
        let new = self.fits_limits(value.span, new, &Type::Unknown, limits, &what);
        let given = new.leaves().iter().any(|leaf| leaf.sources.has_params());
        if given && self.conditions.is_empty() && self.muted == 0 {
            self.entry.contributions.insert(place.span);
        }
        if self.muted == 0 {
            self.entry.added.insert(*slot, place.span);
        }
        self.store(*slot, declared, &new, value.span);
    }

    /// What is stored keeps its sources: the slot's policy is not wider than theirs, and the slot holds the worst of their mixes.
    fn store(&mut self, slot: usize, declared: &'a Slot, value: &Value, span: Span) {
        let mut whole = value.whole(Combination::Number, &mut self.numbers);
        let several = value.leaves().len() > 1 || matches!(value, Value::Many(_));
        if several {
            // A list of bits is read bit by bit, and each is one.
            whole = value.leaves().into_iter().fold(whole, |mut all, leaf| {
                all.sources.join(&leaf.sources);
                all
            });
        }
        if let Some(condition) = self.condition() {
            let how = if whole.range == Some(Wide { low: 0, high: 1 }) {
                Combination::Truth
            } else {
                Combination::Choice
            };
            let number = self.numbers.fresh();
            whole = condition.combine(&whole, how, number);
        }
        if declared.accumulator {
            whole.sources = whole.sources.accumulated(slot);
        }
        if has_key(&declared.ty, self) {
            self.check_key_store(declared, &whole, span);
        }
        self.check_slot_policy(slot, declared, &whole, span);
        self.check_bits_stored(slot, declared, &whole, (span, several || self.passes > 1));
        if self.muted == 0 {
            let stored = self.entry.stores.entry(slot).or_default();
            for (source, exposures) in exposures(&whole.sources) {
                stored.entry(source).or_default().extend(exposures);
            }
        }
        let mut mixes = whole.sources.stored();
        if let Some(own) = self.slots.get_mut(slot) {
            let mut all = Sources::of(Source::Slot(slot), *own);
            all.join(&Sources::of(Source::Slot(slot), std::mem::take(&mut mixes)));
            *own = all.stored();
        }
    }

    /// A key has no sources when it is read, so that nothing may be told by which key a slot holds.
    fn check_key_store(&mut self, declared: &Slot, value: &Leaf, span: Span) {
        if self.conditions.is_empty() && value.sources.is_empty() {
            return;
        }
        let message = format!(
            "private data would decide which key is in `{}`",
            declared.name
        );
        let mut diagnostic = Diagnostic::error(Code::E0316, span, message).because(
            "whoever sees a public key or a signature could tell which key it was, and so learn it",
        );
        if let Some(condition) = self.conditions.last() {
            diagnostic = diagnostic.also(condition.span, "this condition is private");
        }
        let diagnostic = self.because(diagnostic, value);
        self.report(diagnostic.help("store keys where everyone knows which one it is"));
    }

    /// Both branches of an `if`.
    fn branches(&mut self, span: Span, condition: &'a Expr, then: &'a Block, otherwise: &'a Block) {
        let value = self.eval(condition);
        let leaf = value.whole(Combination::Truth, &mut self.numbers);
        if !leaf.private {
            let first = self.tried(|walk| walk.block(then));
            let second = self.tried(|walk| walk.block(otherwise));
            self.merge(&first, &second, &mut |a, b, numbers| a.join(b, numbers));
            return;
        }
        let before = self.cost;
        self.conditions.push(Condition {
            leaf: leaf.clone(),
            span: condition.span,
        });
        let first = self.tried(|walk| walk.block(then));
        let second = self.tried(|walk| walk.block(otherwise));
        self.conditions.pop();
        let both = self.cost - before;
        if both > COSTLY_BRANCHES {
            let diagnostic = Diagnostic::warning(Code::W0401, span, "both branches run")
                .because(format!(
                    "about {} multiplications together, whatever the condition is",
                    crate::diagnostic::grouped(both.into())
                ))
                .also(condition.span, "this condition is private")
                .help("move work that both need, or that does not depend on the condition, before the `if`");
            self.report(diagnostic);
        }
        self.choose(&leaf, condition.span, &first, &second);
    }

    /// Locals after a private condition: what the branch that holds has put into them.
    pub(super) fn choose(
        &mut self,
        condition: &Leaf,
        span: Span,
        first: &Changes,
        second: &Changes,
    ) {
        let mut condition = condition.clone();
        condition.because = Some(span);
        let before: BTreeMap<LocalId, Rc<Value>> = first
            .values
            .keys()
            .chain(second.values.keys())
            .filter_map(|local| Some((*local, self.get(*local)?)))
            .collect();
        let all: Changes = Changes {
            ends: true,
            ..first.clone()
        };
        let other = Changes {
            ends: true,
            ..second.clone()
        };
        let changed = self.merge(&all, &other, &mut |a, b, numbers| {
            let truth = a.range == Some(Wide { low: 0, high: 1 }) && a.range == b.range;
            let mut value = selected(&condition, a, b, selection(truth), numbers);
            if value.private && !(a.private && b.private) {
                value.because = Some(span);
            }
            value
        });
        for local in changed {
            if let Some(before) = before.get(&local) {
                self.rise(local, before, &condition);
            }
            let written = self.stated(local);
            if let (Some(Label::Public), Some(value)) = (written, self.get(local)) {
                let at = self.assigned.get(&local).copied().unwrap_or(span);
                let value = self.check_public(local, (*value).clone(), at, false);
                self.set(local, Rc::new(value));
            }
        }
    }

    /// What was assigned under a private condition is private, even where both branches have put the same into it.
    fn rise(&mut self, local: LocalId, before: &Value, condition: &Leaf) {
        let Some(value) = self.get(local) else { return };
        let known = before.leaves().into_iter();
        let known: Vec<(Number, Option<Wide>)> = known.map(|l| (l.number, l.range)).collect();
        let assigned = |(leaf, known): (&&Leaf, &(Number, Option<Wide>))| {
            !leaf.private && (leaf.number, leaf.range) != *known
        };
        if !value.leaves().iter().zip(&known).any(assigned) {
            return;
        }
        let mut value = (*value).clone();
        let mut known = known.into_iter();
        value.each_leaf(&mut |leaf| {
            if known.next() != Some((leaf.number, leaf.range)) && !leaf.private {
                leaf.private = true;
                leaf.because = condition.because;
                leaf.sources.join(&condition.sources);
            }
        });
        self.set(local, Rc::new(value));
    }

    /// Locals that either way has changed; those that did not exist before are gone.
    pub(super) fn merge(
        &mut self,
        first: &Changes,
        second: &Changes,
        f: &mut impl FnMut(&Leaf, &Leaf, &mut super::numbers::Numbers) -> Leaf,
    ) -> Vec<LocalId> {
        let keys: BTreeMap<LocalId, ()> = first
            .values
            .keys()
            .chain(second.values.keys())
            .map(|local| (*local, ()))
            .collect();
        let mut changed = Vec::new();
        for local in keys.into_keys() {
            let before = self.get(local);
            let a = first.values.get(&local).or(before.as_ref());
            let b = second.values.get(&local).or(before.as_ref());
            let (Some(a), Some(b)) = (a, b) else { continue };
            let value = match (first.ends, second.ends) {
                (true, false) => Rc::clone(a),
                (false, true) => Rc::clone(b),
                _ => Rc::new(a.zip(b, &mut self.numbers, f)),
            };
            self.set(local, value);
            changed.push(local);
        }
        self.ends = self.ends && (first.ends || second.ends);
        changed
    }
}

/// The word with which a statement begins.
pub(super) fn keyword(stmt: Span, length: u32) -> Span {
    Span {
        start: stmt.start,
        end: stmt.end.min(stmt.start.saturating_add(length)),
    }
}

/// Of `slot += e`, which is written out as `slot = slot + e`, the place of `e`.
fn written_out(value: &Expr, slot: usize, stmt: Span) -> Span {
    match &value.kind {
        ExprKind::Binary(_, a, b) if value.span == stmt => match a.kind {
            ExprKind::Load { slot: own, .. } if own == slot => b.span,
            _ => value.span,
        },
        _ => value.span,
    }
}
