//! Address, token, and whose token it is.

use crate::message::Message;
use serde::{Deserialize, Serialize};

#[cfg(test)]
use ts_rs::TS;

use super::preferences::LockedBy;

/// Address and token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct AccountView {
    /// The API address in use, without credentials.
    pub address: Option<String>,
    /// Who sets the address in the user's place, if anybody does.
    pub address_lock: Option<LockedBy>,
    /// What is known of the token.
    pub token: TokenState,
    /// Whether the environment sets the token, for the server of this address alone.
    pub token_locked: bool,
    /// Why the token cannot be had; absent when it can.
    pub token_problem: Option<Message>,
    /// The first-run page is due.
    pub needs_setup: bool,
    /// There is another token, and nobody but the user knows whether it is the same person's.
    pub question: Option<PersonQuestion>,
    /// What the server said last of the token's person.
    pub user: OwnUser,
}

/// The token's person, as far as the server speaks of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct OwnUser {
    /// The name.
    pub name: Option<String>,
    /// The server's word for being present or away.
    pub status: Option<String>,
}

/// Whether another token is the same person's. Until it is answered there is no connection, and nothing is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct PersonQuestion {
    /// Who the server says the token's person is, where it says that.
    pub user: Option<String>,
}

/// The answer to [`AccountView::question`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PersonAnswer {
    /// It is the same person, who goes on with this inbox. Another one gets an inbox of their own.
    pub same: bool,
}

/// What is known of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum TokenState {
    /// The keyring has not answered yet.
    Unknown,
    /// A token is there.
    Present,
    /// None was saved.
    Missing,
    /// The keyring is locked.
    KeyringLocked,
    /// This machine has no keyring, or it does not answer. A token that is entered is kept in memory only.
    KeyringUnavailable,
}

/// Address and token, as typed.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccountForm {
    /// The API address.
    pub address: String,
    /// The token; absent to use the saved one.
    #[cfg_attr(test, ts(type = "string | null"))]
    pub token: Option<crate::token::Token>,
}
