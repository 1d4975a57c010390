"""The event store: nothing lost, nothing doubled, order kept, whoever writes at the same time."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date
from uuid import UUID, uuid5

import asyncpg
import pytest

from kith.backup import epochs
from shared.contracts.event import Level
from shared.contracts.registry import AreaDefined
from shared.event_store import (
    COPIED_MIN,
    EVENT_CHARS_MAX,
    START,
    Append,
    ClaimTaken,
    Connection,
    EventTooLong,
    Meta,
    NewEvent,
    Outcome,
    Overtaken,
    Pool,
    Position,
    WrongVersion,
    append,
    append_many,
    claim_owners,
    load,
    read_after,
)
from shared.handling import CommandIdReused, fingerprint, once, rule_cause
from tests.conftest import ServiceDatabases, ServicePools

SPACE = UUID("00000000-0000-5000-8000-000000000000")
META = Meta(SPACE, SPACE, "test")
DAY = date(2026, 1, 1)
COPIED_SENT_MIN = 3_000
"""So many events are longer than the half MiB that the driver gathers, so that COPY has begun to take them."""
LOOKS_MAX = 1_000
PLANS_UNTIL_ONE_IS_KEPT = 6
"""PostgreSQL plans a prepared statement anew five times before it keeps a plan for any values."""


def defined(name: str) -> AreaDefined:
    return AreaDefined(area="431299", on=DAY, recorded_on=DAY, name=name, level=Level.COUNTY, parent=None)


def new(*ids: str) -> list[NewEvent]:
    return [NewEvent(uuid5(SPACE, one), defined(one)) for one in ids]


@pytest.fixture
async def pool(service_pool: ServicePools) -> Pool:
    return await service_pool("pairing")


async def until_not_overtaken(pool: Pool, write: Callable[[Connection], Awaitable[object]]) -> None:
    for _ in range(200):
        try:
            async with pool.acquire() as connection:
                await write(connection)
        except Overtaken:
            await asyncio.sleep(0.005)
        else:
            return
    raise AssertionError("never got through")


async def everything(pool: Pool) -> list[str]:
    async with pool.acquire() as connection:
        return [f"{one.stream_id}@{one.version}" for one in await read_after(connection, START, 10_000)]


async def test_what_is_appended_is_loaded_in_order(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await append(connection, Append("area-1", new("a", "b"), expected=0), META)
        await append(connection, Append("area-1", new("c"), expected=2), META)
        loaded = await load(connection, "area-1")
        assert loaded == [defined("a"), defined("b"), defined("c")]
    assert await everything(pool) == ["area-1@1", "area-1@2", "area-1@3"]


async def test_an_append_at_another_version_is_refused_and_leaves_the_transaction_usable(pool: Pool) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await append(connection, Append("area-1", new("a"), expected=0), META)
        for stream, wrong in (("area-1", 2), ("area-2", 1)):
            with pytest.raises(WrongVersion):
                await append(connection, Append(stream, new("x"), expected=wrong), META)
        await append(connection, Append("area-1", new("b"), expected=1), META)
    assert await everything(pool) == ["area-1@1", "area-1@2"]


@pytest.mark.parametrize("again", [new("x"), new("x", "y")], ids=["one event", "several"])
async def test_a_stream_that_is_there_is_not_begun_a_second_time(pool: Pool, again: list[NewEvent]) -> None:
    async with pool.acquire() as connection:
        await append(connection, Append("area-1", new("a"), expected=0), META)
        with pytest.raises(WrongVersion):
            await append(connection, Append("area-1", again, expected=0), META)
    assert await everything(pool) == ["area-1@1"]


@pytest.mark.parametrize("later", [new("b"), new("b", "c")], ids=["one event", "several"])
async def test_of_two_that_begin_a_stream_at_once_one_is_told_that_it_is_there(
    pool: Pool, later: list[NewEvent]
) -> None:
    async with pool.acquire() as first, pool.acquire() as second:
        async with first.transaction():
            await append(first, Append("area-1", new("a"), expected=0), META)
            late = asyncio.ensure_future(append(second, Append("area-1", later, expected=0), META))
            await asyncio.wait([late], timeout=0.1)
            assert not late.done()
        with pytest.raises(WrongVersion):
            await late
    assert await everything(pool) == ["area-1@1"]


async def test_concurrent_appends_lose_nothing_and_fork_no_stream(pool: Pool) -> None:
    async def add(n: int) -> None:
        wanted = Append(f"area-{n % 3}", new(f"e{n}"))
        await until_not_overtaken(pool, lambda connection: append(connection, wanted, META))

    await asyncio.gather(*(add(n) for n in range(90)))
    assert sorted(await everything(pool)) == sorted(f"area-{s}@{v}" for s in range(3) for v in range(1, 31))


async def test_a_reader_never_skips_a_transaction_that_commits_late(pool: Pool) -> None:
    async with pool.acquire() as late, pool.acquire() as early:
        transaction = late.transaction()
        await transaction.start()
        await append(late, Append("area-late", new("late")), META)
        await append(early, Append("area-early", new("early")), META)
        seen = await read_after(early, START, 10)
        await transaction.commit()
        checkpoint = seen[-1].place if seen else START
        seen += await read_after(early, checkpoint, 10)
    assert sorted(one.stream_id for one in seen) == ["area-early", "area-late"]


ONE_BY_ONE = None
"""Where a parameter says how many events are copied: a stream by itself, by another way than many."""


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("expected", [None, 1], ids=["any version", "the version it is at"])
@pytest.mark.parametrize(
    "copied_min", [ONE_BY_ONE, COPIED_MIN, 1], ids=["one by one", "few in bulk", "copied in bulk"]
)
async def test_a_transaction_that_began_before_the_streams_last_one_is_turned_away(
    pool: Pool, copied_min: int | None, expected: int | None, count: int
) -> None:
    async with pool.acquire() as slow, pool.acquire() as fast:
        async with slow.transaction():
            await append(slow, Append("area-other", new("takes an id early")), META)
            await append(fast, Append("area-1", new("first")), META)
            late = Append("area-1", new(*[f"late {n}" for n in range(count)]), expected)
            assert await turned_away(slow, late, copied_min)
        assert await load(fast, "area-1") == [defined("first")]


async def turned_away(connection: Connection, late: Append, copied_min: int | None) -> bool:
    """Return whether an append of its own, or in bulk, is told that it comes too late for its place in the order."""
    try:
        if copied_min is ONE_BY_ONE:
            await append(connection, late, META)
            return False
        return await append_many(connection, [late], META, copied_min=copied_min) == (Outcome.CONFLICT,)
    except Overtaken:
        return late.expected is None
    except WrongVersion:
        return late.expected is not None


@pytest.mark.parametrize("copied_min", [COPIED_MIN, 1], ids=["few events", "copied"])
async def test_a_bulk_append_answers_for_each_stream(pool: Pool, copied_min: int) -> None:
    async with pool.acquire() as connection:
        await append_many(connection, [Append("area-1", new("a"), 0, claims=["key-1"])], META)
        outcomes = await append_many(
            connection,
            [
                Append("area-1", new("a"), 0),
                Append("area-2", new("b1", "b2"), 0, claims=["key-2"]),
                Append("area-3", new("c"), 0, claims=["key-3", "key-1"]),
                Append("area-1b", new("d"), 7),
            ],
            META,
            copied_min=copied_min,
        )
        assert outcomes == (Outcome.ALREADY, Outcome.TAKEN, Outcome.CLAIMED, Outcome.CONFLICT)
        owners = await claim_owners(connection, ["key-1", "key-2", "key-3"])
    assert owners == {"key-1": "area-1", "key-2": "area-2"}
    assert await everything(pool) == ["area-1@1", "area-2@1", "area-2@2"]


@pytest.mark.parametrize("expected", [0, None], ids=["that must be new", "at any version"])
@pytest.mark.parametrize("copied_min", [COPIED_MIN, 1], ids=["few events", "copied"])
async def test_streams_of_a_call_that_claim_nothing_are_begun_beside_one_that_is_there(
    pool: Pool, copied_min: int, expected: int | None
) -> None:
    async with pool.acquire() as connection:
        streams = [Append("area-1", new("a"), expected), Append("area-2", new("b1", "b2"), expected)]
        begun = await append_many(connection, streams, META, copied_min=copied_min)
        streams = [Append("area-2", new("b1"), expected), Append("area-2b", new("c"), 3)]
        again = await append_many(connection, streams, META, copied_min=copied_min)
        streams = [Append("area-1", new("d"), expected), Append("area-3", new("e"), expected)]
        beside = await append_many(connection, streams, META, copied_min=copied_min)

    assert begun == (Outcome.TAKEN, Outcome.TAKEN)
    assert again == (Outcome.ALREADY, Outcome.CONFLICT)
    assert beside == (Outcome.CONFLICT if expected == 0 else Outcome.TAKEN, Outcome.TAKEN)
    continued = [] if expected == 0 else ["area-1@2"]
    assert await everything(pool) == ["area-1@1", "area-2@1", "area-2@2", *continued, "area-3@1"]


async def test_of_two_that_begin_streams_in_bulk_at_once_the_later_is_overtaken(pool: Pool) -> None:
    streams = [Append("area-1", new("b"), 0), Append("area-2", new("c"), 0)]
    async with pool.acquire() as first, pool.acquire() as second:
        async with first.transaction():
            await append_many(first, [Append("area-1", new("a"), 0)], META, copied_min=1)
            later = asyncio.create_task(append_many(second, streams, META, copied_min=1))
            await until_it_waits_for(second, first, pool)
        with pytest.raises(Overtaken):
            await later
        outcomes = await append_many(second, streams, META, copied_min=1)

    assert outcomes == (Outcome.CONFLICT, Outcome.TAKEN)
    assert await everything(pool) == ["area-1@1", "area-2@1"]


async def test_a_long_append_continues_streams_in_order(pool: Pool) -> None:
    streams = [f"area-{n}" for n in range(3)]
    async with pool.acquire() as connection:
        await append_many(connection, [Append(stream, new(f"{stream}/0")) for stream in streams], META)
        long = [Append(stream, new(*(f"{stream}/{n}" for n in range(1, 100))), 1) for stream in streams]
        outcomes = await append_many(connection, long, META)
        assert outcomes == (Outcome.TAKEN,) * 3
        for stream in streams:
            assert await load(connection, stream) == [defined(f"{stream}/{n}") for n in range(100)]
    assert sorted(await everything(pool)) == sorted(
        f"{stream}@{n}" for stream in streams for n in range(1, 101)
    )


@pytest.mark.parametrize("streams", [1, 2, COPIED_MIN])
async def test_an_event_that_the_bus_would_never_take_is_not_appended(pool: Pool, streams: int) -> None:
    too_long = NewEvent(uuid5(SPACE, "long"), defined("村" * EVENT_CHARS_MAX))
    appends = [Append(f"area-{n}", [too_long] if n == 0 else new(str(n)), expected=0) for n in range(streams)]
    async with pool.acquire() as connection, connection.transaction():
        with pytest.raises(EventTooLong):
            await append(connection, appends[0], META)
        with pytest.raises(EventTooLong):
            await append_many(connection, appends, META)
    assert await everything(pool) == []


async def test_an_event_that_cannot_be_written_out_leaves_nothing_of_its_append_and_the_connection_usable(
    pool: Pool,
) -> None:
    sent_before = new(*map(str, range(COPIED_SENT_MIN)))
    of_no_contract = defined("of no contract").model_copy(update={"parent": object()})
    async with pool.acquire() as connection:
        with pytest.raises(TypeError):
            await append_many(
                connection,
                [
                    Append("area-first", sent_before, expected=0),
                    Append("area-second", [NewEvent(uuid5(SPACE, "bad"), of_no_contract)], expected=0),
                ],
                META,
            )
        assert await everything(pool) == []
        assert await append_many(connection, [Append("area-first", sent_before, expected=0)], META) == (
            Outcome.TAKEN,
        )
    assert len(await everything(pool)) == COPIED_SENT_MIN


async def test_one_of_two_streams_of_a_call_gets_the_claim_that_both_want(pool: Pool) -> None:
    async with pool.acquire() as connection:
        wanted = [Append(f"area-{n}", new(f"e{n}"), 0, claims=["same"]) for n in (2, 1)]
        outcomes = await append_many(connection, wanted, META)
    assert outcomes == (Outcome.TAKEN, Outcome.CLAIMED)


async def test_a_claim_holds_until_an_append_releases_it(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await append(connection, Append("area-1", new("a"), claims=["key"]), META)
        with pytest.raises(ClaimTaken):
            await append(connection, Append("area-2", new("b"), claims=["key"]), META)
        await append(connection, Append("area-1", new("c"), releases=["key"]), META)
        await append(connection, Append("area-2", new("d"), claims=["key"]), META)
        assert await claim_owners(connection, ["key"]) == {"key": "area-2"}


async def test_concurrent_bulk_appends_over_the_same_streams_do_not_deadlock(pool: Pool) -> None:
    async def add(n: int) -> int:
        streams = [f"area-{(n * 7 + step) % 12}" for step in range(4)]
        wanted = [Append(stream, new(f"{n}/{stream}")) for stream in reversed(streams)]
        await until_not_overtaken(pool, lambda connection: append_many(connection, wanted, META))
        return len(wanted)

    added = sum(await asyncio.gather(*(add(n) for n in range(200))))
    assert len(await everything(pool)) == added == 800


async def test_two_appends_of_which_each_begins_or_moves_what_the_other_does_never_wait_in_a_ring(
    pool: Pool,
) -> None:
    """The one has not seen c yet, which was begun while it waited, and holds a; the other holds c and wants a."""

    def wanted(*streams: str) -> list[Append]:
        return [Append(f"area-{one}", new(f"{streams}/{one}")) for one in streams]

    async with (
        pool.acquire() as first,
        pool.acquire() as second,
        pool.acquire() as holds_x,
        pool.acquire() as began_b,
    ):
        await append_many(first, wanted("x"), META)
        x_held, b_begun = holds_x.transaction(), began_b.transaction()
        await x_held.start()
        await holds_x.execute("SELECT FROM kernel.streams WHERE stream_id = 'area-x' FOR UPDATE")
        await b_begun.start()
        await append_many(began_b, wanted("b"), META)

        one = asyncio.create_task(append_many(first, wanted("x", "a", "b", "c"), META))
        await until_it_waits_for(first, holds_x, pool)
        await append_many(second, wanted("c"), META)
        await x_held.rollback()
        await until_it_waits_for(first, began_b, pool)
        other = asyncio.create_task(append_many(second, wanted("a", "c"), META))
        await until_it_waits_for(second, first, pool)
        await b_begun.rollback()
        with pytest.raises(Overtaken):
            await one
        assert await other == (Outcome.TAKEN, Outcome.TAKEN)


async def until_it_waits_for(waiting: Connection, holding: Connection, pool: Pool) -> None:
    pids = waiting.get_server_pid(), holding.get_server_pid()
    for _ in range(LOOKS_MAX):
        if await pool.fetchval("SELECT $2::int = ANY (pg_blocking_pids($1::int))", *pids):
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"{pids[0]} never waited for {pids[1]}")


@pytest.mark.parametrize(
    "statement",
    ["UPDATE kernel.events SET data = '{}'", "DELETE FROM kernel.events", "TRUNCATE kernel.events"],
)
async def test_an_event_is_never_changed_by_the_service_nor_by_the_owner(
    service_database: ServiceDatabases, statement: str
) -> None:
    database = await service_database("pairing")
    for dsn, refusal in (
        (database.dsn, asyncpg.InsufficientPrivilegeError),
        (database.owner_dsn, asyncpg.IntegrityConstraintViolationError),
    ):
        connection = await asyncpg.connect(dsn)
        await append(connection, Append("area-1", new(dsn)), META)
        with pytest.raises(refusal):
            await connection.execute(statement)
        await connection.close()


async def test_a_command_handled_twice_equals_once(pool: Pool) -> None:
    cause = rule_cause("test", 1)

    async def work(connection: Connection) -> dict[str, object]:
        await append(connection, Append("area-1", [NewEvent(cause.id_of(0), defined("a"))]), cause.meta)
        return {"said": "done"}

    answers = await asyncio.gather(*(once(pool, cause, work) for _ in range(8)))
    assert {str(answer.position) for answer in answers} == {str(answers[0].position)}
    assert sorted(answer.repeated for answer in answers) == [False] + [True] * 7
    assert await everything(pool) == ["area-1@1"]


async def test_the_id_of_a_command_is_not_used_for_another(pool: Pool) -> None:
    async def nothing(_connection: Connection) -> dict[str, object]:
        return {}

    first = rule_cause("test", 1)
    await once(pool, first, nothing)
    other = type(first)(first.command_id, fingerprint("another body"), "test", first.correlation_id)
    with pytest.raises(CommandIdReused):
        await once(pool, other, nothing)


async def test_after_a_restore_into_another_cluster_order_goes_on_once_a_new_epoch_has_begun(
    service_database: ServiceDatabases,
) -> None:
    database = await service_database("pairing")
    owner = await asyncpg.connect(database.owner_dsn)
    service = await asyncpg.connect(database.dsn)
    await append(service, Append("area-1", new("before")), META)
    # What a restore brings: rows with transaction numbers that this cluster has not reached yet.
    await owner.execute("UPDATE kernel.log SET tx_base = 1000000000")
    await append(service, Append("area-1", new("restored")), META)
    await owner.execute("UPDATE kernel.log SET tx_base = 0")
    with pytest.raises(Overtaken):
        await append(service, Append("area-1", new("refused")), META)

    await owner.execute(epochs.SQL.begin_epoch, epochs.EPOCH)
    await append(service, Append("area-1", new("after")), META)
    await append(service, Append("area-2", new("new stream")), META)
    seen = await read_after(service, START, 10)
    assert [one.event for one in seen] == [
        defined(name) for name in ("before", "restored", "after", "new stream")
    ]
    await owner.close()
    await service.close()


async def test_a_new_epoch_holds_for_plans_that_were_made_before_it(
    service_database: ServiceDatabases,
) -> None:
    database = await service_database("pairing")
    owner = await asyncpg.connect(database.owner_dsn)
    service = await asyncpg.connect(database.dsn)

    async def say(name: str) -> Position:
        for expected in (0, 1, None):
            event = new(f"{name}/{expected}")
            await append(service, Append(name, event, expected=expected), META)
        seen = await read_after(service, START, 100)
        assert len(seen) == 3 * (int(name.rpartition("-")[2]) + 1)
        return seen[-1].place

    for n in range(PLANS_UNTIL_ONE_IS_KEPT):
        before = await say(f"area-{n}")
    await owner.execute(epochs.SQL.begin_epoch, epochs.EPOCH)
    after = await say(f"area-{PLANS_UNTIL_ONE_IS_KEPT}")
    assert after.tx - before.tx > epochs.EPOCH // 2
    await owner.close()
    await service.close()
