"""HTTP to the centre: the only place that knows httpx. Every request has an absolute deadline, every body a bound.

What did not work is a `Failed` outcome, never an exception. A half-open socket, a proxy that answers with its own page,
a server that sends a byte a minute: each ends as a failure within the deadline. `hang_up` ends it at once.
"""

from __future__ import annotations

import hashlib
import json
import math
import ssl
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import httpcore
import httpx
import zstandard

from scanner_app.errors import SyncError
from sync.download import Download
from sync.events import events
from sync.exchange import Failed, Failure
from sync.line import Line
from sync.packing import PackingError, TooLongError, unpacked
from sync.wire import Problem, WireError, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited, in seconds; each but the last two is the whole of it."""

    connect_s: float = 3.0
    total_s: float = 20.0
    fetch_s: float = 600.0
    """A whole snapshot; what came of it is kept, and goes on where it was cut."""
    stall_s: float = 20.0
    """Without a byte of a snapshot. The centre may take fifteen seconds to make it."""
    silence_s: float = 30.0
    """Without a byte of the stream, which has a sign of life every ten seconds."""


PATIENCE: Final = Patience()
KEEP_ALIVE_S: Final = 60.0
"""Less than the centre's own, so that a connection is never used just when it ends."""

ANSWER_BYTES_MAX: Final = 8 * 1024 * 1024
PROBLEM_BYTES_MAX: Final = 64 * 1024
COMPRESS_FROM_BYTES: Final = 1024
OK: Final = 200
PARTIAL: Final = 206
RANGE_WRONG: Final = 416
BY_STATUS: Final = {
    401: Failure.TURNED_AWAY, 403: Failure.TURNED_AWAY, 409: Failure.OTHER_VERSION, 413: Failure.TOO_LARGE,
    408: Failure.TIMED_OUT, 429: Failure.BUSY, 503: Failure.BUSY,
}  # fmt: skip
SERVER_ERROR: Final = 500
JSON: Final = "application/json"
EVENTS: Final = "text/event-stream"
NOT_NOW: Final = frozenset({9, 10})
"""X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED (openssl/x509_vfy.h)."""

FAULTS: Final = (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file was fetched whole, checked, and lies in its place."""


class Transport:
    """One centre, one connection that is kept alive; for one thread at a time, but for `hang_up`."""

    def __init__(
        self, url: str, token: Callable[[], str], verify: ssl.SSLContext | None = None, patience: Patience = PATIENCE
    ) -> None:
        """`verify` None: the machine's own authorities."""
        self._token = token
        self._patience = patience
        self._line = Line()
        self._client = httpx.Client(
            base_url=url, transport=_HeldTransport(self._line, verify), follow_redirects=False, trust_env=False,
            timeout=httpx.Timeout(None, connect=patience.connect_s),
            headers={"Accept-Encoding": "zstd, gzip", "User-Agent": "scanner"},
        )  # fmt: skip

    def close(self) -> None:
        """Ends the connection."""
        self._client.close()

    def hang_up(self) -> None:
        """Ends the request in the air and every later one, from any thread."""
        self._line.hang_up()

    def post(self, path: str, body: bytes, *, anonymous: bool = False) -> bytes | Failed:
        """POST of a JSON body; the answer's body."""
        headers = {"Content-Type": JSON}
        if len(body) >= COMPRESS_FROM_BYTES:
            body = zstandard.ZstdCompressor(level=3).compress(body)
            headers["Content-Encoding"] = "zstd"
        return self._ask("POST", path, {"content": body}, headers=headers, anonymous=anonymous)

    def get(self, path: str, parameters: Mapping[str, str] | None = None, *, anonymous: bool = False) -> bytes | Failed:
        """GET; the answer's body."""
        return self._ask("GET", path, {"params": parameters}, headers={}, anonymous=anonymous)

    def _ask(
        self, method: str, path: str, content: dict[str, Any], *, headers: dict[str, str], anonymous: bool
    ) -> bytes | Failed:
        sent = headers if anonymous else headers | self._authorization()
        self._line.until(time.monotonic() + self._patience.total_s)
        try:
            with self._client.stream(method, path, headers=sent, **content) as answer:
                if answer.status_code != OK:
                    return _refused(answer)
                body = _whole(answer, ANSWER_BYTES_MAX)
        except FAULTS as fault:
            return _failed(fault)
        return body if _media_type(answer) == JSON else Failed(Failure.GARBLED)

    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token()}"}

    def fetch(self, path: str, into: Path) -> Fetched | Failed:
        """GET of a zstd-packed file into `into`, unpacked; what came of it before is taken up where it was cut."""
        download = Download(into)
        try:
            failed, wanted, length = self._fetch_packed(path, download)
            if failed is None:
                download.finish(wanted, length)
        except FAULTS as fault:
            return _failed(fault)
        return failed or Fetched()

    def _fetch_packed(self, path: str, download: Download) -> tuple[Failed | None, str, int]:
        """The packed bytes, and the SHA-256 and length that the centre gives of the file."""
        have = download.have
        headers = self._authorization() | {"Accept-Encoding": "zstd"} | download.asked()
        timeout = httpx.Timeout(self._patience.stall_s, connect=self._patience.connect_s)
        self._line.until(time.monotonic() + self._patience.fetch_s)
        with self._client.stream("GET", path, headers=headers, timeout=timeout) as answer:
            if answer.status_code not in {OK, PARTIAL}:
                if answer.status_code == RANGE_WRONG:
                    download.forget()
                return _refused(answer), "", 0
            told = answer.headers
            wanted, length = told.get("Scanner-SHA256", ""), int(told.get("Scanner-Length", ""))
            if answer.status_code == OK:
                download.begin(told.get("ETag", ""))
            elif not told.get("Content-Range", "").startswith(f"bytes {have}-"):
                raise PackingError("another part than was asked for")
            download.add(answer.iter_raw())
        return None, wanted, length

    def listen(self, path: str, hear: Callable[[str, str], None], stopped: Callable[[], bool]) -> Failed:
        """GET of an event stream; `hear(event, text)` for each event, until it ends or `stopped`."""
        timeout = httpx.Timeout(self._patience.silence_s, connect=self._patience.connect_s)
        headers = self._authorization() | {"Accept": EVENTS, "Accept-Encoding": "identity"}
        self._line.until(time.monotonic() + self._patience.total_s)
        try:
            with self._client.stream("GET", path, headers=headers, timeout=timeout) as answer:
                if answer.status_code != OK:
                    return _refused(answer)
                if _media_type(answer) != EVENTS:
                    return Failed(Failure.GARBLED)
                self._line.until(math.inf)
                for event, text in events(answer.iter_raw()):
                    if stopped():
                        break
                    hear(event, text)
        except FAULTS as fault:
            return _failed(fault)
        return Failed(Failure.UNREACHABLE)


class _HeldTransport(httpx.HTTPTransport):
    """httpx's own, over a line that is held to deadlines: httpx itself names no way to hand one in."""

    def __init__(self, line: Line, verify: ssl.SSLContext | None) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=verify or context_of(None), max_connections=2, max_keepalive_connections=1,
            keepalive_expiry=KEEP_ALIVE_S, network_backend=line,
        )  # fmt: skip


def _whole(answer: httpx.Response, bytes_max: int) -> bytes:
    """The body, unpacked. PackingError over its bound, packed or unpacked."""
    packed = bytearray()
    for chunk in answer.iter_raw():
        packed += chunk
        if len(packed) > bytes_max:
            raise TooLongError(f"an answer of more than {bytes_max} bytes")
    return unpacked(bytes(packed), answer.headers.get("Content-Encoding", "identity"), bytes_max)


def _media_type(answer: httpx.Response) -> str:
    kind: str = answer.headers.get("Content-Type", "")
    return kind.partition(";")[0].strip(" ").lower()


def _failed(fault: Exception) -> Failed:
    if isinstance(fault, httpx.TimeoutException):
        return Failed(Failure.TIMED_OUT)
    if isinstance(fault, httpx.NetworkError):
        return Failed(Failure.UNREACHABLE, code=_certificate_code(fault))
    return Failed(Failure.GARBLED)


def _certificate_code(fault: BaseException | None) -> str:
    """CERTIFICATE where the centre's is not believed, CERTIFICATE_TIME where a wrong clock may be why; else ''."""
    while fault is not None:
        if isinstance(fault, ssl.SSLCertVerificationError):
            return "CERTIFICATE_TIME" if fault.verify_code in NOT_NOW else "CERTIFICATE"
        fault = fault.__cause__ or fault.__context__
    return ""


def _refused(answer: httpx.Response) -> Failed:
    """What a status other than 200 means. A page that is no problem document comes from something in between."""
    code = _code_of(_whole(answer, PROBLEM_BYTES_MAX))
    failure = BY_STATUS.get(answer.status_code)
    if failure is None:
        failure = Failure.BROKEN if answer.status_code >= SERVER_ERROR else Failure.REFUSED
    if not code and failure in {Failure.TURNED_AWAY, Failure.REFUSED, Failure.OTHER_VERSION}:
        return Failed(Failure.GARBLED)
    return Failed(failure, _retry_after_ms(answer.headers.get("Retry-After")), code)


def _code_of(body: bytes) -> str:
    try:
        return read(Problem, body).code
    except WireError:
        return ""


def _retry_after_ms(text: str | None) -> int | None:
    """Seconds only: a date would need the centre's clock to agree with ours."""
    if text is None or not text.isascii() or not text.isdigit():
        return None
    return min(int(text[:9]), 3600) * 1000


@contextmanager
def connected(url: str, token: Callable[[], str], ca: Path | None) -> Iterator[Transport]:
    """A transport to a centre, verified by its own authority where there is one, else by the machine's."""
    transport = Transport(url, token, context_of(ca))
    try:
        yield transport
    finally:
        transport.close()


def context_of(ca: Path | None) -> ssl.SSLContext:
    """A verifying TLS context. Raises SyncError BINDING_UNREADABLE for an authority that cannot be read."""
    try:
        return ssl.create_default_context(cafile=None if ca is None else str(ca))
    except OSError as fault:
        remedy = "Enrol this handheld again: scanner enrol URL CODE."
        raise SyncError("BINDING_UNREADABLE", f"{ca} cannot be read.", remedy=remedy) from fault


def context_trusting(pem: str) -> ssl.SSLContext:
    """A TLS context that verifies by one authority alone, given as PEM. Raises ssl.SSLError for what is none."""
    return ssl.create_default_context(cadata=pem)


def pinned_authority(url: str, pin: str, patience: Patience = PATIENCE) -> str | Failed:
    """The PEM of the centre's own authority, fetched unverified and held against its pin (SHA-256 of its DER, hex).

    The PEM is made anew of what was hashed: text may hold more certificates than the one that a reader sees.
    """
    unverified = ssl.create_default_context()
    unverified.check_hostname = False
    unverified.verify_mode = ssl.CERT_NONE
    transport = Transport(url, str, unverified, patience)
    try:
        body = transport.get("/v1/authority", anonymous=True)
    finally:
        transport.close()
    if isinstance(body, Failed):
        return body
    try:
        der = ssl.PEM_cert_to_DER_cert(str(json.loads(body)["pem"]))
    except (ValueError, KeyError, TypeError):
        return Failed(Failure.GARBLED)
    if hashlib.sha256(der).hexdigest() != pin.lower().replace(":", ""):
        return Failed(Failure.TURNED_AWAY, code="PIN_DIFFERS")
    return ssl.DER_cert_to_PEM_cert(der)
