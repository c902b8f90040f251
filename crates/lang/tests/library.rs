//! Functions of the library on committees of three and five: each comes to what the interpreter says, in the clear and on shares,
//! at exactly the predicted cost.

mod committees;

use committees::agrees;
use enigma_bytecode::model::{Noise, Op, Profile};
use enigma_lang::compile;

#[test]
fn numbers_keep_to_their_types() {
    let source = "contract Ways version 1 {
      entry e(a: private u8 from caller, b: private u8 from caller, i: private i16 from caller, j: private i16 from caller) {
        reveal up = wrapping_add(a, b) to caller;
        reveal down = wrapping_sub(a, b) to caller;
        reveal times = wrapping_mul(a, 77) to caller;
        reveal signed = wrapping_mul(i, j) to caller;
        reveal less = wrapping_sub(i, j) to caller;
        reveal most = saturating_add(a, b) to caller;
        reveal none = saturating_sub(a, b) to caller;
        reveal far = saturating_mul(i, j) to caller;
        reveal all = wrapping_add([a, b, 3], [b, 250, 7]) to caller;
        reveal rows = saturating_sub([i, j], 5) to caller;
      }
      test \"both ends\" {
        run e(a: 200, b: 100, i: -32_768, j: -1) as ann;
        expect up == 44; expect down == 100; expect times == 40; expect signed == -32_768; expect less == -32_767;
        expect most == 255; expect none == 100; expect far == 32_767;
        expect all[0] == 44; expect all[1] == 94; expect all[2] == 10; expect rows[0] == -32_768; expect rows[1] == -6;
        run e(a: 3, b: 5, i: 7, j: 6) as ann;
        expect up == 8; expect down == 254; expect times == 231; expect signed == 42; expect less == 1;
        expect most == 8; expect none == 0; expect far == 42; expect rows[1] == 1;
      }
    }";
    agrees(source, &[3, 5]);
}

/// The type of the numbers says where they are cut, whatever is made of the result.
#[test]
fn what_is_asked_for_does_not_change_where_numbers_are_cut() {
    let source = "contract Cut version 1 {
      group g min 2 max 9;
      collect v: private u64 from each g range 0..=1_000 allow aggregate(2) to public;
      state L { n: u16 = 65_000; wide: u64; }
      entry e(x: private u16 from caller) {
        reveal a = wrapping_add(x, 65_000) as u64 to caller;
        let y: u64 = wrapping_mul(x, 66) as u64;
        reveal b = y to caller;
        reveal c = saturating_add(x, L.n) as u64 + 1 to caller;
        L.wide = wrapping_add(L.n, 1_000) as u64 + saturating_sub(L.n, 65_001) as u64;
        let z: u8 = wrapping_add(250, 10);
        reveal d = z as u16 + x as u16 % 2 to caller;
        reveal sum = v.map(|k| wrapping_add(k as u16, 65_000) as u64).sum() to public;
        reveal most = v.map(|k| saturating_add(k as u16, 65_000) as u64).sum() to public;
      }
      test \"cut\" {
        given v = [1_000, 10, 600];
        run e(x: 1_000) as ann;
        expect a == 464; expect b == 464; expect c == 65_536; expect L.wide == 464; expect d == 4;
        expect sum == 464 + 65_010 + 64; expect most == 65_535 + 65_010 + 65_535;
      }
    }";
    agrees(source, &[3, 5]);
}

/// Products of 32 bits are longer than numbers of computations may be; decimals are cut, too.
#[test]
fn long_numbers_keep_to_their_types() {
    let source = "contract Long version 1 {
      entry e(a: private u32 from caller, b: private u32 from caller, x: private fix from caller range -1_000..=1_000) {
        reveal low = wrapping_mul(a, b) to caller;
        reveal most = saturating_mul(a, b) to caller;
        reveal sum = saturating_add(x, 1.5) to caller;
        reveal square = saturating_mul(x, x) to caller;
      }
      test \"large, small\" {
        run e(a: 4_294_967_295, b: 4_294_967_294, x: -3.5) as ann;
        expect low == 2; expect most == 4_294_967_295; expect sum == -2.0; expect square == 12.25;
        run e(a: 65_537, b: 65_535, x: 0.25) as ann; expect low == 4_294_967_295; expect most == 4_294_967_295;
        run e(a: 65_536, b: 65_536, x: 0.25) as ann; expect low == 0; expect most == 4_294_967_295;
        run e(a: 3, b: 5, x: 0.25) as ann; expect low == 15; expect most == 15;
      }
    }";
    agrees(source, &[3, 5]);
}

#[test]
fn numbers_are_made_of_bits() {
    let source = "contract Bits version 1 {
      group g min 2 max 9;
      state L { shifted: u8; wrapped: u8; cut: u8; }
      collect v: private u64 from each g range 0..=1_000 allow aggregate(2) to each g;
      entry e(a: private u32 from caller range 0..=5_000, b: private u32 from caller range 0..=100, i: private i32 from caller, n: u8) {
        reveal both = a & b to caller;
        reveal either = a | 85 to caller;
        reveal one = a ^ b to caller;
        reveal left = (a << 3) to caller;
        reveal right = a >> 2 to caller;
        reveal half = i >> 1 to caller;
        reveal sign = i >> 40 to caller;
        reveal bits = b.bits(9) to caller;
        reveal low = i.bits(3) to caller;
        reveal odd = v.map(|x| (x & 1)).sum() to each g;
        reveal third = v.map(|x| x.bits(3)[2]).count_true() to each g;
        L.shifted = n >> 2; L.wrapped = wrapping_add(n, 250); L.cut = saturating_add(n, 250);
      }
      test \"of numbers\" {
        given v = [7, 1_000, 12, 3];
        run e(a: 4_321, b: 99, i: -7, n: 9) as ann;
        expect both == 97; expect either == 4_341; expect one == 4_226; expect left == 34_568; expect right == 1_080;
        expect half == -4; expect sign == -1; expect bits[0]; expect bits[1]; expect !bits[2]; expect bits[6]; expect !bits[8];
        expect low[0]; expect !low[1]; expect !low[2]; expect odd == 2; expect third == 2;
        expect L.shifted == 2; expect L.wrapped == 3; expect L.cut == 255;
      }
    }";
    agrees(source, &[3, 5]);
}

#[test]
fn roots_of_negative_numbers_are_0() {
    let source = "contract Roots version 1 {
      group g min 2 max 9;
      collect v: private i64 from each g range -50..=100 allow aggregate(2) to each g;
      entry e(a: private i64 from caller range -9..=9, x: private fix from caller range -9..=9) {
        reveal whole = sqrt(a) to caller;
        reveal real = sqrt(x) to caller;
        reveal all = v.map(|k| sqrt(k)).sum() to each g;
      }
      test \"both sides\" {
        given v = [-49, 49, -1, 10];
        run e(a: -4, x: -2.25) as ann; expect whole == 0; expect real == 0.0; expect all == 10;
        run e(a: 8, x: 2.25) as ann; expect whole == 2; expect real == 1.5;
      }
    }";
    agrees(source, &[3, 5]);
}

/// What is drawn is not what a test expects; what is done with it is.
#[test]
fn every_random_number_is_drawn_anew() {
    let source = "contract Dice version 1 {
      entry e(x: private u64 from caller range 0..=9) {
        let (a, b) = (random(6), random(6));
        let coins = random_bits(5);
        let alone = random_bits(1)[0];
        reveal sum = (a + b >= 11 && a < 5) to caller;
        reveal pick = (alone && !alone) to caller;
        reveal few = coins.count_true() > 5 to caller;
        reveal own = x > 5 ? x : random(3) to caller;
      }
      test \"in range\" { run e(x: 7) as ann; expect !sum; expect !pick; expect !few; expect own == 7; }
    }";
    agrees(source, &[3]);
    let contract = compile(source).contract.expect("it can be built");
    let code = contract.entries[0].code.iter();
    let draws = code.filter(|op| matches!(op, Op::Random { .. }));
    assert_eq!(draws.count(), 5);
}

/// Inside of a `map` over rows, one for each row; of a list, one for each element.
#[test]
fn every_row_has_a_random_number_of_its_own() {
    let source = "contract Masks version 1 {
      group g min 2 max 300;
      struct Row { yes: bool; x: u64 range 0..=9; }
      collect r: private Row from each g allow any to each g allow per_owner to owner;
      entry blurred() {
        // Each answer is turned with a probability of one quarter.
        let answers = r.map(|one| random(4) == 0 ? !one.yes : one.yes);
        reveal few = answers.count_true() > 130 to each g;
        reveal own = r.map(|one| one.x + random(3) / 5) to owner(r);
        reveal most = r.map(|one| one.x + random(4)).sum() > 9 to each g;
        let coins = r.map(|one| random_bits(3).count_true());
        reveal all = coins.sum() > 6 to each g;
      }
      entry drawn(v: private [u64; 5] from caller range 0..=9) {
        reveal none = v.map(|x| random(2) + x >= x).count_true() to caller;
      }
      test \"more than nobody\" { given r = [Row(yes: true, x: 1), Row(yes: false, x: 2)]; run blurred(); expect own == [1, 2]; expect !most; expect !all; expect !few; }
      test \"of a list\" { run drawn(v: [1, 2, 3, 4, 5]) as ann; expect none == 5; }
    }";
    agrees(source, &[3, 5]);
    let contract = compile(source).contract.expect("it can be built");
    let draws = |entry: usize| {
        let code = contract.entries[entry].code.iter();
        code.filter(|op| op.draws()).count()
    };
    assert_eq!((draws(0), draws(1)), (6, 5));
}

#[test]
fn matrices_of_decimals() {
    let source = "contract Matrices version 1 {
      entry e(x: private fix from caller range -100..=100, y: private fix from caller range -100..=100) {
        let product = matmul([[x, y], [0.5, -1.0]], [[2.0, x], [y, 3.0]]);
        let known = matmul([[1.5, 2.0]], [[2.0], [0.25]]);
        reveal first = product[0] to caller;
        reveal second = product[1] to caller;
        reveal sum = x + known[0][0] to caller;
      }
      test \"two by two\" {
        run e(x: 3.5, y: -2.25) as ann;
        expect first[0] == 12.0625; expect first[1] == 5.5; expect second[0] == 3.25; expect second[1] == -1.25; expect sum == 7.0;
      }
    }";
    agrees(source, &[3, 5]);
}

#[test]
fn places_outside_of_lists_hold_nothing() {
    let source = "contract Places version 1 {
      state L { at: u64 = 1; open: u64; }
      entry e(k: private i32 from caller, u: private u64 from caller range 0..=9) {
        reveal found = [5, 6, 7].lookup(k) to caller;
        reveal high = [u, u + 1].lookup(u) to caller;
        reveal flag = [true, u > 3].lookup(k) to caller;
        let (left, right) = [(u, 1), (4, 2)].lookup(k);
        reveal pair = [left, right] to caller;
        reveal maybe = [some(u), none()].lookup(k).or(8) to caller;
        reveal known = [u, 7, 9].lookup(L.at) to caller;
        L.open = [3, 4].lookup(L.at);
        L.at += 2;
      }
      test \"inside, below, above\" {
        run e(k: 1, u: 1) as ann; expect found == 6; expect high == 2; expect !flag; expect pair == [4, 2]; expect maybe == 8;
        expect known == 7; expect L.open == 4;
        run e(k: -1, u: 5) as ann; expect found == 0; expect high == 0; expect !flag; expect pair == [0, 0]; expect maybe == 8;
        expect known == 0; expect L.open == 0;
        run e(k: 3, u: 0) as ann; expect found == 0; expect high == 0; expect maybe == 8;
        run e(k: 0, u: 9) as ann; expect found == 5; expect flag; expect pair == [9, 1]; expect maybe == 9;
      }
    }";
    agrees(source, &[3, 5]);
}

#[test]
fn the_smallest_of_cells() {
    let source = "contract Cells version 1 {
      group g min 2 max 9;
      enum Kind { A, B, C }
      struct Row { kind: Kind; x: i64 range -50..=50; }
      collect rows: private Row from each g allow aggregate(2) to each g;
      entry e() {
        let cells = rows.group_by(|r| r.kind);
        reveal least = cells.min(|r| r.x) to each g with min_group(cells.count(), 2);
        reveal most = cells.max(|r| r.x) to each g with min_group(cells.count(), 2);
      }
      test \"three kinds\" {
        given rows = [Row(kind: Kind::A, x: 7), Row(kind: Kind::B, x: -5), Row(kind: Kind::A, x: 3), Row(kind: Kind::B, x: -50), Row(kind: Kind::C, x: 1)];
        run e(); expect least[0] == some(3); expect least[1] == some(-50); expect most[1] == some(-5); expect least[2] == none();
      }
    }";
    agrees(source, &[3, 5]);
}

/// As much as the budget says; a test expects what lies within reach.
#[test]
fn gaussian_noise_is_drawn() {
    let source = "contract Noise version 1 {
      group g min 2 max 9;
      privacy { epsilon_total: 8.0; delta_total: 0.00001; }
      collect v: private u64 from each g range 0..=3 allow aggregate(2) to each g;
      entry e() { reveal sum = v.sum() to each g with noise(gaussian(epsilon: 2.0, delta: 0.000001)); }
      test \"three\" { given v = [1, 2, 3]; run e(); }
    }";
    agrees(source, &[3]);
    let contract = compile(source).contract.expect("it can be built");
    let noise = contract.manifest[0].noise.map(|noise| noise.values);
    assert!(matches!(noise, Some(Noise::Gaussian(_))), "{noise:?}");
    assert_eq!(enigma_bytecode::model::unsupported(&contract), None);
}

/// Nobody's salary is told by a sum of them: noise is drawn in steps, within the numbers of the small field.
#[test]
fn gaussian_noise_hides_a_salary() {
    let source = "contract Pay version 1 {
      group g min 2 max 9;
      privacy { epsilon_total: 8.0; delta_total: 0.00001; }
      state L { small: u64 = 0; }
      collect pay: private u64 from each g range 0..=100_000_000 allow aggregate(2) to public;
      entry e() {
        reveal sum = pay.sum() to public with noise(gaussian(epsilon: 1.0, delta: 0.000001));
        if sum > -20_000_000_000 && sum < 20_000_000_000 { L.small = 1; }
      }
      test \"three\" { given pay = [40_000, 0, 100_000_000]; run e(); expect L.small == 1; }
    }";
    agrees(source, &[3, 5]);
    let contract = compile(source).contract.expect("it can be built");
    assert_eq!(contract.profile, Profile::ShamirM61V1);
    let line = &contract.manifest[0];
    let Some(Noise::Gaussian(width)) = line.noise.map(|noise| noise.values) else {
        panic!("{line:?}");
    };
    assert!(width.steps > 10, "{width:?}");
    // Half a billion of deviation, and fifteen times as much to each side at most.
    let column = &line.columns[0];
    assert!(column.low < -5_000_000_000 && column.low > -9_000_000_000);
    assert!(column.high - 900_000_000 == -column.low);
}

/// Noise so narrow that in 2^40 draws there is one that is not 0: what is opened goes on in the run, and everyone finds the same.
#[test]
fn gaussian_noise_of_nearly_nothing_changes_nothing() {
    let source = "contract Narrow version 1 {
      group g min 2 max 9;
      privacy { epsilon_total: 62.0; delta_total: 0.999999; }
      state L { seen: u64 = 0; small: u64 = 0; }
      collect v: private u64 from each g range 0..=1 allow aggregate(2) to public;
      entry e() {
        reveal sum = v.sum() to public with noise(gaussian(epsilon: 31.0, delta: 0.4999995));
        L.seen = (sum + 100) as u64;
        if sum < 3 { L.small = 1; }
      }
      test \"two, three\" {
        given v = [1, 0, 1]; run e(); expect L.seen == 102; expect L.small == 1;
        given v = [1, 1, 1]; run e(); expect L.seen == 103; expect L.small == 1;
      }
    }";
    agrees(source, &[3, 5]);
}

/// A correlation is rounded on the way, by committees and interpreter alike; the deviation of numbers with a point is the root of
/// their variance as it is shown.
#[test]
fn correlations_and_deviations() {
    let source = "contract Alike version 1 {
      group g min 2 max 1_000;
      struct Row { pay: u64 range 0..=100_000_000; age: i64 range -10..=120; x: fix range -500..=500; }
      collect r: private Row from each g allow any to public;
      entry e() {
        reveal paid = corr(r.pay, r.age) to public;
        reveal bent = corr(r.age.map(|a| a as fix), r.x) to public;
        reveal itself = corr(r.x, r.x) to public;
        reveal against = corr(r.pay, r.pay.map(|x| 5 - (x as i64))) to public;
        reveal apart = r.x.stddev() to public;
        reveal around = r.age.stddev() to public;
      }
      entry few(a: private [u64; 3] from caller range 0..=9, b: private [u64; 3] from caller range 0..=9) {
        reveal half = corr(a, b) to caller;
      }
      test \"rows\" {
        given r = [Row(pay: 300_000, age: 20, x: 1.5), Row(pay: 420_000, age: 41, x: -3.25), Row(pay: 390_000, age: 67, x: 499.0)];
        run e();
        expect itself == 1.0; expect against == -1.0; expect around == 19;
        given r = [Row(pay: 7, age: 20, x: 1.5), Row(pay: 7, age: 41, x: 1.5)];
        run e();
        expect paid == 0.0; expect bent == 0.0; expect itself == 0.0; expect apart == 0.0; expect around == 10;
      }
      test \"three\" {
        run few(a: [0, 1, 2], b: [0, 2, 1]) as ann; expect half == 0.5;
        run few(a: [0, 1, 2], b: [2, 0, 1]) as ann; expect half == -0.5;
        run few(a: [3, 3, 3], b: [2, 0, 1]) as ann; expect half == 0.0;
      }
    }";
    agrees(source, &[3, 5]);
}

#[test]
fn lists_are_sets_too() {
    let source = "contract Lists version 1 {
      struct Pair { name: text<40>; n: u64 range 0..=9; }
      entry e(v: private [u64; 4] from caller range 0..=9, w: private [u64; 3] from caller range 0..=9, p: private [Pair; 2] from caller) {
        reveal n = v.distinct().map(|x| x.is_some()).count_true() to caller;
        reveal second = v.distinct()[2].or(8) to caller;
        reveal both = psi(v, w) to caller;
        reveal known = psi(w, [3, 4]).count_true() to caller;
        reveal found = join(v, w, [10, 20, 30]).map(|x| x.or(0)) to caller;
        reveal kinds = psi_count(v.distinct(), w.distinct()) to caller;
        reveal pairs = p.distinct().map(|x| x.is_some()) to caller;
      }
      test \"lists\" {
        run e(v: [3, 1, 3, 7], w: [7, 7, 3], p: [Pair(name: \"a\", n: 1), Pair(name: \"a\", n: 1)]) as ann;
        expect n == 3; expect second == 8; expect both == [true, false, true, true]; expect known == 1; expect found == [30, 0, 30, 10];
        expect kinds == 2; expect pairs == [true, false];
      }
      test \"others\" {
        run e(v: [1, 2, 4, 5], w: [0, 9, 8], p: [Pair(name: \"a\", n: 1), Pair(name: \"b\", n: 1)]) as ann;
        expect n == 4; expect second == 4; expect both == [false, false, false, false]; expect kinds == 0; expect pairs == [true, true];
      }
    }";
    agrees(source, &[3, 5]);
}

/// Of what everyone knows, of private numbers, and with a value for each row.
#[test]
fn places_and_orders_of_lists() {
    let source = "contract Lists version 1 {
      group g min 3 max 9;
      struct Row { marks: [u64; 5] range 0..=99; near: [fix; 3] range -4..=4; at: u64 range 0..=9; }
      collect r: private Row from each g allow any to public;
      state L { known: [u64; 5]; most: u64; at: u64; low: u64; middle: u64; sorted: [u64; 5]; third: u64; ranks: [u64; 5]; }
      entry e(x: private [i64; 6] from caller range -9..=9, y: private [fix; 3] from caller range -9..=9) {
        reveal first = x.argmax() to caller;
        reveal last = x.argmin() * 10 + y.argmax() to caller;
        let (place, best, second) = x.top2();
        reveal two = [place as i64, best, second] to caller;
        let (only, one, none) = [x[0]].top2();
        reveal alone = [only as i64, one, none] to caller;
        reveal winner = [r.at.sum(), r.at.max() * 2, r.at.min() * 3].argmax() to public;
      }
      entry rows(q: u64) {
        reveal best = r.map(|one| one.marks.max()).sum() to public;
        reveal worst = r.map(|one| one.marks.min()).sum() to public;
        reveal places = r.map(|one| one.marks.argmax() * 10 + one.near.argmin()).max() to public;
        reveal seconds = r.map(|one| one.marks.top(2)[1]).sum() to public;
        reveal medians = r.map(|one| one.marks.median()).sum() to public;
        reveal lower = r.map(|one| one.marks.quantile(1, 4)).sum() to public;
        reveal third = r.map(|one| one.marks.highest(3) + one.marks.highest(9)).sum() to public;
        reveal falling = r.map(|one| one.marks.sort_desc()[1] as i64 - one.marks.sort()[3]).sum() to public;
        reveal ranks = r.map(|one| one.marks.rank()[2] * 10 + one.marks.rank_desc()[2]).sum() to public;
        reveal bands = r.map(|one| one.marks.histogram([10, 50])[1]).sum() to public;
        reveal found = r.map(|one| one.marks.lookup(one.at)).sum() to public;
        reveal chosen = r.map(|one| one.marks[q]).sum() to public;
        reveal nearest = r.map(|one| one.near.max()).max() to public;
      }
      entry known(a: u64, b: u64) {
        L.known = [a, b, 7, 7, 2];
        let all = [a, b, 7, 7, 2];
        L.most = all.max() + all.min();
        L.at = all.argmax() * 10 + all.argmin();
        L.middle = all.median() + all.quantile(1, 5);
        L.third = all.highest(3) + all.top(2)[1];
        L.sorted = all.sort();
        L.ranks = all.rank_desc();
        L.low = all.histogram([3, 8])[1];
      }
      test \"private lists\" {
        given r = [Row(marks: [1, 2, 3, 4, 5], near: [1.0, 2.0, 3.0], at: 9), Row(marks: [0, 0, 0, 0, 0], near: [0.0, 0.0, 0.0], at: 2), Row(marks: [9, 9, 9, 9, 9], near: [0.5, 0.25, -1.0], at: 0)];
        run e(x: [3, -9, 7, 7, 0, -9], y: [1.5, 2.5, 2.5]) as ann;
        expect first == 2; expect last == 11; expect two == [2, 7, 7]; expect alone == [0, 3, 0]; expect winner == 1;
        run e(x: [-1, -2, -3, -4, -5, -6], y: [0.0, 0.0, 0.0]) as ann;
        expect first == 0; expect last == 50; expect two == [0, -1, -2];
      }
      test \"a list for each row\" {
        given r = [Row(marks: [40, 10, 60, 60, 5], near: [1.0, -2.0, 3.0], at: 4), Row(marks: [1, 2, 3, 4, 5], near: [-1.0, 2.0, -4.0], at: 7), Row(marks: [99, 0, 50, 0, 98], near: [0.0, 0.0, 3.5], at: 0)];
        run rows(q: 2);
        expect best == 60 + 5 + 99; expect worst == 5 + 1 + 0; expect places == 10 * 4 + 2; expect seconds == 60 + 4 + 98;
        expect medians == 40 + 3 + 50; expect lower == 10 + 2 + 0; expect third == (40 + 5) + (3 + 1) + (50 + 0); expect falling == 0;
        expect ranks == 41 + 33 + 33; expect bands == 2 + 0 + 0; expect found == 5 + 0 + 99; expect chosen == 60 + 3 + 50; expect nearest == 3.5;
        run rows(q: 8);
        expect chosen == 0;
      }
      test \"what everyone knows\" {
        run known(a: 9, b: 1);
        expect L.most == 10; expect L.at == 1; expect L.middle == 8; expect L.third == 7 + 7; expect L.sorted == [1, 2, 7, 7, 9];
        expect L.ranks == [1, 5, 2, 2, 4]; expect L.low == 2;
      }
    }";
    agrees(source, &[3, 5]);
}

/// Prefixes end inside of a piece of seven bytes less four bits, behind one and at its end.
#[test]
fn texts_begin_with_what_everyone_knows() {
    let long = "abcdefghijklm";
    let source = format!(
        "contract Texts version 1 {{
      group g min 3 max 9;
      struct Row {{ name: text<16>; n: u64 range 0..=9; }}
      collect r: private Row from each g allow any to public;
      entry e(t: private text<16> from caller, two: private [text<3>; 2] from caller) {{
        reveal none = t.starts_with(\"\") to caller;
        reveal one = t.starts_with(\"a\") to caller;
        reveal six = t.starts_with(\"abcdef\") to caller;
        reveal seven = t.starts_with(\"abcdefg\") to caller;
        reveal all = t.starts_with(\"{long}\") to caller;
        reveal more = t.starts_with(\"{long}n\") to caller;
        reveal other = t.starts_with(\"abcdefh\") to caller;
        reveal each = two.map(|one| one.starts_with(\"ab\")) to caller;
        reveal longer = two[0].starts_with(\"abcd\") to caller;
        reveal rows = r.name.starts_with(\"Dr \").count_true() to public;
        reveal of_each = r.map(|row| row.name.starts_with(\"Dr \") ? row.n : 0).sum() to public;
      }}
      test \"prefixes\" {{
        given r = [Row(name: \"Dr Who\", n: 3), Row(name: \"dr no\", n: 4), Row(name: \"Dr \", n: 2)];
        run e(t: \"{long}\", two: [\"ab\", \"a\"]) as ann;
        expect none; expect one; expect six; expect seven; expect all; expect !more; expect !other; expect each == [true, false]; expect !longer;
        expect rows == 2; expect of_each == 5;
      }}
    }}"
    );
    agrees(&source, &[3, 5]);
}

/// What a division leaves stays below the divisor, also for nodes: loops do not let it grow.
#[test]
fn what_divisions_leave() {
    let source = "contract Left version 1 {
      state L { m: u64 = 97; }
      entry gcd(a: private u32 from caller range 0..=1_000, b: private u32 from caller range 0..=1_000) {
        let mut x = a;
        let mut y = b;
        while y != 0 max 6 { let rest = x % y; x = y; y = rest; }
        reveal divisor = x to caller;
      }
      entry power(a: private u64 from caller range 0..=96, i: private i64 from caller range -50..=50, d: private i64 from caller range -3..=3) {
        let mut raised: private u64 = 1;
        for k in 0..8 { raised = raised * a % 97; }
        reveal by_constant = raised to caller;
        let mut same: private u64 = 1;
        for k in 0..3 { same = same * a % min(L.m, 1_000); }
        reveal by_public = same to caller;
        reveal signs = [i % 7, i % -7, i % d, -17 % d, i % 1] to caller;
        reveal by_nothing = i % (L.m as i64 - L.m as i64) to caller;
      }
      test \"gcd\" {
        run gcd(a: 48, b: 36) as ann; expect divisor == 12;
        run gcd(a: 0, b: 5) as ann; expect divisor == 5;
        run gcd(a: 7, b: 0) as ann; expect divisor == 7;
      }
      test \"powers\" {
        run power(a: 5, i: -17, d: 3) as ann;
        expect by_constant == 6; expect by_public == 28; expect signs == [-3, -3, -2, -2, 0]; expect by_nothing == 0;
        run power(a: 96, i: 17, d: 0) as ann;
        expect by_constant == 1; expect by_public == 96; expect signs == [3, 3, 0, 0, 0];
      }
    }";
    agrees(source, &[3, 5]);
}

/// Rows that are in a list of somebody else's, of any length.
#[test]
fn rows_that_are_in_a_whole_list() {
    let source = "contract In version 1 {
      group g min 3 max 9;
      party p;
      collect v: private u64 from each g range 0..=99 allow any to public;
      collect listed: private [u64; max 20] from p range 0..=99 allow any to public;
      entry e() {
        reveal many = v.map(|x| listed.contains(x)).count_true() to public;
        reveal sum = v.map(|x| listed.contains(x + 1) ? x : 0).sum() to public;
        reveal seven = listed.contains(7) to public;
      }
      test \"three\" {
        given v = [3, 7, 9]; given listed = [9, 1, 7, 7];
        run e(); expect many == 2; expect sum == 0; expect seven;
        given v = [0, 6, 9]; given listed = [1];
        run e(); expect many == 0; expect sum == 0; expect !seven;
      }
    }";
    agrees(source, &[3, 5]);
}

/// Public numbers that are cut lie between their ends, also for nodes, so that private ones can be multiplied by them.
#[test]
fn public_numbers_that_are_cut() {
    let source = "contract Cuts version 1 {
      state L { n: u64 = 1_000_000; f: fix; small: u8; }
      entry e(q: u64, k: private u64 from caller range 0..=9, x: private fix from caller range 0..=9) {
        reveal least = k * min(q, 100) to caller;
        reveal between = k * clamp(L.n, 1, 50) to caller;
        reveal left = k * (q % 7) to caller;
        reveal small = (q as u8) as u64 * k to caller;
        reveal above = (q as fix) > x to caller;
        reveal scaled = (min(q, 1_000) as fix) * x to caller;
        reveal same = ((k * 100) as u8) as u64 * 9 to caller;
        reveal far = (k * 1_000_000_000) as fix to caller;
        L.f = q as fix;
        L.small = q as u8;
      }
      test \"cut\" {
        run e(q: 3, k: 4, x: 1.5) as ann;
        expect least == 12; expect between == 200; expect left == 12; expect small == 12; expect above; expect scaled == 4.5; expect same == 255 * 9;
        expect L.f == 3.0; expect L.small == 3; expect far > 2_147_483_647.9;
        run e(q: 1_000_000_000_000_000, k: 2, x: 9.0) as ann;
        expect least == 200; expect small == 510; expect above; expect scaled == 9_000.0; expect L.small == 255; expect far == 2_000_000_000.0; expect L.f > 2_147_483_647.9;
      }
    }";
    agrees(source, &[3, 5]);
}

/// Whole constants beside numbers with a point are such numbers, in edges and penalties, too.
#[test]
fn constants_are_of_the_type_that_they_stand_beside() {
    let source = "contract Scaled version 1 {
      group g min 3 max 9;
      const EDGES: [i64; 2] = [-1, 2];
      const LOW: i64 = -1;
      const TWO: i64 = 2;
      struct Row { f: fix range -4..=4; w: fix range -4..=4; e: [fix; 2] range -4..=4; h: fix<20, 20> range -4..=4; }
      collect r: private Row from each g allow any to public;
      state L { q: fix = 1.0; public_cells: [u64; 3]; }
      entry counts() {
        reveal a = r.f.histogram(EDGES) to public;
        reveal b = r.f.histogram([LOW, 2]) to public;
        reveal c = r.map(|o| o.e.histogram(EDGES)[1]).sum() to public;
        reveal d = [r.f.sum(), 3.0, -2.0].histogram([LOW, TWO]) to public;
        L.public_cells = [L.q, 0.0, 3.0].histogram(EDGES);
        reveal fine = r.h.histogram([-1.5, 0.5]) to public;
      }
      entry models() {
        reveal same = linreg(x: [r.f], y: r.w, ridge: TWO)[1] == linreg(x: [r.f], y: r.w, ridge: 2.0)[1] to public;
        reveal slope = linreg(x: [r.f], y: r.w, ridge: TWO)[1] to public;
        reveal weight = logreg_train(x: [r.f], y: r.w, rate: TWO, steps: 2)[1] to public;
      }
      test \"three rows\" {
        given r = [Row(f: 1.0, w: 0.5, e: [0.0, 1.5], h: 0.25), Row(f: 3.0, w: 1.0, e: [2.0, -1.0], h: 0.5), Row(f: -1.5, w: 0.0, e: [-1.5, 4.0], h: -3.0)];
        run counts();
        expect a == [1, 1, 1]; expect b == [1, 1, 1]; expect c == 3; expect d == [1, 0, 2]; expect fine == [1, 1, 1];
        run models();
        expect same; expect slope > 0.18; expect slope < 0.19; expect weight > 1.4; expect weight < 1.41;
      }
    }";
    agrees(source, &[3, 5]);
}

/// What stands at the ends of what functions take.
#[test]
fn places_and_texts_at_their_ends() {
    let source = "contract Ends version 1 {
      group g min 3 max 9;
      party p;
      const LONG: [i64; 70] = [1; 70];
      struct Row { n: u64 range 0..=99; name: text<4>; }
      collect r: private Row from each g allow any to public allow any to owner;
      collect listed: private [u64; max 20] from p range 0..=99 allow any to public;
      state L { sorted: [i64; 70]; top: [i64; 2]; middle: i64 = 0; }
      entry far(a: private i64 from caller range -9..=9) {
        reveal list = [a, 3, 5].highest(-9_223_372_036_854_775_807) to caller;
        reveal rows = r.n.highest(-9_223_372_036_854_775_807) to public;
        reveal least = r.n.highest(9_223_372_036_854_775_807) to public;
        L.sorted = LONG.sort();
        L.top = LONG.top(2);
        L.middle = LONG.median();
      }
      entry names() {
        reveal all = r.name.starts_with(\"\").count_true() to public;
        reveal long = r.name.starts_with(\"hello\").any() to public;
        reveal own = r.name.starts_with(\"\") to owner(r);
      }
      entry missing() {
        let m = listed.map(|x| x > 3 ? some(x) : none());
        reveal known = r.map(|o| m.contains(some(o.n))).count_true() to public;
        reveal more = r.map(|o| m.contains(o.n > 5 ? some(o.n) : none())).count_true() to public;
        let full = listed.map(|x| x > 0 ? some(x) : none());
        reveal none_missing = r.map(|o| full.contains(o.n > 5 ? some(o.n) : none())).count_true() to public;
      }
      test \"ends\" {
        given r = [Row(n: 3, name: \"ann\"), Row(n: 7, name: \"bo\"), Row(n: 9, name: \"cy\")];
        given listed = [7, 7, 7, 2, 1];
        run far(a: -2) as ann; expect list == 5; expect rows == 9; expect least == 3;
        run names(); expect all == 3; expect !long;
        run missing(); expect known == 1; expect more == 2; expect none_missing == 1;
      }
    }";
    agrees(source, &[3, 5]);
}
