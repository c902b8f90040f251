//! The values of a benchmark, from a seed: drawn, dealt, and computed on in the plain.

use enigma_bytecode::interval::Interval;
use enigma_bytecode::plan::Operation;
use enigma_field::{Committee, Party as PartyNumber, PrimeField, Shares, shamir};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

/// Of so many elements one repeats a neighbour, so that comparisons meet equal values.
const TIES: usize = 16;

/// The input vectors, with values that the operation allows.
pub(super) fn columns<F: PrimeField>(operation: Operation, count: u32, seed: u64) -> Vec<Vec<F>> {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let mut draw = |range: Option<Interval>| {
        let any = F::random(&mut rng);
        let Some(Interval { low, high }) = range else {
            return any;
        };
        // A range is narrower than the field.
        let span = u128::from(high.abs_diff(low)) + 1;
        F::from_i128(i128::from(low) + (any.to_u128() % span) as i128)
    };
    let mut columns: Vec<Vec<F>> = (0..operation.inputs())
        .map(|input| {
            let range = operation.range::<F>(input);
            let len = operation.input_len(count);
            (0..len).map(|_| draw(range)).collect()
        })
        .collect();
    for at in (1..count as usize).step_by(TIES) {
        match (operation, &mut columns[..]) {
            (Operation::Less | Operation::Equal, [x, y]) => y[at] = x[at],
            (Operation::Rank | Operation::Sort | Operation::Median | Operation::Max, [x]) => {
                x[at] = x[at - 1];
            }
            (Operation::Divide, [_, y]) => y[at] = F::ZERO,
            _ => {}
        }
    }
    columns
}

/// This party's shares of a vector that every party deals alike.
pub(super) fn deal<F: PrimeField>(
    values: &[F],
    committee: Committee,
    me: PartyNumber,
    seed: u64,
) -> Shares<F> {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let share = |value: &F| shamir::share(*value, &committee, &mut rng)[me.index()];
    values.iter().map(share).collect()
}

/// What the operation gives.
pub(super) fn expected<F: PrimeField>(operation: Operation, columns: &[Vec<F>]) -> Vec<F> {
    let pairs = || columns[0].iter().zip(&columns[columns.len() - 1]);
    let less = |x: &F, y: &F| x.to_i128() < y.to_i128();
    let count = |of: usize| F::from_u64(of as u64);
    match operation {
        Operation::Multiply => pairs().map(|(x, y)| *x * *y).collect(),
        Operation::Dot => vec![pairs().map(|(x, y)| *x * *y).sum()],
        Operation::MatrixProduct => {
            let side = columns[0].len().isqrt();
            let element = |place: usize| -> F {
                let row = &columns[0][place / side * side..][..side];
                let column = columns[1].iter().skip(place % side).step_by(side);
                row.iter().zip(column).map(|(x, y)| *x * *y).sum()
            };
            (0..side * side).map(element).collect()
        }
        Operation::Depth => vec![columns[0].iter().fold(F::ONE, |last, x| last * *x)],
        Operation::Less => pairs().map(|(x, y)| count(less(x, y).into())).collect(),
        Operation::Equal => pairs().map(|(x, y)| count((x == y).into())).collect(),
        Operation::Rank => {
            let all = &columns[0];
            let rank = |x: &F| 1 + all.iter().filter(|other| less(other, x)).count();
            all.iter().map(|x| count(rank(x))).collect()
        }
        Operation::Shuffle | Operation::Sort => sorted(&columns[0]),
        _ => {
            // Their ranges lie in 64 bits.
            let columns: Vec<Vec<i64>> = columns
                .iter()
                .map(|column| column.iter().map(|x| x.to_i128() as i64).collect())
                .collect();
            let result = on_integers(operation, &columns);
            result.into_iter().map(F::from_i64).collect()
        }
    }
}

/// What the operations give that are about integers.
fn on_integers(operation: Operation, columns: &[Vec<i64>]) -> Vec<i64> {
    let x = &columns[0];
    let each = |of: &dyn Fn(i64) -> i64| x.iter().map(|x| of(*x)).collect();
    match operation {
        Operation::Truncate => each(&|x| x >> Operation::CUT_BITS),
        Operation::Bits => (0..Operation::BITS)
            .flat_map(|bit| x.iter().map(move |x| x >> bit & 1))
            .collect(),
        Operation::Select => (0..x.len())
            .map(|k| columns[2 - x[k] as usize][k])
            .collect(),
        Operation::Lookup => each(&|x| Operation::TABLE[x as usize]),
        Operation::Max => x.iter().copied().max().into_iter().collect(),
        Operation::Divide => {
            let pairs = x.iter().zip(&columns[1]);
            pairs.map(|(x, y)| x.checked_div(*y).unwrap_or(0)).collect()
        }
        Operation::SquareRoot => each(&i64::isqrt),
        Operation::Median => {
            let mut sorted = x.clone();
            sorted.sort_unstable();
            vec![sorted[(x.len() - 1) / 2]]
        }
        Operation::Histogram => {
            let bounds = Operation::BOUNDS;
            let mut counts = vec![0; bounds.len() + 1];
            for x in x {
                counts[bounds.iter().filter(|bound| *bound <= x).count()] += 1;
            }
            counts
        }
        Operation::Multiply
        | Operation::Dot
        | Operation::MatrixProduct
        | Operation::Depth
        | Operation::Less
        | Operation::Equal
        | Operation::Rank
        | Operation::Shuffle
        | Operation::Sort => unreachable!("{operation} is about field elements"),
    }
}

/// What of a result plain arithmetic can give: of a shuffle the elements, but not their order.
pub(super) fn comparable<F: PrimeField>(operation: Operation, result: &[F]) -> Vec<F> {
    match operation {
        Operation::Shuffle => sorted(result),
        _ => result.to_vec(),
    }
}

fn sorted<F: PrimeField>(values: &[F]) -> Vec<F> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by_key(|value| value.to_i128());
    sorted
}

#[cfg(test)]
mod tests {
    use enigma_field::M61;

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
        for operation in [Operation::Shuffle, Operation::Sort] {
            let sorted = expected(operation, std::slice::from_ref(&x));
            assert_eq!(sorted, numbers(&[-3, 0, 5, 5]));
        }
        let other = numbers(&[5, 0, 5, -3]);
        assert_eq!(
            comparable(Operation::Shuffle, &other),
            numbers(&[-3, 0, 5, 5])
        );
        assert_eq!(comparable(Operation::Sort, &other), other);
        assert_eq!(
            expected(Operation::Rank, std::slice::from_ref(&x)),
            numbers(&[1, 3, 3, 2])
        );
        assert_eq!(expected(Operation::Median, &[x]), numbers(&[0]));
        let x = numbers(&[-1, 65_536, 0, 1023, 1024, 1 << 40]);
        let on_x = |operation| expected(operation, std::slice::from_ref(&x));
        assert_eq!(
            on_x(Operation::Truncate),
            numbers(&[-1, 1, 0, 0, 0, 1 << 24])
        );
        assert_eq!(on_x(Operation::Max), numbers(&[1 << 40]));
        assert_eq!(on_x(Operation::Histogram), numbers(&[3, 1, 0, 2]));
        let bits = expected(Operation::Bits, &[numbers(&[6, 1])]);
        assert_eq!(bits[..6], numbers(&[0, 1, 1, 0, 1, 0]));
        assert_eq!(
            expected(Operation::Lookup, &[numbers(&[0, 15, 5])]),
            numbers(&[3, 3, 9])
        );
        let divided = [numbers(&[7, 8, 9]), numbers(&[2, 0, 9])];
        assert_eq!(expected(Operation::Divide, &divided), numbers(&[3, 0, 1]));
        assert_eq!(
            expected(Operation::SquareRoot, &[numbers(&[15, 16])]),
            numbers(&[3, 4])
        );
        let chosen = [numbers(&[1, 0]), numbers(&[5, 6]), numbers(&[7, 8])];
        assert_eq!(expected(Operation::Select, &chosen), numbers(&[5, 8]));
    }

    #[test]
    fn drawn_values_are_in_range_and_have_ties() {
        let drawn = columns::<M61>(Operation::Less, 100, 7);
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
