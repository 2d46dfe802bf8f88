//! The real programs, where somebody has compiled them for Windows.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::machine::Machine;
use super::programs::{bundle, msi_in, setup_in};
use crate::commands::{expect, limited};
use crate::packages::THIS;

/// The folder with `gloria.exe` and `gloria-notify.exe`, which `cargo xtask test install` passes on.
const PROGRAMS: &str = "GLORIA_WINDOWS_BINARIES";

/// Wine 8 lacks a library that Rust's standard library takes its random numbers from.
const RANDOM: &str = "#include <windows.h>\n\
    BOOLEAN NTAPI SystemFunction036(PVOID, ULONG);\n\
    __declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE to, SIZE_T length) \
    { return SystemFunction036(to, (ULONG)length); }\n";

/// Installers with the real programs, and the library that they need beside them here.
struct Real {
    folder: TempDir,
}

impl Real {
    fn bundle() -> Self {
        let programs = std::env::var_os(PROGRAMS).unwrap_or_else(|| panic!("{PROGRAMS} is not set"));
        let folder = tempfile::tempdir().unwrap();
        bundle(&PathBuf::from(programs), THIS, folder.path());
        let source = folder.path().join("random.c");
        fs::write(&source, RANDOM).unwrap();
        let mut compile = limited("x86_64-w64-mingw32-gcc");
        compile.arg("-shared").arg(&source).arg("-o");
        expect(compile.arg(library(folder.path())).arg("-ladvapi32"));
        Self { folder }
    }

    fn msi(&self) -> String {
        msi_in(self.folder.path(), THIS).to_str().unwrap().to_owned()
    }

    fn setup(&self) -> PathBuf {
        setup_in(self.folder.path(), THIS)
    }

    /// Puts the library beside an installed program.
    fn complete(&self, program: &Path) -> PathBuf {
        let beside = library(program.parent().unwrap());
        fs::copy(library(self.folder.path()), &beside).unwrap();
        beside
    }
}

fn library(folder: &Path) -> PathBuf {
    folder.join("bcryptprimitives.dll")
}

#[test]
#[ignore = "needs programs compiled for Windows: GLORIA_WINDOWS_BINARIES"]
fn the_real_command_line_runs_as_installed() {
    let real = Real::bundle();
    let machine = Machine::new();
    let msi = real.msi();
    machine.expect("msiexec", &["/i", &msi, "/qn", "SERVER=https://gloria.example"]);
    let program = machine.path("Program Files/Gloria Notify/gloria.exe");
    let beside = real.complete(&program);
    assert_eq!(
        machine.expect(&program, &["--version"]).trim(),
        format!("gloria {THIS}")
    );
    let status = machine.run(&program, &["status"]);
    assert_eq!(status.code, Some(3), "no app runs: {status:?}");
    let refused = machine.run(&program, &["open", "gloria-notify:quit"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    fs::remove_file(&beside).unwrap();
    machine.expect("msiexec", &["/x", &msi, "/qn"]);
    let is_installed = || {
        machine
            .files()
            .iter()
            .any(|file| file.starts_with("Program Files"))
    };
    assert!(!is_installed());
    machine.expect(real.setup(), &["/S", "/AllUsers"]);
    assert!(is_installed());
    machine.expect(program.with_file_name("uninstall.exe"), &["/AllUsers", "/S"]);
    machine.wait("it is uninstalled", || !is_installed());
}

/// Adds values to a key in the 64-bit part, each with its type.
fn add(machine: &Machine, key: &str, values: &[(&str, &str, &str)]) {
    for (name, kind, value) in values {
        let value = ["/v", name, "/t", kind, "/d", value, "/f", "/reg:64"];
        machine.expect("reg", &[&["add", key][..], &value].concat());
    }
}

/// The value of a setting in `gloria policy --json`, and where it comes from.
fn setting(machine: &Machine, program: &Path, name: &str) -> (Value, Value) {
    let ended = machine.run(program, &["policy", "--json"]);
    let lines = ended.text.lines();
    let mut lines = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let found = lines.find(|line| line["setting"] == name);
    let found = found.unwrap_or_else(|| panic!("{name}: {ended:?}"));
    (found["value"].clone(), found["origin"].clone())
}

#[test]
#[ignore = "needs programs compiled for Windows: GLORIA_WINDOWS_BINARIES"]
fn defaults_and_policies_come_from_the_registry_and_the_computers_are_stronger() {
    const DEFAULTS: &str = r"Software\Gloria System\Gloria Notify";
    const POLICY: &str = r"Software\Policies\Gloria System\Gloria Notify";
    const TEXT: &str = "REG_SZ";
    const NUMBER: &str = "REG_DWORD";

    let real = Real::bundle();
    let machine = Machine::new();
    let (hklm, hkcu) = (|key| format!(r"HKLM\{key}"), |key| format!(r"HKCU\{key}"));
    // For one person, with the address where that person's installer puts it.
    machine.expect(real.setup(), &["/S", "/SERVER=https://person.example"]);
    let files = machine.files();
    let program = files.iter().find(|file| file.ends_with("/gloria.exe"));
    let program = machine.path(program.unwrap_or_else(|| panic!("{files:?}")));
    real.complete(&program);
    let url = || setting(&machine, &program, "api.url");
    assert_eq!(url(), (json!("https://person.example"), json!("machine")));
    add(
        &machine,
        &hklm(DEFAULTS),
        &[("ApiUrl", TEXT, "https://computer.example")],
    );
    assert_eq!(url(), (json!("https://computer.example"), json!("machine")));

    let user = std::env::var("USER").unwrap_or_else(|_| "root".to_owned());
    let own = machine.path(&format!(
        "users/{user}/AppData/Roaming/com.gloriasystem.notify/settings.toml"
    ));
    fs::create_dir_all(own.parent().unwrap()).unwrap();
    fs::write(
        &own,
        "[api]\nurl = \"https://own.example\"\n[sounds]\nvolume = 9\n",
    )
    .unwrap();
    assert_eq!(url(), (json!("https://own.example"), json!("user")));

    add(
        &machine,
        &hkcu(POLICY),
        &[
            ("ApiUrl", TEXT, "https://user-policy.example"),
            ("SoundsVolume", NUMBER, "40"),
            ("NetworkNoProxy", "REG_MULTI_SZ", r"10.0.0.0/8\0b.example"),
        ],
    );
    assert_eq!(url(), (json!("https://user-policy.example"), json!("policy")));
    add(
        &machine,
        &hklm(POLICY),
        &[
            ("ApiUrl", TEXT, "https://policy.example"),
            ("SoundsEnabled", NUMBER, "0"),
            ("LogLevel", "REG_EXPAND_SZ", "%LEVEL%"),
        ],
    );
    let shown = |name| setting(&machine, &program, name);
    for (name, value) in [
        ("api.url", json!("https://policy.example")),
        ("sounds.enabled", json!(false)),
        ("sounds.volume", json!(40)),
        ("network.no_proxy", json!(["10.0.0.0/8", "b.example"])),
        // Refused, because its reader sets the variables in it, and still not the user's.
        ("log.level", json!("info")),
    ] {
        assert_eq!(shown(name), (value, json!("policy")), "{name}");
    }
    let said = machine.run(&program, &["policy"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(
        said.text
            .contains(&format!("log.level in {} is ignored", hklm(POLICY))),
        "{said:?}"
    );
    for key in [hklm(POLICY), hkcu(POLICY)] {
        machine.expect("reg", &["delete", &key, "/f", "/reg:64"]);
    }
    assert_eq!(url(), (json!("https://own.example"), json!("user")));
}
