"""The centre over HTTP, with the real server: what each request comes to, and that a wrong one changes nothing."""

from __future__ import annotations

import gzip
import socket
import sqlite3
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import zstandard

from server.control import ask
from server.feed import read_cursor
from sync import wire
from sync.wire import BODY_BYTES_MAX
from tests.server.conftest import Running
from tests.server.handhelds import SITE, Handheld

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ENTRIES = "SELECT count(*) FROM entry"


@pytest.fixture
def headers(running: Running, handheld: Handheld) -> dict[str, str]:
    """The device, enrolled."""
    return running.enrol(handheld, code(running))


def code(running: Running, device: str = "A") -> str:
    made = ask(running.settings.socket_path, "enrol-code", {"device": device, "site": SITE})
    return str(made["code"])


def state(running: Running) -> list[Any]:
    """Everything a request could have changed."""
    with closing(sqlite3.connect(running.settings.database)) as connection:
        tables = "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name"
        return [
            (name, sorted(connection.execute(f"SELECT * FROM {name}"), key=repr))  # noqa: S608 - our tables
            for (name,) in connection.execute(tables).fetchall()
        ]


def push(running: Running, handheld: Handheld, headers: dict[str, str], start: int = 1) -> dict[str, Any]:
    answer = running.http.post("/v1/push", content=wire.write(handheld.push(start)), headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize("packing", ["identity", "zstd", "gzip"])
def test_a_push_is_acknowledged_and_pulled_by_another(running: Running, handheld: Handheld, packing: str) -> None:
    headers = running.enrol(handheld, code(running))
    other = Handheld("B", epoch=b"\x02" * 16)
    others = running.enrol(other, code(running, "B"))
    handheld.receive(*(f"S{n}" for n in range(60)))
    body = wire.write(handheld.push())
    packed = {"identity": body, "zstd": zstandard.compress(body), "gzip": gzip.compress(body)}[packing]
    before = wire.read(wire.Heads, running.http.get("/v1/heads", headers=others).content)

    answer = running.http.post("/v1/push", content=packed, headers={**headers, "content-encoding": packing})

    assert wire.read(wire.Ack, answer.content).seq == 60
    asked = {"scope": "feed", "cursor": before.feed, "limit": "50"}
    found = running.http.get("/v1/pull", params=asked, headers=others)
    assert found.headers["content-encoding"] == "zstd"
    page = wire.read(wire.Page, found.content)
    assert page.more
    assert [row.content for row in page.rows if isinstance(row, wire.EntryRow)] == handheld.entries[:50]
    heads = wire.read(wire.Heads, running.http.get("/v1/heads", headers=headers).content)
    assert [(head.epoch, head.seq) for head in heads.epochs] == [(handheld.epoch.hex(), 60)]


def packed(encoding: str) -> dict[str, str]:
    return {"content-encoding": encoding}


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    told = wire.read(wire.Problem, answer.content)
    assert told.status == answer.status_code
    return told.status, told.code


def test_wrong_requests_get_their_problem_and_change_nothing(
    running: Running, handheld: Handheld, headers: dict[str, str]
) -> None:
    handheld.receive("S1")
    body = wire.write(handheld.push())
    future = body.replace(b'"proto":1', b'"proto":9')
    http = running.http
    running.http.get("/v1/heads", headers=headers)
    before = state(running)
    bad: list[tuple[httpx.Response, tuple[int, str]]] = [
        (http.post("/v1/push", content=body), (401, "UNAUTHENTICATED")),
        (http.post("/v1/push", content=body, headers={"authorization": "Bearer x"}), (401, "UNAUTHENTICATED")),
        (http.post("/v1/push", content=b"{", headers=headers), (400, "MALFORMED")),
        (http.post("/v1/push", content=b'{"proto":9}', headers=headers), (409, "OTHER_VERSION")),
        (http.post("/v1/push", content=b'{"entries":{"a":[1]},"proto":9}', headers=headers), (409, "OTHER_VERSION")),
        (http.post("/v1/push", content=future, headers=headers), (409, "OTHER_VERSION")),
        (http.post("/v1/push", content=b'{"proto":1}', headers=headers), (400, "MALFORMED")),
        (http.post("/v1/push", content=b" " * (BODY_BYTES_MAX + 1), headers=headers), (413, "TOO_LARGE")),
        (http.post("/v1/push", content=iter([b" " * 700_000] * 2), headers=headers), (413, "TOO_LARGE")),
        (http.post("/v1/push", content=b"x", headers=headers | packed("br")), (415, "UNSUPPORTED_ENCODING")),
        (http.post("/v1/push", content=b"x", headers=headers | packed("zstd")), (400, "MALFORMED")),
        (http.post("/v1/push", content=b"x", headers=headers | packed("gzip")), (400, "MALFORMED")),
        (http.post("/v1/enrol", content=b"[]"), (400, "MALFORMED")),
        (http.post("/v1/enrol", content=wire.write(wire.EnrolRequest(1, "x", b"k" * 32, ""))), (403, "BAD_CODE")),
        (http.get("/v1/pull", params={"scope": "all"}, headers=headers), (400, "MALFORMED")),
        (http.get("/v1/pull", params={"limit": "x"}, headers=headers), (400, "MALFORMED")),
        (http.get("/v1/pull", params={"limit": "0"}, headers=headers), (400, "MALFORMED")),
        (http.get("/v1/push", headers=headers), (405, "METHOD_NOT_ALLOWED")),
        (http.get("/v1/nothing", headers=headers), (404, "NOT_FOUND")),
    ]  # fmt: skip
    stranger = Handheld("A", entries=handheld.entries, links=handheld.links)
    forged = http.post("/v1/push", content=wire.write(stranger.push()), headers=headers)
    bad.append((forged, (403, "BAD_SIGNATURE")))
    other = Handheld("B")
    bad.append((http.post("/v1/push", content=wire.write(other.push()), headers=headers), (403, "FOREIGN_DEVICE")))

    assert [problem(answer) for answer, _ in bad] == [wanted for _, wanted in bad]
    assert state(running) == before
    assert bad[0][0].headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("packing", ["zstd", "gzip"])
def test_a_bomb_is_refused_before_it_is_whole(running: Running, headers: dict[str, str], packing: str) -> None:
    bomb = b"\0" * 500_000_000
    packed = zstandard.compress(bomb) if packing == "zstd" else gzip.compress(bomb, 1)
    del bomb
    assert len(packed) < BODY_BYTES_MAX or packing == "gzip"
    answer = running.http.post("/v1/push", content=packed, headers={**headers, "content-encoding": packing})
    assert problem(answer) == (413, "TOO_LARGE")


def test_a_cut_gzip_is_malformed(running: Running, headers: dict[str, str]) -> None:
    cut = gzip.compress(b"x" * 1000)[:-5]
    answer = running.http.post("/v1/push", content=cut, headers={**headers, "content-encoding": "gzip"})
    assert problem(answer) == (400, "MALFORMED")


def test_the_snapshot_is_the_site_at_its_cursor(
    running: Running, handheld: Handheld, headers: dict[str, str], tmp_path: Path
) -> None:
    handheld.receive("S1", "S2")
    handheld.write(b'{"event_id":"01a1ee56-0001-7000-8000-01d000000001"}')
    push(running, handheld, headers)

    answer = running.http.get("/v1/snapshot", headers={**headers, "accept-encoding": "zstd"})

    assert answer.status_code == 200
    path = tmp_path / "snapshot.db"
    path.write_bytes(answer.content)
    assert len(answer.content) == int(answer.headers["scanner-length"])
    with closing(sqlite3.connect(path)) as snapshot:
        meta = dict(snapshot.execute("SELECT key, value FROM meta"))
        assert snapshot.execute("SELECT epoch, device, seq FROM vector WHERE device = 'A'").fetchall() == [
            ("01" * 16, "A", 3)
        ]
        assert snapshot.execute("SELECT event_id FROM quarantined").fetchall() == [
            ("01a1ee56-0001-7000-8000-01d000000001",)
        ]
        assert snapshot.execute("SELECT place, quantity FROM on_hand").fetchall() == [("DOCK-1", 2)]
        assert snapshot.execute("PRAGMA user_version").fetchone() == (1,)
    assert meta["site"] == SITE
    cursor = read_cursor(meta["cursor"])
    assert cursor is not None
    assert str(cursor[0]) == meta["number"] == answer.headers["scanner-number"]
    handheld.receive("S3")
    push(running, handheld, headers, 4)
    found = running.http.get("/v1/pull", params={"cursor": meta["cursor"]}, headers=headers)
    page = wire.read(wire.Page, found.content)
    assert [row.content for row in page.rows if isinstance(row, wire.EntryRow)] == handheld.entries[3:]
    assert page.site_sum is not None
    assert page.site_sum != meta["sum"]


def test_a_snapshot_can_be_gone_on_with_and_is_not_sent_twice(running: Running, headers: dict[str, str]) -> None:
    with running.http.stream("GET", "/v1/snapshot", headers=headers) as answer:
        whole = b"".join(answer.iter_raw())
        etag = answer.headers["etag"]
    part = {**headers, "range": "bytes=100-199", "if-range": etag}
    with running.http.stream("GET", "/v1/snapshot", headers=part) as answer:
        assert answer.status_code == 206
        assert b"".join(answer.iter_raw()) == whole[100:200]
    assert running.http.get("/v1/snapshot", headers={**headers, "if-none-match": etag}).status_code == 304
    beyond = running.http.get("/v1/snapshot", headers={**headers, "range": f"bytes={len(whole) + 5}-"})
    assert beyond.status_code == 416


def test_a_stream_says_that_there_is_more_at_once(
    running: Running, handheld: Handheld, headers: dict[str, str]
) -> None:
    heard: list[tuple[float, str]] = []
    begun, woken = threading.Event(), threading.Event()

    def listen() -> None:
        with httpx.stream("GET", f"{running.url}/v1/stream", headers=headers, timeout=20) as stream:
            for line in stream.iter_lines():
                if line.startswith("data:"):
                    heard.append((time.monotonic(), line))
                    (woken if begun.is_set() else begun).set()
                if woken.is_set():
                    return

    thread = threading.Thread(target=listen)
    thread.start()
    assert begun.wait(10)
    handheld.receive("S1")
    push(running, handheld, headers)
    committed = time.monotonic()
    assert woken.wait(10)
    thread.join()
    assert heard[1][0] - committed < 2.0, "on an idle machine it is some milliseconds"
    assert int(heard[1][1].removeprefix("data: ")) == int(heard[0][1].removeprefix("data: ")) + 1


def test_a_newer_stream_of_a_device_ends_the_older(running: Running, headers: dict[str, str]) -> None:
    with (
        httpx.stream("GET", f"{running.url}/v1/stream", headers=headers, timeout=20) as older,
        httpx.stream("GET", f"{running.url}/v1/stream", headers=headers, timeout=20) as newer,
    ):
        assert "event: more" in "".join(older.iter_text())
        assert next(newer.iter_lines()) == "event: more"


def test_a_rotated_token_takes_the_place_of_the_former(running: Running, headers: dict[str, str]) -> None:
    answer = wire.read(wire.TokenAnswer, running.http.post("/v1/token", headers=headers).content)
    newer = {"authorization": f"Bearer {answer.token}"}
    assert running.http.get("/v1/heads", headers=headers).status_code == 200
    assert running.http.get("/v1/heads", headers=newer).status_code == 200
    assert problem(running.http.get("/v1/heads", headers=headers)) == (401, "UNAUTHENTICATED")


def test_a_revoked_device_is_turned_away_at_once(running: Running, headers: dict[str, str]) -> None:
    assert running.http.get("/v1/heads", headers=headers).status_code == 200
    done = ask(running.settings.socket_path, "device", {"action": "revoke", "name": "A", "site": None})
    assert done["sites"] == [SITE]
    assert problem(running.http.get("/v1/heads", headers=headers)) == (403, "REVOKED")


def test_codes_are_tried_only_so_often(running: Running) -> None:
    body = wire.write(wire.EnrolRequest(1, "x", b"k" * 32, ""))
    answers = [problem(running.http.post("/v1/enrol", content=body)) for _ in range(11)]
    assert answers[-2:] == [(403, "BAD_CODE"), (429, "TOO_MANY_TRIES")]


def test_health_readiness_metrics_and_description(
    running: Running, handheld: Handheld, headers: dict[str, str]
) -> None:
    handheld.receive("S1", "S1")
    push(running, handheld, headers)
    assert running.http.get("/v1/health").json() == {"status": "up"}
    assert running.http.get("/v1/ready").json() == {"status": "ready"}
    assert running.http.get("/openapi.json").json()["openapi"] == "3.1.0"
    text = running.http.get("/metrics").text
    assert 'scanner_pushes_total{answer="ack"} 1.0' in text
    assert "scanner_entries_total 2.0" in text
    assert 'scanner_flagged_total{code="DUP_SERIAL"} 1.0' in text
    assert '"A"' not in text


def raw(running: Running, *parts: bytes) -> Iterator[bytes]:
    """What the server says to plain bytes."""
    host, port = running.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        for part in parts:
            connection.sendall(part)
        while block := connection.recv(65_536):
            yield block


@pytest.mark.parametrize("head", [b"GET /" + b"x" * 40_000, b"GET / HTTP/1.1\r\nx: " + b"x" * 40_000, b"\x16\x03\x01"])
def test_a_head_that_is_too_long_or_none_is_broken_off(running: Running, head: bytes) -> None:
    said = b"".join(raw(running, head + b"\r\n\r\n"))
    assert said.startswith(b"HTTP/1.1 400")
