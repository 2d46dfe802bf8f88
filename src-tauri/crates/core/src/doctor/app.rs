//! Checks of the app, and of what only it knows: its stream.

use super::status::{AppStatus, Metrics};
use super::{AppSeen, Check, Observed, Probed, SavedSignIn, Verdict, mend_of, network};
use crate::connection::{Acceptance, epoch_millis};
use crate::message::{self, Message};
use crate::protocol::{ConnectionState, Remedy};

/// Servers send something every half a minute, and the stream ends a connection that is silent for much longer by
/// itself. More than this means that the app is not working.
const MAX_SILENCE_SECONDS: i64 = 180;

/// A notice that says more about a check than this program sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoticeOf {
    Keyring,
    Notifications,
    Sound,
}

impl NoticeOf {
    fn kind(self) -> &'static str {
        match self {
            Self::Keyring => "keyring",
            Self::Notifications => "notifications",
            Self::Sound => "sound",
        }
    }
}

fn is_unreachable(seen: &Observed) -> bool {
    matches!(seen.app, AppSeen::Unreachable(_))
}

fn status(seen: &Observed) -> Option<&AppStatus> {
    match &seen.app {
        AppSeen::Running(status) => Some(status),
        AppSeen::NotRunning | AppSeen::Unreachable(_) => None,
    }
}

pub(super) fn notice(seen: &Observed, of: NoticeOf) -> Option<Message> {
    let notices = &status(seen)?.notices;
    let found = notices.iter().find(|notice| notice.kind == of.kind());
    found.map(|notice| notice.message.clone())
}

pub(super) fn storage(seen: &Observed) -> Option<Message> {
    status(seen)?.connection.storage.clone()
}

/// Whether a token is wanted that only the keyring has.
pub(super) fn is_keyring_needed(seen: &Observed) -> bool {
    let is_connected = status(seen).is_some_and(AppStatus::is_connected);
    let is_elsewhere = matches!(
        seen.sign_in,
        Probed::Seen(SavedSignIn::Variable | SavedSignIn::Command)
    );
    !(is_connected || is_elsewhere)
}

pub(super) fn running(app: &AppSeen) -> Verdict {
    match app {
        AppSeen::Running(_) => Verdict::passed(message::doctor_app_runs()),
        AppSeen::NotRunning => {
            Verdict::failed(message::doctor_app_absent(), Some(message::doctor_mend_app()))
        }
        AppSeen::Unreachable(problem) => Verdict::failed(
            message::doctor_app_unreachable(problem.clone()),
            Some(message::doctor_mend_app_anew()),
        ),
    }
}

pub(super) fn versions(app: &AppSeen, own: &str) -> Verdict {
    match app {
        AppSeen::Running(status) if status.version != own => Verdict::warning(
            message::doctor_versions_differ(&status.version, own),
            message::doctor_mend_versions(),
        ),
        AppSeen::Running(_) | AppSeen::NotRunning | AppSeen::Unreachable(_) => {
            Verdict::passed(message::doctor_version(own))
        }
    }
}

pub(super) fn sign_in(seen: &Observed) -> Verdict {
    let mend = || Some(message::doctor_mend_sign_in());
    if let Some(status) = status(seen) {
        let connection = &status.connection;
        return match (connection.state, connection.remedy) {
            (ConnectionState::Connected, _) => Verdict::passed(message::doctor_signed_in()),
            (_, Remedy::SignIn) => Verdict::failed(reason(status), mend()),
            (_, Remedy::ConfirmPerson) => {
                Verdict::failed(reason(status), Some(message::doctor_mend_person()))
            }
            (
                ConnectionState::Idle
                | ConnectionState::Disconnected
                | ConnectionState::Connecting
                | ConnectionState::Waiting
                | ConnectionState::CircuitOpen
                | ConnectionState::Halted,
                _,
            ) => Verdict::after(Check::Stream),
        };
    }
    match (&seen.acceptance, &seen.sign_in) {
        _ if is_unreachable(seen) => Verdict::after(Check::App),
        (Some(Acceptance::Unknown(_)), _) => {
            Verdict::after(network::failed_step(seen.server.as_ref()).unwrap_or(Check::Stream))
        }
        (Some(Acceptance::Accepted), _) => Verdict::passed(message::doctor_signed_in()),
        (Some(Acceptance::Refused(why)), _) => Verdict::failed(why.clone(), mend()),
        (_, Probed::Seen(SavedSignIn::Nothing)) => Verdict::failed(message::cause_no_token(), mend()),
        (_, Probed::Seen(SavedSignIn::Token | SavedSignIn::Variable)) => {
            Verdict::skipped(message::doctor_token_untested())
        }
        (_, Probed::Seen(SavedSignIn::Grant)) => Verdict::skipped(message::doctor_sign_in_saved()),
        (_, Probed::Seen(SavedSignIn::Command)) => Verdict::skipped(message::doctor_sign_in_by_command()),
        (_, Probed::Hangs(_) | Probed::Untried) => match seen.server {
            Some(_) => Verdict::after(Check::Keyring),
            None => Verdict::skipped(message::doctor_no_address()),
        },
    }
}

/// Why the app is not connected. An app that is about to connect has no reason.
fn reason(status: &AppStatus) -> Message {
    let reason = status.connection.reason.clone();
    reason.unwrap_or_else(message::doctor_stream_trying)
}

pub(super) fn stream(seen: &Observed) -> Verdict {
    if let Some(status) = status(seen) {
        return match status.connection.state {
            ConnectionState::Connected => Verdict::passed(message::doctor_stream_open()),
            ConnectionState::Idle | ConnectionState::Connecting => {
                Verdict::warning(message::doctor_stream_trying(), message::doctor_mend_stream())
            }
            ConnectionState::Disconnected => {
                Verdict::failed(reason(status), Some(message::doctor_mend_retry()))
            }
            ConnectionState::Waiting | ConnectionState::CircuitOpen | ConnectionState::Halted => {
                Verdict::failed(reason(status), Some(mend_of(status.connection.remedy)))
            }
        };
    }
    match &seen.acceptance {
        _ if is_unreachable(seen) => Verdict::after(Check::App),
        Some(Acceptance::Accepted) => Verdict::passed(message::doctor_stream_open()),
        Some(Acceptance::Refused(_)) => Verdict::after(Check::SignIn),
        Some(Acceptance::Unknown(why)) => match network::failed_step(seen.server.as_ref()) {
            Some(step) => Verdict::after(step),
            None => Verdict::failed(why.clone(), Some(message::doctor_mend_server())),
        },
        None => Verdict::skipped(message::doctor_app_only()),
    }
}

pub(super) fn heartbeat(seen: &Observed) -> Verdict {
    let Some(status) = status(seen) else {
        return Verdict::skipped(message::doctor_app_only());
    };
    match (status.connection.state, status.connection.last_heard_at) {
        (ConnectionState::Connected, Some(at)) => {
            let seconds = (epoch_millis(seen.at) - at).max(0) / 1000;
            if seconds <= MAX_SILENCE_SECONDS {
                Verdict::passed(message::doctor_heard(seconds))
            } else {
                Verdict::warning(message::doctor_silent(seconds), message::doctor_mend_retry())
            }
        }
        (ConnectionState::Connected, None) => Verdict::skipped(message::doctor_nothing_heard_yet()),
        (
            ConnectionState::Idle
            | ConnectionState::Disconnected
            | ConnectionState::Connecting
            | ConnectionState::Waiting
            | ConnectionState::CircuitOpen
            | ConnectionState::Halted,
            _,
        ) => Verdict::skipped(message::doctor_not_heard()),
    }
}

pub(super) fn event(seen: &Observed) -> Verdict {
    let Some(status) = status(seen) else {
        return Verdict::skipped(message::doctor_app_only());
    };
    let Metrics {
        events,
        failed_events,
    } = status.metrics;
    match (status.connection.state, failed_events) {
        (_, 1..) => Verdict::warning(
            message::doctor_events_unreadable(failed_events, events + failed_events),
            message::doctor_mend_unreadable(),
        ),
        (_, 0) if events > 0 => Verdict::passed(message::doctor_events(events)),
        (ConnectionState::Connected, 0) => Verdict::skipped(message::check_no_event()),
        (
            ConnectionState::Idle
            | ConnectionState::Disconnected
            | ConnectionState::Connecting
            | ConnectionState::Waiting
            | ConnectionState::CircuitOpen
            | ConnectionState::Halted,
            0,
        ) => Verdict::skipped(message::doctor_not_heard()),
    }
}

pub(super) fn marks(seen: &Observed) -> Verdict {
    let Some(status) = status(seen) else {
        return Verdict::skipped(message::doctor_app_only());
    };
    if status.kept_here.is_empty() {
        return Verdict::passed(message::doctor_marks_sent());
    }
    let fields = status.kept_here.join(", ");
    Verdict::warning(message::doctor_marks_kept(fields), message::doctor_mend_marks())
}
