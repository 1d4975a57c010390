"""What every HTTP request passes on its way in and out: a number, a size limit, headers, one line of log."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from uuid import UUID, uuid4, uuid5  # noqa: TID251 - the edge is where new ids are made

import structlog
from fastapi import Request
from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.status import HTTP_415_UNSUPPORTED_MEDIA_TYPE
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import clock
from shared.admission import TOO_MANY, Admission
from shared.messages import language_of
from shared.metrics import Metrics
from shared.problems import Away, Problem, Refused, problem_of
from shared.tracing import Tracing, continued, trace_id_of

BODY_BYTES_MAX = 1024**2
"""The largest body that is no paper; papers (multipart) have a setting of their own."""

FORMS = frozenset({b"multipart/form-data", b"application/x-www-form-urlencoded"})
UTF_8 = frozenset({b"utf-8", b"utf8"})
REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{7,63}")
REQUESTS = UUID("b7c1d3f2-52c9-5d0e-9f5e-0c8a4d5a7e31")
"""The namespace in which a request id that is no UUID becomes a correlation id."""

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
}

QUIET = frozenset({"/livez", "/readyz", "/metrics"})
FAILURES = 500
"""From this status on it is not the caller who must mend something."""

ProblemPage = Callable[[Request, Problem], Awaitable[Response | None]]
"""Draws a problem for a person's browser; None where this request wants JSON."""

log = structlog.get_logger()


@dataclass
class Passage:
    """One request on its way: what it is called, and what was learned of it for the log."""

    request_id: str
    correlation_id: UUID
    traceparent: str | None
    caller: str | None = None
    code: str | None = None
    error: str | None = None
    status: int = 0
    leave: Callable[[], None] = lambda: None
    """Gives the request's place to another."""
    method: str = ""
    route: str = ""


def passage_of(scope: Mapping[str, object]) -> Passage:
    """Return the passage of the request with this ASGI scope."""
    passage = scope["kith.passage"]
    assert isinstance(passage, Passage)  # noqa: S101 - the doorway is the outermost layer and put it there
    return passage


class Doorway:
    """The outermost layer of a service's HTTP."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        metrics: Metrics,
        tracing: Tracing,
        upload_bytes_max: int,
        problem_page: ProblemPage | None = None,
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._tracing = tracing
        self._upload_bytes_max = upload_bytes_max
        self._problem_page = problem_page
        self._admission = Admission()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass; whatever it raises becomes a problem, and nothing internal is told."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = clock.elapsed()
        headers = Headers(scope=scope)
        passage = scope["kith.passage"] = _passage(headers)
        with (
            self._tracing.request(scope["path"], passage),
            structlog.contextvars.bound_contextvars(
                request_id=passage.request_id,
                correlation_id=passage.correlation_id,
                trace_id=trace_id_of(passage.traceparent),
            ),
        ):
            try:
                await self._pass(
                    scope, _bounded(headers, receive, self._limit(headers)), _dressed(passage, send)
                )
            finally:
                self._note(scope, passage, clock.elapsed() - began)

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        passage = passage_of(scope)
        try:
            _check_charset(Headers(scope=scope))
            with self._admission.place(scope["path"]) as passage.leave:
                await self._app(scope, receive, send)
        except asyncio.CancelledError:  # the process ends, and has waited for as long as it may
            if not passage.status:
                response = await respond(Request(scope, receive), Away("stopping"), self._problem_page)
                await response(scope, receive, send)
            raise
        except Exception as failure:
            if passage.status:
                log.exception("response_broken_off", exc_info=failure)
                raise
            response = await respond(Request(scope, receive), failure, self._problem_page)
            await response(scope, receive, send)

    def _limit(self, headers: Headers) -> int:
        is_paper = headers.get("content-type", "").startswith("multipart/form-data")
        return self._upload_bytes_max if is_paper else BODY_BYTES_MAX

    def _note(self, scope: Scope, passage: Passage, seconds: float) -> None:
        route, passage.method = _template(scope), _method(scope)
        passage.route = route
        status_class = f"{passage.status // 100}xx"
        self._metrics.http_seconds.labels(route, _method(scope), status_class).observe(seconds)
        if passage.status >= FAILURES:
            self._metrics.failed.labels(passage.code or "none").inc()
        if passage.code is not None and _method(scope) == "POST":
            outcome = "refused" if passage.status < FAILURES else "failed"
            self._metrics.commands.labels(outcome).inc()
        quiet = route in QUIET or passage.code == TOO_MANY  # which metrics count: there are many
        (log.debug if quiet else log.info)(
            "request",
            method=_method(scope),
            route=route,
            status=passage.status,
            ms=round(seconds * 1000, 1),
            caller=passage.caller,
            code=passage.code,
            error=passage.error,
        )


async def respond(request: Request, failure: Exception, problem_page: ProblemPage | None) -> Response:
    """Return the problem that *failure* is to its caller; an unexpected one is logged with its place."""
    passage = passage_of(request.scope)
    problem = problem_of(failure, passage.correlation_id)
    passage.code = problem.code
    passage.error = type(failure).__name__ if problem.status >= FAILURES else None
    if problem.unexpected:
        log.error("request_failed", reference=problem.params["reference"], exc_info=failure)
    if problem_page is not None and (page := await problem_page(request, problem)) is not None:
        return page
    return problem.response(request.url.path, language_of(request.headers.get("accept-language")))


def _passage(headers: Headers) -> Passage:
    asked = headers.get("x-request-id", "")
    request_id = asked if REQUEST_ID.fullmatch(asked) else str(uuid4())
    try:
        correlation_id = UUID(request_id)
    except ValueError:
        correlation_id = uuid5(REQUESTS, request_id)
    return Passage(request_id, correlation_id, continued(headers))


def _check_charset(headers: Headers) -> None:
    """Refuse a form in any other charset than UTF-8: its texts would come out as none that can be written again."""
    kind, told = parse_options_header(headers.get("content-type"))
    if kind in FORMS and told.get(b"charset", b"utf-8").lower() not in UTF_8:
        raise Refused("charset_unknown", status=HTTP_415_UNSUPPORTED_MEDIA_TYPE)


def _bounded(headers: Headers, receive: Receive, limit: int) -> Receive:
    """Return a receive that refuses a body over *limit* bytes, by its promise or as it comes."""
    promised = headers.get("content-length", "")
    taken = 0

    async def bounded() -> Message:
        nonlocal taken
        if promised.isdecimal() and int(promised) > limit:
            raise HTTPException(413)
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            raise HTTPException(413)
        return message

    return bounded


def _dressed(passage: Passage, send: Send) -> Send:
    async def dressed(message: Message) -> None:
        if message["type"] == "http.response.start":
            passage.status = message["status"]
            passage.leave()
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = passage.request_id
            for name, value in {**SECURITY_HEADERS, "Cache-Control": "no-store"}.items():
                headers.setdefault(name, value)
        await send(message)

    return dressed


def _template(scope: Scope) -> str:
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) and path else "/unmatched"


def _method(scope: Scope) -> str:
    method: str = scope["method"]
    return method if method in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} else "OTHER"
