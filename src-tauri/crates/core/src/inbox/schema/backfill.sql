-- What the server has and this computer lacks, while it is being asked for: after a gap, and what the server had before
-- the first connection.
CREATE TABLE backfill (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    -- The position to ask after; absent: from the server's beginning.
    after    TEXT,
    -- How many gaps it covers, and how much came so far.
    gaps     INTEGER NOT NULL,
    pages    INTEGER NOT NULL,
    items    INTEGER NOT NULL,
    -- What was made before is not news, by the server's clock.
    since    INTEGER,
    is_first INTEGER NOT NULL,
    -- The row of the gap, as it is shown if the rest stays missing: key, title and body.
    key      TEXT,
    title    TEXT,
    body     TEXT,
    -- The row of this key; another gap makes it another.
    is_shown INTEGER NOT NULL DEFAULT 0
) STRICT;

-- When the first connection was made, for which the server's list is asked for. Known inboxes have had it.
ALTER TABLE account ADD COLUMN first_at INTEGER;
UPDATE account SET first_at = coalesce(heard_at, 0)
    WHERE cursor IS NOT NULL OR heard_at IS NOT NULL OR EXISTS (SELECT 1 FROM event) OR EXISTS (SELECT 1 FROM item);
