//! Exact comparison with zero (protocols F.2, F.3, S19; decisions 8), here described over 2^61 - 1; over
//! 2^127 - 1 there are 127 bits, 64 digits and 6 levels. A committee of three
//! compares over shared bits instead, see `super::binary`.
//!
//! For a shared x, with r the integer of 61 shared random bits, the committee opens c = 2x + r mod
//! p (full opening: c selects digits below, rule R4). Bits and one-hots are in a batch that was
//! verified before (R1); x need not be verified, because the mask is uniform (R3). p is odd, so the lowest bit of 2x mod p, as
//! an integer below p, is 1 exactly if x lies in the upper half of the field, that is, if x < 0;
//! and that bit is c_0 xor r_0 xor `[c < r]`, because `c < r` tells whether the sum wrapped around p.
//! c hides x: 61 uniform bits are a uniform field element up to 2^-61.
//!
//! `[c < r]` and `[c = r]` come from a tree over 31 digits, 30 of two bits and the top bit alone. A
//! node joins a more with a less significant segment:
//! (less, equal) o (less', equal') = (less + equal less', equal equal'). `equal` at the root means
//! 2x = 0, hence x = 0; it errs only if x = 0 and all 61 random bits are ones (r = p stands for
//! 0), which has probability 2^-61 and shows two equal values as different. `less` never errs.
//!
//! The results are bits for every field element x, also for one that no range check has seen.
//!
//! **Order of digits.** Leaf place p holds digit rev(p), its five bits reversed. Then the segments
//! that meet in a node lie half the places apart at every level, so that a level is one product of
//! contiguous halves. Digit 31 does not exist; its place would be the last, and its partner (digit
//! 30, the single top bit, place 15) moves up one level unchanged.
//!
//! Per comparison: 61 random bits, 1 full opening, 30 one-hots, 60 tree products (55 if `equal` is
//! not wanted: a node on the least significant edge only needs `less`), 1 for the last xor.
//! Rounds: 2 for the bits, 1 one-hots, their verification, then 1 opening, 5 tree, 1 xor.

use enigma_field::PrimeField;

use super::binary;
use super::build::Builder;
use super::error::PlanError;
use super::ir::{Local, MaskReg, View};

/// How the bits of a mask are laid out in blocks: the low bits of its two-bit digits, their high bits, and of an
/// odd number of bits the top one, which is a digit alone; digits in the order of leaf places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    bits: u32,
}

impl Layout {
    /// For masks that are elements of the field.
    #[must_use]
    pub const fn of<F: PrimeField>() -> Layout {
        Layout { bits: F::BITS }
    }

    /// For masks of so many bits, two at least.
    #[must_use]
    pub const fn of_bits(bits: u32) -> Layout {
        Layout { bits }
    }

    /// Bits of a mask.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.bits
    }

    /// Two-bit digits.
    #[must_use]
    pub const fn pairs(self) -> u32 {
        self.bits / 2
    }

    /// All digits.
    #[must_use]
    pub const fn digits(self) -> u32 {
        self.bits.div_ceil(2)
    }

    /// Levels of a tree over the digits.
    #[must_use]
    pub const fn levels(self) -> u32 {
        self.digits().next_power_of_two().ilog2()
    }

    /// The digit at a leaf place: its bits reversed.
    #[must_use]
    pub const fn digit_at(self, place: u32) -> u32 {
        place.reverse_bits() >> (u32::BITS - self.levels())
    }

    /// Place of the single-bit digit among the leaves; behind them if there is none.
    #[must_use]
    pub const fn single_place(self) -> u32 {
        if self.bits.is_multiple_of(2) {
            self.digits()
        } else {
            self.digit_at(self.pairs())
        }
    }

    /// The block of a mask's low bits that belongs to a leaf place; none for the single-bit digit.
    #[must_use]
    pub const fn pair_block(self, place: u32) -> Option<u32> {
        let single = self.single_place();
        if place < single {
            Some(place)
        } else if place == single {
            None
        } else {
            Some(place - 1)
        }
    }

    /// Which bit of the mask each block of its bits is.
    #[must_use]
    pub fn exponents(self) -> Vec<u32> {
        let mut exponents = vec![0; self.bits as usize];
        for place in 0..self.digits() {
            let lowest = 2 * self.digit_at(place);
            match self.pair_block(place) {
                Some(block) => {
                    exponents[block as usize] = lowest;
                    exponents[(self.pairs() + block) as usize] = lowest + 1;
                }
                None => exponents[self.bits as usize - 1] = lowest,
            }
        }
        exponents
    }
}

/// Which results of a comparison are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Only `[x < 0]`.
    Less,
    /// Only `[x = 0]`.
    Equal,
    /// `[x < 0]` and `[x = 0]`.
    LessAndEqual,
}

/// What comparisons need that is prepared before the values to compare are known: nothing in a committee of
/// three, whose masks are known bit by bit.
pub(super) struct Masks(Option<DigitMasks>);

/// Shared bits that hide one value each.
pub(super) struct DigitMasks {
    /// 61 blocks: low bits of the two-bit digits, their high bits, the top bit.
    pub(super) bits: View,
    /// 30 blocks: product of the two bits of each two-bit digit.
    pub(super) both: View,
    /// One block: the bits as an integer, to open under.
    pub(super) mask: MaskReg,
}

/// Makes masks for `count` comparisons, in a strand of masks.
pub(super) fn masks<F: PrimeField>(b: &mut Builder<F>, count: u32) -> Result<Masks, PlanError> {
    if binary::available(b) {
        return Ok(Masks(None));
    }
    Ok(Masks(Some(digit_masks(b, count)?)))
}

/// Makes masks for `count` values, in a strand of masks.
pub(super) fn digit_masks<F: PrimeField>(
    b: &mut Builder<F>,
    count: u32,
) -> Result<DigitMasks, PlanError> {
    b.begin_masks();
    let (bits, mask) = b.masks(count)?;
    let half = Layout::of::<F>().pairs() * count;
    let both = b.multiply(&[(bits.part(0, half), bits.part(half, half))])?;
    Ok(DigitMasks { bits, both, mask })
}

/// [x < 0] for every element of `x`. Takes the masks, so that none is used twice: two openings under one
/// mask would show the difference of what they hide.
pub(super) fn is_negative<F: PrimeField>(
    b: &mut Builder<F>,
    x: View,
    masks: Masks,
) -> Result<View, PlanError> {
    match masks.0 {
        None => Ok(binary::with_zero(b, x, Want::Less)?[0]),
        Some(made) => Ok(with_zero(b, x, made, Want::Less)?.0),
    }
}

/// [x = 0] for every element of `x`.
pub(super) fn is_zero<F: PrimeField>(
    b: &mut Builder<F>,
    x: View,
    masks: Masks,
) -> Result<View, PlanError> {
    match masks.0 {
        None => Ok(binary::with_zero(b, x, Want::Equal)?[0]),
        Some(made) => {
            let (_, equal) = with_zero(b, x, made, Want::LessAndEqual)?;
            Ok(equal.expect("equality was asked for"))
        }
    }
}

/// [x < 0] and [x = 0] for every element of `x`.
pub(super) fn sign<F: PrimeField>(
    b: &mut Builder<F>,
    x: View,
    masks: Masks,
) -> Result<(View, View), PlanError> {
    match masks.0 {
        None => {
            let results = binary::with_zero(b, x, Want::LessAndEqual)?;
            Ok((results[0], results[1]))
        }
        Some(made) => {
            let (less, equal) = with_zero(b, x, made, Want::LessAndEqual)?;
            Ok((less, equal.expect("equality was asked for")))
        }
    }
}

/// Compares over digits.
fn with_zero<F: PrimeField>(
    b: &mut Builder<F>,
    x: View,
    masks: DigitMasks,
    want: Want,
) -> Result<(View, Option<View>), PlanError> {
    let n = x.len;
    let layout = Layout::of::<F>();
    let doubled = b.linear(&[(F::from_u64(2), x)], F::ZERO);
    let opened = b.open_masked(doubled, masks.mask)?;

    let less = b.register(layout.digits() * n);
    let equal = b.register(layout.digits() * n);
    b.local(Local::DigitLeaves {
        less,
        equal,
        bits: masks.bits,
        both: masks.both,
        opened,
        layout,
    });
    let sign = b.register(n);
    // Place 0 is digit 0, so block 0 of the bits is the lowest bit of r.
    b.local(Local::ByOpenedBit {
        dst: sign,
        src: masks.bits.part(0, n),
        opened,
        shifts: vec![0],
        affine: [(F::ONE, F::ZERO), (-F::ONE, F::ONE)],
    });
    let sign = b.view(sign);

    let (wrapped, equal) = tree(b, layout, (b.view(less), b.view(equal)), want)?;
    let both = b.multiply(&[(sign, wrapped)])?;
    let less = b.linear(
        &[(F::ONE, sign), (F::ONE, wrapped), (F::from_i64(-2), both)],
        F::ZERO,
    );
    Ok((less, equal))
}

/// Segments of digits of one size, one block for each place.
pub(super) struct Segments {
    /// Whether the public segment is less.
    pub(super) less: View,
    /// Whether the segments are equal, from the place `first` on.
    pub(super) equal: View,
    /// 1 if `equal` lacks the least significant segment, else 0.
    pub(super) first: u32,
    /// How many there are.
    pub(super) places: u32,
}

impl Segments {
    /// The single digits.
    pub(super) fn digits(less: View, equal: View, places: u32) -> Segments {
        Segments {
            less,
            equal,
            first: 0,
            places,
        }
    }

    /// Joins neighbours. Of the first `skip` results, 0 or 1, `equal` is not wanted.
    pub(super) fn join<F: PrimeField>(
        &self,
        b: &mut Builder<F>,
        n: u32,
        skip: u32,
    ) -> Result<Segments, PlanError> {
        let half = self.places.div_ceil(2);
        let pairs = self.places - half;
        let upper_equal = self.equal.part((half - self.first) * n, pairs * n);
        let lower_less = self.less.part(0, pairs * n);
        let mut factors = vec![(upper_equal, lower_less)];
        if pairs > skip {
            factors.push((
                upper_equal.part(skip * n, (pairs - skip) * n),
                self.equal.part((skip - self.first) * n, (pairs - skip) * n),
            ));
        }
        let products = b.multiply(&factors)?;
        let upper_less = self.less.part(half * n, pairs * n);
        let mut less = b.linear(
            &[(F::ONE, upper_less), (F::ONE, products.part(0, pairs * n))],
            F::ZERO,
        );
        let mut equal = products.part(pairs * n, (pairs - skip) * n);
        if half > pairs {
            let unpaired = |view: View, first: u32| view.part((pairs - first) * n, n);
            less = b.concat(&[less, unpaired(self.less, 0)]);
            equal = b.concat(&[equal, unpaired(self.equal, self.first)]);
        }
        Ok(Segments {
            less,
            equal,
            first: skip,
            places: half,
        })
    }
}

/// Joins the segments level by level. `equal` lacks place 0 after the first level, when only `less`
/// is wanted.
pub(super) fn tree<F: PrimeField>(
    b: &mut Builder<F>,
    layout: Layout,
    (less, equal): (View, View),
    want: Want,
) -> Result<(View, Option<View>), PlanError> {
    let skip = match want {
        Want::Less => 1,
        Want::Equal | Want::LessAndEqual => 0,
    };
    let n = less.len / layout.digits();
    let mut segments = Segments::digits(less, equal, layout.digits());
    while segments.places > 1 {
        segments = segments.join(b, n, skip)?;
    }
    let equal = match want {
        Want::Less => None,
        Want::Equal | Want::LessAndEqual => Some(segments.equal),
    };
    Ok((segments.less, equal))
}

#[cfg(test)]
mod tests {
    use enigma_field::{M61, M127};

    use super::*;

    const LAYOUTS: [Layout; 2] = [Layout::of::<M61>(), Layout::of::<M127>()];

    #[test]
    fn leaf_places_hold_every_digit_once_and_the_single_bit_is_the_top() {
        for layout in LAYOUTS {
            let mut digits: Vec<u32> = (0..layout.digits()).map(|p| layout.digit_at(p)).collect();
            assert_eq!(layout.digit_at(layout.single_place()), layout.digits() - 1);
            assert_eq!(layout.digit_at(0), 0);
            digits.sort_unstable();
            assert_eq!(digits, (0..layout.digits()).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_blocks_of_a_mask_are_its_bits() {
        for layout in LAYOUTS {
            let mut exponents = layout.exponents();
            exponents.sort_unstable();
            assert!(exponents.into_iter().eq(0..layout.bits()));
        }
    }
}
