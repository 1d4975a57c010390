"""The ids of contact's events: each derived from the rule that fired, so that it can be said only once."""

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
from shared.decider import rule_event_bytes
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


def with_id(event: RuleEvent) -> NewEvent:
    """Return *event* with the id that its rule gives it, the same on every replica and for ever."""
    return NewEvent(DriversUUID(rule_event_bytes(_name_of(event), event.recorded_on)), event)


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
