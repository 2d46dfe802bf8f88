//! One application at one provider: its requests and their results.

use std::fmt;
use std::sync::Arc;

use gloria_stream::http::Http;
use secrecy::{ExposeSecret, SecretString};

use crate::exchange::{Answer, Later, ProviderRefusal, Tokens, ask};
use crate::identity::{self, ExpectedIdentity, Identity, IdentityError, Keys, Nonce};
use crate::lifetime::{Clock, Lifetime, Moment};
use crate::metadata::Metadata;
use crate::provider::Provider;

/// An application at a provider. Clones share the provider's keys.
#[derive(Clone)]
pub struct Client {
    http: Http,
    provider: Arc<Provider>,
    metadata: Arc<Metadata>,
    keys: Keys,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for Client {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Client")
            .field("provider", &self.provider)
            .finish_non_exhaustive()
    }
}

/// The result of a sign-in.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The token for the server.
    pub access_token: SecretString,
    /// The token for the next access token. Without it, the user has to sign in again when the access token expires.
    pub refresh_token: Option<SecretString>,
    /// The lifetime of the access token.
    pub lifetime: Lifetime,
    /// The user who signed in.
    pub identity: Identity,
    /// The granted scope, if the provider sent it.
    pub scope: Option<String>,
    /// Why the signature of the id_token could not be checked. The token came from the provider over TLS, so this is
    /// not a failure (OpenID Connect Core, 3.1.3.7).
    pub unchecked: Option<IdentityError>,
}

/// The tokens of a renewal.
#[derive(Debug, Clone)]
pub struct Renewed {
    /// The new token for the server.
    pub access_token: SecretString,
    /// The token for the next renewal. `None` if the old one remains valid.
    pub refresh_token: Option<SecretString>,
    /// The lifetime of the access token.
    pub lifetime: Lifetime,
    /// The user, if the provider sent an id_token.
    pub identity: Option<Identity>,
    /// What is wrong with the id_token, for the log. It does not matter, because the refresh token determines the
    /// grant.
    pub doubt: Option<IdentityError>,
}

/// The result of a renewal.
#[derive(Debug)]
pub enum RenewalAnswer {
    /// A new access token.
    Renewed(Box<Renewed>),
    /// The tokens are another user's, so this user has to sign in again.
    OtherPerson,
    /// Unknown. Repeat it later with the same token, or once at once if the answer was lost.
    Later(Later),
    /// The refresh token was used, was revoked or has expired, so the user has to sign in again.
    Spent,
    /// The administrator has to change something. Keep the refresh token, which may still be valid.
    Misconfigured(ProviderRefusal),
}

impl Client {
    /// Creates a client for an application at a provider with this metadata.
    pub fn new(http: Http, provider: Provider, metadata: Metadata, clock: Arc<dyn Clock>) -> Self {
        Self {
            http,
            provider: Arc::new(provider),
            metadata: Arc::new(metadata),
            keys: Keys::default(),
            clock,
        }
    }

    /// The same client with another HTTP client, for use after the network has changed.
    #[must_use]
    pub fn with_http(&self, http: Http) -> Self {
        Self { http, ..self.clone() }
    }

    /// The provider and the application's id there.
    pub fn provider(&self) -> &Provider {
        &self.provider
    }

    /// The provider's metadata.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Requests a new access token. Sends one request, which takes at most half a minute and is not repeated.
    ///
    /// Not cancel-safe: dropping the future may lose the answer and with it the grant. Spawn it as a task.
    pub async fn renew(&self, refresh_token: &SecretString, who: &Identity) -> RenewalAnswer {
        let asked = self.now();
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token.expose_secret()),
            ("client_id", &self.provider.client_id),
        ];
        match ask(&self.http, &self.metadata.token_endpoint, &fields).await {
            Answer::Tokens(tokens) => self.renewed(*tokens, asked, who).await,
            Answer::Later(later) => RenewalAnswer::Later(later),
            Answer::Refused(ProviderRefusal::InvalidGrant) => RenewalAnswer::Spent,
            Answer::Refused(refusal) => RenewalAnswer::Misconfigured(refusal),
        }
    }

    pub(crate) fn http(&self) -> &Http {
        &self.http
    }

    pub(crate) fn now(&self) -> Moment {
        self.clock.now()
    }

    async fn renewed(&self, tokens: Tokens, asked: Moment, who: &Identity) -> RenewalAnswer {
        let (identity, doubt) = match &tokens.id_token {
            None => (None, None),
            Some(_) => match self.identity(&tokens, nonce_of(who)).await {
                Ok((identity, _)) if !identity.is_same(who) => return RenewalAnswer::OtherPerson,
                Ok((identity, doubt @ (None | Some(IdentityError::NoKeys)))) => (Some(identity), doubt),
                Ok((_, doubt)) => (None, doubt),
                Err(IdentityError::OtherIssuer | IdentityError::OtherAudience | IdentityError::Nonce) => {
                    return RenewalAnswer::OtherPerson;
                }
                Err(doubt) => (None, Some(doubt)),
            },
        };
        RenewalAnswer::Renewed(Box::new(Renewed {
            access_token: tokens.access_token,
            refresh_token: tokens.refresh_token,
            lifetime: Lifetime::new(asked, tokens.lasts),
            identity,
            doubt,
        }))
    }

    /// Checks the id_token of a sign-in, and returns its tokens.
    pub(crate) async fn grant(
        &self,
        tokens: Tokens,
        asked: Moment,
        nonce: Nonce<'_>,
    ) -> Result<Grant, IdentityError> {
        let (identity, unchecked) = self.identity(&tokens, nonce).await?;
        if let Some(error) = unchecked.filter(|error| *error != IdentityError::NoKeys) {
            return Err(error);
        }
        Ok(Grant {
            access_token: tokens.access_token,
            refresh_token: tokens.refresh_token,
            lifetime: Lifetime::new(asked, tokens.lasts),
            identity,
            scope: tokens.scope,
            unchecked,
        })
    }

    /// Returns the user in the id_token, and why its signature is not known to be right, if so.
    async fn identity(
        &self,
        tokens: &Tokens,
        nonce: Nonce<'_>,
    ) -> Result<(Identity, Option<IdentityError>), IdentityError> {
        let token = tokens.id_token.as_ref().ok_or(IdentityError::Missing)?;
        let expected = ExpectedIdentity {
            issuer: &self.metadata.issuer,
            client_id: &self.provider.client_id,
            nonce,
            date: tokens.date,
        };
        let (identity, signed) = identity::read(token.expose_secret(), &expected)?;
        let jwks_uri = self.metadata.jwks_uri.as_ref();
        let now = self.now();
        let checked = self.keys.check(&signed, &self.http, jwks_uri, now).await;
        Ok((identity, checked.err()))
    }
}

fn nonce_of(who: &Identity) -> Nonce<'_> {
    who.nonce.as_deref().map_or(Nonce::Forgotten, Nonce::Repeated)
}
