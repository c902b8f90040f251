//! Salted Merkle roots: a commitment to a list of bytes that hides it and can be opened piecewise.
//!
//! A pair of parties knows a pair's bytes and its 32-byte salt seed; everybody sees the root. Each
//! piece is hashed with a salt of its own, derived from the seed by position, so that opening one
//! piece later, in a dispute, reveals nothing about the others (protocols S4).
//!
//! Without salts the root would give small values away: 2^20 guesses find a value below a million.

use zeroize::Zeroizing;

use crate::id::Hash;

/// Bytes of a piece. With salt and position a leaf is at most one 1024-byte BLAKE3 chunk, the
/// cheapest unit for a contract to verify. A multiple of 16, so that no field element is split.
pub const PIECE_BYTES: usize = 976;

/// Binds and hides `content` under a secret `seed`.
///
/// The tree over the pieces is the one of RFC 6962: pairs from the left, an odd node moves up. Its
/// shape follows from the length, which the caller must bind elsewhere.
pub fn root(seed: &[u8; 32], content: &[u8]) -> Hash {
    let mut level: Vec<[u8; 32]> = content
        .chunks(PIECE_BYTES)
        .enumerate()
        .map(|(position, piece)| leaf(seed, position as u64, piece))
        .collect();
    if level.is_empty() {
        level.push(leaf(seed, 0, &[]));
    }
    while level.len() > 1 {
        level = level
            .chunks(2)
            .map(|pair| {
                if let [left, right] = pair {
                    join(left, right)
                } else {
                    pair[0]
                }
            })
            .collect();
    }
    Hash(level[0])
}

/// The salt goes into the message and not into BLAKE3's key: the root must bind a dealer who
/// chooses the salts, and that is the collision resistance of the plain hash.
fn leaf(seed: &[u8; 32], position: u64, piece: &[u8]) -> [u8; 32] {
    let salt = Zeroizing::new(*blake3::keyed_hash(seed, &position.to_le_bytes()).as_bytes());
    let mut hasher = blake3::Hasher::new_derive_key("enigma pair leaf v1");
    hasher
        .update(&salt[..])
        .update(&position.to_le_bytes())
        .update(piece);
    *hasher.finalize().as_bytes()
}

fn join(left: &[u8; 32], right: &[u8; 32]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("enigma pair node v1");
    hasher.update(left).update(right);
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_the_length_and_the_seed_matter() {
        let seed = [7; 32];
        for len in [
            0,
            1,
            PIECE_BYTES - 1,
            PIECE_BYTES,
            PIECE_BYTES + 1,
            3 * PIECE_BYTES,
        ] {
            let content: Vec<u8> = (0..len).map(|byte| byte as u8).collect();
            let committed = root(&seed, &content);
            assert_eq!(root(&seed, &content), committed);
            assert_ne!(root(&[8; 32], &content), committed);
            for byte in 0..len {
                let mut altered = content.clone();
                altered[byte] ^= 1;
                assert_ne!(root(&seed, &altered), committed, "byte {byte} of {len}");
            }
            let mut longer = content.clone();
            longer.push(0);
            assert_ne!(root(&seed, &longer), committed);
        }
    }

    #[test]
    fn equal_pieces_have_different_leaves() {
        let piece = [5; PIECE_BYTES];
        assert_ne!(leaf(&[7; 32], 0, &piece), leaf(&[7; 32], 1, &piece));
        let mut swapped = vec![5; 2 * PIECE_BYTES];
        swapped[0] = 6;
        let straight = root(&[7; 32], &swapped);
        swapped.rotate_left(PIECE_BYTES);
        assert_ne!(root(&[7; 32], &swapped), straight);
    }

    #[test]
    fn a_leaf_fits_one_chunk_and_splits_no_element() {
        const { assert!(32 + 8 + PIECE_BYTES <= 1024 && PIECE_BYTES.is_multiple_of(16)) };
    }
}
