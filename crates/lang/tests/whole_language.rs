//! Random contracts of the whole language: interpreter, bytecode in the clear and committees come to the same, and neither what
//! everyone sees nor what committees send depends on anything else that is secret.
//!
//! The cases of the test command are the same every time. The campaign draws others, as many as it is told.

mod committees;
#[path = "random/contracts/mod.rs"]
mod contracts;

use std::collections::BTreeMap;

use committees::{InMemory, InTheClear};
use enigma_bytecode::model::Contract;
use enigma_lang::diagnostic::Severity;
use enigma_lang::hir::{Test, TestStep};
use enigma_lang::testing::Committee;
use enigma_lang::{Checked, Code, compile, run_test, run_test_on, test_leak};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngAlgorithm, TestCaseError, TestRng, TestRunner};

/// What became of the contracts that were drawn.
#[derive(Debug, Default)]
struct Tally {
    drawn: usize,
    /// Refused by the checker, by the codes of its errors.
    refused: BTreeMap<String, usize>,
    /// Checked, and not built yet.
    not_built: BTreeMap<String, usize>,
    /// Run on both sides.
    ran: usize,
    /// Calls that ran.
    calls: usize,
    /// Calls that were refused, by the reason.
    refusals: BTreeMap<String, usize>,
    /// Calls with different secrets and the same public side.
    compared: usize,
}

impl Tally {
    fn share_of(&self, part: &BTreeMap<String, usize>) -> f64 {
        part.values().sum::<usize>() as f64 / self.drawn.max(1) as f64
    }
}

/// A contract that compiles, with its test: the calls that the interpreter refuses are expected to be.
struct Ready {
    source: String,
    checked: Checked,
    contract: Contract,
    test: Test,
}

fn ready(source: String, tally: &mut Tally) -> Result<Option<Ready>, TestCaseError> {
    tally.drawn += 1;
    let compilation = compile(&source);
    let mut diagnostics = compilation.diagnostics.iter();
    if let Some(error) = diagnostics.clone().find(|d| d.severity == Severity::Error) {
        let why = format!("{}: {}", error.code, error.message);
        // Syntax, types and the compiler's own mistakes: neither is drawn.
        let is_meant = matches!(
            error.code,
            Code::E0310 | Code::E0311 | Code::E0312 | Code::E0314 | Code::E0501 | Code::E0502
        );
        prop_assert!(
            is_meant,
            "{why}: {}\n{source}",
            &source[error.primary.span.range()]
        );
        let at = &source[error.primary.span.range()];
        *tally.refused.entry(format!("{why}: {at}")).or_default() += 1;
        return Ok(None);
    }
    let (Some(checked), Some(contract)) = (compilation.checked, compilation.contract) else {
        let warning = diagnostics.find(|d| d.code.is_unbuilt());
        let why = warning.map_or(String::new(), |d| without_numbers(&d.message));
        *tally.not_built.entry(why).or_default() += 1;
        return Ok(None);
    };
    let mut test = checked.hir.tests[0].clone();
    while let Some(failure) = run_test(&checked, &test).failure {
        let meant = failure.message.starts_with("refused: ");
        prop_assert!(meant, "{}\n{source}", failure.message);
        for step in &mut test.steps {
            if let TestStep::Run(run) = step
                && run.span == failure.span
            {
                *step = TestStep::ExpectFail(run.clone());
            }
        }
        let why = failure.message.trim_start_matches("refused: ");
        *tally.refusals.entry(without_numbers(why)).or_default() += 1;
    }
    let ran = test
        .steps
        .iter()
        .filter(|step| matches!(step, TestStep::Run(_)))
        .count();
    tally.ran += 1;
    tally.calls += ran;
    Ok(Some(Ready {
        source,
        checked,
        contract,
        test,
    }))
}

impl Ready {
    fn check_on(&self, committee: &mut dyn Committee) -> Result<(), TestCaseError> {
        let outcome = run_test_on(&self.checked, &self.contract, &self.test, committee);
        if let Some(failure) = outcome.failure {
            let at = &self.source[failure.span.range()];
            let message = format!("{at} {}\n{}", failure.message, self.source);
            return Err(TestCaseError::fail(message));
        }
        Ok(())
    }
}

fn in_the_clear(bytes: &[u8], tally: &mut Tally) -> Result<(), TestCaseError> {
    match ready(contracts::contract(bytes, 1), tally)? {
        Some(ready) => ready.check_on(&mut InTheClear::new(&ready.contract)),
        None => Ok(()),
    }
}

/// In the interpreter with other secrets: where all recipients are shown the same, everyone sees the same.
fn with_other_secrets(bytes: &[u8], tally: &mut Tally) -> Result<(), TestCaseError> {
    let Some(ready) = ready(contracts::contract(bytes, 1), tally)? else {
        return Ok(());
    };
    let outcome = test_leak(&ready.checked, &ready.test);
    tally.compared += outcome.compared as usize;
    if let Some(difference) = outcome.difference {
        let at = &ready.source[difference.span.range()];
        let message = format!("{}: {at}\n{}", difference.message, ready.source);
        return Err(TestCaseError::fail(message));
    }
    Ok(())
}

/// On a committee with two sets of secrets.
fn on_a_committee(bytes: &[u8], nodes: u8, tally: &mut Tally) -> Result<(), TestCaseError> {
    let mut heard = Vec::new();
    for secrets in [1, 2] {
        let Some(ready) = ready(contracts::contract(bytes, secrets), tally)? else {
            return Ok(());
        };
        let mut committee = InMemory::new(&ready.contract, nodes, 7);
        ready.check_on(&mut committee)?;
        heard.push((committee.calls, ready.source));
    }
    let [(first, source), (second, _)] = &heard[..] else {
        return Ok(());
    };
    for (a, b) in first.iter().zip(second) {
        if a.is_like(b) {
            tally.compared += 1;
            prop_assert_eq!(&a.trace, &b.trace, "{}", source);
        }
    }
    Ok(())
}

/// What went wrong: how often, and in the smallest contract that was found.
type Failures = BTreeMap<String, (usize, String)>;

/// Runs so many cases, the same for the same seed.
fn survey(
    cases: usize,
    seed: u64,
    check: impl Fn(&[u8], &mut Tally) -> Result<(), TestCaseError>,
) -> (Tally, Failures) {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(ProptestConfig::default(), rng);
    let (mut tally, mut failures) = (Tally::default(), Failures::new());
    for _ in 0..cases {
        let tree = vec(any::<u8>(), 70..400).new_tree(&mut runner);
        let mut tree = tree.expect("bytes are never refused");
        let Err(error) = check(&tree.current(), &mut tally) else {
            continue;
        };
        let kind = kind(&error);
        let known = failures.entry(kind.clone()).or_default();
        known.0 += 1;
        if known.0 == 1 {
            known.1 = smallest(&mut tree, &kind, error, &check);
        }
    }
    (tally, failures)
}

/// The first line of a failure, whatever its numbers are.
fn kind(error: &TestCaseError) -> String {
    let text = error.to_string();
    without_numbers(text.lines().next().unwrap_or_default())
}

fn without_numbers(line: &str) -> String {
    let mut kind = String::new();
    for c in line
        .chars()
        .map(|c| if c.is_ascii_digit() { '#' } else { c })
    {
        if c != '#' || !kind.ends_with('#') {
            kind.push(c);
        }
    }
    kind
}

/// A smaller case that fails in the same way.
fn smallest(
    tree: &mut impl ValueTree<Value = Vec<u8>>,
    kind: &str,
    error: TestCaseError,
    check: &impl Fn(&[u8], &mut Tally) -> Result<(), TestCaseError>,
) -> String {
    let mut found = error.to_string();
    for _ in 0..MOST_SHRINKS {
        match check(&tree.current(), &mut Tally::default()) {
            Err(error) if self::kind(&error) == kind => {
                found = error.to_string();
                if !tree.simplify() {
                    break;
                }
            }
            _ => {
                if !tree.complicate() {
                    break;
                }
            }
        }
    }
    found
}

/// Cases that are tried to make a failing one smaller.
const MOST_SHRINKS: usize = 1_000;

fn report(failures: &Failures) -> String {
    let failures = failures.iter();
    let texts = failures.map(|(kind, (count, text))| format!("{count} times: {kind}\n{text}\n"));
    texts.collect()
}

/// Nothing went wrong, most contracts ran, and so did most of their calls.
fn assert_agreement((tally, failures): &(Tally, Failures)) {
    assert!(failures.is_empty(), "{tally:#?} {}", report(failures));
    assert!(tally.share_of(&tally.refused) < 0.03, "{tally:#?}");
    assert!(tally.share_of(&tally.not_built) < 0.1, "{tally:#?}");
    assert!(tally.calls > tally.refusals.values().sum(), "{tally:#?}");
}

#[test]
fn bytecode_in_the_clear_is_what_the_interpreter_says() {
    assert_agreement(&survey(300, 1, in_the_clear));
}

#[test]
fn what_everyone_sees_does_not_depend_on_secrets() {
    let surveyed = survey(60, 4, with_other_secrets);
    assert_agreement(&surveyed);
    assert!(surveyed.0.compared > surveyed.0.ran, "{:#?}", surveyed.0);
}

#[test]
fn committees_of_three_are_what_the_interpreter_says() {
    let surveyed = survey(40, 2, |bytes, tally| on_a_committee(bytes, 3, tally));
    assert_agreement(&surveyed);
    assert!(
        surveyed.0.compared > surveyed.0.ran / 8,
        "{:#?}",
        surveyed.0
    );
}

#[test]
fn committees_of_five_are_what_the_interpreter_says() {
    assert_agreement(&survey(6, 5, |bytes, tally| {
        on_a_committee(bytes, 5, tally)
    }));
}

/// How many cases in the clear; a tenth of them runs with other secrets and on committees of three, a hundredth on those of five.
const CASES: &str = "ENIGMA_RANDOM_CONTRACTS";

#[test]
#[ignore = "takes many minutes"]
#[allow(clippy::print_stderr)] // What it is for.
fn the_long_campaign_of_random_contracts() {
    let number = |text: String| text.parse().expect("a number");
    let cases = std::env::var(CASES).map_or(10_000, number);
    let seed = std::env::var("ENIGMA_TEST_SEED").map_or(11, |text| text.parse().expect("a number"));
    let clear = survey(cases, seed, in_the_clear);
    eprintln!("in the clear: {:#?}", clear.0);
    let secrets = survey(cases / 10, seed + 3, with_other_secrets);
    eprintln!("with other secrets: {:#?}", secrets.0);
    let three = survey(cases / 10, seed + 1, |bytes, tally| {
        on_a_committee(bytes, 3, tally)
    });
    eprintln!("committees of three: {:#?}", three.0);
    let five = survey(cases / 100, seed + 2, |bytes, tally| {
        on_a_committee(bytes, 5, tally)
    });
    eprintln!("committees of five: {:#?}", five.0);
    for surveyed in [clear, secrets, three, five] {
        assert_agreement(&surveyed);
    }
}
