//! Text from a provider, which is shown to people as text and nothing else.

use gloria_text::characters;

/// Names, codes and explanations are shorter.
const MAX_CHARS: usize = 200;

/// Text fit for a screen: one line of limited length, without characters that hide or turn others around.
pub(crate) fn shown(text: &str) -> String {
    let line: String = characters::printable(text).chars().take(MAX_CHARS).collect();
    line.trim().to_owned()
}
