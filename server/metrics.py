"""What /metrics shows; names of sites and devices never stand in labels."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

GROUPS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Metrics:
    """The centre's own registry of metrics."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.pushes = Counter("scanner_pushes_total", "Pushes by answer", ["answer"], registry=self.registry)
        self.entries = Counter("scanner_entries_total", "Entries that pushes brought", registry=self.registry)
        self.flagged = Counter("scanner_flagged_total", "Doubts by code", ["code"], registry=self.registry)
        self.problems = Counter("scanner_problems_total", "Problems by code", ["code"], registry=self.registry)
        self.failed_commits = Counter("scanner_failed_commits_total", "Commits that failed", registry=self.registry)
        self.commit_seconds = Histogram(
            "scanner_commit_seconds", "Time of a commit", buckets=SECONDS, registry=self.registry
        )
        self.group_works = Histogram("scanner_group_works", "Works in a commit", buckets=GROUPS, registry=self.registry)
        self.waiting = Gauge("scanner_waiting_works", "Works that wait for the writer", registry=self.registry)
        self.streams = Gauge("scanner_streams", "Open event streams", registry=self.registry)
        self.in_flight = Gauge("scanner_in_flight_bytes", "Bytes of requests in memory", registry=self.registry)
        self.snapshots = Counter("scanner_snapshots_total", "Snapshots made", registry=self.registry)

    def text(self) -> bytes:
        """Prometheus' text form."""
        return generate_latest(self.registry)
