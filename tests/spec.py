"""Given a past, when a command comes, then these events follow or this refusal: the grammar of domain tests."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from shared.contracts.event import Event
from shared.decider import Decider, Rejected


@dataclass(frozen=True)
class Given:
    decider: Decider[Any, Any]
    past: Sequence[Event]

    def when(self, command: object) -> "When":
        return When(self, command)


@dataclass(frozen=True)
class When:
    given: Given
    command: object

    def decided(self) -> list[Event]:
        decider = self.given.decider
        return list(decider.decide(self.command, decider.fold(self.given.past)))

    def then(self, *expected: Event) -> None:
        """Compare, and see that the decided events fold onto the past they follow."""
        decided = self.decided()
        assert decided == list(expected)
        self.given.decider.fold([*self.given.past, *decided])

    def then_nothing(self) -> None:
        self.then()

    def then_rejected(self, code: str) -> None:
        with pytest.raises(Rejected) as refusal:
            self.decided()
        assert refusal.value.code == code


def given(decider: Decider[Any, Any], *past: Event) -> Given:
    """Start a specification from the events that have happened."""
    return Given(decider, past)
