//! Decides about the alerts of one batch while it is stored.

use std::time::{Duration, Instant};

use super::super::Actor;
use super::Alerts;
use crate::alerts::replay::Replay;
use crate::alerts::throttle::{Source, Throttle};
use crate::alerts::{self, AlertContext, Decision, DigestKind, Verdict};
use crate::inbox::{Now, Origin, Posted};
use crate::item::SoundName;
use crate::ports::ServiceState;

/// What the decision depends on, for the inbox's thread, and the decisions made there.
#[derive(Debug)]
pub(in super::super) struct Gate {
    context: AlertContext,
    throttle: Throttle,
    replay: Option<Replay>,
    moment: Instant,
    now: Now,
    /// The sounds to play, in order.
    pub(in super::super) sounds: Vec<SoundName>,
    /// The collections that got members.
    pub(in super::super) digests: Vec<DigestKind>,
}

impl Gate {
    pub(in super::super) fn decide(&mut self, posted: &Posted<'_>) -> Decision {
        let missed = match (posted.made_at, &self.replay) {
            // The stream brings what was made since as well, perhaps later.
            (Some(made_at), Some(replay)) if posted.origin != Origin::Stream => {
                made_at < replay.began_by(self.moment, self.now.server)
            }
            (Some(made_at), Some(replay)) => replay.was_made_before(made_at, self.moment, self.now.server),
            (None, _) => posted.missed,
            (Some(_), None) => false,
        };
        self.context.missed = missed;
        self.context.expired = posted.expires_at.filter(|expires| *expires <= self.now.server);
        self.context.shown_before = posted.shown_before;
        self.context.is_old = posted.is_old();
        self.context.returns = posted.returns;
        let mut decision = alerts::decide(posted.item, &self.context);
        let by_itself = matches!(
            decision.verdict,
            Verdict::Show | Verdict::Digest(DigestKind::Urgent)
        );
        // Only alerts that are shown one by one count against the limit of their kind.
        if by_itself && !self.throttle.admits(Source::of(posted.item), self.moment) {
            let throttled = AlertContext {
                throttled: true,
                ..self.context
            };
            decision = alerts::decide(posted.item, &throttled);
        }
        if let Some(sound) = decision.sound() {
            self.context.since_last_sound = Some(Duration::ZERO);
            self.sounds.push(sound);
        }
        if let Verdict::Digest(collection) = decision.verdict
            && !self.digests.contains(&collection)
        {
            self.digests.push(collection);
        }
        tracing::debug!(key = posted.item.key, ?decision, "decided about an alert");
        decision
    }
}

impl Alerts {
    /// Applies the decisions about a batch that is now stored.
    pub(in super::super) fn on_decided(&mut self, gate: &Gate, now: tokio::time::Instant) {
        self.throttle = gate.throttle.clone();
        for collection in &gate.digests {
            self.extend(*collection, now);
        }
    }
}

impl Actor {
    /// Returns the gate for a batch that is about to be stored.
    pub(in super::super) fn gate(&self) -> Gate {
        Gate {
            context: self.context(),
            throttle: self.alerts.throttle.clone(),
            replay: self.alerts.replay.clone(),
            moment: self.now().monotonic,
            now: self.server_now(),
            sounds: Vec::new(),
            digests: Vec::new(),
        }
    }

    pub(in super::super) fn context(&self) -> AlertContext {
        AlertContext {
            missed: false,
            throttled: false,
            hanging: self.alerts.service == ServiceState::Hanging,
            in_view: self.readers.in_view(tokio::time::Instant::now()),
            expired: None,
            shown_before: false,
            is_old: false,
            returns: false,
            sounds_on: self.settings.sounds,
            sounds_paused: self.sounds_pause.is_on(self.now().epoch_millis()),
            since_last_sound: self.alerts.last_sound.map(|at| at.elapsed()),
            sound: self.settings.sound,
        }
    }
}
