"""Sync with the centre: wire format, engine (sans-IO), transport and enrolment; the scan path never waits for it."""
