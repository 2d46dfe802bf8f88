//! Repositories for apt and for rpm's tools, each with two rings: `beta`, then `stable`.

use std::path::Path;

use anyhow::{Result, bail};

/// Makes or updates the repositories in a folder.
///
/// # Errors
/// Always: it is not written yet.
pub fn make(_folder: &Path) -> Result<()> {
    bail!("repositories are not made yet")
}
