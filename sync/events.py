"""Server-sent events out of the pieces of a stream, within bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

EVENT_BYTES_MAX: Final = 64 * 1024


def events(chunks: Iterable[bytes]) -> Iterator[tuple[str, str]]:
    """Name and data of each event; comments are signs of life and give ('', '').

    ValueError for an event of more than EVENT_BYTES_MAX bytes.
    """
    event, told, size = "", list[str](), 0
    for line in _lines(chunks):
        size += len(line)
        if size > EVENT_BYTES_MAX:
            raise ValueError(f"an event of more than {EVENT_BYTES_MAX} bytes")
        name, _, value = line.partition(":")
        if not line:
            if event or told:
                yield event, "\n".join(told)
            event, told, size = "", [], 0
        elif not name:
            yield "", ""
        elif name == "event":
            event = value.removeprefix(" ")
        elif name == "data":
            told.append(value.removeprefix(" "))


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    pending = b""
    for chunk in chunks:
        *lines, pending = (pending + chunk).split(b"\n")
        for line in lines:
            yield line.removesuffix(b"\r").decode("utf-8", "replace")
        if len(pending) > EVENT_BYTES_MAX:
            raise ValueError(f"a line of more than {EVENT_BYTES_MAX} bytes")
