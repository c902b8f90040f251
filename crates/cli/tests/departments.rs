//! Rows of several values on a real network, through the commands: results for everyone, for a party and for each
//! owner, hidden cells and a branch, equal to plain arithmetic.

mod support;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use support::devnet::Devnet;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/departments");
const DEPARTMENTS: [&str; 4] = ["Eng", "Sales", "Ops", "Hr"];
/// Fewer people in a department are hidden.
const CELL: usize = 5;
/// Incomes that are further apart let the auditor learn the means.
const FAR: i64 = 60_000;

type Row = (String, String, i64);

fn sample() -> Vec<Row> {
    let text = std::fs::read_to_string(format!("{FOLDER}/rows.csv")).expect("readable");
    let rows = text.lines().skip(1).map(|line| {
        let fields: Vec<&str> = line.split(',').collect();
        let [name, dept, income] = fields[..] else {
            panic!("three fields")
        };
        (
            name.to_owned(),
            dept.to_owned(),
            income.parse().expect("a number"),
        )
    });
    rows.collect()
}

/// What plain arithmetic says.
struct Expected {
    public: Value,
    auditor: Option<Value>,
    places: BTreeMap<String, Value>,
}

fn expected(rows: &[Row]) -> Expected {
    let cells = |of: &dyn Fn(&[i64]) -> i64| -> Value {
        let cells = DEPARTMENTS.iter().map(|dept| {
            let own = rows.iter().filter(|(_, other, _)| other == dept);
            let mut incomes: Vec<i64> = own.map(|(_, _, income)| *income).collect();
            incomes.sort_unstable();
            (incomes.len() >= CELL).then(|| of(&incomes))
        });
        cells.collect::<Vec<_>>().into()
    };
    let incomes = || rows.iter().map(|(_, _, income)| *income);
    let far_apart = incomes().max().expect("some") - incomes().min().expect("some") > FAR;
    let place = |own: i64| 1 + incomes().filter(|other| *other > own).count();
    Expected {
        public: json!({
            "headcount": cells(&|cell| cell.len() as i64),
            "median": cells(&|cell| cell[(cell.len() - 1) / 2]),
            "far_apart": far_apart,
        }),
        auditor: far_apart
            .then(|| json!({"mean": cells(&|cell| cell.iter().sum::<i64>() / cell.len() as i64)})),
        places: rows
            .iter()
            .map(|(name, _, income)| (name.clone(), json!({"place": place(*income)})))
            .collect(),
    }
}

#[test]
fn the_sample_leads_to_what_its_folder_expects() {
    let text = std::fs::read_to_string(format!("{FOLDER}/expected.json")).expect("readable");
    let stated: Value = serde_json::from_str(&text).expect("JSON");
    let expected = expected(&sample());
    assert_eq!(stated["public"], expected.public);
    assert_eq!(Some(&stated["auditor"]), expected.auditor.as_ref());
    let places = stated["place"].as_object().expect("an object");
    assert_eq!(places.len(), expected.places.len());
    for (name, place) in places {
        assert_eq!(expected.places[name]["place"], *place);
    }
}

/// Deploys and opens; gives the sample's rows as `give` is told to, and lets dev-2 run the entry.
fn opened(devnet: &Devnet, csv: &str) -> String {
    let source = format!("{FOLDER}/departments.enigma");
    let collection = devnet.open(&source, csv, &["--party", "auditor=dev-2"]);
    collection.to_string()
}

fn published(devnet: &Devnet, collection: &str) -> Value {
    let team = devnet.path("people");
    devnet.json(&["grant", collection, "--to", "dev-2", "--keys", &team]);
    devnet.json(&["collect", "close", collection]);
    let quote = devnet.json(&["quote", collection, "--key", "dev-2"]);
    let run = devnet.json(&["run", collection, "--key", "dev-2"]);
    assert_eq!(run["price"], quote["price"], "the bill equals the quote");
    run
}

#[test]
fn departments_for_everyone_the_auditor_and_each_person() {
    let devnet = Devnet::start();
    let csv = format!("{FOLDER}/rows.csv");
    let collection = opened(&devnet, &csv);
    let team = devnet.path("people");
    let rows = sample();

    // One row named value by value, one as JSON, wrong at first; the file corrects both and gives the rest.
    let key = |at: usize| format!("{team}/{}.json", rows[at].0);
    devnet.json(&[
        "give",
        &collection,
        "--row",
        "income=1",
        "--row",
        "dept=Ops",
        "--key",
        &key(0),
    ]);
    let (_, dept, income) = &rows[1];
    let own = json!({"dept": format!("Dept::{dept}"), "income": income}).to_string();
    devnet.json(&["give", &collection, &own, "--key", &key(1)]);
    let given = devnet.json(&["give", &collection, "--csv", &csv, "--keys", &team]);
    assert_eq!(
        (&given["unchanged"], &given["corrected"], &given["given"]),
        (&json!(1), &json!(1), &json!(rows.len() - 2))
    );
    let again = devnet.json(&["give", &collection, "--csv", &csv, "--keys", &team]);
    assert_eq!(again["unchanged"], json!(rows.len()));

    let expected = expected(&rows);
    let run = published(&devnet, &collection);
    assert_eq!(run["public"], expected.public);
    assert_eq!(Some(&run["results"]), expected.auditor.as_ref());

    let job = run["job"].to_string();
    let all = devnet.json(&["result", &job, "--keys", &team]);
    assert_eq!(all["public"], expected.public);
    let people = all["results"].as_object().expect("an object");
    assert_eq!(people.len(), rows.len());
    for (name, results) in people {
        assert_eq!(*results, expected.places[name], "{name}");
    }
    let party = devnet.json(&["result", &job, "--key", "dev-2"]);
    assert_eq!(
        party["results"]["dev-2"],
        expected.auditor.expect("far apart")
    );

    // A stranger reads what everyone may, and so does somebody without any key.
    for arguments in [
        &["result", &job, "--key", "dev-1"][..],
        &["result", &job, "--public"],
    ] {
        let read = devnet.json(arguments);
        assert_eq!(read["public"], expected.public);
        assert_eq!(read["results"], json!({}));
    }
    let output = devnet
        .command(&["result", &job, "--public"])
        .env("ENIGMA_KEY", "nobody")
        .output()
        .expect("the binary starts");
    assert!(output.status.success(), "{}", support::stderr(&output));
    let text = devnet.text(&["result", &job, "--public"]);
    assert_eq!(support::stdout(&output), text);
    assert!(
        text.contains("median     [67000, 56000, 67000, hidden]"),
        "{text}"
    );
}

#[test]
fn a_branch_that_is_not_taken_shows_nothing() {
    let devnet = Devnet::start();
    // Nobody earns far more than another.
    let rows: Vec<Row> = sample()
        .into_iter()
        .map(|(name, dept, income)| (name, dept, 50_000 + income % 1_000))
        .collect();
    let lines: String = rows
        .iter()
        .map(|(name, dept, income)| format!("{income},{name},{dept}\n"))
        .collect();
    let csv = devnet.write("rows.csv", &format!("income,name,dept\n{lines}"));
    let collection = opened(&devnet, &csv);
    let team = devnet.path("people");
    devnet.json(&["give", &collection, "--csv", &csv, "--keys", &team]);
    let expected = expected(&rows);
    assert!(expected.auditor.is_none());
    let run = published(&devnet, &collection);
    assert_eq!(run["public"], expected.public);
    // The auditor is shown no line of the entry.
    assert!(
        run["results"].is_null() || run["results"] == json!({}),
        "{run}"
    );
}

#[test]
fn wrong_rows_are_refused_with_their_place() {
    let devnet = Devnet::start();
    let good = format!("{FOLDER}/rows.csv");
    let collection = opened(&devnet, &good);
    let team = devnet.path("people");
    let text = std::fs::read_to_string(&good).expect("readable");
    for (from, to, what, hint) in [
        (
            "Bo,Ops,72000",
            "Bo,Legal,72000",
            "wrong.csv:3: \"Legal\" is no name of Dept",
            "hint: dept must be one of Eng, Sales, Ops, Hr",
        ),
        (
            "Bo,Ops,72000",
            "Bo,Ops,1000001",
            "wrong.csv:3: 1000001 is above 1000000",
            "hint: income must be a whole number from 0 to 1000000",
        ),
        (
            "name,dept,income",
            "name,department,income",
            "wrong.csv:1: column \"dept\" is missing",
            "hint: the first line must be the header name,dept,income",
        ),
    ] {
        let csv = devnet.write("wrong.csv", &text.replacen(from, to, 1));
        let errors = devnet.refused(2, &["give", &collection, "--csv", &csv, "--keys", &team]);
        assert!(errors.contains(what) && errors.contains(hint), "{errors}");
    }
    let key = format!("{team}/Ada.json");
    for (arguments, what) in [
        (&["--row", "dept=Eng"][..], "\"income\" is missing"),
        (
            &["--row", "dept=Eng", "--row", "dept=Ops"],
            "\"dept\" is given twice",
        ),
        (&["5"], "this is no row of several values"),
        (&["{\"dept\": \"Eng\"}"], "\"income\" is missing"),
        (&["{dept: Eng}"], "the row is no JSON object"),
        (
            &["{\"dept\": \"Eng\", \"income\": 1, \"income\": 2}"],
            "\"income\" is given twice",
        ),
    ] {
        let give = [&["give", &collection][..], arguments, &["--key", &key]].concat();
        let errors = devnet.refused(2, &give);
        assert!(errors.contains(what), "{errors}");
        assert!(
            errors.contains("a row has the values dept, income"),
            "{errors}"
        );
    }
}

#[test]
fn what_is_piped_in_is_given_whole_or_not_at_all() {
    let devnet = Devnet::start();
    let collection = opened(&devnet, &format!("{FOLDER}/rows.csv"));
    let key = devnet.path("people/Ada.json");
    let give = ["give", &collection, "--key", &key];
    let with = |input: &str| {
        let file = std::fs::File::open(devnet.write("input", input)).expect("readable");
        let mut command = devnet.command(&give);
        command.stdin(file).output().expect("the binary starts")
    };
    let row = "{\n  \"dept\": \"Eng\",\n  \"income\": 50000\n}\n";
    for (input, what) in [
        (String::new(), "nothing to give"),
        (format!("{row}{row}"), "trailing characters"),
        (format!("50000\n{row}"), "more than one line"),
    ] {
        let output = with(&input);
        let errors = support::stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{errors}");
        assert!(
            errors.contains(what) && errors.contains("\nhint: "),
            "{errors}"
        );
    }
    // Nor is an option that there is not.
    let errors = devnet.refused(2, &["give", &collection, "--kye"]);
    assert!(errors.contains("\"--kye\" is no option"), "{errors}");
    assert!(errors.contains("\nhint: "), "{errors}");
    assert_eq!(devnet.json(&["collect", "status", &collection])["rows"], 0);
    let output = with(row);
    assert!(output.status.success(), "{}", support::stderr(&output));
    let again = devnet.json(&["give", &collection, row, "--key", &key]);
    assert_eq!(again["unchanged"], 1);
}

#[test]
fn an_entry_is_for_who_may_call_it() {
    let devnet = Devnet::start();
    let csv = format!("{FOLDER}/rows.csv");
    let collection = opened(&devnet, &csv);
    let team = devnet.path("people");
    devnet.json(&["give", &collection, "--csv", &csv, "--keys", &team]);
    devnet.json(&["grant", &collection, "--to", "dev-1", "--keys", &team]);
    devnet.json(&["collect", "close", &collection]);
    for command in ["quote", "run"] {
        let errors = devnet.refused(2, &[command, &collection, "--key", "dev-1"]);
        assert!(
            errors.contains("may not call publish: it is for the party auditor"),
            "{errors}"
        );
    }
    assert_eq!(devnet.json(&["jobs"])["jobs"], json!([]));
}

const KINDS: &str = "contract Kinds version 1 {
  enum Dept { Eng, Sales, Ops }
  struct Row {
    dept: Dept;
    city: text<10>;
    dose: fix range -100..=100;
    active: bool;
    face: [u64; 2] range 0..=255;
    id: bytes<7>;
  }

  group team min 3 max 50;

  collect rows: private Row from each team
    allow aggregate(3) to each team
    allow per_owner to owner;

  entry echo() {
    reveal dose = rows.dose.sum() to each team;
    reveal active = rows.active.count_true() to each team;
    reveal bern = rows.map(|r| r.city == \"Bern\").count_true() to each team;
    reveal depts = rows.dept.histogram() to each team;
    reveal own = rows to owner(rows);
  }
}
";

/// Values of every kind go to the committee and come back to their owners as they were given.
#[test]
fn values_of_every_kind_come_back() {
    let devnet = Devnet::start();
    let source = devnet.write("kinds.enigma", KINDS);
    let csv = devnet.write(
        "rows.csv",
        "name,dept,city,dose,active,face.0,face.1,id
ada,Eng,Bern,12.5,yes,0,255,0x01020304050607
bob,Dept::Ops,Zürich,-0.25,no,7,8,tag
cleo,Eng,Bern,99.1,true,1,2,0xff000000000000
",
    );
    let collection = devnet.open(&source, &csv, &[]).to_string();
    let team = devnet.path("people");
    devnet.json(&["give", &collection, "--csv", &csv, "--keys", &team]);
    devnet.json(&["grant", &collection, "--to", "dev-1", "--keys", &team]);
    devnet.json(&["collect", "close", &collection]);
    let job = devnet.json(&["run", &collection])["job"].to_string();
    let read = devnet.json(&["result", &job, "--keys", &team]);
    assert_eq!(read["public"], Value::Null);
    let own = [
        (
            "ada",
            json!({"dept": "Eng", "city": "Bern", "dose": 12.5, "active": true, "face": [0, 255],
            "id": "0x01020304050607"}),
        ),
        (
            "bob",
            json!({"dept": "Ops", "city": "Zürich", "dose": -0.25, "active": false, "face": [7, 8],
            "id": "tag"}),
        ),
        (
            "cleo",
            json!({"dept": "Eng", "city": "Bern", "dose": 99.1, "active": true, "face": [1, 2],
            "id": "0xff000000000000"}),
        ),
    ];
    for (name, own) in own {
        let results = &read["results"][name];
        assert_eq!(results["own"], own);
        assert_eq!(results["active"], 2);
        assert_eq!(results["bern"], 2);
        assert_eq!(results["depts"], json!([2, 0, 1]));
        assert_eq!(results["dose"], 111.35);
    }
    let errors = devnet.refused(2, &["result", &job, "--public"]);
    assert!(errors.contains("shows nothing to everyone"), "{errors}");
}

#[test]
fn what_nodes_cannot_run_is_not_deployed() {
    let devnet = Devnet::start();
    let source = format!("{FOLDER}/../voting/voting.enigma");
    let errors = devnet.refused(2, &["deploy", &source]);
    let what = "the entry vote needs members of a group that gives to no collection";
    assert!(errors.contains(what), "{errors}");
    assert!(errors.contains("\nhint: "), "{errors}");
}
