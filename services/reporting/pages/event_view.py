"""An event as its page shows it: one line a field, in the words of the contracts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.reporting.pages.source import Kept
from services.reporting.pages.wording import Wording

NAMED_MAX = 50
"""The most ids of a list that are written out; of a longer one the count is told."""


@dataclass(frozen=True, slots=True)
class EventShown:
    """What the event's template shows."""

    event_type: str
    fields: Sequence[tuple[str, str]]


def event_shown(kept: Kept, say: Wording) -> EventShown:
    """Return the event's envelope and body, field by field."""
    envelope = {
        "event_id": kept.event_id,
        "event_source": kept.source,
        "event_stream": kept.stream_id,
        "event_version": kept.version,
        "event_position": kept.position,
    }
    told = [(say(code), str(value)) for code, value in envelope.items()]
    return EventShown(kept.event_type, [*told, *_flat(kept.body)])


def _flat(body: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, value in body.items():
        match value:
            case dict():
                yield from _flat(value, f"{before}{name}.")
            case list():
                yield f"{before}{name} ({len(value)})", _listed(value)
            case _:
                yield before + name, "—" if value is None else str(value)


def _listed(values: Sequence[Any]) -> str:
    shown = [
        ", ".join(f"{name} {part}" for name, part in value.items()) if isinstance(value, dict) else str(value)
        for value in values[:NAMED_MAX]
    ]
    return "; ".join([*shown, *(["…"] if len(values) > NAMED_MAX else [])])
