//! An archive for Linux that needs no installation: its programs run from where it is unpacked.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::command;
use crate::plan::{PACKAGE, Plan};
use crate::stage::{self, Tree};

/// Makes the archive, and returns its file.
///
/// # Errors
/// When a file of the tree is missing, or `tar` fails.
pub fn make(plan: &Plan, tree: &Tree) -> Result<PathBuf> {
    let architecture = plan.target.architecture.name();
    let name = format!("{PACKAGE}-{}-linux-{architecture}", plan.version);
    let work = tempfile::tempdir()?;
    let files = tree
        .linux()
        .filter_map(|(path, entry)| Some((portable(path)?, entry)));
    stage::write(plan, files, &work.path().join(&name))?;
    let file = plan.out.join(format!("{name}.tar.gz"));
    // As GNU's manual describes it; gzip would write the time.
    let gzip = if plan.is_fast { "gzip -1n" } else { "gzip -9n" };
    let mut pack = Command::new("tar");
    pack.args([
        "--create",
        "--sort=name",
        "--format=ustar",
        "--owner=root:0",
        "--group=root:0",
        "--mode=go-w",
    ]);
    pack.arg(format!("--mtime=@{}", plan.time))
        .args(["--use-compress-program", gzip]);
    pack.arg("--file")
        .arg(&file)
        .arg("--directory")
        .arg(work.path())
        .arg(&name);
    command::output(&mut pack)?;
    Ok(file)
}

/// The path in the archive. What only an installed app needs is left out: the unit, which names `/usr/bin/gloria`, and
/// the entry for all users.
fn portable(path: &str) -> Option<&str> {
    let path = path.strip_prefix("usr/")?;
    (!path.starts_with("lib/")).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_runs_from_anywhere_is_in_the_archive() {
        assert_eq!(portable("usr/bin/gloria"), Some("bin/gloria"));
        assert_eq!(portable("etc/xdg/autostart/a.desktop"), None);
        assert_eq!(portable("usr/lib/systemd/user/gloria-notify.service"), None);
    }
}
