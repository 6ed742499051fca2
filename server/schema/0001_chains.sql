-- Chains, the feed and records. The site stands first in every key, and a transaction is about one site, so that sites
-- can be spread. Statements are plain SQL; STRICT and WITHOUT ROWID are this engine's own.

-- One row a site: the counter of its feed with the link after it (`link0`: before the first number), and the checksum of
-- its stock. Locked first in every transaction that writes. `floor`: cursors before it take a snapshot. `own_epoch`: the
-- chain that the centre's own entries go on.
CREATE TABLE site (
    site_id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    number INTEGER NOT NULL,
    link BLOB NOT NULL,
    link0 BLOB NOT NULL,
    floor INTEGER NOT NULL,
    own_epoch BLOB NOT NULL,
    site_sum TEXT NOT NULL,
    trailed INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A chain: one incarnation of a device's ledger. `device`: who may push it; `chain_device`: the id in its genesis.
-- `signature` is over the head at `signed_seq`, by `signer` (a public key).
CREATE TABLE epoch (
    site_id TEXT NOT NULL,
    epoch BLOB NOT NULL,
    device TEXT NOT NULL,
    chain_device TEXT NOT NULL,
    parent_epoch BLOB NOT NULL,
    parent_seq INTEGER NOT NULL,
    parent_hash BLOB NOT NULL,
    genesis BLOB NOT NULL,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    safe_seq INTEGER NOT NULL,
    signed_seq INTEGER NOT NULL,
    signature BLOB NOT NULL,
    signer BLOB NOT NULL,
    PRIMARY KEY (site_id, epoch)
) STRICT, WITHOUT ROWID;
CREATE INDEX epoch_device ON epoch (site_id, device);

-- Every entry's exact bytes, its link of its chain, its number in the feed with the feed's link after it. `event_id`: the
-- 16 bytes of its UUID; empty where none can be read.
CREATE TABLE entry (
    site_id TEXT NOT NULL,
    n INTEGER NOT NULL,
    link BLOB NOT NULL,
    epoch BLOB NOT NULL,
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL,
    event_id BLOB NOT NULL,
    standing TEXT NOT NULL,
    record_ms INTEGER NOT NULL,
    bytes BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX entry_n ON entry (site_id, n);
CREATE UNIQUE INDEX entry_seq ON entry (site_id, epoch, seq);
CREATE INDEX entry_event_id ON entry (site_id, event_id);

-- Why an entry was not projected; `digest`: the member list that it waits for, or ''.
CREATE TABLE quarantine (
    site_id TEXT NOT NULL,
    n INTEGER NOT NULL,
    digest TEXT NOT NULL,
    why TEXT NOT NULL,
    PRIMARY KEY (site_id, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX quarantine_digest ON quarantine (site_id, digest);

-- Master records, flags and all else that is state, at the number of its last change; a body of '' is a tombstone.
CREATE TABLE record (
    site_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    n INTEGER NOT NULL,
    link BLOB NOT NULL,
    row_hash BLOB NOT NULL,
    made_ms INTEGER NOT NULL,
    changed_ms INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (site_id, kind, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX record_n ON record (site_id, n);

-- Numbers whose row has changed since and stands at a later one: their links stay, because cursors name them.
CREATE TABLE past_number (
    site_id TEXT NOT NULL,
    n INTEGER NOT NULL,
    link BLOB NOT NULL,
    row_hash BLOB NOT NULL,
    PRIMARY KEY (site_id, n)
) STRICT, WITHOUT ROWID;

-- Member lists by content: chunk `n` of `chunks`. `absent_list`: what a device said it cannot send.
CREATE TABLE list_chunk (
    site_id TEXT NOT NULL,
    digest TEXT NOT NULL,
    n INTEGER NOT NULL,
    chunks INTEGER NOT NULL,
    bytes BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX list_chunk_n ON list_chunk (site_id, digest, n);

CREATE TABLE absent_list (
    site_id TEXT NOT NULL,
    digest TEXT NOT NULL,
    device TEXT NOT NULL,
    PRIMARY KEY (site_id, digest, device)
) STRICT, WITHOUT ROWID;

-- The entry numbers about a unit, lot, container or document, for traces; laid behind ingest, up to site.trailed.
CREATE TABLE trail (
    site_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (site_id, subject, n)
) STRICT, WITHOUT ROWID;
