//! Untrusted text from a provider.

use gloria_text::characters;

/// Longer than names, codes and descriptions are.
const MAX_CHARS: usize = 200;

/// Makes text safe to show: one line of limited length, without invisible characters or those that change the
/// direction.
pub(crate) fn shown(text: &str) -> String {
    let line: String = characters::printable(text).chars().take(MAX_CHARS).collect();
    line.trim().to_owned()
}
