"""config.toml: every key known, read and explained; whatever is wrong is named by file, table and key."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanner_app.bootstrap.scanners import profile_of
from scanner_app.config import TABLES, TEXT_MAX, Config, ScannerTable, config_of, find_home, read_config
from scanner_app.errors import ConfigError

EXAMPLE = Path(__file__).parent.parent / "config.example.toml"


def test_the_example_names_every_key_with_its_default() -> None:
    example = tomllib.loads(EXAMPLE.read_text("utf-8"))
    for name, kind in TABLES.items():
        assert example[name] == dataclasses.asdict(kind())
    assert example["scanner"] == [dataclasses.asdict(ScannerTable())]


def test_the_example_explains_every_table() -> None:
    lines = EXAMPLE.read_text("utf-8").split("\n")
    for number, line in enumerate(lines):
        if re.match(r"^\[", line):
            assert any(later.startswith("#") for later in lines[number - 1 : number + 2]), line


def test_the_example_is_the_default_configuration() -> None:
    assert read_config(EXAMPLE) == dataclasses.replace(Config(), scanner=(ScannerTable(),))


def test_the_example_describes_a_usable_scanner() -> None:
    assert profile_of(ScannerTable()).separator == "\x1d"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[sight]\n", "[sight]"),
        ("[site]\nid = 3\n", "[site] id"),
        ("[site]\nname = ''\n", "[site] name"),
        ('[site]\nname = "a\\u001b[2J"\n', "[site] name"),
        ("[site]\ncolour = 'red'\n", "[site] colour"),
        ("[site]\ntime_zone = 'Mars/Base'\n", "[site] time_zone"),
        ("[site]\ntime_zone = '../../etc/passwd'\n", "[site] time_zone"),
        ("site = 3\n", "[site]"),
        ("[screen]\ntheme = 'pink'\n", "[screen] theme"),
        ("[screen]\nidle_lock_minutes = 0\n", "[screen] idle_lock_minutes"),
        ("[scan]\nguard_ms = true\n", "[scan] guard_ms"),
        ("[scan]\nqueue_max = 1.5\n", "[scan] queue_max"),
        ("[scan]\nqueue_max = 9999999999\n", "[scan] queue_max"),
        ("[screen]\nlanguage = 'xx'\n", "[screen] language"),
        (f"[device]\nid = '{'x' * (TEXT_MAX + 1)}'\n", "[device] id"),
        ("[keys]\nhelp = 'F2'\n", "[keys] undo is F2 like help"),
        ("[keys]\nundo = 'F3'\nback = 'f3'\n", "[keys] back is f3 like undo"),
        ("[keys]\nmenu = 'F13'\n", "[keys] menu must be one of F1 to F12"),
        ("[keys]\nenter = 'x'\n", "[keys] enter must be one of F1 to F12"),
        ("[labels]\nbadge = 'LOC-'\n", "[labels] badge is 'LOC-' and location is 'LOC-'"),
        ("[labels]\nbadge = 'loc-x'\n", "[labels] badge is 'loc-x' and location is 'LOC-'"),
        ("[labels]\ndocument = 'C'\n", "[labels] document is 'C' and command is 'CMD-'"),
        ("[labels]\nlocation = ']d1'\n", "[labels] location must not begin with ]"),
        ("[[scanner]]\nname = 'a'\n[[scanner]]\nname = 'a'\n", "[scanner] name is 'a' of two scanners"),
        ("[scanner]\nname = 'x'\n", "[scanner]"),
        ("[[scanner]]\nspeed = 9\n", "[scanner] speed"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, place: str) -> None:
    path = tmp_path / "config.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as refused:
        _ = read_config(path).zone
    assert refused.value.code == "CONFIG_INVALID"
    assert str(path) in refused.value.message
    assert place in refused.value.message
    assert refused.value.remedy


def test_keys_may_change_places() -> None:
    config = config_of({"keys": {"help": "F2", "undo": "F1", "sync": "f11"}}, "x.toml")
    assert (config.keys.help, config.keys.undo, config.keys.sync) == ("F2", "F1", "f11")


def test_broken_toml_is_named(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"[site\n\xff")
    with pytest.raises(ConfigError, match=re.escape(str(path))) as refused:
        read_config(path)
    assert refused.value.code == "CONFIG_UNREADABLE"


def test_a_byte_order_mark_is_tolerated_and_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"\xef\xbb\xbf[site]\nid = 'OSL'\n")
    assert read_config(tmp_path / "config.toml").site.id == "OSL"
    with pytest.raises(ConfigError, match=r"cannot be read: Is a directory\.") as refused:
        read_config(tmp_path)
    assert refused.value.code == "CONFIG_UNREADABLE"


def test_a_missing_file_is_the_default_unless_it_was_named(tmp_path: Path) -> None:
    assert read_config(tmp_path / "none.toml") == Config()
    with pytest.raises(ConfigError) as refused:
        read_config(tmp_path / "none.toml", must_exist=True)
    assert refused.value.code == "CONFIG_MISSING"


def test_a_scanner_profile_that_cannot_be_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"^/etc/s\.toml: \[scanner\] separator"):
        profile_of(dataclasses.replace(ScannerTable(), separator="%"), "/etc/s.toml")


def test_where_the_home_is() -> None:
    plain = find_home({"HOME": "/u/ana"})
    assert plain.config_path == Path("/u/ana/.config/scanner/config.toml")
    assert plain.ledger_path == Path("/u/ana/.local/share/scanner/ledger.db")
    xdg = find_home({"HOME": "/u/ana", "XDG_CONFIG_HOME": "/c", "XDG_DATA_HOME": "/d"})
    assert (xdg.config_path, xdg.state_folder) == (Path("/c/scanner/config.toml"), Path("/d/scanner"))
    relative = find_home({"HOME": "/u/ana", "XDG_CONFIG_HOME": "c", "XDG_DATA_HOME": ""})
    assert (relative.config_path, relative.ledger_path) == (plain.config_path, plain.ledger_path)
    one_folder = find_home({"HOME": "/u/ana", "SCANNER_HOME": "/opt/s"})
    assert (one_folder.config_path, one_folder.log_folder) == (Path("/opt/s/config.toml"), Path("/opt/s/log"))
    by_environment = find_home({"SCANNER_HOME": "/opt/s", "SCANNER_CONFIG": "/etc/s.toml"})
    assert (by_environment.config_path, by_environment.state_folder) == (Path("/etc/s.toml"), Path("/opt/s"))
    assert find_home({"SCANNER_CONFIG": "/etc/s.toml"}, "/flag.toml").config_path == Path("/flag.toml")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*TABLES, "scanner", "other"]), VALUES, max_size=4))
def test_whatever_is_decoded_is_a_configuration_or_its_own_error(given_tables: dict[str, object]) -> None:
    refused = ""
    try:
        config_of(given_tables, "x.toml")
    except ConfigError as fault:
        refused = fault.message
    assert not refused or refused.startswith("x.toml: [")
