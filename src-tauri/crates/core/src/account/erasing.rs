//! Erases what is stored for all accounts of this computer.

use std::fs::{self, DirEntry};
use std::io;
use std::path::Path;

use super::Accounts;
use crate::paths::Paths;

/// How files in the data folder begin that say something of the accounts: inboxes of versions without accounts, the
/// pause of sounds, and what was seen of newer versions.
const NAMES: [&str; 3] = ["inbox.", "sounds-pause.", "releases."];

/// How the files in the folder of the logs begin.
const LOG: &str = "gloria-notify.";

impl Accounts {
    /// Erases all accounts, with everything that is stored for them, and the logs. Settings stay, because they contain
    /// nothing of any server. Which entries of the keyring are left to remove is in [`Accounts::erasures`]; `others`
    /// are entries besides those of the accounts.
    ///
    /// # Errors
    ///
    /// When something could not be removed. Everything else is, and the same call tries the rest again.
    pub fn erase_all(&mut self, paths: &Paths, others: &[String]) -> io::Result<()> {
        let entries: Vec<_> = self.all().cloned().collect();
        // Before anything is removed: whatever ends this process, the tokens are not forgotten about.
        let names = entries
            .iter()
            .flat_map(|entry| [entry.keyring_name(), entry.server().to_owned()]);
        for name in names.chain(others.iter().cloned()) {
            self.erasures().add(&name)?;
        }
        let erased = entries.iter().map(|entry| self.erase(entry));
        let erased: Vec<_> = erased.collect();
        // Folders that belong to no account, such as one whose record cannot be read.
        let folders = remove_in(&paths.accounts(), |entry| {
            entry.file_type().is_ok_and(|found| found.is_dir())
        });
        let files = remove_in(&paths.data, |entry| {
            begins(entry, &NAMES) && entry.path() != paths.accounts()
        });
        let logs = remove_in(&paths.logs, |entry| begins(entry, &[LOG]));
        erased.into_iter().chain([folders, files, logs]).collect()
    }
}

fn begins(entry: &DirEntry, names: &[&str]) -> bool {
    let name = entry.file_name();
    let name = name.to_string_lossy();
    // A draft of a file begins with a dot.
    names
        .iter()
        .any(|begin| name.trim_start_matches('.').starts_with(begin))
}

/// Removes entries of a folder, all that can be. Returns the first error.
fn remove_in(folder: &Path, is_ours: impl Fn(&DirEntry) -> bool) -> io::Result<()> {
    let found = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found?,
    };
    let mut outcome = Ok(());
    for entry in found.filter_map(Result::ok).filter(is_ours) {
        let path = entry.path();
        let removed = if entry.file_type().is_ok_and(|found| found.is_dir()) {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        };
        if outcome.is_ok() {
            outcome = removed;
        }
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{Account, Person};

    const MARKER: &str = "s3cret-words-for-nobody-else";

    fn all_files(folder: &Path) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("read").filter_map(Result::ok) {
                if entry.file_type().expect("a type").is_dir() {
                    folders.push(entry.path());
                } else {
                    found.push(entry.file_name().to_string_lossy().into_owned());
                }
            }
        }
        found.sort();
        found
    }

    #[test]
    fn nothing_of_any_account_is_left_but_what_the_keyring_has_to_remove() {
        let home = tempfile::tempdir().expect("a folder");
        let paths = Paths::within(home.path());
        let write = |path: &Path| {
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, MARKER).expect("written");
        };
        for (place, server) in ["https://a.example", "https://a.example", "https://b.example"]
            .into_iter()
            .enumerate()
        {
            let account = Account {
                server: server.into(),
                person: Person::Named(format!("user {place}")),
            };
            let folder = paths.accounts().join(account.folder());
            write(&folder.join("account.json"));
            fs::write(
                folder.join("account.json"),
                serde_json::json!({"server": server, "user": format!("user {place}")}).to_string(),
            )
            .expect("written");
            write(&folder.join("inbox.sqlite"));
            write(&folder.join("inbox.sqlite-wal"));
            write(&folder.join("inbox.damaged-1.sqlite"));
        }
        for file in [
            "accounts/unknown-1/inbox.sqlite",
            "accounts/left.erased/inbox.sqlite",
            "inbox.sqlite",
            "inbox.sqlite-wal",
            ".inbox.sqlite.0123456789abcdef.draft",
            "sounds-pause.json",
            "releases.json",
            "logs/gloria-notify.log",
            "logs/gloria-notify.1.log",
            "settings.toml",
            "logs/notes of somebody else.txt",
        ] {
            write(&home.path().join(file));
        }
        let mut accounts = Accounts::read(&paths);
        assert_eq!(accounts.all().count(), 3);
        let other = "proxy http://anna@proxy.example".to_owned();
        accounts
            .erase_all(&paths, std::slice::from_ref(&other))
            .expect("erased");
        let mut left = all_files(home.path());
        left.retain(|name| !name.ends_with(".forget"));
        assert_eq!(left, ["notes of somebody else.txt", "settings.toml"]);
        assert_eq!(accounts.all().count(), 0);
        // A later start knows which entries to remove.
        let entries = Accounts::read(&paths).erasures().all();
        for name in ["https://a.example", "https://b.example", &other] {
            assert!(entries.iter().any(|entry| entry == name), "{name}: {entries:?}");
        }
        assert!(entries.len() >= 3 + 3 - 1, "each account's own: {entries:?}");
        Accounts::read(&paths)
            .erase_all(&paths, &[])
            .expect("nothing is left");
    }
}
