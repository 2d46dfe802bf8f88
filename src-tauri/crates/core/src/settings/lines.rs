//! The lines of a settings file, and which of them have syntax errors.

use std::ops::Range;

/// The lines with syntax errors. The parser may read values from them that nobody wrote, such as an unterminated text.
#[derive(Debug, Default)]
pub(super) struct Damaged(pub(super) Vec<Range<usize>>);

impl Damaged {
    /// Whether a line, or the one before it, is damaged.
    pub(super) fn reaches(&self, line: usize) -> bool {
        self.0
            .iter()
            .any(|range| (range.start..=range.end).contains(&line))
    }

    /// Whether one of these lines is damaged. A value that the parser made up has no position, so its last line may be
    /// before its first one.
    pub(super) fn covers(&self, first: usize, last: usize) -> bool {
        let last = last.max(first);
        self.0
            .iter()
            .any(|range| range.start <= last && first < range.end)
    }
}

/// The lines of a text.
pub(super) struct Lines<'a> {
    pub(super) text: &'a str,
    begins: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let begins = text.match_indices('\n').map(|(at, _)| at + 1);
        let begins = std::iter::once(0).chain(begins).collect();
        Self { text, begins }
    }

    /// Returns the line of a byte, from 1.
    pub(super) fn at(&self, byte: usize) -> usize {
        self.begins.partition_point(|begin| *begin <= byte)
    }

    pub(super) fn line(&self, number: usize) -> &'a str {
        let begin = self.begins.get(number.saturating_sub(1));
        let rest = begin
            .and_then(|begin| self.text.get(*begin..))
            .unwrap_or_default();
        rest.lines().next().unwrap_or_default()
    }
}
