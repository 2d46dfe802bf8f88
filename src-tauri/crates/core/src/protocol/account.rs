//! Address, token, and the token's user.

use crate::message::Message;
use serde::{Deserialize, Serialize};

#[cfg(test)]
use ts_rs::TS;

use super::SignedIn;
use super::preferences::LockedBy;

/// Address and token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct AccountView {
    /// The API address in use, without credentials.
    pub address: Option<String>,
    /// Why the user cannot change the address, if so.
    pub address_lock: Option<LockedBy>,
    /// The state of the token.
    pub token: TokenState,
    /// Whether the environment sets the token of this address.
    pub token_locked: bool,
    /// The administrator's command prints the token of this address, so nobody signs in or enters a token.
    pub by_command: bool,
    /// Why there is no token, or why the server does not accept it; absent if there is one.
    pub token_problem: Option<Message>,
    /// The first-run page has to be shown.
    pub needs_setup: bool,
    /// The token has changed, and only the user knows whether it belongs to the same person.
    pub question: Option<PersonQuestion>,
    /// What the server last sent about the token's user.
    pub user: OwnUser,
    /// The host name of the provider at which the user signs in; absent if the token has to be pasted, or that is not
    /// known yet.
    pub provider: Option<String>,
    /// Who is signed in at the provider; absent without a sign-in.
    pub signed_in: Option<SignedIn>,
    /// Everybody whose inbox is on this computer. At most one account is active; none is after signing out.
    pub accounts: Vec<KnownAccount>,
}

/// A person on a server whose inbox is on this computer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct KnownAccount {
    /// Names it in [`AccountChoice`].
    pub id: String,
    /// The person's name as the provider of the sign-in said it, or the id that the server sends.
    pub name: Option<String>,
    /// The mail address, as the provider of the sign-in said it.
    pub email: Option<String>,
    /// The API address of the server.
    pub address: String,
    /// It is the one in use.
    pub active: bool,
    /// The person has not signed out, so switching to it may need no sign-in.
    pub signed_in: bool,
}

/// The account to use from now on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AccountChoice {
    /// See [`KnownAccount::id`].
    pub id: String,
}

/// How to sign out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignOutForm {
    /// Whether the inbox is erased. Otherwise it is there again when the same person signs in.
    pub erase: bool,
}

/// The token's user, as far as the server says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct OwnUser {
    /// The name.
    pub name: Option<String>,
    /// The server's name for the user's presence.
    pub status: Option<String>,
}

/// Whether it is the same person. Until it is answered there is no connection, and nothing is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub struct PersonQuestion {
    /// Why it is asked.
    pub kind: QuestionKind,
    /// The server's id of the token's user, if it sends one.
    pub user: Option<String>,
    /// Whose inbox it is that the person would get, as far as that is known.
    pub name: Option<String>,
}

/// Why the user is asked whether it is the same person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum QuestionKind {
    /// There is another token or sign-in, and it is not known whose it is. "No" leads to an inbox of its own.
    Token,
    /// People sign in by another application of the provider, or another provider, which names everybody anew. "No"
    /// leads to an inbox of its own.
    Application,
    /// The server calls the person who signed in by this id. "No" means that the server is wrong: nothing is stored.
    Server,
}

/// The answer to [`AccountView::question`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PersonAnswer {
    /// Yes: the same person, who keeps this inbox. Another one gets an inbox of their own.
    pub same: bool,
}

/// The state of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(test, derive(TS))]
#[serde(rename_all = "camelCase")]
pub enum TokenState {
    /// The keyring has not answered yet.
    Unknown,
    /// There is a token.
    Present,
    /// No token was saved.
    Missing,
    /// The keyring is locked.
    KeyringLocked,
    /// This computer has no keyring, or it does not answer. A token that is entered is kept only in memory.
    KeyringUnavailable,
    /// The sign-in has ended, and the problem says why: the user has to sign in again.
    NeedsSignIn,
    /// The server does not accept the sign-in although it is new. Signing in again does not help.
    Rejected,
    /// The administrator's command printed no token, and the problem says why. It is run again by itself.
    CommandFailed,
}

/// Address and token, as entered.
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
