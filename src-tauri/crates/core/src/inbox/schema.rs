//! The tables and how they came to be. Migrations only ever go forward.

use rusqlite::Connection;

use super::InboxError;

/// One step a released schema; the database's `user_version` counts those it has taken.
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
    // When something was heard last of a server, for whoever looks while it is out of reach.
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
];

fn version(db: &Connection) -> Result<i64, InboxError> {
    Ok(db.query_row("PRAGMA user_version", [], |row| row.get(0))?)
}

fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Looks at the version before anything is written.
pub(super) fn refuse_newer(db: &Connection) -> Result<(), InboxError> {
    let (found, known) = (version(db)?, newest());
    if found > known {
        Err(InboxError::Newer { found, known })
    } else {
        Ok(())
    }
}

/// Takes the steps that the database has not taken, each in a transaction of its own.
pub(super) fn migrate(db: &mut Connection) -> Result<(), InboxError> {
    refuse_newer(db)?;
    db.pragma_update(None, "foreign_keys", true)?;
    let taken = version(db)?;
    for (step, sql) in (1_i64..).zip(MIGRATIONS).filter(|(step, _)| *step > taken) {
        let transaction = db.transaction()?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "user_version", step)?;
        transaction.commit()?;
    }
    Ok(())
}

/// The row of a server, made where there is none.
pub(super) fn source(db: &Connection, address: &str) -> Result<i64, InboxError> {
    Ok(db.query_row(
        "INSERT INTO source (address) VALUES (?1) ON CONFLICT (address) DO UPDATE SET address = excluded.address
         RETURNING id",
        [address],
        |row| row.get(0),
    )?)
}
