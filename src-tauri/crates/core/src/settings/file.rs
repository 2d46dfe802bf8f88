//! The settings file: TOML, holding only what differs from the defaults.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;
use toml::{Table, Value};

use super::Key;
use crate::private::{self, Mode};

mod replace;

/// The file as it is, unknown keys included, so that saving loses nothing a newer version or an administrator wrote.
#[derive(Debug, Clone, Default)]
pub struct SettingsFile {
    path: Option<PathBuf>,
    table: Table,
    broken: Option<String>,
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

impl SettingsFile {
    /// Reads the file; one that is not there is empty. What is wrong with it is among its [`problems`](Self::problems).
    pub fn read(path: &Path) -> Self {
        let text = private::refuse_foreign(path)
            .map_err(io::Error::from)
            .and_then(|()| fs::read_to_string(path));
        let file = match text {
            Ok(text) => Self::from_text(&text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::default(),
            Err(error) => Self {
                broken: Some(format!(
                    "the settings file {} could not be read: {error}",
                    path.display()
                )),
                ..Self::default()
            },
        };
        Self {
            path: Some(path.to_owned()),
            ..file
        }
    }

    /// Takes the text of a file that is nowhere; saving it keeps it in memory.
    pub fn from_text(text: &str) -> Self {
        match text.parse::<Table>() {
            Ok(table) => Self {
                table,
                ..Self::default()
            },
            Err(error) => {
                let line = error
                    .span()
                    .map_or(1, |span| text[..span.start].lines().count().max(1));
                let problem = format!(
                    "the settings file has a mistake in line {line}: {}",
                    error.message()
                );
                Self {
                    broken: Some(problem),
                    ..Self::default()
                }
            }
        }
    }

    /// The value of a key, if the file has one.
    pub fn get(&self, key: Key) -> Option<&Value> {
        let (table, name) = key.name();
        self.table.get(table)?.as_table()?.get(name)
    }

    /// Sets a key, or with `None` returns it to its default, and saves.
    ///
    /// # Errors
    ///
    /// When the file cannot be written; the change then holds until the app ends.
    pub fn set(&mut self, changes: &[(Key, Option<Value>)]) -> Result<(), SettingsFileError> {
        for (key, value) in changes {
            let (table, name) = key.name();
            let entry = self
                .table
                .entry(table)
                .or_insert_with(|| Value::Table(Table::new()));
            if !entry.is_table() {
                *entry = Value::Table(Table::new());
            }
            let Some(entry) = entry.as_table_mut() else {
                continue;
            };
            match value {
                Some(value) => drop(entry.insert(name.to_owned(), value.clone())),
                None => drop(entry.remove(name)),
            }
            if entry.is_empty() {
                self.table.remove(table);
            }
        }
        self.save()
    }

    /// What is wrong with the file as such: unreadable, not TOML, or keys that nobody knows.
    pub fn problems(&self) -> Vec<String> {
        let mut problems: Vec<String> = self.broken.iter().cloned().collect();
        for (table, value) in &self.table {
            let known: Vec<_> = Key::ALL
                .iter()
                .map(|key| key.name())
                .filter(|(name, _)| name == table)
                .collect();
            match value.as_table() {
                Some(entries) if !known.is_empty() => {
                    let unknown = entries
                        .keys()
                        .filter(|name| known.iter().all(|(_, known)| known != name));
                    problems.extend(
                        unknown.map(|name| format!("{table}.{name} in the settings file is unknown")),
                    );
                }
                _ => problems.push(format!("{table} in the settings file is unknown")),
            }
        }
        problems
    }

    fn save(&mut self) -> Result<(), SettingsFileError> {
        let Some(path) = &self.path else { return Ok(()) };
        let wrap = |source| SettingsFileError::Write {
            path: path.clone(),
            source,
        };
        let target = replace::link_target(path).map_err(wrap)?;
        let wrap = |source| SettingsFileError::Write {
            path: target.clone(),
            source,
        };
        if self.broken.is_some() && target.exists() {
            private::refuse_foreign(&target).map_err(|refused| wrap(refused.into()))?;
            let old = fs::read(&target).map_err(wrap)?;
            private::replace(&target.with_extension("toml.broken"), &old, Mode::Private).map_err(wrap)?;
        }
        // A file elsewhere, to which the user made a link, is read by whom they let.
        let mode = if target == *path {
            Mode::Private
        } else {
            Mode::Kept
        };
        private::replace(&target, self.table.to_string().as_bytes(), mode).map_err(wrap)?;
        self.broken = None;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> Option<Value> {
        Some(Value::String(value.into()))
    }

    #[test]
    fn saving_keeps_what_others_wrote_and_only_differences() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("deep/settings.toml");
        let mut file = SettingsFile::read(&path);
        file.set(&[
            (Key::Sound, text("bloom")),
            (Key::ApiUrl, text("https://a.example")),
        ])
        .expect("saved");
        fs::write(
            &path,
            format!(
                "{}\n[future]\nkey = 1\n",
                fs::read_to_string(&path).expect("text")
            ),
        )
        .expect("write");

        let mut file = SettingsFile::read(&path);
        file.set(&[(Key::Sound, None)]).expect("saved");

        let read = fs::read_to_string(&path).expect("text");
        assert!(!read.contains("sounds"), "a default is not written: {read}");
        assert!(
            read.contains("[future]") && read.contains("https://a.example"),
            "others' keys stay: {read}"
        );
    }

    #[test]
    fn a_broken_file_is_set_aside_before_it_is_replaced() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("settings.toml");
        fs::write(&path, "precious = = ").expect("write");
        let mut file = SettingsFile::read(&path);
        assert_eq!(file.problems().len(), 1);
        file.set(&[(Key::Sound, text("knock"))]).expect("saved");
        assert_eq!(
            fs::read_to_string(folder.path().join("settings.toml.broken")).expect("text"),
            "precious = = "
        );
        assert!(SettingsFile::read(&path).problems().is_empty());
    }
}
