"""The heart of a noun, pure: what it decides on its past, how it changes, and how a rule refuses."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha1
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid5

from shared.contracts.event import Event
from shared.dated_ids import dated

RULES = UUID("6f0e7c1a-8f4b-5b52-9d3c-6b1f2f6d8a11")
"""The namespace of the ids of what a rule brings about, not a command."""
_RULES_NAMED = sha1(RULES.bytes, usedforsecurity=False)

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


def rule_id(rule: str, *parts: object) -> UUID:
    """Return the id of what *rule* brings about for *parts*, for ever the same: a uuid5 in RULES."""
    return uuid5(RULES, "/".join((rule, *map(str, parts))))


def rule_event_bytes(named: str, recorded_on: date) -> bytes:
    """Return the bytes of the id of such an event, *named* by the rule and its parts with slashes between.

    It is what `NewEvent.caused` makes of that id. To make a UUID of it takes as long again; whoever names a million
    events makes the database driver's.
    """
    named_in = _RULES_NAMED.copy()
    named_in.update(named.encode())
    return dated(int.from_bytes(named_in.digest()[:16]), recorded_on).to_bytes(16)
