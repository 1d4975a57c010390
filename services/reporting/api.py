"""Everything that reporting answers over HTTP."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends

from services.reporting.figures_api import lists_router
from services.reporting.rebuilding import PROJECTIONS, AlreadyRebuilding, Rebuilding, progress
from services.reporting.summaries_api import summaries_router
from shared.edge import may
from shared.problems import NotFound, Refused
from shared.running import Running
from shared.tokens import Caller, Permission

Operator = Annotated[Caller, Depends(may(Permission.OPERATE))]
ALL = "all"


def json_routers(running: Running, rebuilding: Rebuilding) -> Sequence[APIRouter]:
    """Return the routers that answer with JSON, but for the numbers themselves."""
    return (
        lists_router(),
        summaries_router(running),
        rebuild_router(running, rebuilding),
    )


def rebuild_router(running: Running, rebuilding: Rebuilding) -> APIRouter:
    """Return the routes of rebuilding."""
    router = APIRouter(prefix="/rebuild", tags=["operating"])

    @router.post("/{projection}", status_code=202)
    async def rebuild(projection: str, operator: Operator) -> dict[str, Any]:
        """Make a projection anew beside the live one; ask again here how far it has come."""
        name = _projection(projection)
        try:
            asked = await rebuilding.ask(running.pool, name)
        except AlreadyRebuilding:
            raise Refused("already_rebuilding", status=409, projection=name) from None
        running.log.info("rebuild_asked", projection=name, caller=operator.sub)
        return asdict(asked)

    @router.get("/{projection}")
    async def ask_progress(projection: str, _operator: Operator) -> dict[str, Any]:
        """Return the state of the last rebuild: never, asked, running, done or failed, and how many events."""
        return asdict(await progress(running.pool, _projection(projection)))

    return router


def _projection(asked: str) -> str:
    """Return the projection asked for; there is one, so that "all" means it."""
    name = PROJECTIONS[0] if asked == ALL else asked
    if name not in PROJECTIONS:
        raise NotFound("projection_unknown", projection=asked, known=[*PROJECTIONS, ALL])
    return name
