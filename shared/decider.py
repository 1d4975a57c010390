"""The heart of a noun, pure: what it decides on its past, how it changes, and how a rule refuses."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha1
from typing import Any, Generic, TypeVar
from uuid import UUID

from shared.contracts.event import Event

RULES = UUID("6f0e7c1a-8f4b-5b52-9d3c-6b1f2f6d8a11")
"""The namespace of the ids of events that a rule brings about, not a command."""
_RULES_NAMED = sha1(RULES.bytes, usedforsecurity=False)
_VERSION_AND_VARIANT = 0xF << 76 | 0x3 << 62
_OF_A_NAME = 0x5 << 76 | 0x2 << 62
"""Version 5, of a name by SHA-1, in the variant of RFC 9562, 4.1 and 5.5."""

Command = TypeVar("Command")
State = TypeVar("State")


class Rejected(Exception):
    """A domain rule refuses the command; *code* names the rule and is a key of the message catalogues."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


@dataclass(frozen=True)
class Decider(Generic[Command, State]):
    """Three pure things that make a noun: what it is at first, what it decides, how it changes."""

    category: str
    initial: State
    decide: Callable[[Command, State], Sequence[Event]]
    evolve: Callable[[State, Any], State]

    def fold(self, events: Iterable[Event]) -> State:
        """Return the state that *events* lead to."""
        state = self.initial
        for event in events:
            state = self.evolve(state, event)
        return state

    def stream(self, entity_id: UUID | str) -> str:
        """Return the id of the stream of one entity."""
        return f"{self.category}-{entity_id}"


def rule_event_id(rule: str, *parts: object) -> UUID:
    """Return the id of the event that *rule* brings about for *parts*, for ever the same: a uuid5 in RULES."""
    return UUID(bytes=rule_event_bytes("/".join((rule, *map(str, parts)))))


def rule_event_bytes(named: str) -> bytes:
    """Return the bytes of such an id, *named* by the rule and its parts with slashes between.

    To make a UUID of them takes as long again; whoever names a million events makes the database driver's.
    """
    named_in = _RULES_NAMED.copy()
    named_in.update(named.encode())
    found = int.from_bytes(named_in.digest()[:16])
    return (found & ~_VERSION_AND_VARIANT | _OF_A_NAME).to_bytes(16)
