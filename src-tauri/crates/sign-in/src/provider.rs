//! The configured provider, and the application's id there.

use std::fmt;
use std::net::IpAddr;

use gloria_text::message::{self, Message};
use url::{Host, Url};

/// A provider's issuer identifier: an address that is compared byte for byte (OpenID Connect Core, 2).
#[derive(Debug, Clone)]
pub struct Issuer {
    text: String,
    url: Url,
}

/// Why a text is not an issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// It is not an address.
    #[error("the issuer is no address")]
    Malformed,
    /// It is neither https nor on this computer.
    #[error("the issuer is not https")]
    NotSecure,
    /// It has a query, a fragment or a user name.
    #[error("the issuer has a query, a fragment or a user name")]
    Extras,
}

impl IssuerError {
    /// The error for users.
    pub fn message(self) -> Message {
        match self {
            Self::Malformed => message::sign_in_issuer_malformed(),
            Self::NotSecure => message::sign_in_issuer_insecure(),
            Self::Extras => message::sign_in_issuer_extras(),
        }
    }
}

impl Issuer {
    /// Parses an issuer. White space around it is ignored; every other byte matters.
    ///
    /// # Errors
    /// When it is not an https address, or has a query, a fragment or a user name.
    pub fn parse(text: &str) -> Result<Self, IssuerError> {
        let text = text.trim();
        let url = Url::parse(text).map_err(|_| IssuerError::Malformed)?;
        if !url.has_host() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(IssuerError::Malformed);
        }
        if !is_secure(&url) {
            return Err(IssuerError::NotSecure);
        }
        if has_extras(&url) || url.query().is_some() {
            return Err(IssuerError::Extras);
        }
        Ok(Self {
            text: text.to_owned(),
            url,
        })
    }

    /// As configured.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The issuer as an address.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The host to show before the user signs in, with the port unless it is the default one.
    pub fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        match self.url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }
}

impl PartialEq for Issuer {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Issuer {}

impl fmt::Display for Issuer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

/// A provider and the application's id there, from the settings or from the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// The provider.
    pub issuer: Issuer,
    /// The application's id, which is not a secret.
    pub client_id: String,
    /// The requested scopes, separated by spaces.
    pub scopes: String,
    /// The `prompt` of each sign-in. Some providers issue no refresh token without `consent` (OpenID Connect Core, 11).
    pub prompt: Option<String>,
    /// The `resource` of the tokens (RFC 8707), if the provider needs it.
    pub resource: Option<String>,
    /// The `audience` of the tokens, if the provider needs that instead.
    pub audience: Option<String>,
}

impl Provider {
    /// The scopes for the user's identity and a refresh token.
    pub const SCOPES: &'static str = "openid profile email offline_access";

    /// A provider with the default scopes.
    pub fn new(issuer: Issuer, client_id: impl Into<String>) -> Self {
        Self {
            issuer,
            client_id: client_id.into(),
            scopes: Self::SCOPES.to_owned(),
            prompt: None,
            resource: None,
            audience: None,
        }
    }
}

/// Whether requests there are protected: https, or plain http on this computer.
pub(crate) fn is_secure(url: &Url) -> bool {
    let here = |address: IpAddr| address.is_loopback();
    match (url.scheme(), url.host()) {
        ("https", Some(_)) => true,
        ("http", Some(Host::Ipv4(address))) => here(address.into()),
        ("http", Some(Host::Ipv6(address))) => here(address.into()),
        ("http", Some(Host::Domain(name))) => name == "localhost" || name.ends_with(".localhost"),
        _ => false,
    }
}

/// Whether an address has parts that endpoints do not have.
pub(crate) fn has_extras(url: &Url) -> bool {
    url.fragment().is_some() || !url.username().is_empty() || url.password().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_https_or_this_machine_and_keeps_its_bytes() {
        for issuer in [
            "https://id.example",
            "https://id.example/",
            "https://ID.example/realms/Gloria",
            "https://id.example:8443/a/",
            "http://127.0.0.1:8080",
            "http://[::1]:8080/x",
            "http://localhost:3000",
        ] {
            assert_eq!(Issuer::parse(issuer).unwrap().as_str(), issuer);
        }
        for (issuer, error) in [
            ("", IssuerError::Malformed),
            ("id.example", IssuerError::Malformed),
            ("https://id.example/a b", IssuerError::Malformed),
            ("https://id.exämple/", IssuerError::Malformed),
            ("http://id.example", IssuerError::NotSecure),
            ("http://127.0.0.1.id.example", IssuerError::NotSecure),
            ("http://10.0.0.1", IssuerError::NotSecure),
            ("ftp://id.example", IssuerError::NotSecure),
            ("https://id.example?x", IssuerError::Extras),
            ("https://id.example#x", IssuerError::Extras),
            ("https://a:b@id.example", IssuerError::Extras),
        ] {
            assert_eq!(Issuer::parse(issuer).unwrap_err(), error, "{issuer}");
        }
    }

    #[test]
    fn one_byte_makes_another_issuer() {
        let issuer = |text| Issuer::parse(text).unwrap();
        assert_ne!(issuer("https://id.example"), issuer("https://id.example/"));
        assert_ne!(issuer("https://id.example"), issuer("https://ID.example"));
        assert_eq!(issuer(" https://id.example\n"), issuer("https://id.example"));
        assert_eq!(issuer("https://id.example/a").host(), "id.example");
        assert_eq!(issuer("http://127.0.0.1:81").host(), "127.0.0.1:81");
    }
}
