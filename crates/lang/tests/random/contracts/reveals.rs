//! What is shown, to whom, and under which guard.

use super::draft::{Draft, Held, Want};
use super::frame::Kind;
use super::scalars::MOST;
use super::statements::SHOWN_SUM;

impl Draft<'_, '_> {
    /// Recipients of a value that everyone may see.
    fn recipients(&mut self) -> &'static str {
        self.choices.of(&[
            "public",
            "caller",
            "p",
            "each g",
            "public",
            "p, caller",
            "each h, q",
        ])
    }

    pub(crate) fn reveal(&mut self) {
        match self.choices.pick(12) {
            0..=2 => self.reveal_number(),
            3 => self.reveal_flag(),
            4 | 5 => self.reveal_rows(),
            6 => self.reveal_hidden_part(),
            7 => self.reveal_cells(),
            8 => self.reveal_member(),
            9 => self.reveal_sum(),
            10 => self.reveal_noisy(),
            _ => self.reveal_composite(),
        }
    }

    pub(crate) fn reveal_number(&mut self) {
        let depth = 1 + self.choices.pick(3);
        let want = self.choices.of(&[Want::Any, Want::Own, Want::Made]);
        let number = match self.choices.pick(4) {
            // Beyond what fits the small field.
            3 => self.wide_number(want),
            _ => self.private_number(depth, want),
        };
        let (name, to) = (self.name("r"), self.recipients());
        self.line(&format!("reveal {name} = {} to {to};", number.text));
        if to == "public" {
            let held = Held::Number(number.low, number.high);
            self.declare(name, held, Want::Public, false);
        }
    }

    /// A truth value that everyone sees, for public branches.
    pub(crate) fn reveal_flag(&mut self) {
        let want = self.choices.of(&[Want::Any, Want::Own, Want::Made]);
        let number = self.private_number(1, want).text;
        let flag = self.flag(1, want).text;
        let (name, to) = (self.name("r"), self.recipients());
        let op = self.choices.of(&["&&", "||", "!="]);
        self.line(&format!(
            "reveal {name} = ({number} > 4) {op} {flag} to {to};"
        ));
        if to == "public" {
            self.declare(name, Held::Flag, Want::Public, false);
        }
    }

    /// A value for each row, to its owner.
    fn reveal_rows(&mut self) {
        if self.choices.chance(4)
            && let Some(value) = self.row_composite()
        {
            let name = self.name("r");
            return self.line(&format!("reveal {name} = {value} to owner(rows);"));
        }
        let depth = self.choices.pick(3);
        let (collection, rows) = self.rows(depth, Want::Any);
        let number = rows.clone().number().text;
        let value = match self.choices.pick(6) {
            0 | 1 => rows.text,
            2 => format!("{number}.rank()"),
            3 => format!("{number}.rank_desc()"),
            4 => rows.truth().text,
            _ => format!("({number} * 2 - 1)"),
        };
        let name = self.name("r");
        self.line(&format!(
            "reveal {name} = {value} to owner({});",
            collection.name
        ));
    }

    /// The rows that a condition picks, with a guard on how many there are.
    fn reveal_hidden_part(&mut self) {
        let depth = self.choices.pick(2);
        let (collection, rows) = self.open_rows(depth, Want::Public);
        let condition_depth = 1 + self.choices.pick(2);
        let condition = self.rows_of(&collection, condition_depth, Want::Own);
        let condition = condition.truth().text;
        let (mask, name, to) = (self.name("v"), self.name("r"), self.recipients());
        let number = rows.number().text;
        let value = match self.choices.pick(4) {
            0 => format!("{number}.sum_where({mask})"),
            1 => format!("{number}.mean_where({mask})"),
            2 => format!("{mask}.count_true()"),
            _ => format!("{number}.sum_where({mask}) / ({mask}.count_true() as i64)"),
        };
        self.line(&format!("let {mask} = {condition};"));
        self.line(&format!(
            "reveal {name} = {value} to {to} with min_group({mask}.count_true(), 3);"
        ));
        if to == "public" {
            self.declare(
                name,
                Held::Maybe(-MOST * MOST, MOST * MOST),
                Want::Public,
                false,
            );
        }
    }

    /// A value for each name of the enumeration, hidden where there are few.
    fn reveal_cells(&mut self) {
        let collections = &self.frame.collections;
        let named = |c: &&super::frame::Collection| c.columns[0].kind == Kind::Name;
        let found: Vec<_> = collections.iter().filter(named).cloned().collect();
        if found.is_empty() {
            return self.reveal_number();
        }
        let collection = self.choices.of(&found);
        let (cells, name, to) = (self.name("v"), self.name("r"), self.recipients());
        let field = collection.columns[1].field;
        let value = match self.choices.pick(6) {
            5 => format!("{cells}.min(|r| r.{field})"),
            0 => format!("{cells}.sum(|r| r.{field})"),
            1 => format!("{cells}.count()"),
            2 => format!("{cells}.mean(|r| r.{field})"),
            3 => format!("{cells}.median(|r| r.{field})"),
            _ => format!("{cells}.max(|r| r.{field})"),
        };
        self.line(&format!(
            "let {cells} = {}.group_by(|r| r.kind);",
            collection.name
        ));
        self.line(&format!(
            "reveal {name} = {value} to {to} with min_group({cells}.count(), 3);"
        ));
    }

    fn reveal_member(&mut self) {
        let depth = self.choices.pick(2);
        let (collection, rows) = self.open_rows(depth, Want::Public);
        let (name, to) = (self.name("r"), self.recipients());
        let (number, collection) = (rows.number().text, collection.name);
        let which = self.choices.of(&["argmax", "argmin"]);
        self.line(&format!(
            "reveal {name} = {collection}.owner_at({number}.{which}()) to {to};"
        ));
        if to == "public" && !self.quiet && self.choices.chance(2) {
            self.line(&format!("L.last = {name};"));
            self.line(&format!("L.seen[{name}] += 1;"));
        }
    }

    /// An accumulator, with a guard on what the ledger counts.
    fn reveal_sum(&mut self) {
        if self.text.contains("MPC.sum[") {
            return self.reveal_number();
        }
        let (name, to) = (self.name("r"), self.recipients());
        let guard = self.choices.of(&["", " with min_group(L.count, 1)"]);
        self.line(&format!("reveal {name}{SHOWN_SUM} {to}{guard};"));
    }

    fn reveal_noisy(&mut self) {
        if !self.frame.budget {
            return self.reveal_rows();
        }
        let (_, rows) = self.open_rows(1, Want::Public);
        let (name, to) = (self.name("r"), self.recipients());
        let number = rows.number().text;
        // That of Gauss is drawn from tables that are not long enough for any numbers.
        let (number, noise) = match self.choices.pick(3) {
            0 => (
                format!("{number}.map(|x| x > 2 ? 1 : 0)"),
                "gaussian(epsilon: 10.0, delta: 0.01)",
            ),
            _ => (number, "laplace(epsilon: 0.5)"),
        };
        self.line(&format!(
            "reveal {name} = {number}.sum() to {to} with noise({noise});"
        ));
    }

    /// Structs, tuples, lists, names, values that may be missing, and numbers in fixed point.
    fn reveal_composite(&mut self) {
        let want = self.choices.of(&[Want::Any, Want::Own, Want::Made]);
        let x = self.private_number(1, want).within(MOST).text;
        let y = self.private_number(1, want).within(MOST).text;
        let flag = self.flag(1, want).text;
        let (name, to) = (self.name("r"), self.recipients());
        let value = match self.choices.pick(10) {
            // Both sides of a choice are of one type.
            9 => format!(
                "({flag} ? Pair(left: {x} as i64, right: 3) : \
                 swap(Pair(left: {y} as i64, right: {x} as i64)))"
            ),
            8 => format!("({flag} ? ({x} as i64, true) : ({y} as i64, {x} > 1))"),
            7 if to != "public" => format!("({flag} ? some(MPC.word) : none())"),
            0 => format!("({x}, {x} < {y})"),
            1 => format!("Pair(left: {x}, right: {y})"),
            2 => format!("[{x}, {y}, 7]"),
            3 => format!("({x} > 2 ? Kind::A : ({flag} ? Kind::B : Kind::C))"),
            4 => format!("checked_div({y}, {x})"),
            5 if self.frame.fixed => {
                let fixed = self.fixed(2, want);
                format!("({x} > 2 ? {fixed} : 0.5)")
            }
            _ => format!("({flag} ? some({x} - {y}) : none())"),
        };
        self.line(&format!("reveal {name} = {value} to {to};"));
    }
}
