//! The packages of two versions, made once for all tests.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crate::commands::{built, expect, limited};

/// The version that is there.
pub(crate) const THIS: &str = env!("CARGO_PKG_VERSION");

/// The one after it: the same programs with their version changed in place.
pub(crate) const NEXT: &str = "0.1.9";

/// The time of all files; any would do.
pub(crate) const TIME: &str = "1790000000";

/// Where they are, until the next run: a static is never dropped.
const FOLDER: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/packages");

/// Packages of both versions.
pub(crate) struct Packages {
    folder: &'static Path,
}

pub(crate) static PACKAGES: LazyLock<Packages> = LazyLock::new(Packages::make);

impl Packages {
    fn make() -> Self {
        let folder = Path::new(FOLDER);
        let _ = fs::remove_dir_all(folder);
        fs::create_dir_all(folder).unwrap();
        bundle(
            &["deb", "rpm", "tar"],
            &built("gloria").with_file_name(""),
            THIS,
            folder,
        );
        let next = folder.join("next");
        fs::create_dir(&next).unwrap();
        for name in ["gloria", "gloria-notify"] {
            write_next(name, &next);
        }
        bundle(&["deb", "rpm"], &next, NEXT, folder);
        Self { folder }
    }

    pub(crate) fn deb(&self, version: &str) -> PathBuf {
        self.only(&format!("gloria-notify_{version}_"), ".deb")
    }

    pub(crate) fn rpm(&self, version: &str) -> PathBuf {
        self.only(&format!("gloria-notify-{version}-"), ".rpm")
    }

    pub(crate) fn tar(&self) -> PathBuf {
        self.only(&format!("gloria-notify-{THIS}-"), ".tar.gz")
    }

    fn only(&self, begin: &str, end: &str) -> PathBuf {
        let files = fs::read_dir(self.folder).unwrap();
        let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
        files.retain(|file| {
            let name = file.file_name().unwrap().to_str().unwrap();
            name.starts_with(begin) && name.ends_with(end)
        });
        let [file] = &files[..] else {
            panic!("{begin}…{end}: {files:?}");
        };
        file.clone()
    }
}

/// Makes packages of these programs.
pub(crate) fn bundle(kinds: &[&str], programs: &Path, version: &str, out: &Path) {
    let mut bundle = limited(built("gloria-bundle"));
    bundle
        .args(kinds)
        .args(["--profile", "debug", "--fast", "--version", version]);
    bundle.arg("--programs").arg(programs).arg("--out").arg(out);
    expect(bundle.env("SOURCE_DATE_EPOCH", TIME));
}

fn write_next(name: &str, folder: &Path) {
    let mut bytes = fs::read(built(name)).unwrap();
    assert_eq!(THIS.len(), NEXT.len());
    let places: Vec<_> = (0..bytes.len() - THIS.len())
        .filter(|at| bytes[*at] == THIS.as_bytes()[0] && bytes[*at..].starts_with(THIS.as_bytes()))
        .collect();
    for place in places {
        bytes[place..place + THIS.len()].copy_from_slice(NEXT.as_bytes());
    }
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn the_same_programs_make_the_same_bytes() {
    let again = tempfile::tempdir().unwrap();
    let programs = built("gloria").with_file_name("");
    bundle(&["deb", "rpm", "tar"], &programs, THIS, again.path());
    for first in [PACKAGES.deb(THIS), PACKAGES.rpm(THIS), PACKAGES.tar()] {
        let second = again.path().join(first.file_name().unwrap());
        let is_same = fs::read(&first).unwrap() == fs::read(&second).unwrap();
        assert!(is_same, "{} differs from {}", first.display(), second.display());
    }
}

#[test]
fn the_archive_runs_from_where_it_is_unpacked() {
    let folder = tempfile::tempdir().unwrap();
    let mut unpack = limited("tar");
    expect(
        unpack
            .arg("--extract")
            .arg("--file")
            .arg(PACKAGES.tar())
            .arg("--directory")
            .arg(folder.path()),
    );
    let unpacked: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    let [unpacked] = &unpacked[..] else {
        panic!("{unpacked:?} is not one folder");
    };
    for name in ["gloria", "gloria-notify"] {
        let mut version = limited(unpacked.join("bin").join(name));
        let said = expect(version.arg("--version").env("HOME", folder.path()));
        assert_eq!(said, format!("{name} {THIS}\n"));
    }
    assert!(unpacked.join("share/man/man1/gloria.1.gz").is_file());
    assert!(!unpacked.join("etc").exists());
}
