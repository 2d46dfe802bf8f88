//! The settings in force as values for people and scripts: without secrets.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use gloria_sign_in::Issuer;
use gloria_stream::ProxyChoice;
use serde::Serialize;
use serde_json::Value;
use url::Url;

use super::forms::Password;
use super::layer::Origin;
use super::list::Key;
use super::{Resolved, proxy_words};
use crate::account::address::Address;
use crate::account::session::TokenFor;
use crate::inbox::CategoryLimit;
use crate::item::SoundName;
use crate::logging::LogLevel;
use crate::ports::CommandLine;
use crate::protocol::Appearance;
use crate::release::{Channel, ReleaseKey};
use crate::token::AuthTransport;

/// What stands for a secret.
const HIDDEN: &str = "[REDACTED]";

/// A setting in force.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShownSetting {
    /// Its name in files.
    pub setting: &'static str,
    /// Its value; null where it is not set. What may be secret is hidden.
    pub value: Value,
    /// Where the value comes from.
    pub origin: Origin,
}

impl Resolved {
    /// All settings in force, in the order of the list.
    pub fn shown(&self) -> Vec<ShownSetting> {
        let shown = |key: &Key| ShownSetting {
            setting: key.name(),
            value: self.settings.shown(*key),
            origin: self.origins.of(*key),
        };
        Key::ALL.iter().map(shown).collect()
    }
}

/// A value that can be shown.
pub(super) trait Show {
    /// Returns the value without secrets; null where it is not set.
    fn show(&self) -> Value;
}

impl<T: Show> Show for Option<T> {
    fn show(&self) -> Value {
        self.as_ref().map_or(Value::Null, Show::show)
    }
}

impl<T: Show> Show for Vec<T> {
    fn show(&self) -> Value {
        self.iter().map(Show::show).collect()
    }
}

/// Values whose JSON is what users write.
macro_rules! show_as_json {
    ($($type:ty),*) => {
        $(impl Show for $type {
            fn show(&self) -> Value {
                serde_json::to_value(self).unwrap_or_default()
            }
        })*
    };
}

show_as_json!(
    bool,
    u8,
    u16,
    u32,
    String,
    AuthTransport,
    SoundName,
    Appearance,
    LogLevel,
    Channel
);

/// Values whose text is what users write.
macro_rules! show_as_text {
    ($($type:ty),*) => {
        $(impl Show for $type {
            fn show(&self) -> Value {
                self.to_string().into()
            }
        })*
    };
}

show_as_text!(Address, SocketAddr, Url, ReleaseKey, CategoryLimit);

impl Show for Issuer {
    fn show(&self) -> Value {
        self.as_str().into()
    }
}

impl Show for PathBuf {
    fn show(&self) -> Value {
        self.display().to_string().into()
    }
}

impl Show for Duration {
    fn show(&self) -> Value {
        format!("{}ms", self.as_millis()).into()
    }
}

impl Show for ProxyChoice {
    fn show(&self) -> Value {
        proxy_words(self).into()
    }
}

impl Show for Password {
    fn show(&self) -> Value {
        HIDDEN.into()
    }
}

/// Its arguments may be secret.
impl Show for CommandLine {
    fn show(&self) -> Value {
        let program = self.program().display().to_string();
        vec![program, HIDDEN.to_owned()].into()
    }
}

impl Show for TokenFor {
    fn show(&self) -> Value {
        match self {
            Self::Address | Self::Unclear => Value::Null,
            Self::Server(server) => server.to_string().into(),
        }
    }
}
