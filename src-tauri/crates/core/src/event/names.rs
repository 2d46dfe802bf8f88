//! The names of event types, as people write them.

use strsim::damerau_levenshtein;

use super::TYPES;

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
