"""Telling open pages that something changed: one look a second for all of them, and nothing but areas told."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from shared.event_store import Pool
from shared.sql import queries

SQL = queries(__file__)

LOOK_SECONDS = 1.0
AREAS_MAX = 2_000
"""Areas that one look tells apart; a page of an area beyond them follows by its own polling."""
PAGES_MAX = 1_000
"""Pages that may listen at one replica; a page that finds no place polls instead."""


class TooManyPages(Exception):
    """PAGES_MAX pages listen already."""


@dataclass(eq=False)
class _Listener:
    area: str
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    arrival: int = 0
    looked_for: bool = False
    """Whether a look has begun for it: what came before, since its page was made, no look tells."""

    def tell(self, arrival: int) -> None:
        self.arrival = arrival
        self.changed.set()


async def _arrivals(listener: _Listener) -> AsyncIterator[int]:
    while True:
        await listener.changed.wait()
        listener.changed.clear()
        yield listener.arrival


class Changes:
    """The pages that listen, and the look for events that arrived since the last one."""

    def __init__(self) -> None:
        self._listeners: set[_Listener] = set()
        self._somebody = asyncio.Event()
        self._told: dict[str, int] = {}
        self._before = 0
        self._last: int | None = None

    @contextmanager
    def listening(self, area: str) -> Iterator[AsyncIterator[int]]:
        """Give the newest arrival at the first look, and each time that events of *area* came since.

        Raises TooManyPages at once.
        """
        with self._listening(area) as listener:
            yield _arrivals(listener)

    async def look_for_ever(self, pool: Pool) -> None:
        """Look every LOOK_SECONDS while somebody listens."""
        while True:
            await self._somebody.wait()
            await self.look(pool)
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self, pool: Pool) -> None:
        """Tell the listeners of every area in which an event arrived since the last look, and new ones of all.

        A page was made before it listens: whatever arrived between is told by one signal at its first look.
        A transaction may commit after another with a later arrival: so each look begins where the look
        before the last one ended, and an area is told only when its newest arrival is another.
        """
        last: int = await pool.fetchval(SQL.newest) if self._last is None else self._last
        self._before = last if self._last is None else self._before
        rows = await pool.fetch(SQL.arrived, self._before, AREAS_MAX)
        arrived = {row["area"]: row["arrival"] for row in rows}
        for area, arrival in arrived.items():
            if self._told.get(area) != arrival:
                self._tell(area, arrival)
        self._told = arrived
        self._before, self._last = last, max((last, *arrived.values()))
        self._begin_for_new_ones(self._last)

    @contextmanager
    def _listening(self, area: str) -> Iterator[_Listener]:
        if len(self._listeners) >= PAGES_MAX:
            raise TooManyPages
        listener = _Listener(area)
        self._listeners.add(listener)
        self._somebody.set()
        try:
            yield listener
        finally:
            self._listeners.discard(listener)
            if not self._listeners:
                self._somebody.clear()
                self._last = None

    def _tell(self, area: str, arrival: int) -> None:
        """Tell pages of the area, of those it is part of and of those within it."""
        for listener in self._listeners:
            if area.startswith(listener.area) or listener.area.startswith(area):
                listener.tell(arrival)

    def _begin_for_new_ones(self, newest: int) -> None:
        for listener in self._listeners:
            if not listener.looked_for:
                listener.looked_for = True
                listener.tell(newest)
