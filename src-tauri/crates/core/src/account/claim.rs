//! Which account a person who signed in at a provider gets, and whether the server means the same person.

use super::{Accounts, Entry};
use crate::grant::{Subject, subject_key};

#[cfg(test)]
mod tests;

/// Which account a subject gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Claim {
    /// Its own.
    Own(Entry),
    /// One that nobody has used yet.
    Free(Entry),
    /// A new one.
    New,
    /// There are accounts of pasted tokens, or of another application. The server's greeting may say that one of them
    /// is this person's.
    Greeting,
}

/// Which account a subject gets once the server has greeted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Greeted {
    /// That of the same person.
    Own(Entry),
    /// A new one.
    New,
    /// The account in question, whose token was pasted, if the user confirms it.
    Ask,
    /// This one, if the user confirms it: it belongs to a person that another application or provider named.
    Application(Entry),
    /// The server names another person who signed in here.
    Contradiction,
}

/// Whether the server's greeting and the sign-in are about the same person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Agreement {
    /// They are, as far as is known.
    Same,
    /// The server uses ids of its own, so the user is asked once whether this one is theirs.
    Ask,
    /// The id is that of another person who signed in at this computer.
    Contradiction,
}

impl Accounts {
    fn confirmed(&self, server: &str) -> impl Iterator<Item = &Entry> {
        self.of(server).filter(|entry| !entry.is_unconfirmed())
    }

    /// Decides which account of this server a subject gets.
    pub(crate) fn claim(&self, server: &str, subject: &Subject) -> Claim {
        let key = subject.key();
        let own = self
            .confirmed(server)
            .find(|entry| entry.subject() == Some(&*key));
        if let Some(own) = own {
            return Claim::Own(own.clone());
        }
        let Some(in_force) = self.in_force(server) else {
            return Claim::New;
        };
        if in_force.is_open() {
            return Claim::Free(in_force.clone());
        }
        let may_be = |entry: &Entry| entry.subject().is_none() || entry.is_by_another_application(subject);
        if self.confirmed(server).any(may_be) {
            Claim::Greeting
        } else {
            Claim::New
        }
    }

    /// Decides which account a subject gets that the server greets as `user`. `account` is the one in question.
    pub(crate) fn claim_greeted(&self, account: &Entry, subject: &Subject, user: Option<&str>) -> Greeted {
        let by_another = |entry: &&Entry| entry.is_by_another_application(subject);
        let Some(user) = user else {
            let mut by_others = self.confirmed(account.server()).filter(by_another);
            let by_mail = by_others.find(|entry| entry.email().is_some() && entry.email() == subject.email());
            return match by_mail.or_else(|| Some(account).filter(by_another)) {
                Some(candidate) => Greeted::Application(candidate.clone()),
                None if account.subject().is_some() => Greeted::New,
                None if account.had_token_for(subject) => Greeted::Own(account.clone()),
                None => Greeted::Ask,
            };
        };
        let named = self
            .confirmed(account.server())
            .find(|entry| entry.user() == Some(user));
        match named {
            Some(named) if named.subject().is_none() => Greeted::Own(named.clone()),
            Some(named) if by_another(&named) => Greeted::Application(named.clone()),
            Some(_) => Greeted::Contradiction,
            None if account.user().is_some() => Greeted::New,
            // The server began to name its users.
            None if by_another(&account) => Greeted::Application(account.clone()),
            None if account.subject().is_some() => Greeted::New,
            None if account.had_token_for(subject) => Greeted::Own(account.clone()),
            None => Greeted::Ask,
        }
    }

    /// Compares the `user` in a greeting with the subject that `account` belongs to.
    pub(crate) fn agreement(&self, account: &Entry, subject: &Subject, user: Option<&str>) -> Agreement {
        let Some(user) = user else {
            return Agreement::Same;
        };
        let is_of_another = |entry: &Entry| {
            entry.folder() != account.folder() && entry.user() == Some(user) && entry.subject().is_some()
        };
        if self.confirmed(account.server()).any(is_of_another) {
            return Agreement::Contradiction;
        }
        let is_the_subjects =
            || subject.is_named(user) || self.confirmed(account.server()).any(Entry::has_servers_own_id);
        match account.user() {
            Some(known) if known == user => Agreement::Same,
            None if is_the_subjects() => Agreement::Same,
            Some(_) | None => Agreement::Ask,
        }
    }
}

impl Entry {
    /// Whether its subject was named to another application, or by another provider.
    fn is_by_another_application(&self, subject: &Subject) -> bool {
        let named_by = self.subject().and(self.named_by());
        named_by.is_some_and(|named_by| named_by != (subject.issuer(), subject.client_id()))
    }

    /// Whether the user has confirmed that the server calls them by another id than the provider.
    fn has_servers_own_id(&self) -> bool {
        let known = self.subject().zip(self.named_by()).zip(self.user());
        known.is_some_and(|((subject, (issuer, _)), user)| {
            subject_key(issuer, user).as_deref() != Some(subject)
        })
    }
}
