//! Measures every kernel with every back end this processor has.
//!
//! `cargo run --release -p enigma-field --example kernels`

#![allow(clippy::print_stdout, reason = "a table for people")]

use std::hint::black_box;
use std::time::Instant;

use enigma_field::recursion::coefficients_at;
use enigma_field::simd::Backend;
use enigma_field::{Field, K, M61, M127, PrimeField, recursion};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

/// Elements in a vector: two of them are beside each other in the first level of cache.
const CACHED: usize = 1 << 11;
/// Elements of a batch to be verified: not in any cache.
const BATCH: usize = 1 << 20;
/// Runs of which the fastest counts.
const RUNS: usize = 30;

fn main() {
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    let rho = K::random(&mut rng);
    let mut kernels = Kernels {
        x: (0..BATCH).map(|_| M61::random(&mut rng)).collect(),
        y: (0..BATCH).map(|_| M61::random(&mut rng)).collect(),
        target: vec![M61::ONE; CACHED],
        xk: (0..BATCH / 8).map(|_| K::random(&mut rng)).collect(),
        yk: (0..BATCH / 8).map(|_| K::random(&mut rng)).collect(),
        over_8: coefficients_at(8, rho),
        over_32: coefficients_at(32, rho),
    };
    let backends = Backend::available();
    print!("{:34}", "ns per element");
    backends.iter().for_each(|b| print!("{:>14}", b.name()));
    println!();
    for (name, len, kernel) in Kernels::ALL {
        print!("{name:34}");
        for backend in &backends {
            let time = fastest(len, || kernel(&mut kernels, *backend));
            print!("{time:14.3}");
        }
        println!();
    }
    println!("\nplain field operations, for comparison");
    let Kernels { x, y, xk, yk, .. } = &kernels;
    let row = |name, len, work: &mut dyn FnMut()| println!("{name:34}{:14.3}", fastest(len, work));
    row("products, 8 blocks", BATCH, &mut || {
        black_box(recursion::products(x, y, 8));
    });
    row("products over K, 32 blocks", BATCH / 8, &mut || {
        black_box(recursion::products(xk, yk, 32));
    });
    row("fold, 8 blocks", BATCH, &mut || {
        black_box(recursion::fold(x, &kernels.over_8));
    });
    println!("\nM127");
    let mut draw = |len| -> Vec<M127> { (0..len).map(|_| M127::random(&mut rng)).collect() };
    let (mut target, a, b) = (draw(1 << 10), draw(1 << 17), draw(1 << 17));
    row("multiply_each", 1 << 10, &mut || {
        M127::multiply_each(&mut target, &a[..1 << 10]);
    });
    row("dot", 1 << 10, &mut || {
        black_box(M127::dot(&a[..1 << 10], &b[..1 << 10]));
    });
    row("inverse_roots", 1 << 10, &mut || {
        M127::inverse_roots(&mut target);
    });
    row("products, 8 blocks", 1 << 17, &mut || {
        black_box(M127::products(&a, &b, 8));
    });
    let over_blocks = coefficients_at(8, a[0]);
    row("fold, 8 blocks", 1 << 17, &mut || {
        black_box(M127::fold(&a, &over_blocks));
    });
}

struct Kernels {
    x: Vec<M61>,
    y: Vec<M61>,
    target: Vec<M61>,
    xk: Vec<K>,
    yk: Vec<K>,
    over_8: Vec<K>,
    over_32: Vec<K>,
}

type Kernel = (&'static str, usize, fn(&mut Kernels, Backend));

impl Kernels {
    const ALL: [Kernel; 18] = [
        ("add_assign", CACHED, |k, b| {
            b.add_assign(&mut k.target, &k.x[..CACHED])
        }),
        ("sub_assign", CACHED, |k, b| {
            b.sub_assign(&mut k.target, &k.x[..CACHED])
        }),
        ("scale", CACHED, |k, b| b.scale(&mut k.target, k.x[0])),
        ("add_scaled", CACHED, |k, b| {
            b.add_scaled(&mut k.target, k.x[0], &k.y[..CACHED])
        }),
        ("multiply_each", CACHED, |k, b| {
            b.multiply_each(&mut k.target, &k.x[..CACHED])
        }),
        ("dot", CACHED, |k, b| {
            black_box(b.dot(&k.x[..CACHED], &k.y[..CACHED]));
        }),
        ("dot over K", CACHED, |k, b| {
            black_box(b.dot_ext(&k.xk[..CACHED], &k.yk[..CACHED]));
        }),
        ("combine_rows of 2", CACHED, |k, b| k.combine_rows::<2>(b)),
        ("combine_rows of 4", CACHED, |k, b| k.combine_rows::<4>(b)),
        ("inverse_roots", CACHED, |k, b| {
            b.inverse_roots(&mut k.target)
        }),
        ("products, 8 blocks, cached", 2 * CACHED, |k, b| {
            black_box(b.products(&k.x[..2 * CACHED], &k.y[..2 * CACHED], 8));
        }),
        ("products, 8 blocks", BATCH, |k, b| {
            black_box(b.products(&k.x, &k.y, 8));
        }),
        ("products, 32 blocks", BATCH, |k, b| {
            black_box(b.products(&k.x, &k.y, 32));
        }),
        ("products over K, 32 blocks", BATCH / 8, |k, b| {
            black_box(b.products_ext(&k.xk, &k.yk, 32));
        }),
        ("fold, 8 blocks, cached", 2 * CACHED, |k, b| {
            black_box(b.fold(&k.x[..2 * CACHED], &k.over_8));
        }),
        ("fold, 8 blocks", BATCH, |k, b| {
            black_box(b.fold(&k.x, &k.over_8));
        }),
        ("fold, 32 blocks", BATCH, |k, b| {
            black_box(b.fold(&k.x, &k.over_32));
        }),
        ("fold over K, 32 blocks", BATCH / 8, |k, b| {
            black_box(b.fold_ext(&k.xk, &k.over_32));
        }),
    ];

    fn combine_rows<const COUNT: usize>(&mut self, backend: Backend) {
        let rows: [&[M61]; COUNT] = std::array::from_fn(|row| &self.x[row * 512..][..CACHED]);
        backend.combine_rows(&self.y[..COUNT], &rows, &mut self.target);
    }
}

/// Nanoseconds per element in the fastest of some runs.
fn fastest(len: usize, mut work: impl FnMut()) -> f64 {
    let repeats = (1 << 16) / len.min(1 << 16);
    let time = |_| {
        let start = Instant::now();
        (0..repeats).for_each(|_| work());
        start.elapsed().as_secs_f64() * 1e9 / (repeats * len) as f64
    };
    (0..RUNS).map(time).fold(f64::INFINITY, f64::min)
}
