//! What declarations come out as, and what is wrong with others. Whole programs are in `tests/suite`.

use super::{Root, resolve};
use crate::hir::{
    AllowShape, Constant, FixType, IntType, Length, Provider, Recipient, Role, Rows, Store, Type,
};
use crate::program::{Alone, Program};
use crate::scope::Scope;

/// The members of a contract, and what is said about them: the code, the marked text and the message.
fn resolved(members: &str) -> (Scope, Vec<String>) {
    let source = format!("contract X version 1 {{ {members} }}");
    let mut diagnostics = Vec::new();
    let program = Program::read(&source, &Alone, &mut diagnostics);
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
    let scope = resolve(&program, Root::Contract, &mut diagnostics).expect("one contract");
    let said = diagnostics.iter().map(|d| {
        let marked = &source[d.primary.span.range()];
        format!("{} `{marked}` {}", d.code, d.message)
    });
    (scope, said.collect())
}

fn accepted(members: &str) -> Scope {
    let (scope, said) = resolved(members);
    assert!(said.is_empty(), "{members}: {said:#?}");
    scope
}

#[track_caller]
fn refused(members: &str, expected: &[&str]) {
    let (_, said) = resolved(members);
    let begins = |(said, expected): (&String, &&str)| said.starts_with(expected);
    let same = said.len() == expected.len() && said.iter().zip(expected).all(begins);
    assert!(same, "{members}: {said:#?}");
}

fn constant(declarations: &str, name: &str) -> (Type, Constant) {
    let scope = accepted(declarations);
    let found = scope.names_at(crate::Span::default());
    let found = found.filter(|(declared, _)| *declared == name).last();
    match found.map(|(_, symbol)| symbol) {
        Some(crate::scope::Symbol::Constant(index)) => scope.constants[index].clone(),
        other => panic!("{name} is {other:?}"),
    }
}

#[test]
fn constants_stand_in_any_order() {
    let text = "const A: u64 = B + 1; const B: u64 = C[1] * 2; const C: [u64; N] = [3, N];
                const N: u64 = 2;";
    assert_eq!(
        constant(text, "A"),
        (Type::Int(IntType::U64), Constant::Int(5))
    );
}

#[test]
fn constants_in_a_circle_are_said_once() {
    refused(
        "const A: u64 = B; const B: u64 = C + 1; const C: u64 = A; const D: u64 = A + C;",
        &["E0212 `B` `A` is made of itself"],
    );
    refused(
        "const A: u64 = A + A;",
        &["E0212 `A` `A` is made of itself"],
    );
    refused(
        "struct S { x: [u64; N]; } const T: S = S(x: [1, 2]); const N: u64 = T.x[0];",
        &["E0212 `T` `N` is made of itself"],
    );
}

#[test]
fn a_long_chain_of_constants_is_no_trouble() {
    let chain: String = (0..4_000)
        .map(|i| format!("const C{i}: u64 = C{};", i + 1))
        .collect();
    let (_, said) = resolved(&format!("{chain} const C4000: u64 = 7;"));
    assert!(said.is_empty() || said.len() == 1, "{said:#?}");
}

#[test]
fn constants_of_every_type() {
    let int = |int| Type::Int(int);
    let cases: [(&str, Type, Constant); 15] = [
        ("bool = 3 > 2 && !false", Type::Bool, Constant::Bool(true)),
        (
            "i8 = -7 / 2 * 3 + 7 % -4",
            int(IntType::I8),
            Constant::Int(-6),
        ),
        (
            "u8 = 1 << 4 | 3 & 6 ^ 1",
            int(IntType::U8),
            Constant::Int(19),
        ),
        ("u8 = 300 - 100", int(IntType::U8), Constant::Int(200)),
        ("u8 = 300 as u8", int(IntType::U8), Constant::Int(255)),
        ("i64 = 7.9 as i64", int(IntType::I64), Constant::Int(7)),
        (
            "fix = 1 + 0.5 * 3",
            Type::Fix(FixType::DEFAULT),
            Constant::Fix(5 << 15),
        ),
        (
            "fix<8, 4> = 1.0 / 3",
            Type::Fix(FixType {
                integer: 8,
                fraction: 4,
            }),
            Constant::Fix(5),
        ),
        (
            "text<4> = \"ab\"",
            Type::Text(4),
            Constant::Bytes(vec![b'a', b'b', 0, 0]),
        ),
        (
            "string = \"ab\"",
            Type::Str,
            Constant::Text("ab".to_owned()),
        ),
        (
            "bytes<3> = [1, 2, 255]",
            Type::Bytes(3),
            Constant::Bytes(vec![1, 2, 255]),
        ),
        (
            "hash = [0; 32]",
            Type::Bytes(32),
            Constant::Bytes(vec![0; 32]),
        ),
        (
            "maybe<u8> = some(3)",
            Type::Maybe(Box::new(int(IntType::U8))),
            Constant::Maybe(Some(Box::new(Constant::Int(3)))),
        ),
        (
            "maybe<u8> = none()",
            Type::Maybe(Box::new(int(IntType::U8))),
            Constant::Maybe(None),
        ),
        (
            "(u8, bool) = (3, true ? false : true)",
            Type::Tuple(vec![int(IntType::U8), Type::Bool]),
            Constant::Many(vec![Constant::Int(3), Constant::Bool(false)]),
        ),
    ];
    for (text, ty, value) in cases {
        let found = constant(&format!("const A: {text};"), "A");
        assert_eq!(found, (ty, value), "{text}");
    }
}

#[test]
fn constants_that_do_not_fit() {
    refused(
        "const A: u8 = 256; const B: i8 = -129; const C: u64 = -1;
         const D: [u8; 3] = [1, 2]; const E: [u8; 2] = [1, true]; const F: text<2> = \"abc\";
         const G: fix = 3_000_000_000; const H: u64 = 0.5; const I: u64 = 18_446_744_073_709_551_616;
         const J: bytes<2> = [1]; const K: u64 = 1 / 0; const M: fix = 3; const N: u64 = M;",
        &[
            "E0501 `256` 256 does not fit in u8",
            "E0501 `-129` -129 does not fit in i8",
            "E0501 `-1` -1 does not fit in u64",
            "E0206 `[1, 2]` a list of 3 elements is needed, and this one has 2 elements",
            "E0206 `true` `u8` is needed here, and this is `bool`",
            "E0501 `\"abc\"` the text has 3 bytes, more than 2",
            "E0501 `3_000_000_000` 3_000_000_000 does not fit in fix",
            "E0206 `0.5` `u64` is needed here, and this is `fix`",
            "E0501 `18_446_744_073_709_551_616` this number does not fit in 64 bits",
            "E0206 `[1]` 2 bytes are needed here, and these are 1",
            "E0212 `1 / 0` a constant is needed here",
            "E0206 `M` `u64` is needed here, and this is `fix`",
        ],
    );
    refused(
        "const A: [u64; 3] = [0; 5_000_000_000]; const B: [u64; 4_097] = [0; 4_097];",
        &[
            "E0601 `[0; 5_000_000_000]` a value holds at most 1_048_576",
            "E0601 `const B: [u64; 4_097] = [0; 4_097];` constants hold at most 4_096",
        ],
    );
    refused(
        "const C: private u64 = 3; party p; const D: u64 = p; const E: u64 = caller;",
        &[
            "E0301 `private u64` a constant is part of the contract",
            "E0212 `p` a constant is needed here",
            "E0212 `caller` a constant is needed here",
        ],
    );
}

#[test]
fn structs_and_their_instances() {
    let scope = accepted(
        "struct Outer { pair: Pair<u8, 3>; other: Pair<u8, 3>; color: Color; }
         struct Pair<T, const N> { one: T; list: [maybe<T>; N]; }
         enum Color { Red, Green }
         struct Share { part: fix range 0..=1; }",
    );
    let names: Vec<&str> = scope.hir.structs.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(names, ["Pair<u8, 3>", "Outer", "Share"]);
    let list = Type::List(
        Box::new(Type::Maybe(Box::new(Type::Int(IntType::U8)))),
        Length::known(3),
    );
    assert_eq!(scope.hir.structs[0].fields[1].ty, list);
    assert_eq!(scope.hir.structs[1].fields[1].ty, Type::Struct(0));
    let range = scope.hir.structs[2].fields[0].range.expect("a range");
    assert_eq!((range.low, range.high), (0, 1 << 16));
}

#[test]
fn structs_without_end() {
    refused(
        "struct Node { next: maybe<Node>; }",
        &["E0320 `Node` `Node` contains itself"],
    );
    refused(
        "struct A { b: [B; 2]; } struct B { a: A; }",
        &["E0320 `B` `B` contains itself"],
    );
    refused(
        "struct P<T> { next: P<[T; 2]>; } struct Q { p: P<u8>; }",
        &["E0320 `P<[T; 2]>` `P` contains itself"],
    );
    let wide: String = (0..40)
        .map(|i| format!("struct S{} {{ a: S{i}; b: S{i}; }}", i + 1))
        .collect();
    let (scope, said) = resolved(&format!("struct S0 {{ a: u8; }} {wide}"));
    assert!(said[0].starts_with("E0601"), "{said:#?}");
    assert!(scope.struct_widths.iter().all(|w| *w <= super::MAX_WIDTH));
    let many: String = (0..60)
        .map(|i| {
            format!(
                "struct S{i}<T> {{ a: S{}<(T, u8)>; b: S{}<(T, u16)>; }}",
                i + 1,
                i + 1
            )
        })
        .collect();
    let (scope, said) = resolved(&format!(
        "{many} struct S60<T> {{ a: T; }} struct R {{ s: S0<u8>; }}"
    ));
    assert!(said[0].starts_with("E0601"), "{said:#?}");
    assert!(scope.hir.structs.len() <= 256);
}

#[test]
fn structs_that_are_wrong() {
    refused(
        "struct A { x: u8; x: bool; } struct B { } struct C { x: Cc; } struct bool { x: u8; }
         struct D<T: Num, label L, T> { x: T; } struct E { d: Pair<u8>; } struct Pair<T, const N> { x: T; }
         struct F { x: private u8; y: bool range 0..=1; z: u8 range 0..=256; }
         struct G { m: map<id, u8>; t: table<C>; l: [u8; max 3]; f: fix<60, 5>; k: key<p256>; }",
        &[
            "E0202 `bool` `bool` is a type of the language",
            "E0202 `x` `x` is declared twice",
            "E0101 `B` a struct has at least one field",
            "E0201 `Cc` there is no type `Cc`",
            "E0900 `Num` a bound",
            "E0900 `label L` a struct with a label",
            "E0202 `T` `T` is declared twice",
            "E0204 `Pair<u8>` this struct takes `<T, N>`",
            "E0900 `private u8` `private` at a field",
            "E0212 `range 0..=1` a truth value has no range",
            "E0501 `range 0..=256` the range does not fit in u8",
            "E0206 `map<id, u8>` a `map` can only be",
            "E0206 `table<C>` a `table` can only be collected",
            "E0900 `[u8; max 3]` a list of unknown length",
            "E0601 `fix<60, 5>` a `fix` has",
            "E0201 `p256` the curve of a key",
        ],
    );
}

#[test]
fn collections_of_every_kind() {
    let scope = accepted(
        "struct Row { v: u8; } group g min 5 max 10; party p;
         collect a: private i8 from each g range -9..=9 allow aggregate(5) to public, each g allow per_owner to owner;
         collect t: private table<Row> from each g max_rows 7 allow aggregate(70) to caller;
         collect l: private [hash; max 9] from p;
         collect v: private [u8; 3] from p range 0..=9 allow bit to p, owner(a);
         collect f: private (fix, bool) from each g;",
    );
    let collections = &scope.hir.collections;
    let rows: Vec<u64> = collections
        .iter()
        .map(|c| c.max_rows(&scope.hir.groups))
        .collect();
    assert_eq!(rows, [10, 70, 9, 1, 10]);
    assert_eq!(collections[1].row, Type::Struct(0));
    assert_eq!(collections[1].rows, Rows::UpTo(7));
    assert_eq!(collections[2].row, Type::Bytes(32));
    assert_eq!(collections[3].provider, Provider::Party(0));
    assert!(collections[3].is_single());
    assert_eq!(collections[3].range.map(|r| (r.low, r.high)), Some((0, 9)));
    let shapes: Vec<AllowShape> = collections[0].allows.iter().map(|a| a.shape).collect();
    assert_eq!(shapes, [AllowShape::Aggregate(5), AllowShape::PerOwner]);
    let to: Vec<Recipient> = collections[0].allows[0]
        .recipients
        .iter()
        .map(|(r, _)| *r)
        .collect();
    assert_eq!(to, [Recipient::Public, Recipient::EachOf(0)]);
    assert_eq!(
        collections[0].allows[1].recipients[0].0,
        Recipient::OwnerOf(0)
    );
}

#[test]
fn a_public_aggregate_mixes_three_rows_or_both_of_two() {
    let collect = |min: u32, k: u32| {
        let members = format!(
            "group g min {min} max 10; collect a: private u8 from each g allow aggregate({k}) to public;"
        );
        resolved(&members).1.len()
    };
    assert_eq!([collect(2, 1), collect(2, 2), collect(1, 2)], [1, 0, 0]);
    assert_eq!([collect(3, 2), collect(3, 3), collect(9, 2)], [1, 0, 1]);
    accepted("party p; party q; state MPC { s: private u8 allow aggregate(2) to public; }");
    refused(
        "party p; party q; party r; state MPC { s: private u8 allow aggregate(2) to r, public; }",
        &["E0212 `aggregate(2)` what everyone sees mixes at least 3 rows"],
    );
}

#[test]
fn collections_that_are_wrong() {
    refused(
        "struct Row { v: u8; name: string; } group g min 1 max 1_000; party p;
         collect a: private u8 from each p; collect b: private u8 from g;
         collect c: private Row from p; collect d: private key<ed25519> from p;
         collect e: private table<u8> from p max_rows 3; collect f: private u8 from caller;
         collect h: private table<Row> from each g max_rows 2_000;
         collect i: private u8 from p allow aggregate(2) to p allow per_owner to p allow any to q;
         collect j: private id from p range 0..=1;",
        &[
            "E0205 `p` `p` is not a group",
            "E0205 `g` `g` is not a party",
            "E0206 `private Row` a `string` is always public",
            "E0316 `private key<ed25519>`",
            "E0206 `u8` the rows of a table are structs",
            "E0900 `caller`",
            "E0206 `private table<Row>` a `string` is always public",
            "E0601 `2_000` a collection has at most 1_048_576 rows",
            "E0212 `2` `aggregate` takes a number from 1 to 1, the most rows there can be",
            "E0313 `p` `per_owner` values go to their owner only",
            "E0201 `q` there is no party `q`",
            "E0212 `range 0..=1` `id` has no range",
        ],
    );
}

#[test]
fn stores() {
    let scope = accepted(
        "enum Color { Red, Green } party p;
         state L { n: u64 = 3; who: id; names: map<Color, [u8; 2]> = [1, 2]; t: text<3>; c: Color = Color::Green; }
         state MPC { tally: private [u64; 3] accumulator = [0, 0, 7]; sk: private key<secp256k1>; m: private maybe<u8>; }
         state MPC { n: private bool allow bit to p; }",
    );
    let slots = &scope.hir.slots;
    let initial: Vec<&Constant> = slots.iter().map(|slot| &slot.initial).collect();
    let numbers = |all: &[i128]| Constant::Many(all.iter().map(|n| Constant::Int(*n)).collect());
    assert_eq!(initial[0], &Constant::Int(3));
    assert_eq!(initial[1], &Constant::NoAccount);
    assert_eq!(initial[2], &numbers(&[1, 2]));
    assert_eq!(initial[3], &Constant::Bytes(vec![0; 3]));
    assert_eq!(initial[4], &Constant::Int(1));
    assert_eq!(initial[5], &numbers(&[0, 0, 7]));
    assert_eq!(initial[6], &Constant::NoKey);
    assert_eq!(initial[7], &Constant::Maybe(None));
    assert_eq!(slots[2].key, Some(Type::Enum(0)));
    assert!(slots[5].accumulator);
    assert_eq!(scope.slot(Store::Ledger, "n"), Some(0));
    assert_eq!(scope.slot(Store::Mpc, "n"), Some(8));
    assert_eq!(scope.slot(Store::Dht, "n"), None);
}

#[test]
fn stores_that_are_wrong() {
    refused(
        "group g min 3 max 9;
         state L { n: private u64; n: u64; height: u64; k: key<ed25519>; m: map<u8, private u8>; a: u64 accumulator; }
         state L { d: u64 = 9_223_372_036_854_775_808; f: map<fix, u8>; v: u64 allow any to public; w: u64 access |x| true; }
         state DHT { open: u64; }
         state MPC { p: u64; q: private map<id, u64>; r: private bool accumulator; s: private [key<ed25519>; 2];
                     t: private u64 = 576_460_752_303_423_488; u: private u64 accumulator = 268_435_457;
                     v: private u64 allow any to owner allow per_owner to g; w: private string; }",
        &[
            "E0202 `n` `n` is declared twice",
            "E0202 `height` `L.height` is a word of the language",
            "E0301 `private u64` `state L` keeps nothing private",
            "E0316 `key<ed25519>`",
            "E0301 `private u8` `state L` keeps nothing private",
            "E0211 `accumulator` an accumulator is private",
            "E0501 `9_223_372_036_854_775_808` the first value of this slot is below 2^63",
            "E0206 `fix` a `fix` is no key of a map",
            "E0310 `allow any to public` `allow` is for what is private",
            "E0204 `|x| true` `access` is for `state DHT`",
            "E0204 `open` a slot of `state DHT` says who may read it",
            "E0301 `u64` a slot of `state MPC` is private",
            "E0900 `private map<id, u64>` a map in `state MPC`",
            "E0211 `accumulator` an accumulator adds up whole numbers",
            "E0316 `private [key<ed25519>; 2]`",
            "E0501 `576_460_752_303_423_488` the first value of this slot is below 2^59",
            "E0501 `268_435_457` the first value of this slot is at most 2^28",
            "E0205 `owner` a slot has no owners",
            "E0205 `g` `g` is a group",
            "E0206 `private string` a `string` is always public",
        ],
    );
    refused(
        "state L { a: [[u64; 1_000]; 1_000]; b: [u64; 100_000]; }",
        &["E0601 `b: [u64; 100_000];` the stores hold at most 1_048_576"],
    );
}

#[test]
fn budgets_and_roles() {
    let scope = accepted(
        "const E: fix<8, 40> = 0.1; party p; group g min 1 max 2;
         privacy { epsilon_total: E * 3; delta_total: 0.000001; runs_per_input: 2; }
         entry a() by p { } entry b() by g { } entry c() { }",
    );
    let budget = scope.hir.budget.expect("a budget");
    assert_eq!(budget.epsilon_total, Some(300_000));
    assert_eq!(budget.delta_total, Some(1_000_000));
    assert_eq!(budget.runs_per_input, Some(2));
    let roles: Vec<Option<Role>> = scope.hir.entries.iter().map(|entry| entry.by).collect();
    assert_eq!(roles, [Some(Role::Party(0)), Some(Role::Member(0)), None]);
    refused(
        "privacy { epsilon_total: -1; runs_per_input: 0; epsilon: 3; epsilon_total: 2; } privacy { } entry e() by e { }
         entry f() by nobody { }",
        &[
            "E0205 `e` `e` is neither a party nor a group",
            "E0201 `nobody` there is no party or group `nobody`",
            "E0212 `-1` a number that is not negative",
            "E0212 `0` a number of runs",
            "E0201 `epsilon` `privacy` has no setting `epsilon`",
            "E0202 `epsilon_total` `epsilon_total` is declared twice",
            "E0202 `privacy` a contract has one `privacy`",
        ],
    );
}

#[test]
fn a_broken_declaration_is_said_once() {
    refused(
        "group g min N max 10; const N: u64 = M; const M: u64 = 1 / 0;
         collect a: private [u64; N] from each h range 0..=N allow aggregate(N) to public, z;",
        &[
            "E0212 `1 / 0`",
            "E0201 `h` there is no group `h`",
            "E0201 `z` there is no party `z`",
        ],
    );
}
