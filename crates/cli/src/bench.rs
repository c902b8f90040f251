//! `enigma bench`: how fast this machine's committee is. Every party is a process of its own that
//! talks to the others over TLS on the loopback interface, as nodes do; key set-up and all
//! preprocessing are inside the measured time; results are checked after it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use comfy_table::{CellAlignment, Table, presets};
use enigma_bytecode::plan::{FieldName, Operation, Security};
use enigma_node::bench::{self, Answer, Greeting, Order, Spent};
use serde_json::json;

use crate::args::{BenchOptions, PaceOptions};
use crate::context::Context;
use crate::report::{self, Problem};

/// One committee's run.
struct Run {
    wall_seconds: f64,
    /// Of the busiest party.
    bytes_per_party: u64,
    /// Of all parties.
    cpu_seconds: f64,
    /// The sum of every party's peak so far; none where the system does not tell.
    peak_memory_bytes: Option<u64>,
}

/// Measures, and prints the medians.
pub(crate) fn run(context: &Context, options: &BenchOptions) -> Result<(), Problem> {
    let (operation, count) = (options.operation, options.count);
    let rounds = bench::rounds(
        operation,
        options.field,
        count,
        options.nodes,
        options.security(),
    )
    .map_err(|refused| Problem::new(refused.to_string()).hint("choose another --count"))?;
    let mut committee = Committee::start(options)?;
    let runs = (0..options.runs)
        .map(|_| committee.run())
        .collect::<Result<Vec<Run>, Problem>>()?;
    let summary = Summary::of(options, rounds, &runs);
    report::data(&match context.json {
        true => summary.object().to_string(),
        false => summary.table(),
    });
    Ok(())
}

/// A party's process: takes orders from standard input.
pub(crate) fn party(pace: &PaceOptions) -> Result<(), Problem> {
    let (orders, answers) = (std::io::stdin().lock(), std::io::stdout().lock());
    bench::party(orders, answers, pace.pace())
        .map_err(|error| Problem::failed(format!("{error:#}")))
}

/// The parties' processes, linked to each other.
struct Committee {
    parties: Vec<Party>,
}

impl Committee {
    fn start(options: &BenchOptions) -> Result<Self, Problem> {
        let parties = (1..=options.nodes)
            .map(|number| Party::start(number, &options.pace))
            .collect::<Result<_, _>>()?;
        let mut committee = Self { parties };
        let greetings = committee.answers(|answer| match answer {
            Answer::Listening(greeting) => Some(greeting),
            _ => None,
        })?;
        let members: Vec<Greeting> = greetings;
        committee.order(&Order::Join {
            operation: options.operation.to_string(),
            field: options.field.to_string(),
            count: options.count,
            semi_honest: options.semi_honest,
            seed: rand::random(),
            members,
        })?;
        committee.answers(|answer| matches!(answer, Answer::Linked).then_some(()))?;
        Ok(committee)
    }

    /// One measured run, and the check of what it computed.
    fn run(&mut self) -> Result<Run, Problem> {
        let start = Instant::now();
        self.order(&Order::Begin)?;
        let spent: Vec<Spent> = self.answers(|answer| match answer {
            Answer::Computed(spent) => Some(spent),
            _ => None,
        })?;
        let wall_seconds = start.elapsed().as_secs_f64();
        self.order(&Order::Check)?;
        self.answers(|answer| matches!(answer, Answer::Checked).then_some(()))?;
        let bytes = spent.iter().map(|spent| spent.bytes_sent);
        Ok(Run {
            wall_seconds,
            bytes_per_party: bytes.max().unwrap_or(0),
            cpu_seconds: spent.iter().map(|spent| spent.cpu_seconds).sum(),
            peak_memory_bytes: spent.iter().map(|spent| spent.peak_memory_bytes).sum(),
        })
    }

    /// Tells all parties.
    fn order(&mut self, order: &Order) -> Result<(), Problem> {
        let line = serde_json::to_string(order)
            .map_err(|error| Problem::failed(format!("an order cannot be written: {error}")))?;
        for party in &mut self.parties {
            party.tell(&line)?;
        }
        Ok(())
    }

    /// One answer of every party. When one fails its peers lose their links to it: its own reason is told
    /// before theirs.
    fn answers<T>(&mut self, wanted: impl Fn(Answer) -> Option<T>) -> Result<Vec<T>, Problem> {
        let (mut answers, mut bereaved, mut cause) = (Vec::new(), None, None);
        for party in &mut self.parties {
            match party.hear() {
                Ok(Answer::Failed(why)) => {
                    let first = if why.ends_with(PEER_STOPPED) {
                        &mut bereaved
                    } else {
                        &mut cause
                    };
                    first.get_or_insert_with(|| party.problem(&why));
                }
                Ok(answer) => answers.push(
                    wanted(answer)
                        .ok_or_else(|| party.problem("gave another answer than asked"))?,
                ),
                Err(problem) => {
                    cause.get_or_insert(problem);
                }
            }
        }
        cause.or(bereaved).map_or(Ok(answers), Err)
    }
}

/// How a failure ends that has its cause in another party.
const PEER_STOPPED: &str = "went down: the peer stopped";

/// A party's process; killed when dropped.
struct Party {
    number: u8,
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Party {
    fn start(number: u8, pace: &PaceOptions) -> Result<Self, Problem> {
        let failed = |error| Problem::failed(format!("cannot start party {number}: {error}"));
        let mut child = Command::new(std::env::current_exe().map_err(failed)?)
            .arg("bench-party")
            .args(pace.arguments())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        let (Some(orders), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Problem::failed("a party was started without its pipes"));
        };
        Ok(Self {
            number,
            child,
            orders,
            answers: BufReader::new(answers),
        })
    }

    fn tell(&mut self, line: &str) -> Result<(), Problem> {
        let told = writeln!(self.orders, "{line}").and_then(|()| self.orders.flush());
        told.map_err(|error| self.problem(&format!("takes no orders: {error}")))
    }

    fn hear(&mut self) -> Result<Answer, Problem> {
        let mut line = String::new();
        match self.answers.read_line(&mut line) {
            Ok(1..) => serde_json::from_str(&line)
                .map_err(|error| self.problem(&format!("answers nonsense: {error}"))),
            Ok(0) => Err(self.problem("ended")),
            Err(error) => Err(self.problem(&error.to_string())),
        }
    }

    fn problem(&self, why: &str) -> Problem {
        Problem::failed(format!("party {}: {why}", self.number))
    }
}

impl Drop for Party {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone afterwards.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What is printed.
struct Summary {
    operation: Operation,
    nodes: u8,
    field: FieldName,
    count: u32,
    security: Security,
    runs: u32,
    pace: PaceOptions,
    rounds: u64,
    wall_seconds: f64,
    cpu_seconds: f64,
    bytes_per_party: u64,
    peak_memory_bytes: Option<u64>,
}

impl Summary {
    fn of(options: &BenchOptions, rounds: u64, runs: &[Run]) -> Self {
        let bytes = runs.iter().map(|run| run.bytes_per_party);
        Self {
            operation: options.operation,
            nodes: options.nodes,
            field: options.field,
            count: options.count,
            security: options.security(),
            runs: options.runs,
            pace: options.pace,
            rounds,
            wall_seconds: median(runs.iter().map(|run| run.wall_seconds)),
            cpu_seconds: median(runs.iter().map(|run| run.cpu_seconds)),
            bytes_per_party: bytes.max().unwrap_or(0),
            peak_memory_bytes: runs.last().and_then(|run| run.peak_memory_bytes),
        }
    }

    fn ops_per_second(&self) -> f64 {
        f64::from(self.count) / self.wall_seconds
    }

    fn object(&self) -> serde_json::Value {
        let mut object = json!({
            "op": self.operation.to_string(),
            "nodes": self.nodes,
            "field": self.field.to_string(),
            "count": self.count,
            "security": self.security.to_string(),
            "wall_seconds": self.wall_seconds,
            "ops_per_second": self.ops_per_second(),
            "bytes_per_party": self.bytes_per_party,
            "rounds": self.rounds,
            "cpu_seconds": self.cpu_seconds,
            "peak_memory_bytes": self.peak_memory_bytes,
            "runs": self.runs,
        });
        let pace = [
            ("latency_ms", self.pace.latency_ms),
            ("mbps", self.pace.mbps),
        ];
        for (key, given) in pace {
            if let Some(value) = given {
                object[key] = value.into();
            }
        }
        object
    }

    fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::UTF8_HORIZONTAL_ONLY);
        let title = format!("{} of {}", self.operation, self.count);
        let committee = format!("{} nodes, {}, {}", self.nodes, self.field, self.security);
        table.set_header([title, committee]);
        let megabytes = |bytes: u64| format!("{:.1} MB", bytes as f64 / 1e6);
        let memory = self
            .peak_memory_bytes
            .map_or("unknown".to_owned(), megabytes);
        if let Some(latency) = self.pace.latency_ms {
            table.add_row(["latency", &format!("{latency} ms")]);
        }
        if let Some(mbps) = self.pace.mbps {
            table.add_row(["rate of each node's link", &format!("{mbps} Mbit/s")]);
        }
        table.add_row(["wall time", &format!("{:.4} s", self.wall_seconds)]);
        table.add_row([
            "elements per second",
            &format!("{:.0}", self.ops_per_second()),
        ]);
        table.add_row([
            "processor time, all nodes",
            &format!("{:.4} s", self.cpu_seconds),
        ]);
        table.add_row(["sent by the busiest node", &megabytes(self.bytes_per_party)]);
        table.add_row(["rounds", &self.rounds.to_string()]);
        table.add_row(["peak memory, all nodes", &memory]);
        if let Some(column) = table.column_mut(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        format!("{table}\nmedian of {} runs; results checked", self.runs)
    }
}

/// The middle value, or the mean of the two middle ones.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        len if len % 2 == 1 => values[middle],
        _ => f64::midpoint(values[middle - 1], values[middle]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert!(median([3.0, 1.0, 2.0].into_iter()).total_cmp(&2.0).is_eq());
        assert!(
            median([4.0, 1.0, 2.0, 3.0].into_iter())
                .total_cmp(&2.5)
                .is_eq()
        );
    }
}
