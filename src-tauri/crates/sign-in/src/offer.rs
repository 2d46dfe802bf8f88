//! What a server says about signing in: a small public document at `{api}/auth` that names the provider.
//!
//! The server is not trusted with more than that: the provider is shown to the user before anything is opened, and
//! every field is checked like a setting.

use std::time::Duration;

use gloria_stream::http::{Http, Reply, Request, RequestError, RequestLimits};
use gloria_text::message::{self, Message};
use http::StatusCode;
use http::header::{ACCEPT, HeaderValue};
use serde_json::{Map, Value};
use url::Url;

use crate::provider::{Issuer, IssuerError, Provider};

/// The document has a few hundred bytes; the rest is room for fields that later versions add.
const MAX_OFFER_BYTES: usize = 64 << 10;

/// A user waits for it.
const OFFER_TIMEOUT: Duration = Duration::from_secs(15);

/// Longer than client ids, scopes and audiences of known providers.
const MAX_FIELD_BYTES: usize = 1024;

/// What a server offers to those who want to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    /// To sign in at this provider.
    Provider(Box<Provider>),
    /// Nothing: it has no such document, so a token has to be pasted.
    Nothing,
}

/// Why it is not known what a server offers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OfferError {
    /// There was no response.
    #[error(transparent)]
    Unreachable(RequestError),
    /// The server responded with this status, which may be temporary.
    #[error("the server answers with status {0}")]
    Unavailable(u16),
    /// The server demands a token for the document as well.
    #[error("the server demands a token before it says where to sign in")]
    Unauthorized,
    /// The server redirects the request, which is not followed: another server could name any provider.
    #[error("the server redirects the request")]
    Redirected,
    /// A web page responds.
    #[error("a web page is at the address of the document")]
    WebPage,
    /// The document cannot be read.
    #[error("the document cannot be read")]
    Malformed,
    /// The document names an issuer that cannot be used.
    #[error("the document names an issuer that cannot be used: {0}")]
    Issuer(IssuerError),
}

impl OfferError {
    /// Whether another attempt may succeed.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::Unavailable(_) => true,
            Self::Unauthorized | Self::Redirected | Self::WebPage | Self::Malformed | Self::Issuer(_) => {
                false
            }
        }
    }

    /// The error for users. The core has more precise words for [`OfferError::Unreachable`].
    pub fn message(&self) -> Message {
        match self {
            Self::Unreachable(_) => message::sign_in_offer_unreachable(),
            Self::Unavailable(status) => message::sign_in_offer_unavailable(*status),
            Self::Unauthorized => message::sign_in_offer_unauthorized(),
            Self::Redirected => message::sign_in_offer_redirected(),
            Self::WebPage => message::sign_in_offer_web_page(),
            Self::Malformed => message::sign_in_offer_malformed(),
            Self::Issuer(error) => message::sign_in_offer_issuer(error.message()),
        }
    }
}

/// Asks a server what it offers, without a token. `places` are the addresses that the document may have, in order.
///
/// # Errors
/// When the server does not respond, or with something that is neither the document nor says that there is none.
pub async fn offer(http: &Http, places: impl IntoIterator<Item = Url>) -> Result<Offer, OfferError> {
    let mut answers = Vec::new();
    for place in places {
        let request = Request::get(place)
            .header(ACCEPT, HeaderValue::from_static("application/json"))
            .limits(RequestLimits {
                whole: OFFER_TIMEOUT,
                body: MAX_OFFER_BYTES,
            })
            .without_redirects();
        let answer = match http.send(request).await {
            Ok(reply) => on_reply(&reply),
            Err(RequestError::TooLarge(_) | RequestError::Encoded(_)) => {
                Answer::Foreign(OfferError::Malformed)
            }
            // The other places are on the same server.
            Err(error) => return Err(OfferError::Unreachable(error)),
        };
        match answer {
            Answer::Document(offered) => return offered.map(|provider| Offer::Provider(Box::new(provider))),
            Answer::Nothing | Answer::Closed(_) | Answer::Foreign(_) => answers.push(answer),
        }
    }
    conclude(answers)
}

/// What is at one address.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Answer {
    /// The document, or what is wrong with it.
    Document(Result<Provider, OfferError>),
    /// Nothing.
    Nothing,
    /// The server, which does not say.
    Closed(OfferError),
    /// Something else. Many servers respond with their web page to every path that they do not know.
    Foreign(OfferError),
}

/// The result of several addresses without the document. An error of the server may hide it, and counts most. Where one
/// address is known to have nothing, pages at the others say nothing.
fn conclude(answers: Vec<Answer>) -> Result<Offer, OfferError> {
    let mut result = Ok(Offer::Nothing);
    let (mut is_known, mut is_closed) = (false, false);
    for answer in answers {
        match answer {
            Answer::Document(_) => {}
            Answer::Nothing if is_closed => {}
            Answer::Nothing => (result, is_known) = (Ok(Offer::Nothing), true),
            Answer::Closed(error) => {
                let is_first = !is_closed;
                (is_known, is_closed) = (true, true);
                if is_first || error.is_transient() {
                    result = Err(error);
                }
            }
            Answer::Foreign(error) => {
                if !is_known && result.is_ok() {
                    result = Err(error);
                }
            }
        }
    }
    result
}

fn on_reply(reply: &Reply) -> Answer {
    let status = reply.status;
    match status {
        StatusCode::OK => on_body(&reply.body),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Answer::Closed(OfferError::Unauthorized),
        StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS => {
            Answer::Closed(OfferError::Unavailable(status.as_u16()))
        }
        // 501 means that there is no such thing, and will not be.
        StatusCode::NOT_IMPLEMENTED => Answer::Nothing,
        _ if status.is_server_error() => Answer::Closed(OfferError::Unavailable(status.as_u16())),
        _ if status.is_redirection() => Answer::Foreign(OfferError::Redirected),
        _ if status.is_client_error() => Answer::Nothing,
        _ => Answer::Foreign(OfferError::Malformed),
    }
}

fn on_body(body: &[u8]) -> Answer {
    match serde_json::from_slice(body) {
        Ok(Value::Object(document))
            if document.contains_key("issuer") || document.contains_key("client_id") =>
        {
            Answer::Document(parse(&document))
        }
        Ok(_) => Answer::Foreign(OfferError::Malformed),
        Err(_) if is_page(body) => Answer::Foreign(OfferError::WebPage),
        Err(_) => Answer::Foreign(OfferError::Malformed),
    }
}

/// Servers send pages with any type, or none.
fn is_page(body: &[u8]) -> bool {
    let first = body
        .iter()
        .find(|byte| !byte.is_ascii_whitespace() && !matches!(byte, 0xef | 0xbb | 0xbf));
    first == Some(&b'<')
}

/// Reads the document. Fields that are not known are ignored.
fn parse(document: &Map<String, Value>) -> Result<Provider, OfferError> {
    let field = |name| field(document, name);
    let issuer = field("issuer")?.ok_or(OfferError::Malformed)?;
    let issuer = Issuer::parse(issuer).map_err(OfferError::Issuer)?;
    let client_id = field("client_id")?.ok_or(OfferError::Malformed)?;
    let provider = Provider::new(issuer, client_id);
    Ok(Provider {
        scopes: field("scopes")?.map_or(provider.scopes, str::to_owned),
        prompt: field("prompt")?.map(str::to_owned),
        resource: field("resource")?.map(str::to_owned),
        audience: field("audience")?.map(str::to_owned),
        ..provider
    })
}

/// A text of visible ASCII characters and spaces, as all of these are by their standards; `None` if it is absent.
fn field<'a>(document: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, OfferError> {
    let text = match document.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::String(text)) => text.trim(),
        Some(_) => return Err(OfferError::Malformed),
    };
    let is_sound = (1..=MAX_FIELD_BYTES).contains(&text.len())
        && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    is_sound.then_some(Some(text)).ok_or(OfferError::Malformed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn usual() -> Value {
        json!({"issuer": "https://id.example", "client_id": "gloria"})
    }

    fn read(document: &Value) -> Answer {
        on_body(document.to_string().as_bytes())
    }

    fn with(name: &str, value: Value) -> Answer {
        let mut document = usual();
        document[name] = value;
        read(&document)
    }

    fn malformed() -> Answer {
        Answer::Document(Err(OfferError::Malformed))
    }

    #[test]
    fn a_document_names_the_provider_and_may_say_more() {
        let issuer = || Issuer::parse("https://id.example").unwrap();
        let plain = Provider::new(issuer(), "gloria");
        assert_eq!(read(&usual()), Answer::Document(Ok(plain.clone())));
        assert_eq!(with("later", json!([1])), Answer::Document(Ok(plain)));
        let full = json!({
            "issuer": "https://id.example", "client_id": "gloria", "scopes": "openid offline_access",
            "prompt": "consent", "audience": "https://gloria.example/", "resource": null,
        });
        let full = read(&full);
        let expected = Provider {
            scopes: "openid offline_access".to_owned(),
            prompt: Some("consent".to_owned()),
            audience: Some("https://gloria.example/".to_owned()),
            ..Provider::new(issuer(), "gloria")
        };
        assert_eq!(full, Answer::Document(Ok(expected)));
    }

    #[test]
    fn no_field_gets_through_that_is_not_what_its_standard_allows() {
        for name in ["client_id", "scopes", "prompt", "audience", "resource"] {
            for value in [
                json!(""),
                json!("  "),
                json!(7),
                json!(["openid"]),
                json!({"a": 1}),
                json!(true),
                json!("a\nb"),
                json!("a\u{1b}[2Jb"),
                json!("a\u{202e}b"),
                json!("ä"),
                json!("a".repeat(MAX_FIELD_BYTES + 1)),
            ] {
                assert_eq!(with(name, value.clone()), malformed(), "{name}: {value}");
            }
            assert!(matches!(
                with(name, json!("a".repeat(MAX_FIELD_BYTES))),
                Answer::Document(Ok(_))
            ));
        }
        assert_eq!(with("client_id", Value::Null), malformed());
        assert_eq!(with("issuer", json!(7)), malformed());
        assert_eq!(read(&json!({"client_id": "gloria"})), malformed());
        assert_eq!(read(&json!({"issuer": "https://id.example"})), malformed());
        for (issuer, error) in [
            ("http://id.example", IssuerError::NotSecure),
            ("http://127.0.0.1.evil.example", IssuerError::NotSecure),
            ("javascript:alert(1)", IssuerError::Malformed),
            ("https://id.example/?a=b", IssuerError::Extras),
            ("https://anna@id.example", IssuerError::Extras),
        ] {
            let expected = Answer::Document(Err(OfferError::Issuer(error)));
            assert_eq!(with("issuer", json!(issuer)), expected, "{issuer}");
        }
    }

    #[test]
    fn what_is_something_else_is_not_taken_for_the_document() {
        for (body, expected) in [
            ("<!doctype html><title>Welcome</title>", OfferError::WebPage),
            ("\u{feff} \n<html>", OfferError::WebPage),
            ("", OfferError::Malformed),
            ("null", OfferError::Malformed),
            ("[]", OfferError::Malformed),
            ("{}", OfferError::Malformed),
            (r#"{"authenticated":false}"#, OfferError::Malformed),
            (r#"{"issuer":"#, OfferError::Malformed),
        ] {
            assert_eq!(on_body(body.as_bytes()), Answer::Foreign(expected), "{body}");
        }
        let deep = format!("{}{}", "[".repeat(60_000), "]".repeat(4));
        assert_eq!(on_body(deep.as_bytes()), Answer::Foreign(OfferError::Malformed));
    }

    #[test]
    fn of_several_addresses_the_one_that_says_most_counts() {
        let page = || Answer::Foreign(OfferError::WebPage);
        let elsewhere = || Answer::Foreign(OfferError::Redirected);
        let closed = || Answer::Closed(OfferError::Unauthorized);
        let down = || Answer::Closed(OfferError::Unavailable(503));
        for (answers, expected) in [
            (vec![], Ok(Offer::Nothing)),
            (vec![Answer::Nothing], Ok(Offer::Nothing)),
            (vec![page()], Err(OfferError::WebPage)),
            (vec![elsewhere(), page()], Err(OfferError::Redirected)),
            (vec![Answer::Nothing, page()], Ok(Offer::Nothing)),
            (vec![page(), Answer::Nothing], Ok(Offer::Nothing)),
            (
                vec![closed(), Answer::Nothing, page()],
                Err(OfferError::Unauthorized),
            ),
            (vec![page(), closed()], Err(OfferError::Unauthorized)),
            (
                vec![closed(), down(), Answer::Nothing],
                Err(OfferError::Unavailable(503)),
            ),
            (vec![down(), closed()], Err(OfferError::Unavailable(503))),
        ] {
            assert_eq!(conclude(answers.clone()), expected, "{answers:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_are_a_panic(bytes: Vec<u8>) {
            let is_provider = matches!(on_body(&bytes), Answer::Document(Ok(_)));
            prop_assert!(!is_provider);
        }
    }
}
