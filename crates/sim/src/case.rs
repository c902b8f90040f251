//! One run as data, and as a line of text.
//!
//! ```text
//! program=audit parties=3 rows=5 invalid=1 seed=17 network=fair adversary=2:product:add@17
//! ```

use std::fmt;
use std::str::FromStr;

use crate::adversary::Adversary;
use crate::network::Network;

/// One run. Everything not here comes from the seed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Name of the program.
    pub program: String,
    /// Committee size.
    pub parties: u8,
    /// Valid rows of each collection.
    pub rows: u32,
    /// Rows out of range.
    pub invalid: u32,
    /// The seed.
    pub seed: u64,
    /// What the network does.
    pub network: Network,
    /// What corrupt parties do.
    pub adversary: Adversary,
}

/// A case's text is wrong; says how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseError(String);

/// The cases of a regression file: one on each line but empty ones and comments, which begin with #.
///
/// # Errors
/// The number of the first wrong line, from 1, and what is wrong.
pub fn cases(text: &str) -> Result<Vec<Case>, CaseError> {
    let lines = (1..).zip(text.lines());
    lines
        .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
        .map(|(number, line)| {
            line.parse()
                .map_err(|CaseError(why)| CaseError(format!("line {number}: {why}")))
        })
        .collect()
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "program={} parties={} rows={} invalid={} seed={} network={} adversary={}",
            self.program,
            self.parties,
            self.rows,
            self.invalid,
            self.seed,
            self.network,
            self.adversary
        )
    }
}

impl FromStr for Case {
    type Err = CaseError;

    fn from_str(text: &str) -> Result<Case, CaseError> {
        const KEYS: [&str; 7] = [
            "program",
            "parties",
            "rows",
            "invalid",
            "seed",
            "network",
            "adversary",
        ];
        let mut values: [Option<&str>; 7] = [None; 7];
        for word in text.split_whitespace() {
            let known = word.split_once('=').and_then(|(key, value)| {
                let place = KEYS.iter().position(|known| *known == key)?;
                Some((place, value))
            });
            let (place, value) = known.ok_or_else(|| {
                CaseError(format!(
                    "`{word}` is not KEY=VALUE with a key of {}",
                    KEYS.join(", ")
                ))
            })?;
            if values[place].replace(value).is_some() {
                return Err(CaseError(format!("`{}` is given twice", KEYS[place])));
            }
        }
        let value = |place: usize| -> Result<&str, CaseError> {
            values[place].ok_or_else(|| CaseError(format!("`{}` is missing", KEYS[place])))
        };
        fn number<T: FromStr>(key: &str, text: &str) -> Result<T, CaseError> {
            let wrong = |_| CaseError(format!("`{key}={text}` is not a number that fits"));
            text.parse().map_err(wrong)
        }
        let network: Result<Network, _> = value(5)?.parse();
        let adversary: Result<Adversary, _> = value(6)?.parse();
        Ok(Case {
            program: value(0)?.to_owned(),
            parties: number(KEYS[1], value(1)?)?,
            rows: number(KEYS[2], value(2)?)?,
            invalid: number(KEYS[3], value(3)?)?,
            seed: number(KEYS[4], value(4)?)?,
            network: network.map_err(|error| CaseError(error.to_string()))?,
            adversary: adversary.map_err(|error| CaseError(error.to_string()))?,
        })
    }
}

impl fmt::Display for CaseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for CaseError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back() {
        let line = "program=a parties=5 rows=4 invalid=1 seed=9 \
                    network=unordered:300,partition:1+2@5-90 adversary=2+3:square:cancel@4";
        let case: Case = line.parse().expect("is a case");
        assert_eq!(case.to_string().parse(), Ok(case.clone()));
        let file = format!("# two runs\n{case}\n\n{case}\n");
        assert_eq!(cases(&file), Ok(vec![case.clone(), case]));
    }

    #[test]
    fn wrong_lines_are_refused_with_their_number() {
        for (line, says) in [
            ("program=a", "line 2: `network` is missing"),
            ("colour=red", "`colour=red` is not KEY=VALUE"),
            ("rows=1 rows=1", "`rows` is given twice"),
            (
                "program=a parties=300 rows=1 invalid=0 seed=1 network=fair adversary=none",
                "`parties=300` is not a number that fits",
            ),
            (
                "program=a parties=3 rows=1 invalid=0 seed=1 network=slow adversary=none",
                "`slow` is none of",
            ),
        ] {
            let error = cases(&format!("\n{line}")).expect_err(line);
            assert!(error.to_string().contains(says), "{error}");
        }
    }
}
