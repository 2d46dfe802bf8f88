//! Questions about the state of a session.

use gloria_sign_in::Moment;

use super::{Source, State};
use crate::protocol::SignedIn;

impl State {
    pub(super) fn invalidate_queries(&mut self) {
        self.decision += 1;
        self.question = None;
    }

    pub(super) fn is_environments(&self) -> bool {
        self.current
            .as_ref()
            .is_some_and(|current| current.source == Source::Environment)
    }

    pub(super) fn is_sign_in(&self) -> bool {
        self.current
            .as_ref()
            .is_some_and(|current| current.source == Source::SignIn)
    }

    pub(super) fn is_commands(&self) -> bool {
        self.current
            .as_ref()
            .is_some_and(|current| current.source == Source::Command)
    }

    /// What users see of the sign-in in force.
    pub(super) fn signed_in(&self) -> Option<SignedIn> {
        self.is_sign_in().then(|| self.sign_in.view()).flatten()
    }

    /// Whether the access token in force was the last one of its sign-in.
    pub(super) fn is_over(&self, now: Moment) -> bool {
        self.is_sign_in() && self.sign_in.known.in_memory.is_none() && !self.sign_in.is_usable(now)
    }

    pub(super) fn has_usable(&self, now: Moment) -> bool {
        self.current.as_ref().is_some_and(|current| match current.source {
            Source::Environment | Source::Memory => true,
            // Only the keyring can have another token.
            Source::Keyring => !current.stale,
            Source::SignIn => !current.stale && self.sign_in.is_usable(now),
            // Asked for elsewhere, and by nobody who asks the keyring.
            Source::Command => true,
        })
    }

    /// Whether a token that was pasted is in force, or the environment's.
    pub(super) fn has_pasted(&self) -> bool {
        self.current.as_ref().is_some_and(|current| match current.source {
            Source::Environment | Source::Memory | Source::Keyring => true,
            Source::SignIn | Source::Command => false,
        })
    }
}
