-- The snapshot file: what the centre knows of one site's stock and records at one number of its feed. SQLite 3,
-- user_version 1. An unknown lot, expiry, owner, document or closing entry is ''. A row numbered n in the feed is covered
-- iff n <= `number`.

-- schema ("1"), site, cursor and watch (where to go on in the scopes feed and watch), number (of both, in decimal digits),
-- made_ms (UTC), sum (16 hexadecimal digits, domain.site_sum).
CREATE TABLE meta (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- How far each chain is covered: the epoch's id (hexadecimal), the device id of its genesis, its last sequence, and the
-- link after it (hexadecimal). A device whose own link there is another one has parted from the centre's chain before it.
CREATE TABLE vector (
    epoch TEXT NOT NULL PRIMARY KEY, device TEXT NOT NULL, seq INTEGER NOT NULL, hash TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Covered entries that the centre could not project; a device's own ones stay in its overlay.
CREATE TABLE quarantined (event_id TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;

CREATE TABLE on_hand (
    place TEXT NOT NULL, gtin TEXT NOT NULL, lot TEXT NOT NULL, expiry TEXT NOT NULL, status TEXT NOT NULL,
    owner TEXT NOT NULL, quantity INTEGER NOT NULL,
    PRIMARY KEY (place, gtin, lot, expiry, status, owner)
) STRICT, WITHOUT ROWID;

CREATE TABLE unit (
    gtin TEXT NOT NULL, serial TEXT NOT NULL, owner TEXT NOT NULL, lot TEXT NOT NULL, expiry TEXT NOT NULL,
    status TEXT NOT NULL, place TEXT NOT NULL, document TEXT NOT NULL, inferred INTEGER NOT NULL,
    PRIMARY KEY (gtin, serial)
) STRICT, WITHOUT ROWID;

CREATE TABLE container (
    id TEXT NOT NULL PRIMARY KEY, parent TEXT NOT NULL, seal TEXT NOT NULL, document TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE document_progress (
    document TEXT NOT NULL, gtin TEXT NOT NULL, lot TEXT NOT NULL, expiry TEXT NOT NULL, status TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    PRIMARY KEY (document, gtin, lot, expiry, status)
) STRICT, WITHOUT ROWID;

-- Documents that an accepted entry has closed and none has opened again.
CREATE TABLE document_closed (id TEXT NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;

-- What entries left for somebody to do (domain.follow_ups); `closed_by`: the entry that settled it, '' while it is open.
CREATE TABLE follow_up (
    event_id TEXT NOT NULL PRIMARY KEY, code TEXT NOT NULL, subject TEXT NOT NULL, document TEXT NOT NULL,
    closed_by TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- All records that are there, of every kind: the feed's own bodies (records.md) as JSON.
CREATE TABLE record (kind TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, id)) STRICT, WITHOUT ROWID;

PRAGMA user_version = 1;
