//! What a node stores, receives and says is the same for any values: same lengths, uniform field
//! elements, no value in the clear. Every check is a function that gives findings; planted leaks must
//! be found by the very same functions.

use std::collections::BTreeMap;

use enigma_core::{Fact, Table};

use enigma_field::{K, M61};
use enigma_mpc::compare_layers;
use enigma_wire::api::Deposit;
use enigma_wire::peer::{self, Frame};

use crate::committee::{PAST_ANY_FEE, Survey, row_purpose};

const PEOPLE: usize = 8;
/// Runs of each kind, so that there are enough rows for statistics.
const RUNS: u64 = 16;

/// All near zero. Too short to search for: chance finds them anywhere.
fn low() -> Vec<i64> {
    (0..PEOPLE as i64).collect()
}

/// All near the top of the range, with four distinct bytes and eight digits each.
fn high() -> Vec<i64> {
    (0..PEOPLE as i64)
        .map(|at| 98_765_431 - 1_234_567 * at)
        .collect()
}

/// Everything one node holds, hears and says.
#[derive(Default)]
struct View {
    /// Elements of stored rows.
    rows: Vec<u64>,
    /// Elements of opened deposits.
    dealt: Vec<u64>,
    /// Elements of computation frames.
    frames: Vec<u64>,
    /// Lengths: (what, bytes), counted.
    lengths: BTreeMap<(String, usize), usize>,
    /// All bytes with a name for where they were.
    bytes: Vec<(String, Vec<u8>)>,
}

impl View {
    fn keep(&mut self, what: &str, bytes: &[u8]) {
        *self
            .lengths
            .entry((what.to_owned(), bytes.len()))
            .or_default() += 1;
        self.bytes.push((what.to_owned(), bytes.to_vec()));
    }

    fn join(&mut self, other: View) {
        self.rows.extend(other.rows);
        self.dealt.extend(other.dealt);
        self.frames.extend(other.frames);
        self.bytes.extend(other.bytes);
        for (key, count) in other.lengths {
            *self.lengths.entry(key).or_default() += count;
        }
    }
}

fn elements(bytes: &[u8]) -> impl Iterator<Item = u64> + '_ {
    let (words, _) = bytes.as_chunks::<8>();
    words.iter().map(|word| u64::from_le_bytes(*word))
}

/// The operations of more than two steps, and their last one. Of those that verify a batch it is the
/// acceptance, at an odd step; of comparisons over bits the last layer of gates, at [`compare_layers`].
fn long_operations<P>(received: &[(P, Vec<u8>)]) -> BTreeMap<u32, u8> {
    let mut last = BTreeMap::new();
    for (_, frame) in received {
        if let Ok(Frame::Compute(_, place, _)) = peer::decode(frame) {
            let step: &mut u8 = last.entry(place.op).or_default();
            *step = place.step.max(*step);
        }
    }
    last.retain(|_, step| *step > 1);
    last
}

/// What the node at this index saw of the whole survey.
fn view(survey: &Survey, node: usize) -> View {
    let record = &survey.world.nodes[node];
    let mut view = View::default();
    for (table, key, value) in &record.written {
        view.keep(&format!("value in {table:?}"), value);
        view.keep(&format!("key in {table:?}"), key);
        if *table == Table::Rows {
            view.rows.extend(elements(value));
        }
    }
    let layers = compare_layers::<M61>();
    let long = long_operations(&record.received);
    for (_, frame) in &record.received {
        let decoded = peer::decode(frame).expect("an honest frame");
        match decoded {
            Frame::Compute(_, place, payload) => {
                view.keep("computation frame", frame);
                let of_long = long.get(&place.op);
                let shares = match of_long {
                    None => payload,
                    // Bits, filled up with zeros, come after the opening.
                    Some(&last) if last == layers && place.step == 0 => payload,
                    Some(&last) if last == layers => &[],
                    // Dealings and the opening come at even steps; the rest are signatures and hashes.
                    Some(last) if place.step == last - 1 => &payload[..3 * K::BYTES],
                    Some(_) if place.step > 0 && place.step % 2 == 0 => payload,
                    Some(_) => &[],
                };
                // Of gates, verifications deal elements whose halves are any words: their low bits count.
                let used = if of_long.is_some() {
                    M61::MODULUS
                } else {
                    u64::MAX
                };
                let shares = elements(shares).map(|word| word & used);
                view.frames.extend(shares);
            }
            Frame::Setup(..) => view.keep("set-up frame", frame),
            Frame::Control(..) => view.keep("control frame", frame),
        }
    }
    let position = survey.committee().iter().position(|at| *at == node);
    let id = survey.nodes()[position.expect("a member")];
    for body in &record.requests {
        view.keep("request", body);
        if let Ok(deposit) = borsh::from_slice::<Deposit>(body) {
            let purpose = row_purpose(&deposit.contribution, id);
            let opened = record.seal().open(&deposit.sealed_row, &purpose);
            let opened = opened.expect("an honest deposit");
            view.keep("opened deposit", &opened);
            // Four bytes, the number of values, then the row's t+1 elements.
            let row = survey.committee().len().div_ceil(2) * M61::BYTES;
            view.dealt.extend(elements(&opened[8..8 + row]));
        }
    }
    for reply in &record.replies {
        view.keep("reply", reply.as_bytes());
    }
    for fact in &record.reports {
        view.keep("report", format!("{fact:?}").as_bytes());
    }
    view
}

/// Owners whose random generators give zeros only, so that their shares are their values.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Careless {
    Nobody,
    One,
    Everybody,
}

/// The careless owner.
const ONE: usize = 3;

fn run(n: u8, values: &[i64], seed: u64, careless: Careless) -> Survey {
    let mut survey = Survey::ready(n, values.len(), seed);
    for (member, value) in values.iter().enumerate() {
        let careless = match careless {
            Careless::Nobody => false,
            Careless::One => member == ONE,
            Careless::Everybody => true,
        };
        let deposits = if careless {
            survey.deal_without_randomness(member, *value)
        } else {
            survey.deal(member, *value)
        };
        survey.contribute_dealt(&deposits);
        survey.consent(member);
    }
    survey.seal();
    let job = survey.request(PAST_ANY_FEE);
    survey.settle(job);
    for member in 0..values.len() {
        survey.collect(job, member).expect("an output");
    }
    survey
}

/// What each node saw in all runs, by its place in the registry.
fn views(n: u8, values: &[i64], first_seed: u64, careless: Careless) -> Vec<View> {
    let mut all: Vec<View> = (0..n).map(|_| View::default()).collect();
    for seed in first_seed..first_seed + RUNS {
        let survey = run(n, values, seed, careless);
        for (node, joined) in all.iter_mut().enumerate() {
            joined.join(view(&survey, node));
        }
    }
    all
}

// The checks.

/// Values that can be read in what a node saw: as decimal digits, or as an integer of 4 or 8 bytes,
/// little-endian or big-endian.
fn clear_values(view: &View, values: &[i64]) -> Vec<String> {
    found_values(view, values, 1)
}

/// The same, if they are there so many times.
fn found_values(view: &View, values: &[i64], least: u32) -> Vec<String> {
    // Patterns by their first byte.
    let mut by_first: Vec<Vec<(i64, &str, Vec<u8>)>> = vec![Vec::new(); 256];
    for value in values {
        assert!(*value >= 1 << 24, "chance would find shorter ones");
        let short = *value as u32;
        let forms: [(&str, Vec<u8>); 5] = [
            ("digits", value.to_string().into_bytes()),
            ("little-endian, 4 bytes", short.to_le_bytes().to_vec()),
            ("big-endian, 4 bytes", short.to_be_bytes().to_vec()),
            ("little-endian, 8 bytes", value.to_le_bytes().to_vec()),
            ("big-endian, 8 bytes", value.to_be_bytes().to_vec()),
        ];
        for (form, pattern) in forms {
            by_first[usize::from(pattern[0])].push((*value, form, pattern));
        }
    }
    let mut findings: BTreeMap<String, u32> = BTreeMap::new();
    for (what, bytes) in &view.bytes {
        for at in 0..bytes.len() {
            for (value, form, pattern) in &by_first[usize::from(bytes[at])] {
                if bytes[at..].starts_with(pattern) {
                    let finding = format!("{value} as {form} in a {what}");
                    *findings.entry(finding).or_default() += 1;
                }
            }
        }
    }
    findings.retain(|_, times| *times >= least);
    findings.into_keys().collect()
}

/// Lengths of anything that differ between two views.
fn different_lengths(left: &View, right: &View) -> Vec<String> {
    let keys = left.lengths.keys().chain(right.lengths.keys());
    let differ = keys.filter(|key| left.lengths.get(key) != right.lengths.get(key));
    differ
        .map(|(what, bytes)| format!("{what} of {bytes} bytes"))
        .collect()
}

/// The parts of an element whose distribution is tested: (name, lowest bit, bits).
const PARTS: [(&str, u32, u32); 6] = [
    ("low nibble", 0, 4),
    ("second nibble", 4, 4),
    ("bits 24 to 27", 24, 4),
    ("bits 40 to 43", 40, 4),
    ("highest 4 bits", 57, 4),
    ("highest bit", 60, 1),
];

fn histogram(sample: &[u64], shift: u32, bits: u32) -> Vec<f64> {
    let mut counts = vec![0.0; 1 << bits];
    for element in sample {
        counts[(element >> shift & ((1 << bits) - 1)) as usize] += 1.0;
    }
    counts
}

/// How many standard deviations a chi-square statistic is above its mean.
fn excess(chi_square: f64, degrees: f64) -> f64 {
    (chi_square - degrees) / (2.0 * degrees).sqrt()
}

/// Far beyond what chance gives in a fixed set of a few hundred tests.
const DEVIATIONS_MAX: f64 = 7.0;
/// Fewer elements say too little.
const SAMPLE_MIN: usize = 250;

/// Elements that are not canonical or not uniform.
fn not_uniform(what: &str, sample: &[u64]) -> Vec<String> {
    let mut findings = Vec::new();
    if sample.len() < SAMPLE_MIN {
        findings.push(format!("{what}: only {} elements", sample.len()));
    }
    if sample.iter().any(|element| *element >= M61::MODULUS) {
        findings.push(format!("{what}: an element is not canonical"));
    }
    for (part, shift, bits) in PARTS {
        let counts = histogram(sample, shift, bits);
        let expected = sample.len() as f64 / counts.len() as f64;
        let chi_square = counts
            .iter()
            .map(|count| (count - expected).powi(2) / expected);
        let above = excess(chi_square.sum(), counts.len() as f64 - 1.0);
        if above > DEVIATIONS_MAX {
            findings.push(format!(
                "{what}, {part}: {above:.1} deviations from uniform"
            ));
        }
    }
    findings
}

/// Elements whose distributions differ between two samples.
fn distinguishable(what: &str, left: &[u64], right: &[u64]) -> Vec<String> {
    let mut findings = Vec::new();
    let (left_len, right_len) = (left.len() as f64, right.len() as f64);
    for (part, shift, bits) in PARTS {
        let pairs = histogram(left, shift, bits)
            .into_iter()
            .zip(histogram(right, shift, bits));
        let chi_square = pairs.filter(|(a, b)| a + b > 0.0).map(|(a, b)| {
            let (ratio, back) = ((right_len / left_len).sqrt(), (left_len / right_len).sqrt());
            (ratio * a - back * b).powi(2) / (a + b)
        });
        let above = excess(chi_square.sum(), f64::from((1u32 << bits) - 1));
        if above > DEVIATIONS_MAX {
            findings.push(format!("{what}, {part}: {above:.1} deviations apart"));
        }
    }
    findings
}

/// All statistics of one view.
fn statistics(view: &View) -> Vec<String> {
    [
        not_uniform("stored rows", &view.rows),
        not_uniform("dealt rows", &view.dealt),
        not_uniform("frames", &view.frames),
    ]
    .concat()
}

/// All comparisons of two views.
fn comparison(left: &View, right: &View) -> Vec<String> {
    [
        distinguishable("stored rows", &left.rows, &right.rows),
        distinguishable("dealt rows", &left.dealt, &right.dealt),
        distinguishable("frames", &left.frames, &right.frames),
    ]
    .concat()
}

#[test]
fn nothing_a_node_sees_depends_on_the_values() {
    for n in [3, 5] {
        let low_views = views(n, &low(), 100, Careless::Nobody);
        let high_views = views(n, &high(), 200, Careless::Nobody);
        for (low_view, high_view) in low_views.iter().zip(&high_views) {
            assert_eq!(low_view.rows, low_view.dealt, "rows are stored as dealt");
            assert_eq!(statistics(low_view), Vec::<String>::new());
            assert_eq!(statistics(high_view), Vec::<String>::new());
            assert_eq!(comparison(low_view, high_view), Vec::<String>::new());
            // In megabytes of shares chance finds a pattern of 4 bytes now and then; what leaks, leaks in every run.
            assert_eq!(found_values(high_view, &high(), 2), Vec::<String>::new());
        }
        // Lengths of what varies with the schedule are the same for one schedule.
        let (low_run, high_run) = (
            run(n, &low(), 300, Careless::Nobody),
            run(n, &high(), 300, Careless::Nobody),
        );
        for node in 0..usize::from(n) {
            let (left, right) = (view(&low_run, node), view(&high_run, node));
            assert_eq!(different_lengths(&left, &right), Vec::<String>::new());
        }
    }
}

/// The schedule itself, and with it what each node sends to whom and when, is the same for all values.
#[test]
fn nothing_a_node_does_depends_on_the_values() {
    let outline = |values: &[i64]| {
        let survey = run(3, values, 400, Careless::Nobody);
        let sent = survey.world.nodes.iter().map(|node| {
            let frames = node.sent.iter();
            frames
                .map(|(to, frame)| (*to, frame.len()))
                .collect::<Vec<_>>()
        });
        (sent.collect::<Vec<_>>(), survey.world.effects)
    };
    assert_eq!(outline(&low()), outline(&high()));
}

// Positive controls: the same functions find what is planted.

#[test]
fn control_an_owner_without_randomness() {
    let survey = run(3, &high(), 200, Careless::One);
    for node in 0..3 {
        let findings = clear_values(&view(&survey, node), &high());
        let value = high()[ONE];
        for place in ["value in Rows", "opened deposit"] {
            let wanted = format!("{value} as little-endian, 8 bytes in a {place}");
            assert!(findings.contains(&wanted), "{findings:?}");
        }
        // Nobody else's value is found.
        let own = value.to_string();
        assert!(findings.iter().all(|finding| finding.starts_with(&own)));
    }
}

#[test]
fn control_owners_without_randomness() {
    let honest = views(3, &low(), 100, Careless::Nobody);
    let leaky = views(3, &high(), 200, Careless::Everybody);
    for (honest, leaky) in honest.iter().zip(&leaky) {
        let findings = clear_values(leaky, &high());
        for value in high() {
            let own = value.to_string();
            assert!(findings.iter().any(|finding| finding.starts_with(&own)));
        }
        for what in ["stored rows", "dealt rows"] {
            let found = |all: Vec<String>| all.iter().any(|finding| finding.starts_with(what));
            assert!(found(statistics(leaky)));
            assert!(found(comparison(honest, leaky)));
        }
    }
}

#[test]
fn control_a_node_that_talks() {
    let mut survey = run(3, &high(), 500, Careless::Nobody);
    let node = survey.committee()[0];
    assert_eq!(
        clear_values(&view(&survey, node), &high()),
        Vec::<String>::new()
    );
    let why = format!("salary {}", high()[0]);
    survey.world.nodes[node].reports.push(Fact::Trouble { why });
    survey.world.nodes[node]
        .replies
        .push(format!("{:?}", [high()[1]]));
    survey.world.nodes[node].written.push((
        Table::Jobs,
        vec![1],
        (high()[2] as u32).to_be_bytes().to_vec(),
    ));
    let findings = clear_values(&view(&survey, node), &high());
    let expected = [
        format!("{} as big-endian, 4 bytes in a value in Jobs", high()[2]),
        format!("{} as digits in a reply", high()[1]),
        format!("{} as digits in a report", high()[0]),
    ];
    assert_eq!(findings, expected);
}

#[test]
fn control_a_peer_that_sends_values() {
    let mut survey = run(3, &high(), 600, Careless::Nobody);
    let honest = view(&survey, 0);
    let computed = survey.world.nodes[0]
        .received
        .iter_mut()
        .map(|(_, frame)| frame)
        .find(|frame| matches!(peer::decode(frame), Ok(Frame::Compute(_, _, payload)) if payload.len() > 64));
    let frame = computed.expect("a job sends long frames");
    let at = peer::HEADER_BYTES + 16;
    frame[at..at + 8].copy_from_slice(&high()[5].to_le_bytes());
    let leaky = view(&survey, 0);
    assert_ne!(clear_values(&leaky, &high()), Vec::<String>::new());
    assert_eq!(different_lengths(&honest, &leaky), Vec::<String>::new());
    // A length that depends on a value.
    survey.world.nodes[0].received[10].1.push(0);
    assert_ne!(
        different_lengths(&honest, &view(&survey, 0)),
        Vec::<String>::new()
    );
}

/// Statistics find elements that are only almost uniform.
#[test]
fn control_statistics() {
    let honest = &views(3, &low(), 100, Careless::Nobody)[1];
    let small = |elements: &[u64]| elements.iter().map(|x| x >> 4).collect::<Vec<_>>();
    let even = |elements: &[u64]| elements.iter().map(|x| x & !1).collect::<Vec<_>>();
    let biased = |elements: &[u64]| {
        let mix = |(at, x): (usize, &u64)| if at % 2 == 0 { *x } else { x >> 1 };
        elements.iter().enumerate().map(mix).collect::<Vec<_>>()
    };
    for sample in [&honest.rows, &honest.frames] {
        assert_eq!(not_uniform("honest", sample), Vec::<String>::new());
        for spoilt in [small(sample), even(sample)] {
            assert_ne!(not_uniform("spoilt", &spoilt), Vec::<String>::new());
            assert_ne!(
                distinguishable("spoilt", sample, &spoilt),
                Vec::<String>::new()
            );
        }
    }
    assert_ne!(
        not_uniform("biased", &biased(&honest.frames)),
        Vec::<String>::new()
    );
    assert_ne!(
        not_uniform("too few", &honest.rows[..20]),
        Vec::<String>::new()
    );
    let mut not_canonical = honest.frames.clone();
    not_canonical[7] = M61::MODULUS;
    assert_ne!(
        not_uniform("element p", &not_canonical),
        Vec::<String>::new()
    );
}
