//! The library: what methods and functions of the language mean. Methods with a lambda (`rows.median(|r| r.income)`) are written as
//! the method of the mapped vector. `group_by` is written out too: the cells of `rows.group_by(|r| key)` are calls with the vector of
//! keys as first argument.
//!
//! All are total: of an empty vector, or with a divisor 0, results are 0 (`false`, nothing, the first place) unless said otherwise.
//! "Numbers" are whole numbers of one type or `fix` of one type; a *vector* is rows or a list. Private vectors and values go in as
//! well as public ones, but for arguments called *public*.

/// A function of the library, with its arguments in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Builtin {
    // Reductions of a vector: one value.
    /// `v.sum()`: numbers.
    Sum,
    /// `v.mean()`: the sum divided by how many there are, as `/` divides.
    Mean,
    /// `v.min()`.
    Min,
    /// `v.max()`.
    Max,
    /// `v.argmin()`: the place of the smallest, of equal ones the first: a `Place` of rows, a `u64` of a list.
    ArgMin,
    /// `v.argmax()`.
    ArgMax,
    /// `v.top2()`: (place of the largest, the largest, the second largest); of equal ones the first place. Of one value, the second
    /// is 0.
    Top2,
    /// `v.top(k)`: the k largest, descending, k public and known when the contract is compiled; zeros where there are fewer. A list.
    Top,
    /// `v.median()`: the value at place (n + 1) / 2 of the sorted vector, counted from 1 (the lower one of two).
    Median,
    /// `v.quantile(a, b)`: the value at place max(1, ceil(n a / b)), `a` and `b` public constants with 0 <= a <= b, b > 0.
    Quantile,
    /// `v.highest(k)`: the k-th largest, `k` known when the contract is compiled; of fewer values the smallest, and for 0 the largest.
    Highest,
    /// `v.count_true()`: of truth values, a `u64`.
    CountTrue,
    /// `v.any()`: of truth values.
    Any,
    /// `v.all()`: of truth values; of none, true.
    All,
    /// `v.sum_where(mask)`: numbers, and as many truth values.
    SumWhere,
    /// `v.mean_where(mask)`.
    MeanWhere,
    /// `v.variance()`: the mean of squares less the square of the mean, of whole numbers (n * sum of squares - square of the sum) / n^2
    /// toward zero.
    Variance,
    /// `v.stddev()`: the square root of the variance, rounded down.
    StdDev,
    /// `covariance(v, w)`: as the variance, of products.
    Covariance,
    /// `corr(v, w)`: a `fix`; 0 when one of them does not vary.
    Corr,
    /// `mean_square(v)`: the mean of squares.
    MeanSquare,
    /// `dot(v, w)`.
    Dot,
    /// `distance2(v, w)`: the sum of squares of differences.
    Distance2,
    // Orders: one value per element.
    /// `v.rank()`: 1 + how many come strictly before, smallest first: `u64`s in the vector's space.
    Rank,
    /// `v.rank_desc()`: largest first.
    RankDesc,
    /// `v.sort()`: ascending. A list as long as the vector.
    Sort,
    /// `v.sort_desc()`.
    SortDesc,
    /// `v.sort_by(keys)`: the elements in the stable ascending order of as many numbers. A list.
    SortBy,
    /// `v.distinct()`: a list as long as the vector, of `maybe`: each value once, where it stands first; the others are missing.
    Distinct,
    /// `v.shuffle()`: a list, in an order that nobody knows. The interpreter keeps the order.
    Shuffle,
    /// `v.prefix_sums()`: `a[0] + ... + a[k]`, in the vector's space.
    PrefixSums,
    // Counts.
    /// `v.histogram(edges)`: numbers, and a public constant list of k ascending edges: k + 1 counts, of what lies below the first edge,
    /// from each edge to the next, and from the last on. A list of `u64`.
    Histogram,
    /// `v.histogram()` of names of an enumeration: how often each occurs. A list of `u64`.
    HistogramEnum,
    /// `cells.count()`: (keys). As `HistogramEnum`, but a hidden subset each.
    CellCount,
    /// `cells.sum(|r| x)`: (keys, values). One per name of the enumeration: a list.
    CellSum,
    /// `cells.mean(|r| x)`: (keys, values).
    CellMean,
    /// `cells.median(|r| x)`: (keys, values).
    CellMedian,
    /// `cells.min(|r| x)`, `cells.max(|r| x)`: (keys, values).
    CellMin,
    /// See `CellMin`.
    CellMax,
    // Sets.
    /// `psi(a, b)`: for each element of `a` whether it is among `b`: truth values in the space of `a`. `maybe` elements that are missing
    /// are in no set.
    Psi,
    /// `psi_count(a, b)`: how many; a `u64`. Elements of each are different from each other, see `Distinct`.
    PsiCount,
    /// `join(a_keys, b_keys, b_values)`: for each key of `a` the value of the first equal key of `b`, or nothing: `maybe` in the space of
    /// `a`.
    Join,
    /// `contains(v, x)`.
    Contains,
    // Values, element by element.
    /// `max(a, b)`, also `max2`.
    Max2,
    /// `min(a, b)`, also `min2`.
    Min2,
    /// `clamp(a, low, high)`: max(low, min(a, high)).
    Clamp,
    /// `abs(a)`.
    Abs,
    /// `sqrt(a)`: of whole numbers rounded down, of `fix` to nearest; 0 of negative numbers.
    Sqrt,
    /// `exp(a)`: `fix`, saturating.
    Exp,
    /// `ln(a)`: `fix`; 0 for a <= 0.
    Ln,
    /// `sigmoid(a)`: `fix`.
    Sigmoid,
    /// `checked_div(a, b)`: nothing when `b` is 0.
    CheckedDiv,
    /// `wrapping_add(a, b)`: modulo 2^bits of the whole-number type.
    WrappingAdd,
    /// `wrapping_sub(a, b)`.
    WrappingSub,
    /// `wrapping_mul(a, b)`.
    WrappingMul,
    /// `saturating_add(a, b)`: the nearest number of the type.
    SaturatingAdd,
    /// `saturating_sub(a, b)`.
    SaturatingSub,
    /// `saturating_mul(a, b)`.
    SaturatingMul,
    /// `v.lookup(i)`, `i` private or public: 0 (`false`, ...) outside. One value for each `i`.
    Lookup,
    /// `a.bits(n)`: the lowest n bits of a whole number that is not negative, n a public constant: a list of truth values, lowest first.
    Bits,
    /// `m.is_some()`.
    IsSome,
    /// `m.or(default)`: the value, or this one.
    Or,
    /// `rows.owner_at(place)`: the account that gave the row at a `Place`; private.
    OwnerAt,
    /// `t.starts_with(prefix)`: of `text`; the prefix is public.
    StartsWith,
    // Matrices and models, of `fix`.
    /// `matmul(a, b)`: lists of rows of equal length.
    MatMul,
    /// `linreg(x: [columns], y: v, ridge: c)`: the intercept and one coefficient per column that minimise the squared error plus `c` times
    /// the squares of the coefficients without the intercept; zeros when there is no unique answer. `c` is a public constant.
    LinReg,
    /// `logreg_train(x: [columns], y: v, rate: c, steps: n)`: the intercept and one weight per column after n steps of gradient descent from 0,
    /// each c times the gradient of the mean; `y` is 1 for rows that are so and 0 for others. `c` and `n` are public constants.
    LogReg,
    // Randomness: values that nobody knows. The interpreter gives zeros.
    /// `random(n)`: a whole number from 0 to n - 1, n a public constant.
    Random,
    /// `random_bits(n)`: a list of n truth values.
    RandomBits,
    // Keys and hashes.
    /// `keygen()`.
    Keygen,
    /// `key.public_key()`: 33 bytes of secp256k1, 32 of Ed25519.
    PublicKey,
    /// `key.sign(digest)`: 64 bytes.
    Sign,
    /// `key.ecdh(public_key)`: 32 bytes.
    Ecdh,
    /// `digest(x)`: the hash of public bytes.
    Digest,
}

impl Builtin {
    /// Whether it makes a signing key or something with one.
    #[must_use]
    pub fn is_of_keys(self) -> bool {
        use Builtin as B;
        matches!(self, B::Keygen | B::PublicKey | B::Sign | B::Ecdh)
    }

    /// As it is written, for messages.
    #[must_use]
    pub fn name(self) -> &'static str {
        use Builtin as B;
        match self {
            B::Sum => "sum",
            B::Mean => "mean",
            B::Min => "min",
            B::Max => "max",
            B::ArgMin => "argmin",
            B::ArgMax => "argmax",
            B::Top2 => "top2",
            B::Top => "top",
            B::Median => "median",
            B::Quantile => "quantile",
            B::Highest => "highest",
            B::CountTrue => "count_true",
            B::Any => "any",
            B::All => "all",
            B::SumWhere => "sum_where",
            B::MeanWhere => "mean_where",
            B::Variance => "variance",
            B::StdDev => "stddev",
            B::Covariance => "covariance",
            B::Corr => "corr",
            B::MeanSquare => "mean_square",
            B::Dot => "dot",
            B::Distance2 => "distance2",
            B::Rank => "rank",
            B::RankDesc => "rank_desc",
            B::Sort => "sort",
            B::SortDesc => "sort_desc",
            B::SortBy => "sort_by",
            B::Distinct => "distinct",
            B::Shuffle => "shuffle",
            B::PrefixSums => "prefix_sums",
            B::Histogram | B::HistogramEnum => "histogram",
            B::CellCount => "count",
            B::CellSum => "sum",
            B::CellMean => "mean",
            B::CellMedian => "median",
            B::CellMin => "min",
            B::CellMax => "max",
            B::Psi => "psi",
            B::PsiCount => "psi_count",
            B::Join => "join",
            B::Contains => "contains",
            B::Max2 => "max2",
            B::Min2 => "min2",
            B::Clamp => "clamp",
            B::Abs => "abs",
            B::Sqrt => "sqrt",
            B::Exp => "exp",
            B::Ln => "ln",
            B::Sigmoid => "sigmoid",
            B::CheckedDiv => "checked_div",
            B::WrappingAdd => "wrapping_add",
            B::WrappingSub => "wrapping_sub",
            B::WrappingMul => "wrapping_mul",
            B::SaturatingAdd => "saturating_add",
            B::SaturatingSub => "saturating_sub",
            B::SaturatingMul => "saturating_mul",
            B::Lookup => "lookup",
            B::Bits => "bits",
            B::IsSome => "is_some",
            B::Or => "or",
            B::OwnerAt => "owner_at",
            B::StartsWith => "starts_with",
            B::MatMul => "matmul",
            B::LinReg => "linreg",
            B::LogReg => "logreg_train",
            B::Random => "random",
            B::RandomBits => "random_bits",
            B::Keygen => "keygen",
            B::PublicKey => "public_key",
            B::Sign => "sign",
            B::Ecdh => "ecdh",
            B::Digest => "digest",
        }
    }
}
