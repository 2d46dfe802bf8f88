//! The alert gate: one pure function decides how an item may alert, and gives the reason.
//!
//! Next to it are the limit of the rate, digests, the replay after a reconnect, and the user's presence. All of it is
//! computed from arguments, without a clock, a disk or a notification service. It knows only items and ports.

pub mod digest;
pub mod presence;
pub mod replay;
pub(crate) mod throttle;
pub mod words;

use std::time::Duration;

use crate::item::{Item, ItemKind, Priority, Reason, SoundName, SoundReason};
pub use digest::DigestKind;

/// What a decision about an item depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AlertContext {
    /// It was missed while disconnected.
    pub missed: bool,
    /// More items of its kind arrived than can be read one by one.
    pub throttled: bool,
    /// The notification service does not answer.
    pub hanging: bool,
    /// The window has focus and shows the part of the list in which the item appears.
    pub in_view: bool,
    /// The item has expired, at this time.
    pub expired: Option<i64>,
    /// It alerted before with the same content, when it could not be stored.
    pub shown_before: bool,
    /// It came while catching up, and was made before what was missed.
    pub is_old: bool,
    /// It was snoozed, and its time has come: the user asked for this alert.
    pub returns: bool,
    /// Sounds are turned on.
    pub sounds_on: bool,
    /// Sounds are paused.
    pub sounds_paused: bool,
    /// The time since the last sound started.
    pub since_last_sound: Option<Duration>,
    /// The user's sound for ordinary items.
    pub sound: SoundName,
}

/// How an item may alert.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What happens with its notification.
    pub verdict: Verdict,
    /// Why.
    pub reason: Reason,
}

impl Decision {
    /// The sound to play at once, if any. A collection has one sound when it is shown.
    pub fn sound(&self) -> Option<SoundName> {
        match self.reason {
            Reason::News { sound } | Reason::InView { sound } => sound.sound(),
            Reason::Missed
            | Reason::Burst
            | Reason::Hanging
            | Reason::Progress
            | Reason::Handled
            | Reason::Expired { .. }
            | Reason::LowPriority
            | Reason::ShownBefore
            | Reason::Old
            | Reason::NoService
            | Reason::Lost
            | Reason::Refused { .. }
            | Reason::Broke
            | Reason::Read
            | Reason::Snoozed
            | Reason::Deleted
            | Reason::Replaced
            | Reason::Earlier { .. } => None,
        }
    }
}

/// What happens with an item's notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Shown at once.
    Show,
    /// It waits until the number of members is known: a few are shown one by one, many as a digest.
    Digest(DigestKind),
    /// Not shown.
    Suppress,
}

/// Sounds of one burst are played once. Shorter than the pause between two independent events, longer than the longest
/// bundled sound.
const BURST: Duration = Duration::from_secs(3);

/// Decides how a newly inserted item may alert.
pub(crate) fn decide(item: &Item, now: &AlertContext) -> Decision {
    let suppressed = |reason| Decision {
        verdict: Verdict::Suppress,
        reason,
    };
    let collected = |collection, reason| Decision {
        verdict: Verdict::Digest(collection),
        reason,
    };
    let is_urgent = item.priority == Priority::Urgent;
    // A gap in the events must not be hidden in the digest of missed items.
    let is_gap = item.kind == ItemKind::Gap;
    if item.kind == ItemKind::WorkflowRunning && !now.returns {
        return suppressed(Reason::Progress);
    }
    if item.read_at.is_some() || item.archived_at.is_some() {
        return suppressed(Reason::Handled);
    }
    if item.snoozed_until.is_some() {
        return suppressed(Reason::Snoozed);
    }
    if now.shown_before {
        return suppressed(Reason::ShownBefore);
    }
    if let Some(at) = now.expired {
        return suppressed(Reason::Expired { at });
    }
    if now.is_old {
        return suppressed(Reason::Old);
    }
    if item.priority == Priority::Low && !now.returns {
        return suppressed(Reason::LowPriority);
    }
    if now.missed && !is_gap && !is_urgent {
        return collected(DigestKind::Missed, Reason::Missed);
    }
    // An urgent item may be below the visible part of the list.
    if now.in_view && !is_urgent {
        let sound = sound(item.kind, item.priority, now);
        return suppressed(Reason::InView { sound });
    }
    if now.hanging && !is_gap {
        return collected(DigestKind::Late, Reason::Hanging);
    }
    if now.throttled && !is_gap {
        return collected(DigestKind::Burst, Reason::Burst);
    }
    if now.missed && !is_gap {
        return collected(DigestKind::Urgent, Reason::Missed);
    }
    Decision {
        verdict: Verdict::Show,
        reason: Reason::News {
            sound: sound(item.kind, item.priority, now),
        },
    }
}

/// Decides about the sound of an item or a collection.
pub(crate) fn sound(kind: ItemKind, priority: Priority, now: &AlertContext) -> SoundReason {
    if !now.sounds_on {
        return SoundReason::Off;
    }
    if now.sounds_paused {
        return SoundReason::Paused;
    }
    let in_burst = now.since_last_sound.is_some_and(|since| since < BURST);
    if in_burst && priority != Priority::Urgent {
        return SoundReason::JustPlayed;
    }
    let sound = match (priority, kind) {
        (Priority::Urgent, _) => SoundName::Alarm,
        (_, ItemKind::WorkflowCompleted) => SoundName::Bloom,
        (
            Priority::Low | Priority::Normal | Priority::High,
            ItemKind::Notification
            | ItemKind::Announcement
            | ItemKind::Maintenance
            | ItemKind::WorkflowRunning
            | ItemKind::WorkflowFailed
            | ItemKind::Gap
            | ItemKind::Unreadable,
        ) => now.sound,
    };
    SoundReason::Played(sound)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(priority: Priority) -> Item {
        Item {
            priority,
            ..Item::sample()
        }
    }

    const QUIET: AlertContext = AlertContext {
        missed: false,
        throttled: false,
        hanging: false,
        in_view: false,
        expired: None,
        shown_before: false,
        is_old: false,
        returns: false,
        sounds_on: true,
        sounds_paused: false,
        since_last_sound: None,
        sound: SoundName::Chime,
    };

    fn words(decision: &Decision) -> String {
        let state = match decision.verdict {
            Verdict::Show => crate::item::AlertState::Shown,
            Verdict::Digest(_) => crate::item::AlertState::InDigest,
            Verdict::Suppress => crate::item::AlertState::Suppressed,
        };
        words::words(state, &decision.reason).to_string()
    }

    #[test]
    fn the_table() {
        use Priority::{High, Low, Normal, Urgent};
        use SoundName::{Alarm, Chime};
        use Verdict::{Digest, Show, Suppress};
        const MISSED: Verdict = Digest(DigestKind::Missed);
        const URGENT: Verdict = Digest(DigestKind::Urgent);
        const FLOOD: Verdict = Digest(DigestKind::Burst);
        const LATE: Verdict = Digest(DigestKind::Late);
        let paused = AlertContext {
            sounds_paused: true,
            ..QUIET
        };
        let off = AlertContext {
            sounds_on: false,
            ..QUIET
        };
        let in_view = AlertContext {
            in_view: true,
            ..QUIET
        };
        let missed = AlertContext {
            missed: true,
            ..QUIET
        };
        let expired = AlertContext {
            expired: Some(1),
            ..QUIET
        };
        let shown = AlertContext {
            shown_before: true,
            ..QUIET
        };
        let burst = AlertContext {
            since_last_sound: Some(Duration::from_secs(1)),
            ..QUIET
        };
        let flood = AlertContext {
            throttled: true,
            ..QUIET
        };
        let seen_flood = AlertContext {
            in_view: true,
            ..flood
        };
        let seen_missed = AlertContext {
            in_view: true,
            ..missed
        };
        let missed_flood = AlertContext {
            missed: true,
            ..flood
        };
        let hanging = AlertContext {
            hanging: true,
            ..QUIET
        };
        let hanging_flood = AlertContext {
            hanging: true,
            ..flood
        };
        let old = AlertContext {
            is_old: true,
            ..missed
        };
        let later = AlertContext {
            since_last_sound: Some(Duration::from_secs(3)),
            ..QUIET
        };
        let table = [
            (
                Normal,
                QUIET,
                Show,
                Some(Chime),
                "alert-shown-news (sound: alert-sound-played)",
            ),
            (High, QUIET, Show, Some(Chime), "alert-sound-played"),
            (Urgent, QUIET, Show, Some(Alarm), "alert-sound-played"),
            (Low, QUIET, Suppress, None, "alert-reason-low-priority"),
            (Normal, paused, Show, None, "paused"),
            (Normal, off, Show, None, "alert-sound-off"),
            (Urgent, off, Show, None, "alert-sound-off"),
            (
                Normal,
                in_view,
                Suppress,
                Some(Chime),
                "alert-reason-in-view (sound: alert-sound-played)",
            ),
            (Urgent, in_view, Show, Some(Alarm), "alert-sound-played"),
            (Normal, missed, MISSED, None, "alert-digest-missed"),
            (Urgent, missed, URGENT, None, "alert-digest-missed"),
            (Urgent, seen_missed, URGENT, None, "alert-digest-missed"),
            (Normal, expired, Suppress, None, "alert-reason-expired"),
            (Urgent, shown, Suppress, None, "alert-reason-shown-before"),
            (Normal, old, Suppress, None, "alert-reason-old"),
            (Urgent, old, Suppress, None, "alert-reason-old"),
            (Normal, burst, Show, None, "alert-sound-just-played"),
            (Urgent, burst, Show, Some(Alarm), "alert-sound-played"),
            (Normal, flood, FLOOD, None, "alert-digest-burst"),
            (Urgent, flood, FLOOD, None, "alert-digest-burst"),
            (Low, flood, Suppress, None, "alert-reason-low-priority"),
            (
                Normal,
                seen_flood,
                Suppress,
                Some(Chime),
                "alert-reason-in-view (sound: alert-sound-played)",
            ),
            (Normal, missed_flood, MISSED, None, "alert-digest-missed"),
            (Normal, hanging, LATE, None, "alert-digest-late"),
            (Urgent, hanging_flood, LATE, None, "alert-digest-late"),
            (Normal, later, Show, Some(Chime), "alert-sound-played"),
        ];
        for (priority, now, verdict, sound, reason) in table {
            let decision = decide(&item(priority), &now);
            assert_eq!(
                (decision.verdict, decision.sound()),
                (verdict, sound),
                "{priority:?} {now:?}"
            );
            let words = words(&decision);
            assert!(words.contains(reason), "{priority:?} {now:?}: {words}");
        }
    }

    #[test]
    fn what_was_read_elsewhere_stays_quiet() {
        let read = Item {
            read_at: Some(1),
            ..item(Priority::Urgent)
        };
        assert_eq!(decide(&read, &QUIET).verdict, Verdict::Suppress);
    }

    #[test]
    fn a_workflow_that_ends_well_has_a_sound_of_its_own() {
        let completed = Item {
            kind: ItemKind::WorkflowCompleted,
            ..item(Priority::Normal)
        };
        let decision = decide(&completed, &QUIET);
        assert_eq!(
            (decision.verdict, decision.sound()),
            (Verdict::Show, Some(SoundName::Bloom))
        );
    }
}
