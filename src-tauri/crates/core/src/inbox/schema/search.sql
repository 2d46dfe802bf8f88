-- The index of words: see the module `search`.
CREATE VIRTUAL TABLE search USING fts5 (
    title_words, body_words, actor_words, category_words,
    -- The texts are in `item` alone; what goes in and out is folded by the functions of the module.
    content = '', columnsize = 0,
    -- Of ASCII there are only letters and digits in it, separated by spaces.
    tokenize = 'ascii', prefix = '2 3 4 5'
);
-- Words of what is deleted leave the file at once, not when parts of the index are merged some day.
INSERT INTO search (search, rank) VALUES ('secure-delete', 1);
-- Which item a row of the index is, for those that are in it.
CREATE TABLE search_place (
    place INTEGER PRIMARY KEY,
    item  INTEGER NOT NULL UNIQUE
) STRICT;
CREATE TABLE search_state (
    id    INTEGER PRIMARY KEY CHECK (id = 1),
    -- The version of folding that made the index.
    fold  INTEGER NOT NULL,
    -- Items with a lower number may not be in the index yet.
    below INTEGER
) STRICT;
INSERT INTO search_state SELECT 1, 1, max(id) + 1 FROM item;
-- Two items never have the same place, unless a million arrived in between that were made in one millisecond.
CREATE TRIGGER search_added AFTER INSERT ON item WHEN new.deleted_at IS NULL BEGIN
    INSERT INTO search_place (place, item) SELECT search_number(new.sort_at, new.id), new.id
        WHERE NOT EXISTS (SELECT 1 FROM search_place WHERE place = search_number(new.sort_at, new.id));
    INSERT INTO search (rowid, title_words, body_words, actor_words, category_words)
        SELECT place, search_words(new.title), search_words(new.body), search_words(new.actor),
            search_words(new.category)
        FROM search_place WHERE item = new.id;
END;
CREATE TRIGGER search_dropped AFTER DELETE ON item BEGIN
    INSERT INTO search (search, rowid, title_words, body_words, actor_words, category_words)
        SELECT 'delete', place, search_words(old.title), search_words(old.body), search_words(old.actor),
            search_words(old.category)
        FROM search_place WHERE item = old.id;
    DELETE FROM search_place WHERE item = old.id;
END;
CREATE TRIGGER search_changed AFTER UPDATE OF title, body, actor, category, sort_at, deleted_at ON item
    WHEN (old.title, old.body, old.actor, old.category, old.sort_at, old.deleted_at IS NULL)
        IS NOT (new.title, new.body, new.actor, new.category, new.sort_at, new.deleted_at IS NULL)
BEGIN
    INSERT INTO search (search, rowid, title_words, body_words, actor_words, category_words)
        SELECT 'delete', place, search_words(old.title), search_words(old.body), search_words(old.actor),
            search_words(old.category)
        FROM search_place WHERE item = old.id;
    DELETE FROM search_place WHERE item = old.id;
    INSERT INTO search_place (place, item) SELECT search_number(new.sort_at, new.id), new.id
        WHERE new.deleted_at IS NULL
            AND NOT EXISTS (SELECT 1 FROM search_place WHERE place = search_number(new.sort_at, new.id));
    INSERT INTO search (rowid, title_words, body_words, actor_words, category_words)
        SELECT place, search_words(new.title), search_words(new.body), search_words(new.actor),
            search_words(new.category)
        FROM search_place WHERE item = new.id;
END;
-- Lists of one category, sender, kind or urgency, archived or not.
CREATE INDEX item_category ON item (category, pinned DESC, sort_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX item_actor ON item (actor, pinned DESC, sort_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX item_kind ON item (kind, pinned DESC, sort_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX item_priority ON item (priority, pinned DESC, sort_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX item_group ON item (group_key, pinned DESC, sort_at DESC, id DESC)
    WHERE deleted_at IS NULL AND group_key IS NOT NULL;
-- Filters that the user named; JSON.
CREATE TABLE saved_view (
    id     INTEGER PRIMARY KEY,
    name   TEXT NOT NULL UNIQUE,
    filter TEXT NOT NULL
) STRICT;
