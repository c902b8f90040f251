//! The names of each file: what it declares, and what it uses of others.

use std::collections::BTreeSet;

use super::Pass;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::program::{Import, Module, Program};
use crate::scope::{Names, Symbol};
use crate::span::Span;
use crate::suggest::nearest;
use crate::syntax::SyntaxKind as K;
use crate::syntax::ast::{self, Item, Name, cast_name};

impl Pass<'_> {
    /// Declares all names; gives the items of all files, those of the contract first.
    pub(super) fn names(
        &mut self,
        program: &Program,
        contract: Option<&ast::Contract>,
    ) -> Vec<Item> {
        let mut all: Vec<Item> = Vec::new();
        for (index, module) in program.modules.iter().enumerate() {
            self.scope.modules.push(Names {
                start: program.sources.span(index).start,
                ..Names::default()
            });
            if index > 0 {
                self.no_contract(module, program.sources.path(index));
            }
            let members = contract.filter(|_| index == 0).into_iter();
            let members = members.flat_map(ast::Contract::members);
            let items: Vec<Item> = module.file.other_items().chain(members).collect();
            items.iter().for_each(|item| self.declare(item));
            all.extend(items);
        }
        // What a file uses of others it does not give on, so all is looked up before any of it is declared.
        let imports: Vec<(&Import, Option<Symbol>)> = (program.modules.iter())
            .flat_map(|module| &module.imports)
            .map(|import| (import, self.imported(program, import)))
            .collect();
        for (import, symbol) in imports {
            if let Some(symbol) = symbol {
                self.check_name(&import.name, symbol);
            }
            let symbol = symbol.unwrap_or(Symbol::Broken);
            (self.scope).declare(&import.name, symbol, self.diagnostics);
        }
        for module in &program.modules {
            self.unused(module);
        }
        all
    }

    fn no_contract(&mut self, module: &Module, path: &str) {
        for contract in module.file.contracts() {
            let span = contract.name().map_or(contract.span(), |name| name.span);
            let message = format!("`{path}` is used, and has a contract in it");
            let diagnostic = Diagnostic::error(Code::E0112, span, message)
                .help("put what several contracts need into a file without a contract");
            self.diagnostics.push(diagnostic);
        }
    }

    /// What a `use` stands for; what its file does not have is reported.
    fn imported(&mut self, program: &Program, import: &Import) -> Option<Symbol> {
        let from = import.from?;
        let of = program.sources.span(from);
        // A name is looked up where it is written: here as if it stood in the other file.
        let there = Name {
            text: import.item.text.clone(),
            span: Span::new(of.range().start, of.range().start),
        };
        if let Some(symbol) = self.scope.symbol(&there) {
            return Some(symbol);
        }
        let path = match program.sources.path(from) {
            "" => "the contract's file",
            path => path,
        };
        let name = &import.item.text;
        let message = format!("`{path}` declares no `{name}`");
        let diagnostic = Diagnostic::error(Code::E0110, import.item.span, message);
        let others = program.modules.get(from).into_iter();
        let mut others = others.flat_map(|module| &module.imports);
        let diagnostic = match others.find(|other| other.name.text == *name) {
            Some(other) => diagnostic
                .also(other.span, "it uses one of another file")
                .help("use it from the file where it is declared"),
            None => {
                let known = self.scope.names_at(there.span).map(|(known, _)| known);
                match nearest(name, known) {
                    Some(near) => diagnostic.did_you_mean(near),
                    None => diagnostic,
                }
            }
        };
        self.diagnostics.push(diagnostic);
        None
    }

    /// Warns of what a file uses of others and does not need.
    fn unused(&mut self, module: &Module) {
        if module.imports.is_empty() {
            return;
        }
        let names = module.file.syntax().descendants();
        let names = names.filter(|node| {
            let within = node.parent().map(|parent| parent.kind());
            node.kind() == K::Name && within != Some(K::Use)
        });
        let written: BTreeSet<String> = names.filter_map(cast_name).map(|name| name.text).collect();
        for import in module.imports.iter().filter(|one| one.from.is_some()) {
            if !written.contains(&import.name.text) {
                let message = format!("`{}` is used nowhere in this file", import.name.text);
                let diagnostic = Diagnostic::warning(Code::W0201, import.name.span, message)
                    .help("leave this line out")
                    .fix("leave out this `use`", import.span, "");
                self.diagnostics.push(diagnostic);
            }
        }
    }
}
