//! Declarations of a random contract: people, what they give and allow, what is stored, and functions.

use super::choices::Choices;

/// What a column or a parameter holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A whole number from the first to the second.
    Number(i128, i128),
    Flag,
    /// A name of `Kind`.
    Name,
    /// Fixed point, from the first to the second.
    Fixed(i128, i128),
}

/// A column of a collection.
#[derive(Clone)]
pub(crate) struct Column {
    /// Its field; empty where a row is one number.
    pub(crate) field: &'static str,
    /// As it is declared.
    pub(crate) ty: &'static str,
    pub(crate) kind: Kind,
}

/// A collection over members of a group.
#[derive(Clone)]
pub(crate) struct Collection {
    pub(crate) name: &'static str,
    pub(crate) group: &'static str,
    /// The struct of a row; none where it is one number.
    pub(crate) row: Option<&'static str>,
    /// How many rows a member gives at most.
    pub(crate) each: usize,
    pub(crate) columns: Vec<Column>,
}

/// What is declared.
pub(crate) struct Frame {
    /// Whether there are numbers in fixed point.
    pub(crate) fixed: bool,
    /// Whether owners allow anything, or only what the shapes of the program need.
    pub(crate) any: bool,
    /// Fewest members.
    least: i128,
    pub(crate) collections: Vec<Collection>,
    /// Whether two parties give lists of hashes.
    pub(crate) sets: bool,
    /// Whether a party gives one number.
    pub(crate) price: bool,
    /// Whether noise is paid for.
    pub(crate) budget: bool,
}

/// Functions that programs call: generics, private conditions, loops, structs and tuples.
const FUNCTIONS: &str = "
  struct Pair<T> { left: T; right: T; }
  struct Point { x: i64 range -9..=9; flag: bool; }
  fn pick(c: private bool, x: private i64, y: private i64) -> private i64 {
    if c { return x; } else { return y; }
  }
  fn climb(x: private i64, top: private i64) -> private i64 {
    let mut at = 0;
    let mut steps = 0;
    while at < top max 2 { at += 2; if x > at { steps += 1; } else { steps -= 3; } }
    return at + steps;
  }
  fn larger<T>(x: private T, y: private T) -> private T { return x > y ? x : y; }
  fn total<const N>(v: private [i64; N]) -> private i64 {
    let mut t: private i64 = 0;
    for i in 0..N { t += clamp(v[i], -99, 99); }
    return t;
  }
  fn swap<T>(p: private Pair<T>) -> private Pair<T> { return Pair(left: p.right, right: p.left); }
  fn split(x: private i64) -> private (i64, bool) { return (clamp(x, -50, 50), x > 2); }
";

/// Stores. What is in `own` and `pair` came from callers, what is in `made` and `makes` from collections.
const STORES: &str = "
  state L {
    n: i8 = 2; open: bool = true; phase: Kind = Kind::B; list: [i8; 3] = [1, 0, 5]; last: id;
    seen: map<id, u8>; by_number: map<u64, i16>; count: u8 = 0;
  }
  state DHT {
    mail: map<id, i16> access |who, key| who == key; pages: [i8; 2] = [3, -7] access |who| L.open;
  }";

impl Frame {
    pub(crate) fn draw(choices: &mut Choices) -> Frame {
        let fixed = choices.chance(3);
        let column = |field, ty, kind| Column { field, ty, kind };
        let mut row = vec![
            column("kind", "Kind", Kind::Name),
            column("n", "i64", Kind::Number(-20, 20)),
        ];
        let more = [
            column("w", "u16", Kind::Number(0, 30)),
            column("flag", "bool", Kind::Flag),
        ];
        row.extend(more.into_iter().filter(|_| choices.chance(2)));
        if fixed {
            row.push(column("x", "fix", Kind::Fixed(-4, 4)));
        }
        let (ty, kind) = choices.of(&[
            ("i64", Kind::Number(-9, 9)),
            ("u64", Kind::Number(0, 100)),
            ("u8", Kind::Number(0, 12)),
            ("i32", Kind::Number(-1000, 1000)),
        ]);
        let all = [
            Collection {
                name: "a",
                group: "h",
                row: None,
                each: 1,
                columns: vec![column("", ty, kind)],
            },
            Collection {
                name: "rows",
                group: "g",
                row: Some("Row"),
                each: 1,
                columns: row,
            },
            Collection {
                name: "visits",
                group: "g",
                row: Some("Visit"),
                each: 2,
                columns: vec![
                    column("kind", "Kind", Kind::Name),
                    column("cost", "u64", Kind::Number(0, 50)),
                ],
            },
        ];
        let [first, rows, visits] = all;
        let mut collections = vec![first];
        collections.extend(choices.chance(2).then_some(rows));
        collections.extend(choices.chance(3).then_some(visits));
        Frame {
            fixed,
            any: choices.chance(2),
            least: 3,
            collections,
            sets: choices.chance(5),
            price: choices.chance(3),
            budget: choices.chance(6),
        }
    }

    /// All but entries and tests.
    pub(crate) fn declarations(&self) -> String {
        let mut text = format!(
            "  party p; party q;\n  group g min {0} max 8; group h min {0} max 8;\n  enum Kind {{ A, B, C }}\n",
            self.least
        );
        if self.budget {
            text.push_str("  privacy { epsilon_total: 500.0; delta_total: 0.5; }\n");
        }
        for collection in &self.collections {
            if let Some(row) = collection.row {
                let fields = collection.columns.iter().map(|column| {
                    let range = range(column.kind);
                    format!("{}: {}{range};", column.field, column.ty)
                });
                let fields: Vec<String> = fields.collect();
                text.push_str(&format!("  struct {row} {{ {} }}\n", fields.join(" ")));
            }
            text.push_str(&self.collect(collection));
        }
        if self.sets {
            text.push_str(
                "  collect list: private [hash; max 6] from p allow any to public;
  collect other: private [hash; max 6] from q allow any to public;\n",
            );
        }
        if self.price {
            text.push_str(
                "  collect price: private u64 from q range 0..=99 allow any to public;\n",
            );
        }
        text + STORES + &self.secret_slots() + FUNCTIONS
    }

    fn collect(&self, collection: &Collection) -> String {
        let allow = if self.any {
            "allow any to public"
        } else {
            "allow aggregate(3) to public allow member to public allow bit to public"
        };
        let (ty, stated) = match (collection.row, collection.each) {
            (None, _) => {
                let column = &collection.columns[0];
                (column.ty.to_owned(), range(column.kind))
            }
            (Some(row), 1) => (row.to_owned(), String::new()),
            (Some(row), each) => (format!("table<{row}>"), format!(" max_rows {each}")),
        };
        let (name, group) = (collection.name, collection.group);
        format!(
            "  collect {name}: private {ty} from each {group}{stated} {allow} allow per_owner to owner;\n"
        )
    }

    fn secret_slots(&self) -> String {
        let allow = if self.any { "any" } else { "aggregate(3)" };
        let fixed = if self.fixed {
            "real: private fix allow any to public;"
        } else {
            ""
        };
        format!(
            "
  state MPC {{
    own: private i32 allow any to public; pair: private [i16; 3] = [4, -5, 6] allow any to public;
    choice: private Kind allow any to public; word: private hash allow any to public; {fixed}
    made: private i32 allow {allow} to public; makes: private [i16; 2] allow {allow} to public;
    sum: private [i64; 2] accumulator allow aggregate(3) to public;
    more: private [i64; 2] accumulator allow aggregate(3) to public;
  }}\n"
        )
    }
}

/// `range ...`, where the kind has one.
pub(crate) fn range(kind: Kind) -> String {
    match kind {
        Kind::Number(low, high) | Kind::Fixed(low, high) => format!(" range {low}..={high}"),
        Kind::Flag | Kind::Name => String::new(),
    }
}
