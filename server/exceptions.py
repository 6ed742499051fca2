"""Exceptions: the flags as people see them, and their resolution, which is an entry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from scanner_app.phrases import phrases_of
from server.flags import close_flag
from server.records import FLAG, decode_body, records_of_kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from server.database import Session
    from server.writing import Writing


@dataclass(frozen=True, slots=True)
class ExceptionLine:
    """A flag: what is doubted, about what, since when, and how it ended (None: open)."""

    id: str
    code: str
    severity: str
    subject: str
    device: str
    event_id: str | None
    document: str | None
    opened_ms: int
    sentence: str
    closed: dict[str, Any] | None

    def line(self, site: str) -> dict[str, object]:
        """The line of the contract."""
        at = datetime.fromtimestamp(self.opened_ms / 1000, UTC)
        return {
            "id": self.id, "site": site, "code": self.code, "severity": self.severity, "subject": self.subject,
            "say": self.sentence, "device": self.device, "event_id": self.event_id, "document": self.document,
            "opened": at.isoformat(timespec="milliseconds"), "closed": self.closed,
        }  # fmt: skip


def exceptions(session: Session, site: str, *, closed: bool = False, language: str = "en") -> Iterator[ExceptionLine]:
    """The open flags of a site, oldest first; `closed`: those that ended too."""
    phrases = phrases_of(language)
    for row in records_of_kind(session, site, FLAG):
        body = decode_body(row.body)
        if body["closed"] is not None and not closed:
            continue
        sentence = phrases.say(f"flag.{body['code']}", body["parameters"])
        yield ExceptionLine(
            body["id"], body["code"], body["severity"], body["subject"], body["device"], body["event_id"],
            body["document"], body["opened_ms"], sentence, body["closed"],
        )  # fmt: skip


def resolve(writing: Writing, flag: str, how: str, operator: str, reason: str) -> bool:
    """Closes a flag by an entry; False where none of that id is open."""
    return close_flag(writing, flag, how, operator=operator, reason=reason)
