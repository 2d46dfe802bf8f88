//! Reading the places where this computer's administrator keeps settings.

use std::path::PathBuf;

use super::file_problem::FileProblem;
use super::layer::Layer;
use super::problem::Place;
use super::read::{FileContents, Owner, read};
use crate::paths::Source;

/// What a place contains, as it is: the same twice means that nothing changed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum SourceContents {
    None,
    File(PathBuf, FileContents),
    System(&'static str, Result<String, String>),
}

impl Source {
    /// Reads it. It may wait for a disk.
    pub(super) fn contents(&self) -> SourceContents {
        match self {
            Self::None => SourceContents::None,
            Self::File(path) => SourceContents::File(path.clone(), read(path, Owner::Administrator)),
            Self::System { name, read } => SourceContents::System(name, read(name)),
        }
    }
}

impl SourceContents {
    pub(super) fn layer(&self) -> Layer {
        match self {
            Self::None => Layer::empty(Place::System("")),
            Self::File(path, contents) => contents.layer(Place::File(path.clone())),
            Self::System(name, Ok(text)) => Layer::parse(Place::System(name), text),
            Self::System(name, Err(words)) => {
                Layer::unusable(Place::System(name), FileProblem::System(words.clone()))
            }
        }
    }
}
