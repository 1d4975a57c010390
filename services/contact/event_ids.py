"""The ids of contact's events: each derived from the rule that fired, so that it can be said only once."""

from typing import assert_never
from uuid import UUID

from shared.contracts.contact import (
    ContactEscalated,
    ContactMadeGood,
    ContactMissed,
    DayAdvanced,
    MissWithdrawn,
    VisitLogged,
    WindowJudged,
)
from shared.decider import rule_event_id
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
    return NewEvent(rule_event_id(*_cause_of(event)), event)


def _cause_of(event: RuleEvent) -> tuple[str, *tuple[object, ...]]:
    cause: tuple[str, *tuple[object, ...]]
    match event:
        case VisitLogged():
            cause = ("visit_logged", event.visit_id)
        case WindowJudged():
            cause = ("window_judged", event.kind, event.on, event.area, event.part)
        case ContactMissed():
            cause = ("contact_missed", event.child_id, event.kind, event.on)
        case ContactEscalated():
            cause = ("contact_escalated", event.child_id, event.kind, event.first_opens, event.level)
        case ContactMadeGood():
            cause = ("contact_made_good", event.child_id, event.kind, event.on)
        case MissWithdrawn():
            cause = ("miss_withdrawn", event.child_id, event.kind, event.on)
        case DayAdvanced():
            cause = ("day_advanced", event.area, event.on)
        case _:
            assert_never(event)
    return cause


def child_stream(child_id: UUID) -> str:
    """Return the stream of a child's visits and of what mends its misses."""
    return f"contact-{child_id}"
