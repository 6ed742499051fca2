"""The front of the headless terminal: keys, menus, typing by hand, and the view after every step.

Everything here runs on the ledger thread, one happening after the other, so that there is nothing to lock. The words of
keys are those of config.toml's [keys]; digits choose only on menus; typed text never goes to a focused widget.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from devices.scan import Method, scan_of_text
