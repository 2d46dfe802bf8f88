//! What is said of a value that cannot be used.

use std::fmt;

use serde::de::{self, Unexpected};
use thiserror::Error;

/// What is wrong with a value: how it should be. The value itself is never repeated, for it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct Mistake(pub(super) String);

impl Mistake {
    pub(super) fn should_be(expected: &dyn fmt::Display) -> Self {
        Self(format!("it should be {expected}"))
    }

    pub(super) fn one_of(words: &[&str]) -> Self {
        Self(format!("it should be one of: {}", words.join(", ")))
    }
}

/// Displays what a visitor expects.
struct Expected<'a>(&'a dyn de::Expected);

impl fmt::Display for Expected<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl de::Error for Mistake {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }

    fn invalid_type(_: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::should_be(&Expected(expected))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::should_be(&Expected(expected))
    }

    fn unknown_variant(_: &str, expected: &'static [&'static str]) -> Self {
        Self::one_of(expected)
    }
}
