//! `enigma fmt`: contracts in the one style.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use enigma_lang::MAX_SOURCE_LEN;
use serde_json::json;
use similar::TextDiff;

use super::sources;
use crate::context::Context;
use crate::contract;
use crate::report::{self, Problem};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  enigma fmt
  enigma fmt auction.enigma contracts
  enigma fmt --check
  enigma fmt --stdin < auction.enigma

A file with syntax errors is left as it is. Exit code 1 of --check: something is not formatted.")]
pub(crate) struct FmtOptions {
    /// Contracts, and folders with contracts (`.enigma`) in or below them [default: the current folder].
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Change nothing; print what would change, and fail if there is anything.
    #[arg(long)]
    check: bool,
    /// Read one contract from standard input and print it formatted.
    #[arg(long, conflicts_with = "files")]
    stdin: bool,
}

/// A source and its formatted form.
struct Source {
    path: PathBuf,
    before: String,
    after: String,
}

impl Source {
    fn changes(&self) -> bool {
        self.before != self.after
    }

    fn diff(&self) -> String {
        let name = self.path.display().to_string();
        let diff = TextDiff::from_lines(&self.before, &self.after);
        let mut unified = diff.unified_diff();
        unified.header(&name, "formatted").to_string()
    }
}

/// Formats files, or says what would change.
pub(crate) fn run(context: &Context, options: &FmtOptions) -> Result<(), Problem> {
    let (sources, refused) = if options.stdin {
        format(vec![("standard input".into(), standard_input()?)])
    } else {
        let paths = sources::contracts(&options.files)?;
        let read = paths.into_iter().map(|path| {
            let text = contract::read(&path)?;
            Ok((path, text))
        });
        // All are read before the first is written.
        format(read.collect::<Result<_, Problem>>()?)
    };
    if !options.check && !options.stdin {
        for source in sources.iter().filter(|source| source.changes()) {
            write(&source.path, &source.after)?;
        }
    }
    show(context, options, &sources);
    if refused > 0 {
        let noun = if refused == 1 {
            "file has"
        } else {
            "files have"
        };
        let message = format!("{refused} {noun} errors and cannot be formatted");
        return Err(Problem::new(message).hint("correct what is marked above"));
    }
    let changed = sources.iter().filter(|source| source.changes()).count();
    if options.check && changed > 0 {
        let message = format!(
            "{changed} of {} not formatted",
            report::counted(sources.len(), "file is", "files are")
        );
        return Err(Problem::failed(message).hint("`enigma fmt` without --check formats them"));
    }
    Ok(())
}

/// Formats texts. What has errors is shown and counted.
fn format(texts: Vec<(PathBuf, String)>) -> (Vec<Source>, usize) {
    let (mut sources, mut refused) = (Vec::new(), 0);
    for (path, before) in texts {
        match enigma_lang::format(&before) {
            Ok(after) => sources.push(Source {
                path,
                before,
                after,
            }),
            Err(diagnostics) => {
                contract::show_diagnostics(&path, &before, &diagnostics);
                refused += 1;
            }
        }
    }
    (sources, refused)
}

fn show(context: &Context, options: &FmtOptions, sources: &[Source]) {
    let changed = || sources.iter().filter(|source| source.changes());
    if context.json {
        let files = sources.iter().map(|source| {
            let mut file = json!({"file": source.path, "changed": source.changes()});
            if options.stdin && !options.check {
                file["text"] = source.after.clone().into();
            }
            file
        });
        report::data(&json!({ "files": files.collect::<Vec<_>>() }).to_string());
    } else if options.check {
        for source in changed() {
            report::data(source.diff().trim_end());
        }
    } else if options.stdin {
        for source in sources {
            report::data(source.after.trim_end());
        }
    } else {
        for source in changed() {
            report::data(&format!("formatted  {}", source.path.display()));
        }
        let (all, changed) = (sources.len(), changed().count());
        if changed == 0 && all > 0 {
            let files = report::counted(all, "file is", "files are");
            report::progress(&format!("{files} formatted already, nothing to do"));
        }
    }
}

fn standard_input() -> Result<String, Problem> {
    let mut bytes = Vec::new();
    // One byte more than a source may have is enough to know.
    let mut input = std::io::stdin().lock().take(MAX_SOURCE_LEN as u64 + 1);
    let failed = |error| Problem::failed(format!("standard input cannot be read: {error}"));
    input.read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > MAX_SOURCE_LEN {
        let message =
            format!("standard input has more than the {MAX_SOURCE_LEN} bytes of a source");
        return Err(Problem::new(message).hint("a contract is one file"));
    }
    contract::text(Path::new("standard input"), bytes)
}

/// Replaces a file at once: a reader sees the old text or the new, also after a crash.
fn write(path: &Path, text: &str) -> Result<(), Problem> {
    let failed = |error: std::io::Error| {
        Problem::failed(format!("{}: cannot be written: {error}", path.display()))
    };
    // Where a link leads to, not the link, is replaced.
    let path = fs::canonicalize(path).map_err(failed)?;
    let permissions = fs::metadata(&path).map_err(failed)?.permissions();
    if permissions.readonly() {
        return Err(Problem::failed(format!("{} is read-only", path.display()))
            .hint("allow writing to it, or use --check"));
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.as_file()
        .set_permissions(permissions)
        .map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(&path).map_err(|error| failed(error.error))?;
    Ok(())
}
