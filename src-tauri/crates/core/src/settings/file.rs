//! The user's settings file: TOML with only the values that differ from the layers below.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;
use toml_edit::{Decor, DocumentMut, InlineTable, Item, RawString, Table, Value};

use super::file_problem::FileProblem;
use super::layer::{Given, Layer};
use super::list::Key;
use super::problem::{Place, Problem, ProblemKind};
use super::raw::Raw;
use super::read::{FileContents, Owner, read};
use crate::message::{self, Message};
use crate::private::{self, Mode};

mod replace;

/// The maximum number of broken files that are kept. Each of them contains different manual edits.
const MAX_SET_ASIDE: usize = 10;

/// A setting that the user changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The setting.
    pub key: Key,
    /// Its new value.
    pub value: Raw,
}

/// A value that has to be written.
#[derive(Debug, Clone, PartialEq)]
struct Unsaved {
    raw: Raw,
    /// It would be effective without the file as well.
    is_inherited: bool,
}

/// The settings could not be saved, because the file cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the settings could not be saved to {}: {problem}", .path.display())]
pub struct SettingsFileError {
    /// The file's path.
    pub path: PathBuf,
    /// What is wrong.
    pub problem: FileProblem,
}

impl SettingsFileError {
    /// Returns the message for the user.
    pub fn message(&self) -> Message {
        message::settings_not_saved(self.path.display().to_string(), self.problem.phrase())
    }
}

/// The user's file as last read, with the changes that could not be saved since.
#[derive(Debug, Clone)]
pub(super) struct UserFile {
    path: PathBuf,
    layer: Layer,
    unsaved: BTreeMap<Key, Unsaved>,
    /// Where a broken file was moved. Reported until the app ends, because the file that replaced it contains no
    /// mistakes.
    set_aside: Option<PathBuf>,
}

/// The result of a write.
struct Saved {
    text: String,
    /// Where a broken file was moved before the write.
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

    /// Returns the report about a broken file that was moved.
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

    /// Sets the new contents of the file.
    pub(super) fn set_layer(&mut self, layer: Layer) {
        self.layer = layer.completed_by(&self.layer);
        self.overlay();
    }

    /// Applies unsaved changes over the file, so that they stay effective until the app ends.
    fn overlay(&mut self) {
        for (key, unsaved) in &self.unsaved {
            self.layer
                .given
                .insert(*key, Given::new(unsaved.raw.clone(), None));
        }
    }

    /// Changes settings. Changes that others made to the file meanwhile become effective too.
    pub(super) fn change(&mut self, changes: Vec<Change>, below: &Layer) -> Result<(), SettingsFileError> {
        for change in changes {
            let unsaved = Unsaved {
                is_inherited: is_inherited(change.key, &change.value, below),
                raw: change.value,
            };
            self.unsaved.insert(change.key, unsaved);
        }
        match self.save() {
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
        let target = replace::link_target(&self.path).map_err(|problem| SettingsFileError {
            path: self.path.clone(),
            problem,
        })?;
        self.save_to(&target).map_err(|problem| SettingsFileError {
            path: target,
            problem,
        })
    }

    fn save_to(&self, target: &Path) -> Result<Saved, FileProblem> {
        let old = match read(target, Owner::User) {
            FileContents::Missing => String::new(),
            FileContents::Text(text) => text,
            // An unreadable file could not be preserved.
            FileContents::Refused(problem) => return Err(problem),
        };
        let mut set_aside = None;
        let text = match edited(&old, &self.unsaved) {
            Some(text) => text,
            None => {
                let backup = backup_path(target, &old);
                private::replace(&backup, old.as_bytes(), Mode::Private)?;
                set_aside = Some(backup);
                // Keeps the settings that could be read from it.
                edited("", &self.all(&old)).unwrap_or_default()
            }
        };
        let saved = Saved { text, set_aside };
        if saved.text == old && target.exists() {
            return Ok(saved);
        }
        // A file elsewhere that the user linked to keeps its permissions.
        let mode = if target == self.path {
            Mode::Private
        } else {
            Mode::Kept
        };
        private::replace(target, saved.text.as_bytes(), mode)?;
        Ok(saved)
    }

    /// Returns the settings that can be read from the file, or could be before it was broken, with those to be written.
    fn all(&self, text: &str) -> BTreeMap<Key, Unsaved> {
        let layer = Layer::parse(Place::UserFile, text).completed_by(&self.layer);
        let read = layer.given.into_iter().map(|(key, given)| {
            let unsaved = Unsaved {
                raw: given.raw,
                is_inherited: false,
            };
            (key, unsaved)
        });
        read.chain(self.unsaved.clone()).collect()
    }
}

/// Returns where a broken file is moved: never over an earlier one, unless there are very many, of which the last is
/// replaced.
fn backup_path(target: &Path, text: &str) -> PathBuf {
    let name = |number: usize| match number {
        0 => target.with_extension("toml.broken"),
        number => target.with_extension(format!("toml.broken.{number}")),
    };
    let is_free = |path: &PathBuf| match fs::symlink_metadata(path) {
        Ok(found) => found.is_file() && private::read(path).is_ok_and(|before| before == text.as_bytes()),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    };
    let mut names = (0..MAX_SET_ASIDE).map(name);
    names.find(is_free).unwrap_or_else(|| name(MAX_SET_ASIDE - 1))
}

/// Whether a value equals the default of the program and the administrator.
fn is_inherited(key: Key, value: &Raw, below: &Layer) -> bool {
    let mut without = super::Settings::default();
    if let Some(given) = below.given.get(&key) {
        // An invalid value counts as none.
        let _ = without.read(key, &given.raw);
    }
    let mut with = without.clone();
    with.read(key, value).is_ok() && with == without
}

/// Returns the text with these changes and everything else unchanged; `None` if it is not TOML, or if something else is
/// where a section or a value should be.
fn edited(text: &str, changes: &BTreeMap<Key, Unsaved>) -> Option<String> {
    let (mark, body) = match text.strip_prefix('\u{feff}') {
        Some(body) => ("\u{feff}", body),
        None => ("", text),
    };
    let mut document = body.parse::<DocumentMut>().ok()?;
    if changes.keys().any(|key| is_obstructed(&document, *key)) {
        return None;
    }
    for (key, unsaved) in changes {
        // Only differing values are written. An entry with a comment stays as well, because its author wants to keep
        // it.
        if unsaved.is_inherited && !has_comment(&document, *key) {
            remove(&mut document, *key);
        } else if let Some(value) = unsaved.raw.to_toml() {
            set(&mut document, *key, &unsaved.raw, value);
        }
    }
    let new = document.to_string();
    // The TOML writer ends the lines that it adds with LF.
    let new = if body.contains("\r\n") {
        new.replace("\r\n", "\n").replace('\n', "\r\n")
    } else {
        new
    };
    Some(format!("{mark}{new}"))
}

/// Whether something else is where a section or a value should be, which must not be overwritten.
fn is_obstructed(document: &DocumentMut, key: Key) -> bool {
    let (section, name) = key.section_and_name();
    document.get(section).is_some_and(|section| {
        let entries = section.as_table_like();
        entries.is_none_or(|entries| entries.get(name).is_some_and(|item| !item.is_value()))
    })
}

fn set(document: &mut DocumentMut, key: Key, raw: &Raw, mut new: Value) {
    let (section, name) = key.section_and_name();
    let section = document
        .entry(section)
        .or_insert_with(|| Item::Table(Table::new()));
    let Some(entries) = section.as_table_like_mut() else {
        return;
    };
    let Some(old) = entries.get_mut(name) else {
        entries.insert(name, Item::Value(new));
        return;
    };
    // An equal value keeps its notation, such as a duration with its unit.
    if old.as_value().is_some_and(|old| raw.equals_toml(old)) {
        return;
    }
    if let Some(old) = old.as_value() {
        // Keeps the comment after the value.
        *new.decor_mut() = old.decor().clone();
    }
    // Replaces the value within its entry, because a new entry would lose the comments above it.
    *old = Item::Value(new);
}

fn remove(document: &mut DocumentMut, key: Key) {
    let (section, name) = key.section_and_name();
    let Some(entries) = document.get_mut(section).and_then(Item::as_table_like_mut) else {
        return;
    };
    entries.remove(name);
    let is_bare = document.get(section).is_some_and(|item| match item {
        Item::Table(table) => table.is_empty() && !is_comment(table.decor()),
        Item::Value(value) => value.as_inline_table().is_some_and(InlineTable::is_empty),
        Item::None | Item::ArrayOfTables(_) => false,
    });
    if is_bare {
        document.remove(section);
    }
}

/// Whether there is a comment above or after a setting.
fn has_comment(document: &DocumentMut, key: Key) -> bool {
    let (section, name) = key.section_and_name();
    let entry = document.get(section).and_then(Item::as_table_like);
    entry
        .and_then(|entries| entries.get_key_value(name))
        .is_some_and(|(key, item)| {
            is_comment(key.leaf_decor())
                || is_comment(key.dotted_decor())
                || item.as_value().is_some_and(|value| is_comment(value.decor()))
        })
}

fn is_comment(decor: &Decor) -> bool {
    [decor.prefix(), decor.suffix()]
        .into_iter()
        .flatten()
        .filter_map(RawString::as_str)
        .any(|text| text.contains('#'))
}

#[cfg(test)]
mod tests;
