//! Instructions that the hot kernels take, against those of the last change that meant to change them:
//! time depends on the machine and its mood, instructions on compiler, code and inputs alone.
//!
//! `crates/mpc/examples/instructions.rs` is the work. valgrind's callgrind counts what its function
//! `measured` calls, once for each kernel and back end. It knows instructions up to AVX2.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail, ensure};

/// What a count may differ by from the one that is kept.
const TOLERANCE: f64 = 0.03;
/// Where counts are kept.
const PAGE: &str = "docs/instructions.md";
/// How they are renewed.
const UPDATE: &str = "cargo xtask instructions --update";
/// In the page, before the compiler that the counts are of.
const COMPILER: &str = "Compiler: ";

/// What is to be done with the counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Compare; where there is no valgrind or another compiler, say so and be content.
    Compare,
    /// Compare, and fail where that is impossible, as in CI.
    Require,
    /// Keep the counts.
    Update,
}

/// A kernel, its back end, and its instructions.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Count {
    kernel: String,
    backend: String,
    instructions: u64,
}

/// Counts, and compares or keeps.
pub(crate) fn run(mode: Mode) -> anyhow::Result<()> {
    if Command::new("valgrind").arg("--version").output().is_err() {
        return impossible(mode, "there is no valgrind; install the package `valgrind`");
    }
    let compiler = compiler()?;
    let kept = fs::read_to_string(crate::root().join(PAGE)).unwrap_or_default();
    let kept_compiler = kept.lines().find_map(|line| line.strip_prefix(COMPILER));
    if mode != Mode::Update && kept_compiler != Some(&compiler) {
        let kept = kept_compiler.unwrap_or("none");
        let why = format!("{PAGE} has the counts of {kept}, this is {compiler}");
        return impossible(mode, &why);
    }
    let program = build()?;
    let mut counts = Vec::new();
    for (kernel, backend) in list(&program)? {
        let instructions = count(&program, &kernel, &backend)?;
        println!("{kernel:44}{backend:>12}{instructions:>14}");
        counts.push(Count {
            kernel,
            backend,
            instructions,
        });
    }
    if mode == Mode::Update {
        return fs::write(crate::root().join(PAGE), page(&compiler, &counts)).context(PAGE);
    }
    let findings = compare(&parse(&kept)?, &counts);
    ensure!(
        findings.is_empty(),
        "{}\nif that is meant, `{UPDATE}` keeps the new counts in {PAGE}",
        findings.join("\n")
    );
    Ok(())
}

fn impossible(mode: Mode, why: &str) -> anyhow::Result<()> {
    if mode == Mode::Compare {
        println!("not counted: {why}");
        return Ok(());
    }
    bail!("{why}; `{UPDATE}` keeps counts in {PAGE}")
}

/// How two sets of counts differ by more than the tolerance, in either direction: a count that fell
/// must be kept too, or it may rise again unseen.
fn compare(kept: &[Count], counts: &[Count]) -> Vec<String> {
    let name = |count: &Count| format!("{} ({})", count.kernel, count.backend);
    let same = |a: &Count, b: &Count| a.kernel == b.kernel && a.backend == b.backend;
    let missing = kept
        .iter()
        .filter(|kept| !counts.iter().any(|count| same(kept, count)))
        .map(|kept| format!("{}: kept, but not counted here", name(kept)));
    let changed = counts.iter().filter_map(|count| {
        let Some(kept) = kept.iter().find(|kept| same(kept, count)) else {
            return Some(format!("{}: counted, but not kept", name(count)));
        };
        let (before, now) = (kept.instructions as f64, count.instructions as f64);
        let change = now / before - 1.0;
        (change.is_nan() || change.abs() > TOLERANCE).then(|| {
            format!(
                "{}: {} instructions, kept are {}: {:+.1} %",
                name(count),
                count.instructions,
                kept.instructions,
                change * 100.0
            )
        })
    });
    missing.chain(changed).collect()
}

/// The page's table.
fn parse(page: &str) -> anyhow::Result<Vec<Count>> {
    let rows = page.lines().filter_map(|line| line.strip_prefix("| "));
    let rows = rows.filter(|row| !row.starts_with("kernel |"));
    rows.map(|row| {
        let cells: Vec<&str> = row
            .trim_end_matches('|')
            .split('|')
            .map(str::trim)
            .collect();
        let [kernel, backend, instructions] = cells[..] else {
            bail!("{PAGE}: a row of three cells, not {row:?}");
        };
        Ok(Count {
            kernel: kernel.to_owned(),
            backend: backend.to_owned(),
            instructions: instructions
                .parse()
                .with_context(|| format!("{PAGE}: {row}"))?,
        })
    })
    .collect()
}

fn page(compiler: &str, counts: &[Count]) -> String {
    let mut page = format!(
        "# Instructions of the hot kernels\n\n\
         Written by `{UPDATE}`, compared by `cargo xtask instructions` with a tolerance of {:.0} %: what valgrind counts in\n\
         `crates/mpc/examples/instructions.rs`, release profile. A change of the code that changes a count on purpose brings the new count\n\
         along; one of the compiler brings all of them. Counts are of one processor family: a library that finds other instructions there\n\
         takes another number of them.\n\n\
         {COMPILER}{compiler}\n\n\
         | kernel | back end | instructions |\n\
         |---|---|---|\n",
        TOLERANCE * 100.0
    );
    for count in counts {
        let Count {
            kernel,
            backend,
            instructions,
        } = count;
        writeln!(page, "| {kernel} | {backend} | {instructions} |")
            .expect("writing to a string cannot fail");
    }
    page
}

fn compiler() -> anyhow::Result<String> {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let output = Command::new(rustc).arg("--version").output();
    let version = output.context("rustc")?.stdout;
    Ok(String::from_utf8_lossy(&version).trim().to_owned())
}

/// Builds the work, and tells where it is.
fn build() -> anyhow::Result<PathBuf> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo)
        .args(["build", "--release", "--locked", "-p", "enigma-mpc"])
        .args(["--example", "instructions", "--message-format", "json"])
        .current_dir(crate::root())
        .output()
        .context("cargo build")?;
    ensure!(
        output.status.success(),
        "cargo build: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let messages = cargo_metadata::Message::parse_stream(&output.stdout[..]);
    let built = messages.filter_map(|message| match message {
        Ok(cargo_metadata::Message::CompilerArtifact(artifact)) => artifact.executable,
        _ => None,
    });
    let program = built.last().context("cargo told of no program")?;
    Ok(program.into())
}

/// Kernels and back ends on the processor that valgrind shows.
fn list(program: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let output = Command::new("valgrind")
        .args(["--tool=none", "--quiet"])
        .arg(program)
        .arg("list")
        .output()
        .context("valgrind")?;
    ensure!(output.status.success(), "the list of kernels");
    let pair = |line: &str| {
        let (kernel, backend) = line.split_once('\t').context("a kernel and a back end")?;
        Ok((kernel.to_owned(), backend.to_owned()))
    };
    String::from_utf8(output.stdout)?
        .lines()
        .map(pair)
        .collect()
}

fn count(program: &Path, kernel: &str, backend: &str) -> anyhow::Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .args(["--collect-atstart=no", "--toggle-collect=*measured*"])
        .arg(program)
        .args([kernel, backend])
        .output()
        .context("valgrind")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{kernel} ({backend}): {said}");
    let collected = said
        .lines()
        .find_map(|line| line.split("Collected : ").nth(1));
    let collected = collected.and_then(|count| count.trim().parse().ok());
    let collected = collected.filter(|count| *count > 0);
    collected.with_context(|| format!("no count of {kernel} ({backend}): {said}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(instructions: &[u64]) -> Vec<Count> {
        let numbered = (1..).zip(instructions);
        numbered
            .map(|(number, instructions)| Count {
                kernel: format!("kernel {number}"),
                backend: "AVX2".to_owned(),
                instructions: *instructions,
            })
            .collect()
    }

    #[test]
    fn four_percent_more_or_less_is_found_and_two_are_not() {
        let kept = counts(&[100_000, 100_000, 100_000, 100_000]);
        let findings = compare(&kept, &counts(&[104_000, 102_000, 98_000, 96_000]));
        assert_eq!(
            findings,
            [
                "kernel 1 (AVX2): 104000 instructions, kept are 100000: +4.0 %",
                "kernel 4 (AVX2): 96000 instructions, kept are 100000: -4.0 %",
            ]
        );
    }

    #[test]
    fn a_kernel_that_appears_or_is_gone_is_found() {
        let findings = compare(&counts(&[5, 7]), &counts(&[5]));
        assert_eq!(findings, ["kernel 2 (AVX2): kept, but not counted here"]);
        let findings = compare(&counts(&[5]), &counts(&[5, 7]));
        assert_eq!(findings, ["kernel 2 (AVX2): counted, but not kept"]);
        // A kept count of nothing is not a licence for everything.
        assert_eq!(compare(&counts(&[0]), &counts(&[5])).len(), 1);
    }

    #[test]
    fn the_page_says_what_was_counted() {
        let counted = counts(&[1, 22, 333]);
        let page = page("rustc 1.0.0", &counted);
        assert!(page.contains("\nCompiler: rustc 1.0.0\n"));
        assert_eq!(parse(&page).expect("our own page"), counted);
        assert!(parse("| a | b |").is_err());
        assert!(parse("| a | b | many |").is_err());
    }

    #[test]
    fn what_is_kept_can_be_read() {
        let page = fs::read_to_string(crate::root().join(PAGE)).expect("the page is checked in");
        assert!(!parse(&page).expect("rows").is_empty());
    }
}
