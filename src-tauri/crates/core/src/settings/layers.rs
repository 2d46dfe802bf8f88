//! The layers that are kept, and how they are read again.

use std::path::{Path, PathBuf};

use super::file::{Change, SettingsFileError, UserFile};
use super::layer::Layer;
use super::list::Key;
use super::managed::SourceContents;
use super::problem::{Place, Problem};
use super::raw::Raw;
use super::read::{FileContents, Owner, read};
use crate::paths::Managed;

/// The layers in force: what was read last, with what the user changed since.
#[derive(Debug, Clone)]
pub struct Layers {
    contents: Contents,
    /// They were read, but could not be put in force.
    stale: bool,
    defaults: Layer,
    user: UserFile,
    policy: Layer,
}

/// The contents of all places at one time. Two that are the same mean that nothing changed between them.
#[derive(Debug, Clone, PartialEq)]
pub struct Contents {
    user: FileContents,
    defaults: SourceContents,
    policy: SourceContents,
}

impl Contents {
    /// Reads all places. It waits for disks.
    pub fn read(user: &Path, managed: &Managed) -> Self {
        Self {
            user: read(user, Owner::User),
            defaults: SourceContents::of(&managed.defaults),
            policy: SourceContents::of(&managed.policy),
        }
    }
}

impl Layers {
    /// Reads all places.
    pub fn read(user: &Path, managed: &Managed) -> Self {
        Self::new(user.to_owned(), Contents::read(user, managed))
    }

    /// A user's file alone, which is nowhere.
    #[cfg(test)]
    pub(crate) fn of_text(text: &str) -> Self {
        let contents = Contents {
            user: FileContents::Text(text.to_owned()),
            defaults: SourceContents::None,
            policy: SourceContents::None,
        };
        Self::new(PathBuf::new(), contents)
    }

    fn new(path: PathBuf, contents: Contents) -> Self {
        Self {
            defaults: contents.defaults.layer(),
            user: UserFile::new(path, contents.user.layer(Place::UserFile)),
            policy: contents.policy.layer().only_lockable(),
            contents,
            stale: false,
        }
    }

    /// Whether these contents are in force.
    pub(crate) fn is_current(&self, contents: &Contents) -> bool {
        !self.stale && self.contents == *contents
    }

    /// Has the same contents applied once more when they are read the next time.
    pub fn mark_stale(&mut self) {
        self.stale = true;
    }

    /// What is to be applied of what was read: each place that the reading before found as it is now. A place that has
    /// just changed stays as it is in force, for somebody may be in the middle of writing there; each counts for
    /// itself, or who keeps writing the user's file would keep a policy from coming into force.
    pub(crate) fn settled(&self, now: &Contents, before: Option<&Contents>) -> Option<Contents> {
        let before = before?;
        let current = &self.contents;
        let settled = Contents {
            user: settled(&now.user, &before.user, &current.user),
            defaults: settled(&now.defaults, &before.defaults, &current.defaults),
            policy: settled(&now.policy, &before.policy, &current.policy),
        };
        (!self.is_current(&settled)).then_some(settled)
    }

    /// Puts what was read in force.
    pub fn apply(&mut self, contents: Contents) {
        self.defaults = contents.defaults.layer().completed_by(&self.defaults);
        let policy = contents.policy.layer().only_lockable();
        self.policy = policy.completed_by(&self.policy);
        self.user.set_layer(contents.user.layer(Place::UserFile));
        self.contents = contents;
        self.stale = false;
    }

    /// Changes what the user set, and merges it into the file as it stands there now. The next reading
    /// finds another file than is in force, also where nobody else wrote to it.
    ///
    /// # Errors
    ///
    /// When the file cannot be written; the change then holds until the app ends.
    pub fn change(&mut self, changes: Vec<Change>) -> Result<(), SettingsFileError> {
        self.user.change(changes, &self.defaults)
    }

    /// What the user's file gives for a setting.
    pub(crate) fn user_value(&self, key: Key) -> Option<&Raw> {
        self.user().given.get(&key).map(|given| &given.raw)
    }

    pub(super) fn defaults(&self) -> &Layer {
        &self.defaults
    }

    /// What the user set.
    pub(super) fn user(&self) -> &Layer {
        self.user.layer()
    }

    pub(super) fn policy(&self) -> &Layer {
        &self.policy
    }

    /// What is wrong with the places as such, and unknown names in them.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let layers = [&self.policy, self.user(), &self.defaults];
        let found = layers.into_iter().flat_map(|layer| &layer.problems);
        found.cloned().chain(self.user.set_aside()).collect()
    }
}

fn settled<T: Clone + PartialEq>(now: &T, before: &T, current: &T) -> T {
    if now == before {
        now.clone()
    } else {
        current.clone()
    }
}
