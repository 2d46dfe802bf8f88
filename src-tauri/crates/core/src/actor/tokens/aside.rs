//! Tokens and sign-ins that no keyring has, of accounts that were left for another one. They are used again when the
//! account is, until the app ends.

use super::super::Actor;
use crate::account::Entry;
use crate::account::session::{Session, Unkept};

/// They are found by their entries. The guard in front of the stream checks in any case whose they are.
#[derive(Default)]
pub(super) struct Aside(Vec<Left>);

struct Left {
    /// The server's entry.
    server: String,
    /// The account's own.
    account: String,
    unkept: Unkept,
}

impl Aside {
    /// What is only in the memory of this session, which is left.
    pub(super) fn set(&mut self, session: &Session) {
        self.remove(session);
        if let Some(unkept) = session.unkept() {
            self.put(session, unkept);
        }
    }

    /// What was only in the memory of this session, which has something else of another account from now on.
    pub(super) fn put(&mut self, session: &Session, unkept: Unkept) {
        self.remove(session);
        let (server, account) = (session.options().entry.clone(), session.account_entry());
        self.0.push(Left {
            server,
            account,
            unkept,
        });
    }

    /// What is only in memory of this account.
    pub(super) fn of(&self, server: &str, account: &str) -> Option<Unkept> {
        let mut left = self.0.iter();
        let found = left.find(|left| left.server == server && left.account == account);
        found.map(|left| left.unkept.clone())
    }

    /// This session has it now, or something newer.
    pub(super) fn remove(&mut self, session: &Session) {
        let (server, account) = (&session.options().entry, session.account_entry());
        self.0
            .retain(|left| left.server != *server || left.account != account);
    }

    /// What is only in memory of this account, which is not used any more.
    pub(super) fn take(&mut self, server: &str, account: &str) -> Vec<Unkept> {
        let is_its = |left: &mut Left| left.server == server && left.account == account;
        self.0.extract_if(.., is_its).map(|left| left.unkept).collect()
    }
}

impl Actor {
    /// Takes what no keyring has of the account that was used last at this server. Its user signed out, so it must not
    /// sign them in again. Other people's stay.
    pub(in crate::actor) fn take_aside(&mut self, server: &str) -> Vec<Unkept> {
        let account = self.account.as_ref().filter(|account| account.server() == server);
        let account = account.or_else(|| self.accounts.in_force(server));
        let entry = account.map_or_else(|| server.to_owned(), Entry::keyring_name);
        self.tokens.aside.take(server, &entry)
    }
}
