//! Proves that the checked-in contract artifact is what the sources compile to, or writes it anew.
//! Needs `node` and `npm`; the compiler and the libraries are those of the lock file.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

const ARTIFACT: &str = "artifacts/Controller.json";

/// Compiles the contracts and compares with the checked-in artifact; with `write`, replaces it.
///
/// # Errors
/// When a tool is missing, the contracts do not compile, or the artifact is not current.
pub(crate) fn run(write: bool) -> anyhow::Result<()> {
    let contracts = crate::root().join("contracts");
    command(
        &contracts,
        "npm",
        &["ci", "--ignore-scripts", "--no-audit", "--no-fund"],
    )?;
    let checked_in = contracts.join(ARTIFACT);
    if write {
        return command(&contracts, "node", &["build.mjs", ARTIFACT]);
    }
    let fresh = std::env::temp_dir().join(format!("enigma-artifact-{}.json", std::process::id()));
    let target = fresh
        .to_str()
        .context("the temporary directory's name is not UTF-8")?;
    command(&contracts, "node", &["build.mjs", target])?;
    let built = std::fs::read(&fresh).context("the compiler wrote no artifact")?;
    std::fs::remove_file(&fresh).context("cannot remove the temporary artifact")?;
    let kept =
        std::fs::read(&checked_in).with_context(|| format!("cannot read contracts/{ARTIFACT}"))?;
    if built != kept {
        bail!(
            "contracts/{ARTIFACT} is not what the sources compile to; run `cargo xtask artifacts --write`"
        );
    }
    println!("artifacts: contracts/{ARTIFACT} is current");
    Ok(())
}

fn command(directory: &Path, program: &str, arguments: &[&str]) -> anyhow::Result<()> {
    let status = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .status()
        .with_context(|| format!("cannot run {program}; is it installed?"))?;
    if !status.success() {
        bail!("`{program} {}` failed", arguments.join(" "));
    }
    Ok(())
}
