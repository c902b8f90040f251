//! The contract language: from source text to a compiled contract, and a plaintext interpreter.
//!
//! One pass per module, in this order: [`syntax`] (text to a lossless tree, never fails), `resolve`
//! (declarations), `lower` (names, types, labels and ranges into [`hir`]), `policy` (who may see
//! what), `codegen` (bytecode, which then passes the check that nodes make). [`interpret()`] runs the checked contract on plain numbers.
//!
//! Invariants: the same source gives the same bytes on every machine (no clock, no paths, no
//! hash-ordered containers); white space and comments do not matter; no input makes the compiler
//! panic.

pub mod code;
mod codegen;
mod constant;
pub mod diagnostic;
pub mod hir;
pub mod interpret;
mod lower;
mod policy;
mod resolve;
pub mod span;
mod suggest;
pub mod syntax;
pub mod testing;
pub mod types;

pub use code::{Code, explain};
pub use diagnostic::{Color, Diagnostic, Severity, has_errors, render};
pub use hir::Hir;
pub use interpret::{Datum, Refusal, Value, interpret};
pub use span::Span;
pub use testing::{TestFailure, TestOutcome, run_tests};

use enigma_bytecode::container::{MAX_BYTES, encode};
use enigma_bytecode::model::Contract;
use enigma_bytecode::verify::verify;

/// Largest source, in bytes.
pub const MAX_SOURCE_LEN: usize = 256 * 1024;
/// Most diagnostics that are reported for one source.
pub const MAX_DIAGNOSTICS: usize = 100;

/// What the compiler made of a source.
#[derive(Clone, Debug)]
pub struct Compilation {
    /// The compiled contract; `None` if there are errors.
    pub contract: Option<Contract>,
    /// The checked contract, for the interpreter and tests; `None` if there are errors.
    pub hir: Option<Hir>,
    /// Errors and warnings, in order of the source.
    pub diagnostics: Vec<Diagnostic>,
}

impl Compilation {
    /// Runs the `test` blocks; none if there are errors.
    #[must_use]
    pub fn run_tests(&self) -> Vec<TestOutcome> {
        self.hir.as_ref().map(run_tests).unwrap_or_default()
    }

    fn failed(mut diagnostics: Vec<Diagnostic>) -> Compilation {
        sort(&mut diagnostics);
        Compilation {
            contract: None,
            hir: None,
            diagnostics,
        }
    }
}

/// Compiles a source. Never fails: what is wrong is in the diagnostics.
#[must_use]
pub fn compile(source: &str) -> Compilation {
    if source.len() > MAX_SOURCE_LEN {
        let message = format!(
            "a source has at most {MAX_SOURCE_LEN} bytes, and this has {}",
            source.len()
        );
        let diagnostic = Diagnostic::error(Code::E0105, Span::default(), message);
        return Compilation::failed(vec![diagnostic]);
    }
    let parse = syntax::parse(source);
    let mut diagnostics = parse.diagnostics.clone();
    if diagnostics.iter().any(|d| d.code == Code::E0104) {
        // The rest of the file was not read; whatever is said about it would be noise.
        return Compilation::failed(diagnostics);
    }
    let scope = syntax::ast::File::cast(parse.root())
        .and_then(|file| resolve::resolve(&file, &mut diagnostics));
    let Some(scope) = scope else {
        return Compilation::failed(diagnostics);
    };
    let mut hir = lower::lower(scope, &mut diagnostics);
    policy::check(&mut hir, &mut diagnostics);
    if has_errors(&diagnostics) {
        return Compilation::failed(diagnostics);
    }
    let contract = codegen::generate(&hir, &mut diagnostics);
    let checked = contract.map(|contract| verify(&contract).map(|()| contract));
    let contract = match checked {
        Some(Ok(contract)) => contract,
        Some(Err(error)) => {
            let message = format!("the compiled contract is not valid: {error}");
            diagnostics.push(Diagnostic::error(Code::E0999, Span::default(), message));
            return Compilation::failed(diagnostics);
        }
        None if has_errors(&diagnostics) => return Compilation::failed(diagnostics),
        None => {
            let message = "an entry needs more than 65_536 registers";
            diagnostics.push(Diagnostic::error(Code::E0601, Span::default(), message));
            return Compilation::failed(diagnostics);
        }
    };
    let size = encode(&contract).len();
    if size > MAX_BYTES {
        let message =
            format!("the compiled contract has {size} bytes; at most {MAX_BYTES} are allowed");
        diagnostics.push(Diagnostic::error(Code::E0601, Span::default(), message));
        return Compilation::failed(diagnostics);
    }
    sort(&mut diagnostics);
    Compilation {
        contract: Some(contract),
        hir: Some(hir),
        diagnostics,
    }
}

/// In order of the source; a flood is cut off, errors before warnings.
fn sort(diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.sort_by_key(|d| (d.severity, d.primary.span, d.code));
    diagnostics.dedup();
    diagnostics.truncate(MAX_DIAGNOSTICS);
    diagnostics.sort_by_key(|d| (d.primary.span, d.code));
}
