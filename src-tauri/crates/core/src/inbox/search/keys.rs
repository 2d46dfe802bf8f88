//! Finds items by a part of their keys, as people type it.

use rusqlite::{OptionalExtension as _, params};

use super::super::{Inbox, InboxError};

/// A shorter beginning is a mistake: the first two characters of a key say only its kind.
const MIN_ABBREVIATION: usize = 4;

/// As many as an error names, and one more, which shows that there are others.
const MAX_NAMED_KEYS: usize = 4;

/// Keys that are looked at. Only those that continue a number are passed over, and where there are this many of them,
/// the text is too short to mean one item.
const MAX_LOOKED_AT: u32 = 10_000;

impl Inbox {
    /// Returns the key that this text is, or else the first few keys in alphabetical order that it abbreviates. The key
    /// of an item that was deleted is that one's, and no abbreviation: who names it means no other item.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn named(&self, text: &str) -> Result<Vec<String>, InboxError> {
        let is_deleted: Option<bool> = self
            .db
            .prepare_cached("SELECT deleted_at IS NOT NULL FROM item WHERE key = ?1")?
            .query_row([text], |row| row.get(0))
            .optional()?;
        match is_deleted {
            Some(false) => return Ok(vec![text.to_owned()]),
            Some(true) => return Ok(Vec::new()),
            None if text.chars().count() < MIN_ABBREVIATION => return Ok(Vec::new()),
            None => {}
        }
        let sql =
            "SELECT key FROM item WHERE key >= ?1 AND key < ?2 AND deleted_at IS NULL ORDER BY key LIMIT ?3";
        let mut statement = self.db.prepare_cached(sql)?;
        // The last character of all, so that this is after each key that begins with the text.
        let end = format!("{text}\u{10ffff}");
        let mut keys = Vec::new();
        let mut rows = statement.query(params![text, end, MAX_LOOKED_AT])?;
        while let Some(row) = rows.next()? {
            let key: String = row.get(0)?;
            if abbreviates(text, &key) {
                keys.push(key);
            }
            if keys.len() == MAX_NAMED_KEYS {
                break;
            }
        }
        Ok(keys)
    }
}

/// Whether the text is the beginning of a key, and long enough. A number is not cut: the 42nd notification, whose trace
/// may be gone, is not the 4217th.
fn abbreviates(text: &str, key: &str) -> bool {
    let Some(rest) = key.strip_prefix(text) else {
        return false;
    };
    let is_in_word = |c: &char| c.is_ascii_alphanumeric();
    let (before, after) = (
        text.chars().rev().take_while(is_in_word),
        rest.chars().take_while(is_in_word),
    );
    let is_cut =
        text.ends_with(|c: char| c.is_ascii_digit()) && rest.starts_with(|c: char| c.is_ascii_digit());
    let is_number = before.chain(after).all(|c| c.is_ascii_digit());
    text.chars().count() >= MIN_ABBREVIATION && !(is_cut && is_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_stands_for_a_key_and_a_part_of_a_number_does_not() {
        for (text, key, expected) in [
            ("n:7f3a", "n:7f3a1234-99aa-4b1c", true),
            ("n:7f3a1234-99", "n:7f3a1234-99aa-4b1c", true),
            ("n:7f", "n:7f3a1234-99aa-4b1c", true),
            ("n:7", "n:7f3a1234-99aa-4b1c", false),
            ("n:7f3b", "n:7f3a1234-99aa-4b1c", false),
            ("n:7F3A", "n:7f3a1234-99aa-4b1c", false),
            ("n:42", "n:4217", false),
            ("n:421", "n:4217", false),
            ("n:job-42", "n:job-4217", false),
            ("n:job-", "n:job-4217", true),
            ("n:42", "n:42-eu", true),
            ("w:Łó", "w:Łódź", true),
            ("w:Ł", "w:Łódź", false),
        ] {
            assert_eq!(abbreviates(text, key), expected, "{text} {key}");
        }
    }
}
