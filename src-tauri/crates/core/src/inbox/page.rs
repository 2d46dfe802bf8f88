//! Pages of the list: which items a filter selects, and in which order they are read.

use jiff::tz::TimeZone;
use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::reading::{self, ITEM_COLUMNS, Place};
use super::search::{self, Query};
use super::{Inbox, InboxError};
use crate::item::{EpochMillis, InboxView, Item};
use crate::protocol::{InboxFilter, InboxPage, InboxQuery};

/// Several times what a window shows; a larger page only takes longer.
const MAX_PAGE: u32 = 500;

/// How many pinned items are read at a time to look for words in them.
const MAX_PINNED_ROWS: usize = 200;

/// The conditions of the views, each as its index has it. An item is in the inbox, snoozed or archived.
const IN_INBOX: &str = "archived_at IS NULL AND snoozed_until IS NULL";
const UNREAD: &str = "read_at IS NULL AND archived_at IS NULL AND snoozed_until IS NULL";
const FLAGGED: &str = "flagged_at IS NOT NULL";
const IN_SNOOZED: &str = "snoozed_until IS NOT NULL AND archived_at IS NULL";
const IN_ARCHIVE: &str = "archived_at IS NOT NULL";

impl Inbox {
    /// Returns a page of the list: pinned items first, then newest first by the server's time, or by the
    /// time of arrival if that is earlier. Days of a query are those of this computer's time zone.
    ///
    /// # Errors
    ///
    /// When the database fails. An invalid `after` counts as the beginning.
    pub fn page(&self, query: &InboxQuery) -> Result<InboxPage, InboxError> {
        let typed = query.filter.text.as_deref().unwrap_or_default();
        let typed = search::parse(typed, &TimeZone::system());
        let mut conditions = Conditions::default();
        conditions.select(&query.filter, &typed);
        let after = query.after.as_deref().and_then(Place::parse);
        let after = after.unwrap_or(Place::ABOVE_ALL);
        let limit = query.limit.clamp(1, MAX_PAGE) as usize;
        // One more item than requested shows whether there is another page.
        let mut items = if typed.terms.is_empty() {
            self.listed(&conditions, after, limit + 1)?
        } else {
            self.found(&conditions, &typed, after, limit + 1)?
        };
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(|item| item.sort.clone());
        let hits = match typed.terms.as_slice() {
            [] => Vec::new(),
            terms => items.iter().map(|item| search::hits(item, terms)).collect(),
        };
        let complete = typed.terms.is_empty() || self.unindexed_below()?.is_none();
        Ok(InboxPage {
            items,
            next,
            hits,
            complete,
        })
    }

    /// Returns the first of the selected items after a place.
    fn listed(&self, conditions: &Conditions, after: Place, limit: usize) -> Result<Vec<Item>, InboxError> {
        // Each part has an index in this order. One of all would be taken for any of them as well, and then read past
        // all that the list does not have.
        let mut items = Vec::new();
        for part in conditions.parts {
            items.extend(self.listed_part(conditions, part, after, limit)?);
        }
        items.sort_unstable_by(|one, other| other.sort.cmp(&one.sort));
        items.truncate(limit);
        Ok(items)
    }

    fn listed_part(
        &self,
        conditions: &Conditions,
        part: &'static str,
        after: Place,
        limit: usize,
    ) -> Result<Vec<Item>, InboxError> {
        let mut conditions = conditions.clone();
        conditions.add(part, []);
        conditions.add_after(after);
        let sql = format!(
            "SELECT {ITEM_COLUMNS} FROM item WHERE {} ORDER BY pinned DESC, sort_at DESC, id DESC LIMIT {limit}",
            conditions.sql()
        );
        self.items(&sql, &conditions)
    }

    /// Returns those of them that match the terms.
    fn found(
        &self,
        conditions: &Conditions,
        typed: &Query,
        after: Place,
        limit: usize,
    ) -> Result<Vec<Item>, InboxError> {
        let mut items = Vec::new();
        if after.pinned {
            items = self.found_pinned(conditions, typed, after, limit)?;
        }
        if items.len() < limit {
            let after = if after.pinned { None } else { Some(after) };
            items.extend(self.found_in_index(conditions, typed, after, limit - items.len())?);
        }
        Ok(items)
    }

    /// Pinned items come first whatever their time, and are few: they are read one after another, because the index
    /// has the order of times.
    fn found_pinned(
        &self,
        conditions: &Conditions,
        typed: &Query,
        mut after: Place,
        limit: usize,
    ) -> Result<Vec<Item>, InboxError> {
        let mut pinned = conditions.clone();
        pinned.add("pinned = 1", []);
        let mut found = Vec::new();
        while found.len() < limit {
            let read = self.listed(&pinned, after, MAX_PINNED_ROWS)?;
            let is_last = read.len() < MAX_PINNED_ROWS;
            let Some(place) = read.last().and_then(|item| Place::parse(&item.sort)) else {
                break;
            };
            after = place;
            found.extend(
                read.into_iter()
                    .filter(|item| search::matches(item, &typed.terms)),
            );
            if is_last {
                break;
            }
        }
        found.truncate(limit);
        Ok(found)
    }

    fn found_in_index(
        &self,
        conditions: &Conditions,
        typed: &Query,
        after: Option<Place>,
        limit: usize,
    ) -> Result<Vec<Item>, InboxError> {
        let mut conditions = conditions.clone();
        conditions.add("search MATCH ?", [search::expression(&typed.terms).into()]);
        conditions.add("pinned = 0", []);
        if let [part] = conditions.parts {
            conditions.add(part, []);
        }
        if let Some(after) = after {
            conditions.add(
                "search.rowid < ?",
                [search::place(after.sort_at, after.id).into()],
            );
        }
        // The index knows times too, so that it is not read outside of them.
        if let Some(since) = conditions.since {
            conditions.add("search.rowid >= ?", [search::place(since, 0).into()]);
        }
        if let Some(until) = conditions.until {
            conditions.add("search.rowid < ?", [search::place(until, 0).into()]);
        }
        // The joins are in this order: the index yields the newest hits first, and is read no further than necessary.
        let sql = format!(
            "SELECT {ITEM_COLUMNS} FROM search CROSS JOIN search_place ON search_place.place = search.rowid
                 CROSS JOIN item ON item.id = search_place.item
             WHERE {} ORDER BY search.rowid DESC LIMIT {limit}",
            conditions.sql()
        );
        self.items(&sql, &conditions)
    }

    fn items(&self, sql: &str, conditions: &Conditions) -> Result<Vec<Item>, InboxError> {
        let mut statement = self.db.prepare_cached(sql)?;
        let rows = statement.query_map(params_from_iter(&conditions.values), reading::item)?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// Conditions of SQL that all apply, and the values of their parameters.
#[derive(Debug, Clone, Default)]
struct Conditions {
    clauses: Vec<&'static str>,
    values: Vec<Value>,
    /// One of these applies; together they may be all items.
    parts: &'static [&'static str],
    since: Option<EpochMillis>,
    until: Option<EpochMillis>,
}

impl Conditions {
    fn add<const N: usize>(&mut self, clause: &'static str, values: [Value; N]) {
        self.clauses.push(clause);
        self.values.extend(values);
    }

    fn sql(&self) -> String {
        self.clauses.join(" AND ")
    }

    fn select(&mut self, filter: &InboxFilter, typed: &Query) {
        self.add("deleted_at IS NULL", []);
        let view = match (typed.view, filter.everywhere) {
            (Some(view), _) => Some(view),
            (None, true) => None,
            (None, false) => Some(filter.view),
        };
        self.parts = match view {
            None => &[IN_INBOX, IN_SNOOZED, IN_ARCHIVE],
            Some(InboxView::Inbox) => &[IN_INBOX],
            Some(InboxView::Unread) => &[UNREAD],
            Some(InboxView::Flagged) => &[FLAGGED],
            Some(InboxView::Snoozed) => &[IN_SNOOZED],
            Some(InboxView::Archived) => &[IN_ARCHIVE],
        };
        let is_read = [filter.unread.map(|unread| !unread), typed.is_read];
        for is_read in is_read.into_iter().flatten() {
            self.add(
                if is_read {
                    "read_at IS NOT NULL"
                } else {
                    "read_at IS NULL"
                },
                [],
            );
        }
        for priority in [filter.priority, typed.priority].into_iter().flatten() {
            self.add("priority = ?", [reading::priority_rank(priority).into()]);
        }
        if let Some(kind) = filter.kind {
            self.add("kind = ?", [reading::kind_word(kind).to_owned().into()]);
        }
        self.add_name("category = ?", "category IS NULL", filter.category.as_deref());
        self.add_name("actor = ?", "actor IS NULL", filter.sender.as_deref());
        self.since = filter.since.max(typed.since);
        if let Some(since) = self.since {
            self.add("sort_at >= ?", [since.into()]);
        }
        self.until = [filter.until, typed.until].into_iter().flatten().min();
        if let Some(until) = self.until {
            self.add("sort_at < ?", [until.into()]);
        }
    }

    fn add_name(&mut self, equals: &'static str, is_absent: &'static str, name: Option<&str>) {
        match name {
            None => {}
            Some("") => self.add(is_absent, []),
            Some(name) => self.add(equals, [name.to_owned().into()]),
        }
    }

    fn add_after(&mut self, after: Place) {
        self.add(
            "(pinned, sort_at, id) < (?, ?, ?)",
            [
                i64::from(after.pinned).into(),
                after.sort_at.into(),
                after.id.into(),
            ],
        );
    }
}
