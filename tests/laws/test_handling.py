"""A law of handling: a command handled twice equals once, however often and at what time it comes."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.decider import Rejected
from shared.event_store import Append, Connection, NewEvent, Pool, append, load
from shared.handling import Answer, Cause, TooBusy, once, rule_cause
from tests.conftest import ServicePools
from tests.integration.test_event_store import defined
from tests.laws.bounds import bounded

STREAMS, FULL_AT = 3, 4


@dataclass(frozen=True)
class Command:
    """Adds *count* events to a stream, which takes no command beyond FULL_AT."""

    number: int
    stream: str
    count: int
    example: int = 0

    @property
    def cause(self) -> Cause:
        return rule_cause("add", self.example, self.number, self.stream, self.count)

    async def work(self, connection: Connection) -> dict[str, Any]:
        version = len(await load(connection, self.stream))
        if version + self.count > FULL_AT:
            raise Rejected("carer_full", capacity=FULL_AT)
        new = [NewEvent(self.cause.id_of(n), defined(str(self.number))) for n in range(self.count)]
        await append(connection, Append(self.stream, new, expected=version), self.cause.meta)
        return {"version": version + self.count}


EXAMPLES = itertools.count(1)


def of_an_example(told: Sequence[tuple[Command, int]]) -> list[tuple[Command, int]]:
    """Give every example streams and commands of its own in the one log."""
    example = next(EXAMPLES)
    return [(replace(one, stream=f"{one.stream}-{example}", example=example), delay) for one, delay in told]


@pytest.fixture
async def pool(service_pool: ServicePools) -> Pool:
    return await service_pool("pairing")


COMMANDS = st.builds(
    Command, st.integers(0, 9), st.integers(0, STREAMS - 1).map("area-{}".format), st.integers(1, 2)
)


@given(told=st.lists(st.tuples(COMMANDS, st.integers(0, 4)), min_size=1, max_size=16))
@bounded(30)
async def test_a_command_handled_again_and_again_equals_once(
    pool: Pool, told: Sequence[tuple[Command, int]]
) -> None:
    told = of_an_example(told)

    async def handle(command: Command, delay: int) -> tuple[Command, Answer | None]:
        await asyncio.sleep(delay / 500)
        while True:
            try:
                return command, await once(pool, command.cause, command.work)
            except TooBusy:
                continue
            except Rejected:
                return command, None

    answers = await asyncio.gather(*(handle(*one) for one in told + told))
    again = await asyncio.gather(*(handle(command, 0) for command, _ in told))
    first = {command: answer for command, answer in answers if answer and not answer.repeated}
    for command, answer in (*answers, *again):
        if answer is not None:
            assert (answer.body, answer.position) == (first[command].body, first[command].position)
    assert all(answer is None or answer.repeated for _, answer in again)
    assert sum(bool(answer and not answer.repeated) for _, answer in answers) == len(first)
    rows = await pool.fetch(
        "SELECT event_id, stream_id FROM kernel.events WHERE stream_id LIKE $1", f"%-{told[0][0].example}"
    )
    assert Counter(tuple(row) for row in rows) == Counter(
        (command.cause.id_of(n), command.stream) for command in first for n in range(command.count)
    )
    fullness = Counter(row["stream_id"] for row in rows)
    assert all(version <= FULL_AT for version in fullness.values())
