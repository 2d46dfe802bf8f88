//! One application at one provider: what it can ask for, and what it gets.

use std::fmt;
use std::sync::Arc;

use gloria_stream::http::Http;
use secrecy::{ExposeSecret, SecretString};

use crate::exchange::{Answer, Later, ProviderRefusal, Tokens, ask};
use crate::identity::{self, ExpectedIdentity, Identity, IdentityError, Keys, Nonce};
use crate::lifetime::{Clock, Lifetime, Moment};
use crate::metadata::Metadata;
use crate::provider::Provider;

/// An application at a provider. Its clones share the provider's keys.
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

/// What a sign-in gave.
#[derive(Debug, Clone)]
pub struct Grant {
    /// What servers are shown.
    pub access_token: SecretString,
    /// What another one is had for. Without it somebody has to sign in again when the token ends.
    pub refresh_token: Option<SecretString>,
    /// How long the access token is good for.
    pub lifetime: Lifetime,
    /// Who signed in.
    pub identity: Identity,
    /// What was granted, where the provider says so.
    pub scope: Option<String>,
    /// Why the signature of the id_token could not be checked. It came from the provider itself, by TLS, so that is no
    /// failure (OpenID Connect Core, 3.1.3.7).
    pub unchecked: Option<IdentityError>,
}

/// What a renewal gave.
#[derive(Debug, Clone)]
pub struct Renewed {
    /// What servers are shown from now on.
    pub access_token: SecretString,
    /// What the next renewal needs. `None`: the same as for this one.
    pub refresh_token: Option<SecretString>,
    /// How long the access token is good for.
    pub lifetime: Lifetime,
    /// Who it is for, where the provider says so again.
    pub identity: Option<Identity>,
    /// What is wrong with the id_token, for the log: the grant is that of the token that was shown.
    pub doubt: Option<IdentityError>,
}

/// What came of a renewal.
#[derive(Debug)]
pub enum RenewalAnswer {
    /// Another access token.
    Renewed(Box<Renewed>),
    /// It is somebody else's: sign in again.
    OtherPerson,
    /// Nothing is known. The same token is shown again later; at once, and once, where an answer was lost.
    Later(Later),
    /// The refresh token is spent, revoked or too old: sign in again.
    Spent,
    /// A matter for the administrator. The refresh token may still be good.
    Misconfigured(ProviderRefusal),
}

impl Client {
    /// An application at a provider, of which `metadata` was read.
    pub fn new(http: Http, provider: Provider, metadata: Metadata, clock: Arc<dyn Clock>) -> Self {
        Self {
            http,
            provider: Arc::new(provider),
            metadata: Arc::new(metadata),
            keys: Keys::default(),
            clock,
        }
    }

    /// The same by another way out: after the network changed.
    #[must_use]
    pub fn with_http(&self, http: Http) -> Self {
        Self { http, ..self.clone() }
    }

    /// The application, and who signs people in.
    pub fn provider(&self) -> &Provider {
        &self.provider
    }

    /// What the provider says of itself.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// Asks for another access token: one request of half a minute at most, which is not repeated here.
    ///
    /// A future that is dropped may have spent the token without its answer: this belongs in a task of its own.
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
            Some(_) => match self.identity(&tokens, Nonce::Forgotten).await {
                Ok((identity, _)) if !identity.is_same(who) => return RenewalAnswer::OtherPerson,
                Ok((identity, unchecked)) => (Some(identity), unchecked),
                Err(IdentityError::OtherIssuer | IdentityError::OtherAudience) => {
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

    /// What a sign-in gave, once it is known whom.
    pub(crate) async fn grant(
        &self,
        tokens: Tokens,
        asked: Moment,
        nonce: Nonce<'_>,
    ) -> Result<Grant, IdentityError> {
        let (identity, unchecked) = self.identity(&tokens, nonce).await?;
        Ok(Grant {
            access_token: tokens.access_token,
            refresh_token: tokens.refresh_token,
            lifetime: Lifetime::new(asked, tokens.lasts),
            identity,
            scope: tokens.scope,
            unchecked,
        })
    }

    /// Who the tokens are for, and why the signature of that could not be checked.
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
        match self.keys.check(&signed, &self.http, jwks_uri, now).await {
            Ok(()) => Ok((identity, None)),
            Err(error @ IdentityError::NoKeys) => Ok((identity, Some(error))),
            Err(error) => Err(error),
        }
    }
}
