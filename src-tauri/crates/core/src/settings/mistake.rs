//! What is wrong with a value, as a code that describes the expected format. It never contains the value itself, which
//! may be a password.

use std::fmt;

use gloria_sign_in::IssuerError;
use gloria_stream::ProxyAddressError;
use serde::de::{self, Unexpected};
use thiserror::Error;

use super::list::Key;
use crate::account::address::AddressError;
use crate::message::{self, Message};

/// What is wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}", self.message())]
pub enum Mistake {
    /// It is not a boolean.
    NotBoolean,
    /// It is not a whole number within these limits.
    NotWholeNumber {
        /// The minimum.
        least: u32,
        /// The maximum.
        most: u32,
    },
    /// It is not a duration within the limits.
    NotDuration,
    /// It is not one of these words.
    NotOneOf(&'static [&'static str]),
    /// It is not a list of texts.
    NotList,
    /// It is not a list of limits of categories.
    NotCategoryLimits,
    /// It is not the full path of a program with its arguments.
    NotCommand,
    /// It is not a text.
    NotText,
    /// It is an empty path.
    NotPath,
    /// It is not the full path of a file that ends in `.prom`.
    NotTextfile,
    /// It is neither `system` nor `none` nor the address of a proxy.
    NotProxy(ProxyAddressError),
    /// It is not an address that a network's sign-in page could intercept.
    NotProbeUrl,
    /// It is not a socket address.
    NotSocketAddress,
    /// Other machines can reach this address. Only its port is repeated.
    NotLoopback {
        /// The port.
        port: u16,
    },
    /// It is no issuer.
    NotIssuer(IssuerError),
    /// It is not the address of a server.
    Address(AddressError),
    /// It is a key without its certificate.
    NoCertificate,
    /// It is of no use without this setting.
    Needs(Key),
    /// Only a policy can set it; users have a switch for it.
    OnlyByPolicy,
    /// It is not the address of a folder over https.
    NotReleaseUrl,
    /// It is not a public key of minisign.
    NotReleaseKey,
    /// It is a value where a section of settings is expected.
    NotSection {
        /// The section's name.
        section: &'static str,
    },
    /// It is a setting's dotted name in quotes, which TOML treats as a single name.
    QuotedName(Key),
    /// serde refused it without naming what it expects, which no setting's type does today.
    Refused,
}

impl Mistake {
    /// Returns what is wrong, as a part of a sentence.
    pub fn message(&self) -> Message {
        match self {
            Self::NotBoolean => message::should_be_boolean(),
            Self::NotWholeNumber { least, most } => message::should_be_whole_number(*least, *most),
            Self::NotDuration => message::should_be_duration(),
            Self::NotOneOf(words) => message::should_be_one_of(words.join(", ")),
            Self::NotList => message::should_be_list(),
            Self::NotCategoryLimits => message::should_be_category_limits(),
            Self::NotCommand => message::should_be_command(),
            Self::NotText => message::should_be_text(),
            Self::NotPath => message::should_be_path(),
            Self::NotTextfile => message::should_be_textfile(),
            Self::NotProxy(error) => message::should_be_proxy(proxy_message(*error)),
            Self::NotProbeUrl => message::should_be_probe_url(),
            Self::NotSocketAddress => message::should_be_socket_address(),
            Self::NotLoopback { port } => message::should_be_loopback(format!("127.0.0.1:{port}")),
            Self::NotIssuer(error) => error.message(),
            Self::Address(error) => error.message(),
            Self::NoCertificate => message::settings_no_certificate(Key::ClientCertificate.name()),
            Self::Needs(key) => message::settings_needs(key.name()),
            Self::OnlyByPolicy => message::settings_only_by_policy(),
            Self::NotReleaseUrl => message::should_be_release_url(),
            Self::NotReleaseKey => message::should_be_release_key(),
            Self::NotSection { section } => message::should_be_section(*section),
            Self::QuotedName(key) => {
                let (section, name) = key.section_and_name();
                message::should_be_in_section(section, name)
            }
            Self::Refused => message::settings_value_refused(),
        }
    }
}

fn proxy_message(error: ProxyAddressError) -> Message {
    match error {
        ProxyAddressError::Malformed => message::proxy_malformed(),
        ProxyAddressError::Scheme => message::proxy_scheme(),
        ProxyAddressError::Extras => message::proxy_extras(),
    }
}

impl From<AddressError> for Mistake {
    fn from(error: AddressError) -> Self {
        Self::Address(error)
    }
}

/// For the variants of enums, which serde parses. serde's texts are English and repeat the value, so they are not used.
impl de::Error for Mistake {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Refused
    }

    fn invalid_type(_: Unexpected<'_>, _: &dyn de::Expected) -> Self {
        Self::Refused
    }

    fn invalid_value(_: Unexpected<'_>, _: &dyn de::Expected) -> Self {
        Self::Refused
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::NotOneOf(expected)
    }
}
