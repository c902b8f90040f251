//! What is computed: an entry of a compiled contract.

use std::fmt;

use enigma_bytecode::model::Contract;
use enigma_lang::Diagnostic;

/// An entry of a contract, under the name that cases call it by.
#[derive(Clone, Debug)]
pub struct Program {
    /// Its name in cases: no spaces.
    pub name: String,
    /// The contract.
    pub contract: Contract,
    /// Index of the entry.
    pub entry: usize,
}

/// The source is not a contract.
#[derive(Clone, Debug)]
pub struct ProgramError(pub Vec<Diagnostic>);

impl Program {
    /// The entries of a contract: of several, each bears its entry's name after a dot.
    ///
    /// # Errors
    /// What the compiler says.
    pub fn compile(name: &str, source: &str) -> Result<Vec<Program>, ProgramError> {
        let compilation = enigma_lang::compile(source);
        match compilation.contract {
            Some(contract) => Ok(Program::entries(name, &contract)),
            None => Err(ProgramError(compilation.diagnostics)),
        }
    }

    /// As [`Program::compile`], of a compiled contract.
    #[must_use]
    pub fn entries(name: &str, contract: &Contract) -> Vec<Program> {
        let name: String = name.split_whitespace().collect::<Vec<_>>().join("_");
        let entries = contract.entries.iter().enumerate();
        let program = |(entry, described): (usize, &enigma_bytecode::model::Entry)| Program {
            name: match contract.entries.len() {
                1 => name.clone(),
                _ => format!("{name}.{}", described.name),
            },
            contract: contract.clone(),
            entry,
        };
        entries.map(program).collect()
    }

    /// How many rows every collection of the entry may have, at least and at most.
    #[must_use]
    pub fn rows(&self) -> (u32, u32) {
        let used = self.contract.collections_used(self.entry);
        let used = used.iter().map(|collection| usize::from(*collection));
        used.fold((1, u32::MAX), |(least, most), collection| {
            (
                least.max(self.contract.minimum_rows(self.entry, collection)),
                most.min(self.contract.maximum_rows(collection)),
            )
        })
    }
}

impl fmt::Display for ProgramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Errors first; of what cannot be compiled yet there are warnings only.
        let first = self.0.iter().min_by_key(|diagnostic| diagnostic.severity);
        let first = first.map(|diagnostic| diagnostic.message.as_str());
        f.write_str(first.unwrap_or("the contract does not compile"))
    }
}

impl std::error::Error for ProgramError {}
