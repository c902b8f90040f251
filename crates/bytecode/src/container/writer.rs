//! Numbers, texts and lists to bytes.

/// Bytes of a section or of the container.
#[derive(Default)]
pub(super) struct Writer {
    pub(super) bytes: Vec<u8>,
    /// All constants of the code, ascending, each once.
    constants: Vec<i64>,
}

impl Writer {
    /// Writes code in which these are the constants, ascending, each once.
    pub(super) fn of_code(constants: Vec<i64>) -> Self {
        Writer {
            bytes: Vec::new(),
            constants,
        }
    }

    pub(super) fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    pub(super) fn number(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.byte((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.byte(value as u8);
    }

    pub(super) fn length(&mut self, value: usize) {
        self.number(value as u64);
    }

    /// Zigzag: 0, -1, 1, -2, ... become 0, 1, 2, 3, ...
    pub(super) fn signed(&mut self, value: i64) {
        self.number(((value << 1) ^ (value >> 63)) as u64);
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.bytes.extend_from_slice(bytes);
    }

    /// Names a constant by its place.
    pub(super) fn constant(&mut self, value: i64) {
        // The constants were collected from this very code.
        let place = self.constants.binary_search(&value);
        self.length(place.unwrap_or(self.constants.len()));
    }
}
