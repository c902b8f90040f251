//! Products by dealing (Gennaro-Rabin-Rabin 98 with pseudo-random points; protocols B.3).
//!
//! n = 2t+1 parties, t corrupt and malicious; synchronous private links. One round; each party sends
//! t elements per result. A corrupt dealer can add to a result an error that it knows and nothing
//! else, since any t+1 points of honest parties are a dealing (protocols B.6); verification finds it.
//!
//! Party i deals its local product u_i, which with the Lagrange coefficient at 0 is an additive
//! share of the result, by a polynomial D_i of degree t with D_i(0) = u_i. The values of D_i at the
//! t parties after i come from the generator shared with each, which determines D_i; its values at
//! the t parties before i are sent. The share of the result is the sum of all dealings' points.
//! The local product may be one product, an inner product, or a share itself (a fresh polynomial for
//! the same value).
//!
//! On abort nothing leaks: received points are uniform to any t parties.

use enigma_field::interpolation::PartySet;
use enigma_field::{Party, PrimeField, Shares};

use super::batch::{Factors, Shape};
use super::context::{Context, Scratch};
use crate::arrivals::{Arrivals, check_length};
use crate::fault::Fault;
use crate::message::{Slot, chunk_count, chunk_len, chunk_range, chunks, decode_each};
use crate::prg::{Purpose, Stream, TILE_LEN};
use crate::wires::Wires;

pub(super) struct Product<F: PrimeField> {
    /// The sum of the dealings' points that are known so far.
    sum: Shares<F>,
    arrivals: Arrivals,
}

/// What each party multiplies locally.
#[derive(Clone, Copy)]
pub(super) enum Local<'a, F: PrimeField> {
    /// Elements pairwise: the left vectors, one after the other, with the right ones.
    Products(&'a [(Wires<F>, Wires<F>)]),
    /// Consecutive runs of `width` elements.
    Dots {
        left: &'a [F],
        right: &'a [F],
        width: usize,
    },
    /// Nothing: the value itself.
    Same(&'a [F]),
}

impl<'a, F: PrimeField> Local<'a, F> {
    /// What these factors ask for. A matrix product is computed at once, into `multiplied`.
    pub(super) fn of(factors: &'a Factors<F>, multiplied: &'a mut Shares<F>) -> Self {
        match factors {
            Factors::Matrices { x, y, shape } => {
                *multiplied = matrix_product(x, y, *shape);
                Local::Same(multiplied)
            }
            Factors::Products(factors) => Local::Products(factors),
            Factors::Dots { x, y, width } => Local::Dots {
                left: x,
                right: y,
                width: *width,
            },
            Factors::Same(values) => Local::Same(values),
        }
    }

    /// Computes `out.len()` local values from number `start` on.
    pub(super) fn fill(self, start: usize, out: &mut [F]) {
        let range = start..start + out.len();
        match self {
            Self::Products(factors) => {
                let mut skip = start;
                let mut rest = out;
                for (left, right) in factors {
                    let from = skip.min(left.len());
                    let count = (left.len() - from).min(rest.len());
                    skip -= from;
                    let (now, later) = rest.split_at_mut(count);
                    now.copy_from_slice(&left[from..from + count]);
                    F::multiply_each(now, &right[from..from + count]);
                    rest = later;
                }
            }
            Self::Dots { left, right, width } => {
                let range = range.start * width..range.end * width;
                let left = left[range.clone()].chunks_exact(width);
                let pairs = left.zip(right[range].chunks_exact(width));
                for (element, (a, b)) in out.iter_mut().zip(pairs) {
                    *element = F::dot(a, b);
                }
            }
            Self::Same(values) => out.copy_from_slice(&values[range]),
        }
    }
}

impl<F: PrimeField> Product<F> {
    /// Deals our local values, sends the points to be sent, and adds up the points that need no
    /// message.
    pub(super) fn start(context: &mut Context<F>, op: u32, factors: &Factors<F>) -> Self {
        let len = factors.results();
        let mut multiplied = Shares::default();
        let local = Local::of(factors, &mut multiplied);
        let mut sum = Shares::zeros(len);
        for (part, range) in chunks(len, chunk_len::<F>()) {
            let slot = Slot { op, step: 0, part };
            let chunk = &mut sum[range.clone()];
            let points = deal(context, Purpose::Deal, slot, local, range.start, chunk);
            context.send_points(slot, points);
            add_derived(context, |_| true, slot, chunk);
        }
        // Who we derive points for sends us its own, and the other way round.
        let senders = context.dealing.derived.clone();
        Self {
            sum,
            arrivals: Arrivals::new(senders, chunk_count(len, chunk_len::<F>())),
        }
    }

    /// Adds a chunk of another party's dealing.
    pub(super) fn receive(&mut self, from: Party, slot: Slot, payload: &[u8]) -> Result<(), Fault> {
        self.arrivals.note(from, slot, slot.part as usize)?;
        let range = chunk_range(self.sum.len(), chunk_len::<F>(), slot.part);
        let chunk = &mut self.sum[range];
        check_length(from, slot, payload, chunk.len() * F::BYTES)?;
        decode_each(payload, |k, point| chunk[k] += point).map_err(|index| Fault::NonCanonical {
            from,
            slot,
            index,
        })
    }

    pub(super) fn complete(&self) -> bool {
        self.arrivals.complete()
    }

    pub(super) fn into_shares(self) -> Shares<F> {
        self.sum
    }

    pub(super) fn waiting_for(&self) -> Vec<Party> {
        self.arrivals.waiting_for().collect()
    }
}

/// The product of two matrices of shares, by rows: each element reduced once.
fn matrix_product<F: PrimeField>(x: &[F], y: &[F], shape: Shape) -> Shares<F> {
    let Shape {
        rows,
        inner,
        columns,
    } = shape;
    let mut product = Shares::zeros(rows * columns);
    if inner == 0 || columns == 0 {
        return product;
    }
    let mut column = Shares::zeros(inner);
    for c in 0..columns {
        for (element, row) in column.iter_mut().zip(y.chunks(columns)) {
            *element = row[c];
        }
        let results = product.iter_mut().skip(c).step_by(columns);
        for (result, row) in results.zip(x.chunks(inner)) {
            *result = F::dot(row, &column);
        }
    }
    product
}

/// SentPoints that are to be sent, encoded, with their receivers.
pub(super) type SentPoints = Vec<(Party, Vec<u8>)>;

/// Deals one chunk: our own point is added to `own`; gives the others' points that are not derived.
/// `purpose`: of the streams that points are derived from, for a dealer.
pub(super) fn deal<F: PrimeField>(
    context: &mut Context<F>,
    purpose: fn(Party) -> Purpose,
    slot: Slot,
    local: Local<'_, F>,
    start: usize,
    own: &mut [F],
) -> SentPoints {
    let Context {
        keys,
        scratch,
        dealing,
        ..
    } = context;
    let Scratch {
        keystream,
        rows,
        point,
        ..
    } = scratch;
    let stream = |party: &Party| {
        let prg = keys.pair(*party);
        prg.stream(purpose(keys.me), slot.op, slot.part)
    };
    let mut streams: Vec<Stream<'_>> = dealing.derived.iter().map(stream).collect();
    let receivers = dealing.sent.iter().map(|(to, _)| *to);
    let mut points: SentPoints = receivers
        .map(|to| (to, vec![0; own.len() * F::BYTES]))
        .collect();
    for (tile, own) in own.chunks_mut(TILE_LEN).enumerate() {
        let len = own.len();
        let offset = tile * TILE_LEN;
        // What determines the polynomials: local values, then points that are derived.
        let rows = &mut rows[..=streams.len()];
        let (products, words) = rows.split_first_mut().expect("there is a row for products");
        local.fill(start + offset, &mut products[..len]);
        for (stream, words) in streams.iter_mut().zip(words) {
            stream.fill(keystream, &mut words[..len]);
        }
        let rows: Vec<&[F]> = rows.iter().map(|row| &row[..len]).collect();
        let point = &mut point[..len];
        F::combine_rows(&dealing.own, &rows, point);
        F::add_each(own, point);
        for ((_, coefficients), (_, payload)) in dealing.sent.iter().zip(&mut points) {
            F::combine_rows(coefficients, &rows, point);
            let payload = &mut payload[offset * F::BYTES..(offset + len) * F::BYTES];
            for (place, point) in payload.chunks_exact_mut(F::BYTES).zip(&*point) {
                point.put(place);
            }
        }
    }
    points
}

/// Deals a few local values at a step of a verification, which has streams of its own, and gives the
/// sum of the points that need no message. The points sent come as `step` of operation `op`.
pub(super) fn deal_values<F: PrimeField>(
    context: &mut Context<F>,
    op: u32,
    step: u8,
    values: &[F],
) -> Vec<F> {
    let (sum, points) = points_of_values(context, op, step, values);
    context.send_points(Slot { op, step, part: 0 }, points);
    sum
}

/// As [`deal_values`], but gives the points that are to be sent to their receivers.
pub(super) fn points_of_values<F: PrimeField>(
    context: &mut Context<F>,
    op: u32,
    step: u8,
    values: &[F],
) -> (Vec<F>, SentPoints) {
    // Steps take the place of chunks in the address of a stream: values fit into one.
    let stream = Slot {
        op,
        step,
        part: u32::from(step),
    };
    let mut sum = vec![F::ZERO; values.len()];
    let local = Local::Same(values);
    let points = deal(context, Purpose::Deal, stream, local, 0, &mut sum);
    add_derived(context, |_| true, stream, &mut sum);
    (sum, points)
}

/// Deals at a step in which some parties only deal, each its part of a sum: adds to `sum` our own point
/// of each dealing and all points that need no message. `parts`: ours, if we are one of `dealers`; as
/// [`Product::start`] scales it, by our Lagrange coefficient at 0.
pub(super) fn deal_step<F: PrimeField>(
    context: &mut Context<F>,
    (op, step): (u32, u8),
    dealers: PartySet,
    parts: Option<&[F]>,
    sum: &mut [F],
) {
    for (part, range) in chunks(sum.len(), chunk_len::<F>()) {
        // Steps and chunks share a word in the address of a stream. A vector of less than 2^32
        // elements has less than 2^24 chunks.
        let stream = Slot {
            op,
            step,
            part: u32::from(step) << 24 | part,
        };
        let sum = &mut sum[range.clone()];
        if let Some(parts) = parts {
            let local = Local::Same(parts);
            let points = deal(context, Purpose::Deal, stream, local, range.start, sum);
            context.send_points(Slot { op, step, part }, points);
        }
        add_derived(context, |party| dealers.contains(party), stream, sum);
    }
}

/// Adds the points that the parties before us deal to us without a message, if they deal.
pub(super) fn add_derived<F: PrimeField>(
    context: &mut Context<F>,
    deals: impl Fn(Party) -> bool,
    slot: Slot,
    sum: &mut [F],
) {
    let Context {
        keys,
        scratch,
        before,
        ..
    } = context;
    let words = &mut scratch.rows[0];
    for dealer in before.iter().filter(|party| deals(**party)) {
        let prg = keys.pair(*dealer);
        let mut stream = prg.stream(Purpose::Deal(*dealer), slot.op, slot.part);
        for tile in sum.chunks_mut(TILE_LEN) {
            let words = &mut words[..tile.len()];
            stream.fill(&mut scratch.keystream, words);
            F::add_each(tile, words);
        }
    }
}
