//! Provider metadata (OpenID Connect Discovery; RFC 8414).

use std::time::Duration;

use gloria_stream::http::{Http, Reply, Request, RequestError, RequestLimits};
use gloria_text::message::{self, Message};
use http::StatusCode;
use http::header::{ACCEPT, HeaderValue};
use serde_json::Value;
use url::Url;

use crate::provider::{Issuer, has_extras, is_secure};

/// How long metadata may be cached by the caller, who should also load it again after a failure.
pub const MAX_METADATA_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// Metadata and key sets of large providers have about 10 KiB.
pub(crate) const MAX_DOCUMENT_BYTES: usize = 256 << 10;

/// How long a document may take. It is static, and a user may be waiting.
pub(crate) const DOCUMENT_TIMEOUT: Duration = Duration::from_secs(15);

const OPENID: &str = ".well-known/openid-configuration";
const OAUTH: &str = ".well-known/oauth-authorization-server";

/// The metadata of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// The issuer, equal byte for byte to the configured one.
    pub issuer: Issuer,
    /// The page at which users sign in.
    pub authorization_endpoint: Url,
    /// The endpoint that exchanges codes and refresh tokens.
    pub token_endpoint: Url,
    /// The address of its signing keys.
    pub jwks_uri: Option<Url>,
    /// The endpoint that revokes a grant (RFC 7009).
    pub revocation_endpoint: Option<Url>,
    /// The endpoint for sign-in on another device (RFC 8628).
    pub device_authorization_endpoint: Option<Url>,
    /// The page at which users sign out of the provider.
    pub end_session_endpoint: Option<Url>,
    /// Whether authorization responses contain its issuer (RFC 9207), so that those without are rejected.
    pub names_issuer: bool,
    /// The supported values of `prompt`, if listed.
    pub prompts: Vec<String>,
}

/// Why there is no usable metadata.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DiscoveryError {
    /// There was no response.
    #[error(transparent)]
    Unreachable(RequestError),
    /// The provider responded with this status, which may be temporary.
    #[error("the provider answers with status {0}")]
    Unavailable(u16),
    /// There is no metadata at any of its usual addresses.
    #[error("the provider has no metadata")]
    NotFound,
    /// The document is not metadata.
    #[error("the provider's metadata cannot be read")]
    Malformed,
    /// The metadata is of another issuer.
    #[error("the metadata names another issuer")]
    OtherIssuer,
    /// An endpoint is not https.
    #[error("an endpoint of the provider is not https")]
    NotSecure,
    /// The provider does not support PKCE with S256.
    #[error("the provider does not support S256")]
    NoPkce,
}

impl DiscoveryError {
    /// Whether another attempt may succeed.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Unavailable(_) => true,
            Self::NotFound | Self::Malformed | Self::OtherIssuer | Self::NotSecure | Self::NoPkce => false,
        }
    }

    /// The error for users.
    pub fn message(&self) -> Message {
        match self {
            Self::Unreachable(_) => message::sign_in_unreachable(),
            Self::Unavailable(status) => message::sign_in_unavailable(*status),
            Self::NotFound => message::sign_in_no_metadata(),
            Self::Malformed => message::sign_in_metadata_malformed(),
            Self::OtherIssuer => message::sign_in_other_issuer(),
            Self::NotSecure => message::sign_in_metadata_insecure(),
            Self::NoPkce => message::sign_in_no_pkce(),
        }
    }
}

/// Loads the metadata of a provider. The request has no side effects, so it can also test whether the provider is
/// reachable.
///
/// # Errors
/// When the provider is unreachable or cannot be used.
pub async fn discover(http: &Http, issuer: &Issuer) -> Result<Metadata, DiscoveryError> {
    let mut failed = DiscoveryError::NotFound;
    for place in places(issuer) {
        let reply = document(http, place).await.map_err(DiscoveryError::Unreachable)?;
        match on_reply(&reply, issuer) {
            Ok(metadata) => return Ok(metadata),
            // Some servers respond to unknown paths with a page or an error, so the next address is tried.
            Err(error @ (DiscoveryError::Unavailable(_) | DiscoveryError::Malformed)) => {
                if !failed.is_transient() {
                    failed = error;
                }
            }
            Err(DiscoveryError::NotFound) => {}
            Err(error) => return Err(error),
        }
    }
    Err(failed)
}

/// Loads a JSON document.
pub(crate) async fn document(http: &Http, url: Url) -> Result<Reply, RequestError> {
    let request = Request::get(url)
        .header(ACCEPT, HeaderValue::from_static("application/json"))
        .limits(RequestLimits {
            whole: DOCUMENT_TIMEOUT,
            body: MAX_DOCUMENT_BYTES,
        })
        .without_redirects();
    http.send(request).await
}

/// The usual addresses of the metadata, in order. OpenID appends the well-known path to the issuer's path, RFC 8414
/// inserts it before, and some servers append the name of RFC 8414.
fn places(issuer: &Issuer) -> Vec<Url> {
    let path = issuer.url().path().trim_end_matches('/');
    let mut paths = vec![format!("{path}/{OPENID}")];
    if !path.is_empty() {
        paths.push(format!("/{OAUTH}{path}"));
    }
    paths.push(format!("{path}/{OAUTH}"));
    let at = |path: String| {
        let mut url = issuer.url().clone();
        url.set_path(&path);
        url
    };
    paths.into_iter().map(at).collect()
}

fn on_reply(reply: &Reply, issuer: &Issuer) -> Result<Metadata, DiscoveryError> {
    match reply.status {
        StatusCode::OK => parse(&reply.body, issuer),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            Err(DiscoveryError::Unavailable(reply.status.as_u16()))
        }
        status if status.is_server_error() => Err(DiscoveryError::Unavailable(status.as_u16())),
        _ => Err(DiscoveryError::NotFound),
    }
}

/// Parses the metadata of this issuer. The issuer is compared before anything else is used.
fn parse(document: &[u8], issuer: &Issuer) -> Result<Metadata, DiscoveryError> {
    let document: Value = serde_json::from_slice(document).map_err(|_| DiscoveryError::Malformed)?;
    let named = document["issuer"].as_str().ok_or(DiscoveryError::Malformed)?;
    if named != issuer.as_str() {
        return Err(DiscoveryError::OtherIssuer);
    }
    let challenges = &document["code_challenge_methods_supported"];
    if !challenges.is_null() && !texts(challenges).any(|method| method == "S256") {
        return Err(DiscoveryError::NoPkce);
    }
    Ok(Metadata {
        issuer: issuer.clone(),
        authorization_endpoint: endpoint(&document, "authorization_endpoint")?
            .ok_or(DiscoveryError::Malformed)?,
        token_endpoint: endpoint(&document, "token_endpoint")?.ok_or(DiscoveryError::Malformed)?,
        jwks_uri: endpoint(&document, "jwks_uri")?,
        revocation_endpoint: endpoint(&document, "revocation_endpoint")?,
        device_authorization_endpoint: endpoint(&document, "device_authorization_endpoint")?,
        end_session_endpoint: endpoint(&document, "end_session_endpoint")?,
        names_issuer: document["authorization_response_iss_parameter_supported"] == Value::Bool(true),
        prompts: texts(&document["prompt_values_supported"])
            .map(str::to_owned)
            .collect(),
    })
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

fn endpoint(document: &Value, name: &str) -> Result<Option<Url>, DiscoveryError> {
    let Some(text) = document[name].as_str() else {
        return Ok(None);
    };
    let url = Url::parse(text).map_err(|_| DiscoveryError::Malformed)?;
    if has_extras(&url) {
        return Err(DiscoveryError::Malformed);
    }
    if !is_secure(&url) {
        return Err(DiscoveryError::NotSecure);
    }
    Ok(Some(url))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn issuer(text: &str) -> Issuer {
        Issuer::parse(text).unwrap()
    }

    fn usual() -> Value {
        json!({
            "issuer": "https://id.example",
            "authorization_endpoint": "https://id.example/authorize",
            "token_endpoint": "https://tokens.example/token",
        })
    }

    fn read(document: &Value) -> Result<Metadata, DiscoveryError> {
        parse(document.to_string().as_bytes(), &issuer("https://id.example"))
    }

    fn with(name: &str, value: Value) -> Result<Metadata, DiscoveryError> {
        let mut document = usual();
        document[name] = value;
        read(&document)
    }

    #[test]
    fn the_places_are_asked_in_the_order_of_the_standards() {
        let asked = |text| {
            let places = places(&issuer(text));
            places.into_iter().map(String::from).collect::<Vec<_>>()
        };
        let plain = [
            "https://id.example/.well-known/openid-configuration",
            "https://id.example/.well-known/oauth-authorization-server",
        ];
        assert_eq!(asked("https://id.example"), plain);
        assert_eq!(asked("https://id.example/"), plain);
        let below = [
            "https://id.example/realms/x/.well-known/openid-configuration",
            "https://id.example/.well-known/oauth-authorization-server/realms/x",
            "https://id.example/realms/x/.well-known/oauth-authorization-server",
        ];
        assert_eq!(asked("https://id.example/realms/x"), below);
        assert_eq!(asked("https://id.example/realms/x/"), below);
    }

    #[test]
    fn a_document_of_another_issuer_is_refused_by_one_byte() {
        for other in [
            "https://id.example/",
            "https://ID.example",
            "http://id.example",
            "https://id.example:443",
            "",
        ] {
            assert_eq!(
                with("issuer", json!(other)),
                Err(DiscoveryError::OtherIssuer),
                "{other}"
            );
        }
        assert_eq!(with("issuer", json!(7)), Err(DiscoveryError::Malformed));
        // Before anything else is looked at.
        let evil = json!({"issuer": "https://evil.example", "code_challenge_methods_supported": ["plain"]});
        assert_eq!(read(&evil), Err(DiscoveryError::OtherIssuer));
    }

    #[test]
    fn a_challenge_that_protects_nothing_is_refused() {
        let name = "code_challenge_methods_supported";
        assert!(read(&usual()).is_ok());
        assert!(with(name, Value::Null).is_ok());
        assert!(with(name, json!(["plain", "S256"])).is_ok());
        for methods in [json!(["plain"]), json!([]), json!("S256"), json!(["s256"])] {
            assert_eq!(with(name, methods), Err(DiscoveryError::NoPkce));
        }
    }

    #[test]
    fn every_endpoint_is_https_or_this_machine() {
        for name in [
            "authorization_endpoint",
            "token_endpoint",
            "jwks_uri",
            "revocation_endpoint",
            "device_authorization_endpoint",
            "end_session_endpoint",
        ] {
            for plain in ["http://id.example/x", "ftp://id.example/x", "javascript:alert(1)"] {
                assert_eq!(with(name, json!(plain)), Err(DiscoveryError::NotSecure), "{name}");
            }
            for broken in ["https://", "x", "https://id.example/#x", "https://a@id.example/x"] {
                assert_eq!(
                    with(name, json!(broken)),
                    Err(DiscoveryError::Malformed),
                    "{name}: {broken}"
                );
            }
            for fine in [
                "https://other.example/x",
                "http://127.0.0.1:8080/x",
                "http://[::1]/x",
            ] {
                assert!(with(name, json!(fine)).is_ok(), "{name}: {fine}");
            }
        }
        let mut bare = usual();
        bare.as_object_mut().unwrap().remove("token_endpoint");
        assert_eq!(read(&bare), Err(DiscoveryError::Malformed));
    }

    #[test]
    fn what_else_it_says_is_read() {
        let mut document = usual();
        document["jwks_uri"] = json!("https://id.example/keys");
        document["revocation_endpoint"] = json!("https://id.example/revoke");
        document["device_authorization_endpoint"] = json!("https://id.example/device");
        document["authorization_response_iss_parameter_supported"] = json!(true);
        document["prompt_values_supported"] = json!(["login", 7, "consent"]);
        let metadata = read(&document).unwrap();
        assert!(metadata.names_issuer);
        assert_eq!(metadata.prompts, ["login", "consent"]);
        assert_eq!(
            metadata.revocation_endpoint.unwrap().as_str(),
            "https://id.example/revoke"
        );
        let plain = read(&usual()).unwrap();
        assert!(!plain.names_issuer && plain.jwks_uri.is_none());
    }

    proptest! {
        #[test]
        fn no_bytes_are_a_panic(bytes: Vec<u8>) {
            prop_assert!(parse(&bytes, &issuer("https://id.example")).is_err());
        }

        #[test]
        fn no_field_of_another_kind_is_a_panic(name in "[a-z_]{3,40}", value in "[\\[\\]{}\",:0-9a-z]{0,12}") {
            if let Ok(value) = serde_json::from_str(&value) {
                let _ = with(&name, value);
            }
        }
    }
}
