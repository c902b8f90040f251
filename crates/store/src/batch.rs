//! Tables, and lists of changes to be made together.

use std::fmt;

use crate::StoreError;

/// Longest key, in bytes.
pub const MAX_KEY: usize = 256;

/// Longest value, in bytes.
pub const MAX_VALUE: usize = 1 << 28;

/// A separate space of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Table {
    /// Small facts about the node itself.
    Meta = 0,
    /// Bytecode and manifests of published contracts.
    Contracts = 1,
    /// Rows of shares that owners deposited.
    Rows = 2,
    /// State of jobs.
    Jobs = 3,
    /// Sealed outputs waiting for their recipients.
    Outputs = 4,
    /// What happened, in order.
    Journal = 5,
    /// Private parameters of calls that were not requested yet or are not over.
    Parameters = 6,
    /// What committees keep secret between runs.
    Secrets = 7,
    /// Whose rows runs may use.
    Admitted = 8,
    /// What committees keep beside the chain.
    Kept = 9,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 10] = [
        Self::Meta,
        Self::Contracts,
        Self::Rows,
        Self::Jobs,
        Self::Outputs,
        Self::Journal,
        Self::Parameters,
        Self::Secrets,
        Self::Admitted,
        Self::Kept,
    ];

    /// The name the table has in the file and in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Contracts => "contracts",
            Self::Rows => "rows",
            Self::Jobs => "jobs",
            Self::Outputs => "outputs",
            Self::Journal => "journal",
            Self::Parameters => "parameters",
            Self::Secrets => "secrets",
            Self::Admitted => "admitted",
            Self::Kept => "kept",
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One change.
#[derive(Clone, PartialEq, Eq)]
pub enum Write {
    /// Sets the value of a key.
    Put {
        /// Where.
        table: Table,
        /// Under which key, 1 to [`MAX_KEY`] bytes.
        key: Vec<u8>,
        /// The new value, at most [`MAX_VALUE`] bytes.
        value: Vec<u8>,
    },
    /// Removes a key; nothing happens if it is not there.
    Delete {
        /// Where.
        table: Table,
        /// Which key.
        key: Vec<u8>,
    },
}

impl fmt::Debug for Write {
    // Values may be shares; only their length is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Put { table, key, value } => f
                .debug_struct("Put")
                .field("table", table)
                .field("key", &format_args!("{key:02x?}"))
                .field("value_len", &value.len())
                .finish(),
            Self::Delete { table, key } => f
                .debug_struct("Delete")
                .field("table", table)
                .field("key", &format_args!("{key:02x?}"))
                .finish(),
        }
    }
}

/// An ordered list of changes that are made together. Of two changes of one key the later one counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    writes: Vec<Write>,
}

impl Batch {
    /// A batch without changes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a change that sets the value of a key.
    pub fn put(
        &mut self,
        table: Table,
        key: impl Into<Vec<u8>>,
        value: impl Into<Vec<u8>>,
    ) -> &mut Self {
        self.push(Write::Put {
            table,
            key: key.into(),
            value: value.into(),
        })
    }

    /// Adds a change that removes a key.
    pub fn delete(&mut self, table: Table, key: impl Into<Vec<u8>>) -> &mut Self {
        self.push(Write::Delete {
            table,
            key: key.into(),
        })
    }

    /// Adds a change.
    pub fn push(&mut self, write: Write) -> &mut Self {
        self.writes.push(write);
        self
    }

    /// The changes in their order.
    pub fn writes(&self) -> &[Write] {
        &self.writes
    }

    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// Whether a store takes it.
    ///
    /// # Errors
    /// The first key or value that has not a length that is allowed.
    pub fn check(&self) -> Result<(), StoreError> {
        for write in &self.writes {
            let (Write::Put { table, key, .. } | Write::Delete { table, key }) = write;
            if key.is_empty() || key.len() > MAX_KEY {
                return Err(StoreError::KeyLength {
                    table: *table,
                    len: key.len(),
                });
            }
            if let Write::Put { value, .. } = write
                && value.len() > MAX_VALUE
            {
                return Err(StoreError::ValueTooLong {
                    table: *table,
                    key: key.clone(),
                    len: value.len(),
                });
            }
        }
        Ok(())
    }
}
