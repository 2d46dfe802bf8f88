//! A bearer token, and parsing it as users paste it.

use gloria_stream::Proof;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use crate::message::{self, Message, Refusal};
use crate::text::pasted;

/// A bearer token. It has no `Serialize`, prints as `[REDACTED]`, and is wiped from memory when dropped.
#[derive(Debug, Clone)]
pub struct Token(SecretString);

/// Longer than any token in use (a JWT with many claims stays below 8 KiB), shorter than the limit of servers for
/// headers.
const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// With many groups as claims, providers issue tokens of up to 45 kB. Servers refuse them with 431, which names the
/// problem better than we could.
const MAX_ISSUED_BYTES: usize = 64 * 1024;

/// Names of the token in settings and cookies. Below, what precedes it in a request.
const NAMES: [&str; 4] = ["GLORIA_TOKEN", "token", "access_token", "__session"];
const HEADER: &str = "Authorization";
const SCHEME: &str = "Bearer";

/// Why a text is no token. The text itself is never repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Only white space.
    #[error("the token is empty")]
    Empty,
    /// Contains characters that a header cannot have.
    #[error("the token contains characters that no token has; copy it again, without line breaks")]
    Malformed,
    /// It is the server's address, possibly with a token in it.
    #[error("the token is an address; enter the token alone here")]
    IsAddress,
    /// Ends with an ellipsis.
    #[error("the token is cut off at its end; copy all of it")]
    CutOff,
    /// Longer than 16 KiB.
    #[error("the token is too long")]
    TooLong,
}

impl TokenError {
    /// The error for the user.
    pub fn message(self) -> Message {
        match self {
            Self::Empty => message::token_empty(),
            Self::Malformed => message::token_malformed(),
            Self::IsAddress => message::token_is_address(),
            Self::CutOff => message::token_cut_off(),
            Self::TooLong => message::token_too_long(),
        }
    }
}

/// How the token is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthTransport {
    /// As `Authorization: Bearer`.
    Header,
    /// As `?token=`, for servers that do not read the header.
    Query,
}

impl Token {
    /// Parses a token as users paste it. Ignores white space, quotes and invisible characters around it, and what
    /// precedes it in a request (`Authorization: Bearer`) or a setting (`GLORIA_TOKEN=`). A web token that was wrapped
    /// into several lines is joined.
    ///
    /// # Errors
    ///
    /// When it is empty, longer than 16 KiB, or contains anything but visible ASCII (RFC 6750, section 2.1).
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let tidy = Zeroizing::new(pasted::tidy(text));
        let text = bare(&tidy);
        if text.is_empty() {
            return Err(TokenError::Empty);
        }
        if text.len() > MAX_TOKEN_BYTES {
            return Err(TokenError::TooLong);
        }
        if pasted::is_cut_off(text) {
            return Err(TokenError::CutOff);
        }
        if text.contains("://") {
            return Err(TokenError::IsAddress);
        }
        if text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(Self(SecretString::from(text)));
        }
        unwrapped(text).map(Self).ok_or(TokenError::Malformed)
    }

    /// A token as a provider issues it, which is used unchanged. `None` if a header cannot have it, or it is longer
    /// than any server reads.
    pub fn issued(token: SecretString) -> Option<Self> {
        let text = token.expose_secret();
        let is_sendable =
            (1..=MAX_ISSUED_BYTES).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_sendable.then_some(Self(token))
    }

    /// The token itself, only for requests and the keyring.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// The token as a request sends it.
    pub fn proof(&self, transport: AuthTransport) -> Proof {
        match transport {
            AuthTransport::Header => Proof::Bearer(self.0.clone()),
            AuthTransport::Query => Proof::Query("token", self.0.clone()),
        }
    }
}

/// Removes what precedes a token in a request or a setting.
fn bare(text: &str) -> &str {
    let mut text = text;
    loop {
        let inner = pasted::assigned(text, &NAMES)
            .or_else(|| pasted::after_word(text, HEADER))
            .or_else(|| pasted::after_word(text, SCHEME));
        match inner {
            Some(inner) => text = inner,
            None => return text,
        }
    }
}

/// Joins a web token (RFC 7519) that was wrapped: lines of equal length, and a last one that is not longer. `None` if
/// it could be anything else, such as a whole token and a word below it.
fn unwrapped(text: &str) -> Option<SecretString> {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let (first, last) = (lines.first()?, lines.last()?);
    let even = lines[..lines.len() - 1]
        .iter()
        .all(|line| line.len() == first.len());
    let joined = Zeroizing::new(lines.concat());
    let wrapped =
        even && last.len() <= first.len() && !pasted::is_web_token(first) && pasted::is_web_token(&joined);
    wrapped.then(|| SecretString::from(joined.as_str()))
}

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(|error| D::Error::custom(Refusal(error.message())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<String, TokenError> {
        Token::parse(text).map(|token| token.expose().to_owned())
    }

    #[test]
    fn a_token_is_taken_as_people_paste_it() {
        for pasted in [
            " abc.def\n",
            "Bearer abc.def",
            "bearer  abc.def\r\n",
            "Bearer: abc.def",
            "Authorization: Bearer abc.def",
            "authorization:bearer abc.def",
            "\"Authorization: Bearer abc.def\"",
            "Authorization: \"Bearer abc.def\"",
            "GLORIA_TOKEN=abc.def",
            "export GLORIA_TOKEN=\"abc.def\"",
            "$env:GLORIA_TOKEN = 'abc.def'",
            "token=abc.def",
            "__session=abc.def",
            "\"abc.def\"",
            "‘abc.def’",
            "<abc.def>",
            "`abc.def`",
            "\u{feff}abc\u{200b}.def\u{a0}",
        ] {
            assert_eq!(parsed(pasted), Ok("abc.def".to_owned()), "{pasted}");
        }
        // A token may start with these words or contain an equals sign.
        for token in ["bearerabc", "authorization-1", "YWJj==", "token"] {
            assert_eq!(parsed(token), Ok(token.to_owned()));
        }
    }

    #[test]
    fn a_wrapped_web_token_is_joined_where_it_can_be_nothing_else() {
        let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl_w-k";
        for width in [7, 20, 21, 30] {
            for line_end in ["\n", "\r\n", "\n   "] {
                let bytes: Vec<_> = token
                    .as_bytes()
                    .chunks(width)
                    .map(|line| String::from_utf8_lossy(line))
                    .collect();
                let wrapped = format!("Bearer {}\n", bytes.join(line_end));
                assert_eq!(parsed(&wrapped), Ok(token.to_owned()), "{width}");
            }
        }
        for broken in [
            format!("{token}\nthanks"),
            format!("{token} thanks"),
            format!("{}\n{token}", "short"),
            "abc.d\nef.gh".to_owned(),
            "abc\ndef".to_owned(),
            "eyJhbGci\nOiJI".to_owned(),
        ] {
            assert_eq!(parsed(&broken), Err(TokenError::Malformed), "{broken}");
        }
    }

    #[test]
    fn what_cannot_be_a_header_is_refused() {
        for nothing in [" \n", "\"\"", "Bearer", "Authorization: Bearer ", "GLORIA_TOKEN="] {
            assert_eq!(parsed(nothing), Err(TokenError::Empty), "{nothing}");
        }
        assert_eq!(parsed("a\r\nX-Evil: 1"), Err(TokenError::Malformed));
        assert_eq!(parsed("tökén"), Err(TokenError::Malformed));
        assert_eq!(
            parsed("https://gloria.example/sse?token=x"),
            Err(TokenError::IsAddress)
        );
        assert_eq!(parsed("eyJhbGciOiJIUzI1…"), Err(TokenError::CutOff));
        assert_eq!(parsed(&"a".repeat(MAX_TOKEN_BYTES + 1)), Err(TokenError::TooLong));
    }

    #[test]
    fn a_token_never_prints() {
        let token = Token::parse("s3cret").expect("visible ASCII");
        assert!(!format!("{token:?}").contains("s3cret"));
    }
}
