//! What the compiler says to the author: a code, a sentence, marked places, and help.

use std::collections::BTreeMap;

use codespan_reporting::diagnostic as cs;
use codespan_reporting::files::SimpleFiles;
use codespan_reporting::term;

use crate::MAX_SOURCE_LEN;
use crate::code::Code;
use crate::sources::Sources;
use crate::span::Span;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// There is no contract.
    Error,
    /// There is a contract, perhaps not the one that was meant.
    Warning,
}

/// A marked place with a remark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What about it; may be empty.
    pub text: String,
}

/// A change of the source after which the finding is gone. Only where it is certain what was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What it does, in a few words.
    pub title: String,
    /// What is replaced; empty where something is added.
    pub span: Span,
    /// With what.
    pub replacement: String,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which rule.
    pub code: Code,
    /// How bad.
    pub severity: Severity,
    /// What is wrong, in one line.
    pub message: String,
    /// The place the author has to look at.
    pub primary: Label,
    /// Places that explain why.
    pub secondary: Vec<Label>,
    /// What to do about it.
    pub help: Vec<String>,
    /// A change that does it; boxed, since few have one and findings are handed around.
    pub fix: Option<Box<Fix>>,
}

impl Diagnostic {
    /// An error at a place.
    #[must_use]
    pub fn error(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            code,
            severity: Severity::Error,
            message: message.into(),
            primary: Label {
                span,
                text: String::new(),
            },
            secondary: Vec::new(),
            help: Vec::new(),
            fix: None,
        }
    }

    /// The one error about a source that is too large to be looked at.
    #[must_use]
    pub(crate) fn too_large(len: usize) -> Diagnostic {
        let message = format!("a source has at most {MAX_SOURCE_LEN} bytes, and this has {len}");
        Diagnostic::error(Code::E0105, Span::default(), message)
    }

    /// A warning at a place.
    #[must_use]
    pub fn warning(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            severity: Severity::Warning,
            ..Diagnostic::error(code, span, message)
        }
    }

    /// The same about a source that stands so many bytes further behind.
    #[must_use]
    pub(crate) fn behind(mut self, offset: u32) -> Diagnostic {
        let mut spans = vec![&mut self.primary.span];
        spans.extend(self.secondary.iter_mut().map(|label| &mut label.span));
        spans.extend(self.fix.as_deref_mut().map(|fix| &mut fix.span));
        for span in spans {
            *span = span.behind(offset);
        }
        self
    }

    /// Says something about the primary place.
    #[must_use]
    pub fn because(mut self, text: impl Into<String>) -> Diagnostic {
        self.primary.text = text.into();
        self
    }

    /// Marks another place.
    #[must_use]
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.secondary.push(Label {
            span,
            text: text.into(),
        });
        self
    }

    /// Adds a line of help.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Diagnostic {
        self.help.push(text.into());
        self
    }

    /// Offers a change of the source.
    #[must_use]
    pub fn fix(
        mut self,
        title: impl Into<String>,
        span: Span,
        text: impl Into<String>,
    ) -> Diagnostic {
        self.fix = Some(Box::new(Fix {
            title: title.into(),
            span,
            replacement: text.into(),
        }));
        self
    }

    /// The primary place is a name that does not exist; `near` does and looks like it.
    #[must_use]
    pub fn did_you_mean(self, near: &str) -> Diagnostic {
        let span = self.primary.span;
        self.help(format!("did you mean `{near}`?"))
            .fix(format!("change to `{near}`"), span, near)
    }
}

/// Whether any of them is an error.
#[must_use]
pub fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|d| d.severity == Severity::Error)
}

/// The diagnostics as text for a person, with the marked lines of the source. `color` adds ANSI
/// colours; the caller knows whether a terminal reads it. For a source that uses no other: see [`crate::Compilation::render`].
#[must_use]
pub fn render(diagnostics: &[Diagnostic], file_name: &str, source: &str, color: Color) -> String {
    render_of(diagnostics, file_name, &Sources::alone(source), color)
}

/// The same for several files; `file_name` is that of the contract's.
pub(crate) fn render_of(
    diagnostics: &[Diagnostic],
    file_name: &str,
    sources: &Sources,
    color: Color,
) -> String {
    let reports = diagnostics.iter().map(|d| report(d, sources));
    emit(reports, file_name, sources, color)
}

/// Something else than a diagnostic about one place, as text like that of [`render`].
pub(crate) fn render_marked(
    message: &str,
    (span, text): (Span, &str),
    notes: &[String],
    file_name: &str,
    sources: &Sources,
    color: Color,
) -> String {
    let (file, range) = inside(sources, span);
    let label = cs::Label::primary(file, range).with_message(text);
    let report = cs::Diagnostic::error()
        .with_message(message)
        .with_labels(vec![label])
        .with_notes(notes.to_vec());
    emit(std::iter::once(report), file_name, sources, color)
}

fn emit(
    reports: impl Iterator<Item = cs::Diagnostic<usize>>,
    file_name: &str,
    sources: &Sources,
    color: Color,
) -> String {
    let mut files = SimpleFiles::new();
    for file in 0..sources.files() {
        files.add(sources.name(file, file_name), sources.file_text(file));
    }
    let config = term::Config::default();
    let mut out = Vec::new();
    for report in reports {
        // Writing to memory cannot fail, and spans outside the source have been moved inside.
        let written = match color {
            Color::Always => {
                let mut ansi = term::termcolor::Ansi::new(&mut out);
                term::emit_to_write_style(&mut ansi, &config, &files, &report)
            }
            Color::Never => term::emit_to_io_write(&mut out, &config, &files, &report),
        };
        debug_assert!(written.is_ok(), "rendering to memory");
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Whether [`render`] colours its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// ANSI escape sequences.
    Always,
    /// Plain text.
    Never,
}

fn report(diagnostic: &Diagnostic, sources: &Sources) -> cs::Diagnostic<usize> {
    let severity = match diagnostic.severity {
        Severity::Error => cs::Severity::Error,
        Severity::Warning => cs::Severity::Warning,
    };
    let (file, range) = inside(sources, diagnostic.primary.span);
    let mut labels = vec![cs::Label::primary(file, range).with_message(&diagnostic.primary.text)];
    // Several remarks on one place read better as one.
    let mut merged: BTreeMap<Span, String> = BTreeMap::new();
    for label in &diagnostic.secondary {
        let text = merged.entry(label.span).or_default();
        if !text.is_empty() {
            text.push_str("; ");
        }
        text.push_str(&label.text);
    }
    labels.extend(merged.into_iter().map(|(span, text)| {
        let (file, range) = inside(sources, span);
        cs::Label::secondary(file, range).with_message(text)
    }));
    cs::Diagnostic::new(severity)
        .with_code(diagnostic.code)
        .with_message(&diagnostic.message)
        .with_labels(labels)
        .with_notes(
            diagnostic
                .help
                .iter()
                .map(|h| format!("help: {h}"))
                .collect(),
        )
}

/// The file of a place, and the place in it.
fn inside(sources: &Sources, span: Span) -> (usize, std::ops::Range<usize>) {
    let place = sources.place(span);
    let (source, range) = (sources.file_text(place.file), place.span.range());
    let end = source.floor_char_boundary(range.end.min(source.len()));
    (
        place.file,
        source.floor_char_boundary(range.start.min(end))..end,
    )
}

/// A number with `_` between groups of three digits, as it would be written in a contract.
pub(crate) fn grouped(value: i128) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push('_');
        }
        out.push(digit);
    }
    if value < 0 { format!("-{out}") } else { out }
}
