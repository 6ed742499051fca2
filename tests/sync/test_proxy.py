"""The proxy that the tests of a bad network rely on: each misbehaviour is the one it says, and the seed decides."""

from __future__ import annotations

import socket
import ssl
import threading
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.server.certificates import make_certificate
from tests.sync.peers import Peer, answered, read_request
from tests.sync.proxy import CLEAN, Fate, Proxy, Weather

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BODY = bytes(range(256)) * 40


@pytest.fixture
def peer() -> Iterator[Peer]:
    """A server that gives back what it got, and counts."""

    def echo(connection: socket.socket) -> None:
        while request := read_request(connection):
            connection.sendall(answered(200, request.partition(b"\r\n\r\n")[2] or b"nothing"))

    with Peer(echo) as peer:
        yield peer


def through(peer: Peer, weather: Weather, seed: int = 1) -> Proxy:
    return Proxy("127.0.0.1", peer.port, seed=seed, weather=weather)


def test_a_clean_one_changes_nothing(peer: Peer) -> None:
    with through(peer, CLEAN) as proxy, httpx.Client(base_url=proxy.url) as http:
        assert [http.post("/", content=BODY).content for _ in range(3)] == [BODY] * 3
        assert http.get("/").content == b"nothing"
        assert len(peer.requests) == 4
        assert proxy.fates == {Fate.PASSED: 4}


@pytest.mark.parametrize(
    ("fate", "arrived"),
    [(Fate.REFUSED, 0), (Fate.DROPPED, 0), (Fate.CUT_BEFORE, 0), (Fate.CUT_AFTER, 1), (Fate.TRUNCATED, 1)],
)
def test_what_is_cut_arrives_or_not(peer: Peer, fate: Fate, arrived: int) -> None:
    weather = Weather(**{fate.value: 1.0})  # type: ignore[arg-type] # the field of that name is a chance
    with through(peer, weather) as proxy:
        with httpx.Client(base_url=proxy.url) as http:
            for _ in range(2):
                with pytest.raises(httpx.TransportError):
                    http.post("/", content=BODY)
        assert proxy.fates == {fate: 2}
        proxy.weather = CLEAN
        assert httpx.post(proxy.url, content=BODY).content == BODY
    assert len(peer.requests) == 2 * arrived + 1


def test_an_answer_is_truncated_after_so_many_bytes(peer: Peer) -> None:
    with (
        through(peer, Weather(truncated=1.0, kept_bytes=(7, 7))) as proxy,
        socket.create_connection(("127.0.0.1", proxy.port)) as raw,
    ):
        raw.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert raw.recv(100) == b"HTTP/1."
        assert raw.recv(100) == b""


def test_a_request_arrives_twice_and_is_answered_once(peer: Peer) -> None:
    with through(peer, Weather(duplicated=1.0)) as proxy, httpx.Client(base_url=proxy.url) as http:
        assert http.post("/", content=BODY).content == BODY
        assert len(peer.requests) == 2
        assert peer.requests[0] == peer.requests[1]


def test_a_black_hole_swallows_and_is_over(peer: Peer) -> None:
    with through(peer, CLEAN) as proxy, httpx.Client(base_url=proxy.url, timeout=0.3) as http:
        assert http.get("/").content == b"nothing"
        proxy.weather = Weather(black_hole=True)
        with pytest.raises(httpx.ReadTimeout):
            http.get("/")
        with pytest.raises(httpx.ReadTimeout):
            http.get("/")
        proxy.weather = CLEAN
        assert http.get("/").content == b"nothing"
        assert proxy.fates[Fate.SWALLOWED] == 2


def test_an_answer_that_was_on_its_way_is_swallowed_too(peer: Peer) -> None:
    held, asked = threading.Event(), threading.Event()

    def late(connection: socket.socket) -> None:
        read_request(connection)
        asked.set()
        held.wait(10)
        connection.sendall(answered(200, b"late"))

    peer.scripts.insert(0, late)
    with through(peer, CLEAN) as proxy, socket.create_connection(("127.0.0.1", proxy.port), timeout=0.3) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert asked.wait(10)
        proxy.weather = Weather(black_hole=True)
        held.set()
        with pytest.raises(TimeoutError):
            raw.recv(100)


def test_a_delay_comes_before_each_piece(peer: Peer) -> None:
    with (
        through(peer, Weather(delay_s=(0.2, 0.2))) as proxy,
        pytest.raises(httpx.ReadTimeout),
        httpx.Client(base_url=proxy.url, timeout=0.3) as http,
    ):
        http.get("/")


def test_all_connections_can_be_cut_at_once(peer: Peer) -> None:
    with through(peer, CLEAN) as proxy, socket.create_connection(("127.0.0.1", proxy.port)) as raw:
        raw.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 200")
        proxy.cut_all()
        with pytest.raises(ConnectionResetError):
            raw.recv(100)


def test_the_seed_decides(peer: Peer) -> None:
    def course(seed: int) -> list[bool]:
        seen = []
        with through(peer, Weather(cut_before=0.3, cut_after=0.3), seed) as proxy:
            for _ in range(12):
                try:
                    httpx.get(proxy.url)
                    seen.append(True)
                except httpx.TransportError:
                    seen.append(False)
        return seen

    assert course(1) == course(1)
    assert course(1) != course(2)


def test_tls_passes_through(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def greet(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            read_request(secured)
            secured.sendall(answered(200, b"secret"))

    trusting = ssl.create_default_context(cafile=str(certificate))
    with (
        Peer(greet) as peer,
        through(peer, Weather(duplicated=1.0)) as proxy,
        httpx.Client(base_url=f"https://127.0.0.1:{proxy.port}", verify=trusting) as http,
    ):
        assert http.get("/").content == b"secret"
