"""What a route is given: who calls, why, what may be seen, which page; and how it answers."""

import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from uuid import UUID, uuid4, uuid5  # noqa: TID251 - the edge is where new ids are made

from fastapi import Depends, Header, Query, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.datastructures import UploadFile

from shared import clock, day
from shared.contracts.event import AreaCode
from shared.doorway import passage_of
from shared.event_store import Connection, Position
from shared.handling import Answer, Cause, fingerprint
from shared.problems import RETRY_SOON_SECONDS, Away, Forbidden, NotFound, Refused
from shared.running import Running
from shared.scope import NARROW_READING, scoped
from shared.subjects import SERVICES
from shared.tokens import Caller, Permission, TokenRefused
from shared.tracing import span

SESSION_COOKIE = "kith_session"
"""The HttpOnly cookie in which a browser holds its token."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
COMMAND_KEY_LENGTH_MAX = 200
AFTER_LENGTH_MAX = 400
AFTER_SECONDS_MAX = 5.0
"""How long a question waits for what its caller has just done; then it is told to come again."""

PAGE_DEFAULT = 50
PAGE_MAX = 500
KEY_LENGTH_MAX = 200

COMMANDS = UUID("0b0f2f0a-6a3c-5d7b-8a0e-3e1d9a6b4c55")
"""The namespace of command ids that come from a caller's Idempotency-Key."""

_AREA = re.compile(r"\d{6}|\d{9}|\d{12}", re.ASCII)
"""A well-formed area; what is none, the route itself refuses with its place."""
_AFTER = re.compile(r"([a-z]+):(\d{1,18}-\d{1,18})", re.ASCII)


async def running_of(request: Request) -> Running:
    """Return the service that this request came to."""
    running: Running = request.app.state.running
    return running


RunningHere = Annotated[Running, Depends(running_of)]


async def turn_of_paper(running: RunningHere) -> AsyncIterator[None]:
    """Hold the turn of papers until the request is answered. Raises Away(papers_wait)."""
    async with running.paper_turns.turn():
        yield


PaperTurn = Annotated[None, Depends(turn_of_paper)]
"""Put it last: whoever may not send a paper does not wait for a turn."""


BEARER = HTTPBearer(auto_error=False, description="a token that `kith token issue` prints")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)]


async def known_caller(request: Request, credentials: Credentials) -> Caller:
    """Return who calls, by a bearer token or the browser's session; raises TokenRefused."""
    token = credentials.credentials if credentials else request.cookies.get(SESSION_COOKIE)
    if not token:
        raise TokenRefused("token_missing")
    if credentials is None:
        _check_origin(request)
    running: Running = request.app.state.running  # every request comes here: one dependency fewer to solve
    caller = running.verifier.verify(token.strip(), clock.now())
    passage_of(request.scope).caller = caller.sub
    return caller


CallerHere = Annotated[Caller, Depends(known_caller)]


def may(permission: Permission) -> Callable[[Request, Credentials], Awaitable[Caller]]:
    """Return a dependency that gives the caller, if the caller's role has *permission*."""

    async def permitted(request: Request, credentials: Credentials) -> Caller:
        caller = await known_caller(request, credentials)  # called, since FastAPI takes longer to solve it
        if not caller.may(permission):
            raise Forbidden(permission)
        return caller

    return permitted


def require_area(caller: Caller, area: str | None) -> None:
    """Raise NotFound where *area* is unknown or lies outside the caller's areas: the two look alike."""
    if area is None or not caller.covers(area):
        raise NotFound


async def cause_of(
    request: Request,
    caller: CallerHere,
    idempotency_key: Annotated[str | None, Header(max_length=COMMAND_KEY_LENGTH_MAX, min_length=1)] = None,
) -> Cause:
    """Return why the command happens; the same Idempotency-Key of the same caller is the same command."""
    passage = passage_of(request.scope)
    repeatable = idempotency_key is not None
    command_id = uuid5(COMMANDS, f"{caller.sub}\n{idempotency_key}") if repeatable else uuid4()
    query = sorted((key, value) for key, value in request.query_params.multi_items() if key != "after")
    marks = fingerprint(request.method, request.url.path, query, await _body_digest(request))
    return Cause(
        command_id, marks, caller.sub, passage.correlation_id, passage.traceparent, repeatable=repeatable
    )


CauseHere = Annotated[Cause, Depends(cause_of)]


After = Annotated[str | None, Query(max_length=AFTER_LENGTH_MAX)]


async def before_reading(request: Request, caller: Caller, after: str | None) -> Running:
    """Return the service that is asked, once it has taken the positions in *after*.

    Raises NotFound where the request asks for an `area` outside the caller's: also for one that holds
    them, since a part of it would be taken for the whole.
    """
    area = request.query_params.get("area", "")
    if _AREA.fullmatch(area):
        require_area(caller, area)
    running: Running = request.app.state.running
    await wait_until_known(running, positions_in(after))
    return running


@asynccontextmanager
async def reading(
    request: Request, caller: Caller, after: str | None, narrowing: str = NARROW_READING
) -> AsyncIterator[Connection]:
    """Open a read transaction with the caller's areas; raises what `before_reading` does."""
    running = await before_reading(request, caller, after)
    async with scoped(running.pool, caller, narrowing) as connection:
        yield connection


async def reading_after(
    request: Request, caller: CallerHere, after: After = None
) -> AsyncIterator[Connection]:
    """Give what `reading` opens."""
    async with reading(request, caller, after) as connection:
        yield connection


ReadingHere = Annotated[Connection, Depends(reading_after, scope="function")]


def positions_in(after: str | None) -> dict[str, Position]:
    """Return the positions that "registry:123-45,contact:9-8" names; raises Refused(bad_position)."""
    positions = {}
    for part in filter(None, (after or "").split(",")):
        named = _AFTER.fullmatch(part.strip())
        if named is None or named[1] not in SERVICES:
            raise Refused("bad_position")
        positions[named[1]] = Position.parse(named[2])
    return positions


async def wait_until_known(
    running: Running, positions: Mapping[str, Position], timeout_seconds: float = AFTER_SECONDS_MAX
) -> None:
    """Wait until this service's readers have taken *positions*; raises Away(not_yet_known) after the time.

    A service needs no wait for its own log, nor for one that it does not read.
    """
    for source, position in positions.items():
        reader = f"{running.name}-from-{source}"
        if reader not in running.readers:
            continue
        with span("wait", "internal", {"messaging.consumer.group.name": reader}):
            known = await running.caught_up(reader, position, timeout_seconds)
        if not known:
            raise Away("not_yet_known", retry_seconds=RETRY_SOON_SECONDS, service=source)


async def recorded_day(running: Running, connection: Connection) -> date:
    """Return the day Kith learns of what is said now (Asia/Shanghai), never before the last day advanced to.

    Raises Refused(never_advanced) where the clock is "advanced" and no day was ever advanced to.
    """
    return day_recorded(running, await day.last_advanced(connection))


def day_recorded(running: Running, advanced: date | None) -> date:
    """Return the same where the day last advanced to is known already."""
    if running.settings.clock == "live":
        today = clock.today_in_shanghai()
        return today if advanced is None else max(today, advanced)
    if advanced is None:
        raise Refused("never_advanced", status=409)
    return advanced


def require_day_come(running: Running, to: date) -> None:
    """Raise Refused(day_to_come) for a day after today (Asia/Shanghai), where the clock is live.

    The day only goes forward: a slip of the pen would date all that is said until then.
    """
    today = clock.today_in_shanghai()
    if running.settings.clock == "live" and to > today:
        raise Refused("day_to_come", to=to, today=today)


def answer(running: Running, given: Answer) -> dict[str, Any]:
    """Return the JSON of a command's answer with its position ("<service>:<tx>-<position>"); rings the relays."""
    running.ring()
    running.metrics.commands.labels("repeated" if given.repeated else "taken").inc()
    return {**given.body, "position": f"{running.name}:{given.position}"}


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is asked for: *limit* items after the one with the key *after_key*."""

    limit: int
    after_key: str | None

    @property
    def fetch(self) -> int:
        """How many rows to fetch: one more than shown, which tells whether there is a next page."""
        return self.limit + 1

    def of(self, items: Sequence[Any], key: Callable[[Any], object]) -> dict[str, Any]:
        """Return the page as JSON: {"items": …, "next": the key to go on after, or null}."""
        shown = list(items[: self.limit])
        return {"items": shown, "next": str(key(shown[-1])) if len(items) > self.limit else None}


async def asked_page(
    limit: Annotated[int, Query(ge=1, le=PAGE_MAX)] = PAGE_DEFAULT,
    after_key: Annotated[str | None, Query(max_length=KEY_LENGTH_MAX)] = None,
) -> Page:
    """Return the page that a request asks for."""
    return Page(limit, after_key)


PageHere = Annotated[Page, Depends(asked_page)]
AreaAsked = Annotated[AreaCode, Query(description="an area by its code of 6, 9 or 12 digits")]


async def under(caller: CallerHere, area: AreaCode | None = None) -> str:
    """Return what the codes begin with of all areas that a list may show: *area*, or what all of the caller's do.

    What else begins so is kept from the caller below every query; a query that says it goes along an index.
    """
    return area or caller.areas_begin


Under = Annotated[str, Depends(under)]


def _check_origin(request: Request) -> None:
    """Refuse an unsafe request that a browser's session would sign for another site."""
    if request.method in SAFE_METHODS:
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    same_site = site in {"same-origin", "none"} if site is not None else True
    same_origin = (
        origin.partition("://")[2] == request.headers.get("host") if origin is not None else site is not None
    )
    if not (same_site and same_origin):
        raise Refused("foreign_origin", status=403)


async def _body_digest(request: Request) -> str:
    """Return what tells one body from another; of a form its fields and files, since boundaries are random."""
    content_type = request.headers.get("content-type", "")
    if not content_type.startswith(("multipart/form-data", "application/x-www-form-urlencoded")):
        return hashlib.sha256(await request.body()).hexdigest()
    digest = hashlib.sha256()
    for name, value in (await request.form()).multi_items():
        content = await _file_digest(value) if isinstance(value, UploadFile) else value
        digest.update(f"{name}\x1f{content}\x1e".encode())
    return digest.hexdigest()


async def _file_digest(upload: UploadFile) -> str:
    digest = hashlib.sha256((upload.filename or "").encode())
    while chunk := await upload.read(1024**2):
        digest.update(chunk)
    await upload.seek(0)
    return digest.hexdigest()
