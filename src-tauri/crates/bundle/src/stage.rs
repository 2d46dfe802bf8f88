//! The staged tree: every file of every package, as data. Each kind of package takes from it what its system has.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::plan::Plan;
use crate::programs;

/// What a file contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The same as another file.
    File(PathBuf),
    /// These bytes.
    Bytes(Vec<u8>),
}

impl Source {
    /// Returns the contents.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn read(&self) -> Result<Vec<u8>> {
        match self {
            Self::File(path) => fs::read(path).with_context(|| format!("cannot read {}", path.display())),
            Self::Bytes(bytes) => Ok(bytes.clone()),
        }
    }
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it contains.
    pub source: Source,
    /// Its path on Linux, from `/`, without the first slash. None if packages for Linux do not have it.
    pub linux: Option<String>,
    /// Its path on Windows, from the installation's folder, with slashes. None if packages for Windows do not have it.
    pub windows: Option<String>,
    /// Its mode: 0o755 of programs, 0o644 of everything else.
    pub mode: u32,
    /// Whether administrators change it. An upgrade then leaves their version.
    pub is_configuration: bool,
}

impl Entry {
    /// A file that is read only.
    pub fn new(source: Source) -> Self {
        Self {
            source,
            linux: None,
            windows: None,
            mode: 0o644,
            is_configuration: false,
        }
    }

    /// A program.
    #[must_use]
    pub fn program(self) -> Self {
        Self { mode: 0o755, ..self }
    }

    /// Administrators may change it.
    #[must_use]
    pub fn configuration(self) -> Self {
        Self {
            is_configuration: true,
            ..self
        }
    }

    /// Packages for Linux have it at this path.
    #[must_use]
    pub fn linux(self, path: impl Into<String>) -> Self {
        Self {
            linux: Some(path.into()),
            ..self
        }
    }

    /// Packages for Windows have it at this path.
    #[must_use]
    pub fn windows(self, path: impl Into<String>) -> Self {
        Self {
            windows: Some(path.into()),
            ..self
        }
    }
}

/// Every file of every package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// In the order of their paths.
    pub entries: Vec<Entry>,
}

impl Tree {
    /// The files of packages for Linux, with their paths.
    pub fn linux(&self) -> impl Iterator<Item = (&str, &Entry)> {
        let entries = self.entries.iter();
        entries.filter_map(|entry| Some((entry.linux.as_deref()?, entry)))
    }

    /// The files of packages for Windows, with their paths.
    pub fn windows(&self) -> impl Iterator<Item = (&str, &Entry)> {
        let entries = self.entries.iter();
        entries.filter_map(|entry| Some((entry.windows.as_deref()?, entry)))
    }
}

/// Collects the tree.
///
/// # Errors
/// When a file is missing.
pub fn tree(plan: &Plan) -> Result<Tree> {
    let mut entries = Vec::new();
    for name in programs::NAMES {
        let program = Entry::new(Source::File(programs::path(plan, name)?)).program();
        entries.push(
            program
                .linux(format!("usr/bin/{name}"))
                .windows(format!("{name}.exe")),
        );
    }
    let license = Entry::new(Source::File(plan.root.join("LICENSE")));
    entries.push(license.windows("LICENSE.txt"));
    entries.push(Entry::new(Source::File(plan.root.join("icons/icon.ico"))).windows("icon.ico"));
    entries.sort_by(|one, other| (&one.linux, &one.windows).cmp(&(&other.linux, &other.windows)));
    Ok(Tree { entries })
}

/// Writes files into a folder, with their modes and the plan's time.
///
/// # Errors
/// When one cannot be read or written.
pub fn write<'a>(
    plan: &Plan,
    files: impl IntoIterator<Item = (&'a str, &'a Entry)>,
    folder: &Path,
) -> Result<()> {
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(plan.time);
    for (path, entry) in files {
        let target = folder.join(path);
        let parent = target.parent().unwrap_or(folder);
        fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
        // Not by `fs::copy`, which takes the mode along.
        fs::write(&target, entry.source.read()?)
            .with_context(|| format!("cannot write {}", target.display()))?;
        set_mode(&target, entry.mode)?;
        fs::File::options()
            .write(true)
            .open(&target)?
            .set_modified(time)?;
    }
    Ok(())
}

#[cfg(unix)]
fn set_mode(file: &Path, mode: u32) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;

    Ok(fs::set_permissions(file, fs::Permissions::from_mode(mode))?)
}

#[cfg(not(unix))]
fn set_mode(_file: &Path, _mode: u32) -> Result<()> {
    Ok(())
}
