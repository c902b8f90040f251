//! Why a call is refused.

use std::fmt;

use crate::span::Span;

/// Why an entry did not run. Nothing of the call stays.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// There is no such entry.
    UnknownEntry {
        /// The name asked for.
        entry: String,
    },
    /// `by` names somebody else.
    NotAllowed {
        /// Who may call.
        by: String,
    },
    /// `when` does not hold.
    Condition,
    /// Other parameters are expected, or a value is not of the parameter's type.
    Arguments {
        /// What was expected.
        expected: String,
    },
    /// A parameter is outside its range.
    OutOfRange {
        /// The parameter.
        parameter: String,
    },
    /// No values were given for a collection that the entry reads.
    NoInput {
        /// Its name.
        collection: String,
    },
    /// After dropping rows that are refused there are too few.
    TooFewRows {
        /// The collection's name.
        collection: String,
        /// Valid rows.
        valid: usize,
        /// How many the entry needs.
        minimum: u32,
    },
    /// There are more rows than may be given.
    TooManyRows {
        /// The collection's name.
        collection: String,
        /// Given rows.
        given: usize,
        /// The most there may be.
        maximum: u64,
    },
    /// Fewer members than the group's `min` contribute.
    TooFewMembers {
        /// The group's name.
        group: String,
        /// Members with valid rows.
        contribute: usize,
        /// The group's `min`.
        minimum: u32,
    },
    /// Too few contributions stand behind an accumulator.
    TooFewContributions {
        /// The slot's name.
        slot: String,
        /// How many there are.
        contributions: u64,
        /// How many its `allow` asks for.
        minimum: u32,
    },
    /// The values given have taken part in as many runs as `privacy` admits.
    Spent {
        /// The collection's name.
        collection: String,
        /// `runs_per_input`.
        runs: u32,
    },
    /// Noise of this run would exceed what `privacy` admits for the values given.
    Budget {
        /// The collection's name.
        collection: String,
    },
    /// An account has not deposited what it is to pay.
    Deposit {
        /// The account.
        account: String,
        /// What it has.
        has: i128,
        /// What it is to pay.
        amount: i128,
    },
    /// The contract has not the funds that it is to pay.
    Funds {
        /// What it has.
        has: i128,
        /// What it is to pay.
        amount: i128,
    },
    /// A payment of less than nothing.
    Negative {
        /// The amount.
        amount: i128,
    },
    /// `require` does not hold.
    Require {
        /// What it says.
        message: Option<String>,
    },
    /// `min_group` of a public count.
    SmallGroup {
        /// The reveal.
        reveal: String,
        /// How many there are.
        count: i128,
        /// How many there must be.
        least: i128,
    },
    /// A public number leaves its type.
    DoesNotFit {
        /// What is computed there.
        span: Span,
        /// The type.
        ty: String,
    },
    /// A list would be longer than vectors may be.
    TooLong,
    /// The run takes more steps than the interpreter makes, or nests deeper.
    TooMuchWork,
    /// Not a refusal: what the checker excludes has happened, so the checker or the interpreter is wrong.
    Internal {
        /// Where.
        span: Span,
        /// What.
        what: String,
    },
}

impl Refusal {
    /// Whether it is no refusal, but a fault of the checker or of the interpreter.
    #[must_use]
    pub fn is_internal(&self) -> bool {
        matches!(self, Refusal::Internal { .. })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use Refusal as R;
        match self {
            R::UnknownEntry { entry } => write!(f, "there is no entry `{entry}`"),
            R::NotAllowed { by } => write!(f, "only {by} may call it"),
            R::Condition => f.write_str("its `when` does not hold"),
            R::Arguments { expected } => write!(f, "expected {expected}"),
            R::OutOfRange { parameter } => write!(f, "`{parameter}` is outside its range"),
            R::NoInput { collection } => write!(f, "no values were given for `{collection}`"),
            R::TooFewRows {
                collection,
                valid,
                minimum,
            } => {
                write!(
                    f,
                    "`{collection}` has {valid} valid rows, and {minimum} are needed"
                )
            }
            R::TooManyRows {
                collection,
                given,
                maximum,
            } => {
                write!(
                    f,
                    "`{collection}` has {given} rows, and {maximum} is the most"
                )
            }
            R::TooFewMembers {
                group,
                contribute,
                minimum,
            } => {
                write!(
                    f,
                    "{contribute} members of `{group}` contribute, and {minimum} are needed"
                )
            }
            R::TooFewContributions {
                slot,
                contributions,
                minimum,
            } => {
                write!(
                    f,
                    "`{slot}` holds {contributions} contributions, and {minimum} are needed"
                )
            }
            R::Spent { collection, runs } => {
                write!(
                    f,
                    "the values of `{collection}` have taken part in {runs} runs, and no more are allowed"
                )
            }
            R::Budget { collection } => {
                write!(
                    f,
                    "the privacy budget of `{collection}` does not suffice for another run"
                )
            }
            R::Deposit {
                account,
                has,
                amount,
            } => {
                write!(f, "{account} is to pay {amount} and has deposited {has}")
            }
            R::Funds { has, amount } => {
                write!(f, "the contract is to pay {amount} and has {has}")
            }
            R::Negative { amount } => write!(f, "a payment of {amount}"),
            R::Require {
                message: Some(message),
            } => f.write_str(message),
            R::Require { message: None } => f.write_str("a `require` does not hold"),
            R::SmallGroup {
                reveal,
                count,
                least,
            } => {
                write!(f, "`{reveal}` is about {count}, and {least} are needed")
            }
            R::DoesNotFit { ty, .. } => write!(f, "a public number does not fit in {ty}"),
            R::TooLong => f.write_str("a list is too long"),
            R::TooMuchWork => f.write_str("it takes too much work for the interpreter"),
            R::Internal { what, .. } => write!(f, "internal error: {what}"),
        }
    }
}

impl std::error::Error for Refusal {}

/// The way a step ends early. Boxed, since results travel through every expression.
pub(super) type Run<T> = Result<T, Box<Refusal>>;

/// Something that the checker excludes.
pub(super) fn internal<T>(span: Span, what: impl Into<String>) -> Run<T> {
    let what = what.into();
    Err(Box::new(Refusal::Internal { span, what }))
}
