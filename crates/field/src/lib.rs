//! Field arithmetic and secret sharing: the fields of 2^61 - 1 elements, with its quadratic
//! extension, of 2^127 - 1 elements, and of 2^128 elements, Shamir and symmetric bivariate sharing, and the interpolation matrices the protocols
//! precompute.
//!
//! Conventions (protocols 0 and A): a committee has n = 2t+1 parties with evaluation points 1..n;
//! every encoding is canonical little-endian and anything else is refused.
//!
//! Invariants: no I/O, no clock and no randomness of its own (a generator is an argument); field
//! operations neither branch nor index on values, so their timing is independent of secrets.

pub mod binary;
pub mod bits;
pub mod bivariate;
mod committee;
mod error;
mod gf128;
pub mod interpolation;
mod k;
mod levels;
mod m127;
mod m61;
pub mod recursion;
pub mod shamir;
mod shares;
pub mod simd;
pub mod slice;
mod traits;

pub use committee::{Committee, MAX_PARTIES, Party};
pub use error::Error;
pub use gf128::Gf128;
pub use k::K;
pub use levels::{FINAL_LEN, Levels};
pub use m61::{Accumulator, M61};
pub use m127::{M127, WideAccumulator};
pub use shares::Shares;
pub use slice::{batch_inverse, decode_slice, dot, encode_slice};
pub use traits::{Extension, Field, PrimeField};
