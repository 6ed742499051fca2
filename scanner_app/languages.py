"""The languages that sentences exist for: scanner_app/phrases holds a file for each, which may take in others."""

from __future__ import annotations

LANGUAGES = ("en",)
