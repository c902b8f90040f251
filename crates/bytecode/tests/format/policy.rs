//! What may be shown to whom, and stored where: each rule with what it takes and what it refuses.

use crate::common::{HALF, allow, blur};
use crate::world::{
    ALICE, BOB, COPY, Code, HERS, MODEL, OWNERS, PEOPLE, PIN, SECRET, SHUT, Shown, TALLY, check,
    contract, guarded, show, shows, to, world,
};
use enigma_bytecode::model::{Blur, Contract, Entry, Op, Order, Recipient, S, Shape, Source};
use enigma_bytecode::release::Refusal;
use enigma_bytecode::verify::VerifyError;

const ROWS: Source = Source::Collection(PEOPLE);
const OF_FIVE: Shape = Shape::Aggregate(5);

fn not_allowed(source: Source) -> VerifyError {
    VerifyError::NotAllowed {
        reveal: 0,
        refusal: Refusal::NotAllowed { source },
    }
}

pub(crate) fn unguarded(source: Source) -> VerifyError {
    VerifyError::NotAllowed {
        reveal: 0,
        refusal: Refusal::Unguarded { source },
    }
}

#[test]
fn sums_rows_and_members_go_where_they_are_allowed() {
    let sum = |recipient| {
        shows(|code| {
            let rows = code.input(PEOPLE, 1);
            to(recipient, [code.sum(rows)])
        })
    };
    assert_eq!(sum(Recipient::Public), Ok(vec![(ROWS, OF_FIVE)]));
    // Whom everyone includes.
    assert_eq!(sum(BOB), Ok(vec![(ROWS, OF_FIVE)]));
    assert_eq!(sum(Recipient::Caller), Ok(vec![(ROWS, OF_FIVE)]));
    let ranks = |recipient| {
        shows(|code| {
            let (a, order) = (code.input(PEOPLE, 1), Order::Ascending);
            to(recipient, [code.s(|dst| Op::Rank { dst, a, order })])
        })
    };
    assert_eq!(ranks(OWNERS), Ok(vec![(ROWS, Shape::PerOwner)]));
    let vector = VerifyError::BadRecipient { reveal: 0 };
    assert_eq!(ranks(Recipient::Public), Err(vector));
    let member = |recipient| {
        shows(|code| {
            let rows = code.input(PEOPLE, 1);
            to(recipient, [code.first_member(rows)])
        })
    };
    assert_eq!(member(ALICE), Ok(vec![(ROWS, Shape::Member)]));
    assert_eq!(member(BOB), Err(not_allowed(ROWS)));
}

#[test]
fn of_one_number_everyone_may_see_one_bit() {
    let source = Source::Collection(SECRET);
    let of = |recipient, write: fn(&mut Code, S) -> Vec<S>| {
        shows(|code| {
            let number = code.input(SECRET, 0);
            let values = write(code, number);
            to(recipient, values)
        })
    };
    let bit = Ok(vec![(source, Shape::Bit)]);
    let everyone = Recipient::Public;
    let above = |code: &mut Code, x: S| vec![code.greater_than(x, 50)];
    assert_eq!(of(everyone, above), bit);
    // One of two bits, or both of them, is still one.
    let both = |code: &mut Code, x: S| {
        let (a, b) = (code.greater_than(x, 50), code.greater_than(x, 20));
        vec![code.mul(a, b)]
    };
    assert_eq!(of(everyone, both), bit);
    let number = |_: &mut Code, x: S| vec![x];
    assert_eq!(of(everyone, number), Err(not_allowed(source)));
    assert_eq!(of(ALICE, number), Ok(vec![(source, Shape::PerOwner)]));
    assert_eq!(of(BOB, number), Err(not_allowed(source)));
    let two = |code: &mut Code, x: S| {
        let (a, b) = (code.greater_than(x, 50), code.greater_than(x, 20));
        vec![code.add(a, b)]
    };
    assert_eq!(of(everyone, two), Err(not_allowed(source)));
    let columns = |code: &mut Code, x: S| vec![code.greater_than(x, 50), code.greater_than(x, 20)];
    assert_eq!(of(everyone, columns), Err(not_allowed(source)));
    // A bit for each row is as many bits as there are rows.
    let mut counted = contract(|code| {
        let (x, rows) = (code.input(SECRET, 0), code.input(PEOPLE, 1));
        let above = code.greater(rows, x);
        Some(to(everyone, [code.sum(above)]))
    });
    counted.collections[usize::from(PEOPLE)]
        .allows
        .push(allow(Shape::Any, everyone));
    assert_eq!(check(counted), Err(not_allowed(source)));
}

#[test]
fn of_one_number_an_entry_shows_one_bit() {
    let source = Source::Collection(SECRET);
    let above = |bounds: &[i64], recipients: &[Recipient]| {
        let mut world = world();
        let mut code = Code::default();
        let x = code.input(SECRET, 0);
        let bits: Vec<S> = bounds.iter().map(|b| code.greater_than(x, *b)).collect();
        world.entries[0].code = code.ops;
        for (bit, recipient) in bits.into_iter().zip(recipients) {
            show(&mut world, to(*recipient, [bit]));
        }
        world
    };
    let (everyone, second) = (
        Recipient::Public,
        VerifyError::SecondBit { entry: 0, source },
    );
    assert!(check(above(&[50], &[everyone])).is_ok());
    // Whoever is told, and also the same bit once more: who asks for it can ask for another.
    for recipients in [[everyone; 2], [everyone, BOB], [ALICE, everyone]] {
        let result = check(above(&[50, 20], &recipients));
        let is_hers = recipients.contains(&ALICE);
        assert_eq!(result.is_ok(), is_hers, "{recipients:?}");
        if !is_hers {
            assert_eq!(result, Err(second.clone()));
        }
    }
    assert_eq!(check(above(&[50, 50], &[everyone; 2])), Err(second.clone()));
    // A guard's answer is a bit, too.
    let mut guard = above(&[50], &[everyone]);
    let mut code = Code::default();
    let (x, rows) = (code.input(SECRET, 0), code.input(PEOPLE, 1));
    let (bit, sum) = (code.greater_than(x, 50), code.sum(rows));
    guard.entries[0].code = code.ops;
    guard.manifest.clear();
    show(&mut guard, to(everyone, [bit]));
    show(&mut guard, guarded(everyone, sum, x, 5));
    assert_eq!(check(guard), Err(second));
    // Another clause covers as many as its owner likes, and another entry is another call.
    let mut open = above(&[50, 20], &[everyone; 2]);
    open.collections[usize::from(SECRET)]
        .allows
        .push(allow(Shape::Any, everyone));
    assert!(check(open).is_ok());
    let twice = then(above(&[50], &[everyone]), |code| {
        let x = code.input(SECRET, 0);
        to(Recipient::Public, [code.greater_than(x, 20)])
    });
    assert!(check(twice).is_ok());
    // A caller's own bits are shown as the manifest says.
    let mut own = contract(|code| {
        let k = code.param();
        Some(to(everyone, [code.greater_than(k, 3)]))
    });
    let mut code = Code::default();
    let k = code.param();
    let bits = [code.greater_than(k, 3), code.greater_than(k, 5)];
    own.entries[0].code = code.ops;
    own.manifest.clear();
    for bit in bits {
        show(&mut own, to(everyone, [bit]));
    }
    assert!(check(own).is_ok());
}

#[test]
fn a_caller_agrees_to_the_manifest() {
    let source = Source::Param(0);
    for recipient in [Recipient::Caller, Recipient::Public, BOB] {
        let number = shows(|code| to(recipient, [code.param()]));
        assert_eq!(number, Ok(vec![(source, Shape::Any)]));
    }
    let bit = shows(|code| {
        let k = code.param();
        to(Recipient::Public, [code.greater_than(k, 3)])
    });
    assert_eq!(bit, Ok(vec![(source, Shape::Bit)]));
    let both = shows(|code| {
        let (k, rows) = (code.param(), code.input(PEOPLE, 1));
        let sum = code.sum(rows);
        to(BOB, [code.mul(k, sum)])
    });
    assert_eq!(both, Ok(vec![(ROWS, OF_FIVE), (source, Shape::Any)]));
}

/// Another entry, which shows something of what the first has stored.
fn then(mut contract: Contract, write: impl FnOnce(&mut Code) -> Shown) -> Contract {
    let mut code = Code::default();
    let shown = write(&mut code);
    let params = contract.entries[0].params.clone();
    contract.entries.push(Entry {
        name: "later".to_owned(),
        by: None,
        params,
        code: code.ops,
    });
    show(&mut contract, shown);
    contract
}

fn stores(write: impl FnOnce(&mut Code)) -> Contract {
    contract(|code| {
        write(code);
        None
    })
}

fn not_storable(slot: u16, source: Source) -> VerifyError {
    VerifyError::NotStorable {
        entry: 0,
        slot,
        refusal: Refusal::NotAllowed { source },
    }
}

#[test]
fn what_is_in_a_slot_is_shown_as_the_slot_allows() {
    let model = Source::Slot(MODEL);
    let sum = || {
        stores(|code| {
            let rows = code.input(PEOPLE, 1);
            let sum = code.sum(rows);
            code.store(MODEL, sum);
        })
    };
    let later = |recipient| check(then(sum(), |code| to(recipient, [code.load(MODEL)])));
    assert_eq!(later(Recipient::Caller), Ok(vec![(model, OF_FIVE)]));
    assert_eq!(later(Recipient::Public), Err(not_allowed(model)));
    // Nobody counts rows again when it is shown, so they are counted when it is stored.
    assert_eq!(sum().minimum_rows(0, PEOPLE.into()), 5);
    let mut more = sum();
    more.slots[usize::from(MODEL)].allows[0].shape = Shape::Aggregate(30);
    assert_eq!(more.minimum_rows(0, PEOPLE.into()), 30);
    assert_eq!(world().minimum_rows(0, PEOPLE.into()), 5);

    // A single value in it is no aggregate; once put there by any entry, it may be there.
    let single = stores(|code| {
        let k = code.param();
        code.store(MODEL, k);
    });
    let shown = check(then(single, |code| {
        to(Recipient::Caller, [code.load(MODEL)])
    }));
    assert_eq!(shown, Err(not_allowed(model)));
    // Nothing has been put into it: everyone knows what is in it.
    let first = shows(|code| to(Recipient::Caller, [code.load(MODEL)]));
    assert_eq!(first, Ok(vec![(model, OF_FIVE)]));
    let shut = shows(|code| to(Recipient::Caller, [code.load(SHUT)]));
    assert_eq!(shut, Err(not_allowed(Source::Slot(SHUT))));
}

#[test]
fn a_secret_is_compared_and_not_shown() {
    let pin = Source::Slot(PIN);
    let enrolled = || {
        stores(|code| {
            let k = code.param();
            code.store(PIN, k);
        })
    };
    let right = check(then(enrolled(), |code| {
        let (k, pin) = (code.param(), code.load(PIN));
        to(Recipient::Public, [code.greater(k, pin)])
    }));
    let bits = vec![(pin, Shape::Bit), (Source::Param(0), Shape::Bit)];
    assert_eq!(right, Ok(bits));
    let number = check(then(enrolled(), |code| {
        to(Recipient::Public, [code.load(PIN)])
    }));
    assert_eq!(number, Err(not_allowed(pin)));
    // Anything may go where nothing is ever shown.
    let kept = stores(|code| {
        let number = code.input(SECRET, 0);
        code.store(SHUT, number);
    });
    assert_eq!(check(kept), Ok(vec![]));
}

#[test]
fn slots_allow_no_more_than_their_sources() {
    let first_of = |collection, slot| {
        check(stores(|code| {
            let rows = code.input(collection, 1);
            let first = code.first(rows);
            code.store(slot, first);
        }))
    };
    assert_eq!(first_of(PEOPLE, MODEL), Ok(vec![]));
    // Hers may be shown to Alice and Bob only.
    let hers = Source::Collection(HERS);
    assert_eq!(first_of(HERS, MODEL), Err(not_storable(MODEL, hers)));
    // `bit` is not among the clauses of rows.
    assert_eq!(first_of(PEOPLE, PIN), Err(not_storable(PIN, ROWS)));
    let moved = |from, into| {
        check(stores(|code| {
            let value = code.load(from);
            let (zero, million) = (code.hide(0), code.hide(9_999));
            let value = code.s(|dst| Op::Larger {
                dst,
                a: value,
                b: zero,
            });
            let value = code.s(|dst| Op::Smaller {
                dst,
                a: value,
                b: million,
            });
            code.store(into, value);
        }))
    };
    assert_eq!(moved(MODEL, SHUT), Ok(vec![]));
    assert_eq!(
        moved(SHUT, MODEL),
        Err(not_storable(MODEL, Source::Slot(SHUT)))
    );
    // Of a copy nobody knows how many contributions it has.
    assert_eq!(
        moved(TALLY, COPY),
        Err(not_storable(COPY, Source::Slot(TALLY)))
    );
    assert_eq!(moved(COPY, COPY), Ok(vec![]));
    // More rows are asked for than the owners ask for: that is narrower.
    let mut narrow = stores(|code| {
        let rows = code.input(PEOPLE, 1);
        let sum = code.sum(rows);
        code.store(MODEL, sum);
    });
    let shape = &mut narrow.slots[usize::from(MODEL)].allows[0].shape;
    *shape = Shape::Aggregate(6);
    assert_eq!(check(narrow.clone()), Ok(vec![]));
    narrow.slots[usize::from(MODEL)].allows[0].shape = Shape::Aggregate(4);
    assert_eq!(check(narrow), Err(not_storable(MODEL, ROWS)));
}

#[test]
fn an_accumulator_mixes_what_callers_give() {
    let tally = Source::Slot(TALLY);
    let votes = || {
        stores(|code| {
            let k = code.param();
            let yes = code.greater_than(k, 50);
            code.accumulate(TALLY, yes);
        })
    };
    let shown = check(then(votes(), |code| {
        to(Recipient::Public, [code.load(TALLY)])
    }));
    assert_eq!(shown, Ok(vec![(tally, Shape::Aggregate(20))]));
    let mut counted = then(votes(), |code| to(Recipient::Public, [code.load(TALLY)]));
    counted.manifest[0].sources = vec![(tally, Shape::Aggregate(20))];
    assert_eq!(counted.minimum_contributions(1, TALLY.into()), 20);
    // What is not a caller's own stays what it is.
    let number = stores(|code| {
        let number = code.input(SECRET, 0);
        code.accumulate(TALLY, number);
    });
    assert_eq!(
        check(number),
        Err(not_storable(TALLY, Source::Collection(SECRET)))
    );
}

/// Where other private data has a say in what a caller adds, k accounts may have added nothing.
#[test]
fn contributions_that_others_choose_are_a_hidden_part() {
    let chosen = |slot: Option<u16>| {
        let votes = stores(|code| {
            let k = code.param();
            let by = match slot {
                Some(slot) => code.load(slot),
                None => code.param(),
            };
            let (none, zero) = (code.greater_than(by, 0), code.hide(0));
            let added = code.select(none, zero, k);
            code.accumulate(TALLY, added);
        });
        let mut shown = then(votes, |code| to(Recipient::Public, [code.load(TALLY)]));
        let of_tally = shown.slots[usize::from(TALLY)].allows.clone();
        shown.slots[usize::from(SHUT)].allows = of_tally;
        check(shown)
    };
    let tally = Source::Slot(TALLY);
    assert_eq!(chosen(None), Ok(vec![(tally, Shape::Aggregate(20))]));
    assert_eq!(chosen(Some(TALLY)), Err(unguarded(tally)));
    assert_eq!(chosen(Some(SHUT)), Err(unguarded(tally)));
}

/// What an accumulator holds could be taken out of it, so that one contribution is left.
#[test]
fn an_accumulator_does_not_decide_what_is_added_to_it() {
    let votes = stores(|code| {
        let k = code.param();
        code.accumulate(TALLY, k);
    });
    let wiped = then(votes, |code| to(Recipient::Public, [code.load(TALLY)]));
    let wipes = |code: &mut Code| {
        let (a, b) = (code.load(TALLY), code.hide(1 << 20));
        let held = code.s(|dst| Op::Smaller { dst, a, b });
        code.accumulate(TALLY, held);
    };
    let mut code = Code::default();
    wipes(&mut code);
    let mut wiped = wiped;
    let params = wiped.entries[0].params.clone();
    wiped.entries.push(Entry {
        name: "wipe".to_owned(),
        by: None,
        params,
        code: code.ops,
    });
    assert_eq!(check(wiped), Err(unguarded(Source::Slot(TALLY))));
}

/// What is shown before and after a contribution differs by it.
#[test]
fn an_accumulator_is_shown_or_added_to() {
    let tally = Source::Slot(TALLY);
    let mut both = contract(|code| {
        let k = code.param();
        code.accumulate(TALLY, k);
        Some(to(Recipient::Public, [code.load(TALLY)]))
    });
    let refused = Err(VerifyError::ShownAndAdded {
        entry: 0,
        slot: TALLY,
    });
    assert_eq!(check(both.clone()), refused);
    // Whoever may see it whatever it is, may see this, too.
    both.slots[usize::from(TALLY)].allows = vec![allow(Shape::Any, Recipient::Public)];
    assert_eq!(check(both), Ok(vec![(tally, Shape::Any)]));
}

/// Rows with an income above what a caller names.
fn above(code: &mut Code) -> (S, S) {
    let (rows, k) = (code.input(PEOPLE, 1), code.param());
    (code.greater(rows, k), rows)
}

fn filtered(ok: Result<Vec<(Source, Shape)>, VerifyError>) {
    assert_eq!(
        ok,
        Ok(vec![(ROWS, OF_FIVE), (Source::Param(0), Shape::Any)])
    );
}

#[test]
fn a_hidden_part_is_shown_behind_a_count_of_it() {
    let caller = Recipient::Caller;
    let no = unguarded(ROWS);
    let bare = shows(|code| {
        let (mask, rows) = above(code);
        to(caller, [code.dot(mask, rows)])
    });
    assert_eq!(bare, Err(no.clone()));
    let least = |least| {
        shows(|code| {
            let (mask, rows) = above(code);
            let (sum, count) = (code.dot(mask, rows), code.sum(mask));
            guarded(caller, sum, count, least)
        })
    };
    filtered(least(5));
    filtered(least(6));
    assert_eq!(least(4), Err(no.clone()));
    // In other words.
    filtered(shows(|code| {
        let (mask, rows) = above(code);
        let (chosen, count) = (code.mul(rows, mask), code.sum(mask));
        guarded(caller, code.sum(chosen), count, 5)
    }));
    filtered(shows(|code| {
        let (mask, rows) = above(code);
        let (zero, count) = (code.hide(0), code.sum(mask));
        let chosen = code.select(mask, rows, zero);
        guarded(caller, code.sum(chosen), count, 5)
    }));
    filtered(shows(|code| {
        let (mask, rows) = above(code);
        let (sum, count) = (code.dot(mask, rows), code.sum(mask));
        guarded(caller, code.div(sum, count), count, 5)
    }));
    // The count itself, and two parts beside each other with the smaller count.
    filtered(shows(|code| {
        let (mask, _) = above(code);
        let count = code.sum(mask);
        guarded(caller, count, count, 5)
    }));
    filtered(shows(|code| {
        let (mask, rows) = above(code);
        let k = code.param();
        let other = code.greater(k, rows);
        let (a, b) = (code.dot(mask, rows), code.dot(other, rows));
        let (m, n) = (code.sum(mask), code.sum(other));
        let fewer = code.s(|dst| Op::Smaller { dst, a: m, b: n });
        Shown {
            counts: vec![fewer],
            hidden_below: Some(5),
            ..to(caller, [a, b])
        }
    }));
}

#[test]
fn a_count_of_other_rows_is_no_guard() {
    let wrong = |write: fn(&mut Code, S, S) -> (S, S)| {
        shows(|code| {
            let (mask, rows) = above(code);
            let (value, count) = write(code, mask, rows);
            guarded(Recipient::Caller, value, count, 5)
        })
    };
    let no = Err(unguarded(ROWS));
    // All rows with a flag; all rows; the rows behind a wider condition; what is not hidden of the mask.
    let flags = |code: &mut Code, mask: S, rows: S| {
        let flags = code.input(PEOPLE, 2);
        (code.dot(mask, rows), code.sum(flags))
    };
    assert_eq!(wrong(flags), no);
    let constant = |code: &mut Code, mask: S, rows: S| (code.dot(mask, rows), code.hide(1_000));
    assert_eq!(wrong(constant), no);
    let wider = |code: &mut Code, mask: S, rows: S| {
        let flags = code.input(PEOPLE, 2);
        let both = code.mul(mask, flags);
        (code.dot(both, rows), code.sum(mask))
    };
    assert_eq!(wrong(wider), no);
    let rest = |code: &mut Code, mask: S, rows: S| {
        let one = code.hide(1);
        let rest = code.sub(one, mask);
        (code.dot(mask, rows), code.sum(rest))
    };
    assert_eq!(wrong(rest), no);
    let larger = |code: &mut Code, mask: S, rows: S| {
        let (count, many) = (code.sum(mask), code.hide(1_000));
        let a = code.s(|dst| Op::Larger {
            dst,
            a: count,
            b: many,
        });
        (code.dot(mask, rows), a)
    };
    assert_eq!(wrong(larger), no);
    // The largest of the chosen is one of them.
    let first = |code: &mut Code, mask: S, rows: S| {
        let zero = code.hide(0);
        let chosen = code.select(mask, rows, zero);
        (code.first(chosen), code.sum(mask))
    };
    assert_eq!(wrong(first), no);
    // What is not chosen shows, too.
    let otherwise = |code: &mut Code, mask: S, rows: S| {
        let other = code.input(PEOPLE, 2);
        let chosen = code.select(mask, rows, other);
        (code.sum(chosen), code.sum(mask))
    };
    assert_eq!(wrong(otherwise), no);
}

#[test]
fn rows_that_their_own_values_choose() {
    let everyone = Recipient::Public;
    let mixed = Ok(vec![(ROWS, OF_FIVE)]);
    // A formula of one column, and a count of any condition, mix all rows.
    let own = shows(|code| {
        let rows = code.input(PEOPLE, 1);
        let high = code.greater_than(rows, 500);
        to(everyone, [code.dot(high, rows)])
    });
    assert_eq!(own, mixed);
    let counted = shows(|code| {
        let (flags, rows) = (code.input(PEOPLE, 2), code.input(PEOPLE, 1));
        let high = code.greater_than(rows, 500);
        let both = code.mul(flags, high);
        to(everyone, [code.sum(both)])
    });
    assert_eq!(counted, mixed);
    // A condition on one column lets through another: the income of who has a flag.
    let picked = |write: fn(&mut Code, S, S) -> S, guard: bool| {
        shows(|code| {
            let (flags, rows) = (code.input(PEOPLE, 2), code.input(PEOPLE, 1));
            let (sum, count) = (write(code, flags, rows), code.sum(flags));
            if guard {
                guarded(everyone, sum, count, 5)
            } else {
                to(everyone, [sum])
            }
        })
    };
    let dot = |code: &mut Code, flags: S, rows: S| code.dot(flags, rows);
    let product = |code: &mut Code, flags: S, rows: S| {
        let chosen = code.mul(rows, flags);
        code.sum(chosen)
    };
    let select = |code: &mut Code, flags: S, rows: S| {
        let zero = code.hide(0);
        let chosen = code.select(flags, rows, zero);
        code.sum(chosen)
    };
    for write in [dot, product, select] {
        assert_eq!(picked(write, false), Err(unguarded(ROWS)));
        assert_eq!(picked(write, true), mixed);
    }
}

#[test]
fn a_rank_says_something_of_the_others() {
    let ranks = |code: &mut Code| {
        let (a, order) = (code.input(PEOPLE, 1), Order::Ascending);
        Some(to(OWNERS, [code.s(|dst| Op::Rank { dst, a, order })]))
    };
    let mut ranked = contract(ranks);
    assert_eq!(check(ranked.clone()), Ok(vec![(ROWS, Shape::PerOwner)]));
    ranked.collections[0].allows.remove(0);
    assert_eq!(check(ranked), Err(not_allowed(ROWS)));
}

#[test]
fn owners_see_what_other_rows_have_chosen() {
    // Each owner may see their own row, chosen or not.
    let mut chosen = contract(|code| {
        let (mask, _) = above(code);
        Some(to(OWNERS, [mask]))
    });
    let sources = vec![(ROWS, Shape::PerOwner), (Source::Param(0), Shape::Any)];
    assert_eq!(check(chosen.clone()), Ok(sources));
    chosen.collections[0].allows.remove(1);
    assert_eq!(check(chosen), Err(not_allowed(ROWS)));
}

#[test]
fn noise_is_no_guard() {
    let blurred = |count: bool| {
        let noise = Some(Blur {
            counts: count.then_some(HALF),
            ..blur(HALF)
        });
        shows(|code| {
            let (mask, rows) = above(code);
            let (sum, size) = (code.dot(mask, rows), code.sum(mask));
            let caller = Recipient::Caller;
            let shown = if count {
                guarded(caller, sum, size, 5)
            } else {
                to(caller, [sum])
            };
            Shown { noise, ..shown }
        })
    };
    assert_eq!(blurred(false), Err(unguarded(ROWS)));
    filtered(blurred(true));
}

fn median(code: &mut Code) -> (S, S) {
    let (keys, a) = (code.input(PEOPLE, 0), code.input(PEOPLE, 1));
    let cells = code.s(|dst| Op::CellQuantile {
        dst,
        keys,
        a,
        len: 3,
        numerator: 1,
        denominator: 2,
    });
    (keys, cells)
}

#[test]
fn cells_are_shown_behind_their_own_counts() {
    let everyone = Recipient::Public;
    let of_cell = |cell, counted| {
        shows(|code| {
            let (keys, cells) = median(code);
            let counts = code.count_each(keys, 3);
            let (value, count) = (code.element(cells, cell), code.element(counts, counted));
            guarded(everyone, value, count, 5)
        })
    };
    assert_eq!(of_cell(1, 1), Ok(vec![(ROWS, OF_FIVE)]));
    let no = Err(unguarded(ROWS));
    assert_eq!(of_cell(1, 2), no);
    let bare = shows(|code| {
        let (_, cells) = median(code);
        to(everyone, [code.element(cells, 0)])
    });
    assert_eq!(bare, no);
    // The counts of other keys; the sum of all cells; the largest cell.
    let other = shows(|code| {
        let (_, cells) = median(code);
        let flags = code.input(PEOPLE, 2);
        let counts = code.count_each(flags, 3);
        let (value, count) = (code.element(cells, 0), code.element(counts, 0));
        guarded(everyone, value, count, 5)
    });
    assert_eq!(other, no);
    for all in [Code::sum, Code::first] {
        let mixed = shows(|code| {
            let (keys, cells) = median(code);
            let counts = code.count_each(keys, 3);
            let (value, count) = (all(code, cells), code.element(counts, 0));
            guarded(everyone, value, count, 5)
        });
        assert_eq!(mixed, no);
    }
    // Means of cells, one count for each, and counts alone, which mix all rows.
    let means = shows(|code| {
        let (keys, a) = (code.input(PEOPLE, 0), code.input(PEOPLE, 1));
        let sums = code.s(|dst| Op::CellSum {
            dst,
            keys,
            a,
            len: 3,
        });
        let counts = code.count_each(keys, 3);
        let means = code.div(sums, counts);
        let values = [0, 1, 2].map(|cell| code.element(means, cell));
        let counts = [0, 1, 2].map(|cell| code.element(counts, cell));
        Shown {
            counts: counts.to_vec(),
            hidden_below: Some(5),
            ..to(everyone, values)
        }
    });
    assert_eq!(means, Ok(vec![(ROWS, OF_FIVE)]));
    let counts = shows(|code| {
        let keys = code.input(PEOPLE, 0);
        let counts = code.count_each(keys, 3);
        to(everyone, [code.element(counts, 0), code.element(counts, 1)])
    });
    assert_eq!(counts, Ok(vec![(ROWS, OF_FIVE)]));
}

#[test]
fn shapes_of_several_recipients_and_values_are_the_most_demanding() {
    let mut world = contract(|code| {
        let rows = code.input(PEOPLE, 1);
        let mut shown = to(ALICE, [code.sum(rows)]);
        shown.recipients.push(BOB);
        Some(shown)
    });
    assert_eq!(check(world.clone()), Ok(vec![(ROWS, OF_FIVE)]));
    let allows = &mut world.collections[0].allows;
    allows[0] = allow(Shape::Aggregate(7), ALICE);
    assert_eq!(check(world.clone()), Err(not_allowed(ROWS)));
    world.collections[0]
        .allows
        .push(allow(Shape::Aggregate(9), BOB));
    assert_eq!(check(world), Ok(vec![(ROWS, Shape::Aggregate(9))]));
}
