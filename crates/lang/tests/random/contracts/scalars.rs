//! Numbers and truth values: what everyone knows and what nobody may know, of callers, parties, slots and whole collections.

use super::draft::{Draft, Held, Scalar, Want};

/// Numbers stay below, so that products and sums of them fit.
pub(crate) const MOST: i128 = 1_000;

impl Draft<'_, '_> {
    /// A number of the wanted origin, with the parts of a private one where it is not known to be private.
    pub(crate) fn private_number(&mut self, depth: usize, want: Want) -> Scalar {
        let number = self.number(depth, want).within(MOST * MOST);
        if number.secret {
            return number;
        }
        let leaf = self.private_leaf(want);
        let text = format!("({} + {})", number.text, leaf.text);
        Scalar::secret(text, number.low + leaf.low, number.high + leaf.high)
    }

    /// A parameter of many digits, if there is one.
    pub(crate) fn wide_number(&mut self, want: Want) -> Scalar {
        let number = self.private_number(1, want).within(MOST);
        let found = self.variable(|variable| match variable.held {
            Held::Wide(most) if want.takes(variable.want) => Some(most),
            _ => None,
        });
        let Some((variable, most)) = found else {
            return number;
        };
        let (x, y) = (variable.name, number.text);
        match self.choices.pick(4) {
            0 => Scalar::secret(format!("({x} - {y})"), -most - MOST, most + MOST),
            1 => Scalar::secret(format!("({x} / {y})"), -most, most),
            2 => Scalar::secret(format!("({x} * 50 + {y})"), -60 * most, 60 * most),
            _ => Scalar::secret(format!("max({x}, {y} * {y})"), -most, most),
        }
    }

    pub(crate) fn number(&mut self, depth: usize, want: Want) -> Scalar {
        if depth == 0 || self.choices.chance(4) {
            return self.number_leaf(want);
        }
        let most = if want == Want::Public { 3 } else { 12 };
        match self.choices.pick(most) {
            0 | 4 | 5 => self.arithmetic(depth, want),
            1 => self.quotient(depth, want),
            2 => self.extreme(depth, want),
            3 => self.chosen(depth, want),
            6 => {
                let flag = self.flag(depth - 1, want);
                Scalar {
                    text: format!("({} as i64)", flag.text),
                    low: 0,
                    high: 1,
                    secret: flag.secret,
                }
            }
            7 => self.called(depth, want),
            8 | 9 => self.of_list(depth, want),
            10 => match self.choices.chance(2) {
                true => self.of_bits(depth, want),
                false => self.taken_apart(depth, want),
            },
            _ => self.number_leaf(want),
        }
    }

    fn number_leaf(&mut self, want: Want) -> Scalar {
        if want == Want::Public || self.choices.chance(3) {
            return self.public_leaf();
        }
        self.private_leaf(want)
    }

    fn public_leaf(&mut self) -> Scalar {
        let known = |held: Held| match held {
            Held::Number(low, high) => Some((low, high)),
            _ => None,
        };
        match self.choices.pick(6) {
            1 => Scalar::public("(L.n as i64)", -128, 127),
            2 => {
                let collections = &self.frame.collections;
                let name = self.choices.of(collections).name;
                Scalar::public(format!("({name}.len() as i64)"), 0, 16)
            }
            3 => {
                let place = self.choices.of(&["0", "1", "2", "L.n", "L.count"]);
                Scalar::public(format!("(L.list[{place}] as i64)"), -128, 127)
            }
            4 => {
                let keys = [
                    ("L.seen[caller]", 0, 255),
                    ("L.by_number[2]", -(1 << 15), 1 << 15),
                    ("DHT.mail[caller]", -(1 << 15), 1 << 15),
                    ("DHT.pages[1]", -128, 127),
                    ("L.count", 0, 255),
                    ("L.phase", 0, 2),
                    ("(L.time / 12 % 90)", 0, 89),
                    ("(L.height % 90)", 0, 89),
                    ("L.get(n, 2)", -128, 127),
                    ("L.get(list, 3)[1]", -128, 127),
                    ("L.get(seen[caller], 2)", 0, 255),
                    ("L.get(by_number, 2, L.height / 2)", -(1 << 15), 1 << 15),
                    ("L.get(count, L.height)", 0, 255),
                ];
                let (key, low, high) = self.choices.of(&keys);
                Scalar::public(format!("({key} as i64)"), low, high)
            }
            5 => {
                let found = self.variable(|variable| {
                    known(variable.held).filter(|_| variable.want == Want::Public)
                });
                match found {
                    Some((variable, (low, high))) => Scalar::public(variable.name, low, high),
                    None => Scalar::public("3", 3, 3),
                }
            }
            _ => {
                let value = self.choices.between(-9, 12);
                Scalar::public(format!("({value})"), value, value)
            }
        }
    }

    /// A private number of the wanted origin.
    pub(crate) fn private_leaf(&mut self, want: Want) -> Scalar {
        let own = match want {
            Want::Own => true,
            Want::Made => false,
            Want::Any | Want::Public => self.choices.chance(2),
        };
        if let Some(found) = self.variable_leaf(want) {
            return found;
        }
        if own {
            return self.own_leaf();
        }
        match self.choices.pick(6) {
            1 => Scalar::secret("clamp(MPC.made as i64, -300, 300)", -300, 300),
            2 => {
                let place = self.choices.pick(2);
                Scalar::secret(format!("MPC.makes[{place}]"), -(1 << 15), 1 << 15).within(500)
            }
            _ => self.aggregate(),
        }
    }

    fn variable_leaf(&mut self, want: Want) -> Option<Scalar> {
        if !self.choices.chance(2) {
            return None;
        }
        let found = self.variable(|variable| {
            let fits = variable.want != Want::Public && want.takes(variable.want);
            let name = &variable.name;
            let scalar = match variable.held {
                Held::Number(low, high) => Scalar::secret(name, low, high),
                Held::Name => Scalar::secret(format!("({name} as i64)"), 0, 2),
                Held::List(len, low, high) => {
                    Scalar::secret(format!("{name}[{}]", len - 1), low, high)
                }
                Held::Pair(low, high) => Scalar::secret(format!("{name}.right"), low, high),
                Held::Maybe(low, high) => {
                    Scalar::secret(format!("{name}.or(7)"), low.min(7), high.max(7))
                }
                _ => return None,
            };
            fits.then_some(scalar)
        });
        found.map(|(_, scalar)| scalar)
    }

    fn own_leaf(&mut self) -> Scalar {
        match self.choices.pick(5) {
            1 => {
                let place = self.choices.pick(3);
                Scalar::secret(format!("MPC.pair[{place}]"), -(1 << 15), 1 << 15).within(500)
            }
            2 => Scalar::secret("(MPC.choice as i64)", 0, 2),
            3 if self.frame.price => Scalar::secret("(price as i64)", 0, 99),
            4 if self.frame.fixed => Scalar::secret("clamp(MPC.real as i64, -99, 99)", -99, 99),
            _ => Scalar::secret("clamp(MPC.own as i64, -300, 300)", -300, 300),
        }
    }

    fn arithmetic(&mut self, depth: usize, want: Want) -> Scalar {
        let (a, b) = (self.number(depth - 1, want), self.number(depth - 1, want));
        let secret = a.secret || b.secret;
        match self.choices.pick(3) {
            0 => Scalar {
                text: format!("({} + {})", a.text, b.text),
                low: a.low + b.low,
                high: a.high + b.high,
                secret,
            },
            1 => Scalar {
                text: format!("({} - {})", a.text, b.text),
                low: a.low - b.high,
                high: a.high - b.low,
                secret,
            },
            _ => {
                let (a, b) = (a.within(MOST), b.within(MOST));
                let ends = [
                    a.low * b.low,
                    a.low * b.high,
                    a.high * b.low,
                    a.high * b.high,
                ];
                Scalar {
                    text: format!("({} * {})", a.text, b.text),
                    low: ends.into_iter().min().unwrap_or(0),
                    high: ends.into_iter().max().unwrap_or(0),
                    secret,
                }
            }
        }
    }

    fn quotient(&mut self, depth: usize, want: Want) -> Scalar {
        let (a, b) = (self.number(depth - 1, want), self.number(depth - 1, want));
        let (a, mut b) = (a.within(MOST * MOST), b.within(MOST));
        if (b.low, b.high) == (0, 0) {
            b = Scalar::public("4", 4, 4);
        }
        let most = a.low.abs().max(a.high.abs());
        Scalar {
            text: format!("({} / {})", a.text, b.text),
            low: -most,
            high: most,
            secret: a.secret || b.secret,
        }
    }

    fn extreme(&mut self, depth: usize, want: Want) -> Scalar {
        let (a, b) = (self.number(depth - 1, want), self.number(depth - 1, want));
        let secret = a.secret || b.secret;
        let (low, high) = (a.low.min(b.low), a.high.max(b.high));
        let text = match self.choices.pick(4) {
            0 => format!("max({}, {})", a.text, b.text),
            1 => format!("min({}, {})", a.text, b.text),
            2 => {
                let most = a.low.abs().max(a.high.abs());
                let text = format!("abs({})", a.text);
                let (low, high, secret) = (0, most, a.secret);
                return Scalar {
                    text,
                    low,
                    high,
                    secret,
                };
            }
            _ => {
                let (low, high, secret) = (-20, 30, a.secret);
                let text = format!("clamp({}, -20, 30)", a.text);
                return Scalar {
                    text,
                    low,
                    high,
                    secret,
                };
            }
        };
        Scalar {
            text,
            low,
            high,
            secret,
        }
    }

    fn chosen(&mut self, depth: usize, want: Want) -> Scalar {
        let flag = self.flag(depth - 1, want);
        let (a, b) = (self.number(depth - 1, want), self.number(depth - 1, want));
        let text = match self.choices.pick(2) {
            0 => format!("({} ? {} : {})", flag.text, a.text, b.text),
            _ => format!("select({}, {}, {})", flag.text, a.text, b.text),
        };
        Scalar {
            text,
            low: a.low.min(b.low),
            high: a.high.max(b.high),
            secret: flag.secret || a.secret || b.secret,
        }
    }

    fn called(&mut self, depth: usize, want: Want) -> Scalar {
        let a = self.private_number(depth - 1, want).within(MOST);
        let b = self.private_number(depth - 1, want).within(MOST);
        let (x, y) = (&a.text, &b.text);
        match self.choices.pick(5) {
            0 => {
                let flag = self.flag(depth - 1, want).text;
                Scalar::secret(format!("pick({flag}, {x}, {y})"), -MOST, MOST)
            }
            1 => Scalar::secret(format!("climb({x}, {y})"), -MOST, MOST).within(99),
            2 => Scalar::secret(format!("larger({x}, {y})"), -MOST, MOST),
            3 => Scalar::secret(format!("total([{x}, {y}, 4])"), -297, 297),
            _ => Scalar::secret(
                format!("swap(Pair(left: {x}, right: {y})).left"),
                -MOST,
                MOST,
            ),
        }
    }

    /// Elements of a list that is made of private numbers.
    pub(crate) fn list(&mut self, depth: usize, want: Want) -> (String, usize) {
        let len = 2 + self.choices.pick(3);
        let first = self.private_number(depth, want).within(MOST).text;
        let rest: Vec<String> = (1..len)
            .map(|_| self.number(depth, want).within(MOST).text)
            .collect();
        (format!("[{first}, {}]", rest.join(", ")), len)
    }

    fn of_list(&mut self, depth: usize, want: Want) -> Scalar {
        let (list, len) = self.list(depth - 1, want);
        let end = len as i128;
        let secret = |text: String, low, high| Scalar::secret(text, low, high);
        match self.choices.pick(17) {
            0 => secret(format!("{list}.sum()"), -end * MOST, end * MOST),
            1 => secret(format!("{list}.max()"), -MOST, MOST),
            2 => secret(format!("{list}.median()"), -MOST, MOST),
            3 => secret(format!("{list}.min()"), -MOST, MOST),
            4 => secret(format!("({list} < 3).count_true() as i64"), 0, end).wrapped(),
            5 => secret(format!("({list}.rank()[1] as i64)"), 0, end),
            6 => secret(
                format!("{list}.map(|x| x > 0 ? x : 2).sum()"),
                0,
                end * MOST,
            ),
            7 => {
                let place = self
                    .private_number(depth - 1, want)
                    .within(MOST * MOST)
                    .text;
                let last = end - 1;
                secret(
                    format!("{list}.lookup(clamp({place}, 0, {last}))"),
                    -MOST,
                    MOST,
                )
            }
            8 => secret(format!("({list}.histogram([-2, 5])[1] as i64)"), 0, end),
            9 => secret(format!("{list}.quantile(1, 3)"), -MOST, MOST),
            10 => secret(
                format!("dot({list}, {list})"),
                -end * MOST * MOST,
                end * MOST * MOST,
            ),
            11 => secret(format!("{list}.sort()[{}]", len / 2), -MOST, MOST),
            12 => secret(format!("{list}.top(3)[1]"), -MOST, MOST),
            13 => {
                let sums = format!("{list}.prefix_sums()[{}]", len - 1);
                secret(sums, -end * MOST, end * MOST)
            }
            14 => {
                let by = format!("{list}.sort_by({list}.map(|x| x > 2 ? 0 : 1))[0]");
                secret(by, -MOST, MOST)
            }
            15 => secret(format!("{list}.shuffle().max()"), -MOST, MOST),
            _ => secret(format!("{list}.mean()"), -MOST, MOST),
        }
    }

    /// Numbers bit by bit, and cut to a type.
    fn of_bits(&mut self, depth: usize, want: Want) -> Scalar {
        let a = self.private_number(depth - 1, want).within(MOST);
        let b = self.number(depth - 1, want).within(MOST);
        let (x, y) = (&a.text, &b.text);
        let secret = |text: String, low, high| Scalar::secret(text, low, high);
        match self.choices.pick(7) {
            0 => {
                let op = self.choices.of(&["&", "|", "^"]);
                secret(format!("((abs({x}) {op} abs({y})) as i64)"), 0, 1_023).within(MOST)
            }
            1 => {
                let places = self.choices.of(&[1, 2, 5, 40]);
                secret(format!("({x} >> {places})"), -MOST / 2, MOST / 2)
            }
            2 => {
                let function = self.choices.of(&[
                    "wrapping_add",
                    "wrapping_sub",
                    "wrapping_mul",
                    "saturating_add",
                    "saturating_sub",
                    "saturating_mul",
                ]);
                let (ty, low, high) = self.choices.of(&[("i8", -128, 127), ("u8", 0, 255)]);
                secret(
                    format!("({function}({x} as {ty}, {y} as {ty}) as i64)"),
                    low,
                    high,
                )
            }
            3 => secret(format!("(abs({x}).bits(4)[1] as i64)"), 0, 1),
            4 => secret(format!("((abs({x}) & 12) as i64)"), 0, 12),
            5 => secret(format!("(([{x}, {y}] >> 3).max())"), -MOST, MOST),
            _ => secret(format!("[{x}, {y}, 5].lookup({x})"), -MOST, MOST),
        }
    }

    /// Values that may be missing, tuples and roots.
    fn taken_apart(&mut self, depth: usize, want: Want) -> Scalar {
        let a = self.private_number(depth - 1, want).within(MOST);
        let b = self.private_number(depth - 1, want).within(MOST);
        let (x, y) = (&a.text, &b.text);
        match self.choices.pick(4) {
            0 => Scalar::secret(format!("checked_div({x}, {y}).or(5)"), -MOST, MOST),
            1 => {
                let flag = self.flag(depth - 1, want).text;
                Scalar::secret(
                    format!("({flag} ? some({x}) : none()).or({y})"),
                    -MOST,
                    MOST,
                )
            }
            2 => Scalar::secret(format!("sqrt(clamp({x}, 0, 900))"), 0, 30),
            _ => Scalar::secret(format!("[{x}, {y}].max()"), -MOST, MOST),
        }
    }

    /// A truth value.
    pub(crate) fn flag(&mut self, depth: usize, want: Want) -> Scalar {
        let op = self.choices.of(&["<", "<=", ">", ">=", "==", "!="]);
        if depth == 0 {
            return self.flag_leaf(want, op);
        }
        match self.choices.pick(7) {
            6 => {
                let c = self.flag(depth - 1, want);
                let (a, b) = (self.flag(depth - 1, want), self.flag(depth - 1, want));
                Scalar {
                    text: format!("({} ? {} : {})", c.text, a.text, b.text),
                    secret: c.secret || a.secret || b.secret,
                    ..a
                }
            }
            0 => {
                let (a, b) = (self.flag(depth - 1, want), self.flag(depth - 1, want));
                let op = self.choices.of(&["&&", "||", "==", "!="]);
                Scalar {
                    text: format!("({} {op} {})", a.text, b.text),
                    secret: a.secret || b.secret,
                    ..a
                }
            }
            1 => {
                let a = self.flag(depth - 1, want);
                Scalar {
                    text: format!("(!{})", a.text),
                    ..a
                }
            }
            2 if want != Want::Public => self.of_truths(depth, want),
            _ => self.compared(depth - 1, want, op),
        }
    }

    fn compared(&mut self, depth: usize, want: Want, op: &str) -> Scalar {
        let (mut a, b) = (self.number(depth, want), self.number(depth, want));
        if a.low == a.high && b.low == b.high {
            // What a known condition excludes has no code, and what it would show is asked for by the interpreter alone.
            a = Scalar::public("(L.count as i64)", 0, 255);
        }
        Scalar {
            text: format!("({} {op} {})", a.text, b.text),
            low: 0,
            high: 1,
            secret: a.secret || b.secret,
        }
    }

    fn flag_leaf(&mut self, want: Want, op: &str) -> Scalar {
        let fits = |variable: &super::draft::Variable| {
            let name = &variable.name;
            let text = match variable.held {
                Held::Flag => name.clone(),
                Held::Name => format!("({name} == Kind::B)"),
                Held::Maybe(..) => format!("{name}.is_some()"),
                Held::Hash => format!("({name} == MPC.word)"),
                Held::Text => format!("({name} == \"abc\")"),
                _ => return None,
            };
            // What is compared with a slot is no longer public.
            let own = variable.held == Held::Hash;
            let takes = want.takes(variable.want) && (!own || want.takes(Want::Own));
            let secret = own || variable.want != Want::Public;
            takes.then_some((text, secret))
        };
        match (self.choices.pick(3), self.variable(fits)) {
            (1 | 2, Some((_, (text, secret)))) => Scalar {
                text,
                low: 0,
                high: 1,
                secret,
            },
            (2, None) if want == Want::Public => Scalar::public("L.open", 0, 1),
            _ => self.compared(0, want, op),
        }
    }

    fn of_truths(&mut self, depth: usize, want: Want) -> Scalar {
        let (list, _) = self.list(depth - 1, want);
        let x = self.private_number(depth - 1, want).within(MOST).text;
        let y = self.number(depth - 1, want).within(MOST).text;
        let text = match self.choices.pick(5) {
            0 => format!("({list} > 1).any()"),
            1 => format!("({list} != {x}).all()"),
            2 => format!("{list}.contains({y})"),
            3 => format!("(({x}, {y}) == ({y}, 3))"),
            _ => format!("checked_div({y}, {x}).is_some()"),
        };
        Scalar::secret(text, 0, 1)
    }

    /// A number in fixed point, of magnitude at most 64.
    pub(crate) fn fixed(&mut self, depth: usize, want: Want) -> String {
        if depth == 0 {
            return self.fixed_leaf(want);
        }
        let (a, b) = (self.fixed(depth - 1, want), self.fixed(depth - 1, want));
        let text = match self.choices.pick(9) {
            0 => format!("({a} + {b})"),
            1 => format!("({a} - {b})"),
            2 => format!("({a} * {b})"),
            3 => format!("({a} / {b})"),
            4 => format!("max({a}, {b})"),
            5 => {
                let flag = self.flag(depth - 1, want).text;
                format!("({flag} ? {a} : {b})")
            }
            6 => format!("sqrt(clamp({a}, 0.0, 50.0))"),
            7 => format!("sigmoid({a})"),
            _ => format!("exp(clamp({a}, -3.0, 3.0))"),
        };
        format!("clamp({text}, -64.0, 64.0)")
    }

    fn fixed_leaf(&mut self, want: Want) -> String {
        let found = self.variable(|variable| {
            (variable.held == Held::Fixed && want.takes(variable.want)).then_some(())
        });
        match (self.choices.pick(4), found) {
            (0 | 1, Some((variable, ()))) => variable.name,
            (2, _) => self.choices.of(&["0.5", "3.25", "-1.75"]).to_owned(),
            (3, _) if want != Want::Made => "clamp(MPC.real, -64.0, 64.0)".to_owned(),
            (3, _) if self.has_real_rows() => self.fixed_aggregate(),
            _ => {
                let number = self.private_number(0, want).within(60);
                format!("({} as fix)", number.text)
            }
        }
    }
}

impl Scalar {
    fn wrapped(self) -> Scalar {
        let text = format!("({})", self.text);
        Scalar { text, ..self }
    }
}
