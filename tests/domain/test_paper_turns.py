"""Turns of papers: one at a time, a few wait, and who would wait too long is told to come again."""

import asyncio
from collections.abc import Sequence

import pytest

from shared.paper_turns import PaperTurns
from shared.problems import Away


async def test_papers_come_one_after_the_other_in_their_order() -> None:
    turns, told = PaperTurns(), list[str]()

    async def read(name: str) -> None:
        async with turns.turn():
            told.append(f"{name} begins")
            await asyncio.sleep(0)
            told.append(f"{name} ends")

    await asyncio.gather(read("first"), read("second"), read("third"))
    assert told == [f"{name} {what}" for name in ("first", "second", "third") for what in ("begins", "ends")]


async def test_of_those_that_would_wait_the_one_too_many_is_told_at_once() -> None:
    turns = PaperTurns(waiting_max=1)
    async with turns.turn():
        waiting = asyncio.create_task(_once(turns))
        await asyncio.sleep(0)
        assert await _once(turns) == ["papers_wait", "30"]
    assert await waiting == []


async def test_a_turn_that_does_not_come_in_time_is_told_and_held_by_nobody() -> None:
    turns = PaperTurns(wait_seconds=0.01)
    async with turns.turn():
        assert await _once(turns) == ["papers_wait", "30"]
    assert await _once(turns) == []


async def test_the_turn_is_given_back_after_a_failure() -> None:
    turns = PaperTurns(waiting_max=0)
    with pytest.raises(LookupError):
        async with turns.turn():
            raise LookupError
    assert await _once(turns) == []


async def _once(turns: PaperTurns) -> Sequence[str]:
    """Take one turn; return what was told to who got none."""
    try:
        async with turns.turn():
            return []
    except Away as told:
        return [told.code, told.headers["Retry-After"]]
