"""The ids of contact's events, each from the name that its rule gives it, a million of them a month."""

from hashlib import sha1
from typing import assert_never
from uuid import UUID

from asyncpg.pgproto.pgproto import UUID as DriversUUID  # noqa: N811 - its name tells it from the library's

from shared.contracts.contact import (
    ContactEscalated,
    ContactMadeGood,
    ContactMissed,
    DayAdvanced,
    MissWithdrawn,
    VisitLogged,
    WindowJudged,
)
from shared.dated_ids import event_bits
from shared.decider import RULES
from shared.event_store import NewEvent

RuleEvent = (
    VisitLogged
    | WindowJudged
    | ContactMissed
    | ContactEscalated
    | ContactMadeGood
    | MissWithdrawn
    | DayAdvanced
)


_NAMED_IN_RULES = sha1(RULES.bytes, usedforsecurity=False)


def with_id(event: RuleEvent) -> NewEvent:
    """Return what `NewEvent.named` makes of *event* and its rule's name for it, in half the time.

    To make a UUID takes as long as to find its bits: whoever names a million events makes the database driver's.
    """
    named = _NAMED_IN_RULES.copy()
    named.update(_name_of(event).encode())
    bits = event_bits(int.from_bytes(named.digest()[:16]), event.recorded_on, event.area)
    return NewEvent(DriversUUID(bits.to_bytes(16)), event)


def _name_of(event: RuleEvent) -> str:
    """Return the rule and its parts, each by its str(): to be asked for a format first costs a UUID twice that."""
    match event:  # most often the first
        case ContactMissed():
            name = f"contact_missed/{event.child_id!s}/{event.kind!s}/{event.on!s}"
        case ContactEscalated():
            name = (
                f"contact_escalated/{event.child_id!s}/{event.kind!s}/{event.first_opens!s}/{event.level!s}"
            )
        case VisitLogged():
            name = f"visit_logged/{event.visit_id!s}"
        case WindowJudged():
            name = f"window_judged/{event.kind!s}/{event.on!s}/{event.area}/{event.part}"
        case ContactMadeGood():
            name = f"contact_made_good/{event.child_id!s}/{event.kind!s}/{event.on!s}"
        case MissWithdrawn():
            name = f"miss_withdrawn/{event.child_id!s}/{event.kind!s}/{event.on!s}"
        case DayAdvanced():
            name = f"day_advanced/{event.area}/{event.on!s}"
        case _:
            assert_never(event)
    return name


def child_stream(child_id: UUID) -> str:
    """Return the stream of a child's visits and of what mends its misses."""
    return f"contact-{child_id}"
