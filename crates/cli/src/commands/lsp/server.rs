//! The server as a state machine: messages in, messages out. It holds the open documents and nothing else.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use enigma_lang::ide::{self, Analysis};
use enigma_lang::{Diagnostic, MAX_SOURCE_LEN, Span};
use lsp_server::{ErrorCode, Notification, Request, RequestId, Response};
use lsp_types as lsp;
use lsp_types::notification::{self as note, Notification as _};
use lsp_types::request::{self as ask, Request as _};

use super::convert::Text;

/// Why there is no answer.
struct Refusal {
    code: ErrorCode,
    message: String,
}

fn refuse(code: ErrorCode, message: impl Into<String>) -> Refusal {
    let message = message.into();
    Refusal { code, message }
}

/// What an editor has open.
struct Document {
    uri: lsp::Uri,
    version: i32,
    content: Content,
}

enum Content {
    Source(Box<Source>),
    /// So many bytes, which were not kept.
    TooLarge(usize),
}

struct Source {
    text: Text,
    /// Read at the first question.
    analysis: OnceCell<Analysis>,
    /// Those that were published last.
    diagnostics: Vec<Diagnostic>,
}

impl Content {
    fn of(text: String) -> Content {
        if text.len() > MAX_SOURCE_LEN {
            return Content::TooLarge(text.len());
        }
        Content::Source(Box::new(Source {
            text: Text::new(text),
            analysis: OnceCell::new(),
            diagnostics: Vec::new(),
        }))
    }
}

impl Source {
    fn analysis(&self) -> &Analysis {
        self.analysis.get_or_init(|| Analysis::of(&self.text.text))
    }

    fn offset(&self, position: lsp::Position) -> Result<usize, Refusal> {
        let offset = self.text.offset(position);
        offset.ok_or_else(|| {
            let (line, column) = (position.line, position.character);
            refuse(
                ErrorCode::InvalidParams,
                format!("the document has no line {line} (column {column}), counted from 0"),
            )
        })
    }
}

/// All documents of one editor.
#[derive(Default)]
pub(super) struct Server {
    /// By URI.
    documents: BTreeMap<String, Document>,
    /// Those whose diagnostics are to be made.
    changed: BTreeSet<String>,
}

impl Server {
    /// The diagnostics of one document that has changed, if there is one.
    pub(super) fn due(&mut self) -> Option<Notification> {
        let document = self.documents.get_mut(&self.changed.pop_first()?)?;
        let found = match &mut document.content {
            Content::Source(source) => {
                source.diagnostics = ide::diagnostics(&source.text.text);
                let found = source.diagnostics.iter();
                found
                    .map(|found| source.text.diagnostic(&document.uri, found))
                    .collect()
            }
            Content::TooLarge(len) => {
                let message =
                    format!("a source has at most {MAX_SOURCE_LEN} bytes, and this has {len}");
                let code = lsp::NumberOrString::String(enigma_lang::Code::E0105.to_string());
                vec![lsp::Diagnostic {
                    severity: Some(lsp::DiagnosticSeverity::ERROR),
                    code: Some(code),
                    source: Some("enigma".to_owned()),
                    message,
                    ..Default::default()
                }]
            }
        };
        Some(published(
            document.uri.clone(),
            found,
            Some(document.version),
        ))
    }

    /// Takes a notification, and gives those that follow from it at once.
    pub(super) fn note(&mut self, notification: Notification) -> Vec<Notification> {
        let method = notification.method.clone();
        let taken = match method.as_str() {
            note::DidOpenTextDocument::METHOD => params(notification.params).map(|p| self.open(p)),
            note::DidChangeTextDocument::METHOD => {
                params(notification.params).and_then(|p| self.change(p))
            }
            note::DidCloseTextDocument::METHOD => params(notification.params).map(|p| {
                let p: lsp::DidCloseTextDocumentParams = p;
                self.documents.remove(p.text_document.uri.as_str());
                self.changed.remove(p.text_document.uri.as_str());
                // What is closed has no findings.
                vec![published(p.text_document.uri, Vec::new(), None)]
            }),
            // Others need no answer, by the protocol.
            _ => Ok(Vec::new()),
        };
        taken.unwrap_or_else(|refusal| {
            let params = lsp::LogMessageParams {
                typ: lsp::MessageType::ERROR,
                message: format!("{method}: {}", refusal.message),
            };
            vec![Notification::new(
                note::LogMessage::METHOD.to_owned(),
                params,
            )]
        })
    }

    fn open(&mut self, params: lsp::DidOpenTextDocumentParams) -> Vec<Notification> {
        let opened = params.text_document;
        let key = opened.uri.as_str().to_owned();
        let document = Document {
            uri: opened.uri,
            version: opened.version,
            content: Content::of(opened.text),
        };
        self.documents.insert(key.clone(), document);
        self.changed.insert(key);
        Vec::new()
    }

    fn change(
        &mut self,
        params: lsp::DidChangeTextDocumentParams,
    ) -> Result<Vec<Notification>, Refusal> {
        let key = params.text_document.uri.as_str().to_owned();
        let document = self.documents.get_mut(&key).ok_or_else(|| not_open(&key))?;
        if params
            .content_changes
            .iter()
            .any(|change| change.range.is_some())
        {
            let message = "this server takes whole texts, not changes of parts";
            return Err(refuse(ErrorCode::InvalidParams, message));
        }
        // Each is the whole text; the last one counts.
        if let Some(change) = params.content_changes.into_iter().last() {
            document.content = Content::of(change.text);
        }
        document.version = params.text_document.version;
        self.changed.insert(key);
        Ok(Vec::new())
    }

    /// Answers a request.
    pub(super) fn answer(&self, request: Request) -> Response {
        match request.method.as_str() {
            ask::HoverRequest::METHOD => self.by::<ask::HoverRequest>(request, Server::hover),
            ask::GotoDefinition::METHOD => {
                self.by::<ask::GotoDefinition>(request, Server::definition)
            }
            ask::References::METHOD => self.by::<ask::References>(request, Server::references),
            ask::PrepareRenameRequest::METHOD => {
                self.by::<ask::PrepareRenameRequest>(request, Server::prepare_rename)
            }
            ask::Rename::METHOD => self.by::<ask::Rename>(request, Server::rename),
            ask::Completion::METHOD => self.by::<ask::Completion>(request, Server::completion),
            ask::DocumentSymbolRequest::METHOD => {
                self.by::<ask::DocumentSymbolRequest>(request, Server::symbols)
            }
            ask::Formatting::METHOD => self.by::<ask::Formatting>(request, Server::format),
            ask::CodeActionRequest::METHOD => {
                self.by::<ask::CodeActionRequest>(request, Server::actions)
            }
            method => {
                let message = format!("this server does not know {method}");
                Response::new_err(request.id, ErrorCode::MethodNotFound as i32, message)
            }
        }
    }

    fn by<R: ask::Request>(
        &self,
        request: Request,
        answer: impl FnOnce(&Server, R::Params) -> Result<R::Result, Refusal>,
    ) -> Response {
        let id: RequestId = request.id;
        match params(request.params).and_then(|params| answer(self, params)) {
            Ok(result) => Response::new_ok(id, result),
            Err(refusal) => Response::new_err(id, refusal.code as i32, refusal.message),
        }
    }

    fn document(&self, uri: &lsp::Uri) -> Result<(&Document, &Source), Refusal> {
        let document = self.documents.get(uri.as_str());
        let document = document.ok_or_else(|| not_open(uri.as_str()))?;
        match &document.content {
            Content::Source(source) => Ok((document, source)),
            Content::TooLarge(len) => Err(refuse(
                ErrorCode::RequestFailed,
                format!("a source has at most {MAX_SOURCE_LEN} bytes, and this has {len}"),
            )),
        }
    }

    fn place(
        &self,
        params: &lsp::TextDocumentPositionParams,
    ) -> Result<(&Document, &Source, usize), Refusal> {
        let (document, source) = self.document(&params.text_document.uri)?;
        Ok((document, source, source.offset(params.position)?))
    }

    fn hover(&self, params: lsp::HoverParams) -> Result<Option<lsp::Hover>, Refusal> {
        let (_, source, offset) = self.place(&params.text_document_position_params)?;
        let hover = source.analysis().hover(offset);
        Ok(hover.map(|hover| lsp::Hover {
            contents: lsp::HoverContents::Markup(lsp::MarkupContent {
                kind: lsp::MarkupKind::Markdown,
                value: hover.text,
            }),
            range: Some(source.text.range(hover.span)),
        }))
    }

    fn definition(
        &self,
        params: lsp::GotoDefinitionParams,
    ) -> Result<Option<lsp::GotoDefinitionResponse>, Refusal> {
        let (document, source, offset) = self.place(&params.text_document_position_params)?;
        let places = locations(document, source, source.analysis().definition(offset));
        Ok((!places.is_empty()).then_some(lsp::GotoDefinitionResponse::Array(places)))
    }

    fn references(
        &self,
        params: lsp::ReferenceParams,
    ) -> Result<Option<Vec<lsp::Location>>, Refusal> {
        let (document, source, offset) = self.place(&params.text_document_position)?;
        let mut spans = source.analysis().references(offset);
        if !params.context.include_declaration {
            let declared = source.analysis().definition(offset);
            spans.retain(|span| !declared.contains(span));
        }
        Ok(Some(locations(document, source, spans)))
    }

    fn prepare_rename(
        &self,
        params: lsp::TextDocumentPositionParams,
    ) -> Result<Option<lsp::PrepareRenameResponse>, Refusal> {
        let (_, source, offset) = self.place(&params)?;
        let span = source
            .analysis()
            .prepare_rename(offset)
            .map_err(cannot_rename)?;
        Ok(Some(lsp::PrepareRenameResponse::Range(
            source.text.range(span),
        )))
    }

    fn rename(&self, params: lsp::RenameParams) -> Result<Option<lsp::WorkspaceEdit>, Refusal> {
        let (document, source, offset) = self.place(&params.text_document_position)?;
        let spans = source
            .analysis()
            .rename(offset, &params.new_name)
            .map_err(cannot_rename)?;
        let edits = spans
            .into_iter()
            .map(|span| source.text.edit(span, &params.new_name));
        Ok(Some(edit(document, edits.collect())))
    }

    fn completion(
        &self,
        params: lsp::CompletionParams,
    ) -> Result<Option<lsp::CompletionResponse>, Refusal> {
        let (_, source, offset) = self.place(&params.text_document_position)?;
        let completions = source.analysis().completions(offset);
        let items = completions
            .iter()
            .map(|completion| source.text.completion(completion));
        Ok(Some(lsp::CompletionResponse::Array(items.collect())))
    }

    fn symbols(
        &self,
        params: lsp::DocumentSymbolParams,
    ) -> Result<Option<lsp::DocumentSymbolResponse>, Refusal> {
        let (_, source) = self.document(&params.text_document.uri)?;
        let symbols = source.analysis().symbols();
        let symbols = symbols.iter().map(|symbol| source.text.symbol(symbol));
        Ok(Some(lsp::DocumentSymbolResponse::Nested(symbols.collect())))
    }

    fn format(
        &self,
        params: lsp::DocumentFormattingParams,
    ) -> Result<Option<Vec<lsp::TextEdit>>, Refusal> {
        let (_, source) = self.document(&params.text_document.uri)?;
        let text = &source.text.text;
        let formatted = enigma_lang::format(text).map_err(|errors| {
            let first = errors.first().map_or("", |error| &error.message);
            refuse(
                ErrorCode::RequestFailed,
                format!("cannot be formatted: {first}"),
            )
        })?;
        if formatted == *text {
            return Ok(Some(Vec::new()));
        }
        let whole = Span::new(0, text.len());
        Ok(Some(vec![source.text.edit(whole, &formatted)]))
    }

    fn actions(
        &self,
        params: lsp::CodeActionParams,
    ) -> Result<Option<lsp::CodeActionResponse>, Refusal> {
        let (document, source) = self.document(&params.text_document.uri)?;
        let (start, end) = (
            source.offset(params.range.start)?,
            source.offset(params.range.end)?,
        );
        let span = Span::new(start, end.max(start));
        let actions = ide::code_actions(&source.diagnostics, span);
        let actions = actions.into_iter().map(|(found, fix)| {
            lsp::CodeActionOrCommand::CodeAction(lsp::CodeAction {
                title: fix.title.clone(),
                kind: Some(lsp::CodeActionKind::QUICKFIX),
                diagnostics: Some(vec![source.text.diagnostic(&document.uri, found)]),
                edit: Some(edit(
                    document,
                    vec![source.text.edit(fix.span, &fix.replacement)],
                )),
                is_preferred: Some(true),
                ..Default::default()
            })
        });
        Ok(Some(actions.collect()))
    }
}

fn params<T: serde::de::DeserializeOwned>(params: serde_json::Value) -> Result<T, Refusal> {
    serde_json::from_value(params)
        .map_err(|error| refuse(ErrorCode::InvalidParams, error.to_string()))
}

fn not_open(uri: &str) -> Refusal {
    refuse(ErrorCode::InvalidParams, format!("{uri} is not open"))
}

fn cannot_rename(error: ide::RenameError) -> Refusal {
    refuse(ErrorCode::RequestFailed, error.to_string())
}

fn published(
    uri: lsp::Uri,
    diagnostics: Vec<lsp::Diagnostic>,
    version: Option<i32>,
) -> Notification {
    let params = lsp::PublishDiagnosticsParams {
        uri,
        diagnostics,
        version,
    };
    Notification::new(note::PublishDiagnostics::METHOD.to_owned(), params)
}

fn locations(document: &Document, source: &Source, spans: Vec<Span>) -> Vec<lsp::Location> {
    let place = |span| lsp::Location::new(document.uri.clone(), source.text.range(span));
    spans.into_iter().map(place).collect()
}

/// Changes of one version of a document: an editor refuses them if the text has moved on.
fn edit(document: &Document, edits: Vec<lsp::TextEdit>) -> lsp::WorkspaceEdit {
    let edits = lsp::TextDocumentEdit {
        text_document: lsp::OptionalVersionedTextDocumentIdentifier {
            uri: document.uri.clone(),
            version: Some(document.version),
        },
        edits: edits.into_iter().map(lsp::OneOf::Left).collect(),
    };
    lsp::WorkspaceEdit {
        document_changes: Some(lsp::DocumentChanges::Edits(vec![edits])),
        ..Default::default()
    }
}
