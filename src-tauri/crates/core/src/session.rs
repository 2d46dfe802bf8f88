//! The token, and how the stream gets it.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

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
