//! The programs that a package contains.

use std::path::PathBuf;

use anyhow::{Result, ensure};

use crate::command;
use crate::plan::Plan;

/// The window, which people start, and the command line, which on Linux is the agent as well.
pub const NAMES: [&str; 2] = ["gloria-notify", "gloria"];

/// Builds the programs, unless the plan names a folder that has them.
///
/// # Errors
/// When cargo fails.
pub fn build(plan: &Plan) -> Result<()> {
    if plan.programs.is_some() {
        return Ok(());
    }
    let mut build = command::cargo("build");
    build.current_dir(&plan.root);
    match &*plan.profile {
        // With the features that tests have, so that neither builds what the other one has built.
        "debug" => build.args(["--workspace", "--bins", "--test", "window"]),
        _ => build.args(["--release", "--bin", "gloria", "--bin", "gloria-notify"]),
    };
    if let Some(triple) = &plan.target.triple {
        build.args(["--target", triple]);
    }
    command::run(&mut build)
}

/// Returns a program's file.
///
/// # Errors
/// When it is not there.
pub fn path(plan: &Plan, name: &str) -> Result<PathBuf> {
    let path = plan.programs().join(plan.target.program(name));
    ensure!(path.is_file(), "{} is not there", path.display());
    Ok(path)
}
