//! Searches of a text that is still being typed: a newer one ends an older one, even while it is running.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::ErrorCode;

use super::super::{Inbox, InboxError};

/// How many instructions of SQLite's machine run between two looks at whether a search is still wanted: far less than a
/// millisecond.
const CHECK_INTERVAL: i32 = 1_000;

/// The numbers of searches; they begin with 1.
#[derive(Debug, Default)]
pub(in crate::inbox) struct Searches {
    newest: AtomicU64,
    /// The one that is running on a watched connection; 0 if none is.
    running: AtomicU64,
}

impl Searches {
    /// Returns the number of a new search, which supersedes all before it.
    pub(in crate::inbox) fn begin(&self) -> u64 {
        self.newest.fetch_add(1, Ordering::SeqCst) + 1
    }

    fn is_superseded(&self, number: u64) -> bool {
        self.newest.load(Ordering::SeqCst) != number
    }

    /// Lets newer searches end those that run on this connection.
    pub(in crate::inbox) fn watch(self: &Arc<Self>, inbox: &mut Inbox) -> Result<(), InboxError> {
        let searches = Arc::clone(self);
        let is_unwanted = move || {
            let running = searches.running.load(Ordering::SeqCst);
            running != 0 && searches.is_superseded(running)
        };
        Ok(inbox.db.progress_handler(CHECK_INTERVAL, Some(is_unwanted))?)
    }

    /// Runs a search on the connection that is watched. Returns `None` if it was superseded before or meanwhile.
    pub(in crate::inbox) fn run<T>(
        &self,
        number: u64,
        search: impl FnOnce() -> Result<T, InboxError>,
    ) -> Result<Option<T>, InboxError> {
        if self.is_superseded(number) {
            return Ok(None);
        }
        self.running.store(number, Ordering::SeqCst);
        let found = search();
        self.running.store(0, Ordering::SeqCst);
        match found {
            Err(InboxError::Database(error))
                if error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) =>
            {
                Ok(None)
            }
            found => found.map(Some),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes minutes if nothing ends it.
    const ENDLESS: &str =
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000000000)
        SELECT count(*) FROM n";

    #[test]
    fn a_newer_search_ends_one_that_is_running_and_one_that_has_not_begun_but_no_other_query() {
        let mut inbox = Inbox::in_memory("https://gloria.example").expect("an inbox");
        let searches = Arc::<Searches>::default();
        searches.watch(&mut inbox).expect("watched");
        let count =
            |sql: &str| -> Result<i64, InboxError> { Ok(inbox.db.query_row(sql, [], |row| row.get(0))?) };
        let first = searches.begin();
        let found = searches
            .run(first, || {
                searches.begin();
                count(ENDLESS)
            })
            .expect("no failure");
        assert_eq!(found, None, "it was ended");
        let never = searches.run(first, || -> Result<i64, InboxError> { panic!("it is not begun") });
        assert_eq!(never.expect("no failure"), None);
        // What is no search goes on, however old the last search is.
        assert_eq!(
            count("SELECT count(*) FROM sqlite_schema a, sqlite_schema b")
                .map(|rows| rows > 100)
                .ok(),
            Some(true)
        );
        let newest = searches.begin();
        let found = searches.run(newest, || count("SELECT 7")).expect("no failure");
        assert_eq!(found, Some(7));
    }
}
