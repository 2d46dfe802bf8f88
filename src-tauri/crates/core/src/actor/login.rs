//! The start at login: the system's own entry, which a policy may fix.

use super::Actor;
use crate::handle::CoreError;
use crate::message::Message;
use crate::ports::autostart::not_changed;
use crate::settings::Key;

/// Why the entry is not as the policy has it.
#[derive(Debug, Default)]
pub(super) struct StartAtLogin {
    problem: Option<Message>,
}

impl StartAtLogin {
    pub(super) fn problem(&self) -> Option<&Message> {
        self.problem.as_ref()
    }
}

impl Actor {
    /// Puts the system's entry where the policy has it: when the app starts, because the user may have changed it in
    /// the system's settings, and whenever the settings change. Where it cannot be changed from here, nothing is done.
    pub(super) fn enforce_start_at_login(&mut self) {
        let entry = &self.setup.ports.autostart;
        let wanted = self.settings.start_at_login;
        self.start_at_login.problem = match (wanted, entry.is_on()) {
            (Some(wanted), Some(is_on)) if wanted != is_on => {
                tracing::info!(wanted, "the start at login is changed as the settings fix it");
                let changed = entry.set(wanted);
                changed.err().map(|error| {
                    tracing::warn!(%error, "the start at login could not be changed");
                    not_changed(&error)
                })
            }
            (Some(_) | None, Some(_) | None) => None,
        };
    }

    /// Changes it for the user.
    pub(super) fn set_start_at_login(&self, on: bool) -> Result<(), CoreError> {
        self.refuse_locked(Key::StartAtLogin)?;
        let changed = self.setup.ports.autostart.set(on);
        changed.map_err(|error| CoreError::Invalid(not_changed(&error)))
    }
}
