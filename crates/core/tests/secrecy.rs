//! What a node stores and receives says nothing about the values: same lengths whatever they are,
//! uniform elements, no value in the clear. The same checks find planted leaks.

mod harness;

use enigma_wire::peer::{self, Frame};
use harness::World;

const PEOPLE: usize = 48;

/// Very different data sets: small and nearly equal, or near the top of the range. Eight digits each
/// where values are large, so that finding one by chance is out of the question.
fn values(large: bool) -> Vec<i64> {
    let value = |i: i64| {
        if large {
            98_765_432 - i * 13_577
        } else {
            i % 3
        }
    };
    (0..PEOPLE as i64).map(value).collect()
}

/// Everything one node saw.
struct View {
    rows: Vec<Vec<u8>>,
    stored: Vec<Vec<u8>>,
    frames: Vec<Vec<u8>>,
    requests: Vec<Vec<u8>>,
    facts: String,
}

fn view(values: &[i64], seed: u64) -> View {
    let mut world = World::new(3, values.len(), seed);
    world.share(values);
    world.request(values.len() as u32);
    world.run();
    let tap = &mut world.nodes[0].tap;
    View {
        rows: std::mem::take(&mut tap.rows),
        stored: std::mem::take(&mut tap.stored),
        frames: std::mem::take(&mut tap.frames),
        requests: std::mem::take(&mut tap.requests),
        facts: format!("{:?}", tap.facts),
    }
}

impl View {
    /// Field elements: of stored rows, and of computation frames.
    fn row_elements(&self) -> Vec<u64> {
        elements(self.rows.iter().map(Vec::as_slice))
    }

    fn frame_elements(&self) -> Vec<u64> {
        elements(
            self.frames
                .iter()
                .filter_map(|frame| match peer::decode(frame) {
                    Ok(Frame::Compute(_, _, payload)) => Some(payload),
                    _ => None,
                }),
        )
    }

    /// Lengths of all it saw, whatever the order of arrival.
    fn lengths(&self) -> [Vec<usize>; 4] {
        [&self.rows, &self.stored, &self.frames, &self.requests].map(|list| {
            let mut lengths: Vec<usize> = list.iter().map(Vec::len).collect();
            lengths.sort_unstable();
            lengths
        })
    }

    /// Where a value stands in the clear.
    fn clear_values(&self, values: &[i64]) -> Vec<String> {
        let lists = [
            ("stored", &self.stored),
            ("frame", &self.frames),
            ("request", &self.requests),
        ];
        let mut found = Vec::new();
        for value in values {
            let decimal = value.to_string();
            let patterns = [
                value.to_le_bytes().to_vec(),
                value.to_be_bytes().to_vec(),
                decimal.clone().into_bytes(),
            ];
            for (what, list) in lists {
                let leaks =
                    |bytes: &Vec<u8>| patterns.iter().any(|pattern| contains(bytes, pattern));
                found.extend(
                    list.iter()
                        .filter(|bytes| leaks(bytes))
                        .map(|_| format!("{value} in a {what}")),
                );
            }
            if self.facts.contains(&decimal) {
                found.push(format!("{value} in the log"));
            }
        }
        found
    }
}

fn elements<'a>(parts: impl Iterator<Item = &'a [u8]>) -> Vec<u64> {
    let words = parts.flat_map(|part| part.chunks_exact(8));
    words
        .map(|word| u64::from_le_bytes(word.try_into().expect("eight bytes")))
        .collect()
}

fn contains(bytes: &[u8], pattern: &[u8]) -> bool {
    bytes.windows(pattern.len()).any(|window| window == pattern)
}

/// Is a sample of field elements like uniform ones? Chi-square of four nibbles, from the lowest to the
/// fourth highest, against 15 degrees of freedom: mean 15, standard deviation 5.5. The bound is nine
/// deviations away.
fn not_uniform(sample: &[u64]) -> Option<String> {
    if sample.len() < 80 {
        return Some(format!("only {} elements", sample.len()));
    }
    for shift in [0, 20, 40, 57] {
        let mut counts = [0f64; 16];
        for element in sample {
            counts[(element >> shift & 15) as usize] += 1.0;
        }
        let expected = sample.len() as f64 / 16.0;
        let chi: f64 = counts
            .iter()
            .map(|count| (count - expected).powi(2) / expected)
            .sum();
        if chi > 65.0 {
            return Some(format!("bits from {shift}: chi-square {chi:.0}"));
        }
    }
    None
}

#[test]
fn what_a_node_sees_does_not_depend_on_the_values() {
    let (small, large) = (view(&values(false), 31), view(&values(true), 32));
    assert_eq!(small.lengths(), large.lengths());
    for seen in [&small, &large] {
        assert_eq!(not_uniform(&seen.row_elements()), None);
        assert!(seen.frame_elements().len() > 50_000);
        assert_eq!(not_uniform(&seen.frame_elements()), None);
    }
    assert_eq!(large.clear_values(&values(true)), Vec::<String>::new());
}

#[test]
fn the_checks_find_planted_leaks() {
    let large = values(true);
    let honest = || view(&large, 33);
    // A node whose rows hold the values themselves instead of shares.
    let mut leaky = honest();
    leaky.rows = large
        .iter()
        .map(|value| [value.to_le_bytes(), value.to_le_bytes()].concat())
        .collect();
    assert!(not_uniform(&leaky.row_elements()).is_some());
    leaky.stored.clone_from(&leaky.rows);
    assert!(leaky.clear_values(&large).len() >= large.len());
    // Shares with a small polynomial: value plus a little.
    let mut narrow = honest();
    narrow.rows = large
        .iter()
        .map(|value| (value + 12_345).to_le_bytes().repeat(2))
        .collect();
    assert!(not_uniform(&narrow.row_elements()).is_some());
    // One value in one frame, one log line, one request.
    let mut spoken = honest();
    spoken.frames[10].extend_from_slice(large[5].to_string().as_bytes());
    spoken.requests[3].extend_from_slice(&large[6].to_be_bytes());
    spoken.facts.push_str(&large[7].to_string());
    assert_eq!(spoken.clear_values(&large).len(), 3);
    // A message whose length depends on the values.
    let mut longer = honest();
    longer.frames[20].push(0);
    assert_ne!(longer.lengths(), honest().lengths());
}
