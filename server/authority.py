"""The authority of the centre's TLS certificate: what devices that got its pin at enrolment verify the centre by.

It is handed out without a token, because whoever asks cannot verify yet; the pin, which comes another way, tells a
false one (docs/decisions/0005, Identity).
"""

from __future__ import annotations

import hashlib
import re
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from scanner_app.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from server.settings import Settings

CERTIFICATE: Final = re.compile(r"-----BEGIN CERTIFICATE-----\r?\n[A-Za-z0-9+/=\r\n]+-----END CERTIFICATE-----")


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate, PEM; `pin`: the SHA-256 of its DER, hexadecimal."""

    pem: str
    pin: str


def authority_of(settings: Settings) -> Authority | None:
    """The certificate in `authority`, else the top of the chain that is served; None where there is neither.

    Raises ConfigError BAD_CERTIFICATE.
    """
    path = settings.authority or settings.certificate
    return None if path is None else read_authority(path)


def read_authority(path: Path) -> Authority:
    """The last certificate in a file: a chain begins with the server's own. Raises ConfigError BAD_CERTIFICATE."""
    try:
        found = CERTIFICATE.findall(path.read_text("ascii"))
        der = ssl.PEM_cert_to_DER_cert(found[-1])
    except (OSError, ValueError, IndexError) as fault:
        told = getattr(fault, "strerror", None) or "no certificate (PEM) in it"
        raise ConfigError("BAD_CERTIFICATE", f"{path}: {told}.", remedy="Name a file of certificates, PEM.") from fault
    return Authority(found[-1] + "\n", hashlib.sha256(der).hexdigest())
