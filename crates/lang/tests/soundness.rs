//! The promise of section 3.4 on random programs: two runs whose public inputs and revealed values agree look the same to
//! everyone, and every value lies in the range that was derived for it.
//!
//! Programs mix private and public values at random, and most are refused; what counts is that those that are accepted keep the
//! promise.

use std::collections::BTreeMap;

use enigma_lang::interpret::{Event, Outcome};
use enigma_lang::{Account, Checked, Refusal, Shown, Value, World, compile};
use proptest::prelude::*;

/// Makes a program from random bytes.
struct Program<'b> {
    bytes: &'b [u8],
    reveals: usize,
    text: String,
}

impl Program<'_> {
    /// One of `n` choices.
    fn pick(&mut self, n: u8) -> u8 {
        let Some((first, rest)) = self.bytes.split_first() else {
            return 0;
        };
        self.bytes = rest;
        first % n
    }

    fn number(&mut self, depth: u32) -> String {
        if depth == 0 {
            let leaves = ["x", "k", "n", "y", "3", "(-2)", "v[1]", "L.n"];
            return leaves[usize::from(self.pick(8))].to_owned();
        }
        let (a, b) = (self.number(depth - 1), self.number(depth - 1));
        match self.pick(13) {
            0 => format!("({a} + {b})"),
            1 => format!("({a} - {b})"),
            2 => format!("clamp({a}, -20, 20) * clamp({b}, -20, 20)"),
            3 => format!("({a} / {b})"),
            4 => format!("({a} % {b})"),
            5 => format!("max({a}, {b})"),
            6 => format!("abs(min({a}, 9))"),
            7 => {
                let c = self.truth();
                format!("({c} ? {a} : {b})")
            }
            8 => format!("half({a})"),
            9 => format!("[{a}, {b}].sum()"),
            10 => format!("[{a}, {b}, {a}].sum()"),
            11 => format!("[{a}; 3].sum()"),
            _ => format!("[{a}; 2].sum()"),
        }
    }

    fn truth(&mut self) -> String {
        let (a, b) = (self.number(0), self.number(0));
        let op = ["<", "==", ">=", "!="][usize::from(self.pick(4))];
        format!("{a} {op} {b}")
    }

    fn kept(&mut self) -> String {
        let depth = u32::from(self.pick(3));
        let value = self.number(depth);
        format!("clamp({value}, -1000, 1000)")
    }

    fn statements(&mut self, depth: u32) {
        for _ in 0..=self.pick(3) {
            self.statement(depth);
        }
    }

    fn statement(&mut self, depth: u32) {
        let choice = self.pick(if depth == 0 { 7 } else { 11 });
        let line = match choice {
            0 | 1 => format!("x = {};", self.kept()),
            2 => format!("y = {};", self.kept()),
            3 => format!("v[{}] = {};", self.pick(3), self.kept()),
            4 => format!("L.n = {};", self.kept()),
            5 => format!("y += {};", self.kept()),
            6 => {
                let name = self.reveals;
                self.reveals += 1;
                format!("reveal r{name} = {} to public;", self.kept())
            }
            7 => {
                let truth = self.truth();
                self.text.push_str(&format!("if {truth} {{ "));
                self.statements(depth - 1);
                self.text.push_str("} else { ");
                self.statements(depth - 1);
                "}".to_owned()
            }
            8 => {
                let end = ["3", "n", "k", "4"][usize::from(self.pick(4))];
                self.text.push_str(&format!("for i in 0..{end} {{ "));
                self.statements(depth - 1);
                "}".to_owned()
            }
            9 => {
                let truth = self.truth();
                self.text.push_str(&format!("while {truth} max 3 {{ "));
                self.statements(depth - 1);
                "}".to_owned()
            }
            _ => "x -= 1;".to_owned(),
        };
        self.text.push_str(&line);
        self.text.push(' ');
    }
}

fn program(bytes: &[u8]) -> String {
    let mut program = Program {
        bytes,
        reveals: 0,
        text: String::new(),
    };
    for _ in 0..4 {
        program.statement(2);
    }
    format!(
        "contract S version 1 {{
  state L {{ n: i64 = 2; }}
  fn half(a: private i64) -> private i64 {{ let mut h = a; if a > 4 {{ h = a / 2; }} return h; }}
  entry e(k: private i64 from caller range -6..=6, n: i64 range -3..=3) {{
    let mut x = 0; let mut y = 1; let mut v = [0, 1, 2];
    {}
    reveal last = x + k to caller;
    reveal all = v.sum() * 2 + y + k to caller;
  }}
}}",
        program.text
    )
}

fn run(checked: &Checked, k: i128, n: i128) -> Result<Outcome, Refusal> {
    let args = [Value::Number(k), Value::Number(n)];
    World::new(checked).run(0, &args, Account::Anyone)
}

/// What everyone learns because it is revealed.
fn revealed(outcome: &Outcome) -> Vec<Option<Value>> {
    let events = outcome.transcript.events.iter();
    let values = events.filter_map(|event| match event {
        Event::Reveal { value, .. } => Some(value.clone()),
        _ => None,
    });
    values.collect()
}

fn check(source: &str) -> Result<bool, TestCaseError> {
    let compilation = compile(source);
    let Some(checked) = compilation.checked else {
        return Ok(false);
    };
    for n in [-1, 2] {
        let mut seen: BTreeMap<String, Outcome> = BTreeMap::new();
        let mut refused = 0;
        for k in -6..=6 {
            let outcome = match run(&checked, k, n) {
                Ok(outcome) => outcome,
                Err(refusal) => {
                    prop_assert!(!refusal.is_internal(), "{refusal:?} for k = {k}\n{source}");
                    refused += 1;
                    continue;
                }
            };
            within_ranges(&checked, &outcome, source)?;
            let key = format!("{:?}", revealed(&outcome));
            if let Some(other) = seen.get(&key) {
                prop_assert_eq!(&other.transcript, &outcome.transcript, "{}", source);
            } else {
                seen.insert(key, outcome);
            }
        }
        // Without a public reveal nothing that is public may depend on k.
        if !source.contains("to public") {
            prop_assert!(refused == 0 || refused == 13, "{}", source);
        }
    }
    Ok(true)
}

fn within_ranges(checked: &Checked, outcome: &Outcome, source: &str) -> Result<(), TestCaseError> {
    for reveal in &checked.facts.entries[0].reveals {
        let Some(Shown::One(value)) = outcome.results.get(&reveal.name) else {
            continue;
        };
        let range = checked.facts.range(reveal.value).expect("a number");
        let number = value.number().expect("a number");
        prop_assert!(
            range.low <= number && number <= range.high,
            "{} = {number} is not within {range:?}\n{source}",
            reveal.name
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn runs_with_the_same_results_look_the_same(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
        check(&program(&bytes))?;
    }
}

/// The random programs reach accepted ones with effects, branches and loops.
#[test]
fn many_programs_are_accepted() {
    let mut state = 7_u32;
    let mut accepted = 0;
    for _ in 0..300 {
        let bytes: Vec<u8> = (0..80)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                state.to_be_bytes()[0]
            })
            .collect();
        if check(&program(&bytes)).expect("the promise holds") {
            accepted += 1;
        }
    }
    assert!(
        accepted > 30,
        "only {accepted} of 300 programs are accepted"
    );
}

/// An entry `e` with a result `r` for the caller, and its arguments.
type Ranged<'c> = (&'c str, &'c [Value]);

fn fixed(scaled: i128, fraction: u32) -> Value {
    Value::Fixed { fraction, scaled }
}

/// Results at the ends of what can be, and where only the last rounding counts.
#[test]
fn results_lie_where_they_are_said_to() {
    let ends: &[Ranged<'_>] = &[
        (
            "entry e(k: private i64 from caller range -9..=-1) { let (i, top, second) = [k].top2(); reveal r = top - second to caller; }",
            &[Value::Number(-3)],
        ),
        (
            "entry e(k: private i64 from caller range 1..=9) { reveal r = [k, k, k].sum() - [k, k].sum() to caller; }",
            &[Value::Number(5)],
        ),
        (
            "entry e(k: private i64 from caller range 1..=9) { reveal r = [k; 2].sum() - [k; 3].sum() to caller; }",
            &[Value::Number(5)],
        ),
        (
            "entry e(k: private u8 from caller) { let s = saturating_add(k, k); reveal r = saturating_add(k as u64, k as u64) as i64 - s to caller; }",
            &[Value::Number(200)],
        ),
        (
            "entry e(k: private i64 from caller range 0..=9, b: private bool from caller) { reveal r = [k; 10].sum_where([b; 10]) / [b; 2].count_true() to caller; }",
            &[Value::Number(9), Value::Truth(true)],
        ),
    ];
    for (entry, args) in ends {
        in_range(entry, args);
    }
    let (third, one) = (fixed(13_107, 16), 1_i128 << 16);
    let fractions: &[Ranged<'_>] = &[
        // 200,000 / 2^-16: far beyond `fix`, and not beyond a computation.
        (
            "entry e(x: private fix from caller range 0..=200_000, y: private fix from caller range 0..=1) { reveal r = checked_div(x, y).or(0.0) to caller; }",
            &[fixed(200_000 * one, 16), fixed(1, 16)],
        ),
        (
            "entry e(x: private fix from caller range 0..=0.00002, y: private fix from caller range 0..=0.4) { reveal r = dot([x, x, x, x], [y, y, y, y]) to caller; }",
            &[fixed(1, 16), third.clone()],
        ),
        (
            "entry e(x: private fix from caller range 0..=0.00002, y: private fix from caller range 0..=0.4) { let m = matmul([[x, x, x, x]], [[y], [y], [y], [y]]); reveal r = m[0][0] to caller; }",
            &[fixed(1, 16), third],
        ),
        (
            "entry e(x: private fix<2, 62> from caller range 0..=1, y: private u64 from caller range 0..=1) { reveal r = sigmoid(x) to caller; }",
            &[fixed(1 << 62, 62), Value::Number(0)],
        ),
        (
            "entry e(x: private fix<3, 61> from caller range 0..=1, y: private u64 from caller range 0..=1) { reveal r = sqrt(x) to caller; }",
            &[fixed(1 << 61, 61), Value::Number(0)],
        ),
    ];
    for (entry, args) in fractions {
        in_range(entry, args);
    }
}

fn in_range(entry: &str, args: &[Value]) {
    let source = format!("contract R version 1 {{ {entry} }}");
    let compilation = compile(&source);
    let found: Vec<String> = compilation
        .diagnostics
        .iter()
        .map(|d| d.message.clone())
        .collect();
    let checked = compilation
        .checked
        .unwrap_or_else(|| panic!("{source}: {found:?}"));
    let outcome = World::new(&checked)
        .run(0, args, Account::Anyone)
        .unwrap_or_else(|refusal| panic!("{source}: {refusal:?}"));
    within_ranges(&checked, &outcome, &source).expect("in its range");
}
