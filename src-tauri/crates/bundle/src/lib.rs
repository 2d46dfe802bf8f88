//! Packages for Linux, Windows and macOS, all from one staged tree ([`stage`]). `cargo xtask bundle` runs it.
//!
//! The same programs and the same `SOURCE_DATE_EPOCH` make the same bytes, on every machine.

pub mod command;
pub mod deb;
pub mod macos;
pub mod manifest;
pub mod msi;
pub mod nsis;
pub mod plan;
pub mod programs;
pub mod prove;
pub mod repository;
pub mod rpm;
pub mod source;
pub mod stage;
pub mod tar;
mod windows;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};

pub use crate::plan::{Architecture, Kind, Plan, System, Target};
pub use crate::stage::{Entry, Source, Tree};

/// Makes each of these packages, and returns their files.
///
/// # Errors
/// When a package cannot be made: something is missing in the tree or on this machine, or a tool refused it.
pub fn make(plan: &Plan, kinds: &[Kind]) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(&plan.out).with_context(|| format!("cannot create {}", plan.out.display()))?;
    // Tauri builds and bundles in one, and has no use for the tree.
    if kinds.iter().all(|kind| matches!(kind, Kind::App | Kind::Dmg)) {
        return kinds.iter().map(|kind| macos::make(plan, *kind)).collect();
    }
    programs::build(plan)?;
    let tree = stage::tree(plan)?;
    let make_one = |kind: &Kind| match kind {
        Kind::Deb => deb::make(plan, &tree),
        Kind::Rpm => rpm::make(plan, &tree),
        Kind::Tar => tar::make(plan, &tree),
        Kind::Msi => msi::make(plan, &tree),
        Kind::Nsis => nsis::make(plan, &tree),
        Kind::App | Kind::Dmg => macos::make(plan, *kind),
    };
    kinds
        .iter()
        .map(|kind| make_one(kind).with_context(|| format!("no {} was made", kind.name())))
        .collect()
}

/// Writes the list of what is compiled into the programs (SBOM) beside the packages, and returns its file.
///
/// # Errors
/// When cargo does not know the dependencies, or the file cannot be written.
pub fn write_sbom(plan: &Plan) -> Result<PathBuf> {
    let target = match &plan.target.triple {
        Some(triple) => triple.clone(),
        None => format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
    };
    let name = format!("{}-{}-{target}.cdx.json", plan::PACKAGE, plan.version);
    let file = plan.out.join(name);
    fs::write(&file, stage::sbom(plan)?).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}
