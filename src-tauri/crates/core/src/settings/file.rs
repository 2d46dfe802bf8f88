//! The user's settings file: TOML, holding only what differs from what is below it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;
use toml_edit::{Decor, DocumentMut, InlineTable, Item, RawString, Table};

use super::layer::{Given, Layer, Place, Problem, ProblemKind};
use super::list::Key;
use super::raw::Raw;
use super::read::{Owner, Read, read};
use crate::private::{self, Mode};

mod replace;

/// Broken files that are kept beside the one in force. Each is another one that somebody wrote by hand.
const MAX_SET_ASIDE: usize = 10;

/// A setting that the user changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Which.
    pub key: Key,
    /// To what.
    pub value: Raw,
}

/// A value that is to be in force, and whether it would be without the file.
#[derive(Debug, Clone, PartialEq)]
struct Wanted {
    raw: Raw,
    is_below: bool,
}

/// Why the settings could not be saved.
#[derive(Debug, Error)]
pub enum SettingsFileError {
    /// The file cannot be written.
    #[error("the settings could not be saved to {path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// The user's file as it was read last, with what could not be saved since.
#[derive(Debug, Clone)]
pub(super) struct UserFile {
    path: PathBuf,
    layer: Layer,
    unsaved: BTreeMap<Key, Wanted>,
    /// Where a broken file was put. It is said until the app ends, for the file in its place has no mistakes.
    set_aside: Option<PathBuf>,
}

/// What was written.
struct Saved {
    text: String,
    /// Where a broken file was put first.
    set_aside: Option<PathBuf>,
}

impl UserFile {
    pub(super) fn new(path: PathBuf, layer: Layer) -> Self {
        Self {
            path,
            layer,
            unsaved: BTreeMap::new(),
            set_aside: None,
        }
    }

    /// Says where a broken file is now.
    pub(super) fn set_aside(&self) -> Option<Problem> {
        self.set_aside.clone().map(|path| Problem {
            place: Place::UserFile,
            line: None,
            kind: ProblemKind::SetAside { path },
        })
    }

    pub(super) fn layer(&self) -> &Layer {
        &self.layer
    }

    /// The file has changed.
    pub(super) fn take(&mut self, layer: Layer) {
        self.layer = layer.after(&self.layer);
        self.overlay();
    }

    /// What was not saved holds all the same, until the app ends.
    fn overlay(&mut self) {
        for (key, wanted) in &self.unsaved {
            let raw = wanted.raw.clone();
            self.layer.given.insert(*key, Given { raw, line: None });
        }
    }

    /// Changes settings. What others wrote meanwhile is taken with it.
    pub(super) fn change(&mut self, changes: Vec<Change>, below: &Layer) -> Result<(), SettingsFileError> {
        for change in changes {
            let wanted = Wanted {
                is_below: is_same(change.key, &change.value, below),
                raw: change.value,
            };
            self.unsaved.insert(change.key, wanted);
        }
        let saved = self.save();
        match saved {
            Ok(saved) => {
                self.unsaved.clear();
                self.layer = Layer::parse(Place::UserFile, &saved.text);
                self.set_aside = saved.set_aside.or(self.set_aside.take());
                Ok(())
            }
            Err(error) => {
                self.overlay();
                Err(error)
            }
        }
    }

    fn save(&self) -> Result<Saved, SettingsFileError> {
        let wrap = |source| SettingsFileError::Write {
            path: self.path.clone(),
            source,
        };
        let target = replace::link_target(&self.path).map_err(wrap)?;
        let wrap = |source| SettingsFileError::Write {
            path: target.clone(),
            source,
        };
        let old = match read(&target, Owner::User) {
            Read::Missing => String::new(),
            Read::Text(text) => text,
            // What cannot be read cannot be kept.
            Read::Refused(why) => return Err(wrap(io::Error::other(why))),
        };
        let mut set_aside = None;
        let new = match edited(&old, &self.unsaved) {
            Some(new) => new,
            None => {
                let aside = aside(&target, &old);
                private::replace(&aside, old.as_bytes(), Mode::Private).map_err(wrap)?;
                set_aside = Some(aside);
                // What could be read of it is not lost.
                let known = self.layer.given.iter().map(|(key, given)| {
                    let wanted = Wanted {
                        raw: given.raw.clone(),
                        is_below: false,
                    };
                    (*key, wanted)
                });
                let mut all: BTreeMap<_, _> = known.collect();
                all.extend(self.unsaved.clone());
                edited("", &all).unwrap_or_default()
            }
        };
        let saved = Saved { text: new, set_aside };
        if saved.text == old && target.exists() {
            return Ok(saved);
        }
        // A file elsewhere, to which the user made a link, is read by whom they let.
        let mode = if target == self.path {
            Mode::Private
        } else {
            Mode::Kept
        };
        private::replace(&target, saved.text.as_bytes(), mode).map_err(wrap)?;
        Ok(saved)
    }
}

/// Where a broken file goes: not onto another one that was put aside before. Only where there are very many is the
/// last one replaced.
fn aside(target: &Path, text: &str) -> PathBuf {
    let name = |number: usize| match number {
        0 => target.with_extension("toml.broken"),
        number => target.with_extension(format!("toml.broken.{number}")),
    };
    let is_free = |path: &PathBuf| match fs::symlink_metadata(path) {
        Ok(found) => found.is_file() && fs::read(path).is_ok_and(|before| before == text.as_bytes()),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    };
    let mut names = (0..MAX_SET_ASIDE).map(name);
    names.find(is_free).unwrap_or_else(|| name(MAX_SET_ASIDE - 1))
}

/// Whether a value is what the program and the administrator begin with.
fn is_same(key: Key, value: &Raw, below: &Layer) -> bool {
    let mut without = super::Settings::default();
    if let Some(given) = below.given.get(&key) {
        // A mistake there is no value.
        let _ = without.read(key, &given.raw);
    }
    let mut with = without.clone();
    with.read(key, value).is_ok() && with == without
}

/// The text with these changes in it and everything else as it was; none where it is no TOML.
fn edited(text: &str, changes: &BTreeMap<Key, Wanted>) -> Option<String> {
    let (mark, body) = match text.strip_prefix('\u{feff}') {
        Some(body) => ("\u{feff}", body),
        None => ("", text),
    };
    let mut document = body.parse::<DocumentMut>().ok()?;
    for (key, wanted) in changes {
        // Only what differs stands there. What has a remark stays as well: who wrote it wants it kept.
        if wanted.is_below && !has_remark(&document, *key) {
            remove(&mut document, *key);
        } else {
            set(&mut document, *key, &wanted.raw);
        }
    }
    let new = document.to_string();
    // The writer ends the lines of what it adds as Unix does.
    let new = if body.contains("\r\n") {
        new.replace("\r\n", "\n").replace('\n', "\r\n")
    } else {
        new
    };
    Some(format!("{mark}{new}"))
}

fn set(document: &mut DocumentMut, key: Key, raw: &Raw) {
    let (table, name) = key.place();
    let entry = document.entry(table).or_insert_with(|| Item::Table(Table::new()));
    if !entry.is_table_like() {
        *entry = Item::Table(Table::new());
    }
    let Some(entries) = entry.as_table_like_mut() else {
        return;
    };
    let Some(old) = entries.get_mut(name) else {
        entries.insert(name, Item::Value(raw.written()));
        return;
    };
    // As somebody wrote it, such as a length of time with its unit.
    if old.as_value().is_some_and(|old| raw.is_written(old)) {
        return;
    }
    let mut new = raw.written();
    if let Some(old) = old.as_value() {
        // The remark behind it stays.
        *new.decor_mut() = old.decor().clone();
    }
    // Into the entry that is there: a new one would lose the remarks above it.
    *old = Item::Value(new);
}

fn remove(document: &mut DocumentMut, key: Key) {
    let (table, name) = key.place();
    let Some(entries) = document.get_mut(table).and_then(Item::as_table_like_mut) else {
        return;
    };
    entries.remove(name);
    let is_bare = document.get(table).is_some_and(|item| match item {
        Item::Table(table) => table.is_empty() && !is_remark(table.decor()),
        Item::Value(value) => value.as_inline_table().is_some_and(InlineTable::is_empty),
        Item::None | Item::ArrayOfTables(_) => false,
    });
    if is_bare {
        document.remove(table);
    }
}

/// Somebody wrote a remark above or behind a setting.
fn has_remark(document: &DocumentMut, key: Key) -> bool {
    let (table, name) = key.place();
    let entry = document.get(table).and_then(Item::as_table_like);
    entry
        .and_then(|entries| entries.get_key_value(name))
        .is_some_and(|(key, item)| {
            is_remark(key.leaf_decor())
                || is_remark(key.dotted_decor())
                || item.as_value().is_some_and(|value| is_remark(value.decor()))
        })
}

fn is_remark(decor: &Decor) -> bool {
    [decor.prefix(), decor.suffix()]
        .into_iter()
        .flatten()
        .filter_map(RawString::as_str)
        .any(|text| text.contains('#'))
}

#[cfg(test)]
mod tests;
