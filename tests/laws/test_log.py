"""Laws of the log: nothing lost, no stream forked, every event read once and in order, whoever writes how."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from shared.event_store import Append, Overtaken, append, claim_owners, last_position
from tests.conftest import ServiceDatabase, ServiceDatabases
from tests.integration.test_event_store import META, new
from tests.laws.bounds import bounded
from tests.laws.log_hands import HANDS, MANY_WISHES, Book, Follower, Hand, Waiting, Way, Wish
from tests.servers import DatabaseServer

_NAMES = itertools.count()
COMMITTED_SHARE_MIN, GIVEN_UP_SHARE_MAX, GIVEN_UP_BY_CHANCE = 0.2, 0.5, 2
"""Appends committed for a write begun, 0.6 to 0.7 where all is well, and writes given up, which are 0.02 to 0.1."""


@pytest.fixture
async def log_database(postgres: DatabaseServer, service_database: ServiceDatabases) -> ServiceDatabase:
    """A log whose writers wait for each other as long as they must; a ring of waits is cut at once."""
    database = await service_database("pairing")
    admin = await asyncpg.connect(postgres.admin_dsn)
    for setting in ("deadlock_timeout = '20ms'", "lock_timeout = 0"):
        await admin.execute(f'ALTER ROLE pairing IN DATABASE "{database.name}" SET {setting}')
    await admin.close()
    return database


@pytest.fixture
def tally() -> Iterator[Counter[str]]:
    """Count what the hands of a run get done: a log that refused every write would lose nothing either."""
    tally: Counter[str] = Counter()
    yield tally
    begun = {way: tally[f"begun {way.value}"] for way in Way}
    assert tally["committed"] > sum(begun.values()) * COMMITTED_SHARE_MIN, tally
    for way in Way:
        assert tally[f"given up {way.value}"] <= begun[way] * GIVEN_UP_SHARE_MAX + GIVEN_UP_BY_CHANCE, tally


@dataclass
class Desk:
    """Connections that outlive the examples: four that write, two that read, one that looks who waits."""

    loop: asyncio.AbstractEventLoop
    writing: Sequence["asyncpg.Connection[asyncpg.Record]"]
    reading: Sequence["asyncpg.Connection[asyncpg.Record]"]
    observer: "asyncpg.Connection[asyncpg.Record]"
    tally: Counter[str]

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        self.loop.run_until_complete(work)


class LogMachine(RuleBasedStateMachine):
    """Hands begin, append, claim, commit late, abort and stay open, while readers follow."""

    desk: Desk

    def __init__(self) -> None:
        super().__init__()
        self.book = Book(str(next(_NAMES)), tally=self.desk.tally)
        self.hands = [Hand(connection, self.book) for connection in self.desk.writing]
        self.waiting = Waiting(self.desk.observer)
        start = self.desk.loop.run_until_complete(last_position(self.desk.observer))
        self.readers = [Follower(connection, start) for connection in self.desk.reading]

    def _let(self, number: int, work: Coroutine[Any, Any, None]) -> None:
        """Let a hand work; one that waits for another hand does nothing else."""
        pid = self.desk.writing[number].get_server_pid()
        if pid in self.waiting.tasks:
            work.close()
        else:
            self.desk.run(self.waiting.do(pid, work))

    @initialize(early=st.lists(st.integers(0, HANDS - 1), max_size=2, unique=True))
    def take_early_places(self, early: Sequence[int]) -> None:
        """Let some hands have their place in the order before anybody writes, and use it whenever they will."""
        for number in early:
            self.begin(number, numbered=True)

    @rule(number=st.integers(0, HANDS - 1), numbered=st.booleans())
    def begin(self, number: int, numbered: bool) -> None:
        self._let(number, self.hands[number].begin(numbered=numbered))

    @rule(number=st.integers(0, HANDS - 1), wanted=MANY_WISHES, way=st.sampled_from(Way))
    def write(self, number: int, wanted: Sequence[Wish], way: Way) -> None:
        self._let(number, self.hands[number].write(wanted, way=way))

    @rule(number=st.integers(0, HANDS - 1), commit=st.sampled_from((True, False, None, None)))
    def end(self, number: int, commit: bool | None) -> None:
        """Commit, abort, or, half of the times, stay open long."""
        if commit is not None:
            self._let(number, self.hands[number].end(commit=commit))

    @rule(number=st.integers(0, 1), limit=st.integers(1, 5))
    def read(self, number: int, limit: int) -> None:
        self.desk.run(self._read(number, limit))

    async def _read(self, number: int, limit: int) -> None:
        await self.readers[number].read(limit)

    def teardown(self) -> None:
        self.desk.run(self._end())

    async def _end(self) -> None:
        await self._end_all()
        for reader in self.readers:
            await reader.read_all(limit=4)
        written = await self.book.must_equal_the_log(self.desk.observer)
        for reader in self.readers:
            assert sorted(reader.seen) == sorted(recorded.event_id for recorded in written)

    async def _end_all(self) -> None:
        """Commit what is open, first what nobody waits for, until nobody waits."""
        while True:
            await self.waiting.settle()
            free = [h for h in self.hands if h.connection.get_server_pid() not in self.waiting.tasks]
            open_hands = [hand for hand in free if hand.transaction is not None]
            if not open_hands and not self.waiting.tasks:
                return
            for hand in open_hands:
                await hand.end(commit=True)


def test_interleaved_writers_lose_nothing_and_readers_see_everything_once(
    log_database: ServiceDatabase, tally: Counter[str]
) -> None:
    loop = asyncio.new_event_loop()
    connections = [loop.run_until_complete(asyncpg.connect(log_database.dsn)) for _ in range(HANDS + 3)]
    desk = Desk(loop, connections[:HANDS], connections[HANDS : HANDS + 2], connections[-1], tally)
    machine = type("Machine", (LogMachine,), {"desk": desk})
    try:
        run_state_machine_as_test(machine, settings=bounded(60, steps=40))
    finally:
        for connection in connections:
            connection.terminate()
        loop.close()


STEPS = st.one_of(
    st.tuples(st.just("begin"), st.booleans()),
    st.tuples(st.just("end"), st.booleans()),
    st.tuples(st.just("write"), st.tuples(MANY_WISHES, st.sampled_from(Way))),
    st.tuples(st.just("wait"), st.integers(0, 3)),
)


@given(scripts=st.lists(st.lists(STEPS, max_size=12), min_size=2, max_size=HANDS), limit=st.integers(1, 7))
@bounded(25)
async def test_racing_writers_lose_nothing_and_a_reader_sees_everything_once(
    log_database: ServiceDatabase,
    tally: Counter[str],
    scripts: Sequence[Sequence[tuple[str, Any]]],
    limit: int,
) -> None:
    connections = [await asyncpg.connect(log_database.dsn) for _ in range(len(scripts) + 1)]
    book = Book(str(next(_NAMES)), tally=tally)
    reader = Follower(connections[-1], await last_position(connections[-1]))
    hands = [Hand(connection, book) for connection in connections[:-1]]
    try:
        written_all = asyncio.Event()
        following = asyncio.ensure_future(_follow(reader, limit, written_all))
        await asyncio.gather(*(_play(hand, script) for hand, script in zip(hands, scripts, strict=True)))
        written_all.set()
        await following
        await reader.read_all(limit)
        written = await book.must_equal_the_log(connections[-1])
        assert sorted(reader.seen) == sorted(recorded.event_id for recorded in written)
    finally:
        for connection in connections:
            await connection.close()


async def _follow(reader: Follower, limit: int, written_all: asyncio.Event) -> None:
    while not written_all.is_set():
        await reader.read(limit)


async def _play(hand: Hand, script: Sequence[tuple[str, Any]]) -> None:
    for name, how in script:
        match name:
            case "begin":
                await hand.begin(numbered=how)
            case "end":
                await hand.end(commit=how)
            case "write":
                await hand.write(how[0], way=how[1])
            case _:
                await asyncio.sleep(how / 1000)
    await hand.end(commit=True)


async def test_an_append_that_waited_while_its_claim_was_given_back_is_tried_again(
    log_database: ServiceDatabase,
) -> None:
    holder, waiter, observer = [await asyncpg.connect(log_database.dsn) for _ in range(3)]
    await append(holder, Append("area-1", new("0"), claims=["key"]), META)
    transaction = holder.transaction()
    await transaction.start()
    await append(holder, Append("area-1", new("1")), META)
    waiting = Waiting(observer)
    claiming = append(waiter, Append("area-1", new("2"), claims=["key"]), META)
    await waiting.do(waiter.get_server_pid(), _must_be_overtaken(claiming))
    await append(holder, Append("area-1", new("3"), releases=["key"]), META)
    await transaction.commit()
    await waiting.settle()
    await append(waiter, Append("area-1", new("2"), claims=["key"]), META)
    assert await claim_owners(observer, ["key"]) == {"key": "area-1"}
    for connection in (holder, waiter, observer):
        await connection.close()


async def _must_be_overtaken(claiming: Coroutine[Any, Any, None]) -> None:
    with pytest.raises(Overtaken):
        await claiming
