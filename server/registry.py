"""The registry: enrolment codes, device keys, tokens. Only hashes of codes and tokens are kept; none is ever logged.

A code works once, within a day. A token is 256 random bits; after a rotation both work until the new one was
used. Revoking and declaring lost take effect with the next request.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from server.problems import ProblemError
from server.pushes import Identity
from server.signing import is_public_key
from sync.wire import EnrolAnswer, TokenAnswer

if TYPE_CHECKING:
    from server.database import Session
    from server.pushes import Prepared
    from server.writing import Writing
    from sync.wire import EnrolRequest

DAY_MS: Final = 24 * 60 * 60 * 1000
TOKEN_DAYS: Final = 60
"""How long a token works; devices rotate after 30 days."""
CODE_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without characters that a worker could take for another one."""
CODE_GROUPS: Final = 4
CODE_GROUP: Final = 4
TOKEN_BYTES: Final = 32
ACTIVE: Final = "active"
REVOKED: Final = "revoked"
LOST: Final = "lost"
VERSION_MAX: Final = 80

ADD_CODE: Final = "INSERT INTO enrol_code (hash, site_id, device, until_ms) VALUES (?, ?, ?, ?)"
CODE: Final = "SELECT hash, site_id, device, until_ms FROM enrol_code WHERE hash = ?"
DROP_CODE: Final = "DELETE FROM enrol_code WHERE hash = ?"
DROP_OLD_CODES: Final = "DELETE FROM enrol_code WHERE until_ms < ? OR (site_id = ? AND device = ?)"
PUT_DEVICE: Final = (
    "INSERT INTO device (site_id, device, public_key, state, version, enrolled_ms, seen_ms, quiet_until, cursor, "
    "health) VALUES (?, ?, ?, ?, ?, ?, ?, NULL, '', '{}') ON CONFLICT (site_id, device) DO UPDATE SET "
    "public_key = excluded.public_key, state = excluded.state, version = excluded.version, "
    "enrolled_ms = excluded.enrolled_ms, seen_ms = excluded.seen_ms"
)
SET_STATE: Final = "UPDATE device SET state = ? WHERE site_id = ? AND device = ?"
SEEN: Final = "UPDATE device SET seen_ms = ?, quiet_until = ?, cursor = ?, health = ? WHERE site_id = ? AND device = ?"
SEEN_STALE: Final = "UPDATE device SET seen_ms = ? WHERE site_id = ? AND device = ?"
DEVICES: Final = (
    "SELECT site_id, device, state, version, enrolled_ms, seen_ms, quiet_until, cursor, health FROM device "
    "ORDER BY site_id, device"
)
ADD_BEARER: Final = "INSERT INTO token (hash, site_id, device, made_ms, until_ms, used) VALUES (?, ?, ?, ?, ?, ?)"
BEARER: Final = (
    "SELECT t.site_id, t.device, d.public_key, d.state, t.until_ms, t.used FROM token t "
    "JOIN device d ON d.site_id = t.site_id AND d.device = t.device WHERE t.hash = ?"
)
USE_BEARER: Final = "UPDATE token SET used = 1 WHERE hash = ?"
DROP_OTHERS: Final = "DELETE FROM token WHERE site_id = ? AND device = ? AND hash <> ?"
DROP_UNUSED: Final = "DELETE FROM token WHERE site_id = ? AND device = ? AND used = 0"
DROP_ALL: Final = "DELETE FROM token WHERE site_id = ? AND device = ?"
SITE: Final = "SELECT name, time_zone FROM site WHERE site_id = ?"


class Known(NamedTuple):
    """A token that was found: whose it is, how the device stands, and whether it was used before."""

    identity: Identity
    state: str
    until_ms: int
    used: bool


class DeviceRow(NamedTuple):
    """A device as the fleet is shown."""

    site: str
    device: str
    state: str
    version: str
    enrolled_ms: int
    seen_ms: int
    quiet_until: int | None
    cursor: str
    health: str


def digest(secret: str) -> bytes:
    """What is kept of a code or token."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def code_digest(code: str) -> bytes:
    """Of a code as a person may type it: in small letters, without its dashes."""
    return digest("".join(character for character in code.upper() if character.isalnum()))


def make_code(writing: Writing, device: str) -> str:
    """A code that enrols `device` once, within a day; earlier ones for it no longer work."""
    group = ("".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_GROUP)) for _ in range(CODE_GROUPS))
    code = "-".join(group)
    writing.session.run(DROP_OLD_CODES, (writing.now_ms, writing.site, device))
    writing.session.run(ADD_CODE, (code_digest(code), writing.site, device, writing.now_ms + DAY_MS))
    return code


def site_of_code(session: Session, code: str, now_ms: int) -> tuple[str, str]:
    """Site and device of a code that works. Raises ProblemError BAD_CODE."""
    wanted = code_digest(code)
    row = session.one(CODE, (wanted,))
    if row is None or not hmac.compare_digest(row[0], wanted) or row[3] < now_ms:
        raise ProblemError("BAD_CODE")
    return row[1], row[2]


def enrol(writing: Writing, asked: EnrolRequest) -> EnrolAnswer:
    """Takes a code and binds the device to its key. Raises ProblemError BAD_CODE or MALFORMED."""
    session = writing.session
    site, device = site_of_code(session, asked.code, writing.now_ms)
    if site != writing.site:
        raise ProblemError("BAD_CODE")
    if not is_public_key(asked.public_key):
        raise ProblemError("MALFORMED", "public_key is no Ed25519 key")
    session.run(DROP_CODE, (code_digest(asked.code),))
    now_ms, version = writing.now_ms, asked.version[:VERSION_MAX]
    session.run(PUT_DEVICE, (site, device, asked.public_key, ACTIVE, version, now_ms, now_ms))
    session.run(DROP_ALL, (site, device))
    token, until_ms = _add_token(writing, device, used=True)
    row = session.one(SITE, (site,))
    assert row is not None
    return EnrolAnswer(device, site, row[0], row[1], token, until_ms, writing.means.key.public, now_ms)


def _add_token(writing: Writing, device: str, *, used: bool) -> tuple[str, int]:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    until_ms = writing.now_ms + TOKEN_DAYS * DAY_MS
    writing.session.run(ADD_BEARER, (digest(token), writing.site, device, writing.now_ms, until_ms, int(used)))
    return token, until_ms


def rotate(writing: Writing, device: str) -> TokenAnswer:
    """A new token; the one in use works until the new one is used, since nobody knows whether the answer is heard."""
    writing.session.run(DROP_UNUSED, (writing.site, device))
    token, token_until = _add_token(writing, device, used=False)
    return TokenAnswer(token, token_until, writing.now_ms)


def use_token(writing: Writing, token_hash: bytes, device: str) -> None:
    """A rotated token was used for the first time: the former one no longer works."""
    if writing.session.run(USE_BEARER, (token_hash,)):
        writing.session.run(DROP_OTHERS, (writing.site, device, token_hash))


def find_token(session: Session, token_hash: bytes) -> Known | None:
    """Whose a token is."""
    row = session.one(BEARER, (token_hash,))
    return None if row is None else Known(Identity(row[0], row[1], row[2]), row[3], row[4], bool(row[5]))


def set_state(writing: Writing, device: str, state: str) -> bool:
    """Revokes a device or declares it lost; its tokens no longer work. False where there is none of that name."""
    return writing.session.run(SET_STATE, (state, writing.site, device)) > 0


def devices(session: Session) -> list[DeviceRow]:
    """Every device."""
    return [DeviceRow(*row) for row in session.all(DEVICES)]


def note_seen(session: Session, push: Prepared, now_ms: int, *, current: bool) -> None:
    """That a device was there, and what it told; a replay of an older push tells nothing."""
    identity, told = push.identity, push.push
    if not current:
        session.run(SEEN_STALE, (now_ms, identity.site, identity.device))
        return
    health = msgspec.json.encode(told.health).decode()
    row = (now_ms, told.quiet_until, told.cursor or "", health, identity.site, identity.device)
    session.run(SEEN, row)
