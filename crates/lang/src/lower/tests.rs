//! `test` blocks: what they set, run and expect.

mod expression;

pub(crate) use expression::FUNCTIONS;

use std::collections::{BTreeMap, BTreeSet};

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hir::{
    Block, Clock, Entry, Reveal, Stmt, StmtKind, Store, Test, TestCaller, TestExpr, TestPart,
    TestRun, TestStep, TestTarget, Type,
};
use crate::scope::{Scope, Symbol, duplicate};
use crate::span::Span;
use crate::syntax::ast::{self, Arg, Expr, ExprKind, Name, TestStmt};

/// Settles the names of all tests. The bodies of the entries are settled: what they reveal is what tests can
/// expect.
pub(super) fn lower(scope: &Scope, diagnostics: &mut Vec<Diagnostic>) -> Vec<Test> {
    let results = scope.hir.entries.iter().map(results_of).collect();
    let mut pass = Pass {
        scope,
        results,
        last: None,
        copied: 0,
        diagnostics,
    };
    let mut titles = BTreeMap::new();
    let mut tests = Vec::new();
    for test in &scope.tests {
        if let Some(title) = test.title() {
            match titles.get(&title.text) {
                Some(first) => pass.diagnostics.push(duplicate(&title, *first)),
                None => {
                    titles.insert(title.text, title.span);
                }
            }
        }
        tests.push(pass.test(test));
    }
    tests
}

/// The results of an entry by name, with their types.
type Results = BTreeMap<String, Type>;

fn results_of(entry: &Entry) -> Results {
    let mut results = Results::new();
    let mut blocks: Vec<&Block> = vec![&entry.body];
    while let Some(block) = blocks.pop() {
        for Stmt { kind, .. } in &block.stmts {
            match kind {
                StmtKind::Reveal(reveal) => {
                    results.insert(reveal.name.clone(), result_type(entry, reveal));
                }
                StmtKind::If {
                    then, otherwise, ..
                } => blocks.extend([then, otherwise]),
                StmtKind::For { body, .. }
                | StmtKind::ForEach { body, .. }
                | StmtKind::ForMembers { body, .. }
                | StmtKind::While { body, .. } => blocks.push(body),
                _ => {}
            }
        }
    }
    results
}

fn result_type(entry: &Entry, reveal: &Reveal) -> Type {
    let local = reveal.local.and_then(|local| {
        let index = usize::try_from(local.0).ok()?;
        entry.locals.get(index)
    });
    local.map_or(&reveal.value.ty, |local| &local.ty).clone()
}

struct Pass<'a> {
    scope: &'a Scope,
    /// Of each entry.
    results: Vec<Results>,
    /// The entry that was run last, and where.
    last: Option<(usize, Span)>,
    /// How many values of constants were put in place.
    copied: u64,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Pass<'_> {
    fn test(&mut self, test: &ast::Test) -> Test {
        self.last = None;
        Test {
            title: test.title().map(|title| title.text).unwrap_or_default(),
            span: test.span(),
            steps: test
                .statements()
                .filter_map(|statement| self.step(&statement))
                .collect(),
        }
    }

    fn step(&mut self, statement: &TestStmt) -> Option<TestStep> {
        match statement {
            TestStmt::Given(given) => self.given(given),
            TestStmt::Set(set) => self.set(set),
            TestStmt::Run(run) => {
                let lowered = self.run(
                    run.name(),
                    &run.args(),
                    run.caller(),
                    (run.span(), run.call_span()),
                );
                self.last = self.entry_of(run.name()).map(|entry| (entry, run.span()));
                lowered.map(TestStep::Run)
            }
            TestStmt::ExpectFail(run) => {
                let spans = (run.span(), run.call_span());
                let run = self.run(run.name(), &run.args(), run.caller(), spans);
                run.map(TestStep::ExpectFail)
            }
            TestStmt::Expect(expect) => {
                let value = self.expression(&expect.value()?, Some(&Type::Bool))?;
                Some(TestStep::Expect(value, expect.span()))
            }
        }
    }

    fn wrong<T>(&mut self, diagnostic: Diagnostic) -> Option<T> {
        self.diagnostics.push(diagnostic);
        None
    }

    fn error<T>(&mut self, code: Code, span: Span, message: impl Into<String>) -> Option<T> {
        self.wrong(Diagnostic::error(code, span, message))
    }

    fn given(&mut self, given: &ast::Given) -> Option<TestStep> {
        let (name, value) = (given.name()?, given.value()?);
        let scope = self.scope;
        let index = match scope.symbol(&name) {
            Some(Symbol::Collection(index)) => index,
            Some(Symbol::Broken) => return None,
            Some(_) => {
                let message = format!("`{}` is not a collection", name.text);
                return self.wrong(scope.misused(&name, message));
            }
            None => return self.wrong(scope.unknown(&name, "collection", std::iter::empty())),
        };
        let collection = scope.hir.collections.get(index)?;
        let row = collection.row.clone();
        let want = if collection.is_single() {
            row
        } else {
            Type::Rows(Box::new(row), index)
        };
        let value = self.fitting(&value, &want)?;
        Some(TestStep::Given(index, value, given.span()))
    }

    /// A value that must not be one of another kind, as far as that can be seen from how it is written.
    fn fitting(&mut self, value: &Expr, want: &Type) -> Option<TestExpr> {
        let wrong = self.misfit(value, want);
        match wrong {
            Some(diagnostic) => self.wrong(diagnostic),
            None => self.expression(value, Some(want)),
        }
    }

    fn misfit(&self, value: &Expr, want: &Type) -> Option<Diagnostic> {
        let kind = value.kind();
        let fits = match (&kind, want) {
            (ExprKind::List(items), Type::List(element, _)) => {
                return items.iter().find_map(|item| self.misfit(item, element));
            }
            (ExprKind::List(items), Type::Rows(row, _)) => {
                let is_list = matches!(**row, Type::List(..) | Type::Bytes(_));
                return items.iter().find_map(|item| match item.kind() {
                    // What one giver gives, where that is several rows.
                    ExprKind::List(rows) if !is_list => {
                        rows.iter().find_map(|item| self.misfit(item, row))
                    }
                    _ => self.misfit(item, row),
                });
            }
            (ExprKind::Bool(_), _) => matches!(want, Type::Bool | Type::Unknown),
            (ExprKind::Int(_), _) => {
                matches!(want, Type::Int(_) | Type::Fix(_) | Type::Unknown)
            }
            (ExprKind::Decimal(_), _) => matches!(want, Type::Fix(_) | Type::Unknown),
            (ExprKind::Text(_), _) => matches!(want, Type::Text(_) | Type::Str | Type::Unknown),
            (ExprKind::List(_), _) => matches!(want, Type::Bytes(_) | Type::Unknown),
            _ => true,
        };
        if fits {
            return None;
        }
        let needed = self.kind_of_value(want);
        let message = format!("{needed} needed here");
        Some(Diagnostic::error(Code::E0701, value.span(), message))
    }

    fn kind_of_value(&self, ty: &Type) -> String {
        match ty {
            Type::Bool => "`true` or `false` is".to_owned(),
            Type::Int(_) => "a whole number is".to_owned(),
            Type::Fix(_) => "a number is".to_owned(),
            Type::Rows(element, _) | Type::List(element, _) => {
                let of = match **element {
                    Type::Bool => "truth values, like `[true, false]`,".to_owned(),
                    Type::Int(_) => "whole numbers, like `[1, 2, 3]`,".to_owned(),
                    _ => format!("`{}`", self.scope.hir.type_name(element)),
                };
                format!("a list of {of} is")
            }
            other => format!("`{}` is", self.scope.hir.type_name(other)),
        }
    }

    fn set(&mut self, set: &ast::Set) -> Option<TestStep> {
        let (place, value) = (set.place()?, set.value()?);
        if let ExprKind::Field(of, name) = place.kind()
            && let Some(clock) = store_named(&of).and_then(|of| self.clock(of, &name.text))
        {
            let value = self.expression(&value, None)?;
            return Some(TestStep::SetClock(clock, value, set.span()));
        }
        let target = self.target(&place);
        let ty = target.as_ref().map(|(_, ty)| ty.clone());
        let value = match &ty {
            Some(ty) => self.fitting(&value, ty),
            None => self.expression(&value, None),
        };
        let count = match set.count() {
            None => None,
            Some(count) => Some(self.expression(&count, None)?),
        };
        let (target, _) = target?;
        let accumulator = |slot: usize| {
            let slot = self.scope.hir.slots.get(slot);
            slot.is_some_and(|slot| slot.accumulator)
        };
        if let Some(count) = set.count().filter(|_| !accumulator(target.slot)) {
            let message = "`count` says how many contributions are in an accumulator";
            self.error::<()>(Code::E0701, count.span(), message);
        }
        Some(TestStep::Set {
            target,
            value: value?,
            count,
            span: set.span(),
        })
    }

    /// A slot or a part of it, with its type.
    fn target(&mut self, place: &Expr) -> Option<(TestTarget, Type)> {
        match place.kind() {
            ExprKind::Field(of, name) => {
                let Some(store) = store_named(&of) else {
                    let (mut target, ty) = self.target(&of)?;
                    let (place, ty) = self.place_of(&ty, &name)?;
                    target.way.push(TestPart::Field(place));
                    return Some((target, ty));
                };
                let slot = self.slot(store, &name)?;
                let ty = self.scope.hir.slots.get(slot)?.ty.clone();
                let target = TestTarget {
                    slot,
                    key: None,
                    way: Vec::new(),
                };
                Some((target, ty))
            }
            ExprKind::Index(of, at) => {
                let (mut target, ty) = self.target(&of)?;
                let key = self.scope.hir.slots.get(target.slot)?.key.clone();
                if let (Some(key), None) = (key, &target.key) {
                    target.key = Some(self.expression(&at, Some(&key))?);
                    return Some((target, ty));
                }
                let Some(element) = ty.element().cloned() else {
                    return self.error(Code::E0701, place.span(), "this is not a list");
                };
                let at = self.expression(&at, None)?;
                target.way.push(TestPart::Index(at));
                Some((target, element))
            }
            _ => self.error(
                Code::E0701,
                place.span(),
                "`set` sets a slot, like `L.price` or `MPC.tally`",
            ),
        }
    }

    /// The place of a field and its type.
    fn place_of(&mut self, ty: &Type, name: &Name) -> Option<(usize, Type)> {
        let fields = match ty {
            Type::Struct(index) => self.scope.hir.structs.get(*index).map(|s| &s.fields[..]),
            _ => None,
        };
        let fields = fields.unwrap_or_default();
        if let Some(place) = fields.iter().position(|field| field.name == name.text) {
            return Some((place, fields.get(place)?.ty.clone()));
        }
        let message = match ty {
            Type::Unknown => return None,
            ty => format!(
                "`{}` has no field `{}`",
                self.scope.hir.type_name(ty),
                name.text
            ),
        };
        let diagnostic = Diagnostic::error(Code::E0208, name.span, message);
        let names = fields.iter().map(|field| field.name.as_str());
        let near = crate::suggest::nearest(&name.text, names);
        self.wrong(match near {
            Some(near) => diagnostic.did_you_mean(near),
            None => diagnostic,
        })
    }

    /// `L.height` and `L.time`, unless a slot has the name.
    fn clock(&self, store: Store, name: &str) -> Option<Clock> {
        let is_slot = self.scope.slot(store, name).is_some();
        Clock::named(name).filter(|_| store == Store::Ledger && !is_slot)
    }

    fn slot(&mut self, store: Store, name: &Name) -> Option<usize> {
        let slot = self.scope.slot(store, &name.text);
        if slot.is_none() {
            let what = format!("slot in `{}`", store.name());
            let slots = self.scope.hir.slots.iter();
            let known = slots.filter(|slot| slot.store == store);
            let known: Vec<&str> = known.map(|slot| slot.name.as_str()).collect();
            let diagnostic = self.scope.unknown(name, &what, known.into_iter());
            self.diagnostics.push(diagnostic);
        }
        slot
    }

    fn entry_of(&self, name: Option<Name>) -> Option<usize> {
        match self.scope.symbol(&name?) {
            Some(Symbol::Entry(index)) => Some(index),
            _ => None,
        }
    }

    fn run(
        &mut self,
        name: Option<Name>,
        args: &[Arg],
        caller: Option<Expr>,
        (span, call): (Span, Span),
    ) -> Option<TestRun> {
        let name = name?;
        let scope = self.scope;
        let caller = caller.map(|caller| self.account(&caller));
        let entry = match scope.symbol(&name) {
            Some(Symbol::Entry(index)) => index,
            Some(Symbol::Broken) => return None,
            Some(_) => {
                let message = format!("`{}` is not an entry", name.text);
                return self.wrong(scope.misused(&name, message));
            }
            None => return self.wrong(scope.unknown(&name, "entry", std::iter::empty())),
        };
        let args = self.arguments(entry, &name, args, call)?;
        let caller = match caller {
            Some(caller) => Some(caller?),
            None => None,
        };
        Some(TestRun {
            entry,
            args,
            caller,
            span,
        })
    }

    /// One value for each parameter, in their order: the first ones may be given without a name.
    fn arguments(
        &mut self,
        entry: usize,
        name: &Name,
        args: &[Arg],
        call: Span,
    ) -> Option<Vec<TestExpr>> {
        let params: Vec<Name> = self
            .scope
            .entries
            .get(entry)?
            .params()
            .iter()
            .filter_map(ast::Param::name)
            .collect();
        let mut values: Vec<Option<TestExpr>> = vec![None; params.len()];
        let mut given = BTreeSet::new();
        let mut complete = true;
        for (at, arg) in args.iter().enumerate() {
            let place = match &arg.name {
                None => Some(at).filter(|at| *at < params.len()),
                Some(name) => params.iter().position(|param| param.text == name.text),
            };
            let Some(place) = place else {
                self.wrong::<()>(stray(name, arg, &params));
                complete = false;
                continue;
            };
            if !given.insert(place) {
                let message = format!("`{}` is given twice", params[place].text);
                self.error::<()>(Code::E0204, arg.span, message);
                complete = false;
                continue;
            }
            let ty = self.param_type(entry, place);
            let Some(value) = &arg.value else {
                let message = "a test gives values, no lambdas";
                return self.error(Code::E0701, arg.span, message);
            };
            values[place] = match &ty {
                Some(ty) => self.fitting(value, ty),
                None => self.expression(value, None),
            };
            complete &= values[place].is_some();
        }
        let missing = (0..params.len()).filter(|place| !given.contains(place));
        let missing: Vec<String> = missing.map(|at| format!("`{}`", params[at].text)).collect();
        if !missing.is_empty() && complete {
            let message = format!("`{}` needs {} too", name.text, missing.join(", "));
            return self.error(Code::E0204, call, message);
        }
        values.into_iter().collect()
    }

    fn param_type(&self, entry: usize, place: usize) -> Option<Type> {
        let entry = self.scope.hir.entries.get(entry)?;
        let local = usize::try_from(entry.params.get(place)?.local.0).ok()?;
        Some(entry.locals.get(local)?.ty.clone())
    }

    /// Who calls: a party, a member, or somebody else.
    fn account(&mut self, expr: &Expr) -> Option<TestCaller> {
        match self.expression(expr, Some(&Type::Id))? {
            TestExpr::Account(account) => Some(account),
            _ => {
                let message = "an account is needed here";
                let diagnostic = Diagnostic::error(Code::E0701, expr.span(), message)
                    .help("name a party, a member like `workers[0]`, or anyone else by a word of your choice");
                self.wrong(diagnostic)
            }
        }
    }
}

fn stray(entry: &Name, arg: &Arg, params: &[Name]) -> Diagnostic {
    let takes: Vec<String> = params
        .iter()
        .map(|param| format!("`{}`", param.text))
        .collect();
    let message = match (&arg.name, &takes[..]) {
        (_, []) => format!("`{}` takes no arguments", entry.text),
        (Some(name), _) => format!("`{}` has no parameter `{}`", entry.text, name.text),
        (None, _) => format!("`{}` takes only {}", entry.text, takes.join(", ")),
    };
    let span = arg.name.as_ref().map_or(arg.span, |name| name.span);
    let diagnostic = Diagnostic::error(Code::E0204, span, message);
    match takes.len() {
        0 => diagnostic,
        _ => diagnostic.help(format!("it takes {}", takes.join(", "))),
    }
}

/// `L`, `DHT` or `MPC`.
fn store_named(expr: &Expr) -> Option<Store> {
    match expr.kind() {
        ExprKind::Name(name) => Store::named(&name.text),
        _ => None,
    }
}
