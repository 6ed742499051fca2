-- What the engine should believe about sizes: one site holds nearly everything, so the site alone narrows nothing down.
-- Without this it takes the first column of a key for selective and walks a whole site where an index leads to one row.
ANALYZE;
DELETE FROM sqlite_stat1;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('entry', 'entry_n', '10000000 10000000 1'),
    ('entry', 'entry_seq', '10000000 10000000 100000 1'),
    ('entry', 'entry_event_id', '10000000 10000000 1'),
    ('epoch', 'epoch', '1000 1000 1'),
    ('epoch', 'epoch_device', '1000 1000 4'),
    ('quarantine', 'quarantine', '10000 10000 1'),
    ('quarantine', 'quarantine_digest', '10000 10000 10'),
    ('record', 'record', '100000 100000 10000 1'),
    ('record', 'record_n', '100000 100000 1'),
    ('past_number', 'past_number', '100000 100000 1'),
    ('list_chunk', 'list_chunk_n', '100000 100000 4 1'),
    ('absent_list', 'absent_list', '1000 1000 2 1'),
    ('trail', 'trail', '10000000 10000000 10 1'),
    ('on_hand', 'on_hand', '100000 100000 100 20 10 8 4 1'),
    ('on_hand', 'on_hand_item', '100000 100000 200 20'),
    ('unit', 'unit', '1000000 1000000 2500 1'),
    ('container', 'container', '100000 100000 1'),
    ('document_progress', 'document_progress', '100000 100000 100 20 10 8 1'),
    ('document_closed', 'document_closed', '10000 10000 1'),
    ('follow_up', 'follow_up', '10000 10000 1'),
    ('flag', 'flag', '100000 100000 1'),
    ('flag', 'flag_subject', '100000 100000 10000 2'),
    ('device', 'device', '10000 10000 1'),
    ('token', 'token', '10000 1'),
    ('token', 'token_device', '10000 10000 2'),
    ('enrol_code', 'enrol_code', '100 1');
ANALYZE sqlite_schema;
