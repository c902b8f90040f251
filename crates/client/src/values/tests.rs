//! Values as people write them become columns and come back as they were; what does not fit is refused with its place.

use enigma_bytecode::model::{Collection, Group, Profile, Provider, Recipient, RowCount};
use enigma_bytecode::values::limbs;
use enigma_wire::id::{Address, MemberIndex};
use proptest::prelude::*;
use serde_json::json;

use super::value::Unreadable;
use super::*;

fn column(name: &str, kind: Kind, low: i64, high: i64) -> Column {
    Column {
        name: name.to_owned(),
        kind,
        low,
        high,
    }
}

/// The pieces of private bytes, as the compiler lays them out.
fn pieces_of(name: &str, bits: &[u32]) -> Vec<Column> {
    let places = bits.iter().enumerate();
    let columns = places.map(|(place, bits)| {
        let name = if name.is_empty() {
            place.to_string()
        } else {
            format!("{name}.{place}")
        };
        column(&name, Kind::Limb, 0, (1 << bits) - 1)
    });
    columns.collect()
}

fn contract(columns: Vec<Column>) -> Contract {
    Contract {
        name: "Test".to_owned(),
        version: 1,
        profile: Profile::ShamirM61V1,
        groups: vec![Group {
            name: "team".to_owned(),
            min: 1,
            max: 9,
            admit: None,
        }],
        parties: Vec::new(),
        enums: vec![Enum {
            name: "Dept".to_owned(),
            variants: ["Eng", "Sales", "Ops"].map(str::to_owned).to_vec(),
        }],
        collections: vec![Collection {
            name: "rows".to_owned(),
            provider: Provider::Each(0),
            rows: RowCount::One,
            columns,
            allows: Vec::new(),
            check: None,
        }],
        slots: Vec::new(),
        budget: None,
        manifest: Vec::new(),
        entries: Vec::new(),
    }
}

fn layout(columns: Vec<Column>) -> Layout {
    Layout::of_rows(&contract(columns), 0).expect("a collection")
}

/// A row of every kind.
fn person() -> Vec<Column> {
    let mut columns = vec![
        column("dept", Kind::Enum(0), 0, 2),
        column("income", Kind::Integer, -5, 1_000_000),
        column("active", Kind::Bool, 0, 1),
        column("dose", Kind::Fixed(16), -(100 << 16), 100 << 16),
        column("face.0", Kind::Integer, 0, 255),
        column("face.1", Kind::Integer, 0, 255),
    ];
    columns.extend(pieces_of("city", &[52, 52, 52, 4]));
    columns.extend(pieces_of("id", &[52, 52]));
    columns
}

const NAMES: [&str; 8] = [
    "dept", "income", "active", "dose", "face.0", "face.1", "city", "id",
];
const ID: &str = "0x0102030405060708090a0b0c0d";

// Computed from the bytes as one number, the lowest byte first, cut into pieces of 52 bits.
const BOB: [i64; 2] = [6_451_010, 0];
const THIRTEEN: [i64; 2] = [1_976_943_448_883_713, 229_526_015_611_008];
const ZURICH: [i64; 4] = [2_361_104_361_374_554, 6, 0, 0];
const ONES: [i64; 5] = [
    4_503_599_627_370_495,
    4_503_599_627_370_495,
    4_503_599_627_370_495,
    4_503_599_627_370_495,
    281_474_976_710_655,
];

fn row() -> [&'static str; 8] {
    ["Sales", "50000", "yes", "-12.5", "7", "255", "Zürich", ID]
}

fn numbers() -> Vec<i64> {
    let plain = [1, 50_000, 1, -819_200, 7, 255];
    plain.into_iter().chain(ZURICH).chain(THIRTEEN).collect()
}

#[test]
fn the_columns_of_bytes_are_one_field() {
    assert_eq!(layout(person()).names(), NAMES);
    // Two of the same length side by side, in a list, and as a whole.
    let mut columns = pieces_of("0", &[52, 4]);
    columns.extend(pieces_of("1", &[52, 4]));
    assert_eq!(layout(columns).names(), ["0", "1"]);
    assert_eq!(
        layout(pieces_of("", &[52, 52, 52, 52, 48])).names(),
        ["rows"]
    );
    assert_eq!(
        layout(vec![column("", Kind::Integer, 0, 9)]).names(),
        ["rows"]
    );
    // What no compiler makes is numbers.
    for odd in [vec![51, 5], vec![52, 3], vec![7]] {
        let count = odd.len();
        assert_eq!(layout(pieces_of("x", &odd)).names().len(), count, "{odd:?}");
    }
}

#[test]
fn texts_and_json_become_the_same_numbers() {
    let layout = layout(person());
    let golden = layout.read(&row()).expect("good");
    assert_eq!(golden, numbers());
    assert_eq!(golden.len(), layout.columns());
    let nested = json!({
        "dept": "Dept::Sales", "income": 50_000, "active": true, "dose": -12.5, "face": [7, "255"],
        "city": "Zürich", "id": ID,
    });
    assert_eq!(layout.read_json(&nested), Ok(golden.clone()));
    let flat = json!({
        "dept": "Sales", "income": "50000", "active": 1, "dose": "-12.50", "face.0": 7, "face.1": 255,
        "city": format!("0x{}", hex::encode("Zürich\0\0\0\0\0\0\0\0\0\0\0\0\0")), "id": ID,
    });
    assert_eq!(layout.read_json(&flat), Ok(golden));
    let single = self::layout(vec![column("", Kind::Integer, 0, 9)]);
    for good in [json!(7), json!("7"), json!({"rows": 7})] {
        assert_eq!(single.read_json(&good), Ok(vec![7]), "{good}");
    }
}

#[test]
fn bytes_are_padded_and_cut_as_the_compiler_does() {
    let read = |bits: &[u32], text: &str| layout(pieces_of("", bits)).read(&[text]);
    assert_eq!(read(&[52, 4], "Bob"), Ok(BOB.to_vec()));
    assert_eq!(read(&[52, 52], ID), Ok(THIRTEEN.to_vec()));
    assert_eq!(read(&[52, 52, 52, 4], "Zürich"), Ok(ZURICH.to_vec()));
    let ones = format!("0x{}", "ff".repeat(32));
    assert_eq!(read(&[52, 52, 52, 52, 48], &ones), Ok(ONES.to_vec()));
}

#[track_caller]
fn refused(name: &str, text: &str, message: &str, expected: &str) {
    let mut row = row();
    let place = NAMES
        .iter()
        .position(|known| *known == name)
        .expect("known");
    row[place] = text;
    let error = layout(person()).read(&row).expect_err("refused");
    assert!(error.message.contains(message), "{error}");
    assert!(error.expected.starts_with(name), "{error}");
    assert!(error.expected.contains(expected), "{error}");
}

#[test]
fn what_does_not_fit_is_refused_with_what_does() {
    let names = "Eng, Sales, Ops";
    refused("dept", "sales", "\"sales\" is no name of Dept", names);
    refused("dept", "Other::Sales", "is no name of Dept", names);
    refused("dept", "1", "is no name of Dept", names);
    refused(
        "income",
        "1000001",
        "is above 1000000",
        "from -5 to 1000000",
    );
    refused("income", "-6", "-6 is below -5", "from -5 to 1000000");
    refused("income", "", "income is empty", "whole number");
    refused("income", "12.5", "is not a whole number", "smallest unit");
    refused("active", "maybe", "neither yes nor no", "true or false");
    refused(
        "dose",
        "100.00001",
        "is above 100.0",
        "from -100.0 to 100.0",
    );
    refused("dose", "-1000000000000000000000", "is below", "from -100.0");
    refused("dose", "many", "\"many\" is not a number", "12.5");
    refused("face.1", "256", "is above 255", "from 0 to 255");
    refused(
        "city",
        "a town with a long name",
        "23 bytes, more than 20",
        "at most 20 bytes",
    );
    refused("id", "0x0102", "2 bytes where 13 are needed", "26 digits");
    refused("id", "0x01g2", "hexadecimal digits", "0x");
}

#[test]
fn rows_have_all_values_and_each_once() {
    let layout = layout(vec![
        column("dept", Kind::Enum(0), 0, 2),
        column("income", Kind::Integer, 0, 9),
    ]);
    let read = |texts: &[(&str, &str)]| {
        let texts: Vec<_> = texts
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect();
        layout.read_named(&texts)
    };
    assert_eq!(read(&[("income", "3"), ("dept", "Ops")]), Ok(vec![2, 3]));
    for (texts, message) in [
        (&[("income", "3")][..], "\"dept\" is missing"),
        (
            &[("income", "3"), ("income", "3")],
            "\"income\" is given twice",
        ),
        (&[("incme", "3")], "\"incme\" is unknown"),
    ] {
        let error = read(texts).expect_err("refused");
        assert_eq!(error.message, message);
        assert_eq!(error.expected, "a row has the values dept, income");
    }
    for (value, message) in [
        (json!({"dept": "Eng", "income": null}), "income is null"),
        (
            json!({"dept": 0, "income": 3}),
            "dept: 0 is of another kind",
        ),
        (
            json!({"dept": "Eng", "income": true}),
            "income: true is of another kind",
        ),
        (
            json!({"dept": {"x": 1}, "income": 3}),
            "\"dept.x\" is unknown",
        ),
        (
            json!({"dept": "Eng", "income": 3, "bonus": {}}),
            "\"bonus\" is unknown",
        ),
        (
            json!({"dept": "Eng", "income": 3, "home": {"city": []}}),
            "\"home.city\" is unknown",
        ),
        (
            json!({"dept": "Eng", "income": []}),
            "income: [] is of another kind",
        ),
        (
            json!({"": {"dept": "Eng", "income": 3}}),
            "\".dept\" is unknown",
        ),
        (json!({}), "\"dept\" is missing"),
        (json!(["Eng", 3]), "\"0\" is unknown"),
        (json!(3), "this is no row of several values"),
    ] {
        let error = layout.read_json(&value).expect_err("refused");
        assert_eq!(error.message, message);
    }
}

/// Several rows of one member: in JSON, named, or a text each; what is wrong is said with its row.
#[test]
fn several_rows_are_read_and_the_wrong_one_named() {
    let visits = layout(vec![
        column("age", Kind::Integer, 0, 120),
        column("days", Kind::Integer, 0, 30),
    ]);
    let read = |json| visits.read_json_rows(&json, 3);
    let two = Ok(vec![vec![40, 3], vec![50, 4]]);
    assert_eq!(
        read(json!([{"age": 40, "days": 3}, {"days": 4, "age": "50"}])),
        two
    );
    assert_eq!(read(json!({"age": 40, "days": 3})), Ok(vec![vec![40, 3]]));
    assert_eq!(read(json!([])), Err(RowsError::Empty));
    let row = json!({"age": 1, "days": 1});
    let four = read(json!([row, row, row, row]));
    assert_eq!(four, Err(RowsError::TooMany { given: 4, most: 3 }));
    let named = |texts: &[&str]| {
        let texts = texts
            .iter()
            .map(|text| text.split_once('=').expect("named"));
        let texts = texts.map(|(name, text)| (name.to_owned(), text.to_owned()));
        visits.read_named_rows(&texts.collect::<Vec<_>>(), 3)
    };
    assert_eq!(named(&["age=40", "days=3", "days=4", "age=50"]), two);
    assert_eq!(named(&[]), Err(RowsError::Empty));
    for (wrong, message, hint) in [
        (
            read(json!([row, {"age": 121, "days": 1}])),
            "row 2: 121 is above 120, the most the contract allows",
            "age must be a whole number from 0 to 120",
        ),
        (
            read(json!([row, row, [1, 2]])),
            "row 3: \"0\" is unknown",
            "a row has the values age, days",
        ),
        (
            named(&["age=40", "days=3", "age=50"]),
            "row 2: \"days\" is missing",
            "a row has the values age, days",
        ),
        (
            named(&["age=1", "age=2", "age=3", "age=4"]),
            "4 rows; the contract takes at most 3 from each",
            "give at most 3 rows",
        ),
    ] {
        let error = wrong.expect_err("refused");
        assert_eq!(error.to_string(), message);
        assert_eq!(error.hint(), hint);
    }
    let list = layout(pieces_of("", &[52, 52]));
    let text = list.read_text_rows(&["Bob", ID], 2);
    assert_eq!(text, Ok(vec![BOB.to_vec(), THIRTEEN.to_vec()]));
    assert_eq!(list.read_json_rows(&json!(["Bob", ID]), 2), text);
}

#[test]
fn texts_are_what_people_see() {
    let layout = layout(pieces_of("", &[52, 52, 52, 52, 48]));
    let seen = |bytes: &[u8]| pieces::text(bytes);
    // A quote that was not closed in a file, what turns a line around or ends it, a zero that would be lost.
    for unseen in [
        "A\n7,bob,B",
        "a\tb",
        "a\r",
        "\u{1b}[2J",
        "a\0b",
        "a\0",
        "\u{85}",
        "\u{202a}",
        "gpj\u{202e}exe",
        "\u{2066}",
        "a\u{2069}",
        "a\u{2028}b",
        "a\u{2029}b",
    ] {
        let error = layout.read(&[unseen]).expect_err("refused");
        assert!(
            error.message.contains("the control character U+"),
            "{error}"
        );
        assert!(error.message.contains("0x"), "{error}");
        if !unseen.ends_with('\0') {
            let mut bytes = unseen.as_bytes().to_vec();
            bytes.resize(32, 0);
            let shown = seen(&bytes);
            assert_eq!(shown, format!("0x{}", hex::encode(&bytes)));
            assert_eq!(layout.read(&[shown]), Ok(limbs(&bytes, 32)));
        }
    }
    for text in [
        "",
        "Z\u{fc}rich",
        "\u{5e9}\u{5dc}\u{5d5}\u{5dd}",
        "a \u{1f600} b",
    ] {
        assert!(layout.read(&[text]).is_ok(), "{text}");
        assert_eq!(seen(text.as_bytes()), text);
    }
}

#[test]
fn whole_numbers_in_json_are_exact() {
    let layout = layout(vec![
        column("active", Kind::Bool, 0, 1),
        column("income", Kind::Integer, -1_000_000, 1_000_000),
    ]);
    let read = |active: &str, income: &str| {
        let text = format!("{{\"active\": {active}, \"income\": {income}}}");
        layout.read_json(&parse_json(&text).expect("JSON"))
    };
    assert_eq!(read("1", "-50000"), Ok(vec![1, -50_000]));
    for rounded in [
        "49999.99999999999999999",
        "50000.0",
        "5e4",
        "1e300",
        "-0.0",
        "99999999999999999999",
    ] {
        let error = read("true", rounded).expect_err("refused");
        assert!(error.message.contains("is not exact"), "{error}");
        assert!(error.expected.contains("with digits only"), "{error}");
    }
    let error = read("0.99999999999999999", "1").expect_err("refused");
    assert!(error.message.starts_with("active: "), "{error}");
    let error = read("true", &u64::MAX.to_string()).expect_err("refused");
    assert!(error.message.contains("is above 1000000"), "{error}");
}

fn shown(columns: Vec<Column>, cells: &[Cell]) -> Result<Value, Unreadable> {
    let line = Reveal {
        name: "result".to_owned(),
        entry: 0,
        recipients: vec![Recipient::Public],
        columns,
        sources: Vec::new(),
        min_groups: Vec::new(),
        hidden_below: None,
        noise: None,
    };
    let who = |collection: u16, cell: &Cell| match (collection, cell) {
        (0, Cell::Number(3)) => Some(Member {
            member: MemberIndex(3),
            account: Address([3; 20]),
        }),
        _ => None,
    };
    Layout::of_result(&contract(Vec::new()), &line).value(cells, &who)
}

fn numbers_of(numbers: &[i64]) -> Vec<Cell> {
    numbers.iter().copied().map(Cell::Number).collect()
}

#[test]
fn results_read_as_people_expect() {
    let golden = layout(person()).read(&row()).expect("good");
    let value = shown(person(), &numbers_of(&golden)).expect("readable");
    assert_eq!(
        serde_json::to_value(&value).expect("JSON"),
        json!({
            "dept": "Sales", "income": 50_000, "active": true, "dose": -12.5, "face": [7, 255],
            "city": "Zürich", "id": ID,
        })
    );
    assert_eq!(
        value.to_string(),
        format!(
            "{{dept: Sales, income: 50000, active: true, dose: -12.5, face: [7, 255], city: Zürich, id: {ID}}}"
        )
    );
    let member = shown(vec![column("", Kind::MemberOf(0), 0, 9)], &numbers_of(&[3]));
    let account = Address([3; 20]);
    assert_eq!(
        serde_json::to_value(member.expect("known")).expect("JSON"),
        json!({"member": 3, "account": account})
    );
}

#[test]
fn decimals_of_many_digits_are_texts_in_json() {
    let long = || vec![column("", Kind::Fixed(30), -(1 << 59), 1 << 59)];
    let number = (1 << 58) + 1;
    let value = shown(long(), &numbers_of(&[number])).expect("readable");
    let json = serde_json::to_value(&value).expect("JSON");
    assert!(json.is_string(), "{json}");
    let layout = layout(long());
    assert_eq!(layout.read_json(&json), Ok(vec![number]));
    let error = layout
        .read_json(&json!(-0.123_456_789_012_345_67))
        .expect_err("refused");
    assert!(
        error
            .message
            .contains("more digits than a JSON number keeps"),
        "{error}"
    );
    assert!(error.expected.contains("write it in quotes"), "{error}");
}

#[test]
fn what_is_hidden_is_null() {
    let pair = |at: &str| {
        vec![
            column(&format!("{at}.n"), Kind::Integer, 0, 9),
            column(&format!("{at}.x"), Kind::Fixed(1), 0, 9),
        ]
    };
    let columns = [pair("0"), pair("1")].concat();
    let cells = [Cell::Hidden, Cell::Hidden, Cell::Number(2), Cell::Number(3)];
    let value = shown(columns, &cells).expect("readable");
    assert_eq!(
        serde_json::to_value(&value).expect("JSON"),
        json!([null, {"n": 2, "x": 1.5}])
    );
    assert_eq!(value.to_string(), "[hidden, {n: 2, x: 1.5}]");
    // All cells of a list may be hidden: it is as long all the same.
    let cells = vec![
        column("0", Kind::Integer, 0, 9),
        column("1", Kind::Integer, 0, 9),
    ];
    let value = shown(cells, &[Cell::Hidden, Cell::Hidden]).expect("readable");
    assert_eq!(value, Value::List(vec![Value::Hidden, Value::Hidden]));
    let maybe = vec![
        column("some", Kind::Bool, 0, 1),
        column("value", Kind::Integer, 0, 9),
    ];
    assert_eq!(
        shown(maybe.clone(), &numbers_of(&[0, 0])),
        Ok(Value::Hidden)
    );
    assert_eq!(shown(maybe, &numbers_of(&[1, 4])), Ok(Value::Integer(4)));
}

#[test]
fn what_its_kind_has_no_meaning_for_is_no_value() {
    for (kind, cell) in [
        (Kind::Bool, Cell::Number(2)),
        (Kind::Enum(0), Cell::Number(3)),
        (Kind::Enum(0), Cell::Number(-1)),
        (Kind::MemberOf(0), Cell::Number(4)),
        (Kind::MemberOf(1), Cell::Number(3)),
        (Kind::Integer, Cell::Bytes(vec![1])),
        (Kind::Account, Cell::Bytes(vec![1])),
        (Kind::Account, Cell::Number(1)),
    ] {
        assert_eq!(
            shown(vec![column("", kind, 0, 9)], &[cell]),
            Err(Unreadable)
        );
    }
    assert_eq!(
        shown(pieces_of("", &[52, 4]), &numbers_of(&[0, 16])),
        Err(Unreadable)
    );
    assert_eq!(
        shown(pieces_of("", &[52, 4]), &numbers_of(&[0])),
        Err(Unreadable)
    );
    assert_eq!(
        shown(vec![column("", Kind::Integer, 0, 9)], &[]),
        Err(Unreadable)
    );
    // Nor does what a person writes for a kind that nobody gives.
    assert!(
        layout(vec![column("", Kind::Account, 0, 0)])
            .read(&["0x00"])
            .is_err()
    );
}

/// Columns of kinds that people give, and numbers that they can hold.
fn any_row() -> impl Strategy<Value = (Vec<Column>, Vec<i64>)> {
    let limit = 1_i64 << 59;
    let number = (-limit..limit).prop_map(|n| vec![(Kind::Integer, -(1 << 59), 1 << 59, n)]);
    let truth = (0..2_i64).prop_map(|n| vec![(Kind::Bool, 0, 1, n)]);
    let name = (0..3_i64).prop_map(|n| vec![(Kind::Enum(0), 0, 2, n)]);
    let fixed = (0..63_u8, -limit..limit)
        .prop_map(|(bits, n)| vec![(Kind::Fixed(bits), -(1 << 59), 1 << 59, n)]);
    let bytes = proptest::collection::vec(any::<u8>(), 1..40).prop_map(|bytes| {
        let len = bytes.len() as u32;
        let bits = (0..(8 * len).div_ceil(52)).map(|place| (8 * len - 52 * place).min(52));
        let pieces = limbs(&bytes, len).into_iter().zip(bits);
        pieces
            .map(|(piece, bits)| (Kind::Limb, 0, (1_i64 << bits) - 1, piece))
            .collect()
    });
    let field = prop_oneof![number, truth, name, fixed, bytes];
    proptest::collection::vec(field, 1..6).prop_map(|fields: Vec<Vec<(Kind, i64, i64, i64)>>| {
        let (mut columns, mut numbers) = (Vec::new(), Vec::new());
        for (at, field) in fields.into_iter().enumerate() {
            for (place, (kind, low, high, number)) in field.into_iter().enumerate() {
                let name = match kind {
                    Kind::Limb => format!("f{at}.{place}"),
                    _ => format!("f{at}"),
                };
                columns.push(column(&name, kind, low, high));
                numbers.push(number);
            }
        }
        (columns, numbers)
    })
}

proptest! {
    /// What is shown of a row, in text and in JSON, reads back to the same numbers.
    #[test]
    fn rows_read_back((columns, numbers) in any_row()) {
        let layout = layout(columns.clone());
        let Ok(Value::Record(parts)) = shown(columns, &numbers_of(&numbers)) else {
            panic!("a record");
        };
        let texts: Vec<String> = parts.iter().map(|(_, value)| value.to_string()).collect();
        prop_assert_eq!(layout.read(&texts), Ok(numbers.clone()));
        let json = serde_json::to_string(&Value::Record(parts)).expect("JSON");
        let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        prop_assert_eq!(layout.read_json(&json), Ok(numbers));
    }

    /// Whatever is written, it is refused or becomes numbers in range.
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,24}") {
        for field in layout(person()).fields() {
            if let Ok(numbers) = field.read(&text) {
                prop_assert!(!numbers.is_empty());
            }
        }
    }
}

/// A number or text that may be missing is written and shown as one value.
#[test]
fn what_may_be_missing_is_left_empty() {
    let there = |name: &str| vec![column(&format!("{name}.some"), Kind::Bool, 0, 1)];
    let columns = [
        there("age"),
        vec![column("age.value", Kind::Integer, 18, 99)],
        there("town"),
        pieces_of("town.value", &[52, 4]),
        there("pair"),
        vec![
            column("pair.value.a", Kind::Integer, 0, 9),
            column("pair.value.b", Kind::Integer, 0, 9),
        ],
        there("alone"),
    ]
    .concat();
    let layout = layout(columns.clone());
    let names = [
        "age",
        "town",
        "pair.some",
        "pair.value.a",
        "pair.value.b",
        "alone.some",
    ];
    assert_eq!(layout.names(), names);
    let given = layout
        .read(&["", "Zug", "yes", "1", "2", "no"])
        .expect("right");
    let zug = limbs(b"Zug\0\0\0\0", 7);
    assert_eq!(given, [vec![0, 18, 1], zug, vec![1, 1, 2, 0]].concat());
    let in_json = json!({
        "age": 40, "town": null, "pair": {"some": true, "value": {"a": 1, "b": 2}}, "alone": {"some": false}
    });
    let given = layout.read_json(&in_json).expect("right");
    assert_eq!(given, [1, 40, 0, 0, 0, 1, 1, 2, 0]);
    let error = layout
        .read(&["7", "", "no", "0", "0", "no"])
        .expect_err("too young");
    assert_eq!(error.message, "7 is below 18");
    assert_eq!(
        error.expected,
        "age must be a whole number from 18 to 99, or be left empty"
    );
    let value = shown(columns, &numbers_of(&given)).expect("readable");
    let value = serde_json::to_value(&value).expect("JSON");
    assert_eq!(value["age"], json!(40));
    assert_eq!(value["town"], json!(null));
}
