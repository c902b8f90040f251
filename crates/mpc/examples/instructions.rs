//! The work whose instructions `cargo xtask instructions` counts: run under callgrind, once for each
//! kernel and back end, with inputs that never change.
//!
//! `instructions list` prints what this processor can run, a kernel and a back end in each line;
//! `instructions KERNEL BACKEND` runs one. Only what [`measured`] calls is to be counted.

use std::hint::black_box;
use std::io::Write;
use std::process::ExitCode;

use enigma_field::recursion::coefficients_at;
use enigma_field::simd::{Backend, BitShares, Carryless};
use enigma_field::{Committee, Field, Gf128, K, M61, M127, PrimeField};
use enigma_mpc::Wires;
use enigma_mpc::testing::{Network, TestRng, share, values};
use rand_core::Rng;

/// Elements of a kernel's vectors.
const LEN: usize = 1 << 14;
/// Rows that are added up: subsets with a party of five.
const ROWS: usize = 6;
/// Blocks of a first level of verification, and of bits.
const BLOCKS: usize = 8;
/// Packs of 128 bits in a block.
const PACKS: usize = 32;

/// A piece of work that is ready to run.
type Work = Box<dyn FnMut()>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["list"] => {
            let mut out = std::io::stdout().lock();
            let lines: Vec<String> = all()
                .map(|(kernel, backend, _)| format!("{kernel}\t{backend}\n"))
                .collect();
            let written = out.write_all(lines.concat().as_bytes());
            written.map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS)
        }
        [kernel, backend] => match all().find(|found| (found.0, found.1) == (kernel, backend)) {
            Some((_, _, prepare)) => {
                let mut work = prepare();
                measured(&mut work);
                ExitCode::SUCCESS
            }
            None => ExitCode::FAILURE,
        },
        _ => ExitCode::FAILURE,
    }
}

/// Where counting begins and ends: callgrind is told this name.
#[inline(never)]
fn measured(work: &mut Work) {
    work();
}

/// Every kernel with every back end that this processor has for it.
fn all() -> impl Iterator<Item = (&'static str, &'static str, Box<dyn Fn() -> Work>)> {
    let kernels = Backend::available().into_iter().flat_map(|backend| {
        let of = move |(name, prepare): (&'static str, fn(Backend) -> Work)| {
            let prepare: Box<dyn Fn() -> Work> = Box::new(move || prepare(backend));
            (name, backend.name(), prepare)
        };
        KERNELS.into_iter().map(of)
    });
    let carryless = Carryless::available().into_iter().flat_map(|backend| {
        let of = move |(name, prepare): (&'static str, fn(Carryless) -> Work)| {
            let prepare: Box<dyn Fn() -> Work> = Box::new(move || prepare(backend));
            let portable = backend == Carryless::PORTABLE;
            (
                name,
                if portable { "portable" } else { "PCLMULQDQ" },
                prepare,
            )
        };
        CARRYLESS_KERNELS.into_iter().map(of)
    });
    let plain = PLAIN_KERNELS.into_iter().map(|(name, prepare)| {
        let prepare: Box<dyn Fn() -> Work> = Box::new(move || prepare(()));
        (name, "best", prepare)
    });
    kernels.chain(carryless).chain(plain)
}

/// A name, and a kernel of a back end.
type Kernel<B> = (&'static str, fn(B) -> Work);

const KERNELS: [Kernel<Backend>; 7] = [
    ("multiply_each", |backend| {
        let (mut x, y) = (values(LEN, 1), values(LEN, 2));
        Box::new(move || backend.multiply_each(black_box(&mut x), &y))
    }),
    ("dot", |backend| {
        let (x, y) = (values(LEN, 1), values(LEN, 2));
        Box::new(move || {
            black_box(backend.dot(&x, &y));
        })
    }),
    ("combine_rows of 4", |backend| {
        let (coefficients, rows) = (values(4, 1), values(4 * LEN, 2));
        let mut out = vec![M61::ZERO; LEN];
        Box::new(move || {
            let rows: Vec<&[M61]> = rows.chunks(LEN).collect();
            backend.combine_rows(&coefficients, &rows, black_box(&mut out));
        })
    }),
    ("add_combined_words of 6", |backend| {
        let mut words = vec![0; ROWS * LEN * M61::BYTES];
        TestRng::new(1).fill_bytes(&mut words);
        let mut out = vec![M61::ZERO; LEN];
        let coefficients = [120, -60, 40, -30, 24, -20];
        Box::new(move || {
            let rows: Vec<&[u8]> = words.chunks(LEN * M61::BYTES).collect();
            backend.add_combined_words(&coefficients, &rows, black_box(&mut out));
        })
    }),
    ("products, 8 blocks", |backend| {
        let (x, y) = (values(LEN, 1), values(LEN, 2));
        Box::new(move || {
            black_box(backend.products(&x, &y, BLOCKS));
        })
    }),
    ("fold, 8 blocks", |backend| {
        let x = values(LEN, 1);
        let coefficients = coefficients_at(BLOCKS, K::random(&mut TestRng::new(2)));
        Box::new(move || {
            black_box(backend.fold(&x, &coefficients));
        })
    }),
    ("products over K, 32 blocks", |backend| {
        let mut rng = TestRng::new(1);
        let mut draw = || -> Vec<K> { (0..LEN / 8).map(|_| K::random(&mut rng)).collect() };
        let (x, y) = (draw(), draw());
        Box::new(move || {
            black_box(backend.products_ext(&x, &y, 32));
        })
    }),
];

const CARRYLESS_KERNELS: [Kernel<Carryless>; 3] = [
    ("dot over GF(2^128)", |backend| {
        let mut rng = TestRng::new(1);
        let mut draw = || -> Vec<Gf128> { (0..LEN / 8).map(|_| Gf128::random(&mut rng)).collect() };
        let (x, y) = (draw(), draw());
        Box::new(move || {
            black_box(backend.dot(&x, &y));
        })
    }),
    ("bit_pair_products, 8 blocks", |backend| {
        let mut rng = TestRng::new(1);
        let words = BLOCKS * PACKS * 2;
        let mut draw = || -> Vec<u64> { (0..words).map(|_| rng.next_u64()).collect() };
        let [a, b, c, d] = [draw(), draw(), draw(), draw()];
        let weights: Vec<Gf128> = (0..PACKS).map(|_| Gf128::random(&mut rng)).collect();
        Box::new(move || {
            let x = BitShares {
                first: &a,
                second: &b,
            };
            let y = BitShares {
                first: &c,
                second: &d,
            };
            black_box(backend.bit_pair_products(x, y, &weights, BLOCKS));
        })
    }),
    ("fold over GF(2^128), 8 blocks", |backend| {
        let mut rng = TestRng::new(1);
        let mut draw = |len| -> Vec<Gf128> { (0..len).map(|_| Gf128::random(&mut rng)).collect() };
        let (x, coefficients) = (draw(LEN / 8), draw(BLOCKS));
        Box::new(move || {
            black_box(backend.fold(&x, &coefficients));
        })
    }),
];

/// What chooses its back end itself, or has one.
const PLAIN_KERNELS: [Kernel<()>; 3] = [
    ("multiply_each over 2^127-1", |()| {
        let (mut x, y) = (long_values(1), long_values(2));
        Box::new(move || M127::multiply_each(black_box(&mut x), &y))
    }),
    ("dot over 2^127-1", |()| {
        let (x, y) = (long_values(1), long_values(2));
        Box::new(move || {
            black_box(M127::dot(&x, &y));
        })
    }),
    ("verified batch of 2^14 products, n = 3", |()| {
        let committee = Committee::new(3).expect("an odd size");
        let inputs = |seed| -> Vec<Wires> {
            let shares = share(committee, &values(LEN, seed), seed);
            shares.into_iter().map(Wires::input).collect()
        };
        let (x, y) = (inputs(1), inputs(2));
        let mut network = Network::new(committee, 0);
        Box::new(move || {
            network
                .start(|engine, k| engine.start_multiply(0, 1, vec![(x[k].clone(), y[k].clone())]));
            network.run().expect("an honest run");
            network.start(|engine, _| engine.start_verify(1));
            network.run().expect("honest parties accept");
            black_box(&network.engines);
        })
    }),
];

fn long_values(seed: u64) -> Vec<M127> {
    let mut rng = TestRng::new(seed);
    (0..LEN / 4).map(|_| M127::random(&mut rng)).collect()
}
