//! One value per row of a collection, and what mixes all rows.

use super::draft::{Draft, Scalar, Want};
use super::frame::{Collection, Column, Kind};
use super::scalars::MOST;

/// Most rows of a collection.
const ROWS: i128 = 16;

/// One value per row.
#[derive(Clone)]
pub(crate) struct Rows {
    pub(crate) text: String,
    low: i128,
    high: i128,
    truth: bool,
    /// Which columns it is made of, one bit each.
    columns: u8,
    /// Whether something is compared or chosen.
    conditional: bool,
    /// Whether private values of others take part.
    foreign: bool,
}

impl Rows {
    /// Whether a reduction may be one of a hidden part of the rows.
    fn hides(&self) -> bool {
        self.conditional && (self.foreign || self.columns.count_ones() > 1)
    }

    /// As a number.
    pub(crate) fn number(self) -> Rows {
        if !self.truth {
            return self;
        }
        let text = format!("({} as i64)", self.text);
        Rows {
            text,
            truth: false,
            ..self
        }
    }

    /// As a truth value.
    pub(crate) fn truth(self) -> Rows {
        if self.truth {
            return self;
        }
        Rows {
            text: format!("({} > 2)", self.text),
            low: 0,
            high: 1,
            truth: true,
            conditional: true,
            ..self
        }
    }

    fn within(self, most: i128) -> Rows {
        let cut = Scalar::secret(&*self.text, self.low, self.high).within(most);
        Rows {
            text: cut.text,
            low: cut.low,
            high: cut.high,
            ..self
        }
    }

    fn with(self, other: &Rows) -> Rows {
        Rows {
            columns: self.columns | other.columns,
            conditional: self.conditional || other.conditional,
            foreign: self.foreign || other.foreign,
            ..self
        }
    }
}

/// How rows are spoken of: a vector as a whole, or one row inside of a `map`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Vector,
    Row,
}

impl Draft<'_, '_> {
    /// A collection, and one value for each of its rows.
    pub(crate) fn rows(&mut self, depth: usize, want: Want) -> (Collection, Rows) {
        let collections = &self.frame.collections;
        let collection = self.choices.of(collections);
        let rows = self.rows_of(&collection, depth, want);
        (collection, rows)
    }

    /// One value for each row of this collection.
    pub(crate) fn rows_of(&mut self, collection: &Collection, depth: usize, want: Want) -> Rows {
        if !self.choices.chance(3) {
            return self.row_value(collection, depth, want, Style::Vector);
        }
        let rows = self.row_value(collection, depth, want, Style::Row);
        let text = format!("{}.map(|r| {})", collection.name, rows.text);
        Rows { text, ..rows }
    }

    /// A collection, and a value for each of its rows that may be reduced without a guard.
    pub(crate) fn open_rows(&mut self, depth: usize, want: Want) -> (Collection, Rows) {
        let (collection, rows) = self.rows(depth, want);
        if !rows.hides() {
            return (collection, rows);
        }
        let rows = self.column(&collection, Style::Vector);
        (collection, rows)
    }

    fn row_value(
        &mut self,
        collection: &Collection,
        depth: usize,
        want: Want,
        style: Style,
    ) -> Rows {
        if depth == 0 {
            return self.column(collection, style);
        }
        let a = self.row_value(collection, depth - 1, want, style);
        match self.choices.pick(8) {
            0 => {
                let b = self.row_value(collection, depth - 1, want, style);
                self.row_operation(a, b)
            }
            1 | 2 => {
                let b = self.foreign(want);
                self.row_operation(a, b)
            }
            3 => {
                let b = self.row_value(collection, depth - 1, want, style);
                self.row_comparison(a, b)
            }
            4 => {
                let b = self.foreign(want);
                self.row_comparison(a, b)
            }
            5 => {
                let (c, a) = (a.clone().truth(), a.number());
                let b = self
                    .row_value(collection, depth - 1, want, style)
                    .number()
                    .with(&c);
                Rows {
                    text: format!("({} ? {} : {})", c.text, a.text, b.text),
                    low: a.low.min(b.low),
                    high: a.high.max(b.high),
                    truth: false,
                    ..b
                }
            }
            6 => {
                let b = self.row_value(collection, depth - 1, want, style).truth();
                let op = self.choices.of(&["&&", "||", "!="]);
                let a = a.truth().with(&b);
                let text = format!("({} {op} {})", a.text, b.text);
                Rows { text, ..a }
            }
            _ => {
                let a = a.number().within(MOST);
                let text = self.choices.of(&[
                    "abs({})",
                    "max({}, 3)",
                    "clamp({}, -5, 9)",
                    "((abs({}) & 13) as i64)",
                    "({} >> 1)",
                    "(wrapping_add({} as i8, 100) as i64)",
                ]);
                Rows {
                    text: text.replace("{}", &a.text),
                    low: -MOST,
                    high: MOST,
                    // The largest of two is a choice, too.
                    conditional: true,
                    ..a
                }
            }
        }
    }

    /// A number of others beside the rows.
    fn foreign(&mut self, want: Want) -> Rows {
        let number = self.number(0, want).within(MOST);
        Rows {
            text: number.text,
            low: number.low,
            high: number.high,
            truth: false,
            columns: 0,
            conditional: false,
            foreign: number.secret,
        }
    }

    fn row_operation(&mut self, a: Rows, b: Rows) -> Rows {
        let (a, b) = (a.number().within(MOST), b.number().within(MOST));
        let op = self.choices.of(&["+", "-", "*", "/"]);
        let b = match (op, b.low, b.high) {
            ("/", 0, 0) => Rows {
                text: "2".to_owned(),
                ..b
            },
            _ => b,
        };
        let most = MOST * MOST;
        Rows {
            text: format!("({} {op} {})", a.text, b.text),
            low: -most,
            high: most,
            // Dividing compares.
            conditional: a.conditional || b.conditional || op == "/",
            ..a.with(&b)
        }
    }

    fn row_comparison(&mut self, a: Rows, b: Rows) -> Rows {
        let (a, b) = (a.number(), b.number());
        let op = self.choices.of(&["<", "<=", ">", ">=", "==", "!="]);
        Rows {
            text: format!("({} {op} {})", a.text, b.text),
            low: 0,
            high: 1,
            truth: true,
            conditional: true,
            ..a.with(&b)
        }
    }

    fn column(&mut self, collection: &Collection, style: Style) -> Rows {
        let place = self.choices.pick(collection.columns.len());
        let column = &collection.columns[place];
        let text = written(collection, column, style);
        let (text, low, high, truth) = match column.kind {
            Kind::Number(low, high) if column.ty == "i64" => (text, low, high, false),
            Kind::Number(low, high) | Kind::Fixed(low, high) => {
                (format!("({text} as i64)"), low, high, false)
            }
            Kind::Flag => (text, 0, 1, true),
            Kind::Name => {
                let name = self.choices.of(&["Kind::A", "Kind::B", "Kind::C"]);
                (format!("({text} == {name})"), 0, 1, true)
            }
        };
        Rows {
            text,
            low,
            high,
            truth,
            columns: 1 << place,
            conditional: truth || matches!(column.kind, Kind::Fixed(..)),
            foreign: false,
        }
    }

    /// A number that mixes all rows of a collection.
    pub(crate) fn aggregate(&mut self) -> Scalar {
        if self.frame.sets && self.choices.chance(5) {
            let count = self.choices.of(&[
                "psi_count(list.distinct(), other.distinct())",
                "join(list, other, other).map(|m| m.is_some()).count_true()",
                "psi(list, other).count_true()",
            ]);
            return Scalar::secret(format!("({count} as i64)"), 0, 6);
        }
        let depth = self.choices.pick(3);
        let (collection, rows) = self.open_rows(depth, Want::Made);
        if rows.truth && !self.choices.chance(3) {
            let text = match self.choices.pick(4) {
                0 | 1 => format!("({}.count_true() as i64)", rows.text),
                2 => format!("({}.any() as i64)", rows.text),
                _ => format!("({}.all() as i64)", rows.text),
            };
            return Scalar::secret(text, 0, ROWS);
        }
        let rows = rows.number();
        let (text, low, high) = (&rows.text, rows.low, rows.high);
        let zero = (low.min(0), high.max(0));
        match self.choices.pick(11) {
            1 => Scalar::secret(format!("{text}.max()"), zero.0, zero.1),
            2 => Scalar::secret(format!("{text}.min()"), zero.0, zero.1),
            3 => Scalar::secret(format!("{text}.mean()"), zero.0, zero.1),
            4 => Scalar::secret(format!("{text}.median()"), zero.0, zero.1),
            5 => Scalar::secret(format!("{text}.quantile(2, 3)"), zero.0, zero.1),
            6 => Scalar::secret(format!("({text}.histogram([0, 7])[2] as i64)"), 0, ROWS),
            7 => {
                let text = rows.within(MOST).text;
                let most = 2 * MOST * MOST;
                Scalar::secret(format!("{text}.variance()"), -most, most)
            }
            8 => {
                let text = rows.within(MOST).text;
                let most = ROWS * MOST * MOST;
                let function = self.choices.of(&["dot", "covariance"]);
                Scalar::secret(format!("{function}({text}, {text})"), -most, most)
            }
            9 if collection.columns[0].kind == Kind::Name => {
                let name = collection.name;
                Scalar::secret(format!("({name}.kind.histogram()[1] as i64)"), 0, ROWS)
            }
            _ => Scalar::secret(format!("{text}.sum()"), ROWS * zero.0, ROWS * zero.1),
        }
    }
}

impl Draft<'_, '_> {
    /// Whether rows have a column in fixed point: `rows.x`.
    pub(crate) fn has_real_rows(&self) -> bool {
        let mut columns = self.frame.collections.iter().flat_map(|c| &c.columns);
        columns.any(|column| matches!(column.kind, Kind::Fixed(..)))
    }

    /// A number in fixed point that mixes all rows.
    pub(crate) fn fixed_aggregate(&mut self) -> String {
        let rows = self.choices.of(&[
            "rows.x",
            "(rows.x * 0.5)",
            "(rows.x * rows.x)",
            "rows.map(|r| r.x - 1.25)",
            "(rows.n as fix)",
        ]);
        let method = (self.choices).of(&["sum", "mean", "max", "min", "median", "stddev", "corr"]);
        if method == "corr" {
            return format!("corr({rows}, rows.x)");
        }
        format!("clamp({rows}.{method}(), -64.0, 64.0)")
    }

    /// For each row several values side by side, or one in fixed point.
    pub(crate) fn row_composite(&mut self) -> Option<String> {
        let real = self.has_real_rows();
        let found = self.frame.collections.iter().any(|c| c.name == "rows");
        found.then(|| match self.choices.pick(5) {
            0 => "rows.map(|r| Pair(left: r.n, right: r.n * r.n))".to_owned(),
            1 => "rows.map(|r| (r.n > 2, r.kind))".to_owned(),
            2 if real => "rows.map(|r| r.n > 0 ? r.x * 2 : 0.5)".to_owned(),
            3 if real => "rows.x * rows.x / 3 - 0.25".to_owned(),
            _ => "rows.map(|r| r.n > 3 ? some(r.n - 1) : none())".to_owned(),
        })
    }
}

/// A column as it is written.
fn written(collection: &Collection, column: &Column, style: Style) -> String {
    let whole = match style {
        Style::Vector => collection.name,
        Style::Row => "r",
    };
    match collection.row {
        Some(_) => format!("{whole}.{}", column.field),
        None => whole.to_owned(),
    }
}
