//! What the functions of the library cost, as the page about them says: exactly what is quoted for a run, and a run costs exactly that
//! (`committee`, `library`).
//!
//! `ENIGMA_UPDATE=1` writes the table anew.

use enigma_bytecode::model::{Contract, RowCount};
use enigma_bytecode::plan::{Cost, Sizes, quote};
use enigma_field::Committee;
use enigma_lang::compile;

/// Rows of each collection.
const ROWS: u32 = 1_000;
/// Where the table stands in the page.
const BEGIN: &str = "<!-- costs: written by the test `costs` -->\n";
const END: &str = "<!-- end of costs -->\n";

const FRAME: &str = "contract Costs version 1 {
  group people min 1_000 max 1_000;
  party clinic;
  enum Blood { A, B, AB, O }
  struct Row { blood: Blood; old: bool; age: u64 range 0..=1_000; dose: u64 range 0..=1_000; x: fix range 0..=10; y: fix range 0..=10; }
  collect v: private u64 from each people range 0..=1_000 allow any to public, clinic allow per_owner to owner;
  collect r: private Row from each people allow any to public, clinic;
  collect ours: private [hash; max 1_000] from clinic allow any to public;
  collect theirs: private [hash; max 1_000] from clinic allow any to public;
  privacy { epsilon_total: 10.0; delta_total: 0.001; }
  entry e(PARAMS) { BODY }
}";

const LIST: &str = "private [u64; 1_000] from caller range 0..=1_000";

/// What is computed, and the entry that does it and shows a result.
const FUNCTIONS: [(&str, &str); 61] = [
    (
        "`v.sum()`, `v.mean()`, `prefix_sums`, sums of parts",
        "reveal out = v.sum() to public;",
    ),
    ("`v.min()`, `v.max()`", "reveal out = v.max() to public;"),
    (
        "`v.argmax()` and its owner",
        "reveal out = v.owner_at(v.argmax()) to public;",
    ),
    (
        "`v.top2()`",
        "let (p, a, b) = v.top2(); reveal out = a + b to public;",
    ),
    ("`v.top(5)`", "reveal out = list.top(5) to caller;"),
    (
        "`v.median()`, `v.quantile(a, b)`, `v.highest(k)`",
        "reveal out = v.median() to public;",
    ),
    (
        "`v.count_true()`",
        "reveal out = r.old.count_true() to public;",
    ),
    (
        "`v.any()`, `v.all()`",
        "reveal out = r.old.any() to public;",
    ),
    ("`v.variance()`", "reveal out = v.variance() to public;"),
    ("`v.stddev()`", "reveal out = v.stddev() to public;"),
    (
        "`v.stddev()` of `fix`",
        "reveal out = r.x.stddev() to public;",
    ),
    ("`mean_square(v)`", "reveal out = mean_square(v) to public;"),
    (
        "`v.sum_where(mask)`",
        "reveal out = r.dose.sum_where(r.old) to public with min_group(r.old.count_true(), 5);",
    ),
    (
        "`v.mean_where(mask)`",
        "reveal out = r.dose.mean_where(r.old) to public with min_group(r.old.count_true(), 5);",
    ),
    ("`v.contains(x)`", "reveal out = v.contains(k) to public;"),
    ("`dot(v, w)`", "reveal out = dot(r.age, r.dose) to public;"),
    (
        "`covariance(v, w)`",
        "reveal out = covariance(r.map(|z| z.age as i64), r.map(|z| z.dose as i64)) to public;",
    ),
    (
        "`corr(v, w)`",
        "reveal out = corr(r.age, r.dose) to public;",
    ),
    (
        "`distance2(v, w)`",
        "reveal out = distance2(r.age, r.dose) to public;",
    ),
    (
        "`v.rank()`, `v.rank_desc()`",
        "reveal out = v.rank() to owner(v);",
    ),
    ("`v.sort()`", "reveal out = list.sort() to caller;"),
    (
        "`v.sort_by(keys)`",
        "reveal out = list.sort_by(keys) to caller;",
    ),
    ("`v.shuffle()`", "reveal out = list.shuffle() to caller;"),
    (
        "`v.histogram([250, 500, 750])`",
        "reveal out = v.histogram([250, 500, 750]) to public;",
    ),
    (
        "`v.histogram()` of 4 names",
        "reveal out = r.blood.histogram() to public;",
    ),
    (
        "`rows.group_by(key)` of 4 names: `count`",
        "let c = r.group_by(|x| x.blood).count(); reveal out = c to public with min_group(c, 5);",
    ),
    (
        "`sum`",
        "let c = r.group_by(|x| x.blood); reveal out = c.sum(|x| x.dose) to public with min_group(c.count(), 5);",
    ),
    (
        "`mean`",
        "let c = r.group_by(|x| x.blood); reveal out = c.mean(|x| x.dose) to public with min_group(c.count(), 5);",
    ),
    (
        "`median`",
        "let c = r.group_by(|x| x.blood); reveal out = c.median(|x| x.dose) to public with min_group(c.count(), 5);",
    ),
    (
        "`min`, `max`",
        "let c = r.group_by(|x| x.blood); reveal out = c.max(|x| x.dose) to public with min_group(c.count(), 5);",
    ),
    (
        "`psi(a, b)` of 1,000 hashes each",
        "reveal out = psi(ours, theirs).count_true() to public;",
    ),
    (
        "`psi_count(a, b)` and `distinct()` of both",
        "reveal out = psi_count(ours.distinct(), theirs.distinct()) to public;",
    ),
    (
        "`join(keys, other_keys, other_values)`",
        "reveal out = join(v, r.age, r.dose).map(|m| m.or(0)).sum() to public;",
    ),
    (
        "`max(a, b)`, `min(a, b)`",
        "reveal out = max(r.age, r.dose).sum() to public;",
    ),
    (
        "`clamp(a, low, high)`",
        "reveal out = clamp(v, 100, 900).sum() to public;",
    ),
    (
        "`abs(a)`",
        "reveal out = v.map(|x| abs(x as i64 - 500)).sum() to public;",
    ),
    (
        "`sqrt(a)` of whole numbers",
        "reveal out = v.map(|x| sqrt(x)).sum() to public;",
    ),
    (
        "`sqrt(a)` of `fix`",
        "reveal out = r.x.map(|x| sqrt(x)).sum() to public;",
    ),
    (
        "`exp(a)`",
        "reveal out = r.x.map(|x| exp(x)).sum() to public;",
    ),
    (
        "`ln(a)`",
        "reveal out = r.x.map(|x| ln(x)).sum() to public;",
    ),
    (
        "`sigmoid(a)`",
        "reveal out = r.x.map(|x| sigmoid(x)).sum() to public;",
    ),
    (
        "`a / b`, `a % b` by private numbers",
        "reveal out = (r.age / r.dose).sum() to public;",
    ),
    ("`a / 7`", "reveal out = v.map(|x| x / 7).sum() to public;"),
    (
        "`checked_div(a, b)`",
        "reveal out = checked_div(r.age, r.dose).map(|m| m.or(0)).sum() to public;",
    ),
    ("`a * b`", "reveal out = (r.age * r.dose).sum() to public;"),
    (
        "`a * b` of `fix`",
        "reveal out = (r.x * r.y).sum() to public;",
    ),
    (
        "`a < b`, `a <= b`",
        "reveal out = (r.age < r.dose).count_true() to public;",
    ),
    (
        "`a == b`",
        "reveal out = (r.age == r.dose).count_true() to public;",
    ),
    (
        "`c ? a : b`, `select(c, a, b)`, private `if`",
        "reveal out = r.map(|x| x.old ? x.age : x.dose).sum() to public;",
    ),
    (
        "`wrapping_add` of `u16`",
        "reveal out = v.map(|x| wrapping_add(x as u16, 65_000) as u64).sum() to public;",
    ),
    (
        "`saturating_add` of `u16`",
        "reveal out = v.map(|x| saturating_add(x as u16, 65_000) as u64).sum() to public;",
    ),
    (
        "`a & b` of 10 bits",
        "reveal out = (r.age & r.dose).sum() to public;",
    ),
    (
        "`a >> 3`",
        "reveal out = v.map(|x| x >> 3).sum() to public;",
    ),
    (
        "`a.bits(10)`",
        "reveal out = v.map(|x| x.bits(10)[9]).count_true() to public;",
    ),
    (
        "`lookup(i)` in 8 numbers",
        "reveal out = v.map(|x| [1, 2, 3, 5, 8, 13, 21, 34].lookup(x / 128)).sum() to public;",
    ),
    (
        "`linreg` of one column",
        "let w = linreg(x: [r.x], y: r.y, ridge: 0.0); reveal out = w[1] to public;",
    ),
    (
        "`logreg_train` of one column, 10 steps",
        "let w = logreg_train(x: [r.x], y: r.y, rate: 1.0, steps: 10); reveal out = w[1] to public;",
    ),
    (
        "`random(6)`, one",
        "reveal out = random(6) + v.sum() to clinic;",
    ),
    (
        "noise of Laplace",
        "reveal out = v.sum() to public with noise(laplace(epsilon: 0.5));",
    ),
    (
        "noise of Gauss",
        "reveal out = r.old.count_true() to public with noise(gaussian(epsilon: 0.5, delta: 0.000_001));",
    ),
    (
        "noise of Gauss, on a sum",
        "reveal out = v.sum() to public with noise(gaussian(epsilon: 0.5, delta: 0.000_001));",
    ),
];

fn cost(contract: &Contract, nodes: u8) -> Result<Cost, String> {
    let used = contract.collections_used(0);
    let rows = (0..).zip(&contract.collections).map(|(index, collection)| {
        match (used.contains(&index), collection.rows) {
            (false, _) => 0,
            (true, RowCount::One | RowCount::UpTo(_)) => ROWS,
        }
    });
    let sizes = Sizes {
        rows: rows.collect(),
    };
    let committee = Committee::new(nodes).expect("an odd size");
    quote(contract, 0, &sizes, committee).map_err(|error| error.to_string())
}

/// A line of the table: products, rounds and bytes on three nodes, bytes on five.
fn line(title: &str, body: &str) -> Result<String, String> {
    let params = match (
        body.contains("list"),
        body.contains("keys"),
        body.contains("(k)"),
    ) {
        (true, true, _) => format!("list: {LIST}, keys: {LIST}"),
        (true, false, _) => format!("list: {LIST}"),
        (_, _, true) => "k: private u64 from caller range 0..=1_000".to_owned(),
        _ => String::new(),
    };
    let source = FRAME.replace("PARAMS", &params).replace("BODY", body);
    let compilation = compile(&source);
    let Some(contract) = compilation.contract else {
        return Err(format!("{title}: {:?}", compilation.diagnostics));
    };
    let quoted = |nodes| cost(&contract, nodes).map_err(|why| format!("{title}: {why}"));
    let (three, five) = (quoted(3)?, quoted(5)?);
    let products = three.multiplications + three.gates + three.random_bits;
    Ok(format!(
        "| {title} | {} | {} | {} | {} | {} |\n",
        grouped(products),
        three.rounds,
        kilobytes(three.bytes_per_party),
        five.rounds,
        kilobytes(five.bytes_per_party),
    ))
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let starts = (0..digits.len()).filter(|at| (digits.len() - at).is_multiple_of(3));
    let mut starts: Vec<usize> = starts.filter(|at| *at > 0).collect();
    starts.push(digits.len());
    let mut from = 0;
    let parts = starts.into_iter().map(|to| {
        let part = &digits[from..to];
        from = to;
        part
    });
    parts.collect::<Vec<&str>>().join(",")
}

fn kilobytes(bytes: u64) -> String {
    grouped(bytes.div_ceil(1_000))
}

#[test]
fn the_page_says_what_functions_cost() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/language/library.md"
    );
    let page = std::fs::read_to_string(path).expect("the page");
    let (before, rest) = page.split_once(BEGIN).expect("a table of costs");
    let (found, after) = rest.split_once(END).expect("its end");
    let lines = FUNCTIONS.map(|(title, body)| line(title, body));
    let failed: Vec<&String> = lines
        .iter()
        .filter_map(|line| line.as_ref().err())
        .collect();
    assert!(failed.is_empty(), "{failed:#?}");
    let head = "\n| Function | Products, 3 nodes | Rounds | kB a node | Rounds, 5 nodes | kB a node |\n|---|---|---|---|---|---|\n";
    let lines: String = lines.into_iter().flatten().collect();
    let expected = format!("{head}{lines}\n");
    if std::env::var_os("ENIGMA_UPDATE").is_some() {
        std::fs::write(path, format!("{before}{BEGIN}{expected}{END}{after}")).expect("written");
    } else {
        assert!(
            found == expected,
            "the table is not what is quoted: ENIGMA_UPDATE=1 writes it anew"
        );
    }
}
