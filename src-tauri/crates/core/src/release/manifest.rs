//! The manifest of a channel: what its publisher signs.

use jiff::Timestamp;
use minisign_verify::{Error, Signature};
use semver::Version;
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Channel, Refusal, ReleaseKey};

/// The program that a manifest has to name, so that nothing else that was signed with the key counts as one.
pub const PRODUCT: &str = "com.gloriasystem.notify";

/// More characters than a version has in which a person recognises one.
const MAX_VERSION: usize = 64;

/// The longest address of a page that browsers and window show.
const MAX_NOTES: usize = 2000;

/// The newest version of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The channel.
    pub channel: Channel,
    /// The version.
    pub version: Version,
    /// When the manifest was made: a server cannot present one again that was replaced.
    pub date: Timestamp,
    /// The page about the version. Only a web page over https; anything else is left out.
    pub notes: Option<Url>,
}

/// The file. Fields that this version does not know are for later ones.
#[derive(Serialize, Deserialize)]
struct File {
    product: String,
    channel: String,
    version: Version,
    date: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    notes: Option<String>,
}

impl Manifest {
    /// Reads a manifest that was signed with the key, from its file and the file of its signature.
    ///
    /// # Errors
    /// When it is not what was signed with this key, or is no manifest.
    pub fn verified(
        signed: &[u8],
        signature: &[u8],
        key: &ReleaseKey,
        channel: Channel,
    ) -> Result<Self, Refusal> {
        let signature = std::str::from_utf8(signature).map_err(|_| Refusal::Unsigned)?;
        let signature = Signature::decode(signature).map_err(|_| Refusal::Unsigned)?;
        key.verify(signed, &signature).map_err(|error| match error {
            Error::UnexpectedKeyId => Refusal::OtherKey,
            Error::InvalidSignature => Refusal::Altered,
            Error::InvalidEncoding
            | Error::IoError(_)
            | Error::UnexpectedAlgorithm
            | Error::UnsupportedAlgorithm
            | Error::UnsupportedLegacyMode => Refusal::Unsigned,
        })?;
        let file: File = serde_json::from_slice(signed).map_err(|_| Refusal::Malformed)?;
        if !is_short(&file.version) {
            return Err(Refusal::Malformed);
        }
        if file.product != PRODUCT {
            return Err(Refusal::OtherProduct);
        }
        let manifest = Self {
            channel: channel_of(&file.channel)?,
            version: file.version,
            date: file.date,
            notes: file.notes.as_deref().and_then(web_page),
        };
        if manifest.channel != channel {
            return Err(Refusal::OtherChannel);
        }
        if manifest.contradicts(signature.trusted_comment()) {
            return Err(Refusal::OtherFile);
        }
        Ok(manifest)
    }

    /// The file's contents, to be signed.
    pub fn text(&self) -> String {
        let file = File {
            product: PRODUCT.to_owned(),
            channel: self.channel.name().to_owned(),
            version: self.version.clone(),
            date: self.date,
            notes: self.notes.as_ref().map(Url::to_string),
        };
        // None of its types can fail.
        let text = serde_json::to_string_pretty(&file).unwrap_or_default();
        format!("{text}\n")
    }

    /// Whether the signature's comment, which is signed as well, is about something else. minisign writes the file's
    /// name into it, publishers may add channel and version; other words have no meaning here.
    fn contradicts(&self, comment: &str) -> bool {
        comment
            .split_whitespace()
            .filter_map(|word| word.split_once(':'))
            .any(|(name, value)| match name {
                "file" => value != self.channel.file(),
                "channel" => value != self.channel.name(),
                "version" => value != self.version.to_string(),
                _ => false,
            })
    }
}

fn channel_of(name: &str) -> Result<Channel, Refusal> {
    [Channel::Stable, Channel::Beta]
        .into_iter()
        .find(|channel| channel.name() == name)
        .ok_or(Refusal::OtherChannel)
}

/// Whether a version can be shown.
pub(super) fn is_short(version: &Version) -> bool {
    version.to_string().len() <= MAX_VERSION
}

/// The address of a page that a browser may be sent to.
pub(super) fn web_page(text: &str) -> Option<Url> {
    if text.len() > MAX_NOTES {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let is_plain = url.username().is_empty() && url.password().is_none();
    (url.scheme() == "https" && url.has_host() && is_plain).then_some(url)
}
