//! Tests of contracts on committees: every call of every test of the examples runs on shares, over the field and through the
//! bytes of the compiled contract, and comes to what the interpreter says, at exactly the predicted cost. What is sent does not
//! depend on secrets.

mod committees;

use std::path::Path;

use committees::{InMemory, Trace, agrees};
use enigma_bytecode::model::{Contract, Op};
use enigma_lang::testing::Keyless;
use enigma_lang::{Checked, Code, Diagnostic, Span, compile, run_test_on, run_test_without_keys};

/// Every example but the vault, which signs, and that no network can do.
const EXAMPLES: [&str; 8] = [
    "salaries/salaries",
    "auction/auction",
    "voting/voting",
    "ballot/ballot",
    "overlap/overlap",
    "risk_model/risk_model",
    "income_by_department/income_by_department",
    "data_market/data_market",
];

fn example(name: &str) -> (Checked, Contract) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let source =
        std::fs::read_to_string(folder.join(format!("{name}.enigma"))).expect("it is there");
    let compilation = compile(&source);
    assert_eq!(compilation.diagnostics, [], "{name}");
    (
        compilation.checked.expect("no errors"),
        compilation.contract.expect("it can be built"),
    )
}

fn examples_on(nodes: u8) {
    for name in EXAMPLES {
        let (checked, contract) = example(name);
        for test in &checked.hir.tests {
            let mut committee = InMemory::new(&contract, nodes, 7);
            let outcome = run_test_on(&checked, &contract, test, &mut committee);
            assert!(outcome.passed(), "{name}: {outcome:?}");
            assert!(!committee.calls.is_empty(), "{name}: {}", test.title);
        }
    }
}

#[test]
fn examples_pass_their_tests_on_a_committee_of_three() {
    examples_on(3);
}

#[test]
fn examples_pass_their_tests_on_a_committee_of_five() {
    examples_on(5);
}

/// As it stands, with the key that no network has: the interpreter signs, and committees run everything else.
#[test]
fn the_vault_passes_its_tests_but_for_its_key() {
    let source = include_str!("contracts/7_vault.enigma");
    for nodes in [3, 5] {
        let left_out = agrees_without_keys(source, nodes);
        let lines: Vec<&str> = left_out.iter().map(String::as_str).collect();
        assert_eq!(
            lines,
            [
                "10 L.pubkey",
                "18 MPC.sk",
                "28 what is stored in MPC.sk",
                "29 reveal pubkey",
                "30 what is stored in L.pubkey",
                "44 reveal signature",
            ]
        );
    }
}

/// What is left is the contract that has never had a key.
#[test]
fn without_its_key_a_contract_is_as_if_it_had_none() {
    let source = include_str!("contracts/7_vault.enigma");
    let gone = [10, 18, 28, 29, 30, 44];
    let lines = (1..).zip(source.lines());
    let lines = lines.filter(|(number, _)| !gone.contains(number));
    let rest: String = lines.map(|(_, line)| format!("{line}\n")).collect();
    assert!(!rest.contains("MPC.sk") && !rest.contains("key<") && !rest.contains("pubkey"));
    let keyless = keyless(source)
        .expect("it can be built")
        .expect("it has a key");
    assert_eq!(Some(keyless.contract()), compile(&rest).contract.as_ref());
    agrees(&rest, &[3]);
    assert!(compile(source).contract.is_none(), "nothing to publish");
    let salaries = example("salaries/salaries").0;
    assert!(Keyless::of(&salaries).expect("it can be built").is_none());
}

/// Through variables, slots, loops and other entries.
#[test]
fn what_reads_a_left_out_value_is_left_out_too() {
    let source = "contract Seals version 1 {
      state L { seal: bytes<64>; seals: map<id, bytes<64>>; n: u64 = 0; }
      state MPC { sk: private key<secp256k1>; }
      entry make() { MPC.sk = keygen(); L.n += 1; }
      entry seal(d: hash) {
        let (key, three) = (MPC.sk, 3);
        reveal s = key.sign(d) to public;
        for k in 0..2 { let held = L.seal; L.seals[caller] = held; L.n += 1; }
        L.seal = s;
      }
      entry show() { L.seals[caller] = L.seal; L.n += 2; }
      test \"sealed\" {
        run make(); set L.n = 5; set L.seals[ann] = L.seal;
        run seal(d: digest_of(\"x\")) as ann; expect s == L.seal; expect L.n == 7;
        run show() as ann; expect L.n == 9; expect len([L.seal]) == 1;
      }
    }";
    let left_out = agrees_without_keys(source, 3);
    let lines: Vec<&str> = left_out.iter().map(String::as_str).collect();
    assert_eq!(
        lines,
        [
            "2 L.seal",
            "2 L.seals",
            "3 MPC.sk",
            "4 what is stored in MPC.sk",
            "6 variables",
            "7 reveal s",
            "8 held",
            "8 what is stored in L.seals",
            "9 what is stored in L.seal",
            "11 what is stored in L.seals",
            "13 set",
            "14 expect",
            "15 expect",
        ]
    );
}

/// Nothing is guessed of a run that a key decides.
#[test]
fn what_a_key_decides_is_refused_by_name() {
    let says = |declared: &str, body: &str| -> Vec<String> {
        let source = format!(
            "contract Decides version 1 {{
               group g min 2 max 9;
               state L {{ pub_half: bytes<33>; n: u64 = 0; }}
               state MPC {{ sk: private key<secp256k1>; }}
               collect a: private u64 from each g range 0..=9 allow aggregate(2) to public;
               entry make() {{ reveal p = MPC.sk.public_key() to public; L.pub_half = p; }}
               entry e(d: bytes<33>) {declared} {{ {body} }}
             }}"
        );
        let Err(problems) = keyless(&source) else {
            panic!("not refused: {source}");
        };
        let problems = problems.into_iter().map(|problem| {
            assert_eq!(problem.code, Code::W0902);
            problem.message
        });
        problems.collect()
    };
    let refused = |what: &str| vec![format!("{what}: not supported by this network")];
    let branch = "reveal q = MPC.sk.public_key() to public; if q == d { L.n = 1; }";
    assert_eq!(says("", branch), refused("a branch that depends on a key"));
    let loaded = "if L.pub_half == d { L.n = 1; }";
    assert_eq!(says("", loaded), refused("a branch that depends on a key"));
    let require = "require L.pub_half == d;";
    assert_eq!(
        says("", require),
        refused("a `require` that depends on a key")
    );
    let looped = "while L.pub_half == d max 3 { L.n += 1; }";
    assert_eq!(says("", looped), refused("a loop that depends on a key"));
    let when = "when L.pub_half == d";
    let of_entry = "a condition or payment of the entry that depends on a key";
    assert_eq!(says(when, "L.n = 1;"), refused(of_entry));
    let rows = "reveal s = (MPC.sk.public_key(), a.sum()) to public;";
    assert_eq!(says("", rows), refused("rows beside a key"));
}

fn keyless(source: &str) -> Result<Option<Keyless>, Vec<Diagnostic>> {
    let compilation = compile(source);
    let checked = compilation.checked.as_ref();
    let checked = checked.unwrap_or_else(|| panic!("{:?}", compilation.diagnostics));
    Keyless::of(checked)
}

/// Runs all tests on a committee, without what depends on keys; what that is, by line.
fn agrees_without_keys(source: &str, nodes: u8) -> Vec<String> {
    let compilation = compile(source);
    let checked = compilation.checked;
    let checked = checked.unwrap_or_else(|| panic!("{:?}", compilation.diagnostics));
    let keyless = Keyless::of(&checked).expect("it can be built");
    let keyless = keyless.expect("it has a key");
    for test in &checked.hir.tests {
        let mut committee = InMemory::new(keyless.contract(), nodes, 5);
        let outcome = run_test_without_keys(&checked, &keyless, test, &mut committee);
        assert!(outcome.passed(), "{nodes} nodes: {outcome:?}");
        assert!(!committee.calls.is_empty());
    }
    let line = |span: Span| 1 + source[..span.range().start].matches('\n').count();
    let left_out = keyless.left_out().iter();
    let left_out = left_out.map(|left_out| format!("{} {}", line(left_out.span), left_out.what));
    left_out.collect()
}

/// What is paid to members does not depend on whether their rows are read.
#[test]
fn members_are_those_who_give_also_where_nothing_is_read() {
    let source = "contract Paid version 1 {
      group g min 2 max 9;
      state L { paid: map<id, u64>; n: u64 = 0; }
      collect a: private u64 from each g range 0..=9 allow aggregate(2) to public;
      entry pay() { for m in g { L.paid[m] += 1; } }
      entry unused() { let sum = a.sum(); L.n += 1; }
      test \"two\" {
        given a = [3, 4]; run pay(); expect L.paid[g[1]] == 1; run unused(); expect L.n == 1;
      }
      test \"one is too few\" { given a = [3]; expect fail run pay(); expect fail run unused(); }
    }";
    agrees(source, &[3]);
}

#[test]
fn members_keep_their_numbers_when_rows_are_refused() {
    let source = "contract Who version 1 {
      group g min 2 max 9;
      struct Row { x: u64 range 0..=9; }
      state L { last: id; }
      collect a: private u64 from each g range 0..=9 allow member to public;
      collect t: private table<Row> from each g max_rows 2 allow member to public;
      entry e() {
        reveal most = a.owner_at(a.argmax()) to public;
        reveal least = a.owner_at(a.argmin()) to caller;
        reveal other = t.owner_at(t.x.argmax()) to caller;
        L.last = most;
      }
      test \"the first is out of range\" {
        given a = [10, 3, 7, 2];
        given t = [[Row(x: 1), Row(x: 2)], [Row(x: 10), Row(x: 3)], [Row(x: 8)]];
        run e() as g[0];
        expect most == g[2]; expect least == g[3]; expect other == g[2]; expect L.last == g[2];
      }
    }";
    agrees(source, &[3]);
}

/// `min` counts people, not rows.
#[test]
fn members_who_give_many_rows_are_one_each() {
    let source = "contract Few version 1 {
      group g min 3 max 9;
      struct Row { x: u64 range 0..=9; }
      collect t: private table<Row> from each g max_rows 3 allow aggregate(3) to public;
      entry e() { reveal sum = t.x.sum() to public; }
      test \"four rows of two\" {
        given t = [[Row(x: 1), Row(x: 2), Row(x: 3)], [Row(x: 4)]]; expect fail run e();
      }
      test \"the third has no valid row\" {
        given t = [[Row(x: 1), Row(x: 2)], [Row(x: 3)], [Row(x: 10)]]; expect fail run e();
      }
      test \"four rows of three\" {
        given t = [[Row(x: 1), Row(x: 2)], [Row(x: 3)], [Row(x: 4)]]; run e(); expect sum == 10;
      }
    }";
    agrees(source, &[3]);
}

/// Nodes see that a value that is cut to a range lies in it.
#[test]
fn what_is_cut_to_a_range_is_known_to_lie_there() {
    let source = "contract Cut version 1 {
      entry e(x: private i32 from caller) {
        reveal root = sqrt(clamp(x, 0, 900)) to caller;
        reveal square = clamp(x, -1_000, 1_000) * max(min(x, 9), -9) to caller;
        reveal at = [5, 6, 7].lookup(clamp(x, 0, 2)) to caller;
      }
      test \"both ends\" {
        run e(x: 2_000_000_000) as ann; expect root == 30; expect square == 9_000; expect at == 7;
        run e(x: -4) as ann; expect root == 0; expect square == 16; expect at == 5;
      }
    }";
    agrees(source, &[3]);
}

#[test]
fn what_everyone_knows_chooses_between_truth_values() {
    let source = "contract Chosen version 1 {
      state L { open: bool = true; }
      entry e(x: private u64 from caller range 0..=9) {
        reveal both = L.open ? x > 3 : x < 2 to caller;
        reveal known = L.open ? true : x > 3 to caller;
        reveal pair = L.open ? (x, true) : (x + 1, x > 3) to caller;
        reveal own = L.open ? x > 3 : L.open to caller;
        reveal other = L.open ? L.open : x > 3 to caller;
        L.open = !L.open;
      }
      test \"open, then closed\" {
        run e(x: 3) as ann; expect !both; expect known; expect !own; expect other;
        run e(x: 1) as ann; expect both; expect !known; expect !own; expect !other;
      }
    }";
    agrees(source, &[3]);
}

#[test]
fn lists_in_another_order() {
    let source = "contract Lists version 1 {
      struct Pair { left: i64; right: bool; }
      entry e(x: private [i64; 4] from caller range -20..=20, k: private i64 from caller range -9..=9) {
        reveal up = x.sort() to caller;
        reveal down = x.sort_desc() to caller;
        reveal by = x.sort_by([k, 3, 0, k]) to caller;
        let pairs = [Pair(left: k, right: k > 2), Pair(left: 5, right: true)].sort_by([k, 2]);
        reveal left = pairs.map(|p| p.left) to caller;
        reveal right = pairs.map(|p| p.right) to caller;
        reveal best = x.top(2) to caller;
        reveal more = x.top(5) to caller;
        reveal sums = x.prefix_sums() to caller;
        reveal known = [3, 1, 2].sort()[0] + [5, 4].top(3)[1] + [1, 2].prefix_sums()[1] + k to caller;
        reveal nothing = [5, 4].top(3)[2] + k to caller;
      }
      entry f(x: private [fix; 3] from caller range -4..=4) {
        reveal middle = x.sort()[1] to caller;
        reveal largest = x.top(1)[0] to caller;
        reveal two = x.prefix_sums()[1] to caller;
      }
      test \"all ways\" {
        run e(x: [3, -4, 3, 20], k: 2) as ann;
        expect up == [-4, 3, 3, 20]; expect down == [20, 3, 3, -4]; expect by == [3, 3, 20, -4];
        expect left == [2, 5]; expect right == [false, true];
        expect best == [20, 3]; expect more == [20, 3, 3, -4, 0]; expect sums == [3, -1, 2, 22];
        expect known == 10; expect nothing == 2;
        run e(x: [-1, -2, -3, -4], k: 9) as ann;
        expect by == [-3, -2, -1, -4]; expect left == [5, 9]; expect more == [-1, -2, -3, -4, 0];
        run f(x: [1.5, -2.0, 0.25]) as ann;
        expect middle == 0.25; expect largest == 1.5; expect two == -0.5;
      }
    }";
    agrees(source, &[3, 5]);
}

#[test]
fn columns_in_another_order() {
    let source = "contract Columns version 1 {
      party p;
      group g min 3 max 9;
      struct Row { n: i64 range -9..=9; w: u64 range 0..=9; flag: bool; }
      state MPC {
        largest: private [i64; 3] allow any to p; spread: private i64 allow any to p; sums: private i64 allow any to p;
        far: private i64 allow any to p; all: private i64 allow any to p;
      }
      collect v: private [i64; max 80] from p range -50..=50 allow any to p;
      collect t: private table<Row> from p max_rows 80 allow any to p;
      collect a: private u64 from each g range 0..=9 allow bit to public;
      entry e() {
        MPC.largest = v.top(3);
        MPC.spread = dot(v.sort(), v.sort_desc());
        MPC.sums = v.prefix_sums().sum();
        MPC.far = dot(v.prefix_sums().map(|x| x / 2), v.sort());
      }
      entry f() {
        let by = t.sort_by(t.n);
        MPC.all = dot(by.map(|r| r.w as i64), by.map(|r| r.flag ? 1 : 0).prefix_sums());
      }
      entry show() {
        reveal largest = MPC.largest to p; reveal spread = MPC.spread to p; reveal sums = MPC.sums to p;
        reveal far = MPC.far to p; reveal all = MPC.all to p;
      }
      entry third() { reveal high = a.top(3)[2] > 4 to public; }
      entry second() { reveal low = a.sort()[1] < 4 to public; }
      entry single() {
        MPC.spread = v[0] + v.sort()[1] * 2 + v.prefix_sums()[4];
        MPC.all = t.sort_by(t.n)[0].w as i64 + (t[2].flag ? 10 : 20);
      }
      test \"few rows\" {
        given v = [4, -50, 7, 0, 7];
        given t = [Row(n: 3, w: 1, flag: true), Row(n: -2, w: 5, flag: true), Row(n: 3, w: 9, flag: false)];
        given a = [5, 9, 2, 6];
        run e() as p; run f() as p; run show() as p;
        expect largest == [7, 7, 4]; expect spread == -684; expect sums == -152; expect far == -421;
        expect all == 5 + 2 + 18;
        run third() as p; expect high; run second() as p; expect !low;
        run single() as p; run show() as p; expect spread == 4 + 0 - 32; expect all == 5 + 20;
      }
      test \"no rows\" {
        given v = []; given t = []; given a = [5, 4, 6];
        run e() as p; run f() as p; run show() as p;
        expect largest == [0, 0, 0]; expect spread == 0; expect far == 0; expect all == 0;
        run third() as p; expect !high; run second() as p; expect !low;
        run single() as p; run show() as p; expect spread == 0; expect all == 20;
      }
    }";
    agrees(source, &[3, 5]);
}

/// Whatever the order is.
#[test]
fn what_is_shuffled_stays_together() {
    let source = "contract Mixed version 1 {
      party p;
      party q;
      struct Row { n: i64 range -9..=9; w: i64 range 0..=9; }
      collect t: private table<Row> from p max_rows 20 allow any to q;
      entry e(x: private [i64; 4] from caller range -20..=20) {
        let (once, again) = (x.shuffle(), x.shuffle());
        reveal sum = once.sum() to p;
        reveal most = again.max() to p;
        reveal sorted = once.sort() to p;
        let rows = t.shuffle();
        reveal product = dot(rows.map(|r| r.n), rows.map(|r| r.w)) == 29 to q;
        reveal one = [x[0]].shuffle()[0] to p;
      }
      test \"a few\" {
        given t = [Row(n: 3, w: 1), Row(n: -2, w: 5), Row(n: 4, w: 9)];
        run e(x: [7, -3, 20, 0]) as p;
        expect sum == 24; expect most == 20; expect sorted == [-3, 0, 7, 20]; expect product; expect one == 7;
      }
    }";
    agrees(source, &[3, 5]);
    let compilation = compile(source);
    let contract = compilation.contract.expect("it can be built");
    let shuffles = contract.entries[0].code.iter();
    let shuffles = shuffles.filter(|op| matches!(op, Op::Shuffle { .. }));
    assert_eq!(shuffles.count(), 3, "each call has an order of its own");
}

/// Nothing else in the contract asks for the large field.
#[test]
fn functions_of_fixed_point_are_computed_in_the_large_field() {
    let source = "contract Curve version 1 {
      entry e(x: private fix from caller range -4..=4) {
        reveal curve = sigmoid(x) to caller;
        reveal power = exp(x) to caller;
        reveal log = ln(x) to caller;
      }
      test \"of zero\" { run e(x: 0.0) as ann; expect curve == 0.5; expect power == 1.0; expect log == 0.0; }
    }";
    agrees(source, &[3]);
}

/// The same test with other secrets that lead to the same results.
#[test]
fn what_is_sent_does_not_depend_on_secrets() {
    let source = |bids: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
        let source =
            std::fs::read_to_string(folder.join("auction/auction.enigma")).expect("it is there");
        source.replace(
            "given bid = [300, 900, 700];",
            &format!("given bid = {bids};"),
        )
    };
    let trace = |bids: &str| {
        let compilation = compile(&source(bids));
        let checked = compilation.checked.expect("no errors");
        let contract = compilation.contract.expect("it can be built");
        let mut committee = InMemory::new(&contract, 3, 11);
        let outcome = run_test_on(&checked, &contract, &checked.hir.tests[0], &mut committee);
        assert!(outcome.passed(), "{outcome:?}");
        let calls = committee.calls.into_iter();
        calls.flat_map(|heard| heard.trace).collect::<Trace>()
    };
    let first = trace("[300, 900, 700]");
    assert_eq!(first, trace("[1, 1000000000, 700]"));
    assert_eq!(first, trace("[700, 701, 2]"));
    assert!(first.len() > 100);
}

/// The time of the block of the call, in conditions, in what is stored and beside what is private.
#[test]
fn entries_know_the_time() {
    let source = "contract Clock version 1 {
      state L { until: u64 = 1_000; at: u64; }
      entry late(x: private u64 from caller range 0..=9) when L.time >= L.until {
        L.at = L.time - L.until;
        reveal y = x + L.time % 10_000 to caller;
        reveal z = (x as i64) < (L.time % 10_000) as i64 - 5_000 to caller;
      }
      test \"early\" { expect fail run late(x: 1) as ann; }
      test \"late\" { set L.time = 5_004; run late(x: 3) as ann; expect L.at == 4_004; expect y == 5_007; expect z; }
      test \"just\" { set L.time = 1_000; run late(x: 0) as ann; expect L.at == 0; expect y == 1_000; expect !z; }
    }";
    agrees(source, &[3, 5]);
}

/// What stands behind runs where nothing was left.
#[test]
fn entries_and_loops_end_where_a_run_says() {
    let source = "contract Ends version 1 {
      state L { mode: u64 = 0; n: u64; list: [u64; 3] = [4, 0, 7]; }
      state MPC { kept: private u64 allow any to caller; }
      fn first(flag: bool, x: private u64, y: private u64) -> private u64 {
        if flag { return x; } else { return y; }
      }
      entry e(x: private u64 from caller range 0..=9) {
        L.n = 0;
        MPC.kept = x;
        if L.mode == 1 { MPC.kept = 5; return; }
        for k in 0..3 {
          if L.list[k] == 0 { if L.mode == 2 { return; } break; }
          L.n += L.list[k];
          MPC.kept = min(MPC.kept + 1, 99);
        }
        L.n += 100;
        reveal y = first(L.mode == 3, x, MPC.kept) to caller;
        if L.mode == 3 { return; } else { L.n += 1; }
        while L.n < 106 max 4 { L.n += 1; if L.mode == 5 { break; } }
        reveal z = MPC.kept to caller;
      }
      entry set(mode: u64) { L.mode = mode; }
      entry show() { reveal kept = MPC.kept to caller; }
      test \"to the end\" { run e(x: 2) as ann; expect L.n == 106; expect y == 3; expect z == 3; }
      test \"at once\" { run set(mode: 1); run e(x: 2) as ann; expect L.n == 0; run show() as ann; expect kept == 5; }
      test \"in the loop\" { run set(mode: 2); run e(x: 2) as ann; expect L.n == 4; run show() as ann; expect kept == 3; }
      test \"behind a result\" { run set(mode: 3); run e(x: 2) as ann; expect L.n == 104; expect y == 2; }
      test \"out of the second loop\" { run set(mode: 5); run e(x: 9) as ann; expect L.n == 106; expect z == 10; }
    }";
    agrees(source, &[3, 5]);
}

/// What stands behind each of them is inside of the one before.
#[test]
fn an_entry_may_end_early_in_many_places() {
    let source = |count: usize| {
        let ends: String = (0..count)
            .map(|k| format!("if L.n == {k} {{ return; }} "))
            .collect();
        format!(
            "contract Early version 1 {{
              state L {{ n: u64 = 70; }}
              entry e(x: private u64 from caller range 0..=9) {{ {ends} reveal y = x to caller; }}
              test \"late\" {{ run e(x: 4) as ann; expect y == 4; }}
            }}"
        )
    };
    agrees(&source(60), &[3]);
    let compilation = compile(&source(70));
    let [found] = &compilation.diagnostics[..] else {
        panic!("{:?}", compilation.diagnostics);
    };
    assert_eq!(found.code, Code::W0901);
    assert!(
        found
            .message
            .starts_with("so many branches inside of each other")
    );
}

/// The codes and messages of a body in a contract with a slot on the ledger and rows.
fn said(body: &str) -> Vec<(Code, String)> {
    let source = format!(
        "contract Effects version 1 {{
           group g min 5 max 10;
           state L {{ n: u64 = 0; }}
           collect a: private u64 from each g range 0..=9 allow aggregate(5) to public;
           entry e(x: u64, y: u64) {{ {body} }}
         }}"
    );
    let found = compile(&source).diagnostics.into_iter();
    found.map(|d| (d.code, d.message)).collect()
}

#[test]
fn effects_do_not_follow_what_is_computed_on_shares() {
    // Both numbers are public, but their order is found by a committee.
    for effect in ["L.n = 1;", "require false;"] {
        let found = said(&format!("if [x, y].sort_by([y, x])[0] > 3 {{ {effect} }}"));
        assert!(
            matches!(&found[..], [(Code::W0901, why)] if why.starts_with("an effect under")),
            "{found:?}"
        );
        // The smaller one everybody finds.
        let found = said(&format!("if [x, y].sort()[0] > 3 {{ {effect} }}"));
        assert_eq!(found, []);
    }
}

#[test]
fn what_is_shuffled_is_known_to_nobody() {
    let found = said("if [0, 1].shuffle()[0] == 1 { L.n = 1; }");
    assert!(matches!(found[..], [(Code::E0303, _)]), "{found:?}");
}

#[test]
fn rows_are_not_given_one_order_for_all() {
    let found = said("reveal r = a.map(|v| v + [0, 9].shuffle()[0]).sum() to public;");
    assert!(
        matches!(&found[..], [(Code::W0901, why)] if why.starts_with("a shuffle for each row")),
        "{found:?}"
    );
}

/// The condition of a group is asked as nodes ask it: whose rows count, and who may call.
#[test]
fn who_belongs_to_a_group_is_decided_from_the_ledger() {
    let source = "
contract Club version 1 {
  party chair;
  enum Rank { Guest, Member, Founder }
  state L { rank: map<id, Rank>; open: bool = true; notes: u64 = 0; }
  group people min 2 max 50 admit |who| L.open && (L.rank[who] == Rank::Member || L.rank[who] == Rank::Founder) && who != chair;
  collect pay: private u64 from each people range 0..=1000 allow aggregate(2) to public;
  entry rise(who: id, rank: Rank) by chair { L.rank[who] = rank; }
  entry close() by chair { L.open = false; }
  entry total() { reveal sum = pay.sum() to public; }
  entry note() by people { L.notes += 1; }
  test \"members count\" {
    given pay = [100, 200, 400, 800];
    run rise(who: people[1], rank: Rank::Member) as chair;
    expect fail run total() as stranger;
    expect fail run note() as people[0];
    run rise(who: people[2], rank: Rank::Founder) as chair;
    run rise(who: people[3], rank: Rank::Guest) as chair;
    run total() as stranger;
    expect sum == 600;
    run note() as people[1];
    run rise(who: stranger, rank: Rank::Member) as chair;
    run note() as stranger;
    expect L.notes == 2;
    run close() as chair;
    expect fail run total() as stranger;
  }
}";
    agrees_in(source, 11);
}

/// Also where members give several rows each.
#[test]
fn rows_of_tables_are_checked() {
    let source = "
contract Checked version 1 {
  struct Trip { start: u32 range 0..=1000; end: u32 range 0..=1000; }
  group people min 2 max 50;
  collect trips: private table<Trip> from each people max_rows 3
    check |t| t.end > t.start
    allow aggregate(2) to public;
  entry total() { reveal time = trips.map(|t| t.end as i64 - t.start as i64).sum() to public; }
  test \"rows that contradict themselves are left out\" {
    given trips = [[Trip(start: 10, end: 30), Trip(start: 30, end: 10)], [Trip(start: 5, end: 6)]];
    run total() as people[0];
    expect time == 21;
  }
}";
    agrees_in(source, 1);
}

/// Rows that do not fulfil the condition count as little as those out of range, on a committee as in the interpreter, at the predicted cost.
#[test]
fn rows_are_checked_by_what_the_collection_asks() {
    let source = "
contract Checked version 1 {
  enum City { Bern, Basel, Chur }
  struct Trip { from: City; to: City; start: u32 range 0..=1000; end: u32 range 0..=1000; }
  group people min 2 max 50;
  party clerk;
  collect trip: private Trip from each people
    check |t| t.from != t.to && t.end > t.start && (t.end as i64 - t.start as i64) % 2 == 0
    allow aggregate(2) to public;
  collect limit: private u64 from clerk range 0..=1000 check |l| l != 13 allow bit to public;
  entry total() { reveal time = trip.map(|t| t.end as i64 - t.start as i64).sum() to public; }
  entry above() { reveal many = trip.map(|t| t.end as i64 - t.start as i64).sum() > limit to public; }
  test \"rows that contradict themselves are left out\" {
    given trip = [
      Trip(from: City::Bern, to: City::Basel, start: 10, end: 30),
      Trip(from: City::Bern, to: City::Bern, start: 10, end: 90),
      Trip(from: City::Chur, to: City::Basel, start: 50, end: 40),
      Trip(from: City::Chur, to: City::Basel, start: 50, end: 57),
      Trip(from: City::Chur, to: City::Bern, start: 0, end: 1000)
    ];
    run total() as people[0];
    expect time == 1020;
  }
  test \"too few are left\" {
    given trip = [
      Trip(from: City::Bern, to: City::Basel, start: 10, end: 30),
      Trip(from: City::Bern, to: City::Bern, start: 10, end: 90)
    ];
    expect fail run total() as people[0];
  }
  test \"a value of a party\" {
    given trip = [
      Trip(from: City::Bern, to: City::Basel, start: 10, end: 30),
      Trip(from: City::Bern, to: City::Chur, start: 10, end: 90)
    ];
    given limit = 99;
    run above() as people[0];
    expect many;
  }
  test \"a value of a party that is none\" {
    given trip = [
      Trip(from: City::Bern, to: City::Basel, start: 10, end: 30),
      Trip(from: City::Bern, to: City::Chur, start: 10, end: 90)
    ];
    given limit = 13;
    expect fail run above() as people[0];
  }
}";
    agrees_in(source, 1);
}

/// Tests of so many calls each that hold in the interpreter come to the same in the clear and on committees, which run every call.
fn agrees_in(source: &str, calls: usize) {
    agrees(source, &[]);
    let compilation = compile(source);
    let checked = compilation.checked.expect("no errors");
    let contract = compilation.contract.expect("it can be built");
    for nodes in [3, 5] {
        for test in &checked.hir.tests {
            let mut committee = InMemory::new(&contract, nodes, 7);
            let outcome = run_test_on(&checked, &contract, test, &mut committee);
            assert!(outcome.passed(), "{}: {outcome:?}", test.title);
            assert_eq!(committee.calls.len(), calls, "{}", test.title);
        }
    }
}
