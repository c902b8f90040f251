//! What a plan is made of: vector registers, local operations, calls to the committee, strands.
//!
//! Every register is written once, by one step. Vectors of a tile are block-major: block g of a
//! vector holds element g of every comparison of the tile, so a local operation is a loop over
//! contiguous memory and a part of a vector is a [`View`], not a copy.

use enigma_field::{Committee, M61, PrimeField};

use super::compare::{Layout, Want};
use super::cost::Cost;
use crate::model::Order;

/// A vector of shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reg(pub u32);

/// A vector of opened values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pub(pub u32);

/// A vector of masks: uniform field elements, each of which can hide one opened value, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MaskReg(pub u32);

/// Consecutive elements of a vector of shares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// The vector.
    pub reg: Reg,
    /// Its first element in view.
    pub start: u32,
    /// How many elements are in view.
    pub len: u32,
}

impl View {
    /// `len` elements from `start` on, counted inside this view.
    ///
    /// # Panics
    /// If they do not lie inside this view: a template of this crate is wrong.
    #[must_use]
    pub fn part(self, start: u32, len: u32) -> View {
        assert!(
            start <= self.len && len <= self.len - start,
            "a part lies inside its view"
        );
        View {
            reg: self.reg,
            start: self.start + start,
            len,
        }
    }
}

/// An operation that each party does alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Local<F: PrimeField = M61> {
    /// `len` times the same public value.
    Constant {
        /// Result.
        dst: Reg,
        /// The value.
        value: F,
    },
    /// `dst[k] = constant + sum of coefficient * view[k]`; views of one element are repeated.
    Linear {
        /// Result.
        dst: Reg,
        /// Coefficients and operands.
        terms: Vec<(F, View)>,
        /// Added to every element.
        constant: F,
    },
    /// Block g of the result is `coefficient_g * src + constant_g`.
    Blocks {
        /// Result, as many blocks as `affine` has entries.
        dst: Reg,
        /// One block.
        src: View,
        /// (coefficient, constant) of each block.
        affine: Vec<(F, F)>,
    },
    /// `dst[k] = sum over g of weights[g] * src[g * len + k]`, with len the result's length.
    Fold {
        /// Result.
        dst: Reg,
        /// As many blocks as there are weights.
        src: View,
        /// Weight of each block.
        weights: Vec<F>,
    },
    /// The views behind one another.
    Concat {
        /// Result.
        dst: Reg,
        /// The parts in order.
        parts: Vec<View>,
    },
    /// `dst[k] = src[2 k + offset]`.
    EveryOther {
        /// Result, half as long.
        dst: Reg,
        /// The elements, an even number.
        src: View,
        /// 0 or 1.
        offset: u32,
    },
    /// `dst[k] = k`.
    Places {
        /// Result.
        dst: Reg,
    },
    /// `dst[k] = src[0] + ... + src[k]`.
    PrefixSums {
        /// Result.
        dst: Reg,
        /// The elements.
        src: View,
    },
    /// The sum of all elements.
    Sum {
        /// Result, one element.
        dst: Reg,
        /// The elements.
        src: View,
    },
    /// `dst[k] = src[i] - src[j]` for the pairs i < j of the upper triangle in row order, from the
    /// pair numbered `first` on.
    PairDifferences {
        /// Result, one element for each pair of the tile.
        dst: Reg,
        /// All values.
        src: View,
        /// Number of the tile's first pair.
        first: u64,
    },
    /// `dst[k * blocks + g] = src[g * n + k]`, with n elements in each block: elements that stood in
    /// blocks stand in runs.
    Transpose {
        /// Result, as long.
        dst: Reg,
        /// So many blocks.
        src: View,
        /// How many.
        blocks: u32,
    },
    /// `dst[at[k]] = src[k]`, where `at` was opened and is a permutation.
    Place {
        /// Result, as long.
        dst: Reg,
        /// The elements.
        src: View,
        /// Where each goes.
        at: Pub,
    },
    /// `dst[k] = src[at[k]]`, where `at` was opened and is a permutation.
    Take {
        /// Result, as long.
        dst: Reg,
        /// The elements.
        src: View,
        /// Where each comes from.
        at: Pub,
    },
    /// For each digit of a tile: is the public digit less than the masked one, are they equal.
    /// See [`super::compare`] for the order of digits.
    DigitLeaves {
        /// `[c_d < r_d]`, one block for each digit.
        less: Reg,
        /// `[c_d = r_d]`, one block for each digit.
        equal: Reg,
        /// The mask's bits, one block each.
        bits: View,
        /// Products of the two bits of each two-bit digit, one block each.
        both: View,
        /// The opened values c, one block.
        opened: Pub,
        /// Where the digits are.
        layout: Layout,
    },
    /// Block g of the result is `coefficient * src[g] + constant` with the pair (coefficient,
    /// constant) chosen, element by element, by bit `shifts[g]` of the opened value.
    ByOpenedBit {
        /// Result, as many blocks as there are shifts.
        dst: Reg,
        /// As many blocks, each as long as `opened`.
        src: View,
        /// Opened values.
        opened: Pub,
        /// Which bit of the opened value chooses, for each block.
        shifts: Vec<u32>,
        /// The pairs for a bit of 0 and of 1.
        affine: [(F, F); 2],
    },
    /// `dst[k] = opened[k] mod 2^bits`, as shares of a public value.
    OpenedLow {
        /// Result.
        dst: Reg,
        /// Opened values.
        opened: Pub,
        /// How many bits stay.
        bits: u32,
    },
    /// `dst[k] = opened[k] / 2^bits`, rounded down, as shares of a public value.
    OpenedHigh {
        /// Result.
        dst: Reg,
        /// Opened values.
        opened: Pub,
        /// How many bits go.
        bits: u32,
    },
    /// 1 where the opened value is 0, else 0, as shares of a public value.
    OpenedZero {
        /// Result.
        dst: Reg,
        /// Opened values.
        opened: Pub,
    },
    /// For each row, how many rows it is compared with in this tile come strictly before it.
    RankCounts {
        /// Result, one element for each row.
        dst: Reg,
        /// `[x_i < x_j]` for each pair of the tile.
        less: View,
        /// `[x_i = x_j]` for each pair of the tile.
        equal: View,
        /// Number of the tile's first pair.
        first: u64,
        /// Whether smaller or larger values come before.
        order: Order,
    },
}

/// How products are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Every party deals its local products: one round.
    Dealt,
    /// Through kings: two rounds, and less traffic.
    Kings,
}

/// An operation that the whole committee does together. Each has its own number. A batch is named by
/// the number of the call that verifies it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Element-wise product of the left views (behind one another) with the right views.
    Multiply {
        /// The call's number.
        op: u32,
        /// The batch it belongs to.
        batch: u32,
        /// How the products are made.
        form: Form,
        /// Result.
        dst: Reg,
        /// Factors, of equal length pair by pair.
        factors: Vec<(View, View)>,
    },
    /// Product of two matrices, by rows: `rows` times `inner` by `inner` times `columns`.
    MatrixProduct {
        /// The call's number.
        op: u32,
        /// The batch it belongs to.
        batch: u32,
        /// How the products are made.
        form: Form,
        /// Result, `rows` times `columns`.
        dst: Reg,
        /// Left matrix.
        left: View,
        /// Right matrix.
        right: View,
        /// Rows of the left matrix.
        rows: u32,
        /// Columns of the left and rows of the right matrix.
        inner: u32,
        /// Columns of the right matrix.
        columns: u32,
    },
    /// Inner products of consecutive runs of `width` elements.
    Dot {
        /// The call's number.
        op: u32,
        /// The batch it belongs to.
        batch: u32,
        /// Result, one element for each run.
        dst: Reg,
        /// Left factors.
        left: View,
        /// Right factors.
        right: View,
        /// Elements of a run.
        width: u32,
    },
    /// Rows in an order that nobody knows, or back from there.
    Shuffle {
        /// The call's number.
        op: u32,
        /// The batch it belongs to.
        batch: u32,
        /// Result: the columns, one after the other.
        dst: Reg,
        /// Columns of the rows, equally long.
        columns: Vec<View>,
        /// The shuffle that rows are put back from. None: a new order.
        back_from: Option<u32>,
    },
    /// Opening of verified values: every party learns them, and that all shares were consistent.
    Open {
        /// The call's number.
        op: u32,
        /// Result.
        dst: Pub,
        /// What is opened.
        src: View,
    },
    /// Opening of values, verified or not, under masks of a verified batch. As strict as
    /// [`Call::Open`], because what is opened selects digits (R4).
    OpenMasked {
        /// The call's number.
        op: u32,
        /// Result: value plus mask.
        dst: Pub,
        /// What is opened under masks.
        src: View,
        /// The masks, which are used up.
        mask: MaskReg,
    },
    /// Comparison with zero in a committee of three: of each result three components, bits whose sum
    /// modulo 2 it is. The elements need not be verified: what is opened for them is uniform.
    Compare {
        /// The call's number.
        op: u32,
        /// The batch of gates it belongs to.
        batch: u32,
        /// Result: three blocks for each result that is wanted.
        dst: Reg,
        /// What is compared.
        src: View,
        /// Which results are wanted.
        want: Want,
    },
    /// Masks of uniform shared bits, in the layout of [`super::compare::Layout`].
    Masks {
        /// The call's number.
        op: u32,
        /// The batch it belongs to.
        batch: u32,
        /// The bits.
        bits: Reg,
        /// The masks that the bits make.
        mask: MaskReg,
    },
    /// Shared random bits, to be used when their batch is verified.
    Bits {
        /// The call's number.
        op: u32,
        /// The batch it belongs to.
        batch: u32,
        /// The bits.
        dst: Reg,
    },
    /// Random integers that nobody knows, each the sum of one below 2^`bits` for every subset of t+1
    /// parties. No message is needed.
    Bounded {
        /// The call's number.
        op: u32,
        /// The sums.
        whole: Reg,
        /// The sums of the integers without their lowest bits.
        cut: Reg,
        /// Bits of each integer.
        bits: u32,
        /// How many of them are cut off.
        shift: u32,
    },
    /// Uniform field elements that nobody knows. Committees of up to nine need no message.
    Random {
        /// The call's number.
        op: u32,
        /// Result.
        dst: Reg,
    },
    /// The same values under fresh uniform polynomials, as a recipient may see them.
    Reshare {
        /// The call's number.
        op: u32,
        /// The batch it belongs to.
        batch: u32,
        /// Result.
        dst: Reg,
        /// The values.
        src: View,
    },
    /// Verification of the batch of this number: that all its products are right.
    Verify {
        /// The call's number.
        op: u32,
    },
}

/// One step of a strand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<F: PrimeField = M61> {
    /// Done alone.
    Local(Local<F>),
    /// Done with the committee; the strand waits for it.
    Call(Call),
}

/// Steps done one after another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strand<F: PrimeField = M61> {
    /// Strands that must be finished before, ascending; all of them have lower numbers.
    pub after: Vec<u32>,
    /// The steps.
    pub steps: Vec<Step<F>>,
    /// Memory this strand may need at once for registers and messages, in bytes.
    pub memory_bytes: u64,
}

/// A run of an entry, or of its input check, as primitive operations with their exact cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan<F: PrimeField = M61> {
    /// For how many parties.
    pub committee: Committee,
    /// The strands; a strand depends on lower numbers only.
    pub strands: Vec<Strand<F>>,
    /// Which register holds which collection's rows at the start.
    pub inputs: Vec<(u16, Reg)>,
    /// Which register holds, at the start, the numbers of the members who gave which collection's
    /// rows. They are public: every party's share is the number itself.
    pub members: Vec<(u16, Reg)>,
    /// Which register holds the value of which manifest line at the end, re-randomised.
    pub outputs: Vec<(u16, Reg)>,
    /// The result of an input check: which opened vector holds, for each row of which collection, one
    /// bit, 1 = valid.
    pub opened: Vec<(u16, Pub)>,
    /// Length of each register.
    pub lengths: Vec<u32>,
    /// Length of each opened vector.
    pub opened_lengths: Vec<u32>,
    /// Length of each vector of masks.
    pub mask_lengths: Vec<u32>,
    /// What it costs.
    pub cost: Cost,
}

impl<F: PrimeField> Local<F> {
    /// Calls `read` for every view of shares and `read_opened` for every opened vector it reads.
    pub fn reads(&self, mut read: impl FnMut(View), mut read_opened: impl FnMut(Pub)) {
        match self {
            Local::Constant { .. } | Local::Places { .. } => {}
            Local::Linear { terms, .. } => terms.iter().for_each(|(_, view)| read(*view)),
            Local::Blocks { src, .. }
            | Local::Fold { src, .. }
            | Local::EveryOther { src, .. }
            | Local::Transpose { src, .. }
            | Local::PrefixSums { src, .. }
            | Local::Sum { src, .. }
            | Local::PairDifferences { src, .. } => read(*src),
            Local::Place { src, at, .. } | Local::Take { src, at, .. } => {
                read(*src);
                read_opened(*at);
            }
            Local::Concat { parts, .. } => parts.iter().copied().for_each(read),
            Local::DigitLeaves {
                bits, both, opened, ..
            } => {
                read(*bits);
                read(*both);
                read_opened(*opened);
            }
            Local::ByOpenedBit { src, opened, .. } => {
                read(*src);
                read_opened(*opened);
            }
            Local::OpenedLow { opened, .. }
            | Local::OpenedHigh { opened, .. }
            | Local::OpenedZero { opened, .. } => read_opened(*opened),
            Local::RankCounts { less, equal, .. } => {
                read(*less);
                read(*equal);
            }
        }
    }

    /// The registers it writes.
    #[must_use]
    pub fn writes(&self) -> [Option<Reg>; 2] {
        match *self {
            Local::Constant { dst, .. }
            | Local::Linear { dst, .. }
            | Local::Blocks { dst, .. }
            | Local::Fold { dst, .. }
            | Local::Concat { dst, .. }
            | Local::EveryOther { dst, .. }
            | Local::Transpose { dst, .. }
            | Local::PrefixSums { dst, .. }
            | Local::Place { dst, .. }
            | Local::Take { dst, .. }
            | Local::Sum { dst, .. }
            | Local::PairDifferences { dst, .. }
            | Local::ByOpenedBit { dst, .. }
            | Local::OpenedLow { dst, .. }
            | Local::OpenedHigh { dst, .. }
            | Local::OpenedZero { dst, .. }
            | Local::Places { dst }
            | Local::RankCounts { dst, .. } => [Some(dst), None],
            Local::DigitLeaves { less, equal, .. } => [Some(less), Some(equal)],
        }
    }
}

impl Call {
    /// Its number.
    #[must_use]
    pub fn op(&self) -> u32 {
        match *self {
            Call::Multiply { op, .. }
            | Call::MatrixProduct { op, .. }
            | Call::Dot { op, .. }
            | Call::Shuffle { op, .. }
            | Call::Open { op, .. }
            | Call::OpenMasked { op, .. }
            | Call::Compare { op, .. }
            | Call::Masks { op, .. }
            | Call::Bits { op, .. }
            | Call::Bounded { op, .. }
            | Call::Random { op, .. }
            | Call::Reshare { op, .. }
            | Call::Verify { op } => op,
        }
    }

    /// Calls `read` for every view it reads.
    pub fn reads(&self, mut read: impl FnMut(View)) {
        match self {
            Call::Multiply { factors, .. } => {
                for (left, right) in factors {
                    read(*left);
                    read(*right);
                }
            }
            Call::Shuffle { columns, .. } => columns.iter().copied().for_each(read),
            Call::MatrixProduct { left, right, .. } | Call::Dot { left, right, .. } => {
                read(*left);
                read(*right);
            }
            Call::Masks { .. }
            | Call::Bits { .. }
            | Call::Bounded { .. }
            | Call::Random { .. }
            | Call::Verify { .. } => {}
            Call::Open { src, .. }
            | Call::OpenMasked { src, .. }
            | Call::Compare { src, .. }
            | Call::Reshare { src, .. } => read(*src),
        }
    }

    /// The registers of shares it writes; openings and verifications write none.
    #[must_use]
    pub fn writes(&self) -> [Option<Reg>; 2] {
        match *self {
            Call::Bounded { whole, cut, .. } => [Some(whole), Some(cut)],
            Call::Multiply { dst, .. }
            | Call::MatrixProduct { dst, .. }
            | Call::Dot { dst, .. }
            | Call::Shuffle { dst, .. }
            | Call::Random { dst, .. }
            | Call::Compare { dst, .. }
            | Call::Bits { dst, .. }
            | Call::Reshare { dst, .. } => [Some(dst), None],
            Call::Masks { bits, .. } => [Some(bits), None],
            Call::Open { .. } | Call::OpenMasked { .. } | Call::Verify { .. } => [None, None],
        }
    }
}

impl<F: PrimeField> Step<F> {
    /// Calls `read` for every view of shares and `read_opened` for every opened vector it reads.
    pub fn reads(&self, read: impl FnMut(View), read_opened: impl FnMut(Pub)) {
        match self {
            Step::Local(local) => local.reads(read, read_opened),
            Step::Call(call) => call.reads(read),
        }
    }

    /// The registers of shares it writes.
    #[must_use]
    pub fn writes(&self) -> [Option<Reg>; 2] {
        match self {
            Step::Local(local) => local.writes(),
            Step::Call(call) => call.writes(),
        }
    }
}
