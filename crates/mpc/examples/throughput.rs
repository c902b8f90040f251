//! Prints the processor time per element and party of each operation, all parties in one process on
//! one thread: `cargo run --release -p enigma-mpc --example throughput`.

use std::io::Write;
use std::time::Instant;

use enigma_field::Committee;
use enigma_mpc::testing::{Network, share, values};
use enigma_mpc::{Engine, Wires};

const LEN: usize = 1 << 14;
const REPETITIONS: u32 = 40;

/// Operations take numbers below this, and every batch one from here on.
const BATCHES: u32 = 1 << 16;

type Start = fn(&mut Engine, u32, &Wires);

fn main() -> std::io::Result<()> {
    let multiply: Start = |engine, op, x| {
        let factors = vec![(x.clone(), x.clone())];
        let started = engine.start_multiply(op, BATCHES + op, factors);
        started.expect("a fresh number");
    };
    let by_kings: Start = |engine, op, x| {
        let factors = vec![(x.clone(), x.clone())];
        let started = engine.start_multiply_by_kings(op, BATCHES + op, factors);
        started.expect("a fresh number");
    };
    let bits: Start = |engine, op, x| {
        let started = engine.start_random_bits(op, BATCHES + op, x.len());
        started.expect("a fresh number");
    };
    // With its verification, or without.
    let operations: [(&str, Start, bool); 10] = [
        ("multiply", multiply, false),
        ("multiply and verify", multiply, true),
        ("by kings", by_kings, false),
        ("by kings and verify", by_kings, true),
        (
            "dot of 16, per product",
            |engine, op, x| {
                let started = engine.start_dot(op, BATCHES + op, x.clone(), x.clone(), 16);
                started.expect("a fresh number");
            },
            false,
        ),
        (
            "reshare",
            |engine, op, x| {
                let started = engine.start_reshare(op, BATCHES + op, x.clone());
                started.expect("a fresh number");
            },
            false,
        ),
        (
            "open",
            |engine, op, x| {
                let x = engine.verified(x.clone()).expect("an input");
                engine.start_open(op, x).expect("a fresh number");
            },
            false,
        ),
        (
            "random value",
            |engine, op, x| {
                engine.start_random(op, x.len()).expect("a fresh number");
            },
            false,
        ),
        ("random bit", bits, false),
        ("random bit and verify", bits, true),
    ];
    let mut out = std::io::stdout().lock();
    writeln!(out, "ns per element and party; vectors of {LEN}")?;
    writeln!(
        out,
        "{:<24}{:>8}{:>8}{:>8}{:>8}",
        "", "n=3", "n=5", "n=7", "n=9"
    )?;
    for (name, start, verify) in operations {
        write!(out, "{name:<24}")?;
        for n in [3, 5, 7, 9] {
            write!(out, "{:>8.1}", measure(n, start, verify))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

fn measure(n: u8, start: Start, verify: bool) -> f64 {
    let committee = Committee::new(n).expect("an odd size");
    let shares = share(committee, &values(LEN, 1), 2);
    let x: Vec<Wires> = shares.into_iter().map(Wires::input).collect();
    let mut network = Network::new(committee, 0);
    let mut run = |op| {
        for (k, engine) in network.engines.iter_mut().enumerate() {
            start(engine, op, &x[k]);
        }
        network.run().expect("an honest run");
        if verify {
            network.start(|engine, _| engine.start_verify(BATCHES + op));
            network.run().expect("honest parties accept");
        }
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
