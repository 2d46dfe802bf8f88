//! The layers that are kept, and how they are read again.

use std::path::{Path, PathBuf};

use super::file::{Change, SettingsFileError, UserFile};
use super::layer::{Layer, Place, Problem};
use super::list::Key;
use super::managed::Found;
use super::raw::Raw;
use super::read::{Owner, Read, read};
use crate::paths::Managed;

/// What stands in the files, as it was read last, with what the user changed since.
#[derive(Debug, Clone)]
pub struct Layers {
    /// None where it could not be put in force.
    look: Option<Look>,
    defaults: Layer,
    user: UserFile,
    policy: Layer,
}

/// What was found in all places at one time. Two that are the same mean that nothing changed between them.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    user: Read,
    defaults: Found,
    policy: Found,
}

impl Look {
    /// Reads all places. It waits for disks.
    pub fn at(user: &Path, managed: &Managed) -> Self {
        Self {
            user: read(user, Owner::User),
            defaults: managed.defaults.look(Owner::Administrator),
            policy: managed.policy.look(Owner::Administrator),
        }
    }
}

impl Layers {
    /// Reads all places.
    pub fn read(user: &Path, managed: &Managed) -> Self {
        Self::of(user.to_owned(), Look::at(user, managed))
    }

    /// A user's file alone, which is nowhere.
    #[cfg(test)]
    pub(crate) fn of_text(text: &str) -> Self {
        let look = Look {
            user: Read::Text(text.to_owned()),
            defaults: Found::None,
            policy: Found::None,
        };
        Self::of(PathBuf::new(), look)
    }

    fn of(path: PathBuf, look: Look) -> Self {
        Self {
            defaults: look.defaults.layer(),
            user: UserFile::new(path, look.user.layer(Place::UserFile)),
            policy: look.policy.layer().only_lockable(),
            look: Some(look),
        }
    }

    /// Whether this is what stands in the files as far as is known here.
    pub(crate) fn is_known(&self, look: &Look) -> bool {
        self.look.as_ref() == Some(look)
    }

    /// Forgets what was found last, so that the next look finds it changed.
    pub fn forget(&mut self) {
        self.look = None;
    }

    /// Takes what was found.
    pub fn take(&mut self, look: Look) {
        self.defaults = look.defaults.layer().after(&self.defaults);
        self.policy = look.policy.layer().only_lockable().after(&self.policy);
        self.user.take(look.user.layer(Place::UserFile));
        self.look = Some(look);
    }

    /// Changes what the user set, and merges it into the file as it stands there now. The next look finds another file
    /// than is known, also where nobody else wrote to it.
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
        layers
            .into_iter()
            .flat_map(|layer| layer.problems.clone())
            .collect()
    }
}
