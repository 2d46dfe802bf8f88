//! The index of words: an FTS5 table without a copy of the texts, kept in step with the items by triggers.
//!
//! A row of the index has the number `place`, which grows with the time of the item in the list, so that the newest
//! hits are read first and a page ends the reading. The table `search_place` says which item it is; an item without a
//! row there is not in the index yet.

use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, TransactionBehavior, params};

use super::super::{Inbox, InboxError};
use super::fold;
use super::query::{Scope, Term};

/// How many rows a step of [`Inbox::index_step`] adds, which takes some ten milliseconds.
const MAX_STEP_ROWS: u32 = 100;

/// The bits of the row number in a place. Rows of the same millisecond that are this far apart are in the wrong order.
const ROW_BITS: u32 = 20;

/// The last millisecond of a place, in the year 2248; the first one is as long before 1970. Other times are taken for
/// the nearest.
const MAX_TIME: i64 = (1 << (63 - ROW_BITS)) - 1;

/// Returns the number of an item's row in the index.
pub(in crate::inbox) fn place(sort_at: i64, id: i64) -> i64 {
    (sort_at.clamp(-MAX_TIME, MAX_TIME) << ROW_BITS) | (id & ((1 << ROW_BITS) - 1))
}

/// Gives the triggers their functions. A connection without them can read, but not change items.
pub(in crate::inbox) fn add_functions(db: &Connection) -> rusqlite::Result<()> {
    let flags =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    db.create_scalar_function("search_words", 1, flags, |context| {
        let text = context.get_raw(0).as_str_or_null()?.unwrap_or_default();
        // What the app says itself is stored as a code, and shown in the language of the user.
        Ok(if super::super::columns::is_message(text) {
            String::new()
        } else {
            fold::folded(text)
        })
    })?;
    db.create_scalar_function("search_number", 2, flags, |context| {
        Ok(place(context.get(0)?, context.get(1)?))
    })
}

/// Empties an index that another version made, to be filled again in steps.
pub(in crate::inbox) fn reset_if_foreign(db: &mut Connection) -> Result<(), InboxError> {
    let made_by: i64 = db.query_row("SELECT fold FROM search_state", [], |row| row.get(0))?;
    if made_by == fold::FOLD_VERSION {
        return Ok(());
    }
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute("INSERT INTO search (search) VALUES ('delete-all')", [])?;
    transaction.execute("DELETE FROM search_place", [])?;
    transaction.execute(
        "UPDATE search_state SET fold = ?1, below = (SELECT max(id) + 1 FROM item)",
        [fold::FOLD_VERSION],
    )?;
    Ok(transaction.commit()?)
}

/// Returns the terms in the language of the index. Words contain nothing that has a meaning in it.
pub(in crate::inbox) fn expression(terms: &[Term]) -> String {
    let terms = terms.iter().map(|term| {
        let scope = match term.scope {
            Scope::Everywhere => "",
            Scope::Sender => "actor_words : ",
            Scope::Category => "category_words : ",
        };
        let open = if term.is_open { " *" } else { "" };
        format!("{scope}\"{}\"{open}", term.words.join(" "))
    });
    terms.collect::<Vec<_>>().join(" AND ")
}

impl Inbox {
    /// Adds a few items to the index that were stored before there was one, newest first. Returns whether there are
    /// more.
    ///
    /// # Errors
    ///
    /// When the database fails: then this step adds nothing.
    pub fn index_step(&mut self) -> Result<bool, InboxError> {
        let Some(below) = self.unindexed_below()? else {
            return Ok(false);
        };
        let transaction = self
            .db
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let rows = {
            let mut statement = transaction.prepare_cached(
                "SELECT id FROM item WHERE id < ?1 AND deleted_at IS NULL ORDER BY id DESC LIMIT ?2",
            )?;
            let rows = statement.query_map(params![below, MAX_STEP_ROWS], |row| row.get(0))?;
            rows.collect::<Result<Vec<i64>, _>>()?
        };
        for row in &rows {
            // An item that changed since is in the index already.
            let missing = transaction
                .prepare_cached(
                    "INSERT INTO search_place (place, item) SELECT search_number(sort_at, id), id FROM item
                     WHERE id = ?1 AND NOT EXISTS (
                         SELECT 1 FROM search_place
                         WHERE place = search_number(item.sort_at, item.id) OR search_place.item = item.id
                     )",
                )?
                .execute([row])?;
            if missing > 0 {
                transaction
                    .prepare_cached(
                        "INSERT INTO search (rowid, title_words, body_words, actor_words, category_words)
                         SELECT place, search_words(title), search_words(body), search_words(actor),
                             search_words(category)
                         FROM search_place JOIN item ON item.id = search_place.item WHERE item.id = ?1",
                    )?
                    .execute([row])?;
            }
        }
        transaction.execute("UPDATE search_state SET below = ?1", [rows.last()])?;
        transaction.commit()?;
        Ok(!rows.is_empty())
    }

    /// Returns the row below which items may be missing from the index; `None` once it is complete.
    pub(in crate::inbox) fn unindexed_below(&self) -> Result<Option<i64>, InboxError> {
        let mut statement = self.db.prepare_cached("SELECT below FROM search_state")?;
        Ok(statement.query_row([], |row| row.get(0))?)
    }
}
