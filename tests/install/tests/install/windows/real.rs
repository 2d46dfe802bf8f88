//! The real programs, where somebody has compiled them for Windows.

use std::fs;
use std::path::PathBuf;

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

#[test]
#[ignore = "needs programs compiled for Windows: GLORIA_WINDOWS_BINARIES"]
fn the_real_command_line_runs_as_installed() {
    let programs =
        PathBuf::from(std::env::var_os(PROGRAMS).unwrap_or_else(|| panic!("{PROGRAMS} is not set")));
    let folder = tempfile::tempdir().unwrap();
    bundle(&programs, THIS, folder.path());
    let source = folder.path().join("random.c");
    fs::write(&source, RANDOM).unwrap();
    let library = folder.path().join("bcryptprimitives.dll");
    let mut compile = limited("x86_64-w64-mingw32-gcc");
    compile.arg("-shared").arg(&source).arg("-o").arg(&library);
    expect(compile.arg("-ladvapi32"));
    let machine = Machine::new();
    let msi = msi_in(folder.path(), THIS);
    let msi = msi.to_str().unwrap();
    machine.expect("msiexec", &["/i", msi, "/qn", "SERVER=https://gloria.example"]);
    let program = machine.path("Program Files/Gloria Notify/gloria.exe");
    let beside = program.with_file_name("bcryptprimitives.dll");
    fs::copy(&library, &beside).unwrap();
    assert_eq!(
        machine.expect(&program, &["--version"]).trim(),
        format!("gloria {THIS}")
    );
    let status = machine.run(&program, &["status"]);
    assert_eq!(status.code, Some(3), "no app runs: {status:?}");
    let refused = machine.run(&program, &["open", "gloria-notify:quit"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    fs::remove_file(&beside).unwrap();
    machine.expect("msiexec", &["/x", msi, "/qn"]);
    let is_installed = || {
        machine
            .files()
            .iter()
            .any(|file| file.starts_with("Program Files"))
    };
    assert!(!is_installed());
    machine.expect(setup_in(folder.path(), THIS), &["/S", "/AllUsers"]);
    assert!(is_installed());
    machine.expect(program.with_file_name("uninstall.exe"), &["/AllUsers", "/S"]);
    machine.wait("it is uninstalled", || !is_installed());
}
