//! Between the language's types and those of the protocol.

use enigma_lang::ide::{Completion, CompletionKind, Lines, Outline, Position};
use enigma_lang::{Diagnostic, Severity, Sources, Span};
use lsp_types as lsp;

use super::places::Places;

/// What this server can do.
pub(super) fn capabilities() -> lsp::ServerCapabilities {
    let sync = lsp::TextDocumentSyncOptions {
        open_close: Some(true),
        // A source is small, and whole texts cannot get out of step.
        change: Some(lsp::TextDocumentSyncKind::FULL),
        ..Default::default()
    };
    let fixes = lsp::CodeActionOptions {
        code_action_kinds: Some(vec![lsp::CodeActionKind::QUICKFIX]),
        ..Default::default()
    };
    lsp::ServerCapabilities {
        position_encoding: Some(lsp::PositionEncodingKind::UTF16),
        text_document_sync: Some(sync.into()),
        hover_provider: Some(true.into()),
        definition_provider: Some(lsp::OneOf::Left(true)),
        references_provider: Some(lsp::OneOf::Left(true)),
        rename_provider: Some(lsp::OneOf::Right(lsp::RenameOptions {
            prepare_provider: Some(true),
            work_done_progress_options: Default::default(),
        })),
        completion_provider: Some(lsp::CompletionOptions {
            trigger_characters: Some(vec![".".to_owned(), ":".to_owned()]),
            ..Default::default()
        }),
        document_symbol_provider: Some(lsp::OneOf::Left(true)),
        document_formatting_provider: Some(lsp::OneOf::Left(true)),
        code_action_provider: Some(fixes.into()),
        ..Default::default()
    }
}

/// A text with its lines.
pub(super) struct Text {
    pub(super) text: String,
    lines: Lines,
}

impl Text {
    pub(super) fn new(text: String) -> Text {
        let lines = Lines::of(&text);
        Text { text, lines }
    }

    /// The byte at a position; `None` outside of the text.
    pub(super) fn offset(&self, position: lsp::Position) -> Option<usize> {
        let position = Position {
            line: position.line,
            column: position.character,
        };
        self.lines.offset(&self.text, position)
    }

    pub(super) fn range(&self, span: Span) -> lsp::Range {
        let place = |offset| {
            let position = self.lines.position(&self.text, offset);
            lsp::Position::new(position.line, position.column)
        };
        let range = span.range();
        lsp::Range::new(place(range.start), place(range.end))
    }

    pub(super) fn edit(&self, span: Span, text: &str) -> lsp::TextEdit {
        lsp::TextEdit::new(self.range(span), text.to_owned())
    }

    /// A finding: help and where to read more in the message, which is all that many editors show.
    /// `sources`: the texts of the document's program, in which its places are.
    pub(super) fn diagnostic(
        &self,
        uri: &lsp::Uri,
        sources: &Sources,
        found: &Diagnostic,
    ) -> lsp::Diagnostic {
        let mut message = found.message.clone();
        if !found.primary.text.is_empty() {
            message.push_str(&format!("\n{}", found.primary.text));
        }
        for help in &found.help {
            message.push_str(&format!("\nhelp: {help}"));
        }
        message.push_str(&format!("\n`enigma explain {}` says more", found.code));
        let mut places = Places::of(uri, sources);
        let related = found
            .secondary
            .iter()
            .map(|label| lsp::DiagnosticRelatedInformation {
                location: places.location(label.span),
                message: label.text.clone(),
            });
        let related: Vec<_> = related.collect();
        lsp::Diagnostic {
            range: self.range(found.primary.span),
            severity: Some(match found.severity {
                Severity::Error => lsp::DiagnosticSeverity::ERROR,
                Severity::Warning => lsp::DiagnosticSeverity::WARNING,
            }),
            code: Some(lsp::NumberOrString::String(found.code.to_string())),
            source: Some("enigma".to_owned()),
            message,
            related_information: (!related.is_empty()).then_some(related),
            ..Default::default()
        }
    }

    pub(super) fn completion(&self, completion: &Completion) -> lsp::CompletionItem {
        lsp::CompletionItem {
            label: completion.text.clone(),
            kind: Some(match completion.kind {
                CompletionKind::Word => lsp::CompletionItemKind::KEYWORD,
                CompletionKind::Type => lsp::CompletionItemKind::STRUCT,
                CompletionKind::Name => lsp::CompletionItemKind::VARIABLE,
                CompletionKind::Field => lsp::CompletionItemKind::FIELD,
                CompletionKind::Variant => lsp::CompletionItemKind::ENUM_MEMBER,
                CompletionKind::Method => lsp::CompletionItemKind::METHOD,
                CompletionKind::Function => lsp::CompletionItemKind::FUNCTION,
            }),
            detail: Some(completion.detail.clone()),
            // Names of the source before words and the library.
            sort_text: Some(match completion.kind {
                CompletionKind::Name | CompletionKind::Field | CompletionKind::Variant => {
                    format!("0{}", completion.text)
                }
                _ => format!("1{}", completion.text),
            }),
            text_edit: Some(self.edit(completion.span, &completion.text).into()),
            ..Default::default()
        }
    }

    #[expect(
        deprecated,
        reason = "the protocol's type still has the field `deprecated`"
    )]
    pub(super) fn symbol(&self, outline: &Outline) -> lsp::DocumentSymbol {
        let children: Vec<_> = outline
            .children
            .iter()
            .map(|child| self.symbol(child))
            .collect();
        lsp::DocumentSymbol {
            name: outline.name.clone(),
            detail: Some(outline.detail.clone()),
            kind: match outline.detail.as_str() {
                "contract" => lsp::SymbolKind::CLASS,
                "entry" | "function" => lsp::SymbolKind::FUNCTION,
                "struct" => lsp::SymbolKind::STRUCT,
                "enum" => lsp::SymbolKind::ENUM,
                "value of an enum" => lsp::SymbolKind::ENUM_MEMBER,
                "constant" => lsp::SymbolKind::CONSTANT,
                "state" => lsp::SymbolKind::NAMESPACE,
                "party" | "group" => lsp::SymbolKind::INTERFACE,
                "test" => lsp::SymbolKind::EVENT,
                _ => lsp::SymbolKind::FIELD,
            },
            tags: None,
            deprecated: None,
            range: self.range(outline.span),
            selection_range: self.range(outline.name_span),
            children: (!children.is_empty()).then_some(children),
        }
    }
}
