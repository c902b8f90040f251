//! Files that use each other in a circle.

use super::Found;
use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::sources::Sources;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Unseen,
    Open,
    Done,
}

/// Reports each `use` that leads back to its own file. Depth first, with the way kept in a list.
pub(super) fn check(sources: &Sources, uses: &[Vec<Found>], diagnostics: &mut Vec<Diagnostic>) {
    let mut marks = vec![Mark::Unseen; uses.len()];
    for start in 0..uses.len() {
        if marks[start] != Mark::Unseen {
            continue;
        }
        marks[start] = Mark::Open;
        // Files on the way, each with how many of its uses have been followed.
        let mut way: Vec<(usize, usize)> = vec![(start, 0)];
        while let Some((file, next)) = way.last_mut() {
            let file = *file;
            let Some(found) = uses[file].get(*next) else {
                marks[file] = Mark::Done;
                way.pop();
                continue;
            };
            *next += 1;
            let Some(target) = found.import.from else {
                continue;
            };
            match marks.get(target) {
                Some(Mark::Unseen) => {
                    marks[target] = Mark::Open;
                    way.push((target, 0));
                }
                Some(Mark::Open) => diagnostics.push(circle(sources, uses, &way, target)),
                Some(Mark::Done) | None => {}
            }
        }
    }
}

/// The last file of the way uses `target`, which stands on it.
fn circle(
    sources: &Sources,
    uses: &[Vec<Found>],
    way: &[(usize, usize)],
    target: usize,
) -> Diagnostic {
    let on_it = way.iter().skip_while(|(file, _)| *file != target);
    let steps = on_it.filter_map(|(file, next)| {
        let found = uses.get(*file)?.get(next.checked_sub(1)?)?;
        Some((*file, found))
    });
    let mut steps: Vec<_> = steps.collect();
    let path = |file| match sources.path(file) {
        "" => "the contract's file".to_owned(),
        path => format!("`{path}`"),
    };
    let names: Vec<String> = (steps.iter().map(|(file, _)| *file))
        .chain([target])
        .map(path)
        .collect();
    let last = steps.pop();
    let span = last.map_or(Default::default(), |(_, found)| found.path);
    let message = format!("{} uses itself", path(target));
    let mut diagnostic =
        Diagnostic::error(Code::E0111, span, message).because(names.join(" uses "));
    for (_, found) in steps {
        diagnostic = diagnostic.also(found.path, "the way leads through here");
    }
    diagnostic.help("put what both need into a file of its own")
}
