//! Accounts of people who signed in at a provider.

use super::{Accounts, Entry};
use crate::account::{Account, Person, Salt};
use crate::grant::Subject;

impl Accounts {
    /// Makes this the account in force, and its subject the one that signed in. `user` is the id that the server sends.
    /// Its keyring entry gets the subject's name; what an earlier one contains is removed.
    pub(crate) fn put_subject_in_force(
        &mut self,
        entry: &Entry,
        subject: &Subject,
        user: Option<&str>,
    ) -> Entry {
        let mut owned = entry.clone();
        owned.record.subject = Some(subject.key());
        owned.record.issuer = Some(subject.issuer().to_owned());
        owned.record.client = Some(subject.client_id().to_owned());
        let said = |said: Option<&str>, known: Option<String>| said.map(str::to_owned).or(known);
        owned.record.name = said(subject.name(), owned.record.name.take());
        owned.record.email = said(subject.email(), owned.record.email.take());
        owned.record.unclear = false;
        if owned.record != entry.record {
            owned.unsaved = true;
        }
        let owned = self.put_in_force(&owned, user, None, Salt(0));
        let before = entry.keyring_name();
        let is_shared =
            before == entry.record.server || self.entries.iter().any(|known| known.keyring_name() == before);
        if !is_shared && let Err(error) = self.erasures.add(&before) {
            tracing::warn!(%error, "that a token is to be removed could not be stored");
        }
        owned
    }

    /// Creates the account of a subject. Until it is put in force, it is unconfirmed.
    pub(crate) fn create_for(&mut self, server: &str, subject: &Subject) -> Entry {
        let person = Person::Subject(subject.key());
        let server = server.to_owned();
        let mut entry = Entry::new(&self.root, &Account { server, person });
        entry.record.unconfirmed = true;
        self.put(entry)
    }
}
