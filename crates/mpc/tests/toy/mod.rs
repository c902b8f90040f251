//! Fields of few elements: small enough to see the errors of a verification, or all that can happen. Each
//! is its own extension.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use enigma_field::{Extension, Field, PrimeField};
use rand_core::CryptoRng;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::DefaultIsZeroes;

/// The integers modulo a prime 2^k - 1 below 2^7 + 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Toy<const P: u8>(pub(crate) u8);

impl<const P: u8> Toy<P> {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..P).map(Toy)
    }
}

impl<const P: u8> Field for Toy<P> {
    const ZERO: Self = Toy(0);
    const ONE: Self = Toy(1);
    const BYTES: usize = 1;

    fn from_u64(integer: u64) -> Self {
        Toy((integer % u64::from(P)) as u8)
    }

    fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        Self::from_u64(rng.next_u64())
    }

    fn inverse(self) -> Option<Self> {
        Self::all().find(|other| self * *other == Toy(1))
    }

    fn write_to(self, out: &mut Vec<u8>) {
        out.push(self.0);
    }

    fn read_from(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [byte] if *byte < P => Some(Toy(*byte)),
            _ => None,
        }
    }
}

impl<const P: u8> PrimeField for Toy<P> {
    type Ext = Self;
    const BITS: u32 = P.count_ones();
    const WORDS: usize = 1;
    const HALF: Self = Toy(P / 2 + 1);

    fn from_random_words(words: &[u64]) -> Self {
        Self::from_u64(words[0])
    }

    fn from_i128(integer: i128) -> Self {
        Toy(integer.rem_euclid(i128::from(P)) as u8)
    }

    fn to_i128(self) -> i128 {
        let value = i128::from(self.0);
        if self.0 > P / 2 {
            value - i128::from(P)
        } else {
            value
        }
    }

    fn to_u128(self) -> u128 {
        self.0.into()
    }

    fn inverse_roots(elements: &mut [Self]) {
        for element in elements {
            *element = (0..(P - 3) / 4).fold(Toy(1), |power, _| power * *element);
        }
    }
}

impl<const P: u8> ConditionallySelectable for Toy<P> {
    fn conditional_select(a: &Self, b: &Self, choice: Choice) -> Self {
        Toy(u8::conditional_select(&a.0, &b.0, choice))
    }
}

impl<const P: u8> Extension for Toy<P> {
    type Base = Self;
    const DEGREE: usize = 1;

    fn push_coordinates(self, out: &mut Vec<Self>) {
        out.push(self);
    }

    fn from_coordinates(coordinates: &[Self]) -> Self {
        coordinates[0]
    }

    fn from_random_bytes(bytes: [u8; 16]) -> Self {
        Toy((u128::from_le_bytes(bytes) % u128::from(P)) as u8)
    }

    fn combine(weights: &[Self], elements: impl ExactSizeIterator<Item = Self>) -> Self {
        let terms = weights.iter().zip(elements);
        terms.map(|(weight, element)| *weight * element).sum()
    }
}

impl<const P: u8> Add for Toy<P> {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Toy((self.0 + other.0) % P)
    }
}

impl<const P: u8> Sub for Toy<P> {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Toy((self.0 + P - other.0) % P)
    }
}

impl<const P: u8> Mul for Toy<P> {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        Toy((u16::from(self.0) * u16::from(other.0) % u16::from(P)) as u8)
    }
}

impl<const P: u8> Neg for Toy<P> {
    type Output = Self;
    fn neg(self) -> Self {
        Toy(0) - self
    }
}

impl<const P: u8> AddAssign for Toy<P> {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl<const P: u8> SubAssign for Toy<P> {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl<const P: u8> MulAssign for Toy<P> {
    fn mul_assign(&mut self, other: Self) {
        *self = *self * other;
    }
}

impl<const P: u8> Sum for Toy<P> {
    fn sum<I: Iterator<Item = Self>>(elements: I) -> Self {
        elements.fold(Toy(0), Add::add)
    }
}

impl<const P: u8> ConstantTimeEq for Toy<P> {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl<const P: u8> DefaultIsZeroes for Toy<P> {}
