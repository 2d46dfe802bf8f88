//! Revocation of a grant (RFC 7009).

use std::time::Duration;

use gloria_text::message::{self, Message};
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use crate::client::Client;
use crate::exchange::{LaterCause, ProviderRefusal, post};

/// How long revocation may take. The user is waiting, and the sign-out is complete on this computer anyway.
const REVOKE_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a grant may still be valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RevokeError {
    /// The provider does not support revocation.
    NotOffered,
    /// The provider is temporarily unavailable.
    Later(LaterCause),
    /// The provider refused.
    Refused(ProviderRefusal),
}

impl RevokeError {
    /// The error for users.
    pub fn message(&self) -> Message {
        match self {
            Self::NotOffered => message::sign_in_revoke_not_offered(),
            Self::Later(why) => why.message(),
            Self::Refused(refusal) => refusal.message(),
        }
    }
}

impl Client {
    /// Revokes a grant by its newest refresh token, within five seconds. With an older one the provider may report
    /// success and revoke nothing.
    ///
    /// # Errors
    /// When the grant may still be valid.
    pub async fn revoke(&self, refresh_token: &SecretString) -> Result<(), RevokeError> {
        let endpoint = self.metadata().revocation_endpoint.as_ref();
        let endpoint = endpoint.ok_or(RevokeError::NotOffered)?;
        let fields = [
            ("token", refresh_token.expose_secret()),
            ("token_type_hint", "refresh_token"),
            ("client_id", &self.provider().client_id),
        ];
        let reply = post(self.http(), endpoint, &fields, REVOKE_TIMEOUT).await;
        let reply = reply.map_err(|error| RevokeError::Later(LaterCause::Network(error)))?;
        classify(reply.status, &reply.body)
    }
}

fn classify(status: StatusCode, body: &[u8]) -> Result<(), RevokeError> {
    if status.is_success() {
        return Ok(());
    }
    let later = RevokeError::Later(LaterCause::Status(status.as_u16()));
    if !status.is_client_error() || status == StatusCode::TOO_MANY_REQUESTS {
        return Err(later);
    }
    let object = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let refusal = object["error"].as_str().map(ProviderRefusal::new);
    Err(refusal.map_or(later, RevokeError::Refused))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_success_ends_a_grant() {
        let status = |number: u16| StatusCode::from_u16(number).unwrap();
        for number in [200, 204] {
            assert_eq!(classify(status(number), b""), Ok(()));
        }
        for number in [302, 404, 429, 500, 503] {
            let later = RevokeError::Later(LaterCause::Status(number));
            assert_eq!(classify(status(number), b"<html>"), Err(later));
        }
        let error = classify(status(401), br#"{"error":"invalid_client"}"#);
        assert_eq!(error, Err(RevokeError::Refused(ProviderRefusal::InvalidClient)));
    }
}
