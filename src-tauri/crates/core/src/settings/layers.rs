//! The stored layers, and how they are read again.

use std::path::{Path, PathBuf};

use super::file::{Change, SettingsFileError, UserFile};
use super::layer::{Kept, Layer};
use super::list::Key;
use super::managed::{PolicyContents, SourceContents};
use super::problem::{Place, Problem, ProblemKind};
use super::raw::Raw;
use super::read::{FileContents, Owner, read};
#[cfg(test)]
use crate::paths::SystemValue;
use crate::paths::{Managed, Paths};

/// The effective layers: what was last read, with the user's changes since.
#[derive(Debug, Clone)]
pub struct Layers {
    contents: Contents,
    /// They were read, but could not be applied.
    stale: bool,
    defaults: Layer,
    user: UserFile,
    policy: Layer,
}

/// The contents of all sources at one time. Equal contents mean that nothing changed in between.
#[derive(Debug, Clone, PartialEq)]
pub struct Contents {
    user: FileContents,
    defaults: SourceContents,
    policy: PolicyContents,
}

impl Contents {
    /// Reads all sources. Blocks on disks.
    pub fn read(user: &Path, managed: &Managed) -> Self {
        Self {
            user: read(user, Owner::User),
            defaults: SourceContents::of(&managed.defaults),
            policy: PolicyContents::of(&managed.policy),
        }
    }
}

impl Layers {
    /// Reads all sources of an installation. A policy that cannot be read completely, or may still be being written, is
    /// completed by the last one that could: otherwise a restart in the middle of its being written would lift it.
    pub fn of(paths: &Paths) -> Self {
        let mut layers = Self::read(&paths.settings(), &paths.managed);
        let last = read(&paths.last_policy(), Owner::User).layer(layers.policy.place.clone());
        let policy = &layers.contents.policy;
        layers.policy = policy.layer_after(&last.without_lines().only_lockable());
        layers
    }

    /// Reads all sources.
    pub fn read(user: &Path, managed: &Managed) -> Self {
        Self::new(user.to_owned(), Contents::read(user, managed))
    }

    /// Returns layers with only a policy of this text.
    pub(super) fn of_policy(path: &Path, contents: FileContents) -> Self {
        let contents = Contents {
            user: FileContents::Missing,
            defaults: SourceContents::None,
            policy: PolicyContents::settled(SourceContents::File(path.to_owned(), contents)),
        };
        Self::new(PathBuf::new(), contents)
    }

    /// Returns layers with only a user's file, which does not exist.
    #[cfg(test)]
    pub(crate) fn of_text(text: &str) -> Self {
        let contents = Contents {
            user: FileContents::Text(text.to_owned()),
            defaults: SourceContents::None,
            policy: PolicyContents::settled(SourceContents::None),
        };
        Self::new(PathBuf::new(), contents)
    }

    /// Returns layers of a user's file and of two systems' values.
    #[cfg(test)]
    pub(super) fn of_systems(user: &str, defaults: Vec<SystemValue>, policy: Vec<SystemValue>) -> Self {
        let contents = Contents {
            user: FileContents::Text(user.to_owned()),
            defaults: SourceContents::System("HKLM", Ok(defaults)),
            policy: PolicyContents::settled(SourceContents::System("HKLM", Ok(policy))),
        };
        Self::new(PathBuf::new(), contents)
    }

    fn new(path: PathBuf, contents: Contents) -> Self {
        Self {
            defaults: contents.defaults.layer(),
            user: UserFile::new(path, contents.user.layer(Place::UserFile)),
            policy: contents.policy.layer(),
            contents,
            stale: false,
        }
    }

    /// The contents in effect; `None` if the next read must be applied even if nothing has changed.
    pub(crate) fn in_force(&self) -> Option<&Contents> {
        (!self.stale).then_some(&self.contents)
    }

    /// Whether these contents are in effect.
    pub(crate) fn is_current(&self, contents: &Contents) -> bool {
        self.in_force() == Some(contents)
    }

    /// Makes the next read apply the same contents once more.
    pub fn mark_stale(&mut self) {
        self.stale = true;
    }

    /// Returns what to apply: the sources whose contents were the same in the previous read. A source that has just
    /// changed keeps its effective contents, because it may still be being written. Each source is compared separately;
    /// otherwise continuous writes to the user's file would keep a policy from taking effect.
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

    /// Applies contents that were read.
    pub fn apply(&mut self, contents: Contents) {
        self.defaults = contents.defaults.layer().completed_by(&self.defaults);
        self.policy = contents.policy.layer_after(&self.policy);
        self.user.set_layer(contents.user.layer(Place::UserFile));
        self.contents = contents;
        self.stale = false;
    }

    /// Returns the policy to remember for a start at which it cannot be read: empty if there is none, `None` if it
    /// cannot be read now, or may be incomplete.
    pub(crate) fn policy_to_remember(&self) -> Option<String> {
        (!self.policy.broken && self.policy.kept.is_none()).then(|| self.policy.text())
    }

    /// Changes the user's settings, and merges them into the current file. The next read then finds a file that differs
    /// from the applied one, even if nobody else wrote to it.
    ///
    /// # Errors
    ///
    /// When the file cannot be written; the change is then effective until the app ends.
    pub fn change(&mut self, changes: Vec<Change>) -> Result<(), SettingsFileError> {
        self.user.change(changes, &self.defaults)
    }

    /// Returns the value of a setting in the user's file.
    pub(crate) fn user_value(&self, key: Key) -> Option<&Raw> {
        self.user().given.get(&key).map(|given| &given.raw)
    }

    pub(super) fn defaults(&self) -> &Layer {
        &self.defaults
    }

    /// Returns the user's settings.
    pub(super) fn user(&self) -> &Layer {
        self.user.layer()
    }

    pub(super) fn policy(&self) -> &Layer {
        &self.policy
    }

    /// Returns the problems with the sources themselves, and the unknown names in them.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let layers = [&self.policy, self.user(), &self.defaults];
        let found = layers.into_iter().flat_map(|layer| &layer.problems);
        let kept = self.policy.kept.map(|kept| Problem {
            place: self.policy.place.clone(),
            line: None,
            kind: match kept {
                Kept::Unreadable => ProblemKind::PolicyKept,
                Kept::Young => ProblemKind::PolicyYoung,
            },
        });
        kept.into_iter()
            .chain(found.cloned())
            .chain(self.user.set_aside())
            .collect()
    }
}

fn settled<T: Clone + PartialEq>(now: &T, before: &T, current: &T) -> T {
    if now == before {
        now.clone()
    } else {
        current.clone()
    }
}
