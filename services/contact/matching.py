"""Asking the registry which children the rows of a log mean, and waiting until they are known here."""

from collections.abc import Sequence
from uuid import UUID

from services.contact.visit_log import VisitRow
from shared.asking import ask
from shared.contracts.asks import (
    MATCH_ROWS_MAX,
    MATCHES,
    Match,
    MatchesAnswer,
    MatchesQuestion,
    MatchOutcome,
    MatchRow,
)
from shared.edge import wait_until_known
from shared.event_store import Position
from shared.running import Running
from shared.sql import queries
from shared.tokens import Caller

SQL = queries(__file__)

ASK_SECONDS_MAX = 15.0
KNOWN_SECONDS_MAX = 20.0
"""How long an import waits until the children that the registry names have arrived here."""

UNKNOWN = Match(outcome=MatchOutcome.UNKNOWN)


async def match_rows(
    running: Running, caller: Caller, rows: Sequence[VisitRow], correlation_id: UUID
) -> list[Match]:
    """Return which child each row means, by id number, else by name in that village (policy.md, The papers).

    A child outside the caller's areas is unknown to the caller. Raises AskFailed where the registry does
    not answer, Away where what it names does not arrive here in time.
    """
    asked = [MatchRow(name=row.name, id_number=row.citizen_id, village=row.village or None) for row in rows]
    different = list(dict.fromkeys(asked))
    answers: dict[MatchRow, Match] = {}
    for start in range(0, len(different), MATCH_ROWS_MAX):
        some = different[start : start + MATCH_ROWS_MAX]
        answer = await ask(
            running.broker,
            "registry",
            MATCHES,
            MatchesQuestion(rows=tuple(some)),
            MatchesAnswer,
            caller=caller,
            correlation_id=correlation_id,
            timeout_seconds=ASK_SECONDS_MAX,
        )
        position = Position.parse(answer.position.rpartition(":")[2])
        await wait_until_known(running, {"registry": position}, KNOWN_SECONDS_MAX)
        answers.update(zip(some, answer.matches, strict=True))
    hidden = await _outside(running, caller, {m.child_id for m in answers.values() if m.child_id})
    return [UNKNOWN if answers[row].child_id in hidden else answers[row] for row in asked]


async def _outside(running: Running, caller: Caller, child_ids: set[UUID]) -> set[UUID]:
    rows = await running.pool.fetch(SQL.areas_of, list(child_ids))
    return {row["child_id"] for row in rows if not caller.covers(row["area"])}
