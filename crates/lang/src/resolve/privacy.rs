//! `privacy`: what all noise on one person's data may cost.

use enigma_bytecode::model::DELTA_END;

use super::Pass;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::hir::Budget;
use crate::scope::{Generics, duplicate};
use crate::suggest::nearest;
use crate::syntax::ast::{self, Item};

const SETTINGS: [&str; 3] = ["epsilon_total", "delta_total", "runs_per_input"];

impl Pass<'_> {
    pub(super) fn privacy(&mut self, members: &[Item]) {
        let mut blocks = members.iter().filter_map(|item| match item {
            Item::Privacy(item) => Some(item),
            _ => None,
        });
        let Some(first) = blocks.next() else { return };
        self.scope.hir.budget = Some(self.budget(first));
        for other in blocks {
            let message = "a contract has one `privacy`";
            let diagnostic = Diagnostic::error(Code::E0202, other.word_span(), message);
            self.diagnostics
                .push(diagnostic.also(first.word_span(), "declared here first"));
        }
    }

    fn budget(&mut self, block: &ast::Privacy) -> Budget {
        let mut budget = Budget {
            epsilon_total: None,
            delta_total: None,
            runs_per_input: None,
            span: block.span(),
        };
        let mut seen = std::collections::BTreeMap::new();
        for item in block.items() {
            let (Some(name), Some(value)) = (item.name(), item.value()) else {
                continue;
            };
            if let Some(first) = seen.insert(name.text.clone(), name.span) {
                self.diagnostics.push(duplicate(&name, first));
                continue;
            }
            match name.text.as_str() {
                "epsilon_total" => {
                    let epsilon = self.scope.decimal(&value, 6, &Generics::default());
                    budget.epsilon_total = self.known(epsilon);
                    if budget.epsilon_total == Some(0) {
                        let message = "a budget of at least 0.000001 is needed here";
                        self.error(Code::E0802, value.span(), message);
                    }
                }
                "delta_total" => {
                    let delta = self.scope.decimal(&value, 12, &Generics::default());
                    let delta = self.known(delta);
                    budget.delta_total = delta.filter(|delta| (1..DELTA_END).contains(delta));
                    if delta.is_some() && budget.delta_total.is_none() {
                        let message = "a probability above 0 and below 1 is needed here";
                        let diagnostic = Diagnostic::error(Code::E0803, value.span(), message);
                        let help = "take a very small one, like 0.000001; leave it out where no noise is `gaussian`";
                        self.diagnostics.push(diagnostic.help(help));
                    }
                }
                "runs_per_input" => {
                    let runs = self.integer(&value);
                    budget.runs_per_input = runs
                        .and_then(|runs| u32::try_from(runs).ok())
                        .filter(|r| *r > 0);
                    if runs.is_some() && budget.runs_per_input.is_none() {
                        let message = "a number of runs from 1 to 2^32 - 1 is needed here";
                        self.error(Code::E0212, value.span(), message);
                    }
                }
                other => {
                    let message = format!("`privacy` has no setting `{other}`");
                    let diagnostic = Diagnostic::error(Code::E0201, name.span, message);
                    self.diagnostics
                        .push(match nearest(other, SETTINGS.into_iter()) {
                            Some(near) => diagnostic.did_you_mean(near),
                            None => diagnostic
                                .help("it has `epsilon_total`, `delta_total` and `runs_per_input`"),
                        });
                }
            }
        }
        budget
    }
}
