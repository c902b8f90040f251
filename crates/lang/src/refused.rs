//! Why nodes would refuse a compiled contract, in words of its source.

use enigma_bytecode::interface::source_name;
use enigma_bytecode::model::Contract;
use enigma_bytecode::ranges::RangeError;
use enigma_bytecode::release::Refusal;
use enigma_bytecode::verify::{
    MAX_MEMBER_STEPS, MAX_REPEATED_BYTES, MAX_TOGETHER_BYTES, VerifyError,
};

use crate::codegen::{self, not_built};
use crate::diagnostic::grouped;
use crate::flow::unguarded;
use crate::{Checked, Code, Diagnostic, Span};

/// A rule of nodes that the compiled contract breaks. Where nodes can derive less than the compiler, the contract is right and
/// cannot be built; everything else is the compiler's mistake.
pub(crate) fn by_nodes(checked: &Checked, contract: &Contract, error: &VerifyError) -> Diagnostic {
    let entry = |entry: usize| {
        let entry = checked.hir.entries.get(entry);
        entry.map_or(Span::default(), |entry| entry.span)
    };
    let slot = |slot: usize| {
        let slot = codegen::columns::slots(&checked.hir).nth(slot);
        slot.map_or(Span::default(), |(_, slot)| slot.span)
    };
    match error {
        // The compiler's ranges are narrower: nodes see one operation at a time.
        VerifyError::Code {
            error: RangeError::TooLarge { low, high, .. },
            entry: of,
        } => {
            let message = format!("numbers from {low} to {high} on the way");
            not_built(entry(*of), &message).help("narrow the ranges of what goes in")
        }
        VerifyError::Code {
            error: RangeError::WrongOperand { .. },
            entry: of,
        } => {
            let message = "a function of numbers that are too large for it";
            not_built(entry(*of), message).help("narrow the ranges of what goes in")
        }
        VerifyError::TooManyMemberSteps { entry: of } => {
            let message = format!(
                "loops over members do more than {} operations",
                grouped(MAX_MEMBER_STEPS.into())
            );
            Diagnostic::error(Code::E0601, entry(*of), message)
                .because("members times operations, as many members as their group may have")
                .help("do less in the loop, or lower the `max` of the group")
        }
        VerifyError::Code {
            error: RangeError::LongValue { .. },
            entry: of,
        } => long_value(entry(*of)),
        VerifyError::AdmissionCode {
            error: RangeError::LongValue { .. },
            group,
        } => {
            let group = checked.hir.groups.get(*group);
            long_value(group.map_or(Span::default(), |group| group.span))
        }
        VerifyError::AccessCode {
            error: RangeError::LongValue { .. },
            slot: of,
        } => long_value(slot(*of)),
        VerifyError::LargeSlot { slot: of } => {
            let most = grouped(MAX_TOGETHER_BYTES.into());
            let message = format!("a value of this slot may take more than {most} bytes");
            Diagnostic::error(Code::E0601, slot(*of), message)
                .because(
                    "nodes give all of it as one answer; each part of it takes some bytes more",
                )
                .help("use several slots, or a map")
        }
        VerifyError::NotAllowed {
            reveal,
            refusal: Refusal::Unguarded { source },
        } => {
            let (_, span) = shown(checked, contract, *reveal);
            let entry = contract.manifest.get(*reveal).map_or(0, |line| line.entry);
            unguarded(source_name(contract, entry, *source), span).help(
                "nodes see it in the compiled contract: there each element of a row's list is a number that may choose others, and `psi` without `distinct()` counts who asked",
            )
        }
        VerifyError::NotAllowed { reveal, .. } => {
            let (name, span) = shown(checked, contract, *reveal);
            let message = format!("nodes cannot see that `{name}` may be shown");
            not_built(span, &message).help(error.to_string())
        }
        VerifyError::Noise { reveal, .. } => {
            let (name, span) = shown(checked, contract, *reveal);
            let message =
                format!("nodes cannot see that noise hides what one person changes of `{name}`");
            not_built(span, &message).help(error.to_string())
        }
        VerifyError::NotStorable { entry: of, .. } => {
            let message = "nodes cannot see that this may be stored";
            not_built(entry(*of), message).help(error.to_string())
        }
        VerifyError::SecondBit { entry: of, .. } => {
            let message = "nodes cannot see that one bit only is shown or stored";
            not_built(entry(*of), message).help(error.to_string())
        }
        _ => {
            let message = format!("the compiled contract is not valid: {error}");
            Diagnostic::error(Code::E0999, Span::default(), message)
        }
    }
}

/// What takes too long where nodes do it for one account after the other.
fn long_value(span: Span) -> Diagnostic {
    let most = grouped(MAX_REPEATED_BYTES.into());
    let message =
        format!("a value of more than {most} bytes in a condition, or a loop over members");
    Diagnostic::error(Code::E0601, span, message)
        .because("nodes do this for one account after the other, which takes time with each byte")
        .help("use shorter texts there, or a `hash` of what is long")
}

/// What a manifest line is called, and where its value stands.
fn shown<'c>(checked: &Checked, contract: &'c Contract, line: usize) -> (&'c str, Span) {
    let Some(line) = contract.manifest.get(line) else {
        return ("", Span::default());
    };
    let entry = checked.facts.entries.get(usize::from(line.entry));
    let reveal = entry.and_then(|entry| entry.reveals.iter().find(|r| r.name == line.name));
    (&line.name, reveal.map_or(Span::default(), |r| r.span))
}
