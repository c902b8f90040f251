//! The texts of a program: the contract's own, and those of the files that it uses.
//!
//! They stand one after the other in one text, the contract's first, with a line end between two, and every
//! [`Span`] is a place in that text. So a place needs no name of a file, and of a contract that uses nothing, places are
//! those of its source.

use crate::modules::FOLDER;
use crate::span::Span;

/// What stands between two files.
pub(crate) const BETWEEN: &str = "\n";

/// A file of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
struct SourceFile {
    /// From the folder of the contract, as `lib/geo.enigma`; empty for the contract's own; `<library>/vote.enigma` for one
    /// of the library's.
    path: String,
    /// Where it stands in the text.
    span: Span,
}

/// All texts of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sources {
    text: String,
    /// Never empty; ascending by their places.
    files: Vec<SourceFile>,
}

/// A place in one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which file; 0 is the contract's own.
    pub file: usize,
    /// Bytes of that file.
    pub span: Span,
}

impl Sources {
    /// A text that uses no other.
    #[must_use]
    pub fn alone(text: impl Into<String>) -> Sources {
        let text = text.into();
        let file = SourceFile {
            path: String::new(),
            span: Span::new(0, text.len()),
        };
        Sources {
            text,
            files: vec![file],
        }
    }

    /// Adds a file behind the others.
    pub(crate) fn add(&mut self, path: String, text: &str) {
        self.text.push_str(BETWEEN);
        let start = self.text.len();
        self.text.push_str(text);
        let span = Span::new(start, self.text.len());
        self.files.push(SourceFile { path, span });
    }

    /// All texts, one after the other: what spans are places in.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How many files there are, the contract's own among them.
    #[must_use]
    pub fn files(&self) -> usize {
        self.files.len()
    }

    /// Where a file stands from the folder of the contract, as `lib/geo.enigma`; empty for the contract's own, whose name the
    /// compiler does not know.
    #[must_use]
    pub fn path(&self, file: usize) -> &str {
        self.files.get(file).map_or("", |file| &file.path)
    }

    /// The file of a path.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<usize> {
        self.files.iter().position(|file| file.path == path)
    }

    /// Whether it is one of the library's, which lies in no folder.
    #[must_use]
    pub fn is_of_library(&self, file: usize) -> bool {
        self.path(file).starts_with(FOLDER)
    }

    /// The text of one file.
    #[must_use]
    pub fn file_text(&self, file: usize) -> &str {
        self.text.get(self.span(file).range()).unwrap_or("")
    }

    /// Where a file stands in the text.
    #[must_use]
    pub fn span(&self, file: usize) -> Span {
        self.files.get(file).map_or(Span::default(), |f| f.span)
    }

    /// The file of a place, and the place in it. A place that reaches out of its file ends with it.
    #[must_use]
    pub fn place(&self, span: Span) -> Place {
        let after = self.files.partition_point(|f| f.span.start <= span.start);
        let file = after.saturating_sub(1);
        let of = self.span(file);
        let inside = |offset: u32| offset.min(of.end).saturating_sub(of.start);
        Place {
            file,
            span: Span {
                start: inside(span.start),
                end: inside(span.end),
            },
        }
    }

    /// A place of one file as one of the program.
    #[must_use]
    pub fn span_of(&self, place: Place) -> Span {
        place.span.behind(self.span(place.file).start)
    }

    /// The line of a place, from 1.
    #[must_use]
    pub fn line(&self, place: Place) -> usize {
        let text = self.file_text(place.file);
        let before = text.get(..place.span.range().start).unwrap_or(text);
        before.matches('\n').count() + 1
    }

    /// The name of a file for a person, who knows the contract's file as `contract`: others lie beside it.
    #[must_use]
    pub fn name(&self, file: usize, contract: &str) -> String {
        match self.path(file) {
            "" => contract.to_owned(),
            path if path.starts_with(FOLDER) => path.to_owned(),
            path => {
                let folder = contract.rfind(['/', '\\']).map_or(0, |at| at + 1);
                format!("{}{path}", contract.get(..folder).unwrap_or(""))
            }
        }
    }
}

impl From<&str> for Sources {
    fn from(text: &str) -> Sources {
        Sources::alone(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_know_their_files() {
        let mut sources = Sources::alone("abc");
        sources.add("b.enigma".to_owned(), "");
        sources.add("lib/c.enigma".to_owned(), "xyz");
        assert_eq!(sources.text(), "abc\n\nxyz");
        let at = |start, end| {
            let place = sources.place(Span::new(start, end));
            (place.file, place.span.range())
        };
        assert_eq!(at(0, 3), (0, 0..3));
        assert_eq!(at(3, 3), (0, 3..3), "the end of a file is no other file");
        assert_eq!(at(4, 4), (1, 0..0));
        assert_eq!(at(5, 8), (2, 0..3));
        assert_eq!(at(2, 7), (0, 2..3), "one file at a time");
        assert_eq!(at(9, 20), (2, 3..3));
        for (start, end) in [(0, 3), (4, 4), (6, 8)] {
            let span = Span::new(start, end);
            assert_eq!(sources.span_of(sources.place(span)), span);
        }
        assert_eq!(sources.name(2, "a/x.enigma"), "a/lib/c.enigma");
        assert_eq!(sources.name(1, "x.enigma"), "b.enigma");
        assert_eq!(sources.name(0, "x.enigma"), "x.enigma");
        assert_eq!(sources.file("b.enigma"), Some(1));
    }
}
