"""Masked names for a list: children of the registry, carers of pairing, asked with the caller's own rights."""

from collections.abc import Collection, Mapping
from uuid import UUID

from faststream.nats import NatsBroker

from shared.asking import AskFailed, ask
from shared.contracts.asks import (
    CARERS,
    IDENTITIES,
    CarersAnswer,
    CarersQuestion,
    IdentitiesAnswer,
    IdentitiesQuestion,
)
from shared.problems import Refused
from shared.tokens import Caller

ANSWER_SECONDS = 2.0
"""A list is shown without names rather than later."""
REASON = "list"
"""Why a name is looked at, as the vault's record of looks says it."""

Names = Mapping[UUID, str]


async def names_of_children(broker: NatsBroker, caller: Caller, ids: Collection[UUID]) -> Names | None:
    """Return masked names by child; None where the registry does not answer."""
    if not ids:
        return {}
    question = IdentitiesQuestion(ids=tuple(ids), reason=REASON)
    try:
        answer = await ask(
            broker,
            "registry",
            IDENTITIES,
            question,
            IdentitiesAnswer,
            caller=caller,
            timeout_seconds=ANSWER_SECONDS,
        )
    except (AskFailed, Refused):
        return None
    return {one.child_id: one.name for one in answer.identities}


async def names_of_carers(broker: NatsBroker, caller: Caller, ids: Collection[UUID]) -> Names | None:
    """Return masked names by carer; None where pairing does not answer."""
    if not ids:
        return {}
    question = CarersQuestion(ids=tuple(ids), reason=REASON)
    try:
        answer = await ask(
            broker, "pairing", CARERS, question, CarersAnswer, caller=caller, timeout_seconds=ANSWER_SECONDS
        )
    except (AskFailed, Refused):
        return None
    return {one.carer_id: one.name for one in answer.carers}
