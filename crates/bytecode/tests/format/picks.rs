//! What is shown of the rows of people, to everyone: an aggregate, or a hidden part without a guard.

use enigma_bytecode::model::{Op, Recipient, S, Shape, Source};
use enigma_bytecode::release::Refusal;
use enigma_bytecode::verify::VerifyError;

use crate::world::{Code, PEOPLE};

pub(crate) const ROWS: Source = Source::Collection(PEOPLE);
pub(crate) const EVERYONE: Recipient = Recipient::Public;

pub(crate) type Shapes = Result<Vec<(Source, Shape)>, VerifyError>;

pub(crate) fn unguarded() -> Shapes {
    let refusal = Refusal::Unguarded { source: ROWS };
    Err(VerifyError::NotAllowed { reveal: 0, refusal })
}

pub(crate) fn mixed() -> Shapes {
    Ok(vec![(ROWS, Shape::Aggregate(5))])
}

pub(crate) fn times(code: &mut Code, a: S, factor: i64) -> S {
    let b = code.constant(factor);
    code.s(|dst| Op::MulPublic { dst, a, b })
}

pub(crate) fn plus(code: &mut Code, a: S, b: i64) -> S {
    let b = code.constant(b);
    code.s(|dst| Op::AddPublic { dst, a, b })
}
