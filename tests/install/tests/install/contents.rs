//! What is in the deb, judged by the programs that judge packages.

use std::fs;

use tempfile::TempDir;

use crate::commands::{expect, finish, limited};
use crate::packages::{PACKAGES, THIS};

const AUTOSTART: &str = "/etc/xdg/autostart/com.gloriasystem.notify.desktop";

/// The files of the deb, in a folder.
fn unpacked() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    expect(
        limited("dpkg-deb")
            .arg("-x")
            .arg(PACKAGES.deb(THIS))
            .arg(folder.path()),
    );
    folder
}

fn field(name: &str) -> String {
    let text = expect(
        limited("dpkg-deb")
            .arg("--field")
            .arg(PACKAGES.deb(THIS))
            .arg(name),
    );
    text.trim().to_owned()
}

#[test]
fn lintian_finds_nothing() {
    let mut lintian = limited("lintian");
    lintian.args(["--allow-root", "--fail-on", "error,warning"]);
    let finished = finish(lintian.arg(PACKAGES.deb(THIS)));
    assert!(
        finished.is_success && finished.text.is_empty(),
        "{}",
        finished.text
    );
}

#[test]
fn the_deb_names_each_library_and_has_no_scripts() {
    let needed = field("Depends");
    for package in [
        "libc6 (>= ",
        "libasound2 (>= ",
        " | libasound2t64 (>= ",
        "libgtk-3-0 (>= ",
        " | libgtk-3-0t64 (>= ",
        "libwebkit2gtk-4.1-0 (>= ",
        "ca-certificates",
    ] {
        assert!(needed.contains(package), "{package} is not in {needed}");
    }
    // The app does not load it.
    assert!(!needed.contains("appindicator"), "{needed}");
    let folder = tempfile::tempdir().unwrap();
    expect(
        limited("dpkg-deb")
            .arg("-e")
            .arg(PACKAGES.deb(THIS))
            .arg(folder.path()),
    );
    let files = fs::read_dir(folder.path()).unwrap();
    let mut files: Vec<_> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(files, ["conffiles", "control", "md5sums"]);
    let kept = fs::read_to_string(folder.path().join("conffiles")).unwrap();
    assert_eq!(kept, format!("{AUTOSTART}\n"));
}

#[test]
fn desktops_understand_what_is_installed() {
    let folder = unpacked();
    // That the entry that the description names is there, too.
    let mut validate = limited("appstreamcli");
    let text = expect(
        validate
            .args(["validate-tree", "--no-net", "--no-color"])
            .arg(folder.path()),
    );
    assert!(text.contains("Validation was successful"), "{text}");
    for entry in [
        "usr/share/applications/com.gloriasystem.notify.desktop",
        &AUTOSTART[1..],
    ] {
        let said = expect(limited("desktop-file-validate").arg(folder.path().join(entry)));
        assert_eq!(said, "", "{entry}");
    }
    let entry = fs::read_to_string(
        folder
            .path()
            .join("usr/share/applications/com.gloriasystem.notify.desktop"),
    );
    let entry = entry.unwrap();
    for line in [
        "StartupWMClass=com.gloriasystem.notify",
        "MimeType=x-scheme-handler/gloria-notify;",
        "Exec=gloria-notify %u",
    ] {
        assert!(
            entry.lines().any(|found| found == line),
            "{line} is not in {entry}"
        );
    }
}

#[test]
fn each_command_has_a_page_and_the_shells_know_them_all() {
    let folder = unpacked();
    let pages = folder.path().join("usr/share/man/man1");
    for page in ["gloria-notify", "gloria", "gloria-status", "gloria-inbox-list"] {
        // It complains about what it does not understand on stderr.
        let mut man = limited("man");
        man.args(["--warnings", "--local-file", "--encoding=utf8"]);
        man.arg(pages.join(format!("{page}.1.gz")))
            .env("MANWIDTH", "120")
            .env("LC_ALL", "C.UTF-8");
        let text = expect(&mut man);
        for part in ["NAME", "SYNOPSIS", "EXAMPLES", page] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert!(!text.contains("warning"), "{text}");
    }
    for completion in [
        "bash-completion/completions/gloria",
        "fish/vendor_completions.d/gloria.fish",
        "zsh/vendor-completions/_gloria",
    ] {
        let text = fs::read_to_string(folder.path().join("usr/share").join(completion)).unwrap();
        assert!(
            text.contains("status") && text.contains("no-prompt"),
            "{completion}"
        );
    }
    let bash = folder.path().join("usr/share/bash-completion/completions/gloria");
    let complete = "source \"$0\"; COMP_WORDS=(gloria sta); COMP_CWORD=1; _gloria gloria sta gloria
                    echo \"${COMPREPLY[*]}\"";
    assert_eq!(
        expect(limited("bash").arg("-c").arg(complete).arg(bash)),
        "status\n"
    );
}

#[test]
fn what_the_programs_are_made_of_is_listed() {
    let folder = unpacked();
    let text = fs::read(
        folder
            .path()
            .join("usr/share/doc/gloria-notify/gloria-notify.cdx.json"),
    )
    .unwrap();
    let list: serde_json::Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(list["bomFormat"], "CycloneDX");
    assert_eq!(list["metadata"]["component"]["version"], THIS);
    assert!(list["components"].as_array().unwrap().len() > 200);
}

#[test]
fn the_alert_rules_are_in_the_documentation_with_their_tests() {
    let folder = unpacked();
    let monitoring = folder.path().join("usr/share/doc/gloria-notify/monitoring");
    let rules = fs::read_to_string(monitoring.join("gloria-notify.rules.yml")).unwrap();
    assert!(rules.contains("alert: GloriaNotifyStale"), "{rules}");
    let tests = fs::read_to_string(monitoring.join("gloria-notify.rules.test.yml")).unwrap();
    assert!(tests.contains("gloria-notify.rules.yml"), "{tests}");
}

#[test]
fn every_file_is_the_administrators_and_only_programs_are_executable() {
    let text = expect(limited("dpkg-deb").arg("--contents").arg(PACKAGES.deb(THIS)));
    for line in text.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        let (mode, owner, path) = (words[0], words[1], words[5]);
        assert_eq!(owner, "root/root", "{line}");
        let wanted = match path {
            path if path.ends_with('/') => "drwxr-xr-x",
            path if path.starts_with("./usr/bin/") => "-rwxr-xr-x",
            _ => "-rw-r--r--",
        };
        assert_eq!(mode, wanted, "{line}");
    }
}
