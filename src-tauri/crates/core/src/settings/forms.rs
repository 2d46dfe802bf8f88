//! How people write settings: each form is a serde visitor, and its mistakes are words for people.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use gloria_stream::{ProxyAddress, ProxyChoice};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::{self, Deserialize, DeserializeOwned, Deserializer as _, SeqAccess, Unexpected, Visitor};
use url::Url;

use super::mistake::Mistake;
use super::raw::Raw;
use crate::account::address::Address;
use crate::account::session::{Server, TokenFor};

/// Below this a client is an attack.
const MIN_DURATION: u64 = 100;

/// Above a day it is no client.
const MAX_DURATION: u64 = 86_400_000;

/// What serde makes of it, such as one of several words.
pub(super) fn plain<T: DeserializeOwned>(raw: &Raw) -> Result<T, Mistake> {
    T::deserialize(raw)
}

/// True or false, in the words that people use for them.
pub(super) fn switch(raw: &Raw) -> Result<bool, Mistake> {
    struct Switch;

    impl Visitor<'_> for Switch {
        type Value = bool;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("true or false")
        }

        fn visit_bool<E>(self, value: bool) -> Result<bool, E> {
            Ok(value)
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<bool, E> {
            match text.trim() {
                "true" | "1" | "on" | "yes" => Ok(true),
                "false" | "0" | "off" | "no" => Ok(false),
                _ => Err(E::invalid_value(Unexpected::Other("a text"), &self)),
            }
        }
    }

    raw.deserialize_any(Switch)
}

/// A whole number within limits.
pub(super) fn number(raw: &Raw, least: u32, most: u32) -> Result<u32, Mistake> {
    struct Whole {
        least: u32,
        most: u32,
    }

    impl Visitor<'_> for Whole {
        type Value = u32;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(out, "a whole number from {} to {}", self.least, self.most)
        }

        fn visit_i64<E: de::Error>(self, number: i64) -> Result<u32, E> {
            u32::try_from(number)
                .ok()
                .filter(|number| (self.least..=self.most).contains(number))
                .ok_or_else(|| E::invalid_value(Unexpected::Signed(number), &self))
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<u32, E> {
            match text.trim().parse() {
                Ok(number) => self.visit_i64(number),
                Err(_) => Err(E::invalid_value(Unexpected::Other("a text"), &self)),
            }
        }
    }

    raw.deserialize_any(Whole { least, most })
}

/// A number is milliseconds; a text may name the unit: `250ms`, `5s`, `2m`.
pub(super) fn duration(raw: &Raw) -> Result<Duration, Mistake> {
    struct Length;

    impl Length {
        fn within<E: de::Error>(self, millis: Option<u64>) -> Result<Duration, E> {
            millis
                .filter(|millis| (MIN_DURATION..=MAX_DURATION).contains(millis))
                .map(Duration::from_millis)
                .ok_or_else(|| E::invalid_value(Unexpected::Other("a length of time"), &self))
        }
    }

    impl Visitor<'_> for Length {
        type Value = Duration;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("a duration from 100ms to 1440m, such as 5000 (milliseconds) or \"5s\"")
        }

        fn visit_i64<E: de::Error>(self, millis: i64) -> Result<Duration, E> {
            self.within(u64::try_from(millis).ok())
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Duration, E> {
            let text = text.trim();
            let (digits, unit) =
                text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
            let factor = match unit.trim() {
                "" | "ms" => Some(1),
                "s" => Some(1000),
                "m" | "min" => Some(60_000),
                _ => None,
            };
            let number = digits.parse::<u64>().ok().zip(factor);
            self.within(number.and_then(|(number, factor)| number.checked_mul(factor)))
        }
    }

    raw.deserialize_any(Length)
}

/// Texts; in one text, such as a variable, with commas between them.
pub(super) fn list(raw: &Raw) -> Result<Vec<String>, Mistake> {
    struct Texts;

    impl<'de> Visitor<'de> for Texts {
        type Value = Vec<String>;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("a list of texts")
        }

        fn visit_str<E>(self, text: &str) -> Result<Vec<String>, E> {
            Ok(parts(text).collect())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Vec<String>, A::Error> {
            let mut texts = Vec::new();
            loop {
                match entries.next_element::<String>() {
                    Ok(Some(text)) => texts.push(text),
                    Ok(None) => return Ok(texts),
                    Err(_) => return Err(de::Error::invalid_type(Unexpected::Seq, &self)),
                }
            }
        }
    }

    raw.deserialize_any(Texts)
}

/// What stands between commas.
pub(super) fn parts(text: &str) -> impl Iterator<Item = String> {
    text.split(',')
        .map(|part| part.trim().to_owned())
        .filter(|part| !part.is_empty())
}

fn text(raw: &Raw) -> Result<String, Mistake> {
    String::deserialize(raw).map_err(|_| Mistake::should_be(&"a text in quotes"))
}

/// Where a file is.
pub(super) fn path(raw: &Raw) -> Result<PathBuf, Mistake> {
    match text(raw)?.trim() {
        "" => Err(Mistake::should_be(&"the path of a file")),
        path => Ok(path.into()),
    }
}

/// A password, which does not print.
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

/// The server's address, as people paste it.
pub(super) fn address(raw: &Raw, allow_plain_http: bool) -> Result<Address, Mistake> {
    Address::parse(&text(raw)?, allow_plain_http).map_err(|error| Mistake(error.to_string()))
}

/// The server that a token belongs to.
pub(super) fn token_for(raw: &Raw, allow_plain_http: bool) -> Result<TokenFor, Mistake> {
    let (address, _) =
        Address::of_stream(&text(raw)?, allow_plain_http).map_err(|error| Mistake(error.to_string()))?;
    Ok(TokenFor::Server(Server::of(&address)))
}

/// `system`, `none`, or a proxy's address.
pub(crate) fn proxy(raw: &Raw) -> Result<ProxyChoice, Mistake> {
    match text(raw)?.trim() {
        "system" => Ok(ProxyChoice::System),
        "none" => Ok(ProxyChoice::Direct),
        // The text may hold a password, so it is not repeated.
        address => ProxyAddress::parse(address)
            .map(ProxyChoice::Address)
            .map_err(|error| Mistake::should_be(&format!("system, none, or a proxy's address: {error}"))),
    }
}

/// A sign-in page stands in the way of plain http alone: over https there is nothing to be seen of it.
pub(super) fn probe_url(raw: &Raw) -> Result<Url, Mistake> {
    Url::parse(text(raw)?.trim())
        .ok()
        .filter(|url| url.scheme() == "http" && url.username().is_empty() && url.password().is_none())
        .ok_or_else(|| Mistake::should_be(&"an address such as http://gloria.example/generate_204"))
}

/// The numbers are for this machine alone: nobody signs in to read them.
pub(super) fn loopback(raw: &Raw) -> Result<SocketAddr, Mistake> {
    let address: SocketAddr = text(raw)?
        .trim()
        .parse()
        .map_err(|_| Mistake::should_be(&"an address with a port, such as 127.0.0.1:9464"))?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err(Mistake(format!(
            "{address} can be reached from other machines; it should be an address of this machine alone, such as \
             127.0.0.1:{}",
            address.port()
        )))
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

    #[test]
    fn what_is_wrong_is_said_in_words_and_never_repeats_the_value() {
        let words = |mistake: Result<(), Mistake>| mistake.unwrap_err().to_string();
        let secret = Raw::Text("s3cret".into());
        for (said, expected) in [
            (words(switch(&secret).map(drop)), "it should be true or false"),
            (
                words(switch(&Raw::Number(1)).map(drop)),
                "it should be true or false",
            ),
            (
                words(number(&secret, 1, 5).map(drop)),
                "it should be a whole number from 1 to 5",
            ),
            (
                words(number(&Raw::Number(9), 1, 5).map(drop)),
                "it should be a whole number from 1 to 5",
            ),
            (
                words(plain::<crate::protocol::Appearance>(&secret).map(drop)),
                "it should be one of: system, light, dark",
            ),
            (
                words(plain::<crate::protocol::Appearance>(&Raw::Switch(true)).map(drop)),
                "it should be one of: system, light, dark",
            ),
            (
                words(list(&Raw::List(vec![Raw::Number(3)])).map(drop)),
                "it should be a list of texts",
            ),
            (
                words(path(&Raw::Other("a date")).map(drop)),
                "it should be a text in quotes",
            ),
        ] {
            assert_eq!(said, expected);
        }
    }
}
