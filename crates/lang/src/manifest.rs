//! Who learns what, in plain sentences for those whose data it is.
//!
//! Everything here is read from what [`crate::flow`] found, so it holds for every contract that is checked, whether or not this version
//! compiles it. Invariant: each reveal is told under every source from which `flow` lets it take anything, with every exposure and
//! every recipient; where several phrases would do, the one that promises less protection is taken.

mod entry;
mod keys;
mod phrase;

use crate::Checked;
use crate::flow::{Exposure, RevealFacts, Source};
use crate::hir::{Provider, Rows, Slot, Store, Type};
use crate::sources::Sources;
use crate::span::Span;
use phrase::{Phrases, listed};

/// What a contract shows, in sentences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The contract's name.
    pub contract: String,
    /// Its version.
    pub version: u32,
    /// Everything private: collections, then stored values, then parameters of entries.
    pub data: Vec<Data>,
    /// Entries, in source order.
    pub entries: Vec<EntryLines>,
    /// What holds for the whole contract.
    pub general: Vec<String>,
}

/// Something private, and who learns what of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: DataKind,
    /// What is given or kept, and by whom.
    pub what: String,
    /// What its owners allow: nothing else may ever be shown of it, by any entry.
    pub allows: Vec<String>,
    /// Who learns what of it.
    pub learned: Vec<Learned>,
    /// What entries keep of it in secret-shared slots, from where it is shown as those say.
    pub kept: Vec<String>,
}

/// What something private is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataKind {
    /// A collection.
    Collection,
    /// A slot of `state MPC`.
    Slot,
    /// A private parameter of this entry.
    Parameter(String),
}

/// A reveal, seen from one of its sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Learned {
    /// The entry that reveals it.
    pub entry: String,
    /// The reveal's name.
    pub reveal: String,
    /// Who learns it, each by a few words.
    pub recipients: Vec<String>,
    /// How far single values can be told from it, by a word each.
    pub exposures: Vec<&'static str>,
    /// All of this as a sentence.
    pub sentence: String,
}

/// An entry: who may call it, and what comes of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryLines {
    /// Its name.
    pub name: String,
    /// Who may call it.
    pub callers: String,
    /// What the caller pays, as it stands in the source.
    pub pays: Option<String>,
    /// What it shows: names, each with its recipients by a few words.
    pub reveals: Vec<(String, Vec<String>)>,
    /// Everything about a call, in sentences.
    pub lines: Vec<String>,
}

impl Manifest {
    /// The manifest of a contract. `sources`: the texts it was checked from.
    #[must_use]
    pub fn of(checked: &Checked, sources: &Sources) -> Manifest {
        let keyed = keys::made_with_keys(&checked.hir);
        let phrases = Phrases {
            checked,
            source: sources.text(),
            keyed: &keyed,
        };
        let hir = &checked.hir;
        let collections = (0..hir.collections.len()).map(Source::Collection);
        let slots = hir.slots.iter().enumerate();
        let slots = slots.filter(|(_, slot)| slot.store == Store::Mpc);
        let slots = slots.map(|(index, _)| Source::Slot(index));
        let mut data: Vec<Data> = collections
            .chain(slots)
            .filter_map(|source| phrases.data(source))
            .collect();
        for (index, entry) in hir.entries.iter().enumerate() {
            let private = entry.params.iter().filter(|param| param.private);
            data.extend(private.filter_map(|param| phrases.parameter(index, param)));
        }
        Manifest {
            contract: hir.name.clone(),
            version: hir.version,
            data,
            entries: (0..hir.entries.len())
                .filter_map(|entry| phrases.entry(entry))
                .collect(),
            general: phrases.general(),
        }
    }

    /// Who learns what, one sentence for each reveal and each of its sources. A reveal into which nothing of `data` goes, as of random
    /// numbers, has one, too.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let mut sentences = Vec::new();
        for data in &self.data {
            sentences.extend(data.learned.iter().map(|learned| learned.sentence.clone()));
        }
        let told = |entry: &str, reveal: &str| {
            let mut all = self.data.iter().flat_map(|data| &data.learned);
            all.any(|learned| learned.entry == entry && learned.reveal == reveal)
        };
        for entry in &self.entries {
            for (reveal, recipients) in &entry.reveals {
                if !told(&entry.name, reveal) {
                    let what = "nobody's data is in it";
                    sentences.push(phrase::learns(recipients, reveal, &entry.name, what));
                }
            }
        }
        sentences.extend(self.general.last().cloned());
        sentences
    }
}

impl Phrases<'_> {
    /// A collection or a slot.
    fn data(&self, of: Source) -> Option<Data> {
        let hir = &self.checked.hir;
        let (name, kind, what, allows) = match of {
            Source::Collection(index) => {
                let collection = hir.collections.get(index)?;
                let row = self.value(&collection.row, collection.range);
                let what = match (collection.provider, collection.rows) {
                    (Provider::Each(group), Rows::One) => {
                        format!("{} gives {row}", self.each_of(group))
                    }
                    (Provider::Each(group), Rows::UpTo(most)) => {
                        let most = phrase::number(most.into());
                        format!(
                            "{} gives up to {most} values, each {row}",
                            self.each_of(group)
                        )
                    }
                    (Provider::Party(party), Rows::One) => {
                        format!("{} gives {row}", self.party(party))
                    }
                    (Provider::Party(party), Rows::UpTo(most)) => {
                        let most = phrase::number(most.into());
                        format!(
                            "{} gives up to {most} values, each {row}",
                            self.party(party)
                        )
                    }
                };
                let check = match &collection.check {
                    Some(check) => format!(", where {}", self.code(check.condition.span)),
                    None => String::new(),
                };
                let what = format!("{what}{check}");
                (
                    &collection.name,
                    DataKind::Collection,
                    what,
                    &collection.allows,
                )
            }
            Source::Slot(index) => {
                let slot = hir.slots.get(index)?;
                (
                    &slot.name,
                    DataKind::Slot,
                    self.slot(index, slot),
                    &slot.allows,
                )
            }
            Source::Param(_) | Source::Random => return None,
        };
        let is_key = match of {
            Source::Slot(index) => {
                let slot = hir.slots.get(index);
                slot.is_some_and(|slot| matches!(slot.ty, Type::Key(_)))
            }
            _ => false,
        };
        let learned = match is_key {
            true => self.made_with_keys(),
            false => self.learned(of, None),
        };
        Some(Data {
            name: name.clone(),
            kind,
            what,
            allows: allows.iter().map(|allow| self.allow(allow, of)).collect(),
            learned,
            kept: self.kept(of, None),
        })
    }

    fn slot(&self, index: usize, slot: &Slot) -> String {
        if let Type::Key(_) = slot.ty {
            let users = self.users_of(index);
            return match users.is_empty() {
                true => "a signing key that nobody ever sees; no entry uses it".to_owned(),
                false => format!(
                    "a signing key that nobody ever sees; what it makes needs no `allow`, and {} may use it",
                    listed(&users)
                ),
            };
        }
        let key = slot.key.as_ref().map_or_else(String::new, |key| {
            format!(", one for each {}", self.kind_of(key))
        });
        let value = self.value(&slot.ty, None);
        match slot.accumulator {
            true => format!("secret-shared at the nodes: {value}{key}, to which calls only add"),
            false => format!("secret-shared at the nodes: {value}{key}"),
        }
    }

    fn parameter(&self, entry: usize, param: &crate::hir::Param) -> Option<Data> {
        let declared = self.checked.hir.entries.get(entry)?;
        let local = usize::try_from(param.local.0).ok()?;
        let of = Source::Param(local);
        let found = declared.locals.get(local)?;
        let value = self.value(&found.ty, param.range);
        Some(Data {
            name: found.name.clone(),
            kind: DataKind::Parameter(declared.name.clone()),
            what: format!("whoever calls `{}` gives {value}", declared.name),
            allows: vec![format!(
                "by calling, the caller agrees to what `{}` shows of it",
                declared.name
            )],
            learned: self.learned(of, Some(entry)),
            kept: self.kept(of, Some(entry)),
        })
    }

    /// All reveals that may be made with a key.
    fn made_with_keys(&self) -> Vec<Learned> {
        let mut learned = Vec::new();
        for &(entry, name) in self.keyed {
            let facts = self.checked.facts.entries.get(entry);
            let reveal = facts.and_then(|facts| facts.reveals.iter().find(|r| r.name == name));
            let declared = self.checked.hir.entries.get(entry);
            let (Some(reveal), Some(declared)) = (reveal, declared) else {
                continue;
            };
            let recipients = self.recipients(entry, reveal);
            let what = "it is made with a signing key";
            learned.push(Learned {
                entry: declared.name.clone(),
                reveal: name.to_owned(),
                sentence: phrase::learns(&recipients, name, &declared.name, what),
                recipients,
                exposures: vec!["key"],
            });
        }
        learned
    }

    /// All reveals that take something from a source. Numbers of parameters are those of one entry.
    fn learned(&self, of: Source, only: Option<usize>) -> Vec<Learned> {
        let mut learned = Vec::new();
        for (entry, facts) in self.checked.facts.entries.iter().enumerate() {
            if only.is_some_and(|only| only != entry) {
                continue;
            }
            for reveal in &facts.reveals {
                if let Some(exposures) = reveal.shows.get(&of) {
                    let exposures: Vec<Exposure> = exposures.iter().copied().collect();
                    learned.extend(self.reveal(entry, reveal, of, &exposures));
                }
            }
        }
        learned
    }

    fn reveal(
        &self,
        entry: usize,
        reveal: &RevealFacts,
        of: Source,
        exposures: &[Exposure],
    ) -> Option<Learned> {
        let name = &self.checked.hir.entries.get(entry)?.name;
        let recipients = self.recipients(entry, reveal);
        // Who can tell single values can tell everything else.
        let all = exposures.contains(&Exposure::Row);
        let told = exposures.iter().filter(|e| !all || **e == Exposure::Row);
        let shown: Vec<String> = told
            .map(|exposure| self.exposure(*exposure, of, entry, reveal))
            .collect();
        let shown = shown.join("; and ");
        let mut sentence = phrase::learns(&recipients, &reveal.name, name, &shown);
        for more in self.softened(reveal, of) {
            sentence.push(' ');
            sentence.push_str(&more);
        }
        Some(Learned {
            entry: name.clone(),
            reveal: reveal.name.clone(),
            recipients,
            exposures: exposures.iter().map(|exposure| exposure.word()).collect(),
            sentence,
        })
    }

    fn recipients(&self, entry: usize, reveal: &RevealFacts) -> Vec<String> {
        let recipients = reveal.recipients.iter();
        recipients.map(|r| self.recipient(*r, entry)).collect()
    }

    /// What entries store of a source.
    fn kept(&self, of: Source, only: Option<usize>) -> Vec<String> {
        let hir = &self.checked.hir;
        let mut kept = Vec::new();
        for (index, facts) in self.checked.facts.entries.iter().enumerate() {
            let Some(entry) = hir.entries.get(index) else {
                continue;
            };
            if only.is_some_and(|only| only != index) {
                continue;
            }
            for (&into, sources) in &facts.stores {
                let (Some(exposures), Some(slot)) = (sources.get(&of), hir.slots.get(into)) else {
                    continue;
                };
                // What an entry reads of a slot and writes back stays where it is.
                if of == Source::Slot(into) {
                    continue;
                }
                let shown: Vec<&str> = exposures.iter().map(|e| phrase::stored(*e)).collect();
                let (entry, name) = (&entry.name, &slot.name);
                let does = match slot.accumulator {
                    true => format!("`{entry}` adds what is made from it to `{name}`"),
                    false => format!("`{entry}` keeps {} in `{name}`", shown.join(", and ")),
                };
                kept.push(format!(
                    "{does}, secret-shared; who learns what of that stands at `{name}`."
                ));
            }
        }
        kept
    }

    /// The source text at a place, on one line.
    fn code(&self, span: Span) -> String {
        let text = self.source.get(span.range()).unwrap_or_default();
        let line = crate::ide::one_line(text);
        format!("`{}`", line.trim_end_matches(';'))
    }
}
