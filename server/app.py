"""The centre's HTTP: routes, problem documents, and what each request may cost (docs/contract/openapi.yaml).

Every handler authenticates first, then reads a bounded body; what is refused has changed nothing.
"""

from __future__ import annotations

import asyncio
import re
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import msgspec
import structlog
import zstandard
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

from server import registry
from server.bodies import read_body, size_of
from server.feed import head_of, heads, page, watched_to
from server.ingest import take_push
from server.problems import ProblemError
from server.pushes import prepare, read_enrol
from sync.wire import ROWS_MAX, Ack, Scope

if TYPE_CHECKING:
    from starlette.requests import Request

    from server.centre import Centre
    from server.pushes import Identity

log = structlog.get_logger()

JSON: Final = "application/json"
PROBLEM_JSON: Final = "application/problem+json"
SQLITE: Final = "application/vnd.sqlite3"
INLINE_BYTES_MAX: Final = 16 * 1024
"""Bodies up to this size are read where they are; longer ones on a thread, so that others are not held up."""
PACK_BYTES_MIN: Final = 1024
PACK_LEVEL: Final = 3
RANGE: Final = re.compile(r"bytes=(?:([0-9]+)-([0-9]*)|-([0-9]+))")
RANGE_MAX: Final = 50
SNAPSHOT_WAIT_S: Final = 15.0
"""Less than a device's own deadline."""


def make_app(centre: Centre) -> Starlette:
    """The application over a running centre."""
    handlers = Handlers(centre)
    routes = [
        Route("/v1/enrol", handlers.enrol, methods=["POST"]),
        Route("/v1/push", handlers.push, methods=["POST"]),
        Route("/v1/pull", handlers.pull, methods=["GET"]),
        Route("/v1/stream", handlers.stream, methods=["GET"]),
        Route("/v1/snapshot", handlers.snapshot, methods=["GET"]),
        Route("/v1/heads", handlers.heads, methods=["GET"]),
        Route("/v1/token", handlers.token, methods=["POST"]),
        Route("/v1/authority", handlers.authority, methods=["GET"]),
        Route("/v1/health", handlers.health, methods=["GET"]),
        Route("/v1/ready", handlers.ready, methods=["GET"]),
        Route("/metrics", handlers.metrics, methods=["GET"]),
        Route("/openapi.json", handlers.openapi, methods=["GET"]),
    ]
    problems: dict[Any, Any] = {
        ProblemError: handlers.problem, HTTPException: handlers.http_problem, Exception: handlers.fault,
    }  # fmt: skip
    return Starlette(routes=routes, exception_handlers=problems)


def _check_range(request: Request, length: int) -> None:
    """One range is served; any other form is passed over, as RFC 9110 allows. ProblemError where it lies outside."""
    given = request.headers.get("range", "")
    simple = RANGE.fullmatch(given)
    if simple is None or len(given) > RANGE_MAX:
        request.scope["headers"] = [pair for pair in request.scope["headers"] if pair[0] != b"range"]
    elif _lies_outside(simple, length):
        raise ProblemError("RANGE_NOT_SATISFIABLE", f"bytes */{length}")


def _lies_outside(given: re.Match[str], length: int) -> bool:
    first, last, suffix = given.groups()
    if suffix is not None:
        return int(suffix) == 0
    return int(first) >= length or (last != "" and int(first) > int(last))


class Handlers:
    """One method a route."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self._openapi = (files("server") / "schema" / "openapi.json").read_bytes()
        self._packer = zstandard.ZstdCompressor(level=PACK_LEVEL)

    async def _identify(self, request: Request) -> Identity:
        return await self._centre.gate.identify(request.headers.get("authorization", ""))

    def _answer(self, request: Request, message: object) -> Response:
        """A message as JSON, zstd where it pays and the caller takes it."""
        content = msgspec.json.encode(message)
        headers = {"cache-control": "no-store"}
        if len(content) >= PACK_BYTES_MIN and "zstd" in request.headers.get("accept-encoding", ""):
            content = self._packer.compress(content)
            headers["content-encoding"] = "zstd"
        return Response(content, media_type=JSON, headers=headers)

    async def enrol(self, request: Request) -> Response:
        """A code becomes a device's key, name and token."""
        centre = self._centre
        address = request.client.host if request.client else ""
        centre.tries.check(address)
        with centre.budget.take(size_of(request)):
            asked = read_enrol(await read_body(request))
        find = partial(registry.site_of_code, code=asked.code, now_ms=centre.now_ms())
        site, _ = await centre.readers.ask(find)
        answer = await centre.writer.do(site, lambda writing: registry.enrol(writing, asked))
        centre.tries.worked(address)
        centre.gate.forget()
        log.info("enrolled", site=answer.site, device=answer.device)
        return self._answer(request, answer)

    async def push(self, request: Request) -> Response:
        """Entries into the books."""
        centre = self._centre
        identity = await self._identify(request)
        with centre.budget.take(size_of(request)):
            body = await read_body(request)
            if len(body) <= INLINE_BYTES_MAX:
                prepared = prepare(identity, body)
            else:
                loop = asyncio.get_running_loop()
                prepared = await loop.run_in_executor(centre.workers, prepare, identity, body)
            answer = await centre.writer.do(identity.site, lambda writing: take_push(writing, prepared))
        centre.metrics.pushes.labels(answer.type).inc()
        if isinstance(answer, Ack):
            centre.metrics.entries.inc(len(prepared.links))
            for flag in answer.flags:
                centre.metrics.flagged.labels(flag.code).inc()
        return self._answer(request, answer)

    async def pull(self, request: Request) -> Response:
        """A page of the feed."""
        identity = await self._identify(request)
        asked = request.query_params
        try:
            scope = Scope(asked.get("scope", Scope.FEED.value))
            limit = int(asked.get("limit", str(ROWS_MAX))[:9])
        except ValueError:
            raise ProblemError("MALFORMED", "scope is watch or feed, limit a number") from None
        if limit < 1:
            raise ProblemError("MALFORMED", "limit is at least 1")
        cursor, now_ms = asked.get("cursor", ""), self._centre.now_ms()
        answer = await self._centre.readers.ask(
            lambda session: page(session, identity.site, scope, cursor, limit, now_ms)
        )
        return self._answer(request, answer)

    async def heads(self, request: Request) -> Response:
        """What the centre has of the device."""
        identity = await self._identify(request)
        now_ms = self._centre.now_ms()
        answer = await self._centre.readers.ask(lambda session: heads(session, identity.site, identity.device, now_ms))
        return self._answer(request, answer)

    async def token(self, request: Request) -> Response:
        """A new token."""
        identity = await self._identify(request)
        answer = await self._centre.writer.do(identity.site, lambda writing: registry.rotate(writing, identity.device))
        self._centre.gate.forget()
        return self._answer(request, answer)

    async def stream(self, request: Request) -> Response:
        """Server-sent events: that there is more."""
        identity = await self._identify(request)
        events = self._centre.hub.follow(identity.site, identity.device)
        headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
        return StreamingResponse(events, media_type="text/event-stream", headers=headers)

    async def snapshot(self, request: Request) -> Response:
        """The site as a file."""
        centre = self._centre
        identity = await self._identify(request)
        site = identity.site
        head, watched = await centre.readers.ask(lambda session: (head_of(session, site), watched_to(session, site)))
        try:
            async with asyncio.timeout(SNAPSHOT_WAIT_S):
                found = await centre.snapshots.newest(site, head.number, watched)
        except TimeoutError:
            raise ProblemError("SNAPSHOT_NOT_READY") from None
        headers = {
            "etag": found.etag, "content-encoding": "zstd", "cache-control": "no-cache",
            "scanner-sha256": found.sha256, "scanner-length": str(found.length), "scanner-number": str(found.number),
        }  # fmt: skip
        if found.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        _check_range(request, found.packed_length)
        return FileResponse(found.path, media_type=SQLITE, headers=headers)

    async def authority(self, request: Request) -> Response:
        """The certificate that devices verify this centre by."""
        authority = self._centre.authority
        if authority is None:
            raise ProblemError("NOT_FOUND", "this centre has no certificate of its own")
        return self._answer(request, {"pem": authority.pem})

    async def health(self, _: Request) -> Response:
        """That the process answers."""
        return Response(b'{"status":"up"}', media_type=JSON)

    async def ready(self, _: Request) -> Response:
        """That the writer commits."""
        sites = self._centre.books.numbers
        for site in sites:
            await self._centre.writer.do(site, lambda _: None)
        return Response(b'{"status":"ready"}', media_type=JSON)

    async def metrics(self, _: Request) -> Response:
        """Figures for Prometheus."""
        return Response(self._centre.metrics.text(), media_type="text/plain; version=0.0.4")

    async def openapi(self, _: Request) -> Response:
        """The description of all this."""
        return Response(self._openapi, media_type=JSON)

    # What is not answered.

    async def problem(self, _: Request, problem: Exception) -> Response:
        """A problem document."""
        assert isinstance(problem, ProblemError)
        self._centre.metrics.problems.labels(problem.code).inc()
        kind = problem.kind
        headers = {} if kind.retry_after_s is None else {"retry-after": str(kind.retry_after_s)}
        if kind.status == UNAUTHENTICATED:
            headers["www-authenticate"] = "Bearer"
        content = msgspec.json.encode(problem.document())
        return Response(content, status_code=kind.status, media_type=PROBLEM_JSON, headers=headers)

    async def http_problem(self, request: Request, fault: Exception) -> Response:
        """A path or method that is not there, or a range outside the content."""
        status = fault.status_code if isinstance(fault, HTTPException) else 0
        code = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED", 416: "RANGE_NOT_SATISFIABLE"}.get(status, "MALFORMED")
        answer = await self.problem(request, ProblemError(code))
        if isinstance(fault, HTTPException) and fault.headers:
            answer.headers.update(fault.headers)
        return answer

    async def fault(self, request: Request, fault: Exception) -> Response:
        """Our own fault: logged whole, told without its inside."""
        log.error("request failed", path=request.url.path, exc_info=fault)
        return await self.problem(request, ProblemError("INTERNAL"))


UNAUTHENTICATED: Final = 401
