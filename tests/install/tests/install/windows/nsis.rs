//! The installer for one person, or the machine.

use std::fs;

use super::machine::Machine;
use super::programs::INSTALLERS;
use crate::packages::{NEXT, THIS};

const SERVER: &str = "https://gloria.example/api";
const APP_ID: &str = "com.gloriasystem.notify";

const IN_USE: i32 = 5;
const NEWER: i32 = 6;
const OF_MSI: i32 = 7;

/// Where it installs, and what it is called there.
struct Mode {
    switch: &'static str,
    root: &'static str,
    folder: String,
}

fn person() -> Mode {
    let user = std::env::var("USER").unwrap_or_else(|_| "root".to_owned());
    Mode {
        switch: "/CurrentUser",
        root: "HKCU",
        folder: format!("users/{user}/AppData/Local/Programs/Gloria Notify"),
    }
}

fn machine_wide() -> Mode {
    Mode {
        switch: "/AllUsers",
        root: "HKLM",
        folder: "Program Files/Gloria Notify".to_owned(),
    }
}

impl Mode {
    fn key(&self, path: &str) -> String {
        format!(r"{}\Software\{path}", self.root)
    }

    fn server(&self, machine: &Machine) -> Option<String> {
        machine.value(&self.key(r"Gloria System\Gloria Notify"), "ApiUrl")
    }

    fn run_entry(&self, machine: &Machine) -> Option<String> {
        machine.value(&self.key(r"Microsoft\Windows\CurrentVersion\Run"), APP_ID)
    }

    fn program(&self, machine: &Machine, name: &str) -> std::path::PathBuf {
        machine.path(&format!("{}/{name}", self.folder))
    }

    /// The uninstaller copies itself and goes on in the copy.
    fn uninstall(&self, machine: &Machine) {
        machine.expect(self.program(machine, "uninstall.exe"), &[self.switch, "/S"]);
        machine.wait("it is uninstalled", || machine.files().is_empty());
        machine.expect_nothing_left();
    }
}

fn install(machine: &Machine, version: &str, arguments: &[&str]) -> Option<i32> {
    machine
        .run(INSTALLERS.setup(version), &[&["/S"], arguments].concat())
        .code
}

#[test]
fn for_a_person_or_the_machine_it_is_complete_and_leaves_nothing_when_it_is_removed() {
    let machine = Machine::new();
    for mode in [person(), machine_wide()] {
        let arguments = [mode.switch, &format!("/SERVER={SERVER}")];
        // A person's is the default.
        let arguments = &arguments[usize::from(mode.root == "HKCU")..];
        assert_eq!(install(&machine, THIS, arguments), Some(0));
        let files = machine.files();
        for file in [
            "gloria-notify.exe",
            "gloria.exe",
            "gloria-notify.png",
            "icon.ico",
            "LICENSE.txt",
        ] {
            assert!(
                files.contains(&format!("{}/{file}", mode.folder)),
                "{file}: {files:?}"
            );
        }
        assert!(
            files.iter().any(|file| file.ends_with("/Gloria Notify.lnk")),
            "{files:?}"
        );
        assert_eq!(mode.server(&machine).as_deref(), Some(SERVER));
        let run = mode.run_entry(&machine).unwrap();
        assert!(run.ends_with("gloria-notify.exe\" --login"), "{run}");
        let open = mode.key(r"Classes\gloria-notify\shell\open\command");
        let open = machine.value(&open, "").unwrap();
        assert!(open.ends_with("gloria-notify.exe\" \"%1\""), "{open}");
        let id = machine.value(
            &mode.key(&format!(r"Classes\AppUserModelId\{APP_ID}")),
            "DisplayName",
        );
        assert_eq!(id.as_deref(), Some("Gloria Notify"));
        let registered = mode.key(&format!(r"Microsoft\Windows\CurrentVersion\Uninstall\{APP_ID}"));
        assert_eq!(
            machine.value(&registered, "DisplayVersion").as_deref(),
            Some(THIS)
        );
        mode.uninstall(&machine);
    }
}

#[test]
fn an_upgrade_keeps_what_was_chosen_and_an_older_version_is_refused() {
    let machine = Machine::new();
    let mode = person();
    let chosen = [&format!("/SERVER={SERVER}")[..], "/NOAUTOSTART"];
    assert_eq!(install(&machine, THIS, &chosen), Some(0));
    assert_eq!(install(&machine, NEXT, &[]), Some(0));
    assert_eq!(
        (mode.server(&machine).as_deref(), mode.run_entry(&machine)),
        (Some(SERVER), None)
    );
    assert_eq!(
        install(&machine, THIS, &["/SERVER=https://other.example"]),
        Some(NEWER)
    );
    assert_eq!(mode.server(&machine).as_deref(), Some(SERVER));
    let anew = ["/SERVER=https://other.example", "/AUTOSTART"];
    assert_eq!(install(&machine, NEXT, &anew), Some(0));
    assert_eq!(mode.server(&machine).as_deref(), Some("https://other.example"));
    assert!(mode.run_entry(&machine).is_some());
    mode.uninstall(&machine);
}

#[test]
fn a_running_app_is_ended_and_started_again_and_one_that_does_not_end_is_left_alone() {
    let machine = Machine::new();
    let mode = person();
    assert_eq!(install(&machine, THIS, &[]), Some(0));
    let (program, cli) = (
        mode.program(&machine, "gloria-notify.exe"),
        mode.program(&machine, "gloria.exe"),
    );
    let mut app = machine.start(&program, &["--background"]);
    machine.wait_for_app();
    assert_eq!(install(&machine, NEXT, &[]), Some(0));
    assert_eq!(app.wait().unwrap().code(), Some(0));
    assert!(machine.expect(&cli, &["--version"]).contains(NEXT));
    machine.wait_for_app();
    machine.expect(&cli, &["quit"]);
    let mut stubborn = machine.start(&program, &["--stubborn"]);
    machine.wait_for_app();
    let registry = machine.registry();
    assert_eq!(
        install(&machine, NEXT, &["/SERVER=https://other.example"]),
        Some(IN_USE)
    );
    assert_eq!(machine.registry(), registry);
    machine.expect("taskkill", &["/f", "/im", "gloria-notify.exe"]);
    stubborn.wait().unwrap();
    mode.uninstall(&machine);
}

#[test]
fn it_does_not_install_over_an_msi() {
    let machine = Machine::new();
    let package = INSTALLERS.msi(THIS);
    machine.expect("msiexec", &["/i", package.to_str().unwrap(), "/qn"]);
    let registry = machine.registry();
    assert_eq!(install(&machine, NEXT, &["/AllUsers"]), Some(OF_MSI));
    assert_eq!(machine.registry(), registry);
    machine.expect("msiexec", &["/x", package.to_str().unwrap(), "/qn"]);
    machine.expect_nothing_left();
}

#[test]
fn one_that_was_changed_on_its_way_installs_nothing() {
    let machine = Machine::new();
    let mut bytes = fs::read(INSTALLERS.setup(THIS)).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let changed = machine.path("changed.exe");
    fs::write(&changed, bytes).unwrap();
    assert_ne!(machine.run(&changed, &["/S"]).code, Some(0));
    machine.expect_nothing_left();
}
