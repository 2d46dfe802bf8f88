//! The MSI.

use std::fs;
use std::path::Path;

use super::machine::{Ended, Machine};
use super::programs::INSTALLERS;
use crate::commands::{expect, limited};
use crate::packages::{NEXT, THIS};

const SERVER: &str = "https://gloria.example/api";
const DEFAULTS: &str = r"HKLM\Software\Gloria System\Gloria Notify";
const RUN: &str = r"HKLM\Software\Microsoft\Windows\CurrentVersion\Run";
const CLASSES: &str = r"HKLM\Software\Classes";
const APP_ID: &str = "com.gloriasystem.notify";
const FOLDER: &str = "Program Files/Gloria Notify";

/// `ERROR_INSTALL_FAILURE`, of which an exit code on Linux has the lower byte.
const FAILED: i32 = 1603 & 0xff;

fn msiexec(machine: &Machine, action: &str, package: &Path, properties: &[&str]) -> Ended {
    let arguments = [
        &[
            action,
            package.to_str().unwrap(),
            "/qn",
            "/l*v",
            r"C:\install.log",
        ][..],
        properties,
    ];
    machine.run("msiexec", &arguments.concat())
}

fn install(machine: &Machine, version: &str, properties: &[&str]) {
    let ended = msiexec(machine, "/i", &INSTALLERS.msi(version), properties);
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

fn uninstall(machine: &Machine, version: &str) {
    let ended = msiexec(machine, "/x", &INSTALLERS.msi(version), &[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let _ = fs::remove_file(machine.path("install.log"));
    machine.expect_nothing_left();
}

fn log(machine: &Machine) -> String {
    String::from_utf8_lossy(&fs::read(machine.path("install.log")).unwrap()).into_owned()
}

fn server(machine: &Machine) -> Option<String> {
    machine.value(DEFAULTS, "ApiUrl")
}

fn starts_at_login(machine: &Machine) -> bool {
    machine.value(RUN, APP_ID).is_some()
}

fn installed_version(machine: &Machine) -> String {
    machine.expect(machine.path(&format!("{FOLDER}/gloria.exe")), &["--version"])
}

#[test]
fn a_silent_installation_is_complete_and_leaves_nothing_when_it_is_removed() {
    let machine = Machine::new();
    install(&machine, THIS, &[&format!("SERVER={SERVER}")]);
    let files = machine.files();
    for file in [
        "gloria-notify.exe",
        "gloria.exe",
        "gloria-notify.png",
        "icon.ico",
        "LICENSE.txt",
    ] {
        assert!(files.contains(&format!("{FOLDER}/{file}")), "{file}: {files:?}");
    }
    assert!(
        files.iter().any(|file| file.ends_with("/Gloria Notify.lnk")),
        "{files:?}"
    );
    assert!(installed_version(&machine).contains(THIS));
    assert_eq!(server(&machine).as_deref(), Some(SERVER));
    let program = r"C:\Program Files\Gloria Notify\gloria-notify.exe";
    let run = machine.value(RUN, APP_ID);
    assert_eq!(run, Some(format!("\"{program}\" --login")));
    let app = format!(r"{CLASSES}\AppUserModelId\{APP_ID}");
    assert_eq!(
        machine.value(&app, "DisplayName").as_deref(),
        Some("Gloria Notify")
    );
    let picture = machine.value(&app, "IconUri");
    assert_eq!(
        picture.as_deref(),
        Some(r"C:\Program Files\Gloria Notify\gloria-notify.png")
    );
    assert_eq!(
        machine
            .value(&format!(r"{CLASSES}\gloria-notify"), "URL Protocol")
            .as_deref(),
        Some("")
    );
    assert!(
        machine.registry().iter().any(|line| line.starts_with("PATH=")),
        "gloria is not in PATH"
    );
    // A link of a page arrives as it is.
    machine.expect("start", &["/wait", "gloria-notify:open/n%3A42"]);
    let opened = machine.path("opened.txt");
    machine.wait("the link is opened", || {
        fs::read(&opened).is_ok_and(|url| !url.is_empty())
    });
    assert_eq!(fs::read_to_string(&opened).unwrap(), "gloria-notify:open/n%3A42");
    uninstall(&machine, THIS);
}

#[test]
fn an_upgrade_keeps_what_was_chosen_unless_it_chooses_anew() {
    let machine = Machine::new();
    install(&machine, THIS, &[&format!("SERVER={SERVER}"), "AUTOSTART=0"]);
    assert!(!starts_at_login(&machine));
    install(&machine, NEXT, &[]);
    assert!(installed_version(&machine).contains(NEXT));
    assert_eq!(server(&machine).as_deref(), Some(SERVER));
    assert!(!starts_at_login(&machine));
    uninstall(&machine, NEXT);
    install(&machine, THIS, &[&format!("SERVER={SERVER}"), "AUTOSTART=0"]);
    install(&machine, NEXT, &["SERVER=https://other.example", "AUTOSTART=1"]);
    assert_eq!(server(&machine).as_deref(), Some("https://other.example"));
    assert!(starts_at_login(&machine));
    uninstall(&machine, NEXT);
}

#[test]
fn an_upgrade_ends_the_app_that_runs_and_starts_the_new_one() {
    let machine = Machine::new();
    install(&machine, THIS, &[]);
    let program = machine.path(&format!("{FOLDER}/gloria-notify.exe"));
    let cli = machine.path(&format!("{FOLDER}/gloria.exe"));
    let mut app = machine.start(&program, &["--background"]);
    machine.wait_for_app();
    install(&machine, NEXT, &[]);
    // By `gloria quit`: it would have ended with another code if it were killed.
    assert_eq!(app.wait().unwrap().code(), Some(0));
    assert!(installed_version(&machine).contains(NEXT));
    machine.wait_for_app();
    machine.expect(&cli, &["quit"]);
    uninstall(&machine, NEXT);
}

#[test]
fn an_older_version_and_a_wrong_choice_are_refused_and_change_nothing() {
    let machine = Machine::new();
    let refused = |property: &str| {
        let ended = msiexec(&machine, "/i", &INSTALLERS.msi(THIS), &[property]);
        assert_eq!(ended.code, Some(FAILED), "{ended:?}");
        assert!(
            log(&machine).contains("LaunchConditions. Return value 0."),
            "{}",
            log(&machine)
        );
    };
    refused("AUTOSTART=maybe");
    refused("REQUIREWEBVIEW2=1");
    let _ = fs::remove_file(machine.path("install.log"));
    machine.expect_nothing_left();
    install(&machine, NEXT, &[&format!("SERVER={SERVER}")]);
    refused("SERVER=https://other.example");
    assert!(installed_version(&machine).contains(NEXT));
    assert_eq!(server(&machine).as_deref(), Some(SERVER));
    uninstall(&machine, NEXT);
}

#[test]
fn its_tables_say_what_windows_installer_needs() {
    let package = INSTALLERS.msi(THIS);
    let table = |name: &str| expect(limited("msiinfo").arg("export").arg(&package).arg(name));
    let files = table("File");
    for program in ["gloria-notify.exe", "gloria.exe"] {
        let row = files
            .lines()
            .find(|row| row.split('\t').nth(2).is_some_and(|name| name.ends_with(program)));
        // Without its version, Windows Installer decides by dates whether a file is newer.
        assert!(
            row.is_some_and(|row| row.contains(&format!("\t{THIS}.0\t"))),
            "{files}"
        );
    }
    // Wine shows these on a screen alone, and Windows also in the log.
    let conditions = table("LaunchCondition");
    for words in [
        "A newer version of",
        "AUTOSTART must be 1",
        "WebView2 Runtime is not installed",
    ] {
        assert!(conditions.contains(words), "{conditions}");
    }
    let properties = table("Property");
    assert!(properties.contains("\nALLUSERS\t1"), "{properties}");
    assert!(
        properties.contains(&format!("\nProductVersion\t{THIS}")),
        "{properties}"
    );
    // Another code would let two versions be installed side by side.
    let upgrade = "\nUpgradeCode\t{6E0D0C5C-2A3F-4E0B-9B6C-2B2D0E6A7F11}";
    assert!(properties.contains(upgrade), "{properties}");
    let code = |version: &str, name: &str| {
        let text = expect(
            limited("msiinfo")
                .arg("export")
                .arg(INSTALLERS.msi(version))
                .arg("Property"),
        );
        text.lines()
            .find(|line| line.starts_with(name))
            .unwrap()
            .to_owned()
    };
    assert_ne!(code(THIS, "ProductCode"), code(NEXT, "ProductCode"));
    assert!(table("MsiShortcutProperty").contains("System.AppUserModel.ID\tcom.gloriasystem.notify"));
    // Sectors of 512 bytes, as a power of two, like Windows's own packages.
    assert_eq!(fs::read(&package).unwrap()[30..32], [9, 0]);
    let summary = expect(limited("msiinfo").arg("suminfo").arg(&package));
    assert!(summary.contains("x64;1033"), "{summary}");
}
