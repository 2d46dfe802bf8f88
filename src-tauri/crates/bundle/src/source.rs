//! What a file of a package contains.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

/// What a file contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The same as another file.
    File(PathBuf),
    /// These bytes.
    Bytes(Vec<u8>),
}

impl Source {
    /// Returns the contents.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(&self) -> Result<Vec<u8>> {
        match self {
            Self::File(path) => fs::read(path).with_context(|| format!("cannot read {}", path.display())),
            Self::Bytes(bytes) => Ok(bytes.clone()),
        }
    }
}
