//! Several rows from each member and rows of a party on a real network, through the commands.

mod support;

use serde_json::{Value, json};
use support::devnet::Devnet;

const CLINICS: &str = "
contract Clinics version 1 {
  group hospitals min 2 max 3;
  party analyst;
  struct Visit { age: u64 range 0..=120; cost: u64 range 0..=1_000; }
  collect visits: private table<Visit> from each hospitals max_rows 4
    allow aggregate(6) to public, analyst
    allow per_owner to owner;
  entry run() by analyst {
    reveal total  = visits.cost.sum()       to public;
    reveal oldest = visits.age.max()        to analyst;
    reveal place  = visits.cost.rank_desc() to owner(visits);
  }
}
";

const STOCK: &str = "
contract Stock version 1 {
  party shop;
  party office;
  collect stock: private [u64; max 5] from shop range 0..=1_000
    allow aggregate(3) to public, office
    allow per_owner to owner;
  entry run() by office {
    reveal total = stock.sum()       to public;
    reveal most  = stock.max()       to office;
    reveal place = stock.rank_desc() to owner(stock);
  }
}
";

fn deployed(devnet: &Devnet, source: &str, parties: &[&str]) -> String {
    let source = devnet.write("contract.enigma", source);
    let parties = parties.iter().flat_map(|party| ["--party", party]);
    let arguments: Vec<&str> = ["deploy", &source].into_iter().chain(parties).collect();
    let deployed = devnet.json(&arguments);
    deployed["instance"]
        .as_str()
        .expect("an instance")
        .to_owned()
}

/// Three clinics give as many visits as they have, in every way there is; each learns the places of its own.
#[test]
fn a_table_from_each_hospital() {
    let devnet = Devnet::start();
    let team = devnet.path("people");
    devnet.json(&[
        "keys", "new", "north", "south", "west", "--dir", &team, "--light",
    ]);
    let instance = deployed(&devnet, CLINICS, &["analyst=dev-2"]);
    let errors = devnet.refused(2, &["collect", "open", &instance]);
    assert!(errors.contains("who gives visits?"), "{errors}");
    let opened = devnet.json(&["collect", "open", &instance, "--keys", &team]);
    // Six visits need two clinics.
    assert_eq!(opened["min_rows"], json!(2));
    let collection = opened["collection"].to_string();
    let key = |name: &str| format!("{team}/{name}.json");
    let give = |name: &str, more: &[&str]| {
        devnet.json(&[&["give", &collection, "--key", &key(name)], more].concat())
    };
    let refused = |more: &[&str], what: &str| {
        let errors = devnet.refused(
            2,
            &[&["give", &collection, "--key", &key("south")], more].concat(),
        );
        assert!(
            errors.contains(what) && errors.contains("\nhint: "),
            "{errors}"
        );
    };

    let own = devnet.write("own.csv", "cost,age\n100,30\n300,40\n");
    assert_eq!(give("north", &["--csv", &own])["rows"], json!(2));
    let visit = |age: i64, cost: i64| json!({"age": age, "cost": cost});
    let list = |visits: &[Value]| Value::from(visits.to_vec()).to_string();
    refused(
        &[&list(&[visit(1, 1), visit(121, 1)])],
        "row 2: 121 is above 120",
    );
    refused(
        &[&list(&vec![visit(1, 1); 5])],
        "5 rows; the contract takes at most 4 from each",
    );
    refused(
        &["--row", "age=1", "--row", "cost=1", "--row", "age=2"],
        "row 2: \"cost\" is missing",
    );
    let five = devnet.write("five.csv", &format!("age,cost\n{}", "1,1\n".repeat(5)));
    refused(&["--csv", &five], "five.csv:6: more than 4 rows");
    let south = list(&[visit(50, 250), visit(60, 50), visit(70, 400)]);
    assert_eq!(give("south", &[&south])["given"], json!(1));
    let west = [
        "--row", "age=80", "--row", "cost=1", "--row", "age=20", "--row", "cost=2",
    ];
    assert_eq!(give("west", &west)["rows"], json!(2));

    // A file of all of them: two are as they were, one has a row more.
    let all = devnet.write(
        "all.csv",
        "name,age,cost\nnorth,30,100\nsouth,50,250\nwest,80,1\nsouth,60,50\nnorth,40,300\nsouth,70,400\nwest,20,2\nwest,21,500\n",
    );
    let given = devnet.json(&["give", &collection, "--csv", &all, "--keys", &team]);
    assert_eq!(
        (&given["unchanged"], &given["corrected"]),
        (&json!(2), &json!(1))
    );
    let status = devnet.json(&["collect", "status", &collection]);
    assert_eq!((&status["given"], &status["rows"]), (&json!(3), &json!(8)));
    let text = devnet.text(&["collect", "status", &collection]);
    assert!(
        text.contains("rows        8 from 3 of 3 members (at least 2 to close)"),
        "{text}"
    );
    assert!(devnet.text(&["status"]).contains("8 from 3 of 3"));

    for name in ["north", "south"] {
        devnet.json(&["grant", &collection, "--to", "dev-2", "--key", &key(name)]);
    }
    devnet.json(&["collect", "close", &collection]);
    let errors = devnet.refused(2, &["quote", &collection, "--key", "dev-2"]);
    let why = "with 5 rows; it needs at least 6 rows of 2 members";
    assert!(errors.contains(why), "{errors}");
    devnet.json(&["grant", &collection, "--to", "dev-2", "--key", &key("west")]);
    let quote = devnet.json(&["quote", &collection, "--key", "dev-2"]);
    assert_eq!(quote["rows"], json!(8));
    let run = devnet.json(&["run", &collection, "--key", "dev-2"]);
    assert_eq!(run["price"], quote["price"], "the bill equals the quote");
    assert_eq!((&run["rows"], &run["dropped"]), (&json!(8), &json!(0)));
    let total = 100 + 300 + 250 + 50 + 400 + 1 + 2 + 500;
    assert_eq!(run["public"], json!({"total": total}));
    assert_eq!(run["results"], json!({"oldest": 80}));
    let read = devnet.json(&["result", &run["job"].to_string(), "--keys", &team]);
    let places = json!({
        "north": {"place": [5, 3]}, "south": {"place": [4, 6, 2]}, "west": {"place": [8, 7, 1]},
    });
    assert_eq!(read["results"], places);
}

/// A party's list needs no member list, and nobody else gives to it.
#[test]
fn a_list_of_a_party() {
    let devnet = Devnet::start();
    let team = devnet.path("people");
    devnet.json(&["keys", "new", "ada", "--dir", &team, "--light"]);
    let instance = deployed(&devnet, STOCK, &["shop=dev-2", "office=dev-1"]);
    let errors = devnet.refused(2, &["collect", "open", &instance, "--keys", &team]);
    let why = "stock is given by the party shop alone, and has no member list";
    assert!(
        errors.contains(why) && errors.contains("\nhint: "),
        "{errors}"
    );
    let opened = devnet.json(&["collect", "open", &instance]);
    assert_eq!(
        (&opened["members"], &opened["min_rows"]),
        (&json!(1), &json!(1))
    );
    let collection = opened["collection"].to_string();
    let list = devnet.write("list.csv", "stock\n7\n9\n8\n");
    for key in ["dev-1", &format!("{team}/ada.json")] {
        let errors = devnet.refused(2, &["give", &collection, "--csv", &list, "--key", key]);
        assert!(errors.contains("is not a member of collection"), "{errors}");
    }
    let given = devnet.json(&["give", &collection, "[1, 2]", "--key", "dev-2"]);
    assert_eq!((&given["given"], &given["rows"]), (&json!(1), &json!(2)));
    let given = devnet.json(&["give", &collection, "--csv", &list, "--key", "dev-2"]);
    assert_eq!(
        (&given["corrected"], &given["rows"]),
        (&json!(1), &json!(3))
    );
    devnet.json(&["grant", &collection, "--to", "dev-1", "--key", "dev-2"]);
    devnet.json(&["collect", "close", &collection]);
    let run = devnet.json(&["run", &collection, "--key", "dev-1"]);
    assert_eq!(
        (&run["rows"], &run["public"]),
        (&json!(3), &json!({"total": 24}))
    );
    assert_eq!(run["results"], json!({"most": 9}));
    let read = devnet.json(&["result", &run["job"].to_string(), "--key", "dev-2"]);
    assert_eq!(read["results"]["dev-2"], json!({"place": [3, 1, 2]}));
}
