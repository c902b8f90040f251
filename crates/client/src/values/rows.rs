//! Several rows of one member, in JSON or as named texts.

use serde_json::Value as Json;

use super::{Layout, ValueError};

/// Why what a person wrote is not the rows of one member.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RowsError {
    /// There is none.
    #[error("there are no rows")]
    Empty,
    /// There are more than the contract takes.
    #[error("{given} rows; the contract takes at most {most} from each")]
    TooMany {
        /// How many.
        given: usize,
        /// The most.
        most: u32,
    },
    /// One of them is wrong.
    #[error("row {row}: {}", .error.message)]
    Row {
        /// Which, counted from 1.
        row: usize,
        /// What is wrong with it.
        error: ValueError,
    },
}

impl RowsError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Empty => "give at least one row".to_owned(),
            Self::TooMany { most, .. } => format!("give at most {most} rows"),
            Self::Row { error, .. } => error.expected.clone(),
        }
    }
}

impl Layout {
    /// The numbers of rows in JSON: a list of rows, of which each is as [`Layout::read_json`] takes it. What is no list is one row.
    /// `most`: how many there may be.
    ///
    /// # Errors
    /// [`RowsError`]: the first thing that is wrong.
    pub fn read_json_rows(&self, value: &Json, most: u32) -> Result<Vec<Vec<i64>>, RowsError> {
        match value {
            Json::Array(rows) => gather(rows, most, |row| self.read_json(row)),
            row => gather(std::slice::from_ref(row), most, |row| self.read_json(row)),
        }
    }

    /// The numbers of rows whose values are named: a name that the row has already begins the next row.
    ///
    /// # Errors
    /// [`RowsError`]: the first thing that is wrong.
    pub fn read_named_rows(
        &self,
        texts: &[(String, String)],
        most: u32,
    ) -> Result<Vec<Vec<i64>>, RowsError> {
        let mut rows = Vec::new();
        let mut first = 0;
        for (at, (name, _)) in texts.iter().enumerate() {
            if texts[first..at].iter().any(|(earlier, _)| earlier == name) {
                rows.push(&texts[first..at]);
                first = at;
            }
        }
        if first < texts.len() {
            rows.push(&texts[first..]);
        }
        gather(&rows, most, |row| self.read_named(row))
    }

    /// The numbers of rows that are one text each: of a single value.
    ///
    /// # Errors
    /// [`RowsError`]: the first thing that is wrong.
    pub fn read_text_rows(&self, texts: &[&str], most: u32) -> Result<Vec<Vec<i64>>, RowsError> {
        gather(texts, most, |text| self.read(&[text]))
    }
}

fn gather<T>(
    rows: &[T],
    most: u32,
    read: impl Fn(&T) -> Result<Vec<i64>, ValueError>,
) -> Result<Vec<Vec<i64>>, RowsError> {
    if rows.is_empty() {
        return Err(RowsError::Empty);
    }
    if rows.len() as u64 > u64::from(most) {
        let given = rows.len();
        return Err(RowsError::TooMany { given, most });
    }
    let numbered = (1..).zip(rows);
    let read =
        numbered.map(|(row, written)| read(written).map_err(|error| RowsError::Row { row, error }));
    read.collect()
}
