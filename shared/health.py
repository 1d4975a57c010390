"""Whether a service is alive, fit for work, and how it is doing: for orchestrators and for Prometheus."""

import asyncio
from collections.abc import Callable
from typing import Any

import structlog
from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from shared import clock, gauges
from shared.event_store import horizon_lag
from shared.reader import ReaderState
from shared.receiving import Receiving
from shared.relay import RelayState
from shared.running import Running
from shared.schema import Fit, schema_fit
from shared.stopping import stop_if_cancelled

LOOK_SECONDS = 2.0
DATABASE_SECONDS_MAX = 10.0
BUS_SECONDS_MAX = 15.0
RELAY_SECONDS_MAX = 15.0
READER_SECONDS_MAX = 20.0
"""How old the last success of a part may be before the service is not ready."""

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

log = structlog.get_logger()


def health_router(running: Running) -> APIRouter:
    """Return /livez, /readyz and /metrics; they need no token and tell nothing of anybody."""
    router = APIRouter(tags=["health"])

    @router.get("/livez")
    async def livez() -> dict[str, bool]:
        """Say that the event loop turns."""
        return {"alive": True}

    @router.get("/readyz", responses={503: {"description": "a part has not worked for too long"}})
    async def readyz() -> JSONResponse:
        """Say whether every part has done its work lately, and which has not for how long."""
        pulses = running.pulses.feel()
        ready = running.connections is not None and all(pulse.alive for pulse in pulses)
        parts: dict[str, dict[str, Any]] = {
            pulse.part: {
                "ok": pulse.alive,
                "age_seconds": None if pulse.age_seconds is None else round(pulse.age_seconds, 1),
                "limit_seconds": pulse.limit_seconds,
            }
            for pulse in pulses
        }
        if running.schema_unfit:
            parts["schema"]["why"] = running.schema_unfit
        if running.relay is not None and running.relay.state.error:
            parts["relay"]["why"] = running.relay.state.error
        told = {"ready": ready, "version": running.version, "parts": parts}
        return JSONResponse(told, 200 if ready else 503)

    @router.get("/metrics", response_class=Response)
    async def metrics() -> Response:
        """Return what Prometheus reads."""
        gauges.read_off(running)
        return Response(running.metrics.text(), media_type=METRICS_TYPE)

    return router


def watch_parts(running: Running, readers: list[str]) -> None:
    """Expect signs of life of the database, its schema, the bus, the relay and each reader."""
    running.pulses.watch("database", DATABASE_SECONDS_MAX)
    running.pulses.watch("schema", DATABASE_SECONDS_MAX)
    running.pulses.watch("bus", BUS_SECONDS_MAX)
    running.pulses.watch(
        "relay", RELAY_SECONDS_MAX, lambda: None if running.relay is None else _worked(running.relay.state)
    )
    for reader in readers:
        running.pulses.watch(f"reader:{reader}", READER_SECONDS_MAX, _of_reader(running, reader))


async def look(running: Running) -> None:
    """Look at the database and its schema every LOOK_SECONDS, until cancelled."""
    state = ""
    while True:
        try:
            async with asyncio.timeout(DATABASE_SECONDS_MAX), running.pool.acquire() as connection:
                running.metrics.horizon_lag_seconds.set(await horizon_lag(connection))
                _judge(running, await schema_fit(connection, running.name))
            running.pulses.beat("database")
            now, error = "connected", None
        except Exception as failure:  # noqa: BLE001 - said once, and looked again
            now, error = "away", type(failure).__name__
        if now != state:
            (log.info if error is None else log.warning)("database_state", state=now, error=error)
            state = now
        stop_if_cancelled()
        await asyncio.sleep(LOOK_SECONDS)


def _judge(running: Running, fit: Fit) -> None:
    """Say once that the schema does not fit this release, and be unready as long as that is so."""
    unfit = str(fit)
    if fit.runs:
        running.pulses.beat("schema")
    if unfit != running.schema_unfit:
        running.schema_unfit = unfit
        (log.info if fit.runs else log.error)("schema_state", state="fits" if fit.runs else unfit)


def _of_reader(running: Running, reader: str) -> Callable[[], float | None]:
    def last_success() -> float | None:
        found: list[Receiving] = [one for one in running.receivings if one.reader.name == reader]
        return _worked(found[0].state) if found else None

    return last_success


def _worked(state: RelayState | ReaderState) -> float | None:
    """Return when a worker last succeeded, or None; to wait for the lease that another replica holds is work too."""
    return clock.elapsed() if state.name == "waiting_for_lease" else state.last_success
