//! When the agent is at rest.

use std::time::Duration;

use gloria_core::protocol::{ConnectionState, Update};
use tokio::time::Instant;

/// The time without activity after which memory is returned: the next event of a series would need it again.
const REST_DELAY: Duration = Duration::from_secs(30);

/// The time since the last activity, as far as somebody waits for it.
#[derive(Debug)]
pub(crate) struct Rest {
    due: Option<Instant>,
}

impl Rest {
    /// An agent that starts now.
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            due: Some(now + REST_DELAY),
        }
    }

    /// When it comes to rest; `None` while it is at rest.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// It is at rest.
    pub(crate) fn on_due(&mut self) {
        self.due = None;
    }

    /// An update arrived, in this state of the connection.
    pub(crate) fn on_update(&mut self, update: &Update, state: ConnectionState, now: Instant) {
        if is_activity(update, state) {
            self.due = Some(now + REST_DELAY);
        }
    }
}

/// Heartbeats and the figures for a window change nothing that needs memory.
fn is_activity(update: &Update, state: ConnectionState) -> bool {
    match update {
        Update::Connection(view) => view.state != state,
        Update::Metrics(_) => false,
        Update::Counts(_)
        | Update::ItemsStored(_)
        | Update::ItemsRemoved(_)
        | Update::InboxChanged
        | Update::Missed
        | Update::Account(_)
        | Update::SignIn(_)
        | Update::Preferences(_)
        | Update::Notices(_)
        | Update::Release(_)
        | Update::ItemRequested(_)
        | Update::ViewRequested(_)
        | Update::InView(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use gloria_core::protocol::Snapshot;

    use super::*;

    #[test]
    fn an_agent_is_at_rest_half_a_minute_after_the_last_change() {
        let began = Instant::now();
        let second = Duration::from_secs(1);
        let mut rest = Rest::new(began);
        assert_eq!(rest.due(), Some(began + REST_DELAY));
        rest.on_update(&Update::InboxChanged, ConnectionState::Connected, began + second);
        assert_eq!(rest.due(), Some(began + second + REST_DELAY));
        rest.on_due();
        assert_eq!(rest.due(), None);
    }

    #[test]
    fn heartbeats_do_not_disturb_the_rest_and_a_lost_connection_does() {
        let now = Instant::now();
        let view = Snapshot::sample().connection;
        let state = view.state;
        let mut rest = Rest::new(now);
        rest.on_due();
        rest.on_update(&Update::Connection(view.clone()), state, now);
        assert_eq!(rest.due(), None);
        rest.on_update(&Update::Connection(view), ConnectionState::Waiting, now);
        assert_eq!(rest.due(), Some(now + REST_DELAY));
    }
}
