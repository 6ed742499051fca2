-- Part of the trail: the entries that moved nothing but hold a scan, by what the scan names. The trail is laid anew from
-- the first entry on, so that older entries are found too.
CREATE TABLE mention (
    position INTEGER PRIMARY KEY,
    gtin TEXT NOT NULL,
    lot TEXT NOT NULL,
    serial TEXT NOT NULL,
    sscc TEXT NOT NULL
) STRICT;
CREATE INDEX mention_unit ON mention (gtin, serial) WHERE serial <> '';
CREATE INDEX mention_lot ON mention (gtin, lot) WHERE lot <> '';
CREATE INDEX mention_sscc ON mention (sscc) WHERE sscc <> '';
DELETE FROM posting;
DELETE FROM container_move;
DELETE FROM fact;
UPDATE trailed SET position = 0;
