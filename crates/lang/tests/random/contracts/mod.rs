//! Random contracts of the whole language, well typed and within the policy of their data, nearly always.
//!
//! A contract is made of choices that are read from bytes. Each expression is drawn for a wanted type and origin, with where its
//! numbers lie, so that the checker accepts it; what it still refuses is counted by the tests.

mod calls;
pub(crate) mod choices;
mod draft;
mod frame;
mod reveals;
mod rows;
mod scalars;
mod statements;

use calls::Entry;
use choices::Choices;
use draft::{Draft, Given, Held, Param, Want};
use frame::{Frame, Kind};
use statements::At;

/// A contract with one test. `secrets`: from where private numbers are drawn; the contract and what is public in its test do
/// not depend on it.
pub(crate) fn contract(bytes: &[u8], secrets: u64) -> String {
    // Large entries would leave no choices for what is called.
    let (of_calls, of_code) = bytes.split_at(bytes.len().min(CALL_BYTES));
    let mut choices = Choices::new(of_code, secrets);
    let frame = Frame::draw(&mut choices);
    let mut text = format!("contract Drawn version 1 {{\n{}", frame.declarations());
    let mut entries = Vec::new();
    for number in 0..1 + choices.pick(3) {
        let (entry, code) = entry(&mut choices, &frame, number);
        text.push_str(&code);
        entries.push(entry);
    }
    let mut choices = Choices::new(of_calls, secrets);
    text + &calls::test(&mut choices, &frame, &entries) + "}\n"
}

/// Bytes from which the calls of a test are drawn.
const CALL_BYTES: usize = 64;

fn entry(choices: &mut Choices, frame: &Frame, number: usize) -> (Entry, String) {
    let mut draft = Draft {
        choices,
        frame,
        scope: Vec::new(),
        text: String::new(),
        names: 0,
        quiet: false,
    };
    let (params, declared) = params(&mut draft);
    let by = draft.choices.of(&[None, None, Some("p"), Some("g")]);
    let who = by.map_or(String::new(), |by| format!(" by {by}"));
    let when = match draft.choices.pick(5) {
        1 => " when L.open",
        2 => " when L.n < 20 || L.open",
        3 => " when a.len() > 3 || L.open",
        _ => "",
    };
    let pays = draft.choices.of(&["", "", "", " pays 3", " pays a.len()"]);
    draft.statements(At::Open, 2);
    if !draft.text.contains("reveal ") {
        draft.reveal_number();
    }
    let name = format!("e{number}");
    let code = format!(
        "  entry {name}({}){who}{when}{pays} {{\n{}  }}\n",
        declared.join(", "),
        draft.text
    );
    (Entry { name, params, by }, code)
}

/// Parameters, and how they are declared.
fn params(draft: &mut Draft) -> (Vec<Param>, Vec<String>) {
    let (mut params, mut declared) = (Vec::new(), Vec::new());
    for _ in 0..draft.choices.pick(4) {
        let name = draft.name("x");
        let private = !draft.choices.chance(5);
        let number = Kind::Number(-6, 9);
        let (given, ty, held) = if private {
            private_param(draft)
        } else {
            (
                Given::Scalar(number),
                "i64 range -6..=9",
                Held::Number(-6, 9),
            )
        };
        let (base, range) = ty
            .split_once(" range")
            .map_or((ty, ""), |(base, _)| (base, &ty[base.len()..]));
        declared.push(match private {
            true => format!("{name}: private {base} from caller{range}"),
            false => format!("{name}: {base} from caller{range}"),
        });
        let want = if private { Want::Own } else { Want::Public };
        match given {
            Given::Point => {
                draft.declare(format!("{name}.x"), Held::Number(-9, 9), want, false);
                draft.declare(format!("{name}.flag"), Held::Flag, want, false);
            }
            _ => draft.declare(name.clone(), held, want, false),
        }
        params.push(Param {
            name,
            given,
            private,
        });
    }
    (params, declared)
}

fn private_param(draft: &mut Draft) -> (Given, &'static str, Held) {
    let scalar = |low, high| {
        (
            Given::Scalar(Kind::Number(low, high)),
            Held::Number(low, high),
        )
    };
    match draft.choices.pick(10) {
        9 => {
            let most = 100_000_000_000_000_000;
            let given = Given::Scalar(Kind::Number(-most, most));
            let ty = "i64 range -100_000_000_000_000_000..=100_000_000_000_000_000";
            (given, ty, Held::Wide(most))
        }
        1 => (Given::Scalar(Kind::Flag), "bool", Held::Flag),
        2 => (Given::Scalar(Kind::Name), "Kind", Held::Name),
        3 => (Given::Hash, "hash", Held::Hash),
        4 => (Given::Text, "text<8>", Held::Text),
        5 => (
            Given::List(3, -20, 20),
            "[i64; 3] range -20..=20",
            Held::List(3, -20, 20),
        ),
        6 => (Given::Point, "Point", Held::Flag),
        7 if draft.frame.fixed => (
            Given::Scalar(Kind::Fixed(-5, 5)),
            "fix range -5..=5",
            Held::Fixed,
        ),
        8 => {
            let (given, held) = scalar(0, 200);
            (given, "i64 range 0..=200", held)
        }
        _ => {
            let (given, held) = scalar(-50, 50);
            (given, "i64 range -50..=50", held)
        }
    }
}
