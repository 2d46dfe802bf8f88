//! Finds the setting that an unknown name probably means.

use strsim::damerau_levenshtein;

use super::list::Key;

/// With more differences, it is another word.
const MAX_SLIPS: usize = 3;

/// Returns the setting or section that was probably intended: with a typo, in capital letters, with hyphens, or without
/// its section.
pub(super) fn meant(name: &str) -> Option<&'static str> {
    // A longer name cannot match, and comparing takes quadratic time.
    if name.len()
        > 2 * Key::ALL
            .iter()
            .map(|key| key.name().len())
            .max()
            .unwrap_or_default()
    {
        return None;
    }
    let written = name.to_lowercase().replace('-', "_");
    let is_setting = written.contains('.');
    let mut without_section = Key::ALL.iter().filter(|key| key.section_and_name().1 == written);
    if let (Some(key), None) = (without_section.next(), without_section.next()) {
        return Some(key.name());
    }
    Key::ALL
        .iter()
        .map(|key| {
            if is_setting {
                key.name()
            } else {
                key.section_and_name().0
            }
        })
        .map(|known| (damerau_levenshtein(&written, known), known))
        .min()
        .filter(|(slips, known)| *slips <= MAX_SLIPS.min(known.len() / 3))
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_in_a_name_is_understood_and_another_word_is_not() {
        for (name, expected) in [
            ("sounds.volum", Some("sounds.volume")),
            ("Sounds.Volume", Some("sounds.volume")),
            ("SSE.reconnect-interval", Some("sse.reconnect_interval")),
            ("sound.volume", Some("sounds.volume")),
            ("Sounds", Some("sounds")),
            ("networkx", Some("network")),
            ("volume", Some("sounds.volume")),
            ("keep-days", Some("inbox.keep_days")),
            ("sounds.colour", None),
            ("surprise", None),
            ("ключ", None),
            ("", None),
        ] {
            assert_eq!(meant(name), expected, "{name}");
        }
        assert_eq!(meant(&"k".repeat(500_000)), None, "at once");
    }
}
