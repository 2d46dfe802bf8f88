//! Accounts: a user on a server. Each has a folder with everything that is stored for it, so an account is erased by
//! removing its folder.
//!
//! Owns accounts, addresses, and sessions with their tokens. It uses the disk only in the accounts' folders, and the
//! keyring only through [`crate::ports`]. It knows neither settings nor the stream's state.

pub mod address;
mod book;
mod check;
mod claim;
mod erasing;
mod erasures;
pub mod proxy_password;
pub mod session;
mod verdict;

use std::path::PathBuf;

use crate::paths::{INBOX_FILE, Paths, account_folder, subject_folder};

pub use book::{Accounts, Entry};
pub(crate) use check::{Salt, TokenCheck};
pub(crate) use claim::{Agreement, Claim, Greeted};
pub use erasures::{ErasingSecrets, Erasures};
pub use verdict::Verdict;

/// A user on a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The server, as [`crate::account::address::Address::server`] names it.
    pub server: String,
    /// The user.
    pub person: Person,
}

/// The identity of an account's user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Person {
    /// A user whose id the server does not send. Several on one server are numbered from 0.
    Unnamed(u32),
    /// The `userId` in the server's greeting.
    Named(String),
    /// Who signed in at a provider: the key of the subject, of 32 hexadecimal digits.
    Subject(String),
}

impl Account {
    /// The first account of a server, whose user is not known yet.
    pub fn of(server: &str) -> Self {
        Self {
            server: server.to_owned(),
            person: Person::Unnamed(0),
        }
    }

    /// The name of its folder, which stays when the user becomes known later.
    pub fn folder(&self) -> PathBuf {
        let person = match &self.person {
            Person::Unnamed(0) => String::new(),
            // No user id contains this character.
            Person::Unnamed(number) => format!("\0{number}"),
            Person::Named(id) => id.clone(),
            Person::Subject(key) => return subject_folder(&self.server, key),
        };
        account_folder(&self.server, &person)
    }

    /// The folder with everything that is kept for it.
    pub fn data_folder(&self, paths: &Paths) -> PathBuf {
        paths.accounts().join(self.folder())
    }

    /// Its inbox database.
    pub fn inbox_file(&self, paths: &Paths) -> PathBuf {
        self.data_folder(paths).join(INBOX_FILE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(server: &str, person: Person) -> String {
        let server = server.to_owned();
        Account { server, person }.folder().display().to_string()
    }

    #[test]
    fn a_folder_is_readable_stays_the_same_and_is_one_accounts_alone() {
        let named = |id: &str| Person::Named(id.to_owned());
        let anna = folder("https://gloria.example/api", named("anna"));
        assert_eq!(anna, "gloria.example-7044c1e76cfde065");
        let others = [
            folder("https://gloria.example/api", Person::Unnamed(0)),
            folder("https://gloria.example/api", Person::Unnamed(1)),
            folder("https://gloria.example/api", named("1")),
            folder("https://gloria.example/api", named("bert")),
            folder("https://gloria.example", named("anna")),
        ];
        let mut all = others.to_vec();
        all.push(anna);
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 6, "{all:?}");
    }

    #[test]
    fn no_server_leads_out_of_the_folder_or_to_a_name_that_a_system_refuses() {
        for server in [
            "http://[::1]:8080/api",
            "https://../..",
            "",
            "https://CON",
            "../x",
        ] {
            let name = folder(server, Person::Named("../../x".into()));
            let fits = |sign: char| sign.is_ascii_alphanumeric() || ".-".contains(sign);
            assert!(name.chars().all(fits) && !name.starts_with('.'), "{name}");
        }
    }
}
