"""Put docs/contract/openapi.yaml and messages.schema.json together as the one document that the centre serves.

`python scripts/make_openapi.py` writes server/schema/openapi.json; a test holds that it is up to date.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).resolve().parent.parent
CONTRACT: Final = ROOT / "docs" / "contract"
TARGET: Final = ROOT / "server" / "schema" / "openapi.json"
ELSEWHERE: Final = ("messages.schema.json#/$defs/", "#/$defs/")
HERE: Final = "#/components/schemas/"


def document() -> dict[str, Any]:
    """The whole description, with the messages among its own schemas."""
    described: dict[str, Any] = yaml.safe_load((CONTRACT / "openapi.yaml").read_text("utf-8"))
    messages = json.loads((CONTRACT / "messages.schema.json").read_text("utf-8"))
    described["components"]["schemas"] |= messages["$defs"]
    whole: dict[str, Any] = _moved(described)
    return whole


def _moved(value: Any) -> Any:  # noqa: ANN401 - walks any JSON
    """The same with each reference to a message pointing into this document."""
    if isinstance(value, list):
        return [_moved(each) for each in value]
    if not isinstance(value, dict):
        return value
    moved = {key: _moved(each) for key, each in value.items()}
    target = moved.get("$ref")
    if isinstance(target, str):
        for former in ELSEWHERE:
            target = HERE + target.removeprefix(former) if target.startswith(former) else target
        moved["$ref"] = target
    return moved


def text() -> str:
    """The document as it is kept."""
    return json.dumps(document(), ensure_ascii=False, indent=1) + "\n"


def main() -> int:
    """Writes it."""
    TARGET.write_text(text(), "utf-8")
    print(TARGET.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
