//! The names of event types: which there are, which are asked for, and what people write in their place.

use strsim::damerau_levenshtein;

/// The types that this version knows.
pub(super) const TYPES: [&str; 15] = [
    "connection_established",
    "heartbeat",
    "notification.created",
    "notification.updated",
    "notification.deleted",
    "user.status_changed",
    "user.updated",
    "workflow.started",
    "workflow.completed",
    "workflow.failed",
    "system.announcement",
    "system.maintenance",
    "stream.gap",
    "error",
    "message",
];

/// What keeps the inbox right, whatever else is asked for: what was read or deleted elsewhere must not stay as it was.
const ALWAYS_ASKED_FOR: [&str; 2] = ["notification.updated", "notification.deleted"];

/// Whether an event of this type is taken, where only `types` were asked for. None means all; what keeps the connection
/// and the inbox whole is always taken.
pub fn is_listened_to(event: &str, types: &[String]) -> bool {
    types.is_empty()
        || matches!(
            event,
            "connection_established" | "heartbeat" | "stream.gap" | "error"
        )
        || ALWAYS_ASKED_FOR.contains(&event)
        || types.iter().any(|wanted| wanted == event)
}

/// The types to ask a server for, where only `types` are wanted; none means all.
pub(crate) fn asked_for(types: &[String]) -> Vec<String> {
    let mut asked = types.to_vec();
    if !types.is_empty() {
        for always in ALWAYS_ASKED_FOR {
            if !types.iter().any(|wanted| wanted == always) {
                asked.push(always.to_owned());
            }
        }
    }
    asked
}

/// More slips than this make it another word.
const MAX_SLIPS: usize = 4;

/// The words for a type that this version does not know, with the one that was probably meant; `None` where it knows
/// it.
pub fn unknown_type(name: &str) -> Option<String> {
    if TYPES.contains(&name) {
        return None;
    }
    let written = name.to_lowercase().replace(['_', '-', ' ', ':', '/'], ".");
    let nearest = TYPES
        .into_iter()
        .map(|known| (damerau_levenshtein(&written, &known.replace('_', ".")), known))
        .min()
        .filter(|(slips, known)| *slips <= MAX_SLIPS.min(known.len() / 3));
    let advice = match nearest {
        Some((_, known)) => format!("did you mean {known}?"),
        None => format!("known are {}", TYPES.join(", ")),
    };
    Some(format!(
        "the event type \"{}\" is unknown; {advice}",
        name.escape_debug()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_understood_and_nonsense_gets_the_list() {
        for (name, meant) in [
            ("notification.creatd", "notification.created"),
            ("Notification_Created", "notification.created"),
            ("notifications.created", "notification.created"),
            ("user.status.changed", "user.status_changed"),
            ("heartbaet", "heartbeat"),
        ] {
            let words = unknown_type(name).unwrap_or_default();
            assert!(words.ends_with(&format!("did you mean {meant}?")), "{words}");
        }
        let words = unknown_type("nonsense.type").unwrap_or_default();
        assert!(
            words.contains("known are") && words.contains("workflow.failed"),
            "{words}"
        );
        for known in TYPES {
            assert_eq!(unknown_type(known), None);
        }
    }
}
