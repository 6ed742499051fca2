"""Enrolment: a code that works once, against a name, a token and the centre's key (docs/decisions/0005, Identity).

The private key is made here and never leaves the home. Code, token and key stand in no message, log or error.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from scanner_app.errors import SyncError
from sync.binding import (
    Binding,
    Token,
    checked_url,
    forget_ca,
    keep_binding,
    keep_ca,
    keep_device_key,
    keep_token,
)
from sync.exchange import Failed, Failure
from sync.transport import Transport, context_of, context_trusting, pinned_authority
from sync.wire import PROTO, EnrolAnswer, EnrolRequest, WireError, read, write

if TYPE_CHECKING:
    from pathlib import Path

ENROL_PATH: Final = "/v1/enrol"
CODE_KEY: Final = "enrol"
PIN_KEY: Final = "pin"
REFUSED: Final = "ENROLMENT_REFUSED"
REASONS: Final = {
    Failure.UNREACHABLE: ("CENTRE_UNREACHABLE", "cannot be reached, or its certificate is not trusted."),
    Failure.TIMED_OUT: ("CENTRE_UNREACHABLE", "did not answer in time."),
    Failure.GARBLED: ("CENTRE_UNREACHABLE", "gave an answer that is none of a centre's."),
    Failure.BROKEN: ("CENTRE_BROKEN", "has a fault of its own."),
    Failure.BUSY: ("CENTRE_BUSY", "takes no more tries for a moment."),
    Failure.OTHER_VERSION: ("OTHER_VERSION", "speaks another version of the protocol: this program must be updated."),
    Failure.TURNED_AWAY: (REFUSED, "does not take the code: it is unknown, used or older than a day."),
    Failure.REFUSED: (REFUSED, "does not take the request."),
}
REMEDIES: Final = {
    "CENTRE_UNREACHABLE": "Check address, network and clock; --ca-pin names the centre's own authority.",
    "CENTRE_BUSY": "Wait a minute.",
    REFUSED: "Make a new one: scanner-server enrol-code --device NAME.",
    "PIN_DIFFERS": "Somebody may stand in between; check the pin with whoever runs the centre.",
}


@dataclass(frozen=True, slots=True)
class Invitation:
    """Where to enrol and with which code; `pin`: SHA-256 of the centre's own authority (hex), '' for a public one."""

    url: str
    code: str = field(repr=False)
    pin: str = ""
    allow_http: bool = False


def invitation_of(text: str) -> Invitation | None:
    """The invitation in an address such as the QR code of an enrolment holds: `https://HOST/#enrol=CODE&pin=HEX`.

    None for any other text.
    """
    try:
        parts = urlsplit(text)
        given = parse_qs(parts.fragment)
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or CODE_KEY not in given:
        return None
    url = parts._replace(fragment="").geturl()
    return Invitation(url, given[CODE_KEY][0], given.get(PIN_KEY, [""])[0])


def enrol(home: Path, invitation: Invitation, version: str) -> Binding:
    """Binds a home to a centre and writes names, key and token. Raises ConfigError for an address that is none.

    Raises SyncError: CENTRE_UNREACHABLE, CENTRE_BROKEN, CENTRE_BUSY, OTHER_VERSION, ENROLMENT_REFUSED, PIN_DIFFERS.
    """
    url = checked_url(invitation.url, allow_http=invitation.allow_http)
    authority = _authority(url, invitation.pin) if invitation.pin else None
    key = Ed25519PrivateKey.generate()
    answer = _ask(url, invitation.code, key.public_key().public_bytes_raw(), version, authority)
    if authority is None:
        forget_ca(home)
    else:
        keep_ca(home, authority)
    keep_device_key(home, key.private_bytes_raw())
    keep_token(home, Token(answer.token, answer.token_until))
    binding = Binding(
        url, answer.device, answer.site, answer.site_name, answer.time_zone, answer.centre_key.hex(),
        allow_http=invitation.allow_http,
    )  # fmt: skip
    keep_binding(home, binding)
    return binding


def _authority(url: str, pin: str) -> str:
    pem = pinned_authority(url, pin)
    if isinstance(pem, Failed):
        raise _refusal(url, pem)
    return pem


def _ask(url: str, code: str, public_key: bytes, version: str, authority: str | None) -> EnrolAnswer:
    request = EnrolRequest(proto=PROTO, code=code, public_key=public_key, version=version)
    transport = Transport(url, str, context_of(None) if authority is None else context_trusting(authority))
    try:
        body = transport.post(ENROL_PATH, write(request), anonymous=True)
    finally:
        transport.close()
    if isinstance(body, Failed):
        raise _refusal(url, body)
    try:
        return read(EnrolAnswer, body)
    except WireError:
        raise _refusal(url, Failed(Failure.GARBLED)) from None


def _refusal(url: str, failed: Failed) -> SyncError:
    """Why it could not be done, in a sentence."""
    if failed.code == "PIN_DIFFERS":
        code, why = "PIN_DIFFERS", "shows another authority than the pin names."
    else:
        code, why = REASONS.get(failed.failure, (REFUSED, "does not take the request."))
        if failed.failure is Failure.UNREACHABLE and url.startswith("http:"):
            why = "cannot be reached."
    return SyncError(code, f"{url} {why}", remedy=REMEDIES.get(code, ""), retryable=code.startswith("CENTRE"))
