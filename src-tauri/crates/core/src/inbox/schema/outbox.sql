-- What the user did and the server does not have yet, in order. A mark is absent where it stays as it is, 0 where it was
-- removed, and otherwise the time.
CREATE TABLE outbox (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    item            INTEGER NOT NULL REFERENCES item (id) ON DELETE CASCADE,
    -- The same for all rows of a request.
    idempotency_key TEXT NOT NULL DEFAULT (lower(hex(randomblob(16)))),
    seen            INTEGER,
    read            INTEGER,
    archived        INTEGER,
    flagged         INTEGER,
    snoozed         INTEGER,
    acknowledged    INTEGER,
    -- The marks that change, as a set of bits.
    marks           INTEGER NOT NULL GENERATED ALWAYS AS ((seen IS NOT NULL) + 2 * (read IS NOT NULL)
        + 4 * (archived IS NOT NULL) + 8 * (flagged IS NOT NULL) + 16 * (snoozed IS NOT NULL)
        + 32 * (acknowledged IS NOT NULL)) VIRTUAL,
    not_before      INTEGER NOT NULL,
    -- Whether a request may have reached the server.
    sent            INTEGER NOT NULL DEFAULT 0,
    -- The marks that the server's events have changed since, as a set of bits.
    settled         INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX outbox_item ON outbox (item, id);
CREATE UNIQUE INDEX outbox_open ON outbox (item) WHERE sent = 0;
CREATE INDEX outbox_sent ON outbox (id) WHERE sent = 1;

-- The server's marks of items with actions.
CREATE TABLE server_mark (
    item            INTEGER PRIMARY KEY REFERENCES item (id) ON DELETE CASCADE,
    seen_at         INTEGER,
    read_at         INTEGER,
    archived_at     INTEGER,
    flagged_at      INTEGER,
    snoozed_until   INTEGER,
    acknowledged_at INTEGER
) STRICT;

-- Why the server refused the last action, as JSON.
CREATE TABLE refusal (
    item   INTEGER PRIMARY KEY REFERENCES item (id) ON DELETE CASCADE,
    reason TEXT NOT NULL,
    -- The marks that it would have changed, as a set of bits.
    marks  INTEGER NOT NULL
) STRICT;

-- The marks that stay here because the server does not know them, as a set of bits.
ALTER TABLE account ADD COLUMN kept_marks INTEGER NOT NULL DEFAULT 0;
