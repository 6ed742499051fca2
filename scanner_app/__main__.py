"""`python -m scanner_app` and the `scanner` command."""

from __future__ import annotations

import sys

from scanner_app.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
