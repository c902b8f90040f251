//! Many cases from one seed, and what they covered.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::adversary::{Action, Adversary, AdversaryError};
use crate::case::Case;
use crate::draw::Draw;
use crate::network::Network;
use crate::oracle::Verdict;
use crate::program::Program;
use crate::scene::{Scene, SceneError};
use crate::schedule::Kind;

/// Draws cases.
#[derive(Clone, Debug)]
pub struct Campaign {
    /// What is run; at least one.
    pub programs: Vec<Program>,
    /// The seed: case k is the same in every campaign that is else the same.
    pub seed: u64,
    /// Committee size; without one small committees mostly.
    pub parties: Option<u8>,
    /// Who is corrupt.
    pub adversary: AdversaryChoice,
}

/// Who is corrupt in a campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdversaryChoice {
    /// In every case what its seed says; of some cases nobody.
    Random,
    /// The same in every case.
    Fixed(Adversary),
}

/// What a campaign has met.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    /// Cases.
    pub cases: u64,
    /// Cases in which an honest party did not finish.
    pub aborts: u64,
    /// Frames that arrived.
    pub frames: u64,
    /// By what was edited and how: in how many cases, and how many of those were aborted.
    pub edits: BTreeMap<(Kind, Action), (u64, u64)>,
}

impl Campaign {
    /// The program of this name.
    #[must_use]
    pub fn program(&self, name: &str) -> Option<&Program> {
        self.programs.iter().find(|program| program.name == name)
    }

    /// Case number `number`.
    ///
    /// # Errors
    /// [`SceneError`] if the campaign's size or adversary fits no case.
    ///
    /// # Panics
    /// If there is no program.
    pub fn case(&self, number: u64) -> Result<Case, SceneError> {
        assert!(!self.programs.is_empty(), "a campaign runs programs");
        let mut draw = Draw::new(self.seed, &format!("case {number}"));
        let program = draw.pick(&self.programs);
        let (least, most) = program.rows();
        let drawn_parties = match draw.below(40) {
            0..=27 => 3,
            28..=36 => 5,
            37..=38 => 7,
            _ => 9,
        };
        let rows = least + draw.below(4) as u32;
        let rows = rows.min(most);
        let invalid = draw.below(3) as u32 * u32::from(draw.chance(500));
        let parties = self.parties.unwrap_or(drawn_parties);
        let mut case = Case {
            program: program.name.clone(),
            parties,
            rows,
            invalid: invalid.min(most - rows),
            seed: draw.word(),
            network: Network::random(&mut draw, parties),
            adversary: Adversary::none(),
        };
        let scene = Scene::new(&case, program)?;
        case.adversary = match &self.adversary {
            AdversaryChoice::Fixed(adversary) => adversary.clone(),
            AdversaryChoice::Random if draw.chance(125) => Adversary::none(),
            AdversaryChoice::Random => {
                Adversary::random(&mut draw, scene.committee, &scene.schedule)
            }
        };
        // Who is corrupt already loses frames; two reasons for an abort hide each other.
        if !case.adversary.mutations.is_empty() && draw.chance(700) {
            case.network = Network::fair();
        }
        let fits = case.adversary.fits(scene.committee);
        fits.map(|()| case).map_err(SceneError::Adversary)
    }
}

impl Coverage {
    /// Adds a case and its verdict.
    pub fn note(&mut self, case: &Case, verdict: &Verdict) {
        self.cases += 1;
        let Some(run) = &verdict.run else { return };
        self.frames += run.frames;
        let corrupt = case.adversary.parties();
        let aborted = (1u8..)
            .zip(&run.endings)
            .any(|(party, ending)| !corrupt.contains(&party) && !ending.is_finished());
        self.aborts += u64::from(aborted);
        for number in &run.edits_done {
            let mutation = &case.adversary.mutations[*number];
            let edit = self.edits.entry((mutation.kind, mutation.action));
            let (met, aborts) = edit.or_default();
            *met += 1;
            *aborts += u64::from(aborted);
        }
    }

    /// The kinds of messages that were edited.
    #[must_use]
    pub fn kinds(&self) -> Vec<Kind> {
        let met = |kind: &Kind| self.edits.keys().any(|(edited, _)| edited == kind);
        Kind::ALL.into_iter().filter(met).collect()
    }
}

impl FromStr for AdversaryChoice {
    type Err = AdversaryError;

    fn from_str(text: &str) -> Result<AdversaryChoice, AdversaryError> {
        match text {
            "random" => Ok(AdversaryChoice::Random),
            _ => text.parse().map(AdversaryChoice::Fixed),
        }
    }
}
