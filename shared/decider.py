"""The heart of a noun, pure: what it decides on its past, how it changes, and how a rule refuses."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid5

from shared.contracts.event import Event

RULES = UUID("6f0e7c1a-8f4b-5b52-9d3c-6b1f2f6d8a11")
"""The namespace in which rules name what they bring about."""

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
    """Return what names the thing that *rule* brings about for *parts*, for ever the same: a uuid5 in RULES."""
    return uuid5(RULES, "/".join((rule, *map(str, parts))))
