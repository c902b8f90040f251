//! Takes each security rule out, one at a time, and runs the test that must fail then: a test that
//! passes with and without its rule shows nothing.
//!
//! The edits are made in a copy of what is committed, below `target/rules`, which is built there.

mod release;
mod table;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};

use self::table::{ELSEWHERE, Rule};

/// All rules whose names contain `wanted`; all when nothing is wanted.
pub(crate) fn run(wanted: &[&str]) -> anyhow::Result<()> {
    check_table()?;
    let root = crate::root().canonicalize()?;
    let copy = copy(&root)?;
    let mut silent = Vec::new();
    // A word wants the rule of that number, or all that have it in their names.
    let wants = |rule: &&Rule, part: &&str| {
        let number = rule.name.split(' ').next() == Some(*part);
        number || part.len() > 3 && rule.name.contains(*part)
    };
    let rules: Vec<&Rule> = rules()
        .filter(|rule| wanted.is_empty() || wanted.iter().any(|part| wants(rule, part)))
        .collect();
    ensure!(!rules.is_empty(), "no rule is called so");
    for rule in &rules {
        let path = copy.join(rule.file);
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        ensure!(
            text.matches(rule.from).count() == 1,
            "{}: {} must have `{}` once",
            rule.name,
            rule.file,
            rule.from
        );
        std::fs::write(&path, text.replacen(rule.from, rule.to, 1))?;
        let noticed = test_fails(&copy, rule);
        std::fs::write(&path, text)?;
        let noticed = noticed?;
        println!(
            "{} {}",
            if noticed { "noticed " } else { "UNNOTICED" },
            rule.name
        );
        if !noticed {
            silent.push(rule.name);
        }
    }
    ensure!(
        silent.is_empty(),
        "no test notices the absence of: {}",
        silent.join("; ")
    );
    println!("rules: {} taken out, each noticed", rules.len());
    if wanted.is_empty() {
        for (rule, reason) in ELSEWHERE {
            println!("not taken out: {rule}, {reason}");
        }
    }
    Ok(())
}

fn rules() -> impl Iterator<Item = &'static Rule> {
    table::RULES.iter().chain(release::RULES)
}

/// Is every rule of protocols 0a taken out, or is there a reason why it is not, and not both?
fn check_table() -> anyhow::Result<()> {
    for number in 1..=26 {
        let name = format!("S{number}");
        let taken = rules().any(|rule| rule.name.split(' ').next() == Some(&name));
        let elsewhere = ELSEWHERE.iter().any(|(rule, _)| *rule == name);
        ensure!(
            taken != elsewhere,
            "{name} must be taken out, or a reason be given why not"
        );
    }
    Ok(())
}

/// A copy of what is committed.
fn copy(root: &Path) -> anyhow::Result<PathBuf> {
    let copy = root.join("target/rules/source");
    let git = |folder: &Path, arguments: &[&str]| -> anyhow::Result<()> {
        let status = Command::new("git")
            .current_dir(folder)
            .args(arguments)
            .status()?;
        ensure!(status.success(), "git {} failed", arguments.join(" "));
        Ok(())
    };
    if copy.exists() {
        git(&copy, &["fetch", "--quiet", "origin", "HEAD"])?;
        git(&copy, &["reset", "--quiet", "--hard", "FETCH_HEAD"])?;
    } else {
        let target = copy.to_string_lossy().into_owned();
        let source = root.to_string_lossy().into_owned();
        git(root, &["clone", "--quiet", &source, &target])?;
        git(&copy, &["fetch", "--quiet", "origin", "HEAD"])?;
        git(&copy, &["reset", "--quiet", "--hard", "FETCH_HEAD"])?;
    }
    Ok(copy)
}

/// Does the rule's test build and fail?
fn test_fails(copy: &Path, rule: &Rule) -> anyhow::Result<bool> {
    let mut cargo = Command::new("cargo");
    cargo
        .current_dir(copy)
        .env("CARGO_TARGET_DIR", copy.with_file_name("build"))
        // What an edit leaves unused is no matter here.
        .env("RUSTFLAGS", "--cap-lints=warn -Awarnings")
        .args(["test", "--quiet", "--package", rule.package]);
    match rule.suite {
        Some(suite) => cargo.args(["--test", suite]),
        None => cargo.arg("--lib"),
    };
    let mut build = Command::new("cargo");
    build
        .current_dir(copy)
        .env("CARGO_TARGET_DIR", copy.with_file_name("build"));
    build.env("RUSTFLAGS", "--cap-lints=warn -Awarnings");
    build.args(cargo.get_args()).arg("--no-run");
    ensure!(
        build.status()?.success(),
        "{}: the edit does not compile",
        rule.name
    );
    let output = cargo.arg(rule.test).stdin(Stdio::null()).output()?;
    let report = String::from_utf8_lossy(&output.stdout);
    if report.contains("running 0 tests") {
        bail!("{}: no test is called {}", rule.name, rule.test);
    }
    Ok(!output.status.success())
}
