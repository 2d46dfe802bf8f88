//! An installer for one person on Windows, or the machine: a script for `makensis`, which Debian has, with a list of
//! the files. What it does is in the script.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::command;
use crate::plan::{PACKAGE, Plan};
use crate::stage::Tree;
use crate::windows::{Contents, File, ICON};

/// The project's script.
const SCRIPT: &str = "src-tauri/packaging/windows/gloria-notify.nsi";

/// Makes the installer, and returns its file.
///
/// # Errors
/// When a file cannot be read or written, or `makensis` fails, also by a warning.
pub fn make(plan: &Plan, tree: &Tree) -> Result<PathBuf> {
    let contents = Contents::read(plan, tree)?;
    // It is a program of x86_64 on ARM as well, where Windows runs it like any other.
    let out = plan.out.join(format!("{PACKAGE}-{}-setup.exe", plan.version));
    let work = plan.out.join("nsis");
    if work.exists() {
        fs::remove_dir_all(&work).with_context(|| format!("cannot empty {}", work.display()))?;
    }
    let staged = work.join("tree");
    for file in &contents.files {
        let path = staged.join(&file.path);
        let folder = path.parent().unwrap_or(&staged);
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        fs::write(&path, &file.bytes).with_context(|| format!("cannot write {}", path.display()))?;
    }
    let list = work.join("files.nsh");
    fs::write(&list, macros(&contents.files, &staged)?).with_context(|| list.display().to_string())?;
    let mut makensis = Command::new("makensis");
    makensis.args(["-V2", "-WX"]);
    if plan.is_fast {
        makensis.arg("-DFAST");
    }
    let version = contents.version.to_string();
    for (name, value) in [
        ("VERSION", version.as_str()),
        ("ICON", text(&staged.join(ICON))?),
        ("FILES", text(&list)?),
        ("OUT", text(&out)?),
    ] {
        makensis.arg(format!("-D{name}={value}"));
    }
    command::output(makensis.arg(plan.root.join(SCRIPT)))?;
    fs::remove_dir_all(&work).with_context(|| format!("cannot remove {}", work.display()))?;
    Ok(out)
}

fn text(path: &Path) -> Result<&str> {
    path.to_str()
        .with_context(|| format!("the name of {} is no text", path.display()))
}

/// Returns the part of the script that depends on the files: it installs them, and removes these alone, so that nothing
/// else in the folder is lost.
fn macros(files: &[File], staged: &Path) -> Result<String> {
    let staged = quoted(text(staged)?)?;
    let (mut install, mut remove) = (String::new(), String::new());
    let mut folders = BTreeSet::new();
    for file in files {
        let path = quoted(&file.path)?;
        let (folder, _) = path.rsplit_once('/').unwrap_or_default();
        for (end, _) in folder.match_indices('/').chain([(folder.len(), "")]) {
            folders.insert(folder[..end].replace('/', "\\"));
        }
        let target = format!(r"$INSTDIR\{}", folder.replace('/', "\\"));
        writeln!(install, "  SetOutPath \"{}\"", target.trim_end_matches('\\'))?;
        writeln!(install, "  File \"{staged}/{path}\"")?;
        writeln!(remove, "  Delete \"$INSTDIR\\{}\"", path.replace('/', "\\"))?;
    }
    // What is in a folder is removed before the folder.
    for folder in folders.iter().rev().filter(|folder| !folder.is_empty()) {
        writeln!(remove, "  RMDir \"$INSTDIR\\{folder}\"")?;
    }
    Ok(format!(
        "!macro InstallFiles\n{install}!macroend\n\n!macro RemoveFiles\n{remove}!macroend\n"
    ))
}

/// A path as a text between the quotation marks of a script.
fn quoted(path: &str) -> Result<String> {
    let has_sign = path.contains(|c: char| c == '"' || c.is_control());
    ensure!(!has_sign, "makensis cannot read the path {path:?}");
    Ok(path.replace('$', "$$"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_installed_is_removed_and_folders_last_from_the_inside() {
        let files = ["a.exe", "policy/b.admx", "policy/en-US/c.adml"].map(|path| File {
            path: path.to_owned(),
            bytes: Vec::new(),
        });
        let script = macros(&files, Path::new("/staged $1")).unwrap();
        let lines: Vec<_> = script.lines().map(str::trim).collect();
        assert_eq!(
            lines,
            [
                "!macro InstallFiles",
                r#"SetOutPath "$INSTDIR""#,
                r#"File "/staged $$1/a.exe""#,
                r#"SetOutPath "$INSTDIR\policy""#,
                r#"File "/staged $$1/policy/b.admx""#,
                r#"SetOutPath "$INSTDIR\policy\en-US""#,
                r#"File "/staged $$1/policy/en-US/c.adml""#,
                "!macroend",
                "",
                "!macro RemoveFiles",
                r#"Delete "$INSTDIR\a.exe""#,
                r#"Delete "$INSTDIR\policy\b.admx""#,
                r#"Delete "$INSTDIR\policy\en-US\c.adml""#,
                r#"RMDir "$INSTDIR\policy\en-US""#,
                r#"RMDir "$INSTDIR\policy""#,
                "!macroend",
            ]
        );
        assert!(quoted("a\"b").is_err());
    }
}
