//! What is to be packaged: for which system, of which version, from which programs.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use clap::ValueEnum;
use jiff::Timestamp;

use crate::command;

/// The package's name in deb and rpm, and how the names of all files begin.
pub const PACKAGE: &str = "gloria-notify";

/// The app's id: of its desktop entry, its window and its notifications.
pub const APP_ID: &str = "com.gloriasystem.notify";

/// The app's name for people.
pub const PRODUCT: &str = "Gloria Notify";

/// Who answers for the packages.
pub const MAINTAINER: &str = "The Gloria Notify authors <notify@gloriasystem.example>";

/// Where people read about the app.
pub const HOMEPAGE: &str = "https://gloriasystem.example/notify";

/// One line about the app.
pub const SUMMARY: &str = "Notifications of the Gloria System, without a browser tab";

/// What the app does, as lists of packages show it.
pub const DESCRIPTION: [&str; 3] = [
    "Keeps one connection to the Gloria System alive, stores every",
    "notification in an inbox on this computer, and shows it as a native",
    "notification, with a sound.",
];

/// A kind of package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// For Debian and Ubuntu.
    Deb,
    /// For Fedora, RHEL and openSUSE.
    Rpm,
    /// For a whole Windows machine, by an administrator.
    Msi,
    /// For one person on Windows, or the machine.
    Nsis,
    /// The app on macOS.
    App,
    /// The app on macOS, as an image to drag it from.
    Dmg,
    /// For Linux without installation.
    Tar,
}

impl Kind {
    /// Returns the name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Deb => "deb",
            Self::Rpm => "rpm",
            Self::Msi => "msi",
            Self::Nsis => "nsis",
            Self::App => "app",
            Self::Dmg => "dmg",
            Self::Tar => "tar",
        }
    }

    /// Returns the system that the package is for.
    pub fn system(self) -> System {
        match self {
            Self::Deb | Self::Rpm | Self::Tar => System::Linux,
            Self::Msi | Self::Nsis => System::Windows,
            Self::App | Self::Dmg => System::MacOs,
        }
    }
}

/// An operating system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// Linux, with the GNU C library.
    Linux,
    /// Windows 10 and later.
    Windows,
    /// macOS.
    MacOs,
}

/// A kind of processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// Intel and AMD, 64 bits.
    X86_64,
    /// ARM, 64 bits.
    Aarch64,
}

impl Architecture {
    /// Returns its name, as cargo has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
        }
    }
}

/// What the programs run on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// As cargo names it, if it is not this machine.
    pub triple: Option<String>,
    /// The operating system.
    pub system: System,
    /// The processor.
    pub architecture: Architecture,
}

impl Target {
    /// This machine.
    ///
    /// # Errors
    /// On systems that no package is made for.
    pub fn here() -> Result<Self> {
        let here = format!("{}-{}", env::consts::ARCH, env::consts::OS);
        Ok(Self {
            triple: None,
            ..Self::parse(&here)?
        })
    }

    /// A target by its name in cargo.
    ///
    /// # Errors
    /// For one that no package is made for.
    pub fn parse(triple: &str) -> Result<Self> {
        let architecture = match triple.split('-').next() {
            Some("x86_64") => Architecture::X86_64,
            Some("aarch64") => Architecture::Aarch64,
            Some(_) | None => bail!("no package is made for {triple}: x86_64 or aarch64 is needed"),
        };
        let has = |part: &str| triple.split('-').any(|found| found == part);
        let system = match () {
            () if has("linux") => System::Linux,
            () if has("windows") => System::Windows,
            () if has("darwin") || has("macos") => System::MacOs,
            () => bail!("no package is made for {triple}: linux, windows or darwin is needed"),
        };
        Ok(Self {
            triple: Some(triple.to_owned()),
            system,
            architecture,
        })
    }

    /// The kinds of packages that this target has.
    pub fn kinds(&self) -> Vec<Kind> {
        let mut kinds = Kind::value_variants().to_vec();
        kinds.retain(|kind| kind.system() == self.system);
        kinds
    }

    /// The name of a program's file.
    pub fn program(&self, name: &str) -> String {
        match self.system {
            System::Windows => format!("{name}.exe"),
            System::Linux | System::MacOs => name.to_owned(),
        }
    }
}

/// Everything that decides what a package contains.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The repository's folder.
    pub root: PathBuf,
    /// What the programs run on.
    pub target: Target,
    /// The folder of cargo's profile: `debug` or `release`.
    pub profile: String,
    /// A folder with programs that are built already. Otherwise they are built.
    pub programs: Option<PathBuf>,
    /// The version, by semver.
    pub version: String,
    /// The folder that the packages are put into.
    pub out: PathBuf,
    /// Compress quickly and badly, for tests.
    pub is_fast: bool,
    /// The time of all files, in seconds since 1970.
    pub time: u64,
}

impl Plan {
    /// The folder of the programs.
    pub fn programs(&self) -> PathBuf {
        let built = || {
            let mut folder = self.root.join("target");
            folder.extend(&self.target.triple);
            folder.join(&self.profile)
        };
        self.programs.clone().unwrap_or_else(built)
    }

    /// The version as deb and rpm compare it: there a prerelease sorts before its release by `~`.
    pub fn package_version(&self) -> String {
        self.version.replacen('-', "~", 1)
    }

    /// The time of all files in this format, in UTC.
    ///
    /// # Errors
    /// When it is none that a calendar has.
    pub fn date(&self, format: &str) -> Result<String> {
        let time = Timestamp::from_second(i64::try_from(self.time)?)?;
        Ok(time.strftime(format).to_string())
    }

    /// A package for this machine, of a version and a time that are always the same.
    #[cfg(test)]
    pub(crate) fn for_tests(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            target: Target {
                triple: None,
                system: System::Linux,
                architecture: Architecture::X86_64,
            },
            profile: "debug".to_owned(),
            programs: None,
            version: "1.2.3-beta.1".to_owned(),
            out: root.to_owned(),
            is_fast: true,
            time: 1_790_000_000,
        }
    }
}

/// Checks a version: three numbers, and the name of a prerelease after a hyphen.
///
/// # Errors
/// When it is none.
pub fn parse_version(version: &str) -> Result<String> {
    let (numbers, prerelease) = match version.split_once('-') {
        Some((numbers, prerelease)) => (numbers, Some(prerelease)),
        None => (version, None),
    };
    let numbers: Vec<_> = numbers.split('.').collect();
    let are_numbers = numbers.len() == 3 && numbers.iter().all(|number| number.parse::<u16>().is_ok());
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || letter == '.')
    };
    ensure!(
        are_numbers && prerelease.is_none_or(is_name),
        "{version} is no version: 1.2.3 or 1.2.3-beta.1 is one"
    );
    Ok(version.to_owned())
}

/// The repository's folder.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(3).unwrap_or(here).to_owned()
}

/// The time that all files of a package have: `SOURCE_DATE_EPOCH` if it is set, otherwise that of the last commit.
///
/// # Errors
/// When it is no number, or there is neither.
pub fn time(source_date_epoch: Option<&str>, root: &Path) -> Result<u64> {
    if let Some(seconds) = source_date_epoch {
        return seconds
            .parse()
            .with_context(|| format!("SOURCE_DATE_EPOCH is {seconds}, which is no number of seconds"));
    }
    let mut log = Command::new("git");
    log.args(["log", "-1", "--format=%ct"]).current_dir(root);
    let seconds = command::output(&mut log)
        .context("there is no commit to take the time from: set SOURCE_DATE_EPOCH")?;
    seconds
        .trim()
        .parse()
        .context("git names no time of the last commit")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_known_by_its_name_in_cargo() {
        let target = Target::parse("aarch64-unknown-linux-gnu").unwrap();
        assert_eq!(target.kinds(), [Kind::Deb, Kind::Rpm, Kind::Tar]);
        let target = Target::parse("x86_64-pc-windows-msvc").unwrap();
        assert_eq!(target.kinds(), [Kind::Msi, Kind::Nsis]);
        assert_eq!(target.program("gloria"), "gloria.exe");
        assert_eq!(
            Target::parse("aarch64-apple-darwin").unwrap().system,
            System::MacOs
        );
        assert!(Target::parse("riscv64gc-unknown-linux-gnu").is_err());
        assert!(Target::parse("x86_64-unknown-freebsd").is_err());
        assert_eq!(Target::here().unwrap().triple, None);
    }

    #[test]
    fn a_version_has_three_numbers() {
        for version in ["0.1.0", "1.20.300-beta.1"] {
            assert_eq!(parse_version(version).unwrap(), version);
        }
        for wrong in [
            "",
            "1.2",
            "1.2.3.4",
            "v1.2.3",
            "1.2.x",
            "1.2.3-",
            "1.2.3-a b",
            "1.2.70000",
        ] {
            assert!(parse_version(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_prerelease_sorts_before_its_release() {
        let plan = Plan::for_tests(&root());
        assert_eq!(plan.package_version(), "1.2.3~beta.1");
        assert_eq!(plan.date("%a %b %d %Y").unwrap(), "Mon Sep 21 2026");
    }

    #[test]
    fn the_time_is_the_environments_or_the_last_commits() {
        assert_eq!(time(Some("12"), &root()).unwrap(), 12);
        assert!(time(Some("today"), &root()).is_err());
        assert!(time(None, &root()).unwrap() > 1_700_000_000);
        assert!(time(None, Path::new("/")).is_err());
    }
}
