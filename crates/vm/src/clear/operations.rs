//! Arithmetic, comparisons and orders on plain integers. `None`: a value leaves 64 bits, or the operation is another.

use enigma_bytecode::model::{BitOp, Op, Order, PublicOp, Register, S};
use enigma_bytecode::plan::reference;

/// Most bits behind the point.
const MOST_BITS: u8 = 62;

/// exp of more does not fit into 64 bits.
const MOST_EXPONENT: i64 = 44;

/// The first register that an operation defines.
pub(super) fn destination(op: &Op) -> Option<S> {
    match op.clone().destination() {
        Some(Register::Secret(dst)) => Some(*dst),
        _ => None,
    }
}

/// The collection over whose rows a result is, from those of its operands.
pub(super) fn over(op: &Op, of: impl Fn(S) -> Option<u16>) -> Option<u16> {
    match op {
        Op::Sum { .. }
        | Op::Dot { .. }
        | Op::DotFixed { .. }
        | Op::Quantile { .. }
        | Op::Element { .. }
        | Op::MeanSquare { .. }
        | Op::Covariance { .. }
        | Op::Correlation { .. }
        | Op::Histogram { .. }
        | Op::CountEach { .. }
        | Op::CellSum { .. }
        | Op::CellQuantile { .. }
        | Op::Gather { .. }
        | Op::Regression { .. }
        | Op::LogisticRegression { .. }
        | Op::Top { .. }
        | Op::First { .. }
        | Op::Second { .. }
        | Op::FirstMember { .. }
        | Op::StoreSecret { .. }
        | Op::Accumulate { .. } => None,
        Op::Lookup { index, .. } => of(*index),
        Op::Join { left, .. } => of(*left.first()?),
        op => {
            let mut operands = Vec::new();
            op.clone()
                .each_register(|register, defined| match register {
                    Register::Secret(register) if !defined => operands.push(*register),
                    _ => {}
                });
            operands.into_iter().find_map(of)
        }
    }
}

/// The result of an operation. `public`: the number in its public operand.
pub(super) fn meaning<'a>(
    op: &Op,
    public: Option<i64>,
    of: impl Fn(S) -> Option<&'a [i64]>,
) -> Option<Vec<i64>> {
    let each = |a: S, f: &dyn Fn(i64) -> Option<i64>| of(a)?.iter().map(|x| f(*x)).collect();
    let pairs = |a: S, b: S, f: &dyn Fn(i64, i64) -> Option<i64>| zip(of(a)?, of(b)?, f);
    match *op {
        Op::Hide { .. } => Some(vec![public?]),
        Op::Add { a, b, .. } => pairs(a, b, &i64::checked_add),
        Op::Sub { a, b, .. } => pairs(a, b, &i64::checked_sub),
        Op::Mul { a, b, .. } => pairs(a, b, &i64::checked_mul),
        Op::Div { a, b, .. } => pairs(a, b, &|x, y| PublicOp::Div.apply(x, y)),
        Op::Modulo { a, b, .. } => pairs(a, b, &|x, y| PublicOp::Rem.apply(x, y)),
        Op::Smaller { a, b, .. } => pairs(a, b, &|x, y| Some(x.min(y))),
        Op::Larger { a, b, .. } => pairs(a, b, &|x, y| Some(x.max(y))),
        Op::Compare { relation, a, b, .. } => {
            pairs(a, b, &|x, y| Some(relation.holds(x, y).into()))
        }
        Op::AddPublic { a, .. } => each(a, &|x| x.checked_add(public?)),
        Op::MulPublic { a, .. } => each(a, &|x| x.checked_mul(public?)),
        Op::DivPublic { a, .. } => each(a, &|x| PublicOp::Div.apply(x, public?)),
        Op::ModuloPublic { a, .. } => each(a, &|x| PublicOp::Rem.apply(x, public?)),
        Op::ComparePublic { relation, a, .. } => {
            each(a, &|x| Some(relation.holds(x, public?).into()))
        }
        Op::Absolute { a, .. } => each(a, &i64::checked_abs),
        Op::Remainder { a, bits, .. } => {
            let ones = (bits <= MOST_BITS).then(|| (1i64 << bits) - 1)?;
            each(a, &|x| Some(x & ones))
        }
        Op::ShiftRight { a, bits, .. } => each(a, &|x| x.checked_shr(bits.into())),
        Op::Bitwise { op, a, b, .. } => pairs(a, b, &|x, y| bitwise(op, x, y)),
        Op::BitwisePublic { op, a, .. } => each(a, &|x| bitwise(op, x, public?)),
        Op::SquareRoot { a, .. } => each(a, &i64::checked_isqrt),
        Op::Sum { a, .. } => {
            let mut values = of(a)?.iter();
            let sum = values.try_fold(0i64, |sum, x| sum.checked_add(*x));
            Some(vec![sum?])
        }
        Op::Select {
            bit,
            then,
            otherwise,
            ..
        } => {
            let operands = [of(bit)?, of(then)?, of(otherwise)?];
            let len = joint_len(&operands);
            let selected = (0..len).map(|k| {
                let [bit, then, otherwise] = operands.map(|values| at(values, k));
                if bit? == 1 { then } else { otherwise }
            });
            selected.collect()
        }
        Op::Rank { a, order, .. } => ranks(of(a)?, order),
        Op::First { a, order, .. } => {
            let values = of(a)?;
            let value = first(values, order).and_then(|row| values.get(row));
            Some(vec![value.copied().unwrap_or(0)])
        }
        Op::Second { a, order, .. } => {
            let mut sorted = of(a)?.to_vec();
            sorted.sort_unstable();
            if order == Order::Descending {
                sorted.reverse();
            }
            Some(vec![sorted.get(1).copied().unwrap_or(0)])
        }
        Op::Quantile { a, .. } => {
            let mut sorted = of(a)?.to_vec();
            sorted.sort_unstable();
            let last = i64::try_from(sorted.len()).ok()?;
            let place = usize::try_from(public?.clamp(1, last.max(1))).ok()?;
            Some(vec![sorted.get(place - 1).copied().unwrap_or(0)])
        }
        _ => fixed(op, of),
    }
}

/// The same in fixed point.
fn fixed<'a>(op: &Op, of: impl Fn(S) -> Option<&'a [i64]>) -> Option<Vec<i64>> {
    let each = |a: S, f: &dyn Fn(i64) -> Option<i64>| of(a)?.iter().map(|x| f(*x)).collect();
    let pairs = |a: S, b: S, f: &dyn Fn(i128, i128) -> i128| {
        zip(of(a)?, of(b)?, &|x, y| small(f(x.into(), y.into())))
    };
    let few = |bits: u8| (bits <= MOST_BITS).then_some(u32::from(bits));
    let elementary = |bits: u8| (8..=20).contains(&bits).then_some(u32::from(bits));
    match *op {
        Op::MulFixed { a, b, bits, .. } => {
            let bits = few(bits)?;
            pairs(a, b, &|x, y| reference::cut(x * y, bits))
        }
        Op::Dot { a, b, .. } => Some(vec![small(dot(of(a)?, of(b)?)?)?]),
        Op::DotFixed { a, b, bits, .. } => {
            let sum = dot(of(a)?, of(b)?)?;
            Some(vec![small(reference::cut(sum, few(bits)?))?])
        }
        Op::DivFixed { a, b, bits, .. } => {
            let bits = few(bits)?;
            pairs(a, b, &|x, y| reference::nearest(x << bits, y))
        }
        Op::SquareRootFixed { a, bits, .. } => {
            let bits = few(bits)?;
            each(a, &|x| {
                let raised = (x >= 0).then_some(i128::from(x) << bits)?;
                small(reference::root(raised))
            })
        }
        Op::Logistic { a, bits, .. } => {
            let bits = elementary(bits)?;
            each(a, &|x| Some(reference::logistic(x, bits)))
        }
        Op::Exp { a, bits, .. } => {
            let bits = elementary(bits)?;
            each(a, &|x| {
                let fits = x >> bits < MOST_EXPONENT;
                fits.then(|| reference::exp(x, bits))
            })
        }
        Op::Ln { a, bits, .. } => {
            let bits = elementary(bits)?;
            each(a, &|x| Some(reference::ln(x, bits)))
        }
        _ => None,
    }
}

/// The earliest row with the smallest or largest value; none of no rows.
pub(super) fn first(values: &[i64], order: Order) -> Option<usize> {
    let best = match order {
        Order::Ascending => values.iter().min(),
        Order::Descending => values.iter().max(),
    }?;
    values.iter().position(|value| value == best)
}

/// The sum of products; single elements are repeated.
pub(super) fn dot(a: &[i64], b: &[i64]) -> Option<i128> {
    let len = joint_len(&[a, b]);
    let mut sum = 0i128;
    for k in 0..len {
        sum = sum.checked_add(i128::from(at(a, k)?) * i128::from(at(b, k)?))?;
    }
    Some(sum)
}

pub(super) fn small(x: i128) -> Option<i64> {
    i64::try_from(x).ok()
}

/// Element `k`; of a scalar its only one.
pub(super) fn at(values: &[i64], k: usize) -> Option<i64> {
    match values {
        [only] => Some(*only),
        values => values.get(k).copied(),
    }
}

/// How long vectors and repeated scalars are together.
pub(super) fn joint_len(operands: &[&[i64]]) -> usize {
    let len = operands.iter().map(|values| values.len());
    len.reduce(|a, b| if a == 1 { b } else { a }).unwrap_or(0)
}

fn zip(a: &[i64], b: &[i64], f: &dyn Fn(i64, i64) -> Option<i64>) -> Option<Vec<i64>> {
    let len = joint_len(&[a, b]);
    (0..len).map(|k| f(at(a, k)?, at(b, k)?)).collect()
}

/// Of numbers from 0 on.
fn bitwise(op: BitOp, a: i64, b: i64) -> Option<i64> {
    (a >= 0 && b >= 0).then(|| op.apply(a, b))
}

/// 1 + how many values come strictly before each.
fn ranks(values: &[i64], order: Order) -> Option<Vec<i64>> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let before = |x: i64| match order {
        Order::Ascending => sorted.partition_point(|y| *y < x),
        Order::Descending => sorted.len() - sorted.partition_point(|y| *y <= x),
    };
    let rank = |x: &i64| i64::try_from(before(*x)).ok()?.checked_add(1);
    values.iter().map(rank).collect()
}
