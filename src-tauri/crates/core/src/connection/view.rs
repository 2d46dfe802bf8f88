//! The connection as users see it: the stream's status as messages.

use std::time::{Duration, Instant, SystemTime};

use gloria_stream::{
    Cause, CredentialError, DialError, EndCause, HaltReason, IdleReason, Reachability, Status,
};

use super::cause::{advised, halted};

use crate::account::address::Address;
use crate::item::EpochMillis;
use crate::message::{self, Message};
use crate::protocol::{ConnectionState, ConnectionView, Filling, NetworkState, Remedy, Transport, View};

/// Both clocks read at the same moment, to convert an `Instant` to wall-clock time.
#[derive(Debug, Clone, Copy)]
pub struct ClockReading {
    /// The wall clock.
    pub wall: SystemTime,
    /// The monotonic clock.
    pub monotonic: Instant,
}

impl ClockReading {
    /// Converts an instant to wall-clock time.
    pub(crate) fn epoch_millis_of(&self, instant: Instant) -> EpochMillis {
        let ahead = instant.saturating_duration_since(self.monotonic);
        let behind = self.monotonic.saturating_duration_since(instant);
        epoch_millis(self.wall + ahead - behind)
    }

    /// Returns the wall-clock time.
    pub fn epoch_millis(&self) -> EpochMillis {
        epoch_millis(self.wall)
    }
}

/// Returns milliseconds since 1970, or 0 before it.
pub fn epoch_millis(time: SystemTime) -> EpochMillis {
    let since = time
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or(Duration::ZERO);
    EpochMillis::try_from(since.as_millis()).unwrap_or(EpochMillis::MAX)
}

/// What the view depends on besides the stream's status.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ConnectionContext {
    /// The system's report about the network.
    pub network: NetworkState,
    /// The stream's transport.
    pub transport: Transport,
    /// The address is plain http to another machine.
    pub insecure: bool,
    /// Host and port of the proxy in use.
    pub proxy: Option<String>,
    /// Why events cannot be stored, if the user has to act.
    pub storage: Option<Message>,
    /// The user has to act.
    pub needs_user: bool,
    /// The outage is long enough to be shown as a problem.
    pub long_outage: bool,
    /// See [`ConnectionView::history_since`].
    pub history_since: Option<EpochMillis>,
    /// See [`ConnectionView::filling`].
    pub filling: Option<Filling>,
    /// No connection is wanted.
    pub disconnected: Option<Disconnected>,
}

/// Why no connection is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disconnected {
    /// The user disconnected.
    ByUser,
    /// Connecting at the start is turned off in the settings.
    AtStart,
}

impl Disconnected {
    fn message(self) -> Message {
        match self {
            Self::ByUser => message::cause_disconnected(),
            Self::AtStart => message::cause_not_at_start(),
        }
    }
}

impl ConnectionContext {
    /// Combines the address, the system's report and the settings.
    pub(crate) fn new(
        address: Option<&Address>,
        reachability: Option<Reachability>,
        proxy: Option<String>,
    ) -> Self {
        Self {
            network: match reachability {
                None => NetworkState::Unknown,
                Some(Reachability::Online) => NetworkState::Online,
                Some(Reachability::Offline) => NetworkState::Offline,
            },
            transport: match address {
                Some(address) if address.is_websocket() => Transport::WebSocket,
                Some(_) | None => Transport::Sse,
            },
            insecure: address.is_some_and(Address::is_insecure),
            proxy,
            storage: None,
            needs_user: false,
            long_outage: false,
            history_since: None,
            filling: None,
            disconnected: None,
        }
    }
}

/// Returns what the window, the tray and `gloria status` show for a status.
pub(crate) fn view(
    status: &Status,
    last_heard_at: Option<EpochMillis>,
    context: ConnectionContext,
    now: &ClockReading,
) -> ConnectionView {
    let why = |cause: &Cause| Some(advised(cause, context.transport));
    let quiet = ConnectionView {
        state: ConnectionState::Idle,
        reason: None,
        remedy: Remedy::None,
        needs_user: context.needs_user,
        long_outage: context.long_outage,
        attempt: 0,
        next_attempt_at: None,
        connected_since: None,
        last_heard_at,
        network: context.network,
        transport: context.transport,
        insecure: context.insecure,
        proxy: context.proxy,
        storage: context.storage,
        history_since: context.history_since,
        filling: context.filling,
    };
    match status {
        Status::Idle(IdleReason::NotStarted | IdleReason::Stopped) => match context.disconnected {
            Some(disconnected) => ConnectionView {
                state: ConnectionState::Disconnected,
                reason: Some(disconnected.message()),
                ..quiet
            },
            None => quiet,
        },
        Status::Connecting { attempt } => ConnectionView {
            state: ConnectionState::Connecting,
            attempt: *attempt,
            ..quiet
        },
        Status::Connected { since } => ConnectionView {
            state: ConnectionState::Connected,
            // A connection whose events cannot be stored is not healthy.
            reason: quiet.storage.clone(),
            connected_since: Some(now.epoch_millis_of(*since)),
            ..quiet
        },
        Status::Waiting {
            attempt,
            until,
            cause,
        } => ConnectionView {
            state: ConnectionState::Waiting,
            reason: why(cause),
            remedy: remedy(cause),
            attempt: *attempt,
            next_attempt_at: Some(now.epoch_millis_of(*until)),
            ..quiet
        },
        Status::CircuitOpen {
            attempt,
            until,
            cause,
        } => ConnectionView {
            state: ConnectionState::CircuitOpen,
            reason: why(cause),
            remedy: remedy(cause),
            attempt: *attempt,
            next_attempt_at: Some(now.epoch_millis_of(*until)),
            ..quiet
        },
        Status::Halted { reason, until } => ConnectionView {
            state: ConnectionState::Halted,
            reason: Some(halted(*reason)),
            remedy: halt_remedy(*reason),
            next_attempt_at: until.map(|until| now.epoch_millis_of(until)),
            ..quiet
        },
    }
}

pub(crate) fn halt_remedy(reason: HaltReason) -> Remedy {
    match reason {
        HaltReason::Unauthorized | HaltReason::Expired | HaltReason::NoCredential => Remedy::SignIn,
        HaltReason::Forbidden | HaltReason::StoppedByServer => Remedy::Retry,
    }
}

/// The view in which the user does it; `None` where nothing is done in the window but to try again.
pub(crate) fn remedy_view(remedy: Remedy) -> Option<View> {
    match remedy {
        Remedy::SignIn | Remedy::CheckAddress => Some(View::Setup),
        Remedy::ProxySignIn => Some(View::Proxy),
        Remedy::ConfirmPerson => Some(View::Inbox),
        Remedy::UnlockKeyring
        | Remedy::CheckNetwork
        | Remedy::CheckCertificate
        | Remedy::ClientCertificate
        | Remedy::NetworkSignIn => Some(View::Connection),
        Remedy::None | Remedy::Retry => None,
    }
}

pub(crate) fn remedy(cause: &Cause) -> Remedy {
    match cause {
        Cause::NotAStream { .. } | Cause::Encoded(_) => Remedy::CheckAddress,
        // The statuses left out of the range are temporary; these are not.
        Cause::Status(400..=407 | 411..=424) => Remedy::CheckAddress,
        Cause::Status(_) => Remedy::Retry,
        Cause::NetworkSignIn => Remedy::NetworkSignIn,
        Cause::Dial(error) => dial_remedy(error),
        Cause::Halted(reason) => halt_remedy(*reason),
        Cause::Ended(EndCause::Buffered(_)) => Remedy::CheckNetwork,
        Cause::Ended(EndCause::Rejected(reason)) => halt_remedy(*reason),
        Cause::Ended(
            EndCause::Closed
            | EndCause::ClosedWith(_)
            | EndCause::AgainstPolicy
            | EndCause::BrokenOff(_)
            | EndCause::Silent(_)
            | EndCause::Overflow(_)
            | EndCause::OverflowRepeated(..)
            | EndCause::NetworkChanged
            | EndCause::Slept
            | EndCause::CredentialChanged,
        ) => Remedy::Retry,
    }
}

fn dial_remedy(error: &DialError) -> Remedy {
    match error {
        DialError::Credential(CredentialError::Missing | CredentialError::Unsendable) => Remedy::SignIn,
        DialError::Credential(CredentialError::Unavailable(_) | CredentialError::TimedOut) => {
            Remedy::UnlockKeyring
        }
        DialError::Credential(CredentialError::NotRenewed(_)) => Remedy::Retry,
        DialError::ProxyAuthentication => Remedy::ProxySignIn,
        DialError::NetworkSignIn => Remedy::NetworkSignIn,
        DialError::Proxy(_) => Remedy::CheckNetwork,
        DialError::Certificate(_) | DialError::CertificateFile { .. } => Remedy::CheckCertificate,
        DialError::ClientCertificate(_) => Remedy::ClientCertificate,
        DialError::NameNotFound
        | DialError::Tls(_)
        | DialError::NotFound(_)
        | DialError::NotHttp(_)
        | DialError::NotWebSocket(_)
        | DialError::RedirectToNowhere
        | DialError::RedirectNotSecure
        | DialError::TooManyRedirects => Remedy::CheckAddress,
        DialError::Setup(_)
        | DialError::ConnectionRefused
        | DialError::Unreachable
        | DialError::ConnectTimedOut(_)
        | DialError::AnswerTimedOut(_)
        | DialError::BrokenOff(_) => Remedy::Retry,
    }
}

#[cfg(test)]
mod tests {
    use gloria_stream::machine::{CertificateProblem, ClientCertificateProblem};

    use super::*;

    #[test]
    fn a_countdown_is_shown_as_a_time_of_day() {
        let now = ClockReading {
            wall: SystemTime::UNIX_EPOCH + Duration::from_secs(100),
            monotonic: Instant::now(),
        };
        let status = Status::Waiting {
            attempt: 3,
            until: now.monotonic + Duration::from_secs(12),
            cause: Cause::Status(503),
        };
        let view = view(&status, Some(100_000), ConnectionContext::default(), &now);
        assert_eq!(view.next_attempt_at, Some(112_000));
        assert_eq!(view.last_heard_at, Some(100_000));
        assert_eq!(
            (view.reason, view.remedy),
            (Some(message::cause_status(503u16)), Remedy::Retry)
        );
        assert_eq!(
            now.epoch_millis_of(now.monotonic - Duration::from_secs(40)),
            60_000
        );
    }

    #[test]
    fn a_stream_that_is_buffered_may_get_through_as_a_websocket() {
        let now = ClockReading {
            wall: SystemTime::UNIX_EPOCH,
            monotonic: Instant::now(),
        };
        let status = Status::Waiting {
            attempt: 3,
            until: now.monotonic,
            cause: Cause::Ended(EndCause::Buffered(3)),
        };
        let advised = |transport| {
            let context = ConnectionContext {
                transport,
                ..ConnectionContext::default()
            };
            let view = view(&status, None, context, &now);
            assert_eq!(view.remedy, Remedy::CheckNetwork);
            view.reason
                .is_some_and(|reason| reason.id == "advised-web-socket")
        };
        assert!(advised(Transport::Sse));
        assert!(!advised(Transport::WebSocket), "it is one already");
    }

    #[test]
    fn a_server_that_wants_a_certificate_is_not_one_whose_own_is_in_doubt() {
        assert_eq!(
            dial_remedy(&DialError::ClientCertificate(ClientCertificateProblem::Wanted)),
            Remedy::ClientCertificate
        );
        assert_eq!(
            dial_remedy(&DialError::Certificate(CertificateProblem::UnknownIssuer)),
            Remedy::CheckCertificate
        );
    }

    #[test]
    fn every_halt_but_the_servers_own_asks_for_the_user() {
        let now = ClockReading {
            wall: SystemTime::UNIX_EPOCH,
            monotonic: Instant::now(),
        };
        let remedy = |reason| {
            let halted = Status::Halted { reason, until: None };
            view(&halted, None, ConnectionContext::default(), &now).remedy
        };
        assert_eq!(remedy(HaltReason::Unauthorized), Remedy::SignIn);
        assert_eq!(remedy(HaltReason::NoCredential), Remedy::SignIn);
        assert_eq!(remedy(HaltReason::StoppedByServer), Remedy::Retry);
    }
}
