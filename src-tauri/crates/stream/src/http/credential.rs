//! How a request proves who asks.

use futures_util::future::BoxFuture;
use secrecy::SecretString;

/// How a request proves who asks.
#[derive(Debug, Clone)]
pub enum Credential {
    /// `Authorization: Bearer …`
    Bearer(SecretString),
    /// A query parameter of this name, for servers that read no header.
    Query(&'static str, SecretString),
    /// The server asks for none.
    Anonymous,
}

/// Why there is no credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// The user has to sign in.
    #[error("no token is saved")]
    Missing,
    /// It may be there a little later, such as after a keyring is unlocked.
    #[error("{0}")]
    Unavailable(String),
}

/// Asked for a credential on every attempt.
pub trait CredentialProvider: Send + Sync {
    /// A credential for the next attempt. `rejected` says that the server refused the last one with 401: get another
    /// if there is a way to.
    ///
    /// The future is dropped when the attempt is given up, after half a minute at the latest; work that must be
    /// finished, such as a token exchange, belongs in a task of its own.
    fn credential(&self, rejected: bool) -> BoxFuture<'_, Result<Credential, CredentialError>>;
}
