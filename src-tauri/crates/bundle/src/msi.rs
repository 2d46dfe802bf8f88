//! An installer for a whole Windows machine.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::plan::Plan;
use crate::stage::Tree;

/// Makes the package, and returns its file.
///
/// # Errors
/// Always: it is not written yet.
pub fn make(_plan: &Plan, _tree: &Tree) -> Result<PathBuf> {
    bail!("this kind of package is not made yet")
}
