//! What the tests in `tests/` read: the repository's files and cargo's view of them.

#![expect(
    clippy::unwrap_used,
    reason = "only tests use it, and a failed unwrap fails the test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// The repository's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

/// The workspace's own packages.
pub fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .other_options(["--offline".into()])
        .exec()
        .unwrap()
}

/// Packages beside what is shipped that live in its folders.
const NOT_SHIPPED: [&str; 3] = ["gloria-backend", "gloria-bundle", "xtask"];

/// Whether users get it: the root package and all below `src-tauri`, but for those that say otherwise of themselves.
pub fn is_shipped(package: &Package) -> bool {
    !NOT_SHIPPED.contains(&package.name.as_str()) && !folder(package).starts_with("tests")
}

/// They by name.
pub fn packages(metadata: &Metadata) -> BTreeMap<&str, &Package> {
    metadata
        .packages
        .iter()
        .map(|package| (package.name.as_str(), package))
        .collect()
}

/// Those that users get.
pub fn shipped(metadata: &Metadata) -> impl Iterator<Item = &Package> {
    metadata.packages.iter().filter(|package| is_shipped(package))
}

/// What a package is built from, tests and build scripts left out where asked.
pub fn dependencies(package: &Package, kinds: &[DependencyKind]) -> BTreeSet<String> {
    let wanted = package
        .dependencies
        .iter()
        .filter(|dependency| kinds.contains(&dependency.kind));
    wanted.map(|dependency| dependency.name.clone()).collect()
}

/// What a package, its build script and its tests are built from.
pub const ALL_KINDS: [DependencyKind; 3] = [
    DependencyKind::Normal,
    DependencyKind::Build,
    DependencyKind::Development,
];

/// A package's folder, from the repository's.
pub fn folder(package: &Package) -> String {
    let folder = package.manifest_path.parent().unwrap();
    let folder = folder.as_std_path().canonicalize().unwrap();
    slashed(folder.strip_prefix(root()).unwrap())
}

/// The files that git knows, as paths from the repository's folder.
pub fn files() -> Vec<String> {
    let output = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "git ls-files: {output:?}");
    let names = String::from_utf8(output.stdout).unwrap();
    let names = names.split_terminator('\0').map(str::to_owned);
    names.filter(|name| root().join(name).is_file()).collect()
}

/// A file's text.
pub fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A path with the separators of a URL, on every system.
fn slashed(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}
