"""What other services ask the registry: which children a paper means, and how children are called."""

from collections.abc import Sequence
from typing import Any

from services.registry.identities import look_at
from services.registry.matching import match_rows
from shared.asking import Question
from shared.contracts.asks import (
    IDENTITIES,
    MATCHES,
    IdentitiesAnswer,
    IdentitiesQuestion,
    MatchesAnswer,
    MatchesQuestion,
)
from shared.event_store import last_position
from shared.problems import Forbidden
from shared.running import Running
from shared.scope import scoped
from shared.tokens import Caller, Permission


def questions(running: Running) -> Sequence[Question[Any, Any]]:
    """Return the questions that the registry answers."""

    async def matches(caller: Caller, asked: MatchesQuestion) -> MatchesAnswer:
        if not (caller.may(Permission.RECORD) or caller.may(Permission.IMPORT)):
            raise Forbidden(Permission.RECORD)
        async with scoped(running.pool, caller) as connection:
            found = await match_rows(connection, running.vault, asked.rows)
            return MatchesAnswer(matches=tuple(found), position=str(await last_position(connection)))

    async def identities(caller: Caller, asked: IdentitiesQuestion) -> IdentitiesAnswer:
        if not caller.may(Permission.READ):
            raise Forbidden(Permission.READ)
        async with running.pool.acquire() as connection, connection.transaction():
            seen = await look_at(
                connection, running.vault, caller, asked.ids, asked.reason, unmask=asked.unmask
            )
            return IdentitiesAnswer(identities=tuple(seen))

    return [
        Question(MATCHES, MatchesQuestion, matches),
        Question(IDENTITIES, IdentitiesQuestion, identities),
    ]
