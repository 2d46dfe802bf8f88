//! How the app is doing, in one document for scripts and monitoring. Its names are a contract; it holds no token, no
//! title and no text of an item.

use std::net::SocketAddr;

use gloria_stream::Status;
use serde::Serialize;

use crate::outage;
use crate::protocol::{ConnectionView, Counts, EpochMillis, MetricsView, Notice};

/// What `gloria status` tells.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusReport {
    /// The app's version.
    pub version: String,
    /// When the core started.
    pub since: EpochMillis,
    /// All of it in one word.
    pub health: Health,
    /// The connection, as the window shows it.
    pub connection: ConnectionView,
    /// The inbox in numbers.
    pub counts: Counts,
    /// The connection in numbers.
    pub metrics: MetricsView,
    /// What the user is told about this machine.
    pub notices: Vec<Notice>,
    /// Where metrics are served, if they are.
    pub metrics_listen: Option<SocketAddr>,
}

/// Whether notifications arrive, and who has to do something if not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Health {
    /// The stream is open.
    Connected,
    /// It is not, and the app is at it.
    Working,
    /// It is not, and waiting alone leads nowhere.
    NeedsUser,
}

/// Sums the app up, by the same rule that decides whether the user is called. `storage_fails` says that what comes
/// cannot be kept, which the best connection does not mend.
pub fn health(status: &Status, needs_setup: bool, storage_fails: bool) -> Health {
    let connected = matches!(status, Status::Connected { .. });
    if storage_fails {
        Health::NeedsUser
    } else if connected {
        Health::Connected
    } else if needs_setup || outage::needs_user(status) {
        Health::NeedsUser
    } else {
        Health::Working
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use gloria_stream::{Cause, DialError, HaltReason, IdleReason};

    use super::*;

    #[test]
    fn the_user_is_needed_where_waiting_leads_nowhere() {
        let waiting = |cause| Status::Waiting {
            attempt: 1,
            until: Instant::now(),
            cause,
        };
        let certificate = Cause::Dial(DialError::Certificate("expired".into()));
        for (status, needs_setup, expected) in [
            (
                Status::Connected {
                    since: Instant::now(),
                },
                false,
                Health::Connected,
            ),
            (Status::Connecting { attempt: 3 }, false, Health::Working),
            (waiting(Cause::Status(503)), false, Health::Working),
            (
                waiting(Cause::Dial(DialError::NameNotFound)),
                false,
                Health::Working,
            ),
            (waiting(certificate), false, Health::NeedsUser),
            (
                Status::Halted {
                    reason: HaltReason::Forbidden,
                    until: None,
                },
                false,
                Health::NeedsUser,
            ),
            (Status::Idle(IdleReason::NotStarted), true, Health::NeedsUser),
            (Status::Idle(IdleReason::Stopped), false, Health::Working),
        ] {
            assert_eq!(health(&status, needs_setup, false), expected, "{status:?}");
            assert_eq!(
                health(&status, needs_setup, true),
                Health::NeedsUser,
                "{status:?}"
            );
        }
    }
}
