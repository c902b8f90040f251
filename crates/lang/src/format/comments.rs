//! Which comments and blank lines belong to which token.

use std::collections::{BTreeMap, BTreeSet};

use crate::syntax::{SyntaxKind as K, SyntaxNode, tokenize};

/// A comment on a line of its own.
pub(super) struct Comment<'a> {
    /// With its `//`, without white space at its end.
    pub(super) text: &'a str,
    /// Whether a blank line stands before it.
    pub(super) blank_before: bool,
}

/// What stands around one token.
#[derive(Default)]
pub(super) struct Around<'a> {
    /// Comments before it, on lines of their own.
    pub(super) own: Vec<Comment<'a>>,
    /// Whether a blank line stands before it, behind those comments.
    pub(super) blank_before: bool,
    /// The comment behind it, on the same line.
    pub(super) trailing: Option<&'a str>,
}

/// The surroundings of every token by its first byte; the end of the file counts as a token.
pub(super) struct Comments<'a>(BTreeMap<usize, Around<'a>>);

impl<'a> Comments<'a> {
    /// Reads them from the source of a tree.
    ///
    /// The commas that lists may end with are taken as absent. A comment before a `,`, `;` or `{` is taken
    /// as behind it, since these never begin a line.
    pub(super) fn of(source: &'a str, root: &SyntaxNode) -> Comments<'a> {
        let absent = closing_commas(root);
        let mut around: BTreeMap<usize, Around<'a>> = BTreeMap::new();
        let (mut own, mut last) = (Vec::new(), None);
        // Line breaks since the last token or comment; whether there were some before an absent comma.
        let (mut line_breaks, mut ended) = (0, false);
        for token in tokenize(source) {
            let range = token.span.range();
            let text = source.get(range.clone()).unwrap_or("");
            match token.kind {
                K::Whitespace => line_breaks += text.matches('\n').count(),
                K::Comment => {
                    let text = text.trim_end();
                    let before = last.and_then(|last| around.get_mut(&last));
                    match before {
                        Some(Around { trailing, .. })
                            if line_breaks == 0
                                && !ended
                                && own.is_empty()
                                && trailing.is_none() =>
                        {
                            *trailing = Some(text);
                        }
                        _ => own.push(Comment {
                            text,
                            blank_before: line_breaks >= 2,
                        }),
                    }
                    (line_breaks, ended) = (0, false);
                }
                _ if absent.contains(&range.start) => {
                    (line_breaks, ended) = (0, ended || line_breaks > 0);
                }
                kind => {
                    let before = last.and_then(|last| around.get_mut(&last));
                    let attaches =
                        matches!(kind, K::Comma | K::Semicolon | K::LBrace) && own.is_empty();
                    let trailing = before
                        .filter(|_| attaches)
                        .and_then(|before| before.trailing.take());
                    let token = Around {
                        own: std::mem::take(&mut own),
                        blank_before: line_breaks >= 2,
                        trailing,
                    };
                    around.insert(range.start, token);
                    (line_breaks, ended) = (0, false);
                    last = Some(range.start);
                }
            }
        }
        let end = Around {
            own,
            ..Around::default()
        };
        around.insert(source.len(), end);
        Comments(around)
    }

    /// What is left around the token at `start`; the caller takes what it has laid out.
    pub(super) fn around(&mut self, start: usize) -> Option<&mut Around<'a>> {
        self.0.get_mut(&start)
    }
}

/// Whether a list of this kind may end with a comma.
pub(super) fn may_close_with_comma(kind: K) -> bool {
    matches!(kind, K::ArgList | K::ParamList | K::List | K::Enum)
}

/// Where commas stand behind the last item of a list.
fn closing_commas(root: &SyntaxNode) -> BTreeSet<usize> {
    let lists = root
        .descendants()
        .filter(|node| may_close_with_comma(node.kind()));
    lists
        .filter_map(|list| {
            let parts = list.children_with_tokens();
            let mut parts = parts.filter(|part| !part.kind().is_trivia());
            let closer = parts.by_ref().last()?;
            let mut before = closer.prev_sibling_or_token();
            while let Some(part) = before {
                if !part.kind().is_trivia() {
                    return (part.kind() == K::Comma)
                        .then(|| usize::from(part.text_range().start()));
                }
                before = part.prev_sibling_or_token();
            }
            None
        })
        .collect()
}
