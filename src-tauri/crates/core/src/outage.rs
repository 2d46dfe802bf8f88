//! When a lost connection is worth a toast: late, once, and at once only where the user has to do something.

use std::time::{Duration, Instant};

use gloria_stream::{Cause, DialError, HaltReason, Status};

/// Laptops lose connections all day and find them again. What lasts longer than this is worth knowing.
pub const LONGEST_SILENT_OUTAGE: Duration = Duration::from_secs(5 * 60);

/// The time since the connection was last there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outage {
    began: Option<Instant>,
    /// Why the last attempt failed; an attempt under way has no reason of its own.
    reason: String,
    told: bool,
}

/// What the user is told about an outage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutageNews {
    /// One line.
    pub title: String,
    /// Why, and what to do.
    pub body: String,
}

impl Outage {
    /// Takes note of the connection's state, and says what the user has to be told now, if anything. Once an outage
    /// has been told of, it is not told of again.
    pub fn note(&mut self, status: &Status, now: Instant) -> Option<OutageNews> {
        match status {
            Status::Connected { .. } | Status::Idle(_) => {
                *self = Self::default();
                return None;
            }
            Status::Connecting { .. } => {}
            Status::Waiting { cause, .. } | Status::CircuitOpen { cause, .. } => {
                self.reason = cause.to_string()
            }
            Status::Halted { reason, .. } => self.reason = reason.to_string(),
        }
        let began = *self.began.get_or_insert(now);
        let needs_user = needs_user(status);
        let long = now.saturating_duration_since(began) >= LONGEST_SILENT_OUTAGE;
        if self.told || !(needs_user || long) {
            return None;
        }
        self.told = true;
        let reason = &self.reason;
        let title = if needs_user {
            "Gloria Notify needs you"
        } else {
            "No connection to the Gloria System"
        };
        let body = if needs_user {
            format!("New notifications do not arrive: {reason}")
        } else {
            format!(
                "For {} minutes: {reason}. It is tried again by itself",
                LONGEST_SILENT_OUTAGE.as_secs() / 60
            )
        };
        Some(OutageNews {
            title: title.to_owned(),
            body,
        })
    }

    /// When the outage becomes long, unless it ends before or has been told of.
    pub fn deadline(&self) -> Option<Instant> {
        self.began
            .filter(|_| !self.told)
            .map(|began| began + LONGEST_SILENT_OUTAGE)
    }
}

/// Whether waiting alone leads nowhere.
pub(crate) fn needs_user(status: &Status) -> bool {
    match status {
        Status::Halted {
            reason:
                HaltReason::Unauthorized
                | HaltReason::Expired
                | HaltReason::Forbidden
                | HaltReason::StoppedByServer
                | HaltReason::NoCredential,
            ..
        } => true,
        Status::Waiting { cause, .. } | Status::CircuitOpen { cause, .. } => matches!(
            cause,
            Cause::NetworkSignIn
                | Cause::Dial(
                    DialError::ProxyAuthentication
                        | DialError::Certificate(_)
                        | DialError::CertificateFile(_)
                        | DialError::Credential(_)
                )
        ),
        Status::Idle(_) | Status::Connecting { .. } | Status::Connected { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use gloria_stream::IdleReason;

    use super::*;

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
                outage.note(&waiting(Cause::Status(503), now), now),
                None,
                "minute {minute}"
            );
            assert_eq!(outage.note(&Status::Connecting { attempt: 1 }, now), None);
        }
        assert_eq!(outage.deadline(), Some(begin + LONGEST_SILENT_OUTAGE));
        let late = begin + LONGEST_SILENT_OUTAGE;
        let news = outage.note(&waiting(Cause::Status(503), late), late).unwrap();
        assert_eq!(
            news.body,
            "For 5 minutes: the server answered 503. It is tried again by itself"
        );
        assert_eq!(
            outage.note(&waiting(Cause::Status(502), late + MINUTE), late + MINUTE),
            None
        );
        assert_eq!(outage.deadline(), None);
    }

    #[test]
    fn an_attempt_under_way_does_not_hide_the_outage() {
        let begin = Instant::now();
        let mut outage = Outage::default();
        outage.note(&waiting(Cause::Status(503), begin), begin);
        let news = outage
            .note(&Status::Connecting { attempt: 4 }, begin + LONGEST_SILENT_OUTAGE)
            .unwrap();
        assert!(news.body.contains("503"), "{news:?}");
        assert_eq!(outage.deadline(), None, "nothing is due any more");
    }

    #[test]
    fn the_next_outage_is_another_one() {
        let begin = Instant::now();
        let mut outage = Outage::default();
        outage.note(&waiting(Cause::Status(503), begin), begin);
        let late = begin + LONGEST_SILENT_OUTAGE;
        assert!(outage.note(&waiting(Cause::Status(503), late), late).is_some());
        outage.note(&Status::Connected { since: late }, late);
        assert_eq!(
            outage.note(&waiting(Cause::Status(503), late), late),
            None,
            "it has only begun"
        );
        assert_eq!(outage.deadline(), Some(late + LONGEST_SILENT_OUTAGE));
    }

    #[test]
    fn what_only_the_user_can_mend_is_told_at_once() {
        let now = Instant::now();
        for status in [
            Status::Halted {
                reason: HaltReason::Unauthorized,
                until: Some(now),
            },
            waiting(Cause::NetworkSignIn, now),
            waiting(Cause::Dial(DialError::ProxyAuthentication), now),
            waiting(Cause::Dial(DialError::Certificate("expired".into())), now),
        ] {
            let mut outage = Outage::default();
            assert_eq!(
                outage.note(&status, now).unwrap().title,
                "Gloria Notify needs you",
                "{status:?}"
            );
            assert_eq!(outage.note(&status, now), None, "once");
        }
    }

    #[test]
    fn whoever_disconnected_knows_it() {
        let now = Instant::now();
        let mut outage = Outage::default();
        assert_eq!(outage.note(&Status::Idle(IdleReason::Stopped), now), None);
        assert_eq!(outage.deadline(), None);
    }
}
