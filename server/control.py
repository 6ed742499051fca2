"""The local socket: how a command writes while `serve` holds the database. One JSON line asks, one answers.

The socket stands beside the database with mode 0600, and the kernel tells who is at the other end: only the user that
runs the centre (or root) is heard. Its path may be longer than a socket's address: it is reached through its folder.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, TypeVar

import structlog

from scanner_app.errors import ConfigError, ScannerError
from server.commands import COMMANDS
from server.faults import ServerError
from server.problems import ProblemError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from server.centre import Centre
    from server.writing import Writing

log = structlog.get_logger()
T = TypeVar("T")
LINE_BYTES_MAX: Final = 160 * 1024 * 1024
"""A file to import at its longest, as JSON text."""
ANSWER_S: Final = 600.0
CREDENTIALS: Final = struct.Struct("3i")
"""struct ucred: process, user, group."""


class RunningOffice:
    """Commands write through the running centre's writer thread; used on other threads than its loop's."""

    def __init__(self, centre: Centre, loop: asyncio.AbstractEventLoop) -> None:
        self._centre = centre
        self._loop = loop

    def sites(self) -> list[str]:
        """The sites, by id."""
        return sorted(self._centre.books.numbers)

    def do(self, site: str, work: Callable[[Writing], T]) -> T:
        """One work, committed when it returns."""
        return asyncio.run_coroutine_threadsafe(self._centre.writer.do(site, work), self._loop).result()


def perform(centre: Centre, loop: asyncio.AbstractEventLoop, asked: bytes) -> dict[str, Any]:
    """Carries out one command; its answer, or what is wrong."""
    try:
        given = json.loads(asked)
        answer = COMMANDS[given["command"]](RunningOffice(centre, loop), given["arguments"])
    except ScannerError as fault:
        return {"fault": {"family": fault.family, "code": fault.code, "message": fault.message, "remedy": fault.remedy}}
    except ProblemError as problem:
        return {"fault": {"family": "Server", "code": problem.code, "message": problem.kind.title, "remedy": ""}}
    except Exception as fault:
        log.exception("command failed")
        return {"fault": {"family": "Server", "code": "INTERNAL", "message": f"{type(fault).__name__}.", "remedy": ""}}
    loop.call_soon_threadsafe(centre.gate.forget)
    return {"answer": answer}


class Control:
    """Listens on the local socket while the centre runs."""

    def __init__(self, centre: Centre, path: Path) -> None:
        self._centre = centre
        self._path = path
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listens."""
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._path.unlink(missing_ok=True)
        with _through(self._path) as address:
            former = os.umask(0o177)
            try:
                listening.bind(address)
            finally:
                os.umask(former)
        self._server = await asyncio.start_unix_server(self._serve, sock=listening, limit=LINE_BYTES_MAX)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if _is_allowed(writer.get_extra_info("socket")):
                asked = await reader.readline()
                answer = await asyncio.to_thread(perform, self._centre, asyncio.get_running_loop(), asked)
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        except (OSError, ValueError):
            log.warning("a command broke off")
        finally:
            writer.close()

    async def stop(self) -> None:
        """Listens no more."""
        if self._server is not None:
            self._server.close()
            self._path.unlink(missing_ok=True)


def _is_allowed(peer: Any) -> bool:  # noqa: ANN401 - asyncio's own wrapper of a socket
    """Whether the other end is this very user, or root."""
    packed = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    user: int = CREDENTIALS.unpack(packed)[1]
    return user in {0, os.geteuid()}


@contextmanager
def _through(path: Path) -> Iterator[str]:
    """A short address of a socket, through a descriptor of its folder."""
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}/{path.name}"
    finally:
        os.close(descriptor)


def ask(path: Path, command: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Has the running centre carry out a command. Raises what it raised there, ServerError NOT_REACHED otherwise."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking, _through(path) as address:
            asking.settimeout(ANSWER_S)
            asking.connect(address)
            asking.sendall(json.dumps({"command": command, "arguments": arguments}).encode() + b"\n")
            with asking.makefile("rb") as answering:
                told = json.loads(answering.readline())
    except (OSError, ValueError) as fault:
        remedy = "The database is in use, but not by a centre of this user that listens."
        raise ServerError("NOT_REACHED", f"{path}: {fault}.", remedy=remedy, retryable=True) from fault
    if "fault" in told:
        wrong = told["fault"]
        kind = ConfigError if wrong["family"] == "Config" else ServerError
        raise kind(wrong["code"], wrong["message"], remedy=wrong["remedy"])
    answer: dict[str, Any] = told["answer"]
    return answer
