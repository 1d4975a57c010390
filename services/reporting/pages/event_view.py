"""An event as its page shows it: one line a field, codes by their labels."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from services.reporting.pages.source import Kept
from services.reporting.pages.wording import Wording
from shared.contracts.event import (
    CarerKind,
    ContactKind,
    EscalationLevel,
    Guardianship,
    Health,
    LeavingReason,
    PairEndReason,
    Rating,
    Schooling,
    Sex,
)

NAMED_MAX = 50
"""The most ids of a list that are written out; of a longer one the count is told."""

CODE_SETS: Mapping[str, Sequence[type[StrEnum]]] = {
    "kind": (ContactKind, CarerKind),
    "reason": (LeavingReason, PairEndReason),
    "level": (EscalationLevel,),
    "sex": (Sex,),
    "health": (Health,),
    "schooling": (Schooling,),
    "guardianship": (Guardianship,),
    "rating": (Rating,),
}
"""The fields of events that hold codes, and the sets their values come from."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field by its name in the contracts, what it is called, and its value."""

    name: str
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class EventShown:
    """What the event's template shows."""

    event_type: str
    name: str
    area: str
    fields: Sequence[Field]


def event_shown(kept: Kept, area: str, say: Wording) -> EventShown:
    """Return the event's envelope and body, field by field; *area* is what its area was called."""
    envelope = {
        "event_source": kept.source,
        "event_stream": kept.stream_id,
        "event_version": kept.version,
        "event_position": kept.position,
    }
    told = [Field("event_id", say("field.event_id"), str(kept.event_id))]
    told += [Field("", say(code), str(value)) for code, value in envelope.items()]
    body = {**kept.body, "area": f"{area} {kept.area}"}
    return EventShown(kept.event_type, _name(kept.event_type, say), kept.area, [*told, *_flat(body, say)])


def _name(event_type: str, say: Wording) -> str:
    """Return what people call an event, its type where a later release has made it."""
    return say(f"event.{event_type}") if say.knows(f"event.{event_type}") else event_type


def _flat(body: Mapping[str, Any], say: Wording, before: str = "") -> Iterator[Field]:
    for name, value in body.items():
        match value:
            case dict():
                yield from _flat(value, say, f"{before}{name}.")
            case list():
                label = f"{_label(name, say)} ({len(value)})"
                yield Field(before + name, label, _listed(value, say))
            case _:
                yield Field(before + name, _label(name, say), _said(name, value, say))


def _label(name: str, say: Wording) -> str:
    return say(f"field.{name}") if say.knows(f"field.{name}") else name


def _said(name: str, value: object, say: Wording) -> str:
    match value:
        case None:
            return "—"
        case bool():
            return say("yes" if value else "no")
    for codes in CODE_SETS.get(name, ()):
        if isinstance(value, str) and value in set(codes):
            return say.label(codes(value))
    return str(value)


def _listed(values: Sequence[Any], say: Wording) -> str:
    shown = [
        " ".join(_said(name, part, say) for name, part in value.items())
        if isinstance(value, dict)
        else str(value)
        for value in values[:NAMED_MAX]
    ]
    return "; ".join([*shown, *(["…"] if len(values) > NAMED_MAX else [])])
