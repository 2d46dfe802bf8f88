//! What is remembered of manifests from one start to the next.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::manifest::web_page;
use super::{Channel, Seen, Source};
use crate::private::{self, Mode};

/// The maximum number of channels and keys that are remembered: both channels of a few keys. An administrator changes
/// them every few years.
const MAX_ENTRIES: usize = 8;

/// What is remembered, and its file.
#[derive(Debug)]
pub(crate) struct Record {
    path: PathBuf,
    contents: Contents,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Contents {
    /// When the server is asked next, in milliseconds since 1970.
    #[serde(default)]
    next_at: Option<i64>,
    #[serde(default)]
    seen: Vec<Entry>,
}

/// The newest manifest of a channel that was signed with a key.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    key: String,
    channel: Channel,
    #[serde(flatten)]
    seen: Seen,
}

impl Entry {
    fn is_of(&self, source: &Source) -> bool {
        self.channel == source.channel && self.key == source.key.to_string()
    }
}

impl Record {
    /// Reads the record of an earlier run. A file that cannot be read counts as none, so that it is written anew.
    pub(crate) fn read(path: PathBuf) -> Self {
        let contents = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| error.to_string()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Contents::default()),
            Err(error) => Err(error.to_string()),
        };
        let mut contents = contents.unwrap_or_else(|error| {
            tracing::warn!(error, "what was seen of newer versions could not be read");
            Contents::default()
        });
        for entry in &mut contents.seen {
            let notes = entry.seen.notes.take();
            entry.seen.notes = notes.and_then(|notes| web_page(notes.as_str()));
        }
        Self { path, contents }
    }

    /// When the server is to be asked next, in milliseconds since 1970.
    pub(crate) fn next_at(&self) -> Option<i64> {
        self.contents.next_at
    }

    /// The newest manifest of a source.
    pub(crate) fn seen(&self, source: &Source) -> Option<&Seen> {
        let entry = self.contents.seen.iter().find(|entry| entry.is_of(source));
        entry.map(|entry| &entry.seen)
    }

    /// Remembers that a source was asked, and the manifest that it has, if that is believed.
    pub(crate) fn on_asked(&mut self, source: &Source, seen: Option<Seen>, next_at: i64) {
        self.contents.next_at = Some(next_at);
        if let Some(seen) = seen {
            let entries = &mut self.contents.seen;
            entries.retain(|entry| !entry.is_of(source));
            entries.insert(
                0,
                Entry {
                    key: source.key.to_string(),
                    channel: source.channel,
                    seen,
                },
            );
            entries.truncate(MAX_ENTRIES);
        }
        if let Err(error) = self.write(&self.path) {
            tracing::warn!(%error, "what was seen of newer versions is kept until the app ends");
        }
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        private::replace(path, &serde_json::to_vec(&self.contents)?, Mode::Private)
    }
}
