"""The table of contents of the platform: every event class by speaker and name, how one becomes a body and back."""

import json
from collections.abc import Callable, Mapping
from typing import get_args
from uuid import UUID

import orjson
from pydantic import BaseModel

from shared.contracts.contact import ContactEvent
from shared.contracts.event import Event
from shared.contracts.pairing import PairingEvent
from shared.contracts.registry import RegistryEvent
from shared.contracts.reporting import ReportingEvent

SPEAKERS: Mapping[str, tuple[type[Event], ...]] = {
    "registry": get_args(RegistryEvent),
    "pairing": get_args(PairingEvent),
    "contact": get_args(ContactEvent),
    "reporting": (ReportingEvent,),
}

EVENT_CLASSES: Mapping[str, type[Event]] = {
    event_class.__name__: event_class for spoken in SPEAKERS.values() for event_class in spoken
}

Upcaster = Callable[[dict[str, object]], dict[str, object]]

UPCASTERS: Mapping[tuple[str, int], Upcaster] = {}
"""From (event type, schema version) to the step that lifts a body to the next version."""


class UnknownEvent(Exception):
    """The event's type or version is not in this release's contracts: it must be parked, never skipped."""


def event_class_of(event_type: str, schema_version: int) -> type[Event]:
    """Return the class of *event_type* for a body of the current *schema_version*.

    Raises UnknownEvent for a type that no contract has, or a version newer than the contract's.
    """
    event_class = EVENT_CLASSES.get(event_type)
    if event_class is None or schema_version > event_class.schema_version:
        raise UnknownEvent(f"{event_type} version {schema_version} is not in the contracts of this release")
    return event_class


def decode(event_type: str, schema_version: int, body: bytes | str) -> Event:
    """Return the event of a stored or received body, lifted to the current version.

    Raises UnknownEvent, or pydantic's ValidationError when the body does not fit its contract.
    """
    event_class = event_class_of(event_type, schema_version)
    if schema_version == event_class.schema_version:
        return event_class.model_validate_json(body)

    lifted: dict[str, object] = json.loads(body)
    for version in range(schema_version, event_class.schema_version):
        lifted = UPCASTERS[event_type, version](lifted)
    return event_class.model_validate(lifted)


def encode(event: Event) -> str:
    """Return the body of *event*: what its class writes, byte for byte, in a fifth of the time.

    An event was validated when it was made, so that whoever decodes the body finds it valid again.
    """
    return orjson.dumps(event.__dict__, default=_plain).decode()


def _plain(part: object) -> object:
    """Return what stands in JSON for a part of an event that orjson does not write by itself."""
    if isinstance(part, UUID):  # the database driver has a class of its own
        return str(part)
    if isinstance(part, BaseModel):
        return part.__dict__
    raise TypeError(f"{type(part).__name__} has no place in an event")
