//! Parses settings as users write them: each function returns a value, or what the value should look like.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use gloria_sign_in::Issuer;
use gloria_stream::{ProxyAddress, ProxyChoice};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use serde::de::value::StrDeserializer;
use url::Url;

use super::mistake::Mistake;
use super::raw::Raw;
use crate::account::address::{Address, is_this_machine};
use crate::account::session::{Server, TokenFor};
use crate::inbox::CategoryLimit;
use crate::ports::CommandLine;
use crate::release::ReleaseKey;
use crate::shared;

/// In milliseconds. A client with a shorter interval would overload the server. The text of the mistake contains both
/// limits, and a test compares them.
const MIN_DURATION: u64 = 100;

/// In milliseconds. Beyond a day, a client would no longer react.
const MAX_DURATION: u64 = 86_400_000;

/// Below this only administrators may listen.
const MIN_PORT: u32 = 1024;

/// Parses a variant of an enum through serde.
pub(super) fn word<T: DeserializeOwned>(raw: &Raw) -> Result<T, Mistake> {
    // An empty text, which also replaces other types here, matches no variant.
    T::deserialize(StrDeserializer::<Mistake>::new(
        raw.as_text().unwrap_or_default().trim(),
    ))
}

/// Parses a boolean, in the common notations.
pub(super) fn boolean(raw: &Raw) -> Result<bool, Mistake> {
    match raw {
        Raw::Boolean(value) => Ok(*value),
        Raw::Text(text) => match text.trim() {
            "true" | "1" | "on" | "yes" => Ok(true),
            "false" | "0" | "off" | "no" => Ok(false),
            _ => Err(Mistake::NotBoolean),
        },
        Raw::Integer(_) | Raw::List(_) | Raw::Unsupported => Err(Mistake::NotBoolean),
    }
}

/// Parses a whole number within limits.
pub(super) fn whole_number(raw: &Raw, least: u32, most: u32) -> Result<u32, Mistake> {
    let number = match raw {
        Raw::Integer(number) => u32::try_from(*number).ok(),
        Raw::Text(text) => text.trim().parse().ok(),
        Raw::Boolean(_) | Raw::List(_) | Raw::Unsupported => None,
    };
    number
        .filter(|number| (least..=most).contains(number))
        .ok_or(Mistake::NotWholeNumber { least, most })
}

/// Parses a duration: a number is milliseconds; a text may have a unit: `250ms`, `5s`, `2m`.
pub(super) fn duration(raw: &Raw) -> Result<Duration, Mistake> {
    let millis = match raw {
        Raw::Integer(millis) => u64::try_from(*millis).ok(),
        Raw::Text(text) => millis(text.trim()),
        Raw::Boolean(_) | Raw::List(_) | Raw::Unsupported => None,
    };
    millis
        .filter(|millis| (MIN_DURATION..=MAX_DURATION).contains(millis))
        .map(Duration::from_millis)
        .ok_or(Mistake::NotDuration)
}

fn millis(text: &str) -> Option<u64> {
    let (digits, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let factor = match unit.trim() {
        "" | "ms" => 1,
        "s" => 1000,
        "m" | "min" => 60_000,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

/// Parses a list of texts, or a single text, such as a variable, with commas between them.
pub(super) fn list(raw: &Raw) -> Result<Vec<String>, Mistake> {
    match raw {
        Raw::Text(text) => Ok(parts(text).collect()),
        Raw::List(values) => {
            let texts = values.iter().map(|value| value.as_text().map(str::to_owned));
            texts.collect::<Option<_>>().ok_or(Mistake::NotList)
        }
        Raw::Integer(_) | Raw::Boolean(_) | Raw::Unsupported => Err(Mistake::NotList),
    }
}

/// Parses limits of categories, such as `payroll: 3650 days` and `builds: 500 items`.
pub(super) fn category_limits(raw: &Raw) -> Result<Vec<CategoryLimit>, Mistake> {
    let limits = list(raw)?;
    let limits = limits.iter().map(|limit| CategoryLimit::parse(limit));
    limits.collect::<Option<_>>().ok_or(Mistake::NotCategoryLimits)
}

/// Parses a program with its arguments: a list, or its JSON in one text, such as a variable. Nothing splits a text at
/// spaces or commas, because an argument may contain them.
pub(super) fn command(raw: &Raw) -> Result<CommandLine, Mistake> {
    let words = match raw {
        Raw::Text(text) => serde_json::from_str(text).map_err(|_| Mistake::NotCommand)?,
        Raw::List(_) => list(raw).map_err(|_| Mistake::NotCommand)?,
        Raw::Integer(_) | Raw::Boolean(_) | Raw::Unsupported => return Err(Mistake::NotCommand),
    };
    CommandLine::new(&words).ok_or(Mistake::NotCommand)
}

/// Splits a text at commas.
pub(super) fn parts(text: &str) -> impl Iterator<Item = String> {
    text.split(',')
        .map(|part| part.trim().to_owned())
        .filter(|part| !part.is_empty())
}

fn text(raw: &Raw) -> Result<&str, Mistake> {
    raw.as_text().ok_or(Mistake::NotText)
}

/// Parses the path of a file.
pub(super) fn path(raw: &Raw) -> Result<PathBuf, Mistake> {
    match text(raw)?.trim() {
        "" => Err(Mistake::NotPath),
        path => Ok(path.into()),
    }
}

/// Parses the path of a file for collectors, which read only files of this ending. It is a full path, because the
/// folder in which the app starts is not the user's choice.
pub(super) fn textfile(raw: &Raw) -> Result<PathBuf, Mistake> {
    path(raw)
        .ok()
        .filter(|path| path.is_absolute() && path.file_name().is_some_and(shared::is_collected))
        .ok_or(Mistake::NotTextfile)
}

/// The issuer of a provider, byte by byte.
pub(super) fn issuer(raw: &Raw) -> Result<Issuer, Mistake> {
    Issuer::parse(text(raw)?).map_err(Mistake::NotIssuer)
}

/// A text with something in it.
pub(super) fn nonempty(raw: &Raw) -> Result<String, Mistake> {
    match text(raw)?.trim() {
        "" => Err(Mistake::NotText),
        text => Ok(text.to_owned()),
    }
}

/// Ports; in one text with commas between them.
pub(super) fn ports(raw: &Raw) -> Result<Vec<u16>, Mistake> {
    let port = |raw: &Raw| {
        let number = whole_number(raw, MIN_PORT, u32::from(u16::MAX))?;
        u16::try_from(number).map_err(|_| Mistake::NotText)
    };
    match raw {
        Raw::Text(text) => parts(text).map(|part| port(&Raw::Text(part))).collect(),
        Raw::List(values) => values.iter().map(port).collect(),
        Raw::Integer(_) => Ok(vec![port(raw)?]),
        Raw::Boolean(_) | Raw::Unsupported => Err(Mistake::NotList),
    }
}

/// A password, which is not printed.
#[derive(Debug, Clone)]
pub struct Password(pub(super) SecretString);

impl PartialEq for Password {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

pub(super) fn password(raw: &Raw) -> Result<Password, Mistake> {
    Ok(Password(text(raw)?.into()))
}

/// Parses the server's address as users paste it.
pub(super) fn address(raw: &Raw, allow_plain_http: bool) -> Result<Address, Mistake> {
    Ok(Address::parse(text(raw)?, allow_plain_http)?)
}

/// Parses the server that a token belongs to.
pub(super) fn token_for(raw: &Raw, allow_plain_http: bool) -> Result<TokenFor, Mistake> {
    let (address, _) = Address::of_stream(text(raw)?, allow_plain_http)?;
    Ok(TokenFor::Server(Server::of(&address)))
}

/// Parses `system`, `none`, or a proxy's address.
pub(crate) fn proxy(raw: &Raw) -> Result<ProxyChoice, Mistake> {
    match text(raw)?.trim() {
        "system" => Ok(ProxyChoice::System),
        "none" => Ok(ProxyChoice::Direct),
        address => ProxyAddress::parse(address)
            .map(ProxyChoice::Address)
            .map_err(Mistake::NotProxy),
    }
}

/// Parses the address for detecting a network's sign-in page. It must be plain http, because https hides such a page.
pub(super) fn probe_url(raw: &Raw) -> Result<Url, Mistake> {
    Url::parse(text(raw)?.trim())
        .ok()
        .filter(|url| url.scheme() == "http" && url.username().is_empty() && url.password().is_none())
        .ok_or(Mistake::NotProbeUrl)
}

/// Parses the folder of the manifests of versions: over https, except on this machine. A query would be lost where the
/// name of a file is added.
pub(super) fn release_url(raw: &Raw) -> Result<Url, Mistake> {
    Url::parse(text(raw)?.trim())
        .ok()
        .filter(|url| url.scheme() == "https" || url.scheme() == "http" && is_this_machine(url))
        .filter(|url| url.username().is_empty() && url.password().is_none())
        .filter(|url| url.query().is_none() && url.fragment().is_none())
        .ok_or(Mistake::NotReleaseUrl)
}

/// Parses the public key of those manifests.
pub(super) fn release_key(raw: &Raw) -> Result<ReleaseKey, Mistake> {
    ReleaseKey::parse(text(raw)?).map_err(|_| Mistake::NotReleaseKey)
}

/// Parses the address of the metrics endpoint. It must be a loopback address, because reading it requires no sign-in.
pub(super) fn loopback(raw: &Raw) -> Result<SocketAddr, Mistake> {
    let address: SocketAddr = text(raw)?.trim().parse().map_err(|_| Mistake::NotSocketAddress)?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err(Mistake::NotLoopback { port: address.port() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_milliseconds_unless_they_name_a_unit() {
        let of = |text: &str| duration(&Raw::Text(text.into())).ok();
        assert_eq!(of("5000"), Some(Duration::from_secs(5)));
        assert_eq!(of("5s"), Some(Duration::from_secs(5)));
        assert_eq!(of("2 min"), Some(Duration::from_secs(120)));
        assert_eq!(
            (of("0"), of("-5"), of("5 weeks"), of("99999999999999999999s")),
            (None, None, None, None)
        );
    }
}
