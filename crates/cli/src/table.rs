//! CSV files with named columns: UTF-8, a header, every row whole; errors name file and line.

use std::path::{Path, PathBuf};

use csv::{ByteRecord, ReaderBuilder};

use crate::report::Problem;

/// A file, for its name in errors.
pub(crate) struct Table {
    path: PathBuf,
}

/// The wanted fields of a row, in the order in which they were asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Counted from 1; the header is line 1.
    pub(crate) line: u64,
    /// Without surrounding spaces.
    pub(crate) fields: Vec<String>,
}

/// What is done about columns that nobody asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Others {
    Ignored,
    Refused,
}

impl Table {
    /// A table in the file at `path`.
    pub(crate) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    /// The file's bytes.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, Problem> {
        std::fs::read(path).map_err(|error| {
            Problem::new(format!("{}: cannot be read: {error}", path.display()))
                .hint("check the path; the file must be readable")
        })
    }

    /// Reads the wanted columns of all rows, in whatever order they stand, and no matter what else there is.
    ///
    /// # Errors
    /// The first thing that is wrong, with file, line and a hint.
    pub(crate) fn rows(&self, bytes: &[u8], wanted: &[&str]) -> Result<Vec<Row>, Problem> {
        self.read(bytes, wanted, Others::Ignored)
    }

    /// The same of a file that has no other columns.
    ///
    /// # Errors
    /// As [`Table::rows`]; and a column that is not wanted.
    pub(crate) fn rows_of_all(&self, bytes: &[u8], wanted: &[&str]) -> Result<Vec<Row>, Problem> {
        self.read(bytes, wanted, Others::Refused)
    }

    fn read(&self, bytes: &[u8], wanted: &[&str], others: Others) -> Result<Vec<Row>, Problem> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(bytes);
        let mut records = reader.byte_records();
        let header = match records.next() {
            Some(record) => self.fields(&self.sound(record)?)?,
            None => {
                let problem = self.whole("is empty".to_owned());
                return Err(problem.hint(format!(
                    "the first line must be the header {}",
                    wanted.join(",")
                )));
            }
        };
        let places = wanted
            .iter()
            .map(|column| self.place(&header, column, wanted))
            .collect::<Result<Vec<usize>, Problem>>()?;
        let unknown = header.iter().find(|name| !wanted.contains(&name.as_str()));
        if let (Some(unknown), Others::Refused) = (unknown, others) {
            let problem = self.at(1, format!("column {unknown:?} is unknown"));
            return Err(problem.hint(format!(
                "the columns must be {}, in any order",
                wanted.join(",")
            )));
        }
        records
            .map(|record| self.row(&self.sound(record)?, header.len(), &places))
            .collect()
    }

    /// A problem on a line.
    pub(crate) fn at(&self, line: u64, message: String) -> Problem {
        Problem::new(format!("{}:{line}: {message}", self.path.display()))
    }

    /// A problem of the whole file.
    pub(crate) fn whole(&self, message: String) -> Problem {
        Problem::new(format!("{}: {message}", self.path.display()))
    }

    fn row(&self, record: &ByteRecord, columns: usize, places: &[usize]) -> Result<Row, Problem> {
        let line = line_of(record);
        let fields = self.fields(record)?;
        if fields.len() != columns {
            let message = format!("{} fields, but the header has {columns}", fields.len());
            let hint = "give every column a value; put text that contains a comma in double quotes";
            return Err(self.at(line, message).hint(hint));
        }
        Ok(Row {
            line,
            fields: places.iter().map(|place| fields[*place].clone()).collect(),
        })
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

    fn place(&self, header: &[String], wanted: &str, all: &[&str]) -> Result<usize, Problem> {
        let mut places = (0..header.len()).filter(|at| header[*at] == wanted);
        match (places.next(), places.next()) {
            (Some(place), None) => Ok(place),
            (Some(_), Some(_)) => {
                let problem = self.at(1, format!("column {wanted:?} appears twice"));
                Err(problem.hint("remove one of the two columns"))
            }
            (None, _) => {
                let message = format!("column {wanted:?} is missing; found {header:?}");
                let hint = format!("the first line must be the header {}", all.join(","));
                Err(self.at(1, message).hint(hint))
            }
        }
    }
}

fn line_of(record: &ByteRecord) -> u64 {
    record.position().map_or(1, csv::Position::line)
}
