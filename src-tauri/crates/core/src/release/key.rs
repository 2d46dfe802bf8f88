//! The publisher's key.

use std::fmt;

use minisign_verify::{PublicKey, Signature};
use thiserror::Error;

/// A public key of minisign: in settings, its line of base64, with or without the comment above it.
#[derive(Clone, PartialEq, Eq)]
pub struct ReleaseKey {
    text: String,
    key: PublicKey,
}

/// It is no public key of minisign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("no public key of minisign")]
pub struct KeyError;

impl ReleaseKey {
    /// Parses a key.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        let line = lines
            .find(|line| !line.starts_with("untrusted"))
            .ok_or(KeyError)?;
        if lines.next().is_some() {
            return Err(KeyError);
        }
        Ok(Self {
            key: PublicKey::from_base64(line).map_err(|_| KeyError)?,
            text: line.to_owned(),
        })
    }

    /// Checks a signature. That of the kind without a hash, which minisign made until 2019, is refused.
    pub(super) fn verify(&self, signed: &[u8], signature: &Signature) -> Result<(), minisign_verify::Error> {
        self.key.verify(signed, signature, false)
    }
}

impl fmt::Display for ReleaseKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl fmt::Debug for ReleaseKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "ReleaseKey({})", self.text)
    }
}
