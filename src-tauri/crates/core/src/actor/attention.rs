//! Who looks at the window, and what follows from it: alerts that are not needed, numbers that are wanted, and a
//! connection that somebody waits for.

use gloria_stream::Command;
use tokio::time::Instant;

use super::Actor;
use crate::alerts::presence::{Presence, WindowPresence};
use crate::ports::SessionState;
use crate::protocol::{NoticeKind, WindowView};

impl Actor {
    /// The page says what it shows.
    pub(super) fn on_window_shows(&mut self, view: WindowView) {
        let now = Instant::now();
        // A user who leaves the inbox has read the notices above it.
        if self.readers.shown(now).inbox_visible && !view.inbox_visible {
            self.readers.set_notice(NoticeKind::Internal, None);
        }
        self.change_presence(|presence| presence.on_page(view, now.into_std()));
    }

    /// The window system says how the window is; `None` without one.
    pub(super) fn on_window_presence(&mut self, window: Option<WindowPresence>) {
        if window.is_none() {
            self.readers.publish_requested_item(None);
        }
        self.change_presence(|presence| presence.on_window(window));
    }

    /// The session is locked or left, or somebody is back.
    pub(super) fn on_session(&mut self, session: SessionState) {
        tracing::debug!(?session, "the session changed");
        self.change_presence(|presence| presence.on_session(session));
    }

    /// Presence also shortens the waits of the connection, because a user at the window does not want to wait.
    pub(super) fn change_presence(&mut self, change: impl FnOnce(&mut Presence)) {
        if let Some(attended) = self.readers.change_presence(change, Instant::now()) {
            self.link.send(Command::Attention(attended));
        }
    }
}
