//! Bits as coefficients: sums of public elements of the field of 2^128 elements chosen by shared bits,
//! for many places side by side.
//!
//! A table of elements indexed by bits would show them to who watches the cache. So the sums are computed
//! bit by bit of the result: bit t of all sums is the exclusive or of those words whose coefficient has
//! bit t set, which is public. Sums of four words are computed once and used for all 128 bits.

use zeroize::Zeroizing;

use super::carryless::BitShares;
use crate::bits::transpose_lanes;
use crate::gf128::Gf128;

/// Words side by side.
const LANES: usize = 4;
/// Words whose sums are computed beforehand.
const GROUP: usize = 4;

type Lanes = [u64; LANES];

#[inline(always)]
pub(super) fn fold_bits(x: BitShares<'_>, coefficients: &[[Gf128; 2]], len: usize) -> Vec<Gf128> {
    let blocks = coefficients.len();
    assert_eq!(x.first.len(), blocks * len, "blocks of one length");
    assert_eq!(x.second.len(), blocks * len, "blocks of one length");
    let groups = (2 * blocks).div_ceil(GROUP);
    let choices = choices(coefficients, groups);
    // What a party holds is among them.
    let mut sums = Zeroizing::new(vec![[[0u64; LANES]; 1 << GROUP]; groups]);
    let mut out = vec![Gf128::ZERO; 64 * len];
    for start in (0..len).step_by(LANES) {
        let lanes = LANES.min(len - start);
        for (group, sums) in sums.iter_mut().enumerate() {
            for k in 0..GROUP {
                let (block, component) = ((GROUP * group + k) / 2, k % 2);
                let mut word = [0; LANES];
                if block < blocks {
                    let words = if component == 0 { x.first } else { x.second };
                    let from = block * len + start;
                    word[..lanes].copy_from_slice(&words[from..from + lanes]);
                }
                for chosen in 0..1 << k {
                    sums[chosen | 1 << k] = xor(sums[chosen], word);
                }
            }
        }
        let mut words = [[[0; LANES]; 64]; 2];
        for (half, words) in words.iter_mut().enumerate() {
            for (bit, word) in words.iter_mut().enumerate() {
                let mut sum = [0; LANES];
                let chosen = &choices[(64 * half + bit) * groups..][..groups];
                for (sums, chosen) in sums.iter().zip(chosen) {
                    sum = xor(sum, sums[usize::from(*chosen) % (1 << GROUP)]);
                }
                *word = sum;
            }
            transpose_lanes(words);
        }
        let [low, high] = &words;
        for lane in 0..lanes {
            let out = &mut out[64 * (start + lane)..][..64];
            for (element, (low, high)) in out.iter_mut().zip(low.iter().zip(high)) {
                *element = Gf128::from_words([low[lane], high[lane]]);
            }
        }
    }
    out
}

/// For each bit of an element, then for each group: which of the group's coefficients have it.
fn choices(coefficients: &[[Gf128; 2]], groups: usize) -> Vec<u8> {
    let mut choices = vec![0; Gf128::BITS * groups];
    for (place, coefficient) in coefficients.as_flattened().iter().enumerate() {
        for bit in 0..Gf128::BITS {
            let set = (coefficient.coefficients() >> bit) as u8 & 1;
            choices[bit * groups + place / GROUP] |= set << (place % GROUP);
        }
    }
    choices
}

#[inline(always)]
fn xor(left: Lanes, right: Lanes) -> Lanes {
    let mut sum = left;
    for (a, b) in sum.iter_mut().zip(right) {
        *a ^= b;
    }
    sum
}
