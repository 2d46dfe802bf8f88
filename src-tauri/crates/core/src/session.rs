//! The token, and how the stream gets it.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use gloria_stream::{Credential, CredentialError, CredentialProvider};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::{Mutex, watch};

use crate::ports::{SecretError, Secrets};
use crate::protocol::TokenState;
use crate::settings::AuthTransport;

/// A bearer token. It has no `Serialize`, prints as `[REDACTED]`, and is wiped from memory when dropped.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Token(SecretString);

/// Longer than any token in use (a JWT with many claims stays below 8 KiB), shorter than what servers cut headers at.
const LONGEST_TOKEN: usize = 16 * 1024;

/// Why a text is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Nothing but white space.
    #[error("the token is empty")]
    Empty,
    /// It could not be sent in a header.
    #[error("the token has characters that no token has; copy it again, without line breaks")]
    Malformed,
    /// Over 16 KiB.
    #[error("the token is too long")]
    TooLong,
}

impl Token {
    /// Takes a token as typed or pasted: white space around it does not count.
    ///
    /// # Errors
    ///
    /// When it is empty, over 16 KiB, or holds anything but visible ASCII, which RFC 6750 does not allow either.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(TokenError::Empty);
        }
        if text.len() > LONGEST_TOKEN {
            return Err(TokenError::TooLong);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TokenError::Malformed);
        }
        Ok(Self(SecretString::from(text)))
    }

    /// The token itself, for the request or the keyring and nothing else.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The same secret in the stream's own type.
    pub fn secret(&self) -> SecretString {
        self.0.clone()
    }
}

impl TryFrom<String> for Token {
    type Error = TokenError;

    fn try_from(text: String) -> Result<Self, TokenError> {
        Self::parse(&text)
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pasted_token_loses_the_white_space_around_it() {
        assert_eq!(
            Token::parse(" abc.def\n").map(|token| token.expose().to_owned()),
            Ok("abc.def".to_owned())
        );
    }

    #[test]
    fn what_cannot_be_a_header_is_refused() {
        assert_eq!(Token::parse(" \n").err(), Some(TokenError::Empty));
        assert_eq!(Token::parse("a\r\nX-Evil: 1").err(), Some(TokenError::Malformed));
        assert_eq!(
            Token::parse(&"a".repeat(LONGEST_TOKEN + 1)).err(),
            Some(TokenError::TooLong)
        );
    }

    #[test]
    fn a_token_never_prints() {
        let token = Token::parse("s3cret").expect("visible ASCII");
        assert!(!format!("{token:?}").contains("s3cret"));
    }
}
