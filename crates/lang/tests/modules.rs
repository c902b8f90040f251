//! Files of the library: what they compute on committees, and how contracts find them.

mod committees;

use std::collections::BTreeMap;

use committees::agrees;
use enigma_lang::ide::{Analysis, RenameError};
use enigma_lang::{Alone, Code, check_library, compile, compile_with, format};

const FILES: [(&str, &str); 2] = [
    ("auction", include_str!("../library/auction.enigma")),
    ("vote", include_str!("../library/vote.enigma")),
];

#[test]
fn files_of_the_library_are_sound_by_themselves() {
    for (name, text) in FILES {
        assert_eq!(check_library(text, &Alone).diagnostics, [], "{name}");
        assert_eq!(format(text).expect("it parses"), text, "{name}");
    }
}

#[test]
fn auctions() {
    let source = "use auction::second_price; use auction::uniform;
    contract Auctions version 1 {
      group g min 2 max 9;
      collect bid: private u32 from each g range 0..=1_000 allow aggregate(2) to each g allow per_owner to owner;
      entry one(reserve: u64) {
        let sale = second_price(bid, reserve);
        reveal sold = sale.sold to each g;
        reveal price = sale.price to each g;
      }
      entry single() {
        let price = uniform(bid, 1, 5);
        reveal at = price to each g;
        reveal won = bid.map(|b| b as u64 > price) to owner(bid);
      }
      entry pair() {
        let price = uniform(bid, 2, 5);
        reveal at = price to each g;
        reveal won = bid.map(|b| b as u64 > price) to owner(bid);
      }
      entry three() {
        let price = uniform(bid, 3, 5);
        reveal at = price to each g;
        reveal won = bid.map(|b| b as u64 > price) to owner(bid);
      }
      test \"one thing\" {
        given bid = [300, 900, 700];
        run one(reserve: 100); expect sold; expect price == 700;
        given bid = [40, 120];
        run one(reserve: 100); expect sold; expect price == 100;
        given bid = [40, 50];
        run one(reserve: 100); expect !sold; expect price == 100;
      }
      test \"several\" {
        given bid = [300, 900, 700, 400];
        run pair(); expect at == 400; expect won == [false, true, true, false];
        given bid = [300, 900, 900, 900];
        run pair(); expect at == 900; expect won == [false, false, false, false];
        given bid = [300, 900, 4];
        run three(); expect at == 5; expect won == [true, true, false];
        given bid = [3, 900, 4];
        run single(); expect at == 5; expect won == [false, true, false];
      }
    }";
    agrees(source, &[3, 5]);
}

#[test]
fn votes() {
    let source = "use vote::tally; use vote::ranked;
    contract Votes version 1 {
      group g min 2 max 9;
      enum Fruit { Apple, Pear, Plum }
      struct Ballot { likes: Fruit; x: u8 range 0..=3; y: u8 range 0..=3; z: u8 range 0..=3; }
      collect r: private Ballot from each g allow aggregate(2) to each g;
      entry count() {
        let ranks = ranked([r.x, r.y, r.z]);
        reveal counts = tally(r.likes, [Fruit::Pear, Fruit::Apple]) to each g;
        reveal winner = ranks.winner to each g;
        reveal clear = ranks.beats_all to each g;
      }
      test \"the second beats both\" {
        given r = [Ballot(likes: Fruit::Pear, x: 1, y: 2, z: 3), Ballot(likes: Fruit::Plum, x: 3, y: 2, z: 1),
          Ballot(likes: Fruit::Pear, x: 3, y: 1, z: 2), Ballot(likes: Fruit::Apple, x: 0, y: 1, z: 0)];
        run count(); expect counts == [2, 1]; expect winner == 1; expect clear;
      }
      test \"in a circle, as many votes each: the first\" {
        given r = [Ballot(likes: Fruit::Pear, x: 1, y: 2, z: 3), Ballot(likes: Fruit::Pear, x: 3, y: 1, z: 2), Ballot(likes: Fruit::Pear, x: 2, y: 3, z: 1)];
        run count(); expect winner == 0; expect !clear;
      }
      test \"two alike: who has more votes\" {
        given r = [Ballot(likes: Fruit::Pear, x: 3, y: 1, z: 1), Ballot(likes: Fruit::Pear, x: 2, y: 1, z: 0)];
        run count(); expect winner == 1; expect clear;
        given r = [Ballot(likes: Fruit::Pear, x: 3, y: 1, z: 1), Ballot(likes: Fruit::Pear, x: 1, y: 2, z: 1), Ballot(likes: Fruit::Pear, x: 1, y: 1, z: 3)];
        run count(); expect winner == 0; expect !clear;
      }
      test \"nobody ranks anyone\" {
        given r = [Ballot(likes: Fruit::Plum, x: 0, y: 0, z: 0), Ballot(likes: Fruit::Plum, x: 0, y: 0, z: 0)];
        run count(); expect counts == [0, 0]; expect winner == 0; expect !clear;
      }
    }";
    agrees(source, &[3, 5]);
}

/// The numbers of the same descent with 64-bit floating point: -0.3795, 1.7152, -1.1759.
#[test]
fn a_logistic_regression() {
    let source = "contract Fit version 1 {
      group g min 3 max 9;
      struct Row { a: fix range -1..=1; b: fix range -1..=1; y: fix range 0..=1; }
      collect r: private Row from each g allow any to each g;
      entry fit() {
        let w = logreg_train(x: [r.a, r.b], y: r.y, rate: 2.0, steps: 5);
        reveal at = w[0] to each g;
        reveal of_a = w[1] to each g;
        reveal of_b = w[2] to each g;
        reveal risk = logistic(w[0] + w[1]) to each g;
      }
      test \"five rows\" {
        given r = [Row(a: -1.0, b: 1.0, y: 0.0), Row(a: -0.5, b: 0.0, y: 0.0), Row(a: 0.5, b: -1.0, y: 1.0),
          Row(a: 1.0, b: 0.5, y: 1.0), Row(a: 0.25, b: 0.75, y: 0.0)];
        run fit();
        expect at > -0.381; expect at < -0.378; expect of_a > 1.714; expect of_a < 1.717; expect of_b > -1.178; expect of_b < -1.174;
        expect risk > 0.79; expect risk < 0.792;
      }
    }";
    agrees(source, &[3, 5]);
}

#[test]
fn other_names_of_what_there_is() {
    let source = "contract Names version 1 {
      group g min 2 max 9;
      struct Row { x: fix range -4..=4; y: fix range -4..=4; n: u64 range 0..=50; }
      collect r: private Row from each g allow any to each g;
      entry e() {
        let (a, b, c) = (linreg(x: [r.x], y: r.y), linreg(x: [r.x], y: r.y, ridge: 0.5), ridge(x: [r.x], y: r.y, penalty: 0.5));
        reveal same = b[0] == c[0] && b[1] == c[1] to each g;
        reveal slope = a[1] to each g;
        reveal less = c[1] to each g;
        reveal most = r.n.map(|k| clip(k, 5, 20)).sum() to each g;
        reveal third = r.n.highest(3) to each g;
        reveal beyond = r.n.highest(30) to each g;
        let large = r.n.filter(|k| k > 10);
        reveal count = large.map(|k| k.is_some()).count_true() to each g;
        reveal sum = large.map(|k| k.or(0)).sum() to each g;
        reveal found = left_join(r.n, r.n, r.x).map(|x| x.or(0.0)).sum() to each g;
      }
      test \"four rows\" {
        given r = [Row(x: 1.0, y: 2.0, n: 3), Row(x: 2.0, y: 4.0, n: 11), Row(x: -1.0, y: -2.0, n: 40), Row(x: 0.0, y: 0.0, n: 10)];
        run e();
        expect same; expect slope == 2.0; expect less < 2.0; expect less > 1.0; expect most == 5 + 11 + 20 + 10; expect third == 10; expect beyond == 3;
        expect count == 2; expect sum == 51; expect found == 2.0;
      }
    }";
    agrees(source, &[3, 5]);
}

const USER: &str = "use auction::second_price;
contract X version 1 {
  group g min 3 max 9;
  collect bid: private u64 from each g range 0..=9 allow aggregate(3) to public;
  entry e() { reveal price = second_price(bid, 1).price to public; }
}
";

#[test]
fn a_file_of_the_contract_s_folder_comes_first() {
    let library = compile(USER);
    assert_eq!(library.diagnostics, []);
    let own = "struct Sale { price: u64; } fn second_price<T>(bids: private T, least: u64) -> private Sale { return Sale(price: bids.sum() + least); }";
    let files = BTreeMap::from([("auction.enigma".to_owned(), own.to_owned())]);
    let own = compile_with(USER, &files);
    assert_eq!(own.diagnostics, []);
    assert_ne!(own.contract, library.contract);
    // From a folder, too, it is the library's, and one file for all.
    let between = "use auction::second_price; fn twice<T>(bids: private T) -> private u64 { return second_price(bids, 2).price * 2; }";
    let files = BTreeMap::from([("lib/twice.enigma".to_owned(), between.to_owned())]);
    let both = USER
        .replace("use auction", "use lib::twice::twice; use auction")
        .replace(
            "second_price(bid, 1).price",
            "second_price(bid, 1).price + twice(bid)",
        );
    let both = compile_with(&both, &files);
    assert_eq!(both.diagnostics, []);
    assert_eq!(both.sources.files(), 3);
}

#[test]
fn what_is_not_used_is_found_by_name() {
    for (call, help) in [
        (
            "auction::second_price(bid, 1)",
            "write `use auction::second_price;` above the contract, and `second_price(...)` here",
        ),
        (
            "second_price(bid, 1)",
            "the library has one: write `use auction::second_price;` above the contract",
        ),
    ] {
        let source = USER
            .replace("use auction::second_price;\n", "")
            .replace("second_price(bid, 1)", call);
        let found = compile(&source).diagnostics;
        let [only] = &found[..] else {
            panic!("{found:?}");
        };
        assert_eq!(
            (only.code, &only.help[..]),
            (Code::E0203, &[help.to_owned()][..])
        );
    }
    let missing = compile(&USER.replace("auction::second_price", "auction::third_price"));
    let codes: Vec<Code> = missing.diagnostics.iter().map(|d| d.code).collect();
    assert_eq!(codes.first(), Some(&Code::E0110), "{codes:?}");
    let no_file = compile(&USER.replace("auction::second_price", "auctions::second_price"));
    assert_eq!(
        no_file.diagnostics.first().map(|d| d.code),
        Some(Code::E0109)
    );
}

/// The library's files lie in no folder: an editor cannot go there, nor change a name.
#[test]
fn editors_stay_in_the_contract_s_folder() {
    let analysis = Analysis::with(USER, &Alone);
    let at = USER.find("second_price(bid").expect("there");
    assert_eq!(analysis.definition(at), []);
    assert_eq!(analysis.references(at).len(), 2);
    assert_eq!(analysis.prepare_rename(at), Err(RenameError::NotHere));
    let hover = analysis.hover(at).expect("known");
    assert!(hover.text.contains("One thing: who bids most"), "{hover:?}");
}
