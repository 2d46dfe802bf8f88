//! The file of metrics that this app has written and will remove.
//!
//! Its path is remembered over restarts, because a killed app leaves the file behind, which looks as if the app still
//! ran, and the next start may be with other settings. Disks may hang: only [`OwnFile::is_known`] never waits for one.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::metrics::textfile::MARK;
use crate::private::{self, Mode};
use crate::shared;

#[derive(Debug)]
pub(super) struct OwnFile {
    /// Where its path is remembered.
    record: PathBuf,
    /// Locked for moments, never while a disk is asked.
    known: Mutex<Option<Known>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    path: PathBuf,
    /// This run has remembered the path, and removed what an earlier one left half written.
    is_begun: bool,
    /// This run or an earlier one may have written it.
    is_written: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct Record {
    path: PathBuf,
}

impl OwnFile {
    /// Reads what an earlier run has left. A record that cannot be read names no file.
    pub(super) fn read(record: PathBuf) -> Self {
        let read = match private::read(&record) {
            Ok(bytes) => serde_json::from_slice::<Record>(&bytes)
                .inspect_err(
                    |error| tracing::warn!(%error, "it is not known which file of metrics was written"),
                )
                .ok(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => {
                tracing::warn!(%error, "it is not known which file of metrics was written");
                None
            }
        };
        let known = read.map(|read| Known {
            path: read.path,
            is_begun: false,
            is_written: true,
        });
        Self {
            record,
            known: Mutex::new(known),
        }
    }

    /// Whether there may be something to remove.
    pub(super) fn is_known(&self) -> bool {
        self.known().is_some()
    }

    /// Writes the file, and removes the one that was written to another path.
    ///
    /// # Errors
    /// When somebody else wrote a file of this name, or the folder cannot be written to.
    pub(super) fn write(&self, path: &Path, contents: &str) -> io::Result<()> {
        self.begin(path);
        shared::replace(path, MARK, contents)?;
        if let Some(known) = &mut *self.known() {
            known.is_written = true;
        }
        Ok(())
    }

    /// The path is remembered before there is a file, so that a kill at any time leaves none that nobody removes.
    fn begin(&self, path: &Path) {
        let known = self.known().clone();
        let is_written = match known {
            Some(known) if known.path == path && known.is_begun => return,
            Some(known) if known.path == path => known.is_written,
            Some(_) => {
                self.remove();
                false
            }
            None => false,
        };
        shared::remove_drafts(path);
        let record = Record {
            path: path.to_owned(),
        };
        let remembered = serde_json::to_vec(&record)
            .map_err(io::Error::from)
            .and_then(|record| private::replace(&self.record, &record, Mode::Private));
        if let Err(error) = remembered {
            tracing::warn!(%error, "the file of metrics stays if the app is killed and its setting removed");
        }
        *self.known() = Some(Known {
            path: path.to_owned(),
            is_begun: true,
            is_written,
        });
    }

    /// Removes the file, if this app has written it. What somebody else wrote there meanwhile stays.
    pub(super) fn remove(&self) {
        let Some(known) = self.known().take() else { return };
        if known.is_written
            && let Err(error) = shared::remove(&known.path, MARK)
            && shared::refusal(&error).is_none()
        {
            tracing::warn!(%error, "the file of metrics is not removed");
            // The next start tries it again.
            return;
        }
        if let Err(error) = std::fs::remove_file(&self.record)
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::debug!(%error, "the path of the file of metrics is remembered for nothing");
        }
    }

    fn known(&self) -> MutexGuard<'_, Option<Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn own(home: &Path) -> OwnFile {
        OwnFile::read(home.join("metrics-file.json"))
    }

    fn names(home: &Path) -> Vec<String> {
        let entries = fs::read_dir(home).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_a_killed_run_wrote_is_removed_by_the_next_whatever_its_settings_are() {
        let home = tempfile::tempdir().unwrap();
        let [one, other] = ["a.prom", "b.prom"].map(|name| home.path().join(name));
        own(home.path()).write(&one, "1\n").unwrap();
        let next = own(home.path());
        assert!(next.is_known());
        next.write(&other, "1\n").unwrap();
        assert_eq!(names(home.path()), ["b.prom", "metrics-file.json"]);

        let next = own(home.path());
        next.remove();
        assert!(!next.is_known());
        assert!(names(home.path()).is_empty(), "{:?}", names(home.path()));
        assert!(!own(home.path()).is_known());
    }

    #[test]
    fn a_run_that_goes_on_with_the_file_removes_it_at_its_end() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("a.prom");
        own(home.path()).write(&file, "1\n").unwrap();
        let next = own(home.path());
        next.write(&file, "2\n").unwrap();
        assert_eq!(names(home.path()), ["a.prom", "metrics-file.json"]);
        next.remove();
        assert!(names(home.path()).is_empty());
    }

    #[test]
    fn a_kill_before_the_first_write_and_a_refusal_cost_nobody_a_file() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("a.prom");
        fs::write(&file, "# of another program\n").unwrap();
        own(home.path()).write(&file, "1\n").unwrap_err();
        let next = own(home.path());
        assert!(next.is_known(), "it may have been written");
        next.remove();
        assert_eq!(names(home.path()), ["a.prom"]);
    }

    #[test]
    fn a_record_that_cannot_be_read_names_no_file_and_is_written_anew() {
        let home = tempfile::tempdir().unwrap();
        let (record, file) = (home.path().join("metrics-file.json"), home.path().join("a.prom"));
        for broken in ["", "{", "[]", "{\"path\":5}"] {
            fs::write(&record, broken).unwrap();
            assert!(!own(home.path()).is_known(), "{broken}");
        }
        own(home.path()).write(&file, "1\n").unwrap();
        assert!(own(home.path()).is_known());
    }
}
