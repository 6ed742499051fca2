-- Master records: imported, or pulled from a centre. Read at every scan.

CREATE TABLE item (
    gtin TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    strength TEXT NOT NULL,
    storage_class TEXT NOT NULL,
    serialised INTEGER NOT NULL,
    covered INTEGER NOT NULL,
    lot_controlled INTEGER NOT NULL,
    schedule TEXT
) STRICT, WITHOUT ROWID;

-- What a GTIN on a label stands for, from a day on ('' : always).
CREATE TABLE item_level (
    gtin TEXT NOT NULL,
    valid_from TEXT NOT NULL,
    item_gtin TEXT NOT NULL,
    factor INTEGER NOT NULL CHECK (factor > 0),
    name TEXT NOT NULL,
    PRIMARY KEY (gtin, valid_from)
) STRICT, WITHOUT ROWID;

CREATE TABLE place (
    code TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    storage_class TEXT NOT NULL,
    walk INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE operator (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    verifier TEXT NOT NULL,
    language TEXT NOT NULL,
    active INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE partner (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    gln TEXT
) STRICT, WITHOUT ROWID;

-- `no` is the order of arrival: the newest document is asked first.
CREATE TABLE document (
    no INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    partner TEXT NOT NULL,
    owner TEXT NOT NULL,
    serialised INTEGER NOT NULL,
    closed INTEGER NOT NULL
) STRICT;
CREATE INDEX document_open ON document (no) WHERE closed = 0;

-- What a document expects by item, lot and expiry; for a serialised document the sums of its units.
CREATE TABLE document_line (
    document TEXT NOT NULL,
    gtin TEXT NOT NULL,
    number INTEGER NOT NULL,
    lot TEXT NOT NULL,
    expiry TEXT NOT NULL,
    expected INTEGER NOT NULL,
    PRIMARY KEY (document, gtin, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX document_line_lot ON document_line (gtin, lot, expiry);

CREATE TABLE document_unit (
    document TEXT NOT NULL,
    gtin TEXT NOT NULL,
    serial TEXT NOT NULL,
    lot TEXT NOT NULL,
    expiry TEXT NOT NULL,
    parent TEXT NOT NULL,
    PRIMARY KEY (gtin, serial, document)
) STRICT, WITHOUT ROWID;
CREATE INDEX document_unit_parent ON document_unit (document, parent);

CREATE TABLE document_container (
    document TEXT NOT NULL,
    id TEXT NOT NULL,
    parent TEXT NOT NULL,
    PRIMARY KEY (id, document)
) STRICT, WITHOUT ROWID;
CREATE INDEX document_container_parent ON document_container (document, parent);

-- Recalls and watch-list lines: of an item, of a lot, or of one serial.
CREATE TABLE watch (
    id TEXT NOT NULL,
    gtin TEXT NOT NULL,
    lot TEXT NOT NULL,
    serial TEXT NOT NULL,
    kind TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (gtin, lot, serial, id)
) STRICT, WITHOUT ROWID;
