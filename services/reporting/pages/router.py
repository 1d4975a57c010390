"""The pages' addresses: dashboard, lists, events, summary, and the signal that something changed."""

from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import RedirectResponse, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from faststream.nats import NatsBroker
from markupsafe import Markup
from starlette.status import HTTP_303_SEE_OTHER

from services.reporting.figures import figures
from services.reporting.lists import BadKey, Page, list_behind
from services.reporting.measure import Item, Measure
from services.reporting.measures import UnknownMeasure, measure_named
from services.reporting.pages import assets, source
from services.reporting.pages.asked import Asked, NoDay, asked_by
from services.reporting.pages.board import Board
from services.reporting.pages.changes import Changes, TooManyPages
from services.reporting.pages.event_view import event_shown
from services.reporting.pages.html_route import HtmlRoute
from services.reporting.pages.list_view import areas_of, list_shown
from services.reporting.pages.names import Names, names_of_carers, names_of_children
from services.reporting.pages.reader import WordingHere
from services.reporting.pages.rendering import CONTENT_POLICY, page
from services.reporting.pages.sessions import sessions_router
from services.reporting.pages.summary_view import Summary
from services.reporting.question import LiveTables, Reader
from shared import clock
from shared.contracts.event import AreaCode
from shared.edge import AreaAsked, PageHere, RunningHere, require_area
from shared.event_store import Connection
from shared.problems import Away, NotFound, Refused
from shared.tokens import Caller

FOR_EVER = "public, max-age=31536000, immutable"
NO_PLACE_RETRY_SECONDS = 60


async def asked_of(request: Request, caller: Caller, area: str, connection: Connection) -> Asked:
    """Return what a request asks; raises NotFound outside the caller's areas, and Refused(bad_day)."""
    require_area(caller, area)
    try:
        return asked_by(
            area, request.query_params, await source.latest(connection, clock.today_in_shanghai())
        )
    except NoDay as wrong:
        name = str(wrong)
        raise Refused("bad_day", name=name, written=request.query_params.get(name, "")) from None


def pages_router(changes: Changes) -> APIRouter:
    """Return all routes of the pages; they come before the JSON routes of the same addresses."""
    router = APIRouter(include_in_schema=False)
    parts = (board_routes(), list_routes(), sessions_router(), static_routes(), change_routes(changes))
    for part in parts:
        router.include_router(part)
    return router


def board_routes() -> APIRouter:
    """Return the routes of the dashboard and of the summary made from the same facts."""
    router = APIRouter()

    @router.get("/")
    async def home(request: Request, caller: Reader, connection: LiveTables, say: WordingHere) -> Response:
        """Go to the caller's highest area; before any area is known, say what to do."""
        day = await source.latest(connection, clock.today_in_shanghai())
        area = await source.top_area(connection, day)
        if area is None:
            return page("empty.html", say, request, caller=caller)
        return RedirectResponse(f"/areas/{area}", HTTP_303_SEE_OTHER)

    @router.get("/areas/{code}")
    async def board(
        request: Request, caller: Reader, connection: LiveTables, say: WordingHere, code: AreaCode
    ) -> Response:
        """Show the dashboard of an area."""
        asked = await asked_of(request, caller, code, connection)
        facts = await source.facts_of(connection, asked)
        return page("board.html", say, request, caller=caller, b=Board(facts, say))

    @router.get("/summary")
    async def summary(
        request: Request, caller: Reader, connection: LiveTables, say: WordingHere, area: AreaAsked
    ) -> Response:
        """Show the work summary of an area, as one file that prints and can be kept."""
        asked = await asked_of(request, caller, area, connection)
        facts = await source.facts_of(connection, asked)
        sheet = Markup(assets.STYLESHEET.content)  # noqa: S704 - our own file
        response = page("summary.html", say, request, s=Summary(facts, say), stylesheet=sheet)
        response.headers["Content-Security-Policy"] = CONTENT_POLICY.replace(
            "style-src 'self'", f"style-src {assets.STYLESHEET.csp_source}"
        )
        return response

    return router


def list_routes() -> APIRouter:
    """Return the routes that lead from a number to its rows and from a row to its events."""
    router = APIRouter(route_class=HtmlRoute)

    @router.get("/lists/{name}")
    async def list_page(
        *,
        request: Request,
        running: RunningHere,
        caller: Reader,
        connection: LiveTables,
        say: WordingHere,
        name: str,
        area: AreaAsked,
        wanted: PageHere,
        nth: Annotated[int, Query(ge=1)] = 1,
    ) -> Response:
        """Show the rows behind a number, with masked names where the registry answers."""
        asked = await asked_of(request, caller, area, connection)
        measure, when = _measure(name), source.when_of(asked)
        try:
            rows = await list_behind(
                connection, name, area, when, after_key=wanted.after_key, limit=wanted.limit
            )
        except BadKey:
            raise Refused("bad_page_key") from None
        count = (await figures(connection, area, when, [name]))[name]
        path = await source.path_to(connection, asked)
        areas = await source.names_of(connection, areas_of(rows), asked.as_of, asked.known_on)
        names = await _names(running.broker, caller, measure, rows)
        shown = list_shown(
            asked, measure, rows, say, count=count, nth=nth, path=path, areas=areas, names=names
        )
        return page("list.html", say, request, caller=caller, l=shown)

    @router.get("/received/{event_id}")
    async def event_page(
        request: Request, caller: Reader, connection: LiveTables, say: WordingHere, event_id: UUID
    ) -> Response:
        """Show an event that a number rests on."""
        kept = await source.event_kept(connection, event_id)
        day = await source.latest(connection, clock.today_in_shanghai())
        names = await source.names_of(connection, [kept.area], day, day)
        shown = event_shown(kept, names.get(kept.area, ""), say)
        return page("event.html", say, request, caller=caller, e=shown)

    return router


def static_routes() -> APIRouter:
    """Return the route of stylesheet, script and icon."""
    router = APIRouter()

    @router.get("/static/{name}")
    async def static(name: str) -> Response:
        """Give a file whose address changes with its content."""
        asset = assets.ASSETS.get(name)
        if asset is None:
            raise NotFound
        return Response(asset.content, media_type=asset.media_type, headers={"Cache-Control": FOR_EVER})

    return router


def change_routes(changes: Changes) -> APIRouter:
    """Return the route on which open pages hear that something changed."""
    router = APIRouter()

    # Whatever is to be refused must be so before the answer begins, which a stream does at its first step.
    async def listening(caller: Reader, area: AreaAsked) -> AsyncIterator[AsyncIterator[int]]:
        require_area(caller, area)
        try:
            with changes.listening(area) as arrivals:
                yield arrivals
        except TooManyPages:
            raise Away("busy", retry_seconds=NO_PLACE_RETRY_SECONDS) from None

    @router.get("/changes", response_class=EventSourceResponse)
    async def told(
        arrivals: Annotated[AsyncIterator[int], Depends(listening)], area: AreaAsked
    ) -> AsyncIterator[ServerSentEvent]:
        """Say "changed" with the area and the newest arrival; the page then asks again with its own rights."""
        async for arrival in arrivals:
            yield ServerSentEvent(event="changed", data={"area": area, "arrival": arrival})

    return router


async def _names(broker: NatsBroker, caller: Caller, measure: Measure, page: Page) -> Names | None:
    """Return the masked names of the rows, whether children or carers; None where nobody answers."""
    if measure.item is Item.CARER:
        return await names_of_carers(broker, caller, {row.item for row in page.rows})
    return await names_of_children(broker, caller, {row.child_id for row in page.rows if row.child_id})


def _measure(name: str) -> Measure:
    try:
        return measure_named(name)
    except UnknownMeasure:
        raise NotFound("measure_unknown", name=name) from None
