"""What a person decided about two files or about an id number that came later."""

from enum import StrEnum
from typing import Any
from uuid import UUID

from services.registry import filing
from services.registry.filing import Filing
from services.registry.identity import identity_of
from shared.decider import Rejected
from shared.problems import NotFound
from shared.sql import queries

SQL = queries(__file__)


class Verdict(StrEnum):
    """Whether two files are one child."""

    SAME = "same"
    DIFFERENT = "different"


async def judge_pair(
    one: Filing, pair: tuple[UUID, UUID], verdict: Verdict, survivor_id: UUID | None, judged_by: str
) -> dict[str, Any]:
    """Note the verdict on a likely duplicate; the same child: the file that is not the survivor is merged.

    The survivor is the file that was opened first unless another is named. A verdict stands: raises
    Rejected(judged_already) for another one.
    """
    row = await one.connection.fetchrow(SQL.lock_pair, *pair)
    if row is None:
        raise NotFound
    if row["verdict"] not in {None, verdict}:
        raise Rejected("judged_already", verdict=row["verdict"])
    if row["verdict"] == verdict:
        return {"verdict": verdict, "changed": False}
    told: dict[str, Any] = {}
    if verdict is Verdict.SAME:
        survivor = survivor_id or pair[1]
        if survivor not in pair:
            raise Rejected("survivor_unknown")
        told = await filing.merge(one, pair[0] if survivor == pair[1] else pair[1], survivor)
    await one.connection.execute(SQL.judge_pair, *pair, verdict, judged_by, one.recorded_on)
    return {**told, "verdict": verdict, "changed": True}


async def judge_number(
    one: Filing, child_id: UUID, learned_id: UUID, judged_by: str, *, confirmed: bool
) -> dict[str, Any]:
    """Confirm or dismiss an id number that came later; confirmed, it revises the vault and the claim."""
    row = await one.connection.fetchrow(SQL.lock_number, learned_id, child_id)
    if row is None:
        raise NotFound
    verdict = "confirmed" if confirmed else "dismissed"
    if row["verdict"] not in {None, verdict}:
        raise Rejected("judged_already", verdict=row["verdict"])
    if row["verdict"] == verdict:
        return {"child_id": str(child_id), "changed": False}
    told: dict[str, Any] = {"child_id": str(child_id), "changed": True}
    if confirmed:
        kept = await one.vault.read(one.connection, [child_id, learned_id])
        if len(kept) != len({child_id, learned_id}):
            raise NotFound
        identity = identity_of(kept[child_id] | kept[learned_id])
        told = await filing.revise(one, child_id, None, identity)
    await one.vault.put(one.connection, [(learned_id, {})])
    await one.connection.execute(SQL.judge_number, learned_id, verdict, judged_by, one.recorded_on)
    return told
