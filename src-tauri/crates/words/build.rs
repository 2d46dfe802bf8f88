//! Embeds every folder of `locales`, so that a language is a folder and nothing else.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let locales = Path::new(&env::var("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../../../locales");
    println!("cargo::rerun-if-changed={}", locales.display());
    let mut code = String::from("[\n");
    for folder in sorted(&locales)? {
        // A folder's own changes are not those of its files' folder.
        println!("cargo::rerun-if-changed={}", folder.display());
        let _ = writeln!(code, "({:?}, &[", folder.file_name().unwrap_or_default());
        for file in sorted(&folder)? {
            let _ = writeln!(
                code,
                "({:?}, include_str!({:?})),",
                file.file_name().unwrap_or_default(),
                fs::canonicalize(&file)?
            );
        }
        code.push_str("]),\n");
    }
    code.push(']');
    fs::write(
        Path::new(&env::var("OUT_DIR").unwrap_or_default()).join("locales.rs"),
        code,
    )
}

fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<_>>>()?;
    found.sort();
    Ok(found)
}
