//! The server as a state machine: messages in, messages out. It holds the open documents; of what they use and is not open it
//! reads the files.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use enigma_lang::ide::{self, Analysis};
use enigma_lang::sources::Place;
use enigma_lang::{Diagnostic, MAX_SOURCE_LEN, Sources, Span};
use lsp_server::{ErrorCode, Notification, Request, RequestId, Response};
use lsp_types as lsp;
use lsp_types::notification::{self as note, Notification as _};
use lsp_types::request::{self as ask, Request as _};

use super::convert::Text;
use super::places::{Around, Places, file_of, uri_of};

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
pub(super) struct Document {
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
    /// Read at the first question, with the files that the source uses.
    analysis: OnceCell<Analysis>,
    /// Those that were published last, and the texts that their places are places in.
    diagnostics: (Vec<Diagnostic>, Sources),
}

impl Document {
    /// Its text; `None` if it was not kept.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Source(source) => Some(&source.text.text),
            Content::TooLarge(_) => None,
        }
    }
}

impl Content {
    fn of(text: String) -> Content {
        if text.len() > MAX_SOURCE_LEN {
            return Content::TooLarge(text.len());
        }
        Content::Source(Box::new(Source {
            text: Text::new(text),
            analysis: OnceCell::new(),
            diagnostics: (Vec::new(), Sources::alone("")),
        }))
    }
}

impl Source {
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
        let uri = self.changed.pop_first()?;
        let text = self.documents.get(&uri)?.text();
        let made = text.map(|text| ide::diagnostics(text, &self.around(&uri)));
        let document = self.documents.get_mut(&uri)?;
        let found = match (&mut document.content, made) {
            (Content::Source(source), Some(made)) => {
                source.diagnostics = made;
                let (found, sources) = &source.diagnostics;
                let found = found.iter();
                found
                    .map(|found| source.text.diagnostic(&document.uri, sources, found))
                    .collect()
            }
            (Content::TooLarge(len), _) => vec![too_large(*len)],
            (Content::Source(_), None) => Vec::new(),
        };
        Some(published(
            document.uri.clone(),
            found,
            Some(document.version),
        ))
    }

    /// The files beside a document.
    fn around<'a>(&'a self, uri: &'a str) -> Around<'a> {
        Around {
            documents: &self.documents,
            uri,
        }
    }

    fn analysis<'a>(&'a self, document: &Document, source: &'a Source) -> &'a Analysis {
        let uri = document.uri.as_str();
        source
            .analysis
            .get_or_init(|| Analysis::with(&source.text.text, &self.around(uri)))
    }

    /// A document has another text than before, or none: all that may use it are looked at again.
    fn touched(&mut self, uri: &str) {
        for (other, document) in &mut self.documents {
            let Content::Source(source) = &mut document.content else {
                continue;
            };
            // Whether it uses others is seen when it is read.
            if other != uri && source.text.text.contains("use") {
                source.analysis = OnceCell::new();
                self.changed.insert(other.clone());
            }
        }
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
                self.touched(p.text_document.uri.as_str());
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
        self.touched(&key);
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
        self.touched(&key);
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
        let (document, source, offset) = self.place(&params.text_document_position_params)?;
        let hover = self.analysis(document, source).hover(offset);
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
        let analysis = self.analysis(document, source);
        let places = locations(document, analysis, analysis.definition(offset));
        Ok((!places.is_empty()).then_some(lsp::GotoDefinitionResponse::Array(places)))
    }

    fn references(
        &self,
        params: lsp::ReferenceParams,
    ) -> Result<Option<Vec<lsp::Location>>, Refusal> {
        let (document, source, offset) = self.place(&params.text_document_position)?;
        let analysis = self.analysis(document, source);
        let mut spans = analysis.references(offset);
        if !params.context.include_declaration {
            let declared = analysis.definition(offset);
            spans.retain(|span| !declared.contains(span));
        }
        Ok(Some(locations(document, analysis, spans)))
    }

    fn prepare_rename(
        &self,
        params: lsp::TextDocumentPositionParams,
    ) -> Result<Option<lsp::PrepareRenameResponse>, Refusal> {
        let (document, source, offset) = self.place(&params)?;
        let span = self
            .analysis(document, source)
            .prepare_rename(offset)
            .map_err(cannot_rename)?;
        Ok(Some(lsp::PrepareRenameResponse::Range(
            source.text.range(span),
        )))
    }

    /// Everywhere in the program of the document, and in the programs of all other open ones of which the file is a part where the
    /// name is declared.
    fn rename(&self, params: lsp::RenameParams) -> Result<Option<lsp::WorkspaceEdit>, Refusal> {
        let (document, source, offset) = self.place(&params.text_document_position)?;
        let of = |document: &Document, source: &Source| {
            // Read anew: files on the disk may be others by now.
            let around = self.around(document.uri.as_str());
            Analysis::with(&source.text.text, &around)
        };
        let analysis = of(document, source);
        analysis.prepare_rename(offset).map_err(cannot_rename)?;
        let declared = analysis.definition(offset);
        let mut edits = Edits::default();
        let spans = analysis.rename(offset, &params.new_name);
        edits.add(document, &analysis, spans.map_err(cannot_rename)?);
        let Some(declared) = declared.first().map(|at| analysis.sources().place(*at)) else {
            return Ok(None);
        };
        let file = uri_of(&document.uri, analysis.sources(), declared.file);
        for other in self.documents.values() {
            let Content::Source(source) = &other.content else {
                continue;
            };
            if other.uri == document.uri || !source.text.text.contains("use") {
                continue;
            }
            let analysis = of(other, source);
            let Some(file) = file_of(&other.uri, &analysis, file.as_str()) else {
                continue;
            };
            let at = analysis.sources().span_of(Place { file, ..declared });
            let spans = analysis.rename(at.range().start, &params.new_name);
            edits.add(other, &analysis, spans.map_err(cannot_rename)?);
        }
        Ok(Some(edits.finish(&self.documents, &params.new_name)))
    }

    fn completion(
        &self,
        params: lsp::CompletionParams,
    ) -> Result<Option<lsp::CompletionResponse>, Refusal> {
        let (document, source, offset) = self.place(&params.text_document_position)?;
        let completions = self.analysis(document, source).completions(offset);
        let items = completions
            .iter()
            .map(|completion| source.text.completion(completion));
        Ok(Some(lsp::CompletionResponse::Array(items.collect())))
    }

    fn symbols(
        &self,
        params: lsp::DocumentSymbolParams,
    ) -> Result<Option<lsp::DocumentSymbolResponse>, Refusal> {
        let (document, source) = self.document(&params.text_document.uri)?;
        let symbols = self.analysis(document, source).symbols();
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
        let (found, sources) = &source.diagnostics;
        let actions = ide::code_actions(found, span);
        let actions = actions.into_iter().map(|(found, fix)| {
            lsp::CodeActionOrCommand::CodeAction(lsp::CodeAction {
                title: fix.title.clone(),
                kind: Some(lsp::CodeActionKind::QUICKFIX),
                diagnostics: Some(vec![source.text.diagnostic(&document.uri, sources, found)]),
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

fn too_large(len: usize) -> lsp::Diagnostic {
    let message = format!("a source has at most {MAX_SOURCE_LEN} bytes, and this has {len}");
    let code = lsp::NumberOrString::String(enigma_lang::Code::E0105.to_string());
    lsp::Diagnostic {
        severity: Some(lsp::DiagnosticSeverity::ERROR),
        code: Some(code),
        source: Some("enigma".to_owned()),
        message,
        ..Default::default()
    }
}

fn locations(document: &Document, analysis: &Analysis, spans: Vec<Span>) -> Vec<lsp::Location> {
    let mut places = Places::of(&document.uri, analysis.sources());
    spans
        .into_iter()
        .map(|span| places.location(span))
        .collect()
}

/// Places of several files where something is to be written.
#[derive(Default)]
struct Edits(BTreeMap<String, (lsp::Uri, BTreeMap<Span, lsp::Range>)>);

impl Edits {
    fn add(&mut self, document: &Document, analysis: &Analysis, spans: Vec<Span>) {
        let sources = analysis.sources();
        let mut places = Places::of(&document.uri, sources);
        for span in spans {
            let at = places.location(span);
            let key = at.uri.as_str().to_owned();
            let (_, spans) = self.0.entry(key).or_insert((at.uri, BTreeMap::new()));
            spans.insert(sources.place(span).span, at.range);
        }
    }

    /// Writes `text` at all places. Files that are not open have no version.
    fn finish(self, open: &BTreeMap<String, Document>, text: &str) -> lsp::WorkspaceEdit {
        let edits = self.0.into_iter().map(|(key, (uri, spans))| {
            let version = open.get(&key).map(|document| document.version);
            let edits = spans.into_values();
            let edits = edits.map(|range| lsp::OneOf::Left(lsp::TextEdit::new(range, text.into())));
            lsp::TextDocumentEdit {
                text_document: lsp::OptionalVersionedTextDocumentIdentifier { uri, version },
                edits: edits.collect(),
            }
        });
        lsp::WorkspaceEdit {
            document_changes: Some(lsp::DocumentChanges::Edits(edits.collect())),
            ..Default::default()
        }
    }
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
