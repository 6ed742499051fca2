"""RFC 9457 problems: every refusal of a request, with a stable code. An entry is never refused."""

from __future__ import annotations

from typing import Final, NamedTuple

from sync.wire import Problem

TYPE_PREFIX: Final = "urn:scanner:problem:"


class Kind(NamedTuple):
    """Status and title of a code; `retry_after_s`: when to try again, None where trying again alone does not help."""

    status: int
    title: str
    retry_after_s: int | None = None


PROBLEMS: Final[dict[str, Kind]] = {
    "MALFORMED": Kind(400, "The request is not what it should be."),
    "UNAUTHENTICATED": Kind(401, "A bearer token is needed."),
    "TOKEN_EXPIRED": Kind(401, "The token is too old; enrol again."),
    "BAD_CODE": Kind(403, "The enrolment code is unknown, used or too old."),
    "REVOKED": Kind(403, "This device was revoked."),
    "LOST": Kind(403, "This device was declared lost."),
    "FOREIGN_DEVICE": Kind(403, "The message is of another device than the token."),
    "BAD_SIGNATURE": Kind(403, "The signature is not by this device's key."),
    "NOT_FOUND": Kind(404, "There is nothing here."),
    "METHOD_NOT_ALLOWED": Kind(405, "This path does not take that method."),
    "TIMED_OUT": Kind(408, "The request did not come to an end in time.", 1),
    "OTHER_VERSION": Kind(409, "This version of the protocol is not spoken here."),
    "TOO_LARGE": Kind(413, "The request is too large."),
    "UNSUPPORTED_ENCODING": Kind(415, "Content-Encoding may be zstd, gzip or identity."),
    "RANGE_NOT_SATISFIABLE": Kind(416, "The range lies outside the content."),
    "BUSY": Kind(429, "Too much at once; try again.", 1),
    "TOO_MANY_TRIES": Kind(429, "Too many enrolment codes were tried.", 60),
    "INTERNAL": Kind(500, "A fault of the centre's own; nothing was changed."),
    "UNAVAILABLE": Kind(503, "The centre cannot write at the moment; nothing was changed.", 5),
    "SNAPSHOT_NOT_READY": Kind(503, "The snapshot is being made.", 2),
}


class ProblemError(Exception):
    """A request that is answered with a problem; nothing of it was done."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.kind = PROBLEMS[code]

    def document(self) -> Problem:
        """The problem document."""
        kind = self.kind
        return Problem(TYPE_PREFIX + self.code.lower(), kind.title, kind.status, self.code, self.detail)
