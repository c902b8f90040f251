//! Choices of a random program, read from bytes: fewer and smaller bytes are simpler programs, so that a failing one shrinks.

use enigma_mpc::testing::TestRng;

/// Where choices come from. What is secret is drawn apart, so that one program can have several sets of secrets.
pub(crate) struct Choices<'b> {
    bytes: &'b [u8],
    secrets: TestRng,
}

impl<'b> Choices<'b> {
    pub(crate) fn new(bytes: &'b [u8], secrets: u64) -> Choices<'b> {
        let secrets = TestRng::new(secrets);
        Choices { bytes, secrets }
    }

    /// A number below `end`; 0 once there are no more bytes.
    pub(crate) fn pick(&mut self, end: usize) -> usize {
        let Some((first, rest)) = self.bytes.split_first() else {
            return 0;
        };
        self.bytes = rest;
        usize::from(*first) % end
    }

    /// One time in `of`.
    pub(crate) fn chance(&mut self, of: usize) -> bool {
        self.pick(of) == of - 1
    }

    pub(crate) fn between(&mut self, low: i128, high: i128) -> i128 {
        low + self.pick((high - low + 1) as usize) as i128
    }

    pub(crate) fn of<T: Clone>(&mut self, items: &[T]) -> T {
        items[self.pick(items.len())].clone()
    }

    /// A secret number, often one of the ends.
    pub(crate) fn secret(&mut self, low: i128, high: i128) -> i128 {
        match self.secrets.below(6) {
            0 => low,
            1 => high,
            _ => low + self.secrets.below((high - low + 1) as usize) as i128,
        }
    }
}
