//! What an editor asks about a source: pure functions of the text and a place in it.
//!
//! Everything here but [`diagnostics`], and what hover adds of labels and ranges, works on the lossless tree with scopes of its own,
//! so that it answers also while the source is being written and does not compile. An answer may then be incomplete; it is
//! never a panic. Offsets are bytes of the source, or of all
//! its files, see [`crate::Sources`]; an offset inside a character counts as its start, one
//! behind the end as the end.

mod completion;
mod hover;
mod insight;
mod outline;
mod position;
mod rename;
mod scope;
mod words;

pub use completion::{Completion, CompletionKind};
pub use hover::Hover;
pub(crate) use hover::one_line;
pub use outline::Outline;
pub use position::{Lines, Position};
pub use rename::RenameError;
pub use words::{Place, WORDS, Word};

use std::cell::OnceCell;

use crate::diagnostic::{Diagnostic, Fix};
use crate::program::{Alone, Files, Program};
use crate::sources::Sources;
use crate::span::Span;
use crate::syntax::{SyntaxNode, SyntaxToken};
use insight::Insights;
use scope::{Names, SymbolId};

/// Everything the compiler says about a source, of a contract or of a file that others use, with the texts that it read. What
/// it says of a file that the source uses is said where that is used; so all primary places are the source's own.
#[must_use]
pub fn diagnostics(source: &str, files: &dyn Files) -> (Vec<Diagnostic>, Sources) {
    let compilation = match crate::is_library(source) {
        true => crate::check_library(source, files),
        false => crate::compile_with(source, files),
    };
    let (mut diagnostics, sources) = (compilation.diagnostics, compilation.sources);
    let has_place = |span| !sources.is_of_library(sources.place(span).file);
    for found in &mut diagnostics {
        found.secondary.retain(|label| has_place(label.span));
    }
    if sources.files() > 1 {
        let program = Program::read(source, files, &mut Vec::new());
        let ways = program.first_steps();
        for found in &mut diagnostics {
            let place = sources.place(found.primary.span);
            if let Some(Some(way)) = ways.get(place.file) {
                let path = sources.path(place.file);
                found.message = format!("in `{path}`: {}", found.message);
                let text = std::mem::take(&mut found.primary.text);
                let text = if text.is_empty() { "here" } else { &text };
                if has_place(found.primary.span) {
                    *found = found.clone().also(found.primary.span, text);
                }
                found.primary.span = *way;
                found.fix = None;
            }
        }
    }
    (diagnostics, sources)
}

/// The fixes of those diagnostics that touch `span`, each with its diagnostic.
#[must_use]
pub fn code_actions(diagnostics: &[Diagnostic], span: Span) -> Vec<(&Diagnostic, &Fix)> {
    // Of a place between two characters, what stands on both sides of it.
    let around = |other: Span| usize::from(other.start == other.end);
    let touches = |other: Span| {
        let (around, range) = (around(other), other.range());
        range.start.saturating_sub(around) <= span.range().end
            && span.range().start <= range.end + around
    };
    diagnostics
        .iter()
        .filter_map(|diagnostic| Some((diagnostic, diagnostic.fix.as_deref()?)))
        .filter(|(diagnostic, fix)| touches(diagnostic.primary.span) || touches(fix.span))
        .collect()
}

/// A source that was read once, for any number of questions.
pub struct Analysis {
    program: Program,
    root: SyntaxNode,
    names: Names,
    /// Found at the first question that needs it.
    insights: OnceCell<Insights>,
}

impl Analysis {
    /// Reads a source by itself. The caller bounds its size; see [`crate::MAX_SOURCE_LEN`].
    #[must_use]
    pub fn of(source: impl AsRef<str>) -> Analysis {
        Analysis::with(source.as_ref(), &Alone)
    }

    /// Reads a source and the files that it uses. Places are those of [`Analysis::sources`]: of the source itself, its own.
    #[must_use]
    pub fn with(source: &str, files: &dyn Files) -> Analysis {
        let program = Program::read(source, files, &mut Vec::new());
        let root = program.root.clone();
        let names = Names::of(&program);
        Analysis {
            program,
            root,
            names,
            insights: OnceCell::new(),
        }
    }

    /// The texts that were read.
    #[must_use]
    pub fn sources(&self) -> &Sources {
        &self.program.sources
    }

    /// The source that was read, without the files that it uses.
    #[must_use]
    pub fn source(&self) -> &str {
        self.sources().file_text(0)
    }

    /// All that was read.
    fn text(&self) -> &str {
        self.sources().text()
    }

    /// Where the name at `offset` is declared; several places if the source alone does not tell which.
    #[must_use]
    pub fn definition(&self, offset: usize) -> Vec<Span> {
        let symbols = self.names.at(self.inside(offset));
        let spans = symbols.map(|id| self.names.symbol(id).name_span);
        spans.filter(|span| self.has_place(*span)).collect()
    }

    /// Whether an editor can go there: the library's files lie in no folder.
    fn has_place(&self, span: Span) -> bool {
        !(self.sources()).is_of_library(self.sources().place(span).file)
    }

    /// Everywhere the name at `offset` is used, and where it is declared, in order of the source.
    #[must_use]
    pub fn references(&self, offset: usize) -> Vec<Span> {
        let ids: Vec<SymbolId> = self.names.at(self.inside(offset)).collect();
        let mut spans: Vec<Span> = ids.iter().flat_map(|id| self.names.places(*id)).collect();
        spans.retain(|span| self.has_place(*span));
        spans.sort();
        spans.dedup();
        spans
    }

    fn inside(&self, offset: usize) -> usize {
        self.text().floor_char_boundary(offset)
    }

    /// The token at `offset`; between two tokens the one that is no trivia, of two the right one.
    fn token_at(&self, offset: usize) -> Option<SyntaxToken> {
        let offset = u32::try_from(self.inside(offset)).ok()?;
        let at = self.root.token_at_offset(offset.into());
        let (left, right) = (at.clone().left_biased(), at.right_biased());
        let weight = |token: &SyntaxToken| match token.kind() {
            crate::syntax::SyntaxKind::Word => 2,
            kind if kind.is_trivia() => 0,
            _ => 1,
        };
        match (left, right) {
            (Some(left), Some(right)) if weight(&left) > weight(&right) => Some(left),
            (_, right) => right,
        }
    }
}
