//! The signing keys of a provider, cached in memory.

use std::sync::Arc;
use std::time::Duration;

use gloria_stream::http::Http;
use http::StatusCode;
use serde_json::Value;
use tokio::sync::Mutex;
use url::Url;

use super::IdentityError;
use super::jws::{Key, Signed};
use crate::lifetime::Moment;
use crate::metadata::document;

/// How often keys are loaded again for an unknown key id. Once suffices after a rotation, and tokens with invented ids
/// must not cause more.
const MIN_FETCH_INTERVAL: Duration = Duration::from_secs(60);

/// More keys than any provider has.
const MAX_KEYS: usize = 100;

/// The keys of one provider. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Keys(Arc<Mutex<Fetched>>);

#[derive(Default)]
struct Fetched {
    /// `None` until they were loaded.
    keys: Option<Vec<Named>>,
    at: Option<Moment>,
}

struct Named {
    id: Option<String>,
    key: Key,
}

impl Keys {
    /// Checks a signature. If the key is unknown, the keys are loaded again, at most once a minute.
    ///
    /// # Errors
    /// [`IdentityError::NoKeys`] if the keys could not be loaded; others if the signature is invalid.
    pub(crate) async fn check(
        &self,
        signed: &Signed<'_>,
        http: &Http,
        jwks_uri: Option<&Url>,
        now: Moment,
    ) -> Result<(), IdentityError> {
        let url = jwks_uri.ok_or(IdentityError::NoKeys)?;
        let mut fetched = self.0.lock().await;
        let known = fetched.check(signed);
        let is_recent = fetched.at.is_some_and(|at| at.elapsed(now) < MIN_FETCH_INTERVAL);
        match known {
            Ok(()) | Err(IdentityError::Signature) => return known,
            // It may be a new key.
            Err(_) if is_recent => return Err(IdentityError::NoKeys),
            Err(_) => {}
        }
        fetched.at = Some(now);
        if let Ok(reply) = document(http, url.clone()).await
            && reply.status == StatusCode::OK
            && let Some(keys) = parse(&reply.body)
        {
            fetched.keys = Some(keys);
            return fetched.check(signed);
        }
        // The cached keys may be older than this key.
        Err(IdentityError::NoKeys)
    }
}

impl Fetched {
    fn check(&self, signed: &Signed<'_>) -> Result<(), IdentityError> {
        let keys = self.keys.as_ref().ok_or(IdentityError::NoKeys)?;
        let mut candidates = keys
            .iter()
            .filter(|named| signed.key_id.is_none() || named.id == signed.key_id)
            .peekable();
        if candidates.peek().is_none() {
            return Err(IdentityError::UnknownKey);
        }
        if candidates.any(|named| signed.is_signed_by(&named.key)) {
            Ok(())
        } else if signed.key_id.is_none() {
            // A key without an id may be a new one.
            Err(IdentityError::UnknownKey)
        } else {
            Err(IdentityError::Signature)
        }
    }
}

/// Parses a key set (RFC 7517, 5), without keys of other kinds.
fn parse(document: &[u8]) -> Option<Vec<Named>> {
    let document: Value = serde_json::from_slice(document).ok()?;
    let named = |key: &Value| {
        Some(Named {
            id: key["kid"].as_str().map(str::to_owned),
            key: Key::read(key)?,
        })
    };
    let keys = document["keys"].as_array()?.iter().take(MAX_KEYS);
    Some(keys.filter_map(named).collect())
}

#[cfg(test)]
impl Keys {
    /// As if they had just been fetched.
    pub(super) fn of(document: &[u8], at: Moment) -> Self {
        Self(Arc::new(Mutex::new(Fetched {
            keys: parse(document),
            at: Some(at),
        })))
    }
}
