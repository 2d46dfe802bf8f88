-- States beyond read and archived. Not null while it is snoozed: waking an item clears it, so that no list depends on
-- the time of day. The time on the wall clock is there if the user named one, because it moves with the time zone.
ALTER TABLE item ADD COLUMN flagged_at INTEGER;
ALTER TABLE item ADD COLUMN snoozed_until INTEGER;
ALTER TABLE item ADD COLUMN snoozed_to TEXT;
ALTER TABLE item ADD COLUMN acknowledged_at INTEGER;
ALTER TABLE item ADD COLUMN ack_required INTEGER NOT NULL DEFAULT 0;
-- The server's version of what it said last. Of a deleted item too, so that nothing older brings it back.
ALTER TABLE item ADD COLUMN version INTEGER;
ALTER TABLE item ADD COLUMN group_key TEXT;
UPDATE item SET group_key = json_extract(extra, '$.groupKey'), extra = json_remove(extra, '$.groupKey')
    WHERE json_type(extra, '$.groupKey') = 'text';

-- What is urgent and unread, or has to be acknowledged, comes before everything else.
DROP INDEX item_inbox;
DROP INDEX item_unread;
DROP INDEX item_archived;
DROP INDEX item_unseen;
ALTER TABLE item DROP COLUMN pinned;
ALTER TABLE item ADD COLUMN pinned INTEGER NOT NULL
    GENERATED ALWAYS AS (archived_at IS NULL
        AND ((priority = 3 AND read_at IS NULL) OR (ack_required <> 0 AND acknowledged_at IS NULL))) VIRTUAL;
CREATE INDEX item_inbox ON item (pinned DESC, sort_at DESC, id DESC)
    WHERE archived_at IS NULL AND snoozed_until IS NULL AND deleted_at IS NULL;
CREATE INDEX item_unread ON item (pinned DESC, sort_at DESC, id DESC)
    WHERE read_at IS NULL AND archived_at IS NULL AND snoozed_until IS NULL AND deleted_at IS NULL;
CREATE INDEX item_archived ON item (pinned DESC, sort_at DESC, id DESC)
    WHERE archived_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX item_flagged ON item (pinned DESC, sort_at DESC, id DESC)
    WHERE flagged_at IS NOT NULL AND deleted_at IS NULL;
CREATE INDEX item_snoozed ON item (pinned DESC, sort_at DESC, id DESC)
    WHERE snoozed_until IS NOT NULL AND archived_at IS NULL AND deleted_at IS NULL;
CREATE INDEX item_unseen ON item (id)
    WHERE seen_at IS NULL AND archived_at IS NULL AND snoozed_until IS NULL AND deleted_at IS NULL;
CREATE INDEX item_wakes ON item (snoozed_until) WHERE snoozed_until IS NOT NULL;

-- A snoozed item is counted nowhere until it wakes.
DROP TRIGGER item_added;
DROP TRIGGER item_dropped;
DROP TRIGGER item_marked;
ALTER TABLE item ADD COLUMN listed INTEGER NOT NULL
    GENERATED ALWAYS AS (archived_at IS NULL AND snoozed_until IS NULL AND deleted_at IS NULL) VIRTUAL;
CREATE TRIGGER item_added AFTER INSERT ON item BEGIN
    UPDATE tally SET
        unseen = unseen + (new.listed AND new.seen_at IS NULL),
        unread = unread + (new.listed AND new.read_at IS NULL),
        total = total + new.listed,
        kept = kept + (new.deleted_at IS NULL), gone = gone + (new.deleted_at IS NOT NULL);
END;
CREATE TRIGGER item_dropped AFTER DELETE ON item BEGIN
    UPDATE tally SET
        unseen = unseen - (old.listed AND old.seen_at IS NULL),
        unread = unread - (old.listed AND old.read_at IS NULL),
        total = total - old.listed,
        kept = kept - (old.deleted_at IS NULL), gone = gone - (old.deleted_at IS NOT NULL);
END;
CREATE TRIGGER item_marked AFTER UPDATE OF seen_at, read_at, archived_at, snoozed_until, deleted_at ON item
    WHEN old.listed <> new.listed OR (old.seen_at IS NULL) <> (new.seen_at IS NULL)
        OR (old.read_at IS NULL) <> (new.read_at IS NULL) OR (old.deleted_at IS NULL) <> (new.deleted_at IS NULL)
BEGIN
    UPDATE tally SET
        unseen = unseen + (new.listed AND new.seen_at IS NULL) - (old.listed AND old.seen_at IS NULL),
        unread = unread + (new.listed AND new.read_at IS NULL) - (old.listed AND old.read_at IS NULL),
        total = total + new.listed - old.listed,
        kept = kept + (new.deleted_at IS NULL) - (old.deleted_at IS NULL),
        gone = gone + (new.deleted_at IS NOT NULL) - (old.deleted_at IS NOT NULL);
END;
