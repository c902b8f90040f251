//! Vectors of K: the real and the imaginary parts in a vector of the base field each.

use super::{Lanes, Vector};
use crate::k::K;

#[derive(Clone, Copy)]
pub(super) struct Complex<L> {
    pub(super) re: L,
    pub(super) im: L,
}

/// Sums of products, without the signs: i^2 is taken in at the end.
#[derive(Clone, Copy)]
pub(super) struct Sum<S> {
    re_re: S,
    im_im: S,
    cross: S,
}

impl<L: Lanes> Vector for Complex<L> {
    type Item = K;
    type Factor = (L::Factor, L::Factor);
    type Sum = Sum<L::Sum>;
    const LEN: usize = L::LEN;
    // The cross terms are two for each product.
    const CAPACITY: usize = L::CAPACITY / 2;

    #[inline(always)]
    fn load(from: &[K]) -> Self {
        let (re, im) = L::load_pairs(from);
        Self { re, im }
    }

    #[inline(always)]
    fn store(self, to: &mut [K]) {
        L::store_pairs(self.re, self.im, to);
    }

    #[inline(always)]
    fn splat(element: K) -> Self {
        Self {
            re: L::splat(element.re),
            im: L::splat(element.im),
        }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self {
            re: self.re.add(other.re),
            im: self.im.add(other.im),
        }
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self {
            re: self.re.sub(other.re),
            im: self.im.sub(other.im),
        }
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        let mut sum = Self::empty();
        Self::add_product(&mut sum, self.factor(), other.factor());
        Self::finish(sum)
    }

    #[inline(always)]
    fn factor(self) -> Self::Factor {
        (self.re.factor(), self.im.factor())
    }

    #[inline(always)]
    fn empty() -> Self::Sum {
        Sum {
            re_re: L::empty(),
            im_im: L::empty(),
            cross: L::empty(),
        }
    }

    #[inline(always)]
    fn add_product(sum: &mut Self::Sum, left: Self::Factor, right: Self::Factor) {
        L::add_product(&mut sum.re_re, left.0, right.0);
        L::add_product(&mut sum.im_im, left.1, right.1);
        L::add_product(&mut sum.cross, left.0, right.1);
        L::add_product(&mut sum.cross, left.1, right.0);
    }

    #[inline(always)]
    fn tidy(sum: &mut Self::Sum) {
        L::tidy(&mut sum.re_re);
        L::tidy(&mut sum.im_im);
        L::tidy(&mut sum.cross);
    }

    #[inline(always)]
    fn finish(sum: Self::Sum) -> Self {
        Self {
            re: L::finish(sum.re_re).sub(L::finish(sum.im_im)),
            im: L::finish(sum.cross),
        }
    }
}
