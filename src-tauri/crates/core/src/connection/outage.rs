//! Decides when a lost connection causes a notification: late, once, and at once only if the user has to act.

use std::time::{Duration, Instant};

use gloria_stream::{Cause, CredentialError, DialError, Status};

use super::cause;
use crate::message::{self, Message};

/// Laptops lose and regain connections all day. Only a longer outage is worth a notification.
pub(crate) const MAX_SILENT_OUTAGE: Duration = Duration::from_secs(5 * 60);

/// If a connection ends within this time for the reason that was reported, the problem was not solved. This happens if
/// a server accepts a connection and then refuses the token with an event.
const RELAPSE: Duration = Duration::from_secs(60);

/// The time since the connection was lost.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Outage {
    began: Option<Instant>,
    /// Why the last attempt failed; an attempt in progress has no reason yet.
    reason: Option<Message>,
    /// According to the last reason, waiting does not help.
    needs_user: bool,
    reported: bool,
    /// It has lasted for [`MAX_SILENT_OUTAGE`].
    long: bool,
    /// What was reported before the connection came back, and when.
    reported_before: Option<(Message, Instant)>,
}

/// The content of a notification about an outage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OutageNews {
    /// A single line.
    pub title: Message,
    /// The reason, and what to do.
    pub body: Message,
}

impl Outage {
    /// Handles the connection's new state, and returns what to report to the user now, if anything. Once an outage
    /// has been reported, it is not reported again.
    pub(crate) fn on_status(&mut self, status: &Status, now: Instant) -> Option<OutageNews> {
        match status {
            Status::Connected { .. } => {
                let reported_before = match self.reason.take() {
                    Some(reason) if self.reported && self.needs_user => Some((reason, now)),
                    Some(_) | None => self.reported_before.take(),
                };
                *self = Self {
                    reported_before,
                    ..Self::default()
                };
                return None;
            }
            Status::Idle(_) => {
                *self = Self::default();
                return None;
            }
            // The attempt has to finish first.
            Status::Connecting { .. }
            | Status::Waiting {
                cause: Cause::Halted(_),
                ..
            } => {}
            Status::Waiting { cause, .. } | Status::CircuitOpen { cause, .. } => {
                self.reason = Some(cause::cause(cause));
                self.needs_user = waits_for_user(status);
            }
            Status::Halted { reason, .. } => {
                self.reason = Some(cause::halted(*reason));
                self.needs_user = true;
            }
        }
        let began = *self.began.get_or_insert(now);
        let needs_user = self.needs_user;
        self.long = now.saturating_duration_since(began) >= MAX_SILENT_OUTAGE;
        let relapsed = needs_user
            && self.reported_before.as_ref().is_some_and(|(reason, at)| {
                Some(reason) == self.reason.as_ref() && now.saturating_duration_since(*at) < RELAPSE
            });
        self.reported |= relapsed;
        if self.reported || !(needs_user || self.long) {
            return None;
        }
        self.reported = true;
        let minutes = MAX_SILENT_OUTAGE.as_secs() / 60;
        let body = match &self.reason {
            Some(reason) if needs_user => message::outage_needs_you(reason.clone()),
            Some(reason) => message::outage_long(minutes, reason.clone()),
            // The outage lasted during a single attempt.
            None => message::outage_unexplained(minutes),
        };
        Some(OutageNews {
            title: if needs_user {
                message::needs_you()
            } else {
                message::outage()
            },
            body,
        })
    }

    /// Returns when the outage becomes long, unless it ends before.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.began
            .filter(|_| !self.long)
            .map(|began| began + MAX_SILENT_OUTAGE)
    }

    /// Whether waiting does not help, as far as is known.
    pub(crate) fn needs_user(&self) -> bool {
        self.needs_user
    }

    /// Whether it lasts longer than a laptop's change of networks.
    pub(crate) fn is_long(&self) -> bool {
        self.long
    }
}

/// Whether the user has to act: the common rule of the tray, the notification, the window and `gloria status`.
pub(crate) fn needs_user(connected: bool, storage_fails: bool, needs_setup: bool, outage: &Outage) -> bool {
    storage_fails || (!connected && (needs_setup || outage.needs_user()))
}

/// Whether waiting does not help.
fn waits_for_user(status: &Status) -> bool {
    match status {
        Status::Halted { .. } => true,
        Status::Waiting { cause, .. } | Status::CircuitOpen { cause, .. } => matches!(
            cause,
            Cause::NetworkSignIn
                | Cause::Dial(
                    DialError::ProxyAuthentication
                        | DialError::Certificate(_)
                        | DialError::CertificateFile { .. }
                        | DialError::ClientCertificate(_)
                        | DialError::Credential(
                            CredentialError::Missing
                                | CredentialError::Unavailable(_)
                                | CredentialError::TimedOut
                                | CredentialError::Unsendable
                        )
                )
        ),
        Status::Idle(_) | Status::Connecting { .. } | Status::Connected { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use gloria_stream::machine::CertificateProblem;
    use gloria_stream::{HaltReason, IdleReason};

    use super::*;
    use crate::connection::view::remedy;
    use crate::protocol::Remedy;

    fn waiting(cause: Cause, now: Instant) -> Status {
        Status::Waiting {
            attempt: 1,
            until: now,
            cause,
        }
    }

    const MINUTE: Duration = Duration::from_secs(60);

    #[test]
    fn a_short_outage_says_nothing_and_a_long_one_speaks_once() {
        let begin = Instant::now();
        let mut outage = Outage::default();
        for minute in 0..5 {
            let now = begin + minute * MINUTE;
            assert_eq!(
                outage.on_status(&waiting(Cause::Status(503), now), now),
                None,
                "minute {minute}"
            );
            assert_eq!(outage.on_status(&Status::Connecting { attempt: 1 }, now), None);
        }
        assert_eq!(outage.deadline(), Some(begin + MAX_SILENT_OUTAGE));
        let late = begin + MAX_SILENT_OUTAGE;
        let news = outage
            .on_status(&waiting(Cause::Status(503), late), late)
            .unwrap();
        assert_eq!(
            news.body,
            message::outage_long(5u32, message::cause_status(503u16))
        );
        assert_eq!(
            outage.on_status(&waiting(Cause::Status(502), late + MINUTE), late + MINUTE),
            None
        );
        assert_eq!(outage.deadline(), None);
    }

    #[test]
    fn an_attempt_under_way_does_not_hide_the_outage() {
        let begin = Instant::now();
        let mut outage = Outage::default();
        outage.on_status(&waiting(Cause::Status(503), begin), begin);
        let news = outage
            .on_status(&Status::Connecting { attempt: 4 }, begin + MAX_SILENT_OUTAGE)
            .unwrap();
        assert_eq!(
            news.body,
            message::outage_long(5u32, message::cause_status(503u16))
        );
        assert_eq!(outage.deadline(), None, "nothing is due any more");
    }

    #[test]
    fn the_next_outage_is_another_one() {
        let begin = Instant::now();
        let mut outage = Outage::default();
        outage.on_status(&waiting(Cause::Status(503), begin), begin);
        let late = begin + MAX_SILENT_OUTAGE;
        assert!(
            outage
                .on_status(&waiting(Cause::Status(503), late), late)
                .is_some()
        );
        outage.on_status(&Status::Connected { since: late }, late);
        assert_eq!(
            outage.on_status(&waiting(Cause::Status(503), late), late),
            None,
            "it has only begun"
        );
        assert_eq!(outage.deadline(), Some(late + MAX_SILENT_OUTAGE));
    }

    #[test]
    fn what_only_the_user_can_mend_is_reported_at_once() {
        let now = Instant::now();
        for status in [
            Status::Halted {
                reason: HaltReason::Unauthorized,
                until: Some(now),
            },
            waiting(Cause::NetworkSignIn, now),
            waiting(Cause::Dial(DialError::ProxyAuthentication), now),
            waiting(
                Cause::Dial(DialError::Certificate(CertificateProblem::WrongName)),
                now,
            ),
        ] {
            let mut outage = Outage::default();
            assert_eq!(
                outage.on_status(&status, now).unwrap().title,
                message::needs_you(),
                "{status:?}"
            );
            assert_eq!(outage.on_status(&status, now), None, "once");
        }
    }

    #[test]
    fn a_sign_in_that_cannot_be_renewed_yet_is_not_the_users_matter() {
        let now = Instant::now();
        let mut outage = Outage::default();
        let away = DialError::Credential(CredentialError::NotRenewed("away".into()));
        let cause = Cause::Dial(away);
        assert_eq!(remedy(&cause), Remedy::Retry);
        assert_eq!(outage.on_status(&waiting(cause, now), now), None);
        assert!(!outage.needs_user());
    }

    #[test]
    fn an_attempt_under_way_does_not_take_the_call_back() {
        let now = Instant::now();
        let mut outage = Outage::default();
        let locked = DialError::Credential(gloria_stream::CredentialError::Unavailable("locked".into()));
        outage.on_status(&waiting(Cause::Dial(locked), now), now);
        for status in [
            Status::Connecting { attempt: 1 },
            waiting(Cause::Halted(HaltReason::Unauthorized), now),
        ] {
            outage.on_status(&status, now);
            assert!(outage.needs_user(), "{status:?}");
        }
        outage.on_status(&waiting(Cause::Status(503), now), now);
        assert!(!outage.needs_user(), "it is another trouble now");
    }

    #[test]
    fn a_refusal_that_comes_back_within_a_minute_is_reported_once() {
        let mut now = Instant::now();
        let mut outage = Outage::default();
        let halted = Status::Halted {
            reason: HaltReason::Unauthorized,
            until: None,
        };
        assert!(outage.on_status(&halted, now).is_some());
        for _ in 0..3 {
            now += 45 * MINUTE;
            assert_eq!(outage.on_status(&Status::Connected { since: now }, now), None);
            assert!(!outage.needs_user());
            now += Duration::from_secs(5);
            assert_eq!(outage.on_status(&halted, now), None, "it never was over");
        }
        outage.on_status(&Status::Connected { since: now }, now);
        now += 2 * MINUTE;
        assert!(outage.on_status(&halted, now).is_some(), "this one is another");
    }

    #[test]
    fn a_long_outage_is_known_as_one_whether_or_not_it_was_reported() {
        let begin = Instant::now();
        let mut outage = Outage::default();
        outage.on_status(&waiting(Cause::NetworkSignIn, begin), begin);
        assert!(!outage.is_long());
        let late = outage.deadline().unwrap();
        outage.on_status(&Status::Connecting { attempt: 3 }, late);
        assert!(outage.is_long());
        outage.on_status(&Status::Connected { since: late }, late);
        assert!(!outage.is_long());
    }

    #[test]
    fn whoever_disconnected_knows_it() {
        let now = Instant::now();
        let mut outage = Outage::default();
        assert_eq!(outage.on_status(&Status::Idle(IdleReason::Stopped), now), None);
        assert_eq!(outage.deadline(), None);
    }

    #[test]
    fn the_user_is_needed_where_waiting_leads_nowhere() {
        let now = Instant::now();
        let after = |status: &Status| {
            let mut outage = Outage::default();
            outage.on_status(status, now);
            outage
        };
        let certificate = Cause::Dial(DialError::Certificate(CertificateProblem::WrongName));
        let halted = Status::Halted {
            reason: HaltReason::Forbidden,
            until: Some(now),
        };
        for (status, wanted) in [
            (Status::Connecting { attempt: 3 }, false),
            (waiting(Cause::Status(503), now), false),
            (waiting(Cause::Dial(DialError::NameNotFound), now), false),
            (waiting(certificate, now), true),
            (halted, true),
            (Status::Idle(IdleReason::Stopped), false),
        ] {
            let outage = after(&status);
            assert_eq!(needs_user(false, false, false, &outage), wanted, "{status:?}");
            assert!(needs_user(false, false, true, &outage), "set-up is missing");
            assert!(needs_user(true, true, false, &outage), "nothing can be kept");
        }
        assert!(
            !needs_user(true, false, true, &Outage::default()),
            "it is connected"
        );
    }
}
