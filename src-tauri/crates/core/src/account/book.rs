//! The accounts of this computer. A small file in each folder says whose it is.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Account, Erasures, Person, Salt, TokenCheck};
use crate::grant::{Owner, Secret, Subject};
use crate::inbox;
use crate::paths::{INBOX_FILE, Paths};
use crate::private::{self, Mode};
use crate::token::Token;

mod subjects;
#[cfg(test)]
mod tests;

/// The file in an account's folder.
const RECORD: &str = "account.json";

/// The ending of a folder's name while it is being erased. The next start continues after a crash.
const ERASED: &str = ".erased";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    server: String,
    /// The user's id, if the server sends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    /// The number of a user whose id the server does not send.
    #[serde(default)]
    number: u32,
    /// Of this user's token; none before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<TokenCheck>,
    /// The account of a server that was used last has the highest.
    #[serde(default)]
    turn: u64,
    /// A user with an unknown token, who may be the same as another account's.
    #[serde(default)]
    unconfirmed: bool,
    /// The record could not be read: although no token is known, the folder must not be given to the next user.
    #[serde(default)]
    unclear: bool,
    /// The key of the subject that a provider named; whose `user` is then the server's id of the same person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// The provider, and the application that the person signed in with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    issuer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    client: Option<String>,
    /// How the provider calls the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    /// The user signed out: nothing of the account is shown before somebody signs in as its user.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    signed_out: bool,
}

/// An account and its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    folder: PathBuf,
    record: Record,
    /// The record is not stored yet.
    unsaved: bool,
}

impl Entry {
    fn new(root: &Path, account: &Account) -> Self {
        let (user, number, subject) = match &account.person {
            Person::Unnamed(number) => (None, *number, None),
            Person::Named(user) => (Some(user.clone()), 0, None),
            Person::Subject(key) => (None, 0, Some(key.clone())),
        };
        Self {
            folder: root.join(account.folder()),
            record: Record {
                server: account.server.clone(),
                user,
                number,
                token: None,
                turn: 0,
                unconfirmed: false,
                unclear: false,
                subject,
                issuer: None,
                client: None,
                name: None,
                email: None,
                signed_out: false,
            },
            unsaved: true,
        }
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The name of its folder, which is unique.
    pub fn name(&self) -> &str {
        self.folder
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default()
    }

    /// Its inbox database.
    pub fn inbox(&self) -> PathBuf {
        self.folder.join(INBOX_FILE)
    }

    /// Its server.
    pub fn server(&self) -> &str {
        &self.record.server
    }

    /// The user id that the server sends.
    pub fn user(&self) -> Option<&str> {
        self.record.user.as_deref()
    }

    /// The name of its keyring entry, which is unique: no server's name contains a space or `#`, and the key of a
    /// subject is longer than a number. The first user without an id has the entry with the server's name.
    pub fn keyring_name(&self) -> String {
        if let Some(subject) = &self.record.subject {
            return format!("{} {subject}", self.record.server);
        }
        match &self.record.user {
            Some(user) => format!("{}#{user}", self.record.server),
            None if self.record.number == 0 => self.record.server.clone(),
            None => format!("{} {}", self.record.server, self.record.number),
        }
    }

    /// Whether its user is not known yet: the first user who connects becomes its user.
    pub fn is_open(&self) -> bool {
        self.record.token.is_none() && self.record.subject.is_none() && !self.record.unclear
    }

    /// The key of the subject that it belongs to.
    pub(crate) fn subject(&self) -> Option<&str> {
        self.record.subject.as_deref()
    }

    /// The provider that named the subject, and the application that it was named to.
    pub(super) fn named_by(&self) -> Option<(&str, &str)> {
        self.record.issuer.as_deref().zip(self.record.client.as_deref())
    }

    /// How the provider calls its user, or the id that the server sends.
    pub fn name_of_user(&self) -> Option<&str> {
        self.record.name.as_deref().or(self.user())
    }

    /// The mail address of its user, as the provider said it.
    pub fn email(&self) -> Option<&str> {
        self.record.email.as_deref()
    }

    /// Whether the credential of this owner is its own.
    pub(crate) fn is_owned_by(&self, owner: &Owner) -> bool {
        match owner {
            Owner::Token(token) => self.matches_token(token),
            Owner::Subject(subject) => self.record.subject.as_deref() == Some(&*subject.key()),
        }
    }

    /// Whether this secret of the server's keyring entry is its user's. One of somebody else means that they signed in
    /// after its user, which the app has not taken up yet.
    pub fn is_of(&self, secret: &Secret) -> bool {
        match secret {
            Secret::Token(token) => self.record.token.is_none_or(|check| check.matches(token)),
            Secret::Grant(grant) => grant.subject().map(|of| of.key()) == self.record.subject,
        }
    }

    /// Whether its token was this very one. Its claims are not considered, because anybody can write them.
    pub(crate) fn had_token(&self, token: &Token) -> bool {
        self.record.token.is_some_and(|check| check.is_of(token))
    }

    /// Whether its pasted token said that it was for this subject.
    pub(crate) fn had_token_for(&self, subject: &Subject) -> bool {
        let check = self.record.token;
        check.is_some_and(|check| check.is_for(subject.issuer(), subject.id()))
    }

    /// Whether this token is this user's, according to a 16-bit checksum.
    pub fn matches_token(&self, token: &Token) -> bool {
        self.record.token.is_some_and(|check| check.matches(token))
    }

    /// Whether the user still has to confirm whose account it is.
    pub(crate) fn is_unconfirmed(&self) -> bool {
        self.record.unconfirmed
    }

    /// Whether its user signed out.
    pub fn is_signed_out(&self) -> bool {
        self.record.signed_out
    }

    /// Whether somebody uses it or has used it, as far as is known.
    pub fn has_user(&self) -> bool {
        !self.record.unconfirmed && (self.record.user.is_some() || !self.is_open())
    }

    fn save(&mut self) -> io::Result<()> {
        let text = serde_json::to_vec(&self.record).map_err(io::Error::other)?;
        private::folder(&self.folder)?;
        private::replace(&self.folder.join(RECORD), &text, Mode::Private)?;
        self.unsaved = false;
        Ok(())
    }
}

/// All accounts of this computer.
#[derive(Debug, Clone)]
pub struct Accounts {
    root: PathBuf,
    entries: Vec<Entry>,
    /// Keyring entries of erased accounts that are not removed yet.
    erasures: Erasures,
}

impl Accounts {
    /// Reads the accounts' folders. One that cannot be read is ignored, and one without a record, of an earlier
    /// version, is its server's first account.
    pub fn read(paths: &Paths) -> Self {
        let root = paths.accounts();
        let folders = fs::read_dir(&root).into_iter().flatten();
        let folders = folders.filter_map(|entry| entry.ok().map(|entry| entry.path()));
        let mut entries: Vec<_> = folders.filter_map(|folder| read(&folder)).collect();
        entries.sort_by(|a, b| a.folder.cmp(&b.folder));
        Self {
            root,
            entries,
            erasures: Erasures::read(paths),
        }
    }

    /// Finishes erasing accounts after a crash.
    pub fn clean(paths: &Paths) {
        let folders = fs::read_dir(paths.accounts()).into_iter().flatten();
        for folder in folders.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
            if is_erased(&folder)
                && let Err(error) = fs::remove_dir_all(&folder)
            {
                tracing::warn!(%error, "an account that was erased is still there in part");
            }
        }
    }

    /// All accounts, ordered by their folders.
    pub fn all(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// The accounts of a server.
    pub fn of(&self, server: &str) -> impl Iterator<Item = &Entry> {
        self.entries
            .iter()
            .filter(move |entry| entry.record.server == server)
    }

    /// The account of a server that was used last.
    pub fn in_force(&self, server: &str) -> Option<&Entry> {
        self.of(server)
            .filter(|entry| !entry.record.unconfirmed)
            .max_by_key(|entry| entry.record.turn)
    }

    /// The account of a server that was used last; the first one if there is none.
    pub(crate) fn in_force_or_first(&mut self, server: &str) -> Entry {
        if let Some(entry) = self.in_force(server) {
            return entry.clone();
        }
        // Uses the folder of an earlier version, with or without a record.
        let entry = Entry::new(&self.root, &Account::of(server));
        self.put(entry)
    }

    /// The account of a user id.
    pub fn named(&self, server: &str, user: &str) -> Option<&Entry> {
        self.of(server).find(|entry| entry.user() == Some(user))
    }

    /// Finds the account of a user id, or creates it.
    pub(crate) fn find_or_create(&mut self, server: &str, user: &str) -> Entry {
        if let Some(entry) = self.named(server, user) {
            return entry.clone();
        }
        let person = Person::Named(user.to_owned());
        let server = server.to_owned();
        let entry = Entry::new(&self.root, &Account { server, person });
        self.put(entry)
    }

    /// Creates an account for a user who may not be any of the known ones, until that is confirmed. `user` is the id
    /// that the server sends.
    pub(crate) fn create_unconfirmed(
        &mut self,
        server: &str,
        user: Option<&str>,
        token: &Token,
        salt: Salt,
    ) -> Entry {
        let taken = self.of(server).map(|entry| entry.record.number).max();
        let person = match user {
            Some(user) => Person::Named(user.to_owned()),
            None => Person::Unnamed(taken.map_or(0, |number| number + 1)),
        };
        let server = server.to_owned();
        let account = Account { server, person };
        let mut entry = Entry::new(&self.root, &account);
        entry.record.unconfirmed = true;
        entry.record.token = Some(TokenCheck::of(token, salt));
        self.put(entry)
    }

    /// Makes this the account in force, used with this token. `user` is the id that the server sends.
    pub(crate) fn put_in_force(
        &mut self,
        entry: &Entry,
        user: Option<&str>,
        token: Option<&Token>,
        salt: Salt,
    ) -> Entry {
        let turns = self.of(&entry.record.server).map(|entry| entry.record.turn).max();
        let latest = turns.unwrap_or(0);
        let mut entry = entry.clone();
        let before = entry.record.clone();
        if entry.record.turn < latest || latest == 0 || entry.record.unconfirmed {
            entry.record.turn = latest + 1;
        }
        entry.record.unconfirmed = false;
        entry.record.signed_out = false;
        if let Some(user) = user {
            entry.record.user = Some(user.to_owned());
        }
        if let Some(token) = token
            && !entry.had_token(token)
        {
            entry.record.token = Some(TokenCheck::of(token, salt));
            entry.record.unclear = false;
        }
        if entry.unsaved || entry.record != before {
            return self.put(entry);
        }
        entry
    }

    /// Records that the account's user signed out.
    pub fn sign_out(&mut self, entry: &Entry) {
        let mut entry = entry.clone();
        entry.record.signed_out = true;
        self.put(entry);
    }

    /// Makes this the account in force, as it is: one whose user signed out stays closed.
    pub(crate) fn choose(&mut self, entry: &Entry) -> Entry {
        let is_signed_out = entry.is_signed_out();
        let mut entry = self.put_in_force(entry, None, None, Salt(0));
        if is_signed_out {
            entry.record.signed_out = true;
            entry = self.put(entry);
        }
        entry
    }

    /// Merges an unconfirmed account into that of the same user, which gets its token.
    pub(crate) fn merge_unconfirmed(&mut self, account: &Entry, unconfirmed: &Entry) -> Entry {
        let mut account = self.put_in_force(account, unconfirmed.user(), None, Salt(0));
        account.record.token = unconfirmed.record.token;
        account.record.unclear = false;
        self.remove_unconfirmed(&account.record.server.clone());
        self.put(account)
    }

    /// Erases accounts that nobody will confirm any more.
    pub(crate) fn remove_unconfirmed(&mut self, server: &str) {
        let waiting: Vec<_> = self
            .of(server)
            .filter(|entry| entry.is_unconfirmed())
            .cloned()
            .collect();
        for entry in waiting {
            if let Err(error) = self.erase(&entry) {
                tracing::warn!(%error, "an account that nobody wants could not be removed");
            }
        }
    }

    /// Saves records that could not be saved before or were deleted with their folder. Without them the next start
    /// would know neither whose inbox it is nor its keyring entry.
    pub(crate) fn save_unsaved(&mut self) {
        let is_missing = |entry: &Entry| entry.unsaved || !entry.folder.join(RECORD).exists();
        for entry in self.entries.iter_mut().filter(|entry| is_missing(entry)) {
            if let Err(error) = entry.save() {
                tracing::warn!(%error, "whose a folder is could not be stored");
            }
        }
    }

    fn put(&mut self, mut entry: Entry) -> Entry {
        entry.unsaved = true;
        if let Err(error) = entry.save() {
            // It is kept in memory, and saved together with the inbox.
            tracing::warn!(%error, "whose a folder is could not be stored");
        }
        match self.entries.iter_mut().find(|known| known.folder == entry.folder) {
            Some(known) => known.clone_from(&entry),
            None => self.entries.push(entry.clone()),
        }
        entry
    }

    /// Keyring entries of erased accounts, until the keyring has removed them.
    pub fn erasures(&self) -> &Erasures {
        &self.erasures
    }

    /// Erases an account with everything that is stored for it: its folder now, and its keyring entry through
    /// [`Accounts::erasures`]. Its inbox must be closed. If it was in force, the one that was used before it is closed
    /// until somebody signs in as its user: nobody chose that one, and a start would show its inbox.
    ///
    /// # Errors
    /// When the folder cannot be renamed or removed.
    pub fn erase(&mut self, entry: &Entry) -> io::Result<()> {
        let used = self.in_force(entry.server()).map(|used| used.folder.clone());
        self.entries.retain(|known| known.folder != entry.folder);
        // Before the folder is gone, so that no start in between shows it.
        if used.as_ref() == Some(&entry.folder)
            && let Some(before) = self.in_force(entry.server()).cloned()
        {
            self.sign_out(&before);
        }
        let token = entry.keyring_name();
        let is_shared = self.entries.iter().any(|known| known.keyring_name() == token);
        // The entry of the server has the newest token of any user.
        if !is_shared
            && token != entry.record.server
            && let Err(error) = self.erasures.add(&token)
        {
            tracing::warn!(%error, "that a token is to be removed could not be stored");
        }
        let mut name = entry.folder.file_name().unwrap_or_default().to_owned();
        name.push(ERASED);
        let erased = entry.folder.with_file_name(name);
        // After the rename the account does not exist any more, even if the process ends here.
        match fs::rename(&entry.folder, &erased) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            result => result?,
        }
        fs::remove_dir_all(&erased)
    }
}

fn is_erased(folder: &Path) -> bool {
    folder
        .file_name()
        .is_some_and(|name| name.to_string_lossy().ends_with(ERASED))
}

fn read(folder: &Path) -> Option<Entry> {
    if is_erased(folder) || !folder.is_dir() {
        return None;
    }
    if let Err(refused) = private::refuse_foreign(folder) {
        tracing::warn!(%refused, "an account is left alone");
        return None;
    }
    let text = private::read(&folder.join(RECORD));
    let record = text.ok().and_then(|text| serde_json::from_slice(&text).ok());
    if let Some(record) = record {
        return Some(Entry {
            folder: folder.to_owned(),
            record,
            unsaved: false,
        });
    }
    // The record is missing or damaged: the server's name is in the inbox.
    let server = inbox::server_of(&folder.join(INBOX_FILE))?;
    let root = folder.parent()?;
    let mut entry = Entry::new(root, &Account::of(&server));
    entry.record.unclear = folder.join(RECORD).exists();
    if entry.folder != folder {
        entry.folder = folder.to_owned();
    }
    Some(entry)
}
