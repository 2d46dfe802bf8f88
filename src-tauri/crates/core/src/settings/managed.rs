//! Reading the places where this computer's administrator keeps settings.

use std::path::PathBuf;

use super::layer::{Layer, Place};
use super::read::{Owner, Read, read};
use crate::paths::Source;

/// What was found in a place, as it is: the same twice means that nothing changed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Found {
    None,
    File(PathBuf, Read),
    System(&'static str, Result<String, String>),
}

impl Source {
    /// Looks. `owner` says whose file it has to be.
    pub(super) fn look(&self, owner: Owner) -> Found {
        match self {
            Self::None => Found::None,
            Self::File(path) => Found::File(path.clone(), read(path, owner)),
            Self::System { name, read } => Found::System(name, read(name)),
        }
    }
}

impl Found {
    pub(super) fn layer(&self) -> Layer {
        match self {
            Self::None => Layer::empty(Place::System("")),
            Self::File(path, read) => read.layer(Place::File(path.clone())),
            Self::System(name, Ok(text)) => Layer::parse(Place::System(name), text),
            Self::System(name, Err(why)) => Layer::unusable(Place::System(name), why.clone()),
        }
    }
}
