//! Whose data it is: each account has a folder of its own, and everything kept for it is in there.

use std::path::PathBuf;

use url::Url;

use crate::inbox::fingerprint;

/// The longest readable part of a folder's name: enough to tell servers apart, and short enough for any file system.
const MAX_SLUG_CHARS: usize = 40;

/// A person on a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The server, as [`crate::address::Address::server`] names it.
    pub server: String,
    /// The person, as the server names them; empty where it names nobody.
    pub subject: String,
}

impl Account {
    /// The account of a server that names nobody.
    pub fn of(server: &str) -> Self {
        Self {
            server: server.to_owned(),
            subject: String::new(),
        }
    }

    /// The name of its folder: the server's host for people who look, and a number that tells accounts apart.
    pub fn folder(&self) -> PathBuf {
        let number = fingerprint(&self.server, &self.subject).cast_unsigned();
        PathBuf::from(format!("{}-{number:016x}", slug(&self.server)))
    }
}

fn slug(server: &str) -> String {
    let host = Url::parse(server)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned))
        .unwrap_or_default();
    let name: String = host
        .trim_matches('.')
        .chars()
        .take(MAX_SLUG_CHARS)
        .map(|sign| {
            if sign.is_ascii_alphanumeric() || sign == '.' {
                sign
            } else {
                '-'
            }
        })
        .collect();
    if name.is_empty() {
        "server".to_owned()
    } else {
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(server: &str, subject: &str) -> String {
        let account = Account {
            server: server.to_owned(),
            subject: subject.to_owned(),
        };
        account.folder().display().to_string()
    }

    #[test]
    fn a_folder_is_readable_stays_the_same_and_is_one_accounts_alone() {
        let anna = folder("https://gloria.example/api", "anna");
        assert_eq!(anna, "gloria.example-7044c1e76cfde065");
        let others = [
            folder("https://gloria.example/api", ""),
            folder("https://gloria.example/api", "bert"),
            folder("https://gloria.example", "anna"),
        ];
        assert!(others.iter().all(|other| *other != anna), "{others:?}");
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
            let name = folder(server, "../../x");
            let fits = |sign: char| sign.is_ascii_alphanumeric() || ".-".contains(sign);
            assert!(name.chars().all(fits) && !name.starts_with('.'), "{name}");
        }
    }
}
