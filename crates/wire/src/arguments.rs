//! How a request carries an entry's parameters: by parameter, in source order, the values of its columns, which are none for a
//! private one; and where the private ones are. An entry without parameters takes no bytes at all.

use std::fmt;

use borsh::{BorshDeserialize, BorshSerialize};

use crate::output::PublicValue;
use crate::parameters::DealtParameters;

/// Most bytes that the controller takes.
pub const ARGUMENTS_MAX_BYTES: usize = 4096;

/// An entry's parameters, as everybody may see them.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Arguments {
    /// By parameter, the values of its columns; none for a private one.
    pub values: Vec<Vec<PublicValue>>,
    /// What the committee has of the private ones, if there are any.
    pub dealt: Option<DealtParameters>,
}

/// The bytes are no arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArgumentsError;

impl fmt::Display for ArgumentsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the arguments do not decode")
    }
}

impl std::error::Error for ArgumentsError {}

/// As bytes.
pub fn encode(arguments: &Arguments) -> Vec<u8> {
    if *arguments == Arguments::default() {
        return Vec::new();
    }
    borsh::to_vec(arguments).expect("writing to memory cannot fail")
}

/// From bytes, of which there is one string for each list of arguments.
///
/// # Errors
/// When they are no arguments, or more bytes than a request may carry.
pub fn decode(bytes: &[u8]) -> Result<Arguments, ArgumentsError> {
    if bytes.is_empty() {
        return Ok(Arguments::default());
    }
    if bytes.len() > ARGUMENTS_MAX_BYTES {
        return Err(ArgumentsError);
    }
    let arguments: Arguments = borsh::from_slice(bytes).map_err(|_| ArgumentsError)?;
    match arguments == Arguments::default() {
        true => Err(ArgumentsError),
        false => Ok(arguments),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Hash;
    use crate::sign::Signature;

    fn public(values: Vec<Vec<PublicValue>>) -> Arguments {
        Arguments {
            values,
            dealt: None,
        }
    }

    /// Pins the format: other bytes are another format, which other clients would not write.
    #[test]
    fn arguments_have_one_encoding() {
        let mut arguments = public(vec![
            vec![PublicValue::Number(-2)],
            vec![],
            vec![PublicValue::Bytes(b"ab".to_vec()), PublicValue::Number(1)],
        ]);
        let expected = "03000000\
            01000000\
            00feffffffffffffff\
            00000000\
            02000000\
            01020000006162\
            000100000000000000";
        let bytes = encode(&arguments);
        assert_eq!(hex::encode(&bytes), format!("{expected}00"));
        assert_eq!(decode(&bytes), Ok(arguments.clone()));
        arguments.dealt = Some(DealtParameters {
            root: Hash([1; 32]),
            until: 2,
            receipts: vec![Signature([3; 65])],
        });
        let dealt = format!(
            "01{}0200000000000000{}{}",
            "01".repeat(32),
            "01000000",
            "03".repeat(65)
        );
        let bytes = encode(&arguments);
        assert_eq!(hex::encode(&bytes), format!("{expected}{dealt}"));
        assert_eq!(decode(&bytes), Ok(arguments));
        assert_eq!(encode(&Arguments::default()), Vec::<u8>::new());
        assert_eq!(decode(&[]), Ok(Arguments::default()));
    }

    #[test]
    fn what_is_cut_short_or_too_long_is_refused() {
        let bytes = encode(&public(vec![vec![PublicValue::Number(7)]]));
        for len in 1..bytes.len() {
            assert_eq!(decode(&bytes[..len]), Err(ArgumentsError), "{len} bytes");
        }
        let longer = [&bytes[..], &[0]].concat();
        assert_eq!(decode(&longer), Err(ArgumentsError));
        // Nothing has one encoding only.
        assert_eq!(decode(&[0; 5]), Err(ArgumentsError));
        let long = vec![0; ARGUMENTS_MAX_BYTES];
        let long = encode(&public(vec![vec![PublicValue::Bytes(long)]]));
        assert_eq!(decode(&long), Err(ArgumentsError));
    }

    /// The receipts of the largest committee leave room for what everybody may see.
    #[test]
    fn receipts_of_all_members_fit() {
        let dealt = DealtParameters {
            root: Hash([1; 32]),
            until: 2,
            receipts: vec![Signature([3; 65]); usize::from(enigma_field::MAX_PARTIES)],
        };
        let arguments = Arguments {
            values: vec![Vec::new()],
            dealt: Some(dealt),
        };
        let bytes = encode(&arguments);
        assert!(bytes.len() < ARGUMENTS_MAX_BYTES * 3 / 4, "{}", bytes.len());
        assert_eq!(decode(&bytes), Ok(arguments));
    }
}
