//! What the packages carry besides the programs, checked by the programs that read it. How it behaves under a real
//! systemd is in `tests/e2e/tests/agent/systemd.rs`.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gloria_architecture_tests::{root, text};
use serde_json::Value;

const FOLDER: &str = "src-tauri/packaging/linux";
const UNIT: &str = "gloria-notify.service";

/// The value of the only line `key=value`.
fn value(file: &str, key: &str) -> String {
    let text = text(&format!("{FOLDER}/{file}"));
    let mut values = text
        .lines()
        .filter_map(|line| line.strip_prefix(key)?.strip_prefix('='));
    let value = values
        .next()
        .unwrap_or_else(|| panic!("{file} has no {key}"))
        .to_owned();
    assert_eq!(values.next(), None, "{file}: {key}");
    value
}

fn files_of(package: &str) -> Vec<(String, PathBuf)> {
    let configuration: Value = serde_json::from_str(&text("tauri.conf.json")).unwrap();
    let files = configuration["bundle"]["linux"][package]["files"]
        .as_object()
        .unwrap()
        .clone();
    let path = |source: &Value| root().join(source.as_str().unwrap());
    files
        .iter()
        .map(|(target, source)| (target.clone(), path(source)))
        .collect()
}

#[test]
fn deb_and_rpm_carry_the_agent_its_unit_and_the_autostart_entry() {
    for package in ["deb", "rpm"] {
        let files = files_of(package);
        let targets: Vec<_> = files.iter().map(|(target, _)| &**target).collect();
        for wanted in [
            "/usr/bin/gloria",
            "/usr/lib/systemd/user/gloria-notify.service",
            "/etc/xdg/autostart/com.gloriasystem.notify.desktop",
        ] {
            assert!(targets.contains(&wanted), "{package} has no {wanted}");
        }
        // The unit starts what is installed.
        assert_eq!(value(UNIT, "ExecStart"), "/usr/bin/gloria agent");
        for (target, source) in &files {
            assert!(
                target.starts_with("/usr/bin/") || source.is_file(),
                "{}",
                source.display()
            );
        }
    }
}

/// As the package installs it, but for the program, which has to be there.
#[test]
fn systemd_finds_nothing_wrong_with_the_unit() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("unit");
    fs::create_dir_all(&folder).unwrap();
    let unit = text(&format!("{FOLDER}/{UNIT}")).replace("/usr/bin/gloria", "/usr/bin/env");
    fs::write(folder.join(UNIT), unit).unwrap();
    let output = Command::new("systemd-analyze")
        .args(["--user", "verify"])
        .arg(folder.join(UNIT))
        .env("XDG_RUNTIME_DIR", &folder)
        .output()
        .unwrap();
    // What it does not know, it only reports.
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && complaints.is_empty(),
        "{}: {complaints}",
        output.status
    );
}

#[test]
fn the_autostart_entry_is_one_that_desktops_read_and_systemd_does_not_skip() {
    let output = Command::new("desktop-file-validate")
        .args(["--warn-kde"])
        .arg(root().join(FOLDER).join("autostart.desktop"))
        .output()
        .unwrap();
    let complaints = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && complaints.is_empty(), "{complaints}");
    assert_eq!(value("autostart.desktop", "Exec"), "gloria-notify --background");
    // It starts the unit, so that it is the one switch: with this, somebody would have to enable the unit as well, and
    // a user who switches the entry off would have an agent all the same.
    assert!(!text(&format!("{FOLDER}/autostart.desktop")).contains("X-systemd-skip"));
}
