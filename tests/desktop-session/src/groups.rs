//! Control groups for what a test starts.

use std::fs;
use std::path::{Path, PathBuf};

/// Where control groups are: `systemd` and `unified` where the older version is in use too.
const GROUPS: &str = "/sys/fs/cgroup";

/// The folders of control groups of a systemd, which are removed with this.
#[derive(Debug)]
pub(crate) struct Groups(Vec<PathBuf>);

impl Groups {
    pub(crate) fn new(name: &str) -> Self {
        let root = Path::new(GROUPS);
        let roots: Vec<_> = if root.join("cgroup.procs").exists() {
            vec![root.to_owned()]
        } else {
            let both = ["systemd", "unified"].map(|kind| root.join(kind));
            both.into_iter().filter(|root| root.exists()).collect()
        };
        Self(roots.into_iter().map(|root| root.join(name)).collect())
    }

    /// Their folders, with spaces between them.
    pub(crate) fn list(&self) -> String {
        let all: Vec<_> = self.0.iter().map(|group| group.display().to_string()).collect();
        all.join(" ")
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        self.0.iter().for_each(|group| remove(group));
    }
}

/// Removes a group and those in it. One that still has a process stays.
fn remove(group: &Path) {
    for inner in fs::read_dir(group).into_iter().flatten().flatten() {
        if inner.file_type().is_ok_and(|of| of.is_dir()) {
            remove(&inner.path());
        }
    }
    let _ = fs::remove_dir(group);
}
