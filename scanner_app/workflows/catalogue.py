"""Every workflow by its name (model.md, Values in the contract), imported when it is first asked for."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scanner_app.workflows.step import Workflow

WORKFLOWS = {
    "receiving": "Receiving", "putaway": "Putaway", "counting": "Counting", "opening": "Opening", "enquiry": "Enquiry",
}  # fmt: skip
"""Name → the class in the module of the same name."""


@cache
def workflow_of(name: str) -> Workflow[Any]:
    """The workflow called `name`. Raises KeyError for a name that is none."""
    type_name = WORKFLOWS[name]
    workflow_type = getattr(import_module(f"scanner_app.workflows.{name}"), type_name)
    workflow: Workflow[Any] = workflow_type()
    return workflow
