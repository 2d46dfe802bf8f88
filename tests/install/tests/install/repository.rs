//! The repositories, as apt and rpm's tools see them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::commands::{built, expect, finish, limited};
use crate::packages::{NEXT, PACKAGES, THIS};

/// Whose key signs the lists.
const USER: &str = "packages@gloriasystem.example";

struct Site {
    folder: TempDir,
}

impl Site {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let site = Self { folder };
        fs::create_dir(site.path("keys")).unwrap();
        fs::set_permissions(site.path("keys"), fs::Permissions::from_mode(0o700)).unwrap();
        let mut make = site.gpg();
        expect(make.args([
            "--pinentry-mode",
            "loopback",
            "--passphrase",
            "",
            "--quick-generate-key",
            USER,
        ]));
        let mut export = site.gpg();
        expect(
            export
                .arg("--output")
                .arg(site.path("key.gpg"))
                .args(["--export", USER]),
        );
        site
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn gpg(&self) -> Command {
        let mut gpg = limited("gpg");
        gpg.arg("--batch").env("GNUPGHOME", self.path("keys"));
        gpg
    }

    fn repository(&self, arguments: &[&str], packages: &[&Path]) -> Command {
        let mut command = limited(built("gloria-bundle"));
        command.args(["repository", "--key", USER]).args(arguments);
        command
            .arg(self.path("site"))
            .args(packages)
            .env("GNUPGHOME", self.path("keys"));
        command
    }

    /// The version that a machine with this ring alone would install.
    fn candidate(&self, ring: &str) -> String {
        let state = tempfile::tempdir().unwrap();
        fs::create_dir_all(state.path().join("lists/partial")).unwrap();
        let (key, site) = (self.path("key.gpg"), self.path("site/apt"));
        let source = format!(
            "deb [signed-by={}] file:{} {ring} main\n",
            key.display(),
            site.display()
        );
        fs::write(state.path().join("sources.list"), source).unwrap();
        fs::write(state.path().join("status"), "").unwrap();
        let apt = |program: &str, arguments: &[&str]| {
            let mut apt = limited(program);
            let at = |name: &str| state.path().join(name).display().to_string();
            for option in [
                format!("Dir::State={}", state.path().display()),
                format!("Dir::State::status={}", at("status")),
                format!("Dir::Cache={}", at("cache")),
                format!("Dir::Etc::SourceList={}", at("sources.list")),
                "Dir::Etc::SourceParts=-".to_owned(),
                // Its own user may not read the folders of this test.
                format!("APT::Sandbox::User={}", "root"),
            ] {
                apt.args(["-o", &option]);
            }
            expect(apt.args(arguments).env("LC_ALL", "C.UTF-8"))
        };
        apt("apt-get", &["update"]);
        let policy = apt("apt-cache", &["policy", "gloria-notify"]);
        let candidate = policy
            .lines()
            .find_map(|line| line.trim().strip_prefix("Candidate: "));
        candidate.unwrap_or("none").to_owned()
    }

    /// The versions in the list of a ring, for rpm's tools.
    fn listed(&self, ring: &str) -> Vec<String> {
        let folder = self.path("site/rpm").join(ring).join("repodata");
        let mut verify = self.gpg();
        expect(
            verify
                .arg("--verify")
                .arg(folder.join("repomd.xml.asc"))
                .arg(folder.join("repomd.xml")),
        );
        let mut read = limited("sh");
        let text = expect(read.arg("-c").arg("zcat \"$0\"/*primary.xml.gz").arg(&folder));
        let versions = text.split("<version ").skip(1);
        let version = |rest: &str| Some(rest.split_once("ver=\"")?.1.split('"').next()?.to_owned());
        let mut versions: Vec<_> = versions.filter_map(version).collect();
        versions.sort();
        versions
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        let mut end = Command::new("gpgconf");
        end.args(["--kill", "gpg-agent"])
            .env("GNUPGHOME", self.path("keys"));
        let _ = end.status();
    }
}

#[test]
fn what_is_new_comes_to_one_ring_and_after_its_promotion_to_both() {
    let site = Site::new();
    let (deb, rpm) = (PACKAGES.deb(THIS), PACKAGES.rpm(THIS));
    expect(&mut site.repository(&[], &[&deb, &rpm]));
    assert_eq!(
        (&*site.candidate("beta"), &*site.candidate("stable")),
        (THIS, "none")
    );
    expect(&mut site.repository(&["--promote"], &[&PACKAGES.deb(NEXT), &PACKAGES.rpm(NEXT)]));
    assert_eq!(
        (&*site.candidate("beta"), &*site.candidate("stable")),
        (NEXT, THIS)
    );
    assert_eq!(
        (site.listed("beta"), site.listed("stable")),
        (vec![THIS.into(), NEXT.into()], vec![THIS.into()])
    );
    expect(&mut site.repository(&["--promote"], &[]));
    assert_eq!(
        (&*site.candidate("stable"), site.listed("stable").len()),
        (NEXT, 2)
    );
    // A version is published once.
    let deb = PACKAGES.deb(NEXT);
    let again = site.path(deb.file_name().unwrap().to_str().unwrap());
    let changed = [&fs::read(&deb).unwrap()[..], b"\n"].concat();
    fs::write(&again, changed).unwrap();
    assert!(!finish(&mut site.repository(&[], &[&again])).is_success);
    assert!(!finish(&mut site.repository(&[], &[&site.path("key.gpg")])).is_success);
}
