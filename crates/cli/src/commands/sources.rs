//! Which contracts a command is about.

use std::fs;
use std::path::{Path, PathBuf};

use crate::report::Problem;

/// The contracts that are meant: files as they are named, and what is below folders; below the current folder if none is named.
pub(crate) fn contracts(named: &[PathBuf]) -> Result<Vec<PathBuf>, Problem> {
    let here = [PathBuf::from(".")];
    let named = if named.is_empty() { &here } else { named };
    let mut found = Vec::new();
    for path in named {
        if path.is_dir() {
            below(path, &mut found)?;
        } else {
            found.push(path.clone());
        }
    }
    found.sort();
    found.dedup();
    if found.is_empty() {
        let named: Vec<_> = named
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        let message = format!("no contract (.enigma) in or below {}", named.join(", "));
        return Err(
            Problem::new(message).hint("name a file, or go to the folder of your contracts")
        );
    }
    Ok(found)
}

/// Contracts below a folder. Hidden folders are skipped and links are not followed, so this ends.
fn below(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), Problem> {
    let failed = |error: std::io::Error| {
        Problem::new(format!("{}: cannot be read: {error}", folder.display()))
            .hint("name the files that are meant")
    };
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let kind = entry.file_type().map_err(failed)?;
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        // `./a.enigma` reads better as `a.enigma`.
        let path = entry.path();
        let path = path.strip_prefix(".").map(Path::to_owned).unwrap_or(path);
        if kind.is_dir() && !hidden {
            below(&path, found)?;
        } else if kind.is_file() && path.extension().is_some_and(|ending| ending == "enigma") {
            found.push(path);
        }
    }
    Ok(())
}
