//! The user who signed in: id_tokens and their validation (OpenID Connect Core, 2, 3.1.3.7 and 12.2).

use std::fmt;
use std::time::{Duration, SystemTime};

use gloria_text::message::{self, Message};
use ring::digest::{SHA256, digest};
use secrecy::SecretString;
use serde_json::Value;

use crate::foreign::shown;
use crate::pkce::is_same;
use crate::provider::Issuer;

mod jws;
mod keys;

use self::jws::Signed;
pub(crate) use self::keys::Keys;

/// How much a token's times may differ from the `Date` of its response, because servers of one provider have different
/// clocks.
const TOLERANCE: Duration = Duration::from_secs(5 * 60);

/// The standard's limit for a subject (Core, 2).
const MAX_SUBJECT: usize = 255;

/// A user of a provider.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// The provider.
    pub issuer: Issuer,
    /// The user's permanent id at the provider (`sub`).
    pub subject: String,
    /// The display name.
    pub name: Option<String>,
    /// The mail address.
    pub email: Option<String>,
    /// The nonce of the sign-in, if one was sent. It is no secret any more. A renewal must not answer with another one.
    pub nonce: Option<String>,
}

impl Identity {
    /// The key for file names.
    pub fn key(&self) -> SubjectKey {
        let text = format!("{}\0{}", self.issuer, self.subject);
        let mut key = [0; 16];
        for (byte, hashed) in key.iter_mut().zip(digest(&SHA256, text.as_bytes()).as_ref()) {
            *byte = *hashed;
        }
        SubjectKey(key)
    }

    /// Whether it is the same user, whatever the name and mail address are.
    pub fn is_same(&self, other: &Self) -> bool {
        self.issuer == other.issuer && self.subject == other.subject
    }
}

/// Creates an identity without name and mail address.
impl fmt::Debug for Identity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Identity")
            .field("key", &format_args!("{}", self.key()))
            .finish_non_exhaustive()
    }
}

/// A user of a provider as 32 hexadecimal digits, suitable for file names. It does not reveal the user.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubjectKey([u8; 16]);

impl fmt::Display for SubjectKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for SubjectKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// What is wrong with an id_token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// It is missing.
    #[error("the provider does not say who signed in")]
    Missing,
    /// It is not a JWS.
    #[error("the id_token cannot be read")]
    Malformed,
    /// It is signed with another algorithm than RS256 or ES256.
    #[error("the id_token is signed in a way that is not supported")]
    Algorithm,
    /// It is from another provider.
    #[error("the id_token is another issuer's")]
    OtherIssuer,
    /// It is for another application.
    #[error("the id_token is for another client")]
    OtherAudience,
    /// It has no valid subject.
    #[error("the id_token names nobody")]
    NoSubject,
    /// It belongs to another sign-in.
    #[error("the id_token is for another sign-in")]
    Nonce,
    /// It had expired when it arrived.
    #[error("the id_token has expired")]
    Expired,
    /// It was not valid yet when it arrived.
    #[error("the id_token is of the future")]
    NotYet,
    /// The provider's keys could not be loaded.
    #[error("the provider's keys cannot be read")]
    NoKeys,
    /// It is signed with an unknown key.
    #[error("the id_token is signed with an unknown key")]
    UnknownKey,
    /// Its signature is invalid.
    #[error("the signature of the id_token is wrong")]
    Signature,
}

impl IdentityError {
    /// The error for users.
    pub fn message(self) -> Message {
        match self {
            Self::Missing => message::sign_in_identity_missing(),
            Self::Expired | Self::NotYet => message::sign_in_identity_time(),
            Self::Malformed
            | Self::Algorithm
            | Self::OtherIssuer
            | Self::OtherAudience
            | Self::NoSubject
            | Self::Nonce
            | Self::NoKeys
            | Self::UnknownKey
            | Self::Signature => message::sign_in_identity_wrong(self.to_string()),
        }
    }
}

/// The nonce that an id_token must have.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Nonce<'a> {
    /// This one.
    Sent(&'a SecretString),
    /// None, because none was sent; a token with one belongs to another sign-in.
    Unsent,
    /// At a renewal some providers repeat that of the sign-in, and most send none (Core, 12.2).
    Repeated(&'a str),
    /// Any: that of the sign-in is not known.
    Forgotten,
}

/// What an id_token must contain.
pub(crate) struct ExpectedIdentity<'a> {
    pub(crate) issuer: &'a Issuer,
    pub(crate) client_id: &'a str,
    pub(crate) nonce: Nonce<'a>,
    /// The time of the response by the provider's clock. Without it, times are not checked, because this computer's
    /// clock may be wrong.
    pub(crate) date: Option<SystemTime>,
}

/// Validates an id_token except for its signature, which [`Keys::check`] does.
///
/// # Errors
/// When it is invalid.
pub(crate) fn read<'a>(
    token: &'a str,
    expected: &ExpectedIdentity<'_>,
) -> Result<(Identity, Signed<'a>), IdentityError> {
    let signed = Signed::read(token)?;
    let claims = signed.claims()?;
    if claims["iss"].as_str() != Some(expected.issuer.as_str()) {
        return Err(IdentityError::OtherIssuer);
    }
    if !is_for(&claims, expected.client_id) {
        return Err(IdentityError::OtherAudience);
    }
    match (&claims["nonce"], expected.nonce) {
        (_, Nonce::Forgotten) | (Value::Null, Nonce::Unsent | Nonce::Repeated(_)) => {}
        (Value::String(nonce), Nonce::Sent(wanted)) if is_same(wanted, nonce) => {}
        (Value::String(nonce), Nonce::Repeated(wanted)) if nonce == wanted => {}
        (_, Nonce::Sent(_) | Nonce::Unsent | Nonce::Repeated(_)) => return Err(IdentityError::Nonce),
    }
    if let Some(date) = expected.date {
        check_times(&claims, date)?;
    }
    let subject = claims["sub"]
        .as_str()
        .filter(|subject| !subject.is_empty() && subject.len() <= MAX_SUBJECT)
        .ok_or(IdentityError::NoSubject)?;
    let text = |name: &str| {
        let text = claims[name].as_str().map(shown);
        text.filter(|text| !text.is_empty())
    };
    let identity = Identity {
        issuer: expected.issuer.clone(),
        subject: subject.to_owned(),
        name: text("name").or_else(|| text("preferred_username")),
        email: text("email"),
        nonce: claims["nonce"].as_str().map(str::to_owned),
    };
    Ok((identity, signed))
}

/// Whether the token is for this client. With several audiences, `azp` must be this client.
fn is_for(claims: &Value, client_id: &str) -> bool {
    let is_asking = |azp: &Value| azp.as_str() == Some(client_id);
    match (&claims["aud"], &claims["azp"]) {
        (Value::String(audience), Value::Null) => audience == client_id,
        (Value::String(audience), azp) => audience == client_id && is_asking(azp),
        (Value::Array(audiences), azp) => {
            let is_named = audiences
                .iter()
                .any(|audience| audience.as_str() == Some(client_id));
            is_named && ((audiences.len() == 1 && azp.is_null()) || is_asking(azp))
        }
        (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_), _) => false,
    }
}

fn check_times(claims: &Value, date: SystemTime) -> Result<(), IdentityError> {
    let time = |name: &str| {
        let seconds = claims[name].as_f64().filter(|seconds| *seconds >= 0.0)?;
        let since = Duration::try_from_secs_f64(seconds).ok()?;
        SystemTime::UNIX_EPOCH.checked_add(since)
    };
    let expires = time("exp").ok_or(IdentityError::Malformed)?;
    let issued = time("iat").ok_or(IdentityError::Malformed)?;
    if expires.checked_add(TOLERANCE).is_some_and(|last| last <= date) {
        return Err(IdentityError::Expired);
    }
    if date.checked_add(TOLERANCE).is_some_and(|last| issued > last) {
        return Err(IdentityError::NotYet);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
