"""The append-only, hash-chained SQLite ledger of one device and its projections; the only place on it that holds SQL."""
