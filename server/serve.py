"""`serve`: uvicorn around the application, until SIGTERM; what was accepted is answered before the end."""

from __future__ import annotations

import asyncio
import signal
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import structlog
import uvicorn
from httptools import HttpParserError
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from server.app import make_app
from server.authority import authority_of
from server.books import Books
from server.centre import Centre, means_of
from server.control import Control
from server.faults import ServerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from server.settings import Settings

log = structlog.get_logger()
HEAD_BYTES_MAX: Final = 32 * 1024
HEAD_S: Final = 10.0
CONNECTIONS_MAX: Final = 4096
KEEP_ALIVE_S: Final = 75
GRACE_S: Final = 20
BACKLOG: Final = 1024


class BoundedProtocol(HttpToolsProtocol):
    """HTTP/1.1 whose request line and headers are bounded in length and time."""

    _head_bytes = 0
    _head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 - uvicorn's own type
        """The first head is awaited."""
        super().connection_made(transport)
        self._head_timer = self.loop.call_later(HEAD_S, transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is awaited any more."""
        self._head_came()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A request begins."""
        self._head_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """A part of the request line."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._head_came()
        super().on_headers_complete()

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > HEAD_BYTES_MAX:
            raise HttpParserError("the head of the request is too long")

    def _head_came(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


class QuietServer(uvicorn.Server):
    """uvicorn without its own handling of signals: the caller stops it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves the process's signals alone."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes any free one. Raises ServerError NOT_LISTENING."""
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as fault:
        remedy = "Name another --listen."
        raise ServerError("NOT_LISTENING", f"{host}:{port}: {fault.strerror or fault}.", remedy=remedy) from fault
    return listening


async def run(settings: Settings, started: Callable[[str], None], stop: asyncio.Event) -> None:
    """Serves until `stop`; `started` is told the address. Raises ServerError, and ConfigError BAD_CERTIFICATE."""
    authority = authority_of(settings)
    listening = listen(settings.host, settings.port)
    try:
        books = Books.open(settings.database, means_of(settings))
    except ServerError:
        listening.close()
        raise
    centre = Centre(books, settings.snapshot_folder, authority)
    control = Control(centre, settings.socket_path)
    server = QuietServer(
        uvicorn.Config(
            make_app(centre), http=BoundedProtocol, lifespan="off", log_config=None, access_log=False, ws="none",
            limit_concurrency=CONNECTIONS_MAX, timeout_keep_alive=KEEP_ALIVE_S, timeout_graceful_shutdown=GRACE_S,
            server_header=False, date_header=False,
            ssl_certfile=settings.certificate, ssl_keyfile=settings.private_key,
        )
    )  # fmt: skip
    try:
        await control.start()
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        scheme = "https" if settings.certificate else "http"
        host, port = listening.getsockname()[:2]
        started(f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}")
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        centre.hub.close()
        server.should_exit = True
        await serving
        stopping.cancel()
    finally:
        await control.stop()
        await centre.close()


def serve(settings: Settings, started: Callable[[str], None]) -> None:
    """Serves until SIGTERM or SIGINT."""

    async def until_signal() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await run(settings, started, stop)

    uvicorn_loop = uvicorn.Config(app="", loop="auto", log_config=None).get_loop_factory()
    with asyncio.Runner(loop_factory=uvicorn_loop) as runner:
        runner.run(until_signal())
