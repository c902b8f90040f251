//! A field of 127 elements, small enough to see the errors of a verification. It is its own extension.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use enigma_field::{Extension, Field, PrimeField};
use rand_core::CryptoRng;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};
use zeroize::DefaultIsZeroes;

pub(crate) const P: u8 = 127;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct F127(pub(crate) u8);

impl F127 {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..P).map(F127)
    }
}

impl Field for F127 {
    const ZERO: Self = F127(0);
    const ONE: Self = F127(1);
    const BYTES: usize = 1;

    fn from_u64(integer: u64) -> Self {
        F127((integer % u64::from(P)) as u8)
    }

    fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        Self::from_u64(rng.next_u64())
    }

    fn inverse(self) -> Option<Self> {
        Self::all().find(|other| self * *other == F127(1))
    }

    fn write_to(self, out: &mut Vec<u8>) {
        out.push(self.0);
    }

    fn read_from(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [byte] if *byte < P => Some(F127(*byte)),
            _ => None,
        }
    }
}

impl PrimeField for F127 {
    type Ext = Self;
    const BITS: u32 = 7;
    const WORDS: usize = 1;
    const HALF: Self = F127(64);

    fn from_random_words(words: &[u64]) -> Self {
        Self::from_u64(words[0])
    }

    fn from_i128(integer: i128) -> Self {
        F127(integer.rem_euclid(i128::from(P)) as u8)
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
            *element = (0..(P - 3) / 4).fold(F127(1), |power, _| power * *element);
        }
    }
}

impl ConditionallySelectable for F127 {
    fn conditional_select(a: &Self, b: &Self, choice: Choice) -> Self {
        F127(u8::conditional_select(&a.0, &b.0, choice))
    }
}

impl Extension for F127 {
    type Base = Self;
    const DEGREE: usize = 1;

    fn push_coordinates(self, out: &mut Vec<Self>) {
        out.push(self);
    }

    fn from_coordinates(coordinates: &[Self]) -> Self {
        coordinates[0]
    }

    fn from_random_bytes(bytes: [u8; 16]) -> Self {
        F127((u128::from_le_bytes(bytes) % u128::from(P)) as u8)
    }
}

impl Add for F127 {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        F127((self.0 + other.0) % P)
    }
}

impl Sub for F127 {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        F127((self.0 + P - other.0) % P)
    }
}

impl Mul for F127 {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        F127((u16::from(self.0) * u16::from(other.0) % u16::from(P)) as u8)
    }
}

impl Neg for F127 {
    type Output = Self;
    fn neg(self) -> Self {
        F127(0) - self
    }
}

impl AddAssign for F127 {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for F127 {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl MulAssign for F127 {
    fn mul_assign(&mut self, other: Self) {
        *self = *self * other;
    }
}

impl Sum for F127 {
    fn sum<I: Iterator<Item = Self>>(elements: I) -> Self {
        elements.fold(F127(0), Add::add)
    }
}

impl ConstantTimeEq for F127 {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl DefaultIsZeroes for F127 {}
