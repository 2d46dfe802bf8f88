//! The MSI, by which administrators install the app for a whole machine: without questions, from any system, and twice
//! the same from the same programs. What it does is in `tables`.
//!
//! Windows Installer's database, its cabinet and the file that contains both are written by three crates. The compound
//! file is written once more, because `msi` makes sectors of 4096 bytes. Windows's own packages have sectors of 512,
//! and not every program that reads or signs packages expects others.

mod actions;
mod cabinet;
mod schema;
mod tables;

use std::io::{Cursor, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::{fs, io};

use anyhow::{Context as _, Result};
use msi::{CodePage, Insert, LanguageId, Package, PackageType};
use uuid::Uuid;

use self::schema::columns;
use crate::plan::{Architecture, PACKAGE, PRODUCT, Plan};
use crate::stage::Tree;
use crate::windows::{Contents, ICON, MANUFACTURER};

/// The codes of products, components and packages are derived from it by their names.
const NAMESPACE: Uuid = Uuid::from_u128(0x7c2e_95d1_4f0a_4b7e_9c1b_60a5_3d18_e24f);

/// The code that all versions share. Another one would make two products of them, which stay installed side by side.
const UPGRADE_CODE: &str = "{6E0D0C5C-2A3F-4E0B-9B6C-2B2D0E6A7F11}";

/// Windows Installer 5, which every Windows has since 7.
const SCHEMA_VERSION: i32 = 500;

/// The files are in a cabinet, and their names are long.
const COMPRESSED: i32 = 2;

/// For opening only: a signature would be invalid after a change.
const READ_ONLY_RECOMMENDED: i32 = 2;

/// English, in which the few texts for administrators are.
const LANGUAGE: u16 = 1033;

/// Makes the package, and returns its file.
///
/// # Errors
/// When a file cannot be read or written.
pub fn make(plan: &Plan, tree: &Tree) -> Result<PathBuf> {
    let architecture = match plan.target.architecture {
        Architecture::X86_64 => "x64",
        Architecture::Aarch64 => "arm64",
    };
    let out = plan
        .out
        .join(format!("{PACKAGE}-{}-{architecture}.msi", plan.version));
    write(&Contents::read(plan, tree)?, &out)?;
    Ok(out)
}

fn write(contents: &Contents, out: &Path) -> Result<()> {
    let cabinet = cabinet::of(contents)?;
    let tables = tables::of(contents)?;
    let mut package = Package::create(PackageType::Installer, Cursor::new(Vec::new()))?;
    // Windows Installer does not know UTF-8 well, and the texts here are ASCII.
    package.set_database_codepage(CodePage::Windows1252);
    // Packages with different contents have different codes, because Windows Installer keeps them by their code.
    let mut identity = cabinet.clone();
    for (table, rows) in &tables {
        identity.extend(format!("{} {rows:?}\n", table.name).into_bytes());
        package
            .create_table(table.name, columns(table)?)
            .with_context(|| format!("the table {}", table.name))?;
        if !rows.is_empty() {
            let insert = rows.iter().cloned().fold(Insert::into(table.name), Insert::row);
            package
                .insert_rows(insert)
                .with_context(|| format!("rows of the table {}", table.name))?;
        }
    }
    let summary = package.summary_info_mut();
    summary.set_codepage(CodePage::Windows1252);
    summary.set_title("Installation Database");
    summary.set_subject(PRODUCT);
    summary.set_author(MANUFACTURER);
    summary.set_comments(format!("{PRODUCT} {}", contents.full_version));
    summary.set_creating_application("cargo xtask bundle");
    summary.set_creation_time(contents.time);
    summary.set_last_save_time(contents.time);
    summary.set_uuid(Uuid::new_v5(&NAMESPACE, &identity));
    summary.set_arch(match contents.architecture {
        Architecture::X86_64 => "x64",
        Architecture::Aarch64 => "Arm64",
    });
    summary.set_languages(&[LanguageId::from_id(LANGUAGE)]);
    summary.set_word_count(COMPRESSED);
    summary.set_page_count(SCHEMA_VERSION);
    summary.set_doc_security(READ_ONLY_RECOMMENDED);
    package
        .write_stream(&format!("Icon.{ICON}"))?
        .write_all(contents.file(ICON)?)?;
    package.write_stream(tables::CABINET)?.write_all(&cabinet)?;
    let file = in_small_sectors(package.into_inner()?)?;
    fs::write(out, file).with_context(|| out.display().to_string())
}

/// A code of Windows Installer for something with this name.
fn code(name: &str) -> String {
    format!("{{{}}}", Uuid::new_v5(&NAMESPACE, name.as_bytes())).to_uppercase()
}

/// Copies a compound file into one with sectors of 512 bytes.
fn in_small_sectors(file: impl Read + Seek) -> io::Result<Vec<u8>> {
    let mut from = cfb::CompoundFile::open(file)?;
    let mut to = cfb::CompoundFile::create_with_version(cfb::Version::V3, Cursor::new(Vec::new()))?;
    to.set_storage_clsid("/", *from.root_entry().clsid())?;
    let streams: Vec<_> = from
        .read_root_storage()
        .map(|entry| entry.path().to_owned())
        .collect();
    for stream in streams {
        io::copy(&mut from.open_stream(&stream)?, &mut to.create_stream(&stream)?)?;
    }
    to.flush()?;
    Ok(to.into_inner().into_inner())
}
