"""A zstd-packed file that comes in pieces: kept beside its place until it is whole, then checked and renamed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

import zstandard

from sync.packing import PackingError, TooLongError, unpacking

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FILE_BYTES_MAX: Final = 4 * 1024 * 1024 * 1024


class Download:
    """What came so far of a file, and which version of it (its ETag) that is of."""

    def __init__(self, into: Path) -> None:
        self._into = into
        self._packed = into.with_name(into.name + ".part")
        self._tag = into.with_name(into.name + ".tag")
        self._unpacked = into.with_name(into.name + ".new")

    @property
    def have(self) -> int:
        """Bytes that need not come again; none where nobody could tell of which version they are."""
        try:
            return self._packed.stat().st_size if self._tag.stat().st_size else 0
        except FileNotFoundError:
            return 0

    def asked(self) -> dict[str, str]:
        """The headers that ask for the rest, or for all of it where it is another version by now (RFC 9110, 14.2)."""
        have = self.have
        return {"Range": f"bytes={have}-", "If-Range": self._tag.read_text("ascii")} if have else {}

    def begin(self, etag: str) -> None:
        """The whole file comes: what there was is of no use."""
        self.forget()
        self._tag.write_text(etag, "ascii")

    def add(self, chunks: Iterable[bytes]) -> None:
        """What comes next of it. TooLongError over its bound."""
        with self._packed.open("ab") as file:
            for chunk in chunks:
                file.write(chunk)
                if file.tell() > FILE_BYTES_MAX:
                    self.forget()
                    raise TooLongError(f"a file of more than {FILE_BYTES_MAX} bytes")

    def finish(self, sha256: str, length: int) -> None:
        """Unpacks it into its place. PackingError where it is not the file it should be; then it is fetched anew."""
        try:
            digest = self._unpack(min(length, FILE_BYTES_MAX))
            if digest != sha256:
                raise PackingError("another file than was told")
            self._unpacked.replace(self._into)
        except zstandard.ZstdError:
            raise PackingError("the file is no zstd") from None
        finally:
            self.forget()

    def _unpack(self, bytes_max: int) -> str:
        digest, length = hashlib.sha256(), 0
        with self._packed.open("rb") as source, self._unpacked.open("wb") as target:
            for chunk in unpacking().read_to_iter(source):
                length += len(chunk)
                if length > bytes_max:
                    raise TooLongError(f"a file of more than {bytes_max} bytes")
                digest.update(chunk)
                target.write(chunk)
        return digest.hexdigest()

    def forget(self) -> None:
        """Nothing came so far."""
        for path in (self._packed, self._tag, self._unpacked):
            path.unlink(missing_ok=True)
