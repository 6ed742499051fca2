"""Where the centre's files lie and what it is told: flag > environment > configuration file > default."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from scanner_app.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

HOME: Final = "SCANNER_SERVER_HOME"
CONFIG: Final = "SCANNER_SERVER_CONFIG"
APP_FOLDER: Final = "scanner-server"
CONFIG_NAME: Final = "config.toml"
DATABASE_NAME: Final = "centre.db"
SQLITE: Final = "sqlite:///"
OTHER_ENGINES: Final = ("postgresql://", "postgres://")
PORT_MAX: Final = 65_535

KEYS: Final = {
    "database": "SCANNER_SERVER_DATABASE",
    "listen": "SCANNER_SERVER_LISTEN",
    "certificate": "SCANNER_SERVER_CERTIFICATE",
    "key": "SCANNER_SERVER_KEY",
    "authority": "SCANNER_SERVER_AUTHORITY",
}
"""The keys of table [server], and the environment's word for each."""

DEFAULT_LISTEN: Final = "127.0.0.1:8700"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a command works with. `certificate` and `private_key`: TLS, both or none.

    `authority`: what devices verify the centre by, where it is not the top of the certificate's own chain.
    """

    home: Path
    database: Path
    host: str
    port: int
    certificate: Path | None = None
    private_key: Path | None = None
    authority: Path | None = None

    @property
    def key_path(self) -> Path:
        """The centre's signing key."""
        return self.home / "keys" / "centre.key"

    @property
    def socket_path(self) -> Path:
        """The local socket that `serve` takes commands on; beside the database, like its lock."""
        return self.database.with_name(self.database.name + ".sock")

    @property
    def snapshot_folder(self) -> Path:
        """Where snapshots are kept while `serve` runs."""
        return self.database.with_name(self.database.name + ".snapshots")


def find_settings(
    flags: Mapping[str, str | None], config_file: str | None = None, environment: Mapping[str, str] = os.environ
) -> Settings:
    """The settings in force. Raises ConfigError, naming file, table and key, or the flag."""
    user = Path(environment.get("HOME") or Path.home())
    home = Path(
        environment.get(HOME) or Path(environment.get("XDG_DATA_HOME") or user / ".local" / "share") / APP_FOLDER
    )
    given = _file_of(home, user, config_file, environment)
    chosen = {name: flags.get(name) or environment.get(variable) or given.get(name) for name, variable in KEYS.items()}
    host, port = _address(chosen["listen"] or DEFAULT_LISTEN)
    certificate, key, authority = (
        Path(chosen[name] or "") if chosen[name] else None for name in ("certificate", "key", "authority")
    )
    if (certificate is None) != (key is None):
        raise ConfigError("USAGE", "--certificate and --key go together.")
    return Settings(home, _database(chosen["database"], home), host, port, certificate, key, authority)


def _file_of(home: Path, user: Path, config_file: str | None, environment: Mapping[str, str]) -> dict[str, str]:
    """Table [server] of the configuration file; unknown keys are refused."""
    named = config_file or environment.get(CONFIG)
    base = home if environment.get(HOME) else Path(environment.get("XDG_CONFIG_HOME") or user / ".config") / APP_FOLDER
    path = Path(named) if named else base / CONFIG_NAME
    if not path.exists() and not named:
        return {}
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as fault:
        raise ConfigError("CONFIG_UNREADABLE", f"{path}: {fault}.") from fault
    for name in tables:
        if name != "server" or not isinstance(tables[name], dict):
            raise ConfigError("CONFIG_UNKNOWN", f"{path}: there is no table [{name}]; only [server].")
    for key, value in tables.get("server", {}).items():
        if key not in KEYS or not isinstance(value, str):
            raise ConfigError("CONFIG_UNKNOWN", f"{path}, [server] {key}: one of {', '.join(KEYS)}, as text.")
    table: dict[str, str] = tables.get("server", {})
    return table


def _database(url: str | None, home: Path) -> Path:
    if not url:
        return home / DATABASE_NAME
    if url.startswith(OTHER_ENGINES):
        remedy = "Use sqlite:///path for now."
        raise ConfigError("USAGE", "--database: PostgreSQL is not there yet.", remedy=remedy)
    if not url.startswith(SQLITE) or url == SQLITE:
        raise ConfigError("USAGE", f"--database {url}: write sqlite:///path.")
    return Path(url.removeprefix(SQLITE))


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not (port.isascii() and port.isdigit() and int(port[:6]) <= PORT_MAX):
        raise ConfigError("USAGE", f"--listen {text}: write HOST:PORT, such as {DEFAULT_LISTEN}.")
    return host.strip("[]"), int(port)
