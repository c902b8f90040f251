//! The parser's machinery: a cursor over tokens that builds the tree. It never fails: what does
//! not fit becomes an error node, and the tree's text is always the source.
//!
//! Two bounds keep every later pass safe from deep recursion: [`MAX_NESTING`] on the parser's own
//! recursion, and [`MAX_EXPRESSION_HEIGHT`] on trees that grow by iteration (`a + b + c + ...`).
//! Beyond either the parser reports once and takes the rest of the file as an error.

use rowan::{Checkpoint, GreenNode, GreenNodeBuilder, Language};

use super::grammar;
use super::kind::{Enigma, SyntaxKind, SyntaxNode};
use super::lexer::{Token, tokenize};
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::span::Span;

/// How deep blocks, parentheses, types and the like may nest.
pub const MAX_NESTING: usize = 64;
/// How high the tree of one expression may be.
pub const MAX_EXPRESSION_HEIGHT: usize = 256;
/// Longest name.
pub const MAX_NAME_LEN: usize = 64;

/// A parsed source.
#[derive(Clone, Debug)]
pub struct Parse {
    pub(crate) green: GreenNode,
    /// What did not follow the grammar, in order of the source.
    pub diagnostics: Vec<Diagnostic>,
}

impl Parse {
    /// The root of the tree, a [`SyntaxKind::File`].
    #[must_use]
    pub fn root(&self) -> SyntaxNode {
        SyntaxNode::new_root(self.green.clone())
    }
}

/// Parses any text.
#[must_use]
pub fn parse(source: &str) -> Parse {
    let mut parser = Parser {
        source,
        tokens: tokenize(source),
        position: 0,
        builder: GreenNodeBuilder::new(),
        diagnostics: Vec::new(),
        nesting: 0,
        aborted: false,
        last_error: None,
    };
    parser.open_exact(SyntaxKind::File);
    grammar::file(&mut parser);
    parser.take_trivia();
    parser.close();
    Parse {
        green: parser.builder.finish(),
        diagnostics: parser.diagnostics,
    }
}

pub(super) struct Parser<'a> {
    source: &'a str,
    tokens: Vec<Token>,
    position: usize,
    builder: GreenNodeBuilder<'static>,
    diagnostics: Vec<Diagnostic>,
    nesting: usize,
    aborted: bool,
    last_error: Option<u32>,
}

impl Parser<'_> {
    // Looking.

    /// The next token that is not trivia.
    pub(super) fn current(&self) -> SyntaxKind {
        self.token(0).map_or(SyntaxKind::End, |t| t.kind)
    }

    pub(super) fn at(&self, kind: SyntaxKind) -> bool {
        self.current() == kind
    }

    pub(super) fn at_end(&self) -> bool {
        self.at(SyntaxKind::End)
    }

    /// The token `ahead` places after the current one, trivia not counted.
    pub(super) fn nth(&self, ahead: usize) -> SyntaxKind {
        self.token(ahead).map_or(SyntaxKind::End, |t| t.kind)
    }

    /// The text of the current token.
    pub(super) fn text(&self) -> &str {
        self.token(0)
            .map_or("", |t| self.source.get(t.span.range()).unwrap_or(""))
    }

    pub(super) fn at_word(&self, word: &str) -> bool {
        self.at(SyntaxKind::Word) && self.text() == word
    }

    /// A word that joins truth values elsewhere.
    pub(super) fn at_foreign_operator(&self) -> bool {
        self.at_word("and") || self.at_word("or")
    }

    /// Whether the token after the current one is this word.
    pub(super) fn next_is_word(&self, word: &str) -> bool {
        let next = self.token(1).filter(|t| t.kind == SyntaxKind::Word);
        next.and_then(|t| self.source.get(t.span.range())) == Some(word)
    }

    /// Two tokens without anything between them, like the halves of `>>`.
    pub(super) fn at_joined(&self, first: SyntaxKind, second: SyntaxKind) -> bool {
        match (self.token(0), self.token(1)) {
            (Some(a), Some(b)) => a.kind == first && b.kind == second && a.span.end == b.span.start,
            _ => false,
        }
    }

    fn token(&self, ahead: usize) -> Option<Token> {
        if self.aborted {
            return None;
        }
        let rest = self.tokens.get(self.position..).unwrap_or(&[]);
        rest.iter()
            .filter(|t| !t.kind.is_trivia())
            .nth(ahead)
            .copied()
    }

    fn here(&self) -> Span {
        let end = self.source.len();
        self.token(0).map_or(Span::new(end, end), |t| t.span)
    }

    /// Just behind the last token taken.
    fn behind(&self) -> Span {
        let taken = self.tokens.get(..self.position).unwrap_or(&[]);
        let last = taken.iter().rev().find(|t| !t.kind.is_trivia());
        last.map_or(Span::default(), |t| t.span.after())
    }

    /// Whether nothing that could belong to the last token follows on its line.
    fn at_line_end(&self) -> bool {
        let between = self.behind().range().start..self.here().range().start;
        let between = self.source.get(between).unwrap_or("");
        matches!(self.current(), SyntaxKind::RBrace | SyntaxKind::End) || between.contains('\n')
    }

    // Taking.

    /// Puts the current token into the tree.
    pub(super) fn bump(&mut self) {
        self.take_trivia();
        self.push_raw();
    }

    pub(super) fn eat(&mut self, kind: SyntaxKind) -> bool {
        let found = self.at(kind);
        if found {
            self.bump();
        }
        found
    }

    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let found = self.at_word(word);
        if found {
            self.bump();
        }
        found
    }

    pub(super) fn expect(&mut self, kind: SyntaxKind) -> bool {
        let unfinished = kind == SyntaxKind::Str && self.eat(SyntaxKind::OpenStr);
        let found = unfinished || self.eat(kind);
        if !found {
            self.error_missing(kind.describe());
        }
        found
    }

    pub(super) fn expect_word(&mut self, word: &str) -> bool {
        let found = self.eat_word(word);
        if !found {
            self.error_missing(&format!("`{word}`"));
        }
        found
    }

    /// A name that is being declared or used as a label.
    pub(super) fn expect_name(&mut self, what: &str) -> bool {
        if !self.at(SyntaxKind::Word) {
            self.error_missing(what);
            return false;
        }
        if grammar::is_reserved(self.text()) {
            let message = format!("`{}` is a word of the language, not a name", self.text());
            self.report(Diagnostic::error(Code::E0202, self.here(), message));
        } else if self.text().len() > MAX_NAME_LEN {
            let message = format!("this name has more than {MAX_NAME_LEN} characters");
            self.report(Diagnostic::error(Code::E0106, self.here(), message));
        }
        self.open(SyntaxKind::Name);
        self.bump();
        self.close();
        true
    }

    pub(super) fn take_trivia(&mut self) {
        while self.raw().is_some_and(|t| t.kind.is_trivia()) {
            self.push_raw();
        }
    }

    fn raw(&self) -> Option<Token> {
        self.tokens.get(self.position).copied()
    }

    fn push_raw(&mut self) {
        let Some(token) = self.raw() else { return };
        let text = self.source.get(token.span.range()).unwrap_or("");
        self.builder.token(Enigma::kind_to_raw(token.kind), text);
        self.position += 1;
        let error = |code, message: String| Diagnostic::error(code, token.span, message);
        self.diagnostics.extend(match token.kind {
            SyntaxKind::Unknown => Some(error(Code::E0102, format!("unknown character {text:?}"))),
            SyntaxKind::OpenStr => {
                let message = "this text has no closing `\"`".to_owned();
                Some(error(Code::E0103, message))
            }
            SyntaxKind::BadNumber => Some(error(Code::E0107, format!("`{text}` is not a number"))),
            SyntaxKind::BadComment => Some(
                error(Code::E0101, "this is no comment".to_owned())
                    .help("a comment begins with `//` and ends with its line"),
            ),
            _ => None,
        });
    }

    // Building.

    /// Opens a node at the next token; trivia before it stays outside.
    pub(super) fn open(&mut self, kind: SyntaxKind) {
        self.take_trivia();
        self.open_exact(kind);
    }

    fn open_exact(&mut self, kind: SyntaxKind) {
        self.builder.start_node(Enigma::kind_to_raw(kind));
    }

    pub(super) fn close(&mut self) {
        self.builder.finish_node();
    }

    pub(super) fn checkpoint(&mut self) -> Checkpoint {
        self.take_trivia();
        self.builder.checkpoint()
    }

    pub(super) fn open_at(&mut self, checkpoint: Checkpoint, kind: SyntaxKind) {
        self.builder
            .start_node_at(checkpoint, Enigma::kind_to_raw(kind));
    }

    // Errors.

    pub(super) fn error_here(&mut self, message: impl Into<String>) {
        self.report(Diagnostic::error(Code::E0101, self.here(), message));
    }

    /// What people write who know other languages: says what to write here, and takes it as an error node, so that nothing follows
    /// from it.
    pub(super) fn slip(&mut self, message: &str, help: &str, take: impl FnOnce(&mut Self)) {
        self.report(Diagnostic::error(Code::E0101, self.here(), message).help(help));
        self.open(SyntaxKind::Error);
        take(self);
        self.close();
    }

    /// Something is missing between the last token and this one.
    pub(super) fn error_missing(&mut self, what: &str) {
        let found = match self.current() {
            SyntaxKind::End => "the end of the file".to_owned(),
            _ => format!("`{}`", shorten(self.text())),
        };
        let diagnostic = if matches!(what, "`;`" | "`}`" | "`)`" | "`]`") {
            let behind = self.behind();
            let message = format!("{what} is missing here");
            let diagnostic = Diagnostic::error(Code::E0101, behind, message)
                .because(format!("expected {what}, found {found}"));
            if what == "`;`" && self.at_line_end() {
                diagnostic.fix("add `;`", behind, ";")
            } else {
                diagnostic
            }
        } else {
            Diagnostic::error(
                Code::E0101,
                self.here(),
                format!("expected {what}, found {found}"),
            )
        };
        self.report(diagnostic);
    }

    /// One error per place: what follows from an error at the same token is noise.
    fn report(&mut self, diagnostic: Diagnostic) {
        let here = self.here().start;
        // These tokens are errors by themselves, reported when they are taken.
        let wrong_token = matches!(
            self.current(),
            SyntaxKind::Unknown | SyntaxKind::OpenStr | SyntaxKind::BadNumber
        );
        if self.aborted || wrong_token || self.last_error == Some(here) {
            return;
        }
        self.last_error = Some(here);
        self.diagnostics.push(diagnostic);
    }

    /// Takes tokens as an error node until `stop` says so or the file ends; whole pairs of braces,
    /// so that recovery does not start in the middle of a block.
    pub(super) fn skip_until(&mut self, stop: impl Fn(&Self) -> bool) {
        if self.at_end() || stop(self) {
            return;
        }
        self.open(SyntaxKind::Error);
        let mut depth = 0_usize;
        while !self.at_end() && (depth > 0 || !stop(self)) {
            match self.current() {
                SyntaxKind::LBrace => depth += 1,
                SyntaxKind::RBrace => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.bump();
        }
        self.close();
    }

    /// Takes a pair of braces with all that is in it, if one begins here.
    pub(super) fn skip_braces(&mut self) {
        let mut depth = 0_usize;
        loop {
            match self.current() {
                SyntaxKind::LBrace => depth += 1,
                SyntaxKind::RBrace => depth = depth.saturating_sub(1),
                SyntaxKind::End => return,
                _ => {}
            }
            if depth == 0 {
                self.eat(SyntaxKind::RBrace);
                return;
            }
            self.bump();
        }
    }

    // Bounds.

    /// Runs `inner` one level deeper, unless that is too deep.
    pub(super) fn nested<T: Default>(&mut self, inner: impl FnOnce(&mut Self) -> T) -> T {
        if self.nesting >= MAX_NESTING {
            self.abort(format!("nested more than {MAX_NESTING} deep"));
            return T::default();
        }
        self.nesting += 1;
        let result = inner(self);
        self.nesting -= 1;
        result
    }

    /// Refuses expressions whose tree is too high.
    pub(super) fn bound_height(&mut self, height: usize) {
        if height > MAX_EXPRESSION_HEIGHT {
            self.abort(format!(
                "this expression has more than {MAX_EXPRESSION_HEIGHT} operations inside each other"
            ));
        }
    }

    fn abort(&mut self, message: String) {
        if self.aborted {
            return;
        }
        let diagnostic = Diagnostic::error(Code::E0104, self.here(), message)
            .help("give a name to a part of it with `let`");
        self.diagnostics.push(diagnostic);
        self.open_exact(SyntaxKind::Error);
        while self.position < self.tokens.len() {
            self.push_raw();
        }
        self.close();
        self.aborted = true;
    }
}

fn shorten(text: &str) -> &str {
    let end = text.floor_char_boundary(text.len().min(24));
    text.get(..end).unwrap_or(text)
}
