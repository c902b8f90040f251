//! How the command line speaks: data to standard output, everything else to standard error; one
//! actionable error with a hint.

use std::fmt;

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
            message: message.into(),
            hint: None,
            code: EXIT_INPUT,
        }
    }

    /// Something outside failed.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
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

impl From<enigma_client::ClientError> for Problem {
    fn from(error: enigma_client::ClientError) -> Self {
        Self::failed(error.to_string())
    }
}

impl From<enigma_chain::ChainError> for Problem {
    fn from(error: enigma_chain::ChainError) -> Self {
        Self::failed(error.to_string())
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
    fn problems_have_a_hint_line() {
        let problem = Problem::new("a.csv:3: bad").hint("do better");
        assert_eq!(problem.to_string(), "a.csv:3: bad\nhint: do better");
        assert_eq!(problem.exit_code(), EXIT_INPUT);
        assert_eq!(Problem::failed("x").exit_code(), EXIT_FAILED);
    }
}
