//! The stand-ins and the installers with them, of two versions, made once for all tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use crate::commands::{built, expect, limited};
use crate::packages::{NEXT, THIS, TIME};

const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/install/windows/stand_in.c");

const COMPILER: &str = "x86_64-w64-mingw32-gcc";
const RESOURCES: &str = "x86_64-w64-mingw32-windres";

/// The installers of both versions.
pub(crate) struct Installers {
    folder: PathBuf,
}

pub(crate) static INSTALLERS: LazyLock<Installers> = LazyLock::new(Installers::make);

impl Installers {
    fn make() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("windows-installers");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        for version in [THIS, NEXT] {
            let programs = folder.join(format!("programs-{version}"));
            fs::create_dir(&programs).unwrap();
            compile(version, &programs);
            bundle(&programs, version, &folder);
        }
        Self { folder }
    }

    /// The programs of a version.
    pub(crate) fn programs(&self, version: &str) -> PathBuf {
        self.folder.join(format!("programs-{version}"))
    }

    pub(crate) fn msi(&self, version: &str) -> PathBuf {
        msi_in(&self.folder, version)
    }

    pub(crate) fn setup(&self, version: &str) -> PathBuf {
        setup_in(&self.folder, version)
    }
}

pub(crate) fn msi_in(folder: &Path, version: &str) -> PathBuf {
    folder.join(format!("gloria-notify-{version}-x64.msi"))
}

pub(crate) fn setup_in(folder: &Path, version: &str) -> PathBuf {
    folder.join(format!("gloria-notify-{version}-setup.exe"))
}

/// Makes both installers of these programs.
pub(crate) fn bundle(programs: &Path, version: &str, out: &Path) {
    let mut bundle = limited(built("gloria-bundle"));
    bundle.args(["msi", "nsis", "--target", "x86_64-pc-windows-gnu"]);
    bundle.args(["--profile", "debug", "--fast", "--version", version]);
    bundle.arg("--programs").arg(programs).arg("--out").arg(out);
    expect(bundle.env("SOURCE_DATE_EPOCH", TIME));
}

fn compile(version: &str, folder: &Path) {
    let numbers = format!("{},0", version.replace('.', ","));
    let script = folder.join("stand_in.rc");
    let text = format!("1 VERSIONINFO\nFILEVERSION {numbers}\nPRODUCTVERSION {numbers}\nBEGIN\nEND\n");
    fs::write(&script, text).unwrap();
    let resources = folder.join("stand_in.o");
    expect(limited(RESOURCES).arg(&script).arg(&resources));
    let program = folder.join("gloria.exe");
    let mut compile = limited(COMPILER);
    compile.args([
        "-O1",
        "-Wall",
        "-Wextra",
        "-Werror",
        &format!("-DVERSION=\"{version}\""),
    ]);
    expect(compile.arg(SOURCE).arg(&resources).arg("-o").arg(&program));
    fs::copy(&program, folder.join("gloria-notify.exe")).unwrap();
}

#[test]
fn the_same_programs_make_the_same_installers() {
    let again = tempfile::tempdir().unwrap();
    bundle(&INSTALLERS.programs(THIS), THIS, again.path());
    for (first, second) in [
        (INSTALLERS.msi(THIS), msi_in(again.path(), THIS)),
        (INSTALLERS.setup(THIS), setup_in(again.path(), THIS)),
    ] {
        let is_same = fs::read(&first).unwrap() == fs::read(&second).unwrap();
        assert!(is_same, "{} differs from {}", first.display(), second.display());
    }
}
