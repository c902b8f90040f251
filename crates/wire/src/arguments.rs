//! How a request carries an entry's public parameters: by parameter, in source order, the values of its columns; none
//! for a private one. An entry without parameters takes no bytes at all.

use std::fmt;

use crate::output::PublicValue;

/// Most bytes that the controller takes.
pub const ARGUMENTS_MAX_BYTES: usize = 4096;

/// By parameter, the values of its columns.
pub type Arguments = Vec<Vec<PublicValue>>;

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
    if arguments.is_empty() {
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
        return Ok(Vec::new());
    }
    if bytes.len() > ARGUMENTS_MAX_BYTES {
        return Err(ArgumentsError);
    }
    let arguments: Arguments = borsh::from_slice(bytes).map_err(|_| ArgumentsError)?;
    match arguments.is_empty() {
        true => Err(ArgumentsError),
        false => Ok(arguments),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pins the format: other bytes are another format, which other clients would not write.
    #[test]
    fn arguments_have_one_encoding() {
        let arguments = vec![
            vec![PublicValue::Number(-2)],
            vec![],
            vec![PublicValue::Bytes(b"ab".to_vec()), PublicValue::Number(1)],
        ];
        let bytes = encode(&arguments);
        let expected = "03000000\
            01000000\
            00feffffffffffffff\
            00000000\
            02000000\
            01020000006162\
            000100000000000000";
        assert_eq!(hex::encode(&bytes), expected);
        assert_eq!(decode(&bytes), Ok(arguments));
        assert_eq!(encode(&Vec::new()), Vec::<u8>::new());
        assert_eq!(decode(&[]), Ok(Vec::new()));
    }

    #[test]
    fn what_is_cut_short_or_too_long_is_refused() {
        let bytes = encode(&vec![vec![PublicValue::Number(7)]]);
        for len in 1..bytes.len() {
            assert_eq!(decode(&bytes[..len]), Err(ArgumentsError), "{len} bytes");
        }
        let longer = [&bytes[..], &[0]].concat();
        assert_eq!(decode(&longer), Err(ArgumentsError));
        // Nothing has one encoding only.
        assert_eq!(decode(&[0; 4]), Err(ArgumentsError));
        let long = encode(&vec![vec![PublicValue::Bytes(vec![
            0;
            ARGUMENTS_MAX_BYTES
        ])]]);
        assert_eq!(decode(&long), Err(ArgumentsError));
    }
}
