"""The network between a device and the centre: real bytes, which get lost, come late or twice, are cut or spoilt."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import zstandard

from server.problems import ProblemError
from sync.exchange import Failed, Failure
from tests.simulation.centre import Fate, FellOverError, refusal_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from server.pushes import Identity
    from tests.simulation.device import Device
    from tests.simulation.world import World

GARBAGE: Final = (
    b"", b"<html><body>Please sign in to the guest network</body></html>", b"{}", b"[1,2,3]", b"\xff\xfe\x00",
    b'{"type":"ack"}', b'{"type":"page","scope":"feed","cursor":"1.","more":false,"rows":[],"server_time":1}' * 2,
    b'{"device":"","epochs":[],"feed":"","watch":""}', b'{"type":"snapshot"}',
)  # fmt: skip
"""What a portal, a proxy or a broken line may answer in the centre's place."""

SILENCE: Final = (Failed(Failure.TIMED_OUT), Failed(Failure.UNREACHABLE))
REFUSALS: Final = (
    Failed(Failure.BUSY, 2_000, "BUSY"), Failed(Failure.BROKEN, None, "INTERNAL"), Failed(Failure.TOO_LARGE),
    Failed(Failure.TURNED_AWAY, None, "REVOKED"), Failed(Failure.REFUSED, None, "MALFORMED"),
    Failed(Failure.OTHER_VERSION, None, "OTHER_VERSION"),
)  # fmt: skip


class Network:
    """What one device sends its messages through (sync.driver.Post)."""

    def __init__(self, world: World, device: Device) -> None:
        self.world = world
        self.device = device

    def post(self, path: str, body: bytes) -> bytes | Failed:
        """A push: the only message that changes something at the centre."""
        assert path == "/v1/push"
        self.device.look_at_quiet(body)
        identity = self.device.identity.at_centre
        if self.world.happens("late request"):
            self.world.late.append((identity, body))
            return self.world.source.choice(SILENCE)
        if self.world.happens("request twice"):
            self.world.late.append((identity, body))
        if self.world.happens("request spoilt"):
            body = self._spoilt(body)
        return self._asked(lambda: self._push(identity, body))

    def get(self, path: str, parameters: dict[str, str] | None = None) -> bytes | Failed:
        """Heads, or a page."""
        identity, centre = self.device.identity.at_centre, self.world.centre
        if path == "/v1/heads":
            return self._asked(lambda: centre.heads(identity))
        return self._asked(lambda: centre.page(identity, parameters or {}, self.device.page_rows))

    def fetch(self, path: str, into: Path) -> object | Failed:
        """A snapshot, unpacked; one that was cut or spoilt on the way is found out by its digest."""
        assert path == "/v1/snapshot"
        identity, world = self.device.identity.at_centre, self.world
        anew = world.is_quiet or world.source.random() < 0.5
        answer = self._asked(lambda: world.centre.snapshot(identity.site, anew=anew))
        if isinstance(answer, Failed):
            return answer
        try:
            plain = zstandard.ZstdDecompressor().stream_reader(answer).read()
        except zstandard.ZstdError:
            return Failed(Failure.GARBLED)
        if hashlib.sha256(plain).hexdigest() != world.centre.digests[identity.site]:
            return Failed(Failure.GARBLED)
        into.write_bytes(plain[: len(plain) // 2] if world.happens("snapshot spoilt on the disk") else plain)
        world.count("snapshot fetched")
        return into

    def _push(self, identity: Identity, body: bytes) -> bytes:
        """Others whose time has come stand in the same commit."""
        world = self.world
        fate = Fate.BEFORE_COMMIT if world.happens("centre ends before commit") else Fate.WELL
        return world.centre.push(identity, body, fate, world.late_beside(identity.site))

    def _asked(self, ask: Callable[[], bytes]) -> bytes | Failed:
        """The answer to a request, as far as it gets there and back."""
        world = self.world
        if world.happens("request lost"):
            return world.source.choice(SILENCE)
        if world.happens("refused"):
            return world.source.choice(REFUSALS)
        world.meanwhile(self.device)
        answer = _answer_of(ask)
        world.meanwhile(self.device)
        return answer if isinstance(answer, Failed) else self._on_its_way_back(answer)

    def _on_its_way_back(self, answer: bytes) -> bytes | Failed:
        """What the centre has committed, and the device may never hear of."""
        world = self.world
        if world.happens("centre ends after commit"):
            world.centre.restart()
            return Failed(Failure.BROKEN)
        if world.happens("answer lost"):
            return world.source.choice(SILENCE)
        return self._spoilt(answer) if world.happens("answer spoilt") else answer

    def _spoilt(self, body: bytes) -> bytes:
        """Cut short, or something else altogether."""
        if self.world.source.random() < 0.5:
            return body[: self.world.source.randrange(len(body) or 1)]
        return self.world.source.choice(GARBAGE)


def _answer_of(ask: Callable[[], bytes]) -> bytes | Failed:
    """What the centre answers, as long as it stands."""
    try:
        return ask()
    except ProblemError as problem:
        return refusal_of(problem)
    except FellOverError:
        return Failed(Failure.BROKEN)
