//! Stores a post as a row: decides whether it is new, a repetition, or news about a known item.

mod changes;

use rusqlite::{OptionalExtension, named_params, params};

use super::alerts::{Stored, UndecidedAlert};
use super::columns;
use super::filing::{EventWriter, Seen};
use super::outbox;
use super::reading::{self, ITEM_COLUMNS, UNDECIDED_COLUMNS};
use super::{Effect, Origin};
use super::{InboxError, notices};
use crate::event::Post;
use crate::fingerprint::fingerprint;
use crate::item::{EpochMillis, Item, ItemKind};

use changes::{as_change, marks_of};

/// What the row of a key shows about earlier posts.
struct KnownItem {
    kind: ItemKind,
    title: String,
    body: String,
    /// See [`content`]; `None` if only a deletion is known.
    content: Option<i64>,
    made_at: Option<EpochMillis>,
    received_at: EpochMillis,
    is_deleted: bool,
    version: Option<i64>,
    posted_by: i64,
}

/// How a post relates to what is known of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Novelty {
    /// The item is shown, and may alert.
    News,
    /// Only details changed: they are updated without an alert.
    Details,
    /// It is a repetition, or older than what is known.
    Old,
    /// It was deleted before it arrived.
    DeletedBefore,
    /// Only marks that it has are set: which of two texts is newer, nobody knows.
    Marks,
}

/// Returns a fingerprint of the visible parts of a post. It excludes creation times and links, because a repeated post
/// with a new time or link is not news.
fn content(post: &Post) -> i64 {
    let starts = post.starts_at.map_or_else(String::new, |at| at.to_string());
    let priority = reading::priority_rank(post.priority);
    let kind = reading::kind_word(post.kind);
    fingerprint(
        kind,
        &format!(
            "{priority}\0{starts}\0{}\0{}",
            notices::earlier_title(post),
            post.body
        ),
    )
}

/// Whether the key alone identifies the content. A row with the same key then is the same, whatever its text.
fn is_identified_by_key(kind: ItemKind) -> bool {
    match kind {
        ItemKind::Gap | ItemKind::Unreadable => true,
        ItemKind::Notification
        | ItemKind::Announcement
        | ItemKind::Maintenance
        | ItemKind::WorkflowRunning
        | ItemKind::WorkflowCompleted
        | ItemKind::WorkflowFailed => false,
    }
}

fn is_workflow(kind: ItemKind) -> bool {
    match kind {
        ItemKind::WorkflowRunning | ItemKind::WorkflowCompleted | ItemKind::WorkflowFailed => true,
        ItemKind::Notification
        | ItemKind::Announcement
        | ItemKind::Maintenance
        | ItemKind::Gap
        | ItemKind::Unreadable => false,
    }
}

/// In milliseconds. How far an item's time may be ahead of the server's clock in the order of the list. If that clock
/// comes only from the `Date` header, it has a precision of a second, and the machines of one service may differ as
/// much. A smaller limit would reorder items that were created within a second.
const MAX_AHEAD: EpochMillis = 2_000;

impl KnownItem {
    /// Whether the post is newer by its version. One that has no version does not beat one that has, and the other way
    /// round only in a page, whose server counts versions since.
    fn is_beaten_by(&self, post: &Post, origin: Origin) -> bool {
        match (post.states.version, self.version, origin) {
            // A change after the gap has its version, and not what changed in the gap.
            (Some(new), Some(known), Origin::Page { .. }) => {
                new > known || (new == known && !self.is_deleted)
            }
            (Some(new), Some(known), Origin::Stream) => new > known,
            (Some(_), None, Origin::Page { place, .. }) => self.posted_by <= place && !self.is_deleted,
            (Some(_), None, Origin::Stream) | (None, _, _) => false,
        }
    }

    /// How an entry of a page relates to what is known: it may be older than what came over the stream since.
    fn classify_in_page(&self, post: &Post, event_writer: &EventWriter<'_>) -> Novelty {
        let expired = post.expires_at.is_some_and(|at| at <= event_writer.now.server);
        let is_handled = expired || post.read_at.is_some() || post.archived_at.is_some();
        if self.is_beaten_by(post, event_writer.arrival.origin) {
            // What the retention removed is not brought back by a mark on another device.
            return if self.is_deleted && is_handled {
                Novelty::Old
            } else {
                self.classify(post, event_writer)
            };
        }
        if self.is_deleted || self.version.is_some() {
            return Novelty::Old;
        }
        Novelty::Marks
    }

    fn classify(&self, post: &Post, event_writer: &EventWriter<'_>) -> Novelty {
        let version = post.states.version.zip(self.version);
        let is_newer = self.is_beaten_by(post, event_writer.arrival.origin);
        if version.is_some_and(|(new, known)| new < known || (new == known && self.is_deleted)) {
            return Novelty::Old;
        }
        if is_newer && self.is_deleted {
            return Novelty::News;
        }
        // Which of two is later, the version says better than a time or a connection.
        let is_replayed = event_writer.seen == Seen::EarlierConnection && !is_newer;
        let is_older =
            !is_newer && matches!((post.created_at, self.made_at), (Some(new), Some(old)) if new < old);
        let same_time = post.created_at.is_none() || post.created_at == self.made_at;
        let same_content = is_identified_by_key(post.kind) || self.content == Some(content(post));
        if is_older {
            return Novelty::Old;
        }
        if self.is_deleted {
            return match self.content {
                // Events may arrive out of order: an item that was deleted before it arrived must not appear
                // afterwards, unless it was created after the deletion.
                None if post.created_at.is_some_and(|made| {
                    // A creation time ahead of the server's clock proves nothing, because the clocks may differ.
                    made > self.received_at && made <= event_writer.now.server
                }) =>
                {
                    Novelty::News
                }
                None => Novelty::DeletedBefore,
                Some(_) if event_writer.seen == Seen::EarlierConnection => Novelty::Old,
                Some(_) if !same_content || !same_time => Novelty::News,
                // An exact repetition: a replay, unless the event has its own id and no creation time shows that it is
                // old.
                Some(_)
                    if post.created_at.is_none()
                        && (event_writer.arrival.own_id || event_writer.seen == Seen::ThisConnection) =>
                {
                    Novelty::News
                }
                Some(_) => Novelty::Old,
            };
        }
        if is_replayed {
            return Novelty::Old;
        }
        if is_workflow(post.kind) {
            return match (self.kind == post.kind, post.kind) {
                (false, _) => Novelty::News,
                (true, ItemKind::WorkflowRunning) => Novelty::Details,
                (true, _) if same_content || self.has_same_text(post) => Novelty::Details,
                (true, _) => Novelty::News,
            };
        }
        // An item that was changed by an update is not news when it is posted again, as it was or as it is now.
        if same_content || (self.content.is_none() && self.has_same_text(post)) {
            return if event_writer.seen == Seen::ThisConnection && !is_newer {
                Novelty::Old
            } else {
                Novelty::Details
            };
        }
        if post.starts_at.is_none() && self.has_same_text(post) {
            return Novelty::Details;
        }
        Novelty::News
    }

    /// Whether it is a different item that uses the same key.
    fn differs_from(&self, post: &Post) -> bool {
        match self.content {
            Some(known) => known != content(post),
            None => !self.is_deleted && !self.has_same_text(post),
        }
    }

    fn has_same_text(&self, post: &Post) -> bool {
        self.title == title(post) && self.body == body(post)
    }
}

/// Returns the title as it is stored.
fn title(post: &Post) -> String {
    columns::stored(&post.title, post.words.as_ref().map(|words| &words.title))
}

/// Returns the body as it is stored.
fn body(post: &Post) -> String {
    let words = post.words.as_ref().and_then(|words| words.body.as_ref());
    columns::stored(&post.body, words)
}

impl EventWriter<'_> {
    pub(super) fn post(
        &self,
        post: &Post,
        news: &mut Vec<UndecidedAlert>,
        filed: &mut Vec<Effect>,
    ) -> Result<(), InboxError> {
        if post.kind == ItemKind::Unreadable
            && self.seen == Seen::New
            && let Some(sum) = self.unreadable_summary()?
        {
            return self.store_unreadable_summary(&sum, news, filed);
        }
        let known = self.known(&post.key)?;
        if post.named_by_event && known.as_ref().is_some_and(|known| known.differs_from(post)) {
            let apart = Post {
                key: format!("{}~{:016x}", post.key, content(post).cast_unsigned()),
                named_by_event: false,
                ..post.clone()
            };
            return self.post(&apart, news, filed);
        }
        let is_new = known.is_none();
        let origin = self.arrival.origin;
        let is_newer = known
            .as_ref()
            .is_some_and(|known| known.is_beaten_by(post, origin));
        let verdict = match known {
            Some(known) if !known.is_deleted && self.is_live_after_its_page(post)? => Novelty::News,
            Some(known) if origin == Origin::Stream => known.classify(post, self),
            Some(known) => known.classify_in_page(post, self),
            // Its row was removed by the retention period.
            None if self.seen == Seen::EarlierConnection => Novelty::Old,
            None => Novelty::News,
        };
        match verdict {
            Novelty::Old => filed.push(Effect::Nothing),
            Novelty::DeletedBefore => {
                self.supersede(post, filed)?;
                self.transaction
                    .prepare_cached("UPDATE item SET content = ?2, made_at = ?3 WHERE key = ?1")?
                    .execute(params![post.key, content(post), post.created_at])?;
                filed.push(Effect::Nothing);
            }
            Novelty::Details if is_newer => {
                self.update_details(post)?;
                let changed = self.apply_change(&as_change(post))?;
                filed.push(changed.map_or(Effect::Nothing, Effect::Changed));
            }
            Novelty::Details => filed.push(self.update_details(post)?),
            Novelty::Marks => filed.push(self.change(&marks_of(post))?),
            Novelty::News => {
                self.supersede(post, filed)?;
                self.store_news(post, is_new, news, filed)?;
            }
        }
        Ok(())
    }

    /// Removes the item that the post replaces. A repeated post replaces nothing, because the other item may have been
    /// posted again.
    fn supersede(&self, post: &Post, filed: &mut Vec<Effect>) -> Result<(), InboxError> {
        // A post may name itself as the one that it replaces, which has no effect.
        if let Some(older) = post.supersedes.as_ref().filter(|older| **older != post.key)
            && self.seen == Seen::New
            && matches!(self.delete(older)?, Effect::Removed(_))
        {
            filed.push(Effect::Removed(older.clone()));
        }
        Ok(())
    }

    fn known(&self, key: &str) -> Result<Option<KnownItem>, InboxError> {
        Ok(self
            .transaction
            .prepare_cached(
                "SELECT kind, title, body, content, made_at, received_at, deleted_at IS NOT NULL, version, posted_by
                 FROM item WHERE key = ?1",
            )?
            .query_row([key], |row| {
                Ok(KnownItem {
                    kind: reading::kind(&row.get::<_, String>(0)?),
                    title: row.get(1)?,
                    body: row.get(2)?,
                    content: row.get(3)?,
                    made_at: row.get(4)?,
                    received_at: row.get(5)?,
                    is_deleted: row.get(6)?,
                    version: row.get(7)?,
                    posted_by: row.get(8)?,
                })
            })
            .optional()?)
    }

    fn store_news(
        &self,
        post: &Post,
        is_new: bool,
        news: &mut Vec<UndecidedAlert>,
        filed: &mut Vec<Effect>,
    ) -> Result<(), InboxError> {
        // A started workflow is progress, not news: it is neither counted nor announced.
        let handled = (post.kind == ItemKind::WorkflowRunning).then_some(self.now.here);
        let read = post.read_at.or(post.archived_at).or(handled);
        let (mut item, row) = self.write_row(post, read)?;
        let mut stored = Some(Stored {
            row,
            expires_at: post.expires_at,
        });
        if let Some(changed) = self.apply_early(&post.key)? {
            (item, stored) = (changed, None);
        }
        news.push(UndecidedAlert {
            key: post.key.clone(),
            made_at: post.created_at,
            fingerprint: self.arrival.fingerprint,
            missed: self.arrival.missed,
            origin: self.arrival.origin,
            place: filed.len(),
            is_new,
            stored,
        });
        filed.push(if handled.is_some() {
            Effect::Changed(item)
        } else {
            Effect::Posted(item)
        });
        Ok(())
    }

    /// Inserts or overwrites an item's row. Returns the item with its row number. `read` is when it was read, if it
    /// was.
    fn write_row(&self, post: &Post, read: Option<EpochMillis>) -> Result<(Item, i64), InboxError> {
        let sql = format!(
            "INSERT INTO item (key, kind, title, body, category, priority, actor, link, actions, progress,
                 extra, created_at, made_at, sort_at, received_at, expires_at, seen_at, read_at,
                 archived_at, content, posted_by, group_key, flagged_at, snoozed_until, ack_required,
                 acknowledged_at, version)
             VALUES (:key, :kind, :title, :body, :category, :priority, :actor, :link, :actions, :progress,
                 :extra, :created_at, :made_at, :sort_at, :now, :expires_at, :seen, :read, :archived,
                 :content, :posted_by, :group_key, :flagged, :snoozed, :ack_required, :acknowledged, :version)
             ON CONFLICT (key) DO UPDATE SET kind = excluded.kind, title = excluded.title,
                 body = excluded.body, category = excluded.category, priority = excluded.priority,
                 actor = excluded.actor, link = coalesce(excluded.link, link), actions = excluded.actions,
                 progress = excluded.progress, extra = excluded.extra,
                 created_at = excluded.created_at, made_at = coalesce(excluded.made_at, made_at),
                 sort_at = excluded.sort_at, received_at = excluded.received_at, expires_at = excluded.expires_at,
                 seen_at = excluded.seen_at, read_at = excluded.read_at, archived_at = excluded.archived_at,
                 content = excluded.content, posted_by = excluded.posted_by, deleted_at = NULL,
                 group_key = excluded.group_key, flagged_at = excluded.flagged_at,
                 snoozed_until = excluded.snoozed_until, snoozed_to = NULL, ack_required = excluded.ack_required,
                 acknowledged_at = excluded.acknowledged_at, version = coalesce(excluded.version, version)
             RETURNING {UNDECIDED_COLUMNS}"
        );
        let created_at = post.created_at.unwrap_or(self.now.server);
        let written = self.transaction.prepare_cached(&sql)?.query_row(
            named_params! {
                ":key": post.key,
                ":kind": reading::kind_word(post.kind),
                ":title": title(post),
                ":body": body(post),
                ":category": post.category,
                ":priority": reading::priority_rank(post.priority),
                ":actor": post.actor,
                ":link": post.link,
                ":actions": reading::json(&post.actions),
                ":progress": post.progress,
                ":extra": reading::json(&post.extra),
                ":created_at": created_at,
                ":made_at": post.created_at,
                // A wrong time must not keep an item at the top of the list for days.
                ":sort_at": created_at.min(self.now.server + MAX_AHEAD),
                ":now": self.now.here,
                ":expires_at": post.expires_at,
                ":seen": post.seen_at.or(read),
                ":read": read,
                ":archived": post.archived_at,
                ":content": content(post),
                ":posted_by": self.place,
                ":group_key": post.group_key,
                ":flagged": post.states.flagged_at,
                // A time that has passed, and an archived item, leave nothing to wait for.
                ":snoozed": post.states.snoozed_until
                    .filter(|at| *at > self.now.server && post.archived_at.is_none()),
                ":ack_required": post.states.ack_required,
                ":acknowledged": post.states.acknowledged_at,
                ":version": post.states.version,
            },
            |row| Ok((reading::item(row)?, row.get("id")?)),
        )?;
        // The user has not read, or not done, what is posted now.
        outbox::void(self.transaction, written.1)?;
        Ok(written)
    }

    /// Updates details that are not news: no mark changes, and nothing alerts.
    fn update_details(&self, post: &Post) -> Result<Effect, InboxError> {
        let sql = format!(
            "UPDATE item SET title = CASE WHEN kind = 'workflowRunning' THEN :title ELSE title END,
                 body = CASE WHEN kind = 'workflowRunning' THEN :body ELSE body END,
                 link = coalesce(:link, link), progress = coalesce(:progress, progress),
                 expires_at = coalesce(:expires_at, expires_at), made_at = coalesce(:made_at, made_at),
                 content = coalesce(content, :content), version = coalesce(:version, version)
             WHERE key = :key AND deleted_at IS NULL AND
                 (link IS NOT coalesce(:link, link) OR progress IS NOT coalesce(:progress, progress)
                  OR expires_at IS NOT coalesce(:expires_at, expires_at) OR made_at IS NOT coalesce(:made_at, made_at)
                  OR content IS NULL OR version IS NOT coalesce(:version, version)
                  OR (kind = 'workflowRunning' AND (title <> :title OR body <> :body)))
             RETURNING {ITEM_COLUMNS}"
        );
        let item = self
            .transaction
            .prepare_cached(&sql)?
            .query_row(
                named_params! {
                    ":key": post.key,
                    ":title": title(post),
                    ":body": body(post),
                    ":link": post.link,
                    ":progress": post.progress,
                    ":expires_at": post.expires_at,
                    ":made_at": post.created_at,
                    ":content": content(post),
                    ":version": post.states.version,
                },
                reading::item,
            )
            .optional()?;
        Ok(item.map_or(Effect::Nothing, Effect::Changed))
    }

    /// Returns the summary row, if there are too many unreadable events for separate rows.
    fn unreadable_summary(&self) -> Result<Option<Post>, InboxError> {
        let hour_ago = self.now.here - notices::UNREADABLE_WINDOW;
        let rows: u32 = self
            .transaction
            .prepare_cached("SELECT count(*) FROM item WHERE kind = 'unreadable' AND received_at > ?1")?
            .query_row([hour_ago], |row| row.get(0))?;
        if rows < notices::MAX_UNREADABLE_ROWS {
            return Ok(None);
        }
        let sum: Option<(String, u32)> = self
            .transaction
            .prepare_cached(
                "SELECT key, coalesce(json_extract(extra, '$.count'), 0) FROM item
                 WHERE key LIKE 'u:more:%' AND received_at > ?1 AND deleted_at IS NULL",
            )?
            .query_row([hour_ago], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let (key, count) = sum.unwrap_or_else(|| (format!("u:more:{}", self.now.here), 0));
        Ok(Some(notices::unreadable_summary(key, count + 1)))
    }

    /// Stores the summary row: the first time as news, afterwards with an updated count.
    fn store_unreadable_summary(
        &self,
        sum: &Post,
        news: &mut Vec<UndecidedAlert>,
        filed: &mut Vec<Effect>,
    ) -> Result<(), InboxError> {
        if self.known(&sum.key)?.is_none() {
            return self.store_news(sum, true, news, filed);
        }
        let sql = format!("UPDATE item SET title = ?2, extra = ?3 WHERE key = ?1 RETURNING {ITEM_COLUMNS}");
        let item = self.transaction.prepare_cached(&sql)?.query_row(
            params![sum.key, title(sum), reading::json(&sum.extra)],
            reading::item,
        )?;
        filed.push(Effect::Changed(item));
        Ok(())
    }
}
