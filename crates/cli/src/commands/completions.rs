//! `enigma completions`: completions for a shell.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use crate::report::Problem;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  enigma completions bash > /etc/bash_completion.d/enigma
  enigma completions zsh > ~/.zfunc/_enigma")]
pub(crate) struct CompletionsOptions {
    /// The shell.
    shell: Shell,
}

/// Prints the shell's script.
pub(crate) fn run(options: &CompletionsOptions) -> Result<(), Problem> {
    let mut command = crate::args::Arguments::command();
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut command, "enigma", &mut script);
    crate::report::data(String::from_utf8_lossy(&script).trim_end());
    Ok(())
}
