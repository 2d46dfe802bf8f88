//! Reads certificates and keys from files, in all common formats.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

use self::form::{Part, parts};
use crate::DialError;
use crate::machine::CertificateFileProblem;

pub use self::identity::ClientCertificate;
pub(super) use self::identity::identity;

mod der;
mod form;
mod identity;

/// Returns the root certificates in this file, or in the files of this folder.
///
/// Other contents are skipped and logged, as long as there is at least one root.
///
/// # Errors
/// When there is no root, or the file cannot be read.
pub(super) fn roots(path: &Path) -> Result<Vec<CertificateDer<'static>>, DialError> {
    let mut roots = Vec::new();
    let mut problems = Vec::new();
    for file in files(path)? {
        match read(&file).map(|bytes| parts(&bytes)) {
            Ok(parts) => {
                for part in parts {
                    match root(part) {
                        Ok(root) if roots.contains(&root) => {}
                        Ok(root) => roots.push(root),
                        Err(why) => problems.push(wrong(&file, why)),
                    }
                }
            }
            Err(error) => problems.push(error),
        }
    }
    if roots.is_empty() {
        let nothing = wrong(path, CertificateFileProblem::NoCertificate);
        return Err(problems.into_iter().next().unwrap_or(nothing));
    }
    for problem in problems {
        tracing::warn!("{problem}; it is passed over");
    }
    Ok(roots)
}

/// Returns the root certificate of a part, or why it is not one.
fn root(part: Part) -> Result<CertificateDer<'static>, CertificateFileProblem> {
    match part {
        Part::Certificate(der) => {
            let root = CertificateDer::from(der);
            match RootCertStore::empty().add(root.clone()) {
                Ok(()) => Ok(root),
                Err(_) => Err(CertificateFileProblem::DamagedCertificate),
            }
        }
        Part::Damaged => Err(CertificateFileProblem::DamagedCertificate),
        Part::Pkcs12 => Err(CertificateFileProblem::Pkcs12Unwanted),
        Part::Key(_) | Part::EncryptedKey(_) | Part::OldEncryptedKey => {
            Err(CertificateFileProblem::KeyUnwanted)
        }
    }
}

/// Returns the file itself, or the files of a folder, in order.
fn files(path: &Path) -> Result<Vec<PathBuf>, DialError> {
    let unreadable = |error| wrong(path, not_readable(&error));
    if !fs::metadata(path).map_err(unreadable)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        // Also excludes dangling links.
        if fs::metadata(&file).is_ok_and(|file| file.is_file()) {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<Vec<u8>, DialError> {
    fs::read(path).map_err(|error| wrong(path, not_readable(&error)))
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the system's own words do for the other kinds"
)]
fn not_readable(error: &io::Error) -> CertificateFileProblem {
    match error.kind() {
        io::ErrorKind::NotFound => CertificateFileProblem::NotThere,
        io::ErrorKind::PermissionDenied => CertificateFileProblem::NotPermitted,
        _ => CertificateFileProblem::NotReadable(error.to_string()),
    }
}

fn wrong(path: &Path, problem: CertificateFileProblem) -> DialError {
    DialError::CertificateFile {
        path: path.to_owned(),
        problem,
    }
}
