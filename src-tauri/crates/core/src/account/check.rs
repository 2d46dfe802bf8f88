//! Recognises whether a token belongs to the same user as before, by a checksum that is too short for guessing tokens.

use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fingerprint::fingerprint;
use crate::token::Token;

/// Computers whose time zone is wrong are off by up to 14 hours. A token that is good must be sent on them too.
const MAX_CLOCK_ERROR: Duration = Duration::from_secs(24 * 60 * 60);

/// Makes the checksums of two accounts incomparable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Salt(pub u64);

/// What an account stores of its token: a checksum of 16 bits. For a web token (JWT, RFC 7519) with a subject there
/// is a second one, of the subject, so that the account in use stays when the token is renewed. Anybody can write a
/// subject into a token, so it opens no account.
///
/// One token in 65,536 matches by chance. An attacker who guesses tokens can only exclude the others, which is useless
/// against a server that limits attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TokenCheck {
    salt: Salt,
    /// Of the subject if there is one.
    number: u16,
    /// Of the whole token, if `number` is of its subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<u16>,
}

impl TokenCheck {
    /// The checksum of a token.
    pub(crate) fn of(token: &Token, salt: Salt) -> Self {
        let text = token.expose();
        let whole = check(&format!("{:016x}", salt.0), text);
        match subject(text) {
            Some((issuer, subject)) => Self {
                salt,
                number: check_of_subject(salt, &issuer, &subject),
                text: Some(whole),
            },
            None => Self {
                salt,
                number: whole,
                text: None,
            },
        }
    }

    /// Whether a token has this checksum.
    pub(crate) fn matches(&self, token: &Token) -> bool {
        Self::of(token, self.salt).number == self.number
    }

    /// Whether it is of this very token, whatever the token says about itself.
    pub(crate) fn is_of(&self, token: &Token) -> bool {
        Self::of(token, self.salt) == *self
    }

    /// Whether its token said that it was for this subject.
    pub(crate) fn is_for(&self, issuer: &str, subject: &str) -> bool {
        self.text.is_some() && check_of_subject(self.salt, issuer, subject) == self.number
    }
}

fn check_of_subject(salt: Salt, issuer: &str, subject: &str) -> u16 {
    check(&format!("{:016x}\0{issuer}", salt.0), subject)
}

fn check(salted: &str, text: &str) -> u16 {
    let hash = fingerprint(salted, text).cast_unsigned();
    let folded = hash ^ (hash >> 32);
    let [low, high, ..] = (folded ^ (folded >> 16)).to_le_bytes();
    u16::from_le_bytes([low, high])
}

/// Whether a web token has ended for certain, so that there is no use in sending it. The server decides about all
/// others.
pub(crate) fn is_expired(token: &Token, now: SystemTime) -> bool {
    let since = expiry(token).and_then(|end| now.duration_since(end).ok());
    since.is_some_and(|since| since > MAX_CLOCK_ERROR)
}

/// When a web token says that it ends.
pub(crate) fn expiry(token: &Token) -> Option<SystemTime> {
    let expires = claims(token.expose())?.get("exp")?.as_u64()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(expires))
}

/// What a web token claims; nobody has checked it.
fn claims(token: &str) -> Option<Value> {
    let mut parts = token.split('.');
    let (_header, claims, _signature) = (parts.next()?, parts.next()?, parts.next()?);
    let claims = URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&claims).ok()
}

/// Issuer and subject of a web token, if it has a subject.
fn subject(token: &str) -> Option<(String, String)> {
    let claims = claims(token)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
    let subject = text("sub").filter(|subject| !subject.is_empty())?;
    Some((text("iss").unwrap_or_default(), subject))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: Salt = Salt(0x5eed);

    fn token(text: &str) -> Token {
        Token::parse(text).unwrap()
    }

    fn web_token(claims: &str, signature: &str) -> Token {
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256"}"#);
        token(&format!(
            "{header}.{}.{signature}",
            URL_SAFE_NO_PAD.encode(claims)
        ))
    }

    #[test]
    fn a_renewed_web_token_is_the_same_persons_and_any_other_token_is_itself() {
        let anna = |issued: u32| web_token(&format!(r#"{{"iss":"i","sub":"anna","iat":{issued}}}"#), "c2ln");
        let check = TokenCheck::of(&anna(1), SALT);
        assert!(check.matches(&anna(2)));
        assert!(
            check.is_of(&anna(1)) && !check.is_of(&anna(2)),
            "it is another token"
        );
        assert!(check.is_for("i", "anna") && !check.is_for("i", "bert") && !check.is_for("j", "anna"));
        for other in [
            web_token(r#"{"iss":"i","sub":"bert","iat":1}"#, "c2ln"),
            web_token(r#"{"iss":"j","sub":"anna","iat":1}"#, "c2ln"),
            web_token(r#"{"iss":"i","iat":1}"#, "c2ln"),
            token("anna"),
        ] {
            assert!(!check.matches(&other));
        }
        let opaque = TokenCheck::of(&token("one"), SALT);
        assert!(opaque.matches(&token("one")) && !opaque.matches(&token("two")));
        assert_ne!(opaque, TokenCheck::of(&token("one"), Salt(1)));
    }

    #[test]
    fn a_web_token_has_ended_a_day_after_its_time_and_others_never() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let ends = web_token(r#"{"exp":1000000}"#, "c2ln");
        for (now, expected) in [(999_999, false), (1_086_400, false), (1_086_401, true)] {
            assert_eq!(is_expired(&ends, at(now)), expected, "{now}");
        }
        for other in [
            web_token(r#"{"sub":"anna"}"#, "c2ln"),
            web_token(r#"{"exp":"1"}"#, "c2ln"),
            web_token(r#"{"exp":-1}"#, "c2ln"),
            token("opaque"),
        ] {
            assert!(!is_expired(&other, at(u64::from(u32::MAX))));
        }
    }

    #[test]
    fn what_is_kept_is_sixteen_bits_and_a_salt() {
        let kept = serde_json::to_string(&TokenCheck::of(&token("s3cret-and-long"), SALT)).unwrap();
        let read: Value = serde_json::from_str(&kept).unwrap();
        assert_eq!(read["salt"], 0x5eed);
        assert!(read["number"].as_u64().is_some_and(|number| number <= 0xffff));
        assert_eq!(read.as_object().map(serde_json::Map::len), Some(2));
    }
}
