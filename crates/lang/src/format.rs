//! The formatter: one style, no options.
//!
//! The layout is a function of the tokens, the comments and the blank lines alone; how the source was
//! broken into lines does not matter. The style:
//!
//! - Two spaces for each level; one declaration or statement a line; blocks are always opened up, and
//!   lists (arguments, parameters, list values, names of an `enum`) only when they do not fit.
//! - A line has at most 100 characters, comments not counted, and where it would have more it is broken
//!   at the outermost of these places: around the items of a list, and behind each of them; before
//!   operators, before `?` and `:`, before the calls of a chain with two or more; before `to` and `with`
//!   of a reveal; before `by`, `when` and `pays` of an entry; before `admit`, `access`, `max_rows`,
//!   `range`, `check`, `allow` and `from` of a declaration; before the message of a `require`; before
//!   `max` of a `while`. Types are not broken.
//! - A declaration with more than one `allow` has each on a line of its own.
//! - Lists of plain values fill their lines. All others have one item a line, and then a comma behind
//!   the last.
//! - Blank lines between declarations, statements and comments are kept, at most one, and none next to
//!   a brace. Columns are not aligned.
//! - Comments stay between the tokens where they were: on lines of their own, or at the end of a line.
//!
//! Invariants, held before anything is returned: the tokens are those of the source but for commas
//! behind the last item of a list, and the comments are those of the source.

mod comments;
mod layout;
mod print;

use crate::syntax::{self, SyntaxKind, tokenize};
use crate::{Code, Diagnostic, MAX_SOURCE_LEN, Span};

/// The source in the one style. What is formatted once stays as it is.
///
/// # Errors
/// The diagnostics of a source that does not follow the grammar, or that is too large or would be when it
/// is formatted: such a source is left alone.
pub fn format(source: &str) -> Result<String, Vec<Diagnostic>> {
    if source.len() > MAX_SOURCE_LEN {
        return Err(vec![Diagnostic::too_large(source.len())]);
    }
    let parse = syntax::parse(source);
    if !parse.diagnostics.is_empty() {
        return Err(parse.diagnostics);
    }
    let formatted = print::print(&layout::layout(source, &parse.root()));
    if formatted.len() > MAX_SOURCE_LEN {
        return Err(vec![Diagnostic::too_large(formatted.len())]);
    }
    if content(&formatted) != content(source) {
        let message = "the formatter would have changed the program; it was left as it is";
        return Err(vec![Diagnostic::error(
            Code::E0999,
            Span::default(),
            message,
        )]);
    }
    Ok(formatted)
}

/// Tokens and comments, each in order, without the commas that a formatter may add or take away.
fn content(source: &str) -> (Vec<&str>, Vec<&str>) {
    let (mut tokens, mut comments) = (Vec::new(), Vec::new());
    for token in tokenize(source) {
        let text = source.get(token.span.range()).unwrap_or("");
        match token.kind {
            SyntaxKind::Whitespace => {}
            SyntaxKind::Comment => comments.push(text.trim_end()),
            kind => {
                let closes = matches!(
                    kind,
                    SyntaxKind::RParen | SyntaxKind::RBracket | SyntaxKind::RBrace
                );
                if closes && tokens.last() == Some(&",") {
                    tokens.pop();
                }
                tokens.push(text);
            }
        }
    }
    (tokens, comments)
}
