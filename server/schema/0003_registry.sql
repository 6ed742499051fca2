-- Who may speak: devices, their keys, tokens and enrolment codes. Tokens and codes are found by their SHA-256 alone,
-- because they are what tells the site; neither is kept itself.

CREATE TABLE device (
    site_id TEXT NOT NULL,
    device TEXT NOT NULL,
    public_key BLOB NOT NULL,
    state TEXT NOT NULL,
    version TEXT NOT NULL,
    enrolled_ms INTEGER NOT NULL,
    seen_ms INTEGER NOT NULL,
    quiet_until INTEGER,
    cursor TEXT NOT NULL,
    health TEXT NOT NULL,
    PRIMARY KEY (site_id, device)
) STRICT, WITHOUT ROWID;

CREATE TABLE token (
    hash BLOB NOT NULL PRIMARY KEY,
    site_id TEXT NOT NULL,
    device TEXT NOT NULL,
    made_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    used INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX token_device ON token (site_id, device);

CREATE TABLE enrol_code (
    hash BLOB NOT NULL PRIMARY KEY,
    site_id TEXT NOT NULL,
    device TEXT NOT NULL,
    until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
