//! The token and how the stream gets it.

use secrecy::SecretString;
use serde::Deserialize;

/// The bearer token. It has no `Serialize`, and prints as `[REDACTED]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct Token(SecretString);
