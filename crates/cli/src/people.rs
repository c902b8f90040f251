//! Reads people and their values from a CSV file, and says precisely what is wrong with it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use csv::{ByteRecord, ReaderBuilder};

use crate::report::Problem;

/// One person and the value they give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) value: i64,
}

/// What the contract expects of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    /// The value column's name: the collection's name in the contract.
    pub(crate) column: String,
    /// Smallest and largest valid value.
    pub(crate) range: (i64, i64),
    /// Fewest and most people.
    pub(crate) people: (u32, u32),
}

/// The column with people's names.
const NAME_COLUMN: &str = "name";
/// Longest name, in characters.
const NAME_CHARS_MAX: usize = 200;

/// Reads the file.
///
/// # Errors
/// The first thing that is wrong, with file, line and a hint.
pub(crate) fn read(path: &Path, expected: &Expected) -> Result<Vec<Person>, Problem> {
    let bytes = std::fs::read(path).map_err(|error| {
        Problem::new(format!("{}: cannot be read: {error}", path.display()))
            .hint("check the path; the file must be readable")
    })?;
    parse(path, &bytes, expected)
}

/// Reads a file that is already in memory; `path` is named in errors.
///
/// # Errors
/// As [`read`].
pub(crate) fn parse(
    path: &Path,
    bytes: &[u8],
    expected: &Expected,
) -> Result<Vec<Person>, Problem> {
    let file = File {
        path: path.to_owned(),
        expected,
    };
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(bytes);
    let mut records = reader.byte_records();
    let header = match records.next() {
        Some(record) => file.fields(&file.sound(record)?)?,
        None => return Err(file.empty()),
    };
    let columns = file.columns(&header)?;
    let mut people = Vec::new();
    let mut lines: BTreeMap<String, u64> = BTreeMap::new();
    let (fewest, most) = expected.people;
    for record in records {
        let record = file.sound(record)?;
        let line = line_of(&record);
        if people.len() as u64 == u64::from(most) {
            let message = format!("more than {most} people; the contract allows at most {most}");
            return Err(file
                .at(line, message)
                .hint(format!("keep at most {most} rows below the header")));
        }
        let person = file.person(&record, &header, columns)?;
        if let Some(first) = lines.insert(person.name.clone(), line) {
            let message = format!("{:?} is already on line {first}", person.name);
            return Err(file
                .at(line, message)
                .hint("every person needs a name of their own and gives one value"));
        }
        people.push(person);
    }
    if people.is_empty() {
        let problem = file.whole("has a header but no people".to_owned());
        return Err(problem.hint(format!(
            "add one line per person, for example: Ada,{}",
            expected.range.1.min(4200)
        )));
    }
    if (people.len() as u64) < u64::from(fewest) {
        let message = format!(
            "{} people; the contract needs at least {fewest}",
            people.len()
        );
        let hint = format!(
            "with fewer than {fewest} people a result would say too much about each; add {} more",
            u64::from(fewest) - people.len() as u64
        );
        return Err(file.whole(message).hint(hint));
    }
    Ok(people)
}

/// Where the name and the value are in a row.
#[derive(Clone, Copy)]
struct Columns {
    name: usize,
    value: usize,
}

struct File<'a> {
    path: PathBuf,
    expected: &'a Expected,
}

impl File<'_> {
    fn at(&self, line: u64, message: String) -> Problem {
        Problem::new(format!("{}:{line}: {message}", self.path.display()))
    }

    fn whole(&self, message: String) -> Problem {
        Problem::new(format!("{}: {message}", self.path.display()))
    }

    fn empty(&self) -> Problem {
        self.whole("is empty".to_owned()).hint(format!(
            "the first line must be the header {NAME_COLUMN},{}",
            self.expected.column
        ))
    }

    fn sound(&self, record: Result<ByteRecord, csv::Error>) -> Result<ByteRecord, Problem> {
        record.map_err(|error| self.whole(format!("is not a CSV file: {error}")))
    }

    fn fields(&self, record: &ByteRecord) -> Result<Vec<String>, Problem> {
        record
            .iter()
            .map(|field| self.text(field, line_of(record)))
            .collect()
    }

    fn text(&self, field: &[u8], line: u64) -> Result<String, Problem> {
        let text = std::str::from_utf8(field).map_err(|_| {
            self.at(line, "is not UTF-8 text".to_owned())
                .hint("save the file with UTF-8 encoding")
        })?;
        Ok(text.trim().to_owned())
    }

    fn columns(&self, header: &[String]) -> Result<Columns, Problem> {
        let place = |wanted: &str| {
            let mut places = (0..header.len()).filter(|at| header[*at] == wanted);
            match (places.next(), places.next()) {
                (Some(place), None) => Ok(place),
                (Some(_), Some(_)) => {
                    let problem = self.at(1, format!("column {wanted:?} appears twice"));
                    Err(problem.hint("remove one of the two columns"))
                }
                (None, _) => {
                    let problem =
                        self.at(1, format!("column {wanted:?} is missing; found {header:?}"));
                    let column = &self.expected.column;
                    Err(problem.hint(format!(
                        "the first line must be the header {NAME_COLUMN},{column}"
                    )))
                }
            }
        };
        Ok(Columns {
            name: place(NAME_COLUMN)?,
            value: place(&self.expected.column)?,
        })
    }

    fn person(
        &self,
        record: &ByteRecord,
        header: &[String],
        columns: Columns,
    ) -> Result<Person, Problem> {
        let line = line_of(record);
        let fields = self.fields(record)?;
        if fields.len() != header.len() {
            let message = format!(
                "{} fields, but the header has {}",
                fields.len(),
                header.len()
            );
            let hint = "give every column a value; put text that contains a comma in double quotes";
            return Err(self.at(line, message).hint(hint));
        }
        let name = fields[columns.name].clone();
        if name.is_empty() {
            return Err(self
                .at(line, "the name is empty".to_owned())
                .hint("give the person a name"));
        }
        if name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
            let problem = self.at(
                line,
                "the name is too long or holds control characters".to_owned(),
            );
            return Err(problem.hint(format!("use at most {NAME_CHARS_MAX} printable characters")));
        }
        Ok(Person {
            name,
            value: self.value(&fields[columns.value], line)?,
        })
    }

    fn value(&self, text: &str, line: u64) -> Result<i64, Problem> {
        let (low, high) = self.expected.range;
        let column = &self.expected.column;
        let range = format!("{column} must be a whole number from {low} to {high}");
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        if text.is_empty() {
            return Err(self.at(line, format!("{column} is empty")).hint(range));
        }
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            let fraction = text.parse::<f64>().is_ok_and(f64::is_finite);
            let message = format!("{text:?} is not a whole number");
            let hint = if fraction {
                format!("{range}; use the smallest unit, for example cents, instead of a fraction")
            } else {
                format!("{range}, written with digits only")
            };
            return Err(self.at(line, message).hint(hint));
        }
        match text.parse::<i64>() {
            Ok(value) if value < 0 && low >= 0 => {
                Err(self.at(line, format!("{value} is negative")).hint(range))
            }
            Ok(value) if value < low => {
                Err(self.at(line, format!("{value} is below {low}")).hint(range))
            }
            Ok(value) if value <= high => Ok(value),
            // More digits than 64 bits hold are above or below every range.
            _ if text.starts_with('-') && low >= 0 => {
                Err(self.at(line, format!("{text} is negative")).hint(range))
            }
            _ if text.starts_with('-') => {
                Err(self.at(line, format!("{text} is below {low}")).hint(range))
            }
            _ => Err(self
                .at(
                    line,
                    format!("{text} is above {high}, the most the contract allows"),
                )
                .hint(range)),
        }
    }
}

fn line_of(record: &ByteRecord) -> u64 {
    record.position().map_or(1, csv::Position::line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected() -> Expected {
        Expected {
            column: "salary".to_owned(),
            range: (0, 100_000_000),
            people: (5, 1_000),
        }
    }

    fn check(text: impl AsRef<[u8]>) -> Result<Vec<Person>, String> {
        parse(Path::new("people.csv"), text.as_ref(), &expected())
            .map_err(|problem| problem.to_string())
    }

    const GOOD: &str = "name,salary\nAda,1\nBob,2\nCleo,3\nDan,4\nEve,5\n";

    #[track_caller]
    fn refused(text: impl AsRef<[u8]>, place: &str, what: &str, hint: &str) {
        let message = check(text).expect_err("must be refused");
        let (first, second) = message.split_once("\nhint: ").expect("error and hint");
        assert!(
            first.starts_with(&format!("people.csv{place}: ")),
            "{message}"
        );
        assert!(first.contains(what), "{message}");
        assert!(second.contains(hint), "{message}");
    }

    #[test]
    fn good_files_are_read_in_order() {
        let people = check(GOOD).expect("good");
        assert_eq!(people.len(), 5);
        assert_eq!(
            people[4],
            Person {
                name: "Eve".to_owned(),
                value: 5
            }
        );
    }

    #[test]
    fn byte_order_mark_crlf_spaces_and_column_order_are_accepted() {
        let plain = check(GOOD).expect("good");
        assert_eq!(
            check(format!("\u{feff}{}", GOOD.replace('\n', "\r\n"))),
            Ok(plain.clone())
        );
        assert_eq!(
            check("salary , name\n 1, Ada\n2,Bob\n3,Cleo\n4,Dan\n5,Eve"),
            Ok(plain)
        );
    }

    #[test]
    fn values_are_checked() {
        let with = |value: &str| GOOD.replace("Cleo,3", &format!("Cleo,{value}"));
        refused(
            with("many"),
            ":4",
            "\"many\" is not a whole number",
            "digits only",
        );
        refused(
            with("12.5"),
            ":4",
            "\"12.5\" is not a whole number",
            "smallest unit",
        );
        refused(
            with("1e3"),
            ":4",
            "\"1e3\" is not a whole number",
            "smallest unit",
        );
        refused(with("-7"), ":4", "-7 is negative", "0 to 100000000");
        refused(
            with("-99999999999999999999"),
            ":4",
            "is negative",
            "0 to 100000000",
        );
        refused(
            with("100000001"),
            ":4",
            "100000001 is above 100000000",
            "0 to 100000000",
        );
        refused(
            with("99999999999999999999999"),
            ":4",
            "is above 100000000",
            "0 to 100000000",
        );
        refused(with(""), ":4", "salary is empty", "whole number");
        refused(with("NaN"), ":4", "not a whole number", "digits only");
        assert!(check(with("100000000")).is_ok());
        assert!(check(with("0")).is_ok());
    }

    #[test]
    fn rows_are_checked() {
        refused(
            GOOD.replace("Cleo,3", "Cleo"),
            ":4",
            "1 fields, but the header has 2",
            "every column",
        );
        refused(
            GOOD.replace("Cleo,3", "Cleo,3,4"),
            ":4",
            "3 fields",
            "double quotes",
        );
        refused(GOOD.replace("Cleo,3", ",3"), ":4", "name is empty", "name");
        refused(
            GOOD.replace("Cleo", "Ada"),
            ":4",
            "\"Ada\" is already on line 2",
            "own",
        );
    }

    #[test]
    fn headers_are_checked() {
        refused(
            GOOD.replace("salary", "wage"),
            ":1",
            "column \"salary\" is missing",
            "name,salary",
        );
        refused(
            GOOD.replace("name,", "who,"),
            ":1",
            "column \"name\" is missing",
            "name,salary",
        );
        refused(
            GOOD.replace("name,salary", "name,salary,salary"),
            ":1",
            "appears twice",
            "remove",
        );
    }

    #[test]
    fn sizes_are_checked() {
        refused("", "", "is empty", "name,salary");
        refused(
            "name,salary\n",
            "",
            "has a header but no people",
            "one line per person",
        );
        refused(
            "name,salary\nAda,1\nBob,2\n",
            "",
            "2 people; the contract needs at least 5",
            "add 3 more",
        );
        let many: String = (0..1_000_000).map(|i| format!("p{i},{i}\n")).collect();
        refused(
            format!("name,salary\n{many}"),
            ":1002",
            "more than 1000 people",
            "at most 1000",
        );
    }

    #[test]
    fn other_encodings_are_named_with_their_line() {
        let mut bytes = GOOD.as_bytes().to_vec();
        let at = GOOD.find("Bob").expect("there");
        bytes[at] = 0xe9;
        refused(bytes, ":3", "is not UTF-8", "UTF-8");
        let utf16: Vec<u8> = GOOD.encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(check([&[0xff, 0xfe], &utf16[..]].concat()).is_err());
    }

    #[test]
    fn arbitrary_bytes_never_panic() {
        let mut state = 1u64;
        for _ in 0..2_000 {
            let bytes: Vec<u8> = (0..40)
                .map(|_| {
                    state = state
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1);
                    b"name,salary\n\r\"0-9.\xff"[(state >> 33) as usize % 19]
                })
                .collect();
            let _ = check(bytes);
        }
    }
}
