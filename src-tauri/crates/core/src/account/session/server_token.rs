//! A token that is bound to its server.

use std::fmt;

use thiserror::Error;
use url::Origin;

use crate::account::address::Address;
use crate::message::{self, Message};
use crate::token::{Token, TokenError};

/// The server of a token: scheme, host and port. `wss` is the same as `https`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server(Origin);

impl Server {
    /// The server of an address.
    pub fn of(address: &Address) -> Self {
        Self(address.origin())
    }
}

impl fmt::Display for Server {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0.ascii_serialization())
    }
}

/// A token bound to its server. It is only available for that server, so that a forgotten comparison cannot send it to
/// another one.
#[derive(Debug, Clone)]
pub struct ServerToken {
    server: Server,
    token: Token,
}

impl ServerToken {
    /// Binds a token to the server that it was given for.
    pub fn new(server: Server, token: Token) -> Self {
        Self { server, token }
    }

    /// The token, if it belongs to this server.
    pub fn for_server(&self, server: &Server) -> Option<&Token> {
        (self.server == *server).then_some(&self.token)
    }

    /// The server that it belongs to, for messages.
    pub fn server(&self) -> &Server {
        &self.server
    }
}

/// The server that the environment's token belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum TokenFor {
    /// The server whose address is set.
    #[default]
    Address,
    /// This server.
    Server(Server),
    /// An invalid value was set.
    Unclear,
}

/// Why the token of the environment is not used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EnvironmentTokenError {
    /// It is not a valid token.
    #[error(transparent)]
    Malformed(#[from] TokenError),
    /// Its server is not known.
    #[error(
        "it is not clear which server it is for; set GLORIA_API_URL, or GLORIA_TOKEN_FOR to the server's address"
    )]
    NoServer,
}

impl EnvironmentTokenError {
    /// The message for the user.
    pub fn message(&self) -> Message {
        match self {
            Self::Malformed(error) => error.message(),
            Self::NoServer => message::token_without_server(),
        }
    }
}

/// `GLORIA_TOKEN`, bound to the server that `GLORIA_TOKEN_FOR` names, or else to the one whose address is set.
///
/// # Errors
/// When it is not a valid token, or its server is not known.
pub fn environment_token(
    environment: impl Fn(&str) -> Option<String>,
    token_for: &TokenFor,
    address: Option<&Address>,
) -> Result<Option<ServerToken>, EnvironmentTokenError> {
    let Some(text) = environment("GLORIA_TOKEN").filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let token = Token::parse(&text)?;
    let server = match token_for {
        TokenFor::Server(server) => Some(server.clone()),
        TokenFor::Address => address.map(Server::of),
        TokenFor::Unclear => None,
    };
    let server = server.ok_or(EnvironmentTokenError::NoServer)?;
    Ok(Some(ServerToken::new(server, token)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::settings::{Layers, Managed, Settings};

    fn token() -> Token {
        Token::parse("s3cret").unwrap()
    }

    fn addresses() -> impl Strategy<Value = String> {
        let schemes = prop::sample::select(vec!["https", "wss", "http", "ws"]);
        let hosts = prop::sample::select(vec![
            "gloria.example",
            "GLORIA.example",
            "gloria.example.evil.test",
            "xn--glria-kye.example",
            "localhost",
            "127.0.0.1",
            "[::1]",
        ]);
        let ports = prop::sample::select(vec!["", ":443", ":80", ":8443"]);
        let paths = prop::sample::select(vec!["", "/", "/api/v1", "/api/v1/sse", "/other"]);
        (schemes, hosts, ports, paths)
            .prop_map(|(scheme, host, port, path)| format!("{scheme}://{host}{port}{path}"))
    }

    /// Scheme, host and port as a browser would compare them.
    fn site(address: &str) -> (bool, String, u16) {
        let (scheme, rest) = address.split_once("://").unwrap();
        let secure = matches!(scheme, "https" | "wss");
        let authority = rest.split('/').next().unwrap().to_lowercase();
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host.to_owned(), port.parse().unwrap()),
            _ => (authority, if secure { 443 } else { 80 }),
        };
        (secure, host, port)
    }

    proptest! {
        #[test]
        fn a_token_comes_out_for_its_own_server_alone(bound in addresses(), asked in addresses()) {
            let server = |text: &str| Server::of(&Address::parse(text, true).unwrap());
            let own = ServerToken::new(server(&bound), token());
            prop_assert_eq!(own.for_server(&server(&asked)).is_some(), site(&bound) == site(&asked));
        }
    }

    /// Whether the token is available for this address, or why there is none.
    fn given(file: &str, variables: &[(&str, &str)], asked: &str) -> Result<bool, EnvironmentTokenError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        std::fs::write(&path, file).unwrap();
        let environment = |name: &str| {
            let all = [("GLORIA_TOKEN", "s3cret")];
            let mut variables = all.iter().chain(variables);
            variables
                .find(|(variable, _)| *variable == name)
                .map(|(_, value)| (*value).to_owned())
        };
        let settings = Settings::resolve(&Layers::read(&path, &Managed::default()), environment).settings;
        let asked = Server::of(&Address::parse(asked, true).unwrap());
        let given = environment_token(environment, &settings.token_for, settings.address.as_ref())?;
        Ok(given.is_some_and(|own| own.for_server(&asked).is_some()))
    }

    #[test]
    fn the_environments_token_belongs_to_the_address_that_is_set_or_to_the_one_named_for_it() {
        const FILE: &str = "[api]\nurl = \"https://a.example\"\n";
        const NAMED: &str = "[api]\nurl = \"https://b.example\"\n[auth]\ntoken_for = \"https://a.example\"\n";
        let no_server = Err(EnvironmentTokenError::NoServer);
        for (file, variables, asked, wanted) in [
            (FILE, &[][..], "https://a.example/api", Ok(true)),
            (FILE, &[], "https://b.example", Ok(false)),
            (
                FILE,
                &[("GLORIA_API_URL", "https://b.example")],
                "https://b.example",
                Ok(true),
            ),
            (
                FILE,
                &[("GLORIA_API_URL", "https://b.example")],
                "https://a.example",
                Ok(false),
            ),
            (
                FILE,
                &[("GLORIA_TOKEN_FOR", "wss://c.example/ws")],
                "https://c.example",
                Ok(true),
            ),
            (
                FILE,
                &[("GLORIA_TOKEN_FOR", "https://c.example")],
                "https://a.example",
                Ok(false),
            ),
            (
                FILE,
                &[("GLORIA_TOKEN_FOR", "no address")],
                "https://a.example",
                no_server.clone(),
            ),
            (NAMED, &[], "https://a.example", Ok(true)),
            (NAMED, &[], "https://b.example", Ok(false)),
            (
                NAMED,
                &[("GLORIA_API_URL", "https://c.example")],
                "https://c.example",
                Ok(true),
            ),
            (
                NAMED,
                &[("GLORIA_API_URL", "https://c.example")],
                "https://a.example",
                Ok(false),
            ),
            ("", &[], "https://a.example", no_server.clone()),
            (
                "[api]\nurl = \"nonsense at all\"\n",
                &[],
                "https://a.example",
                no_server,
            ),
        ] {
            assert_eq!(
                given(file, variables, asked),
                wanted,
                "{file:?} {variables:?} {asked}"
            );
        }
    }

    #[test]
    fn it_never_prints() {
        let server = Server::of(&Address::parse("https://a.example", false).unwrap());
        assert!(!format!("{:?}", ServerToken::new(server, token())).contains("s3cret"));
    }
}
