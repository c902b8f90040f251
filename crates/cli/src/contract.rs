//! `enigma check` and `enigma build`.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use enigma_bytecode::{container, interface};
use enigma_client::Program;
use enigma_lang::{Checked, Code, Color, Compilation, Diagnostic, Manifest, Severity, Sources};
use serde_json::json;

use crate::args::{BuildOptions, CheckOptions};
use crate::commands::cost;
use crate::context::Context;
use crate::library::Beside;
use crate::report::{self, Problem};

/// Checks a contract and runs its tests. One that follows all rules passes, also when this version cannot
/// compile it yet, which is then said.
pub(crate) fn check(context: &Context, options: &CheckOptions) -> Result<(), Problem> {
    let source = read(&options.file)?;
    if enigma_lang::is_library(&source) {
        return check_library(context, &options.file, &source);
    }
    let compilation = compile_source(&options.file, &source);
    let tests = compilation.run_tests();
    let failed = tests.iter().filter(|test| test.failure.is_some()).count();
    let program = compilation.contract.as_ref().map(Program::of).transpose()?;
    let costs = program.as_ref().map_or_else(Vec::new, cost::of_ends);
    let manifest = compilation.checked.as_ref();
    let manifest = manifest.map_or_else(Vec::new, |checked| {
        Manifest::of(checked, &compilation.sources).sentences()
    });
    if context.json {
        let mut object = check_json(&options.file, &compilation, &tests);
        object["manifest"] = manifest.into();
        object["cost"] = costs.iter().map(|one| cost::object(one, None)).collect();
        report::data(&object.to_string());
    } else {
        show_findings(&options.file, &compilation);
        if let Some(checked) = &compilation.checked {
            let hash = match &program {
                Some(program) => program.hash().to_string(),
                None if needs_network(&compilation) => {
                    "not compiled: no network supports all of it".to_owned()
                }
                None => "not compiled: this version does not build all of it yet".to_owned(),
            };
            let (name, version) = (&checked.hir.name, checked.hir.version);
            report::data(&format!("{name} version {version}  {hash}"));
        }
        for sentence in manifest {
            report::data(&format!("  {sentence}"));
        }
        for test in &tests {
            let verdict = test.failure.as_ref().map_or_else(
                || "ok".to_owned(),
                |failure| format!("FAILED: {}", failure.message),
            );
            report::data(&format!("  test {:?} ... {verdict}", test.title));
        }
        if !costs.is_empty() {
            report::data(&format!("cost on {} nodes", cost::NODES));
            cost::show(&costs, None);
        }
    }
    if compilation.checked.is_none() {
        return Err(refused(&options.file, &compilation));
    }
    if failed > 0 {
        return Err(Problem::new(format!(
            "{}: {failed} of {} tests failed",
            options.file.display(),
            tests.len()
        )));
    }
    Ok(())
}

/// Compiles a contract to files.
pub(crate) fn build(context: &Context, options: &BuildOptions) -> Result<(), Problem> {
    let compilation = compile(&options.file)?;
    if !context.json {
        show_findings(&options.file, &compilation);
    }
    let Some(contract) = &compilation.contract else {
        return Err(refused(&options.file, &compilation));
    };
    let bytecode = container::encode(contract);
    let stem = options
        .file
        .file_stem()
        .map(PathBuf::from)
        .unwrap_or_else(|| "contract".into());
    let beside = options
        .file
        .parent()
        .map(Path::to_owned)
        .unwrap_or_default();
    let folder = options.output_dir.clone().unwrap_or(beside);
    let write = |extension: &str, bytes: &[u8]| {
        let path = folder.join(stem.with_extension(extension));
        std::fs::create_dir_all(if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            &folder
        })
        .and_then(|()| std::fs::write(&path, bytes))
        .map_err(|error| {
            Problem::failed(format!("{}: cannot be written: {error}", path.display()))
        })?;
        Ok::<PathBuf, Problem>(path)
    };
    let bytecode_path = write("enb", &bytecode)?;
    let interface_path = write("enj", interface::to_json(contract).as_bytes())?;
    let (hash, manifest) = (
        container::contract_hash(&bytecode),
        container::manifest_hash(contract),
    );
    if context.json {
        let object = json!({
            "name": contract.name, "version": contract.version, "contract": hash, "manifest": manifest,
            "bytecode": bytecode_path, "interface": interface_path, "bytes": bytecode.len(),
        });
        report::data(&object.to_string());
    } else {
        report::data(&format!("contract   {hash}"));
        report::data(&format!("manifest   {manifest}"));
        report::data(&format!(
            "bytecode   {} ({} bytes)",
            bytecode_path.display(),
            bytecode.len()
        ));
        report::data(&format!("interface  {}", interface_path.display()));
    }
    Ok(())
}

/// A contract from its source, or from bytecode that was compiled before (`.enb`).
pub(crate) fn load(path: &Path) -> Result<Program, Problem> {
    if path.extension().is_some_and(|ending| ending == "enb") {
        return bytecode(path);
    }
    let compilation = compile(path)?;
    show_findings(path, &compilation);
    let contract = compilation.contract.as_ref();
    Ok(Program::of(
        contract.ok_or_else(|| refused(path, &compilation))?,
    )?)
}

/// Bytecode that keeps all rules that nodes check.
pub(crate) fn bytecode(path: &Path) -> Result<Program, Problem> {
    let bytes = std::fs::read(path).map_err(|error| {
        Problem::new(format!("{}: cannot be read: {error}", path.display())).hint("check the path")
    })?;
    Program::load(bytes, None).map_err(|error| Problem::new(format!("{}: {error}", path.display())))
}

/// What the compiler makes of the source in a file and of the files that it uses.
pub(crate) fn compile(path: &Path) -> Result<Compilation, Problem> {
    Ok(compile_source(path, &read(path)?))
}

fn compile_source(path: &Path, source: &str) -> Compilation {
    enigma_lang::compile_with(source, &Beside::of(path))
}

/// Checks a file that contracts use. Of a contract there is nothing to tell.
fn check_library(context: &Context, path: &Path, source: &str) -> Result<(), Problem> {
    let compilation = enigma_lang::check_library(source, &Beside::of(path));
    let refused = enigma_lang::has_errors(&compilation.diagnostics);
    if context.json {
        report::data(&check_json(path, &compilation, &[]).to_string());
    } else {
        show_findings(path, &compilation);
        if !refused {
            let file = path.display();
            report::data(&format!("{file}  no contract, for others to use"));
        }
    }
    match refused {
        true => Err(self::refused(path, &compilation)),
        false => Ok(()),
    }
}

/// The texts of a contract and what the checker made of it. Only errors are shown.
pub(crate) fn checked(path: &Path) -> Result<(Sources, Checked), Problem> {
    let mut compilation = compile(path)?;
    match compilation.checked.take() {
        Some(checked) => Ok((compilation.sources, checked)),
        None => {
            show_findings(path, &compilation);
            Err(refused(path, &compilation))
        }
    }
}

/// A source, which must be UTF-8.
pub(crate) fn read(path: &Path) -> Result<String, Problem> {
    let bytes = std::fs::read(path).map_err(|error| {
        Problem::new(format!("{}: cannot be read: {error}", path.display())).hint("check the path")
    })?;
    text(path, bytes)
}

/// Bytes from `path` as text.
pub(crate) fn text(path: &Path, bytes: Vec<u8>) -> Result<String, Problem> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..at]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count()
            + 1;
        Problem::new(format!("{}:{line}: is not UTF-8 text", path.display()))
            .hint("save the file with UTF-8 encoding")
    })
}

/// Shows what the compiler found to a person, with the marked lines of the files.
pub(crate) fn show_findings(path: &Path, compilation: &Compilation) {
    let text = compilation.render(&path.display().to_string(), color());
    if !text.is_empty() {
        report::progress(text.trim_end());
    }
}

/// Shows findings about one text to a person, with the marked lines of the source.
pub(crate) fn show_diagnostics(path: &Path, source: &str, diagnostics: &[Diagnostic]) {
    let text = enigma_lang::render(diagnostics, &path.display().to_string(), source, color());
    if !text.is_empty() {
        report::progress(text.trim_end());
    }
}

/// Whether a terminal shows what goes to standard error.
pub(crate) fn color() -> Color {
    match std::io::stderr().is_terminal() {
        true => Color::Always,
        false => Color::Never,
    }
}

fn check_json(
    path: &Path,
    compilation: &Compilation,
    tests: &[enigma_lang::TestOutcome],
) -> serde_json::Value {
    let diagnostics = diagnostics_json(path, compilation);
    let tests: Vec<_> = tests
        .iter()
        .map(|test| json!({"name": test.title, "failure": test.failure.as_ref().map(|failure| &failure.message)}))
        .collect();
    let contract = compilation.contract.as_ref().map(|contract| {
        json!({
            "name": contract.name, "version": contract.version,
            "hash": container::contract_hash(&container::encode(contract)),
        })
    });
    json!({
        "checked": compilation.checked.is_some(), "contract": contract, "diagnostics": diagnostics,
        "tests": tests,
    })
}

/// Findings for programs; places are bytes of the file that is named.
pub(crate) fn diagnostics_json(path: &Path, compilation: &Compilation) -> Vec<serde_json::Value> {
    let path = path.display().to_string();
    let diagnostics = compilation.diagnostics.iter();
    let object = |diagnostic: &Diagnostic| {
        let place = compilation.sources.place(diagnostic.primary.span);
        json!({
            "severity": match diagnostic.severity { Severity::Error => "error", Severity::Warning => "warning" },
            "code": diagnostic.code.to_string(),
            "message": diagnostic.message,
            "file": compilation.sources.name(place.file, &path),
            "start": place.span.start,
            "end": place.span.end,
            "help": diagnostic.help,
        })
    };
    diagnostics.map(object).collect()
}

/// Whether a contract asks for what no network supports.
fn needs_network(compilation: &Compilation) -> bool {
    let mut diagnostics = compilation.diagnostics.iter();
    diagnostics.any(|diagnostic| diagnostic.code == Code::W0902)
}

pub(crate) fn refused(path: &Path, compilation: &Compilation) -> Problem {
    let diagnostics = compilation.diagnostics.iter();
    let errors = diagnostics
        .filter(|d| d.severity == Severity::Error)
        .count();
    if errors == 0 {
        let message = match needs_network(compilation) {
            true => "follows all rules, but needs what no network supports: signing keys",
            false => "follows all rules, but uses what this version does not compile yet",
        };
        return Problem::new(format!("{}: {message}", path.display()))
            .hint("the warnings say what; `enigma check` runs the contract's tests all the same");
    }
    let noun = if errors == 1 { "error" } else { "errors" };
    Problem::new(format!("{}: {errors} {noun}; not compiled", path.display()))
}
