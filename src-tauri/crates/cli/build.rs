//! Gives the program for Windows its version and its icon, as resources. Without a version, Windows Installer decides
//! by dates whether to replace the file.

use std::path::Path;
use std::{env, fs};

/// English, and text in UTF-16.
const LANGUAGE: &str = "040904b0";

/// The resources, for a compiler of such; what is in angle brackets is replaced.
const SCRIPT: &str = r#"1 ICON "<icon>"
1 VERSIONINFO
FILEVERSION <numbers>
PRODUCTVERSION <numbers>
FILEOS 0x40004
FILETYPE 0x1
BEGIN
  BLOCK "StringFileInfo"
  BEGIN
    BLOCK "<language>"
    BEGIN
      VALUE "CompanyName", "<authors>"
      VALUE "FileDescription", "Gloria Notify, command line"
      VALUE "FileVersion", "<version>"
      VALUE "InternalName", "gloria"
      VALUE "LegalCopyright", "<authors>"
      VALUE "OriginalFilename", "gloria.exe"
      VALUE "ProductName", "Gloria Notify"
      VALUE "ProductVersion", "<version>"
    END
  END
  BLOCK "VarFileInfo"
  BEGIN
    VALUE "Translation", 0x409, 1200
  END
END
"#;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is_windows = env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "windows");
    if is_windows && let Err(error) = add_resources() {
        println!("cargo::error=the resources of gloria.exe: {error}");
    }
}

fn add_resources() -> Result<(), Box<dyn std::error::Error>> {
    let icon = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../icons/icon.ico");
    println!("cargo::rerun-if-changed={}", icon.display());
    let numbers = ["MAJOR", "MINOR", "PATCH"].map(|part| env::var(format!("CARGO_PKG_VERSION_{part}")));
    let [major, minor, patch] = numbers;
    let script = [
        // A backslash would begin an escape sequence.
        ("<icon>", icon.display().to_string().replace('\\', "/")),
        ("<numbers>", format!("{},{},{},0", major?, minor?, patch?)),
        ("<language>", LANGUAGE.to_owned()),
        ("<authors>", env::var("CARGO_PKG_AUTHORS")?),
        ("<version>", env::var("CARGO_PKG_VERSION")?),
    ]
    .iter()
    .fold(SCRIPT.to_owned(), |script, (name, value)| {
        script.replace(name, value)
    });
    let file = Path::new(&env::var("OUT_DIR")?).join("gloria.rc");
    fs::write(&file, script)?;
    embed_resource::compile_for(&file, ["gloria"], embed_resource::NONE).manifest_required()?;
    Ok(())
}
