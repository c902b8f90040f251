//! What is shown about a place.

use super::Analysis;
use super::scope::{STORES, Symbol, SymbolKind};
use super::words::word;
use crate::code::explain;
use crate::lower::{LibraryFunction, LibraryKind, library};
use crate::span::Span;
use crate::syntax::{SyntaxKind as K, SyntaxToken};

/// Something to show about a place, as Markdown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hover {
    /// What it is about.
    pub span: Span,
    /// The text.
    pub text: String,
}

impl Analysis {
    /// The declaration of a name as it is written, with the comment above it; one line about a word of the
    /// language or a function of its library; who knows the value, where it lies and whose data it is made from; the long text of a
    /// code in a comment.
    #[must_use]
    pub fn hover(&self, offset: usize) -> Option<Hover> {
        let token = self.token_at(offset)?;
        let span = Span::from(token.text_range());
        if token.kind() == K::Comment {
            return self.code_at(offset, span);
        }
        let declared: Vec<String> = self
            .names
            .at(span.range().start)
            .map(|id| self.declaration(self.names.symbol(id)))
            .collect();
        let known = self.insight(&token);
        let text = match (declared.is_empty(), &known) {
            (false, _) => Some(declared.join("\n\n---\n\n")),
            (true, _) => about(&token),
        };
        let text = text.into_iter().chain(known).collect::<Vec<_>>();
        let text = text.join("\n\n");
        (!text.is_empty()).then_some(Hover { span, text })
    }

    fn declaration(&self, symbol: &Symbol) -> String {
        let code = one_line(self.head(symbol));
        let mut text = format!("```enigma\n{code}\n```\n\n{}", describe(symbol.kind));
        let comment = self.comment_above(symbol.span);
        if !comment.is_empty() {
            text.push_str("\n\n");
            text.push_str(&comment);
        }
        text
    }

    /// A declaration without the block or the fields behind its head.
    fn head(&self, symbol: &Symbol) -> &str {
        let text = self.text().get(symbol.span.range()).unwrap_or("");
        let opens = matches!(
            symbol.kind,
            SymbolKind::Contract | SymbolKind::Function | SymbolKind::Entry
        );
        // A `for` is the declaration of its local.
        let end = match opens || text.starts_with("for") {
            true => text.find('{').unwrap_or(text.len()),
            false => text.len(),
        };
        text.get(..end).unwrap_or(text).trim_end()
    }

    /// The comment on the lines directly above a declaration.
    fn comment_above(&self, span: Span) -> String {
        let sources = self.sources();
        let file = sources.span(sources.place(span).file).range().start;
        let before = self.text().get(file..span.range().start).unwrap_or("");
        let lines = before.lines().rev();
        // The line of the declaration itself, as far as it stands before it.
        let own = usize::from(!before.is_empty() && !before.ends_with('\n'));
        let above = lines.skip(own).map(str::trim);
        let mut comment: Vec<&str> = above
            .map_while(|line| line.strip_prefix("//"))
            .map(str::trim)
            .collect();
        comment.reverse();
        comment.join("\n")
    }

    fn code_at(&self, offset: usize, comment: Span) -> Option<Hover> {
        let text = self.text().get(comment.range())?;
        let mut start = comment.range().start;
        for word in text.split(|c: char| !c.is_ascii_alphanumeric()) {
            let end = start + word.len();
            if (start..=end).contains(&offset)
                && let Some(text) = explain(word)
            {
                let text = format!("**{word}** {text}");
                return Some(Hover {
                    span: Span::new(start, end),
                    text,
                });
            }
            start = end + 1;
        }
        None
    }
}

/// The token of a name or a word that is declared nowhere in the source.
fn about(token: &SyntaxToken) -> Option<String> {
    let text = token.text();
    let name = token.parent().filter(|name| name.kind() == K::Name);
    let place = name
        .as_ref()
        .and_then(|name| name.parent())
        .map(|parent| parent.kind());
    let in_test = token.parent_ancestors().any(|node| node.kind() == K::Test);
    let fits = |function: &LibraryFunction| match function.kind {
        LibraryKind::Method | LibraryKind::StoreMethod => place == Some(K::MethodCall),
        LibraryKind::Function => place == Some(K::Call) && !in_test,
        LibraryKind::Test => place == Some(K::Call) && in_test,
    };
    let found = library()
        .into_iter()
        .filter(|function| function.name == text);
    let shown: Vec<String> = found
        .filter(fits)
        .map(|function| format!("```enigma\n{}\n```\n\n{}", function.call, function.meaning))
        .collect();
    if !shown.is_empty() {
        return Some(shown.join("\n\n"));
    }
    // A word of the grammar can also be a name; it is then no word.
    let is_word = match place {
        None => true,
        Some(K::Type) => true,
        Some(K::NameRef) => STORES.contains(&text),
        Some(_) => false,
    };
    let word = word(text).filter(|_| is_word)?;
    Some(format!("`{}`: {}", word.text, word.about))
}

pub(super) fn describe(kind: SymbolKind) -> &'static str {
    match kind {
        SymbolKind::Import => "library",
        SymbolKind::Contract => "contract",
        SymbolKind::Party => "party",
        SymbolKind::Group => "group",
        SymbolKind::Collection => "collection",
        SymbolKind::Slot => "stored value",
        SymbolKind::Struct => "struct",
        SymbolKind::Field => "field",
        SymbolKind::Enum => "enum",
        SymbolKind::Variant => "value of an enum",
        SymbolKind::Constant => "constant",
        SymbolKind::Function => "function",
        SymbolKind::Generic => "generic parameter",
        SymbolKind::Entry => "entry",
        SymbolKind::Parameter => "parameter",
        SymbolKind::Local => "local",
        SymbolKind::Reveal => "revealed value",
    }
}

/// White space as single spaces; what was aligned or broken into lines is not in one line of text.
pub(crate) fn one_line(text: &str) -> String {
    let lines = text.lines().map(|line| match line.find("//") {
        // A `//` in a text between quotes is none of a comment, but texts are rare in declarations.
        Some(at) if !line.contains('"') => &line[..at],
        _ => line,
    });
    let words: Vec<&str> = lines.flat_map(str::split_whitespace).collect();
    words.join(" ")
}
