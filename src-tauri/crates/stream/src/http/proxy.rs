//! Chooses the proxy of a request, if any.

use std::fmt;
use std::net::IpAddr;

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use secrecy::{ExposeSecret as _, SecretString};
use url::{Host, Url};

/// Replaces a password when an address is printed.
const MASK: &str = "***";

/// The port of SOCKS proxies (RFC 1928, 3).
const SOCKS_PORT: u16 = 1080;

/// Which proxy to use.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ProxyChoice {
    /// The system's settings, overridden by `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`.
    #[default]
    System,
    /// No proxy.
    Direct,
    /// This proxy, except for this machine and for exempt hosts.
    Address(ProxyAddress),
}

/// The address of a proxy, with user name and password. `Debug` and `Display` mask the password.
#[derive(Clone)]
pub struct ProxyAddress {
    /// Without user name and password.
    url: Url,
    /// User name and password, percent-encoded as in an address, for Basic authentication (RFC 7617).
    user: String,
    password: Option<SecretString>,
}

/// Why a text is not the address of a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProxyAddressError {
    /// It is not an address.
    #[error("it should look like http://proxy.example:3128")]
    Malformed,
    /// Another scheme, such as `socks4`.
    #[error("only proxies whose address begins with http://, https:// or socks5:// are supported")]
    Scheme,
    /// It has a path, query or fragment, like the address of an automatic configuration script.
    #[error("a proxy's address ends after its port; instead of a PAC script, give the proxy that it names")]
    Extras,
}

impl ProxyAddress {
    /// Parses an address as typed; the default scheme is `http`.
    ///
    /// # Errors
    /// When it is not the address of an HTTP or SOCKS5 proxy.
    pub fn parse(text: &str) -> Result<Self, ProxyAddressError> {
        let text = text.trim();
        let text = if text.contains("://") {
            text.to_owned()
        } else {
            format!("http://{text}")
        };
        let mut url = Url::parse(&text).map_err(|_| ProxyAddressError::Malformed)?;
        match url.scheme() {
            "http" | "https" => {}
            "socks" | "socks5" | "socks5h" => {
                let port = url.port().unwrap_or(SOCKS_PORT);
                // They fail only for addresses without a host.
                if url.scheme() == "socks" && url.set_scheme("socks5").is_err()
                    || url.set_port(Some(port)).is_err()
                {
                    return Err(ProxyAddressError::Malformed);
                }
            }
            _ => return Err(ProxyAddressError::Scheme),
        }
        if !matches!(url.path(), "" | "/") || url.query().is_some() || url.fragment().is_some() {
            return Err(ProxyAddressError::Extras);
        }
        let user = url.username().to_owned();
        let password = url.password().map(SecretString::from);
        set_userinfo(&mut url, "", None);
        Ok(Self { url, user, password })
    }

    /// Takes the password of `other`, if the addresses differ only by a mask instead of the password.
    pub fn with_masked_password_of(mut self, other: &Self) -> Self {
        let masked = self
            .password
            .as_ref()
            .is_some_and(|password| password.expose_secret() == MASK);
        if masked && self.url == other.url && self.user == other.user {
            self.password.clone_from(&other.password);
        }
        self
    }

    /// Returns the address with its password.
    #[cfg(test)]
    fn exposed(&self) -> SecretString {
        self.full().as_str().trim_end_matches('/').to_owned().into()
    }

    /// Whether it has a user name.
    pub fn has_user(&self) -> bool {
        !self.user.is_empty()
    }

    /// Whether it has a password.
    pub fn has_password(&self) -> bool {
        self.password.is_some()
    }

    /// Returns the password, percent-encoded as in an address.
    pub fn password(&self) -> Option<&SecretString> {
        self.password.as_ref()
    }

    /// Replaces the password, percent-encoded as in an address.
    pub fn with_password(mut self, password: Option<SecretString>) -> Self {
        self.password = password;
        self
    }

    /// Returns host and port.
    pub fn authority(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        match self.url.port_or_known_default() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// Returns the address for reqwest. A SOCKS proxy resolves names itself, as for browsers, because only it may know
    /// the names behind it.
    fn asked(&self) -> Url {
        let mut url = self.full();
        if url.scheme() == "socks5" {
            // It fails only between special schemes (WHATWG URL) and others.
            let _ = url.set_scheme("socks5h");
        }
        url
    }

    fn full(&self) -> Url {
        let mut url = self.url.clone();
        let password = self.password.as_ref().map(|password| password.expose_secret());
        set_userinfo(&mut url, &self.user, password);
        url
    }
}

fn set_userinfo(url: &mut Url, user: &str, password: Option<&str>) {
    // Both fail only for addresses without a host, and http addresses have one.
    let _ = url.set_username(user);
    let _ = url.set_password(password);
}

impl PartialEq for ProxyAddress {
    fn eq(&self, other: &Self) -> bool {
        let secret = |address: &Self| {
            address
                .password
                .as_ref()
                .map(|password| password.expose_secret().to_owned())
        };
        (&self.url, &self.user) == (&other.url, &other.user) && secret(self) == secret(other)
    }
}

impl Eq for ProxyAddress {}

impl fmt::Display for ProxyAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut url = self.url.clone();
        set_userinfo(&mut url, &self.user, self.password.as_ref().map(|_| MASK));
        out.write_str(url.as_str().trim_end_matches('/'))
    }
}

impl fmt::Debug for ProxyAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "ProxyAddress({self})")
    }
}

/// Decides which proxy serves an address, from the choice and its exemptions.
#[derive(Debug, Clone)]
pub(super) struct ProxyRule {
    choice: ProxyChoice,
    exempt: String,
}

impl ProxyRule {
    /// `exempt` is in the format of `NO_PROXY`: names with their subdomains, addresses, networks, or `*`.
    pub(super) fn new(choice: &ProxyChoice, exempt: &[String]) -> Self {
        Self {
            choice: choice.clone(),
            exempt: exempt.join(","),
        }
    }

    /// Whether the system chooses.
    pub(super) fn is_systems(&self) -> bool {
        self.choice == ProxyChoice::System
    }

    /// Whether no proxy is used for this address.
    pub(super) fn is_direct(&self, url: &Url) -> bool {
        match &self.choice {
            ProxyChoice::Direct => true,
            // A proxy on another machine cannot reach this one. For the system's proxy, the system's own list of
            // exceptions takes precedence.
            ProxyChoice::Address(_) if is_this_machine(url) => true,
            ProxyChoice::System | ProxyChoice::Address(_) => {
                // Any proxy address works for querying the matcher that reqwest uses.
                let exempt = Matcher::builder()
                    .all("http://any.invalid")
                    .no(&self.exempt)
                    .build();
                uri(url).is_some_and(|uri| exempt.intercept(&uri).is_none())
            }
        }
    }

    /// Configures a client builder with the proxy.
    pub(super) fn apply(&self, builder: reqwest::ClientBuilder) -> reqwest::Result<reqwest::ClientBuilder> {
        Ok(match &self.choice {
            ProxyChoice::System => match socks_of(|name| std::env::var(name).ok()) {
                Some(address) => builder.proxy(reqwest::Proxy::all(address.asked())?),
                None => builder,
            },
            ProxyChoice::Direct => builder.no_proxy(),
            ProxyChoice::Address(address) => builder.proxy(reqwest::Proxy::all(address.asked())?),
        })
    }

    /// Returns host and port of the proxy for this address.
    pub(super) fn authority(&self, url: &Url) -> Option<String> {
        if self.is_direct(url) {
            return None;
        }
        match &self.choice {
            ProxyChoice::Direct => None,
            ProxyChoice::Address(address) => Some(address.authority()),
            ProxyChoice::System => {
                if let Some(address) = socks_of(|name| std::env::var(name).ok()) {
                    return Some(address.authority());
                }
                let found = Matcher::from_system().intercept(&uri(url)?)?;
                Some(found.uri().authority()?.to_string())
            }
        }
    }
}

/// Returns the SOCKS proxy that GNOME sets as `socks://` in the environment of its terminals. reqwest does not support
/// the scheme and would bypass the proxy.
fn socks_of(environment: impl Fn(&str) -> Option<String>) -> Option<ProxyAddress> {
    let get = |names: [&str; 2]| {
        names
            .into_iter()
            .find_map(&environment)
            .filter(|value| !value.is_empty())
    };
    let others = get(["HTTPS_PROXY", "https_proxy"]).or_else(|| get(["HTTP_PROXY", "http_proxy"]));
    let all =
        get(["ALL_PROXY", "all_proxy"]).filter(|all| others.is_none() && all.starts_with("socks://"))?;
    ProxyAddress::parse(&all).ok()
}

/// The address as the proxy rules expect it: a WebSocket's has `http` or `https`.
pub(super) fn uri(url: &Url) -> Option<Uri> {
    let scheme = match url.scheme() {
        "wss" | "https" => "https",
        _ => "http",
    };
    format!("{scheme}://{}/", url.host_str()?).parse().ok()
}

/// Whether this address is this computer. Servers that listen on all interfaces print `0.0.0.0` or `[::]`.
pub(super) fn is_this_machine(url: &Url) -> bool {
    let here = |address: IpAddr| address.is_loopback() || address.is_unspecified();
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => here(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => here(IpAddr::V6(address).to_canonical()),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<String, ProxyAddressError> {
        ProxyAddress::parse(text).map(|address| address.to_string())
    }

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_prints_without_its_password() {
        let address = ProxyAddress::parse(" http://anna:s3cret%40x@proxy.example:3128/ ").unwrap();
        assert_eq!(address.to_string(), "http://anna:***@proxy.example:3128");
        assert!(!format!("{address:?} {:?}", ProxyChoice::Address(address.clone())).contains("s3cret"));
        assert_eq!(
            address.exposed().expose_secret(),
            "http://anna:s3cret%40x@proxy.example:3128"
        );
        assert_eq!(address.authority(), "proxy.example:3128");
        assert_eq!(
            ProxyAddress::parse("https://proxy.example").unwrap().authority(),
            "proxy.example:443"
        );
    }

    #[test]
    fn a_socks_proxy_is_taken_by_its_names() {
        for (text, address, asked) in [
            (
                "socks5://proxy.example",
                "socks5://proxy.example:1080",
                "socks5h://proxy.example:1080",
            ),
            (
                "socks5h://proxy.example:9050/",
                "socks5h://proxy.example:9050",
                "socks5h://proxy.example:9050",
            ),
            ("socks://[::1]:1", "socks5://[::1]:1", "socks5h://[::1]:1"),
            (
                "socks5://anna:s3cret@10.0.0.1",
                "socks5://anna:***@10.0.0.1:1080",
                "socks5h://anna:s3cret@10.0.0.1:1080",
            ),
        ] {
            let parsed = ProxyAddress::parse(text).unwrap();
            assert_eq!(
                (
                    &*parsed.to_string(),
                    parsed.asked().as_str().trim_end_matches('/')
                ),
                (address, asked)
            );
        }
        assert_eq!(
            ProxyAddress::parse("socks5://a:b@p.example").unwrap().authority(),
            "p.example:1080"
        );
    }

    #[test]
    fn a_socks_proxy_of_the_environment_is_taken_as_gnome_names_it() {
        let of = |variables: &[(&str, &str)]| {
            let found = socks_of(|name| {
                let variable = variables.iter().find(|(variable, _)| *variable == name);
                variable.map(|(_, value)| (*value).to_owned())
            });
            found.map(|address| address.to_string())
        };
        let socks = Some("socks5://proxy.example:1081".to_owned());
        assert_eq!(of(&[("ALL_PROXY", "socks://proxy.example:1081/")]), socks);
        assert_eq!(
            of(&[("all_proxy", "socks://proxy.example:1081/"), ("https_proxy", "")]),
            socks
        );
        // These are read by reqwest itself.
        assert_eq!(of(&[("ALL_PROXY", "socks5://proxy.example:1081")]), None);
        let both = [
            ("all_proxy", "socks://proxy.example:1081"),
            ("HTTPS_PROXY", "http://other.example:3128"),
        ];
        assert_eq!(of(&both), None);
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn what_is_no_proxy_is_refused() {
        assert_eq!(
            parsed("proxy.example:3128"),
            Ok("http://proxy.example:3128".to_owned())
        );
        assert_eq!(parsed("socks4://proxy.example"), Err(ProxyAddressError::Scheme));
        assert_eq!(parsed("socks5://"), Err(ProxyAddressError::Malformed));
        assert_eq!(parsed("socks5://proxy.example/x"), Err(ProxyAddressError::Extras));
        assert_eq!(parsed("http://"), Err(ProxyAddressError::Malformed));
        assert_eq!(parsed(""), Err(ProxyAddressError::Malformed));
        assert_eq!(
            parsed("http://proxy.example/wpad.dat"),
            Err(ProxyAddressError::Extras)
        );
    }

    #[test]
    fn a_mask_stands_for_the_password_that_is_there_already() {
        let known = ProxyAddress::parse("http://anna:s3cret@proxy.example:3128").unwrap();
        let saved = |text: &str| ProxyAddress::parse(text).unwrap().with_masked_password_of(&known);
        assert_eq!(saved(&known.to_string()), known);
        assert_ne!(
            saved("http://anna:***@evil.example:3128")
                .exposed()
                .expose_secret(),
            known.exposed().expose_secret()
        );
        assert!(
            !saved("http://anna:***@evil.example:3128")
                .exposed()
                .expose_secret()
                .contains("s3cret")
        );
        assert!(
            !saved("http://bob:***@proxy.example:3128")
                .exposed()
                .expose_secret()
                .contains("s3cret")
        );
        assert!(
            saved("http://anna:new@proxy.example:3128")
                .exposed()
                .expose_secret()
                .contains("new")
        );
    }

    #[test]
    fn this_machine_and_the_exempt_are_asked_directly() {
        let address = ProxyChoice::Address(ProxyAddress::parse("proxy.example:3128").unwrap());
        let exempt = ["lab.example".to_owned(), "10.0.0.0/8".to_owned()];
        let rule = ProxyRule::new(&address, &exempt);
        for (text, direct) in [
            ("https://gloria.example/api", false),
            ("wss://gloria.example/api", false),
            ("https://lab.example/api", true),
            ("wss://a.lab.example/api", true),
            ("https://notlab.example/api", false),
            ("https://10.1.2.3/api", true),
            ("https://11.1.2.3/api", false),
            ("http://localhost:1/api", true),
            ("http://127.0.0.1:1/api", true),
            ("http://[::1]:1/api", true),
            ("http://[::ffff:127.0.0.1]:1/api", true),
            ("http://0.0.0.0:1/api", true),
            ("http://[::]:1/api", true),
            ("http://localhost.:1/api", true),
            ("http://gloria.localhost/api", true),
        ] {
            assert_eq!(rule.is_direct(&url(text)), direct, "{text}");
            let authority = (!direct).then(|| "proxy.example:3128".to_owned());
            assert_eq!(rule.authority(&url(text)), authority, "{text}");
        }
        let all = ProxyRule::new(&address, &["*".to_owned()]);
        assert!(all.is_direct(&url("https://gloria.example/api")));
        assert!(ProxyRule::new(&ProxyChoice::Direct, &[]).is_direct(&url("https://gloria.example/")));
    }
}
