from __future__ import annotations

import doctest
import importlib
import pkgutil
import subprocess
import sys

import pytest

import devices

MODULES = [f"devices.{module.name}" for module in pkgutil.iter_modules(devices.__path__)]


def test_the_library_loads_nothing_of_the_product_and_nothing_heavy() -> None:
    program = (
        "import sys, importlib\nbefore = set(sys.modules)\n"  # a run that measures coverage has loaded more
        f"for name in {MODULES}: importlib.import_module(name)\n"
        "print(sorted({name.partition('.')[0] for name in set(sys.modules) - before} & set(sys.argv[1:])))\n"
    )
    unwanted = ["serial", "textual", "rich", "sqlite3", "scanner_app", "sync", "screens", "server", "evdev", "PIL"]
    ended = subprocess.run([sys.executable, "-c", program, *unwanted], capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"


@pytest.mark.parametrize("name", MODULES)
def test_what_the_docstrings_show_is_so(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
