"""Bodies of requests: read and unpacked within bounds, so that neither a long one nor a bomb ever stands in memory."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from server.problems import ProblemError
from sync.packing import PackingError, TooLongError, UnknownEncodingError, unpacked
from sync.wire import BODY_BYTES_MAX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.requests import Request

    from server.metrics import Metrics

READ_S: Final = 15.0
IN_FLIGHT_BYTES_MAX: Final = 64 * 1024 * 1024


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
    try:
        return unpacked(packed, encoding, BODY_BYTES_MAX)
    except TooLongError:
        raise ProblemError("TOO_LARGE") from None
    except UnknownEncodingError:
        raise ProblemError("UNSUPPORTED_ENCODING") from None
    except PackingError as fault:
        raise ProblemError("MALFORMED", str(fault)) from None
