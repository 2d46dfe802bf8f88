//! The credential of a request.

use futures_util::future::BoxFuture;
use secrecy::SecretString;

use crate::machine::CredentialError;

/// Identifies one of a provider's credentials: the provider increments it with each new credential. So a late rejection
/// of an old credential does not invalidate a newer one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Generation(u64);

impl Generation {
    /// Returns the generation with this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Returns the number.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// Returns the next generation.
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
    /// A query parameter with this name, for servers that read no header.
    Query(&'static str, SecretString),
    /// The server requires no credential.
    Anonymous,
}

/// A credential and its generation at its provider.
#[derive(Debug, Clone)]
pub struct Credential {
    /// The credential's generation.
    pub generation: Generation,
    /// How the request authenticates.
    pub proof: Proof,
}

impl Credential {
    /// No credential.
    pub const ANONYMOUS: Self = Self::of(Generation::new(0), Proof::Anonymous);

    /// Combines a proof with its generation.
    pub const fn of(generation: Generation, proof: Proof) -> Self {
        Self { generation, proof }
    }

    /// Returns a token for the `Authorization` header, from a provider with a single credential.
    pub fn bearer(token: SecretString) -> Self {
        Self::of(Generation::default(), Proof::Bearer(token))
    }

    /// Returns a token for the query parameter `name`, from a provider with a single credential.
    pub fn query(name: &'static str, token: SecretString) -> Self {
        Self::of(Generation::default(), Proof::Query(name, token))
    }
}

/// Provides the credential of each request, for the stream and for other requests.
pub trait CredentialProvider: Send + Sync {
    /// Returns a credential for the next request.
    ///
    /// The future is dropped when the request is cancelled, after half a minute at the latest. Work that must finish,
    /// such as a token exchange, needs a separate task.
    fn credential(&self) -> BoxFuture<'_, Result<Credential, CredentialError>>;

    /// The server rejected this credential with 401, so the next one should be another, if possible. If the provider
    /// already has a newer one, there is nothing to do.
    fn invalidate(&self, refused: Generation) {
        let _ = refused;
    }
}
