"""Files that a command is given: read whole, as UTF-8, or refused in a sentence that names the file and the line."""

from __future__ import annotations

import errno
import os
import stat

from scanner_app.errors import ConfigError
from scanner_app.phrases import printable

BYTES_MAX = 64 * 1024 * 1024
BYTE_ORDER_MARK = "\ufeff"


def text_given(name: str, code: str) -> str:
    """The text of a file without its byte order mark. Raises ConfigError with `code`."""
    return decoded(content_given(name, code), name, code)


def content_given(name: str, code: str) -> bytes:
    """The bytes of a regular file, at most 64 MiB. Raises ConfigError with `code`."""
    try:
        content = _read(name)
    except FileNotFoundError:
        raise ConfigError(code, f"There is no file {printable(name)}.") from None
    except OSError as fault:
        raise ConfigError(code, f"{printable(name)}: cannot be read: {fault.strerror}.") from fault
    except ValueError as fault:
        raise ConfigError(code, f"{printable(name)} is no file name: {fault}.") from fault
    if len(content) > BYTES_MAX:
        raise ConfigError(code, f"{printable(name)}: over {BYTES_MAX} bytes.", remedy="Split the file.")
    return content


def _read(name: str) -> bytes:
    """What stands in a regular file, as far as its size may be, and a byte more where it is larger.

    Raises OSError for anything else: a device has no end, and a pipe may never have a beginning.
    """
    with open(name, "rb", opener=_without_waiting) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        return file.read(BYTES_MAX + 1)


def _without_waiting(path: str, flags: int) -> int:
    """Opening a pipe that nobody writes to would wait for ever."""
    return os.open(path, flags | os.O_NONBLOCK)


def decoded(content: bytes, name: str, code: str) -> str:
    """Bytes of the file `name` as text. Raises ConfigError with `code` that names the line of what is no UTF-8."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as fault:
        line = content.count(b"\n", 0, fault.start) + 1
        message = f"{printable(name)}: line {line} is no UTF-8 text (byte {content[fault.start]:#04x})."
        raise ConfigError(code, message, remedy="Save the file as UTF-8.") from None
    return text.removeprefix(BYTE_ORDER_MARK)
