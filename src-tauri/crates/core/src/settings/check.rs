//! Checks the file of a policy before it is in force anywhere.

use std::path::Path;

use super::FileProblem;
use super::layers::Layers;
use super::list::{Key, Settings};
use super::problem::Problem;
use super::read::{FileContents, Owner, read};

/// What a file would do as a policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Checked {
    /// The settings that it enforces, in the order of the list.
    pub settings: Vec<&'static str>,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
}

/// Checks a file as if it were the policy. Who owns it does not matter: it may be a draft.
pub fn check_policy(path: &Path) -> Checked {
    let contents = match read(path, Owner::Anybody) {
        FileContents::Missing => FileContents::Refused(FileProblem::Missing),
        contents @ (FileContents::Text(_) | FileContents::Refused(_)) => contents,
    };
    let layers = Layers::of_policy(path, contents);
    let resolved = Settings::resolve(&layers, |_| None);
    let enforced = Key::ALL
        .iter()
        .filter(|key| resolved.origins.lock(**key).is_some());
    Checked {
        settings: enforced.map(|key| key.name()).collect(),
        problems: resolved.problems,
    }
}
