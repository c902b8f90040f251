//! From the checked contract to bytecode. An entry is run on registers in place of numbers: what is known is
//! computed here, equal work is done once, both branches of a private `if` are computed and one result is
//! selected, a public `if` becomes code of both sides, and only what is revealed, stored or paid is kept.
//!
//! What bytecode cannot say yet is refused with [`Code::W0901`], what no network supports with [`Code::W0902`], at its place.

mod arithmetic;
mod branch;
pub(crate) mod columns;
mod contract;
mod digits;
mod enums;
mod expression;
mod leave;
mod library;
mod prune;
mod registers;
mod reveal;
mod state;
mod statement;
mod value;

pub(crate) use contract::generate;

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::span::Span;

/// Why an entry has no code.
enum Stop {
    /// Bytecode cannot say it yet.
    NotBuilt(Diagnostic),
    /// More registers than can be numbered.
    TooLong,
}

type Done<T> = Result<T, Stop>;

/// "Checked, and not built yet".
pub(crate) fn not_built(span: Span, what: &str) -> Diagnostic {
    Diagnostic::warning(Code::W0901, span, format!("{what}: not built yet"))
        .because("checks and tests run; this version does not compile it to bytecode")
}

/// "Not supported by this network": keys.
pub(crate) fn not_supported(span: Span, what: &str) -> Diagnostic {
    let message = format!("{what}: not supported by this network");
    Diagnostic::warning(Code::W0902, span, message)
        .because("no committee makes, keeps or uses signing keys")
        .help("tests run, with `--mpc` without what depends on the key; a contract to publish has none")
}

fn stop<T>(span: Span, what: &str) -> Done<T> {
    Err(Stop::NotBuilt(not_built(span, what)))
}

/// Declarations and registers are numbered with 16 bits.
fn index(place: usize) -> Done<u16> {
    u16::try_from(place).map_err(|_| Stop::TooLong)
}
