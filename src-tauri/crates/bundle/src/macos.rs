//! The app for macOS, and its image, by Tauri's bundler, which needs that system's own tools.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::command;
use crate::plan::{Kind, Plan};

/// Makes the package, and returns its file.
///
/// # Errors
/// On other systems, and when Tauri's bundler fails.
pub fn make(plan: &Plan, kind: Kind) -> Result<PathBuf> {
    ensure!(
        cfg!(target_os = "macos"),
        "{} is made on macOS only: it needs that system's own tools",
        kind.name()
    );
    let mut tauri = Command::new(plan.root.join("ui/node_modules/.bin/tauri"));
    tauri
        .current_dir(&plan.root)
        .args(["build", "--bundles", kind.name()]);
    if plan.profile == "debug" {
        tauri.arg("--debug");
    }
    if let Some(triple) = &plan.target.triple {
        tauri.args(["--target", triple]);
    }
    // Without this it arranges the image's window in Finder, which a build server has not.
    tauri.env("CI", "true");
    command::run(&mut tauri)?;
    let ending = format!(".{}", kind.name());
    let folder = {
        let mut folder = plan.root.join("target");
        folder.extend(&plan.target.triple);
        let bundles = match kind {
            Kind::App => "macos",
            Kind::Dmg | Kind::Deb | Kind::Rpm | Kind::Msi | Kind::Nsis | Kind::Tar => kind.name(),
        };
        folder.join(&plan.profile).join("bundle").join(bundles)
    };
    let made = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut made: Vec<_> = made.flatten().map(|entry| entry.path()).collect();
    made.retain(|path| path.to_string_lossy().ends_with(&ending));
    made.sort();
    let made = made
        .pop()
        .with_context(|| format!("there is no {ending} in {}", folder.display()))?;
    let name = made.file_name().context("it has no name")?;
    let target = plan.out.join(name);
    // An app is a folder.
    command::run(Command::new("cp").arg("-R").arg(&made).arg(&target))?;
    Ok(target)
}
