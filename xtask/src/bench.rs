//! The benchmark table of `docs/benchmarks.md`: every row is a run of `enigma bench` in the release
//! profile, beside what was set as target.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use anyhow::{Context as _, ensure};
use serde_json::Value;

/// (operation, field, count, nodes, target). Targets are for two cores of a machine with AVX-512.
const ROWS: &[(&str, &str, u32, u8, Target)] = &[
    ("mul", "m61", 1_000_000, 3, Target::PerSecond(10e6)),
    ("mul", "m61", 1_000_000, 5, Target::PerSecond(4e6)),
    ("mul", "m61", 1_000_000, 7, Target::PerSecond(2.5e6)),
    ("mul", "m61", 1_000_000, 9, Target::None),
    ("dot", "m61", 1_000_000, 3, Target::Seconds(0.03)),
    ("dot", "m61", 1_000_000, 5, Target::Seconds(0.05)),
    ("dot", "m61", 1_000_000, 7, Target::Seconds(0.07)),
    ("matmul", "m61", 128, 3, Target::Seconds(0.04)),
    ("matmul", "m61", 128, 5, Target::Seconds(0.08)),
    ("matmul", "m61", 128, 7, Target::Seconds(0.12)),
    ("depth", "m61", 1_000, 3, Target::Seconds(0.08)),
    ("depth", "m61", 1_000, 5, Target::Seconds(0.15)),
    ("depth", "m61", 1_000, 7, Target::Seconds(0.25)),
    ("lt", "m61", 100_000, 3, Target::PerSecond(300e3)),
    ("lt", "m61", 10_000, 5, Target::PerSecond(20e3)),
    ("lt", "m61", 10_000, 7, Target::PerSecond(12e3)),
    ("eq", "m61", 100_000, 3, Target::None),
    ("rank", "m61", 300, 3, Target::Seconds(0.3)),
    ("rank", "m61", 300, 5, Target::Seconds(3.0)),
    ("rank", "m61", 300, 7, Target::Seconds(5.0)),
    ("trunc", "m61", 100_000, 3, Target::None),
    ("max", "m61", 100_000, 3, Target::None),
    ("div", "m61", 1_000, 3, Target::None),
    ("shuffle", "m61", 100_000, 3, Target::None),
    ("shuffle", "m61", 100_000, 5, Target::None),
    ("shuffle", "m61", 100_000, 7, Target::None),
    ("sort", "m61", 10_000, 3, Target::Seconds(1.0)),
    ("sort", "m61", 10_000, 5, Target::Seconds(5.0)),
    // What a committee of the larger sizes costs in traffic is the point.
    ("mul", "m61", 1_000_000, 21, Target::None),
    ("mul", "m127", 1_000_000, 3, Target::PerSecond(3e6)),
    ("mul", "m127", 1_000_000, 5, Target::PerSecond(1.5e6)),
    ("mul", "m127", 1_000_000, 7, Target::PerSecond(1e6)),
    ("depth", "m127", 1_000, 3, Target::Seconds(0.08)),
    ("lt", "m127", 100_000, 3, Target::PerSecond(20e3)),
    ("lt", "m127", 10_000, 5, Target::PerSecond(8e3)),
    ("lt", "m127", 10_000, 7, Target::PerSecond(5e3)),
];

/// (operation, count, nodes, latency in milliseconds, megabits per second): rows over a slower network, which
/// are to take what the network alone does, over [`LINK_SHARE`].
const LINKS: &[(&str, u32, u8, u32, u32)] = &[
    ("mul", 1_000_000, 3, 1, 1_000),
    ("mul", 1_000_000, 5, 1, 1_000),
    ("mul", 1_000_000, 3, 50, 100),
    ("lt", 10_000, 3, 50, 100),
];

/// What of a slower network's throughput is to be reached.
const LINK_SHARE: f64 = 0.85;

/// What a row is to reach.
#[derive(Clone, Copy)]
enum Target {
    None,
    Seconds(f64),
    PerSecond(f64),
}

impl Target {
    /// The target, and whether the run reached it.
    fn judge(self, run: &Run) -> String {
        let (text, reached) = match self {
            Self::None => return "-".to_owned(),
            Self::Seconds(most) => (format!("{most} s"), run.seconds <= most),
            Self::PerSecond(least) => (per_second(least), run.per_second >= least),
        };
        format!("{text}, {}", if reached { "reached" } else { "**missed**" })
    }
}

/// What a run printed.
struct Run {
    seconds: f64,
    per_second: f64,
    megabytes: f64,
    rounds: u64,
    cpu_seconds: f64,
    memory_megabytes: f64,
}

/// Measures all rows and writes the page.
pub(crate) fn run() -> anyhow::Result<()> {
    let mut page = head()?;
    for (operation, field, count, nodes, target) in ROWS {
        let of_field = ["--field", field];
        let run = measure(operation, *count, *nodes, &of_field)?;
        let more = [&of_field[..], &["--semi-honest"]].concat();
        let without = measure(operation, *count, *nodes, &more)?;
        let row = format!(
            "| {operation} | {field} | {count} | {nodes} | {:.3} s | {} | {} | {:.2} | {:.2} | {} | {:.3} s | {:.0} MB |",
            run.seconds,
            per_second(run.per_second),
            target.judge(&run),
            run.seconds / without.seconds,
            run.megabytes,
            run.rounds,
            run.cpu_seconds,
            run.memory_megabytes,
        );
        println!("{row}");
        writeln!(page, "{row}")?;
    }
    page.push_str(LINKS_HEAD);
    for (operation, count, nodes, latency, mbps) in LINKS {
        let link = [format!("--latency-ms={latency}"), format!("--mbps={mbps}")];
        let run = measure(
            operation,
            *count,
            *nodes,
            &link.each_ref().map(String::as_str),
        )?;
        let passing = run.megabytes * 8.0 / f64::from(*mbps);
        let waiting = run.rounds as f64 * f64::from(*latency) / 1e3;
        let target = Target::Seconds((passing.max(waiting) / LINK_SHARE * 1e3).round() / 1e3);
        let row = format!(
            "| {operation} | {count} | {nodes} | {latency} ms | {mbps} Mbit/s | {:.3} s | {} | {passing:.3} s | {waiting:.3} s |",
            run.seconds,
            target.judge(&run),
        );
        println!("{row}");
        writeln!(page, "{row}")?;
    }
    fs::write(crate::root().join("docs/benchmarks.md"), page).context("docs/benchmarks.md")
}

const LINKS_HEAD: &str = "\n## Slower networks\n\n\
    Latency and rate are emulated where frames are sent: all that a node sends shares one uplink. The target is what the bytes take at \
    the rate or\nthe rounds at the latency, whichever is longer, over 0.85.\n\n\
    | operation | count | n | latency | rate | wall | target | bytes alone | rounds alone |\n\
    |---|---|---|---|---|---|---|---|---|\n";

fn head() -> anyhow::Result<String> {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name"));
    let model = model.and_then(|rest| rest.split(": ").nth(1));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let date = Command::new("date").args(["-u", "+%F"]).output();
    let date = date.context("date")?.stdout;
    Ok(format!(
        "# Benchmarks\n\n\
         Written by `cargo xtask bench`: `enigma bench OPERATION --field FIELD --count COUNT --nodes N` in the release profile, median of 5 runs, all\n\
         parties on one machine, each a process of its own, TLS on the loopback interface, key set-up, preprocessing and verification inside the\n\
         measured time, results checked after it. The ratio is to the same run without verification (`--semi-honest`). Instructions of\n\
         the hot kernels, which do not depend on the day, are in [instructions.md](instructions.md).\n\n\
         Machine: {}, {cores} cores. Date: {}. Back end of the field: the best that the processor has.\n\n\
         | operation | field | count | n | wall | per second | target | ratio | MB a party | rounds | CPU, all | memory, all |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|\n",
        model.unwrap_or("unknown"),
        String::from_utf8_lossy(&date).trim(),
    ))
}

fn measure(operation: &str, count: u32, nodes: u8, more: &[&str]) -> anyhow::Result<Run> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let (count, nodes) = (count.to_string(), nodes.to_string());
    let output = Command::new(cargo)
        .args(["run", "--release", "--quiet", "--bin", "enigma", "--"])
        .args([
            "bench", operation, "--count", &count, "--nodes", &nodes, "--json",
        ])
        .args(more)
        .output()
        .context("cargo run")?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "enigma bench {operation}: {errors}"
    );
    let run: Value = serde_json::from_slice(&output.stdout).context("what the bench printed")?;
    let number = |key: &str| {
        let number = run[key].as_f64();
        number.with_context(|| format!("{key} in what the bench printed"))
    };
    Ok(Run {
        seconds: number("wall_seconds")?,
        per_second: number("ops_per_second")?,
        megabytes: number("bytes_per_party")? / 1e6,
        rounds: number("rounds")? as u64,
        cpu_seconds: number("cpu_seconds")?,
        // Not every system tells.
        memory_megabytes: number("peak_memory_bytes").unwrap_or(0.0) / 1e6,
    })
}

fn per_second(rate: f64) -> String {
    match rate {
        1e6.. => format!("{:.2} M/s", rate / 1e6),
        1e3.. => format!("{:.1} k/s", rate / 1e3),
        _ => format!("{rate:.1} /s"),
    }
}
