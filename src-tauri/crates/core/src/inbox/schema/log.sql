-- The server's events as listeners get them, each when it came first.
CREATE TABLE log (
    id          INTEGER PRIMARY KEY,
    type        TEXT NOT NULL,
    -- The key of the item that it is about.
    item        TEXT,
    received_at INTEGER NOT NULL,
    event_id    TEXT NOT NULL,
    missed      INTEGER NOT NULL,
    -- JSON; absent once the item was deleted.
    data        TEXT
) STRICT;
CREATE INDEX log_item ON log (item) WHERE item IS NOT NULL AND data IS NOT NULL;
CREATE INDEX log_received ON log (received_at, id);
