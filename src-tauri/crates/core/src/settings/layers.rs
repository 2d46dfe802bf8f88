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
    look: Look,
    /// What was found could not be put in force.
    forgotten: bool,
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
            look,
            forgotten: false,
        }
    }

    /// Whether this is what stands in the files as far as is known here.
    pub(crate) fn is_known(&self, look: &Look) -> bool {
        !self.forgotten && self.look == *look
    }

    /// Forgets that it was found, so that the next look finds it changed.
    pub fn forget(&mut self) {
        self.forgotten = true;
    }

    /// What is to be taken of a look: each place that the look before found as it is now. A place that has just
    /// changed stays as it is known, for somebody may be in the middle of writing there; each counts for itself, or
    /// who keeps writing the user's file would keep a policy from coming into force.
    pub(crate) fn settled(&self, look: &Look, before: Option<&Look>) -> Option<Look> {
        let before = before?;
        let known = &self.look;
        let settled = Look {
            user: settled(&look.user, &before.user, &known.user),
            defaults: settled(&look.defaults, &before.defaults, &known.defaults),
            policy: settled(&look.policy, &before.policy, &known.policy),
        };
        (!self.is_known(&settled)).then_some(settled)
    }

    /// Takes what was found.
    pub fn take(&mut self, look: Look) {
        self.defaults = look.defaults.layer().after(&self.defaults);
        self.policy = look.policy.layer().only_lockable().after(&self.policy);
        self.user.take(look.user.layer(Place::UserFile));
        self.look = look;
        self.forgotten = false;
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
        let found = layers.into_iter().flat_map(|layer| &layer.problems);
        found.cloned().chain(self.user.set_aside()).collect()
    }
}

fn settled<T: Clone + PartialEq>(now: &T, before: &T, known: &T) -> T {
    if now == before { now.clone() } else { known.clone() }
}
