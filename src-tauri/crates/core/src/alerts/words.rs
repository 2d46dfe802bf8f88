//! What became of an alert, in words for the user.

use crate::item::{AlertState, ItemAlert, Reason, SoundReason};

/// The alert as the UI gets it.
pub fn item_alert(state: AlertState, reason: Reason) -> ItemAlert {
    let words = words(state, &reason);
    ItemAlert { state, reason, words }
}

/// One sentence without a full stop.
pub fn words(state: AlertState, reason: &Reason) -> String {
    if let Reason::Earlier { words } = reason {
        return words.clone();
    }
    match state {
        AlertState::Pending if *reason == Reason::Burst => {
            "Not shown yet: it waits together with others".to_owned()
        }
        AlertState::Shown if [Reason::Burst, Reason::Hanging].contains(reason) => {
            "Notification shown, after a wait".to_owned()
        }
        AlertState::Pending => format!("Not shown yet{}", because(reason)),
        AlertState::Shown => format!("Notification shown{}", because(reason)),
        AlertState::InDigest => match reason {
            Reason::Missed => "Announced together with what came while you were away".to_owned(),
            Reason::Burst => "Announced together with others: too many came at once".to_owned(),
            Reason::News { .. }
            | Reason::Hanging
            | Reason::Progress
            | Reason::Handled
            | Reason::Expired { .. }
            | Reason::LowPriority
            | Reason::InView { .. }
            | Reason::ShownBefore
            | Reason::NoService
            | Reason::Lost
            | Reason::Refused { .. }
            | Reason::Broke
            | Reason::Read
            | Reason::Deleted
            | Reason::Replaced
            | Reason::Earlier { .. } => {
                "Announced together with others that could not be shown before".to_owned()
            }
        },
        AlertState::Suppressed => format!("No notification{}", because(reason)),
        AlertState::Failed => format!("Notification not shown{}; it is tried again", because(reason)),
        AlertState::Withdrawn => format!("Notification taken back{}", because(reason)),
    }
}

/// The reason as the end of a sentence.
fn because(reason: &Reason) -> String {
    let words = match reason {
        Reason::News { sound } => return format!("; {}", sound_words(*sound)),
        Reason::InView { sound } => {
            return format!(": the inbox was in front of you; {}", sound_words(*sound));
        }
        Reason::Missed => "it came while you were away",
        Reason::Burst => "too many came at once",
        Reason::Hanging => "what shows notifications on this desktop does not answer",
        Reason::Progress => "this workflow has not ended",
        Reason::Handled => "it was read elsewhere",
        Reason::Expired { .. } => "it had expired",
        Reason::LowPriority => "its priority is low",
        Reason::ShownBefore => "it was shown when it came, and could not be stored then",
        Reason::NoService => "this desktop has no notification service",
        Reason::Lost => "the notification service went away",
        Reason::Refused { message } => return format!(": the notification service refused it ({message})"),
        Reason::Broke => "showing it caused an internal error",
        Reason::Read => "it was read",
        Reason::Deleted => "it was deleted",
        Reason::Replaced => "there is newer news of it",
        Reason::Earlier { words } => words,
    };
    format!(": {words}")
}

fn sound_words(sound: SoundReason) -> &'static str {
    match sound {
        SoundReason::Played(_) => "with sound",
        SoundReason::Off => "no sound: sounds are off",
        SoundReason::Paused => "no sound: sounds are paused",
        SoundReason::JustPlayed => "no sound: one had just played",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waited_says_what_for() {
        let said = |reason: &Reason| {
            [AlertState::Pending, AlertState::Shown, AlertState::InDigest].map(|state| words(state, reason))
        };
        assert_eq!(
            said(&Reason::Burst),
            [
                "Not shown yet: it waits together with others",
                "Notification shown, after a wait",
                "Announced together with others: too many came at once"
            ]
        );
        assert_eq!(
            said(&Reason::Hanging),
            [
                "Not shown yet: what shows notifications on this desktop does not answer",
                "Notification shown, after a wait",
                "Announced together with others that could not be shown before"
            ]
        );
    }
}
