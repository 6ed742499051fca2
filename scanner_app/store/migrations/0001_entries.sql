-- The ledger itself: epochs, entries, member lists. Append-only; everything else in the file can be derived from it.

-- One incarnation of this ledger. A restored or rotated ledger goes on in a new epoch whose parent is its former head.
-- `before`: the position after which its first entry stands.
CREATE TABLE epoch (
    no INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    device TEXT NOT NULL,
    parent_epoch BLOB NOT NULL CHECK (length(parent_epoch) = 16),
    parent_seq INTEGER NOT NULL,
    parent_hash BLOB NOT NULL CHECK (length(parent_hash) = 32),
    genesis BLOB NOT NULL CHECK (length(genesis) = 32),
    before INTEGER NOT NULL
) STRICT;

-- One entry: its exact bytes and its link of the chain. The other columns repeat what the bytes say, for indexes.
-- `position`: order in this file, over all its epochs. `scans`: entries with a raw scan so far, this one included.
CREATE TABLE entry (
    position INTEGER PRIMARY KEY,
    epoch_no INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    scans INTEGER NOT NULL,
    refers_to TEXT,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    bytes BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX entry_event_id ON entry (event_id);
CREATE INDEX entry_refers_to ON entry (refers_to) WHERE refers_to IS NOT NULL;
CREATE INDEX entry_refused ON entry (position) WHERE kind = 'refused';

-- Member lists by content: chunk `n` of the list with this digest (hex).
CREATE TABLE list_chunk (
    digest TEXT NOT NULL,
    n INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (digest, n)
) STRICT;

CREATE TRIGGER epoch_no_update BEFORE UPDATE ON epoch BEGIN SELECT raise(ABORT, 'epochs are never changed'); END;
CREATE TRIGGER epoch_no_delete BEFORE DELETE ON epoch BEGIN SELECT raise(ABORT, 'epochs are never deleted'); END;
CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry BEGIN SELECT raise(ABORT, 'entries are never changed'); END;
CREATE TRIGGER entry_no_delete BEFORE DELETE ON entry BEGIN SELECT raise(ABORT, 'entries are never deleted'); END;
CREATE TRIGGER list_no_update BEFORE UPDATE ON list_chunk BEGIN SELECT raise(ABORT, 'lists are never changed'); END;
CREATE TRIGGER list_no_delete BEFORE DELETE ON list_chunk BEGIN SELECT raise(ABORT, 'lists are never deleted'); END;
