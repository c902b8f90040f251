//! Entries: their parameters, conditions and what they do.

use super::Body;
use super::names::Bound;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hir::{Entry, Label, Local, Param, Type};
use crate::scope::{Generics, duplicate, unsupported};
use crate::span::Span;
use crate::syntax::ast;

impl Body<'_> {
    /// Fills in the entry of this index, whose name and callers are known.
    pub(super) fn entry(&mut self, index: usize, entry: &ast::Entry) {
        let params = entry.params();
        let params = params
            .iter()
            .filter_map(|param| self.param(param))
            .collect();
        let when = entry
            .when()
            .map(|when| self.condition(&when, "what stands behind `when`"));
        let pays = entry
            .pays()
            .map(|pays| self.whole(&pays, "what the caller pays"));
        let body = entry
            .block()
            .map(|block| self.block(&block))
            .unwrap_or_default();
        let locals = std::mem::take(&mut self.locals);
        if let Some(declared) = self.scope.hir.entries.get_mut(index) {
            *declared = Entry {
                params,
                when,
                pays,
                locals,
                body,
                name: std::mem::take(&mut declared.name),
                by: declared.by,
                span: declared.span,
            };
        }
    }

    fn param(&mut self, param: &ast::Param) -> Option<Param> {
        let (name, written) = (param.name()?, param.ty()?);
        let (label, ty) = self
            .scope
            .ty(&written, &Generics::default(), self.diagnostics);
        let label = label.unwrap_or(Label::Public);
        self.check_provider(param, label, written.span());
        let ty = match ty {
            Type::Key(_) => {
                let message = "a key cannot be given to an entry";
                let diagnostic = Diagnostic::error(Code::E0316, written.span(), message)
                    .because("whoever deals it knows it")
                    .help("`keygen()` makes one that nobody knows");
                self.report(diagnostic);
                Type::Unknown
            }
            Type::Str if label == Label::Private => {
                let message = "a private text has a stated length";
                let diagnostic = Diagnostic::error(Code::E0206, written.span(), message)
                    .because("a `string` is public")
                    .help("write `private text<64>` for a text of at most 64 bytes");
                self.report(diagnostic);
                Type::Unknown
            }
            Type::Rows(..) => {
                let what = "a parameter with one value per row";
                self.report(unsupported(written.span(), what));
                Type::Unknown
            }
            ty => ty,
        };
        let range = param
            .range()
            .and_then(|range| self.scope.range(&range, &ty, self.diagnostics));
        let local = Local {
            name: name.text.clone(),
            ty,
            mutable: false,
            label: Some(label),
            like: Vec::new(),
            range: None,
            span: name.span,
        };
        let local = self.add_local(local, false);
        match self.bound(&name.text) {
            Some((_, first)) => self.report(duplicate(&name, first)),
            None => self.bind(&name, Bound::Local(local)),
        }
        let private = label == Label::Private;
        Some(Param {
            local,
            private,
            range,
        })
    }

    /// Parameters come with the call, and private ones say so.
    fn check_provider(&mut self, param: &ast::Param, label: Label, written: Span) {
        let diagnostic = match param.provider() {
            Some(provider) if provider.caller() => return,
            Some(provider) => {
                let word = param
                    .syntax()
                    .children_with_tokens()
                    .find_map(|part| part.into_token().filter(|token| token.text() == "from"));
                let start = word.map_or(provider.span(), |word| word.text_range().into());
                let message = "a parameter comes from the caller";
                Diagnostic::error(Code::E0205, start.to(provider.span()), message)
                    .help("what others give is collected before: `collect NAME: ... from ...`")
            }
            None if label == Label::Private => {
                let message = "a private parameter says who deals it";
                Diagnostic::error(Code::E0301, written, message)
                    .because(
                        "arguments of a call are seen by everyone unless they are dealt in shares",
                    )
                    .help("write `from caller` behind the type")
            }
            None => return,
        };
        self.report(diagnostic);
    }
}
