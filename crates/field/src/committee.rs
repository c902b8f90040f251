//! Committees of n = 2t+1 parties and their evaluation points 1..n.

use std::fmt;

use crate::error::Error;
use crate::traits::{Field, PrimeField};

/// The largest committee.
pub const MAX_PARTIES: u8 = 31;

/// A party's number in its committee, from 1; it is also the party's evaluation point.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Party(u8);

impl Party {
    /// The party with this number, or `None` when no committee has it.
    pub const fn new(number: u8) -> Option<Self> {
        if number >= 1 && number <= MAX_PARTIES {
            Some(Self(number))
        } else {
            None
        }
    }

    /// The party's number, from 1.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// The party's place in vectors with one entry per party, from 0.
    pub const fn index(self) -> usize {
        self.0 as usize - 1
    }

    /// The party's evaluation point.
    pub fn point<F: Field>(self) -> F {
        F::point(u64::from(self.0))
    }
}

impl fmt::Debug for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Party({})", self.0)
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A committee of n = 2t+1 parties of which at most t are corrupt.
///
/// Even sizes are refused: with n > 2t+1 a dealer can give honest parties shares of different
/// values, and errors need no longer be additive (protocols B.6).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Committee {
    n: u8,
    /// Entries from n on are zero.
    lambda: [i64; MAX_PARTIES as usize],
}

impl Committee {
    /// A committee of `n` parties: odd, from 3 to [`MAX_PARTIES`].
    ///
    /// # Errors
    /// [`Error::CommitteeSize`] for any other size.
    pub fn new(n: u8) -> Result<Self, Error> {
        if n.is_multiple_of(2) || !(3..=MAX_PARTIES).contains(&n) {
            return Err(Error::CommitteeSize { n });
        }
        // The product over j != i of j / (j - i) is (-1)^(i-1) times n over i: an integer far
        // below p, so there is nothing to invert.
        let mut lambda = [0; MAX_PARTIES as usize];
        let mut binomial = 1;
        for i in 1..=i64::from(n) {
            binomial = binomial * (i64::from(n) + 1 - i) / i;
            lambda[i as usize - 1] = if i % 2 == 1 { binomial } else { -binomial };
        }
        Ok(Self { n, lambda })
    }

    /// The number of parties.
    pub const fn n(&self) -> u8 {
        self.n
    }

    /// The number of corrupt parties tolerated, which is the degree of sharings.
    pub const fn t(&self) -> u8 {
        (self.n - 1) / 2
    }

    /// The number of parties, as a length.
    pub const fn len(&self) -> usize {
        self.n as usize
    }

    /// A committee is never empty.
    pub const fn is_empty(&self) -> bool {
        false
    }

    /// The degree of sharings, as a length: t.
    pub const fn degree(&self) -> usize {
        self.t() as usize
    }

    /// The parties in order.
    pub fn parties(&self) -> impl DoubleEndedIterator<Item = Party> + ExactSizeIterator + use<> {
        (0..self.n).map(|index| Party(index + 1))
    }

    /// The other parties in order.
    pub fn others(&self, me: Party) -> impl DoubleEndedIterator<Item = Party> + use<> {
        self.parties().filter(move |party| *party != me)
    }

    /// The party with this number, or `None` when it is not a member.
    pub const fn party(&self, number: u8) -> Option<Party> {
        if number <= self.n {
            Party::new(number)
        } else {
            None
        }
    }

    /// Is the party a member?
    pub const fn contains(&self, party: Party) -> bool {
        party.0 <= self.n
    }

    /// The member `steps` after `party`, cyclically.
    pub fn after(&self, party: Party, steps: usize) -> Party {
        Party(((party.index() + steps) % self.len()) as u8 + 1)
    }

    /// A member's Lagrange coefficient at 0 over all n points: any n shares are a sharing of degree 2t of
    /// the sum of each party's coefficient times its share.
    pub fn lambda<F: PrimeField>(&self, party: Party) -> F {
        F::from_i64(self.lambda[party.index()])
    }

    /// The coefficients of all parties.
    pub fn lambdas<F: PrimeField>(&self) -> Vec<F> {
        self.parties().map(|party| self.lambda(party)).collect()
    }
}

impl fmt::Debug for Committee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Committee {{ n: {}, t: {} }}", self.n, self.t())
    }
}
