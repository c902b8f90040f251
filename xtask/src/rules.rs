//! Takes each security rule out, one at a time, and runs the test that must fail then: a test that
//! passes with and without its rule shows nothing.
//!
//! The edits are made in a copy of what is committed, below `target/rules`, which is built there.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};

/// How a rule is taken out, and what notices.
struct Rule {
    /// As protocols.md numbers it, and what it says.
    name: &'static str,
    file: &'static str,
    /// Text that the file has once.
    from: &'static str,
    to: &'static str,
    package: &'static str,
    /// A test file of the package, or none for its unit tests.
    suite: Option<&'static str>,
    test: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        name: "S2 session keys need a proof of possession",
        file: "crates/mpc/src/setup/mod.rs",
        from: "match key.verify_strict(&self.domain.possession_digest(from), &proof) {",
        to: "match Ok::<(), ()>(()) {",
        package: "enigma-mpc",
        suite: Some("setup"),
        test: "a_key_without_proof_names_its_sender",
    },
    Rule {
        name: "S5 no operation number is used twice",
        file: "crates/mpc/src/engine/mod.rs",
        from: "if self.used.contains(op) || self.batches.contains_key(&op) {",
        to: "if self.batches.contains_key(&op) {",
        package: "enigma-mpc",
        suite: Some("rules"),
        test: "s5_",
    },
    Rule {
        name: "S6 no coin before all messages of the step before it came",
        file: "crates/mpc/src/engine/verify/mod.rs",
        from: "while !self.complete() && self.waiting_for(context).is_empty() {",
        to: "while !self.complete() && self.inbox.contains_key(&self.step) {",
        package: "enigma-mpc",
        suite: Some("rules"),
        test: "s6_",
    },
    Rule {
        name: "S8 verified means accepted by all, ancestors too",
        file: "crates/mpc/src/wires.rs",
        from: "sources.batches.difference(accepted).next().copied()",
        to: "sources.batches.difference(accepted).last().filter(|_| accepted.is_empty()).copied()",
        package: "enigma-mpc",
        suite: Some("rules"),
        test: "s8_verified_means_all_ancestors",
    },
    Rule {
        name: "S8 a batch counts with all acceptances only",
        file: "crates/mpc/src/engine/verify/mod.rs",
        from: "_ if step == last_coin + 2 => Some(Step::Acceptance),",
        to: "",
        package: "enigma-mpc",
        suite: Some("rules"),
        test: "s8_a_batch_is_accepted_with_all_acceptances_only",
    },
    Rule {
        name: "S20 receivers take no root that is zero",
        file: "crates/mpc/src/engine/bits.rs",
        from: "zero = zero.or(Some(k));",
        to: "zero = zero.filter(|at| *at == k);",
        package: "enigma-mpc",
        suite: Some("rules"),
        test: "s20_",
    },
    Rule {
        name: "S20 kings find squares without a root",
        file: "crates/mpc/src/engine/bits.rs",
        from: "s.square() * *c != M61::ONE)",
        to: "s.square() * *c != M61::ONE && false)",
        package: "enigma-mpc",
        suite: Some("rules"),
        test: "s20_",
    },
    Rule {
        name: "R1 only verified bits mask what is opened",
        file: "crates/mpc/src/engine/mod.rs",
        from: "match sources.open(self.context.session, &self.accepted) {",
        to: "match sources.open(self.context.session, &self.accepted).filter(|_| false) {",
        package: "enigma-mpc",
        suite: Some("rules"),
        test: "r1_masks_of_unverified_bits_hide_nothing",
    },
    Rule {
        name: "R1 what another session verified is not verified",
        file: "crates/mpc/src/wires.rs",
        from: "if sources.session != session {",
        to: "if false {",
        package: "enigma-mpc",
        suite: Some("rules"),
        test: "r1_nor_do_accepted_batches_of_another_session",
    },
    Rule {
        name: "R2 outputs are opened or released only when verified",
        file: "crates/mpc/src/engine/mod.rs",
        from: "match sources.open(self.context.session, &self.accepted) {",
        to: "match sources.open(self.context.session, &self.accepted).filter(|_| false) {",
        package: "enigma-mpc",
        suite: Some("rules"),
        test: "r2_",
    },
    Rule {
        name: "R3 masks are uniform over the whole field",
        file: "crates/mpc/src/wires.rs",
        from: "if !complete ||",
        to: "if",
        package: "enigma-mpc",
        suite: Some("rules"),
        test: "r3_",
    },
    Rule {
        name: "R4 nothing computed from bits is opened before all agree on them",
        file: "crates/mpc/src/engine/start.rs",
        from: "self.on_one_word.insert(batch);",
        to: "",
        package: "enigma-mpc",
        suite: Some("rules"),
        test: "r4_nothing_computed_from_bits",
    },
    Rule {
        name: "R4 different roots end in disagreement",
        file: "crates/mpc/src/engine/verify/mod.rs",
        from: "if self.openings != openings {",
        to: "if false {",
        package: "enigma-mpc",
        suite: Some("rules"),
        test: "r4_different_roots",
    },
    Rule {
        name: "D.1 both ends of a link sign the same",
        file: "crates/mpc/src/engine/verify/links.rs",
        from: "let way = self.differs(from, me);",
        to: "let way = self.differs(from, me).filter(|_| false);",
        package: "enigma-mpc",
        suite: Some("adversary"),
        test: "links::who_signs_another_hash",
    },
];

/// All rules whose names contain `wanted`; all when nothing is wanted.
pub(crate) fn run(wanted: &[&str]) -> anyhow::Result<()> {
    let root = crate::root().canonicalize()?;
    let copy = copy(&root)?;
    let mut silent = Vec::new();
    let rules = RULES.iter();
    let rules: Vec<&Rule> = rules
        .filter(|rule| wanted.is_empty() || wanted.iter().any(|part| rule.name.contains(part)))
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
