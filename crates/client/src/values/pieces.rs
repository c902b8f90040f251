//! Private bytes: columns that are pieces of them, as the compiler cuts them.

use enigma_bytecode::model::{Column, Kind};
use enigma_bytecode::values::LIMB_BITS;

/// Columns that are all pieces of the same bytes.
pub(super) struct Group<'a> {
    /// The way to the bytes; empty when they are the whole.
    pub(super) name: &'a str,
    /// How many bytes.
    pub(super) len: u32,
    /// How many columns.
    pub(super) columns: usize,
}

/// The bytes whose pieces these columns begin with, if they do.
pub(super) fn group(columns: &[Column]) -> Option<Group<'_>> {
    let first = columns.first()?;
    let name = place_of(&first.name, 0)?;
    let mut bits = 0;
    let mut count = 0;
    for (place, column) in columns.iter().enumerate() {
        // Every piece but the last is full.
        let full = bits == place as u32 * LIMB_BITS;
        if !full || place_of(&column.name, place) != Some(name) {
            break;
        }
        let Some(own) = bits_of(column) else { break };
        bits += own;
        count += 1;
    }
    (bits > 0 && bits.is_multiple_of(8)).then_some(Group {
        name,
        len: bits / 8,
        columns: count,
    })
}

/// The name before the place that a piece's name ends with.
fn place_of(name: &str, place: usize) -> Option<&str> {
    let (before, last) = name.rsplit_once('.').unwrap_or(("", name));
    (last == place.to_string()).then_some(before)
}

/// How many bits a piece holds.
fn bits_of(column: &Column) -> Option<u32> {
    let values = u64::try_from(column.high).ok()?.checked_add(1)?;
    let bits = values.trailing_zeros();
    let fits = column.kind == Kind::Limb && column.low == 0 && values.is_power_of_two();
    (fits && (1..=LIMB_BITS).contains(&bits)).then_some(bits)
}

/// Whether a character is none that people see where it stands: it ends a line, moves the cursor, or turns around what
/// comes after it.
fn is_unseen(c: char) -> bool {
    let turns = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    c.is_control() || turns || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Bytes as a text without the zeros that pad it, if they are one that people can read and that is not taken for
/// hexadecimal; else as `0x` and digits. What is shown as a text, [`parse`] takes as one.
pub(super) fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().rposition(|byte| *byte != 0);
    let used = &bytes[..end.map_or(0, |last| last + 1)];
    match std::str::from_utf8(used) {
        Ok(text) if !text.starts_with("0x") && !text.chars().any(is_unseen) => text.to_owned(),
        _ => format!("0x{}", hex::encode(bytes)),
    }
}

/// A text, or `0x` and two digits for each of `len` bytes. What is wrong with it, if it is neither.
pub(super) fn parse(text: &str, len: u32) -> Result<Vec<u8>, String> {
    if let Some(digits) = text.strip_prefix("0x") {
        let bytes = hex::decode(digits).map_err(|_| {
            "after 0x come hexadecimal digits, two for each byte, and nothing else".to_owned()
        })?;
        return match bytes.len() as u64 == u64::from(len) {
            true => Ok(bytes),
            false => Err(format!("{} bytes where {len} are needed", bytes.len())),
        };
    }
    if text.len() as u64 > u64::from(len) {
        return Err(format!(
            "the text has {} bytes, more than {len}",
            text.len()
        ));
    }
    // With a stray quote in a file, the rows that follow would silently become a part of the text.
    if let Some(unseen) = text.chars().find(|c| is_unseen(*c)) {
        return Err(format!(
            "the text has the control character U+{:04X}; write it as 0x and digits",
            u32::from(unseen)
        ));
    }
    Ok(text.as_bytes().to_vec())
}
