//! Paths, and the commands of other tools.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result, ensure};

/// The repository's folder.
pub(crate) fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(3).unwrap_or(here).to_owned()
}

/// Returns the path of a program that cargo built, in the given profile folder (`debug`, `release`).
pub(crate) fn built(profile: &str, name: &str) -> PathBuf {
    root()
        .join("target")
        .join(profile)
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// Returns a command of the cargo that runs this. `--locked` makes it fail rather than resolve dependencies anew, so
/// that checks test the same versions as are shipped.
pub(crate) fn cargo<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let mut arguments = arguments.into_iter();
    if let Some(task) = arguments.next() {
        command.arg(&task);
        // Formatting resolves no dependencies and has no such option.
        if task.as_ref() != "fmt" {
            command.arg("--locked");
        }
    }
    command.args(arguments).current_dir(root());
    // Variables that cargo sets for this program. Build scripts that read them, and everything that depends on those,
    // would be rebuilt whenever cargo is called alternately from here and from a shell.
    for (name, _) in std::env::vars_os() {
        let set_by_cargo = name
            .to_str()
            .is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_"));
        if set_by_cargo {
            command.env_remove(name);
        }
    }
    command
}

/// Returns an npm command in one of the repository's folders.
pub(crate) fn npm<S: AsRef<OsStr>>(folder: &str, arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    command.args(arguments).current_dir(root().join(folder));
    command
}

/// Returns the command that builds all programs with one set of features. Naming a test makes cargo unify features with
/// the tests' dependencies, as `cargo test` does; otherwise the two commands would rebuild the tree alternately.
pub(crate) fn build_programs() -> Command {
    cargo(["build", "--workspace", "--bins", "--test", "window"])
}

/// Returns the command that builds the program that makes packages, with the features of [`build_programs`].
pub(crate) fn build_bundler() -> Command {
    cargo([
        "build",
        "--quiet",
        "--workspace",
        "--bin",
        "gloria-bundle",
        "--test",
        "window",
    ])
}

/// Returns the command that builds the single-process app: that feature, and otherwise the same as [`build_programs`].
pub(crate) fn build_in_process() -> Command {
    cargo([
        "build",
        "--workspace",
        "--features",
        "gloria-notify/in-process",
        "--bin",
        "gloria-notify",
        "--test",
        "window",
    ])
}

/// Copies the single-process app to another folder, because cargo builds it at the path of the two-process app, which
/// [`build_programs`] builds again afterwards.
pub(crate) fn put_in_process_aside() -> Result<()> {
    let folder = built("debug", "in-process");
    fs::create_dir_all(&folder)?;
    let program = built("debug", "gloria-notify");
    fs::copy(&program, folder.join("gloria-notify"))
        .with_context(|| format!("cannot copy {}", program.display()))?;
    Ok(())
}

/// Whether npm has to install the packages of a folder, because its lock file changed since the last time.
pub(crate) fn packages_stale(folder: &str) -> bool {
    let folder = root().join(folder);
    match (
        changed(&folder.join("package-lock.json")),
        changed(&folder.join("node_modules/.package-lock.json")),
    ) {
        (Some(lock), Some(installed)) => lock > installed,
        (_, None) => true,
        (None, Some(_)) => false,
    }
}

/// Whether the UI must be built, because a source is newer than the build.
pub(crate) fn ui_stale() -> bool {
    let ui = root().join("ui");
    // The app's build script creates a page without assets if there is none.
    let Some(built) = newest(&ui.join("dist/assets")) else {
        return true;
    };
    [
        "src",
        "index.html",
        "vite.config.ts",
        "svelte.config.js",
        "package-lock.json",
        // The texts are built into the page.
        "../locales",
    ]
    .into_iter()
    .any(|source| newest(&ui.join(source)).is_some_and(|changed| changed > built))
}

/// Runs a command to its end, with this program's stdout and stderr.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = line(command);
    let status = command.status().with_context(|| format!("cannot run {line}"))?;
    ensure!(status.success(), "{line} ended with {status}");
    Ok(())
}

/// Returns a command as one would type it.
pub(crate) fn line(command: &Command) -> String {
    let program = Path::new(command.get_program())
        .file_name()
        .unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

fn newest(path: &Path) -> Option<SystemTime> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| newest(&entry.path()))
        .chain(changed(path))
        .max()
}

fn changed(path: &Path) -> Option<SystemTime> {
    path.metadata().ok()?.modified().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_takes_the_lock_as_it_is() {
        let words = |command: &Command| line(command).split(' ').skip(1).collect::<Vec<_>>().join(" ");
        assert_eq!(
            words(&cargo(["test", "--workspace"])),
            "test --locked --workspace"
        );
        assert_eq!(words(&cargo(["fmt", "--all"])), "fmt --all");
    }
}
