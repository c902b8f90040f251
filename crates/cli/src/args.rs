//! The command line, with examples.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use enigma_bytecode::plan::{FieldName, Operation, Security};
use enigma_node::bench::Pace;

use crate::node::args::NodeCommand;

use crate::commands::collect::CollectCommand;
use crate::commands::completions::CompletionsOptions;
use crate::commands::cost::CostOptions;
use crate::commands::deploy::{BindOptions, DeployOptions};
use crate::commands::explain::ExplainOptions;
use crate::commands::fmt::FmtOptions;
use crate::commands::give::GiveOptions;
use crate::commands::job::{CancelOptions, JobsOptions, QuoteOptions, RunOptions};
use crate::commands::keys::KeysCommand;
use crate::commands::log::LogOptions;
use crate::commands::lsp::LspOptions;
use crate::commands::manifest::ManifestOptions;
use crate::commands::money::{MoneyCommand, StateOptions};
use crate::commands::new::{InitOptions, NewOptions};
use crate::commands::read::ReadOptions;
use crate::commands::result::ResultOptions;
use crate::commands::rights::{GrantOptions, RevokeOptions};
use crate::commands::test::TestOptions;
use crate::commands::verify::VerifyOptions;
use crate::context::Context;
use crate::devnet::DevnetOptions;
use crate::local::chain::ExternalChain;
use crate::simulate::SimulateOptions;

/// Compute on data that nobody sees: secret-shared, under the owners' control, settled on a chain.
#[derive(Debug, Parser)]
#[command(
    name = "enigma",
    version,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 done; 1 the network, a node, the chain or the disk failed or refused; 2 bad input or usage."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) context: Context,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a whole survey on this machine: a chain, node processes, people with keys of their own.
    Demo(DemoOptions),
    /// Keep a network on this machine: a chain and nodes, until Ctrl-C.
    Devnet(DevnetOptions),
    /// Make a folder with a first contract, sample values and the commands to run it.
    New(NewOptions),
    /// Make the same in the current folder.
    Init(InitOptions),
    /// Check a contract: errors, tests, who learns what, cost.
    Check(CheckOptions),
    /// Compile a contract to bytecode (.enb) and interface (.enj).
    Build(BuildOptions),
    /// Run the tests of contracts, on plain numbers.
    Test(TestOptions),
    /// Who learns what, in plain sentences for those whose data it is.
    Manifest(ManifestOptions),
    /// What entries cost at given sizes: products, rounds, bytes.
    Cost(CostOptions),
    /// Check bytecode (.enb) as a node does, and against its source.
    Verify(VerifyOptions),
    /// Format contracts: one style, no options.
    Fmt(FmtOptions),
    /// What a code like E0310 is about.
    Explain(ExplainOptions),
    /// Serve an editor: the language server.
    Lsp(LspOptions),
    /// Make, list, back up and restore keys.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Put a contract on the chain and make an instance of it.
    Deploy(DeployOptions),
    /// Publish your sealing key as a party of an instance.
    Bind(BindOptions),
    /// Open, show and close collections.
    #[command(subcommand)]
    Collect(CollectCommand),
    /// Give values to a collection: dealt as verifiable shares, sealed to the nodes.
    Give(GiveOptions),
    /// Consent: who may run which entry on your value, how often, until when.
    Grant(GrantOptions),
    /// End a consent.
    Revoke(RevokeOptions),
    /// What running an entry would cost.
    Quote(QuoteOptions),
    /// Run an entry on a collection: pay, wait, read.
    Run(RunOptions),
    /// Call a job off and take the fee back.
    Cancel(CancelOptions),
    /// Read what you may of a job's results.
    Result(ResultOptions),
    /// List jobs.
    Jobs(JobsOptions),
    /// What an instance keeps for everyone to see, and its money.
    State(StateOptions),
    /// Read what an instance's committee keeps beside the chain, if the contract lets you.
    Read(ReadOptions),
    /// Put money into an instance, take it back, be paid.
    #[command(subcommand)]
    Money(MoneyCommand),
    /// The chain's record in plain words.
    Log(LogOptions),
    /// The network at a glance.
    Status,
    /// Make, register, run, show or retire a node.
    #[command(subcommand)]
    Node(NodeCommand),
    /// Print completions for a shell.
    Completions(CompletionsOptions),
    /// Measure this machine: node processes, encrypted links, preprocessing in the measured time.
    Bench(BenchOptions),
    /// One party of a bench; started by `bench`.
    #[command(hide = true)]
    BenchParty(PaceOptions),
    /// Try committees with bad networks and corrupt parties, in one process from one seed.
    Simulate(SimulateOptions),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  enigma demo salaries
  enigma demo salaries --input people.csv --nodes 5
  enigma demo salaries --json > result.json")]
pub(crate) struct DemoOptions {
    /// Which survey to run.
    pub(crate) survey: Survey,
    /// CSV file with the columns `name` and the collection's name, and a header [default: a sample of
    /// 20 people].
    #[arg(long, value_name = "FILE.csv")]
    pub(crate) input: Option<PathBuf>,
    /// Committee size: n = 2t+1 nodes, of which up to t may misbehave without learning anything.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = committee_size)]
    pub(crate) nodes: u8,
    /// Keep everything (chain, nodes' data and logs) in this new folder.
    #[arg(long, value_name = "DIR")]
    pub(crate) keep: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) chain: ExternalChain,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Survey {
    /// Everyone learns the average and their own rank.
    Salaries,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  enigma check examples/salaries/salaries.enigma
  enigma check --json contract.enigma")]
pub(crate) struct CheckOptions {
    /// The contract's source.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  enigma build examples/salaries/salaries.enigma
  enigma build contract.enigma --output-dir out")]
pub(crate) struct BuildOptions {
    /// The contract's source.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Where to write [default: beside the source].
    #[arg(long, value_name = "DIR")]
    pub(crate) output_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  enigma bench mul --count 1000000
  enigma bench lt --nodes 5 --count 100000 --runs 3
  enigma bench rank --count 300 --json
  enigma bench mul --count 1000000 --latency-ms 50 --mbps 100

Wall time is from the order to begin until the last node has its results, the median of all runs.
Values are dealt before. Results are opened and compared with plain arithmetic after each run.")]
pub(crate) struct BenchOptions {
    /// What to measure: `mul` multiplies two vectors, `dot` gives their inner product, `matmul`
    /// multiplies two square matrices, `depth` is a chain of products, `lt` and `eq` compare two
    /// vectors, `rank` ranks one, `shuffle` and `sort` order one. `trunc` cuts off 16 bits, `bits` gives 32, `select` chooses between
    /// two vectors by bits of a third, `lookup` reads a table of 16 numbers, `max` finds the largest,
    /// `div` divides by shared numbers, `sqrt` takes integer roots, `median` finds the element in the
    /// middle, `histogram` counts between 3 bounds.
    #[arg(
        value_name = "mul|dot|matmul|depth|lt|eq|rank|shuffle|sort|trunc|bits|select|lookup|max|div|sqrt|median|histogram"
    )]
    pub(crate) operation: Operation,
    /// Committee size: n = 2t+1 nodes.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = committee_size)]
    pub(crate) nodes: u8,
    /// The field of the shares: `m61` is the integers modulo 2^61-1, `m127` those modulo 2^127-1, where
    /// values that are compared may fill 64 bits.
    #[arg(long, value_name = "m61|m127", default_value_t)]
    pub(crate) field: FieldName,
    /// Elements of each vector; rows of a matrix; products of a chain.
    #[arg(long, value_name = "C")]
    pub(crate) count: u32,
    /// How often to measure.
    #[arg(long, value_name = "R", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) runs: u32,
    /// Leave verification out, to see what it costs. For benchmarks alone: no contract can ask for it.
    #[arg(long)]
    pub(crate) semi_honest: bool,
    #[command(flatten)]
    pub(crate) pace: PaceOptions,
}

/// A slower network than the loopback interface.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct PaceOptions {
    /// Let every message arrive this long after it was sent.
    #[arg(long, value_name = "L", value_parser = clap::value_parser!(u32).range(..=10_000))]
    pub(crate) latency_ms: Option<u32>,
    /// Let all that a node sends pass at this many megabits per second.
    #[arg(long, value_name = "B", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) mbps: Option<u32>,
}

impl PaceOptions {
    /// The network asked for; none for the loopback interface as it is.
    pub(crate) fn pace(&self) -> Option<Pace> {
        (self.latency_ms.is_some() || self.mbps.is_some()).then(|| Pace {
            latency: Duration::from_millis(self.latency_ms.unwrap_or(0).into()),
            bits_per_second: self.mbps.map(|mbps| u64::from(mbps) * 1_000_000),
        })
    }

    /// The same options for another process.
    pub(crate) fn arguments(&self) -> impl Iterator<Item = String> {
        let given = [("--latency-ms", self.latency_ms), ("--mbps", self.mbps)];
        given
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{name}={}", value?)))
    }
}

impl BenchOptions {
    pub(crate) fn security(&self) -> Security {
        if self.semi_honest {
            Security::SemiHonest
        } else {
            Security::Malicious
        }
    }
}

/// An odd size that committees here have.
pub(crate) fn committee_size(text: &str) -> Result<u8, String> {
    let size: Option<u8> = text.parse().ok();
    size.filter(|n| n % 2 == 1 && (3..=31).contains(n))
        .ok_or_else(|| "a committee has an odd number of nodes from 3 to 31 (n = 2t+1)".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        use clap::CommandFactory as _;
        Arguments::command().debug_assert();
    }

    #[test]
    fn committee_sizes() {
        assert!(
            ["3", "5", "7", "9", "11", "21", "31"]
                .iter()
                .all(|size| committee_size(size).is_ok())
        );
        assert!(
            ["0", "1", "2", "4", "6", "8", "33", "-3", "three", ""]
                .iter()
                .all(|size| committee_size(size).is_err())
        );
    }
}
