//! What is wrong with a value, as a code: how it should be. The value itself is never part of it, for it may hold a
//! password.

use std::fmt;

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
    /// It is neither true nor false.
    NotBoolean,
    /// It is no whole number within these limits.
    NotWholeNumber {
        /// The smallest that is taken.
        least: u32,
        /// The largest.
        most: u32,
    },
    /// It is no length of time within the limits.
    NotDuration,
    /// It is none of these words.
    NotOneOf(&'static [&'static str]),
    /// It is no list of texts.
    NotList,
    /// It is no text.
    NotText,
    /// It is an empty path.
    NotPath,
    /// It is neither `system` nor `none` nor the address of a proxy.
    NotProxy(ProxyAddressError),
    /// It is no address that a sign-in page could stand in the way of.
    NotProbeUrl,
    /// It is no address of a socket.
    NotSocketAddress,
    /// Other machines can reach this address. The port is all that is repeated of it.
    NotLoopback {
        /// The port.
        port: u16,
    },
    /// It is no address of a server.
    Address(AddressError),
    /// A key without the certificate that it belongs to.
    NoCertificate,
    /// A value stands where a section of settings should.
    NotSection {
        /// The section's name.
        section: &'static str,
    },
    /// The dotted name of a setting in quotes, which make it a name of its own.
    QuotedName(Key),
    /// serde refused it without saying what it expects, which no setting's type does today.
    Refused,
}

impl Mistake {
    /// What is wrong, as a part of a sentence.
    pub fn message(&self) -> Message {
        match self {
            Self::NotBoolean => message::should_be_boolean(),
            Self::NotWholeNumber { least, most } => message::should_be_whole_number(*least, *most),
            Self::NotDuration => message::should_be_duration(),
            Self::NotOneOf(words) => message::should_be_one_of(words.join(", ")),
            Self::NotList => message::should_be_list(),
            Self::NotText => message::should_be_text(),
            Self::NotPath => message::should_be_path(),
            Self::NotProxy(error) => message::should_be_proxy(proxy_message(*error)),
            Self::NotProbeUrl => message::should_be_probe_url(),
            Self::NotSocketAddress => message::should_be_socket_address(),
            Self::NotLoopback { port } => message::should_be_loopback(format!("127.0.0.1:{port}")),
            Self::Address(error) => error.message(),
            Self::NoCertificate => message::settings_no_certificate(Key::ClientCertificate.name()),
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

/// For the words that serde knows: the variants of an enum. Texts of serde are English and repeat the value.
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
