//! Arithmetic on intervals of integers: where a sum, product or quotient can lie. Shared by the
//! compiler's range check and the verifier's.

/// Private and public values stay strictly below this in magnitude.
pub const MAGNITUDE_LIMIT: i64 = 1 << 59;

/// All integers from `low` to `high`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interval {
    /// Smallest possible value.
    pub low: i64,
    /// Largest possible value.
    pub high: i64,
}

/// All integers from `low` to `high`, both included, in arithmetic that stops at the ends of `i128`: far
/// beyond every limit of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wide {
    /// Smallest value.
    pub low: i128,
    /// Largest value.
    pub high: i128,
}

impl From<Interval> for Wide {
    fn from(interval: Interval) -> Wide {
        Wide {
            low: interval.low.into(),
            high: interval.high.into(),
        }
    }
}

impl Wide {
    /// One value.
    #[must_use]
    pub fn exactly(value: i64) -> Wide {
        Wide {
            low: value.into(),
            high: value.into(),
        }
    }

    /// Of the sum.
    #[must_use]
    pub fn plus(self, other: Wide) -> Wide {
        Wide {
            low: self.low.saturating_add(other.low),
            high: self.high.saturating_add(other.high),
        }
    }

    /// Of the difference.
    #[must_use]
    pub fn minus(self, other: Wide) -> Wide {
        Wide {
            low: self.low.saturating_sub(other.high),
            high: self.high.saturating_sub(other.low),
        }
    }

    /// Of the product of two independent values.
    #[must_use]
    pub fn times(self, other: Wide) -> Wide {
        Wide::around([
            self.low.saturating_mul(other.low),
            self.low.saturating_mul(other.high),
            self.high.saturating_mul(other.low),
            self.high.saturating_mul(other.high),
        ])
    }

    /// Of the product of a value with itself.
    #[must_use]
    pub fn square(self) -> Wide {
        let ends = self.times(self);
        let zero_inside = self.low <= 0 && self.high >= 0;
        let (a, b) = (
            self.low.saturating_mul(self.low),
            self.high.saturating_mul(self.high),
        );
        Wide {
            low: if zero_inside { 0 } else { a.min(b) },
            high: ends.high,
        }
    }

    /// Of the quotient, truncated toward zero.
    ///
    /// Truncating division is monotone in the dividend, and in the divisor on either side of 0;
    /// so the extremes lie at the ends and at the divisors next to 0. Dividing by 0 gives 0.
    #[must_use]
    pub fn divided_by(self, divisor: Wide) -> Wide {
        let inside = |d: i128| divisor.low <= d && d <= divisor.high;
        let divisors = [divisor.low, divisor.high, -1, 1];
        let mut result: Option<Wide> = inside(0).then(|| Wide::exactly(0));
        for d in divisors.into_iter().filter(|&d| d != 0 && inside(d)) {
            let ends = Wide::around([self.low / d, self.high / d, self.low / d, self.high / d]);
            result = Some(match result {
                None => ends,
                Some(so_far) => Wide {
                    low: so_far.low.min(ends.low),
                    high: so_far.high.max(ends.high),
                },
            });
        }
        result.unwrap_or(Wide::exactly(0))
    }

    /// Of the smaller of both.
    #[must_use]
    pub fn smaller(self, other: Wide) -> Wide {
        Wide {
            low: self.low.min(other.low),
            high: self.high.min(other.high),
        }
    }

    /// Of the larger of both.
    #[must_use]
    pub fn larger(self, other: Wide) -> Wide {
        Wide {
            low: self.low.max(other.low),
            high: self.high.max(other.high),
        }
    }

    /// Of what a division leaves: with the sign of the dividend, not further from 0, and nearer to 0 than the divisor; 0 for a divisor 0.
    #[must_use]
    pub fn modulo(self, divisor: Wide) -> Wide {
        let most = divisor
            .low
            .saturating_abs()
            .max(divisor.high.saturating_abs());
        let below = (most - 1).max(0);
        Wide {
            low: self.low.clamp(-below, 0),
            high: self.high.clamp(0, below),
        }
    }

    /// All values of both, and those between.
    #[must_use]
    pub fn union(self, other: Wide) -> Wide {
        Wide {
            low: self.low.min(other.low),
            high: self.high.max(other.high),
        }
    }

    /// The values, and 0.
    #[must_use]
    pub fn with_zero(self) -> Wide {
        self.union(Wide::exactly(0))
    }

    /// What of it lies in `i64`: the nearest values of what does not.
    #[must_use]
    pub fn saturated(self) -> Interval {
        let end = |x: i128| x.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
        Interval {
            low: end(self.low),
            high: end(self.high),
        }
    }

    /// The values as an [`Interval`], if all are strictly below [`MAGNITUDE_LIMIT`] in magnitude.
    #[must_use]
    pub fn narrow(self) -> Option<Interval> {
        self.narrow_to(MAGNITUDE_LIMIT.into())
    }

    /// The same for another limit, at most 2^63.
    #[must_use]
    pub fn narrow_to(self, limit: i128) -> Option<Interval> {
        let fits = |x: i128| i64::try_from(x).ok().filter(|_| -limit < x && x < limit);
        Some(Interval {
            low: fits(self.low)?,
            high: fits(self.high)?,
        })
    }

    /// Whether every value of `self` is in `other`.
    #[must_use]
    pub fn within(self, other: Wide) -> bool {
        other.low <= self.low && self.high <= other.high
    }

    fn around(values: [i128; 4]) -> Wide {
        let [a, b, c, d] = values;
        Wide {
            low: a.min(b).min(c).min(d),
            high: a.max(b).max(c).max(d),
        }
    }
}
