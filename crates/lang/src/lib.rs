//! The contract language: from source text to a compiled contract, and a plaintext interpreter.
//!
//! One pass per module, in this order: [`syntax`] (text to a lossless tree, never fails), `program` (the files that a contract
//! uses, which the caller reads: [`Files`]), `resolve`
//! (declarations), `lower` (names, types and functions put in place, into [`hir`]), [`flow`] (who knows each value, where it
//! lies, whose data it comes from, and who may see it), `codegen` (bytecode, which then passes the check that
//! nodes make). [`interpret()`] runs the checked contract on plain numbers, and [`manifest`] says who learns what.
//! Beside them, on the tree alone: [`format()`] (the one style) and [`ide`] (what editors ask).
//!
//! Invariants: the same source gives the same bytes on every machine (no clock, no paths, no
//! hash-ordered containers); white space and comments do not matter; no input makes the compiler
//! panic.

pub mod code;
mod codegen;
mod constant;
pub mod diagnostic;
pub mod flow;
mod format;
pub mod hir;
pub mod ide;
pub mod interpret;
mod lower;
pub mod manifest;
mod modules;
mod program;
mod refused;
mod resolve;
mod scope;
pub mod sources;
pub mod span;
mod suggest;
pub mod syntax;
pub mod testing;
pub mod value;

pub use code::{Code, explain};
pub use diagnostic::{Color, Diagnostic, Fix, Severity, has_errors, render};
pub use flow::Facts;
pub use format::format;
pub use hir::Hir;
pub use interpret::{Refusal, Shown, World, interpret};
pub use lower::{LibraryFunction, LibraryKind, library};
pub use manifest::Manifest;
pub use program::{Alone, FileError, Files, MAX_FILES, MAX_PROGRAM_LEN};
pub use sources::Sources;
pub use span::Span;
pub use testing::{
    LeakOutcome, TestFailure, TestOutcome, run_test, run_test_on, run_test_without_keys, run_tests,
    test_leak,
};
pub use value::{Account, Value};

use std::collections::BTreeSet;

use enigma_bytecode::container::{MAX_BYTES, encode};
use enigma_bytecode::model::Contract;
use enigma_bytecode::verify::verify;
use program::Program;
use resolve::Root;
use syntax::ast::Item;

/// Largest source, in bytes.
pub const MAX_SOURCE_LEN: usize = 256 * 1024;
/// Most diagnostics that are reported for one source.
pub const MAX_DIAGNOSTICS: usize = 100;

/// A contract that follows all rules of the language.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What it says.
    pub hir: Hir,
    /// What follows from it.
    pub facts: Facts,
}

/// What the compiler made of a source.
#[derive(Clone, Debug)]
pub struct Compilation {
    /// The checked contract, for the interpreter and tests; `None` if there are errors.
    pub checked: Option<Checked>,
    /// The compiled contract; `None` if there are errors, or if it uses what this version does not
    /// compile yet, or no network supports: then warnings of [`Code::W0901`] and [`Code::W0902`] say what.
    pub contract: Option<Contract>,
    /// Errors and warnings, in order of the source.
    pub diagnostics: Vec<Diagnostic>,
    /// The texts that were read: what all places are places in.
    pub sources: Sources,
}

impl Compilation {
    /// Runs the `test` blocks; none if there are errors.
    #[must_use]
    pub fn run_tests(&self) -> Vec<TestOutcome> {
        self.checked.as_ref().map(run_tests).unwrap_or_default()
    }

    /// The findings as text for a person. `file_name`: how the person calls the contract's file.
    #[must_use]
    pub fn render(&self, file_name: &str, color: Color) -> String {
        diagnostic::render_of(&self.diagnostics, file_name, &self.sources, color)
    }
}

/// Compiles a source that uses no other files. Never fails: what is wrong is in the diagnostics.
#[must_use]
pub fn compile(source: &str) -> Compilation {
    compile_with(source, &Alone)
}

/// Compiles the source of a contract with the files that it uses. Never fails: what is wrong is in the diagnostics.
#[must_use]
pub fn compile_with(source: &str, files: &dyn Files) -> Compilation {
    let mut diagnostics = Vec::new();
    let (program, read) = Program::read_small(source, files, &mut diagnostics);
    let parsed = diagnostics.len();
    let mut compiled = (None, None);
    if read {
        compiled = compiled_from(&program, &mut diagnostics);
    }
    silence(&mut diagnostics, parsed, &program.sources);
    sort(&mut diagnostics);
    let (checked, contract) = compiled;
    Compilation {
        checked,
        contract,
        diagnostics,
        sources: program.sources,
    }
}

fn compiled_from(
    program: &Program,
    diagnostics: &mut Vec<Diagnostic>,
) -> (Option<Checked>, Option<Contract>) {
    let checked = analyse(program, Root::Contract, diagnostics);
    let Some(checked) = checked.filter(|_| !has_errors(diagnostics)) else {
        return (None, None);
    };
    match build(&checked) {
        Ok(contract) => (Some(checked), Some(contract)),
        Err(problems) => {
            diagnostics.extend(problems);
            // An error of the last steps is one of the contract, too.
            ((!has_errors(diagnostics)).then_some(checked), None)
        }
    }
}

/// Whether a source is a file that others use: without a contract, and with something to use.
#[must_use]
pub fn is_library(source: &str) -> bool {
    // A longer one is refused before anything reads it.
    if source.len() > MAX_SOURCE_LEN {
        return false;
    }
    let file = syntax::ast::File::cast(syntax::parse(source).root());
    file.is_some_and(|file| is_library_file(&file))
}

fn is_library_file(file: &syntax::ast::File) -> bool {
    let mut items = file.other_items();
    file.contracts().next().is_none() && items.any(|item| !matches!(item, Item::Use(_)))
}

/// Checks a file that others use: what is wrong with it, also where no contract uses it.
#[must_use]
pub fn check_library(source: &str, files: &dyn Files) -> Compilation {
    let mut diagnostics = Vec::new();
    let (program, read) = Program::read_small(source, files, &mut diagnostics);
    let parsed = diagnostics.len();
    if read {
        analyse(&program, Root::Library, &mut diagnostics);
    }
    silence(&mut diagnostics, parsed, &program.sources);
    sort(&mut diagnostics);
    Compilation {
        checked: None,
        contract: None,
        diagnostics,
        sources: program.sources,
    }
}

/// Everything but bytecode, with what is known in spite of errors: enough for an editor, not for running it.
fn analyse(program: &Program, root: Root, diagnostics: &mut Vec<Diagnostic>) -> Option<Checked> {
    if diagnostics.iter().any(|d| d.code == Code::E0104) {
        // The rest of the file was not read; whatever is said about it would be noise.
        return None;
    }
    let scope = resolve::resolve(program, root, diagnostics)?;
    let hir = lower::lower(scope, diagnostics);
    let facts = flow::check(&hir, diagnostics);
    Some(Checked { hir, facts })
}

/// Bytecode that nodes accept.
fn build(checked: &Checked) -> Result<Contract, Vec<Diagnostic>> {
    let contract = codegen::generate(checked)?;
    verify(&contract).map_err(|error| vec![refused::by_nodes(checked, &contract, &error)])?;
    let size = encode(&contract).len();
    if size > MAX_BYTES {
        let message =
            format!("the compiled contract has {size} bytes; at most {MAX_BYTES} are allowed");
        return Err(vec![Diagnostic::error(
            Code::E0601,
            Span::default(),
            message,
        )]);
    }
    Ok(contract)
}

/// Of a file in which the grammar was not followed, names and types that are wrong for it are noise. The first `parsed` are what
/// reading has found.
fn silence(diagnostics: &mut Vec<Diagnostic>, parsed: usize, sources: &Sources) {
    let file = |diagnostic: &Diagnostic| sources.place(diagnostic.primary.span).file;
    let read = diagnostics.iter().take(parsed);
    let broken: BTreeSet<usize> = read.filter(|d| d.code == Code::E0101).map(file).collect();
    let mut place = 0..;
    diagnostics.retain(|d| place.next() < Some(parsed) || !broken.contains(&file(d)));
}

/// In order of the source; a flood is cut off, errors before warnings.
fn sort(diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.sort_by_key(|d| (d.severity, d.primary.span, d.code));
    diagnostics.dedup();
    diagnostics.truncate(MAX_DIAGNOSTICS);
    diagnostics.sort_by_key(|d| (d.primary.span, d.code));
}
