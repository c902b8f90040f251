//! `enigma new` and `enigma init`: a first contract to change.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use crate::context::Context;
use crate::report::{self, Problem};

#[derive(Debug, Args)]
#[command(after_help = "Example:
  enigma new team-survey

Makes the folder team-survey with a contract that checks and has tests, sample values, and the commands to
run it on a network of this machine.")]
pub(crate) struct NewOptions {
    /// Name of the new folder and its contract: letters, digits, `-` and `_`.
    #[arg(value_name = "NAME")]
    name: String,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  enigma init
  enigma init team-survey

Writes what `enigma new` writes, and nothing over files that are there.")]
pub(crate) struct InitOptions {
    /// Name of the contract [default: the folder's].
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

/// Makes a folder with a contract.
pub(crate) fn new(context: &Context, options: &NewOptions) -> Result<(), Problem> {
    let project = Project::named(&options.name)?;
    let folder = Path::new(&options.name);
    fs::create_dir(folder).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            Problem::new(format!("{} exists already", options.name)).hint("choose another name")
        }
        _ => Problem::failed(format!("{}: cannot be made: {error}", options.name)),
    })?;
    project.write(folder)?;
    project.show(context, folder, &format!("cd {}", options.name));
    Ok(())
}

/// Makes a contract in the current folder.
pub(crate) fn init(context: &Context, options: &InitOptions) -> Result<(), Problem> {
    let name = match &options.name {
        Some(name) => name.clone(),
        None => folder_name()?,
    };
    let project = Project::named(&name)?;
    let folder = Path::new(".");
    let there = project
        .files
        .iter()
        .find(|(name, _)| folder.join(name).exists());
    if let Some((name, _)) = there {
        return Err(Problem::new(format!("{name} exists already"))
            .hint("`enigma new NAME` makes a folder of its own"));
    }
    project.write(folder)?;
    project.show(context, Path::new(""), "");
    Ok(())
}

fn folder_name() -> Result<String, Problem> {
    let failed = |error| Problem::failed(format!("the current folder cannot be read: {error}"));
    let folder = std::env::current_dir().map_err(failed)?;
    let name = folder.file_name().and_then(|name| name.to_str());
    name.map(str::to_owned).ok_or_else(|| {
        Problem::new("the current folder has no usable name").hint("say one: `enigma init NAME`")
    })
}

/// The files of a first contract.
struct Project {
    /// Name and text.
    files: Vec<(String, String)>,
}

impl Project {
    fn named(name: &str) -> Result<Self, Problem> {
        let refused = || {
            Problem::new(format!("{name:?} cannot be the name of a contract"))
                .hint("use letters, digits, `-` and `_`, with a letter first, like team-survey")
        };
        let known = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if !name.starts_with(|c: char| c.is_ascii_alphabetic()) || !name.chars().all(known) {
            return Err(refused());
        }
        let fill = |template: &str| {
            template
                .replace("CONTRACT", &contract_name(name))
                .replace("FILE", name)
        };
        let source = fill(CONTRACT);
        // Too long a name, for one.
        if enigma_lang::has_errors(&enigma_lang::compile(&source).diagnostics) {
            return Err(refused());
        }
        Ok(Self {
            files: vec![
                (format!("{name}.enigma"), source),
                ("values.csv".to_owned(), VALUES.to_owned()),
                ("README.md".to_owned(), fill(README)),
            ],
        })
    }

    fn write(&self, folder: &Path) -> Result<(), Problem> {
        for (name, text) in &self.files {
            let path = folder.join(name);
            // Never over a file that came in between.
            let written =
                File::create_new(&path).and_then(|mut file| file.write_all(text.as_bytes()));
            written.map_err(|error| {
                Problem::failed(format!("{}: cannot be written: {error}", path.display()))
            })?;
        }
        Ok(())
    }

    fn show(&self, context: &Context, folder: &Path, enter: &str) {
        let paths: Vec<PathBuf> = self
            .files
            .iter()
            .map(|(name, _)| folder.join(name))
            .collect();
        if context.json {
            report::data(&json!({ "files": paths }).to_string());
            return;
        }
        for path in &paths {
            report::data(&format!("made  {}", path.display()));
        }
        let check = paths[0].file_name().unwrap_or_default().display();
        let enter = if enter.is_empty() {
            String::new()
        } else {
            format!("`{enter}`, then ")
        };
        report::progress(&format!(
            "Next: {enter}`enigma check {check}`; README.md has the other steps."
        ));
    }
}

/// `team-survey` as `TeamSurvey`.
fn contract_name(name: &str) -> String {
    let parts = name.split(['-', '_']).filter(|part| !part.is_empty());
    let capital = |part: &str| {
        let (first, rest) = part.split_at(1);
        first.to_ascii_uppercase() + rest
    };
    parts.map(capital).collect()
}

const CONTRACT: &str = include_str!("../../templates/contract.enigma");
const VALUES: &str = include_str!("../../templates/values.csv");
const README: &str = include_str!("../../templates/README.md");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_contract_names() {
        for (name, contract) in [
            ("team-survey", "TeamSurvey"),
            ("a", "A"),
            ("votes_2026", "Votes2026"),
            ("x--y-", "XY"),
        ] {
            assert_eq!(contract_name(name), contract);
        }
    }

    #[test]
    fn a_new_contract_is_in_the_one_style() {
        let project = Project::named("team-survey").expect("a name");
        let source = &project.files[0].1;
        assert_eq!(enigma_lang::format(source).as_deref(), Ok(source.as_str()));
    }
}
