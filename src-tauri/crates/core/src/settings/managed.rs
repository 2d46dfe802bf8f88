//! Reads the sources where this computer's administrator keeps settings.

use std::path::PathBuf;

use super::file_problem::FileProblem;
use super::kind::Kind;
use super::layer::Layer;
use super::list::Key;
use super::problem::Place;
use super::raw::Raw;
use super::read::{FileContents, Owner, read};
use crate::paths::{Source, SystemData, SystemValue};

/// The unprocessed contents of a source: equal contents mean that nothing changed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum SourceContents {
    None,
    File(PathBuf, FileContents),
    System(&'static str, Result<Vec<SystemValue>, String>),
}

impl SourceContents {
    /// Reads a source. May block on a disk.
    pub(super) fn of(source: &Source) -> Self {
        match source {
            Source::None => Self::None,
            Source::File(path) => Self::File(path.clone(), read(path, Owner::Administrator)),
            Source::System { name, read } => {
                let names: Vec<_> = Key::ALL.iter().map(|key| key.system_name()).collect();
                Self::System(name, read(&names))
            }
        }
    }

    pub(super) fn layer(&self) -> Layer {
        match self {
            Self::None => Layer::empty(Place::System("")),
            Self::File(path, contents) => contents.layer(Place::File(path.clone())),
            Self::System(name, Ok(values)) => of_values(name, values),
            Self::System(name, Err(words)) => {
                Layer::unusable(Place::System(name), FileProblem::System(words.clone()))
            }
        }
    }
}

fn of_values(name: &'static str, values: &[SystemValue]) -> Layer {
    let mut layer = Layer::empty(Place::System(name));
    for value in values {
        let place = Place::System(value.place);
        match Key::with_system_name(&value.name) {
            Some(key) => layer.insert_below(key, raw(key.kind(), &value.data), place),
            None => layer.report_unknown_in(place, &value.name),
        }
    }
    layer
}

fn raw(kind: Kind, data: &SystemData) -> Raw {
    match data {
        SystemData::Text(text) => Raw::Text(text.clone()),
        SystemData::Number(0) if kind == Kind::Switch => Raw::Boolean(false),
        SystemData::Number(1) if kind == Kind::Switch => Raw::Boolean(true),
        SystemData::Number(number) => Raw::Integer(*number),
        SystemData::Boolean(value) => Raw::Boolean(*value),
        SystemData::List(values) => Raw::List(values.iter().map(|value| raw(kind, value)).collect()),
        SystemData::Unsupported => Raw::Unsupported,
    }
}
