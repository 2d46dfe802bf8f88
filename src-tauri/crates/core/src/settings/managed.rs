//! Reads the sources where this computer's administrator keeps settings.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

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

/// How long a policy's file has to have been unchanged before it is believed that it sets less than before. A file that
/// is written in place is complete within far less; until then it looks like a shorter one wherever a line ends.
const MIN_SETTLED: Duration = Duration::from_secs(10);

/// The contents of the policy. It takes effect at once; only what it lacks waits until its file has settled.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PolicyContents {
    source: SourceContents,
    is_young: bool,
}

impl PolicyContents {
    /// Reads a policy. May block on a disk.
    pub(super) fn of(source: &Source) -> Self {
        let contents = SourceContents::of(source);
        // After the contents, so that a write between the two counts.
        let is_young = match source {
            Source::File(path) => fs::metadata(path)
                .and_then(|metadata| metadata.modified())
                .is_ok_and(|modified| is_young(modified, SystemTime::now())),
            Source::None | Source::System { .. } => false,
        };
        Self {
            source: contents,
            is_young,
        }
    }

    /// A policy that nobody is writing.
    pub(super) fn settled(source: SourceContents) -> Self {
        let is_young = false;
        Self { source, is_young }
    }

    /// What it sets itself. A file without any text is not a policy without settings but one that is being written, or
    /// that a full disk cut off: who ends a policy removes its file.
    pub(super) fn layer(&self) -> Layer {
        let layer = match &self.source {
            SourceContents::File(path, FileContents::Text(text)) if is_empty(text) => {
                Layer::unusable(Place::File(path.clone()), FileProblem::Empty)
            }
            source @ (SourceContents::None | SourceContents::File(..) | SourceContents::System(..)) => {
                source.layer()
            }
        };
        layer.only_lockable()
    }

    /// What is in effect after an earlier policy.
    pub(super) fn layer_after(&self, before: &Layer) -> Layer {
        let layer = self.layer().completed_by(before);
        if self.is_young {
            layer.completed_while_young(before)
        } else {
            layer
        }
    }
}

fn is_empty(text: &str) -> bool {
    text.trim_matches(|character: char| character.is_whitespace() || matches!(character, '\u{feff}' | '\0'))
        .is_empty()
}

/// Whether a file was written so recently that its writer may not have finished. A time that is far in the future is
/// another clock's.
fn is_young(modified: SystemTime, now: SystemTime) -> bool {
    let between = now
        .duration_since(modified)
        .unwrap_or_else(|error| error.duration());
    between < MIN_SETTLED
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_young_for_ten_seconds_and_one_of_another_clock_is_not() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        for (seconds, expected) in [(0, true), (9, true), (10, false), (86_400, false)] {
            let between = Duration::from_secs(seconds);
            assert_eq!(is_young(now - between, now), expected, "{seconds} s ago");
            assert_eq!(is_young(now + between, now), expected, "in {seconds} s");
        }
    }
}
