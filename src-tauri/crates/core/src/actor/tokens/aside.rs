//! Tokens and sign-ins that no keyring has, of accounts that were left for another one. They are used again when the
//! account is, until the app ends.

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
            let (server, account) = (session.options().entry.clone(), session.account_entry());
            self.0.push(Left {
                server,
                account,
                unkept,
            });
        }
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

    /// Another program signed in or out at this server.
    pub(super) fn forget(&mut self, server: &str) {
        drop(self.take(server));
    }

    /// What is only in memory of the accounts of this server.
    pub(super) fn take(&mut self, server: &str) -> Vec<Unkept> {
        let taken = self.0.extract_if(.., |left| left.server == server);
        taken.map(|left| left.unkept).collect()
    }
}
