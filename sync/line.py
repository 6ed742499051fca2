"""The sockets under a transport: every operation on them ends by the deadline in force, and at once when hung up.

A time-out of each read alone is no deadline: a server that sends a byte now and then would hold a request for ever.
"""

from __future__ import annotations

import math
import select
import socket
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpcore

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Iterator


class Line(httpcore.NetworkBackend):
    """Dials. Used by one thread; `hang_up` alone may be called from any."""

    def __init__(self) -> None:
        self._deadline = math.inf
        self._sockets = set[socket.socket]()
        self._lock = threading.Lock()
        self._is_hung_up = False

    def until(self, deadline: float) -> None:
        """What is done from now on ends by so much (monotonic seconds)."""
        self._deadline = deadline

    def hang_up(self) -> None:
        """Ends what is in the air, and every later attempt; for good."""
        with self._lock:
            self._is_hung_up = True
            for each in self._sockets:
                _shut(each)

    def left_s(self, timeout_s: float | None = None) -> float | None:
        """Seconds that one operation may take; None: any. TimeoutError where none are left, OSError when hung up."""
        if self._is_hung_up:
            raise ConnectionAbortedError("hung up")
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("past the deadline")
        least_s = left_s if timeout_s is None else min(left_s, timeout_s)
        return None if math.isinf(least_s) else least_s

    def hold(self, taken: socket.socket) -> None:
        """A socket that `hang_up` ends."""
        with self._lock:
            self._sockets.add(taken)
            if self._is_hung_up:
                _shut(taken)

    def let_go(self, closed: socket.socket) -> None:
        """It does not any more."""
        with self._lock:
            self._sockets.discard(closed)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002 - httpcore's own signature
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002 - the same
    ) -> httpcore.NetworkStream:
        """Connects to the first address that answers; the time is shared out to all that the name has.

        Only the look-up of a name takes the time that the system gives it.
        """
        with _told_as(httpcore.ConnectTimeout, httpcore.ConnectError):
            addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            ends = time.monotonic() + (self.left_s(timeout) or math.inf)
            for number, (family, kind, protocol, _, address) in enumerate(addresses, 1):
                share_s = (ends - time.monotonic()) / (len(addresses) - number + 1)
                try:
                    return self._dialled(socket.socket(family, kind, protocol), address, share_s)
                except OSError:
                    if number == len(addresses):
                        raise
        raise httpcore.ConnectError("the name has no address")

    def _dialled(self, dialling: socket.socket, address: Any, timeout_s: float) -> HeldStream:  # noqa: ANN401 - as the family has it
        self.hold(dialling)
        try:
            dialling.settimeout(self.left_s(max(timeout_s, 0.001)))
            dialling.connect(address)
            dialling.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except BaseException:
            self.let_go(dialling)
            dialling.close()
            raise
        return HeldStream(dialling, self)


class HeldStream(httpcore.NetworkStream):
    """A connection that is held to its line's deadline."""

    def __init__(self, connected: socket.socket, line: Line) -> None:
        self._socket = connected
        self._line = line

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What came; nothing: the other side has ended."""
        with _told_as(httpcore.ReadTimeout, httpcore.ReadError):
            self._socket.settimeout(self._line.left_s(timeout))
            return self._socket.recv(max_bytes)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """All of it, or an error."""
        rest = memoryview(buffer)
        with _told_as(httpcore.WriteTimeout, httpcore.WriteError):
            while rest:
                self._socket.settimeout(self._line.left_s(timeout))
                rest = rest[self._socket.send(rest) :]

    def close(self) -> None:
        """Ends it."""
        self._line.let_go(self._socket)
        self._socket.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """The same connection under TLS."""
        plain = self._socket
        try:
            with _told_as(httpcore.ConnectTimeout, httpcore.ConnectError):
                plain.settimeout(self._line.left_s(timeout))
                self._socket = ssl_context.wrap_socket(
                    plain, server_hostname=server_hostname, do_handshake_on_connect=False
                )
                self._line.let_go(plain)
                self._line.hold(self._socket)
                self._socket.do_handshake()
        except BaseException:
            self.close()
            raise
        return self

    def told(self, asked: str) -> Any:  # noqa: ANN401 - httpcore's own signature
        """Whether there is something to read, which on an idle connection is its end; nothing else is told."""
        return _is_readable(self._socket) if asked == "is_readable" else None

    get_extra_info = told  # type: ignore[assignment] # what httpcore calls it


def _is_readable(waiting: socket.socket) -> bool:
    poll = select.poll()
    poll.register(waiting, select.POLLIN)
    return bool(poll.poll(0))


def _shut(held: socket.socket) -> None:
    """Wakes who waits on a socket. A TLS socket's own `shutdown` would take its session from under the reader."""
    try:
        socket.socket.shutdown(held, socket.SHUT_RDWR)
    except OSError:  # not connected yet, or ended by the other side
        return


@contextmanager
def _told_as(timed_out: type[Exception], failed: type[Exception]) -> Iterator[None]:
    try:
        yield
    except TimeoutError as fault:
        raise timed_out(str(fault)) from fault
    except OSError as fault:
        raise failed(str(fault)) from fault
