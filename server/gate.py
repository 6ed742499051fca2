"""The gate: who is asking, and how often codes may be tried."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from server.problems import ProblemError
from server.registry import LOST, REVOKED, digest, find_token, use_token

if TYPE_CHECKING:
    from collections.abc import Callable

    from server.pushes import Identity
    from server.readers import Readers
    from server.registry import Known
    from server.writer import Writer

KNOWN_MAX: Final = 20_000
SCHEME: Final = "bearer "
TOKEN_MAX: Final = 200
TRIES_MAX: Final = 10
TRIES_ALL_MAX: Final = 100
WINDOW_MS: Final = 60_000
ADDRESSES_MAX: Final = 10_000


class Gate:
    """Tells devices by their tokens; what was found is kept until something in the registry changes."""

    def __init__(self, readers: Readers, writer: Writer, now_ms: Callable[[], int]) -> None:
        self._readers = readers
        self._writer = writer
        self._now_ms = now_ms
        self._known: dict[bytes, Known] = {}
        self._changes = 0
        """How often the registry has changed: what was read before a change is not kept after it."""

    def forget(self) -> None:
        """The registry has changed."""
        self._changes += 1
        self._known.clear()

    async def identify(self, authorization: str) -> Identity:
        """Whose the token is. Raises ProblemError UNAUTHENTICATED, TOKEN_EXPIRED, REVOKED or LOST."""
        if authorization[: len(SCHEME)].lower() != SCHEME or len(authorization) > TOKEN_MAX:
            raise ProblemError("UNAUTHENTICATED")
        token_hash = digest(authorization[len(SCHEME) :])
        known = self._known.get(token_hash) or await self._find(token_hash)
        if known.state in {REVOKED, LOST}:
            raise ProblemError(known.state.upper())
        if known.until_ms < self._now_ms():
            raise ProblemError("TOKEN_EXPIRED")
        return known.identity

    async def _find(self, token_hash: bytes) -> Known:
        changes = self._changes
        known = await self._readers.ask(lambda session: find_token(session, token_hash))
        if known is None:
            raise ProblemError("UNAUTHENTICATED")
        identity = known.identity
        if not known.used:
            await self._writer.do(identity.site, lambda writing: use_token(writing, token_hash, identity.device))
            self.forget()
            return known
        if len(self._known) >= KNOWN_MAX:
            self._known.clear()
        if changes == self._changes:
            self._known[token_hash] = known
        return known


class Tries:
    """How often enrolment codes were tried: a few a minute from one address, and a bound over all of them."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._of: OrderedDict[str, list[int]] = OrderedDict()
        self._all: list[int] = []

    def check(self, address: str) -> None:
        """Counts a try. Raises ProblemError TOO_MANY_TRIES."""
        now_ms = self._now_ms()
        self._all = [at for at in self._all if at > now_ms - WINDOW_MS]
        own = [at for at in self._of.pop(address, []) if at > now_ms - WINDOW_MS]
        if len(own) >= TRIES_MAX or len(self._all) >= TRIES_ALL_MAX:
            self._of[address] = own
            raise ProblemError("TOO_MANY_TRIES")
        self._of[address] = [*own, now_ms]
        self._all.append(now_ms)
        while len(self._of) > ADDRESSES_MAX:
            self._of.popitem(last=False)

    def worked(self, address: str) -> None:
        """The last try was a good one: whoever enrols a whole fleet guesses at nothing."""
        for tries in (self._of.get(address), self._all):
            if tries:
                tries.pop()
