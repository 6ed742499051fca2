"""The append-only, hash-chained SQLite ledger of one device with its projections; the only package that holds SQL."""
