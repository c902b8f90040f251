//! What a shuffle claims, as a part of its batch's claim.
//!
//! Each phase of a subset A claims that its result is its input permuted by the permutation of A. With
//! a weight for each row of the result, w, and one for each column, v, both from the coin of the
//! verification and so unknown until the shuffle is over, that is one inner product:
//!
//! sum over rows j of u_j (sum over columns c of v_c input_c[j]) = sum over rows r of w_r (sum over c
//! of v_c result_c[r]),
//!
//! where u is w permuted back: `u[row that comes to r] = w_r`. The members of A know u. The others
//! need not: u is shared as pseudo-random secret sharing shares what A has in common (protocols B.2), by
//! u f_A, where f_A is the polynomial of degree t with f_A(0) = 1 that vanishes at all parties outside
//! A. Their shares are zero. Neither messages nor rounds are needed.
//!
//! **Soundness.** The honest parties' shares of u are right, for at least one of the t+1 members is
//! honest and the seed of A was agreed. A phase's error, by rows and columns, is fixed before the coin;
//! if it is not zero everywhere, w and v make it zero with probability below 2/p, as in Freivalds'
//! check. Phases have weights of their own: errors of two phases cannot cancel.
//!
//! **Privacy.** The claim is wrong by a sum that the corrupt parties know, so a rejection tells nothing
//! about rows, and whether it is accepted does not depend on them. That is why every phase is claimed,
//! not only the whole shuffle: an error in an early phase that a late phase takes back is accepted or
//! not by where the row went in between, and acceptance would tell it. It is also why there are no
//! tags: they serve where the multisets of rows before and after are compared, not here.

use enigma_field::PrimeField;

use super::permutation::Permutation;
use crate::engine::batch::{Claim, Weights};
use crate::engine::context::Scratch;
use crate::prg::Prg;
use crate::wires::Wires;

/// A shuffle that has finished here.
pub(in crate::engine) struct Shuffled<F: PrimeField> {
    pub(super) rows: usize,
    /// What was shuffled.
    pub(super) columns: Vec<Wires<F>>,
    pub(super) phases: Vec<Phase<F>>,
}

/// A phase: what came out, and what its members know.
pub(super) struct Phase<F: PrimeField> {
    pub(super) known: Option<Known<F>>,
    /// Column by column.
    pub(super) result: Wires<F>,
}

/// What a member knows of its phase.
pub(super) struct Known<F: PrimeField> {
    pub(super) permutation: Permutation,
    /// f_A at our point.
    pub(super) share: F,
}

impl<F: PrimeField> Shuffled<F> {
    /// The result of the last phase, column by column.
    pub(in crate::engine) fn result(&self) -> &Wires<F> {
        let last = self.phases.last().expect("there are subsets");
        &last.result
    }

    /// Elements of the claim.
    pub(in crate::engine) fn claim_len(&self) -> usize {
        self.phases.len() * self.rows
    }
}

impl<F: PrimeField> Claim<F> {
    pub(in crate::engine) fn add_shuffle(
        &mut self,
        shuffled: &Shuffled<F>,
        prg: &Prg,
        op: u32,
        scratch: &mut Scratch<F>,
    ) {
        let rows = shuffled.rows;
        if rows == 0 {
            return;
        }
        let mut input: Vec<&[F]> = shuffled.columns.iter().map(|column| &**column).collect();
        for (part, phase) in (0u32..).zip(&shuffled.phases) {
            let output: Vec<&[F]> = phase.result.chunks_exact(rows).collect();
            let mut weights = Weights::new(prg, op, part, scratch);
            let over_columns = weights.many(output.len());
            let over_rows = weights.many(rows);
            let start = self.x.len();
            self.x.resize(start + rows, F::ZERO);
            if let Some(known) = &phase.known {
                let u = &mut self.x[start..];
                for (row, weight) in known.permutation.rows().zip(&over_rows) {
                    u[row] = known.share * *weight;
                }
            }
            self.y.resize(start + rows, F::ZERO);
            for ((weight, before), after) in over_columns.iter().zip(&input).zip(&output) {
                F::add_scaled_each(&mut self.y[start..], *weight, before);
                self.z += *weight * F::dot(&over_rows, after);
            }
            input = output;
        }
    }
}
