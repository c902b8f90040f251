//! A field of seven elements, small enough to look at every polynomial.

use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use enigma_field::Field;
use rand_core::CryptoRng;
use subtle::{Choice, ConstantTimeEq};
use zeroize::DefaultIsZeroes;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct F7(pub(crate) u8);

impl F7 {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..7).map(F7)
    }

    /// Every vector of this length.
    pub(crate) fn vectors(len: usize) -> impl Iterator<Item = Vec<Self>> {
        (0..7usize.pow(len as u32)).map(move |code| {
            (0..len)
                .map(|place| F7((code / 7usize.pow(place as u32) % 7) as u8))
                .collect()
        })
    }
}

impl Field for F7 {
    const ZERO: Self = F7(0);
    const ONE: Self = F7(1);
    const BYTES: usize = 1;

    fn from_u64(integer: u64) -> Self {
        F7((integer % 7) as u8)
    }

    fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        Self::from_u64(rng.next_u64())
    }

    fn inverse(self) -> Option<Self> {
        Self::all().find(|other| self * *other == F7(1))
    }

    fn write_to(self, out: &mut Vec<u8>) {
        out.push(self.0);
    }

    fn read_from(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [byte] if *byte < 7 => Some(F7(*byte)),
            _ => None,
        }
    }
}

impl Add for F7 {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        F7((self.0 + other.0) % 7)
    }
}

impl Sub for F7 {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        F7((self.0 + 7 - other.0) % 7)
    }
}

impl Mul for F7 {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        F7(self.0 * other.0 % 7)
    }
}

impl Neg for F7 {
    type Output = Self;
    fn neg(self) -> Self {
        F7(0) - self
    }
}

impl AddAssign for F7 {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for F7 {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl MulAssign for F7 {
    fn mul_assign(&mut self, other: Self) {
        *self = *self * other;
    }
}

impl Sum for F7 {
    fn sum<I: Iterator<Item = Self>>(elements: I) -> Self {
        elements.fold(F7(0), Add::add)
    }
}

impl ConstantTimeEq for F7 {
    fn ct_eq(&self, other: &Self) -> Choice {
        self.0.ct_eq(&other.0)
    }
}

impl DefaultIsZeroes for F7 {}
