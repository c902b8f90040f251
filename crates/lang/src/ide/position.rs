//! Places as editors count them: lines, and UTF-16 units in a line.

/// A place between two characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// From 0.
    pub line: u32,
    /// UTF-16 units from the line's start.
    pub column: u32,
}

/// Where the lines of a source begin. Lines end with `\n`, `\r\n` or `\r`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    /// Finds the lines; there is at least one.
    #[must_use]
    pub fn of(source: &str) -> Lines {
        let mut starts = vec![0];
        let bytes = source.as_bytes();
        for (at, byte) in bytes.iter().enumerate() {
            let ends = match byte {
                b'\n' => true,
                b'\r' => bytes.get(at + 1) != Some(&b'\n'),
                _ => false,
            };
            if ends {
                starts.push(at + 1);
            }
        }
        Lines { starts }
    }

    /// The position of a byte of the same source; behind its end, that of the end.
    #[must_use]
    pub fn position(&self, source: &str, offset: usize) -> Position {
        let offset = source.floor_char_boundary(offset);
        let line = self.starts.partition_point(|start| *start <= offset) - 1;
        let before = source.get(self.starts[line]..offset).unwrap_or("");
        let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Position {
            line: narrow(line),
            column: narrow(before.encode_utf16().count()),
        }
    }

    /// The byte of a position. A column behind the line's end is that end, one inside a character its
    /// start; `None` for a line that is not there.
    #[must_use]
    pub fn offset(&self, source: &str, position: Position) -> Option<usize> {
        let line = usize::try_from(position.line).ok()?;
        let start = *self.starts.get(line)?;
        let end = self.starts.get(line + 1).copied().unwrap_or(source.len());
        let text = source.get(start..end)?.trim_end_matches(['\n', '\r']);
        let mut left = position.column as usize;
        for (at, character) in text.char_indices() {
            if left < character.len_utf16() {
                return Some(start + at);
            }
            left -= character.len_utf16();
        }
        Some(start + text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: u32, column: u32) -> Position {
        Position { line, column }
    }

    #[test]
    fn columns_are_utf16_units() {
        let source = "a\u{e9}\u{1f600}b\r\nc\rd\n";
        let lines = Lines::of(source);
        let places = [
            (0, at(0, 0)),
            (1, at(0, 1)),
            (3, at(0, 2)),
            (7, at(0, 4)),
            (8, at(0, 5)),
            (10, at(1, 0)),
            (12, at(2, 0)),
            (14, at(3, 0)),
        ];
        for (offset, position) in places {
            assert_eq!(lines.position(source, offset), position);
            assert_eq!(lines.offset(source, position), Some(offset));
        }
        // Inside of characters, between the characters of a line's end, and outside.
        assert_eq!(lines.position(source, 5), at(0, 2));
        assert_eq!(lines.position(source, 9), at(0, 6));
        assert_eq!(lines.position(source, 99), at(3, 0));
        assert_eq!(lines.offset(source, at(0, 3)), Some(3));
        assert_eq!(lines.offset(source, at(0, 99)), Some(8));
        assert_eq!(lines.offset(source, at(3, u32::MAX)), Some(14));
        assert_eq!(lines.offset(source, at(4, 0)), None);
        assert_eq!(lines.offset(source, at(u32::MAX, 0)), None);
        assert_eq!(Lines::of("").offset("", at(0, 0)), Some(0));
    }
}
