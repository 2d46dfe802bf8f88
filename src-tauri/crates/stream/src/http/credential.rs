//! The credential of a request.

use futures_util::future::BoxFuture;
use secrecy::SecretString;

use crate::machine::CredentialError;

/// Which of a provider's credentials this is: the provider counts on whenever it hands out another one. So who was
/// refused late does not take a newer one away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Generation(u64);

impl Generation {
    /// The one with this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The one after it.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// How a request authenticates.
#[derive(Debug, Clone)]
pub enum Proof {
    /// `Authorization: Bearer …`
    Bearer(SecretString),
    /// A query parameter of this name, for servers that read no header.
    Query(&'static str, SecretString),
    /// The server requires no credential.
    Anonymous,
}

/// A credential and its generation at its provider.
#[derive(Debug, Clone)]
pub struct Credential {
    /// Which one it is.
    pub generation: Generation,
    /// How the request authenticates.
    pub proof: Proof,
}

impl Credential {
    /// Shows nothing.
    pub const ANONYMOUS: Self = Self::of(Generation::new(0), Proof::Anonymous);

    /// This proof as the provider's credential of this generation.
    pub const fn of(generation: Generation, proof: Proof) -> Self {
        Self { generation, proof }
    }

    /// A provider's only credential: a token in the `Authorization` header.
    pub fn bearer(token: SecretString) -> Self {
        Self::of(Generation::default(), Proof::Bearer(token))
    }

    /// A provider's only credential: a token in the query, under this name.
    pub fn query(name: &'static str, token: SecretString) -> Self {
        Self::of(Generation::default(), Proof::Query(name, token))
    }
}

/// Provides the credential of each request, for the stream and for other requests.
pub trait CredentialProvider: Send + Sync {
    /// A credential for the next request.
    ///
    /// The future is dropped when the request is given up, after half a minute at the latest; work that must be
    /// finished, such as a token exchange, belongs in a task of its own.
    fn credential(&self) -> BoxFuture<'_, Result<Credential, CredentialError>>;

    /// The server refused this credential with 401: the next one should be another, if there is a way to it. Where the
    /// provider has a newer one already, nothing is to be done.
    fn invalidate(&self, refused: Generation) {
        let _ = refused;
    }
}
