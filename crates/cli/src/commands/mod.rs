//! The commands against a network and those around a source, one file for each group.

mod asked;
pub(crate) mod collect;
pub(crate) mod completions;
pub(crate) mod cost;
pub(crate) mod deploy;
pub(crate) mod explain;
pub(crate) mod fmt;
pub(crate) mod give;
pub(crate) mod job;
pub(crate) mod keys;
pub(crate) mod log;
pub(crate) mod lookup;
pub(crate) mod lsp;
pub(crate) mod manifest;
pub(crate) mod money;
pub(crate) mod new;
pub(crate) mod read;
pub(crate) mod result;
pub(crate) mod rights;
mod sources;
pub(crate) mod status;
pub(crate) mod test;
pub(crate) mod verify;
