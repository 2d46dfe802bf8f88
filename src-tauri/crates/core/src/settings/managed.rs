//! Where this computer's administrator keeps settings, on each system.

use std::path::PathBuf;

use super::layer::{Layer, Place};
use super::read::{Owner, Read, read};

/// The administrator's two places. Neither the environment nor the user can move them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Managed {
    /// What everybody begins with; the user can change it.
    pub defaults: Source,
    /// What is fixed.
    pub policy: Source,
}

/// Where a system keeps settings of the administrator.
#[derive(Debug, Clone, Default)]
pub enum Source {
    /// Nowhere.
    #[default]
    None,
    /// In a file, as on Linux.
    File(PathBuf),
    /// Not in a file, as on Windows and macOS. The reader may block; it has a thread of its own.
    System {
        /// What administrators call it.
        name: &'static str,
        /// Reads it.
        read: fn(&'static str) -> Layer,
    },
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::None, Self::None) => true,
            (Self::File(path), Self::File(other)) => path == other,
            (Self::System { name, .. }, Self::System { name: other, .. }) => name == other,
            (Self::None | Self::File(_) | Self::System { .. }, _) => false,
        }
    }
}

impl Eq for Source {}

/// What was found in a place, as it is: the same twice means that nothing changed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Found {
    None,
    File(PathBuf, Read),
    System(Layer),
}

impl Source {
    /// Looks. `owner` says whose file it has to be.
    pub(super) fn look(&self, owner: Owner) -> Found {
        match self {
            Self::None => Found::None,
            Self::File(path) => Found::File(path.clone(), read(path, owner)),
            Self::System { name, read } => Found::System(read(name)),
        }
    }
}

impl Found {
    pub(super) fn layer(&self) -> Layer {
        match self {
            Self::None => Layer::empty(Place::System("")),
            Self::File(path, read) => read.layer(Place::File(path.clone())),
            Self::System(layer) => layer.clone(),
        }
    }
}
