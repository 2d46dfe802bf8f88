//! The programs that a package contains.

use std::fs;
use std::process::Command;

use anyhow::{Result, ensure};

use crate::command;
use crate::plan::{Plan, System};
use crate::source::Source;

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

/// Returns a program, on Linux without what only debuggers read: the release profile leaves it out as well.
///
/// # Errors
/// When it is not there, or cannot be stripped.
pub fn source(plan: &Plan, name: &str) -> Result<Source> {
    let path = plan.programs().join(plan.target.program(name));
    ensure!(path.is_file(), "{} is not there", path.display());
    if plan.profile != "debug" || plan.target.system != System::Linux {
        return Ok(Source::File(path));
    }
    let stripped = tempfile::NamedTempFile::new()?;
    command::output(Command::new("strip").arg("-o").arg(stripped.path()).arg(&path))?;
    Ok(Source::Bytes(fs::read(stripped.path())?))
}
