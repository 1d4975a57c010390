"""What operators of a service may see and do: its state, its log, its parked events, who holds it back."""

import re
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import asyncpg
import orjson
from fastapi import APIRouter, Depends, Path, Query
from pydantic import StringConstraints

from shared import clock, parked
from shared.contracts.event import NO_TOWNSHIP, subject_of
from shared.day import last_advanced
from shared.edge import PAGE_MAX, PageHere, may, require_area
from shared.event_store import SQL as LOG_SQL
from shared.event_store import START, Position, Recorded, find_event, horizon_lag, last_position
from shared.gauges import lag_seconds
from shared.problems import Away, NotFound, Refused
from shared.reader import ReaderState
from shared.running import Running
from shared.sql import queries
from shared.tokens import Caller, Permission

SQL = queries(__file__)

SCAN_MAX = 10_000
"""Events looked through for one answer: who searches for rare ones asks again from `next`."""
SUBJECT_LENGTH_MAX = 200

SUBJECT_TOKENS = 5
NOTHING = "^$"
"""The pattern that no event type fits."""

_NUMBER = re.compile(r"[0-9]{1,18}")
_TOKEN = re.compile(r"\*|[A-Za-z0-9_]+")

PositionText = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,18}-[0-9]{1,18}$")]
Operator = Annotated[Caller, Depends(may(Permission.OPERATE))]
ParkedId = Annotated[int, Path(ge=1, lt=2**63)]
COUNTY_DIGITS = 6


async def of_a_whole_county(operator: Operator) -> Caller:
    """Return the caller, an operator of a county: a parked event may be of any area, or of none that can be read."""
    if all(len(area) > COUNTY_DIGITS for area in operator.areas):
        raise NotFound
    return operator


CountyOperator = Annotated[Caller, Depends(of_a_whole_county)]


def operating_router(running: Running) -> APIRouter:
    """Return the operators' routes of one service."""
    router = APIRouter(tags=["operating"])
    _add_status(router, running)
    _add_log(router, running)
    _add_parked(router, running)
    return router


def _add_status(router: APIRouter, running: Running) -> None:
    @router.get("/status")
    async def status(_operator: Operator) -> dict[str, Any]:
        """Say where the service is: its day, its log, its relay, its readers."""
        async with running.pool.acquire() as connection:
            advanced = await last_advanced(connection)
            log_end = await last_position(connection)
            lag = await horizon_lag(connection)
            readers = await connection.fetch(SQL.readers, list(running.readers))
        return {
            "service": running.name,
            "version": running.version,
            "replica": str(running.replica),
            "clock": running.settings.clock,
            "day": advanced,
            "today": clock.today_in_shanghai(),
            "position": f"{running.name}:{log_end}",
            "relay": _relay_state(running),
            "readers": [_reader_state(running, row) for row in readers],
            "horizon_lag_seconds": round(lag, 3),
        }

    @router.get("/horizon")
    async def horizon(_operator: Operator) -> dict[str, Any]:
        """Name the open write transactions that hold every reader back, the longest first."""
        async with running.pool.acquire() as connection:
            holders = await connection.fetch(LOG_SQL.horizon_holders)
            return {"lag_seconds": await horizon_lag(connection), "holders": [dict(row) for row in holders]}


def _add_log(router: APIRouter, running: Running) -> None:
    @router.get("/events")
    async def events(
        operator: Operator,
        *,
        after: PositionText = str(START),
        stream: Annotated[str | None, Query(max_length=SUBJECT_LENGTH_MAX)] = None,
        event_type: Annotated[str | None, Query(max_length=SUBJECT_LENGTH_MAX)] = None,
        subject: Annotated[str | None, Query(max_length=SUBJECT_LENGTH_MAX)] = None,
        limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = 100,
    ) -> dict[str, Any]:
        """Return events of the caller's areas after a position, in the order of the log.

        *subject* may hold the bus's wildcards. `next` is where to go on, also where nothing fitted.
        """
        place = Position.parse(after)
        type_pattern, area_pattern = _patterns(running.name, subject)
        rows = await running.pool.fetch(
            SQL.tail,
            *place,
            stream,
            list(operator.areas),
            event_type,
            type_pattern,
            area_pattern,
            SCAN_MAX,
            limit,
        )
        found = [Recorded(*list(row.values())[:-1]) for row in rows if row["fits"]]
        looked_to = [Position(row["tx"], row["position"]) for row in rows if not row["fits"]]
        end = found[-1].place if len(found) == limit else (looked_to or [place])[0]
        return {"events": [_shown(running.name, recorded) for recorded in found], "next": str(end)}

    @router.get("/events/{event_id}")
    async def event(event_id: UUID, operator: Operator) -> dict[str, Any]:
        """Return one event of the caller's areas."""
        async with running.pool.acquire() as connection:
            recorded = await find_event(connection, event_id)
        if recorded is None:
            raise NotFound
        shown = _shown(running.name, recorded)
        require_area(operator, shown["data"].get("area"))
        return shown


def _add_parked(router: APIRouter, running: Running) -> None:
    @router.get("/parked")
    async def list_parked(_operator: CountyOperator, page: PageHere) -> dict[str, Any]:
        """List the events that a reader could not apply, the oldest first."""
        after = _number(page.after_key)
        async with running.pool.acquire() as connection:
            rows = await parked.list_parked(connection, after, page.fetch)
        return page.of([_placed(row) for row in rows], key=lambda row: row["parked_id"])

    @router.get("/parked/{parked_id}")
    async def show_parked(parked_id: ParkedId, _operator: CountyOperator) -> dict[str, Any]:
        """Show one parked event with its body and why it is parked."""
        async with running.pool.acquire() as connection:
            try:
                return _placed(await parked.show_parked(connection, parked_id))
            except parked.NotParked:
                raise NotFound("parked_unknown", parked_id=parked_id) from None

    @router.post("/parked/{parked_id}/retry")
    async def retry_parked(parked_id: ParkedId, _operator: CountyOperator) -> dict[str, Any]:
        """Apply a parked event and those behind it in its stream; say how many were applied."""
        if running.readers and not running.receivings:
            raise Away("bus_away")
        try:
            return {"applied": await parked.retry_parked(running.pool, running.receivings, parked_id)}
        except parked.NotParked:
            raise NotFound("parked_unknown", parked_id=parked_id) from None

    @router.post("/parked/{parked_id}/drop")
    async def drop_parked(parked_id: ParkedId, operator: CountyOperator) -> dict[str, Any]:
        """Do without one parked event for good."""
        try:
            await parked.drop_parked(running.pool, parked_id)
        except parked.NotParked:
            raise NotFound("parked_unknown", parked_id=parked_id) from None
        running.log.warning("parked_dropped", sequence=parked_id, caller=operator.sub)
        return {"dropped": parked_id}


def _relay_state(running: Running) -> dict[str, Any] | None:
    if running.relay is None:
        return None
    state = running.relay.state
    since = state.last_success
    return {
        "state": state.name,
        "published": str(state.published),
        "stream_sequence": state.stream_sequence,
        "published_total": state.published_total,
        "error": state.error,
        "age_seconds": None if since is None else round(max(clock.elapsed() - since, 0.0), 1),
    }


def _reader_state(running: Running, row: asyncpg.Record) -> dict[str, Any]:
    """Return where a reader is, which the database knows, and how this replica's part in it goes.

    Only the replica that reads knows how far there is to go: of the others, and before the bus was
    reached, lag_events is None.
    """
    found = (one.state for one in running.receivings if one.reader.name == row["reader"])
    state = next(found, ReaderState())
    reading = state.name not in {"starting", "waiting_for_lease"}
    return {
        "name": row["reader"],
        "source": row["reader"].removeprefix(f"{running.name}-from-"),
        "state": state.name,
        "checkpoint": str(Position(row["tx"], row["position"])),
        "lag_events": state.lag_events if reading else None,
        "lag_seconds": round(lag_seconds(state), 1) if reading else None,
        "received_total": state.received_total,
        "parked": row["parked"],
        "error": state.error,
    }


def _shown(service: str, recorded: Recorded) -> dict[str, Any]:
    data = orjson.loads(recorded.data)
    return {
        "event_id": str(recorded.event_id),
        "event_type": recorded.event_type,
        "schema_version": recorded.schema_version,
        "stream_id": recorded.stream_id,
        "version": recorded.version,
        "position": str(recorded.place),
        "stored_at": recorded.stored_at.isoformat(),
        "subject": subject_of(service, recorded.event_type, data.get("area", "")),
        "data": data,
        "meta": orjson.loads(recorded.meta),
    }


def _placed(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a parked event with its place in one text."""
    rest = {name: value for name, value in row.items() if name not in {"tx", "position"}}
    return {**rest, "position": str(Position(row["tx"], row["position"]))}


def _patterns(service: str, subject: str | None) -> tuple[str | None, str | None]:
    """Return regular expressions for the event type and the area that *subject*, with wildcards, picks."""
    if subject is None:
        return None, None
    tokens = subject.split(".")
    if tokens[-1] == ">":
        tokens = [*tokens[:-1], *["*"] * (SUBJECT_TOKENS - len(tokens) + 1)]
    if len(tokens) != SUBJECT_TOKENS or not all(_TOKEN.fullmatch(token) for token in tokens):
        raise Refused("bad_subject")
    root, county, township, speaker, event_type = tokens
    if root not in {"kith", "*"} or speaker not in {service, "*"}:
        return NOTHING, None
    return (None if event_type == "*" else f"^{event_type}$"), _area_pattern(county, township)


def _area_pattern(county: str, township: str) -> str | None:
    match county, township:
        case "*", "*":
            return None
        case _, "*":
            return f"^{county}"
        case _, code if code == NO_TOWNSHIP:
            return r"^\d{6}$" if county == "*" else f"^{county}$"
        case _:
            return f"^{township}"


def _number(key: str | None) -> int:
    if key is None:
        return 0
    if not _NUMBER.fullmatch(key):
        raise Refused("bad_page_key")
    return int(key)
