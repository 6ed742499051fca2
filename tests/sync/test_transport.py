"""The transport against a real centre, and against sockets that misbehave: everything ends, as what it was."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import logging
import math
import socket
import sqlite3
import ssl
import threading
import time
from contextlib import closing
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
import zstandard

from scanner_app.errors import SyncError
from server import snapshot
from sync import wire
from sync.exchange import Failed, Failure
from sync.transport import Fetched, Patience, Transport, connected, context_of, pinned_authority
from tests.server.certificates import make_certificate
from tests.server.conftest import serving
from tests.server.handhelds import Handheld
from tests.sync.conftest import Centre, settings_of
from tests.sync.peers import Peer, answered, answering, read_request
from tests.sync.proxy import CLEAN, Proxy, Weather

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

TOKEN = "the-token-that-nobody-may-see"
SHORT = Patience(connect_s=0.5, total_s=0.4, fetch_s=0.6, stall_s=0.3, silence_s=0.3)
PROBLEM = {"type": "urn:x", "title": "No.", "status": 0, "code": "REVOKED"}
SLACK_S = 2.0
"""What a loaded machine may take on top of a deadline."""


def named(value: object) -> str:
    """An id that fits on a line: pytest would take all the bytes of an answer."""
    return str(getattr(value, "failure", "answer"))


def open_transport(url: str, token: str = TOKEN, patience: Patience = SHORT) -> AbstractContextManager[Transport]:
    return closing(Transport(url, lambda: token, context_of(None), patience))


def problem(status: int, code: str = "REVOKED", retry_after: str = "") -> bytes:
    body = json.dumps(PROBLEM | {"code": code, "status": status}).encode()
    told: dict[str, Any] = {"retry_after": retry_after} if retry_after else {}
    return answered(status, body, content_type="application/problem+json", **told)


def outcome(*scripts: Callable[[socket.socket], None]) -> bytes | Failed:
    """What comes of one GET."""
    with Peer(*scripts) as peer, open_transport(peer.url) as transport:
        return transport.get("/v1/heads")


# --- a real centre ---------------------------------------------------------------------------------------------------


@pytest.fixture
def handheld() -> Handheld:
    return Handheld("A")


@pytest.fixture
def transport(centre: Centre, handheld: Handheld) -> Iterator[Transport]:
    token = centre.token(handheld)
    with open_transport(centre.url, token, Patience()) as opened:
        yield opened


def test_a_push_and_a_page_travel_packed(transport: Transport, handheld: Handheld) -> None:
    heads = transport.get("/v1/heads")
    assert isinstance(heads, bytes)
    cursor = wire.read(wire.Heads, heads).feed
    handheld.receive(*(f"S{n}" for n in range(100)))
    answer = transport.post("/v1/push", wire.write(handheld.push()))
    assert isinstance(answer, bytes)
    assert wire.read(wire.Ack, answer).seq == 100
    page = transport.get("/v1/pull", {"scope": "feed", "cursor": cursor, "limit": "500"})
    assert isinstance(page, bytes)
    assert len(wire.read(wire.Page, page).rows) == 100


def test_a_snapshot_is_fetched_checked_and_in_its_place(transport: Transport, tmp_path: Path) -> None:
    into = tmp_path / "snapshot.db"
    assert transport.fetch("/v1/snapshot", into) == Fetched()
    with closing(sqlite3.connect(into)) as opened:
        assert opened.execute("SELECT count(*) FROM record WHERE kind = 'place'").fetchone() == (4,)
    assert list(tmp_path.glob("snapshot.db.*")) == []


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch, centre: Centre, transport: Transport, handheld: Handheld) -> None:
    """A site whose snapshot takes several pieces, and is made anew whenever something was written."""
    monkeypatch.setattr(snapshot, "ROWS_BEHIND_MAX", 0)
    monkeypatch.setattr(snapshot, "LEVEL", 1)
    monkeypatch.setattr(snapshot, "KEPT_S", 0)
    assert centre.running.settings.database.exists()
    for start in range(1, 1500, 250):
        handheld.receive(*(hashlib.sha256(str(n).encode()).hexdigest()[:16] for n in range(start, start + 250)))
        assert isinstance(transport.post("/v1/push", wire.write(handheld.push(start))), bytes)


@pytest.mark.usefixtures("large")
@pytest.mark.parametrize("changed", [False, True])
def test_a_snapshot_goes_on_where_it_was_cut_unless_it_is_another(
    centre: Centre, transport: Transport, handheld: Handheld, tmp_path: Path, *, changed: bool
) -> None:
    into = tmp_path / "snapshot.db"
    token = transport._token()
    with (
        Proxy("127.0.0.1", centre.port, weather=Weather(truncated=1.0, kept_bytes=(4_000, 4_000))) as proxy,
        open_transport(proxy.url, token, Patience()) as cut,
    ):
        assert cut.fetch("/v1/snapshot", into) == Failed(Failure.GARBLED)
        part = tmp_path / "snapshot.db.part"
        assert 3_000 < part.stat().st_size < 4_000
        assert not into.exists()
        if changed:
            handheld.receive("ONE-MORE")
            assert isinstance(transport.post("/v1/push", wire.write(handheld.push(1501))), bytes)
        assert cut.fetch("/v1/snapshot", into) == Failed(Failure.GARBLED)
        got = part.stat().st_size
        assert (3_000 < got < 4_000) if changed else (6_000 < got < 8_000)
        proxy.weather = CLEAN
        assert cut.fetch("/v1/snapshot", into) == Fetched()
    with closing(sqlite3.connect(into)) as opened:
        assert opened.execute("SELECT count(*) FROM unit").fetchone() == (1500 + changed,)


def test_the_stream_says_that_there_is_more(transport: Transport, centre: Centre, handheld: Handheld) -> None:
    heard: list[str] = []
    other = Handheld("B", epoch=b"\x02" * 16)
    with open_transport(centre.url, centre.token(other), Patience()) as listening:

        def hear(_: str, data: str) -> None:
            heard.append(data)
            if len(heard) == 1:
                handheld.receive("S1")
                transport.post("/v1/push", wire.write(handheld.push()))

        failed = listening.listen("/v1/stream", hear, lambda: len(heard) == 2)
        assert failed == Failed(Failure.UNREACHABLE)
    assert int(heard[1]) == int(heard[0]) + 1


def test_a_revoked_device_is_turned_away_with_the_code(transport: Transport, centre: Centre) -> None:
    centre.told("device", action="revoke", name="A")
    assert transport.get("/v1/heads") == Failed(Failure.TURNED_AWAY, None, "REVOKED")
    assert transport.listen("/v1/stream", lambda *_: None, lambda: False) == Failed(
        Failure.TURNED_AWAY, None, "REVOKED"
    )


def test_a_token_that_is_unknown_is_turned_away(centre: Centre) -> None:
    with open_transport(centre.url, "unknown") as transport:
        assert transport.get("/v1/heads") == Failed(Failure.TURNED_AWAY, None, "UNAUTHENTICATED")


def test_a_token_is_rotated_with_overlap(transport: Transport, centre: Centre) -> None:
    """The answer that was lost, or not written down, costs nothing: the old one works until a new one is used."""
    old, new = transport._token(), ""
    for _ in range(2):
        answer = transport.post("/v1/token", b"{}")
        assert isinstance(answer, bytes)
        new = wire.read(wire.TokenAnswer, answer).token
        assert isinstance(transport.get("/v1/heads"), bytes)
    with open_transport(centre.url, new, Patience()) as rotated:
        assert isinstance(rotated.get("/v1/heads"), bytes)
    assert new != old
    assert transport.get("/v1/heads") == Failed(Failure.TURNED_AWAY, None, "UNAUTHENTICATED")


def test_a_code_enrols_without_a_token(centre: Centre, handheld: Handheld) -> None:
    with open_transport(centre.url, patience=Patience()) as transport:
        asked = wire.write(wire.EnrolRequest(1, centre.code("A"), handheld.identity.public_key, "1"))
        answer = transport.post("/v1/enrol", asked, anonymous=True)
        assert isinstance(answer, bytes)
        assert wire.read(wire.EnrolAnswer, answer).device == "A"


# --- TLS -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[tuple[Centre, Path]]:
    """A centre under TLS, and its authority."""
    certificate, key = make_certificate(tmp_path)
    for running in serving(settings_of(tmp_path / "centre", certificate, key)):
        yield Centre(running), certificate


def test_the_centres_own_authority_is_believed_and_no_other(secured: tuple[Centre, Path], tmp_path: Path) -> None:
    centre, certificate = secured
    with connected(centre.url, lambda: TOKEN, certificate) as transport:
        assert transport.get("/v1/heads") == Failed(Failure.TURNED_AWAY, None, "UNAUTHENTICATED")
        assert isinstance(transport.get("/v1/health"), bytes)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for ca in (make_certificate(elsewhere)[0], None):
        with connected(centre.url, lambda: TOKEN, ca) as transport:
            assert transport.get("/v1/health") == Failed(Failure.UNREACHABLE, None, "CERTIFICATE")


def test_the_centre_tells_the_authority_that_its_pin_is_of(secured: tuple[Centre, Path]) -> None:
    centre, certificate = secured
    pem = certificate.read_text()
    assert pinned_authority(centre.url, pin_of(pem)) == pem
    assert pinned_authority(centre.url, "00" * 32) == Failed(Failure.TURNED_AWAY, None, "PIN_DIFFERS")


def secure(certificate: Path, key: Path, script: Callable[[socket.socket], None]) -> Callable[[socket.socket], None]:
    """A script under TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def wrapped(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as under_tls:
            script(under_tls)

    return wrapped


def test_a_certificate_that_is_over_may_be_a_wrong_clock(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path, timedelta(days=-1))
    with (
        Peer(secure(certificate, key, answering(answered(200)))) as peer,
        connected(f"https://127.0.0.1:{peer.port}", lambda: TOKEN, certificate) as transport,
    ):
        assert transport.get("/v1/health") == Failed(Failure.UNREACHABLE, None, "CERTIFICATE_TIME")


def test_a_handshake_that_never_comes_ends() -> None:
    with Peer(lambda connection: void(connection.recv(9000), connection.recv(9000))) as peer:
        transport = Transport(f"https://127.0.0.1:{peer.port}", lambda: TOKEN, context_of(None), SHORT)
        assert transport.get("/v1/health") == Failed(Failure.TIMED_OUT)


def void(*_: object) -> None:
    return


def test_an_authority_that_cannot_be_read_is_told_in_a_sentence(tmp_path: Path) -> None:
    torn = tmp_path / "ca.pem"
    for content in (None, "", "-----BEGIN CERTIFICATE-----\nAAAA"):
        if content is not None:
            torn.write_text(content)
        with pytest.raises(SyncError, match=r"ca\.pem cannot be read\. Enrol"):
            context_of(torn)


def authority(pem: object) -> bytes:
    return answered(200, json.dumps({"pem": pem}).encode())


def pin_of(pem: str) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Two certificates; the first one's base64 is padded."""
    while True:
        pems = [make_certificate(tmp_path_factory.mktemp("ca"))[0].read_text() for _ in range(2)]
        if "=\n" in pems[0]:
            return pems[0], pems[1]


@pytest.mark.parametrize("pin", [str.upper, lambda pin: ":".join(pin[n : n + 2] for n in range(0, 64, 2))])
def test_the_pinned_authority_is_taken_without_a_token(
    tmp_path: Path, authorities: tuple[str, str], pin: Callable[[str], str]
) -> None:
    pem, _ = authorities
    certificate, key = make_certificate(tmp_path)
    with Peer(secure(certificate, key, answering(authority(pem)))) as peer:
        assert pinned_authority(f"https://127.0.0.1:{peer.port}", pin(pin_of(pem)), SHORT) == pem


def test_an_authority_is_read_as_its_pin_was(authorities: tuple[str, str]) -> None:
    """What stands behind the padding is not hashed, and would be believed beside it."""
    pem, other = authorities
    with Peer(answering(authority(pem + other))) as peer:
        assert pinned_authority(peer.url, pin_of(pem), SHORT) == pem
    assert b"authorization" not in peer.requests[0].lower()


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (authority("no certificate"), Failed(Failure.GARBLED)),
        (answered(200, b"[]"), Failed(Failure.GARBLED)),
        (answered(200, b"{"), Failed(Failure.GARBLED)),
        (answered(200, b"{}"), Failed(Failure.GARBLED)),
        (problem(404, "NOT_FOUND"), Failed(Failure.REFUSED, None, "NOT_FOUND")),
    ],
    ids=named,
)
def test_what_is_no_authority_is_none(answer: bytes, failed: Failed) -> None:
    with Peer(answering(answer)) as peer:
        assert pinned_authority(peer.url, "00", SHORT) == failed


def test_another_authority_than_the_pins_is_refused(authorities: tuple[str, str]) -> None:
    with Peer(answering(authority(authorities[1]))) as peer:
        assert pinned_authority(peer.url, pin_of(authorities[0]), SHORT) == Failed(
            Failure.TURNED_AWAY, None, "PIN_DIFFERS"
        )


# --- answers ---------------------------------------------------------------------------------------------------------

HEAVY = zstandard.compress(b"0" * (9 * 1024 * 1024))


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (problem(401, "TOKEN_EXPIRED"), Failed(Failure.TURNED_AWAY, None, "TOKEN_EXPIRED")),
        (problem(403), Failed(Failure.TURNED_AWAY, None, "REVOKED")),
        (problem(400, "MALFORMED"), Failed(Failure.REFUSED, None, "MALFORMED")),
        (problem(408, "TIMED_OUT", retry_after="1"), Failed(Failure.TIMED_OUT, 1000, "TIMED_OUT")),
        (problem(409, "OTHER_VERSION"), Failed(Failure.OTHER_VERSION, None, "OTHER_VERSION")),
        (problem(413, "TOO_LARGE"), Failed(Failure.TOO_LARGE, None, "TOO_LARGE")),
        (problem(429, "BUSY", retry_after="7"), Failed(Failure.BUSY, 7000, "BUSY")),
        (problem(429, "BUSY", retry_after="9" * 5000), Failed(Failure.BUSY, 3_600_000, "BUSY")),
        (problem(429, "BUSY", retry_after="Fri, 27 Nov 2026 12:00:00 GMT"), Failed(Failure.BUSY, None, "BUSY")),
        (problem(429, "BUSY", retry_after="-1"), Failed(Failure.BUSY, None, "BUSY")),
        (problem(500, "INTERNAL"), Failed(Failure.BROKEN, None, "INTERNAL")),
        (problem(503, "UNAVAILABLE", retry_after="5"), Failed(Failure.BUSY, 5000, "UNAVAILABLE")),
        # What stands in between answers with pages of its own.
        (answered(401, b"<html>", content_type="text/html"), Failed(Failure.GARBLED)),
        (answered(407), Failed(Failure.GARBLED)),
        (answered(404, b"<html>"), Failed(Failure.GARBLED)),
        (answered(409, b"{}"), Failed(Failure.GARBLED)),
        (answered(413, b"<html>"), Failed(Failure.TOO_LARGE)),
        (answered(502, b"<html>"), Failed(Failure.BROKEN)),
        (answered(204), Failed(Failure.GARBLED)),
        (answered(200, b"<html>Sign in</html>", content_type="text/html; charset=utf-8"), Failed(Failure.GARBLED)),
        (answered(500, b"x" * 70_000), Failed(Failure.GARBLED)),
        # Bodies that are not what they should be.
        (answered(200, b"0" * (8 * 1024 * 1024 + 1)), Failed(Failure.GARBLED)),
        (answered(200, HEAVY, content_encoding="zstd"), Failed(Failure.GARBLED)),
        (answered(200, gzip.compress(b"0" * (9 * 1024 * 1024)), content_encoding="gzip"), Failed(Failure.GARBLED)),
        (answered(200, b"no zstd", content_encoding="zstd"), Failed(Failure.GARBLED)),
        (answered(200, gzip.compress(b"{}")[:-9], content_encoding="gzip"), Failed(Failure.GARBLED)),
        (answered(200, b"{}", content_encoding="br"), Failed(Failure.GARBLED)),
        (b"no HTTP at all\r\n\r\n", Failed(Failure.GARBLED)),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 200_000 + b"\r\n\r\n", Failed(Failure.GARBLED)),
    ],
    ids=named,
)
def test_what_an_answer_means(answer: bytes, failed: Failed) -> None:
    assert outcome(answering(answer)) == failed


@pytest.mark.parametrize(
    "answer",
    [
        answered(200, b'{"a":1}'),
        answered(200, b'{"a":1}', content_type="Application/JSON ;charset=utf-8"),
        answered(200, zstandard.compress(b'{"a":1}'), content_encoding="zstd"),
        answered(200, gzip.compress(b'{"a":1}'), content_encoding="gzip"),
    ],
    ids=named,
)
def test_an_answer_is_unpacked(answer: bytes) -> None:
    assert outcome(answering(answer)) == b'{"a":1}'


def test_a_zstd_body_that_is_cut_is_no_message() -> None:
    whole = zstandard.ZstdCompressor(level=3).compress(json.dumps(list(range(9000))).encode())
    content = outcome(answering(answered(200, whole[: len(whole) // 2], content_encoding="zstd")))
    assert isinstance(content, bytes)
    with pytest.raises(wire.WireError):
        wire.read(wire.Heads, content)


def test_a_redirect_is_not_followed() -> None:
    with Peer(answering(answered(200, b"{}"))) as elsewhere:
        assert outcome(answering(answered(307, location=elsewhere.url))) == Failed(Failure.GARBLED)
        assert elsewhere.requests == []


# --- connections -----------------------------------------------------------------------------------------------------


def silent(connection: socket.socket) -> None:
    """Takes everything, says nothing."""
    while connection.recv(65536):
        pass


def cut(after: bytes) -> Callable[[socket.socket], None]:
    def script(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(after)

    return script


def timed(run: Callable[[], bytes | Failed]) -> tuple[bytes | Failed, float]:
    began = time.monotonic()
    return run(), time.monotonic() - began


@pytest.mark.parametrize("content", [b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 900, answered(200, b" " * 5000)], ids=named)
def test_an_answer_that_drips_ends_at_the_deadline(content: bytes) -> None:
    """In its head as in its body: each byte comes in time, the whole does not."""

    def script(connection: socket.socket) -> None:
        read_request(connection)
        peer.drip(connection, content)

    with Peer(script) as peer, open_transport(peer.url) as transport:
        came, took_s = timed(lambda: transport.get("/v1/heads"))
    assert came == Failed(Failure.TIMED_OUT)
    assert SHORT.total_s - 0.1 < took_s < SHORT.total_s + SLACK_S


def test_who_never_answers_is_given_up_and_the_next_request_is_made() -> None:
    with Peer(silent, answering(answered(200, b"{}"))) as peer, open_transport(peer.url) as transport:
        came, took_s = timed(lambda: transport.get("/v1/heads"))
        assert came == Failed(Failure.TIMED_OUT)
        assert took_s < SHORT.total_s + SLACK_S
        assert transport.get("/v1/heads") == b"{}"


def test_who_does_not_read_is_given_up() -> None:
    def script(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.over.wait(20)

    body = Random(1).randbytes(16 * 1024 * 1024)
    with Peer(script) as peer, open_transport(peer.url) as transport:
        assert transport.post("/v1/push", body) == Failed(Failure.TIMED_OUT)


def test_who_is_not_there_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with open_transport(f"http://127.0.0.1:{port}") as transport:
        assert transport.get("/v1/heads") == Failed(Failure.UNREACHABLE)
    with open_transport("http://nowhere.invalid") as transport:
        assert transport.get("/v1/heads") == Failed(Failure.UNREACHABLE)


def test_who_does_not_take_the_connection_is_given_up() -> None:
    """A full backlog drops what would connect."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.settimeout(0)
            each.connect_ex(full.getsockname())
        with open_transport(f"http://127.0.0.1:{full.getsockname()[1]}") as transport:
            came, took_s = timed(lambda: transport.get("/v1/heads"))
        assert came == Failed(Failure.TIMED_OUT)
        assert took_s < SHORT.connect_s + SLACK_S
        for each in waiting:
            each.close()


def test_a_name_is_tried_at_each_of_its_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    with Peer(answering(answered(200, b"{}"))) as peer:
        family = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        found = [(*family, ("127.0.0.1", 1)), (*family, ("127.0.0.1", peer.port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        with open_transport("http://centre.example") as transport:
            assert transport.get("/v1/heads") == b"{}"
            found.clear()
        with open_transport("http://centre.example") as transport:
            assert transport.get("/v1/heads") == Failed(Failure.UNREACHABLE)


@pytest.mark.parametrize("after", [b"", b"HTTP/1.1 20", answered(200, b"{}", length=100)], ids=named)
def test_an_answer_that_is_cut_is_none(after: bytes) -> None:
    assert outcome(cut(after)) == Failed(Failure.GARBLED)


def test_a_connection_that_ended_while_idle_is_not_used_again() -> None:
    ended = threading.Event()

    def once(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(answered(200, b"{}"))
        connection.shutdown(socket.SHUT_RDWR)
        ended.set()

    with Peer(once) as peer, open_transport(peer.url) as transport:
        for _ in range(3):
            assert transport.get("/v1/heads") == b"{}"
            assert ended.wait(10)
            ended.clear()


@pytest.mark.parametrize("secured", [False, True])
def test_hanging_up_ends_what_is_in_the_air_and_all_that_follows(tmp_path: Path, *, secured: bool) -> None:
    asked = threading.Event()

    def script(connection: socket.socket) -> None:
        connection.recv(9000)
        asked.set()
        silent(connection)

    certificate, key = make_certificate(tmp_path)
    with Peer(secure(certificate, key, script) if secured else script) as peer:
        url = f"https://127.0.0.1:{peer.port}" if secured else peer.url
        with closing(Transport(url, lambda: TOKEN, context_of(certificate))) as transport:
            came: list[bytes | Failed] = []
            thread = threading.Thread(target=lambda: came.append(transport.get("/v1/heads")))
            thread.start()
            assert asked.wait(10)
            began = time.monotonic()
            transport.hang_up()
            thread.join(10)
            assert time.monotonic() - began < SLACK_S
            assert [type(each) for each in came] == [Failed]
            assert transport.get("/v1/heads") == Failed(Failure.UNREACHABLE)


# --- the snapshot ----------------------------------------------------------------------------------------------------

CONTENT = Random(1).randbytes(3000)
PACKED = zstandard.compress(CONTENT)


def file_answer(status: int = 200, body: bytes = PACKED, *, length: int | None = None, **headers: str) -> bytes:
    told = {
        "scanner_sha256": hashlib.sha256(CONTENT).hexdigest(),
        "scanner_length": str(len(CONTENT)),
        "etag": '"one"',
        "content_encoding": "zstd",
        "connection": "close",
    } | headers
    return answered(status, body, length=length, **told)


def fetched(into: Path, *answers: bytes) -> tuple[list[Fetched | Failed], list[bytes]]:
    """What comes of as many fetches as there are answers, each on a connection of its own; and what was asked."""
    scripts = [cut(each) for each in answers]
    with Peer(*scripts, silent) as peer, open_transport(peer.url) as transport:
        return [transport.fetch("/v1/snapshot", into) for _ in answers], peer.requests


def test_what_was_cut_is_asked_for_from_there(tmp_path: Path) -> None:
    into = tmp_path / "s.db"
    half = file_answer(body=PACKED[:20], length=len(PACKED))
    rest = file_answer(206, PACKED[20:], content_range=f"bytes 20-{len(PACKED) - 1}/{len(PACKED)}")
    came, asked = fetched(into, half, rest)
    assert came == [Failed(Failure.GARBLED), Fetched()]
    assert b"range" not in asked[0].lower()
    assert b"range: bytes=20-" in asked[1].lower()
    assert b'if-range: "one"' in asked[1].lower()
    assert into.read_bytes() == CONTENT


@pytest.mark.parametrize(
    "second",
    [
        file_answer(206, PACKED[10:], content_range="bytes 10-99/99"),
        file_answer(206, PACKED[20:]),
        answered(416),
        file_answer(206, b"another version", content_range="bytes 20-34/35"),
        file_answer(body=b"no zstd at all"),
        file_answer(scanner_sha256="00"),
        file_answer(scanner_length="5"),
    ],
    ids=named,
)
def test_what_does_not_fit_is_not_kept_for_ever(tmp_path: Path, second: bytes) -> None:
    """Whatever came, the file is there in the end, and never a wrong one."""
    into = tmp_path / "s.db"
    half = file_answer(body=PACKED[:20], length=len(PACKED))
    came, asked = fetched(into, half, second, half, file_answer())
    assert came[:2] == [Failed(Failure.GARBLED)] * 2
    assert came[3] == Fetched()
    assert into.read_bytes() == CONTENT
    assert len(asked) == 4


def test_a_part_of_no_known_version_is_not_gone_on_with(tmp_path: Path) -> None:
    half = file_answer(body=PACKED[:20], length=len(PACKED), etag="")
    came, asked = fetched(tmp_path / "s.db", half, file_answer())
    assert came == [Failed(Failure.GARBLED), Fetched()]
    assert b"range" not in asked[1].lower()


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (problem(503, "SNAPSHOT_NOT_READY", retry_after="2"), Failed(Failure.BUSY, 2000, "SNAPSHOT_NOT_READY")),
        (answered(200, b"<html>", content_type="text/html"), Failed(Failure.GARBLED)),
        (answered(302, location="http://127.0.0.1:1/"), Failed(Failure.GARBLED)),
    ],
    ids=named,
)
def test_what_is_no_snapshot_leaves_nothing(tmp_path: Path, answer: bytes, failed: Failed) -> None:
    assert fetched(tmp_path / "s.db", answer)[0] == [failed]
    assert list(tmp_path.iterdir()) == []


def test_a_bomb_ends_at_its_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fetched(tmp_path / "s.db", file_answer(body=HEAVY))[0] == [Failed(Failure.GARBLED)]
    monkeypatch.setattr("sync.download.FILE_BYTES_MAX", 10)
    assert fetched(tmp_path / "s.db", file_answer())[0] == [Failed(Failure.GARBLED)]
    assert list(tmp_path.iterdir()) == []


def test_a_snapshot_that_drips_ends_at_its_deadline(tmp_path: Path) -> None:
    def script(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(file_answer(body=b"", length=len(PACKED)))
        peer.drip(connection, PACKED)

    with Peer(script) as peer, open_transport(peer.url) as transport:
        assert transport.fetch("/v1/snapshot", tmp_path / "s.db") == Failed(Failure.TIMED_OUT)
    assert (tmp_path / "s.db.part").stat().st_size > 1


def test_a_disk_that_takes_nothing_is_a_failure(tmp_path: Path) -> None:
    assert fetched(tmp_path / "gone" / "s.db", file_answer())[0] == [Failed(Failure.GARBLED)]


# --- the stream ------------------------------------------------------------------------------------------------------


def heard(*pieces: bytes, stopped: Callable[[], bool] = lambda: False) -> tuple[list[tuple[str, str]], Failed]:
    """What is heard of a stream that comes in these pieces and then stands still."""
    came: list[tuple[str, str]] = []

    def script(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
        for piece in pieces:
            connection.sendall(piece)
        silent(connection)

    with Peer(script) as peer, open_transport(peer.url) as transport:
        return came, transport.listen("/v1/stream", lambda *event: came.append(event), stopped)


def test_events_are_heard_until_the_stream_falls_silent() -> None:
    events = b": here\n\nevent: more\r\ndata: 7\r\n\r\n\n:\nid: 9\ndata:a\ndata: b\n\nevent: more\nda"
    assert heard(events, b"ta: 8\n\n", b"event: cut") == (
        [("", ""), ("more", "7"), ("", ""), ("", "a\nb"), ("more", "8")],
        Failed(Failure.TIMED_OUT),
    )


def test_a_listener_that_stops_ends_the_stream() -> None:
    assert heard(b": here\n\n", stopped=lambda: True) == ([], Failed(Failure.UNREACHABLE))


@pytest.mark.parametrize("flood", [b"x" * 200_000, b"data: x\n" * 20_000], ids=named)
def test_an_event_without_end_is_none(flood: bytes) -> None:
    assert heard(flood) == ([], Failed(Failure.GARBLED))


def test_many_events_at_once_are_many_events() -> None:
    came, _ = heard(b"event: more\ndata: 1\n\n" * 9000)
    assert came == [("more", "1")] * 9000


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (answered(200, b"<html>", content_type="text/html"), Failed(Failure.GARBLED)),
        (problem(429, "BUSY", retry_after="1"), Failed(Failure.BUSY, 1000, "BUSY")),
    ],
    ids=named,
)
def test_what_is_no_stream_is_not_listened_to(answer: bytes, failed: Failed) -> None:
    with Peer(answering(answer)) as peer, open_transport(peer.url) as transport:
        assert transport.listen("/v1/stream", void, lambda: False) == failed


def test_a_stream_may_last_longer_than_a_request() -> None:
    def script(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
        peer.drip(connection, b": x\n" * 12)

    came: list[tuple[str, str]] = []
    patience = Patience(connect_s=0.5, total_s=0.2, silence_s=5)
    with Peer(script) as peer, open_transport(peer.url, patience=patience) as transport:
        failed = transport.listen("/v1/stream", lambda *event: came.append(event), lambda: False)
    assert (len(came), failed) == (12, Failed(Failure.UNREACHABLE))


# --- secrets ---------------------------------------------------------------------------------------------------------


def test_no_log_holds_a_secret(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    caplog.set_level(logging.DEBUG)
    with (
        Peer(answering(answered(200, b'{"token":"new-secret"}'), problem(403))) as peer,
        open_transport(peer.url) as transport,
    ):
        transport.post("/v1/enrol", b'{"code":"code-secret","pin":"pin-secret"}', anonymous=True)
        transport.get("/v1/heads")
        transport.fetch("/v1/snapshot", tmp_path / "s")
        transport.listen("/v1/stream", void, lambda: False)
        assert TOKEN not in repr(vars(transport))
    assert any(TOKEN.encode() in request for request in peer.requests)
    told = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    for secret in (TOKEN, "code-secret", "pin-secret", "new-secret", base64.b64encode(TOKEN.encode()).decode()):
        assert secret not in told


@pytest.mark.parametrize("token", ["two\r\nlines", "kein Schlüssel ☃"])
def test_a_token_that_no_header_can_hold_reaches_nobody(token: str) -> None:
    with Peer(answering(answered(200, b"{}"))) as peer, open_transport(peer.url, token) as transport:
        assert transport.get("/v1/heads") == Failed(Failure.GARBLED)
    assert peer.requests == []


def test_the_deadline_of_one_request_is_not_the_next_ones() -> None:
    with Peer(answering(answered(200, b"{}"))) as peer, open_transport(peer.url) as transport:
        assert transport.get("/v1/heads") == b"{}"
        transport._line.until(-math.inf)
        assert transport.get("/v1/heads") == b"{}"
