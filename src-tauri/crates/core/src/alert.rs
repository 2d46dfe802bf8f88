//! The alert gate: one pure function decides what an item may do to get attention, and says why.

use std::time::Duration;

use crate::protocol::{Item, ItemKind, Priority, SoundName};

/// What is known at the moment an item is posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circumstances {
    /// It was missed while disconnected and came with the others that were.
    pub catching_up: bool,
    /// More came of its kind than anybody could read one by one.
    pub throttled: bool,
    /// The window has focus and shows the place where the item appears.
    pub in_view: bool,
    /// The item was of use only until a time that has passed.
    pub expired: bool,
    /// The same was alerted already, while it could not be stored.
    pub shown_before: bool,
    /// Sounds are switched on.
    pub sounds_on: bool,
    /// Sounds are paused for a while.
    pub sounds_paused: bool,
    /// How long ago the last sound began.
    pub since_last_sound: Option<Duration>,
    /// The user's choice for ordinary items.
    pub sound: SoundName,
}

/// What an item may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alert {
    /// What its toast may do.
    pub toast: ToastVerdict,
    /// The sound to play, if any.
    pub sound: Option<SoundName>,
    /// Why, in words for the user.
    pub reason: String,
}

/// What becomes of an item's toast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ToastVerdict {
    /// Shown at once.
    Show,
    /// Held until it is known how many there are: a few are shown, many become one digest.
    Collect(Collection),
    /// Not shown.
    Suppress,
}

/// What a toast is held together with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Collection {
    /// What was missed while disconnected.
    Missed,
    /// What came at once with too much else.
    Burst,
}

/// Sounds of one burst count as one: shorter than the pause between two things that happen by themselves, longer than
/// the longest bundled sound.
const BURST: Duration = Duration::from_secs(3);

/// Above this many missed items one digest speaks for all.
pub const MOST_MISSED_TOASTS: usize = 5;

/// Decides what an item that was really inserted may do.
pub fn decide(item: &Item, now: &Circumstances) -> Alert {
    let (toast, toast_reason) = toast(item, now);
    let (sound, sound_reason) = match toast {
        // What is collected makes its one sound when the collection is shown.
        ToastVerdict::Collect(_) => (None, ""),
        ToastVerdict::Suppress if toast_reason != IN_VIEW => (None, ""),
        ToastVerdict::Show | ToastVerdict::Suppress => sound(item.kind, item.priority, now),
    };
    let reason = if sound_reason.is_empty() {
        toast_reason.to_owned()
    } else {
        format!("{toast_reason}; {sound_reason}")
    };
    Alert { toast, sound, reason }
}

const IN_VIEW: &str = "No toast: the inbox was in front of you";

fn toast(item: &Item, now: &Circumstances) -> (ToastVerdict, &'static str) {
    if item.kind == ItemKind::WorkflowRunning {
        return (ToastVerdict::Suppress, "No alert: progress is not news");
    }
    if item.read_at.is_some() || item.archived_at.is_some() {
        return (ToastVerdict::Suppress, "No alert: it was read elsewhere");
    }
    if now.shown_before {
        return (
            ToastVerdict::Suppress,
            "No alert: it was shown when it came, and could not be stored then",
        );
    }
    if now.expired {
        return (
            ToastVerdict::Suppress,
            "No alert: its time had passed when it came",
        );
    }
    if item.priority == Priority::Low {
        return (ToastVerdict::Suppress, "No alert: low priority");
    }
    // What is missing is not one of the things that were missed: a digest would hide it.
    if now.catching_up && item.kind != ItemKind::Gap {
        return (
            ToastVerdict::Collect(Collection::Missed),
            "Alerted together with what came while you were away",
        );
    }
    // What is urgent may sit below the part of the list that the eye rests on.
    if now.in_view && item.priority != Priority::Urgent {
        return (ToastVerdict::Suppress, IN_VIEW);
    }
    if now.throttled && item.kind != ItemKind::Gap {
        return (
            ToastVerdict::Collect(Collection::Burst),
            "Alerted together with others: too many came at once",
        );
    }
    (ToastVerdict::Show, "Toast shown")
}

/// Decides about the sound of an item or of a digest.
pub fn sound(kind: ItemKind, priority: Priority, now: &Circumstances) -> (Option<SoundName>, &'static str) {
    if !now.sounds_on {
        return (None, "no sound: sounds are off");
    }
    if now.sounds_paused {
        return (None, "no sound: sounds are paused");
    }
    let in_burst = now.since_last_sound.is_some_and(|since| since < BURST);
    if in_burst && priority != Priority::Urgent {
        return (None, "no sound: one had just played");
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
    (Some(sound), "with sound")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(priority: Priority) -> Item {
        Item {
            key: "n:1".into(),
            kind: ItemKind::Notification,
            title: "t".into(),
            body: String::new(),
            category: None,
            priority,
            actor: None,
            link: None,
            actions: Vec::new(),
            progress: None,
            created_at: 0,
            received_at: 0,
            sort: String::new(),
            pinned: false,
            views: Vec::new(),
            seen_at: None,
            read_at: None,
            archived_at: None,
            alert: String::new(),
        }
    }

    const QUIET_DESK: Circumstances = Circumstances {
        catching_up: false,
        throttled: false,
        in_view: false,
        expired: false,
        shown_before: false,
        sounds_on: true,
        sounds_paused: false,
        since_last_sound: None,
        sound: SoundName::Chime,
    };

    #[test]
    fn the_table() {
        use Priority::{High, Low, Normal, Urgent};
        use SoundName::{Alarm, Chime};
        use ToastVerdict::{Collect, Show, Suppress};
        const MISSED: ToastVerdict = Collect(Collection::Missed);
        const BURST: ToastVerdict = Collect(Collection::Burst);
        let paused = Circumstances {
            sounds_paused: true,
            ..QUIET_DESK
        };
        let off = Circumstances {
            sounds_on: false,
            ..QUIET_DESK
        };
        let in_view = Circumstances {
            in_view: true,
            ..QUIET_DESK
        };
        let missed = Circumstances {
            catching_up: true,
            ..QUIET_DESK
        };
        let expired = Circumstances {
            expired: true,
            ..QUIET_DESK
        };
        let shown = Circumstances {
            shown_before: true,
            ..QUIET_DESK
        };
        let burst = Circumstances {
            since_last_sound: Some(Duration::from_secs(1)),
            ..QUIET_DESK
        };
        let flood = Circumstances {
            throttled: true,
            ..QUIET_DESK
        };
        let seen_flood = Circumstances {
            in_view: true,
            ..flood
        };
        let missed_flood = Circumstances {
            catching_up: true,
            ..flood
        };
        let later = Circumstances {
            since_last_sound: Some(Duration::from_secs(3)),
            ..QUIET_DESK
        };
        let table = [
            (Normal, QUIET_DESK, Show, Some(Chime), "Toast shown; with sound"),
            (High, QUIET_DESK, Show, Some(Chime), "with sound"),
            (Urgent, QUIET_DESK, Show, Some(Alarm), "with sound"),
            (Low, QUIET_DESK, Suppress, None, "low priority"),
            (Normal, paused, Show, None, "paused"),
            (Normal, off, Show, None, "sounds are off"),
            (Urgent, off, Show, None, "sounds are off"),
            (
                Normal,
                in_view,
                Suppress,
                Some(Chime),
                "in front of you; with sound",
            ),
            (Urgent, in_view, Show, Some(Alarm), "with sound"),
            (Normal, missed, MISSED, None, "while you were away"),
            (Urgent, missed, MISSED, None, "while you were away"),
            (Normal, expired, Suppress, None, "its time had passed"),
            (Urgent, shown, Suppress, None, "shown when it came"),
            (Normal, burst, Show, None, "one had just played"),
            (Urgent, burst, Show, Some(Alarm), "with sound"),
            (Normal, flood, BURST, None, "too many came at once"),
            (Urgent, flood, BURST, None, "too many came at once"),
            (Low, flood, Suppress, None, "low priority"),
            (
                Normal,
                seen_flood,
                Suppress,
                Some(Chime),
                "in front of you; with sound",
            ),
            (Normal, missed_flood, MISSED, None, "while you were away"),
            (Normal, later, Show, Some(Chime), "with sound"),
        ];
        for (priority, now, toast, sound, reason) in table {
            let alert = decide(&item(priority), &now);
            assert_eq!((alert.toast, alert.sound), (toast, sound), "{priority:?} {now:?}");
            assert!(
                alert.reason.contains(reason),
                "{priority:?} {now:?}: {}",
                alert.reason
            );
        }
    }

    #[test]
    fn what_was_read_elsewhere_stays_quiet() {
        let read = Item {
            read_at: Some(1),
            ..item(Priority::Urgent)
        };
        assert_eq!(decide(&read, &QUIET_DESK).toast, ToastVerdict::Suppress);
    }
}
