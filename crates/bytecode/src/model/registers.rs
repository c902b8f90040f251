//! Which registers an operation reads and defines.

use super::{C, Op, S};

/// A register of an operation.
#[derive(Debug)]
pub enum Register<'a> {
    /// A public one.
    Public(&'a mut C),
    /// A secret one.
    Secret(&'a mut S),
}

impl Op {
    /// How many consecutive public and secret registers it defines, from its `dst` on.
    #[must_use]
    pub fn defines(&self) -> (usize, usize) {
        match self {
            Op::Const { .. }
            | Op::ConstBytes { .. }
            | Op::Rows { .. }
            | Op::Param { .. }
            | Op::Caller { .. }
            | Op::PartyAccount { .. }
            | Op::Height { .. }
            | Op::Time { .. }
            | Op::Load { .. }
            | Op::LoadAt { .. }
            | Op::Public { .. }
            | Op::Choose { .. }
            | Op::EachMember { .. }
            | Op::MergePublic { .. } => (1, 0),
            Op::Require { .. }
            | Op::Pays { .. }
            | Op::Store { .. }
            | Op::Transfer { .. }
            | Op::If { .. }
            | Op::Else
            | Op::End
            | Op::StoreSecret { .. }
            | Op::Accumulate { .. } => (0, 0),
            Op::Join { columns, .. } => (0, 1 + columns.len()),
            Op::Bits { width, .. } => (0, usize::from(*width)),
            Op::Sort { columns, .. } | Op::Shuffle { columns, .. } => (0, columns.len()),
            Op::Out {
                values,
                counts,
                public,
                ..
            } => match public {
                Some(_) => (values.len() + counts.len(), 0),
                None => (0, 0),
            },
            _ => (0, 1),
        }
    }

    /// The first register it defines.
    pub fn destination(&mut self) -> Option<Register<'_>> {
        let mut found = None;
        self.each_register(|register, defined| {
            if defined {
                found = Some(register);
            }
        });
        found
    }

    /// Calls `visit` with each register it names and whether that is its (first) destination, operands in
    /// order, the destination last.
    pub fn each_register<'a>(&'a mut self, mut visit: impl FnMut(Register<'a>, bool)) {
        use Register::{Public, Secret};
        match self {
            Op::Else | Op::End => {}
            Op::Const { dst, .. }
            | Op::ConstBytes { dst, .. }
            | Op::Rows { dst, .. }
            | Op::Param { dst, .. }
            | Op::Caller { dst }
            | Op::PartyAccount { dst, .. }
            | Op::Height { dst }
            | Op::Time { dst }
            | Op::EachMember { dst, .. } => visit(Public(dst), true),
            Op::Load { dst, key, .. } => {
                key.iter_mut().for_each(|key| visit(Public(key), false));
                visit(Public(dst), true);
            }
            Op::LoadAt {
                dst, key, height, ..
            } => {
                let read = key.iter_mut().chain([height]);
                read.for_each(|register| visit(Public(register), false));
                visit(Public(dst), true);
            }
            Op::Public { dst, a, b, .. } => {
                [a, b].into_iter().for_each(|c| visit(Public(c), false));
                visit(Public(dst), true);
            }
            Op::Choose {
                dst,
                condition,
                then,
                otherwise,
            }
            | Op::MergePublic {
                dst,
                condition,
                then,
                otherwise,
            } => {
                let read = [condition, then, otherwise];
                read.into_iter().for_each(|c| visit(Public(c), false));
                visit(Public(dst), true);
            }
            Op::Require { condition, .. } | Op::If { condition } => {
                visit(Public(condition), false);
            }
            Op::Pays { amount } => visit(Public(amount), false),
            Op::Store { key, src, .. } => {
                key.iter_mut().for_each(|key| visit(Public(key), false));
                visit(Public(src), false);
            }
            Op::Transfer { from, to, amount } => {
                let read = from.iter_mut().chain([to, amount]);
                read.for_each(|c| visit(Public(c), false));
            }
            Op::Merge {
                dst,
                condition,
                then,
                otherwise,
            } => {
                visit(Public(condition), false);
                [then, otherwise]
                    .into_iter()
                    .for_each(|s| visit(Secret(s), false));
                visit(Secret(dst), true);
            }
            Op::Input { dst, .. }
            | Op::SecretParam { dst, .. }
            | Op::LoadSecret { dst, .. }
            | Op::Random { dst, .. } => visit(Secret(dst), true),
            Op::StoreSecret { src, .. } | Op::Accumulate { src, .. } => {
                visit(Secret(src), false);
            }
            Op::Hide { dst, a } => {
                visit(Public(a), false);
                visit(Secret(dst), true);
            }
            Op::Add { dst, a, b }
            | Op::Sub { dst, a, b }
            | Op::Mul { dst, a, b }
            | Op::Dot { dst, a, b }
            | Op::Div { dst, a, b }
            | Op::Modulo { dst, a, b }
            | Op::Smaller { dst, a, b }
            | Op::Larger { dst, a, b }
            | Op::MulFixed { dst, a, b, .. }
            | Op::DotFixed { dst, a, b, .. }
            | Op::DivFixed { dst, a, b, .. }
            | Op::Compare { dst, a, b, .. }
            | Op::Bitwise { dst, a, b, .. }
            | Op::Covariance { dst, a, b, .. }
            | Op::Correlation { dst, a, b, .. }
            | Op::CellSum {
                dst, keys: a, a: b, ..
            }
            | Op::CellQuantile {
                dst, keys: a, a: b, ..
            }
            | Op::Lookup {
                dst,
                table: a,
                index: b,
            } => {
                [a, b].into_iter().for_each(|s| visit(Secret(s), false));
                visit(Secret(dst), true);
            }
            Op::AddPublic { dst, a, b }
            | Op::MulPublic { dst, a, b }
            | Op::DivPublic { dst, a, b }
            | Op::ModuloPublic { dst, a, b }
            | Op::ComparePublic { dst, a, b, .. }
            | Op::BitwisePublic { dst, a, b, .. }
            | Op::Quantile { dst, a, place: b } => {
                visit(Secret(a), false);
                visit(Public(b), false);
                visit(Secret(dst), true);
            }
            Op::Sum { dst, a }
            | Op::SquareRoot { dst, a }
            | Op::Absolute { dst, a }
            | Op::SquareRootFixed { dst, a, .. }
            | Op::Logistic { dst, a, .. }
            | Op::Exp { dst, a, .. }
            | Op::Ln { dst, a, .. }
            | Op::Element { dst, a, .. }
            | Op::Rank { dst, a, .. }
            | Op::First { dst, a, .. }
            | Op::Second { dst, a, .. }
            | Op::FirstMember { dst, a, .. }
            | Op::Histogram { dst, a, .. }
            | Op::CountEach { dst, a, .. }
            | Op::MeanSquare { dst, a, .. }
            | Op::Bits { dst, a, .. }
            | Op::Remainder { dst, a, .. }
            | Op::ShiftRight { dst, a, .. }
            | Op::RandomLike { dst, like: a, .. }
            | Op::Top { dst, a, .. }
            | Op::PrefixSums { dst, a } => {
                visit(Secret(a), false);
                visit(Secret(dst), true);
            }
            Op::Select {
                dst,
                bit,
                then,
                otherwise,
            } => {
                let read = [bit, then, otherwise];
                read.into_iter().for_each(|s| visit(Secret(s), false));
                visit(Secret(dst), true);
            }
            Op::Gather { dst, parts }
            | Op::Distinct { dst, keys: parts }
            | Op::Shuffle {
                dst,
                columns: parts,
            } => {
                parts.iter_mut().for_each(|s| visit(Secret(s), false));
                visit(Secret(dst), true);
            }
            Op::EqualKeys { dst, a, b } => {
                a.iter_mut().chain(b).for_each(|s| visit(Secret(s), false));
                visit(Secret(dst), true);
            }
            Op::Join {
                dst,
                left,
                right,
                valid,
                columns,
            } => {
                let read = left.iter_mut().chain(right).chain([valid]).chain(columns);
                read.for_each(|s| visit(Secret(s), false));
                visit(Secret(dst), true);
            }
            Op::Sort {
                dst, keys, columns, ..
            } => {
                let read = std::iter::once(keys).chain(columns);
                read.for_each(|s| visit(Secret(s), false));
                visit(Secret(dst), true);
            }
            Op::Regression {
                dst, columns, y, ..
            }
            | Op::LogisticRegression {
                dst, columns, y, ..
            } => {
                let read = columns.iter_mut().chain([y]);
                read.for_each(|s| visit(Secret(s), false));
                visit(Secret(dst), true);
            }
            Op::Out {
                values,
                counts,
                public,
                ..
            } => {
                let read = values.iter_mut().chain(counts);
                read.for_each(|s| visit(Secret(s), false));
                public.iter_mut().for_each(|c| visit(Public(c), true));
            }
        }
    }
}
