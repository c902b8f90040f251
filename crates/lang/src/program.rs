//! Several files as one program: `use lib::geo::Point;` means `Point` of the file `lib/geo.enigma`, from the folder of the file
//! where it is written, so that a folder of files means the same wherever it lies and whoever uses it. There is no way up.
//!
//! The compiler opens no file: it asks [`Files`]. All files together are one tree, so that every place in it is a place of one
//! text ([`Sources`]) and names can be looked up by where they are written.

mod cycle;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use rowan::{GreenNode, GreenToken, Language as _, NodeOrToken};

use crate::MAX_SOURCE_LEN;
use crate::code::Code;
use crate::diagnostic::{Diagnostic, grouped};
use crate::modules;
use crate::sources::{BETWEEN, Sources};
use crate::span::Span;
use crate::syntax::ast::{self, Item, Name};
use crate::syntax::{Enigma, Parse, SyntaxKind, SyntaxNode, parse};

/// Most files of a program, the contract's own counted.
pub const MAX_FILES: usize = 64;
/// Most bytes of all files of a program together.
pub const MAX_PROGRAM_LEN: usize = 1024 * 1024;
/// Most names of a path: so many folders deep, the file, and what is used of it.
const MAX_PATH: usize = 16;

/// Where the texts of used files come from.
pub trait Files {
    /// The text of a file, from the folder of the contract, as `lib/geo.enigma`: names of letters, digits and `_` with `/` between
    /// them. Who reads from a disk stays in that folder, and reads no more than [`MAX_SOURCE_LEN`] bytes.
    ///
    /// # Errors
    /// If there is no such text.
    fn read(&self, path: &str) -> Result<String, FileError>;
}

/// Why there is no text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileError {
    /// The contract is a text by itself, which lies in no folder.
    NoFolder,
    /// There is no such file.
    Missing,
    /// There is one whose name has other capitals: that one.
    OtherCase(String),
    /// It is a link to somewhere outside of the folder.
    Outside,
    /// More bytes than a source may have.
    TooLarge,
    /// Not UTF-8, from this line on.
    NotText(usize),
    /// The system does not give it: in its words.
    Unreadable(String),
}

/// No files: a source by itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alone;

impl Files for Alone {
    fn read(&self, _: &str) -> Result<String, FileError> {
        Err(FileError::NoFolder)
    }
}

/// Files by their paths.
impl Files for BTreeMap<String, String> {
    fn read(&self, path: &str) -> Result<String, FileError> {
        self.get(path).cloned().ok_or(FileError::Missing)
    }
}

/// A file, and what it uses of which other.
#[derive(Clone, Debug)]
pub(crate) struct Module {
    pub(crate) file: ast::File,
    pub(crate) imports: Vec<Import>,
}

/// `use FILE::NAME as ALIAS;`.
#[derive(Clone, Debug)]
pub(crate) struct Import {
    pub(crate) span: Span,
    /// The file, as an index of the program's modules; `None` if it was not found, which has been said.
    pub(crate) from: Option<usize>,
    /// What it declares.
    pub(crate) item: Name,
    /// What it is called here.
    pub(crate) name: Name,
}

/// All files of a contract.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) sources: Sources,
    /// The contract's own first, in the order in which they were found.
    pub(crate) modules: Vec<Module>,
    /// A [`SyntaxKind::Program`] with the files.
    pub(crate) root: SyntaxNode,
}

impl Program {
    /// The same, of a source that may be too large to be looked at: then it is empty, which is said, and `false` comes with it.
    pub(crate) fn read_small(
        source: &str,
        files: &dyn Files,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> (Program, bool) {
        if source.len() <= MAX_SOURCE_LEN {
            return (Program::read(source, files, diagnostics), true);
        }
        diagnostics.push(Diagnostic::too_large(source.len()));
        (Program::read("", files, &mut Vec::new()), false)
    }

    /// For each file but the first, the `use` in the first over which it is reached first.
    pub(crate) fn first_steps(&self) -> Vec<Option<Span>> {
        let mut ways: Vec<Option<Span>> = vec![None; self.modules.len()];
        let mut next: Vec<(usize, Option<Span>)> = vec![(0, None)];
        while let Some((file, way)) = next.pop() {
            let imports = self.modules.get(file).into_iter();
            for import in imports.flat_map(|module| &module.imports) {
                let way = way.unwrap_or(import.span);
                let Some(from) = import.from else { continue };
                if let Some(seen @ None) = ways.get_mut(from) {
                    *seen = Some(way);
                    next.push((from, Some(way)));
                }
            }
        }
        ways
    }

    /// Reads a source and all that it uses. What is wrong is said; whatever could be read is there.
    pub(crate) fn read(
        source: &str,
        files: &dyn Files,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Program {
        let mut reading = Reading {
            files,
            sources: Sources::alone(source),
            parsed: vec![parse(source)],
            found: BTreeMap::new(),
            uses: Vec::new(),
            full: false,
            diagnostics,
        };
        reading.take_diagnostics(0);
        let mut next = 0;
        while next < reading.parsed.len() {
            let uses = reading.follow(next);
            reading.uses.push(uses);
            next += 1;
        }
        reading.program()
    }
}

/// A `use` with the file that it leads to. Places are those of its file.
struct Found {
    import: Import,
    /// The names before the item.
    path: Span,
}

struct Reading<'a> {
    files: &'a dyn Files,
    sources: Sources,
    parsed: Vec<Parse>,
    /// By path; `None` is a file that is not there, which has been said.
    found: BTreeMap<String, Option<usize>>,
    /// Of each file that was gone through.
    uses: Vec<Vec<Found>>,
    /// Whether a limit was passed, which has been said.
    full: bool,
    diagnostics: &'a mut Vec<Diagnostic>,
}

impl Reading<'_> {
    fn take_diagnostics(&mut self, file: usize) {
        let start = self.sources.span(file).start;
        let found = self.parsed.get_mut(file).into_iter();
        let found = found.flat_map(|parse| std::mem::take(&mut parse.diagnostics));
        self.diagnostics
            .extend(found.map(|diagnostic| diagnostic.behind(start)));
    }

    /// The files that a file uses, read if they are new.
    fn follow(&mut self, file: usize) -> Vec<Found> {
        let start = self.sources.span(file).start;
        let root = self.parsed.get(file).map(Parse::root);
        let Some(tree) = root.and_then(ast::File::cast) else {
            return Vec::new();
        };
        let mut uses = Vec::new();
        for item in tree.other_items() {
            let Item::Use(item) = item else { continue };
            let mut path = item.path();
            let (Some(last), Some(name)) = (path.pop(), item.name()) else {
                continue;
            };
            let span = match (path.first(), path.last()) {
                (Some(first), Some(last)) => first.span.to(last.span),
                _ => last.span,
            };
            let from = if path.is_empty() || path.len() >= MAX_PATH {
                let found = wrong_path(&last, path.is_empty(), span);
                self.diagnostics.push(found.behind(start));
                None
            } else {
                let library = match &path[..] {
                    [name] => modules::text(&name.text).map(|text| (name.text.as_str(), text)),
                    _ => None,
                };
                let path = self.path(file, &path);
                self.file(path, library, span.behind(start))
            };
            let import = Import {
                span: item.span(),
                from,
                item: last,
                name,
            };
            let path = span.behind(start);
            uses.push(Found { import, path });
        }
        uses
    }

    /// The path of a file that `of` calls by these names.
    fn path(&self, of: usize, names: &[Name]) -> String {
        let user = self.sources.path(of);
        let folder = user.rfind('/').map_or("", |at| &user[..=at]);
        let names: Vec<&str> = names.iter().map(|name| name.text.as_str()).collect();
        format!("{folder}{}.enigma", names.join("/"))
    }

    /// The file of a path. `library`: name and text of the library's file that is meant if there is none.
    fn file(
        &mut self,
        path: String,
        library: Option<(&str, &'static str)>,
        span: Span,
    ) -> Option<usize> {
        if let Some(found) = self.found.get(&path) {
            return *found;
        }
        let read = self.new_file(&path, library, span);
        self.found.insert(path, read);
        read
    }

    fn new_file(
        &mut self,
        path: &str,
        library: Option<(&str, &'static str)>,
        span: Span,
    ) -> Option<usize> {
        // What was asked for and not found counts, too: it is looked for on a disk.
        if self.full {
            return None;
        }
        if self.found.len() + 1 >= MAX_FILES {
            let message = format!("a program has at most {MAX_FILES} files");
            return self.limit(span, message);
        }
        let text = match self.files.read(path) {
            Ok(text) if text.len() > MAX_SOURCE_LEN => Err(FileError::TooLarge),
            read => read,
        };
        let text = match (text, library) {
            (Ok(text), _) => text,
            (Err(FileError::Missing | FileError::NoFolder), Some((name, text))) => {
                return self.of_library(name, text, span);
            }
            (Err(error), _) => {
                self.diagnostics.push(not_read(path, &error, span));
                return None;
            }
        };
        self.add(path.to_owned(), &text, span)
    }

    /// A file of the library, which is one file whoever uses it.
    fn of_library(&mut self, name: &str, text: &str, span: Span) -> Option<usize> {
        let path = format!("{}{name}.enigma", modules::FOLDER);
        if let Some(file) = self.sources.file(&path) {
            return Some(file);
        }
        self.add(path, text, span)
    }

    fn add(&mut self, path: String, text: &str, span: Span) -> Option<usize> {
        if self.sources.text().len() + text.len() > MAX_PROGRAM_LEN {
            let most = grouped(MAX_PROGRAM_LEN as i128);
            let message = format!("all files of a program have at most {most} bytes together");
            return self.limit(span, message);
        }
        let file = self.parsed.len();
        self.parsed.push(parse(text));
        self.sources.add(path, text);
        self.take_diagnostics(file);
        Some(file)
    }

    fn limit(&mut self, span: Span, message: String) -> Option<usize> {
        if !std::mem::replace(&mut self.full, true) {
            let diagnostic =
                Diagnostic::error(Code::E0601, span, message).because("this one would be too much");
            self.diagnostics.push(diagnostic);
        }
        None
    }

    fn program(self) -> Program {
        cycle::check(&self.sources, &self.uses, self.diagnostics);
        let trees = self.parsed.into_iter().map(|parse| parse.green);
        let root = SyntaxNode::new_root(joined(trees));
        let files = root.children().filter_map(ast::File::cast);
        let modules = files
            .zip(self.uses)
            .enumerate()
            .map(|(index, (file, uses))| {
                let start = self.sources.span(index).start;
                let imports = uses.into_iter().map(|found| found.import.behind(start));
                let imports = imports.collect();
                Module { file, imports }
            });
        Program {
            modules: modules.collect(),
            sources: self.sources,
            root,
        }
    }
}

impl Import {
    fn behind(self, start: u32) -> Import {
        let moved = |name: Name| Name {
            span: name.span.behind(start),
            text: name.text,
        };
        Import {
            span: self.span.behind(start),
            from: self.from,
            item: moved(self.item),
            name: moved(self.name),
        }
    }
}

/// The trees of all files as one, whose text is that of [`Sources`].
fn joined(files: impl Iterator<Item = GreenNode>) -> GreenNode {
    let space = Enigma::kind_to_raw(SyntaxKind::Whitespace);
    let mut parts: Vec<NodeOrToken<GreenNode, GreenToken>> = Vec::new();
    for file in files {
        if !parts.is_empty() {
            parts.push(NodeOrToken::Token(GreenToken::new(space, BETWEEN)));
        }
        parts.push(NodeOrToken::Node(file));
    }
    GreenNode::new(Enigma::kind_to_raw(SyntaxKind::Program), parts)
}

fn wrong_path(last: &Name, is_short: bool, path: Span) -> Diagnostic {
    if is_short {
        let message = format!("`{}` is no name in a file", last.text);
        Diagnostic::error(Code::E0113, last.span, message)
            .because("the file alone, or the name alone")
            .help(format!(
                "say which name of the file: `use {}::NAME;` is `NAME` of `{}.enigma`",
                last.text, last.text
            ))
    } else {
        let message = format!("a path has at most {MAX_PATH} names");
        Diagnostic::error(Code::E0113, path, message)
    }
}

fn not_read(path: &str, error: &FileError, span: Span) -> Diagnostic {
    let wrong = |code, message: String| Diagnostic::error(code, span, message);
    match error {
        FileError::NoFolder => wrong(Code::E0109, format!("there is no file `{path}`"))
            .because("this source lies in no folder, so there is nowhere to look")
            .help("save it to a file; used files lie beside it"),
        FileError::Missing => wrong(Code::E0109, format!("there is no file `{path}`"))
            .because("looked for from the folder of the contract"),
        FileError::OtherCase(other) => wrong(Code::E0109, format!("there is no file `{path}`"))
            .because(format!("there is `{other}`, with other capitals"))
            .help("write it as the file is called: other systems do not take one for the other"),
        FileError::Outside => {
            let message = format!("`{path}` leads out of the contract's folder");
            wrong(Code::E0109, message)
                .because("a link to another place")
                .help("copy the file, or the folder, beside the contract")
        }
        FileError::TooLarge => {
            let message = format!("`{path}` has more than {MAX_SOURCE_LEN} bytes");
            wrong(Code::E0105, message)
        }
        FileError::NotText(line) => wrong(Code::E0114, format!("`{path}` is not UTF-8 text"))
            .because(format!("not from its line {line} on"))
            .help("save the file with UTF-8 encoding"),
        FileError::Unreadable(why) => wrong(Code::E0109, format!("`{path}` cannot be read: {why}")),
    }
}
