//! Prints the processor time per element and party of each operation, all parties in one process on
//! one thread: `cargo run --release -p enigma-mpc --example throughput`.

use std::io::Write;
use std::time::Instant;

use enigma_field::{Committee, Shares};
use enigma_mpc::Engine;
use enigma_mpc::testing::{Network, share, values};

const LEN: usize = 1 << 14;
const REPETITIONS: u32 = 40;

type Start = fn(&mut Engine, u32, &Shares);

fn main() -> std::io::Result<()> {
    let operations: [(&str, Start); 7] = [
        ("multiply", |engine, op, x| {
            engine.start_multiply(op, x, x).expect("a fresh number");
        }),
        ("dot of 16, per product", |engine, op, x| {
            engine.start_dot(op, x, x, 16).expect("a fresh number");
        }),
        ("reshare", |engine, op, x| {
            engine.start_reshare(op, x).expect("a fresh number");
        }),
        ("open fully", |engine, op, x| {
            engine.start_open_full(op, x).expect("a fresh number");
        }),
        ("open cheaply", |engine, op, x| {
            engine.start_open_cheap(op, x).expect("a fresh number");
        }),
        ("random value", |engine, op, x| {
            engine
                .random(op, x.len())
                .map(drop)
                .expect("a fresh number");
        }),
        ("random bit", |engine, op, x| {
            engine
                .start_random_bits(op, x.len())
                .expect("a fresh number");
        }),
    ];
    let mut out = std::io::stdout().lock();
    writeln!(out, "ns per element and party; vectors of {LEN}")?;
    writeln!(
        out,
        "{:<24}{:>8}{:>8}{:>8}{:>8}",
        "", "n=3", "n=5", "n=7", "n=9"
    )?;
    for (name, start) in operations {
        write!(out, "{name:<24}")?;
        for n in [3, 5, 7, 9] {
            write!(out, "{:>8.1}", measure(n, start))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn measure(n: u8, start: Start) -> f64 {
    let committee = Committee::new(n).expect("an odd size");
    let x = share(committee, &values(LEN, 1), 2);
    let mut network = Network::new(committee, 0);
    let mut run = |op| {
        for (k, engine) in network.engines.iter_mut().enumerate() {
            start(engine, op, &x[k]);
        }
        network.run().expect("an honest run");
        for engine in &mut network.engines {
            while engine.take_finished().is_some() {}
        }
    };
    run(0);
    let begin = Instant::now();
    (1..=REPETITIONS).for_each(&mut run);
    let elements = LEN as f64 * f64::from(REPETITIONS) * f64::from(n);
    begin.elapsed().as_secs_f64() * 1e9 / elements
}
