//! Newer versions of the app. Their publisher signs a manifest for each channel, and the app says that there is a
//! version; it installs nothing.
//!
//! All decisions are here, without socket, clock or disk: [`Manifest::verified`] accepts a manifest, [`judge`] decides
//! what follows from it, and `schedule` when it is asked for. `fetch` makes the two requests.

pub(crate) mod fetch;
mod key;
mod manifest;
mod record;
pub(crate) mod schedule;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use semver::Version;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use url::Url;

pub use key::{KeyError, ReleaseKey};
pub use manifest::{Manifest, PRODUCT};
pub(crate) use record::Record;

use crate::message::{self, Message};

/// The versions that a computer is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// What everybody should have.
    Stable,
    /// What is tried before that; it includes prereleases.
    Beta,
}

impl Channel {
    /// The name, as settings and manifests have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stable => "stable",
            Self::Beta => "beta",
        }
    }

    /// The name of its manifest.
    pub fn file(self) -> String {
        format!("{}.json", self.name())
    }
}

/// Where manifests come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The folder of the manifests; it ends with a slash.
    pub url: Url,
    /// The key that has to have signed them.
    pub key: ReleaseKey,
    /// The channel.
    pub channel: Channel,
}

/// A version, as far as it is remembered and shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The version.
    pub version: Version,
    /// When its manifest was made.
    pub date: Timestamp,
    /// The page about it; https only.
    pub notes: Option<Url>,
}

/// Why a manifest is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{}", self.message())]
pub enum Refusal {
    /// It has no signature of minisign, or one of the old kind.
    Unsigned,
    /// It, or the comment of its signature, is not what was signed.
    Altered,
    /// It was signed with another key.
    OtherKey,
    /// Its signature is that of another file.
    OtherFile,
    /// It was signed, but is no manifest.
    Malformed,
    /// It is about another program.
    OtherProduct,
    /// It is of another channel.
    OtherChannel,
    /// It offers a prerelease to everybody.
    Prerelease,
    /// A newer one was seen before.
    Older,
}

impl Refusal {
    /// The message for the administrator.
    pub fn message(self) -> Message {
        match self {
            Self::Unsigned => message::release_unsigned(),
            Self::Altered => message::release_altered(),
            Self::OtherKey => message::release_other_key(),
            Self::OtherFile => message::release_other_file(),
            Self::Malformed => message::release_malformed(),
            Self::OtherProduct => message::release_other_product(),
            Self::OtherChannel => message::release_other_channel(),
            Self::Prerelease => message::release_prerelease(),
            Self::Older => message::release_older(),
        }
    }
}

/// Decides whether a signed manifest is believed, given the newest one of its channel and key that was. Returns what to
/// remember of it.
///
/// # Errors
/// When it is of another channel, or a server presents an old one again.
pub fn judge(manifest: Manifest, channel: Channel, seen: Option<&Seen>) -> Result<Seen, Refusal> {
    if manifest.channel != channel {
        return Err(Refusal::OtherChannel);
    }
    if channel == Channel::Stable && !manifest.version.pre.is_empty() {
        return Err(Refusal::Prerelease);
    }
    let is_older =
        |seen: &Seen| manifest.version.cmp_precedence(&seen.version).is_lt() || manifest.date < seen.date;
    if seen.is_some_and(is_older) {
        return Err(Refusal::Older);
    }
    Ok(Seen {
        version: manifest.version,
        date: manifest.date,
        notes: manifest.notes,
    })
}

/// Whether a version that was seen is offered where another one is installed.
pub fn is_offered(seen: &Seen, installed: &Version) -> bool {
    seen.version.cmp_precedence(installed).is_gt()
}
