//! The interpreter on whole contracts: the library, control flow, stores, and every check before a run.

use enigma_lang::interpret::{Event, Outcome, Transfer};
use enigma_lang::{Account, Checked, Color, Refusal, Shown, Value, World, compile, render};

fn checked(source: &str) -> Checked {
    let compilation = compile(source);
    let shown = render(&compilation.diagnostics, "test", source, Color::Never);
    compilation
        .checked
        .unwrap_or_else(|| panic!("{source}\n{shown}"))
}

/// A contract whose tests must pass.
fn passes(source: &str) {
    let checked = checked(source);
    let outcomes = enigma_lang::run_tests(&checked);
    assert!(!outcomes.is_empty());
    for outcome in outcomes {
        let message = outcome
            .failure
            .map(|failure| format!("{}: {}", &source[failure.span.range()], failure.message));
        assert_eq!(message, None, "{}", outcome.title);
    }
}

/// Expectations on what an entry with this body makes of two lists and of four rows.
fn body_gives(body: &str, expectations: &str) {
    passes(&format!(
        "contract Rows version 1 {{
           enum Kind {{ Red, Green, Blue }}
           struct Row {{ value: i32 range -100..=100; kind: Kind; share: fix range -8..=8; }}
           group g min 1 max 20;
           party p;
           collect rows: private Row from each g
             allow any to p allow aggregate(2) to p, each g allow member to p allow bit to p allow per_owner to owner;
           entry e(v: private [i32; 5] from caller range -100..=100,
                   w: private [i32; 5] from caller range -100..=100) {{ {body} }}
           test \"t\" {{
             given rows = [
               Row(value: 3, kind: Kind::Green, share: 0.5),
               Row(value: 9, kind: Kind::Red, share: 1.5),
               Row(value: 4, kind: Kind::Green, share: -2.0),
               Row(value: 4, kind: Kind::Green, share: 0.25)
             ];
             run e(v: [3, 9, 4, 4, 7], w: [1, 1, 0, -2, 5]);
             {expectations}
           }}
         }}"
    ));
}

#[test]
fn reductions() {
    body_gives(
        "reveal sum = v.sum() to caller; reveal mean = v.mean() to caller; reveal min = v.min() to caller; reveal max = v.max() to caller;
         let (at, first, second) = v.top2(); reveal first = first to caller; reveal second = second to caller;
         reveal place = at to caller;
         reveal who = rows.owner_at(rows.value.argmax()) to p; reveal last = rows.owner_at(rows.share.argmin()) to p;
         reveal median = v.median() to caller; reveal high = v.quantile(9, 10) to caller;
         reveal positive = (w > 0).count_true() to caller; reveal any = (w > 5).any() to caller; reveal all = (w > -3).all() to caller;
         reveal chosen = v.sum_where(v > 4) to caller; reveal average = v.mean_where(v > 100) to caller;",
        "expect sum == 27; expect mean == 5; expect min == 3; expect max == 9;
         expect first == 9; expect second == 7; expect place == 1; expect who == g[1]; expect last == g[2];
         expect median == 4; expect high == 9;
         expect positive == 3; expect !any; expect all; expect chosen == 16; expect average == 0;",
    );
}

#[test]
fn moments() {
    // n = 5: sums 27 and 5, squares 171 and 31, products 3 + 9 + 0 - 8 + 35 = 39.
    body_gives(
        "reveal variance = v.variance() to caller; reveal deviation = v.stddev() to caller;
         reveal together = covariance(v, w) to caller; reveal products = dot(v, w) to caller;
         reveal squares = mean_square(v) to caller; reveal apart = distance2(v, w) to caller;
         reveal alike = corr(v, v) to caller; reveal against = corr(v, -v) to caller;
         reveal shares = mean_square(rows.share) to p;",
        "expect variance == 5; expect deviation == 2; expect together == 2; expect products == 39;
         expect squares == 34; expect apart == 124; expect alike == 1.0; expect against == -1.0;
         expect abs(shares - 1.640625) < 0.0001;",
    );
}

#[test]
fn orders() {
    body_gives(
        "reveal ranks = v.rank() to caller; reveal down = v.rank_desc() to caller;
         reveal sorted = v.sort() to caller; reveal descending = v.sort_desc() to caller; reveal best = v.top(2) to caller;
         reveal keyed = v.sort_by(w) to caller; reveal sums = v.prefix_sums() to caller;
         reveal once = v.distinct() to caller;
         reveal standing = rows.value.rank() to owner(rows);",
        "expect ranks == [1, 5, 2, 2, 4]; expect down == [5, 1, 3, 3, 2];
         expect sorted == [3, 4, 4, 7, 9]; expect descending == [9, 7, 4, 4, 3]; expect best == [9, 7];
         expect keyed == [4, 4, 3, 9, 7]; expect sums == [3, 12, 16, 20, 27];
         expect standing == [1, 4, 2, 2];
         expect once == [some(3), some(9), some(4), none(), some(7)];",
    );
}

#[test]
fn counts_and_cells() {
    body_gives(
        "reveal bands = v.histogram([4, 7]) to caller; reveal kinds = rows.kind.histogram() to p;
         let cells = rows.group_by(|r| r.kind); let size = cells.count();
         reveal sizes = size to p with min_group(size, 1); reveal total = cells.sum(|r| r.value) to p with min_group(size, 1);
         reveal mean = cells.mean(|r| r.value) to p with min_group(size, 1); reveal middle = cells.median(|r| r.value) to p with min_group(size, 1);
         reveal least = cells.min(|r| r.value) to p with min_group(size, 1); reveal most = cells.max(|r| r.value) to p with min_group(size, 1);
         reveal guarded = cells.mean(|r| r.value) to p with min_group(size, 2);",
        "expect bands == [1, 2, 2]; expect kinds == [1, 3, 0]; expect sizes == [some(1), some(3), none()];
         expect total == [some(9), some(11), none()]; expect mean == [some(9), some(3), none()]; expect middle == [some(9), some(4), none()];
         expect least == [some(9), some(3), none()]; expect most == [some(9), some(4), none()];
         expect guarded == [none(), some(3), none()];",
    );
}

#[test]
fn values_element_by_element() {
    body_gives(
        "reveal larger = max(v, w) to caller; reveal clamped = clamp(v, 4, 8) to caller;
         reveal root = sqrt(v.sum()) to caller; reveal distance = abs(w.min() - 3) to caller;
         reveal chosen = select(v.sum() > 3, v.min(), v.max()) to caller; reveal ternary = (w > 0 ? v : w) to caller;
         reveal quotient = checked_div(v.sum(), w.sum() - 5) to caller;
         reveal lookup = [10, 20, 30].lookup(w.max() - 4) to caller; reveal outside = [10, 20, 30].lookup(w.max()) to caller;
         reveal bits = v.max().bits(5) to caller;",
        "expect larger == [3, 9, 4, 4, 7]; expect clamped == [4, 8, 4, 4, 7];
         expect root == 5; expect distance == 5; expect chosen == 3; expect ternary == [3, 9, 0, -2, 7];
         expect quotient == none(); expect lookup == 20; expect outside == 0;
         expect bits == [true, false, false, true, false];",
    );
}

#[test]
fn fixed_point() {
    body_gives(
        "let s = rows.share.sum(); reveal sum = s to p; reveal product = s * 0.5 to p;
         reveal third = s / 3.0 to p; reveal whole = (s * 10.0) as i32 to p; reveal up = exp(s) to p;
         reveal log = ln(rows.share.max()) to p; reveal root = sqrt(rows.share.max()) to p;
         reveal curve = sigmoid(s) to p; reveal mean = rows.share.mean() to p;",
        "expect sum == 0.25; expect product == 0.125; expect abs(third - 0.083333) < 0.0001; expect whole == 2;
         expect abs(up - 1.284025) < 0.0001; expect abs(log - 0.405465) < 0.0001; expect abs(root - 1.224744) < 0.0001;
         expect abs(curve - 0.562176) < 0.0001; expect mean == 0.0625;",
    );
}

#[test]
fn private_control_flow_selects() {
    body_gives(
        "let mut best = 0; let mut place = 0; let mut k = 0;
         for x in v { if x > best { best = x; place = k; } else { k += 0; } k += 1; }
         let mut n = 0; let mut left = v.max();
         while left > 0 max 4 { left -= 3; n += 1; }
         let mut stop = 0;
         while stop < 3 max 10 { stop += 1; if stop == 2 { break; } }
         reveal best = best to caller; reveal place = place + v.min() * 0 to caller; reveal n = n to caller; reveal stop = stop + v.min() * 0 to caller;",
        "expect best == 9; expect place == 1; expect n == 3; expect stop == 2;",
    );
}

#[test]
fn stores_keep_what_was_written() {
    passes(
        "contract Stores version 1 {
           struct Pair { x: u32; y: u32; }
           party p;
           state L { list: [u32; 3]; pair: Pair; names: map<id, u32>; n: u32 = 7; last: id; }
           state MPC { sum: private u32 allow any to p; }
           entry put(k: u32, x: private u32 from caller range 0..=1000) {
             L.list[k] = k + 1; L.pair.y = L.list[0] + 5; L.names[caller] += 2; L.n -= 1; L.last = caller;
             MPC.sum = x;
           }
           entry show() { reveal sum = MPC.sum to p; }
           test \"written\" {
             run put(k: 2, x: 9) as ann; run put(k: 9, x: 30) as bob; run put(k: 0, x: 40) as ann;
             expect L.list == [1, 0, 3]; expect L.n == 4; expect L.names[ann] == 4; expect L.names[bob] == 2;
             expect L.names[eve] == 0; expect L.last == ann;
             run show(); expect sum == 40;
             expect fail run put(k: 0, x: 1001);
             expect L.n == 4;
           }
           test \"set\" {
             set L.list[1] = 8; set L.names[ann] = 5; set L.n = 0;
             expect L.list == [0, 8, 0]; expect L.names[ann] == 5;
             expect fail run put(k: 0, x: 1) as ann;
             expect L.list == [0, 8, 0];
           }
         }",
    );
}

#[test]
fn the_ledger_remembers() {
    passes(
        "contract Past version 1 {
           party p;
           state L { n: u32 = 5; }
           entry step() { L.n += 1; }
           entry ask(x: private u32 from caller range 0..=9, at: u64) { reveal then = L.get(n, at) as u64 + x to p; reveal now = L.n as u64 + x to p; }
           test \"blocks\" {
             run step(); run step();
             run ask(x: 0, at: 1); expect then == 5; expect now == 7;
             run ask(x: 0, at: 2); expect then == 6;
             run ask(x: 0, at: 900); expect then == 7;
           }
         }",
    );
}

/// Steps of a wide type may be as far as numbers go.
#[test]
fn far_steps_of_a_logistic_regression_end_at_its_bounds() {
    passes(
        "contract Far version 1 {
           group g min 1 max 9;
           struct Row { x: fix<56, 8>; y: fix<56, 8>; }
           collect r: private Row from each g allow any to each g;
           entry fit() {
             let w = logreg_train(x: [r.x], y: r.y, rate: 30_000_000_000_000_000.0, steps: 5);
             reveal at = w[1] to each g;
           }
           test \"far\" {
             given r = [Row(x: 30_000_000_000_000_000.0, y: 30_000_000_000_000_000.0)]; run fit(); expect at == 32.0;
           }
         }",
    );
}

#[test]
fn joins_and_sets() {
    passes(
        "contract Sets version 1 {
           party p; party q;
           collect c: private [u32; max 8] from p range 0..=100 allow aggregate(2) to p;
           collect d: private [u32; max 8] from q range 0..=100 allow aggregate(2) to p;
           entry e(a: private [u32; 4] from caller, b: private [u32; 4] from caller) {
             reveal both = psi(a, b) to caller; reveal n = psi_count(a.distinct(), b.distinct()) to caller;
             reveal has = a.contains(5) to caller; reveal joined = join(a, b, b) to caller;
           }
           entry shared() { let n = psi_count(c.distinct(), d.distinct()); reveal common = n to p with min_group(n, 2); }
           test \"lists\" {
             run e(a: [5, 6, 5, 101], b: [6, 9, 5, 5]);
             expect both == [true, true, true, false]; expect n == 2; expect has;
             expect joined == [some(5), some(6), some(5), none()];
           }
           test \"rows outside of the range do not count\" {
             given c = [5, 6, 5, 101]; given d = [6, 9, 5, 101];
             run shared(); expect common == some(2);
             given d = [6, 9, 7, 101];
             run shared(); expect common == none();
           }
         }",
    );
}

#[test]
fn keys_and_hashes_are_modelled() {
    passes(
        "contract Keys version 1 {
           party p;
           state L { known: bytes<33>; empty: bytes<33>; }
           state MPC { sk: private key<secp256k1>; }
           entry make() { MPC.sk = keygen(); reveal half = MPC.sk.public_key() to public; L.known = half; }
           test \"t\" {
             run make(); expect half == L.known; expect half != L.empty;
           }
         }",
    );
}

const PAID: &str = "contract Paid version 1 {
   group g min 2 max 4;
   group h min 1 max 9 admit |who| L.ok[who];
   party p;
   privacy { epsilon_total: 1.0; runs_per_input: 3; }
   state L { ok: map<id, bool>; open: bool = true; n: u8 = 250; }
   collect a: private u32 from each g range 1..=9 check |x| x != 5 allow aggregate(2) to p;
   collect t: private u32 from each h range 1..=9 allow aggregate(1) to p;
   entry total(limit: u32 range 1..=9) by p when L.open pays 5 * g.len() {
     require limit < 8, \"limit too high\";
     reveal sum = a.sum() to p;
     L.n += 3;
   }
   entry noisy() { reveal x = a.sum() to p with noise(laplace(epsilon: 0.4)); }
   entry out(to: id, amount: u64) { transfer_out(to: to, amount: amount); }
   entry move(amount: u64) { transfer(from: caller, to: p, amount: amount); }
   entry admitted() by h { reveal x = t.sum() to p; }
 }";

fn number(x: i128) -> Value {
    Value::Number(x)
}

/// The world of a contract, and how to call its entries by name.
struct Caller<'a> {
    checked: &'a Checked,
    world: World<'a>,
}

impl<'a> Caller<'a> {
    fn new(checked: &'a Checked) -> Caller<'a> {
        let world = World::new(checked);
        Caller { checked, world }
    }

    fn give(&mut self, name: &str, rows: &[i128]) {
        let mut collections = self.checked.hir.collections.iter();
        let index = collections
            .position(|c| c.name == name)
            .expect("a collection");
        self.world
            .give(index, rows.iter().map(|x| Some(number(*x))).collect());
    }

    fn run(&mut self, name: &str, args: &[Value], caller: Account) -> Result<Outcome, Refusal> {
        let entry = self
            .checked
            .hir
            .entries
            .iter()
            .position(|e| e.name == name)
            .expect("an entry");
        self.world.run(entry, args, caller)
    }
}

#[test]
fn checks_come_in_order_and_say_why() {
    let checked = checked(PAID);
    let mut it = Caller::new(&checked);
    let p = || Account::Party(0);
    let by = Refusal::NotAllowed {
        by: "`p`".to_owned(),
    };
    assert_eq!(it.run("total", &[number(9)], Account::Anyone), Err(by));
    let missing = Refusal::NoInput {
        collection: "a".to_owned(),
    };
    assert_eq!(it.run("total", &[number(9)], p()), Err(missing));
    it.give("a", &[4, 5, 10, 0]);
    let few = Refusal::TooFewRows {
        collection: "a".to_owned(),
        valid: 1,
        minimum: 2,
    };
    assert_eq!(it.run("total", &[number(9)], p()), Err(few));
    let parameter = Refusal::OutOfRange {
        parameter: "limit".to_owned(),
    };
    assert_eq!(it.run("total", &[number(10)], p()), Err(parameter));
    it.give("a", &[4, 5, 6, 7]);
    it.world.set_deposit(p(), 14);
    let deposit = Refusal::Deposit {
        account: "p".to_owned(),
        has: 14,
        amount: 15,
    };
    assert_eq!(it.run("total", &[number(9)], p()), Err(deposit));
    it.world.set_deposit(p(), 20);
    let message = Some("limit too high".to_owned());
    assert_eq!(
        it.run("total", &[number(9)], p()),
        Err(Refusal::Require { message })
    );
    assert_eq!((it.world.deposit(&p()), it.world.funds), (20, 0));
    let outcome = it.run("total", &[number(7)], p()).expect("runs");
    assert_eq!(outcome.results["sum"], Shown::One(number(17)));
    assert_eq!((it.world.deposit(&p()), it.world.funds), (5, 15));
    // 253 + 3 does not fit in a u8, and everyone sees it: the payment is given back with all the rest.
    it.world.set_deposit(p(), 20);
    assert!(matches!(
        it.run("total", &[number(7)], p()),
        Err(Refusal::DoesNotFit { .. })
    ));
    assert_eq!((it.world.deposit(&p()), it.world.funds), (20, 15));
    it.world.set(1, None, Value::Truth(false));
    assert_eq!(it.run("total", &[number(10)], p()), Err(Refusal::Condition));
    assert!(matches!(
        it.run("total", &[], p()),
        Err(Refusal::Arguments { .. })
    ));
    assert!(matches!(
        it.run("total", &[Value::Truth(true)], p()),
        Err(Refusal::Arguments { .. })
    ));
}

#[test]
fn budgets_are_spent_by_what_was_given() {
    let checked = checked(PAID);
    let mut it = Caller::new(&checked);
    it.give("a", &[4, 6]);
    for _ in 0..2 {
        it.run("noisy", &[], Account::Anyone).expect("runs");
    }
    let spent = it.run("noisy", &[], Account::Anyone);
    assert_eq!(
        spent,
        Err(Refusal::Budget {
            collection: "a".to_owned()
        })
    );
    it.give("a", &[4, 6]);
    for _ in 0..3 {
        it.world.set(2, None, number(0));
        it.run("total", &[number(1)], Account::Party(0))
            .expect("runs");
    }
    let again = it.run("total", &[number(1)], Account::Party(0));
    assert_eq!(
        again,
        Err(Refusal::Spent {
            collection: "a".to_owned(),
            runs: 3
        })
    );
}

#[test]
fn money_moves_only_as_far_as_there_is_some() {
    let checked = checked(PAID);
    let mut it = Caller::new(&checked);
    let ann = Account::Other("ann".into());
    let to = Value::Account(ann.clone());
    let funds = it.run("out", &[to.clone(), number(1)], ann.clone());
    assert_eq!(funds, Err(Refusal::Funds { has: 0, amount: 1 }));
    it.world.set_deposit(ann.clone(), 10);
    assert!(it.run("move", &[number(11)], ann.clone()).is_err());
    let outcome = it.run("move", &[number(4)], ann.clone()).expect("runs");
    let transfer = Transfer {
        from: Some(ann.clone()),
        to: Account::Party(0),
        amount: 4,
    };
    assert_eq!(outcome.transfers, std::slice::from_ref(&transfer));
    assert_eq!(
        outcome.transcript.events.last(),
        Some(&Event::Transfer(transfer))
    );
    assert_eq!(it.world.deposit(&ann), 6);
    it.world.funds = 3;
    it.run("out", &[to, number(3)], ann).expect("runs");
    assert_eq!(it.world.funds, 0);
}

#[test]
fn the_ledger_alone_decides_who_belongs_to_a_group() {
    let checked = checked(PAID);
    let mut it = Caller::new(&checked);
    it.give("t", &[1, 2, 3]);
    let member = |k| Account::Member(1, k);
    assert!(matches!(
        it.run("admitted", &[], member(2)),
        Err(Refusal::NotAllowed { .. })
    ));
    for k in [0, 2] {
        it.world
            .set(0, Some(Value::Account(member(k))), Value::Truth(true));
    }
    let outcome = it.run("admitted", &[], member(2)).expect("runs");
    assert_eq!(outcome.results["x"], Shown::One(number(4)));
}

/// What is public of two runs is equal when what goes in and out in public is.
#[test]
fn transcripts_show_no_secrets() {
    let checked = checked(
        "contract Quiet version 1 {
           state L { n: u32 = 0; }
           state MPC { m: private u32; }
           entry e(a: private [u32; 3] from caller range 0..=9) {
             let mut t = 0;
             for x in a { if x > 4 { t += x; for i in 0..2 { t += 1; } MPC.m = x; } else { t += 1; } }
             while t > 3 max 5 { t -= 1; }
             reveal s = a.sum() to public; reveal q = t to caller;
             if s > 9 { L.n = 5; }
           }
         }",
    );
    let run = |rows: &[i128]| {
        let mut it = Caller::new(&checked);
        let rows = Value::list(rows.iter().copied().map(number).collect());
        it.run("e", &[rows], Account::Anyone)
            .expect("runs")
            .transcript
    };
    assert_eq!(run(&[1, 9, 2]), run(&[4, 4, 4]));
    assert_ne!(run(&[1, 9, 2]), run(&[4, 4, 1]));
    let taken = |e: &Event| matches!(e, Event::Branch { taken: true, .. });
    assert!(run(&[1, 9, 2]).events.iter().any(taken));
    assert!(!run(&[1, 2, 2]).events.iter().any(taken));
}

/// A tally of threes, which nobody has contributed to.
fn tally(slot: &str, entries: &str) -> Checked {
    checked(&format!(
        "contract Tally version 1 {{
           group g min 1 max 20; party p;
           collect z: private u64 from p range 0..=9;
           state MPC {{ s: {slot} accumulator allow aggregate(3) to public;
                        c: private u64 allow aggregate(3) to public; }}
           {entries}
         }}"
    ))
}

fn too_few(contributions: u64) -> Result<Outcome, Refusal> {
    Err(Refusal::TooFewContributions {
        slot: "s".to_owned(),
        contributions,
        minimum: 3,
    })
}

#[test]
fn contributions_are_counted_by_account() {
    let checked = tally(
        "private u64",
        "entry add(k: private u64 from caller range 0..=9) { MPC.s += k; }
         entry nothing() { MPC.s += 0; }
         entry show() { reveal x = MPC.s to public; }
         entry copy() { MPC.c = MPC.s; }
         entry sign() { if MPC.s > 5 { MPC.c = 1; } }",
    );
    let mut it = Caller::new(&checked);
    for (member, value) in [(0, 1), (0, 1), (0, 1), (1, 7)] {
        it.run("add", &[number(value)], Account::Member(0, member))
            .expect("adds");
    }
    it.run("nothing", &[], Account::Member(0, 5)).expect("adds");
    for entry in ["show", "copy", "sign"] {
        assert_eq!(it.run(entry, &[], Account::Anyone), too_few(2), "{entry}");
    }
    it.run("add", &[number(2)], Account::Member(0, 2))
        .expect("adds");
    it.run("show", &[], Account::Anyone)
        .expect("three have added");
    // The difference of two results is what has been added between them.
    it.run("add", &[number(5)], Account::Member(0, 3))
        .expect("adds");
    assert_eq!(it.run("show", &[], Account::Anyone), too_few(1));
    assert_eq!(it.run("copy", &[], Account::Anyone), too_few(1));
    for member in [0, 1] {
        it.run("add", &[number(1)], Account::Member(0, member))
            .expect("adds");
    }
    it.run("copy", &[], Account::Anyone)
        .expect("three have added");
    assert_eq!(it.run("show", &[], Account::Anyone), too_few(0));
}

#[test]
fn contributions_are_counted_for_each_number() {
    let checked = tally(
        "private [u64; 3]",
        "entry add(i: u64, k: private u64 from caller range 0..=9) { MPC.s[i] += k; }
         entry all(k: private u64 from caller range 0..=9) { for i in 0..3 { MPC.s[i] += k; } }
         entry show() { reveal x = MPC.s to public; }",
    );
    let mut it = Caller::new(&checked);
    for member in 0..4 {
        let place = number(member.min(2).into());
        it.run("add", &[place, number(7)], Account::Member(0, member))
            .expect("adds");
    }
    // No such place.
    it.run("add", &[number(9), number(7)], Account::Member(0, 4))
        .expect("adds");
    assert_eq!(it.run("show", &[], Account::Anyone), too_few(1));
    for member in 5..7 {
        it.run("all", &[number(1)], Account::Member(0, member))
            .expect("adds");
    }
    let shown = it
        .run("show", &[], Account::Anyone)
        .expect("three for each");
    let all = Value::list([9, 9, 16].into_iter().map(number).collect());
    assert_eq!(shown.results["x"], Shown::One(all));
}

/// Otherwise the count would tell the condition.
#[test]
fn what_a_private_condition_adds_does_not_count() {
    let checked = tally(
        "private u64",
        "entry add(k: private u64 from caller range 0..=9) { if k > 3 { MPC.s += k; } }
         entry show() { reveal x = MPC.s to public; }",
    );
    let mut it = Caller::new(&checked);
    for member in 0..4 {
        it.run("add", &[number(9)], Account::Member(0, member))
            .expect("adds");
    }
    assert_eq!(it.run("show", &[], Account::Anyone), too_few(0));
}

#[test]
fn the_ledger_keeps_numbers_of_its_types() {
    let checked = checked(
        "contract Kept version 1 {
           state L { f: fix = 1.0; }
           entry put(v: fix) { L.f = v * v; }
           entry e(x: private fix from caller range 0..=1) { reveal r = x * L.f to caller; }
         }",
    );
    let mut it = Caller::new(&checked);
    let fix = |whole: i128| Value::Fixed {
        fraction: 16,
        scaled: whole << 16,
    };
    it.run("put", &[fix(46_000)], Account::Anyone)
        .expect("below 2^31");
    let refused = it.run("put", &[fix(47_000)], Account::Anyone);
    assert!(
        matches!(refused, Err(Refusal::DoesNotFit { .. })),
        "{refused:?}"
    );
    it.run("e", &[fix(1)], Account::Anyone).expect("runs");
}

#[test]
fn coefficients_are_cut() {
    passes(
        "contract Line version 1 {
           struct Row { x: fix range 0..=1; y: fix range 0..=30_000; }
           party p;
           collect rows: private table<Row> from p max_rows 9 allow aggregate(3) to p;
           entry e() { reveal w = linreg(x: [rows.x], y: rows.y, ridge: 0.0) to p; }
           test \"steep\" {
             given rows = [Row(x: 0.0, y: 0.0), Row(x: 0.001, y: 30_000.0),
                           Row(x: 0.0, y: 0.0), Row(x: 0.001, y: 30_000.0)];
             run e();
             expect w[1] == 32_768.0;
           }
         }",
    );
}

/// Noise costs a person, whichever of the person's values it is on.
#[test]
fn the_budget_is_one_for_each_person() {
    let checked = checked(
        "contract Noisy version 1 {
           group g min 2 max 9;
           privacy { epsilon_total: 1.0; }
           collect a: private u64 from each g range 0..=9 allow aggregate(2) to public;
           collect b: private u64 from each g range 0..=9 allow aggregate(2) to public;
           entry first() { reveal x = a.sum() to public with noise(laplace(epsilon: 0.75)); }
           entry other() { reveal x = b.sum() to public with noise(laplace(epsilon: 0.75)); }
         }",
    );
    let mut it = Caller::new(&checked);
    it.give("a", &[1, 2]);
    it.give("b", &[1, 2]);
    it.run("first", &[], Account::Anyone)
        .expect("within the budget");
    let refused = it.run("other", &[], Account::Anyone);
    assert!(
        matches!(refused, Err(Refusal::Budget { .. })),
        "{refused:?}"
    );
}

/// So do deltas, of which Laplace noise has none.
#[test]
fn the_budget_of_delta_is_one_for_each_person() {
    let checked = checked(
        "contract Noisy version 1 {
           group g min 2 max 9;
           privacy { epsilon_total: 9.0; delta_total: 0.000004; }
           collect a: private u64 from each g range 0..=9 allow aggregate(2) to public;
           collect b: private u64 from each g range 0..=9 allow aggregate(2) to public;
           entry first() { reveal x = a.sum() to public with noise(gaussian(epsilon: 0.5, delta: 0.000002)); }
           entry other() { reveal x = b.sum() to public with noise(gaussian(epsilon: 0.5, delta: 0.000003)); }
           entry third() { reveal x = b.sum() to public with noise(laplace(epsilon: 0.5)); }
         }",
    );
    let mut it = Caller::new(&checked);
    it.give("a", &[1, 2]);
    it.give("b", &[1, 2]);
    let mut run = |entry| it.run(entry, &[], Account::Anyone).map(|_| ());
    assert_eq!(run("first"), Ok(()));
    let collection = "a".to_owned();
    assert_eq!(run("other"), Err(Refusal::Budget { collection }));
    for entry in ["third", "first", "third"] {
        assert_eq!(run(entry), Ok(()), "{entry}");
    }
    assert!(run("first").is_err());
    it.give("a", &[1, 2]);
    it.give("b", &[1, 2]);
    assert!(it.run("other", &[], Account::Anyone).is_ok());
}

#[test]
fn endless_work_is_refused() {
    let checked = checked(
        "contract Long version 1 {
           state L { n: u64 = 0; }
           entry e() { for i in 0..9_000_000_000 { L.n = i; } }
         }",
    );
    let mut it = Caller::new(&checked);
    assert_eq!(it.run("e", &[], Account::Anyone), Err(Refusal::TooMuchWork));
}

/// Run with `cargo test --release -p enigma-lang --test interpreter -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
#[expect(clippy::print_stderr, reason = "the measurement is the point")]
fn additions_per_second() {
    let checked = checked(
        "contract Fast version 1 {
           group g min 1 max 1_000_000; party p;
           collect a: private u32 from each g range 0..=1000 allow any to p;
           entry e() { reveal s = (a + a + 1).sum() to p; }
         }",
    );
    let mut it = Caller::new(&checked);
    it.give("a", &vec![7; 1_000_000]);
    let start = std::time::Instant::now();
    it.run("e", &[], Account::Anyone).expect("runs");
    // Two additions per row, and the sum.
    let elapsed = start.elapsed();
    eprintln!("3 x 10^6 additions in {elapsed:?}");
}
