//! Random bodies of entries: arithmetic, comparisons, truth values, choices and functions of two
//! collections.

use proptest::prelude::*;

/// Functions that bodies call: private conditions, loops and variables that change.
pub(crate) const FUNCTIONS: &str = "
  fn pick(c: private bool, x: private i64, y: private i64) -> private i64 {
    if c { return x; } else { return y; }
  }
  fn climb(x: private i64, top: private i64) -> private i64 {
    let mut at = 0;
    let mut steps = 0;
    while at < top max 3 { at += 2; if x > at { steps += 1; } else { steps -= x; } }
    for k in 0..2 { if steps == k { at = at - steps; } }
    return at + steps;
  }
";

/// Public expressions: known when the sizes are.
fn public() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        (-12_i64..12).prop_map(|v| format!("({v})")),
        Just("(a.len() as i64)".to_owned()),
        Just("(b.len() as i64)".to_owned()),
    ];
    leaf.prop_recursive(2, 6, 2, |inner| {
        (inner.clone(), "[-+*/]", inner).prop_map(|(x, op, y)| format!("({x} {op} {y})"))
    })
}

/// A private expression: one value or one for each row of `a`, a number or a truth value.
#[derive(Clone, Debug)]
pub(crate) struct Private {
    text: String,
    many: bool,
    truth: bool,
}

impl Private {
    fn new(text: impl Into<String>, many: bool, truth: bool) -> Private {
        let text = text.into();
        Private { text, many, truth }
    }

    /// As a number.
    fn number(&self) -> String {
        if self.truth {
            format!("({} as i64)", self.text)
        } else {
            self.text.clone()
        }
    }

    /// As a truth value.
    fn truth(&self) -> String {
        if self.truth {
            self.text.clone()
        } else {
            format!("({} > 3)", self.text)
        }
    }

    /// A method of its rows; one value stays as it is.
    fn call(self, method: &str) -> Private {
        if !self.many {
            return self;
        }
        let (text, many) = match method {
            "count_true" => (format!("({}).count_true()", self.truth()), false),
            "rank" | "rank_desc" => (format!("({}).{method}()", self.number()), true),
            "quantile" => (format!("({}).quantile(2, 3)", self.number()), false),
            "map" => (format!("({}).map(|v| v * v - v)", self.number()), true),
            _ => (format!("({}).{method}()", self.number()), false),
        };
        Private::new(text, many, false)
    }
}

pub(crate) fn private() -> impl Strategy<Value = Private> {
    let leaf = prop_oneof![
        Just(Private::new("a", true, false)),
        Just(Private::new("a.sum()", false, false)),
        Just(Private::new("b.sum()", false, false)),
        Just(Private::new("b.max()", false, false)),
        Just(Private::new("(b == b.min()).count_true()", false, false)),
        Just(Private::new("(b * b).sum()", false, false)),
        Just(Private::new("b.rank_desc().sum()", false, false)),
    ];
    leaf.prop_recursive(5, 24, 2, |inner| {
        prop_oneof![
            (inner.clone(), "[-+*]", inner.clone()).prop_map(|(x, op, y)| Private::new(
                format!("({} {op} {})", x.number(), y.number()),
                x.many || y.many,
                false
            )),
            (inner.clone(), "(<|<=|>|>=|==|!=)", inner.clone()).prop_map(|(x, op, y)| {
                let text = format!("({} {op} {})", x.number(), y.number());
                Private::new(text, x.many || y.many, true)
            }),
            (inner.clone(), "(&&|\\|\\||==|!=)", inner.clone()).prop_map(|(x, op, y)| {
                let text = format!("({} {op} {})", x.truth(), y.truth());
                Private::new(text, x.many || y.many, true)
            }),
            (inner.clone(), "(&&|\\|\\||==|!=)", any::<bool>()).prop_map(|(x, op, known)| {
                Private::new(format!("({} {op} {known})", x.truth()), x.many, true)
            }),
            (inner.clone(), "[-+*/]", public()).prop_map(|(x, op, y)| Private::new(
                format!("({} {op} {y})", x.number()),
                x.many,
                false
            )),
            (inner.clone(), "(<|<=|>|>=|==|!=)", public()).prop_map(|(x, op, y)| Private::new(
                format!("({} {op} {y})", x.number()),
                x.many,
                true
            )),
            (public(), "[-+*]", inner.clone()).prop_map(|(x, op, y)| Private::new(
                format!("({x} {op} {})", y.number()),
                y.many,
                false
            )),
            (public(), "(<|<=|>|>=|==|!=)", inner.clone()).prop_map(|(x, op, y)| Private::new(
                format!("({x} {op} {})", y.number()),
                y.many,
                true
            )),
            inner
                .clone()
                .prop_map(|x| Private::new(format!("-{}", x.number()), x.many, false)),
            inner
                .clone()
                .prop_map(|x| Private::new(format!("!{}", x.truth()), x.many, true)),
            (inner.clone(), inner.clone()).prop_map(|(x, y)| Private::new(
                format!("({} / {})", x.number(), y.number()),
                x.many || y.many,
                false
            )),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(c, x, y)| {
                // Both have one type.
                let y = if x.many == y.many { y } else { x.clone() };
                let text = format!("({} ? {} : {})", c.truth(), x.number(), y.number());
                Private::new(text, c.many || x.many, false)
            }),
            (inner.clone(), "(max|min)", inner.clone()).prop_map(|(x, function, y)| Private::new(
                format!("{function}({}, {})", x.number(), y.number()),
                x.many || y.many,
                false
            )),
            inner.clone().prop_map(|x| Private::new(
                format!("abs(clamp({}, -20, 30))", x.number()),
                x.many,
                false
            )),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(c, x, y)| {
                let one = |value: Private| if value.many { value.call("max") } else { value };
                let (c, x, y) = (one(c), one(x), one(y));
                let text = format!(
                    "pick({}, climb({}, {}), {})",
                    c.truth(),
                    x.number(),
                    y.number(),
                    y.number()
                );
                Private::new(text, false, false)
            }),
            (
                inner,
                "(sum|mean|max|min|median|quantile|map|count_true|rank|rank_desc)"
            )
                .prop_map(|(x, method)| x.call(&method)),
        ]
    })
}

/// A body that reveals expressions, and of rows also who holds the largest and the smallest.
pub(crate) fn body(expressions: &[Private]) -> String {
    let mut body = String::new();
    for (i, x) in expressions.iter().enumerate() {
        let to = if x.many { "owner(a)" } else { "each g" };
        body.push_str(&format!(
            "let v{i} = {}; reveal r{i} = v{i} to {to}; ",
            x.text
        ));
        if x.many {
            let rows = x.number();
            for method in ["argmax", "argmin"] {
                body.push_str(&format!(
                    "reveal {method}{i} = a.owner_at(({rows}).{method}()) to each g; "
                ));
            }
        }
    }
    body
}
