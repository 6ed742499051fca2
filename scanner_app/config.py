"""Configuration and the home it lives in: TOML, every key known, read and explained in config.example.toml.

Precedence: command-line flag > environment > `--config` > SCANNER_HOME > XDG folders > built-in default. Unknown tables
and keys are refused with file, table and key, so that a typing error never becomes a silent default.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scanner_app.errors import ConfigError
from scanner_app.languages import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from zoneinfo import ZoneInfo

CONFIG_NAME = "config.toml"
LEDGER_NAME = "ledger.db"
APP_FOLDER = "scanner"
SYMBOLOGY_FLAG = "]"
TEXT_MAX = 200
"""The longest text, a port's path for one; ids stand in every entry."""
WHOLE_MAX = 1_000_000_000
"""The largest number: milliseconds of a week and a half."""


@dataclass(frozen=True, slots=True)
class SiteTable:
    """[site]: where this handheld works."""

    id: str = "SITE-1"
    name: str = "Site 1"
    time_zone: str = "UTC"
    owner: str = "own"


@dataclass(frozen=True, slots=True)
class DeviceTable:
    """[device]: this handheld; `read_point` is the place it receives at, `cage` where exceptions are put."""

    id: str = "HANDHELD-1"
    read_point: str = "DOCK-1"
    cage: str = "CAGE"


@dataclass(frozen=True, slots=True)
class ScreenTable:
    """[screen]: how it looks, in which language, and when it locks."""

    theme: str = "dark"
    language: str = "en"
    idle_lock_minutes: int = 10


@dataclass(frozen=True, slots=True)
class ScanTable:
    """[scan]: how scans are queued and confirmed; milliseconds and counts."""

    guard_ms: int = 700
    spill_after_ms: int = 200
    queue_max: int = 1000
    wedge: bool = True


@dataclass(frozen=True, slots=True)
class LabelsTable:
    """[labels]: what the site's own labels begin with."""

    location: str = "LOC-"
    badge: str = "USR-"
    command: str = "CMD-"
    document: str = "DOC-"


@dataclass(frozen=True, slots=True)
class KeysTable:
    """[keys]: which key does what, on every screen."""

    help: str = "F1"
    undo: str = "F2"
    back: str = "F3"
    skip: str = "F4"
    history: str = "F5"
    enter: str = "F6"
    damaged: str = "F7"
    look_up: str = "F8"
    sync: str = "F9"
    menu: str = "F10"


@dataclass(frozen=True, slots=True)
class SoundTable:
    """[sound]: auto (sound device where there is one, else the terminal's bell), bell, sound or silent."""

    adapter: str = "auto"


@dataclass(frozen=True, slots=True)
class ScannerTable:
    """[[scanner]]: one serial scanner. `separator` is what the device sends for GS; `commissioned` after its test."""

    name: str = "scanner"
    port: str = ""
    bit_rate: int = 9600
    terminator: str = "CR LF TAB ETX"
    idle_gap_ms: int = 100
    separator: str = "GS"
    prefix: str = ""
    suffix: str = ""
    require_symbology: bool = True
    commissioned: bool = False


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration, checked."""

    site: SiteTable = field(default_factory=SiteTable)
    device: DeviceTable = field(default_factory=DeviceTable)
    screen: ScreenTable = field(default_factory=ScreenTable)
    scan: ScanTable = field(default_factory=ScanTable)
    labels: LabelsTable = field(default_factory=LabelsTable)
    keys: KeysTable = field(default_factory=KeysTable)
    sound: SoundTable = field(default_factory=SoundTable)
    scanner: tuple[ScannerTable, ...] = ()
    origin: str = field(default="the built-in configuration", compare=False)
    """Where it was read, for errors."""

    @property
    def zone(self) -> ZoneInfo:
        """The site's time zone. Raises ConfigError for an unknown one: the first paint does not wait for time zones."""
        from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415 - loaded after the first paint

        try:
            return ZoneInfo(self.site.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            why = f"{self.site.time_zone!r} is no known time zone"
            raise _refused(self.origin, "site", "time_zone", why) from None


TABLES: Mapping[str, type[Any]] = {
    "site": SiteTable, "device": DeviceTable, "screen": ScreenTable, "scan": ScanTable, "labels": LabelsTable,
    "keys": KeysTable, "sound": SoundTable,
}  # fmt: skip
CHOICES = {
    ("screen", "theme"): ("dark", "light"),
    ("screen", "language"): LANGUAGES,
    ("sound", "adapter"): ("auto", "bell", "sound", "silent"),
}
MINIMA = {
    ("screen", "idle_lock_minutes"): 1,
    ("scan", "guard_ms"): 0,
    ("scan", "spill_after_ms"): 1,
    ("scan", "queue_max"): 10,
    ("scanner", "bit_rate"): 50,
    ("scanner", "idle_gap_ms"): 1,
}
MAY_BE_EMPTY = frozenset({("scanner", "prefix"), ("scanner", "suffix"), ("scanner", "port"), ("scanner", "terminator")})
FUNCTION_KEYS = tuple(f"F{number}" for number in range(1, 13))
TYPE_WORDS = {str: "text", int: "a whole number", bool: "true or false"}


@dataclass(frozen=True, slots=True)
class Home:
    """Where a handheld's files lie: configuration, ledger, keys and logs."""

    config_path: Path
    state_folder: Path

    @property
    def ledger_path(self) -> Path:
        """The SQLite ledger."""
        return self.state_folder / LEDGER_NAME

    @property
    def log_folder(self) -> Path:
        """JSON-line logs, rotated."""
        return self.state_folder / "log"


def find_home(environment: Mapping[str, str] = os.environ, config_file: str | None = None) -> Home:
    """The home in force: `config_file` (--config) or SCANNER_CONFIG, else SCANNER_HOME, else the XDG folders."""
    user = Path(environment.get("HOME") or Path.home())
    home = environment.get("SCANNER_HOME")
    if home:
        config_path, state_folder = Path(home) / CONFIG_NAME, Path(home)
    else:
        config_base = _xdg_folder(environment.get("XDG_CONFIG_HOME"), user / ".config")
        state_base = _xdg_folder(environment.get("XDG_DATA_HOME"), user / ".local" / "share")
        config_path, state_folder = config_base / APP_FOLDER / CONFIG_NAME, state_base / APP_FOLDER
    named = config_file or environment.get("SCANNER_CONFIG")
    return Home(Path(named) if named else config_path, state_folder)


def _xdg_folder(given: str | None, default: Path) -> Path:
    """The XDG Base Directory Specification wants relative paths ignored."""
    return Path(given) if given and Path(given).is_absolute() else default


def read_config(path: Path, *, must_exist: bool = False) -> Config:
    """The configuration in a TOML file; the defaults where there is no file and none must be.

    Raises ConfigError naming file, table and key for anything unknown, of the wrong type or out of bounds.
    """
    try:
        given = tomllib.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        if must_exist:
            message = f"{path}: no such configuration file."
            raise ConfigError("CONFIG_MISSING", message, remedy="Run `scanner init`, or name another file.") from None
        return Config()
    except OSError as fault:
        raise ConfigError("CONFIG_UNREADABLE", f"{path}: cannot be read: {fault.strerror}.") from fault
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        message = f"{path}: cannot be read as TOML: {fault}."
        raise ConfigError("CONFIG_UNREADABLE", message, remedy="See config.example.toml.") from fault
    return config_of(given, str(path))


def home_config(home: Home, config_file: str | None) -> Config:
    """The configuration of a home; a file that was named must be there. Raises ConfigError."""
    named = config_file is not None or bool(os.environ.get("SCANNER_CONFIG"))
    return read_config(home.config_path, must_exist=named)


def config_of(given: Mapping[str, Any], origin: str) -> Config:
    """The configuration in decoded TOML; `origin` names it in errors. Raises ConfigError."""
    unknown = sorted(set(given) - set(TABLES) - {"scanner"})
    if unknown:
        raise _refused(origin, unknown[0], None, f"is no table; known are {', '.join([*TABLES, '[scanner]'])}")
    tables = {name: _table(origin, name, kind, given.get(name, {})) for name, kind in TABLES.items()}
    _check_keys(origin, tables["keys"])
    _check_labels(origin, tables["labels"])
    scanners = given.get("scanner", [])
    if not isinstance(scanners, list):
        raise _refused(origin, "scanner", None, "must be written [[scanner]], once for each scanner")
    read = tuple(_table(origin, "scanner", ScannerTable, each) for each in scanners)
    _check_scanners(origin, read)
    return Config(**tables, scanner=read, origin=origin)


def _table(origin: str, name: str, kind: type[Any], given: object) -> Any:  # noqa: ANN401 - an instance of `kind`
    if not isinstance(given, dict):
        raise _refused(origin, name, None, "must be a table")
    known = {each.name: type(each.default) for each in fields(kind)}
    for key, value in given.items():
        if key not in known:
            raise _refused(origin, name, key, f"is not known; known are {', '.join(known)}")
        _check(origin, name, key, value, known[key])
    return kind(**given)


def _check_keys(origin: str, keys: KeysTable) -> None:
    """Each action has a function key of its own: of two actions on one key only one would ever happen."""
    taken: dict[str, str] = {}
    for action in (each.name for each in fields(keys)):
        key = str(getattr(keys, action))
        if key.upper() not in FUNCTION_KEYS:
            raise _refused(origin, "keys", action, f"must be one of F1 to F12, not {key!r}")
        if key.upper() in taken:
            raise _refused(origin, "keys", action, f"is {key} like {taken[key.upper()]}; each action needs its own")
        taken[key.upper()] = action


def _check_labels(origin: str, labels: LabelsTable) -> None:
    """No prefix is the beginning of another, in any case, nor looks like a symbology identifier: labels are read by it.

    What a person types may be in small letters.
    """
    seen: dict[str, str] = {}
    for name in (each.name for each in fields(labels)):
        prefix = str(getattr(labels, name))
        if prefix.startswith(SYMBOLOGY_FLAG):
            why = f"must not begin with {SYMBOLOGY_FLAG} as symbology identifiers do: {prefix!r}"
            raise _refused(origin, "labels", name, why)
        for other, known in seen.items():
            if prefix.lower().startswith(known.lower()) or known.lower().startswith(prefix.lower()):
                why = f"is {prefix!r} and {other} is {known!r}: one begins with the other, and labels would be mistaken"
                raise _refused(origin, "labels", name, why)
        seen[name] = prefix


def _check_scanners(origin: str, scanners: tuple[ScannerTable, ...]) -> None:
    """Each scanner has a name of its own: the status line, the ledger and the profile know it by that."""
    names = [table.name for table in scanners]
    for name in names:
        if names.count(name) > 1:
            raise _refused(origin, "scanner", "name", f"is {name!r} of two scanners; each needs its own")


def _check(origin: str, table: str, key: str, value: object, wanted: type[object]) -> None:
    if type(value) is not wanted:
        raise _refused(origin, table, key, f"must be {TYPE_WORDS[wanted]}, not {value!r}")
    choices = CHOICES.get((table, key))
    if choices and value not in choices:
        raise _refused(origin, table, key, f"must be one of {', '.join(choices)}, not {value!r}")
    minimum = MINIMA.get((table, key))
    if minimum is not None and isinstance(value, int) and value < minimum:
        raise _refused(origin, table, key, f"must be at least {minimum}, not {value}")
    if isinstance(value, int) and value > WHOLE_MAX:
        raise _refused(origin, table, key, f"must be at most {WHOLE_MAX}, not {value}")
    if isinstance(value, str) and ((not value and (table, key) not in MAY_BE_EMPTY) or not value.isprintable()):
        raise _refused(origin, table, key, f"must be printable text, not {value[:TEXT_MAX]!r}")
    if isinstance(value, str) and len(value) > TEXT_MAX:
        raise _refused(origin, table, key, f"must be at most {TEXT_MAX} characters, not {len(value)}")


def _refused(origin: str, table: str, key: str | None, why: str) -> ConfigError:
    place = f"[{table}]" if key is None else f"[{table}] {key}"
    return ConfigError("CONFIG_INVALID", f"{origin}: {place} {why}.", remedy="config.example.toml explains every key.")
