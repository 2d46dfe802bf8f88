//! Reads the sources where this computer's administrator keeps settings.

use std::path::PathBuf;

use super::file_problem::FileProblem;
use super::layer::Layer;
use super::problem::Place;
use super::read::{FileContents, Owner, read};
use crate::paths::Source;

/// The unprocessed contents of a source: equal contents mean that nothing changed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum SourceContents {
    None,
    File(PathBuf, FileContents),
    System(&'static str, Result<String, String>),
}

impl SourceContents {
    /// Reads a source. May block on a disk.
    pub(super) fn of(source: &Source) -> Self {
        match source {
            Source::None => Self::None,
            Source::File(path) => Self::File(path.clone(), read(path, Owner::Administrator)),
            Source::System { name, read } => Self::System(name, read(name)),
        }
    }

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
