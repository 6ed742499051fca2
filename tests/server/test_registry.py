"""The registry: codes once, tokens by their hash, rotation with overlap, revocation; and the gate that asks it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from server import registry
from server.centre import Centre
from server.gate import TRIES_ALL_MAX, TRIES_MAX, WINDOW_MS, Tries
from server.problems import ProblemError
from server.registry import DAY_MS, TOKEN_DAYS
from sync import wire
from tests.server.handhelds import CENTRE_KEY, SITE, Clock, Handheld, new_books

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from server.books import Books


def code_for(books: Books, device: str = "A") -> str:
    return books.do(SITE, lambda writing: registry.make_code(writing, device))


def enrol(books: Books, device: Handheld, code: str) -> wire.EnrolAnswer:
    asked = wire.EnrolRequest(1, code, device.identity.public_key, "0.1")
    return books.do(SITE, lambda writing: registry.enrol(writing, asked))


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(ProblemError) as caught:
        call()
    return caught.value.code


def test_a_code_enrols_once(books: Books, handheld: Handheld) -> None:
    code = code_for(books)
    assert len(code) == 19
    answer = enrol(books, handheld, code)

    assert (answer.device, answer.site, answer.site_name, answer.time_zone) == ("A", SITE, "Oslo", "Europe/Oslo")
    assert answer.centre_key == CENTRE_KEY.public
    assert len(answer.token) == 43
    assert refused(lambda: enrol(books, handheld, code)) == "BAD_CODE"


def test_a_code_works_for_a_day_and_a_newer_one_replaces_it(books: Books, handheld: Handheld) -> None:
    old, new = code_for(books), code_for(books)
    assert refused(lambda: enrol(books, handheld, old)) == "BAD_CODE"
    books.means.now_ms.ms += DAY_MS  # type: ignore[attr-defined] # the tests' clock
    assert refused(lambda: enrol(books, handheld, new)) == "BAD_CODE"
    assert refused(lambda: enrol(books, handheld, "")) == "BAD_CODE"


def test_a_code_of_another_site_and_a_key_that_is_none_change_nothing(books: Books, handheld: Handheld) -> None:
    books.make_site("BGO", "Bergen", "Europe/Oslo")
    code = books.do("BGO", lambda writing: registry.make_code(writing, "A"))
    assert refused(lambda: enrol(books, handheld, code)) == "BAD_CODE"
    asked = wire.EnrolRequest(1, code_for(books), b"short", "0.1")
    assert refused(lambda: books.do(SITE, lambda writing: registry.enrol(writing, asked))) == "MALFORMED"
    assert registry.devices(books.database.session) == []


def test_no_secret_stands_in_the_database(books: Books, handheld: Handheld) -> None:
    code = code_for(books)
    kept = code_for(books, "B")
    token = enrol(books, handheld, code).token
    books.database.checkpoint()
    content = books.path.read_bytes()
    for secret in (code, kept, token, CENTRE_KEY._private.private_bytes_raw().hex()):
        assert secret.encode() not in content


# --- the gate --------------------------------------------------------------------------------------------------------


def gated(tmp_path: Path, test: Callable[[Centre, Books, Clock], Awaitable[None]]) -> None:
    """Runs a test in a running centre."""

    async def main() -> None:
        clock = Clock()
        books = new_books(tmp_path / "centre.db", clock)
        centre = Centre(books, tmp_path / "snapshots")
        try:
            await test(centre, books, clock)
        finally:
            await centre.close()

    asyncio.run(main())


async def problem_of(call: Awaitable[object]) -> str:
    with pytest.raises(ProblemError) as caught:
        await call
    return caught.value.code


async def enrolled(centre: Centre, device: Handheld) -> str:
    code = await centre.writer.do(SITE, lambda writing: registry.make_code(writing, device.name))
    asked = wire.EnrolRequest(1, code, device.identity.public_key, "0.1")
    answer = await centre.writer.do(SITE, lambda writing: registry.enrol(writing, asked))
    centre.gate.forget()
    return answer.token


def test_a_token_tells_who_is_asking(tmp_path: Path, handheld: Handheld) -> None:
    async def check(centre: Centre, _: Books, clock: Clock) -> None:
        token = await enrolled(centre, handheld)
        assert await centre.gate.identify(f"Bearer {token}") == handheld.identity
        assert await centre.gate.identify(f"bearer {token}") == handheld.identity
        for wrong in ("", token, f"Basic {token}", f"Bearer {token}x", "Bearer " + "x" * 500):
            assert await problem_of(centre.gate.identify(wrong)) == "UNAUTHENTICATED"
        clock.ms += TOKEN_DAYS * DAY_MS
        assert await problem_of(centre.gate.identify(f"Bearer {token}")) == "TOKEN_EXPIRED"

    gated(tmp_path, check)


def test_rotation_overlaps_until_the_new_token_is_used(tmp_path: Path, handheld: Handheld) -> None:
    async def check(centre: Centre, _: Books, __: Clock) -> None:
        old = await enrolled(centre, handheld)
        lost = (await centre.writer.do(SITE, lambda writing: registry.rotate(writing, "A"))).token
        new = (await centre.writer.do(SITE, lambda writing: registry.rotate(writing, "A"))).token
        assert await problem_of(centre.gate.identify(f"Bearer {lost}")) == "UNAUTHENTICATED"
        await centre.gate.identify(f"Bearer {old}")
        await centre.gate.identify(f"Bearer {new}")
        assert await problem_of(centre.gate.identify(f"Bearer {old}")) == "UNAUTHENTICATED"
        await centre.gate.identify(f"Bearer {new}")

    gated(tmp_path, check)


def test_an_answer_that_nobody_heard_locks_nobody_out(tmp_path: Path, handheld: Handheld) -> None:
    """A link that was lost on Friday evening: the former token works on Monday, and asks for another one."""

    async def check(centre: Centre, _: Books, clock: Clock) -> None:
        old = await enrolled(centre, handheld)
        await centre.writer.do(SITE, lambda writing: registry.rotate(writing, "A"))
        clock.ms += 3 * DAY_MS
        await centre.gate.identify(f"Bearer {old}")
        new = (await centre.writer.do(SITE, lambda writing: registry.rotate(writing, "A"))).token
        await centre.gate.identify(f"Bearer {new}")
        assert await problem_of(centre.gate.identify(f"Bearer {old}")) == "UNAUTHENTICATED"

    gated(tmp_path, check)


@pytest.mark.parametrize("state", ["revoked", "lost"])
def test_a_device_that_is_revoked_or_lost_is_turned_away_until_it_enrols_again(
    tmp_path: Path, handheld: Handheld, state: str
) -> None:
    async def check(centre: Centre, _: Books, __: Clock) -> None:
        token = await enrolled(centre, handheld)
        await centre.gate.identify(f"Bearer {token}")
        assert await centre.writer.do(SITE, lambda writing: registry.set_state(writing, "A", state))
        assert not await centre.writer.do(SITE, lambda writing: registry.set_state(writing, "Z", state))
        centre.gate.forget()
        assert await problem_of(centre.gate.identify(f"Bearer {token}")) == state.upper()
        again = await enrolled(centre, handheld)
        assert await centre.gate.identify(f"Bearer {again}") == handheld.identity
        assert await problem_of(centre.gate.identify(f"Bearer {token}")) == "UNAUTHENTICATED"

    gated(tmp_path, check)


def test_codes_are_tried_only_so_often() -> None:
    clock = Clock()
    tries = Tries(clock)
    for _ in range(TRIES_MAX):
        tries.check("one")
    assert refused(lambda: tries.check("one")) == "TOO_MANY_TRIES"
    for number in range(TRIES_ALL_MAX - TRIES_MAX):
        tries.check(f"other {number}")
    assert refused(lambda: tries.check("yet another")) == "TOO_MANY_TRIES"
    clock.ms += WINDOW_MS
    tries.check("one")


def test_who_enrols_a_whole_fleet_guesses_at_nothing() -> None:
    tries = Tries(Clock())
    for _ in range(3 * TRIES_MAX):
        tries.check("dock")
        tries.worked("dock")
    for _ in range(TRIES_MAX):
        tries.check("dock")
    with pytest.raises(ProblemError):
        tries.check("dock")
    tries.worked("nobody")
