//! Certificates and keys from files, in the forms that administrators have them.

use std::fs;
use std::path::{Path, PathBuf};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

use self::form::{Part, parts};
use crate::DialError;

pub use self::identity::ClientCertificate;
pub(super) use self::identity::identity;

mod der;
mod form;
mod identity;

/// The roots in this file, or in the files of this folder.
///
/// What is no root is passed over and logged, as long as there is one.
///
/// # Errors
/// Nothing in it is a root, or it cannot be read.
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
        let nothing = wrong(path, "holds no certificate");
        return Err(problems.into_iter().next().unwrap_or(nothing));
    }
    for problem in problems {
        tracing::warn!("{problem}; it is passed over");
    }
    Ok(roots)
}

/// A root, or why this is none.
fn root(part: Part) -> Result<CertificateDer<'static>, &'static str> {
    match part {
        Part::Certificate(der) => {
            let root = CertificateDer::from(der);
            match RootCertStore::empty().add(root.clone()) {
                Ok(()) => Ok(root),
                Err(_) => Err("holds a certificate that is damaged"),
            }
        }
        Part::Damaged => Err("holds a certificate that is damaged"),
        Part::Pkcs12 => Err("is a PKCS#12 file; certificates alone are wanted here, as PEM or DER"),
        Part::Key(_) | Part::EncryptedKey(_) | Part::OldEncryptedKey => {
            Err("holds a private key, which is not wanted here")
        }
    }
}

/// The file itself, or the files of a folder, in order.
fn files(path: &Path) -> Result<Vec<PathBuf>, DialError> {
    let unreadable = |error| wrong(path, format!("cannot be read: {error}"));
    if !fs::metadata(path).map_err(unreadable)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        // A link that leads nowhere is no file either.
        if fs::metadata(&file).is_ok_and(|file| file.is_file()) {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<Vec<u8>, DialError> {
    fs::read(path).map_err(|error| wrong(path, format!("cannot be read: {error}")))
}

fn wrong(path: &Path, why: impl AsRef<str>) -> DialError {
    DialError::CertificateFile(format!("{} {}", path.display(), why.as_ref()))
}
