"""HTTP to the centre: the only place that knows httpx. Every request has an absolute deadline, every body a bound.

Nothing is raised: what did not work is a `Failed` outcome. A half-open socket, a proxy that answers with its own page,
a server that sends a byte a minute: each ends as a failure within the deadline.
"""

from __future__ import annotations

import hashlib
import json
import ssl
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import httpx
import zstandard

from sync.exchange import Failed, Failure
from sync.wire import Problem, WireError, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

CONNECT_S: Final = 3.0
STALL_S: Final = 5.0
TOTAL_S: Final = 20.0
FETCH_TOTAL_S: Final = 600.0
"""A whole snapshot may take so long; it stalls no longer than any other answer, and goes on where it was cut."""

STREAM_SILENCE_S: Final = 30.0
"""The stream has a sign of life every ten seconds; after so long without one it is taken for dead."""

ANSWER_BYTES_MAX: Final = 8 * 1024 * 1024
PROBLEM_BYTES_MAX: Final = 64 * 1024
FILE_BYTES_MAX: Final = 4 * 1024 * 1024 * 1024
LINE_BYTES_MAX: Final = 64 * 1024
COMPRESS_FROM_BYTES: Final = 1024
OK: Final = 200
PARTIAL: Final = 206
RANGE_WRONG: Final = 416
BY_STATUS: Final = {
    401: Failure.TURNED_AWAY, 403: Failure.TURNED_AWAY, 409: Failure.OTHER_VERSION, 413: Failure.TOO_LARGE,
    408: Failure.TIMED_OUT, 429: Failure.BUSY, 503: Failure.BUSY,
}  # fmt: skip
SERVER_ERROR: Final = 500


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that was fetched whole: its SHA-256 (hex) as it lies on the disk, unpacked."""

    sha256: str


class Transport:
    """One centre, one connection that is kept alive; for one thread at a time."""

    def __init__(self, url: str, token: Callable[[], str], verify: ssl.SSLContext | bool = True) -> None:  # noqa: FBT001, FBT002 - httpx's own form
        self._token = token
        timeout = httpx.Timeout(STALL_S, connect=CONNECT_S)
        limits = httpx.Limits(max_connections=2, max_keepalive_connections=1, keepalive_expiry=60)
        headers = {"Accept-Encoding": "zstd, gzip", "User-Agent": "scanner"}
        self._client = httpx.Client(
            base_url=url, timeout=timeout, limits=limits, verify=verify, headers=headers, trust_env=False,
        )  # fmt: skip

    def close(self) -> None:
        """Ends the connection."""
        self._client.close()

    def post(self, path: str, body: bytes, *, anonymous: bool = False) -> bytes | Failed:
        """POST of a JSON body; the answer's body."""
        headers = {"Content-Type": "application/json"}
        if len(body) >= COMPRESS_FROM_BYTES:
            body = zstandard.ZstdCompressor(level=3).compress(body)
            headers["Content-Encoding"] = "zstd"
        return self._ask("POST", path, content=body, headers=headers, anonymous=anonymous)

    def get(self, path: str, parameters: Mapping[str, str] | None = None, *, anonymous: bool = False) -> bytes | Failed:
        """GET; the answer's body."""
        return self._ask("GET", path, parameters=parameters, anonymous=anonymous)

    def _ask(
        self, method: str, path: str, *, content: bytes | None = None, headers: Mapping[str, str] | None = None,
        parameters: Mapping[str, str] | None = None, anonymous: bool = False,
    ) -> bytes | Failed:  # fmt: skip
        deadline = time.monotonic() + TOTAL_S
        sent = dict(headers or {}) | ({} if anonymous else self._authorization())
        try:
            with self._client.stream(method, path, content=content, headers=sent, params=parameters) as answer:
                bound = ANSWER_BYTES_MAX if answer.status_code == OK else PROBLEM_BYTES_MAX
                body = _whole(answer, bound, deadline)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, zstandard.ZstdError) as fault:
            return _failed(fault)
        return body if answer.status_code == OK else _refused(answer, body)

    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token()}"}

    def fetch(self, path: str, into: Path) -> Fetched | Failed:
        """GET of a zstd-packed file into `into`, unpacked; what came of it before is taken up where it was cut."""
        packed, tag = into.with_name(into.name + ".part"), into.with_name(into.name + ".tag")
        deadline = time.monotonic() + FETCH_TOTAL_S
        have = packed.stat().st_size if packed.exists() and tag.exists() else 0
        headers = self._authorization() | {"Accept-Encoding": "identity"}
        if have:
            headers |= {"Range": f"bytes={have}-", "If-Range": tag.read_text("ascii")}
        try:
            with self._client.stream("GET", path, headers=headers) as answer:
                if answer.status_code not in {OK, PARTIAL}:
                    failed = _refused(answer, _whole(answer, PROBLEM_BYTES_MAX, deadline))
                    if answer.status_code == RANGE_WRONG:
                        _forget(packed, tag)
                    return failed
                tag.write_text(answer.headers.get("ETag", ""), "ascii")
                with packed.open("ab" if answer.status_code == PARTIAL else "wb") as file:
                    for chunk in _chunks(answer, FILE_BYTES_MAX - have, deadline, raw=True):
                        file.write(chunk)
                wanted = answer.headers.get("X-Content-SHA256", "")
            digest = _unpack(packed, into)
        except (httpx.HTTPError, OSError, ValueError) as fault:
            return _failed(fault)
        except zstandard.ZstdError:
            _forget(packed, tag)
            return Failed(Failure.GARBLED)
        _forget(packed, tag)
        return Fetched(digest) if digest == wanted else Failed(Failure.GARBLED)

    def listen(self, path: str, hear: Callable[[str, str], None], stopped: Callable[[], bool]) -> Failed:
        """GET of an event stream; `hear(event, text)` for each event, until it ends or `stopped`."""
        timeout = httpx.Timeout(STREAM_SILENCE_S, connect=CONNECT_S)
        headers = self._authorization() | {"Accept": "text/event-stream", "Accept-Encoding": "identity"}
        try:
            with self._client.stream("GET", path, headers=headers, timeout=timeout) as answer:
                if answer.status_code != OK:
                    return _refused(answer, _whole(answer, PROBLEM_BYTES_MAX, time.monotonic() + TOTAL_S))
                for event, text in _events(answer.iter_bytes()):
                    if stopped():
                        break
                    hear(event, text)
        except (httpx.HTTPError, OSError, ValueError) as fault:
            return _failed(fault)
        return Failed(Failure.UNREACHABLE)


def _whole(answer: httpx.Response, bound: int, deadline: float) -> bytes:
    """The body, bounded in length and time; ValueError over the length, httpx.ReadTimeout over the time."""
    return b"".join(_chunks(answer, bound, deadline, raw=False))


def _chunks(answer: httpx.Response, bound: int, deadline: float, *, raw: bool) -> Iterator[bytes]:
    length = 0
    for chunk in answer.iter_raw() if raw else answer.iter_bytes():
        length += len(chunk)
        if length > bound:
            raise ValueError(f"an answer of more than {bound} bytes")
        if time.monotonic() > deadline:
            raise httpx.ReadTimeout("the whole answer took too long")
        yield chunk


def _failed(fault: Exception) -> Failed:
    if isinstance(fault, httpx.TimeoutException):
        return Failed(Failure.TIMED_OUT)
    if isinstance(fault, httpx.TransportError) and not isinstance(fault, httpx.ProtocolError | httpx.DecodingError):
        return Failed(Failure.UNREACHABLE)
    return Failed(Failure.GARBLED)


def _refused(answer: httpx.Response, body: bytes) -> Failed:
    """What a status other than 200 means. A page that is no problem document comes from something in between."""
    code = _code_of(body)
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
    return min(int(text), 3600) * 1000


def _unpack(packed: Path, into: Path) -> str:
    """Unpacks and gives the SHA-256 of what was unpacked; bounded."""
    digest, length = hashlib.sha256(), 0
    with packed.open("rb") as source, into.open("wb") as target:
        for chunk in zstandard.ZstdDecompressor().read_to_iter(source):
            length += len(chunk)
            if length > FILE_BYTES_MAX:
                raise ValueError(f"a file of more than {FILE_BYTES_MAX} bytes")
            digest.update(chunk)
            target.write(chunk)
    return digest.hexdigest()


def _forget(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _events(chunks: Iterator[bytes]) -> Iterator[tuple[str, str]]:
    """Server-sent events: name and data; comments are signs of life and give ('', '')."""
    pending, event, told = b"", "", list[str]()
    for chunk in chunks:
        pending += chunk
        if len(pending) > LINE_BYTES_MAX:
            raise ValueError("an event of more than its bound")
        *lines, pending = pending.split(b"\n")
        for raw in lines:
            line = raw.rstrip(b"\r").decode("utf-8", "replace")
            if line.startswith(":"):
                yield "", ""
            elif line.startswith("event:"):
                event = line[len("event:") :].strip(" ")
            elif line.startswith("data:"):
                told.append(line[len("data:") :].strip(" "))
            elif not line and (event or told):
                yield event, "\n".join(told)
                event, told = "", []


@contextmanager
def connected(url: str, token: Callable[[], str], ca: Path | None) -> Iterator[Transport]:
    """A transport to a centre, verified by its own authority where there is one, else by the machine's."""
    transport = Transport(url, token, context_of(ca))
    try:
        yield transport
    finally:
        transport.close()


def context_of(ca: Path | None) -> ssl.SSLContext:
    """A verifying TLS context."""
    return ssl.create_default_context(cafile=None if ca is None else str(ca))


def pinned_authority(url: str, pin: str) -> str | Failed:
    """The PEM of the centre's own authority, fetched unverified and held against its pin (SHA-256 of its DER, hex)."""
    unverified = ssl.create_default_context()
    unverified.check_hostname = False
    unverified.verify_mode = ssl.CERT_NONE
    transport = Transport(url, str, unverified)
    try:
        body = transport.get("/v1/authority", anonymous=True)
    finally:
        transport.close()
    if isinstance(body, Failed):
        return body
    try:
        pem = str(json.loads(body)["pem"])
        digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()
    except (ValueError, KeyError, TypeError):
        return Failed(Failure.GARBLED)
    return pem if digest == pin.lower().replace(":", "") else Failed(Failure.TURNED_AWAY, code="PIN_DIFFERS")
