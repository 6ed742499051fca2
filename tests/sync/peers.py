"""A server of one's own on a real socket, that does whatever a script says with each connection."""

from __future__ import annotations

import re
import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    Script = Callable[[socket.socket], None]

CALM_S = 0.02
LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE)


class Peer:
    """Accepts connections on a free port; each is given to the next script, the last script to all that follow.

    A script ends when the other side, or the test, closes its connection. `requests` are those read by `read_request`.
    """

    def __init__(self, *scripts: Script) -> None:
        self.scripts = list(scripts)
        self.requests: list[bytes] = []
        self.over = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._open: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept, name="peer")]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for each in (self._listening, *self._open):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
            recording = _Recording(connection, self.requests)
            self._open.append(recording)
            thread = threading.Thread(target=self._serve, args=(script, recording), name="peer")
            self._threads.append(thread)
            thread.start()

    @staticmethod
    def _serve(script: Script, connection: _Recording) -> None:
        with connection, suppress(OSError, ValueError):
            script(connection)

    def drip(self, connection: socket.socket, content: bytes) -> None:
        """A byte now and then."""
        for byte in content:
            connection.sendall(bytes([byte]))
            self.over.wait(CALM_S)


class _Recording(socket.socket):
    """A connection that keeps what was read of it as requests."""

    def __init__(self, connection: socket.socket, requests: list[bytes]) -> None:
        super().__init__(fileno=connection.detach())
        self.requests = requests


def read_request(connection: socket.socket) -> bytes:
    """A whole request; nothing where the other side has ended before."""
    read = b""
    while (missing := _missing(read)) > 0:
        piece = connection.recv(min(missing, 65536))
        if not piece:
            return b""
        read += piece
    if isinstance(connection, _Recording):
        connection.requests.append(read)
    return read


def _missing(read: bytes) -> int:
    """How many bytes more may be read of a request."""
    head, end, body = read.partition(b"\r\n\r\n")
    if not end:
        return 1
    found = LENGTH.search(head + b"\r\n")
    return (int(found[1]) if found else 0) - len(body)


def answered(status: int, body: bytes = b"", *, length: int | None = None, **headers: str) -> bytes:
    """An answer's bytes; `length` other than the body's is a lie. Names of headers have `_` for `-`."""
    told = {"content_type": "application/json", "content_length": str(len(body) if length is None else length)}
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in (told | headers).items()]
    return "\r\n".join([f"HTTP/1.1 {status} X", *lines, "", ""]).encode() + body


def answering(*answers: bytes) -> Script:
    """A script: the next answer to each request, the last one to all that follow."""
    left = list(answers)

    def script(connection: socket.socket) -> None:
        while read_request(connection):
            connection.sendall(left.pop(0) if len(left) > 1 else left[0])

    return script
