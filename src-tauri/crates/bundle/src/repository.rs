//! Repositories for apt and for rpm's tools, each with two rings: what is new comes into `beta`, and is promoted to
//! `stable` once it has proved itself there. A web server that serves the folder is all that they need.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use clap::{Args, ValueEnum};

use crate::command;
use crate::plan::{PACKAGE, PRODUCT};

/// Who gets a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Ring {
    /// Those who try it first.
    Beta,
    /// Everybody else.
    Stable,
}

impl Ring {
    /// The name in addresses and in the sources of apt.
    pub fn name(self) -> &'static str {
        match self {
            Self::Beta => "beta",
            Self::Stable => "stable",
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::Beta => "Gloria Notify, before everyone has it",
            Self::Stable => "Gloria Notify",
        }
    }
}

/// What happens to the repositories.
#[derive(Debug, Args)]
pub struct Request {
    /// Their folder; it is made if there is none.
    pub folder: PathBuf,
    /// The packages to add: files that end in .deb or .rpm.
    pub packages: Vec<PathBuf>,
    /// The ring that they are added to.
    #[arg(long, value_enum, default_value = "beta")]
    pub ring: Ring,
    /// First make what is in beta stable.
    #[arg(long)]
    pub promote: bool,
    /// The GnuPG key that signs the lists; without one, clients have to be set to trust the address.
    #[arg(long)]
    pub key: Option<String>,
}

/// Makes or updates the repositories.
///
/// # Errors
/// When a package is none, has another content than one of the same version that is there, or a tool fails.
pub fn make(request: &Request) -> Result<()> {
    let (mut debs, mut rpms) = (Vec::new(), Vec::new());
    for package in &request.packages {
        match package.extension().and_then(|ending| ending.to_str()) {
            Some("deb") => debs.push(package),
            Some("rpm") => rpms.push(package),
            Some(_) | None => bail!("{} is neither a .deb nor a .rpm", package.display()),
        }
    }
    update_apt(request, &debs)?;
    update_rpm(request, &rpms)
}

fn update_apt(request: &Request, packages: &[&PathBuf]) -> Result<()> {
    let folder = request.folder.join("apt");
    let conf = folder.join("conf");
    fs::create_dir_all(&conf).with_context(|| format!("cannot create {}", conf.display()))?;
    fs::write(conf.join("distributions"), distributions(request.key.as_deref()))?;
    let reprepro = |arguments: &[&str]| {
        let mut reprepro = Command::new("reprepro");
        reprepro
            .arg("--silent")
            .arg("--basedir")
            .arg(&folder)
            .args(arguments);
        command::output(&mut reprepro)
    };
    // The lists of rings that nothing is in yet, too, so that clients find them.
    reprepro(&["export"])?;
    if request.promote {
        reprepro(&["copy", Ring::Stable.name(), Ring::Beta.name(), PACKAGE])?;
    }
    for package in packages {
        let file = package.to_str().context("the path of a package is no text")?;
        reprepro(&["includedeb", request.ring.name(), file])?;
    }
    Ok(())
}

/// What `reprepro` reads: the rings.
fn distributions(key: Option<&str>) -> String {
    let one = |ring: &Ring| {
        let signed = key.map(|key| format!("SignWith: {key}\n")).unwrap_or_default();
        format!(
            "Origin: Gloria System\nLabel: {PRODUCT}\nCodename: {name}\nSuite: {name}\nArchitectures: amd64 arm64\n\
             Components: main\nDescription: {}\n{signed}",
            ring.description(),
            name = ring.name(),
        )
    };
    Ring::value_variants()
        .iter()
        .map(one)
        .collect::<Vec<_>>()
        .join("\n")
}

fn update_rpm(request: &Request, packages: &[&PathBuf]) -> Result<()> {
    let folder = |ring: Ring| request.folder.join("rpm").join(ring.name());
    for ring in Ring::value_variants() {
        fs::create_dir_all(folder(*ring))?;
    }
    if request.promote {
        for entry in fs::read_dir(folder(Ring::Beta))? {
            let package = entry?.path();
            if package.extension().is_some_and(|ending| ending == "rpm") {
                add(&package, &folder(Ring::Stable))?;
            }
        }
    }
    for package in packages {
        add(package, &folder(request.ring))?;
    }
    for ring in Ring::value_variants() {
        let folder = folder(*ring);
        let mut list = Command::new("createrepo_c");
        command::output(list.arg("--quiet").arg("--update").arg(&folder))?;
        if let Some(key) = &request.key {
            let mut sign = Command::new("gpg");
            sign.args([
                "--batch",
                "--yes",
                "--local-user",
                key,
                "--armor",
                "--detach-sign",
            ]);
            command::output(sign.arg(folder.join("repodata/repomd.xml")))?;
        }
    }
    Ok(())
}

/// Copies a package into a ring.
fn add(package: &Path, folder: &Path) -> Result<()> {
    let target = folder.join(package.file_name().context("a package has no name")?);
    let new = fs::read(package).with_context(|| format!("cannot read {}", package.display()))?;
    if let Ok(old) = fs::read(&target) {
        ensure!(
            old == new,
            "{} is there already, with another content",
            target.display()
        );
        return Ok(());
    }
    fs::write(&target, new).with_context(|| format!("cannot write {}", target.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_rings_are_signed_if_there_is_a_key() {
        let text = distributions(Some("ABC"));
        assert_eq!(text.matches("SignWith: ABC\n").count(), 2);
        assert!(text.contains("Codename: beta\n") && text.contains("\n\nOrigin:"));
        assert!(!distributions(None).contains("SignWith"));
    }

    #[test]
    fn a_version_that_is_published_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let ring = folder.path().join("ring");
        fs::create_dir(&ring).unwrap();
        let package = folder.path().join("a.rpm");
        fs::write(&package, "one").unwrap();
        add(&package, &ring).unwrap();
        add(&package, &ring).unwrap();
        fs::write(&package, "two").unwrap();
        assert!(add(&package, &ring).is_err());
        assert_eq!(fs::read_to_string(ring.join("a.rpm")).unwrap(), "one");
    }
}
