//! A package for Debian and Ubuntu.
//!
//! It has no maintainer scripts. What they would do (the caches of icons and desktop entries) the triggers of other
//! packages do, and the running agent notices an upgrade by itself.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::command;
use crate::plan::{Architecture, DESCRIPTION, HOMEPAGE, MAINTAINER, PACKAGE, Plan, SUMMARY};
use crate::programs;
use crate::stage::{self, Tree};

/// Libraries that Debian 13 and Ubuntu 24.04 renamed without changing them, when times got 64 bits on other processors.
/// A package that names both can be installed before and after.
const RENAMED: [&str; 4] = ["libasound2", "libatk1.0-0", "libglib2.0-0", "libgtk-3-0"];

/// Makes the package, and returns its file.
///
/// # Errors
/// When a file of the tree is missing, or a tool of Debian's is or fails.
pub fn make(plan: &Plan, tree: &Tree) -> Result<PathBuf> {
    let work = tempfile::tempdir()?;
    // The name that dpkg-shlibdeps looks for.
    let root = work.path().join("debian").join(PACKAGE);
    stage::write(plan, tree.linux(), &root)?;
    let needed = libraries(work.path(), &root)?;
    let control = root.join("DEBIAN");
    fs::create_dir(&control)?;
    fs::write(control.join("control"), fields(plan, tree, &needed)?)?;
    fs::write(control.join("conffiles"), configurations(tree))?;
    fs::write(control.join("md5sums"), sums(tree, &root)?)?;
    let name = format!("{PACKAGE}_{}_{}.deb", plan.package_version(), architecture(plan));
    let file = plan.out.join(name);
    let mut build = Command::new("dpkg-deb");
    // Debian 11 reads nothing newer than xz.
    let compression = if plan.is_fast {
        ["-Zgzip", "-z1"]
    } else {
        ["-Zxz", "-z9"]
    };
    build.arg("--root-owner-group").args(compression);
    build.arg("--build").args([&root, &file]);
    command::output(build.env("SOURCE_DATE_EPOCH", plan.time.to_string()))?;
    Ok(file)
}

/// The processor as Debian names it.
fn architecture(plan: &Plan) -> &'static str {
    match plan.target.architecture {
        Architecture::X86_64 => "amd64",
        Architecture::Aarch64 => "arm64",
    }
}

/// The packages whose libraries the programs are linked to, with the oldest versions that have what is used of them.
fn libraries(work: &Path, root: &Path) -> Result<String> {
    let control = format!("Source: {PACKAGE}\n\nPackage: {PACKAGE}\nArchitecture: any\n");
    fs::write(work.join("debian/control"), control)?;
    let mut find = Command::new("dpkg-shlibdeps");
    find.arg("-O").current_dir(work);
    find.args(programs::NAMES.map(|name| root.join("usr/bin").join(name)));
    let found = command::output(&mut find)?;
    let found = found.trim().strip_prefix("shlibs:Depends=");
    Ok(with_both_names(found.context("dpkg-shlibdeps names no library")?))
}

/// Adds the other name of each library that was renamed.
fn with_both_names(needed: &str) -> String {
    let both = |package: &str| {
        let (name, version) = match package.split_once(' ') {
            Some((name, version)) => (name, format!(" {version}")),
            None => (package, String::new()),
        };
        let old = name.strip_suffix("t64").unwrap_or(name);
        if RENAMED.contains(&old) {
            format!("{old}{version} | {old}t64{version}")
        } else {
            package.to_owned()
        }
    };
    needed.split(", ").map(both).collect::<Vec<_>>().join(", ")
}

fn fields(plan: &Plan, tree: &Tree, needed: &str) -> Result<String> {
    // As dpkg-gencontrol counts: each file in whole kibibytes, and each folder as one.
    let mut size = 0;
    let mut folders: Vec<_> = Vec::new();
    for (path, entry) in tree.linux() {
        size += entry.source.read()?.len().div_ceil(1024);
        folders.extend(Path::new(path).ancestors().skip(1));
    }
    folders.sort();
    folders.dedup();
    size += folders.len();
    let mut fields = format!(
        "Package: {PACKAGE}\nVersion: {}\nArchitecture: {}\nMaintainer: {MAINTAINER}\nInstalled-Size: {size}\n\
         Section: net\nPriority: optional\nHomepage: {HOMEPAGE}\nDepends: {needed}, ca-certificates\n\
         Recommends: gnome-keyring | kwalletmanager | keepassxc, dbus-user-session\nDescription: {SUMMARY}\n",
        plan.package_version(),
        architecture(plan)
    );
    for line in DESCRIPTION {
        writeln!(fields, " {line}")?;
    }
    Ok(fields)
}

fn configurations(tree: &Tree) -> String {
    let files = tree.linux().filter(|(_, entry)| entry.is_configuration);
    files.map(|(path, _)| format!("/{path}\n")).collect()
}

/// The sums of all other files; dpkg has those of the configuration in its own list.
fn sums(tree: &Tree, root: &Path) -> Result<String> {
    let files = tree.linux().filter(|(_, entry)| !entry.is_configuration);
    let mut sum = Command::new("md5sum");
    command::output(sum.current_dir(root).args(files.map(|(path, _)| path)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stage::{Entry, Source};

    #[test]
    fn a_renamed_library_is_found_by_either_name() {
        assert_eq!(
            with_both_names(
                "libc6 (>= 2.34), libasound2 (>= 1.1.0), libgtk-3-0t64 (>= 3.21.5), libsoup-3.0-0"
            ),
            "libc6 (>= 2.34), libasound2 (>= 1.1.0) | libasound2t64 (>= 1.1.0), \
             libgtk-3-0 (>= 3.21.5) | libgtk-3-0t64 (>= 3.21.5), libsoup-3.0-0"
        );
    }

    #[test]
    fn the_size_is_in_whole_kibibytes_with_folders_and_only_configuration_is_named_as_such() {
        let entry = |path: &str, size| Entry::new(Source::Bytes(vec![0; size])).linux(path);
        let entries = vec![entry("etc/a", 1).configuration(), entry("usr/bin/b", 1025)];
        let tree = Tree { entries };
        let plan = Plan::for_tests(&crate::plan::root());
        let fields = fields(&plan, &tree, "libc6").unwrap();
        // Three, and the folders /, /etc, /usr and /usr/bin.
        assert!(fields.contains("\nInstalled-Size: 7\n"), "{fields}");
        assert_eq!(configurations(&tree), "/etc/a\n");
    }
}
