//! The steps of a plan that each party does alone: one method of [`Builder`] for each operation, which
//! gives the result's view.

use enigma_field::PrimeField;

use super::build::Builder;
use super::ir::{Local, Pub, View};

impl<F: PrimeField> Builder<F> {
    /// `len` times a public value.
    pub(super) fn constant(&mut self, value: F, len: u32) -> View {
        let dst = self.register(len);
        self.local(Local::Constant { dst, value });
        self.view(dst)
    }

    /// See [`Local::Linear`]; the result is as long as the longest operand.
    pub(super) fn linear(&mut self, terms: &[(F, View)], constant: F) -> View {
        let dst = self.register(Builder::joint_len(terms));
        self.local(Local::Linear {
            dst,
            terms: terms.to_vec(),
            constant,
        });
        self.view(dst)
    }

    /// How long a sum of vectors and repeated scalars is. An empty vector beside a scalar stays
    /// empty: only longer than one forces repetition.
    pub(super) fn joint_len(terms: &[(F, View)]) -> u32 {
        let len = terms.iter().map(|(_, view)| view.len);
        len.reduce(|a, b| if a == 1 { b } else { a }).unwrap_or(0)
    }

    /// See [`Local::Blocks`].
    pub(super) fn blocks(&mut self, src: View, affine: Vec<(F, F)>) -> View {
        let dst = self.register(src.len * affine.len() as u32);
        self.local(Local::Blocks { dst, src, affine });
        self.view(dst)
    }

    /// See [`Local::Fold`].
    pub(super) fn fold(&mut self, src: View, weights: Vec<F>) -> View {
        let dst = self.register(src.len / weights.len() as u32);
        self.local(Local::Fold { dst, src, weights });
        self.view(dst)
    }

    /// See [`Local::Concat`].
    pub(super) fn concat(&mut self, parts: &[View]) -> View {
        let dst = self.register(parts.iter().map(|part| part.len).sum());
        self.local(Local::Concat {
            dst,
            parts: parts.to_vec(),
        });
        self.view(dst)
    }

    /// See [`Local::EveryOther`].
    pub(super) fn every_other(&mut self, src: View, offset: u32) -> View {
        let dst = self.register(src.len / 2);
        self.local(Local::EveryOther { dst, src, offset });
        self.view(dst)
    }

    /// See [`Local::Places`].
    pub(super) fn places(&mut self, len: u32) -> View {
        let dst = self.register(len);
        self.local(Local::Places { dst });
        self.view(dst)
    }

    /// See [`Local::PrefixSums`].
    pub(super) fn prefix_sums(&mut self, src: View) -> View {
        let dst = self.register(src.len);
        self.local(Local::PrefixSums { dst, src });
        self.view(dst)
    }

    /// See [`Local::Sum`].
    pub(super) fn sum(&mut self, src: View) -> View {
        let dst = self.register(1);
        self.local(Local::Sum { dst, src });
        self.view(dst)
    }

    /// One element repeated to the length of `like`; a vector stays as it is.
    pub(super) fn repeated(&mut self, src: View, like: View) -> View {
        if src.len == like.len {
            return src;
        }
        self.linear(&[(F::ONE, src), (F::ZERO, like)], F::ZERO)
    }

    /// Operands of one length, in a new strand if one has to change: single elements are repeated.
    pub(super) fn together<const N: usize>(&mut self, views: [View; N]) -> [View; N] {
        let Some(like) = views.iter().max_by_key(|view| view.len).copied() else {
            return views;
        };
        if views.iter().any(|view| view.len != like.len) {
            self.begin();
        }
        views.map(|view| self.repeated(view, like))
    }

    /// See [`Local::Place`].
    pub(super) fn place(&mut self, src: View, at: Pub) -> View {
        let dst = self.register(src.len);
        self.local(Local::Place { dst, src, at });
        self.view(dst)
    }

    /// See [`Local::Take`].
    pub(super) fn take(&mut self, src: View, at: Pub) -> View {
        let dst = self.register(src.len);
        self.local(Local::Take { dst, src, at });
        self.view(dst)
    }

    /// See [`Local::Transpose`].
    pub(super) fn transpose(&mut self, src: View, blocks: u32) -> View {
        let dst = self.register(src.len);
        self.local(Local::Transpose { dst, src, blocks });
        self.view(dst)
    }
}
