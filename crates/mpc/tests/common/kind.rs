//! Which messages there are, where they travel, and what they hold.
//!
//! The list is complete by construction: `cheating.rs` holds it against what an honest run sends and
//! against the operations that the engine has.

use enigma_field::Levels;
use enigma_mpc::{Compare, compare_layers, cost};

use super::*;

/// A kind of message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Multiply,
    Dot,
    Matrix,
    /// Products through kings, and of matrices.
    Terms,
    Sums,
    MatrixTerms,
    MatrixSums,
    Reshare,
    /// As `Reshare`, of what a masked opening chose.
    Scaled,
    /// A phase of the shuffle, and of the way back.
    Shuffle(u8),
    Unshuffle(u8),
    Squares,
    Roots,
    MaskedOpening,
    Opening,
    /// Comparisons over bits: what is opened first, and the bits of a layer of gates.
    CompareOpening,
    Gates(u8),
    /// A step of the verification of a batch.
    Checkpoint(u32),
    Coin(u32, u8),
    Deal(u32, u8),
    VerifyOpening(u32),
    Acceptance(u32),
}

/// The batches of a run.
fn batches(n: u8) -> &'static [u32] {
    match n {
        3 => &[BITS, VALUES, GATES],
        _ => &[BITS, VALUES],
    }
}

/// Coins of a batch's verification, in a run with two masks.
fn coins<F: PrimeField>(n: u8, batch: u32) -> u8 {
    let levels = match batch {
        BITS => Levels::new(2 * F::BITS as usize),
        GATES => Levels::of_bits(cost::gate_words::<F>(Compare::LessAndEqual, COMPARED)),
        _ => {
            let phases = 2 * ROWS * usize::from(phases(n));
            let matrices = 2 * SHAPE.inner;
            Levels::new(LEN + DOT_LEN + KINGS_LEN + matrices + 2 + phases)
        }
    };
    levels.coins() as u8
}

/// Phases of a shuffle, if so many parties shuffle.
fn phases(n: u8) -> u8 {
    match n {
        3 => 3,
        5 => 10,
        7 => 35,
        _ => 0,
    }
}

impl Kind {
    /// Every message of a run with two masks.
    pub(crate) fn every<F: PrimeField>(n: u8) -> Vec<Self> {
        let mut all = vec![
            Self::Multiply,
            Self::Dot,
            Self::Matrix,
            Self::Terms,
            Self::Sums,
            Self::MatrixTerms,
            Self::MatrixSums,
            Self::Reshare,
            Self::Scaled,
            Self::Squares,
            Self::Roots,
            Self::MaskedOpening,
            Self::Opening,
        ];
        for phase in 0..phases(n) {
            all.extend([Self::Shuffle(phase), Self::Unshuffle(phase)]);
        }
        if n == 3 {
            all.push(Self::CompareOpening);
            all.extend((0..compare_layers::<F>()).map(Self::Gates));
        }
        for batch in batches(n).iter().copied() {
            let coins = coins::<F>(n, batch);
            all.push(Self::Checkpoint(batch));
            all.extend((0..coins).map(|number| Self::Coin(batch, number)));
            all.extend((0..coins - 1).map(|level| Self::Deal(batch, level)));
            all.extend([Self::VerifyOpening(batch), Self::Acceptance(batch)]);
        }
        all
    }

    /// The messages that campaigns spoil: of the phases of shuffles the first, the last and one between,
    /// and not the verification of masks, which is that of values with other lengths.
    pub(crate) fn all<F: PrimeField>(n: u8) -> Vec<Self> {
        let last = phases(n).saturating_sub(1);
        let mut all = Self::every::<F>(n);
        all.retain(|kind| match kind {
            Self::Shuffle(phase) | Self::Unshuffle(phase) => [0, last / 2, last].contains(phase),
            Self::Checkpoint(batch)
            | Self::Coin(batch, _)
            | Self::Deal(batch, _)
            | Self::VerifyOpening(batch)
            | Self::Acceptance(batch) => *batch != BITS,
            _ => true,
        });
        all
    }

    /// Its operation and step.
    pub(crate) fn place<F: PrimeField>(self, n: u8) -> (u32, u8) {
        match self {
            Self::Multiply => (MULTIPLY, 0),
            Self::Dot => (DOT, 0),
            Self::Matrix => (MATRIX, 0),
            Self::Terms => (BY_KINGS, 0),
            Self::Sums => (BY_KINGS, 1),
            Self::MatrixTerms => (MATRIX_BY_KINGS, 0),
            Self::MatrixSums => (MATRIX_BY_KINGS, 1),
            Self::Reshare => (RESHARE, 0),
            Self::Scaled => (SCALE, 0),
            Self::Shuffle(phase) => (SHUFFLE, phase),
            Self::Unshuffle(phase) => (UNSHUFFLE, phase),
            Self::Squares => (MAKE_BITS, 0),
            Self::Roots => (MAKE_BITS, 1),
            Self::MaskedOpening => (OPEN_MASKED, 0),
            Self::Opening => (OPEN, 0),
            Self::CompareOpening => (COMPARE, 0),
            Self::Gates(layer) => (COMPARE, layer + 1),
            Self::Checkpoint(batch) => (batch, 0),
            Self::Coin(batch, number) => (batch, 1 + 2 * number),
            Self::Deal(batch, level) => (batch, 2 + 2 * level),
            Self::VerifyOpening(batch) => (batch, 2 * coins::<F>(n, batch)),
            Self::Acceptance(batch) => (batch, 2 * coins::<F>(n, batch) + 1),
        }
    }

    /// The batch that must not be accepted when the message is wrong.
    pub(super) fn batch(self) -> Option<u32> {
        match self {
            Self::Squares | Self::Roots => Some(BITS),
            Self::CompareOpening | Self::Gates(_) => Some(GATES),
            Self::Opening | Self::Acceptance(_) => None,
            Self::Checkpoint(batch)
            | Self::Coin(batch, _)
            | Self::Deal(batch, _)
            | Self::VerifyOpening(batch) => Some(batch),
            Self::Multiply
            | Self::Dot
            | Self::Matrix
            | Self::Terms
            | Self::Sums
            | Self::MatrixTerms
            | Self::MatrixSums
            | Self::Reshare
            | Self::Scaled
            | Self::Shuffle(_)
            | Self::Unshuffle(_)
            | Self::MaskedOpening => Some(VALUES),
        }
    }

    /// Bytes of a message that are elements of the prime field. In all else every bit counts.
    pub(super) fn elements(self, payload: &[u8]) -> usize {
        match self {
            Self::Checkpoint(_)
            | Self::Coin(..)
            | Self::Acceptance(_)
            | Self::Gates(_)
            | Self::Deal(GATES, _)
            | Self::VerifyOpening(GATES) => 0,
            // f, g and h; behind them stand hashes of links, and the signature.
            Self::VerifyOpening(_) => 48,
            _ => payload.len(),
        }
    }

    /// Bytes of a message that are read whatever the rest says.
    pub(super) fn body(self, payload: &[u8]) -> usize {
        match self {
            // Behind the link and what a checkpoint said stands a signature, which nobody reads when all
            // saw the same.
            Self::Coin(..) => payload.len().min(64),
            // f, g and h; behind them stand hashes of links, and the signature.
            Self::VerifyOpening(_) => 48,
            _ => payload.len(),
        }
    }

    /// Has it strings that encode nothing? All strings of 16 bytes are elements of the binary field.
    pub(super) fn is_canonical(self) -> bool {
        !matches!(self, Self::Deal(GATES, _))
    }

    /// Are these points that every party deals, of elements of the prime field?
    pub(super) fn is_dealt_by_all(self) -> bool {
        matches!(
            self,
            Self::Multiply
                | Self::Dot
                | Self::Matrix
                | Self::Reshare
                | Self::Scaled
                | Self::Deal(VALUES, _)
        )
    }

    pub(super) fn is_signed(self) -> bool {
        matches!(self, Self::Checkpoint(_) | Self::VerifyOpening(_))
    }
}
