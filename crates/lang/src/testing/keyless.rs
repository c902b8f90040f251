//! A contract without what depends on its signing keys, for tests on a committee: no network supports keys, and only the interpreter
//! runs them.
//!
//! What is left out is what could not stand there without them: slots of keys, statements whose value is made with one, the slots and
//! variables into which such a value goes, and whatever reads those. Where a key decides what else happens (a branch, a loop, a
//! `require`, a payment), or where what is left out would count rows or contributions, nothing is guessed: there is no contract without
//! the key then.
//!
//! Nothing here is ever published: `enigma build` compiles the contract that was checked, and refuses its keys.

use std::collections::BTreeSet;

use enigma_bytecode::model::Contract;

use crate::codegen::not_supported;
use crate::diagnostic::Diagnostic;
use crate::hir::visit::{blocks, blocks_mut, in_expr, in_stmt};
use crate::hir::{
    Block, Entry, Expr, ExprKind, Hir, LocalId, Root, Stmt, StmtKind, TestCaller, TestExpr,
    TestStep, Type,
};
use crate::span::Span;
use crate::{Checked, build};

/// What is left of a contract without its keys.
#[derive(Clone, Debug)]
pub struct Keyless {
    checked: Checked,
    contract: Contract,
    left_out: Vec<LeftOut>,
}

/// Something that a committee does not run, since it depends on a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LeftOut {
    /// Where it stands.
    pub span: Span,
    /// What it is, in a few words.
    pub what: String,
}

impl Keyless {
    /// What is left of a contract; `None` if it has no keys.
    ///
    /// # Errors
    /// What keeps it from being run without its keys, or could not be built anyway, each at its place.
    pub fn of(checked: &Checked) -> Result<Option<Keyless>, Vec<Diagnostic>> {
        let hir = &checked.hir;
        let found = Found::in_contract(hir);
        if found.is_empty() {
            return Ok(None);
        }
        let mut removing = Removing {
            hir,
            found: &found,
            left_out: Vec::new(),
            problems: Vec::new(),
        };
        let checked = Checked {
            hir: removing.contract(),
            facts: checked.facts.clone(),
        };
        let (mut left_out, problems) = (removing.left_out, removing.problems);
        if !problems.is_empty() {
            return Err(problems);
        }
        left_out.extend(of_tests(hir, &found));
        left_out.sort();
        left_out.dedup();
        let contract = build(&checked)?;
        Ok(Some(Keyless {
            checked,
            contract,
            left_out,
        }))
    }

    /// What a committee runs.
    #[must_use]
    pub fn contract(&self) -> &Contract {
        &self.contract
    }

    /// What it does not run, in order of the source: declarations and statements of the contract, and what its tests say of them,
    /// which the interpreter alone looks at.
    #[must_use]
    pub fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    pub(super) fn checked(&self) -> &Checked {
        &self.checked
    }
}

/// What depends on a key.
#[derive(Clone, Default, PartialEq, Eq)]
struct Found {
    slots: BTreeSet<usize>,
    /// Of each entry.
    locals: Vec<BTreeSet<LocalId>>,
    /// By entry and name.
    results: BTreeSet<(usize, String)>,
    /// Whether an entry does something with a key.
    used: bool,
}

impl Found {
    /// Until nothing is added: slots carry values from one entry to another, and loops carry them back.
    fn in_contract(hir: &Hir) -> Found {
        let keys = hir.slots.iter().enumerate();
        let keys = keys.filter_map(|(index, slot)| slot.is_key().then_some(index));
        let mut found = Found {
            slots: keys.collect(),
            locals: vec![BTreeSet::new(); hir.entries.len()],
            ..Found::default()
        };
        loop {
            let before = found.clone();
            for (index, entry) in hir.entries.iter().enumerate() {
                found.block(index, &entry.body);
            }
            if found == before {
                return found;
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.slots.is_empty() && !self.used
    }

    fn block(&mut self, entry: usize, block: &Block) {
        for stmt in &block.stmts {
            if self.is_without_keys(entry, &stmt.kind) {
                for inner in blocks(&stmt.kind) {
                    self.block(entry, inner);
                }
                continue;
            }
            self.used = true;
            match &stmt.kind {
                StmtKind::Let(local, _) => self.variables(entry, &[*local]),
                StmtKind::LetTuple(locals, _) => self.variables(entry, locals),
                StmtKind::Assign(place, _) | StmtKind::Accumulate(place, _) => match place.root {
                    Root::Local(local) => self.variables(entry, &[local]),
                    Root::Slot(slot, _) => drop(self.slots.insert(slot)),
                },
                StmtKind::Reveal(reveal) => {
                    self.variables(entry, reveal.local.as_slice());
                    self.results.insert((entry, reveal.name.clone()));
                }
                // They decide something, and are refused.
                _ => {}
            }
        }
    }

    fn variables(&mut self, entry: usize, set: &[LocalId]) {
        if let Some(locals) = self.locals.get_mut(entry) {
            locals.extend(set);
        }
    }

    /// Whether nothing of a statement depends on a key, but perhaps the blocks inside of it.
    fn is_without_keys(&self, entry: usize, stmt: &StmtKind) -> bool {
        let mut depends = false;
        in_stmt(stmt, &mut |part| depends |= self.is_of_keys(entry, part));
        depends |= match stmt {
            StmtKind::Let(local, _) => self.local(entry, *local),
            StmtKind::LetTuple(locals, _) => locals.iter().any(|local| self.local(entry, *local)),
            StmtKind::Assign(place, _) | StmtKind::Accumulate(place, _) => match place.root {
                Root::Local(local) => self.local(entry, local),
                Root::Slot(slot, _) => self.slots.contains(&slot),
            },
            _ => false,
        };
        !depends
    }

    /// Whether an expression is itself made with a key; those inside of it are looked at on their own.
    fn is_of_keys(&self, entry: usize, expr: &Expr) -> bool {
        match &expr.kind {
            ExprKind::Call(builtin, _) if builtin.is_of_keys() => true,
            ExprKind::Local(local) => self.local(entry, *local),
            ExprKind::Load { slot, .. } => self.slots.contains(slot),
            _ => matches!(expr.ty, Type::Key(_)),
        }
    }

    fn depends(&self, entry: usize, expr: &Expr) -> bool {
        let mut depends = false;
        in_expr(expr, &mut |part| depends |= self.is_of_keys(entry, part));
        depends
    }

    fn local(&self, entry: usize, local: LocalId) -> bool {
        self.locals
            .get(entry)
            .is_some_and(|locals| locals.contains(&local))
    }
}

/// Takes out of a contract what depends on a key.
struct Removing<'a> {
    hir: &'a Hir,
    found: &'a Found,
    left_out: Vec<LeftOut>,
    problems: Vec<Diagnostic>,
}

impl Removing<'_> {
    fn contract(&mut self) -> Hir {
        let mut hir = self.hir.clone();
        for (index, slot) in hir.slots.iter_mut().enumerate() {
            if self.found.slots.contains(&index) {
                slot.left_out = true;
                let what = self.slot(index);
                self.left(slot.span, what);
            }
        }
        for (index, entry) in hir.entries.iter_mut().enumerate() {
            for condition in entry.when.iter().chain(&entry.pays) {
                self.must_be_without(index, condition, "a condition or payment of the entry");
            }
            self.block(index, &mut entry.body);
        }
        let admits = hir.groups.iter().filter_map(|group| group.admit.as_ref());
        let accesses = hir.slots.iter().filter_map(|slot| slot.access.as_ref());
        for predicate in admits.chain(accesses) {
            // It has locals of its own, and no entry.
            self.must_be_without(usize::MAX, &predicate.condition, "who is admitted");
        }
        hir
    }

    fn block(&mut self, entry: usize, block: &mut Block) {
        let stmts = std::mem::take(&mut block.stmts).into_iter();
        block.stmts = stmts
            .filter_map(|stmt| self.statement(entry, stmt))
            .collect();
    }

    /// The statement without what depends on a key; `None` if all of it does.
    fn statement(&mut self, entry: usize, mut stmt: Stmt) -> Option<Stmt> {
        if self.found.is_without_keys(entry, &stmt.kind) {
            for inner in blocks_mut(&mut stmt.kind) {
                self.block(entry, inner);
            }
            return Some(stmt);
        }
        let (span, what) = match &stmt.kind {
            StmtKind::Let(local, _) => (stmt.span, self.variable(entry, *local)),
            StmtKind::LetTuple(..) => (stmt.span, "variables".to_owned()),
            StmtKind::Assign(place, _) | StmtKind::Accumulate(place, _) => {
                let what = match place.root {
                    Root::Local(local) => self.variable(entry, local),
                    Root::Slot(slot, _) => self.slot(slot),
                };
                (stmt.span, format!("what is stored in {what}"))
            }
            StmtKind::Reveal(reveal) => (stmt.span, format!("reveal {}", reveal.name)),
            _ => {
                let decided = match &stmt.kind {
                    StmtKind::If { condition, .. } => (condition.span, "a branch"),
                    StmtKind::Require(condition, _) => (condition.span, "a `require`"),
                    StmtKind::Transfer { .. } => (stmt.span, "a payment"),
                    _ => (stmt.span, "a loop"),
                };
                self.refuse(decided.0, &format!("{} that depends on a key", decided.1));
                return None;
            }
        };
        self.counts_nothing(&stmt.kind);
        self.left(span, what);
        None
    }

    /// What a statement reads is counted before a call begins: without the statement other calls would be refused.
    fn counts_nothing(&mut self, stmt: &StmtKind) {
        let mut counted = None;
        in_stmt(stmt, &mut |part| match &part.kind {
            ExprKind::Collection(_) | ExprKind::RowCount(_) | ExprKind::MemberCount(_) => {
                counted = Some((part.span, "rows beside a key"));
            }
            ExprKind::Load { slot, .. }
                if self.hir.slots.get(*slot).is_some_and(|s| s.accumulator) =>
            {
                counted = Some((part.span, "contributions beside a key"));
            }
            _ => {}
        });
        if let Some((span, what)) = counted {
            self.refuse(span, what);
        }
    }

    fn must_be_without(&mut self, entry: usize, condition: &Expr, what: &str) {
        if self.found.depends(entry, condition) {
            self.refuse(condition.span, &format!("{what} that depends on a key"));
        }
    }

    fn refuse(&mut self, span: Span, what: &str) {
        let problem = not_supported(span, what);
        self.problems.push(problem);
    }

    fn left(&mut self, span: Span, what: String) {
        self.left_out.push(LeftOut { span, what });
    }

    fn variable(&self, entry: usize, local: LocalId) -> String {
        let entry = self.hir.entries.get(entry);
        let local = entry.and_then(|entry: &Entry| entry.locals.get(local.0 as usize));
        local.map_or_else(|| "a variable".to_owned(), |local| local.name.clone())
    }

    fn slot(&self, slot: usize) -> String {
        let slot = self.hir.slots.get(slot);
        slot.map_or_else(String::new, |slot| {
            format!("{}.{}", slot.store.name(), slot.name)
        })
    }
}

/// What tests expect of what is left out, or set in it: the interpreter does, and no committee.
fn of_tests(hir: &Hir, found: &Found) -> Vec<LeftOut> {
    let mut left_out = Vec::new();
    for test in &hir.tests {
        let mut last_run = None;
        for step in &test.steps {
            let (span, what) = match step {
                TestStep::Run(run) => {
                    last_run = Some(run.entry);
                    continue;
                }
                TestStep::Expect(expr, span) if reads(expr, last_run, found) => (*span, "expect"),
                TestStep::Set { target, span, .. } if found.slots.contains(&target.slot) => {
                    (*span, "set")
                }
                _ => continue,
            };
            let what = what.to_owned();
            left_out.push(LeftOut { span, what });
        }
    }
    left_out
}

/// Whether an expression of a test reads what is left out. `last_run`: the entry whose results it knows.
fn reads(expr: &TestExpr, last_run: Option<usize>, found: &Found) -> bool {
    let any = |parts: &[&TestExpr]| parts.iter().any(|part| reads(part, last_run, found));
    match expr {
        TestExpr::Result(name) => {
            last_run.is_some_and(|entry| found.results.contains(&(entry, name.clone())))
        }
        TestExpr::Slot(slot, key) => {
            found.slots.contains(slot)
                || key.as_ref().is_some_and(|key| reads(key, last_run, found))
        }
        TestExpr::Struct(_, parts) | TestExpr::List(parts) | TestExpr::Call(_, parts) => {
            parts.iter().any(|part| reads(part, last_run, found))
        }
        TestExpr::Repeat(a, b) | TestExpr::Index(a, b) | TestExpr::Binary(_, a, b) => any(&[a, b]),
        TestExpr::Account(TestCaller::Member(_, a)) => any(&[a]),
        TestExpr::Field(a, _) | TestExpr::Cast(a, _) | TestExpr::Unary(_, a) => any(&[a]),
        TestExpr::Choose(parts) => parts.iter().any(|part| reads(part, last_run, found)),
        TestExpr::Int(_)
        | TestExpr::Decimal { .. }
        | TestExpr::Bool(_)
        | TestExpr::Text(_)
        | TestExpr::Variant(..)
        | TestExpr::Account(TestCaller::Party(_) | TestCaller::Other(_))
        | TestExpr::Clock(_) => false,
    }
}
