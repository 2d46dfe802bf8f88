//! Messages about the state of an alert.

use crate::item::{AlertState, ItemAlert, Reason, SoundReason};
use crate::message::{self, Message};

/// Returns the alert for the UI.
pub(crate) fn item_alert(state: AlertState, reason: Reason) -> ItemAlert {
    let words = words(state, &reason);
    ItemAlert { state, reason, words }
}

/// Returns a sentence without its full stop.
pub fn words(state: AlertState, reason: &Reason) -> Message {
    let sound = match reason {
        Reason::Earlier { words } => return message::alert_earlier(words),
        Reason::News { sound } => Some(sound_words(*sound)),
        Reason::Missed
        | Reason::Burst
        | Reason::Hanging
        | Reason::Progress
        | Reason::Handled
        | Reason::Expired { .. }
        | Reason::LowPriority
        | Reason::InView { .. }
        | Reason::ShownBefore
        | Reason::Old
        | Reason::NoService
        | Reason::Lost
        | Reason::Refused { .. }
        | Reason::Broke
        | Reason::Read
        | Reason::Snoozed
        | Reason::Deleted
        | Reason::Replaced => None,
    };
    match (state, sound) {
        (AlertState::Pending, None) if *reason == Reason::Burst => message::alert_pending_burst(),
        (AlertState::Shown, None) if [Reason::Burst, Reason::Hanging].contains(reason) => {
            message::alert_shown_after_wait()
        }
        (AlertState::Pending, None) => message::alert_pending(because(reason)),
        (AlertState::Pending, Some(sound)) => message::alert_pending_news(sound),
        (AlertState::Shown, None) => message::alert_shown(because(reason)),
        (AlertState::Shown, Some(sound)) => message::alert_shown_news(sound),
        (AlertState::InDigest, _) if *reason == Reason::Missed => message::alert_digest_missed(),
        (AlertState::InDigest, _) if *reason == Reason::Burst => message::alert_digest_burst(),
        (AlertState::InDigest, _) => message::alert_digest_late(),
        (AlertState::Suppressed, None) => message::alert_suppressed(because(reason)),
        (AlertState::Suppressed, Some(sound)) => message::alert_suppressed_news(sound),
        (AlertState::Failed, None) => message::alert_failed(because(reason)),
        (AlertState::Failed, Some(sound)) => message::alert_failed_news(sound),
        (AlertState::Withdrawn, None) => message::alert_withdrawn(because(reason)),
        (AlertState::Withdrawn, Some(sound)) => message::alert_withdrawn_news(sound),
    }
}

/// Returns the reason as the end of a sentence.
fn because(reason: &Reason) -> Message {
    match reason {
        Reason::News { sound } => sound_words(*sound),
        Reason::InView { sound } => message::alert_reason_in_view(sound_words(*sound)),
        Reason::Missed => message::alert_reason_missed(),
        Reason::Burst => message::alert_reason_burst(),
        Reason::Hanging => message::alert_reason_hanging(),
        Reason::Progress => message::alert_reason_progress(),
        Reason::Handled => message::alert_reason_handled(),
        Reason::Expired { .. } => message::alert_reason_expired(),
        Reason::LowPriority => message::alert_reason_low_priority(),
        Reason::ShownBefore => message::alert_reason_shown_before(),
        Reason::Old => message::alert_reason_old(),
        Reason::NoService => message::alert_reason_no_service(),
        Reason::Lost => message::alert_reason_lost(),
        Reason::Refused { message } => message::alert_reason_refused(message),
        Reason::Broke => message::alert_reason_broke(),
        Reason::Read => message::alert_reason_read(),
        Reason::Snoozed => message::alert_reason_snoozed(),
        Reason::Deleted => message::alert_reason_deleted(),
        Reason::Replaced => message::alert_reason_replaced(),
        Reason::Earlier { words } => message::alert_earlier(words),
    }
}

fn sound_words(sound: SoundReason) -> Message {
    match sound {
        SoundReason::Played(_) => message::alert_sound_played(),
        SoundReason::Off => message::alert_sound_off(),
        SoundReason::Paused => message::alert_sound_paused(),
        SoundReason::JustPlayed => message::alert_sound_just_played(),
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
                message::alert_pending_burst(),
                message::alert_shown_after_wait(),
                message::alert_digest_burst()
            ]
        );
        assert_eq!(
            said(&Reason::Hanging),
            [
                message::alert_pending(message::alert_reason_hanging()),
                message::alert_shown_after_wait(),
                message::alert_digest_late()
            ]
        );
    }
}
