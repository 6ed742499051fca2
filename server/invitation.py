"""What a handheld scans to be enrolled: address, code and pin in one QR code, drawn with a terminal's characters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit

from scanner_app.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
QUIET_ZONE: Final = 2
"""Modules of light around the symbol; the terminal's own margin does the rest."""

HALVES: Final = {(False, False): "█", (False, True): "▀", (True, False): "▄", (True, True): " "}
"""Two modules, one above the other, as one character: dark modules are the terminal's dark ground."""


def invitation(url: str, code: str, pin: str = "") -> str:
    """The text of the symbol; `pin`: SHA-256 of the certificate that the handheld shall trust (hex), '' for none."""
    return f"{url.rstrip('/')}/#{urlencode({'enrol': code} | ({'pin': pin} if pin else {}))}"


def is_address(url: str) -> bool:
    """Whether handhelds can be enrolled there: HTTPS, or HTTP on this very machine."""
    parts = urlsplit(url)
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK))


def drawn(text: str) -> Iterator[str]:
    """The symbol's lines, light on dark as terminals are. Raises ConfigError where nothing can draw one."""
    try:
        import zxingcpp  # noqa: PLC0415 - not of the centre's own needs
    except ImportError:
        remedy = "Install scanner-app[image], or type the code on the handheld: scanner enrol URL CODE."
        raise ConfigError("NO_SYMBOLS", "this installation cannot draw symbols.", remedy=remedy) from None
    symbol = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode)
    image: Any = zxingcpp.write_barcode_to_image(symbol, scale=1, add_quiet_zones=False)
    rows_of_values: Any = memoryview(image).tolist()
    dark = [[value == 0 for value in row] for row in rows_of_values]
    width = len(dark[0])
    light = [False] * QUIET_ZONE
    blank = [False] * (width + 2 * QUIET_ZONE)
    rows = [blank] * QUIET_ZONE + [light + row + light for row in dark] + [blank] * QUIET_ZONE
    rows += [blank] * (len(rows) % 2)
    for above, below in zip(rows[::2], rows[1::2], strict=True):
        yield "".join(HALVES[pair] for pair in zip(above, below, strict=True))
