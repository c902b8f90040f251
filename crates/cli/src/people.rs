//! People and their values in CSV files: reads them, and says precisely what is wrong with a file.

use std::collections::BTreeMap;
use std::path::Path;

use enigma_client::records::Member;
use enigma_client::values::Layout;
use enigma_wire::id::Address;

use crate::report::Problem;
use crate::table::{Row, Table};

/// One person and the rows they give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) name: String,
    /// Of each row its numbers, one for each column of the collection.
    pub(crate) rows: Vec<Vec<i64>>,
}

/// What the contract expects of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    /// What a row has: the file's columns.
    pub(crate) layout: Layout,
    /// Fewest and most people.
    pub(crate) people: (u32, u32),
    /// The most rows that each gives: several lines of the file may have the same name.
    pub(crate) rows_each: u32,
}

/// The column with people's names.
const NAME_COLUMN: &str = "name";
/// The same where a row has a value called `name`.
const KEY_COLUMN: &str = "key";
/// The column with members' accounts.
const ACCOUNT_COLUMN: &str = "account";
/// Longest name, in characters.
const NAME_CHARS_MAX: usize = 200;
/// Most members of a list.
const MEMBERS_MAX: u32 = 1_000_000;

/// Reads the file.
///
/// # Errors
/// The first thing that is wrong, with file, line and a hint.
pub(crate) fn read(path: &Path, expected: &Expected) -> Result<Vec<Person>, Problem> {
    parse(path, &Table::bytes(path)?, expected)
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
    let table = Table::new(path);
    let names = expected.layout.names();
    let people = match names.contains(&NAME_COLUMN) {
        true => KEY_COLUMN,
        false => NAME_COLUMN,
    };
    if names.contains(&people) {
        let message =
            "a file cannot say which key gives a row that has the values `name` and `key`";
        return Err(Problem::new(message).hint("give each row on its own: enigma give --row"));
    }
    let wanted: Vec<&str> = std::iter::once(people).chain(names).collect();
    let rows = table.rows_of_all(bytes, &wanted)?;
    let people = people_of(&table, &rows, expected)?;
    let (fewest, _) = expected.people;
    if people.is_empty() {
        let problem = table.whole("has a header but no people".to_owned());
        let fields = expected.layout.fields().iter();
        let example: Vec<String> = fields.map(|field| field.example()).collect();
        return Err(problem.hint(format!(
            "add one line per person, for example: Ada,{}",
            example.join(",")
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
        return Err(table.whole(message).hint(hint));
    }
    Ok(people)
}

/// Lines of one name are rows of one person, if a person may give several.
fn people_of(table: &Table, rows: &[Row], expected: &Expected) -> Result<Vec<Person>, Problem> {
    let ((_, most), each) = (expected.people, expected.rows_each);
    let (mut lines, mut places) = (BTreeMap::new(), BTreeMap::new());
    let mut people: Vec<Person> = Vec::with_capacity(rows.len());
    for row in rows {
        let known = places.get(&row.fields[0]).filter(|_| each > 1);
        let at = match known.copied() {
            Some(at) => at,
            None if people.len() == most as usize => {
                let message =
                    format!("more than {most} people; the contract allows at most {most}");
                let hint = match each {
                    1 => format!("keep at most {most} rows below the header"),
                    _ => format!("keep rows of at most {most} people"),
                };
                return Err(table.at(row.line, message).hint(hint));
            }
            None => {
                let (name, rows) = (unique_name(table, row, &mut lines)?, Vec::new());
                places.insert(name.clone(), people.len());
                people.push(Person { name, rows });
                people.len() - 1
            }
        };
        let read = expected.layout.read(&row.fields[1..]);
        let values =
            read.map_err(|error| table.at(row.line, error.message).hint(error.expected))?;
        people[at].rows.push(values);
        if people[at].rows.len() > each as usize {
            let message = format!("more than {each} rows of {:?}", people[at].name);
            let hint = format!("the contract takes at most {each} rows from each");
            return Err(table.at(row.line, message).hint(hint));
        }
    }
    Ok(people)
}

/// Reads the rows that one key gives: the file has the values' names for columns, and says nothing of who gives them.
///
/// # Errors
/// As [`read`].
pub(crate) fn own_rows(path: &Path, layout: &Layout, most: u32) -> Result<Vec<Vec<i64>>, Problem> {
    let table = Table::new(path);
    let rows = table.rows_of_all(&Table::bytes(path)?, &layout.names())?;
    if rows.is_empty() {
        let problem = table.whole("has a header but no rows".to_owned());
        return Err(problem.hint("add one line for each row"));
    }
    if let Some(row) = rows.get(most as usize) {
        let message = format!("more than {most} rows");
        let hint = format!("the contract takes at most {most} rows from each");
        return Err(table.at(row.line, message).hint(hint));
    }
    let read = |row: &Row| {
        let read = layout.read(&row.fields);
        read.map_err(|error| table.at(row.line, error.message).hint(error.expected))
    };
    rows.iter().map(read).collect()
}

/// The names of a file's column `name`, each once; where that is a value of the rows, of its column `key`.
///
/// # Errors
/// As [`read`]; and when the file has both columns.
pub(crate) fn names(path: &Path) -> Result<Vec<String>, Problem> {
    let table = Table::new(path);
    let bytes = Table::bytes(path)?;
    if table.rows(&bytes, &[KEY_COLUMN, NAME_COLUMN]).is_ok() {
        let problem = table.at(
            1,
            "which column names the keys, `name` or `key`?".to_owned(),
        );
        return Err(problem.hint("name the keys one by one instead: enigma keys new ada bob"));
    }
    let rows = match table.rows(&bytes, &[KEY_COLUMN]) {
        Ok(rows) => rows,
        Err(_) => table.rows(&bytes, &[NAME_COLUMN])?,
    };
    let mut lines = BTreeMap::new();
    rows.iter()
        .map(|row| unique_name(&table, row, &mut lines))
        .collect()
}

/// A member list: the columns `name` and `account`, every name and account once.
///
/// # Errors
/// As [`read`].
pub(crate) fn members(path: &Path) -> Result<Vec<Member>, Problem> {
    let table = Table::new(path);
    let rows = table.rows(&Table::bytes(path)?, &[NAME_COLUMN, ACCOUNT_COLUMN])?;
    if rows.is_empty() {
        return Err(table
            .whole("lists no members".to_owned())
            .hint("add one line per member: name,0x..."));
    }
    if let Some(row) = rows.get(MEMBERS_MAX as usize) {
        return Err(table.at(row.line, format!("more than {MEMBERS_MAX} members")));
    }
    let (mut lines, mut accounts) = (BTreeMap::new(), BTreeMap::new());
    let member = |row: &Row| {
        let name = unique_name(&table, row, &mut lines)?;
        let account: Address = row.fields[1].parse().map_err(|_| {
            table
                .at(row.line, format!("{:?} is not an account", row.fields[1]))
                .hint("an account is 20 bytes in hexadecimal, as `enigma keys list` shows it")
        })?;
        if let Some(first) = accounts.insert(account, row.line) {
            let problem = table.at(
                row.line,
                format!("account {account} is already on line {first}"),
            );
            return Err(problem.hint("every member needs an account of their own"));
        }
        Ok(Member { name, account })
    };
    rows.iter().map(member).collect()
}

/// A row's first field as a name that no earlier row has.
fn unique_name(
    table: &Table,
    row: &Row,
    lines: &mut BTreeMap<String, u64>,
) -> Result<String, Problem> {
    let name = row.fields[0].clone();
    if name.is_empty() {
        let problem = table.at(row.line, "the name is empty".to_owned());
        return Err(problem.hint("give the person a name"));
    }
    if name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        let message = "the name is too long or holds control characters".to_owned();
        let hint = format!("use at most {NAME_CHARS_MAX} printable characters");
        return Err(table.at(row.line, message).hint(hint));
    }
    if let Some(first) = lines.insert(name.clone(), row.line) {
        let message = format!("{name:?} is already on line {first}");
        let hint = "every person needs a name of their own and gives one value";
        return Err(table.at(row.line, message).hint(hint));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the rows of a contract's collection are; `sum`: what of them is added up.
    fn layout(collect: &str, sum: &str) -> Layout {
        let source = format!(
            "contract T version 1 {{
               enum Dept {{ Eng, Sales }}
               struct Row {{ dept: Dept; income: u64 range 0..=9; }}
               struct Named {{ name: text<8>; age: u64 range 0..=150; }}
               group g min 5 max 1_000;
               collect {collect} allow aggregate(5) to each g;
               entry e() {{ reveal total = {sum}.sum() to each g; }}
             }}"
        );
        let contract = enigma_lang::compile(&source).contract.expect("compiles");
        Layout::of_rows(&contract, 0).expect("a collection")
    }

    fn expected() -> Expected {
        Expected {
            layout: layout(
                "salary: private u64 from each g range 0..=100_000_000",
                "salary",
            ),
            people: (5, 1_000),
            rows_each: 1,
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
                rows: vec![vec![5]]
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

    #[test]
    fn rows_of_several_values_are_read_by_their_columns() {
        let expected = Expected {
            layout: layout("rows: private Row from each g", "rows.income"),
            people: (2, 1_000),
            rows_each: 1,
        };
        let check = |text: &str| {
            let people = parse(Path::new("rows.csv"), text.as_bytes(), &expected);
            people.map_err(|problem| problem.to_string())
        };
        let people = check("income,name,dept\n7,Ada,Eng\n9,Bob,Dept::Sales\n").expect("good");
        assert_eq!(people[1].rows, [[1, 9]]);
        for (text, first, hint) in [
            (
                "name,dept,income\nAda,Eng,7\nBob,Ops,9\n",
                "rows.csv:3: \"Ops\" is no name of Dept",
                "dept must be one of Eng, Sales",
            ),
            (
                "name,dept,income\nAda,Eng,10\nBob,Eng,9\n",
                "rows.csv:2: 10 is above 9",
                "income must be a whole number from 0 to 9",
            ),
            (
                "name,dept,income,age\nAda,Eng,7,3\n",
                "rows.csv:1: column \"age\" is unknown",
                "name,dept,income, in any order",
            ),
            (
                "name,dept\nAda,Eng\n",
                "rows.csv:1: column \"income\" is missing",
                "name,dept,income",
            ),
            (
                "name,dept,dept,income\nAda,Eng,Eng,7\n",
                "rows.csv:1: column \"dept\" appears twice",
                "remove",
            ),
            ("name,dept,income\n", "no people", "Ada,Eng,9"),
        ] {
            let message = check(text).expect_err("refused");
            let (before, after) = message.split_once("\nhint: ").expect("error and hint");
            assert!(before.contains(first) && after.contains(hint), "{message}");
        }
    }

    #[test]
    fn lines_of_one_name_are_rows_of_one_person() {
        let expected = Expected {
            layout: layout(
                "rows: private table<Row> from each g max_rows 2",
                "rows.income",
            ),
            people: (1, 2),
            rows_each: 2,
        };
        let check = |text: &str| {
            let people = parse(Path::new("rows.csv"), text.as_bytes(), &expected);
            people.map_err(|problem| problem.to_string())
        };
        let people = check("name,dept,income\nAda,Eng,7\nBob,Eng,1\nAda,Sales,8\n");
        let people = people.expect("good");
        assert_eq!((people.len(), people[0].name.as_str()), (2, "Ada"));
        assert_eq!(people[0].rows, [[0, 7], [1, 8]]);
        assert_eq!(people[1].rows, [[0, 1]]);
        for (lines, first, hint) in [
            (
                "Ada,Eng,7\nBob,Eng,1\nAda,Eng,8\nAda,Eng,9\n",
                "rows.csv:5: more than 2 rows of \"Ada\"",
                "at most 2 rows from each",
            ),
            (
                "Ada,Eng,7\nAda,Eng,8\nBob,Eng,1\nCleo,Eng,1\n",
                "rows.csv:5: more than 2 people",
                "rows of at most 2 people",
            ),
            (
                "Ada,Eng,7\nAda,Eng,10\n",
                "rows.csv:3: 10 is above 9",
                "0 to 9",
            ),
            (",Eng,7\n", "rows.csv:2: the name is empty", "a name"),
        ] {
            let message = check(&format!("name,dept,income\n{lines}")).expect_err("refused");
            let (before, after) = message.split_once("\nhint: ").expect("error and hint");
            assert!(before.contains(first) && after.contains(hint), "{message}");
        }
    }

    #[test]
    fn rows_of_one_key_need_no_name() {
        let layout = layout(
            "rows: private table<Row> from each g max_rows 2",
            "rows.income",
        );
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("own.csv");
        let read = |text: &str| {
            std::fs::write(&path, text).expect("write");
            own_rows(&path, &layout, 2).map_err(|problem| problem.to_string())
        };
        let rows = read("income,dept\n7,Eng\n8,Sales\n").expect("good");
        assert_eq!(rows, [[0, 7], [1, 8]]);
        for (text, place, what) in [
            ("dept,income\n", "", "has a header but no rows"),
            (
                "dept,income\nEng,1\nEng,2\nEng,3\n",
                ":4",
                "more than 2 rows",
            ),
            (
                "name,dept,income\nAda,Eng,1\n",
                ":1",
                "column \"name\" is unknown",
            ),
            ("dept,income\nEng,1\nOps,2\n", ":3", "\"Ops\" is no name"),
        ] {
            let message = read(text).expect_err("refused");
            let start = format!("{}{place}: ", path.display());
            assert!(
                message.starts_with(&start) && message.contains(what),
                "{message}"
            );
        }
    }

    #[test]
    fn where_rows_have_names_people_have_keys() {
        let expected = Expected {
            layout: layout("rows: private Named from each g", "rows.age"),
            people: (1, 1_000),
            rows_each: 1,
        };
        let text = b"key,name,age\nada,Ada L.,36\n";
        let people = parse(Path::new("rows.csv"), text, &expected).expect("good");
        assert_eq!(people[0].name, "ada");
        assert_eq!(people[0].rows[0].len(), 3);
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("rows.csv");
        std::fs::write(&path, text).expect("write");
        let problem = names(&path).expect_err("ambiguous").to_string();
        assert!(problem.contains("which column"), "{problem}");
        std::fs::write(&path, "key,age\nada,36\n").expect("write");
        assert_eq!(names(&path).expect("good"), ["ada"]);
    }

    #[test]
    fn a_stray_quote_does_not_swallow_the_rows_that_follow() {
        let expected = Expected {
            layout: layout("rows: private Named from each g", "rows.age"),
            people: (1, 1_000),
            rows_each: 1,
        };
        // What the quote opens ends with the file: the row has all its fields, and its text the rest of the people.
        let text = b"age,key,name\n36,ada,\"A\n7,b,B\n";
        let problem = parse(Path::new("rows.csv"), text, &expected).expect_err("refused");
        let message = problem.to_string();
        assert!(message.starts_with("rows.csv:2: name: "), "{message}");
        assert!(message.contains("control character U+000A"), "{message}");
    }

    #[test]
    fn member_lists_are_checked() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("members.csv");
        let (a, b) = (Address([1; 20]), Address([2; 20]));
        let read = |text: String| {
            std::fs::write(&path, text).expect("write");
            members(&path).map_err(|problem| problem.to_string())
        };
        let good = read(format!("name,account\nAda,{a}\nBob,{b}\n")).expect("good");
        assert_eq!((good[1].name.as_str(), good[1].account), ("Bob", b));
        for (text, place, what) in [
            (
                format!("name,account\nAda,{a}\nBob,{a}\n"),
                ":3",
                "already on line 2",
            ),
            (
                format!("name,account\nAda,{a}\nAda,{b}\n"),
                ":3",
                "already on line 2",
            ),
            (
                "name,account\nAda,0x12\n".to_owned(),
                ":2",
                "is not an account",
            ),
            ("name,account\n".to_owned(), "", "no members"),
            (
                "name\nAda\n".to_owned(),
                ":1",
                "column \"account\" is missing",
            ),
        ] {
            let message = read(text).expect_err("refused");
            assert!(
                message.starts_with(&format!("{}{place}: ", path.display())),
                "{message}"
            );
            assert!(
                message.contains(what) && message.contains("\nhint: "),
                "{message}"
            );
        }
    }
}
