//! The values of a benchmark, from a seed: drawn, dealt, and computed on in the plain.

use enigma_bytecode::plan::Operation;
use enigma_field::{Committee, M61, Party as PartyNumber, Shares, shamir};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

/// Of so many elements one repeats a neighbour, so that comparisons meet equal values.
const TIES: usize = 16;

/// The input vectors, with values that the operation allows.
pub(super) fn columns(operation: Operation, count: u32, seed: u64) -> Vec<Vec<M61>> {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let mut draw = || {
        let any = M61::random(&mut rng);
        match operation {
            // 59 bits around zero.
            Operation::Less | Operation::Equal | Operation::Rank => {
                M61::from_i64((any.value() >> 2) as i64 - (1 << 58))
            }
            _ => any,
        }
    };
    let inputs = usize::from(operation.inputs());
    let mut columns: Vec<Vec<M61>> = (0..inputs)
        .map(|_| (0..operation.input_len(count)).map(|_| draw()).collect())
        .collect();
    for at in (1..count as usize).step_by(TIES) {
        match (operation, &mut columns[..]) {
            (Operation::Less | Operation::Equal, [x, y]) => y[at] = x[at],
            (Operation::Rank, [x]) => x[at] = x[at - 1],
            _ => {}
        }
    }
    columns
}

/// This party's shares of a vector that every party deals alike.
pub(super) fn deal(values: &[M61], committee: Committee, me: PartyNumber, seed: u64) -> Shares {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let share = |value: &M61| shamir::share(*value, &committee, &mut rng)[me.index()];
    values.iter().map(share).collect()
}

/// What the operation gives.
pub(super) fn expected(operation: Operation, columns: &[Vec<M61>]) -> Vec<M61> {
    let pairs = || columns[0].iter().zip(&columns[columns.len() - 1]);
    let less = |x: &M61, y: &M61| x.to_i64() < y.to_i64();
    let count = |of: usize| M61::new(of as u64);
    match operation {
        Operation::Multiply => pairs().map(|(x, y)| *x * *y).collect(),
        Operation::Dot => vec![pairs().map(|(x, y)| *x * *y).sum()],
        Operation::MatrixProduct => {
            let side = columns[0].len().isqrt();
            let element = |place: usize| -> M61 {
                let row = &columns[0][place / side * side..][..side];
                let column = columns[1].iter().skip(place % side).step_by(side);
                row.iter().zip(column).map(|(x, y)| *x * *y).sum()
            };
            (0..side * side).map(element).collect()
        }
        Operation::Depth => vec![columns[0].iter().fold(M61::ONE, |last, x| last * *x)],
        Operation::Less => pairs().map(|(x, y)| count(less(x, y).into())).collect(),
        Operation::Equal => pairs().map(|(x, y)| count((x == y).into())).collect(),
        Operation::Rank => {
            let all = &columns[0];
            let rank = |x: &M61| 1 + all.iter().filter(|other| less(other, x)).count();
            all.iter().map(|x| count(rank(x))).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(values: &[i64]) -> Vec<M61> {
        values.iter().map(|value| M61::from_i64(*value)).collect()
    }

    #[test]
    fn plain_results_are_what_the_operations_mean() {
        let x = numbers(&[-3, 5, 5, 0]);
        let y = numbers(&[2, 5, 6, -1]);
        let both = [x.clone(), y];
        assert_eq!(
            expected(Operation::Multiply, &both),
            numbers(&[-6, 25, 30, 0])
        );
        assert_eq!(expected(Operation::Less, &both), numbers(&[1, 0, 1, 0]));
        assert_eq!(expected(Operation::Equal, &both), numbers(&[0, 1, 0, 0]));
        assert_eq!(expected(Operation::Dot, &both), numbers(&[49]));
        assert_eq!(
            expected(Operation::MatrixProduct, &both),
            numbers(&[-6 + 30, -15 - 5, 10, 25])
        );
        let chain = [numbers(&[-3, 5, 2])];
        assert_eq!(expected(Operation::Depth, &chain), numbers(&[-30]));
        assert_eq!(expected(Operation::Rank, &[x]), numbers(&[1, 3, 3, 2]));
    }

    #[test]
    fn drawn_values_are_in_range_and_have_ties() {
        let drawn = columns(Operation::Less, 100, 7);
        let small = |x: &M61| x.to_i64().unsigned_abs() < 1 << 59;
        assert!(drawn.iter().flatten().all(small));
        assert_eq!(
            drawn[0]
                .iter()
                .zip(&drawn[1])
                .filter(|(x, y)| x == y)
                .count(),
            7
        );
        assert!(drawn[0].iter().any(|x| x.to_i64() < 0));
    }
}
