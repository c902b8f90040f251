//! Statements: variables, branches and loops, stores and payments.

use super::draft::{Draft, Held, Want};
use super::scalars::MOST;

/// How a reveal of the accumulator begins.
pub(super) const SHOWN_SUM: &str = " = MPC.sum to";

/// Where statements stand.
#[derive(Clone, Copy)]
pub(crate) enum At {
    /// Everyone sees that they run.
    Open,
    /// Everyone sees how often they run; nothing is shown here, since a name is shown once.
    Loop,
    /// A private condition hides whether they run, made of this.
    Hidden(Want),
}

impl Draft<'_, '_> {
    pub(crate) fn statements(&mut self, at: At, depth: usize) {
        let count = 1 + self.choices.pick(if depth > 1 { 5 } else { 3 });
        for _ in 0..count {
            self.statement(at, depth);
        }
    }

    /// Statements in a block of their own.
    fn block(&mut self, head: &str, at: At, depth: usize) {
        let (scope, quiet) = (self.scope.len(), self.quiet);
        self.quiet = quiet || !matches!(at, At::Open);
        self.line(&format!("{head} {{"));
        self.statements(at, depth - 1);
        self.line("}");
        self.scope.truncate(scope);
        self.quiet = quiet;
    }

    fn statement(&mut self, at: At, depth: usize) {
        match at {
            At::Hidden(want) => self.hidden_statement(want, depth),
            At::Loop => match self.choices.pick(7) {
                0 | 1 => self.assign(None),
                2 => self.store(),
                3 => self.store_secret(Want::Any),
                4 if depth > 0 => self.private_branch(None, depth),
                5 => self.leave(&["break", "return", "break"]),
                _ => self.set_variable(Want::Any),
            },
            At::Open => match self.choices.pick(if depth > 0 { 19 } else { 13 }) {
                0..=4 => self.reveal(),
                5 | 6 => self.set_variable(Want::Any),
                7 => self.assign(None),
                8 => self.store(),
                9 => self.store_secret(Want::Any),
                10 => self.take_apart(),
                11 => self.pay(),
                12 => self.require(),
                13 | 14 => self.private_branch(None, depth),
                15 => self.public_branch(depth),
                16 => self.counted_loop(depth),
                17 => self.leave(&["return"]),
                _ => self.hidden_loop(depth),
            },
        }
    }

    fn hidden_statement(&mut self, want: Want, depth: usize) {
        match self.choices.pick(5) {
            0 | 1 => self.assign(Some(want)),
            // Under a condition of both only a slot fits that allows everything.
            2 if want != Want::Any || self.frame.any => self.store_secret(want),
            3 if depth > 0 => self.private_branch(Some(want), depth),
            _ => self.set_variable(want),
        }
    }

    /// `let`, with something of any kind.
    fn set_variable(&mut self, want: Want) {
        let depth = 1 + self.choices.pick(2);
        let want = match want {
            Want::Any => self.choices.of(&[Want::Any, Want::Own, Want::Made]),
            want => want,
        };
        let name = self.name("v");
        let number = self.private_number(depth, want).within(MOST);
        let (text, low, high) = (number.text, number.low, number.high);
        let (value, held) = match self.choices.pick(8) {
            0 => (text, Held::Number(low, high)),
            1 => {
                self.line(&format!("let {name}: private i64 = {text};"));
                return self.declare(name, Held::Number(low, high), want, false);
            }
            2 => {
                let flag = self.flag(depth, want).text;
                (format!("{text} > 3 && {flag}"), Held::Flag)
            }
            3 => {
                let (list, len) = self.list(1, want);
                self.line(&format!("let mut {name}: private [i64; {len}] = {list};"));
                return self.declare(name, Held::List(len, -MOST, MOST), want, true);
            }
            4 => {
                self.line(&format!(
                    "let mut {name} = Pair(left: {text}, right: {text} - 2);"
                ));
                let held = Held::Pair(low.min(-MOST) - 2, high.max(MOST));
                return self.declare(name, held, want, true);
            }
            5 => {
                let divisor = self.private_number(0, want).within(MOST).text;
                let quotient = format!("checked_div({text}, {divisor})");
                (quotient, Held::Maybe(-MOST, MOST))
            }
            6 if self.frame.fixed => (self.fixed(2, want), Held::Fixed),
            _ => {
                // Variables that change stay within one range, so that loops find it.
                self.line(&format!("let mut {name}: private i64 = {text};"));
                return self.declare(name, Held::Number(-MOST, MOST), want, true);
            }
        };
        self.line(&format!("let {name} = {value};"));
        self.declare(name, held, want, false);
    }

    /// Sets a variable. `under`: of what the private condition around is made.
    fn assign(&mut self, under: Option<Want>) {
        let found = self.variable(|variable| {
            let takes = under.is_none_or(|under| variable.want.takes(under));
            (variable.mutable && takes).then_some(())
        });
        let Some((variable, ())) = found else {
            return self.set_variable(under.unwrap_or(Want::Any));
        };
        let depth = self.choices.pick(3);
        let number = self.number(depth, variable.want).within(MOST);
        let name = match variable.held {
            Held::List(len, ..) => format!("{}[{}]", variable.name, self.choices.pick(len)),
            Held::Pair(..) => format!("{}.{}", variable.name, self.choices.of(&["left", "right"])),
            _ => variable.name,
        };
        let line = match self.choices.pick(3) {
            0 => format!("{name} = {};", number.text),
            1 => format!("{name} = clamp({name} + {}, -{MOST}, {MOST});", number.text),
            _ => format!(
                "{name} = clamp({name} * 2 - {}, -{MOST}, {MOST});",
                number.text
            ),
        };
        self.line(&line);
    }

    /// The ledger: only what everyone knows.
    fn store(&mut self) {
        let depth = self.choices.pick(2);
        let number = self.number(depth, Want::Public).within(MOST).text;
        let line = match self.choices.pick(11) {
            0 => format!("L.n = {number} as i8;"),
            1 => "L.seen[caller] += 1;".to_owned(),
            2 => {
                let place = self.choices.of(&["0", "1", "2", "L.n", "L.seen[caller]"]);
                format!("L.list[{place}] = {number} as i8;")
            }
            3 => "L.last = caller;".to_owned(),
            4 => format!("L.by_number[{}] = {number} as i16;", self.choices.pick(4)),
            5 => format!("L.phase = {number} > 2 ? Kind::A : Kind::C;"),
            6 => format!("L.open = {number} < 50 || L.open;"),
            7 => "L.count += 1;".to_owned(),
            8 => format!("DHT.mail[caller] = {number} as i16;"),
            9 => format!("DHT.pages[{}] = {number} as i8;", self.choices.pick(2)),
            _ => "for m in g { L.seen[m] += 1; }".to_owned(),
        };
        self.line(&line);
    }

    /// Secret slots: what callers gave in some, what is made of collections in others.
    fn store_secret(&mut self, want: Want) {
        let made = match want {
            Want::Made => true,
            Want::Own | Want::Public => false,
            Want::Any => self.choices.chance(2),
        };
        let (depth, place) = (self.choices.pick(3), self.choices.pick(2));
        let line = if made {
            let number = self.private_number(depth, Want::Made).within(MOST).text;
            match self.choices.pick(2) {
                0 => format!("MPC.made = {number};"),
                _ => format!("MPC.makes[{place}] = {number};"),
            }
        } else {
            let number = self.private_number(depth, Want::Own).within(MOST).text;
            match self.choices.pick(6) {
                0 | 1 => format!("MPC.own = {number};"),
                2 => format!("MPC.pair[{place}] = {number};"),
                3 => format!("MPC.choice = {number} > 1 ? Kind::C : MPC.choice;"),
                4 if self.frame.fixed => {
                    let fixed = self.fixed(1, Want::Own);
                    format!("MPC.real = {fixed};")
                }
                5 => self.contribution(place, &number),
                4 => {
                    let hash = self.variable(|v| (v.held == Held::Hash).then_some(()));
                    let hash = hash.map_or("MPC.word".to_owned(), |(variable, ())| variable.name);
                    format!("MPC.word = {number} > 2 ? {hash} : MPC.word;")
                }
                _ => format!("MPC.own = {number};"),
            }
        };
        self.line(&line);
    }

    /// To what is shown only what callers give is added, whatever is private otherwise, and by no entry that shows it.
    fn contribution(&mut self, place: usize, number: &str) -> String {
        if self.quiet || self.text.contains(SHOWN_SUM) {
            return format!("MPC.more[{place}] += {number};");
        }
        let given = self.variable(|v| {
            let is_given = v.want == Want::Own && v.name.starts_with('x');
            (is_given && matches!(v.held, Held::Number(..))).then_some(())
        });
        let given = given.map_or("3".to_owned(), |(variable, ())| variable.name);
        format!("MPC.sum[{place}] += {given};")
    }

    /// Results of several parts.
    fn take_apart(&mut self) {
        let (x, y) = (self.name("v"), self.name("v"));
        if self.choices.chance(2) {
            let number = self.private_number(1, Want::Own).text;
            self.line(&format!("let ({x}, {y}) = split({number});"));
            self.declare(x, Held::Number(-50, 50), Want::Own, false);
            self.declare(y, Held::Flag, Want::Own, false);
            return;
        }
        let depth = self.choices.pick(2);
        let (_, rows) = self.open_rows(depth, Want::Made);
        let (place, number) = (self.name("v"), rows.number().text);
        self.line(&format!("let ({place}, {x}, {y}) = {number}.top2();"));
        let held = Held::Number(-MOST * MOST, MOST * MOST);
        self.declare(x, held, Want::Made, false);
        self.declare(y, held, Want::Made, false);
    }

    fn pay(&mut self) {
        let amount = self.number(1, Want::Public).within(MOST).text;
        let line = match self.choices.pick(3) {
            0 => format!("transfer(from: caller, to: p, amount: abs({amount}));"),
            1 => format!("transfer_out(to: q, amount: abs({amount}));"),
            _ => format!("transfer(from: p, to: caller, amount: {amount});"),
        };
        self.line(&line);
    }

    /// Holds more often than not.
    fn require(&mut self) {
        let flag = self.flag(1, Want::Public).text;
        self.line(&format!("require L.open || {flag}, \"not now\";"));
    }

    fn private_branch(&mut self, under: Option<Want>, depth: usize) {
        let want = match under {
            Some(want) => want,
            None => self.choices.of(&[Want::Any, Want::Own, Want::Made]),
        };
        let number = self.private_number(1, want).text;
        let flag = self.flag(1, want).text;
        self.block(
            &format!("if {number} > 1 && {flag}"),
            At::Hidden(want),
            depth,
        );
        if self.choices.chance(2) {
            self.block("else", At::Hidden(want), depth);
        }
    }

    fn public_branch(&mut self, depth: usize) {
        let flag = self.flag(1, Want::Public).text;
        self.block(&format!("if {flag}"), At::Open, depth);
        if self.choices.chance(2) {
            self.block("else", At::Open, depth);
        }
    }

    /// More often than not what stands behind runs.
    fn leave(&mut self, ways: &[&'static str]) {
        let flag = self.flag(1, Want::Public).text;
        let way = self.choices.of(ways);
        self.line(&format!("if {flag} && L.n > 2 {{ {way}; }}"));
    }

    fn counted_loop(&mut self, depth: usize) {
        let counter = self.name("k");
        let scope = self.scope.len();
        if self.choices.chance(3) {
            let want = self.choices.of(&[Want::Any, Want::Own, Want::Made]);
            let (list, _) = self.list(1, want);
            self.declare(counter.clone(), Held::Number(-MOST, MOST), want, false);
            self.block(&format!("for {counter} in {list}"), At::Loop, depth);
            return self.scope.truncate(scope);
        }
        if self.choices.chance(4) {
            let flag = self.flag(1, Want::Public).text;
            let most = self.choices.of(&["2", "2", "clamp(L.n, 0, 2)"]);
            return self.block(&format!("while {flag} max {most}"), At::Loop, depth);
        }
        let end = match self.choices.pick(5) {
            // What a run decides.
            0 => "clamp(L.n, 0, 3)".to_owned(),
            end => end.clamp(1, 3).to_string(),
        };
        self.declare(counter.clone(), Held::Number(0, 3), Want::Public, false);
        self.block(&format!("for {counter} in 0..{end}"), At::Loop, depth);
        self.scope.truncate(scope);
    }

    fn hidden_loop(&mut self, depth: usize) {
        let want = self.choices.of(&[Want::Any, Want::Own, Want::Made]);
        let number = self.private_number(1, want).text;
        self.block(
            &format!("while {number} > 1 max 2"),
            At::Hidden(want),
            depth,
        );
    }
}
