//! The rows of the key that acts, where the contract takes several: named value by value, in JSON, or a text each.

use std::io::IsTerminal as _;

use enigma_client::values::{self, Layout, RowsError};
use zeroize::Zeroizing;

use super::GiveOptions;
use crate::report::Problem;

/// Reads them from the command line or from what is piped in. `most`: how many there may be.
///
/// # Errors
/// The first thing that is wrong, with its row and a hint.
pub(super) fn several(
    options: &GiveOptions,
    layout: &Layout,
    most: u32,
) -> Result<Vec<Vec<i64>>, Problem> {
    if !options.row.is_empty() {
        let rows = layout.read_named_rows(&options.row, most);
        return rows.map_err(problem);
    }
    let text = match &options.value {
        Some(text) => Zeroizing::new(text.clone()),
        None if std::io::stdin().is_terminal() => {
            return Err(Problem::new("which rows?").hint(how(layout)));
        }
        None => piped()?,
    };
    read(&text, layout, most)
}

fn read(text: &str, layout: &Layout, most: u32) -> Result<Vec<Vec<i64>>, Problem> {
    let text = text.trim();
    if text.starts_with(['[', '{']) {
        let rows = values::parse_json(text).map_err(|error| {
            Problem::new(format!("the rows are no list in JSON: {error}")).hint(how(layout))
        })?;
        return layout.read_json_rows(&rows, most).map_err(problem);
    }
    match layout.fields() {
        [_] => {
            let lines: Vec<&str> = text.lines().map(str::trim).collect();
            layout.read_text_rows(&lines, most).map_err(problem)
        }
        _ => Err(Problem::new("the rows are no list in JSON").hint(how(layout))),
    }
}

fn how(layout: &Layout) -> String {
    format!(
        "a row has the values {}: give a file with --csv FILE, a list of objects in JSON, or each value as --row NAME=VALUE",
        layout.names().join(", ")
    )
}

fn problem(error: RowsError) -> Problem {
    Problem::new(error.to_string()).hint(error.hint())
}

fn piped() -> Result<Zeroizing<String>, Problem> {
    let read = std::io::read_to_string(std::io::stdin()).map(Zeroizing::new);
    let text =
        read.map_err(|error| Problem::failed(format!("the rows cannot be read: {error}")))?;
    if text.trim().is_empty() {
        return Err(Problem::new("nothing to give: the input is empty")
            .hint("pipe in a list of rows in JSON, or name a file with --csv"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(collect: &str, sum: &str) -> Layout {
        let source = format!(
            "contract T version 1 {{
               struct Row {{ dept: bool; income: u64 range 0..=9; }}
               party p;
               collect {collect} allow any to p;
               entry e() {{ reveal total = {sum}.sum() to p; }}
             }}"
        );
        let contract = enigma_lang::compile(&source).contract.expect("compiles");
        Layout::of_rows(&contract, 0).expect("a collection")
    }

    #[test]
    fn rows_come_in_json_or_one_a_line() {
        let table = layout("rows: private table<Row> from p max_rows 3", "rows.income");
        let list = layout("list: private [u64; max 3] from p range 0..=9", "list");
        let json = r#"[{"dept": true, "income": 3}, {"dept": "no", "income": 4}]"#;
        assert_eq!(read(json, &table, 3).expect("good"), [[1, 3], [0, 4]]);
        for text in ["[7, 8]", "7\n8\n", " 7\r\n8"] {
            assert_eq!(read(text, &list, 3).expect("good"), [[7], [8]]);
        }
        assert_eq!(read("7", &list, 3).expect("good"), [[7]]);
        for (text, of, what) in [
            ("7\n\n8", &list, "row 2: list is empty"),
            ("7\n10", &list, "row 2: 10 is above 9"),
            (
                "[1, 2, 3, 4]",
                &list,
                "4 rows; the contract takes at most 3",
            ),
            ("[1, 2", &list, "no list in JSON: "),
            (
                "7\n8",
                &table,
                "no list in JSON\nhint: a row has the values dept, income",
            ),
        ] {
            let problem = read(text, of, 3).expect_err("refused").to_string();
            assert!(
                problem.contains(what) && problem.contains("\nhint: "),
                "{problem}"
            );
        }
    }
}
