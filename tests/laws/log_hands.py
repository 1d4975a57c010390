"""Hands that write one log at the same time, readers that follow it, and what must be true of both."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from uuid import UUID, uuid5

import asyncpg
from asyncpg.transaction import Transaction
from hypothesis import strategies as st

from shared.event_store import (
    COPIED_MIN,
    Append,
    ClaimTaken,
    Connection,
    NewEvent,
    Outcome,
    Overtaken,
    Position,
    Recorded,
    WrongVersion,
    append,
    append_many,
    claim_owners,
    read_after,
)
from tests.integration.test_event_store import META, SPACE, defined

HANDS, STREAMS, KEYS, TAGS = 4, 6, 3, 6
WISHES_MAX = 3
"""Of one write: far fewer than streams, so that a transaction that began early finds some that nobody has touched."""
LOST = (asyncpg.DeadlockDetectedError, asyncpg.UniqueViolationError, asyncpg.LockNotAvailableError)
"""What a hand is told when its transaction is lost; handling begins anew then."""


OF_A_STREAM = """
SELECT tx, position, version, schema_version, event_id, stream_id, event_type, data::text, meta::text, stored_at
  FROM kernel.events WHERE stream_id = $1 ORDER BY version
"""


class Expecting(Enum):
    """What an append says of the version of its stream."""

    ANY = "any"
    NONE = "no stream yet"
    RIGHT = "the version just seen"
    WRONG = "one too many"


class Way(Enum):
    """How appends go to the server; long ones are copied, but the laws hold for each way whatever the size."""

    ONE_BY_ONE = "one by one"
    BULK = "in bulk"
    COPIED = "in bulk, copied"


@dataclass(frozen=True)
class Wish:
    """An append as chance draws it; the same *tag* on the same stream is the same cause coming again."""

    stream: int
    expecting: Expecting
    tag: int
    count: int
    claims: frozenset[int] = frozenset()
    releases: frozenset[int] = frozenset()


@st.composite
def wishes(draw: st.DrawFn) -> Wish:
    keys = st.frozensets(st.integers(0, KEYS - 1), max_size=2)
    claims = draw(keys)
    return Wish(
        draw(st.integers(0, STREAMS - 1)),
        draw(st.sampled_from(Expecting)),
        draw(st.integers(0, TAGS - 1)),
        draw(st.integers(1, 3)),
        claims,
        draw(keys) - claims,
    )


MANY_WISHES = st.lists(wishes(), min_size=1, max_size=WISHES_MAX, unique_by=lambda wish: wish.stream)


@dataclass
class Book:
    """What was committed: events by stream, and claims taken and given back."""

    name: str
    events: Counter[tuple[str, UUID]] = field(default_factory=Counter)
    claimed: set[tuple[str, str]] = field(default_factory=set)
    released: set[tuple[str, str]] = field(default_factory=set)
    tally: Counter[str] = field(default_factory=Counter)
    """Of the whole run: how many writes were begun and given up each way, and how many appends were committed."""

    def append(self, wish: Wish, version: int) -> Append:
        stream = f"law-{self.name}-{wish.stream}"
        # A cause that comes again asks for the same: as many events, the same claims.
        cause = f"{stream}/{wish.tag}/{wish.count}/{sorted(wish.claims)}/{sorted(wish.releases)}"
        expected = {
            Expecting.ANY: None,
            Expecting.NONE: 0,
            Expecting.RIGHT: version,
            Expecting.WRONG: version + 1,
        }
        return Append(
            stream,
            [NewEvent(uuid5(SPACE, f"{cause}/{n}"), defined(f"{wish.tag}")) for n in range(wish.count)],
            expected[wish.expecting],
            [self.key(key) for key in sorted(wish.claims)],
            [self.key(key) for key in sorted(wish.releases)],
        )

    def key(self, number: int) -> str:
        return f"law-{self.name}-key-{number}"

    def enter(self, taken: Sequence[Append]) -> None:
        self.tally["committed"] += len(taken)
        for wanted in taken:
            # One that comes again is answered as taken and writes nothing: each event counts once.
            self.events |= Counter((wanted.stream, new.event_id) for new in wanted.events)
            self.claimed.update((key, wanted.stream) for key in wanted.claims)
            self.released.update((key, wanted.stream) for key in wanted.releases)

    async def must_equal_the_log(self, connection: Connection) -> list[Recorded]:
        """Check that the log is what was committed, in unforked streams; return it stream by stream."""
        written: list[Recorded] = []
        for number in range(STREAMS):
            recorded = [
                Recorded(*row) for row in await connection.fetch(OF_A_STREAM, f"law-{self.name}-{number}")
            ]
            assert [one.version for one in recorded] == list(range(1, len(recorded) + 1))
            assert [one.place for one in recorded] == sorted(one.place for one in recorded)
            version = await connection.fetchval(
                "SELECT version FROM kernel.streams WHERE stream_id = $1", f"law-{self.name}-{number}"
            )
            assert (version or 0) == len(recorded)
            written += recorded
        assert Counter((one.stream_id, one.event_id) for one in written) == self.events
        await self._claims_must_be_held(connection)
        return written

    async def _claims_must_be_held(self, connection: Connection) -> None:
        held = set((await claim_owners(connection, [self.key(n) for n in range(KEYS)])).items())
        assert held <= self.claimed
        assert self.claimed - self.released <= held


@dataclass
class Hand:
    """One connection that writes; *open* holds what its open transaction has appended so far."""

    connection: Connection
    book: Book
    transaction: Transaction | None = None
    open: list[Append] = field(default_factory=list)

    async def begin(self, *, numbered: bool) -> None:
        """Begin a transaction; a *numbered* one gets its place in the order before it writes anything."""
        if self.transaction is None:
            self.transaction = self.connection.transaction()
            await self.transaction.start()
            if numbered:
                await self.connection.fetchval("SELECT kernel.this_tx()")

    async def end(self, *, commit: bool) -> None:
        if self.transaction is None:
            return
        transaction, self.transaction = self.transaction, None
        taken, self.open = self.open, []
        if commit:
            await transaction.commit()
            self.book.enter(taken)
        else:
            await transaction.rollback()

    async def write(self, wanted: Sequence[Wish], *, way: Way) -> None:
        """Append in the open transaction, or in one of its own; a lost transaction is given up."""
        alone = self.transaction is None
        self.book.tally[f"begun {way.value}"] += 1
        await self.begin(numbered=False)
        try:
            await self._write(wanted, way)
        except (Overtaken, WrongVersion, *LOST):
            self.book.tally[f"given up {way.value}"] += 1
            await self.end(commit=False)
        if alone:
            await self.end(commit=True)

    async def _write(self, wanted: Sequence[Wish], way: Way) -> None:
        if way is not Way.ONE_BY_ONE:
            await self._note(await self._append_many([await self._append(wish) for wish in wanted], way))
            return
        for wish in wanted:
            one = await self._append(wish)
            try:
                before = await self._here(one)
                await append(self.connection, one, META)
            except ClaimTaken:
                continue
            except WrongVersion:
                if one.expected == 0:
                    raise
                continue
            if not before and await self._is_from_here(one):
                await self._note([one])

    async def _here(self, wanted: Append) -> bool:
        """Say whether an append with claims will find its first event in the log."""
        found = await self.connection.fetchval(
            "SELECT count(*) FROM kernel.events WHERE event_id = $1", wanted.events[0].event_id
        )
        return bool(found) and bool(wanted.claims or wanted.releases)

    async def _is_from_here(self, wanted: Append) -> bool:
        """Say whether this transaction wrote an append, and not one that said the same while this one waited for it.

        What that one claimed may have been given back meanwhile.
        """
        return bool(
            await self.connection.fetchval(
                "SELECT tx = kernel.this_tx() FROM kernel.events WHERE event_id = $1",
                wanted.events[0].event_id,
            )
        )

    async def _append_many(self, appends: Sequence[Append], way: Way) -> list[Append]:
        copied_min = 1 if way is Way.COPIED else COPIED_MIN
        outcomes = await append_many(self.connection, appends, META, copied_min=copied_min)
        return [wanted for wanted, outcome in zip(appends, outcomes, strict=True) if outcome is Outcome.TAKEN]

    async def _append(self, wish: Wish) -> Append:
        stream = f"law-{self.book.name}-{wish.stream}"
        version = await self.connection.fetchval(
            "SELECT version FROM kernel.streams WHERE stream_id = $1", stream
        )
        return self.book.append(wish, version or 0)

    async def _note(self, taken: Sequence[Append]) -> None:
        """Remember what was taken, and see that it is where it was expected and holds its claims."""
        self.open += taken
        for wanted in taken:
            version = await self.connection.fetchval(
                "SELECT version FROM kernel.events WHERE event_id = $1", wanted.events[0].event_id
            )
            assert wanted.expected in (None, version - 1)
            owners = await claim_owners(self.connection, wanted.claims)
            assert owners == dict.fromkeys(wanted.claims, wanted.stream)


@dataclass
class Follower:
    """A reader with a checkpoint: each event once, each stream in order."""

    connection: Connection
    checkpoint: Position
    seen: list[UUID] = field(default_factory=list)
    versions: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    async def read(self, limit: int) -> int:
        page = await read_after(self.connection, self.checkpoint, limit)
        assert len(page) <= limit
        for recorded in page:
            assert recorded.place > self.checkpoint
            assert recorded.version == self.versions[recorded.stream_id] + 1
            self.checkpoint = recorded.place
            self.versions[recorded.stream_id] = recorded.version
            self.seen.append(UUID(recorded.event_id))
        return len(page)

    async def read_all(self, limit: int) -> None:
        while await self.read(limit):
            pass


@dataclass
class Waiting:
    """Work of a hand that may have to wait for another hand's transaction."""

    observer: Connection
    tasks: dict[int, "asyncio.Task[None]"] = field(default_factory=dict)

    async def do(self, pid: int, work: Awaitable[None]) -> None:
        self.tasks[pid] = asyncio.ensure_future(work)
        await self.settle()

    async def settle(self) -> None:
        """Return when every piece of work is done or waits for another hand's transaction."""
        while running := [pid for pid in self.tasks if not await self._rests(pid)]:
            await asyncio.wait([self.tasks[pid] for pid in running], timeout=0.002)
        for pid, task in list(self.tasks.items()):
            if task.done():
                del self.tasks[pid]
                task.result()

    async def _rests(self, pid: int) -> bool:
        await asyncio.sleep(0)
        if self.tasks[pid].done():
            return True
        blocked = await self.observer.fetchval("SELECT cardinality(pg_blocking_pids($1)) > 0", pid)
        return bool(blocked)
