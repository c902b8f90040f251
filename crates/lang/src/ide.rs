//! What an editor asks about a source: pure functions of the text and a place in it.
//!
//! Everything here but [`diagnostics`], and what hover adds of labels and ranges, works on the lossless tree with scopes of its own,
//! so that it answers also while the source is being written and does not compile. An answer may then be incomplete; it is
//! never a panic. Offsets are bytes of the source; an offset inside a character counts as its start, one
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
use crate::span::Span;
use crate::syntax::{SyntaxNode, SyntaxToken, parse};
use insight::Insights;
use scope::{Names, SymbolId};

/// Everything the compiler says about a source.
#[must_use]
pub fn diagnostics(source: &str) -> Vec<Diagnostic> {
    crate::compile(source).diagnostics
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
    source: String,
    root: SyntaxNode,
    names: Names,
    /// Found at the first question that needs it.
    insights: OnceCell<Insights>,
}

impl Analysis {
    /// Reads a source. The caller bounds its size; see [`crate::MAX_SOURCE_LEN`].
    #[must_use]
    pub fn of(source: impl Into<String>) -> Analysis {
        let source = source.into();
        let root = parse(&source).root();
        let names = Names::of(&root);
        Analysis {
            source,
            root,
            names,
            insights: OnceCell::new(),
        }
    }

    /// The source as it was read.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Where the name at `offset` is declared; several places if the source alone does not tell which.
    #[must_use]
    pub fn definition(&self, offset: usize) -> Vec<Span> {
        let symbols = self.names.at(self.inside(offset));
        symbols.map(|id| self.names.symbol(id).name_span).collect()
    }

    /// Everywhere the name at `offset` is used, and where it is declared, in order of the source.
    #[must_use]
    pub fn references(&self, offset: usize) -> Vec<Span> {
        let ids: Vec<SymbolId> = self.names.at(self.inside(offset)).collect();
        let mut spans: Vec<Span> = ids.iter().flat_map(|id| self.names.places(*id)).collect();
        spans.sort();
        spans.dedup();
        spans
    }

    fn inside(&self, offset: usize) -> usize {
        self.source.floor_char_boundary(offset)
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
