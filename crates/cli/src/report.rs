//! How the command line speaks: data to standard output, everything else to standard error; one
//! actionable error with a hint.

use std::fmt;

use enigma_chain::ChainError;
use enigma_client::ClientError;
use enigma_wire::id::NodeId;

/// An error a person can act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    message: String,
    hint: Option<String>,
    code: u8,
}

/// The command was used wrongly, or its input is bad.
pub(crate) const EXIT_INPUT: u8 = 2;
/// The network, a node or the chain failed.
pub(crate) const EXIT_FAILED: u8 = 1;

impl Problem {
    /// Bad input or usage.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            message: plain(&message.into()),
            hint: None,
            code: EXIT_INPUT,
        }
    }

    /// Something outside failed.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self {
            message: plain(&message.into()),
            hint: None,
            code: EXIT_FAILED,
        }
    }

    /// What to do about it.
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    /// The process's exit code.
    pub(crate) fn exit_code(&self) -> u8 {
        self.code
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Problem {}

impl From<ClientError> for Problem {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Unknown { what, known } => {
                Self::new(format!("there is no {what}")).hint(format!("there is: {known}"))
            }
            ClientError::Chain(error) => error.into(),
            ClientError::Unreachable { .. } => Self::failed(error.to_string())
                .hint("`enigma status` shows which nodes answer; try again"),
            other => Self::failed(other.to_string()),
        }
    }
}

impl From<ChainError> for Problem {
    fn from(error: ChainError) -> Self {
        let problem = Self::failed(error.to_string());
        match error {
            ChainError::Unreachable { .. } => problem.hint(
                "start the chain (a devnet's with `enigma devnet`), or correct the address in the network file",
            ),
            ChainError::WrongChain { .. }
            | ChainError::Replaced { .. }
            | ChainError::NoContract { .. }
            | ChainError::NotController { .. } => problem.hint(
                "the network file names chain and controller; another chain may run at this address, or the same one without its data",
            ),
            ChainError::OutOfFunds { .. } => problem.hint("send the account coins, or act with another key"),
            ChainError::Reorganised { .. } => {
                problem.hint("what was read from the chain no longer holds; run the command again")
            }
            ChainError::NotMined(_) | ChainError::NotFinal { .. } | ChainError::Crowded { .. } => {
                problem.hint("`enigma log` shows whether it was recorded; commands are safe to repeat")
            }
            _ => problem,
        }
    }
}

/// Prints an error to standard error.
#[allow(clippy::print_stderr)] // The one place that writes errors for people.
pub(crate) fn error(problem: &Problem) {
    eprintln!("error: {problem}");
}

/// Prints a line of progress to standard error.
#[allow(clippy::print_stderr)] // The one place that writes progress for people.
pub(crate) fn progress(line: &str) {
    eprintln!("{line}");
}

/// Prints data to standard output. A closed pipe is the reader's choice, not an error.
pub(crate) fn data(text: &str) {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}");
}

/// Some nodes by their numbers.
pub(crate) fn nodes(nodes: &[NodeId]) -> String {
    let names: Vec<String> = nodes.iter().map(ToString::to_string).collect();
    format!("nodes {}", names.join(", "))
}

/// An amount with its unit, for people: the chain's smallest unit and the whole unit of 10^18.
pub(crate) fn amount(amount: u128) -> String {
    let (whole, rest) = (amount / 10u128.pow(18), amount % 10u128.pow(18));
    let fraction = format!("{rest:018}");
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() {
        format!("{whole} coins")
    } else {
        format!("{whole}.{fraction} coins")
    }
}

/// Coins as a person writes them, such as `0.01`, in the chain's smallest unit.
pub(crate) fn parse_amount(text: &str) -> Result<u128, String> {
    let wrong = || "give an amount of coins such as 2 or 0.05, with at most 18 decimals".to_owned();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || fraction.len() > 18 || !digits(whole) || !digits(fraction) {
        return Err(wrong());
    }
    let whole: u128 = whole.parse().map_err(|_| wrong())?;
    let fraction: u128 = format!("{fraction:0<18}").parse().map_err(|_| wrong())?;
    let amount = whole
        .checked_mul(10u128.pow(18))
        .and_then(|coins| coins.checked_add(fraction));
    amount.ok_or_else(wrong)
}

/// A length with its unit, for people.
pub(crate) fn bytes(bytes: u64) -> String {
    // Digits behind the point are cut off, not rounded.
    let tenths = |unit: u64| format!("{}.{}", bytes / unit, bytes % unit / (unit / 10));
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} kB", tenths(1_000)),
        1_000_000..1_000_000_000 => format!("{} MB", tenths(1_000_000)),
        _ => format!("{} GB", tenths(1_000_000_000)),
    }
}

/// A count with its noun: `1 file`, `3 files`.
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    let noun = if count == 1 { one } else { many };
    format!("{count} {noun}")
}

/// `once`, `twice`, `n times`.
pub(crate) fn times(count: u32) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        more => format!("{more} times"),
    }
}

/// A moment (Unix seconds) as a date and time, UTC.
pub(crate) fn moment(seconds: u64) -> String {
    let moment = std::time::UNIX_EPOCH.checked_add(std::time::Duration::from_secs(seconds));
    // Later than year 9999 has no such form.
    match moment.filter(|_| seconds < 253_402_300_800) {
        Some(moment) => humantime::format_rfc3339_seconds(moment).to_string(),
        None => "the end of time".to_owned(),
    }
}

/// Text on one line. What others wrote (a node's address, its reasons) could otherwise forge lines, or
/// take hold of the terminal.
pub(crate) fn plain(text: &str) -> String {
    let shown = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    text.chars().map(shown).collect()
}

/// Prints a table to standard output.
pub(crate) fn table(header: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    let mut table = comfy_table::Table::new();
    table
        .load_style(comfy_table::presets::NOTHING)
        .set_header(header);
    for row in rows {
        table.add_row(row.iter().map(|cell| plain(cell)));
    }
    // Without borders the first column needs no margin, and line ends no blanks.
    let text: Vec<String> = table
        .to_string()
        .lines()
        .map(|line| line.trim().to_owned())
        .collect();
    data(&text.join("\n"));
}

/// Progress of long work, shown only to a person at a terminal.
pub(crate) struct Progress(indicatif::ProgressBar);

impl Progress {
    /// A bar up to `total` of `what`.
    pub(crate) fn start(total: usize, what: &str) -> Self {
        let template = format!("{{bar:30}} {{pos}}/{{len}} {what}  {{elapsed}}");
        Self::new(indicatif::ProgressBar::new(total as u64), &template)
    }

    /// Something without a known end.
    pub(crate) fn spinner(what: &str) -> Self {
        let bar = Self::new(
            indicatif::ProgressBar::new_spinner(),
            &format!("{{spinner}} {what}  {{elapsed}}"),
        );
        bar.0
            .enable_steady_tick(std::time::Duration::from_millis(120));
        bar
    }

    fn new(bar: indicatif::ProgressBar, template: &str) -> Self {
        if let Ok(style) = indicatif::ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self(bar)
    }

    /// So many are done.
    pub(crate) fn set(&self, done: usize) {
        self.0.set_position(done as u64);
    }

    /// Takes the bar away.
    pub(crate) fn finish(self) {
        self.0.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact() {
        assert_eq!(amount(0), "0 coins");
        assert_eq!(amount(10u128.pow(18)), "1 coins");
        assert_eq!(amount(1), "0.000000000000000001 coins");
        assert_eq!(amount(1_250_000_000_000_000), "0.00125 coins");
    }

    #[test]
    fn amounts_are_read_exactly() {
        assert_eq!(parse_amount("2"), Ok(2 * 10u128.pow(18)));
        assert_eq!(parse_amount("0.05"), Ok(5 * 10u128.pow(16)));
        assert_eq!(parse_amount("0.000000000000000001"), Ok(1));
        for text in [
            "",
            ".",
            ".5",
            "-1",
            "1e3",
            "0.0000000000000000001",
            "9999999999999999999999",
            "1,5",
        ] {
            assert!(parse_amount(text).is_err(), "{text}");
        }
    }

    #[test]
    fn lengths_have_a_unit() {
        let shown = [0, 999, 1_000, 1_999_999, 17_150_000, 4_000_000_000].map(bytes);
        assert_eq!(
            shown,
            ["0 B", "999 B", "1.0 kB", "1.9 MB", "17.1 MB", "4.0 GB"]
        );
    }

    #[test]
    fn moments_have_a_date() {
        assert_eq!(moment(0), "1970-01-01T00:00:00Z");
        assert_eq!(moment(u64::MAX), "the end of time");
    }

    #[test]
    fn what_others_wrote_cannot_forge_lines() {
        assert_eq!(
            plain("a\n\u{1b}[2Jb\u{9b}"),
            "a\u{fffd}\u{fffd}[2Jb\u{fffd}"
        );
        let problem = Problem::failed("node 1 says\nerror: all is well");
        assert_eq!(problem.to_string().lines().count(), 1);
    }

    #[test]
    fn problems_have_a_hint_line() {
        let problem = Problem::new("a.csv:3: bad").hint("do better");
        assert_eq!(problem.to_string(), "a.csv:3: bad\nhint: do better");
        assert_eq!(problem.exit_code(), EXIT_INPUT);
        assert_eq!(Problem::failed("x").exit_code(), EXIT_FAILED);
    }
}
