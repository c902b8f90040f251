//! `enigma test`: the `test` blocks of contracts, on plain numbers.

use std::path::{Path, PathBuf};

use clap::Args;
use enigma_bytecode::model::Contract;
use enigma_lang::hir::Test;
use enigma_lang::testing::{Keyless, LeakOutcome, LeftOut, TestOutcome};
use enigma_lang::{Checked, Compilation, Span, has_errors};
use serde_json::{Value, json};

use super::sources;
use crate::args::committee_size;
use crate::context::Context;
use crate::contract;
use crate::library::Beside;
use crate::rehearsal::Rehearsal;
use crate::report::{self, Problem};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  enigma test
  enigma test auction.enigma contracts
  enigma test --filter tie
  enigma test --leak
  enigma test --mpc --nodes 5

Tests run on plain numbers, without a network, in milliseconds; with --mpc on shares, too, in seconds. Exit code 1: a test failed; 2: a contract has errors.")]
pub(crate) struct TestOptions {
    /// Contracts, and folders with contracts (`.enigma`) in or below them [default: the current folder].
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Run only tests with this text in their title.
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Run each test also with other private numbers that lead to the same results: what everyone sees of the runs (branches, loops,
    /// writes, payments) must then be the same.
    #[arg(long)]
    leak: bool,
    /// Run every call on a committee, too: nodes in this process, each with its own shares, keys and encrypted links. Results,
    /// stores and payments must be those on plain numbers.
    #[arg(long)]
    mpc: bool,
    /// How many nodes the committee has: 3, 5, 7, ...
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = committee_size, requires = "mpc")]
    nodes: u8,
}

/// A contract whose tests were run.
struct Tested {
    path: PathBuf,
    /// Whether it has no contract and is there for others.
    is_library: bool,
    compilation: Compilation,
    tests: Vec<(TestOutcome, Option<LeakOutcome>)>,
    /// What no committee ran, since it needs a key.
    left_out: Vec<LeftOut>,
}

impl Tested {
    fn of(path: PathBuf, options: &TestOptions) -> Result<Self, Problem> {
        let source = contract::read(&path)?;
        let is_library = enigma_lang::is_library(&source);
        let compile = match is_library {
            true => enigma_lang::check_library,
            false => enigma_lang::compile_with,
        };
        let mut compilation = compile(&source, &Beside::of(&path));
        let mut left_out = Vec::new();
        let tests = match (&compilation.checked, &compilation.contract) {
            (Some(checked), Some(contract)) if options.mpc => {
                let run = |test: &Test, committee: &mut Rehearsal| {
                    enigma_lang::run_test_on(checked, contract, test, committee)
                };
                run_on_committee((checked, contract), options, run)?
            }
            (Some(checked), None) if options.mpc => match Keyless::of(checked) {
                Ok(Some(keyless)) => {
                    left_out = keyless.left_out().to_vec();
                    let run = |test: &Test, committee: &mut Rehearsal| {
                        enigma_lang::run_test_without_keys(checked, &keyless, test, committee)
                    };
                    run_on_committee((checked, keyless.contract()), options, run)?
                }
                Ok(None) => return Err(no_committee(&path, &compilation)),
                Err(problems) => {
                    compilation.diagnostics.extend(problems);
                    return Err(no_committee(&path, &compilation));
                }
            },
            (Some(checked), _) => run_tests(checked, options),
            (None, _) => Vec::new(),
        };
        Ok(Self {
            path,
            is_library,
            compilation,
            tests,
            left_out,
        })
    }

    fn is_refused(&self) -> bool {
        has_errors(&self.compilation.diagnostics)
    }

    fn failed(&self) -> usize {
        self.tests.iter().filter(|test| fails(test)).count()
    }

    fn show(&self) {
        if self.is_refused() {
            return contract::show_findings(&self.path, &self.compilation);
        }
        if self.is_library {
            return;
        }
        let name = self.compilation.checked.as_ref();
        let name = name.map_or("", |checked| &checked.hir.name);
        report::data(&format!("{name}  {}", self.path.display()));
        for left_out in &self.left_out {
            let place = self.place(left_out.span, &without_key(left_out));
            let text = |field: &str| place[field].as_str().unwrap_or_default().to_owned();
            let (file, message) = (text("file"), text("message"));
            report::data(&format!("  {file}:{}: {message}", place["line"]));
        }
        let sources = &self.compilation.sources;
        let (file, color) = (self.path.display().to_string(), contract::color());
        for test @ (outcome, leak) in &self.tests {
            let verdict = if fails(test) { "FAILED" } else { "ok" };
            let compared = leak.as_ref().map_or_else(String::new, compared);
            report::data(&format!(
                "  {verdict:6}  {}{compared}",
                report::plain(&outcome.title)
            ));
            let mut text = outcome.render(&file, sources, color);
            if let Some(leak) = leak {
                text += &leak.render(&file, sources, color);
            }
            if !text.is_empty() {
                report::progress(text.trim_end());
            }
        }
    }

    fn object(&self) -> Value {
        let tests = self.tests.iter().map(|(outcome, leak)| {
            let failure = outcome.failure.as_ref().map(|failure| {
                let mut object = self.place(failure.span, &failure.message);
                let results = failure.results.iter();
                object["results"] = results
                    .map(|(name, value)| (name.clone(), Value::from(value.clone())))
                    .collect();
                object
            });
            let leak = leak.as_ref().map(|leak| {
                let difference = leak.difference.as_ref();
                json!({
                    "secrets": leak.secrets, "tried": leak.tried, "compared": leak.compared,
                    "difference": difference.map(|found| self.place(found.span, &found.message)),
                })
            });
            json!({"name": outcome.title, "failure": failure, "leak": leak})
        });
        let left_out = self.left_out.iter();
        let left_out = left_out.map(|left_out| self.place(left_out.span, &without_key(left_out)));
        let checked = self.compilation.checked.as_ref();
        json!({
            "file": self.path, "contract": checked.map(|checked| &checked.hir.name),
            "diagnostics": contract::diagnostics_json(&self.path, &self.compilation),
            "tests": tests.collect::<Vec<_>>(), "left_out": left_out.collect::<Vec<_>>(),
        })
    }

    fn place(&self, span: Span, message: &str) -> Value {
        let sources = &self.compilation.sources;
        let place = sources.place(span);
        let file = sources.name(place.file, &self.path.display().to_string());
        json!({
            "message": message, "file": file, "line": sources.line(place),
            "start": place.span.start, "end": place.span.end,
        })
    }
}

/// Runs tests, and says how they ended.
pub(crate) fn run(context: &Context, options: &TestOptions) -> Result<(), Problem> {
    let paths = sources::contracts(&options.files)?.into_iter();
    let tested = paths
        .map(|path| Tested::of(path, options))
        .collect::<Result<Vec<_>, Problem>>()?;
    let all: usize = tested.iter().map(|one| one.tests.len()).sum();
    let failed: usize = tested.iter().map(Tested::failed).sum();
    let refused = tested.iter().filter(|one| one.is_refused()).count();
    if context.json {
        let files: Vec<Value> = tested.iter().map(Tested::object).collect();
        let object = json!({"passed": all - failed, "failed": failed, "files": files});
        report::data(&object.to_string());
    } else {
        tested.iter().for_each(Tested::show);
    }
    if refused > 0 {
        let noun = report::counted(refused, "contract has", "contracts have");
        let tests = report::counted(failed, "test", "tests");
        let failed = match failed {
            0 => String::new(),
            _ => format!("; of the others {tests} failed"),
        };
        let message = format!("{noun} errors and cannot be tested{failed}");
        return Err(Problem::new(message).hint("correct what is marked above"));
    }
    if failed > 0 {
        let tests = report::counted(all, "test", "tests");
        return Err(Problem::failed(format!("{failed} of {tests} failed")));
    }
    if let (0, Some(text)) = (all, &options.filter) {
        let message = format!("no test has {text:?} in its title");
        return Err(Problem::new(message).hint("without --filter all tests run"));
    }
    if !context.json {
        let tests = report::counted(all, "test", "tests");
        report::data(&format!("{tests} passed"));
    }
    Ok(())
}

fn run_tests(checked: &Checked, options: &TestOptions) -> Vec<(TestOutcome, Option<LeakOutcome>)> {
    let tests = wanted(checked, options).map(|test| {
        let leak = options.leak.then(|| enigma_lang::test_leak(checked, test));
        (enigma_lang::run_test(checked, test), leak)
    });
    tests.collect()
}

/// Why there is no committee for a contract that follows all rules.
fn no_committee(path: &Path, compilation: &Compilation) -> Problem {
    contract::show_findings(path, compilation);
    let message = format!("{} cannot run on a committee yet", path.display());
    Problem::new(message)
        .hint("what is not built or supported is marked above; without --mpc its tests run")
}

/// What no committee runs.
fn without_key(left_out: &LeftOut) -> String {
    let what = report::plain(&left_out.what);
    format!("left out on the committee: {what} needs a key, which no network supports")
}

fn run_on_committee(
    (checked, contract): (&Checked, &Contract),
    options: &TestOptions,
    run: impl Fn(&Test, &mut Rehearsal) -> TestOutcome,
) -> Result<Vec<(TestOutcome, Option<LeakOutcome>)>, Problem> {
    let mut tests = wanted(checked, options).peekable();
    if tests.peek().is_none() {
        return Ok(Vec::new());
    }
    let mut committee = Rehearsal::start(contract, options.nodes)?;
    let tests = tests.map(|test| {
        let leak = options.leak.then(|| enigma_lang::test_leak(checked, test));
        (run(test, &mut committee), leak)
    });
    Ok(tests.collect())
}

fn wanted<'a>(checked: &'a Checked, options: &'a TestOptions) -> impl Iterator<Item = &'a Test> {
    let text = options.filter.as_deref();
    let tests = checked.hir.tests.iter();
    tests.filter(move |test| text.is_none_or(|text| test.title.contains(text)))
}

fn fails((outcome, leak): &(TestOutcome, Option<LeakOutcome>)) -> bool {
    let leaks = leak.as_ref().is_some_and(|leak| leak.difference.is_some());
    leaks || !outcome.passed()
}

/// What came of other secrets, behind a test's title.
fn compared(leak: &LeakOutcome) -> String {
    match (leak.secrets, leak.compared, &leak.difference) {
        (.., Some(_)) => String::new(),
        (0, ..) => "  (it sets no private numbers)".to_owned(),
        (_, 0, _) => format!(
            "  (nothing to compare: none of {} other inputs has these results)",
            leak.tried
        ),
        (_, compared, _) => format!(
            "  ({compared} of {} other inputs have these results, and look the same)",
            leak.tried
        ),
    }
}
