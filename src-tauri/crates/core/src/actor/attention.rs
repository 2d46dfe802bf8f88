//! Whether the user looks at the window. This decides which alerts are unnecessary, whether metrics are published, and
//! whether a connection attempt is made at once.

use gloria_stream::Command;
use tokio::time::Instant;

use super::Actor;
use crate::alerts::presence::{Presence, WindowPresence};
use crate::ports::SessionState;
use crate::protocol::{NoticeKind, WindowView};

impl Actor {
    /// Handles the page's report of what it shows.
    pub(super) fn on_window_shows(&mut self, view: WindowView) {
        let now = Instant::now();
        self.readers.on_window_report();
        // A user who leaves the inbox has read the notices above the list.
        if self.readers.shown(now).inbox_visible && !view.inbox_visible {
            self.readers.set_notice(NoticeKind::Internal, None);
        }
        self.change_presence(|presence| presence.on_page(view, now.into_std()));
    }

    /// Handles the window system's report of the window's state; `None` without a window.
    pub(super) fn on_window_presence(&mut self, window: Option<WindowPresence>) {
        match window {
            Some(_) => {
                self.readers.on_window_report();
                self.readers.set_notice(NoticeKind::Window, None);
            }
            None => self.readers.on_window_gone(),
        }
        self.change_presence(|presence| presence.on_window(window));
    }

    /// Handles that the session was locked, left, or is in use again.
    pub(super) fn on_session(&mut self, session: SessionState) {
        tracing::debug!(?session, "the session changed");
        self.change_presence(|presence| presence.on_session(session));
    }

    /// Updates the presence. A user at the window also ends the wait before the next connection attempt.
    pub(super) fn change_presence(&mut self, change: impl FnOnce(&mut Presence)) {
        if let Some(attended) = self.readers.change_presence(change, Instant::now()) {
            self.link.send(Command::Attention(attended));
        }
    }
}
