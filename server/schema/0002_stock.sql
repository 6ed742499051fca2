-- Projections of the entries by domain.stock.effects, in the order of their numbers; unknown values are ''.

CREATE TABLE on_hand (
    site_id TEXT NOT NULL,
    place TEXT NOT NULL,
    gtin TEXT NOT NULL,
    lot TEXT NOT NULL,
    expiry TEXT NOT NULL,
    status TEXT NOT NULL,
    owner TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    PRIMARY KEY (site_id, place, gtin, lot, expiry, status, owner)
) STRICT, WITHOUT ROWID;
CREATE INDEX on_hand_item ON on_hand (site_id, gtin, lot);

CREATE TABLE unit (
    site_id TEXT NOT NULL,
    gtin TEXT NOT NULL,
    serial TEXT NOT NULL,
    owner TEXT NOT NULL,
    lot TEXT NOT NULL,
    expiry TEXT NOT NULL,
    status TEXT NOT NULL,
    place TEXT NOT NULL,
    document TEXT NOT NULL,
    inferred INTEGER NOT NULL,
    PRIMARY KEY (site_id, gtin, serial)
) STRICT, WITHOUT ROWID;

CREATE TABLE container (
    site_id TEXT NOT NULL,
    id TEXT NOT NULL,
    parent TEXT NOT NULL,
    seal TEXT NOT NULL,
    document TEXT NOT NULL,
    PRIMARY KEY (site_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE document_progress (
    site_id TEXT NOT NULL,
    document TEXT NOT NULL,
    gtin TEXT NOT NULL,
    lot TEXT NOT NULL,
    expiry TEXT NOT NULL,
    status TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    PRIMARY KEY (site_id, document, gtin, lot, expiry, status)
) STRICT, WITHOUT ROWID;

-- `device`: of the entry that closed it.
CREATE TABLE document_closed (
    site_id TEXT NOT NULL,
    id TEXT NOT NULL,
    device TEXT NOT NULL,
    PRIMARY KEY (site_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE follow_up (
    site_id TEXT NOT NULL,
    event_id TEXT NOT NULL,
    code TEXT NOT NULL,
    subject TEXT NOT NULL,
    document TEXT NOT NULL,
    closed_by TEXT NOT NULL,
    PRIMARY KEY (site_id, event_id)
) STRICT, WITHOUT ROWID;

-- Doubts of the centre: opened and closed by entries of its own chain (`id` is the event id of the opening one).
CREATE TABLE flag (
    site_id TEXT NOT NULL,
    id TEXT NOT NULL,
    code TEXT NOT NULL,
    severity TEXT NOT NULL,
    subject TEXT NOT NULL,
    closed_by TEXT NOT NULL,
    PRIMARY KEY (site_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX flag_subject ON flag (site_id, code, subject);
