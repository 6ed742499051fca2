-- What is leased to one incarnation of a device's ledger. `epoch`: hexadecimal, as the record has it. `used`: the first
-- serial reference that no entry has shown yet. `ended`: why the lease is over, '' while it is not.
CREATE TABLE lease (
    site_id TEXT NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    device TEXT NOT NULL,
    epoch TEXT NOT NULL,
    subject TEXT NOT NULL,
    until INTEGER,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    used INTEGER NOT NULL,
    ended TEXT NOT NULL,
    PRIMARY KEY (site_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX lease_device ON lease (site_id, device, ended);
CREATE INDEX lease_subject ON lease (site_id, subject, first);
CREATE INDEX lease_until ON lease (site_id, ended, until);

-- The incarnation of each device's ledger that may hold leases.
CREATE TABLE lease_holder (
    site_id TEXT NOT NULL,
    device TEXT NOT NULL,
    epoch BLOB NOT NULL,
    PRIMARY KEY (site_id, device)
) STRICT, WITHOUT ROWID;

-- The serial references under a prefix (extension digit, company prefix, and what tells sites of one company apart):
-- `next` is given next. `since_ms`: when the site was made; `active`: 1 where ranges are cut from it.
CREATE TABLE sscc_space (
    site_id TEXT NOT NULL,
    prefix TEXT NOT NULL,
    next INTEGER NOT NULL,
    since_ms INTEGER NOT NULL,
    active INTEGER NOT NULL,
    PRIMARY KEY (site_id, prefix)
) STRICT, WITHOUT ROWID;

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('lease', 'lease', '100000 100000 1'),
    ('lease', 'lease_device', '100000 100000 100 5'),
    ('lease', 'lease_subject', '100000 100000 10000 1'),
    ('lease', 'lease_until', '100000 100000 10000 1'),
    ('lease_holder', 'lease_holder', '10000 10000 1'),
    ('sscc_space', 'sscc_space', '10 10 1');
ANALYZE sqlite_schema;
