"""`scanner-server` and `python -m server`."""

from __future__ import annotations

import sys


def main() -> int:
    """Runs the command line."""
    from server.cli.main import main as run  # noqa: PLC0415 - the module stays light for whoever imports it

    return run()


if __name__ == "__main__":
    sys.exit(main())
