//! What is remembered of manifests from one start to the next.

use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::manifest::{is_short, web_page};
use super::{Seen, Source};
use crate::message::Message;
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
    #[serde(default, deserialize_with = "if_readable")]
    next_at: Option<i64>,
    /// The source that it is about.
    #[serde(default, deserialize_with = "if_readable")]
    asked: Option<Asked>,
    /// Why the last attempt brought nothing.
    #[serde(default, deserialize_with = "if_readable")]
    problem: Option<Message>,
    #[serde(default, deserialize_with = "each_readable")]
    seen: Vec<Entry>,
}

/// A source that was asked.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Asked {
    url: String,
    key: String,
    channel: String,
}

impl Asked {
    fn of(source: &Source) -> Self {
        Self {
            url: source.url.to_string(),
            key: source.key.to_string(),
            channel: source.channel.name().to_owned(),
        }
    }
}

/// The newest manifest of a channel that was signed with a key.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    key: String,
    /// Its name; a later version may know more of them.
    channel: String,
    #[serde(flatten)]
    seen: Seen,
}

impl Entry {
    fn is_of(&self, source: &Source) -> bool {
        self.channel == source.channel.name() && self.key == source.key.to_string()
    }
}

/// Reads what a later version may have written otherwise, without which `seen` still counts.
fn if_readable<'de, D: Deserializer<'de>, T: DeserializeOwned>(value: D) -> Result<Option<T>, D::Error> {
    let value = Value::deserialize(value)?;
    Ok(serde_json::from_value(value).ok())
}

/// Reads the entries, each by itself: one that is damaged does not take what protects the other channels.
fn each_readable<'de, D: Deserializer<'de>>(entries: D) -> Result<Vec<Entry>, D::Error> {
    let entries = Vec::<Value>::deserialize(entries)?.into_iter();
    let readable = entries.filter_map(|entry| serde_json::from_value::<Entry>(entry).ok());
    Ok(readable.filter(|entry| is_short(&entry.seen.version)).collect())
}

impl Record {
    /// Reads the record of an earlier run. A file that cannot be read counts as none, so that it is written anew.
    pub(crate) fn read(path: PathBuf) -> Self {
        let contents = match private::read(&path) {
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

    /// When a source is to be asked next, in milliseconds since 1970, if it is the one that was asked last.
    pub(crate) fn next_at(&self, source: &Source) -> Option<i64> {
        self.contents.next_at.filter(|_| self.is_about(source))
    }

    /// Why the last attempt with a source brought nothing.
    pub(crate) fn problem(&self, source: &Source) -> Option<&Message> {
        self.contents.problem.as_ref().filter(|_| self.is_about(source))
    }

    fn is_about(&self, source: &Source) -> bool {
        self.contents.asked.as_ref() == Some(&Asked::of(source))
    }

    /// The newest manifest of a source.
    pub(crate) fn seen(&self, source: &Source) -> Option<&Seen> {
        let entry = self.contents.seen.iter().find(|entry| entry.is_of(source));
        entry.map(|entry| &entry.seen)
    }

    /// Remembers that a source was asked, and the manifest that it has, if that is believed, or what is wrong.
    pub(crate) fn on_asked(&mut self, source: &Source, outcome: Result<Seen, Message>, next_at: i64) {
        self.contents.next_at = Some(next_at);
        self.contents.asked = Some(Asked::of(source));
        self.contents.problem = outcome.as_ref().err().cloned();
        if let Ok(seen) = outcome {
            let entries = &mut self.contents.seen;
            entries.retain(|entry| !entry.is_of(source));
            entries.insert(
                0,
                Entry {
                    key: source.key.to_string(),
                    channel: source.channel.name().to_owned(),
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
