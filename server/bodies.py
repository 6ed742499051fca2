"""Bodies of requests: read and unpacked within bounds, so that neither a long one nor a bomb ever stands in memory."""

from __future__ import annotations

import asyncio
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import zstandard

from server.problems import ProblemError
from sync.wire import BODY_BYTES_MAX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request

    from server.metrics import Metrics

READ_S: Final = 15.0
WINDOW_BYTES_MAX: Final = 8 * 1024 * 1024
"""The most memory that unpacking zstd may ask for (RFC 8878 asks every decoder to bear so much)."""
IN_FLIGHT_BYTES_MAX: Final = 64 * 1024 * 1024
GZIP_WINDOW: Final = 31


class Budget:
    """The bytes of requests that may be in memory at once; past it, BUSY."""

    def __init__(self, metrics: Metrics, bytes_max: int = IN_FLIGHT_BYTES_MAX) -> None:
        self._left = bytes_max
        metrics.in_flight.set_function(lambda: bytes_max - self._left)

    @contextmanager
    def take(self, size: int) -> Iterator[None]:
        """Holds so many bytes. Raises ProblemError BUSY."""
        if size > self._left:
            raise ProblemError("BUSY")
        self._left -= size
        try:
            yield
        finally:
            self._left += size


def size_of(request: Request) -> int:
    """What a request's body may take, unpacked. Raises ProblemError TOO_LARGE."""
    given = request.headers.get("content-length", "")
    if not (given.isascii() and given.isdigit()):
        return BODY_BYTES_MAX
    if int(given[:20]) > BODY_BYTES_MAX:
        raise ProblemError("TOO_LARGE")
    return BODY_BYTES_MAX if "content-encoding" in request.headers else int(given)


async def read_body(request: Request) -> bytes:
    """The body, unpacked. Raises ProblemError TOO_LARGE, TIMED_OUT, UNSUPPORTED_ENCODING or MALFORMED."""
    packed = bytearray()
    try:
        async with asyncio.timeout(READ_S):
            async for part in request.stream():
                packed += part
                if len(packed) > BODY_BYTES_MAX:
                    raise ProblemError("TOO_LARGE")
    except TimeoutError:
        raise ProblemError("TIMED_OUT") from None
    return unpack(bytes(packed), request.headers.get("content-encoding", "identity"))


def unpack(packed: bytes, encoding: str) -> bytes:
    """The content of a body. Raises ProblemError as `read_body`."""
    match encoding.lower():
        case "identity":
            return packed
        case "zstd":
            return _unzstd(packed)
        case "gzip":
            return _gunzip(packed)
        case _:
            raise ProblemError("UNSUPPORTED_ENCODING")


def _unzstd(packed: bytes) -> bytes:
    try:
        reader = zstandard.ZstdDecompressor(max_window_size=WINDOW_BYTES_MAX).stream_reader(packed)
        content = reader.read(BODY_BYTES_MAX + 1)
    except zstandard.ZstdError:
        raise ProblemError("MALFORMED", "the body is no zstd") from None
    return _bounded(content)


def _gunzip(packed: bytes) -> bytes:
    unpacking = zlib.decompressobj(GZIP_WINDOW)
    try:
        content = unpacking.decompress(packed, BODY_BYTES_MAX + 1)
    except zlib.error:
        raise ProblemError("MALFORMED", "the body is no gzip") from None
    if not unpacking.eof and len(content) <= BODY_BYTES_MAX:
        raise ProblemError("MALFORMED", "the body is cut")
    return _bounded(content)


def _bounded(content: bytes) -> bytes:
    if len(content) > BODY_BYTES_MAX:
        raise ProblemError("TOO_LARGE")
    return content
