//! Bits of many values side by side: word k of a matrix of bits holds bit k of 64 values, or all bits
//! of value k.

/// Exchanges bit j of word i with bit i of word j.
pub fn transpose(words: &mut [u64; 64]) {
    transpose_lanes(
        words
            .as_chunks_mut::<1>()
            .0
            .try_into()
            .expect("as many words"),
    );
}

/// The same for several matrices, word by word side by side.
#[inline(always)]
pub(crate) fn transpose_lanes<const LANES: usize>(words: &mut [[u64; LANES]; 64]) {
    // Squares of 32 bits change places across the diagonal, then within each square those of 16 bits,
    // and so on down to single bits.
    let mut width = 32;
    let mut low = u64::MAX >> 32;
    while width > 0 {
        let mut row = 0;
        while row < 64 {
            let (upper, lower) = words.split_at_mut(row + width);
            for (upper, lower) in upper[row].iter_mut().zip(&mut lower[0]) {
                let exchanged = ((*upper >> width) ^ *lower) & low;
                *upper ^= exchanged << width;
                *lower ^= exchanged;
            }
            row += 1;
            if row & width != 0 {
                row += width;
            }
        }
        width /= 2;
        low ^= low << width;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transposing_exchanges_rows_and_columns() {
        let mut words = [0; 64];
        for (k, word) in (1u64..).zip(&mut words) {
            *word = k.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ k << 7;
        }
        let mut turned = words;
        transpose(&mut turned);
        for (i, turned) in turned.iter().enumerate() {
            for (j, word) in words.iter().enumerate() {
                assert_eq!(turned >> j & 1, word >> i & 1);
            }
        }
        transpose(&mut turned);
        assert_eq!(turned, words);
    }
}
