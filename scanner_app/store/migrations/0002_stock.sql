-- Projections of the entries by domain.stock.effects, and the state of work. An unknown lot or expiry, and no serial,
-- are '' here (no real one is empty), so that they can stand in keys. Lots and serials are text, compared byte by byte.

-- The trail: the way back from a thing to the entries about it. It is laid in batches, while nobody scans or after 64
-- entries, so that a scan does not pay for it; `trailed` says up to which position. Readers decode the few entries after.
CREATE TABLE trailed (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    position INTEGER NOT NULL
) STRICT;
INSERT INTO trailed (one, position) VALUES (1, 0);

-- One row a posting, those of member lists included.
CREATE TABLE posting (
    id INTEGER PRIMARY KEY,
    position INTEGER NOT NULL,
    gtin TEXT NOT NULL,
    lot TEXT NOT NULL,
    serial TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    from_place TEXT NOT NULL,
    to_place TEXT NOT NULL,
    inferred INTEGER NOT NULL
) STRICT;
CREATE INDEX posting_unit ON posting (gtin, serial) WHERE serial <> '';
CREATE INDEX posting_lot ON posting (gtin, lot);
CREATE INDEX posting_from ON posting (from_place);
CREATE INDEX posting_to ON posting (to_place);

CREATE TABLE container_move (
    id INTEGER PRIMARY KEY,
    position INTEGER NOT NULL,
    container TEXT NOT NULL,
    from_parent TEXT NOT NULL,
    to_parent TEXT NOT NULL,
    inferred INTEGER NOT NULL
) STRICT;
CREATE INDEX container_move_container ON container_move (container);
CREATE INDEX container_move_from ON container_move (from_parent);
CREATE INDEX container_move_to ON container_move (to_parent);

-- The accepted entries of each task that its undo could take back.
CREATE TABLE fact (
    task TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (task, position)
) STRICT, WITHOUT ROWID;

-- What lies where, in base units. Serials are not part of a line; a line of zero is deleted.
CREATE TABLE on_hand (
    place TEXT NOT NULL,
    gtin TEXT NOT NULL,
    lot TEXT NOT NULL,
    expiry TEXT NOT NULL,
    status TEXT NOT NULL,
    owner TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    PRIMARY KEY (place, gtin, lot, expiry, status, owner)
) STRICT, WITHOUT ROWID;
CREATE INDEX on_hand_item ON on_hand (gtin, lot);

-- Where each serialised unit stands. `document`: the one that received it; `position`: the last entry about it.
CREATE TABLE unit (
    gtin TEXT NOT NULL,
    serial TEXT NOT NULL,
    owner TEXT NOT NULL,
    lot TEXT NOT NULL,
    expiry TEXT NOT NULL,
    status TEXT NOT NULL,
    place TEXT NOT NULL,
    document TEXT,
    inferred INTEGER NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (gtin, serial)
) STRICT, WITHOUT ROWID;

-- Where each container stands: an SSCC (`sscc:…`) or a serialised case (`sgtin:…`).
CREATE TABLE container (
    id TEXT NOT NULL PRIMARY KEY,
    parent TEXT NOT NULL,
    seal TEXT NOT NULL,
    document TEXT,
    position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX container_parent ON container (parent);

-- What each document has received, in base units.
CREATE TABLE document_progress (
    document TEXT NOT NULL,
    gtin TEXT NOT NULL,
    lot TEXT NOT NULL,
    expiry TEXT NOT NULL,
    status TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    PRIMARY KEY (document, gtin, lot, expiry, status)
) STRICT, WITHOUT ROWID;

-- What an entry leaves for somebody to do (domain.follow_ups); `closed_by`: the entry that settled it.
CREATE TABLE follow_up (
    position INTEGER NOT NULL PRIMARY KEY,
    event_id TEXT NOT NULL,
    code TEXT NOT NULL,
    subject TEXT NOT NULL,
    document TEXT,
    closed_by TEXT
) STRICT;
CREATE INDEX follow_up_open ON follow_up (position) WHERE closed_by IS NULL;
CREATE INDEX follow_up_event_id ON follow_up (event_id);

-- The workflow's state, saved in the commit of its facts.
CREATE TABLE task (
    no INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    workflow TEXT NOT NULL,
    document TEXT,
    operator TEXT,
    title TEXT NOT NULL,
    open INTEGER NOT NULL,
    state TEXT NOT NULL
) STRICT;
CREATE INDEX task_open ON task (no) WHERE open = 1;

CREATE TABLE session (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    state TEXT NOT NULL
) STRICT;

-- Captures that wait to be judged, in order; a row goes in the same commit as its entry comes.
CREATE TABLE inbox (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    payload BLOB NOT NULL,
    text TEXT NOT NULL,
    symbology TEXT,
    source TEXT NOT NULL,
    profile TEXT NOT NULL,
    commissioned INTEGER NOT NULL,
    method TEXT NOT NULL,
    monotonic_ns INTEGER NOT NULL,
    wall_ms INTEGER NOT NULL,
    boot_id TEXT NOT NULL,
    ended_by TEXT NOT NULL,
    cut INTEGER NOT NULL
) STRICT;
