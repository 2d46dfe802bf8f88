//! The filter of event types. The cursor moves past events that are excluded, so a wider filter resets the cursor to
//! where excluding began.

use rusqlite::{TransactionBehavior, params};

use super::{Inbox, InboxError};

impl Inbox {
    /// Stores the types that are requested from now on; an empty list means all. If more are requested than before, the
    /// cursor is reset, and known events are recognised by their ids and keys.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub fn set_event_types(&mut self, types: &[String]) -> Result<(), InboxError> {
        let (known, cursor): (String, Option<String>) =
            self.db
                .query_row("SELECT types, cursor FROM account", [], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?;
        let mut asked: Vec<&str> = types.iter().map(String::as_str).collect();
        asked.sort_unstable();
        asked.dedup();
        let joined = asked.join(",");
        if joined == known {
            return Ok(());
        }
        let before: Vec<&str> = known.split(',').filter(|name| !name.is_empty()).collect();
        let widened =
            !before.is_empty() && (asked.is_empty() || asked.iter().any(|name| !before.contains(name)));
        let transaction = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        if widened {
            transaction.execute("UPDATE account SET cursor = coalesce(filtered_from, cursor)", [])?;
        }
        // Excluding begins at the cursor, or where it began before.
        transaction.execute(
            "UPDATE account SET types = ?1,
                 filtered_from = CASE WHEN ?1 = '' THEN NULL ELSE coalesce(filtered_from, ?2) END",
            params![joined, cursor],
        )?;
        transaction.commit()?;
        Ok(())
    }
}
