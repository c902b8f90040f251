//! House rules that a compiler does not check: every source file opens by saying what it is, the
//! pure floors neither iterate hash maps nor read clocks, and the format pages state what the code has.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};

/// Crates whose behaviour must be the same on every machine.
const PURE: &[&str] = &[
    "field", "wire", "mpc", "bytecode", "lang", "vm", "core", "sim",
];
/// What pure crates do not name.
const BANNED_IN_PURE: &[&str] = &[
    "HashMap",
    "HashSet",
    "SystemTime",
    "Instant::now",
    "std::env",
    "std::fs",
    "std::net",
    "thread_rng",
    "OsRng",
    "SysRng",
];
/// The survey's subject: only the command line's demo and the example's own files may name it. The
/// contract's source alone defines the job.
const SUBJECT: &str = "salar";
/// What leaves products unverified, and the only sources that may name it: where it is, and the bench.
const UNVERIFIED: &str = "without_verification";
const UNVERIFIED_IN: &[&str] = &[
    "crates/mpc/src/engine/mod.rs",
    "crates/core/src/bench/mod.rs",
];
/// Longest source file, in lines: one idea, one file.
const LINES_MAX: usize = 800;

/// Checks all sources.
pub(crate) fn run() -> anyhow::Result<()> {
    let root = crate::root();
    let mut files = Vec::new();
    for folder in ["crates", "xtask"] {
        collect(&root.join(folder), &mut files)?;
    }
    files.sort();
    let mut faults = Vec::new();
    for path in &files {
        let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let name = path
            .strip_prefix(&root)
            .unwrap_or(path)
            .display()
            .to_string();
        check(&name, &text, &mut faults);
    }
    faults.extend(crate::formats::faults(&root)?);
    if !faults.is_empty() {
        bail!("tidy found:\n  {}", faults.join("\n  "));
    }
    println!("tidy: {} files", files.len());
    Ok(())
}

fn check(name: &str, text: &str, faults: &mut Vec<String>) {
    if !text.starts_with("//!") {
        faults.push(format!(
            "{name}: must open with `//!` and say what the file is"
        ));
    }
    let lines = text.lines().count();
    if lines > LINES_MAX {
        faults.push(format!(
            "{name}: {lines} lines; a file holds one idea in at most {LINES_MAX}"
        ));
    }
    let below_cli = name.starts_with("crates/") && !name.starts_with("crates/cli/");
    if below_cli && name.contains("/src/") && text.to_lowercase().contains(SUBJECT) {
        faults.push(format!(
            "{name}: names the survey's subject; below `cli` nothing may know it"
        ));
    }
    let verified =
        name.starts_with("crates/") && !name.contains("/tests/") && !UNVERIFIED_IN.contains(&name);
    if verified && text.contains(UNVERIFIED) {
        faults.push(format!(
            "{name}: names `{UNVERIFIED}`; only the bench may compute without verification"
        ));
    }
    let pure = PURE
        .iter()
        .any(|pure| name.starts_with(&format!("crates/{pure}/src/")));
    let code = text.split("#[cfg(test)]").next().unwrap_or(text);
    for (number, line) in code.lines().enumerate().filter(|_| pure) {
        let line = line.split("//").next().unwrap_or(line);
        for banned in BANNED_IN_PURE
            .iter()
            .filter(|banned| line.contains(**banned))
        {
            faults.push(format!("{name}:{}: {banned} in a pure crate", number + 1));
        }
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(name: &str, text: &str) -> Vec<String> {
        let mut faults = Vec::new();
        check(name, text, &mut faults);
        faults
    }

    #[test]
    fn rules_hold_where_they_should() {
        assert!(
            faults(
                "crates/core/src/a.rs",
                "//! A.\nuse std::collections::BTreeMap;\n"
            )
            .is_empty()
        );
        assert_eq!(faults("crates/core/src/a.rs", "use x;\n").len(), 1);
        assert_eq!(
            faults(
                "crates/core/src/a.rs",
                "//! A.\nuse std::collections::HashMap;\n"
            )
            .len(),
            1
        );
        assert!(
            faults(
                "crates/node/src/a.rs",
                "//! A.\nuse std::collections::HashMap;\n"
            )
            .is_empty()
        );
        assert!(faults("crates/core/src/a.rs", "//! A.\n// not a HashMap\n").is_empty());
        assert_eq!(
            faults("crates/vm/src/a.rs", "//! A.\n// A Salary.\n").len(),
            1
        );
        let unverified = "//! A.\nengine.without_verification();\n";
        assert_eq!(faults("crates/core/src/job/a.rs", unverified).len(), 1);
        assert!(faults("crates/core/src/bench/mod.rs", unverified).is_empty());
        assert!(faults("crates/cli/src/a.rs", "//! A.\n// A salary.\n").is_empty());
        assert_eq!(
            faults(
                "crates/cli/src/a.rs",
                &format!("//! A.\n{}", "\n".repeat(900))
            )
            .len(),
            1
        );
    }
}
