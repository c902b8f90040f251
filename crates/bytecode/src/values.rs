//! Values of the language as numbers in columns, where it takes more than a cast: private bytes in pieces, and decimals
//! in fixed point. The compiler lays values out so, and clients write and read them so.

/// Bits of a piece of private bytes ([`Kind::Limb`](crate::model::Kind::Limb)); the last piece has what is left.
pub const LIMB_BITS: u32 = 52;

/// How many bits each piece of so many bytes has, the lowest first.
pub fn limb_bits(len: u32) -> impl Iterator<Item = u32> {
    let bits = 8 * len;
    (0..bits.div_ceil(LIMB_BITS)).map(move |place| (bits - place * LIMB_BITS).min(LIMB_BITS))
}

/// The pieces of bytes that are padded with zeros to `len`, read as a number whose lowest byte comes first.
#[must_use]
pub fn limbs(bytes: &[u8], len: u32) -> Vec<i64> {
    let bit = |at: u32| {
        let byte = bytes.get(at as usize / 8);
        byte.map_or(0, |byte| i64::from(byte >> (at % 8) & 1))
    };
    let mut first = 0;
    let limb = |bits: u32| {
        let limb = (0..bits).map(|k| bit(first + k) << k).sum();
        first += bits;
        limb
    };
    limb_bits(len).map(limb).collect()
}

/// The bytes of pieces; none if one of them is too large or missing.
#[must_use]
pub fn from_limbs(limbs: &[i64], len: u32) -> Option<Vec<u8>> {
    let mut bytes = vec![0; len as usize];
    let mut first = 0;
    for (place, bits) in limb_bits(len).enumerate() {
        let limb = *limbs.get(place)?;
        if limb < 0 || limb >> bits != 0 {
            return None;
        }
        for k in (0..bits).filter(|k| limb >> k & 1 == 1) {
            *bytes.get_mut((first + k) as usize / 8)? |= 1 << ((first + k) % 8);
        }
        first += bits;
    }
    Some(bytes)
}

/// `value * 2^bits / divisor` and what is left, bit by bit since the product may have no room;
/// `0 <= value < divisor <= 10^30`. Whoever rounds a decimal to fixed point decides by what is left.
#[must_use]
pub fn shifted_quotient(value: i128, bits: u32, divisor: i128) -> (i128, i128) {
    let (mut quotient, mut rest) = (0_i128, value);
    for _ in 0..bits {
        rest *= 2;
        quotient *= 2;
        if rest >= divisor {
            rest -= divisor;
            quotient += 1;
        }
    }
    (quotient, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_go_into_pieces_and_back() {
        for len in [1, 6, 7, 13, 32, 33] {
            let bytes: Vec<u8> = (0..len).map(|k| (k * 37 + 201) as u8).collect();
            let pieces = limbs(&bytes, len);
            assert!(pieces.iter().all(|limb| (0..1 << LIMB_BITS).contains(limb)));
            assert_eq!(pieces.len(), limb_bits(len).count());
            assert_eq!(from_limbs(&pieces, len), Some(bytes));
        }
        assert_eq!(limb_bits(32).collect::<Vec<_>>(), [52, 52, 52, 52, 48]);
    }
}
