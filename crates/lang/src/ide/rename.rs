//! Giving a declaration another name, everywhere.

use std::fmt;

use super::Analysis;
use super::scope::{Space, Symbol, SymbolId, SymbolKind};
use super::words::word;
use crate::lower::{LibraryFunction, LibraryKind, library};
use crate::span::Span;
use crate::syntax::MAX_NAME_LEN;

/// Why a name cannot be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RenameError {
    /// There is no name that this source declares.
    NotHere,
    /// Several declarations may be meant.
    Unsure(String),
    /// The new name is not written like a name.
    NotAName(String),
    /// The new name is a word of the language or a function of its library.
    Word(String),
    /// The new name already means something where the old one is used.
    Taken(String),
}

impl fmt::Display for RenameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RenameError::NotHere => f.write_str("this is no name that the source declares"),
            RenameError::Unsure(name) => {
                write!(
                    f,
                    "several declarations are called `{name}`, and not every use tells which is meant"
                )
            }
            RenameError::NotAName(name) => write!(
                f,
                "`{name}` is no name: letters a to z and A to Z, digits and `_`, not a digit first, at most {MAX_NAME_LEN}"
            ),
            RenameError::Word(name) => {
                write!(f, "`{name}` is a word of the language or of its library")
            }
            RenameError::Taken(name) => write!(f, "`{name}` is declared already"),
        }
    }
}

impl std::error::Error for RenameError {}

impl Analysis {
    /// Whether the name at `offset` can be changed, and where it stands.
    ///
    /// # Errors
    /// If the source does not declare it, or does not tell which declaration is meant.
    pub fn prepare_rename(&self, offset: usize) -> Result<Span, RenameError> {
        let (id, span) = self.renamed(offset)?;
        // What is used from a file that was not read, or does not have it, cannot be renamed there.
        let import = self.names.symbol(id).kind == SymbolKind::Import;
        if self.names.is_sure(id) && !(import && self.names.stands_for(id) == id) {
            Ok(span)
        } else {
            Err(RenameError::Unsure(self.names.symbol(id).name.clone()))
        }
    }

    /// Every place where `new_name` is to be written so that the name at `offset` has it.
    ///
    /// # Errors
    /// As [`Analysis::prepare_rename`]; and if the new name cannot be a name or is taken.
    pub fn rename(&self, offset: usize, new_name: &str) -> Result<Vec<Span>, RenameError> {
        self.prepare_rename(offset)?;
        let (id, _) = self.renamed(offset)?;
        let symbol = self.names.symbol(id);
        let refused = |why: fn(String) -> RenameError| Err(why(new_name.to_owned()));
        if !is_name(new_name) {
            return refused(RenameError::NotAName);
        }
        let is_function = |function: &LibraryFunction| {
            let by_itself = matches!(function.kind, LibraryKind::Function | LibraryKind::Test);
            by_itself && function.name == new_name
        };
        if word(new_name).is_some() || library().iter().any(is_function) {
            return refused(RenameError::Word);
        }
        if new_name == symbol.name {
            return Ok(Vec::new());
        }
        let mut others = self.names.symbols().filter(|other| other.name == new_name);
        let taken = |other: &Symbol| {
            let mut imports = self.names.imports_of(id);
            self.meet(symbol, other) || imports.any(|import| self.meet(import, other))
        };
        if others.any(taken) {
            return refused(RenameError::Taken);
        }
        let mut spans: Vec<Span> = self.names.places(id).collect();
        spans.sort();
        spans.dedup();
        Ok(spans)
    }

    /// The one symbol at an offset, and where its name stands there.
    fn renamed(&self, offset: usize) -> Result<(SymbolId, Span), RenameError> {
        let offset = self.inside(offset);
        let mut ids = self.names.at(offset);
        let id = ids.next().ok_or(RenameError::NotHere)?;
        if ids.any(|other| other != id) {
            return Err(RenameError::Unsure(self.names.symbol(id).name.clone()));
        }
        // What the library declares has its name.
        if !self.names.places(id).all(|span| self.has_place(span)) {
            return Err(RenameError::NotHere);
        }
        let mut places = self.names.places(id);
        let here = places.find(|span| (span.range().start..=span.range().end).contains(&offset));
        Ok((id, here.ok_or(RenameError::NotHere)?))
    }

    /// Whether two declarations of one name could be taken for each other.
    fn meet(&self, a: &Symbol, b: &Symbol) -> bool {
        if a.space != Space::Scope || b.space != Space::Scope {
            // Fields are found without types: any other of the name would make uses unsure.
            let fields = a.kind == SymbolKind::Field && b.kind == SymbolKind::Field;
            return fields || a.space == b.space;
        }
        let (a, b) = (self.reach(a).range(), self.reach(b).range());
        a.start < b.end && b.start < a.end
    }

    /// Where a name is visible; of reveals, locals and parameters the whole entry or function, in which a
    /// second one would be confusing at best.
    fn reach(&self, symbol: &Symbol) -> Span {
        let inner = matches!(
            symbol.kind,
            SymbolKind::Reveal | SymbolKind::Local | SymbolKind::Parameter
        );
        match symbol.owner {
            Some(owner) if inner => self.names.symbol(owner).span,
            _ => symbol.scope,
        }
    }
}

fn is_name(text: &str) -> bool {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    text.len() <= MAX_NAME_LEN
        && text.starts_with(first)
        && text.chars().all(|c| first(c) || c.is_ascii_digit())
}
