//! Files as an editor calls them: what a document uses lies in its folder and below, open in the editor or on the disk.

use std::collections::BTreeMap;
use std::path::PathBuf;

use enigma_lang::ide::Analysis;
use enigma_lang::{FileError, Files, Sources, Span};
use lsp_types as lsp;

use super::convert::Text;
use super::server::Document;
use crate::library::Beside;

/// The files beside a document. What is open is as it is in the editor, saved or not.
pub(super) struct Around<'a> {
    pub(super) documents: &'a BTreeMap<String, Document>,
    pub(super) uri: &'a str,
}

impl Files for Around<'_> {
    fn read(&self, path: &str) -> Result<String, FileError> {
        let uri = beside(self.uri, path).ok_or(FileError::NoFolder)?;
        match self.documents.get(&uri) {
            Some(document) => document
                .text()
                .map(str::to_owned)
                .ok_or(FileError::TooLarge),
            None => match on_disk(self.uri) {
                Some(document) => Beside::of(&document).read(path),
                None => Err(FileError::Missing),
            },
        }
    }
}

/// The file at `path` from the folder of a document; `None` if the document lies in no folder.
fn beside(uri: &str, path: &str) -> Option<String> {
    let folder = uri.rfind('/')?;
    Some(format!("{}/{path}", &uri[..folder]))
}

/// Where a document lies, if it is a file of this machine.
fn on_disk(uri: &str) -> Option<PathBuf> {
    let path = uri.strip_prefix("file://")?;
    let path = decoded(path.strip_prefix("localhost").unwrap_or(path))?;
    // `/c:/folder` has a drive in front.
    let drive = path.as_bytes().get(2) == Some(&b':');
    match path.strip_prefix('/') {
        Some(rest) if drive => Some(rest.into()),
        Some(_) => Some(path.into()),
        None => None,
    }
}

/// `%20` and the like as the bytes that they stand for.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
        bytes.push(u8::try_from(high * 16 + low).ok()?);
    }
    String::from_utf8(bytes).ok()
}

/// The name of a file of a document's program, which is what `sources` holds.
pub(super) fn uri_of(document: &lsp::Uri, sources: &Sources, file: usize) -> lsp::Uri {
    let beside = match sources.path(file) {
        "" => None,
        path => beside(document.as_str(), path),
    };
    let uri = beside.and_then(|uri| uri.parse().ok());
    uri.unwrap_or_else(|| document.clone())
}

/// Places of a document's program as an editor calls them.
pub(super) struct Places<'a> {
    document: &'a lsp::Uri,
    sources: &'a Sources,
    /// Names and lines of the files that were asked for: found once, however many places a file has.
    files: BTreeMap<usize, (lsp::Uri, Text)>,
}

impl<'a> Places<'a> {
    pub(super) fn of(document: &'a lsp::Uri, sources: &'a Sources) -> Self {
        let files = BTreeMap::new();
        Self {
            document,
            sources,
            files,
        }
    }

    pub(super) fn location(&mut self, span: Span) -> lsp::Location {
        let (document, sources) = (self.document, self.sources);
        let place = sources.place(span);
        let (uri, text) = self.files.entry(place.file).or_insert_with(|| {
            let text = Text::new(sources.file_text(place.file).to_owned());
            (uri_of(document, sources, place.file), text)
        });
        lsp::Location::new(uri.clone(), text.range(place.span))
    }
}

/// The file of a document's program that an editor calls `uri`.
pub(super) fn file_of(document: &lsp::Uri, analysis: &Analysis, uri: &str) -> Option<usize> {
    let sources = analysis.sources();
    (0..sources.files()).find(|file| uri_of(document, sources, *file).as_str() == uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_have_folders() {
        let uri = |uri, path| beside(uri, path);
        assert_eq!(
            uri("file:///a%20b/main.enigma", "lib/geo.enigma").as_deref(),
            Some("file:///a%20b/lib/geo.enigma")
        );
        assert_eq!(uri("untitled:Untitled-1", "geo.enigma"), None);
        let path = |uri| on_disk(uri).map(|path| path.display().to_string());
        assert_eq!(
            path("file:///a%20b/x.enigma").as_deref(),
            Some("/a b/x.enigma")
        );
        assert_eq!(
            path("file:///c%3A/x.enigma").as_deref(),
            Some("c:/x.enigma")
        );
        assert_eq!(path("file:///a%2/x"), None);
        assert_eq!(path("untitled:x"), None);
    }
}
