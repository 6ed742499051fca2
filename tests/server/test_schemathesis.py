"""Whatever is asked, by the description of the routes and beside it: the documented answers, never a 5xx."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from server.control import ask
from tests.server.handhelds import SITE, Handheld

if TYPE_CHECKING:
    from tests.server.conftest import Running

OPERATIONS = (
    ("/v1/push", "POST"), ("/v1/pull", "GET"), ("/v1/heads", "GET"), ("/v1/snapshot", "GET"), ("/v1/enrol", "POST"),
    ("/v1/authority", "GET"), ("/v1/health", "GET"), ("/v1/ready", "GET"), ("/metrics", "GET"),
    ("/openapi.json", "GET"),
)  # fmt: skip
"""Every route but the stream, which does not end, and the token, which would lock the test out."""

CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance]


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_what_fits_the_description_is_answered_as_it_says(running: Running, path: str, method: str) -> None:
    made = ask(running.settings.socket_path, "enrol-code", {"device": "A", "site": SITE})
    headers = running.enrol(Handheld(), str(made["code"]))
    schema = schemathesis.openapi.from_dict(running.http.get("/openapi.json").json())
    operation = schema[path][method]

    @given(case=operation.as_strategy())
    @settings(
        max_examples=25, deadline=None, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def check(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(base_url=running.url, headers=headers, checks=CHECKS)

    check()


def test_every_route_is_described(running: Running) -> None:
    described = running.http.get("/openapi.json").json()["paths"]
    assert {(path, method.upper()) for path, methods in described.items() for method in methods} == {
        *OPERATIONS, ("/v1/stream", "GET"), ("/v1/token", "POST"),
    }  # fmt: skip
