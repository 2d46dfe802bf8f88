//! What is known of a sign-in in memory, and the decisions about it: when to renew, when to wait, and what a refusal of
//! the server means.

use std::time::{Duration, SystemTime};

use gloria_sign_in::{Issuer, Lifetime, Moment};
use gloria_stream::Generation;

use super::not_renewed::NotRenewed;
use super::renewal::{Known, Why};
use crate::grant::{GrantRule, Person, SavedGrant, Subject};
use crate::item::EpochMillis;
use crate::message::{self, Message};
use crate::protocol::{SignInTrouble, SignInTroubleKind, SignedIn};

/// A server that refuses a younger token does not accept this kind of sign-in: a session that ended, or a key that was
/// replaced, is noticed only by the age that tokens otherwise reach.
const FRESH_AGE: Duration = Duration::from_secs(60);

/// The delay after the first failed renewal, which doubles with each.
const MIN_RETRY_DELAY: Duration = Duration::from_secs(5);

/// A provider that is back is noticed within this time.
const MAX_RETRY_DELAY: Duration = Duration::from_secs(300);

/// After waking, the network changes for some seconds, and an answer that is lost in them costs the sign-in.
const WAKE_SETTLE: Duration = Duration::from_secs(20);

/// A computer that is still running this long after it announced its sleep does not sleep.
const MAX_ANNOUNCEMENT: Duration = Duration::from_secs(60);

/// Why the user has to sign in again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    ByProvider(Why),
    /// The server refused two tokens in a row.
    RefusedByServer,
    /// Its access token has ended, and there is nothing to renew it with.
    Over,
    /// The settings name another provider, or another registration of the app there.
    Elsewhere,
}

impl Ended {
    pub(super) fn message(self) -> Message {
        match self {
            Self::ByProvider(Why::Ended) => message::sign_in_ended(),
            Self::ByProvider(Why::CutOff) => message::sign_in_cut_off(),
            Self::ByProvider(Why::OtherPerson) => message::sign_in_other_person(),
            Self::RefusedByServer => message::sign_in_refused_by_server(),
            Self::Over => message::sign_in_over(),
            Self::Elsewhere => message::sign_in_elsewhere(),
        }
    }
}

/// What a server's refusal of a token means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It worked before, so another one may.
    Renew,
    /// The server does not accept this sign-in; the administrator has to change that.
    Rejected,
    /// Nor the one after it.
    SignInAgain,
}

/// A renewal that failed.
#[derive(Debug, Clone)]
struct Failed {
    at: Moment,
    delay: Duration,
    why: NotRenewed,
    kind: SignInTroubleKind,
}

/// Who signed in, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Who {
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    /// The subject, or what stands for it.
    pub(crate) owner: String,
    pub(crate) person: Person,
}

impl Who {
    pub(super) fn of(grant: &SavedGrant) -> Self {
        Self {
            issuer: grant.issuer().to_owned(),
            client_id: grant.client_id().to_owned(),
            owner: grant.owner().to_owned(),
            person: grant.person().clone(),
        }
    }

    /// Whether the settings still want sign-ins of this kind.
    pub(super) fn is_admitted(&self, rule: &GrantRule) -> bool {
        rule.admits(&self.issuer, &self.client_id)
    }

    /// Whether it is the same user of the same provider.
    pub(super) fn is_same_person(&self, other: &Self) -> bool {
        (&self.issuer, &self.owner) == (&other.issuer, &other.owner)
    }

    pub(super) fn subject(&self) -> Option<Subject> {
        let subject = Subject::new(&self.issuer, &self.client_id, &self.owner)?;
        Some(subject.called(self.person.name.clone(), self.person.email.clone()))
    }
}

/// A sign-in in memory. Empty while there is none.
#[derive(Debug, Clone, Default)]
pub(super) struct SignIn {
    pub(super) known: Known,
    /// Of the access token in force.
    lifetime: Option<Lifetime>,
    /// From 0 to 1, and the same for one token.
    jitter: f64,
    /// The server refused the access token in force.
    refused: bool,
    rejected: bool,
    /// The last generation that was refused after it had worked.
    worked: Option<Generation>,
    failed: Option<Failed>,
    failures: u32,
    ended: Option<Ended>,
    pub(super) who: Option<Who>,
    /// Why the keyring does not store it.
    pub(super) unsaved: Option<Message>,
}

impl SignIn {
    /// New tokens. `lifetime` is that of the access token.
    pub(super) fn on_tokens(&mut self, lifetime: Lifetime, jitter: f64) {
        self.lifetime = Some(lifetime);
        self.jitter = jitter;
        self.refused = false;
        self.known.lost = false;
        (self.failed, self.failures) = (None, 0);
        self.ended = None;
    }

    /// The user has to sign in again. What must never be sent again stays known.
    pub(super) fn end(&mut self, ended: Ended) {
        let dead = std::mem::take(&mut self.known.dead);
        *self = Self {
            ended: Some(ended),
            ..Self::default()
        };
        self.known.dead = dead;
    }

    /// There is none any more.
    pub(super) fn clear(&mut self) {
        let dead = std::mem::take(&mut self.known.dead);
        *self = Self::default();
        self.known.dead = dead;
    }

    pub(super) fn ended(&self) -> Option<Ended> {
        self.ended
    }

    /// The keyring may have another one, so nothing is known to have ended.
    pub(super) fn requery(&mut self) {
        self.ended = None;
        self.rejected = false;
        self.failed = None;
    }

    pub(super) fn is_rejected(&self) -> bool {
        self.rejected
    }

    /// The server accepted the token in force.
    pub(super) fn on_accepted(&mut self) {
        self.rejected = false;
    }

    /// Whether the access token can be sent.
    pub(super) fn is_usable(&self, now: Moment) -> bool {
        let is_young = self.lifetime.is_some_and(|lifetime| !lifetime.is_expired(now));
        is_young && !self.refused
    }

    /// Whether the access token should be renewed.
    pub(super) fn is_due(&self, now: Moment) -> bool {
        self.lifetime
            .is_some_and(|lifetime| lifetime.is_due(self.jitter, now))
    }

    /// What users see of it.
    pub(super) fn view(&self) -> Option<SignedIn> {
        let who = self.who.as_ref()?;
        let provider = Issuer::parse(&who.issuer).map_or_else(|_| who.issuer.clone(), |issuer| issuer.host());
        let unsaved = self.unsaved.clone().map(|message| SignInTrouble {
            kind: SignInTroubleKind::Unsaved,
            message,
        });
        let failed = self.failed.as_ref().map(|failed| SignInTrouble {
            kind: failed.kind,
            message: failed.why.why.clone(),
        });
        Some(SignedIn {
            name: who.person.name.clone(),
            email: who.person.email.clone(),
            provider,
            ends_at: self.ends_at().filter(|_| self.known.in_memory.is_none()),
            trouble: failed.or(unsaved),
        })
    }

    /// When the access token ends, as far as the provider said.
    fn ends_at(&self) -> Option<EpochMillis> {
        let lifetime = self.lifetime.as_ref()?;
        let ends = lifetime.received.wall.checked_add(lifetime.lasts?)?;
        let since = ends.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        EpochMillis::try_from(since.as_millis()).ok()
    }

    /// Whether the provider has refused this one, or replaced it.
    pub(super) fn is_dead(&self, grant: &SavedGrant) -> bool {
        self.known.dead.iter().any(|dead| dead.is_same(grant))
    }

    /// Until when the access token need not be renewed; `None` if it never has to be, or there is none.
    pub(super) fn until_due(&self, now: Moment) -> Option<Duration> {
        let lifetime = self.lifetime.as_ref()?;
        let due = lifetime
            .renews_after(self.jitter)?
            .saturating_sub(lifetime.age(now));
        let wait = self.wait(now).map_or(Duration::ZERO, |(wait, _)| wait);
        Some(due.max(wait))
    }

    /// A renewal failed, and may be repeated after a while.
    pub(super) fn on_failure(
        &mut self,
        why: NotRenewed,
        kind: SignInTroubleKind,
        retry_after: Option<Duration>,
        now: Moment,
    ) {
        let doubled = MIN_RETRY_DELAY.saturating_mul(1_u32 << self.failures.min(10));
        let delay = doubled.min(MAX_RETRY_DELAY).max(retry_after.unwrap_or_default());
        self.failures += 1;
        self.failed = Some(Failed {
            at: now,
            delay,
            why,
            kind,
        });
    }

    /// How long the next renewal has to wait, and why.
    pub(super) fn wait(&self, now: Moment) -> Option<(Duration, NotRenewed)> {
        let failed = self.failed.as_ref()?;
        let left = failed.delay.saturating_sub(failed.at.elapsed(now));
        (!left.is_zero()).then(|| (left, failed.why.clone()))
    }

    /// The network is another one, or the keyring is open: nothing is waited for.
    pub(super) fn retry_at_once(&mut self) {
        self.failed = None;
    }

    /// The server refused this generation, which is in force.
    pub(super) fn on_refused(&mut self, generation: Generation, now: Moment) -> Refusal {
        if self.rejected {
            return Refusal::Rejected;
        }
        let age = self.lifetime.map_or(FRESH_AGE, |lifetime| lifetime.age(now));
        if age >= FRESH_AGE {
            self.worked = Some(generation);
            self.refused = true;
            return Refusal::Renew;
        }
        if self.worked.is_some_and(|worked| worked.next() == generation) {
            return Refusal::SignInAgain;
        }
        self.rejected = true;
        Refusal::Rejected
    }
}

/// Whether a renewal may begin, as far as sleep is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Wakefulness {
    #[default]
    Awake,
    /// The computer announced its sleep.
    Sleepy(Moment),
    /// It woke, and nothing has arrived over the network yet.
    Waking(Moment),
}

impl Wakefulness {
    /// How long a renewal has to wait.
    pub(super) fn wait(self, now: Moment) -> Duration {
        match self {
            Self::Awake => Duration::ZERO,
            Self::Sleepy(since) => {
                MAX_ANNOUNCEMENT.saturating_sub(now.monotonic.saturating_duration_since(since.monotonic))
            }
            Self::Waking(since) => {
                WAKE_SETTLE.saturating_sub(now.monotonic.saturating_duration_since(since.monotonic))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    const FAILING: SignInTroubleKind = SignInTroubleKind::RenewalFailing;

    fn at(start: Moment, seconds: u64) -> Moment {
        Moment {
            monotonic: start.monotonic + Duration::from_secs(seconds),
            wall: start.wall + Duration::from_secs(seconds),
        }
    }

    fn start() -> Moment {
        Moment {
            monotonic: Instant::now(),
            wall: SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000),
        }
    }

    fn signed_in(received: Moment, lasts: u64) -> SignIn {
        let mut sign_in = SignIn::default();
        let lasts = Some(Duration::from_secs(lasts));
        sign_in.on_tokens(Lifetime { received, lasts }, 0.0);
        sign_in
    }

    #[test]
    fn a_fresh_token_that_is_refused_is_the_administrators_matter_and_causes_no_renewal() {
        let began = start();
        let mut sign_in = signed_in(began, 3600);
        let first = Generation::new(1);
        assert_eq!(sign_in.on_refused(first, at(began, 59)), Refusal::Rejected);
        assert!(sign_in.is_usable(at(began, 59)), "it is not asked for another");
        assert_eq!(sign_in.on_refused(first, at(began, 1800)), Refusal::Rejected);
        sign_in.on_accepted();
        assert_eq!(sign_in.on_refused(first, at(began, 1801)), Refusal::Renew);
    }

    #[test]
    fn two_tokens_that_are_refused_in_a_row_end_it_and_one_alone_does_not() {
        let began = start();
        let (first, second) = (Generation::new(1), Generation::new(2));
        for (age_of_second, expected) in [(1, Refusal::SignInAgain), (61, Refusal::Renew)] {
            let mut sign_in = signed_in(began, 3600);
            assert_eq!(sign_in.on_refused(first, at(began, 60)), Refusal::Renew);
            assert!(!sign_in.is_usable(at(began, 60)));
            let lasts = Some(Duration::from_secs(3600));
            let received = at(began, 60);
            sign_in.on_tokens(Lifetime { received, lasts }, 0.0);
            assert!(sign_in.is_usable(received));
            assert_eq!(sign_in.on_refused(second, at(received, age_of_second)), expected);
        }
    }

    #[test]
    fn failures_are_repeated_more_and_more_rarely_and_as_the_provider_wants() {
        let began = start();
        let mut sign_in = signed_in(began, 3600);
        let failure = || NotRenewed::yet(message::sign_in_unreachable());
        for delay in [5, 10, 20, 40, 80, 160, 300, 300] {
            sign_in.on_failure(failure(), FAILING, None, began);
            let (wait, _) = sign_in.wait(began).unwrap();
            assert_eq!(wait.as_secs(), delay);
            assert!(sign_in.wait(at(began, delay)).is_none());
        }
        sign_in.on_failure(failure(), FAILING, Some(Duration::from_secs(1000)), began);
        assert_eq!(sign_in.wait(began).unwrap().0.as_secs(), 1000);
        assert_eq!(sign_in.until_due(began), Some(Duration::from_secs(2880)));
        assert_eq!(sign_in.until_due(at(began, 2900)), Some(Duration::ZERO));
        sign_in.on_tokens(
            Lifetime {
                received: began,
                lasts: None,
            },
            0.0,
        );
        assert_eq!((sign_in.until_due(began), sign_in.wait(began)), (None, None));
    }

    #[test]
    fn a_token_is_good_until_either_clock_says_that_it_is_not() {
        let began = start();
        let sign_in = signed_in(began, 60);
        assert!(sign_in.is_usable(at(began, 59)) && !sign_in.is_usable(at(began, 60)));
        let slept = Moment {
            wall: at(began, 60).wall,
            ..began
        };
        assert!(!sign_in.is_usable(slept));
        let set_back = Moment {
            wall: began.wall - Duration::from_secs(7200),
            ..at(began, 60)
        };
        assert!(!sign_in.is_usable(set_back));
    }

    #[test]
    fn no_renewal_begins_before_a_sleep_or_right_after_it() {
        let began = start();
        for (wakefulness, wait) in [
            (Wakefulness::Awake, 0),
            (Wakefulness::Sleepy(began), 50),
            (Wakefulness::Waking(began), 10),
        ] {
            assert_eq!(wakefulness.wait(at(began, 10)).as_secs(), wait, "{wakefulness:?}");
            assert!(wakefulness.wait(at(began, 60)).is_zero());
        }
    }
}
