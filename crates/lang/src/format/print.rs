//! From a layout to text: decides which groups are broken, and writes lines.

/// Most characters of a line.
const WIDTH: usize = 100;
/// Spaces of one level.
const STEP: usize = 2;

/// A piece of a layout. A group (`Open` to `Close`) is written on one line if that fits; else its own
/// `Line`s and `Soft`s become line ends, and the groups inside decide anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element<'a> {
    /// A token.
    Text(&'a str),
    /// One space, if something follows on the line.
    Space,
    /// A space, or a line end in a broken group.
    Line,
    /// Nothing, or a line end in a broken group.
    Soft,
    /// A line end.
    Hard,
    /// Makes the line end before it a blank line, unless a bracket was just opened.
    Blank,
    /// The comma behind the last item of a list: nothing, unless its group is broken.
    ClosingComma,
    /// A group begins.
    Open,
    /// A group ends.
    Close,
    /// What follows is one level deeper.
    Indent,
    /// It is no longer.
    Dedent,
    /// A comment at the end of the line.
    Trailing(&'a str),
    /// A comment on a line of its own.
    Own(&'a str),
}

use Element as E;

/// Writes a layout.
pub(super) fn print(elements: &[Element<'_>]) -> String {
    let mut printer = Printer {
        elements,
        forced: forced(elements),
        broken: Vec::new(),
        out: String::new(),
        column: 0,
        indent: 0,
        line_ends: 0,
        deeper: false,
        space: false,
        opened: false,
        trailing: None,
    };
    for at in 0..elements.len() {
        printer.element(at);
    }
    printer.end_comment();
    if !printer.out.is_empty() {
        printer.out.push('\n');
    }
    printer.out
}

/// For every `Open`, whether its group holds a line end or a comment, and so cannot be on one line.
fn forced(elements: &[Element<'_>]) -> Vec<bool> {
    let mut forced = vec![false; elements.len()];
    let mut open: Vec<(usize, bool)> = Vec::new();
    for (at, element) in elements.iter().enumerate() {
        match element {
            E::Open => open.push((at, false)),
            E::Close => {
                if let Some((start, broken)) = open.pop() {
                    forced[start] = broken;
                    if let Some((_, outer)) = open.last_mut() {
                        *outer |= broken;
                    }
                }
            }
            E::Hard | E::Trailing(_) | E::Own(_) => {
                if let Some((_, broken)) = open.last_mut() {
                    *broken = true;
                }
            }
            _ => {}
        }
    }
    forced
}

struct Printer<'e, 'a> {
    elements: &'e [Element<'a>],
    forced: Vec<bool>,
    /// Of every group that is open, whether it is broken.
    broken: Vec<bool>,
    out: String,
    /// Characters on the current line.
    column: usize,
    indent: usize,
    /// Line ends to write before the next text: none, one, or two for a blank line.
    line_ends: usize,
    /// Whether the next line is one level deeper, because a comment broke it at no usual place.
    deeper: bool,
    /// Whether a space goes before the next text, if it is on the same line.
    space: bool,
    /// Whether a bracket was the last text.
    opened: bool,
    /// A comment that waits for the end of its line.
    trailing: Option<&'a str>,
}

impl<'a> Printer<'_, 'a> {
    fn element(&mut self, at: usize) {
        match self.elements[at] {
            E::Text(text) => self.text(text),
            E::Space => self.space = true,
            E::Line if self.in_broken() || self.trailing.is_some() => self.end_line(),
            E::Line => self.space = true,
            E::Soft if self.in_broken() => self.end_line(),
            E::Soft => {}
            E::Hard => self.end_line(),
            E::Blank if self.line_ends > 0 && !self.opened => self.line_ends = 2,
            E::Blank => {}
            // Right behind the item, before its comment.
            E::ClosingComma if self.in_broken() => self.push(","),
            E::ClosingComma => {}
            E::Open => {
                let outer_fits = self.broken.last() == Some(&false);
                let broken = !outer_fits && (self.forced[at] || !self.fits(at));
                self.broken.push(broken);
            }
            E::Close => drop(self.broken.pop()),
            E::Indent => self.indent += 1,
            E::Dedent => self.indent = self.indent.saturating_sub(1),
            E::Trailing(comment) => self.trailing = Some(comment),
            E::Own(comment) => self.own_comment(comment),
        }
    }

    fn in_broken(&self) -> bool {
        self.broken.last() == Some(&true)
    }

    /// Whether the group at `open` fits on the line, with what follows it up to the next place where
    /// a line may end.
    fn fits(&self, open: usize) -> bool {
        let mut width = match self.line_ends {
            0 => self.column + usize::from(self.space),
            _ => self.indent * STEP,
        };
        let (mut depth, mut closed) = (0_usize, false);
        for element in &self.elements[open..] {
            match element {
                E::Open => depth += 1,
                E::Close => {
                    depth = depth.saturating_sub(1);
                    closed |= depth == 0;
                }
                // Also in a group that follows: it may be broken.
                E::Line | E::Soft | E::Hard | E::Trailing(_) | E::Own(_) if closed => break,
                E::ClosingComma if closed => width += 1,
                E::Line | E::Space => width += 1,
                E::Text(text) => width += text.chars().count(),
                _ => {}
            }
            if width > WIDTH {
                return false;
            }
        }
        true
    }

    fn text(&mut self, text: &'a str) {
        // Only `,` and `;` may come between a token and the comment behind it.
        if self.trailing.is_some() {
            self.deeper = true;
            self.end_line();
        }
        self.start();
        self.push(text);
        self.opened = matches!(text, "{" | "(" | "[");
    }

    /// Writes the line ends or the space that are due.
    fn start(&mut self) {
        let space = std::mem::take(&mut self.space);
        let line_ends = std::mem::take(&mut self.line_ends);
        let deeper = std::mem::take(&mut self.deeper);
        if self.out.is_empty() {
            return;
        }
        if line_ends > 0 {
            let indent = (self.indent + usize::from(deeper)) * STEP;
            self.out.extend(std::iter::repeat_n('\n', line_ends));
            self.out.extend(std::iter::repeat_n(' ', indent));
            self.column = indent;
        } else if space {
            self.push(" ");
        }
    }

    fn push(&mut self, text: &str) {
        self.out.push_str(text);
        self.column += text.chars().count();
    }

    fn end_line(&mut self) {
        self.end_comment();
        self.line_ends = self.line_ends.max(1);
    }

    fn end_comment(&mut self) {
        if let Some(comment) = self.trailing.take() {
            self.push(" ");
            self.push(comment);
            self.opened = false;
        }
    }

    fn own_comment(&mut self, comment: &'a str) {
        let unusual = self.line_ends == 0 || self.deeper;
        self.deeper = unusual;
        self.end_line();
        self.start();
        self.push(comment);
        self.opened = false;
        self.deeper = unusual && self.out.len() > comment.len();
        self.line_ends = 1;
    }
}
