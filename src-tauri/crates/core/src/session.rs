//! The token, the server that it belongs to, and how the stream gets it.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gloria_stream::{Credential, CredentialError, CredentialProvider};
use tokio::sync::{Mutex, watch};

use crate::ports::{SecretError, Secrets};
use crate::protocol::TokenState;
use crate::settings::AuthTransport;

mod server_token;
mod token;

pub use server_token::{EnvironmentTokenError, Server, ServerToken, TokenFor, environment_token};
pub use token::{Token, TokenError};

/// What is known of the token, with the words for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TokenReport {
    pub(crate) state: TokenState,
    pub(crate) problem: String,
}

/// Where the token of one address comes from: what was given at the start or typed in, else the keyring, which is
/// asked once and again whenever the server has refused what it gave.
#[derive(Debug)]
pub(crate) struct TokenSource {
    address: String,
    transport: AuthTransport,
    secrets: Arc<dyn Secrets>,
    /// Held in memory alone: from the environment, or because there is no keyring.
    given: Option<Token>,
    /// One question to the keyring at a time, and its answer.
    loaded: Mutex<Option<Token>>,
    report: watch::Sender<TokenReport>,
}

impl TokenSource {
    pub(crate) fn new(
        address: String,
        transport: AuthTransport,
        secrets: Arc<dyn Secrets>,
        given: Option<Token>,
        report: watch::Sender<TokenReport>,
    ) -> Self {
        Self {
            address,
            transport,
            secrets,
            given,
            loaded: Mutex::new(None),
            report,
        }
    }

    /// The token, from memory or from the keyring.
    pub(crate) async fn token(&self, rejected: bool) -> Result<Token, CredentialError> {
        if let Some(token) = &self.given {
            self.tell(TokenState::Present, String::new());
            return Ok(token.clone());
        }
        let mut loaded = self.loaded.lock().await;
        if rejected {
            *loaded = None;
        }
        if let Some(token) = &*loaded {
            return Ok(token.clone());
        }
        match self.secrets.load(&self.address).await {
            Ok(Some(token)) => {
                self.tell(TokenState::Present, String::new());
                *loaded = Some(token.clone());
                Ok(token)
            }
            Ok(None) => {
                self.tell(TokenState::Missing, String::new());
                Err(CredentialError::Missing)
            }
            Err(error) => {
                let problem = error.to_string();
                let state = match error {
                    SecretError::Locked => TokenState::KeyringLocked,
                    SecretError::Unavailable(_) | SecretError::Refused(_) => TokenState::KeyringUnavailable,
                };
                self.tell(state, problem.clone());
                Err(CredentialError::Unavailable(problem))
            }
        }
    }

    /// Whether the keyring has another token by now than the one it gave, or none.
    pub(crate) async fn has_changed(&self) -> bool {
        if self.given.is_some() {
            return false;
        }
        let Ok(found) = self.secrets.look(&self.address).await else {
            return false;
        };
        let known = self.loaded.lock().await;
        known.as_ref().map(Token::expose) != found.as_ref().map(Token::expose)
    }

    fn tell(&self, state: TokenState, problem: String) {
        let report = TokenReport { state, problem };
        self.report.send_if_modified(|known| {
            let news = *known != report;
            *known = report;
            news
        });
    }
}

/// The token as the request carries it.
pub(crate) fn credential(token: &Token, transport: AuthTransport) -> Credential {
    match transport {
        AuthTransport::Header => Credential::Bearer(token.secret()),
        AuthTransport::Query => Credential::Query("token", token.secret()),
    }
}

impl CredentialProvider for TokenSource {
    fn credential(&self, rejected: bool) -> BoxFuture<'_, Result<Credential, CredentialError>> {
        async move { Ok(credential(&self.token(rejected).await?, self.transport)) }.boxed()
    }
}
