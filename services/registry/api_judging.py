"""What waits for a person's judgement, by HTTP: likely duplicates, and id numbers that came later."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict

from services.registry.api_children import do, key_after, require_children
from services.registry.child_lists import FIRST, list_learned, list_likely
from services.registry.judging import Verdict, judge_number, judge_pair
from shared.edge import CauseHere, PageHere, ReadingHere, RunningHere, Under, may
from shared.said import Day, YesOrNo
from shared.tokens import Caller, Permission

router = APIRouter(prefix="/children", tags=["judging"])

Manager = Annotated[Caller, Depends(may(Permission.MANAGE))]


class PairJudged(BaseModel):
    """Whether two files are one child; if so, which file goes on, and from when the other is closed."""

    model_config = ConfigDict(extra="forbid")

    verdict: Verdict
    survivor_id: UUID | None = None
    on: Day | None = None


class NumberJudged(BaseModel):
    """Whether an id number that came later is the child's."""

    model_config = ConfigDict(extra="forbid")

    learned_id: UUID
    confirmed: YesOrNo = True
    on: Day | None = None


@router.get("/likely-duplicates", dependencies=[Depends(may(Permission.READ))])
async def likely_duplicates(connection: ReadingHere, page: PageHere, area: Under) -> dict[str, Any]:
    """List pairs of files that may be one child and wait for a judgement."""
    rows = await list_likely(connection, prefix=area, after=_pair(page.after_key), limit=page.fetch)
    return page.of(rows, lambda row: f"{row['child_id']},{row['other_id']}")


@router.get("/learned-ids", dependencies=[Depends(may(Permission.READ))])
async def learned_ids(connection: ReadingHere, page: PageHere, area: Under) -> dict[str, Any]:
    """List children to whom a later paper gave an id number that waits to be confirmed."""
    after = key_after(page.after_key)
    rows = await list_learned(connection, prefix=area, after=after, limit=page.fetch)
    return page.of(rows, lambda row: row["learned_id"])


@router.post("/likely-duplicates/{child_id}/{other_id}/judge")
async def judge_likely(
    *,
    running: RunningHere,
    caller: Manager,
    cause: CauseHere,
    child_id: UUID,
    other_id: UUID,
    body: PairJudged,
) -> dict[str, Any]:
    """Say whether two files are one child; the same child: one file is merged into the other."""
    await require_children(running, caller, child_id, other_id)
    pair = (child_id, other_id)
    return await do(
        running,
        cause,
        body.on,
        lambda one: judge_pair(one, pair, body.verdict, body.survivor_id, caller.sub),
    )


@router.post("/{child_id}/confirm-id")
async def confirm_id(
    running: RunningHere, caller: Manager, cause: CauseHere, child_id: UUID, body: NumberJudged
) -> dict[str, Any]:
    """Confirm or dismiss an id number that a later paper gave this child."""
    await require_children(running, caller, child_id)
    return await do(
        running,
        cause,
        body.on,
        lambda one: judge_number(one, child_id, body.learned_id, caller.sub, confirmed=body.confirmed),
    )


def _pair(after_key: str | None) -> tuple[UUID, UUID]:
    one, _, other = (after_key or f"{FIRST},{FIRST}").partition(",")
    return key_after(one), key_after(other)
