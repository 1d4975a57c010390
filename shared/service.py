"""Running a service: one app with its pool, its bus, its relay and readers, its routes and its end."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4  # noqa: TID251 - a replica's id has no cause but its start

import uvicorn
from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import Response
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.status import HTTP_405_METHOD_NOT_ALLOWED

from shared import bus, gauges, health, logs
from shared.asking import Question
from shared.database import pool_of
from shared.doorway import Doorway, ProblemPage, respond
from shared.event_store import Pool
from shared.garbage import settle
from shared.listening import BACKLOG_MAX, bound
from shared.metrics import Metrics
from shared.operating import operating_router
from shared.problems import PROBLEM_RESPONSES, ProblemBody
from shared.pulse import Pulses
from shared.reader import Reader
from shared.running import NotStarted, NoVault, Running
from shared.settings import EXIT_CONFIG, Settings, SettingsWrong, settings_from_environment
from shared.tending import Work, keep_going, stop
from shared.tokens import Verifier
from shared.tracing import tracing_of
from shared.vault import Vault

__all__ = ["NoVault", "NotStarted", "Running", "ServiceSpec", "create_app", "serve"]

VERSION = "0.1.0"

POOL_CLOSE_SECONDS_MAX = 5.0
GRACEFUL_SECONDS_MAX = 5
"""How long open requests may go on when the service is told to stop."""
KEEP_ALIVE_SECONDS = 30
EXIT_NOT_STARTED = 3
"""The exit code of a service that did not come up: its port is in use."""

NO_TELEMETRY: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
"""FastAPI's own would tell failures with their messages, which may quote a row; Kith has shared.tracing."""

METHODS = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")


def no_readers(_running: Running) -> Sequence[Reader]:
    """Read nothing: the default of a service that only speaks."""
    return ()


def no_answers(_running: Running) -> Sequence[Question[Any, Any]]:
    """Answer nothing: the default of a service that nobody asks."""
    return ()


def no_tasks(_running: Running) -> Mapping[str, Work]:
    """Do nothing beside: the default of a service without background work of its own."""
    return {}


@dataclass(frozen=True)
class ServiceSpec:
    """What makes a service this one. Each function gets the running service before it has its pool."""

    name: str
    routers: Callable[[Running], Sequence[APIRouter]]
    readers: Callable[[Running], Sequence[Reader]] = no_readers
    answers: Callable[[Running], Sequence[Question[Any, Any]]] = no_answers
    tasks: Callable[[Running], Mapping[str, Work]] = no_tasks
    vault: bool = True
    """Whether it keeps or derives anything from the vault's secret."""
    problem_page: ProblemPage | None = None


def create_app(spec: ServiceSpec, settings: Settings | None = None) -> FastAPI:
    """Return the app of a service; nothing is reached before its lifespan starts.

    Without *settings* those of the environment hold; where they are wrong they are told on stderr and
    the process ends with EXIT_CONFIG.
    """
    try:
        settings = settings or settings_from_environment()
        running = _running(spec, settings)
    except SettingsWrong as wrong:
        sys.stderr.write(f"{wrong}\n")
        raise SystemExit(EXIT_CONFIG) from None
    logs.configure(spec.name, settings.log_level)
    readers = list(spec.readers(running))
    running.readers = tuple(reader.name for reader in readers)
    questions = spec.answers(running)
    running.broker = bus.make_broker(settings, spec.name, questions, running.tracing)
    health.watch_parts(running, [reader.name for reader in readers])

    app = FastAPI(
        title=f"Kith {spec.name}",
        version=VERSION,
        docs_url=None,
        redoc_url=None,
        responses=PROBLEM_RESPONSES,
        telemetry=NO_TELEMETRY,
        generate_unique_id_function=_operation_id,
        lifespan=_lifespan(spec, running, lambda: bus.hold(running, readers, questions)),
    )
    app.state.running = running
    app.add_middleware(
        Doorway,
        metrics=running.metrics,
        tracing=running.tracing,
        upload_bytes_max=settings.upload_bytes_max,
        problem_page=spec.problem_page,
    )
    _tell_problems(app, spec.problem_page)
    # The service's own come first, since FastAPI looks at one after the other.
    for router in (*spec.routers(running), health.health_router(running), operating_router(running)):
        app.include_router(router)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign] # FastAPI's own way to extend it
    return app


def serve(factory: str, settings: Settings | None = None) -> None:
    """Serve the app that *factory* ("module:function") makes until told to stop.

    Ends with EXIT_CONFIG where the settings are wrong, EXIT_NOT_STARTED where the address is in use.
    """
    try:
        settings = settings or settings_from_environment()
    except SettingsWrong as wrong:
        sys.stderr.write(f"{wrong}\n")
        raise SystemExit(EXIT_CONFIG) from None
    config = uvicorn.Config(
        factory,
        factory=True,
        host=settings.http_host,
        port=settings.http_port,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        lifespan="on",
        server_header=False,
        backlog=BACKLOG_MAX,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACEFUL_SECONDS_MAX,
    )
    config.load()
    server = uvicorn.Server(config)
    try:
        sockets = bound(settings.http_host, settings.http_port)
        settle()
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets)
    except OSError as refused:
        if server.started:
            raise
        sys.stderr.write(
            f"KITH_HTTP_HOST and KITH_HTTP_PORT ({settings.http_host}, {settings.http_port}) cannot be listened on: "
            f"{refused.strerror}. Choose another port, or end what listens there.\n"
        )
        raise SystemExit(EXIT_NOT_STARTED) from None
    if not server.started:
        raise SystemExit(EXIT_NOT_STARTED)


def _running(spec: ServiceSpec, settings: Settings) -> Running:
    """Return the service with everything that its settings' files make; raises SettingsWrong."""
    if spec.vault and settings.vault_secret_file is None:
        raise SettingsWrong(
            "settings are missing:\n  KITH_VAULT_SECRET_FILE, the secret of the identity vault"
        )
    settings.check_secrets()
    try:
        verifier = Verifier(settings.token_keys_file, settings.revoked_tokens_file)
    except (OSError, ValueError) as unusable:
        files = f"{settings.token_keys_file} or {settings.revoked_tokens_file}"
        raise SettingsWrong(
            f"KITH_TOKEN_KEYS_FILE or KITH_REVOKED_TOKENS_FILE ({files}) cannot be used: {unusable}"
        ) from None
    secret = settings.vault_secret_file if spec.vault else None
    try:
        kept = None if secret is None else Vault.from_file(secret, spec.name)
    except (OSError, ValueError) as unusable:
        raise SettingsWrong(f"KITH_VAULT_SECRET_FILE ({secret}) cannot be used: {unusable}") from None
    replica = uuid4()
    return Running(
        name=spec.name,
        version=VERSION,
        replica=replica,
        settings=settings,
        broker=bus.make_broker(settings, spec.name),
        verifier=verifier,
        bell=asyncio.Event(),
        log=logs.get_log(),
        metrics=Metrics(VERSION),
        pulses=Pulses(),
        kept=kept,
        tracing=tracing_of(settings, spec.name, VERSION, replica),
    )


Lifespan = Callable[[FastAPI], contextlib.AbstractAsyncContextManager[None]]


def _lifespan(spec: ServiceSpec, running: Running, hold_the_bus: Work) -> Lifespan:
    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        running.connections = await pool_of(running.name, running.settings)
        running.log.info("started", version=VERSION)
        work: dict[str, Work] = {
            "database": lambda: health.look(running),
            "gauges": lambda: gauges.look_for_ever(running),
            "bus": hold_the_bus,
            **spec.tasks(running),
        }
        tasks = [asyncio.create_task(keep_going(name, doing), name=name) for name, doing in work.items()]
        try:
            yield
        finally:
            running.log.info("stopping")
            await stop(tasks)
            await _close(running.connections)
            running.connections = None
            await asyncio.to_thread(running.tracing.close)
            running.log.info("stopped")

    return lifespan


async def _close(pool: Pool) -> None:
    try:
        async with asyncio.timeout(POOL_CLOSE_SECONDS_MAX):
            await pool.close()
    except TimeoutError:
        pool.terminate()


def _tell_problems(app: FastAPI, problem_page: ProblemPage | None) -> None:
    async def tell(request: Request, failure: Exception) -> Response:
        if isinstance(failure, HTTPException) and failure.status_code == HTTP_405_METHOD_NOT_ALLOWED:
            failure = HTTPException(failure.status_code, headers={"Allow": _methods_at(request)})
        return await respond(request, failure, problem_page)

    app.add_exception_handler(HTTPException, tell)
    app.add_exception_handler(RequestValidationError, tell)


def _methods_at(request: Request) -> str:
    """Return the methods that this address takes: each of its routes knows only its own."""

    def taken(method: str) -> bool:
        scope = {**request.scope, "method": method}
        return any(route.matches(scope)[0] is Match.FULL for route in request.app.router.routes)

    return ", ".join(filter(taken, METHODS))


def _operation_id(route: APIRoute) -> str:
    """Return a name that no other operation has: the method and the path."""
    path = route.path_format.strip("/").replace("{", "").replace("}", "")
    method = min(route.methods or {"get"}).lower()
    return "_".join((method, *filter(None, path.replace("-", "_").replace(".", "_").split("/"))))


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        schema = get_openapi(title=app.title, version=app.version, routes=app.routes)
        schemas = schema.setdefault("components", {}).setdefault("schemas", {})
        schemas["Problem"] = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
        app.openapi_schema = schema
    return app.openapi_schema
