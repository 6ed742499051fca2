"""Bodies under zstd or gzip, unpacked within a bound, so that neither a long one nor a bomb ever stands in memory."""

from __future__ import annotations

import zlib
from typing import Final

import zstandard

WINDOW_BYTES_MAX: Final = 8 * 1024 * 1024
"""The most memory that unpacking zstd may ask for (RFC 8878 asks every decoder to bear so much)."""

GZIP_WINDOW: Final = 31


class PackingError(ValueError):
    """A body that is not what its encoding says."""


class TooLongError(PackingError):
    """Unpacked it is longer than its bound."""


class UnknownEncodingError(PackingError):
    """An encoding that is not spoken here."""


def unpacked(packed: bytes, encoding: str, bytes_max: int) -> bytes:
    """The content of a body under `identity`, `zstd` or `gzip`. Raises PackingError, or what it has become."""
    match encoding.lower():
        case "identity":
            content = packed
        case "zstd":
            content = _unzstd(packed, bytes_max)
        case "gzip":
            content = _gunzip(packed, bytes_max)
        case _:
            raise UnknownEncodingError(encoding)
    if len(content) > bytes_max:
        raise TooLongError(f"more than {bytes_max} bytes")
    return content


def unpacking() -> zstandard.ZstdDecompressor:
    """What unpacks zstd within the memory it may ask for."""
    return zstandard.ZstdDecompressor(max_window_size=WINDOW_BYTES_MAX)


def _unzstd(packed: bytes, bytes_max: int) -> bytes:
    try:
        return unpacking().stream_reader(packed).read(bytes_max + 1)
    except zstandard.ZstdError:
        raise PackingError("the body is no zstd") from None


def _gunzip(packed: bytes, bytes_max: int) -> bytes:
    decompressor = zlib.decompressobj(GZIP_WINDOW)
    try:
        content = decompressor.decompress(packed, bytes_max + 1)
    except zlib.error:
        raise PackingError("the body is no gzip") from None
    if not decompressor.eof and len(content) <= bytes_max:
        raise PackingError("the body is cut")
    return content
