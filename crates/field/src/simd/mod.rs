//! Vector kernels of the small field and of K, in as many forms as the processor has.
//!
//! Every kernel is written once, in `kernels`, over the trait `Vector`: some elements that are
//! added and multiplied side by side. The back ends implement the trait: plain integers everywhere,
//! AVX2 and AVX-512 IFMA where the processor has them, found at run time. Whatever the back end, a
//! kernel's result is the one of plain field operations.
//!
//! This module is the crate's only `unsafe` code. Its one assumption: values of the vector types
//! `Avx2` and `Ifma` are only made in functions that [`Backend`] enters, and there is a `Backend`
//! with such a kind only on a processor that was found to have the instructions.
#![allow(
    unsafe_code,
    reason = "intrinsics of the processor; see the assumption above"
)]

#[cfg(target_arch = "x86_64")]
mod avx2;
mod bit_kernels;
mod carryless;
mod complex;
#[cfg(target_arch = "x86_64")]
mod ifma;
mod kernels;
mod portable;
#[cfg(test)]
mod tests;

use crate::k::K;
use crate::m61::M61;
use crate::traits::Field;
pub use carryless::{BitShares, Carryless};
use complex::Complex;
use portable::Portable;

/// A way to compute on vectors that this processor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backend(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Ifma,
}

impl Backend {
    /// Plain integers: the reference for the others.
    pub const PORTABLE: Self = Self(Kind::Portable);

    /// The fastest one.
    #[inline]
    pub fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if has_ifma() {
                return Self(Kind::Ifma);
            }
            if has_avx2() {
                return Self(Kind::Avx2);
            }
        }
        Self::PORTABLE
    }

    /// All that this processor has, slowest first.
    pub fn available() -> Vec<Self> {
        #[allow(unused_mut, reason = "other processors have one")]
        let mut all = vec![Self::PORTABLE];
        #[cfg(target_arch = "x86_64")]
        {
            all.extend(has_avx2().then_some(Self(Kind::Avx2)));
            all.extend(has_ifma().then_some(Self(Kind::Ifma)));
        }
        all
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self.0 {
            Kind::Portable => "portable",
            #[cfg(target_arch = "x86_64")]
            Kind::Avx2 => "AVX2",
            #[cfg(target_arch = "x86_64")]
            Kind::Ifma => "AVX-512 IFMA",
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn has_avx2() -> bool {
    is_x86_feature_detected!("avx2")
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn has_ifma() -> bool {
    is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512ifma")
}

/// Elements computed on side by side.
trait Vector: Copy {
    /// One of them.
    type Item: Field;
    /// A vector made ready to be multiplied.
    type Factor: Copy;
    /// Sums of products, side by side, not reduced.
    type Sum: Copy;
    /// The number of elements, at most [`LEN_MAX`].
    const LEN: usize;
    /// The number of products that fit into a sum that is empty or tidied.
    const CAPACITY: usize;

    /// Takes the first [`Self::LEN`] elements of the slice, which has that many.
    fn load(from: &[Self::Item]) -> Self;
    /// Writes the elements to the beginning of the slice, which has room for them.
    fn store(self, to: &mut [Self::Item]);
    /// The same element everywhere.
    fn splat(element: Self::Item) -> Self;
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    fn factor(self) -> Self::Factor;
    /// Sums of nothing.
    fn empty() -> Self::Sum;
    fn add_product(sum: &mut Self::Sum, left: Self::Factor, right: Self::Factor);
    /// Makes room for more products.
    fn tidy(sum: &mut Self::Sum);
    /// The sums as elements.
    fn finish(sum: Self::Sum) -> Self;
}

/// A vector of the base field, of which two make a vector of K.
trait Lanes: Vector<Item = M61> {
    /// The low 61 bits of each of the first [`Vector::LEN`] little-endian words of 8 bytes. All ones,
    /// which is p, are no element, but can be a factor of a product or a term of a sum.
    fn load_words(from: &[u8]) -> Self;
    /// The number of words that fit into a sum, times integers of which the magnitudes add up to less
    /// than 2^31.
    const WORDS_CAPACITY: usize;
    /// A small integer made ready to be multiplied with words.
    fn small(integer: i32) -> Self::Factor;
    /// Adds the elements of the first [`Vector::LEN`] words, as of [`Self::load_words`].
    fn add_words(sum: &mut Self::Sum, small: Self::Factor, from: &[u8]);
    /// A sum of words as elements.
    fn finish_words(sum: Self::Sum) -> Self;
    /// The real and the imaginary parts of the first [`Vector::LEN`] elements.
    fn load_pairs(from: &[K]) -> (Self, Self);
    /// The inverse of [`Self::load_pairs`].
    fn store_pairs(re: Self, im: Self, to: &mut [K]);
}

/// The most elements a vector has.
const LEN_MAX: usize = 8;

/// Gives every kernel as a method that runs it with the back end's vectors.
macro_rules! dispatch {
    ($($(#[$about:meta])* fn $name:ident($($argument:ident: $type:ty),*) $(-> $result:ty)?
        = $kernel:ident<$vector:ident>;)*) => {
        impl Backend {
            $($(#[$about])*
            pub fn $name(self, $($argument: $type),*) $(-> $result)? {
                match self.0 {
                    Kind::Portable => kernels::$kernel::<portable_vector!($vector)>($($argument),*),
                    #[cfg(target_arch = "x86_64")]
                    Kind::Avx2 => {
                        #[target_feature(enable = "avx2")]
                        fn run($($argument: $type),*) $(-> $result)? {
                            kernels::$kernel::<avx2_vector!($vector)>($($argument),*)
                        }
                        // SAFETY: the kind exists only where AVX2 was found.
                        unsafe { run($($argument),*) }
                    }
                    #[cfg(target_arch = "x86_64")]
                    Kind::Ifma => {
                        #[target_feature(enable = "avx512f,avx512ifma")]
                        fn run($($argument: $type),*) $(-> $result)? {
                            kernels::$kernel::<ifma_vector!($vector)>($($argument),*)
                        }
                        // SAFETY: the kind exists only where AVX-512 IFMA was found.
                        unsafe { run($($argument),*) }
                    }
                }
            })*
        }
    };
}

macro_rules! portable_vector {
    (Base) => { Portable<4> };
    (BaseSums) => { Portable<1> };
    (Extension) => { Complex<Portable<4>> };
    (ExtensionSums) => { Complex<Portable<1>> };
}

#[cfg(target_arch = "x86_64")]
macro_rules! avx2_vector {
    (Base) => { avx2::Avx2 };
    (BaseSums) => { avx2::Avx2 };
    (ExtensionSums) => { Complex<avx2::Avx2> };
    (Extension) => { Complex<avx2::Avx2> };
}

#[cfg(target_arch = "x86_64")]
macro_rules! ifma_vector {
    (Base) => { ifma::Ifma };
    (BaseSums) => { ifma::Ifma };
    (ExtensionSums) => { Complex<ifma::Ifma> };
    (Extension) => { Complex<ifma::Ifma> };
}

dispatch! {
    /// `target[k] += other[k]`, for slices of one length.
    fn add_assign(target: &mut [M61], other: &[M61]) = add_assign<Base>;
    /// `target[k] -= other[k]`, for slices of one length.
    fn sub_assign(target: &mut [M61], other: &[M61]) = sub_assign<Base>;
    /// `target[k] *= factors[k]`, for slices of one length.
    fn multiply_each(target: &mut [M61], factors: &[M61]) = multiply_each<Base>;
    /// `target[k] *= factor`.
    fn scale(target: &mut [M61], factor: M61) = scale<Base>;
    /// `target[k] += factor * other[k]`, for slices of one length.
    fn add_scaled(target: &mut [M61], factor: M61, other: &[M61]) = add_scaled<Base>;
    /// The inner product of slices of one length.
    fn dot(left: &[M61], right: &[M61]) -> M61 = dot<BaseSums>;
    /// The inner product of slices of one length.
    fn dot_ext(left: &[K], right: &[K]) -> K = dot<ExtensionSums>;
    /// As [`crate::PrimeField::combine_rows`].
    fn combine_rows(coefficients: &[M61], rows: &[&[M61]], out: &mut [M61]) = combine_rows<Base>;
    /// As [`crate::PrimeField::from_words`].
    fn from_words(words: &[u8], out: &mut [M61]) = from_words<Base>;
    /// As [`crate::PrimeField::add_combined_words`].
    fn add_combined_words(coefficients: &[i32], rows: &[&[u8]], out: &mut [M61])
        = add_combined_words<Base>;
    /// As [`crate::PrimeField::inverse_roots`].
    fn inverse_roots(elements: &mut [M61]) = inverse_roots<Base>;
    /// As [`crate::recursion::products`].
    fn products(x: &[M61], y: &[M61], blocks: usize) -> Vec<M61> = products<Base>;
    /// As [`crate::recursion::products`].
    fn products_ext(x: &[K], y: &[K], blocks: usize) -> Vec<K> = products<Extension>;
    /// As [`crate::recursion::fold`].
    fn fold(x: &[M61], coefficients: &[K]) -> Vec<K> = fold<BaseSums>;
    /// As [`crate::recursion::fold`].
    fn fold_ext(x: &[K], coefficients: &[K]) -> Vec<K> = fold_ext<ExtensionSums>;
}
