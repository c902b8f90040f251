//! Runs the fuzz targets: builds them with coverage counters, which a stable compiler can, and lets each
//! look for new paths for a while. What they find interesting is kept in `target/fuzz/corpus`; an
//! input that panics is written to `target/fuzz` and fails the command.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail, ensure};

/// What `cargo fuzz` asks of the compiler, without a sanitizer: there is no unsafe code to watch.
const COVERAGE: &str = "-Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares \
    -Ccodegen-units=1 -Cdebug-assertions";

const SECONDS: u32 = 60;

/// `options`: `--seconds N` for each target, and the targets; all when none is named.
pub(crate) fn run(options: &[&str]) -> anyhow::Result<()> {
    let (seconds, named) = match options {
        ["--seconds", seconds, named @ ..] => (seconds.parse().context("--seconds N")?, named),
        named => (SECONDS, named),
    };
    let root = crate::root();
    let folder = root.join("target/fuzz");
    let binaries = build(&root, &folder)?;
    let corpus = folder.join("corpus");
    succeed(Command::new(binaries.join("fuzz-seeds")).arg(&corpus))?;
    let mut targets = targets(&corpus)?;
    for name in named {
        ensure!(
            targets.iter().any(|target| target == name),
            "no target {name}; there are {}",
            targets.join(", ")
        );
    }
    targets.retain(|target| named.is_empty() || named.contains(&target.as_str()));
    let mut failed = Vec::new();
    for target in &targets {
        println!("fuzz: {target}, {seconds} s");
        let mut fuzzer = Command::new(binaries.join(format!("fuzz-{target}")));
        fuzzer
            .arg(corpus.join(target))
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-artifact_prefix={}/{target}-", folder.display()))
            .args(["-timeout=20", "-rss_limit_mb=4096", "-verbosity=0"])
            .arg("-print_final_stats=1");
        if succeed(&mut fuzzer).is_err() {
            failed.push(target.as_str());
        }
    }
    ensure!(
        failed.is_empty(),
        "found by {}; the inputs are in {}",
        failed.join(", "),
        folder.display()
    );
    println!("fuzz: {} targets, nothing found", targets.len());
    Ok(())
}

/// For this machine by name, so that build scripts are built without counters.
fn build(root: &Path, folder: &Path) -> anyhow::Result<std::path::PathBuf> {
    let version = Command::new("rustc").arg("-vV").output()?;
    let version = String::from_utf8(version.stdout)?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("rustc does not say for which machine it builds")?;
    let mut cargo = Command::new("cargo");
    cargo
        .current_dir(root)
        .env("RUSTFLAGS", COVERAGE)
        .args([
            "build",
            "--release",
            "--locked",
            "--package",
            "fuzz",
            "--bins",
        ])
        .args(["--features", "libfuzzer", "--target", host, "--target-dir"])
        .arg(folder);
    succeed(&mut cargo)?;
    Ok(folder.join(host).join("release"))
}

/// The folders of the corpus.
fn targets(corpus: &Path) -> anyhow::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(corpus)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot run {command:?}"))?;
    if !status.success() {
        bail!("{} ended with {status}", command.get_program().display());
    }
    Ok(())
}
