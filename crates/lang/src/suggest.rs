//! "Did you mean": the nearest known name to a misspelt one.

/// The candidate with the smallest edit distance, if it is near enough to be a likely slip.
pub(crate) fn nearest<'a>(
    name: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    // Of one or two letters almost any name is near.
    let limit = if name.len() < 3 { 0 } else { name.len() / 3 };
    // Enough for any contract a person writes, and a bound for sources made to be slow.
    let candidates = candidates.take(256);
    let near = candidates
        .map(|c| (distance(name, c), c))
        .filter(|(d, _)| *d <= limit);
    near.min().map(|(_, candidate)| candidate)
}

/// Edits (insert, delete, replace, swap of neighbours) that turn `a` into `b`, by the usual table;
/// names have at most 64 characters.
fn distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len().abs_diff(b.len()) > 3 || a.len() > 64 {
        return usize::MAX;
    }
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replace = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replace.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_slips_and_nothing_else() {
        let names = ["weight", "workers", "bonus"];
        let near = |name| nearest(name, names.into_iter());
        assert_eq!(near("wieght"), Some("weight"));
        assert_eq!(near("worker"), Some("workers"));
        assert_eq!(near("bonuss"), Some("bonus"));
        assert_eq!(near("income"), None);
        assert_eq!(near(""), None);
    }
}
