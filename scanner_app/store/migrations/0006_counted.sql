-- The units that own counts hold, for as long as nobody took them back: each is counted once.
CREATE TABLE counted_unit (
    count TEXT NOT NULL,
    gtin TEXT NOT NULL,
    serial TEXT NOT NULL,
    event_id TEXT NOT NULL,
    PRIMARY KEY (count, gtin, serial)
) STRICT, WITHOUT ROWID;
