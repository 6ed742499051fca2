from __future__ import annotations

import subprocess
import sys

import pytest

from scanner_app.workflows.catalogue import WORKFLOWS, workflow_of


@pytest.mark.parametrize("name", ["receiving", "putaway", "counting", "opening", "enquiry"])
def test_each_workflow_is_found_by_its_name(name: str) -> None:
    workflow = workflow_of(name)
    assert workflow.name == name
    assert workflow_of(name) is workflow


def test_the_catalogue_names_these_and_no_others() -> None:
    assert sorted(WORKFLOWS) == ["counting", "enquiry", "opening", "putaway", "receiving"]


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(KeyError):
        workflow_of("destroying")


def test_naming_them_imports_none_of_them() -> None:
    program = (
        "import sys, scanner_app.workflows.catalogue as c\n"
        "print([n for n in c.WORKFLOWS if 'scanner_app.workflows.' + n in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"
