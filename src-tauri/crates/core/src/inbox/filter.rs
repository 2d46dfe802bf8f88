//! Which event types are asked for. The cursor passes what is left out, so widening the choice goes back to where
//! leaving out began.

use rusqlite::{TransactionBehavior, params};

use super::{Inbox, InboxError};

impl Inbox {
    /// Takes note of the types that are asked for from now on; none means all. Where more is asked for than before,
    /// the cursor goes back: what is known already is known again by its events and keys.
    ///
    /// # Errors
    ///
    /// When the database refuses.
    pub fn listen_to(&mut self, types: &[String]) -> Result<(), InboxError> {
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
        // Leaving out begins where the stream is, or where it began before.
        transaction.execute(
            "UPDATE account SET types = ?1,
                 filtered_from = CASE WHEN ?1 = '' THEN NULL ELSE coalesce(filtered_from, ?2) END",
            params![joined, cursor],
        )?;
        transaction.commit()?;
        Ok(())
    }
}
