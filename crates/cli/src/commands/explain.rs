//! `enigma explain`: what a code of a diagnostic is about.

use clap::Args;
use enigma_lang::Code;
use serde_json::json;

use crate::context::Context;
use crate::report::{self, Problem};

#[derive(Debug, Args)]
#[command(after_help = "Example:
  enigma explain E0310")]
pub(crate) struct ExplainOptions {
    /// A code, as it stands behind `error` or `warning`.
    #[arg(value_name = "CODE")]
    code: String,
}

/// Prints the long text.
pub(crate) fn run(context: &Context, options: &ExplainOptions) -> Result<(), Problem> {
    let Some(text) = enigma_lang::explain(&options.code) else {
        let known: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        let message = format!("there is no code {:?}", options.code);
        return Err(Problem::new(message).hint(format!("the codes are {}", known.join(", "))));
    };
    if context.json {
        report::data(&json!({"code": options.code.to_uppercase(), "text": text}).to_string());
    } else {
        report::data(text);
    }
    Ok(())
}
