//! What a run decides and no compiler knows: how often loops turn, which elements are meant, what the ledger had before.

mod committees;

use committees::agrees;

/// Loops whose ends, and elements whose places, a run decides: of public values and of private ones.
#[test]
fn a_run_decides_how_often_and_where() {
    let source = "contract Turns version 1 {
      group g min 2 max 9;
      collect a: private u8 from each g range 0..=9 allow aggregate(2) to public, caller;
      state L { n: u8 = 3; list: [u8; 4]; grid: [[u8; 2]; 2]; last: u64; }
      state MPC { own: private [u8; 3]; }
      struct Pair { x: u64; y: u64; }
      fn power<label B>(base: B u8, times: u8) -> B u64 {
        let mut all = 1;
        for k in 0..min2(times, 3) { all = clamp(all * base as u64, 0, 1_000_000); }
        return all;
      }
      entry powers(x: private u8 from caller range 0..=9, n: u8 from caller range 0..=4) {
        reveal p = power(x, n) to caller;
        reveal q = power(x, 2) to caller;
        L.last = power(n, 2);
      }
      entry sums(from_: u8 from caller range 0..=3, to_: u8 from caller range 0..=5, stop_at: u8 from caller range 0..=9) {
        let mut t = 0;
        let mut turns = 0;
        for k in from_..to_ {
          if k == stop_at { break; }
          t = t + a.sum() as u64 * (k as u64 + 1);
          turns += 1;
        }
        L.last = turns;
        reveal total = t to public;
        let mut doubled = 1;
        let mut i = 0;
        while doubled < 50 max clamp(L.n, 0, 5) { doubled *= 3; if i == stop_at { break; } i += 1; }
        reveal grown = a.sum() as u64 + clamp(doubled, 0, 1_000) to public;
      }
      entry places(x: private u8 from caller range 0..=9, k: i8 from caller range -1..=4, j: u8 from caller range 0..=1) {
        let mut mine = [x, 2, 3];
        let mut pairs = [Pair(x: 1, y: 2), Pair(x: x as u64, y: 4)];
        reveal before = mine[k] to caller;
        mine[k] = 7;
        pairs[j].y = x as u64 + 10;
        reveal after = mine[0] as u64 + mine[1] as u64 * 100 + mine[2] as u64 * 10_000 to caller;
        reveal pair = pairs[j].x + pairs[1].y * 100 to caller;
        L.list[k] = L.n; L.grid[j][1] += 1;
        L.n = L.list[k] + L.grid[j][1];
        MPC.own[k] = x;
        let mut seen = [false; 3];
        for at in 0..clamp(k, 0, 3) { seen[at] = true; MPC.own[at] = mine[at]; }
        reveal flags = (seen[k] ? 1 : 0) + x as u64 to caller;
      }
      entry kept(x: private u8 from caller range 0..=0, k: u8 from caller range 0..=5) { MPC.own[k] = MPC.own[k] + x; }
      test \"turns\" {
        given a = [1, 2, 3];
        run powers(x: 3, n: 0); expect p == 1; expect q == 9; expect L.last == 0;
        run powers(x: 3, n: 2); expect p == 9;
        run powers(x: 3, n: 4); expect p == 27; expect L.last == 16;
        run sums(from_: 0, to_: 0, stop_at: 9); expect total == 0; expect L.last == 0; expect grown == 33;
        run sums(from_: 1, to_: 4, stop_at: 9); expect total == 54; expect L.last == 3;
        run sums(from_: 1, to_: 4, stop_at: 3); expect total == 30; expect L.last == 2;
        run sums(from_: 3, to_: 1, stop_at: 1); expect total == 0; expect grown == 15;
        set L.n = 9; run sums(from_: 0, to_: 5, stop_at: 4); expect total == 60; expect grown == 87;
      }
      test \"places\" {
        run places(x: 5, k: 1, j: 0); expect before == 2; expect after == 30_705; expect pair == 401; expect flags == 5;
        expect L.list == [0, 3, 0, 0]; expect L.grid[0][1] == 1; expect L.n == 4;
        run places(x: 6, k: 4, j: 1); expect before == 0; expect after == 30_206; expect pair == 1_606; expect flags == 6;
        expect L.list == [0, 3, 0, 0]; expect L.grid[1][1] == 1; expect L.n == 1;
        run places(x: 6, k: 0 - 1, j: 1); expect before == 0; expect flags == 6; expect L.n == 2;
        run places(x: 9, k: 2, j: 1); expect before == 3; expect after == 70_209; expect flags == 9; expect L.list[2] == 2;
        run kept(x: 0, k: 2); run kept(x: 0, k: 5);
      }
    }";
    agrees(source, &[3, 5]);
}

/// Private bytes that everyone is shown come in pieces, like those that one is; lists of accounts and words that everyone knows.
#[test]
fn everyone_is_shown_bytes_and_looks_them_up() {
    let source = "contract Words version 1 {
      party p;
      struct Pair { word: text<9>; n: u64; }
      struct Bid { who: id; n: u64; word: text<4>; }
      state MPC { kept: private hash allow any to public; }
      state L { owners: [id; 3]; last: id; bids: [Bid; 2]; names: [text<4>; 2]; name: text<4>; n: u64; }
      entry put(x: private hash from caller) { MPC.kept = x; }
      entry show(x: private text<9> from caller, y: private text<9> from caller, n: private u64 from caller range 0..=9) {
        reveal kept = MPC.kept to public;
        reveal both = Pair(word: n > 5 ? x : y, n: n) to public;
        reveal own = x to caller;
      }
      entry claim(k: u8 from caller range 0..=5, word: text<4> from caller) {
        L.owners[k] = caller; L.names[k] = word;
        L.bids[k] = Bid(who: caller, n: k as u64, word: word);
        L.last = L.owners[k]; L.name = L.names[k];
        let bid = L.bids[k];
        L.n = bid.n + (bid.who == caller ? 10 : 0) + ([p, caller][k] == caller ? 100 : 0);
      }
      entry sums(n: u8 from caller range 0..=5, x: private u64 from caller range 0..=9) {
        let list = [x, 2, 3];
        let mut all = 0;
        for k in 0..n { all += list[k]; }
        reveal total = all to caller;
      }
      entry between(low: i64 from caller range -3..=4, high: i64 from caller range -3..=4) {
        let mut squares = 0;
        for k in low..high { squares += k * k; }
        L.n = squares as u64;
      }
      test \"bytes\" {
        run put(x: digest_of(\"one\")) as ann;
        run show(x: \"ninechars\", y: \"other\", n: 6) as ann; expect kept == digest_of(\"one\"); expect both.n == 6;
      }
      test \"words\" {
        run claim(k: 1, word: \"word\") as ann; expect L.n == 111;
        run claim(k: 4, word: \"word\") as bob; expect L.n == 0; expect L.last == L.owners[0];
        run sums(n: 2, x: 7) as ann; expect total == 9;
        run sums(n: 5, x: 7) as ann; expect total == 12;
        run between(low: -3, high: 4); expect L.n == 28;
        run between(low: 2, high: -1); expect L.n == 0;
        run between(low: -1, high: 1); expect L.n == 1;
      }
    }";
    agrees(source, &[3, 5]);
}

/// As many turns as there are rows that count. What is made of single rows is shown as one truth value at most.
#[test]
fn loops_over_rows_turn_as_often_as_there_are_rows() {
    let source = "contract Rows version 1 {
      group g min 2 max 6;
      party p;
      struct Row { n: u64 range 0..=9; old: bool; }
      collect a: private Row from each g allow bit to p;
      collect b: private [u64; max 5] from p range 0..=9 allow bit to p;
      state L { turns: u64; }
      entry weighted(least: u64 from caller range 0..=99) {
        let mut t = 0;
        let mut k = 0;
        for row in a { k += 1; t += (row.old ? row.n : 1) * k; }
        L.turns = k;
        reveal enough = t == least to p;
      }
      entry first(least: u64 from caller range 0..=99_999) {
        let mut t = 0;
        for x in b { if L.turns > 3 { break; } L.turns += 1; t = t * 10 + x; }
        reveal enough = t == least to p;
      }
      test \"rows\" {
        given a = [Row(n: 3, old: true), Row(n: 4, old: false), Row(n: 5, old: true)];
        run weighted(least: 20); expect enough; expect L.turns == 3;
        run weighted(least: 21); expect !enough;
        given a = [Row(n: 3, old: true), Row(n: 10, old: false), Row(n: 5, old: true)];
        run weighted(least: 13); expect enough; expect L.turns == 2;
        set L.turns = 0; given b = []; run first(least: 0); expect enough; expect L.turns == 0;
        given b = [1, 2, 3, 4, 5]; run first(least: 1_234); expect enough; expect L.turns == 4;
        set L.turns = 2; given b = [7, 12, 8]; run first(least: 78); expect enough;
      }
    }";
    agrees(source, &[3, 5]);
}

/// Values of one place and of maps, by heights that are constants, given and computed, in branches and loops over members.
#[test]
fn committees_read_the_ledger_as_it_was() {
    let source = "contract Prices version 1 {
      group buyers min 2 max 9;
      collect offer: private u32 from each buyers range 0..=100 allow aggregate(2) to public;
      struct Terms { price: u32; open: bool; }
      state L { terms: Terms; paid: map<id, u32>; before: map<id, u32>; total: u32; }
      entry set_price(n: u32 from caller range 0..=1_000) { L.terms.price = n; L.terms.open = true; }
      entry pay(n: u32 from caller range 0..=1_000) { L.paid[caller] += n; L.total = L.get(total, L.height) + n; }
      entry look(x: private u32 from caller range 0..=9, at: u64 from caller) {
        L.terms.price = 999;
        reveal then = L.get(terms, at).price as u64 + x to caller;
        reveal was_open = L.get(terms, at).open && x >= 0 to caller;
        reveal his = L.get(paid[caller], at) as u64 + x to caller;
        reveal now = L.terms.price as u64 + x to caller;
      }
      entry settle(at: u64 from caller) {
        if L.get(total, at) > 8 { L.terms.open = false; }
        for b in buyers { L.before[b] = L.get(paid, b, at); }
        reveal sum = offer.sum() as u64 + L.get(total, at) to public;
      }
      test \"back\" {
        run set_price(n: 10); run pay(n: 3) as buyers[0]; run pay(n: 4) as buyers[0]; run set_price(n: 20); run pay(n: 5) as buyers[1];
        run look(x: 1, at: 0) as buyers[0]; expect then == 1; expect !was_open; expect his == 1; expect now == 1_000;
        run look(x: 1, at: 2) as buyers[0]; expect then == 11; expect was_open; expect his == 1;
        run look(x: 1, at: 3) as buyers[0]; expect then == 11; expect his == 4;
        run look(x: 1, at: 4) as buyers[0]; expect his == 8;
        run look(x: 1, at: 5) as buyers[1]; expect then == 21; expect his == 1;
        run look(x: 1, at: 900) as buyers[1]; expect then == 1_000; expect his == 6;
        given offer = [7, 8];
        run settle(at: 4); expect sum == 22; expect L.before[buyers[0]] == 7; expect L.before[buyers[1]] == 0; expect L.terms.open;
        run settle(at: 6); expect sum == 27; expect L.before[buyers[1]] == 5; expect !L.terms.open;
      }
    }";
    agrees(source, &[3, 5]);
}
