//! What both installers for Windows put on a machine: the files, and the names that they write into its registry.

use std::fmt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use anyhow::{Context as _, Result, bail, ensure};

use crate::plan::{Architecture, Plan};
use crate::stage::{Source, Tree};

/// Who makes it.
pub(crate) const MANUFACTURER: &str = "The Gloria Notify authors";
/// The scheme of the links that the app opens.
pub(crate) const SCHEME: &str = "gloria-notify";
/// The program with the window.
pub(crate) const APP: &str = "gloria-notify.exe";
/// The command line.
pub(crate) const CLI: &str = "gloria.exe";
/// The picture of notifications: Windows takes none out of a program for them.
pub(crate) const PICTURE: &str = "gloria-notify.png";
/// The icon of the installers, the shortcut and the list of installed apps.
pub(crate) const ICON: &str = "icon.ico";
/// What programs that were built with MinGW load; those of MSVC contain it.
const WEBVIEW2_LOADER: &str = "WebView2Loader.dll";
/// The key with the machine's defaults; the app reads `ApiUrl` there.
pub(crate) const DEFAULTS_KEY: &str = r"Software\Gloria System\Gloria Notify";

/// A version as Windows counts: three numbers. Windows Installer allows 255, 255 and 65535.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version([u16; 3]);

impl Version {
    /// Reads `1.2.3`. What follows a hyphen, as in `1.2.3-beta.1`, has no place in it and is dropped.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let numbers = text.split(['-', '+']).next().unwrap_or_default();
        let parts: Vec<u16> = numbers
            .split('.')
            .map(str::parse)
            .collect::<Result<_, _>>()
            .with_context(|| format!("{text} is no version such as 1.2.3"))?;
        let [major, minor, patch] = parts[..] else {
            bail!("{text} is no version such as 1.2.3");
        };
        ensure!(
            major <= 255 && minor <= 255,
            "Windows Installer counts the first two numbers of a version to 255: {text}"
        );
        Ok(Self([major, minor, patch]))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(out, "{major}.{minor}.{patch}")
    }
}

/// A file to install.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// Its path below the folder of the installation, with `/`.
    pub(crate) path: String,
    pub(crate) bytes: Vec<u8>,
}

/// What an installer is made of.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) version: Version,
    /// The version with what [`Version`] drops.
    pub(crate) full_version: String,
    pub(crate) architecture: Architecture,
    /// The time that everything in it has.
    pub(crate) time: SystemTime,
    /// Compress quickly and badly, for tests.
    pub(crate) is_fast: bool,
    /// In the order of their paths.
    pub(crate) files: Vec<File>,
}

impl Contents {
    /// Reads the files.
    ///
    /// # Errors
    /// When one cannot be read, or the version is none for Windows.
    pub(crate) fn read(plan: &Plan, tree: &Tree) -> Result<Self> {
        let mut files = Vec::new();
        for (path, entry) in tree.windows() {
            let bytes = entry.source.read()?;
            files.push(File {
                path: path.to_owned(),
                bytes,
            });
        }
        let mut add = |path: &str, source: PathBuf| -> Result<()> {
            files.push(File {
                path: path.to_owned(),
                bytes: Source::File(source).read()?,
            });
            Ok(())
        };
        add(PICTURE, plan.root.join("icons/256x256.png"))?;
        let loader = plan.programs().join(WEBVIEW2_LOADER);
        if loader.is_file() {
            add(WEBVIEW2_LOADER, loader)?;
        }
        files.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(Self {
            version: Version::parse(&plan.version)?,
            full_version: plan.version.clone(),
            architecture: plan.target.architecture,
            time: SystemTime::UNIX_EPOCH + Duration::from_secs(plan.time),
            is_fast: plan.is_fast,
            files,
        })
    }

    /// Returns the contents of a file that has to be there.
    pub(crate) fn file(&self, path: &str) -> Result<&[u8]> {
        let found = self.files.iter().find(|file| file.path == path);
        Ok(&found.with_context(|| format!("the tree has no {path}"))?.bytes)
    }
}

/// Returns the version in a program's resources, or `None` if it has none: four numbers in `VS_FIXEDFILEINFO`, which
/// begins with a signature and its own version, 1.0.
pub(crate) fn version_in(program: &[u8]) -> Option<String> {
    const BEGINNING: [u8; 8] = [0xbd, 0x04, 0xef, 0xfe, 0, 0, 1, 0];
    let at = program
        .windows(BEGINNING.len())
        .position(|bytes| bytes == BEGINNING)?;
    let half = |offset: usize| {
        let bytes = program.get(at + offset..at + offset + 2)?;
        Some(u16::from_le_bytes([bytes[0], bytes[1]]))
    };
    // Each of the two doublewords of the version has its higher number in its second half.
    let [major, minor, patch, build] = [half(10)?, half(8)?, half(14)?, half(12)?];
    Some(format!("{major}.{minor}.{patch}.{build}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_has_three_numbers_that_windows_installer_can_count() {
        for (text, version) in [
            ("1.2.3", "1.2.3"),
            ("0.10.65535", "0.10.65535"),
            ("1.2.3-beta.4", "1.2.3"),
        ] {
            assert_eq!(Version::parse(text).unwrap().to_string(), version);
        }
        for text in [
            "",
            "1.2",
            "1.2.3.4",
            "1.2.x",
            "256.0.0",
            "0.256.0",
            "0.0.65536",
            "-1.0.0",
        ] {
            assert!(Version::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_version_of_a_program_is_the_one_in_its_resources() {
        let mut program = vec![0; 100];
        assert_eq!(version_in(&program), None);
        program.extend([0xbd, 0x04, 0xef, 0xfe, 0, 0, 1, 0]);
        assert_eq!(version_in(&program), None, "it is cut off");
        program.extend([2, 0, 1, 0, 4, 0, 3, 0]);
        assert_eq!(version_in(&program).as_deref(), Some("1.2.3.4"));
    }
}
