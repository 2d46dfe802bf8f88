//! The redirect back to this computer: a response of the provider, or any other request to the listener.
//!
//! [`read`] interprets one request, [`pasted`] an address that the user copied from the browser; both are pure.
//! [`listener`] is the server, and [`page`] its pages.

use std::fmt;

use gloria_text::message::{self, Message};
use secrecy::SecretString;
use url::{Url, form_urlencoded};

use crate::foreign::shown;
use crate::pkce::is_same;
use crate::provider::Issuer;

mod listener;
mod page;

pub use self::listener::Progress;
pub(crate) use self::listener::{Arrival, Came, Listener, Shared, Verdict};
pub use self::page::Pages;

/// The path to which the provider redirects.
pub(crate) const PATH: &str = "/callback";

/// The path at which the browser ends, without secrets, because browsers keep it in their history.
const DONE: &str = "/done";

/// More than any code has: codes that are JWTs have a few kilobytes.
const MAX_CODE: usize = 6 << 10;

/// What the response to one sign-in must contain.
pub(crate) struct Expected {
    pub(crate) state: SecretString,
    pub(crate) issuer: Issuer,
    /// Whether the provider sends its issuer in each response (RFC 9207).
    pub(crate) names_issuer: bool,
}

/// Why the provider or the user refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthorizationError {
    /// The user cancelled, or may not use the application.
    AccessDenied,
    /// The requested scope is unknown.
    InvalidScope,
    /// The application may not use this flow.
    UnauthorizedClient,
    /// The provider is temporarily unavailable.
    Temporary,
    /// Another code.
    Other,
}

/// A refusal of the provider.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthorizationRefusal {
    /// Why.
    pub why: AuthorizationError,
    /// The provider's error code.
    pub code: String,
    /// The provider's description: untrusted text, one line of at most 200 characters.
    pub explanation: Option<String>,
}

impl fmt::Debug for AuthorizationRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the description, which may contain a name.
        out.debug_struct("AuthorizationRefusal")
            .field("why", &self.why)
            .field("code", &self.code)
            .finish_non_exhaustive()
    }
}

impl AuthorizationRefusal {
    fn new(code: &str, explanation: Option<&str>) -> Self {
        let why = match code {
            "access_denied" => AuthorizationError::AccessDenied,
            "invalid_scope" => AuthorizationError::InvalidScope,
            "unauthorized_client" => AuthorizationError::UnauthorizedClient,
            "server_error" | "temporarily_unavailable" => AuthorizationError::Temporary,
            _ => AuthorizationError::Other,
        };
        Self {
            why,
            code: shown(code),
            explanation: explanation.map(shown).filter(|text| !text.is_empty()),
        }
    }

    /// The refusal for users.
    pub fn message(&self) -> Message {
        match (self.why, &self.explanation) {
            (AuthorizationError::AccessDenied, _) => message::sign_in_denied(),
            (AuthorizationError::Temporary, _) => message::sign_in_provider_failed(),
            (
                AuthorizationError::InvalidScope
                | AuthorizationError::UnauthorizedClient
                | AuthorizationError::Other,
                Some(words),
            ) => message::sign_in_refused_because(&*self.code, &**words),
            (
                AuthorizationError::InvalidScope
                | AuthorizationError::UnauthorizedClient
                | AuthorizationError::Other,
                None,
            ) => message::sign_in_refused(&*self.code),
        }
    }
}

/// What a request means to a waiting sign-in.
#[derive(Debug)]
pub(crate) enum Knock {
    /// The provider's response, with the code.
    Ours(SecretString),
    /// The provider's refusal.
    Refused(AuthorizationRefusal),
    /// A response with our state, but from another provider: a mix-up attack (RFC 9207).
    OtherIssuer,
    /// An error without a state: the provider lost the request on the way to its sign-in page, as Clerk does.
    Forgotten,
    /// Any other request. Its sender does not know the state, so the sign-in continues.
    NotOurs,
}

/// Interprets a request target, which begins with a slash.
pub(crate) fn read(target: &str, expected: &Expected) -> Knock {
    match target.split_once('?') {
        Some((PATH, query)) => on_query(query, expected),
        Some(_) | None => Knock::NotOurs,
    }
}

/// Interprets an address that the user copied from the browser, with or without `http://`. `None` if it is none.
pub(crate) fn pasted(text: &str, expected: &Expected) -> Option<Knock> {
    let is_around = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`' | '\u{feff}');
    let text = text.trim_matches(is_around);
    let url = Url::parse(text)
        .ok()
        .filter(Url::has_host)
        .or_else(|| Url::parse(&format!("http://{text}")).ok())?;
    let query = url.query()?;
    Some(match url.path() {
        PATH => on_query(query, expected),
        _ => Knock::NotOurs,
    })
}

fn on_query(query: &str, expected: &Expected) -> Knock {
    let Some(fields) = Fields::read(query) else {
        return Knock::NotOurs;
    };
    match &fields.state {
        Some(state) if is_same(&expected.state, state) => {}
        // Anybody could send this, so it is only a hint, and the sign-in continues.
        None if fields.error.is_some() => return Knock::Forgotten,
        Some(state) if state.is_empty() && fields.error.is_some() => return Knock::Forgotten,
        Some(_) | None => return Knock::NotOurs,
    }
    let is_of_issuer = match &fields.issuer {
        Some(issuer) => issuer == expected.issuer.as_str(),
        None => !expected.names_issuer,
    };
    if !is_of_issuer {
        return Knock::OtherIssuer;
    }
    match (fields.code, fields.error) {
        (Some(code), None) if !code.is_empty() && code.len() <= MAX_CODE => Knock::Ours(code.into()),
        (None, Some(code)) => Knock::Refused(AuthorizationRefusal::new(&code, fields.explanation.as_deref())),
        (_, _) => Knock::NotOurs,
    }
}

/// The parameters of a response, each at most once.
#[derive(Default)]
struct Fields {
    state: Option<String>,
    code: Option<String>,
    issuer: Option<String>,
    error: Option<String>,
    explanation: Option<String>,
}

impl Fields {
    /// `None` if one is repeated, which providers do not do (RFC 6749, 3.1).
    fn read(query: &str) -> Option<Self> {
        let mut fields = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let field = match &*name {
                "state" => &mut fields.state,
                "code" => &mut fields.code,
                "iss" => &mut fields.issuer,
                "error" => &mut fields.error,
                "error_description" => &mut fields.explanation,
                _ => continue,
            };
            if field.replace(value.into_owned()).is_some() {
                return None;
            }
        }
        Some(fields)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    use super::*;

    const STATE: &str = "s-1";

    fn expected(names_issuer: bool) -> Expected {
        Expected {
            state: STATE.into(),
            issuer: Issuer::parse("https://id.example").unwrap(),
            names_issuer,
        }
    }

    /// In short: what a request is.
    fn kind(knock: &Knock) -> String {
        match knock {
            Knock::Ours(code) => format!("code {}", code.expose_secret()),
            Knock::Refused(refusal) => format!("refused {:?} {:?}", refusal.why, refusal.explanation),
            Knock::OtherIssuer => "other issuer".to_owned(),
            Knock::Forgotten => "forgotten".to_owned(),
            Knock::NotOurs => "not ours".to_owned(),
        }
    }

    #[test]
    fn only_the_right_state_at_the_right_place_is_ours() {
        for (target, what) in [
            ("/callback?code=c&state=s-1", "code c"),
            ("/callback?state=s-1&code=a%2Bb&session_state=x", "code a+b"),
            (
                "/callback?code=c&state=s-1&iss=https%3A%2F%2Fid.example",
                "code c",
            ),
            // Another place.
            ("/callback", "not ours"),
            ("/callback/?code=c&state=s-1", "not ours"),
            ("/Callback?code=c&state=s-1", "not ours"),
            ("//callback?code=c&state=s-1", "not ours"),
            ("/?code=c&state=s-1", "not ours"),
            // Another state, or none.
            ("/callback?code=c", "not ours"),
            ("/callback?code=c&state=", "not ours"),
            ("/callback?code=c&state=s-2", "not ours"),
            ("/callback?code=c&state=s-1%00", "not ours"),
            ("/callback?code=c&State=s-1", "not ours"),
            ("/callback?error=access_denied&state=s-2", "not ours"),
            // A parameter twice.
            ("/callback?code=c&code=d&state=s-1", "not ours"),
            ("/callback?code=c&state=s-1&state=s-1", "not ours"),
            ("/callback?code=c&state=s-2&state=s-1", "not ours"),
            (
                "/callback?code=c&state=s-1&iss=https://id.example&iss=x",
                "not ours",
            ),
            // Neither a code nor an error, or both.
            ("/callback?state=s-1", "not ours"),
            ("/callback?code=&state=s-1", "not ours"),
            ("/callback?code=c&error=x&state=s-1", "not ours"),
            // The provider lost the request.
            ("/callback?error=unsupported_response_type&state=", "forgotten"),
            ("/callback?error=unsupported_response_type", "forgotten"),
        ] {
            assert_eq!(kind(&read(target, &expected(false))), what, "{target}");
        }
        let long = format!("/callback?state=s-1&code={}", "a".repeat(MAX_CODE + 1));
        assert_eq!(kind(&read(&long, &expected(false))), "not ours");
    }

    #[test]
    fn an_answer_is_of_the_provider_that_was_asked() {
        for (iss, names, what) in [
            ("", false, "code c"),
            ("", true, "other issuer"),
            ("&iss=https%3A%2F%2Fid.example", true, "code c"),
            ("&iss=https%3A%2F%2Fid.example%2F", false, "other issuer"),
            ("&iss=https://evil.example", false, "other issuer"),
            ("&iss=", false, "other issuer"),
        ] {
            let target = format!("/callback?code=c&state=s-1{iss}");
            assert_eq!(kind(&read(&target, &expected(names))), what, "{target}");
            let error = format!("/callback?error=access_denied&state=s-1{iss}");
            let what = what.replace("code c", "refused AccessDenied None");
            assert_eq!(kind(&read(&error, &expected(names))), what, "{error}");
        }
    }

    #[test]
    fn a_refusal_is_read_and_its_words_are_text_of_limited_length() {
        for (code, why) in [
            ("access_denied", AuthorizationError::AccessDenied),
            ("invalid_scope", AuthorizationError::InvalidScope),
            ("unauthorized_client", AuthorizationError::UnauthorizedClient),
            ("server_error", AuthorizationError::Temporary),
            ("temporarily_unavailable", AuthorizationError::Temporary),
            ("login_required", AuthorizationError::Other),
            ("", AuthorizationError::Other),
        ] {
            assert_eq!(AuthorizationRefusal::new(code, None).why, why);
        }
        let words = AuthorizationRefusal::new("x", Some("<b>no</b>\r\n\u{202e}\u{0}now ")).explanation;
        assert_eq!(words.as_deref(), Some("<b>no</b>  now"));
        let long = AuthorizationRefusal::new("x", Some(&"ä".repeat(300)));
        assert_eq!(long.explanation.as_ref().unwrap().chars().count(), 200);
        assert!(!format!("{long:?}").contains('ä'));
        assert_eq!(AuthorizationRefusal::new("x", Some(" \n")).explanation, None);
    }

    #[test]
    fn an_address_is_read_as_people_copy_it() {
        for text in [
            "http://127.0.0.1:21947/callback?code=c&state=s-1",
            " \"http://127.0.0.1:21947/callback?code=c&state=s-1\"\n",
            "<http://127.0.0.1:21947/callback?code=c&state=s-1>",
            "127.0.0.1:21947/callback?code=c&state=s-1",
            "localhost:21947/callback?code=c&state=s-1#",
            "http://[::1]:9/callback?code=c&state=s-1",
        ] {
            let knock = pasted(text, &expected(false)).unwrap();
            assert_eq!(kind(&knock), "code c", "{text}");
        }
        let other = "http://127.0.0.1/callback?code=c&state=s-2";
        assert_eq!(kind(&pasted(other, &expected(false)).unwrap()), "not ours");
        let elsewhere = "https://id.example/login?state=s-1&code=c";
        assert_eq!(kind(&pasted(elsewhere, &expected(false)).unwrap()), "not ours");
        for none in ["", "code", "http://", "http://127.0.0.1/callback", "a b?c"] {
            assert!(pasted(none, &expected(false)).is_none(), "{none}");
        }
    }

    proptest! {
        #[test]
        fn no_request_without_the_state_ends_a_sign_in(target in "\\PC{0,80}", names: bool) {
            prop_assume!(!target.contains(STATE));
            for target in [target.clone(), format!("/callback?{target}")] {
                let knock = read(&target, &expected(names));
                prop_assert!(matches!(knock, Knock::NotOurs | Knock::Forgotten), "{target}");
            }
            let knock = pasted(&target, &expected(names));
            prop_assert!(matches!(knock, None | Some(Knock::NotOurs | Knock::Forgotten)));
        }

        #[test]
        fn a_code_is_handed_on_as_it_is(code in "[ -~]{1,60}") {
            let query = form_urlencoded::Serializer::new(String::new())
                .extend_pairs([("code", code.as_str()), ("state", STATE)])
                .finish();
            let knock = read(&format!("/callback?{query}"), &expected(false));
            prop_assert_eq!(kind(&knock), format!("code {}", code));
        }
    }
}
