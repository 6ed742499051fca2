-- Counts that were closed: where each stands. `device`: who counted. `countered`: the count that a counter-proposal is
-- about, or ''. `basis`: what the stock was adjusted by, as JSON; '' before an approval. `refused`: the proposal that was
-- rejected last.
CREATE TABLE count (
    site_id TEXT NOT NULL,
    id TEXT NOT NULL,
    place TEXT NOT NULL,
    device TEXT NOT NULL,
    state TEXT NOT NULL,
    opened_ms INTEGER NOT NULL,
    closed_ms INTEGER NOT NULL,
    countered TEXT NOT NULL,
    basis TEXT NOT NULL,
    refused TEXT NOT NULL,
    PRIMARY KEY (site_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX count_place ON count (site_id, place, closed_ms);
CREATE INDEX count_state ON count (site_id, state);
CREATE INDEX count_countered ON count (site_id, countered);

-- The entries that bear a count's id.
CREATE TABLE count_entry (
    site_id TEXT NOT NULL,
    count TEXT NOT NULL,
    event_id BLOB NOT NULL,
    PRIMARY KEY (site_id, count, event_id)
) STRICT, WITHOUT ROWID;

-- The trail leads from places too, so it is laid once more.
UPDATE site SET trailed = 0;

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('count', 'count', '10000 10000 1'),
    ('count', 'count_place', '10000 10000 10 1'),
    ('count', 'count_state', '10000 10000 100'),
    ('count', 'count_countered', '10000 10000 100'),
    ('count_entry', 'count_entry', '1000000 1000000 100 1');
ANALYZE sqlite_schema;
