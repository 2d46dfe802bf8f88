//! The tables and their migrations, which only go forward.

use rusqlite::{Connection, OptionalExtension as _, Transaction};

use super::{InboxError, search};

/// One entry for each released schema; the database's `user_version` counts those that were applied.
const MIGRATIONS: &[&str] = &["
    CREATE TABLE source (
        id      INTEGER PRIMARY KEY,
        address TEXT NOT NULL UNIQUE,
        cursor  TEXT
    ) STRICT;

    -- Events that took effect, to know them when they come again. An id alone does not name an event: one without
    -- an id of its own carries the id before it, so the fingerprint of its content is part of the name.
    CREATE TABLE event (
        id          INTEGER PRIMARY KEY,
        source      INTEGER NOT NULL REFERENCES source (id),
        event_id    TEXT NOT NULL,
        fingerprint INTEGER NOT NULL,
        type        TEXT NOT NULL,
        received_at INTEGER NOT NULL,
        UNIQUE (source, event_id, fingerprint)
    ) STRICT;

    CREATE TABLE item (
        id              INTEGER PRIMARY KEY,
        source          INTEGER NOT NULL REFERENCES source (id),
        key             TEXT NOT NULL,
        kind            TEXT NOT NULL,
        title           TEXT NOT NULL,
        body            TEXT NOT NULL,
        category        TEXT,
        priority        INTEGER NOT NULL,
        actor           TEXT,
        link            TEXT,
        actions         TEXT NOT NULL,
        progress        INTEGER,
        group_key       TEXT,
        extra           TEXT NOT NULL,
        created_at      INTEGER NOT NULL,
        received_at     INTEGER NOT NULL,
        expires_at      INTEGER,
        seen_at         INTEGER,
        read_at         INTEGER,
        archived_at     INTEGER,
        snoozed_until   INTEGER,
        acknowledged_at INTEGER,
        -- A deleted item leaves its key behind, so that a replay does not bring it back.
        deleted_at      INTEGER,
        alert           TEXT NOT NULL,
        UNIQUE (source, key)
    ) STRICT;

    CREATE INDEX item_inbox ON item (source, created_at DESC, id DESC)
        WHERE archived_at IS NULL AND deleted_at IS NULL;
    CREATE INDEX item_unread ON item (source, created_at DESC, id DESC)
        WHERE read_at IS NULL AND archived_at IS NULL AND deleted_at IS NULL;
    CREATE INDEX item_archived ON item (source, created_at DESC, id DESC)
        WHERE archived_at IS NOT NULL AND deleted_at IS NULL;
    CREATE INDEX item_unseen ON item (source)
        WHERE seen_at IS NULL AND archived_at IS NULL AND deleted_at IS NULL;
",
    // When data last arrived from the server, shown while it is unreachable.
    "ALTER TABLE source ADD COLUMN heard_at INTEGER;",
    "
    -- Which event types were asked for, and from which position on others were left out.
    ALTER TABLE source ADD COLUMN types TEXT NOT NULL DEFAULT '';
    ALTER TABLE source ADD COLUMN filtered_from TEXT;

    -- The connection that brought an event last.
    ALTER TABLE event ADD COLUMN connection INTEGER NOT NULL DEFAULT 0;

    -- What was posted last under a key, as a number; absent where only a deletion is known of it.
    ALTER TABLE item ADD COLUMN content INTEGER;
    -- When the server made it, where it said so.
    ALTER TABLE item ADD COLUMN made_at INTEGER;
    -- The place in the list: when it was made, and never later than it came.
    ALTER TABLE item ADD COLUMN sort_at INTEGER NOT NULL DEFAULT 0;
    UPDATE item SET sort_at = created_at;
    DROP INDEX item_inbox;
    DROP INDEX item_unread;
    DROP INDEX item_archived;
    CREATE INDEX item_inbox ON item (source, sort_at DESC, id DESC)
        WHERE archived_at IS NULL AND deleted_at IS NULL;
    CREATE INDEX item_unread ON item (source, sort_at DESC, id DESC)
        WHERE read_at IS NULL AND archived_at IS NULL AND deleted_at IS NULL;
    CREATE INDEX item_archived ON item (source, sort_at DESC, id DESC)
        WHERE archived_at IS NOT NULL AND deleted_at IS NULL;

    -- Changes of notifications that have not come yet, as JSON.
    CREATE TABLE early (
        id          INTEGER PRIMARY KEY,
        source      INTEGER NOT NULL REFERENCES source (id),
        key         TEXT NOT NULL,
        change      TEXT NOT NULL,
        UNIQUE (source, key)
    ) STRICT;
",
    // From here on there is one file for each account: only rows of the server in the temporary table `kept` are kept.
    "
    CREATE TABLE account (
        id            INTEGER PRIMARY KEY CHECK (id = 1),
        server        TEXT NOT NULL,
        -- The id to resume after.
        cursor        TEXT,
        -- When something was heard last of the server, for whoever looks while it is out of reach.
        heard_at      INTEGER,
        -- Which event types are asked for, and from which position on others were left out.
        types         TEXT NOT NULL DEFAULT '',
        filtered_from TEXT
    ) STRICT;
    INSERT INTO account (id, server, cursor, heard_at, types, filtered_from)
        SELECT 1, kept.server, source.cursor, source.heard_at, coalesce(source.types, ''), source.filtered_from
        FROM temp.kept LEFT JOIN source ON source.address = kept.server;

    CREATE TABLE event_of_account (
        id          INTEGER PRIMARY KEY,
        event_id    TEXT NOT NULL,
        fingerprint INTEGER NOT NULL,
        type        TEXT NOT NULL,
        received_at INTEGER NOT NULL,
        -- The connection that brought it last.
        connection  INTEGER NOT NULL DEFAULT 0,
        UNIQUE (event_id, fingerprint)
    ) STRICT;
    INSERT INTO event_of_account
        SELECT event.id, event_id, fingerprint, type, received_at, connection
        FROM event JOIN source ON source.id = event.source JOIN temp.kept ON source.address = kept.server;
    DROP TABLE event;
    ALTER TABLE event_of_account RENAME TO event;

    CREATE TABLE item_of_account (
        id              INTEGER PRIMARY KEY,
        key             TEXT NOT NULL UNIQUE,
        kind            TEXT NOT NULL,
        title           TEXT NOT NULL,
        body            TEXT NOT NULL,
        category        TEXT,
        priority        INTEGER NOT NULL,
        actor           TEXT,
        link            TEXT,
        actions         TEXT NOT NULL,
        progress        INTEGER,
        group_key       TEXT,
        extra           TEXT NOT NULL,
        created_at      INTEGER NOT NULL,
        received_at     INTEGER NOT NULL,
        expires_at      INTEGER,
        seen_at         INTEGER,
        read_at         INTEGER,
        archived_at     INTEGER,
        snoozed_until   INTEGER,
        acknowledged_at INTEGER,
        -- A deleted item leaves its key behind, so that a replay does not bring it back.
        deleted_at      INTEGER,
        alert           TEXT NOT NULL,
        -- What was posted last under the key, as a number; absent where only a deletion is known of it.
        content         INTEGER,
        -- When the server made it, where it said so.
        made_at         INTEGER,
        -- The place in the list: when it was made, and never later than it came.
        sort_at         INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    INSERT INTO item_of_account
        SELECT item.id, key, kind, title, body, category, priority, actor, link, actions, progress, group_key, extra,
            created_at, received_at, expires_at, seen_at, read_at, archived_at, snoozed_until, acknowledged_at,
            deleted_at, alert, content, made_at, sort_at
        FROM item JOIN source ON source.id = item.source JOIN temp.kept ON source.address = kept.server;
    DROP TABLE item;
    ALTER TABLE item_of_account RENAME TO item;
    CREATE INDEX item_inbox ON item (sort_at DESC, id DESC)
        WHERE archived_at IS NULL AND deleted_at IS NULL;
    CREATE INDEX item_unread ON item (sort_at DESC, id DESC)
        WHERE read_at IS NULL AND archived_at IS NULL AND deleted_at IS NULL;
    CREATE INDEX item_archived ON item (sort_at DESC, id DESC)
        WHERE archived_at IS NOT NULL AND deleted_at IS NULL;
    CREATE INDEX item_unseen ON item (id)
        WHERE seen_at IS NULL AND archived_at IS NULL AND deleted_at IS NULL;

    CREATE TABLE early_of_account (
        id     INTEGER PRIMARY KEY,
        key    TEXT NOT NULL UNIQUE,
        change TEXT NOT NULL
    ) STRICT;
    INSERT INTO early_of_account
        SELECT early.id, key, change
        FROM early JOIN source ON source.id = early.source JOIN temp.kept ON source.address = kept.server;
    DROP TABLE early;
    ALTER TABLE early_of_account RENAME TO early;

    DROP TABLE source;
",
    "
    -- Urgent and unread stands above everything else. Computed, so that no change of a mark can forget it.
    ALTER TABLE item ADD COLUMN pinned INTEGER NOT NULL
        GENERATED ALWAYS AS (priority = 3 AND read_at IS NULL AND archived_at IS NULL) VIRTUAL;
    DROP INDEX item_inbox;
    DROP INDEX item_unread;
    DROP INDEX item_archived;
    DROP INDEX item_unseen;
    CREATE INDEX item_inbox ON item (pinned DESC, sort_at DESC, id DESC)
        WHERE archived_at IS NULL AND deleted_at IS NULL;
    CREATE INDEX item_unread ON item (pinned DESC, sort_at DESC, id DESC)
        WHERE read_at IS NULL AND archived_at IS NULL AND deleted_at IS NULL;
    CREATE INDEX item_archived ON item (pinned DESC, sort_at DESC, id DESC)
        WHERE archived_at IS NOT NULL AND deleted_at IS NULL;
    CREATE INDEX item_unseen ON item (id)
        WHERE seen_at IS NULL AND archived_at IS NULL AND deleted_at IS NULL;
    -- What is removed in time, oldest first.
    CREATE INDEX item_kept ON item (received_at, id) WHERE deleted_at IS NULL;
    CREATE INDEX item_gone ON item (deleted_at, id) WHERE deleted_at IS NOT NULL;
    ALTER TABLE item DROP COLUMN group_key;
    ALTER TABLE item DROP COLUMN snoozed_until;
    ALTER TABLE item DROP COLUMN acknowledged_at;

    -- The inbox in numbers, kept with each change: counting takes longer the more there is.
    CREATE TABLE tally (
        id     INTEGER PRIMARY KEY CHECK (id = 1),
        -- In the inbox and not yet seen; not yet read; all of it.
        unseen INTEGER NOT NULL,
        unread INTEGER NOT NULL,
        total  INTEGER NOT NULL,
        -- Items that are not deleted, archived ones too; and keys of deleted ones.
        kept   INTEGER NOT NULL,
        gone   INTEGER NOT NULL
    ) STRICT;
    INSERT INTO tally
        SELECT 1, coalesce(sum(deleted_at IS NULL AND archived_at IS NULL AND seen_at IS NULL), 0),
            coalesce(sum(deleted_at IS NULL AND archived_at IS NULL AND read_at IS NULL), 0),
            coalesce(sum(deleted_at IS NULL AND archived_at IS NULL), 0),
            coalesce(sum(deleted_at IS NULL), 0), coalesce(sum(deleted_at IS NOT NULL), 0)
        FROM item;
    CREATE TRIGGER item_added AFTER INSERT ON item BEGIN
        UPDATE tally SET
            unseen = unseen + (new.deleted_at IS NULL AND new.archived_at IS NULL AND new.seen_at IS NULL),
            unread = unread + (new.deleted_at IS NULL AND new.archived_at IS NULL AND new.read_at IS NULL),
            total = total + (new.deleted_at IS NULL AND new.archived_at IS NULL),
            kept = kept + (new.deleted_at IS NULL), gone = gone + (new.deleted_at IS NOT NULL);
    END;
    CREATE TRIGGER item_dropped AFTER DELETE ON item BEGIN
        UPDATE tally SET
            unseen = unseen - (old.deleted_at IS NULL AND old.archived_at IS NULL AND old.seen_at IS NULL),
            unread = unread - (old.deleted_at IS NULL AND old.archived_at IS NULL AND old.read_at IS NULL),
            total = total - (old.deleted_at IS NULL AND old.archived_at IS NULL),
            kept = kept - (old.deleted_at IS NULL), gone = gone - (old.deleted_at IS NOT NULL);
    END;
    CREATE TRIGGER item_marked AFTER UPDATE OF seen_at, read_at, archived_at, deleted_at ON item
        WHEN (old.seen_at IS NULL) <> (new.seen_at IS NULL) OR (old.read_at IS NULL) <> (new.read_at IS NULL)
            OR (old.archived_at IS NULL) <> (new.archived_at IS NULL)
            OR (old.deleted_at IS NULL) <> (new.deleted_at IS NULL)
    BEGIN
        UPDATE tally SET
            unseen = unseen + (new.deleted_at IS NULL AND new.archived_at IS NULL AND new.seen_at IS NULL)
                - (old.deleted_at IS NULL AND old.archived_at IS NULL AND old.seen_at IS NULL),
            unread = unread + (new.deleted_at IS NULL AND new.archived_at IS NULL AND new.read_at IS NULL)
                - (old.deleted_at IS NULL AND old.archived_at IS NULL AND old.read_at IS NULL),
            total = total + (new.deleted_at IS NULL AND new.archived_at IS NULL)
                - (old.deleted_at IS NULL AND old.archived_at IS NULL),
            kept = kept + (new.deleted_at IS NULL) - (old.deleted_at IS NULL),
            gone = gone + (new.deleted_at IS NOT NULL) - (old.deleted_at IS NOT NULL);
    END;
",
    // Alerts as rows. Of decisions by earlier versions, the text is kept.
    "
    -- One notification for many, once it was answered.
    CREATE TABLE digest (
        id           INTEGER PRIMARY KEY,
        collection   TEXT NOT NULL,
        members      INTEGER NOT NULL,
        asked_at     INTEGER NOT NULL,
        answered_at  INTEGER NOT NULL,
        -- The notification while it may be on screen: its number, and the service that gave it.
        service      TEXT,
        notification INTEGER
    ) STRICT;

    -- One row for each post of an item that is news.
    CREATE TABLE alert (
        id           INTEGER PRIMARY KEY,
        item         INTEGER NOT NULL REFERENCES item (id) ON DELETE CASCADE,
        state        TEXT NOT NULL,
        -- Why, as JSON; and why the service did not show it.
        reason       TEXT NOT NULL,
        failure      TEXT,
        -- What it waits together with.
        collection   TEXT,
        priority     INTEGER NOT NULL,
        expires_at   INTEGER,
        decided_at   INTEGER NOT NULL,
        answered_at  INTEGER,
        delivery     TEXT,
        service      TEXT,
        notification INTEGER,
        digest       INTEGER REFERENCES digest (id) ON DELETE SET NULL,
        -- How often the app broke while it was asked for.
        suspected    INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    INSERT INTO alert (item, state, reason, priority, decided_at)
        SELECT id, CASE WHEN alert LIKE 'No %' THEN 'suppressed' ELSE 'shown' END,
            json_object('why', 'earlier', 'words', alert), priority, received_at
        FROM item WHERE alert <> '' ORDER BY id;
    ALTER TABLE item DROP COLUMN alert;
    CREATE INDEX alert_item ON alert (item, id);
    CREATE INDEX alert_pending ON alert (collection, id, priority, expires_at) WHERE state = 'pending';
    CREATE INDEX alert_failed ON alert (id) WHERE state = 'failed';
    CREATE INDEX alert_standing ON alert (item) WHERE state IN ('pending', 'failed', 'shown', 'inDigest');
    CREATE INDEX alert_withdrawn ON alert (id) WHERE state = 'withdrawn' AND notification IS NOT NULL;
    CREATE INDEX alert_digest ON alert (digest) WHERE state = 'inDigest';
    CREATE INDEX alert_notification ON alert (notification) WHERE notification IS NOT NULL;
",
    "
    -- The event that posted the item last, by its row: a change that came before it and comes again is older.
    ALTER TABLE item ADD COLUMN posted_by INTEGER NOT NULL DEFAULT 0;
",
    "
    -- Of members in every state, so that a digest without any is found, and can be dropped without a look at all
    -- alerts; with the state, so that the one that stands is found among the many that are read.
    DROP INDEX alert_digest;
    CREATE INDEX alert_digest ON alert (digest, state) WHERE digest IS NOT NULL;
    CREATE INDEX digest_notification ON digest (notification) WHERE notification IS NOT NULL;
",
    "
    -- What the server said last of the account's person.
    ALTER TABLE account ADD COLUMN person_name TEXT;
    ALTER TABLE account ADD COLUMN person_status TEXT;
",
    include_str!("schema/states.sql"),
    include_str!("schema/log.sql"),
    include_str!("schema/search.sql"),
    include_str!("schema/outbox.sql"),
    include_str!("schema/backfill.sql"),
];

fn version(db: &Connection) -> Result<i64, InboxError> {
    Ok(db.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Checks the version before anything is written.
pub(super) fn refuse_newer(db: &Connection) -> Result<(), InboxError> {
    let (found, known) = (version(db)?, newest());
    if found > known {
        Err(InboxError::Newer { found, known })
    } else {
        Ok(())
    }
}

/// Whether migrations are missing.
pub(super) fn is_older(db: &Connection) -> Result<bool, InboxError> {
    Ok(version(db)? < newest())
}

/// Applies the missing migrations, each in a separate transaction. `server` is the one whose rows are kept of a file
/// with the rows of several servers.
pub(super) fn migrate(db: &mut Connection, server: &str) -> Result<(), InboxError> {
    refuse_newer(db)?;
    db.pragma_update(None, "foreign_keys", true)?;
    // Dropped rows of other servers must not stay in free pages.
    db.pragma_update(None, "secure_delete", true)?;
    search::add_functions(db)?;
    let taken = version(db)?;
    for (step, sql) in (1_i64..).zip(MIGRATIONS).filter(|(step, _)| *step > taken) {
        let transaction = db.transaction()?;
        with_kept(&transaction, server, sql)?;
        transaction.pragma_update(None, "user_version", step)?;
        transaction.commit()?;
    }
    Ok(())
}

fn with_kept(transaction: &Transaction<'_>, server: &str, sql: &str) -> rusqlite::Result<()> {
    transaction.execute("CREATE TEMP TABLE kept (server TEXT NOT NULL)", [])?;
    transaction.execute("INSERT INTO temp.kept VALUES (?1)", [server])?;
    transaction.execute_batch(sql)?;
    transaction.execute_batch("DROP TABLE temp.kept")
}

/// Refuses a file that was moved here from another account.
pub(super) fn refuse_foreign(db: &Connection, server: &str) -> Result<(), InboxError> {
    let owner: String = db.query_row("SELECT server FROM account", [], |row| row.get(0))?;
    if owner == server {
        Ok(())
    } else {
        Err(InboxError::Foreign)
    }
}

/// Returns the id to resume after, from a file in any state.
pub(super) fn salvage_cursor(db: &Connection, server: &str) -> Option<String> {
    let places = [
        "SELECT cursor FROM account WHERE server = ?1",
        "SELECT cursor FROM source WHERE address = ?1",
    ];
    places.into_iter().find_map(|sql| {
        db.query_row(sql, [server], |row| row.get(0))
            .optional()
            .ok()
            .flatten()
            .flatten()
    })
}

/// Returns the servers whose rows the file contains, whether it is one account's or an earlier version's.
pub(super) fn servers(db: &Connection) -> Result<Vec<String>, InboxError> {
    let of_accounts = "SELECT server FROM account";
    let of_all = "SELECT address FROM source WHERE cursor IS NOT NULL
             OR EXISTS (SELECT 1 FROM item WHERE item.source = source.id)
             OR EXISTS (SELECT 1 FROM event WHERE event.source = source.id) ORDER BY id";
    let has = |table: &str| db.table_exists(None, table);
    let sql = if has("account")? {
        of_accounts
    } else if has("source")? {
        of_all
    } else {
        return Ok(Vec::new());
    };
    let mut statement = db.prepare(sql)?;
    let servers = statement.query_map([], |row| row.get(0))?;
    Ok(servers.collect::<Result<_, _>>()?)
}

/// Returns the columns of a table except its row number.
pub(super) fn columns(db: &Connection, table: &str) -> Result<Vec<String>, InboxError> {
    let mut statement = db.prepare("SELECT name FROM pragma_table_info(?1, 'main') WHERE name <> 'id'")?;
    let names = statement.query_map([table], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}
