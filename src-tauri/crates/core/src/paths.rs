//! Where the core's files are.

use std::path::PathBuf;

use url::Url;

use crate::fingerprint::fingerprint;

pub(crate) use gloria_files::paths::INBOX_FILE;
pub use gloria_files::paths::{Disk, Managed, Paths, Source, SystemData, SystemValue};

/// Characters of the readable part of a folder's name: enough to recognise the server, and short enough for any file
/// system.
const MAX_SLUG_CHARS: usize = 40;

/// The name of an account's folder: the server's host, so that people recognise it, and a hash that makes it unique.
pub(crate) fn account_folder(server: &str, person: &str) -> PathBuf {
    let number = fingerprint(server, person).cast_unsigned();
    PathBuf::from(format!("{}-{number:016x}", slug(server)))
}

/// The name of the folder of a person who signed in at a provider. Nobody else's can be the same, not even on purpose.
pub(crate) fn subject_folder(server: &str, key: &str) -> PathBuf {
    let number = fingerprint(server, "").cast_unsigned();
    PathBuf::from(format!("{}-{number:016x}-{key}", slug(server)))
}

fn slug(server: &str) -> String {
    let host = Url::parse(server)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned))
        .unwrap_or_default();
    let name: String = host
        .trim_matches('.')
        .chars()
        .take(MAX_SLUG_CHARS)
        .map(|sign| {
            if sign.is_ascii_alphanumeric() || sign == '.' {
                sign
            } else {
                '-'
            }
        })
        .collect();
    if name.is_empty() {
        "server".to_owned()
    } else {
        name
    }
}
