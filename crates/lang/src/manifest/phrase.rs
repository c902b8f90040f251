//! The phrases that manifests are made of.

use std::collections::BTreeSet;

use enigma_bytecode::interface::{millionths, trillionths};
use enigma_bytecode::interval::Wide;

use crate::Checked;
use crate::diagnostic::grouped;
use crate::flow::{Exposure, RevealFacts, Source};
use crate::hir::{Allow, AllowShape, FixType, Noise, Provider, Recipient, Role, Type};
use crate::value::Value;

/// A contract, and the text it was checked from.
#[derive(Clone, Copy)]
pub(super) struct Phrases<'a> {
    pub(super) checked: &'a Checked,
    pub(super) source: &'a str,
    /// Results that may be made with keys, by entry and name.
    pub(super) keyed: &'a BTreeSet<(usize, &'a str)>,
}

impl Phrases<'_> {
    pub(super) fn party(&self, index: usize) -> String {
        let party = self.checked.hir.parties.get(index);
        format!("`{}`", party.map_or("?", |party| &party.name))
    }

    pub(super) fn group(&self, index: usize) -> String {
        let group = self.checked.hir.groups.get(index);
        format!("`{}`", group.map_or("?", |group| &group.name))
    }

    pub(super) fn each_of(&self, group: usize) -> String {
        format!("each member of {}", self.group(group))
    }

    /// Who may call an entry, as it follows after "who".
    pub(super) fn may_call(&self, entry: usize) -> String {
        let by = self.checked.hir.entries.get(entry).and_then(|e| e.by);
        match by {
            None => "anyone".to_owned(),
            Some(Role::Party(party)) => format!("only {}", self.party(party)),
            Some(Role::Member(group)) => format!("any member of {}", self.group(group)),
        }
    }

    pub(super) fn recipient(&self, recipient: Recipient, entry: usize) -> String {
        let hir = &self.checked.hir;
        match recipient {
            Recipient::Public => "everyone".to_owned(),
            Recipient::Caller => {
                let name = hir.entries.get(entry).map_or("?", |e| &e.name);
                format!("whoever calls `{name}` ({} may)", self.may_call(entry))
            }
            Recipient::Party(party) => self.party(party),
            Recipient::EachOf(group) => self.each_of(group),
            Recipient::OwnerOf(collection) => {
                let collection = hir.collections.get(collection);
                format!("each giver of `{}`", collection.map_or("?", |c| &c.name))
            }
        }
    }

    /// What owners allow, and to whom.
    pub(super) fn allow(&self, allow: &Allow, of: Source) -> String {
        let shape = match (allow.shape, of) {
            (AllowShape::Aggregate(k), Source::Collection(_)) => {
                format!("what mixes all values, at least {}", number(k.into()))
            }
            (AllowShape::Aggregate(k), _) => {
                format!(
                    "what mixes at least {} values that went into it",
                    number(k.into())
                )
            }
            (AllowShape::Member, _) => "who gave one of the values".to_owned(),
            (AllowShape::Bit, _) => "single yes or no about it".to_owned(),
            (AllowShape::PerOwner, _) => "for each one value, made from their own".to_owned(),
            (AllowShape::Any, _) => "anything, also the values themselves".to_owned(),
        };
        let to = allow
            .recipients
            .iter()
            .map(|&(recipient, _)| match recipient {
                Recipient::Caller => "whoever calls an entry that shows it".to_owned(),
                Recipient::OwnerOf(_) => "its owner".to_owned(),
                other => self.recipient(other, usize::MAX),
            });
        format!("{}, to {}", shape, listed(&to.collect::<Vec<_>>()))
    }

    /// How far a source can be told from a reveal, which is "it".
    pub(super) fn exposure(
        &self,
        exposure: Exposure,
        of: Source,
        entry: usize,
        reveal: &RevealFacts,
    ) -> String {
        match of {
            Source::Collection(index) => self.of_collection(exposure, index, entry, reveal),
            Source::Slot(index) => self.of_slot(exposure, index, entry),
            Source::Param(local) => {
                let entry = self.checked.hir.entries.get(entry);
                let local = entry.and_then(|entry| entry.locals.get(local));
                let name = local.map_or("?", |local| &local.name);
                match exposure {
                    Exposure::Initial => format!("it does not depend on `{name}`"),
                    Exposure::Aggregate | Exposure::Hidden => {
                        format!("it mixes what is given as `{name}` with other values")
                    }
                    Exposure::Bit => {
                        format!("it tells a yes or no about what is given as `{name}`")
                    }
                    Exposure::Member | Exposure::Own | Exposure::Row => {
                        format!("what is given as `{name}` can be told from it")
                    }
                }
            }
            Source::Random => "it depends on random numbers that nobody knows".to_owned(),
        }
    }

    fn of_collection(
        &self,
        exposure: Exposure,
        index: usize,
        entry: usize,
        reveal: &RevealFacts,
    ) -> String {
        let hir = &self.checked.hir;
        let collection = hir.collections.get(index);
        let name = collection.map_or("?", |collection| &collection.name);
        let least = self.checked.facts.minimum_rows(hir, entry, index);
        let least = match least {
            0 | 1 => String::new(),
            least => format!(", at least {} of them", number(least.into())),
        };
        match exposure {
            Exposure::Initial => format!("it does not depend on `{name}`"),
            Exposure::Aggregate => format!("it mixes all values of `{name}`{least}"),
            Exposure::Hidden => {
                format!("it mixes a part of the values of `{name}` that private data chooses")
            }
            Exposure::Bit => format!("it tells a yes or no about single values of `{name}`"),
            Exposure::Member => format!("it tells who gave one of the values of `{name}`"),
            Exposure::Own if self.only_owners(index, reveal) => {
                format!(
                    "for each it is made from their own value of `{name}`, perhaps compared or combined with the others'"
                )
            }
            Exposure::Own | Exposure::Row => {
                format!("single values of `{name}` can be told from it")
            }
        }
    }

    /// Whether nobody but the owners of a collection's values gets a reveal, each their own.
    fn only_owners(&self, collection: usize, reveal: &RevealFacts) -> bool {
        let declared = self.checked.hir.collections.get(collection);
        let party = declared.and_then(|declared| match declared.provider {
            Provider::Party(party) => Some(party),
            Provider::Each(_) => None,
        });
        reveal.recipients.iter().all(|recipient| match recipient {
            Recipient::OwnerOf(of) => *of == collection,
            Recipient::Party(to) => party == Some(*to),
            _ => false,
        })
    }

    fn of_slot(&self, exposure: Exposure, index: usize, entry: usize) -> String {
        let slot = self.checked.hir.slots.get(index);
        let name = slot.map_or("?", |slot| &slot.name);
        let facts = self.checked.facts.entries.get(entry);
        let least = facts.and_then(|facts| facts.minimum_contributions.get(&index));
        let least = least.map_or_else(String::new, |least| {
            format!(", at least {} contributions", number((*least).into()))
        });
        match exposure {
            Exposure::Initial => {
                format!("it comes from `{name}`, into which nobody's data goes")
            }
            Exposure::Aggregate => format!("it mixes all that went into `{name}`{least}"),
            Exposure::Hidden => {
                format!("it mixes a part, chosen by private data, of what went into `{name}`")
            }
            Exposure::Bit => format!("it tells a yes or no about what is in `{name}`"),
            Exposure::Member => format!("it tells who gave a value that went into `{name}`"),
            Exposure::Own | Exposure::Row => {
                format!("what is in `{name}` can be told from it, single values too")
            }
        }
    }

    /// What guards and noise change of a reveal.
    pub(super) fn softened(&self, reveal: &RevealFacts, of: Source) -> Vec<String> {
        let mut lines = Vec::new();
        if reveal.suppressed {
            let line = "Where its guard counts too few it is withheld, and who would learn it sees that it is.";
            lines.push(line.to_owned());
        }
        if let Some(noise) = &reveal.noise {
            let how = match noise.noise {
                Noise::Laplace { epsilon } => format!("Laplace, epsilon {}", millionths(epsilon)),
                Noise::Gaussian { epsilon, delta } => format!(
                    "Gauss, epsilon {}, delta {}",
                    millionths(epsilon),
                    trillionths(delta)
                ),
            };
            let counts = match noise.counts {
                Some(_) => ", and noise of its own the counts of its guard",
                None => "",
            };
            // It is as wide as what one giver of rows changes: whatever a caller gives may change more.
            lines.push(match of {
                Source::Param(_) => format!("Noise ({how}) is on it, and not made to hide this."),
                _ => format!("Noise ({how}) blurs what one giver changes of it{counts}."),
            });
        }
        lines
    }

    /// A value by its type, with an article. `range`: where its numbers lie, if that is stated.
    pub(super) fn value(&self, ty: &Type, range: Option<Wide>) -> String {
        let hir = &self.checked.hir;
        match ty {
            Type::Bool => "yes or no".to_owned(),
            Type::Int(int) => {
                let Wide { low, high } = range.unwrap_or(int.range());
                format!("a whole number from {} to {}", number(low), number(high))
            }
            Type::Fix(fix) => {
                let range = range.unwrap_or(fix.range());
                let end = |scaled| self.fixed(*fix, scaled);
                format!("a number from {} to {}", end(range.low), end(range.high))
            }
            Type::Enum(of) => {
                let names = hir.enums.get(*of).map_or(&[][..], |of| &of.variants);
                format!("one of {}", names.join(", "))
            }
            Type::Id => "an account".to_owned(),
            Type::Bytes(len) => format!("{} bytes", number((*len).into())),
            Type::Text(len) => format!("a text of at most {} bytes", number((*len).into())),
            Type::Str => "a text".to_owned(),
            Type::Key(_) => "a signing key".to_owned(),
            Type::Maybe(inner) => format!("nothing, or {}", self.value(inner, range)),
            Type::Tuple(parts) => {
                let parts: Vec<String> = parts.iter().map(|ty| self.value(ty, None)).collect();
                format!("({})", parts.join("; "))
            }
            Type::Struct(index) => {
                let found = hir.structs.get(*index);
                let fields = found.map_or(&[][..], |found| &found.fields);
                let fields: Vec<String> = (fields.iter())
                    .map(|field| format!("{}: {}", field.name, self.value(&field.ty, field.range)))
                    .collect();
                let name = found.map_or("?", |found| &found.name);
                format!("a `{name}` ({})", fields.join("; "))
            }
            Type::List(element, length) => {
                let each = self.value(element, range);
                match length.constant() {
                    Some(length) => format!("{} values, each {each}", number(length.into())),
                    None => format!("a list, each {each}"),
                }
            }
            Type::Rows(element, _) => format!("a list, each {}", self.value(element, range)),
            Type::Place(_) => "a place".to_owned(),
            Type::Unknown => "?".to_owned(),
        }
    }

    /// What a key of a map is, in a word or two.
    pub(super) fn kind_of(&self, key: &Type) -> &'static str {
        match key {
            Type::Id => "account",
            Type::Int(_) => "number",
            Type::Bytes(_) => "hash",
            _ => "key",
        }
    }

    fn fixed(&self, fix: FixType, scaled: i128) -> String {
        let fraction = fix.fraction;
        Value::Fixed { fraction, scaled }.show(&self.checked.hir)
    }
}

impl Exposure {
    /// In a word or two, for programs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Exposure::Initial => "nothing",
            Exposure::Aggregate => "aggregate",
            Exposure::Hidden => "hidden part",
            Exposure::Bit => "bit",
            Exposure::Member => "member",
            Exposure::Own => "own",
            Exposure::Row => "row",
        }
    }
}

/// Who learns a result, and what it is.
pub(super) fn learns(recipients: &[String], reveal: &str, entry: &str, what: &str) -> String {
    let verb = if recipients.len() > 1 {
        "learn"
    } else {
        "learns"
    };
    let who = capital(&listed(recipients));
    format!("{who} {verb} `{reveal}` (by `{entry}`): {what}.")
}

/// What an entry keeps of a source.
pub(super) fn stored(exposure: Exposure) -> &'static str {
    match exposure {
        Exposure::Initial => "what does not depend on it",
        Exposure::Aggregate => "what mixes all values",
        Exposure::Hidden => "what mixes a part of the values that private data chooses",
        Exposure::Bit => "a yes or no about single values",
        Exposure::Member => "who gave one of the values",
        Exposure::Own | Exposure::Row => "single values",
    }
}

/// `a, b and c`.
pub(super) fn listed(items: &[String]) -> String {
    match items {
        [] => "nobody".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// With a capital letter, if it begins with a letter.
pub(super) fn capital(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

pub(super) fn number(value: i128) -> String {
    grouped(value)
}
