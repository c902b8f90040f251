//! The order in which constants and structs are settled: each after those that it is made of.

use std::collections::BTreeMap;

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::scope::{Scope, Symbol};
use crate::syntax::ast::{self, Item, Name};
use crate::syntax::{SyntaxKind as K, SyntaxNode};

/// What is settled next.
pub(super) enum Step {
    /// A struct, by its place in `struct_items`.
    Struct(usize),
    /// A constant, by its place in `constants`.
    Constant(usize, ast::Const),
}

/// All constants and structs, each once. Constants that are made of themselves are reported and left out.
pub(super) fn order(
    members: &[Item],
    scope: &Scope,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Step> {
    let mut nodes = Vec::new();
    let mut by_symbol = BTreeMap::new();
    let (mut constants, mut structs) = (0, 0);
    for item in members {
        let (name, syntax, step) = match item {
            Item::Const(item) => (
                item.name(),
                item.syntax(),
                Step::Constant(constants, item.clone()),
            ),
            Item::Struct(item) => (item.name(), item.syntax(), Step::Struct(structs)),
            _ => continue,
        };
        let Some(name) = name else { continue };
        let symbol = match step {
            Step::Constant(..) => Symbol::Constant(constants),
            Step::Struct(_) => Symbol::Struct(structs),
        };
        match step {
            Step::Constant(..) => constants += 1,
            Step::Struct(_) => structs += 1,
        }
        by_symbol.insert(symbol, nodes.len());
        nodes.push(Node {
            name,
            step: Some(step),
            uses: used(syntax, scope),
        });
    }
    sorted(nodes, &by_symbol, diagnostics)
}

struct Node {
    name: Name,
    /// Taken when it is its turn.
    step: Option<Step>,
    uses: Vec<(Name, Symbol)>,
}

/// Names in types and values that stand for a constant or a struct.
fn used(item: &SyntaxNode, scope: &Scope) -> Vec<(Name, Symbol)> {
    let places = item.descendants().filter(|node| {
        matches!(node.kind(), K::NameRef | K::Call | K::Type) && !node.text().is_empty()
    });
    let names = places.filter_map(|node| node.children().find_map(ast::cast_name));
    names
        .filter_map(|name| {
            let symbol = scope.symbol(&name)?;
            let made = matches!(symbol, Symbol::Constant(_) | Symbol::Struct(_));
            made.then_some((name, symbol))
        })
        .collect()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Unseen,
    Open,
    Done,
}

/// Depth first, with the way kept in a list: a source may have thousands of constants in a chain.
fn sorted(
    mut nodes: Vec<Node>,
    by_symbol: &BTreeMap<Symbol, usize>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Step> {
    let mut marks = vec![Mark::Unseen; nodes.len()];
    let mut out = Vec::new();
    for start in 0..nodes.len() {
        let mut way: Vec<(usize, usize)> = Vec::new();
        if marks[start] == Mark::Unseen {
            marks[start] = Mark::Open;
            way.push((start, 0));
        }
        while let Some((at, next)) = way.last_mut() {
            let at = *at;
            if let Some((_, symbol)) = nodes[at].uses.get(*next) {
                *next += 1;
                let Some(&target) = by_symbol.get(symbol) else {
                    continue;
                };
                match marks[target] {
                    Mark::Done => {}
                    Mark::Unseen => {
                        marks[target] = Mark::Open;
                        way.push((target, 0));
                    }
                    Mark::Open => {
                        for index in circle(&nodes, &way, target, diagnostics) {
                            nodes[index].step = None;
                        }
                    }
                }
            } else {
                marks[at] = Mark::Done;
                out.extend(nodes[at].step.take());
                way.pop();
            }
        }
    }
    out
}

/// Reports the first constant on the way from `target` back to itself, and says which ones lie on it. A struct that
/// contains itself is seen when it is made.
fn circle(
    nodes: &[Node],
    way: &[(usize, usize)],
    target: usize,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<usize> {
    let constant = |(at, _): &&(usize, usize)| matches!(nodes[*at].step, Some(Step::Constant(..)));
    let on_it = way.iter().skip_while(|(at, _)| *at != target);
    let on_it: Vec<&(usize, usize)> = on_it.filter(constant).collect();
    let Some((at, next)) = on_it.first() else {
        return Vec::new();
    };
    let name = &nodes[*at].name;
    let Some((used, _)) = nodes[*at].uses.get(next.saturating_sub(1)) else {
        return Vec::new();
    };
    let message = format!("`{}` is made of itself", name.text);
    let diagnostic = Diagnostic::error(Code::E0212, used.span, message)
        .because("its value would have to be known first")
        .also(name.span, "declared here");
    diagnostics.push(diagnostic);
    on_it.iter().map(|(at, _)| *at).collect()
}
