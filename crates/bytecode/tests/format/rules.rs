//! Rules of declarations and manifest lines, each against a contract that breaks it and is otherwise valid.

use crate::common::{HALF, allow, blur, column, line, whole};
use crate::verify::refused;
use crate::world::{
    ALICE, BOB, Code, MODEL, PEOPLE, PIN, SECRET, Shown, TALLY, WINNER, check, contract, guarded,
    to, world,
};
use enigma_bytecode::model::{
    Budget, C, Column, Contract, DELTA_END, Kind, Known, Noise, Op, Profile, PublicOp, Recipient,
    Reveal, Role, S, Shape, Width,
};
use enigma_bytecode::plan::{Environment, Limit, Limits, PlanError, Sizes, Walk, quote};
use enigma_bytecode::ranges::RangeError;
use enigma_bytecode::verify::{
    MAX_DECLARATIONS, MAX_MEMBER_STEPS, MAX_VALUE_BYTES, VerifyError, verify,
};
use enigma_field::Committee;

type Change = fn(&mut Contract);

fn all_refused(error: &VerifyError, changes: &[Change]) {
    for (place, change) in changes.iter().enumerate() {
        assert_eq!(&refused(world(), change), error, "change {place}");
    }
}

fn named(name: &str) -> VerifyError {
    VerifyError::DuplicateName {
        name: name.to_owned(),
    }
}

#[test]
fn names_of_all_things_are_different() {
    let twice: [(&str, Change); 6] = [
        ("Dept", |c| c.enums.push(c.enums[0].clone())),
        ("a", |c| c.enums[0].variants[1] = "a".to_owned()),
        ("model", |c| {
            c.slots[usize::from(PIN)].name = "model".to_owned()
        }),
        ("k", |c| c.entries[0].params[1].name = "k".to_owned()),
        ("income", |c| {
            c.collections[0].columns[0].name = "income".to_owned()
        }),
        ("people", |c| c.groups.push(c.groups[0].clone())),
    ];
    for (name, change) in twice {
        assert_eq!(refused(world(), change), named(name));
    }
    let bad = |name: &str| VerifyError::BadName {
        name: name.to_owned(),
    };
    let column = |c: &mut Contract, name: &str| c.collections[0].columns[0].name = name.to_owned();
    for name in ["", ".", "a.", "a b", ".0", "a..b"] {
        assert_eq!(refused(world(), |c| column(c, name)), bad(name));
    }
    for name in ["a.0", "0", "a.b.17", "_x"] {
        let mut contract = world();
        column(&mut contract, name);
        assert_eq!(verify(&contract), Ok(()));
    }
    // A slot of the ledger and one of the committee are told apart by where they are.
    let mut same = world();
    same.slots[usize::from(PIN)].name = "count".to_owned();
    assert_eq!(verify(&same), Ok(()));
}

#[test]
fn declarations_are_few() {
    let many: [Change; 4] = [
        |c| c.enums = vec![c.enums[0].clone(); MAX_DECLARATIONS + 1],
        |c| c.slots = vec![c.slots[0].clone(); MAX_DECLARATIONS + 1],
        |c| c.entries = vec![c.entries[0].clone(); MAX_DECLARATIONS + 1],
        |c| c.entries[0].params = vec![c.entries[0].params[0].clone(); MAX_DECLARATIONS + 1],
    ];
    all_refused(&VerifyError::TooMany, &many);
    let none: [Change; 1] = [|c| c.enums[0].variants.clear()];
    all_refused(&VerifyError::BadEnum { index: 0 }, &none);
}

fn of(kind: Kind, low: i64, high: i64) -> Column {
    column("x", kind, low, high)
}

#[test]
fn private_columns_hold_numbers_that_can_be_shared() {
    let with = |column: Column| {
        let mut contract = world();
        contract.collections[0].columns[1] = column;
        verify(&contract)
    };
    let limb = (1 << 52) - 1;
    for good in [
        of(Kind::Integer, -5, 5),
        of(Kind::Fixed(62), 0, 1),
        of(Kind::Bool, 0, 1),
        of(Kind::Enum(0), 0, 2),
        of(Kind::Limb, 0, limb),
        of(Kind::Limb, 0, (1 << 48) - 1),
        of(Kind::Integer, 1 - (1 << 59), (1 << 59) - 1),
    ] {
        assert_eq!(with(good), Ok(()));
    }
    for bad in [
        of(Kind::Integer, 5, 4),
        of(Kind::Integer, 0, 1 << 59),
        of(Kind::Integer, -(1 << 59), 0),
        of(Kind::Fixed(63), 0, 1),
        of(Kind::Bool, 0, 2),
        of(Kind::Bool, -1, 1),
        of(Kind::Enum(0), 0, 3),
        of(Kind::Enum(1), 0, 0),
        of(Kind::Limb, 0, limb + 1),
        of(Kind::Bytes(4), 0, 0),
        of(Kind::Account, 0, 0),
        of(Kind::MemberOf(0), 0, 1),
    ] {
        let error = VerifyError::BadCollection { collection: 0 };
        assert_eq!(with(bad.clone()), Err(error), "{bad:?}");
        let mut contract = world();
        contract.entries[0].params[0].columns[0] = bad;
        let error = VerifyError::BadParam { entry: 0, param: 0 };
        assert_eq!(verify(&contract), Err(error));
    }
    // The large field holds more.
    let mut large = world();
    large.profile = Profile::ShamirM127V1;
    large.collections[0].columns[1].high = i64::MAX;
    assert_eq!(verify(&large), Ok(()));
    large.collections[0].columns[1].low = i64::MIN;
    let error = VerifyError::BadCollection { collection: 0 };
    assert_eq!(verify(&large), Err(error));
}

#[test]
fn public_columns_hold_numbers_bytes_and_accounts() {
    let with = |column: Column| {
        let mut contract = world();
        contract.entries[0].params[1].columns[0] = column;
        verify(&contract)
    };
    for good in [
        of(Kind::Integer, i64::MIN, i64::MAX),
        of(Kind::Bytes(1), 0, 0),
        of(Kind::Bytes(MAX_VALUE_BYTES), 0, 0),
        of(Kind::Account, 0, 0),
    ] {
        assert_eq!(with(good), Ok(()));
    }
    for bad in [
        of(Kind::Bytes(0), 0, 0),
        of(Kind::Bytes(MAX_VALUE_BYTES + 1), 0, 0),
        of(Kind::Bytes(4), 0, 1),
        of(Kind::Account, 0, 1),
        of(Kind::Limb, 0, 1),
        of(Kind::MemberOf(0), 0, 0),
    ] {
        let error = VerifyError::BadParam { entry: 0, param: 1 };
        assert_eq!(with(bad), Err(error));
    }
    let none: [Change; 1] = [|c| c.entries[0].params[1].columns.clear()];
    all_refused(&VerifyError::BadParam { entry: 0, param: 1 }, &none);
}

#[test]
fn collections_have_givers_and_policies_that_exist() {
    let wrong = VerifyError::BadCollection { collection: 0 };
    let changes: [Change; 6] = [
        |c| c.collections[0].allows[0] = allow(Shape::Any, Recipient::Party(2)),
        |c| c.collections[0].allows[0] = allow(Shape::Any, Recipient::EachOf(1)),
        |c| c.collections[0].allows[0] = allow(Shape::PerOwner, Recipient::Caller),
        |c| c.collections[0].allows[0] = allow(Shape::Aggregate(0), ALICE),
        // Everyone sees the sum of two: each of both knows the other's row.
        |c| c.collections[0].allows[0] = allow(Shape::Aggregate(2), Recipient::Public),
        |c| c.collections[0].allows[0].recipients.clear(),
    ];
    all_refused(&wrong, &changes);
    let mut two = world();
    two.groups[0].min = 2;
    two.collections[0].allows[0] = allow(Shape::Aggregate(2), Recipient::Public);
    assert_eq!(verify(&two), Ok(()));
}

#[test]
fn slots_are_what_their_store_can_hold() {
    let change = |slot: u16, change: fn(&mut enigma_bytecode::model::Slot)| {
        let slot = usize::from(slot);
        let error = refused(world(), |c| change(&mut c.slots[slot]));
        assert_eq!(error, VerifyError::BadSlot { slot });
    };
    change(MODEL, |slot| slot.key = Some(whole(Kind::Account, 0, 0)));
    change(MODEL, |slot| slot.initial.clear());
    change(MODEL, |slot| slot.initial[0] = Known::Number(1_000_001));
    change(MODEL, |slot| slot.initial[0] = Known::Bytes(vec![0]));
    change(MODEL, |slot| slot.columns[0].high = 1 << 59);
    change(MODEL, |slot| slot.columns[0].kind = Kind::Account);
    change(MODEL, |slot| {
        slot.allows[0] = allow(Shape::PerOwner, Recipient::OwnerOf(0));
    });
    change(0, |slot| slot.accumulator = true);
    change(0, |slot| slot.allows = vec![allow(Shape::Any, ALICE)]);
    change(0, |slot| slot.columns[0].kind = Kind::Limb);
    change(WINNER, |slot| slot.initial[0] = Known::Bytes(vec![0; 19]));
    change(WINNER, |slot| slot.initial[0] = Known::Number(0));
    // A sum needs room for all contributions, and begins within one.
    change(TALLY, |slot| slot.columns[0].high = (1 << 59) - 2);
    change(TALLY, |slot| slot.columns[0].low = -1);
    change(TALLY, |slot| slot.columns[0].kind = Kind::Limb);
    change(TALLY, |slot| slot.initial[0] = Known::Number((1 << 28) + 1));
    let mut signed = world();
    signed.slots[usize::from(TALLY)].columns[0].low = 1 - (1 << 59);
    signed.slots[usize::from(TALLY)].initial[0] = Known::Number(-(1 << 28));
    assert_eq!(verify(&signed), Ok(()));
}

#[test]
fn roles_and_budgets_mean_something() {
    for (role, exists) in [
        (Role::Party(1), true),
        (Role::Party(2), false),
        (Role::Member(0), true),
        (Role::Member(1), false),
    ] {
        let mut contract = world();
        contract.entries[0].by = Some(role);
        assert_eq!(verify(&contract).is_ok(), exists);
    }
    let spent: [Change; 4] = [
        |c| {
            c.budget = Some(Budget {
                epsilon_total: Some(0),
                ..Budget::default()
            });
        },
        |c| {
            c.budget = Some(Budget {
                runs_per_input: Some(0),
                ..Budget::default()
            });
        },
        |c| {
            c.budget = Some(Budget {
                delta_total: Some(0),
                ..Budget::default()
            });
        },
        |c| {
            c.budget = Some(Budget {
                delta_total: Some(DELTA_END),
                ..Budget::default()
            });
        },
    ];
    all_refused(&VerifyError::BadBudget, &spent);
}

/// The sum of incomes to everyone, as the public register 0.
fn total() -> Contract {
    let mut contract = contract(|code| {
        let rows = code.input(PEOPLE, 1);
        Some(to(Recipient::Public, [code.sum(rows)]))
    });
    let shown = Shape::Aggregate(5);
    contract.manifest[0].sources = vec![(enigma_bytecode::model::Source::Collection(0), shown)];
    if let Some(Op::Out { public, .. }) = contract.entries[0].code.last_mut() {
        *public = Some(C(0));
    }
    contract
}

#[test]
fn what_becomes_public_is_for_everyone() {
    let wrong = VerifyError::BadRecipient { reveal: 0 };
    let to_one = refused(total(), |c| c.manifest[0].recipients = vec![ALICE]);
    assert_eq!(to_one, wrong);
    let mut both = total();
    both.manifest[0].recipients = vec![BOB, Recipient::Public];
    assert_eq!(verify(&both), Ok(()));
    for recipients in [
        vec![],
        vec![Recipient::Public, BOB],
        vec![BOB, BOB],
        vec![Recipient::OwnerOf(0), Recipient::Public],
    ] {
        assert_eq!(
            refused(total(), |c| c.manifest[0].recipients = recipients),
            wrong
        );
    }
    // Everyone sees it whether or not the code goes on with it; who goes on reads what was shown.
    let shown = |c: &mut Contract| {
        c.entries[0].code.push(Op::Hide { dst: S(2), a: C(0) });
    };
    let mut used = total();
    shown(&mut used);
    assert_eq!(verify(&used), Ok(()));
    if let Some(Op::Out { public, .. }) = used.entries[0].code.get_mut(2) {
        *public = None;
    }
    let error = RangeError::Undefined { op: 3 };
    assert_eq!(verify(&used), Err(VerifyError::Code { entry: 0, error }));
}

#[test]
fn lines_say_what_columns_are_and_where_they_lie() {
    let change = |column: Column| refused(total(), |c| c.manifest[0].columns = vec![column]);
    let range = VerifyError::BadRange { reveal: 0 };
    assert_eq!(change(whole(Kind::Integer, 0, 99_999)), range);
    assert_eq!(change(whole(Kind::Integer, 1, 100_000)), range);
    let kind = VerifyError::BadKind { reveal: 0 };
    for wrong in [
        Kind::Bool,
        Kind::Enum(0),
        Kind::Bytes(8),
        Kind::Account,
        Kind::MemberOf(0),
        Kind::Fixed(63),
    ] {
        assert_eq!(change(whole(wrong, 0, 1)), kind, "{wrong:?}");
    }
    let mut point = total();
    point.manifest[0].columns = vec![whole(Kind::Fixed(2), 0, 100_000)];
    assert_eq!(verify(&point), Ok(()));
    let more = |c: &mut Contract| c.manifest[0].columns.push(of(Kind::Integer, 0, 0));
    let error = RangeError::BadParameter { op: 2 };
    assert_eq!(
        refused(total(), more),
        VerifyError::Code { entry: 0, error }
    );
}

#[test]
fn guards_and_counts_belong_together() {
    let wrong = VerifyError::BadGuard { reveal: 0 };
    assert_eq!(
        refused(total(), |c| c.manifest[0].hidden_below = Some(5)),
        wrong
    );
    let guarded = || {
        let mut contract = contract(|code| {
            let (rows, one) = (code.input(PEOPLE, 1), code.hide(7));
            Some(guarded(Recipient::Public, code.sum(rows), one, 5))
        });
        contract.manifest[0].sources = total().manifest[0].sources.clone();
        contract.manifest[0].columns = vec![whole(Kind::Integer, 0, 100_000)];
        contract
    };
    assert_eq!(
        refused(guarded(), |c| c.manifest[0].hidden_below = None),
        wrong
    );
    assert_eq!(
        refused(guarded(), |c| c.manifest[0].hidden_below = Some(0)),
        wrong
    );
    // What is hidden is 0, which the line says.
    let mut hidden = contract(|code| {
        let (rows, one) = (code.input(PEOPLE, 1), code.hide(1));
        let rows = code.add(rows, one);
        Some(to(Recipient::Public, [code.sum(rows)]))
    });
    hidden.manifest[0].sources = total().manifest[0].sources.clone();
    assert_eq!(verify(&hidden), Ok(()));
    assert_eq!(hidden.manifest[0].columns[0].low, 5);
    hidden.manifest[0].hidden_below = Some(5);
    if let Some(Op::Out { counts, .. }) = hidden.entries[0].code.last_mut() {
        counts.push(S(1));
    }
    assert!(matches!(verify(&hidden), Err(VerifyError::BadRange { .. })));
    let odd = |c: &mut Contract| {
        if let Some(Op::Out { counts, .. }) = c.entries[0].code.last_mut() {
            counts.extend([S(1), S(1)]);
        }
    };
    let error = RangeError::BadParameter { op: 4 };
    assert_eq!(
        refused(guarded(), odd),
        VerifyError::Code { entry: 0, error }
    );
}

#[test]
fn noise_is_what_templates_draw_and_stays_within_the_field() {
    let blurred = |noise, write: fn(&mut Code) -> S| {
        check(contract(|code| {
            let value = write(code);
            Some(Shown {
                noise: Some(blur(noise)),
                ..to(Recipient::Public, [value])
            })
        }))
    };
    let sum = |code: &mut Code| {
        let rows = code.input(PEOPLE, 1);
        code.sum(rows)
    };
    let (laplace, gaussian) = (
        |decay| Noise::Laplace { decay },
        |decay| Noise::Gaussian(Width::table(decay)),
    );
    assert!(blurred(laplace(1 << 63), sum).is_ok());
    let count = |code: &mut Code| {
        let flag = code.input(PEOPLE, 2);
        code.sum(flag)
    };
    assert!(blurred(gaussian(1 << 63), count).is_ok());
}

#[test]
fn noise_that_cannot_be_drawn_is_refused() {
    let gaussian = |steps, decay| Noise::Gaussian(Width { steps, decay });
    for noise in [
        Noise::Laplace { decay: 0 },
        Noise::Laplace { decay: u64::MAX },
        gaussian(0, 0),
        gaussian(0, u64::MAX),
        // What one step would give, a table holds; two steps start with nothing so narrow.
        gaussian(1, u64::MAX - (1 << 53)),
        gaussian(2, 1 << 63),
        gaussian(28, u64::MAX - (1 << 53)),
    ] {
        let error = RangeError::BadParameter { op: 2 };
        let found = refused(total(), |c| c.manifest[0].noise = Some(blur(noise)));
        assert_eq!(found, VerifyError::Code { entry: 0, error });
    }
    // The line says how far it reaches, and it is added to numbers only.
    let noise = Some(blur(HALF));
    let narrow = refused(total(), |c| c.manifest[0].noise = noise);
    assert_eq!(narrow, VerifyError::BadRange { reveal: 0 });
    let mut bit = contract(|code| {
        let number = code.input(SECRET, 0);
        Some(to(Recipient::Public, [code.greater_than(number, 3)]))
    });
    bit.manifest[0].columns = vec![whole(Kind::Bool, 0, 1)];
    assert!(check(bit.clone()).is_ok());
    bit.manifest[0].noise = noise;
    assert_eq!(check(bit), Err(VerifyError::BadNoise { reveal: 0 }));
    // A value at the field's end has no room for noise.
    let mut full = contract(|code| {
        let rows = code.input(PEOPLE, 2);
        let sum = code.sum(rows);
        let most = code.hide((1 << 59) - 101);
        Some(to(Recipient::Public, [code.add(sum, most)]))
    });
    full.manifest[0].sources = total().manifest[0].sources.clone();
    let large = refused(full, |c| c.manifest[0].noise = noise);
    assert!(matches!(
        large,
        VerifyError::Code {
            error: RangeError::TooLarge { .. },
            ..
        }
    ));
}

/// What is done for each member is done with short values: it takes time with each byte.
#[test]
fn loops_over_members_make_and_read_short_values() {
    let with = |len: usize, inside: bool| {
        let mut contract = contract(|code| {
            let text = |code: &mut Code| {
                code.c(|dst| Op::ConstBytes {
                    dst,
                    value: vec![1; len],
                })
            };
            let outer = text(code);
            let member = code.c(|dst| Op::EachMember { dst, group: 0 });
            let inner = if inside { text(code) } else { member };
            let other = if inside { member } else { outer };
            code.c(|dst| Op::Public {
                dst,
                op: PublicOp::Equal,
                a: inner,
                b: other,
            });
            code.emit(Op::End);
            None
        });
        contract.entries[0].params.clear();
        check(contract)
    };
    for inside in [false, true] {
        assert_eq!(with(1_024, inside), Ok(vec![]));
        let error = RangeError::LongValue { op: 2 };
        assert_eq!(
            with(1_025, inside),
            Err(VerifyError::Code { entry: 0, error })
        );
    }
}

/// What everyone is shown stays until a run is over: it is counted before it is opened.
#[test]
fn what_is_shown_to_everyone_is_held() {
    let walk = || {
        let environment = Environment {
            rows: vec![5, 0, 0, 1],
            ..Environment::default()
        };
        let limits = Limits {
            public_bytes: 24 * 1_000,
            ..Limits::default()
        };
        let contract = loops(100, &[]).into();
        Walk::new(contract, 0, environment, limits).expect("it begins")
    };
    let of = |kind: Kind| Reveal {
        columns: vec![whole(kind, 0, 1); 2],
        ..line("shown", Recipient::Public, whole(kind, 0, 1), Vec::new())
    };
    assert_eq!(walk().will_show(&of(Kind::Bool), [500, 500]), Ok(()));
    let over = |needed| {
        Err(PlanError::OverLimit {
            limit: Limit::PublicBytes,
            allowed: 24_000,
            needed,
        })
    };
    assert_eq!(walk().will_show(&of(Kind::Bool), [500, 501]), over(24_024));
    let members = of(Kind::MemberOf(0));
    assert_eq!(walk().will_show(&members, [500, 100]), over(26_400));
}

/// Loops over up to so many members, each with so many operations in its body.
fn loops(members: u32, bodies: &[usize]) -> Contract {
    let mut contract = contract(|code| {
        for body in bodies {
            code.c(|dst| Op::EachMember { dst, group: 0 });
            for _ in 0..*body {
                code.constant(1);
            }
            code.emit(Op::End);
        }
        None
    });
    contract.groups[0].max = members;
    contract.entries[0].params.clear();
    contract
}

#[test]
fn loops_over_members_are_bounded_before_they_run() {
    // Each turn counts one more than what is done in it.
    let most = 1 << 20;
    assert_eq!(check(loops(most, &[0])), Ok(vec![]));
    assert_eq!(check(loops(most / 2, &[1])), Ok(vec![]));
    assert_eq!(check(loops(most / 4, &[0, 2])), Ok(vec![]));
    let too_many = Err(VerifyError::TooManyMemberSteps { entry: 0 });
    assert_eq!(check(loops(most, &[1])), too_many);
    assert_eq!(check(loops(most, &[0, 0])), too_many);
    assert_eq!(check(loops(most / 4, &[1, 2])), too_many);
    // What nobody has verified is not quoted, nor run, either.
    let sizes = Sizes {
        rows: vec![5, 0, 0, 1],
    };
    let committee = Committee::new(3).expect("a committee");
    let over_limit = |needed, allowed| PlanError::OverLimit {
        limit: Limit::MemberSteps,
        allowed,
        needed,
    };
    let quoted = quote(&loops(most, &[0, 0]), 0, &sizes, committee);
    assert_eq!(quoted, Err(over_limit(2 << 20, MAX_MEMBER_STEPS)));
    assert!(quote(&loops(most, &[0]), 0, &sizes, committee).is_ok());
    let run = |members: u8, member_steps| {
        let environment = Environment {
            rows: sizes.rows.clone(),
            groups: vec![(0..members).map(|k| vec![k; 20]).collect()],
            ..Environment::default()
        };
        let limits = Limits {
            member_steps,
            ..Limits::default()
        };
        let contract = loops(100, &[2, 3]).into();
        let mut walk = Walk::new(contract, 0, environment, limits)?;
        walk.advance()
    };
    assert!(run(6, 42).is_ok());
    assert_eq!(run(6, 41), Err(over_limit(42, 41)));
    assert_eq!(run(6, 17), Err(over_limit(18, 17)));
}
