//! What corrupt parties do: a list of edits, each with a form of one word.
//!
//! ```text
//! adversary = none | mutation (,mutation)*
//! mutation  = PARTY[+PARTNER]:[in/]KIND:ACTION[@NUMBER[.ELEMENT]][>OTHER]
//! ```
//! `2:product:add@17` is: party 2 adds to the first element of its product message number 17, to
//! every receiver. With `>1` only what goes to party 1 is edited, with `in/` what party 2 hears.
//! Numbers count messages of that kind in the order of the plan, elements those of a message; both
//! begin at 0 again after the last. For messages that are no field elements an element is a byte.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use enigma_field::{Committee, Party};

use crate::draw::Draw;
use crate::schedule::{Kind, Schedule};

/// The edits of all corrupt parties.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Adversary {
    /// The edits.
    pub mutations: Vec<Mutation>,
}

/// One edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mutation {
    /// The corrupt party.
    pub party: u8,
    /// A corrupt party that does the opposite, for [`Action::Cancel`].
    pub partner: Option<u8>,
    /// Whether what the party says is edited, or what it hears.
    pub direction: Direction,
    /// What is edited.
    pub kind: Kind,
    /// How.
    pub action: Action,
    /// Which message of the kind.
    pub number: u32,
    /// Which element of the message.
    pub element: u32,
    /// Only what goes to, or comes from, this party.
    pub other: Option<u8>,
}

/// On which way a message is edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// What the corrupt party says.
    Out,
    /// What the corrupt party hears.
    In,
}

/// How a message is edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// Another value: the element plus something that is not zero.
    Add,
    /// As `add`, with another summand for every receiver.
    Equivocate,
    /// The party adds and its partner subtracts, in what both send to a third: the sum stays.
    Cancel,
    /// The element is zero.
    Zero,
    /// The element is its negative.
    Negate,
    /// No encoding of an element.
    Noncanonical,
    /// One bit is another; the element counts bits.
    Flip,
    /// The last element is missing.
    Truncate,
    /// There is an element more.
    Extend,
    /// Its content changes places with that of the link's next message.
    Swap,
    /// It names another place: of three near ones, by the element.
    Misplace,
    /// It comes twice, the second time at once.
    Repeat,
    /// It comes again much later.
    Replay,
    /// It never comes.
    Drop,
    /// It comes much later.
    Delay,
    /// It never comes, nor does any message after it.
    Crash,
}

/// An adversary's text is wrong; says how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdversaryError(String);

impl Action {
    /// All actions.
    pub const ALL: [Action; 16] = [
        Action::Add,
        Action::Equivocate,
        Action::Cancel,
        Action::Zero,
        Action::Negate,
        Action::Noncanonical,
        Action::Flip,
        Action::Truncate,
        Action::Extend,
        Action::Swap,
        Action::Misplace,
        Action::Repeat,
        Action::Replay,
        Action::Drop,
        Action::Delay,
        Action::Crash,
    ];

    /// Its word in adversaries.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Action::Add => "add",
            Action::Equivocate => "equivocate",
            Action::Cancel => "cancel",
            Action::Zero => "zero",
            Action::Negate => "negate",
            Action::Noncanonical => "noncanonical",
            Action::Flip => "flip",
            Action::Truncate => "truncate",
            Action::Extend => "extend",
            Action::Swap => "swap",
            Action::Misplace => "misplace",
            Action::Repeat => "repeat",
            Action::Replay => "replay",
            Action::Drop => "drop",
            Action::Delay => "delay",
            Action::Crash => "crash",
        }
    }

    /// Does it change nothing but when messages come? A run with such edits alone ends well.
    #[must_use]
    pub fn is_harmless(self) -> bool {
        matches!(self, Action::Cancel | Action::Delay)
    }

    /// Can it be done there?
    #[must_use]
    pub fn applies(self, kind: Kind, direction: Direction) -> bool {
        match self {
            // The summands of products and of squares are added up by who receives them.
            Action::Cancel => {
                let sums = matches!(
                    kind,
                    Kind::Product | Kind::Term | Kind::Square | Kind::Dealing
                );
                sums && direction == Direction::Out
            }
            Action::Add | Action::Zero | Action::Negate => true,
            _ if kind == Kind::Input => false,
            // Messages of the set-up name no place.
            Action::Misplace => !matches!(kind, Kind::Hello | Kind::Claims),
            Action::Equivocate | Action::Replay | Action::Delay | Action::Crash => {
                direction == Direction::Out
            }
            _ => true,
        }
    }
}

impl Adversary {
    /// Nobody is corrupt.
    #[must_use]
    pub fn none() -> Adversary {
        Adversary::default()
    }

    /// The corrupt parties, by number.
    #[must_use]
    pub fn parties(&self) -> BTreeSet<u8> {
        let mutations = self.mutations.iter();
        mutations
            .flat_map(|mutation| [Some(mutation.party), mutation.partner])
            .flatten()
            .collect()
    }

    /// Checks that it is one of a committee: known parties, at most t of them.
    ///
    /// # Errors
    /// [`AdversaryError`] says what does not fit.
    pub fn fits(&self, committee: Committee) -> Result<(), AdversaryError> {
        let (n, t) = (committee.n(), committee.t());
        let others = self.mutations.iter().filter_map(|mutation| mutation.other);
        let named = self.parties().into_iter().chain(others);
        if let Some(party) = { named }.find(|party| committee.party(*party).is_none()) {
            return Err(AdversaryError(format!(
                "party {party} is not one of the parties 1 to {n}"
            )));
        }
        let corrupt = self.parties().len();
        if corrupt > usize::from(t) {
            return Err(AdversaryError(format!(
                "{corrupt} parties are corrupt; of {n} at most {t} may be"
            )));
        }
        Ok(())
    }

    /// An adversary for this schedule, up to t corrupt parties with an edit each, or two.
    pub(crate) fn random(draw: &mut Draw, committee: Committee, schedule: &Schedule) -> Adversary {
        let corrupt = 1 + draw.below(u64::from(committee.t())) as usize;
        let mut parties: Vec<Party> = committee.parties().collect();
        while parties.len() > corrupt {
            let place = draw.below(parties.len() as u64) as usize;
            parties.remove(place);
        }
        let count = 1 + draw.below(2);
        let mutations = (0..count).map(|_| mutation(draw, committee, schedule, &parties));
        Adversary {
            mutations: mutations.collect(),
        }
    }
}

fn mutation(
    draw: &mut Draw,
    committee: Committee,
    schedule: &Schedule,
    corrupt: &[Party],
) -> Mutation {
    let party = *draw.pick(corrupt);
    let direction = match draw.below(8) {
        0 => Direction::In,
        _ => Direction::Out,
    };
    let numbers = |kind: Kind| match kind {
        Kind::Input | Kind::Hello | Kind::Claims => vec![0],
        _ => schedule.sent_by(party, kind),
    };
    let kinds: Vec<Kind> = Kind::ALL
        .into_iter()
        .filter(|kind| !numbers(*kind).is_empty())
        .filter(|kind| direction == Direction::Out || *kind != Kind::Input)
        .collect();
    let kind = *draw.pick(&kinds);
    let partners: Vec<Party> = corrupt.iter().copied().filter(|p| *p != party).collect();
    let actions: Vec<Action> = Action::ALL
        .into_iter()
        .filter(|action| action.applies(kind, direction))
        .filter(|action| *action != Action::Cancel || !partners.is_empty())
        .collect();
    let action = *draw.pick(&actions);
    let numbers = numbers(kind);
    let to_one = draw.chance(500) && action != Action::Equivocate && kind != Kind::Input;
    let others: Vec<Party> = committee.others(party).collect();
    Mutation {
        party: party.number(),
        partner: (action == Action::Cancel).then(|| draw.pick(&partners).number()),
        direction,
        kind,
        action,
        number: *draw.pick(&numbers),
        element: draw.below(1 << 10) as u32 * u32::from(draw.chance(700)),
        other: to_one.then(|| draw.pick(&others).number()),
    }
}

impl fmt::Display for Adversary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.mutations.is_empty() {
            return f.write_str("none");
        }
        let words: Vec<String> = self.mutations.iter().map(Mutation::to_string).collect();
        f.write_str(&words.join(","))
    }
}

impl fmt::Display for Mutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.party)?;
        if let Some(partner) = self.partner {
            write!(f, "+{partner}")?;
        }
        let way = match self.direction {
            Direction::Out => "",
            Direction::In => "in/",
        };
        let (kind, action) = (self.kind, self.action.word());
        write!(f, ":{way}{kind}:{action}@{}", self.number)?;
        if self.element > 0 {
            write!(f, ".{}", self.element)?;
        }
        match self.other {
            Some(other) => write!(f, ">{other}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Adversary {
    type Err = AdversaryError;

    fn from_str(text: &str) -> Result<Adversary, AdversaryError> {
        if text == "none" {
            return Ok(Adversary::none());
        }
        let mutations = text.split(',').map(str::parse).collect::<Result<_, _>>()?;
        Ok(Adversary { mutations })
    }
}

impl FromStr for Mutation {
    type Err = AdversaryError;

    fn from_str(text: &str) -> Result<Mutation, AdversaryError> {
        let wrong = |why: String| AdversaryError(format!("`{text}`: {why}"));
        let number = |text: &str| -> Result<u32, AdversaryError> {
            let parsed = text.parse();
            parsed.map_err(|_| wrong(format!("`{text}` is not a number")))
        };
        let party = |text: &str| -> Result<u8, AdversaryError> {
            let parsed = text.parse();
            parsed.map_err(|_| wrong(format!("`{text}` is not a party's number")))
        };
        let parts: Vec<&str> = text.split(':').collect();
        let [who, what, how] = parts[..] else {
            return Err(wrong(
                "an edit is PARTY:KIND:ACTION, as in 2:product:add@17".to_owned(),
            ));
        };
        let (who, partner) = match who.split_once('+') {
            Some((who, partner)) => (who, Some(party(partner)?)),
            None => (who, None),
        };
        let (direction, what) = match what.strip_prefix("in/") {
            Some(what) => (Direction::In, what),
            None => (Direction::Out, what),
        };
        let kind: Kind = what.parse().map_err(|()| {
            let all = Kind::ALL.map(Kind::word).join(", ");
            wrong(format!("`{what}` is no kind of message; there is {all}"))
        })?;
        let (how, other) = match how.split_once('>') {
            Some((how, other)) => (how, Some(party(other)?)),
            None => (how, None),
        };
        let (how, place) = how.split_once('@').unwrap_or((how, "0"));
        let (place, element) = place.split_once('.').unwrap_or((place, "0"));
        let mut all = Action::ALL.into_iter();
        let action = all.find(|action| action.word() == how).ok_or_else(|| {
            let all = Action::ALL.map(Action::word).join(", ");
            wrong(format!("`{how}` is no action; there is {all}"))
        })?;
        let mutation = Mutation {
            party: party(who)?,
            partner,
            direction,
            kind,
            action,
            number: number(place)?,
            element: number(element)?,
            other,
        };
        if !action.applies(kind, direction) || (kind == Kind::Input && direction == Direction::In) {
            return Err(wrong(format!("`{how}` cannot be done to `{what}` there")));
        }
        if (action == Action::Cancel) != partner.is_some() || partner == Some(mutation.party) {
            return Err(wrong(
                "`cancel`, and nothing else, takes two parties, as in 2+3:product:cancel@17"
                    .to_owned(),
            ));
        }
        if other == Some(mutation.party) {
            return Err(wrong("no party sends to itself".to_owned()));
        }
        Ok(mutation)
    }
}

impl fmt::Display for AdversaryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for AdversaryError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back() {
        for text in [
            "none",
            "2:product:add@17",
            "1:root:equivocate@0",
            "2+3:square:cancel@4.1>1,3:in/opening:flip@2.63>1",
        ] {
            let adversary: Adversary = text.parse().expect("is an adversary");
            assert_eq!(adversary.to_string(), text);
        }
        assert_eq!("1:coin:drop".parse(), "1:coin:drop@0".parse::<Adversary>());
    }

    #[test]
    fn wrong_texts_are_refused_with_what_is_wrong() {
        for (text, says) in [
            ("2:product", "PARTY:KIND:ACTION"),
            ("x:product:add", "`x` is not a party's number"),
            ("2:produce:add", "`produce` is no kind"),
            ("2:product:ad", "`ad` is no action"),
            ("2:product:add@a", "`a` is not a number"),
            ("2:product:cancel@1", "takes two parties"),
            ("2+2:product:cancel@1", "takes two parties"),
            ("2+3:product:add@1", "takes two parties"),
            ("2:product:add@1>2", "no party sends to itself"),
            ("2:input:flip", "cannot be done"),
            ("2:in/product:delay", "cannot be done"),
        ] {
            let error = text.parse::<Adversary>().expect_err(text);
            assert!(error.to_string().contains(says), "{error}");
        }
        let committee = Committee::new(3).expect("odd");
        let fits = |text: &str| {
            let adversary: Adversary = text.parse().expect("well formed");
            adversary.fits(committee).is_ok()
        };
        assert!(fits("1:coin:drop,1:hello:drop>3"));
        assert!(!fits("1:coin:drop,2:hello:drop"));
        assert!(!fits("4:coin:drop") && !fits("1:coin:drop>4") && !fits("0:coin:drop"));
    }
}
