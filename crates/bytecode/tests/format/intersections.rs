//! What the size of an intersection shows of both sides, and sums behind it.

use crate::policy::unguarded;
use crate::world::{ALICE, HERS, HIS, guarded, shows, to};
use enigma_bytecode::model::{Shape, Source};

#[test]
fn the_size_of_an_intersection_mixes_both_lists() {
    let (hers, his) = (Source::Collection(HERS), Source::Collection(HIS));
    let of_three = Ok(vec![
        (hers, Shape::Aggregate(3)),
        (his, Shape::Aggregate(3)),
    ]);
    let size = shows(|code| {
        let (a, b) = (code.input(HERS, 0), code.input(HIS, 0));
        let (first, other) = (code.distinct(&[a]), code.distinct(&[b]));
        let found = code.intersect(a, b, other);
        let both = code.mul(first, found);
        let size = code.sum(both);
        guarded(ALICE, size, size, 10)
    });
    assert_eq!(size, of_three);
    // Of equal keys each is found once more: whoever asks for one row three times has the guard's count.
    let again = |guard: Option<u32>| {
        shows(|code| {
            let (a, b) = (code.input(HERS, 0), code.input(HIS, 0));
            let other = code.distinct(&[b]);
            let found = code.intersect(a, b, other);
            let size = code.sum(found);
            match guard {
                Some(least) => guarded(ALICE, size, size, least),
                None => to(ALICE, [size]),
            }
        })
    };
    assert_eq!(again(None), Err(unguarded(his)));
    assert_eq!(again(Some(3)), Err(unguarded(his)));
    // A sum over the rows that are in both is one over a hidden part of both, of which the count is one of hers only.
    let amount = |is_once: bool, guard: Option<u32>| {
        shows(|code| {
            let (a, b, amounts) = (code.input(HERS, 0), code.input(HIS, 0), code.input(HERS, 1));
            let (first, other) = (code.distinct(&[a]), code.distinct(&[b]));
            let mut found = code.intersect(a, b, other);
            if is_once {
                found = code.mul(first, found);
            }
            let (sum, size) = (code.dot(found, amounts), code.sum(found));
            match guard {
                Some(least) => guarded(ALICE, sum, size, least),
                None => to(ALICE, [sum]),
            }
        })
    };
    assert_eq!(amount(true, None), Err(unguarded(hers)));
    assert_eq!(amount(true, Some(2)), Err(unguarded(hers)));
    assert_eq!(amount(true, Some(3)), Err(unguarded(his)));
    assert_eq!(amount(false, Some(3)), Err(unguarded(his)));
    // Nor does it help that something else has been looked for once.
    let other_keys = shows(|code| {
        let (a, b, c) = (code.input(HERS, 0), code.input(HIS, 0), code.input(HERS, 1));
        let (first, other) = (code.distinct(&[c]), code.distinct(&[b]));
        let found = code.intersect(a, b, other);
        let both = code.mul(first, found);
        let size = code.sum(both);
        guarded(ALICE, size, size, 10)
    });
    assert_eq!(other_keys, Err(unguarded(hers)));
    // And so is one over what was looked up: of rows with equal keys, one of theirs as often, whatever counts the former.
    let brought = |guard: Option<u32>| {
        shows(|code| {
            let (a, b, amounts) = (code.input(HERS, 0), code.input(HIS, 0), code.input(HIS, 1));
            let other = code.distinct(&[b]);
            let (found, brought) = code.join(a, b, other, amounts);
            let (sum, size) = (code.sum(brought), code.sum(found));
            match guard {
                Some(least) => guarded(ALICE, sum, size, least),
                None => to(ALICE, [sum]),
            }
        })
    };
    assert_eq!(brought(None), Err(unguarded(hers)));
    assert_eq!(brought(Some(3)), Err(unguarded(hers)));
}
