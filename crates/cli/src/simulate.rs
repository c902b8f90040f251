//! `enigma simulate`: committees with a bad network and corrupt parties, in this process, by the
//! thousand; a run that breaks a rule is shrunk and told as one line, which runs it again.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use enigma_sim::{
    AdversaryChoice, Campaign, Case, Coverage, Kind, Program, Run, Verdict, check, shrink,
};
use serde_json::{Value, json};

use crate::context::Context;
use crate::contract;
use crate::report::{self, Problem, Progress};

/// Cases that are tried to make a broken one smaller.
const SHRINK_TRIES: u32 = 300;
/// Broken cases that are told; further ones are counted.
const TOLD_MAX: usize = 5;

/// What runs when no contract is named.
const EXAMPLES: [(&str, &str); 5] = [
    (
        "salaries",
        include_str!("../../../examples/salaries/salaries.enigma"),
    ),
    (
        "highest_bid",
        include_str!("../../../examples/highest_bid/highest_bid.enigma"),
    ),
    (
        "payroll_total",
        include_str!("../../../examples/payroll_total/payroll_total.enigma"),
    ),
    (
        "yes_no_vote",
        include_str!("../../../examples/yes_no_vote/yes_no_vote.enigma"),
    ),
    (
        "pay_line",
        include_str!("../../../examples/pay_line/pay_line.enigma"),
    ),
];

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  enigma simulate
  enigma simulate contract.enigma --cases 1000 --parties 5
  enigma simulate --seed 7 --cases 1 --adversary 2:product:add@17
  enigma simulate --cases 5000 --record crates/sim/regressions.txt
  enigma simulate --case 'program=salaries parties=3 rows=5 invalid=1 seed=9 network=fair adversary=1:root:zero@0'

An adversary is `random`, `none`, or edits joined by commas: PARTY[+PARTNER]:[in/]KIND:ACTION[@NUMBER[.ELEMENT]][>OTHER].
KIND is input, hello, claims, product, term, sum, shuffle, square, root, opening, gates, checkpoint, coin, dealing, check-opening or
acceptance;
ACTION is add, equivocate, cancel, zero, negate, noncanonical, flip, truncate, extend, swap, misplace, repeat,
replay, drop, delay or crash. Exit code 1 says that a case broke a rule.")]
pub(crate) struct SimulateOptions {
    /// The contract, as source or bytecode (.enb) [default: the examples].
    #[arg(value_name = "CONTRACT")]
    contract: Option<PathBuf>,
    /// Where all cases come from [default: a new one, which is told].
    #[arg(long, value_name = "S")]
    seed: Option<u64>,
    /// Committee size [default: 3 mostly, up to 9].
    #[arg(long, value_name = "N", value_parser = committee_size)]
    parties: Option<u8>,
    /// What corrupt parties do.
    #[arg(long, value_name = "TEXT|random", default_value = "random")]
    adversary: AdversaryChoice,
    /// How many cases.
    #[arg(long, value_name = "K", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    cases: u64,
    /// Run this case alone, as an earlier run told it.
    #[arg(long, value_name = "LINE", conflicts_with_all = ["seed", "parties", "adversary", "cases"])]
    case: Option<Case>,
    /// Append the lines of cases that break a rule to this file.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
}

/// A case that broke a rule.
struct Broken {
    case: Case,
    smallest: Case,
    /// The rules that the smallest case breaks.
    rules: Vec<String>,
}

/// Runs cases, and says what they covered and what broke.
pub(crate) fn run(context: &Context, options: &SimulateOptions) -> Result<(), Problem> {
    let campaign = Campaign {
        programs: programs(options.contract.as_deref())?,
        seed: options.seed.unwrap_or_else(rand::random),
        parties: options.parties,
        adversary: options.adversary.clone(),
    };
    let count = match options.case {
        Some(_) => 1,
        None => options.cases,
    };
    let mut coverage = Coverage::default();
    let (mut told, mut broken) = (Vec::new(), 0u64);
    let mut only = None;
    let progress = Progress::start(usize::try_from(count).unwrap_or(usize::MAX), "cases");
    for number in 0..count {
        let case = match &options.case {
            Some(case) => case.clone(),
            None => campaign.case(number).map_err(refused)?,
        };
        let verdict = judge(&campaign, &case)?;
        coverage.note(&case, &verdict);
        if !verdict.violations.is_empty() {
            broken += 1;
            if told.len() < TOLD_MAX {
                told.push(smallest(&campaign, &case));
            }
        }
        if count == 1 {
            only = Some((case, verdict));
        }
        progress.set(usize::try_from(number + 1).unwrap_or(usize::MAX));
    }
    progress.finish();
    if let Some(file) = &options.record {
        record(file, &told)?;
    }
    if context.json {
        let mut object = summary(&campaign, &coverage, broken, &told);
        if let Some((case, Verdict { run: Some(run), .. })) = &only {
            object["case"] = json!(case.to_string());
            object["parties"] = endings_json(case, run);
        }
        report::data(&object.to_string());
    } else {
        show(&campaign, &coverage, broken);
        if let Some((case, Verdict { run: Some(run), .. })) = &only {
            show_endings(case, run);
        }
    }
    match told.first() {
        None => Ok(()),
        Some(first) => Err(failure(context, &told, first, broken, coverage.cases)),
    }
}

fn programs(path: Option<&Path>) -> Result<Vec<Program>, Problem> {
    let Some(path) = path else {
        let examples = EXAMPLES.into_iter();
        let compiled = examples.map(|(name, source)| Program::compile(name, source));
        let programs = compiled.collect::<Result<Vec<_>, _>>();
        let programs = programs.map_err(|error| Problem::new(error.to_string()))?;
        return Ok(programs.concat());
    };
    let program = contract::load(path)?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let programs = Program::entries(&name, program.contract());
    match programs.is_empty() {
        true => Err(Problem::new(format!("{}: has no entry", path.display()))),
        false => Ok(programs),
    }
}

fn judge(campaign: &Campaign, case: &Case) -> Result<Verdict, Problem> {
    let program = campaign.program(&case.program).ok_or_else(|| {
        let known: Vec<&str> = campaign.programs.iter().map(|p| p.name.as_str()).collect();
        Problem::new(format!("there is no program {}", case.program)).hint(format!(
            "there is: {}; or name its contract",
            known.join(", ")
        ))
    })?;
    check(case, program).map_err(refused)
}

fn smallest(campaign: &Campaign, case: &Case) -> Broken {
    let rules = |case: &Case| -> Vec<String> {
        let verdict = judge(campaign, case);
        let violations = verdict
            .map(|verdict| verdict.violations)
            .unwrap_or_default();
        violations.iter().map(ToString::to_string).collect()
    };
    let smallest = shrink(case, SHRINK_TRIES, |case| !rules(case).is_empty());
    Broken {
        case: case.clone(),
        rules: rules(&smallest),
        smallest,
    }
}

fn record(file: &Path, told: &[Broken]) -> Result<(), Problem> {
    if told.is_empty() {
        return Ok(());
    }
    let mut lines = String::new();
    for broken in told {
        lines += &format!("# {}\n{}\n", broken.rules.join("; "), broken.smallest);
    }
    let mut open = std::fs::OpenOptions::new();
    let opened = open.create(true).append(true).open(file);
    opened
        .and_then(|mut opened| opened.write_all(lines.as_bytes()))
        .map_err(|error| Problem::failed(format!("{}: cannot be written: {error}", file.display())))
}

/// Edits that met their message, and those in aborted cases, by kind of message.
fn kinds(coverage: &Coverage) -> Vec<(Kind, u64, u64)> {
    let kinds = coverage.kinds().into_iter();
    kinds
        .map(|kind| {
            let edits = coverage.edits.iter().filter(|((of, _), _)| *of == kind);
            let counts = edits.map(|(_, counts)| *counts);
            let (met, aborts) = counts.fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
            (kind, met, aborts)
        })
        .collect()
}

fn summary(campaign: &Campaign, coverage: &Coverage, broken: u64, told: &[Broken]) -> Value {
    let kinds: serde_json::Map<String, Value> = kinds(coverage)
        .into_iter()
        .map(|(kind, met, aborts)| {
            let counts = json!({ "edits": met, "aborted": aborts });
            (kind.to_string(), counts)
        })
        .collect();
    let told = told.iter().map(|broken| {
        json!({
            "case": broken.case.to_string(),
            "smallest": broken.smallest.to_string(),
            "rules": broken.rules,
        })
    });
    json!({
        "seed": campaign.seed,
        "cases": coverage.cases,
        "aborts": coverage.aborts,
        "frames": coverage.frames,
        "kinds": kinds,
        "broken": broken,
        "violations": told.collect::<Vec<_>>(),
    })
}

fn show(campaign: &Campaign, coverage: &Coverage, broken: u64) {
    report::data(&format!(
        "seed {}: {} cases, {} aborted, {broken} broke a rule; {} frames",
        campaign.seed, coverage.cases, coverage.aborts, coverage.frames
    ));
    let rows = kinds(coverage)
        .into_iter()
        .map(|(kind, met, aborts)| vec![kind.to_string(), met.to_string(), aborts.to_string()]);
    if !coverage.edits.is_empty() {
        report::table(&["edited", "edits", "of aborted cases"], rows);
    }
}

fn show_endings(case: &Case, run: &Run) {
    report::data(&case.to_string());
    let corrupt = case.adversary.parties();
    let rows = (1u8..).zip(&run.endings).map(|(party, ending)| {
        let named: Vec<String> = ending.culprits().iter().map(u8::to_string).collect();
        vec![
            party.to_string(),
            role(corrupt.contains(&party)).to_owned(),
            ending.to_string(),
            named.join(", "),
        ]
    });
    report::table(&["party", "is", "ending", "names"], rows);
}

fn endings_json(case: &Case, run: &Run) -> Value {
    let corrupt = case.adversary.parties();
    let endings = (1u8..).zip(&run.endings).map(|(party, ending)| {
        json!({
            "party": party,
            "is": role(corrupt.contains(&party)),
            "finished": ending.is_finished(),
            "ending": ending.to_string(),
            "names": ending.culprits(),
        })
    });
    endings.collect()
}

fn role(corrupt: bool) -> &'static str {
    match corrupt {
        true => "corrupt",
        false => "honest",
    }
}

fn failure(context: &Context, told: &[Broken], first: &Broken, broken: u64, cases: u64) -> Problem {
    if !context.json {
        for broken in told {
            report::data(&format!("broken     {}", broken.case));
            report::data(&format!("  smallest {}", broken.smallest));
            for rule in &broken.rules {
                report::data(&format!("  {}", report::plain(rule)));
            }
        }
    }
    Problem::failed(format!("{broken} of {cases} cases broke a rule"))
        .hint(format!("enigma simulate --case '{}'", first.smallest))
}

fn refused(error: enigma_sim::SceneError) -> Problem {
    Problem::new(error.to_string())
}

/// An odd size that is simulated.
fn committee_size(text: &str) -> Result<u8, String> {
    let size = text.parse().ok();
    size.filter(|size| [3, 5, 7, 9, 11].contains(size))
        .ok_or_else(|| "simulated committees have 3, 5, 7, 9 or 11 parties (n = 2t+1)".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_odd() {
        assert!(
            ["3", "5", "7", "9", "11"]
                .iter()
                .all(|n| committee_size(n).is_ok())
        );
        assert!(
            ["0", "1", "2", "4", "13", "x", ""]
                .iter()
                .all(|n| committee_size(n).is_err())
        );
    }

    #[test]
    fn the_examples_compile() {
        assert_eq!(programs(None).expect("they compile").len(), EXAMPLES.len());
    }

    #[test]
    fn help_names_all_kinds_and_actions() {
        use clap::CommandFactory as _;
        let mut command = crate::args::Arguments::command();
        let simulate = command.find_subcommand_mut("simulate").expect("a command");
        let help = simulate.render_help().to_string();
        let kinds = Kind::ALL.map(Kind::word);
        let actions = enigma_sim::Action::ALL.map(enigma_sim::Action::word);
        for word in kinds.iter().chain(&actions) {
            assert!(help.contains(word), "{word}");
        }
    }

    #[test]
    fn broken_cases_are_kept_and_told_with_the_shortest_command() {
        let line = "program=a parties=3 rows=5 invalid=0 seed=1 network=fair adversary=none";
        let case: Case = line.parse().expect("is a case");
        let broken = Broken {
            smallest: case.clone(),
            case,
            rules: vec!["a rule".to_owned()],
        };
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("regressions.txt");
        record(&file, std::slice::from_ref(&broken)).expect("writes");
        record(&file, &[broken]).expect("appends");
        let kept = std::fs::read_to_string(&file).expect("reads");
        assert_eq!(enigma_sim::cases(&kept).map(|cases| cases.len()), Ok(2));
    }
}
