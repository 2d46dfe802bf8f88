//! Reads a file with settings, whatever is in its place.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use super::layer::{Layer, Place};
use crate::private;

/// More than anybody writes, and little enough to read every few seconds.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Whose file it has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// The user's or the administrator's.
    User,
    /// The administrator's, and nobody else may write it.
    Administrator,
}

/// What a file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Read {
    /// It is not there.
    Missing,
    /// Its text.
    Text(String),
    /// It is there and is not used, for this reason.
    Refused(String),
}

impl Read {
    pub(super) fn layer(&self, place: Place) -> Layer {
        match self {
            Self::Missing => Layer::empty(place),
            Self::Text(text) => Layer::parse(place, text),
            Self::Refused(why) => Layer::unusable(place, why.clone()),
        }
    }
}

/// Reads a file. A link is followed.
pub(super) fn read(path: &Path, owner: Owner) -> Read {
    match text(path, owner) {
        Ok(text) => Read::Text(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => match owner {
            // The user's file comes to be there when something is saved.
            Owner::User => Read::Missing,
            Owner::Administrator if path.is_symlink() => {
                Read::Refused("it is a link that leads nowhere".to_owned())
            }
            Owner::Administrator => Read::Missing,
        },
        Err(error) => Read::Refused(error.to_string()),
    }
}

fn text(path: &Path, owner: Owner) -> io::Result<String> {
    // A pipe would be waited for, and a device has no end.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is no file"));
    }
    let file = File::open(path)?;
    // Of the file that is open: another one may have come in its place meanwhile.
    match owner {
        Owner::User => private::refuse_foreign(path)?,
        Owner::Administrator => private::refuse_unless_administrators(path, &file)?,
    }
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(io::Error::other("it is too large"));
    }
    String::from_utf8(bytes).map_err(|_| io::Error::other("it is not text in UTF-8"))
}
