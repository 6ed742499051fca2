"""The centre: ingest, feed, registry and reports; embedded on SQLite, all rows keyed by site (docs/centre.md)."""
