//! An entry in the making: what is in scope, and of whose data values may be made.

use super::choices::Choices;
use super::frame::{Frame, Kind};

/// Of what a value may be made. Where it is stored or shown decides that.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Want {
    /// Of what everyone knows.
    Public,
    /// Also of what callers, one party and the slots for that gave.
    Own,
    /// Of public data and of whole collections.
    Made,
    /// Of anything.
    Any,
}

impl Want {
    /// Whether what is made of `part` may be a part of this.
    pub(crate) fn takes(self, part: Want) -> bool {
        part == Want::Public || part == self || self == Want::Any
    }
}

/// A number or truth value as text, with where it lies.
#[derive(Clone, Debug)]
pub(crate) struct Scalar {
    pub(crate) text: String,
    pub(crate) low: i128,
    pub(crate) high: i128,
    /// Whether it is surely private.
    pub(crate) secret: bool,
}

impl Scalar {
    pub(crate) fn public(text: impl Into<String>, low: i128, high: i128) -> Scalar {
        Scalar {
            text: text.into(),
            low,
            high,
            secret: false,
        }
    }

    pub(crate) fn secret(text: impl Into<String>, low: i128, high: i128) -> Scalar {
        let secret = true;
        Scalar {
            secret,
            ..Scalar::public(text, low, high)
        }
    }

    /// Cut, if it is large.
    pub(crate) fn within(self, most: i128) -> Scalar {
        // Nodes do not know where a public number lies that was cut.
        let most = if self.secret { most } else { most.max(1 << 15) };
        if self.low >= -most && self.high <= most {
            return self;
        }
        let text = format!("clamp({}, -{most}, {most})", self.text);
        Scalar {
            text,
            low: self.low.clamp(-most, most),
            high: self.high.clamp(-most, most),
            ..self
        }
    }
}

/// What a variable holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    Number(i128, i128),
    /// A number of magnitude at most this, which may not fit the small field after a step or two.
    Wide(i128),
    Flag,
    Name,
    Fixed,
    Hash,
    Text,
    /// A list of so many numbers.
    List(usize, i128, i128),
    /// A pair of numbers, by the fields `left` and `right`.
    Pair(i128, i128),
    /// A number that may be missing.
    Maybe(i128, i128),
}

/// A variable, a parameter, or what was revealed.
#[derive(Clone)]
pub(crate) struct Variable {
    pub(crate) name: String,
    pub(crate) held: Held,
    pub(crate) want: Want,
    pub(crate) mutable: bool,
}

/// A parameter, as calls need it.
#[derive(Clone)]
pub(crate) struct Param {
    pub(crate) name: String,
    pub(crate) given: Given,
    pub(crate) private: bool,
}

/// What a call gives for a parameter.
#[derive(Clone)]
pub(crate) enum Given {
    Scalar(Kind),
    Hash,
    Text,
    List(usize, i128, i128),
    Point,
}

/// An entry in the making.
pub(crate) struct Draft<'c, 'b> {
    pub(crate) choices: &'c mut Choices<'b>,
    pub(crate) frame: &'c Frame,
    pub(crate) scope: Vec<Variable>,
    pub(crate) text: String,
    /// How many names were given.
    pub(crate) names: usize,
    /// Whether loops or branches run more than once or not at all here, so that nothing may be shown.
    pub(crate) quiet: bool,
}

impl Draft<'_, '_> {
    pub(crate) fn name(&mut self, prefix: &str) -> String {
        self.names += 1;
        format!("{prefix}{}", self.names)
    }

    pub(crate) fn line(&mut self, line: &str) {
        self.text.push_str("    ");
        self.text.push_str(line);
        self.text.push('\n');
    }

    pub(crate) fn declare(&mut self, name: String, held: Held, want: Want, mutable: bool) {
        self.scope.push(Variable {
            name,
            held,
            want,
            mutable,
        });
    }

    /// One of the variables for which `fits` gives something.
    pub(crate) fn variable<T: Clone>(
        &mut self,
        fits: impl Fn(&Variable) -> Option<T>,
    ) -> Option<(Variable, T)> {
        let found: Vec<(Variable, T)> = (self.scope.iter())
            .filter_map(|variable| Some((variable.clone(), fits(variable)?)))
            .collect();
        (!found.is_empty()).then(|| self.choices.of(&found))
    }
}
