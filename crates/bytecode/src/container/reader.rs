//! Bytes to numbers, texts and lists. Reads what is there and nothing else; whether it is canonical as a
//! whole is decided by encoding it again.

use super::DecodeError;

/// Bytes that are left of a section or of the container.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    /// Length of the container, or the end of the section within it.
    total: usize,
    /// What constants in the code stand for.
    constants: &'a [i64],
}

impl<'a> Reader<'a> {
    /// Reads `rest`, the last bytes of a container of `total` bytes.
    pub(super) fn new(rest: &'a [u8], total: usize) -> Self {
        Reader {
            rest,
            total,
            constants: &[],
        }
    }

    /// The offset of the next byte.
    pub(super) fn at(&self) -> usize {
        self.total - self.rest.len()
    }

    pub(super) fn byte(&mut self) -> Result<u8, DecodeError> {
        let (byte, rest) = self
            .rest
            .split_first()
            .ok_or(DecodeError::Truncated { at: self.at() })?;
        self.rest = rest;
        Ok(*byte)
    }

    pub(super) fn number(&mut self) -> Result<u64, DecodeError> {
        let at = self.at();
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            // Ten bytes hold 70 bits; the last may only add one.
            if shift == 63 && bits > 1 {
                return Err(DecodeError::BadNumber { at });
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                let minimal = byte != 0 || shift == 0;
                return if minimal {
                    Ok(value)
                } else {
                    Err(DecodeError::BadNumber { at })
                };
            }
        }
        Err(DecodeError::BadNumber { at })
    }

    pub(super) fn small<T: TryFrom<u64>>(&mut self) -> Result<T, DecodeError> {
        let at = self.at();
        T::try_from(self.number()?).map_err(|_| DecodeError::BadNumber { at })
    }

    pub(super) fn signed(&mut self) -> Result<i64, DecodeError> {
        let value = self.number()?;
        Ok((value >> 1) as i64 ^ -((value & 1) as i64))
    }

    /// A length of so many things that take a byte each at least: never more than bytes are left.
    pub(super) fn length(&mut self) -> Result<usize, DecodeError> {
        let at = self.at();
        let length = usize::try_from(self.number()?).ok();
        length
            .filter(|length| *length <= self.rest.len())
            .ok_or(DecodeError::Truncated { at })
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = self.length()?;
        let truncated = DecodeError::Truncated { at: self.at() };
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(truncated)?;
        self.rest = rest;
        Ok(taken)
    }

    /// A text of which `is_good` holds.
    pub(super) fn text(&mut self, is_good: fn(&str) -> bool) -> Result<String, DecodeError> {
        let at = self.at();
        let text = std::str::from_utf8(self.bytes()?).ok();
        text.filter(|text| is_good(text))
            .map(str::to_owned)
            .ok_or(DecodeError::BadName { at })
    }

    pub(super) fn list<T>(
        &mut self,
        one: impl Fn(&mut Self) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let length = self.length()?;
        // Grows with what is really there: elements are larger than their encoding.
        let mut list = Vec::new();
        for _ in 0..length {
            list.push(one(self)?);
        }
        Ok(list)
    }

    /// The constant that the next number names.
    pub(super) fn constant(&mut self) -> Result<i64, DecodeError> {
        let at = self.at();
        let place = usize::try_from(self.number()?).ok();
        place
            .and_then(|place| self.constants.get(place).copied())
            .ok_or(DecodeError::BadNumber { at })
    }

    /// Reads a section to its end.
    pub(super) fn section<T>(
        &mut self,
        constants: &[i64],
        read: impl FnOnce(&mut Reader<'_>) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        let rest = self.bytes()?;
        let mut section = Reader {
            rest,
            total: self.at(),
            constants,
        };
        let value = read(&mut section)?;
        section.end()?;
        Ok(value)
    }

    pub(super) fn end(&self) -> Result<(), DecodeError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(DecodeError::Trailing { at: self.at() })
        }
    }
}
