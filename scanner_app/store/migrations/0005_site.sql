-- The site's stock as the centre has it, beside the device's own (docs/decisions: sync and the site view); what has been
-- sent and what came back; chains that were cut. All of it stays empty in a home without a centre.

-- How far the centre has an epoch; `safe`: on a second disk too. `cut`: its chain goes another way after this sequence,
-- and what followed was issued again elsewhere. `held`: how far the centre's chain of this epoch reaches that the base was
-- made from, where it is open whether that chain is ours beyond `acked`; 0: nothing is open.
CREATE TABLE watermark (
    epoch_no INTEGER NOT NULL PRIMARY KEY,
    acked INTEGER NOT NULL,
    safe INTEGER NOT NULL,
    cut INTEGER,
    held INTEGER NOT NULL DEFAULT 0
) STRICT;

-- The first links of an epoch that continues a cut one: entries that stand in earlier epochs, under new sequences.
CREATE TABLE reissue (
    epoch_no INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    position INTEGER NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (epoch_no, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX reissue_position ON reissue (position);
CREATE TRIGGER reissue_no_update BEFORE UPDATE ON reissue BEGIN SELECT raise(ABORT, 'links are never changed'); END;
CREATE TRIGGER reissue_no_delete BEFORE DELETE ON reissue BEGIN SELECT raise(ABORT, 'links are never deleted'); END;

-- Own entries that the base holds, with their number of the feed (of the snapshot, where that is all that is known).
CREATE TABLE echo (
    position INTEGER NOT NULL PRIMARY KEY,
    n INTEGER NOT NULL
) STRICT;
CREATE INDEX echo_n ON echo (n);

-- One row: how far each scope of the feed was applied (its cursor, and the number of its last row), what the base is of,
-- its checksum (domain.site_sum, 16 hexadecimal digits), and when the centre last said what time it is. `folded`: 0 where
-- the overlay is to be made anew when the ledger is opened.
CREATE TABLE site_meta (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    folded INTEGER NOT NULL,
    feed_cursor TEXT,
    feed_n INTEGER NOT NULL,
    watch_cursor TEXT,
    watch_n INTEGER NOT NULL,
    as_of INTEGER,
    watch_as_of INTEGER,        -- the centre's time when recall and watch lines were last known to be all there
    site_sum TEXT NOT NULL,
    server_time INTEGER,
    server_mono_ms INTEGER,
    server_boot_id TEXT,
    centre TEXT                 -- whose all this is: the centre's key and the site; NULL before an enrolment
) STRICT;
INSERT INTO site_meta (one, folded, feed_n, watch_n, site_sum) VALUES (1, 0, 0, 0, '0000000000000000');

-- The base: the fold of every entry of the site that the centre counts, up to the cursor. `n`: the last entry about it.
CREATE TABLE site_on_hand (
    place TEXT NOT NULL,
    gtin TEXT NOT NULL,
    lot TEXT NOT NULL,
    expiry TEXT NOT NULL,
    status TEXT NOT NULL,
    owner TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    PRIMARY KEY (place, gtin, lot, expiry, status, owner)
) STRICT, WITHOUT ROWID;
CREATE INDEX site_on_hand_item ON site_on_hand (gtin, lot);

CREATE TABLE site_unit (
    gtin TEXT NOT NULL,
    serial TEXT NOT NULL,
    owner TEXT NOT NULL,
    lot TEXT NOT NULL,
    expiry TEXT NOT NULL,
    status TEXT NOT NULL,
    place TEXT NOT NULL,
    document TEXT,
    inferred INTEGER NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (gtin, serial)
) STRICT, WITHOUT ROWID;

CREATE TABLE site_container (
    id TEXT NOT NULL PRIMARY KEY,
    parent TEXT NOT NULL,
    seal TEXT NOT NULL,
    document TEXT,
    n INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX site_container_parent ON site_container (parent);

CREATE TABLE site_progress (
    document TEXT NOT NULL,
    gtin TEXT NOT NULL,
    lot TEXT NOT NULL,
    expiry TEXT NOT NULL,
    status TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    PRIMARY KEY (document, gtin, lot, expiry, status)
) STRICT, WITHOUT ROWID;

CREATE TABLE site_closed (
    document TEXT NOT NULL PRIMARY KEY,
    closed INTEGER NOT NULL,
    n INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE site_follow_up (
    event_id TEXT NOT NULL PRIMARY KEY,
    n INTEGER NOT NULL,
    code TEXT NOT NULL,
    subject TEXT NOT NULL,
    document TEXT,
    closed_by TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX site_follow_up_open ON site_follow_up (n) WHERE closed_by IS NULL;

-- What other devices moved, for look-ups and traces: one row a posting or container move, the oldest dropped past a bound.
-- `quantity` NULL: a container. `seq`: of the entry in its own chain.
CREATE TABLE site_movement (
    id INTEGER PRIMARY KEY,
    n INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    device TEXT NOT NULL,
    operator TEXT,
    event_time INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    kind TEXT NOT NULL,
    document TEXT,
    reason TEXT,
    method TEXT NOT NULL,
    refers_to TEXT,
    gtin TEXT NOT NULL,
    lot TEXT NOT NULL,
    serial TEXT NOT NULL,
    container TEXT NOT NULL,
    quantity INTEGER,
    from_place TEXT NOT NULL,
    to_place TEXT NOT NULL,
    inferred INTEGER NOT NULL
) STRICT;
CREATE INDEX site_movement_n ON site_movement (n);
CREATE INDEX site_movement_event_id ON site_movement (event_id);
CREATE INDEX site_movement_refers_to ON site_movement (refers_to) WHERE refers_to IS NOT NULL;
CREATE INDEX site_movement_unit ON site_movement (gtin, serial) WHERE serial <> '';
CREATE INDEX site_movement_lot ON site_movement (gtin, lot) WHERE gtin <> '';
CREATE INDEX site_movement_container ON site_movement (container) WHERE container <> '';
CREATE INDEX site_movement_from ON site_movement (from_place);
CREATE INDEX site_movement_to ON site_movement (to_place);

-- Chunks of other devices' member lists that a later entry of the feed names; they go with the next numbered row.
CREATE TABLE site_list_chunk (
    digest TEXT NOT NULL,
    n INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (digest, n)
) STRICT, WITHOUT ROWID;

-- Rows that could not be applied, and own entries that the centre stored without counting them. `subject`: the event id,
-- or kind and id of the record. `row`: JSON; '' where a snapshot named the entry alone.
CREATE TABLE parked (
    n INTEGER NOT NULL,
    subject TEXT NOT NULL,
    reason TEXT NOT NULL,
    row TEXT NOT NULL,
    PRIMARY KEY (n, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX parked_subject ON parked (subject);

-- Records that have no table of their own in 0003: doubts of the centre, leases, and the rest as it came.
CREATE TABLE flag (
    id TEXT NOT NULL PRIMARY KEY,
    code TEXT NOT NULL,
    severity TEXT NOT NULL,
    subject TEXT NOT NULL,
    event_id TEXT,
    parameters TEXT NOT NULL,   -- JSON: what its sentence names
    n INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX flag_n ON flag (n);

-- `epoch`: the incarnation of a ledger that may use it; a restored or forked one has another and takes new leases.
-- Of an SSCC range `next` is the serial reference that is given next; past `last` the range is used up.
CREATE TABLE lease (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    device TEXT NOT NULL,
    epoch TEXT NOT NULL,
    subject TEXT NOT NULL,
    until INTEGER,
    next INTEGER NOT NULL,
    last INTEGER NOT NULL,
    n INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX lease_open ON lease (kind, epoch) WHERE next <= last;

CREATE TABLE record (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    body TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;

-- The overlay is the fold of own entries without an echo. `touches`: how many of their deltas are about the row, so that
-- it goes with the last of them; `document_position`: the last of them that named a document.
ALTER TABLE unit ADD COLUMN document_position INTEGER;
ALTER TABLE unit ADD COLUMN touches INTEGER NOT NULL DEFAULT 0;
ALTER TABLE container ADD COLUMN document_position INTEGER;
ALTER TABLE container ADD COLUMN touches INTEGER NOT NULL DEFAULT 0;

-- Which part of the feed's document a row came with (domain.feed_records): a part that changes replaces its own rows.
ALTER TABLE document_line ADD COLUMN part INTEGER NOT NULL DEFAULT 0;
ALTER TABLE document_unit ADD COLUMN part INTEGER NOT NULL DEFAULT 0;
ALTER TABLE document_container ADD COLUMN part INTEGER NOT NULL DEFAULT 0;

-- Own entries without an echo that closed a document or opened it again.
CREATE TABLE closing (
    position INTEGER NOT NULL PRIMARY KEY,
    document TEXT NOT NULL,
    closed INTEGER NOT NULL
) STRICT;
CREATE INDEX closing_document ON closing (document, position);

-- Whether a follow-up was settled is what the entries that refer to its entry say.
DROP INDEX follow_up_open;
ALTER TABLE follow_up DROP COLUMN closed_by;

-- What is asked. A line's quantity is the sum of its parts; of a unit or container the overlay's row stands where there
-- is one. `stock_part` and `progress_part` are read by an index where the sums of the whole could not be.
CREATE VIEW stock_part AS
    SELECT place, gtin, lot, expiry, status, owner, quantity FROM on_hand
    UNION ALL SELECT place, gtin, lot, expiry, status, owner, quantity FROM site_on_hand;
CREATE VIEW stock_line AS
    SELECT place, gtin, lot, expiry, status, owner, sum(quantity) AS quantity FROM stock_part
    GROUP BY place, gtin, lot, expiry, status, owner HAVING sum(quantity) <> 0;
CREATE VIEW progress_part AS
    SELECT document, gtin, lot, expiry, status, quantity FROM document_progress
    UNION ALL SELECT document, gtin, lot, expiry, status, quantity FROM site_progress;
CREATE VIEW progress_now AS
    SELECT document, gtin, lot, expiry, status, sum(quantity) AS quantity FROM progress_part
    GROUP BY document, gtin, lot, expiry, status HAVING sum(quantity) <> 0;
CREATE VIEW unit_now AS
    SELECT gtin, serial, owner, lot, expiry, status, place,
        coalesce(document, (SELECT s.document FROM site_unit s WHERE s.gtin = o.gtin AND s.serial = o.serial))
            AS document,
        inferred, position
    FROM unit o
    UNION ALL SELECT gtin, serial, owner, lot, expiry, status, place, document, inferred, 0 FROM site_unit s
    WHERE NOT EXISTS (SELECT 1 FROM unit o WHERE o.gtin = s.gtin AND o.serial = s.serial);
CREATE VIEW container_now AS
    SELECT id, parent, seal, coalesce(document, (SELECT s.document FROM site_container s WHERE s.id = o.id)) AS document,
        position
    FROM container o
    UNION ALL SELECT id, parent, seal, document, 0 FROM site_container s
    WHERE NOT EXISTS (SELECT 1 FROM container o WHERE o.id = s.id);

-- Made anew when the ledger is opened.
DELETE FROM on_hand;
DELETE FROM unit;
DELETE FROM container;
DELETE FROM document_progress;
DELETE FROM follow_up;
